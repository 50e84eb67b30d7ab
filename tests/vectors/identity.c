/* SPDX-License-Identifier: Apache-2.0 */
/* Identity records: a founder, one who joins, a rotation, a revocation, a second charter; then what
 * a reader must refuse. */
#include "common/assert.h"
#include "proto/identity/directory.h"
#include "tests/lib/identities.h"
#include "tests/vectors/vector_records.h"
#include "tests/vectors/writer.h"

struct cast {
    struct test_domain founder;
    struct test_domain joiner;
    struct fh_mesh_id mesh;
    struct fh_record_id charter_id;
};

static void write_keys(struct fh_buf *out, const char *who, const struct test_domain *domain)
{
    const struct {
        const char *role;
        const struct test_key *key;
    } keys[] = {{"domain", &domain->key},
                {"next", &domain->next},
                {"node", &domain->node},
                {"publisher", &domain->publisher},
                {"member", &domain->member}};
    for (size_t i = 0; i < FH_COUNT(keys); i++) {
        struct fh_buf name FH_CLEANUP(fh_buf_fini);
        char id[FH_ID_TEXT_BYTES];
        fh_buf_init(&name, 64);
        fh_buf_printf(&name, "key.%s.%s", who, keys[i].role);
        vector_begin(out, fh_buf_cstr(&name), "key");
        vector_hex(out, "seed", fh_bytes(keys[i].key->seed, FH_SEED_BYTES));
        vector_hex(out, "public", fh_bytes(keys[i].key->public_key.b, 32));
        fh_key_id_text(id, &keys[i].key->id);
        vector_text(out, "id", id);
    }
}

static struct fh_charter charter_of_both(const struct cast *cast)
{
    struct fh_charter charter = {.seq = 2,
                                 .prev = cast->charter_id,
                                 .created_ms = TEST_START_MS + 2 * TEST_DAY_MS,
                                 .expires_ms = TEST_START_MS + 100 * TEST_DAY_MS,
                                 .threshold = 2,
                                 .member_count = 2,
                                 .policy_threshold = 2,
                                 .policy_signer_count = 2,
                                 .title = "skyline"};
    bool first = fh_domain_id_compare(&cast->founder.id, &cast->joiner.id) < 0;
    for (size_t i = 0; i < 2; i++) {
        const struct test_domain *domain = (i == 0) == first ? &cast->founder : &cast->joiner;
        charter.members[i].domain = domain->id;
        charter.policy_signers[i] = domain->id;
        memcpy(charter.members[i].name, domain->name, sizeof domain->name);
    }
    return charter;
}

static struct test_record second_charter(const struct cast *cast)
{
    struct fh_charter charter = charter_of_both(cast);
    struct fh_buf one FH_CLEANUP(fh_buf_fini);
    struct fh_buf both FH_CLEANUP(fh_buf_fini);
    struct fh_record record;
    fh_buf_init(&one, TEST_RECORD_BYTES_MAX);
    fh_buf_init(&both, TEST_RECORD_BYTES_MAX);
    fh_charter_make(&one, &charter, &cast->mesh, &cast->founder.key.secret);
    FH_ASSERT(fh_record_parse(&record, fh_buf_view(&one), &cast->mesh, NULL) == FH_OK);
    fh_record_cosign(&both, &record, &cast->mesh, &cast->joiner.key.secret);
    return test_record_of(&both);
}

static struct test_record proposal_of(const struct cast *cast)
{
    struct fh_proposal proposal = {.proposer = cast->founder.id,
                                   .proposed_ms = TEST_START_MS + 2 * TEST_DAY_MS,
                                   .note = "two of us now",
                                   .charter = charter_of_both(cast)};
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_proposal_make(&buf, &proposal, &cast->mesh, &cast->founder.key.secret);
    return test_record_of(&buf);
}

static struct test_record vote_of(const struct cast *cast, const struct test_domain *voter)
{
    struct fh_charter charter = charter_of_both(cast);
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_vote_make(&buf, &voter->id, &charter, &cast->mesh, &voter->key.secret);
    return test_record_of(&buf);
}

/* Copies a record and changes one byte of its payload or signature. */
static struct test_record flip(const struct test_record *record, size_t at)
{
    struct test_record flipped = *record;
    flipped.bytes[at < record->size ? at : record->size - 1] ^= 1;
    return flipped;
}

/* Payload and signature as they are, under another type code. */
static struct test_record retype(const struct test_record *record, uint8_t type)
{
    struct test_record moved = *record;
    moved.bytes[2] = type;
    return moved;
}

static void
write_envelopes(struct fh_buf *out, const struct cast *cast, const struct test_record *r)
{
    struct test_record bad = *r;
    bad.bytes[1] = 2;
    vector_bad_record(out, "envelope.version", &cast->mesh, &bad);
    bad = *r;
    bad.bytes[0] = 0x95; /* a fifth field */
    bad.bytes[bad.size++] = 0xc0;
    vector_bad_record(out, "envelope.fifth_field", &cast->mesh, &bad);
    bad = *r;
    bad.bytes[bad.size++] = 0xc0;
    vector_bad_record(out, "envelope.trailing", &cast->mesh, &bad);
    bad = *r;
    bad.size--;
    vector_bad_record(out, "envelope.truncated", &cast->mesh, &bad);
    /* the signatures: array of 1 at size - (2 + 16 + 2 + 64) - 2 */
    bad = *r;
    bad.size = r->size - 85;
    FH_ASSERT(bad.bytes[bad.size - 1] == 0x91);
    bad.bytes[bad.size - 1] = 0x90;
    vector_bad_record(out, "envelope.unsigned", &cast->mesh, &bad);
    bad = *r;
    bad.bytes[r->size - 86] = 0x92; /* the same signature twice */
    FH_ASSERT(r->bytes[r->size - 86] == 0x91);
    memcpy(bad.bytes + r->size, r->bytes + r->size - 85, 85);
    bad.size += 85;
    vector_bad_record(out, "envelope.signature_twice", &cast->mesh, &bad);
}

