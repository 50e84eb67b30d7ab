/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/access.h"

#include "common/assert.h"
#include "proto/governance/access_compiled.h"
#include "proto/governance/access_inner.h"

#include <stdio.h>
#include <string.h>

void fh_access_why_text(char out[FH_ACCESS_WHY_BYTES], const struct fh_access_why *why)
{
    out[0] = '\0';
    if (why->policy != NULL) {
        snprintf(out,
                 FH_ACCESS_WHY_BYTES,
                 "%spolicy %s %s, line %u",
                 why->policy->mesh ? "mesh " : "",
                 why->policy->name,
                 why->policy->version,
                 why->line);
    }
}

/* ---- the command ---- */

static void put_shell_word(struct fh_buf *out, const char *text)
{
    static const char bare[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@";
    if (text[0] != '\0' && strspn(text, bare) == strlen(text)) {
        fh_buf_add_cstr(out, text);
        return;
    }
    fh_buf_add_u8(out, '\'');
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'') {
            fh_buf_add_cstr(out, "'\\''");
        } else {
            fh_buf_add_u8(out, (uint8_t)*at);
        }
    }
    fh_buf_add_u8(out, '\'');
}

void fh_access_request_command(struct fh_buf *out, const struct fh_access_ask *ask)
{
    fh_buf_printf(out,
                  "freehold access request %s/%s --purpose ",
                  ask->product->owner_name,
                  ask->product->name);
    if (ask->purpose[0] == '\0') {
        fh_buf_add_cstr(out, "PURPOSE");
    } else {
        put_shell_word(out, ask->purpose);
    }
    fh_buf_add_cstr(out, " --until 90d");
}

/* "<why>; <what helps>: freehold access request ..." */
static int
refuse(const struct fh_access_ask *ask, const char *rule, const char *why, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf command;
    fh_buf_init(&command, 1024);
    fh_access_request_command(&command, ask);
    return fh_err_rule(err, FH_EDENIED, rule, "%s: %s", why, fh_buf_cstr(&command));
}

/* ---- who is let in ---- */

/* Whether the node that joins is of a domain that is neither the consumer's nor the owner's. */
static bool by_third(const struct fh_access_ask *ask)
{
    return !fh_domain_id_equal(&ask->entry, &ask->consumer) &&
           !fh_domain_id_equal(&ask->entry, &ask->product->owner);
}

/* Which of two grants that both cover decides: where a third domain joins, the one that allows it;
 * then the one that opens more columns, then all rows, then for longer; never chance. */
static bool is_better(const struct fh_grant_held *a, const struct fh_grant_held *b, bool third)
{
    const struct fh_grant *x = &a->grant;
    const struct fh_grant *y = &b->grant;
    if (third && x->relay_allowed != y->relay_allowed) {
        return x->relay_allowed;
    }
    uint32_t columns_x = x->columns.count == 0 ? UINT32_MAX : x->columns.count;
    uint32_t columns_y = y->columns.count == 0 ? UINT32_MAX : y->columns.count;
    if (columns_x != columns_y) {
        return columns_x > columns_y;
    }
    if ((x->rows[0] == '\0') != (y->rows[0] == '\0')) {
        return x->rows[0] == '\0';
    }
    if (x->not_after_ms != y->not_after_ms) {
        return x->not_after_ms > y->not_after_ms;
    }
    return fh_record_id_compare(&a->id, &b->id) < 0;
}

/* The grant that decides, or NULL and how near one came, and which. */
static const struct fh_grant_held *find_grant(const struct fh_access_ask *ask,
                                              const struct fh_party *party,
                                              enum fh_grant_verdict *out_verdict,
                                              const struct fh_grant_held **out_nearest)
{
    struct fh_grant_ask question = {
        .consumer = party->domain,
        .key = party->key,
        .entry = party->entry,
        .product = ask->product->name,
        .major = ask->product->major,
        .purpose = ask->purpose,
        .now_ms = ask->now_ms,
    };
    const struct fh_grant_held *best = NULL;
    *out_verdict = FH_GRANT_OF_OTHER;
    *out_nearest = NULL;
    for (uint32_t i = 0; i < ask->grant_count; i++) {
        const struct fh_grant_held *held = ask->grants[i];
        if (!fh_domain_id_equal(&held->grant.owner, &ask->product->owner)) {
            continue;
        }
        enum fh_grant_verdict verdict = fh_grant_covers(held, &question);
        if (verdict == FH_GRANT_COVERS && (best == NULL || is_better(held, best, by_third(ask)))) {
            best = held;
        }
        if (verdict > *out_verdict) {
            *out_verdict = verdict;
            *out_nearest = held;
        }
    }
    return best;
}

/* "a, b and 3 more". */
void fh_access_list_texts(char *out, size_t size, const char *const *texts, size_t count)
{
    enum { SHOWN = 5 };
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && i < SHOWN && at < size; i++) {
        at += (size_t)snprintf(out + at, size - at, "%s%.60s", i == 0 ? "" : ", ", texts[i]);
    }
    if (count > SHOWN && at < size) {
        snprintf(out + at, size - at, " and %zu more", count - SHOWN);
    }
}

