/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channel: the frames between a node and one of its workers, over a SOCK_STREAM socket pair.
 *
 *     u32be length | u8 kind | payload        length counts kind and payload
 *
 * Control payloads are canonical msgpack arrays that begin with version 1; SCAN_BATCH and BATCH
 * carry u64be id and then the batch as it is. Descriptors travel beside the first byte of TABLES,
 * PROBE, SAMPLE, FEED and SCAN_RING frames (SCM_RIGHTS) and are named by their index there.
 *
 * The node asks one thing at a time: SETUP, TABLES, PARSE, DESCRIBE, PROBE, SAMPLE and RUN wait for
 * their answer (READY, TABLES_READY, PARSED, DESCRIBED, PROBED, SAMPLED, END) or ERROR before the
 * next of them; so do PROFILE and CATALOGUE (PROFILED, CATALOGUED), whose payloads are in
 * profile.h. During RUN come BATCH frames, each against one credit (RUN.window at first, CREDIT
 * adds more), and any number of SCAN_*: the worker opens a scan, SCAN_WANT says how many more
 * batches (at least 1) may be on their way, the node answers with that many SCAN_BATCH and at last SCAN_END or
 * SCAN_ERROR; SCAN_CLOSE tells that the worker wants no more. CANCEL ends a running question by
 * ERROR FH_ECANCELLED. A worker that breaks these rules is killed; a worker that sees the node
 * break them exits.
 *
 * A FEED may come at any time and beside other questions: the worker runs its SQL, which the node
 * wrote, and writes the rows into the ring (ring.h) whose memory came with the frame; FEED_END or
 * FEED_ERROR says that it is over, FEED_STOP asks for that. The other end of the ring goes to
 * another worker by SCAN_RING, which answers its SCAN_OPEN of a table of format BARRIER: rows, and
 * the word that there are no more, come through the ring, a failure by SCAN_ERROR.
 *
 * Does not: read or write sockets. Thread: any; values. Ownership: decoded frames are views into
 * the payload; arrays come from the arena given.
 */
#ifndef FH_PROTO_QUERY_CHANNEL_H
#define FH_PROTO_QUERY_CHANNEL_H

#include "proto/query/batch.h"
#include "proto/query/layers.h"
#include "proto/query/param.h"
#include "proto/wire/crypto.h"

enum {
    FH_CHANNEL_VERSION = 1,
    FH_CHANNEL_HEAD_BYTES = 5,  /* length and kind */
    FH_CHANNEL_BATCH_BYTES = 8, /* id in front of a batch */
    FH_MASK_KEY_BYTES = FH_MAC_KEY_BYTES,
};

/* X(NAME, code, largest payload in bytes) */
#define FH_CHANNEL_KINDS(X)                                                                        \
    /* node to worker */                                                                           \
    X(SETUP, 1, 8 * 1024)                                                                          \
    X(TABLES, 2, FH_CHANNEL_TABLES_BYTES_MAX)                                                      \
    X(PARSE, 3, FH_SQL_BYTES_MAX + 64)                                                             \
    X(DESCRIBE, 4, FH_SQL_BYTES_MAX + 64)                                                          \
    X(RUN, 6, FH_CHANNEL_RUN_BYTES_MAX)                                                            \
    X(CREDIT, 7, 64)                                                                               \
    X(CANCEL, 8, 64)                                                                               \
    X(SCAN_BATCH, 9, FH_BATCH_BYTES_MAX + 8)                                                       \
    X(SCAN_END, 10, 64)                                                                            \
    X(SCAN_ERROR, 11, 2048)                                                                        \
    X(PROBE, 12, FH_CHANNEL_TABLES_BYTES_MAX)                                                      \
    X(SAMPLE, 13, FH_CHANNEL_TABLES_BYTES_MAX)                                                     \
    X(PROFILE, 14, 32 * 1024)                                                                      \
    X(CATALOGUE, 15, 32 * 1024)                                                                    \
    X(FEED, 16, FH_CHANNEL_FEED_BYTES_MAX)                                                         \
    X(FEED_STOP, 17, 64)                                                                           \
    X(SCAN_RING, 18, 64)                                                                           \
    /* worker to node */                                                                           \
    X(HELLO, 64, 256)                                                                              \
    X(READY, 65, 64)                                                                               \
    X(TABLES_READY, 66, 64)                                                                        \
    X(PARSED, 67, FH_AST_BYTES_MAX + 64)                                                           \
    X(DESCRIBED, 68, FH_CHANNEL_TABLES_BYTES_MAX)                                                  \
    X(BATCH, 70, FH_BATCH_BYTES_MAX + 8)                                                           \
    X(END, 71, 64)                                                                                 \
    X(ERROR, 72, 2048)                                                                             \
    X(SCAN_OPEN, 73, 32 * 1024)                                                                    \
    X(SCAN_WANT, 74, 64)                                                                           \
    X(SCAN_CLOSE, 75, 64)                                                                          \
    X(PROBED, 76, FH_CHANNEL_TABLES_BYTES_MAX)                                                     \
    X(SAMPLED, 77, FH_CHANNEL_TABLES_BYTES_MAX)                                                    \
    X(PROFILED, 78, FH_PROFILE_BYTES_MAX)                                                          \
    X(CATALOGUED, 79, FH_PROFILE_BYTES_MAX)                                                        \
    X(FEED_END, 80, 64)                                                                            \
    X(FEED_ERROR, 81, 2048)

