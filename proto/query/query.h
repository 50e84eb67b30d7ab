/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query request: what a consumer signs before any row moves.
 *
 * The payload of a REQUEST record names the SQL with the values of its parameters, the tables with
 * the contracts that the consumer read, the purpose, and the entry peer that may work on it. An
 * owner that gets it from another node can so check that the consumer asked for exactly this, of
 * exactly that peer, lately.
 *
 * Does not: verify signatures (proto/identity/directory) or decide on access (the rule of the
 * contract). Thread: any; values. Ownership: `sql`, `token` and text of parameters are views, all
 * else is held by value.
 */
#ifndef FH_PROTO_QUERY_QUERY_H
#define FH_PROTO_QUERY_QUERY_H

#include "common/limits.h"
#include "proto/query/param.h"
#include "proto/wire/id.h"

struct fh_request_id { /* random, made by the consumer for each query */
    uint8_t b[16];
};

enum fh_query_flag {
    FH_QUERY_TREE = 1,   /* the receipt must carry a hash tree over the batches */
    FH_QUERY_STREAM = 2, /* a program fetches much: bounded by bytes and time instead of rows */
};

/* Flags from this bit on say what the answer will be written as: bit FH_QUERY_FORMATS + n for
 * format n of proto/governance/policy.h. None: its rows are shown. */
enum { FH_QUERY_FORMATS = 8 };

struct fh_query_table {
    struct fh_domain_id domain;
    char product[FH_NAME_BYTES_MAX + 1];
    char table[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    struct fh_record_id contract; /* as the consumer knows it */
};

struct fh_query_request {
    struct fh_request_id id;
    struct fh_domain_id consumer; /* domain for which the key acts */
    struct fh_key_id key;         /* the consumer's key: it signs, or vouches for the token */
    struct fh_node_id entry;      /* the one node that may run this for the consumer */
    struct fh_bytes sql;          /* UTF-8, 1..FH_SQL_BYTES_MAX; borrowed */
    size_t table_count;           /* 0..FH_QUERY_TABLES_MAX; 0 for a query without tables */
    struct fh_query_table tables[FH_QUERY_TABLES_MAX];
    char purpose[FH_PURPOSE_BYTES_MAX + 1]; /* "" when none is stated */
    int64_t issued_ms;
    int64_t expires_ms; /* after issued, at most FH_REQUEST_LIFETIME_MS later */
    uint64_t flags;     /* enum fh_query_flag; unknown bits are kept */
    uint64_t rows_max;  /* 0: the server's limit */
    size_t param_count; /* 0..FH_SQL_PARAMS_MAX */
    struct fh_param params[FH_SQL_PARAMS_MAX];
    struct fh_bytes token; /* TOKEN record by whose key it is signed; empty: by `key`; borrowed */
};

/* Appends the canonical payload. FH_EINVAL (rule "query.request.*", "query.param.*") names the
 * field that is out of bounds; FH_ETOOBIG when the buffer is too small. */
FH_MUST_CHECK int fh_query_request_build(struct fh_buf *out,
                                         const struct fh_query_request *request,
                                         struct fh_err *err);

/* The formats that its flags name, as bits by enum fh_policy_format; one that is not known here is
 * a bit too, which no policy allows. */
unsigned fh_query_request_formats(const struct fh_query_request *request);

/* Reads a payload; scans it first. `out` borrows `payload` and is unchanged on failure.
 * FH_EINVAL ("pack.*", "query.request.*", "query.param.*"), FH_ETOOBIG, FH_EVERSION. */
FH_MUST_CHECK int
fh_query_request_parse(struct fh_query_request *out, struct fh_bytes payload, struct fh_err *err);

/* Where a request arrived. */
enum fh_query_place {
    FH_QUERY_AT_ENTRY, /* this node is asked to run it: the session must be the consumer's own */
    FH_QUERY_AT_OWNER, /* this node owns tables: from the consumer, or from the named entry peer */
    FH_QUERY_PLACE_COUNT
};

struct fh_query_arrival {
    enum fh_query_place place;
    struct fh_key_id session_key; /* authenticated key at the other end of the session: of a token
                                     the member's */
    struct fh_record_id
        session_token; /* by which the session was opened; zero: by the key itself */
    struct fh_record_id request_token; /* that the request carries; zero: none */
    struct fh_node_id self;            /* the node that checks */
    int64_t now_ms;
};

/* Whether the request may be served here and now. Refusals, in this order:
 *   FH_EDENIED "query.request.entry"    names another entry peer than the node that brings or runs
 * it FH_EDENIED "query.request.key"      the session belongs to another key (at the entry peer),
 *                                       or was opened by another token than signs
 *   FH_ESTALE  "query.request.expired"  past its expiry (with FH_CLOCK_SKEW_MS of grace)
 *   FH_EINVAL  "query.request.time"     issued in the future */
FH_MUST_CHECK int fh_query_request_check(const struct fh_query_request *request,
                                         const struct fh_query_arrival *arrival,
                                         struct fh_err *err);

/* The table in the request, or NULL; under this contract, or under any when `contract` is NULL: one
 * query may read two major versions of a product. */
const struct fh_query_table *fh_query_request_table(const struct fh_query_request *request,
                                                    const struct fh_domain_id *domain,
                                                    const char *product,
                                                    const char *table,
                                                    const struct fh_record_id *contract);

#endif
