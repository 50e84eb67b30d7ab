/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes: who is believed to be whom, and what every kind of meddling leads to. */
#include "common/mem.h"
#include "proto/session/hello.h"
#include "proto/session/messages.h"
#include "tests/unit/session/pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_story(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p, PAIR_HS2);
    assert_int_equal(fh_session_state(p.out), FH_SESSION_STARTED);
    assert_int_equal(fh_session_state(p.in), FH_SESSION_ANSWERED);
    assert_true(fh_session_is_initiator(p.out));
    assert_false(fh_session_is_initiator(p.in));
    assert_int_equal(fh_session_number(p.out), 0);
    assert_int_equal(fh_session_deadline(p.out), PAIR_NOW_MS + FH_HANDSHAKE_MS);

    struct fh_frame frame = pair_frame(fh_buf_view(&p.hs2));
    assert_int_equal(frame.session, PAIR_NUMBER);
    assert_int_equal(fh_session_identify(p.out, &frame, PAIR_NOW_MS, NULL), FH_OK);
    assert_int_equal(fh_session_state(p.out), FH_SESSION_CLAIMED);
    assert_int_equal(fh_session_number(p.out), PAIR_NUMBER);
    const struct fh_session_peer *peer = fh_session_peer(p.out);
    assert_true(fh_domain_id_equal(&peer->domain, &p.responder.self.domain));
    assert_memory_equal(&peer->key, &p.responder.key, sizeof peer->key);
    struct fh_key_id key_id = fh_key_id_of(&p.responder.key);
    assert_true(fh_key_id_equal(&peer->key_id, &key_id));
    assert_memory_equal(&peer->static_key, &p.responder.static_public, sizeof peer->static_key);
    assert_int_equal(peer->version, FH_PROTOCOL_VERSION_MAX);
    assert_int_equal(peer->cipher, FH_CIPHER_CHACHAPOLY);
    assert_int_equal(peer->record_count, PAIR_RECORDS);
    assert_true(fh_bytes_equal(peer->records[1], p.responder.records[1]));

    assert_int_equal(
        fh_session_accept(p.out, &p.initiator.self, FH_BYTES_NONE, PAIR_NOW_MS, &p.hs3, NULL),
        FH_OK);
    assert_int_equal(fh_session_state(p.out), FH_SESSION_CONFIRMING);
    frame = pair_frame(fh_buf_view(&p.hs3));
    assert_int_equal(fh_session_identify(p.in, &frame, PAIR_NOW_MS, NULL), FH_OK);
    assert_memory_equal(&fh_session_peer(p.in)->key, &p.initiator.key, sizeof peer->key);

    FH_CLEANUP(fh_buf_fini) struct fh_buf hello;
    FH_CLEANUP(fh_buf_fini) struct fh_buf got;
    fh_buf_init(&hello, 100);
    fh_buf_init(&got, 100);
    fh_msg_ok(&hello, 1);
    fh_pack_cstr(&hello, "hello");
    assert_int_equal(
        fh_session_accept(p.in, &p.responder.self, fh_buf_view(&hello), 2000, &p.welcome, NULL),
        FH_OK);
    assert_int_equal(fh_session_state(p.in), FH_SESSION_OPEN);
    frame = pair_frame(fh_buf_view(&p.welcome));
    assert_int_equal(frame.type, FH_FRAME_REPLY);
    assert_int_equal(frame.counter, 0);
    assert_int_equal(fh_session_confirm(p.out, &frame, 3000, &got, NULL), FH_OK);
    assert_true(fh_bytes_equal(fh_buf_view(&got), fh_buf_view(&hello)));
    assert_int_equal(fh_session_state(p.out), FH_SESSION_OPEN);
    assert_int_equal(fh_session_deadline(p.out), 3000 + FH_SESSION_LIFE_MS);
    assert_int_equal(fh_session_peer(p.out)->record_count, 0);
    assert_memory_equal(&fh_session_peer(p.out)->key, &p.responder.key, sizeof peer->key);
    pair_fini(&p);
}