enum fh_channel_kind {
#define X(name, code, max) FH_CHANNEL_##name = (code),
    FH_CHANNEL_KINDS(X)
#undef X
};

/* "RUN"; "unknown" for a kind that this version does not know. */
const char *fh_channel_kind_text(unsigned kind);

/* Splits the five bytes of a frame head; `out_payload` is the size of what follows. FH_EPROTO for
 * an unknown kind or a payload above the kind's limit. */
FH_MUST_CHECK int fh_channel_head(const uint8_t head[FH_CHANNEL_HEAD_BYTES],
                                  unsigned *out_kind,
                                  size_t *out_payload,
                                  struct fh_err *err);

/* Writes a frame head for a payload of `payload` bytes. */
void fh_channel_put_head(uint8_t head[FH_CHANNEL_HEAD_BYTES], unsigned kind, size_t payload);

/* ---- tables -------------------------------------------------------------------------------- */

enum fh_source_format {
    FH_SOURCE_REMOTE, /* rows come from the node by a scan */
    FH_SOURCE_PARQUET,
    FH_SOURCE_CSV,
    FH_SOURCE_JSON,
    FH_SOURCE_BARRIER, /* rows come through a ring, from a worker that masks and filters them */
    FH_SOURCE_FORMAT_COUNT
};

/* "parquet", "csv", "json" (also "ndjson", "jsonl") to a format; FH_SOURCE_FORMAT_COUNT else. */
enum fh_source_format fh_source_format_parse(const char *text);

/* The key of a keyed hash (masks); SQL names it by its number, which says nothing about it. */
struct fh_mask_key {
    uint64_t id;
    uint8_t b[FH_MASK_KEY_BYTES];
};

struct fh_column {
    const char *name;   /* SQL name */
    const char *source; /* name in the source; "" means `name` */
    struct fh_type type;
};

/* One table as the worker shall show it: schema `product` in catalog `domain`. It answers to
 * domain.product.table and domain.product__table, and when `sole` to domain.product. `product` may
 * carry a major version ("flights@1"). With domain "" it answers to `table` alone, as the rules of
 * a contract name it. */
struct fh_table {
    const char *domain;
    const char *product;
    const char *table;
    bool sole;
    unsigned number; /* the node's number of this table, unique in the worker; in SCAN_OPEN */
    enum fh_source_format format;
    unsigned file_count;   /* descriptors of this table, in order; 0 for REMOTE and BARRIER */
    unsigned first_file;   /* index of the first one among the frame's descriptors */
    uint64_t row_estimate; /* REMOTE and BARRIER: for the planner; 0 = unknown */
    const struct fh_column *columns;
    uint32_t column_count;
    const struct fh_mask_key *keys; /* that SQL over this table may name */
    uint32_t key_count;
};

/* ---- messages ------------------------------------------------------------------------------ */

enum fh_worker_role {
    FH_WORKER_QUERY,    /* runs the SQL of one consumer */
    FH_WORKER_SCAN,     /* runs SQL that the node wrote; run-time errors carry no text either way */
    FH_WORKER_CHECK,    /* checks sources against contracts, and describes files without one */
    FH_WORKER_DATABASE, /* describes a database: the only role that may connect to anything */
    FH_WORKER_ROLE_COUNT
};

struct fh_channel_setup {
    enum fh_worker_role role;
    uint32_t memory_mib; /* of the process; DuckDB's memory_limit is below it */
    uint32_t threads;    /* of DuckDB: 1 for streams and small queries */
    uint32_t cpu_s;      /* RLIMIT_CPU of the process; 0 = none */
    uint32_t layers;     /* FH_LAYER_* to put up; READY tells which stand */
    uint32_t spill_mib;  /* of all files in the spill folder together */
    const char *spill;   /* absolute path of the worker's own folder, or "" for no spilling */
};

