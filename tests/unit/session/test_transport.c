/* SPDX-License-Identifier: Apache-2.0 */
/* Open sessions: what arrives once, what never, and many threads on one session. */
#include "tests/unit/session/pair.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

enum { TEXT_BYTES = 40, FRAME_BYTES = TEXT_BYTES + FH_FRAME_OVERHEAD_BYTES };

/* A request or reply on the wire. */
struct wire {
    uint8_t bytes[FRAME_BYTES];
    struct fh_session_binding binding; /* of the request */
};

static struct fh_bytes text_of(uint8_t out[TEXT_BYTES], unsigned number)
{
    memset(out, (int)number, TEXT_BYTES);
    return fh_bytes(out, TEXT_BYTES);
}

static void ask(struct pair *p, unsigned number, struct wire *out)
{
    uint8_t text[TEXT_BYTES];
    assert_int_equal(
        fh_session_seal_request(
            p->out, text_of(text, number), PAIR_NOW_MS, out->bytes, &out->binding, NULL),
        FH_OK);
}

static void reply_to(struct pair *p,
                     const struct fh_session_binding *binding,
                     unsigned number,
                     struct wire *out)
{
    uint8_t text[TEXT_BYTES];
    assert_int_equal(
        fh_session_seal_reply(p->in, binding, text_of(text, number), PAIR_NOW_MS, out->bytes, NULL),
        FH_OK);
}

static int open_request(struct pair *p, const struct wire *wire, struct fh_err *err)
{
    uint8_t text[TEXT_BYTES];
    struct fh_session_binding binding;
    struct fh_frame frame;
    int code = fh_frame_parse(&frame, fh_bytes(wire->bytes, sizeof wire->bytes), err);
    if (code == FH_OK) {
        code = fh_session_open_request(p->in, &frame, PAIR_NOW_MS, text, &binding, err);
    }
    if (code == FH_OK) {
        assert_memory_equal(&binding, &wire->binding, sizeof binding);
    }
    return code;
}

static int open_reply(struct pair *p,
                      const struct wire *wire,
                      const struct fh_session_binding *binding,
                      struct fh_err *err)
{
    uint8_t text[TEXT_BYTES];
    struct fh_frame frame;
    int code = fh_frame_parse(&frame, fh_bytes(wire->bytes, sizeof wire->bytes), err);
    return code != FH_OK ? code
                         : fh_session_open_reply(p->out, &frame, binding, PAIR_NOW_MS, text, err);
}

static void test_exchange(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p, PAIR_OPEN);
    for (unsigned i = 0; i < 50; i++) {
        uint8_t text[TEXT_BYTES];
        uint8_t expected[TEXT_BYTES];
        struct wire request;
        struct wire reply;
        struct fh_session_binding binding;
        ask(&p, i, &request);
        struct fh_frame frame = pair_frame(fh_bytes(request.bytes, sizeof request.bytes));
        assert_int_equal(frame.type, FH_FRAME_REQUEST);
        assert_int_equal(frame.counter, i);
        assert_int_equal(frame.session, PAIR_NUMBER);
        assert_int_equal(fh_session_plaintext_bytes(&frame), TEXT_BYTES);
        assert_int_equal(fh_session_open_request(p.in, &frame, PAIR_NOW_MS, text, &binding, NULL),
                         FH_OK);
        text_of(expected, i);
        assert_memory_equal(text, expected, sizeof text);

        reply_to(&p, &binding, 100 + i, &reply);
        frame = pair_frame(fh_bytes(reply.bytes, sizeof reply.bytes));
        assert_int_equal(frame.counter, i + 1); /* the welcome was 0 */
        assert_int_equal(fh_frame_tag(&frame).size, FH_AEAD_TAG_BYTES);
        assert_int_equal(
            fh_session_open_reply(p.out, &frame, &request.binding, PAIR_NOW_MS, text, NULL), FH_OK);
        text_of(expected, 100 + i);
        assert_memory_equal(text, expected, sizeof text);
    }
    pair_fini(&p);
}

