// SPDX-License-Identifier: Apache-2.0
// What the reader may see of a product, and asking its owner for more.
import { el, fill } from './dom.js';
import { json, me, post, productApi, query, token } from './api.js';
import { advice, box, commandOf, copyLine, empty, facts, field, idText, listOf, loadInto, sender, signInPath } from './parts.js';

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

// What the form says, as it stands.
function requestFields(values, changed) {
    const input = (name, more) => el('input', {
        id: `ask-${name}`, autocomplete: 'off', value: values[name], ...more,
        oninput: (event) => {
            values[name] = event.target.value.trim();
            changed();
        },
    });
    return el('div.fields', {}, [
        field('What for', input('purpose', { maxlength: 127, required: true }), 'Its owner reads this, and a grant holds for it alone.'),
        field('Until', input('until', { type: 'date' }), 'Empty: 90 days.'),
        field('Only these columns', input('columns'), 'Empty: all. By comma.'),
        field('A word to the owner', input('note', { maxlength: 400 })),
    ]);
}

// Of a token that may ask: the form sends the request, which the token signs.
function sendForm(product, major, values) {
    const said = el('div', { role: 'status' });
    const send = async () => {
        const { purpose, until, note } = values;
        const columns = listOf(values.columns);
        const answer = await post(productApi(product.domain, major, '/access-requests'),
            { purpose, note, ...(until === '' ? {} : { until }), ...(columns.length === 0 ? {} : { columns }) });
        const request = await answer.json();
        fill(said, el('div.notice', {}, [
            el('strong', {}, answer.status === 200 ? 'You have asked for this already' : '✓ Sent'),
            el('p', {}, [request.delivered ? `${product.domain} has your request. ` : `${product.domain} cannot be reached now; your node hands it over when it can. `,
                'The answer comes to your ', el('a', { href: '/inbox' }, 'inbox'), '.']),
            facts([['Request', idText(request.id)]]),
        ]));
    };
    return el('form', { onsubmit: sender(said, send) }, [
        requestFields(values, () => {}),
        el('div.actions', {}, el('button.main', { type: 'submit' }, 'Send the request')),
        said,
    ]);
}

// Of a token that only reads: the form makes the command that asks with the reader's own key.
function commandForm(product, major, values) {
    const line = el('div', {});
    const draw = () => {
        const { purpose, ...others } = values;
        fill(line, copyLine(commandOf(['access', 'request', `${product.domain}/${major}`], { purpose: purpose || 'PURPOSE', ...others }), 'the command'));
    };
    draw();
    return [
        el('p.soft', {}, ['Your token reads and may not ask; one made with ', el('code', {}, 'freehold token create --may ask'), ' could. Or fill this in, and run the line where your key is:']),
        requestFields(values, draw),
        line,
    ];
}

function requestForm(product, major, rights, self) {
    const values = { purpose: rights.purpose, until: '', columns: '', note: '' };
    return el('details', { id: 'ask' }, [
        el('summary', {}, 'Ask for access'),
        el('p.soft', {}, `Your request is signed in your name and goes to ${product.domain}, who answers it; the answer comes to your inbox.`),
        self.may.includes('ask') ? sendForm(product, major, values) : commandForm(product, major, values),
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
            const [access, self] = await Promise.all([
                json(productApi(product.domain, major, `/access${query({ purpose: rights.purpose })}`)), me()]);
            rights.access = access;
            rights.listeners.forEach((each) => each());
            const ask = requestForm(product, major, rights, self);
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
