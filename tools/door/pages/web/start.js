// SPDX-License-Identifier: Apache-2.0
// The list that came with the page is painted before the script begins: it takes as long again.
const begin = () => import('./app.js').catch(() => {
    document.getElementById('foot').textContent = 'The rest of this page has not come: load it again.';
});
if (document.querySelector('.hit') === null || document.hidden) {
    begin();
} else {
    requestAnimationFrame(() => setTimeout(begin, 0));
    setTimeout(begin, 1000); // nothing is painted where nobody looks; a second time changes nothing
}
