/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfreehold: ask a data mesh from C or C++.
 *
 * A client opens one session to any node of the mesh as a member of its own domain, whose keys lie
 * in a home (made by `freehold init`), or with a key file and the access that its domain gave it.
 * Nothing that a peer says is taken on trust: identities are verified from the mesh id up,
 * contracts by the signature of the domain that owns them, answers by the receipt that ends them. A
 * query over the data of one owner runs end to end with that owner, also when the entry peer only
 * relays it.
 *
 * A complete program:
 *
 *     #include <freehold.h>
 *     #include <stdio.h>
 *
 *     int main(void)
 *     {
 *         struct freehold_error error = FREEHOLD_ERROR_INIT;
 *         struct freehold_client *client = NULL;
 *         struct freehold_result *result = NULL;
 *         int code = freehold_open(&client, "/home/me/analytics", NULL, &error);
 *         if (code == FREEHOLD_OK)
 *             code = freehold_query(&result, client, "SELECT iata, city FROM aviation.airports",
 *                                   NULL, &error);
 *         while (code == FREEHOLD_OK && freehold_result_next(result, &error, &code))
 *             printf("%s is in %s\n", freehold_result_text(result, 0, NULL),
 *                    freehold_result_text(result, 1, NULL));
 *         if (code != FREEHOLD_OK)
 *             fprintf(stderr, "%s (%s)\n", error.text, error.rule);
 *         freehold_result_close(result);
 *         freehold_close(client);
 *         return freehold_exit_code(code);
 *     }
 *
 * Value structs start with their size, which the caller sets (`x.size = sizeof x`) before the call;
 * later versions of the library append members and fill only those that the caller knows.
 *
 * Ownership: borrowed = valid for the call; given = the caller ends it with the function named;
 * lent = valid until the next call on the same object.
 * Thread: one thread at a time for a client and everything that came from it; distinct clients are
 * independent. Calls block, each within a time limit. Nothing is printed or logged.
 */
#ifndef FREEHOLD_H
#define FREEHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FREEHOLD_VERSION_MAJOR 0
#define FREEHOLD_VERSION_MINOR 1
#define FREEHOLD_VERSION_PATCH 0
#define FREEHOLD_VERSION_NUMBER                                                                    \
    (FREEHOLD_VERSION_MAJOR * 10000 + FREEHOLD_VERSION_MINOR * 100 + FREEHOLD_VERSION_PATCH)

#if defined(__GNUC__)
#define FREEHOLD_API __attribute__((visibility("default")))
#else
#define FREEHOLD_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0": the version of the library that runs, which may be newer than this header. */
FREEHOLD_API const char *freehold_version(void);

/* ---- errors ---- */

enum freehold_code {
    FREEHOLD_OK = 0,
    FREEHOLD_EINVAL = 1,       /* invalid input */
    FREEHOLD_ETOOBIG = 2,      /* a limit was exceeded */
    FREEHOLD_ENOMEM = 3,       /* out of memory */
    FREEHOLD_EIO = 4,          /* input or output failed */
    FREEHOLD_ENOTFOUND = 5,    /* no such domain, product, table, file */
    FREEHOLD_EEXIST = 6,       /* exists already */
    FREEHOLD_ESTATE = 7,       /* not possible in this state */
    FREEHOLD_ECHECK = 8,       /* a check failed */
    FREEHOLD_ESQL = 9,         /* the query is not valid */
    FREEHOLD_ECANCELLED = 10,  /* cancelled */
    FREEHOLD_EINTERNAL = 11,   /* a defect */
    FREEHOLD_EUSAGE = 12,      /* wrong usage */
    FREEHOLD_EUNREACH = 13,    /* nobody answers there */
    FREEHOLD_ETIMEOUT = 14,    /* a time limit passed */
    FREEHOLD_EBUSY = 15,       /* try again later */
    FREEHOLD_EPROTO = 16,      /* the peer broke the protocol */
    FREEHOLD_EVERSION = 17,    /* no common protocol version */
    FREEHOLD_EINCOMPLETE = 18, /* the answer is not complete */
    FREEHOLD_EDENIED = 19,     /* not allowed */
    FREEHOLD_ESIG = 20,        /* a signature or an identity does not verify */
    FREEHOLD_EFORK = 21,       /* two signed records contradict each other */
    FREEHOLD_ESTALE = 22       /* older than what is known */
};

