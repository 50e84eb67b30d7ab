/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_rules.h"

#include "common/assert.h"
#include "proto/session/messages_inner.h"

enum {
    RULE_FIELDS = 12,
    SIMULATED_FIELDS = 9,
    CHANGE_FIELDS = 8,
    PRODUCT_BYTES_MAX = 2 * FH_NAME_BYTES_MAX + FH_VERSION_BYTES_MAX + 2,
    ABOUT_BYTES_MAX = FH_NAME_BYTES_MAX + FH_COLUMN_NAME_BYTES_MAX + 16,
    TEXT_BYTES_MAX = FH_POLICY_FILTER_BYTES_MAX + 64, /* a filter and what is said of it */
};

/* ---- ADMIN_RULES ---- */

void fh_msg_rules_request(struct fh_buf *out, const struct fh_msg_explain *explain)
{
    fh_msg_begin(out, FH_MSG_ADMIN_RULES, FH_MSG_EXPLAIN_FIELDS);
    fh_msg_explain_pack(out, explain);
}

void fh_msg_rule_add(struct fh_buf *out, const struct fh_msg_rule *rule)
{
    fh_pack_array(out, RULE_FIELDS);
    fh_pack_cstr(out, rule->policy);
    fh_pack_cstr(out, rule->version);
    fh_pack_bool(out, rule->mesh);
    fh_record_id_pack(out, &rule->id);
    fh_pack_cstr(out, rule->path);
    fh_pack_uint(out, rule->line);
    fh_pack_cstr(out, rule->table);
    fh_pack_cstr(out, rule->column);
    fh_pack_cstr(out, rule->outcome);
    fh_pack_str(out, rule->does);
    fh_pack_str(out, rule->by);
    fh_pack_str(out, rule->signers);
}

int fh_msg_rules_read(struct fh_pack_reader *reader,
                      char out_rule[FH_ERR_RULE_BYTES],
                      char out_text[FH_ERR_TEXT_BYTES],
                      uint32_t *out_count,
                      struct fh_err *err)
{
    fh_pack_read_cstr(reader, out_rule, FH_ERR_RULE_BYTES);
    fh_pack_read_cstr(reader, out_text, FH_ERR_TEXT_BYTES);
    uint32_t count = fh_pack_read_array(reader, FH_PACK_ITEMS_MAX);
    int rc = fh_msg_done(reader, "rules", err);
    if (rc == FH_OK) {
        *out_count = count;
    }
    return rc;
}

int fh_msg_rule_next(struct fh_pack_reader *reader, struct fh_msg_rule *out, struct fh_err *err)
{
    struct fh_msg_rule rule = {.line = 0};
    uint32_t count = fh_msg_entry_begin(reader, RULE_FIELDS);
    fh_pack_read_cstr(reader, rule.policy, sizeof rule.policy);
    fh_pack_read_cstr(reader, rule.version, sizeof rule.version);
    rule.mesh = fh_pack_read_bool(reader);
    fh_record_id_read(&rule.id, reader);
    fh_pack_read_cstr(reader, rule.path, sizeof rule.path);
    rule.line = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    fh_pack_read_cstr(reader, rule.table, sizeof rule.table);
    fh_pack_read_cstr(reader, rule.column, sizeof rule.column);
    fh_pack_read_cstr(reader, rule.outcome, sizeof rule.outcome);
    rule.does = fh_pack_read_str(reader, TEXT_BYTES_MAX);
    rule.by = fh_pack_read_str(reader, TEXT_BYTES_MAX);
    rule.signers = fh_pack_read_str(reader, TEXT_BYTES_MAX);
    fh_msg_entry_end(reader, count, RULE_FIELDS);
    int rc = fh_msg_done(reader, "rule", err);
    if (rc == FH_OK) {
        *out = rule;
    }
    return rc;
}

/* ---- ADMIN_SIMULATE ---- */

void fh_msg_simulate_request(
    struct fh_buf *out, struct fh_bytes text, bool mesh, uint32_t from, uint32_t count)
{
    FH_ASSERT(count <= FH_MSG_SIMULATED_MAX);
    fh_msg_begin(out, FH_MSG_ADMIN_SIMULATE, 4);
    fh_pack_str(out, text);
    fh_pack_bool(out, mesh);
    fh_pack_uint(out, from);
    fh_pack_array(out, count);
}

