// SPDX-License-Identifier: Apache-2.0
// One product: everything that a consumer must know before relying on it.
import { announce, el, fill } from './dom.js';
import { json, me, productApi } from './api.js';
import { day, heardWords, minute } from './format.js';
import { go } from './app.js';
import { box, domainPath, emptyPage, facts, loadInto, paragraphs, plainChip, problemBox, productPath, qualityChip, reachChip, signatureChip, statusChip, when } from './parts.js';
import { accessBox } from './access.js';
import { changesBox } from './changes.js';
import { columnsBox } from './columns.js';
import { connectTabs } from './connect.js';
import { contractBox } from './contract.js';
import { governanceBox } from './governance.js';
import { qualityBox } from './quality.js';
import { sampleBox } from './sample.js';

const PARTS = [['about', 'About'], ['columns', 'Columns'], ['sample', 'Sample'], ['quality', 'Quality'], ['governance', 'Governance'], ['changes', 'Changes'],
    ['access', 'Access'], ['connect', 'Connect'], ['contract', 'Contract']];

export function show(place, domain, name) {
    document.title = `${domain}/${name} · Data catalogue`;
    const body = el('div', {});
    fill(place, body);
    loadInto(body, async () => {
        let product;
        try {
            product = await json(productApi(domain, name));
        } catch (problem) {
            if (problem.status === 404 || problem.status === 400) {
                return emptyPage('No such product', `${problem.detail}. It may have been withdrawn, or never have existed under this name.`,
                    el('a.button', { href: '/' }, 'All products'));
            }
            return [el('div.head', {}, el('h1', { tabindex: -1, dir: 'auto' }, `${domain}/${name}`)), problemBox(problem)];
        }
        document.title = `${product.title || product.name} · Data catalogue`;
        announce(product.title || product.name);
        return page(product);
    }).then(() => {
        (location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null)?.scrollIntoView();
    });
}

function page(product) {
    const major = `${product.name}@${product.version.split('.')[0]}`;
    // What is known of the reader's rights: columns, sample and access look at it together.
    const rights = { purpose: '', access: null, listeners: [] };
    const self = me();
    return [
        head(product, major),
        el('div.product', {}, [
            el('nav.jump', { 'aria-label': 'On this page' }, [
                el('h2', {}, 'On this page'),
                el('ul', {}, PARTS.map(([id, text]) => el('li', {}, el('a', { href: `#${id}` }, text)))),
            ]),
            el('div', {}, [
                aboutBox(product),
                columnsBox(product, rights),
                sampleBox(product, major, rights),
                qualityBox(product, major),
                governanceBox(product, major, rights),
                changesBox(product, major),
                accessBox(product, major, rights),
                connectBox(product, self),
                contractBox(product, major),
            ]),
        ]),
    ];
}

function head(product, major) {
    const versions = el('div.version', {});
    json(productApi(product.domain, product.name, '/history')).then(({ majors }) => {
        if (majors.length < 2) {
            return;
        }
        const pick = el('select', { id: 'version', onchange: () => go(productPath(product.domain, pick.value)) }, majors.map((each) => el('option', {
            value: `${product.name}@${each.version.split('.')[0]}`,
            selected: each.version === product.version,
        }, `${each.version} ${each.status}`)));
        fill(versions, [el('label', { for: 'version' }, 'Version'), pick]);
    }, () => {
        // The page says what it knows of versions under "Changes", and why it knows no more.
    });
    return el('div.head', {}, [
        el('p.crumbs', {}, [el('a', { href: '/' }, 'Products'), ' / ', el('a', { href: domainPath(product.domain) }, product.domain)]),
        el('div.title', {}, [
            el('div', {}, [
                el('h1', { tabindex: -1, dir: 'auto' }, product.title || product.name),
                el('p', {}, [el('code', {}, `${product.domain}/${major}`), ` · version ${product.version}`]),
            ]),
            versions,
        ]),
        el('div.chips', {}, [
            statusChip(product.status),
            signatureChip(product.verification),
            qualityChip(product.quality),
            plainChip(product.access === 'mesh' ? 'open to every domain' : 'access on request'),
            reachChip(product.reachable, product.heard),
        ]),
        warnings(product),
    ]);
}

