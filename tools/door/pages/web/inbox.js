// SPDX-License-Identifier: Apache-2.0
// Requests for access: those that came for this domain's products, and one's own. A publisher's token that
// may decide answers them here; for any other this page makes the command that the publisher's key signs.
import { announce, el, fill } from './dom.js';
import { json, me, post, token } from './api.js';
import { count, day } from './format.js';
import { commandOf, copyLine, empty, facts, field, idText, listOf, loadInto, productPath, sender, signInPath, when } from './parts.js';

const STATES = {
    waiting: ['', 'on its way to the owner'],
    open: ['warn', 'waits for an answer'],
    approved: ['ok', 'approved'],
    denied: ['bad', 'denied'],
    ended: ['', 'ended'],
};

function stateChip(state) {
    const [kind, text] = STATES[state] ?? ['', state];
    return el(kind === '' ? 'span.chip' : `span.chip.${kind}`, {}, text);
}

function linkOf(product) {
    const [domain, name] = product.split('/');
    return el('a', { href: productPath(domain, name ?? '') }, product);
}

export function show(place) {
    const body = el('div', {});
    document.title = 'Inbox · Data catalogue';
    fill(place, [
        el('div.head', {}, [
            el('h1', { tabindex: -1 }, 'Inbox'),
            el('p', {}, 'Who asks for what, what for, and what became of it.'),
        ]),
        body,
    ]);
    if (token() === null) {
        fill(body, empty('Sign in to see requests', 'Requests are between those who ask and the owner.',
            el('a.button.main', { href: signInPath() }, 'Sign in')));
        return;
    }
    loadInto(body, () => load(body));
}

async function load(body) {
    const [{ requests, away }, self] = await Promise.all([json('/v1/access-requests'), me()]);
    const received = requests.filter(({ direction }) => direction === 'received');
    const sent = requests.filter(({ direction }) => direction === 'sent');
    const open = received.filter(({ state }) => state === 'open');
    announce(`${count(open.length, 'request')} to answer`);
    if (requests.length === 0) {
        return empty('Nothing here', `You have asked for nothing. ${self.owner
            ? 'Nobody has asked for your domain\'s products.' : `What others ask for is shown to publishers of ${self.node.domain}, at its own node.`}`,
            el('a.button', { href: '/' }, 'Find products'));
    }
    const again = () => loadInto(body, () => load(body));
    const decides = self.may.includes('decide') ? again : null;
    return [
        away > 0 && el('div.notice.warn', {}, `${count(away, 'owner')} could not be asked; what you see of their answers may be old.`),
        self.owner && section('To answer', 'to-answer', open, answerWith(decides), 'No request waits for your answer.'),
        section('Sent by you', 'sent', sent, null, 'You have asked for nothing.'),
        section('Answered', 'answered', received.filter((each) => each.state !== 'open'), null, null),
        el('div.actions', {}, el('button', { type: 'button', onclick: again }, 'Look again')),
    ];
}

// What makes the form of an answer: one that sends it, or one that shows the command.
const answerWith = (again) => (place, request, verb) =>
    (again === null ? commandForm(place, request, verb) : sendForm(place, request, verb, again));

function section(title, id, requests, answer, none) {
    if (requests.length === 0 && none === null) {
        return null;
    }
    return el('section', { 'aria-labelledby': id }, [
        el('h2.found', { id }, requests.length === 0 ? title : `${title} (${requests.length})`),
        requests.length === 0 ? el('p.soft', {}, none) : requests.map((each) => requestCard(each, answer)),
    ]);
}

function requestCard(request, answer) {
    const who = request.direction === 'sent' ? null : `${request.member ?? 'a member'} of ${request.consumer ?? 'an unknown domain'}`;
    const form = el('div', {});
    return el('article.box', { 'aria-label': `${request.product}, ${request.purpose}` }, [
        el('h3', {}, linkOf(request.product)),
        el('div.chips', {}, [
            stateChip(request.state),
            !request.delivered && el('span.chip', {}, 'not delivered yet'),
            request.by_token && el('span.chip', { title: 'A token of this member asked, not the key itself' }, 'asked by token'),
            request.answered_by_token && el('span.chip', { title: 'A token of the owner\'s publisher answered' }, 'answered by token'),
        ]),
        facts([
            ['Who asks', who],
            ['Purpose', request.purpose],
            ['Columns', request.columns.length === 0 ? 'all' : request.columns.join(', ')],
            ['Until', day(Date.parse(request.until))],
            ['Asked', when(request.created)],
            ['Note', request.note && el('span', { dir: 'auto' }, request.note)],
            ['Answer', request.reason && el('span', { dir: 'auto' }, request.reason)],
            ['Request', idText(request.id)],
        ]),
        answer && el('div.actions', {}, [
            el('button.main', { type: 'button', onclick: () => answer(form, request, 'approve') }, 'Approve …'),
            el('button', { type: 'button', onclick: () => answer(form, request, 'deny') }, 'Deny …'),
        ]),
        answer && form,
    ]);
}

