// SPDX-License-Identifier: Apache-2.0
// The versions of a product, what changed between two of them, and what happened to it.
import { el } from './dom.js';
import { json, productApi, query } from './api.js';
import { count } from './format.js';
import { box, field, idText, loadInto, statusChip, table, when } from './parts.js';

const BUMPS = { none: 'nothing', patch: 'a patch', minor: 'a minor version', major: 'a major version' };

function changeTable(found) {
    if (found.changes.length === 0) {
        return el('p', {}, 'The two say the same.');
    }
    return [
        el('p', {}, found.reader_breaking + found.stored_breaking === 0
            ? [el('span.chip.ok', {}, '✓ nothing breaks'), ` ${count(found.changes.length, 'change')}, needing ${BUMPS[found.needed] ?? found.needed}.`]
            : [el('span.chip.bad', {}, '✕ breaking'), ` ${count(found.changes.length, 'change')}, needing ${BUMPS[found.needed] ?? found.needed}: `,
                  `${found.reader_breaking} break readers, ${found.stored_breaking} break stored data.`]),
        table(`Changes from ${found.before} to ${found.after}`, [
            { name: 'Change', cell: (each) => each.sentence || each.change },
            { name: 'Where', cell: (each) => el('code', {}, each.path) },
            { name: 'Breaks', cell: (each) => each.breaking ? el('span.chip.bad', { title: each.rule }, '✕ breaking') : el('span.chip.ok', { title: each.rule }, '✓ safe') },
            { name: 'Before', cell: (each) => each.before ?? '' },
            { name: 'After', cell: (each) => each.after ?? '' },
        ], found.changes),
    ];
}

function comparison(product, versions) {
    const before = versions.filter(({ version }) => version !== product.version);
    if (before.length === 0) {
        return el('p.soft', {}, 'This is the first version: there is nothing to compare it with.');
    }
    const place = el('div', {});
    const pick = el('select', { id: 'since' }, before.map((each) => el('option', { value: each.version }, each.version)));
    const load = () => loadInto(place, async () => changeTable(await json(
        productApi(product.domain, `${product.name}@${product.version}`, `/changes${query({ since: pick.value })}`))));
    pick.addEventListener('change', load);
    load();
    return [field(`What changed in ${product.version} since`, pick), place];
}

export function changesBox(product, major) {
    const place = el('div', {});
    loadInto(place, async () => {
        const found = await json(productApi(product.domain, major, '/history'));
        return [
            comparison(product, found.versions),
            el('h3', {}, 'Versions'),
            table('Versions as they stand', [
                { name: 'Version', cell: (each) => each.version },
                { name: 'Status', cell: (each) => statusChip(each.status) },
                { name: 'Announced', cell: (each) => when(each.announced) },
                { name: 'By', cell: (each) => each.announced_by },
                { name: 'Contract', cell: (each) => idText(each.contract) },
            ], [...found.majors].reverse()),
            el('details', {}, [
                el('summary', {}, `All that happened (${found.events.length})`),
                table('Events, the newest first', [
                    { name: 'When', cell: (each) => when(each.at) },
                    { name: 'What', cell: (each) => each.event },
                    { name: 'Version', cell: (each) => each.version },
                    { name: 'Detail', cell: (each) => each.detail },
                    { name: 'Record', cell: (each) => idText(each.record) },
                ], [...found.events].reverse()),
            ]),
        ];
    });
    return box('Changes', 'changes', place);
}
