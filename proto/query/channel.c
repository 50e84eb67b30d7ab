/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/channel.h"

#include "proto/wire/pack.h"

#include <string.h>
#include <strings.h>

enum { COLUMN_FIELDS = 5, TABLE_FIELDS = 11 };

static const struct kind_row {
    unsigned kind;
    size_t max;
    const char *text;
} kinds[] = {
#define X(name, code, max) {(code), (max), #name},
    FH_CHANNEL_KINDS(X)
#undef X
};

static const struct kind_row *find_kind(unsigned kind)
{
    for (size_t i = 0; i < FH_COUNT(kinds); i++) {
        if (kinds[i].kind == kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

const char *fh_channel_kind_text(unsigned kind)
{
    const struct kind_row *row = find_kind(kind);
    return row == NULL ? "unknown" : row->text;
}

int fh_channel_head(const uint8_t head[FH_CHANNEL_HEAD_BYTES],
                    unsigned *out_kind,
                    size_t *out_payload,
                    struct fh_err *err)
{
    uint32_t length = fh_get_u32be(head);
    const struct kind_row *row = find_kind(head[4]);
    if (row == NULL) {
        return fh_err_rule(
            err, FH_EPROTO, "channel.kind", "channel: frame kind %u is not known", head[4]);
    }
    if (length < 1 || length - 1 > row->max) {
        return fh_err_rule(err,
                           FH_EPROTO,
                           "channel.size",
                           "channel: a %s frame of %u bytes; at most %zu are allowed",
                           row->text,
                           length,
                           row->max + 1);
    }
    *out_kind = head[4];
    *out_payload = length - 1;
    return FH_OK;
}

void fh_channel_put_head(uint8_t head[FH_CHANNEL_HEAD_BYTES], unsigned kind, size_t payload)
{
    fh_put_u32be(head, (uint32_t)(payload + 1));
    head[4] = (uint8_t)kind;
}

enum fh_source_format fh_source_format_parse(const char *text)
{
    static const struct {
        const char *text;
        enum fh_source_format format;
    } names[] = {
        {"parquet", FH_SOURCE_PARQUET},
        {"csv", FH_SOURCE_CSV},
        {"json", FH_SOURCE_JSON},
        {"ndjson", FH_SOURCE_JSON},
        {"jsonl", FH_SOURCE_JSON},
    };
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        if (strcasecmp(names[i].text, text) == 0) {
            return names[i].format;
        }
    }
    return FH_SOURCE_FORMAT_COUNT;
}

/* ---- encoding ---- */

void fh_channel_put_hello(struct fh_buf *out, const struct fh_channel_hello *hello)
{
    fh_pack_array(out, 2);
    fh_pack_uint(out, hello->version);
    fh_pack_cstr(out, hello->engine);
}

void fh_channel_put_setup(struct fh_buf *out, const struct fh_channel_setup *setup)
{
    fh_pack_array(out, 8);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, setup->role);
    fh_pack_uint(out, setup->memory_mib);
    fh_pack_uint(out, setup->threads);
    fh_pack_uint(out, setup->cpu_s);
    fh_pack_uint(out, setup->layers);
    fh_pack_uint(out, setup->spill_mib);
    fh_pack_cstr(out, setup->spill);
}

static void put_columns(struct fh_buf *out, const struct fh_column *columns, uint32_t count)
{
    fh_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_pack_array(out, COLUMN_FIELDS);
        fh_pack_cstr(out, columns[i].name);
        fh_pack_cstr(out, columns[i].source);
        fh_pack_uint(out, columns[i].type.code);
        fh_pack_uint(out, columns[i].type.precision);
        fh_pack_uint(out, columns[i].type.scale);
    }
}

static void put_table(struct fh_buf *out, const struct fh_table *table)
{
    fh_pack_array(out, TABLE_FIELDS);
    fh_pack_cstr(out, table->domain);
    fh_pack_cstr(out, table->product);
    fh_pack_cstr(out, table->table);
    fh_pack_bool(out, table->sole);
    fh_pack_uint(out, table->number);
    fh_pack_uint(out, table->format);
    fh_pack_uint(out, table->file_count);
    fh_pack_uint(out, table->first_file);
    fh_pack_uint(out, table->row_estimate);
    put_columns(out, table->columns, table->column_count);
    fh_pack_array(out, table->key_count);
    for (uint32_t i = 0; i < table->key_count; i++) {
        fh_pack_array(out, 2);
        fh_pack_uint(out, table->keys[i].id);
        fh_pack_bin(out, fh_bytes(table->keys[i].b, FH_MASK_KEY_BYTES));
    }
}

void fh_channel_put_tables(struct fh_buf *out, const struct fh_table *tables, uint32_t count)
{
    fh_pack_array(out, 2);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        put_table(out, &tables[i]);
    }
}

