/* SPDX-License-Identifier: Apache-2.0 */
/* One table of PostgreSQL: its definition as SQL text, aggregates over its rows, a sample. */
#include "node/worker/observe.h"
#include "node/worker/postgres.h"
#include "node/worker/sql.h"

#include <libpq-fe.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* BERNOULLI gives about as many rows as asked for; a few more, so that LIMIT cuts off few. */
#define SAMPLE_PERCENT 105.0

enum { UNIQUE_COLUMNS_MAX = 8 };

/* ---- one table: its definition ---- */

/* The relation as an oid constant of the following questions. */
static int
find_table(struct fh_postgres *server, unsigned *out_oid, bool *out_sampled, struct fh_err *err)
{
    const struct fh_profile_question *q = server->question;
    PGresult *result = NULL;
    fh_buf_add_cstr(&server->sql,
                    "SELECT c.oid, c.relkind IN ('r', 'm', 'p') FROM pg_class c JOIN pg_namespace "
                    "n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND "
                    "n.nspname = ");
    fh_sql_text(&server->sql, q->schema);
    fh_buf_add_cstr(&server->sql, " AND c.relname = ");
    fh_sql_text(&server->sql, q->table);
    int code = fh_postgres_ask(server, &result, err);
    if (code == FH_OK && PQntuples(result) != 1) {
        code = fh_err_rule(err, FH_ENOTFOUND, "source.table", "the source has no such table");
    } else if (code == FH_OK) {
        *out_oid = (unsigned)fh_postgres_number(result, 0, 0);
        *out_sampled = PQgetvalue(result, 0, 1)[0] == 't';
    }
    PQclear(result);
    return code;
}

static int
define(struct fh_postgres *server, unsigned oid, struct fh_profile *out, struct fh_err *err)
{
    static const char question[] =
        "WITH c AS (SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %u), "
        "a AS (SELECT a.* FROM pg_attribute a WHERE a.attrelid = %u AND a.attnum > 0 AND NOT "
        "a.attisdropped) "
        "SELECT 1, 'CREATE TYPE ' || format_type(t.oid, NULL) || ' AS ENUM (' || "
        "string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) || ');' "
        "FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.oid IN (SELECT atttypid FROM "
        "a) GROUP BY t.oid "
        "UNION ALL SELECT 2, 'CREATE TABLE ' || c.name || ' (' || (SELECT "
        "string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) || CASE WHEN "
        "attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY attnum) FROM a) || "
        "coalesce((SELECT "
        "string_agg(', CONSTRAINT ' || quote_ident(k.conname) || ' ' || "
        "pg_get_constraintdef(k.oid), '' ORDER BY k.contype = 'p' DESC, k.conname) FROM "
        "pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c')), '') || "
        "');' FROM c "
        "UNION ALL SELECT 3, 'COMMENT ON TABLE ' || c.name || ' IS ' || "
        "quote_literal(d.description) "
        "|| ';' FROM c JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid "
        "= 'pg_class'::regclass "
        "UNION ALL SELECT 4, 'COMMENT ON COLUMN ' || c.name || '.' || quote_ident(a.attname) || ' "
        "IS ' || quote_literal(d.description) || ';' FROM c JOIN a ON true JOIN pg_description d "
        "ON "
        "d.objoid = c.oid AND d.objsubid = a.attnum AND d.classoid = 'pg_class'::regclass "
        "ORDER BY 1, 2";
    PGresult *result = NULL;
    struct fh_buf text;
    fh_buf_printf(&server->sql, question, oid, oid);
    int code = fh_postgres_ask(server, &result, err);
    if (code != FH_OK) {
        return code;
    }
    fh_buf_init(&text, FH_PROFILE_DEFINITION_BYTES_MAX);
    for (int i = 0; i < PQntuples(result); i++) {
        fh_buf_add_bytes(&text, fh_postgres_cell(result, i, 1));
        fh_buf_add_u8(&text, '\n');
    }
    PQclear(result);
    bool usable = fh_buf_ok(&text) == FH_OK && fh_utf8_valid(fh_buf_view(&text));
    out->definition = usable ? fh_arena_string(server->arena, fh_buf_view(&text)) : "";
    fh_buf_fini(&text);
    return out->definition == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a profile") : FH_OK;
}

/* ---- one table: its rows ---- */

/* What kind of questions a type takes, as pg_type.typcategory says. */
struct trait {
    bool is_text;
    bool is_ordered; /* bounds of it say something */
    bool is_told;    /* its text is short and its own */
    bool is_equal;   /* values can be compared */
};