/* Reads the frame of a stage where it belongs. */
static int read_stage(struct pair *p, enum pair_stage stage, struct fh_bytes bytes, int64_t now_ms)
{
    struct fh_frame frame;
    struct fh_err err;
    int code = fh_frame_parse(&frame, bytes, &err);
    if (code != FH_OK) {
        return code;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    switch (stage) {
    case PAIR_HS1: {
        struct fh_session *in = NULL;
        code = fh_session_answer(
            &in, &p->responder.self, &frame, &p->responder.ephemeral, 1, now_ms, &out, &err);
        assert_true((in != NULL) == (code == FH_OK));
        assert_true((out.size > 0) == (code == FH_OK));
        fh_session_unref(in);
        break;
    }
    case PAIR_HS2:
        code = fh_session_identify(p->out, &frame, now_ms, &err);
        break;
    case PAIR_HS3:
        code = fh_session_identify(p->in, &frame, now_ms, &err);
        break;
    case PAIR_WELCOME:
        code = fh_session_confirm(p->out, &frame, now_ms, &out, &err);
        break;
    case PAIR_OPEN:
    default:
        fail();
    }
    if (code != FH_OK) {
        assert_int_equal(err.code, code);
        assert_true(err.text[0] != '\0');
    }
    return code;
}

static struct fh_buf *stage_frame(struct pair *p, enum pair_stage stage)
{
    struct fh_buf *frames[] = {&p->hs1, &p->hs2, &p->hs3, &p->welcome};
    return frames[stage];
}

/* Every single changed bit of messages 2, 3 and the welcome is refused and leaves the reader able
 * to read the true frame. HS1 has no tag of its own: see test_meddled_offer. */
static void test_bit_flips(void **state)
{
    (void)state;
    for (int stage = PAIR_HS2; stage <= PAIR_WELCOME; stage++) {
        struct pair p;
        pair_init(&p, (enum pair_stage)stage);
        struct fh_buf *frame = stage_frame(&p, (enum pair_stage)stage);
        for (size_t bit = 0; bit < frame->size * 8; bit++) {
            if (stage == PAIR_HS2 && bit >= 16 && bit < 80) {
                continue; /* the session number: authenticated by the first transport frames */
            }
            frame->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_not_equal(
                read_stage(&p, (enum pair_stage)stage, fh_buf_view(frame), PAIR_NOW_MS), FH_OK);
            frame->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        assert_int_equal(read_stage(&p, (enum pair_stage)stage, fh_buf_view(frame), PAIR_NOW_MS),
                         FH_OK);
        pair_fini(&p);
    }
}

static void test_truncation(void **state)
{
    (void)state;
    for (int stage = PAIR_HS1; stage <= PAIR_WELCOME; stage++) {
        struct pair p;
        pair_init(&p, (enum pair_stage)stage);
        struct fh_buf *frame = stage_frame(&p, (enum pair_stage)stage);
        for (size_t size = 0; size < frame->size; size++) {
            assert_int_not_equal(
                read_stage(&p, (enum pair_stage)stage, fh_bytes(frame->data, size), PAIR_NOW_MS),
                FH_OK);
        }
        fh_buf_add_u8(frame, 0);
        assert_int_not_equal(
            read_stage(&p, (enum pair_stage)stage, fh_buf_view(frame), PAIR_NOW_MS), FH_OK);
        pair_fini(&p);
    }
}

/* Each frame given where each other belongs. */
static void test_wrong_frames(void **state)
{
    (void)state;
    for (int stage = PAIR_HS1; stage <= PAIR_WELCOME; stage++) {
        struct pair whole;
        pair_init(&whole, PAIR_OPEN);
        for (int other = PAIR_HS1; other <= PAIR_WELCOME; other++) {
            if (other == stage) {
                continue;
            }
            struct pair p;
            pair_init(&p, (enum pair_stage)stage);
            assert_int_equal(read_stage(&p,
                                        (enum pair_stage)stage,
                                        fh_buf_view(stage_frame(&whole, (enum pair_stage)other)),
                                        PAIR_NOW_MS),
                             FH_EPROTO);
            pair_fini(&p);
        }
        pair_fini(&whole);
    }
}

/* Frames of another handshake between the same two, with other ephemeral keys. */
static void test_frames_of_another_handshake(void **state)
{
    (void)state;
    for (int stage = PAIR_HS2; stage <= PAIR_WELCOME; stage++) {
        struct pair other = {.out = NULL};
        party_init(&other.initiator, 1);
        party_init(&other.responder, 2);
        memset(other.initiator.ephemeral.b, 0x77, sizeof other.initiator.ephemeral.b);
        pair_run(&other, (enum pair_stage)stage);
        struct pair p;
        pair_init(&p, (enum pair_stage)stage);
        assert_int_equal(read_stage(&p,
                                    (enum pair_stage)stage,
                                    fh_buf_view(stage_frame(&other, (enum pair_stage)stage)),
                                    PAIR_NOW_MS),
                         FH_ESIG);
        pair_fini(&p);
        pair_fini(&other);
    }
}

static void test_deadline(void **state)
{
    (void)state;
    for (int stage = PAIR_HS2; stage <= PAIR_WELCOME; stage++) {
        struct pair p;
        pair_init(&p, (enum pair_stage)stage);
        struct fh_bytes frame = fh_buf_view(stage_frame(&p, (enum pair_stage)stage));
        int64_t deadline_ms = PAIR_NOW_MS + FH_HANDSHAKE_MS;
        assert_int_equal(read_stage(&p, (enum pair_stage)stage, frame, deadline_ms + 1),
                         FH_ETIMEOUT);
        assert_int_equal(read_stage(&p, (enum pair_stage)stage, frame, deadline_ms), FH_OK);
        pair_fini(&p);
    }
}

static void test_states(void **state)
{
    (void)state;
    struct pair p;
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    pair_init(&p, PAIR_HS2);
    uint8_t frame_bytes[100];
    struct fh_session_binding binding = {{{0}}};
    assert_int_equal(
        fh_session_accept(p.out, &p.initiator.self, FH_BYTES_NONE, PAIR_NOW_MS, &out, &err),
        FH_ESTATE);
    assert_int_equal(
        fh_session_seal_request(p.out, FH_BYTES_NONE, PAIR_NOW_MS, frame_bytes, &binding, &err),
        FH_ESTATE);
    assert_int_equal(
        fh_session_seal_reply(p.in, &binding, FH_BYTES_NONE, PAIR_NOW_MS, frame_bytes, &err),
        FH_ESTATE);
    assert_int_equal(out.size, 0);
    pair_fini(&p);

    pair_init(&p, PAIR_OPEN);
    assert_int_equal(read_stage(&p, PAIR_HS2, fh_buf_view(&p.hs2), PAIR_NOW_MS), FH_ESTATE);
    assert_int_equal(read_stage(&p, PAIR_HS3, fh_buf_view(&p.hs3), PAIR_NOW_MS), FH_ESTATE);
    assert_int_equal(read_stage(&p, PAIR_WELCOME, fh_buf_view(&p.welcome), PAIR_NOW_MS), FH_ESTATE);
    fh_session_close(p.out);
    assert_int_equal(fh_session_state(p.out), FH_SESSION_CLOSED);
    assert_int_equal(
        fh_session_seal_request(p.out, FH_BYTES_NONE, PAIR_NOW_MS, frame_bytes, &binding, &err),
        FH_ESTATE);
    pair_fini(&p);
}

/* ---- other meshes, versions, ciphers ---- */

static void test_other_mesh(void **state)
{
    (void)state;
    struct pair p = {.out = NULL};
    party_init(&p.initiator, 1);
    party_init(&p.responder, 2);
    p.responder.mesh.b[31] ^= 1;
    pair_run(&p, PAIR_HS2);
    assert_int_equal(read_stage(&p, PAIR_HS2, fh_buf_view(&p.hs2), PAIR_NOW_MS), FH_ESIG);
    pair_fini(&p);
}

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        unsigned initiator[2];
        unsigned responder[2];
        unsigned agreed; /* 0: none */
    } rows[] = {
        {{1, 1}, {1, 1}, 1},
        {{1, 3}, {1, 2}, 2},
        {{1, 2}, {2, 5}, 2},
        {{3, 9}, {1, 3}, 3},
        {{1, 1}, {2, 2}, 0},
        {{4, 9}, {1, 3}, 0},
        {{2, 3}, {4, 65535}, 0},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct pair p = {.out = NULL};
        party_init(&p.initiator, 1);
        party_init(&p.responder, 2);
        p.initiator.offer.version_min = rows[i].initiator[0];
        p.initiator.offer.version_max = rows[i].initiator[1];
        p.responder.offer.version_min = rows[i].responder[0];
        p.responder.offer.version_max = rows[i].responder[1];
        pair_run(&p, rows[i].agreed != 0 ? PAIR_OPEN : PAIR_HS1);
        if (rows[i].agreed == 0) {
            assert_int_equal(read_stage(&p, PAIR_HS1, fh_buf_view(&p.hs1), PAIR_NOW_MS),
                             FH_EVERSION);
        } else {
            assert_int_equal(fh_session_peer(p.out)->version, rows[i].agreed);
            assert_int_equal(fh_session_peer(p.in)->version, rows[i].agreed);
        }
        pair_fini(&p);
    }
}

