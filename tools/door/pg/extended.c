/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "tools/door/pg/session_private.h"

#include <stdio.h>
#include <string.h>

/* ---- Parse ---- */

/* The one statement of the text, empty when there is none. */
static bool one_statement(struct fh_pg_session *session, struct fh_bytes text, struct fh_bytes *out)
{
    struct fh_pg_sql reader = {.sql = text};
    struct fh_bytes more;
    *out = FH_BYTES_NONE;
    if (text.size > FH_SQL_BYTES_MAX) { /* no door behind takes it; nobody looks at it first */
        fh_pg_refuse(session, "54000", "a statement has at most %d bytes", FH_SQL_BYTES_MAX);
        return false;
    }
    if (!fh_utf8_valid(text)) {
        fh_pg_refuse(session, "22021", "the query is not valid UTF-8");
        return false;
    }
    if (fh_pg_statement_next(&reader, out) && fh_pg_statement_next(&reader, &more)) {
        fh_pg_refuse(session, "42601", "cannot insert multiple commands into a prepared statement");
        return false;
    }
    return true;
}

/* What is declared, else what the statement casts a parameter to. */
static bool take_types(struct fh_pg_session *session,
                       struct fh_pg_statement *statement,
                       const struct fh_pg_list *types)
{
    struct fh_pg_cast casts[FH_SQL_PARAMS_MAX];
    unsigned count = fh_pg_sql_params(fh_buf_view(&statement->sql), casts, FH_SQL_PARAMS_MAX);
    count = count > types->count ? count : types->count;
    if (count > FH_SQL_PARAMS_MAX) {
        fh_pg_refuse(session, "54000", "a statement has at most %d parameters", FH_SQL_PARAMS_MAX);
        return false;
    }
    statement->param_count = count;
    for (unsigned i = 0; i < count; i++) {
        statement->params[i] = fh_pg_type_at(types, i);
        if (statement->params[i] == 0 && casts[i].type[0] != 0) {
            statement->params[i] = fh_pg_oid_of_name(casts[i].type);
        }
    }
    return true;
}

void fh_pg_parse(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_bytes sql;
    struct fh_pg_report report;
    struct fh_pg_command command = {.verb = FH_PG_VERB_NOTHING};
    if (!fh_pg_take_name(session, message->parse.statement, name) ||
        !one_statement(session, message->parse.sql, &sql)) {
        return;
    }
    if (sql.size > 0) {
        bool read = fh_pg_command_read(&command, sql, &report);
        fh_pg_command_fini(&command);
        if (!read) {
            fh_pg_fail(session, &report);
            return;
        }
        if (fh_pg_is_aborted(session, &command)) {
            return;
        }
    }
    struct fh_pg_statement *statement = fh_pg_statement_make(&session->portals, name, sql, &report);
    if (statement == NULL) {
        fh_pg_fail(session, &report);
    } else if (take_types(session, statement, &message->parse.types)) {
        fh_pg_reply_plain(&session->out, '1');
    } else {
        fh_pg_statement_drop(&session->portals, statement);
    }
}

/* ---- Bind ---- */

/* Whether the client is about to fetch in parts: then much may come, over a long time. */
static bool fetches_in_parts(const struct fh_pg_session *session)
{
    struct fh_err ignored;
    struct fh_pg_message message;
    size_t at = session->in_at;
    for (int i = 0; i < 3; i++) { /* Describe, Execute, Sync */
        if (at == session->in.size) {
            return false;
        }
        struct fh_bytes in = fh_bytes(session->in.data + at, session->in.size - at);
        size_t size = 0;
        if (fh_pg_frame(in, FH_PG_PHASE_READY, &size, &ignored) != FH_OK || size == 0 ||
            size > in.size ||
            fh_pg_read(&message, fh_bytes(in.data, size), FH_PG_PHASE_READY, &ignored) != FH_OK) {
            return false;
        }
        if (message.kind == FH_PG_EXECUTE) {
            return message.execute.rows_max > 0;
        }
        at += size;
    }
    return false;
}

