/* SPDX-License-Identifier: Apache-2.0 */
/* Proposals and votes: their form, which are taken, and when they make a charter. */
#include "proto/identity/proposal.h"

#include "common/mem.h"
#include "proto/wire/pack.h"
#include "tests/unit/identity/directory_world.h"
#include "tests/unit/identity/payload.h"

#include <stdio.h>

/* ---- form ---- */

static const struct {
    const char *name;
    const char *payload;
    const char *rule;
} votes[] = {
    {"a vote", "[5 u1 b32 b32 u2 b64", ""},
    {"more fields", "[6 u1 b32 b32 u2 b64 n", ""},
    {"for charter 1", "[5 u1 b32 b32 u1 b64", "identity.vote.first"},
    {"for charter 0", "[5 u1 b32 b32 u0 b64", "identity.vote.first"},
    {"version 2", "[5 u2 b32 b32 u2 b64", "pack.version"},
    {"a short id", "[5 u1 b32 b16 u2 b64", "pack.shape"},
    {"a short signature", "[5 u1 b32 b32 u2 b63", "pack.shape"},
    {"no signature", "[4 u1 b32 b32 u2", "pack.shape"},
    {"a map", "{1 su1 n", "pack.shape"},
};

static const struct {
    const char *name;
    const char *payload;
    const char *rule;
} proposals[] = {
    {"a charter of one byte", "[5 u1 b32 b1 u5 snote", "pack.shape"},
    {"no charter", "[5 u1 b32 b0 u5 snote", "pack.truncated"},
    {"bytes that are no value", "[5 u1 b32 b3 u5 snote", "pack.trailing"},
    {"a text for a charter", "[5 u1 b32 schart u5 snote", "pack.shape"},
    {"no note", "[4 u1 b32 b1 u5", "pack.shape"},
    {"version 2", "[5 u2 b32 b1 u5 snote", "pack.version"},
    {"a note of two lines", "[5 u1 b32 b1 u5 sa\nb", "identity.proposal.note"},
    {"past the calendar", "[5 u1 b32 b1 " T_PAST " snote", "pack.shape"},
};

static void payloads(void **state)
{
    (void)state;
    static const struct fh_mesh_id mesh = {{1}};
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, 1024);
    for (size_t i = 0; i < FH_COUNT(votes); i++) {
        struct fh_vote vote;
        struct fh_err err = {0};
        payload_of(&payload, votes[i].payload);
        struct fh_record record = {.type = FH_RECORD_VOTE, .payload = fh_buf_view(&payload)};
        int code = fh_vote_decode(&vote, &record, &err);
        if (strcmp(err.rule, votes[i].rule) != 0 || (code == FH_OK) != (err.rule[0] == '\0')) {
            fail_msg("%s: %s: %s", votes[i].name, err.rule, err.text);
        }
    }
    for (size_t i = 0; i < FH_COUNT(proposals); i++) {
        struct fh_proposal *proposal FH_CLEANUP(fh_freep) = fh_alloc(sizeof *proposal);
        struct fh_err err = {0};
        payload_of(&payload, proposals[i].payload);
        struct fh_record record = {.type = FH_RECORD_PROPOSAL, .payload = fh_buf_view(&payload)};
        int code = fh_proposal_decode(proposal, &record, &mesh, &err);
        if (strcmp(err.rule, proposals[i].rule) != 0 || code == FH_OK) {
            fail_msg("%s: %s: %s", proposals[i].name, err.rule, err.text);
        }
    }
}

/* ---- in the directory ---- */

/* Domain 0 makes the charter alone; 1 is admitted, 2 a stranger. Members are `who`, in any order.
 */
static struct fh_charter
next_charter(const struct world *world, const unsigned *who, unsigned count, unsigned threshold)
{
    struct fh_record_id id;
    const struct fh_charter *current = fh_directory_charter(world->dir, &id);
    struct fh_charter next = *current;
    next.seq = current->seq + 1;
    next.prev = id;
    next.created_ms = AT(1);
    next.threshold = threshold;
    next.member_count = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct test_domain *domain = &world->domains[who[i]];
        unsigned at = next.member_count++;
        while (at > 0 && fh_domain_id_compare(&next.members[at - 1].domain, &domain->id) > 0) {
            next.members[at] = next.members[at - 1];
            at--;
        }
        next.members[at].domain = domain->id;
        memcpy(next.members[at].name, domain->name, sizeof domain->name);
    }
    return next;
}

