/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a question costs of the budgets of its key: each right that it reads under counts it once,
 * and the rows that leave this node for it.
 */
#include "node/query/stream.h"

#include "common/time.h"

#include <stdio.h>

/* What the counts of a table stand under: its grant, or its contract where none was needed. */
static const struct fh_record_id *right_of(const struct fh_plan_table *table)
{
    return fh_record_id_is_zero(&table->right->grant) ? &table->table.entry.announcement.contract
                                                      : &table->right->grant;
}

static bool is_bounded(const struct fh_plan_table *table)
{
    return table->right != NULL &&
           (table->right->queries_per_hour > 0 || table->right->rows_per_day > 0);
}

/* Whether an earlier table of the plan stands under the same. */
static bool is_counted(const struct fh_stream *stream, uint32_t index)
{
    const struct fh_plan_table *tables = stream->plan.tables;
    for (uint32_t i = 0; i < index; i++) {
        if (is_bounded(&tables[i]) &&
            fh_record_id_equal(right_of(&tables[i]), right_of(&tables[index]))) {
            return true;
        }
    }
    return false;
}

int fh_stream_spend(struct fh_stream *stream, struct fh_err *err)
{
    stream->rows_left = UINT64_MAX;
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        const struct fh_plan_table *table = &stream->plan.tables[i];
        if (!is_bounded(table) || is_counted(stream, i)) {
            continue;
        }
        char product[2 * FH_NAME_BYTES_MAX + 2];
        snprintf(product,
                 sizeof product,
                 "%s/%s",
                 table->table.entry.domain_name,
                 table->table.entry.announcement.product);
        const struct fh_budget_question question = {
            .key = stream->request.key,
            .right = *right_of(table),
            .product = product,
            .owner = table->table.entry.domain_name,
            .queries_per_hour = table->right->queries_per_hour,
            .rows_per_day = table->right->rows_per_day,
        };
        uint64_t left;
        int rc = fh_budget_take(stream->serve->budget, &question, fh_clock_wall_ms(), &left, err);
        if (rc != FH_OK) {
            return rc;
        }
        stream->rows_left = left < stream->rows_left ? left : stream->rows_left;
    }
    return FH_OK;
}

void fh_stream_spent(const struct fh_stream *stream)
{
    uint64_t rows = fh_tally_read(&stream->tally).rows;
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        const struct fh_plan_table *table = &stream->plan.tables[i];
        if (is_bounded(table) && table->right->rows_per_day > 0 && !is_counted(stream, i)) {
            fh_budget_rows(stream->serve->budget,
                           &stream->request.key,
                           right_of(table),
                           rows,
                           fh_clock_wall_ms());
        }
    }
}