static struct trait trait_of(const PGresult *result, int row)
{
    char category = PQgetvalue(result, row, 2)[0];
    const char *name = PQgetvalue(result, row, 3);
    bool is_uuid = strcmp(name, "uuid") == 0;
    return (struct trait){
        .is_text = category == 'S',
        .is_ordered = category == 'N' || category == 'D',
        .is_told = strchr("SNDEI", category) != NULL || is_uuid,
        .is_equal = strchr("SND", category) != NULL || is_uuid,
    };
}

static int set_up_columns(struct fh_postgres *server,
                          unsigned oid,
                          struct fh_profile *out,
                          struct trait **out_traits,
                          struct fh_err *err)
{
    PGresult *result = NULL;
    fh_buf_printf(&server->sql,
                  "SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory, "
                  "t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE "
                  "a.attrelid = %u AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
                  oid);
    int code = fh_postgres_ask(server, &result, err);
    if (code != FH_OK) {
        return code;
    }
    int count = PQntuples(result);
    out->columns = fh_arena_array(server->arena, (size_t)count + 1, sizeof *out->columns);
    *out_traits = fh_arena_array(server->arena, (size_t)count + 1, sizeof **out_traits);
    if (out->columns == NULL || *out_traits == NULL || count > FH_CONTRACT_COLUMNS_MAX) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    for (int i = 0; i < count && code == FH_OK; i++) {
        struct fh_profile_column *column = &out->columns[i];
        code = fh_observer_name(
            &column->name, "column", fh_postgres_cell(result, i, 0), server->arena, err);
        if (code == FH_OK) {
            code = fh_observer_name(
                &column->type, "type", fh_postgres_cell(result, i, 1), server->arena, err);
        }
        column->minimum = column->maximum = "";
        column->observed = true;
        (*out_traits)[i] = trait_of(result, i);
        out->column_count = (uint32_t)i + 1;
    }
    PQclear(result);
    return code;
}

static void put_from(struct fh_postgres *server)
{
    fh_buf_add_cstr(&server->sql, " FROM ");
    fh_sql_name(&server->sql, server->question->schema);
    fh_buf_add_u8(&server->sql, '.');
    fh_sql_name(&server->sql, server->question->table);
}

static void
put_column(struct fh_postgres *server, const char *before, const char *name, const char *after)
{
    fh_buf_add_cstr(&server->sql, before);
    fh_sql_name(&server->sql, name);
    fh_buf_add_cstr(&server->sql, after);
}

