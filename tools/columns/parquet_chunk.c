/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/parquet_chunk.h"

#include "common/assert.h"
#include "common/limits.h"
#include "tools/columns/flat.h"
#include "tools/columns/hybrid.h"
#include "tools/columns/parquet_schema.h"
#include "tools/columns/parquet_values.h"

#include <string.h>

/* parquet.thrift */
enum {
    PAGE_DATA = 0,
    PAGE_DICTIONARY = 2,
    ENCODING_PLAIN = 0,
    ENCODING_RLE = 3,
    ENCODING_RLE_DICTIONARY = 8,
    CODEC_NONE = 0,
};

enum {
    HEAD_BYTES_MAX = 256,
    LEVELS_SIZE_BYTES = 4,
};

static const uint32_t unknown = UINT32_MAX;

void fh_parquet_chunk_init(struct fh_parquet_chunk *chunk, const struct fh_field *field)
{
    *chunk = (struct fh_parquet_chunk){.field = *field};
    fh_buf_init(&chunk->pages, FH_PARQUET_CHUNK_BYTES_MAX);
    fh_buf_init(&chunk->dictionary_head, HEAD_BYTES_MAX);
    fh_text_set_init(&chunk->texts);
}

void fh_parquet_chunk_fini(struct fh_parquet_chunk *chunk)
{
    fh_buf_fini(&chunk->pages);
    fh_buf_fini(&chunk->dictionary_head);
    fh_text_set_fini(&chunk->texts);
}

void fh_parquet_chunk_reset(struct fh_parquet_chunk *chunk, bool keep)
{
    if (!keep) {
        struct fh_field field = chunk->field;
        fh_parquet_chunk_fini(chunk);
        fh_parquet_chunk_init(chunk, &field);
        return;
    }
    fh_buf_reset(&chunk->pages);
    fh_buf_reset(&chunk->dictionary_head);
    fh_text_set_reset(&chunk->texts);
    chunk->rows = 0;
    chunk->nulls = 0;
    chunk->by_number = false;
    chunk->by_value = false;
}

/* ---- pages ---- */

static void put_levels(struct fh_buf *page, const struct freehold_vector *vector)
{
    uint8_t size[LEVELS_SIZE_BYTES] = {0};
    size_t at = page->size;
    fh_buf_add(page, size, sizeof size);
    fh_hybrid_levels(page, vector->nulls == 0 ? NULL : vector->validity, vector->rows);
    if (fh_buf_ok(page) == FH_OK) {
        fh_flat_put(page->data + at, page->size - at - sizeof size, sizeof size);
    }
}

/* The texts as numbers of the dictionary; false when it is full, and the page unchanged. Entries of
 * a batch's own dictionary are looked up once, and only those that a row has. */
static bool put_numbers(struct fh_parquet_chunk *chunk,
                        const struct freehold_vector *vector,
                        struct fh_parquet_scratch *scratch)
{
    fh_buf_reset(&scratch->numbers);
    fh_buf_reset(&scratch->known);
    size_t count = vector->rows - vector->nulls;
    uint32_t *numbers = (void *)fh_buf_reserve(&scratch->numbers, count * sizeof *numbers);
    uint32_t *known = (void *)fh_buf_reserve(&scratch->known, vector->entries * sizeof *known);
    if (numbers == NULL || known == NULL) {
        return false;
    }
    memset(known, 0xFF, vector->entries * sizeof *known);
    size_t at = 0;
    for (size_t row = 0; row < vector->rows; row++) {
        if (!fh_field_has(vector, row)) {
            continue;
        }
        FH_ASSERT(at < count);
        uint32_t *number = &numbers[at++];
        uint32_t entry = vector->entries > 0 ? fh_parquet_index(vector, row) : 0;
        if (vector->entries > 0 && known[entry] != unknown) {
            *number = known[entry];
            continue;
        }
        if (!fh_text_set_number(&chunk->texts, fh_parquet_text(vector, row), number)) {
            return false;
        }
        if (vector->entries > 0) {
            known[entry] = *number;
        }
    }
    unsigned width = fh_hybrid_width((uint32_t)chunk->texts.count);
    fh_buf_add_u8(&scratch->page, (uint8_t)width);
    fh_hybrid_values(&scratch->page, numbers, count, width);
    return true;
}

static void put_head(struct fh_buf *out, int32_t page, size_t size, size_t values, int32_t encoding)
{
    struct fh_thrift thrift;
    fh_thrift_begin(&thrift, out);
    fh_thrift_i32(&thrift, 1, page);
    fh_thrift_i32(&thrift, 2, (int32_t)size); /* before and after compression */
    fh_thrift_i32(&thrift, 3, (int32_t)size);
    fh_thrift_struct(&thrift, page == PAGE_DATA ? 5 : 7);
    fh_thrift_i32(&thrift, 1, (int32_t)values);
    fh_thrift_i32(&thrift, 2, encoding);
    if (page == PAGE_DATA) {
        fh_thrift_i32(&thrift, 3, ENCODING_RLE); /* definition levels */
        fh_thrift_i32(&thrift, 4, ENCODING_RLE); /* repetition levels, of which there are none */
    }
    fh_thrift_end(&thrift);
    fh_thrift_end(&thrift);
}