static void test_ciphers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t initiator[3];
        unsigned count;
        uint8_t responder[3];
        unsigned responder_count;
        int code;
        enum fh_cipher agreed;
    } rows[] = {
        {"both have AES", {2, 1}, 2, {2, 1}, 2, FH_OK, FH_CIPHER_AES256GCM},
        {"the responder has none", {2, 1}, 2, {1}, 1, FH_OK, FH_CIPHER_CHACHAPOLY},
        {"the initiator has none", {1}, 1, {2, 1}, 2, FH_OK, FH_CIPHER_CHACHAPOLY},
        {"the responder's taste counts", {2, 1}, 2, {1, 2}, 2, FH_OK, FH_CIPHER_CHACHAPOLY},
        {"AES alone", {2}, 1, {2}, 1, FH_OK, FH_CIPHER_AES256GCM},
        {"also one of the future", {9, 2, 1}, 3, {1}, 1, FH_OK, FH_CIPHER_CHACHAPOLY},
        {"only ones of the future", {9, 8}, 2, {2, 1}, 2, FH_EVERSION, 0},
        {"nothing in common", {2}, 1, {1}, 1, FH_EVERSION, 0},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct pair p = {.out = NULL};
        party_init(&p.initiator, 1);
        party_init(&p.responder, 2);
        p.initiator.offer.cipher_count = rows[i].count;
        memcpy(p.initiator.offer.ciphers, rows[i].initiator, rows[i].count);
        p.responder.offer.cipher_count = rows[i].responder_count;
        memcpy(p.responder.offer.ciphers, rows[i].responder, rows[i].responder_count);
        pair_run(&p, rows[i].code == FH_OK ? PAIR_OPEN : PAIR_HS1);
        if (rows[i].code != FH_OK) {
            assert_int_equal(read_stage(&p, PAIR_HS1, fh_buf_view(&p.hs1), PAIR_NOW_MS),
                             rows[i].code);
        } else {
            assert_int_equal(fh_session_peer(p.out)->cipher, rows[i].agreed);
            assert_int_equal(fh_session_peer(p.in)->cipher, rows[i].agreed);
        }
        pair_fini(&p);
    }
}

