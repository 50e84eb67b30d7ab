/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"
#include "tools/door/pg/session_private.h"

#include <stdio.h>
#include <string.h>

static void complete(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    fh_pg_reply_complete(&session->out, command->tag);
}

static void warn(struct fh_pg_session *session, const char *state, const char *text)
{
    struct fh_pg_report report;
    fh_pg_report_set(&report, state, "%s", text);
    report.severity = FH_PG_WARNING;
    fh_pg_notice(session, &report);
}

/* ---- settings ---- */

static void set(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    struct fh_pg_report report;
    if (command->local && session->transaction == 'I') {
        warn(session, "25P01", "SET LOCAL can only be used in transaction blocks");
        complete(session, command);
        return;
    }
    const char *value = command->by_default ? NULL : command->value;
    if (!fh_pg_options_set(
            session->options, command->name, value, command->local, false, &report)) {
        fh_pg_fail(session, &report);
        return;
    }
    fh_pg_options_report(session->options, &session->out, false);
    complete(session, command);
}

static void reset(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    struct fh_pg_report report;
    if (command->name[0] == 0) {
        fh_pg_options_reset_all(session->options);
    } else if (!fh_pg_options_set(session->options, command->name, NULL, false, false, &report)) {
        fh_pg_fail(session, &report);
        return;
    }
    fh_pg_options_report(session->options, &session->out, false);
    complete(session, command);
}

/* Three columns of text: name, value, description. */
static void describe_all(struct fh_pg_session *session)
{
    static const char *const names[] = {"name", "setting", "description"};
    struct fh_pg_column columns[3];
    const uint8_t formats[3] = {0};
    for (size_t i = 0; i < FH_COUNT(columns); i++) {
        columns[i] = (struct fh_pg_column){.oid = FH_PG_OID_TEXT, .size = -1, .modifier = -1};
        snprintf(columns[i].name, sizeof columns[i].name, "%s", names[i]);
    }
    fh_pg_columns_describe(&session->out, columns, formats, FH_COUNT(columns));
}

static void show_all(struct fh_pg_session *session)
{
    const char *name = NULL;
    const char *value = NULL;
    for (size_t i = 0; fh_pg_options_at(session->options, i, &name, &value); i++) {
        const char *const cells[] = {name, value, ""};
        size_t begun = fh_pg_reply_begin(&session->out, 'D');
        fh_pg_reply_u16(&session->out, FH_COUNT(cells));
        for (size_t j = 0; j < FH_COUNT(cells); j++) {
            fh_pg_reply_u32(&session->out, (uint32_t)strlen(cells[j]));
            fh_buf_add_cstr(&session->out, cells[j]);
        }
        fh_pg_reply_end(&session->out, begun);
    }
}

static void show(struct fh_pg_session *session, const struct fh_pg_command *command, bool describe)
{
    bool all = command->name[0] == 0;
    const char *value = fh_pg_options_get(session->options, command->name);
    if (!all && value == NULL) {
        fh_pg_refuse(
            session, "42704", "unrecognized configuration parameter \"%s\"", command->name);
        return;
    }
    if (describe) {
        (void)fh_pg_utility_describe(session, command);
    }
    if (all) {
        show_all(session);
    } else {
        fh_pg_reply_text_row(&session->out, value);
    }
    complete(session, command);
}

static void discard(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    if (session->transaction != 'I') {
        fh_pg_refuse(session, "25001", "DISCARD ALL cannot run inside a transaction block");
        return;
    }
    fh_pg_portal_drop_all(&session->portals, true);
    fh_pg_statement_drop_all(&session->portals);
    fh_pg_options_reset_all(session->options);
    fh_pg_options_report(session->options, &session->out, false);
    complete(session, command);
}

/* ---- transactions ---- */

static void begin(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    if (session->transaction != 'I') {
        warn(session, "25001", "there is already a transaction in progress");
    } else {
        session->transaction = 'T';
        session->savepoint_count = 0;
        fh_pg_options_begin(session->options);
    }
    complete(session, command);
}

static void end(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    bool commit = command->verb == FH_PG_VERB_COMMIT && session->transaction != 'E';
    if (session->transaction == 'I') {
        warn(session, "25P01", "there is no transaction in progress");
        complete(session, command);
        return;
    }
    fh_pg_portal_drop_all(&session->portals, false);
    fh_pg_options_end(session->options, commit);
    fh_pg_options_report(session->options, &session->out, false);
    session->transaction = 'I';
    session->savepoint_count = 0;
    fh_pg_reply_complete(&session->out, commit ? "COMMIT" : "ROLLBACK");
}

/* Where the newest of this name stands, from 1; 0: nowhere. */
static size_t savepoint_of(const struct fh_pg_session *session, const char *name)
{
    size_t at = session->savepoint_count;
    while (at > 0 && strcmp(session->savepoints[at - 1], name) != 0) {
        at--;
    }
    return at;
}

