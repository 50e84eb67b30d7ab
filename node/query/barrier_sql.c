/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/barrier_sql.h"

#include <inttypes.h>
#include <string.h>

static const uint64_t minute_us = UINT64_C(60) * 1000 * 1000;
static const uint64_t hour_us = UINT64_C(3600) * 1000 * 1000;
static const uint64_t day_us = UINT64_C(86400) * 1000 * 1000;

/* ---- the table ---- */

static bool find_column(const struct fh_table *table, const char *name, uint32_t *out)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* The key of a column, and its number: a hash of it, which says nothing about it. */
static void make_key(struct fh_mask_key *out,
                     const struct fh_masked_of *of,
                     const char *column,
                     const struct fh_keystore *keys)
{
    const struct fh_mask_column named = {of->domain, of->product, of->table, column};
    fh_keystore_mask_key(keys, out->b, &named);
    const struct fh_bytes parts[] = {
        fh_bytes("freehold/v1/mask-number", sizeof "freehold/v1/mask-number"),
        fh_bytes(out->b, sizeof out->b),
    };
    struct fh_hash number = fh_hash_parts(parts, FH_COUNT(parts));
    out->id = fh_get_u64be(number.b);
}

int fh_masked_make(struct fh_masked_table *out,
                   const struct fh_masked_of *of,
                   const struct fh_view *view,
                   const struct fh_keystore *keys,
                   struct fh_arena *arena,
                   struct fh_err *err)
{
    bool masked = view->column_count > 0; /* else every column is there as it is */
    if (masked && view->column_count != of->name_count) {
        return fh_err_rule(
            err, FH_EINTERNAL, "barrier.view", "a view does not fit the contract of its table");
    }
    struct fh_column *visible = fh_arena_array(arena, of->name_count + 1, sizeof *visible);
    struct fh_masked_column *columns = fh_arena_array(arena, of->name_count + 1, sizeof *columns);
    struct fh_mask_key *mask_keys = fh_arena_array(arena, of->name_count + 1, sizeof *mask_keys);
    if (visible == NULL || columns == NULL || mask_keys == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a masked table");
    }
    uint32_t count = 0;
    uint32_t key_count = 0;
    for (size_t i = 0; i < of->name_count; i++) {
        struct fh_masked_column column = {.mask = {.kind = FH_MASK_NONE}};
        if (masked && view->columns[i].hidden) {
            continue;
        }
        if (!find_column(of->real, of->names[i], &column.at)) {
            return fh_err_rule(
                err, FH_EINTERNAL, "barrier.view", "a source does not fit the contract");
        }
        column.mask = masked ? view->columns[i].mask : column.mask;
        if (column.mask.kind == FH_MASK_HASH) {
            make_key(&mask_keys[key_count], of, of->names[i], keys);
            column.key = mask_keys[key_count++].id;
        }
        visible[count] = of->real->columns[column.at];
        visible[count].source = "";
        columns[count++] = column;
    }
    if (count == 0) {
        return fh_err_rule(
            err, FH_EDENIED, "access.columns", "no column of %s is open to you", of->table);
    }
    *out = (struct fh_masked_table){
        .real = *of->real, .visible = *of->real, .view = view, .columns = columns};
    out->real.keys = mask_keys;
    out->real.key_count = key_count;
    out->visible.format = FH_SOURCE_BARRIER;
    out->visible.file_count = 0;
    out->visible.first_file = 0;
    out->visible.columns = visible;
    out->visible.column_count = count;
    return FH_OK;
}

void fh_masked_wipe(struct fh_masked_table *table)
{
    union { /* ours: see fh_masked_make */
        const struct fh_mask_key *lent;
        struct fh_mask_key *own;
    } keys = {.lent = table->real.keys};
    if (table->real.key_count > 0) {
        fh_wipe(keys.own, table->real.key_count * sizeof *keys.own);
        table->real.key_count = 0;
    }
}

bool fh_masked_find(const struct fh_masked_table *table, const char *name, uint32_t *out)
{
    return find_column(&table->visible, name, out);
}

/* ---- SQL ---- */

void fh_masked_name(struct fh_buf *out, const char *name)
{
    fh_buf_add_u8(out, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"') {
            fh_buf_add_u8(out, '"');
        }
        fh_buf_add_u8(out, (uint8_t)*name);
    }
    fh_buf_add_u8(out, '"');
}

