/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/report.h"

#include "common/limits.h"
#include "proto/wire/pack.h"

#include <stdio.h>
#include <string.h>

enum { FORM = 1, CHECK_FIELDS = 15, TEXT_BYTES_MAX = 4096 };

/* ---- question ---- */

void fh_report_check_fill(struct fh_report_check *out,
                          const struct fh_promise *promise,
                          const struct fh_promise_result *result)
{
    *out = (struct fh_report_check){
        .id = promise->id,
        .name = promise->name,
        .rule = promise->rule,
        .category = promise->category,
        .dimension = promise->dimension,
        .severity = promise->severity,
        .promised = promise->promised,
        .table = promise->table_name,
        .column = promise->column_name,
        .result = *result,
    };
}

void fh_test_question_encode(struct fh_buf *out, const struct fh_test_question *question)
{
    fh_pack_array(out, 7);
    fh_pack_uint(out, FORM);
    fh_pack_bin(out, question->yaml);
    fh_pack_cstr(out, question->data_root);
    fh_pack_cstr(out, question->server);
    fh_pack_uint(out, question->categories);
    fh_pack_uint(out, question->samples);
    fh_pack_int(out, question->now_ms);
}

/* Scans a form and enters its array. */
static int enter(struct fh_pack_reader *reader,
                 struct fh_bytes form,
                 uint32_t fields,
                 uint32_t *out_found,
                 struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_REPORT_BYTES_MAX);
    int code = fh_pack_scan(form, &limits, err);
    if (code != FH_OK) {
        err->code = FH_EPROTO;
        return FH_EPROTO;
    }
    fh_pack_read_init(reader, form);
    *out_found = fh_pack_read_record(reader, fields);
    fh_pack_read_version(reader, FORM);
    return FH_OK;
}

static int leave(struct fh_pack_reader *reader,
                 uint32_t found,
                 uint32_t fields,
                 const char *what,
                 struct fh_err *err)
{
    fh_pack_read_record_end(reader, found, fields);
    int code = fh_pack_read_ok(reader, what, err);
    return code == FH_OK ? FH_OK : fh_err_rule(err, FH_EPROTO, "report.form", "%s", err->text);
}

int fh_test_question_decode(struct fh_test_question *out, struct fh_bytes form, struct fh_err *err)
{
    struct fh_pack_reader reader;
    uint32_t found = 0;
    int code = enter(&reader, form, 7, &found, err);
    if (code != FH_OK) {
        return code;
    }
    out->yaml = fh_pack_read_bin(&reader, FH_CONTRACT_BYTES_MAX);
    fh_pack_read_cstr(&reader, out->data_root, sizeof out->data_root);
    fh_pack_read_cstr(&reader, out->server, sizeof out->server);
    out->categories = (uint32_t)fh_pack_read_uint(&reader, (1U << FH_PROMISE_CATEGORY_COUNT) - 1);
    out->samples = (uint32_t)fh_pack_read_uint(&reader, FH_REPORT_SAMPLE_ROWS_MAX);
    out->now_ms = fh_pack_read_int(&reader);
    return leave(&reader, found, 7, "test", err);
}

/* ---- answer ---- */

static void put_check(struct fh_buf *out, const struct fh_report_check *check)
{
    fh_pack_array(out, CHECK_FIELDS);
    fh_pack_uint(out, FORM);
    fh_pack_cstr(out, check->id);
    fh_pack_cstr(out, check->name);
    fh_pack_cstr(out, check->rule);
    fh_pack_uint(out, check->category);
    fh_pack_cstr(out, check->dimension);
    fh_pack_uint(out, check->severity);
    fh_pack_cstr(out, check->promised);
    fh_pack_cstr(out, check->table);
    fh_pack_cstr(out, check->column);
    fh_pack_uint(out, check->result.outcome);
    fh_pack_cstr(out, check->result.measured);
    fh_pack_cstr(out, check->result.reason);
    fh_pack_uint(out, check->result.failing);
    fh_pack_uint(out, check->result.total);
}