static int refuse_ungranted(const struct fh_access_ask *ask,
                            enum fh_grant_verdict verdict,
                            const struct fh_grant_held *nearest,
                            struct fh_err *err)
{
    char why[FH_ERR_TEXT_BYTES];
    char purposes[256];
    const char *owner = ask->product->owner_name;
    const char *product = ask->product->name;
    switch (verdict) {
    case FH_GRANT_EXPIRED:
    case FH_GRANT_ENDED:
    case FH_GRANT_NOT_YET:
        snprintf(why,
                 sizeof why,
                 "you have a grant for %s/%s, but %s; ask again",
                 owner,
                 product,
                 fh_grant_verdict_text(verdict));
        return refuse(ask, "access.expired", why, err);
    case FH_GRANT_OTHER_PURPOSE:
        fh_access_list_texts(purposes,
                             sizeof purposes,
                             nearest->grant.purposes.texts,
                             nearest->grant.purposes.count);
        snprintf(why,
                 sizeof why,
                 "your grant for %s/%s is for other purposes (%s): state one of them, or ask for "
                 "this one",
                 owner,
                 product,
                 purposes);
        return refuse(ask, "access.purpose", why, err);
    case FH_GRANT_NO_RELAY:
        return fh_err_rule(err,
                           FH_EDENIED,
                           "access.relay",
                           "your grant for %s/%s does not let %s join it for you; ask at a node of "
                           "your own domain or of %s",
                           owner,
                           product,
                           ask->entry_name,
                           owner);
    case FH_GRANT_OTHER_VERSION:
        snprintf(why,
                 sizeof why,
                 "your grant for %s/%s is for another major version than %u; ask for this one",
                 owner,
                 product,
                 ask->product->major);
        return refuse(ask, "access.denied", why, err);
    case FH_GRANT_OF_OTHER:
    case FH_GRANT_OTHER_PRODUCT:
    case FH_GRANT_COVERS:
    case FH_GRANT_VERDICT_COUNT:
        break;
    }
    snprintf(why,
             sizeof why,
             "%s/%s is not open to your domain, and you have no grant for it; ask for one",
             owner,
             product);
    return refuse(ask, "access.denied", why, err);
}

/* Lets the consumer in by what opens the product, or refuses. */
static int
admit_consumer(const struct fh_access_ask *ask, struct fh_party *party, struct fh_err *err)
{
    enum fh_grant_verdict verdict;
    const struct fh_grant_held *nearest;
    if (party->own) {
        party->by = FH_ACCESS_OWN;
        return FH_OK;
    }
    if (ask->product->open_to_mesh) {
        party->by = FH_ACCESS_OPEN;
        return FH_OK;
    }
    party->by = FH_ACCESS_GRANT;
    party->grant = find_grant(ask, party, &verdict, &nearest);
    return party->grant != NULL ? FH_OK : refuse_ungranted(ask, verdict, nearest, err);
}

/* The same for the domain of the peer that joins: the consumer's grant may allow any, or it has one
 * of its own. */
static int admit_entry(const struct fh_access_ask *ask,
                       const struct fh_party *consumer,
                       struct fh_party *entry,
                       struct fh_err *err)
{
    enum fh_grant_verdict verdict;
    const struct fh_grant_held *nearest;
    if (ask->product->open_to_mesh) {
        return FH_OK;
    }
    if (consumer->grant != NULL && consumer->grant->grant.relay_allowed) {
        entry->grant = consumer->grant;
        return FH_OK;
    }
    entry->grant = find_grant(ask, entry, &verdict, &nearest);
    if (entry->grant != NULL) {
        return FH_OK;
    }
    if (consumer->grant != NULL) {
        return refuse_ungranted(ask, FH_GRANT_NO_RELAY, NULL, err);
    }
    return fh_err_rule(err,
                       FH_EDENIED,
                       "access.entry.denied",
                       "%s, whose node joins, may not see %s/%s; ask at a node of your own domain",
                       ask->entry_name,
                       ask->product->owner_name,
                       ask->product->name);
}

/* ---- the decision ---- */

static void note_grant(struct fh_access_decision *made, const struct fh_grant_held *held)
{
    if (held == NULL) {
        return;
    }
    int64_t until = held->grant.not_after_ms;
    if (held->ended_ms != INT64_MAX && held->ended_ms - 1 < until) {
        until = held->ended_ms - 1;
    }
    made->until_ms = until < made->until_ms ? until : made->until_ms;
}

