/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a schema promises, against real data in real workers: every kind passes on data that keep it
 * and fails on data that break it, in CSV, JSON and Parquet; what cannot be read fails as a source.
 */
#include "tests/node/worker/checks_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- schema ---- */

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
    static const struct checks_row rows[] = {
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
        {"NaN alone breaks a low bound, which the least value keeps",
         "t.parquet",
         "parquet",
         TABLE P("real") KEY("logicalType: number") OPTIONS("minimum: 1, exclusiveMaximum: 3"),
         "schema.t.properties.real.minimum failed 1/4\n"
         "schema.t.properties.real.exclusiveMaximum failed 1/4\n"},
        {"no values break nothing",
         "null.parquet",
         "parquet",
         TABLE P("code") KEY("logicalType: string")
             OPTIONS("minLength: 3, maxLength: 3, pattern: '^[A-Z]{3}$'") P("amount")
                 KEY("logicalType: number") OPTIONS("minimum: 1, maximum: 2"),
         "schema.t.properties.code.minLength passed 0/4\n"
         "schema.t.properties.code.maxLength passed 0/4\n"
         "schema.t.properties.code.pattern passed 0/4\n"
         "schema.t.properties.amount.minimum passed 0/4\n"
         "schema.t.properties.amount.maximum passed 0/4\n"},
        {"bounds that hold where others of the column do not",
         "t.parquet",
         "parquet",
         TABLE P("id") KEY("logicalType: integer")
             OPTIONS("minimum: 1, exclusiveMinimum: 1, maximum: 3, exclusiveMaximum: 3") P("code")
                 KEY("logicalType: string") OPTIONS("minLength: 2, maxLength: 3"),
         "schema.t.properties.id.minimum passed 0/4\n"
         "schema.t.properties.id.maximum passed 0/4\n"
         "schema.t.properties.id.exclusiveMinimum failed 1/4\n"
         "schema.t.properties.id.exclusiveMaximum failed 2/4\n"
         "schema.t.properties.code.minLength passed 0/4\n"
         "schema.t.properties.code.maxLength passed 0/4\n"},
        {"a class without a bound on one side",
         "t.parquet",
         "parquet",
         TABLE P("code") KEY("logicalType: string") OPTIONS("pattern: '^[A-Z]+$'") P("mail")
             KEY("logicalType: string") OPTIONS("pattern: '^[a-z@.]{0,6}$'"),
         "schema.t.properties.code.pattern failed 1/4\n"
         "schema.t.properties.mail.pattern failed 2/4\n"},
        {"a pattern is searched for, and its line ends only where the text does",
         "t.parquet",
         "parquet",
         TABLE P("code") KEY("logicalType: string") OPTIONS("pattern: 'B|h$|^D'") P("mail")
             KEY("logicalType: string") OPTIONS("pattern: '@[a-c]'"),
         "schema.t.properties.code.pattern passed 0/4\n"
         "schema.t.properties.mail.pattern failed 2/4\n"},
        {"a pattern in lines of text",
         "lines.parquet",
         "parquet",
         TABLE P("text") KEY("logicalType: string") OPTIONS("pattern: '^b|c$|x'"),
         "schema.t.properties.text.pattern failed 1/2\n"},
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
        {"a pattern whose brackets would fit into others",
         "t.parquet",
         "parquet",
         TABLE P("code") KEY("logicalType: string") OPTIONS("pattern: 'A)(B'") P("mail")
             KEY("logicalType: string") OPTIONS("pattern: '@b'"),
         "schema.t.properties.code.pattern not_run 0/0: the engine cannot check it: a function "
         "got an input that it cannot use\n"
         "schema.t.properties.mail.pattern failed 2/4\n"},
    };
    checks_expect(rows, FH_COUNT(rows));
}

