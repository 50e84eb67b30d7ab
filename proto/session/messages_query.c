/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages.h"

#include "common/assert.h"
#include "proto/session/messages_data.h"
#include "proto/session/messages_inner.h"

enum { FINDING_FIELDS = 6, PLAN_TABLE_FIELDS = 11 };

/* ---- PLAN, QUERY, SCAN, NEXT, CANCEL ---- */

void fh_msg_plan_request(struct fh_buf *out, const struct fh_msg_plan_question *question)
{
    FH_ASSERT(question->param_count <= FH_SQL_PARAMS_MAX);
    fh_msg_begin(out, FH_MSG_PLAN, question->param_count > 0 ? 2 : 1);
    fh_pack_str(out, question->sql);
    if (question->param_count > 0) {
        fh_pack_array(out, question->param_count);
    }
    for (uint32_t i = 0; i < question->param_count; i++) {
        fh_pack_str(out, question->params[i]);
    }
}

int fh_msg_plan_request_read(struct fh_pack_reader *reader,
                             struct fh_msg_plan_question *out,
                             struct fh_err *err)
{
    struct fh_msg_plan_question question = {.sql = fh_pack_read_str(reader, FH_SQL_BYTES_MAX)};
    if (reader->failed == FH_OK && !fh_pack_at_end(reader)) {
        question.param_count = fh_pack_read_array(reader, FH_SQL_PARAMS_MAX);
    }
    for (uint32_t i = 0; i < question.param_count && reader->failed == FH_OK; i++) {
        question.params[i] = fh_pack_read_str(reader, FH_SQL_PARAM_NAME_BYTES_MAX);
    }
    int rc = fh_msg_done(reader, "plan", err);
    if (rc == FH_OK) {
        *out = question;
    }
    return rc;
}

void fh_msg_plan_answer(struct fh_buf *out, const struct fh_msg_plan *plan)
{
    FH_ASSERT(plan->table_count <= FH_QUERY_TABLES_MAX);
    fh_msg_ok(out, 3);
    fh_pack_bin(out, fh_bytes(plan->entry.b, FH_ID_BYTES));
    fh_pack_bool(out, plan->joined);
    fh_pack_array(out, plan->table_count);
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct fh_msg_plan_table *table = &plan->tables[i];
        fh_pack_array(out, PLAN_TABLE_FIELDS);
        fh_pack_bin(out, fh_bytes(table->domain.b, FH_ID_BYTES));
        fh_pack_cstr(out, table->domain_name);
        fh_pack_cstr(out, table->product);
        fh_pack_cstr(out, table->table);
        fh_pack_cstr(out, table->version);
        fh_pack_bin(out, fh_bytes(table->contract.b, FH_ID_BYTES));
        fh_pack_bin(out, fh_bytes(table->node.b, FH_ID_BYTES));
        fh_pack_bool(out, table->reachable);
        fh_pack_uint(out, table->status);
        fh_pack_uint(out, (uint64_t)table->sunset_ms);
        fh_pack_cstr(out, table->successor);
    }
}

