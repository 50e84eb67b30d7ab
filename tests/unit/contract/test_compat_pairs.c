/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The STORED verdict against an outside oracle: BREAKING_PAIRS.tsv holds what the rules of a
 * reference tool say of pairs of contracts. Those rules ask whether stored data still fits, with
 * one exception of their own: a column or table that is gone breaks there, and is a warning here
 * (what is stored still fits, it only has no place any more). The verdict on each pair must be the
 * same. Skipped where the shared data is absent.
 */
#include "common/file.h"
#include "common/limits.h"
#include "proto/contract/compat.h"
#include "proto/contract/contract_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Some of the contracts fail the standard's schema; the oracle judged them all the same, and so
 * does this test by what could be read. */
static struct fh_contract *read_file(const char *folder, const char *name, struct fh_arena *arena)
{
    char path[1200];
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_err err = {0};
    fh_findings_init(&findings, arena);
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(fh_file_read(path, &text, &err), FH_OK);
    if (fh_contract_read(&contract, fh_buf_view(&text), &findings, &err) != FH_OK) {
        print_message("%s: %s\n", name, err.text);
    }
    assert_non_null(contract);
    return contract;
}

static void judge(const char *folder, char *const columns[3], unsigned *compared)
{
    static const struct fh_compat_options options;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) =
        fh_arena_new(3 * (size_t)FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_compat compat;
    struct fh_err err = {0};
    assert_non_null(arena);
    const struct fh_contract *before = read_file(folder, columns[0], arena);
    const struct fh_contract *after = read_file(folder, columns[1], arena);
    assert_int_equal(fh_compat_judge(&compat, before, after, &options, arena, &err), FH_OK);
    bool wanted = strcmp(columns[2], "True") == 0;
    if ((compat.stored_breaking > 0) != wanted) {
        for (size_t i = 0; i < compat.count; i++) {
            print_message("  %s: %s\n", compat.items[i].change->path, compat.items[i].rule->id);
        }
        fail_msg("%s -> %s: STORED should %sbreak", columns[0], columns[1], wanted ? "" : "not ");
    }
    (*compared)++;
}

static void test_pairs(void **state)
{
    (void)state;
    const char *shared = getenv("FH_SHARED_DATA");
    char folder[800];
    char table[900];
    snprintf(folder, sizeof folder, "%s/odcs", shared == NULL ? "" : shared);
    snprintf(table, sizeof table, "%s/BREAKING_PAIRS.tsv", folder);
    FILE *file = fopen(table, "r");
    if (file == NULL) {
        print_message("skipped: %s is absent (FH_SHARED_DATA)\n", table);
        skip();
    }
#ifdef FH_TINY_LIMITS
    fclose(file);
    print_message("skipped: the examples are larger than tiny limits allow\n");
    skip();
#endif
    static char line[64 * 1024];
    unsigned compared = 0;
    assert_non_null(fgets(line, sizeof line, file)); /* head: v1, v2, breaking */
    while (fgets(line, sizeof line, file) != NULL) {
        char *columns[3];
        char *rest = line;
        for (size_t i = 0; i < FH_COUNT(columns); i++) {
            columns[i] = strsep(&rest, "\t");
            assert_non_null(columns[i]);
        }
        judge(folder, columns, &compared);
    }
    fclose(file);
    print_message("%u pairs agree\n", compared);
    assert_true(compared >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
