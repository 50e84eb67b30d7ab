/* SPDX-License-Identifier: Apache-2.0 */
/* Exports: rules and levels in words, escaping in every format, statements and schemas in part. */
#include "common/arena.h"
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "tools/contract/export.h"
#include "tools/contract/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "apiVersion: v3.2.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\n"

static struct fh_contract *read_text(const char *text, struct fh_arena *arena)
{
    struct fh_contract *contract = NULL;
    struct fh_findings findings;
    struct fh_err err = {0};
    fh_findings_init(&findings, arena);
    if (fh_contract_read(&contract, fh_bytes_cstr(text), &findings, &err) != FH_OK) {
        fail_msg("%s\n%s", err.text, text);
    }
    return contract;
}

/* --- words --- */

static void test_quality_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *words;
    } rows[] = {
        {"{metric: nullValues, mustBe: 0}", "every row has a value"},
        {"{metric: nullValues, mustBeLessOrEqualTo: 0}", "every row has a value"},
        {"{metric: nullValues, mustBeLessThan: 5, unit: percent}",
         "less than 5 % of the rows have no value"},
        {"{metric: nullValues, mustBeLessOrEqualTo: 5, unit: rows}",
         "at most 5 rows have no value"},
        {"{metric: missingValues, mustBe: 0, arguments: {missingValues: [null, '', N/A]}}",
         "no row holds a stand-in for a missing value (null, , N/A)"},
        {"{metric: invalidValues, mustBe: 0, arguments: {validValues: [a, 1.50]}}", "only a, 1.5"},
        {"{metric: invalidValues, mustBeLessThan: 1, unit: percent, arguments: {pattern: '^a$'}}",
         "less than 1 % of the rows hold anything but values of the pattern ^a$"},
        {"{metric: invalidValues, mustBe: 0}", "only valid values"},
        {"{metric: duplicateValues, mustBe: 0}", "no value occurs twice"},
        {"{metric: duplicateValues, mustBe: 0, arguments: {properties: [a, b]}}",
         "no combination of a, b occurs twice"},
        {"{metric: duplicateValues, mustBeLessThan: 10}", "less than 10 rows repeat a value"},
        {"{metric: rowCount, mustBeBetween: [1000, 1000000]}",
         "the table has between 1000 and 1,000,000 rows"},
        {"{metric: rowCount, mustNotBe: 0}", "the table has anything but 0 rows"},
        {"{type: sql, query: q, mustBeGreaterOrEqualTo: 0.5}", "a query gives at least 0.5"},
        {"{type: custom, engine: soda, implementation: x}", "checked by soda"},
        {"{type: text, description: Names are real.}", "Names are real."},
        {"{type: text, name: real names}", "real names"},
        {"{type: text}", "a promise in words alone"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char text[512];
        struct fh_buf words;
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        fh_buf_init(&words, 4096);
        snprintf(text, sizeof text, HEAD "schema: [{name: t, quality: [%s]}]\n", rows[i].rule);
        fh_words_quality(&words, &read_text(text, arena)->tables.items[0].quality.items[0]);
        assert_string_equal(fh_buf_cstr(&words), rows[i].words);
        fh_buf_fini(&words);
        fh_arena_free(arena);
    }
}

static void test_levels_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *level;
        const char *words;
    } rows[] = {
        {"{property: latency, value: 4, unit: d}", "data is at most 4 days old"},
        {"{property: LY, value: 1, unit: hr}", "data is at most 1 hour old"},
        {"{property: availability, value: 99.5, unit: '%'}", "available 99.5 % of the time"},
        {"{property: frequency, value: 1, valueExt: 1, unit: d}", "updated every 1 day"},
        {"{property: frequency, value: 1, valueExt: 2, unit: weeks}", "updated every 1 to 2 weeks"},
        {"{property: retention, value: P3Y}", "kept for P3Y"},
        {"{property: endOfLife, value: 2042-05-12T09:30:10-08:00}", "ends on 2042-05-12"},
        {"{property: timeToRepair, value: 2, unit: fortnights}",
         "problems are repaired within 2 fortnights"},
        {"{property: charm, value: 5}", "charm: 5"},
        {"{property: charm, value: null}", "charm: null"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char text[512];
        struct fh_buf words;
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        fh_buf_init(&words, 4096);
        snprintf(text, sizeof text, HEAD "slaProperties: [%s]\n", rows[i].level);
        fh_words_sla(&words, &read_text(text, arena)->sla.items[0]);
        assert_string_equal(fh_buf_cstr(&words), rows[i].words);
        fh_buf_fini(&words);
        fh_arena_free(arena);
    }
}

