/* SPDX-License-Identifier: Apache-2.0 */
/* Decoders of channel payloads: all foreign, on either end. */
#include "proto/query/channel.h"

#include "proto/query/payload.h"
#include "proto/wire/id.h"

#include <string.h>

enum {
    PRODUCT_BYTES_MAX = FH_NAME_BYTES_MAX + 12, /* name, '@' and a major version */
    COLUMN_FIELDS = 5,
    TABLE_FIELDS = 11,
    WINDOW_MAX = 1024, /* nobody buffers that many batches; keeps sums small */
};

static int refuse(struct fh_err *err, const char *rule, const char *why)
{
    return fh_err_rule(err, FH_EPROTO, rule, "channel: %s", why);
}

/* Enters the payload's array of at least `fields`, whose first is the version. */
static int begin(struct fh_pack_reader *r,
                 struct fh_bytes payload,
                 uint32_t fields,
                 uint32_t *out_fields,
                 struct fh_err *err)
{
    int code = fh_payload_begin(r, payload, FH_AST_BYTES_MAX + 64, fields, out_fields, err);
    if (code != FH_OK) {
        return code;
    }
    uint64_t version = fh_pack_read_uint(r, UINT32_MAX);
    if (r->failed == FH_OK && version != FH_CHANNEL_VERSION) {
        return refuse(err, "channel.version", "a version that this side does not know");
    }
    return FH_OK;
}

int fh_channel_get_hello(struct fh_channel_hello *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 2, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_hello hello = {.version = FH_CHANNEL_VERSION};
    fh_pack_read_cstr(&r, hello.engine, sizeof hello.engine);
    code = fh_payload_end(&r, fields, 2, "HELLO", err);
    if (code == FH_OK) {
        *out = hello;
    }
    return code;
}

int fh_channel_get_setup(struct fh_channel_setup *out,
                         struct fh_bytes payload,
                         struct fh_arena *arena,
                         struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 8, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_setup setup = {0};
    setup.role = (enum fh_worker_role)fh_pack_read_uint(&r, FH_WORKER_ROLE_COUNT - 1);
    setup.memory_mib = (uint32_t)fh_pack_read_uint(&r, 1024 * 1024);
    setup.threads = (uint32_t)fh_pack_read_uint(&r, FH_WORKER_THREADS_MAX);
    setup.cpu_s = (uint32_t)fh_pack_read_uint(&r, UINT32_MAX);
    setup.layers = (uint32_t)fh_pack_read_uint(&r, FH_LAYERS_ALL);
    setup.spill_mib = (uint32_t)fh_pack_read_uint(&r, UINT32_MAX);
    setup.spill = fh_payload_string(&r, 4096, arena);
    code = fh_payload_end(&r, fields, 8, "SETUP", err);
    if (code == FH_OK && (setup.memory_mib == 0 || setup.threads == 0)) {
        return refuse(err, "channel.setup", "SETUP: memory and threads must be at least 1");
    }
    if (code == FH_OK) {
        *out = setup;
    }
    return code;
}

static uint32_t
read_columns(struct fh_pack_reader *r, struct fh_arena *arena, const struct fh_column **out)
{
    uint32_t count = fh_pack_read_array(r, FH_BATCH_COLUMNS_MAX);
    struct fh_column *columns = fh_arena_array(arena, (size_t)count + 1, sizeof *columns);
    if (columns == NULL) {
        fh_pack_fail(r, "too many columns");
        return 0;
    }
    for (uint32_t i = 0; i < count && r->failed == FH_OK; i++) {
        uint32_t fields = fh_pack_read_record(r, COLUMN_FIELDS);
        columns[i].name = fh_payload_string(r, FH_COLUMN_NAME_BYTES_MAX, arena);
        columns[i].source = fh_payload_string(r, FH_COLUMN_NAME_BYTES_MAX, arena);
        columns[i].type.code = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
        columns[i].type.precision = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
        columns[i].type.scale = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
        fh_pack_read_record_end(r, fields, COLUMN_FIELDS);
        if (r->failed == FH_OK && !fh_type_valid(columns[i].type)) {
            fh_pack_fail(r, "expected a column type of this version");
        }
    }
    *out = columns;
    return count;
}

