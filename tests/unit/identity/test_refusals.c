/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten thousand objects that nobody may take: forged, replayed, rolled back, forked and signed by
 * too few, of every type that the directory takes. Each attack of TUF's list that fits a mesh has a
 * row of its own; each row makes its share with a seed of its own, and every single one is refused,
 * or known already, and changes nothing.
 */
#include "proto/identity/directory.h"

#include "common/mem.h"
#include "proto/wire/pack.h"
#include "tests/unit/identity/directory_world.h"

#include <stdio.h>
#include <string.h>

enum { OBJECTS = 10000 };

/* xorshift64*: a failure names row and turn, which make the same object again. */
struct draw {
    uint64_t state;
};
static uint64_t draw(struct draw *from, uint64_t below)
{
    from->state ^= from->state >> 12;
    from->state ^= from->state << 25;
    from->state ^= from->state >> 27;
    return from->state * UINT64_C(2685821657736338717) % below;
}

/* A mesh of three members, 2 of 3, whose charter 2 ends in AT(5). */
struct scene {
    struct world world;
    struct test_domain third;
    struct fh_charter current; /* 2 */
    struct fh_record_id id;
    struct test_record good[16]; /* records that were taken */
    size_t good_count;
};

static void take(struct scene *scene, const struct test_record *record)
{
    must_add(&scene->world, record);
    scene->good[scene->good_count++] = *record;
}

static void add_member(struct fh_charter *charter, const struct test_domain *domain)
{
    unsigned at = charter->member_count++;
    while (at > 0 && fh_domain_id_compare(&charter->members[at - 1].domain, &domain->id) > 0) {
        charter->members[at] = charter->members[at - 1];
        charter->policy_signers[at] = charter->policy_signers[at - 1];
        at--;
    }
    charter->members[at].domain = domain->id;
    charter->policy_signers[at] = domain->id;
    memcpy(charter->members[at].name, domain->name, sizeof domain->name);
    charter->policy_signer_count = charter->member_count;
}

static struct test_record sign_charter(const struct scene *scene,
                                       const struct fh_charter *charter,
                                       const struct test_key *const *keys,
                                       size_t count)
{
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_charter_make(&buf, charter, &scene->world.mesh, &keys[0]->secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    for (size_t i = 1; i < count; i++) {
        made = cosigned(&made, &scene->world.mesh, keys[i]);
    }
    return made;
}

static struct scene *scene_new(void)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct world *world = &scene->world;
    world_make(world);
    const struct test_domain *d = world->domains;
    scene->third = test_domain_of(3);
    struct test_record invitation = test_invitation(&d[0], 3, "", &world->mesh);
    struct test_record admission =
        test_admission(&d[0], &scene->third, 3, &invitation, &world->mesh);
    const struct test_record *records[] = {&d[0].inception,
                                           &world->charter,
                                           &world->nodes[0],
                                           &world->publisher,
                                           &world->member,
                                           &d[1].inception,
                                           &world->admission,
                                           &world->nodes[1],
                                           &scene->third.inception,
                                           &admission};
    for (size_t i = 0; i < FH_COUNT(records); i++) {
        take(scene, records[i]);
    }
    struct fh_charter *two = &scene->current;
    struct fh_record_id first;
    *two = *fh_directory_charter(world->dir, &first);
    two->prev = first;
    two->seq = 2;
    two->created_ms = AT(1);
    two->expires_ms = AT(5);
    two->threshold = 2;
    two->policy_threshold = 2;
    add_member(two, &d[1]);
    add_member(two, &scene->third);
    const struct test_key *keys[] = {&d[0].key, &d[1].key};
    struct test_record record = sign_charter(scene, two, keys, 2);
    take(scene, &record);
    (void)fh_directory_charter(world->dir, &scene->id);
    return scene;
}

static void scene_free(struct scene *scene)
{
    fh_directory_free(scene->world.dir);
    free(scene);
}

/* A third charter with something of its own, so that no two objects of a row are alike. */
static struct fh_charter third_charter(const struct scene *scene, struct draw *from)
{
    struct fh_charter three = scene->current;
    three.seq = 3;
    three.prev = scene->id;
    three.created_ms = AT(1) + 1 + (int64_t)draw(from, TEST_HOUR_MS / 2);
    three.expires_ms = three.created_ms + 1 + (int64_t)draw(from, (uint64_t)FH_CHARTER_LIFE_MS);
    return three;
}

