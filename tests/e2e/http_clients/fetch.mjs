// SPDX-License-Identifier: Apache-2.0
// What deploy/clients/README.md says of JavaScript, by fetch and apache-arrow: each feature as a section
// "== FEATURE" of what it gave. The questions come in the environment.
import { createRequire } from 'node:module';

const { RecordBatchReader } = createRequire(`${process.env.NODE_PATH}/`)('apache-arrow');
const { FREEHOLD_URL: url, FREEHOLD_TOKEN: token, MASKED, JOINED, ONE, LONG } = process.env;

function ask(sql, accept, { params = {}, authorization = `Bearer ${token}`, signal } = {}) {
    return fetch(`${url}/v1/query`, {
        method: 'POST',
        headers: { Accept: accept, 'Content-Type': 'application/json', ...(authorization && { Authorization: authorization }) },
        body: JSON.stringify({ sql, params }),
        signal,
    });
}
async function csv(sql, options) {
    const answer = await ask(sql, 'text/csv', options);
    if (!answer.ok) {
        throw new Error(await answer.text());
    }
    return (await answer.text()).trimEnd();
}
async function arrow(sql) {
    const reader = await (await RecordBatchReader.from((await ask(sql, 'application/vnd.apache.arrow.stream')).body)).open();
    const lines = [];
    let names;
    for await (const batch of reader) {
        names = batch.schema.fields.map((field) => field.name);
        lines.push(...[...batch].map((row) => names.map((name) => row[name]).join(',')));
    }
    return [names.join(','), ...lines].join('\n');
}
async function json(sql) {
    const { columns, rows } = await (await ask(sql, 'application/json')).json();
    return [columns.map(({ name }) => name), ...rows].map((row) => row.join(',')).join('\n');
}
async function cancel() {
    try {
        await (await ask(LONG, 'text/csv', { signal: AbortSignal.timeout(1000) })).text();
        return 'an answer';
    } catch (error) {
        return error.name;
    }
}
async function sunset() {
    return (await fetch(`${url}/v1/products/shop/old`)).headers.get('Sunset');
}

const sections = {
    'sign-in': async () => (await ask(ONE, 'text/csv', { authorization: '', params: { id: 1 } })).status,
    csv: () => csv(MASKED),
    masked: () => csv(MASKED),
    json: () => json(MASKED),
    arrow: () => arrow(MASKED),
    join: () => arrow(JOINED),
    parameters: () => csv(ONE, { params: { id: 1 } }),
    deprecation: sunset,
    cancel,
};
for (const [name, make] of Object.entries(sections)) {
    console.log(`== ${name}\n${await make()}`);
}