struct freehold_error {
    size_t size;
    int code;                /* enum freehold_code */
    char rule[48];           /* dotted name of the rule that refused, or "" */
    char text[640];          /* one sentence */
    uint32_t retry_after_ms; /* when it is worth asking again; 0: nothing is known of that */
};
#define FREEHOLD_ERROR_INIT                                                                        \
    {                                                                                              \
        sizeof(struct freehold_error), 0, {0}, {0}, 0                                              \
    }

/* Exit code that a command-line program should end with: 0 ok, 1 failed, 2 usage, 3 unreachable, 4
 * denied, 5 bad signature. */
FREEHOLD_API int freehold_exit_code(int code);

/* ---- client ---- */

struct freehold_client;

/* Opens a session to `peer`, "HOST:PORT" or "[v6]:PORT"; NULL is the node of the home itself. The
 * peer must prove that it serves for a domain of the home's mesh. `home` NULL takes FREEHOLD_HOME.
 * Given: freehold_close. EUNREACH, ETIMEOUT, EDENIED (rule "key.permissions", "session.*"), ESIG.
 */
FREEHOLD_API int freehold_open(struct freehold_client **out,
                               const char *home,
                               const char *peer,
                               struct freehold_error *error);
struct freehold_options {
    size_t size;
    const char *home; /* as above; not read when `key_file` is set */
    const char *peer; /* as above; NULL with a key file: the addresses of the access, in turn */
    /* A person or a job outside the home: the key that `freehold key create` made, the access that
     * `freehold member add` wrote for it, and the file with the passphrase of a sealed key or NULL.
     */
    const char *key_file;
    const char *access_file;
    const char *passphrase_file;
};
/* As freehold_open, also without a home. More codes: EINVAL (rule "identity.access.text", "key.*"),
 * EUSAGE (a key file without an access). */
FREEHOLD_API int freehold_open_with(struct freehold_client **out,
                                    const struct freehold_options *options,
                                    struct freehold_error *error);
/* Ends the client; results that came from it must be closed before. NULL is fine. */
FREEHOLD_API void freehold_close(struct freehold_client *client);
/* From any thread, while another one is inside a call of this client: that call, or the next one
 * that waits for an answer, ends with FREEHOLD_ECANCELLED; once for each interruption that it sees.
 * A result that was being read is closed as ever, which tells its node to stop. The caller makes
 * sure that the client lives. */
FREEHOLD_API void freehold_interrupt(struct freehold_client *client);
/* Forgets interruptions that no call has seen. */
FREEHOLD_API void freehold_interrupt_forget(struct freehold_client *client);

struct freehold_status {
    size_t size;
    char mesh[64];      /* "fhm1..." */
    char mesh_name[64]; /* as the charter has it */
    char domain[64];    /* "fhd1..." of the node that answers */
    char domain_name[64];
    char node[64];    /* "fhn1..." */
    char version[33]; /* of its software */
    uint64_t generation;
    uint64_t uptime_ms;
    uint64_t members_alive; /* itself included */
    uint64_t members_known;
    uint64_t products;
    uint64_t wall_ms; /* its clock, Unix milliseconds */
    uint64_t news; /* another number when what it tells of products and peers may be another, ages
                      aside */
    uint64_t charter;          /* number of the charter that it goes by; 0: it knows none */
    char charter_standing[16]; /* "in force", "expired" (its members have to renew it), "contested"
                                  (two of one number are known), "none" */
};
FREEHOLD_API int freehold_status(struct freehold_client *client,
                                 struct freehold_status *out,
                                 struct freehold_error *error);

