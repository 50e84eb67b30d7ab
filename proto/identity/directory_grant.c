/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

/* The index of the domain key that signed the record and was current at `when_ms`. */
int fh_adding_domain_signer(struct fh_adding *adding,
                            const struct fh_domain_id *domain_id,
                            int64_t when_ms,
                            struct fh_domain **out_domain,
                            int *out_index)
{
    const struct fh_record *record = &adding->record;
    struct fh_domain *domain = fh_domain_find(adding->dir, domain_id);
    adding->out->domain = *domain_id;
    if (domain == NULL) {
        return fh_adding_missing(adding, "identity.missing.key_log", domain_id);
    }
    if (fh_domain_frozen_at(domain, when_ms)) {
        return fh_adding_frozen(adding, domain);
    }
    int current = fh_keylog_at(&domain->log, when_ms);
    for (size_t i = 0; i < domain->log.count; i++) {
        struct fh_key_id key = fh_key_id_of(&domain->log.entries[i].event.key);
        if (memcmp(key.b, record->signatures[0].key.b, FH_REF_BYTES) != 0) {
            continue;
        }
        if ((int)i != current) {
            return fh_err_rule(adding->err,
                               FH_ESIG,
                               "record.signer.expired",
                               "%s record: its domain key was not current at the time that it "
                               "states",
                               fh_record_type_text(record->type));
        }
        if (record->signature_count != 1 || !fh_record_signed_by(record,
                                                                 0,
                                                                 &adding->dir->mesh,
                                                                 &domain->log.entries[i].event.key,
                                                                 &adding->dir->verifier)) {
            return fh_err_rule(adding->err,
                               FH_ESIG,
                               "record.signature",
                               "%s record: expected one signature, by the domain key",
                               fh_record_type_text(record->type));
        }
        *out_domain = domain;
        *out_index = current;
        return fh_adding_check_kept(adding, domain, current);
    }
    /* Another key: of a rotation that is not here yet, or of nobody. */
    return fh_adding_missing(adding, "identity.missing.key_log", domain_id);
}

/* What a rotation ended takes no place: who stole the earlier key could have filled all of them.
 * Rotations are few (FH_KEYLOG_EVENTS_MAX), so that what is held stays bounded. */
static size_t count_grants(struct fh_domain *domain)
{
    size_t count = 0;
    FH_LIST_FOREACH (link, &domain->groups[FH_ENTRY_DELEGATION]) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        count += !fh_domain_dropped(domain, entry->what.delegation.signer, &entry->id);
    }
    FH_LIST_FOREACH (link, &domain->groups[FH_ENTRY_REVOCATION]) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        count += !fh_domain_dropped(domain, entry->what.revocation.signer, &entry->id);
    }
    return count;
}

static int check_grant_room(const struct fh_adding *adding, struct fh_domain *domain)
{
    size_t max =
        domain->pinned || adding->dir->bulk ? FH_DOMAIN_GRANTS_MAX : FH_STRANGER_GRANTS_MAX;
    if (domain->grant_count >= max && count_grants(domain) >= max) {
        return fh_err_rule(adding->err,
                           FH_ETOOBIG,
                           "identity.grants",
                           "%s record: the domain has %zu delegations and revocations already",
                           fh_record_type_text(adding->record.type),
                           domain->grant_count);
    }
    return FH_OK;
}

/* Until leases are built, one domain has one node key at a time. */
static int check_single_node(const struct fh_adding *adding,
                             struct fh_domain *domain,
                             const struct fh_delegation *delegation)
{
    FH_LIST_FOREACH (link, &domain->groups[FH_ENTRY_DELEGATION]) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        const struct fh_delegation *other = &entry->what.delegation.value;
        if (other->role != FH_ROLE_NODE ||
            memcmp(other->subject.b, delegation->subject.b, sizeof other->subject.b) == 0 ||
            fh_keylog_at(&domain->log, other->not_before_ms) != entry->what.delegation.signer ||
            fh_domain_dropped(domain, entry->what.delegation.signer, &entry->id)) {
            continue;
        }
        int64_t end = other->not_after_ms;
        int64_t by_id = fh_revoked_since(adding->dir, domain, entry->id.b, FH_REVOKE_DELEGATION);
        int64_t by_key = fh_revoked_since(adding->dir, domain, entry->key.b, FH_REVOKE_KEY);
        end = by_id <= end ? by_id - 1 : end;
        end = by_key <= end ? by_key - 1 : end;
        if (other->not_before_ms <= delegation->not_after_ms && delegation->not_before_ms <= end) {
            return fh_err_rule(
                adding->err,
                FH_EEXIST,
                "identity.delegation.second_node",
                "delegation: the domain has another node key at that time; revoke it "
                "first");
        }
    }
    return FH_OK;
}

int fh_add_delegation(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_delegation delegation;
    struct fh_domain *domain = NULL;
    int signer = -1;
    int code = fh_delegation_decode(&delegation, &adding->record, adding->err);
    if (code == FH_OK) {
        code = fh_adding_domain_signer(
            adding, &delegation.domain, delegation.not_before_ms, &domain, &signer);
    }
    if (code == FH_OK) {
        code = check_grant_room(adding, domain);
    }
    if (code == FH_OK && delegation.role == FH_ROLE_NODE) {
        code = check_single_node(adding, domain, &delegation);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_entry *entry = fh_entry_new(adding, domain);
    if (entry == NULL || fh_map_reserve(&dir->records, 1) != FH_OK ||
        fh_map_reserve(&dir->keys, 1) != FH_OK) {
        fh_free(entry);
        return fh_adding_no_memory(adding);
    }
    entry->key = fh_key_id_of(&delegation.subject);
    entry->what.delegation.value = delegation;
    entry->what.delegation.signer = signer;
    fh_entry_commit(dir, entry, &domain->groups[FH_ENTRY_DELEGATION], &dir->keys, entry->key.b);
    domain->grant_count++;
    return FH_OK;
}

int fh_add_revocation(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_revocation revocation;
    struct fh_domain *domain = NULL;
    int signer = -1;
    int code = fh_revocation_decode(&revocation, &adding->record, adding->err);
    if (code == FH_OK) {
        code = fh_adding_domain_signer(
            adding, &revocation.domain, revocation.created_ms, &domain, &signer);
    }
    if (code == FH_OK) {
        code = fh_adding_check_time(adding, revocation.created_ms);
    }
    if (code == FH_OK) {
        code = check_grant_room(adding, domain);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_entry *entry = fh_entry_new(adding, domain);
    if (entry == NULL || fh_map_reserve(&dir->records, 1) != FH_OK ||
        fh_map_reserve(&dir->revoked, 1) != FH_OK) {
        fh_free(entry);
        return fh_adding_no_memory(adding);
    }
    entry->what.revocation.value = revocation;
    entry->what.revocation.signer = signer;
    fh_entry_commit(
        dir, entry, &domain->groups[FH_ENTRY_REVOCATION], &dir->revoked, revocation.target);
    domain->grant_count++;
    return FH_OK;
}
