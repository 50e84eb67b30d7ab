/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/sql_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *logical;
        const char *physical;
        const char *format;
        enum fh_contract_bool timezone;
        const char *sql; /* NULL: refused */
    } rows[] = {
        {"string", NULL, NULL, 0, "VARCHAR"},
        {"string", "varchar(18)", NULL, 0, "VARCHAR"},
        {"string", "uuid", "uuid", 0, "VARCHAR"},
        {"string", "BLOB", NULL, 0, "BLOB"},
        {"string", "int", NULL, 0, "VARCHAR"}, /* of another family: speaks of the source */
        {"integer", NULL, NULL, 0, "BIGINT"},
        {"integer", "INTEGER", NULL, 0, "INTEGER"},
        {"integer", "smallint", NULL, 0, "SMALLINT"},
        {"integer", "INTEGER", "i64", 0, "BIGINT"},
        {"integer", NULL, "i8", 0, "TINYINT"},
        {"integer", NULL, "u64", 0, "UBIGINT"},
        {"integer", NULL, "u128", 0, "UHUGEINT"},
        {"integer", "numeric(10)", NULL, 0, "BIGINT"},
        {"integer", "numeric(30, 0)", NULL, 0, "HUGEINT"},
        {"integer", "numeric(10,2)", NULL, 0, "BIGINT"},
        {"number", NULL, NULL, 0, "DOUBLE"},
        {"number", "float", NULL, 0, "DOUBLE"},
        {"number", "real", NULL, 0, "FLOAT"},
        {"number", NULL, "f32", 0, "FLOAT"},
        {"number", "decimal(18,3)", NULL, 0, "DECIMAL(18,3)"},
        {"number", "NUMERIC ( 38 , 38 )", NULL, 0, "DECIMAL(38,38)"},
        {"number", "decimal(12)", NULL, 0, "DECIMAL(12,0)"},
        {"number", "decimal", NULL, 0, "DECIMAL(18,3)"},
        {"number", "decimal(18,3)", "f64", 0, "DOUBLE"},
        {"boolean", "tinyint", NULL, 0, "BOOLEAN"},
        {"date", NULL, "yyyy-MM-dd", 0, "DATE"},
        {"date", "timestamp", NULL, 0, "TIMESTAMP"},
        {"time", NULL, NULL, 0, "TIME"},
        {"timestamp", NULL, NULL, 0, "TIMESTAMP"},
        {"timestamp", NULL, NULL, FH_CONTRACT_TRUE, "TIMESTAMP WITH TIME ZONE"},
        {"timestamp", "timestamptz", NULL, 0, "TIMESTAMP WITH TIME ZONE"},
        {"timestamp", "timestamptz", NULL, FH_CONTRACT_FALSE, "TIMESTAMP"},
        {NULL, "bigint", NULL, 0, "BIGINT"},
        {NULL, "Double Precision", NULL, 0, "DOUBLE"},
        {NULL, "decimal(9,2)", NULL, 0, "DECIMAL(9,2)"},
        {NULL, "text", NULL, 0, "VARCHAR"},
        {NULL, NULL, NULL, 0, NULL},
        {NULL, "", NULL, 0, NULL},
        {NULL, "(5)", NULL, 0, NULL},
        {NULL, "geometry", NULL, 0, NULL},
        {NULL, "a type whose name is far longer than any that a database has", NULL, 0, NULL},
        {"text", NULL, NULL, 0, NULL}, /* no logical type of the standard */
        {"object", "struct", NULL, 0, NULL},
        {"array", "integer[]", NULL, 0, NULL},
        {"number", "decimal(0,0)", NULL, 0, NULL},
        {"number", "decimal(39,0)", NULL, 0, NULL},
        {"number", "decimal(5,6)", NULL, 0, NULL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_contract_options options = {.format = rows[i].format,
                                              .timezone = rows[i].timezone};
        struct fh_contract_column column = {.name = "c",
                                            .logical_type = rows[i].logical,
                                            .physical_type = rows[i].physical,
                                            .options = &options};
        char out[FH_SQL_TYPE_BYTES] = "untouched";
        struct fh_err err = {0};
        int rc = fh_contract_sql_type(&column, out, &err);
        if (rows[i].sql == NULL) {
            assert_int_equal(rc, FH_EINVAL);
            assert_string_equal(err.rule, "publish.column.type");
            assert_string_equal(out, "untouched");
        } else if (rc != FH_OK || strcmp(out, rows[i].sql) != 0) {
            fail_msg("row %zu gave %s, expected %s", i, out, rows[i].sql);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_types)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
