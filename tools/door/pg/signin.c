/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"
#include "common/mem.h"
#include "proto/wire/crypto.h"
#include "tools/door/pg/session_private.h"

#include <stdio.h>
#include <string.h>

enum {
    AUTH_OK = 0,
    AUTH_SASL = 10,
    AUTH_CONTINUE = 11,
    AUTH_FINAL = 12,
    UNKNOWN_MAX = 16, /* options that are named in an answer */
};

static const char mechanism_plain[] = "SCRAM-SHA-256";
static const char mechanism_plus[] = "SCRAM-SHA-256-PLUS";

/* ---- before the start-up packet ---- */

void fh_pg_session_tls(struct fh_pg_session *session, struct fh_bytes binding)
{
    FH_ASSERT(binding.size <= sizeof session->binding);
    session->tls = true;
    session->binding_size = binding.size;
    if (binding.size > 0) {
        memcpy(session->binding, binding.data, binding.size);
    }
}

static void answer_tls(struct fh_pg_session *session)
{
    bool yes = session->birth.tls_offered && !session->tls;
    if (yes && session->in_at < session->in.size) {
        /* Bytes that came before TLS could be somebody else's, put in front of the client's. */
        fh_pg_session_fatal(session, "08P01", "more than the request for TLS was sent");
        return;
    }
    fh_buf_add_u8(&session->out, yes ? 'S' : 'N');
    session->special = yes ? FH_PG_WANT_TLS : FH_PG_WANT_INPUT;
}

static void take_cancel(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    session->cancel = *message;
    memcpy(session->cancel_secret, message->cancel.secret.data, message->cancel.secret.size);
    session->special = FH_PG_WANT_CANCEL;
}

/* ---- the start-up packet ---- */

static bool copy_text(char *out, size_t size, struct fh_bytes from)
{
    if (from.size >= size || !fh_utf8_valid(from)) {
        return false;
    }
    if (from.size > 0) {
        memcpy(out, from.data, from.size);
    }
    out[from.size] = 0;
    return true;
}

/* "-c name=value" and "--name=value", with backslashes in front of blanks inside. */
static bool
take_switches(struct fh_pg_session *session, const char *text, struct fh_pg_report *report)
{
    char word[2 * FH_PG_OPTION_BYTES_MAX];
    const char *at = text;
    bool named = false;
    for (;;) {
        size_t size = 0;
        at += strspn(at, " \t\n");
        if (*at == 0) {
            return true;
        }
        for (; *at != 0 && strchr(" \t\n", *at) == NULL && size + 1 < sizeof word; at++) {
            at += *at == '\\' && at[1] != 0 ? 1 : 0;
            word[size++] = *at;
        }
        word[size] = 0;
        char *name = word;
        if (strcmp(word, "-c") == 0) {
            named = true;
            continue;
        }
        if (!named && (strncmp(word, "--", 2) == 0 || strncmp(word, "-c", 2) == 0)) {
            name += 2;
            named = true;
        }
        char *value = strchr(name, '=');
        if (!named || value == NULL) {
            fh_pg_report_set(report, "42601", "options are written -c name=value");
            return false;
        }
        named = false;
        *value++ = 0;
        for (char *c = name; *c != 0; c++) {
            *c = *c == '-' ? '_' : *c;
        }
        if (!fh_pg_options_set(session->options, name, value, false, true, report)) {
            return false;
        }
    }
}

/* One pair; false with a report. */
static bool take_option(struct fh_pg_session *session,
                        struct fh_bytes name,
                        struct fh_bytes value,
                        struct fh_pg_report *report)
{
    char name_text[FH_NAME_BYTES_MAX + 1];
    char value_text[2 * FH_PG_OPTION_BYTES_MAX];
    if (!copy_text(name_text, sizeof name_text, name) ||
        !copy_text(value_text, sizeof value_text, value)) {
        fh_pg_report_set(
            report, "08P01", "an option of the start-up packet is too long, or no UTF-8");
        return false;
    }
    if (strcmp(name_text, "user") == 0 || strcmp(name_text, "database") == 0) {
        char *to = name_text[0] == 'u' ? session->user : session->database;
        if (value.size >= FH_PG_USER_BYTES) {
            fh_pg_report_set(report, "08P01", "the name of a user or a database is too long");
            return false;
        }
        memcpy(to, value_text, value.size + 1);
        return true;
    }
    if (strcmp(name_text, "options") == 0) {
        return take_switches(session, value_text, report);
    }
    if (strcmp(name_text, "replication") == 0) {
        if (strcmp(value_text, "false") != 0 && strcmp(value_text, "off") != 0 &&
            strcmp(value_text, "0") != 0) {
            fh_pg_report_set(report, "0A000", "nothing is replicated from here");
            return false;
        }
        return true;
    }
    return fh_pg_options_set(session->options, name_text, value_text, false, true, report);
}

