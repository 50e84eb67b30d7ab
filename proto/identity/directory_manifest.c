/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

static const struct fh_manifest *manifest_of(struct fh_domain *domain, uint64_t seq)
{
    FH_LIST_FOREACH (link, &domain->groups[FH_ENTRY_KEY]) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (entry->type == FH_RECORD_MANIFEST && entry->what.manifest.seq == seq) {
            return &entry->what.manifest;
        }
    }
    return NULL;
}

enum fh_keeping fh_domain_keeps(struct fh_domain *domain, int signer, const struct fh_record_id *id)
{
    /* Of two rotations of one number nobody knows which keeps what: the past of the domain counts
     * as far as it did before them, and nothing later. */
    if (signer < 0 || (size_t)signer + 1 >= domain->log.count || domain->log.frozen) {
        return FH_KEEPING_CURRENT;
    }
    const struct fh_manifest *manifest = manifest_of(domain, (uint64_t)signer + 1);
    if (manifest == NULL) {
        return FH_KEEPING_UNKNOWN;
    }
    return fh_manifest_has(manifest, id) ? FH_KEEPING_LISTED : FH_KEEPING_DROPPED;
}

bool fh_domain_dropped(struct fh_domain *domain, int signer, const struct fh_record_id *id)
{
    return fh_domain_keeps(domain, signer, id) == FH_KEEPING_DROPPED;
}

int fh_adding_check_kept(struct fh_adding *adding, struct fh_domain *domain, int signer)
{
    switch (fh_domain_keeps(domain, signer, &adding->record.id)) {
    case FH_KEEPING_UNKNOWN:
        return fh_adding_missing(adding, "identity.missing.manifest", &domain->info.id);
    case FH_KEEPING_DROPPED:
        return fh_err_rule(adding->err,
                           FH_ESIG,
                           "record.signer.dropped",
                           "%s record: signed by an earlier key of its domain, and not among the "
                           "records that the next one kept",
                           fh_record_type_text(adding->record.type));
    case FH_KEEPING_CURRENT:
    case FH_KEEPING_LISTED:
        break;
    }
    return FH_OK;
}

/* The rotation that committed to this list: of two rivals either. */
static bool find_rotation(struct fh_domain *domain,
                          const struct fh_manifest *manifest,
                          struct fh_key_event *out)
{
    struct fh_hash root = fh_records_root(manifest->ids, manifest->count);
    FH_LIST_FOREACH (link, &domain->groups[FH_ENTRY_KEY]) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        struct fh_record record;
        if (entry->type == FH_RECORD_KEY && entry->what.seq == manifest->seq &&
            fh_record_parse(
                &record, fh_bytes(entry->bytes, entry->size), &(struct fh_mesh_id){{0}}, NULL) ==
                FH_OK &&
            fh_key_event_decode(out, &record, NULL) == FH_OK &&
            memcmp(root.b, out->records_root.b, sizeof root.b) == 0) {
            return true;
        }
    }
    return false;
}

static int verify_manifest(struct fh_adding *adding,
                           const struct fh_manifest *manifest,
                           struct fh_domain *domain)
{
    struct fh_key_event event;
    if (domain == NULL || manifest->seq >= domain->log.count) {
        return fh_adding_missing(adding, "identity.missing.key_log", &manifest->domain);
    }
    if (!find_rotation(domain, manifest, &event)) {
        return fh_err_rule(adding->err,
                           FH_ESIG,
                           "identity.manifest.root",
                           "manifest: it is not the list that rotation %llu committed to",
                           (unsigned long long)manifest->seq);
    }
    if (!fh_directory_signed_by(adding->dir, &adding->record, &event.key)) {
        return fh_err_rule(adding->err,
                           FH_ESIG,
                           "record.signature",
                           "manifest: expected one signature, by the key of rotation %llu",
                           (unsigned long long)manifest->seq);
    }
    return FH_OK;
}

int fh_add_manifest(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_manifest manifest;
    int code = fh_manifest_decode(&manifest, &adding->record, adding->err);
    if (code != FH_OK) {
        return code;
    }
    adding->out->domain = manifest.domain;
    struct fh_domain *domain = fh_domain_find(dir, &manifest.domain);
    code = verify_manifest(adding, &manifest, domain);
    if (code != FH_OK) {
        fh_free(manifest.ids);
        return code;
    }
    struct fh_entry *entry = fh_entry_new(adding, domain);
    if (entry == NULL || fh_map_reserve(&dir->records, 1) != FH_OK) {
        fh_free(entry);
        fh_free(manifest.ids);
        return fh_adding_no_memory(adding);
    }
    entry->what.manifest = manifest;
    fh_entry_commit(dir, entry, &domain->groups[FH_ENTRY_KEY], NULL, NULL);
    return FH_OK;
}
