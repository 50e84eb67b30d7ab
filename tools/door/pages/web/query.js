// SPDX-License-Identifier: Apache-2.0
// SQL over the mesh. The statement stands in the address behind "#", which a browser sends to nobody.
import { announce, byId, el, fill, saveFile } from './dom.js';
import { json, post, Problem, query, token } from './api.js';
import { chartOf } from './chart.js';
import { rowsTable, proofOf, warnings } from './answer.js';
import { empty, field, problemBox, signInPath, waiting } from './parts.js';

const FILES = [
    ['CSV', 'text/csv', 'answer.csv'],
    ['Parquet', 'application/vnd.apache.parquet', 'answer.parquet'],
    ['Arrow', 'application/vnd.apache.arrow.stream', 'answer.arrows'],
];

// Lines "name = value" as the parameters of a statement; numbers, true, false and null as such.
function readParams(text) {
    const params = {};
    for (const line of text.split('\n').map((each) => each.trim()).filter(Boolean)) {
        const at = line.indexOf('=');
        const name = line.slice(0, Math.max(0, at)).trim().replace(/^\$/, '');
        if (!/^[A-Za-z_]\w*$/.test(name)) {
            throw new Problem({ status: 0, heading: 'A parameter cannot be read', detail: `"${line}" is not name = value.` });
        }
        const value = line.slice(at + 1).trim();
        // A number beyond 2^53 would lose digits as one: it goes as text, which SQL reads as well.
        const isNumber = /^-?\d{1,15}(\.\d+)?$/.test(value) && String(Number(value)) === value;
        params[name] = isNumber || ['true', 'false', 'null'].includes(value) ? JSON.parse(value) : value;
    }
    return params;
}

export function show(place) {
    const words = new URLSearchParams(location.hash.slice(1));
    const sql = el('textarea.mono', {
        id: 'sql', rows: 6, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', required: true, maxlength: 65536,
        value: words.get('sql') ?? '', placeholder: 'SELECT item, sum(price) AS sold\nFROM shop.orders\nGROUP BY item\nORDER BY sold DESC',
    });
    const params = el('textarea.mono', { id: 'params', rows: 2, spellcheck: 'false', autocomplete: 'off', value: words.get('params') ?? '' });
    const purpose = el('input', { id: 'purpose', maxlength: 127, autocomplete: 'off', value: words.get('purpose') ?? '' });
    const limit = el('input', { id: 'limit', type: 'number', min: 1, max: 100000, value: 1000, required: true });
    const run = el('button.main', { type: 'submit' }, 'Run');
    const stop = el('button', { type: 'button', hidden: true }, 'Stop');
    const result = el('div', { id: 'result' });
    let running = null;

    function readForm() {
        history.replaceState(history.state, '', `/query#${new URLSearchParams({
            sql: sql.value, ...(params.value && { params: params.value }), ...(purpose.value && { purpose: purpose.value }),
        })}`);
        return {
            sql: sql.value,
            ...(params.value.trim() && { params: readParams(params.value) }),
            ...(purpose.value && { purpose: purpose.value }),
            limit: Number(limit.value),
        };
    }
    async function start(event) {
        event.preventDefault();
        running?.abort();
        const mine = running = new AbortController();
        fill(result, waiting('Asking the owners'));
        result.setAttribute('aria-busy', 'true');
        stop.hidden = false;
        try {
            const asked = readForm();
            const answer = await (await post('/v1/query', asked, { signal: mine.signal })).json();
            fill(result, resultOf(answer, asked));
            announce(`${answer.rows.length} rows`);
            result.querySelector('h2').focus();
        } catch (problem) {
            if (mine === running) {
                fill(result, refusalOf(problem));
            }
        } finally {
            if (mine === running) {
                stop.hidden = true;
                result.removeAttribute('aria-busy');
            }
        }
    }
    stop.addEventListener('click', () => running?.abort());

    document.title = 'Query · Data catalogue';
    fill(place, [
        el('div.head', {}, [
            el('h1', { tabindex: -1 }, 'Query'),
            el('p', {}, 'One SELECT over products of any domain, joined if you like. Tables are domain.product; your rights and masks hold.'),
        ]),
        token() === null && el('div.notice', {}, [
            el('strong', {}, 'Sign in to run a query'),
            el('p', {}, ['Owners answer people, not browsers. ', el('a', { href: signInPath() }, 'Sign in'), ' with a token first.']),
        ]),
        el('form.box', { onsubmit: start, id: 'query-form' }, [
            field('SQL', sql, 'Ctrl + Enter runs it.'),
            el('div.fields', {}, [
                field('Parameters', params, 'One a line: since = 2026-11-02 for $since'),
                field('Purpose', purpose, 'What the answer is for; some owners ask for it.'),
                field('Rows at most', limit),
            ]),
            el('div.actions', {}, [run, stop]),
        ]),
        result,
        productsBox(sql),
    ]);
    sql.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            byId('query-form').requestSubmit();
        }
    });
    return () => running?.abort();
}

function refusalOf(problem) {
    if (problem.name === 'AbortError') {
        return el('p.notice', { role: 'status' }, 'Stopped. The owners have been told to stop, too.');
    }
    if (problem.status === undefined) {
        // JSON that ended early: the server cuts what it cannot end with a receipt.
        return problemBox({ status: 0, heading: 'The answer broke off', detail: 'It ended before its receipt, so nothing of it is shown. Run it again.' });
    }
    return problemBox(problem);
}

function resultOf(answer, asked) {
    const said = el('span', { role: 'status' });
    const save = (type, name) => async () => {
        fill(said, 'Running it again for the file …');
        try {
            saveFile(name, await (await post('/v1/query', asked, { accept: type })).blob());
            fill(said, 'Saved.');
        } catch (problem) {
            fill(said, problemBox(problem));
        }
    };
    const chart = chartOf(answer);
    return el('section.box', { 'aria-labelledby': 'result-title' }, [
        el('h2', { id: 'result-title', tabindex: -1 }, 'Result'),
        warnings(answer),
        answer.rows.length === 0 ? empty('No rows', 'The query is fine; nothing fits it.') : rowsTable(answer, 'Result'),
        proofOf(answer),
        answer.rows.length > 0 && el('div.actions', {}, [
            el('span.soft.small', {}, 'Save as'),
            FILES.map(([text, type, name]) => el('button', { type: 'button', onclick: save(type, name) }, text)),
            said,
        ]),
        chart,
    ]);
}

// Products to begin with: a click puts a statement into the field.
function productsBox(sql) {
    const list = el('div.chips', {});
    const put = (name) => {
        sql.value = `SELECT * FROM ${name} LIMIT 100`;
        sql.focus();
    };
    json(`/v1/products${query({ status: 'active', limit: 30 })}`).then(({ products }) => {
        const names = new Set(products.map(({ domain, name }) => `${quoted(domain)}.${quoted(name)}`)); // majors share theirs
        fill(list, [...names].map((name) => el('button', { type: 'button', onclick: () => put(name) }, name)));
    }, (problem) => fill(list, problemBox(problem)));
    return el('section.box', { 'aria-labelledby': 'begin-title' }, [el('h2', { id: 'begin-title' }, 'Begin with a product'), list]);
}

// A name as SQL takes it: quoted unless it is plain.
export const quoted = (name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
