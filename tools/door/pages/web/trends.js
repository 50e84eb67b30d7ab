// SPDX-License-Identifier: Apache-2.0
// How promises held over time: a small picture for each, and the same as a table for who does not see it.
import { el, fill } from './dom.js';
import { json, productApi } from './api.js';
import { ago, capital, count, day, minute, number, percent, shortPath, span } from './format.js';
import { loadInto, table } from './parts.js';

// Of an outcome: the colour of its bar and how high it is, so that colour is not all that tells them apart.
const BARS = { passed: ['alive', 14], not_run: ['rest', 5], warning: ['suspect', 28], failed: ['broken', 44] };
const WORDS = { passed: 'kept', failed: 'broken', warning: 'a warning', not_run: 'not run' };
const STATES = { ok: 'passed', warn: 'warning', fail: 'failed', unknown: 'not_run' };
const [WIDTH, HEIGHT] = [600, 48];
const FOLDED = 6; // promises that always held are folded away when there are more than that

const DURATION = /^(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/;
const PARTS = [31557600000, 2629800000, 604800000, 86400000, 3600000, 60000, 1000];

// "PT1H30M" in milliseconds, "99.5" as it is; null for what is neither.
function valueOf(text) {
    if (text === null || text === '') {
        return null;
    }
    const found = DURATION.exec(text);
    if (found === null) {
        return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
    }
    const ms = found.slice(2).reduce((sum, part, i) => sum + Number(part ?? 0) * PARTS[i], 0);
    return found[1] === '-' ? -ms : ms;
}
const isDuration = (text) => text !== null && text.includes('P');
const wordsOf = (text) => (text === null ? '' : isDuration(text) && valueOf(text) !== null ? span(valueOf(text)) : text);

// A line through the values that are known; null when it would be flat or a dot.
function line(values) {
    const known = values.filter((value) => value !== null);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    if (known.length < 2 || low === high) {
        return null;
    }
    const step = WIDTH / values.length;
    return el('polyline.line1', {
        'vector-effect': 'non-scaling-stroke',
        points: values.map((value, i) => value === null ? null :
            `${((i + 0.5) * step).toFixed(1)},${(HEIGHT - 4 - ((value - low) / (high - low)) * (HEIGHT - 8)).toFixed(1)}`)
            .filter((each) => each !== null).join(' '),
    });
}

function bars(outcomes, texts) {
    const step = WIDTH / outcomes.length;
    return outcomes.map((outcome, i) => outcome !== null && el(`rect.${BARS[outcome][0]}`, {
        x: (i * step + step * 0.1).toFixed(1), y: HEIGHT - BARS[outcome][1],
        width: (step * 0.8).toFixed(1), height: BARS[outcome][1],
    }, el('title', {}, texts[i])));
}

function summary(outcomes, looks) {
    const told = outcomes.filter((each) => each !== null).length;
    const kept = outcomes.filter((each) => each === 'passed').length;
    const last = outcomes.lastIndexOf('failed');
    return `kept in ${kept} of ${count(told, 'measurement')}` +
        (last < 0 ? '' : `, last broken ${ago(Date.now() - Date.parse(looks[last].measured))}`);
}

// One picture: `outcomes` and `values` of each measurement, and `columns` of the table that says the same.
function trend(name, looks, { outcomes, values, bounds, columns }) {
    const texts = looks.map((look, i) => `${minute(Date.parse(look.measured))}: ${WORDS[outcomes[i]] ?? 'not told'}`);
    const said = summary(outcomes, looks);
    const drawn = line(values);
    const rows = looks.map((look, i) => i).filter((i) => outcomes[i] !== null || values[i] !== null).reverse();
    const inside = el('div', {});
    return el('figure.trend', {}, [
        el('figcaption', {}, [el('strong', {}, name), el('span.soft', {}, ` ${said}${drawn === null ? '' : `; the line goes from ${bounds}`}`)]),
        el('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `${name}: ${said}` },
            [bars(outcomes, texts), drawn]),
        el('div.ends', { 'aria-hidden': 'true' }, [el('span', {}, day(Date.parse(looks[0].measured))), el('span', {}, day(Date.parse(looks.at(-1).measured)))]),
        el('details', {
            ontoggle: (event) => event.target.open && inside.firstChild === null && fill(inside, table(`${name}, the newest first`, [
                { name: 'Measured', cell: (i) => minute(Date.parse(looks[i].measured)) },
                { name: 'Version', cell: (i) => looks[i].version },
                ...columns,
            ], rows, { tall: true })),
        }, [el('summary.small', {}, ['As a table', el('span.unseen', {}, `: ${name}`)]), inside]),
    ]);
}

// What the line of a check goes from and to.
function boundsOf(texts) {
    const known = texts.filter((text) => valueOf(text) !== null).sort((a, b) => valueOf(a) - valueOf(b));
    return known.length === 0 ? '' : `${wordsOf(known[0])} to ${wordsOf(known.at(-1))}`;
}

function checkTrend(check, name, looks) {
    return trend(name, looks, {
        outcomes: check.outcomes,
        values: check.measured.map(valueOf),
        bounds: boundsOf(check.measured),
        columns: [
            { name: 'Outcome', cell: (i) => capital(WORDS[check.outcomes[i]]) },
            { name: 'Measured', cell: (i) => wordsOf(check.measured[i]) },
            { name: 'Rows that break it', num: true, cell: (i) => check.total[i] > 0 ? `${number(check.failing[i])} of ${number(check.total[i])}` : number(check.failing[i]) },
        ],
    });
}

function wholeTrend(looks) {
    return trend('All promises', looks, {
        outcomes: looks.map(({ found }) => STATES[found]),
        values: looks.map(() => null),
        columns: [
            { name: 'Kept', num: true, cell: (i) => number(looks[i].passed) },
            { name: 'Broken', num: true, cell: (i) => number(looks[i].failed) },
            { name: 'With a warning', num: true, cell: (i) => number(looks[i].warnings) },
            { name: 'Not run', num: true, cell: (i) => number(looks[i].not_run) },
            { name: 'Rows', num: true, cell: (i) => number(looks[i].rows) },
        ],
    });
}

function uptimeTrend(looks) {
    const known = looks.filter(({ uptime_30d }) => uptime_30d !== null).map(({ uptime_30d }) => uptime_30d);
    return known.length > 0 && trend('Owner\'s node served', looks, {
        outcomes: looks.map(({ uptime_30d }) => (uptime_30d === null ? null : 'passed')),
        values: looks.map(({ uptime_30d }) => uptime_30d),
        bounds: `${percent(Math.min(...known))} to ${percent(Math.max(...known))}`,
        columns: [{ name: 'Of the 30 days before', num: true, cell: (i) => percent(looks[i].uptime_30d) }],
    });
}

function nameOf(check, product) {
    const known = product.checks.find(({ promise }) => promise === check.promise);
    const place = shortPath(check.promise);
    return known?.name ? `${known.name} (${place})` : known?.promised ? `${place}: ${known.promised}` : place;
}

function drawn(found, product) {
    const looks = found.measurements;
    if (looks.length === 0) {
        return null;
    }
    const one = (check) => checkTrend(check, nameOf(check, product), looks);
    const service = found.checks.filter(({ category }) => category === 'sla');
    const others = found.checks.filter(({ category }) => category !== 'sla');
    const held = others.filter(({ outcomes }) => outcomes.every((each) => each === 'passed' || each === null));
    const open = held.length > FOLDED ? others.filter((each) => !held.includes(each)) : others;
    const folded = el('div', {});
    return [
        el('h3', {}, 'Over time'),
        el('p.small.soft', {}, ['The taller the bar, the worse: kept, a warning, broken. ', found.whole
            ? `Its owner keeps ${count(looks.length, 'measurement')}.`
            : 'Its owner keeps more, but could not be asked for all of it.']),
        el('div.trends', {}, [wholeTrend(looks), uptimeTrend(looks), service.map(one), open.map(one)]),
        open.length < others.length && el('details', {
            ontoggle: (event) => event.target.open && folded.firstChild === null && fill(folded, el('div.trends', {}, held.map(one))),
        }, [el('summary', {}, `${count(held.length, 'promise')} that held in all of them`), folded]),
    ];
}

export function trends(product, major) {
    const place = el('div', { id: 'trends' });
    loadInto(place, async () => drawn(await json(productApi(product.domain, major, '/quality')), product), 'Asking its owner what it measured before');
    return place;
}
