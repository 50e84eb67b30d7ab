/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/expression.h"

#include "common/assert.h"
#include "node/quality/classes.h"
#include "node/quality/condition.h"

#include <inttypes.h>
#include <string.h>

bool fh_expression_is_probe(enum fh_promise_kind kind)
{
    switch ((unsigned)kind) {
    case FH_PROMISE_SOURCE:
    case FH_PROMISE_PRESENT:
    case FH_PROMISE_RELATIONSHIP:
    case FH_PROMISE_SQL:
    case FH_PROMISE_TEXT:
    case FH_PROMISE_CUSTOM:
    case FH_PROMISE_LIBRARY:
    case FH_PROMISE_FREQUENCY:
    case FH_PROMISE_AVAILABILITY:
    case FH_PROMISE_AVAILABLE_FROM:
    case FH_PROMISE_SUPPORTED_UNTIL:
    case FH_PROMISE_SLA_OTHER:
        return false;
    default:
        return true;
    }
}

void fh_expression_init(struct fh_expression *expression)
{
    *expression = (struct fh_expression){.column_count = 0};
    fh_buf_init(&expression->aggregate, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_init(&expression->screen, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_init(&expression->tail, FH_SUBJECT_SQL_BYTES_MAX);
}

void fh_expression_fini(struct fh_expression *expression)
{
    fh_buf_fini(&expression->aggregate);
    fh_buf_fini(&expression->screen);
    fh_buf_fini(&expression->tail);
}

/* ---- aggregates that are no conditions ---- */

/* Rows whose value came before. */
static void put_repeats(struct fh_expression *out, const char *value)
{
    fh_buf_printf(&out->aggregate, "count(%s) - count(DISTINCT %s)", value, value);
    fh_buf_printf(&out->tail,
                  "WHERE %s IS NOT NULL QUALIFY count(*) OVER (PARTITION BY %s) > 1",
                  value,
                  value);
}

static bool
in_key(const struct fh_promise *promise, const struct fh_contract_table *table, size_t column)
{
    if (promise->kind == FH_PROMISE_PRIMARY_KEY) {
        return table->columns.items[column].primary_key == FH_CONTRACT_TRUE;
    }
    const struct fh_doc_node *list = fh_doc_get(promise->quality->arguments, "properties");
    for (const struct fh_doc_node *at = list == NULL ? NULL : list->first; at != NULL;
         at = at->next) {
        if (strcmp(at->text, table->columns.items[column].name) == 0) {
            return true;
        }
    }
    return false;
}

/* Rows of `filter` whose key of many columns came before. Remembering all keys costs a worker's
 * memory; so their hashes are remembered, and only keys whose hash repeats are compared. */
static void put_whole_rows(struct fh_buf *out, const char *key, const char *filter)
{
    fh_buf_printf(out,
                  "(SELECT count(*) - count(DISTINCT row(%s)) FROM source WHERE %s AND hash(%s) IN "
                  "(SELECT hash(%s) FROM source WHERE %s GROUP BY 1 HAVING count(*) > 1))",
                  key,
                  filter,
                  key,
                  key,
                  filter);
}

/* A key of the table: the primary key, or the columns of a duplicateValues rule. */
static void put_key(struct fh_expression *out,
                    const struct fh_promise *promise,
                    const struct fh_contract_table *table)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf values;
    FH_CLEANUP(fh_buf_fini) struct fh_buf filter;
    fh_buf_init(&values, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_init(&filter, FH_SUBJECT_SQL_BYTES_MAX);
    for (uint32_t i = 0; i < table->columns.count; i++) {
        if (in_key(promise, table, i)) {
            fh_buf_printf(&values, "%sv%u", out->column_count == 0 ? "" : ", ", i);
            fh_buf_printf(&filter, "%sv%u IS NOT NULL", out->column_count == 0 ? "" : " AND ", i);
            out->columns[out->column_count++] = i;
        }
    }
    const char *key = fh_buf_cstr(&values);
    if (promise->kind != FH_PROMISE_PRIMARY_KEY) {
        /* For a rule of the author NULL is a value like others. */
        put_whole_rows(&out->aggregate, key, "true");
        fh_buf_printf(&out->tail, "QUALIFY count(*) OVER (PARTITION BY %s) > 1", key);
    } else if (out->column_count == 1) {
        put_repeats(out, key);
    } else {
        /* A key with a part missing is reported as missing, not as repeated. */
        const char *whole = fh_buf_cstr(&filter);
        put_whole_rows(&out->aggregate, key, whole);
        fh_buf_printf(
            &out->tail, "WHERE %s QUALIFY count(*) OVER (PARTITION BY %s) > 1", whole, key);
    }
}

static void put_time(struct fh_expression *out, struct fh_subject *subject, bool newest)
{
    const char *value = fh_buf_cstr(&subject->value);
    fh_buf_printf(&out->aggregate,
                  "epoch_us(%s(TRY_CAST(%s AS TIMESTAMP)) FILTER (WHERE isfinite(TRY_CAST(%s AS "
                  "TIMESTAMP))))",
                  newest ? "max" : "min",
                  value,
                  value);
}

/* Whether any text is too short, too long, or not of its class of characters. */
static void
put_screen(struct fh_expression *out, struct fh_subject *subject, const struct fh_promise *promise)
{
    const struct fh_contract_options *options = subject->column->options;
    const char *length = fh_buf_cstr(&subject->length);
    if (promise->depth > 0 || subject->type.code != FH_TYPE_VARCHAR) {
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf any;
    fh_buf_init(&any, FH_SUBJECT_SQL_BYTES_MAX);
    if (promise->kind == FH_PROMISE_MIN_LENGTH) {
        fh_buf_printf(&any, "min(%s) < %" PRId64, length, options->min_length.value);
    } else if (promise->kind == FH_PROMISE_MAX_LENGTH) {
        fh_buf_printf(&any, "max(%s) > %" PRId64, length, options->max_length.value);
    } else if (promise->kind == FH_PROMISE_PATTERN) {
        (void)fh_classes_put_any(&any, fh_buf_cstr(&subject->value), length, options->pattern);
    }
    if (any.size > 0) {
        fh_buf_printf(&out->screen, "CAST(%s AS BIGINT)", fh_buf_cstr(&any));
    }
}

static int put_counted(struct fh_expression *out,
                       struct fh_subject *subject,
                       const struct fh_promise *promise,
                       bool is_text,
                       struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf condition;
    fh_buf_init(&condition, FH_SUBJECT_SQL_BYTES_MAX);
    int code = fh_condition_put(&condition, subject, promise, is_text, err);
    for (uint32_t i = subject->list_count; i > 0; i--) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf inner;
        fh_buf_init(&inner, FH_SUBJECT_SQL_BYTES_MAX);
        fh_buf_add_bytes(&inner, fh_buf_view(&condition));
        fh_buf_reset(&condition);
        fh_buf_printf(&condition,
                      "len(list_filter(%s, lambda x%u: %s)) > 0",
                      fh_buf_cstr(&subject->lists[i - 1]),
                      i - 1,
                      fh_buf_cstr(&inner));
    }
    /* What is there is counted faster than what is not. */
    bool plain = promise->depth == 0 && !fh_subject_is_nested(subject->column);
    if (plain && promise->kind == FH_PROMISE_TYPE) {
        fh_buf_printf(&out->aggregate,
                      "count(r%" PRIu32 ") - count(v%" PRIu32 ")",
                      promise->column,
                      promise->column);
    } else if (plain &&
               (promise->kind == FH_PROMISE_REQUIRED || promise->kind == FH_PROMISE_NULL_VALUES)) {
        fh_buf_printf(&out->aggregate, "count(*) - count(r%" PRIu32 ")", promise->column);
    } else {
        fh_buf_printf(&out->aggregate, "count_if(%s)", fh_buf_cstr(&condition));
    }
    fh_buf_printf(&out->tail, "WHERE %s", fh_buf_cstr(&condition));
    return code;
}

int fh_expression_write(struct fh_expression *out,
                        const struct fh_promise *promise,
                        const struct fh_contract_table *table,
                        bool is_text,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    struct fh_subject subject;
    int code = FH_OK;
    FH_ASSERT(fh_expression_is_probe(promise->kind));
    out->columns = fh_arena_array(arena, table->columns.count + 1, sizeof *out->columns);
    if (out->columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a check");
    }
    if (promise->kind == FH_PROMISE_ROW_COUNT) {
        fh_buf_add_cstr(&out->aggregate, "count(*)");
        return FH_OK;
    }
    if (promise->of == NULL) {
        put_key(out, promise, table);
    } else {
        out->columns[out->column_count++] = promise->column;
        fh_subject_init(&subject, promise);
        switch ((unsigned)promise->kind) {
        case FH_PROMISE_UNIQUE:
        case FH_PROMISE_DUPLICATE_VALUES:
            put_repeats(out, fh_buf_cstr(&subject.value));
            break;
        case FH_PROMISE_FRESHNESS:
        case FH_PROMISE_RETENTION:
            put_time(out, &subject, promise->kind == FH_PROMISE_FRESHNESS);
            break;
        default:
            code = put_counted(out, &subject, promise, is_text, err);
            put_screen(out, &subject, promise);
            break;
        }
        fh_subject_fini(&subject);
    }
    int written = fh_buf_ok(&out->aggregate);
    if (code == FH_OK &&
        (written != FH_OK || fh_buf_ok(&out->tail) != FH_OK || fh_buf_ok(&out->screen) != FH_OK)) {
        code = fh_err_set(err, FH_EINVAL, "the promise is too long to check");
    }
    return code;
}
