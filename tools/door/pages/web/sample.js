// SPDX-License-Identifier: Apache-2.0
// Some rows of a product, as the reader would get them: through gate, rights and masks of the owner.
import { announce, el } from './dom.js';
import { json, productApi, query, token } from './api.js';
import { count } from './format.js';
import { proofOf, rowsTable, warnings } from './answer.js';
import { box, empty, field, loadInto, signInPath } from './parts.js';

const ROWS = 10;

export function sampleBox(product, major, rights) {
    if (token() === null) {
        return box('Sample', 'sample', empty('Sign in to see rows', 'The owner shows them to you, not to a browser, and masks what you may not see.',
            el('a.button', { href: signInPath() }, 'Sign in')));
    }
    const place = el('div', {});
    const pick = product.tables.length > 1 && el('select', { id: 'sample-table' }, product.tables.map((each) => el('option', { value: each.name }, each.name)));
    const show = () => loadInto(place, async () => {
        const answer = await json(productApi(product.domain, major, `/sample${query({ table: pick && pick.value, limit: ROWS, purpose: rights.purpose })}`));
        announce(count(answer.rows.length, 'row'));
        return [
            warnings(answer),
            answer.rows.length === 0 ? empty('No rows', 'There are none that you may see.') : rowsTable(answer, `Sample of ${product.product}`),
            proofOf(answer),
        ];
    }, 'Asking the owner');
    const open = el('div', {}, [
        el('p.soft', {}, `${ROWS} rows, read at the owner now and masked as for any of your queries. It counts as one.`),
        pick && field('Table', pick),
        el('div.actions', {}, el('button.main', { type: 'button', onclick: show }, 'Show rows')),
        place,
    ]);
    const shut = el('p', { hidden: true }, ['You have no access to its rows. ', el('a', { href: '#access' }, 'Ask its owner'), '.']);
    rights.listeners.push(() => {
        open.hidden = rights.access !== null && !rights.access.readable;
        shut.hidden = !open.hidden;
    });
    return box('Sample', 'sample', [open, shut]);
}
