/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_policy.h"

#include "common/assert.h"
#include "proto/identity/keylog.h"
#include "proto/session/messages_inner.h"

enum {
    RECORD_BYTES_MAX = FH_POLICY_BYTES_MAX + 2048,
    LISTED_FIELDS = 7,
    WAIVER_FIELDS = 2,
    STATUS_FIELDS = 6,
    FINDING_FIELDS = 6,
    DECISION_FIELDS = 7,
    COLUMN_FIELDS = 4,
    PRODUCT_BYTES_MAX = 2 * FH_NAME_BYTES_MAX + FH_VERSION_BYTES_MAX + 2,
};

static void put_until(struct fh_buf *out, int64_t until_ms)
{
    if (until_ms == INT64_MAX) {
        fh_pack_nil(out);
    } else {
        fh_pack_uint(out, (uint64_t)until_ms);
    }
}

static int64_t read_until(struct fh_pack_reader *reader)
{
    if (fh_pack_peek(reader) != FH_PACK_NIL) {
        return (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    }
    fh_pack_skip(reader);
    return INT64_MAX;
}

/* ---- VIEW ---- */

void fh_msg_view_request(struct fh_buf *out, struct fh_bytes request, uint32_t table)
{
    fh_msg_table_request(out, FH_MSG_VIEW, request, table);
}

int fh_msg_view_read(struct fh_pack_reader *reader,
                     struct fh_bytes *out_request,
                     uint32_t *out_table,
                     struct fh_err *err)
{
    return fh_msg_table_read(reader, "view", out_request, out_table, err);
}

void fh_msg_view_answer_begin(struct fh_buf *out, const struct fh_msg_view *view)
{
    fh_msg_ok(out, 4);
    fh_pack_bool(out, view->filtered);
    fh_pack_uint(out, view->group_size);
    fh_pack_array(out, view->column_count);
}

void fh_msg_view_add(struct fh_buf *out, const char *name, bool masked)
{
    fh_pack_array(out, 2);
    fh_pack_cstr(out, name);
    fh_pack_bool(out, masked);
}

/* None, or at least two. */
static uint32_t read_group_size(struct fh_pack_reader *reader)
{
    uint32_t size = (uint32_t)fh_pack_read_uint(reader, FH_MSG_GROUP_MAX);
    if (size == 1) {
        fh_pack_fail(reader, "a group of one is none");
    }
    return size;
}

int fh_msg_view_answer_read(struct fh_pack_reader *reader,
                            struct fh_msg_view *out,
                            struct fh_err *err)
{
    struct fh_msg_view view = {.filtered = fh_pack_read_bool(reader)};
    view.group_size = read_group_size(reader);
    view.column_count = fh_pack_read_array(reader, FH_CONTRACT_COLUMNS_MAX);
    int rc = fh_msg_done(reader, "view", err);
    if (rc == FH_OK) {
        *out = view;
    }
    return rc;
}

int fh_msg_view_next(struct fh_pack_reader *reader,
                     struct fh_msg_view_column *out,
                     struct fh_err *err)
{
    struct fh_msg_view_column column = {0};
    uint32_t count = fh_msg_entry_begin(reader, 2);
    fh_pack_read_cstr(reader, column.name, sizeof column.name);
    column.masked = fh_pack_read_bool(reader);
    fh_msg_entry_end(reader, count, 2);
    int rc = fh_msg_done(reader, "column of a view", err);
    if (rc == FH_OK) {
        *out = column;
    }
    return rc;
}

/* ---- what a QUERY's answer says behind the stream ---- */

void fh_msg_limited_tables(struct fh_buf *out, uint32_t count)
{
    fh_pack_array(out, count);
}

void fh_msg_limited_begin(struct fh_buf *out, const struct fh_msg_limited *limited)
{
    fh_pack_array(out, 4);
    fh_pack_uint(out, limited->table);
    fh_pack_bool(out, limited->filtered);
    fh_pack_uint(out, limited->group_size);
    fh_pack_array(out, limited->masked_count);
}

int fh_msg_limited_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    *out_count = 0;
    return fh_pack_at_end(reader) ? FH_OK
                                  : fh_msg_list_read(reader, "limited tables", out_count, err);
}

int fh_msg_limited_next(struct fh_pack_reader *reader,
                        struct fh_msg_limited *out,
                        struct fh_err *err)
{
    struct fh_msg_limited limited = {0};
    uint32_t count = fh_pack_read_array(reader, 4);
    limited.table = (uint32_t)fh_pack_read_uint(reader, FH_QUERY_TABLES_MAX - 1);
    limited.filtered = fh_pack_read_bool(reader);
    limited.group_size = read_group_size(reader);
    limited.masked_count = fh_pack_read_array(reader, FH_MSG_MASKED_MAX);
    if (count != 4) {
        fh_pack_fail(reader, "expected table, filtered, size of groups and names");
    }
    int rc = fh_msg_done(reader, "limited table", err);
    if (rc == FH_OK) {
        *out = limited;
    }
    return rc;
}

