/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/support.h"

#include "common/mem.h"

#include <string.h>

enum { FH_SUPPORT_DOMAINS_MAX = 256 }; /* owners of a join, their chains, members of the charter */

struct chosen {
    const struct fh_directory *directory;
    size_t domain_count;
    struct fh_domain_id domains[FH_SUPPORT_DOMAINS_MAX];
    size_t id_count;
    size_t capacity;
    struct fh_record_id *ids; /* records of the chosen domains */
    struct fh_bytes *out;
    size_t out_count;
};

static bool choose(struct chosen *chosen, const struct fh_domain_id *domain)
{
    for (size_t i = 0; i < chosen->domain_count; i++) {
        if (fh_domain_id_equal(&chosen->domains[i], domain)) {
            return true;
        }
    }
    if (chosen->domain_count == FH_SUPPORT_DOMAINS_MAX) {
        return false;
    }
    chosen->domains[chosen->domain_count++] = *domain;
    return true;
}

/* The domain, who admitted it, who admitted that one, up to the charter. */
static bool choose_chain(struct chosen *chosen, const struct fh_domain_id *domain)
{
    struct fh_domain_id next = *domain;
    for (size_t steps = 0; steps < FH_SUPPORT_DOMAINS_MAX; steps++) {
        const struct fh_directory_domain *known = fh_directory_domain(chosen->directory, &next);
        if (known == NULL) {
            return true;
        }
        if (!choose(chosen, &next)) {
            return false;
        }
        if (fh_domain_id_is_zero(&known->issuer)) {
            return true;
        }
        next = known->issuer;
    }
    return false;
}

/* Ends of tokens are left out: what they end is dated later than what a proof is about, and they
 * may be thousands. */
static bool note_id(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct chosen *chosen = user;
    (void)bytes;
    if (type == FH_RECORD_TOKEN_END) {
        return true;
    }
    if (chosen->id_count == chosen->capacity) {
        return false;
    }
    chosen->ids[chosen->id_count++] = *id;
    return true;
}

static bool
take_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct chosen *chosen = user;
    bool wanted = type == FH_RECORD_CHARTER;
    for (size_t i = 0; i < chosen->id_count && !wanted; i++) {
        wanted = fh_record_id_equal(&chosen->ids[i], id);
    }
    if (!wanted) {
        return true;
    }
    if (chosen->out_count == chosen->capacity) {
        return false;
    }
    chosen->out[chosen->out_count++] = bytes;
    return true;
}

static bool collect(struct chosen *chosen, const struct fh_domain_id *domains, size_t count)
{
    const struct fh_directory *directory = chosen->directory;
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        ok = choose_chain(chosen, &domains[i]);
    }
    for (size_t i = 0; i < fh_directory_domain_count(directory) && ok; i++) {
        const struct fh_directory_domain *domain = fh_directory_domain_at(directory, i);
        ok = !domain->charter_member || choose(chosen, &domain->id);
    }
    for (size_t i = 0; i < chosen->domain_count && ok; i++) {
        ok = fh_directory_each_of(directory, &chosen->domains[i], note_id, chosen);
    }
    return ok && fh_directory_each(directory, take_record, chosen);
}

int fh_support_records(const struct fh_directory *directory,
                       const struct fh_domain_id *domains,
                       size_t domain_count,
                       struct fh_bytes *out,
                       size_t capacity,
                       size_t *out_count,
                       struct fh_err *err)
{
    struct chosen *chosen FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *chosen);
    struct fh_record_id *ids FH_CLEANUP(fh_freep) = fh_calloc(capacity, sizeof *ids);
    if (chosen == NULL || ids == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for supporting records");
    }
    chosen->directory = directory;
    chosen->capacity = capacity;
    chosen->ids = ids;
    chosen->out = out;
    if (!collect(chosen, domains, domain_count)) {
        return fh_err_set(err, FH_ETOOBIG, "too many identity records stand behind this");
    }
    *out_count = chosen->out_count;
    return FH_OK;
}
