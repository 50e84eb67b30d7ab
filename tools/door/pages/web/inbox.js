// SPDX-License-Identifier: Apache-2.0
// Requests for access: those that came for this domain's products, and one's own. The owner's answer is
// signed by the publisher's key, which no browser holds, so this page makes the command that signs it.
import { announce, el, fill } from './dom.js';
import { json, me, token } from './api.js';
import { count, day } from './format.js';
import { commandOf, copyLine, empty, facts, field, idText, loadInto, productPath, signInPath, when } from './parts.js';

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
    return [
        away > 0 && el('div.notice.warn', {}, `${count(away, 'owner')} could not be asked; what you see of their answers may be old.`),
        self.owner && section('To answer', 'to-answer', open, true, 'No request waits for your answer.'),
        section('Sent by you', 'sent', sent, false, 'You have asked for nothing.'),
        section('Answered', 'answered', received.filter((each) => each.state !== 'open'), false, null),
        el('div.actions', {}, el('button', { type: 'button', onclick: again }, 'Look again')),
    ];
}

function section(title, id, requests, isOpen, none) {
    if (requests.length === 0 && none === null) {
        return null;
    }
    return el('section', { 'aria-labelledby': id }, [
        el('h2.found', { id }, requests.length === 0 ? title : `${title} (${requests.length})`),
        requests.length === 0 ? el('p.soft', {}, none) : requests.map((each) => requestCard(each, isOpen)),
    ]);
}

function requestCard(request, isOpen) {
    const who = request.direction === 'sent' ? null : `${request.member ?? 'a member'} of ${request.consumer ?? 'an unknown domain'}`;
    const answer = el('div', {});
    return el('article.box', { 'aria-label': `${request.product}, ${request.purpose}` }, [
        el('h3', {}, linkOf(request.product)),
        el('div.chips', {}, [stateChip(request.state), !request.delivered && el('span.chip', {}, 'not delivered yet')]),
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
        isOpen && el('div.actions', {}, [
            el('button.main', { type: 'button', onclick: () => answerForm(answer, request, 'approve') }, 'Approve …'),
            el('button', { type: 'button', onclick: () => answerForm(answer, request, 'deny') }, 'Deny …'),
        ]),
        isOpen && answer,
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

function answerForm(place, request, verb) {
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
            ? 'A grant is signed by your domain\'s publisher key, which no browser holds. Run this where that key is; add --dry-run to see first what it would do:'
            : 'The answer is signed by your domain\'s publisher key, which no browser holds. Run this where that key is:'),
        line,
    ]);
    place.querySelector('input').focus();
}
