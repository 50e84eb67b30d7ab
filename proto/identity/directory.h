/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directory: the verified identities of one mesh.
 *
 * It takes KEY, MANIFEST, CHARTER, PROPOSAL, VOTE, DELEGATION, REVOCATION, ADMISSION and TOKEN_END
 * records from anywhere, keeps those that verify as the bytes that came, and then answers the one
 * question that everybody has: may this key sign for this domain, in this role, at this time?
 * Gossip, sessions, catalogue and client library share one.
 *
 * Records may come in any order as far as their proofs allow. When one needs another that is not
 * here, the answer is FH_ENOTFOUND with a rule "identity.missing.*", and the outcome says whose
 * records to fetch. fh_directory_add_all sorts a heap out by itself. Domains that nobody admitted
 * (strangers) are held in small number, the oldest going first, so that a joiner's keys can be
 * known before its admission.
 *
 * Does not: read clocks, fetch, store. Thread: one at a time. Ownership: keeps copies of the
 * records; everything it returns is lent until the next add.
 *
 * A domain caught at duplicity is frozen as of the earlier of its two rival events: what it dates
 * before that still counts, so that everybody judges its past alike; nothing later does.
 *
 * A rotation ends what earlier keys signed unless its manifest lists it: such records, known or
 * new, do not count. Until the manifest is here those that are known still do.
 *
 * A domain that the newest charter expels is not admitted as of that charter; what it dated before
 * that counts, so that whom it admitted stays and what it sent stays proven.
 *
 * Invariants: nothing unverified is in it; no name is two domains'; a name never moves unless
 * somebody here decides it (fh_directory_settle).
 */
#ifndef FH_PROTO_IDENTITY_DIRECTORY_H
#define FH_PROTO_IDENTITY_DIRECTORY_H

#include "proto/identity/admission.h"
#include "proto/identity/charter.h"
#include "proto/identity/delegation.h"
#include "proto/identity/manifest.h"
#include "proto/identity/proposal.h"
#include "proto/wire/id_sum.h"

struct fh_directory;

/* A domain as the directory knows it. */
struct fh_directory_domain {
    struct fh_domain_id id;                 /* also the record id of the inception */
    char name[FH_NAME_BYTES_MAX + 1];       /* the given one; "" where that is another's */
    char given_name[FH_NAME_BYTES_MAX + 1]; /* by charter or admission; "" for a stranger */
    bool admitted;                          /* by a charter or an admission, and not expelled */
    bool expelled;                          /* by the newest charter */
    int64_t expelled_since_ms;              /* nothing it dates at or after this counts */
    bool charter_member;                    /* of the newest charter */
    bool frozen;                            /* caught at duplicity */
    int64_t frozen_since_ms;                /* nothing it dates at or after this counts */
    struct fh_domain_id issuer;             /* who admitted it; zero when a charter did */
    int64_t admitted_ms;                    /* 0 for a stranger */
    int64_t created_ms;                     /* of the inception */
    struct fh_sign_public key;              /* newest domain key */
    uint64_t key_seq;                       /* of the newest key event */
};

enum fh_directory_result {
    FH_DIRECTORY_ADDED,   /* new and kept: store it, pass it on */
    FH_DIRECTORY_KNOWN,   /* had it */
    FH_DIRECTORY_FORKED,  /* new proof of duplicity, kept: store it, pass it on */
    FH_DIRECTORY_REFUSED, /* see the error; with "identity.missing.*" fetch and try again */
};

struct fh_directory_outcome {
    enum fh_directory_result result;
    unsigned type;              /* enum fh_record_type; 0 when the bytes are no record */
    struct fh_record_id id;     /* zero when the bytes are no record */
    struct fh_domain_id domain; /* whose record it is; after "identity.missing.*" whose records are
                                   needed (zero: the charter) */
    struct fh_record_id wanted; /* after "identity.missing.proposal": of the charter that it
                                   proposes; else zero */
    struct fh_record_id completed; /* the charter that this vote completed, now in force: store it
                                      and pass it on too; else zero */
    bool name_taken; /* of an admission: another domain has its name, so it is in without one */
};