static struct test_record proposal_of(const struct world *world,
                                      unsigned proposer,
                                      const struct fh_charter *charter,
                                      const struct test_key *key,
                                      int64_t proposed_ms)
{
    struct fh_proposal *proposal = calloc(1, sizeof *proposal);
    struct fh_buf buf;
    proposal->proposer = world->domains[proposer].id;
    proposal->charter = *charter;
    proposal->proposed_ms = proposed_ms;
    memcpy(proposal->note, "why", 4);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_proposal_make(&buf, proposal, &world->mesh, &key->secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    free(proposal);
    return made;
}

static struct test_record vote_of(const struct world *world,
                                  unsigned voter,
                                  const struct fh_charter *charter,
                                  const struct test_key *key)
{
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_vote_make(&buf, &world->domains[voter].id, charter, &world->mesh, &key->secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

static const unsigned both[] = {0, 1};

static void a_quorum_of_both_makes_it(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    struct fh_charter next = next_charter(world, both, 2, 2);
    struct test_record proposal = proposal_of(world, 0, &next, &d[0].key, AT(1));
    struct test_record votes_of[] = {vote_of(world, 0, &next, &d[0].key),
                                     vote_of(world, 1, &next, &d[1].key)};
    struct fh_directory_outcome out;
    struct fh_err err = {0};
    int code = fh_directory_add(world->dir, test_bytes(&votes_of[0]), NOW_MS, &out, &err);
    assert_int_equal(code, FH_ENOTFOUND);
    assert_string_equal(err.rule, "identity.missing.proposal");
    assert_false(fh_record_id_is_zero(&out.wanted));

    must_add(world, &proposal);
    must_add(world, &votes_of[0]);
    struct fh_directory_proposal open;
    assert_int_equal(fh_directory_proposal_count(world->dir), 1);
    fh_directory_proposal_at(world->dir, 0, &open);
    assert_int_equal(open.vote_count, 1);
    assert_true(fh_domain_id_equal(&open.votes[0], &d[0].id));
    assert_string_equal(open.note, "why");
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 1);

    assert_int_equal(fh_directory_add(world->dir, test_bytes(&votes_of[1]), NOW_MS, &out, &err),
                     FH_OK);
    struct fh_record_id id;
    const struct fh_charter *charter = fh_directory_charter(world->dir, &id);
    assert_int_equal(charter->seq, 2);
    assert_true(fh_record_id_equal(&id, &out.completed));
    assert_int_equal(fh_directory_proposal_count(world->dir), 0);
    must_refuse(world, &votes_of[0], "identity.proposal.stale");
    must_refuse(world, &proposal, "identity.proposal.stale");

    /* What it put together is a charter for everybody. */
    struct world *other = calloc(1, sizeof *other);
    world_make(other);
    world_fill(other);
    struct fh_bytes bytes = fh_directory_record(world->dir, &id);
    assert_int_equal(fh_directory_add(other->dir, bytes, NOW_MS, &out, &err), FH_OK);
    assert_int_equal(fh_directory_charter(other->dir, NULL)->seq, 2);
    void *given = other;
    teardown(&given);
}

static void heaps_are_sorted_out(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    struct fh_charter next = next_charter(world, both, 2, 2);
    struct test_record heap[] = {vote_of(world, 1, &next, &d[1].key),
                                 vote_of(world, 0, &next, &d[0].key),
                                 proposal_of(world, 0, &next, &d[0].key, AT(1))};
    struct fh_bytes bytes[FH_COUNT(heap)];
    for (size_t i = 0; i < FH_COUNT(heap); i++) {
        bytes[i] = test_bytes(&heap[i]);
    }
    assert_int_equal(fh_directory_add_all(world->dir, bytes, FH_COUNT(bytes), NOW_MS, NULL, NULL),
                     FH_OK);
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 2);
}

static void bad_ones_are_refused(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    static const unsigned with_stranger[] = {0, 2};
    struct fh_charter next = next_charter(world, both, 2, 2);
    struct test_record record = proposal_of(world, 1, &next, &d[1].key, AT(1));
    must_refuse(world, &record, "identity.proposal.proposer");
    record = proposal_of(world, 0, &next, &d[0].publisher, AT(1));
    must_refuse(world, &record, "identity.missing.key_log");
    record = proposal_of(world, 0, &next, &d[0].key, NOW_MS + 2 * FH_CLOCK_SKEW_MS);
    must_refuse(world, &record, "identity.time.future");
    struct fh_charter strange = next_charter(world, with_stranger, 2, 2);
    record = proposal_of(world, 0, &strange, &d[0].key, AT(1));
    must_refuse(world, &record, "identity.missing.admission");
    struct fh_charter skips = next;
    skips.seq = 3;
    record = proposal_of(world, 0, &skips, &d[0].key, AT(1));
    must_refuse(world, &record, "identity.missing.charter");

    record = proposal_of(world, 0, &next, &d[0].key, AT(1));
    must_add(world, &record);
    record = vote_of(world, 2, &next, &d[2].key);
    must_refuse(world, &record, "identity.vote.member");
    record = vote_of(world, 1, &next, &d[0].key);
    must_refuse(world, &record, "record.signature");
    record = vote_of(world, 0, &next, &d[0].node);
    must_refuse(world, &record, "record.signature");
    record = vote_of(world, 1, &next, &d[1].key);
    record.bytes[120] ^= 1; /* in the signature that is for the charter */
    must_refuse(world, &record, "record.signature");
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 1);
}

