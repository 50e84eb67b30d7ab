/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reconciliation of one set with one peer: who lacks what, then both get it.
 *
 *   RECONCILE --> answer --> RECONCILE ... (proto/gossip/reconcile) --> PULL what we lack, taken in
 *                                                                   --> PUSH what the peer lacks
 *
 * Where more differs than a few thousand records, or the peer does not know the message, nothing is
 * moved and the caller hands the set over page by page.
 */
#include "node/mesh/parts.h"

#include "common/log.h"
#include "common/mem.h"
#include "node/mesh/rangesets.h"
#include "proto/gossip/reconcile.h"

#include <stdio.h>

enum {
    SPREAD_MAX = 8, /* so few new records may be news to others too */
    PUSH_BYTES_MAX = FH_FRAME_REQUEST_BYTES_MAX - 16 * 1024,
};

struct reconciling {
    struct fh_mesh *mesh;
    struct fh_peer_target target;
    char address[FH_ADDRESS_BYTES_MAX + 1];
    enum fh_sync_set set;
    fh_mesh_reconciled_fn *fn;
    void *user;
    unsigned rounds;
    unsigned added;
    bool too_many;
    size_t lack_count; /* what we lack, by the beginning of its id */
    size_t lack_asked; /* of them */
    size_t extra_count;
    size_t extra_sent;
    struct fh_ref lacks[FH_RECONCILE_FOUND_MAX];
    struct fh_record_id extras[FH_RECONCILE_FOUND_MAX];
};

static void pull_next(struct reconciling *r);

static void end(struct reconciling *r, int code)
{
    fh_mesh_reconciled_fn *fn = r->fn;
    void *user = r->user;
    unsigned added = r->added;
    fh_free(r);
    fn(code, added, user);
}

static void failed(struct reconciling *r, const struct fh_err *err)
{
    fh_log(FH_LOG_DEBUG,
           "reconcile.failed",
           "with=%s set=%u rule=%s text=\"%s\"",
           r->address,
           (unsigned)r->set,
           err->rule,
           err->text);
    end(r, err->code);
}

/* ---- what the peer lacks ---- */

static void push_next(struct reconciling *r);

static void pushed(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    (void)fields;
    struct reconciling *r = user;
    /* It may refuse a record and have taken the others: that is no reason to stop. */
    if (failure != NULL && (failure->code == FH_EUNREACH || failure->code == FH_ETIMEOUT ||
                            failure->code == FH_ECANCELLED)) {
        failed(r, failure);
        return;
    }
    push_next(r);
}

/* Of what was found at first, what is still held: what came meanwhile may have replaced it. */
static void push_next(struct reconciling *r)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf records;
    fh_buf_init(&records, FH_FRAME_REQUEST_BYTES_MAX);
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    uint32_t count = 0;
    struct fh_err err;
    while (r->extra_sent < r->extra_count && count < FH_PUSH_RECORDS_MAX && !r->mesh->quiet) {
        fh_buf_reset(&record);
        if (fh_store_record_get(r->mesh->options.store, &r->extras[r->extra_sent], &record, &err) ==
            FH_OK) {
            if (count > 0 && records.size + record.size + 8 > PUSH_BYTES_MAX) {
                break;
            }
            fh_pack_bin(&records, fh_buf_view(&record));
            count++;
        }
        r->extra_sent++;
    }
    if (count == 0) {
        end(r, FH_OK);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_push_request_begin(&request, count);
    fh_buf_add_bytes(&request, fh_buf_view(&records));
    fh_peers_ask(r->mesh->options.peers, &r->target, &request, FH_REQUEST_MS, pushed, r);
}

/* ---- what we lack ---- */

static void taken(void *user, int code, bool is_new, const struct fh_err *err)
{
    struct reconciling *r = user;
    if (code == FH_OK) {
        r->added += is_new;
    } else if (code != FH_ESTALE) {
        fh_log(FH_LOG_DEBUG,
               "sync.record_refused",
               "from=%s rule=%s text=\"%s\"",
               r->address,
               err->rule,
               err->text);
    }
}

static void pulled(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct reconciling *r = user;
    struct fh_msg_bins bins;
    struct fh_err err;
    if (failure != NULL) {
        failed(r, failure);
        return;
    }
    int code = fh_msg_bins_read(fields, &bins, &err);
    if (code == FH_OK && bins.left > 0 && !r->mesh->quiet) {
        struct fh_origin origin = {.node = r->target.node, .bulk = r->lack_count > SPREAD_MAX};
        code = fh_mesh_intake_bulk(r->mesh, &bins, &origin, taken, r, &err);
    }
    if (code != FH_OK) {
        failed(r, &err);
        return;
    }
    pull_next(r);
}

