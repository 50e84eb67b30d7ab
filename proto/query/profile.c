/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/profile.h"

#include "proto/query/payload.h"

enum {
    FORM = 1,
    QUESTION_FIELDS = 13,
    COLUMN_FIELDS = 13,
    PROFILE_FIELDS = 5,
    CATALOGUE_FIELDS = 3,
    PATH_BYTES_MAX = 4096,
    TYPE_BYTES_MAX = 255,
    SECRET_BYTES_MAX = 1024,
    PORT_MAX = 65535,
};

const char *fh_profile_source_text(enum fh_profile_source source)
{
    static const char *const names[FH_PROFILE_SOURCE_COUNT] = {
        [FH_PROFILE_PARQUET] = "parquet",
        [FH_PROFILE_CSV] = "csv",
        [FH_PROFILE_JSON] = "json",
        [FH_PROFILE_SQLITE] = "sqlite",
        [FH_PROFILE_POSTGRES] = "postgres",
    };
    return source < FH_PROFILE_SOURCE_COUNT ? names[source] : "unknown";
}

/* ---- encoding ---- */

void fh_profile_put_question(struct fh_buf *out, const struct fh_profile_question *question)
{
    fh_pack_array(out, QUESTION_FIELDS);
    fh_pack_uint(out, FORM);
    fh_pack_uint(out, question->id);
    fh_pack_uint(out, question->source);
    fh_pack_cstr(out, question->path);
    fh_pack_cstr(out, question->schema);
    fh_pack_cstr(out, question->table);
    fh_pack_uint(out, question->sample);
    fh_pack_cstr(out, question->host);
    fh_pack_uint(out, question->port);
    fh_pack_cstr(out, question->database);
    fh_pack_cstr(out, question->user);
    fh_pack_cstr(out, question->password);
    fh_pack_cstr(out, question->ssl_mode);
}

static void put_columns(struct fh_buf *out, const struct fh_profile_column *columns, uint32_t count)
{
    fh_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_profile_column *column = &columns[i];
        fh_pack_array(out, COLUMN_FIELDS);
        fh_pack_cstr(out, column->name);
        fh_pack_cstr(out, column->type);
        fh_pack_uint(out, column->shape);
        fh_pack_bool(out, column->observed);
        fh_pack_bool(out, column->unique);
        fh_pack_uint(out, column->nulls);
        fh_pack_uint(out, column->chars_max);
        fh_pack_cstr(out, column->minimum);
        fh_pack_cstr(out, column->maximum);
        fh_pack_uint(out, column->sampled);
        fh_pack_array(out, 2);
        fh_pack_uint(out, column->likeness);
        fh_pack_uint(out, column->alike);
        fh_pack_array(out, column->example_count);
        for (uint32_t k = 0; k < column->example_count; k++) {
            fh_pack_cstr(out, column->examples[k]);
        }
        put_columns(out, column->columns, column->column_count);
    }
}

void fh_profile_put(struct fh_buf *out, const struct fh_profile *profile)
{
    fh_pack_array(out, PROFILE_FIELDS);
    fh_pack_uint(out, FORM);
    fh_pack_uint(out, profile->id);
    fh_pack_uint(out, profile->rows);
    fh_pack_cstr(out, profile->definition);
    put_columns(out, profile->columns, profile->column_count);
}

void fh_profile_put_catalogue(struct fh_buf *out, const struct fh_profile_catalogue *catalogue)
{
    fh_pack_array(out, CATALOGUE_FIELDS);
    fh_pack_uint(out, FORM);
    fh_pack_uint(out, catalogue->id);
    fh_pack_array(out, catalogue->table_count);
    for (uint32_t i = 0; i < catalogue->table_count; i++) {
        fh_pack_array(out, 3);
        fh_pack_cstr(out, catalogue->tables[i].schema);
        fh_pack_cstr(out, catalogue->tables[i].name);
        fh_pack_bool(out, catalogue->tables[i].is_view);
    }
}

/* ---- decoding ---- */

