/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy_cases_run.h"

#include "proto/governance/grant.h"
#include "proto/governance/policy_cases_running.h"
#include "proto/governance/policy_judge.h"
#include "proto/governance/waiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail_memory(struct fh_case_running *r)
{
    if (r->failed == FH_OK) {
        r->failed = fh_err_set(r->err, FH_ENOMEM, "no memory for a case");
    }
}

void *fh_case_allocate(struct fh_case_running *r, size_t count, size_t size)
{
    void *memory = fh_arena_array(r->arena, count == 0 ? 1 : count, size);
    if (memory == NULL) {
        fail_memory(r);
    }
    return memory;
}

const char *fh_case_keep(struct fh_case_running *r, const char *text)
{
    const char *kept = fh_arena_strdup(r->arena, text);
    if (kept == NULL) {
        fail_memory(r);
    }
    return kept == NULL ? "" : kept;
}

/* ---- who, and what is given ---- */

static void name_id(uint8_t out[FH_ID_BYTES], const char *name)
{
    static const char tag[] = "freehold/v1/case";
    const struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag), fh_bytes_cstr(name)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    memcpy(out, hash.b, FH_ID_BYTES);
}

static struct fh_domain_id domain_of(const char *name)
{
    struct fh_domain_id id;
    struct fh_err none;
    if (fh_domain_id_parse(&id, name, &none) != FH_OK) {
        name_id(id.b, name);
    }
    return id;
}

