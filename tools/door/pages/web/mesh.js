// SPDX-License-Identifier: Apache-2.0
// The mesh as this node sees it: who serves what, as a picture and as a table.
import { announce, debounced, el, fill } from './dom.js';
import { json, me, query } from './api.js';
import { ago, count, number, span } from './format.js';
import { domainPath, dot, empty, facts, loadInto, plainChip, productPath, table, when } from './parts.js';

const PRODUCTS = 60; // in the picture; all are in the catalogue
const ROW = 26;

const STATES = {
    alive: 'answers',
    suspect: 'does not answer; others are asked',
    dead: 'does not answer',
    left: 'has said goodbye',
};
const dotState = (state) => (state === 'alive' || state === 'suspect' ? state : 'dead');

// Nodes as a table; also for the page of a domain.
export function peerTable(peers) {
    return table('Nodes', [
        {
            name: 'Node',
            cell: (each) => [
                el('a', { href: domainPath(each.domain) }, each.domain), ' ',
                each.self && plainChip('this node'),
                each.forked && el('span.chip.bad', { title: 'It signed two records of one life: two copies of its key run' }, 'lives twice'),
            ],
        },
        { name: 'State', cell: (each) => [dot(dotState(each.state)), STATES[each.state] ?? each.state] },
        { name: 'Since', cell: (each) => when(each.since, span(Date.now() - Date.parse(each.since))) },
        { name: 'Last heard', cell: (each) => each.self ? 'itself' : each.heard === null ? 'never directly' : when(each.heard) },
        { name: 'Round trip', num: true, cell: (each) => each.rtt_ms > 0 ? `${number(each.rtt_ms)} ms` : each.self ? '' : 'not known' },
        { name: 'Address', cell: (each) => el('code', {}, each.address) },
        { name: 'Products', num: true, cell: (each) => number(each.products) },
    ], peers);
}

// Domains with their nodes on the left, what they serve on the right.
function picture(width, domains, peers, products) {
    const right = Math.round(width * (width < 520 ? 0.52 : 0.45));
    const letters = (space) => Math.max(6, Math.floor(space / 7.6));
    const short = (text, space) => text.length > letters(space) ? `${text.slice(0, letters(space) - 1)}…` : text;
    const groups = domains.map((domain) => ({
        domain,
        nodes: peers.filter((peer) => peer.domain === domain.domain),
        products: products.filter((product) => product.domain === domain.domain),
    }));
    let y = 22;
    const drawn = groups.map(({ domain, nodes, products: served }) => {
        const rows = Math.max(2, served.length);
        const middle = y + (rows * ROW - ROW) / 2;
        const first = y + ((rows - served.length) * ROW) / 2;
        y += rows * ROW + 14;
        const reachable = nodes.some(({ state }) => state === 'alive');
        return el('g', {}, [
            served.map((product, i) => link(26, middle, right - 12, first + i * ROW, reachable)),
            nodes.map((node, i) => el(`circle.${dotState(node.state)}`, { cx: 14 + i * 9, cy: middle, r: 9 },
                el('title', {}, `${node.address}: ${STATES[node.state] ?? node.state}`))),
            el('svg:a', { href: domainPath(domain.domain) }, el('text', {
                x: 30 + 9 * Math.max(0, nodes.length - 1), y: middle - 8, 'font-weight': 600,
            }, short(domain.domain, right - 60))),
            el('text.fine', { x: 30 + 9 * Math.max(0, nodes.length - 1), y: middle + 19 },
                domain.self ? 'this node' : reachable ? count(domain.products, 'product') : 'not reachable'),
            served.map((product, i) => el('g', {}, [
                el(`circle.${product.status === 'active' ? 'fill1' : product.status === 'deprecated' ? 'suspect' : 'dead'}`,
                    { cx: right - 6, cy: first + i * ROW, r: 5 }),
                el('svg:a', { href: productPath(product.domain, `${product.name}@${product.version.split('.')[0]}`) },
                    el('text', { x: right + 6, y: first + i * ROW + 4.5 }, [
                        el('title', {}, `${product.product}, ${product.status}`),
                        short(`${product.name} ${product.version}`, width - right - 10),
                    ])),
            ])),
        ]);
    });
    return el('svg.picture', {
        viewBox: `0 0 ${width} ${y - 4}`, width, height: y - 4, role: 'group', 'aria-label': 'Who serves what',
    }, drawn);
}

function link(x1, y1, x2, y2, solid) {
    const bend = (x1 + x2) / 2 + 40;
    return el('path.link', {
        d: `M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`, fill: 'none', 'stroke-width': 1.5,
        'stroke-dasharray': solid ? null : '4 4',
    });
}

function drawing(domains, peers, products, total) {
    const frame = el('div', {});
    const draw = () => fill(frame, picture(Math.max(260, Math.min(frame.clientWidth || 900, 1000)), domains, peers, products));
    return [
        el('section.box', { 'aria-labelledby': 'picture-title' }, [
            el('h2', { id: 'picture-title' }, 'Who serves what'),
            frame,
            el('p.small.soft', {}, [
                el('span.nowrap', {}, [dot('alive'), 'answers ']), ' ',
                el('span.nowrap', {}, [dot('suspect'), 'in doubt ']), ' ',
                el('span.nowrap', {}, [dot('dead'), 'does not answer']),
            ]),
            total > products.length && el('p.small', {}, [
                `The picture has ${number(products.length)} of ${count(total, 'product')}; `,
                el('a', { href: '/' }, 'the catalogue has all'), '.',
            ]),
        ]),
        draw,
    ];
}

export function show(place) {
    const body = el('div', {});
    let draw = null;
    const redraw = debounced(() => draw?.(), 100);
    document.title = 'Mesh · Data catalogue';
    fill(place, [
        el('div.head', {}, [
            el('h1', { tabindex: -1 }, 'Mesh'),
            el('p', {}, 'The nodes that this node knows, and what it last heard of them. Another node may see it otherwise.'),
        ]),
        body,
    ]);
    loadInto(body, async () => {
        const [self, { peers }, { domains }, found] = await Promise.all([
            me(), json('/v1/peers'), json('/v1/domains'), json(`/v1/products${query({ limit: PRODUCTS })}`),
        ]);
        if (peers.length === 0) {
            return empty('No nodes', 'This node knows of none.');
        }
        const order = (a, b) => b.self - a.self || a.domain.localeCompare(b.domain);
        peers.sort(order);
        domains.sort(order);
        const alive = peers.filter(({ state }) => state === 'alive').length;
        announce(`${alive} of ${count(peers.length, 'node')} answer`);
        const [section, drawIt] = drawing(domains, peers, found.products, found.total);
        draw = drawIt;
        queueMicrotask(() => requestAnimationFrame(drawIt));
        return [
            facts([
                ['Mesh', self.node.mesh],
                ['Nodes', `${number(alive)} of ${number(peers.length)} answer`],
                ['Domains', number(domains.length)],
                ['Products', number(found.total)],
                ['Seen from', `${self.node.domain}, up since ${ago(Date.now() - Date.parse(self.node.started))}`],
            ]),
            section,
            el('section', { 'aria-labelledby': 'nodes-title' }, [el('h2.found', { id: 'nodes-title' }, 'Nodes'), peerTable(peers)]),
        ];
    });
    addEventListener('resize', redraw);
    return () => removeEventListener('resize', redraw);
}
