// SPDX-License-Identifier: Apache-2.0
// What the reader may see of a product, and asking its owner for more.
import { announce, el, fill } from './dom.js';
import { json, post, productApi, query, token } from './api.js';
import { day } from './format.js';
import { box, copyLine, empty, facts, field, idText, loadInto, problemBox, signInPath } from './parts.js';

function verdict(product, access, rights) {
    const for_ = rights.purpose === '' ? '' : ` for the purpose “${rights.purpose}”`;
    if (!access.readable) {
        return el('div.notice.warn', {}, [
            el('strong', {}, `You may not read it${for_}`),
            access.reason && el('p', {}, access.reason),
            access.rule && el('p.small.soft', {}, ['Rule ', el('code', {}, access.rule)]),
        ]);
    }
    const hidden = access.columns.filter((each) => !each.readable).length;
    const masked = access.columns.filter((each) => each.masked).length;
    return [
        el('div.notice', {}, [
            el('strong', {}, `✓ You may read it${for_}`),
            el('p', {}, [
                hidden + masked === 0 && !access.masked ? 'All columns, as their owner has them.'
                    : `${masked} of its columns are masked for you, ${hidden} hidden; see under Columns.`,
            ]),
        ]),
        access.grant && facts([['By the grant', idText(access.grant)]]),
    ];
}

function requestForm(product, major, rights) {
    const purpose = el('input', { id: 'ask-purpose', required: true, maxlength: 127, autocomplete: 'off', value: rights.purpose });
    const until = el('input', { id: 'ask-until', type: 'date' });
    const columns = el('input', { id: 'ask-columns', autocomplete: 'off' });
    const note = el('textarea', { id: 'ask-note', maxlength: 400, rows: 2 });
    const said = el('div', {});
    const button = el('button.main', { type: 'submit' }, 'Send the request');
    const send = async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
            const request = await (await post(productApi(product.domain, major, '/access-requests'), {
                purpose: purpose.value.trim(),
                ...(until.value && { until: until.value }),
                ...(columns.value.trim() && { columns: columns.value.split(',').map((each) => each.trim()).filter(Boolean) }),
                ...(note.value.trim() && { note: note.value.trim() }),
            })).json();
            announce('Your request was sent');
            fill(said, el('div.notice', { role: 'status' }, [
                el('strong', {}, request.delivered ? '✓ Its owner has your request' : '✓ Your request is kept until its owner can be reached'),
                el('p', {}, ['Asked until ', day(Date.parse(request.until)), '. The answer comes to your ', el('a', { href: '/inbox' }, 'inbox'), '.']),
            ]));
        } catch (problem) {
            fill(said, problemBox(problem));
        } finally {
            button.disabled = false;
        }
    };
    return el('details', { id: 'ask' }, [
        el('summary', {}, 'Ask for access'),
        el('form', { onsubmit: send }, [
            el('p.soft', {}, `The request is signed by you and goes to ${product.domain}, who answers it.`),
            el('div.fields', {}, [
                field('What for', purpose, 'Its owner reads this, and a grant holds for it alone.'),
                field('Until', until, 'Empty: 90 days.'),
                field('Columns', columns, 'Empty: all. By comma.'),
            ]),
            field('A word to the owner', note),
            said,
            el('div.actions', {}, button),
        ]),
        el('p.small.soft', {}, 'Or with your key, from a terminal:'),
        copyLine(`freehold access request ${product.domain}/${major} --purpose audit --until 90d`, 'the command'),
    ]);
}

export function accessBox(product, major, rights) {
    if (token() === null) {
        return box('Access', 'access', [
            el('p', {}, product.access === 'mesh' ? 'Every domain of this mesh may read it; its owner may still mask parts of it.'
                : 'Its owner grants access to those who ask.'),
            empty('Sign in to see your rights', 'They depend on who you are and what the data are for.',
                el('a.button', { href: signInPath() }, 'Sign in')),
        ]);
    }
    const place = el('div', {});
    const purpose = el('input', { id: 'purpose', maxlength: 127, autocomplete: 'off' });
    const load = () => {
        rights.purpose = purpose.value.trim();
        return loadInto(place, async () => {
            rights.access = null;
            const access = await json(productApi(product.domain, major, `/access${query({ purpose: rights.purpose })}`));
            rights.access = access;
            rights.listeners.forEach((each) => each());
            const ask = requestForm(product, major, rights);
            ask.open = !access.readable;
            return [verdict(product, access, rights), ask];
        }, 'Asking the owner');
    };
    load();
    return box('Access', 'access', [
        el('form', { onsubmit: (event) => { event.preventDefault(); load(); } }, [
            field('Purpose', purpose, 'What you need the data for. Rights, masks and the sample may depend on it.'),
            el('div.actions', {}, el('button', { type: 'submit' }, 'Look again')),
        ]),
        place,
    ]);
}