static void test_types_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *column;
        const char *words;
    } rows[] = {
        {"logicalType: string, logicalTypeOptions: {minLength: 1, maxLength: 20}",
         "text, 1 to 20 characters"},
        {"logicalType: string, logicalTypeOptions: {minLength: 2, maxLength: 2, pattern: a}",
         "text, exactly 2 characters, pattern a"},
        {"logicalType: integer, logicalTypeOptions: {minimum: 0, exclusiveMaximum: 10}",
         "whole number, at least 0, less than 10"},
        {"logicalType: number, logicalTypeOptions: {minimum: -1.50, maximum: 1, format: f32}",
         "number, from -1.5 to 1"},
        {"logicalType: number, logicalTypeOptions: {multipleOf: 0.5}", "number, a multiple of 0.5"},
        {"logicalType: date, logicalTypeOptions: {minimum: '2020-01-01', format: yyyy-MM-dd}",
         "date, at least 2020-01-01, format yyyy-MM-dd"},
        {"logicalType: array, items: {logicalType: integer}, logicalTypeOptions: {maxItems: 3, "
         "uniqueItems: true}",
         "list of whole numbers, at most 3 entries, no entry twice"},
        {"logicalType: map, map: {key: {logicalType: string}, value: {logicalType: date}}",
         "map from texts to dates"},
        {"logicalType: boolean", "yes or no"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char text[512];
        struct fh_buf words;
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        fh_buf_init(&words, 4096);
        snprintf(text,
                 sizeof text,
                 HEAD "schema: [{name: t, properties: [{name: c, %s}]}]\n",
                 rows[i].column);
        fh_words_type(&words, &read_text(text, arena)->tables.items[0].columns.items[0]);
        assert_string_equal(fh_buf_cstr(&words), rows[i].words);
        fh_buf_fini(&words);
        fh_arena_free(arena);
    }
}

/* --- documents --- */

static char *export_text(const char *text, const char *format, enum fh_export_dialect dialect)
{
    struct fh_buf out;
    struct fh_err err = {0};
    struct fh_export_options options = {.dialect = dialect};
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    const struct fh_export_format *found = fh_export_find(format, &err);
    assert_non_null(found);
    fh_buf_init(&out, FH_EXPORT_BYTES_MAX);
    if (fh_export_write(&out, found, read_text(text, arena), &options, &err) != FH_OK) {
        fail_msg("%s: %s", format, err.text);
    }
    char *copy = strdup(fh_buf_cstr(&out));
    assert_non_null(copy);
    fh_buf_fini(&out);
    fh_arena_free(arena);
    return copy;
}

/* Every document holds the part, in that order. */
static void test_parts(void **state)
{
    (void)state;
    static const char nasty[] = HEAD
        "name: \"<script>alert('x')</script>\"\n"
        "domain: \"a|b\"\n"
        "description: {purpose: \"# no heading\\n\\n**no** [link](http://x) & more\", usage: \"a "
        "`<b>` and ` it\"}\n"
        "support: [{channel: mail, url: 'javascript:alert(1)'},\n"
        "          {channel: 'a\"b', url: 'https://x/?a=\"b\"&c'}]\n"
        "schema:\n"
        "  - name: t\n"
        "    description: \"it's; DROP TABLE t; --\"\n"
        "    properties:\n"
        "      - {name: 'a\"b', logicalType: string, description: '| \\` <i> *x*', unique: true,\n"
        "         enum: [{value: \"x'); --\"}, {value: null}]}\n";
    static const struct {
        const char *format;
        const char *part;
        bool is_there;
    } rows[] = {
        {"html", "<script", false},
        {"html", "<h1 dir=\"auto\">&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</h1>", true},
        {"html", "<p class=\"lead\" dir=\"auto\"># no heading</p>", true},
        {"html", "javascript:", false},
        {"html", "href=\"https://x/?a=&quot;b&quot;&amp;c\">a&quot;b</a>", true},
        {"html", "<code>a&quot;b</code>", true},
        {"html", "a <code>&lt;b&gt;</code> and ` it", true},
        {"html", "<i>", false},
        {"html", "http-equiv=\"Content-Security-Policy\"", true},
        {"markdown", "# &lt;script&gt;alert('x')&lt;/script&gt;\n", true},
        {"markdown", "\n\\# no heading\n", true},
        {"markdown", "\\*\\*no\\*\\* \\[link\\](http://x) &amp; more", true},
        {"markdown", "javascript:", false},
        {"markdown", "| \\| \\\\\\` &lt;i&gt; \\*x\\*", true},
        {"sql", "\"a\"\"b\" VARCHAR UNIQUE", true},
        {"sql", "CHECK (\"a\"\"b\" IN ('x''); --'))", true},
        {"sql", "COMMENT ON TABLE \"t\" IS 'it''s; DROP TABLE t; --';", true},
        {"jsonschema", "\"a\\\"b\": {", true},
        {"jsonschema", "\"enum\": [\n        \"x'); --\",\n        null\n      ]", true},
        {"odcs", "name: \"<script>alert('x')</script>\"", true},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char *document = export_text(nasty, rows[i].format, FH_EXPORT_DUCKDB);
        if ((strstr(document, rows[i].part) != NULL) != rows[i].is_there) {
            fail_msg("%s: %s\n%s", rows[i].format, rows[i].part, document);
        }
        free(document);
    }
}

