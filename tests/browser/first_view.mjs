// SPDX-License-Identifier: Apache-2.0
// How long a first look at the catalogue takes, in a browser that has seen nothing of it, beside the
// shortest text that the same door sends to the same browser: what a page cannot be below. By turns, so
// that both have the same machine.
//     first_view.mjs DOOR RUNS [profile]
// prints medians in microseconds, from the begin of the navigation:
//     until products are painted, until anything is, and until the short text is
// and with `profile` where the time goes. The environment: FH_NPM, FH_CHROMIUM (see catalogue.mjs).
import { open } from './browser.mjs';

const [base, runs, profile] = process.argv.slice(2);

// When the first product was painted: not before the frame after the one in which it came, nor before
// the browser says that it has painted anything.
function watch() {
    const seen = new MutationObserver(() => {
        if (document.querySelector('.hit') !== null) {
            seen.disconnect();
            requestAnimationFrame(() => setTimeout(() => {
                globalThis.shown = performance.now();
            }, 0));
        }
    });
    seen.observe(document, { childList: true, subtree: true });
}

const painted = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null;

async function visit(browser, path, isShown) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 850 } });
    await context.addInitScript(watch);
    const page = await context.newPage();
    await page.goto(base + path);
    await page.waitForFunction(isShown);
    const first = await page.evaluate(painted);
    const times = {
        shown: Math.max(await page.evaluate(() => globalThis.shown ?? 0), first),
        painted: first,
    };
    if (profile) {
        times.parts = await page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
            .map((each) => `${each.name.replace(/^https?:\/\/[^/]*/, '')} ${[each.startTime, each.requestStart, each.responseStart, each.responseEnd].map((at) => at.toFixed(0)).join(' ')}`));
    }
    await context.close();
    return times;
}

const median = (list) => Math.round(1000 * list.sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)]);

const browser = await open(process.env.FH_CHROMIUM);
const pages = [];
const bare = [];
for (let i = 0; i <= Number(runs); i++) {
    const page = await visit(browser, '/', () => globalThis.shown !== undefined && performance.getEntriesByName('first-contentful-paint').length > 0);
    const text = await visit(browser, '/assets/format.js', () => performance.getEntriesByName('first-contentful-paint').length > 0);
    if (i > 0) { // the first of a browser starts processes of its own
        pages.push(page);
        bare.push(text.painted);
    }
}
await browser.close();
if (profile) {
    console.error(pages.at(-1).parts.join('\n'));
}
console.log(median(pages.map((page) => page.shown)), median(pages.map((page) => page.painted)), median(bare));
