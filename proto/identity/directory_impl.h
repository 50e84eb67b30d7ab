/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the directory: shared by directory.c (holding), directory_judge.c (asking) and
 * directory_add.c, _charter.c, _grant.c, _admission.c and _token.c (verifying and committing), by
 * nobody else.
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

struct fh_entry {
    struct fh_list link;      /* in its domain's group, or in the directory's charters */
    struct fh_map_link by_id; /* dir->records */
    struct fh_map_link
        by_key; /* dir->keys, dir->revoked, dir->used or dir->token_ends, see `what` */
    struct fh_domain *domain; /* NULL for charters */
    unsigned type;
    bool rival; /* the second event of a fork: proof only */
    struct fh_record_id id;
    struct fh_key_id key; /* KEY and DELEGATION: of the key that may sign */
    union {
        size_t seq; /* KEY */
        struct {
            struct fh_delegation value;
            int signer; /* index in the key log of who signed it */
        } delegation;
        struct fh_revocation revocation;
        struct fh_token_end token_end;
        struct fh_sign_public one_time; /* ADMISSION */
        struct fh_charter *charter;     /* CHARTER; owned */
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
};

struct fh_directory {
    struct fh_mesh_id mesh;
    struct fh_verifier verifier;
    struct fh_map records;    /* every entry, by record id */
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
    struct fh_entry *charter; /* newest; NULL */
    size_t charter_count;
    bool charter_contested; /* a rival of a charter is kept */
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
/* Since when this key or delegation of the domain is revoked; INT64_MAX when it is not. */
int64_t fh_revoked_since(const struct fh_directory *dir,
                         const struct fh_domain *domain,
                         const uint8_t target[32],
                         enum fh_revocation_kind kind);
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

#endif
