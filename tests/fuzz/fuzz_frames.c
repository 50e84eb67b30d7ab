/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames from a stranger, at every moment of a session.
 *
 * The first byte says when the rest arrives. Nothing of it may crash, and nothing forged may be
 * believed: only the hello (sealed by a peer that holds its keys) may succeed.
 */
#include "common/assert.h"
#include "proto/session/hello.h"
#include "tests/unit/session/pair.h"

#include <stdlib.h>

enum moment {
    MOMENT_HS1,     /* as the first message */
    MOMENT_HS2,     /* to an initiator */
    MOMENT_HS3,     /* to a responder */
    MOMENT_WELCOME, /* to an initiator that waits for its welcome */
    MOMENT_REQUEST, /* to an open responder */
    MOMENT_REPLY,   /* to an open initiator */
    MOMENT_HELLO,   /* as the payload inside message 3 */
    MOMENT_OFFER,   /* as the payload inside message 1 */
    MOMENT_COUNT
};

static void answer(struct pair *pair, const struct fh_frame *frame)
{
    FH_CLEANUP(fh_session_unrefp) struct fh_session *session = NULL;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    int code = fh_session_answer(&session,
                                 &pair->responder.self,
                                 frame,
                                 &pair->responder.ephemeral,
                                 PAIR_NUMBER,
                                 PAIR_NOW_MS,
                                 &out,
                                 NULL);
    FH_ASSERT((code == FH_OK) == (session != NULL));
    FH_ASSERT((code == FH_OK) == (out.size > 0));
}

static void transport(struct pair *pair, enum moment moment, const struct fh_frame *frame)
{
    struct fh_session_binding binding = {{{0}}};
    uint8_t *out = malloc(frame->body.size + 1);
    FH_ASSERT(out != NULL);
    int code = moment == MOMENT_REQUEST
                   ? fh_session_open_request(pair->in, frame, PAIR_NOW_MS, out, &binding, NULL)
                   : fh_session_open_reply(pair->out, frame, &binding, PAIR_NOW_MS, out, NULL);
    FH_ASSERT(code != FH_OK);
    free(out);
}

static void arrive(enum moment moment, struct fh_bytes bytes)
{
    static const enum pair_stage stages[] = {
        [MOMENT_HS1] = PAIR_HS1,
        [MOMENT_HS2] = PAIR_HS2,
        [MOMENT_HS3] = PAIR_HS3,
        [MOMENT_WELCOME] = PAIR_WELCOME,
        [MOMENT_REQUEST] = PAIR_OPEN,
        [MOMENT_REPLY] = PAIR_OPEN,
    };
    struct fh_frame frame;
    struct fh_err err;
    if (fh_frame_parse(&frame, bytes, &err) != FH_OK) {
        return;
    }
    struct pair pair;
    pair_init(&pair, stages[moment]);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    bool genuine = (moment == MOMENT_HS2 && fh_bytes_equal(bytes, fh_buf_view(&pair.hs2))) ||
                   (moment == MOMENT_HS3 && fh_bytes_equal(bytes, fh_buf_view(&pair.hs3))) ||
                   (moment == MOMENT_WELCOME && fh_bytes_equal(bytes, fh_buf_view(&pair.welcome)));
    switch (moment) {
    case MOMENT_HS1:
        answer(&pair, &frame);
        break;
    case MOMENT_HS2: {
        /* The session number of HS2 is authenticated by the frames that follow. */
        int code = fh_session_identify(pair.out, &frame, PAIR_NOW_MS, &err);
        FH_ASSERT(code != FH_OK || genuine || frame.session != PAIR_NUMBER);
        break;
    }
    case MOMENT_HS3:
        FH_ASSERT((fh_session_identify(pair.in, &frame, PAIR_NOW_MS, &err) == FH_OK) == genuine);
        break;
    case MOMENT_WELCOME:
        FH_ASSERT((fh_session_confirm(pair.out, &frame, PAIR_NOW_MS, &out, &err) == FH_OK) ==
                  genuine);
        break;
    case MOMENT_REQUEST:
    case MOMENT_REPLY:
        transport(&pair, moment, &frame);
        break;
    case MOMENT_HELLO:
    case MOMENT_OFFER:
    case MOMENT_COUNT:
        break;
    }
    pair_fini(&pair);
}

static void read_payload(enum moment moment, struct fh_bytes payload)
{
    static const uint8_t hash[FH_NOISE_HASH_BYTES];
    static const struct fh_agree_public key;
    struct fh_hello hello;
    struct fh_err err;
    unsigned version;
    enum fh_cipher cipher;
    int code = moment == MOMENT_HELLO ? fh_hello_read(&hello, payload, &key, hash, &err)
                                      : fh_hello_read_offer(&hello, payload, &err);
    if (code == FH_OK) {
        FH_ASSERT(hello.offer.cipher_count <= FH_CIPHERS_MAX);
        FH_ASSERT(hello.offer.version_min <= hello.offer.version_max);
        FH_ASSERT(hello.record_count <= FH_SESSION_RECORDS_MAX);
        (void)!fh_hello_version(&fh_session_offer_default, &hello.offer, &version, &err);
        (void)!fh_hello_cipher(&fh_session_offer_default, &hello.offer, &cipher, &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || fh_crypto_init() != FH_OK) {
        return 0;
    }
    enum moment moment = (enum moment)(data[0] % MOMENT_COUNT);
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    if (moment == MOMENT_HELLO || moment == MOMENT_OFFER) {
        read_payload(moment, rest);
    } else {
        arrive(moment, rest);
    }
    return 0;
}
