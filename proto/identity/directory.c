/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/directory.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

/* Lifecycle. */

struct fh_directory *fh_directory_new(const struct fh_mesh_id *mesh,
                                      const struct fh_verifier *verifier)
{
    struct fh_directory *dir = fh_calloc(1, sizeof *dir);
    if (dir == NULL) {
        return NULL;
    }
    dir->mesh = *mesh;
    dir->verifier = *verifier;
    fh_map_init(&dir->records);
    fh_map_init(&dir->keys);
    fh_map_init(&dir->revoked);
    fh_map_init(&dir->used);
    fh_map_init(&dir->token_ends);
    fh_map_init(&dir->domains);
    fh_map_init(&dir->names);
    fh_list_init(&dir->charters);
    fh_list_init(&dir->proposals);
    fh_list_init(&dir->votes);
    return dir;
}

void fh_entry_free(struct fh_entry *entry)
{
    if (entry->type == FH_RECORD_CHARTER) {
        fh_free(entry->what.charter);
        fh_free(entry->lineage);
    }
    if (entry->type == FH_RECORD_MANIFEST) {
        fh_free(entry->what.manifest.ids);
    }
    if (entry->type == FH_RECORD_PROPOSAL) {
        fh_free(entry->what.proposal);
    }
    fh_free(entry);
}

static struct fh_map *key_map_of(struct fh_directory *dir, const struct fh_entry *entry)
{
    switch (entry->type) {
    case FH_RECORD_KEY:
        return entry->rival ? NULL : &dir->keys;
    case FH_RECORD_DELEGATION:
        return &dir->keys;
    case FH_RECORD_REVOCATION:
        return &dir->revoked;
    case FH_RECORD_ADMISSION:
        return &dir->used;
    case FH_RECORD_TOKEN_END:
        return &dir->token_ends;
    default:
        return NULL;
    }
}

/* Not delegations, of which each holds those that it is time for; nor admissions, of which whoever
 * has a domain by a charter needs none; nor what strangers signed, of whom each holds others. */
void fh_entry_sum(struct fh_directory *dir, struct fh_entry *entry)
{
    bool of_stranger = entry->domain != NULL && !entry->domain->pinned;
    if (!entry->summed && !of_stranger && entry->type != FH_RECORD_DELEGATION &&
        entry->type != FH_RECORD_ADMISSION) {
        entry->summed = true;
        fh_id_sum_add(&dir->sum, &entry->id);
    }
}

void fh_entry_list(struct fh_directory *dir, struct fh_entry *entry)
{
    fh_map_insert(&dir->records, &entry->by_id, fh_entry_hash(entry->id.b));
    fh_entry_sum(dir, entry);
}

void fh_entry_unlist(struct fh_directory *dir, struct fh_entry *entry)
{
    fh_map_remove(&dir->records, &entry->by_id);
    if (entry->summed) {
        fh_id_sum_remove(&dir->sum, &entry->id);
    }
}

void fh_directory_fingerprint(const struct fh_directory *dir, uint8_t out[FH_ID_SUM_BYTES])
{
    fh_id_sum_fingerprint(&dir->sum, "freehold/v1/identity", out);
}

void fh_directory_tidy(struct fh_directory *dir, int64_t now_ms)
{
    fh_proposals_drop(dir, now_ms - FH_PROPOSAL_LIFE_MS);
}

void fh_domain_destroy(struct fh_directory *dir, struct fh_domain *domain)
{
    for (size_t i = 0; i < FH_ENTRY_GROUP_COUNT; i++) {
        FH_LIST_FOREACH (link, &domain->groups[i]) {
            struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
            struct fh_map *keys = key_map_of(dir, entry);
            fh_entry_unlist(dir, entry);
            if (keys != NULL) {
                fh_map_remove(keys, &entry->by_key);
            }
            fh_entry_free(entry);
        }
    }
    fh_map_remove(&dir->domains, &domain->by_id);
    fh_name_withdraw(dir, domain);
    fh_keylog_fini(&domain->log);
    fh_free(domain);
}