/* Where the data lies stays out of what is passed on. */
static void test_pages_keep_places_to_themselves(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "servers:\n"
             "  - {server: s, type: postgres, host: db.inner, port: 5432, database: vault, schema: "
             "secret}\n"
             "  - {server: l, type: local, path: data/hidden.csv, format: csv}\n";
    static const char *const formats[] = {"html", "markdown"};
    static const char *const places[] = {"db.inner", "5432", "vault", "secret", "hidden.csv"};
    for (size_t i = 0; i < FH_COUNT(formats); i++) {
        char *document = export_text(text, formats[i], FH_EXPORT_DUCKDB);
        for (size_t k = 0; k < FH_COUNT(places); k++) {
            assert_null(strstr(document, places[k]));
        }
        free(document);
    }
}

static void test_sql(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "schema:\n"
             "  - name: b\n"
             "    properties:\n"
             "      - {name: k, logicalType: integer, primaryKey: true, primaryKeyPosition: 2}\n"
             "      - {name: j, logicalType: string, primaryKey: true, primaryKeyPosition: 1}\n"
             "      - {name: a_id, logicalType: integer, relationships: [{to: a.id}]}\n"
             "      - {name: other, logicalType: string, relationships: [{to: a.id}, {to: x.y}]}\n"
             "  - name: a\n"
             "    properties:\n"
             "      - {name: id, logicalType: integer, primaryKey: true,\n"
             "         logicalTypeOptions: {format: u16, multipleOf: 2}}\n"
             "      - {name: parent, logicalType: integer, logicalTypeOptions: {format: u16},\n"
             "         relationships: [{to: a.id}]}\n"
             "      - {name: m, logicalType: number, semanticType: measure}\n";
    char *duckdb = export_text(text, "sql", FH_EXPORT_DUCKDB);
    assert_string_equal(duckdb,
                        "CREATE TABLE \"b\" (\n"
                        "    \"k\" BIGINT NOT NULL,\n"
                        "    \"j\" VARCHAR NOT NULL,\n"
                        "    \"a_id\" BIGINT,\n"
                        "    \"other\" VARCHAR,\n"
                        "    PRIMARY KEY (\"j\", \"k\")\n"
                        ");\n"
                        "\n"
                        "CREATE TABLE \"a\" (\n"
                        "    \"id\" USMALLINT NOT NULL,\n"
                        "    \"parent\" USMALLINT,\n"
                        "    PRIMARY KEY (\"id\"),\n"
                        "    CHECK (\"id\" % 2 = 0),\n"
                        "    FOREIGN KEY (\"parent\") REFERENCES \"a\" (\"id\")\n"
                        ");\n"
                        "\n"); /* neither side of b is of the type of a.id */
    free(duckdb);
    char *postgres = export_text(text, "sql", FH_EXPORT_POSTGRES);
    assert_non_null(strstr(postgres, "\"id\" INTEGER NOT NULL"));
    assert_non_null(strstr(
        postgres, "ALTER TABLE \"a\" ADD FOREIGN KEY (\"parent\") REFERENCES \"a\" (\"id\");\n"));
    assert_null(strstr(postgres, "ALTER TABLE \"b\""));
    free(postgres);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const formats[] = {"sql", "jsonschema"};
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    const struct fh_contract *contract = read_text(HEAD, arena);
    struct fh_export_options options = {0};
    struct fh_err err = {0};
    for (size_t i = 0; i < FH_COUNT(formats); i++) {
        struct fh_buf out;
        fh_buf_init(&out, FH_EXPORT_BYTES_MAX);
        const struct fh_export_format *format = fh_export_find(formats[i], &err);
        assert_int_equal(fh_export_write(&out, format, contract, &options, &err), FH_ECHECK);
        assert_string_equal(err.rule, "export.tables");
        fh_buf_fini(&out);
    }
    assert_null(fh_export_find("avro", &err));
    assert_int_equal(err.code, FH_EUSAGE);
    assert_int_equal(fh_export_dialect_parse(&options.dialect, "oracle", &err), FH_EUSAGE);
    fh_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quality_in_words),
        cmocka_unit_test(test_levels_in_words),
        cmocka_unit_test(test_types_in_words),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_pages_keep_places_to_themselves),
        cmocka_unit_test(test_sql),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
