/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client library against a node that keeps the protocol and against ones that lie: three homes
 * (aviation began the mesh, wildlife and geology joined), the node of aviation as entry peer.
 */
#include "common/prng.h"
#include "common/time.h"
#include "proto/query/receipt_file.h"
#include "proto/wire/envelope.h"
#include "tests/unit/tools/client_world.h"
#include "tests/unit/tools/scripted_peer.h"
#include "tools/client/freehold.h"
#include "tools/client/notices.h"
#include "tools/client/plans.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct scripted_peer *
start_peer_of(struct world *world, unsigned home, enum lie lie, bool remote, unsigned batches)
{
    struct scripted_peer *peer = calloc(1, sizeof *peer);
    assert_non_null(peer);
    scripted_node_open(&peer->entry, world->actors[home]);
    scripted_node_open(&peer->owner, world->actors[GEOLOGY]);
    peer->lie = lie;
    peer->owner_is_remote = remote;
    peer->batches = batches;
    peer->mesh = &world->actors[AVIATION]->mesh;
    peer->directory = world->directory;
    peer->stranger = &world->actors[STRANGER]->domain;
    scripted_peer_start(peer);
    return peer;
}

static struct scripted_peer *start_peer(struct world *world, enum lie lie, bool remote)
{
    return start_peer_of(world, AVIATION, lie, remote, 5);
}

static void stop_peer(struct scripted_peer *peer)
{
    scripted_peer_stop(peer);
    free(peer);
}

/* Everything that a consumer does, up to the first failure. */
struct outcome {
    int code;
    struct freehold_error error;
    uint64_t rows;
    int64_t sum;
    struct freehold_summary summary;
    bool file_verified;
    size_t planned_notices; /* before the first row */
    size_t notice_count;
    struct freehold_notice notice;
    size_t told_waived; /* before the first row */
    size_t waived_count;
    struct freehold_waived waived;
};

static void
verify_file(struct world *world, struct freehold_result *result, struct outcome *outcome)
{
    const void *data = NULL;
    size_t size = 0;
    struct fh_err err = {0};
    assert_int_equal(freehold_result_receipt(result, &data, &size, &outcome->error), FREEHOLD_OK);
    struct fh_receipt_file *file = calloc(1, sizeof *file);
    struct fh_receipt_verdict *verdict = calloc(1, sizeof *verdict);
    assert_non_null(file);
    assert_non_null(verdict);
    assert_int_equal(fh_receipt_file_parse(file, fh_bytes(data, size), &err), FH_OK);
    if (fh_receipt_file_verify(
            verdict, file, &world->actors[AVIATION]->mesh, &fh_verifier_plain, &err) != FH_OK) {
        fail_msg("receipt file: %s (%s)", err.text, err.rule);
    }
    outcome->file_verified = true;
    free(file);
    free(verdict);
}

static struct outcome
consume(struct world *world, const struct scripted_peer *peer, const char *sql)
{
    struct outcome outcome = {.error = FREEHOLD_ERROR_INIT,
                              .summary = {.size = sizeof outcome.summary}};
    struct freehold_client *client = NULL;
    struct freehold_result *result = NULL;
    outcome.code = freehold_open(&client, world->homes[WILDLIFE], peer->address, &outcome.error);
    if (outcome.code == FREEHOLD_OK) {
        outcome.code = freehold_query(&result, client, sql, NULL, &outcome.error);
    }
    if (outcome.code == FREEHOLD_OK) {
        outcome.planned_notices = freehold_result_notice_count(result);
        outcome.told_waived = freehold_result_waived_count(result);
    }
    while (outcome.code == FREEHOLD_OK &&
           freehold_result_next(result, &outcome.error, &outcome.code)) {
        outcome.rows++;
        outcome.sum += freehold_result_int(result, 0);
    }
    if (result != NULL) {
        freehold_result_summary(result, &outcome.summary);
        outcome.notice_count = freehold_result_notice_count(result);
        outcome.waived_count = freehold_result_waived_count(result);
    }
    if (outcome.waived_count > 0) {
        outcome.waived.size = sizeof outcome.waived;
        freehold_result_waived(result, 0, &outcome.waived);
    }
    if (outcome.notice_count > 0) {
        outcome.notice.size = sizeof outcome.notice;
        freehold_result_notice(result, 0, &outcome.notice);
    }
    if (outcome.code == FREEHOLD_OK) {
        verify_file(world, result, &outcome);
    }
    freehold_result_close(result);
    freehold_close(client);
    return outcome;
}

/* ---- honest ---- */

static void test_honest(void **state)
{
    struct world *world = *state;
    static const char *const sql[] = {"SELECT n FROM aviation.flights",
                                      "SELECT n FROM Geology.Flights"};
    for (unsigned remote = 0; remote < 2; remote++) {
        struct scripted_peer *peer = start_peer(world, LIE_NONE, remote == 1);
        struct outcome outcome = consume(world, peer, sql[remote]);
        if (outcome.code != FREEHOLD_OK) {
            fail_msg("%s (%s)", outcome.error.text, outcome.error.rule);
        }
        assert_int_equal(outcome.rows, 10);
        assert_int_equal(outcome.sum, 45);
        assert_int_equal(outcome.summary.rows, 10);
        assert_int_equal(outcome.summary.batches, 5);
        assert_int_equal(outcome.summary.relayed, remote);
        assert_false(outcome.summary.joined);
        assert_string_equal(outcome.summary.owner,
                            client_world_names[remote == 1 ? GEOLOGY : AVIATION]);
        assert_int_equal(strncmp(outcome.summary.receipt, "fhr1", 4), 0);
        assert_true(outcome.file_verified);
        assert_int_equal(peer->relayed > 0, remote);
        assert_int_equal(peer->cancelled, 0);
        /* Never further ahead than the window. */
        assert_true(peer->next_asked <= peer->batches + FH_QUERY_WINDOW);
        stop_peer(peer);
    }
}