void fh_directory_free(struct fh_directory *dir)
{
    if (dir == NULL) {
        return;
    }
    for (size_t i = 0; i < dir->domain_count; i++) {
        fh_domain_destroy(dir, dir->order[i]);
    }
    struct fh_list *lists[] = {&dir->charters, &dir->proposals, &dir->votes};
    for (size_t i = 0; i < FH_COUNT(lists); i++) {
        FH_LIST_FOREACH (link, lists[i]) {
            fh_entry_free(FH_LIST_ENTRY(link, struct fh_entry, link));
        }
    }
    fh_map_fini(&dir->records);
    fh_map_fini(&dir->keys);
    fh_map_fini(&dir->revoked);
    fh_map_fini(&dir->used);
    fh_map_fini(&dir->token_ends);
    fh_map_fini(&dir->domains);
    fh_map_fini(&dir->names);
    fh_free(dir->order);
    fh_free(dir->settled);
    fh_free(dir);
}

/* Finding. */

struct fh_domain *fh_domain_find(const struct fh_directory *dir, const struct fh_domain_id *id)
{
    struct fh_map_link *link = fh_map_first(&dir->domains, fh_entry_hash(id->b));
    for (; link != NULL; link = fh_map_next(link)) {
        struct fh_domain *domain = FH_MAP_ENTRY(link, struct fh_domain, by_id);
        if (fh_domain_id_equal(&domain->info.id, id)) {
            return domain;
        }
    }
    return NULL;
}

struct fh_domain *fh_domain_named(const struct fh_directory *dir, const char *name)
{
    struct fh_map_link *link = fh_map_first(&dir->names, fh_map_hash(name, strlen(name)));
    for (; link != NULL; link = fh_map_next(link)) {
        struct fh_domain *domain = FH_MAP_ENTRY(link, struct fh_domain, by_name);
        if (strcmp(domain->info.name, name) == 0) {
            return domain;
        }
    }
    return NULL;
}

struct fh_entry *fh_entry_find(const struct fh_directory *dir, const struct fh_record_id *id)
{
    struct fh_map_link *link = fh_map_first(&dir->records, fh_entry_hash(id->b));
    for (; link != NULL; link = fh_map_next(link)) {
        struct fh_entry *entry = FH_MAP_ENTRY(link, struct fh_entry, by_id);
        if (fh_record_id_equal(&entry->id, id)) {
            return entry;
        }
    }
    return NULL;
}

struct fh_entry *fh_entry_of_one_time(const struct fh_directory *dir,
                                      const struct fh_sign_public *one_time)
{
    struct fh_map_link *link = fh_map_first(&dir->used, fh_entry_hash(one_time->b));
    for (; link != NULL; link = fh_map_next(link)) {
        struct fh_entry *entry = FH_MAP_ENTRY(link, struct fh_entry, by_key);
        if (memcmp(entry->what.one_time.b, one_time->b, sizeof one_time->b) == 0) {
            return entry;
        }
    }
    return NULL;
}

const struct fh_mesh_id *fh_directory_mesh(const struct fh_directory *dir)
{
    return &dir->mesh;
}

const struct fh_charter *fh_directory_charter(const struct fh_directory *dir,
                                              struct fh_record_id *out_id)
{
    if (dir->charter == NULL) {
        return NULL;
    }
    if (out_id != NULL) {
        *out_id = dir->charter->id;
    }
    return dir->charter->what.charter;
}

bool fh_directory_charter_contested(const struct fh_directory *dir)
{
    return dir->fork != NULL;
}

const struct fh_charter *fh_charter_in_force(const struct fh_directory *dir, int64_t when_ms)
{
    const struct fh_charter *found = NULL;
    FH_LIST_FOREACH (link, &dir->charters) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (entry->rival) {
            continue;
        }
        int64_t grace = entry->what.charter->seq == 1 ? FH_CLOCK_SKEW_MS : 0;
        if (entry->what.charter->created_ms - grace <= when_ms) {
            found = entry->what.charter;
        }
    }
    return found;
}

