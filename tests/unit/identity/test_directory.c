/* SPDX-License-Identifier: Apache-2.0 */
/* The directory: what it takes, what it refuses and by which rule, who may sign when. */
#include "proto/identity/directory.h"

#include "common/mem.h"
#include "tests/unit/identity/directory_world.h"

#include <stdio.h>

static void test_domains_and_names(void **state)
{
    struct world *world = *state;
    assert_true(fh_mesh_id_equal(fh_directory_mesh(world->dir), &world->mesh));
    assert_int_equal(fh_directory_domain_count(world->dir), 3);
    const struct fh_directory_domain *founder =
        fh_directory_domain(world->dir, &world->domains[0].id);
    assert_true(founder->admitted && founder->charter_member && !founder->frozen);
    assert_string_equal(founder->name, "domain0");
    const struct fh_directory_domain *joined = fh_directory_domain_by_name(world->dir, "domain1");
    assert_ptr_equal(joined, fh_directory_domain_at(world->dir, 1));
    assert_true(joined->admitted && !joined->charter_member);
    assert_true(fh_domain_id_equal(&joined->issuer, &world->domains[0].id));
    const struct fh_directory_domain *stranger =
        fh_directory_domain(world->dir, &world->domains[2].id);
    assert_false(stranger->admitted);
    assert_string_equal(stranger->name, "");
    assert_null(fh_directory_domain_by_name(world->dir, "domain2"));
    assert_string_equal(fh_directory_charter(world->dir, NULL)->title, "skyline");
}

static const struct signer_case {
    const char *name;
    unsigned owner; /* whose key */
    enum who who;
    unsigned domain; /* for whom it signs */
    int64_t when_ms;
    unsigned roles;
    const char *rule; /* "" means it may */
} signer_cases[] = {
    {"domain key", 0, DOMAIN_KEY, 0, AT(1), FH_ROLES_PUBLISHING, ""},
    {"publisher key", 0, PUBLISHER_KEY, 0, AT(1), FH_ROLES_PUBLISHING, ""},
    {"node key", 0, NODE_KEY, 0, AT(1), FH_ROLES_ANNOUNCING, ""},
    {"member key", 0, MEMBER_KEY, 0, AT(1), FH_ROLES_ALL, ""},
    {"node of the joiner", 1, NODE_KEY, 1, AT(2), FH_ROLE_MASK(FH_ROLE_NODE), ""},
    {"clock a little behind", 0, NODE_KEY, 0, AT(0) - 60000, FH_ROLES_ALL, ""},
    {"last moment", 0, NODE_KEY, 0, AT(30 * 24), FH_ROLES_ALL, ""},
    {"key not revealed yet", 0, NEXT_KEY, 0, AT(1), FH_ROLES_ALL, "record.signer.unknown"},
    {"key of nobody", 1, PUBLISHER_KEY, 1, AT(1), FH_ROLES_ALL, "record.signer.unknown"},
    {"another domain's node", 0, NODE_KEY, 1, AT(1), FH_ROLES_ALL, "record.signer.domain"},
    {"another domain's key", 1, DOMAIN_KEY, 0, AT(1), FH_ROLES_ALL, "record.signer.domain"},
    {"node publishing", 0, NODE_KEY, 0, AT(1), FH_ROLES_PUBLISHING, "record.signer.role"},
    {"member announcing", 0, MEMBER_KEY, 0, AT(1), FH_ROLES_ANNOUNCING, "record.signer.role"},
    {"domain key as a node",
     0,
     DOMAIN_KEY,
     0,
     AT(1),
     FH_ROLE_MASK(FH_ROLE_NODE),
     "record.signer.role"},
    {"before the delegation", 0, NODE_KEY, 0, AT(-1), FH_ROLES_ALL, "record.signer.expired"},
    {"after the delegation",
     0,
     NODE_KEY,
     0,
     AT(30 * 24) + 1,
     FH_ROLES_ALL,
     "record.signer.expired"},
    {"before the inception", 0, DOMAIN_KEY, 0, AT(-1), FH_ROLES_ALL, "record.signer.expired"},
    {"stranger", 2, NODE_KEY, 2, AT(1), FH_ROLES_ALL, "domain.not_admitted"},
};

