/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/session/pair.h"

#include "common/assert.h"

struct fh_session_offer pair_offer = {
    .version_min = FH_PROTOCOL_VERSION_MIN,
    .version_max = FH_PROTOCOL_VERSION_MAX,
    .cipher_count = 1,
    .ciphers = {FH_CIPHER_CHACHAPOLY},
};

void party_init(struct party *party, unsigned seed)
{
    static const uint8_t record[] = {0x91, 0x01};
    *party = (struct party){.mesh = {{0xf0}}};
    uint8_t sign_seed[FH_SEED_BYTES] = {1, (uint8_t)seed};
    memset(party->static_secret.b, (int)(0x20 + seed), sizeof party->static_secret.b);
    memset(party->ephemeral.b, (int)(0x50 + seed), sizeof party->ephemeral.b);
    fh_agree_public_of(&party->static_secret, &party->static_public);
    fh_sign_keys(sign_seed, &party->key, &party->sign_secret);
    for (unsigned i = 0; i < PAIR_RECORDS; i++) {
        party->records[i] = fh_bytes(record, sizeof record);
    }
    party->offer = pair_offer;
    party->self = (struct fh_session_self){
        .mesh = &party->mesh,
        .static_secret = &party->static_secret,
        .domain = {{0xd0, (uint8_t)seed}},
        .sign_secret = &party->sign_secret,
        .records = party->records,
        .record_count = PAIR_RECORDS,
        .offer = &party->offer,
    };
}

struct fh_frame pair_frame(struct fh_bytes bytes)
{
    struct fh_frame frame;
    FH_ASSERT(fh_frame_parse(&frame, bytes, NULL) == FH_OK);
    return frame;
}

void pair_init(struct pair *pair, enum pair_stage stage)
{
    *pair = (struct pair){.out = NULL};
    party_init(&pair->initiator, 1);
    party_init(&pair->responder, 2);
    pair_run(pair, stage);
}

void pair_run(struct pair *pair, enum pair_stage stage)
{
    fh_buf_init(&pair->hs1, FH_FRAME_REPLY_BYTES_MAX);
    fh_buf_init(&pair->hs2, FH_FRAME_REPLY_BYTES_MAX);
    fh_buf_init(&pair->hs3, FH_FRAME_REPLY_BYTES_MAX);
    fh_buf_init(&pair->welcome, FH_FRAME_REPLY_BYTES_MAX);
    FH_ASSERT(fh_session_start(&pair->out,
                               &pair->initiator.self,
                               &pair->initiator.ephemeral,
                               PAIR_NOW_MS,
                               &pair->hs1,
                               NULL) == FH_OK);
    if (stage == PAIR_HS1) {
        return;
    }
    struct fh_frame frame = pair_frame(fh_buf_view(&pair->hs1));
    FH_ASSERT(fh_session_answer(&pair->in,
                                &pair->responder.self,
                                &frame,
                                &pair->responder.ephemeral,
                                PAIR_NUMBER,
                                PAIR_NOW_MS,
                                &pair->hs2,
                                NULL) == FH_OK);
    if (stage == PAIR_HS2) {
        return;
    }
    frame = pair_frame(fh_buf_view(&pair->hs2));
    FH_ASSERT(fh_session_identify(pair->out, &frame, PAIR_NOW_MS, NULL) == FH_OK);
    FH_ASSERT(fh_session_accept(
                  pair->out, &pair->initiator.self, FH_BYTES_NONE, PAIR_NOW_MS, &pair->hs3, NULL) ==
              FH_OK);
    if (stage == PAIR_HS3) {
        return;
    }
    frame = pair_frame(fh_buf_view(&pair->hs3));
    FH_ASSERT(fh_session_identify(pair->in, &frame, PAIR_NOW_MS, NULL) == FH_OK);
    FH_ASSERT(
        fh_session_accept(
            pair->in, &pair->responder.self, FH_BYTES_NONE, PAIR_NOW_MS, &pair->welcome, NULL) ==
        FH_OK);
    if (stage == PAIR_WELCOME) {
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf plain;
    fh_buf_init(&plain, FH_FRAME_REPLY_BYTES_MAX);
    frame = pair_frame(fh_buf_view(&pair->welcome));
    FH_ASSERT(fh_session_confirm(pair->out, &frame, PAIR_NOW_MS, &plain, NULL) == FH_OK);
}

void pair_fini(struct pair *pair)
{
    fh_session_unref(pair->out);
    fh_session_unref(pair->in);
    fh_buf_fini(&pair->hs1);
    fh_buf_fini(&pair->hs2);
    fh_buf_fini(&pair->hs3);
    fh_buf_fini(&pair->welcome);
}
