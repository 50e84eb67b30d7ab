/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises against real data in real workers: every kind that can be measured passes on data that
 * keep it and fails on data that break it, in CSV, JSON and Parquet; SQL rules pass the gate or are
 * not run; what cannot be read fails as a source.
 */
#include "common/time.h"
#include "node/quality/checks.h"
#include "proto/contract/contract_read.h"
#include "tests/node/worker/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rig rig;

static const int64_t now_ms = INT64_C(1772366400000); /* 2026-03-01T12:00:00Z */

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(
        &rig,
        "CREATE TABLE t AS SELECT * FROM (VALUES "
        "(1, 'ABC', 10.5, 'a@b.example', 5, '2026-03-01', '1', 'NaN'),"
        "(2, 'DEF', 20.0, 'nobody', 7, '2026-02-28', '2', '1'),"
        "(3, 'gh', -1.0, 'c@d.example', 9, '2026-02-01', 'x', '2'),"
        "(3, NULL, 99.5, NULL, 10, '2025-03-01', NULL, NULL)"
        ") v(id, code, amount, mail, five, day, num, real);"
        "COPY t TO '%s/t.csv' (HEADER); COPY t TO '%s/t.json';"
        "COPY (SELECT id, code, amount::DOUBLE AS amount, mail, five, day::DATE AS day, num, "
        "real::DOUBLE AS real FROM t) TO '%s/t.parquet';"
        "COPY (SELECT * FROM t WHERE id = 0) TO '%s/empty.parquet';"
        "COPY (SELECT 1 AS id, 3 AS t_id UNION ALL SELECT 2, 8 UNION ALL SELECT 3, NULL) TO "
        "'%s/u.parquet';"
        "COPY (SELECT 1 AS id, {'city': 'Ulm', 'zip': '89073', 'x': NULL} AS address, [1, 2, 3] AS "
        "list, ['a', 'a'] AS tags UNION ALL SELECT 2, {'city': NULL, 'zip': 'none', 'x': 1}, [], "
        "['b']) TO '%s/n.json';"
        "COPY (SELECT 1 AS id, {'city': 'Ulm', 'zip': '89073'} AS address, [1, 2, 3] AS list, "
        "['a', "
        "'a'] AS tags) TO '%s/n.parquet';"
        "COPY (SELECT '01.02.2026' AS d, '10:00' AS h UNION ALL SELECT '31.02.2026', '9:5') TO "
        "'%s/d.csv' (HEADER);"
        "COPY (SELECT '192.168.0.1' AS ipv4, '::1' AS ipv6, "
        "'6ba7b810-9dad-11d1-80b4-00c04fd430c8' AS uuid, 'https://a.example/x?y=1' AS uri, "
        "'node-1.a.example' AS host, 'aGVsbG8=' AS b, 255 AS u8, '1e38' AS f32 UNION ALL SELECT "
        "'256.1.1.1', '1::2::3', 'no', 'not a uri', '-x-', 'a', 256, '1e39') TO "
        "'%s/f.csv' (HEADER)");
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_down(&rig);
    return 0;
}

/* ---- running ---- */

struct run {
    bool over;
    struct fh_buf text;
    struct fh_err err;
    unsigned failed;
};

static void put_result(struct fh_buf *out, const struct fh_checks_result *result, uint32_t i)
{
    const struct fh_promise_result *r = &result->results[i];
    fh_buf_printf(out,
                  "%s %s %llu/%llu",
                  result->promises.items[i].id,
                  fh_promise_outcome_text(r->outcome),
                  (unsigned long long)r->failing,
                  (unsigned long long)r->total);
    if (result->promises.items[i].category != FH_PROMISE_SCHEMA && r->measured[0] != '\0') {
        fh_buf_printf(out, " %s", r->measured);
    }
    if (r->outcome == FH_PROMISE_NOT_RUN) {
        fh_buf_printf(out, ": %s", r->reason);
    }
    fh_buf_add_u8(out, '\n');
}