/* ---- the attacks ---- */

/* A good object that nobody has yet: it would be taken as it is. */
static struct test_record fresh(struct scene *scene, struct draw *from)
{
    const struct test_domain *d = scene->world.domains;
    const struct test_key *keys[] = {&d[0].key, &d[1].key};
    struct fh_charter charter = third_charter(scene, from);
    struct test_key subject = test_key_of("subject", (unsigned)draw(from, 1000000));
    struct test_domain newcomer = test_domain_of(1000 + (unsigned)draw(from, 100000));
    switch (draw(from, 4)) {
    case 0:
        return sign_charter(scene, &charter, keys, 2);
    case 1:
        return newcomer.inception;
    case 2:
        return test_revocation(&d[0], FH_REVOKE_KEY, subject.id.b, AT(1), &scene->world.mesh);
    default:
        return test_delegation(&d[0], &subject, FH_ROLE_MEMBER, &scene->world.mesh);
    }
}

/* Arbitrary software: one byte of the attacker's own, anywhere in a good object. */
static struct test_record arbitrary(struct scene *scene, struct draw *from)
{
    struct test_record record = fresh(scene, from);
    record.bytes[draw(from, record.size)] ^= (uint8_t)(1 + draw(from, 255));
    return record;
}

/* Endless data: a good object and no end, or a length that is not there. */
static struct test_record endless_data(struct scene *scene, struct draw *from)
{
    struct test_record record = scene->good[draw(from, scene->good_count)];
    size_t more = 1 + draw(from, TEST_RECORD_BYTES_MAX - record.size);
    if (draw(from, 2) == 0) {
        memset(record.bytes + record.size, (int)draw(from, 256), more);
        record.size += more;
    } else {
        record.size = 1 + draw(from, record.size - 1);
    }
    return record;
}

/* Fast forward: a number far ahead, so that no later one is taken any more. */
static struct test_record fast_forward(struct scene *scene, struct draw *from)
{
    const struct test_key *keys[] = {&scene->world.domains[0].key, &scene->world.domains[1].key};
    struct fh_charter charter = third_charter(scene, from);
    charter.seq = 4 + draw(from, UINT32_MAX - 4);
    return sign_charter(scene, &charter, keys, 2);
}

