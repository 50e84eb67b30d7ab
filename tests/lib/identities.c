/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/identities.h"

#include "common/assert.h"

#include <stdio.h>
#include <stdlib.h>

struct test_record test_record_of(const struct fh_buf *buf)
{
    struct test_record record = {.size = buf->size};
    FH_ASSERT(fh_buf_ok(buf) == FH_OK);
    FH_ASSERT(buf->size <= sizeof record.bytes);
    memcpy(record.bytes, buf->data, buf->size);
    return record;
}

struct test_key test_key_of(const char *label, unsigned number)
{
    struct test_key key;
    uint8_t tail[4];
    fh_put_u32be(tail, number);
    const struct fh_bytes parts[] = {fh_bytes_cstr(label), fh_bytes(tail, sizeof tail)};
    struct fh_hash seed = fh_hash_parts(parts, FH_COUNT(parts));
    memcpy(key.seed, seed.b, sizeof key.seed);
    fh_sign_keys(key.seed, &key.public_key, &key.secret);
    key.id = fh_key_id_of(&key.public_key);
    key.ref = fh_key_id_ref(&key.id);
    return key;
}

struct test_domain test_domain_of(unsigned number)
{
    struct test_domain domain = {
        .key = test_key_of("domain", number),
        .next = test_key_of("next", number),
        .later = test_key_of("later", number),
        .node = test_key_of("node", number),
        .publisher = test_key_of("publisher", number),
        .member = test_key_of("member", number),
    };
    struct fh_key_event event = {.kind = FH_KEY_INCEPTION,
                                 .key = domain.key.public_key,
                                 .next = fh_next_key_hash(&domain.next.public_key),
                                 .created_ms = TEST_START_MS};
    struct fh_mesh_id none = {{0}};
    struct fh_record record;
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_key_event_make(&buf, &event, &domain.key.secret);
    domain.inception = test_record_of(&buf);
    FH_ASSERT(fh_record_parse(&record, test_bytes(&domain.inception), &none, NULL) == FH_OK);
    memcpy(domain.id.b, record.id.b, sizeof domain.id.b);
    snprintf(domain.name, sizeof domain.name, "domain%u", number);
    fh_buf_fini(&buf);
    return domain;
}

struct test_record test_charter_1(const struct test_domain *first, struct fh_mesh_id *out_mesh)
{
    struct fh_charter charter;
    struct fh_mesh_id none = {{0}};
    struct fh_record record;
    struct fh_buf buf;
    fh_charter_first(&charter, "skyline", &first->id, first->name, TEST_START_MS);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_charter_make(&buf, &charter, &none, &first->key.secret);
    struct test_record made = test_record_of(&buf);
    FH_ASSERT(fh_record_parse(&record, test_bytes(&made), &none, NULL) == FH_OK);
    memcpy(out_mesh->b, record.id.b, sizeof out_mesh->b);
    fh_buf_fini(&buf);
    return made;
}

