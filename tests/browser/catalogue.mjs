// SPDX-License-Identifier: Apache-2.0
// Walks through the catalogue page as people do, at the door of a node that does not own the products,
// and at the owner's: tests/e2e/page.sh starts both and says in the environment
//     FH_NPM      folder with node_modules            FH_SHOTS    where screenshots go
//     FH_BASE     the consumer's door                 FH_OWNER    the owner's door
//     FH_TOKEN    of the consumer                     FH_OWNER_TOKEN
//     FH_ASK_TOKEN  of the consumer too, who may ask with it     FH_DECIDE_TOKEN  of the owner, who may decide with it
//     FH_WORK     folder of the homes                 FH_CHROMIUM the browser
// and in the first argument which part: `walk`, or `away` once the owner's node was killed.
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { clean, fail, holds, open, same, settled, sound, tab } from './browser.mjs';

const { FH_BASE: base, FH_OWNER: owner, FH_TOKEN: token, FH_ASK_TOKEN: askToken, FH_OWNER_TOKEN: ownerToken, FH_DECIDE_TOKEN: decideToken, FH_SHOTS: shots, FH_WORK: work } = process.env;
const PAGES = ['/', '/products/shop/orders@1', '/products/shop/odd', '/domains', '/domains/shop', '/mesh', '/query', '/inbox', '/compliance', '/sign-in'];

// A line that a page shows, run as a user of the consumer's home would.
function run(line, home = 'museum') {
    const ran = spawnSync('bash', ['-c', line], {
        encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120000,
        env: { ...process.env, FREEHOLD_TOKEN: token, FREEHOLD_HOME: `${work}/${home}/home` },
    });
    return ran.status === 0 ? ran.stdout : fail(`${line} ended with ${ran.status ?? ran.signal}: ${ran.stdout}${ran.stderr}`);
}

const shot = (page, name) => page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
const text = (page, place) => page.locator(place).innerText();
// Who is signed in is asked of the node beside what the page shows.
const signedIn = (page, who) => page.locator('#account').filter({ hasText: who }).waitFor();

// What the table of clients may say of a browser (deploy/clients/README.md).
const saw = (feature) => appendFileSync(`${work}/seen`, `${feature}\n`);

async function see(page, where) {
    await page.goto(where);
    await settled(page);
}

