// SPDX-License-Identifier: Apache-2.0
// All products: words, where to look for them, facets, pages. The address holds the whole search, so it
// can be sent to somebody.
import { announce, debounced, el, fill } from './dom.js';
import { given, json, query } from './api.js';
import { count, heardWords, number } from './format.js';
import { go } from './app.js';
import { domainPath, dot, empty, loadInto, plainChip, productPath, qualityChip, reachChip, signatureChip, statusChip } from './parts.js';

const LIMIT = 20;
const FIRST = '/v1/products?limit=20&facets=yes'; // what the page of "/" brings with it
const FACETS = {
    domain: ['Domain'],
    status: ['Status'],
    tag: ['Tag'],
    classification: ['Classification'],
    quality: ['Quality', { ok: 'promises kept', warn: 'warnings', fail: 'promise broken', stale: 'measured too long ago', unknown: 'not measured' }],
    access: ['Access', { mesh: 'open to every domain', granted: 'on request' }],
    reachable: ['Owner', { yes: 'reachable', no: 'not reachable' }],
};
const WHERE = [['', 'Everywhere'], ['column', 'Columns'], ['tag', 'Tags'], ['person', 'People'], ['title', 'Titles'], ['text', 'Descriptions']];

// One product as a search finds it; also for the page of a domain.
export function hit(product) {
    return el('li.box.hit', {}, [
        el('h3', {}, el('a', { href: productPath(product.domain, `${product.name}@${product.version.split('.')[0]}`), dir: 'auto' },
            product.title || product.name)),
        el('p.name', {}, [el('a', { href: domainPath(product.domain) }, product.domain), ` / ${product.name} · version ${product.version}`]),
        product.summary && el('p', { dir: 'auto' }, product.summary),
        el('div.chips', {}, [
            statusChip(product.status),
            product.verification === 'verified' ? null : signatureChip(product.verification),
            qualityChip(product.quality),
            plainChip(product.access === 'mesh' ? 'open to every domain' : 'access on request'),
            product.reachable ? el('span.small.soft', {}, [dot('alive'), `heard ${heardWords(product.heard)}`]) : reachChip(false, product.heard),
        ]),
    ]);
}

function facetList(facet, chosen, change) {
    const [title, words = {}] = FACETS[facet.facet];
    const shown = facet.top.slice(0, 12);
    return el('fieldset', {}, [
        el('legend', {}, title),
        shown.map(({ value, products }) => el('label', {}, [
            el('input', {
                type: 'checkbox',
                checked: chosen.includes(value),
                onchange: (event) => change(facet.facet, value, event.target.checked),
            }),
            el('span', {}, Object.hasOwn(words, value) ? words[value] : value),
            el('span.n', {}, [el('span.unseen', {}, ', '), number(products), el('span.unseen', {}, ' products')]),
        ])),
        facet.values > shown.length && el('p.small.soft', {}, `and ${number(facet.values - shown.length)} more`),
    ]);
}

// What the address asks for: words of the field, where to look, facets, cursor.
function readAddress() {
    const words = new URLSearchParams(location.search);
    const chosen = {};
    for (const facet of Object.keys(FACETS)) {
        chosen[facet] = words.getAll(facet);
    }
    return { q: words.get('q') ?? '', where: words.get('in') ?? '', cursor: words.get('cursor'), chosen };
}

// "iata code" in columns is "column:iata column:code": as the words of a search ask one field.
function wordsOf({ q, where }) {
    if (!WHERE.some(([name]) => name === where && name !== '')) {
        return q;
    }
    return q.split(/\s+/).filter(Boolean).map((word) => `${where}:${word}`).join(' ');
}

