/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `freehold`, in the order of the help. */
#include "tools/cli/cli.h"

#define PEER_FLAG                                                                                  \
    {                                                                                              \
        "peer", "HOST:PORT", "ask this node instead of the home's own", 0                          \
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
        .example = "freehold status\nfreehold -o json status --peer 127.0.0.1:7401",
        .flags = {PEER_FLAG},
        .run = fh_cmd_status,
    },
    {
        .noun = "peers",
        .operands = "",
        .summary = "list the members of the mesh as the node sees them",
        .details = "",
        .example = "freehold peers",
        .flags = {PEER_FLAG},
        .run = fh_cmd_peers,
    },
    {
        .noun = "search",
        .operands = "[WORDS...]",
        .summary = "find products in the catalogue",
        .details = "All words must match. Without words: everything.",
        .example = "freehold search bird strikes",
        .operands_max = FH_ARGS_OPERANDS_MAX,
        .flags = {{"limit", "N", "at most so many", 0}, PEER_FLAG},
        .run = fh_cmd_search,
    },
    {
        .noun = "product",
        .verb = "publish",
        .operands = "FILE",
        .summary = "check, sign and announce a contract",
        .details = "The contract is an ODCS 3.1 document; data files are found relative to its\n"
                   "folder. The node checks every promise against the data before anything is\n"
                   "signed off to the mesh. Without a running node one is started for the check.",
        .example = "freehold product publish flights.odcs.yaml\n"
                   "freehold product publish flights.odcs.yaml --dry-run",
        .operands_min = 1,
        .operands_max = 1,
        .flags = {{"dry-run", NULL, "check everything, announce nothing", 0}},
        .run = fh_cmd_product_publish,
    },
    {
        .noun = "product",
        .verb = "list",
        .operands = "",
        .summary = "list products of the mesh",
        .details = "",
        .example = "freehold product list --domain aviation",
        .flags = {{"domain", "NAME", "only those of this domain", 0}, PEER_FLAG},
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
    {
        .noun = "contract",
        .verb = "lint",
        .operands = "FILE",
        .summary = "check a contract: every mistake, with line and column",
        .details = "Needs no home and no node.",
        .example = "freehold contract lint flights.odcs.yaml",
        .operands_min = 1,
        .operands_max = 1,
        .run = fh_cmd_contract_lint,
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
        .details = "Tables are domain.product, or domain.product.table. Without SQL it is read\n"
                   "from -f FILE or standard input. The answer counts only with its receipt.",
        .example = "freehold query \"SELECT count(*) FROM aviation.flights\"\n"
                   "freehold -o csv query -f delays.sql --receipt delays.receipt > delays.csv",
        .operands_max = 1,
        .flags =
            {
                {"file", "FILE", "read the SQL from a file, - is standard input", 'f'},
                {"receipt", "FILE", "keep the signed receipt", 0},
                {"purpose", "TEXT", "what the answer is for", 0},
                {"rows", "N", "refuse more rows than that", 0},
                {"deadline", "SECONDS", "give up after that time", 0},
                {"tree", NULL, "have the receipt carry a hash tree over the data", 0},
                PEER_FLAG,
            },
        .run = fh_cmd_query,
    },
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
        .verb = "list",
        .operands = "",
        .summary = "list the keys of the home, their roles and ends",
        .details = "",
        .example = "freehold key list",
        .run = fh_cmd_key_list,
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
        .summary = "print the completion script of a shell (bash)",
        .details = "",
        .example = "source <(freehold completion bash)",
        .operands_min = 1,
        .operands_max = 1,
        .run = fh_cmd_completion,
    },
};

const size_t fh_command_count = FH_COUNT(fh_commands);
