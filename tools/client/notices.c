/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/notices.h"
#include "common/assert.h"

#include <stdio.h>
#include <string.h>

static bool same_version(const struct fh_notice *a, const struct fh_notice *b)
{
    return fh_domain_id_equal(&a->domain, &b->domain) && strcmp(a->product, b->product) == 0 &&
           strcmp(a->version, b->version) == 0;
}

static bool was_asked(const struct freehold_result *result, const struct fh_notice *notice)
{
    for (size_t i = 0; i < result->request.table_count; i++) {
        const struct fh_query_table *table = &result->request.tables[i];
        if (fh_domain_id_equal(&table->domain, &notice->domain) &&
            strcmp(table->product, notice->product) == 0 &&
            strcmp(table->version, notice->version) == 0) {
            return true;
        }
    }
    return false;
}

static void
put(struct freehold_result *result, const struct fh_notice *notice, bool takes_the_place)
{
    for (size_t i = 0; i < result->notice_count; i++) {
        if (same_version(&result->notices[i], notice)) {
            if (takes_the_place) {
                result->notices[i] = *notice;
            }
            return;
        }
    }
    if (result->notice_count < FH_RECEIPT_NOTICES_MAX) {
        result->notices[result->notice_count++] = *notice;
    }
}

void fh_notices_of_plan(struct freehold_result *result, const struct fh_msg_plan *plan)
{
    result->notice_count = 0;
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct fh_msg_plan_table *table = &plan->tables[i];
        if (table->status == FH_ANNOUNCE_ACTIVE || table->status >= FH_ANNOUNCE_STATUS_COUNT) {
            continue;
        }
        struct fh_notice notice = {.domain = table->domain,
                                   .status = (enum fh_announce_status)table->status,
                                   .sunset_ms = table->sunset_ms};
        struct fh_err ignored;
        memcpy(notice.product, table->product, sizeof notice.product);
        memcpy(notice.version, table->version, sizeof notice.version);
        if (fh_announce_successor_check(table->successor, &ignored) == FH_OK) {
            memcpy(notice.successor, table->successor, sizeof notice.successor);
        }
        put(result, &notice, false);
    }
}

void fh_notices_of_end(struct freehold_result *result, const struct fh_receipt *receipt)
{
    result->notice_count = 0;
    fh_notices_of_part(result, receipt);
}

void fh_notices_of_part(struct freehold_result *result, const struct fh_receipt *part)
{
    for (size_t i = 0; i < part->notice_count; i++) {
        const struct fh_notice *notice = &part->notices[i];
        if (was_asked(result, notice)) {
            put(result, notice, fh_domain_id_equal(&part->owner, &notice->domain));
        }
    }
}

/* ---- public ---- */

size_t freehold_result_notice_count(const struct freehold_result *result)
{
    return result->notice_count;
}

void freehold_result_notice(const struct freehold_result *result,
                            size_t index,
                            struct freehold_notice *out)
{
    FH_ASSERT(index < result->notice_count);
    const struct fh_notice *notice = &result->notices[index];
    const struct fh_directory_domain *domain =
        fh_directory_domain(result->client->actor->directory, &notice->domain);
    struct freehold_notice filled = {.sunset_ms = notice->sunset_ms};
    const char *name = domain == NULL ? "" : domain->name;
    snprintf(filled.domain_name, sizeof filled.domain_name, "%s", name);
    snprintf(filled.product, sizeof filled.product, "%s", notice->product);
    snprintf(filled.version, sizeof filled.version, "%s", notice->version);
    snprintf(filled.status, sizeof filled.status, "%s", fh_announce_status_text(notice->status));
    fh_announce_successor_text(filled.successor, notice->successor, name);
    if (notice->quality == FH_QUALITY_WARN || notice->quality == FH_QUALITY_FAIL) {
        const char *quality = fh_quality_state_text(notice->quality);
        snprintf(filled.quality, sizeof filled.quality, "%s", quality);
        filled.measured_ms = notice->measured_ms;
    }
    fh_public_copy(out, &filled, sizeof filled);
}
