/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/notices.h"
#include "common/assert.h"
#include "common/mem.h"
#include "proto/session/messages_policy.h"

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

/* ---- tables that are limited ---- */

/* Appends ", name", or "..." where no more fits. */
static void add_masked(struct freehold_limited *limited, const char *name)
{
    size_t at = strlen(limited->masked);
    size_t room = sizeof limited->masked - at;
    if (at + strlen(name) + sizeof ", , ..." <= sizeof limited->masked) {
        snprintf(limited->masked + at, room, "%s%s", at == 0 ? "" : ", ", name);
    } else if (room > sizeof ", ..." && (at < 3 || strcmp(limited->masked + at - 3, "...") != 0)) {
        snprintf(limited->masked + at, room, ", ...");
    }
}

static int read_limited(struct freehold_result *result,
                        struct fh_pack_reader *reader,
                        struct freehold_limited *out,
                        struct fh_err *err)
{
    struct fh_msg_limited limited;
    char name[FH_COLUMN_NAME_BYTES_MAX + 1];
    int code = fh_msg_limited_next(reader, &limited, err);
    if (code == FH_OK && limited.table >= result->request.table_count) {
        code = fh_err_rule(
            err, FH_EPROTO, "message.form", "the answer speaks of a table that was not asked for");
    }
    if (code != FH_OK) {
        return code;
    }
    const struct fh_query_table *table = &result->request.tables[limited.table];
    const struct fh_directory_domain *domain =
        fh_directory_domain(result->client->actor->directory, &table->domain);
    *out =
        (struct freehold_limited){.filtered = limited.filtered, .group_size = limited.group_size};
    snprintf(out->domain_name, sizeof out->domain_name, "%s", domain == NULL ? "" : domain->name);
    snprintf(out->product, sizeof out->product, "%s", table->product);
    snprintf(out->table, sizeof out->table, "%s", table->table);
    for (uint32_t i = 0; code == FH_OK && i < limited.masked_count; i++) {
        code = fh_msg_limited_name(reader, name, err);
        if (code == FH_OK) {
            add_masked(out, name);
        }
    }
    return code;
}

int fh_notices_of_answer(struct freehold_result *result,
                         struct fh_pack_reader *reader,
                         struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_limited_read(reader, &count, err);
    if (code != FH_OK || count == 0) {
        return code;
    }
    if (count > FH_QUERY_TABLES_MAX) {
        return fh_err_rule(err, FH_EPROTO, "message.form", "the answer names too many tables");
    }
    result->limited = fh_calloc(count, sizeof *result->limited);
    if (result->limited == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = read_limited(result, reader, &result->limited[i], err);
        result->limited_count += code == FH_OK;
    }
    return code;
}

/* ---- public ---- */

size_t freehold_result_limited_count(const struct freehold_result *result)
{
    return result->limited_count;
}

void freehold_result_limited(const struct freehold_result *result,
                             size_t index,
                             struct freehold_limited *out)
{
    FH_ASSERT(index < result->limited_count);
    fh_public_copy(out, &result->limited[index], sizeof *result->limited);
}

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
    if (!fh_record_id_is_zero(&notice->waiver)) {
        fh_record_id_text(filled.waiver, &notice->waiver);
        filled.waived_until_ms = notice->waived_until_ms;
        filled.break_glass = notice->urgent;
    }
    fh_public_copy(out, &filled, sizeof filled);
}
