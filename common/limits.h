/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit of Freehold, with its unit in the name and its reason beside it.
 *
 * A queue, buffer, message or wait without an entry here does not exist. FH_TINY_LIMITS (preset
 * `tiny`) shrinks those marked "tiny" so that tests hit each of them.
 */
#ifndef FH_COMMON_LIMITS_H
#define FH_COMMON_LIMITS_H

#ifdef FH_TINY_LIMITS
#define FH_LIMIT(normal, tiny) (tiny)
#else
#define FH_LIMIT(normal, tiny) (normal)
#endif

enum {
    /* names */
    FH_NAME_BYTES_MAX = 63,       /* fits PostgreSQL's NAMEDATALEN - 1 */
    FH_VERSION_BYTES_MAX = 32,    /* "1.20.300" with room to spare */
    FH_SUCCESSOR_BYTES_MAX = 138, /* "domain/product@4294967295": two names and a major version */
    FH_ADDRESS_BYTES_MAX = 128,   /* host name or [v6]:port */
    FH_ADDRESSES_MAX = 3,         /* advertised by one node, carried by one invitation */

    /* canonical encoding */
    FH_PACK_DEPTH_MAX = 16,
    FH_PACK_ITEMS_MAX = FH_LIMIT(65536, 4096),

    /* records */
    FH_RECORD_BYTES_MAX = 600 * 1024,    /* a contract with its text; all others are far smaller */
    FH_RECORD_GOSSIP_BYTES_MAX = 1024,   /* what may ride in a datagram beside a probe */
    FH_RECORD_SIGNATURES_MAX = 16,       /* charter signers */
    FH_KEYLOG_EVENTS_MAX = 64,           /* inception and rotations of one domain */
    FH_CHARTER_MEMBERS_MAX = 31,         /* more than half of them fit FH_RECORD_SIGNATURES_MAX */
    FH_CHARTERS_MAX = FH_LIMIT(1024, 4), /* kept for ever: admissions are judged by theirs */
    FH_MANIFEST_IDS_MAX = 8192,          /* FH_DOMAIN_GRANTS_MAX, and charters */
    FH_CHARTER_RIVALS_MAX =
        FH_LIMIT(32, 4),                  /* behind one: 31 members of which 15 sign all need 16 */
    FH_PROPOSALS_MAX = 4,                 /* open ones of one member of the charter */
    FH_PROPOSAL_NOTE_BYTES_MAX = 400,     /* as a grant's */
    FH_CHARTER_EXPELLED_MAX = 128,        /* with 31 members half of the largest payload */
    FH_DOMAINS_MAX = FH_LIMIT(16384, 64), /* admitted ones; as FH_MEMBERS_MAX */
    FH_NAMES_SETTLED_MAX = FH_LIMIT(1024, 2),  /* by people, one by one; aliases too */
    FH_STRANGERS_MAX = FH_LIMIT(256, 4),       /* domains held before anybody admits them */
    FH_DOMAIN_GRANTS_MAX = FH_LIMIT(4096, 16), /* delegations and revocations of one domain */
    FH_STRANGER_GRANTS_MAX = FH_LIMIT(64, 4),  /* of one that nobody admitted: 14 and its own */
    FH_ANNOUNCEMENT_SUMMARY_BYTES_MAX = 400,   /* keeps an announcement inside a datagram */

    /* homes */
    FH_HOME_RECORDS_MAX = 1024, /* of identity: a rotation leaves one for each key that acts */
    FH_HOME_RECORD_BYTES_MAX = 320 * 1024,        /* a manifest of FH_MANIFEST_IDS_MAX */
    FH_HOME_IDENTITY_BYTES_MAX = 8 * 1024 * 1024, /* all of them */

    /* contracts */
    FH_CONTRACT_BYTES_MAX = 256 * 1024,
    FH_YAML_DEPTH_MAX = 32,
    FH_YAML_EVENTS_MAX = FH_LIMIT(50000, 4000),
    FH_YAML_KEYS_MAX = 1024, /* of one map; the largest section of ODCS has 29 */
    FH_CONTRACT_ARENA_BYTES_MAX = 24 * 1024 * 1024, /* tree and model of the worst 256 KiB */
    FH_CONTRACT_FORM_BYTES_MAX = 320 * 1024,        /* canonical form; about as large as its text */
    FH_FINDINGS_MAX = FH_LIMIT(100, 8),             /* listed in one run; the rest is counted */
    FH_CONTRACT_TABLES_MAX = FH_LIMIT(256, 8),
    FH_CONTRACT_COLUMNS_MAX = FH_LIMIT(2048, 64), /* of one table */

