// SPDX-License-Identifier: Apache-2.0
// Signing in with a token that the reader's own key made.
import { announce, el, fill } from './dom.js';
import { me, setToken, token } from './api.js';
import { go } from './app.js';
import { box, copyLine, facts, field, loadInto, problemBox, when } from './parts.js';
import { minute } from './format.js';

const COMMAND = 'freehold token create --until 8h';
const POWERS = { ask: 'ask owners for access in your name', decide: 'answer requests for your domain\'s products' };

// Where the reader came from: a page of this catalogue only.
function target() {
    const to = new URLSearchParams(location.search).get('to') ?? '/';
    return /^\/(?![/\\])/.test(to) ? to : '/';
}

export function show(place) {
    document.title = 'Sign in · Data catalogue';
    const body = el('div', {});
    fill(place, [el('div.head', {}, el('h1', { tabindex: -1 }, token() === null ? 'Sign in' : 'Signed in')), body]);
    if (token() === null) {
        fill(body, form());
    } else {
        loadInto(body, signedIn);
    }
}

async function signedIn() {
    const self = await me();
    return box('Your token', 'token-box',
        facts([
            ['Member', self.member],
            ['Domain', self.domain],
            ['Token', el('code', {}, self.token)],
            ['Ends', self.until && [minute(Date.parse(self.until)), ' ', when(self.until, '')]],
            ['Beside reading, it may', self.may.map((power) => POWERS[power] ?? power).join('; ')],
            ['Publisher', self.owner && `sees requests for the products of ${self.node.domain}`],
        ]),
        el('p.soft', {}, 'The token lives in this tab alone and is gone when you close it. To end it everywhere:'),
        copyLine(`freehold token revoke ${self.token}`, 'the command'));
}

function form() {
    const text = el('input.mono', { id: 'token', type: 'password', required: true, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' });
    const said = el('div', {});
    const send = async (event) => {
        event.preventDefault();
        fill(said);
        setToken(/fht1\w+\.\w+/.exec(text.value)?.[0] ?? text.value.trim()); // what the command prints is taken as it is
        try {
            const self = await me();
            announce(`Signed in as ${self.member ?? 'a member'} of ${self.domain}`);
            go(target(), { replace: true });
        } catch (problem) {
            setToken(null);
            fill(said, problemBox(problem.status === 401
                ? { ...problem, status: 400, heading: 'This token does not open the door', detail: problem.detail } : problem));
            text.setAttribute('aria-invalid', 'true');
            text.focus();
        }
    };
    return [
        el('form.box', { onsubmit: send }, [
            field('Token', text, 'Begins with fht1. It stays in this tab and is gone when you close it.'),
            said,
            el('div.actions', {}, el('button.main', { type: 'submit' }, 'Sign in')),
        ]),
        box('Where a token comes from', 'where-from',
            el('p', {}, 'Your key makes it, on the machine where your key is. It can do what you may, for some hours, and less if you say so. Nobody else can make one for you.'),
            copyLine(COMMAND, 'the command'),
            el('p.small.soft', {}, ['It reads and no more, unless you say so: ', el('code', {}, '--may ask'), ' lets this page ask owners for access. Narrower, for a tool: ', el('code', {}, '--purpose report --product shop/orders'), '. ',
                'No key yet? Ask whoever runs your domain for ', el('code', {}, 'freehold member add'), '.'])),
    ];
}