const struct fh_directory_domain *fh_directory_domain(const struct fh_directory *dir,
                                                      const struct fh_domain_id *id)
{
    const struct fh_domain *domain = fh_domain_find(dir, id);
    return domain != NULL ? &domain->info : NULL;
}

const struct fh_directory_domain *fh_directory_domain_by_name(const struct fh_directory *dir,
                                                              const char *name)
{
    const struct fh_domain *domain = fh_domain_named(dir, name);
    return domain != NULL ? &domain->info : NULL;
}

size_t fh_directory_domain_count(const struct fh_directory *dir)
{
    return dir->domain_count;
}

const struct fh_directory_domain *fh_directory_domain_at(const struct fh_directory *dir,
                                                         size_t index)
{
    FH_ASSERT(index < dir->domain_count);
    return &dir->order[index]->info;
}

/* Records. */

struct fh_bytes fh_directory_record(const struct fh_directory *dir, const struct fh_record_id *id)
{
    const struct fh_entry *entry = fh_entry_find(dir, id);
    return entry != NULL ? fh_bytes(entry->bytes, entry->size) : FH_BYTES_NONE;
}

/* How a walk goes: delegations that begin later than `until_ms` are passed over. */
struct walk {
    int64_t until_ms;
    fh_directory_visit_fn *visit;
    void *user;
};

static bool visit_list(const struct fh_list *list, const struct walk *walk)
{
    for (const struct fh_list *link = list->next; link != list; link = link->next) {
        const struct fh_entry *entry =
            (const struct fh_entry *)(const void *)((const char *)link -
                                                    offsetof(struct fh_entry, link));
        bool later = entry->type == FH_RECORD_DELEGATION &&
                     entry->what.delegation.value.not_before_ms > walk->until_ms;
        if (!later &&
            !walk->visit(
                walk->user, entry->type, &entry->id, fh_bytes(entry->bytes, entry->size))) {
            return false;
        }
    }
    return true;
}

/* A stranger is only held for a while: its admission comes right behind its keys, and before its
 * delegations, of which a stranger may have few. Issuers are members of charters and come first. */
static const enum fh_entry_group group_order[] = {
    FH_ENTRY_KEY, FH_ENTRY_ADMISSION, FH_ENTRY_REVOCATION, FH_ENTRY_DELEGATION, FH_ENTRY_TOKEN_END};
enum { ADMITTING_GROUPS = 2 }; /* the first of them: keys and admissions */

static bool
each_chartered(const struct fh_directory *dir, enum fh_entry_group group, const struct walk *walk)
{
    for (size_t i = 0; i < dir->domain_count; i++) {
        if (dir->order[i]->chartered && !visit_list(&dir->order[i]->groups[group], walk)) {
            return false;
        }
    }
    return true;
}

static bool each_of_charters(const struct fh_directory *dir, const struct walk *walk)
{
    return each_chartered(dir, FH_ENTRY_KEY, walk) && visit_list(&dir->charters, walk) &&
           each_chartered(dir, FH_ENTRY_REVOCATION, walk) &&
           each_chartered(dir, FH_ENTRY_DELEGATION, walk) &&
           each_chartered(dir, FH_ENTRY_ADMISSION, walk) &&
           each_chartered(dir, FH_ENTRY_TOKEN_END, walk);
}

/* The first `group_count` groups of a domain. */
static bool each_group(const struct fh_domain *domain, size_t group_count, const struct walk *walk)
{
    for (size_t g = 0; g < group_count; g++) {
        if (!visit_list(&domain->groups[group_order[g]], walk)) {
            return false;
        }
    }
    return true;
}

static bool in_proposal(const struct fh_directory *dir, const struct fh_domain *domain)
{
    FH_LIST_FOREACH (link, &dir->proposals) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (fh_charter_find(&entry->what.proposal->charter, &domain->info.id) >= 0) {
            return true;
        }
    }
    return false;
}

/* `governing`: of those who never were in a charter only whom a proposal names, and only what
 * admits them. */