struct freehold_peer {
    size_t size;
    char node[64];
    char domain[64];
    char domain_name[64];
    char address[129];
    char state[16]; /* "alive", "suspect", "dead", "left" */
    bool self;      /* the node that answers */
    uint64_t generation;
    uint64_t incarnation;
    uint64_t heard_ms_ago; /* UINT64_MAX: never heard directly */
    uint64_t state_ms;     /* for so long it has been in this state */
    uint64_t rtt_ms;       /* round trip of datagrams; 0: not known */
    uint64_t accusers;     /* nodes whose signed suspicion is held against it */
    uint64_t suspect_ms;   /* a suspect is declared dead in so long; UINT64_MAX: is none */
    uint64_t health;       /* of the node that answers: 0 (well) .. 8, how much it doubts itself */
    uint64_t protocol_max; /* newest version of the protocol that it speaks */
    uint64_t capabilities; /* bits; none are defined yet */
    uint64_t products;     /* that its domain announces, as it says itself */
    bool forked;       /* it signed two records of one life: it, or who has its key, lives twice */
    char named_by[16]; /* who gives the domain its name, at the peer: "charter", "admission",
                          "accepted" (its people decided), "stopped" (another domain claims it:
                          freehold pin list), "unverified" */
    char alias[64];    /* what people at the peer call the domain, or "" */
};
struct freehold_peers;
/* Members of the mesh as the peer sees them. Given: freehold_peers_free. */
FREEHOLD_API int freehold_peers(struct freehold_peers **out,
                                struct freehold_client *client,
                                struct freehold_error *error);
FREEHOLD_API size_t freehold_peers_count(const struct freehold_peers *peers);
FREEHOLD_API void
freehold_peers_get(const struct freehold_peers *peers, size_t index, struct freehold_peer *out);
FREEHOLD_API void freehold_peers_free(struct freehold_peers *peers);

/* ---- catalogue ---- */

struct freehold_product {
    size_t size;
    char domain[64]; /* "fhd1..." of the owner */
    char domain_name[64];
    char product[64];
    char version[33];
    char status[16]; /* "draft", "active", "deprecated", "retired", "withdrawn" */
    char title[128];
    char summary[401];
    char contract[64];   /* "fhr1..." record id */
    uint64_t age_ms;     /* since its owner was last heard by the peer */
    bool reachable;      /* some node of the owner is alive in the peer's view */
    bool contract_held;  /* the contract has reached the peer */
    bool open_to_mesh;   /* readable by every domain */
    bool forked;         /* its owner signed two contracts under one number: `product status` */
    int64_t sunset_ms;   /* Unix: served until then at least; 0: no date is stated */
    char successor[140]; /* "domain/product@2": what to use instead, or "" */
    char quality[16];    /* "ok", "warn", "fail", "stale" or "unknown": see freehold_measurement */
    char gate[16];       /* "serve", "warn", "block": what a fail leads to; "" when unknown */
    int64_t measured_ms; /* Unix: when the owner last measured it; 0: never, as far as is known */
    char verification[16]; /* what the peer made of the signatures: "verified"; "awaited" (the
                              announcement verifies, its contract has not come yet); or why not to
                              rely on it: "refused" (the contract breaks a rule), "forked" (two
                              contracts of one number), "frozen" (its owner signed two key events of
                              one number), "contested" (the owner's name was given to another domain
                              too) */
};
struct freehold_products;
/* Products that match all the words, best first; "" lists all. A word may ask one field only
 * (domain, name, title, text, column, tag, person: "column:iata") or for a status
 * ("status:deprecated"). `limit` 0 is the library's limit. A list is what the peer says;
 * freehold_describe verifies one. Given: freehold_products_free. */
FREEHOLD_API int freehold_search(struct freehold_products **out,
                                 struct freehold_client *client,
                                 const char *words,
                                 uint32_t limit,
                                 struct freehold_error *error);

struct freehold_search_options {
    size_t size;
    const char *words; /* borrowed; as above, and filters for a facet's whole value: "tag=geo",
                          "domain=shop", "classification=pii", "quality:ok", "access:mesh",
                          "reachable:yes" */
    uint32_t limit;    /* 0: the library's */
    uint64_t offset;   /* so many of the best are left out */
    bool facets;       /* also count what the products found have in common */
    bool facets_alone; /* only that, no products */
};
FREEHOLD_API int freehold_find(struct freehold_products **out,
                               struct freehold_client *client,
                               const struct freehold_search_options *options,
                               struct freehold_error *error);
