/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

#include <stdlib.h>

/* What is proposed and who voted for it, until a charter of that number is there. A vote counts
 * while its key is still the newest of its domain: who got hold of an older one cannot date votes
 * back. */

static const struct fh_entry *proposal_of(const struct fh_directory *dir,
                                          const struct fh_record_id *charter_id)
{
    FH_LIST_FOREACH (link, &dir->proposals) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (fh_record_id_equal(&entry->what.proposal->charter_id, charter_id)) {
            return entry;
        }
    }
    return NULL;
}

static struct fh_bytes proposed_payload(const struct fh_entry *entry)
{
    const struct fh_kept_proposal *kept = entry->what.proposal;
    return fh_bytes(entry->bytes + kept->payload_at, kept->payload_size);
}

/* The domain key that a vote for this charter has to be by; NULL when it was rotated since. */
static const struct fh_sign_public *voting_key(const struct fh_domain *domain,
                                               const struct fh_charter *charter)
{
    int current = fh_keylog_at(&domain->log, charter->created_ms);
    if (current < 0 || (size_t)current + 1 != domain->log.count ||
        fh_domain_frozen_at(domain, charter->created_ms)) {
        return NULL;
    }
    return &domain->log.entries[current].event.key;
}

/* Whether a kept vote is still by the key that a vote for this charter has to be by. */
static bool vote_counts(const struct fh_entry *vote, const struct fh_charter *charter)
{
    const struct fh_sign_public *key = voting_key(vote->domain, charter);
    if (key == NULL) {
        return false;
    }
    struct fh_key_id id = fh_key_id_of(key);
    return fh_key_id_equal(&vote->key, &id);
}

/* ---- putting a charter together ---- */

struct ballot {
    const struct fh_charter *before;
    const struct fh_charter *next;
    unsigned need_before;
    unsigned need_next;
    unsigned count;
    struct fh_record_signature signatures[FH_RECORD_SIGNATURES_MAX];
};

static void count_vote(struct ballot *ballot, const struct fh_entry *vote, bool of_both)
{
    bool in_before = fh_charter_find(ballot->before, &vote->domain->info.id) >= 0;
    bool in_next = fh_charter_find(ballot->next, &vote->domain->info.id) >= 0;
    bool helps = (in_before && ballot->need_before > 0) || (in_next && ballot->need_next > 0);
    if (of_both != (in_before && in_next) || !helps || !vote_counts(vote, ballot->next) ||
        ballot->count == FH_RECORD_SIGNATURES_MAX) {
        return;
    }
    ballot->signatures[ballot->count].key = fh_key_id_ref(&vote->key);
    ballot->signatures[ballot->count].signature = vote->what.vote.signature;
    ballot->count++;
    ballot->need_before -= in_before && ballot->need_before > 0;
    ballot->need_next -= in_next && ballot->need_next > 0;
}

static int compare_signatures(const void *a, const void *b)
{
    const struct fh_record_signature *one = a;
    const struct fh_record_signature *other = b;
    return memcmp(one->key.b, other->key.b, sizeof one->key.b);
}

/* Those first who are members of both, for their signature counts twice: there is room for
 * FH_RECORD_SIGNATURES_MAX. False while some are missing. */
static bool
count_votes(struct ballot *ballot, const struct fh_directory *dir, const struct fh_entry *proposal)
{
    const struct fh_lineage *lineage = &proposal->what.proposal->lineage;
    *ballot = (struct ballot){.before = lineage->before->what.charter,
                              .next = &proposal->what.proposal->charter};
    ballot->need_before = fh_charter_need(ballot->before, &lineage->barred);
    ballot->need_next = fh_charter_need(ballot->next, &lineage->barred);
    for (unsigned pass = 0; pass < 2; pass++) {
        FH_LIST_FOREACH (link, &dir->votes) {
            const struct fh_entry *vote = FH_LIST_ENTRY(link, struct fh_entry, link);
            if (fh_record_id_equal(&vote->what.vote.charter_id,
                                   &proposal->what.proposal->charter_id)) {
                count_vote(ballot, vote, pass == 0);
            }
        }
    }
    qsort(ballot->signatures, ballot->count, sizeof *ballot->signatures, compare_signatures);
    return ballot->count > 0 && ballot->need_before == 0 && ballot->need_next == 0;
}

/* A charter that is complete takes effect like one that came from elsewhere; when it may not (a
 * member's keys are missing), the votes stay and the next record tries again. */
