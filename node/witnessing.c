/* SPDX-License-Identifier: Apache-2.0 */
#include "node/witnessing.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/peer/peers.h"
#include "node/peer/questions.h"
#include "node/state/store_witness.h"
#include "proto/governance/audit_chain.h"
#include "proto/session/messages_audit.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 2000,
    ASKED_MAX = 32, /* domains that one question goes to */
    DOMAINS_MAX = 1024,
};

struct fh_witnessing {
    struct fh_witnessing_options options;
    struct fh_timer *timer;
    bool quiet;
    uint64_t sent_seq; /* of the checkpoint that enough domains have */
    unsigned on_way;
    unsigned taken;  /* domains that keep the one at hand */
    unsigned wanted; /* of them: fewer in a small mesh */
    size_t next;     /* place in the order of domains that is asked next */
    struct fh_buf record;
    uint64_t record_seq;
};

/* ---- who keeps it ---- */

struct candidate {
    struct fh_domain_id domain;
    struct fh_hash rank;
};

static int by_rank(const void *a, const void *b)
{
    const struct candidate *left = a;
    const struct candidate *right = b;
    return memcmp(left->rank.b, right->rank.b, FH_HASH_BYTES);
}

/* Other admitted domains, in an order of this domain's own. Gives how many. */
static size_t
list_candidates(const struct fh_witnessing *witnessing, struct candidate *out, size_t most)
{
    const struct fh_witnessing_options *o = &witnessing->options;
    size_t count = 0;
    for (size_t i = 0; i < fh_directory_domain_count(o->dir) && count < most; i++) {
        const struct fh_directory_domain *domain = fh_directory_domain_at(o->dir, i);
        if (!domain->admitted || domain->frozen || fh_domain_id_equal(&domain->id, &o->domain)) {
            continue;
        }
        const struct fh_bytes parts[] = {fh_bytes(o->domain.b, FH_ID_BYTES),
                                         fh_bytes(domain->id.b, FH_ID_BYTES)};
        out[count++] =
            (struct candidate){.domain = domain->id, .rank = fh_hash_parts(parts, FH_COUNT(parts))};
    }
    qsort(out, count, sizeof *out, by_rank);
    return count;
}

/* ---- sending ---- */

static void send_next(struct fh_witnessing *witnessing);

static void kept(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    struct fh_witnessing *witnessing = user;
    struct fh_msg_bins records;
    struct fh_err why;
    witnessing->on_way--;
    if (err == NULL && fh_msg_bins_read(fields, &records, &why) == FH_OK) {
        witnessing->taken++;
    }
    if (witnessing->taken >= witnessing->wanted) {
        witnessing->sent_seq = witnessing->record_seq;
    } else if (!witnessing->quiet) {
        send_next(witnessing);
    }
}

/* Asks domains one after the other until enough of them keep it. */
static void send_next(struct fh_witnessing *witnessing)
{
    const struct fh_witnessing_options *o = &witnessing->options;
    struct candidate *candidates = fh_calloc(DOMAINS_MAX, sizeof *candidates);
    size_t count = candidates == NULL ? 0 : list_candidates(witnessing, candidates, DOMAINS_MAX);
    witnessing->wanted = count < FH_AUDIT_WITNESSES ? (unsigned)count : FH_AUDIT_WITNESSES;
    while (witnessing->next < count && witnessing->on_way == 0) {
        struct fh_peer_target target = {.address = NULL};
        const struct candidate *candidate = &candidates[witnessing->next++];
        if (!fh_mesh_node_of(o->mesh, &candidate->domain, &target.node, &target.address)) {
            continue;
        }
        FH_CLEANUP(fh_buf_fini) struct fh_buf request;
        fh_buf_init(&request, 1024);
        fh_msg_witness_request(&request, &o->node, fh_buf_view(&witnessing->record));
        witnessing->on_way++;
        fh_peers_ask(o->peers, &target, &request, FH_REQUEST_MS, kept, witnessing);
        break;
    }
    fh_free(candidates);
}