static bool bind_question(struct fh_pg_session *session,
                          struct fh_pg_portal *portal,
                          const struct fh_pg_command *command,
                          const struct fh_pg_statement *statement,
                          const struct fh_pg_message *message)
{
    struct fh_err err;
    struct fh_pg_answer *answer = portal->answer;
    int code = fh_pg_params_read(
        &answer->params, &message->bind.formats, message->bind.values, statement->params, &err);
    if (code != FH_OK) {
        fh_pg_fail_err(session, &err);
        return false;
    }
    answer->columns_only = command->verb == FH_PG_VERB_EXPLAIN;
    answer->stream = command->verb == FH_PG_VERB_COPY || fetches_in_parts(session);
    answer->stream_only = command->verb == FH_PG_VERB_COPY;
    if (command->verb == FH_PG_VERB_COPY) {
        answer->copy = command->copy;
    } else {
        fh_buf_add_bytes(&answer->formats, message->bind.results.bytes);
    }
    if (fh_buf_ok(&answer->formats) != FH_OK) {
        fh_pg_refuse(session, "54000", "an answer has at most %d columns", FH_BATCH_COLUMNS_MAX);
        return false;
    }
    return fh_pg_question(session, answer, command->body);
}

static bool bind_utility(struct fh_pg_session *session,
                         struct fh_pg_portal *portal,
                         const struct fh_pg_statement *statement,
                         const struct fh_pg_message *message)
{
    struct fh_err err;
    fh_buf_add_bytes(&portal->sql, fh_buf_view(&statement->sql));
    int code = fh_buf_ok(&portal->sql);
    if (code != FH_OK) {
        fh_err_set(&err, code, "out of memory");
    } else {
        code = fh_pg_params_read(
            &portal->params, &message->bind.formats, message->bind.values, statement->params, &err);
    }
    if (code != FH_OK) {
        fh_pg_fail_err(session, &err);
    }
    return code == FH_OK;
}

static bool bind(struct fh_pg_session *session,
                 const char *name,
                 const struct fh_pg_statement *statement,
                 const struct fh_pg_message *message)
{
    struct fh_pg_report report;
    struct fh_pg_command command = {.verb = FH_PG_VERB_NOTHING};
    fh_buf_init(&command.made, 1);
    if (statement->sql.size > 0 &&
        !fh_pg_command_read(&command, fh_buf_view(&statement->sql), &report)) {
        fh_pg_fail(session, &report);
        return false;
    }
    bool question = fh_pg_is_question(command.verb);
    bool fine = !fh_pg_is_aborted(session, &command);
    struct fh_pg_portal *portal =
        fine ? fh_pg_portal_make(&session->portals, name, question, &report) : NULL;
    if (fine && portal == NULL) {
        fh_pg_fail(session, &report);
    }
    fine = portal != NULL;
    if (fine) {
        portal->verb = command.verb;
        memcpy(portal->tag, command.tag, sizeof portal->tag);
        fine = question ? bind_question(session, portal, &command, statement, message)
                        : bind_utility(session, portal, statement, message);
        if (!fine) {
            fh_pg_portal_drop(&session->portals, portal);
        }
    }
    fh_pg_command_fini(&command);
    return fine;
}

void fh_pg_bind(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    char name[FH_NAME_BYTES_MAX + 1];
    char statement_name[FH_NAME_BYTES_MAX + 1];
    if (!fh_pg_take_name(session, message->bind.portal, name) ||
        !fh_pg_take_name(session, message->bind.statement, statement_name)) {
        return;
    }
    struct fh_pg_statement *statement = fh_pg_statement_find(&session->portals, statement_name);
    if (statement == NULL) {
        fh_pg_refuse(session, "26000", "prepared statement \"%s\" does not exist", statement_name);
        return;
    }
    if (message->bind.values.count != statement->param_count) {
        fh_pg_refuse(
            session,
            "08P01",
            "bind message supplies %u parameters, but prepared statement \"%s\" requires %u",
            message->bind.values.count,
            statement_name,
            statement->param_count);
        return;
    }
    if (bind(session, name, statement, message)) {
        fh_pg_reply_plain(&session->out, '2');
    }
}