/* The same vote in other bytes, as of a later version: its signatures are good, its id is another.
 */
static struct test_record
another_vote(const struct world *world, const struct test_record *vote, const struct test_key *key)
{
    struct fh_record record;
    struct fh_vote read;
    struct fh_buf payload, buf;
    assert_int_equal(fh_record_parse(&record, test_bytes(vote), &world->mesh, NULL), FH_OK);
    assert_int_equal(fh_vote_decode(&read, &record, NULL), FH_OK);
    fh_buf_init(&payload, TEST_RECORD_BYTES_MAX);
    fh_pack_array(&payload, 6);
    fh_pack_uint(&payload, 1);
    fh_pack_bin(&payload, fh_bytes(read.domain.b, sizeof read.domain.b));
    fh_pack_bin(&payload, fh_bytes(read.charter_id.b, sizeof read.charter_id.b));
    fh_pack_uint(&payload, read.seq);
    fh_pack_bin(&payload, fh_bytes(read.signature.b, sizeof read.signature.b));
    fh_pack_uint(&payload, 7);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_record_seal(&buf, FH_RECORD_VOTE, &world->mesh, fh_buf_view(&payload), &key->secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    fh_buf_fini(&payload);
    return made;
}

/* One member's vote, twice, is one vote, and keeps no other from counting. */
static void one_vote_counts_once(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    struct fh_charter next = next_charter(world, both, 2, 2);
    struct test_record proposal = proposal_of(world, 0, &next, &d[0].key, AT(1));
    struct test_record vote = vote_of(world, 0, &next, &d[0].key);
    struct fh_directory_outcome out;
    must_add(world, &proposal);
    must_add(world, &vote);
    assert_int_equal(fh_directory_add(world->dir, test_bytes(&vote), NOW_MS, &out, NULL), FH_OK);
    assert_int_equal(out.result, FH_DIRECTORY_KNOWN);
    struct test_record other = another_vote(world, &vote, &d[0].key);
    assert_int_equal(fh_directory_add(world->dir, test_bytes(&other), NOW_MS, &out, NULL), FH_OK);
    assert_int_equal(out.result, FH_DIRECTORY_KNOWN);
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 1);
    vote = vote_of(world, 1, &next, &d[1].key);
    must_add(world, &vote);
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 2);
}

