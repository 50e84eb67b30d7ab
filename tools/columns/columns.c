/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/columns.h"

#include "common/assert.h"
#include "common/mem.h"
#include "tools/columns/arrow.h"
#include "tools/columns/facts.h"
#include "tools/columns/field.h"
#include "tools/columns/parquet.h"

#include <string.h>

enum stage { STAGE_BEGIN, STAGE_ROWS, STAGE_ENDED, STAGE_FAILED };

struct fh_columns {
    struct freehold_result *result;
    enum stage stage;
    struct fh_field *fields;
    size_t count;
    struct freehold_vector *vectors; /* of the current batch, one for each field */
    struct fh_facts facts;
    struct fh_arrow *arrow; /* one of the two */
    struct fh_parquet *parquet;
};

static const char *const formats[FH_COLUMNS_FORMAT_COUNT] = {
    [FH_COLUMNS_ARROW] = "arrow",
    [FH_COLUMNS_PARQUET] = "parquet",
};

bool fh_columns_format_parse(enum fh_columns_format *out, const char *text)
{
    for (size_t i = 0; i < FH_COLUMNS_FORMAT_COUNT; i++) {
        if (strcmp(formats[i], text) == 0) {
            *out = (enum fh_columns_format)i;
            return true;
        }
    }
    return false;
}

void fh_columns_suit(enum fh_columns_format format, struct freehold_query_options *options)
{
    options->plain = format == FH_COLUMNS_ARROW;
    options->format = formats[format];
}

/* ---- lifecycle ---- */

int fh_columns_new(struct fh_columns **out,
                   enum fh_columns_format format,
                   struct freehold_result *result,
                   struct fh_err *err)
{
    struct fh_columns *columns = fh_calloc(1, sizeof *columns);
    if (columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    columns->result = result;
    fh_facts_init(&columns->facts);
    int code = fh_fields_new(&columns->fields, &columns->count, result, err);
    if (code == FH_OK) {
        columns->vectors = fh_calloc(columns->count, sizeof *columns->vectors);
        code = columns->vectors == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for an answer")
                                        : FH_OK;
    }
    if (code == FH_OK) {
        code = format == FH_COLUMNS_ARROW
                   ? fh_arrow_new(&columns->arrow, columns->fields, columns->count, err)
                   : fh_parquet_new(&columns->parquet, columns->fields, columns->count, err);
    }
    if (code != FH_OK) {
        fh_columns_free(columns);
        return code;
    }
    *out = columns;
    return FH_OK;
}

void fh_columns_free(struct fh_columns *columns)
{
    if (columns == NULL) {
        return;
    }
    fh_arrow_free(columns->arrow);
    fh_parquet_free(columns->parquet);
    fh_facts_fini(&columns->facts);
    fh_free(columns->vectors);
    fh_free(columns->fields);
    fh_free(columns);
}

/* ---- steps ---- */

static int public_error(struct fh_err *err, const struct freehold_error *error)
{
    fh_err_rule(err, error->code, error->rule, "%s", error->text);
    if (error->retry_after_ms > 0) {
        fh_err_retry(err, error->retry_after_ms);
    }
    return error->code;
}

static int begin(struct fh_columns *columns, struct fh_pieces *out, struct fh_err *err)
{
    columns->stage = STAGE_ROWS;
    int code = fh_facts_begin(&columns->facts, columns->result, err);
    if (code != FH_OK) {
        return code;
    }
    return columns->arrow != NULL ? fh_arrow_begin(columns->arrow, &columns->facts, out, err)
                                  : fh_parquet_begin(columns->parquet, &columns->facts, out, err);
}

static int
take_batch(struct fh_columns *columns, size_t rows, struct fh_pieces *out, struct fh_err *err)
{
    unsigned flags = columns->arrow != NULL ? 0 : FREEHOLD_VECTOR_DICTIONARY;
    for (size_t i = 0; i < columns->count; i++) {
        struct freehold_error error = FREEHOLD_ERROR_INIT;
        columns->vectors[i].size = sizeof columns->vectors[i];
        if (freehold_result_vector(columns->result, i, flags, &columns->vectors[i], &error) !=
            FREEHOLD_OK) {
            return public_error(err, &error);
        }
    }
    return columns->arrow != NULL
               ? fh_arrow_batch(columns->arrow, columns->vectors, rows, out, err)
               : fh_parquet_batch(columns->parquet, columns->vectors, rows, out, err);
}

static int end(struct fh_columns *columns, struct fh_pieces *out, struct fh_err *err)
{
    columns->stage = STAGE_ENDED;
    fh_facts_fini(&columns->facts);
    fh_facts_init(&columns->facts);
    int code = fh_facts_end(&columns->facts, columns->result, err);
    if (code != FH_OK) {
        return code;
    }
    return columns->arrow != NULL ? fh_arrow_end(columns->arrow, &columns->facts, out, err)
                                  : fh_parquet_end(columns->parquet, &columns->facts, out, err);
}

/* Batches, until one gives pieces: Parquet gathers them. */
static int step(struct fh_columns *columns, struct fh_pieces *out, struct fh_err *err)
{
    int code = FH_OK;
    while (code == FH_OK && out->bytes == 0) {
        struct freehold_error error = FREEHOLD_ERROR_INIT;
        size_t rows = 0;
        int ended = FREEHOLD_OK;
        if (freehold_result_next_batch(columns->result, &rows, &error, &ended)) {
            code = take_batch(columns, rows, out, err);
        } else {
            return ended == FREEHOLD_OK ? end(columns, out, err) : public_error(err, &error);
        }
    }
    return code;
}

int fh_columns_next(struct fh_columns *columns, struct fh_pieces *out, struct fh_err *err)
{
    FH_ASSERT(columns->stage != STAGE_FAILED);
    *out = (struct fh_pieces){.list = NULL};
    if (columns->stage == STAGE_ENDED) {
        return FH_OK;
    }
    int code = columns->stage == STAGE_BEGIN ? begin(columns, out, err) : step(columns, out, err);
    if (code != FH_OK) {
        columns->stage = STAGE_FAILED;
        *out = (struct fh_pieces){.list = NULL};
    }
    return code;
}