/* Everything but sources, presence and types that hold. */
static void over(const struct fh_checks_result *result, const struct fh_err *err, void *user)
{
    struct run *run = user;
    run->over = true;
    if (result == NULL) {
        run->err = *err;
        return;
    }
    run->failed = result->failed;
    for (uint32_t i = 0; i < result->promises.count; i++) {
        enum fh_promise_kind kind = result->promises.items[i].kind;
        bool dull =
            (kind == FH_PROMISE_SOURCE || kind == FH_PROMISE_PRESENT || kind == FH_PROMISE_TYPE) &&
            result->results[i].outcome == FH_PROMISE_PASSED;
        if (!dull) {
            put_result(&run->text, result, i);
        }
    }
    for (uint32_t i = 0; i < result->sample_count; i++) {
        const struct fh_checks_sample *sample = &result->samples[i];
        fh_buf_printf(&run->text, "sample %s\n", result->promises.items[sample->promise].id);
        for (uint32_t k = 0; k < sample->row_count * sample->column_count; k++) {
            fh_buf_printf(&run->text,
                          "%s=%s%s",
                          sample->columns[k % sample->column_count],
                          sample->cells[k] == NULL ? "NULL" : sample->cells[k],
                          (k + 1) % sample->column_count == 0 ? "\n" : " ");
        }
    }
}

/* `schema` is the text below "schema:"; more top-level keys may follow. */
static struct fh_contract *
contract(struct fh_arena *arena, const char *path, const char *format, const char *schema)
{
    struct fh_contract *read = NULL;
    struct fh_findings findings;
    struct fh_err err = {0};
    char *yaml = fh_arena_printf(
        arena,
        "apiVersion: v3.1.0\nkind: DataContract\nid: t\nname: t\nversion: 1.0.0\nstatus: active\n"
        "servers:\n  - server: files\n    type: local\n    path: %s\n    format: %s\nschema:\n%s",
        path,
        format,
        schema);
    fh_findings_init(&findings, arena);
    assert_non_null(yaml);
    int code = fh_contract_read(&read, fh_bytes_cstr(yaml), &findings, &err);
    if (code != FH_OK || fh_findings_ok(&findings, &err) != FH_OK) {
        fail_msg("%s\n%s", err.text, yaml);
    }
    return read;
}

static void
check(struct run *run, const char *path, const char *format, const char *schema, uint32_t samples)
{
    struct fh_arena *arena = fh_arena_new(32 * 1024 * 1024);
    struct fh_err err = {0};
    *run = (struct run){.over = false};
    fh_buf_init(&run->text, 256 * 1024);
    assert_non_null(arena);
    struct fh_checks_options options = {
        .loop = rig.loop,
        .workers = rig.workers,
        .contract = contract(arena, path, format, schema),
        .data_root = rig.scratch.path,
        .samples = samples,
        .now_ms = now_ms,
        .memory_mib = 512,
        .threads = 2,
        .timeout_ms = 60000,
    };
    int code = fh_checks_begin(&options, over, run, &err);
    if (code != FH_OK) {
        fail_msg("%s", err.text);
    }
    while (!run->over) {
        fh_loop_run_once(rig.loop, 100);
    }
    fh_arena_free(arena);
}

struct row {
    const char *name;
    const char *path;
    const char *format;
    const char *schema;
    const char *expected;
};

static void expect(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct run run;
        check(&run, rows[i].path, rows[i].format, rows[i].schema, 0);
        if (run.err.code != FH_OK) {
            fail_msg("%s: %s", rows[i].name, run.err.text);
        }
        if (strcmp(fh_buf_cstr(&run.text), rows[i].expected) != 0) {
            fail_msg(
                "%s:\n%s\nexpected:\n%s", rows[i].name, fh_buf_cstr(&run.text), rows[i].expected);
        }
        fh_buf_fini(&run.text);
    }
}

/* ---- schema ---- */

#define TABLE      "  - name: t\n    properties:\n"
#define P(name)    "      - name: " name "\n"
#define KEY(x)     "        " x "\n"
#define OPTIONS(x) "        logicalTypeOptions: {" x "}\n"

#define T_COLUMNS                                                                                  \
    TABLE P("id") KEY("logicalType: integer") KEY("unique: true") KEY("required: true") P("code")  \
        KEY("logicalType: string") KEY("required: true")                                           \
            OPTIONS("minLength: 3, maxLength: 2, pattern: '^[A-Z]{3}$'") P("amount")               \
                KEY("logicalType: number")                                                         \
                    OPTIONS("minimum: 0, maximum: 99.5, exclusiveMaximum: 99.5, multipleOf: 0.5")  \
                        P("mail") KEY("logicalType: string") OPTIONS("format: email") P("five")    \
                            KEY("logicalType: integer") OPTIONS("multipleOf: 5, "                  \
                                                                "exclusiveMinimum: 5") P("num")    \
                                KEY("logicalType: integer")

