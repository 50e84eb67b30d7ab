/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

/*
 * Each type goes the same way: decode, verify against what is held (nothing changes), make the
 * entry and reserve room (may fail, nothing is visible yet), commit (cannot fail).
 */

int fh_adding_no_memory(const struct fh_adding *adding)
{
    return fh_err_set(adding->err, FH_ENOMEM, "out of memory while keeping a record");
}

int fh_adding_missing(const struct fh_adding *adding,
                      const char *rule,
                      const struct fh_domain_id *domain)
{
    char id[FH_ID_SHORT_BYTES];
    adding->out->domain = *domain;
    fh_domain_id_short(id, domain);
    return fh_err_rule(adding->err,
                       FH_ENOTFOUND,
                       rule,
                       "%s record: needs records of domain %s that are not here yet",
                       fh_record_type_text(adding->record.type),
                       id);
}

int fh_adding_missing_charter(const struct fh_adding *adding)
{
    adding->out->domain = (struct fh_domain_id){0};
    return fh_err_rule(adding->err,
                       FH_ENOTFOUND,
                       "identity.missing.charter",
                       "%s record: needs a charter that is not here yet",
                       fh_record_type_text(adding->record.type));
}

int fh_adding_check_time(const struct fh_adding *adding, int64_t stated_ms)
{
    if (stated_ms > adding->now_ms + FH_CLOCK_SKEW_MS) {
        return fh_err_rule(adding->err,
                           FH_EINVAL,
                           "identity.time.future",
                           "%s record: dated %lld s ahead of this clock; check both clocks",
                           fh_record_type_text(adding->record.type),
                           (long long)(stated_ms - adding->now_ms) / 1000);
    }
    return FH_OK;
}

int fh_adding_frozen(const struct fh_adding *adding, const struct fh_domain *domain)
{
    char id[FH_ID_SHORT_BYTES];
    fh_domain_id_short(id, &domain->info.id);
    return fh_err_rule(
        adding->err,
        FH_EFORK,
        "domain.frozen",
        "%s record: domain %s is frozen: two of its key events contradict each other",
        fh_record_type_text(adding->record.type),
        id);
}

bool fh_domain_frozen_at(const struct fh_domain *domain, int64_t when_ms)
{
    return domain->info.frozen && when_ms >= domain->info.frozen_since_ms;
}

struct fh_entry *fh_entry_new(const struct fh_adding *adding, struct fh_domain *domain)
{
    size_t size = adding->record.bytes.size;
    struct fh_entry *entry = fh_calloc(1, sizeof *entry + size);
    if (entry == NULL) {
        return NULL;
    }
    entry->domain = domain;
    entry->type = adding->record.type;
    entry->id = adding->record.id;
    entry->size = size;
    memcpy(entry->bytes, adding->record.bytes.data, size);
    fh_list_init(&entry->link);
    return entry;
}

void fh_entry_commit(struct fh_directory *dir,
                     struct fh_entry *entry,
                     struct fh_list *group,
                     struct fh_map *keys,
                     const uint8_t *key)
{
    fh_list_push_back(group, &entry->link);
    fh_entry_list(dir, entry);
    if (keys != NULL) {
        fh_map_insert(keys, &entry->by_key, fh_entry_hash(key));
    }
}

void fh_domain_admit(struct fh_directory *dir,
                     struct fh_domain *domain,
                     const char *name,
                     int64_t admitted_ms,
                     const struct fh_domain_id *issuer)
{
    if (domain->pinned) {
        return;
    }
    domain->pinned = true;
    for (size_t i = 0; i < FH_ENTRY_GROUP_COUNT; i++) {
        FH_LIST_FOREACH (link, &domain->groups[i]) {
            fh_entry_sum(dir, FH_LIST_ENTRY(link, struct fh_entry, link));
        }
    }
    domain->info.admitted_ms = admitted_ms;
    domain->info.issuer = *issuer;
    dir->stranger_count--;
    fh_name_assign(dir, domain, name);
    fh_domain_set_standing(dir, domain);
}