/* Whole columns, of batches in two encodings, also mixed with rows. */
static void test_batches(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer(world, LIE_NONE, true);
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *client = NULL;
    struct freehold_result *result = NULL;
    int code = freehold_open(&client, world->homes[WILDLIFE], peer->address, &error);
    assert_int_equal(code, FREEHOLD_OK);
    for (unsigned rows_before = 0; rows_before < 4; rows_before++) {
        int64_t expected = 0;
        size_t rows = 0;
        code = freehold_query(&result, client, "SELECT n FROM Geology.Flights", NULL, &error);
        assert_int_equal(code, FREEHOLD_OK);
        for (unsigned i = 0; i < rows_before; i++) {
            assert_true(freehold_result_next(result, &error, &code));
            assert_int_equal(freehold_result_int(result, 0), i);
            expected = (i + 1 + 1) / 2 * 2; /* the rest of a batch is passed over */
        }
        while (freehold_result_next_batch(result, &rows, &error, &code)) {
            for (unsigned again = 0; again < 2; again++) {
                struct freehold_vector vector = {.size = sizeof vector};
                code =
                    freehold_result_vector(result, 0, FREEHOLD_VECTOR_DICTIONARY, &vector, &error);
                assert_int_equal(code, FREEHOLD_OK);
                assert_string_equal(vector.format, "l");
                assert_int_equal(vector.rows, rows);
                assert_int_equal(vector.data_size, rows * sizeof(int64_t));
                assert_int_equal((uintptr_t)vector.data % 64, 0);
                assert_null(vector.validity);
                assert_null(vector.offsets);
                assert_int_equal(vector.entries, 0);
                const int64_t *values = vector.data;
                for (size_t i = 0; i < rows; i++) {
                    assert_int_equal(values[i], expected + (int64_t)i);
                }
            }
            expected += (int64_t)rows;
        }
        assert_int_equal(code, FREEHOLD_OK);
        assert_int_equal(expected, 10);
        assert_false(freehold_result_next(result, &error, &code));
        freehold_result_close(result);
    }
    freehold_close(client);
    stop_peer(peer);
}

/* ---- a relay that meddles ---- */

enum meddling {
    MEDDLE_FLIP,      /* a bit, anywhere */
    MEDDLE_FLIP_HEAD, /* a bit of version, type, session or counter */
    MEDDLE_FLIP_TAG,
    MEDDLE_TRUNCATE,
    MEDDLE_EXTEND,
    MEDDLE_EMPTY,
    MEDDLE_REPEAT, /* the frame before once more: also one after the end, or in its place */
    MEDDLE_SKIP,   /* the one after, of an earlier answer */
    MEDDLE_STALE,  /* the same frame of an earlier answer to the same SQL */
    MEDDLE_REJECT, /* a hint of its own making */
    MEDDLE_NOISE,  /* a frame's head, and noise behind it */
    MEDDLE_COUNT
};

enum {
    QUERY_FRAME = 2,
    MEDDLED_FRAMES = 9
}; /* two of the handshake, one of the query, five batches, the end */

enum { ORDERED, AT_WORK, DONE };

struct meddler {
    enum meddling how;
    unsigned at;
    struct fh_prng prng;
    /* Frames of an answer that broke off may still be on their way: an order holds from the next
     * handshake on. */
    atomic_int state;
    struct fh_buf before[2][MEDDLED_FRAMES + 1]; /* of this answer and of the one before it */
    unsigned turn;
};

/* By the order in which the owner sealed them: message 2, then replies by their counter. */
static unsigned frame_number(const struct fh_buf *bytes)
{
    struct fh_frame frame;
    if (fh_frame_parse(&frame, fh_buf_view(bytes), NULL) != FH_OK ||
        frame.counter >= MEDDLED_FRAMES) {
        return MEDDLED_FRAMES;
    }
    return frame.type == FH_FRAME_REPLY ? 1 + (unsigned)frame.counter : 0;
}

static void put(struct fh_buf *out, const struct fh_buf *from)
{
    fh_buf_reset(out);
    fh_buf_add_bytes(out, fh_buf_view(from));
}

