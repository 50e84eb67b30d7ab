/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in, what a stranger may ask, what a revocation ends, and what a relay is. */
#include "tests/node/peer/pair.h"

#include "common/entropy.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/inbox.h"
#include "node/io/link.h"
#include "node/io/loop.h"
#include "node/peer/peers_inside.h"
#include "proto/session/messages_inner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- who may ask what ---- */

static void test_who_reaches_the_handler(void **state)
{
    (void)state;
    static const struct {
        unsigned code;
        bool stranger; /* may ask it */
    } rows[] = {
        {FH_MSG_STATUS, true},
        {FH_MSG_PROBE, true},
        {FH_MSG_REDEEM, true},
        {FH_MSG_PEERS, false},
        {FH_MSG_SEARCH, false},
        {FH_MSG_DESCRIBE, false},
        {FH_MSG_IDENTITY, false},
        {FH_MSG_SYNC, false},
        {FH_MSG_PUSH, false},
        {FH_MSG_PULL, false},
        {FH_MSG_RECONCILE, false},
        {FH_MSG_PLAN, false},
        {FH_MSG_QUERY, false},
        {FH_MSG_SCAN, false},
        {FH_MSG_NEXT, false},
        {FH_MSG_CANCEL, false},
        {FH_MSG_RELAY, false},
        {FH_MSG_ADMIN_PUBLISH, false},
    };
    for (enum who who = NODE; who < WHO_COUNT; who++) {
        struct mesh *m = pair_set_up(who);
        for (size_t i = 0; i < FH_COUNT(rows); i++) {
            unsigned before = m->server.asked;
            struct end end = pair_ask(m, rows[i].code);
            bool let_in = who != STRANGER || rows[i].stranger;
            if (let_in) {
                pair_expect(&end, FH_OK, "");
                assert_int_equal(m->server.last_code, rows[i].code);
            } else {
                pair_expect(&end, FH_EDENIED, "domain.not_admitted");
            }
            assert_int_equal(m->server.asked, before + let_in);
        }
        pair_tear_down(m);
    }
}

/* ---- whom to ask ---- */

static void test_another_node_there_is_not_asked(void **state)
{
    (void)state;
    struct mesh *m = pair_set_up(NODE);
    struct fh_peer_target target = {.address = m->server.address, .node = m->caller.node};
    struct end end = pair_ask_target(m, &target, FH_MSG_PROBE);
    pair_expect(&end, FH_EUNREACH, "peer.other_node");
    assert_int_equal(m->server.asked, 0);
    target.node = m->server.node;
    end = pair_ask_target(m, &target, FH_MSG_PROBE);
    pair_expect(&end, FH_OK, "");
    pair_tear_down(m);
}

static void test_a_stranger_there_answers_guests_only(void **state)
{
    (void)state;
    struct mesh *m = pair_set_up(NODE);
    /* The tables are turned: a stranger listens, and a member of the mesh calls it. */
    struct side other = {.asked = 0};
    struct fh_directory *dir = pair_common_directory(m);
    pair_add(dir, &m->stranger.inception);
    pair_delegate(m, dir, &m->stranger, &m->stranger.node, FH_ROLE_NODE);
    pair_delegate(m, dir, &m->joined, &m->joined.node, FH_ROLE_NODE);
    pair_set_up_side(m, &other, dir, &m->stranger, &m->stranger.node);
    struct fh_peer_target target = {.address = other.address};
    struct end end = pair_ask_target(m, &target, FH_MSG_REDEEM);
    pair_expect(&end, FH_EDENIED, "domain.not_admitted");
    target.guest = m->stranger.id;
    end = pair_ask_target(m, &target, FH_MSG_REDEEM);
    pair_expect(&end, FH_OK, "");
    /* The session that the guest's call made is not for calls of the mesh. */
    target.guest = (struct fh_domain_id){{0}};
    end = pair_ask_target(m, &target, FH_MSG_SYNC);
    pair_expect(&end, FH_EDENIED, "domain.not_admitted");
    assert_int_equal(other.asked, 1);
    pair_tear_down_side(m, &other);
    pair_tear_down(m);
}