static void complete(struct fh_adding *adding, const struct fh_entry *proposal)
{
    struct ballot ballot;
    struct fh_directory_outcome outcome = {.result = FH_DIRECTORY_ADDED};
    struct fh_adding next = {
        .dir = adding->dir, .now_ms = adding->now_ms, .out = &outcome, .err = NULL};
    if (!count_votes(&ballot, adding->dir, proposal)) {
        return;
    }
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&bytes, FH_RECORD_BYTES_MAX);
    fh_record_join_all(
        &bytes, FH_RECORD_CHARTER, proposed_payload(proposal), ballot.signatures, ballot.count);
    if (fh_buf_ok(&bytes) == FH_OK &&
        fh_record_parse(&next.record, fh_buf_view(&bytes), &adding->dir->mesh, NULL) == FH_OK) {
        struct fh_record_id id = next.record.id;
        if (fh_add_charter(&next) == FH_OK) {
            adding->out->completed = id;
        }
    }
}

static void drop_entry(struct fh_directory *dir, struct fh_entry *entry)
{
    fh_list_remove(&entry->link);
    fh_entry_unlist(dir, entry);
    fh_entry_free(entry);
}

static void drop_votes_for(struct fh_directory *dir, const struct fh_record_id *charter_id)
{
    FH_LIST_FOREACH (link, &dir->votes) {
        struct fh_entry *vote = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (fh_record_id_equal(&vote->what.vote.charter_id, charter_id)) {
            drop_entry(dir, vote);
        }
    }
}

/* Whether what it proposes may come into force still, as far as the charters before it go. */
static bool is_open(const struct fh_directory *dir, const struct fh_lineage *lineage)
{
    return dir->fork == NULL
               ? lineage->level == 0 && lineage->before == dir->charter
               : lineage->before == dir->fork && lineage->level == dir->fork_level + 1;
}

void fh_proposals_drop(struct fh_directory *dir, int64_t proposed_before_ms)
{
    FH_LIST_FOREACH (link, &dir->proposals) {
        struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        const struct fh_kept_proposal *kept = entry->what.proposal;
        if (is_open(dir, &kept->lineage) && kept->proposed_ms >= proposed_before_ms) {
            continue;
        }
        struct fh_record_id charter_id = kept->charter_id;
        drop_entry(dir, entry);
        if (proposal_of(dir, &charter_id) == NULL) {
            drop_votes_for(dir, &charter_id);
        }
    }
}

/* ---- adding ---- */

static int decided(const struct fh_adding *adding, uint64_t seq)
{
    return fh_err_rule(adding->err,
                       FH_ESTALE,
                       "identity.proposal.stale",
                       "%s record: charter %llu is decided; the newest is %llu",
                       fh_record_type_text(adding->record.type),
                       (unsigned long long)seq,
                       (unsigned long long)adding->dir->charter->what.charter->seq);
}

/* Where the proposed charter stands, and that it is not decided. */
static int
check_open(struct fh_adding *adding, const struct fh_charter *charter, struct fh_lineage *out)
{
    const struct fh_directory *dir = adding->dir;
    if (dir->charter == NULL) {
        return fh_adding_missing_charter(adding);
    }
    if (charter->settles.count == 0 && dir->fork != NULL) {
        return fh_adding_contested(adding);
    }
    if (charter->settles.count == 0 && charter->seq <= dir->charter->what.charter->seq) {
        return decided(adding, charter->seq);
    }
    int code = fh_adding_lineage(adding, charter, out);
    return code == FH_OK && !is_open(dir, out) ? decided(adding, charter->seq) : code;
}

static int check_proposal_room(struct fh_adding *adding, const struct fh_domain *proposer)
{
    unsigned count = 0;
    FH_LIST_FOREACH (link, &adding->dir->proposals) {
        count += FH_LIST_ENTRY(link, struct fh_entry, link)->domain == proposer;
    }
    if (count >= FH_PROPOSALS_MAX) {
        return fh_err_rule(adding->err,
                           FH_ETOOBIG,
                           "identity.proposal.many",
                           "proposal: %s has %u open ones: expected them to be decided, or to end "
                           "after %d days",
                           proposer->info.name,
                           count,
                           (int)(FH_PROPOSAL_LIFE_MS / 86400000));
    }
    return FH_OK;
}

/* Who is to be a member is in the mesh already: strangers go, and votes with them. */
static int check_admitted(struct fh_adding *adding, const struct fh_charter *charter)
{
    int code = fh_adding_charter_members(adding, charter);
    for (unsigned i = 0; i < charter->member_count && code == FH_OK; i++) {
        const struct fh_domain_id *id = &charter->members[i].domain;
        if (!fh_domain_find(adding->dir, id)->pinned) {
            code = fh_adding_missing(adding, "identity.missing.admission", id);
        }
    }
    return code;
}

