/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/session_private.h"

#include <stdio.h>
#include <string.h>

/* ---- questions ---- */

bool fh_pg_is_question(enum fh_pg_verb verb)
{
    return verb == FH_PG_VERB_QUESTION || verb == FH_PG_VERB_COPY || verb == FH_PG_VERB_EXPLAIN;
}

bool fh_pg_question(struct fh_pg_session *session, struct fh_pg_answer *answer, struct fh_bytes sql)
{
    const char *purpose = fh_pg_options_get(session->options, "freehold.purpose");
    if (strlen(purpose) > FH_PURPOSE_BYTES_MAX) {
        fh_pg_refuse(
            session, "22023", "freehold.purpose has at most %d bytes", (int)FH_PURPOSE_BYTES_MAX);
        return false;
    }
    if (sql.size > FH_SQL_BYTES_MAX) {
        fh_pg_refuse(session,
                     "54000",
                     "a query has at most %d bytes; this one has %zu",
                     (int)FH_SQL_BYTES_MAX,
                     sql.size);
        return false;
    }
    snprintf(answer->purpose, sizeof answer->purpose, "%s", purpose);
    answer->deadline_ms =
        fh_pg_duration_ms(fh_pg_options_get(session->options, "statement_timeout"));
    fh_buf_add_bytes(&answer->sql, sql);
    if (fh_buf_ok(&answer->sql) != FH_OK) {
        fh_pg_refuse(session, "53200", "out of memory");
        return false;
    }
    return true;
}

/* ---- an answer on its way ---- */

void fh_pg_run(struct fh_pg_session *session,
               struct fh_pg_portal *portal,
               uint64_t most,
               bool describe)
{
    session->run = (struct fh_pg_running){
        .active = true,
        .portal = portal,
        .most = most == 0 ? UINT64_MAX : most,
        .describe = describe,
    };
    snprintf(session->run.tag, sizeof session->run.tag, "%s", portal->tag);
}

static void tell_notices(struct fh_pg_session *session, struct fh_pg_portal *portal)
{
    for (unsigned i = 0; i < portal->answer->notice_count; i++) {
        fh_pg_notice(session, &portal->answer->notices[i]);
    }
    portal->told = true;
}

/* Columns, or how COPY begins. False when nothing else is to be done. */
static bool begin_rows(struct fh_pg_session *session)
{
    struct fh_pg_running *run = &session->run;
    struct fh_pg_portal *portal = run->portal;
    struct fh_pg_answer *answer = portal->answer;
    if (portal->verb == FH_PG_VERB_COPY && !portal->begun) {
        fh_pg_reply_copy_out(
            &session->out, answer->copy.form == FH_PG_FORM_BINARY, (unsigned)answer->column_count);
        fh_pg_copy_begin(&session->out, &answer->copy, answer->columns, answer->column_count);
        portal->begun = true;
    }
    if (run->describe) {
        fh_pg_columns_describe(
            &session->out, answer->columns, answer->column_formats, answer->column_count);
        run->describe = false;
    }
    return !run->only;
}

static void complete(struct fh_pg_session *session)
{
    char tag[64];
    struct fh_pg_running *run = &session->run;
    struct fh_pg_portal *portal = run->portal;
    struct fh_pg_answer *answer = portal->answer;
    if (portal->verb == FH_PG_VERB_COPY) {
        fh_pg_copy_end(&session->out, &answer->copy);
        fh_pg_reply_plain(&session->out, 'c');
    }
    if (answer->receipt[0] != 0) {
        fh_pg_options_force(session->options, "freehold.receipt", answer->receipt);
    }
    snprintf(tag, sizeof tag, "%s %llu", run->tag, (unsigned long long)run->sent);
    fh_pg_reply_complete(&session->out, tag);
    run->active = false;
    portal->done = true;
    if (!session->extended && !portal->cursor) {
        fh_pg_portal_drop(&session->portals, portal);
    }
}

/* The number of rows that was asked for is reached. */
static void suspend(struct fh_pg_session *session)
{
    char tag[64];
    struct fh_pg_running *run = &session->run;
    run->active = false;
    if (run->fetch) {
        snprintf(tag, sizeof tag, "%s %llu", run->tag, (unsigned long long)run->sent);
        fh_pg_reply_complete(&session->out, tag);
    } else {
        fh_pg_reply_plain(&session->out, 's');
    }
}

