/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/parquet.h"

#include "common/assert.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/version.h"
#include "tools/columns/flat.h"
#include "tools/columns/parquet_chunk.h"
#include "tools/columns/parquet_schema.h"

#include <string.h>

enum {
    FORMAT_VERSION = 2,
    MEMORY_KEPT_MAX = 3 * FH_PARQUET_GROUP_BYTES, /* between groups, of all columns */
};

static const char magic[4] = {'P', 'A', 'R', '1'};

struct fh_parquet {
    const struct fh_field *fields;
    size_t count;
    struct fh_parquet_chunk *chunks; /* one for each field */
    struct fh_parquet_scratch scratch;
    struct fh_piece_list pieces;
    struct fh_facts facts;
    uint64_t offset;     /* of what is given next */
    uint64_t rows;       /* of all groups */
    uint64_t group_rows; /* of the one that is being made */
    bool given;          /* the chunks hold the group that was given last */
    size_t group_count;
    struct fh_buf groups; /* a RowGroup for each, for the footer */
    struct fh_buf footer;
};

int fh_parquet_new(struct fh_parquet **out,
                   const struct fh_field *fields,
                   size_t count,
                   struct fh_err *err)
{
    struct fh_parquet *parquet = fh_calloc(1, sizeof *parquet);
    if (parquet == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a Parquet file");
    }
    fh_facts_init(&parquet->facts);
    fh_buf_init(&parquet->scratch.page, FH_PARQUET_PAGE_BYTES_MAX);
    fh_buf_init(&parquet->scratch.numbers, FH_PARQUET_PAGE_BYTES_MAX);
    fh_buf_init(&parquet->scratch.known, FH_PARQUET_PAGE_BYTES_MAX);
    fh_buf_init(&parquet->groups, FH_PARQUET_FOOTER_BYTES_MAX);
    fh_buf_init(&parquet->footer, FH_PARQUET_FOOTER_BYTES_MAX);
    parquet->chunks = fh_calloc(count, sizeof *parquet->chunks);
    if (parquet->chunks == NULL) {
        fh_parquet_free(parquet);
        return fh_err_set(err, FH_ENOMEM, "no memory for a Parquet file");
    }
    parquet->fields = fields;
    parquet->count = count;
    for (size_t i = 0; i < count; i++) {
        fh_parquet_chunk_init(&parquet->chunks[i], &fields[i]);
    }
    *out = parquet;
    return FH_OK;
}

void fh_parquet_free(struct fh_parquet *parquet)
{
    if (parquet == NULL) {
        return;
    }
    for (size_t i = 0; i < parquet->count; i++) {
        fh_parquet_chunk_fini(&parquet->chunks[i]);
    }
    fh_free(parquet->chunks);
    fh_facts_fini(&parquet->facts);
    fh_buf_fini(&parquet->scratch.page);
    fh_buf_fini(&parquet->scratch.numbers);
    fh_buf_fini(&parquet->scratch.known);
    fh_buf_fini(&parquet->groups);
    fh_buf_fini(&parquet->footer);
    fh_piece_list_fini(&parquet->pieces);
    fh_free(parquet);
}

/* Hands out what was collected since the list was reset. */
static int give(struct fh_parquet *parquet, struct fh_pieces *out, struct fh_err *err)
{
    parquet->offset += parquet->pieces.bytes;
    return fh_piece_list_view(&parquet->pieces, out, err);
}

static void copy_facts(struct fh_parquet *parquet, const struct fh_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        fh_facts_add(&parquet->facts, facts->facts[i].name, fh_facts_value(facts, i));
    }
}

int fh_parquet_begin(struct fh_parquet *parquet,
                     const struct fh_facts *facts,
                     struct fh_pieces *out,
                     struct fh_err *err)
{
    copy_facts(parquet, facts);
    fh_piece_list_reset(&parquet->pieces);
    fh_piece_list_add(&parquet->pieces, magic, sizeof magic);
    return give(parquet, out, err);
}

/* ---- row groups ---- */

/* Adds the group to the pieces and to the footer. */
static void close_group(struct fh_parquet *parquet)
{
    struct fh_thrift thrift;
    uint64_t begin = parquet->offset + parquet->pieces.bytes;
    size_t bytes = 0;
    fh_thrift_begin(&thrift, &parquet->groups);
    fh_thrift_list(&thrift, 1, FH_THRIFT_STRUCT, parquet->count);
    for (size_t i = 0; i < parquet->count; i++) {
        bytes +=
            fh_parquet_chunk_close(&parquet->chunks[i], begin + bytes, &parquet->pieces, &thrift);
    }
    fh_thrift_i64(&thrift, 2, (int64_t)bytes);
    fh_thrift_i64(&thrift, 3, (int64_t)parquet->group_rows);
    fh_thrift_i64(&thrift, 5, (int64_t)begin);
    fh_thrift_i64(&thrift, 6, (int64_t)bytes);
    fh_thrift_end(&thrift);
    parquet->group_count++;
    parquet->group_rows = 0;
    parquet->given = true;
}