void fh_msg_simulated_add(struct fh_buf *out, const struct fh_msg_simulated *question)
{
    FH_ASSERT(question->role_count <= FH_MSG_SIMULATED_ROLES_MAX);
    fh_pack_array(out, SIMULATED_FIELDS);
    fh_pack_cstr(out, question->product);
    fh_pack_uint(out, question->major);
    fh_pack_cstr(out, question->table);
    fh_pack_bin(out, fh_bytes(question->domain.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(question->key.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(question->entry.b, FH_ID_BYTES));
    fh_pack_cstr(out, question->purpose);
    fh_pack_array(out, question->role_count);
    for (uint32_t i = 0; i < question->role_count; i++) {
        fh_pack_cstr(out, question->roles[i]);
    }
    fh_pack_array(out, question->column_count);
}

int fh_msg_simulate_read(struct fh_pack_reader *reader,
                         struct fh_bytes *out_text,
                         bool *out_mesh,
                         uint32_t *out_from,
                         uint32_t *out_count,
                         struct fh_err *err)
{
    struct fh_bytes text = fh_pack_read_str(reader, FH_POLICY_BYTES_MAX);
    bool mesh = fh_pack_read_bool(reader);
    uint32_t from = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    uint32_t count = fh_pack_read_array(reader, FH_MSG_SIMULATED_MAX);
    int rc = fh_msg_done(reader, "simulation", err);
    if (rc == FH_OK) {
        *out_text = text;
        *out_mesh = mesh;
        *out_from = from;
        *out_count = count;
    }
    return rc;
}

int fh_msg_simulated_next(struct fh_pack_reader *reader,
                          struct fh_msg_simulated *out,
                          struct fh_err *err)
{
    struct fh_msg_simulated question = {.major = 0};
    uint32_t fields = fh_pack_read_array(reader, SIMULATED_FIELDS);
    fh_pack_read_cstr(reader, question.product, sizeof question.product);
    question.major = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    fh_pack_read_cstr(reader, question.table, sizeof question.table);
    fh_pack_read_fixed(reader, question.domain.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, question.key.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, question.entry.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, question.purpose, sizeof question.purpose);
    question.role_count = fh_pack_read_array(reader, FH_MSG_SIMULATED_ROLES_MAX);
    for (uint32_t i = 0; i < question.role_count && reader->failed == FH_OK; i++) {
        fh_pack_read_cstr(reader, question.roles[i], sizeof question.roles[i]);
    }
    question.column_count = fh_pack_read_array(reader, FH_AUDIT_COLUMNS_MAX);
    if (fields != SIMULATED_FIELDS) {
        fh_pack_fail(reader, "expected a question of 9 fields");
    }
    int rc = fh_msg_done(reader, "question", err);
    if (rc == FH_OK) {
        *out = question;
    }
    return rc;
}

int fh_msg_simulated_column(struct fh_pack_reader *reader,
                            char out[FH_COLUMN_NAME_BYTES_MAX + 1],
                            struct fh_err *err)
{
    fh_pack_read_cstr(reader, out, FH_COLUMN_NAME_BYTES_MAX + 1);
    return fh_msg_done(reader, "column of a question", err);
}

void fh_msg_change_add(struct fh_buf *out, const struct fh_msg_change *change)
{
    fh_pack_array(out, CHANGE_FIELDS);
    fh_pack_uint(out, change->question);
    fh_pack_bool(out, change->breaks);
    fh_pack_str(out, change->product);
    fh_pack_cstr(out, change->whom);
    fh_pack_str(out, change->about);
    fh_pack_str(out, change->before);
    fh_pack_str(out, change->after);
    fh_pack_str(out, change->why);
}

int fh_msg_changes_read(struct fh_pack_reader *reader,
                        uint32_t *out_next,
                        uint32_t *out_count,
                        struct fh_err *err)
{
    uint32_t next = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    uint32_t count = fh_pack_read_array(reader, FH_PACK_ITEMS_MAX);
    int rc = fh_msg_done(reader, "changes", err);
    if (rc == FH_OK) {
        *out_next = next;
        *out_count = count;
    }
    return rc;
}

int fh_msg_change_next(struct fh_pack_reader *reader, struct fh_msg_change *out, struct fh_err *err)
{
    struct fh_msg_change change = {.question = 0};
    uint32_t count = fh_msg_entry_begin(reader, CHANGE_FIELDS);
    change.question = (uint32_t)fh_pack_read_uint(reader, FH_MSG_SIMULATED_MAX);
    change.breaks = fh_pack_read_bool(reader);
    change.product = fh_pack_read_str(reader, PRODUCT_BYTES_MAX);
    fh_pack_read_cstr(reader, change.whom, sizeof change.whom);
    change.about = fh_pack_read_str(reader, ABOUT_BYTES_MAX);
    change.before = fh_pack_read_str(reader, TEXT_BYTES_MAX);
    change.after = fh_pack_read_str(reader, TEXT_BYTES_MAX);
    change.why = fh_pack_read_str(reader, TEXT_BYTES_MAX);
    fh_msg_entry_end(reader, count, CHANGE_FIELDS);
    int rc = fh_msg_done(reader, "change", err);
    if (rc == FH_OK) {
        *out = change;
    }
    return rc;
}