static void test_signers(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < FH_COUNT(signer_cases); i++) {
        const struct signer_case *row = &signer_cases[i];
        const struct test_key *key = key_of(&world->domains[row->owner], row->who);
        struct fh_err err = {0};
        struct fh_signer signer;
        int code = fh_directory_signer(world->dir,
                                       &key->ref,
                                       &world->domains[row->domain].id,
                                       row->when_ms,
                                       row->roles,
                                       &signer,
                                       &err);
        if (strcmp(err.rule, row->rule) != 0 || (code == FH_OK) != (row->rule[0] == '\0')) {
            fail_msg("%s: rule \"%s\", text \"%s\"", row->name, err.rule, err.text);
        }
        if (code == FH_OK) {
            assert_memory_equal(&signer.key, &key->public_key, sizeof signer.key);
        }
    }
    struct fh_domain_id nobody = {{1}};
    struct fh_err err = {0};
    assert_int_equal(
        fh_directory_signer(
            world->dir, &world->domains[0].key.ref, &nobody, AT(1), FH_ROLES_ALL, NULL, &err),
        FH_ENOTFOUND);
    assert_string_equal(err.rule, "record.signer.domain");
    assert_int_equal(fh_directory_signer_of_stranger(world->dir,
                                                     &world->domains[2].node.ref,
                                                     &world->domains[2].id,
                                                     AT(1),
                                                     FH_ROLES_ALL,
                                                     NULL,
                                                     NULL),
                     FH_OK);
}

/* Whatever comes before its prerequisites names what is missing and is taken later. */
static void test_missing(void **state)
{
    struct world *world = *state;
    struct test_record rotation = test_rotation(&world->domains[0], AT(1));
    must_refuse(world, &rotation, "identity.missing.key_log");
    must_refuse(world, &world->charter, "identity.missing.key_log");
    must_refuse(world, &world->nodes[0], "identity.missing.charter");
    must_refuse(world, &world->admission, "identity.missing.charter");
    must_add(world, &world->domains[0].inception);
    must_add(world, &world->charter);
    must_refuse(world, &world->nodes[1], "identity.missing.key_log");
    must_refuse(world, &world->admission, "identity.missing.key_log");
    must_add(world, &world->domains[1].inception);
    must_refuse(world, &world->admission, "identity.missing.delegation");
    must_add(world, &world->nodes[0]);
    must_refuse(world, &world->admission, "identity.missing.delegation");
    must_add(world, &world->publisher);
    must_add(world, &world->admission);
    must_add(world, &world->nodes[1]);

    struct fh_directory_outcome out;
    assert_int_equal(
        fh_directory_add(world->dir, test_bytes(&world->admission), NOW_MS, &out, NULL), FH_OK);
    assert_int_equal(out.result, FH_DIRECTORY_KNOWN);
    assert_true(fh_domain_id_equal(&out.domain, &world->domains[1].id));
}

/* No byte of a record can change without its being refused. */
static void test_forged(void **state)
{
    struct world *world = *state;
    const struct test_record *order[] = {&world->domains[0].inception,
                                         &world->charter,
                                         &world->nodes[0],
                                         &world->publisher,
                                         &world->domains[1].inception,
                                         &world->admission};
    for (size_t i = 0; i < FH_COUNT(order); i++) {
        for (size_t at = 0; at < order[i]->size; at++) {
            struct test_record forged = *order[i];
            forged.bytes[at] ^= 1;
            if (add(world, &forged, NULL) == FH_OK) {
                fail_msg("record %zu: byte %zu was changed and nobody noticed", i, at);
            }
        }
        must_add(world, order[i]);
    }
    assert_int_equal(fh_directory_domain_count(world->dir), 2);
}

/* Admissions that do not hold. */

struct admission_change {
    const char *name;
    const char *rule;
    unsigned issuer;      /* index of the domain that issues */
    unsigned one_time;    /* number of the key that redeems; the invitation's is 1 */
    unsigned joiner;      /* who is admitted */
    const char *as;       /* under which name; NULL: its own */
    const char *for_name; /* the invitation's name */
    int64_t when_ms;
    bool by_member; /* signed by the issuer's member key */
    int64_t now_ms; /* 0: NOW_MS */
};

