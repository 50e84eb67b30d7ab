/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/directory_impl.h"

int64_t fh_revoked_since(const struct fh_directory *dir,
                         const struct fh_domain *domain,
                         const uint8_t target[32],
                         enum fh_revocation_kind kind)
{
    int64_t since = INT64_MAX;
    struct fh_map_link *link = fh_map_first(&dir->revoked, fh_entry_hash(target));
    for (; link != NULL; link = fh_map_next(link)) {
        const struct fh_entry *entry = FH_MAP_ENTRY(link, struct fh_entry, by_key);
        const struct fh_revocation *revocation = &entry->what.revocation.value;
        if (entry->domain == domain && revocation->kind == kind &&
            memcmp(revocation->target, target, sizeof revocation->target) == 0 &&
            revocation->since_ms < since &&
            !fh_domain_dropped(entry->domain, entry->what.revocation.signer, &entry->id)) {
            since = revocation->since_ms;
        }
    }
    return since;
}

/* Why a key may not sign; the furthest that any of its roles came is what the error tells. */
enum reason {
    REASON_UNKNOWN,
    REASON_DOMAIN,
    REASON_ROLE,
    REASON_EXPIRED,
    REASON_DROPPED,
    REASON_REVOKED,
    REASON_NONE,
};

static enum reason judge_domain_key(const struct fh_directory *dir,
                                    const struct fh_entry *entry,
                                    int64_t when_ms,
                                    unsigned roles,
                                    struct fh_signer *out)
{
    if ((roles & FH_ROLE_MASK(FH_ROLE_DOMAIN)) == 0) {
        return REASON_ROLE;
    }
    int current = fh_keylog_at(&entry->domain->log, when_ms);
    if (current < 0 || (size_t)current != entry->what.seq) {
        return REASON_EXPIRED;
    }
    if (when_ms >= fh_revoked_since(dir, entry->domain, entry->key.b, FH_REVOKE_KEY)) {
        return REASON_REVOKED;
    }
    *out = (struct fh_signer){.key = entry->domain->log.entries[entry->what.seq].event.key,
                              .role = FH_ROLE_DOMAIN,
                              .not_after_ms = INT64_MAX};
    return REASON_NONE;
}

static enum reason judge_delegation(const struct fh_directory *dir,
                                    const struct fh_entry *entry,
                                    int64_t when_ms,
                                    unsigned roles,
                                    struct fh_signer *out)
{
    const struct fh_delegation *delegation = &entry->what.delegation.value;
    if ((roles & FH_ROLE_MASK(delegation->role)) == 0) {
        return REASON_ROLE;
    }
    /* A rotation ends what the earlier key signed for later: the signer must be current then. */
    if (fh_keylog_at(&entry->domain->log, delegation->not_before_ms) !=
            entry->what.delegation.signer ||
        when_ms + FH_CLOCK_SKEW_MS < delegation->not_before_ms ||
        when_ms > delegation->not_after_ms) {
        return REASON_EXPIRED;
    }
    if (fh_domain_dropped(entry->domain, entry->what.delegation.signer, &entry->id)) {
        return REASON_DROPPED;
    }
    if (when_ms >= fh_revoked_since(dir, entry->domain, entry->id.b, FH_REVOKE_DELEGATION) ||
        when_ms >= fh_revoked_since(dir, entry->domain, entry->key.b, FH_REVOKE_KEY)) {
        return REASON_REVOKED;
    }
    *out = (struct fh_signer){.key = delegation->subject,
                              .role = (enum fh_role)delegation->role,
                              .delegation = entry->id,
                              .not_after_ms = delegation->not_after_ms};
    memcpy(out->label, delegation->label, sizeof out->label);
    return REASON_NONE;
}

static void roles_text(char *out, size_t size, unsigned roles)
{
    size_t at = 0;
    out[0] = '\0';
    for (unsigned role = 0; role < FH_ROLE_COUNT; role++) {
        if ((roles & FH_ROLE_MASK(role)) == 0) {
            continue;
        }
        const char *parts[] = {at > 0 ? " or " : "", fh_role_text(role)};
        for (size_t i = 0; i < FH_COUNT(parts); i++) {
            size_t length = strlen(parts[i]);
            if (at + length < size) {
                memcpy(out + at, parts[i], length + 1);
                at += length;
            }
        }
    }
}

