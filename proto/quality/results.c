/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/results.h"

#include "common/assert.h"

#include <stdio.h>
#include <string.h>

enum { FORM = 1, FIELDS = 3, RESULT_FIELDS = 7, HEAD_BYTES = 16 };

/* A decimal, true, false, an ISO 8601 duration or a date: none has a space or a quote, and no word
 * fits but these two. */
static bool is_measured(const char *text)
{
    static const char marks[] = "0123456789.-+:%TZPYMWDHS";
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
           strspn(text, marks) == strlen(text);
}

/* At most `size - 1` bytes, cut between UTF-8 characters. */
static void copy_cut(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((uint8_t)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

void fh_result_make(struct fh_result *out,
                    const char *id,
                    const char *rule,
                    const char *measured,
                    enum fh_promise_category category,
                    enum fh_promise_outcome outcome)
{
    *out = (struct fh_result){.category = category, .outcome = outcome};
    copy_cut(out->id, sizeof out->id, id);
    copy_cut(out->rule, sizeof out->rule, rule);
    if (strlen(measured) < sizeof out->measured && is_measured(measured)) {
        memcpy(out->measured, measured, strlen(measured) + 1);
    }
}

/* ---- writing ---- */

static void pack_result(struct fh_buf *out, const struct fh_result *result)
{
    fh_pack_array(out, RESULT_FIELDS);
    fh_pack_cstr(out, result->id);
    fh_pack_uint(out, result->category);
    fh_pack_uint(out, result->outcome);
    fh_pack_cstr(out, result->rule);
    fh_pack_cstr(out, result->measured);
    fh_pack_uint(out, result->failing);
    fh_pack_uint(out, result->total);
}

void fh_results_encode(struct fh_buf *out, const struct fh_result *results, size_t count)
{
    static const enum fh_promise_outcome order[] = {
        FH_PROMISE_FAILED, FH_PROMISE_WARNED, FH_PROMISE_NOT_RUN, FH_PROMISE_PASSED};
    FH_CLEANUP(fh_buf_fini) struct fh_buf list;
    fh_buf_init(&list, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    uint32_t packed = 0;
    bool room = true;
    for (size_t i = 0; i < FH_COUNT(order); i++) {
        for (size_t j = 0; room && j < count; j++) {
            if (results[j].outcome != order[i]) {
                continue;
            }
            size_t before = list.size;
            pack_result(&list, &results[j]);
            room = fh_buf_ok(&list) == FH_OK &&
                   list.size <= FH_MEASUREMENT_RESULTS_BYTES_MAX - HEAD_BYTES &&
                   packed < FH_MEASUREMENT_RESULTS_MAX;
            if (room) {
                packed++;
            } else {
                list.size = before;
                list.failed = list.failed == FH_ETOOBIG ? FH_OK : list.failed;
            }
        }
    }
    fh_pack_array(out, FIELDS);
    fh_pack_uint(out, FORM);
    fh_pack_uint(out, count - packed);
    fh_pack_array(out, packed);
    fh_buf_add_bytes(out, fh_buf_view(&list));
    if (fh_buf_ok(&list) != FH_OK && fh_buf_ok(out) == FH_OK) {
        out->failed = fh_buf_ok(&list);
    }
}

struct fh_hash fh_results_hash(struct fh_bytes results)
{
    static const char tag[] = "freehold/v1/results";
    const struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag), results};
    return fh_hash_parts(parts, FH_COUNT(parts));
}

/* ---- reading ---- */

static int broken(const struct fh_pack_reader *reader, struct fh_err *err)
{
    int code = fh_pack_read_ok(reader, "results of a measurement", err);
    if (code == FH_EINVAL && err != NULL) {
        snprintf(err->rule, sizeof err->rule, "results.form");
    }
    return code;
}

int fh_results_open(struct fh_results *out, struct fh_bytes bytes, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_MEASUREMENT_RESULTS_BYTES_MAX);
    int code = fh_pack_scan(bytes, &limits, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "results of a measurement");
    }
    struct fh_results results = {0};
    fh_pack_read_init(&results.reader, bytes);
    fh_pack_read_record(&results.reader, FIELDS);
    fh_pack_read_version(&results.reader, FORM);
    results.left_out = fh_pack_read_uint(&results.reader, UINT32_MAX);
    results.left = fh_pack_read_array(&results.reader, FH_MEASUREMENT_RESULTS_MAX);
    code = broken(&results.reader, err);
    if (code == FH_OK) {
        *out = results;
    }
    return code;
}

int fh_results_next(struct fh_results *results, struct fh_result *out, struct fh_err *err)
{
    FH_ASSERT(results->left > 0);
    struct fh_result read = {.id = ""};
    struct fh_pack_reader *reader = &results->reader;
    uint32_t fields = fh_pack_read_record(reader, RESULT_FIELDS);
    fh_pack_read_cstr(reader, read.id, sizeof read.id);
    read.category =
        (enum fh_promise_category)fh_pack_read_uint(reader, FH_PROMISE_CATEGORY_COUNT - 1);
    read.outcome = (enum fh_promise_outcome)fh_pack_read_uint(reader, FH_PROMISE_OUTCOME_COUNT - 1);
    fh_pack_read_cstr(reader, read.rule, sizeof read.rule);
    fh_pack_read_cstr(reader, read.measured, sizeof read.measured);
    read.failing = fh_pack_read_uint(reader, UINT64_MAX);
    read.total = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_record_end(reader, fields, RESULT_FIELDS);
    int code = broken(reader, err);
    if (code == FH_OK && !is_measured(read.measured)) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "results.measured",
                           "results of a measurement: what was measured is no number, time or "
                           "truth");
    }
    if (code == FH_OK) {
        results->left--;
        *out = read;
    }
    return code;
}