/* Whoever has the earlier key cannot vote by it, whatever dates it states. */
static void a_rotated_key_does_not_vote(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    struct fh_charter next = next_charter(world, both, 2, 2);
    struct test_record proposal = proposal_of(world, 0, &next, &d[0].key, AT(1));
    struct test_record mine = vote_of(world, 0, &next, &d[0].key);
    struct test_record theirs = vote_of(world, 1, &next, &d[1].key);
    struct test_record rotation = test_rotation(&d[1], AT(2));
    struct fh_directory_proposal open;
    must_add(world, &proposal);
    must_add(world, &theirs);
    must_add(world, &rotation);
    fh_directory_proposal_at(world->dir, 0, &open);
    assert_int_equal(open.vote_count, 0);
    must_add(world, &mine);
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 1);
    struct fh_charter again = next;
    again.created_ms = AT(1) + 1;
    proposal = proposal_of(world, 0, &again, &d[0].key, AT(1) + 1);
    must_add(world, &proposal);
    theirs = vote_of(world, 1, &again, &d[1].key);
    must_refuse(world, &theirs, "identity.vote.key");
}

static void proposals_are_few_and_end(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    struct test_record record;
    for (unsigned i = 0; i <= FH_PROPOSALS_MAX; i++) {
        struct fh_charter next = next_charter(world, both, 2, 2);
        next.expires_ms += i;
        record = proposal_of(world, 0, &next, &d[0].key, AT(1));
        if (i < FH_PROPOSALS_MAX) {
            must_add(world, &record);
        }
    }
    must_refuse(world, &record, "identity.proposal.many");
    int64_t later = AT(1) + FH_PROPOSAL_LIFE_MS + 1;
    struct fh_err err = {0};
    int code = fh_directory_add(world->dir, test_bytes(&record), later, NULL, &err);
    assert_int_equal(code, FH_ESTALE);
    assert_string_equal(err.rule, "identity.proposal.expired");
    assert_int_equal(fh_directory_proposal_count(world->dir), 0);
}

/* Only members before and after need to vote, and each only as far as it counts. */
static void the_threshold_of_each_side_counts(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    struct fh_charter next = next_charter(world, both, 2, 2);
    struct test_record record = proposal_of(world, 0, &next, &d[0].key, AT(1));
    must_add(world, &record);
    record = vote_of(world, 1, &next, &d[1].key); /* enough of neither side */
    must_add(world, &record);
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 1);
    record = vote_of(world, 0, &next, &d[0].key);
    must_add(world, &record);
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 2);

    /* Both have to agree that 0 leaves: of the next charter 1 alone is a member. */
    static const unsigned one[] = {1};
    next = next_charter(world, one, 1, 1);
    next.policy_signers[0] = d[1].id;
    next.expelled[next.expelled_count++] = d[0].id;
    record = proposal_of(world, 1, &next, &d[1].key, AT(1));
    must_add(world, &record);
    record = vote_of(world, 1, &next, &d[1].key);
    must_add(world, &record);
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 2);
    record = vote_of(world, 0, &next, &d[0].key);
    must_add(world, &record);
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 3);
    assert_true(fh_directory_domain(world->dir, &d[0].id)->expelled);
}

struct walk {
    struct world *to;
    unsigned types[64];
    size_t count;
};

static bool copy(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct walk *walk = user;
    (void)id;
    walk->types[walk->count++] = type;
    assert_int_equal(fh_directory_add(walk->to->dir, bytes, NOW_MS, NULL, NULL), FH_OK);
    return true;
}

static void open_ones_are_handed_on(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    struct fh_charter next = next_charter(world, both, 2, 2);
    struct test_record proposal = proposal_of(world, 0, &next, &d[0].key, AT(1));
    struct test_record vote = vote_of(world, 1, &next, &d[1].key);
    must_add(world, &proposal);
    must_add(world, &vote);
    struct walk walk = {.to = calloc(1, sizeof *walk.to)};
    world_make(walk.to);
    assert_true(fh_directory_each(world->dir, copy, &walk));
    assert_int_equal(walk.types[walk.count - 2], FH_RECORD_PROPOSAL);
    assert_int_equal(walk.types[walk.count - 1], FH_RECORD_VOTE);
    assert_int_equal(fh_directory_proposal_count(walk.to->dir), 1);
    void *given = walk.to;
    teardown(&given);
}

