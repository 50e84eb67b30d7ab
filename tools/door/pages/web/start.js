// SPDX-License-Identifier: Apache-2.0
// The list that came with the page is painted before the script begins: it takes as long again.
const begin = () => import('./app.js');
if (document.querySelector('.hit') === null || document.hidden) {
    begin();
} else {
    requestAnimationFrame(() => setTimeout(begin, 0));
}
