/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PostgreSQL database described: its tables, and one of them by aggregates and a sample.
 *
 * One transaction, read only, that sees one state of the data. The catalogue of the server becomes
 * SQL text again (CREATE TYPE, CREATE TABLE, COMMENT ON), which whoever drafts the contract reads
 * as it reads a file of definitions. Errors are told by their SQLSTATE alone: texts of the server
 * may quote values, and come in its language.
 */
#include "common/time.h"
#include "node/worker/observe.h"
#include "node/worker/profile.h"
#include "node/worker/sql.h"

#include <libpq-fe.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SQL_BYTES_MAX = 2 * 1024 * 1024,
    CONNECT_MS = 5000,
    UNIQUE_COLUMNS_MAX = 8,
    SAMPLE_MARGIN = 2, /* BERNOULLI gives about as many rows as asked for */
};

struct server {
    PGconn *connection;
    const struct fh_profile_question *question;
    struct fh_arena *arena;
    struct fh_buf sql;
};

/* ---- connecting ---- */

/* The SQLSTATE in a message of this verbosity ("FATAL:  28P01"), or "". */
static void state_of(const char *message, char out[6])
{
    out[0] = 0;
    for (const char *at = message; *at != 0; at++) {
        size_t size = strspn(at, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        bool alone = at == message || at[-1] == ' ';
        if (alone && size == 5 && (at[5] == '\n' || at[5] == 0) && strpbrk(at, "0123456789")) {
            memcpy(out, at, 5);
            out[5] = 0;
            return;
        }
    }
}

static int refused(const struct server *server, struct fh_err *err)
{
    char state[6];
    const struct fh_profile_question *q = server->question;
    state_of(PQerrorMessage(server->connection), state);
    if (strncmp(state, "28", 2) == 0 || PQconnectionNeedsPassword(server->connection)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "source.denied",
                           "%s:%" PRIu32 " does not let user %s in (SQLSTATE %s); the password "
                           "comes from PGPASSWORD or ~/.pgpass",
                           q->host,
                           q->port,
                           q->user,
                           state[0] == 0 ? "28000" : state);
    }
    if (strcmp(state, "3D000") == 0) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "source.database",
                           "%s:%" PRIu32 " has no database %s",
                           q->host,
                           q->port,
                           q->database);
    }
    return fh_err_rule(err,
                       FH_EUNREACH,
                       "source.unreachable",
                       "no PostgreSQL answers at %s:%" PRIu32 "%s%s",
                       q->host,
                       q->port,
                       state[0] == 0 ? "" : ", SQLSTATE ",
                       state);
}

static int await_connection(const struct server *server, struct fh_err *err)
{
    int64_t deadline_ms = fh_clock_mono_ms() + CONNECT_MS;
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    while (want != PGRES_POLLING_OK && want != PGRES_POLLING_FAILED) {
        struct pollfd wait = {
            .fd = PQsocket(server->connection),
            .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT,
        };
        int64_t left = deadline_ms - fh_clock_mono_ms();
        if (left <= 0 || poll(&wait, 1, (int)left) <= 0) {
            return refused(server, err);
        }
        want = PQconnectPoll(server->connection);
    }
    return want == PGRES_POLLING_OK ? FH_OK : refused(server, err);
}

static int failed(const struct server *server, PGresult *result, struct fh_err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    char copy[6];
    snprintf(copy, sizeof copy, "%s", state == NULL ? "" : state);
    PQclear(result);
    if (strcmp(copy, "42501") == 0) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "source.denied",
                           "user %s may not read the table",
                           server->question->user);
    }
    return fh_err_rule(err,
                       copy[0] == 0 ? FH_EUNREACH : FH_EINVAL,
                       "source.read",
                       "PostgreSQL does not answer a question about the table (SQLSTATE %s)",
                       copy[0] == 0 ? "none" : copy);
}

/* Runs `server->sql` and empties it. `out` may be NULL. */
static int ask(struct server *server, PGresult **out, struct fh_err *err)
{
    int code = fh_buf_ok(&server->sql);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the table has too many columns to describe at once");
    }
    PGresult *result = PQexec(server->connection, fh_buf_cstr(&server->sql));
    ExecStatusType status = PQresultStatus(result);
    fh_buf_reset(&server->sql);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        return failed(server, result, err);
    }
    if (out == NULL) {
        PQclear(result);
    } else {
        *out = result;
    }
    return FH_OK;
}