int fh_msg_limited_name(struct fh_pack_reader *reader,
                        char out[FH_COLUMN_NAME_BYTES_MAX + 1],
                        struct fh_err *err)
{
    fh_pack_read_cstr(reader, out, FH_COLUMN_NAME_BYTES_MAX + 1);
    return fh_msg_done(reader, "masked column", err);
}

/* ---- what is in force ---- */

void fh_msg_policy_request(struct fh_buf *out, const char *name, bool mesh)
{
    fh_msg_begin(out, mesh ? FH_MSG_ADMIN_AGREED : FH_MSG_ADMIN_POLICY, 1);
    fh_pack_cstr(out, name);
}

void fh_msg_policy_answer(struct fh_buf *out, const struct fh_msg_policy *policy)
{
    fh_msg_ok(out, 3);
    fh_pack_uint(out, policy->seq);
    fh_pack_bool(out, policy->forked);
    fh_pack_bin(out, policy->record);
}

int fh_msg_policy_read(struct fh_pack_reader *reader, struct fh_msg_policy *out, struct fh_err *err)
{
    struct fh_msg_policy policy = {.seq = fh_pack_read_uint(reader, UINT64_MAX)};
    policy.forked = fh_pack_read_bool(reader);
    policy.record = fh_pack_read_bin(reader, RECORD_BYTES_MAX);
    int rc = fh_msg_done(reader, "policy", err);
    if (rc == FH_OK) {
        *out = policy;
    }
    return rc;
}

void fh_msg_policies_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_ADMIN_POLICIES, 0);
}

void fh_msg_policy_list_add(struct fh_buf *out, const struct fh_msg_policy_listed *listed)
{
    fh_pack_array(out, LISTED_FIELDS);
    fh_pack_cstr(out, listed->name);
    fh_pack_cstr(out, listed->version);
    fh_pack_bin(out, fh_bytes(listed->id.b, FH_ID_BYTES));
    put_until(out, listed->until_ms);
    fh_pack_bool(out, listed->mesh);
    fh_pack_bool(out, listed->forked);
    fh_pack_bool(out, listed->readable);
}

int fh_msg_policies_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "policies", out_count, err);
}

int fh_msg_policy_list_next(struct fh_pack_reader *reader,
                            struct fh_msg_policy_listed *out,
                            struct fh_err *err)
{
    struct fh_msg_policy_listed listed = {0};
    uint32_t count = fh_msg_entry_begin(reader, LISTED_FIELDS);
    fh_pack_read_cstr(reader, listed.name, sizeof listed.name);
    fh_pack_read_cstr(reader, listed.version, sizeof listed.version);
    fh_pack_read_fixed(reader, listed.id.b, FH_ID_BYTES);
    listed.until_ms = read_until(reader);
    listed.mesh = fh_pack_read_bool(reader);
    listed.forked = fh_pack_read_bool(reader);
    listed.readable = fh_pack_read_bool(reader);
    fh_msg_entry_end(reader, count, LISTED_FIELDS);
    int rc = fh_msg_done(reader, "entry of the policies", err);
    if (rc == FH_OK) {
        *out = listed;
    }
    return rc;
}

/* ---- which node enforces what ---- */

void fh_msg_policy_state_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_POLICY_STATE, 0);
}

void fh_msg_policy_state_answer(struct fh_buf *out, const struct fh_msg_policy_state *state)
{
    fh_msg_ok(out, 2);
    fh_pack_bin(out, fh_bytes(state->hash.b, FH_HASH_BYTES));
    fh_pack_cstr(out, state->text);
}

int fh_msg_policy_state_read(struct fh_pack_reader *reader,
                             struct fh_msg_policy_state *out,
                             struct fh_err *err)
{
    struct fh_msg_policy_state state;
    fh_pack_read_fixed(reader, state.hash.b, FH_HASH_BYTES);
    fh_pack_read_cstr(reader, state.text, sizeof state.text);
    int rc = fh_msg_done(reader, "state of policies", err);
    if (rc == FH_OK) {
        *out = state;
    }
    return rc;
}

void fh_msg_policy_status_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_ADMIN_POLICY_STATUS, 0);
}

