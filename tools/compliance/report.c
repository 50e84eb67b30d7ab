/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/compliance/report.h"

#include "common/mem.h"
#include "common/time.h"
#include "proto/quality/measurement.h"
#include "proto/session/messages_access.h"
#include "tools/client/actor.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"
#include "tools/compliance/held.h"
#include "tools/compliance/judge.h"
#include "tools/compliance/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_BYTES = 1024 * 1024 * 1024, /* policies, rows: what they need is taken bit by bit */
    PAGE = 100,
};

struct making {
    const struct fh_compliance_source *source;
    struct fh_compliance *report;
    struct fh_domain_id domain; /* whose products */
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_compliance_held held;
    struct fh_compliance_seen *seen;
};

static const char *const state_texts[FH_COMPLIANCE_STATE_COUNT] = {
    [FH_COMPLIANCE_OK] = "ok",
    [FH_COMPLIANCE_VIOLATED] = "violated",
    [FH_COMPLIANCE_WAIVED] = "waived",
    [FH_COMPLIANCE_UNKNOWN] = "unknown",
};

const char *fh_compliance_state_text(unsigned state)
{
    return state < FH_COMPLIANCE_STATE_COUNT ? state_texts[state] : "unknown";
}

int fh_compliance_state_parse(enum fh_compliance_state *out, const char *text, struct fh_err *err)
{
    for (unsigned i = 0; i < FH_COMPLIANCE_STATE_COUNT; i++) {
        if (strcmp(state_texts[i], text) == 0) {
            *out = (enum fh_compliance_state)i;
            return FH_OK;
        }
    }
    return fh_err_rule(
        err, FH_EINVAL, "compliance.state", "state: ok, violated, waived or unknown");
}

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory for a report");
}

/* ---- waivers ---- */

/* What a waiver for everybody makes of the row. One for somebody alone leaves what is found of the
 * product, and takes the place of what holds for all others. */
static void waive(const struct making *making,
                  const struct fh_compliance_policy *governing,
                  const struct fh_access_product *product,
                  const char *rule,
                  struct fh_compliance_row *row)
{
    struct fh_waiver_ask ask = {.mesh = governing->mesh,
                                .policy = &governing->id,
                                .rule = rule,
                                .owner = &making->domain,
                                .product = product->name,
                                .major = product->major,
                                .now_ms = fh_clock_wall_ms()};
    const struct fh_waiver_held *all =
        fh_waiver_find(making->held.waivers, making->held.waiver_count, &ask);
    const struct fh_waiver_held *one = NULL;
    for (uint32_t i = 0; all == NULL && one == NULL && i < making->held.waiver_count; i++) {
        ask.consumer = &making->held.waivers[i]->waiver.consumer;
        ask.key = &making->held.waivers[i]->waiver.key;
        one = fh_waiver_find(&making->held.waivers[i], 1, &ask);
    }
    const struct fh_waiver_held *by = all != NULL                      ? all
                                      : row->state == FH_COMPLIANCE_OK ? one
                                                                       : NULL;
    if (by != NULL) {
        const char *text = fh_arena_printf(making->report->arena,
                                           "%s: %s",
                                           by == all ? "waived" : "waived for one domain or key",
                                           by->waiver.reason);
        char id[FH_ID_TEXT_BYTES];
        fh_record_id_text(id, &by->id);
        const char *waiver = fh_arena_strdup(making->report->arena, id);
        row->state = FH_COMPLIANCE_WAIVED;
        row->evidence = text == NULL ? "waived" : text;
        row->waiver = waiver == NULL ? "" : waiver;
        row->waived_until_ms = by->waiver.until_ms;
        row->break_glass = by->waiver.urgent;
    }
}

/* ---- rows ---- */

static int add_row(struct making *making, const struct fh_compliance_row *row, struct fh_err *err)
{
    struct fh_compliance *report = making->report;
    uint32_t most = making->source->rows_max;
    if (most > 0 && report->count == most) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "compliance.rows",
                           "the report has more than %u rows; freehold compliance report makes it "
                           "whole",
                           most);
    }
    if (report->count == report->capacity) {
        uint32_t capacity = report->capacity == 0 ? 64 : 2 * report->capacity;
        struct fh_compliance_row *rows = fh_realloc(report->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return no_memory(err);
        }
        report->rows = rows;
        report->capacity = capacity;
    }
    report->rows[report->count++] = *row;
    return FH_OK;
}

