/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/query.h"

#include "common/assert.h"
#include "proto/identity/token.h"
#include "proto/wire/pack.h"

enum {
    REQUEST_VERSION = 1,
    REQUEST_FIELDS = 12, /* a 13th, parameters, and a 14th, a TOKEN, where there are any */
    TABLE_FIELDS = 5,
    REQUEST_BYTES_MAX = 256 * 1024,
};

static int refuse(struct fh_err *err, const char *rule, const char *text)
{
    return fh_err_rule(err, FH_EINVAL, rule, "query request: %s", text);
}

/* Shared by both directions, so that nothing is sent that would not be read. */
static int check_values(const struct fh_query_request *request, struct fh_err *err)
{
    static const struct fh_request_id no_id;
    if (memcmp(request->id.b, no_id.b, sizeof no_id.b) == 0) {
        return refuse(err, "query.request.id", "the request id is zero; expected random bytes");
    }
    if (request->sql.size == 0 || request->sql.size > FH_SQL_BYTES_MAX) {
        return fh_err_rule(err,
                           request->sql.size == 0 ? FH_EINVAL : FH_ETOOBIG,
                           "query.request.sql",
                           "query request: SQL of %zu bytes; expected 1 to %d",
                           request->sql.size,
                           FH_SQL_BYTES_MAX);
    }
    if (!fh_utf8_valid(request->sql)) {
        return refuse(err, "query.request.sql", "the SQL is not UTF-8 without U+0000");
    }
    if (!fh_utf8_valid(fh_bytes_cstr(request->purpose))) {
        return refuse(err, "query.request.purpose", "the purpose is not UTF-8");
    }
    if (request->issued_ms < 0 || request->expires_ms <= request->issued_ms ||
        request->expires_ms - request->issued_ms > FH_REQUEST_LIFETIME_MS) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "query.request.time",
                           "query request: valid for %lld ms; expected 1 to %lld",
                           (long long)(request->expires_ms - request->issued_ms),
                           (long long)FH_REQUEST_LIFETIME_MS);
    }
    return fh_params_check(request->params, request->param_count, err);
}

static int check_tables(const struct fh_query_request *request, struct fh_err *err)
{
    if (request->table_count > FH_QUERY_TABLES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "query.request.tables",
                           "query request: %zu tables; at most %d",
                           request->table_count,
                           FH_QUERY_TABLES_MAX);
    }
    for (size_t i = 0; i < request->table_count; i++) {
        const struct fh_query_table *table = &request->tables[i];
        int code = fh_name_check("product", table->product, err);
        if (code != FH_OK) {
            return fh_err_wrap(err, "query request: table %zu", i);
        }
        if (table->table[0] == '\0' || !fh_utf8_valid(fh_bytes_cstr(table->table)) ||
            table->version[0] == '\0' || !fh_utf8_valid(fh_bytes_cstr(table->version))) {
            return refuse(err, "query.request.tables", "a table without name or version");
        }
        if (fh_query_request_table(
                request, &table->domain, table->product, table->table, &table->contract) != table) {
            return refuse(err, "query.request.tables", "a table is listed twice");
        }
    }
    return FH_OK;
}

unsigned fh_query_request_formats(const struct fh_query_request *request)
{
    return (unsigned)(request->flags >> FH_QUERY_FORMATS & UINT32_MAX);
}

