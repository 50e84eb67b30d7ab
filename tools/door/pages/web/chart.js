// SPDX-License-Identifier: Apache-2.0
// A simple chart of an answer: bars, lines or points, drawn as SVG. The table beside it is the same for
// those who do not see it.
import { debounced, el, fill } from './dom.js';
import { isNumber, cellText } from './answer.js';
import { number } from './format.js';
import { field } from './parts.js';

const HEIGHT = 340;
const MARGIN = { top: 14, right: 14, bottom: 58, left: 62 };
const BARS = 40;
const POINTS = 2000;
const SERIES = 4;

const ordered = (column) => isNumber(column) || column.kind === 'date' || column.kind === 'timestamp';

// Where a value lies on an axis of its kind; NaN where it has none.
function place(column, value) {
    if (value === null) {
        return NaN;
    }
    return isNumber(column) ? Number(value) : Date.parse(String(value).replace(' ', 'T') + (column.kind === 'date' ? '' : 'Z'));
}

// Round steps that cover low..high: about `wanted` of them.
export function ticks(low, high, wanted = 5) {
    const raw = (high - low) / wanted || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find((each) => each * power >= raw) * power;
    const found = [];
    for (let i = Math.floor(low / step); i * step < high + step && found.length < 20; i++) {
        found.push(Number((i * step).toPrecision(12)));
    }
    return found;
}

const brief = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function axisText(column, at) {
    if (column && !isNumber(column)) {
        return new Date(at).toISOString().slice(0, column.kind === 'date' ? 10 : 16).replace('T', ' ');
    }
    return Math.abs(at) >= 1e6 ? at.toExponential(1) : number(at);
}

// Draws `answer` as `kind`: x and ys are numbers of columns.
function draw(answer, { kind, x, ys }, width) {
    const inner = width - MARGIN.left - MARGIN.right;
    const depth = HEIGHT - MARGIN.top - MARGIN.bottom;
    const rows = answer.rows.slice(0, kind === 'bars' ? BARS : POINTS);
    const values = ys.flatMap((y) => rows.map((row) => place(answer.columns[y], row[y]))).filter(Number.isFinite);
    const yTicks = ticks(Math.min(0, ...values), Math.max(0, ...values));
    const [low, high] = [yTicks[0], yTicks.at(-1)];
    const yOf = (value) => MARGIN.top + depth - ((value - low) / (high - low || 1)) * depth;
    const isScale = kind !== 'bars' && ordered(answer.columns[x]);
    const places = rows.map((row, i) => (isScale ? place(answer.columns[x], row[x]) : i));
    const [first, last] = places.filter(Number.isFinite).reduce(([a, b], at) => [Math.min(a, at), Math.max(b, at)], [Infinity, -Infinity]);
    const xOf = (i) => MARGIN.left + (isScale
        ? ((places[i] - first) / (last - first || 1)) * inner
        : ((i + 0.5) / rows.length) * inner);
    return el('svg.picture', {
        viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: 'img',
        'aria-label': `${ys.map((y) => answer.columns[y].name).join(', ')} by ${answer.columns[x].name}, as ${kind}`,
    }, [
        yTicks.map((tick) => el('g', {}, [
            el('line.axis', { x1: MARGIN.left, x2: width - MARGIN.right, y1: yOf(tick), y2: yOf(tick) }),
            el('text.fine', { x: MARGIN.left - 8, y: yOf(tick) + 4, 'text-anchor': 'end' }, axisText(null, tick)),
        ])),
        isScale ? scaleTexts(answer.columns[x], first, last, inner) : rowTexts(answer, rows, x, xOf, inner),
        el('text.fine', { x: MARGIN.left + inner / 2, y: HEIGHT - 6, 'text-anchor': 'middle' }, answer.columns[x].name),
        ys.map((y, s) => series(kind, rows.map((row, i) => ({
            x: xOf(i), y: yOf(place(answer.columns[y], row[y])),
            text: `${cellText(row[x])}: ${answer.columns[y].name} ${cellText(row[y])}`,
        })), s, { zero: yOf(0), step: inner / rows.length, of: ys.length })),
    ]);
}