static struct fh_key_id member_of(const char *name)
{
    struct fh_key_id id;
    struct fh_err none;
    if (fh_key_id_parse(&id, name, &none) != FH_OK) {
        name_id(id.b, name);
    }
    return id;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A grant's lists are in order. */
static struct fh_text_list list_of(struct fh_case_running *r,
                                   const struct fh_contract_strings *words)
{
    const char **texts = fh_case_allocate(r, words->count, sizeof *texts);
    if (texts == NULL || words->count == 0) {
        return (struct fh_text_list){.count = 0};
    }
    memcpy(texts, words->items, words->count * sizeof *texts);
    qsort(texts, words->count, sizeof *texts, compare_texts);
    return (struct fh_text_list){.count = (uint32_t)words->count, .texts = texts};
}

static void give_grants(struct fh_case_running *r)
{
    const struct fh_case_given *given = &r->one->given;
    const struct fh_grant_held **grants = fh_case_allocate(r, given->grant_count, sizeof *grants);
    for (uint32_t i = 0; grants != NULL && i < given->grant_count; i++) {
        const struct fh_case_grant *from = &given->grants[i];
        struct fh_grant_held *held = fh_case_allocate(r, 1, sizeof *held);
        if (held == NULL) {
            return;
        }
        struct fh_domain_id to = from->to == NULL ? r->ask.consumer : domain_of(from->to);
        *held = (struct fh_grant_held){.ended_ms = INT64_MAX};
        held->id.b[0] = (uint8_t)(i + 1);
        held->grant = (struct fh_grant){.owner = r->product->owner,
                                        .grantee_kind = FH_GRANTEE_DOMAIN,
                                        .purposes = list_of(r, &from->purposes),
                                        .columns = list_of(r, &from->columns),
                                        .rows = from->rows,
                                        .rows_per_day = from->rows_per_day,
                                        .queries_per_hour = from->queries_per_hour,
                                        .relay_allowed = from->relay,
                                        .not_after_ms = from->until_ms,
                                        .note = ""};
        memcpy(held->grant.grantee, to.b, sizeof to.b);
        snprintf(held->grant.product, sizeof held->grant.product, "%s", r->product->name);
        grants[r->ask.grant_count++] = held;
    }
    r->ask.grants = grants;
}

/* Whether the policy has such a rule; "" and "purposes" are of every one. */
static bool has_rule(const struct fh_policy_held *held, const char *rule)
{
    bool has = rule[0] == '\0' || strcmp(rule, "purposes") == 0;
    for (size_t i = 0; held->policy != NULL && i < held->policy->rule_count && !has; i++) {
        has = strcmp(held->policy->rules[i].path, rule) == 0;
    }
    return has;
}

static const struct fh_policy_held *find_policy(struct fh_case_running *r,
                                                const struct fh_case_waiver *waiver)
{
    for (uint32_t i = 0; i < r->world->policy_count; i++) {
        const struct fh_policy_held *held = r->world->policies[i];
        if (held->mesh == waiver->mesh && strcmp(held->name, waiver->policy) == 0 &&
            has_rule(held, waiver->rule)) {
            return held;
        }
    }
    r->failed = fh_err_rule(r->err,
                            FH_EINVAL,
                            "case.waiver",
                            "no policy %s%s with a rule %s is given",
                            waiver->policy,
                            waiver->mesh ? " of the mesh" : "",
                            waiver->rule[0] == '\0' ? "at all" : waiver->rule);
    return NULL;
}

static void give_waivers(struct fh_case_running *r)
{
    const struct fh_case_given *given = &r->one->given;
    const struct fh_waiver_held **waivers =
        fh_case_allocate(r, given->waiver_count, sizeof *waivers);
    for (uint32_t i = 0; waivers != NULL && i < given->waiver_count; i++) {
        const struct fh_case_waiver *from = &given->waivers[i];
        const struct fh_policy_held *policy = find_policy(r, from);
        struct fh_waiver_held *held = fh_case_allocate(r, 1, sizeof *held);
        if (policy == NULL || held == NULL) {
            return;
        }
        held->id.b[0] = (uint8_t)(i + 1);
        held->waiver = (struct fh_waiver){.mesh = from->mesh,
                                          .owner = r->product->owner,
                                          .policy = policy->id,
                                          .until_ms = from->until_ms};
        snprintf(held->waiver.product, sizeof held->waiver.product, "%s", r->product->name);
        snprintf(held->waiver.rule, sizeof held->waiver.rule, "%s", from->rule);
        if (from->domain != NULL) {
            held->waiver.consumer = domain_of(from->domain);
        }
        if (from->member != NULL) {
            held->waiver.key = member_of(from->member);
        }
        waivers[r->ask.waiver_count++] = held;
    }
    r->ask.waivers = waivers;
}

/* Those of the mesh that are about the owner, and the owner's. */
static void give_policies(struct fh_case_running *r)
{
    char id[FH_ID_TEXT_BYTES];
    const struct fh_policy_held **policies =
        fh_case_allocate(r, r->world->policy_count, sizeof *policies);
    fh_domain_id_text(id, &r->product->owner);
    for (uint32_t i = 0; policies != NULL && i < r->world->policy_count; i++) {
        const struct fh_policy_held *held = r->world->policies[i];
        if (!held->mesh || held->policy == NULL ||
            fh_policy_governs_domain(held->policy, r->one->given.owner, id)) {
            policies[r->ask.policy_count++] = held;
        }
    }
    r->ask.policies = policies;
}

static void set_up(struct fh_case_running *r)
{
    const struct fh_case_given *given = &r->one->given;
    const char *domain = given->domain == NULL ? given->owner : given->domain;
    const char *entry = given->joined_by == NULL ? domain : given->joined_by;
    r->product = fh_access_product_of(r->world->contract, r->arena);
    if (r->product == NULL) {
        fail_memory(r);
        return;
    }
    r->product->owner = domain_of(given->owner);
    r->product->owner_name = given->owner;
    r->ask = (struct fh_access_ask){
        .product = r->product,
        .consumer = domain_of(domain),
        .consumer_name = domain,
        .key = member_of(given->member == NULL ? domain : given->member),
        .role_count = (uint32_t)given->roles.count,
        .roles = given->roles.items,
        .entry = domain_of(entry),
        .entry_name = entry,
        .purpose = given->purpose,
        .formats = r->one->when.formats,
        .quality = given->quality,
        .now_ms = given->at_ms == 0 ? r->world->now_ms : given->at_ms,
    };
    give_grants(r);
    give_policies(r);
    give_waivers(r);
}

/* ---- what is done ---- */

static void refuse(struct fh_case_running *r, const struct fh_err *refusal)
{
    r->allowed = false;
    r->rule = fh_case_keep(r, refusal->rule);
    r->text = fh_case_keep(r, refusal->text);
}

static uint32_t find_table(struct fh_case_running *r, const char *name, size_t size)
{
    for (uint32_t i = 0; i < r->product->table_count; i++) {
        const char *table = r->product->tables[i].name;
        if (strlen(table) == size && memcmp(table, name, size) == 0) {
            return i;
        }
    }
    if (r->failed == FH_OK) {
        r->failed = fh_err_rule(r->err,
                                FH_EINVAL,
                                "case.table",
                                "%s has no table %.*s",
                                r->product->name,
                                (int)size,
                                name);
    }
    return r->product->table_count;
}

static uint32_t find_column(const struct fh_access_table *table, const char *name)
{
    uint32_t at = 0;
    while (at < table->column_count && strcmp(table->columns[at].name, name) != 0) {
        at++;
    }
    return at;
}

/* One of what is read: "people", "people.name". */
static void note_read(struct fh_case_running *r, const char *text)
{
    const char *dot = strchr(text, '.');
    size_t size = dot == NULL ? strlen(text) : (size_t)(dot - text);
    uint32_t index = find_table(r, text, size);
    if (index == r->product->table_count) {
        return;
    }
    const struct fh_access_table *table = &r->product->tables[index];
    bool *columns = r->reads[index] == NULL
                        ? fh_case_allocate(r, table->column_count, sizeof *columns)
                        : r->reads[index];
    uint32_t column = dot == NULL ? 0 : find_column(table, dot + 1);
    if (columns == NULL) {
        return;
    }
    r->reads[index] = columns;
    if (dot != NULL && column == table->column_count) {
        r->failed = fh_err_rule(
            r->err, FH_EINVAL, "case.column", "%s has no column %s", table->name, dot + 1);
        return;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        columns[i] = columns[i] || dot == NULL || i == column;
    }
}

/* A statement that names what is not there is refused as one that names what never was. */
static void check_hidden(struct fh_case_running *r, const char *text)
{
    const char *dot = strchr(text, '.');
    uint32_t table = dot == NULL ? 0 : find_table(r, text, (size_t)(dot - text));
    struct fh_err err;
    if (dot == NULL || r->failed != FH_OK) {
        return;
    }
    uint32_t column = find_column(&r->product->tables[table], dot + 1);
    if (fh_view_column_at(&r->decided.tables[table].view, column).hidden) {
        (void)fh_err_rule(&err, FH_EDENIED, "sql.bind", "%s is not there for whoever asks", text);
        refuse(r, &err);
    }
}

static void read_product(struct fh_case_running *r)
{
    const struct fh_contract_strings *reads = &r->one->when.reads;
    struct fh_err refusal;
    r->reads = fh_case_allocate(r, r->product->table_count, sizeof *r->reads);
    for (size_t i = 0; r->failed == FH_OK && i < reads->count; i++) {
        note_read(r, reads->items[i]);
    }
    for (uint32_t i = 0; r->failed == FH_OK && reads->count == 0 && i < r->product->table_count;
         i++) {
        note_read(r, r->product->tables[i].name);
    }
    if (r->failed != FH_OK) {
        return;
    }
    int rc = fh_access_decide(&r->decided, &r->ask, r->arena, &refusal);
    for (uint32_t i = 0; rc == FH_OK && i < r->product->table_count; i++) {
        if (r->reads[i] != NULL) {
            rc = fh_access_check_table(&r->decided, &r->ask, i, &refusal);
        }
    }
    if (rc == FH_ENOMEM) {
        fail_memory(r);
    } else if (rc != FH_OK) {
        refuse(r, &refusal);
    }
    for (size_t i = 0; r->allowed && i < reads->count; i++) {
        check_hidden(r, reads->items[i]);
    }
}

static struct fh_policy_judging judging_of(const struct fh_case_running *r)
{
    return (struct fh_policy_judging){.owner = r->product->owner,
                                      .product = r->product->name,
                                      .major = r->product->major,
                                      .now_ms = r->ask.now_ms,
                                      .policy_count = r->ask.policy_count,
                                      .policies = r->ask.policies,
                                      .waiver_count = r->ask.waiver_count,
                                      .waivers = r->ask.waivers};
}

static void judge_contract(struct fh_case_running *r)
{
    const struct fh_policy_judging all = judging_of(r);
    const struct fh_contract *contract =
        r->world->next == NULL ? r->world->contract : r->world->next;
    const struct fh_policy_judging judging = fh_policy_judging_of(&all, contract);
    struct fh_err refusal;
    if (r->one->when.action == FH_CASE_PUBLISH) {
        fh_policy_judge_contract(&judging, contract, &r->broken);
    } else {
        fh_policy_judge_renewal(&judging, contract, &r->broken);
    }
    int rc = fh_findings_ok(&r->broken, &refusal);
    if (rc == FH_ENOMEM) {
        fail_memory(r);
    } else if (rc != FH_OK) {
        refuse(r, &refusal);
    }
}

static void judge_end(struct fh_case_running *r)
{
    const struct fh_policy_judging judging = judging_of(r);
    bool retires = r->one->when.action == FH_CASE_RETIRE;
    const struct fh_policy_end end = {
        .product = r->product->name,
        .major = r->product->major,
        .retires = retires,
        .sunset_ms = retires ? r->one->given.sunset_ms : r->one->when.sunset_ms,
        .sunset_before_ms = r->one->given.sunset_ms,
        .now_ms = r->ask.now_ms,
    };
    struct fh_err refusal;
    if (fh_policy_judge_end(&judging, &end, &refusal) != FH_OK) {
        refuse(r, &refusal);
    }
}

int fh_case_run(const struct fh_case *one,
                const struct fh_case_world *world,
                struct fh_access_trace *trace,
                struct fh_arena *arena,
                struct fh_case_result *out,
                struct fh_err *err)
{
    struct fh_case_running r = {.one = one,
                                .world = world,
                                .arena = arena,
                                .err = err,
                                .allowed = true,
                                .rule = "",
                                .text = ""};
    r.last = &r.first;
    fh_findings_init(&r.broken, arena);
    set_up(&r);
    r.ask.trace = trace;
    if (r.failed == FH_OK) {
        switch (one->when.action) {
        case FH_CASE_READ:
            read_product(&r);
            break;
        case FH_CASE_PUBLISH:
        case FH_CASE_RENEW:
            judge_contract(&r);
            break;
        case FH_CASE_DEPRECATE:
        case FH_CASE_RETIRE:
            judge_end(&r);
            break;
        case FH_CASE_ACTION_COUNT:
            break;
        }
    }
    if (r.failed == FH_OK) {
        fh_case_check(&r);
    }
    if (r.failed == FH_OK) {
        *out = (struct fh_case_result){.miss_count = r.miss_count, .misses = r.first};
    }
    return r.failed;
}