void fh_msg_policy_status_add(struct fh_buf *out, const struct fh_msg_policy_node *node)
{
    fh_pack_array(out, STATUS_FIELDS);
    fh_pack_bin(out, fh_bytes(node->node.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(node->domain.b, FH_ID_BYTES));
    fh_pack_bool(out, node->answered);
    fh_pack_bool(out, node->same);
    fh_pack_bin(out, fh_bytes(node->state.hash.b, FH_HASH_BYTES));
    fh_pack_cstr(out, node->state.text);
}

int fh_msg_policy_status_read(struct fh_pack_reader *reader,
                              uint32_t *out_count,
                              struct fh_err *err)
{
    return fh_msg_list_read(reader, "nodes", out_count, err);
}

int fh_msg_policy_status_next(struct fh_pack_reader *reader,
                              struct fh_msg_policy_node *out,
                              struct fh_err *err)
{
    struct fh_msg_policy_node node = {.answered = false};
    uint32_t count = fh_msg_entry_begin(reader, STATUS_FIELDS);
    fh_pack_read_fixed(reader, node.node.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, node.domain.b, FH_ID_BYTES);
    node.answered = fh_pack_read_bool(reader);
    node.same = fh_pack_read_bool(reader);
    fh_pack_read_fixed(reader, node.state.hash.b, FH_HASH_BYTES);
    fh_pack_read_cstr(reader, node.state.text, sizeof node.state.text);
    fh_msg_entry_end(reader, count, STATUS_FIELDS);
    int rc = fh_msg_done(reader, "entry of the nodes", err);
    if (rc == FH_OK) {
        *out = node;
    }
    return rc;
}

void fh_msg_versions_request(struct fh_buf *out, const char *name, bool mesh)
{
    fh_msg_begin(out, FH_MSG_ADMIN_VERSIONS, 2);
    fh_pack_cstr(out, name);
    fh_pack_bool(out, mesh);
}

/* ---- waivers ---- */

void fh_msg_waivers_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_ADMIN_WAIVERS, 0);
}

void fh_msg_waivers_add(struct fh_buf *out, const struct fh_record_id *id, struct fh_bytes payload)
{
    fh_pack_array(out, WAIVER_FIELDS);
    fh_pack_bin(out, fh_bytes(id->b, FH_ID_BYTES));
    fh_pack_bin(out, payload);
}

int fh_msg_waivers_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "waivers", out_count, err);
}

int fh_msg_waivers_next(struct fh_pack_reader *reader,
                        struct fh_record_id *out_id,
                        struct fh_bytes *out_payload,
                        struct fh_err *err)
{
    struct fh_record_id id = {{0}};
    uint32_t count = fh_msg_entry_begin(reader, WAIVER_FIELDS);
    fh_pack_read_fixed(reader, id.b, FH_ID_BYTES);
    struct fh_bytes payload = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    fh_msg_entry_end(reader, count, WAIVER_FIELDS);
    int rc = fh_msg_done(reader, "entry of the waivers", err);
    if (rc == FH_OK) {
        *out_id = id;
        *out_payload = payload;
    }
    return rc;
}

/* ---- publishing ---- */

void fh_msg_enforce_request(struct fh_buf *out, struct fh_bytes record, bool dry_run)
{
    fh_msg_begin(out, FH_MSG_ADMIN_ENFORCE, 2);
    fh_pack_bin(out, record);
    fh_pack_bool(out, dry_run);
}

int fh_msg_enforce_read(struct fh_pack_reader *reader,
                        struct fh_bytes *out_record,
                        bool *out_dry_run,
                        struct fh_err *err)
{
    struct fh_bytes record = fh_pack_read_bin(reader, RECORD_BYTES_MAX);
    bool dry_run = fh_pack_read_bool(reader);
    int rc = fh_msg_done(reader, "enforce", err);
    if (rc == FH_OK) {
        *out_record = record;
        *out_dry_run = dry_run;
    }
    return rc;
}

void fh_msg_policy_finding_add(struct fh_buf *out, const struct fh_msg_policy_finding *finding)
{
    fh_pack_array(out, FINDING_FIELDS);
    fh_pack_bool(out, finding->error);
    fh_pack_uint(out, finding->line);
    fh_pack_uint(out, finding->column);
    fh_pack_cstr(out, finding->path);
    fh_pack_cstr(out, finding->rule);
    fh_pack_cstr(out, finding->text);
}

int fh_msg_enforced_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "findings", out_count, err);
}

int fh_msg_policy_finding_next(struct fh_pack_reader *reader,
                               struct fh_msg_policy_finding *out,
                               struct fh_err *err)
{
    struct fh_msg_policy_finding finding = {0};
    uint32_t count = fh_msg_entry_begin(reader, FINDING_FIELDS);
    finding.error = fh_pack_read_bool(reader);
    finding.line = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    finding.column = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    fh_pack_read_cstr(reader, finding.path, sizeof finding.path);
    fh_pack_read_cstr(reader, finding.rule, sizeof finding.rule);
    fh_pack_read_cstr(reader, finding.text, sizeof finding.text);
    fh_msg_entry_end(reader, count, FINDING_FIELDS);
    int rc = fh_msg_done(reader, "finding", err);
    if (rc == FH_OK) {
        *out = finding;
    }
    return rc;
}