function series(kind, points, s, { zero, step, of }) {
    const known = points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
    if (kind === 'bars') {
        const thick = Math.max(2, (step * 0.72) / of);
        return known.map((point) => el(`rect.fill${s + 1}`, {
            x: point.x - (thick * of) / 2 + s * thick, y: Math.min(point.y, zero),
            width: thick - (of > 1 ? 1 : 0), height: Math.max(1, Math.abs(zero - point.y)), rx: 1.5,
        }, el('title', {}, point.text)));
    }
    if (kind === 'lines') {
        known.sort((a, b) => a.x - b.x);
        return [
            el(`polyline.line${s + 1}`, { points: known.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(' ') }),
            known.length <= 60 && known.map((point) => el(`circle.fill${s + 1}`, { cx: point.x, cy: point.y, r: 3 }, el('title', {}, point.text))),
        ];
    }
    return known.map((point) => el(`circle.fill${s + 1}`, { cx: point.x, cy: point.y, r: 3.5, 'fill-opacity': 0.7 }, el('title', {}, point.text)));
}

function scaleTexts(column, first, last, inner) {
    const parts = Math.max(1, Math.min(5, Math.floor(inner / 110)));
    return Array.from({ length: parts + 1 }, (_, i) => el('text.fine', {
        x: MARGIN.left + (inner * i) / parts, y: HEIGHT - MARGIN.bottom + 18,
        'text-anchor': i === 0 ? 'start' : i === parts ? 'end' : 'middle',
    }, axisText(column, first + ((last - first) * i) / parts)));
}

function rowTexts(answer, rows, x, xOf, inner) {
    const each = Math.max(1, Math.ceil((rows.length * 56) / inner));
    const letters = Math.max(5, Math.floor((inner / Math.min(rows.length, inner / 56)) / 6.4));
    return rows.map((row, i) => i % each === 0 && el('text.fine', {
        x: xOf(i), y: HEIGHT - MARGIN.bottom + 18, 'text-anchor': 'middle',
    }, brief(row[x] === null ? 'NULL' : cellText(row[x]), letters)));
}

// The chart with its choices; null when no column holds numbers.
export function chartOf(answer) {
    const numbers = answer.columns.map((column, i) => i).filter((i) => isNumber(answer.columns[i]));
    if (numbers.length === 0 || answer.rows.length === 0) {
        return null;
    }
    const names = answer.columns.map((column, i) => i);
    const x = names.find((i) => !isNumber(answer.columns[i])) ?? names[0];
    const y = numbers.find((i) => i !== x) ?? numbers[0];
    const chosen = {
        kind: ordered(answer.columns[x]) && answer.rows.length > 2 ? 'lines' : 'bars',
        x, ys: isNumber(answer.columns[x]) ? [y] : numbers.filter((i) => i !== x).slice(0, SERIES),
    };
    const frame = el('div', {});
    const key = el('div.chips', {});
    const option = (i, at) => el('option', { value: i, selected: i === at }, answer.columns[i].name);
    const all = el('option', { value: 'all', selected: chosen.ys.length > 1 }, 'all numbers');
    const redraw = () => {
        fill(frame, draw(answer, chosen, Math.max(280, Math.min(frame.clientWidth || 800, 1100))));
        fill(key, chosen.ys.length > 1 && chosen.ys.map((i, s) => el('span.chip', {}, [
            el('svg', { width: 10, height: 10, 'aria-hidden': 'true' }, el(`rect.fill${s + 1}`, { width: 10, height: 10, rx: 2 })),
            answer.columns[i].name,
        ])));
    };
    const pick = (name) => (event) => {
        const value = event.target.value;
        if (name === 'ys') {
            chosen.ys = value === 'all' ? numbers.filter((i) => i !== chosen.x).slice(0, SERIES) : [Number(value)];
        } else {
            chosen[name] = name === 'kind' ? value : Number(value);
        }
        redraw();
    };
    const onResize = debounced(() => frame.isConnected ? redraw() : removeEventListener('resize', onResize), 100);
    addEventListener('resize', onResize);
    requestAnimationFrame(redraw);
    return el('section', { 'aria-label': 'Chart' }, [
        el('div.fields', {}, [
            field('Chart', el('select', { id: 'chart-kind', onchange: pick('kind') }, ['bars', 'lines', 'points'].map((kind) =>
                el('option', { value: kind, selected: kind === chosen.kind }, kind)))),
            field('Across', el('select', { id: 'chart-x', onchange: pick('x') }, names.map((i) => option(i, chosen.x)))),
            field('Up', el('select', { id: 'chart-y', onchange: pick('ys') }, [
                numbers.map((i) => option(i, chosen.ys.length > 1 ? -1 : chosen.ys[0])),
                numbers.length > 1 && all,
            ])),
        ]),
        key,
        frame,
        answer.rows.length > BARS && chosen.kind === 'bars' &&
            el('p.small.soft', {}, `Bars show the first ${BARS} rows.`),
    ]);
}