static void meddle_with(struct meddler *m, struct fh_buf *frame)
{
    struct fh_prng *prng = &m->prng;
    size_t at = fh_prng_below(prng, frame->size);
    switch (m->how) {
    case MEDDLE_FLIP_HEAD:
        at %= FH_FRAME_HEADER_BYTES;
        frame->data[at] ^= (uint8_t)(1U << fh_prng_below(prng, 8));
        break;
    case MEDDLE_FLIP_TAG:
        at = frame->size - 1 - at % FH_AEAD_TAG_BYTES;
        frame->data[at] ^= (uint8_t)(1U << fh_prng_below(prng, 8));
        break;
    case MEDDLE_FLIP:
        frame->data[at] ^= (uint8_t)(1U << fh_prng_below(prng, 8));
        break;
    case MEDDLE_TRUNCATE:
        frame->size = at;
        break;
    case MEDDLE_EXTEND:
        for (size_t i = 0; i <= at % 40; i++) {
            fh_buf_add_u8(frame, (uint8_t)fh_prng_below(prng, 256));
        }
        break;
    case MEDDLE_EMPTY:
        frame->size = 0;
        break;
    case MEDDLE_REPEAT:
        put(frame, &m->before[m->turn][m->at == 0 ? MEDDLED_FRAMES : m->at - 1]);
        break;
    case MEDDLE_SKIP:
        put(frame, &m->before[!m->turn][m->at + 1]);
        break;
    case MEDDLE_STALE:
        put(frame, &m->before[!m->turn][m->at]);
        break;
    case MEDDLE_REJECT:
        fh_buf_reset(frame);
        fh_frame_reject(frame, 1 + (int)fh_prng_below(prng, 22));
        break;
    case MEDDLE_NOISE:
        for (size_t i = FH_FRAME_HEADER_BYTES; i < frame->size; i++) {
            frame->data[i] = (uint8_t)fh_prng_below(prng, 256);
        }
        break;
    case MEDDLE_COUNT:
        break;
    }
}

/* The peer's thread. */
static void meddle(void *user, struct fh_buf *frame)
{
    struct meddler *m = user;
    unsigned number = frame_number(frame);
    if (number == 0) {
        m->turn ^= 1; /* another answer */
        atomic_fetch_add(&m->state, atomic_load(&m->state) == ORDERED ? AT_WORK : 0);
    }
    if (number < MEDDLED_FRAMES) {
        put(&m->before[m->turn][number], frame);
    }
    if (atomic_load(&m->state) == AT_WORK && number == m->at) {
        atomic_store(&m->state, DONE);
        meddle_with(m, frame);
    }
}

/* A thousand answers through a relay that does something to one frame of each: never is it taken
 * for the owner's. Every tenth passes an honest relay, and is whole. */
static void test_meddling_relay(void **state)
{
    enum { ROUNDS = 1000 };
    struct world *world = *state;
    struct scripted_peer *peer = start_peer(world, LIE_NONE, true);
    static struct meddler meddler;
    unsigned tried[MEDDLE_COUNT] = {0};
    unsigned asked_again = 0;
    for (unsigned i = 0; i < 2 * (MEDDLED_FRAMES + 1); i++) {
        fh_buf_init(&meddler.before[i / (MEDDLED_FRAMES + 1)][i % (MEDDLED_FRAMES + 1)],
                    FH_FRAME_REPLY_BYTES_MAX);
    }
    fh_prng_init(&meddler.prng, 4);
    peer->meddle_user = &meddler;
    peer->meddle = meddle;
    for (unsigned i = 0; i < ROUNDS + ROUNDS / 10; i++) {
        meddler.how = (enum meddling)fh_prng_below(&meddler.prng, MEDDLE_COUNT);
        meddler.at = (unsigned)fh_prng_below(&meddler.prng, MEDDLED_FRAMES);
        bool honest = i < 2 || i % 11 == 0;
        atomic_store(&meddler.state, honest ? DONE : ORDERED);
        struct outcome outcome = consume(world, peer, "SELECT n FROM Geology.Flights");
        if (honest) {
            assert_int_equal(outcome.code, FREEHOLD_OK);
            assert_int_equal(outcome.rows, 10);
            continue;
        }
        tried[meddler.how]++;
        /* A session that is said to be forgotten is opened anew, and asked once more when nothing
         * of the answer was there: the second is the owner's, whole. */
        if (meddler.how == MEDDLE_REJECT && meddler.at == QUERY_FRAME &&
            outcome.code == FREEHOLD_OK) {
            assert_int_equal(outcome.rows, 10);
            assert_true(outcome.file_verified);
            asked_again++;
            continue;
        }
        if (outcome.code == FREEHOLD_OK || outcome.file_verified ||
            atomic_load(&meddler.state) != DONE) {
            fail_msg("round %u: way %d at frame %u passed", i, (int)meddler.how, meddler.at);
        }
        /* What came before it is a true beginning. */
        assert_in_range(outcome.rows, 0, 10);
        assert_int_equal(outcome.sum,
                         outcome.rows == 0 ? 0 : outcome.rows * (outcome.rows - 1) / 2);
    }
    for (unsigned i = 0; i < MEDDLE_COUNT; i++) {
        assert_true(tried[i] > 30);
    }
    assert_in_range(asked_again, 1, tried[MEDDLE_REJECT] / 3);
    stop_peer(peer);
    for (unsigned i = 0; i < 2 * (MEDDLED_FRAMES + 1); i++) {
        fh_buf_fini(&meddler.before[i / (MEDDLED_FRAMES + 1)][i % (MEDDLED_FRAMES + 1)]);
    }
}

