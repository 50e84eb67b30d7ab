/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the directory: shared by directory.c (holding), directory_names.c (naming),
 * directory_judge.c (asking), directory_contest.c (which of the charters are followed) and
 * directory_add.c, _charter.c, _proposal.c, _manifest.c, _grant.c, _admission.c and _token.c
 * (verifying and committing), by nobody else.
 *
 * Every record is one entry: its bytes, its decoded form, and links in the maps that find it.
 *
 * Does not: verify. Thread: as directory.h. Ownership: the directory owns all of it.
 */
#ifndef FH_PROTO_IDENTITY_DIRECTORY_IMPL_H
#define FH_PROTO_IDENTITY_DIRECTORY_IMPL_H

#include "common/list.h"
#include "common/map.h"
#include "proto/identity/directory.h"
#include "proto/identity/token_end.h"

/* Groups of a domain's records, in the order in which another directory accepts them. */
enum fh_entry_group {
    FH_ENTRY_KEY,
    FH_ENTRY_REVOCATION,
    FH_ENTRY_DELEGATION,
    FH_ENTRY_ADMISSION,
    FH_ENTRY_TOKEN_END,
    FH_ENTRY_GROUP_COUNT
};

/* Where a charter stands among the others: they are a tree. Of those behind one, only those of the
 * highest level count; when there are two, they are a contest. */
struct fh_lineage {
    struct fh_entry *before; /* NULL of charter 1 */
    unsigned level;          /* of a settlement: one above the pair that it settles; else 0 */
    struct fh_charter_barred barred; /* of a settlement: by it, and by those that it settles */
};

/* What stays of a decoded proposal beside its bytes. */
struct fh_kept_proposal {
    struct fh_record_id charter_id;
    int64_t proposed_ms;
    size_t payload_at; /* of the charter, in the bytes of the entry */
    size_t payload_size;
    char note[FH_PROPOSAL_NOTE_BYTES_MAX + 1];
    struct fh_lineage lineage;
    struct fh_charter charter;
};

struct fh_entry {
    struct fh_list link;       /* in its domain's group, or in a list of the directory */
    struct fh_map_link by_id;  /* dir->records */
    struct fh_map_link by_key; /* keys, revoked, used or token_ends of dir, see `what` */
    struct fh_domain *domain;  /* NULL for charters */
    unsigned type;
    bool summed; /* in the sum of the directory */
    bool rival;  /* the second event of a fork, a charter that is not followed: proof only */
    struct fh_lineage *lineage; /* CHARTER; owned */
    struct fh_record_id id;
    struct fh_key_id key; /* KEY and DELEGATION: of the key that may sign; VOTE: that signed */
    union {
        size_t seq; /* KEY */
        struct {
            struct fh_delegation value;
            int signer; /* index in the key log of who signed it */
        } delegation;
        struct {
            struct fh_revocation value;
            int signer; /* as of a delegation */
        } revocation;
        struct fh_manifest manifest; /* MANIFEST; its ids are owned */
        struct fh_token_end token_end;
        struct fh_sign_public one_time;    /* ADMISSION */
        struct fh_charter *charter;        /* CHARTER; owned */
        struct fh_kept_proposal *proposal; /* PROPOSAL; owned */
        struct fh_vote vote;
    } what;
    size_t size;
    uint8_t bytes[];
};

struct fh_domain {
    struct fh_directory_domain info;
    struct fh_map_link by_id;   /* dir->domains */
    struct fh_map_link by_name; /* dir->names, once admitted */
    struct fh_keylog log;
    struct fh_list groups[FH_ENTRY_GROUP_COUNT];
    size_t grant_count; /* delegations and revocations */
    bool chartered;     /* a member of some charter, now or once */
    bool pinned;        /* has its name, by a charter or an admission: no stranger any more */
};

