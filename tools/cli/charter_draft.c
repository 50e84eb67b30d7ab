/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/charter_draft.h"

#include "common/time.h"

#include <string.h>

/* ---- lists of ids, ascending ---- */

static int find_id(const struct fh_domain_id *ids, unsigned count, const struct fh_domain_id *id)
{
    for (unsigned i = 0; i < count; i++) {
        if (fh_domain_id_equal(&ids[i], id)) {
            return (int)i;
        }
    }
    return -1;
}

/* Into its place; false when there is no room. */
static bool
insert_id(struct fh_domain_id *ids, unsigned *count, unsigned max, const struct fh_domain_id *id)
{
    if (find_id(ids, *count, id) >= 0) {
        return true;
    }
    if (*count == max) {
        return false;
    }
    unsigned at = (*count)++;
    while (at > 0 && fh_domain_id_compare(&ids[at - 1], id) > 0) {
        ids[at] = ids[at - 1];
        at--;
    }
    ids[at] = *id;
    return true;
}

static void remove_id(struct fh_domain_id *ids, unsigned *count, const struct fh_domain_id *id)
{
    int at = find_id(ids, *count, id);
    if (at >= 0) {
        (*count)--;
        memmove(&ids[at], &ids[at + 1], (*count - (unsigned)at) * sizeof *ids);
    }
}

static bool insert_member(struct fh_charter *charter, const struct fh_directory_domain *domain)
{
    if (charter->member_count == FH_CHARTER_MEMBERS_MAX) {
        return false;
    }
    unsigned at = charter->member_count++;
    while (at > 0 && fh_domain_id_compare(&charter->members[at - 1].domain, &domain->id) > 0) {
        charter->members[at] = charter->members[at - 1];
        at--;
    }
    charter->members[at].domain = domain->id;
    memcpy(charter->members[at].name, domain->name, sizeof domain->name);
    return true;
}

static void remove_member(struct fh_charter *charter, int at)
{
    charter->member_count--;
    memmove(&charter->members[at],
            &charter->members[at + 1],
            (charter->member_count - (unsigned)at) * sizeof *charter->members);
}

/* ---- wishes, name by name ---- */

struct wish {
    struct fh_charter *charter;
    const struct fh_directory *dir;
    const char *flag;
    struct fh_err *err;
};

typedef int wish_fn(const struct wish *wish, const struct fh_directory_domain *domain);

static int unfit(const struct wish *wish, const char *name, const char *why)
{
    return fh_err_set(wish->err, FH_EUSAGE, "--%s %.63s: %s", wish->flag, name, why);
}

static int add_member(const struct wish *wish, const struct fh_directory_domain *domain)
{
    struct fh_charter *charter = wish->charter;
    if (fh_charter_find(charter, &domain->id) >= 0) {
        return unfit(wish, domain->name, "is a member of the charter already");
    }
    bool all_sign = charter->policy_signer_count == charter->member_count;
    if (!insert_member(charter, domain)) {
        return unfit(wish, domain->name, "a charter has at most 31 members");
    }
    remove_id(charter->expelled, &charter->expelled_count, &domain->id);
    if (all_sign) {
        (void)insert_id(charter->policy_signers,
                        &charter->policy_signer_count,
                        FH_CHARTER_MEMBERS_MAX,
                        &domain->id);
    }
    return FH_OK;
}

static int expel(const struct wish *wish, const struct fh_directory_domain *domain)
{
    struct fh_charter *charter = wish->charter;
    int at = fh_charter_find(charter, &domain->id);
    if (fh_charter_expels(charter, &domain->id)) {
        return unfit(wish, domain->name, "is expelled already");
    }
    if (at >= 0) {
        remove_member(charter, at);
        remove_id(charter->policy_signers, &charter->policy_signer_count, &domain->id);
    }
    return insert_id(
               charter->expelled, &charter->expelled_count, FH_CHARTER_EXPELLED_MAX, &domain->id)
               ? FH_OK
               : unfit(wish, domain->name, "a charter expels at most 128 domains");
}

static int readmit(const struct wish *wish, const struct fh_directory_domain *domain)
{
    if (!fh_charter_expels(wish->charter, &domain->id)) {
        return unfit(wish, domain->name, "is not expelled");
    }
    remove_id(wish->charter->expelled, &wish->charter->expelled_count, &domain->id);
    return FH_OK;
}

