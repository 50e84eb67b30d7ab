/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/channel.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/session/messages.h"
#include "tools/client/landing.h"

#include <string.h>

struct fh_channel {
    const struct fh_actor *actor;
    struct fh_link *link;
    struct fh_channel *relay; /* NULL: straight */
    struct fh_node_id node;
    struct fh_domain_id domain;
    struct fh_session *session;
    bool broken;
    unsigned renewals;   /* of the session */
    bool forgotten;      /* the peer does not know the session any more: fh_channel_renew */
    bool late;           /* the last wait ended by its time */
    struct fh_buf frame; /* being sent */
    struct fh_buf relayed;
    struct fh_session *sealed_by[FH_LINK_SLOTS]; /* references: what each slot asked in */
    struct fh_session_binding bindings[FH_LINK_SLOTS];
};

/* ---- frames, straight or through the relay ---- */

static int post_frame(struct fh_channel *channel, int slot, int64_t timeout_ms, struct fh_err *err)
{
    int code = fh_buf_ok(&channel->frame);
    if (code != FH_OK) {
        return fh_err_set(err, code, "a request does not fit a frame");
    }
    struct fh_bytes frame = fh_buf_view(&channel->frame);
    if (channel->relay == NULL) {
        code = fh_link_post(channel->link, slot, frame, timeout_ms, err);
    } else {
        fh_buf_reset(&channel->relayed);
        fh_msg_relay_request(&channel->relayed, &channel->node, frame);
        code = fh_buf_ok(&channel->relayed);
        if (code != FH_OK) {
            return fh_err_set(err, code, "a request does not fit a frame");
        }
        code =
            fh_channel_post(channel->relay, slot, fh_buf_view(&channel->relayed), timeout_ms, err);
    }
    channel->broken = channel->broken || code != FH_OK;
    return code;
}

