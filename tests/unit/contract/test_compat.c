/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing contracts: the cases of compat_cases.h, one by one; whole tables; the properties that
 * hold of any two contracts (nothing between equals, every change found and nothing else, mirrored
 * when exchanged); and that the rules in the docs are those in the code.
 */
#include "common/file.h"
#include "common/limits.h"
#include "common/prng.h"
#include "common/time.h"
#include "proto/contract/compat.h"
#include "proto/contract/contract_read.h"
#include "tests/unit/contract/compat_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 8 * 1024 * 1024 };

struct pair {
    struct fh_arena *arena;
    struct fh_compat compat;
};

static void pair_end(struct pair *pair)
{
    fh_arena_free(pair->arena);
}

static struct fh_contract *read_text(struct fh_arena *arena, const char *text)
{
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_err err = {0};
    fh_findings_init(&findings, arena);
    if (fh_contract_read(&contract, fh_bytes_cstr(text), &findings, &err) != FH_OK) {
        fail_msg("%s\n%s", err.text, text);
    }
    return contract;
}

static struct pair compare_texts(const char *before, const char *after, bool without_servers)
{
    struct pair pair = {.arena = fh_arena_new(4 * (size_t)FH_CONTRACT_ARENA_BYTES_MAX)};
    struct fh_compat_options options = {.without_servers = without_servers};
    struct fh_err err = {0};
    assert_non_null(pair.arena);
    int rc = fh_compat_judge(&pair.compat,
                             read_text(pair.arena, before),
                             read_text(pair.arena, after),
                             &options,
                             pair.arena,
                             &err);
    if (rc != FH_OK) {
        fail_msg("%s", err.text);
    }
    return pair;
}

#define HEAD                                                                                       \
    "apiVersion: v3.1.0\nkind: DataContract\nid: x\nname: p\nversion: 1.0.0\nstatus: active\n"

/* The contract of the cases. */
static void write_case(char *out, size_t size, enum place place, const char *text)
{
    const char *here = text == NULL ? "" : text;
    snprintf(out,
             size,
             HEAD "%s\nschema:\n"
                  "  - name: t\n%s%s\n"
                  "    properties:\n"
                  "      - {name: k, logicalType: integer, primaryKey: true}\n%s%s\n"
                  "  - name: u\n"
                  "    properties:\n"
                  "      - {name: id, logicalType: integer}\n"
                  "      - {name: no, logicalType: integer}\n",
             place == TOP ? here : "",
             place == TABLE && text != NULL ? "    " : "",
             place == TABLE ? here : "",
             place == COLUMN && text != NULL ? "      - " : "",
             place == COLUMN ? here : "");
}

static enum fh_compat_verdict worst(const struct fh_compat *compat, bool reader)
{
    enum fh_compat_verdict found = FH_COMPAT_INFO;
    for (size_t i = 0; i < compat->count; i++) {
        const struct fh_compat_rule *rule = compat->items[i].rule;
        enum fh_compat_verdict verdict = reader ? rule->reader : rule->stored;
        found = verdict > found ? verdict : found;
    }
    return found;
}

static const struct fh_compat_finding *heaviest(const struct fh_compat *compat)
{
    for (size_t i = 0; i < compat->count; i++) {
        if (compat->items[i].rule->bump == compat->needed) {
            return &compat->items[i];
        }
    }
    return NULL;
}

static void test_cases(void **state)
{
    (void)state;
    static const char verdicts[] = "iwb";
    static const char bumps[] = "npmM";
    for (size_t i = 0; i < FH_COUNT(compat_cases); i++) {
        const struct compat_case *row = &compat_cases[i];
        char before[2048];
        char after[2048];
        write_case(before, sizeof before, row->place, row->before);
        write_case(after, sizeof after, row->place, row->after);
        FH_CLEANUP(pair_end) struct pair pair = compare_texts(before, after, false);
        const struct fh_compat_finding *first = heaviest(&pair.compat);
        char reader = first == NULL ? '-' : verdicts[worst(&pair.compat, true)];
        char stored = first == NULL ? '-' : verdicts[worst(&pair.compat, false)];
        const char *rule = first == NULL ? "" : first->rule->id + strlen("compat.");
        if (reader != row->reader || stored != row->stored ||
            bumps[pair.compat.needed] != row->bump ||
            strcmp(rule, row->rule == NULL ? "" : row->rule) != 0 ||
            (row->path != NULL && strcmp(row->path, first->change->path) != 0)) {
            fail_msg("row %zu: %s -> %s\nis %c%c%c %s at %s, not %c%c%c %s",
                     i,
                     row->before == NULL ? "" : row->before,
                     row->after == NULL ? "" : row->after,
                     reader,
                     stored,
                     bumps[pair.compat.needed],
                     rule,
                     first == NULL ? "" : first->change->path,
                     row->reader,
                     row->stored,
                     row->bump,
                     row->rule == NULL ? "" : row->rule);
        }
    }
    print_message("%zu cases\n", FH_COUNT(compat_cases));
}