/* ---- which session ---- */

struct seen {
    uint64_t session;         /* at the server, of the last question */
    struct fh_session *began; /* at the caller, of the first answer; a reference */
    struct fh_peers *peers;
    bool done;
};

static bool see_session(struct fh_question *question, void *user)
{
    ((struct seen *)user)->session = fh_question_session(question);
    return false;
}

static void on_first(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    struct seen *seen = user;
    assert_non_null(fields);
    assert_null(err);
    seen->began = fh_session_ref(fh_peers_answering(seen->peers));
    seen->done = true;
}

/* What began in a session goes on there, though others ask in a newer one. */
static void test_a_stream_stays_in_its_session(void **state)
{
    (void)state;
    struct mesh *m = pair_set_up(NODE);
    struct seen seen = {.peers = m->caller.peers};
    struct fh_buf request;
    m->server.answer = see_session;
    m->server.user = &seen;
    fh_buf_init(&request, 64);
    fh_msg_begin(&request, FH_MSG_PROBE, 0);
    struct fh_peer_target target = {.address = m->server.address, .node = m->server.node};
    fh_peers_ask(m->caller.peers, &target, &request, WAIT_MS, on_first, &seen);
    for (int i = 0; i < 500 && !seen.done; i++) {
        fh_loop_run_once(m->loop, 20);
    }
    assert_true(seen.done);
    uint64_t first = seen.session;
    assert_null(fh_peers_answering(m->caller.peers)); /* nothing is being handled now */
    /* As when it is worn: the next call makes another one. */
    FH_LIST_FOREACH (link, &m->caller.peers->peers) {
        fh_peer_drop_session(FH_LIST_ENTRY(link, struct fh_peer, link));
    }
    struct fh_peer_target pinned = target;
    pinned.session = seen.began;
    struct end end = pair_ask_target(m, &pinned, FH_MSG_PROBE); /* while there is no other */
    pair_expect(&end, FH_OK, "");
    assert_int_equal(seen.session, first);
    end = pair_ask_target(m, &target, FH_MSG_PROBE);
    pair_expect(&end, FH_OK, "");
    assert_int_not_equal(seen.session, first);
    end = pair_ask_target(m, &pinned, FH_MSG_PROBE);
    pair_expect(&end, FH_OK, "");
    assert_int_equal(seen.session, first);
    /* Over, it is over: nothing is begun anew for it. */
    fh_session_close(seen.began);
    unsigned before = m->server.asked;
    end = pair_ask_target(m, &pinned, FH_MSG_PROBE);
    assert_int_equal(end.code, FH_ESTATE);
    assert_int_equal(m->server.asked, before);
    fh_session_unref(seen.began);
    fh_buf_fini(&request);
    pair_tear_down(m);
}

/* ---- revocation on a live session ---- */

static void test_a_revoked_caller_is_refused_and_its_session_ends(void **state)
{
    (void)state;
    struct mesh *m = pair_set_up(NODE);
    struct end end = pair_ask(m, FH_MSG_PEERS);
    pair_expect(&end, FH_OK, "");
    struct test_record revocation = test_revocation(
        &m->joined, FH_REVOKE_KEY, m->caller.node.b, fh_clock_wall_ms() - 1000, &m->id);
    pair_add(m->server.dir, &revocation);
    end = pair_ask(m, FH_MSG_PEERS);
    pair_expect(&end, FH_ESIG, "record.signer.revoked");
    assert_int_equal(m->server.asked, 1);
    int64_t last = fh_clock_mono_ms() + WAIT_MS;
    while (m->server.gone == 0 && fh_clock_mono_ms() < last) {
        fh_loop_run_once(m->loop, 50);
    }
    assert_int_equal(m->server.gone, 1);
    end = pair_ask(m, FH_MSG_PEERS); /* a new session is not given either */
    pair_expect(&end, FH_ESIG, "record.signer.revoked");
    assert_int_equal(m->server.asked, 1);
    pair_tear_down(m);
}