/* Key events. */

static struct fh_domain *domain_new(const struct fh_domain_id *id)
{
    struct fh_domain *domain = fh_calloc(1, sizeof *domain);
    if (domain == NULL) {
        return NULL;
    }
    domain->info.id = *id;
    fh_keylog_init(&domain->log);
    for (size_t i = 0; i < FH_ENTRY_GROUP_COUNT; i++) {
        fh_list_init(&domain->groups[i]);
    }
    return domain;
}

static void evict_oldest_stranger(struct fh_directory *dir)
{
    for (size_t i = 0; i < dir->domain_count; i++) {
        struct fh_domain *domain = dir->order[i];
        if (!domain->pinned) {
            dir->domain_count--;
            memmove(
                &dir->order[i], &dir->order[i + 1], (dir->domain_count - i) * sizeof *dir->order);
            dir->stranger_count--;
            fh_domain_destroy(dir, domain);
            return;
        }
    }
}

static int order_reserve(struct fh_directory *dir)
{
    if (dir->domain_count < dir->order_capacity) {
        return FH_OK;
    }
    size_t capacity = dir->order_capacity == 0 ? 16 : dir->order_capacity * 2;
    struct fh_domain **order = fh_realloc(dir->order, capacity * sizeof *order);
    if (order == NULL) {
        return FH_ENOMEM;
    }
    dir->order = order;
    dir->order_capacity = capacity;
    return FH_OK;
}

static void refresh_info(struct fh_domain *domain)
{
    const struct fh_keylog *log = &domain->log;
    const struct fh_key_event *newest = &log->entries[log->count - 1].event;
    domain->info.created_ms = log->entries[0].event.created_ms;
    domain->info.key = newest->key;
    domain->info.key_seq = newest->seq;
    domain->info.frozen = log->frozen;
    domain->info.frozen_since_ms = log->frozen_since_ms;
}

static int keep_key_event(struct fh_adding *adding,
                          struct fh_domain *domain,
                          const struct fh_key_event *event,
                          enum fh_keylog_result result)
{
    struct fh_directory *dir = adding->dir;
    struct fh_entry *entry = fh_entry_new(adding, domain);
    if (entry == NULL) {
        return fh_adding_no_memory(adding);
    }
    if (fh_keylog_reserve(&domain->log) != FH_OK || fh_map_reserve(&dir->records, 1) != FH_OK ||
        fh_map_reserve(&dir->keys, 1) != FH_OK) {
        fh_entry_free(entry);
        return fh_adding_no_memory(adding);
    }
    entry->key = fh_key_id_of(&event->key);
    entry->rival = result == FH_KEYLOG_FORKED;
    entry->what.seq = (size_t)event->seq;
    fh_keylog_apply(&domain->log, &adding->record.id, event, result);
    refresh_info(domain);
    fh_entry_commit(
        dir, entry, &domain->groups[FH_ENTRY_KEY], entry->rival ? NULL : &dir->keys, entry->key.b);
    adding->out->result = entry->rival ? FH_DIRECTORY_FORKED : FH_DIRECTORY_ADDED;
    return FH_OK;
}

static int add_inception(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_domain_id id;
    memcpy(id.b, adding->record.id.b, sizeof id.b);
    adding->out->domain = id;
    struct fh_domain *domain = domain_new(&id);
    if (domain == NULL) {
        return fh_adding_no_memory(adding);
    }
    struct fh_key_event event;
    enum fh_keylog_result result;
    int code = fh_keylog_check(
        &domain->log, &adding->record, &dir->verifier, &event, &result, adding->err);
    if (code == FH_OK) {
        code = fh_adding_check_time(adding, event.created_ms);
    }
    if (code == FH_OK &&
        (order_reserve(dir) != FH_OK || fh_map_reserve(&dir->domains, 1) != FH_OK)) {
        code = fh_adding_no_memory(adding);
    }
    if (code == FH_OK) {
        code = keep_key_event(adding, domain, &event, result);
    }
    if (code != FH_OK) {
        fh_keylog_fini(&domain->log);
        fh_free(domain);
        return code;
    }
    if (dir->stranger_count >= FH_STRANGERS_MAX && !dir->bulk) {
        evict_oldest_stranger(dir);
    }
    fh_map_insert(&dir->domains, &domain->by_id, fh_entry_hash(id.b));
    dir->order[dir->domain_count++] = domain;
    dir->stranger_count++;
    return FH_OK;
}