/* Sealed and opened where the bytes are; the empty message too. */
static void test_in_place(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p, PAIR_OPEN);
    for (size_t size = 0; size <= TEXT_BYTES; size += TEXT_BYTES) {
        uint8_t frame_bytes[FRAME_BYTES];
        uint8_t *text = frame_bytes + FH_FRAME_HEADER_BYTES;
        struct fh_session_binding sent;
        struct fh_session_binding got;
        memset(text, 'x', size);
        assert_int_equal(fh_session_seal_request(
                             p.out, fh_bytes(text, size), PAIR_NOW_MS, frame_bytes, &sent, NULL),
                         FH_OK);
        struct fh_frame frame = pair_frame(fh_bytes(frame_bytes, fh_session_frame_bytes(size)));
        assert_int_equal(fh_session_open_request(p.in, &frame, PAIR_NOW_MS, text, &got, NULL),
                         FH_OK);
        assert_memory_equal(&got, &sent, sizeof got);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(text[i], 'x');
        }
    }
    pair_fini(&p);
}

static void test_replay_and_order(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned arrival[8];
        bool admitted[8];
        unsigned count;
    } rows[] = {
        {"in order", {0, 1, 2}, {true, true, true}, 3},
        {"backwards", {3, 2, 1, 0}, {true, true, true, true}, 4},
        {"twice", {0, 0, 1, 1, 0}, {true, false, true, false, false}, 5},
        {"some lost", {7, 2, 7, 2, 5}, {true, true, false, false, true}, 5},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct pair p;
        struct wire wires[8];
        struct fh_err err;
        print_message("%s\n", rows[i].name);
        pair_init(&p, PAIR_OPEN);
        for (unsigned k = 0; k < FH_COUNT(wires); k++) {
            ask(&p, k, &wires[k]);
        }
        for (unsigned k = 0; k < rows[i].count; k++) {
            int code = open_request(&p, &wires[rows[i].arrival[k]], &err);
            assert_int_equal(code, rows[i].admitted[k] ? FH_OK : FH_ESIG);
            if (code != FH_OK) {
                assert_string_equal(err.rule, "session.replayed");
            }
        }
        pair_fini(&p);
    }
}

/* A frame further behind than the window is refused, the last inside it is not. */
static void test_far_too_late(void **state)
{
    (void)state;
    unsigned messages_max = FH_SESSION_MESSAGES_MAX;
    if (messages_max <= FH_SESSION_REPLAY_WINDOW) {
        print_message("skipped: tiny limits end the session before\n");
        skip();
    }
    struct pair p;
    struct fh_err err;
    struct wire first;
    struct wire second;
    struct wire other;
    pair_init(&p, PAIR_OPEN);
    ask(&p, 0, &first);
    ask(&p, 1, &second);
    for (unsigned i = 2; i <= FH_SESSION_REPLAY_WINDOW; i++) {
        ask(&p, 2, &other);
    }
    assert_int_equal(open_request(&p, &other, &err), FH_OK);
    assert_int_equal(open_request(&p, &first, &err), FH_ESIG);
    assert_string_equal(err.rule, "session.replayed");
    assert_int_equal(open_request(&p, &second, &err), FH_OK);
    pair_fini(&p);
}

/* Every changed bit of request and reply is refused; the true frame still opens, so a forgery has
 * not touched the window. */
static void test_bit_flips(void **state)
{
    (void)state;
    struct pair p;
    struct wire request;
    struct wire reply;
    pair_init(&p, PAIR_OPEN);
    ask(&p, 1, &request);
    reply_to(&p, &request.binding, 2, &reply);
    for (size_t bit = 0; bit < sizeof request.bytes * 8; bit++) {
        uint8_t mask = (uint8_t)(1U << bit % 8);
        struct fh_err err = {.code = FH_OK};
        request.bytes[bit / 8] ^= mask;
        reply.bytes[bit / 8] ^= mask;
        assert_int_not_equal(open_request(&p, &request, &err), FH_OK);
        assert_string_not_equal(err.rule, "session.replayed");
        assert_int_not_equal(open_reply(&p, &reply, &request.binding, &err), FH_OK);
        request.bytes[bit / 8] ^= mask;
        reply.bytes[bit / 8] ^= mask;
    }
    assert_int_equal(open_reply(&p, &reply, &request.binding, NULL), FH_OK);
    assert_int_equal(open_request(&p, &request, NULL), FH_OK);
    pair_fini(&p);
}