/* What the owner signs counts, of what was asked for, whatever the entry peer said. */
static void test_notices(void **state)
{
    struct world *world = *state;
    for (unsigned remote = 0; remote < 2; remote++) {
        struct scripted_peer *peer = start_peer(world, LIE_PLAN_SILENT, remote == 1);
        struct outcome outcome = consume(world,
                                         peer,
                                         remote == 1 ? "SELECT n FROM geology.flights"
                                                     : "SELECT n FROM aviation.flights");
        if (outcome.code != FREEHOLD_OK) {
            fail_msg("%s (%s)", outcome.error.text, outcome.error.rule);
        }
        const char *owner = client_world_names[remote == 1 ? GEOLOGY : AVIATION];
        char successor[FH_SUCCESSOR_BYTES_MAX + 1];
        snprintf(successor, sizeof successor, "%s/flights@2", owner);
        assert_int_equal(outcome.planned_notices, 0);
        assert_int_equal(outcome.notice_count, 1);
        assert_string_equal(outcome.notice.domain_name, owner);
        assert_string_equal(outcome.notice.product, "flights");
        assert_string_equal(outcome.notice.version, "1.0.0");
        assert_string_equal(outcome.notice.status, "deprecated");
        assert_string_equal(outcome.notice.successor, successor);
        assert_true(outcome.notice.sunset_ms == 1806537599999);
        assert_true(outcome.file_verified);
        stop_peer(peer);
    }
}

/* A waiver is told before the rows; one that only the receipt names comes to light at the end. */
static void test_waived(void **state)
{
    static const struct {
        enum waived waived;
        size_t told;
        const char *policy, *rule, *whom;
    } rows[] = {
        {WAIVED_TOLD, 1, "personal", "mask[0]", "one domain"},
        {WAIVED_HUSHED_UP, 0, "", "", "unknown"},
    };
    struct world *world = *state;
    struct scripted_peer *peer = start_peer(world, LIE_NONE, false);
    assert_int_equal(consume(world, peer, "SELECT n FROM aviation.flights").waived_count, 0);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        peer->waived = rows[i].waived;
        struct outcome outcome = consume(world, peer, "SELECT n FROM aviation.flights");
        if (outcome.code != FREEHOLD_OK) {
            fail_msg("%s (%s)", outcome.error.text, outcome.error.rule);
        }
        assert_int_equal(outcome.told_waived, rows[i].told);
        assert_int_equal(outcome.waived_count, 1);
        assert_string_equal(outcome.waived.domain_name, "aviation");
        assert_string_equal(outcome.waived.product, "flights");
        assert_string_equal(outcome.waived.version, "1.0.0");
        assert_string_equal(outcome.waived.policy, rows[i].policy);
        assert_string_equal(outcome.waived.rule, rows[i].rule);
        assert_string_equal(outcome.waived.whom, rows[i].whom);
        assert_true(outcome.waived.break_glass && outcome.waived.until_ms == 1806537599999);
        assert_string_equal(outcome.waived.waiver, outcome.notice.waiver);
    }
    peer->waived = WAIVED_ELSEWHERE;
    struct outcome outcome = consume(world, peer, "SELECT n FROM aviation.flights");
    assert_int_equal(outcome.code, FREEHOLD_EPROTO);
    assert_string_equal(outcome.error.rule, "message.form");
    stop_peer(peer);
}

static void test_empty_answer(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer_of(world, AVIATION, LIE_NONE, false, 0);
    struct outcome outcome = consume(world, peer, "SELECT n FROM aviation.flights");
    assert_int_equal(outcome.code, FREEHOLD_OK);
    assert_int_equal(outcome.rows, 0);
    assert_true(outcome.file_verified);
    stop_peer(peer);
}

static void test_status(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer(world, LIE_NONE, false);
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    assert_int_equal(freehold_open(&client, world->homes[WILDLIFE], peer->address, &error),
                     FREEHOLD_OK);
    struct freehold_status status = {.size = sizeof status};
    assert_int_equal(freehold_status(client, &status, &error), FREEHOLD_OK);
    assert_string_equal(status.domain_name, "aviation");
    assert_string_equal(status.version, "9.9.9");
    assert_int_equal(status.products, 3);
    /* A caller that was built with an older, shorter struct keeps what lies behind it. */
    struct freehold_status old;
    memset(&old, 0x5A, sizeof old);
    old.size = offsetof(struct freehold_status, version);
    assert_int_equal(freehold_status(client, &old, &error), FREEHOLD_OK);
    assert_string_equal(old.domain_name, "aviation");
    assert_int_equal(old.version[0], 0x5A);
    assert_true(old.products == UINT64_C(0x5A5A5A5A5A5A5A5A));
    freehold_close(client);
    stop_peer(peer);
}

/* Closing a result early tells the producer. */
static void test_cancel(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer_of(world, AVIATION, LIE_NONE, false, 100);
    struct freehold_client *client = NULL;
    struct freehold_result *result = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    const void *data = NULL;
    size_t size = 0;
    int code = FREEHOLD_OK;
    assert_int_equal(freehold_open(&client, world->homes[WILDLIFE], peer->address, &error),
                     FREEHOLD_OK);
    assert_int_equal(
        freehold_query(&result, client, "SELECT n FROM aviation.flights", NULL, &error),
        FREEHOLD_OK);
    assert_true(freehold_result_next(result, &error, &code));
    assert_int_equal(freehold_result_receipt(result, &data, &size, &error), FREEHOLD_ESTATE);
    freehold_result_close(result);
    assert_int_equal(peer->cancelled, 1);
    assert_true(peer->next_asked <= 1 + FH_QUERY_WINDOW);
    /* The session is good for the next question. */
    struct freehold_status status = {.size = sizeof status};
    assert_int_equal(freehold_status(client, &status, &error), FREEHOLD_OK);
    freehold_close(client);
    stop_peer(peer);
}

