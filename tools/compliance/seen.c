/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/compliance/seen.h"

#include "tools/compliance/audit_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct fh_arena *arena;
    struct fh_compliance_seen *first;
};

const struct fh_compliance_seen *fh_compliance_seen_find(const struct fh_compliance_seen *first,
                                                         const char *product,
                                                         uint64_t major,
                                                         const char *policy)
{
    for (const struct fh_compliance_seen *seen = first; seen != NULL; seen = seen->next) {
        bool same_policy = policy == NULL || seen->policy == NULL
                               ? policy == seen->policy
                               : strcmp(policy, seen->policy) == 0;
        if (same_policy && seen->major == major && strcmp(seen->product, product) == 0) {
            return seen;
        }
    }
    return NULL;
}

static struct fh_compliance_seen *
make_seen(struct reading *reading, const char *product, uint64_t major, const char *policy)
{
    for (struct fh_compliance_seen *seen = reading->first; seen != NULL; seen = seen->next) {
        if (fh_compliance_seen_find(seen, product, major, policy) == seen) {
            return seen;
        }
    }
    struct fh_compliance_seen *seen = fh_arena_array(reading->arena, 1, sizeof *seen);
    if (seen == NULL) {
        return NULL;
    }
    *seen = (struct fh_compliance_seen){
        .next = reading->first,
        .product = fh_arena_strdup(reading->arena, product),
        .major = major,
        .policy = policy == NULL ? NULL : fh_arena_strdup(reading->arena, policy)};
    if (seen->product == NULL || (policy != NULL && seen->policy == NULL)) {
        return NULL;
    }
    reading->first = seen;
    return seen;
}

static void add_reader(struct fh_compliance_seen *seen, const char *domain)
{
    size_t length = strlen(domain);
    const char *at = seen->readers;
    while (length > 0 && (at = strstr(at, domain)) != NULL) {
        bool begins = at == seen->readers || at[-1] == ' ';
        if (begins && (at[length] == '\0' || at[length] == ',')) {
            return;
        }
        at += length;
    }
    size_t used = strlen(seen->readers);
    if (length > 0 && used + length + 3 < sizeof seen->readers) {
        snprintf(seen->readers + used,
                 sizeof seen->readers - used,
                 "%s%s",
                 used > 0 ? ", " : "",
                 domain);
    }
}

static int take_table(struct reading *reading,
                      const struct fh_audit_record *record,
                      const struct fh_audit_table *table,
                      struct fh_err *err)
{
    const struct fh_audit_read *read = &record->detail.read;
    uint64_t major = strtoul(table->version, NULL, 10);
    for (uint32_t k = 0; k <= table->policy_count; k++) { /* the last: the product itself */
        const char *policy = k < table->policy_count ? table->policies[k] : NULL;
        struct fh_compliance_seen *seen = make_seen(reading, table->product, major, policy);
        if (seen == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a report");
        }
        if (read->code == FH_OK || policy != NULL) {
            seen->seq = record->seq;
            seen->time_ms = record->time_ms;
        }
        if (read->code == FH_OK) {
            add_reader(seen, read->who.domain_name);
        }
    }
    return FH_OK;
}

static int take_record(void *user,
                       const struct fh_audit_record *record,
                       const struct fh_hash *hash,
                       struct fh_err *err)
{
    int code = FH_OK;
    (void)hash;
    if (record->kind == FH_AUDIT_READ) {
        const struct fh_audit_read *read = &record->detail.read;
        for (uint32_t i = 0; code == FH_OK && i < read->table_count; i++) {
            code = take_table(user, record, &read->tables[i], err);
        }
    }
    return code;
}

int fh_compliance_seen_read(struct fh_compliance_seen **out,
                            bool *out_changed,
                            const struct fh_actor *actor,
                            struct fh_arena *arena,
                            struct fh_err *err)
{
    struct fh_audit_log log;
    struct reading reading = {.arena = arena};
    int code = fh_audit_log_open(&log, actor, err);
    if (code == FH_OK) {
        code = fh_audit_log_each(&log, take_record, &reading, err);
    }
    if (code == FH_OK) {
        *out = reading.first;
        *out_changed = log.failure.code != FH_OK;
    }
    return code;
}