/* Indefinite freeze: an end that never comes, or one that has passed when it was made. */
static struct test_record freeze(struct scene *scene, struct draw *from)
{
    struct fh_charter charter = third_charter(scene, from);
    struct fh_buf payload, buf;
    charter.expires_ms = draw(from, 2) == 0 ? charter.created_ms - (int64_t)draw(from, TEST_DAY_MS)
                                            : charter.created_ms + FH_CHARTER_LIFE_MS + 1 +
                                                  (int64_t)draw(from, TEST_DAY_MS);
    fh_buf_init(&payload, TEST_RECORD_BYTES_MAX);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_charter_payload(&payload, &charter);
    fh_record_seal(&buf,
                   FH_RECORD_CHARTER,
                   &scene->world.mesh,
                   fh_buf_view(&payload),
                   &scene->world.domains[0].key.secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    fh_buf_fini(&payload);
    return made;
}

/* Rollback: a number that is decided, with what it said before, signed by too few to be a fork. */
static struct test_record rollback(struct scene *scene, struct draw *from)
{
    const struct test_key *keys[] = {&scene->world.domains[draw(from, 2)].key};
    struct fh_charter charter = third_charter(scene, from);
    charter.seq = 2;
    charter.prev = scene->current.prev;
    return sign_charter(scene, &charter, keys, 1);
}

/* Mix and match: signatures of good objects under what they were not made for. */
static struct test_record mix_and_match(struct scene *scene, struct draw *from)
{
    struct fh_record one, other;
    struct fh_buf buf;
    const struct fh_mesh_id *mesh = &scene->world.mesh;
    const struct test_record *held = &scene->good[draw(from, scene->good_count)];
    struct test_record record = fresh(scene, from);
    assert_int_equal(fh_record_parse(&one, test_bytes(&record), mesh, NULL), FH_OK);
    assert_int_equal(fh_record_parse(&other, test_bytes(held), mesh, NULL), FH_OK);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_record_join_all(&buf, one.type, one.payload, other.signatures, other.signature_count);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

/* Wrong signer: who may sign something signs something else, or for somebody else. */
static struct test_record wrong_signer(struct scene *scene, struct draw *from)
{
    const struct test_domain *d = scene->world.domains;
    const struct test_key *keys[] = {
        &d[0].node, &d[0].publisher, &d[0].member, &d[1].key, &d[1].node, &d[2].key, &d[0].next};
    const struct test_key *key = keys[draw(from, FH_COUNT(keys))];
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    if (draw(from, 2) == 0) {
        struct fh_delegation delegation = {.domain = d[0].id,
                                           .role = (unsigned)(FH_ROLE_NODE + draw(from, 3)),
                                           .not_before_ms = AT(1),
                                           .not_after_ms = AT(2) + (int64_t)draw(from, 99999)};
        delegation.subject.b[0] = (uint8_t)draw(from, 256);
        fh_delegation_make(&buf, &delegation, &scene->world.mesh, &key->secret);
    } else {
        struct fh_revocation revocation = {.domain = d[0].id,
                                           .kind = FH_REVOKE_KEY,
                                           .since_ms = AT(1),
                                           .created_ms = AT(1) + (int64_t)draw(from, 99999)};
        revocation.target[0] = (uint8_t)draw(from, 256);
        fh_revocation_make(&buf, &revocation, &scene->world.mesh, &key->secret);
    }
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

/* A threshold of two, met by one signer's two signatures: the domain's key and one below it. */
static struct test_record one_signer_twice(struct scene *scene, struct draw *from)
{
    const struct test_domain *d = &scene->world.domains[0];
    const struct test_key *below[] = {&d->node, &d->publisher, &d->member, &d->next};
    const struct test_key *keys[] = {&d->key, below[draw(from, FH_COUNT(below))]};
    struct fh_charter charter = third_charter(scene, from);
    return sign_charter(scene, &charter, keys, 2);
}

/* Under-signed: one member, or one member and strangers. */
static struct test_record under_signed(struct scene *scene, struct draw *from)
{
    const struct test_domain *d = scene->world.domains;
    const struct test_key *keys[] = {&d[draw(from, 2)].key, &d[2].key};
    struct fh_charter charter = third_charter(scene, from);
    return sign_charter(scene, &charter, keys, 1 + draw(from, 2));
}

/* Expired: what the charter that has ended would still decide, except its renewal. */
static struct test_record expired(struct scene *scene, struct draw *from)
{
    const struct test_key *keys[] = {&scene->world.domains[0].key, &scene->world.domains[1].key};
    struct fh_charter charter = third_charter(scene, from);
    charter.created_ms = scene->current.expires_ms + 1 + (int64_t)draw(from, TEST_HOUR_MS);
    charter.expires_ms = charter.created_ms + TEST_DAY_MS;
    charter.threshold = 3;
    return sign_charter(scene, &charter, keys, 2);
}

/* Key compromise below the threshold: a stolen domain key cannot rotate without the next one. */
static struct test_record key_compromise(struct scene *scene, struct draw *from)
{
    struct test_domain thief = scene->world.domains[draw(from, 2)];
    thief.next = test_key_of("thief", (unsigned)draw(from, 1000000));
    return test_rotation(&thief, AT(1) + (int64_t)draw(from, TEST_HOUR_MS));
}

/* Replayed: an admission of another, or one whose invitation was used. */
static struct test_record replayed(struct scene *scene, struct draw *from)
{
    const struct test_domain *d = scene->world.domains;
    static struct test_record invitation;
    struct test_domain joiner = test_domain_of(200000 + (unsigned)draw(from, 100000));
    invitation = scene->world.invitation; /* used by domain 1 */
    assert_int_equal(add(&scene->world, &joiner.inception, NULL), FH_OK);
    return test_admission(&d[0], &joiner, 1, &invitation, &scene->world.mesh);
}

/* A settlement where nothing contradicts itself: it would overrule what everybody follows. */
static struct test_record settlement_of_nothing(struct scene *scene, struct draw *from)
{
    const struct test_key *keys[] = {&scene->world.domains[0].key, &scene->third.key};
    struct fh_charter charter = third_charter(scene, from);
    struct fh_charter_settles *settles = &charter.settles;
    struct fh_record parsed;
    const struct test_record *two = &scene->good[scene->good_count - 1];
    assert_int_equal(fh_record_parse(&parsed, test_bytes(two), &scene->world.mesh, NULL), FH_OK);
    charter.prev = scene->current.prev;
    settles->count = 1;
    settles->both[0].domain = scene->world.domains[draw(from, 2)].id;
    settles->both[0].signatures[0] = parsed.signatures[draw(from, 2)].signature;
    settles->both[0].signatures[1] = settles->both[0].signatures[0];
    struct fh_record_id other = scene->id;
    other.b[draw(from, sizeof other.b)] ^= (uint8_t)(1 + draw(from, 255));
    bool first = fh_record_id_compare(&scene->id, &other) < 0;
    settles->pair[0] = first ? scene->id : other;
    settles->pair[1] = first ? other : scene->id;
    return sign_charter(scene, &charter, keys, 2);
}

/* A vote or proposal of somebody who may not, or for something else. */
static struct test_record vote_of_nobody(struct scene *scene, struct draw *from)
{
    const struct test_domain *d = scene->world.domains;
    struct fh_charter charter = third_charter(scene, from);
    struct fh_buf buf;
    const struct test_key *keys[] = {&d[2].key, &d[1].key, &d[0].node};
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    if (draw(from, 2) == 0) {
        fh_vote_make(&buf,
                     &d[0].id,
                     &charter,
                     &scene->world.mesh,
                     &keys[draw(from, FH_COUNT(keys))]->secret);
    } else {
        struct fh_proposal *proposal = calloc(1, sizeof *proposal);
        proposal->proposer = draw(from, 2) == 0 ? d[0].id : d[2].id;
        proposal->proposed_ms = AT(1);
        proposal->charter = charter;
        fh_proposal_make(
            &buf, proposal, &scene->world.mesh, &keys[draw(from, FH_COUNT(keys))]->secret);
        free(proposal);
    }
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

static const struct attack {
    const char *name;
    struct test_record (*make)(struct scene *scene, struct draw *from);
    int64_t now_ms;
} attacks[] = {
    {"arbitrary installation", arbitrary, NOW_MS},
    {"endless data", endless_data, NOW_MS},
    {"fast forward", fast_forward, NOW_MS},
    {"indefinite freeze", freeze, NOW_MS},
    {"rollback", rollback, NOW_MS},
    {"mix and match", mix_and_match, NOW_MS},
    {"wrong key", wrong_signer, NOW_MS},
    {"signer counted twice", one_signer_twice, NOW_MS},
    {"under-signed", under_signed, NOW_MS},
    {"expired", expired, AT(8)},
    {"key compromise below the threshold", key_compromise, NOW_MS},
    {"settlement of nothing", settlement_of_nothing, NOW_MS},
    {"replay", replayed, NOW_MS},
    {"vote of nobody", vote_of_nobody, NOW_MS},
};

/* What must not change: who is in, by which keys, under which charter. Strangers come and go. */
struct snapshot {
    uint64_t charter;
    bool contested;
    size_t proposals;
    uint64_t key_seq[2];
    bool frozen[2];
};

static struct snapshot look(const struct scene *scene)
{
    const struct world *world = &scene->world;
    struct snapshot now = {0};
    now.charter = fh_directory_charter(world->dir, NULL)->seq;
    now.contested = fh_directory_charter_contested(world->dir);
    now.proposals = fh_directory_proposal_count(world->dir);
    for (unsigned i = 0; i < 2; i++) {
        const struct fh_directory_domain *domain =
            fh_directory_domain(world->dir, &world->domains[i].id);
        now.key_seq[i] = domain->key_seq;
        now.frozen[i] = domain->frozen;
    }
    return now;
}

static bool same(const struct snapshot *a, const struct snapshot *b)
{
    bool domains = true;
    for (unsigned i = 0; i < 2; i++) {
        domains = domains && a->key_seq[i] == b->key_seq[i] && a->frozen[i] == b->frozen[i];
    }
    return domains && a->charter == b->charter && a->contested == b->contested &&
           a->proposals == b->proposals;
}

static void every_one_is_refused(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    const struct snapshot before = look(scene);
    unsigned counts[FH_COUNT(attacks)] = {0};
    for (size_t i = 0; i < OBJECTS; i++) {
        const struct attack *attack = &attacks[i % FH_COUNT(attacks)];
        counts[i % FH_COUNT(attacks)]++;
        struct draw from = {UINT64_C(0x9e3779b97f4a7c15) * (i + 1)};
        struct test_record record = attack->make(scene, &from);
        struct fh_directory_outcome out;
        struct fh_err err = {0};
        int code =
            fh_directory_add(scene->world.dir, test_bytes(&record), attack->now_ms, &out, &err);
        if (code == FH_OK) {
            fail_msg("%s, object %zu: taken", attack->name, i);
        }
        assert_int_equal(out.result, FH_DIRECTORY_REFUSED);
        assert_int_equal(code, err.code);
        assert_true(err.rule[0] != '\0');
        const struct snapshot after = look(scene);
        if (!same(&before, &after)) {
            fail_msg("%s, object %zu: changed something", attack->name, i);
        }
    }
    for (size_t row = 0; row < FH_COUNT(attacks); row++) {
        print_message("%5u refused: %s\n", counts[row], attacks[row].name);
    }
    scene_free(scene);
}

/* Two charters of one number by a quorum each are taken as what they are: a proof. */
static void a_fork_names_who_signed_both(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    const struct test_domain *d = scene->world.domains;
    const struct test_key *one[] = {&d[0].key, &d[1].key};
    const struct test_key *other[] = {&d[1].key, &scene->third.key};
    struct draw from = {7};
    struct fh_charter charter = third_charter(scene, &from);
    struct test_record record = sign_charter(scene, &charter, one, 2);
    must_add(&scene->world, &record);
    struct fh_record_id held, rival;
    (void)fh_directory_charter(scene->world.dir, &held);
    charter = third_charter(scene, &from);
    record = sign_charter(scene, &charter, other, 2);
    struct fh_directory_outcome out;
    assert_int_equal(fh_directory_add(scene->world.dir, test_bytes(&record), NOW_MS, &out, NULL),
                     FH_OK);
    assert_int_equal(out.result, FH_DIRECTORY_FORKED);
    rival = out.id;
    struct fh_domain_id signers[2][FH_RECORD_SIGNATURES_MAX];
    assert_int_equal(fh_directory_charter_signers(scene->world.dir, &held, signers[0]), 2);
    assert_int_equal(fh_directory_charter_signers(scene->world.dir, &rival, signers[1]), 2);
    unsigned both = 0;
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < 2; j++) {
            both += fh_domain_id_equal(&signers[0][i], &signers[1][j]) &&
                    fh_domain_id_equal(&signers[0][i], &d[1].id);
        }
    }
    assert_int_equal(both, 1);
    assert_int_equal(fh_directory_charter_standing(scene->world.dir, NOW_MS), FH_CHARTER_CONTESTED);
    scene_free(scene);
}

/* The same objects, once their conditions are met, are taken: the rows refuse for the reason that
 * they name. */
static void the_right_ones_are_taken(void **state)
{
    (void)state;
    struct scene *scene = scene_new();
    const struct test_domain *d = scene->world.domains;
    const struct test_key *keys[] = {&d[0].key, &scene->third.key};
    struct draw from = {11};
    struct fh_charter charter = third_charter(scene, &from);
    charter.created_ms = scene->current.expires_ms + 1; /* a renewal after the end */
    charter.expires_ms = charter.created_ms + TEST_DAY_MS;
    struct test_record record = sign_charter(scene, &charter, keys, 2);
    struct fh_err err = {0};
    assert_int_equal(fh_directory_add(scene->world.dir, test_bytes(&record), AT(8), NULL, &err),
                     FH_OK);
    assert_int_equal(fh_directory_charter(scene->world.dir, NULL)->seq, 3);
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_one_is_refused),
        cmocka_unit_test(a_fork_names_who_signed_both),
        cmocka_unit_test(the_right_ones_are_taken),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
