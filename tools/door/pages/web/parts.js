// SPDX-License-Identifier: Apache-2.0
// Pieces that several pages show.
import { announce, el, fill } from './dom.js';
import { ago, brief, heardWords, minute } from './format.js';

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
    return nothing('h2', title, text, actions);
}
// The same in the place of a whole page.
export function emptyPage(title, text, ...actions) {
    return nothing('h1', title, text, actions);
}
function nothing(heading, title, text, actions) {
    return el('div.empty', {}, [
        el(heading, { tabindex: heading === 'h1' ? -1 : null }, title),
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
    stale: ['warn', '! measured too long ago', 'The last measurement counts no longer'],
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
    const [kind, text, title] = Object.hasOwn(table, value) ? table[value] : ['', value, ''];
    return el(kind === '' ? 'span.chip' : `span.chip.${kind}`, { title }, text);
}
export const statusChip = (value) => chip(STATUS, value);
export const qualityChip = (value) => chip(QUALITY, value);
export const signatureChip = (value) => chip(SIGNATURE, value);
export const plainChip = (...children) => el('span.chip', {}, children);

// Does a node of its owner answer, and how old is what is known of it?
export function reachChip(reachable, heard) {
    return reachable
        ? el('span.chip', { title: 'A node of its owner answers' }, [dot('alive'), `owner reachable, heard ${heardWords(heard)}`])
        : el('span.chip.warn', { title: 'No node of its owner answers; what you see is what it said last' },
              [dot('dead'), `owner away, last heard ${heardWords(heard)}`]);
}
export const dot = (state) => el(state === 'alive' ? 'span.dot' : `span.dot.${state}`, { 'aria-hidden': 'true' });

// --- what went wrong ---

// A text of the node. A command that it ends with can be copied.
export function advice(text) {
    const command = /(?:^|: )(freehold [^`;&|<>$()\\\n]+)$/.exec(text);
    if (command === null) {
        return el('p', {}, prose(text));
    }
    const before = text.slice(0, command.index);
    return [before !== '' && el('p', {}, prose(`${before}:`)), copyLine(command[1], 'the command')];
}

// What a status means to who reads it; `detail` says the rest.
const TITLES = {
    400: 'This cannot be asked so',
    401: 'Sign in first',
    403: 'You may not do this',
    404: 'Not found',
    409: 'This is not possible now',
    413: 'This is too much',
    422: 'This does not work',
    429: 'Too much at once',
    500: 'The node has a defect',
    502: 'The answer cannot be relied on',
    503: 'Nobody answers just now',
    504: 'It took too long',
};

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
        el('strong', {}, problem.heading ?? TITLES[problem.status] ?? problem.title),
        problem.detail && advice(problem.detail),
        problem.hint && advice(problem.hint),
        problem.rule && el('p.small.soft', {}, ['Rule ', el('code', {}, problem.rule)]),
        problem.retry && el('p.small', {}, `Try again in ${problem.retry} seconds.`),
        helps.length > 0 && el('div.actions', {}, helps),
    ]);
}

export function signInPath() {
    const here = location.pathname + location.search;
    return here.startsWith('/sign-in') ? '/sign-in' : `/sign-in?to=${encodeURIComponent(here)}`;
}

// Fills `place` with what `load` gives, and says what went wrong otherwise, with a way to try again. Of
// several loads into one place the last one counts, whichever ends first.
const loads = new WeakMap();
export async function loadInto(place, load, text) {
    const mine = (loads.get(place) ?? 0) + 1;
    loads.set(place, mine);
    fill(place, waiting(text));
    place.setAttribute('aria-busy', 'true');
    let shown;
    try {
        shown = await load();
    } catch (problem) {
        const isFinal = problem.status === 401 || problem.status === 403;
        shown = problemBox(problem, !isFinal &&
            el('button', { type: 'button', onclick: () => loadInto(place, load, text) }, 'Try again'));
    }
    if (loads.get(place) === mine) {
        fill(place, shown);
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

// A word as a shell takes it: in quotes unless it is plain.
export const shellWord = (text) => (/^[\w./:@,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

// "freehold access approve ID --until 30d": the words, and the flags that are set.
export function commandOf(words, flags) {
    const set = Object.entries(flags).filter(([, value]) => value !== '').flatMap(([name, value]) => [`--${name}`, shellWord(value)]);
    return ['freehold', ...words.map(shellWord), ...set].join(' ');
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
    return el(tall ? 'div.frame.tall' : 'div.frame', { role: 'group', 'aria-label': caption, tabindex: 0 }, [
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

// "a, b" as a list of the words between its commas.
export const listOf = (text) => text.split(',').map((each) => each.trim()).filter((each) => each !== '');

// What a form that posts something does with its button: a second press while `send` is on its way sends
// nothing, and `said` says what went wrong.
export function sender(said, send) {
    let sending = false;
    return async (event) => {
        event.preventDefault();
        if (sending) {
            return;
        }
        sending = true;
        fill(said);
        try {
            await send();
        } catch (problem) {
            fill(said, problemBox(problem));
        }
        sending = false;
    };
}
