/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/work.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"

#include <pthread.h>
#include <string.h>

struct fh_pg_worker {
    const struct fh_door_services *services;
    struct fh_pgcat_shelf *shelf;
    struct fh_identity *identity; /* adopted: other connections look at it */
    struct fh_identity *fresh;    /* of the job that signed in */
    pthread_mutex_t lock;         /* of the next two, against interrupt */
    struct freehold_client *client;
    bool interrupted;
    unsigned open; /* answers that use the client */
};

/* ---- lifecycle ---- */

struct fh_pg_worker *fh_pg_worker_new(const struct fh_door_services *services,
                                      struct fh_pgcat_shelf *shelf)
{
    struct fh_pg_worker *worker = fh_calloc(1, sizeof *worker);
    if (worker != NULL) {
        worker->services = services;
        worker->shelf = shelf;
        pthread_mutex_init(&worker->lock, NULL);
    }
    return worker;
}

void fh_pg_worker_free(struct fh_pg_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    FH_ASSERT(worker->client == NULL);
    fh_identity_drop(worker->identity);
    fh_identity_drop(worker->fresh);
    pthread_mutex_destroy(&worker->lock);
    fh_free(worker);
}

/* ---- the client ---- */

/* The client at hand, or a new loan. */
static int borrow(struct fh_pg_worker *worker, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    if (worker->client != NULL) {
        return FH_OK;
    }
    int code = fh_askers_take(worker->services->askers, worker->identity, &client, err);
    if (code != FH_OK) {
        return code;
    }
    pthread_mutex_lock(&worker->lock);
    worker->client = client;
    bool interrupted = worker->interrupted;
    worker->interrupted = false;
    pthread_mutex_unlock(&worker->lock);
    return interrupted ? fh_err_rule(err, FH_ECANCELLED, "query.cancelled", "cancelled") : FH_OK;
}

/* Gives it back when no answer needs it any more. */
static void give_back(struct fh_pg_worker *worker)
{
    if (worker->open > 0 || worker->client == NULL) {
        return;
    }
    pthread_mutex_lock(&worker->lock);
    struct freehold_client *client = FH_TAKE(worker->client);
    pthread_mutex_unlock(&worker->lock);
    fh_askers_give(worker->services->askers, client);
}

void fh_pg_worker_begin(struct fh_pg_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->interrupted = false;
    if (worker->client != NULL) {
        freehold_interrupt_forget(worker->client);
    }
    pthread_mutex_unlock(&worker->lock);
}

void fh_pg_worker_interrupt(struct fh_pg_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    if (worker->client != NULL) {
        freehold_interrupt(worker->client);
    } else {
        worker->interrupted = true; /* it is being taken */
    }
    pthread_mutex_unlock(&worker->lock);
}

bool fh_pg_worker_holds(const struct fh_pg_worker *worker)
{
    return worker != NULL && worker->client != NULL;
}

void fh_pg_worker_adopt(struct fh_pg_worker *worker)
{
    FH_ASSERT(worker->identity == NULL);
    worker->identity = FH_TAKE(worker->fresh);
}

struct fh_identity *fh_pg_worker_identity(const struct fh_pg_worker *worker)
{
    return worker != NULL ? worker->identity : NULL;
}

/* ---- the catalogue's answers ---- */

static const char *setting(void *connection, const char *name)
{
    return fh_pg_options_get(fh_pg_session_options(connection), name);
}

static bool set_setting(void *connection, const char *name, const char *value)
{
    struct fh_pg_report ignored;
    if (strlen(value) > FH_PG_OPTION_BYTES_MAX) {
        return false;
    }
    return fh_pg_options_set(
        fh_pg_session_options(connection), name, value, false, false, &ignored);
}

static int open_catalogue(struct fh_pg_worker *worker, struct fh_pgcat **out, struct fh_err *err)
{
    const char *key = fh_identity_token_id(worker->identity);
    *out = fh_pgcat_shelf_fresh(worker->shelf, key, fh_clock_mono_ms());
    if (*out != NULL) {
        return FH_OK;
    }
    int code = borrow(worker, err);
    return code == FH_OK ? fh_pgcat_shelf_take(
                               worker->shelf, key, worker->client, fh_clock_mono_ms(), out, err)
                         : code;
}

