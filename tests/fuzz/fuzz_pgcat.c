/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements about system tables: whatever they say, what they become is one query of SQLite's over
 * the tables that are ours, or there is an error with a rule that PostgreSQL has a code for.
 * Answers are asked for too, as their functions read what the statement gives them.
 */
#include "tests/unit/pgcat/aviation.h"

#include "common/assert.h"
#include "common/bytes.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fh_pgcat *catalogue; /* one for all runs: a statement leaves no trace in it */

static void check(int code, const struct fh_err *err, struct fh_pgcat_rows *rows)
{
    if (code != FH_OK) {
        FH_ASSERT(code == err->code);
        FH_ASSERT(code == FH_ENOMEM || fh_pgcat_sqlstate(err->rule) != NULL);
        return;
    }
    for (size_t i = 0; i < rows->row_count * rows->column_count; i++) {
        FH_ASSERT(rows->cells[i].text == NULL ||
                  strlen(rows->cells[i].text) == rows->cells[i].size);
    }
    for (size_t i = 0; i < rows->column_count; i++) {
        FH_ASSERT(rows->columns[i].type != 0);
    }
    fh_pgcat_rows_free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_err err = {0};
    struct fh_pgcat_rows *rows = NULL;
    struct fh_bytes sql = fh_bytes(data, size);
    if (catalogue == NULL && fh_pgcat_new(&catalogue, &aviation_mesh, &err) != FH_OK) {
        return 0;
    }
    (void)fh_pgcat_is_for(sql);
    int code = fh_pgcat_describe(catalogue, &aviation_self, sql, NULL, 0, &rows, &err);
    size_t params = code == FH_OK ? rows->param_count : 0;
    check(code, &err, rows);
    struct fh_pgcat_param values[64] = {0};
    for (size_t i = 0; i < params && i < FH_COUNT(values); i++) {
        values[i].value = (struct fh_pgcat_value){i % 2 == 0 ? "1" : NULL, i % 2 == 0 ? 1 : 0};
    }
    rows = NULL;
    code = fh_pgcat_answer(catalogue, &aviation_self, sql, values, params, &rows, &err);
    check(code, &err, rows);
    return 0;
}
