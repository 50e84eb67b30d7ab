// SPDX-License-Identifier: Apache-2.0
// The shell: reads the address, shows its page, and moves between pages without fetching the shell
// again. Every page has an address of its own, and "back" leads back.
import { announce, byId, el, fill } from './dom.js';
import { me, setToken, token } from './api.js';
import { emptyPage, problemBox, signInPath, waiting } from './parts.js';

const PAGES = [
    [/^\/$/, './search.js', 'Products'],
    [/^\/products\/([^/]+)\/([^/]+)$/, './product.js', 'Products'],
    [/^\/domains$/, './domains.js', 'Domains'],
    [/^\/domains\/([^/]+)$/, './domain.js', 'Domains'],
    [/^\/mesh$/, './mesh.js', 'Mesh'],
    [/^\/query$/, './query.js', 'Query'],
    [/^\/inbox$/, './inbox.js', 'Inbox'],
    [/^\/compliance$/, './compliance.js', 'Compliance'],
    [/^\/sign-in$/, './sign_in.js', ''],
];

let turn = 0; // of showing pages: an answer that comes too late is for a page that is gone
let shown = ''; // its address
let brought = document.querySelector('#main .hit') !== null; // the list that came with the page is to be seen
let leave = null; // what the page that is shown wants done before it goes

function showFrame(current) {
    for (const link of byId('nav').children) {
        link.toggleAttribute('aria-current', false);
        if (link.textContent === current) {
            link.setAttribute('aria-current', 'page');
        }
    }
    fill(byId('account'), token() === null ? el('a.button', { href: signInPath() }, 'Sign in') : [
        el('a.who', { href: '/sign-in', id: 'who' }, 'Signed in'),
        el('button', { type: 'button', onclick: signOut }, 'Sign out'),
    ]);
}

// Whose node this is, and who is signed in: what the frame says once the node has told.
async function showWho() {
    try {
        const self = await me();
        fill(byId('foot'), `This catalogue is what the node of ${self.node.domain} knows of the mesh ` +
            `${self.node.mesh}. Freehold ${self.node.version}. No part of this page comes from anywhere else.`);
        if (byId('who') !== null && self.signed_in) {
            fill(byId('who'), `${self.member ?? 'member'} of ${self.domain}`);
        }
    } catch (problem) {
        if (problem.status === 401 && token() !== null) {
            setToken(null); // it has ended or was revoked
            announce('You are signed out: the token does not hold any more');
            show();
        }
    }
}

function signOut() {
    setToken(null);
    announce('Signed out');
    show();
}

function put(main, place) {
    brought = false;
    fill(main, place);
}

// Types on in the field of a search that was begun in the one that came with the page.
function goOn(words, typed, isThere) {
    if (typed !== '') {
        words.value = typed;
        words.dispatchEvent(new Event('input'));
    }
    if (isThere) {
        words.focus();
    }
}

// Shows the page of the address. `fresh`: the reader went somewhere, so that the focus goes to the top.
async function show(fresh = false) {
    const mine = ++turn;
    const main = byId('main');
    leave?.();
    leave = null;
    const found = PAGES.map(([pattern, file, name]) => [pattern.exec(location.pathname), file, name])
        .find(([match]) => match !== null);
    shown = location.pathname + location.search;
    showFrame(found?.[2]);
    showWho();
    const place = el('div', {});
    const stays = brought && location.pathname === '/'; // until its script is here
    if (!stays) {
        put(main, place);
    }
    if (mine > 1 && !stays) {
        byId('first')?.remove(); // it is of the page that is left
    }
    if (found === undefined) {
        document.title = 'Not found · Data catalogue';
        fill(place, emptyPage('There is no such page', 'The address is not one of this catalogue.',
            el('a.button', { href: '/' }, 'All products')));
        return;
    }
    const late = setTimeout(() => stays || fill(place, waiting()), 150);
    try {
        const page = await import(found[1]);
        clearTimeout(late);
        if (mine !== turn) {
            return;
        }
        const words = found[0].slice(1).map(decodeURIComponent);
        const begun = stays ? byId('words') : null; // what the reader has begun goes over
        const isThere = begun !== null && document.activeElement === begun;
        if (stays) {
            put(main, place);
        }
        leave = page.show(place, ...words) ?? null;
        goOn(byId('words'), begun?.value ?? '', isThere);
    } catch (problem) {
        clearTimeout(late);
        if (mine !== turn) {
            return;
        }
        const shownProblem = problemBox(problem.status === undefined
            ? { status: 0, heading: 'This page could not be shown', detail: String(problem.message) } : problem);
        if (brought) {
            main.prepend(shownProblem); // the list can be read all the same
        } else {
            fill(place, shownProblem);
        }
    }
    if (fresh) {
        scrollTo(0, 0);
        (main.querySelector('h1') ?? main).focus();
    }
}

export function go(address, { replace = false, state = null } = {}) {
    history[replace ? 'replaceState' : 'pushState'](state, '', address);
    show(true);
}

// Whether a link leads to another page of this catalogue.
function isInside(link, event) {
    const href = link.getAttribute('href');
    const url = new URL(href, location.href);
    return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey &&
        !link.hasAttribute('download') && !link.hasAttribute('target') && !href.startsWith('#') &&
        url.origin === location.origin && PAGES.some(([pattern]) => pattern.test(url.pathname));
}

document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href]');
    if (link && !event.defaultPrevented && isInside(link, event)) {
        event.preventDefault();
        go(link.getAttribute('href'));
    }
});
addEventListener('popstate', () => {
    if (location.pathname + location.search !== shown) {
        show(true);
    }
});
show();