/* How many were found; the list is a page of them. */
FREEHOLD_API uint64_t freehold_products_total(const struct freehold_products *products);
/* How many of the products found have a value of a facet: those of most products first, facet by
 * facet, at most 50 of each. */
struct freehold_facet {
    size_t size;
    char facet[16]; /* "domain", "status", "tag", "classification", "quality", "access",
                       "reachable" */
    char value[97];
    uint64_t products;
    uint64_t values; /* different ones of this facet */
};
FREEHOLD_API size_t freehold_products_facet_count(const struct freehold_products *products);
FREEHOLD_API void freehold_products_facet(const struct freehold_products *products,
                                          size_t index,
                                          struct freehold_facet *out);
/* The words as the peer read them when nothing had all of them and it mended their spelling; else
 * "". Lent. */
FREEHOLD_API const char *freehold_products_read_as(const struct freehold_products *products);
FREEHOLD_API size_t freehold_products_count(const struct freehold_products *products);
FREEHOLD_API void freehold_products_get(const struct freehold_products *products,
                                        size_t index,
                                        struct freehold_product *out);
FREEHOLD_API void freehold_products_free(struct freehold_products *products);

/* What the owner's node found when it last looked at the product's data by the contract's promises.
 * It is the owner's own word, verified here: signed by a node of the owner, for this contract. */
struct freehold_measurement {
    size_t size;
    char quality[16]; /* "ok", "warn" (a warning), "fail" (a promise is broken), "stale" (it counts
                         no longer), "unknown" (never measured: the rest is 0) */
    char found[16];   /* the same without regard to age: what "stale" was */
    char gate[16];    /* "serve", "warn", "block" */
    int64_t measured_ms;
    int64_t expires_ms; /* Unix: stale from then on */
    uint64_t rows;      /* of all tables */
    uint64_t passed, failed, warnings, not_run;
    double uptime;   /* part of the last 30 days in which the owner's node served, 0 .. 1; -1: not
                        known. Measured by the owner itself */
    char key[64];    /* "fhk1..." of the node that signed */
    char record[64]; /* "fhr1..." */
    bool complete;   /* freehold_description_result has all results, not only the broken ones */
};
/* What became of one promise. */
struct freehold_promise_result {
    size_t size;
    const char *promise;  /* lent with the description: "schema.orders.properties.id.unique" */
    const char *category; /* "schema", "quality", "sla" */
    const char *outcome;  /* "passed", "failed", "warning", "not_run" */
    const char *rule;     /* "unique"; "" when `complete` is false, like the next */
    const char *measured; /* a number, a time or a duration, or "" */
    uint64_t failing;     /* rows that break it */
    uint64_t total;       /* of so many */
};

struct freehold_contract_column {
    size_t size;
    const char *table; /* lent with the description */
    const char *name;
    const char *type; /* logical type of the contract */
    const char *description;
    const char *classification; /* "" when none is stated */
    bool required;
    bool primary_key;
};
struct freehold_description;
/* One product by `domain/product`, `domain.product` or `domain/product@1`: its announcement and
 * contract, both verified here from the mesh id up: charter, admission and keys of the owner,
 * signature, hash. Given: freehold_description_free. ENOTFOUND, ESTATE (rule "contract.absent": the
 * contract has not reached the peer), ESIG. */
FREEHOLD_API int freehold_describe(struct freehold_description **out,
                                   struct freehold_client *client,
                                   const char *product,
                                   struct freehold_error *error);
FREEHOLD_API void freehold_description_product(const struct freehold_description *description,
                                               struct freehold_product *out);
/* The published ODCS YAML; lent with the description. */
FREEHOLD_API const char *freehold_description_yaml(const struct freehold_description *description);
/* When the contract was signed (Unix ms), and the id of the key that did ("fhk1..."). */
FREEHOLD_API int64_t freehold_description_signed_ms(const struct freehold_description *description);
FREEHOLD_API const char *freehold_description_key(const struct freehold_description *description);
FREEHOLD_API size_t
freehold_description_column_count(const struct freehold_description *description);
FREEHOLD_API void freehold_description_column(const struct freehold_description *description,
                                              size_t index,
                                              struct freehold_contract_column *out);
