// SPDX-License-Identifier: Apache-2.0
// The list that came with the page is painted before any other script is asked for: reading and
// running them takes as long again. Then all that the list needs comes at once.
const listed = document.querySelector('.hit') !== null;
const begin = () => {
    const modules = [import('./app.js')];
    if (listed) {
        modules.push(import('./dom.js'), import('./format.js'), import('./api.js'), import('./parts.js'), import('./search.js'));
    }
    Promise.all(modules).catch(() => {
        document.getElementById('foot').textContent = 'The rest of this page has not come: load it again.';
    });
};
if (!listed || document.hidden) {
    begin();
} else {
    requestAnimationFrame(() => setTimeout(begin, 0));
    setTimeout(begin, 1000); // nothing is painted where nobody looks; a second time changes nothing
}
