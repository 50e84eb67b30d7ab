/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/delegation.h"

#include "common/assert.h"
#include "proto/wire/pack.h"

#include <string.h>

enum {
    PAYLOAD_VERSION = 1,
    DELEGATION_FIELDS = 7, /* and one more, the name of the role, when there is one */
    REVOCATION_FIELDS = 6,
    PAYLOAD_BYTES_MAX = 1024,
};

static const char *const role_texts[FH_ROLE_COUNT] = {
    [FH_ROLE_DOMAIN] = "domain",
    [FH_ROLE_NODE] = "node",
    [FH_ROLE_PUBLISHER] = "publisher",
    [FH_ROLE_MEMBER] = "member",
};

const char *fh_role_text(unsigned role)
{
    return role < FH_ROLE_COUNT ? role_texts[role] : "unknown";
}

const char *fh_delegation_role_text(const struct fh_delegation *delegation)
{
    return delegation->role_name[0] != '\0' ? delegation->role_name
                                            : fh_role_text(delegation->role);
}

void fh_delegation_make(struct fh_buf *out,
                        const struct fh_delegation *delegation,
                        const struct fh_mesh_id *mesh,
                        const struct fh_sign_secret *domain_key)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, PAYLOAD_BYTES_MAX);
    bool is_named = delegation->role_name[0] != '\0';
    fh_pack_array(&payload, DELEGATION_FIELDS + is_named);
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(delegation->domain.b, sizeof delegation->domain.b));
    fh_pack_bin(&payload, fh_bytes(delegation->subject.b, sizeof delegation->subject.b));
    fh_pack_uint(&payload, delegation->role);
    fh_pack_uint(&payload, (uint64_t)delegation->not_before_ms);
    fh_pack_uint(&payload, (uint64_t)delegation->not_after_ms);
    fh_pack_cstr(&payload, delegation->label);
    if (is_named) {
        fh_pack_cstr(&payload, delegation->role_name);
    }
    struct fh_record draft = {.type = FH_RECORD_DELEGATION, .payload = fh_buf_view(&payload)};
    struct fh_delegation again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_delegation_decode(&again, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, domain_key);
}

/* A name of our own roles would read as a right that the delegation does not give. */
static int check_role_name(const struct fh_delegation *delegation, struct fh_err *err)
{
    const char *name = delegation->role_name;
    if (name[0] == '\0') {
        return FH_OK;
    }
    bool own = false;
    for (unsigned role = 0; role < FH_ROLE_COUNT; role++) {
        own = own || strcmp(name, role_texts[role]) == 0;
    }
    if (own || delegation->role != FH_ROLE_MEMBER || fh_name_check("role", name, NULL) != FH_OK) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.delegation.role_name",
                           "delegation: only a member has a role with a name of its own: "
                           "[a-z][a-z0-9_]*, and not domain, node, publisher or member");
    }
    return FH_OK;
}

static int check_delegation(const struct fh_delegation *delegation, struct fh_err *err)
{
    if (delegation->role == FH_ROLE_DOMAIN || delegation->role >= FH_ROLE_COUNT) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.delegation.role",
                           "delegation: role %u: expected 1 (node), 2 (publisher) or 3 (member)",
                           delegation->role);
    }
    if (delegation->not_after_ms <= delegation->not_before_ms) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.delegation.time",
                           "delegation: expected its end after its beginning");
    }
    if (delegation->role == FH_ROLE_NODE &&
        delegation->not_after_ms - delegation->not_before_ms > FH_NODE_DELEGATION_MS) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.delegation.time",
                           "delegation: a node key is delegated for at most 30 days at a time");
    }
    if (!fh_text_printable(delegation->label)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.delegation.label",
                           "delegation: expected a label without control characters");
    }
    return check_role_name(delegation, err);
}

int fh_delegation_decode(struct fh_delegation *out,
                         const struct fh_record *record,
                         struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_DELEGATION);
    struct fh_delegation delegation = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, DELEGATION_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, delegation.domain.b, sizeof delegation.domain.b);
    fh_pack_read_fixed(&reader, delegation.subject.b, sizeof delegation.subject.b);
    delegation.role = (unsigned)fh_pack_read_uint(&reader, UINT16_MAX);
    delegation.not_before_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    delegation.not_after_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_cstr(&reader, delegation.label, sizeof delegation.label);
    if (count > DELEGATION_FIELDS) {
        fh_pack_read_cstr(&reader, delegation.role_name, sizeof delegation.role_name);
    }
    fh_pack_read_record_end(&reader, count, DELEGATION_FIELDS + (count > DELEGATION_FIELDS));
    int code = fh_pack_read_ok(&reader, "delegation", err);
    if (code == FH_OK) {
        code = check_delegation(&delegation, err);
    }
    if (code == FH_OK) {
        *out = delegation;
    }
    return code;
}

void fh_revocation_make(struct fh_buf *out,
                        const struct fh_revocation *revocation,
                        const struct fh_mesh_id *mesh,
                        const struct fh_sign_secret *domain_key)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, PAYLOAD_BYTES_MAX);
    fh_pack_array(&payload, REVOCATION_FIELDS);
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(revocation->domain.b, sizeof revocation->domain.b));
    fh_pack_uint(&payload, revocation->kind);
    fh_pack_bin(&payload, fh_bytes(revocation->target, sizeof revocation->target));
    fh_pack_uint(&payload, (uint64_t)revocation->since_ms);
    fh_pack_uint(&payload, (uint64_t)revocation->created_ms);
    struct fh_record draft = {.type = FH_RECORD_REVOCATION, .payload = fh_buf_view(&payload)};
    struct fh_revocation again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_revocation_decode(&again, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, domain_key);
}

int fh_revocation_decode(struct fh_revocation *out,
                         const struct fh_record *record,
                         struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_REVOCATION);
    struct fh_revocation revocation = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, REVOCATION_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, revocation.domain.b, sizeof revocation.domain.b);
    revocation.kind = (unsigned)fh_pack_read_uint(&reader, FH_REVOKE_KEY);
    fh_pack_read_fixed(&reader, revocation.target, sizeof revocation.target);
    revocation.since_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    revocation.created_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_record_end(&reader, count, REVOCATION_FIELDS);
    int code = fh_pack_read_ok(&reader, "revocation", err);
    if (code == FH_OK) {
        *out = revocation;
    }
    return code;
}
