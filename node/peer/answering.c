/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers and refusals in their words, and who hears of them first.
 */
#include "node/peer/questions_inside.h"

#include "common/assert.h"
#include "common/log.h"

#include <string.h>

void fh_question_watch(struct fh_question *question, fh_question_watch_fn *fn, void *user)
{
    question->watch = fn;
    question->watch_user = user;
}

/* Whether somebody else has the answer now. */
static bool
is_watched(struct fh_question *question, const struct fh_buf *answer, const struct fh_err *err)
{
    fh_question_watch_fn *watch = FH_TAKE(question->watch);
    if (watch != NULL) {
        watch(question, answer, err, question->watch_user);
    }
    return watch != NULL;
}

void fh_question_answer_buf(struct fh_question *question, const struct fh_buf *plaintext)
{
    if (fh_buf_ok(plaintext) != FH_OK) {
        struct fh_err err;
        fh_err_set(&err, fh_buf_ok(plaintext), "the answer does not fit one message");
        fh_question_refuse(question, &err);
    } else if (!is_watched(question, plaintext, NULL)) {
        fh_question_answer(question, fh_buf_view(plaintext));
    }
}

/* What depends only on the asker's text, on public records or on limits is told in full. */
static bool is_public(const struct fh_err *err)
{
    switch (err->code) {
    case FH_EIO:
        return strcmp(err->rule, "source.unavailable") == 0;
    case FH_ENOMEM:
    case FH_EINTERNAL:
        return false;
    default:
        return true;
    }
}

static void tell(struct fh_question *question, const struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 4096);
    fh_msg_error(&out, err, err->retry_after_ms);
    FH_ASSERT(fh_buf_ok(&out) == FH_OK);
    fh_question_answer(question, fh_buf_view(&out));
}

void fh_question_refuse(struct fh_question *question, const struct fh_err *err)
{
    if (is_watched(question, NULL, err)) {
        return;
    }
    if (is_public(err)) {
        tell(question, err);
    } else {
        fh_question_refuse_privately(question, fh_msg_text(question->code), err);
    }
}

void fh_question_conclude(struct fh_question *question,
                          int code,
                          const struct fh_buf *answer,
                          const struct fh_err *err)
{
    if (code == FH_OK) {
        fh_question_answer_buf(question, answer);
    } else {
        fh_question_refuse(question, err);
    }
}

void fh_question_refuse_privately(struct fh_question *question,
                                  const char *what,
                                  const struct fh_err *err)
{
    if (is_watched(question, NULL, err)) {
        return;
    }
    fh_log(FH_LOG_WARN,
           "question.failed",
           "what=%s code=%s rule=%s text=\"%s\"",
           what,
           fh_code_name(err->code),
           err->rule,
           err->text);
    struct fh_err told;
    fh_err_rule(&told, err->code, err->rule, "%s: %s", what, fh_code_text(err->code));
    tell(question, &told);
}