static void put_type(struct fh_buf *out, struct fh_type type)
{
    char text[FH_TYPE_TEXT_BYTES];
    fh_type_text(text, type);
    fh_buf_add_cstr(out, text);
}

static void put_null(struct fh_buf *out, struct fh_type type)
{
    fh_buf_add_cstr(out, "CAST(NULL AS ");
    put_type(out, type);
    fh_buf_add_u8(out, ')');
}

static void put_hash(struct fh_buf *out, const struct fh_masked_column *column, const char *name)
{
    fh_buf_printf(out, "system.main.fh_mask_hash(%" PRIu64 "::UBIGINT, ", column->key);
    fh_masked_name(out, name);
    fh_buf_add_u8(out, ')');
}

/* Characters, not bytes: length, left and right count code points. */
static void put_partial(struct fh_buf *out, const struct fh_mask *mask, const char *name)
{
    uint64_t kept = (uint64_t)mask->keep_first + mask->keep_last;
    fh_buf_add_cstr(out, "CASE WHEN length(");
    fh_masked_name(out, name);
    fh_buf_printf(out, ") <= %" PRIu64 " THEN repeat('*', length(", kept);
    fh_masked_name(out, name);
    fh_buf_add_cstr(out, ")) ELSE left(");
    fh_masked_name(out, name);
    fh_buf_printf(out, ", %u) || repeat('*', length(", mask->keep_first);
    fh_masked_name(out, name);
    fh_buf_printf(out, ") - %" PRIu64 ") || right(", kept);
    fh_masked_name(out, name);
    fh_buf_printf(out, ", %u) END", mask->keep_last);
}

static void put_floor(struct fh_buf *out, uint64_t step, const char *name)
{
    fh_buf_printf(out, "system.main.fh_mask_floor(%" PRIu64 "::UBIGINT, ", step);
    fh_masked_name(out, name);
    fh_buf_add_u8(out, ')');
}

/* By way of the whole numbers, exactly: the step is one, so it is a multiple of the floor too.
 * Where the multiple has more digits than the type, the least whole number of the type. */
static void put_decimal(struct fh_buf *out, struct fh_type type, uint64_t step, const char *name)
{
    fh_buf_add_cstr(out, "CASE WHEN "); /* greatest() does not see NULLs */
    fh_masked_name(out, name);
    fh_buf_printf(out,
                  " IS NOT NULL THEN CAST(greatest(system.main.fh_mask_floor(%" PRIu64
                  "::UBIGINT, CAST(floor(",
                  step);
    fh_masked_name(out, name);
    fh_buf_add_cstr(out, ") AS HUGEINT)), CAST('-");
    for (unsigned i = type.scale; i < type.precision; i++) {
        fh_buf_add_u8(out, '9');
    }
    fh_buf_add_cstr(out,
                    type.scale == type.precision ? "0' AS HUGEINT)) AS " : "' AS HUGEINT)) AS ");
    put_type(out, type);
    fh_buf_add_cstr(out, ") END");
}

/* A unit of a TIMESTAMP expression that stands in `value`. */
static void put_truncated(struct fh_buf *out, enum fh_mask_unit unit, const char *value)
{
    static const char *const names[FH_MASK_UNIT_COUNT] = {
        [FH_MASK_MONTH] = "month",
        [FH_MASK_QUARTER] = "quarter",
        [FH_MASK_YEAR] = "year",
        [FH_MASK_DECADE] = "decade",
    };
    uint64_t step = unit == FH_MASK_MINUTE ? minute_us : unit == FH_MASK_HOUR ? hour_us : day_us;
    if (names[unit] != NULL) {
        /* TRY: beyond the years that there are, nothing is shown. */
        fh_buf_printf(out, "TRY(date_trunc('%s', %s))", names[unit], value);
    } else {
        fh_buf_printf(out, "system.main.fh_mask_floor(%" PRIu64 "::UBIGINT, %s)", step, value);
    }
}

/* Dates and times, by way of TIMESTAMP, which is UTC everywhere in a worker. */
static void
put_time_unit(struct fh_buf *out, struct fh_type type, enum fh_mask_unit unit, const char *name)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf value;
    fh_buf_init(&value, 4 * FH_COLUMN_NAME_BYTES_MAX + 64);
    fh_buf_add_cstr(&value, "CAST(");
    fh_masked_name(&value, name);
    fh_buf_add_cstr(&value, " AS TIMESTAMP)");
    fh_buf_add_cstr(out, "TRY_CAST(");
    put_truncated(out, unit, fh_buf_cstr(&value));
    fh_buf_add_cstr(out, " AS ");
    put_type(out, type);
    fh_buf_add_u8(out, ')');
}

