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

static int check_quorum(const struct fh_adding *adding,
                        const struct fh_charter *charter,
                        const struct fh_lineage *lineage,
                        const struct fh_domain_id *signers,
                        size_t count)
{
    const struct fh_charter_barred *barred = &lineage->barred; /* nobody, but in a settlement */
    int code = fh_charter_quorum(charter, barred, signers, count, adding->err);
    if (code == FH_OK && lineage->before != NULL) {
        code =
            fh_charter_quorum(lineage->before->what.charter, barred, signers, count, adding->err);
    }
    return code;
}

static int verify_charter(struct fh_adding *adding,
                          const struct fh_charter *charter,
                          const struct fh_lineage *lineage)
{
    int code = fh_adding_check_time(adding, charter->created_ms);
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
    return code != FH_OK ? code : check_quorum(adding, charter, lineage, signers, count);
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

/* What the charter says takes effect: it is followed since now. */
static void follow(struct fh_directory *dir, const struct fh_entry *entry)
{
    const struct fh_charter *charter = entry->what.charter;
    if (charter->seq == 1) {
        memcpy(dir->mesh.b, entry->id.b, sizeof dir->mesh.b);
    }
    for (size_t i = 0; i < dir->domain_count; i++) {
        dir->order[i]->info.charter_member = false;
    }
    for (unsigned i = 0; i < charter->member_count; i++) {
        static const struct fh_domain_id nobody;
        struct fh_domain *domain = fh_domain_find(dir, &charter->members[i].domain);
        fh_domain_admit(dir, domain, charter->members[i].name, charter->created_ms, &nobody);
        domain->info.charter_member = true;
    }
    for (size_t i = 0; i < dir->domain_count; i++) {
        fh_domain_set_standing(dir, dir->order[i]);
    }
}

static void commit_charter(struct fh_adding *adding, struct fh_entry *entry)
{
    struct fh_directory *dir = adding->dir;
    const struct fh_charter *charter = entry->what.charter;
    bool extends = dir->fork == NULL && entry->lineage->before == dir->charter;
    fh_entry_commit(dir, entry, &dir->charters, NULL, NULL);
    dir->charter_count++;
    if (extends) {
        dir->charter = entry;
    } else {
        fh_charters_walk(dir);
    }
    for (unsigned i = 0; i < charter->member_count; i++) {
        fh_domain_find(dir, &charter->members[i].domain)->chartered = true;
    }
    if (!entry->rival) {
        follow(dir, entry);
    }
    fh_proposals_drop(dir, INT64_MIN);
}

static int keep_charter(struct fh_adding *adding,
                        const struct fh_charter *charter,
                        const struct fh_lineage *lineage)
{
    struct fh_directory *dir = adding->dir;
    struct fh_entry *entry = fh_entry_new(adding, NULL);
    if (entry == NULL) {
        return fh_adding_no_memory(adding);
    }
    entry->what.charter = fh_alloc(sizeof *charter);
    entry->lineage = fh_alloc(sizeof *lineage);
    if (entry->what.charter == NULL || entry->lineage == NULL ||
        fh_map_reserve(&dir->records, 1) != FH_OK ||
        fh_map_reserve(&dir->names, charter->member_count) != FH_OK) {
        fh_entry_free(entry);
        return fh_adding_no_memory(adding);
    }
    *entry->what.charter = *charter;
    *entry->lineage = *lineage;
    commit_charter(adding, entry);
    adding->out->result = entry->rival ? FH_DIRECTORY_FORKED : FH_DIRECTORY_ADDED;
    return FH_OK;
}

static unsigned count_behind(const struct fh_directory *dir, const struct fh_entry *before)
{
    unsigned count = 0;
    FH_LIST_FOREACH (link, &dir->charters) {
        count += FH_LIST_ENTRY(link, struct fh_entry, link)->lineage->before == before;
    }
    return count;
}

static int check_room(const struct fh_adding *adding, const struct fh_lineage *lineage)
{
    const struct fh_directory *dir = adding->dir;
    bool extends = dir->fork == NULL && lineage->before == dir->charter;
    if (extends && dir->charter_count >= FH_CHARTERS_MAX) {
        return fh_err_rule(adding->err,
                           FH_ETOOBIG,
                           "identity.charter.length",
                           "a mesh has at most %d charters",
                           FH_CHARTERS_MAX);
    }
    if (!extends && (dir->charter_count >= FH_CHARTERS_MAX + FH_CHARTER_RIVALS_MAX ||
                     count_behind(dir, lineage->before) >= FH_CHARTER_RIVALS_MAX)) {
        return fh_err_rule(adding->err,
                           FH_ETOOBIG,
                           "identity.charter.rivals",
                           "%d charters that contradict each other are kept: no more is proven by "
                           "another one",
                           FH_CHARTER_RIVALS_MAX);
    }
    return FH_OK;
}

int fh_add_charter(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_charter charter;
    struct fh_lineage lineage;
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
    code = fh_adding_lineage(adding, &charter, &lineage);
    if (code == FH_OK) {
        code = check_room(adding, &lineage);
    }
    if (code == FH_OK) {
        code = verify_charter(adding, &charter, &lineage);
    }
    return code != FH_OK ? code : keep_charter(adding, &charter, &lineage);
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
    if (dir->fork != NULL) {
        return FH_CHARTER_CONTESTED;
    }
    return now_ms > dir->charter->what.charter->expires_ms ? FH_CHARTER_EXPIRED
                                                           : FH_CHARTER_IN_FORCE;
}

int fh_directory_policy_quorum(const struct fh_directory *dir,
                               const struct fh_domain_id *signers,
                               size_t signer_count,
                               int64_t when_ms,
                               struct fh_err *err)
{
    const struct fh_charter *charter = fh_charter_in_force(dir, when_ms);
    if (dir->fork != NULL) {
        return fh_err_rule(
            err,
            FH_EFORK,
            "identity.charter.rival",
            "two charters behind one are known: no policy of the mesh is taken until "
            "the members settle it");
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