/* The product's last measurement, and its results: what does not hold comes first. */
FREEHOLD_API void freehold_description_measurement(const struct freehold_description *description,
                                                   struct freehold_measurement *out);
FREEHOLD_API size_t
freehold_description_result_count(const struct freehold_description *description);
FREEHOLD_API void freehold_description_result(const struct freehold_description *description,
                                              size_t index,
                                              struct freehold_promise_result *out);
/* A file that holds contract, announcement and the identities behind them, verified again at any
 * time by `freehold contract verify FILE`. Lent with the description. */
FREEHOLD_API const void *freehold_description_file(const struct freehold_description *description,
                                                   size_t *out_size);
FREEHOLD_API void freehold_description_free(struct freehold_description *description);

/* ---- queries ---- */

/* The value of a parameter. It is bound, never put into the SQL text, so it may hold anything. */
enum freehold_param_type {
    FREEHOLD_PARAM_TEXT,   /* `text`: UTF-8. As a quoted literal is: beside a date it is a date */
    FREEHOLD_PARAM_NULL,   /* nothing else is read */
    FREEHOLD_PARAM_BOOL,   /* `integer`: 0 or 1 */
    FREEHOLD_PARAM_INT,    /* `integer` */
    FREEHOLD_PARAM_DECIMAL /* `text`: "-12.50", "1e3": exact, at most 38 digits */
};
struct freehold_param {
    size_t size;
    const char *name; /* "since" for $since; NULL for $1, $2 or ?, in order: all or none have one */
    int type;         /* enum freehold_param_type */
    const char *text; /* borrowed, with its NUL */
    int64_t integer;
};

struct freehold_query_options {
    size_t size;
    const char *purpose;  /* what for; "" or NULL when not stated */
    uint64_t rows_max;    /* 0: what the server gives at once; more than that when it says so */
    uint32_t deadline_ms; /* for the whole answer; 0: none beyond the stall limit */
    bool tree;            /* ask for a hash tree over the data in the receipt, for third parties */
    const struct freehold_param *params; /* borrowed; NULL without any */
    size_t param_count;                  /* at most 64 */
    bool stream; /* fetch much: more time, bounded by bytes instead of rows, one such query at once
                  */
    bool plain;  /* take no column in a smaller form: more bytes, nothing to widen */
    const char *format; /* what the answer will be written as: "json", "csv", "arrow", "parquet" or
                           "copy", which a policy may allow or not; NULL: its rows are shown */
};

enum freehold_type {
    FREEHOLD_TYPE_OTHER, /* as text only */
    FREEHOLD_TYPE_BOOL,
    FREEHOLD_TYPE_INT,  /* fits int64_t */
    FREEHOLD_TYPE_UINT, /* fits uint64_t */
    FREEHOLD_TYPE_DOUBLE,
    FREEHOLD_TYPE_DECIMAL, /* text: digits with a point; also integers beyond 64 bits */
    FREEHOLD_TYPE_TEXT,    /* UTF-8 */
    FREEHOLD_TYPE_BLOB,
    FREEHOLD_TYPE_DATE,      /* int: days since 1970-01-01; text: ISO 8601 */
    FREEHOLD_TYPE_TIME,      /* int: microseconds since midnight; text: ISO 8601 */
    FREEHOLD_TYPE_TIMESTAMP, /* int: microseconds since 1970-01-01; text: ISO 8601 with a space */
    FREEHOLD_TYPE_JSON       /* text: one JSON value; lists, structs and maps too */
};

struct freehold_column {
    size_t size;
    const char *name; /* lent with the result */
    const char *type_name;
    int type; /* enum freehold_type */
};

struct freehold_result;
/* Runs one SELECT. The owner of the data is asked end to end when there is only one, the entry peer
 * joins when there are several. Returns when the first rows or the end have arrived. Given:
 * freehold_result_close. EINVAL, ETOOBIG (rules "query.param.*"), ESQL (rule "sql.gate.parameter":
 * a parameter without a value, or a value without one), ENOTFOUND, EDENIED, EUNREACH, ETIMEOUT,
 * EBUSY, ESIG. */
