// SPDX-License-Identifier: Apache-2.0
// Elements. Whatever comes from the mesh goes through `el` as text or as an attribute of the list
// below, so it can be neither markup nor script; the server's Content-Security-Policy makes sure of it
// a second time.

const SVG = 'http://www.w3.org/2000/svg';
const SVG_NAMES = new Set(['svg', 'g', 'path', 'circle', 'line', 'rect', 'text', 'title', 'polyline']);

// A link out of a contract: web and mail only. Anything else is no link.
function safeHref(href) {
    const text = String(href);
    if (/^[/#?](?!\/)/.test(text)) {
        return text;
    }
    try {
        const url = new URL(text);
        return ['http:', 'https:', 'mailto:', 'blob:'].includes(url.protocol) ? url.href : null;
    } catch {
        return null;
    }
}

function add(parent, child) {
    if (Array.isArray(child)) {
        child.forEach((each) => add(parent, each));
    } else if (child instanceof Node) {
        parent.append(child);
    } else if (child !== null && child !== undefined && child !== false) {
        parent.append(document.createTextNode(String(child)));
    }
}

function setAttribute(node, name, value) {
    if (name.startsWith('on')) {
        node.addEventListener(name.slice(2), value);
    } else if (name === 'href') {
        const href = safeHref(value);
        if (href !== null) {
            node.setAttribute('href', href);
        }
    } else if (name === 'value' || name === 'checked' || name === 'selected') {
        node[name] = value;
    } else if (value === true) {
        node.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
        node.setAttribute(name, String(value));
    }
}

// el('p.soft', {id: 'x', onclick: f}, 'text', node, [more]): strings become text, never markup. A link
// in a picture is an 'svg:a'.
export function el(name, attributes, ...children) {
    const [word, ...classes] = name.split('.');
    const tag = word.replace('svg:', '');
    // The title of a picture, not that of a document: here no other is made.
    const node = tag !== word || SVG_NAMES.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
    if (classes.length > 0) {
        node.setAttribute('class', classes.join(' '));
    }
    for (const [key, value] of Object.entries(attributes ?? {})) {
        setAttribute(node, key, value);
    }
    add(node, children);
    return node;
}

export function fill(node, ...children) {
    node.replaceChildren();
    add(node, children);
    return node;
}

export const byId = (id) => document.getElementById(id);

let announcing;
// Says something to those who hear the page instead of seeing it.
export function announce(text) {
    clearTimeout(announcing);
    announcing = setTimeout(() => fill(byId('live'), text), 150);
}

// Calls `f` once nothing has happened for `ms`.
export function debounced(f, ms) {
    let timer;
    return (...words) => {
        clearTimeout(timer);
        timer = setTimeout(() => f(...words), ms);
    };
}

// Hands the reader a file that was made here.
export function saveFile(name, blob) {
    const href = URL.createObjectURL(blob);
    const link = el('a', { href, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(href), 10000);
}