static int take_bound(struct fh_postgres *server,
                      const PGresult *result,
                      int column,
                      const char **out,
                      struct fh_err *err)
{
    struct fh_bytes value = fh_postgres_cell(result, 0, column);
    if (PQgetisnull(result, 0, column) || !fh_observer_tellable(value)) {
        return FH_OK;
    }
    const char *copy = fh_arena_string(server->arena, value);
    if (copy == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    *out = copy;
    return FH_OK;
}

enum {
    COUNTS = 4,             /* answers for each column */
    COUNTED_TOGETHER = 400, /* columns of one question: a row of PostgreSQL has 1,664 */
};

static int count_some(struct fh_postgres *server,
                      struct fh_profile *out,
                      const struct trait *traits,
                      uint32_t from,
                      uint32_t to,
                      struct fh_err *err)
{
    PGresult *result = NULL;
    fh_buf_add_cstr(&server->sql, "SELECT count(*)");
    for (uint32_t i = from; i < to; i++) {
        const char *name = out->columns[i].name;
        put_column(server, ", count(", name, ")");
        put_column(server,
                   traits[i].is_text ? ", max(length(" : ", count(",
                   name,
                   traits[i].is_text ? "::text))" : ")");
        put_column(server, traits[i].is_ordered ? ", min(" : ", count(", name, ")::text");
        put_column(server, traits[i].is_ordered ? ", max(" : ", count(", name, ")::text");
    }
    put_from(server);
    int code = fh_postgres_ask(server, &result, err);
    if (code != FH_OK) {
        return code;
    }
    out->rows = fh_postgres_number(result, 0, 0);
    for (uint32_t i = from; i < to && code == FH_OK; i++) {
        struct fh_profile_column *column = &out->columns[i];
        int at = 1 + (int)(i - from) * COUNTS;
        column->nulls = out->rows - fh_postgres_number(result, 0, at);
        column->chars_max = traits[i].is_text ? fh_postgres_number(result, 0, at + 1) : 0;
        if (traits[i].is_ordered) {
            code = take_bound(server, result, at + 2, &column->minimum, err);
        }
        if (traits[i].is_ordered && code == FH_OK) {
            code = take_bound(server, result, at + 3, &column->maximum, err);
        }
    }
    PQclear(result);
    return code;
}

static int count(struct fh_postgres *server,
                 struct fh_profile *out,
                 const struct trait *traits,
                 struct fh_err *err)
{
    int code = FH_OK;
    uint32_t from = 0;
    do {
        uint32_t left = out->column_count - from;
        uint32_t to = from + (left > COUNTED_TOGETHER ? COUNTED_TOGETHER : left);
        code = count_some(server, out, traits, from, to, err);
        from = to;
    } while (code == FH_OK && from < out->column_count);
    return code;
}

static void put_sample(struct fh_postgres *server,
                       const struct fh_profile *profile,
                       const struct trait *traits,
                       bool may_sample)
{
    uint32_t wanted = server->question->sample;
    fh_buf_add_cstr(&server->sql, "SELECT ''");
    for (uint32_t i = 0; i < profile->column_count; i++) {
        if (traits[i].is_told) {
            put_column(server, ", ", profile->columns[i].name, "::text");
        } else {
            fh_buf_add_cstr(&server->sql, ", NULL");
        }
    }
    put_from(server);
    if (may_sample && profile->rows > wanted) {
        fh_buf_printf(&server->sql,
                      " TABLESAMPLE BERNOULLI (%f) REPEATABLE (1)",
                      SAMPLE_PERCENT * (double)wanted / (double)profile->rows);
    }
    fh_buf_printf(&server->sql, " LIMIT %" PRIu32, wanted);
}

static int sample(struct fh_postgres *server,
                  struct fh_profile *out,
                  const struct trait *traits,
                  bool may_sample,
                  struct fh_observer *observers,
                  struct fh_err *err)
{
    PGresult *result = NULL;
    put_sample(server, out, traits, may_sample);
    int code = fh_postgres_ask(server, &result, err);
    for (int row = 0; code == FH_OK && row < PQntuples(result); row++) {
        for (uint32_t i = 0; i < out->column_count; i++) {
            if (!PQgetisnull(result, row, (int)i + 1)) {
                fh_observer_add(&observers[i], fh_postgres_cell(result, row, (int)i + 1));
            }
        }
    }
    PQclear(result);
    for (uint32_t i = 0; i < out->column_count && code == FH_OK; i++) {
        code = fh_observer_report(
            &observers[i], &out->columns[i], traits[i].is_text, server->arena, err);
    }
    return code;
}

static int find_unique(struct fh_postgres *server,
                       struct fh_profile *out,
                       const struct trait *traits,
                       const struct fh_observer *observers,
                       struct fh_err *err)
{
    uint32_t chosen[UNIQUE_COLUMNS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < out->column_count && count < UNIQUE_COLUMNS_MAX; i++) {
        bool repeats = false;
        for (uint32_t k = 0; k < observers[i].value_count; k++) {
            repeats = repeats || observers[i].values[k].times > 1;
        }
        if (out->rows > 1 && out->columns[i].nulls == 0 && traits[i].is_equal && !repeats) {
            chosen[count++] = i;
        }
    }
    if (count == 0) {
        return FH_OK;
    }
    PGresult *result = NULL;
    for (uint32_t i = 0; i < count; i++) {
        put_column(server,
                   i == 0 ? "SELECT count(DISTINCT " : ", count(DISTINCT ",
                   out->columns[chosen[i]].name,
                   ")");
    }
    put_from(server);
    int code = fh_postgres_ask(server, &result, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        out->columns[chosen[i]].unique = fh_postgres_number(result, 0, (int)i) == out->rows;
    }
    PQclear(result);
    return code;
}

static int describe(struct fh_postgres *server, struct fh_profile *out, struct fh_err *err)
{
    unsigned oid = 0;
    bool may_sample = false;
    struct trait *traits = NULL;
    int code = find_table(server, &oid, &may_sample, err);
    if (code == FH_OK) {
        code = define(server, oid, out, err);
    }
    if (code == FH_OK) {
        code = set_up_columns(server, oid, out, &traits, err);
    }
    if (code == FH_OK) {
        code = count(server, out, traits, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_observer *observers =
        fh_arena_array(server->arena, (size_t)out->column_count + 1, sizeof *observers);
    if (observers == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    code = sample(server, out, traits, may_sample, observers, err);
    return code == FH_OK ? find_unique(server, out, traits, observers, err) : code;
}

int fh_postgres_profile(struct fh_profile *out,
                        const struct fh_profile_question *question,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    struct fh_postgres server = {.question = question, .arena = arena};
    int code = fh_postgres_enter(&server, err);
    if (code == FH_OK) {
        code = describe(&server, out, err);
    }
    fh_postgres_leave(&server);
    return code;
}