static uint32_t
read_keys(struct fh_pack_reader *r, struct fh_arena *arena, const struct fh_mask_key **out)
{
    uint32_t count = fh_pack_read_array(r, FH_BATCH_COLUMNS_MAX);
    struct fh_mask_key *keys = fh_arena_array(arena, (size_t)count + 1, sizeof *keys);
    if (keys == NULL) {
        fh_pack_fail(r, "too many keys");
        return 0;
    }
    for (uint32_t i = 0; i < count && r->failed == FH_OK; i++) {
        uint32_t fields = fh_pack_read_record(r, 2);
        keys[i].id = fh_pack_read_uint(r, UINT64_MAX);
        struct fh_bytes key = fh_pack_read_bin(r, FH_MASK_KEY_BYTES);
        fh_pack_read_record_end(r, fields, 2);
        if (r->failed == FH_OK && key.size != FH_MASK_KEY_BYTES) {
            fh_pack_fail(r, "expected a key of 16 bytes");
        } else if (r->failed == FH_OK) {
            memcpy(keys[i].b, key.data, FH_MASK_KEY_BYTES);
        }
    }
    *out = keys;
    return count;
}

static void read_table(struct fh_table *out, struct fh_pack_reader *r, struct fh_arena *arena)
{
    uint32_t fields = fh_pack_read_record(r, TABLE_FIELDS);
    out->domain = fh_payload_string(r, FH_NAME_BYTES_MAX, arena);
    out->product = fh_payload_string(r, PRODUCT_BYTES_MAX, arena);
    out->table = fh_payload_string(r, FH_NAME_BYTES_MAX, arena);
    out->sole = fh_pack_read_bool(r);
    out->number = (unsigned)fh_pack_read_uint(r, UINT32_MAX);
    out->format = (enum fh_source_format)fh_pack_read_uint(r, FH_SOURCE_FORMAT_COUNT - 1);
    out->file_count = (unsigned)fh_pack_read_uint(r, FH_WORKER_FILES_MAX);
    out->first_file = (unsigned)fh_pack_read_uint(r, FH_WORKER_FILES_MAX);
    out->row_estimate = fh_pack_read_uint(r, UINT64_MAX);
    out->column_count = read_columns(r, arena, &out->columns);
    out->key_count = read_keys(r, arena, &out->keys);
    fh_pack_read_record_end(r, fields, TABLE_FIELDS);
    if (r->failed != FH_OK) {
        return;
    }
    bool named = out->domain[0] == 0 ||
                 (fh_name_check("domain", out->domain, NULL) == FH_OK && out->product[0] != 0);
    if (!named || out->table[0] == 0) {
        fh_pack_fail(r, "expected names of a domain, a product and a table");
    } else if (out->column_count == 0) {
        fh_pack_fail(r, "expected at least one column");
    } else if ((out->format == FH_SOURCE_REMOTE || out->format == FH_SOURCE_BARRIER) !=
               (out->file_count == 0)) {
        fh_pack_fail(r, "expected files for a file source, and none for another one");
    }
}

int fh_channel_get_tables(struct fh_table **out,
                          uint32_t *out_count,
                          struct fh_bytes payload,
                          struct fh_arena *arena,
                          struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 2, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    uint32_t count = fh_pack_read_array(&r, FH_QUERY_TABLES_MAX);
    struct fh_table *tables = fh_arena_array(arena, (size_t)count + 1, sizeof *tables);
    if (tables == NULL) {
        return fh_err_set(err, FH_ENOMEM, "channel: no memory for %u tables", count);
    }
    for (uint32_t i = 0; i < count && r.failed == FH_OK; i++) {
        read_table(&tables[i], &r, arena);
    }
    code = fh_payload_end(&r, fields, 2, "TABLES", err);
    if (code == FH_OK) {
        *out = tables;
        *out_count = count;
    }
    return code;
}

int fh_channel_get_text(struct fh_channel_text *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 3, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_text text = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    /* the parser's tree comes in this shape too */
    text.sql = fh_pack_read_str(&r, FH_AST_BYTES_MAX);
    code = fh_payload_end(&r, fields, 3, "text", err);
    if (code == FH_OK) {
        *out = text;
    }
    return code;
}

/* A list of at most `most` indices, each below `end`. */
static uint32_t read_indices(struct fh_pack_reader *r,
                             uint32_t most,
                             uint32_t end,
                             struct fh_arena *arena,
                             const uint32_t **out)
{
    uint32_t count = fh_pack_read_array(r, most);
    uint32_t *indices = fh_arena_array(arena, (size_t)count + 1, sizeof *indices);
    if (indices == NULL) {
        fh_pack_fail(r, "too many columns");
        return 0;
    }
    for (uint32_t i = 0; i < count && r->failed == FH_OK; i++) {
        indices[i] = (uint32_t)fh_pack_read_uint(r, end == 0 ? 0 : end - 1);
    }
    *out = indices;
    return count;
}