static bool is_number(struct fh_type type)
{
    return type.code >= FH_TYPE_INT8 && type.code <= FH_TYPE_DOUBLE;
}

static bool is_timestamp(struct fh_type type)
{
    return type.code >= FH_TYPE_TIMESTAMP && type.code <= FH_TYPE_TIMESTAMP_TZ;
}

static bool put_generalised(struct fh_buf *out,
                            const struct fh_mask *mask,
                            struct fh_type type,
                            const char *name)
{
    bool date = type.code == FH_TYPE_DATE && mask->unit >= FH_MASK_DAY;
    bool time = type.code == FH_TYPE_TIME && mask->unit <= FH_MASK_HOUR;
    if (mask->unit == FH_MASK_STEP && mask->step > 0 && is_number(type)) {
        put_floor(out, mask->step, name);
    } else if (mask->unit == FH_MASK_STEP && mask->step > 0 && type.code == FH_TYPE_DECIMAL) {
        put_decimal(out, type, mask->step, name);
    } else if (mask->unit == FH_MASK_STEP || mask->unit >= FH_MASK_UNIT_COUNT) {
        return false;
    } else if (time) {
        put_floor(out, mask->unit == FH_MASK_MINUTE ? minute_us : hour_us, name);
    } else if (date || is_timestamp(type)) {
        put_time_unit(out, type, mask->unit, name);
    } else {
        return false;
    }
    return true;
}

static bool hash_fits(struct fh_type type)
{
    return type.code == FH_TYPE_VARCHAR || type.code == FH_TYPE_BLOB ||
           type.code == FH_TYPE_INT64 || type.code == FH_TYPE_UINT64 ||
           type.code == FH_TYPE_HUGEINT || type.code == FH_TYPE_UUID;
}

static void put_masked(struct fh_buf *out,
                       const struct fh_masked_column *column,
                       const struct fh_column *source)
{
    bool done = false;
    switch (column->mask.kind) {
    case FH_MASK_NONE:
        fh_masked_name(out, source->name);
        return;
    case FH_MASK_GENERALISE:
        done = put_generalised(out, &column->mask, source->type, source->name);
        break;
    case FH_MASK_PARTIAL:
        done = source->type.code == FH_TYPE_VARCHAR;
        if (done) {
            put_partial(out, &column->mask, source->name);
        }
        break;
    case FH_MASK_HASH:
        done = hash_fits(source->type);
        if (done) {
            put_hash(out, column, source->name);
        }
        break;
    case FH_MASK_NULL:
    case FH_MASK_KIND_COUNT:
        break;
    }
    if (!done) {
        put_null(out, source->type);
    }
}

/* The rows that are there, with the columns that the source has. */
static void put_rows(struct fh_buf *out, const struct fh_masked_table *table)
{
    fh_buf_add_cstr(out, " FROM (SELECT * FROM ");
    if (table->real.domain[0] != '\0') {
        fh_masked_name(out, table->real.domain);
        fh_buf_add_u8(out, '.');
        fh_masked_name(out, table->real.product);
        fh_buf_add_u8(out, '.');
    }
    fh_masked_name(out, table->real.table);
    for (uint32_t i = 0; i < table->view->filter_count; i++) {
        /* On lines of their own: a comment in a filter ends with it. */
        fh_buf_printf(out, "%s(\n%s\n)", i == 0 ? " WHERE " : " AND ", table->view->filters[i]);
    }
    fh_buf_add_u8(out, ')');
}

void fh_masked_select(struct fh_buf *out,
                      const struct fh_masked_table *table,
                      const uint32_t *columns,
                      uint32_t count)
{
    fh_buf_add_cstr(out, count == 0 ? "SELECT count(*)" : "SELECT ");
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_masked_column *column = &table->columns[columns[i]];
        const struct fh_column *source = &table->real.columns[column->at];
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        put_masked(out, column, source);
        fh_buf_add_cstr(out, " AS ");
        fh_masked_name(out, source->name);
    }
    put_rows(out, table);
}

void fh_masked_select_rows(struct fh_buf *out, const struct fh_masked_table *table)
{
    fh_buf_add_cstr(out, "SELECT true");
    put_rows(out, table);
}