    /* gossip */
    FH_DATAGRAM_BYTES_MAX = 1200,         /* under IPv6's minimum MTU of 1280 */
    FH_MEMBERS_MAX = FH_LIMIT(16384, 64), /* 40 bytes each, and 0.9 kB of records: 16 MiB in all */
    FH_NODES_PER_DOMAIN_MAX = FH_LIMIT(256, 16), /* node keys cost nothing: no table full of them */
    FH_RUMOURS_MAX = FH_LIMIT(4096, 16),
    FH_GOSSIP_PUSH_MEMBERS = FH_LIMIT(256, 24), /* more: most sends are hints (rumours.h) */
    FH_GOSSIP_SEEDS_MAX = 16,
    FH_GOSSIP_LOST_MAX = FH_LIMIT(64, 4),      /* addresses of forgotten members, called for ever */
    FH_GOSSIP_KEYS_MAX = FH_LIMIT(2048, 16),   /* cached datagram keys of peers, 200 bytes each */
    FH_GOSSIP_AWAITED_MAX = FH_LIMIT(128, 16), /* pings in flight: own, relayed, to newcomers */
    FH_GOSSIP_SUSPICIONS_MAX = FH_LIMIT(16384, 64), /* a partition suspects the other half */
    FH_GOSSIP_BULK_RECORDS = 16,       /* more learned at once: everybody synchronises anyway */
    FH_GOSSIP_VERIFY_PER_S = 2000,     /* signatures of rumours: 15 % of a core */
    FH_GOSSIP_VERIFY_PER_PEER_S = 500, /* so that one liar does not use up the others' */
    FH_GOSSIP_AGREE_PER_S = 1000,      /* key agreements for senders outside the key cache */
    FH_GOSSIP_RELAY_PER_S = 100,       /* probes relayed for others */
    FH_GOSSIP_RELAY_PER_PEER_S = 10,
    FH_GOSSIP_SERVED_PER_PEER_S = 16384, /* bytes of news that one peer gets for its questions */
    FH_GOSSIP_NEWS_BYTES_PER_S = 65536,  /* rumours are shed above it, probes never */
    FH_GOSSIP_PULLS_PER_S = 500,         /* questions for what was hinted at */
    FH_RECONCILE_RANGES_MAX = 512,       /* of one message; three levels of fan-out 8 */
    FH_RECONCILE_BYTES_MAX = 16 * 1024,  /* of one message: 512 ranges, or 26 full lists */
    FH_RECONCILE_ROUNDS_MAX = 32, /* 4 for one difference; who needs more goes page by page */
    FH_RECONCILE_FOUND_MAX = FH_LIMIT(4096, 16), /* more differs: page by page is cheaper */
    FH_PRODUCTS_PER_DOMAIN_MAX = FH_LIMIT(10000, 32),
    FH_CATALOGUE_PRODUCTS_MAX = FH_LIMIT(100000, 64),

    /* sessions and links */
    FH_FRAME_REQUEST_BYTES_MAX = 320 * 1024,            /* listeners: requests are small */
    FH_FRAME_REPLY_BYTES_MAX = 1024 * 1024 + 64 * 1024, /* dialers: one batch and its header */
    FH_FRAME_UNAUTHENTICATED_BYTES_MAX = 16 * 1024,     /* a handshake message with identity */
    FH_SESSION_REPLAY_WINDOW = 8192,                    /* counters, as WireGuard's */
    FH_SESSION_RECORDS_MAX = FH_KEYLOG_EVENTS_MAX + 8, /* key log and delegations of one identity */
    FH_SESSION_REKEY_MS = 120000,  /* new work moves to new keys, as WireGuard */
    FH_SESSION_LIFE_MS = 600000,   /* keys end; old streams have ended before */
    FH_SESSION_SILENT_MS = 150000, /* then nothing new comes on it: see FH_SESSION_REKEY_MS */
    FH_SESSION_REKEY_MESSAGES = FH_LIMIT(1 << 20, 64),
    FH_SESSION_MESSAGES_MAX = FH_LIMIT(1 << 24, 256), /* sent on one key; far below the cipher's */
    FH_SESSIONS_MAX = FH_LIMIT(1024, 8),              /* served by one node */
    FH_SESSIONS_GREETING_MAX = FH_LIMIT(256, 4), /* of them in a handshake: anybody may begin */
    FH_SESSIONS_PER_KEY_MAX = FH_LIMIT(64, 4),   /* live ones of one authenticated key */
    FH_PIPES_MAX = FH_LIMIT(512, 8),
    FH_PIPES_UNAUTHENTICATED_PER_ADDRESS_MAX = FH_LIMIT(64, 4),
    FH_PIPES_PER_KEY_MAX = FH_LIMIT(64, 4), /* connections of one authenticated key */
    FH_LINK_CONTEXTS = FH_LIMIT(256, 8), /* requests in service at once, waiting NEXTs included */
    FH_PUSH_RECORDS_MAX = 256,           /* records that one node hands another at once, unasked */
    FH_PEER_CALLS_MAX = FH_LIMIT(1024, 16),  /* what this node asks others, waiting ones included */
    FH_RELAYED_MAX = FH_LIMIT(256, 8),       /* frames that this node carries for others at once */
    FH_RELAY_LINES_MAX = FH_LIMIT(512, 8),   /* inner sessions that this node knows to be carried */
    FH_CALLS_PER_PIPE_MAX = FH_LIMIT(64, 4), /* in service of one connection, as it may ask */
    FH_DIALERS_MAX = FH_LIMIT(256, 8),       /* peers that one node calls */
    FH_DIALER_REQUESTS_MAX = FH_LIMIT(64, 4), /* in flight to one peer */
    FH_LISTENERS_MAX = 4,
    FH_LISTEN_BACKLOG = 128,
    FH_LINK_REQUESTS_MAX = FH_LIMIT(2048, 16), /* in flight to all peers */
    FH_PIPE_IDLE_MS = 60000,                   /* a connection without a whole message is closed */
    FH_UDP_NAMES_MAX = FH_LIMIT(256, 8),       /* host names remembered with their addresses */
    FH_UDP_NAME_TTL_MS = 30000,                /* a name is resolved again, containers move */
    FH_HANDSHAKE_MS = 5000,
    FH_CONNECT_MS = 3000,
    FH_REQUEST_MS = 10000,
    FH_STREAM_STALL_MS = 30000,
    FH_DRAIN_MS = 10000,
    FH_INBOX_EVENTS_MAX = FH_LIMIT(8192, 64), /* between threads and the loop */