/* What is the same in every row of a product. */
static int begin_row(struct making *making,
                     const struct freehold_description *description,
                     struct fh_compliance_row *row,
                     struct fh_err *err)
{
    const struct fh_proof *proof = fh_description_proof(description);
    const struct fh_contract *model = proof->model;
    struct fh_arena *arena = making->report->arena;
    struct freehold_measurement m = {.size = sizeof m};
    char name[FH_PRODUCT_NAME_BYTES];
    fh_product_name_text(name, proof->domain_name, proof->stated.product, proof->stated.version);
    freehold_description_measurement(description, &m);
    *row = (struct fh_compliance_row){
        .domain = fh_arena_strdup(arena, proof->domain_name),
        .product = fh_arena_strdup(arena, name),
        .name = fh_arena_strdup(arena, proof->stated.product),
        .major = proof->announced.major,
        .waiver = "",
        .quality = fh_arena_strdup(arena, m.quality),
        .measured_ms = m.measured_ms,
        .owner = fh_arena_strdup(
            arena, model->team == NULL || model->team->name == NULL ? "" : model->team->name),
        .levels = (uint32_t)model->sla.count,
        .channels = (uint32_t)model->support.count,
        .readers = "",
    };
    for (size_t t = 0; t < model->tables.count; t++) {
        for (size_t c = 0; c < model->tables.items[t].columns.count; c++) {
            const char *said = model->tables.items[t].columns.items[c].classification;
            row->columns++;
            row->classified += said != NULL && said[0] != '\0';
        }
    }
    const struct fh_compliance_seen *seen =
        fh_compliance_seen_find(making->seen, proof->stated.product, proof->announced.major, NULL);
    if (seen != NULL) {
        row->readers = seen->readers;
        row->read_ms = seen->time_ms;
    }
    bool whole = row->domain != NULL && row->product != NULL && row->name != NULL &&
                 row->quality != NULL && row->owner != NULL;
    return whole ? FH_OK : no_memory(err);
}

/* A policy as a whole: what closes the product, and the purposes that it names. */
static int add_whole(struct making *making,
                     const struct fh_compliance_policy *governing,
                     const struct fh_access_product *product,
                     struct fh_compliance_row row,
                     struct fh_err *err)
{
    const struct fh_policy *policy = governing->policy;
    row.rule = "policy";
    row.line = 0;
    row.state = FH_COMPLIANCE_OK;
    row.evidence = governing->mesh ? "in force, of the mesh" : "in force";
    if (policy == NULL) {
        row.state = FH_COMPLIANCE_VIOLATED;
        row.evidence = "this program cannot read it; the product is closed";
    } else if (governing->forked) {
        row.state = FH_COMPLIANCE_VIOLATED;
        row.evidence = "forked; the product is closed until the next version";
    } else if (fh_clock_wall_ms() > governing->record.until_ms) {
        row.state = FH_COMPLIANCE_VIOLATED;
        row.evidence = "expired; the product is closed until the next version";
    } else if (policy->purposes.count > 0) {
        row.evidence = "in force; other purposes than those it names are refused";
    }
    waive(making, governing, product, "", &row);
    if (row.state == FH_COMPLIANCE_OK && policy->purposes.count > 0) {
        waive(making, governing, product, "purposes", &row);
    }
    return add_row(making, &row, err);
}

static int add_policy(struct making *making,
                      const struct fh_compliance_policy *governing,
                      const struct fh_compliance_product *judged,
                      struct fh_compliance_row row,
                      struct fh_err *err)
{
    const struct fh_policy *policy = governing->policy;
    const struct fh_access_product *product = judged->access;
    const struct fh_compliance_seen *seen =
        fh_compliance_seen_find(making->seen, product->name, product->major, governing->text);
    if (policy != NULL && !fh_policy_governs(policy, product->name, product->major)) {
        return FH_OK;
    }
    row.policy = governing->text;
    row.mesh = governing->mesh;
    if (seen != NULL) {
        row.enforced_seq = seen->seq;
        row.enforced_ms = seen->time_ms;
    }
    int code = add_whole(making, governing, product, row, err);
    for (size_t i = 0; code == FH_OK && policy != NULL && i < policy->rule_count; i++) {
        row.waiver = "";
        row.waived_until_ms = 0;
        row.break_glass = false;
        row.rule = policy->rules[i].path;
        row.line = policy->rules[i].line;
        row.state = fh_compliance_judge(
            policy, &policy->rules[i], judged, making->report->arena, &row.evidence);
        waive(making, governing, product, row.rule, &row);
        code = add_row(making, &row, err);
    }
    return code;
}

/* Bits by enum fh_quality_state: what was found, and what that is today. */
static unsigned states_of(const struct freehold_description *description)
{
    struct freehold_measurement m = {.size = sizeof m};
    unsigned states = 0;
    freehold_description_measurement(description, &m);
    for (unsigned i = 0; i < FH_QUALITY_STATE_COUNT; i++) {
        const char *text = fh_quality_state_text(i);
        bool is = strcmp(text, m.quality) == 0 || strcmp(text, m.found) == 0;
        states |= is ? 1U << i : 0;
    }
    return states;
}