FREEHOLD_API int freehold_query(struct freehold_result **out,
                                struct freehold_client *client,
                                const char *sql,
                                const struct freehold_query_options *options,
                                struct freehold_error *error);
/* Sends the query and returns without waiting for its answer, so that several of one client are
 * answered at the same time: begin all, then read each. The first freehold_result_next waits, and
 * columns are known only then; what the node has against the query shows there too. One that is
 * begun while whole answers to others lie here unread is signed and sent together with what is
 * begun behind each of those: at the latest when a call of this client waits for something, or
 * comes a few milliseconds later. About 40 small ones can be open at once, but a node lets only
 * some of one key run and wait (EBUSY). Given: freehold_result_close, which ends what still runs.
 */
FREEHOLD_API int freehold_query_begin(struct freehold_result **out,
                                      struct freehold_client *client,
                                      const char *sql,
                                      const struct freehold_query_options *options,
                                      struct freehold_error *error);
FREEHOLD_API size_t freehold_result_column_count(const struct freehold_result *result);
FREEHOLD_API void freehold_result_column(const struct freehold_result *result,
                                         size_t index,
                                         struct freehold_column *out);
/* Steps to the next row. False at the end and after a failure: `*out_code` is FREEHOLD_OK only when
 * the answer was complete and its receipt verified. EINCOMPLETE: no receipt, or fewer rows than it
 * states; ESIG: a receipt that does not fit. */
FREEHOLD_API bool
freehold_result_next(struct freehold_result *result, struct freehold_error *error, int *out_code);
/* Cells of the current row. */
FREEHOLD_API bool freehold_result_is_null(const struct freehold_result *result, size_t column);
/* BOOL, INT, UINT (below 2^63), DATE, TIME, TIMESTAMP; 0 for others and NULL. */
FREEHOLD_API int64_t freehold_result_int(const struct freehold_result *result, size_t column);
/* Numbers; 0 for others and NULL. */
FREEHOLD_API double freehold_result_double(const struct freehold_result *result, size_t column);
/* Every type as UTF-8 text with a NUL, BLOB as raw bytes; NULL reads "". `out_size` may be NULL.
 * Lent until the same column is read again or the next row. */
FREEHOLD_API const char *
freehold_result_text(struct freehold_result *result, size_t column, size_t *out_size);

/* ---- batches: for programs that take many rows ---- */

/* Steps to the next batch of rows, behind all that was read so far; as freehold_result_next, which
 * goes on behind this batch. `*out_rows` is at least 1. */
FREEHOLD_API bool freehold_result_next_batch(struct freehold_result *result,
                                             size_t *out_rows,
                                             struct freehold_error *error,
                                             int *out_code);

/* One column of the current batch as arrays, as Apache Arrow lays them out (little-endian): they
 * are the buffers of an Arrow array of this format, length and null count. Each begins on a
 * multiple of 64 bytes. Lent until the next batch or row. */
struct freehold_vector {
    size_t size;
    const char *format; /* of Arrow's C data interface: "l", "u", "tsu:", "d:10,2"; an INTERVAL
                           ("w:16") is int32 months, int32 days, int64 microseconds, a UUID its 16
                           bytes; lent with the result */
    uint64_t rows;
    uint64_t nulls;
    const uint8_t
        *validity; /* a bit for each row, lowest first, 1: a value is there; NULL: all are */
    const int32_t *offsets; /* text and blobs: rows + 1 places in `data`; else NULL */
    const void *data;       /* values, bits (BOOL), or bytes; NULL when there are none */
    size_t data_size;
    /* with FREEHOLD_VECTOR_DICTIONARY, where the column came so: offsets and data hold `entries`
     * texts, and each row has the number of one */
    uint32_t entries;    /* 0: no dictionary */
    uint8_t index_width; /* bytes of a number: 1 or 2 */
    const void *indices; /* uint8_t or uint16_t; under NULL any that is there */
};
enum freehold_vector_flag {
    FREEHOLD_VECTOR_DICTIONARY = 1 /* take texts as a dictionary where they came as one */
};
/* The current batch's column; `flags` of freehold_vector_flag. ENOMEM. */
FREEHOLD_API int freehold_result_vector(struct freehold_result *result,
                                        size_t column,
                                        unsigned flags,
                                        struct freehold_vector *out,
                                        struct freehold_error *error);