/* Rows that are made go out; true when the time of this run is over. */
static bool send_rows(struct fh_pg_session *session)
{
    struct fh_pg_running *run = &session->run;
    struct fh_pg_answer *answer = run->portal->answer;
    size_t before = session->out.size;
    size_t count = fh_pg_answer_take(answer, &session->out, run->most - run->sent);
    run->sent += count;
    if (count > 0) {
        run->portal->first = false;
    }
    if (run->discard) {
        session->out.size = before;
    }
    return run->sent == run->most;
}

static void fail_run(struct fh_pg_session *session)
{
    struct fh_pg_portal *portal = session->run.portal;
    struct fh_pg_report report = portal->answer->report;
    session->run.active = false;
    fh_pg_portal_drop(&session->portals, portal);
    fh_pg_fail(session, &report);
}

enum fh_pg_want fh_pg_run_on(struct fh_pg_session *session)
{
    struct fh_pg_running *run = &session->run;
    struct fh_pg_portal *portal = run->portal;
    struct fh_pg_answer *answer = portal->answer;
    if (!answer->asked) {
        fh_pg_begin_work(session, FH_PG_TASK_ASK, answer);
        return FH_PG_WANT_INPUT;
    }
    if (!portal->told) {
        tell_notices(session, portal);
    }
    if (answer->columns == NULL || (answer->failed && answer->made.size == 0 && portal->first)) {
        fail_run(session);
    } else if (portal->verb == FH_PG_VERB_EXPLAIN) {
        fh_pg_explain(session, portal);
    } else if (!begin_rows(session)) {
        run->active = false;
    } else if (send_rows(session)) {
        suspend(session);
    } else if (answer->made.size > answer->taken) {
        return FH_PG_WANT_INPUT; /* the rest when there is room */
    } else if (answer->failed) {
        fail_run(session);
    } else if (answer->ended) {
        complete(session);
    } else {
        fh_pg_begin_work(session, FH_PG_TASK_MAKE, answer);
    }
    return FH_PG_WANT_INPUT;
}

/* ---- simple queries ---- */

void fh_pg_query(struct fh_pg_session *session, struct fh_bytes text)
{
    session->simple.active = true;
    session->simple.any = false;
    fh_buf_reset(&session->simple.text);
    fh_buf_add_bytes(&session->simple.text, text);
    session->simple.reader = (struct fh_pg_sql){.sql = fh_buf_view(&session->simple.text)};
    struct fh_pg_portal *unnamed = fh_pg_portal_find(&session->portals, "");
    if (unnamed != NULL) {
        fh_pg_portal_drop(&session->portals, unnamed);
    }
    if (fh_buf_ok(&session->simple.text) != FH_OK) {
        fh_pg_refuse(session, "53200", "out of memory");
    } else if (!fh_utf8_valid(text)) {
        fh_pg_refuse(session, "22021", "the query is not valid UTF-8");
    }
}

static void ask_simple(struct fh_pg_session *session, const struct fh_pg_command *command)
{
    struct fh_pg_report report;
    struct fh_pg_portal *portal = fh_pg_portal_make(&session->portals, "", true, &report);
    if (portal == NULL) {
        fh_pg_fail(session, &report);
        return;
    }
    portal->verb = command->verb;
    memcpy(portal->tag, command->tag, sizeof portal->tag);
    portal->answer->columns_only = command->verb == FH_PG_VERB_EXPLAIN;
    if (command->verb == FH_PG_VERB_COPY) {
        portal->answer->copy = command->copy;
        portal->answer->stream = true;
        portal->answer->stream_only = true;
    }
    if (fh_pg_question(session, portal->answer, command->body)) {
        fh_pg_run(session, portal, 0, command->verb == FH_PG_VERB_QUESTION);
    }
}

void fh_pg_query_on(struct fh_pg_session *session)
{
    struct fh_pg_report report;
    struct fh_pg_command command;
    struct fh_bytes sql;
    if (!fh_pg_statement_next(&session->simple.reader, &sql)) {
        if (!session->simple.any) {
            fh_pg_reply_plain(&session->out, 'I');
        }
        session->simple.active = false;
        fh_pg_ready(session);
        return;
    }
    session->simple.any = true;
    if (!fh_pg_command_read(&command, sql, &report)) {
        fh_pg_fail(session, &report);
    } else if (fh_pg_is_aborted(session, &command)) {
        /* said */
    } else if (fh_pg_is_question(command.verb)) {
        ask_simple(session, &command);
    } else {
        fh_pg_utility(session, &command, NULL, true);
    }
    fh_pg_command_fini(&command);
}