static int check_proposal(struct fh_adding *adding,
                          const struct fh_proposal *proposal,
                          struct fh_lineage *out_lineage,
                          struct fh_domain **out_proposer)
{
    int code = check_open(adding, &proposal->charter, out_lineage);
    if (code == FH_OK && adding->now_ms > proposal->proposed_ms + FH_PROPOSAL_LIFE_MS) {
        code = fh_err_rule(adding->err,
                           FH_ESTALE,
                           "identity.proposal.expired",
                           "proposal: nobody completed it within %d days",
                           (int)(FH_PROPOSAL_LIFE_MS / 86400000));
    }
    if (code == FH_OK &&
        fh_charter_find(out_lineage->before->what.charter, &proposal->proposer) < 0) {
        code = fh_err_rule(adding->err,
                           FH_EDENIED,
                           "identity.proposal.proposer",
                           "proposal: only members of the charter propose another");
    }
    if (code == FH_OK) {
        code = fh_adding_check_time(adding, proposal->proposed_ms);
    }
    if (code == FH_OK) {
        code = fh_adding_check_time(adding, proposal->charter.created_ms);
    }
    if (code == FH_OK) {
        int index;
        code = fh_adding_domain_signer(
            adding, &proposal->proposer, proposal->proposed_ms, out_proposer, &index);
    }
    if (code == FH_OK) {
        code = check_admitted(adding, &proposal->charter);
    }
    return code != FH_OK ? code : check_proposal_room(adding, *out_proposer);
}

static int keep_proposal(struct fh_adding *adding,
                         const struct fh_proposal *proposal,
                         const struct fh_lineage *lineage,
                         struct fh_domain *proposer)
{
    struct fh_directory *dir = adding->dir;
    struct fh_entry *entry = fh_entry_new(adding, proposer);
    if (entry == NULL) {
        return fh_adding_no_memory(adding);
    }
    struct fh_kept_proposal *kept = fh_alloc(sizeof *kept);
    entry->what.proposal = kept;
    if (kept == NULL || fh_map_reserve(&dir->records, 1) != FH_OK) {
        fh_entry_free(entry);
        return fh_adding_no_memory(adding);
    }
    *kept = (struct fh_kept_proposal){
        .charter_id = proposal->charter_id,
        .proposed_ms = proposal->proposed_ms,
        .payload_at = (size_t)(proposal->payload.data - adding->record.bytes.data),
        .payload_size = proposal->payload.size,
        .lineage = *lineage,
        .charter = proposal->charter,
    };
    memcpy(kept->note, proposal->note, sizeof kept->note);
    fh_entry_commit(dir, entry, &dir->proposals, NULL, NULL);
    return FH_OK;
}

int fh_add_proposal(struct fh_adding *adding)
{
    struct fh_proposal *proposal FH_CLEANUP(fh_freep) = fh_alloc(sizeof *proposal);
    struct fh_lineage lineage;
    struct fh_domain *proposer = NULL;
    if (proposal == NULL) {
        return fh_adding_no_memory(adding);
    }
    int code = fh_proposal_decode(proposal, &adding->record, &adding->dir->mesh, adding->err);
    if (code == FH_OK) {
        fh_proposals_drop(adding->dir, adding->now_ms - FH_PROPOSAL_LIFE_MS);
        code = check_proposal(adding, proposal, &lineage, &proposer);
    }
    return code != FH_OK ? code : keep_proposal(adding, proposal, &lineage, proposer);
}

/* Whether the signature inside a vote is what it says, and by which key. */
static int check_vote(struct fh_adding *adding,
                      const struct fh_vote *vote,
                      const struct fh_entry *proposal,
                      const struct fh_domain *domain,
                      struct fh_key_id *out_key)
{
    const struct fh_charter *charter = &proposal->what.proposal->charter;
    const struct fh_lineage *lineage = &proposal->what.proposal->lineage;
    const struct fh_directory *dir = adding->dir;
    if (fh_charter_bars(&lineage->barred, &vote->domain)) {
        return fh_err_rule(adding->err,
                           FH_EDENIED,
                           "identity.vote.barred",
                           "vote: %s signed both of what charter %llu settles: it has no voice in "
                           "it",
                           domain->info.name,
                           (unsigned long long)charter->seq);
    }
    if (fh_charter_find(charter, &vote->domain) < 0 &&
        fh_charter_find(lineage->before->what.charter, &vote->domain) < 0) {
        return fh_err_rule(adding->err,
                           FH_EDENIED,
                           "identity.vote.member",
                           "vote: its domain is a member neither before nor after charter %llu",
                           (unsigned long long)charter->seq);
    }
    const struct fh_sign_public *key = voting_key(domain, charter);
    if (key == NULL) {
        return fh_err_rule(adding->err,
                           FH_ESIG,
                           "identity.vote.key",
                           "vote: the key of %s was rotated since charter %llu was proposed (or it "
                           "is frozen): expected a newer proposal",
                           domain->info.name,
                           (unsigned long long)charter->seq);
    }
    struct fh_key_id id = fh_key_id_of(key);
    if (vote->seq != charter->seq ||
        !fh_charter_signed_so(dir, proposed_payload(proposal), key, &vote->signature) ||
        !fh_directory_signed_by(dir, &adding->record, key)) {
        return fh_err_rule(adding->err,
                           FH_ESIG,
                           "record.signature",
                           "vote: expected it, and the charter in it, signed by the domain key");
    }
    *out_key = id;
    return FH_OK;
}