static void look(void *user)
{
    struct fh_witnessing *witnessing = user;
    const struct fh_witnessing_options *o = &witnessing->options;
    uint64_t seq = 0;
    if (witnessing->on_way == 0) {
        fh_buf_reset(&witnessing->record);
        if (fh_audit_checkpoint(o->audit, witnessing->sent_seq, &seq, &witnessing->record) &&
            fh_buf_ok(&witnessing->record) == FH_OK) {
            witnessing->record_seq = seq;
            witnessing->taken = 0;
            witnessing->next = 0;
            send_next(witnessing);
        }
    }
    fh_timer_set(witnessing->timer, fh_clock_mono_ms() + LOOK_MS);
}

/* ---- keeping ---- */

/* Only a node itself brings its own. */
static int keep(struct fh_witnessing *witnessing,
                const struct fh_speaker *speaker,
                const struct fh_node_id *node,
                struct fh_bytes record,
                struct fh_err *err)
{
    const struct fh_witnessing_options *o = &witnessing->options;
    struct fh_audit_checkpoint checkpoint;
    int rc = fh_audit_checkpoint_open(&checkpoint, record, &o->mesh_id, &fh_verifier_plain, err);
    if (rc != FH_OK) {
        return rc;
    }
    struct fh_node_id signer = fh_node_id_of(&checkpoint.key);
    if (speaker->role != FH_ROLE_NODE || !speaker->admitted ||
        memcmp(speaker->key.b, signer.b, FH_ID_BYTES) != 0 || !fh_node_id_equal(&signer, node) ||
        !fh_domain_id_equal(&speaker->domain, &checkpoint.domain)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "audit.witness",
                           "a node brings checkpoints of its own log, and nobody else does");
    }
    return fh_store_witness_put(o->store, node, checkpoint.seq, record, fh_clock_wall_ms(), err);
}

struct list {
    struct fh_buf bins;
    uint32_t count;
};

static int add_record(void *user, struct fh_bytes record, struct fh_err *err)
{
    struct list *list = user;
    (void)err;
    fh_pack_bin(&list->bins, record);
    list->count++;
    return FH_OK;
}

static int list_kept(struct fh_witnessing *witnessing,
                     const struct fh_node_id *node,
                     struct list *out,
                     struct fh_err *err)
{
    fh_buf_init(&out->bins,
                node == NULL ? FH_ADMIN_FRAME_BYTES_MAX / 2 - 64 : FH_FRAME_REPLY_BYTES_MAX - 64);
    out->count = 0;
    int rc = fh_store_witness_each(witnessing->options.store, node, add_record, out, err);
    return rc == FH_OK && fh_buf_ok(&out->bins) != FH_OK
               ? fh_err_set(err, fh_buf_ok(&out->bins), "more checkpoints than fit an answer")
               : rc;
}