static int fh_add_key_event(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_key_event event;
    int code = fh_key_event_decode(&event, &adding->record, adding->err);
    if (code != FH_OK) {
        return code;
    }
    if (event.kind == FH_KEY_INCEPTION) {
        return add_inception(adding);
    }
    struct fh_entry *before = fh_entry_find(dir, &event.prev);
    if (before == NULL || before->type != FH_RECORD_KEY) {
        return fh_err_rule(adding->err,
                           FH_ENOTFOUND,
                           "identity.missing.key_log",
                           "key event %llu: the event before it is not here yet",
                           (unsigned long long)event.seq);
    }
    adding->out->domain = before->domain->info.id;
    if (before->rival) {
        return fh_adding_frozen(adding, before->domain);
    }
    enum fh_keylog_result result;
    code = fh_keylog_check(
        &before->domain->log, &adding->record, &dir->verifier, &event, &result, adding->err);
    if (code == FH_OK) {
        code = fh_adding_check_time(adding, event.created_ms);
    }
    return code != FH_OK ? code : keep_key_event(adding, before->domain, &event, result);
}

/* All together. */

/* Charter 1 is hashed and signed before there is a mesh. */
static int parse(struct fh_adding *adding, struct fh_bytes bytes)
{
    int code = fh_record_parse(&adding->record, bytes, &adding->dir->mesh, adding->err);
    if (code != FH_OK || adding->record.type != FH_RECORD_CHARTER) {
        return code;
    }
    struct fh_charter charter;
    code = fh_charter_decode(&charter, &adding->record, adding->err);
    if (code == FH_OK) {
        struct fh_mesh_id mesh = fh_charter_mesh(&charter, &adding->dir->mesh);
        adding->record.id = fh_record_id_of(FH_RECORD_CHARTER, &mesh, adding->record.payload);
    }
    return code;
}

static int add_parsed(struct fh_adding *adding)
{
    bool needs_mesh = adding->record.type != FH_RECORD_KEY &&
                      adding->record.type != FH_RECORD_CHARTER &&
                      fh_mesh_id_is_zero(&adding->dir->mesh);
    switch (adding->record.type) {
    case FH_RECORD_KEY:
        return fh_add_key_event(adding);
    case FH_RECORD_CHARTER:
        return fh_add_charter(adding);
    case FH_RECORD_MANIFEST:
        return needs_mesh ? fh_adding_missing_charter(adding) : fh_add_manifest(adding);
    case FH_RECORD_DELEGATION:
        return needs_mesh ? fh_adding_missing_charter(adding) : fh_add_delegation(adding);
    case FH_RECORD_REVOCATION:
        return needs_mesh ? fh_adding_missing_charter(adding) : fh_add_revocation(adding);
    case FH_RECORD_ADMISSION:
        return needs_mesh ? fh_adding_missing_charter(adding) : fh_add_admission(adding);
    case FH_RECORD_TOKEN_END:
        return needs_mesh ? fh_adding_missing_charter(adding) : fh_add_token_end(adding);
    case FH_RECORD_PROPOSAL:
        return needs_mesh ? fh_adding_missing_charter(adding) : fh_add_proposal(adding);
    case FH_RECORD_VOTE:
        return needs_mesh ? fh_adding_missing_charter(adding) : fh_add_vote(adding);
    default:
        return fh_err_rule(
            adding->err,
            FH_EINVAL,
            "identity.type",
            "%s record: expected a key event, manifest, charter, proposal, vote, delegation, "
            "revocation, admission or end of a token",
            fh_record_type_text(adding->record.type));
    }
}

