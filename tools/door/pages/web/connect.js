// SPDX-License-Identifier: Apache-2.0
// Lines to copy: how each tool reads this product at this node. A token never stands in them; they take
// it from the environment.
import { el, fill } from './dom.js';
import { copyLine, shellWord } from './parts.js';

const doubled = (text) => JSON.stringify(text);

function parts(address) {
    const at = address.lastIndexOf(':');
    return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: address.slice(at + 1) };
}

// Where PostgreSQL's clients go. A node that listens everywhere is reached as this page was.
function postgresOf(self) {
    if (!self.node.postgres) {
        return null;
    }
    const { host, port } = parts(self.node.postgres);
    return { host: ['0.0.0.0', '::', ''].includes(host) ? location.hostname : host, port };
}

const CLOSED = 'This node has no door for PostgreSQL\'s protocol; its operator opens it with the setting postgres_listen.';

function pythonLines(sql, base, postgres, mesh) {
    return [
        postgres && ['pandas over PostgreSQL\'s protocol', [
            'import os, pandas, psycopg2',
            'token = os.environ["FREEHOLD_TOKEN"]',
            `mesh = psycopg2.connect(host=${doubled(postgres.host)}, port=${postgres.port}, dbname=${doubled(mesh)},`,
            '                        user=token.split(".")[0], password=token)',
            `rows = pandas.read_sql(${doubled(sql)}, mesh)`,
        ].join('\n')],
        ['Arrow over HTTP, for much data', [
            'import json, os, pyarrow, urllib.request',
            `ask = urllib.request.Request(${doubled(`${base}/v1/query`)},`,
            `    json.dumps({"sql": ${doubled(sql)}}).encode(),`,
            '    {"Authorization": "Bearer " + os.environ["FREEHOLD_TOKEN"], "Content-Type": "application/json",',
            '     "Accept": "application/vnd.apache.arrow.stream"})',
            'rows = pyarrow.ipc.open_stream(urllib.request.urlopen(ask)).read_pandas()',
        ].join('\n')],
    ];
}

function rLines(sql, base, postgres, mesh) {
    return [
        postgres && ['over PostgreSQL\'s protocol', [
            'token <- Sys.getenv("FREEHOLD_TOKEN")',
            `mesh <- DBI::dbConnect(RPostgres::Postgres(), host = ${doubled(postgres.host)}, port = ${postgres.port},`,
            `    dbname = ${doubled(mesh)}, user = sub("[.].*", "", token), password = token)`,
            `rows <- DBI::dbGetQuery(mesh, ${doubled(sql)})`,
        ].join('\n')],
        ['CSV over HTTP', [
            `ask <- httr2::request(${doubled(`${base}/v1/query`)}) |>`,
            '    httr2::req_auth_bearer_token(Sys.getenv("FREEHOLD_TOKEN")) |>',
            `    httr2::req_headers(Accept = "text/csv") |> httr2::req_body_json(list(sql = ${doubled(sql)}))`,
            'rows <- read.csv(text = httr2::resp_body_string(httr2::req_perform(ask)))',
        ].join('\n')],
    ];
}

// {name, lines: [[what, text]], note} for each tool. PostgreSQL's user is the token's id, its password the token.
export function tools(sql, self) {
    const base = location.origin;
    const postgres = postgresOf(self);
    const mesh = self.node.mesh;
    return [
        { name: 'freehold', lines: [['', `freehold query ${shellWord(sql)}`]], note: 'With your own key: no token is needed.' },
        {
            name: 'psql',
            lines: [postgres && ['', [
                'PGUSER="${FREEHOLD_TOKEN%%.*}" PGPASSWORD="$FREEHOLD_TOKEN" \\',
                `    psql ${shellWord(`host=${postgres.host} port=${postgres.port} dbname=${mesh}`)} -c ${shellWord(sql)}`,
            ].join('\n')]],
            note: postgres ? 'Any tool that speaks PostgreSQL takes the same: the token up to its point is the user, the whole token the password.' : CLOSED,
        },
        { name: 'Python', lines: pythonLines(sql, base, postgres, mesh) },
        { name: 'R', lines: rLines(sql, base, postgres, mesh) },
        {
            name: 'Excel',
            lines: postgres ? [
                ['Data › Get Data › From ODBC, connection string', `Driver={PostgreSQL Unicode};Server=${postgres.host};Port=${postgres.port};Database=${mesh};Uid=${self.token ?? 'THE TOKEN UP TO ITS POINT'}`],
                ['SQL statement', sql],
            ] : [],
            note: postgres ? 'The whole token is the password. Or save a CSV from the query page and open it.'
                : `${CLOSED} Until then: save a CSV from the query page and open it.`,
        },
        {
            name: 'curl',
            lines: [['', [
                `curl -sS ${shellWord(`${base}/v1/query`)} -H "Authorization: Bearer $FREEHOLD_TOKEN" \\`,
                `    -H 'Accept: text/csv' --json ${shellWord(JSON.stringify({ sql }))}`,
            ].join('\n')]],
            note: 'Accept may also be application/json, application/vnd.apache.arrow.stream or application/vnd.apache.parquet.',
        },
    ];
}

// Tabs by the pattern of WAI-ARIA: arrows move, one stop for Tab.
export function connectTabs(sql, self) {
    const all = tools(sql, self);
    const panel = el('div', { role: 'tabpanel', id: 'connect-panel', tabindex: 0 });
    const tabs = all.map((tool, i) => el('button', {
        type: 'button', role: 'tab', id: `tool-${i}`, 'aria-controls': 'connect-panel', onclick: () => choose(i),
    }, tool.name));
    function choose(i, focus = false) {
        tabs.forEach((tab, j) => {
            tab.setAttribute('aria-selected', String(i === j));
            tab.tabIndex = i === j ? 0 : -1;
        });
        panel.setAttribute('aria-labelledby', `tool-${i}`);
        fill(panel, [
            all[i].lines.filter(Boolean).map(([what, text]) => [what && el('p.label', {}, what), copyLine(text, `the lines for ${all[i].name}`)]),
            all[i].note && el('p.small.soft', {}, all[i].note),
        ]);
        if (focus) {
            tabs[i].focus();
        }
    }
    const list = el('div.tabs', {
        role: 'tablist', 'aria-label': 'Tools',
        onkeydown: (event) => {
            const at = tabs.indexOf(document.activeElement);
            const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
            if (to !== undefined && at >= 0) {
                event.preventDefault();
                choose((to + tabs.length) % tabs.length, true);
            }
        },
    }, tabs);
    choose(0);
    return [list, panel];
}
