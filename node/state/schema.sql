-- SPDX-License-Identifier: Apache-2.0
-- Schema of node.db, version 1. A change makes a new file, as schema_2.sql, which turns a version 1
-- into a version 2; what has landed stays as it is. Ids are 32-byte blobs, times Unix milliseconds.

CREATE TABLE kv (
    key TEXT PRIMARY KEY,
    value ANY NOT NULL
) WITHOUT ROWID, STRICT;

-- Identity records in the order in which they were accepted (seq).
CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    type INTEGER NOT NULL,
    domain BLOB NOT NULL,
    bytes BLOB NOT NULL,
    received_ms INTEGER NOT NULL
) STRICT;

-- The newest ALIVE and LEAVE of each node.
CREATE TABLE members (
    node BLOB NOT NULL,
    type INTEGER NOT NULL,
    id BLOB NOT NULL,
    domain BLOB NOT NULL,
    bytes BLOB NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (node, type)
) STRICT;
CREATE INDEX members_id ON members (id);

-- Evidence: records that contradict each other or were refused for a reason worth proving.
CREATE TABLE proofs (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    rule TEXT NOT NULL,
    type INTEGER NOT NULL,
    domain BLOB NOT NULL,
    bytes BLOB NOT NULL,
    received_ms INTEGER NOT NULL
) STRICT;

-- Whose a name is here: as at its first use, or as a person decided.
CREATE TABLE pins (
    name TEXT PRIMARY KEY,
    domain BLOB NOT NULL UNIQUE,
    pinned_ms INTEGER NOT NULL,
    decided INTEGER NOT NULL
) STRICT;

