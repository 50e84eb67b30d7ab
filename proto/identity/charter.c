/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/charter.h"

#include "common/assert.h"
#include "proto/wire/pack.h"

#include <stdio.h>

enum {
    CHARTER_VERSION = 1,
    CHARTER_KEYS = 11, /* and "settles" in a settlement */
    SETTLES_FIELDS = 3,
    DOUBLE_FIELDS = 3,
    PAYLOAD_BYTES_MAX = 32 * 1024,
};

void fh_charter_first(struct fh_charter *out,
                      const char *title,
                      const struct fh_domain_id *member,
                      const char *name,
                      int64_t created_ms)
{
    *out = (struct fh_charter){.seq = 1,
                               .created_ms = created_ms,
                               .expires_ms = created_ms + FH_CHARTER_DEFAULT_MS,
                               .threshold = 1,
                               .member_count = 1,
                               .policy_threshold = 1,
                               .policy_signer_count = 1};
    out->members[0].domain = *member;
    out->policy_signers[0] = *member;
    snprintf(out->members[0].name, sizeof out->members[0].name, "%s", name);
    snprintf(out->title, sizeof out->title, "%s", title);
}

struct fh_mesh_id fh_charter_mesh(const struct fh_charter *charter, const struct fh_mesh_id *mesh)
{
    static const struct fh_mesh_id zero;
    return charter->seq == 1 ? zero : *mesh;
}

static void write_domains(struct fh_buf *payload, const struct fh_domain_id *ids, unsigned count)
{
    fh_pack_array(payload, count);
    for (unsigned i = 0; i < count; i++) {
        fh_pack_bin(payload, fh_bytes(ids[i].b, sizeof ids[i].b));
    }
}

static void write_settles(struct fh_buf *payload, const struct fh_charter_settles *settles)
{
    fh_pack_array(payload, SETTLES_FIELDS);
    for (unsigned i = 0; i < FH_COUNT(settles->pair); i++) {
        fh_pack_bin(payload, fh_bytes(settles->pair[i].b, sizeof settles->pair[i].b));
    }
    fh_pack_array(payload, settles->count);
    for (unsigned i = 0; i < settles->count; i++) {
        const struct fh_charter_double *both = &settles->both[i];
        fh_pack_array(payload, DOUBLE_FIELDS);
        fh_pack_bin(payload, fh_bytes(both->domain.b, sizeof both->domain.b));
        fh_pack_bin(payload, fh_bytes(both->signatures[0].b, sizeof both->signatures[0].b));
        fh_pack_bin(payload, fh_bytes(both->signatures[1].b, sizeof both->signatures[1].b));
    }
}

static void write_charter(struct fh_buf *payload, const struct fh_charter *charter)
{
    bool settles = charter->settles.count > 0;
    /* keys in ascending order, as the canonical form wants */
    fh_pack_map(payload, CHARTER_KEYS + (settles ? 1 : 0));
    fh_pack_cstr(payload, "created");
    fh_pack_uint(payload, (uint64_t)charter->created_ms);
    fh_pack_cstr(payload, "expelled");
    write_domains(payload, charter->expelled, charter->expelled_count);
    fh_pack_cstr(payload, "expires");
    fh_pack_uint(payload, (uint64_t)charter->expires_ms);
    fh_pack_cstr(payload, "members");
    fh_pack_array(payload, charter->member_count);
    for (unsigned i = 0; i < charter->member_count; i++) {
        fh_pack_array(payload, 2);
        fh_pack_bin(payload,
                    fh_bytes(charter->members[i].domain.b, sizeof charter->members[i].domain.b));
        fh_pack_cstr(payload, charter->members[i].name);
    }
    fh_pack_cstr(payload, "policy_signers");
    write_domains(payload, charter->policy_signers, charter->policy_signer_count);
    fh_pack_cstr(payload, "policy_threshold");
    fh_pack_uint(payload, charter->policy_threshold);
    fh_pack_cstr(payload, "prev");
    fh_pack_bin(payload,
                charter->seq == 1 ? FH_BYTES_NONE
                                  : fh_bytes(charter->prev.b, sizeof charter->prev.b));
    fh_pack_cstr(payload, "seq");
    fh_pack_uint(payload, charter->seq);
    if (settles) {
        fh_pack_cstr(payload, "settles");
        write_settles(payload, &charter->settles);
    }
    fh_pack_cstr(payload, "threshold");
    fh_pack_uint(payload, charter->threshold);
    fh_pack_cstr(payload, "title");
    fh_pack_cstr(payload, charter->title);
    fh_pack_cstr(payload, "v");
    fh_pack_uint(payload, CHARTER_VERSION);
}