/* A call that waits ends when another thread says so, once, and the client goes on. */
static void test_interrupt(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer_of(world, AVIATION, LIE_NONE, false, 100);
    struct freehold_client *client = NULL;
    struct freehold_result *result = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_status status = {.size = sizeof status};
    int code = FREEHOLD_OK;
    assert_int_equal(freehold_open(&client, world->homes[WILDLIFE], peer->address, &error),
                     FREEHOLD_OK);
    assert_int_equal(
        freehold_query(&result, client, "SELECT n FROM aviation.flights", NULL, &error),
        FREEHOLD_OK);
    assert_true(freehold_result_next(result, &error, &code));
    freehold_interrupt(client);
    freehold_interrupt(client);
    while (freehold_result_next(result, &error, &code)) {
    }
    assert_int_equal(code, FREEHOLD_ECANCELLED);
    assert_int_equal(peer->cancelled, 1);
    freehold_result_close(result);
    freehold_interrupt(client);
    assert_int_equal(freehold_status(client, &status, &error), FREEHOLD_ECANCELLED);
    freehold_interrupt(client);
    freehold_interrupt_forget(client);
    freehold_interrupt_forget(client);
    assert_int_equal(freehold_status(client, &status, &error), FREEHOLD_OK);
    freehold_close(client);
    stop_peer(peer);
}

/* ---- liars ---- */

static const struct {
    enum lie lie;
    bool remote;
    int code;
    const char *rule;
} liars[] = {
    {LIE_NO_RECEIPT, false, FREEHOLD_EINCOMPLETE, "receipt.missing"},
    {LIE_NO_RECEIPT, true, FREEHOLD_EINCOMPLETE, "receipt.missing"},
    {LIE_FEWER_ROWS, false, FREEHOLD_EINCOMPLETE, "receipt.rows"},
    {LIE_MORE_ROWS, false, FREEHOLD_EINCOMPLETE, "receipt.rows"},
    {LIE_OTHER_REQUEST, false, FREEHOLD_ESIG, "receipt.request"},
    {LIE_OTHER_TAGS, true, FREEHOLD_ESIG, "receipt.tags"},
    {LIE_MEMBER_SIGNS, false, FREEHOLD_ESIG, "record.signer.role"},
    {LIE_BAD_SIGNATURE, false, FREEHOLD_ESIG, "record.signature"},
    {LIE_EARLY_END, false, FREEHOLD_EINCOMPLETE, "receipt.outcome"},
    {LIE_BROKEN_BATCH, false, FREEHOLD_EPROTO, NULL},
    {LIE_OTHER_COLUMNS, false, FREEHOLD_EPROTO, "batch.columns"},
    {LIE_DENIED, false, FREEHOLD_EDENIED, "query.access"},
    {LIE_DENIED, true, FREEHOLD_EDENIED, "query.access"},
    {LIE_FAILS_MIDWAY, true, FREEHOLD_ETOOBIG, "query.rows"},
    {LIE_DIES_MIDWAY, false, FREEHOLD_EINCOMPLETE, "answer.incomplete"},
    {LIE_DIES_MIDWAY, true, FREEHOLD_EINCOMPLETE, "answer.incomplete"},
    {LIE_PLAN_DOMAIN, false, FREEHOLD_ESIG, "plan.domain"},
    {LIE_PLAN_DOMAIN, true, FREEHOLD_ESIG, "plan.domain"},
    {LIE_PLAN_TABLE, false, FREEHOLD_ESIG, "plan.table"},
    {LIE_PLAN_MORE, true, FREEHOLD_ESIG, "plan.table"},
    {LIE_PLAN_NOTHING, true, FREEHOLD_ESIG, "plan.table"},
    {LIE_PLAN_STRANGER, false, FREEHOLD_ESIG, "domain.not_admitted"},
    {LIE_PLAN_UNREACHABLE, true, FREEHOLD_EUNREACH, "product.unreachable"},
    {LIE_RELAY_FLIPS, true, FREEHOLD_ESIG, "session.forged"},
    {LIE_RELAY_OTHER, true, FREEHOLD_ESIG, "session.peer.other"},
    {LIE_GARBAGE, false, FREEHOLD_EVERSION, NULL},
    {LIE_SILENT_PEER, false, FREEHOLD_EBUSY, "session.refused"},
};

static void test_liars(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < FH_COUNT(liars); i++) {
        struct scripted_peer *peer = start_peer(world, liars[i].lie, liars[i].remote);
        const char *sql = liars[i].remote ? "SELECT n, 'aviation.flights' FROM geology.flights"
                                          : "SELECT n FROM aviation.flights";
        struct outcome outcome = consume(world, peer, sql);
        bool rule_fits = liars[i].rule == NULL || strcmp(liars[i].rule, outcome.error.rule) == 0;
        if (outcome.code != liars[i].code || !rule_fits) {
            fail_msg("row %zu: code %d, rule %s: %s",
                     i,
                     outcome.code,
                     outcome.error.rule,
                     outcome.error.text);
        }
        assert_int_equal(outcome.error.code, outcome.code);
        assert_true(outcome.error.text[0] != 0);
        assert_string_equal(outcome.summary.receipt, "");
        stop_peer(peer);
    }
}

