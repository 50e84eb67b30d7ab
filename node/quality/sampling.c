/* SPDX-License-Identifier: Apache-2.0 */
/* Failing rows, where they were asked for. What is not public is never read, not read and hidden.
 */
#include "node/quality/checks_inside.h"
#include "node/quality/expression.h"

#include <string.h>
#include <strings.h>

static const char hidden[] = "***";

/* Whether anything of the column, however deep, is classified as something else than public. The
 * depth is bounded by that of the document. */
static bool hides(const struct fh_contract_column *column)
{
    if (column->classification != NULL && strcasecmp(column->classification, "public") != 0) {
        return true;
    }
    for (size_t i = 0; i < column->columns.count; i++) {
        if (hides(&column->columns.items[i])) {
            return true;
        }
    }
    const struct fh_contract_map *map = column->map;
    return (column->items != NULL && hides(column->items)) ||
           (map != NULL && map->key != NULL && hides(map->key)) ||
           (map != NULL && map->value != NULL && hides(map->value));
}

/* Whether the column is public by its classification, and what is in it is nothing else. */
static bool is_public(const struct fh_contract_column *column)
{
    return column->classification != NULL && !hides(column);
}

/* The primary key and what the promise is about, each once. */
static uint32_t choose_columns(const struct fh_contract_table *table,
                               const struct fh_expression *expression,
                               uint32_t out[FH_SAMPLE_COLUMNS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->columns.count && count < FH_SAMPLE_COLUMNS_MAX; i++) {
        bool wanted = table->columns.items[i].primary_key == FH_CONTRACT_TRUE;
        for (uint32_t k = 0; k < expression->column_count; k++) {
            wanted = wanted || expression->columns[k] == i;
        }
        if (wanted) {
            out[count++] = i;
        }
    }
    return count;
}

/* Fetches the public ones of `columns`; the others stay hidden. */
static int fetch(struct fh_checks *checks,
                 uint32_t table,
                 const char *tail,
                 const uint32_t *columns,
                 struct fh_checks_sample *out)
{
    const struct fh_contract_table *promised = &checks->options.contract->tables.items[table];
    struct fh_check_source *source = &checks->sources.items[table];
    uint32_t open[FH_SAMPLE_COLUMNS_MAX];
    uint32_t open_count = 0;
    for (uint32_t i = 0; i < out->column_count; i++) {
        if (is_public(&promised->columns.items[columns[i]])) {
            open[open_count++] = columns[i];
        }
    }
    struct fh_channel_sampled sampled = {.row_count = out->row_count};
    struct fh_channel_sample sample = {.table = source->table,
                                       .tail = tail,
                                       .rows_max = out->row_count,
                                       .column_count = open_count,
                                       .columns = open};
    int code = open_count == 0 ? FH_OK
                               : fh_worker_sample(checks->prober,
                                                  &sample,
                                                  &source->fd,
                                                  1,
                                                  checks->arena,
                                                  &sampled,
                                                  checks->deadline_ms,
                                                  &checks->err);
    out->row_count = sampled.row_count;
    for (uint32_t row = 0; code == FH_OK && row < sampled.row_count; row++) {
        uint32_t at = 0;
        for (uint32_t i = 0; i < out->column_count; i++) {
            bool shown = at < open_count && open[at] == columns[i];
            out->cells[row * out->column_count + i] =
                shown ? sampled.cells[row * open_count + at] : hidden;
            at += shown ? 1 : 0;
        }
    }
    return code;
}

static int sample(struct fh_checks *checks, uint32_t index)
{
    const struct fh_promise *promise = &checks->promises.items[index];
    const struct fh_promise_result *result = &checks->results[index];
    const struct fh_contract_table *table = &checks->options.contract->tables.items[promise->table];
    bool is_text = checks->sources.items[promise->table].table.format == FH_SOURCE_CSV;
    uint32_t columns[FH_SAMPLE_COLUMNS_MAX];
    struct fh_expression expression;
    fh_expression_init(&expression);
    int code =
        fh_expression_write(&expression, promise, table, is_text, checks->arena, &checks->err);
    if (code == FH_OK && expression.tail.size > 0) {
        struct fh_checks_sample *out = &checks->samples[checks->sample_count];
        uint64_t rows = checks->options.samples;
        bool repeats = promise->kind == FH_PROMISE_UNIQUE || promise->of == NULL ||
                       promise->kind == FH_PROMISE_DUPLICATE_VALUES;
        rows = !repeats && result->failing < rows ? result->failing : rows;
        out->promise = index;
        out->row_count = (uint32_t)(rows < FH_SAMPLE_ROWS_MAX ? rows : FH_SAMPLE_ROWS_MAX);
        out->column_count = choose_columns(table, &expression, columns);
        out->columns = fh_arena_array(checks->arena, out->column_count + 1, sizeof(char *));
        out->cells = fh_arena_array(
            checks->arena, (size_t)out->row_count * out->column_count + 1, sizeof(char *));
        if (out->columns == NULL || out->cells == NULL) {
            code = fh_err_set(&checks->err, FH_ENOMEM, "no memory for samples");
        } else {
            for (uint32_t i = 0; i < out->column_count; i++) {
                out->columns[i] = table->columns.items[columns[i]].name;
            }
            code = fetch(checks, promise->table, fh_buf_cstr(&expression.tail), columns, out);
            checks->sample_count += code == FH_OK ? 1 : 0;
        }
    }
    fh_expression_fini(&expression);
    return code;
}

int fh_checks_sample(struct fh_checks *checks)
{
    int code = FH_OK;
    if (checks->options.samples == 0) {
        return FH_OK;
    }
    checks->samples =
        fh_arena_array(checks->arena, checks->promises.count + 1, sizeof *checks->samples);
    if (checks->samples == NULL) {
        return fh_err_set(&checks->err, FH_ENOMEM, "no memory for samples");
    }
    for (uint32_t i = 0; code == FH_OK && i < checks->promises.count; i++) {
        const struct fh_promise_result *result = &checks->results[i];
        bool broken = result->outcome == FH_PROMISE_FAILED || result->outcome == FH_PROMISE_WARNED;
        if (broken && result->failing > 0 &&
            fh_expression_is_probe(checks->promises.items[i].kind)) {
            code = sample(checks, i);
            code = code == FH_EINVAL ? FH_OK : code; /* the outcome stands without its rows */
        }
    }
    return code;
}