void fh_charter_payload(struct fh_buf *out, const struct fh_charter *charter)
{
    FH_ASSERT(charter->member_count <= FH_CHARTER_MEMBERS_MAX);
    FH_ASSERT(charter->policy_signer_count <= FH_CHARTER_MEMBERS_MAX);
    FH_ASSERT(charter->expelled_count <= FH_CHARTER_EXPELLED_MAX);
    FH_ASSERT(charter->settles.count <= FH_RECORD_SIGNATURES_MAX);
    write_charter(out, charter);
}

void fh_charter_make(struct fh_buf *out,
                     const struct fh_charter *charter,
                     const struct fh_mesh_id *mesh,
                     const struct fh_sign_secret *signer)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, PAYLOAD_BYTES_MAX);
    fh_charter_payload(&payload, charter);
    struct fh_record draft = {.type = FH_RECORD_CHARTER, .payload = fh_buf_view(&payload)};
    struct fh_charter again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_charter_decode(&again, &draft, NULL);
    }
    struct fh_mesh_id signed_mesh = fh_charter_mesh(charter, mesh);
    fh_record_seal_checked(out, code, draft.type, &signed_mesh, draft.payload, signer);
}

static unsigned
read_domains(struct fh_pack_reader *reader, struct fh_domain_id *out, uint32_t count_max)
{
    uint32_t count = fh_pack_read_array(reader, count_max);
    for (uint32_t i = 0; i < count && reader->failed == FH_OK; i++) {
        fh_pack_read_fixed(reader, out[i].b, sizeof out[i].b);
    }
    return count;
}

static void read_members(struct fh_pack_reader *reader, struct fh_charter *charter)
{
    charter->member_count = fh_pack_read_array(reader, FH_CHARTER_MEMBERS_MAX);
    for (unsigned i = 0; i < charter->member_count && reader->failed == FH_OK; i++) {
        struct fh_charter_member *member = &charter->members[i];
        uint32_t count = fh_pack_read_record(reader, 2);
        fh_pack_read_fixed(reader, member->domain.b, sizeof member->domain.b);
        fh_pack_read_cstr(reader, member->name, sizeof member->name);
        fh_pack_read_record_end(reader, count, 2);
    }
}

static void read_settles(struct fh_pack_reader *reader, struct fh_charter_settles *settles)
{
    uint32_t fields = fh_pack_read_record(reader, SETTLES_FIELDS);
    for (unsigned i = 0; i < FH_COUNT(settles->pair); i++) {
        fh_pack_read_fixed(reader, settles->pair[i].b, sizeof settles->pair[i].b);
    }
    settles->count = fh_pack_read_array(reader, FH_RECORD_SIGNATURES_MAX);
    for (unsigned i = 0; i < settles->count && reader->failed == FH_OK; i++) {
        struct fh_charter_double *both = &settles->both[i];
        uint32_t count = fh_pack_read_record(reader, DOUBLE_FIELDS);
        fh_pack_read_fixed(reader, both->domain.b, sizeof both->domain.b);
        fh_pack_read_fixed(reader, both->signatures[0].b, sizeof both->signatures[0].b);
        fh_pack_read_fixed(reader, both->signatures[1].b, sizeof both->signatures[1].b);
        fh_pack_read_record_end(reader, count, DOUBLE_FIELDS);
    }
    if (settles->count == 0) {
        fh_pack_fail(reader, "expected whoever signed both, at least one");
    }
    fh_pack_read_record_end(reader, fields, SETTLES_FIELDS);
}

/* What the map says beside the charter. */
struct said {
    bool has_prev;
    bool settles;
};

