/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader against an outside oracle: VERDICTS.tsv holds what a general JSON Schema validator
 * says of each file of the standard's own examples and negatives and of a reference tool's
 * contracts, under four official schemas. Every file must get the same verdict under each. Left to
 * choose, the reader accepts what the schema of the version accepts that the file says (or, for
 * 3.0, what that of 3.1.0 accepts), so all official examples, and refuses all official negatives.
 * Each accepted file must also survive its canonical form. Skipped where the shared data is absent.
 */
#include "common/file.h"
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_rules.h"
#include "proto/contract/contract_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMAS = FH_ODCS_COUNT - FH_ODCS_3_0_2 };

struct tally {
    unsigned files;
    unsigned verdicts;
    unsigned agreed;
    unsigned accepted;  /* by default */
    unsigned examples;  /* official, accepted by default */
    unsigned negatives; /* official, refused by default for more than their version */
};

/* One row of the table. */
struct row {
    const char *name;
    const char *says;       /* apiVersion */
    bool accepted[SCHEMAS]; /* from v3.0.2 on */
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

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Judges a text and checks the verdict; the contract goes through its canonical form. */
static void judge(struct fh_bytes text,
                  const struct row *row,
                  enum fh_odcs_version version,
                  bool wanted,
                  struct tally *tally)
{
    struct fh_err err = {0};
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    assert_non_null(arena);
    fh_findings_init(&findings, arena);
    int rc = fh_contract_read_as(&contract, text, version, &findings, &err);
    bool accepted = rc == FH_OK;
    tally->verdicts++;
    tally->agreed += accepted == wanted;
    if (accepted != wanted) {
        print_error("%s by %s: expected %s, got %s: %s\n",
                    row->name,
                    version == FH_ODCS_OWN ? "its own version" : fh_odcs_text(version),
                    wanted ? "ok" : "fail",
                    accepted ? "ok" : "fail",
                    accepted ? "" : err.text);
    }
    if (version == FH_ODCS_OWN) {
        bool is_example = starts_with(row->name, "bitol-3.");
        tally->accepted += accepted;
        tally->examples += accepted && is_example;
        tally->negatives += starts_with(row->name, "bitol-negative/") &&
                            (has_error_beyond_version(&findings) ||
                             strstr(row->name, "invalid-api-version") != NULL);
        if (accepted) {
            check_form(contract, row->name);
        }
        if (accepted && is_example) {
            fh_contract_rules(contract, &findings);
            if (findings.errors != 0) {
                fail_msg("%s: %s", row->name, findings.items[findings.count - 1].message);
            }
        }
    }
    fh_arena_free(arena);
}

static void judge_file(const char *folder, const struct row *row, struct tally *tally)
{
    char path[1024];
    struct fh_buf text;
    struct fh_err err = {0};
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
    snprintf(path, sizeof path, "%s/%s", folder, row->name);
    assert_int_equal(fh_file_read(path, &text, &err), FH_OK);
    tally->files++;
    for (unsigned i = 0; i < SCHEMAS; i++) {
        enum fh_odcs_version version = (enum fh_odcs_version)(FH_ODCS_3_0_2 + i);
        judge(fh_buf_view(&text), row, version, row->accepted[i], tally);
    }
    bool own = starts_with(row->says, "v3.0.")    ? row->accepted[0] || row->accepted[2]
               : strcmp(row->says, "v3.1.0") == 0 ? row->accepted[2]
                                                  : row->accepted[3];
    judge(fh_buf_view(&text), row, FH_ODCS_OWN, own, tally);
    fh_buf_fini(&text);
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
    assert_non_null(fgets(line, sizeof line, file)); /* head: file, apiVersion, four schemas */
    while (fgets(line, sizeof line, file) != NULL) {
        char *columns[2 + SCHEMAS];
        char *rest = line;
        for (size_t i = 0; i < FH_COUNT(columns); i++) {
            columns[i] = strsep(&rest, "\t");
            assert_non_null(columns[i]);
        }
        struct row row = {.name = columns[0], .says = columns[1]};
        for (size_t i = 0; i < SCHEMAS; i++) {
            row.accepted[i] = strcmp(columns[2 + i], "ok") == 0;
        }
        judge_file(folder, &row, &tally);
    }
    fclose(file);
    print_message("%u files, %u of %u verdicts agree, %u accepted by default, %u of 46 examples "
                  "among them, %u of 28 negatives refused for their reason\n",
                  tally.files,
                  tally.agreed,
                  tally.verdicts,
                  tally.accepted,
                  tally.examples,
                  tally.negatives);
    assert_int_equal(tally.files, 116);
    assert_int_equal(tally.agreed, tally.verdicts);
    assert_int_equal(tally.examples, 46);
    assert_int_equal(tally.negatives, 28);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