/* ---- Describe ---- */

static void describe_params(struct fh_pg_session *session, const struct fh_pg_statement *statement)
{
    uint32_t oids[FH_SQL_PARAMS_MAX];
    for (unsigned i = 0; i < statement->param_count; i++) {
        oids[i] = statement->params[i] == 0 ? FH_PG_OID_TEXT : statement->params[i];
    }
    fh_pg_reply_params(&session->out, oids, statement->param_count);
}

/* A statement's columns are in text form until a Bind says otherwise. */
static void describe_columns(struct fh_pg_session *session, const struct fh_pg_statement *statement)
{
    uint8_t *formats FH_CLEANUP(fh_freep) = fh_calloc(statement->column_count + 1, 1);
    if (formats == NULL) {
        fh_pg_refuse(session, "53200", "out of memory");
        return;
    }
    fh_pg_columns_describe(&session->out, statement->columns, formats, statement->column_count);
}

/* Columns of a question are learned by asking it for no rows, with NULL for its parameters. */
static void begin_description(struct fh_pg_session *session,
                              struct fh_pg_statement *statement,
                              const struct fh_pg_command *command)
{
    struct fh_pg_answer *answer = fh_pg_answer_new();
    if (answer == NULL) {
        fh_pg_refuse(session, "53200", "out of memory");
        return;
    }
    answer->columns_only = true;
    fh_pg_params_null(&answer->params, statement->param_count);
    memcpy(answer->params.types, statement->params, sizeof statement->params);
    if (!fh_pg_question(session, answer, command->body)) {
        fh_pg_answer_free(answer);
        return;
    }
    session->describing.statement = statement;
    session->describing.answer = answer;
    fh_pg_begin_work(session, FH_PG_TASK_ASK, answer);
}

void fh_pg_describe_on(struct fh_pg_session *session)
{
    struct fh_pg_statement *statement = session->describing.statement;
    struct fh_pg_answer *answer = FH_TAKE(session->describing.answer);
    session->describing.statement = NULL;
    if (answer->failed) {
        struct fh_pg_report report = answer->report;
        fh_pg_answer_free(answer);
        fh_pg_fail(session, &report);
        return;
    }
    statement->columns = FH_TAKE(answer->columns);
    statement->column_count = answer->column_count;
    statement->described = true;
    for (unsigned i = 0; answer->given != NULL && i < statement->param_count; i++) {
        if (statement->params[i] == 0 && i < answer->given->param_count) {
            statement->params[i] = answer->given->param_types[i];
        }
    }
    fh_pg_answer_free(answer);
    describe_params(session, statement);
    describe_columns(session, statement);
}

/* A command's columns of text, or the columns of the cursor that it fetches from, or none. */
static void describe_utility(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    struct fh_pg_portal *cursor = command->verb == FH_PG_VERB_FETCH
                                      ? fh_pg_portal_find(&session->portals, command->name)
                                      : NULL;
    if (fh_pg_utility_describe(session, command)) {
        /* said */
    } else if (cursor != NULL && cursor->answer != NULL) {
        fh_pg_run(session, cursor, 0, true);
        session->run.only = true;
    } else {
        fh_pg_reply_plain(&session->out, 'n');
    }
}

static void describe_statement(struct fh_pg_session *session, struct fh_pg_statement *statement)
{
    struct fh_pg_report report;
    struct fh_pg_command command;
    if (statement->described) {
        describe_params(session, statement);
        describe_columns(session, statement);
        return;
    }
    if (statement->sql.size == 0) {
        describe_params(session, statement);
        fh_pg_reply_plain(&session->out, 'n');
        return;
    }
    if (!fh_pg_command_read(&command, fh_buf_view(&statement->sql), &report)) {
        fh_pg_fail(session, &report);
        return;
    }
    if (fh_pg_is_aborted(session, &command)) {
        /* said */
    } else if (command.verb == FH_PG_VERB_QUESTION) {
        begin_description(session, statement, &command);
    } else {
        describe_params(session, statement);
        describe_utility(session, &command);
    }
    fh_pg_command_fini(&command);
}