struct freehold_summary {
    size_t size;
    uint64_t rows;
    uint64_t bytes; /* of batches as they travelled, decrypted */
    uint64_t batches;
    char owner[64];    /* name of the domain whose node answered */
    char node[64];     /* "fhn1..." of that node */
    bool relayed;      /* through the entry peer, end to end */
    bool joined;       /* by the entry peer, from several owners */
    char receipt[64];  /* "fhr1...", "" before the verified end */
    uint32_t receipts; /* with those of the owners of a join */
    char request[64];  /* "fhr1...", of the signed request that the receipt answers */
    char policy[64]; /* "fhr1...", under which the node that signed the receipt answered; "" before
                        the verified end, or without a policy */
};
FREEHOLD_API void freehold_result_summary(const struct freehold_result *result,
                                          struct freehold_summary *out);
/* A table that the answer is read from, as the signed request names it. */
struct freehold_source {
    size_t size;
    char domain[64]; /* "fhd1..." of the owner */
    char domain_name[64];
    char product[64];
    char table[64];
    char version[33];
    char contract[64]; /* "fhr1...", record id of the contract that was asked under */
};
/* None for a query without tables; a table once, however often the SQL names it. */
FREEHOLD_API size_t freehold_result_source_count(const struct freehold_result *result);
FREEHOLD_API void freehold_result_source(const struct freehold_result *result,
                                         size_t index,
                                         struct freehold_source *out);
/* What a consumer must know of a product that the answer was read from: it is a draft, or
 * deprecated and until when, or its data break promises. Others have none. */
struct freehold_notice {
    size_t size;
    char domain_name[64];
    char product[64];
    char version[33];
    char status[16];     /* "draft", "deprecated" */
    int64_t sunset_ms;   /* Unix: served until then at least; 0: no date is stated */
    char successor[140]; /* "domain/product@2": what to use instead, or "" */
    char quality[16];    /* "warn", "fail": promises of the contract do not hold; else "" */
    int64_t measured_ms; /* Unix: when that was found; 0 with quality "" */
    char waiver[64];     /* id of a waiver by which a rule of a policy did not bind; else "" */
    int64_t waived_until_ms;
    bool break_glass; /* it is one for an emergency */
};
/* Each product version once. Before the verified end they are what the entry peer said, after it
 * what the receipts sign. */
FREEHOLD_API size_t freehold_result_notice_count(const struct freehold_result *result);
FREEHOLD_API void freehold_result_notice(const struct freehold_result *result,
                                         size_t index,
                                         struct freehold_notice *out);
/* A table that is not for you as its owner has it: a policy or your grant masks columns of it, or
 * opens some of its rows only. The names of columns alone; what is hidden is not there at all. As
 * the node that runs the query says it. */
struct freehold_limited {
    size_t size;
    char domain_name[64];
    char product[64];
    char table[64];
    bool filtered;     /* not all rows are there */
    char masked[1024]; /* "name, mail", with "..." when there are more */
    /* Rows are there by groups of at least so many subjects, smaller groups are left out, and those
     * of `masked` that are measures are the means of their groups; 0: rows are there one by one. */
    uint32_t group_size;
};
FREEHOLD_API size_t freehold_result_limited_count(const struct freehold_result *result);
FREEHOLD_API void freehold_result_limited(const struct freehold_result *result,
                                          size_t index,
                                          struct freehold_limited *out);
/* A rule of a policy that does not bind this answer, for as long as a waiver says. As the node that
 * runs the query says it; one that a receipt signs and nobody told of is there from the verified
 * end on, without policy and rule. */
struct freehold_waived {
    size_t size;
    char domain_name[64]; /* owner of the product */
    char product[64];
    char version[33];
    char policy[64]; /* its name */
    char policy_version[33];
    char rule[40];    /* "mask[0]", as findings name it; "": all of the policy */
    bool mesh;        /* the policy is the mesh's; else the owner's */
    bool break_glass; /* it is one for an emergency */
    int64_t until_ms; /* Unix, inclusive */
    char whom[16];    /* "everybody", "one domain", "one member" */
    char waiver[64];  /* "fhr1..." */
};
FREEHOLD_API size_t freehold_result_waived_count(const struct freehold_result *result);
FREEHOLD_API void freehold_result_waived(const struct freehold_result *result,
                                         size_t index,
                                         struct freehold_waived *out);
