/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/facts.h"

#include "common/assert.h"
#include "common/limits.h"
#include "common/time.h"
#include "proto/query/batch.h"
#include "tools/client/freehold.h"

#include <inttypes.h>
#include <string.h>

void fh_facts_init(struct fh_facts *facts)
{
    fh_buf_init(&facts->text, FH_FACTS_BYTES_MAX);
    facts->count = 0;
}

void fh_facts_fini(struct fh_facts *facts)
{
    fh_buf_fini(&facts->text);
}

struct fh_bytes fh_facts_value(const struct fh_facts *facts, size_t index)
{
    FH_ASSERT(index < facts->count);
    return fh_bytes(facts->text.data + facts->facts[index].at, facts->facts[index].size);
}

/* The fact is what is appended to the text until finish. */
static void start(struct fh_facts *facts, const char *name)
{
    FH_ASSERT(facts->count < FH_FACTS_MAX);
    facts->facts[facts->count].name = name;
    facts->facts[facts->count].at = facts->text.size;
}

static void finish(struct fh_facts *facts)
{
    facts->facts[facts->count].size = facts->text.size - facts->facts[facts->count].at;
    facts->count++;
}

void fh_facts_add(struct fh_facts *facts, const char *name, struct fh_bytes value)
{
    start(facts, name);
    fh_buf_add_bytes(&facts->text, value);
    finish(facts);
}

static void add_text(struct fh_facts *facts, const char *name, const char *value)
{
    fh_facts_add(facts, name, fh_bytes_cstr(value));
}

static int end(const struct fh_facts *facts, struct fh_err *err)
{
    int code = fh_buf_ok(&facts->text);
    return code == FH_OK ? FH_OK
                         : fh_err_set(err, code, "what the answer says of itself does not fit");
}

/* ,"name":"value" */
static void put_member(struct fh_buf *out, const char *name, const char *value)
{
    fh_buf_printf(out, ",\"%s\":", name);
    fh_json_string(fh_bytes_cstr(value), out);
}

static void put_product(struct fh_buf *out, const char *domain_name, const char *product)
{
    fh_buf_add_cstr(out, "{\"domain\":");
    fh_json_string(fh_bytes_cstr(domain_name), out);
    put_member(out, "product", product);
}

/* ---- the beginning ---- */

static struct freehold_source source_at(const struct freehold_result *result, size_t index)
{
    struct freehold_source source = {.size = sizeof source};
    freehold_result_source(result, index, &source);
    return source;
}

static void add_products(struct fh_facts *facts, const struct freehold_result *result)
{
    start(facts, "freehold.products");
    for (size_t i = 0; i < freehold_result_source_count(result); i++) {
        struct freehold_source source = source_at(result, i);
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++) {
            struct freehold_source other = source_at(result, j);
            seen = strcmp(other.domain, source.domain) == 0 &&
                   strcmp(other.product, source.product) == 0 &&
                   strcmp(other.version, source.version) == 0;
        }
        if (!seen) {
            fh_buf_printf(&facts->text,
                          "%s%s/%s@%s",
                          i == 0 ? "" : " ",
                          source.domain_name,
                          source.product,
                          source.version);
        }
    }
    finish(facts);
}

static void add_sources(struct fh_facts *facts, const struct freehold_result *result)
{
    struct fh_buf *out = &facts->text;
    start(facts, "freehold.sources");
    fh_buf_add_u8(out, '[');
    for (size_t i = 0; i < freehold_result_source_count(result); i++) {
        struct freehold_source source = source_at(result, i);
        fh_buf_add_cstr(out, i == 0 ? "" : ",");
        put_product(out, source.domain_name, source.product);
        put_member(out, "version", source.version);
        put_member(out, "table", source.table);
        put_member(out, "contract", source.contract);
        fh_buf_add_u8(out, '}');
    }
    fh_buf_add_u8(out, ']');
    finish(facts);
}