static void describe_portal(struct fh_pg_session *session, struct fh_pg_portal *portal)
{
    struct fh_pg_report report;
    struct fh_pg_command command;
    if (portal->verb == FH_PG_VERB_QUESTION) {
        fh_pg_run(session, portal, 0, true);
        session->run.only = true;
    } else if (portal->verb == FH_PG_VERB_EXPLAIN) {
        fh_pg_reply_text_column(&session->out, "QUERY PLAN");
    } else if (portal->answer != NULL || portal->sql.size == 0) {
        fh_pg_reply_plain(&session->out, 'n');
    } else if (!fh_pg_command_read(&command, fh_buf_view(&portal->sql), &report)) {
        fh_pg_fail(session, &report);
    } else {
        describe_utility(session, &command);
        fh_pg_command_fini(&command);
    }
}

void fh_pg_describe(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    char name[FH_NAME_BYTES_MAX + 1];
    if (!fh_pg_take_name(session, message->target.name, name)) {
        return;
    }
    if (message->target.portal) {
        struct fh_pg_portal *portal = fh_pg_portal_find(&session->portals, name);
        if (portal == NULL) {
            fh_pg_refuse(session, "34000", "portal \"%s\" does not exist", name);
        } else {
            describe_portal(session, portal);
        }
        return;
    }
    struct fh_pg_statement *statement = fh_pg_statement_find(&session->portals, name);
    if (statement == NULL) {
        fh_pg_refuse(session, "26000", "prepared statement \"%s\" does not exist", name);
    } else {
        describe_statement(session, statement);
    }
}

/* ---- Execute, Close ---- */

static void execute_utility(struct fh_pg_session *session, struct fh_pg_portal *portal)
{
    struct fh_pg_report report;
    struct fh_pg_command command;
    struct fh_buf sql = portal->sql; /* the portal may go with its transaction */
    struct fh_pg_params params = portal->params;
    fh_buf_init(&portal->sql, 1);
    fh_pg_params_init(&portal->params);
    portal->done = true;
    if (!fh_pg_command_read(&command, fh_buf_view(&sql), &report)) {
        fh_pg_fail(session, &report);
    } else {
        if (!fh_pg_is_aborted(session, &command)) {
            fh_pg_utility(session, &command, &params, false);
        }
        fh_pg_command_fini(&command);
    }
    fh_buf_fini(&sql);
    fh_pg_params_fini(&params);
}

void fh_pg_execute(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    char name[FH_NAME_BYTES_MAX + 1];
    if (!fh_pg_take_name(session, message->execute.portal, name)) {
        return;
    }
    struct fh_pg_portal *portal = fh_pg_portal_find(&session->portals, name);
    if (portal == NULL) {
        fh_pg_refuse(session, "34000", "portal \"%s\" does not exist", name);
    } else if (portal->answer != NULL && portal->done) {
        char tag[64];
        snprintf(tag, sizeof tag, "%s 0", portal->tag);
        fh_pg_reply_complete(&session->out, tag);
    } else if (portal->answer != NULL) {
        bool whole = portal->verb != FH_PG_VERB_QUESTION;
        fh_pg_run(session, portal, whole ? 0 : message->execute.rows_max, false);
    } else if (portal->done) {
        fh_pg_refuse(session, "55000", "portal \"%s\" cannot be run", name);
    } else if (portal->sql.size == 0) {
        fh_pg_reply_plain(&session->out, 'I');
    } else {
        execute_utility(session, portal);
    }
}

void fh_pg_close(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    char name[FH_NAME_BYTES_MAX + 1];
    if (!fh_pg_take_name(session, message->target.name, name)) {
        return;
    }
    if (message->target.portal) {
        struct fh_pg_portal *portal = fh_pg_portal_find(&session->portals, name);
        if (portal != NULL) {
            fh_pg_portal_drop(&session->portals, portal);
        }
    } else {
        struct fh_pg_statement *statement = fh_pg_statement_find(&session->portals, name);
        if (statement != NULL) {
            fh_pg_statement_drop(&session->portals, statement);
        }
    }
    fh_pg_reply_plain(&session->out, '3');
}
