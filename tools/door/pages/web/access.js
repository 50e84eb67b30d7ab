// SPDX-License-Identifier: Apache-2.0
// What the reader may see of a product, and asking its owner for more.
import { el, fill } from './dom.js';
import { json, productApi, query, token } from './api.js';
import { advice, box, commandOf, copyLine, empty, facts, field, idText, loadInto, signInPath } from './parts.js';

function verdict(product, access, rights) {
    const for_ = rights.purpose === '' ? '' : ` for the purpose “${rights.purpose}”`;
    if (!access.readable) {
        return el('div.notice.warn', {}, [
            el('strong', {}, `You may not read it${for_}`),
            access.reason && advice(access.reason),
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

// A request is signed by the reader's own key, which no browser has: the form makes the command that does it.
function requestForm(product, major, rights) {
    const values = { purpose: rights.purpose, until: '', columns: '', note: '' };
    const line = el('div', {});
    const draw = () => {
        const { purpose, ...others } = values;
        fill(line, copyLine(commandOf(['access', 'request', `${product.domain}/${major}`], { purpose: purpose || 'PURPOSE', ...others }), 'the command'));
    };
    const input = (name, more) => el('input', {
        id: `ask-${name}`, autocomplete: 'off', value: values[name], ...more,
        oninput: (event) => {
            values[name] = event.target.value.trim();
            draw();
        },
    });
    draw();
    return el('details', { id: 'ask' }, [
        el('summary', {}, 'Ask for access'),
        el('p.soft', {}, `Your request is signed by your own key and goes to ${product.domain}, who answers it; the answer comes to your inbox. Fill this in, and run the line where your key is:`),
        el('div.fields', {}, [
            field('What for', input('purpose', { maxlength: 127 }), 'Its owner reads this, and a grant holds for it alone.'),
            field('Until', input('until', { type: 'date' }), 'Empty: 90 days.'),
            field('Only these columns', input('columns'), 'Empty: all. By comma.'),
            field('A word to the owner', input('note', { maxlength: 400 })),
        ]),
        line,
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
