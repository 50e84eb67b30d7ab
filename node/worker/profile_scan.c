/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file described by DuckDB: one scan that counts, one that looks for repetitions where there may
 * be none, and a sample.
 *
 * CSV and JSON are read as text, exactly as a served table is (source_files.h), and a type is
 * proposed only when every value of the column converts to it by the same cast: what is drafted
 * from a file holds for that file.
 */
#include "node/worker/profile_scan.h"
#include "node/worker/observe.h"
#include "node/worker/sql.h"

#include <inttypes.h>
#include <string.h>

enum {
    TOGETHER = 50,          /* columns of one question */
    GUESS_ROWS = 1000,      /* from which a type is guessed before all rows are asked */
    UNIQUE_COLUMNS_MAX = 8, /* looked at exactly; each is a sort or a hash of all values */
    NEARLY_PERCENT = 90,    /* of the rows: HyperLogLog errs by a few percent */
};

/* Types that text is tried as, the narrowest first. `fits` is SQL about the column %s; it also says
 * no to values that convert but would lose something: leading zeros, digits beyond a DOUBLE. */
static const struct guess {
    const char *type;
    const char *fits;
} guesses[] = {
    {"BIGINT", "TRY_CAST(%s AS BIGINT)::VARCHAR = %s"},
    {"DOUBLE",
     "TRY_CAST(%s AS DOUBLE) IS NOT NULL AND NOT contains(lower(%s), 'n') AND (ltrim(%s, '+-') "
     "NOT LIKE '0_%' OR ltrim(%s, '+-') LIKE '0.%') AND (length(%s) < 16 OR contains(%s, '.'))"},
    {"BOOLEAN", "lower(%s) IN ('true', 'false')"},
    {"DATE", "length(%s) <= 10 AND TRY_CAST(%s AS DATE) IS NOT NULL AND %s[1] BETWEEN '0' AND '9'"},
    {"TIMESTAMP WITH TIME ZONE",
     "length(%s) > 16 AND (%s LIKE '%Z' OR contains(%s[12:], '+') OR contains(%s[12:], '-')) AND "
     "TRY_CAST(%s AS TIMESTAMPTZ) IS NOT NULL"},
    {"TIMESTAMP",
     "length(%s) >= 10 AND %s NOT LIKE '%Z' AND NOT contains(%s[12:], '+') AND NOT "
     "contains(%s[12:], '-') AND TRY_CAST(%s AS TIMESTAMP) IS NOT NULL AND %s[1] BETWEEN '0' AND "
     "'9'"},
    {"TIME", "contains(%s, ':') AND length(%s) <= 15 AND TRY_CAST(%s AS TIME) IS NOT NULL"},
};

/* ---- types of text ---- */

static bool is_guessed(const struct fh_scan_files *scan, uint32_t column)
{
    return scan->as_text && scan->profile.columns[column].shape == FH_PROFILE_SCALAR;
}

/* The guess whose type is what DuckDB found in JSON; numbers of other widths are BIGINT or DOUBLE.
 */
