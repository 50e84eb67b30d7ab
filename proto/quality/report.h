/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Report: the question of `freehold contract test` to a node, and its answer.
 *
 *     question = [1, yaml bin, data root str, server str, categories uint, samples uint,
 *                 now ms int]
 *     answer   = [1, [table...], [check bin...], [sample bin...]]
 *     table    = [name str, rows uint, scan us uint]
 *     check    = [1, id, name, rule, category uint, dimension, severity uint, promised, table,
 *                 column, outcome uint, measured, reason, failing uint, total uint]
 *     sample   = [1, check index uint, [column str...], [cell str or nil...]]
 *
 * Checks and samples are bins of their own, so that a contract with thousands of them stays within
 * the limits of one canonical form.
 *
 * Does not: hold values of rows anywhere but in samples. Thread: any. Ownership: decoded texts are
 * copies in the arena given.
 */
#ifndef FH_PROTO_QUALITY_REPORT_H
#define FH_PROTO_QUALITY_REPORT_H

#include "proto/quality/promise.h"

enum {
    FH_REPORT_BYTES_MAX = 4 * 1024 * 1024 - 1024, /* one frame of the admin socket */
    FH_REPORT_SAMPLE_ROWS_MAX = 100,
    FH_REPORT_SAMPLE_COLUMNS_MAX = 64,
};

struct fh_test_question {
    struct fh_bytes yaml; /* the author's text; borrowed */
    char data_root[4096]; /* absolute */
    char server[256];     /* "": the only one that can be read */
    uint32_t categories;  /* bits 1 << enum fh_promise_category; 0: all */
    uint32_t samples;     /* failing rows for each check, at most FH_REPORT_SAMPLE_ROWS_MAX */
    int64_t now_ms;
};

struct fh_report_table {
    const char *name;
    uint64_t rows;
    uint64_t scan_us;
};

struct fh_report_check {
    const char *id;
    const char *name;
    const char *rule;
    enum fh_promise_category category;
    const char *dimension;
    enum fh_promise_severity severity;
    const char *promised;
    const char *table;
    const char *column;
    struct fh_promise_result result;
};

struct fh_report_sample {
    uint32_t check; /* index in the checks */
    uint32_t column_count;
    const char **columns;
    uint32_t row_count;
    const char **cells; /* row by row; NULL for NULL */
};

struct fh_report {
    uint32_t table_count;
    struct fh_report_table *tables;
    uint32_t check_count;
    struct fh_report_check *checks;
    uint32_t sample_count;
    struct fh_report_sample *samples;
};

/* What became of one promise; texts are those of the promise (borrowed). */
void fh_report_check_fill(struct fh_report_check *out,
                          const struct fh_promise *promise,
                          const struct fh_promise_result *result);

void fh_test_question_encode(struct fh_buf *out, const struct fh_test_question *question);
/* FH_EPROTO ("report.form" or "pack.*"). */
FH_MUST_CHECK int
fh_test_question_decode(struct fh_test_question *out, struct fh_bytes form, struct fh_err *err);

void fh_report_encode(struct fh_buf *out, const struct fh_report *report);
/* FH_EPROTO, FH_ENOMEM. */
FH_MUST_CHECK int fh_report_decode(struct fh_report *out,
                                   struct fh_bytes form,
                                   struct fh_arena *arena,
                                   struct fh_err *err);

#endif