/* What is newer than this side is told: the client decides. */
static void negotiate(struct fh_pg_session *session,
                      unsigned asked,
                      const struct fh_bytes *unknown,
                      unsigned count)
{
    session->minor = asked >= FH_PG_PROTOCOL_MINOR_MAX ? FH_PG_PROTOCOL_MINOR_MAX : 0;
    if (asked != session->minor || count > 0) {
        fh_pg_reply_negotiate(&session->out, session->minor, unknown, count);
    }
}

static void offer_sasl(struct fh_pg_session *session)
{
    struct fh_buf list FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&list, 64);
    if (session->tls && session->binding_size > 0) {
        fh_buf_add(&list, mechanism_plus, sizeof mechanism_plus);
    }
    fh_buf_add(&list, mechanism_plain, sizeof mechanism_plain);
    fh_buf_add_u8(&list, 0);
    fh_pg_reply_auth(&session->out, AUTH_SASL, fh_buf_view(&list));
    session->phase = FH_PG_PHASE_SIGN_IN;
    session->signing = FH_PG_SIGNING_MECHANISM;
}

static void start(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    struct fh_pg_report report;
    struct fh_bytes options = message->startup.options;
    struct fh_bytes name;
    struct fh_bytes value;
    struct fh_bytes unknown[UNKNOWN_MAX];
    unsigned count = 0;
    if (message->startup.major != FH_PG_PROTOCOL_MAJOR) {
        fh_pg_session_fatal(session, "0A000", "only protocol 3 is spoken here");
        return;
    }
    if (session->birth.tls_required && !session->tls) {
        fh_pg_session_fatal(
            session, "28000", "this server takes connections with TLS only (sslmode=require)");
        return;
    }
    while (fh_pg_option_next(&options, &name, &value)) {
        if (name.size > 5 && memcmp(name.data, "_pq_.", 5) == 0) {
            if (count < UNKNOWN_MAX) {
                unknown[count++] = name;
            }
        } else if (!take_option(session, name, value, &report)) {
            fh_pg_fatal(session, &report);
            return;
        }
    }
    if (session->user[0] == 0) {
        fh_pg_session_fatal(session, "28000", "no user was named: it is the id of a token");
        return;
    }
    negotiate(session, message->startup.minor, unknown, count);
    offer_sasl(session);
}

void fh_pg_startup(struct fh_pg_session *session, const struct fh_pg_message *message)
{
    switch ((int)message->kind) {
    case FH_PG_TLS:
        answer_tls(session);
        break;
    case FH_PG_GSS:
        fh_buf_add_u8(&session->out, 'N');
        break;
    case FH_PG_CANCEL:
        take_cancel(session, message);
        break;
    default:
        start(session, message);
        break;
    }
}

/* ---- SCRAM ---- */

/* The same words whatever is wrong: who guesses learns nothing. */
static void refuse_password(struct fh_pg_session *session)
{
    struct fh_pg_report report;
    fh_pg_report_set(
        &report, "28P01", "password authentication failed for user \"%s\"", session->user);
    snprintf(report.hint,
             sizeof report.hint,
             "The user is a token's id, the password its whole text: freehold token create");
    fh_pg_fatal(session, &report);
}

static void refuse_message(struct fh_pg_session *session, const struct fh_err *err)
{
    struct fh_pg_report report;
    if (err->code == FH_EDENIED) {
        refuse_password(session);
        return;
    }
    fh_pg_report_err(&report, err);
    fh_pg_fatal(session, &report);
}

