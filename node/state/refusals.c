/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/refusals.h"

#include "common/assert.h"

#include <stdio.h>
#include <string.h>

struct fh_refusal fh_refusal_of(const struct fh_audit_who *who, unsigned code, const char *rule)
{
    struct fh_refusal refusal = {
        .domain_name = who->domain_name, .key = who->key, .code = code, .rule = rule};
    if (who->domain_name[0] != '\0') {
        refusal.domain = who->domain;
    }
    return refusal;
}

void fh_refusals_init(struct fh_refusals *refusals, uint64_t segment_bytes)
{
    *refusals = (struct fh_refusals){
        .bytes = segment_bytes / FH_AUDIT_REFUSED_SHARE,
        .domain_bytes = segment_bytes / FH_AUDIT_REFUSED_SHARE / FH_AUDIT_REFUSED_DOMAIN_SHARE,
        .domain_count = 1,
        .interval_ms = FH_AUDIT_COUNTED_MS,
    };
}

void fh_refusals_anew(struct fh_refusals *refusals)
{
    refusals->taken = 0;
    refusals->domains[0].taken = 0;
    refusals->domain_count = 1;
}

/* ---- the share ---- */

/* The domain's place, or one behind the last. */
static uint32_t place_of(const struct fh_refusals *refusals, const struct fh_domain_id *domain)
{
    uint32_t i = 0;
    while (i < refusals->domain_count &&
           !fh_domain_id_equal(&refusals->domains[i].domain, domain)) {
        i++;
    }
    return i < FH_COUNT(refusals->domains) ? i : 0;
}

bool fh_refusals_have_room(const struct fh_refusals *refusals, const struct fh_domain_id *domain)
{
    uint32_t place = place_of(refusals, domain);
    uint64_t taken = place < refusals->domain_count ? refusals->domains[place].taken : 0;
    return taken < refusals->domain_bytes && refusals->taken < refusals->bytes;
}

void fh_refusals_take(struct fh_refusals *refusals,
                      const struct fh_domain_id *domain,
                      uint64_t bytes)
{
    uint32_t place = place_of(refusals, domain);
    if (place == refusals->domain_count) {
        refusals->domains[place].domain = *domain;
        refusals->domains[place].taken = 0;
        refusals->domain_count++;
    }
    refusals->domains[place].taken += bytes;
    refusals->taken += bytes;
}

/* ---- counts ---- */

static bool is_kind(const struct fh_refusals_kind *kind, const struct fh_audit_counted *wanted)
{
    const struct fh_audit_counted *counted = &kind->counted;
    return counted->code == wanted->code && strcmp(kind->rule, wanted->rule) == 0 &&
           fh_domain_id_equal(&counted->domain, &wanted->domain) &&
           fh_key_id_equal(&counted->key, &wanted->key);
}

static struct fh_refusals_kind *kind_of(struct fh_refusals *refusals,
                                        const struct fh_audit_counted *wanted)
{
    for (uint32_t i = 0; i < refusals->kind_count; i++) {
        if (is_kind(&refusals->kinds[i], wanted)) {
            return &refusals->kinds[i];
        }
    }
    if (refusals->kind_count == FH_COUNT(refusals->kinds)) {
        return &refusals->kinds[FH_AUDIT_COUNTED_MAX];
    }
    bool others = refusals->kind_count == FH_AUDIT_COUNTED_MAX;
    struct fh_refusals_kind *kind = &refusals->kinds[refusals->kind_count++];
    *kind = (struct fh_refusals_kind){.counted = {.first_ms = wanted->first_ms}};
    if (!others) {
        kind->counted = *wanted;
        snprintf(kind->domain_name, sizeof kind->domain_name, "%s", wanted->domain_name);
        snprintf(kind->rule, sizeof kind->rule, "%s", wanted->rule);
    }
    kind->counted.domain_name = kind->domain_name;
    kind->counted.rule = kind->rule;
    return kind;
}

void fh_refusals_count(struct fh_refusals *refusals,
                       const struct fh_refusal *refusal,
                       int64_t wall_ms,
                       int64_t now_ms)
{
    bool stranger = fh_domain_id_is_zero(&refusal->domain);
    struct fh_audit_counted wanted = {.domain = refusal->domain,
                                      .domain_name = stranger ? "" : refusal->domain_name,
                                      .code = refusal->code,
                                      .rule = refusal->rule,
                                      .first_ms = wall_ms};
    if (!stranger) {
        wanted.key = refusal->key;
    }
    struct fh_refusals_kind *kind = kind_of(refusals, &wanted);
    kind->counted.count++;
    kind->counted.last_ms = wall_ms > kind->counted.last_ms ? wall_ms : kind->counted.last_ms;
    if (refusals->due_ms == 0) {
        bool quiet =
            refusals->told_ms == 0 || now_ms - refusals->told_ms > 2 * refusals->interval_ms;
        refusals->interval_ms = quiet ? FH_AUDIT_COUNTED_MS : refusals->interval_ms;
        refusals->due_ms = now_ms + refusals->interval_ms;
    }
}

uint32_t fh_refusals_due(struct fh_refusals *refusals,
                         int64_t now_ms,
                         bool all,
                         const struct fh_refusals_kind **out)
{
    uint32_t count = refusals->kind_count;
    if (count == 0 || (!all && now_ms < refusals->due_ms)) {
        return 0;
    }
    FH_ASSERT(refusals->due_ms != 0);
    int64_t longer = 2 * refusals->interval_ms;
    refusals->interval_ms = longer < FH_AUDIT_COUNTED_MS_MAX ? longer : FH_AUDIT_COUNTED_MS_MAX;
    refusals->told_ms = now_ms;
    refusals->due_ms = 0;
    refusals->kind_count = 0;
    *out = refusals->kinds;
    return count;
}