struct fh_channel_text { /* PARSE, DESCRIBE */
    uint64_t id;
    struct fh_bytes sql;
};

struct fh_channel_run {
    uint64_t id;
    struct fh_bytes sql;
    uint64_t rows_max; /* FH_ETOOBIG (rule "query.rows") beyond it; 0 = no bound */
    uint32_t window;   /* batches that may be sent before the first CREDIT, >= 1 */
    uint32_t param_count;
    const struct fh_cell *params; /* by position; what struct fh_param may hold */
    uint32_t encodings;           /* that its batches may have beside plain: FH_ENCODINGS_* */
};

/* ---- probes: one aggregate each over a source, all in one scan ---- */

/* The SQL is an aggregate of type BIGINT over columns r0, v0, r1, v1, ... of `source`, which it may
 * also read again in a scalar subquery: of the table's column i,
 * `ri` is the value as it stands in the source and `vi` the value as promised, NULL where it does
 * not convert; of a VARCHAR `li` is its length in characters, which DuckDB then counts once for all
 * probes. */
struct fh_probe {
    const char *sql;
    uint32_t column_count;
    const uint32_t *columns; /* those that the SQL names */
};

enum { FH_PROBES_MAX = 1000 }; /* of one question: what DuckDB binds at once without pain */

struct fh_channel_probe { /* PROBE */
    uint64_t id;
    struct fh_table table;
    uint32_t probe_count;
    const struct fh_probe *probes;
};

enum fh_probe_state {
    FH_PROBE_VALUE,
    FH_PROBE_NULL,
    FH_PROBE_MISSING, /* the source has not all of its columns */
    FH_PROBE_REFUSED, /* the engine cannot compute it: `reason`, which holds no value of a row */
    FH_PROBE_STATE_COUNT
};

struct fh_probe_result {
    enum fh_probe_state state;
    int64_t value;
    const char *reason; /* "" but for REFUSED */
};

struct fh_channel_probed { /* PROBED */
    uint64_t id;
    uint64_t rows;
    uint64_t elapsed_us; /* of the scan */
    uint32_t missing_count;
    const uint32_t *missing; /* columns that the source has not */
    uint32_t result_count;   /* one a probe */
    const struct fh_probe_result *results;
};

/* Rows of a source: `columns` as text of at most FH_SAMPLE_CELL_BYTES, those that `tail` (SQL
 * behind FROM, over the same names as probes) leaves, at most `rows_max`. */
enum { FH_SAMPLE_CELL_BYTES = 200, FH_SAMPLE_ROWS_MAX = 100, FH_SAMPLE_COLUMNS_MAX = 64 };

struct fh_channel_sample { /* SAMPLE */
    uint64_t id;
    struct fh_table table;
    const char *tail;
    uint32_t rows_max;
    uint32_t column_count;
    const uint32_t *columns;
};

struct fh_channel_sampled { /* SAMPLED */
    uint64_t id;
    uint32_t row_count;
    uint32_t column_count;
    const char **cells; /* row by row; NULL for NULL */
};

struct fh_channel_described {
    uint64_t id;
    uint32_t column_count;
    const struct fh_column *columns; /* `source` is "" */
};

struct fh_channel_hello {
    uint32_t version; /* FH_CHANNEL_VERSION */
    char engine[64];  /* "v1.4.4" */
};

struct fh_channel_error {
    uint64_t id;       /* of the question; 0 for SETUP and TABLES */
    int code;          /* enum fh_code */
    uint32_t position; /* 1-based byte in the SQL; 0 = none */
    char rule[FH_ERR_RULE_BYTES];
    char text[FH_ERR_TEXT_BYTES]; /* "" where the reason must not be told */
};

struct fh_channel_end {
    uint64_t id;
    uint64_t rows;
    uint64_t batches;
    uint64_t bytes; /* of all batches */
};

struct fh_channel_scan { /* SCAN_OPEN */
    uint64_t scan;       /* chosen by the worker, never used twice */
    uint32_t number;     /* fh_table.number */
    uint32_t want;       /* batches that may be on their way at once */
    uint32_t column_count;
    const uint32_t
        *columns; /* projected, indices into the table's columns; none: rows only count */
};