/* "mechanism", length, and the client's first message. */
static void take_mechanism(struct fh_pg_session *session, struct fh_bytes message)
{
    const uint8_t *end = message.size == 0 ? NULL : memchr(message.data, 0, message.size);
    size_t name = end == NULL ? 0 : (size_t)(end - message.data);
    struct fh_err err;
    if (end == NULL || message.size < name + 5 ||
        fh_get_u32be(end + 1) != message.size - name - 5) {
        fh_pg_session_fatal(session, "08P01", "the answer to the offer of SCRAM is malformed");
        return;
    }
    struct fh_bytes given = fh_bytes(message.data, name);
    struct fh_bytes first = fh_bytes(end + 5, message.size - name - 5);
    bool plus = fh_bytes_equal_cstr(given, mechanism_plus) && session->binding_size > 0;
    if (!plus && !fh_bytes_equal_cstr(given, mechanism_plain)) {
        fh_pg_session_fatal(session, "08P01", "the client chose a mechanism that was not offered");
        return;
    }
    if (!copy_text(session->scram_first, sizeof session->scram_first, first)) {
        fh_err_rule(
            &err, FH_EPROTO, "pg.scram", "SCRAM: the first message is no text of a fit length");
        refuse_message(session, &err);
        return;
    }
    fh_scram_init(session->scram, plus, fh_bytes(session->binding, session->binding_size));
    memcpy(session->work.user, session->user, sizeof session->work.user);
    fh_pg_begin_work(session, FH_PG_TASK_VERIFIER, NULL);
}

static void take_proof(struct fh_pg_session *session, struct fh_bytes message)
{
    struct fh_err err;
    int code = fh_scram_final(
        session->scram, message, session->scram_final, session->work.client_key, &err);
    if (code != FH_OK) {
        refuse_message(session, &err);
        return;
    }
    memcpy(session->work.user, session->user, sizeof session->work.user);
    fh_pg_begin_work(session, FH_PG_TASK_SIGN_IN, NULL);
}

void fh_pg_password(struct fh_pg_session *session, struct fh_bytes message)
{
    if (session->signing == FH_PG_SIGNING_MECHANISM) {
        take_mechanism(session, message);
    } else {
        take_proof(session, message);
    }
}

static void challenge(struct fh_pg_session *session)
{
    struct fh_err err;
    const char *text = NULL;
    int code = fh_scram_first(session->scram,
                              fh_bytes_cstr(session->scram_first),
                              &session->work.verifier,
                              session->birth.nonce,
                              &text,
                              &err);
    if (code != FH_OK) {
        refuse_message(session, &err);
        return;
    }
    fh_pg_reply_auth(&session->out, AUTH_CONTINUE, fh_bytes_cstr(text));
    session->signing = FH_PG_SIGNING_PROOF;
}

static void welcome(struct fh_pg_session *session)
{
    fh_pg_reply_auth(&session->out, AUTH_FINAL, fh_bytes_cstr(session->scram_final));
    fh_pg_reply_auth(&session->out, AUTH_OK, FH_BYTES_NONE);
    fh_pg_options_force(session->options, "session_authorization", session->user);
    fh_pg_options_report(session->options, &session->out, true);
    size_t size = session->minor >= 2 ? FH_PG_KEY_BYTES : 4;
    fh_pg_reply_key(&session->out, session->birth.process, fh_bytes(session->birth.key, size));
    session->phase = FH_PG_PHASE_READY;
    session->ready = true;
    fh_scram_wipe(session->scram);
    fh_free(FH_TAKE(session->scram));
    fh_wipe(&session->work.verifier, sizeof session->work.verifier);
    fh_pg_ready(session);
}

void fh_pg_signed(struct fh_pg_session *session)
{
    const struct fh_err *err = &session->work.err;
    if (session->work.task == FH_PG_TASK_SIGN_IN) {
        fh_wipe(session->work.client_key, sizeof session->work.client_key);
    }
    if (err->code != FH_OK) {
        refuse_message(session, err);
    } else if (session->work.task == FH_PG_TASK_VERIFIER) {
        challenge(session);
    } else {
        welcome(session);
    }
}