/* lifecycle */

/* A directory of the mesh, or with a zero id of whichever mesh the first charter makes. `verifier`
 * is kept. NULL when there is no memory. Given: end with fh_directory_free. */
FH_MUST_CHECK struct fh_directory *fh_directory_new(const struct fh_mesh_id *mesh,
                                                    const struct fh_verifier *verifier);
void fh_directory_free(struct fh_directory *dir);
static inline void fh_directory_freep(struct fh_directory **dir)
{
    fh_directory_free(*dir);
}

/* adding */

/* Verifies one record (borrowed) and keeps a copy. FH_OK with result ADDED, KNOWN or FORKED; a
 * refusal leaves the directory as it was. `now_ms` is wall time: records from further ahead than
 * FH_CLOCK_SKEW_MS are refused ("identity.time.future"; delegations may begin later).
 * Codes: FH_ENOTFOUND ("identity.missing.key_log", ".manifest", ".charter", ".proposal",
 * ".admission", ".delegation"), FH_ESIG, FH_EDENIED ("domain.not_admitted",
 * "identity.proposal.proposer", "identity.vote.member"), FH_ESTALE ("identity.proposal.*": decided,
 * or too old), FH_EFORK ("domain.frozen", "identity.charter.rival"), FH_EEXIST
 * ("identity.name.taken": of a charter), FH_EINVAL, FH_ETOOBIG, FH_EVERSION, FH_ENOMEM. */
FH_MUST_CHECK int fh_directory_add(struct fh_directory *dir,
                                   struct fh_bytes record,
                                   int64_t now_ms,
                                   struct fh_directory_outcome *out,
                                   struct fh_err *err);

/* Adds records (borrowed) in whatever order works, and applies the limit on strangers at the end
 * only. `out`, one for each, may be NULL. Returns FH_OK when none was refused, else the first
 * refusal; the others are added all the same. FH_ENOMEM. */
FH_MUST_CHECK int fh_directory_add_all(struct fh_directory *dir,
                                       const struct fh_bytes *records,
                                       size_t count,
                                       int64_t now_ms,
                                       struct fh_directory_outcome *out,
                                       struct fh_err *err);

/* names */

/* Decides, for this directory alone, whose a name is: it is taken from whoever has it, goes to
 * `domain` when that is admitted under it, now or later, and to nobody else. Who lost it stays
 * admitted, without a name. Without a decision a name is whose it was first, and who is admitted
 * under it later has none. FH_ETOOBIG ("identity.names.settled"), FH_ENOMEM. */
FH_MUST_CHECK int fh_directory_settle(struct fh_directory *dir,
                                      const char *name,
                                      const struct fh_domain_id *domain,
                                      struct fh_err *err);
/* Forgets the decision; who has the name keeps it. */
void fh_directory_unsettle(struct fh_directory *dir, const char *name);

/* asking */

/* Zero until the first charter is known and the mesh was not given. */
const struct fh_mesh_id *fh_directory_mesh(const struct fh_directory *dir);
/* The newest charter and its record id (may be NULL); NULL while none is known. */
const struct fh_charter *fh_directory_charter(const struct fh_directory *dir,
                                              struct fh_record_id *out_id);

/* What may be decided on the newest charter. */
enum fh_charter_standing {
    FH_CHARTER_NONE,      /* no charter is known */
    FH_CHARTER_IN_FORCE,  /* everything */
    FH_CHARTER_EXPIRED,   /* nothing but its renewal */
    FH_CHARTER_CONTESTED, /* nothing: see fh_directory_charter_contested */
    FH_CHARTER_STANDING_COUNT
};
/* "none", "in force", "expired", "contested". */
const char *fh_charter_standing_text(enum fh_charter_standing standing);
enum fh_charter_standing fh_directory_charter_standing(const struct fh_directory *dir,
                                                       int64_t now_ms);
