/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/barrier_sql.h"

#include "node/query/barrier_groups.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

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
    const uint32_t *group_at = NULL;
    int rc = view->group == NULL ? FH_OK : fh_groups_find(&group_at, of, view, arena, err);
    if (rc != FH_OK) {
        return rc;
    }
    *out = (struct fh_masked_table){.real = *of->real,
                                    .visible = *of->real,
                                    .view = view,
                                    .columns = columns,
                                    .group_at = group_at};
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

static void put_name(struct fh_buf *out, const char *name)
{
    fh_buf_add_quoted(out, name, '"');
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
    put_name(out, name);
    fh_buf_add_u8(out, ')');
}

static void put_partial(struct fh_buf *out, const struct fh_mask *mask, const char *name)
{
    uint64_t keep = (uint64_t)mask->keep_first << 32 | mask->keep_last;
    fh_buf_printf(out, "system.main.fh_mask_partial(%" PRIu64 "::UBIGINT, ", keep);
    put_name(out, name);
    fh_buf_add_u8(out, ')');
}

static void put_floor(struct fh_buf *out, uint64_t step, const char *name)
{
    fh_buf_printf(out, "system.main.fh_mask_floor(%" PRIu64 "::UBIGINT, ", step);
    put_name(out, name);
    fh_buf_add_u8(out, ')');
}

/* By way of the whole numbers, exactly: the step is one, so it is a multiple of the floor too.
 * Where the multiple has more digits than the type, the least whole number of the type. */
static void put_decimal(struct fh_buf *out, struct fh_type type, uint64_t step, const char *name)
{
    fh_buf_add_cstr(out, "CASE WHEN "); /* greatest() does not see NULLs */
    put_name(out, name);
    fh_buf_printf(out,
                  " IS NOT NULL THEN CAST(greatest(system.main.fh_mask_floor(%" PRIu64
                  "::UBIGINT, CAST(floor(",
                  step);
    put_name(out, name);
    fh_buf_add_cstr(out, ") AS HUGEINT)), CAST('-");
    for (unsigned i = type.scale; i < type.precision; i++) {
        fh_buf_add_u8(out, '9');
    }
    fh_buf_add_cstr(out,
                    type.scale == type.precision ? "0' AS HUGEINT)) AS " : "' AS HUGEINT)) AS ");
    put_type(out, type);
    fh_buf_add_cstr(out, ") END");
}

static const struct {
    uint64_t micros; /* of a TIMESTAMP or TIME; else */
    uint64_t months;
} units[FH_MASK_UNIT_COUNT] = {
    [FH_MASK_MINUTE] = {.micros = UINT64_C(60) * 1000 * 1000},
    [FH_MASK_HOUR] = {.micros = UINT64_C(3600) * 1000 * 1000},
    [FH_MASK_DAY] = {.micros = UINT64_C(86400) * 1000 * 1000},
    [FH_MASK_MONTH] = {.months = 1},
    [FH_MASK_QUARTER] = {.months = 3},
    [FH_MASK_YEAR] = {.months = 12},
    [FH_MASK_DECADE] = {.months = 120},
};

/* A DATE, TIME or TIMESTAMP, or by way of the last what else there is, which is UTC in a worker. A
 * TIMESTAMP_NS has fewer years than that: where the begin of a unit is in none, it is NULL. */
