// SPDX-License-Identifier: Apache-2.0
// The answer of a query as a table, with what must be known of it: what is masked, what is deprecated,
// and the receipt that proves it.
import { el, fill, saveFile } from './dom.js';
import { ask } from './api.js';
import { count, day, number } from './format.js';
import { waivedNotes } from './governance.js';
import { idText, problemBox, table, when } from './parts.js';

const NUMBERS = new Set(['int', 'uint', 'double', 'decimal']);
const ROWS = 200; // drawn at once

export const isNumber = (column) => NUMBERS.has(column.kind);

export function cellText(value) {
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

// Short ones stay on one line, so that dates and codes do not break.
function cell(value) {
    const text = value === null ? '' : cellText(value);
    return value === null ? el('em.soft', {}, 'NULL') : text.length > 32 ? text : el('span.nowrap', {}, text);
}

function columnsOf(answer) {
    return answer.columns.map((column, i) => ({
        name: column.name, num: isNumber(column), cell: (row) => cell(row[i]),
    }));
}

// Rows as a table that grows by a button. The first column is not a row's heading here.
export function rowsTable(answer, caption) {
    const place = el('div.cells', {});
    const draw = (most) => fill(place, [
        table(caption, columnsOf(answer), answer.rows.slice(0, most), { stack: false, tall: true, headed: false }),
        answer.rows.length > most && el('div.actions', {}, [
            el('span.soft.small', {}, `Shown are ${number(most)} of ${count(answer.rows.length, 'row')}.`),
            el('button', { type: 'button', onclick: () => draw(most + 1000) }, 'Show more'),
        ]),
    ]);
    draw(ROWS);
    return place;
}

// What stands between the reader and the owner's rows.
export function warnings(answer) {
    return [
        answer.limited.map((each) => el('div.notice', {}, [
            el('strong', {}, `${each.domain}/${each.product}.${each.table} is not shown as its owner has it`),
            el('p', {}, [
                each.masked.length > 0 && `Masked for you: ${each.masked.join(', ')}. `,
                each.group_size > 0 ? `Rows are means of groups of ${each.group_size} or more; smaller groups are left out.`
                    : each.filtered && 'Not all of its rows are there for you.',
            ]),
        ])),
        waivedNotes(answer.waived),
        answer.notices.filter((each) => each.status !== 'active' || each.quality).map((each) => el('div.notice.warn', {}, [
            el('strong', {}, [each.product, each.status === 'active' ? '' : ` is ${each.status}`]),
            el('p', {}, [
                each.sunset && `Served until ${day(Date.parse(each.sunset))} at least. `,
                each.successor && `Use ${each.successor} instead. `,
                each.quality && `Its data ${each.quality === 'fail' ? 'break promises' : 'give warnings'} of the contract`,
                each.quality && each.measured && [', measured ', when(each.measured)],
                each.quality && '.',
            ]),
        ])),
    ];
}

// Who answered, and the file that proves it.
export function proofOf(answer) {
    const { summary, receipt } = answer;
    const said = el('span', { role: 'status' });
    const save = async () => {
        try {
            saveFile('answer.receipt', await (await ask(receipt.href, { accept: '*/*' })).blob());
            fill(said, 'Saved. ', el('code', {}, 'freehold verify answer.receipt'), ' proves it offline.');
        } catch (problem) {
            fill(said, problemBox(problem));
        }
    };
    return el('div.small.soft', {}, [
        el('p', {}, [
            `${count(summary.rows, 'row')}, answered by ${summary.owner}`,
            summary.joined ? ', joined from several owners' : summary.relayed ? ', end to end through this node' : '',
            '. Receipt verified: ', idText(receipt.id),
        ]),
        el('div.actions', {}, [el('button', { type: 'button', onclick: save }, 'Save the receipt'), said]),
    ]);
}
