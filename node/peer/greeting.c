/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake with a peer that this node wants to ask.
 */
#include "node/peer/peers_inside.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/time.h"
#include "node/io/link.h"

static void greeting_failed(struct fh_peer *peer, const struct fh_err *err)
{
    fh_peer_drop_session(peer);
    struct fh_err told = *err;
    fh_err_wrap(&told, "%s", fh_dialer_address(peer->dialer));
    fh_peer_fail_waiting(peer, &told);
}

static void take_welcome(struct fh_message *reply, const struct fh_err *failure, void *user)
{
    struct fh_peer *peer = user;
    peer->busy--;
    struct fh_err err;
    struct fh_frame frame;
    FH_CLEANUP(fh_buf_fini) struct fh_buf welcome;
    fh_buf_init(&welcome, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    int rc =
        failure != NULL ? failure->code : fh_frame_parse(&frame, fh_message_bytes(reply), &err);
    if (failure == NULL && rc == FH_OK) {
        rc = fh_session_confirm(peer->session, &frame, fh_clock_mono_ms(), &welcome, &err);
    }
    if (rc != FH_OK) {
        greeting_failed(peer, failure != NULL ? failure : &err);
    } else {
        fh_peer_greeted(peer);
    }
    fh_message_free(reply);
}

int fh_peer_check_speaker(const struct fh_speaker *speaker,
                          const struct fh_domain_id *guest,
                          struct fh_err *err)
{
    if (speaker->role != FH_ROLE_NODE) {
        return fh_err_rule(err, FH_ESIG, "peer.role", "who answers there is no node");
    }
    if (!speaker->admitted && !fh_domain_id_equal(&speaker->domain, guest)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "domain.not_admitted",
                           "who answers there is not admitted to the mesh");
    }
    return FH_OK;
}

static int judge(struct fh_peer *peer, struct fh_err *err)
{
    struct fh_peers *peers = peer->owner;
    int rc = fh_admit(
        &peer->speaker, peers->dir, fh_session_peer(peer->session), fh_clock_wall_ms(), err);
    return rc == FH_OK ? fh_peer_check_speaker(&peer->speaker, &peer->guest, err) : rc;
}

static int
send_frame(struct fh_peer *peer, const struct fh_buf *frame, fh_reply_fn *fn, struct fh_err *err)
{
    if (fh_buf_ok(frame) != FH_OK) {
        return fh_err_set(err, fh_buf_ok(frame), "the handshake does not fit its frame");
    }
    struct fh_message *message = fh_message_copy(fh_buf_view(frame));
    if (message == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a frame");
    }
    int rc = fh_dialer_request(peer->dialer, message, FH_HANDSHAKE_MS, fn, peer, NULL, err);
    if (rc == FH_OK) {
        peer->busy++;
    }
    return rc;
}

static void take_second(struct fh_message *reply, const struct fh_err *failure, void *user)
{
    struct fh_peer *peer = user;
    peer->busy--;
    if (failure != NULL) {
        greeting_failed(peer, failure);
        return;
    }
    struct fh_err err;
    struct fh_frame frame;
    int64_t now = fh_clock_mono_ms();
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    int rc = fh_frame_parse(&frame, fh_message_bytes(reply), &err);
    if (rc == FH_OK) {
        rc = fh_session_identify(peer->session, &frame, now, &err);
    }
    if (rc == FH_OK) {
        rc = judge(peer, &err);
    }
    if (rc == FH_OK) {
        rc = fh_session_accept(peer->session,
                               fh_identity_self(peer->owner->identity, fh_clock_wall_ms()),
                               FH_BYTES_NONE,
                               now,
                               &out,
                               &err);
    }
    if (rc == FH_OK) {
        rc = send_frame(peer, &out, take_welcome, &err);
    }
    fh_message_free(reply);
    if (rc != FH_OK) {
        greeting_failed(peer, &err);
    }
}

void fh_peer_greet(struct fh_peer *peer)
{
    FH_ASSERT(peer->state == FH_PEER_IDLE);
    FH_CLEANUP(fh_agree_secret_wipe) struct fh_agree_secret ephemeral;
    fh_entropy(&ephemeral, sizeof ephemeral);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    struct fh_err err;
    peer->state = FH_PEER_GREETING;
    int rc = fh_session_start(&peer->session,
                              fh_identity_self(peer->owner->identity, fh_clock_wall_ms()),
                              &ephemeral,
                              fh_clock_mono_ms(),
                              &out,
                              &err);
    if (rc == FH_OK) {
        rc = send_frame(peer, &out, take_second, &err);
    }
    if (rc != FH_OK) {
        greeting_failed(peer, &err);
    }
}