/* Exchanged, what was added is removed, at the same paths with the same texts. */
static void test_mirrored(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(compat_cases); i++) {
        const struct compat_case *row = &compat_cases[i];
        char before[2048];
        char after[2048];
        write_case(before, sizeof before, row->place, row->before);
        write_case(after, sizeof after, row->place, row->after);
        FH_CLEANUP(pair_end) struct pair there = compare_texts(before, after, false);
        FH_CLEANUP(pair_end) struct pair back = compare_texts(after, before, false);
        assert_int_equal(there.compat.count, back.compat.count);
        for (size_t j = 0; j < there.compat.count; j++) {
            const struct fh_change *change = there.compat.items[j].change;
            bool found = false;
            for (size_t k = 0; k < back.compat.count; k++) {
                const struct fh_change *other = back.compat.items[k].change;
                bool mirrored =
                    change->kind == FH_CHANGE_CHANGED
                        ? other->kind == FH_CHANGE_CHANGED
                        : other->kind != FH_CHANGE_CHANGED && other->kind != change->kind;
                const char *old = change->before == NULL ? "" : change->before;
                const char *new = other->after == NULL ? "" : other->after;
                found = found || (mirrored && strcmp(old, new) == 0);
            }
            if (!found) {
                fail_msg("row %zu: %s has no counterpart", i, change->path);
            }
        }
    }
}

/* ---- tables, and what the cases' place cannot hold ---- */

struct whole {
    const char *name;
    const char *before; /* everything after the head */
    const char *after;
    size_t count; /* changes */
    enum fh_bump bump;
    const char *rule;
};

#define TABLE_OF(name, columns) "  - name: " name "\n    properties:\n" columns
#define PLAIN(name)             "      - {name: " name ", logicalType: integer}\n"
#define KEY(name)               "      - {name: " name ", logicalType: integer, primaryKey: true}\n"

