// SPDX-License-Identifier: Apache-2.0
// The columns of a product: what each holds, what is promised of it, and what of it the reader will see.
import { el, fill } from './dom.js';
import { token } from './api.js';
import { box, plainChip, prose, signInPath, table } from './parts.js';

const MARKS = {
    passed: ['✓', 'kept'],
    failed: ['✕', 'broken'],
    warning: ['!', 'warning'],
    not_run: ['–', 'not run'],
};

// A promise in words with what became of it.
export function promiseLine(check) {
    const [mark, text] = MARKS[check.outcome] ?? ['·', 'not measured'];
    const kind = { passed: 'ok', failed: 'bad', warning: 'warn' }[check.outcome];
    return el('div.small', {}, [
        el(kind ? `span.chip.${kind}` : 'span.chip', { title: text }, [mark, el('span.unseen', {}, text)]), ' ',
        check.name ?? wordOf(check), check.promised && el('span.soft', {}, ` ${check.promised}`),
    ]);
}

// "schema.orders.properties.id.unique" is "unique".
export const wordOf = (check) => check.promise.split('.').at(-1).replaceAll('_', ' ');

function checksOf(product, tableName, column) {
    const mine = product.checks.filter(({ promise }) => promise.startsWith(`schema.${tableName}.properties.${column.name}.`));
    return mine.length > 0 ? mine.map(promiseLine) : column.checks.map((each) => el('div.small', {}, each));
}

function seen(rights, tableName, column) {
    const found = rights.access?.columns.find((each) => each.table === tableName && each.column === column.name);
    if (found === undefined) {
        return rights.access && !rights.access.readable ? el('span.chip.bad', {}, '✕ no access') : el('span.soft', {}, 'not known');
    }
    return !found.readable ? el('span.chip.bad', { title: found.rule }, '✕ hidden')
        : found.masked ? el('span.chip.warn', { title: 'Its values are changed before they reach you' }, '◐ masked')
            : el('span.chip.ok', {}, '✓ as it is');
}

function columnTable(product, each, rights) {
    return table(`Columns of ${each.name}`, [
        {
            name: 'Column',
            cell: (column) => [
                el('code', {}, column.name),
                column.business_name && column.business_name !== column.name && el('div.small.soft', { dir: 'auto' }, column.business_name),
                el('div.chips', {}, [
                    column.primary_key && plainChip('key'),
                    column.unique && !column.primary_key && plainChip('unique'),
                ]),
            ],
        },
        { name: 'Type', cell: (column) => [column.type_words, !column.required && el('div.small.soft', {}, 'may be empty')] },
        {
            name: 'Meaning',
            cell: (column) => [
                column.description && el('div', { dir: 'auto' }, prose(column.description)),
                column.examples.length > 0 && el('div.small.soft', {}, ['for example ', el('code', {}, column.examples.slice(0, 3).map(String).join(', '))]),
            ],
        },
        { name: 'Class', cell: (column) => column.classification && plainChip(column.classification) },
        token() !== null && { name: 'You see', cell: (column) => seen(rights, each.name, column) },
        { name: 'Promises', cell: (column) => checksOf(product, each.name, column) },
    ].filter(Boolean), each.columns);
}

export function columnsBox(product, rights) {
    const place = el('div', {});
    const draw = () => fill(place, product.tables.map((each) => [
        product.tables.length > 1 && el('h3', {}, each.business_name ?? each.name),
        each.description && el('p', { dir: 'auto' }, prose(each.description)),
        each.granularity && el('p.soft', { dir: 'auto' }, `One row: ${each.granularity}`),
        columnTable(product, each, rights),
        each.checks.length > 0 && el('p.small.soft', {}, `Of the whole table: ${each.checks.join('; ')}.`),
    ]));
    rights.listeners.push(draw);
    draw();
    return box('Columns', 'columns', [
        token() === null && el('p.small', {}, [el('a', { href: signInPath() }, 'Sign in'), ' to see what is masked for you.']),
        place,
    ]);
}