static int refuse_signer(const struct fh_domain *domain,
                         enum reason reason,
                         unsigned roles,
                         int64_t when_ms,
                         struct fh_err *err)
{
    char id[FH_ID_SHORT_BYTES];
    char wanted[64];
    fh_domain_id_short(id, &domain->info.id);
    const char *name = domain->info.name[0] != '\0' ? domain->info.name : id;
    roles_text(wanted, sizeof wanted, roles);
    switch (reason) {
    case REASON_UNKNOWN:
        return fh_err_rule(
            err, FH_ESIG, "record.signer.unknown", "the signing key is not known for %s", name);
    case REASON_DOMAIN:
        return fh_err_rule(err,
                           FH_ESIG,
                           "record.signer.domain",
                           "the signing key belongs to another domain than %s",
                           name);
    case REASON_ROLE:
        return fh_err_rule(err,
                           FH_ESIG,
                           "record.signer.role",
                           "the signing key of %s has another role: expected %s",
                           name,
                           wanted);
    case REASON_EXPIRED:
        return fh_err_rule(err,
                           FH_ESIG,
                           "record.signer.expired",
                           "the signing key of %s was not in force at %lld (Unix ms)",
                           name,
                           (long long)when_ms);
    case REASON_DROPPED:
        return fh_err_rule(err,
                           FH_ESIG,
                           "record.signer.dropped",
                           "%s did not keep the signing key when it rotated its domain key",
                           name);
    case REASON_REVOKED:
        return fh_err_rule(
            err, FH_ESIG, "record.signer.revoked", "the signing key of %s was revoked", name);
    case REASON_NONE:
        break;
    }
    return FH_EINTERNAL;
}

static int check_standing(const struct fh_domain *domain,
                          int64_t when_ms,
                          bool admitted_only,
                          struct fh_err *err)
{
    char id[FH_ID_SHORT_BYTES];
    fh_domain_id_short(id, &domain->info.id);
    if (admitted_only && !domain->pinned) {
        return fh_err_rule(
            err, FH_EDENIED, "domain.not_admitted", "domain %s is not admitted to this mesh", id);
    }
    if (domain->info.expelled && when_ms >= domain->info.expelled_since_ms) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "domain.expelled",
                           "domain %s is expelled from this mesh by its charter",
                           domain->info.name[0] != '\0' ? domain->info.name : id);
    }
    if (domain->info.frozen && when_ms >= domain->info.frozen_since_ms) {
        return fh_err_rule(err,
                           FH_EFORK,
                           "domain.frozen",
                           "domain %s is frozen: two of its key events contradict each other",
                           domain->info.name[0] != '\0' ? domain->info.name : id);
    }
    return FH_OK;
}

int fh_directory_judge(const struct fh_directory *dir,
                       const struct fh_ref *key,
                       const struct fh_domain_id *domain_id,
                       int64_t when_ms,
                       unsigned roles,
                       bool admitted_only,
                       struct fh_signer *out,
                       struct fh_err *err)
{
    struct fh_domain *domain = fh_domain_find(dir, domain_id);
    if (domain == NULL) {
        char id[FH_ID_SHORT_BYTES];
        fh_domain_id_short(id, domain_id);
        return fh_err_rule(
            err, FH_ENOTFOUND, "record.signer.domain", "domain %s is not known here", id);
    }
    int code = check_standing(domain, when_ms, admitted_only, err);
    if (code != FH_OK) {
        return code;
    }
    enum reason best = REASON_UNKNOWN;
    struct fh_signer signer = {0};
    struct fh_map_link *link = fh_map_first(&dir->keys, fh_entry_hash(key->b));
    for (; link != NULL; link = fh_map_next(link)) {
        const struct fh_entry *entry = FH_MAP_ENTRY(link, struct fh_entry, by_key);
        struct fh_signer candidate = {0};
        enum reason reason;
        if (memcmp(entry->key.b, key->b, sizeof key->b) != 0) {
            continue;
        }
        if (entry->domain != domain) {
            reason = REASON_DOMAIN;
        } else if (entry->type == FH_RECORD_KEY) {
            reason = judge_domain_key(dir, entry, when_ms, roles, &candidate);
        } else {
            reason = judge_delegation(dir, entry, when_ms, roles, &candidate);
        }
        if (reason > best ||
            (reason == REASON_NONE && candidate.not_after_ms > signer.not_after_ms)) {
            best = reason;
            signer = candidate;
        }
    }
    if (best != REASON_NONE) {
        return refuse_signer(domain, best, roles, when_ms, err);
    }
    if (out != NULL) {
        *out = signer;
    }
    return FH_OK;
}

int fh_directory_signer(const struct fh_directory *dir,
                        const struct fh_ref *key,
                        const struct fh_domain_id *domain,
                        int64_t when_ms,
                        unsigned roles,
                        struct fh_signer *out,
                        struct fh_err *err)
{
    return fh_directory_judge(dir, key, domain, when_ms, roles, true, out, err);
}

static size_t add_name(const char **names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return count;
        }
    }
    if (count < FH_ROLE_NAMES_MAX) {
        names[count++] = name;
    }
    return count;
}

