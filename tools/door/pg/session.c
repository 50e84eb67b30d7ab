/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"
#include "common/mem.h"
#include "proto/wire/crypto.h"
#include "tools/door/pg/session_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    IN_BYTES_MAX = 2 * FH_PG_MESSAGE_BYTES_MAX, /* a whole message, and what came with it */
    OUT_BYTES_MAX = FH_PG_OUT_BYTES_MAX + 10 * FH_CELL_BYTES_MAX, /* and one row on top */
    KEPT_BYTES = 16 * 1024, /* memory that a session at rest keeps for its input */
};

/* ---- lifecycle ---- */

struct fh_pg_session *fh_pg_session_new(const struct fh_pg_birth *birth)
{
    struct fh_pg_session *session = fh_calloc(1, sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    session->birth = *birth;
    session->birth.database = NULL;
    snprintf(session->database, sizeof session->database, "%s", birth->database);
    session->transaction = 'I';
    session->special = FH_PG_WANT_INPUT;
    fh_buf_init(&session->in, IN_BYTES_MAX);
    fh_buf_init(&session->out, OUT_BYTES_MAX);
    fh_buf_init(&session->simple.text, FH_PG_MESSAGE_BYTES_MAX);
    session->options = fh_pg_options_new();
    session->scram = fh_calloc(1, sizeof *session->scram);
    if (session->options == NULL || session->scram == NULL) {
        fh_pg_session_free(session);
        return NULL;
    }
    return session;
}

void fh_pg_session_free(struct fh_pg_session *session)
{
    if (session == NULL) {
        return;
    }
    if (session->working && session->work.task == FH_PG_TASK_END) {
        fh_pg_answer_free(session->work.answer); /* of no portal any more */
    }
    fh_pg_portals_fini(&session->portals);
    fh_pg_answer_free(session->describing.answer);
    fh_pg_options_free(session->options);
    if (session->scram != NULL) {
        fh_scram_wipe(session->scram);
        fh_free(session->scram);
    }
    fh_buf_fini(&session->in);
    fh_buf_fini(&session->out);
    fh_buf_fini(&session->simple.text);
    fh_wipe(session, sizeof *session);
    fh_free(session);
}

/* ---- input and output ---- */

int fh_pg_session_input(struct fh_pg_session *session, struct fh_bytes bytes, struct fh_err *err)
{
    struct fh_buf *in = &session->in;
    if (session->in_at > 0) {
        size_t left = in->size - session->in_at;
        memmove(in->data, in->data + session->in_at, left);
        in->size = left;
        session->in_at = 0;
    }
    fh_buf_add_bytes(in, bytes);
    int code = fh_buf_ok(in);
    return code == FH_OK ? FH_OK
                         : fh_err_set(err, code, "too much of the client's waits to be read");
}

size_t fh_pg_session_waiting(const struct fh_pg_session *session)
{
    return session->in.size - session->in_at;
}

struct fh_buf *fh_pg_session_out(struct fh_pg_session *session)
{
    return &session->out;
}

/* ---- errors ---- */

void fh_pg_notice(struct fh_pg_session *session, const struct fh_pg_report *report)
{
    const char *least = fh_pg_options_get(session->options, "client_min_messages");
    if (report->severity == FH_PG_NOTICE && strcasecmp(least, "warning") == 0) {
        return;
    }
    if (strcasecmp(least, "error") != 0) {
        fh_pg_reply_report(&session->out, report);
    }
}

void fh_pg_fail(struct fh_pg_session *session, const struct fh_pg_report *report)
{
    fh_pg_reply_report(&session->out, report);
    session->transaction = session->transaction == 'I' ? 'I' : 'E';
    session->run.active = false;
    session->describing.statement = NULL;
    if (session->extended) {
        session->skipping = true;
    } else if (session->simple.active) {
        session->simple.active = false;
        fh_pg_ready(session);
    }
}

void fh_pg_refuse(struct fh_pg_session *session, const char *state, const char *format, ...)
{
    char text[FH_ERR_TEXT_BYTES];
    struct fh_pg_report report;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fh_pg_report_set(&report, state, "%s", text);
    fh_pg_fail(session, &report);
}

void fh_pg_fail_err(struct fh_pg_session *session, const struct fh_err *err)
{
    struct fh_pg_report report;
    fh_pg_report_err(&report, err);
    fh_pg_fail(session, &report);
}

void fh_pg_fatal(struct fh_pg_session *session, const struct fh_pg_report *report)
{
    struct fh_pg_report fatal = *report;
    fatal.severity = FH_PG_FATAL;
    fh_pg_reply_report(&session->out, &fatal);
    session->ended = true;
}

void fh_pg_session_fatal(struct fh_pg_session *session, const char *state, const char *text)
{
    struct fh_pg_report report;
    fh_pg_report_set(&report, state, "%s", text);
    fh_pg_fatal(session, &report);
}

/* ---- work ---- */

void fh_pg_begin_work(struct fh_pg_session *session,
                      enum fh_pg_task task,
                      struct fh_pg_answer *answer)
{
    FH_ASSERT(!session->working);
    session->work.task = task;
    session->work.answer = answer;
    session->work.err.code = FH_OK;
    session->working = true;
}

struct fh_pg_work *fh_pg_session_work(struct fh_pg_session *session)
{
    FH_ASSERT(session->working);
    return &session->work;
}

/* What was asked just now may be more than a connection keeps. */
static void keep_within(struct fh_pg_session *session, struct fh_pg_answer *answer)
{
    size_t bytes = fh_pg_portals_bytes(&session->portals);
    if (answer == session->describing.answer) {
        bytes += fh_pg_answer_bytes(answer); /* of no portal */
    }
    if (!answer->failed && bytes > FH_PG_HELD_BYTES_MAX) {
        fh_pg_answer_refuse(answer,
                            "54000",
                            "a connection keeps at most %d KiB of rows that were not fetched yet, "
                            "of statements and of their columns; close some, or ask for less",
                            FH_PG_HELD_BYTES_MAX / 1024);
    }
}

void fh_pg_session_worked(struct fh_pg_session *session)
{
    FH_ASSERT(session->working);
    session->working = false;
    switch (session->work.task) {
    case FH_PG_TASK_VERIFIER:
    case FH_PG_TASK_SIGN_IN:
        fh_pg_signed(session);
        break;
    case FH_PG_TASK_END:
        fh_pg_answer_free(session->work.answer);
        break;
    case FH_PG_TASK_ASK:
        keep_within(session, session->work.answer);
        break;
    case FH_PG_TASK_MAKE:
        break; /* whoever waits for it looks at the answer */
    }
    session->work.answer = NULL;
}

void fh_pg_ready(struct fh_pg_session *session)
{
    fh_pg_options_report(session->options, &session->out, false);
    fh_pg_reply_ready(&session->out, session->transaction);
}

/* ---- messages ---- */

bool fh_pg_take_name(struct fh_pg_session *session,
                     struct fh_bytes from,
                     char out[FH_NAME_BYTES_MAX + 1])
{
    if (from.size > FH_NAME_BYTES_MAX || !fh_utf8_valid(from)) {
        fh_pg_refuse(session,
                     "42622",
                     "the name of a statement or a portal is UTF-8 of at most %d bytes",
                     FH_NAME_BYTES_MAX);
        return false;
    }
    if (from.size > 0) {
        memcpy(out, from.data, from.size);
    }
    out[from.size] = 0;
    return true;
}

static void sync(struct fh_pg_session *session)
{
    session->skipping = false;
    session->extended = false;
    if (session->transaction == 'I') {
        fh_pg_portal_drop_all(&session->portals, false);
    }
    fh_pg_ready(session);
}

static void take_ready(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    if (session->skipping && message->kind != FH_PG_SYNC && message->kind != FH_PG_TERMINATE) {
        return;
    }
    session->extended = message->kind >= FH_PG_PARSE && message->kind <= FH_PG_FLUSH;
    switch (message->kind) {
    case FH_PG_QUERY:
        fh_pg_query(session, message->query);
        break;
    case FH_PG_PARSE:
        fh_pg_parse(session, message);
        break;
    case FH_PG_BIND:
        fh_pg_bind(session, message);
        break;
    case FH_PG_DESCRIBE:
        fh_pg_describe(session, message);
        break;
    case FH_PG_EXECUTE:
        fh_pg_execute(session, message);
        break;
    case FH_PG_CLOSE:
        fh_pg_close(session, message);
        break;
    case FH_PG_SYNC:
        sync(session);
        break;
    case FH_PG_TERMINATE:
        session->ended = true;
        break;
    case FH_PG_FUNCTION_CALL:
        fh_pg_refuse(session, "0A000", "function calls are not for here; use SELECT");
        fh_pg_ready(session);
        break;
    case FH_PG_PASSWORD:
        fh_pg_session_fatal(session, "08P01", "nobody asked for a password");
        break;
    case FH_PG_FLUSH:     /* what is out is sent at once anyway */
    case FH_PG_COPY_DATA: /* left over from a COPY that was refused */
    case FH_PG_COPY_DONE:
    case FH_PG_COPY_FAIL:
    case FH_PG_STARTUP:
    case FH_PG_TLS:
    case FH_PG_GSS:
    case FH_PG_CANCEL:
    case FH_PG_KIND_COUNT:
        break;
    }
}

static void take(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    switch (session->phase) {
    case FH_PG_PHASE_STARTUP:
        fh_pg_startup(session, message);
        break;
    case FH_PG_PHASE_SIGN_IN:
        if (message->kind == FH_PG_TERMINATE) {
            session->ended = true;
        } else {
            fh_pg_password(session, message->password);
        }
        break;
    case FH_PG_PHASE_READY:
        take_ready(session, message);
        break;
    }
}

/* The next message of the input; false when it is not whole yet, or never will be. */
static bool next_message(struct fh_pg_session *session)
{
    struct fh_err err;
    struct fh_pg_message message;
    if (session->in_at == session->in.size) {
        return false;
    }
    struct fh_bytes in =
        fh_bytes(session->in.data + session->in_at, session->in.size - session->in_at);
    size_t size = 0;
    int code = fh_pg_frame(in, session->phase, &size, &err);
    if (code == FH_OK && (size == 0 || in.size < size)) {
        return false;
    }
    if (code == FH_OK) {
        code = fh_pg_read(&message, fh_bytes(in.data, size), session->phase, &err);
    }
    if (code != FH_OK) {
        struct fh_pg_report report;
        fh_pg_report_err(&report, &err);
        fh_pg_fatal(session, &report);
        return false;
    }
    session->in_at += size;
    take(session, &message);
    return true;
}

/* A session that waits keeps little memory. */
static void settle_input(struct fh_pg_session *session)
{
    if (session->in_at < session->in.size) {
        return;
    }
    fh_buf_reset(&session->in);
    session->in_at = 0;
    if (session->in.capacity > KEPT_BYTES) {
        fh_buf_fini(&session->in);
        fh_buf_init(&session->in, IN_BYTES_MAX);
    }
    if (!session->simple.active && session->simple.text.capacity > KEPT_BYTES) {
        fh_buf_fini(&session->simple.text);
        fh_buf_init(&session->simple.text, FH_PG_MESSAGE_BYTES_MAX);
    }
}

/* One thing; false when something must come from outside first, which `*out_want` says. */
static bool one_thing(struct fh_pg_session *session, enum fh_pg_want *out_want)
{
    struct fh_pg_leaving *leaving = &session->portals.leaving;
    *out_want = FH_PG_WANT_INPUT;
    if (session->special != FH_PG_WANT_INPUT) {
        *out_want = session->special;
        session->special = FH_PG_WANT_INPUT;
        return false;
    }
    if (session->out.size >= FH_PG_OUT_BYTES_MAX) {
        *out_want = FH_PG_WANT_DRAIN;
        return false;
    }
    if (leaving->count > 0 && !session->run.active && session->describing.statement == NULL) {
        fh_pg_begin_work(session, FH_PG_TASK_END, leaving->answers[--leaving->count]);
        return true;
    }
    if (session->run.active) {
        *out_want = fh_pg_run_on(session);
        return *out_want == FH_PG_WANT_INPUT;
    }
    if (session->describing.statement != NULL) {
        fh_pg_describe_on(session);
        return true;
    }
    if (session->simple.active) {
        fh_pg_query_on(session);
        return true;
    }
    return next_message(session);
}

enum fh_pg_want fh_pg_session_step(struct fh_pg_session *session)
{
    enum fh_pg_want want = FH_PG_WANT_INPUT;
    do {
        if (session->working) {
            return FH_PG_WANT_WORK;
        }
        if (fh_buf_ok(&session->out) != FH_OK) {
            session->ended = true; /* what it has sent is cut: nothing can follow */
        }
        if (session->ended) {
            return FH_PG_WANT_END;
        }
    } while (one_thing(session, &want));
    if (session->ended) {
        return FH_PG_WANT_END;
    }
    settle_input(session);
    return want;
}

/* ---- what others want to know ---- */

bool fh_pg_session_is_ready(const struct fh_pg_session *session)
{
    return session->ready;
}

bool fh_pg_session_is_idle(const struct fh_pg_session *session)
{
    return !session->working && !session->run.active && !session->simple.active &&
           session->in_at == session->in.size;
}

const char *fh_pg_session_user(const struct fh_pg_session *session)
{
    return session->user;
}

const char *fh_pg_session_database(const struct fh_pg_session *session)
{
    return session->database;
}

uint32_t fh_pg_session_process(const struct fh_pg_session *session)
{
    return session->birth.process;
}

struct fh_pg_options *fh_pg_session_options(struct fh_pg_session *session)
{
    return session->options;
}

void fh_pg_session_cancel(const struct fh_pg_session *session,
                          uint32_t *out_process,
                          struct fh_bytes *out_secret)
{
    *out_process = session->cancel.cancel.process;
    *out_secret = fh_bytes(session->cancel_secret, session->cancel.cancel.secret.size);
}

bool fh_pg_session_key_is(const struct fh_pg_session *session, struct fh_bytes secret)
{
    size_t size = session->minor >= 2 ? FH_PG_KEY_BYTES : 4;
    return session->ready && secret.size == size &&
           fh_crypto_equal(secret.data, session->birth.key, size);
}
