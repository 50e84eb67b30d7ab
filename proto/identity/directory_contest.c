/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

/*
 * Charters are a tree: each names the one before it. Whoever holds the same part of it follows the
 * same ones, however they came:
 *
 *     1 - 2 - 3a         3a and 3b contradict each other: 2 is the last undisputed charter. What
 *           \ 3b - 4b    is behind them is not looked at any more.
 *           \ 4          a settlement, one level above 3a and 3b, which are out for good
 *
 * From charter 1 on, of those behind one the only one of the highest level is followed. A third
 * charter behind 2 that comes late is one more proof, and changes nothing; a second settlement is a
 * contest one level higher. In a contest that nobody has settled the one that came first is
 * followed, and nothing is decided on it.
 */

static struct fh_charter *charter_of(const struct fh_entry *entry)
{
    FH_ASSERT(entry->type == FH_RECORD_CHARTER);
    return entry->what.charter;
}

/* ---- which are followed ---- */

/* Of those behind `before` that have the highest level: the first that came, their number and
 * level. */
struct behind {
    struct fh_entry *first;
    unsigned count;
    unsigned level;
};

static struct behind find_behind(const struct fh_directory *dir, const struct fh_entry *before)
{
    struct behind found = {NULL, 0, 0};
    FH_LIST_FOREACH (link, &dir->charters) {
        struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (entry->lineage->before != before) {
            continue;
        }
        if (found.first == NULL || entry->lineage->level > found.level) {
            found = (struct behind){entry, 0, entry->lineage->level};
        }
        found.count += entry->lineage->level == found.level;
    }
    return found;
}

void fh_charters_walk(struct fh_directory *dir)
{
    dir->fork = NULL;
    FH_LIST_FOREACH (link, &dir->charters) {
        FH_LIST_ENTRY(link, struct fh_entry, link)->rival = true;
    }
    struct behind next = find_behind(dir, NULL);
    FH_ASSERT(next.count <= 1); /* the mesh has one charter 1 */
    while (next.first != NULL) {
        dir->charter = next.first;
        dir->charter->rival = false;
        next = find_behind(dir, dir->charter);
        if (next.count > 1 && dir->fork == NULL) {
            dir->fork = dir->charter;
            dir->fork_level = next.level;
        }
    }
}

/* Whether the charter is followed, and everybody who knows as much follows it. */
static bool is_undisputed(const struct fh_directory *dir, const struct fh_entry *entry)
{
    return !entry->rival &&
           (dir->fork == NULL || charter_of(entry)->seq <= charter_of(dir->fork)->seq);
}

int fh_adding_contested(const struct fh_adding *adding)
{
    return fh_err_rule(adding->err,
                       FH_EFORK,
                       "identity.charter.rival",
                       "%s record: two charters behind charter %llu are known: nothing is decided "
                       "but a settlement of them",
                       fh_record_type_text(adding->record.type),
                       (unsigned long long)charter_of(adding->dir->fork)->seq);
}

/* ---- where one stands ---- */

bool fh_charter_signed_so(const struct fh_directory *dir,
                          struct fh_bytes payload,
                          const struct fh_sign_public *key,
                          const struct fh_signature *signature)
{
    struct fh_key_id id = fh_key_id_of(key);
    struct fh_record under = {.type = FH_RECORD_CHARTER, .payload = payload, .signature_count = 1};
    under.signatures[0].key = fh_key_id_ref(&id);
    under.signatures[0].signature = *signature;
    return fh_record_signed_by(&under, 0, &dir->mesh, key, &dir->verifier);
}

/* The key that was current when the charter was made: it proves as much when it is frozen or
 * rotated since. NULL: there was none. */
static const struct fh_sign_public *key_then(const struct fh_directory *dir,
                                             const struct fh_entry *entry,
                                             const struct fh_domain_id *id)
{
    const struct fh_domain *domain = fh_domain_find(dir, id);
    int current = domain == NULL ? -1 : fh_keylog_at(&domain->log, charter_of(entry)->created_ms);
    return current < 0 ? NULL : &domain->log.entries[current].event.key;
}

static bool has_signed(const struct fh_directory *dir,
                       const struct fh_entry *entry,
                       const struct fh_domain_id *id,
                       const struct fh_signature *signature)
{
    struct fh_record record;
    const struct fh_sign_public *key = key_then(dir, entry, id);
    return key != NULL &&
           fh_record_parse(&record, fh_bytes(entry->bytes, entry->size), &dir->mesh, NULL) ==
               FH_OK &&
           fh_charter_signed_so(dir, record.payload, key, signature);
}

static bool bar(struct fh_charter_barred *barred, const struct fh_domain_id *id)
{
    if (fh_charter_bars(barred, id)) {
        return true;
    }
    if (barred->count == FH_CHARTER_MEMBERS_MAX) {
        return false;
    }
    unsigned at = barred->count++;
    for (; at > 0 && fh_domain_id_compare(&barred->ids[at - 1], id) > 0; at--) {
        barred->ids[at] = barred->ids[at - 1];
    }
    barred->ids[at] = *id;
    return true;
}