void fh_witnessing_question(struct fh_witnessing *witnessing, struct fh_question *question)
{
    struct fh_node_id node;
    struct fh_bytes record;
    struct fh_err err;
    struct list list = {.count = 0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    int rc = fh_msg_witness_read(fh_question_fields(question), &node, &record, &err);
    if (rc == FH_OK && record.size > 0) {
        rc = keep(witnessing, fh_question_speaker(question), &node, record, &err);
    }
    if (rc == FH_OK) {
        rc = list_kept(witnessing, &node, &list, &err);
    }
    fh_msg_witness_answer_begin(&out, list.count);
    fh_buf_add_bytes(&out, fh_buf_view(&list.bins));
    fh_buf_fini(&list.bins);
    fh_question_conclude(question, rc, &out, &err);
}

/* ---- asking ---- */

/* One ADMIN_WITNESSED and the domains that it asks. */
struct asking {
    struct fh_witnessing *witnessing;
    struct fh_admin_question *question;
    unsigned on_way;
    struct fh_buf pairs;
    uint32_t count;
};

struct asked {
    struct asking *asking;
    struct fh_domain_id domain;
};

static void conclude(struct asking *asking)
{
    struct fh_err err;
    struct list list = {.count = 0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    int rc = list_kept(asking->witnessing, NULL, &list, &err);
    fh_msg_witnessed_answer_begin(&out, asking->count);
    fh_buf_add_bytes(&out, fh_buf_view(&asking->pairs));
    fh_pack_array(&out, list.count);
    fh_buf_add_bytes(&out, fh_buf_view(&list.bins));
    fh_buf_fini(&list.bins);
    fh_admin_conclude(asking->question, rc, &out, &err);
    fh_buf_fini(&asking->pairs);
    fh_free(asking);
}

static void told(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct asked *asked = user;
    struct asking *asking = asked->asking;
    struct fh_msg_bins records;
    struct fh_bytes record;
    struct fh_err err;
    if (failure == NULL && fh_msg_bins_read(fields, &records, &err) == FH_OK) {
        while (fh_msg_bins_next(&records, &record)) {
            fh_msg_witnessed_add(&asking->pairs, &asked->domain, record);
            asking->count++;
        }
    }
    fh_free(asked);
    if (--asking->on_way == 0) {
        conclude(asking);
    }
}

static void ask(struct asking *asking, const struct fh_domain_id *domain)
{
    const struct fh_witnessing_options *o = &asking->witnessing->options;
    struct fh_peer_target target = {.address = NULL};
    struct asked *asked = fh_calloc(1, sizeof *asked);
    if (asked == NULL || !fh_mesh_node_of(o->mesh, domain, &target.node, &target.address)) {
        fh_free(asked);
        return;
    }
    *asked = (struct asked){.asking = asking, .domain = *domain};
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 256);
    fh_msg_witness_request(&request, &o->node, FH_BYTES_NONE);
    asking->on_way++;
    fh_peers_ask(o->peers, &target, &request, FH_REQUEST_MS, told, asked);
}

void fh_witnessing_admin(struct fh_witnessing *witnessing, struct fh_admin_question *question)
{
    struct asking *asking = fh_calloc(1, sizeof *asking);
    struct candidate candidates[ASKED_MAX];
    if (asking == NULL) {
        struct fh_err err;
        fh_err_set(&err, FH_ENOMEM, "no memory to ask witnesses");
        fh_admin_refuse(question, &err);
        return;
    }
    *asking = (struct asking){.witnessing = witnessing, .question = question, .on_way = 1};
    fh_buf_init(&asking->pairs, FH_ADMIN_FRAME_BYTES_MAX / 2);
    size_t count = witnessing->options.mesh == NULL || witnessing->quiet
                       ? 0
                       : list_candidates(witnessing, candidates, ASKED_MAX);
    for (size_t i = 0; i < count; i++) {
        ask(asking, &candidates[i].domain);
    }
    if (--asking->on_way == 0) {
        conclude(asking);
    }
}

/* ---- life ---- */

int fh_witnessing_new(struct fh_witnessing **out,
                      const struct fh_witnessing_options *options,
                      struct fh_err *err)
{
    struct fh_witnessing *witnessing = fh_calloc(1, sizeof *witnessing);
    if (witnessing == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for witnesses");
    }
    witnessing->options = *options;
    fh_buf_init(&witnessing->record, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    int rc = fh_timer_new(&witnessing->timer, options->loop, look, witnessing, err);
    if (rc != FH_OK) {
        fh_free(witnessing);
        return rc;
    }
    if (options->audit != NULL && options->mesh != NULL) {
        fh_timer_set(witnessing->timer, fh_clock_mono_ms() + LOOK_MS);
    }
    *out = witnessing;
    return FH_OK;
}

void fh_witnessing_quiesce(struct fh_witnessing *witnessing)
{
    witnessing->quiet = true;
    fh_timer_clear(witnessing->timer);
}

void fh_witnessing_free(struct fh_witnessing *witnessing)
{
    if (witnessing != NULL) {
        fh_timer_free(witnessing->timer);
        fh_buf_fini(&witnessing->record);
        fh_free(witnessing);
    }
}
