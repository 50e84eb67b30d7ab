/* SPDX-License-Identifier: Apache-2.0 */
/* Which charter may follow which, and whose signatures suffice. */
#include "proto/identity/charter.h"

static int
check_names(const struct fh_charter *next, const struct fh_charter *current, struct fh_err *err)
{
    for (unsigned i = 0; i < next->member_count; i++) {
        for (unsigned j = 0; j < current->member_count; j++) {
            bool same_domain =
                fh_domain_id_equal(&next->members[i].domain, &current->members[j].domain);
            bool same_name = strcmp(next->members[i].name, current->members[j].name) == 0;
            if (same_domain != same_name) {
                return fh_err_rule(err,
                                   FH_ESIG,
                                   "identity.name.changed",
                                   "charter %llu moves the name %s; names are pinned",
                                   (unsigned long long)next->seq,
                                   next->members[i].name);
            }
        }
    }
    return FH_OK;
}

/* Who was a member stays one or is expelled: nobody falls out of a charter unsaid. */
static int
check_leavers(const struct fh_charter *next, const struct fh_charter *current, struct fh_err *err)
{
    for (unsigned i = 0; i < current->member_count; i++) {
        const struct fh_charter_member *member = &current->members[i];
        if (fh_charter_find(next, &member->domain) < 0 &&
            !fh_charter_expels(next, &member->domain)) {
            return fh_err_rule(err,
                               FH_ESIG,
                               "identity.charter.expelled",
                               "charter %llu: %s is no member any more: expected it among those "
                               "expelled",
                               (unsigned long long)next->seq,
                               member->name);
        }
    }
    return FH_OK;
}

static bool same_domains(const struct fh_domain_id *a,
                         unsigned a_count,
                         const struct fh_domain_id *b,
                         unsigned b_count)
{
    return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof *a) == 0);
}

static bool renews(const struct fh_charter *next, const struct fh_charter *current)
{
    bool same_members = next->member_count == current->member_count;
    for (unsigned i = 0; i < next->member_count && same_members; i++) {
        same_members = fh_domain_id_equal(&next->members[i].domain, &current->members[i].domain) &&
                       strcmp(next->members[i].name, current->members[i].name) == 0;
    }
    return same_members && next->threshold == current->threshold &&
           next->policy_threshold == current->policy_threshold &&
           strcmp(next->title, current->title) == 0 &&
           same_domains(next->policy_signers,
                        next->policy_signer_count,
                        current->policy_signers,
                        current->policy_signer_count) &&
           same_domains(
               next->expelled, next->expelled_count, current->expelled, current->expelled_count);
}

int fh_charter_follows(const struct fh_charter *next,
                       const struct fh_charter *current,
                       const struct fh_record_id *current_id,
                       struct fh_err *err)
{
    if (current == NULL) {
        return next->seq == 1 ? FH_OK
                              : fh_err_rule(err,
                                            FH_ENOTFOUND,
                                            "identity.missing.charter",
                                            "charter %llu: the charters before it are not known",
                                            (unsigned long long)next->seq);
    }
    bool settles = next->settles.count > 0;
    bool behind = fh_record_id_equal(&next->prev, current_id);
    if (next->seq > current->seq + 1 && !(settles && behind)) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "identity.missing.charter",
                           "charter %llu: charter %llu is not known",
                           (unsigned long long)next->seq,
                           (unsigned long long)next->seq - 1);
    }
    if (next->seq <= current->seq || !behind || (settles && next->seq == current->seq + 1)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "identity.charter.prev",
                           "charter %llu does not follow charter %llu of this mesh",
                           (unsigned long long)next->seq,
                           (unsigned long long)current->seq);
    }
    if (next->created_ms < current->created_ms) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "identity.charter.time",
                           "charter %llu is dated before its predecessor",
                           (unsigned long long)next->seq);
    }
    if (next->created_ms > current->expires_ms && !renews(next, current)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "identity.charter.expired",
                           "charter %llu had ended when charter %llu was made: expected a renewal "
                           "that changes nothing else",
                           (unsigned long long)current->seq,
                           (unsigned long long)next->seq);
    }
    int code = check_names(next, current, err);
    return code != FH_OK ? code : check_leavers(next, current, err);
}

bool fh_charter_bars(const struct fh_charter_barred *barred, const struct fh_domain_id *domain)
{
    for (unsigned i = 0; i < barred->count; i++) {
        if (fh_domain_id_equal(&barred->ids[i], domain)) {
            return true;
        }
    }
    return false;
}

/* How many of the members (only policy signers) are among the signers; each counts once. */
static unsigned count_signers(const struct fh_charter *charter,
                              const struct fh_domain_id *signers,
                              size_t signer_count,
                              const struct fh_charter_barred *barred,
                              bool policy)
{
    unsigned have = 0;
    unsigned count = policy ? charter->policy_signer_count : charter->member_count;
    for (unsigned i = 0; i < count; i++) {
        const struct fh_domain_id *id =
            policy ? &charter->policy_signers[i] : &charter->members[i].domain;
        for (size_t j = 0; j < signer_count; j++) {
            if (fh_domain_id_equal(id, &signers[j])) {
                have += !fh_charter_bars(barred, id);
                break;
            }
        }
    }
    return have;
}

unsigned fh_charter_need(const struct fh_charter *charter, const struct fh_charter_barred *barred)
{
    unsigned others = 0;
    for (unsigned i = 0; i < charter->member_count; i++) {
        others += !fh_charter_bars(barred, &charter->members[i].domain);
    }
    return charter->threshold < others ? charter->threshold : others;
}

int fh_charter_quorum(const struct fh_charter *charter,
                      const struct fh_charter_barred *barred,
                      const struct fh_domain_id *signers,
                      size_t signer_count,
                      struct fh_err *err)
{
    unsigned have = count_signers(charter, signers, signer_count, barred, false);
    unsigned need = fh_charter_need(charter, barred);
    if (need == 0) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "identity.charter.nobody",
                           "charter: every member of charter %llu signed two that contradict each "
                           "other: nobody is left who could settle it",
                           (unsigned long long)charter->seq);
    }
    if (have < need) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "identity.charter.threshold",
                           "charter: %u of the members of charter %llu signed: expected at least "
                           "%u",
                           have,
                           (unsigned long long)charter->seq,
                           need);
    }
    return FH_OK;
}

int fh_charter_policy_quorum(const struct fh_charter *charter,
                             const struct fh_domain_id *signers,
                             size_t signer_count,
                             struct fh_err *err)
{
    static const struct fh_charter_barred nobody;
    unsigned have = count_signers(charter, signers, signer_count, &nobody, true);
    if (have < charter->policy_threshold) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "identity.charter.policy_threshold",
                           "%u of the policy signers of charter %llu signed: expected at least %u",
                           have,
                           (unsigned long long)charter->seq,
                           charter->policy_threshold);
    }
    return FH_OK;
}