static int sign_policies(const struct wish *wish, const struct fh_directory_domain *domain)
{
    struct fh_charter *charter = wish->charter;
    if (fh_charter_find(charter, &domain->id) < 0) {
        return unfit(wish, domain->name, "only members of the charter sign policies");
    }
    (void)insert_id(charter->policy_signers,
                    &charter->policy_signer_count,
                    FH_CHARTER_MEMBERS_MAX,
                    &domain->id);
    return FH_OK;
}

/* Calls `fn` for each name of a list by comma. */
static int each_name(const struct wish *wish, const char *names, wish_fn *fn)
{
    int code = FH_OK;
    while (names != NULL && code == FH_OK) {
        char name[FH_NAME_BYTES_MAX + 1];
        names += strspn(names, " ");
        size_t length = strcspn(names, ", ");
        if (length == 0 || length >= sizeof name) {
            return unfit(wish, names, "expected names of domains by comma");
        }
        memcpy(name, names, length);
        name[length] = '\0';
        names += length + strspn(names + length, " ");
        names = *names == ',' ? names + 1 : NULL;
        const struct fh_directory_domain *domain = fh_directory_domain_by_name(wish->dir, name);
        code = domain == NULL ? unfit(wish, name, "no domain of this name is in the mesh")
                              : fn(wish, domain);
    }
    return code;
}

/* ---- all of it ---- */

static unsigned threshold_of(unsigned wanted, unsigned now, unsigned count)
{
    if (wanted != 0) {
        return wanted;
    }
    return now > count / 2 && now <= count ? now : count / 2 + 1;
}

static int apply(struct fh_charter *charter,
                 const struct fh_directory *dir,
                 const struct fh_charter_wishes *wishes,
                 struct fh_err *err)
{
    const struct {
        const char *flag;
        const char *names;
        wish_fn *fn;
    } lists[] = {{"readmit", wishes->readmit, readmit},
                 {"expel", wishes->expel, expel},
                 {"add", wishes->add, add_member},
                 {"policy-signers", wishes->policy_signers, sign_policies}};
    for (size_t i = 0; i < FH_COUNT(lists); i++) {
        const struct wish wish = {charter, dir, lists[i].flag, err};
        if (lists[i].fn == sign_policies && lists[i].names != NULL) {
            charter->policy_signer_count = 0;
        }
        int code = each_name(&wish, lists[i].names, lists[i].fn);
        if (code != FH_OK) {
            return code;
        }
    }
    charter->threshold = threshold_of(wishes->threshold, charter->threshold, charter->member_count);
    charter->policy_threshold = threshold_of(
        wishes->policy_threshold, charter->policy_threshold, charter->policy_signer_count);
    return FH_OK;
}

/* Behind the newest. */
static void follow_newest(struct fh_charter *out,
                          const struct fh_charter *current,
                          const struct fh_record_id *id,
                          int64_t now_ms)
{
    *out = *current;
    out->settles.count = 0;
    out->seq = current->seq + 1;
    out->prev = *id;
    out->created_ms = now_ms > current->created_ms ? now_ms : current->created_ms;
}

/* Behind the last undisputed one. */
static int settle(struct fh_charter *out,
                  const struct fh_directory_contest *contest,
                  int64_t now_ms,
                  struct fh_err *err)
{
    if (contest->settles.count == 0 || contest->need == 0) {
        return fh_err_rule(err,
                           FH_EFORK,
                           "identity.charter.nobody",
                           "nobody can settle this: %s",
                           contest->need == 0
                               ? "every member of the last undisputed charter signed two that "
                                 "contradict each other; a new mesh is the way on"
                               : "no two of the charters show who signed both");
    }
    follow_newest(out, contest->before, &contest->before_id, now_ms);
    out->seq = contest->seq;
    out->settles = contest->settles;
    if (out->created_ms < contest->not_before_ms) {
        out->created_ms = contest->not_before_ms;
    }
    return FH_OK;
}