void fh_channel_put_text(struct fh_buf *out, const struct fh_channel_text *text)
{
    fh_pack_array(out, 3);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, text->id);
    fh_pack_str(out, text->sql);
}

static void put_indices(struct fh_buf *out, const uint32_t *indices, uint32_t count)
{
    fh_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_pack_uint(out, indices[i]);
    }
}

void fh_channel_put_probe(struct fh_buf *out, const struct fh_channel_probe *probe)
{
    fh_pack_array(out, 4);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, probe->id);
    put_table(out, &probe->table);
    fh_pack_array(out, probe->probe_count);
    for (uint32_t i = 0; i < probe->probe_count; i++) {
        fh_pack_array(out, 2);
        fh_pack_cstr(out, probe->probes[i].sql);
        put_indices(out, probe->probes[i].columns, probe->probes[i].column_count);
    }
}

void fh_channel_put_sample(struct fh_buf *out, const struct fh_channel_sample *sample)
{
    fh_pack_array(out, 6);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, sample->id);
    put_table(out, &sample->table);
    fh_pack_cstr(out, sample->tail);
    fh_pack_uint(out, sample->rows_max);
    put_indices(out, sample->columns, sample->column_count);
}

void fh_channel_put_run(struct fh_buf *out, const struct fh_channel_run *run)
{
    fh_pack_array(out, 7);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, run->id);
    fh_pack_str(out, run->sql);
    fh_pack_uint(out, run->rows_max);
    fh_pack_uint(out, run->window);
    fh_pack_array(out, run->param_count);
    for (uint32_t i = 0; i < run->param_count; i++) {
        fh_param_put_value(out, &run->params[i]);
    }
    fh_pack_uint(out, run->encodings);
}

void fh_channel_put_count(struct fh_buf *out, const struct fh_channel_count *count)
{
    fh_pack_array(out, 3);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, count->id);
    fh_pack_uint(out, count->count);
}

/* DuckDB's texts may be cut in mid-character or hold what the encoding refuses. */
static void put_clean(struct fh_buf *out, const char *text)
{
    char clean[FH_ERR_TEXT_BYTES];
    size_t size = strlen(text);
    size = size < sizeof clean - 1 ? size : sizeof clean - 1;
    memcpy(clean, text, size);
    if (!fh_utf8_valid(fh_bytes(clean, size))) {
        for (size_t i = 0; i < size; i++) {
            clean[i] = (unsigned char)clean[i] < 0x80 ? clean[i] : '?';
        }
    }
    fh_pack_str(out, fh_bytes(clean, size));
}

void fh_channel_put_error(struct fh_buf *out, const struct fh_channel_error *error)
{
    fh_pack_array(out, 6);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, error->id);
    fh_pack_uint(out, (uint64_t)error->code);
    fh_pack_uint(out, error->position);
    put_clean(out, error->rule);
    put_clean(out, error->text);
}

void fh_channel_put_probed(struct fh_buf *out, const struct fh_channel_probed *probed)
{
    fh_pack_array(out, 6);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, probed->id);
    fh_pack_uint(out, probed->rows);
    fh_pack_uint(out, probed->elapsed_us);
    put_indices(out, probed->missing, probed->missing_count);
    fh_pack_array(out, probed->result_count);
    for (uint32_t i = 0; i < probed->result_count; i++) {
        fh_pack_array(out, 3);
        fh_pack_uint(out, probed->results[i].state);
        fh_pack_int(out, probed->results[i].value);
        put_clean(out, probed->results[i].reason);
    }
}

void fh_channel_put_sampled(struct fh_buf *out, const struct fh_channel_sampled *sampled)
{
    fh_pack_array(out, 4);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, sampled->id);
    fh_pack_uint(out, sampled->column_count);
    fh_pack_array(out, sampled->row_count * sampled->column_count);
    for (uint32_t i = 0; i < sampled->row_count * sampled->column_count; i++) {
        if (sampled->cells[i] == NULL) {
            fh_pack_nil(out);
        } else {
            put_clean(out, sampled->cells[i]);
        }
    }
}

void fh_channel_put_described(struct fh_buf *out, const struct fh_channel_described *described)
{
    fh_pack_array(out, 3);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, described->id);
    put_columns(out, described->columns, described->column_count);
}

void fh_channel_put_end(struct fh_buf *out, const struct fh_channel_end *end)
{
    fh_pack_array(out, 5);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, end->id);
    fh_pack_uint(out, end->rows);
    fh_pack_uint(out, end->batches);
    fh_pack_uint(out, end->bytes);
}

void fh_channel_put_scan(struct fh_buf *out, const struct fh_channel_scan *scan)
{
    fh_pack_array(out, 5);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, scan->scan);
    fh_pack_uint(out, scan->number);
    fh_pack_uint(out, scan->want);
    fh_pack_array(out, scan->column_count);
    for (uint32_t i = 0; i < scan->column_count; i++) {
        fh_pack_uint(out, scan->columns[i]);
    }
}
