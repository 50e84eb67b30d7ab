// SPDX-License-Identifier: Apache-2.0
// What governs a product: policies, waivers while they hold, and for its publishers whether it keeps them.
import { el, fill } from './dom.js';
import { complianceApi, json, me, query, token } from './api.js';
import { count, day, minute } from './format.js';
import { box, idText, loadInto, table, when } from './parts.js';

const STATES = {
    violated: ['bad', '✕ violated', 'The contract is not as it says, or it closes the product'],
    unknown: ['', '? unknown', 'Nothing here shows whether it holds'],
    waived: ['warn', '! waived', 'A waiver spares from it for a while'],
    ok: ['ok', '✓ ok', 'The rule holds for the product, or touches nothing of it'],
};
export const VERDICTS = Object.keys(STATES); // the worst first

export function verdictChip(state) {
    const [kind, text, title] = STATES[state] ?? ['', state, ''];
    return el(kind === '' ? 'span.chip' : `span.chip.${kind}`, { title }, text);
}

// "mask[0] of policy personal 1.0.0"
function ruleText({ policy, policy_version: version, rule, mesh }) {
    return policy === null ? 'a rule of a policy'
        : `${rule === null ? 'all' : rule} of ${mesh ? 'mesh policy' : 'policy'} ${policy} ${version}`;
}

// Rules that do not bind, one a line; nothing without any.
export function waivedNotes(waived) {
    return waived.map((each) => el(each.break_glass ? 'div.notice.warn' : 'div.notice', {}, [
        el('strong', {}, `${each.break_glass ? 'Break-glass' : 'Waived'}: ${ruleText(each)}`),
        el('p', {}, [`${each.domain}/${each.product}, for ${each.whom}, until `,
            el('time', { datetime: each.until }, minute(Date.parse(each.until))), '. ', idText(each.waiver)]),
    ]));
}

const STANDING = { 'in force': 'ok', expired: 'bad', forked: 'bad', unreadable: 'bad' };

function policyTable(policies) {
    return table('Policies that are about it', [
        { name: 'Policy', cell: (each) => `${each.policy} ${each.version}` },
        { name: 'Of', cell: (each) => (each.mesh ? 'the mesh' : 'its domain') },
        { name: 'State', cell: (each) => {
            const kind = STANDING[each.state];
            return el(kind === undefined ? 'span.chip' : `span.chip.${kind}`, {}, each.state);
        } },
        { name: 'Until', cell: (each) => (each.until ? day(Date.parse(each.until)) : '') },
    ], policies);
}

function said(governance) {
    if (governance === null) {
        return el('p.soft', {}, 'What governs it could not be found out.');
    }
    return [
        governance.policies.length === 0 ? el('p', {}, 'No policy is about it.') : policyTable(governance.policies),
        governance.waived.length > 0 && [el('h3', {}, 'Waivers'), waivedNotes(governance.waived)],
        !governance.whole && el('p.small.soft', {}, 'This is what the mesh agreed on. Its owner may have policies of its own; once you sign in, the owner is asked for them.'),
    ];
}

// For publishers of this node's domain: does the product keep them?
async function verdicts(product, major) {
    const self = token() === null ? null : await me();
    if (self === null || !self.owner) {
        return null;
    }
    const name = `${product.domain}/${major}`;
    const { rows, states } = await json(complianceApi(name, { limit: 1000 }));
    if (rows.length === 0) {
        return null;
    }
    const worst = VERDICTS.find((state) => states[state] > 0);
    const odd = rows.filter(({ state }) => state !== 'ok');
    return [
        el('h3', {}, 'Compliance'),
        el('p', {}, [verdictChip(worst), ` ${count(states.ok, 'rule')} of ${rows.length} hold. `,
            el('a', { href: `/compliance${query({ product: name })}` }, 'Every rule, with what shows it')]),
        odd.length > 0 && table('Rules that do not simply hold', [
            { name: 'Rule', cell: (each) => `${each.rule} of ${each.policy}` },
            { name: 'Verdict', cell: (each) => verdictChip(each.state) },
            { name: 'Evidence', cell: (each) => each.evidence },
            { name: 'Until', cell: (each) => each.waived_until && when(each.waived_until, minute(Date.parse(each.waived_until))) },
        ], odd),
    ];
}

// `rights`: what accessBox learned of the reader, with the owner's own word.
export function governanceBox(product, major, rights) {
    const place = el('div', {});
    const mine = el('div', {});
    const verdict = el('div', {});
    fill(place, said(product.governance));
    rights.listeners.push(() => {
        const access = rights.access;
        if (access === null) {
            return;
        }
        fill(place, said(access.governance ?? product.governance));
        fill(mine, access.waived.length > 0 && el('p', {}, [
            el('strong', {}, 'For you: '), `${access.waived.map(ruleText).join('; ')} ${access.waived.length === 1 ? 'is' : 'are'} waived.`,
        ]));
    });
    if (token() !== null) {
        loadInto(verdict, () => verdicts(product, major), 'Looking at its rules');
    }
    return box('Governance', 'governance', place, mine, verdict);
}
