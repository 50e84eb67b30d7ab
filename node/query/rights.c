/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/rights.h"

#include "common/assert.h"
#include "common/mem.h"
#include "node/query/governed.h"
#include "proto/governance/access_compiled.h"
#include "proto/governance/grant.h"

enum {
    CONTRACT_ARENA_BYTES = FH_CONTRACT_ARENA_BYTES_MAX,
    COMPILED_ARENA_BYTES =
        1024 * 1024, /* some ten thousand selected columns; beyond, decisions take longer */
};

/* A contract that was read, by what of it decides. */
struct known {
    struct fh_record_id contract;
    struct fh_arena *arena; /* NULL: the place is free */
    struct fh_access_product *product;
    uint64_t used;         /* when, in questions */
    uint64_t generation;   /* of the policies that were compiled for it; 0: none */
    struct fh_arena *room; /* of `compiled` */
    const struct fh_access_compiled *compiled; /* NULL: there was no room */
};

struct fh_rights {
    struct fh_rights_options options;
    uint64_t questions;
    struct known known[FH_RIGHTS_PRODUCTS_MAX];
};

int fh_rights_new(struct fh_rights **out,
                  const struct fh_rights_options *options,
                  struct fh_err *err)
{
    struct fh_rights *rights = fh_calloc(1, sizeof *rights);
    if (rights == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for rights");
    }
    rights->options = *options;
    *out = rights;
    return FH_OK;
}

void fh_rights_free(struct fh_rights *rights)
{
    for (size_t i = 0; rights != NULL && i < FH_COUNT(rights->known); i++) {
        fh_arena_free(rights->known[i].room);
        fh_arena_free(rights->known[i].arena);
    }
    fh_free(rights);
}

/* ---- products ---- */

