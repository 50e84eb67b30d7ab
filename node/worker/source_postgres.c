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
#include "node/worker/postgres.h"

#include <libpq-fe.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SQL_BYTES_MAX = 2 * 1024 * 1024,
    CONNECT_MS = 5000,
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

static int refused(const struct fh_postgres *server, struct fh_err *err)
{
    char state[6];
    const struct fh_profile_question *q = server->question;
    state_of(PQerrorMessage(server->connection), state);
    if ((state[0] == '2' && state[1] == '8') || PQconnectionNeedsPassword(server->connection)) {
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

static int await_connection(const struct fh_postgres *server, struct fh_err *err)
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

static int failed(const struct fh_postgres *server, PGresult *result, struct fh_err *err)
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
int fh_postgres_ask(struct fh_postgres *server, PGresult **out, struct fh_err *err)
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

static int say(struct fh_postgres *server, const char *sql, struct fh_err *err)
{
    fh_buf_add_cstr(&server->sql, sql);
    return fh_postgres_ask(server, NULL, err);
}

void fh_postgres_leave(struct fh_postgres *server)
{
    PQfinish(server->connection);
    fh_buf_fini(&server->sql);
}

int fh_postgres_enter(struct fh_postgres *server, struct fh_err *err)
{
    const struct fh_profile_question *q = server->question;
    char port[12];
    snprintf(port, sizeof port, "%" PRIu32, q->port);
    const char *const names[] = {"host",
                                 "port",
                                 "dbname",
                                 "user",
                                 "password",
                                 "sslmode",
                                 "application_name",
                                 "client_encoding",
                                 NULL};
    const char *const values[] = {q->host,
                                  port,
                                  q->database,
                                  q->user,
                                  q->password,
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

struct fh_bytes fh_postgres_cell(const PGresult *result, int row, int column)
{
    return fh_bytes(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

uint64_t fh_postgres_number(const PGresult *result, int row, int column)
{
    return strtoull(PQgetvalue(result, row, column), NULL, 10);
}

/* ---- the list ---- */

static int list(struct fh_postgres *server, struct fh_profile_catalogue *out, struct fh_err *err)
{
    PGresult *result = NULL;
    fh_buf_printf(&server->sql,
                  "SELECT n.nspname, c.relname, c.relkind IN ('v', 'm') FROM pg_class c JOIN "
                  "pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', "
                  "'m', 'f') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND "
                  "n.nspname !~ '^pg_' ORDER BY 1, 2 LIMIT %d",
                  FH_PROFILE_TABLES_MAX);
    int code = fh_postgres_ask(server, &result, err);
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
        code = fh_observer_name(
            &table->schema, "schema", fh_postgres_cell(result, i, 0), server->arena, err);
        if (code == FH_OK) {
            code = fh_observer_name(
                &table->name, "table", fh_postgres_cell(result, i, 1), server->arena, err);
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
    struct fh_postgres server = {.question = question, .arena = arena};
    int code = fh_postgres_enter(&server, err);
    if (code == FH_OK) {
        code = list(&server, out, err);
    }
    fh_postgres_leave(&server);
    return code;
}
