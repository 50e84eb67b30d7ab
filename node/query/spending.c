/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a question costs of the budgets of its key: each right that it reads under counts it once,
 * and the rows that leave this node for it, batch by batch, before they do.
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

/* What is asked of a table's budget. The product's name is put into `product`. */
static struct fh_budget_question
question_of(const struct fh_stream *stream, uint32_t index, char product[2 * FH_NAME_BYTES_MAX + 2])
{
    const struct fh_plan_table *table = &stream->plan.tables[index];
    snprintf(product,
             2 * FH_NAME_BYTES_MAX + 2,
             "%s/%s",
             table->table.entry.domain_name,
             table->table.entry.announcement.product);
    return (struct fh_budget_question){
        .key = stream->request.key,
        .right = *right_of(table),
        .product = product,
        .owner = table->table.entry.domain_name,
        .queries_per_hour = table->right->queries_per_hour,
        .rows_per_day = table->right->rows_per_day,
    };
}

static uint32_t count_budgets(const struct fh_stream *stream)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        count += is_bounded(&stream->plan.tables[i]) && !is_counted(stream, i) ? 1 : 0;
    }
    return count;
}

int fh_stream_spend(struct fh_stream *stream, struct fh_err *err)
{
    uint32_t count = count_budgets(stream);
    if (count == 0) {
        return FH_OK;
    }
    stream->uses = fh_arena_array(stream->arena, count, sizeof *stream->uses);
    if (stream->uses == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for budgets");
    }
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        if (!is_bounded(&stream->plan.tables[i]) || is_counted(stream, i)) {
            continue;
        }
        char product[2 * FH_NAME_BYTES_MAX + 2];
        const struct fh_budget_question question = question_of(stream, i, product);
        struct fh_stream_use *use = &stream->uses[stream->use_count];
        int rc =
            fh_budget_open(stream->serve->budget, &question, fh_clock_wall_ms(), &use->use, err);
        if (rc != FH_OK) {
            return rc; /* before any of them has counted it */
        }
        use->table = i;
        stream->use_count++;
    }
    for (uint32_t i = 0; i < stream->use_count; i++) {
        fh_budget_ask(&stream->uses[i].use);
    }
    return FH_OK;
}

static void give_back(struct fh_stream *stream, uint32_t count, uint64_t rows)
{
    for (uint32_t i = 0; i < count; i++) {
        fh_budget_give_back(&stream->uses[i].use, rows);
    }
}

int fh_stream_spend_rows(struct fh_stream *stream, uint64_t rows, struct fh_err *err)
{
    for (uint32_t i = 0; i < stream->use_count; i++) {
        struct fh_stream_use *use = &stream->uses[i];
        if (!fh_budget_spend(&use->use, rows)) {
            char product[2 * FH_NAME_BYTES_MAX + 2];
            const struct fh_budget_question question = question_of(stream, use->table, product);
            give_back(stream, i, rows);
            return fh_budget_refuse(&use->use, &question, fh_clock_wall_ms(), err);
        }
    }
    return FH_OK;
}

void fh_stream_give_back_rows(struct fh_stream *stream, uint64_t rows)
{
    give_back(stream, stream->use_count, rows);
}

void fh_stream_spend_no_more(struct fh_stream *stream)
{
    for (uint32_t i = 0; i < stream->use_count; i++) {
        fh_budget_close(&stream->uses[i].use);
    }
    stream->use_count = 0;
}