int fh_charter_draft(struct fh_charter *out,
                     const struct fh_directory *dir,
                     const struct fh_charter_wishes *wishes,
                     int64_t now_ms,
                     struct fh_err *err)
{
    struct fh_record_id id;
    struct fh_directory_contest contest;
    const struct fh_charter *current = fh_directory_charter(dir, &id);
    if (current == NULL) {
        return fh_err_rule(err, FH_ENOTFOUND, "charter.unknown", "no charter is known here");
    }
    bool contested = fh_directory_charter_contest(dir, &contest);
    if (contested != wishes->settle) {
        return contested ? fh_err_rule(err,
                                       FH_EFORK,
                                       "identity.charter.rival",
                                       "two charters of one number are known: `freehold proof "
                                       "list` shows them; no other is taken until the members "
                                       "settle it: charter propose --settle")
                         : fh_err_set(err,
                                      FH_EUSAGE,
                                      "--settle: no charters contradict each other, as far as the "
                                      "node knows");
    }
    if (contested) {
        int code = settle(out, &contest, now_ms, err);
        if (code != FH_OK) {
            return code;
        }
    } else {
        follow_newest(out, current, &id, now_ms);
    }
    out->expires_ms =
        wishes->expires_ms != 0 ? wishes->expires_ms : out->created_ms + FH_CHARTER_DEFAULT_MS;
    return apply(out, dir, wishes, err);
}

/* ---- for people ---- */

static void separate(struct fh_buf *out, size_t from)
{
    if (out->size > from) {
        fh_buf_add_cstr(out, ", ");
    }
}

static void
add_name(struct fh_buf *out, const struct fh_directory *dir, const struct fh_domain_id *id)
{
    char text[FH_ID_SHORT_BYTES];
    const struct fh_directory_domain *domain = fh_directory_domain(dir, id);
    fh_domain_id_short(text, id);
    fh_buf_add_cstr(out, domain != NULL && domain->name[0] != '\0' ? domain->name : text);
}

void fh_charter_names(struct fh_buf *out,
                      const struct fh_directory *dir,
                      const struct fh_domain_id *ids,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        add_name(out, dir, &ids[i]);
    }
}

static void add_leavers(struct fh_buf *out,
                        size_t from,
                        const struct fh_directory *dir,
                        const struct fh_charter *before,
                        const struct fh_charter *after)
{
    for (unsigned i = 0; i < after->expelled_count; i++) {
        if (before == NULL || !fh_charter_expels(before, &after->expelled[i])) {
            separate(out, from);
            fh_buf_add_cstr(out, "-");
            add_name(out, dir, &after->expelled[i]);
        }
    }
    for (unsigned i = 0; before != NULL && i < before->expelled_count; i++) {
        if (!fh_charter_expels(after, &before->expelled[i]) &&
            fh_charter_find(after, &before->expelled[i]) < 0) {
            separate(out, from);
            fh_buf_add_cstr(out, "readmits ");
            add_name(out, dir, &before->expelled[i]);
        }
    }
}

static bool same_signers(const struct fh_charter *a, const struct fh_charter *b)
{
    return a->policy_threshold == b->policy_threshold &&
           a->policy_signer_count == b->policy_signer_count &&
           memcmp(a->policy_signers,
                  b->policy_signers,
                  a->policy_signer_count * sizeof *a->policy_signers) == 0;
}

void fh_charter_changes(struct fh_buf *out,
                        const struct fh_directory *dir,
                        const struct fh_charter *before,
                        const struct fh_charter *after)
{
    size_t from = out->size;
    if (after->settles.count > 0) {
        struct fh_domain_id both[FH_RECORD_SIGNATURES_MAX];
        for (unsigned i = 0; i < after->settles.count; i++) {
            both[i] = after->settles.both[i].domain;
        }
        fh_buf_printf(out, "settles charter %llu without ", (unsigned long long)after->seq - 1);
        fh_charter_names(out, dir, both, after->settles.count);
    }
    for (unsigned i = 0; i < after->member_count; i++) {
        if (before == NULL || fh_charter_find(before, &after->members[i].domain) < 0) {
            separate(out, from);
            fh_buf_printf(out, "+%s", after->members[i].name);
        }
    }
    add_leavers(out, from, dir, before, after);
    if (before == NULL || before->threshold != after->threshold ||
        before->member_count != after->member_count) {
        separate(out, from);
        fh_buf_printf(out, "%u of %u", after->threshold, after->member_count);
    }
    if (before == NULL || !same_signers(before, after)) {
        separate(out, from);
        fh_buf_printf(out, "policies by %u of ", after->policy_threshold);
        fh_charter_names(out, dir, after->policy_signers, after->policy_signer_count);
    }
    if (before != NULL && out->size == from) {
        fh_buf_add_cstr(out, "renewal");
    }
}