static void test_truncation(void **state)
{
    (void)state;
    struct pair p;
    struct wire request;
    uint8_t text[FRAME_BYTES];
    struct fh_session_binding binding;
    pair_init(&p, PAIR_OPEN);
    ask(&p, 1, &request);
    for (size_t size = 0; size < sizeof request.bytes; size++) {
        struct fh_frame frame;
        struct fh_err err;
        int code = fh_frame_parse(&frame, fh_bytes(request.bytes, size), &err);
        if (size < FH_FRAME_OVERHEAD_BYTES) {
            assert_int_equal(code, FH_EPROTO);
        } else {
            assert_int_equal(code, FH_OK);
            assert_int_equal(
                fh_session_open_request(p.in, &frame, PAIR_NOW_MS, text, &binding, &err), FH_ESIG);
        }
    }
    pair_fini(&p);
}

/* A reply fits its own request and no other, whatever context it comes by. */
static void test_swapped_replies(void **state)
{
    (void)state;
    struct pair p;
    struct fh_err err;
    struct wire request[2];
    struct wire reply[2];
    pair_init(&p, PAIR_OPEN);
    for (unsigned i = 0; i < 2; i++) {
        ask(&p, 7, &request[i]); /* the same question twice */
        reply_to(&p, &request[i].binding, 8, &reply[i]);
    }
    assert_int_equal(open_reply(&p, &reply[0], &request[1].binding, &err), FH_ESIG);
    assert_string_equal(err.rule, "session.forged");
    assert_int_equal(open_reply(&p, &reply[1], &request[0].binding, &err), FH_ESIG);
    assert_int_equal(open_reply(&p, &reply[1], &request[1].binding, &err), FH_OK);
    assert_int_equal(open_reply(&p, &reply[0], &request[0].binding, &err), FH_OK);
    assert_int_equal(open_reply(&p, &reply[0], &request[0].binding, &err), FH_ESIG);
    assert_string_equal(err.rule, "session.replayed");
    pair_fini(&p);
}

/* Frames of another session, of the other direction, of a handshake. */
static void test_foreign_frames(void **state)
{
    (void)state;
    struct pair p;
    struct pair q = {.out = NULL};
    struct fh_err err;
    struct wire request;
    struct wire foreign;
    struct wire reply;
    pair_init(&p, PAIR_OPEN);
    party_init(&q.initiator, 1);
    party_init(&q.responder, 2);
    memset(q.initiator.ephemeral.b, 0x11, sizeof q.initiator.ephemeral.b);
    pair_run(&q, PAIR_OPEN);
    ask(&p, 1, &request);
    ask(&q, 1, &foreign); /* same number, same counter, other keys */
    assert_int_equal(open_request(&p, &foreign, &err), FH_ESIG);

    foreign = request;
    foreign.bytes[9] ^= 1; /* another session's number */
    assert_int_equal(open_request(&p, &foreign, &err), FH_EPROTO);
    assert_string_equal(err.rule, "session.number");

    /* reflected: a request sent back as a reply, and the other way round */
    foreign = request;
    foreign.bytes[1] = FH_FRAME_REPLY;
    assert_int_equal(open_reply(&p, &foreign, &request.binding, &err), FH_ESIG);
    assert_int_equal(open_reply(&p, &request, &request.binding, &err), FH_EPROTO);
    reply_to(&p, &request.binding, 2, &reply);
    assert_int_equal(open_request(&p, &reply, &err), FH_EPROTO);

    struct fh_frame frame = pair_frame(fh_buf_view(&p.hs3));
    uint8_t text[FH_FRAME_UNAUTHENTICATED_BYTES_MAX];
    struct fh_session_binding binding;
    assert_int_equal(fh_session_open_request(p.in, &frame, PAIR_NOW_MS, text, &binding, &err),
                     FH_EPROTO);
    pair_fini(&p);
    pair_fini(&q);
}

/* The other end has forgotten the session: a new handshake, and the session stays as it is. */
static void test_reject(void **state)
{
    (void)state;
    struct pair p;
    struct fh_err err;
    struct wire request;
    struct wire reply;
    uint8_t text[TEXT_BYTES];
    pair_init(&p, PAIR_OPEN);
    ask(&p, 1, &request);
    FH_CLEANUP(fh_buf_fini) struct fh_buf reject;
    fh_buf_init(&reject, 16);
    fh_frame_reject(&reject, FH_ESTALE);
    struct fh_frame frame = pair_frame(fh_buf_view(&reject));
    assert_int_equal(
        fh_session_open_reply(p.out, &frame, &request.binding, PAIR_NOW_MS, text, &err), FH_ESTALE);
    assert_string_equal(err.rule, "session.refused");
    reply_to(&p, &request.binding, 1, &reply);
    assert_int_equal(open_reply(&p, &reply, &request.binding, &err), FH_OK);
    pair_fini(&p);
}