/* Copies what decides out of a contract, which is far larger. */
static int read_product(struct fh_rights *rights,
                        const struct fh_record_id *contract,
                        struct known *place,
                        struct fh_err *err)
{
    struct fh_contract *read = NULL;
    struct fh_arena *arena = fh_arena_new(CONTRACT_ARENA_BYTES);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    int rc = fh_catalog_open_contract(rights->options.catalog, contract, arena, &read, err);
    struct fh_access_product *product = rc == FH_OK ? fh_access_product_of(read, arena) : NULL;
    if (product == NULL) {
        fh_arena_free(arena);
        return rc != FH_OK ? rc : fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    product->owner = rights->options.domain;
    fh_arena_free(place->room);
    fh_arena_free(place->arena);
    *place = (struct known){.contract = *contract, .arena = arena, .product = product};
    return FH_OK;
}

static int find_known(struct fh_rights *rights,
                      const struct fh_record_id *contract,
                      struct known **out,
                      struct fh_err *err)
{
    struct known *place = &rights->known[0];
    rights->questions++;
    for (size_t i = 0; i < FH_COUNT(rights->known); i++) {
        struct known *at = &rights->known[i];
        if (at->arena != NULL && fh_record_id_equal(&at->contract, contract)) {
            at->used = rights->questions;
            *out = at;
            return FH_OK;
        }
        if (at->used < place->used) {
            place = at; /* the one that was not asked for the longest */
        }
    }
    int rc = read_product(rights, contract, place, err);
    if (rc == FH_OK) {
        place->used = rights->questions;
        *out = place;
    }
    return rc;
}

int fh_rights_product(struct fh_rights *rights,
                      const struct fh_record_id *contract,
                      const struct fh_access_product **out,
                      struct fh_err *err)
{
    struct known *known = NULL;
    int rc = find_known(rights, contract, &known, err);
    if (rc == FH_OK) {
        *out = known->product;
    }
    return rc;
}

/* The policies in force, for this product: made anew when they have changed. */
static const struct fh_access_compiled *compile(struct fh_rights *rights, struct known *known)
{
    uint64_t generation = fh_policies_generation(rights->options.policies);
    if (known->generation != generation) {
        uint32_t count = 0;
        const struct fh_policy_held *const *held =
            fh_policies_held(rights->options.policies, &count);
        fh_arena_free(known->room);
        known->room = fh_arena_new(COMPILED_ARENA_BYTES);
        known->compiled = known->room == NULL
                              ? NULL
                              : fh_access_compile(known->product, held, count, known->room);
        known->generation = generation;
    }
    return known->compiled;
}

/* ---- the decision ---- */

static const char *name_of(const struct fh_rights *rights, const struct fh_domain_id *id)
{
    const struct fh_directory_domain *domain = fh_directory_domain(rights->options.dir, id);
    return domain == NULL ? "" : domain->name;
}

/* A view that borrows nothing but the arena: policies may be replaced while it is carried out. */
static int keep_view(struct fh_view *view, struct fh_arena *arena, struct fh_err *err)
{
    const char **filters = fh_arena_array(arena, view->filter_count + 1, sizeof *filters);
    for (uint32_t i = 0; filters != NULL && i < view->filter_count; i++) {
        filters[i] = fh_arena_strdup(arena, view->filters[i]);
        if (filters[i] == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a view");
        }
    }
    view->filters = filters;
    if (view->group != NULL) {
        view->group = fh_view_group_copy(view->group, view->column_count, arena);
        if (view->group == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a view");
        }
    }
    return filters != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a view");
}

static int name_policies(const struct fh_access_decision *decision,
                         struct fh_arena *arena,
                         struct fh_right *out,
                         struct fh_err *err)
{
    uint32_t count = decision->policy_count;
    const char **names = fh_arena_array(arena, (size_t)count + 1, sizeof *names);
    for (uint32_t i = 0; names != NULL && i < count; i++) {
        const struct fh_policy_held *held = decision->policies[i];
        names[i] = fh_arena_printf(arena, "%s %s", held->name, held->version);
        if (names[i] == NULL) {
            names = NULL;
        }
    }
    out->policies = names;
    out->policy_count = names == NULL ? 0 : count;
    return names != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a right");
}

static int keep_waivers(const struct fh_access_decision *decision,
                        const struct fh_access_ask *ask,
                        struct fh_arena *arena,
                        struct fh_right *right,
                        struct fh_err *err)
{
    struct fh_msg_waived *waivers =
        fh_arena_array(arena, (size_t)decision->waiver_count + 1, sizeof *waivers);
    if (waivers == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for waivers");
    }
    for (uint32_t i = 0; i < decision->waiver_count; i++) {
        const struct fh_waiver_held *held = decision->waivers[i];
        const struct fh_policy_held *policy =
            fh_waiver_policy(&held->waiver, ask->policies, ask->policy_count);
        FH_ASSERT(policy != NULL); /* it had its part by one of those that were asked with */
        fh_governed_waived(held, policy, &waivers[i]);
    }
    right->waiver_count = decision->waiver_count;
    right->waivers = waivers;
    return FH_OK;
}

static int take(const struct fh_access_decision *decision,
                const struct fh_access_ask *ask,
                const char *table,
                struct fh_arena *arena,
                struct fh_right *out,
                struct fh_err *err)
{
    uint32_t index = 0;
    while (index < decision->table_count && strcmp(ask->product->tables[index].name, table) != 0) {
        index++;
    }
    if (index == decision->table_count) {
        return fh_err_set(err, FH_ENOTFOUND, "the contract has no table %s", table);
    }
    int rc = fh_access_check_table(decision, ask, index, err);
    struct fh_right right = {
        .view = decision->tables[index].view,
        .policy = decision->policy_id,
        .rows_per_day = decision->rows_per_day,
        .queries_per_hour = decision->queries_per_hour,
    };
    if (decision->grant != NULL) {
        right.grant = decision->grant->id;
    }
    if (rc == FH_OK) {
        rc = keep_view(&right.view, arena, err);
    }
    if (rc == FH_OK) {
        rc = name_policies(decision, arena, &right, err);
    }
    if (rc == FH_OK) {
        rc = keep_waivers(decision, ask, arena, &right, err);
    }
    if (rc == FH_OK) {
        *out = right;
    }
    return rc;
}

/* Those of the consumer's domain and key, and those by which the domain that joins may see it. */
static int gather_grants(struct fh_rights *rights,
                         const struct fh_rights_question *question,
                         const char *product,
                         struct fh_arena *arena,
                         struct fh_access_ask *ask,
                         struct fh_err *err)
{
    const struct fh_domain_id *const who[] = {&question->consumer, &question->entry};
    bool alone = fh_domain_id_equal(&question->consumer, &question->entry);
    const struct fh_grant_held **all =
        fh_arena_array(arena, FH_COUNT(who) * FH_GRANTS_OF_ONE_MAX, sizeof *all);
    int rc = all == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for grants") : FH_OK;
    for (size_t i = 0; rc == FH_OK && i < (alone ? 1 : FH_COUNT(who)); i++) {
        const struct fh_grant_held *const *found = NULL;
        uint32_t count = 0;
        rc = fh_grants_for(rights->options.grants,
                           who[i],
                           &question->key,
                           product,
                           question->now_ms,
                           arena,
                           &found,
                           &count,
                           err);
        for (uint32_t j = 0; rc == FH_OK && j < count; j++) {
            all[ask->grant_count++] = found[j];
        }
    }
    ask->grants = all;
    return rc;
}

static void name_roles(struct fh_rights *rights,
                       const struct fh_rights_question *question,
                       struct fh_rights_asked *asked)
{
    struct fh_ref key = fh_key_id_ref(&question->key);
    asked->ask.roles = asked->roles;
    if (question->roles != NULL) {
        asked->ask.roles = question->roles;
        asked->ask.role_count = question->role_count;
    } else {
        asked->ask.role_count = (uint32_t)fh_directory_roles(
            rights->options.dir, &key, &question->consumer, question->now_ms, asked->roles);
    }
}

/* A failure stays one however old it is. */
unsigned fh_rights_quality(const struct fh_quality *quality, int64_t now_ms)
{
    unsigned found = quality->measured ? quality->state : FH_QUALITY_UNKNOWN;
    return 1U << found | 1U << fh_quality_state_at(found, quality->expires_ms, now_ms);
}

/* What is not so, for whoever wants to know what would be. */
static void suppose(const struct fh_rights_question *question, struct fh_rights_asked *asked)
{
    asked->ask.trace = question->trace;
    asked->product.open_to_mesh = asked->product.open_to_mesh || question->let_in;
    if (question->policies != NULL) {
        asked->ask.policies = question->policies;
        asked->ask.policy_count = question->policy_count;
        asked->ask.compiled = NULL;
    }
}

int fh_rights_explain(struct fh_rights *rights,
                      const struct fh_rights_question *question,
                      const struct fh_catalog_entry *entry,
                      struct fh_arena *arena,
                      struct fh_rights_asked *out,
                      struct fh_err *err)
{
    const struct fh_announcement *announced = &entry->announcement;
    struct known *known = NULL;
    FH_ASSERT(fh_domain_id_equal(&announced->domain, &rights->options.domain));
    int rc = find_known(rights, &announced->contract, &known, err);
    if (rc != FH_OK) {
        return rc;
    }
    out->product = *known->product;
    out->product.owner_name = entry->domain_name;
    out->ask = (struct fh_access_ask){
        .product = &out->product,
        .consumer = question->consumer,
        .consumer_name = name_of(rights, &question->consumer),
        .key = question->key,
        .entry = question->entry,
        .entry_name = name_of(rights, &question->entry),
        .purpose = question->purpose,
        .formats = question->formats,
        .quality = fh_rights_quality(&entry->quality, question->now_ms),
        .now_ms = question->now_ms,
    };
    name_roles(rights, question, out);
    out->ask.policies = fh_policies_held(rights->options.policies, &out->ask.policy_count);
    out->ask.compiled = compile(rights, known);
    suppose(question, out);
    out->ask.waivers =
        fh_agreed_waivers(fh_policies_agreed(rights->options.policies), &out->ask.waiver_count);
    rc = gather_grants(rights, question, announced->product, arena, &out->ask, err);
    return rc == FH_OK ? fh_access_decide(&out->decided, &out->ask, arena, err) : rc;
}

int fh_rights_decide(struct fh_rights *rights,
                     const struct fh_rights_question *question,
                     const struct fh_plan_table *table,
                     struct fh_arena *arena,
                     struct fh_right *out,
                     struct fh_err *err)
{
    struct fh_rights_asked asked;
    struct fh_right right = {0};
    int rc = fh_rights_explain(rights, question, &table->table.entry, arena, &asked, err);
    if (rc == FH_OK) {
        rc = take(&asked.decided, &asked.ask, table->table.name, arena, &right, err);
    }
    if (rc == FH_OK && !right.view.open && right.view.column_count != table->table.column_count) {
        /* Whoever carries the view out goes by the catalogue's columns. */
        rc = fh_err_set(err, FH_EINTERNAL, "catalogue and contract differ in their columns");
    }
    if (rc == FH_OK) {
        *out = right;
    }
    return rc;
}

bool fh_rights_policy(const struct fh_plan *plan, struct fh_record_id *out)
{
    static const char tag[] = "freehold/v1/policies";
    struct fh_record_id ids[FH_QUERY_TABLES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct fh_right *right = plan->tables[i].right;
        bool known = right == NULL || fh_record_id_is_zero(&right->policy);
        for (uint32_t k = 0; !known && k < count; k++) {
            known = fh_record_id_equal(&ids[k], &right->policy);
        }
        if (!known) {
            ids[count++] = right->policy;
        }
    }
    if (count > 1) {
        const struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag),
                                         fh_bytes(ids, count * sizeof ids[0])};
        struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
        memcpy(ids[0].b, hash.b, FH_ID_BYTES);
    }
    if (count > 0) {
        *out = ids[0];
    }
    return count > 0;
}