async function signIn(page, at, with_) {
    await see(page, `${at}/sign-in`);
    await page.getByRole('textbox', { name: 'Token' }).fill(with_);
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${at}/`);
    await settled(page);
}

// Saves what a button gives, and returns its bytes.
async function download(page, name) {
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).click()]);
    const path = `${work}/${saved.suggestedFilename()}`;
    await saved.saveAs(path);
    return { path, bytes: readFileSync(path) };
}

// How promises held: a picture for each that says in words what it shows, and the same as a table.
async function trends(page) {
    const figures = page.locator('#trends figure');
    same(await figures.count(), await page.locator('#trends svg[role=img][aria-label*=": kept in "]').count(), 'pictures with words');
    const key = figures.filter({ hasText: 'orders.primaryKey' });
    holds(await key.innerText(), 'kept in 3 of 4 measurements, last broken', 'a promise that was broken once');
    same(await key.locator('rect.broken').count(), 1, 'its broken bars');
    same(await key.locator('rect.alive').count(), 3, 'its other bars');
    await key.getByText('As a table').click();
    await key.locator('tbody tr').nth(3).waitFor();
    same((await key.locator('tbody tr td:nth-child(3)').allInnerTexts()).join(' '), 'Kept Broken Kept Kept', 'the same as a table');
    holds(await figures.first().innerText(), 'All promises', 'all of them together');
    await page.locator('#trends > details > summary').click();
    await page.locator('#trends > details figure').first().waitFor(); // made when they are asked for
    holds(await text(page, '#trends'), 'orders.id.required', 'those that always held');
    same(/market hall/.test(await text(page, '#trends')), false, 'a value of a row');
    await sound(page, 'promises over time');
    await shot(page, 'trends');
}

const steps = {
    // What a first look costs. The time is told, not judged: this machine does other things too.
    async firstView(browser) {
        const one = await tab(browser, base);
        const answers = [];
        one.page.on('response', (response) => answers.push(response));
        const asked = [];
        one.page.on('request', (request) => asked.push(new URL(request.url()).pathname));
        const started = Date.now();
        await one.page.goto(base);
        await one.page.locator('.hit').first().waitFor();
        const shown = Date.now() - started;
        await settled(one.page);
        const bytes = { sent: 0, read: 0 };
        for (const response of answers) {
            bytes.read += (await response.body()).length;
            bytes.sent += (await response.request().sizes()).responseBodySize;
        }
        const headers = (await one.page.request.get(base)).headers();
        holds(headers['content-security-policy'] ?? '', "default-src 'none'", 'the policy');
        same(/unsafe|\*/.test(headers['content-security-policy']), false, 'a hole in the policy');
        same(headers['x-content-type-options'], 'nosniff', 'X-Content-Type-Options');
        same(asked.filter((path) => path === '/v1/products').length, 0, 'lists that were asked for, beside the one that came with the page');
        same(await one.page.locator('#first').count(), 0, 'what is left of that');
        // What the page brings to be seen before its script is what the script makes: nothing moves.
        const plain = (html) => html.replace(/heard [^<]*/g, 'heard').replace(/&quot;|&#39;/g, (each) => (each === '&#39;' ? "'" : '"'));
        const came = plain(await answers[0].text());
        for (const part of ['.head', '.found', 'ul.hits']) {
            const made = plain(await one.page.locator(`#main ${part}`).evaluate((node) => node.outerHTML));
            if (!came.includes(made)) {
                fail(`what came with the page is not what its script makes of ${part}: ${made}`);
            }
        }
        console.log(`first view: ${bytes.sent} bytes in ${answers.length} answers, ${bytes.read} unpacked, products shown after ${shown} ms`);
        if (bytes.read < 20000 || bytes.read > 100 * 1024) {
            fail(`the first view is ${bytes.read} bytes`);
        }
        await clean(one, 'the first view');
        await one.context.close();
    },

    async search(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        const found = async () => (await page.locator('.hit .name').allInnerTexts()).map((each) => each.split(' · ')[0].replace(' / ', '/')).sort().join(' ');
        await see(page, base);
        same(await found(), 'shop/ledger shop/odd shop/orders', 'all products');
        await page.getByLabel('Search for').fill('orders');
        await page.waitForURL(/q=orders/);
        await settled(page);
        same(await found(), 'shop/orders', 'by a word');
        await page.getByLabel('Search for').fill('price');
        await page.getByLabel('Search in').selectOption('column');
        await page.waitForURL(/in=column/);
        await settled(page);
        same(await found(), 'shop/ledger shop/orders', 'by a column');
        await page.getByLabel('Search in').selectOption('');
        await page.getByLabel('Search for').fill('odrers');
        await page.waitForURL(/q=odrers/);
        await settled(page);
        same(await found(), 'shop/orders', 'misspelt');
        holds(await text(page, '#results'), 'orders', 'how the words were read');
        await page.getByRole('link', { name: 'Clear the search' }).click();
        await settled(page);
        await page.getByRole('checkbox', { name: /on request/ }).check();
        await page.waitForURL(/access=granted/);
        await settled(page);
        same(await found(), 'shop/ledger', 'by a facet');
        await shot(page, 'search-facet');
        await page.getByRole('link', { name: /ledger/ }).first().click();
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.waitForURL(/\/products\/shop\/ledger/);
        await page.goBack();
        await settled(page);
        same(await found(), 'shop/ledger', 'the same search, by going back');
        same(await page.getByRole('checkbox', { name: /on request/ }).isChecked(), true, 'its facet');
        await page.reload();
        await settled(page);
        same(await found(), 'shop/ledger', 'the same search, loaded again');
        await see(page, `${base}/?q=nosuchthing`);
        holds(await text(page, '#results'), 'Nothing found', 'an empty search');
        await clean(one, 'search');
        await one.context.close();
    },

    async product(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        await see(page, `${base}/products/shop/orders`);
        const all = await text(page, 'main');
        for (const part of ['1.1.0', 'active', 'signature verified', 'promises kept', 'Rows that the end-to-end tests', 'Sign in to see rows',
            'A new column that may be empty', 'orders.note', 'Ada Byron', '#shop-data', 'sales']) {
            holds(all.toLowerCase(), part.toLowerCase(), 'the page of orders');
        }
        same(await page.getByRole('link', { name: '#shop-data' }).getAttribute('href'), 'https://chat.example.org/shop', 'its contact');
        same(await page.locator('#changes .chip.ok', { hasText: 'safe' }).count() > 0, true, 'a change that is safe');
        await trends(page);
        await page.getByRole('button', { name: 'Show the text' }).or(page.getByText('Show the text')).click();
        await page.locator('pre.file').waitFor();
        holds(await text(page, 'pre.file'), 'kind: DataContract', 'the contract');
        const proof = await download(page, 'Proof for offline checks');
        holds(run(`freehold contract verify ${proof.path} 2>&1`), 'verified', 'the proof file');
        holds((await download(page, 'Contract (YAML)')).bytes.toString(), 'kind: DataContract', 'the YAML file');
        await see(page, `${base}/products/shop/nothing`);
        holds(await text(page, 'main'), 'No such product', 'a product that is not there');
        await clean(one, 'product');
        await one.context.close();
    },

    // Names and texts of the mesh that would be markup, script or addresses if they could.
    async hostile(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        await signIn(page, base, token);
        await see(page, `${base}/?q=odd`);
        holds(await text(page, '.hit'), '<script>alert(1)</script> & "odd" \'quotes\'', 'its title in the list');
        await see(page, `${base}/products/shop/odd`);
        await page.getByRole('button', { name: 'Show rows' }).click();
        await page.locator('#sample table').waitFor();
        const all = await text(page, 'main');
        for (const part of ['<script>alert(8)</script>', '<script>window.hacked = 1</script>', '<svg onload=alert(3)>', '<img src=x onerror=alert(2)>', '<b>bold</b>', 'Eve <i>', '<img src=x onerror=alert(10)>']) {
            holds(all, part, 'as text');
        }
        same(await page.evaluate(() => globalThis.hacked), undefined, 'a script that ran');
        same(await page.locator('main script, main img, main style, main iframe, main b, main i').count(), 0, 'elements out of texts');
        same(await page.locator('a[href^="javascript"]').count(), 0, 'links that are script');
        await page.getByRole('link', { name: '<img src=x onerror=alert(2)>' }).click();
        await settled(page);
        same(await page.locator('.hit').count(), 1, 'products with its tag');
        await shot(page, 'hostile');
        await see(page, `${base}/query`);
        await page.getByLabel('SQL').fill('SELECT text AS "<script>alert(13)</script>", id AS "<img src=x onerror=alert(14)>" FROM shop.odd');
        await page.getByRole('button', { name: 'Run' }).click();
        await page.locator('#result table').waitFor();
        holds(await text(page, '#result table'), '<script>alert(13)</script>', 'a column of an answer');
        holds(await page.locator('#result svg').textContent(), '<img src=x onerror=alert(14)>', 'the same in the chart');
        await see(page, `${base}/products/shop/${encodeURIComponent('<img src=x onerror=alert(11)>')}`);
        await see(page, `${base}/?q=${encodeURIComponent('"><script>alert(12)</script>')}&tag=${encodeURIComponent('<b>')}`);
        await see(page, `${base}/sign-in?to=${encodeURIComponent('//evil.example')}`);
        await clean(one, 'hostile names');
        await one.context.close();
    },

    async signingIn(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        await see(page, `${base}/products/shop/orders@1`);
        await page.getByRole('banner').getByRole('link', { name: 'Sign in' }).click();
        await page.getByRole('textbox', { name: 'Token' }).fill('fht1aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').waitFor();
        holds(await text(page, '[role=alert]'), 'does not open the door', 'a wrong token');
        await shot(page, 'sign-in-refused');
        await page.getByRole('textbox', { name: 'Token' }).fill(token);
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/products\/shop\/orders@1$/);
        await settled(page);
        await signedIn(page, 'of museum');
        saw('sign-in');
        await page.reload();
        await settled(page);
        await signedIn(page, 'of museum');
        const other = await one.context.newPage();
        await see(other, base);
        holds(await text(other, '#account'), 'Sign in', 'another tab, which has no token');
        await other.close();
        await page.getByRole('button', { name: 'Sign out' }).click();
        await settled(page);
        same(await page.evaluate(() => sessionStorage.length), 0, 'what is kept after signing out');
        await clean(one, 'signing in');
        await one.context.close();
    },

    async rights(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        await signIn(page, base, token);
        await see(page, `${base}/products/shop/orders@1`);
        const row = (name) => page.locator('#columns tbody tr', { has: page.locator(`code:text-is("${name}")`) });
        holds(await row('item').innerText(), 'masked', 'the column item');
        holds(await row('id').innerText(), 'as it is', 'the column id');
        await page.getByRole('button', { name: 'Show rows' }).click();
        await page.locator('#sample table').waitFor();
        holds(await text(page, '#sample'), 'Masked for you: item', 'the sample');
        const cli = run('freehold -o csv query "SELECT item FROM shop.orders ORDER BY id LIMIT 1"').trim().split('\n')[1];
        holds(await text(page, '#sample table'), cli, 'what the command line gets');
        same(/market hall/.test(await text(page, '#sample table')), false, 'an item as its owner has it');
        holds(await text(page, '#changes'), 'A new column that may be empty', 'what changed, for who is signed in');
        await shot(page, 'product');
        await see(page, `${base}/products/shop/ledger`);
        holds(await text(page, '#access'), 'You may not read it', 'the closed product');
        holds(await text(page, '#sample'), 'no access', 'its sample');
        await clean(one, 'rights');
        await one.context.close();
    },

    // From the request in one browser to the owner's signature and back.
    async requests(browser) {
        const one = await tab(browser, base);
        const other = await tab(browser, owner);
        await signIn(one.page, base, askToken);
        await see(one.page, `${base}/sign-in`);
        holds(await text(one.page, 'main'), 'ask owners for access', 'what the token may');
        await see(one.page, `${base}/products/shop/ledger`);
        await one.page.getByLabel('What for').fill('yearly report');
        await one.page.getByLabel('Only these columns').fill('nothing');
        await one.page.getByLabel('What for').press('Enter');
        await one.page.locator('#ask [role=alert]').waitFor();
        holds(await text(one.page, '#ask [role=alert]'), 'no column "nothing"', 'a request for what is not there');
        await one.page.getByLabel('Only these columns').fill('');
        await one.page.getByLabel('A word to the owner').fill("it's for <i>sums</i>");
        await one.page.getByLabel('What for').press('Enter');
        await one.page.getByText('✓ Sent').waitFor();
        holds(await text(one.page, '#ask'), 'shop has your request', 'the request, sent');
        await sound(one.page, 'a request that was sent');
        await shot(one.page, 'request-sent');
        await one.page.getByRole('button', { name: 'Send the request' }).click();
        await one.page.getByText('You have asked for this already').waitFor();
        await one.page.getByRole('link', { name: 'inbox', exact: true }).click();
        await settled(one.page);
        holds(await text(one.page, 'main'), 'Sent by you (1)', 'one\'s own requests');
        holds(await text(one.page, 'main'), 'waits for an answer', 'their state');
        holds(run('freehold -o csv access list'), 'yearly report', 'the same at the command line');
        await signIn(other.page, owner, ownerToken);
        await see(other.page, `${owner}/inbox`);
        const card = other.page.getByRole('article', { name: /ledger/ });
        holds(await card.innerText(), 'yearly report', 'the request at its owner');
        holds(await card.innerText(), "it's for <i>sums</i>", 'its note');
        holds(await card.innerText(), 'asked by token', 'who signed it');
        // A publisher's token that only reads: the page makes the command.
        await card.getByRole('button', { name: 'Approve' }).click();
        await card.getByLabel('Until').fill('7d');
        await card.getByLabel('A word to who asked').fill("it's yours");
        holds(run(`${await card.locator('pre').innerText()} --dry-run 2>&1`, 'shop'), 'not granted: everything holds', 'the command');
        // One that may decide answers here.
        await other.page.getByRole('button', { name: 'Sign out' }).click();
        await signIn(other.page, owner, decideToken);
        await see(other.page, `${owner}/inbox`);
        await card.getByRole('button', { name: 'Deny' }).click();
        await card.getByRole('button', { name: 'Cancel' }).click();
        await card.getByRole('button', { name: 'Approve' }).click();
        await card.getByLabel('Only rows where').fill('nothing > 1');
        await card.getByLabel('A word to who asked').fill("it's yours");
        await card.getByRole('button', { name: 'Sign the approval' }).click();
        await card.getByRole('alert').waitFor();
        holds(await card.getByRole('alert').innerText(), 'grant.rows', 'rows that are no condition');
        await card.getByLabel('Only rows where').fill('id > 1');
        await sound(other.page, 'the inbox');
        await shot(other.page, 'inbox-approve');
        await card.getByLabel('A word to who asked').press('Enter');
        await other.page.getByText('answered by token').waitFor();
        await settled(other.page);
        holds(await text(other.page, 'main'), 'approved', 'the inbox after the answer');
        holds(run('freehold -o csv grant list', 'shop'), 'ledger', 'the grant at the command line');
        await see(one.page, `${base}/inbox`);
        holds(await text(one.page, 'main'), 'it\'s yours', 'the answer at who asked');
        await see(one.page, `${base}/products/shop/ledger`);
        await one.page.getByLabel('Purpose').fill('yearly report');
        await one.page.getByRole('button', { name: 'Look again' }).click();
        await one.page.getByText('✓ You may read it').waitFor();
        await one.page.getByRole('button', { name: 'Show rows' }).click();
        await one.page.locator('#sample table').waitFor();
        await clean(one, 'asking for access');
        await clean(other, 'the inbox');
        await one.context.close();
        await other.context.close();
    },

    // Whether products keep their policies: the owner's publisher alone is shown it, rule by rule.
    async compliance(browser) {
        const consumer = await tab(browser, base);
        await signIn(consumer.page, base, token);
        await see(consumer.page, `${base}/compliance`);
        holds(await text(consumer.page, '[role=alert]'), 'compliance.role', 'a member who is no publisher');
        await see(consumer.page, `${base}/products/shop/orders@1`);
        holds(await text(consumer.page, '#governance'), 'masks 1.0.0', 'the policy, by the owner\'s word');
        same(/Compliance/.test(await text(consumer.page, '#governance')), false, 'a verdict for who may not see it');
        await clean(consumer, 'governance for a consumer');
        await consumer.context.close();
        for (const [name, options] of [['light', {}], ['phone', { viewport: { width: 320, height: 640 }, colorScheme: 'dark' }]]) {
            const one = await tab(browser, owner, options);
            const { page } = one;
            const cards = () => page.locator('article.box').count();
            await signIn(page, owner, ownerToken);
            await page.getByRole('link', { name: 'Compliance' }).click();
            await page.waitForURL(`${owner}/compliance`);
            await settled(page);
            await page.locator('details').first().locator('summary').click();
            await sound(page, `compliance (${name})`, { withAxe: name === 'light' });
            await shot(page, `compliance-${name}`);
            same(await cards(), 5, 'rules and policies as a whole');
            await page.getByLabel('Verdict').selectOption('violated');
            await page.waitForURL(/state=violated/);
            await settled(page);
            same(await cards(), 1, 'what is violated');
            holds(await text(page, 'article'), 'require[0] of odd 1.0.0', 'the rule');
            await page.getByLabel('Verdict').selectOption('');
            await settled(page);
            await page.getByLabel('Rule').selectOption('naming');
            await page.waitForURL(/rule=naming/);
            await settled(page);
            same(await cards(), 1, 'rules of one kind');
            holds(await text(page, 'article'), 'waived: <script>alert(15)</script>', 'why it is waived, as text');
            same(await page.locator('main script').count(), 0, 'a script out of a reason');
            await page.getByRole('link', { name: 'shop/odd@1.0.0' }).click();
            await page.waitForURL(/\/products\/shop\/odd@1$/);
            await settled(page);
            const shown = await text(page, '#governance');
            for (const part of ['odd 1.0.0', 'Waived: naming[0] of policy odd 1.0.0', 'for everybody', '1 rule of 3 hold', 'violated']) {
                holds(shown, part, 'the governance of a product');
            }
            await page.locator('#governance').screenshot({ path: `${shots}/governance-${name}.png` });
            await page.getByRole('link', { name: 'Every rule, with what shows it' }).click();
            await page.waitForURL(/compliance\?product=/);
            await settled(page);
            same(await cards(), 3, 'the rules of one product');
            if (name === 'light') {
                await page.locator('summary').first().click();
                const line = await page.locator('article details[open] pre').last().innerText();
                holds(run(`${line} -o json || test $? = 1`, 'shop'), '"rule"', 'the rule explained, by the command of the page');
            }
            await clean(one, `compliance (${name})`);
            await one.context.close();
        }
    },

    // A token that only reads: the page makes the commands that its reader's own key runs.
    async commands(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        await signIn(page, base, token);
        await see(page, `${base}/products/shop/orders`);
        await page.getByText('Ask for access').click();
        await page.getByLabel('What for').fill("Ann's report");
        await page.getByLabel('Until').fill('2099-01-31');
        same(await page.getByRole('button', { name: 'Send the request' }).count(), 0, 'a button that could not do it');
        const line = await page.locator('#ask pre').innerText();
        holds(run(`${line.replace('2099-01-31', '30d')} --dry-run 2>&1`), 'not sent: everything holds', 'the command');
        await clean(one, 'commands');
        await one.context.close();
    },

    async query(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        const sql = 'SELECT item, count(*) AS n, sum(price) AS sold, NULL AS nothing FROM shop.orders WHERE id > $least GROUP BY item ORDER BY item';
        await signIn(page, base, token);
        await see(page, `${base}/query`);
        await page.getByLabel('SQL').fill(sql);
        await page.getByLabel('Parameters').fill('least = 3');
        await page.keyboard.press('Escape');
        await page.getByLabel('SQL').press('Control+Enter');
        await page.getByRole('heading', { name: 'Result' }).waitFor();
        holds(await text(page, '#result'), 'Masked for you: item', 'the answer');
        saw('masked');
        holds(await text(page, '#result table'), 'NULL', 'a NULL');
        same(await page.locator('#result svg rect').count() > 1, true, 'bars');
        const csv = (await download(page, 'CSV')).bytes.toString();
        same(csv, run(`freehold -o csv query '${sql}' --param-json '{"least": 3}'`), 'the CSV file, and the command line');
        saw('csv');
        saw('parameters');
        same((await download(page, 'Arrow')).bytes.subarray(0, 4).toString('hex'), 'ffffffff', 'the Arrow file');
        saw('arrow');
        same((await download(page, 'Parquet')).bytes.subarray(0, 4).toString(), 'PAR1', 'the Parquet file');
        saw('parquet');
        const receipt = await download(page, 'Save the receipt');
        holds(run(`freehold verify ${receipt.path} 2>&1`), 'shop', 'the receipt');
        await sound(page, 'a result');
        await shot(page, 'query');
        for (const kind of ['lines', 'points', 'bars']) {
            await page.getByLabel('Drawn as').selectOption(kind);
        }
        await page.reload();
        await settled(page);
        same(await page.getByLabel('SQL').inputValue(), sql, 'the statement, from the address');
        await page.getByLabel('SQL').fill('SELEC 1');
        await page.getByRole('button', { name: 'Run' }).click();
        await page.getByRole('alert').waitFor();
        holds(await text(page, '[role=alert]'), 'Rule', 'what is wrong with it');
        await shot(page, 'query-refused');
        await page.getByLabel('Parameters').fill('');
        await page.getByLabel('SQL').fill('SELECT count(*) FROM shop.orders a, shop.orders b, shop.orders c, shop.orders d, shop.orders e, shop.orders f, shop.orders g, shop.orders h, shop.orders i'); // 20 rows each: not over before it is stopped
        await page.getByRole('button', { name: 'Run' }).click();
        await page.getByRole('button', { name: 'Stop' }).click();
        await page.getByText('Stopped.').waitFor();
        saw('cancel');
        await clean(one, 'queries');
        await one.context.close();
    },

    // The lines that the page offers do what it says.
    async connect(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        await see(page, `${base}/products/shop/orders@1`);
        const line = async (tool) => {
            await page.getByRole('tab', { name: tool, exact: true }).click();
            return page.locator('#connect-panel pre').first().innerText();
        };
        const direct = run((await line('freehold')).replace('freehold query', 'freehold -o csv query'));
        same(direct.trim().split('\n').length, 11, 'rows of the command line');
        same(run(await line('curl')), direct, 'rows of curl');
        await page.getByRole('tab', { name: 'psql' }).click();
        if (await page.locator('#connect-panel pre').count() > 0) {
            same(run((await line('psql')).replace(' psql ', ' psql --csv ')), direct, 'rows of psql');
        } else {
            holds(await text(page, '#connect-panel'), 'postgres_listen', 'why there is no line for psql');
        }
        await clean(one, 'connecting');
        await one.context.close();
    },

    // By the keyboard alone: nothing needs a mouse, and the focus can be seen.
    async keyboard(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
        const focused = () => page.evaluate(() => {
            const node = document.activeElement;
            const style = getComputedStyle(node);
            return { tag: node.tagName, text: (node.getAttribute('aria-label') ?? node.innerText ?? '').trim(), id: node.id, seen: parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== 'none' };
        });
        const until = async (what, fits) => {
            for (let i = 0; i < 80; i++) {
                await press('Tab');
                const now = await focused();
                if (now.tag !== 'BODY' && !now.seen) {
                    fail(`the focus on ${JSON.stringify(now)} cannot be seen`);
                }
                if (fits(now)) {
                    return now;
                }
            }
            return fail(`${what} cannot be reached by Tab`);
        };
        await see(page, base);
        await press('Tab');
        same((await focused()).text, 'Skip to the content', 'the first stop');
        await press('Enter');
        same((await focused()).id, 'main', 'where it leads');
        await until('the field of the search', ({ id }) => id === 'words');
        await page.keyboard.type('orders');
        await page.waitForURL(/q=orders/);
        await settled(page);
        same((await focused()).id, 'words', 'the focus while results come');
        await until('the product', ({ tag, text: shown }) => tag === 'A' && /orders/i.test(shown));
        await press('Enter');
        await page.waitForURL(/\/products\/shop\/orders/);
        await settled(page);
        await until('the tabs', ({ text: shown }) => shown === 'freehold');
        await press('ArrowRight');
        same((await focused()).text, 'psql', 'the next tool');
        await press('End');
        same((await focused()).text, 'curl', 'the last tool');
        await until('the button that copies', ({ text: shown }) => /^Copy/.test(shown));
        await page.goBack(); // Alt and left arrow, of which a headless browser knows nothing
        await page.waitForURL(/q=orders/);
        await settled(page);
        same((await focused()).tag, 'H1', 'the focus after going back');
        await clean(one, 'the keyboard');
        await one.context.close();
    },

    // Every page, light and dark, wide and narrow, signed in or not.
    async looks(browser) {
        for (const [name, options] of [['light', {}], ['dark', { colorScheme: 'dark' }], ['phone', { viewport: { width: 320, height: 640 }, colorScheme: 'light' }]]) {
            const one = await tab(browser, base, options);
            if (name !== 'light') {
                await signIn(one.page, base, token);
            }
            for (const path of PAGES) {
                await see(one.page, base + path);
                await sound(one.page, `${path} (${name})`, { withAxe: name === 'light' });
                await shot(one.page, `${name}-${path.replace(/[^a-z]+/g, '-').replace(/^-|-$/g, '') || 'products'}`);
            }
            await clean(one, name);
            await one.context.close();
        }
    },
};