/* Texts of all parameters, in one buffer. */
static int copy_params(struct fh_pgcat_param out[FH_SQL_PARAMS_MAX],
                       struct fh_buf *room,
                       const struct fh_pg_params *params,
                       struct fh_err *err)
{
    size_t places[FH_SQL_PARAMS_MAX] = {0};
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_PG_MESSAGE_BYTES_MAX);
    for (unsigned i = 0; i < params->count; i++) {
        out[i] = (struct fh_pgcat_param){.type = params->types[i]};
        places[i] = room->size;
        if (fh_pg_params_text(params, i, &text)) {
            out[i].value.size = text.size;
            out[i].value.text = ""; /* until the buffer stays where it is */
            fh_buf_add_bytes(room, fh_buf_view(&text));
        }
        fh_buf_add_u8(room, 0);
    }
    if (fh_buf_ok(room) != FH_OK || fh_buf_ok(&text) != FH_OK) {
        return fh_err_set(err, FH_ENOMEM, "no memory for parameters");
    }
    for (unsigned i = 0; i < params->count; i++) {
        if (out[i].value.text != NULL) {
            out[i].value.text = (const char *)room->data + places[i];
        }
    }
    return FH_OK;
}

static int answer_from(struct fh_pgcat *catalogue,
                       struct fh_pg_session *session,
                       const struct fh_pg_answer *answer,
                       struct fh_pgcat_rows **out,
                       struct fh_err *err)
{
    struct fh_pgcat_param params[FH_SQL_PARAMS_MAX];
    struct fh_buf room FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&room, 8 * (size_t)FH_PG_MESSAGE_BYTES_MAX);
    const struct fh_pgcat_self self = {
        .user = fh_pg_session_user(session),
        .database = fh_pg_session_database(session),
        .version = FH_PG_SERVER_VERSION,
        .pid = (int32_t)fh_pg_session_process(session),
        .now_ms = fh_clock_wall_ms(),
        .setting = setting,
        .set = set_setting,
        .connection = session,
    };
    struct fh_bytes sql = fh_buf_view(&answer->sql);
    if (answer->columns_only) {
        return fh_pgcat_describe(
            catalogue, &self, sql, answer->params.types, answer->params.count, out, err);
    }
    int code = copy_params(params, &room, &answer->params, err);
    return code == FH_OK
               ? fh_pgcat_answer(catalogue, &self, sql, params, answer->params.count, out, err)
               : code;
}

static void ask_catalogue(struct fh_pg_worker *worker,
                          struct fh_pg_session *session,
                          struct fh_pg_answer *answer)
{
    struct fh_pgcat *catalogue FH_CLEANUP(fh_pgcat_dropp) = NULL;
    struct fh_pgcat_rows *rows = NULL;
    struct fh_err err;
    int code = open_catalogue(worker, &catalogue, &err);
    if (code == FH_OK) {
        code = answer_from(catalogue, session, answer, &rows, &err);
    }
    if (code == FH_OK) {
        fh_pg_answer_given(answer, rows);
        return;
    }
    fh_pg_answer_fail(answer, &err);
}

/* ---- work ---- */

static void
ask(struct fh_pg_worker *worker, struct fh_pg_session *session, struct fh_pg_answer *answer)
{
    struct fh_err err;
    if (fh_pgcat_is_for(fh_buf_view(&answer->sql))) {
        ask_catalogue(worker, session, answer);
    } else if (borrow(worker, &err) != FH_OK) {
        fh_pg_answer_fail(answer, &err);
    } else {
        fh_pg_answer_ask(answer, worker->client);
        worker->open += fh_pg_answer_is_open(answer) ? 1 : 0;
    }
}

/* Does something with an answer, and counts whether it is open afterwards. */
static void make(struct fh_pg_worker *worker, struct fh_pg_answer *answer)
{
    bool open = fh_pg_answer_is_open(answer);
    fh_pg_answer_make(answer, FH_PG_CHUNK_BYTES);
    worker->open -= open && !fh_pg_answer_is_open(answer) ? 1 : 0;
}

static void end(struct fh_pg_worker *worker, struct fh_pg_answer *answer)
{
    worker->open -= fh_pg_answer_is_open(answer) ? 1 : 0;
    fh_pg_answer_end(answer);
}

void fh_pg_worker_do(struct fh_pg_worker *worker, struct fh_pg_session *session)
{
    struct fh_pg_work *work = fh_pg_session_work(session);
    struct fh_bytes user = fh_bytes_cstr(work->user);
    switch (work->task) {
    case FH_PG_TASK_VERIFIER:
        work->err.code =
            fh_tokens_verifier(worker->services->tokens, user, &work->verifier, &work->err);
        break;
    case FH_PG_TASK_SIGN_IN:
        work->err.code = fh_tokens_scram(
            worker->services->tokens, user, work->client_key, &worker->fresh, &work->err);
        break;
    case FH_PG_TASK_ASK:
        ask(worker, session, work->answer);
        make(worker, work->answer);
        break;
    case FH_PG_TASK_MAKE:
        make(worker, work->answer);
        break;
    case FH_PG_TASK_END:
        end(worker, work->answer);
        break;
    }
    give_back(worker);
}

void fh_pg_worker_end(struct fh_pg_worker *worker, struct fh_pg_session *session)
{
    fh_pg_session_free(session);
    worker->open = 0;
    give_back(worker);
}