/* `enum` is of 3.2: values are compared as what they are promised to be. */
static void values_of_an_enum(void **state)
{
    (void)state;
    static const struct checks_row rows[] = {
        {"enum",
         "t.csv",
         "csv",
         TABLE P("id") KEY("logicalType: integer") KEY("enum: [{value: 1}, {value: 2.0}, {value: "
                                                       "3}]") P("code") KEY("logicalType: string")
             KEY("enum: [{value: ABC}, {value: 'DEF'}]") P("num") KEY("logicalType: integer")
                 KEY("enum: [{value: 1}, {value: 2}]"),
         "schema.t.properties.id.enum passed 0/4\n"
         "schema.t.properties.code.enum failed 1/4\n"
         "schema.t.properties.num.type failed 1/4\n"
         "schema.t.properties.num.enum failed 1/4\n"},
    };
    checks_expect(rows, FH_COUNT(rows));
}

static void formats_of_text_and_numbers(void **state)
{
    (void)state;
#define F(name, format) P(name) KEY("logicalType: string") OPTIONS("format: " format)
#define FAILED(name)    "schema.t.properties." name ".format failed 1/2\n"
    static const struct checks_row rows[] = {
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
    checks_expect(rows, FH_COUNT(rows));
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
    static const struct checks_row rows[] = {
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
    checks_expect(rows, FH_COUNT(rows));
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
        struct checks_run run;
        checks_do(&run, rows[i].path, rows[i].format, TABLE P("id") KEY("required: true"), 0);
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
    struct checks_run run;
    checks_do(&run,
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

/* One that is public shows nothing of what is deeper in it and is not, however many levels lie
 * between that say nothing. */
static void samples_hide_what_is_not_public_within(void **state)
{
    (void)state;
#define WITHIN(inner)                                                                              \
    TABLE P("address") KEY("classification: public") KEY("logicalType: object")                    \
        OPTIONS("maxProperties: 1") KEY("properties:") KEY("  - {name: city, " inner "}")
    static const struct {
        const char *schema;
        bool is_hidden;
    } rows[] = {
        {WITHIN("logicalType: string"), false},
        {WITHIN("logicalType: string, classification: Public"), false},
        {WITHIN("logicalType: string, classification: internal"), true},
        {WITHIN("logicalType: object, properties: [{name: x, classification: pii}]"), true},
        {WITHIN("logicalType: array, items: {logicalType: object, properties: [{name: x, "
                "classification: pii}]}"),
         true},
        {WITHIN("logicalType: array, items: {logicalType: object, properties: [{name: x}]}"),
         false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct checks_run run;
        checks_do(&run, "n.json", "json", rows[i].schema, 3);
        const char *sample = strstr(fh_buf_cstr(&run.text), "sample ");
        if (sample == NULL || (strstr(sample, "address=***") != NULL) != rows[i].is_hidden) {
            fail_msg("row %zu: %s", i, fh_buf_cstr(&run.text));
        }
        fh_buf_fini(&run.text);
    }
}

/* More rules than one question carries. */
static void thousands_of_rules(void **state)
{
    (void)state;
    struct fh_buf schema;
    struct checks_run run;
    fh_buf_init(&schema, 240 * 1024);
    fh_buf_add_cstr(&schema, TABLE P("id") COLUMN_QUALITY);
    for (int i = 0; i < 2500; i++) {
        fh_buf_printf(&schema, CQ("metric: nullValues, mustBe: %d"), i % 2);
    }
    checks_do(&run, "t.parquet", "parquet", fh_buf_cstr(&schema), 0);
    assert_int_equal(run.err.code, FH_OK);
    assert_int_equal(run.failed, 1250);
    fh_buf_fini(&run.text);
    fh_buf_fini(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_keep_and_break_their_promises),
        cmocka_unit_test(values_of_an_enum),
        cmocka_unit_test(formats_of_text_and_numbers),
        cmocka_unit_test(columns_inside_others),
        cmocka_unit_test(what_cannot_be_read_fails_as_a_source),
        cmocka_unit_test(samples_hide_what_is_not_public),
        cmocka_unit_test(samples_hide_what_is_not_public_within),
        cmocka_unit_test(thousands_of_rules),
    };
    return cmocka_run_group_tests_name("checks", tests, checks_up, checks_down);
}
