/* SPDX-License-Identifier: Apache-2.0 */
#include "node/peer/peers_inside.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/link.h"

#include <stdio.h>

enum { ROUNDS_MAX = 2 };

struct call {
    struct fh_list link;
    struct fh_peer *peer;
    struct fh_node_id node;
    struct fh_domain_id guest;
    struct fh_buf request;
    int64_t timeout_ms;
    unsigned rounds;
    struct fh_session *pinned;  /* a reference: the only session for it; NULL: any */
    struct fh_session *session; /* a reference, while on its way */
    struct fh_session_binding binding;
    fh_peer_answer_fn *answer_fn;
    fh_peer_sealed_fn *sealed_fn;
    void *user;
};

struct fh_sealed {
    struct fh_message *message;
    struct fh_session *session;
    struct fh_session_binding binding;
};

static void send_call(struct call *call);

/* ---- ends of calls ---- */

static void free_call(struct call *call)
{
    call->peer->owner->calls--;
    call->peer->held--;
    fh_session_unref(call->pinned);
    fh_session_unref(call->session);
    fh_buf_fini(&call->request);
    fh_free(call);
}

static void fail_call(struct call *call, const struct fh_err *err)
{
    if (call->answer_fn != NULL) {
        call->answer_fn(NULL, err, call->user);
    } else {
        call->sealed_fn(NULL, err, call->user);
    }
    free_call(call);
}

void fh_peer_fail_waiting(struct fh_peer *peer, const struct fh_err *err)
{
    /* The calls at hand only: a failure's handler may ask again. */
    struct fh_list now;
    fh_list_init(&now);
    while (!fh_list_empty(&peer->waiting)) {
        struct fh_list *first = peer->waiting.next;
        fh_list_remove(first);
        fh_list_push_back(&now, first);
    }
    while (!fh_list_empty(&now)) {
        struct call *call = FH_LIST_ENTRY(now.next, struct call, link);
        fh_list_remove(&call->link);
        fail_call(call, err);
    }
}

void fh_peer_drop_session(struct fh_peer *peer)
{
    fh_session_unref(peer->session);
    peer->session = NULL;
    peer->state = FH_PEER_IDLE;
}

void fh_peer_greeted(struct fh_peer *peer)
{
    peer->state = FH_PEER_OPEN;
    peer->held++; /* a failed call's handler may ask others, and so need the room of this peer */
    while (peer->state == FH_PEER_OPEN && !fh_list_empty(&peer->waiting)) {
        struct call *call = FH_LIST_ENTRY(peer->waiting.next, struct call, link);
        fh_list_remove(&call->link);
        send_call(call);
    }
    if (peer->state == FH_PEER_IDLE && !fh_list_empty(&peer->waiting)) {
        fh_peer_greet(peer);
    }
    peer->held--;
}

/* ---- calls ---- */

static void wait_for_session(struct call *call)
{
    struct fh_peer *peer = call->peer;
    fh_list_push_back(&peer->waiting, &call->link);
    if (!fh_domain_id_is_zero(&call->guest)) {
        peer->guest = call->guest;
    }
    if (peer->state == FH_PEER_IDLE) {
        fh_peer_greet(peer);
    }
}

/* Once more, in the session that there is now, or in the next. */
static void send_again(struct call *call)
{
    if (call->peer->state == FH_PEER_OPEN) {
        send_call(call);
    } else {
        wait_for_session(call);
    }
}

static void take_sealed(struct call *call, struct fh_message *reply)
{
    struct fh_sealed *sealed = fh_calloc(1, sizeof *sealed);
    struct fh_err err;
    if (sealed == NULL) {
        fh_message_free(reply);
        fh_err_set(&err, FH_ENOMEM, "no memory for an answer");
        fail_call(call, &err);
        return;
    }
    *sealed = (struct fh_sealed){
        .message = reply, .session = FH_TAKE(call->session), .binding = call->binding};
    call->sealed_fn(sealed, NULL, call->user);
    free_call(call);
}

static void take_plain(struct call *call, struct fh_message *reply)
{
    struct fh_sealed sealed = {
        .message = reply, .session = call->session, .binding = call->binding};
    struct fh_pack_reader fields;
    struct fh_err err;
    if (fh_sealed_open(&sealed, &fields, NULL, &err) == FH_OK) {
        struct fh_peers *peers = call->peer->owner;
        peers->answering = call->session;
        call->answer_fn(&fields, NULL, call->user);
        peers->answering = NULL;
        free_call(call);
    } else {
        fail_call(call, &err);
    }
    fh_message_free(reply);
}