/* Whose signatures stand under a charter that is kept (a rival too): how many, at most
 * FH_RECORD_SIGNATURES_MAX. 0 when it is not known. */
size_t fh_directory_charter_signers(const struct fh_directory *dir,
                                    const struct fh_record_id *id,
                                    struct fh_domain_id out[FH_RECORD_SIGNATURES_MAX]);

/* Whether two valid charters behind one are known and not settled: the members disagree; the first
 * seen stays in force, and nothing but a settlement is taken. Which charters are followed once it
 * is settled does not depend on the order in which they came. */
bool fh_directory_charter_contested(const struct fh_directory *dir);

/* A contest, and how it can be settled. */
struct fh_directory_contest {
    const struct fh_charter *before; /* the last undisputed charter; lent */
    struct fh_record_id before_id;
    uint64_t seq;                      /* that the settlement must have */
    int64_t not_before_ms;             /* nor may it be dated earlier */
    struct fh_charter_settles settles; /* as it stands in it; count 0: no two of them show anybody
                                          who signed both, so that nothing can settle it */
    struct fh_charter_barred barred;   /* by it */
    unsigned need;                     /* so many of the other members of `before` have to sign */
};
/* False when nothing is contested. */
FH_MUST_CHECK bool fh_directory_charter_contest(const struct fh_directory *dir,
                                                struct fh_directory_contest *out);

/* Every charter that is kept, those out of force too, in the order in which they came. */
enum fh_charter_state {
    FH_CHARTER_FOLLOWED,  /* in force, or was */
    FH_CHARTER_DISPUTED,  /* part of a contest that is not settled */
    FH_CHARTER_OVERRULED, /* by a settlement, or behind one that is */
    FH_CHARTER_STATE_COUNT
};
struct fh_directory_charter_kept {
    struct fh_record_id id;
    const struct fh_charter *charter; /* lent */
    const struct fh_charter *before;  /* lent; NULL of charter 1 */
    enum fh_charter_state state;
    uint64_t overruled_by; /* number of the settlement; else 0 */
};
size_t fh_directory_charter_count(const struct fh_directory *dir);
/* `index` below the count. */
void fh_directory_charter_kept_at(const struct fh_directory *dir,
                                  size_t index,
                                  struct fh_directory_charter_kept *out);

/* What is proposed for the next charter and not decided yet. All of it is lent. */
struct fh_directory_proposal {
    struct fh_record_id id;         /* of the PROPOSAL */
    struct fh_record_id charter_id; /* of the charter that it would be */
    const struct fh_charter *charter;
    struct fh_domain_id proposer;
    int64_t proposed_ms;
    const char *note;
    unsigned vote_count;
    struct fh_domain_id votes[2 * FH_CHARTER_MEMBERS_MAX]; /* by members before or after it */
};
size_t fh_directory_proposal_count(const struct fh_directory *dir);
/* `index` below the count, in the order in which they came. */
void fh_directory_proposal_at(const struct fh_directory *dir,
                              size_t index,
                              struct fh_directory_proposal *out);

/* NULL when unknown. Lent. */
const struct fh_directory_domain *fh_directory_domain(const struct fh_directory *dir,
                                                      const struct fh_domain_id *id);
/* By pinned name: domains that are admitted, or were until the charter expelled them. */
const struct fh_directory_domain *fh_directory_domain_by_name(const struct fh_directory *dir,
                                                              const char *name);
/* All domains in the order in which they came, strangers too: index 0 .. count - 1. */
size_t fh_directory_domain_count(const struct fh_directory *dir);
const struct fh_directory_domain *fh_directory_domain_at(const struct fh_directory *dir,
                                                         size_t index);

/* Who signs: the answer of fh_directory_signer. */
struct fh_signer {
    struct fh_sign_public key;
    enum fh_role role;
    struct fh_record_id delegation; /* zero for the domain key */
    int64_t not_after_ms;           /* end of the delegation; INT64_MAX for the domain key */
    char label[FH_NAME_BYTES_MAX + 1];
};