    /* queries */
    FH_SQL_BYTES_MAX = 64 * 1024,
    FH_SQL_DEPTH_MAX = 64, /* brackets and nested WITH; DuckDB's parser is exponential there */
    FH_SQL_TOKENS_MAX = 8000,
    FH_SQL_CTES_MAX = 64,
    FH_SQL_CTE_DEPTH_MAX = 3,
    FH_FILTERS_KNOWN_MAX = 64, /* of views whose filters were looked at; a look takes 1 ms */
    FH_QUERY_TABLES_MAX = 64,
    FH_PURPOSE_BYTES_MAX = 127, /* a slug or a short sentence; signed with every request */
    FH_QUERY_DEADLINE_MS = 10000,
    FH_QUERY_STREAM_DEADLINE_MS = 300000,  /* `get` and cursors: bounded by bytes too */
    FH_QUERY_ROWS_MAX = 1000000,           /* interactive answers */
    FH_QUERY_STREAM_MIB = 64 * 1024,       /* bytes of one stream */
    FH_QUERY_STREAM_ROWS_MAX = 1000000000, /* who asks for more than that by its number */
    FH_QUERY_RUNNING_PER_KEY_MAX = 2,
    FH_QUERY_STREAMS_PER_KEY_MAX = 1, /* beside them */
    FH_QUERY_SLOW_MS = 500,           /* of processor: more is for later, not for who waits */
    FH_QUERY_HOLD_MS = 2000,          /* a worker held so long is, too, whatever it waits for */
    FH_QUERY_SLOW_KEY_MS = 120000,    /* so long its key counts as slow: more than a round */
    FH_QUERY_QUEUED_PER_KEY_MAX = 8,
    FH_QUERY_WINDOW = 4, /* batches in flight between a producer and its consumer */
    FH_BATCH_BYTES_MAX = 1024 * 1024,
    FH_CELL_BYTES_MAX = 16 * 1024 * 1024,
    FH_BATCH_COLUMNS_MAX = 2048,
    FH_RECEIPT_LEAVES_MAX = FH_LIMIT(65536, 8), /* 64 GiB of batches in one saved receipt */
    FH_RECEIPT_FILE_SUPPORT_MAX = 512,          /* records that prove the signers of a join of 64 */
    FH_RECEIPT_FILE_BYTES_MAX =
        4 * 1024 * 1024,                /* leaves 2 MiB, request 256 KiB, the rest records */
    FH_BUDGETS_MAX = FH_LIMIT(1024, 8), /* keys with their rights, whose counts are in memory */
    FH_BUDGET_FLUSH_MS = 5000,
    FH_VERDICTS_MAX = FH_LIMIT(128, 4), /* statements of all sessions remembered as checked */
    FH_VERDICTS_PER_SESSION_MAX = FH_LIMIT(16, 2),
    FH_VERDICT_BYTES_MAX = 64 * 1024, /* of one that is remembered */
    FH_QUERY_INLINE_MS = 20,          /* an answer that is there by then comes with QUERY's */
    FH_TOGETHER_MS = 2, /* an answer for others of its session, a request for others of its client:
                           so long they wait for one signature */
    FH_UNSIGNED_ANSWERS_MAX = FH_LIMIT(256, 4), /* that wait so, of all sessions */
    FH_QUERY_INLINE_BYTES_MAX = 64 * 1024,      /* of its first batch, to come so */
    FH_WORKERS_MAX = FH_LIMIT(8, 2),
    FH_PARSE_CPU_MS = 250,
    FH_WORKER_MEMORY_MIB = 1024,
    FH_WORKER_FILES_MAX = 128,  /* descriptors of sources in one worker; SCM_RIGHTS carries 253 */
    FH_WORKER_SPILL_FACTOR = 4, /* files of one worker's spill folder, times its memory */
    FH_WORKER_GRACE_MS = 500,   /* between a polite cancel and SIGKILL */
    FH_WORKER_START_MS = 5000,  /* from spawn to DuckDB being up; 20 ms on an idle machine */
    FH_QUERY_START_MS = 8000,   /* the same for a query; below FH_REQUEST_MS */
    FH_WORKER_TABLES_MAX = 256, /* ever named in one worker */
    FH_WORKER_PREPARED_MAX = FH_LIMIT(32, 2),  /* statements one worker keeps bound and planned */
    FH_WARM_FILE_BYTES_MAX = 16 * 1024 * 1024, /* read as a whole between two questions: 0.2 s */
    FH_WORKER_SCANS_MAX = 64,                  /* remote scans open at once in one worker */
    FH_QUERY_SCANS_MAX = 1024, /* remote scans that one query opens, one after the other too */
    FH_QUERY_QUEUE_MS = 8000,  /* waiting for a turn; whoever asked gives up after FH_REQUEST_MS */
    FH_STREAMS_MAX = FH_LIMIT(256, 8), /* questions in work, queued or remembered, of all keys */
    FH_WORKERS_FOR_SCANS = FH_LIMIT(2, 1), /* kept free of queries: two nodes that join with each
                                              other's data would wait for each other */
    FH_WORKERS_FOR_QUICK = FH_LIMIT(2, 1), /* kept free of streams and of keys that are slow */
    FH_WORKER_THREADS_MAX = 64,            /* of DuckDB in one worker */
    FH_SQL_PARAMS_MAX = 64,                /* bound values of one statement */
    FH_SQL_PARAM_NAME_BYTES_MAX = 63,      /* as names elsewhere */
    FH_SQL_PARAMS_BYTES_MAX = 64 * 1024,   /* text of all values of one statement: as the SQL */
    FH_COLUMN_NAME_BYTES_MAX = 255,        /* of answers and sources: CSV headings are sentences */
    FH_BATCH_ROWS_MAX = 1024 * 1024,       /* also bounds batches without columns */
    FH_AST_BYTES_MAX = 4 * 1024 * 1024,    /* 8,000 tokens at 300 bytes of JSON, and room */
    FH_AST_DEPTH_MAX = 512,                /* JSON levels: three for a bracket of SQL, and room */
    FH_CHANNEL_TABLES_BYTES_MAX = 2 * 1024 * 1024, /* 64 tables with their columns */
    FH_CHANNEL_RUN_BYTES_MAX = 256 * 1024,         /* SQL and its parameters */
    FH_CHANNEL_FEED_BYTES_MAX = 1024 * 1024,       /* SQL with a mask for each of 2,048 columns */
    FH_WORKER_FEEDS_MAX = FH_LIMIT(8, 2), /* scans of masked tables at once in one worker */
    FH_WORKER_MASK_KEYS_MAX = 4096,       /* ever told to one worker: two widest tables */
    FH_SNAPSHOTS_MAX = FH_LIMIT(32, 2),   /* of masked tables, kept by a node */
    FH_SNAPSHOT_BYTES_MAX = 512 * 1024 * 1024,
    FH_SNAPSHOTS_BYTES_MAX = 1024 * 1024 * 1024, /* of all together, on the disk of the home */
    FH_RING_SLOTS_MIN = 16,                      /* frames between a scan and its query: 64 if */
    FH_RING_SLOTS_MAX = 64,                      /* their columns, without long texts, take no */
    FH_RING_COLUMNS_BYTES = 8 * 1024 * 1024,     /* more than this; else 32, or the fewest */
    FH_RING_TEXT_BYTES = 1024 * 1024,            /* long texts of one frame; a cell is not longer */