size_t fh_directory_roles(const struct fh_directory *dir,
                          const struct fh_ref *key,
                          const struct fh_domain_id *domain_id,
                          int64_t when_ms,
                          const char *out_names[FH_ROLE_NAMES_MAX])
{
    struct fh_domain *domain = fh_domain_find(dir, domain_id);
    size_t count = 0;
    if (domain == NULL || check_standing(domain, when_ms, true, NULL) != FH_OK) {
        return 0;
    }
    struct fh_map_link *link = fh_map_first(&dir->keys, fh_entry_hash(key->b));
    for (; link != NULL; link = fh_map_next(link)) {
        const struct fh_entry *entry = FH_MAP_ENTRY(link, struct fh_entry, by_key);
        struct fh_signer signer;
        if (memcmp(entry->key.b, key->b, sizeof key->b) != 0 || entry->domain != domain) {
            continue;
        }
        if (entry->type == FH_RECORD_KEY) {
            if (judge_domain_key(dir, entry, when_ms, FH_ROLES_ALL, &signer) == REASON_NONE) {
                count = add_name(out_names, count, fh_role_text(FH_ROLE_DOMAIN));
            }
        } else if (judge_delegation(dir, entry, when_ms, FH_ROLES_ALL, &signer) == REASON_NONE) {
            count =
                add_name(out_names, count, fh_delegation_role_text(&entry->what.delegation.value));
        }
    }
    return count;
}

int fh_directory_signer_of_stranger(const struct fh_directory *dir,
                                    const struct fh_ref *key,
                                    const struct fh_domain_id *domain,
                                    int64_t when_ms,
                                    unsigned roles,
                                    struct fh_signer *out,
                                    struct fh_err *err)
{
    return fh_directory_judge(dir, key, domain, when_ms, roles, false, out, err);
}

/* The domain whose key made this signature, when the key may: of all that the ref could mean. */
static int judge_signature(const struct fh_directory *dir,
                           const struct fh_record *record,
                           unsigned index,
                           unsigned roles,
                           int64_t when_ms,
                           struct fh_domain_id *out,
                           struct fh_err *err)
{
    const struct fh_ref *ref = &record->signatures[index].key;
    int code = FH_OK;
    struct fh_map_link *link = fh_map_first(&dir->keys, fh_entry_hash(ref->b));
    for (; link != NULL; link = fh_map_next(link)) {
        const struct fh_entry *entry = FH_MAP_ENTRY(link, struct fh_entry, by_key);
        struct fh_signer signer;
        if (memcmp(entry->key.b, ref->b, sizeof ref->b) != 0) {
            continue;
        }
        const struct fh_domain_id *domain = &entry->domain->info.id;
        code = fh_directory_judge(dir, ref, domain, when_ms, roles, true, &signer, err);
        if (code != FH_OK) {
            continue;
        }
        if (fh_record_signed_by(record, index, &dir->mesh, &signer.key, &dir->verifier)) {
            *out = *domain;
            return FH_OK;
        }
        code = fh_err_rule(err,
                           FH_ESIG,
                           "record.signature",
                           "%s record: signature %u of %u does not verify",
                           fh_record_type_text(record->type),
                           index + 1,
                           record->signature_count);
    }
    return code != FH_OK ? code
                         : fh_err_rule(err,
                                       FH_ESIG,
                                       "record.signer.unknown",
                                       "%s record: a key that signed it is not known here",
                                       fh_record_type_text(record->type));
}

int fh_directory_cosigners(const struct fh_directory *dir,
                           const struct fh_record *record,
                           unsigned roles,
                           int64_t when_ms,
                           struct fh_domain_id *out,
                           size_t *out_count,
                           struct fh_err *err)
{
    for (unsigned i = 0; i < record->signature_count; i++) {
        int code = judge_signature(dir, record, i, roles, when_ms, &out[i], err);
        if (code != FH_OK) {
            return code;
        }
        for (unsigned j = 0; j < i; j++) {
            if (fh_domain_id_equal(&out[j], &out[i])) {
                return fh_err_rule(err,
                                   FH_ESIG,
                                   "record.signer.twice",
                                   "%s record: %s signed it twice: each domain counts once",
                                   fh_record_type_text(record->type),
                                   fh_domain_find(dir, &out[i])->info.name);
            }
        }
    }
    *out_count = record->signature_count;
    return FH_OK;
}

bool fh_directory_signed_by(const struct fh_directory *dir,
                            const struct fh_record *record,
                            const struct fh_sign_public *key)
{
    return record->signature_count == 1 &&
           fh_record_signed_by(record, 0, &dir->mesh, key, &dir->verifier);
}