static const struct admission_change admission_changes[] = {
    {"as it should be", "", 0, 1, 2, NULL, "", AT(1), false, 0},
    {"for this name", "", 0, 1, 2, NULL, "domain2", AT(1), false, 0},
    {"issuer is no charter member",
     "identity.admission.issuer",
     1,
     1,
     2,
     NULL,
     "",
     AT(1),
     false,
     0},
    {"another one-time key", "identity.admission.redemption", 0, 2, 2, NULL, "", AT(1), false, 0},
    {"for another name", "identity.admission.invitation", 0, 1, 2, NULL, "atlas", AT(1), false, 0},
    {"after the invitation's end",
     "identity.invitation.expired",
     0,
     1,
     2,
     NULL,
     "",
     AT(169),
     false,
     AT(170)},
    {"before its beginning", "identity.admission.issuer", 0, 1, 2, NULL, "", AT(-2), false, 0},
    {"from the future", "identity.time.future", 0, 1, 2, NULL, "", AT(3), false, 0},
    {"a name that is taken: in without it", "", 0, 1, 2, "domain0", "", AT(1), false, 0},
    {"a domain that has a name", "identity.name.changed", 0, 1, 1, "other", "", AT(1), false, 0},
    {"signed by a member key", "record.signer.role", 0, 1, 2, NULL, "", AT(1), true, 0},
};