/* A file that holds the receipt and all that is needed to verify it offline (`freehold verify`).
 * ESTATE before the verified end; EUNREACH, ESIG (the entry peer has no admission of our own
 * domain, which stands behind the request). Lent until the result is closed. */
FREEHOLD_API int freehold_result_receipt(struct freehold_result *result,
                                         const void **out_data,
                                         size_t *out_size,
                                         struct freehold_error *error);
/* Cancels what still runs and ends the result; NULL is fine. */
FREEHOLD_API void freehold_result_close(struct freehold_result *result);

/* ---- tokens: to ask through the doors of a node, over HTTP or as a client of PostgreSQL ---- */

struct freehold_token_options {
    size_t size;
    int64_t until_ms;            /* Unix; 0: 8 hours from now. At most 90 days */
    const char *label;           /* for people, or NULL */
    const char *const *purposes; /* it may state one of these only; in any order */
    size_t purpose_count;        /* 0: any; at most 16 */
    const char *const *products; /* "domain/product" or "domain/product@1" */
    size_t product_count;        /* 0: all that the member may read; at most 16 */
    bool dry_run;                /* check, and leave nothing at the node */
    unsigned may;                /* FREEHOLD_TOKEN_ASK, _DECIDE, or 0: it reads, and no more */
};
/* What a token may beside reading: ask owners for access in the member's name, and, of a publisher,
 * answer such requests for products of its domain. */
enum { FREEHOLD_TOKEN_ASK = 1, FREEHOLD_TOKEN_DECIDE = 2 };
struct freehold_token {
    size_t size;
    char text[64]; /* "fht1....": the Bearer of HTTP, the password of PostgreSQL; a secret: wipe it
                    */
    char id[32];   /* the part before the point: the user name of PostgreSQL */
    int64_t until_ms;
};
/* Makes a token of the client's key, and leaves at the node that the client talks to what its doors
 * need for it, which opens nothing without the text. `*out` has no text after a dry run. EINVAL
 * ("token.*"), EDENIED ("token.scope": the client is a token itself; "token.role": deciding is for
 * a publisher's key), EBUSY ("token.limit"). */
FREEHOLD_API int freehold_token_create(struct freehold_client *client,
                                       const struct freehold_token_options *options,
                                       struct freehold_token *out,
                                       struct freehold_error *error);

struct freehold_token_entry {
    size_t size;
    char id[32];
    char label[64];
    int64_t created_ms;
    int64_t until_ms;
    const char *purposes; /* by comma; lent with the list, like the next */
    const char *products;
    const char *may; /* "ask", "ask,decide", "" */
};
struct freehold_tokens;
/* Those of the client's key at the node, verified; the one that ends next comes first. Given:
 * freehold_tokens_free. */
FREEHOLD_API int freehold_token_list(struct freehold_tokens **out,
                                     struct freehold_client *client,
                                     struct freehold_error *error);
FREEHOLD_API size_t freehold_tokens_count(const struct freehold_tokens *tokens);
FREEHOLD_API void freehold_tokens_get(const struct freehold_tokens *tokens,
                                      size_t index,
                                      struct freehold_token_entry *out);
FREEHOLD_API void freehold_tokens_free(struct freehold_tokens *tokens);

/* Ends one that the node keeps, everywhere, with what it runs: the node tells the others. What it
 * signed at or after `since_ms` does not count (Unix; 0: now; not ahead). `id` is "fht1...", a
 * whole text does too. ENOTFOUND ("token.unknown"), EINVAL ("token.text", "token.end.time"),
 * ETOOBIG ("identity.token_ends"). */
FREEHOLD_API int freehold_token_revoke(struct freehold_client *client,
                                       const char *id,
                                       int64_t since_ms,
                                       struct freehold_error *error);

#ifdef __cplusplus
}
#endif

#endif