/* The frame inside a RELAY answer; `*data` and `*size` become its place. */
static int unwrap_relayed(struct fh_bytes answer, uint8_t **data, size_t *size, struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = fh_msg_answer(&reader, answer, FH_FRAME_REPLY_BYTES_MAX, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_bytes frame = fh_pack_read_bin(&reader, FH_FRAME_REPLY_BYTES_MAX);
    if (fh_pack_read_ok(&reader, "relay answer", err) != FH_OK) {
        return fh_err_rule(err, FH_EPROTO, "message.form", "the relay's answer holds no frame");
    }
    *data += frame.data - answer.data;
    *size = frame.size;
    return FH_OK;
}

static int open_reply(struct fh_channel *channel,
                      int slot,
                      uint8_t *data,
                      size_t size,
                      struct fh_landing *landing,
                      uint8_t **out_data,
                      size_t *out_size,
                      uint8_t *out_tag,
                      struct fh_err *err);

/* The next frame of the slot, in memory that may be written to. */
static int wait_frame(
    struct fh_channel *channel, int slot, uint8_t **out_data, size_t *out_size, struct fh_err *err)
{
    int code;
    if (channel->relay == NULL) {
        code = fh_link_wait(channel->link, slot, out_data, out_size, err);
    } else {
        uint8_t *data = NULL;
        size_t size = 0;
        code = wait_frame(channel->relay, slot, &data, &size, err);
        if (code == FH_OK) {
            code = open_reply(channel->relay, slot, data, size, NULL, &data, &size, NULL, err);
        }
        /* What failed there the relay's channel remembers: the session inside may be well. */
        if (code != FH_OK) {
            channel->late = channel->late || code == FH_ETIMEOUT;
            return code;
        }
        *out_data = data;
        code = unwrap_relayed(fh_bytes(data, size), out_data, out_size, err);
    }
    channel->late = channel->late || code == FH_ETIMEOUT;
    /* Being interrupted says nothing of the peer. */
    channel->broken =
        channel->broken || (code != FH_OK && code != FH_ETIMEOUT && code != FH_ECANCELLED);
    return code;
}

static int open_reply(struct fh_channel *channel,
                      int slot,
                      uint8_t *data,
                      size_t size,
                      struct fh_landing *landing,
                      uint8_t **out_data,
                      size_t *out_size,
                      uint8_t *out_tag,
                      struct fh_err *err)
{
    struct fh_frame frame;
    struct fh_session *session = channel->sealed_by[slot];
    int code = fh_frame_parse(&frame, fh_bytes(data, size), err);
    if (code != FH_OK) {
        channel->broken = channel->broken || session == channel->session;
        return code;
    }
    if (frame.type == FH_FRAME_REJECT) {
        bool forgotten = fh_frame_forgets(&frame);
        if (session == channel->session) { /* there may be a new one since */
            channel->broken = true;
            channel->forgotten = forgotten;
        }
        return fh_err_rule(err,
                           FH_EUNREACH,
                           forgotten ? FH_CHANNEL_FORGOTTEN : "session.rejected",
                           "the peer does not know this session any more (hint: %s)",
                           fh_code_text(frame.code));
    }
    if (frame.type != FH_FRAME_REPLY) {
        channel->broken = channel->broken || session == channel->session;
        return fh_err_rule(err,
                           FH_EPROTO,
                           "frame.type",
                           "expected a reply, got a frame of type \"%s\"",
                           fh_frame_type_text(frame.type));
    }
    uint8_t tag[FH_AEAD_TAG_BYTES];
    memcpy(tag, fh_frame_tag(&frame).data, sizeof tag);
    size_t plain = fh_session_plaintext_bytes(&frame);
    uint8_t *body =
        landing == NULL ? data + (frame.body.data - data) : fh_landing_room(landing, plain);
    if (body == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    code = fh_session_open_reply(
        session, &frame, &channel->bindings[slot], fh_clock_mono_ms(), body, err);
    if (code != FH_OK) {
        channel->broken = channel->broken || session == channel->session;
        return code;
    }
    if (out_tag != NULL) {
        memcpy(out_tag, tag, sizeof tag);
    }
    *out_data = body;
    *out_size = plain;
    return FH_OK;
}

/* ---- handshake ---- */

static int exchange(struct fh_channel *channel, int slot, struct fh_frame *out, struct fh_err *err)
{
    uint8_t *data = NULL;
    size_t size = 0;
    int code = post_frame(channel, slot, FH_HANDSHAKE_MS, err);
    if (code == FH_OK) {
        code = wait_frame(channel, slot, &data, &size, err);
    }
    return code == FH_OK ? fh_frame_parse(out, fh_bytes(data, size), err) : code;
}

static int check_node(const struct fh_node_id *expected,
                      const struct fh_session_peer *peer,
                      struct fh_err *err)
{
    struct fh_node_id node;
    memcpy(node.b, peer->key_id.b, sizeof node.b);
    if (expected == NULL || fh_node_id_equal(&node, expected)) {
        return FH_OK;
    }
    char asked[FH_ID_SHORT_BYTES], got[FH_ID_SHORT_BYTES];
    fh_node_id_short(asked, expected);
    fh_node_id_short(got, &node);
    return fh_err_rule(
        err, FH_ESIG, "session.peer.other", "asked for node %s, but node %s answers", asked, got);
}

static int shake(struct fh_channel *channel,
                 const struct fh_session_self *self,
                 int slot,
                 const struct fh_node_id *expected,
                 fh_channel_judge_fn *judge,
                 void *user,
                 struct fh_err *err)
{
    struct fh_agree_secret ephemeral FH_CLEANUP(fh_agree_secret_wipe);
    fh_entropy(ephemeral.b, sizeof ephemeral.b);
    const struct fh_session_peer *peer = NULL;
    struct fh_frame frame;
    fh_buf_reset(&channel->frame);
    int code = fh_session_start(
        &channel->session, self, &ephemeral, fh_clock_mono_ms(), &channel->frame, err);
    if (code == FH_OK) {
        code = exchange(channel, slot, &frame, err);
    }
    if (code == FH_OK) {
        code = fh_session_identify(channel->session, &frame, fh_clock_mono_ms(), err);
    }
    if (code == FH_OK) {
        peer = fh_session_peer(channel->session);
        code = check_node(expected, peer, err);
    }
    if (code == FH_OK) {
        code = judge(user, peer, err);
    }
    if (code == FH_OK) {
        memcpy(channel->node.b, peer->key_id.b, sizeof channel->node.b);
        channel->domain = peer->domain;
    }
    fh_buf_reset(&channel->frame);
    if (code == FH_OK) {
        code = fh_session_accept(
            channel->session, self, FH_BYTES_NONE, fh_clock_mono_ms(), &channel->frame, err);
    }
    if (code == FH_OK) {
        code = exchange(channel, slot, &frame, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_buf welcome FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&welcome, FH_FRAME_REPLY_BYTES_MAX);
    return fh_session_confirm(channel->session, &frame, fh_clock_mono_ms(), &welcome, err);
}

/* A handshake as the actor in a slot of its own. */
static int greet(struct fh_channel *channel,
                 const struct fh_node_id *expected,
                 fh_channel_judge_fn *judge,
                 void *user,
                 struct fh_err *err)
{
    const struct fh_actor *actor = channel->actor;
    int slot = fh_link_take_slot(channel->link);
    if (slot < 0) {
        return fh_err_set(err, FH_EBUSY, "too many results of this client are open");
    }
    /* A key of this session alone: the member key vouches for it inside the handshake. */
    struct fh_agree_secret static_secret FH_CLEANUP(fh_agree_secret_wipe);
    fh_entropy(static_secret.b, sizeof static_secret.b);
    struct fh_session_self self = {
        .mesh = &actor->mesh,
        .static_secret = &static_secret,
        .domain = actor->domain,
        .sign_secret = &actor->secret,
        .records = actor->credential,
        .record_count = actor->credential_count,
    };
    int code = shake(channel, &self, slot, expected, judge, user, err);
    fh_link_release_slot(channel->link, slot);
    return code;
}

static void end_session(struct fh_session *session)
{
    if (session != NULL) {
        fh_session_close(session);
        fh_session_unref(session);
    }
}

/* ---- a session that the peer has forgotten ---- */

bool fh_channel_may_ask_again(const struct fh_err *err)
{
    return strcmp(err->rule, FH_CHANNEL_FORGOTTEN) == 0;
}

unsigned fh_channel_renewals(const struct fh_channel *channel)
{
    return channel->renewals;
}

/* The node is the one that was judged when the channel was opened, which is checked before this.
 * Whether it is a node of that domain still: what is known of it says so. */
static int judge_again(void *user, const struct fh_session_peer *peer, struct fh_err *err)
{
    const struct fh_channel *channel = user;
    const struct fh_directory *directory = channel->actor->directory;
    struct fh_ref ref = fh_key_id_ref(&peer->key_id);
    unsigned roles = FH_ROLE_MASK(FH_ROLE_NODE);
    int64_t now_ms = fh_clock_wall_ms();
    if (!fh_domain_id_equal(&channel->domain, &peer->domain)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "session.peer.other",
                           "the node that answers is of another domain than before");
    }
    return channel->relay != NULL
               ? fh_directory_signer(directory, &ref, &peer->domain, now_ms, roles, NULL, err)
               : fh_directory_signer_of_stranger(
                     directory, &ref, &peer->domain, now_ms, roles, NULL, err);
}

int fh_channel_renew(struct fh_channel *channel, struct fh_err *err)
{
    fh_link_hold_nothing(channel->link); /* what is held back is of the session that is there */
    int code = channel->relay != NULL ? fh_channel_renew(channel->relay, err) : FH_OK;
    if (code != FH_OK || !channel->forgotten) {
        return code;
    }
    struct fh_session *before = FH_TAKE(channel->session);
    code = greet(channel, &channel->node, judge_again, channel, err);
    if (code == FH_OK) {
        fh_session_unref(before); /* not closed: what was answered in it may be on its way */
        channel->renewals++;
        channel->broken = false;
        channel->forgotten = false;
    } else { /* as it was: of no use any more */
        end_session(channel->session);
        channel->session = before;
        channel->broken = true;
    }
    return code;
}

int fh_channel_open(struct fh_channel **out,
                    const struct fh_actor *actor,
                    struct fh_link *link,
                    struct fh_channel *relay,
                    const struct fh_node_id *node,
                    fh_channel_judge_fn *judge,
                    void *user,
                    struct fh_err *err)
{
    FH_ASSERT(relay == NULL || node != NULL);
    struct fh_channel *channel = fh_calloc(1, sizeof *channel);
    if (channel == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a session");
    }
    channel->actor = actor;
    channel->link = link;
    channel->relay = relay;
    if (node != NULL) {
        channel->node = *node;
    }
    fh_buf_init(&channel->frame, FH_FRAME_REQUEST_BYTES_MAX);
    fh_buf_init(&channel->relayed, FH_FRAME_REQUEST_BYTES_MAX);
    int code = greet(channel, node, judge, user, err);
    if (code != FH_OK && relay != NULL && fh_channel_may_ask_again(err)) {
        end_session(FH_TAKE(channel->session));
        code = fh_channel_renew(relay, err);
        code = code == FH_OK ? greet(channel, node, judge, user, err) : code;
    }
    if (code != FH_OK) {
        fh_channel_close(channel);
        return code;
    }
    *out = channel;
    return FH_OK;
}

void fh_channel_close(struct fh_channel *channel)
{
    if (channel == NULL) {
        return;
    }
    end_session(channel->session);
    for (size_t i = 0; i < FH_LINK_SLOTS; i++) {
        fh_session_unref(channel->sealed_by[i]);
    }
    fh_buf_fini(&channel->frame);
    fh_buf_fini(&channel->relayed);
    fh_free(channel);
}

struct fh_link *fh_channel_link(const struct fh_channel *channel)
{
    return channel->link;
}

const struct fh_node_id *fh_channel_node(const struct fh_channel *channel)
{
    return &channel->node;
}

const struct fh_domain_id *fh_channel_domain(const struct fh_channel *channel)
{
    return &channel->domain;
}

bool fh_channel_is_relayed(const struct fh_channel *channel)
{
    return channel->relay != NULL;
}

unsigned fh_channel_version(const struct fh_channel *channel)
{
    return fh_session_peer(channel->session)->version;
}

bool fh_channel_is_worn(const struct fh_channel *channel)
{
    return channel->broken || channel->late ||
           fh_session_wants_rekey(channel->session, fh_clock_mono_ms()) ||
           (channel->relay != NULL && fh_channel_is_worn(channel->relay));
}

void fh_channel_go_on(struct fh_channel *channel)
{
    /* Where nothing has come for as long as any answer may take there is nobody any more, whatever
     * little time each question had. */
    bool silent = fh_link_silence_ms(channel->link) >= FH_REQUEST_MS;
    for (; channel != NULL && !silent; channel = channel->relay) {
        channel->late = false;
    }
}

/* ---- requests ---- */

int fh_channel_post(struct fh_channel *channel,
                    int slot,
                    struct fh_bytes request,
                    int64_t timeout_ms,
                    struct fh_err *err)
{
    fh_buf_reset(&channel->frame);
    uint8_t *frame = fh_buf_reserve(&channel->frame, fh_session_frame_bytes(request.size));
    if (frame == NULL) {
        return fh_err_set(err, fh_buf_ok(&channel->frame), "a request does not fit a frame");
    }
    int code = fh_session_seal_request(
        channel->session, request, fh_clock_mono_ms(), frame, &channel->bindings[slot], err);
    fh_session_unref(channel->sealed_by[slot]);
    channel->sealed_by[slot] = fh_session_ref(channel->session);
    return code == FH_OK ? post_frame(channel, slot, timeout_ms, err) : code;
}

int fh_channel_wait(struct fh_channel *channel,
                    int slot,
                    struct fh_landing *landing,
                    struct fh_bytes *out_answer,
                    uint8_t out_tag[FH_AEAD_TAG_BYTES],
                    struct fh_err *err)
{
    uint8_t *data = NULL;
    size_t size = 0;
    int code = wait_frame(channel, slot, &data, &size, err);
    if (code == FH_OK) {
        code = open_reply(channel, slot, data, size, landing, &data, &size, out_tag, err);
    }
    if (code == FH_OK) {
        *out_answer = fh_bytes(data, size);
    }
    return code;
}

int fh_channel_call(struct fh_channel *channel,
                    struct fh_bytes request,
                    struct fh_buf *answer,
                    struct fh_pack_reader *reader,
                    struct fh_err *err)
{
    return fh_channel_call_within(channel, request, FH_REQUEST_MS, answer, reader, err);
}

static int call_once(struct fh_channel *channel,
                     struct fh_bytes request,
                     int64_t timeout_ms,
                     struct fh_buf *answer,
                     struct fh_err *err)
{
    int slot = fh_link_take_slot(channel->link);
    if (slot < 0) {
        return fh_err_set(err, FH_EBUSY, "too many results of this client are open");
    }
    struct fh_bytes plain = FH_BYTES_NONE;
    /* A short time is for the answer: half a message would end the connection for all. */
    int64_t send_ms = timeout_ms < FH_REQUEST_MS ? FH_REQUEST_MS : timeout_ms;
    int code = fh_channel_post(channel, slot, request, send_ms, err);
    if (code == FH_OK) {
        fh_link_hurry(channel->link, slot, timeout_ms);
        code = fh_channel_wait(channel, slot, NULL, &plain, NULL, err);
    }
    if (code == FH_OK) {
        fh_buf_reset(answer);
        fh_buf_add_bytes(answer, plain);
        code = fh_buf_ok(answer);
        if (code != FH_OK) {
            fh_err_set(err, code, "an answer does not fit");
        }
    }
    fh_link_release_slot(channel->link, slot);
    return code;
}

int fh_channel_call_within(struct fh_channel *channel,
                           struct fh_bytes request,
                           int64_t timeout_ms,
                           struct fh_buf *answer,
                           struct fh_pack_reader *reader,
                           struct fh_err *err)
{
    int code = call_once(channel, request, timeout_ms, answer, err);
    for (int i = 0; code != FH_OK && i < FH_CHANNEL_RENEWALS && fh_channel_may_ask_again(err);
         i++) {
        code = fh_channel_renew(channel, err);
        code = code == FH_OK ? call_once(channel, request, timeout_ms, answer, err) : code;
    }
    return code == FH_OK ? fh_msg_answer(reader, fh_buf_view(answer), FH_FRAME_REPLY_BYTES_MAX, err)
                         : code;
}