const FLAGS = {
    approve: [
        ['until', 'Until', 'Empty: as asked. 30d, or a date'],
        ['columns', 'Only these columns', 'Empty: as asked. table.column, by comma'],
        ['rows', 'Only rows where', "A condition, such as region = 'north'"],
        ['budget', 'At most', '1000000/day (rows), 60/hour (queries)'],
        ['note', 'A word to who asked', ''],
    ],
    deny: [['reason', 'Reason', 'What who asked is told']],
};

// The form is the confirmation: nothing is signed before its own button is pressed.
const SENT = {
    approve: [
        ['until', 'Until', 'Empty: as asked, or 90 days. A date', { type: 'date' }],
        ['columns', 'Only these columns', 'Empty: as asked. table.column, by comma', {}],
        ['rows', 'Only rows where', "A condition, such as region = 'north'", {}],
        ['reason', 'A word to who asked', '', { maxlength: 400 }],
    ],
    deny: [['reason', 'Reason', 'What who asked is told', { maxlength: 400, required: true }]],
};

function bodyOf(values) {
    const columns = listOf(values.columns ?? '');
    const said = Object.entries(values).filter(([name, value]) => name !== 'columns' && value !== '');
    return { ...Object.fromEntries(said), ...(columns.length === 0 ? {} : { columns }) };
}

function sendForm(place, request, verb, again) {
    const values = {};
    const said = el('div', {});
    const inputs = SENT[verb].map(([name, label, hint, more]) => field(label, el('input', {
        id: `${verb}-${name}-${request.id}`, autocomplete: 'off', ...more,
        oninput: (event) => { values[name] = event.target.value.trim(); },
    }), hint));
    const send = async () => {
        await post(`/v1/access-requests/${request.id}/${verb}`, bodyOf(values));
        announce(verb === 'approve' ? 'Approved' : 'Denied');
        again();
    };
    fill(place, el('form', { onsubmit: sender(said, send) }, [
        el('p', {}, verb === 'approve'
            ? `${request.member ?? 'This member'} of ${request.consumer ?? 'an unknown domain'} may then read ${request.product} for “${request.purpose}”. You can end it with freehold grant revoke.`
            : 'The request ends, and who asked is told your reason.'),
        el('div.fields', {}, inputs),
        el('div.actions', {}, [
            el('button.main', { type: 'submit' }, verb === 'approve' ? 'Sign the approval' : 'Sign the denial'),
            el('button', { type: 'button', onclick: () => fill(place) }, 'Cancel'),
        ]),
        said,
    ]));
    place.querySelector('input').focus();
}

function commandForm(place, request, verb) {
    const values = Object.fromEntries(FLAGS[verb].map(([flag]) => [flag, '']));
    const line = el('div', {});
    const draw = () => fill(line, copyLine(commandOf(['access', verb, request.id], values), 'the command'));
    const inputs = FLAGS[verb].map(([flag, label, hint]) => {
        const input = el('input', { id: `${verb}-${flag}-${request.id}`, autocomplete: 'off', oninput: () => { values[flag] = input.value.trim(); draw(); } });
        return field(label, input, hint);
    });
    draw();
    fill(place, [
        el('div.fields', {}, inputs),
        el('p.small', {}, verb === 'approve'
            ? 'Your token may not decide: a grant is then signed by your domain\'s publisher key, which no browser holds. Run this where that key is; add --dry-run to see first what it would do:'
            : 'Your token may not decide: the answer is then signed by your domain\'s publisher key, which no browser holds. Run this where that key is:'),
        line,
    ]);
    place.querySelector('input').focus();
}
