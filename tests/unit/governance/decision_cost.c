/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a decision costs, for tools/bench governance: 200 rules of eight policies, read from their
 * texts, over a product of 20 columns, with exceptions and sixteen waivers, for a consumer of
 * another domain. Beside it, by turns in the same run, one verification of an Ed25519 signature:
 * what every request costs before anything is decided.
 *
 *     fh-decision-cost    prints "name value" lines in us of this thread's processor time:
 *
 *     compiled   a decision as the node makes it: the policies were compiled for the product
 *     plain      the same over the policies as they were written
 *     compiling  compiling them, once for each version of a product and of the policies
 *     verify     one verification
 *
 * Each is the best of some runs, so that other work on the machine shows little.
 */
#include "proto/governance/access_compiled.h"

#include "common/mem.h"
#include "proto/contract/finding.h"
#include "proto/governance/policy.h"
#include "proto/governance/waiver.h"
#include "proto/wire/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    NOW = 1000,
    POLICIES = 8,
    RULES_EACH = 25,
    COLUMNS = 20,
    WAIVERS = 16,
    TIMES = 1000,
    RUNS = 9,
    TEXT_BYTES = 16 * 1024,
};

static _Noreturn void give_up(const char *what, const struct fh_err *err)
{
    fprintf(stderr, "fh-decision-cost: %s: %s\n", what, err == NULL ? "no memory" : err->text);
    exit(1);
}

static void *must(void *made, const char *what)
{
    if (made == NULL) {
        give_up(what, NULL);
    }
    return made;
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- the scene ---- */

static const struct fh_access_product *make_product(struct fh_arena *arena)
{
    static const char *const types[] = {"BIGINT", "VARCHAR", "DATE", "VARCHAR", "TIMESTAMP"};
    static const char *const classes[] = {"public", "internal", "restricted", ""};
    static const char *const tags[] = {"pii", "finance", "contact"};
    struct fh_access_product *product = must(fh_arena_alloc(arena, sizeof *product), "product");
    struct fh_access_table *table = must(fh_arena_alloc(arena, sizeof *table), "table");
    struct fh_access_column *columns =
        must(fh_arena_array(arena, COLUMNS, sizeof *columns), "columns");
    for (unsigned i = 0; i < COLUMNS; i++) {
        columns[i] =
            (struct fh_access_column){.name = must(fh_arena_printf(arena, "column_%u", i), "name"),
                                      .classification = classes[i % FH_COUNT(classes)],
                                      .sql_type = types[i % FH_COUNT(types)],
                                      .tag_count = i % 2,
                                      .tags = &tags[i % FH_COUNT(tags)]};
    }
    *table =
        (struct fh_access_table){.name = "orders", .column_count = COLUMNS, .columns = columns};
    *product = (struct fh_access_product){.owner = {{1}},
                                          .owner_name = "home",
                                          .name = "orders",
                                          .major = 1,
                                          .open_to_mesh = true,
                                          .table_count = 1,
                                          .tables = table};
    return product;
}

/* Rules by name, by classification and by tag; some hide, some spare a purpose or a role. */
static void write_rules(struct fh_buf *out, unsigned policy)
{
    static const char *const masks[] = {"\"null\"", "hash", "partial, last: 2"};
    static const char *const selects[] = {
        "classification: [restricted]", "tags: [pii]", "tags: [contact]"};
    fh_buf_printf(out, "mask:\n");
    for (unsigned i = 0; i < RULES_EACH - 5; i++) {
        if (i % 4 == 0) {
            fh_buf_printf(out, "  - {%s, method: %s", selects[i % 3], masks[i % FH_COUNT(masks)]);
        } else {
            fh_buf_printf(out,
                          "  - {columns: [column_%u], method: %s",
                          (policy * 7 + i * 3) % (2 * COLUMNS),
                          masks[i % FH_COUNT(masks)]);
        }
        fh_buf_printf(out,
                      i % 5 == 0 ? ", except: [{purposes: [audit], roles: [auditor]}]}\n" : "}\n");
    }
    fh_buf_printf(out, "hide:\n");
    for (unsigned i = 0; i < 5; i++) {
        fh_buf_printf(out, "  - {columns: [column_%u]}\n", 3 + (policy + i * 5) % (2 * COLUMNS));
    }
}

static const struct fh_policy_held *make_policy(unsigned number, struct fh_arena *arena)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    struct fh_err err;
    struct fh_policy *policy = NULL;
    struct fh_policy_held *held = must(fh_arena_alloc(arena, sizeof *held), "policy");
    fh_buf_init(&text, TEXT_BYTES);
    fh_buf_printf(&text, "name: policy_%u\nversion: 1.0.0\n", number);
    write_rules(&text, number);
    struct fh_findings findings;
    fh_findings_init(&findings, arena);
    uint8_t *kept = must(fh_arena_alloc(arena, text.size + 1), "text");
    memcpy(kept, text.data, text.size);
    if (fh_policy_read(&policy, fh_bytes(kept, text.size), &findings, &err) != FH_OK) {
        give_up("policy", &err);
    }
    *held = (struct fh_policy_held){.id = {{(uint8_t)(number + 1)}}, .policy = policy};
    snprintf(held->name, sizeof held->name, "policy_%u", number);
    snprintf(held->version, sizeof held->version, "1.0.0");
    return held;
}

