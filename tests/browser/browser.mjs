// SPDX-License-Identifier: Apache-2.0
// A real Chromium for tests of the catalogue page, and what is looked at on every page: nothing refused
// by the policy, no error, no request to elsewhere, no cookie, colours that can be read, no page wider
// than the window, and what axe-core finds.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(`${process.env.FH_NPM}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export function fail(text) {
    throw new Error(text);
}

export function same(got, wanted, what) {
    if (got !== wanted) {
        fail(`${what}: expected ${JSON.stringify(wanted)} and got ${JSON.stringify(got)}`);
    }
}

export function holds(text, part, what) {
    if (!text.includes(part)) {
        fail(`${what}: ${JSON.stringify(part)} is not in ${JSON.stringify(text.slice(0, 2000))}`);
    }
}

export async function open(executable) {
    // Its own sandbox needs rights that containers do not give; what it shows here is our own.
    return chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb'] });
}

// A tab and all that it complained of. `expected` holds patterns of console lines that a step provokes.
export async function tab(browser, base, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 850 }, ...options });
    context.setDefaultTimeout(90000); // not a speed: what never comes
    await context.addInitScript(() => {
        globalThis.refusals = [];
        document.addEventListener('securitypolicyviolation', (event) => {
            globalThis.refusals.push(`${event.violatedDirective}: ${event.blockedURI || event.sample}`);
        });
        // What a script of the mesh would call, if it ever ran.
        globalThis.alert = () => globalThis.refusals.push('alert() was called');
    });
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (line) => {
        // A status that is an answer (404, 401, a node that is busy) is no error of the page; a defect is.
        if (['error', 'warning'].includes(line.type()) && !/the server responded with a status of (4\d\d|503|504)/.test(line.text())) {
            complaints.push(`console: ${line.text()}`);
        }
    });
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('request', (request) => {
        const url = new URL(request.url());
        if (url.origin !== base && url.protocol !== 'blob:' && url.protocol !== 'data:') {
            complaints.push(`request to elsewhere: ${request.url()}`);
        }
        if (/fht1/.test(request.url())) {
            complaints.push('a token in an address');
        }
    });
    page.on('response', (response) => {
        if (response.headers()['set-cookie'] !== undefined) {
            complaints.push(`a cookie from ${response.url()}`);
        }
    });
    return { context, page, complaints };
}

// Nothing was refused or complained of since the tab was opened.
export async function clean({ page, context, complaints }, where) {
    complaints.push(...await page.evaluate(() => globalThis.refusals.splice(0)));
    complaints.push(...(await context.cookies()).map((cookie) => `cookie ${cookie.name}`));
    if (await page.evaluate(() => localStorage.length) > 0) {
        complaints.push('something in localStorage');
    }
    same(complaints.splice(0).join('\n'), '', `complaints at ${where}`);
}

// Waits until nothing on the page is being fetched any more. The list that the door writes into the first page is
// there before any script is; the scripts take what else the door wrote away with it.
export async function settled(page) {
    await page.waitForFunction(() => document.querySelector('h1') !== null &&
        document.querySelector('#main > noscript') === null &&
        document.querySelector('[aria-busy]') === null && document.querySelector('.waiting') === null);
}

// Texts whose colours are too near to each other, by WCAG 2: computed here from what the browser shows.
function faintTexts() {
    const parse = (text) => {
        const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
        return { r, g, b, a };
    };
    const over = (top, under) => ({
        r: top.r * top.a + under.r * (1 - top.a),
        g: top.g * top.a + under.g * (1 - top.a),
        b: top.b * top.a + under.b * (1 - top.a),
        a: 1,
    });
    const light = ({ r, g, b }) => {
        const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const behind = (node) => {
        const layers = [];
        for (let each = node; each !== null; each = each.parentElement) {
            layers.push(parse(getComputedStyle(each).backgroundColor));
            if (layers.at(-1).a === 1) {
                break;
            }
        }
        return layers.reduceRight((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let texts = 0;
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        const style = getComputedStyle(node);
        if (walker.currentNode.data.trim() === '' || !node.checkVisibility({ visibilityProperty: true }) ||
            node.closest('.unseen, title, .skip, :disabled') !== null || node.closest('option') !== null) {
            continue;
        }
        texts++;
        const isDrawn = node instanceof SVGElement;
        const paper = behind(isDrawn ? node.closest('svg').parentElement : node);
        const ink = over(parse(isDrawn ? style.fill : style.color), paper);
        const [high, low] = [light(ink), light(paper)].sort((a, b) => b - a);
        const ratio = (high + 0.05) / (low + 0.05);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (isLarge ? 3 : 4.5)) {
            found.push(`${ratio.toFixed(2)} "${walker.currentNode.data.trim().slice(0, 40)}" (${node.tagName} ${node.className.baseVal ?? node.className})`);
        }
    }
    return { texts, found };
}

// What every page must be, in the state that it is in. What axe-core looks at does not hang on colours.
export async function sound(page, where, { withAxe = true } = {}) {
    const { texts, found } = await page.evaluate(faintTexts);
    if (texts < 5) {
        fail(`${where}: only ${texts} texts were seen`);
    }
    same(found.join('\n'), '', `texts that cannot be read well at ${where}`);
    const { wide, window } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, window: innerWidth }));
    if (wide > window) {
        fail(`${where}: ${wide} px wide in a window of ${window}`);
    }
    if (!withAxe) {
        return;
    }
    await page.evaluate(axe);
    const broken = await page.evaluate(async () => (await globalThis.axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    })).violations.map((each) => `${each.id} (${each.impact}): ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`));
    same(broken.join('\n'), '', `what axe-core finds at ${where}`);
}