static void test_life(void **state)
{
    (void)state;
    struct pair p;
    struct fh_err err;
    struct wire wire;
    uint8_t text[TEXT_BYTES];
    struct fh_session_binding binding;
    pair_init(&p, PAIR_OPEN);
    int64_t rekey_ms = PAIR_NOW_MS + FH_SESSION_REKEY_MS;
    int64_t end_ms = PAIR_NOW_MS + FH_SESSION_LIFE_MS;
    assert_false(fh_session_wants_rekey(p.out, rekey_ms - 1));
    assert_true(fh_session_wants_rekey(p.out, rekey_ms));
    assert_true(fh_session_wants_rekey(p.in, rekey_ms));
    assert_int_equal(fh_session_deadline(p.out), end_ms);
    ask(&p, 1, &wire);
    struct fh_frame frame = pair_frame(fh_bytes(wire.bytes, sizeof wire.bytes));
    assert_int_equal(fh_session_open_request(p.in, &frame, end_ms + 1, text, &binding, &err),
                     FH_ESTALE);
    assert_int_equal(fh_session_open_request(p.in, &frame, end_ms, text, &binding, &err), FH_OK);
    assert_int_equal(fh_session_seal_request(
                         p.out, fh_bytes(text, 1), end_ms + 1, wire.bytes, &wire.binding, &err),
                     FH_ESTALE);
    assert_string_equal(err.rule, "session.old");
    pair_fini(&p);
}

static void test_last_message(void **state)
{
    (void)state;
    unsigned messages_max = FH_SESSION_MESSAGES_MAX;
    if (messages_max > 1 << 16) {
        print_message("skipped: only with tiny limits\n");
        skip();
    }
    struct pair p;
    struct fh_err err;
    struct wire wire;
    uint8_t text[1] = {0};
    pair_init(&p, PAIR_OPEN);
    for (int i = 0; i < FH_SESSION_MESSAGES_MAX; i++) {
        assert_int_equal(fh_session_wants_rekey(p.out, PAIR_NOW_MS),
                         i >= FH_SESSION_REKEY_MESSAGES);
        ask(&p, 1, &wire);
    }
    assert_int_equal(open_request(&p, &wire, &err), FH_OK);
    assert_int_equal(fh_session_seal_request(
                         p.out, fh_bytes(text, 1), PAIR_NOW_MS, wire.bytes, &wire.binding, &err),
                     FH_ESTALE);
    assert_string_equal(err.rule, "session.used");
    pair_fini(&p);
}

static void test_sizes(void **state)
{
    (void)state;
    static uint8_t plain[FH_FRAME_REPLY_BYTES_MAX];
    static uint8_t wire[FH_FRAME_REPLY_BYTES_MAX];
    struct pair p;
    struct fh_err err;
    struct fh_session_binding binding;
    size_t request_max = FH_FRAME_REQUEST_BYTES_MAX - FH_FRAME_OVERHEAD_BYTES;
    size_t reply_max = FH_FRAME_REPLY_BYTES_MAX - FH_FRAME_OVERHEAD_BYTES;
    pair_init(&p, PAIR_OPEN);
    assert_int_equal(
        fh_session_seal_request(
            p.out, fh_bytes(plain, request_max + 1), PAIR_NOW_MS, wire, &binding, &err),
        FH_ETOOBIG);
    assert_int_equal(fh_session_seal_request(
                         p.out, fh_bytes(plain, request_max), PAIR_NOW_MS, wire, &binding, &err),
                     FH_OK);
    struct fh_frame frame = pair_frame(fh_bytes(wire, FH_FRAME_REQUEST_BYTES_MAX));
    assert_int_equal(fh_session_open_request(p.in, &frame, PAIR_NOW_MS, plain, &binding, &err),
                     FH_OK);
    assert_int_equal(fh_session_seal_reply(
                         p.in, &binding, fh_bytes(plain, reply_max + 1), PAIR_NOW_MS, wire, &err),
                     FH_ETOOBIG);
    assert_int_equal(
        fh_session_seal_reply(p.in, &binding, fh_bytes(plain, reply_max), PAIR_NOW_MS, wire, &err),
        FH_OK);
    frame = pair_frame(fh_bytes(wire, FH_FRAME_REPLY_BYTES_MAX));
    assert_int_equal(fh_session_open_reply(p.out, &frame, &binding, PAIR_NOW_MS, plain, &err),
                     FH_OK);
    pair_fini(&p);
}

