/* SPDX-License-Identifier: Apache-2.0 */
#include "node/courier.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "proto/session/messages_access.h"

enum {
    BRING_MS = 4000,      /* whoever asked waits for less than FH_REQUEST_MS */
    PAUSE_MAX_MS = 10000, /* between two tries of an owner that does not answer */
    PAUSES_MAX = 32,
    OWNERS_MAX = 32, /* that one look seeks among the members: it walks all of them for each */
};

/* One request on its way. */
struct delivery {
    struct fh_courier *courier; /* NULL: free */
    struct fh_record_id id;
    struct fh_domain_id owner;
    struct fh_question *question; /* of who asked just now, or NULL */
};

/* An owner that did not answer lately. */
struct pause {
    struct fh_domain_id owner;
    int64_t until_ms; /* monotonic */
    int64_t pause_ms; /* 0: free */
};

struct fh_courier {
    struct fh_courier_options options;
    struct fh_timer *timer;
    bool quiet;
    struct delivery deliveries[FH_ASKED_DELIVERIES_MAX];
    struct pause pauses[PAUSES_MAX];
    int64_t after_seq; /* the last request that was looked at */
};

/* ---- owners that do not answer ---- */

static struct pause *pause_of(struct fh_courier *courier, const struct fh_domain_id *owner)
{
    for (size_t i = 0; i < PAUSES_MAX; i++) {
        struct pause *pause = &courier->pauses[i];
        if (pause->pause_ms > 0 && fh_domain_id_equal(&pause->owner, owner)) {
            return pause;
        }
    }
    return NULL;
}

static void note_failed(struct fh_courier *courier, const struct fh_domain_id *owner)
{
    struct pause *pause = pause_of(courier, owner);
    int64_t now = fh_clock_mono_ms();
    if (pause != NULL && pause->until_ms > now) {
        return; /* several of one look failed: that is one failure of the owner */
    }
    if (pause == NULL) {
        pause = &courier->pauses[0];
        for (size_t i = 1; i < PAUSES_MAX; i++) {
            if (courier->pauses[i].until_ms < pause->until_ms) {
                pause = &courier->pauses[i]; /* the one that is over first */
            }
        }
        *pause = (struct pause){.owner = *owner, .pause_ms = FH_ASKED_RETRY_MS / 2};
    }
    pause->pause_ms = 2 * pause->pause_ms < PAUSE_MAX_MS ? 2 * pause->pause_ms : PAUSE_MAX_MS;
    pause->until_ms = now + pause->pause_ms;
}

/* ---- one delivery ---- */

static void answer(struct fh_question *question, bool delivered)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 16);
    fh_msg_ask_answer(&out, delivered);
    fh_question_answer_buf(question, &out);
}

/* Verdicts about the request itself: they will not change by asking again. An owner that has not
 * heard of somebody yet, or whose clock is not right, says what is so now; that may be about the
 * session by which the request came, too. */
static bool is_final(const struct fh_err *err)
{
    static const char *const rules[] = {"record.signature",
                                        "record.signer.revoked",
                                        "message.unknown"}; /* an owner of an earlier version */
    static const char *const families[] = {"access.", "token."};
    bool final = false;
    for (size_t i = 0; i < FH_COUNT(rules); i++) {
        final = final || strcmp(err->rule, rules[i]) == 0;
    }
    for (size_t i = 0; i < FH_COUNT(families); i++) {
        final = final || strncmp(err->rule, families[i], strlen(families[i])) == 0;
    }
    bool by_now =
        strcmp(err->rule, "access.limit") == 0 || strcmp(err->rule, "access.expired") == 0;
    return final && !by_now; /* of its room and of its clock, now */
}

static void mark(struct fh_courier *courier, const struct fh_record_id *id, const char *refused)
{
    struct fh_err err;
    if (fh_store_asked_delivered(
            courier->options.grants->store, id, fh_clock_wall_ms(), refused, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "store.failed", "rule=%s text=\"%s\"", err.rule, err.text);
    }
}