static void take_reply(struct fh_message *reply, const struct fh_err *failure, void *user)
{
    struct call *call = user;
    struct fh_peer *peer = call->peer;
    peer->busy--;
    peer->used_ms = fh_clock_mono_ms();
    if (failure != NULL) {
        struct fh_err told = *failure;
        fh_err_wrap(&told, "%s", fh_dialer_address(peer->dialer));
        fail_call(call, &told);
        return;
    }
    struct fh_frame frame;
    struct fh_err err;
    if (fh_frame_parse(&frame, fh_message_bytes(reply), &err) == FH_OK &&
        fh_frame_forgets(&frame) && call->rounds < ROUNDS_MAX && !peer->owner->quiet) {
        fh_message_free(reply);
        if (peer->session == call->session) {
            fh_peer_drop_session(peer);
        }
        fh_session_unref(FH_TAKE(call->session));
        fh_session_unref(FH_TAKE(call->pinned)); /* what began there is gone, as it will be told */
        send_again(call);
        return;
    }
    if (call->sealed_fn != NULL) {
        take_sealed(call, reply);
    } else {
        take_plain(call, reply);
    }
}

static struct fh_session *session_of(const struct call *call)
{
    return call->pinned != NULL ? call->pinned : call->peer->session;
}

static int seal_call(struct call *call, struct fh_message **out, struct fh_err *err)
{
    struct fh_bytes request = fh_buf_view(&call->request);
    struct fh_message *message = fh_message_new(fh_session_frame_bytes(request.size));
    if (message == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a frame");
    }
    int rc = fh_session_seal_request(session_of(call),
                                     request,
                                     fh_clock_mono_ms(),
                                     fh_message_data(message),
                                     &call->binding,
                                     err);
    if (rc != FH_OK) {
        fh_message_free(message);
        return rc;
    }
    *out = message;
    return FH_OK;
}

/* The session may be older than what the directory knows: the node may have been revoked since, or
 * the session made for another call's guest. */
static int judge_again(struct call *call, struct fh_err *err)
{
    struct fh_peer *peer = call->peer;
    int rc = fh_admit_again(&peer->speaker, peer->owner->dir, fh_clock_wall_ms(), err);
    return rc == FH_OK ? fh_peer_check_speaker(&peer->speaker, &call->guest, err) : rc;
}

static void send_call(struct call *call)
{
    struct fh_peer *peer = call->peer;
    struct fh_err err;
    if (judge_again(call, &err) != FH_OK) {
        if (call->pinned == NULL) {
            fh_peer_drop_session(peer);
        }
        fh_err_wrap(&err, "%s", fh_dialer_address(peer->dialer));
        fail_call(call, &err);
        return;
    }
    if (!fh_node_id_is_zero(&call->node) &&
        memcmp(call->node.b, peer->speaker.key.b, FH_ID_BYTES) != 0) {
        fh_err_rule(&err,
                    FH_EUNREACH,
                    "peer.other_node",
                    "%s: another node answers there",
                    fh_dialer_address(peer->dialer));
        fail_call(call, &err);
        return;
    }
    call->rounds++;
    struct fh_message *message;
    int rc = seal_call(call, &message, &err);
    if (call->pinned == NULL && (rc == FH_ESTALE || rc == FH_ESTATE)) {
        fh_peer_drop_session(peer);
        if (call->rounds < ROUNDS_MAX) {
            wait_for_session(call);
            return;
        }
    }
    if (rc == FH_OK) {
        call->session = fh_session_ref(session_of(call));
        rc = fh_dialer_request(
            peer->dialer, message, call->timeout_ms, take_reply, call, NULL, &err);
    }
    if (rc != FH_OK) {
        fail_call(call, &err);
        return;
    }
    peer->busy++;
}

/* ---- the set ---- */

static void free_peer(struct fh_peer *peer)
{
    FH_ASSERT(fh_list_empty(&peer->waiting));
    fh_list_remove(&peer->link);
    peer->owner->peer_count--;
    fh_session_unref(peer->session);
    fh_dialer_close(peer->dialer);
    fh_free(peer);
}

static void make_room(struct fh_peers *peers)
{
    struct fh_peer *quietest = NULL;
    FH_LIST_FOREACH (link, &peers->peers) {
        struct fh_peer *peer = FH_LIST_ENTRY(link, struct fh_peer, link);
        bool idle = peer->busy == 0 && peer->held == 0 && fh_list_empty(&peer->waiting);
        if (idle && (quietest == NULL || peer->used_ms < quietest->used_ms)) {
            quietest = peer;
        }
    }
    if (peers->peer_count >= FH_DIALERS_MAX && quietest != NULL) {
        free_peer(quietest);
    }
}

