// SPDX-License-Identifier: Apache-2.0
// Compliance: each product of a domain and each rule of its policies, with what shows it.
import { announce, el, fill } from './dom.js';
import { complianceApi, json, me, query, token } from './api.js';
import { count, minute } from './format.js';
import { go } from './app.js';
import { copyLine, empty, facts, field, idText, loadInto, productPath, shellWord, signInPath, when } from './parts.js';
import { VERDICTS, verdictChip } from './governance.js';

const wordsOf = () => Object.fromEntries(new URLSearchParams(location.search));
const addressOf = (words) => `/compliance${query(words)}`;

function pick(label, id, options, value, change) {
    return field(label, el('select', { id, onchange: (event) => change(event.target.value) }, options.map(([word, text]) =>
        el('option', { value: word, selected: word === value }, text))));
}

function filters(words, domains, kinds) {
    const change = (name) => (value) => go(addressOf({ ...words, [name]: value }), { replace: true });
    return el('div.fields', {}, [
        pick('Domain', 'c-domain', domains.map((name) => [name, name]), words.domain ?? domains[0],
            (value) => go(addressOf({ rule: words.rule, state: words.state, domain: value === domains[0] ? '' : value }), { replace: true })),
        pick('Rule', 'c-rule', [['', 'every rule'], ['policy', 'the policy as a whole'], ...kinds.map((kind) => [kind, kind])],
            words.rule ?? '', change('rule')),
        pick('Verdict', 'c-state', [['', 'any'], ...VERDICTS.map((state) => [state, state])], words.state ?? '', change('state')),
    ]);
}

function rowCard(row) {
    const [domain, name] = row.product.split('/');
    const [policy] = row.policy.split(' ');
    return el('article.box', { 'aria-label': `${row.product}, ${row.rule} of ${row.policy}` }, [
        el('h3', {}, el('a', { href: productPath(domain, name.replace(/\..*$/, '')) }, row.product)),
        el('div.chips', {}, [
            verdictChip(row.state),
            el('span.chip', {}, row.rule === 'policy' ? `${row.policy} as a whole` : `${row.rule} of ${row.policy}`),
            row.of === 'mesh' && el('span.chip', { title: 'Agreed on by the domains' }, 'mesh policy'),
        ]),
        el('p', { dir: 'auto' }, row.evidence ?? ''),
        el('details', {}, [
            el('summary', {}, 'What shows it'),
            facts([
                ['Waiver', row.waiver && [`${row.waiver_kind}, until `, el('time', { datetime: row.waived_until }, minute(Date.parse(row.waived_until))), ' ', idText(row.waiver)]],
                ['Enforced last', row.record > 0 && [`record ${row.record} of the audit log, `, when(row.enforced)]],
                ['Read by', row.readers && [row.readers, row.read && [', ', when(row.read)]]],
                ['Quality', [row.quality, row.measured && [', measured ', when(row.measured)]]],
                ['Contract', `${row.classified} of ${count(row.columns, 'column')} classified, ${count(row.sla, 'service level')}, ${count(row.support, 'channel')} of support`],
                ['Owner', row.owner],
            ]),
            row.line > 0 && [el('p.small.soft', {}, `Line ${row.line} of the policy, and the rule explained:`),
                copyLine(`freehold policy show ${policy}${row.of === 'mesh' ? ' --mesh' : ''}`, 'the command')],
            copyLine(`freehold compliance explain ${shellWord(`${domain}/${name.replace(/\..*$/, '')}`)} ${shellWord(row.rule)}`, 'the command'),
        ]),
    ]);
}

function stateLinks(words, states) {
    return el('p.chips', {}, VERDICTS.map((state) => el('a', { href: addressOf({ ...words, state: words.state === state ? '' : state }),
        'aria-current': words.state === state ? 'true' : null }, [verdictChip(state), ` ${states[state]}`])));
}

const apiOf = ({ product, ...words }, more) => (product ? complianceApi(product, { ...words, domain: '', ...more }) : `/v1/compliance${query({ ...words, ...more })}`);

async function load(words, form) {
    const [found, self, { domains }] = await Promise.all([json(apiOf(words, { limit: 100 })), me(), json('/v1/domains')]);
    const others = domains.map(({ name }) => name).filter((name) => name !== self.node.domain).sort();
    fill(form, !words.product && filters(words, [self.node.domain, ...others], found.kinds));
    announce(count(found.total, 'rule'));
    const list = el('div', {}, found.rows.map(rowCard));
    const more = el('div.actions', {});
    const draw = (next) => fill(more, next && el('button', { type: 'button', onclick: async () => {
        const page = await json(apiOf(words, { limit: 100, cursor: next }));
        list.append(...page.rows.map(rowCard));
        draw(page.next);
    } }, 'Show more'));
    draw(found.next);
    return [
        found.log_changed && el('div.notice.bad', { role: 'alert' }, [el('strong', {}, 'The audit log was changed'),
            copyLine('freehold audit verify', 'the command')]),
        stateLinks(words, found.states),
        found.total === 0 ? empty('No rule is like that', words.state || words.rule ? 'Take a filter away to see others.' : 'No policy is about these products.')
            : [el('h2.found', {}, count(found.total, 'rule')), list, more],
    ];
}

export function show(place) {
    const words = wordsOf();
    const body = el('div', {});
    const form = el('div', {});
    document.title = 'Compliance · Data catalogue';
    fill(place, [
        el('div.head', {}, [
            el('h1', { tabindex: -1 }, 'Compliance'),
            el('p', {}, words.product ? ['Every rule about ', el('code', {}, words.product), '. ', el('a', { href: '/compliance' }, 'All products')]
                : 'Every product and every rule of the policies that govern it, with what shows whether it holds.'),
        ]),
        form,
        body,
    ]);
    if (token() === null) {
        fill(body, empty('Sign in to see what products keep', 'It is shown to publishers of this node\'s domain.',
            el('a.button.main', { href: signInPath() }, 'Sign in')));
        return;
    }
    loadInto(body, () => load(words, form), 'Looking at every rule');
}