static int fail(struct fh_err *err, const struct freehold_error *error)
{
    *err = (struct fh_err){.code = error->code, .retry_after_ms = error->retry_after_ms};
    snprintf(err->rule, sizeof err->rule, "%s", error->rule);
    snprintf(err->text, sizeof err->text, "%s", error->text);
    return err->code;
}

static int add_product(struct making *making,
                       struct freehold_client *client,
                       const struct freehold_product *listed,
                       struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_description *description = NULL;
    struct fh_compliance_row row;
    char name[FH_PRODUCT_NAME_BYTES];
    fh_product_name_major_text(
        name, listed->domain_name, listed->product, (uint32_t)strtoul(listed->version, NULL, 10));
    if (freehold_describe(&description, client, name, &error) != FREEHOLD_OK) {
        return fail(err, &error);
    }
    const struct fh_proof *proof = fh_description_proof(description);
    int code = begin_row(making, description, &row, err);
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_access_product *product =
        arena == NULL ? NULL : fh_access_product_of(proof->model, arena);
    if (code == FH_OK && product == NULL) {
        code = no_memory(err);
    }
    const struct fh_compliance_product judged = {.access = product,
                                                 .contract = proof->model,
                                                 .announced = &proof->announced,
                                                 .quality = states_of(description)};
    for (uint32_t i = 0; code == FH_OK && i < making->held.policy_count; i++) {
        code = add_policy(making, &making->held.policies[i], &judged, row, err);
    }
    fh_arena_free(arena);
    freehold_description_free(description);
    return code;
}

static int add_products(struct making *making, struct fh_err *err)
{
    struct freehold_client *client = making->source->client;
    char words[FH_NAME_BYTES_MAX + 16];
    uint64_t total = 1;
    int code = FH_OK;
    snprintf(words, sizeof words, "domain=%s", making->name);
    for (uint64_t at = 0; code == FH_OK && at < total; at += PAGE) {
        const struct freehold_search_options options = {
            .size = sizeof options, .words = words, .limit = PAGE, .offset = at};
        struct freehold_error error = FREEHOLD_ERROR_INIT;
        struct freehold_products *products = NULL;
        if (freehold_find(&products, client, &options, &error) != FREEHOLD_OK) {
            return fail(err, &error);
        }
        total = freehold_products_total(products);
        for (size_t i = 0; code == FH_OK && i < freehold_products_count(products); i++) {
            struct freehold_product product = {.size = sizeof product};
            freehold_products_get(products, i, &product);
            if (product.contract_held) {
                code = add_product(making, client, &product, err);
            }
        }
        freehold_products_free(products);
    }
    return code;
}

/* ---- the whole ---- */

/* The domain by the name that counts at the own node. */
static int find_domain(struct making *making, struct fh_err *err)
{
    const struct fh_compliance_source *source = making->source;
    const char *own = source->actor->settings.domain;
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    const char *name = source->domain == NULL ? own : source->domain;
    fh_buf_init(&request, 256);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    int code = fh_name_check("domain", name, err);
    if (code != FH_OK) {
        return code;
    }
    snprintf(making->name, sizeof making->name, "%s", name);
    if (strcmp(name, own) == 0) {
        making->domain = source->actor->domain;
        return FH_OK;
    }
    fh_msg_who_request(&request, name);
    code = source->call(source->user, &request, &answer, &reader, err);
    return code == FH_OK ? fh_msg_who_answer_read(&reader, &making->domain, err) : code;
}

int fh_compliance_make(struct fh_compliance *out,
                       const struct fh_compliance_source *source,
                       struct fh_err *err)
{
    *out = (struct fh_compliance){.arena = fh_arena_new(ARENA_BYTES)};
    struct making *making FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *making);
    if (out->arena == NULL || making == NULL) {
        return no_memory(err);
    }
    making->source = source;
    making->report = out;
    int code = find_domain(making, err);
    if (code == FH_OK) {
        code = fh_compliance_held_read(
            &making->held, source, &making->domain, making->name, out->arena, err);
    }
    if (code == FH_OK && fh_domain_id_equal(&making->domain, &source->actor->domain)) {
        code = fh_compliance_seen_read(
            &making->seen, &out->log_changed, source->actor, out->arena, err);
    }
    return code == FH_OK ? add_products(making, err) : code;
}

void fh_compliance_fini(struct fh_compliance *report)
{
    fh_free(report->rows);
    fh_arena_free(report->arena);
    *report = (struct fh_compliance){.arena = NULL};
}