static struct fh_peer *find_peer(struct fh_peers *peers, const char *address)
{
    FH_LIST_FOREACH (link, &peers->peers) {
        struct fh_peer *peer = FH_LIST_ENTRY(link, struct fh_peer, link);
        if (strcmp(fh_dialer_address(peer->dialer), address) == 0) {
            return peer;
        }
    }
    return NULL;
}

static int
open_peer(struct fh_peer **out, struct fh_peers *peers, const char *address, struct fh_err *err)
{
    make_room(peers);
    struct fh_peer *peer = fh_calloc(1, sizeof *peer);
    if (peer == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a peer");
    }
    peer->owner = peers;
    fh_list_init(&peer->waiting);
    int rc = fh_dialer_open(&peer->dialer, peers->link, address, err);
    if (rc != FH_OK) {
        fh_free(peer);
        return rc;
    }
    fh_list_push_back(&peers->peers, &peer->link);
    peers->peer_count++;
    *out = peer;
    return FH_OK;
}

static int begin(struct fh_peers *peers,
                 const struct fh_peer_target *target,
                 struct call *call,
                 struct fh_err *err)
{
    if (peers->quiet) {
        return fh_err_set(err, FH_ECANCELLED, "this node is going down");
    }
    if (peers->calls >= FH_PEER_CALLS_MAX) {
        return fh_err_set(err, FH_EBUSY, "too many calls wait for other nodes");
    }
    struct fh_peer *peer = find_peer(peers, target->address);
    int rc = peer != NULL ? FH_OK : open_peer(&peer, peers, target->address, err);
    if (rc == FH_OK) {
        FH_ASSERT(peer != NULL);
        peer->used_ms = fh_clock_mono_ms();
        call->peer = peer;
        call->node = target->node;
        call->guest = target->guest;
        call->pinned = target->session != NULL ? fh_session_ref(target->session) : NULL;
    }
    return rc;
}

static void start(struct fh_peers *peers,
                  const struct fh_peer_target *target,
                  const struct fh_buf *request,
                  const struct call *made)
{
    struct fh_err err;
    struct call *call = fh_calloc(1, sizeof *call);
    int rc = fh_buf_ok(request);
    if (rc != FH_OK) {
        fh_err_set(&err, rc, "the question does not fit one message");
    } else if (call == NULL) {
        rc = fh_err_set(&err, FH_ENOMEM, "no memory for a call");
    } else {
        *call = *made;
        fh_list_init(&call->link);
        fh_buf_init(&call->request, FH_FRAME_REQUEST_BYTES_MAX);
        fh_buf_add_bytes(&call->request, fh_buf_view(request));
        rc = fh_buf_ok(&call->request);
        if (rc != FH_OK) {
            fh_err_set(&err, rc, "the question does not fit one message");
        } else {
            rc = begin(peers, target, call, &err);
        }
    }
    if (rc != FH_OK) {
        if (call != NULL) {
            fh_buf_fini(&call->request);
            fh_free(call);
        }
        if (made->answer_fn != NULL) {
            made->answer_fn(NULL, &err, made->user);
        } else {
            made->sealed_fn(NULL, &err, made->user);
        }
        return;
    }
    peers->calls++;
    struct fh_peer *peer = call->peer;
    peer->held++;
    if (call->pinned != NULL) {
        send_call(call);
        return;
    }
    if (peer->state == FH_PEER_OPEN && fh_session_wants_rekey(peer->session, fh_clock_mono_ms())) {
        fh_peer_drop_session(peer); /* what is on its way holds its own reference */
    }
    send_again(call);
}

struct fh_session *fh_peers_answering(const struct fh_peers *peers)
{
    return peers->answering;
}

void fh_peers_ask(struct fh_peers *peers,
                  const struct fh_peer_target *target,
                  const struct fh_buf *request,
                  int64_t timeout_ms,
                  fh_peer_answer_fn *fn,
                  void *user)
{
    struct call made = {.timeout_ms = timeout_ms, .answer_fn = fn, .user = user};
    start(peers, target, request, &made);
}

void fh_peers_ask_bulk(struct fh_peers *peers,
                       const struct fh_peer_target *target,
                       const struct fh_buf *request,
                       int64_t timeout_ms,
                       fh_peer_sealed_fn *fn,
                       void *user)
{
    struct call made = {.timeout_ms = timeout_ms, .sealed_fn = fn, .user = user};
    start(peers, target, request, &made);
}

