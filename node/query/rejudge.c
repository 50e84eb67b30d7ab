/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging again: whether those whose questions run may still read what they read.
 *
 * What was decided when a question began may end while it runs: a key is revoked, a delegation or a
 * grant expires, a grant is ended. The watch asks twice a second, and whoever takes such a record
 * asks at once. What does not hold any more ends the stream with its reason.
 *
 * Rows of another owner are his to judge. A node that joins asks him twice a second (STILL), since
 * his part may have been sent whole, or wait in a window, while the join still answers.
 */
#include "node/query/stream.h"

#include "common/mem.h"
#include "common/time.h"
#include "proto/session/messages_access.h"

#include <string.h>

enum {
    ARENA_BYTES = 8 * 1024 * 1024, /* of all decisions of one stream */
    STILL_EVERY_MS = 500,
    STILL_MS = 2000, /* an owner that hangs must not keep the others from being asked */
};

/* ---- own tables ---- */

static int judge_token(const struct fh_stream *stream, int64_t now_ms, struct fh_err *err)
{
    const struct fh_token_signer *signer = &stream->signer;
    if (!signer->by_token) {
        return FH_OK;
    }
    int rc = fh_token_check_time(&signer->token, now_ms, err);
    return rc == FH_OK ? fh_token_check_end(stream->serve->options.dir,
                                            &signer->token.member,
                                            &signer->token_id,
                                            now_ms,
                                            err)
                       : rc;
}

int fh_stream_judge_key(const struct fh_stream *stream, int64_t now_ms, struct fh_err *err)
{
    const struct fh_query_request *request = &stream->request;
    struct fh_ref key = fh_key_id_ref(&request->key);
    int rc = judge_token(stream, now_ms, err);
    /* Whose clock is ahead of this one may have a key that begins to count here in a moment. */
    int64_t when_ms = now_ms > request->issued_ms ? now_ms : request->issued_ms;
    return rc == FH_OK ? fh_directory_signer(stream->serve->options.dir,
                                             &key,
                                             &request->consumer,
                                             when_ms,
                                             FH_ROLES_ALL,
                                             NULL,
                                             err)
                       : rc;
}

static int less_than_before(const struct fh_plan_table *table, struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EDENIED,
                       "access.changed",
                       "what you may see of %s/%s is less than before; ask again",
                       table->table.entry.domain_name,
                       table->table.entry.announcement.product);
}

/* Whether what is shown is still allowed: all of it, or not more than what may be seen now. */
static int judge_view(const struct fh_plan_table *table,
                      const struct fh_view *now,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    struct fh_view both;
    if (table->view == NULL || now->open) {
        return FH_OK;
    }
    int rc = fh_view_stricter(&both, table->view, now, arena, err);
    if (rc == FH_OK && memcmp(both.id.b, table->view->id.b, sizeof both.id.b) != 0) {
        rc = less_than_before(table, err);
    }
    return rc;
}

static int judge_tables(struct fh_stream *stream, struct fh_err *err)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
    int rc = arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory to judge a query again") : FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < stream->plan.table_count; i++) {
        const struct fh_plan_table *table = &stream->plan.tables[i];
        if (fh_stream_owns(stream, table)) {
            struct fh_right right;
            rc = fh_stream_decide(stream, table, arena, &right, err);
            if (rc == FH_OK) {
                rc = judge_view(table, &right.view, arena, err);
            }
        }
    }
    return rc;
}

/* ---- tables of others ---- */

/* Outlives its stream, which is looked up again. */
struct still {
    struct fh_serve *serve;
    uint64_t stream;
    uint32_t table; /* of the plan */
};

_Static_assert(FH_REQUEST_LIFETIME_MS > FH_QUERY_STREAM_DEADLINE_MS,
               "the owners of a join judge its request for as long as its answer lasts");

/* An owner that cannot be asked has not said no: his part fails by itself when it is needed. One
 * that does not judge the request any more would not say when a right ends. */