static void
put_time_unit(struct fh_buf *out, struct fh_type type, enum fh_mask_unit unit, const char *name)
{
    bool whole =
        type.code == FH_TYPE_DATE || type.code == FH_TYPE_TIME || type.code == FH_TYPE_TIMESTAMP;
    fh_buf_add_cstr(out, whole ? "" : "TRY_CAST(");
    if (units[unit].months > 0) {
        fh_buf_printf(out, "system.main.fh_mask_months(%" PRIu64 "::UBIGINT, ", units[unit].months);
    } else {
        fh_buf_printf(out, "system.main.fh_mask_floor(%" PRIu64 "::UBIGINT, ", units[unit].micros);
    }
    fh_buf_add_cstr(out, whole ? "" : "CAST(");
    put_name(out, name);
    fh_buf_add_cstr(out, whole ? ")" : " AS TIMESTAMP)) AS ");
    if (!whole) {
        put_type(out, type);
        fh_buf_add_u8(out, ')');
    }
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
    } else if (date && mask->unit == FH_MASK_DAY) {
        put_name(out, name); /* it is one */
    } else if (date || time || is_timestamp(type)) {
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

void fh_masked_put(struct fh_buf *out,
                   const struct fh_masked_column *column,
                   const struct fh_column *source)
{
    bool done = false;
    switch (column->mask.kind) {
    case FH_MASK_NONE:
        put_name(out, source->name);
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

void fh_masked_put_source(struct fh_buf *out, const struct fh_masked_table *table)
{
    if (table->real.domain[0] != '\0') {
        put_name(out, table->real.domain);
        fh_buf_add_u8(out, '.');
        put_name(out, table->real.product);
        fh_buf_add_u8(out, '.');
    }
    put_name(out, table->real.table);
}

void fh_masked_put_filters(struct fh_buf *out, const struct fh_masked_table *table)
{
    for (uint32_t i = 0; i < table->view->filter_count; i++) {
        /* On lines of their own: a comment in a filter ends with it. */
        fh_buf_printf(out, "%s(\n%s\n)", i == 0 ? " WHERE " : " AND ", table->view->filters[i]);
    }
}

/* The rows that are there, with the columns that the source has. */
static void put_rows(struct fh_buf *out, const struct fh_masked_table *table)
{
    if (table->view->group != NULL) {
        fh_buf_add_cstr(out, " FROM (");
        fh_groups_put(out, table);
        fh_buf_add_u8(out, ')');
        return;
    }
    fh_buf_add_cstr(out, " FROM (SELECT * FROM ");
    fh_masked_put_source(out, table);
    fh_masked_put_filters(out, table);
    fh_buf_add_u8(out, ')');
}

static void put_column(struct fh_buf *out, const struct fh_masked_table *table, uint32_t index)
{
    const struct fh_masked_column *column = &table->columns[index];
    const struct fh_column *source = &table->real.columns[column->at];
    fh_masked_put(out, column, source);
    fh_buf_add_cstr(out, " AS ");
    put_name(out, source->name);
}

static bool class_fits(enum fh_gate_class class, struct fh_type type)
{
    bool whole = type.code >= FH_TYPE_INT8 && type.code <= FH_TYPE_HUGEINT;
    bool real = type.code == FH_TYPE_FLOAT || type.code == FH_TYPE_DOUBLE;
    switch (class) {
    case FH_GATE_CLASS_ANY:
        return true;
    case FH_GATE_CLASS_WHOLE:
        return whole || real;
    case FH_GATE_CLASS_DECIMAL:
        return real;
    case FH_GATE_CLASS_TEXT:
        return type.code == FH_TYPE_VARCHAR;
    case FH_GATE_CLASS_DATE:
        return type.code == FH_TYPE_DATE || type.code == FH_TYPE_TIMESTAMP;
    case FH_GATE_CLASS_TIMESTAMP:
        return type.code == FH_TYPE_TIMESTAMP;
    case FH_GATE_CLASS_COUNT:
        break;
    }
    return false;
}

static bool find_wish(struct fh_masked_wish *out,
                      const struct fh_masked_table *table,
                      const struct fh_gate_wish *wish)
{
    unsigned found = 0;
    for (uint32_t i = 0; i < table->visible.column_count; i++) {
        if (strcasecmp(table->visible.columns[i].name, wish->column) == 0) {
            *out = (struct fh_masked_wish){.column = i, .suffix = wish->suffix};
            found++;
        }
    }
    return found == 1 && class_fits(wish->class, table->visible.columns[out->column].type);
}

const struct fh_masked_wish *fh_masked_wishes(const struct fh_masked_table *table,
                                              const struct fh_gate *gate,
                                              uint32_t number,
                                              struct fh_arena *arena,
                                              uint32_t *out_count)
{
    struct fh_masked_wish *wishes = fh_arena_array(arena, FH_GATE_WISHES_MAX, sizeof *wishes);
    uint32_t count = 0;
    for (uint32_t i = 0; wishes != NULL && i < gate->wish_count; i++) {
        if (gate->wishes[i].table == number && find_wish(&wishes[count], table, &gate->wishes[i])) {
            count++;
        }
    }
    *out_count = count;
    return wishes;
}

/* Masked columns behind SELECT: those of the scan, and those that only its wishes need. */
static void put_columns(struct fh_buf *out,
                        const struct fh_masked_table *table,
                        const struct fh_masked_scan *scan)
{
    uint8_t there[FH_BATCH_COLUMNS_MAX] = {0};
    unsigned count = 0;
    for (uint32_t i = 0; i < scan->column_count + scan->wish_count; i++) {
        uint32_t column =
            i < scan->column_count ? scan->columns[i] : scan->wishes[i - scan->column_count].column;
        if (there[column] == 0) {
            there[column] = 1;
            fh_buf_add_cstr(out, count++ == 0 ? "" : ", ");
            put_column(out, table, column);
        }
    }
}

void fh_masked_select(struct fh_buf *out,
                      const struct fh_masked_table *table,
                      const struct fh_masked_scan *scan)
{
    fh_buf_add_cstr(out, scan->column_count == 0 ? "SELECT count(*)" : "SELECT ");
    if (scan->column_count == 0 || scan->wish_count == 0) {
        for (uint32_t i = 0; i < scan->column_count; i++) {
            fh_buf_add_cstr(out, i == 0 ? "" : ", ");
            put_column(out, table, scan->columns[i]);
        }
        put_rows(out, table);
        return;
    }
    for (uint32_t i = 0; i < scan->column_count; i++) {
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        put_name(out, table->visible.columns[scan->columns[i]].name);
    }
    fh_buf_add_cstr(out, " FROM (SELECT ");
    put_columns(out, table, scan);
    put_rows(out, table);
    fh_buf_add_u8(out, ')');
    for (uint32_t i = 0; i < scan->wish_count; i++) {
        fh_buf_add_cstr(out, i == 0 ? " WHERE " : " AND ");
        put_name(out, table->visible.columns[scan->wishes[i].column].name);
        fh_buf_add_cstr(out, scan->wishes[i].suffix);
    }
}

void fh_masked_select_all(struct fh_buf *out, const struct fh_masked_table *table)
{
    fh_buf_add_cstr(out, "SELECT ");
    for (uint32_t i = 0; i < table->visible.column_count; i++) {
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        put_column(out, table, i);
    }
    put_rows(out, table);
}

void fh_masked_select_rows(struct fh_buf *out, const struct fh_masked_table *table)
{
    fh_buf_add_cstr(out, "SELECT true");
    put_rows(out, table);
}

/* ---- copies ---- */

static bool parquet_keeps(struct fh_type type)
{
    switch (type.code) {
    case FH_TYPE_HUGEINT: /* becomes a DOUBLE */
    case FH_TYPE_INTERVAL:
    case FH_TYPE_JSON:
    case FH_TYPE_TIMESTAMP_S: /* other units */
    case FH_TYPE_TIMESTAMP_MS:
    case FH_TYPE_TIMESTAMP_NS:
        return false;
    default:
        return true;
    }
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_harmless_word(const char *word, size_t size)
{
    static const char *const before_bracket[] = {"in", "and", "or", "not", "between", "like", "is"};
    for (size_t i = 0; i < FH_COUNT(before_bracket); i++) {
        if (strlen(before_bracket[i]) == size && strncasecmp(word, before_bracket[i], size) == 0) {
            return true;
        }
    }
    return false;
}

/* Words of time that need no brackets begin so. */
static bool asks_for_time(const char *word, size_t size)
{
    static const char *const begins[] = {"current", "local", "today", "now", "user", "session"};
    for (size_t i = 0; i < FH_COUNT(begins); i++) {
        size_t most = strlen(begins[i]);
        if (size >= most && strncasecmp(word, begins[i], most) == 0) {
            return true;
        }
    }
    return false;
}

/* Looks at words alone, also at those within quotes: what is refused is only not kept. */
static bool is_timeless(const char *filter)
{
    for (const char *p = filter; *p != '\0';) {
        if ((unsigned char)*p >= 0x80) {
            return false;
        }
        if (!is_word(*p)) {
            p++;
            continue;
        }
        const char *word = p;
        while (is_word(*p)) {
            p++;
        }
        size_t size = (size_t)(p - word);
        const char *next = p + strspn(p, " \t\r\n\"");
        bool call = *next == '(' && !is_harmless_word(word, size);
        if (call || asks_for_time(word, size)) {
            return false;
        }
    }
    return strstr(filter, "/*") == NULL && strstr(filter, "--") == NULL;
}

bool fh_masked_keepable(const struct fh_masked_table *table)
{
    static const struct fh_hash none;
    bool keepable = memcmp(table->view->id.b, none.b, sizeof none.b) != 0;
    for (uint32_t i = 0; i < table->visible.column_count; i++) {
        keepable = keepable && parquet_keeps(table->visible.columns[i].type);
    }
    for (uint32_t i = 0; i < table->view->filter_count; i++) {
        keepable = keepable && is_timeless(table->view->filters[i]);
    }
    return keepable;
}