/* ---- explaining ---- */

void fh_msg_explain_request(struct fh_buf *out, const struct fh_msg_explain *explain)
{
    fh_msg_begin(out, FH_MSG_ADMIN_EXPLAIN, FH_MSG_EXPLAIN_FIELDS);
    fh_msg_explain_pack(out, explain);
}

void fh_msg_explain_pack(struct fh_buf *out, const struct fh_msg_explain *explain)
{
    FH_ASSERT(explain->role_count <= FH_COUNT(explain->roles));
    fh_pack_str(out, explain->product);
    fh_pack_cstr(out, explain->domain);
    fh_pack_cstr(out, explain->entry);
    fh_pack_array(out, explain->role_count);
    for (uint32_t i = 0; i < explain->role_count; i++) {
        fh_pack_cstr(out, explain->roles[i]);
    }
    fh_pack_cstr(out, explain->purpose);
}

int fh_msg_explain_read(struct fh_pack_reader *reader,
                        struct fh_msg_explain *out,
                        struct fh_err *err)
{
    struct fh_msg_explain explain = {.product = fh_pack_read_str(reader, PRODUCT_BYTES_MAX)};
    fh_pack_read_cstr(reader, explain.domain, sizeof explain.domain);
    fh_pack_read_cstr(reader, explain.entry, sizeof explain.entry);
    explain.role_count = fh_pack_read_array(reader, FH_COUNT(explain.roles));
    for (uint32_t i = 0; i < explain.role_count && reader->failed == FH_OK; i++) {
        fh_pack_read_cstr(reader, explain.roles[i], sizeof explain.roles[i]);
    }
    fh_pack_read_cstr(reader, explain.purpose, sizeof explain.purpose);
    int rc = fh_msg_done(reader, "explain", err);
    if (rc == FH_OK) {
        *out = explain;
    }
    return rc;
}

void fh_msg_explained_add(struct fh_buf *out, const struct fh_msg_explained *explained)
{
    fh_pack_array(out, DECISION_FIELDS);
    fh_pack_cstr(out, explained->rule);
    fh_pack_cstr(out, explained->text);
    fh_pack_uint(out, explained->by);
    fh_record_id_pack(out, &explained->grant);
    put_until(out, explained->until_ms);
    fh_pack_uint(out, explained->rows_per_day);
    fh_pack_uint(out, explained->queries_per_hour);
    fh_pack_array(out, explained->column_count);
}

void fh_msg_explained_column_add(struct fh_buf *out, const struct fh_msg_explained_column *column)
{
    fh_pack_array(out, COLUMN_FIELDS);
    fh_pack_cstr(out, column->table);
    fh_pack_cstr(out, column->column);
    fh_pack_cstr(out, column->seen);
    fh_pack_str(out, column->why);
}

int fh_msg_explained_read(struct fh_pack_reader *reader,
                          struct fh_msg_explained *out,
                          struct fh_err *err)
{
    struct fh_msg_explained explained = {0};
    uint32_t count = fh_msg_entry_begin(reader, DECISION_FIELDS);
    fh_pack_read_cstr(reader, explained.rule, sizeof explained.rule);
    fh_pack_read_cstr(reader, explained.text, sizeof explained.text);
    explained.by = (unsigned)fh_pack_read_uint(reader, 2);
    fh_record_id_read(&explained.grant, reader);
    explained.until_ms = read_until(reader);
    explained.rows_per_day = fh_pack_read_uint(reader, UINT64_MAX);
    explained.queries_per_hour = fh_pack_read_uint(reader, UINT64_MAX);
    fh_msg_entry_end(reader, count, DECISION_FIELDS);
    explained.column_count = fh_pack_read_array(reader, FH_PACK_ITEMS_MAX);
    int rc = fh_msg_done(reader, "explanation", err);
    if (rc == FH_OK) {
        *out = explained;
    }
    return rc;
}

int fh_msg_explained_next(struct fh_pack_reader *reader,
                          struct fh_msg_explained_column *out,
                          struct fh_err *err)
{
    struct fh_msg_explained_column column = {0};
    uint32_t count = fh_msg_entry_begin(reader, COLUMN_FIELDS);
    fh_pack_read_cstr(reader, column.table, sizeof column.table);
    fh_pack_read_cstr(reader, column.column, sizeof column.column);
    fh_pack_read_cstr(reader, column.seen, sizeof column.seen);
    column.why = fh_pack_read_str(reader, FH_POLICY_FILTER_BYTES_MAX);
    fh_msg_entry_end(reader, count, COLUMN_FIELDS);
    int rc = fh_msg_done(reader, "column of an explanation", err);
    if (rc == FH_OK) {
        *out = column;
    }
    return rc;
}
