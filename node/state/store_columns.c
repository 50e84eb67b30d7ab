/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_columns.h"

#include "common/arena.h"
#include "node/state/store_sql.h"
#include "proto/wire/pack.h"

enum { COLUMN_FIELDS = 7, COLUMN_BYTES_MAX = 4096 };

void fh_store_column_pack(struct fh_buf *form, const struct fh_store_column *column)
{
    fh_pack_array(form, COLUMN_FIELDS);
    fh_pack_uint(form, column->table_at);
    fh_pack_uint(form, column->column_at);
    fh_pack_cstr(form, column->table);
    fh_pack_cstr(form, column->name);
    fh_pack_cstr(form, column->sql_type);
    fh_pack_bool(form, column->required);
    fh_pack_cstr(form, column->classification);
}

int fh_store_columns_put(struct fh_store *store,
                         const struct fh_record_id *contract,
                         const struct fh_buf *form,
                         uint32_t count,
                         struct fh_err *err)
{
    static const char text[] = "INSERT INTO columns (contract, form) VALUES (?, ?)";
    FH_CLEANUP(fh_buf_fini) struct fh_buf list;
    fh_buf_init(&list, form->size + 8);
    fh_pack_array(&list, count);
    fh_buf_add_bytes(&list, fh_buf_view(form));
    int code = fh_buf_ok(form) != FH_OK ? fh_buf_ok(form) : fh_buf_ok(&list);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the columns of a contract do not fit their memory");
    }
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, contract->b);
    fh_sql_bytes(&sql, fh_buf_view(&list));
    return fh_sql_run(&sql, err);
}

/* A text of the packed value, with its NUL, in the arena. */
static const char *read_text(struct fh_pack_reader *reader, struct fh_arena *arena)
{
    struct fh_bytes text = fh_pack_read_str(reader, COLUMN_BYTES_MAX);
    const char *copy = fh_arena_string(arena, text);
    if (copy == NULL) {
        fh_pack_fail(reader, "no memory");
        return "";
    }
    return copy;
}

static int read_column(struct fh_pack_reader *reader,
                       struct fh_arena *arena,
                       struct fh_store_column *out,
                       struct fh_err *err)
{
    uint32_t fields = fh_pack_read_record(reader, COLUMN_FIELDS);
    out->table_at = (unsigned)fh_pack_read_uint(reader, UINT32_MAX);
    out->column_at = (unsigned)fh_pack_read_uint(reader, UINT32_MAX);
    out->table = read_text(reader, arena);
    out->name = read_text(reader, arena);
    out->sql_type = read_text(reader, arena);
    out->required = fh_pack_read_bool(reader);
    out->classification = read_text(reader, arena);
    fh_pack_read_record_end(reader, fields, COLUMN_FIELDS);
    return fh_pack_read_ok(reader, "stored columns", err);
}

static int
visit_columns(struct fh_bytes form, fh_store_column_visit_fn *visit, void *user, struct fh_err *err)
{
    struct fh_pack_limits limits = {.bytes_max = FH_STORE_COLUMNS_BYTES_MAX,
                                    .depth_max = 3,
                                    .items_max = FH_STORE_COLUMNS_BYTES_MAX};
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(2 * form.size + 65536);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the columns of a contract");
    }
    struct fh_pack_reader reader;
    int code = fh_pack_scan(form, &limits, err);
    if (code != FH_OK) {
        return code;
    }
    fh_pack_read_init(&reader, form);
    uint32_t count = fh_pack_read_array(&reader, UINT32_MAX);
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_store_column column;
        code = read_column(&reader, arena, &column, err);
        if (code == FH_OK) {
            code = visit(user, &column, err);
        }
    }
    return code;
}

int fh_store_columns_each(struct fh_store *store,
                          const struct fh_record_id *contract,
                          fh_store_column_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    static const char text[] = "SELECT form FROM columns WHERE contract = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, contract->b);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK && row) {
        struct fh_bytes form = fh_sql_get_bytes(&sql, 0);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit_columns(form, visit, user, err);
        }
    }
    fh_sql_end(&sql);
    return code;
}