#define T_EXPECTED                                                                                 \
    "schema.t.properties.id.required passed 0/4\n"                                                 \
    "schema.t.properties.id.unique failed 1/4\n"                                                   \
    "schema.t.properties.code.required failed 1/4\n"                                               \
    "schema.t.properties.code.minLength failed 1/4\n"                                              \
    "schema.t.properties.code.maxLength failed 2/4\n"                                              \
    "schema.t.properties.code.pattern failed 1/4\n"                                                \
    "schema.t.properties.amount.minimum failed 1/4\n"                                              \
    "schema.t.properties.amount.maximum passed 0/4\n"                                              \
    "schema.t.properties.amount.exclusiveMaximum failed 1/4\n"                                     \
    "schema.t.properties.amount.multipleOf passed 0/4\n"                                           \
    "schema.t.properties.mail.format failed 1/4\n"                                                 \
    "schema.t.properties.five.exclusiveMinimum failed 1/4\n"                                       \
    "schema.t.properties.five.multipleOf failed 2/4\n"                                             \
    "schema.t.properties.num.type failed 1/4\n"

static void columns_keep_and_break_their_promises(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"csv", "t.csv", "csv", T_COLUMNS, T_EXPECTED},
        {"json", "t.json", "json", T_COLUMNS, T_EXPECTED},
        {"parquet", "t.parquet", "parquet", T_COLUMNS, T_EXPECTED},
        {"a missing column",
         "t.parquet",
         "parquet",
         TABLE P("gone") KEY("logicalType: string") KEY("required: true") KEY("unique: true"),
         "schema.t.properties.gone.present failed 0/4\n"
         "schema.t.properties.gone.type not_run 0/0: the source has not all columns that it is "
         "about\n"
         "schema.t.properties.gone.required not_run 0/0: the source has not all columns that it "
         "is about\n"
         "schema.t.properties.gone.unique not_run 0/0: the source has not all columns that it is "
         "about\n"},
        {"a key of one column",
         "t.csv",
         "csv",
         TABLE P("id") KEY("primaryKey: true") KEY("logicalType: integer"),
         "schema.t.properties.id.required passed 0/4\nschema.t.primaryKey failed 1/4\n"},
        {"a key of two columns; a missing part is no repetition",
         "t.csv",
         "csv",
         TABLE P("id") KEY("primaryKey: true") KEY("logicalType: integer") P("code")
             KEY("primaryKey: true") KEY("logicalType: string"),
         "schema.t.properties.id.required passed 0/4\n"
         "schema.t.properties.code.required failed 1/4\nschema.t.primaryKey passed 0/4\n"},
        {"NaN is above and below every bound, and no multiple",
         "t.parquet",
         "parquet",
         TABLE P("real") KEY("logicalType: number")
             OPTIONS("minimum: 0, maximum: 10, multipleOf: 1"),
         "schema.t.properties.real.minimum failed 1/4\n"
         "schema.t.properties.real.maximum failed 1/4\n"
         "schema.t.properties.real.multipleOf failed 1/4\n"},
        {"no rows break nothing",
         "empty.parquet",
         "parquet",
         T_COLUMNS,
         "schema.t.properties.id.required passed 0/0\nschema.t.properties.id.unique passed 0/0\n"
         "schema.t.properties.code.required passed 0/0\n"
         "schema.t.properties.code.minLength passed 0/0\n"
         "schema.t.properties.code.maxLength passed 0/0\n"
         "schema.t.properties.code.pattern passed 0/0\n"
         "schema.t.properties.amount.minimum passed 0/0\n"
         "schema.t.properties.amount.maximum passed 0/0\n"
         "schema.t.properties.amount.exclusiveMaximum passed 0/0\n"
         "schema.t.properties.amount.multipleOf passed 0/0\n"
         "schema.t.properties.mail.format passed 0/0\n"
         "schema.t.properties.five.exclusiveMinimum passed 0/0\n"
         "schema.t.properties.five.multipleOf passed 0/0\n"},
        {"dates",
         "t.parquet",
         "parquet",
         TABLE P("day") KEY("logicalType: date")
             OPTIONS("minimum: '2026-01-01', exclusiveMaximum: '2026-03-02'"),
         "schema.t.properties.day.minimum failed 1/4\n"
         "schema.t.properties.day.exclusiveMaximum passed 0/4\n"},
        {"a bound that is no date",
         "t.parquet",
         "parquet",
         TABLE P("day") KEY("logicalType: date") OPTIONS("minimum: 'soon'"),
         "schema.t.properties.day.minimum not_run 0/0: the engine cannot check it: a value does "
         "not convert to the type asked for\n"},
        {"formats of dates",
         "d.csv",
         "csv",
         TABLE P("d") KEY("logicalType: date") OPTIONS("format: dd.MM.yyyy") P("h")
             KEY("logicalType: time") OPTIONS("format: 'HH:mm'"),
         "schema.t.properties.d.type failed 2/2\nschema.t.properties.d.format failed 1/2\n"
         "schema.t.properties.h.format failed 1/2\n"},
        {"patterns that the engine has not",
         "t.csv",
         "csv",
         TABLE P("code") KEY("logicalType: string") OPTIONS("pattern: '(?=A)B'") P("mail")
             KEY("logicalType: string") OPTIONS("pattern: '(b'"),
         "schema.t.properties.code.pattern not_run 0/0: the pattern needs a look-ahead, which the "
         "engine has not\n"
         "schema.t.properties.mail.pattern not_run 0/0: the engine cannot check it: a function "
         "got an input that it cannot use\n"},
    };
    expect(rows, FH_COUNT(rows));
}