static bool is_full(const struct fh_parquet *parquet)
{
    size_t bytes = 0;
    for (size_t i = 0; i < parquet->count; i++) {
        bytes += fh_parquet_chunk_size(&parquet->chunks[i]);
    }
    return parquet->group_rows >= FH_PARQUET_GROUP_ROWS || bytes >= FH_PARQUET_GROUP_BYTES;
}

/* Memory is kept for the next group, unless it is much more than one takes: columns that are large
 * in turn would add up. */
static void empty_chunks(struct fh_parquet *parquet)
{
    size_t memory = 0;
    for (size_t i = 0; i < parquet->count; i++) {
        memory += fh_parquet_chunk_memory(&parquet->chunks[i]);
    }
    for (size_t i = 0; i < parquet->count; i++) {
        fh_parquet_chunk_reset(&parquet->chunks[i], memory <= MEMORY_KEPT_MAX);
    }
    parquet->given = false;
}

int fh_parquet_batch(struct fh_parquet *parquet,
                     const struct freehold_vector *vectors,
                     size_t rows,
                     struct fh_pieces *out,
                     struct fh_err *err)
{
    fh_piece_list_reset(&parquet->pieces);
    if (parquet->given) {
        empty_chunks(parquet);
    }
    for (size_t i = 0; i < parquet->count; i++) {
        FH_ASSERT(vectors[i].rows == rows);
        int code = fh_parquet_chunk_add(&parquet->chunks[i], &vectors[i], &parquet->scratch, err);
        if (code != FH_OK) {
            return code;
        }
    }
    parquet->group_rows += rows;
    parquet->rows += rows;
    if (is_full(parquet)) {
        close_group(parquet);
    }
    return give(parquet, out, err);
}

/* ---- footer ---- */

static void put_facts(struct fh_thrift *thrift, int field, const struct fh_facts *facts)
{
    fh_thrift_list(thrift, field, FH_THRIFT_STRUCT, facts->count);
    for (size_t i = 0; i < facts->count; i++) {
        fh_thrift_element(thrift);
        fh_thrift_text(thrift, 1, fh_bytes_cstr(facts->facts[i].name));
        fh_thrift_text(thrift, 2, fh_facts_value(facts, i));
        fh_thrift_end(thrift);
    }
}

static void put_footer(struct fh_parquet *parquet)
{
    struct fh_thrift thrift;
    struct fh_buf *out = &parquet->footer;
    uint8_t size[4];
    fh_thrift_begin(&thrift, out);
    fh_thrift_i32(&thrift, 1, FORMAT_VERSION);
    fh_parquet_schema(&thrift, 2, parquet->fields, parquet->count);
    fh_thrift_i64(&thrift, 3, (int64_t)parquet->rows);
    fh_thrift_list(&thrift, 4, FH_THRIFT_STRUCT, parquet->group_count);
    fh_buf_add_bytes(out, fh_buf_view(&parquet->groups));
    put_facts(&thrift, 5, &parquet->facts);
    fh_thrift_text(&thrift, 6, fh_bytes_cstr("freehold version " FH_VERSION " (build 0)"));
    fh_thrift_end(&thrift);
    fh_flat_put(size, out->size, sizeof size);
    fh_buf_add(out, size, sizeof size);
    fh_buf_add(out, magic, sizeof magic);
}

int fh_parquet_end(struct fh_parquet *parquet,
                   const struct fh_facts *facts,
                   struct fh_pieces *out,
                   struct fh_err *err)
{
    copy_facts(parquet, facts);
    fh_piece_list_reset(&parquet->pieces);
    if (parquet->group_rows > 0) {
        close_group(parquet);
    }
    put_footer(parquet);
    int code = fh_buf_ok(&parquet->footer);
    if (code == FH_OK) {
        code = fh_buf_ok(&parquet->groups);
    }
    if (code == FH_OK) {
        code = fh_buf_ok(&parquet->facts.text);
    }
    if (code != FH_OK) {
        return fh_err_rule(err,
                           code,
                           "parquet.footer",
                           "the footer of the file is too large; ask for fewer columns or rows");
    }
    fh_piece_list_add(&parquet->pieces, parquet->footer.data, parquet->footer.size);
    return give(parquet, out, err);
}