static bool says_no(const struct fh_err *err)
{
    bool run_out = strcmp(err->rule, "query.request.expired") == 0;
    return run_out || err->code == FH_EDENIED || err->code == FH_ESIG || err->code == FH_EFORK;
}

/* What its owner shows of a table now, against what it showed when the join began: all of it, or
 * the same. */
static int judge_seen(struct fh_stream *stream,
                      uint32_t index,
                      struct fh_pack_reader *fields,
                      struct fh_err *err)
{
    const struct fh_plan_table *table = &stream->plan.tables[index];
    struct fh_msg_still now;
    int rc = fh_msg_still_answer_read(fields, &now, err);
    if (rc == FH_OK && !stream->seen[index].known) {
        stream->seen[index].known = true;
        stream->seen[index].first = now;
    }
    if (rc != FH_OK || now.open) {
        return rc;
    }
    const struct fh_msg_still *first = &stream->seen[index].first;
    if (first->open || memcmp(first->view.b, now.view.b, sizeof now.view.b) != 0) {
        rc = less_than_before(table, err);
    }
    return rc;
}

static void still_answered(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct still still = *(struct still *)user;
    struct fh_stream *stream = fh_serve_stream(still.serve, still.stream);
    struct fh_err err;
    fh_free(user);
    if (stream == NULL) {
        return;
    }
    stream->stills--;
    if (stream->state == FH_STREAM_OVER) { /* the plan may be gone */
        return;
    }
    if (failure == NULL && judge_seen(stream, still.table, fields, &err) != FH_OK) {
        failure = &err;
    }
    if (failure != NULL && says_no(failure)) {
        fh_stream_end(stream, failure);
    }
}

static void ask_still(struct fh_stream *stream, uint32_t index)
{
    const struct fh_plan_table *table = &stream->plan.tables[index];
    const struct fh_serve_options *o = &stream->serve->options;
    const struct fh_announcement *product = &table->table.entry.announcement;
    const struct fh_query_table *named = fh_query_request_table(
        &stream->request, &product->domain, product->product, table->table.name, NULL);
    struct fh_peer_target target = {.address = NULL};
    struct still *still = named == NULL ? NULL : fh_calloc(1, sizeof *still);
    if (still == NULL ||
        !fh_mesh_node_of(o->mesh, &product->domain, &target.node, &target.address)) {
        fh_free(still);
        return;
    }
    *still = (struct still){stream->serve, stream->id, index};
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_still_request(
        &request, fh_buf_view(&stream->record), (uint32_t)(named - stream->request.tables));
    stream->stills++;
    fh_peers_ask(o->peers, &target, &request, STILL_MS, still_answered, still);
}

static void ask_others(struct fh_stream *stream, int64_t now)
{
    if (stream->kind != FH_STREAM_QUERY || stream->stills > 0 || now < stream->still_next_ms ||
        stream->serve->options.mesh == NULL) {
        return;
    }
    stream->still_next_ms = now + STILL_EVERY_MS;
    fh_stream_hold(stream); /* a call may fail before it returns */
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        if (!fh_stream_owns(stream, &stream->plan.tables[i])) {
            ask_still(stream, i);
        }
    }
    fh_stream_release(stream);
}

/* ---- all of them ---- */

static bool runs(const struct fh_stream *stream)
{
    return stream->kind != FH_STREAM_PLAN &&
           (stream->state == FH_STREAM_SHORT || stream->state == FH_STREAM_BEGINNING ||
            stream->state == FH_STREAM_RUNNING || stream->state == FH_STREAM_DRAINED);
}

void fh_serve_rejudge(struct fh_serve *serve)
{
    int64_t wall = fh_clock_wall_ms();
    serve->judged_ms = fh_clock_mono_ms();
    FH_LIST_FOREACH (link, &serve->streams) {
        struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        struct fh_err err;
        if (!runs(stream)) {
            continue; /* judged when it begins */
        }
        if (fh_stream_judge_key(stream, wall, &err) != FH_OK ||
            judge_tables(stream, &err) != FH_OK) {
            fh_stream_end(stream, &err);
        } else {
            ask_others(stream, serve->judged_ms);
        }
    }
}
