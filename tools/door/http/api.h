/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the functions that answer share among themselves (call.h has the functions).
 *
 * Thread: that of the call. Ownership: borrows.
 */
#ifndef FH_TOOLS_DOOR_HTTP_API_H
#define FH_TOOLS_DOOR_HTTP_API_H

#include "tools/client/history.h"
#include "tools/door/http/call.h"
#include "tools/door/http/state.h"

/* The members of a product as lists and single products have them; into an open object. */
void fh_api_put_product(struct fh_json *json, const struct freehold_product *product);

/* A rule that does not bind, as answers and products have it. */
void fh_api_put_waived(struct fh_json *json, const struct freehold_waived *waived);
/* The member "waived", of this product. */
struct fh_msg_waived;
struct fh_proof;
void fh_api_put_waivers(struct fh_json *json,
                        const struct fh_proof *proof,
                        const struct fh_msg_waived *waived,
                        uint32_t count);
/* The member "governance": policies and waivers as this node says them, or with `owner` a node of
 * that domain; null when it does not. */
struct fh_domain_id;
void fh_api_put_governance(struct fh_json *json,
                           struct freehold_client *client,
                           const struct fh_proof *proof,
                           const struct fh_domain_id *owner);

/* The product that the path names: "aviation/flights@1". */
struct fh_product_name;
FH_MUST_CHECK int fh_api_product_name(struct fh_product_name *out,
                                      const struct fh_http_call *call,
                                      struct fh_err *err);
/* What a query calls it: "orders", or "orders@1" (which it quotes) where the path names a version.
 */
void fh_api_product_sql(char out[], const struct fh_http_call *call, const char *product);
/* Describes it. Given: freehold_description_free. */
FH_MUST_CHECK int fh_api_describe(struct fh_http_call *call,
                                  struct freehold_client *client,
                                  struct freehold_description **out,
                                  struct fh_err *err);

/* A request for access, as lists and single ones have it; `received`: it came for products of this
 * node's domain. */
struct fh_access_entry;
void fh_api_put_request(struct fh_json *json, const struct fh_access_entry *entry, bool received);

/* Whether who is signed in sees what came for this node's domain: with a publisher's token. */
bool fh_api_governs(const struct fh_http_call *call, const struct freehold_client *client);

/* What came for products of this node's domain, as far as the token is for them; to be asked when
 * fh_api_governs says so. */
struct fh_access_list;
FH_MUST_CHECK int fh_api_received(struct fh_access_list *list,
                                  const struct fh_http_call *call,
                                  const struct freehold_client *client,
                                  struct fh_err *err);

/* A cursor says where the next page begins, and of which search it is: "p32.1f00a9c3". Reading one
 * (NULL: 0): FH_EINVAL ("http.cursor") for another search, or beyond `most`. */
enum { FH_API_CURSOR_BYTES = 48 };
void fh_api_cursor_text(char out[FH_API_CURSOR_BYTES], uint64_t offset, const char *words);
FH_MUST_CHECK int fh_api_cursor_read(
    uint64_t *out, const char *text, const char *words, uint64_t most, struct fh_err *err);

/* Since when a version's major is deprecated: the time of the announcement that said so, verified;
 * 0: it is not, or that is not known. */
int64_t fh_api_deprecated_since(struct freehold_client *client,
                                const char *domain,
                                const char *product,
                                const char *version);

/* Runs one SELECT, and puts its answer into the flow in the form that the call asks for. */
FH_MUST_CHECK int fh_api_run(struct fh_http_call *call,
                             struct freehold_client *client,
                             const char *sql,
                             struct freehold_query_options *options,
                             struct fh_err *err);

/* ---- forms of an answer; they write into call->flow ---- */

FH_MUST_CHECK int
fh_answer_json(struct fh_http_call *call, struct freehold_result *result, struct fh_err *err);
FH_MUST_CHECK int
fh_answer_csv(struct fh_http_call *call, struct freehold_result *result, struct fh_err *err);
FH_MUST_CHECK int
fh_answer_columns(struct fh_http_call *call, struct freehold_result *result, struct fh_err *err);

/* The verified end: keeps the receipt's file, and notes what the trailer says. */
FH_MUST_CHECK int
fh_answer_end(struct fh_http_call *call, struct freehold_result *result, struct fh_err *err);

/* ---- bodies, read (json_body.c) ---- */

struct fh_api_query {
    const char *sql;
    const char *purpose; /* "" */
    uint64_t limit;      /* 0: none */
    uint64_t deadline_ms;
    bool stream;
    bool tree;
    size_t param_count;
    struct freehold_param params[FH_SQL_PARAMS_MAX];
};
struct fh_api_asking {
    const char *purpose;
    int64_t until_ms;
    const char *note; /* "" */
    uint32_t column_count;
    const char **columns;
};

struct fh_api_deciding {
    const char *reason; /* ""; not for a denial */
    /* of an approval */
    int64_t until_ms; /* 0: as asked */
    const char *rows; /* "" */
    uint32_t column_count;
    const char **columns;
};

/* Read a body (borrowed) by the schemas of the OpenAPI document; texts are in the arena. FH_EINVAL:
 * rules "http.json" (not JSON, twice the same key, not UTF-8), "http.body" (another member, type or
 * size than it should have). */
FH_MUST_CHECK int fh_api_query_read(struct fh_api_query *out,
                                    struct fh_bytes body,
                                    struct fh_arena *arena,
                                    struct fh_err *err);
FH_MUST_CHECK int fh_api_deciding_read(struct fh_api_deciding *out,
                                       struct fh_bytes body,
                                       bool approve,
                                       struct fh_arena *arena,
                                       struct fh_err *err);
FH_MUST_CHECK int fh_api_asking_read(struct fh_api_asking *out,
                                     struct fh_bytes body,
                                     struct fh_arena *arena,
                                     struct fh_err *err);

#endif
