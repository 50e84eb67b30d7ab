// SPDX-License-Identifier: Apache-2.0
// The contract itself: its text, its files, and how to prove it offline.
import { announce, el, fill, saveFile } from './dom.js';
import { ask, productApi } from './api.js';
import { minute } from './format.js';
import { box, copyLine, facts, idText, loadInto, problemBox, signatureChip } from './parts.js';

const FILES = [
    ['Contract (YAML)', 'yaml', '.odcs.yaml'],
    ['Proof for offline checks', 'proof', '.contract'],
    ['JSON Schema', 'jsonschema', '.schema.json'],
    ['SQL', 'sql', '.sql'],
    ['Page (HTML)', 'html', '.html'],
    ['Markdown', 'markdown', '.md'],
];

export function contractBox(product, major) {
    const said = el('div', { role: 'status' });
    const path = (format) => productApi(product.domain, major, `?format=${format}`);
    const save = (format, end) => async () => {
        try {
            saveFile(`${product.domain}-${product.name}-${product.version}${end}`, await (await ask(path(format), { accept: '*/*' })).blob());
            fill(said);
            announce('Saved');
        } catch (problem) {
            fill(said, problemBox(problem));
        }
    };
    const text = el('div', {});
    const load = () => loadInto(text, async () => el('pre.file', { tabindex: 0, 'aria-label': 'Text of the contract' },
        el('code', {}, await (await ask(path('yaml'), { accept: '*/*' })).text())));
    return box('Contract', 'contract', [
        facts([
            ['Signature', signatureChip(product.verification)],
            ['Signed', minute(Date.parse(product.signed))],
            ['By the key', idText(product.signing_key)],
            ['Record', product.contract && idText(product.contract)],
            ['Number in its chain', product.sequence],
        ]),
        el('p.soft', {}, 'An Open Data Contract Standard document, byte for byte as its owner signed it. This node verified it from the mesh\'s id up; with the proof file you can do so yourself, offline:'),
        copyLine(`freehold contract verify ${product.domain}-${product.name}-${product.version}.contract`, 'the command'),
        el('div.actions', {}, FILES.map(([name, format, end]) => el('button', { type: 'button', onclick: save(format, end) }, name))),
        said,
        el('details', { ontoggle: (event) => event.target.open && text.childElementCount === 0 && load() }, [el('summary', {}, 'Show the text'), text]),
    ]);
}