/* ---- answers that come at once ---- */

static const struct {
    const char *name;
    enum lie lie;
    unsigned batches;
    int code;
    const char *rule;
} at_once[] = {
    {"whole", LIE_NONE, 1, FREEHOLD_OK, ""},
    {"first batch of three", LIE_NONE, 3, FREEHOLD_OK, ""},
    {"other bytes than signed", LIE_OTHER_TAGS, 1, FREEHOLD_ESIG, "receipt.tags"},
    {"other bytes, in part", LIE_OTHER_TAGS, 3, FREEHOLD_ESIG, "receipt.tags"},
    {"fewer rows", LIE_FEWER_ROWS, 1, FREEHOLD_EINCOMPLETE, "receipt.rows"},
    {"another request", LIE_OTHER_REQUEST, 1, FREEHOLD_ESIG, "receipt.request"},
    {"signed by a member", LIE_MEMBER_SIGNS, 1, FREEHOLD_ESIG, "record.signer.role"},
    {"a bad signature", LIE_BAD_SIGNATURE, 1, FREEHOLD_ESIG, "record.signature"},
    {"ended early", LIE_EARLY_END, 1, FREEHOLD_EINCOMPLETE, "receipt.outcome"},
    {"no batch", LIE_BROKEN_BATCH, 1, FREEHOLD_EPROTO, NULL},
    {"no receipt", LIE_NO_RECEIPT, 3, FREEHOLD_EINCOMPLETE, "receipt.missing"},
};

static void test_at_once(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < FH_COUNT(at_once) * 2; i++) {
        size_t row = i / 2;
        bool remote = i % 2 == 1;
        struct scripted_peer *peer =
            start_peer_of(world, AVIATION, at_once[row].lie, remote, at_once[row].batches);
        peer->inlines = true;
        struct outcome outcome =
            consume(world,
                    peer,
                    remote ? "SELECT n FROM geology.flights" : "SELECT n FROM aviation.flights");
        if (outcome.code != at_once[row].code ||
            (at_once[row].rule != NULL && strcmp(at_once[row].rule, outcome.error.rule) != 0)) {
            fail_msg("%s: code %d, rule %s", at_once[row].name, outcome.code, outcome.error.rule);
        }
        if (outcome.code == FREEHOLD_OK) {
            assert_int_equal(outcome.rows, 2 * at_once[row].batches);
            assert_true(outcome.file_verified);
            assert_int_equal(peer->cancelled, 0);
        }
        stop_peer(peer);
    }
}

static uint64_t rows_of(struct freehold_client *client, const char *sql)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *result = NULL;
    int code = freehold_query(&result, client, sql, NULL, &error);
    uint64_t rows = 0;
    while (code == FREEHOLD_OK && freehold_result_next(result, &error, &code)) {
        rows++;
    }
    if (code != FREEHOLD_OK) {
        fail_msg("%s: %s (%s)", sql, error.text, error.rule);
    }
    freehold_result_close(result);
    return rows;
}

/* A statement like an earlier one is not planned again, until its plan is refused. */
static void test_plans_again(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer_of(world, AVIATION, LIE_NONE, false, 1);
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    peer->inlines = true;
    assert_int_equal(freehold_open(&client, world->homes[WILDLIFE], peer->address, &error),
                     FREEHOLD_OK);
    assert_int_equal(rows_of(client, "SELECT n FROM aviation.flights WHERE n < 3"), 2);
    assert_int_equal(peer->planned, 1);
    assert_int_equal(rows_of(client, "SELECT n FROM aviation.flights WHERE n < 4"), 2);
    assert_int_equal(peer->planned, 1);
    assert_int_equal(rows_of(client, "SELECT n FROM aviation.flights WHERE n > 4"), 2);
    assert_int_equal(peer->planned, 2);
    peer->outdated = 1;
    assert_int_equal(rows_of(client, "SELECT n FROM aviation.flights WHERE n > 5"), 2);
    assert_int_equal(peer->planned, 3);
    /* Once: a peer that always says so is believed. */
    struct freehold_result *result = NULL;
    peer->outdated = 2;
    assert_int_equal(
        freehold_query(&result, client, "SELECT n FROM aviation.flights WHERE n > 6", NULL, &error),
        FREEHOLD_ESTALE);
    assert_string_equal(error.rule, "query.contract.changed");
    assert_int_equal(peer->outdated, 0);
    /* Also when nothing was remembered: the entry peer may not have heard yet. */
    peer->outdated = 1;
    assert_int_equal(rows_of(client, "SELECT 7, n FROM aviation.flights"), 2);
    assert_int_equal(peer->planned, 6);
    freehold_close(client);
    stop_peer(peer);
}