int fh_peers_new(struct fh_peers **out,
                 struct fh_link *link,
                 struct fh_identity *identity,
                 struct fh_directory *dir,
                 struct fh_err *err)
{
    struct fh_peers *peers = fh_calloc(1, sizeof *peers);
    if (peers == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for peers");
    }
    *peers = (struct fh_peers){.link = link, .identity = identity, .dir = dir};
    fh_list_init(&peers->peers);
    *out = peers;
    return FH_OK;
}

void fh_peers_quiesce(struct fh_peers *peers)
{
    peers->quiet = true;
    struct fh_err err;
    fh_err_set(&err, FH_ECANCELLED, "this node is going down");
    FH_LIST_FOREACH (link, &peers->peers) {
        fh_peer_fail_waiting(FH_LIST_ENTRY(link, struct fh_peer, link), &err);
    }
}

bool fh_peers_drained(const struct fh_peers *peers)
{
    bool drained = peers->calls == 0;
    FH_LIST_FOREACH (link, &peers->peers) {
        drained = drained && FH_LIST_ENTRY(link, struct fh_peer, link)->busy == 0;
    }
    return drained;
}

void fh_peers_free(struct fh_peers *peers)
{
    if (peers == NULL) {
        return;
    }
    FH_ASSERT(peers->calls == 0);
    FH_LIST_FOREACH (link, &peers->peers) {
        free_peer(FH_LIST_ENTRY(link, struct fh_peer, link));
    }
    fh_free(peers);
}

/* ---- looking ---- */

static const char *state_text(enum fh_peer_state state)
{
    switch (state) {
    case FH_PEER_IDLE:
        return "idle";
    case FH_PEER_GREETING:
        return "greeting";
    case FH_PEER_OPEN:
        break;
    }
    return "open";
}

void fh_peers_view(const struct fh_peers *peers,
                   const char *address,
                   const struct fh_node_id *node,
                   fh_peer_view_fn *visit,
                   void *user)
{
    int64_t now = fh_clock_mono_ms();
    FH_LIST_FOREACH (link, &peers->peers) {
        const struct fh_peer *peer = FH_LIST_ENTRY(link, struct fh_peer, link);
        bool is_other = peer->state == FH_PEER_OPEN &&
                        memcmp(peer->speaker.key.b, node->b, sizeof node->b) != 0;
        if (is_other || strcmp(fh_dialer_address(peer->dialer), address) != 0) {
            continue;
        }
        struct fh_peer_view view = {
            .state = state_text(peer->state),
            .used_ms_ago = now > peer->used_ms ? (uint64_t)(now - peer->used_ms) : 0,
            .running = peer->busy,
        };
        FH_LIST_FOREACH (call, &peer->waiting) {
            view.waiting++;
        }
        visit(user, &view);
    }
}

struct fh_link *fh_peers_link(const struct fh_peers *peers)
{
    return peers->link;
}

/* ---- a sealed answer ---- */

int fh_sealed_open(struct fh_sealed *sealed,
                   struct fh_pack_reader *fields,
                   uint8_t out_tag[FH_AEAD_TAG_BYTES],
                   struct fh_err *err)
{
    struct fh_frame frame;
    struct fh_bytes bytes = fh_message_bytes(sealed->message);
    int rc = fh_frame_parse(&frame, bytes, err);
    if (rc != FH_OK) {
        return rc;
    }
    if (frame.type == FH_FRAME_REJECT) {
        return fh_err_rule(err,
                           FH_EPROTO,
                           "session.rejected",
                           "the peer refused the frame: %s",
                           fh_code_text(frame.code));
    }
    if (out_tag != NULL) {
        memcpy(out_tag, fh_frame_tag(&frame).data, FH_AEAD_TAG_BYTES);
    }
    uint8_t *place = fh_message_data(sealed->message) + (frame.body.data - bytes.data);
    rc = fh_session_open_reply(
        sealed->session, &frame, &sealed->binding, fh_clock_mono_ms(), place, err);
    if (rc != FH_OK) {
        return rc;
    }
    return fh_msg_answer(
        fields, fh_bytes(place, fh_session_plaintext_bytes(&frame)), FH_FRAME_REPLY_BYTES_MAX, err);
}

void fh_sealed_free(struct fh_sealed *sealed)
{
    if (sealed != NULL) {
        fh_message_free(sealed->message);
        fh_session_unref(sealed->session);
        fh_free(sealed);
    }
}