static int say(struct server *server, const char *sql, struct fh_err *err)
{
    fh_buf_add_cstr(&server->sql, sql);
    return ask(server, NULL, err);
}

static void leave(struct server *server)
{
    PQfinish(server->connection);
    fh_buf_fini(&server->sql);
}

static int enter(struct server *server, struct fh_err *err)
{
    const struct fh_profile_question *q = server->question;
    char port[12];
    snprintf(port, sizeof port, "%" PRIu32, q->port);
    const char *const names[] = {"host",
                                 "port",
                                 "dbname",
                                 "user",
                                 "password",
                                 "passfile",
                                 "sslmode",
                                 "application_name",
                                 "client_encoding",
                                 NULL};
    const char *const values[] = {q->host,
                                  port,
                                  q->database,
                                  q->user,
                                  q->password,
                                  q->password_file,
                                  q->ssl_mode,
                                  "freehold contract import",
                                  "UTF8",
                                  NULL};
    fh_buf_init(&server->sql, SQL_BYTES_MAX);
    server->connection = PQconnectStartParams(names, values, 0);
    if (server->connection == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a connection");
    }
    PQsetErrorVerbosity(server->connection, PQERRORS_SQLSTATE);
    int code = PQstatus(server->connection) == CONNECTION_BAD ? refused(server, err)
                                                              : await_connection(server, err);
    if (code == FH_OK) {
        code = say(server, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
    }
    if (code == FH_OK) {
        /* Only the system's own functions and operators, whatever others put on the path. */
        code = say(server,
                   "SET LOCAL search_path TO pg_catalog; SET LOCAL DateStyle TO ISO; "
                   "SET LOCAL TimeZone TO 'UTC'; SET LOCAL standard_conforming_strings TO on",
                   err);
    }
    return code;
}

static struct fh_bytes cell(const PGresult *result, int row, int column)
{
    return fh_bytes(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

static uint64_t number(const PGresult *result, int row, int column)
{
    return strtoull(PQgetvalue(result, row, column), NULL, 10);
}

/* ---- the list ---- */

static int list(struct server *server, struct fh_profile_catalogue *out, struct fh_err *err)
{
    PGresult *result = NULL;
    fh_buf_printf(&server->sql,
                  "SELECT n.nspname, c.relname, c.relkind IN ('v', 'm') FROM pg_class c JOIN "
                  "pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', "
                  "'m', 'f') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND "
                  "n.nspname !~ '^pg_' ORDER BY 1, 2 LIMIT %d",
                  FH_PROFILE_TABLES_MAX);
    int code = ask(server, &result, err);
    if (code != FH_OK) {
        return code;
    }
    int count = PQntuples(result);
    out->tables = fh_arena_array(server->arena, (size_t)count + 1, sizeof *out->tables);
    if (out->tables == NULL) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for a list of tables");
    }
    for (int i = 0; i < count && code == FH_OK; i++) {
        struct fh_profile_table *table = &out->tables[i];
        table->is_view = PQgetvalue(result, i, 2)[0] == 't';
        code = fh_observer_name(&table->schema, "schema", cell(result, i, 0), server->arena, err);
        if (code == FH_OK) {
            code = fh_observer_name(&table->name, "table", cell(result, i, 1), server->arena, err);
        }
        out->table_count = (uint32_t)i + 1;
    }
    PQclear(result);
    return code;
}

int fh_postgres_catalogue(struct fh_profile_catalogue *out,
                          const struct fh_profile_question *question,
                          struct fh_arena *arena,
                          struct fh_err *err)
{
    struct server server = {.question = question, .arena = arena};
    int code = enter(&server, err);
    if (code == FH_OK) {
        code = list(&server, out, err);
    }
    leave(&server);
    return code;
}

/* ---- one table: its definition ---- */

/* The relation as an oid constant of the following questions. */
static int
find_table(struct server *server, unsigned *out_oid, bool *out_sampled, struct fh_err *err)
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
    int code = ask(server, &result, err);
    if (code == FH_OK && PQntuples(result) != 1) {
        code = fh_err_rule(err, FH_ENOTFOUND, "source.table", "the source has no such table");
    } else if (code == FH_OK) {
        *out_oid = (unsigned)number(result, 0, 0);
        *out_sampled = PQgetvalue(result, 0, 1)[0] == 't';
    }
    PQclear(result);
    return code;
}

static int define(struct server *server, unsigned oid, struct fh_profile *out, struct fh_err *err)
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
    int code = ask(server, &result, err);
    if (code != FH_OK) {
        return code;
    }
    fh_buf_init(&text, FH_PROFILE_DEFINITION_BYTES_MAX);
    for (int i = 0; i < PQntuples(result); i++) {
        fh_buf_add_bytes(&text, cell(result, i, 1));
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

static int set_up_columns(struct server *server,
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
    int code = ask(server, &result, err);
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
        code = fh_observer_name(&column->name, "column", cell(result, i, 0), server->arena, err);
        if (code == FH_OK) {
            code = fh_observer_name(&column->type, "type", cell(result, i, 1), server->arena, err);
        }
        column->minimum = column->maximum = "";
        column->observed = true;
        (*out_traits)[i] = trait_of(result, i);
        out->column_count = (uint32_t)i + 1;
    }
    PQclear(result);
    return code;
}

static void put_from(struct server *server)
{
    fh_buf_add_cstr(&server->sql, " FROM ");
    fh_sql_name(&server->sql, server->question->schema);
    fh_buf_add_u8(&server->sql, '.');
    fh_sql_name(&server->sql, server->question->table);
}

static void
put_column(struct server *server, const char *before, const char *name, const char *after)
{
    fh_buf_add_cstr(&server->sql, before);
    fh_sql_name(&server->sql, name);
    fh_buf_add_cstr(&server->sql, after);
}

static int take_bound(
    struct server *server, const PGresult *result, int column, const char **out, struct fh_err *err)
{
    struct fh_bytes value = cell(result, 0, column);
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

static int count_some(struct server *server,
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
    int code = ask(server, &result, err);
    if (code != FH_OK) {
        return code;
    }
    out->rows = number(result, 0, 0);
    for (uint32_t i = from; i < to && code == FH_OK; i++) {
        struct fh_profile_column *column = &out->columns[i];
        int at = 1 + (int)(i - from) * COUNTS;
        column->nulls = out->rows - number(result, 0, at);
        column->chars_max = traits[i].is_text ? number(result, 0, at + 1) : 0;
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

static int
count(struct server *server, struct fh_profile *out, const struct trait *traits, struct fh_err *err)
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

static void put_sample(struct server *server,
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
    if (may_sample && profile->rows > (uint64_t)wanted * SAMPLE_MARGIN) {
        fh_buf_printf(&server->sql,
                      " TABLESAMPLE BERNOULLI (%f) REPEATABLE (1)",
                      100.0 * SAMPLE_MARGIN * (double)wanted / (double)profile->rows);
    }
    fh_buf_printf(&server->sql, " LIMIT %" PRIu32, wanted);
}

static int sample(struct server *server,
                  struct fh_profile *out,
                  const struct trait *traits,
                  bool may_sample,
                  struct fh_observer *observers,
                  struct fh_err *err)
{
    PGresult *result = NULL;
    put_sample(server, out, traits, may_sample);
    int code = ask(server, &result, err);
    for (int row = 0; code == FH_OK && row < PQntuples(result); row++) {
        for (uint32_t i = 0; i < out->column_count; i++) {
            if (!PQgetisnull(result, row, (int)i + 1)) {
                fh_observer_add(&observers[i], cell(result, row, (int)i + 1));
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

static int find_unique(struct server *server,
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
    int code = ask(server, &result, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        out->columns[chosen[i]].unique = number(result, 0, (int)i) == out->rows;
    }
    PQclear(result);
    return code;
}

static int describe(struct server *server, struct fh_profile *out, struct fh_err *err)
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
    struct server server = {.question = question, .arena = arena};
    int code = enter(&server, err);
    if (code == FH_OK) {
        code = describe(&server, out, err);
    }
    leave(&server);
    return code;
}