static void savepoint(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    if (session->transaction == 'I') {
        fh_pg_refuse(session, "25P01", "%s can only be used in transaction blocks", command->tag);
        return;
    }
    if (command->verb == FH_PG_VERB_SAVEPOINT) {
        if (session->savepoint_count == FH_PG_SAVEPOINTS_MAX) {
            fh_pg_refuse(
                session, "54000", "a transaction has at most %d savepoints", FH_PG_SAVEPOINTS_MAX);
            return;
        }
        memcpy(
            session->savepoints[session->savepoint_count++], command->name, sizeof command->name);
        complete(session, command);
        return;
    }
    size_t at = savepoint_of(session, command->name);
    if (at == 0) {
        fh_pg_refuse(session, "3B001", "savepoint \"%s\" does not exist", command->name);
        return;
    }
    if (command->verb == FH_PG_VERB_RELEASE) {
        session->savepoint_count = at - 1;
    } else {
        session->savepoint_count = at; /* it stays, and what failed behind it is forgotten */
        session->transaction = 'T';
    }
    complete(session, command);
}

/* ---- cursors ---- */

static void declare(struct fh_pg_session *session,
                    const struct fh_pg_command *command,
                    const struct fh_pg_params *params)
{
    static const uint8_t binary[] = {0, 1};
    struct fh_pg_report report;
    if (session->transaction == 'I' && !command->hold) {
        fh_pg_refuse(session, "25P01", "DECLARE CURSOR can only be used in transaction blocks");
        return;
    }
    struct fh_pg_portal *portal =
        fh_pg_portal_make(&session->portals, command->name, true, &report);
    if (portal == NULL) {
        fh_pg_fail(session, &report);
        return;
    }
    portal->cursor = true;
    portal->hold = command->hold;
    portal->verb = FH_PG_VERB_QUESTION;
    snprintf(portal->tag, sizeof portal->tag, "FETCH");
    portal->answer->stream = true;
    if (command->binary) {
        fh_buf_add(&portal->answer->formats, binary, sizeof binary);
    }
    if (params != NULL && params->count > 0) {
        struct fh_pg_params *to = &portal->answer->params;
        fh_buf_add_bytes(&to->text, fh_buf_view(&params->text));
        to->count = params->count;
        memcpy(to->types, params->types, sizeof to->types);
        memcpy(to->values, params->values, sizeof to->values);
        for (unsigned i = 0; i < to->count && fh_buf_ok(&to->text) == FH_OK; i++) {
            if (to->values[i].text != NULL) {
                size_t place = (size_t)(to->values[i].text - (const char *)params->text.data);
                to->values[i].text = (const char *)to->text.data + place;
            }
        }
        if (fh_buf_ok(&to->text) != FH_OK) {
            fh_pg_portal_drop(&session->portals, portal);
            fh_pg_refuse(session, "53200", "out of memory");
            return;
        }
    }
    if (!fh_pg_question(session, portal->answer, command->body)) {
        fh_pg_portal_drop(&session->portals, portal);
        return;
    }
    complete(session, command);
}

/* Rows of a cursor, forward; or back to its beginning, which asks anew. */
static void fetch(struct fh_pg_session *session, const struct fh_pg_command *command, bool describe)
{
    bool move = command->verb == FH_PG_VERB_MOVE;
    struct fh_pg_portal *portal = fh_pg_portal_find(&session->portals, command->name);
    if (portal == NULL || portal->answer == NULL) {
        fh_pg_refuse(session, "34000", "cursor \"%s\" does not exist", command->name);
        return;
    }
    bool back = command->backward && command->count == UINT64_MAX;
    if ((command->backward && command->count > 0 && !(back && move)) ||
        (command->again && (command->backward || command->count > 1))) {
        fh_pg_refuse(session, "55000", "cursor can only scan forward");
        return;
    }
    if ((back || command->again) && !portal->first &&
        !fh_pg_portal_rewind(&session->portals, portal)) {
        fh_pg_refuse(session, "53200", "out of memory");
        return;
    }
    uint64_t count = back ? 0 : command->count;
    if (count == 0 && move) {
        fh_pg_reply_complete(&session->out, "MOVE 0");
        return;
    }
    fh_pg_run(session, portal, count, describe && !move);
    session->run.fetch = true;
    session->run.discard = move;
    session->run.most = count;
    snprintf(session->run.tag, sizeof session->run.tag, "%s", command->tag);
}

static void close_cursor(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    if (command->name[0] == 0) {
        fh_pg_portal_drop_all(&session->portals, true);
        complete(session, command);
        return;
    }
    struct fh_pg_portal *portal = fh_pg_portal_find(&session->portals, command->name);
    if (portal == NULL) {
        fh_pg_refuse(session, "34000", "cursor \"%s\" does not exist", command->name);
        return;
    }
    fh_pg_portal_drop(&session->portals, portal);
    complete(session, command);
}