struct fh_directory {
    struct fh_mesh_id mesh;
    struct fh_verifier verifier;
    struct fh_map records;    /* every entry, by record id */
    struct fh_id_sum sum;     /* of those that count in fh_directory_fingerprint */
    struct fh_map keys;       /* KEY and DELEGATION, by key ref */
    struct fh_map revoked;    /* REVOCATION, by target */
    struct fh_map used;       /* ADMISSION, by one-time key */
    struct fh_map token_ends; /* TOKEN_END, by token */
    struct fh_map domains;    /* by domain id */
    struct fh_map names;      /* admitted domains, by name */
    struct fh_domain **order;
    size_t order_capacity;
    size_t domain_count;
    size_t stranger_count;
    bool bulk;               /* inside fh_directory_add_all: limits on strangers wait for its end */
    struct fh_list charters; /* entries, oldest first */
    struct fh_entry *charter; /* newest of those that are followed; NULL */
    size_t charter_count;
    const struct fh_entry *fork; /* the last undisputed charter; NULL while none is contested */
    unsigned fork_level;         /* of those that follow it */
    struct fh_list proposals;    /* entries; of who proposed */
    struct fh_list votes;        /* entries; each for one of `proposals` */
    struct fh_settled *settled;  /* names that somebody here decided on: directory_names.c */
    size_t settled_count;
};

/* Ids and keys are hashes (or keys) already: their first bytes hash well. */
static inline uint64_t fh_entry_hash(const uint8_t *id)
{
    return fh_get_u64be(id);
}

struct fh_domain *fh_domain_find(const struct fh_directory *dir, const struct fh_domain_id *id);
struct fh_domain *fh_domain_named(const struct fh_directory *dir, const char *name);
struct fh_entry *fh_entry_find(const struct fh_directory *dir, const struct fh_record_id *id);
struct fh_entry *fh_entry_of_one_time(const struct fh_directory *dir,
                                      const struct fh_sign_public *one_time);
/* A domain with everything it holds; it must be out of `order` already. */
void fh_domain_destroy(struct fh_directory *dir, struct fh_domain *domain);
void fh_entry_free(struct fh_entry *entry);
/* Into dir->records and out of it again: the only two that change it. */
void fh_entry_list(struct fh_directory *dir, struct fh_entry *entry);
void fh_entry_unlist(struct fh_directory *dir, struct fh_entry *entry);
/* Into the sum, when it counts there and is not in it yet. */
void fh_entry_sum(struct fh_directory *dir, struct fh_entry *entry);
/* Since when this key or delegation of the domain is revoked; INT64_MAX when it is not. */
int64_t fh_revoked_since(const struct fh_directory *dir,
                         const struct fh_domain *domain,
                         const uint8_t target[32],
                         enum fh_revocation_kind kind);
/* What the newest charter says of a domain with a name: in, or expelled and since when. */
void fh_domain_set_standing(const struct fh_directory *dir, struct fh_domain *domain);
/* Names a domain that has none (room in dir->names is reserved), or withholds the name from it
 * where another has it or it was settled for another. */
void fh_name_assign(struct fh_directory *dir, struct fh_domain *domain, const char *name);
void fh_name_withdraw(struct fh_directory *dir, struct fh_domain *domain);
/* Whose a name is, when `by` claims it: its own when it was given to it and is withheld here. */
struct fh_domain *
fh_name_claimed(const struct fh_directory *dir, const char *name, struct fh_domain *by);
/* The charter in force at a time (with grace for clocks); NULL before the first. */
const struct fh_charter *fh_charter_in_force(const struct fh_directory *dir, int64_t when_ms);
/* fh_directory_signer, for admitted domains only or for any. */
FH_MUST_CHECK int fh_directory_judge(const struct fh_directory *dir,
                                     const struct fh_ref *key,
                                     const struct fh_domain_id *domain_id,
                                     int64_t when_ms,
                                     unsigned roles,
                                     bool admitted_only,
                                     struct fh_signer *out,
                                     struct fh_err *err);

/* Whether a delegation counts at a time. */
bool fh_entry_in_force(const struct fh_directory *dir,
                       const struct fh_entry *entry,
                       int64_t when_ms);

/* One record on its way in. */
struct fh_adding {
    struct fh_directory *dir;
    struct fh_record record;
    int64_t now_ms;
    struct fh_directory_outcome *out;
    struct fh_err *err;
};

/* Refusals, each with the outcome's domain set where one is to be fetched. */
int fh_adding_no_memory(const struct fh_adding *adding);
int fh_adding_missing(const struct fh_adding *adding,
                      const char *rule,
                      const struct fh_domain_id *domain);