/* May the key of this ref sign for `domain` at `when_ms` in one of `roles` (FH_ROLE_MASK bits)?
 * When several delegations say so, the one that ends last answers. `when_ms` is the time that the
 * record states (that it is not ahead of the clock is the caller's check). Refusals, FH_ESIG but
 * where noted: "record.signer.unknown", "record.signer.domain" (the key is another domain's; with
 * FH_ENOTFOUND: the domain itself is unknown), "record.signer.role", "record.signer.expired" (also
 * not yet valid, or a domain key rotated away), "record.signer.dropped" (by a rotation),
 * "record.signer.revoked", "domain.not_admitted"
 * (FH_EDENIED), "domain.expelled" (FH_EDENIED), "domain.frozen" (FH_EFORK). `out` may be NULL. */
FH_MUST_CHECK int fh_directory_signer(const struct fh_directory *dir,
                                      const struct fh_ref *key,
                                      const struct fh_domain_id *domain,
                                      int64_t when_ms,
                                      unsigned roles,
                                      struct fh_signer *out,
                                      struct fh_err *err);

/* What the key of this ref is in `domain` at `when_ms`: the names of its roles, each once, at most
 * FH_ROLE_NAMES_MAX; of a delegation without a name of its own "member", "publisher" or "node", of
 * a domain key "domain". Lent until the next add. 0 for whoever may not sign then. */
enum { FH_ROLE_NAMES_MAX = 16 };
size_t fh_directory_roles(const struct fh_directory *dir,
                          const struct fh_ref *key,
                          const struct fh_domain_id *domain,
                          int64_t when_ms,
                          const char *out_names[FH_ROLE_NAMES_MAX]);

/* Since when the TOKEN of this id, by this member's key, is ended before its time; INT64_MAX: it is
 * not. Whether it counts is proto/identity/token.h's. */
int64_t fh_directory_token_ended(const struct fh_directory *dir,
                                 const struct fh_sign_public *member,
                                 const struct fh_record_id *token);

/* As fh_directory_signer for a domain that need not be admitted: what a node that redeems an
 * invitation asks about the joiner. */
FH_MUST_CHECK int fh_directory_signer_of_stranger(const struct fh_directory *dir,
                                                  const struct fh_ref *key,
                                                  const struct fh_domain_id *domain,
                                                  int64_t when_ms,
                                                  unsigned roles,
                                                  struct fh_signer *out,
                                                  struct fh_err *err);

/* Right and signature together, for a record with exactly one signature, parsed under this mesh:
 * the rules of fh_directory_signer, and "record.signature" (FH_ESIG). */
FH_MUST_CHECK int fh_directory_verify(const struct fh_directory *dir,
                                      const struct fh_record *record,
                                      const struct fh_domain_id *domain,
                                      unsigned roles,
                                      int64_t when_ms,
                                      struct fh_signer *out,
                                      struct fh_err *err);

/* The same without its last and dearest step: whether the key that the record names might have
 * signed it. `out` is the key by which fh_directory_signed_by has to hold. */
FH_MUST_CHECK int fh_directory_judge_record(const struct fh_directory *dir,
                                            const struct fh_record *record,
                                            const struct fh_domain_id *domain,
                                            unsigned roles,
                                            int64_t when_ms,
                                            struct fh_signer *out,
                                            struct fh_err *err);

/* Who signed a record that several domains sign, parsed under this mesh: the domain of each
 * signature, at most FH_RECORD_SIGNATURES_MAX, `*out_count` of them. Every signature must verify,
 * be by a key that may sign in one of `roles` at `when_ms` (fh_directory_signer), and be by a
 * domain of its own: FH_ESIG ("record.signature", "record.signer.*"), FH_EDENIED, FH_EFORK. */
FH_MUST_CHECK int fh_directory_cosigners(const struct fh_directory *dir,
                                         const struct fh_record *record,
                                         unsigned roles,
                                         int64_t when_ms,
                                         struct fh_domain_id *out,
                                         size_t *out_count,
                                         struct fh_err *err);
