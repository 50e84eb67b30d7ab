/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/peer/pair.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/io/inbox.h"
#include "node/io/link.h"
#include "node/io/loop.h"
#include "proto/session/messages_inner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- building ---- */

void pair_add(struct fh_directory *dir, const struct test_record *record)
{
    struct fh_directory_outcome outcome;
    struct fh_err err;
    if (fh_directory_add(dir, test_bytes(record), fh_clock_wall_ms(), &outcome, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
}

/* In force now: the fixed ones of tests/lib have expired. */
void pair_delegate(const struct mesh *m,
                   struct fh_directory *dir,
                   const struct test_domain *domain,
                   const struct test_key *subject,
                   enum fh_role role)
{
    int64_t now = fh_clock_wall_ms();
    struct fh_delegation delegation = {.domain = domain->id,
                                       .subject = subject->public_key,
                                       .role = role,
                                       .not_before_ms = now - TEST_HOUR_MS,
                                       .not_after_ms = now + TEST_DAY_MS};
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    snprintf(delegation.label, sizeof delegation.label, "now");
    fh_delegation_make(&buf, &delegation, &m->id, &domain->key.secret);
    struct test_record record = test_record_of(&buf);
    fh_buf_fini(&buf);
    pair_add(dir, &record);
}

/* What every member of this mesh knows: the founder, its charter, the domain that it admitted. */
struct fh_directory *pair_common_directory(struct mesh *m)
{
    struct test_record charter = test_charter_1(&m->founder, &m->id);
    struct fh_directory *dir = fh_directory_new(&m->id, &fh_verifier_plain);
    pair_add(dir, &m->founder.inception);
    pair_add(dir, &charter);
    struct test_record records[] = {
        test_delegation(&m->founder, &m->founder.publisher, FH_ROLE_PUBLISHER, &m->id),
        test_delegation(&m->founder, &m->founder.node, FH_ROLE_NODE, &m->id),
        m->joined.inception,
    };
    for (size_t i = 0; i < FH_COUNT(records); i++) {
        pair_add(dir, &records[i]);
    }
    struct test_record invitation = test_invitation(&m->founder, 1, "", &m->id);
    struct test_record admission = test_admission(&m->founder, &m->joined, 1, &invitation, &m->id);
    pair_add(dir, &admission);
    pair_delegate(m, dir, &m->founder, &m->founder.node, FH_ROLE_NODE);
    return dir;
}

static void on_ask(struct fh_question *question, void *user)
{
    struct side *side = user;
    side->asked++;
    side->last_code = fh_question_code(question);
    struct fh_node_id node;
    struct fh_bytes frame;
    if (side->last_code == FH_MSG_RELAY &&
        fh_msg_relay_read(fh_question_fields(question), &node, &frame, NULL) == FH_OK) {
        fh_questions_relayed(side->questions, question, frame);
        return;
    }
    if (side->answer != NULL && side->answer(question, side->user)) {
        return;
    }
    struct fh_buf out;
    fh_buf_init(&out, 64);
    fh_msg_ok(&out, 0);
    fh_question_answer_buf(question, &out);
    fh_buf_fini(&out);
}

static void on_gone(uint64_t session, void *user)
{
    (void)session;
    struct side *side = user;
    side->gone++;
}

static void on_call(struct fh_call *call, void *user)
{
    struct side *side = user;
    fh_questions_call(side->questions, call);
}

void pair_set_up_side(struct mesh *m,
                      struct side *side,
                      struct fh_directory *dir,
                      const struct test_domain *domain,
                      const struct test_key *key)
{
    side->dir = dir;
    side->node = fh_node_id_of(&key->public_key);
    memcpy(side->agree.b, key->seed, sizeof side->agree.b);
    side->identity =
        fh_identity_new(dir, &m->id, &domain->id, &key->public_key, &key->secret, &side->agree);
    assert_non_null(side->identity);
    struct fh_link_options link = {.pipes_max = 16};
    struct fh_questions_options questions = {.loop = m->loop,
                                             .identity = side->identity,
                                             .dir = dir,
                                             .ask = on_ask,
                                             .gone = on_gone,
                                             .user = side};
    assert_int_equal(fh_link_new(&side->link, m->loop, m->inbox, &link, on_call, side, NULL), 0);
    assert_int_equal(fh_link_listen(side->link, "127.0.0.1:0", NULL), FH_OK);
    snprintf(
        side->address, sizeof side->address, "127.0.0.1:%u", (unsigned)fh_link_port(side->link));
    assert_int_equal(fh_peers_new(&side->peers, side->link, side->identity, dir, NULL), FH_OK);
    assert_int_equal(fh_questions_new(&side->questions, &questions, NULL), FH_OK);
    fh_questions_set_link(side->questions, side->link);
}

struct mesh *pair_set_up(enum who caller)
{
    struct mesh *m = fh_calloc(1, sizeof *m);
    assert_non_null(m);
    m->founder = test_domain_of(1);
    m->joined = test_domain_of(2);
    m->stranger = test_domain_of(3);
    assert_int_equal(fh_loop_new(&m->loop, NULL), FH_OK);
    assert_int_equal(fh_inbox_new(&m->inbox, m->loop, NULL), FH_OK);
    pair_set_up_side(m, &m->server, pair_common_directory(m), &m->founder, &m->founder.node);
    struct fh_directory *dir = pair_common_directory(m);
    if (caller == STRANGER) {
        pair_add(dir, &m->stranger.inception);
        pair_delegate(m, dir, &m->stranger, &m->stranger.node, FH_ROLE_NODE);
        pair_set_up_side(m, &m->caller, dir, &m->stranger, &m->stranger.node);
    } else {
        const struct test_key *key = caller == NODE ? &m->joined.node : &m->joined.member;
        pair_delegate(m, dir, &m->joined, key, caller == NODE ? FH_ROLE_NODE : FH_ROLE_MEMBER);
        pair_set_up_side(m, &m->caller, dir, &m->joined, key);
    }
    return m;
}

void pair_tear_down_side(struct mesh *m, struct side *side)
{
    fh_peers_quiesce(side->peers);
    fh_link_quiesce(side->link);
    int64_t end = fh_clock_mono_ms() + WAIT_MS;
    while ((!fh_peers_drained(side->peers) || !fh_link_drained(side->link)) &&
           fh_clock_mono_ms() < end) {
        fh_loop_run_once(m->loop, 10);
    }
    fh_questions_free(side->questions);
    fh_peers_free(side->peers);
    fh_link_free(side->link);
    fh_identity_free(side->identity);
    fh_directory_free(side->dir);
}

void pair_tear_down(struct mesh *m)
{
    pair_tear_down_side(m, &m->caller);
    pair_tear_down_side(m, &m->server);
    fh_inbox_free(m->inbox);
    fh_loop_free(m->loop);
    fh_free(m);
}

/* ---- asking ---- */

static void on_answer(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    struct end *end = user;
    assert_false(end->done);
    end->done = true;
    assert_true((fields == NULL) == (err != NULL));
    end->code = err != NULL ? err->code : FH_OK;
    snprintf(end->rule, sizeof end->rule, "%s", err != NULL ? err->rule : "");
}

struct end pair_ask_target(struct mesh *m, const struct fh_peer_target *target, unsigned code)
{
    struct end end = {.done = false};
    struct fh_buf request;
    fh_buf_init(&request, 64);
    fh_msg_begin(&request, (enum fh_msg_code)code, 0);
    fh_peers_ask(m->caller.peers, target, &request, WAIT_MS, on_answer, &end);
    fh_buf_fini(&request);
    int64_t last = fh_clock_mono_ms() + WAIT_MS;
    while (!end.done && fh_clock_mono_ms() < last) {
        fh_loop_run_once(m->loop, 20);
    }
    assert_true(end.done);
    return end;
}

struct end pair_ask(struct mesh *m, unsigned code)
{
    struct fh_peer_target target = {.address = m->server.address};
    return pair_ask_target(m, &target, code);
}

void pair_expect(const struct end *end, int code, const char *rule)
{
    if (end->code != code || strcmp(end->rule, rule) != 0) {
        fail_msg(
            "%s %s: expected %s %s", fh_code_name(end->code), end->rule, fh_code_name(code), rule);
    }
}