int fh_query_request_build(struct fh_buf *out,
                           const struct fh_query_request *request,
                           struct fh_err *err)
{
    int code = check_values(request, err);
    if (code == FH_OK) {
        code = check_tables(request, err);
    }
    if (code != FH_OK) {
        return code;
    }
    bool has_token = request->token.size > 0;
    bool has_params = request->param_count > 0 || has_token;
    fh_pack_array(out, REQUEST_FIELDS + (has_params ? 1U : 0U) + (has_token ? 1U : 0U));
    fh_pack_uint(out, REQUEST_VERSION);
    fh_pack_bin(out, fh_bytes(request->id.b, sizeof request->id.b));
    fh_pack_bin(out, fh_bytes(request->consumer.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(request->key.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(request->entry.b, FH_ID_BYTES));
    fh_pack_str(out, request->sql);
    fh_pack_array(out, (uint32_t)request->table_count);
    for (size_t i = 0; i < request->table_count; i++) {
        const struct fh_query_table *table = &request->tables[i];
        fh_pack_array(out, TABLE_FIELDS);
        fh_pack_bin(out, fh_bytes(table->domain.b, FH_ID_BYTES));
        fh_pack_cstr(out, table->product);
        fh_pack_cstr(out, table->table);
        fh_pack_cstr(out, table->version);
        fh_pack_bin(out, fh_bytes(table->contract.b, FH_ID_BYTES));
    }
    fh_pack_cstr(out, request->purpose);
    fh_pack_uint(out, (uint64_t)request->issued_ms);
    fh_pack_uint(out, (uint64_t)request->expires_ms);
    fh_pack_uint(out, request->flags);
    fh_pack_uint(out, request->rows_max);
    if (has_params) {
        fh_params_put(out, request->params, request->param_count);
    }
    fh_token_carry(out, request->token);
    code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "query request: no room for it");
}

static void read_table(struct fh_pack_reader *reader, struct fh_query_table *out)
{
    uint32_t fields = fh_pack_read_record(reader, TABLE_FIELDS);
    fh_pack_read_fixed(reader, out->domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, out->product, sizeof out->product);
    fh_pack_read_cstr(reader, out->table, sizeof out->table);
    fh_pack_read_cstr(reader, out->version, sizeof out->version);
    fh_pack_read_fixed(reader, out->contract.b, FH_ID_BYTES);
    fh_pack_read_record_end(reader, fields, TABLE_FIELDS);
}

int fh_query_request_parse(struct fh_query_request *out,
                           struct fh_bytes payload,
                           struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(REQUEST_BYTES_MAX);
    int code = fh_pack_scan(payload, &limits, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "query request");
    }
    struct fh_query_request request = {.table_count = 0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, payload);
    uint32_t fields = fh_pack_read_record(&reader, REQUEST_FIELDS);
    uint64_t version = fh_pack_read_uint(&reader, UINT64_MAX);
    if (reader.failed == FH_OK && version != REQUEST_VERSION) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "query.request.version",
                           "query request: version %llu; this node reads version %d",
                           (unsigned long long)version,
                           REQUEST_VERSION);
    }
    fh_pack_read_fixed(&reader, request.id.b, sizeof request.id.b);
    fh_pack_read_fixed(&reader, request.consumer.b, FH_ID_BYTES);
    fh_pack_read_fixed(&reader, request.key.b, FH_ID_BYTES);
    fh_pack_read_fixed(&reader, request.entry.b, FH_ID_BYTES);
    request.sql = fh_pack_read_str(&reader, FH_SQL_BYTES_MAX);
    request.table_count = fh_pack_read_array(&reader, FH_QUERY_TABLES_MAX);
    for (size_t i = 0; i < request.table_count && reader.failed == FH_OK; i++) {
        read_table(&reader, &request.tables[i]);
    }
    fh_pack_read_cstr(&reader, request.purpose, sizeof request.purpose);
    request.issued_ms = (int64_t)fh_pack_read_uint(&reader, INT64_MAX);
    request.expires_ms = (int64_t)fh_pack_read_uint(&reader, INT64_MAX);
    request.flags = fh_pack_read_uint(&reader, UINT64_MAX);
    request.rows_max = fh_pack_read_uint(&reader, UINT64_MAX);
    uint32_t known = REQUEST_FIELDS;
    if (fields > REQUEST_FIELDS) {
        fh_params_read(&reader, request.params, &request.param_count);
        known++;
        if (request.param_count == 0 && fields == known) {
            fh_pack_fail(&reader, "expected parameters, or no list of them");
        }
    }
    known = fh_token_read_carried(&request.token, &reader, fields, known);
    fh_pack_read_record_end(&reader, fields, known);
    code = fh_pack_read_ok(&reader, "query request", err);
    if (code == FH_OK) {
        code = check_values(&request, err);
    }
    if (code == FH_OK) {
        code = check_tables(&request, err);
    }
    if (code == FH_OK) {
        *out = request;
    }
    return code;
}

static int refuse_session(struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EDENIED,
                       "query.request.key",
                       "the request is signed for another key than this session's; open "
                       "the session with the key that signs");
}

/* The session must be the consumer's, or at an owner that of the named entry peer. */
static int check_session(const struct fh_query_request *request,
                         const struct fh_query_arrival *arrival,
                         struct fh_err *err)
{
    bool of_key = fh_key_id_equal(&arrival->session_key, &request->key);
    bool from_consumer =
        of_key && fh_record_id_equal(&arrival->session_token, &arrival->request_token);
    /* A node id is the key id of the node's key. */
    bool from_entry = memcmp(arrival->session_key.b, request->entry.b, FH_ID_BYTES) == 0;
    char entry[FH_ID_SHORT_BYTES];
    fh_node_id_short(entry, &request->entry);
    if (arrival->place == FH_QUERY_AT_ENTRY) {
        if (!fh_node_id_equal(&request->entry, &arrival->self)) {
            return fh_err_rule(err,
                               FH_EDENIED,
                               "query.request.entry",
                               "the request names %s as its entry peer, not this node; sign one "
                               "that names this node",
                               entry);
        }
        return from_consumer ? FH_OK : refuse_session(err);
    }
    FH_ASSERT(arrival->place == FH_QUERY_AT_OWNER);
    if (of_key && !from_consumer && !from_entry) {
        return refuse_session(err);
    }
    if (!from_consumer && !from_entry) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "query.request.entry",
                           "the request is the consumer's for entry peer %s; the session belongs "
                           "to neither of them",
                           entry);
    }
    return FH_OK;
}

int fh_query_request_check(const struct fh_query_request *request,
                           const struct fh_query_arrival *arrival,
                           struct fh_err *err)
{
    int code = check_session(request, arrival, err);
    if (code != FH_OK) {
        return code;
    }
    if (arrival->now_ms - FH_CLOCK_SKEW_MS >= request->expires_ms) {
        return fh_err_rule(err,
                           FH_ESTALE,
                           "query.request.expired",
                           "the request expired %lld s ago; sign a new one",
                           (long long)((arrival->now_ms - request->expires_ms) / 1000));
    }
    if (request->issued_ms > arrival->now_ms + FH_CLOCK_SKEW_MS) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "query.request.time",
                           "the request was issued %lld s in the future; check the clocks",
                           (long long)((request->issued_ms - arrival->now_ms) / 1000));
    }
    return FH_OK;
}

const struct fh_query_table *fh_query_request_table(const struct fh_query_request *request,
                                                    const struct fh_domain_id *domain,
                                                    const char *product,
                                                    const char *table,
                                                    const struct fh_record_id *contract)
{
    for (size_t i = 0; i < request->table_count; i++) {
        const struct fh_query_table *row = &request->tables[i];
        if (fh_domain_id_equal(&row->domain, domain) && strcmp(row->product, product) == 0 &&
            strcmp(row->table, table) == 0 &&
            (contract == NULL || fh_record_id_equal(&row->contract, contract))) {
            return row;
        }
    }
    return NULL;
}