/* Who has no voice in a settlement of these two, beside who signed both of them: all are members of
 * one charter, so that there is room. */
static struct fh_charter_barred inherited(const struct fh_entry *const pair[2])
{
    struct fh_charter_barred barred = pair[0]->lineage->barred;
    for (unsigned i = 0; i < pair[1]->lineage->barred.count; i++) {
        bool done = bar(&barred, &pair[1]->lineage->barred.ids[i]);
        FH_ASSERT(done);
    }
    return barred;
}

static int refuse_settles(const struct fh_adding *adding, const char *why)
{
    return fh_err_rule(adding->err,
                       FH_ESIG,
                       "identity.charter.settles",
                       "%s record, a settlement: %s",
                       fh_record_type_text(adding->record.type),
                       why);
}

static int check_doubles(const struct fh_adding *adding,
                         const struct fh_charter *charter,
                         const struct fh_entry *const pair[2],
                         struct fh_lineage *lineage)
{
    for (unsigned i = 0; i < charter->settles.count; i++) {
        const struct fh_charter_double *both = &charter->settles.both[i];
        if (fh_charter_find(charter_of(lineage->before), &both->domain) < 0 ||
            fh_charter_bars(&lineage->barred, &both->domain)) {
            return refuse_settles(adding,
                                  "expected whoever signed both to be a member of the charter "
                                  "before them, and not barred already");
        }
        for (unsigned j = 0; j < 2; j++) {
            if (!has_signed(adding->dir, pair[j], &both->domain, &both->signatures[j])) {
                return refuse_settles(adding,
                                      "a signature under one of the pair is not by whom it "
                                      "says");
            }
        }
    }
    for (unsigned i = 0; i < charter->settles.count; i++) {
        if (!bar(&lineage->barred, &charter->settles.both[i].domain)) {
            return refuse_settles(adding, "it bars more than can be members");
        }
    }
    return FH_OK;
}