int fh_msg_plan_read(struct fh_pack_reader *reader, struct fh_msg_plan *out, struct fh_err *err)
{
    out->table_count = 0;
    fh_pack_read_fixed(reader, out->entry.b, FH_ID_BYTES);
    out->joined = fh_pack_read_bool(reader);
    uint32_t tables = fh_pack_read_array(reader, FH_QUERY_TABLES_MAX);
    for (uint32_t i = 0; i < tables && reader->failed == FH_OK; i++) {
        struct fh_msg_plan_table *table = &out->tables[i];
        uint32_t count = fh_msg_entry_begin(reader, PLAN_TABLE_FIELDS);
        fh_pack_read_fixed(reader, table->domain.b, FH_ID_BYTES);
        fh_pack_read_cstr(reader, table->domain_name, sizeof table->domain_name);
        fh_pack_read_cstr(reader, table->product, sizeof table->product);
        fh_pack_read_cstr(reader, table->table, sizeof table->table);
        fh_pack_read_cstr(reader, table->version, sizeof table->version);
        fh_pack_read_fixed(reader, table->contract.b, FH_ID_BYTES);
        fh_pack_read_fixed(reader, table->node.b, FH_ID_BYTES);
        table->reachable = fh_pack_read_bool(reader);
        table->status = (unsigned)fh_pack_read_uint(reader, UINT8_MAX);
        table->sunset_ms = (int64_t)fh_pack_read_uint(reader, INT64_MAX);
        fh_pack_read_cstr(reader, table->successor, sizeof table->successor);
        fh_msg_entry_end(reader, count, PLAN_TABLE_FIELDS);
    }
    int rc = fh_msg_done(reader, "plan", err);
    if (rc == FH_OK) {
        out->table_count = tables;
    }
    return rc;
}

void fh_msg_query_request(struct fh_buf *out, struct fh_bytes request_record, uint32_t encodings)
{
    fh_msg_begin(out, FH_MSG_QUERY, 2);
    fh_pack_bin(out, request_record);
    fh_pack_uint(out, encodings);
}

void fh_msg_scan_request_begin(struct fh_buf *out,
                               struct fh_bytes request_record,
                               uint32_t table_index,
                               uint32_t column_count)
{
    fh_msg_begin(out, FH_MSG_SCAN, 4);
    fh_pack_bin(out, request_record);
    fh_pack_uint(out, table_index);
    fh_pack_array(out, column_count);
}