static void deallocate(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    if (command->name[0] == 0) {
        fh_pg_statement_drop_all(&session->portals);
        complete(session, command);
        return;
    }
    struct fh_pg_statement *statement = fh_pg_statement_find(&session->portals, command->name);
    if (statement == NULL) {
        fh_pg_refuse(session, "26000", "prepared statement \"%s\" does not exist", command->name);
        return;
    }
    fh_pg_statement_drop(&session->portals, statement);
    complete(session, command);
}

/* ---- EXPLAIN ---- */

void fh_pg_explain(struct fh_pg_session *session, struct fh_pg_portal *portal)
{
    char line[FH_ERR_TEXT_BYTES + 64];
    const struct fh_pg_answer *answer = portal->answer;
    if (!session->extended) {
        fh_pg_reply_text_column(&session->out, "QUERY PLAN");
    }
    if (answer->given != NULL) {
        snprintf(line, sizeof line, "Catalogue: answered here, from what this identity may see");
    } else if (answer->joined) {
        snprintf(line,
                 sizeof line,
                 "Join: by the node of %s, from the data of several owners",
                 answer->owner);
    } else {
        snprintf(line, sizeof line, "Query: end to end with the node of %s", answer->owner);
    }
    fh_pg_reply_text_row(&session->out, line);
    for (unsigned i = 0; i < answer->notice_count; i++) {
        snprintf(line, sizeof line, "  Note: %s", answer->notices[i].text);
        fh_pg_reply_text_row(&session->out, line);
    }
    fh_pg_reply_complete(&session->out, "EXPLAIN");
    session->run.active = false;
    portal->done = true;
    if (!session->extended) {
        fh_pg_portal_drop(&session->portals, portal);
    }
}

/* ---- all of them ---- */

bool fh_pg_utility_describe(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    bool all = command->verb == FH_PG_VERB_SHOW && command->name[0] == 0;
    const char *column = command->verb == FH_PG_VERB_EXPLAIN ? "QUERY PLAN"
                         : command->verb == FH_PG_VERB_SHOW
                             ? fh_pg_options_name(session->options, command->name)
                             : NULL;
    if (all) {
        describe_all(session);
    } else if (column != NULL) {
        fh_pg_reply_text_column(&session->out, column);
    }
    return all || column != NULL;
}

bool fh_pg_is_aborted(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    bool ends = command->verb == FH_PG_VERB_COMMIT || command->verb == FH_PG_VERB_ROLLBACK ||
                command->verb == FH_PG_VERB_ROLLBACK_TO;
    if (session->transaction != 'E' || ends) {
        return false;
    }
    fh_pg_refuse(session,
                 "25P02",
                 "current transaction is aborted, commands ignored until end of transaction block");
    return true;
}

static void refuse_write(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    struct fh_pg_report report;
    fh_pg_report_set(
        &report, "25006", "cannot execute %s in a read-only transaction", command->tag);
    snprintf(report.hint,
             sizeof report.hint,
             "Data products are read here; their domain changes them where they live.");
    fh_pg_fail(session, &report);
}

void fh_pg_utility(struct fh_pg_session *session,
                   const struct fh_pg_command *command,
                   const struct fh_pg_params *params,
                   bool describe)
{
    switch (command->verb) {
    case FH_PG_VERB_SET:
        set(session, command);
        break;
    case FH_PG_VERB_RESET:
        reset(session, command);
        break;
    case FH_PG_VERB_SHOW:
        show(session, command, describe);
        break;
    case FH_PG_VERB_DISCARD:
        discard(session, command);
        break;
    case FH_PG_VERB_BEGIN:
        begin(session, command);
        break;
    case FH_PG_VERB_COMMIT:
    case FH_PG_VERB_ROLLBACK:
        end(session, command);
        break;
    case FH_PG_VERB_SAVEPOINT:
    case FH_PG_VERB_RELEASE:
    case FH_PG_VERB_ROLLBACK_TO:
        savepoint(session, command);
        break;
    case FH_PG_VERB_DECLARE:
        declare(session, command, params);
        break;
    case FH_PG_VERB_FETCH:
    case FH_PG_VERB_MOVE:
        fetch(session, command, describe);
        break;
    case FH_PG_VERB_CLOSE:
        close_cursor(session, command);
        break;
    case FH_PG_VERB_DEALLOCATE:
        deallocate(session, command);
        break;
    case FH_PG_VERB_NOTHING:
        complete(session, command);
        break;
    case FH_PG_VERB_WRITE:
        refuse_write(session, command);
        break;
    case FH_PG_VERB_FOREIGN:
        fh_pg_refuse(session, "0A000", "%s is not for here", command->tag);
        break;
    case FH_PG_VERB_QUESTION:
    case FH_PG_VERB_EXPLAIN:
    case FH_PG_VERB_COPY:
        FH_ASSERT(false); /* they have a portal with an answer */
        break;
    }
}