/* What a domain key that was rotated since has signed itself counts when the rotation kept it. */
static int check_own_kept(const struct fh_directory *dir,
                          const struct fh_record *record,
                          const struct fh_domain_id *domain_id,
                          struct fh_err *err)
{
    struct fh_domain *domain = fh_domain_find(dir, domain_id);
    for (size_t i = 0; i < domain->log.count; i++) {
        struct fh_key_id key = fh_key_id_of(&domain->log.entries[i].event.key);
        enum fh_keeping keeping = fh_domain_keeps(domain, (int)i, &record->id);
        if (memcmp(key.b, record->signatures[0].key.b, FH_REF_BYTES) != 0 ||
            keeping == FH_KEEPING_CURRENT || keeping == FH_KEEPING_LISTED) {
            continue;
        }
        return keeping == FH_KEEPING_UNKNOWN
                   ? fh_err_rule(err,
                                 FH_ENOTFOUND,
                                 "identity.missing.manifest",
                                 "%s record: what the rotation of %s kept is not known here",
                                 fh_record_type_text(record->type),
                                 domain->info.name)
                   : fh_err_rule(err,
                                 FH_ESIG,
                                 "record.signer.dropped",
                                 "%s record: %s did not keep it when it rotated its domain key",
                                 fh_record_type_text(record->type),
                                 domain->info.name);
    }
    return FH_OK;
}

int fh_directory_judge_record(const struct fh_directory *dir,
                              const struct fh_record *record,
                              const struct fh_domain_id *domain,
                              unsigned roles,
                              int64_t when_ms,
                              struct fh_signer *out,
                              struct fh_err *err)
{
    if (record->signature_count != 1) {
        /* Room for more would let anybody make new bytes of an old record. */
        return fh_err_rule(err,
                           FH_ESIG,
                           "record.signature",
                           "%s record: %u signatures: expected exactly one",
                           fh_record_type_text(record->type),
                           record->signature_count);
    }
    struct fh_signer signer;
    int code = fh_directory_judge(
        dir, &record->signatures[0].key, domain, when_ms, roles, true, &signer, err);
    if (code != FH_OK) {
        fh_err_wrap(err, "%s record", fh_record_type_text(record->type));
        return code;
    }
    if (signer.role == FH_ROLE_DOMAIN) {
        code = check_own_kept(dir, record, domain, err);
        if (code != FH_OK) {
            return code;
        }
    }
    *out = signer;
    return FH_OK;
}

int fh_directory_verify(const struct fh_directory *dir,
                        const struct fh_record *record,
                        const struct fh_domain_id *domain,
                        unsigned roles,
                        int64_t when_ms,
                        struct fh_signer *out,
                        struct fh_err *err)
{
    struct fh_signer signer;
    int code = fh_directory_judge_record(dir, record, domain, roles, when_ms, &signer, err);
    if (code != FH_OK) {
        return code;
    }
    if (!fh_directory_signed_by(dir, record, &signer.key)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "record.signature",
                           "%s record: the signature does not verify",
                           fh_record_type_text(record->type));
    }
    if (out != NULL) {
        *out = signer;
    }
    return FH_OK;
}

int fh_directory_check_invitation(const struct fh_directory *dir,
                                  const struct fh_record *record,
                                  int64_t now_ms,
                                  struct fh_invitation *out,
                                  struct fh_err *err)
{
    struct fh_invitation invitation;
    if (record->type != FH_RECORD_INVITATION) {
        return fh_err_rule(
            err, FH_EINVAL, "identity.type", "expected an invitation record, not another one");
    }
    int code = fh_invitation_decode(&invitation, record, err);
    if (code == FH_OK) {
        code = fh_directory_verify(
            dir, record, &invitation.issuer, FH_ROLES_PUBLISHING, invitation.created_ms, NULL, err);
    }
    if (code != FH_OK) {
        return code;
    }
    const struct fh_domain *issuer = fh_domain_find(dir, &invitation.issuer);
    if (!issuer->info.charter_member) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "identity.invitation.issuer",
                           "invitation: %s is not a member of the charter and cannot invite",
                           issuer->info.name);
    }
    if (now_ms > invitation.not_after_ms || now_ms + FH_CLOCK_SKEW_MS < invitation.created_ms) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "identity.invitation.expired",
                           "the invitation has expired; ask %s for a new one",
                           issuer->info.name);
    }
    if (fh_entry_of_one_time(dir, &invitation.one_time) != NULL) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "identity.invitation.used",
                           "the invitation was used already; ask %s for a new one",
                           issuer->info.name);
    }
    if (out != NULL) {
        *out = invitation;
    }
    return FH_OK;
}

bool fh_entry_in_force(const struct fh_directory *dir,
                       const struct fh_entry *entry,
                       int64_t when_ms)
{
    struct fh_signer signer;
    return judge_delegation(dir, entry, when_ms, FH_ROLES_ALL, &signer) == REASON_NONE;
}