int fh_parquet_chunk_add(struct fh_parquet_chunk *chunk,
                         const struct freehold_vector *vector,
                         struct fh_parquet_scratch *scratch,
                         struct fh_err *err)
{
    struct fh_buf *page = &scratch->page;
    int code = FH_OK;
    fh_buf_reset(page);
    put_levels(page, vector);
    bool numbered = fh_type_is_variable(chunk->field.type) && !chunk->texts.full &&
                    put_numbers(chunk, vector, scratch);
    if (!numbered) {
        code = fh_parquet_values(page, &chunk->field, vector, err);
    }
    if (code != FH_OK) {
        return code;
    }
    put_head(&chunk->pages,
             PAGE_DATA,
             page->size,
             vector->rows,
             numbered ? ENCODING_RLE_DICTIONARY : ENCODING_PLAIN);
    fh_buf_add_bytes(&chunk->pages, fh_buf_view(page));
    chunk->by_number = chunk->by_number || numbered;
    chunk->by_value = chunk->by_value || !numbered;
    chunk->rows += vector->rows;
    chunk->nulls += vector->nulls;
    code = fh_buf_ok(page) != FH_OK ? fh_buf_ok(page) : fh_buf_ok(&chunk->pages);
    return code == FH_OK
               ? FH_OK
               : fh_err_set(err, code, "column %s: no memory for a row group", chunk->field.name);
}

size_t fh_parquet_chunk_size(const struct fh_parquet_chunk *chunk)
{
    return chunk->pages.size + fh_text_set_size(&chunk->texts);
}

size_t fh_parquet_chunk_memory(const struct fh_parquet_chunk *chunk)
{
    return chunk->pages.capacity + fh_text_set_memory(&chunk->texts);
}

/* ---- the end of a row group ---- */

static void put_encodings(const struct fh_parquet_chunk *chunk, struct fh_thrift *thrift)
{
    fh_thrift_list(
        thrift, 2, FH_THRIFT_I32, 1U + (chunk->by_number || chunk->by_value) + chunk->by_number);
    fh_thrift_list_i32(thrift, ENCODING_RLE);
    if (chunk->by_number || chunk->by_value) {
        fh_thrift_list_i32(thrift, ENCODING_PLAIN); /* the dictionary's too */
    }
    if (chunk->by_number) {
        fh_thrift_list_i32(thrift, ENCODING_RLE_DICTIONARY);
    }
}

static void put_chunk(const struct fh_parquet_chunk *chunk,
                      uint64_t offset,
                      size_t dictionary,
                      struct fh_thrift *thrift)
{
    size_t size = dictionary + chunk->pages.size;
    fh_thrift_element(thrift);
    fh_thrift_i64(thrift, 2, 0); /* file_offset, as those who do not use it write it */
    fh_thrift_struct(thrift, 3);
    fh_thrift_i32(thrift, 1, (int32_t)fh_parquet_type_of(chunk->field.type));
    put_encodings(chunk, thrift);
    fh_thrift_list(thrift, 3, FH_THRIFT_TEXT, 1);
    fh_thrift_list_text(thrift, fh_bytes_cstr(chunk->field.name));
    fh_thrift_i32(thrift, 4, CODEC_NONE);
    fh_thrift_i64(thrift, 5, (int64_t)chunk->rows);
    fh_thrift_i64(thrift, 6, (int64_t)size);
    fh_thrift_i64(thrift, 7, (int64_t)size);
    fh_thrift_i64(thrift, 9, (int64_t)(offset + dictionary));
    if (dictionary > 0) {
        fh_thrift_i64(thrift, 11, (int64_t)offset);
    }
    fh_thrift_struct(thrift, 12); /* Statistics */
    fh_thrift_i64(thrift, 3, (int64_t)chunk->nulls);
    fh_thrift_end(thrift);
    fh_thrift_end(thrift);
    fh_thrift_end(thrift);
}

size_t fh_parquet_chunk_close(struct fh_parquet_chunk *chunk,
                              uint64_t offset,
                              struct fh_piece_list *pieces,
                              struct fh_thrift *thrift)
{
    size_t before = pieces->bytes;
    if (chunk->by_number) {
        const struct fh_buf *plain = &chunk->texts.plain;
        put_head(&chunk->dictionary_head,
                 PAGE_DICTIONARY,
                 plain->size,
                 chunk->texts.count,
                 ENCODING_PLAIN);
        fh_piece_list_add(pieces, chunk->dictionary_head.data, chunk->dictionary_head.size);
        fh_piece_list_add(pieces, plain->data, plain->size);
    }
    size_t dictionary = pieces->bytes - before;
    fh_piece_list_add(pieces, chunk->pages.data, chunk->pages.size);
    put_chunk(chunk, offset, dictionary, thrift);
    return dictionary + chunk->pages.size;
}
