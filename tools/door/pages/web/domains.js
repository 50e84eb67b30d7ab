// SPDX-License-Identifier: Apache-2.0
// The domains of the mesh: who they are, what they serve, whether they answer.
import { announce, el, fill } from './dom.js';
import { json } from './api.js';
import { count, number } from './format.js';
import { domainPath, dot, empty, loadInto, plainChip, table } from './parts.js';

export function show(place) {
    const list = el('div', {});
    fill(place, [
        el('div.head', {}, [
            el('h1', { tabindex: -1 }, 'Domains'),
            el('p', {}, 'Each domain is a team that owns its data, runs its own node and signs what it publishes.'),
        ]),
        list,
    ]);
    document.title = 'Domains · Data catalogue';
    loadInto(list, async () => {
        const { domains } = await json('/v1/domains');
        announce(count(domains.length, 'domain'));
        domains.sort((a, b) => a.domain.localeCompare(b.domain));
        return domains.length === 0 ? empty('No domains', 'This node knows of none.') : domainTable(domains);
    });
}

function domainTable(domains) {
    return table('Domains of the mesh', [
        {
            name: 'Domain',
            cell: (each) => [
                el('a', { href: domainPath(each.domain) }, each.domain),
                each.self && [' ', plainChip('this node')],
            ],
        },
        { name: 'Products', num: true, cell: (each) => number(each.products) },
        {
            name: 'Reachable',
            cell: (each) => each.reachable ? [dot('alive'), 'yes'] : [dot('dead'), 'no node answers'],
        },
        { name: 'Nodes', num: true, cell: (each) => `${number(each.alive)} of ${number(each.nodes)} alive` },
        { name: 'Identity', cell: (each) => el('code.small', { title: each.id }, each.id) },
    ], domains);
}