/* A member whose role has a name. */
static struct test_record analyst_of(const struct cast *cast)
{
    const struct test_domain *domain = &cast->joiner;
    struct fh_delegation delegation = {.domain = domain->id,
                                       .subject = test_key_of("analyst", 0).public_key,
                                       .role = FH_ROLE_MEMBER,
                                       .not_before_ms = TEST_START_MS,
                                       .not_after_ms = TEST_START_MS + 30 * TEST_DAY_MS,
                                       .label = "ann",
                                       .role_name = "analyst"};
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_delegation_make(&buf, &delegation, &cast->mesh, &domain->key.secret);
    return test_record_of(&buf);
}

void vectors_identity(struct fh_buf *out)
{
    struct cast cast = {.founder = test_domain_of(0), .joiner = test_domain_of(1)};
    const struct fh_mesh_id none = {{0}};
    struct test_record charter = test_charter_1(&cast.founder, &cast.mesh);
    memcpy(cast.charter_id.b, cast.mesh.b, sizeof cast.charter_id.b);
    const struct test_domain *founder = &cast.founder;
    const struct test_domain *joiner = &cast.joiner;
    struct test_record node = test_delegation(founder, &founder->node, FH_ROLE_NODE, &cast.mesh);
    struct test_record publisher =
        test_delegation(founder, &founder->publisher, FH_ROLE_PUBLISHER, &cast.mesh);
    struct test_record consumer =
        test_delegation(founder, &founder->member, FH_ROLE_MEMBER, &cast.mesh);
    struct test_record invitation = test_invitation(founder, 1, joiner->name, &cast.mesh);
    struct test_record admission = test_admission(founder, joiner, 1, &invitation, &cast.mesh);
    struct test_record joined = test_delegation(joiner, &joiner->node, FH_ROLE_NODE, &cast.mesh);
    struct test_record member =
        test_delegation(joiner, &joiner->member, FH_ROLE_MEMBER, &cast.mesh);
    struct test_record analyst = analyst_of(&cast);
    struct test_record revocation = test_revocation(
        joiner, FH_REVOKE_KEY, joiner->member.id.b, TEST_START_MS + TEST_DAY_MS, &cast.mesh);
    struct test_record next = second_charter(&cast);
    struct test_record manifest;
    const struct test_record *kept[] = {&joined, &next};
    struct test_record rotation = test_rotation_keeping(
        joiner, TEST_START_MS + 3 * TEST_DAY_MS, kept, FH_COUNT(kept), &cast.mesh, &manifest);

    vector_file(out,
                "Identity records: proto/README.md, sections 3 to 6, in an order that verifies.");
    write_keys(out, "founder", founder);
    write_keys(out, "joiner", joiner);
    vector_record(out, "founder.inception", &none, &founder->inception, &founder->key);
    vector_record(out, "charter.1", &none, &charter, &founder->key);
    vector_record(out, "founder.node", &cast.mesh, &node, &founder->key);
    vector_record(out, "founder.publisher", &cast.mesh, &publisher, &founder->key);
    vector_record(out, "founder.member", &cast.mesh, &consumer, &founder->key);
    vector_record(out, "invitation", &cast.mesh, &invitation, &founder->publisher);
    vector_record(out, "joiner.inception", &none, &joiner->inception, &joiner->key);
    vector_record(out, "admission", &cast.mesh, &admission, &founder->node);
    vector_record(out, "joiner.node", &cast.mesh, &joined, &joiner->key);
    vector_record(out, "joiner.member", &cast.mesh, &member, &joiner->key);
    vector_record(out, "joiner.analyst", &cast.mesh, &analyst, &joiner->key);
    vector_record(out, "joiner.revocation", &cast.mesh, &revocation, &joiner->key);
    struct test_record proposal = proposal_of(&cast);
    struct test_record vote = vote_of(&cast, founder);
    vector_record(out, "charter.2.proposal", &cast.mesh, &proposal, &founder->key);
    vector_record(out, "charter.2.vote", &cast.mesh, &vote, &founder->key);
    vector_record(out, "charter.2", &cast.mesh, &next, &founder->key);
    vector_record(out, "joiner.rotation", &none, &rotation, &joiner->next);
    vector_record(out, "joiner.manifest", &cast.mesh, &manifest, &joiner->next);

    vectors_charters(out, founder, joiner, &cast.mesh, &next);
    write_envelopes(out, &cast, &node);
    struct test_record bad = flip(&node, 20);
    vector_forged_record(out, "forged.payload", &cast.mesh, &bad, &founder->key);
    bad = flip(&node, node.size);
    vector_forged_record(out, "forged.signature", &cast.mesh, &bad, &founder->key);
    bad = retype(&node, FH_RECORD_REVOCATION);
    vector_forged_record(out, "forged.type", &cast.mesh, &bad, &founder->key);
    vector_forged_record(out, "forged.mesh", &none, &node, &founder->key);
    vector_forged_record(out, "forged.signer", &cast.mesh, &node, &joiner->key);
}