-- What people here call a domain. Never sent anywhere.
CREATE TABLE aliases (
    name TEXT PRIMARY KEY,
    domain BLOB NOT NULL,
    made_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE invitations (
    id BLOB PRIMARY KEY,
    domain BLOB NOT NULL,
    name TEXT NOT NULL,
    admission BLOB NOT NULL,
    used_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE peers (
    node BLOB NOT NULL,
    domain BLOB NOT NULL,
    address TEXT NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (node, address)
) STRICT;

-- Where an own product's version lies. Never sent anywhere.
CREATE TABLE sources (
    product TEXT NOT NULL,
    version TEXT NOT NULL,
    contract BLOB NOT NULL,
    mapping BLOB NOT NULL,
    data_root BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    published_ms INTEGER NOT NULL,
    PRIMARY KEY (product, version)
) STRICT;
CREATE INDEX sources_contract ON sources (contract);

-- One row per (domain, product, major). `live` 0: expired; the row stays as the floor of its
-- revision. Version, status and the other listed fields are read from `bytes`.
CREATE TABLE announcements (
    entry INTEGER PRIMARY KEY,
    domain BLOB NOT NULL,
    product TEXT NOT NULL,
    major INTEGER NOT NULL,
    id BLOB NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    status INTEGER NOT NULL,
    contract BLOB NOT NULL,
    expires_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    live INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (domain, product, major)
) STRICT;
CREATE INDEX announcements_contract ON announcements (contract);

-- When the owner was last heard, for the age of its entries.
CREATE TABLE heard (
    domain BLOB PRIMARY KEY,
    heard_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE contracts (
    id BLOB PRIMARY KEY,
    domain BLOB NOT NULL,
    product TEXT NOT NULL,
    seq INTEGER NOT NULL,
    version TEXT NOT NULL,
    major INTEGER NOT NULL,
    prerelease INTEGER NOT NULL,
    open INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (domain, product, seq)
) STRICT;
CREATE INDEX contracts_major ON contracts (domain, product, major, seq);

-- Contracts that their owner signed and that were refused here, until the next start: links of their
-- chains, and why a product has no contract.
CREATE TABLE refusals (
    id BLOB PRIMARY KEY,
    domain BLOB NOT NULL,
    product TEXT NOT NULL,
    seq INTEGER NOT NULL,
    rule TEXT NOT NULL,
    text TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- Two contracts of one number in one chain: `one` is held in contracts, `other` in proofs.
CREATE TABLE forks (
    seq INTEGER PRIMARY KEY,
    domain BLOB NOT NULL,
    product TEXT NOT NULL,
    number INTEGER NOT NULL,
    one BLOB NOT NULL,
    other BLOB NOT NULL UNIQUE
) STRICT;
CREATE INDEX forks_product ON forks (domain, product);

-- The announcements that changed a status, a sunset or a successor: the history of a product. The
-- last ones of each key.
CREATE TABLE moves (
    domain BLOB NOT NULL,
    product TEXT NOT NULL,
    major INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (domain, product, major, revision)
) STRICT;

-- Tables and columns of the contracts, for the planner: all of a contract in one packed value, since
-- fifty rows with a random key cost more to write than the rest of it.
CREATE TABLE columns (
    contract BLOB PRIMARY KEY,
    form BLOB NOT NULL
) STRICT;

-- The newest measurement of each product: counts while an announcement names its contract.
-- `results` is empty until somebody asked for them.
CREATE TABLE measurements (
    domain BLOB NOT NULL,
    product TEXT NOT NULL,
    major INTEGER NOT NULL,
    id BLOB NOT NULL UNIQUE,
    contract BLOB NOT NULL,
    measured_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    state INTEGER NOT NULL,
    gate INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    results BLOB NOT NULL,
    PRIMARY KEY (domain, product, major)
) STRICT;

-- The last measurements of own products.
CREATE TABLE measured (
    product TEXT NOT NULL,
    major INTEGER NOT NULL,
    measured_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    results BLOB NOT NULL,
    PRIMARY KEY (product, major, measured_ms)
) STRICT;

-- What a key has had under a right (a grant, or a contract), this hour and this day.
CREATE TABLE budgets (
    key BLOB NOT NULL,
    right BLOB NOT NULL,
    hour_ms INTEGER NOT NULL,
    queries INTEGER NOT NULL,
    day_ms INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (key, right)
) STRICT, WITHOUT ROWID;

-- When this node served: spans of time that do not touch.
CREATE TABLE uptime (
    from_ms INTEGER PRIMARY KEY,
    to_ms INTEGER NOT NULL
) STRICT;

-- Who may read own products, and what ended that before its time. An end may come before its grant.
CREATE TABLE grants (
    id BLOB PRIMARY KEY,
    grantee BLOB NOT NULL,
    product TEXT NOT NULL,
    not_after_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX grants_product ON grants (product, grantee);

CREATE TABLE grant_ends (
    id BLOB PRIMARY KEY,
    target BLOB NOT NULL,
    since_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX grant_ends_target ON grant_ends (target);

-- Access requests: those of own products, and those that wait here for their owner. `delivered_ms` 0:
-- the owner has it not yet; `refused` is the rule by which he refused it. `answer` may be empty.
CREATE TABLE asked (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    owner BLOB NOT NULL,
    consumer BLOB NOT NULL,
    key BLOB NOT NULL,
    until_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    delivered_ms INTEGER NOT NULL,
    refused TEXT NOT NULL,
    bytes BLOB NOT NULL,
    answer BLOB NOT NULL
) STRICT;
CREATE INDEX asked_key ON asked (key);
CREATE INDEX asked_waiting ON asked (owner) WHERE delivered_ms = 0;

-- Tokens that members left here, opened by their text alone. `token` is their record's id; one that is
-- revoked has no `deposit` any more.
CREATE TABLE tokens (
    id BLOB PRIMARY KEY,
    token BLOB NOT NULL,
    domain BLOB NOT NULL,
    key BLOB NOT NULL,
    not_after_ms INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    deposit BLOB NOT NULL
) STRICT;
CREATE INDEX tokens_key ON tokens (key);
CREATE INDEX tokens_domain ON tokens (domain);
CREATE INDEX tokens_end ON tokens (not_after_ms);

-- Policies of this domain, every version: the greatest number of a name is in force. `other`: a record
-- of the same number that contradicts it (in proofs), or empty.
CREATE TABLE policies (
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL UNIQUE,
    received_ms INTEGER NOT NULL,
    other BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (name, seq)
) STRICT;

-- What the mesh agreed on: MESH_POLICY records of every number and name, rivals too, and WAIVERs; of this
-- domain's own waivers those are here too. `type` is the record's.
CREATE TABLE agreed (
    id BLOB PRIMARY KEY,
    type INTEGER NOT NULL,
    shared INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- Contracts to pull. One that waits for its predecessor names it.
CREATE TABLE wants (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    domain BLOB NOT NULL,
    waits_for BLOB NOT NULL
) STRICT;

-- What a list or a count of products needs of each, in few pages: what is searched for is walked here.
-- One for each live announcement, also of a withdrawn product. `form`: state/facets.h.
CREATE TABLE cards (
    entry INTEGER PRIMARY KEY,
    domain BLOB NOT NULL,
    name TEXT NOT NULL,
    product TEXT NOT NULL,
    major INTEGER NOT NULL,
    status INTEGER NOT NULL,
    contract BLOB NOT NULL,
    open INTEGER NOT NULL,
    form BLOB NOT NULL
) STRICT;
CREATE INDEX cards_name ON cards (name, product, major);

-- rowid = announcements.entry
CREATE VIRTUAL TABLE search USING fts5 (
    domain, name, title, description, columns, tags, people,
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3'
);

-- The terms of these texts, for the spelling of words.
CREATE VIRTUAL TABLE search_terms USING fts5vocab (search, row);

-- Checkpoints of others' audit logs, in the order in which they came.
CREATE TABLE witnessed (
    place INTEGER PRIMARY KEY,
    node BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    record BLOB NOT NULL,
    came_ms INTEGER NOT NULL,
    UNIQUE (node, hash)
) STRICT;