struct fh_channel_feed { /* FEED; its one descriptor is the memory of the ring */
    uint64_t id;         /* chosen by the node, never used twice in a worker */
    struct fh_bytes sql; /* a SELECT of the columns below; without columns, of one count of rows */
    uint32_t column_count;
    const struct fh_type *types;
};

struct fh_channel_count { /* CREDIT, SCAN_WANT, SCAN_END (rows), SCAN_CLOSE, CANCEL (count 0),
                             READY (FH_LAYER_* that stand), FEED_STOP (count 0), FEED_END (rows),
                             SCAN_RING (count 0; its one descriptor is the memory of the ring) */
    uint64_t id;
    uint64_t count;
};

/* Encoders append the payload (without head) to `out`; failures stick there. Every pointer is
 * borrowed. */
void fh_channel_put_hello(struct fh_buf *out, const struct fh_channel_hello *hello);
void fh_channel_put_setup(struct fh_buf *out, const struct fh_channel_setup *setup);
void fh_channel_put_tables(struct fh_buf *out, const struct fh_table *tables, uint32_t count);
void fh_channel_put_text(struct fh_buf *out, const struct fh_channel_text *text);
void fh_channel_put_probe(struct fh_buf *out, const struct fh_channel_probe *probe);
void fh_channel_put_sample(struct fh_buf *out, const struct fh_channel_sample *sample);
void fh_channel_put_run(struct fh_buf *out, const struct fh_channel_run *run);
void fh_channel_put_count(struct fh_buf *out, const struct fh_channel_count *count);
void fh_channel_put_error(struct fh_buf *out, const struct fh_channel_error *error);
void fh_channel_put_probed(struct fh_buf *out, const struct fh_channel_probed *probed);
void fh_channel_put_sampled(struct fh_buf *out, const struct fh_channel_sampled *sampled);
void fh_channel_put_described(struct fh_buf *out, const struct fh_channel_described *described);
void fh_channel_put_end(struct fh_buf *out, const struct fh_channel_end *end);
void fh_channel_put_scan(struct fh_buf *out, const struct fh_channel_scan *scan);
void fh_channel_put_feed(struct fh_buf *out, const struct fh_channel_feed *feed);

/* Decoders scan and read one payload (borrowed by the result). All foreign: FH_EPROTO with rule
 * "channel.*" or "pack.*", FH_ENOMEM. Strings of tables are NUL-terminated copies in the arena. */
FH_MUST_CHECK int
fh_channel_get_hello(struct fh_channel_hello *out, struct fh_bytes payload, struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_setup(struct fh_channel_setup *out,
                                       struct fh_bytes payload,
                                       struct fh_arena *arena,
                                       struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_tables(struct fh_table **out,
                                        uint32_t *out_count,
                                        struct fh_bytes payload,
                                        struct fh_arena *arena,
                                        struct fh_err *err);
FH_MUST_CHECK int
fh_channel_get_text(struct fh_channel_text *out, struct fh_bytes payload, struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_probe(struct fh_channel_probe *out,
                                       struct fh_bytes payload,
                                       struct fh_arena *arena,
                                       struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_sample(struct fh_channel_sample *out,
                                        struct fh_bytes payload,
                                        struct fh_arena *arena,
                                        struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_run(struct fh_channel_run *out,
                                     struct fh_bytes payload,
                                     struct fh_arena *arena,
                                     struct fh_err *err);
FH_MUST_CHECK int
fh_channel_get_count(struct fh_channel_count *out, struct fh_bytes payload, struct fh_err *err);
FH_MUST_CHECK int
fh_channel_get_error(struct fh_channel_error *out, struct fh_bytes payload, struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_probed(struct fh_channel_probed *out,
                                        struct fh_bytes payload,
                                        struct fh_arena *arena,
                                        struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_sampled(struct fh_channel_sampled *out,
                                         struct fh_bytes payload,
                                         struct fh_arena *arena,
                                         struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_described(struct fh_channel_described *out,
                                           struct fh_bytes payload,
                                           struct fh_arena *arena,
                                           struct fh_err *err);
FH_MUST_CHECK int
fh_channel_get_end(struct fh_channel_end *out, struct fh_bytes payload, struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_scan(struct fh_channel_scan *out,
                                      struct fh_bytes payload,
                                      struct fh_arena *arena,
                                      struct fh_err *err);
FH_MUST_CHECK int fh_channel_get_feed(struct fh_channel_feed *out,
                                      struct fh_bytes payload,
                                      struct fh_arena *arena,
                                      struct fh_err *err);

#endif