static bool same_held(const struct world *one, const struct world *other)
{
    uint8_t of[2][FH_ID_SUM_BYTES];
    fh_directory_fingerprint(one->dir, of[0]);
    fh_directory_fingerprint(other->dir, of[1]);
    return memcmp(of[0], of[1], FH_ID_SUM_BYTES) == 0;
}

/* Two directories show the same exactly while they hold the same, however it came there. */
static void the_fingerprint_tells_what_is_held(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    struct world *other = calloc(1, sizeof *other);
    world_make(other);
    must_add(other, &d[2].inception); /* in another order, and without some delegations */
    must_add(other, &d[0].inception);
    must_add(other, &world->charter);
    must_add(other, &d[1].inception);
    must_add(other, &world->member);
    must_add(other, &world->publisher);
    must_add(other, &world->nodes[0]);
    assert_false(same_held(world, other));
    must_add(other, &world->admission);
    assert_true(same_held(world, other));
    must_add(other, &world->nodes[1]);
    assert_true(same_held(world, other));

    struct fh_charter next = next_charter(world, both, 2, 2);
    struct test_record proposal = proposal_of(world, 0, &next, &d[0].key, AT(1));
    struct test_record votes_of[] = {vote_of(world, 0, &next, &d[0].key),
                                     vote_of(world, 1, &next, &d[1].key)};
    must_add(world, &proposal);
    assert_false(same_held(world, other));
    must_add(other, &proposal);
    assert_true(same_held(world, other));
    must_add(world, &votes_of[0]);
    must_add(other, &votes_of[1]);
    assert_false(same_held(world, other)); /* as many, but others */
    must_add(world, &votes_of[1]);
    assert_false(same_held(world, other));
    must_add(other, &votes_of[0]);
    assert_true(
        same_held(world, other)); /* decided: proposal and votes have gone, a charter came */
    assert_int_equal(fh_directory_charter(other->dir, NULL)->seq, 2);

    /* Who comes later has domain 1 by its charter, needs no admission, and knows no stranger. */
    struct world *late = calloc(1, sizeof *late);
    struct fh_record_id id;
    world_make(late);
    must_add(late, &d[0].inception);
    must_add(late, &world->charter);
    must_add(late, &d[1].inception);
    assert_false(same_held(world, late));
    (void)fh_directory_charter(world->dir, &id);
    assert_int_equal(
        fh_directory_add(late->dir, fh_directory_record(world->dir, &id), NOW_MS, NULL, NULL),
        FH_OK);
    assert_true(same_held(world, late));
    /* A proposal that nobody completed in time goes. */
    next.seq = 3;
    next.prev = id;
    next.threshold = 2;
    proposal = proposal_of(world, 0, &next, &d[0].key, AT(1));
    must_add(late, &proposal);
    assert_false(same_held(world, late));
    fh_directory_tidy(late->dir, AT(1) + FH_PROPOSAL_LIFE_MS);
    assert_false(same_held(world, late));
    fh_directory_tidy(late->dir, AT(1) + FH_PROPOSAL_LIFE_MS + 1);
    assert_true(same_held(world, late));
    void *given = late;
    teardown(&given);
    given = other;
    teardown(&given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads),
        WITH(a_quorum_of_both_makes_it, setup),
        WITH(heaps_are_sorted_out, setup),
        WITH(bad_ones_are_refused, setup),
        WITH(one_vote_counts_once, setup),
        WITH(a_rotated_key_does_not_vote, setup),
        WITH(proposals_are_few_and_end, setup),
        WITH(the_threshold_of_each_side_counts, setup),
        WITH(open_ones_are_handed_on, setup),
        WITH(the_fingerprint_tells_what_is_held, setup),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