    /* answers in columnar formats */
    FH_FACTS_BYTES_MAX = 512 * 1024, /* 64 tables, each with what is masked of it, twice over */
    FH_ARROW_MESSAGE_BYTES_MAX = 8 * 1024 * 1024,   /* 2,048 columns with their names: 1.5 MiB */
    FH_PARQUET_GROUP_ROWS = FH_LIMIT(122880, 1000), /* of a row group, as DuckDB writes them */
    FH_PARQUET_GROUP_BYTES = FH_LIMIT(16 * 1024 * 1024, 64 * 1024), /* or less: it is in memory */
    FH_PARQUET_PAGE_BYTES_MAX = 8 * 1024 * 1024,   /* of one batch: integers of 1 byte become 4 */
    FH_PARQUET_CHUNK_BYTES_MAX = 64 * 1024 * 1024, /* a group and a page, with room to spare */
    FH_PARQUET_DICTIONARY_ENTRIES_MAX = FH_LIMIT(32768, 64), /* of a column in a row group */
    FH_PARQUET_DICTIONARY_BYTES_MAX = FH_LIMIT(1024 * 1024, 4096),
    FH_PARQUET_FOOTER_BYTES_MAX = 64 * 1024 * 1024, /* 2,000 columns in 300 row groups */

    FH_PROFILE_BYTES_MAX = 3 * 1024 * 1024, /* one table: 2,048 columns with examples and bounds */
    FH_PROFILE_DEFINITION_BYTES_MAX = 512 * 1024, /* SQL of one table, constraints and comments */
    FH_PROFILE_TABLES_MAX = 10000, /* listed of one database; a contract has far fewer */

    /* measurements */
    FH_MEASUREMENT_BYTES_MAX = 900,         /* payload of the summary: it rides in a datagram */
    FH_MEASUREMENT_ID_BYTES_MAX = 255,      /* of a promise in the results; longer ones are cut */
    FH_MEASUREMENT_SHOWN_ID_BYTES_MAX = 95, /* of a promise in the summary */
    FH_MEASUREMENT_SHOWN_MAX = 8,           /* broken promises that a summary names */
    FH_MEASUREMENT_RESULTS_MAX = FH_LIMIT(4096, 64),
    FH_MEASUREMENT_RESULTS_BYTES_MAX = 512 * 1024, /* with a record it fits one reply */
    FH_MEASUREMENT_SCHEDULES_MAX = 16,             /* different ones of one contract */
    FH_MEASUREMENT_EARLY_MAX = FH_LIMIT(64, 4),    /* that came before their announcement */
    FH_MEASUREMENT_RECENT_MAX = FH_LIMIT(24, 3),   /* kept of each own product: the newest ones, */
    FH_MEASUREMENT_DAYS_MAX = FH_LIMIT(30, 2),     /* and one of each of its last measured days */
    FH_MEASUREMENT_HISTORY_MAX = FH_MEASUREMENT_RECENT_MAX + FH_MEASUREMENT_DAYS_MAX,
    FH_MEASUREMENT_CHECKS_MAX = FH_LIMIT(512, 8),    /* told apart in a history: as many charts */
    FH_MEASUREMENT_READ_BYTES_MAX = 8 * 1024 * 1024, /* results of a history that a client reads */
    FH_MEASUREMENT_CHECK_MS = 120000,                /* one look at all of a product's data */

    /* access */
    FH_GRANT_BYTES_MAX = 32 * 1024, /* payload of a grant or a request for one: 500 columns */
    FH_GRANT_ARENA_BYTES_MAX = 128 * 1024, /* one of them read: its texts and pointers to them */
    FH_GRANT_PURPOSES_MAX = 16,
    FH_GRANT_COLUMNS_MAX = FH_LIMIT(512, 8), /* named in one grant; more is "all", or a policy */
    FH_GRANT_COLUMN_BYTES_MAX = FH_NAME_BYTES_MAX + 1 + FH_COLUMN_NAME_BYTES_MAX, /* table.column */
    FH_GRANT_ROWS_BYTES_MAX = 4096,     /* row scope: a condition, not a program */
    FH_GRANT_NOTE_BYTES_MAX = 400,      /* notes of requests and grants, reasons of denials */
    FH_GRANTS_MAX = FH_LIMIT(20000, 8), /* held by their owner, those that ended lately included */
    FH_GRANTS_OF_ONE_MAX = 32, /* of one product for one consumer that a question looks at */
    FH_ASKED_MAX = FH_LIMIT(4096, 16), /* access requests that one node holds: 128 MiB at worst */
    FH_ASKED_PER_DOMAIN_MAX = FH_LIMIT(512, 8),
    FH_ASKED_PER_KEY_MAX = FH_LIMIT(64, 4),
    FH_ASKED_DELIVERIES_MAX = 8, /* to owners at once */
    FH_ASKED_RETRY_MS = 2000,    /* between two looks whether an owner is back */