static void test_a_revoked_node_is_not_asked_any_more(void **state)
{
    (void)state;
    struct mesh *m = pair_set_up(NODE);
    struct end end = pair_ask(m, FH_MSG_PEERS);
    pair_expect(&end, FH_OK, "");
    struct test_record revocation = test_revocation(
        &m->founder, FH_REVOKE_KEY, m->server.node.b, fh_clock_wall_ms() - 1000, &m->id);
    pair_add(m->caller.dir, &revocation);
    end = pair_ask(m, FH_MSG_PEERS);
    pair_expect(&end, FH_ESIG, "record.signer.revoked");
    assert_int_equal(m->server.asked, 1);
    pair_tear_down(m);
}

/* ---- inner sessions ---- */

struct inner {
    struct mesh *m;
    bool direct; /* send frames to the server as they are, not by RELAY */
    struct fh_dialer *dialer;
    struct fh_session *session;
    struct fh_buf reply; /* the frame that came back */
    bool done;
};

static void on_relayed(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    struct inner *inner = user;
    inner->done = true;
    if (err != NULL) {
        fail_msg("%s", err->text);
    }
    fh_buf_reset(&inner->reply);
    fh_buf_add_bytes(&inner->reply, fh_pack_read_bin(fields, FH_FRAME_REPLY_BYTES_MAX));
}

static void on_direct(struct fh_message *reply, const struct fh_err *err, void *user)
{
    struct inner *inner = user;
    inner->done = true;
    assert_null(err);
    fh_buf_reset(&inner->reply);
    fh_buf_add_bytes(&inner->reply, fh_message_bytes(reply));
    fh_message_free(reply);
}

/* Sends a frame of the inner session and waits for the one that answers it. */
static struct fh_frame exchange(struct inner *inner, struct fh_bytes frame)
{
    struct mesh *m = inner->m;
    struct fh_peer_target target = {.address = m->server.address};
    inner->done = false;
    if (inner->direct) {
        struct fh_message *message = fh_message_copy(frame);
        assert_int_equal(
            fh_dialer_request(inner->dialer, message, WAIT_MS, on_direct, inner, NULL, NULL), 0);
    } else {
        struct fh_buf request;
        fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
        fh_msg_relay_request(&request, &m->server.node, frame);
        fh_peers_ask(m->caller.peers, &target, &request, WAIT_MS, on_relayed, inner);
        fh_buf_fini(&request);
    }
    int64_t last = fh_clock_mono_ms() + WAIT_MS;
    while (!inner->done && fh_clock_mono_ms() < last) {
        fh_loop_run_once(m->loop, 20);
    }
    struct fh_frame parsed;
    assert_true(inner->done);
    assert_int_equal(fh_frame_parse(&parsed, fh_buf_view(&inner->reply), NULL), FH_OK);
    return parsed;
}

static void open_inner(struct inner *inner, struct mesh *m)
{
    *inner = (struct inner){.m = m};
    fh_buf_init(&inner->reply, FH_FRAME_REPLY_BYTES_MAX);
    struct fh_agree_secret ephemeral;
    fh_entropy(&ephemeral, sizeof ephemeral);
    struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    const struct fh_session_self *self = fh_identity_self(m->caller.identity, fh_clock_wall_ms());
    int64_t now = fh_clock_mono_ms();
    assert_int_equal(fh_session_start(&inner->session, self, &ephemeral, now, &out, NULL), FH_OK);
    struct fh_frame frame = exchange(inner, fh_buf_view(&out));
    assert_int_equal(fh_session_identify(inner->session, &frame, now, NULL), FH_OK);
    fh_buf_reset(&out);
    self = fh_identity_self(m->caller.identity, fh_clock_wall_ms());
    assert_int_equal(fh_session_accept(inner->session, self, FH_BYTES_NONE, now, &out, NULL),
                     FH_OK);
    frame = exchange(inner, fh_buf_view(&out));
    fh_buf_reset(&out);
    assert_int_equal(fh_session_confirm(inner->session, &frame, now, &out, NULL), FH_OK);
    fh_buf_fini(&out);
}

