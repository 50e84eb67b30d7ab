/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `freehold`, in the order of the help. */
#include "tools/cli/cli.h"

#define PEER_FLAG                                                                                  \
    {                                                                                              \
        "peer", "HOST:PORT", "ask this node instead of the home's own", 0                          \
    }

#define NODE_FLAG                                                                                  \
    {                                                                                              \
        "node", "HOST:PORT", "at this node (default with --key: as the access says)", 0            \
    }

const struct fh_command fh_commands[] = {
    {
        .noun = "init",
        .operands = "",
        .summary = "make the home of a domain: keys, identity, configuration",
        .details = "With --mesh the domain begins a new mesh; with --join it takes an invitation,\n"
                   "which its node redeems at the first start. The key for the next rotation is\n"
                   "written outside the home: take it offline.",
        .example = "freehold --home aviation init --domain aviation --mesh skies\n"
                   "freehold --home wildlife init --domain wildlife --join wildlife.invitation \\\n"
                   "    --listen 127.0.0.1:7401",
        .flags =
            {
                {"domain", "NAME", "name of the domain: [a-z][a-z0-9_]*", 0},
                {"mesh", "NAME", "begin a mesh of this name", 0},
                {"join", "FILE|TEXT", "join by an invitation", 0},
                {"listen", "HOST:PORT", "where the node listens (default 127.0.0.1:7400)", 0},
                {"advertise",
                 "HOST:PORT",
                 "where others reach it, up to 3 by comma (default: listen)",
                 0},
                {"recovery", "FILE", "where the next key goes (default HOME.recovery)", 0},
                {"dry-run", NULL, "check everything, write nothing", 0},
            },
        .run = fh_cmd_init,
    },
    {
        .noun = "node",
        .operands = "",
        .summary = "run the node of the home in the foreground",
        .details = "The same as freehold-node --home DIR. Ctrl-C ends it in order.",
        .example = "freehold --home aviation node",
        .run = fh_cmd_node,
    },
    {
        .noun = "doctor",
        .operands = "",
        .summary = "check whether machine and home are fit for a node",
        .details =
            "Starts a worker and tells what confines it, and looks at home, ports, clock and\n"
            "disk. Works without a home, and beside a running node. Ends with 1 when a\n"
            "required thing is missing.",
        .example = "freehold doctor\nfreehold --home aviation -o json doctor",
        .run = fh_cmd_doctor,
    },
    {
        .noun = "invite",
        .operands = "",
        .summary = "make an invitation for one domain",
        .details = "The text is a secret until it is used, and works once. Only members of the\n"
                   "charter invite.",
        .example = "freehold --home aviation invite --domain wildlife -o wildlife.invitation",
        .flags =
            {
                {"domain", "NAME", "the only name that it admits (default: any)", 0},
                {"until", "TIME", "7d, 12h, 2027-01-31 (default 7d)", 0},
                {"output", "FILE", "write it to a file that only you can read", 'o'},
            },
        .run = fh_cmd_invite,
    },
    {
        .noun = "status",
        .operands = "",
        .summary = "show who the node is and how it does",
        .details = "",
        .example = "freehold status\nfreehold -o json status --peer 127.0.0.1:7401\n"
                   "freehold status --counters",
        .flags = {{"counters", NULL, "what gossip and link count: probes, news, drops", 0},
                  PEER_FLAG},
        .run = fh_cmd_status,
    },
#include "tools/cli/commands_mesh.inc"
    {
        .noun = "search",
        .operands = "[WORDS...]",
        .summary = "find products in the catalogue",
        .details =
            "All words must match, each as the beginning of one in the product's names,\n"
            "texts, tables, columns, tags or people (team, contacts, approvers); what is called\n"
            "so comes first. Where nothing matches, words that occur nowhere are read as the\n"
            "nearest ones that do. Without words: everything.\n"
            "A word asks one field alone as domain:, name:, title:, text:, column:, tag: or\n"
            "person:; \"two words\" in quotes must stand together. Filters ask for a whole value\n"
            "and may stand among the words too: tag=geo, status=active. --facets says how many\n"
            "products have which.\n"
            "\n"
            "The node that is asked answers from what it holds, also while an owner is away:\n"
            "heard says how old that is, verification whether its signatures hold.",
        .example = "freehold search bird strikes\n"
                   "freehold search column:iata status:active\n"
                   "freehold search --tag transport --facets\n"
                   "freehold -o json search flights --reachable --quality ok --limit 20",
        .operands_max = FH_ARGS_WORDS_MAX,
        .flags =
            {
                {"domain", "DOMAIN", "only products of this domain", 0},
                {"tag", "TAG...", "only with this tag; may be given several times", 0},
                {"status", "draft|active|deprecated|retired", "only with this status", 0},
                {"classification", "WORD", "only with a column of this classification", 0},
                {"quality",
                 "ok|warn|fail|stale|unknown",
                 "only where the last measurement says so",
                 0},
                {"access", "mesh|granted", "only open to every domain, or only by grant", 0},
                {"column", "BEGINNING", "only with a table or column that begins so", 0},
                {"person", "BEGINNING", "only of a person or team that begins so", 0},
                {"reachable", NULL, "only where a node of the owner answers", 0},
                {"facets", NULL, "count what is found, instead of listing it", 0},
                {"limit", "N", "at most so many (default and most: 1000)", 0},
                {"offset", "N", "leave out the first N", 0},
                PEER_FLAG,
            },
        .run = fh_cmd_search,
    },
    {
        .noun = "product",
        .verb = "publish",
        .operands = "FILE...",
        .summary = "check, sign and announce contracts",
        .details = "A contract is an ODCS 3.1 document; data files are found relative to its\n"
                   "folder. The node checks every promise against the data before anything is\n"
                   "signed off to the mesh. Without a running node one is started for the check.\n"
                   "A version that rises too little for its changes is refused (contract diff).\n"
                   "\n"
                   "With --node the contracts go to a node elsewhere, from a machine that has no\n"
                   "home: --key is the key of a publisher, --access what `freehold member add`\n"
                   "wrote for it. Files are then found beneath a data root of that node.\n"
                   "\n"
                   "Each file is published whole or not at all; one that is refused does not hold\n"
                   "up the others, and makes the exit code 1.",
        .example = "freehold product publish flights.odcs.yaml\n"
                   "freehold product publish flights.odcs.yaml --dry-run --review review.md\n"
                   "freehold product publish contracts/*.odcs.yaml --node 192.0.2.7:7400 \\\n"
                   "    --key ci.key --access ci.access",
        .operands_min = 1,
        .operands_max = FH_ARGS_OPERANDS_MAX,
        .flags =
            {
                {"dry-run", NULL, "check everything, announce nothing", 0},
                {"review", "FILE", "also write checks and outcomes as Markdown", 0},
                NODE_FLAG,
                {"root", "NAME|N", "data root of that node (default its first)", 0},
            },
        .run = fh_cmd_product_publish,
    },
    {
        .noun = "product",
        .verb = "list",
        .operands = "",
        .summary = "list products of the mesh",
        .details = "",
        .example = "freehold product list --domain aviation",
        .flags = {{"domain", "DOMAIN", "only those of this domain", 0},
                  {"limit", "N", "at most so many (default and most: 1000)", 0},
                  {"offset", "N", "leave out the first N", 0},
                  PEER_FLAG},
        .run = fh_cmd_product_list,
    },
    {
        .noun = "product",
        .verb = "describe",
        .operands = "NAME",
        .summary = "show a product: owner, contract, columns; all of it verified",
        .details = "NAME is domain/product, domain.product or domain/product@1.",
        .example = "freehold product describe aviation/flights",
        .operands_min = 1,
        .operands_max = 1,
        .flags = {PEER_FLAG},
        .run = fh_cmd_product_describe,
    },
#include "tools/cli/commands_quality.inc"
    {
        .noun = "product",
        .verb = "status",
        .operands = "NAME",
        .summary = "show how a product stands: its majors, their end, who signed, forks",
        .details = "Status, sunset and successor are verified as the owner signed them.",
        .example = "freehold product status shop/orders\n"
                   "freehold -o json product status shop/orders@1 --peer 127.0.0.1:7401",
        .operands_min = 1,
        .operands_max = 1,
        .flags = {PEER_FLAG},
        .run = fh_cmd_product_status,
    },
    {
        .noun = "product",
        .verb = "history",
        .operands = "NAME",
        .summary = "show what happened to a product: versions, moves, forks",
        .details = "As far as the node that is asked knows: one that joined late knows less.",
        .example = "freehold product history shop/orders\n"
                   "freehold -o csv product history shop/orders@1",
        .operands_min = 1,
        .operands_max = 1,
        .flags = {PEER_FLAG},
        .run = fh_cmd_product_history,
    },
    {
        .noun = "product",
        .verb = "deprecate",
        .operands = "NAME@MAJOR",
        .summary = "tell consumers that a major version ends, and what comes instead",
        .details =
            "It goes on being served; every answer says until when and what to use instead.\n"
            "Once stated, a sunset can be put off, not brought forward. A day is served to\n"
            "its end. The successor need not be published yet.",
        .example = "freehold product deprecate shop/orders@1 --sunset 2027-03-31 \\\n"
                   "    --successor shop/orders@2",
        .operands_min = 1,
        .operands_max = 1,
        .flags =
            {
                {"sunset", "DATE", "served until then at least: 2027-03-31, 90d", 0},
                {"successor", "NAME@MAJOR", "what to use instead, also of another domain", 0},
                {"dry-run", NULL, "check everything, announce nothing", 0},
            },
        .run = fh_cmd_product_deprecate,
    },
    {
        .noun = "product",
        .verb = "retire",
        .operands = "NAME@MAJOR",
        .summary = "end a major version: nobody is served any more",
        .details =
            "For good: who asks for it is told its successor. Refused while it is active or\n"
            "its sunset is ahead, unless --force breaks that promise.",
        .example = "freehold product retire shop/orders@1 --successor shop/orders@2",
        .operands_min = 1,
        .operands_max = 1,
        .flags =
            {
                {"successor", "NAME@MAJOR", "what to use instead, also of another domain", 0},
                {"force", NULL, "although consumers were not told, or of a later day", 0},
                {"dry-run", NULL, "check everything, announce nothing", 0},
            },
        .run = fh_cmd_product_retire,
    },
    {
        .noun = "contract",
        .verb = "lint",
        .operands = "FILE...",
        .summary = "check contracts: every mistake, with line and column",
        .details =
            "Needs no home and no node; - is standard input. A contract is judged by the\n"
            "version of the standard that it says: 3.0.x, 3.1.0 or the draft of 3.2.0. Inside\n"
            "a home, what publishing asks for is checked too.",
        .example = "freehold contract lint flights.odcs.yaml\n"
                   "freehold contract lint contracts/*.yaml -o json\n"
                   "freehold contract lint --schema 3.0.2-strict flights.odcs.yaml",
        .operands_min = 1,
        .operands_max = FH_ARGS_OPERANDS_MAX,
        .flags = {{"publish", NULL, "also what publishing asks for", 0},
                  {"schema", "VERSION", "judge by 3.0.2, 3.0.2-strict, 3.1.0 or 3.2.0 alone", 0}},
        .run = fh_cmd_contract_lint,
    },
    {
        .noun = "contract",
        .verb = "diff",
        .operands = "BEFORE AFTER",
        .summary = "compare two contracts: what changed, and the version that it needs",
        .details = "Each is a file, a product (domain/product@1; fetched and verified), or\n"
                   "@published: the live version of what the other one is. Every change has two\n"
                   "verdicts: READER, do readers of BEFORE break, and STORED, does stored data\n"
                   "still fit. Ends with 1 when the version of AFTER rises too little.",
        .example = "freehold contract diff @published flights.odcs.yaml\n"
                   "freehold contract diff old.odcs.yaml new.odcs.yaml --fail-on any\n"
                   "freehold -o json contract diff aviation/flights@1 aviation/flights@2",
        .operands_min = 2,
        .operands_max = 2,
        .flags = {{"fail-on",
                   "WHAT",
                   "end with 1 on what breaks: reader, stored, any, or none of it",
                   0},
                  PEER_FLAG},
        .run = fh_cmd_contract_diff,
    },
    {
        .noun = "contract",
        .verb = "test",
        .operands = "FILE",
        .summary = "check the data against every promise of a contract",
        .details =
            "Schema, quality rules and service levels. Data files are found relative to the\n"
            "contract's folder. Needs no home and no mesh. Ends with 1 when a promise is\n"
            "broken; what cannot be run is listed with its reason.",
        .example = "freehold contract test flights.odcs.yaml\n"
                   "freehold contract test flights.odcs.yaml --only schema --samples 5\n"
                   "freehold -o json contract test flights.odcs.yaml --junit report.xml",
        .operands_min = 1,
        .operands_max = 1,
        .flags =
            {
                {"only", "LIST", "of schema, quality, sla; several by comma (default: all)", 0},
                {"samples", "N", "show N failing rows of each check; only public columns", 0},
                {"server", "NAME", "the server to read (default: the only local one)", 0},
                {"now", "TIME", "measure ages against this time (default: now)", 0},
                {"junit", "FILE", "also write the report as JUnit XML", 0},
                {"fail-on", "LEVEL", "warning or error (default error)", 0},
            },
        .run = fh_cmd_contract_test,
    },
    {
        .noun = "contract",
        .verb = "import",
        .operands = "SOURCE",
        .summary = "draft a contract from data: a file, a folder, a database, definitions",
        .details =
            "SOURCE is a Parquet, CSV or JSON file, a folder of them (one table a file), a\n"
            "SQLite file, postgres://USER@HOST/DATABASE, a .sql file of CREATE TABLE, or a\n"
            "manifest.json of dbt. What the source declares is promised; what was only seen\n"
            "in the data, and what looks personal, is marked for review. Needs no home and\n"
            "no mesh. A password of PostgreSQL comes from PGPASSWORD or ~/.pgpass.",
        .example =
            "freehold contract import orders.csv -o orders.odcs.yaml\n"
            "freehold contract import data --format parquet --name sales -o sales.odcs.yaml\n"
            "freehold contract import postgres://reader@db.example/shop --table orders,items",
        .operands_min = 1,
        .operands_max = 1,
        .flags =
            {
                {"format", "FORMAT", "parquet, csv, json, sqlite, postgres, sql or dbt", 0},
                {"table", "NAMES", "only these tables, by comma", 0},
                {"name", "PRODUCT", "name of the product (default: from the source)", 0},
                {"domain", "NAME", "domain that the product belongs to", 0},
                {"id", "ID", "id of the contract (default: a new UUID)", 0},
                {"sample", "N", "values looked at in each column (default 1000)", 0},
                {"output", "FILE", "write the draft to a new file", 'o'},
            },
        .run = fh_cmd_contract_import,
    },
    {
        .noun = "contract",
        .verb = "export",
        .operands = "FILE|NAME",
        .summary = "write a contract as YAML, JSON Schema, SQL, a web page or Markdown",
        .details = "FILE is a contract of this machine and needs no home; NAME a product of the\n"
                   "mesh, whose published text odcs gives byte for byte. Formats: odcs,\n"
                   "jsonschema, sql, html (one page without script), markdown.",
        .example = "freehold contract export flights.odcs.yaml --format html -o flights.html\n"
                   "freehold contract export flights.odcs.yaml --format sql --dialect postgres\n"
                   "freehold contract export aviation/flights --format jsonschema",
        .operands_min = 1,
        .operands_max = 1,
        .flags = {{"format", "FORMAT", "odcs (default), jsonschema, sql, html or markdown", 'f'},
                  {"out", "FILE", "write there instead of standard output", 'o'},
                  {"dialect", "NAME", "of sql: duckdb (default) or postgres", 0},
                  {"table", "NAME", "of sql and jsonschema: only this table", 0},
                  PEER_FLAG},
        .run = fh_cmd_contract_export,
    },
    {
        .noun = "contract",
        .verb = "show",
        .operands = "NAME",
        .summary = "print the published contract (YAML), verified",
        .details = "",
        .example = "freehold contract show wildlife.birdstrikes\n"
                   "freehold contract show wildlife/birdstrikes --save birdstrikes.contract",
        .operands_min = 1,
        .operands_max = 1,
        .flags = {{"save", "FILE", "also keep it with its signatures and the keys behind them", 0},
                  PEER_FLAG},
        .run = fh_cmd_contract_show,
    },
    {
        .noun = "contract",
        .verb = "verify",
        .operands = "NAME|FILE",
        .summary = "verify a contract of the mesh, or one kept in a file",
        .details = "A file is verified offline against the mesh of the home, or --mesh.",
        .example = "freehold contract verify aviation/flights\n"
                   "freehold contract verify birdstrikes.contract --mesh fhm1...",
        .operands_min = 1,
        .operands_max = 1,
        .flags = {{"mesh", "ID", "the mesh to trust (default: the home's)", 0}, PEER_FLAG},
        .run = fh_cmd_contract_verify,
    },
    {
        .noun = "query",
        .operands = "[SQL]",
        .summary = "run SQL over the mesh",
        .details =
            "Tables are domain.product, or domain.product.table. Without SQL it is read\n"
            "from -f FILE or standard input. The answer counts only with its receipt.\n"
            "--param VALUE fills $1, then $2 (or each ?), --param NAME=VALUE fills $NAME, as\n"
            "text: 'x' written in the SQL would do the same. A VALUE with an = of its own is\n"
            "--param =VALUE. --param-json '[5, null, true, 12.50, \"a\"]' gives typed values,\n"
            "or {\"since\": \"2024-01-01\"} by name. Values are bound, never put into the SQL.\n"
            "-o arrow gives an Apache Arrow IPC stream, -o parquet a Parquet file; both carry the\n"
            "request, the products and the receipt, and without an end nobody takes them for all.",
        .example =
            "freehold query \"SELECT count(*) FROM aviation.flights\"\n"
            "freehold query 'SELECT * FROM shop.orders WHERE day >= $since AND item = $item' "
            "--param since=2024-01-01 --param item=Tea\n"
            "freehold -o csv query -f delays.sql --receipt delays.receipt > delays.csv\n"
            "freehold -o parquet query --stream \"SELECT * FROM aviation.flights\" --out "
            "flights.parquet",
        .operands_max = 1,
        .flags =
            {
                {"file", "FILE", "read the SQL from a file, - is standard input", 'f'},
                {"param", "VALUE|NAME=VALUE...", "the next parameter's value, or that of $NAME", 0},
                {"param-json", "JSON", "values of all parameters, with types", 0},
                {"out", "FILE", "write the answer to a file, all of it or nothing", 0},
                {"receipt", "FILE", "keep the signed receipt", 0},
                {"purpose", "TEXT", "what the answer is for", 0},
                {"rows", "N", "refuse more rows than that", 0},
                {"deadline", "SECONDS", "give up after that time", 0},
                {"tree", NULL, "have the receipt carry a hash tree over the data", 0},
                {"stream", NULL, "fetch much: bounded by time and bytes instead of rows", 0},
                {"wait", "SECONDS", "how long to ask a busy node again (default 10)", 0},
                PEER_FLAG,
            },
        .columnar = true,
        .run = fh_cmd_query,
    },
#include "tools/cli/commands_access.inc"
#include "tools/cli/commands_audit.inc"
#include "tools/cli/commands_charter.inc"
#include "tools/cli/commands_policy.inc"
#include "tools/cli/commands_token.inc"
    {
        .noun = "verify",
        .operands = "FILE",
        .summary = "verify a kept receipt or contract offline",
        .details = "",
        .example = "freehold verify delays.receipt",
        .operands_min = 1,
        .operands_max = 1,
        .flags = {{"mesh", "ID", "the mesh to trust (default: the home's)", 0}},
        .run = fh_cmd_verify,
    },
    {
        .noun = "key",
        .verb = "create",
        .operands = "FILE",
        .summary = "make a key on any machine and print its public half",
        .details =
            "Needs no home. Hand the public key to the domain, which answers with an access\n"
            "(`freehold member add`). Seal it with --passphrase-file where files may be read.",
        .example = "freehold key create ci.key > ci.pub\n"
                   "freehold key create me.key --passphrase-file me.passphrase",
        .operands_min = 1,
        .operands_max = 1,
        .run = fh_cmd_key_create,
    },
    {
        .noun = "key",
        .verb = "list",
        .operands = "",
        .summary = "list the keys of the home, their roles and ends",
        .details = "",
        .example = "freehold key list",
        .run = fh_cmd_key_list,
    },
#include "tools/cli/commands_key.inc"
    {
        .noun = "member",
        .verb = "add",
        .operands = "KEY|FILE",
        .summary = "let the key of a person or a job act for the domain",
        .details = "KEY is a public key (fhp1...), FILE one that holds it, - is standard input. A\n"
                   "publisher publishes contracts and asks, a member asks; any other role is a\n"
                   "member with that name, which policies may ask for. The access that comes back\n"
                   "holds no secret: put it beside the key. Needs the domain key.",
        .example =
            "freehold member add ci.pub --name ci --role publisher --until 90d --save ci.access\n"
            "freehold member add fhp1... --name ann --role analyst --until 2027-01-31",
        .operands_min = 1,
        .operands_max = 1,
        .flags =
            {
                {"name", "NAME", "what it is called here: [a-z][a-z0-9_]*", 0},
                {"role", "ROLE", "publisher, member, or a name such as analyst", 0},
                {"until", "TIME", "90d, 12h, 2027-01-31", 0},
                {"save", "FILE", "write the access to this file", 0},
                {"dry-run", NULL, "check everything, let nobody in", 0},
            },
        .run = fh_cmd_member_add,
    },
    {
        .noun = "member",
        .verb = "list",
        .operands = "",
        .summary = "list the keys that act for the domain, their roles and ends",
        .details = "",
        .example = "freehold member list",
        .run = fh_cmd_member_list,
    },
    {
        .noun = "member",
        .verb = "revoke",
        .operands = "MEMBER|KEY",
        .summary = "shut a key out, everywhere in the mesh",
        .details = "Nothing that the key signs from then on counts; its sessions end within a\n"
                   "second of the news. --since reaches back, for a key that was stolen: what it\n"
                   "published after that time is refused too. A revoked key stays revoked.",
        .example = "freehold member revoke ci\n"
                   "freehold member revoke fhk1... --since 2027-01-31T12:00:00Z",
        .operands_min = 1,
        .operands_max = 1,
        .flags =
            {
                {"since", "TIME", "as of a time that has passed (default now)", 0},
                {"dry-run", NULL, "check everything, revoke nothing", 0},
            },
        .run = fh_cmd_member_revoke,
    },
    {
        .noun = "domain",
        .verb = "show",
        .operands = "",
        .summary = "show the ids of the home's domain and mesh",
        .details = "",
        .example = "freehold -o json domain show",
        .run = fh_cmd_domain_show,
    },
    {
        .noun = "completion",
        .operands = "SHELL",
        .summary = "print the completion script of a shell: bash, zsh or fish",
        .details = "It completes commands, flags, files, and the names of products and members\n"
                   "that the home's node and the home know.",
        .example = "source <(freehold completion bash)\n"
                   "freehold completion zsh > ~/.zfunc/_freehold\n"
                   "freehold completion fish > ~/.config/fish/completions/freehold.fish",
        .operands_min = 1,
        .operands_max = 1,
        .run = fh_cmd_completion,
    },
};

const size_t fh_command_count = FH_COUNT(fh_commands);