struct test_record test_delegation(const struct test_domain *domain,
                                   const struct test_key *subject,
                                   enum fh_role role,
                                   const struct fh_mesh_id *mesh)
{
    struct fh_delegation delegation = {.domain = domain->id,
                                       .subject = subject->public_key,
                                       .role = role,
                                       .not_before_ms = TEST_START_MS,
                                       .not_after_ms = TEST_START_MS + 30 * TEST_DAY_MS};
    struct fh_buf buf;
    snprintf(delegation.label, sizeof delegation.label, "%s key", fh_role_text(role));
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_delegation_make(&buf, &delegation, mesh, &domain->key.secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

static struct test_record
rotation_to(const struct test_domain *domain, int64_t created_ms, const struct fh_hash *root)
{
    struct fh_mesh_id none = {{0}};
    struct fh_record inception;
    FH_ASSERT(fh_record_parse(&inception, test_bytes(&domain->inception), &none, NULL) == FH_OK);
    struct fh_key_event event = {.kind = FH_KEY_ROTATION,
                                 .seq = 1,
                                 .prev = inception.id,
                                 .key = domain->next.public_key,
                                 .next = fh_next_key_hash(&domain->later.public_key),
                                 .created_ms = created_ms,
                                 .records_root = *root};
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_key_event_make(&buf, &event, &domain->next.secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

struct test_record test_rotation(const struct test_domain *domain, int64_t created_ms)
{
    struct fh_record_id inception;
    memcpy(inception.b, domain->id.b, sizeof inception.b);
    struct fh_hash root = fh_records_root(&inception, 1);
    return rotation_to(domain, created_ms, &root);
}

static int compare_ids(const void *a, const void *b)
{
    return fh_record_id_compare(a, b);
}

struct test_record test_rotation_keeping(const struct test_domain *domain,
                                         int64_t created_ms,
                                         const struct test_record *const *kept,
                                         size_t count,
                                         const struct fh_mesh_id *mesh,
                                         struct test_record *out_manifest)
{
    struct fh_record_id ids[64];
    struct fh_manifest manifest = {.domain = domain->id, .seq = 1, .count = count, .ids = ids};
    struct fh_buf buf;
    FH_ASSERT(count <= FH_COUNT(ids));
    for (size_t i = 0; i < count; i++) {
        struct fh_record record;
        struct fh_charter charter = {.seq = 0};
        FH_ASSERT(fh_record_parse(&record, test_bytes(kept[i]), mesh, NULL) == FH_OK);
        bool first = record.type == FH_RECORD_CHARTER &&
                     fh_charter_decode(&charter, &record, NULL) == FH_OK && charter.seq == 1;
        ids[i] = record.id;
        if (first) {
            memcpy(ids[i].b, mesh->b, sizeof mesh->b);
        }
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    struct fh_hash root = fh_records_root(ids, count);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_manifest_make(&buf, &manifest, mesh, &domain->next.secret);
    *out_manifest = test_record_of(&buf);
    fh_buf_fini(&buf);
    return rotation_to(domain, created_ms, &root);
}

struct test_record test_revocation(const struct test_domain *domain,
                                   enum fh_revocation_kind kind,
                                   const uint8_t target[32],
                                   int64_t since_ms,
                                   const struct fh_mesh_id *mesh)
{
    struct fh_revocation revocation = {
        .domain = domain->id, .kind = kind, .since_ms = since_ms, .created_ms = since_ms};
    struct fh_buf buf;
    memcpy(revocation.target, target, sizeof revocation.target);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_revocation_make(&buf, &revocation, mesh, &domain->key.secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

struct test_record test_invitation(const struct test_domain *issuer,
                                   unsigned number,
                                   const char *name,
                                   const struct fh_mesh_id *mesh)
{
    struct fh_invitation invitation = {.issuer = issuer->id,
                                       .one_time = test_key_of("one-time", number).public_key,
                                       .created_ms = TEST_START_MS,
                                       .not_after_ms = TEST_START_MS + 7 * TEST_DAY_MS};
    struct fh_buf buf;
    snprintf(invitation.name, sizeof invitation.name, "%s", name);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_invitation_make(&buf, &invitation, mesh, &issuer->publisher.secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

struct test_record test_admission(const struct test_domain *issuer,
                                  const struct test_domain *joiner,
                                  unsigned one_time_number,
                                  const struct test_record *invitation,
                                  const struct fh_mesh_id *mesh)
{
    struct test_key one_time = test_key_of("one-time", one_time_number);
    struct fh_admission admission = {.issuer = issuer->id,
                                     .invitation = test_bytes(invitation),
                                     .domain = joiner->id,
                                     .admitted_ms = TEST_START_MS + TEST_HOUR_MS};
    struct fh_buf buf;
    memcpy(admission.name, joiner->name, sizeof admission.name);
    fh_redemption_sign(&admission.redemption, one_time.seed, mesh, &joiner->id, joiner->name);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_admission_make(&buf, &admission, mesh, &issuer->node.secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}