/* One value of the map; false when the key is not known to this version. */
static bool read_value(struct fh_pack_reader *reader,
                       struct fh_charter *charter,
                       struct fh_bytes key,
                       struct said *said)
{
    if (fh_bytes_equal_cstr(key, "created")) {
        charter->created_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    } else if (fh_bytes_equal_cstr(key, "expelled")) {
        charter->expelled_count = read_domains(reader, charter->expelled, FH_CHARTER_EXPELLED_MAX);
    } else if (fh_bytes_equal_cstr(key, "expires")) {
        charter->expires_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    } else if (fh_bytes_equal_cstr(key, "members")) {
        read_members(reader, charter);
    } else if (fh_bytes_equal_cstr(key, "policy_signers")) {
        charter->policy_signer_count =
            read_domains(reader, charter->policy_signers, FH_CHARTER_MEMBERS_MAX);
    } else if (fh_bytes_equal_cstr(key, "policy_threshold")) {
        charter->policy_threshold = (unsigned)fh_pack_read_uint(reader, FH_CHARTER_MEMBERS_MAX);
    } else if (fh_bytes_equal_cstr(key, "prev")) {
        struct fh_bytes prev = fh_pack_read_bin(reader, sizeof charter->prev.b);
        said->has_prev = prev.size == sizeof charter->prev.b;
        if (said->has_prev) {
            memcpy(charter->prev.b, prev.data, prev.size);
        } else if (prev.size != 0) {
            fh_pack_fail(reader, "expected a bin of 0 or 32 bytes");
        }
    } else if (fh_bytes_equal_cstr(key, "seq")) {
        charter->seq = fh_pack_read_uint(reader, UINT32_MAX);
    } else if (fh_bytes_equal_cstr(key, "settles")) {
        read_settles(reader, &charter->settles);
        said->settles = true;
    } else if (fh_bytes_equal_cstr(key, "threshold")) {
        charter->threshold = (unsigned)fh_pack_read_uint(reader, FH_CHARTER_MEMBERS_MAX);
    } else if (fh_bytes_equal_cstr(key, "title")) {
        fh_pack_read_cstr(reader, charter->title, sizeof charter->title);
    } else if (fh_bytes_equal_cstr(key, "v")) {
        fh_pack_read_version(reader, CHARTER_VERSION);
    } else {
        return false;
    }
    return true;
}

static int check_members(const struct fh_charter *charter, struct fh_err *err)
{
    for (unsigned i = 0; i < charter->member_count; i++) {
        const struct fh_charter_member *member = &charter->members[i];
        int code = fh_name_check("charter: member", member->name, err);
        if (code != FH_OK) {
            return code;
        }
        if (i > 0 && fh_domain_id_compare(&member[-1].domain, &member->domain) >= 0) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "identity.charter.members",
                               "charter: expected members in ascending order of id, each once");
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(charter->members[j].name, member->name) == 0) {
                return fh_err_rule(err,
                                   FH_EINVAL,
                                   "identity.charter.members",
                                   "charter: two members have the name %s",
                                   member->name);
            }
        }
    }
    return FH_OK;
}

/* So many that two groups of them share one, and no more than can sign one record. */
static bool is_majority(unsigned threshold, unsigned count)
{
    return count > 0 && threshold > count / 2 && threshold <= count &&
           threshold <= FH_RECORD_SIGNATURES_MAX;
}

/* Each list of ids: ascending, each once; policy signers among the members, expelled not. */
static int check_lists(const struct fh_charter *charter, struct fh_err *err)
{
    for (unsigned i = 0; i < charter->policy_signer_count; i++) {
        const struct fh_domain_id *id = &charter->policy_signers[i];
        if ((i > 0 && fh_domain_id_compare(&id[-1], id) >= 0) || fh_charter_find(charter, id) < 0) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "identity.charter.policy_signers",
                               "charter: expected policy signers in ascending order of id, each "
                               "once, each a member");
        }
    }
    for (unsigned i = 0; i < charter->expelled_count; i++) {
        const struct fh_domain_id *id = &charter->expelled[i];
        if ((i > 0 && fh_domain_id_compare(&id[-1], id) >= 0) ||
            fh_charter_find(charter, id) >= 0) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "identity.charter.expelled",
                               "charter: expected those expelled in ascending order of id, each "
                               "once, none a member");
        }
    }
    return FH_OK;
}