    /* tokens */
    FH_TOKEN_BYTES_MAX = 6 * 1024, /* payload: 16 purposes, 16 products; rides in a handshake */
    FH_TOKEN_PURPOSES_MAX = 16,    /* as of a grant */
    FH_TOKEN_PRODUCTS_MAX = 16,
    FH_TOKENS_PER_KEY_MAX = FH_LIMIT(64, 4), /* live ones of one member at one node */
    FH_TOKENS_MAX = FH_LIMIT(4096, 16),      /* deposits that one node keeps */
    FH_TOKENS_OF_OTHERS_MAX =
        FH_LIMIT(3072, 12), /* of them of other domains: the rest is its own's */
    FH_TOKENS_PER_DOMAIN_MAX = FH_LIMIT(512, 8), /* of one of those */
    FH_TOKEN_ENDS_PER_KEY_MAX =
        FH_LIMIT(256, 8), /* revoked by one member: they are kept for good */
    FH_DOMAIN_TOKEN_ENDS_MAX = FH_LIMIT(4096, 16), /* by all of a domain; as FH_DOMAIN_GRANTS_MAX */
    FH_TOKEN_ITERATIONS = 4096,                    /* of PBKDF2: the secret is random, 160 bits */

    /* doors: HTTP and PostgreSQL's wire, for who does not speak our protocol */
    FH_DOOR_THREADS = FH_LIMIT(16, 2),     /* calls to nodes at once; they wait, not compute */
    FH_DOOR_JOBS_MAX = FH_LIMIT(256, 4),   /* waiting for a thread: then clients hear "busy" */
    FH_DOOR_ASKERS_MAX = FH_LIMIT(128, 4), /* sessions with the node; it serves 1,024 */
    FH_DOOR_ASKERS_PER_TOKEN_MAX = FH_LIMIT(8, 2), /* lent at once; 64 sessions of a key live */
    FH_DOOR_ASKER_IDLE_MS = 30000,               /* below FH_PIPE_IDLE_MS: the node ends it then */
    FH_DOOR_TOKENS_KEPT_MAX = FH_LIMIT(1024, 4), /* opened ones remembered */
    FH_DOOR_TOKEN_KEPT_MS = 300000,              /* an opened token, unused: then it is forgotten */
    FH_DOOR_TOKEN_LOOK_MS = 1000, /* how old the word may be that a token is not revoked */
    FH_DOOR_GUESSES_PER_S = 50,   /* texts that open nothing: each costs 2 ms of processor */
    FH_DOOR_RESTART_MS = 500,     /* before the first new start of a door that ended */
    FH_DOOR_RESTART_MS_MAX = 60000,

    /* HTTP */
    FH_HTTP_THREADS = 2, /* for sockets; what blocks runs on the doors' threads */
    FH_HTTP_CONNECTIONS_MAX = FH_LIMIT(512, 16),
    FH_HTTP_CONNECTIONS_PER_ADDRESS_MAX = FH_LIMIT(256, 12), /* a proxy has one address */
    FH_HTTP_CONNECTION_BYTES_MAX = 128 * 1024, /* of one: head, and a piece of the answer */
    FH_HTTP_HEADER_BYTES_MAX = 16 * 1024,      /* all fields of a request */
    FH_HTTP_TARGET_BYTES_MAX = 8 * 1024,       /* path and arguments, encoded */
    FH_HTTP_ARGUMENTS_MAX = 32,
    FH_HTTP_ARENA_BYTES_MAX = 2 * 1024 * 1024, /* one request read, and the headers of its answer */
    FH_HTTP_BODY_BYTES_MAX = 256 * 1024,       /* a query with its parameters, escaped */
    FH_HTTP_BODIES_BYTES_MAX = 32 * 1024 * 1024, /* of all requests at once */
    FH_HTTP_ANSWER_BYTES_MAX =
        16 * 1024 * 1024,                /* one that is whole in memory: a contract's page */
    FH_HTTP_REQUEST_MS = 10000,          /* to send one whole, from the end of the last answer on */
    FH_HTTP_IDLE_MS = 30000,             /* a client that takes nothing of its answer */
    FH_HTTP_ANSWER_MS = 900000,          /* to take an answer, however slowly */
    FH_HTTP_WATCH_MS = 100,              /* how soon a client that hung up is noticed */
    FH_HTTP_FLOW_BYTES = 1024 * 1024,    /* of an answer, between the node and the client */
    FH_HTTP_KEPT_MAX = FH_LIMIT(512, 4), /* answers of the catalogue that are kept */
    FH_HTTP_KEPT_BYTES_MAX = 32 * 1024 * 1024,
    FH_HTTP_KEPT_MS = 10000,                 /* ages in them are not older than that */
    FH_HTTP_NEWS_MS = 250,                   /* between two looks whether the node has news */
    FH_HTTP_RECEIPTS_MAX = FH_LIMIT(256, 4), /* files kept for who asked */
    FH_HTTP_RECEIPTS_BYTES_MAX = 32 * 1024 * 1024,
    FH_HTTP_RECEIPT_MS = 900000,

    /* policies */
    FH_POLICY_BYTES_MAX = 64 * 1024,             /* the text of one policy */
    FH_POLICY_ARENA_BYTES_MAX = 8 * 1024 * 1024, /* tree and model of the worst 64 KiB */
    FH_POLICY_RULES_MAX = FH_LIMIT(1024, 16),    /* of one policy: a decision walks them all */
    FH_POLICY_WORDS_MAX = FH_LIMIT(1024, 32),    /* of one list in a policy */
    FH_POLICY_WORD_BYTES_MAX = 255,              /* as FH_COLUMN_NAME_BYTES_MAX */
    FH_POLICY_EXCEPTS_MAX = FH_LIMIT(64, 4),     /* of one rule */
    FH_POLICY_DAYS_MAX = 36525,                  /* a hundred years */
    FH_POLICY_FILTER_BYTES_MAX = 8 * 1024,       /* of one filter: as long as a long WHERE */
    FH_POLICY_CASES_MAX = FH_LIMIT(1024, 16),    /* of one file of cases: more are several */
    FH_POLICY_CASE_GRANTS_MAX = 16,              /* that one case is given, and as many waivers */
    FH_RIGHTS_PRODUCTS_MAX = FH_LIMIT(256, 4),   /* contracts whose deciding part is remembered */
    FH_POLICIES_MAX = FH_LIMIT(256, 4),          /* of one domain, and of the mesh */
    FH_POLICY_RIVALS_MAX = FH_LIMIT(16, 4),      /* of one version of the mesh, beside it */
    FH_WAIVERS_MAX = FH_LIMIT(1024, 8),          /* that a node looks at at one time */
    FH_WAIVER_RULE_BYTES_MAX = 32,               /* "classification[1023]" and to spare */
    FH_AGREED_MAX = FH_LIMIT(8192, 64), /* policies and waivers of the mesh, old ones too */