/* Of rules of these policies, for this product; every other is somebody else's. */
static const struct fh_waiver_held *
make_waiver(unsigned number, const struct fh_policy_held *const *policies, struct fh_arena *arena)
{
    struct fh_waiver_held *held = must(fh_arena_alloc(arena, sizeof *held), "waiver");
    *held = (struct fh_waiver_held){.id = {{(uint8_t)(100 + number)}},
                                    .waiver = {.owner = {{1}},
                                               .product = "orders",
                                               .policy = policies[number % POLICIES]->id,
                                               .consumer = {{(uint8_t)(number % 2 == 0 ? 2 : 3)}},
                                               .until_ms = NOW + 5,
                                               .reason = "a reason"}};
    snprintf(held->waiver.rule, sizeof held->waiver.rule, "mask[%u]", number);
    return held;
}

/* ---- what it takes ---- */

static double decide_us(const struct fh_access_ask *ask)
{
    struct fh_access_decision decision;
    struct fh_err err;
    double began = cpu_us();
    for (unsigned i = 0; i < TIMES; i++) {
        struct fh_arena *arena = must(fh_arena_new(1024 * 1024), "arena");
        if (fh_access_decide(&decision, ask, arena, &err) != FH_OK) {
            give_up("decision", &err);
        }
        fh_arena_free(arena);
    }
    return (cpu_us() - began) / TIMES;
}

static double compile_us(const struct fh_access_ask *ask)
{
    double began = cpu_us();
    struct fh_arena *arena = must(fh_arena_new(1024 * 1024), "arena");
    (void)must(fh_access_compile(ask->product, ask->policies, ask->policy_count, arena),
               "policies");
    double took = cpu_us() - began;
    fh_arena_free(arena);
    return took;
}

static double verify_us(void)
{
    static const uint8_t seed[FH_SEED_BYTES] = {7};
    uint8_t message[300] = {1};
    struct fh_sign_public key;
    struct fh_sign_secret secret;
    struct fh_signature signature;
    unsigned good = 0;
    fh_sign_keys(seed, &key, &secret);
    fh_sign(&signature, fh_bytes(message, sizeof message), &secret);
    double began = cpu_us();
    for (unsigned i = 0; i < TIMES / 10; i++) {
        good += fh_sign_verify(&signature, fh_bytes(message, sizeof message), &key);
    }
    double took = (cpu_us() - began) / (TIMES / 10.0);
    if (good != TIMES / 10) {
        give_up("signature", NULL);
    }
    return took;
}

static void keep_best(double *best, double took)
{
    *best = took < *best ? took : *best;
}

int main(void)
{
    struct fh_arena *arena = must(fh_arena_new(16 * 1024 * 1024), "arena");
    const struct fh_policy_held *policies[POLICIES];
    const struct fh_waiver_held *waivers[WAIVERS];
    if (fh_crypto_init() != FH_OK) {
        give_up("cryptography", NULL);
    }
    for (unsigned i = 0; i < POLICIES; i++) {
        policies[i] = make_policy(i, arena);
    }
    for (unsigned i = 0; i < WAIVERS; i++) {
        waivers[i] = make_waiver(i, policies, arena);
    }
    struct fh_access_ask plain = {.product = make_product(arena),
                                  .consumer = {{2}},
                                  .consumer_name = "air",
                                  .entry = {{2}},
                                  .entry_name = "air",
                                  .purpose = "research",
                                  .now_ms = NOW,
                                  .policy_count = POLICIES,
                                  .policies = policies,
                                  .waiver_count = WAIVERS,
                                  .waivers = waivers};
    struct fh_access_ask ask = plain;
    ask.compiled = must(fh_access_compile(ask.product, policies, POLICIES, arena), "policies");
    double compiled_us = 1e9, plain_us = 1e9, compiling_us = 1e9, verified_us = 1e9;
    for (unsigned run = 0; run < RUNS; run++) {
        keep_best(&compiled_us, decide_us(&ask));
        keep_best(&verified_us, verify_us());
        keep_best(&plain_us, decide_us(&plain));
        keep_best(&compiling_us, compile_us(&ask));
    }
    printf("compiled %.2f\nplain %.2f\ncompiling %.2f\nverify %.2f\n",
           compiled_us,
           plain_us,
           compiling_us,
           verified_us);
    fh_arena_free(arena);
    return 0;
}
