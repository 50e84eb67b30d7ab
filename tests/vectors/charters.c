/* SPDX-License-Identifier: Apache-2.0 */
/* Charters that contradict each other, and what settles them: in a mesh of three the second member
 * signs two of one number. */
#include "common/assert.h"
#include "tests/vectors/vector_records.h"
#include "tests/vectors/writer.h"

#include <string.h>

struct trio {
    const struct test_domain *domains[3];
    const struct test_key *keys[3]; /* current domain keys */
    const struct fh_mesh_id *mesh;
};

static struct test_record
sign(const struct trio *trio, const struct fh_charter *charter, unsigned first, unsigned second)
{
    struct fh_buf one FH_CLEANUP(fh_buf_fini);
    struct fh_buf both FH_CLEANUP(fh_buf_fini);
    struct fh_record record;
    fh_buf_init(&one, TEST_RECORD_BYTES_MAX);
    fh_buf_init(&both, TEST_RECORD_BYTES_MAX);
    fh_charter_make(&one, charter, trio->mesh, &trio->keys[first]->secret);
    FH_ASSERT(fh_record_parse(&record, fh_buf_view(&one), trio->mesh, NULL) == FH_OK);
    fh_record_cosign(&both, &record, trio->mesh, &trio->keys[second]->secret);
    return test_record_of(&both);
}

static struct fh_record_id id_of(const struct trio *trio, const struct test_record *record)
{
    struct fh_record parsed;
    FH_ASSERT(fh_record_parse(&parsed, test_bytes(record), trio->mesh, NULL) == FH_OK);
    return parsed.id;
}

/* All three, two of whom decide. */
static struct fh_charter
of_all(const struct trio *trio, uint64_t seq, const struct fh_record_id *prev, int64_t day)
{
    struct fh_charter charter = {.seq = seq,
                                 .prev = *prev,
                                 .created_ms = TEST_START_MS + day * TEST_DAY_MS,
                                 .expires_ms = TEST_START_MS + 100 * TEST_DAY_MS,
                                 .threshold = 2,
                                 .member_count = 3,
                                 .policy_threshold = 2,
                                 .policy_signer_count = 3,
                                 .title = "skyline"};
    for (unsigned i = 0; i < 3; i++) {
        unsigned at = 0;
        for (unsigned j = 0; j < 3; j++) {
            at += fh_domain_id_compare(&trio->domains[j]->id, &trio->domains[i]->id) < 0;
        }
        charter.members[at].domain = trio->domains[i]->id;
        charter.policy_signers[at] = trio->domains[i]->id;
        memcpy(charter.members[at].name, trio->domains[i]->name, sizeof trio->domains[i]->name);
    }
    return charter;
}

/* The signature of the second member under each. */
static void settle(struct fh_charter *charter,
                   const struct trio *trio,
                   const struct test_record *one,
                   const struct test_record *other)
{
    const struct test_record *records[2] = {one, other};
    const struct fh_record_id ids[2] = {id_of(trio, one), id_of(trio, other)};
    struct fh_charter_settles *settles = &charter->settles;
    settles->count = 1;
    settles->both[0].domain = trio->domains[1]->id;
    for (unsigned i = 0; i < 2; i++) {
        unsigned at = fh_record_id_compare(&ids[i], &ids[1 - i]) < 0 ? 0 : 1;
        struct fh_record parsed;
        FH_ASSERT(fh_record_parse(&parsed, test_bytes(records[i]), trio->mesh, NULL) == FH_OK);
        settles->pair[at] = ids[i];
        for (unsigned s = 0; s < parsed.signature_count; s++) {
            if (fh_record_signed_by(
                    &parsed, s, trio->mesh, &trio->keys[1]->public_key, &fh_verifier_plain)) {
                settles->both[0].signatures[at] = parsed.signatures[s].signature;
            }
        }
    }
}

void vectors_charters(struct fh_buf *out,
                      const struct test_domain *founder,
                      const struct test_domain *joiner,
                      const struct fh_mesh_id *mesh,
                      const struct test_record *charter_2)
{
    static const struct fh_mesh_id none;
    const struct test_domain third = test_domain_of(2);
    const struct trio trio = {
        {founder, joiner, &third}, {&founder->key, &joiner->next, &third.key}, mesh};
    struct test_record invitation = test_invitation(founder, 2, third.name, mesh);
    struct test_record admission = test_admission(founder, &third, 2, &invitation, mesh);
    const struct fh_record_id second = id_of(&trio, charter_2);
    struct fh_charter charter = of_all(&trio, 3, &second, 4);
    struct test_record three = sign(&trio, &charter, 0, 1);
    const struct fh_record_id prev = id_of(&trio, &three);
    charter = of_all(&trio, 4, &prev, 5);
    struct test_record one = sign(&trio, &charter, 0, 1);
    charter.created_ms++;
    struct test_record other = sign(&trio, &charter, 1, 2);
    charter = of_all(&trio, 5, &prev, 6);
    settle(&charter, &trio, &one, &other);
    struct test_record settlement = sign(&trio, &charter, 0, 2);
    vector_record(out, "third.inception", &none, &third.inception, &third.key);
    vector_record(out, "third.admission", mesh, &admission, &founder->node);
    vector_record(out, "charter.3", mesh, &three, &founder->key);
    vector_record(out, "charter.4", mesh, &one, &founder->key);
    vector_record(out, "charter.4.rival", mesh, &other, &third.key);
    vector_record(out, "charter.5.settlement", mesh, &settlement, &third.key);
}
