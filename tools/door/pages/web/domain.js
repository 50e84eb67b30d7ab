// SPDX-License-Identifier: Apache-2.0
// One domain: its products and its nodes.
import { el, fill } from './dom.js';
import { json, query } from './api.js';
import { count, number } from './format.js';
import { box, copyLine, dot, empty, facts, loadInto, plainChip } from './parts.js';
import { hit } from './search.js';
import { peerTable } from './mesh.js';

const LIMIT = 50;

export function show(place, name) {
    const body = el('div', {});
    document.title = `${name} · Data catalogue`;
    fill(place, [
        el('div.head', {}, [
            el('p.crumbs', {}, el('a', { href: '/domains' }, 'Domains')),
            el('h1', { tabindex: -1, dir: 'auto' }, name),
        ]),
        body,
    ]);
    loadInto(body, () => load(name));
}

async function load(name) {
    const [{ domains }, { peers }, found] = await Promise.all([
        json('/v1/domains'),
        json('/v1/peers'),
        json(`/v1/products${query({ domain: name, limit: LIMIT })}`),
    ]);
    const domain = domains.find((each) => each.domain === name);
    if (domain === undefined) {
        return empty('No such domain', `This node knows of no domain of that name.`,
            el('a.button', { href: '/domains' }, 'All domains'));
    }
    return [
        box('About', 'about', [
            facts([
                ['Reachable', domain.reachable ? [dot('alive'), 'yes'] : [dot('dead'), 'no node answers']],
                ['Products', number(domain.products)],
                ['Nodes', `${number(domain.alive)} of ${number(domain.nodes)} alive`],
                ['This node', domain.self && plainChip('is a node of this domain')],
            ]),
            el('p.small.soft', {}, 'Identity: whoever shows this name proves it with the keys behind this id.'),
            copyLine(domain.id, 'the identity'),
        ]),
        el('h2.unseen', {}, 'Products'),
        found.total === 0
            ? empty('No products', 'This domain has published nothing that this node knows of.')
            : el('ul.hits', {}, found.products.map(hit)),
        found.total > found.products.length &&
            el('p', {}, el('a', { href: `/${query({ domain: name })}` }, `All ${count(found.total, 'product')}`)),
        box('Nodes', 'nodes', peerTable(peers.filter((each) => each.domain === name))),
    ];
}
