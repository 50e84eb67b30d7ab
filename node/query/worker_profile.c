/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a worker about data without a contract: PROFILE, CATALOGUE. */
#include "node/query/worker_private.h"

/* What the worker says must be well-formed and about this question. */
static int judge(struct fh_worker *worker,
                 const struct fh_profile_question *question,
                 bool lists,
                 struct fh_arena *arena,
                 struct fh_err *err)
{
    struct fh_profile profile = {0};
    struct fh_profile_catalogue catalogue = {0};
    struct fh_bytes payload = fh_worker_payload(worker);
    int code = lists ? fh_profile_get_catalogue(&catalogue, payload, arena, err)
                     : fh_profile_get(&profile, payload, arena, err);
    uint64_t id = lists ? catalogue.id : profile.id;
    return code == FH_OK && id == question->id ? FH_OK : fh_worker_breach(worker, err);
}

int fh_worker_profile(struct fh_worker *worker,
                      const struct fh_profile_question *given,
                      bool lists,
                      int file,
                      struct fh_arena *arena,
                      struct fh_buf *out,
                      int64_t deadline_ms,
                      struct fh_err *err)
{
    int code = fh_worker_check_ready(worker, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_profile_question question = *given;
    struct fh_buf payload;
    question.id = ++worker->last_id;
    question.path = ""; /* a worker learns no path */
    fh_buf_init(&payload, FH_ADMIN_FRAME_BYTES_MAX);
    fh_profile_put_question(&payload, &question);
    code = fh_buf_ok(&payload) != FH_OK
               ? fh_err_set(err, fh_buf_ok(&payload), "the question does not fit a frame")
               : fh_worker_send(worker,
                                lists ? FH_CHANNEL_CATALOGUE : FH_CHANNEL_PROFILE,
                                fh_buf_view(&payload),
                                FH_BYTES_NONE,
                                file < 0 ? NULL : &file,
                                file < 0 ? 0 : 1,
                                err);
    fh_buf_fini(&payload);
    if (code == FH_OK) {
        code = fh_worker_await(worker,
                               question.id,
                               lists ? FH_CHANNEL_CATALOGUED : FH_CHANNEL_PROFILED,
                               deadline_ms,
                               err);
    }
    if (code == FH_OK) {
        code = judge(worker, &question, lists, arena, err);
    }
    if (code == FH_OK) {
        fh_buf_add_bytes(out, fh_worker_payload(worker));
        code = fh_buf_ok(out) == FH_OK ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory");
    }
    return code;
}