/* An owner that refuses what the entry peer planned is asked for the plan. */
static void test_owner_plans(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer_of(world, AVIATION, LIE_NONE, true, 1);
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    assert_int_equal(freehold_open(&client, world->homes[WILDLIFE], peer->address, &error),
                     FREEHOLD_OK);
    peer->outdated = 1;
    assert_int_equal(rows_of(client, "SELECT n FROM geology.flights"), 2);
    assert_int_equal(peer->planned, 2);
    assert_int_equal(peer->planned_by_owner, 1);
    struct freehold_result *result = NULL;
    peer->outdated = 3;
    assert_int_equal(
        freehold_query(&result, client, "SELECT n + 1 FROM geology.flights", NULL, &error),
        FREEHOLD_ESTALE);
    assert_int_equal(peer->outdated, 1);
    assert_int_equal(peer->planned_by_owner, 2);
    freehold_close(client);
    stop_peer(peer);
}

static int code_of(struct freehold_client *client, const char *sql, struct freehold_error *error)
{
    struct freehold_result *result = NULL;
    int code = freehold_query(&result, client, sql, NULL, error);
    while (code == FREEHOLD_OK && freehold_result_next(result, error, &code)) {
    }
    freehold_result_close(result);
    return code;
}

/* Refused late, as in a join: when the first batch is asked for. */
static void test_refused_late(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer_of(world, AVIATION, LIE_NONE, true, 3);
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    assert_int_equal(freehold_open(&client, world->homes[WILDLIFE], peer->address, &error),
                     FREEHOLD_OK);
    peer->stale_next = 1;
    peer->stale_times = 1;
    assert_int_equal(rows_of(client, "SELECT n FROM geology.flights"), 6);
    assert_int_equal(peer->planned, 2);
    /* An owner that never has enough. */
    peer->stale_times = 1000;
    assert_int_equal(code_of(client, "SELECT n FROM geology.flights", &error), FREEHOLD_ESTALE);
    assert_int_equal(peer->stale_times, 1000 - 2);
    assert_int_equal(peer->planned, 3);
    /* Nothing is asked again behind rows that were given out. */
    peer->stale_next = 2;
    assert_int_equal(code_of(client, "SELECT n FROM geology.flights", &error), FREEHOLD_ESTALE);
    assert_int_equal(peer->planned, 4);
    peer->stale_times = 0;
    assert_int_equal(rows_of(client, "SELECT n FROM geology.flights"), 6);
    freehold_close(client);
    stop_peer(peer);
}

/* A version whose contract is on its way is waited for, not for long. */
static void test_half_known(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer_of(world, AVIATION, LIE_NONE, false, 2);
    struct freehold_client *client = NULL;
    struct freehold_result *result = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    assert_int_equal(freehold_open(&client, world->homes[WILDLIFE], peer->address, &error),
                     FREEHOLD_OK);
    peer->half_known = 2;
    assert_int_equal(rows_of(client, "SELECT n FROM aviation.flights"), 4);
    assert_int_equal(peer->planned, 3);
    peer->outdated = 1;
    peer->half_known = 1;
    assert_int_equal(rows_of(client, "SELECT n FROM aviation.flights"), 4);
    assert_int_equal(peer->planned, 5);
    peer->half_known = 1000;
    const struct freehold_query_options options = {.size = sizeof options, .deadline_ms = 100};
    assert_int_equal(
        freehold_query(&result, client, "SELECT 1 FROM aviation.flights", &options, &error),
        FREEHOLD_EINCOMPLETE);
    assert_string_equal(error.rule, "product.contract.missing");
    assert_in_range(peer->half_known, 1000 - 3, 1000 - 1);
    peer->half_known = 0;
    freehold_close(client);
    stop_peer(peer);
}

/* Several in flight, read in another order than asked, and one that nobody reads. */
static void test_begin(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer_of(world, AVIATION, LIE_NONE, false, 1);
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *results[6] = {NULL};
    peer->inlines = true;
    assert_int_equal(freehold_open(&client, world->homes[WILDLIFE], peer->address, &error),
                     FREEHOLD_OK);
    for (size_t i = 0; i < FH_COUNT(results); i++) {
        assert_int_equal(freehold_query_begin(
                             &results[i], client, "SELECT n FROM aviation.flights", NULL, &error),
                         FREEHOLD_OK);
    }
    for (size_t i = FH_COUNT(results) - 1; i > 0; i--) {
        int code = FREEHOLD_OK;
        unsigned rows = 0;
        while (freehold_result_next(results[i], &error, &code)) {
            rows++;
        }
        assert_int_equal(code, FREEHOLD_OK);
        assert_int_equal(rows, 2);
        freehold_result_close(results[i]);
    }
    freehold_result_close(results[0]);
    assert_int_equal(rows_of(client, "SELECT n FROM aviation.flights"), 2);
    freehold_close(client);
    stop_peer(peer);
}

static const struct {
    const char *sql;
    const char *shape;
} shapes[] = {
    {"SELECT 1", "SELECT 0"},
    {"SELECT 17.25e3 + 'it''s'", "SELECT 0.0e3 + ''"},
    {"SELECT n2 FROM a.b@1x", "SELECT n2 FROM a.b@1x"},
    {"SELECT \"a'1\", '\"', \"x\"\"2\"", "SELECT \"a'1\", '', \"x\"\"2\""},
    {"SELECT 'open", "SELECT ''"},
    {"SELECT 'a' -- '", "SELECT 'a' -- '"},
    {"SELECT /* ' */ 1", "SELECT /* ' */ 1"},
    {"SELECT $$1$$", "SELECT $$1$$"},
    {"SELECT E'\\'1'", "SELECT E'\\'1'"},
    {"SELECT \"open 1", "SELECT \"open 1"},
    {"", ""},
};

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(shapes); i++) {
        struct fh_buf out;
        fh_buf_init(&out, 1024);
        fh_plans_shape(&out, shapes[i].sql);
        assert_string_equal(fh_buf_cstr(&out), shapes[i].shape);
        fh_buf_fini(&out);
    }
}

