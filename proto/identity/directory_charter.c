/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

/* The domains whose current keys signed the charter; each at most once per signature. */
static size_t charter_signers(const struct fh_directory *dir,
                              const struct fh_record *record,
                              const struct fh_charter *charter,
                              struct fh_domain_id out[FH_RECORD_SIGNATURES_MAX])
{
    struct fh_mesh_id mesh = fh_charter_mesh(charter, &dir->mesh);
    size_t count = 0;
    for (unsigned i = 0; i < record->signature_count; i++) {
        const uint8_t *ref = record->signatures[i].key.b;
        struct fh_map_link *link = fh_map_first(&dir->keys, fh_entry_hash(ref));
        for (; link != NULL; link = fh_map_next(link)) {
            const struct fh_entry *entry = FH_MAP_ENTRY(link, struct fh_entry, by_key);
            if (entry->type != FH_RECORD_KEY || memcmp(entry->key.b, ref, FH_REF_BYTES) != 0) {
                continue;
            }
            const struct fh_keylog *log = &entry->domain->log;
            int current = fh_keylog_at(log, charter->created_ms);
            if (current < 0 || (size_t)current != entry->what.seq ||
                fh_domain_frozen_at(entry->domain, charter->created_ms)) {
                continue;
            }
            if (fh_record_signed_by(
                    record, i, &mesh, &log->entries[current].event.key, &dir->verifier)) {
                out[count++] = entry->domain->info.id;
                break;
            }
        }
    }
    return count;
}

int fh_adding_charter_members(struct fh_adding *adding, const struct fh_charter *charter)
{
    for (unsigned i = 0; i < charter->member_count; i++) {
        const struct fh_charter_member *member = &charter->members[i];
        struct fh_domain *domain = fh_domain_find(adding->dir, &member->domain);
        if (domain == NULL) {
            return fh_adding_missing(adding, "identity.missing.key_log", &member->domain);
        }
        const struct fh_domain *named = fh_name_claimed(adding->dir, member->name, domain);
        if (named != NULL && named != domain) {
            return fh_err_rule(adding->err,
                               FH_EEXIST,
                               "identity.name.taken",
                               "charter: the name %s belongs to another domain",
                               member->name);
        }
        if (domain->pinned && named != domain) {
            return fh_err_rule(adding->err,
                               FH_ESIG,
                               "identity.name.changed",
                               "charter: domain %s would be renamed to %s; names are pinned",
                               domain->info.given_name,
                               member->name);
        }
    }
    return FH_OK;
}

/* The kept charter that `charter` would stand beside. */
static const struct fh_entry *charter_entry(const struct fh_directory *dir, uint64_t seq)
{
    FH_LIST_FOREACH (link, &dir->charters) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (!entry->rival && entry->what.charter->seq == seq) {
            return entry;
        }
    }
    return NULL;
}

static int verify_charter(struct fh_adding *adding,
                          const struct fh_charter *charter,
                          const struct fh_entry *before)
{
    const struct fh_charter *current = before != NULL ? before->what.charter : NULL;
    int code =
        fh_charter_follows(charter, current, before != NULL ? &before->id : NULL, adding->err);
    if (code == FH_OK) {
        code = fh_adding_check_time(adding, charter->created_ms);
    }
    if (code == FH_OK) {
        code = fh_adding_charter_members(adding, charter);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_domain_id signers[FH_RECORD_SIGNATURES_MAX];
    size_t count = charter_signers(adding->dir, &adding->record, charter, signers);
    if (count != adding->record.signature_count) {
        return fh_err_rule(adding->err,
                           FH_ESIG,
                           "record.signature",
                           "charter: %u of its %u signatures are not by current domain keys",
                           adding->record.signature_count - (unsigned)count,
                           adding->record.signature_count);
    }
    for (size_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_domain *signer = fh_domain_find(adding->dir, &signers[i]);
        code =
            fh_adding_check_kept(adding, signer, fh_keylog_at(&signer->log, charter->created_ms));
    }
    if (code != FH_OK) {
        return code;
    }
    code = fh_charter_quorum(charter, signers, count, adding->err);
    if (code == FH_OK && current != NULL) {
        code = fh_charter_quorum(current, signers, count, adding->err);
    }
    return code;
}

void fh_domain_set_standing(const struct fh_directory *dir, struct fh_domain *domain)
{
    int64_t since = 0;
    bool out = false;
    FH_LIST_FOREACH (link, &dir->charters) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (entry->rival) {
            continue;
        }
        bool expels = fh_charter_expels(entry->what.charter, &domain->info.id);
        since = expels && !out ? entry->what.charter->created_ms : since;
        out = expels;
    }
    domain->info.expelled = out;
    domain->info.expelled_since_ms = out ? since : 0;
    domain->info.admitted = domain->pinned && !out;
}

static void commit_charter(struct fh_adding *adding, struct fh_entry *entry)
{
    struct fh_directory *dir = adding->dir;
    const struct fh_charter *charter = entry->what.charter;
    fh_entry_commit(dir, entry, &dir->charters, NULL, NULL);
    dir->charter_count++;
    if (entry->rival) {
        dir->charter_contested = true;
        fh_proposals_drop(dir, UINT64_MAX, INT64_MIN);
        return;
    }
    if (charter->seq == 1) {
        memcpy(dir->mesh.b, entry->id.b, sizeof dir->mesh.b);
    } else {
        const struct fh_charter *before = dir->charter->what.charter;
        for (unsigned i = 0; i < before->member_count; i++) {
            fh_domain_find(dir, &before->members[i].domain)->info.charter_member = false;
        }
    }
    dir->charter = entry;
    for (unsigned i = 0; i < charter->member_count; i++) {
        static const struct fh_domain_id nobody;
        struct fh_domain *domain = fh_domain_find(dir, &charter->members[i].domain);
        fh_domain_admit(dir, domain, charter->members[i].name, charter->created_ms, &nobody);
        domain->info.charter_member = true;
        domain->chartered = true;
    }
    for (size_t i = 0; i < dir->domain_count; i++) {
        fh_domain_set_standing(dir, dir->order[i]);
    }
    fh_proposals_drop(dir, charter->seq, INT64_MIN);
}