static int begin(struct fh_pack_reader *r,
                 struct fh_bytes payload,
                 uint32_t fields,
                 uint32_t *out_fields,
                 struct fh_err *err)
{
    int code = fh_payload_begin(r, payload, FH_PROFILE_BYTES_MAX, fields, out_fields, err);
    if (code == FH_OK) {
        fh_pack_read_version(r, FORM);
    }
    return code;
}

int fh_profile_get_question(struct fh_profile_question *out,
                            struct fh_bytes payload,
                            struct fh_arena *arena,
                            struct fh_err *err)
{
    struct fh_pack_reader r;
    struct fh_profile_question q = {0};
    uint32_t fields = 0;
    int code = begin(&r, payload, QUESTION_FIELDS, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    q.id = fh_pack_read_uint(&r, UINT64_MAX);
    q.source = (enum fh_profile_source)fh_pack_read_uint(&r, FH_PROFILE_SOURCE_COUNT - 1);
    q.path = fh_payload_string(&r, PATH_BYTES_MAX, arena);
    q.schema = fh_payload_string(&r, FH_COLUMN_NAME_BYTES_MAX, arena);
    q.table = fh_payload_string(&r, FH_COLUMN_NAME_BYTES_MAX, arena);
    q.sample = (uint32_t)fh_pack_read_uint(&r, FH_PROFILE_SAMPLE_MAX);
    q.host = fh_payload_string(&r, PATH_BYTES_MAX, arena);
    q.port = (uint32_t)fh_pack_read_uint(&r, PORT_MAX);
    q.database = fh_payload_string(&r, FH_COLUMN_NAME_BYTES_MAX, arena);
    q.user = fh_payload_string(&r, FH_COLUMN_NAME_BYTES_MAX, arena);
    q.password = fh_payload_string(&r, SECRET_BYTES_MAX, arena);
    q.ssl_mode = fh_payload_string(&r, FH_COLUMN_NAME_BYTES_MAX, arena);
    code = fh_payload_end(&r, fields, QUESTION_FIELDS, "profile question", err);
    if (code == FH_OK && q.sample == 0) {
        return fh_err_rule(err, FH_EPROTO, "profile.form", "profile question: a sample of nothing");
    }
    if (code == FH_OK) {
        *out = q;
    }
    return code;
}

static struct fh_profile_column *read_columns(struct fh_pack_reader *r,
                                              unsigned depth,
                                              uint32_t *left,
                                              uint32_t *out_count,
                                              struct fh_arena *arena);

static void read_column(struct fh_pack_reader *r,
                        struct fh_profile_column *column,
                        unsigned depth,
                        uint32_t *left,
                        struct fh_arena *arena)
{
    uint32_t fields = fh_pack_read_record(r, COLUMN_FIELDS);
    column->name = fh_payload_string(r, FH_COLUMN_NAME_BYTES_MAX, arena);
    column->type = fh_payload_string(r, TYPE_BYTES_MAX, arena);
    column->shape = (enum fh_profile_shape)fh_pack_read_uint(r, FH_PROFILE_SHAPE_COUNT - 1);
    column->observed = fh_pack_read_bool(r);
    column->unique = fh_pack_read_bool(r);
    column->nulls = fh_pack_read_uint(r, UINT64_MAX);
    column->chars_max = fh_pack_read_uint(r, UINT64_MAX);
    column->minimum = fh_payload_string(r, FH_PROFILE_VALUE_BYTES_MAX, arena);
    column->maximum = fh_payload_string(r, FH_PROFILE_VALUE_BYTES_MAX, arena);
    column->sampled = (uint32_t)fh_pack_read_uint(r, FH_PROFILE_SAMPLE_MAX);
    uint32_t pair = fh_pack_read_record(r, 2);
    column->likeness = (enum fh_likeness)fh_pack_read_uint(r, FH_LIKENESS_COUNT);
    column->alike = (uint32_t)fh_pack_read_uint(r, column->sampled);
    fh_pack_read_record_end(r, pair, 2);
    uint32_t examples = fh_pack_read_array(r, FH_PROFILE_EXAMPLES_MAX);
    for (uint32_t i = 0; i < examples && r->failed == FH_OK; i++) {
        column->examples[i] = fh_payload_string(r, FH_PROFILE_VALUE_BYTES_MAX, arena);
        column->example_count = i + 1;
    }
    column->columns = read_columns(r, depth + 1, left, &column->column_count, arena);
    fh_pack_read_record_end(r, fields, COLUMN_FIELDS);
    bool fits = column->shape == FH_PROFILE_ARRAY    ? column->column_count == 1
                : column->shape == FH_PROFILE_OBJECT ? column->column_count > 0
                                                     : column->column_count == 0;
    if (r->failed == FH_OK && !fits) {
        fh_pack_fail(r, "expected the columns of its shape");
    }
}

static struct fh_profile_column *read_columns(struct fh_pack_reader *r,
                                              unsigned depth,
                                              uint32_t *left,
                                              uint32_t *out_count,
                                              struct fh_arena *arena)
{
    uint32_t count = fh_pack_read_array(r, *left);
    if (count == 0 || r->failed != FH_OK) {
        return NULL;
    }
    struct fh_profile_column *columns = fh_arena_array(arena, count, sizeof *columns);
    if (depth > FH_PROFILE_DEPTH_MAX || columns == NULL) {
        fh_pack_fail(r, "too many columns");
        return NULL;
    }
    *left -= count;
    for (uint32_t i = 0; i < count && r->failed == FH_OK; i++) {
        read_column(r, &columns[i], depth, left, arena);
    }
    *out_count = count;
    return columns;
}

int fh_profile_get(struct fh_profile *out,
                   struct fh_bytes payload,
                   struct fh_arena *arena,
                   struct fh_err *err)
{
    struct fh_pack_reader r;
    struct fh_profile profile = {0};
    uint32_t fields = 0;
    uint32_t left = FH_CONTRACT_COLUMNS_MAX;
    int code = begin(&r, payload, PROFILE_FIELDS, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    profile.id = fh_pack_read_uint(&r, UINT64_MAX);
    profile.rows = fh_pack_read_uint(&r, UINT64_MAX);
    profile.definition = fh_payload_string(&r, FH_PROFILE_DEFINITION_BYTES_MAX, arena);
    profile.columns = read_columns(&r, 1, &left, &profile.column_count, arena);
    code = fh_payload_end(&r, fields, PROFILE_FIELDS, "profile", err);
    if (code == FH_OK) {
        *out = profile;
    }
    return code;
}

int fh_profile_get_catalogue(struct fh_profile_catalogue *out,
                             struct fh_bytes payload,
                             struct fh_arena *arena,
                             struct fh_err *err)
{
    struct fh_pack_reader r;
    struct fh_profile_catalogue catalogue = {0};
    uint32_t fields = 0;
    int code = begin(&r, payload, CATALOGUE_FIELDS, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    catalogue.id = fh_pack_read_uint(&r, UINT64_MAX);
    catalogue.table_count = fh_pack_read_array(&r, FH_PROFILE_TABLES_MAX);
    catalogue.tables =
        fh_arena_array(arena, (size_t)catalogue.table_count + 1, sizeof *catalogue.tables);
    if (catalogue.tables == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of tables");
    }
    for (uint32_t i = 0; i < catalogue.table_count && r.failed == FH_OK; i++) {
        uint32_t found = fh_pack_read_record(&r, 3);
        catalogue.tables[i].schema = fh_payload_string(&r, FH_COLUMN_NAME_BYTES_MAX, arena);
        catalogue.tables[i].name = fh_payload_string(&r, FH_COLUMN_NAME_BYTES_MAX, arena);
        catalogue.tables[i].is_view = fh_pack_read_bool(&r);
        fh_pack_read_record_end(&r, found, 3);
    }
    code = fh_payload_end(&r, fields, CATALOGUE_FIELDS, "list of tables", err);
    if (code == FH_OK) {
        *out = catalogue;
    }
    return code;
}