uint32_t fh_msg_encodings_read(struct fh_pack_reader *reader)
{
    bool left_out = reader->failed == FH_OK && fh_pack_peek(reader) == FH_PACK_KIND_COUNT;
    return left_out ? 0 : (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
}

void fh_msg_stream_answer(struct fh_buf *out, uint64_t stream)
{
    fh_msg_ok(out, 1);
    fh_pack_uint(out, stream);
}

int fh_msg_stream_read(struct fh_pack_reader *reader, uint64_t *out_stream, struct fh_err *err)
{
    return fh_msg_number_read(reader, "stream", UINT64_MAX, out_stream, err);
}

void fh_msg_query_answer_begin(struct fh_buf *out,
                               uint64_t stream,
                               const struct fh_bytes *batch,
                               bool has_receipt)
{
    fh_msg_ok(out, 5);
    fh_pack_uint(out, stream);
    fh_pack_array(out, batch != NULL);
    if (batch != NULL) {
        fh_pack_bin(out, *batch);
    }
    fh_pack_array(out, has_receipt);
}

void fh_msg_query_answer(struct fh_buf *out,
                         uint64_t stream,
                         const struct fh_bytes *batch,
                         const struct fh_bytes *receipt)
{
    fh_msg_query_answer_begin(out, stream, batch, receipt != NULL);
    if (receipt != NULL) {
        fh_pack_bin(out, *receipt);
    }
}

int fh_msg_query_read(struct fh_pack_reader *reader,
                      struct fh_msg_query_answer *out,
                      struct fh_err *err)
{
    struct fh_msg_query_answer answer = {.stream = fh_pack_read_uint(reader, UINT64_MAX)};
    if (fh_pack_read_array(reader, 1) == 1) {
        answer.has_batch = true;
        answer.batch = fh_pack_read_bin(reader, FH_BATCH_BYTES_MAX);
    }
    if (fh_pack_read_array(reader, 1) == 1) {
        answer.end = true;
        answer.receipt = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    }
    int rc = fh_msg_done(reader, "query", err);
    if (rc == FH_OK) {
        *out = answer;
    }
    return rc;
}

void fh_msg_next_request(struct fh_buf *out, uint64_t stream, uint64_t index)
{
    fh_msg_begin(out, FH_MSG_NEXT, 2);
    fh_pack_uint(out, stream);
    fh_pack_uint(out, index);
}

int fh_msg_next_request_read(struct fh_pack_reader *reader,
                             uint64_t *out_stream,
                             uint64_t *out_index,
                             struct fh_err *err)
{
    uint64_t stream = fh_pack_read_uint(reader, UINT64_MAX);
    uint64_t index = fh_pack_read_uint(reader, UINT64_MAX);
    int rc = fh_msg_done(reader, "next", err);
    if (rc == FH_OK) {
        *out_stream = stream;
        *out_index = index;
    }
    return rc;
}

void fh_msg_next_batch_head(struct fh_buf *out, size_t size)
{
    FH_ASSERT(size <= FH_BATCH_BYTES_MAX);
    fh_msg_ok(out, 2);
    fh_pack_uint(out, 0);
    fh_pack_bin_head(out, (uint32_t)size);
}

void fh_msg_next_end_begin(struct fh_buf *out, uint32_t receipts)
{
    fh_msg_ok(out, 2);
    fh_pack_uint(out, 1);
    fh_pack_array(out, receipts);
}

int fh_msg_next_read(struct fh_pack_reader *reader, struct fh_msg_next *out, struct fh_err *err)
{
    struct fh_msg_next next = {.end = fh_pack_read_uint(reader, 1) == 1};
    if (!next.end) {
        next.batch = fh_pack_read_bin(reader, FH_BATCH_BYTES_MAX);
    }
    int rc = fh_msg_done(reader, "batch", err);
    if (rc == FH_OK && next.end) {
        rc = fh_msg_bins_read(reader, &next.receipts, err);
    }
    if (rc == FH_OK) {
        *out = next;
    }
    return rc;
}

void fh_msg_cancel_request(struct fh_buf *out, uint64_t stream)
{
    fh_msg_begin(out, FH_MSG_CANCEL, 1);
    fh_pack_uint(out, stream);
}

/* ---- admin ---- */

void fh_msg_chain_request(struct fh_buf *out, const char *product)
{
    fh_msg_begin(out, FH_MSG_ADMIN_CHAIN, 1);
    fh_pack_cstr(out, product);
}

void fh_msg_chain_answer(struct fh_buf *out, uint64_t seq, struct fh_bytes last_contract)
{
    fh_msg_ok(out, 2);
    fh_pack_uint(out, seq);
    fh_pack_bin(out, last_contract);
}

int fh_msg_chain_read(struct fh_pack_reader *reader,
                      uint64_t *out_seq,
                      struct fh_bytes *out_last_contract,
                      struct fh_err *err)
{
    uint64_t seq = fh_pack_read_uint(reader, UINT64_MAX);
    struct fh_bytes last = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    int rc = fh_msg_done(reader, "chain", err);
    if (rc == FH_OK) {
        *out_seq = seq;
        *out_last_contract = last;
    }
    return rc;
}

void fh_msg_base_request(struct fh_buf *out, const char *product, const char *version)
{
    fh_msg_begin(out, FH_MSG_ADMIN_BASE, 2);
    fh_pack_cstr(out, product);
    fh_pack_cstr(out, version);
}

void fh_msg_base_answer(struct fh_buf *out, struct fh_bytes contract)
{
    fh_msg_ok(out, 1);
    fh_pack_bin(out, contract);
}

int fh_msg_base_read(struct fh_pack_reader *reader,
                     struct fh_bytes *out_contract,
                     struct fh_err *err)
{
    struct fh_bytes contract = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    int rc = fh_msg_done(reader, "base", err);
    if (rc == FH_OK) {
        *out_contract = contract;
    }
    return rc;
}

void fh_msg_publish_request(struct fh_buf *out, const struct fh_msg_publish *publish)
{
    fh_msg_begin(out, FH_MSG_ADMIN_PUBLISH, 4);
    fh_pack_bin(out, publish->contract);
    fh_pack_str(out, publish->yaml);
    fh_pack_cstr(out, publish->data_root);
    fh_pack_bool(out, publish->dry_run);
}

int fh_msg_publish_read(struct fh_pack_reader *reader,
                        struct fh_msg_publish *out,
                        struct fh_err *err)
{
    struct fh_msg_publish publish;
    publish.contract = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    publish.yaml = fh_pack_read_str(reader, FH_CONTRACT_BYTES_MAX);
    fh_pack_read_cstr(reader, publish.data_root, sizeof publish.data_root);
    publish.dry_run = fh_pack_read_bool(reader);
    int rc = fh_msg_done(reader, "publish", err);
    if (rc == FH_OK) {
        *out = publish;
    }
    return rc;
}

void fh_msg_findings_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 1);
    fh_pack_array(out, count);
}