static struct test_record changed_admission(struct world *world, const struct admission_change *row)
{
    struct test_domain *issuer = &world->domains[row->issuer];
    struct test_domain *joiner = &world->domains[row->joiner];
    struct test_record invitation =
        test_invitation(&world->domains[0], 1, row->for_name, &world->mesh);
    struct test_key one_time = test_key_of("one-time", row->one_time);
    struct fh_admission admission = {.issuer = issuer->id,
                                     .invitation = test_bytes(&invitation),
                                     .domain = joiner->id,
                                     .admitted_ms = row->when_ms};
    struct fh_buf buf;
    snprintf(admission.name, sizeof admission.name, "%s", row->as != NULL ? row->as : joiner->name);
    fh_redemption_sign(
        &admission.redemption, one_time.seed, &world->mesh, &joiner->id, admission.name);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_admission_make(&buf,
                      &admission,
                      &world->mesh,
                      row->by_member ? &issuer->member.secret : &issuer->node.secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

static void test_admissions(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(admission_changes); i++) {
        const struct admission_change *row = &admission_changes[i];
        struct world *world = calloc(1, sizeof *world);
        struct fh_err err = {0};
        world_make(world);
        must_add(world, &world->domains[0].inception);
        must_add(world, &world->charter);
        must_add(world, &world->nodes[0]);
        must_add(world, &world->publisher);
        must_add(world, &world->member);
        must_add(world, &world->domains[1].inception);
        struct test_record other = test_invitation(&world->domains[0], 9, "", &world->mesh);
        other = test_admission(&world->domains[0], &world->domains[1], 9, &other, &world->mesh);
        must_add(world, &other);
        must_add(world, &world->nodes[1]);
        must_add(world, &world->domains[2].inception);
        struct test_record record = changed_admission(world, row);
        int64_t now_ms = row->now_ms != 0 ? row->now_ms : NOW_MS;
        int code = fh_directory_add(world->dir, test_bytes(&record), now_ms, NULL, &err);
        if (strcmp(err.rule, row->rule) != 0 || (code == FH_OK) != (row->rule[0] == '\0')) {
            fail_msg("%s: rule \"%s\", text \"%s\"", row->name, err.rule, err.text);
        }
        fh_directory_free(world->dir);
        free(world);
    }
}

static void test_invitation_is_used_once(void **state)
{
    struct world *world = *state;
    struct fh_record record;
    struct fh_err err = {0};
    assert_int_equal(fh_record_parse(&record, test_bytes(&world->invitation), &world->mesh, NULL),
                     FH_OK);
    assert_int_equal(fh_directory_check_invitation(world->dir, &record, NOW_MS, NULL, &err),
                     FH_EDENIED);
    assert_string_equal(err.rule, "identity.invitation.used");
    struct test_record again =
        test_admission(&world->domains[0], &world->domains[2], 1, &world->invitation, &world->mesh);
    must_refuse(world, &again, "identity.invitation.used");

    const struct {
        unsigned issuer;
        int64_t now_ms;
        const char *rule;
    } rows[] = {
        {0, NOW_MS, ""},
        {0, AT(7 * 24), ""},
        {0, AT(7 * 24) + 1, "identity.invitation.expired"},
        {0, AT(-1), "identity.invitation.expired"},
        {1, NOW_MS, "record.signer.unknown"},
        {2, NOW_MS, "domain.not_admitted"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct test_record fresh =
            test_invitation(&world->domains[rows[i].issuer], 7, "", &world->mesh);
        err = (struct fh_err){0};
        assert_int_equal(fh_record_parse(&record, test_bytes(&fresh), &world->mesh, NULL), FH_OK);
        int code = fh_directory_check_invitation(world->dir, &record, rows[i].now_ms, NULL, &err);
        assert_string_equal(err.rule, rows[i].rule);
        assert_int_equal(code == FH_OK, rows[i].rule[0] == '\0');
    }
    struct test_record publisher = test_delegation(
        &world->domains[1], &world->domains[1].publisher, FH_ROLE_PUBLISHER, &world->mesh);
    must_add(world, &publisher);
    struct test_record outsider = test_invitation(&world->domains[1], 8, "", &world->mesh);
    assert_int_equal(fh_record_parse(&record, test_bytes(&outsider), &world->mesh, NULL), FH_OK);
    assert_int_equal(fh_directory_check_invitation(world->dir, &record, NOW_MS, NULL, &err),
                     FH_EDENIED);
    assert_string_equal(err.rule, "identity.invitation.issuer");
}

/* Keys change and end. */

static void test_rotation_ends_a_key(void **state)
{
    struct world *world = *state;
    struct test_record rotation = test_rotation(&world->domains[0], AT(2));
    must_add(world, &rotation);
    const struct fh_directory_domain *info = fh_directory_domain(world->dir, &world->domains[0].id);
    assert_int_equal(info->key_seq, 1);
    assert_memory_equal(&info->key, &world->domains[0].next.public_key, sizeof info->key);
    expect(world, 0, DOMAIN_KEY, AT(1), "");
    expect(world, 0, DOMAIN_KEY, AT(2), "record.signer.expired");
    expect(world, 0, NEXT_KEY, AT(1), "record.signer.expired");
    expect(world, 0, NEXT_KEY, AT(2), "");
    expect(world, 0, NODE_KEY, AT(3), ""); /* delegated before: counts until it ends */

    /* What the earlier key signs for later does not count. */
    struct fh_delegation late = {.domain = world->domains[0].id,
                                 .subject = world->domains[0].later.public_key,
                                 .role = FH_ROLE_PUBLISHER,
                                 .not_before_ms = AT(2),
                                 .not_after_ms = AT(48)};
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_delegation_make(&buf, &late, &world->mesh, &world->domains[0].key.secret);
    struct test_record record = test_record_of(&buf);
    must_refuse(world, &record, "record.signer.expired");
    fh_buf_reset(&buf);
    fh_delegation_make(&buf, &late, &world->mesh, &world->domains[0].next.secret);
    record = test_record_of(&buf);
    must_add(world, &record);
    fh_buf_fini(&buf);
}

static void test_rotation_ends_what_was_signed_ahead(void **state)
{
    struct world *world = *state;
    struct fh_delegation ahead = {.domain = world->domains[0].id,
                                  .subject = world->domains[0].later.public_key,
                                  .role = FH_ROLE_PUBLISHER,
                                  .not_before_ms = AT(24),
                                  .not_after_ms = AT(48)};
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_delegation_make(&buf, &ahead, &world->mesh, &world->domains[0].key.secret);
    struct test_record record = test_record_of(&buf);
    fh_buf_fini(&buf);
    must_add(world, &record);
    const struct fh_ref *ref = &world->domains[0].later.ref;
    assert_int_equal(
        fh_directory_signer(world->dir, ref, &ahead.domain, AT(25), FH_ROLES_ALL, NULL, NULL),
        FH_OK);
    struct test_record rotation = test_rotation(&world->domains[0], AT(2));
    must_add(world, &rotation);
    struct fh_err err = {0};
    assert_int_equal(
        fh_directory_signer(world->dir, ref, &ahead.domain, AT(25), FH_ROLES_ALL, NULL, &err),
        FH_ESIG);
    assert_string_equal(err.rule, "record.signer.expired");
}

static void test_revocations(void **state)
{
    struct world *world = *state;
    struct fh_record node;
    assert_int_equal(fh_record_parse(&node, test_bytes(&world->nodes[0]), &world->mesh, NULL),
                     FH_OK);
    struct test_record by_id =
        test_revocation(&world->domains[0], FH_REVOKE_DELEGATION, node.id.b, AT(2), &world->mesh);
    must_add(world, &by_id);
    expect(world, 0, NODE_KEY, AT(2) - 1, "");
    expect(world, 0, NODE_KEY, AT(2), "record.signer.revoked");
    struct test_record by_key = test_revocation(
        &world->domains[0], FH_REVOKE_KEY, world->domains[0].publisher.id.b, AT(1), &world->mesh);
    must_add(world, &by_key);
    expect(world, 0, PUBLISHER_KEY, AT(1) - 1, "");
    expect(world, 0, PUBLISHER_KEY, AT(1), "record.signer.revoked");
    expect(world, 0, MEMBER_KEY, AT(3), "");

    /* One domain cannot revoke another's. */
    struct test_record foreign = test_revocation(
        &world->domains[1], FH_REVOKE_KEY, world->domains[0].member.id.b, AT(1), &world->mesh);
    must_add(world, &foreign);
    expect(world, 0, MEMBER_KEY, AT(3), "");
    struct test_record future = test_revocation(
        &world->domains[1], FH_REVOKE_KEY, world->domains[1].node.id.b, AT(9), &world->mesh);
    must_refuse(world, &future, "identity.time.future");
}

static void test_one_node_key_at_a_time(void **state)
{
    struct world *world = *state;
    struct test_key second = test_key_of("second node", 1);
    struct test_record record =
        test_delegation(&world->domains[1], &second, FH_ROLE_NODE, &world->mesh);
    must_refuse(world, &record, "identity.delegation.second_node");
    struct test_record revocation = test_revocation(
        &world->domains[1], FH_REVOKE_KEY, world->domains[1].node.id.b, AT(0), &world->mesh);
    must_add(world, &revocation);
    must_add(world, &record);
}

/* Two rotations of one sequence number: the domain is frozen from the earlier one on. */
static void test_fork(void **state)
{
    struct world *world = *state;
    struct test_record one = test_rotation(&world->domains[1], AT(2));
    struct test_record two = test_rotation(&world->domains[1], AT(1));
    struct test_record three = test_rotation(&world->domains[1], AT(1) + 1);
    struct fh_directory_outcome out;
    struct fh_err err = {0};
    must_add(world, &one);
    assert_int_equal(fh_directory_add(world->dir, test_bytes(&two), NOW_MS, &out, &err), FH_OK);
    assert_int_equal(out.result, FH_DIRECTORY_FORKED);
    const struct fh_directory_domain *info = fh_directory_domain(world->dir, &world->domains[1].id);
    assert_true(info->frozen);
    assert_int_equal(info->frozen_since_ms, AT(1));
    assert_int_equal(fh_directory_add(world->dir, test_bytes(&two), NOW_MS, &out, &err), FH_OK);
    assert_int_equal(out.result, FH_DIRECTORY_KNOWN);
    must_refuse(world, &three, "domain.frozen");
    expect(world, 1, NODE_KEY, AT(1) - 1, "");
    expect(world, 1, NODE_KEY, AT(1), "domain.frozen");
    expect(world, 1, NEXT_KEY, AT(3), "domain.frozen");
    expect(world, 0, NODE_KEY, AT(3), "");
}

static void test_other_mesh(void **state)
{
    struct world *world = *state;
    struct test_domain stranger = test_domain_of(77);
    struct fh_mesh_id other;
    struct test_record charter = test_charter_1(&stranger, &other);
    must_add(world, &stranger.inception);
    must_refuse(world, &charter, "identity.charter.mesh");
    struct test_record delegation =
        test_delegation(&stranger, &stranger.node, FH_ROLE_NODE, &other);
    must_refuse(world, &delegation, "record.signature");
    struct test_record invitation = test_invitation(&world->domains[0], 5, "", &world->mesh);
    must_refuse(world, &invitation, "identity.type");
}

/* Export. */

struct heap {
    size_t count;
    struct test_record records[64];
};

static bool collect(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct heap *heap = user;
    (void)type;
    (void)id;
    struct test_record *record = &heap->records[heap->count++];
    record->size = bytes.size;
    memcpy(record->bytes, bytes.data, bytes.size);
    return heap->count < FH_COUNT(heap->records);
}

static void test_export(void **state)
{
    struct world *world = *state;
    static const struct fh_mesh_id none;
    struct heap *heap = calloc(1, sizeof *heap);
    struct test_record manifest;
    const struct test_record *kept[] = {&world->nodes[1]};
    struct test_record one =
        test_rotation_keeping(&world->domains[1], AT(2), kept, 1, &world->mesh, &manifest);
    struct test_record two = test_rotation(&world->domains[1], AT(1) + 1);
    must_add(world, &one);
    must_add(world, &manifest);
    assert_int_equal(add(world, &two, NULL), FH_OK);
    assert_true(fh_directory_each(world->dir, collect, heap));
    assert_int_equal(heap->count, 13);

    /* One by one, in the order of the export. */
    struct fh_directory *copy = fh_directory_new(&none, &fh_verifier_plain);
    for (size_t i = 0; i < heap->count; i++) {
        struct fh_err err = {0};
        if (fh_directory_add(copy, test_bytes(&heap->records[i]), NOW_MS, NULL, &err) != FH_OK) {
            fail_msg("record %zu: %s", i, err.text);
        }
    }
    assert_true(fh_directory_domain_by_name(copy, "domain1")->frozen);
    fh_directory_free(copy);

    /* All at once, backwards. */
    struct fh_bytes reversed[64];
    for (size_t i = 0; i < heap->count; i++) {
        reversed[i] = test_bytes(&heap->records[heap->count - 1 - i]);
    }
    struct fh_err err = {0};
    copy = fh_directory_new(&world->mesh, &fh_verifier_plain);
    assert_int_equal(fh_directory_add_all(copy, reversed, heap->count, NOW_MS, NULL, &err), FH_OK);
    assert_int_equal(fh_directory_domain_count(copy), 3);
    assert_true(fh_directory_domain_by_name(copy, "domain1")->frozen);

    /* One bad record among them is told, the others stay. */
    fh_directory_free(copy);
    copy = fh_directory_new(&world->mesh, &fh_verifier_plain);
    reversed[2] = fh_bytes("no record", 9);
    assert_int_not_equal(fh_directory_add_all(copy, reversed, heap->count, NOW_MS, NULL, &err),
                         FH_OK);
    assert_true(strncmp(err.rule, "pack.", 5) == 0);
    assert_int_equal(fh_directory_domain_count(copy), 3);
    fh_directory_free(copy);
    free(heap);
}

static void test_credentials(void **state)
{
    struct world *world = *state;
    struct heap *heap = calloc(1, sizeof *heap);
    const struct test_domain *domain = &world->domains[0];
    fh_directory_credentials(world->dir, &domain->id, &domain->node.ref, AT(1), collect, heap);
    assert_int_equal(heap->count, 2);
    heap->count = 0;
    fh_directory_credentials(world->dir, &domain->id, &domain->node.ref, AT(-2), collect, heap);
    assert_int_equal(heap->count, 1);
    heap->count = 0;
    fh_directory_each_of(world->dir, &world->domains[1].id, collect, heap);
    assert_int_equal(heap->count, 3);
    struct fh_record record;
    assert_int_equal(fh_record_parse(&record, test_bytes(&world->admission), &world->mesh, NULL),
                     FH_OK);
    assert_int_equal(fh_directory_record(world->dir, &record.id).size, world->admission.size);
    record.id.b[0] ^= 1;
    assert_int_equal(fh_directory_record(world->dir, &record.id).size, 0);
    free(heap);
}

/* What begins later than others need to know is left out of what they are given. */
static void test_due(void **state)
{
    struct world *world = *state;
    struct heap *heap = calloc(1, sizeof *heap);
    const struct fh_domain_id *domain = &world->domains[0].id;
    struct fh_delegation ahead = {.domain = *domain,
                                  .subject = world->domains[0].later.public_key,
                                  .role = FH_ROLE_PUBLISHER,
                                  .not_before_ms = AT(24),
                                  .not_after_ms = AT(48)};
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_delegation_make(&buf, &ahead, &world->mesh, &world->domains[0].key.secret);
    struct test_record record = test_record_of(&buf);
    fh_buf_fini(&buf);
    must_add(world, &record);
    assert_true(fh_directory_each(world->dir, collect, heap));
    size_t all = heap->count;
    static const struct {
        int64_t until_ms;
        size_t fewer;
    } rows[] = {{AT(23), 1}, {AT(24) - 1, 1}, {AT(24), 0}, {INT64_MAX, 0}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        heap->count = 0;
        assert_true(fh_directory_each_due(world->dir, rows[i].until_ms, collect, heap));
        assert_int_equal(heap->count, all - rows[i].fewer);
        heap->count = 0;
        assert_true(fh_directory_each_of_due(world->dir, domain, rows[i].until_ms, collect, heap));
        size_t of_domain = heap->count;
        heap->count = 0;
        assert_true(fh_directory_each_of(world->dir, domain, collect, heap));
        assert_int_equal(of_domain, heap->count - rows[i].fewer);
    }
    free(heap);
}

/* Limits. */

static void test_strangers_give_way(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < FH_STRANGERS_MAX; i++) {
        struct test_domain domain = test_domain_of(1000 + i);
        must_add(world, &domain.inception);
    }
    assert_int_equal(fh_directory_domain_count(world->dir), 2 + FH_STRANGERS_MAX);
    assert_null(fh_directory_domain(world->dir, &world->domains[2].id));
    assert_non_null(fh_directory_domain(world->dir, &world->domains[1].id));
    const char *rule = NULL;
    assert_int_equal(may(world, 2, NODE_KEY, AT(1), &rule), FH_ENOTFOUND);
    must_add(world, &world->domains[2].inception); /* it may come again */
}

static void test_grants_have_a_limit(void **state)
{
    struct world *world = *state;
    struct fh_err err = {0};
    for (unsigned i = 0; i < FH_STRANGER_GRANTS_MAX; i++) {
        struct test_key key = test_key_of("grant", i);
        struct test_record record =
            test_delegation(&world->domains[2], &key, FH_ROLE_MEMBER, &world->mesh);
        if (i + 1 < FH_STRANGER_GRANTS_MAX) {
            must_add(world, &record);
        } else {
            assert_int_equal(add(world, &record, &err), FH_ETOOBIG);
            assert_string_equal(err.rule, "identity.grants");
        }
    }
}

static bool trust_all(void *user,
                      const struct fh_signature *signature,
                      struct fh_bytes message,
                      const struct fh_sign_public *key)
{
    (void)user;
    (void)signature;
    (void)message;
    (void)key;
    return true;
}

/* Many domains: found by id and name at once (signatures are trusted here, the maps are the point).
 */
static void test_many_domains(void **state)
{
    struct world *world = *state;
    const unsigned wanted = 1000;
    const struct fh_verifier trusting = {.verify = trust_all};
    struct fh_directory *dir = fh_directory_new(&world->mesh, &trusting);
    const struct test_record *founding[] = {
        &world->domains[0].inception, &world->charter, &world->nodes[0], &world->publisher};
    for (size_t i = 0; i < FH_COUNT(founding); i++) {
        assert_int_equal(fh_directory_add(dir, test_bytes(founding[i]), NOW_MS, NULL, NULL), FH_OK);
    }
    unsigned many = wanted < FH_DOMAINS_MAX ? wanted : FH_DOMAINS_MAX - 1;
    for (unsigned i = 1; i <= many; i++) {
        struct test_domain domain = test_domain_of(i);
        struct test_record invitation = test_invitation(&world->domains[0], i, "", &world->mesh);
        struct test_record admission =
            test_admission(&world->domains[0], &domain, i, &invitation, &world->mesh);
        assert_int_equal(fh_directory_add(dir, test_bytes(&domain.inception), NOW_MS, NULL, NULL),
                         FH_OK);
        assert_int_equal(fh_directory_add(dir, test_bytes(&admission), NOW_MS, NULL, NULL), FH_OK);
    }
    assert_int_equal(fh_directory_domain_count(dir), many + 1);
    for (unsigned i = 1; i <= many; i++) {
        const struct fh_directory_domain *domain = fh_directory_domain_at(dir, i);
        assert_ptr_equal(domain, fh_directory_domain(dir, &domain->id));
        assert_ptr_equal(domain, fh_directory_domain_by_name(dir, domain->name));
    }
    fh_directory_free(dir);
}

/* Every allocation may fail: the record is refused, nothing is half kept, a second try succeeds. */

static size_t allocations_left;

static bool fail_at(size_t size)
{
    (void)size;
    return allocations_left-- != 0;
}

static void add_with_failures(struct fh_directory *dir, const struct test_record *record)
{
    for (size_t n = 0;; n++) {
        struct fh_err err = {0};
        size_t before = fh_directory_domain_count(dir);
        allocations_left = n;
        fh_alloc_set_hook(fail_at);
        int code = fh_directory_add(dir, test_bytes(record), NOW_MS, NULL, &err);
        fh_alloc_set_hook(NULL);
        if (code == FH_OK) {
            return;
        }
        assert_int_equal(code, FH_ENOMEM);
        assert_int_equal(fh_directory_domain_count(dir), before);
        assert_true(n < 32);
    }
}

static void test_out_of_memory(void **state)
{
    struct world *world = *state;
    struct test_record rotation = test_rotation(&world->domains[0], AT(2));
    struct test_record fork = test_rotation(&world->domains[0], AT(2) + 1);
    struct test_record revocation = test_revocation(
        &world->domains[1], FH_REVOKE_KEY, world->domains[1].node.id.b, AT(1), &world->mesh);
    const struct test_record *order[] = {&world->domains[0].inception,
                                         &world->charter,
                                         &world->nodes[0],
                                         &world->publisher,
                                         &world->domains[1].inception,
                                         &world->admission,
                                         &world->nodes[1],
                                         &revocation,
                                         &rotation,
                                         &fork};
    for (size_t i = 0; i < FH_COUNT(order); i++) {
        add_with_failures(world->dir, order[i]);
    }
    assert_true(fh_directory_domain_by_name(world->dir, "domain1")->admitted);
    static const struct fh_mesh_id none;
    allocations_left = 0;
    fh_alloc_set_hook(fail_at);
    struct fh_directory *dir = fh_directory_new(&none, &fh_verifier_plain);
    fh_alloc_set_hook(NULL);
    assert_null(dir);
    fh_directory_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_domains_and_names, setup),
        WITH(test_signers, setup),
        WITH(test_missing, setup_empty),
        WITH(test_forged, setup_empty),
        cmocka_unit_test(test_admissions),
        WITH(test_invitation_is_used_once, setup),
        WITH(test_rotation_ends_a_key, setup),
        WITH(test_rotation_ends_what_was_signed_ahead, setup),
        WITH(test_revocations, setup),
        WITH(test_one_node_key_at_a_time, setup),
        WITH(test_fork, setup),
        WITH(test_other_mesh, setup),
        WITH(test_export, setup),
        WITH(test_credentials, setup),
        WITH(test_due, setup),
        WITH(test_strangers_give_way, setup),
        WITH(test_grants_have_a_limit, setup),
        WITH(test_many_domains, setup_empty),
        WITH(test_out_of_memory, setup_empty),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