static bool each_in_order(const struct fh_directory *dir, bool governing, const struct walk *walk)
{
    size_t group_count = governing ? ADMITTING_GROUPS : FH_COUNT(group_order);
    if (!each_of_charters(dir, walk)) {
        return false;
    }
    for (size_t i = 0; i < dir->domain_count; i++) {
        const struct fh_domain *domain = dir->order[i];
        if (!domain->chartered && (!governing || in_proposal(dir, domain)) &&
            !each_group(domain, group_count, walk)) {
            return false;
        }
    }
    return visit_list(&dir->proposals, walk) && visit_list(&dir->votes, walk);
}

bool fh_directory_each_due(const struct fh_directory *dir,
                           int64_t until_ms,
                           fh_directory_visit_fn *visit,
                           void *user)
{
    const struct walk walk = {until_ms, visit, user};
    return each_in_order(dir, false, &walk);
}

bool fh_directory_each_governing(const struct fh_directory *dir,
                                 int64_t until_ms,
                                 fh_directory_visit_fn *visit,
                                 void *user)
{
    const struct walk walk = {until_ms, visit, user};
    return each_in_order(dir, true, &walk);
}

bool fh_directory_each(const struct fh_directory *dir, fh_directory_visit_fn *visit, void *user)
{
    return fh_directory_each_due(dir, INT64_MAX, visit, user);
}

bool fh_directory_each_of_due(const struct fh_directory *dir,
                              const struct fh_domain_id *domain_id,
                              int64_t until_ms,
                              fh_directory_visit_fn *visit,
                              void *user)
{
    const struct walk walk = {until_ms, visit, user};
    const struct fh_domain *domain = fh_domain_find(dir, domain_id);
    return domain == NULL || each_group(domain, FH_COUNT(group_order), &walk);
}

bool fh_directory_each_of(const struct fh_directory *dir,
                          const struct fh_domain_id *domain_id,
                          fh_directory_visit_fn *visit,
                          void *user)
{
    return fh_directory_each_of_due(dir, domain_id, INT64_MAX, visit, user);
}

static bool shown_for(const struct fh_directory *dir,
                      const struct fh_entry *entry,
                      const struct fh_ref *key,
                      int64_t when_ms)
{
    return memcmp(entry->key.b, key->b, sizeof key->b) == 0 &&
           fh_entry_in_force(dir, entry, when_ms);
}

static bool is_newest(const struct fh_domain *domain, const struct fh_entry *entry)
{
    return (size_t)entry->what.delegation.signer + 1 == domain->log.count;
}

/* Whether the newest domain key delegates to this one: then nobody needs to be shown what a
 * rotation kept, which may be long. */
static bool has_newest(const struct fh_directory *dir,
                       struct fh_domain *domain,
                       const struct fh_ref *key,
                       int64_t when_ms)
{
    FH_LIST_FOREACH (link, &domain->groups[FH_ENTRY_DELEGATION]) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (is_newest(domain, entry) && shown_for(dir, entry, key, when_ms)) {
            return true;
        }
    }
    return false;
}

bool fh_directory_credentials(const struct fh_directory *dir,
                              const struct fh_domain_id *domain_id,
                              const struct fh_ref *key,
                              int64_t when_ms,
                              fh_directory_visit_fn *visit,
                              void *user)
{
    struct fh_domain *domain = fh_domain_find(dir, domain_id);
    if (domain == NULL) {
        return true;
    }
    bool by_newest = has_newest(dir, domain, key, when_ms);
    FH_LIST_FOREACH (link, &domain->groups[FH_ENTRY_KEY]) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        bool wanted = entry->type == FH_RECORD_KEY || !by_newest;
        if (wanted && !visit(user, entry->type, &entry->id, fh_bytes(entry->bytes, entry->size))) {
            return false;
        }
    }
    FH_LIST_FOREACH (link, &domain->groups[FH_ENTRY_DELEGATION]) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (shown_for(dir, entry, key, when_ms) && (is_newest(domain, entry) || !by_newest) &&
            !visit(user, entry->type, &entry->id, fh_bytes(entry->bytes, entry->size))) {
            return false;
        }
    }
    return true;
}