    /* audit log */
    FH_AUDIT_RECORD_BYTES_MAX = 512 * 1024,      /* a READ of 64 tables, its statement encrypted */
    FH_AUDIT_ARENA_BYTES_MAX = 2 * 1024 * 1024,  /* one of them read */
    FH_AUDIT_COLUMNS_MAX = FH_LIMIT(1024, 16),   /* named in one READ; more are written "*" */
    FH_AUDIT_POLICIES_MAX = 512,                 /* of one domain and of the mesh */
    FH_AUDIT_POLICY_BYTES_MAX = 127,             /* name, blank, version */
    FH_AUDIT_WAIVED_MAX = FH_LIMIT(16, 4),       /* waivers of one product in a READ */
    FH_AUDIT_WAIVED_BYTES_MAX = 160,             /* name, version and rule */
    FH_AUDIT_SUBJECT_BYTES_MAX = 255,            /* what a governing record is about */
    FH_AUDIT_SEALED_BYTES_MAX = 160 * 1024,      /* statement and parameters, encrypted */
    FH_AUDIT_CHECKPOINT_BYTES_MAX = 512,         /* a signed record */
    FH_AUDIT_SEGMENT_BYTES = 16 * 1024 * 1024,   /* of one file: verified in a second */
    FH_AUDIT_MIB_MAX = 64 * 1024,                /* of all files: limits.audit_mib */
    FH_AUDIT_MIB_DEFAULT = 1024,                 /* some three million questions */
    FH_AUDIT_AHEAD_BYTES = 256 * 1024,           /* written as zeros before it is needed */
    FH_AUDIT_RESERVE_BYTES = 64 * 1024,          /* of that, for the ends of what was allowed */
    FH_AUDIT_GROUP_BYTES_MAX = 1024 * 1024,      /* one write; what a torn end may be at most */
    FH_AUDIT_QUEUED_BYTES_MAX = 8 * 1024 * 1024, /* waiting for the disk; beyond: refused */
    FH_AUDIT_LAZY_MS = 20,      /* an end that nobody waits for is committed with the next group */
    FH_AUDIT_CROWD = 8,         /* questions at once: from so many on they share groups */
    FH_AUDIT_CROWD_US = 3000,   /* between two groups then */
    FH_AUDIT_REFUSED_SHARE = 4, /* of a file: refusals have 1/4, or they push out the rest */
    FH_AUDIT_REFUSED_DOMAIN_SHARE = 8, /* of that: of one domain, or it hides another's */
    FH_AUDIT_REFUSED_DOMAINS_MAX =
        FH_LIMIT(256, 4),                   /* told apart in that; the others share one's */
    FH_AUDIT_COUNTED_MAX = FH_LIMIT(32, 4), /* kinds of refusals told apart when counted */
    FH_AUDIT_COUNTED_MS = 10 * 1000,        /* until a count is written, at first */
    FH_AUDIT_COUNTED_MS_MAX = 640 * 1000,   /* in a flood without end: 33 records each time */
    FH_AUDIT_CHECKPOINT_RECORDS = FH_LIMIT(1000, 10),
    FH_AUDIT_CHECKPOINT_MS = 60 * 1000,
    FH_AUDIT_WITNESSES = 2,                    /* domains that keep an owner's checkpoints */
    FH_AUDIT_WITNESSED_MAX = FH_LIMIT(256, 8), /* checkpoints kept of one node: 64 KiB */

    /* local */
    FH_SETTINGS_BYTES_MAX = 64 * 1024,        /* freehold.yaml */
    FH_SETTINGS_LIST_MAX = 16,                /* peers or data roots in freehold.yaml */
    FH_STORE_BUSY_MS = 2000,                  /* waiting for a backup tool that reads node.db */
    FH_PUBLISHING_KEYS_MAX = FH_LIMIT(16, 2), /* whose contracts are checked or wait, remotely */
    FH_PUBLISHES_PER_MINUTE_MAX = FH_LIMIT(600, 8), /* of one key; a check costs a worker's start */
    FH_STORE_PROOFS_MAX = FH_LIMIT(10000, 8),       /* contradicting records kept as evidence */
    FH_SEARCH_WORDS_MAX = 16,                       /* words of one search */
    FH_SEARCH_TERMS_MAX = FH_LIMIT(50000, 64),      /* looked at for a spelling: 5 ms a word */
    FH_SEARCH_TEXT_BYTES_MAX = 64 * 1024,           /* indexed text of one product */
    FH_SEARCH_RANKED_MAX = FH_LIMIT(5000, 8),       /* found, to be ranked: 40 ms */
    FH_SEARCH_OFFSET_MAX = 10 * 1000 * 1000,        /* more than a catalogue holds */
    FH_FACET_BYTES_MAX = 96,                   /* a longer tag is no facet; one byte holds it */
    FH_FACET_OF_PRODUCT_MAX = 64,              /* tags and classifications of one product */
    FH_FACET_DISTINCT_MAX = FH_LIMIT(4096, 8), /* counted of one facet: 0.7 MB */
    FH_FACET_SHOWN_MAX = 50,                   /* of one facet in an answer */
    FH_ADMIN_FRAME_BYTES_MAX = 4 * 1024 * 1024,
    FH_ADMIN_CLIENTS_MAX = 32,
    FH_SEARCH_RESULTS_MAX = 1000,
    FH_PEERS_PAGE = FH_LIMIT(2000, 4), /* members of one answer: 0.8 MB, 38,000 items */