int fh_channel_get_probe(struct fh_channel_probe *out,
                         struct fh_bytes payload,
                         struct fh_arena *arena,
                         struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 4, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_probe probe = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    read_table(&probe.table, &r, arena);
    probe.probe_count = fh_pack_read_array(&r, FH_PROBES_MAX);
    struct fh_probe *probes = fh_arena_array(arena, (size_t)probe.probe_count + 1, sizeof *probes);
    if (probes == NULL) {
        return fh_err_set(err, FH_ENOMEM, "channel: no memory for probes");
    }
    for (uint32_t i = 0; i < probe.probe_count && r.failed == FH_OK; i++) {
        uint32_t inner = fh_pack_read_record(&r, 2);
        probes[i].sql = fh_payload_string(&r, FH_CHANNEL_TABLES_BYTES_MAX, arena);
        probes[i].column_count = read_indices(
            &r, FH_BATCH_COLUMNS_MAX, probe.table.column_count, arena, &probes[i].columns);
        fh_pack_read_record_end(&r, inner, 2);
    }
    probe.probes = probes;
    code = fh_payload_end(&r, fields, 4, "PROBE", err);
    if (code == FH_OK && probe.table.file_count == 0) {
        return refuse(err, "channel.probe", "PROBE: expected a source of files");
    }
    if (code == FH_OK) {
        *out = probe;
    }
    return code;
}

int fh_channel_get_sample(struct fh_channel_sample *out,
                          struct fh_bytes payload,
                          struct fh_arena *arena,
                          struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 6, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_sample sample = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    read_table(&sample.table, &r, arena);
    sample.tail = fh_payload_string(&r, FH_CHANNEL_TABLES_BYTES_MAX, arena);
    sample.rows_max = (uint32_t)fh_pack_read_uint(&r, FH_SAMPLE_ROWS_MAX);
    sample.column_count =
        read_indices(&r, FH_SAMPLE_COLUMNS_MAX, sample.table.column_count, arena, &sample.columns);
    code = fh_payload_end(&r, fields, 6, "SAMPLE", err);
    if (code == FH_OK && (sample.table.file_count == 0 || sample.column_count == 0)) {
        return refuse(err, "channel.sample", "SAMPLE: expected columns of a source of files");
    }
    if (code == FH_OK) {
        *out = sample;
    }
    return code;
}

int fh_channel_get_run(struct fh_channel_run *out,
                       struct fh_bytes payload,
                       struct fh_arena *arena,
                       struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 7, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_run run = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    run.sql = fh_pack_read_str(&r, FH_CHANNEL_RUN_BYTES_MAX);
    run.rows_max = fh_pack_read_uint(&r, UINT64_MAX);
    run.window = (uint32_t)fh_pack_read_uint(&r, WINDOW_MAX);
    run.param_count = fh_pack_read_array(&r, FH_SQL_PARAMS_MAX);
    struct fh_cell *params = fh_arena_array(arena, (size_t)run.param_count + 1, sizeof *params);
    if (params == NULL) {
        return fh_err_set(err, FH_ENOMEM, "channel: no memory for parameters");
    }
    for (uint32_t i = 0; i < run.param_count && r.failed == FH_OK; i++) {
        fh_param_read_value(&r, &params[i]);
    }
    run.params = params;
    run.encodings = (uint32_t)fh_pack_read_uint(&r, UINT32_MAX);
    code = fh_payload_end(&r, fields, 7, "RUN", err);
    if (code == FH_OK && run.window == 0) {
        return refuse(err, "channel.window", "RUN: the window must be at least 1");
    }
    if (code == FH_OK) {
        *out = run;
    }
    return code;
}

int fh_channel_get_count(struct fh_channel_count *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 3, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_count count = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    count.count = fh_pack_read_uint(&r, UINT64_MAX);
    code = fh_payload_end(&r, fields, 3, "count", err);
    if (code == FH_OK) {
        *out = count;
    }
    return code;
}

int fh_channel_get_error(struct fh_channel_error *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 6, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_error error = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    error.code = (int)fh_pack_read_uint(&r, UINT8_MAX);
    error.position = (uint32_t)fh_pack_read_uint(&r, FH_SQL_BYTES_MAX + 1);
    fh_pack_read_cstr(&r, error.rule, sizeof error.rule);
    fh_pack_read_cstr(&r, error.text, sizeof error.text);
    code = fh_payload_end(&r, fields, 6, "ERROR", err);
    if (code == FH_OK && error.code == FH_OK) {
        return refuse(err, "channel.error", "ERROR: a code other than 0 was expected");
    }
    if (code == FH_OK) {
        *out = error;
    }
    return code;
}