// What the page says when the owner's node is dead: the catalogue stands, with its age.
const away = {
    async away(browser) {
        const one = await tab(browser, base);
        const { page } = one;
        await signIn(page, base, token);
        holds(await text(page, '.hits'), 'owner away, last heard', 'the list');
        await see(page, `${base}/mesh`);
        holds(await text(page, 'main'), 'does not answer', 'the mesh');
        holds(await text(page, 'main'), '1 of 2 answer', 'the mesh, counted');
        await shot(page, 'away-mesh');
        await page.goto(`${base}/products/shop/orders@1`);
        await page.getByRole('button', { name: 'Show rows' }).click();
        await page.locator('#sample [role=alert]').waitFor();
        holds(await text(page, 'main'), 'Its owner does not answer', 'the product');
        holds(await text(page, '#sample'), 'Try again', 'its sample');
        await sound(page, 'a product whose owner is away');
        await shot(page, 'away-product');
        await one.context.close();
    },
};

const chosen = process.argv[2] === 'away' ? away : steps;
const browser = await open(process.env.FH_CHROMIUM);
let status = 0;
for (const [name, step] of Object.entries(chosen)) {
    if (process.argv[3] !== undefined && process.argv[3] !== name) {
        continue;
    }
    const started = Date.now();
    try {
        await step(browser);
        console.log(`- ${name}: ${Date.now() - started} ms`);
    } catch (error) {
        status = 1;
        console.error(`- ${name} FAILED: ${error.message}`);
        for (const [i, page] of browser.contexts().flatMap((context) => context.pages()).entries()) {
            await page.screenshot({ path: `${shots}/FAILED-${name}-${i}.png`, fullPage: true });
        }
        await Promise.all(browser.contexts().map((context) => context.close()));
    }
}
await browser.close();
process.exit(status);
