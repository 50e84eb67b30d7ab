/* SPDX-License-Identifier: Apache-2.0 */
/* One table: its promises as probes, asked in as few scans as they fit, and judged. */
#include "node/quality/checks_inside.h"
#include "node/quality/expression.h"

#include <stdio.h>

enum { QUESTION_BYTES_MAX = FH_CHANNEL_TABLES_BYTES_MAX / 2 }; /* of SQL; the table comes on top */

/* What is known of a promise while its table is asked. */
enum step {
    STEP_DONE,
    STEP_SCREEN, /* its screen is asked */
    STEP_EXACT,  /* which says that rows fail: they are to be counted */
};

/* Probes that are asked together, and whose they are. */
struct question {
    struct fh_probe *probes;
    uint32_t *promises; /* index of each probe's promise */
    uint32_t count;
    size_t bytes;
    uint32_t asked; /* questions so far */
    uint8_t *steps; /* enum step, one a promise */
};

static bool is_of(const struct fh_checks *checks, uint32_t promise, uint32_t table)
{
    return checks->promises.items[promise].table == table;
}

/* The source cannot be read: its own promise failed, the others of the table are not run. */
static void mark_unreadable(struct fh_checks *checks, uint32_t table)
{
    const struct fh_err *why = &checks->failures[table];
    for (uint32_t i = 0; i < checks->promises.count; i++) {
        const struct fh_promise *promise = &checks->promises.items[i];
        struct fh_promise_result *result = &checks->results[i];
        if (!is_of(checks, i, table)) {
            continue;
        }
        if (promise->kind == FH_PROMISE_SOURCE) {
            *result = (struct fh_promise_result){.outcome = FH_PROMISE_FAILED};
            snprintf(result->reason, sizeof result->reason, "%.250s", why->text);
        } else {
            fh_promise_not_run(result, "the source of the table cannot be read");
        }
    }
}

static void mark_readable(struct fh_checks *checks, uint32_t table)
{
    for (uint32_t i = 0; i < checks->promises.count; i++) {
        const struct fh_promise *promise = &checks->promises.items[i];
        struct fh_promise_result *result = &checks->results[i];
        if (!is_of(checks, i, table)) {
            continue;
        }
        if (promise->kind == FH_PROMISE_SOURCE) {
            *result = (struct fh_promise_result){.total = checks->rows[table]};
        } else if (promise->kind == FH_PROMISE_PRESENT) {
            bool gone = checks->missing[table][promise->column] != 0;
            *result = (struct fh_promise_result){.total = checks->rows[table]};
            if (gone) {
                result->outcome = FH_PROMISE_FAILED;
                snprintf(result->reason,
                         sizeof result->reason,
                         "the source has no column \"%.120s\"",
                         checks->sources.items[table].table.columns[promise->column].source);
            }
        }
    }
}

static void
judge(struct fh_checks *checks, uint32_t index, uint64_t rows, const struct fh_probe_result *found)
{
    const struct fh_promise *promise = &checks->promises.items[index];
    struct fh_promise_result *result = &checks->results[index];
    struct fh_measured measured = {.kind = FH_MEASURED_COUNT, .total = rows};
    if (found->state == FH_PROBE_MISSING) {
        fh_promise_not_run(result, "the source has not all columns that it is about");
        return;
    }
    if (found->state == FH_PROBE_REFUSED) {
        fh_promise_not_run(result, "the engine cannot check it: %.200s", found->reason);
        return;
    }
    if (promise->unit == FH_PROMISE_TIME) {
        measured.kind = found->state == FH_PROBE_NULL ? FH_MEASURED_NOTHING : FH_MEASURED_TIME;
        measured.ms = found->value / 1000 - (found->value % 1000 < 0 ? 1 : 0);
    } else {
        /* Over no rows the engine gives NULL for a count. */
        bool none = found->state == FH_PROBE_NULL || found->value < 0;
        measured.count = none ? 0 : (uint64_t)found->value;
    }
    fh_promise_judge(result, promise, &measured, checks->options.now_ms);
}

/* Asks what was gathered. */
static int ask(struct fh_checks *checks, uint32_t table, struct question *q)
{
    struct fh_check_source *source = &checks->sources.items[table];
    struct fh_channel_probe probe = {
        .table = source->table, .probes = q->probes, .probe_count = q->count};
    struct fh_channel_probed probed;
    struct fh_err *err = &checks->err;
    int code = fh_worker_probe(
        checks->prober, &probe, &source->fd, 1, checks->arena, &probed, checks->deadline_ms, err);
    if (code != FH_OK) {
        return code;
    }
    checks->rows[table] = probed.rows;
    checks->scan_us[table] += probed.elapsed_us;
    if (q->asked++ == 0) {
        uint8_t *missing = fh_arena_array(checks->arena, source->table.column_count, 1);
        if (missing == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for the columns of a table");
        }
        for (uint32_t i = 0; i < probed.missing_count; i++) {
            missing[probed.missing[i]] = 1;
        }
        checks->missing[table] = missing;
        mark_readable(checks, table);
    }
    for (uint32_t i = 0; i < q->count; i++) {
        uint8_t *step = &q->steps[q->promises[i]];
        const struct fh_probe_result *found = &probed.results[i];
        if (*step == STEP_SCREEN && found->state == FH_PROBE_VALUE && found->value != 0) {
            *step = STEP_EXACT;
        } else {
            *step = STEP_DONE;
            judge(checks, q->promises[i], probed.rows, found);
        }
    }
    q->count = 0;
    q->bytes = 0;
    return FH_OK;
}

