/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quality rules and service levels against real data in real workers: the library's metrics, SQL of
 * an author through the gate or not run, relationships between tables, ages and gaps.
 */
#include "tests/node/worker/checks_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- quality ---- */

static void metrics_count_rows_and_percent(void **state)
{
    (void)state;
    static const struct checks_row rows[] = {
        {"null, missing, invalid, duplicate values",
         "t.csv",
         "csv",
         TABLE P("id") COLUMN_QUALITY CQ("id: dup, metric: duplicateValues, mustBe: 1")
             CQ("metric: duplicateValues, mustBeLessThan: 25, unit: percent") P("code")
                 COLUMN_QUALITY CQ("metric: nullValues, mustBeLessOrEqualTo: 25, unit: percent")
                     CQ("metric: nullValues, mustBe: 0")
                         CQ("metric: missingValues, arguments: {missingValues: ['gh', null]}, "
                            "mustBe: 2")
                             CQ("metric: invalidValues, arguments: {validValues: [ABC, DEF]}, "
                                "mustBe: 0, severity: warning")
                                 CQ("metric: invalidValues, arguments: {pattern: '^[A-Z]+$'}, "
                                    "mustBeBetween: [1, 2]") CQ("metric: invalidValues, mustBe: 0")
                                     P("num") KEY("logicalType: integer")
                                         COLUMN_QUALITY CQ("metric: invalidValues, arguments: "
                                                           "{validValues: [1, 2.0]}, mustNotBe: 1"),
         "schema.t.properties.id.quality.dup passed 1/4 1\n"
         "schema.t.properties.id.quality.1 failed 1/4 25\n"
         "schema.t.properties.code.quality.0 passed 1/4 25\n"
         "schema.t.properties.code.quality.1 failed 1/4 1\n"
         "schema.t.properties.code.quality.2 passed 2/4 2\n"
         "schema.t.properties.code.quality.3 warning 1/4 1\n"
         "schema.t.properties.code.quality.4 passed 1/4 1\n"
         "schema.t.properties.code.quality.5 not_run 0/0: arguments name neither validValues nor "
         "a pattern\n"
         "schema.t.properties.num.type failed 1/4\n"
         "schema.t.properties.num.quality.0 failed 1/4 1\n"},
        {"metrics of a table",
         "t.parquet",
         "parquet",
         TABLE P("id") P("code") P("day") QUALITY Q("metric: rowCount, mustBeGreaterThan: 4")
             Q("metric: rowCount, mustBeBetween: [4, 5]") Q("metric: rowCount, mustNotBeBetween: "
                                                            "[4, 5]")
                 Q("metric: rowCount, mustBe: 4, unit: percent")
                     Q("metric: duplicateValues, arguments: {properties: [id, code]}, mustBe: 0")
                         Q("metric: duplicateValues, arguments: {properties: [id]}, "
                           "mustBeGreaterOrEqualTo: 2") Q("type: text, description: looks nice")
                             Q("type: custom, engine: soda, implementation: 'x'"),
         "schema.t.quality.0 failed 0/4 4\nschema.t.quality.1 passed 0/4 4\n"
         "schema.t.quality.2 failed 0/4 4\n"
         "schema.t.quality.3 not_run 0/0: a number of rows is no percentage\n"
         "schema.t.quality.4 passed 0/4 0\nschema.t.quality.5 failed 1/4 1\n"
         "schema.t.quality.6 not_run 0/0: a rule in words is for people\n"
         "schema.t.quality.7 not_run 0/0: a rule of the engine \"soda\" is not run here\n"},
        {"no rows are 0 percent",
         "empty.parquet",
         "parquet",
         TABLE P("id") COLUMN_QUALITY CQ("metric: nullValues, mustBe: 0, unit: percent"),
         "schema.t.properties.id.quality.0 passed 0/0 0\n"},
    };
    checks_expect(rows, FH_COUNT(rows));
}

#define SQL(query, operator) Q("type: sql, query: \"" query "\", " operator)