static void test_whole(void **state)
{
    (void)state;
    static const struct whole rows[] = {
        {"a table comes with all its columns as one change",
         "schema:\n" TABLE_OF("a", PLAIN("x")),
         "schema:\n" TABLE_OF("a", PLAIN("x")) TABLE_OF("b", PLAIN("x") PLAIN("y") KEY("z")),
         1,
         FH_BUMP_MINOR,
         "compat.table.added"},
        {"a table goes",
         "schema:\n" TABLE_OF("a", PLAIN("x")) TABLE_OF("b", PLAIN("x") PLAIN("y")),
         "schema:\n" TABLE_OF("b", PLAIN("x") PLAIN("y")),
         1,
         FH_BUMP_MAJOR,
         "compat.table.removed"},
        {"tables in another order",
         "schema:\n" TABLE_OF("a", PLAIN("x")) TABLE_OF("b", PLAIN("x") PLAIN("y")),
         "schema:\n" TABLE_OF("b", PLAIN("y") PLAIN("x")) TABLE_OF("a", PLAIN("x")),
         0,
         FH_BUMP_NONE,
         NULL},
        {"a table is renamed, told by its id",
         "schema:\n  - name: a\n    id: i\n    properties:\n" PLAIN("x"),
         "schema:\n  - name: b\n    id: i\n    properties:\n" PLAIN("x"),
         1,
         FH_BUMP_MAJOR,
         "compat.table.renamed"},
        {"a first key",
         "schema:\n" TABLE_OF("a", PLAIN("x")),
         "schema:\n" TABLE_OF("a", KEY("x")),
         1,
         FH_BUMP_MINOR,
         "compat.key.added"},
        {"the last key",
         "schema:\n" TABLE_OF("a", KEY("x") PLAIN("y")),
         "schema:\n" TABLE_OF("a", PLAIN("x") PLAIN("y")),
         1,
         FH_BUMP_MAJOR,
         "compat.key.dropped"},
        {"a new column is the first key",
         "schema:\n" TABLE_OF("a", PLAIN("x")),
         "schema:\n" TABLE_OF("a", PLAIN("x") KEY("y")),
         1,
         FH_BUMP_MINOR,
         "compat.column.added.required"},
        {"another column is the key",
         "schema:\n" TABLE_OF("a", KEY("x") PLAIN("y")),
         "schema:\n" TABLE_OF("a", PLAIN("x") KEY("y")),
         2,
         FH_BUMP_MAJOR,
         "compat.key.changed"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char before[2048];
        char after[2048];
        snprintf(before, sizeof before, HEAD "%s", rows[i].before);
        snprintf(after, sizeof after, HEAD "%s", rows[i].after);
        FH_CLEANUP(pair_end) struct pair pair = compare_texts(before, after, false);
        const struct fh_compat_finding *first = heaviest(&pair.compat);
        if (pair.compat.count != rows[i].count || pair.compat.needed != rows[i].bump ||
            (rows[i].rule != NULL && strcmp(first->rule->id, rows[i].rule) != 0)) {
            fail_msg("%s: %zu changes, %s, %s",
                     rows[i].name,
                     pair.compat.count,
                     fh_bump_text(pair.compat.needed),
                     first == NULL ? "none" : first->rule->id);
        }
    }
}

static void test_name_status_and_servers(void **state)
{
    (void)state;
    static const char before[] =
        "apiVersion: v3.1.0\nkind: DataContract\nid: x\nname: p\nversion: 1.0.0\nstatus: active\n"
        "servers: [{server: a, type: kafka, host: \"h:1\", roles: [{role: r}]}]\n";
    static const char after[] =
        "apiVersion: v3.0.2\nkind: DataContract\nid: y\nname: q\nversion: 2.0.0\nstatus: retired\n"
        "servers: [{server: a, type: kafka, host: \"h:2\", roles: [{role: r, access: w}]}]\n";
    static const char *const wanted[] = {"apiVersion compat.same_meaning",
                                         "id compat.text.changed",
                                         "name compat.product.renamed",
                                         "servers.a.host compat.server.moved",
                                         "servers.a.roles.r.access compat.text.changed",
                                         "status compat.status.changed",
                                         "version compat.version.changed"};
    FH_CLEANUP(pair_end) struct pair pair = compare_texts(before, after, false);
    assert_int_equal(pair.compat.count, FH_COUNT(wanted));
    for (size_t i = 0; i < FH_COUNT(wanted); i++) {
        char line[256];
        snprintf(line,
                 sizeof line,
                 "%s %s",
                 pair.compat.items[i].change->path,
                 pair.compat.items[i].rule->id);
        assert_string_equal(line, wanted[i]);
    }
    FH_CLEANUP(pair_end) struct pair without = compare_texts(before, after, true);
    assert_int_equal(without.compat.count, FH_COUNT(wanted) - 2);
    assert_string_equal(pair.compat.items[2].change->before, "p");
    assert_string_equal(pair.compat.items[2].change->after, "q");
}

/* ---- properties ---- */

enum { COLUMNS = 30, ATTRIBUTES = 7, ROUNDS = 200 };

/* Whether each attribute of each column is written; those of a column that is absent do not count.
 */
struct shape {
    bool present[COLUMNS];
    bool has[COLUMNS][ATTRIBUTES];
};

static const struct {
    const char *text;
    const char *path;
} attributes[ATTRIBUTES] = {
    {", required: true", "required"},
    {", description: words", "description"},
    {", classification: secret", "classification"},
    {", physicalName: other", "physicalName"},
    {", logicalTypeOptions: {minimum: 3}", "logicalTypeOptions.minimum"},
    {", tags: [z, y]", "tags"},
    {", quality: [{metric: nullValues, mustBe: 0}]", "quality.nullValues"},
};

static void write_shape(char *out, size_t size, const struct shape *shape, struct fh_prng *prng)
{
    size_t order[COLUMNS];
    int used = snprintf(out, size, HEAD "schema:\n  - name: t\n    properties:\n");
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t j = (size_t)fh_prng_below(prng, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t column = order[i];
        if (!shape->present[column]) {
            continue;
        }
        used += snprintf(
            out + used, size - (size_t)used, "      - {name: c%zu, logicalType: integer", column);
        for (size_t j = 0; j < ATTRIBUTES; j++) {
            if (shape->has[column][j]) {
                used += snprintf(out + used, size - (size_t)used, "%s", attributes[j].text);
            }
        }
        used += snprintf(out + used, size - (size_t)used, "}\n");
    }
    assert_true((size_t)used < size);
}

static bool is_reported(const struct fh_compat *compat, const char *path, enum fh_change_kind kind)
{
    for (size_t i = 0; i < compat->count; i++) {
        if (compat->items[i].change->kind == kind &&
            strcmp(compat->items[i].change->path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* Counts what must be reported and checks that it is. */
static size_t
expect(const struct fh_compat *compat, const struct shape *before, const struct shape *after)
{
    size_t count = 0;
    for (size_t i = 0; i < COLUMNS; i++) {
        char path[96];
        snprintf(path, sizeof path, "schema.t.properties.c%zu", i);
        if (before->present[i] != after->present[i]) {
            count++;
            enum fh_change_kind kind = after->present[i] ? FH_CHANGE_ADDED : FH_CHANGE_REMOVED;
            assert_true(is_reported(compat, path, kind));
        }
        for (size_t j = 0; j < ATTRIBUTES; j++) {
            if (before->present[i] && after->present[i] && before->has[i][j] != after->has[i][j]) {
                count++;
                snprintf(path, sizeof path, "schema.t.properties.c%zu.%s", i, attributes[j].path);
                enum fh_change_kind kind = after->has[i][j] ? FH_CHANGE_ADDED : FH_CHANGE_REMOVED;
                if (!is_reported(compat, path, kind)) {
                    fail_msg("%s is not reported", path);
                }
            }
        }
    }
    return count;
}

static void test_every_mutation_is_found(void **state)
{
    (void)state;
    struct fh_prng prng;
    fh_prng_init(&prng, 20261128);
    for (size_t round = 0; round < ROUNDS; round++) {
        struct shape before = {.present = {false}};
        for (size_t i = 0; i < COLUMNS; i++) {
            before.present[i] = i == 0 || fh_prng_below(&prng, 4) > 0;
            for (size_t j = 0; j < ATTRIBUTES; j++) {
                before.has[i][j] = fh_prng_below(&prng, 2) == 0;
            }
        }
        struct shape after = before;
        for (uint64_t mutations = fh_prng_below(&prng, 12); mutations > 0; mutations--) {
            size_t i = 1 + (size_t)fh_prng_below(&prng, COLUMNS - 1);
            size_t j = (size_t)fh_prng_below(&prng, ATTRIBUTES + 1);
            if (j == ATTRIBUTES) {
                after.present[i] = !after.present[i];
            } else {
                after.has[i][j] = !after.has[i][j];
            }
        }
        static char first[16 * 1024];
        static char second[16 * 1024];
        write_shape(first, sizeof first, &before, &prng);
        write_shape(second, sizeof second, &after, &prng);
        FH_CLEANUP(pair_end) struct pair pair = compare_texts(first, second, false);
        assert_int_equal(expect(&pair.compat, &before, &after), pair.compat.count);
        FH_CLEANUP(pair_end) struct pair same = compare_texts(second, second, false);
        assert_int_equal(same.compat.count, 0);
    }
}

/* ---- the rules themselves ---- */

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < fh_compat_rule_count; i++) {
        const struct fh_compat_rule *rule = &fh_compat_rules[i];
        assert_memory_equal(rule->id, "compat.", 7);
        assert_true(strlen(rule->id) < FH_ERR_RULE_BYTES && strlen(rule->sentence) > 0);
        assert_int_equal(rule->bump == FH_BUMP_MAJOR, rule->reader == FH_COMPAT_BREAKING);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(rule->id, fh_compat_rules[j].id);
        }
    }
}

static void test_every_rule_has_a_case(void **state)
{
    (void)state;
    /* those of test_whole and test_name_status_and_servers */
    static const char *const elsewhere[] = {"table.added",
                                            "table.removed",
                                            "table.renamed",
                                            "key.added",
                                            "key.dropped",
                                            "product.renamed",
                                            "status.changed"};
    /* those that only come with another, which is heavier */
    static const char *const beside[] = {"type.option", "sla.element"};
    for (size_t i = 0; i < fh_compat_rule_count; i++) {
        const char *id = fh_compat_rules[i].id + strlen("compat.");
        bool found = false;
        for (size_t j = 0; j < FH_COUNT(compat_cases); j++) {
            found =
                found || (compat_cases[j].rule != NULL && strcmp(id, compat_cases[j].rule) == 0);
        }
        for (size_t j = 0; j < FH_COUNT(elsewhere); j++) {
            found = found || strcmp(id, elsewhere[j]) == 0;
        }
        for (size_t j = 0; j < FH_COUNT(beside); j++) {
            found = found || strcmp(id, beside[j]) == 0;
        }
        if (!found) {
            fail_msg("no case of %s", id);
        }
    }
}

/* proto/README.md has the table, row by row in the same order. */
static void test_documented(void **state)
{
    (void)state;
    struct fh_buf text;
    struct fh_err err = {0};
    fh_buf_init(&text, TEXT_BYTES_MAX);
    if (fh_file_read(FH_TEST_SOURCE_DIR "/../proto/README.md", &text, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    const char *at =
        strstr(fh_buf_cstr(&text), "| rule | READER | STORED | bump | what happened |");
    assert_non_null(at);
    for (size_t i = 0; i < fh_compat_rule_count; i++) {
        const struct fh_compat_rule *rule = &fh_compat_rules[i];
        char row[512];
        snprintf(row,
                 sizeof row,
                 "\n| `%s` | %s | %s | %s | %s |\n",
                 rule->id,
                 fh_compat_verdict_text(rule->reader),
                 fh_compat_verdict_text(rule->stored),
                 fh_bump_text(rule->bump),
                 rule->sentence);
        const char *found = strstr(at, row);
        if (found == NULL) {
            fail_msg("proto/README.md lacks, at its place:%s", row);
        }
        at = found + 1;
    }
    fh_buf_fini(&text);
}

/* ---- size ---- */

static void write_wide(struct fh_buf *out, size_t columns, bool other)
{
    fh_buf_add_cstr(out, HEAD "schema:\n  - name: t\n    properties:\n");
    for (size_t i = 0; i < columns; i++) {
        size_t name = other ? columns - i : i;
        fh_buf_printf(out,
                      "      - name: column_%zu\n        logicalType: integer\n"
                      "        required: %s\n        description: d%zu\n",
                      name,
                      other && i % 2 == 0 ? "true" : "false",
                      other ? i : 0);
    }
}

static void test_wide(void **state)
{
    (void)state;
#ifdef FH_TINY_LIMITS
    const size_t columns = FH_CONTRACT_COLUMNS_MAX - 1;
#else
    const size_t columns = 2000;
#endif
    FH_CLEANUP(fh_buf_fini) struct fh_buf before;
    FH_CLEANUP(fh_buf_fini) struct fh_buf after;
    fh_buf_init(&before, FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&after, FH_CONTRACT_BYTES_MAX);
    write_wide(&before, columns, false);
    write_wide(&after, columns, true);
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) =
        fh_arena_new(4 * (size_t)FH_CONTRACT_ARENA_BYTES_MAX);
    assert_non_null(arena);
    const struct fh_contract *old = read_text(arena, fh_buf_cstr(&before));
    const struct fh_contract *new = read_text(arena, fh_buf_cstr(&after));
    struct fh_compat compat;
    struct fh_err err = {0};
    static const struct fh_compat_options options;
    int64_t start = fh_clock_mono_ms();
    assert_int_equal(fh_compat_judge(&compat, old, new, &options, arena, &err), FH_OK);
    int64_t took = fh_clock_mono_ms() - start;
    print_message("%zu columns, %zu changes: %lld ms\n", columns, compat.count, (long long)took);
    assert_true(compat.count >= columns);
    assert_true(took < 2000); /* 50 ms is the aim; a loaded machine with sanitizers is slower */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_mirrored),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_name_status_and_servers),
        cmocka_unit_test(test_every_mutation_is_found),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_every_rule_has_a_case),
        cmocka_unit_test(test_documented),
        cmocka_unit_test(test_wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