/* ---- many threads ---- */

enum { THREADS = 4, ROUNDS = FH_LIMIT(400, 20) };

struct crowd {
    struct pair pair;
    atomic_uint good;
    atomic_uint replayed;
};

/* Each thread does both ends' work, as pool threads of two nodes would. Every frame is opened
 * twice: once it must open, once it must be a replay. */
static void *crowd_main(void *user)
{
    struct crowd *crowd = user;
    struct fh_session *out = fh_session_ref(crowd->pair.out);
    struct fh_session *in = fh_session_ref(crowd->pair.in);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint8_t text[TEXT_BYTES];
        uint8_t opened[TEXT_BYTES];
        struct wire wire;
        struct fh_session_binding binding;
        struct fh_frame frame;
        text_of(text, i);
        if (fh_session_seal_request(
                out, fh_bytes(text, TEXT_BYTES), PAIR_NOW_MS, wire.bytes, &wire.binding, NULL) !=
            FH_OK) {
            continue;
        }
        frame = pair_frame(fh_bytes(wire.bytes, sizeof wire.bytes));
        for (int k = 0; k < 2; k++) {
            int code = fh_session_open_request(in, &frame, PAIR_NOW_MS, opened, &binding, NULL);
            atomic_fetch_add(code == FH_OK ? &crowd->good : &crowd->replayed, 1);
        }
        if (fh_session_seal_reply(
                in, &binding, fh_bytes(text, TEXT_BYTES), PAIR_NOW_MS, wire.bytes, NULL) != FH_OK) {
            continue;
        }
        frame = pair_frame(fh_bytes(wire.bytes, sizeof wire.bytes));
        for (int k = 0; k < 2; k++) {
            int code = fh_session_open_reply(out, &frame, &wire.binding, PAIR_NOW_MS, opened, NULL);
            atomic_fetch_add(code == FH_OK ? &crowd->good : &crowd->replayed, 1);
        }
    }
    fh_session_unref(out);
    fh_session_unref(in);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct crowd crowd;
    pthread_t threads[THREADS];
    atomic_init(&crowd.good, 0);
    atomic_init(&crowd.replayed, 0);
    pair_init(&crowd.pair, PAIR_OPEN);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &crowd), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&crowd.good), THREADS * ROUNDS * 2);
    assert_int_equal(atomic_load(&crowd.replayed), THREADS * ROUNDS * 2);
    pair_fini(&crowd.pair);
}

static void *close_main(void *user)
{
    struct crowd *crowd = user;
    fh_session_close(crowd->pair.out);
    return NULL;
}

/* Closing meanwhile: every call ends in order, as done or as FH_ESTATE. */
static void test_close_meanwhile(void **state)
{
    (void)state;
    struct crowd crowd;
    pthread_t threads[THREADS];
    pthread_t closer;
    atomic_init(&crowd.good, 0);
    atomic_init(&crowd.replayed, 0);
    pair_init(&crowd.pair, PAIR_OPEN);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &crowd), 0);
    }
    assert_int_equal(pthread_create(&closer, NULL, close_main, &crowd), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_join(closer, NULL);
    assert_int_equal(fh_session_state(crowd.pair.out), FH_SESSION_CLOSED);
    pair_fini(&crowd.pair);
}

int main(void)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_replay_and_order),
        cmocka_unit_test(test_far_too_late),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_swapped_replies),
        cmocka_unit_test(test_foreign_frames),
        cmocka_unit_test(test_reject),
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_last_message),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_close_meanwhile),
    };
    pair_offer.ciphers[0] = FH_CIPHER_CHACHAPOLY;
    int failed = cmocka_run_group_tests_name("ChaCha20-Poly1305", tests, NULL, NULL);
    pair_offer.ciphers[0] = FH_CIPHER_AES256GCM;
    return failed + cmocka_run_group_tests_name("AES-256-GCM", tests, NULL, NULL);
}