/* Adds the probe of one promise; a promise that cannot be written is not run. Its screen is asked
 * first where a scan reads only the columns that it needs: elsewhere a second scan costs more than
 * the counting. */
static int gather(struct fh_checks *checks, uint32_t index, struct question *q)
{
    const struct fh_promise *promise = &checks->promises.items[index];
    const struct fh_contract_table *table = &checks->options.contract->tables.items[promise->table];
    enum fh_source_format format = checks->sources.items[promise->table].table.format;
    struct fh_expression expression;
    struct fh_err *err = &checks->err;
    fh_expression_init(&expression);
    int code = fh_expression_write(
        &expression, promise, table, format == FH_SOURCE_CSV, checks->arena, err);
    if (code == FH_EINVAL) {
        fh_promise_not_run(&checks->results[index], "%.240s", err->text);
        code = FH_OK;
    } else if (code == FH_OK) {
        bool screened = format == FH_SOURCE_PARQUET && expression.screen.size > 0 &&
                        q->steps[index] != STEP_EXACT;
        const struct fh_buf *asked = screened ? &expression.screen : &expression.aggregate;
        const char *sql = fh_arena_string(checks->arena, fh_buf_view(asked));
        q->steps[index] = screened ? STEP_SCREEN : STEP_DONE;
        q->probes[q->count] = (struct fh_probe){
            .sql = sql, .column_count = expression.column_count, .columns = expression.columns};
        q->promises[q->count++] = index;
        q->bytes += asked->size;
        code = sql != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a check");
    }
    fh_expression_fini(&expression);
    return code;
}

static bool is_full(const struct question *q)
{
    return q->count == FH_PROBES_MAX || q->bytes > QUESTION_BYTES_MAX;
}

/* Asks for the promises of a table, or for those whose screens say that rows fail. */
static int ask_round(struct fh_checks *checks, uint32_t table, struct question *q, bool exact)
{
    int code = FH_OK;
    for (uint32_t i = 0; code == FH_OK && i < checks->promises.count; i++) {
        const struct fh_promise *promise = &checks->promises.items[i];
        if (!is_of(checks, i, table) || promise->not_run != NULL ||
            !fh_expression_is_probe(promise->kind) || (exact && q->steps[i] != STEP_EXACT)) {
            continue;
        }
        if (is_full(q)) {
            code = ask(checks, table, q);
        }
        if (code == FH_OK) {
            code = gather(checks, i, q);
        }
    }
    return code == FH_OK && (q->count > 0 || q->asked == 0) ? ask(checks, table, q) : code;
}

static int ask_all(struct fh_checks *checks, uint32_t table)
{
    struct question q = {
        .probes = fh_arena_array(checks->arena, FH_PROBES_MAX, sizeof *q.probes),
        .promises = fh_arena_array(checks->arena, FH_PROBES_MAX, sizeof *q.promises),
        .steps = fh_arena_array(checks->arena, (size_t)checks->promises.count + 1, 1),
    };
    if (q.probes == NULL || q.promises == NULL || q.steps == NULL) {
        return fh_err_set(&checks->err, FH_ENOMEM, "no memory for the checks of a table");
    }
    int code = ask_round(checks, table, &q, false);
    return code == FH_OK ? ask_round(checks, table, &q, true) : code;
}

int fh_checks_probe(struct fh_checks *checks, uint32_t table)
{
    bool wanted = checks->ruler != NULL; /* a rule may read any table */
    for (uint32_t i = 0; i < checks->promises.count; i++) {
        wanted = wanted || is_of(checks, i, table);
    }
    if (!wanted) {
        return FH_OK;
    }
    checks->failures[table] = checks->sources.items[table].failure;
    if (checks->failures[table].code != FH_OK) {
        mark_unreadable(checks, table);
        return FH_OK;
    }
    int code = ask_all(checks, table);
    if (code == FH_EINVAL && !fh_worker_dead(checks->prober)) {
        checks->failures[table] = checks->err;
        checks->missing[table] = NULL;
        mark_unreadable(checks, table);
        code = FH_OK;
    }
    return code == FH_OK ? FH_OK
                         : fh_err_wrap(&checks->err,
                                       "table %.63s",
                                       checks->options.contract->tables.items[table].name);
}
