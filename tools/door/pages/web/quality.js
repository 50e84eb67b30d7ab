// SPDX-License-Identifier: Apache-2.0
// What a product promises, and what its owner found when it last looked.
import { el } from './dom.js';
import { minute, number, percent, shortPath } from './format.js';
import { box, facts, idText, qualityChip, table, when } from './parts.js';
import { promiseLine } from './columns.js';
import { trends } from './trends.js';

const GATES = {
    serve: 'it is served all the same',
    warn: 'who reads it is told',
    block: 'other domains are refused',
};
const ORDER = ['failed', 'warning', 'not_run', null, 'passed'];

function strip(measured) {
    const parts = [['ok', measured.passed, 'kept'], ['bad', measured.failed, 'broken'], ['warn', measured.warnings, 'with a warning'], ['rest', measured.not_run, 'not run']];
    const total = parts.reduce((sum, [, n]) => sum + n, 0);
    if (total === 0) {
        return null;
    }
    let x = 0;
    const bars = parts.filter(([, n]) => n > 0).map(([kind, n, text]) => {
        const width = (n / total) * 600;
        const bar = el(`rect.${{ ok: 'alive', bad: 'broken', warn: 'suspect', rest: 'rest' }[kind]}`, { x, y: 0, width: Math.max(2, width - 2), height: 14, rx: 3 },
            el('title', {}, `${n} ${text}`));
        x += width;
        return bar;
    });
    return el('svg.bars', { viewBox: '0 0 600 14', role: 'img', preserveAspectRatio: 'none',
        'aria-label': parts.filter(([, n]) => n > 0).map(([, n, text]) => `${n} ${text}`).join(', ') }, bars);
}

function measuredPart(measured, product) {
    return [
        strip(measured),
        facts([
            ['Verdict', qualityChip(measured.quality)],
            ['Measured', when(measured.measured)],
            ['Counts until', when(measured.expires, Date.parse(measured.expires) > Date.now()
                ? minute(Date.parse(measured.expires)) : 'it counts no longer')],
            ['Rows', number(measured.rows)],
            ['Promises', `${measured.passed} kept, ${measured.failed} broken, ${measured.warnings} with a warning, ${measured.not_run} not run`],
            ['Owner\'s node served', measured.uptime_30d === null ? 'not known' : `${percent(measured.uptime_30d)} of the last 30 days`],
            ['When a promise breaks', GATES[product.gate ?? measured.gate]],
            ['Measurement', idText(measured.record)],
        ]),
    ];
}

export function qualityBox(product, major) {
    const checks = [...product.checks].sort((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome));
    return box('Quality and service', 'quality', [
        product.measurement === null
            ? el('p', {}, 'No measurement of the owner has reached this node. The promises below are what the contract says.')
            : measuredPart(product.measurement, product),
        product.measurement && el('p.small.soft', {}, 'It is the owner\'s own word, signed by its node for this contract and verified here; numbers only, never a value of a row.'),
        product.service_levels.length > 0 && [
            el('h3', {}, 'Service'),
            el('ul', {}, product.service_levels.map((each) => el('li', {}, each.words))),
        ],
        checks.length > 0 && [
            el('h3', {}, 'Promises, what does not hold first'),
            table('Promises', [
                { name: 'Promise', cell: promiseLine },
                { name: 'Of', cell: (check) => el('code', {}, placeOf(check)) },
                { name: 'Measured', cell: (check) => check.measured ?? '' },
                { name: 'Rows that break it', num: true, cell: (check) => check.outcome === null ? '' : check.total > 0 ? `${number(check.failing)} of ${number(check.total)}` : number(check.failing) },
            ], checks),
        ],
        trends(product, major),
    ]);
}

// What a promise is about, without the promise itself.
const placeOf = (check) => shortPath(check.promise).split('.').slice(0, -1).join('.') || shortPath(check.promise);