static void close_inner(struct inner *inner)
{
    fh_session_unref(inner->session);
    fh_buf_fini(&inner->reply);
}

/* Asks by the inner session: the refusal that comes back, or that the frame was rejected. */
static struct end ask_inner(struct inner *inner, const struct fh_buf *request)
{
    struct fh_buf sealed;
    struct fh_session_binding binding;
    size_t size = fh_session_frame_bytes(request->size);
    uint8_t *bytes = fh_alloc(size);
    struct fh_err err;
    fh_buf_init(&sealed, size);
    assert_int_equal(
        fh_session_seal_request(
            inner->session, fh_buf_view(request), fh_clock_mono_ms(), bytes, &binding, NULL),
        FH_OK);
    struct fh_frame frame = exchange(inner, fh_bytes(bytes, size));
    fh_free(bytes);
    fh_buf_fini(&sealed);
    struct end end = {.done = true, .code = FH_OK};
    if (frame.type == FH_FRAME_REJECT) {
        end.code = frame.code;
        snprintf(end.rule, sizeof end.rule, "rejected");
        return end;
    }
    uint8_t *plain = fh_alloc(fh_session_plaintext_bytes(&frame));
    struct fh_pack_reader fields;
    assert_int_equal(
        fh_session_open_reply(inner->session, &frame, &binding, fh_clock_mono_ms(), plain, NULL),
        FH_OK);
    end.code = fh_msg_answer(&fields,
                             fh_bytes(plain, fh_session_plaintext_bytes(&frame)),
                             FH_FRAME_REPLY_BYTES_MAX,
                             &err);
    snprintf(end.rule, sizeof end.rule, "%s", end.code != FH_OK ? err.rule : "");
    fh_free(plain);
    return end;
}

static void test_a_relay_carries_no_other_relay(void **state)
{
    (void)state;
    struct mesh *m = pair_set_up(NODE);
    struct inner inner;
    open_inner(&inner, m);
    struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_begin(&request, FH_MSG_PEERS, 0);
    struct end end = ask_inner(&inner, &request); /* an inner session works */
    pair_expect(&end, FH_OK, "");
    assert_int_equal(m->server.last_code, FH_MSG_PEERS);
    fh_buf_reset(&request);
    fh_msg_relay_request(&request, &m->server.node, fh_bytes_cstr("a frame in a frame"));
    end = ask_inner(&inner, &request);
    pair_expect(&end, FH_EDENIED, "relay.nested");
    fh_buf_fini(&request);
    close_inner(&inner);
    pair_tear_down(m);
}

static void test_a_session_stays_on_its_way(void **state)
{
    (void)state;
    struct mesh *m = pair_set_up(NODE);
    struct inner inner;
    open_inner(&inner, m);
    assert_int_equal(fh_dialer_open(&inner.dialer, m->caller.link, m->server.address, NULL), 0);
    inner.direct = true;
    unsigned asked = m->server.asked;
    struct fh_buf request;
    fh_buf_init(&request, 64);
    fh_msg_begin(&request, FH_MSG_PEERS, 0);
    struct end end = ask_inner(&inner, &request);
    pair_expect(&end, FH_ENOTFOUND, "rejected");
    assert_int_equal(m->server.asked, asked);
    inner.direct = false; /* and is there still where it was made */
    end = ask_inner(&inner, &request);
    pair_expect(&end, FH_OK, "");
    fh_buf_fini(&request);
    fh_dialer_close(inner.dialer);
    close_inner(&inner);
    pair_tear_down(m);
}

static bool note_hearer(struct fh_question *question, void *user)
{
    *(struct fh_hearer *)user = fh_question_hearer(question);
    return false;
}

/* The relay's word ends the hearing of a session that was made through it, until that speaks again;
 * nobody else's does. */