static int guess_of_type(const char *type)
{
    for (size_t i = 0; i < FH_COUNT(guesses); i++) {
        if (strcmp(guesses[i].type, type) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void put_fits(struct fh_buf *out, int guess, const char *column)
{
    for (const char *at = guesses[guess].fits; *at != 0; at++) {
        if (at[0] == '%' && at[1] == 's') {
            fh_sql_name(out, column);
            at++;
        } else {
            fh_buf_add_u8(out, (uint8_t)*at);
        }
    }
}

/* CASE, not FILTER: each filter of an aggregate keeps a chunk of all columns, 16 GB of them for 100
 * columns in seven ways. */
static void put_count_fitting(struct fh_scan_files *scan, int guess, uint32_t column)
{
    fh_buf_add_cstr(&scan->sql, ", count(CASE WHEN ");
    put_fits(&scan->sql, guess, scan->profile.columns[column].name);
    fh_buf_add_cstr(&scan->sql, " THEN 1 END)::VARCHAR");
}

/* Some of the columns, `from` to before `to`: a question for thousands at once takes more memory
 * and time than reading the file again does. */
struct group {
    uint32_t from;
    uint32_t to;
};

static struct group next_group(const struct fh_scan_files *scan, uint32_t from)
{
    uint32_t left = scan->profile.column_count - from;
    return (struct group){from, from + (left > TOGETHER ? TOGETHER : left)};
}

static int guess_group(struct fh_scan_files *scan,
                       struct group group,
                       const bool *wanted,
                       uint64_t rows_max,
                       struct fh_err *err)
{
    duckdb_result result;
    fh_buf_add_cstr(&scan->sql, "SELECT ''");
    for (uint32_t i = group.from; i < group.to; i++) {
        if (wanted[i]) {
            fh_buf_add_cstr(&scan->sql, ", count(");
            fh_sql_name(&scan->sql, scan->profile.columns[i].name);
            fh_buf_add_cstr(&scan->sql, ")::VARCHAR");
            for (int g = 0; g < (int)FH_COUNT(guesses); g++) {
                put_count_fitting(scan, g, i);
            }
        }
    }
    fh_buf_printf(&scan->sql, " FROM (SELECT * FROM %s", fh_buf_cstr(&scan->relation));
    if (rows_max > 0) {
        fh_buf_printf(&scan->sql, " LIMIT %" PRIu64, rows_max);
    }
    fh_buf_add_u8(&scan->sql, ')');
    int code = fh_files_ask(scan, &result, err);
    if (code != FH_OK) {
        return code;
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    idx_t at = 1;
    for (uint32_t i = group.from; chunk != NULL && i < group.to; i++) {
        if (!wanted[i]) {
            continue;
        }
        uint64_t present = fh_files_number(chunk, at++);
        scan->guess[i] = -1;
        for (int g = 0; g < (int)FH_COUNT(guesses); g++) {
            uint64_t fitting = fh_files_number(chunk, at++);
            if (scan->guess[i] < 0 && present > 0 && fitting == present) {
                scan->guess[i] = g;
            }
        }
    }
    if (chunk != NULL) {
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return FH_OK;
}

/* Finds the narrowest type that fits the values of the columns marked in `wanted`, over all rows or
 * the first ones. A column without a value stays text. */
static int
guess_types(struct fh_scan_files *scan, const bool *wanted, uint64_t rows_max, struct fh_err *err)
{
    int code = FH_OK;
    for (uint32_t from = 0; from < scan->profile.column_count && code == FH_OK;) {
        struct group group = next_group(scan, from);
        bool any = false;
        for (uint32_t i = group.from; i < group.to; i++) {
            any = any || wanted[i];
        }
        code = any ? guess_group(scan, group, wanted, rows_max, err) : FH_OK;
        from = group.to;
    }
    return code;
}

/* ---- counting ---- */

static bool is_type(const struct fh_profile_column *column, const char *start)
{
    return strncmp(column->type, start, strlen(start)) == 0;
}

static bool is_text(const struct fh_profile_column *column)
{
    return is_type(column, "VARCHAR") || is_type(column, "UUID");
}

/* Numbers and times have bounds that say something and are of nobody. */
static bool has_bounds(const struct fh_profile_column *column)
{
    return column->shape == FH_PROFILE_SCALAR && !is_text(column) && !is_type(column, "BLOB") &&
           !is_type(column, "BOOLEAN");
}

static void put_value(struct fh_scan_files *scan, uint32_t i)
{
    const struct fh_profile_column *column = &scan->profile.columns[i];
    bool is_cast = is_guessed(scan, i) && !is_text(column);
    fh_buf_add_cstr(&scan->sql, is_cast ? "TRY_CAST(" : "(");
    fh_sql_name(&scan->sql, column->name);
    if (is_cast) {
        fh_buf_printf(&scan->sql, " AS %s", column->type);
    }
    fh_buf_add_u8(&scan->sql, ')');
}

enum { COUNTS = 6 }; /* numbers that count_rows asks of each column */

static void put_counts(struct fh_scan_files *scan, uint32_t i)
{
    const struct fh_profile_column *column = &scan->profile.columns[i];
    bool is_scalar = column->shape == FH_PROFILE_SCALAR;
    fh_buf_add_cstr(&scan->sql, ", count(");
    fh_sql_name(&scan->sql, column->name);
    fh_buf_add_cstr(&scan->sql, ")::VARCHAR, ");
    fh_buf_add_cstr(&scan->sql, is_scalar ? "approx_count_distinct(" : "'0' || (");
    if (is_scalar) {
        fh_sql_name(&scan->sql, column->name);
    } else {
        fh_buf_add_cstr(&scan->sql, "''");
    }
    fh_buf_add_cstr(&scan->sql, ")::VARCHAR, ");
    if (is_scalar && is_type(column, "VARCHAR")) {
        fh_buf_add_cstr(&scan->sql, "max(length((");
        fh_sql_name(&scan->sql, column->name);
        fh_buf_add_cstr(&scan->sql, ")::VARCHAR))::VARCHAR");
    } else {
        fh_buf_add_cstr(&scan->sql, "NULL::VARCHAR");
    }
    for (int end = 0; end < 2; end++) {
        if (has_bounds(column)) {
            fh_buf_add_cstr(&scan->sql, end == 0 ? ", min(" : ", max(");
            put_value(scan, i);
            fh_buf_add_cstr(&scan->sql, ")::VARCHAR");
        } else {
            fh_buf_add_cstr(&scan->sql, ", NULL::VARCHAR");
        }
    }
    if (is_guessed(scan, i) && scan->guess[i] >= 0) {
        put_count_fitting(scan, scan->guess[i], i);
    } else {
        fh_buf_add_cstr(&scan->sql, ", NULL::VARCHAR");
    }
}

static int take_bound(struct fh_scan_files *scan,
                      duckdb_data_chunk chunk,
                      idx_t at,
                      const char **out,
                      struct fh_err *err)
{
    struct fh_bytes value;
    *out = "";
    if (fh_files_text(chunk, at, 0, &value) && fh_observer_tellable(value)) {
        *out = fh_arena_string(scan->arena, value);
        if (*out == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
        }
    }
    return FH_OK;
}

static int take_counts(struct fh_scan_files *scan,
                       struct group group,
                       duckdb_data_chunk chunk,
                       bool *out_wrong,
                       struct fh_err *err)
{
    int code = FH_OK;
    scan->profile.rows = fh_files_number(chunk, 0);
    for (uint32_t i = group.from; i < group.to && code == FH_OK; i++) {
        struct fh_profile_column *column = &scan->profile.columns[i];
        idx_t at = 1 + (idx_t)(i - group.from) * COUNTS;
        scan->present[i] = fh_files_number(chunk, at);
        scan->apart[i] = fh_files_number(chunk, at + 1);
        column->observed = true;
        column->nulls = scan->profile.rows - scan->present[i];
        column->chars_max = fh_files_number(chunk, at + 2);
        code = take_bound(scan, chunk, at + 3, &column->minimum, err);
        if (code == FH_OK) {
            code = take_bound(scan, chunk, at + 4, &column->maximum, err);
        }
        out_wrong[i] = is_guessed(scan, i) && scan->guess[i] >= 0 &&
                       fh_files_number(chunk, at + 5) != scan->present[i];
    }
    return code;
}

static int
count_group(struct fh_scan_files *scan, struct group group, bool *out_wrong, struct fh_err *err)
{
    duckdb_result result;
    fh_buf_add_cstr(&scan->sql, "SELECT count(*)::VARCHAR");
    for (uint32_t i = group.from; i < group.to; i++) {
        struct fh_profile_column *column = &scan->profile.columns[i];
        if (is_guessed(scan, i)) {
            column->type = scan->guess[i] < 0 ? "VARCHAR" : guesses[scan->guess[i]].type;
        }
        put_counts(scan, i);
    }
    fh_buf_printf(&scan->sql, " FROM %s", fh_buf_cstr(&scan->relation));
    int code = fh_files_ask(scan, &result, err);
    if (code != FH_OK) {
        return code;
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    if (chunk != NULL) {
        code = take_counts(scan, group, chunk, out_wrong, err);
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return code;
}

/* One scan of all rows for each group. `out_wrong` marks columns whose guessed type does not fit
 * them all. */
static int count_rows(struct fh_scan_files *scan, bool *out_wrong, struct fh_err *err)
{
    uint32_t from = 0;
    int code = FH_OK;
    do { /* a source without columns has rows too */
        struct group group = next_group(scan, from);
        code = count_group(scan, group, out_wrong, err);
        from = group.to;
    } while (from < scan->profile.column_count && code == FH_OK);
    return code;
}

/* Guesses from the first rows, holds them against all rows, guesses again where that failed. */
static int count(struct fh_scan_files *scan, struct fh_err *err)
{
    uint32_t columns = scan->profile.column_count;
    bool *wanted = fh_arena_array(scan->arena, columns, sizeof *wanted);
    scan->guess = fh_arena_array(scan->arena, columns, sizeof *scan->guess);
    scan->present = fh_arena_array(scan->arena, columns, sizeof *scan->present);
    scan->apart = fh_arena_array(scan->arena, columns, sizeof *scan->apart);
    if (wanted == NULL || scan->guess == NULL || scan->present == NULL || scan->apart == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    bool is_json = scan->question->source == FH_PROFILE_JSON;
    for (uint32_t i = 0; i < columns; i++) {
        scan->guess[i] = is_json ? guess_of_type(scan->profile.columns[i].type) : -1;
        wanted[i] = is_guessed(scan, i) && !is_json;
    }
    int code = scan->as_text && !is_json ? guess_types(scan, wanted, GUESS_ROWS, err) : FH_OK;
    if (code == FH_OK) {
        code = count_rows(scan, wanted, err);
    }
    bool again = false;
    for (uint32_t i = 0; i < columns && code == FH_OK; i++) {
        again = again || wanted[i];
    }
    if (code == FH_OK && again) {
        code = guess_types(scan, wanted, 0, err);
        if (code == FH_OK) {
            code = count_rows(scan, wanted, err);
        }
    }
    return code;
}

/* ---- repetitions ---- */

/* Columns that may be unique, at most UNIQUE_COLUMNS_MAX, counted exactly. */
static int find_unique(struct fh_scan_files *scan, struct fh_err *err)
{
    uint32_t chosen[UNIQUE_COLUMNS_MAX];
    uint32_t count = 0;
    uint64_t rows = scan->profile.rows;
    for (uint32_t i = 0; i < scan->profile.column_count && count < UNIQUE_COLUMNS_MAX; i++) {
        const struct fh_profile_column *column = &scan->profile.columns[i];
        if (rows > 1 && column->shape == FH_PROFILE_SCALAR && column->nulls == 0 &&
            scan->apart[i] >= rows / 100 * NEARLY_PERCENT && !is_type(column, "BOOLEAN")) {
            chosen[count++] = i;
        }
    }
    if (count == 0) {
        return FH_OK;
    }
    duckdb_result result;
    for (uint32_t i = 0; i < count; i++) {
        fh_buf_add_cstr(&scan->sql, i == 0 ? "SELECT count(DISTINCT " : ", count(DISTINCT ");
        fh_sql_name(&scan->sql, scan->profile.columns[chosen[i]].name);
        fh_buf_add_cstr(&scan->sql, ")::VARCHAR");
    }
    fh_buf_printf(&scan->sql, " FROM %s", fh_buf_cstr(&scan->relation));
    int code = fh_files_ask(scan, &result, err);
    if (code != FH_OK) {
        return code;
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    for (uint32_t i = 0; chunk != NULL && i < count; i++) {
        scan->profile.columns[chosen[i]].unique = fh_files_number(chunk, i) == rows;
    }
    if (chunk != NULL) {
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return FH_OK;
}

/* ---- the sample ---- */

static bool is_sampled(const struct fh_profile_column *column)
{
    return column->shape == FH_PROFILE_SCALAR && !is_type(column, "BLOB");
}

/* Every n-th row, so that the sample is spread over the file and the same each time. */
static void put_sample(struct fh_scan_files *scan, struct group group)
{
    uint64_t step = (scan->profile.rows + scan->question->sample - 1) / scan->question->sample;
    fh_buf_add_cstr(&scan->sql, "SELECT ''");
    for (uint32_t i = group.from; i < group.to; i++) {
        const struct fh_profile_column *column = &scan->profile.columns[i];
        if (is_sampled(column) && is_guessed(scan, i) && !is_text(column)) {
            fh_buf_printf(&scan->sql, ", TRY_CAST(v%" PRIu32 " AS %s)::VARCHAR", i, column->type);
        } else if (is_sampled(column)) {
            fh_buf_printf(&scan->sql, ", v%" PRIu32 "::VARCHAR", i);
        } else {
            fh_buf_add_cstr(&scan->sql, ", NULL::VARCHAR");
        }
    }
    fh_buf_add_cstr(&scan->sql, " FROM (SELECT row_number() OVER () AS n");
    for (uint32_t i = group.from; i < group.to; i++) {
        fh_buf_add_cstr(&scan->sql, ", ");
        fh_sql_name(&scan->sql, scan->profile.columns[i].name);
        fh_buf_printf(&scan->sql, " AS v%" PRIu32, i);
    }
    fh_buf_printf(&scan->sql,
                  " FROM %s) WHERE (n - 1) %% %" PRIu64 " = 0 LIMIT %" PRIu32,
                  fh_buf_cstr(&scan->relation),
                  step == 0 ? 1 : step,
                  scan->question->sample);
}

static int sample_group(struct fh_scan_files *scan,
                        struct group group,
                        struct fh_observer *observers,
                        struct fh_err *err)
{
    duckdb_result result;
    put_sample(scan, group);
    int code = fh_files_ask(scan, &result, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_bytes value;
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(result)) != NULL;) {
        for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); row++) {
            for (uint32_t i = group.from; i < group.to; i++) {
                if (fh_files_text(chunk, 1 + i - group.from, row, &value)) {
                    fh_observer_add(&observers[i], value);
                }
            }
        }
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return FH_OK;
}

static int sample(struct fh_scan_files *scan, struct fh_err *err)
{
    uint32_t columns = scan->profile.column_count;
    struct fh_observer *observers = fh_arena_array(scan->arena, columns, sizeof *observers);
    if (observers == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    int code = FH_OK;
    for (uint32_t from = 0; from < columns && code == FH_OK;) {
        struct group group = next_group(scan, from);
        code = sample_group(scan, group, observers, err);
        from = group.to;
    }
    for (uint32_t i = 0; i < columns && code == FH_OK; i++) {
        struct fh_profile_column *column = &scan->profile.columns[i];
        code = fh_observer_report(&observers[i], column, is_text(column), scan->arena, err);
    }
    return code;
}

/* ---- all of it ---- */

int fh_files_scan(struct fh_scan_files *scan, struct fh_err *err)
{
    int code = count(scan, err);
    if (code == FH_OK) {
        code = find_unique(scan, err);
    }
    return code == FH_OK ? sample(scan, err) : code;
}