/* Of one key one vote is kept for a charter: who makes several, which differ in what does not count
 * or in how they are signed, has one voice all the same. */
static bool has_voted(const struct fh_directory *dir,
                      const struct fh_vote *vote,
                      const struct fh_domain *domain,
                      const struct fh_key_id *key)
{
    FH_LIST_FOREACH (link, &dir->votes) {
        const struct fh_entry *other = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (other->domain == domain && fh_key_id_equal(&other->key, key) &&
            fh_record_id_equal(&other->what.vote.charter_id, &vote->charter_id)) {
            return true;
        }
    }
    return false;
}

int fh_add_vote(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_vote vote;
    int code = fh_vote_decode(&vote, &adding->record, adding->err);
    if (code != FH_OK) {
        return code;
    }
    if (dir->charter == NULL) {
        return fh_adding_missing_charter(adding);
    }
    /* Of a contest and its settlements the numbers say nothing. */
    if (dir->fork == NULL && vote.seq <= dir->charter->what.charter->seq) {
        return decided(adding, vote.seq);
    }
    struct fh_domain *domain = fh_domain_find(dir, &vote.domain);
    if (domain == NULL) {
        return fh_adding_missing(adding, "identity.missing.key_log", &vote.domain);
    }
    adding->out->domain = vote.domain;
    const struct fh_entry *proposal = proposal_of(dir, &vote.charter_id);
    if (proposal == NULL) {
        adding->out->wanted = vote.charter_id;
        return fh_err_rule(adding->err,
                           FH_ENOTFOUND,
                           "identity.missing.proposal",
                           "vote: what it is for, charter %llu, is not here yet",
                           (unsigned long long)vote.seq);
    }
    struct fh_key_id key;
    code = check_vote(adding, &vote, proposal, domain, &key);
    if (code != FH_OK) {
        return code;
    }
    if (has_voted(dir, &vote, domain, &key)) {
        adding->out->result = FH_DIRECTORY_KNOWN;
        return FH_OK;
    }
    struct fh_entry *entry = fh_entry_new(adding, domain);
    if (entry == NULL || fh_map_reserve(&dir->records, 1) != FH_OK) {
        fh_free(entry);
        return fh_adding_no_memory(adding);
    }
    entry->key = key;
    entry->what.vote = vote;
    fh_entry_commit(dir, entry, &dir->votes, NULL, NULL);
    complete(adding, proposal);
    return FH_OK;
}

/* ---- asking ---- */

size_t fh_directory_proposal_count(const struct fh_directory *dir)
{
    size_t count = 0;
    FH_LIST_FOREACH (link, &dir->proposals) {
        count++;
    }
    return count;
}

void fh_directory_proposal_at(const struct fh_directory *dir,
                              size_t index,
                              struct fh_directory_proposal *out)
{
    const struct fh_entry *found = NULL;
    FH_LIST_FOREACH (link, &dir->proposals) {
        found = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (index-- == 0) {
            break;
        }
    }
    FH_ASSERT(found != NULL);
    const struct fh_kept_proposal *kept = found->what.proposal;
    *out = (struct fh_directory_proposal){.id = found->id,
                                          .charter_id = kept->charter_id,
                                          .charter = &kept->charter,
                                          .proposer = found->domain->info.id,
                                          .proposed_ms = kept->proposed_ms,
                                          .note = kept->note};
    FH_LIST_FOREACH (link, &dir->votes) {
        const struct fh_entry *vote = FH_LIST_ENTRY(link, struct fh_entry, link);
        if (fh_record_id_equal(&vote->what.vote.charter_id, &kept->charter_id) &&
            vote_counts(vote, &kept->charter) && out->vote_count < FH_COUNT(out->votes)) {
            out->votes[out->vote_count++] = vote->domain->info.id;
        }
    }
}