static void put_sample(struct fh_buf *out, const struct fh_report_sample *sample)
{
    fh_pack_array(out, 4);
    fh_pack_uint(out, FORM);
    fh_pack_uint(out, sample->check);
    fh_pack_array(out, sample->column_count);
    for (uint32_t i = 0; i < sample->column_count; i++) {
        fh_pack_cstr(out, sample->columns[i]);
    }
    fh_pack_array(out, sample->column_count * sample->row_count);
    for (uint32_t i = 0; i < sample->column_count * sample->row_count; i++) {
        if (sample->cells[i] == NULL) {
            fh_pack_nil(out);
        } else {
            fh_pack_cstr(out, sample->cells[i]);
        }
    }
}

/* Appends what was put into `inner` as a bin. */
static void put_inner(struct fh_buf *out, struct fh_buf *inner)
{
    if (fh_buf_ok(inner) != FH_OK) {
        out->failed = fh_buf_ok(inner);
    }
    fh_pack_bin(out, fh_buf_view(inner));
    fh_buf_reset(inner);
}

void fh_report_encode(struct fh_buf *out, const struct fh_report *report)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf inner;
    fh_buf_init(&inner, FH_REPORT_BYTES_MAX);
    fh_pack_array(out, 4);
    fh_pack_uint(out, FORM);
    fh_pack_array(out, report->table_count);
    for (uint32_t i = 0; i < report->table_count; i++) {
        fh_pack_array(out, 3);
        fh_pack_cstr(out, report->tables[i].name);
        fh_pack_uint(out, report->tables[i].rows);
        fh_pack_uint(out, report->tables[i].scan_us);
    }
    fh_pack_array(out, report->check_count);
    for (uint32_t i = 0; i < report->check_count; i++) {
        put_check(&inner, &report->checks[i]);
        put_inner(out, &inner);
    }
    fh_pack_array(out, report->sample_count);
    for (uint32_t i = 0; i < report->sample_count; i++) {
        put_sample(&inner, &report->samples[i]);
        put_inner(out, &inner);
    }
}

static const char *read_text(struct fh_pack_reader *reader, struct fh_arena *arena)
{
    const char *copy = fh_arena_string(arena, fh_pack_read_str(reader, TEXT_BYTES_MAX));
    if (copy == NULL) {
        fh_pack_fail(reader, "too much text");
        return "";
    }
    return copy;
}