int fh_adding_missing_charter(const struct fh_adding *adding);
int fh_adding_frozen(const struct fh_adding *adding, const struct fh_domain *domain);
/* FH_EINVAL when the time is ahead of the clock. */
FH_MUST_CHECK int fh_adding_check_time(const struct fh_adding *adding, int64_t stated_ms);

bool fh_domain_frozen_at(const struct fh_domain *domain, int64_t when_ms);
/* Admits a stranger under its name; nothing for others. Room in dir->names is reserved. */
void fh_domain_admit(struct fh_directory *dir,
                     struct fh_domain *domain,
                     const char *name,
                     int64_t admitted_ms,
                     const struct fh_domain_id *issuer);

/* An entry outside of all maps; NULL when there is no memory. Given: fh_entry_free. */
FH_MUST_CHECK struct fh_entry *fh_entry_new(const struct fh_adding *adding,
                                            struct fh_domain *domain);
/* Links a finished entry (taken); room is reserved. `keys` and `key` are its second map, or NULL.
 */
void fh_entry_commit(struct fh_directory *dir,
                     struct fh_entry *entry,
                     struct fh_list *group,
                     struct fh_map *keys,
                     const uint8_t *key);

/* Verify a parsed record of one type and keep it. */
FH_MUST_CHECK int fh_add_charter(struct fh_adding *adding);
FH_MUST_CHECK int fh_add_delegation(struct fh_adding *adding);
FH_MUST_CHECK int fh_add_revocation(struct fh_adding *adding);
FH_MUST_CHECK int fh_add_admission(struct fh_adding *adding);
FH_MUST_CHECK int fh_add_token_end(struct fh_adding *adding);
FH_MUST_CHECK int fh_add_proposal(struct fh_adding *adding);
FH_MUST_CHECK int fh_add_vote(struct fh_adding *adding);

/* Drops proposals that may not come into force any more, and those made before a time, with their
 * votes. */
void fh_proposals_drop(struct fh_directory *dir, int64_t proposed_before_ms);
/* Where a charter at hand, or in a proposal, stands; that it may follow, and of a settlement that
 * the pair contradicts itself, and who signed both. */
FH_MUST_CHECK int fh_adding_lineage(struct fh_adding *adding,
                                    const struct fh_charter *charter,
                                    struct fh_lineage *out);
/* Finds anew which charters are followed, after one was added. */
void fh_charters_walk(struct fh_directory *dir);
/* Whether the key signed a charter of this payload so. */
FH_MUST_CHECK bool fh_charter_signed_so(const struct fh_directory *dir,
                                        struct fh_bytes payload,
                                        const struct fh_sign_public *key,
                                        const struct fh_signature *signature);
/* What stands in all refusals while charters are contested. */
int fh_adding_contested(const struct fh_adding *adding);
/* Whether a record by the key with this index still counts after the rotation behind it. */
enum fh_keeping {
    FH_KEEPING_CURRENT, /* by the newest key */
    FH_KEEPING_LISTED,  /* the rotation kept it */
    FH_KEEPING_DROPPED,
    FH_KEEPING_UNKNOWN, /* the list of the rotation is not here */
};
enum fh_keeping
fh_domain_keeps(struct fh_domain *domain, int signer, const struct fh_record_id *id);
bool fh_domain_dropped(struct fh_domain *domain, int signer, const struct fh_record_id *id);
/* Refuses the record at hand when it was dropped ("record.signer.dropped"), or nobody can tell yet
 * ("identity.missing.manifest"). */
FH_MUST_CHECK int
fh_adding_check_kept(struct fh_adding *adding, struct fh_domain *domain, int signer);
FH_MUST_CHECK int fh_add_manifest(struct fh_adding *adding);
/* Whether this charter's members are known, and their names free or theirs. */
FH_MUST_CHECK int fh_adding_charter_members(struct fh_adding *adding,
                                            const struct fh_charter *charter);
/* The domain whose key that was current at `when_ms` made the only signature, and which of its keys
 * that is. */
FH_MUST_CHECK int fh_adding_domain_signer(struct fh_adding *adding,
                                          const struct fh_domain_id *domain_id,
                                          int64_t when_ms,
                                          struct fh_domain **out_domain,
                                          int *out_index);

#endif
