// SPDX-License-Identifier: Apache-2.0
// Pieces that several pages show.
import { announce, el, fill } from './dom.js';
import { ago, brief, minute, span } from './format.js';

export const productPath = (domain, product) =>
    `/products/${encodeURIComponent(domain)}/${encodeURIComponent(product).replaceAll('%40', '@')}`;
export const domainPath = (domain) => `/domains/${encodeURIComponent(domain)}`;

export function box(title, id, ...children) {
    return el('section.box', { id, 'aria-labelledby': `${id}-title` }, [
        el('h2', { id: `${id}-title` }, title),
        children,
    ]);
}

export const waiting = (text = 'One moment') => el('p.waiting', {}, `${text} …`);

export function empty(title, text, ...actions) {
    return el('div.empty', {}, [
        el('h2', {}, title),
        el('p', {}, text),
        actions.length > 0 && el('div.actions', {}, actions),
    ]);
}

// What stands between two backquotes is code, as in Markdown; all else is text.
export function prose(text) {
    return String(text).split(/(`[^`]+`)/).map((piece) =>
        /^`[^`]+`$/.test(piece) ? el('code', {}, piece.slice(1, -1)) : piece);
}
export const paragraphs = (text) => String(text).trim().split(/\n\s*\n/).map((each) => el('p', { dir: 'auto' }, prose(each)));

// Pairs of a name and what it is; those without a value are left out.
export function facts(pairs) {
    return el('dl.facts', {}, pairs
        .filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
        .map(([name, value]) => el('div', {}, [el('dt', {}, name), el('dd', {}, value)])));
}

// A time of the API: its age in words, and its date in the title.
export function when(time, text = ago(Date.now() - Date.parse(time))) {
    return el('time', { datetime: time, title: minute(Date.parse(time)) }, text);
}

export const idText = (id) => el('code', { title: id }, brief(id));

// --- words with a colour, which never stands alone ---

const STATUS = {
    draft: ['', 'draft', 'Not promised yet: it may change at any time'],
    active: ['ok', 'active', 'In use, by its contract'],
    deprecated: ['warn', 'deprecated', 'Still served, but it will end'],
    retired: ['bad', 'retired', 'Served no longer'],
    withdrawn: ['bad', 'withdrawn', 'Taken back by its owner'],
};
const QUALITY = {
    ok: ['ok', '✓ promises kept', 'The owner measured it: every promise of the contract holds'],
    warn: ['warn', '! warnings', 'The owner measured it: some promises give a warning'],
    fail: ['bad', '✕ promise broken', 'The owner measured it: a promise of the contract does not hold'],
    stale: ['warn', '⏱ measured too long ago', 'The last measurement counts no longer'],
    unknown: ['', 'not measured', 'No measurement of the owner is known here'],
};
const SIGNATURE = {
    verified: ['ok', '✓ signature verified', 'Signed by the key of the domain that owns it'],
    awaited: ['', 'contract on its way', 'The announcement verifies; its contract has not come yet'],
    refused: ['bad', '✕ refused', 'The contract breaks a rule of the mesh'],
    forked: ['bad', '✕ two contracts of one number', 'Its owner signed two that contradict each other'],
    frozen: ['bad', '✕ owner frozen', 'Its owner signed two key events of one number'],
    contested: ['bad', '✕ name contested', 'The owner\'s name was given to another domain too'],
};

function chip(table, value) {
    const [kind, text, title] = table[value] ?? ['', value, ''];
    return el(kind === '' ? 'span.chip' : `span.chip.${kind}`, { title }, text);
}
export const statusChip = (value) => chip(STATUS, value);
export const qualityChip = (value) => chip(QUALITY, value);
export const signatureChip = (value) => chip(SIGNATURE, value);
export const plainChip = (...children) => el('span.chip', {}, children);

// Does a node of its owner answer, and how old is what is known of it? `heard` is a time or null.
export function reachChip(reachable, heard) {
    const since = heard ? span(Date.now() - Date.parse(heard)) : null;
    return reachable
        ? el('span.chip', { title: 'A node of its owner answers' }, [dot('alive'), 'owner reachable'])
        : el('span.chip.warn', { title: 'No node of its owner answers; what you see is what it said last' },
              [dot('dead'), since === null ? 'owner not reachable' : `owner away, last heard ${since} ago`]);
}
export const dot = (state) => el(state === 'alive' ? 'span.dot' : `span.dot.${state}`, { 'aria-hidden': 'true' });

// --- what went wrong ---

// A hint that is a command can be copied; words stay words.
function hintOf(hint) {
    const command = /(?:^|`|: )(freehold [^`]+)`?$/.exec(hint);
    if (command === null) {
        return el('p', {}, prose(hint));
    }
    const before = hint.slice(0, command.index).replace(/[:\s]+$/, '');
    return [before !== '' && el('p', {}, prose(`${before}:`)), copyLine(command[1], 'the command')];
}

// A problem with its rule, its hint and the command or page that helps.
export function problemBox(problem, ...actions) {
    if (problem.status === undefined) {
        throw problem; // a defect of this page, not an answer
    }
    const refused = problem.status === 401 || problem.status === 403;
    const helps = [
        problem.status === 401 && el('a.button.main', { href: signInPath() }, 'Sign in'),
        ...actions,
    ].filter(Boolean);
    return el(refused ? 'div.notice.warn' : 'div.notice.bad', { role: 'alert' }, [
        el('strong', {}, problem.title),
        problem.detail && problem.detail !== problem.title && el('p', {}, problem.detail),
        problem.hint && hintOf(problem.hint),
        problem.rule && el('p.small.soft', {}, ['Rule ', el('code', {}, problem.rule)]),
        problem.retry && el('p.small', {}, `Try again in ${problem.retry} seconds.`),
        helps.length > 0 && el('div.actions', {}, helps),
    ]);
}

export function signInPath() {
    const here = location.pathname + location.search;
    return here.startsWith('/sign-in') ? '/sign-in' : `/sign-in?to=${encodeURIComponent(here)}`;
}

// Fills `place` with what `load` gives, and says what went wrong otherwise, with a way to try again.
export async function loadInto(place, load, text) {
    fill(place, waiting(text));
    place.setAttribute('aria-busy', 'true');
    try {
        fill(place, await load());
    } catch (problem) {
        if (problem.name === 'AbortError') {
            return;
        }
        fill(place, problemBox(problem, problem.status !== 401 && problem.status !== 403 &&
            el('button', { type: 'button', onclick: () => loadInto(place, load, text) }, 'Try again')));
    } finally {
        place.removeAttribute('aria-busy');
    }
}

// --- things to take along ---

async function copyText(text, button) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // Without TLS and off loopback a browser lends no clipboard: then it is selected instead.
        const range = document.createRange();
        range.selectNodeContents(button.parentNode.querySelector('pre'));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        announce('Selected; copy it with your keyboard');
        return;
    }
    fill(button, 'Copied');
    announce('Copied');
    setTimeout(() => fill(button, 'Copy'), 2000);
}

export function copyLine(text, what) {
    const button = el('button', { type: 'button', 'aria-label': `Copy ${what}` }, 'Copy');
    button.addEventListener('click', () => copyText(text, button));
    return el('div.copy', {}, [el('pre', { tabindex: 0 }, el('code', {}, text)), button]);
}

// --- tables ---

// A table in a frame that scrolls by itself. `columns`: {name, num, cell: (row) => child}; the first is
// the row's heading if `headed`. `stack` makes cards of the rows on a narrow screen.
export function table(caption, columns, rows, { stack = true, tall = false, headed = true } = {}) {
    const body = rows.map((row) => el('tr', {}, columns.map((column, i) =>
        el(i === 0 && headed ? 'th' : column.num ? 'td.num' : 'td', {
            scope: i === 0 && headed ? 'row' : null,
            'data-label': i === 0 && headed ? null : column.name,
        }, column.cell(row)))));
    return el(tall ? 'div.frame.tall' : 'div.frame', { role: 'region', 'aria-label': caption, tabindex: 0 }, [
        el(stack ? 'table.stack' : 'table', {}, [
            el('caption.unseen', {}, caption),
            el('thead', {}, el('tr', {}, columns.map((column) =>
                el(column.num ? 'th.num' : 'th', { scope: 'col' }, column.name)))),
            el('tbody', {}, body),
        ]),
    ]);
}

// Fields of a form, each with its label.
export function field(label, control, hint) {
    const id = control.id || `f-${label.toLowerCase().replace(/[^a-z]+/g, '-')}`;
    control.id = id;
    if (hint) {
        control.setAttribute('aria-describedby', `${id}-hint`);
    }
    return el('div.field', {}, [
        el('label', { for: id }, label),
        control,
        hint && el('small', { id: `${id}-hint` }, hint),
    ]);
}