export function show(place) {
    const asked = readAddress();
    const results = el('div', { id: 'results' });
    const facets = el('div.facets', {});
    const words = el('input', { id: 'words', type: 'search', value: asked.q, autocomplete: 'off', spellcheck: 'false', placeholder: 'orders, refunds, customer number …' });
    const where = el('select', { id: 'where' }, WHERE.map(([value, text]) =>
        el('option', { value, selected: value === asked.where }, text)));

    const addressOf = (chosen, cursor) => location.pathname + query({ q: words.value.trim(), in: where.value, ...chosen, cursor });
    const change = (facet, value, on) => {
        // One value of a facet, but as many tags as wanted: a product has several.
        const before = facet === 'tag' ? asked.chosen.tag.filter((each) => each !== value) : [];
        history.pushState(null, '', addressOf({ ...asked.chosen, [facet]: on ? [...before, value] : before }));
        again();
    };

    async function load() {
        const address = `/v1/products${query({ q: wordsOf(asked), ...asked.chosen, limit: LIMIT, cursor: asked.cursor, facets: 'yes' })}`;
        const found = (address === FIRST && given()) || await json(address);
        showFacets(facets, found, asked, change);
        announce(`${count(found.total, 'product')} found`);
        return found.total === 0 ? nothing(asked) : [
            found.read_as && el('p.notice', {}, ['Nothing has all of these words. Shown is what ', el('strong', {}, found.read_as), ' finds.']),
            el('div.found', {}, [
                el('h2', {}, count(found.total, 'product')),
                isNarrowed(asked) && el('a.small', { href: '/' }, 'Clear the search'),
            ]),
            el('ul.hits', {}, found.products.map(hit)),
            pages(found, asked, addressOf),
        ];
    }
    function again() {
        Object.assign(asked, readAddress());
        return loadInto(results, load, 'Searching');
    }
    const typed = debounced(() => {
        if (results.isConnected) { // the reader has not gone on meanwhile, to a page with its own address
            history.replaceState(null, '', addressOf(asked.chosen));
            again();
        }
    }, 250);

    words.addEventListener('input', typed);
    where.addEventListener('change', typed);
    fill(place, [
        el('div.head', {}, [
            el('h1', { tabindex: -1 }, 'Data products'),
            el('p', {}, 'Everything that the domains of this mesh publish, with who answers for it.'),
        ]),
        el('form.seek', { role: 'search', onsubmit: (event) => { event.preventDefault(); typed(); } }, [
            el('div.words', {}, [el('label.unseen', { for: 'words' }, 'Search for'), words]),
            el('div.where', {}, [el('label.unseen', { for: 'where' }, 'Search in'), where]),
            el('button.main', { type: 'submit' }, 'Search'),
        ]),
        el('div.split', {}, [facets, results]),
    ]);
    document.title = 'Products · Data catalogue';
    again();
}

function isNarrowed({ q, chosen }) {
    return q !== '' || Object.values(chosen).some((values) => values.length > 0);
}

function showFacets(place, found, asked, change) {
    const open = place.querySelector('details')?.open ?? matchMedia('(min-width: 56.01rem)').matches;
    const focused = [...place.querySelectorAll('input')].indexOf(document.activeElement);
    const lists = (found.facets ?? []).filter(({ facet, top }) => FACETS[facet] && top.length > 0);
    // What was chosen stays to be seen, also when nothing has it any more.
    for (const [facet, values] of Object.entries(asked.chosen)) {
        for (const value of values) {
            const list = lists.find((each) => each.facet === facet) ?? lists[lists.push({ facet, values: 1, top: [] }) - 1];
            if (!list.top.some((each) => each.value === value)) {
                list.top.unshift({ value, products: 0 });
            }
        }
    }
    fill(place, el('details', { open }, [
        el('summary', {}, 'Filters'),
        lists.map((facet) => facetList(facet, asked.chosen[facet.facet], change)),
    ]));
    if (focused >= 0) {
        place.querySelectorAll('input')[focused]?.focus();
    }
}

function pages(found, asked, addressOf) {
    const before = history.state?.before ?? [];
    const step = (cursor, state) => () => go(addressOf(asked.chosen, cursor), { state });
    return (asked.cursor || found.next) && el('nav.pages', { 'aria-label': 'Pages' }, [
        asked.cursor
            ? el('button', { type: 'button', onclick: step(before.at(-1) ?? null, { before: before.slice(0, -1) }) }, '← Previous page')
            : el('span', {}),
        found.next && el('button', { type: 'button', onclick: step(found.next, { before: [...before, asked.cursor ?? ''] }) }, 'Next page →'),
    ]);
}

function nothing(asked) {
    return isNarrowed(asked)
        ? empty('Nothing found', 'No product has all of that. Fewer words or filters find more; words are matched by how they begin.',
              el('a.button', { href: '/' }, 'All products'))
        : empty('No products yet', 'No domain of this mesh has published a product that this node knows of.',
              el('a.button', { href: '/mesh' }, 'Look at the mesh'));
}