static void sql_rules_pass_the_gate(void **state)
{
    (void)state;
    static const struct checks_row rows[] = {
        {"numbers and Booleans",
         "t.parquet",
         "parquet",
         TABLE P("id") KEY("logicalType: integer") COLUMN_QUALITY CQ(
             "type: sql, query: 'SELECT count(*) FROM {object} WHERE {property} > 2', mustBe: 2")
             CQ("type: sql, query: 'SELECT max(${column}) FROM ${table}', mustBe: 4") P("real")
                 KEY("logicalType: number") P("num") KEY("logicalType: integer")
                     QUALITY SQL("SELECT bool_and(id > 0) FROM t", "mustBe: true")
                         SQL("SELECT avg(id) FROM t", "mustBe: 2.25")
                             SQL("SELECT max(real) FROM t", "mustBe: 0")
                                 SQL("SELECT max(real) FROM t WHERE id = 9", "mustBe: 0")
                                     SQL("SELECT max(num) FROM t", "mustBe: 2")
                                         SQL("WITH x AS (SELECT id FROM t) SELECT count(*) FROM x",
                                             "mustBe: 4"),
         "schema.t.properties.id.quality.0 passed 0/4 2\n"
         "schema.t.properties.id.quality.1 failed 0/4 3\n"
         "schema.t.properties.num.type failed 1/4\n"
         "schema.t.quality.0 passed 0/4 true\nschema.t.quality.1 passed 0/4 2.25\n"
         "schema.t.quality.2 failed 0/0\nschema.t.quality.3 failed 0/0\n"
         "schema.t.quality.4 not_run 0/0: a value does not convert to the type asked for while "
         "the rows were read (sql.runtime)\n"
         "schema.t.quality.5 passed 0/4 4\n"},
        {"answers that are none",
         "t.parquet",
         "parquet",
         TABLE P("id") P("code") QUALITY SQL("SELECT id FROM t", "mustBe: 1")
             SQL("SELECT 1, 2", "mustBe: 1") SQL("SELECT max(code) FROM t", "mustBe: 1")
                 SQL("SELECT 1 FROM t WHERE id = 99", "mustBe: 1"),
         "schema.t.quality.0 not_run 0/0: the query gives more than one row (rule.answer)\n"
         "schema.t.quality.1 not_run 0/0: the query must give one number or Boolean; it gave 2 "
         "columns and 1 rows or more (rule.answer)\n"
         "schema.t.quality.2 not_run 0/0: the query must give a number or a Boolean "
         "(rule.answer)\n"
         "schema.t.quality.3 failed 0/0\n"},
    };
    checks_expect(rows, FH_COUNT(rows));
}

static void hostile_rules_are_not_run(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        const char *rule;
    } rows[] = {
        {"SELECT count(*) FROM read_csv('/etc/passwd')", "(sql.gate.table_function)"},
        {"SELECT count(*) FROM '/etc/passwd'", "(rule.table)"},
        {"SELECT 1; SELECT 2", "(sql.statements)"},
        {"DELETE FROM t", "(sql.gate.statement)"},
        {"INSERT INTO t VALUES (1)", "(sql.gate.statement)"},
        {"COPY t TO 'x.csv'", "(sql.gate.statement)"},
        {"ATTACH 'x.db'", "(sql.gate.statement)"},
        {"SET memory_limit='10GB'", "(sql.gate.statement)"},
        {"PRAGMA database_list", "(sql.gate.statement)"},
        {"SELECT current_setting('memory_limit')", "(sql.gate.function)"},
        {"SELECT count(*) FROM duckdb_settings()", "(sql.gate.table_function)"},
        {"SELECT count(*) FROM other", "(rule.table)"},
        {"SELECT count(*) FROM memory.main.t", "(rule.table)"},
        {"SELECT count(*) FROM information_schema.tables", "(rule.table)"},
        {"SELECT nope FROM t", "(sql.bind)"},
        {"SELEC", "(sql."},
        {"SELECT getenv('HOME')", "(sql.gate.function)"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char schema[1024];
        struct checks_run run;
        snprintf(schema,
                 sizeof schema,
                 TABLE P("id") QUALITY
                 "      - type: sql\n        query: >-\n          %s\n        "
                 "mustBe: 0\n",
                 rows[i].query);
        checks_do(&run, "t.parquet", "parquet", schema, 0);
        assert_int_equal(run.err.code, FH_OK);
        assert_int_equal(run.failed, 0);
        if (strstr(fh_buf_cstr(&run.text), "not_run") == NULL ||
            strstr(fh_buf_cstr(&run.text), rows[i].rule) == NULL) {
            fail_msg("%s: %s", rows[i].query, fh_buf_cstr(&run.text));
        }
        fh_buf_fini(&run.text);
    }
}

/* ---- several tables, service levels ---- */