static void formats_of_text_and_numbers(void **state)
{
    (void)state;
#define F(name, format) P(name) KEY("logicalType: string") OPTIONS("format: " format)
#define FAILED(name)    "schema.t.properties." name ".format failed 1/2\n"
    static const struct row rows[] = {
        {"formats",
         "f.csv",
         "csv",
         TABLE F("ipv4", "ipv4") F("ipv6", "ipv6") F("uuid", "uuid") F("uri", "uri")
             F("host", "hostname") F("b", "byte") P("u8") KEY("logicalType: integer")
                 OPTIONS("format: u8") P("f32") KEY("logicalType: number") OPTIONS("format: f32"),
         FAILED("ipv4") FAILED("ipv6") FAILED("uuid") FAILED("uri") FAILED("host")
             FAILED("b") "schema.t.properties.u8.type failed 1/2\n" FAILED("u8") FAILED("f32")},
        {"formats that say nothing",
         "f.csv",
         "csv",
         TABLE F("b", "password") F("uuid", "binary"),
         "schema.t.properties.b.format not_run 0/0: a password is a hint for programs that show "
         "it; values have no form\n"
         "schema.t.properties.uuid.format not_run 0/0: any bytes are binary; there is nothing "
         "that could break it\n"},
    };
#undef F
#undef FAILED
    expect(rows, FH_COUNT(rows));
}

#define NESTED                                                                                     \
    TABLE P("address") KEY("logicalType: object")                                                  \
        OPTIONS("minProperties: 3, maxProperties: 2, required: [city, fax]") KEY("properties:")    \
            KEY("  - name: city") KEY("    logicalType: string") KEY("    required: true")         \
                KEY("  - name: zip") KEY("    logicalType: integer") P("list")                     \
                    KEY("logicalType: array") OPTIONS("minItems: 1, maxItems: 2") KEY("items:")    \
                        KEY("  logicalType: integer") KEY("  logicalTypeOptions: {maximum: 2}")    \
                            P("tags") KEY("logicalType: array") OPTIONS("uniqueItems: true")

static void columns_inside_others(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"json",
         "n.json",
         "json",
         NESTED,
         "schema.t.properties.address.minProperties passed 0/2\n"
         "schema.t.properties.address.maxProperties failed 2/2\n"
         "schema.t.properties.address.requiredKeys failed 2/2\n"
         "schema.t.properties.address.properties.city.required failed 1/2\n"
         "schema.t.properties.address.properties.zip.type failed 1/2\n"
         "schema.t.properties.list.minItems failed 1/2\n"
         "schema.t.properties.list.maxItems failed 1/2\n"
         "schema.t.properties.list.items.maximum failed 1/2\n"
         "schema.t.properties.tags.uniqueItems failed 1/2\n"},
        {"parquet",
         "n.parquet",
         "parquet",
         NESTED,
         "schema.t.properties.address.minProperties failed 1/1\n"
         "schema.t.properties.address.maxProperties passed 0/1\n"
         "schema.t.properties.address.requiredKeys failed 1/1\n"
         "schema.t.properties.address.properties.city.required passed 0/1\n"
         "schema.t.properties.list.minItems passed 0/1\n"
         "schema.t.properties.list.maxItems failed 1/1\n"
         "schema.t.properties.list.items.maximum failed 1/1\n"
         "schema.t.properties.tags.uniqueItems failed 1/1\n"},
        {"no array, no object",
         "t.json",
         "json",
         TABLE P("five") KEY("logicalType: array") P("code") KEY("logicalType: object"),
         "schema.t.properties.five.type failed 4/4\nschema.t.properties.code.type failed 3/4\n"},
    };
    expect(rows, FH_COUNT(rows));
}

/* ---- quality ---- */

#define QUALITY        "    quality:\n"
#define Q(x)           "      - {" x "}\n"
#define COLUMN_QUALITY "        quality:\n"
#define CQ(x)          "          - {" x "}\n"