static int check_numbers(const struct fh_charter *charter, struct fh_err *err)
{
    if (!is_majority(charter->policy_threshold, charter->policy_signer_count)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.charter.policy_threshold",
                           "charter: policy threshold %u of %u: expected more than half and at "
                           "most all, and no more than %d",
                           charter->policy_threshold,
                           charter->policy_signer_count,
                           FH_RECORD_SIGNATURES_MAX);
    }
    if (charter->expires_ms <= charter->created_ms ||
        charter->expires_ms - charter->created_ms > FH_CHARTER_LIFE_MS) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.charter.expires",
                           "charter: expected it to end after it was made, at most %lld days later",
                           (long long)(FH_CHARTER_LIFE_MS / 86400000));
    }
    return FH_OK;
}

/* There were two of its number less one, behind the one before those. */
static int check_settles(const struct fh_charter *charter, struct fh_err *err)
{
    const struct fh_charter_settles *settles = &charter->settles;
    bool ascending = fh_record_id_compare(&settles->pair[0], &settles->pair[1]) < 0;
    for (unsigned i = 1; i < settles->count && ascending; i++) {
        ascending =
            fh_domain_id_compare(&settles->both[i - 1].domain, &settles->both[i].domain) < 0;
    }
    if (settles->count > 0 && (!ascending || charter->seq < 3)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.charter.settles",
                           "charter: expected a settlement to have a number from 3 on, and to name "
                           "two charters and whoever signed both in ascending order");
    }
    return FH_OK;
}

static int check_charter(const struct fh_charter *charter, bool has_prev, struct fh_err *err)
{
    if (charter->seq == 0 || has_prev != (charter->seq > 1)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.charter.seq",
                           "charter: expected sequence number 1 without a predecessor, or a higher "
                           "one with it");
    }
    if (!is_majority(charter->threshold, charter->member_count)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.charter.threshold",
                           "charter: threshold %u of %u: expected more than half and at most all, "
                           "and no more than %d",
                           charter->threshold,
                           charter->member_count,
                           FH_RECORD_SIGNATURES_MAX);
    }
    int code = fh_name_check("mesh", charter->title, err);
    if (code == FH_OK) {
        code = check_members(charter, err);
    }
    if (code == FH_OK) {
        code = check_numbers(charter, err);
    }
    if (code == FH_OK) {
        code = check_lists(charter, err);
    }
    return code != FH_OK ? code : check_settles(charter, err);
}

int fh_charter_decode(struct fh_charter *out, const struct fh_record *record, struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_CHARTER);
    struct fh_charter charter = {0};
    struct fh_pack_reader reader;
    struct said said = {false, false};
    unsigned known = 0;
    fh_pack_read_init(&reader, record->payload);
    uint32_t pairs = fh_pack_read_map(&reader, UINT32_MAX);
    for (uint32_t i = 0; i < pairs && reader.failed == FH_OK; i++) {
        struct fh_bytes key = fh_pack_read_str(&reader, SIZE_MAX);
        if (read_value(&reader, &charter, key, &said)) {
            known++;
        } else {
            fh_pack_skip(&reader);
        }
    }
    if (known != CHARTER_KEYS +
                     (said.settles ? 1 : 0)) { /* the scanner has refused a key that stands twice */
        fh_pack_fail(&reader,
                     "expected created, expelled, expires, members, policy_signers, "
                     "policy_threshold, prev, seq, threshold, title and v");
    }
    int code = fh_pack_read_ok(&reader, "charter", err);
    if (code == FH_OK) {
        code = check_charter(&charter, said.has_prev, err);
    }
    if (code == FH_OK) {
        *out = charter;
    }
    return code;
}

int fh_charter_find(const struct fh_charter *charter, const struct fh_domain_id *domain)
{
    for (unsigned i = 0; i < charter->member_count; i++) {
        if (fh_domain_id_equal(&charter->members[i].domain, domain)) {
            return (int)i;
        }
    }
    return -1;
}

bool fh_charter_expels(const struct fh_charter *charter, const struct fh_domain_id *domain)
{
    for (unsigned i = 0; i < charter->expelled_count; i++) {
        if (fh_domain_id_equal(&charter->expelled[i], domain)) {
            return true;
        }
    }
    return false;
}