int fh_directory_add(struct fh_directory *dir,
                     struct fh_bytes record,
                     int64_t now_ms,
                     struct fh_directory_outcome *out,
                     struct fh_err *err)
{
    struct fh_directory_outcome local;
    struct fh_adding adding = {
        .dir = dir, .now_ms = now_ms, .out = out != NULL ? out : &local, .err = err};
    *adding.out = (struct fh_directory_outcome){.result = FH_DIRECTORY_ADDED};
    int code = parse(&adding, record);
    if (code == FH_OK) {
        adding.out->type = adding.record.type;
        adding.out->id = adding.record.id;
        const struct fh_entry *known = fh_entry_find(dir, &adding.record.id);
        if (known != NULL) {
            adding.out->result = FH_DIRECTORY_KNOWN;
            if (known->domain != NULL) {
                adding.out->domain = known->domain->info.id;
            }
            return FH_OK;
        }
        code = add_parsed(&adding);
    }
    if (code != FH_OK) {
        adding.out->result = FH_DIRECTORY_REFUSED;
    }
    return code;
}

/* The order in which types can be accepted. The type is the third byte of every envelope that this
 * version writes; a wrong guess costs a retry at the end. */
static unsigned rank_of(struct fh_bytes record)
{
    static const unsigned order[] = {FH_RECORD_KEY,
                                     FH_RECORD_MANIFEST,
                                     FH_RECORD_CHARTER,
                                     FH_RECORD_REVOCATION,
                                     FH_RECORD_DELEGATION,
                                     FH_RECORD_ADMISSION,
                                     FH_RECORD_PROPOSAL,
                                     FH_RECORD_VOTE,
                                     FH_RECORD_TOKEN_END};
    unsigned rank = 0;
    while (rank < FH_COUNT(order) && (record.size < 3 || record.data[2] != order[rank])) {
        rank++;
    }
    return rank;
}

enum { RANKS = 10 };

/* All records of one rank, again and again while any of them is taken. */
static void add_rank(struct fh_directory *dir,
                     const struct fh_bytes *records,
                     size_t count,
                     int64_t now_ms,
                     unsigned rank,
                     int *codes,
                     struct fh_directory_outcome *out)
{
    bool progress = true;
    while (progress) {
        progress = false;
        for (size_t i = 0; i < count; i++) {
            if (codes[i] == FH_ENOTFOUND && rank_of(records[i]) == rank) {
                codes[i] = fh_directory_add(dir, records[i], now_ms, out ? &out[i] : NULL, NULL);
                progress = progress || codes[i] == FH_OK;
            }
        }
    }
}

int fh_directory_add_all(struct fh_directory *dir,
                         const struct fh_bytes *records,
                         size_t count,
                         int64_t now_ms,
                         struct fh_directory_outcome *out,
                         struct fh_err *err)
{
    int *codes = fh_calloc(count, sizeof *codes);
    if (codes == NULL) {
        return fh_err_set(err, FH_ENOMEM, "out of memory while adding %zu records", count);
    }
    for (size_t i = 0; i < count; i++) {
        codes[i] = FH_ENOTFOUND;
    }
    dir->bulk = true;
    for (unsigned rank = 0; rank < RANKS; rank++) {
        add_rank(dir, records, count, now_ms, rank, codes, out);
    }
    int first = FH_OK;
    for (size_t i = 0; i < count && first == FH_OK; i++) {
        if (codes[i] != FH_OK) {
            /* Asked again for its reason only. */
            first = fh_directory_add(dir, records[i], now_ms, out ? &out[i] : NULL, err);
        }
    }
    dir->bulk = false;
    while (dir->stranger_count > FH_STRANGERS_MAX) {
        evict_oldest_stranger(dir);
    }
    fh_free(codes);
    return first;
}