static void add_limited(struct fh_facts *facts, const struct freehold_result *result)
{
    struct fh_buf *out = &facts->text;
    size_t count = freehold_result_limited_count(result);
    if (count == 0) {
        return;
    }
    start(facts, "freehold.limited");
    for (size_t i = 0; i < count; i++) {
        struct freehold_limited limited = {.size = sizeof limited};
        freehold_result_limited(result, i, &limited);
        fh_buf_add_u8(out, i == 0 ? '[' : ',');
        put_product(out, limited.domain_name, limited.product);
        put_member(out, "table", limited.table);
        put_member(out, "masked", limited.masked);
        fh_buf_printf(out,
                      ",\"filtered\":%s,\"group_size\":%u}",
                      limited.filtered ? "true" : "false",
                      limited.group_size);
    }
    fh_buf_add_u8(out, ']');
    finish(facts);
}

static void add_waived(struct fh_facts *facts, const struct freehold_result *result)
{
    struct fh_buf *out = &facts->text;
    size_t count = freehold_result_waived_count(result);
    if (count == 0) {
        return;
    }
    start(facts, "freehold.waived");
    for (size_t i = 0; i < count; i++) {
        struct freehold_waived waived = {.size = sizeof waived};
        char until[FH_TIME_TEXT_BYTES];
        freehold_result_waived(result, i, &waived);
        fh_time_text(until, waived.until_ms);
        fh_buf_add_u8(out, i == 0 ? '[' : ',');
        put_product(out, waived.domain_name, waived.product);
        put_member(out, "policy", waived.policy);
        put_member(out, "version", waived.policy_version);
        put_member(out, "rule", waived.rule);
        put_member(out, "until", until);
        put_member(out, "waiver", waived.waiver);
        fh_buf_printf(out, ",\"break_glass\":%s}", waived.break_glass ? "true" : "false");
    }
    fh_buf_add_u8(out, ']');
    finish(facts);
}

int fh_facts_begin(struct fh_facts *facts, const struct freehold_result *result, struct fh_err *err)
{
    struct freehold_summary summary = {.size = sizeof summary};
    freehold_result_summary(result, &summary);
    add_text(facts, "freehold.request", summary.request);
    add_products(facts, result);
    add_sources(facts, result);
    add_limited(facts, result);
    add_waived(facts, result);
    return end(facts, err);
}

/* ---- the end ---- */

static void add_notices(struct fh_facts *facts, const struct freehold_result *result)
{
    struct fh_buf *out = &facts->text;
    size_t count = freehold_result_notice_count(result);
    if (count == 0) {
        return;
    }
    start(facts, "freehold.notices");
    for (size_t i = 0; i < count; i++) {
        struct freehold_notice notice = {.size = sizeof notice};
        freehold_result_notice(result, i, &notice);
        fh_buf_add_u8(out, i == 0 ? '[' : ',');
        put_product(out, notice.domain_name, notice.product);
        put_member(out, "version", notice.version);
        put_member(out, "status", notice.status);
        if (notice.sunset_ms != 0) {
            char sunset[FH_TIME_TEXT_BYTES];
            fh_time_text(sunset, notice.sunset_ms);
            put_member(out, "sunset", sunset);
        }
        if (notice.successor[0] != 0) {
            put_member(out, "successor", notice.successor);
        }
        if (notice.quality[0] != 0) {
            put_member(out, "quality", notice.quality);
        }
        fh_buf_add_u8(out, '}');
    }
    fh_buf_add_u8(out, ']');
    finish(facts);
}

int fh_facts_end(struct fh_facts *facts, const struct freehold_result *result, struct fh_err *err)
{
    struct freehold_summary summary = {.size = sizeof summary};
    freehold_result_summary(result, &summary);
    FH_ASSERT(summary.receipt[0] != 0);
    add_text(facts, "freehold.receipt", summary.receipt);
    if (summary.policy[0] != 0) {
        add_text(facts, "freehold.policy", summary.policy);
    }
    add_text(facts, "freehold.owner", summary.owner);
    add_text(facts, "freehold.node", summary.node);
    start(facts, "freehold.rows");
    fh_buf_printf(&facts->text, "%" PRIu64, summary.rows);
    finish(facts);
    add_notices(facts, result);
    return end(facts, err);
}