static void brought(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct delivery *delivery = user;
    struct fh_courier *courier = FH_TAKE(delivery->courier);
    struct fh_question *question = FH_TAKE(delivery->question);
    char owner[FH_ID_SHORT_BYTES];
    struct fh_err err;
    bool delivered = false;
    if (failure == NULL && fh_msg_ask_answer_read(fields, &delivered, &err) != FH_OK) {
        failure = &err;
    }
    fh_domain_id_short(owner, &delivery->owner);
    if (failure == NULL) {
        struct pause *pause = pause_of(courier, &delivery->owner);
        if (pause != NULL) {
            *pause = (struct pause){.pause_ms = 0};
        }
        mark(courier, &delivery->id, "");
        fh_log(FH_LOG_INFO, "access.delivered", "owner=%s", owner);
    } else if (is_final(failure)) {
        mark(courier, &delivery->id, failure->rule);
        fh_log(FH_LOG_WARN,
               "access.refused",
               "owner=%s rule=%s text=\"%s\"",
               owner,
               failure->rule,
               failure->text);
    } else if (!courier->quiet) {
        note_failed(courier, &delivery->owner);
    }
    if (question == NULL) {
        return;
    }
    if (failure != NULL && is_final(failure)) {
        fh_question_refuse(question, failure);
    } else {
        answer(question, failure == NULL);
    }
}

struct carried {
    struct fh_courier *courier;
    struct fh_buf request; /* ASK */
    struct fh_domain_id owner;
    struct fh_buf bins; /* of identity records */
    uint32_t count;
};

static bool
add_support(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct carried *carried = user;
    (void)type;
    (void)id;
    if (carried->count == FH_SESSION_RECORDS_MAX) {
        return false;
    }
    fh_pack_bin(&carried->bins, bytes);
    carried->count++;
    return true;
}

/* Writes the ASK from the row. */
static int write_ask(void *user, const struct fh_store_asked *asked, struct fh_err *err)
{
    struct carried *carried = user;
    struct fh_ref key = fh_key_id_ref(&asked->key);
    carried->owner = asked->owner;
    fh_buf_init(&carried->bins, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    fh_directory_credentials(carried->courier->options.grants->dir,
                             &asked->consumer,
                             &key,
                             fh_clock_wall_ms(),
                             add_support,
                             carried);
    fh_msg_ask_begin(&carried->request, asked->bytes);
    fh_pack_array(&carried->request, carried->count);
    fh_buf_add_bytes(&carried->request, fh_buf_view(&carried->bins));
    int code = fh_buf_ok(&carried->bins) == FH_OK ? fh_buf_ok(&carried->request) : FH_ETOOBIG;
    fh_buf_fini(&carried->bins);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "the access request does not fit");
}

static bool is_on_its_way(const struct fh_courier *courier, const struct fh_record_id *id)
{
    for (size_t i = 0; i < FH_ASKED_DELIVERIES_MAX; i++) {
        const struct delivery *delivery = &courier->deliveries[i];
        if (delivery->courier != NULL && fh_record_id_equal(&delivery->id, id)) {
            return true;
        }
    }
    return false;
}

/* A free place, unless this request is on its way already. */
static struct delivery *place_for(struct fh_courier *courier, const struct fh_record_id *id)
{
    for (size_t i = 0; i < FH_ASKED_DELIVERIES_MAX && !is_on_its_way(courier, id); i++) {
        if (courier->deliveries[i].courier == NULL) {
            return &courier->deliveries[i];
        }
    }
    return NULL;
}

/* True when the request is on its way; `question` is taken then. */
static bool
bring(struct fh_courier *courier, const struct fh_record_id *id, struct fh_question *question)
{
    struct delivery *place = place_for(courier, id);
    struct carried carried = {.courier = courier};
    struct fh_peer_target target = {.address = NULL};
    struct fh_err err;
    if (courier->quiet || courier->options.mesh == NULL || place == NULL) {
        return false;
    }
    fh_buf_init(&carried.request, FH_FRAME_REQUEST_BYTES_MAX);
    int code = fh_store_asked_get(courier->options.grants->store, id, write_ask, &carried, &err);
    bool found =
        code == FH_OK &&
        fh_mesh_node_of(courier->options.mesh, &carried.owner, &target.node, &target.address);
    if (found) {
        *place = (struct delivery){
            .courier = courier, .id = *id, .owner = carried.owner, .question = question};
        fh_peers_ask(courier->options.peers, &target, &carried.request, BRING_MS, brought, place);
    }
    fh_buf_fini(&carried.request);
    return found;
}

