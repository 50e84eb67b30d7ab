/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader against an outside oracle: VERDICTS.tsv holds what a general JSON Schema validator
 * says of each file of the standard's own examples and negatives and of a reference tool's
 * contracts, under the schema of 3.1.0. Every file must get the same verdict. Each accepted file
 * must also survive its canonical form. Skipped where the shared data is absent.
 */
#include "common/file.h"
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    unsigned files;
    unsigned agreed;
    unsigned accepted;
    unsigned negatives; /* that fail for more than their version */
};

static void check_form(const struct fh_contract *contract, const char *path)
{
    struct fh_buf form;
    struct fh_buf again;
    struct fh_contract *decoded = NULL;
    struct fh_err err = {0};
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    assert_non_null(arena);
    fh_buf_init(&form, FH_CONTRACT_FORM_BYTES_MAX);
    fh_buf_init(&again, FH_CONTRACT_FORM_BYTES_MAX);
    fh_contract_encode(&form, contract);
    assert_int_equal(fh_buf_ok(&form), FH_OK);
    if (fh_contract_decode(&decoded, fh_buf_view(&form), arena, &err) != FH_OK) {
        fail_msg("%s: %s", path, err.text);
    }
    fh_contract_encode(&again, decoded);
    if (!fh_bytes_equal(fh_buf_view(&form), fh_buf_view(&again))) {
        fail_msg("%s: the form of the decoded contract differs", path);
    }
    fh_buf_fini(&again);
    fh_buf_fini(&form);
    fh_arena_free(arena);
}

static bool has_error_beyond_version(const struct fh_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].severity == FH_SEVERITY_ERROR &&
            strcmp(findings->items[i].rule, "odcs.api_version") != 0) {
            return true;
        }
    }
    return false;
}

static void judge(const char *folder, const char *name, bool wanted, struct tally *tally)
{
    char path[1024];
    struct fh_buf text;
    struct fh_err err = {0};
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    assert_non_null(arena);
    fh_findings_init(&findings, arena);
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(fh_file_read(path, &text, &err), FH_OK);
    int rc = fh_contract_read(&contract, fh_buf_view(&text), &findings, &err);
    bool accepted = rc == FH_OK;
    tally->files++;
    tally->agreed += accepted == wanted;
    tally->accepted += accepted;
    if (accepted != wanted) {
        print_error("%s: expected %s, got %s: %s\n",
                    name,
                    wanted ? "ok" : "fail",
                    accepted ? "ok" : "fail",
                    accepted ? "" : err.text);
    }
    if (accepted) {
        check_form(contract, name);
    }
    if (accepted && strncmp(name, "bitol-3.1/", 10) == 0) {
        fh_contract_rules(contract, &findings);
        assert_int_equal(findings.errors, 0); /* structural rules accept the standard's examples */
    }
    if (strncmp(name, "bitol-negative/", 15) == 0) {
        tally->negatives +=
            has_error_beyond_version(&findings) || strstr(name, "invalid-api-version") != NULL;
    }
    fh_buf_fini(&text);
    fh_arena_free(arena);
}

static void test_verdicts(void **state)
{
    (void)state;
    const char *shared = getenv("FH_SHARED_DATA");
    char folder[800];
    char table[900];
    snprintf(folder, sizeof folder, "%s/odcs", shared == NULL ? "" : shared);
    snprintf(table, sizeof table, "%s/VERDICTS.tsv", folder);
    FILE *file = fopen(table, "r");
    if (file == NULL) {
        print_message("skipped: %s is absent (FH_SHARED_DATA)\n", table);
        skip();
    }
#ifdef FH_TINY_LIMITS
    fclose(file);
    print_message("skipped: the standard's examples are larger than tiny limits allow\n");
    skip();
#endif
    char line[4096];
    struct tally tally = {0};
    assert_non_null(
        fgets(line, sizeof line, file)); /* head: file, apiVersion, v3.0.2, strict, v3.1.0 */
    while (fgets(line, sizeof line, file) != NULL) {
        char *columns[5];
        char *rest = line;
        for (size_t i = 0; i < FH_COUNT(columns); i++) {
            columns[i] = strsep(&rest, "\t");
            assert_non_null(columns[i]);
        }
        judge(folder, columns[0], strcmp(columns[4], "ok") == 0, &tally);
    }
    fclose(file);
    print_message(
        "%u of %u verdicts agree, %u accepted, %u of 28 negatives fail for their reason\n",
        tally.agreed,
        tally.files,
        tally.accepted,
        tally.negatives);
    assert_true(tally.files >= 100);
    assert_int_equal(tally.agreed, tally.files);
    assert_int_equal(tally.negatives, 28);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