    /* the door of PostgreSQL's protocol */
    FH_PG_CONNECTIONS_MAX = FH_LIMIT(1000, 8), /* signed in or not; 64 KiB each at rest */
    FH_PG_PER_IDENTITY_MAX = FH_LIMIT(600, 4), /* connections of one token: pools of programs */
    FH_PG_START_MS = 10000,                    /* from connecting to signed in */
    FH_PG_STARTUP_BYTES_MAX = 10000,           /* as PostgreSQL's */
    FH_PG_PASSWORD_BYTES_MAX = 2048,           /* SASL answers: some 200 bytes */
    FH_PG_MESSAGE_BYTES_MAX = 256 * 1024,      /* SQL and parameters with their heads, and room */
    FH_PG_STATEMENTS_MAX = FH_LIMIT(256, 4),   /* named, of one connection; drivers keep 256 */
    FH_PG_STATEMENTS_BYTES_MAX = 2 * 1024 * 1024, /* text of all of them */
    FH_PG_PORTALS_MAX = FH_LIMIT(64, 4),          /* portals and cursors of one connection */
    /* That one connection keeps: rows of system tables that were not fetched yet, texts, columns.
     */
    FH_PG_HELD_BYTES_MAX = FH_LIMIT(64 * 1024 * 1024, 512 * 1024),
    FH_PG_OPTIONS_MAX = FH_LIMIT(32, 8), /* settings of one connection: SET name = ... */
    FH_PG_OPTION_BYTES_MAX = 255,        /* value of one */
    FH_PG_CHUNK_BYTES = 256 * 1024,      /* of rows made in one go */
    FH_PG_OUT_BYTES_MAX = 1024 * 1024,   /* waiting for a slow reader: no more rows then */
    FH_PG_BUSY_MS = 10000,               /* a question that finds the node busy waits */
    /* the door's pg_catalog */
    FH_PGCAT_TOKENS_MAX = 16000, /* of a statement of FH_SQL_BYTES_MAX; pgjdbc sends 3,000 */
    FH_PGCAT_DEPTH_MAX = 24,     /* brackets; SQLite's parser gives up at about 30 */
    FH_PGCAT_SQL_BYTES_MAX = 512 * 1024, /* what a statement becomes for SQLite */
    FH_PGCAT_ITEMS_MAX = 1664,           /* columns of an answer, as PostgreSQL has it */
    FH_PGCAT_NAMES_MAX = 1024, /* that a statement gives to expressions, tables, queries */
    FH_PGCAT_SETS_MAX = 32,    /* functions that return rows, in one statement */
    FH_PGCAT_STEPS_MAX = 20 * 1000 * 1000, /* of SQLite's machine: half a second */
    FH_PGCAT_RUN_MS = 5000,                /* one statement, whatever its steps call */
    FH_PGCAT_SEEN_MAX = 10 * 1000 * 1000,  /* of LIKE and regular expressions */
    FH_PGCAT_ROWS_MAX = FH_LIMIT(200000, 500),
    FH_PGCAT_ANSWER_BYTES_MAX = FH_LIMIT(32 * 1024 * 1024, 256 * 1024),
    FH_PGCAT_VALUE_BYTES_MAX = 256 * 1024,        /* of one cell, also between */
    FH_PGCAT_HEAP_BYTES_MAX = 512 * 1024 * 1024,  /* of all catalogues: SQLite says no then */
    FH_PGCAT_TABLES_MAX = FH_LIMIT(5000, 16),     /* shown; each is described once */
    FH_PGCAT_COLUMNS_MAX = FH_LIMIT(200000, 256), /* shown, of all tables: 30 MB */
    FH_PGCAT_SHELF_MAX = FH_LIMIT(16, 2), /* catalogues in memory: identities that ask at a time */
    FH_PGCAT_AGE_MS = 5000,               /* a product shows at the latest then */
};

#define FH_CLOCK_SKEW_MS      ((int64_t)10 * 60 * 1000) /* grace on dates in records */
#define FH_NODE_DELEGATION_MS ((int64_t)30 * 24 * 3600 * 1000)
/* A delegation travels so long before it begins: a node that was away for that long has to
 * introduce itself; all at once, a newcomer's year of them would be checked by everybody on its
 * first day. */
#define FH_DELEGATION_AHEAD_MS ((int64_t)7 * 24 * 3600 * 1000)
#define FH_CHARTER_DEFAULT_MS  ((int64_t)365 * 24 * 3600 * 1000)
#define FH_CHARTER_LIFE_MS     ((int64_t)3 * 366 * 24 * 3600 * 1000) /* longer is never renewed */
#define FH_PROPOSAL_LIFE_MS    ((int64_t)30 * 24 * 3600 * 1000)      /* to find a quorum */
#define FH_ANNOUNCEMENT_TTL_MS ((int64_t)7 * 24 * 3600 * 1000)
#define FH_MEASUREMENT_TTL_MS  ((int64_t)8 * 24 * 3600 * 1000)   /* a weekly schedule, and a day */
#define FH_GRANT_LIFE_MS       ((int64_t)366 * 24 * 3600 * 1000) /* access is renewed each year */
#define FH_ALIVE_TTL_MS        ((int64_t)24 * 3600 * 1000)
#define FH_TOKEN_LIFE_MS       ((int64_t)90 * 24 * 3600 * 1000) /* then its owner makes another */
#define FH_TOKEN_DEFAULT_MS    ((int64_t)8 * 3600 * 1000)       /* a working day */
#define FH_TOKEN_GRANT_LIFE_MS FH_TOKEN_LIFE_MS /* of what a token granted; longer is for a key */
#define FH_REQUEST_LIFETIME_MS                                                                     \
    ((int64_t)10 * 60 * 1000) /* a signed query is not a standing order */