static void test_the_relay_tells_who_hung_up(void **state)
{
    (void)state;
    struct mesh *m = pair_set_up(NODE);
    struct inner inner;
    struct fh_hearer hearer = {.questions = NULL};
    struct fh_buf request;
    m->server.answer = note_hearer;
    m->server.user = &hearer;
    open_inner(&inner, m);
    fh_buf_init(&request, 64);
    fh_msg_begin(&request, FH_MSG_PEERS, 0);
    struct end end = ask_inner(&inner, &request);
    pair_expect(&end, FH_OK, "");
    assert_int_not_equal(hearer.relayed, 0);
    const struct {
        struct fh_node_id relay;
        uint64_t session;
        bool stands;
    } rows[] = {
        {m->server.node, hearer.relayed, true},
        {{{0}}, hearer.relayed, true},
        {m->caller.node, hearer.relayed + 1, true},
        {m->caller.node, 0, true},
        {m->caller.node, hearer.relayed, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        fh_questions_hung_up(m->server.questions, &rows[i].relay, rows[i].session);
        assert_int_equal(fh_hearer_stands(&hearer), rows[i].stands);
    }
    end = ask_inner(&inner, &request);
    pair_expect(&end, FH_OK, "");
    assert_true(fh_hearer_stands(&hearer));
    fh_buf_fini(&request);
    close_inner(&inner);
    pair_tear_down(m);
}

/* ---- refusals ---- */

static struct fh_err told; /* what the handler of the next test refuses with */

static void refuse_all(struct fh_question *question, void *user)
{
    (void)user;
    fh_question_refuse(question, &told);
}

static void on_refusal(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    assert_null(fields);
    struct fh_err *out = user;
    *out = *err;
}

static void test_refusals_tell_no_paths(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *rule;
        bool told;
    } rows[] = {
        {FH_EDENIED, "access.denied", true},
        {FH_EIO, "source.unavailable", true},
        {FH_EIO, "store.failed", false},
        {FH_EIO, "", false},
        {FH_ENOMEM, "", false},
        {FH_EINTERNAL, "", false},
    };
    struct mesh *m = pair_set_up(NODE);
    fh_questions_free(m->server.questions);
    struct fh_questions_options options = {.loop = m->loop,
                                           .identity = m->server.identity,
                                           .dir = m->server.dir,
                                           .ask = refuse_all,
                                           .user = &m->server};
    assert_int_equal(fh_questions_new(&m->server.questions, &options, NULL), FH_OK);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        fh_err_rule(&told, rows[i].code, rows[i].rule, "/secret/path is full");
        struct fh_err got = {.code = FH_OK};
        struct fh_peer_target target = {.address = m->server.address};
        struct fh_buf request;
        fh_buf_init(&request, 64);
        fh_msg_begin(&request, FH_MSG_PEERS, 0);
        fh_peers_ask(m->caller.peers, &target, &request, WAIT_MS, on_refusal, &got);
        fh_buf_fini(&request);
        int64_t last = fh_clock_mono_ms() + WAIT_MS;
        while (got.code == FH_OK && fh_clock_mono_ms() < last) {
            fh_loop_run_once(m->loop, 20);
        }
        assert_int_equal(got.code, rows[i].code);
        assert_string_equal(got.rule, rows[i].rule);
        assert_int_equal(strstr(got.text, "/secret/path") != NULL, rows[i].told);
    }
    pair_tear_down(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_reaches_the_handler),
        cmocka_unit_test(test_another_node_there_is_not_asked),
        cmocka_unit_test(test_a_stranger_there_answers_guests_only),
        cmocka_unit_test(test_a_stream_stays_in_its_session),
        cmocka_unit_test(test_a_revoked_caller_is_refused_and_its_session_ends),
        cmocka_unit_test(test_a_revoked_node_is_not_asked_any_more),
        cmocka_unit_test(test_a_relay_carries_no_other_relay),
        cmocka_unit_test(test_a_session_stays_on_its_way),
        cmocka_unit_test(test_the_relay_tells_who_hung_up),
        cmocka_unit_test(test_refusals_tell_no_paths),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