static int get_check(struct fh_report_check *out,
                     struct fh_bytes form,
                     struct fh_arena *arena,
                     struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t found = 0;
    int code = enter(&r, form, CHECK_FIELDS, &found, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_promise_result *result = &out->result;
    out->id = read_text(&r, arena);
    out->name = read_text(&r, arena);
    out->rule = read_text(&r, arena);
    out->category = (enum fh_promise_category)fh_pack_read_uint(&r, FH_PROMISE_CATEGORY_COUNT - 1);
    out->dimension = read_text(&r, arena);
    out->severity = (enum fh_promise_severity)fh_pack_read_uint(&r, FH_PROMISE_WARNING);
    out->promised = read_text(&r, arena);
    out->table = read_text(&r, arena);
    out->column = read_text(&r, arena);
    result->outcome = (enum fh_promise_outcome)fh_pack_read_uint(&r, FH_PROMISE_OUTCOME_COUNT - 1);
    fh_pack_read_cstr(&r, result->measured, sizeof result->measured);
    fh_pack_read_cstr(&r, result->reason, sizeof result->reason);
    result->failing = fh_pack_read_uint(&r, UINT64_MAX);
    result->total = fh_pack_read_uint(&r, UINT64_MAX);
    return leave(&r, found, CHECK_FIELDS, "check", err);
}

static int get_sample(struct fh_report_sample *out,
                      uint32_t check_count,
                      struct fh_bytes form,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t found = 0;
    int code = enter(&r, form, 4, &found, err);
    if (code != FH_OK) {
        return code;
    }
    out->check = (uint32_t)fh_pack_read_uint(&r, check_count == 0 ? 0 : check_count - 1);
    out->column_count = fh_pack_read_array(&r, FH_REPORT_SAMPLE_COLUMNS_MAX);
    out->columns = fh_arena_array(arena, out->column_count + 1, sizeof *out->columns);
    for (uint32_t i = 0; out->columns != NULL && i < out->column_count; i++) {
        out->columns[i] = read_text(&r, arena);
    }
    uint32_t cells = fh_pack_read_array(&r, out->column_count * FH_REPORT_SAMPLE_ROWS_MAX);
    out->cells = fh_arena_array(arena, cells + 1, sizeof *out->cells);
    for (uint32_t i = 0; out->cells != NULL && i < cells && r.failed == FH_OK; i++) {
        if (fh_pack_peek(&r) == FH_PACK_NIL) {
            fh_pack_skip(&r);
        } else {
            out->cells[i] = read_text(&r, arena);
        }
    }
    if (out->columns == NULL || out->cells == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a report");
    }
    if (check_count == 0 || (out->column_count == 0 ? cells : cells % out->column_count) != 0) {
        fh_pack_fail(&r, "expected whole rows of a check");
    }
    out->row_count = out->column_count == 0 ? 0 : cells / out->column_count;
    return leave(&r, found, 4, "sample", err);
}

static int get_tables(struct fh_report *out, struct fh_pack_reader *r, struct fh_arena *arena)
{
    out->table_count = fh_pack_read_array(r, UINT16_MAX);
    out->tables = fh_arena_array(arena, out->table_count + 1, sizeof *out->tables);
    for (uint32_t i = 0; out->tables != NULL && i < out->table_count && r->failed == FH_OK; i++) {
        uint32_t found = fh_pack_read_record(r, 3);
        out->tables[i].name = read_text(r, arena);
        out->tables[i].rows = fh_pack_read_uint(r, UINT64_MAX);
        out->tables[i].scan_us = fh_pack_read_uint(r, UINT64_MAX);
        fh_pack_read_record_end(r, found, 3);
    }
    return out->tables == NULL ? FH_ENOMEM : FH_OK;
}

int fh_report_decode(struct fh_report *out,
                     struct fh_bytes form,
                     struct fh_arena *arena,
                     struct fh_err *err)
{
    struct fh_pack_reader r;
    struct fh_report report = {0};
    uint32_t found = 0;
    int code = enter(&r, form, 4, &found, err);
    if (code != FH_OK) {
        return code;
    }
    code = get_tables(&report, &r, arena);
    report.check_count = fh_pack_read_array(&r, FH_PROMISES_MAX);
    report.checks = fh_arena_array(arena, report.check_count + 1, sizeof *report.checks);
    for (uint32_t i = 0; code == FH_OK && report.checks != NULL && i < report.check_count; i++) {
        code = get_check(&report.checks[i], fh_pack_read_bin(&r, FH_REPORT_BYTES_MAX), arena, err);
    }
    if (code == FH_OK) {
        report.sample_count = fh_pack_read_array(&r, FH_PROMISES_MAX);
        report.samples = fh_arena_array(arena, report.sample_count + 1, sizeof *report.samples);
    }
    for (uint32_t i = 0; code == FH_OK && report.samples != NULL && i < report.sample_count; i++) {
        code = get_sample(&report.samples[i],
                          report.check_count,
                          fh_pack_read_bin(&r, FH_REPORT_BYTES_MAX),
                          arena,
                          err);
    }
    if (code == FH_ENOMEM || report.checks == NULL || (code == FH_OK && report.samples == NULL)) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a report");
    }
    code = code == FH_OK ? leave(&r, found, 4, "report", err) : code;
    if (code == FH_OK) {
        *out = report;
    }
    return code;
}