int fh_channel_get_probed(struct fh_channel_probed *out,
                          struct fh_bytes payload,
                          struct fh_arena *arena,
                          struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 6, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_probed probed = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    probed.rows = fh_pack_read_uint(&r, INT64_MAX);
    probed.elapsed_us = fh_pack_read_uint(&r, UINT64_MAX);
    probed.missing_count =
        read_indices(&r, FH_BATCH_COLUMNS_MAX, FH_BATCH_COLUMNS_MAX, arena, &probed.missing);
    probed.result_count = fh_pack_read_array(&r, FH_PROBES_MAX);
    struct fh_probe_result *results =
        fh_arena_array(arena, (size_t)probed.result_count + 1, sizeof *results);
    if (results == NULL) {
        return fh_err_set(err, FH_ENOMEM, "channel: no memory for results of probes");
    }
    for (uint32_t i = 0; i < probed.result_count && r.failed == FH_OK; i++) {
        uint32_t inner = fh_pack_read_record(&r, 3);
        results[i].state = (enum fh_probe_state)fh_pack_read_uint(&r, FH_PROBE_STATE_COUNT - 1);
        results[i].value = fh_pack_read_int(&r);
        results[i].reason = fh_payload_string(&r, FH_ERR_TEXT_BYTES, arena);
        fh_pack_read_record_end(&r, inner, 3);
    }
    probed.results = results;
    code = fh_payload_end(&r, fields, 6, "PROBED", err);
    if (code == FH_OK) {
        *out = probed;
    }
    return code;
}

int fh_channel_get_sampled(struct fh_channel_sampled *out,
                           struct fh_bytes payload,
                           struct fh_arena *arena,
                           struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 4, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_sampled sampled = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    sampled.column_count = (uint32_t)fh_pack_read_uint(&r, FH_SAMPLE_COLUMNS_MAX);
    uint32_t count = fh_pack_read_array(&r, FH_SAMPLE_ROWS_MAX * FH_SAMPLE_COLUMNS_MAX);
    sampled.cells = fh_arena_array(arena, (size_t)count + 1, sizeof *sampled.cells);
    if (sampled.cells == NULL) {
        return fh_err_set(err, FH_ENOMEM, "channel: no memory for a sample");
    }
    for (uint32_t i = 0; i < count && r.failed == FH_OK; i++) {
        if (fh_pack_peek(&r) == FH_PACK_NIL) {
            fh_pack_skip(&r);
        } else {
            sampled.cells[i] = fh_payload_string(&r, FH_ERR_TEXT_BYTES, arena);
        }
    }
    code = fh_payload_end(&r, fields, 4, "SAMPLED", err);
    if (code == FH_OK && (sampled.column_count == 0 || count % sampled.column_count != 0)) {
        return refuse(err, "channel.sample", "SAMPLED: expected whole rows");
    }
    if (code == FH_OK) {
        sampled.row_count = count / sampled.column_count;
        *out = sampled;
    }
    return code;
}

int fh_channel_get_described(struct fh_channel_described *out,
                             struct fh_bytes payload,
                             struct fh_arena *arena,
                             struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 3, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_described described = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    described.column_count = read_columns(&r, arena, &described.columns);
    code = fh_payload_end(&r, fields, 3, "DESCRIBED", err);
    if (code == FH_OK) {
        *out = described;
    }
    return code;
}

int fh_channel_get_end(struct fh_channel_end *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 5, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_end end = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    end.rows = fh_pack_read_uint(&r, UINT64_MAX);
    end.batches = fh_pack_read_uint(&r, UINT64_MAX);
    end.bytes = fh_pack_read_uint(&r, UINT64_MAX);
    code = fh_payload_end(&r, fields, 5, "END", err);
    if (code == FH_OK) {
        *out = end;
    }
    return code;
}

int fh_channel_get_scan(struct fh_channel_scan *out,
                        struct fh_bytes payload,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = begin(&r, payload, 5, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_scan scan = {.scan = fh_pack_read_uint(&r, UINT64_MAX)};
    scan.number = (uint32_t)fh_pack_read_uint(&r, UINT32_MAX);
    scan.want = (uint32_t)fh_pack_read_uint(&r, WINDOW_MAX);
    scan.column_count = fh_pack_read_array(&r, FH_BATCH_COLUMNS_MAX);
    uint32_t *columns = fh_arena_array(arena, (size_t)scan.column_count + 1, sizeof *columns);
    if (columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "channel: no memory for columns");
    }
    for (uint32_t i = 0; i < scan.column_count && r.failed == FH_OK; i++) {
        columns[i] = (uint32_t)fh_pack_read_uint(&r, FH_BATCH_COLUMNS_MAX - 1);
    }
    scan.columns = columns;
    code = fh_payload_end(&r, fields, 5, "SCAN_OPEN", err);
    if (code == FH_OK) {
        *out = scan;
    }
    return code;
}