#define FH_INVITATION_DEFAULT_MS ((int64_t)7 * 24 * 3600 * 1000)

_Static_assert(FH_RECORD_BYTES_MAX > 2 * FH_CONTRACT_BYTES_MAX, "a contract carries text and form");
_Static_assert(FH_CONTRACT_FORM_BYTES_MAX + FH_CONTRACT_BYTES_MAX + 4096 < FH_RECORD_BYTES_MAX,
               "form and text fit one record");
_Static_assert(FH_RECORD_BYTES_MAX < FH_FRAME_REPLY_BYTES_MAX, "a record fits one reply");
_Static_assert(FH_SQL_BYTES_MAX + FH_SQL_PARAMS_BYTES_MAX + 1024 < FH_AUDIT_SEALED_BYTES_MAX,
               "a statement and its parameters fit the audit log");
_Static_assert(FH_AUDIT_SEALED_BYTES_MAX + FH_AUDIT_COLUMNS_MAX * (FH_COLUMN_NAME_BYTES_MAX + 3) <
                   FH_AUDIT_RECORD_BYTES_MAX - 64 * 1024,
               "a question fits the audit log");
_Static_assert(FH_AUDIT_RECORD_BYTES_MAX + 64 < FH_AUDIT_GROUP_BYTES_MAX, "a record fits a group");
_Static_assert(FH_CHARTER_MEMBERS_MAX / 2 + 1 <= FH_RECORD_SIGNATURES_MAX, "a majority can sign");
_Static_assert(FH_SUCCESSOR_BYTES_MAX == 2 * FH_NAME_BYTES_MAX + 12, "a successor fits");
_Static_assert(FH_RECORD_GOSSIP_BYTES_MAX < FH_DATAGRAM_BYTES_MAX, "a rumour fits a datagram");
_Static_assert(FH_SQL_BYTES_MAX + FH_SQL_PARAMS_BYTES_MAX + 64 * 1024 < FH_FRAME_REQUEST_BYTES_MAX,
               "a query, its parameters and its tables fit one request");
_Static_assert(FH_SQL_BYTES_MAX + 2 * FH_SQL_PARAMS_BYTES_MAX < FH_CHANNEL_RUN_BYTES_MAX,
               "a query and its parameters fit a RUN");
_Static_assert(FH_SESSION_SILENT_MS >= FH_SESSION_REKEY_MS + FH_STREAM_STALL_MS,
               "who is silent so long has no stream, and asks with new keys next time");
_Static_assert(FH_SESSION_LIFE_MS > FH_SESSION_REKEY_MS + FH_QUERY_STREAM_DEADLINE_MS,
               "a stream that began before the rekey ends on its session");
_Static_assert(FH_DIALER_REQUESTS_MAX <= FH_CALLS_PER_PIPE_MAX,
               "what one peer asks is served at once");
_Static_assert(2 * FH_LINK_REQUESTS_MAX + FH_LINK_CONTEXTS + FH_DIALERS_MAX < FH_INBOX_EVENTS_MAX,
               "the link's events fit the inbox");
_Static_assert(FH_PROFILE_BYTES_MAX + 64 * 1024 < FH_ADMIN_FRAME_BYTES_MAX,
               "a profile fits one answer on the admin socket");
_Static_assert(FH_MEASUREMENT_BYTES_MAX < FH_RECORD_GOSSIP_BYTES_MAX, "a summary is a rumour");
_Static_assert(FH_MEASUREMENT_RESULTS_BYTES_MAX + FH_RECORD_GOSSIP_BYTES_MAX + 1024 <
                   FH_FRAME_REPLY_BYTES_MAX,
               "results fit one reply");
_Static_assert(FH_GRANT_BYTES_MAX + 1024 < FH_FRAME_REQUEST_BYTES_MAX, "a grant fits one request");
_Static_assert(2 * FH_GRANT_BYTES_MAX +
                       (FH_GRANT_COLUMNS_MAX + FH_GRANT_PURPOSES_MAX) * (sizeof(char *) + 16) <
                   FH_GRANT_ARENA_BYTES_MAX,
               "what was packed can be read");
_Static_assert(FH_SQL_BYTES_MAX + FH_SQL_PARAMS_BYTES_MAX + FH_TOKEN_BYTES_MAX + 64 * 1024 <
                   256 * 1024,
               "a query of a token fits one record");
_Static_assert(FH_HTTP_TARGET_BYTES_MAX + FH_HTTP_HEADER_BYTES_MAX < FH_HTTP_CONNECTION_BYTES_MAX,
               "what is refused for its size can be read first");
_Static_assert(FH_SQL_BYTES_MAX + FH_SQL_PARAMS_BYTES_MAX < FH_HTTP_BODY_BYTES_MAX,
               "a query and its parameters fit a body");
_Static_assert(FH_RECEIPT_FILE_BYTES_MAX < FH_HTTP_RECEIPTS_BYTES_MAX, "a receipt can be kept");
_Static_assert(FH_DOOR_ASKER_IDLE_MS < FH_PIPE_IDLE_MS, "an idle asker's connection still stands");
_Static_assert(FH_BATCH_BYTES_MAX < FH_FRAME_REPLY_BYTES_MAX, "a batch fits one reply");
_Static_assert(FH_QUERY_START_MS < FH_REQUEST_MS, "who asked hears that no worker came up");
_Static_assert(FH_QUERY_QUEUE_MS < FH_REQUEST_MS, "who queued hears why it did not get its turn");
_Static_assert(FH_WORKERS_FOR_SCANS < FH_WORKERS_MAX, "queries have workers too");

#endif