static void pull_next(struct reconciling *r)
{
    size_t left = r->lack_count - r->lack_asked;
    uint32_t count = left < FH_PULL_IDS_MAX ? (uint32_t)left : FH_PULL_IDS_MAX;
    if (count == 0 || r->mesh->quiet) {
        push_next(r);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 32 * FH_PULL_IDS_MAX);
    fh_msg_pull_request_begin(&request, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_pack_bin(&request, fh_bytes(r->lacks[r->lack_asked++].b, FH_REF_BYTES));
    }
    fh_peers_ask(r->mesh->options.peers, &r->target, &request, FH_REQUEST_MS, pulled, r);
}

/* ---- who lacks what ---- */

static void on_lacks(void *user, const struct fh_ref *ref)
{
    struct reconciling *r = user;
    r->too_many = r->too_many || r->lack_count == FH_RECONCILE_FOUND_MAX;
    if (!r->too_many) {
        r->lacks[r->lack_count++] = *ref;
    }
}

static void on_extra(void *user, const struct fh_range_element *element)
{
    struct reconciling *r = user;
    /* Of what is only here the peer finds the rest when it reconciles with us. */
    if (r->extra_count < FH_RECONCILE_FOUND_MAX) {
        r->extras[r->extra_count++] = element->id;
    }
}

static void answered(struct fh_pack_reader *fields, const struct fh_err *failure, void *user);

static void ask(struct reconciling *r, const struct fh_buf *message)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_RECONCILE_BYTES_MAX + 64);
    fh_msg_reconcile_request(&request, r->set, fh_buf_view(message));
    r->rounds++;
    fh_peers_ask(r->mesh->options.peers, &r->target, &request, FH_REQUEST_MS, answered, r);
}

static void answered(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct reconciling *r = user;
    struct fh_reconcile_found found = {on_lacks, on_extra, r};
    const struct fh_rangeset *set;
    struct fh_err err;
    if (failure != NULL) {
        failed(r, failure);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf message;
    fh_buf_init(&message, FH_RECONCILE_BYTES_MAX + 64);
    struct fh_bytes answer = fh_pack_read_bin(fields, FH_RECONCILE_BYTES_MAX);
    int code = fh_pack_read_ok(fields, "reconcile answer", &err);
    if (code == FH_OK) {
        code = fh_mesh_rangeset(r->mesh, r->set, &set, &err);
    }
    if (code == FH_OK) {
        code = fh_reconcile_next(set, answer, &found, &message, &err);
    }
    if (code == FH_OK && (r->too_many || r->rounds == FH_RECONCILE_ROUNDS_MAX)) {
        code = fh_err_rule(&err, FH_ETOOBIG, "reconcile.many", "too much differs");
    }
    if (code != FH_OK) {
        failed(r, &err);
    } else if (message.size > 0 && !r->mesh->quiet) {
        ask(r, &message);
    } else {
        pull_next(r);
    }
}

void fh_mesh_reconcile(struct fh_mesh *mesh,
                       const struct fh_peer_target *target,
                       enum fh_sync_set set,
                       fh_mesh_reconciled_fn *fn,
                       void *user)
{
    const struct fh_rangeset *own;
    struct fh_err err;
    struct reconciling *r = fh_calloc(1, sizeof *r);
    int code = r == NULL ? FH_ENOMEM : fh_mesh_rangeset(mesh, set, &own, &err);
    if (code != FH_OK) {
        fh_free(r);
        fn(code, 0, user);
        return;
    }
    r->mesh = mesh;
    r->target = *target;
    snprintf(r->address, sizeof r->address, "%s", target->address);
    r->target.address = r->address;
    r->set = set;
    r->fn = fn;
    r->user = user;
    FH_CLEANUP(fh_buf_fini) struct fh_buf message;
    fh_buf_init(&message, FH_RECONCILE_BYTES_MAX + 64);
    fh_reconcile_begin(own, &message);
    ask(r, &message);
}

/* ---- the other end ---- */

void fh_mesh_answer_reconcile(struct fh_mesh *mesh, struct fh_question *question)
{
    enum fh_sync_set which = FH_SYNC_IDENTITY;
    struct fh_bytes message = FH_BYTES_NONE;
    const struct fh_rangeset *set;
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf answer;
    fh_buf_init(&answer, FH_RECONCILE_BYTES_MAX + 64);
    int code = fh_msg_reconcile_request_read(fh_question_fields(question), &which, &message, &err);
    if (code == FH_OK) {
        code = fh_mesh_rangeset(mesh, which, &set, &err);
    }
    if (code == FH_OK) {
        code = fh_reconcile_answer(set, message, &answer, &err);
    }
    if (code != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_RECONCILE_BYTES_MAX + 128);
    fh_msg_ok(&out, 1);
    fh_pack_bin(&out, fh_buf_view(&answer));
    fh_question_answer_buf(question, &out);
}