/* The offers of message 1 travel in clear. Whoever changes them on the way breaks message 2. */
static void test_meddled_offer(void **state)
{
    (void)state;
    struct pair p = {.out = NULL};
    party_init(&p.initiator, 1);
    party_init(&p.responder, 2);
    p.initiator.offer.version_max = 2;
    p.responder.offer.version_max = 2;
    pair_run(&p, PAIR_HS1);
    unsigned broken = 0;
    size_t payload = FH_FRAME_HANDSHAKE_BYTES + 32;
    for (size_t bit = FH_FRAME_HANDSHAKE_BYTES * 8; bit < p.hs1.size * 8; bit++) {
        p.hs1.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct fh_frame frame = pair_frame(fh_buf_view(&p.hs1));
        FH_CLEANUP(fh_session_unrefp) struct fh_session *in = NULL;
        fh_buf_reset(&p.hs2);
        if (fh_session_answer(&in,
                              &p.responder.self,
                              &frame,
                              &p.responder.ephemeral,
                              PAIR_NUMBER,
                              PAIR_NOW_MS,
                              &p.hs2,
                              NULL) == FH_OK) {
            assert_int_equal(read_stage(&p, PAIR_HS2, fh_buf_view(&p.hs2), PAIR_NOW_MS), FH_ESIG);
            broken += bit / 8 >= payload;
        }
        p.hs1.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(broken > 0); /* some changed offers were plausible to the responder */
    pair_fini(&p);
}

/* ---- a hostile end, made by hand from the parts ---- */

enum evil {
    EVIL_NOTHING,
    EVIL_OTHER_STATIC,  /* the signature vouches for another static key */
    EVIL_OTHER_HASH,    /* a signature of an earlier handshake */
    EVIL_OTHER_KEY,     /* names a key that did not sign */
    EVIL_OFFER,         /* message 3 tells other versions than message 1 */
    EVIL_STRIPPED,      /* message 3 tells a cipher that message 1 did not: who took it away? */
    EVIL_CIPHER,        /* message 3 tells another cipher than was chosen */
    EVIL_NO_ARRAY,      /* the payload is no array */
    EVIL_SHORT_ARRAY,   /* a field is missing */
    EVIL_MANY_RECORDS,  /* more records than an identity has */
    EVIL_VERSION_RANGE, /* least above greatest */
    EVIL_TAIL,          /* bytes behind the payload */
    EVIL_NEWER,         /* fields appended by a newer version: no evil at all */
};

static void evil_payload(struct fh_buf *out,
                         const struct party *party,
                         const struct fh_noise *noise,
                         enum evil evil)
{
    struct fh_session_offer offer = party->offer;
    struct fh_agree_public static_key = party->static_public;
    uint8_t hash[FH_NOISE_HASH_BYTES];
    struct fh_session_self self = party->self;
    struct fh_sign_secret secret = party->sign_secret;
    struct fh_bytes records[FH_SESSION_RECORDS_MAX + 1];
    memcpy(hash, fh_noise_hash(noise), sizeof hash);
    self.sign_secret = &secret;
    static_key.b[0] ^= evil == EVIL_OTHER_STATIC;
    hash[0] ^= evil == EVIL_OTHER_HASH;
    if (evil == EVIL_OTHER_KEY) {
        secret.b[FH_SEED_BYTES] ^= 1; /* the public half */
    }
    if (evil == EVIL_OFFER) {
        offer.version_max = 7;
    }
    if (evil == EVIL_STRIPPED) {
        offer.cipher_count = 2;
        offer.ciphers[1] = FH_CIPHER_AES256GCM;
    }
    if (evil == EVIL_VERSION_RANGE) {
        offer.version_min = 2;
        offer.version_max = 1;
    }
    if (evil == EVIL_MANY_RECORDS) {
        for (size_t i = 0; i < FH_COUNT(records); i++) {
            records[i] = fh_bytes("r", 1);
        }
        self.records = records;
        self.record_count = FH_COUNT(records);
    }
    if (evil == EVIL_NO_ARRAY) {
        fh_pack_cstr(out, "hello");
        return;
    }
    fh_hello_write(out,
                   &self,
                   &offer,
                   evil == EVIL_CIPHER ? FH_CIPHER_AES256GCM : FH_CIPHER_CHACHAPOLY,
                   &static_key,
                   hash);
    if (evil == EVIL_SHORT_ARRAY) {
        out->data[0] = 0x98; /* 8 instead of 9 fields: the records go */
        out->size -= 1 + PAIR_RECORDS * 4;
    } else if (evil == EVIL_TAIL) {
        fh_buf_add_u8(out, 0xc0);
    } else if (evil == EVIL_NEWER) {
        out->data[0] = 0x9a; /* one more */
        fh_pack_cstr(out, "news");
    }
}

static void test_evil_initiator(void **state)
{
    (void)state;
    static const struct {
        enum evil evil;
        int code;
        const char *rule;
    } rows[] = {
        {EVIL_NOTHING, FH_OK, ""},
        {EVIL_NEWER, FH_OK, ""},
        {EVIL_OTHER_STATIC, FH_ESIG, "hello.signature"},
        {EVIL_OTHER_HASH, FH_ESIG, "hello.signature"},
        {EVIL_OTHER_KEY, FH_ESIG, "hello.signature"},
        {EVIL_OFFER, FH_EVERSION, "session.downgrade"},
        {EVIL_STRIPPED, FH_EVERSION, "session.downgrade"},
        {EVIL_CIPHER, FH_EVERSION, "session.downgrade"},
        {EVIL_NO_ARRAY, FH_EPROTO, "hello.form"},
        {EVIL_SHORT_ARRAY, FH_EPROTO, "hello.form"},
        {EVIL_MANY_RECORDS, FH_EPROTO, "hello.form"},
        {EVIL_VERSION_RANGE, FH_EPROTO, "hello.form"},
        {EVIL_TAIL, FH_EPROTO, "hello.form"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct party good;
        struct party bad;
        struct fh_noise noise;
        struct fh_err err = {.code = FH_OK};
        party_init(&good, 2);
        party_init(&bad, 1);
        uint8_t prologue[20 + FH_ID_BYTES] = "freehold/v1/session";
        memcpy(prologue + 20, bad.mesh.b, FH_ID_BYTES);
        fh_noise_init(
            &noise, &fh_noise_xx, true, fh_bytes(prologue, sizeof prologue), &bad.static_secret);
        FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
        FH_CLEANUP(fh_buf_fini) struct fh_buf out;
        FH_CLEANUP(fh_buf_fini) struct fh_buf in;
        fh_buf_init(&payload, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
        fh_buf_init(&out, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
        fh_buf_init(&in, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
        fh_hello_write_offer(&payload, &bad.offer);
        fh_frame_handshake(&out, FH_FRAME_HS1, 0);
        assert_int_equal(fh_noise_write(&noise, &bad.ephemeral, fh_buf_view(&payload), &out, NULL),
                         FH_OK);
        FH_CLEANUP(fh_session_unrefp) struct fh_session *session = NULL;
        struct fh_frame frame = pair_frame(fh_buf_view(&out));
        assert_int_equal(
            fh_session_answer(
                &session, &good.self, &frame, &good.ephemeral, PAIR_NUMBER, 0, &in, NULL),
            FH_OK);
        frame = pair_frame(fh_buf_view(&in));
        fh_buf_reset(&payload);
        assert_int_equal(fh_noise_read(&noise, frame.body, &payload, NULL), FH_OK);

        fh_buf_reset(&payload);
        fh_buf_reset(&out);
        evil_payload(&payload, &bad, &noise, rows[i].evil);
        fh_frame_handshake(&out, FH_FRAME_HS3, PAIR_NUMBER);
        assert_int_equal(fh_noise_write(&noise, NULL, fh_buf_view(&payload), &out, NULL), FH_OK);
        frame = pair_frame(fh_buf_view(&out));
        assert_int_equal(fh_session_identify(session, &frame, 0, &err), rows[i].code);
        assert_string_equal(err.rule, rows[i].rule);
        assert_int_equal(fh_session_state(session),
                         rows[i].code == FH_OK ? FH_SESSION_CLAIMED : FH_SESSION_ANSWERED);
        fh_noise_fini(&noise);
    }
}

/* ---- refusals ---- */

static void test_rejected_by_responder(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p, PAIR_HS3);
    struct fh_frame frame = pair_frame(fh_buf_view(&p.hs3));
    assert_int_equal(fh_session_identify(p.in, &frame, PAIR_NOW_MS, NULL), FH_OK);
    struct fh_err why;
    fh_err_rule(&why, FH_EDENIED, "admission.unknown", "this mesh does not know the domain");
    fh_session_reject(p.in, &why, &p.welcome);
    assert_int_equal(fh_session_state(p.in), FH_SESSION_CLOSED);

    FH_CLEANUP(fh_buf_fini) struct fh_buf got;
    fh_buf_init(&got, 1000);
    struct fh_err err;
    frame = pair_frame(fh_buf_view(&p.welcome));
    assert_int_equal(fh_session_confirm(p.out, &frame, PAIR_NOW_MS, &got, &err), FH_EDENIED);
    assert_string_equal(err.rule, "admission.unknown");
    assert_string_equal(err.text, "this mesh does not know the domain");
    assert_int_equal(got.size, 0);
    assert_int_equal(fh_session_state(p.out), FH_SESSION_CLOSED);
    pair_fini(&p);
}

static void test_rejected_by_initiator(void **state)
{
    (void)state;
    struct pair p;
    struct fh_err why;
    pair_init(&p, PAIR_HS2);
    struct fh_frame frame = pair_frame(fh_buf_view(&p.hs2));
    assert_int_equal(fh_session_identify(p.out, &frame, PAIR_NOW_MS, NULL), FH_OK);
    fh_err_set(&why, FH_ESIG, "not the peer that was wanted");
    fh_session_reject(p.out, &why, &p.hs3);
    assert_int_equal(p.hs3.size, 0);
    assert_int_equal(fh_session_state(p.out), FH_SESSION_CLOSED);
    pair_fini(&p);
}

/* An unauthenticated REJECT explains but ends nothing. */
static void test_reject_frames(void **state)
{
    (void)state;
    static const struct {
        int sent;
        int code;
    } rows[] = {
        {FH_EVERSION, FH_EVERSION},
        {FH_EBUSY, FH_EBUSY},
        {FH_EDENIED, FH_EDENIED},
        {999, FH_EUNREACH},
        {65535, FH_EUNREACH},
    };
    for (int stage = PAIR_HS2; stage <= PAIR_WELCOME; stage++) {
        if (stage == PAIR_HS3) {
            continue; /* that one is the responder's to send */
        }
        for (size_t i = 0; i < FH_COUNT(rows); i++) {
            struct pair p;
            pair_init(&p, (enum pair_stage)stage);
            FH_CLEANUP(fh_buf_fini) struct fh_buf reject;
            fh_buf_init(&reject, 16);
            fh_frame_reject(&reject, rows[i].sent);
            assert_int_equal(
                read_stage(&p, (enum pair_stage)stage, fh_buf_view(&reject), PAIR_NOW_MS),
                rows[i].code);
            assert_int_equal(read_stage(&p,
                                        (enum pair_stage)stage,
                                        fh_buf_view(stage_frame(&p, (enum pair_stage)stage)),
                                        PAIR_NOW_MS),
                             FH_OK);
            pair_fini(&p);
        }
    }
}

/* ---- sizes and memory ---- */

static void test_identity_too_large(void **state)
{
    (void)state;
    static const uint8_t bulk[FH_FRAME_UNAUTHENTICATED_BYTES_MAX];
    struct pair p;
    struct fh_err err;
    pair_init(&p, PAIR_HS1);
    p.responder.records[0] = fh_bytes(bulk, sizeof bulk);
    struct fh_frame frame = pair_frame(fh_buf_view(&p.hs1));
    assert_int_equal(
        fh_session_answer(
            &p.in, &p.responder.self, &frame, &p.responder.ephemeral, 1, 0, &p.hs2, &err),
        FH_ETOOBIG);
    assert_null(p.in);
    assert_int_equal(p.hs2.size, 0);

    /* The largest that fits passes. */
    p.responder.records[0] = fh_bytes(bulk, sizeof bulk - 400);
    pair_fini(&p);
    struct pair q = {.out = NULL};
    party_init(&q.initiator, 1);
    party_init(&q.responder, 2);
    q.responder.records[0] = fh_bytes(bulk, sizeof bulk - 400);
    q.initiator.records[0] = fh_bytes(bulk, sizeof bulk - 400);
    pair_run(&q, PAIR_OPEN);
    pair_fini(&q);
}

static int allocations_left;

static bool fail_nth(size_t size)
{
    (void)size;
    return allocations_left-- != 0;
}

/* The n-th allocation fails: an error, no leak, no crash; some n is past the last one. */
static void test_no_memory(void **state)
{
    (void)state;
    bool done = false;
    for (int n = 0; !done; n++) {
        struct pair p = {.out = NULL};
        party_init(&p.initiator, 1);
        party_init(&p.responder, 2);
        fh_buf_init(&p.hs1, FH_FRAME_REPLY_BYTES_MAX);
        fh_buf_init(&p.hs2, FH_FRAME_REPLY_BYTES_MAX);
        fh_buf_init(&p.hs3, FH_FRAME_REPLY_BYTES_MAX);
        fh_buf_init(&p.welcome, FH_FRAME_REPLY_BYTES_MAX);
        struct fh_frame frame;
        allocations_left = n;
        fh_alloc_set_hook(fail_nth);
        int code =
            fh_session_start(&p.out, &p.initiator.self, &p.initiator.ephemeral, 0, &p.hs1, NULL);
        if (code == FH_OK) {
            frame = pair_frame(fh_buf_view(&p.hs1));
            code = fh_session_answer(
                &p.in, &p.responder.self, &frame, &p.responder.ephemeral, 1, 0, &p.hs2, NULL);
        }
        if (code == FH_OK) {
            frame = pair_frame(fh_buf_view(&p.hs2));
            code = fh_session_identify(p.out, &frame, 0, NULL);
        }
        if (code == FH_OK) {
            code = fh_session_accept(p.out, &p.initiator.self, FH_BYTES_NONE, 0, &p.hs3, NULL);
        }
        if (code == FH_OK) {
            frame = pair_frame(fh_buf_view(&p.hs3));
            code = fh_session_identify(p.in, &frame, 0, NULL);
        }
        if (code == FH_OK) {
            code = fh_session_accept(p.in, &p.responder.self, FH_BYTES_NONE, 0, &p.welcome, NULL);
        }
        fh_alloc_set_hook(NULL);
        assert_true(code == FH_OK || code == FH_ENOMEM);
        done = code == FH_OK;
        assert_true(n < 1000);
        pair_fini(&p);
    }
}

int main(void)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_story),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_wrong_frames),
        cmocka_unit_test(test_frames_of_another_handshake),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_other_mesh),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_meddled_offer),
        cmocka_unit_test(test_evil_initiator),
        cmocka_unit_test(test_rejected_by_responder),
        cmocka_unit_test(test_rejected_by_initiator),
        cmocka_unit_test(test_reject_frames),
        cmocka_unit_test(test_identity_too_large),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