static int keep_charter(struct fh_adding *adding, const struct fh_charter *charter, bool rival)
{
    struct fh_directory *dir = adding->dir;
    struct fh_entry *entry = fh_entry_new(adding, NULL);
    if (entry == NULL) {
        return fh_adding_no_memory(adding);
    }
    entry->rival = rival;
    entry->what.charter = fh_alloc(sizeof *charter);
    if (entry->what.charter == NULL || fh_map_reserve(&dir->records, 1) != FH_OK ||
        fh_map_reserve(&dir->names, charter->member_count) != FH_OK) {
        fh_entry_free(entry);
        return fh_adding_no_memory(adding);
    }
    *entry->what.charter = *charter;
    commit_charter(adding, entry);
    adding->out->result = rival ? FH_DIRECTORY_FORKED : FH_DIRECTORY_ADDED;
    return FH_OK;
}

int fh_add_charter(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_charter charter;
    int code = fh_charter_decode(&charter, &adding->record, adding->err);
    if (code != FH_OK) {
        return code;
    }
    if (charter.seq == 1) {
        struct fh_mesh_id made;
        memcpy(made.b, adding->record.id.b, sizeof made.b);
        if (!fh_mesh_id_is_zero(&dir->mesh) && !fh_mesh_id_equal(&made, &dir->mesh)) {
            return fh_err_rule(adding->err,
                               FH_ESIG,
                               "identity.charter.mesh",
                               "charter 1 of another mesh (%s)",
                               charter.title);
        }
    }
    if (dir->charter_contested) {
        return fh_err_rule(adding->err,
                           FH_EFORK,
                           "identity.charter.rival",
                           "two charters of one number are known; the members have to settle it");
    }
    if (dir->charter_count >= FH_CHARTERS_MAX) {
        return fh_err_rule(adding->err,
                           FH_ETOOBIG,
                           "identity.charter.length",
                           "a mesh has at most %d charters",
                           FH_CHARTERS_MAX);
    }
    bool rival = charter.seq > 1 && charter_entry(dir, charter.seq) != NULL;
    const struct fh_entry *before = rival ? charter_entry(dir, charter.seq - 1) : dir->charter;
    code = verify_charter(adding, &charter, before);
    return code != FH_OK ? code : keep_charter(adding, &charter, rival);
}

/* Asking. */

const char *fh_charter_standing_text(enum fh_charter_standing standing)
{
    static const char *const texts[FH_CHARTER_STANDING_COUNT] = {
        [FH_CHARTER_NONE] = "none",
        [FH_CHARTER_IN_FORCE] = "in force",
        [FH_CHARTER_EXPIRED] = "expired",
        [FH_CHARTER_CONTESTED] = "contested",
    };
    FH_ASSERT(standing < FH_CHARTER_STANDING_COUNT);
    return texts[standing];
}

size_t fh_directory_charter_signers(const struct fh_directory *dir,
                                    const struct fh_record_id *id,
                                    struct fh_domain_id out[FH_RECORD_SIGNATURES_MAX])
{
    const struct fh_entry *entry = fh_entry_find(dir, id);
    struct fh_record record;
    if (entry == NULL || entry->type != FH_RECORD_CHARTER) {
        return 0;
    }
    struct fh_mesh_id mesh = fh_charter_mesh(entry->what.charter, &dir->mesh);
    return fh_record_parse(&record, fh_bytes(entry->bytes, entry->size), &mesh, NULL) == FH_OK
               ? charter_signers(dir, &record, entry->what.charter, out)
               : 0;
}

enum fh_charter_standing fh_directory_charter_standing(const struct fh_directory *dir,
                                                       int64_t now_ms)
{
    if (dir->charter == NULL) {
        return FH_CHARTER_NONE;
    }
    if (dir->charter_contested) {
        return FH_CHARTER_CONTESTED;
    }
    return now_ms > dir->charter->what.charter->expires_ms ? FH_CHARTER_EXPIRED
                                                           : FH_CHARTER_IN_FORCE;
}

const struct fh_charter *
fh_directory_charter_at(const struct fh_directory *dir, uint64_t seq, struct fh_record_id *out_id)
{
    const struct fh_entry *entry = charter_entry(dir, seq);
    if (entry == NULL) {
        return NULL;
    }
    if (out_id != NULL) {
        *out_id = entry->id;
    }
    return entry->what.charter;
}

int fh_directory_policy_quorum(const struct fh_directory *dir,
                               const struct fh_domain_id *signers,
                               size_t signer_count,
                               int64_t when_ms,
                               struct fh_err *err)
{
    const struct fh_charter *charter = fh_charter_in_force(dir, when_ms);
    if (dir->charter_contested) {
        return fh_err_rule(err,
                           FH_EFORK,
                           "identity.charter.rival",
                           "two charters of one number are known: no policy of the mesh is taken "
                           "until the members settle it");
    }
    if (charter == NULL) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "identity.missing.charter",
                           "no charter was in force at %lld (Unix ms)",
                           (long long)when_ms);
    }
    if (when_ms > charter->expires_ms) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "identity.charter.expired",
                           "charter %llu had ended at %lld (Unix ms): its members have to renew it "
                           "before they decide on policies",
                           (unsigned long long)charter->seq,
                           (long long)when_ms);
    }
    return fh_charter_policy_quorum(charter, signers, signer_count, err);
}
