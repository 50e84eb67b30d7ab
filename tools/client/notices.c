/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/notices.h"
#include "common/assert.h"
#include "common/mem.h"
#include "proto/session/messages_policy.h"

#include <stdio.h>
#include <string.h>

/* "" for a domain that is not known. */
static const char *name_of(const struct freehold_result *result, const struct fh_domain_id *domain)
{
    const struct fh_directory_domain *known =
        fh_directory_domain(result->client->actor->directory, domain);
    return known == NULL ? "" : known->name;
}

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
    result->limited_count = 0;
    result->waived_count = 0;
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

/* One more, to be filled in; NULL when there is no memory. They are few: those of an answer. */
static struct freehold_waived *more_waived(struct freehold_result *result)
{
    struct freehold_waived *more =
        fh_realloc(result->waived, (result->waived_count + 1) * sizeof *more);
    if (more == NULL) {
        return NULL;
    }
    result->waived = more;
    return &more[result->waived_count++];
}

/* What a receipt signs and nobody told of; without memory the notice alone says it. */
static void add_untold(struct freehold_result *result, const struct fh_notice *notice)
{
    char id[FH_ID_TEXT_BYTES];
    struct fh_msg_waived signed_one = {.id = notice->waiver,
                                       .urgent = notice->urgent,
                                       .until_ms = notice->waived_until_ms,
                                       .whom = FH_WAIVED_WHOM_COUNT};
    if (fh_record_id_is_zero(&notice->waiver)) {
        return;
    }
    fh_record_id_text(id, &notice->waiver);
    for (size_t i = 0; i < result->waived_count; i++) {
        if (strcmp(result->waived[i].waiver, id) == 0) {
            return;
        }
    }
    struct freehold_waived *out = more_waived(result);
    if (out != NULL) {
        fh_notices_waived(
            out, name_of(result, &notice->domain), notice->product, notice->version, &signed_one);
    }
}

void fh_notices_of_part(struct freehold_result *result, const struct fh_receipt *part)
{
    for (size_t i = 0; i < part->notice_count; i++) {
        const struct fh_notice *notice = &part->notices[i];
        if (was_asked(result, notice)) {
            put(result, notice, fh_domain_id_equal(&part->owner, &notice->domain));
            add_untold(result, notice);
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
    *out =
        (struct freehold_limited){.filtered = limited.filtered, .group_size = limited.group_size};
    snprintf(out->domain_name, sizeof out->domain_name, "%s", name_of(result, &table->domain));
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

static int
read_limits(struct freehold_result *result, struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_limited_read(reader, &count, err);
    if (code != FH_OK || count == 0) {
        return code;
    }
    if (count > FH_QUERY_TABLES_MAX) {
        return fh_err_rule(err, FH_EPROTO, "message.form", "the answer names too many tables");
    }
    fh_free(result->limited); /* of a try before */
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

/* ---- rules that are waived ---- */

void fh_notices_waived(struct freehold_waived *out,
                       const char *domain_name,
                       const char *product,
                       const char *version,
                       const struct fh_msg_waived *waived)
{
    *out = (struct freehold_waived){
        .mesh = waived->mesh, .break_glass = waived->urgent, .until_ms = waived->until_ms};
    snprintf(out->domain_name, sizeof out->domain_name, "%s", domain_name);
    snprintf(out->product, sizeof out->product, "%s", product);
    snprintf(out->version, sizeof out->version, "%s", version);
    snprintf(out->policy, sizeof out->policy, "%s", waived->policy);
    snprintf(out->policy_version, sizeof out->policy_version, "%s", waived->version);
    snprintf(out->rule, sizeof out->rule, "%s", waived->rule);
    snprintf(out->whom, sizeof out->whom, "%s", fh_waived_whom_text(waived->whom));
    fh_record_id_text(out->waiver, &waived->id);
}

void fh_notices_rule_text(char out[FH_NOTICES_RULE_BYTES], const struct freehold_waived *waived)
{
    if (waived->policy[0] == '\0') {
        snprintf(out, FH_NOTICES_RULE_BYTES, "a rule of a policy");
        return;
    }
    snprintf(out,
             FH_NOTICES_RULE_BYTES,
             "%s%s of %spolicy %s %s",
             waived->rule[0] == '\0' ? "all" : "rule ",
             waived->rule,
             waived->mesh ? "mesh " : "",
             waived->policy,
             waived->policy_version);
}

static int
read_waived(struct freehold_result *result, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_waived waived;
    uint32_t count = 0;
    int code = fh_msg_waived_read(reader, &count, err);
    result->waived_count = 0;
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct freehold_waived *out = NULL;
        code = fh_msg_waived_next(reader, &waived, err);
        if (code == FH_OK && waived.table >= result->request.table_count) {
            code = fh_err_rule(err,
                               FH_EPROTO,
                               "message.form",
                               "the answer speaks of a table that was not asked for");
        }
        if (code == FH_OK) {
            out = more_waived(result);
            code = out == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for an answer") : FH_OK;
        }
        if (code == FH_OK) {
            const struct fh_query_table *table = &result->request.tables[waived.table];
            fh_notices_waived(
                out, name_of(result, &table->domain), table->product, table->version, &waived);
        }
    }
    return code;
}

int fh_notices_of_answer(struct freehold_result *result,
                         struct fh_pack_reader *reader,
                         struct fh_err *err)
{
    int code = read_limits(result, reader, err);
    return code == FH_OK ? read_waived(result, reader, err) : code;
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

size_t freehold_result_waived_count(const struct freehold_result *result)
{
    return result->waived_count;
}

void freehold_result_waived(const struct freehold_result *result,
                            size_t index,
                            struct freehold_waived *out)
{
    FH_ASSERT(index < result->waived_count);
    fh_public_copy(out, &result->waived[index], sizeof *result->waived);
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
    struct freehold_notice filled = {.sunset_ms = notice->sunset_ms};
    const char *name = name_of(result, &notice->domain);
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