/* Whether these signers (distinct domains with a valid signature each) suffice for a policy of the
 * mesh that is dated `when_ms`: enough of the policy signers of the charter that was in force then.
 * That the date is not ahead of the clock is the caller's check. FH_ESIG
 * ("identity.charter.policy_threshold"), FH_EDENIED ("identity.charter.expired": it had ended by
 * then), FH_EFORK ("identity.charter.rival"), FH_ENOTFOUND ("identity.missing.charter"). */
FH_MUST_CHECK int fh_directory_policy_quorum(const struct fh_directory *dir,
                                             const struct fh_domain_id *signers,
                                             size_t signer_count,
                                             int64_t when_ms,
                                             struct fh_err *err);

/* Whether a record has exactly one signature, and it is by this key, under this mesh. Says nothing
 * of what the key may. */
FH_MUST_CHECK bool fh_directory_signed_by(const struct fh_directory *dir,
                                          const struct fh_record *record,
                                          const struct fh_sign_public *key);

/* Whether an INVITATION record (parsed under this mesh) is good at `now_ms`: signed by a publisher
 * or domain key of a charter member, not expired, not used. `out` may be NULL. FH_ESIG and the
 * rules above, FH_EDENIED ("identity.invitation.issuer", ".expired", ".used"). */
FH_MUST_CHECK int fh_directory_check_invitation(const struct fh_directory *dir,
                                                const struct fh_record *record,
                                                int64_t now_ms,
                                                struct fh_invitation *out,
                                                struct fh_err *err);

/* records, to send or to store */

/* The bytes of a record that the directory holds, by id; empty when it does not. Lent. */
struct fh_bytes fh_directory_record(const struct fh_directory *dir, const struct fh_record_id *id);

/* Drops proposals, and votes for them, that nobody has completed in time. */
void fh_directory_tidy(struct fh_directory *dir, int64_t now_ms);

/* 16 bytes that are equal where the same records are held, whatever order they came in; which of
 * them count stands in proto/README.md 8. */
void fh_directory_fingerprint(const struct fh_directory *dir, uint8_t out[FH_ID_SUM_BYTES]);

/* Called with each record (lent for the call); false ends the walk. */
typedef bool fh_directory_visit_fn(void *user,
                                   unsigned type,
                                   const struct fh_record_id *id,
                                   struct fh_bytes bytes);

/* All records, in an order in which another directory accepts them one by one: what charters and
 * their members need first, then domain by domain. False when `visit` ended it. */
bool fh_directory_each(const struct fh_directory *dir, fh_directory_visit_fn *visit, void *user);
/* The records of one domain in the same order (charters belong to no domain). */
bool fh_directory_each_of(const struct fh_directory *dir,
                          const struct fh_domain_id *domain,
                          fh_directory_visit_fn *visit,
                          void *user);
/* The same without delegations that begin after `until_ms`: what others need not hold yet. */
bool fh_directory_each_due(const struct fh_directory *dir,
                           int64_t until_ms,
                           fh_directory_visit_fn *visit,
                           void *user);
bool fh_directory_each_of_due(const struct fh_directory *dir,
                              const struct fh_domain_id *domain_id,
                              int64_t until_ms,
                              fh_directory_visit_fn *visit,
                              void *user);
/* What proves the charters and what is proposed, in the same order: the records of those who are or
 * were members of a charter, charters, proposals, votes, and whom a proposal would make a member.
 */
bool fh_directory_each_governing(const struct fh_directory *dir,
                                 int64_t until_ms,
                                 fh_directory_visit_fn *visit,
                                 void *user);
/* What a handshake shows for a key: the domain's key events and the delegations of this key that
 * are valid at `when_ms`. */
bool fh_directory_credentials(const struct fh_directory *dir,
                              const struct fh_domain_id *domain,
                              const struct fh_ref *key,
                              int64_t when_ms,
                              fh_directory_visit_fn *visit,
                              void *user);

#endif