/* A node with good keys of its own, of a domain that nobody admitted. */
static void test_stranger_as_peer(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer_of(world, STRANGER, LIE_NONE, false, 5);
    struct outcome outcome = consume(world, peer, "SELECT n FROM stranger.flights");
    assert_int_equal(outcome.code, FREEHOLD_ESIG);
    assert_string_equal(outcome.error.rule, "domain.not_admitted");
    stop_peer(peer);
}

static void test_addresses(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *address;
        int code;
    } rows[] = {
        {"", FREEHOLD_EINVAL},
        {"127.0.0.1", FREEHOLD_EINVAL},
        {"127.0.0.1:0", FREEHOLD_EINVAL},
        {"127.0.0.1:99999", FREEHOLD_EINVAL},
        {"::1:7400", FREEHOLD_EINVAL},
        {"127.0.0.1:1", FREEHOLD_EUNREACH},
        {"[::1]:1", FREEHOLD_EUNREACH},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct freehold_client *client = NULL;
        struct freehold_error error = FREEHOLD_ERROR_INIT;
        int code = freehold_open(&client, world->homes[WILDLIFE], rows[i].address, &error);
        if (code != rows[i].code) {
            fail_msg("%s: code %d: %s", rows[i].address, code, error.text);
        }
        assert_null(client);
    }
}

/* A host that drops what it gets: the queue of a listener that nobody empties. */
static void test_black_hole(void **state)
{
    struct world *world = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    int fillers[4];
    for (size_t i = 0; i < FH_COUNT(fillers); i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&address, size);
    }
    char text[64];
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(address.sin_port));
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int64_t began_ms = fh_clock_mono_ms();
    int code = freehold_open(&client, world->homes[WILDLIFE], text, &error);
    int64_t took_ms = fh_clock_mono_ms() - began_ms;
    if (code != FREEHOLD_ETIMEOUT) {
        fail_msg("code %d: %s", code, error.text);
    }
    assert_in_range(took_ms, FH_CONNECT_MS - 100, FH_CONNECT_MS + 5000);
    for (size_t i = 0; i < FH_COUNT(fillers); i++) {
        close(fillers[i]);
    }
    close(listener);
}

static void test_bad_sql(void **state)
{
    struct world *world = *state;
    struct scripted_peer *peer = start_peer(world, LIE_NONE, false);
    struct freehold_client *client = NULL;
    struct freehold_result *result = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    char *huge = malloc(FH_SQL_BYTES_MAX + 2);
    assert_non_null(huge);
    memset(huge, 'x', FH_SQL_BYTES_MAX + 1);
    huge[FH_SQL_BYTES_MAX + 1] = 0;
    assert_int_equal(freehold_open(&client, world->homes[WILDLIFE], peer->address, &error),
                     FREEHOLD_OK);
    assert_int_equal(freehold_query(&result, client, "", NULL, &error), FREEHOLD_EINVAL);
    assert_int_equal(freehold_query(&result, client, "SELECT '\xFF'", NULL, &error),
                     FREEHOLD_EINVAL);
    assert_int_equal(freehold_query(&result, client, huge, NULL, &error), FREEHOLD_ETOOBIG);
    assert_null(result);
    free(huge);
    freehold_close(client);
    stop_peer(peer);
}

static void test_rule_text(void **state)
{
    (void)state;
    char text[FH_NOTICES_RULE_BYTES];
    struct freehold_waived waived = {
        .policy = "agreed", .policy_version = "1.0.0", .rule = "mask[0]", .mesh = true};
    fh_notices_rule_text(text, &waived);
    assert_string_equal(text, "rule mask[0] of mesh policy agreed 1.0.0");
    waived = (struct freehold_waived){.policy = "personal", .policy_version = "2.0.0"};
    fh_notices_rule_text(text, &waived);
    assert_string_equal(text, "all of policy personal 2.0.0");
    waived = (struct freehold_waived){.rule = ""}; /* as a receipt alone tells */
    fh_notices_rule_text(text, &waived);
    assert_string_equal(text, "a rule of a policy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest),         cmocka_unit_test(test_batches),
        cmocka_unit_test(test_meddling_relay), cmocka_unit_test(test_notices),
        cmocka_unit_test(test_waived),         cmocka_unit_test(test_empty_answer),
        cmocka_unit_test(test_status),         cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_interrupt),      cmocka_unit_test(test_liars),
        cmocka_unit_test(test_at_once),        cmocka_unit_test(test_plans_again),
        cmocka_unit_test(test_owner_plans),    cmocka_unit_test(test_half_known),
        cmocka_unit_test(test_refused_late),   cmocka_unit_test(test_begin),
        cmocka_unit_test(test_shapes),         cmocka_unit_test(test_stranger_as_peer),
        cmocka_unit_test(test_addresses),      cmocka_unit_test(test_black_hole),
        cmocka_unit_test(test_bad_sql),        cmocka_unit_test(test_rule_text),
    };
    return cmocka_run_group_tests(tests, client_world_setup, client_world_teardown);
}