void fh_courier_bring(struct fh_courier *courier,
                      const struct fh_record_id *id,
                      struct fh_question *question)
{
    if (!bring(courier, id, question)) {
        answer(question, false);
    }
}

/* ---- those that wait ---- */

struct round {
    struct fh_courier *courier;
    unsigned room; /* for so many more on their way */
    unsigned count;
    struct fh_record_id ids[FH_ASKED_DELIVERIES_MAX];
    struct {
        struct fh_domain_id id;
        bool is_there;
    } owners[OWNERS_MAX];
    unsigned owner_count;
};

/* Whether a node of the owner is known now: sought once in a look. */
static bool is_there(struct round *round, const struct fh_domain_id *owner)
{
    struct fh_mesh *mesh = round->courier->options.mesh;
    struct fh_node_id node;
    const char *address;
    for (unsigned i = 0; i < round->owner_count; i++) {
        if (fh_domain_id_equal(&round->owners[i].id, owner)) {
            return round->owners[i].is_there;
        }
    }
    FH_ASSERT(round->owner_count < OWNERS_MAX);
    bool found = mesh != NULL && fh_mesh_node_of(mesh, owner, &node, &address);
    round->owners[round->owner_count].id = *owner;
    round->owners[round->owner_count++].is_there = found;
    return found;
}

/* Requests that cannot be brought now take no place: others behind them can. */
static int choose(void *user, const struct fh_store_asked *asked, struct fh_err *err)
{
    struct round *round = user;
    (void)err;
    if (round->count == round->room || round->owner_count == OWNERS_MAX) {
        return FH_OK; /* the next look begins here */
    }
    const struct pause *pause = pause_of(round->courier, &asked->owner);
    round->courier->after_seq = asked->seq;
    if ((pause == NULL || pause->until_ms <= fh_clock_mono_ms()) &&
        !is_on_its_way(round->courier, &asked->id) && is_there(round, &asked->owner)) {
        round->ids[round->count++] = asked->id;
    }
    return FH_OK;
}

static void look(void *user)
{
    struct fh_courier *courier = user;
    struct round round = {.courier = courier};
    struct fh_err err;
    if (courier->quiet) {
        return;
    }
    for (size_t i = 0; i < FH_ASKED_DELIVERIES_MAX; i++) {
        round.room += courier->deliveries[i].courier == NULL;
    }
    if (fh_store_asked_waiting(
            courier->options.grants->store, courier->after_seq, choose, &round, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "store.failed", "rule=%s text=\"%s\"", err.rule, err.text);
    }
    for (unsigned i = 0; i < round.count; i++) {
        (void)bring(courier, &round.ids[i], NULL);
    }
    fh_timer_set(courier->timer, fh_clock_mono_ms() + FH_ASKED_RETRY_MS);
}

int fh_courier_new(struct fh_courier **out,
                   const struct fh_courier_options *options,
                   struct fh_err *err)
{
    struct fh_courier *courier = fh_calloc(1, sizeof *courier);
    if (courier == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a courier");
    }
    courier->options = *options;
    int rc = fh_timer_new(&courier->timer, options->loop, look, courier, err);
    if (rc != FH_OK) {
        fh_free(courier);
        return rc;
    }
    fh_timer_set(courier->timer, fh_clock_mono_ms() + FH_ASKED_RETRY_MS);
    *out = courier;
    return FH_OK;
}

void fh_courier_quiesce(struct fh_courier *courier)
{
    courier->quiet = true;
    fh_timer_clear(courier->timer);
}

void fh_courier_free(struct fh_courier *courier)
{
    if (courier == NULL) {
        return;
    }
    for (size_t i = 0; i < FH_ASKED_DELIVERIES_MAX; i++) {
        FH_ASSERT(courier->deliveries[i].courier == NULL); /* the peers are drained */
    }
    fh_timer_free(courier->timer);
    fh_free(courier);
}