void fh_msg_findings_answer_add(struct fh_buf *out, const struct fh_msg_finding *finding)
{
    fh_pack_array(out, FINDING_FIELDS);
    fh_pack_cstr(out, finding->table);
    fh_pack_cstr(out, finding->column);
    fh_pack_cstr(out, finding->rule);
    fh_pack_bool(out, finding->error);
    fh_pack_uint(out, finding->count);
    fh_pack_cstr(out, finding->text);
}

int fh_msg_findings_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "findings", out_count, err);
}

int fh_msg_findings_next(struct fh_pack_reader *reader,
                         struct fh_msg_finding *out,
                         struct fh_err *err)
{
    struct fh_msg_finding finding;
    uint32_t count = fh_msg_entry_begin(reader, FINDING_FIELDS);
    fh_pack_read_cstr(reader, finding.table, sizeof finding.table);
    fh_pack_read_cstr(reader, finding.column, sizeof finding.column);
    fh_pack_read_cstr(reader, finding.rule, sizeof finding.rule);
    finding.error = fh_pack_read_bool(reader);
    finding.count = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_cstr(reader, finding.text, sizeof finding.text);
    fh_msg_entry_end(reader, count, FINDING_FIELDS);
    int rc = fh_msg_done(reader, "finding", err);
    if (rc == FH_OK) {
        *out = finding;
    }
    return rc;
}

void fh_msg_leave_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_ADMIN_LEAVE, 0);
}

/* ---- ADMIN_PROFILE, ADMIN_CATALOGUE ---- */

void fh_msg_profile_request(struct fh_buf *out, bool lists, struct fh_bytes question)
{
    fh_msg_begin(out, lists ? FH_MSG_ADMIN_CATALOGUE : FH_MSG_ADMIN_PROFILE, 1);
    fh_pack_bin(out, question);
}

void fh_msg_profile_answer(struct fh_buf *out, struct fh_bytes answer)
{
    fh_msg_ok(out, 1);
    fh_pack_bin(out, answer);
}

int fh_msg_profile_read(struct fh_pack_reader *reader, struct fh_bytes *out, struct fh_err *err)
{
    struct fh_bytes bytes = fh_pack_read_bin(reader, FH_PROFILE_BYTES_MAX);
    int rc = fh_msg_done(reader, "profile", err);
    if (rc == FH_OK) {
        *out = bytes;
    }
    return rc;
}

void fh_msg_test_request(struct fh_buf *out, struct fh_bytes question)
{
    fh_msg_begin(out, FH_MSG_ADMIN_TEST, 1);
    fh_pack_bin(out, question);
}

void fh_msg_test_answer(struct fh_buf *out, struct fh_bytes report)
{
    fh_msg_ok(out, 1);
    fh_pack_bin(out, report);
}

int fh_msg_test_read(struct fh_pack_reader *reader, struct fh_bytes *out, struct fh_err *err)
{
    struct fh_bytes bytes = fh_pack_read_bin(reader, FH_ADMIN_FRAME_BYTES_MAX);
    int rc = fh_msg_done(reader, "test", err);
    if (rc == FH_OK) {
        *out = bytes;
    }
    return rc;
}