function warnings(product) {
    const successor = product.successor && [' Use ', el('a', { href: successorPath(product.successor) }, product.successor), ' instead.'];
    const said = [];
    if (product.status === 'deprecated') {
        said.push(['warn', 'This version will end', [product.sunset
            ? `It is served until ${day(Date.parse(product.sunset))} at least.` : 'No date is stated.', successor]]);
    } else if (product.status === 'retired' || product.status === 'withdrawn') {
        said.push(['bad', `This version is ${product.status}`, ['It is not served any more.', successor]]);
    } else if (product.status === 'draft') {
        said.push(['warn', 'This is a draft', 'It is not promised yet and may change at any time.']);
    }
    if (product.quality === 'fail') {
        said.push([product.gate === 'block' ? 'bad' : 'warn', 'A promise of the contract is broken', product.gate === 'block'
            ? 'Other domains are refused until its owner has mended it.' : 'It is served all the same; see which promise under Quality.']);
    }
    if (product.verification !== 'verified') {
        said.push(['bad', 'Do not rely on this', 'Its signatures do not hold up here; the mark above says why.']);
    }
    if (!product.reachable) {
        said.push(['warn', 'Its owner does not answer', ['What you see was last heard ', when(product.heard, heardWords(product.heard)),
            '. Queries and samples will fail until a node of the owner is back.']]);
    }
    return said.map(([kind, title, text]) => el(`div.notice.${kind}`, {}, [el('strong', {}, title), el('p', {}, text)]));
}

function successorPath(successor) {
    const [domain, name = ''] = successor.split('/');
    return productPath(domain, name);
}

function aboutBox(product) {
    const { purpose, usage, limitations } = product.description;
    const team = product.team;
    return box('About', 'about', [
        paragraphs(purpose ?? product.summary ?? ''),
        usage && [el('h3', {}, 'Usage'), paragraphs(usage)],
        limitations && [el('h3', {}, 'Limitations'), paragraphs(limitations)],
        facts([
            ['Owner', [el('a', { href: domainPath(product.domain) }, product.domain), team?.name && ` · ${team.name}`]],
            ['Contact', product.support.length > 0 && product.support.map(contact)],
            ['People', team?.members.length > 0 && team.members.map((each) =>
                el('div', {}, [each.name ?? each.username ?? '', each.role && el('span.soft', {}, ` ${each.role}`)]))],
            ['Tags', product.tags.length > 0 && el('span.chips', {}, product.tags.map((tag) =>
                el('a.chip', { href: `/?tag=${encodeURIComponent(tag)}` }, tag)))],
            ['Price', product.price && [product.price.amount, product.price.currency, product.price.unit && `per ${product.price.unit}`]
                .filter(Boolean).join(' ')],
            ['Signed', when(product.signed, minute(Date.parse(product.signed)))],
            ['Last heard of', when(product.heard, heardWords(product.heard))],
        ]),
    ]);
}

function contact({ channel, url, tool, scope }) {
    const text = channel ?? url ?? tool ?? '';
    return el('div', {}, [url ? el('a', { href: url, rel: 'noreferrer' }, text) : text, scope && el('span.soft', {}, ` ${scope}`)]);
}

function connectBox(product, self) {
    const place = el('div', {});
    loadInto(place, async () => connectTabs(`SELECT * FROM ${product.tables[0]?.sql ?? `${product.domain}.${product.name}`} LIMIT 10`, await self));
    return box('Connect', 'connect',
        el('p.soft', {}, ['Your tool asks this node, as you. Make a token with ', el('code', {}, 'freehold token create --until 8h'),
            ' and put it into the variable ', el('code', {}, 'FREEHOLD_TOKEN'), '.']),
        place);
}
