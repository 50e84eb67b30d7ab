// SPDX-License-Identifier: Apache-2.0
// Asks the server that served this page. The token lives in this tab's sessionStorage and goes out in
// the Authorization header alone: there is no cookie that another site could make a browser send.

const TOKEN = 'token';
let mine = null; // the promise of /v1/me, for the token that is there

export const token = () => sessionStorage.getItem(TOKEN);
export function setToken(text) {
    if (text === null) {
        sessionStorage.removeItem(TOKEN);
    } else {
        sessionStorage.setItem(TOKEN, text);
    }
    mine = null;
}

// Who is signed in, and at which node. Asked once for each token; a failure is not kept.
export function me() {
    mine ??= json('/v1/me').catch((problem) => {
        mine = null;
        throw problem;
    });
    return mine;
}

// What the server refused, by RFC 9457, or why there is no answer at all.
export class Problem extends Error {
    constructor(fields) {
        super(fields.detail ?? fields.heading ?? fields.title);
        Object.assign(this, fields);
    }
}

async function problemOf(answer) {
    const fields = { status: answer.status, title: answer.statusText || `Status ${answer.status}` };
    try {
        Object.assign(fields, await answer.json());
    } catch {
        // Not every server between here and there speaks JSON; the status alone must do.
    }
    return new Problem({ ...fields, status: answer.status, retry: answer.headers.get('Retry-After') });
}

// The answer, or a Problem. `options` as those of fetch; `accept` is the type that is wanted.
export async function ask(path, { accept = 'application/json', headers = {}, ...options } = {}) {
    const sent = { Accept: accept, ...headers };
    if (token() !== null) {
        sent.Authorization = `Bearer ${token()}`;
    }
    let answer;
    try {
        answer = await fetch(path, { ...options, headers: sent, credentials: 'omit', cache: 'no-cache' });
    } catch (error) {
        if (error.name === 'AbortError') {
            throw error;
        }
        throw new Problem({
            status: 0,
            heading: 'The node does not answer',
            detail: 'The server that this page came from cannot be reached. What you see may be old.',
        });
    }
    if (!answer.ok) {
        throw await problemOf(answer);
    }
    return answer;
}

export async function json(path, options) {
    return (await ask(path, options)).json();
}

// Whether a browser that goes back, or wakes a tab, took the page as it was then, without asking.
const isOld = () => document.wasDiscarded === true ||
    performance.getEntriesByType('navigation')[0]?.type === 'back_forward';

// The list that came with the page of "/", for the first who asks; undefined when there is none.
export function given() {
    const first = document.getElementById('first');
    first?.remove();
    return first && !isOld() ? JSON.parse(first.textContent) : undefined;
}

export function post(path, body, options = {}) {
    return ask(path, {
        ...options,
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
    });
}

// "?a=1&b=2" of what is set; a list gives its name several times.
export function query(fields) {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) {
        for (const each of Array.isArray(value) ? value : [value]) {
            if (each !== undefined && each !== null && each !== '' && each !== false) {
                words.append(name, each);
            }
        }
    }
    const text = words.toString();
    return text === '' ? '' : `?${text}`;
}

const part = (name) => encodeURIComponent(name).replaceAll('%40', '@');
// The API's address of a product, `product` with or without its @version.
export const productApi = (domain, product, rest = '') => `/v1/products/${part(domain)}/${part(product)}${rest}`;
// And of its compliance; `product` as "shop/orders@1".
export const complianceApi = (product, fields = {}) => `/v1/compliance/${product.split('/').map(part).join('/')}${query(fields)}`;