static int check_settlement(const struct fh_adding *adding,
                            const struct fh_charter *charter,
                            struct fh_lineage *lineage)
{
    const struct fh_entry *pair[2];
    for (unsigned i = 0; i < 2; i++) {
        pair[i] = fh_entry_find(adding->dir, &charter->settles.pair[i]);
        if (pair[i] == NULL) {
            return fh_adding_missing_charter(adding);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        if (pair[i]->type != FH_RECORD_CHARTER || pair[i]->lineage->before != lineage->before ||
            pair[i]->lineage->level != pair[0]->lineage->level ||
            charter->seq != charter_of(pair[i])->seq + 1 ||
            charter->created_ms < charter_of(pair[i])->created_ms) {
            return refuse_settles(adding,
                                  "expected a pair behind the charter that it follows itself, both "
                                  "of one level, of the number before its own, and not younger");
        }
    }
    lineage->level = pair[0]->lineage->level + 1;
    lineage->barred = inherited(pair);
    return check_doubles(adding, charter, pair, lineage);
}

int fh_adding_lineage(struct fh_adding *adding,
                      const struct fh_charter *charter,
                      struct fh_lineage *out)
{
    struct fh_directory *dir = adding->dir;
    struct fh_entry *before = charter->seq == 1 ? NULL : fh_entry_find(dir, &charter->prev);
    if (charter->seq > 1 && (before == NULL || before->type != FH_RECORD_CHARTER)) {
        before = dir->charter; /* which it does not follow either: the refusal says so */
    }
    struct fh_lineage lineage = {.before = before};
    int code = fh_charter_follows(charter,
                                  before == NULL ? NULL : charter_of(before),
                                  before == NULL ? NULL : &before->id,
                                  adding->err);
    if (code == FH_OK && before != NULL && !is_undisputed(dir, before)) {
        code = dir->fork != NULL
                   ? fh_adding_contested(adding)
                   : fh_err_rule(adding->err,
                                 FH_ESTALE,
                                 "identity.charter.overruled",
                                 "%s record: the charter that charter %llu follows was overruled "
                                 "by a settlement",
                                 fh_record_type_text(adding->record.type),
                                 (unsigned long long)charter->seq);
    }
    if (code == FH_OK && charter->settles.count > 0) {
        code = check_settlement(adding, charter, &lineage);
    }
    if (code == FH_OK) {
        *out = lineage;
    }
    return code;
}

/* ---- asking ---- */

/* Whoever's signature stands under both, and has a voice still. */
static unsigned find_doubles(const struct fh_directory *dir,
                             const struct fh_entry *const pair[2],
                             const struct fh_charter_barred *barred,
                             struct fh_charter_double out[FH_RECORD_SIGNATURES_MAX])
{
    struct fh_record records[2];
    unsigned count = 0;
    for (unsigned i = 0; i < 2; i++) {
        if (fh_record_parse(
                &records[i], fh_bytes(pair[i]->bytes, pair[i]->size), &dir->mesh, NULL) != FH_OK) {
            return 0;
        }
    }
    const struct fh_charter *before = charter_of(pair[0]->lineage->before);
    for (unsigned m = 0; m < before->member_count && count < FH_RECORD_SIGNATURES_MAX; m++) {
        struct fh_charter_double both = {.domain = before->members[m].domain};
        unsigned found = 0;
        for (unsigned i = 0; i < 2; i++) {
            const struct fh_sign_public *key = key_then(dir, pair[i], &both.domain);
            for (unsigned s = 0; key != NULL && s < records[i].signature_count; s++) {
                if (fh_record_signed_by(&records[i], s, &dir->mesh, key, &dir->verifier)) {
                    both.signatures[i] = records[i].signatures[s].signature;
                    found++;
                    break;
                }
            }
        }
        if (found == 2 && !fh_charter_bars(barred, &both.domain)) {
            out[count++] = both; /* members ascend, and so do these */
        }
    }
    return count;
}

/* Fills `out` for a pair when it shows more of those who signed both than what is there. */
static void try_pair(const struct fh_directory *dir,
                     const struct fh_entry *one,
                     const struct fh_entry *other,
                     struct fh_directory_contest *out)
{
    bool ascending = fh_record_id_compare(&one->id, &other->id) < 0;
    const struct fh_entry *pair[2] = {ascending ? one : other, ascending ? other : one};
    struct fh_charter_settles settles = {.pair = {pair[0]->id, pair[1]->id}};
    struct fh_charter_barred barred = inherited(pair);
    settles.count = find_doubles(dir, pair, &barred, settles.both);
    if (settles.count > out->settles.count) {
        for (unsigned i = 0; i < settles.count; i++) {
            bool done = bar(&barred, &settles.both[i].domain);
            FH_ASSERT(done); /* members of one charter */
        }
        out->settles = settles;
        out->barred = barred;
    }
}

bool fh_directory_charter_contest(const struct fh_directory *dir, struct fh_directory_contest *out)
{
    if (dir->fork == NULL) {
        return false;
    }
    *out = (struct fh_directory_contest){.before = charter_of(dir->fork),
                                         .before_id = dir->fork->id,
                                         .not_before_ms = charter_of(dir->fork)->created_ms};
    const struct fh_entry *rivals[FH_CHARTER_RIVALS_MAX];
    unsigned count = 0;
    FH_LIST_FOREACH (link, &dir->charters) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, const struct fh_entry, link);
        if (entry->lineage->before == dir->fork && entry->lineage->level == dir->fork_level &&
            count < FH_COUNT(rivals)) {
            int64_t made_ms = charter_of(entry)->created_ms;
            out->seq = charter_of(entry)->seq + 1;
            out->not_before_ms = made_ms > out->not_before_ms ? made_ms : out->not_before_ms;
            rivals[count++] = entry;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = i + 1; j < count; j++) {
            try_pair(dir, rivals[i], rivals[j], out);
        }
    }
    out->need = fh_charter_need(out->before, &out->barred);
    return true;
}

size_t fh_directory_charter_count(const struct fh_directory *dir)
{
    return dir->charter_count;
}

static void find_state(const struct fh_directory *dir,
                       const struct fh_entry *entry,
                       struct fh_directory_charter_kept *out)
{
    out->state = FH_CHARTER_FOLLOWED;
    if (is_undisputed(dir, entry)) {
        return;
    }
    /* The one at the fork, or at an earlier one that is settled. */
    while (entry->lineage->before != NULL && !is_undisputed(dir, entry->lineage->before)) {
        entry = entry->lineage->before;
    }
    struct behind counting = find_behind(dir, entry->lineage->before);
    bool disputed = entry->lineage->before == dir->fork && entry->lineage->level == counting.level;
    out->state = disputed ? FH_CHARTER_DISPUTED : FH_CHARTER_OVERRULED;
    out->overruled_by = disputed ? 0 : charter_of(counting.first)->seq;
}

void fh_directory_charter_kept_at(const struct fh_directory *dir,
                                  size_t index,
                                  struct fh_directory_charter_kept *out)
{
    const struct fh_entry *found = NULL;
    FH_LIST_FOREACH (link, &dir->charters) {
        found = FH_LIST_ENTRY(link, const struct fh_entry, link);
        if (index-- == 0) {
            break;
        }
    }
    FH_ASSERT(found != NULL);
    *out = (struct fh_directory_charter_kept){.id = found->id, .charter = charter_of(found)};
    if (found->lineage->before != NULL) {
        out->before = charter_of(found->lineage->before);
    }
    find_state(dir, found, out);
}