static void tables_refer_to_each_other(void **state)
{
    (void)state;
#define TWO                                                                                        \
    "  - name: things\n    physicalName: t\n    properties:\n" P("id")                             \
        P("code") "  - name: uses\n    physicalName: u\n"
#define U_COLUMNS "    properties:\n" P("id") P("t_id")
    static const struct checks_row rows[] = {
        {"a column",
         "'{model}.parquet'",
         "parquet",
         TWO U_COLUMNS KEY("relationships:") KEY("  - to: things.id") KEY("  - to: things.gone")
             KEY("  - to: other.yaml#/schema/x/properties/y")
                 KEY("  - to: schema/things/properties/id") "    quality:\n"
                                                            "      - {type: sql, query: 'SELECT "
                                                            "count(*) FROM u JOIN things ON "
                                                            "things.id = u.t_id', mustBe: 2}\n",
         "schema.uses.properties.t_id.relationships.0 failed 1/3\n"
         "schema.uses.properties.t_id.relationships.1 not_run 0/0: \"things.gone\" is no column "
         "of this contract; other contracts are not read\n"
         "schema.uses.properties.t_id.relationships.2 not_run 0/0: "
         "\"other.yaml#/schema/x/properties/y\" is no column of this contract; other contracts "
         "are not read\n"
         "schema.uses.properties.t_id.relationships.3 failed 1/3\n"
         "schema.uses.quality.0 passed 0/3 2\n"},
        {"two columns",
         "'{model}.parquet'",
         "parquet",
         TWO "    relationships:\n      - {from: [uses.id, uses.t_id], to: [things.id, "
             "things.id]}\n      - {from: [uses.id], to: [things.id]}\n" U_COLUMNS,
         "schema.uses.relationships.0 failed 2/3\nschema.uses.relationships.1 passed 0/3\n"},
        {"a field of a column is not the column",
         "'{model}.parquet'",
         "parquet",
         "  - name: things\n    physicalName: t\n    properties:\n" P("id")
             KEY("logicalType: object") KEY(
                 "properties: [{name: part}]") "  - name: uses\n    physicalName: u\n" U_COLUMNS
                 KEY("relationships:") KEY("  - to: schema/things/properties/id/properties/part"),
         "schema.things.properties.id.type failed 4/4\n"
         "schema.uses.properties.t_id.relationships.0 not_run 0/0: "
         "\"schema/things/properties/id/properties/part\" is no column of this contract; other "
         "contracts are not read\n"},
        {"a table that is not there",
         "'{model}.csv'",
         "csv",
         TWO U_COLUMNS,
         "schema.uses.source failed 0/0\n"
         "schema.uses.properties.id.present not_run 0/0: the source of the table cannot be read\n"
         "schema.uses.properties.t_id.present not_run 0/0: the source of the table cannot be "
         "read\n"},
    };
#undef TWO
#undef U_COLUMNS
    checks_expect(rows, FH_COUNT(rows));
}

static void service_levels_are_measured(void **state)
{
    (void)state;
#define DAY  TABLE P("day") KEY("logicalType: date") "slaProperties:\n"
#define S(x) "  - {" x "}\n"
    static const struct checks_row rows[] = {
        {"ages and gaps",
         "t.parquet",
         "parquet",
         DAY S("property: latency, value: 1, unit: d, element: t.day")
             S("property: Freshness, value: 11, unit: h, element: t.day")
                 S("property: retention, value: P1Y, element: t.day")
                     S("property: retention, value: P11M30D, element: t.day")
                         S("property: frequency, value: 1, unit: y, element: t.day")
                             S("property: fy, value: 27, unit: days, element: t.day")
                                 S("property: latency, value: 1, unit: d")
                                     S("property: latency, value: soon, element: t.day"),
         "slaProperties.latency passed 0/4 PT12H\n"
         "slaProperties.freshness failed 0/4 PT12H\n"
         "slaProperties.retention failed 0/4 P365DT12H\n"
         "slaProperties.retention.1 failed 0/4 P365DT12H\n"
         "slaProperties.frequency passed 0/4 P337D\n"
         "slaProperties.frequency.1 failed 0/4 P337D\n"
         "slaProperties.latency.1 not_run 0/0: no element says which column holds the time\n"
         "slaProperties.latency.2 not_run 0/0: \"soon\" is no length of time; write 7 with unit "
         "d, or P1Y6M, PT36H\n"},
        {"dates and what is not measured here",
         "t.parquet",
         "parquet",
         DAY S("property: endOfSupport, value: 2026-03-01") S("property: el, value: 2026-02-28")
             S("property: generalAvailability, value: 2026-04-01") S(
                 "property: availability, value: 99.9, unit: percent")
                 S("property: timeToRepair, value: 1, unit: d") S("property: happiness, value: 1"),
         "slaProperties.endOfSupport passed 0/0 2026-03-01T12:00:00Z\n"
         "slaProperties.endOfLife failed 0/0 2026-03-01T12:00:00Z\n"
         "slaProperties.generalAvailability warning 0/0 2026-03-01T12:00:00Z\n"
         "slaProperties.availability not_run 0/0: it is measured by the node that serves the "
         "product\n"
         "slaProperties.timeToRepair not_run 0/0: how fast people react is not in the data\n"
         "slaProperties.happiness not_run 0/0: no rule is known for \"happiness\"\n"},
        {"no rows have no age",
         "empty.parquet",
         "parquet",
         DAY S("property: latency, value: 1, unit: d, element: day")
             S("property: frequency, value: 1, unit: d, element: day"),
         "slaProperties.latency not_run 0/0: the column has no value whose age could be told\n"
         "slaProperties.frequency not_run 0/0: fewer than two times are there to compare\n"},
    };
#undef DAY
#undef S
    checks_expect(rows, FH_COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_count_rows_and_percent),
        cmocka_unit_test(sql_rules_pass_the_gate),
        cmocka_unit_test(hostile_rules_are_not_run),
        cmocka_unit_test(tables_refer_to_each_other),
        cmocka_unit_test(service_levels_are_measured),
    };
    return cmocka_run_group_tests_name("checks_rules", tests, checks_up, checks_down);
}