static struct fh_record_id identify(const struct fh_access_decision *made)
{
    struct fh_record_id id = {0};
    struct fh_hasher hasher;
    if (made->policy_count + made->waiver_count <= 1) {
        return made->policy_count + made->waiver_count == 0 ? id
               : made->policy_count == 1                    ? made->policies[0]->id
                                                            : made->waivers[0]->id;
    }
    static const char tag[] = "freehold/v1/policies";
    fh_hasher_init(&hasher);
    fh_hasher_add(&hasher, fh_bytes(tag, sizeof tag));
    for (uint32_t i = 0; i < made->policy_count; i++) {
        fh_hasher_add(&hasher, fh_bytes(made->policies[i]->id.b, FH_ID_BYTES));
    }
    for (uint32_t i = 0; i < made->waiver_count; i++) {
        fh_hasher_add(&hasher, fh_bytes(made->waivers[i]->id.b, FH_ID_BYTES));
    }
    struct fh_hash hash = fh_hasher_read(&hasher);
    memcpy(id.b, hash.b, FH_ID_BYTES);
    return id;
}

static struct fh_party consumer_of(const struct fh_access_ask *ask)
{
    struct fh_party party = {
        .domain = ask->consumer,
        .key = ask->key,
        /* Whether a peer of a third domain may join is asked of that peer. */
        .entry = ask->consumer,
        .own = fh_domain_id_equal(&ask->product->owner, &ask->consumer),
        .as = {.purpose = ask->purpose,
               .domain_name = ask->consumer_name,
               .role_count = ask->role_count,
               .roles = ask->roles},
    };
    fh_domain_id_text(party.id, &party.domain);
    return party;
}

static struct fh_party entry_of(const struct fh_access_ask *ask)
{
    struct fh_party party = {
        .domain = ask->entry,
        .entry = ask->entry,
        .joins = true,
        .as = {.purpose = ask->purpose, .domain_name = ask->entry_name},
    };
    fh_domain_id_text(party.id, &party.domain);
    return party;
}

static int decide(struct fh_access_decision *out,
                  const struct fh_access_ask *ask,
                  struct fh_arena *arena,
                  struct fh_err *err)
{
    struct fh_party consumer = consumer_of(ask);
    struct fh_party entry = entry_of(ask);
    bool third = by_third(ask);
    struct fh_judging judging = {.ask = ask, .arena = arena, .made = {.until_ms = INT64_MAX}};
    consumer.as.domain_id = consumer.id;
    entry.as.domain_id = entry.id;
    judging.policies = fh_arena_array(arena, ask->policy_count, sizeof(struct fh_policy_held *));
    judging.waivers = fh_arena_array(arena, ask->waiver_count, sizeof(struct fh_waiver_held *));
    judging.made.policies = judging.policies;
    judging.made.waivers = judging.waivers;
    if ((judging.policies == NULL && ask->policy_count > 0) ||
        (judging.waivers == NULL && ask->waiver_count > 0)) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a decision");
    }
    int rc = admit_consumer(ask, &consumer, err);
    if (rc == FH_OK && third) {
        rc = admit_entry(ask, &consumer, &entry, err);
    }
    if (rc == FH_OK) {
        rc = fh_access_check_policies(&judging, &consumer, err);
    }
    if (rc == FH_OK && third) {
        rc = fh_access_check_policies(&judging, &entry, err);
    }
    if (rc == FH_OK) {
        rc = fh_access_make_views(&judging, &consumer, third ? &entry : NULL, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    judging.made.by = consumer.by;
    judging.made.grant = consumer.grant;
    judging.made.entry_grant = third ? entry.grant : NULL;
    if (consumer.grant != NULL) {
        judging.made.rows_per_day = consumer.grant->grant.rows_per_day;
        judging.made.queries_per_hour = consumer.grant->grant.queries_per_hour;
    }
    note_grant(&judging.made, judging.made.grant);
    note_grant(&judging.made, judging.made.entry_grant);
    judging.made.policy_id = identify(&judging.made);
    *out = judging.made;
    return FH_OK;
}

int fh_access_decide(struct fh_access_decision *out,
                     const struct fh_access_ask *ask,
                     struct fh_arena *arena,
                     struct fh_err *err)
{
    if (ask->trace == NULL || ask->compiled != NULL) {
        return decide(out, ask, arena, err);
    }
    /* Rules are heard of where they are compiled. */
    struct fh_access_ask compiled = *ask;
    compiled.compiled = fh_access_compile(ask->product, ask->policies, ask->policy_count, arena);
    if (compiled.compiled == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a decision");
    }
    return decide(out, &compiled, arena, err);
}

int fh_access_check_table(const struct fh_access_decision *decision,
                          const struct fh_access_ask *ask,
                          uint32_t table,
                          struct fh_err *err)
{
    FH_ASSERT(table < decision->table_count);
    const struct fh_access_table *asked = &ask->product->tables[table];
    if (fh_view_visible(&decision->tables[table].view, asked->column_count) > 0) {
        return FH_OK;
    }
    char why[FH_ERR_TEXT_BYTES];
    snprintf(why,
             sizeof why,
             "no column of %s of %s/%s is open to you; ask for more",
             asked->name,
             ask->product->owner_name,
             ask->product->name);
    return refuse(ask, "access.table.denied", why, err);
}