static void metrics_count_rows_and_percent(void **state)
{
    (void)state;
    static const struct row rows[] = {
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
    expect(rows, FH_COUNT(rows));
}

#define SQL(query, operator) Q("type: sql, query: \"" query "\", " operator)

static void sql_rules_pass_the_gate(void **state)
{
    (void)state;
    static const struct row rows[] = {
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
    expect(rows, FH_COUNT(rows));
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
        struct run run;
        snprintf(schema,
                 sizeof schema,
                 TABLE P("id") QUALITY
                 "      - type: sql\n        query: >-\n          %s\n        "
                 "mustBe: 0\n",
                 rows[i].query);
        check(&run, "t.parquet", "parquet", schema, 0);
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
    static const struct row rows[] = {
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
    expect(rows, FH_COUNT(rows));
}

static void service_levels_are_measured(void **state)
{
    (void)state;
#define DAY  TABLE P("day") KEY("logicalType: date") "slaProperties:\n"
#define S(x) "  - {" x "}\n"
    static const struct row rows[] = {
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
    expect(rows, FH_COUNT(rows));
}

/* ---- sources and samples ---- */

static void what_cannot_be_read_fails_as_a_source(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *format;
        const char *reason;
    } rows[] = {
        {"gone.csv", "csv", ""},
        {"../t.csv", "csv", ""},
        {"/etc/passwd", "csv", ""},
        {"t.csv", "parquet", ""},
        {"t.csv", "delta", ""},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct run run;
        check(&run, rows[i].path, rows[i].format, TABLE P("id") KEY("required: true"), 0);
        assert_int_equal(run.err.code, FH_OK);
        assert_int_equal(run.failed, 1);
        assert_string_equal(fh_buf_cstr(&run.text),
                            "schema.t.source failed 0/0\n"
                            "schema.t.properties.id.present not_run 0/0: the source of the table "
                            "cannot be read\n"
                            "schema.t.properties.id.required not_run 0/0: the source of the table "
                            "cannot be read\n");
        fh_buf_fini(&run.text);
    }
}

static void samples_hide_what_is_not_public(void **state)
{
    (void)state;
    struct run run;
    check(&run,
          "t.csv",
          "csv",
          TABLE P("id") KEY("classification: public") KEY("unique: true") P("code")
              KEY("classification: restricted") KEY("required: true") P("mail")
                  KEY("logicalType: string") OPTIONS("format: email") P("num")
                      KEY("classification: public") KEY("logicalType: integer"),
          3);
    assert_string_equal(fh_buf_cstr(&run.text),
                        "schema.t.properties.id.unique failed 1/4\n"
                        "schema.t.properties.code.required failed 1/4\n"
                        "schema.t.properties.mail.format failed 1/4\n"
                        "schema.t.properties.num.type failed 1/4\n"
                        "sample schema.t.properties.id.unique\nid=3\nid=3\n"
                        "sample schema.t.properties.code.required\ncode=***\n"
                        "sample schema.t.properties.mail.format\nmail=***\n"
                        "sample schema.t.properties.num.type\nnum=x\n");
    fh_buf_fini(&run.text);
}

/* More rules than one question carries. */
static void thousands_of_rules(void **state)
{
    (void)state;
    struct fh_buf schema;
    struct run run;
    fh_buf_init(&schema, 240 * 1024);
    fh_buf_add_cstr(&schema, TABLE P("id") COLUMN_QUALITY);
    for (int i = 0; i < 2500; i++) {
        fh_buf_printf(&schema, CQ("metric: nullValues, mustBe: %d"), i % 2);
    }
    check(&run, "t.parquet", "parquet", fh_buf_cstr(&schema), 0);
    assert_int_equal(run.err.code, FH_OK);
    assert_int_equal(run.failed, 1250);
    fh_buf_fini(&run.text);
    fh_buf_fini(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_keep_and_break_their_promises),
        cmocka_unit_test(formats_of_text_and_numbers),
        cmocka_unit_test(columns_inside_others),
        cmocka_unit_test(metrics_count_rows_and_percent),
        cmocka_unit_test(sql_rules_pass_the_gate),
        cmocka_unit_test(hostile_rules_are_not_run),
        cmocka_unit_test(tables_refer_to_each_other),
        cmocka_unit_test(service_levels_are_measured),
        cmocka_unit_test(what_cannot_be_read_fails_as_a_source),
        cmocka_unit_test(samples_hide_what_is_not_public),
        cmocka_unit_test(thousands_of_rules),
    };
    return cmocka_run_group_tests_name("checks", tests, up, down);
}
