/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, and the canonical form: nothing is lost, order does not matter, foreign bytes are
 * errors. */
#include "common/limits.h"
#include "common/mem.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_rules.h"
#include "proto/contract/contract_table.h"
#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct fh_section *const sections[] = {
    &fh_section_contract,     &fh_section_description,
    &fh_section_server,       &fh_section_table,
    &fh_section_column,       &fh_section_item,
    &fh_section_options,      &fh_section_quality,
    &fh_section_relationship, &fh_section_column_relationship,
    &fh_section_team,         &fh_section_member,
    &fh_section_role,         &fh_section_sla,
    &fh_section_support,      &fh_section_price,
    &fh_section_custom,       &fh_section_definition,
    &fh_section_synonym,      &fh_section_enum_value,
    &fh_section_map,          &fh_section_context,
    &fh_section_statement,    &fh_section_constraint,
};

static void test_tables_are_sorted_and_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(sections); i++) {
        const struct fh_section *section = sections[i];
        for (size_t k = 0; k < section->field_count; k++) {
            const struct fh_field *field = &section->fields[k];
            if (k > 0 && strcmp(section->fields[k - 1].key, field->key) >= 0) {
                fail_msg("%s: %s is out of order", section->name, field->key);
            }
            for (size_t m = 0; m < k; m++) {
                if (section->fields[m].offset == field->offset) {
                    fail_msg("%s: %s writes to another's member", section->name, field->key);
                }
            }
            assert_true(field->offset >= sizeof(struct fh_section_head)); /* never the node */
            assert_ptr_equal(fh_section_field(section, field->key), field);
        }
        assert_null(fh_section_field(section, "zzz"));
        assert_null(fh_section_field(section, ""));
    }
}

/* Discriminators that a version does not know yet. */
static bool is_newer(const char *name, enum fh_odcs_version version)
{
    static const char *const in_3_1[] = {"hive", "impala", "zen", "timestamp", "time"};
    bool is_newer = strcmp(name, "map") == 0;
    for (size_t i = 0; version < FH_ODCS_3_1_0 && i < FH_COUNT(in_3_1); i++) {
        is_newer = is_newer || strcmp(name, in_3_1[i]) == 0;
    }
    return is_newer;
}

/* Every key that a variant names is a variant field of its section, in every version. */
static void check_variants(enum fh_odcs_version version)
{
    static const struct {
        enum fh_variant_kind kind;
        const struct fh_section *section;
        const char *names[40];
    } rows[] = {
        {FH_VARIANT_SERVER,
         &fh_section_server,
         {"api",        "athena",     "azure",   "bigquery", "clickhouse", "cloudsql", "custom",
          "databricks", "db2",        "denodo",  "dremio",   "duckdb",     "glue",     "hive",
          "impala",     "informix",   "kafka",   "kinesis",  "local",      "mysql",    "oracle",
          "postgres",   "postgresql", "presto",  "pubsub",   "redshift",   "s3",       "sftp",
          "snowflake",  "sqlserver",  "synapse", "trino",    "vertica",    "zen"}},
        {FH_VARIANT_QUALITY, &fh_section_quality, {"library", "sql", "custom", "text"}},
        {FH_VARIANT_COLUMN,
         &fh_section_column,
         {"",
          "string",
          "date",
          "timestamp",
          "time",
          "number",
          "integer",
          "object",
          "array",
          "boolean",
          "map"}},
        {FH_VARIANT_OPTIONS,
         &fh_section_options,
         {"",
          "string",
          "date",
          "timestamp",
          "time",
          "number",
          "integer",
          "object",
          "array",
          "boolean",
          "map"}},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        for (size_t n = 0; n < FH_COUNT(rows[i].names) && rows[i].names[n] != NULL; n++) {
            const struct fh_variant *variant =
                fh_variant_find(rows[i].kind, version, rows[i].names[n]);
            bool is_new = version < FH_ODCS_3_2_0 && is_newer(rows[i].names[n], version);
            assert_true((variant == NULL) == is_new);
            if (is_new) {
                continue;
            }
            for (size_t k = 0; variant->keys[k] != NULL; k++) {
                const struct fh_field *field = fh_section_field(rows[i].section, variant->keys[k]);
                assert_non_null(field);
                assert_true((field->flags & FH_FIELD_VARIANT) != 0);
                assert_true((fh_field_versions(field) & 1u << version) != 0);
            }
            for (size_t k = 0; variant->required[k] != NULL; k++) {
                bool listed = false;
                for (size_t m = 0; variant->keys[m] != NULL; m++) {
                    listed = listed || strcmp(variant->keys[m], variant->required[k]) == 0;
                }
                assert_true(listed);
            }
        }
        assert_null(fh_variant_find(rows[i].kind, version, "nothing of the kind"));
    }
}

static void test_variants_name_fields(void **state)
{
    (void)state;
    for (unsigned version = FH_ODCS_3_0_2; version < FH_ODCS_COUNT; version++) {
        check_variants((enum fh_odcs_version)version);
    }
}

#define HEAD "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\n"

static struct fh_contract *read_text(const char *text, struct fh_arena *arena)
{
    struct fh_contract *contract = NULL;
    struct fh_findings findings;
    struct fh_err err = {0};
    fh_findings_init(&findings, arena);
    if (fh_contract_read(&contract, fh_bytes_cstr(text), &findings, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    return contract;
}

static struct fh_buf form_of(const char *text)
{
    struct fh_buf form;
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    fh_buf_init(&form, FH_CONTRACT_FORM_BYTES_MAX);
    fh_contract_encode(&form, read_text(text, arena));
    assert_int_equal(fh_buf_ok(&form), FH_OK);
    fh_arena_free(arena);
    return form;
}

/* Pairs of texts that must, or must not, have one form. */
static void test_one_meaning_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *a;
        const char *b;
        bool same;
    } rows[] = {
        {"order of keys", HEAD "tenant: x\ndomain: y\n", HEAD "domain: y\ntenant: x\n", true},
        {"quotes and comments", HEAD "tenant: x # why\n", HEAD "tenant: \"x\"\n", true},
        {"flow and block", HEAD "tags: [a, b]\n", HEAD "tags:\n  - a\n  - b\n", true},
        {"a whole number",
         HEAD "price: {priceAmount: 99.0}\n",
         HEAD "price: {priceAmount: 99}\n",
         true},
        {"one decimal",
         HEAD "price: {priceAmount: 1.50}\n",
         HEAD "price: {priceAmount: 15e-1}\n",
         true},
        {"order in an open map",
         HEAD "customProperties: [{property: p, value: {b: 1, a: 2}}]\n",
         HEAD "customProperties: [{property: p, value: {a: 2, b: 1}}]\n",
         true},
        {"order of a list", HEAD "tags: [a, b]\n", HEAD "tags: [b, a]\n", false},
        {"absent and empty", HEAD, HEAD "tags: []\n", false},
        {"number and string",
         HEAD "customProperties: [{property: p, value: 1.5}]\n",
         HEAD "customProperties: [{property: p, value: \"1.5\"}]\n",
         false},
        {"integer and string",
         HEAD "customProperties: [{property: p, value: 1}]\n",
         HEAD "customProperties: [{property: p, value: '1'}]\n",
         false},
        {"null and the word",
         HEAD "customProperties: [{property: p, value: null}]\n",
         HEAD "customProperties: [{property: p, value: 'null'}]\n",
         false},
        {"false and absent",
         HEAD "schema: [{name: t, properties: [{name: c, required: false}]}]\n",
         HEAD "schema: [{name: t, properties: [{name: c}]}]\n",
         false},
        {"a version's zero", HEAD "tenant: 1.10\n", HEAD "tenant: 1.1\n", false},
        {"one reference and a list of one",
         HEAD "schema: [{name: t, relationships: [{from: t.a, to: t.b}]}]\n",
         HEAD "schema: [{name: t, relationships: [{from: [t.a], to: [t.b]}]}]\n",
         false},
        {"team forms",
         HEAD "team: [{username: u}]\n",
         HEAD "team: {members: [{username: u}]}\n",
         false},
        {"own keys of the description",
         HEAD "description: {usage: u, audience: a}\n",
         HEAD "description: {usage: u}\n",
         false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf a = form_of(rows[i].a);
        struct fh_buf b = form_of(rows[i].b);
        if (fh_bytes_equal(fh_buf_view(&a), fh_buf_view(&b)) != rows[i].same) {
            fail_msg("%s", rows[i].name);
        }
        fh_buf_fini(&a);
        fh_buf_fini(&b);
    }
}

/* A contract with every kind of field. */
static const char full[] = HEAD
    "name: flights\ntenant: 1.10\ntags: [a, b]\n"
    "description: {usage: u, zebra: 1.5, audience: {b: [1, null, true, x], a: 'q'}}\n"
    "price: {priceAmount: -12.50, priceCurrency: EUR}\n"
    "team: {members: [{username: u, tags: []}]}\n"
    "slaProperties: [{property: latency, value: 4, valueExt: 0.25, unit: d}]\n"
    "schema:\n"
    "  - name: t\n"
    "    relationships: [{from: [t.a], to: [t.b], type: foreignKey}]\n"
    "    properties:\n"
    "      - {name: a, logicalType: integer, primaryKey: true, primaryKeyPosition: -1,\n"
    "         logicalTypeOptions: {minimum: -5, multipleOf: 0.5, format: i64}, examples: [1, '1', "
    "x]}\n"
    "      - {name: b, logicalType: date, logicalTypeOptions: {minimum: '2001-01-01'},\n"
    "         relationships: [{to: t.a}]}\n"
    "      - {name: c, logicalType: boolean, logicalTypeOptions: {format: any, own: 1}}\n"
    "      - {name: d, logicalType: array, items: {logicalType: object, properties: [{name: e}]}}\n"
    "    quality:\n"
    "      - {metric: rowCount, mustBeBetween: [1, 2.5], arguments: {x: {}}}\n"
    "      - {type: custom, engine: e, implementation: {a: [b]}}\n"
    "      - {type: sql, query: q, mustBe: true}\n"
    "      - {type: text, description: d}\n"
    "servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: s}]\n"
    "roles: [{role: mesh, access: read}]\n";

static void test_nothing_is_lost(void **state)
{
    (void)state;
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_buf form = form_of(full);
    struct fh_buf again;
    struct fh_contract *contract = NULL;
    struct fh_err err = {0};
    fh_buf_init(&again, FH_CONTRACT_FORM_BYTES_MAX);
    assert_int_equal(fh_contract_decode(&contract, fh_buf_view(&form), arena, &err), FH_OK);
    fh_contract_encode(&again, contract);
    assert_true(fh_bytes_equal(fh_buf_view(&form), fh_buf_view(&again)));

    assert_string_equal(contract->tenant, "1.10");
    assert_string_equal(contract->price->amount, "-12.5");
    assert_string_equal(contract->sla.items[0].value_ext->text, "0.25");
    assert_true(fh_contract_open_to_mesh(contract));
    const struct fh_contract_table *table = fh_contract_table(contract, "t");
    assert_non_null(table);
    assert_null(fh_contract_table(contract, "T"));
    const struct fh_contract_column *column = fh_contract_column(table, "a");
    assert_non_null(column);
    assert_null(fh_contract_column(table, "z"));
    assert_true(column->primary_key == FH_CONTRACT_TRUE);
    assert_true(column->required == FH_CONTRACT_UNSET);
    assert_true(column->primary_key_position.is_set && column->primary_key_position.value == -1);
    assert_string_equal(column->options->multiple_of, "0.5");
    assert_int_equal(fh_doc_type(column->examples->first), FH_DOC_TYPE_NUMBER);
    assert_int_equal(fh_doc_type(column->examples->first->next), FH_DOC_TYPE_STRING);
    assert_non_null(fh_doc_get(contract->description->extra, "audience"));
    assert_non_null(fh_doc_get(fh_contract_column(table, "c")->options->extra, "own"));
    assert_true(contract->team->members.items[0].tags.items != NULL);
    fh_buf_fini(&again);
    fh_buf_fini(&form);
    fh_arena_free(arena);
}

/* What only the draft of 3.2 has. */
static const char full_3_2[] =
    "apiVersion: v3.2.0\nkind: DataContract\nid: a\nversion: 1.0.0\n"
    "context:\n"
    "  instructions: ask first\n"
    "  verifiedStatements:\n"
    "    - {id: any id, question: q, answer: a, tags: [t],\n"
    "       authoritativeDefinitions: [{url: u, type: t}],\n"
    "       customProperties: [{property: p, value: 1}]}\n"
    "  constraints: [{constraint: c}]\n"
    "schema:\n"
    "  - name: t\n"
    "    context: one string\n"
    "    synonyms: [{synonym: s, locale: de, source: x, status: y, description: d, id: i}]\n"
    "    relationships: [{from: t.a.b.c, to: t.a}]\n"
    "    properties:\n"
    "      - name: a\n"
    "        logicalType: map\n"
    "        logicalTypeOptions: {minEntries: 1}\n"
    "        map:\n"
    "          key: {logicalType: string, logicalTypeOptions: {maxLength: 3}}\n"
    "          value: {logicalType: array, items: {logicalType: object, properties:\n"
    "                  [{name: x, logicalType: string}]}}\n"
    "      - name: b\n"
    "        logicalType: string\n"
    "        semanticType: dimension\n"
    "        synonyms: []\n"
    "        enum:\n"
    "          - {value: x, label: X, id: x, description: d, tags: []}\n"
    "          - {value: 1.50}\n"
    "          - {value: '1.5'}\n"
    "          - {value: null}\n"
    "servers: [{server: s, type: athena, schema: s, workgroup: w}]\n";

/* What only 3.0 lets pass: unknown keys, a rule by its old name, Booleans as bounds. */
static const char full_3_0[] =
    "apiVersion: v3.0.2\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\n"
    "price: {priceAmount: 1, zebra: {b: 1, a: 2}, id: 7}\n"
    "roles: [{role: r, Own: [1]}]\n"
    "schema:\n"
    "  - name: t\n"
    "    properties:\n"
    "      - {name: a, logicalType: integer, logicalTypeOptions: {minimum: 1,\n"
    "         exclusiveMinimum: true}}\n"
    "      - {name: b, logicalType: array, items: {logicalType: string, properties: []}}\n"
    "    quality: [{rule: nullCheck, mustBe: 1, metric: own, tool: x}]\n"
    "servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: s, "
    "ssl: true}]\n";

static void test_all_versions_are_kept(void **state)
{
    (void)state;
    static const char *const texts[] = {full, full_3_2, full_3_0};
    for (size_t i = 0; i < FH_COUNT(texts); i++) {
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        struct fh_buf form = form_of(texts[i]);
        struct fh_buf again;
        struct fh_contract *contract = NULL;
        struct fh_err err = {0};
        fh_buf_init(&again, FH_CONTRACT_FORM_BYTES_MAX);
        if (fh_contract_decode(&contract, fh_buf_view(&form), arena, &err) != FH_OK) {
            fail_msg("%zu: %s", i, err.text);
        }
        fh_contract_encode(&again, contract);
        assert_true(fh_bytes_equal(fh_buf_view(&form), fh_buf_view(&again)));
        fh_buf_fini(&again);
        fh_buf_fini(&form);
        fh_arena_free(arena);
    }
}

static void test_newer_models(void **state)
{
    (void)state;
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    const struct fh_contract *contract = read_text(full_3_2, arena);
    assert_null(contract->status);
    assert_string_equal(contract->context->instructions, "ask first");
    assert_string_equal(contract->context->statements.items[0].id, "any id");
    assert_string_equal(contract->context->constraints.items[0].constraint, "c");
    const struct fh_contract_table *table = fh_contract_table(contract, "t");
    assert_non_null(table);
    assert_string_equal(table->context->text, "one string");
    assert_null(table->context->instructions);
    assert_string_equal(table->synonyms.items[0].locale, "de");
    const struct fh_contract_column *map = fh_contract_column(table, "a");
    const struct fh_contract_column *value = fh_contract_column(table, "b");
    assert_non_null(map);
    assert_non_null(value);
    assert_string_equal(map->map->key->logical_type, "string");
    assert_string_equal(map->map->value->items->columns.items[0].name, "x");
    assert_non_null(fh_doc_get(map->options->extra, "minEntries"));
    assert_string_equal(value->semantic_type, "dimension");
    assert_int_equal(value->enum_values.count, 4);
    assert_string_equal(value->enum_values.items[0].label, "X");
    assert_true(value->synonyms.items != NULL && value->synonyms.count == 0);

    contract = read_text(full_3_0, arena);
    assert_non_null(fh_doc_get(contract->price->extra, "zebra"));
    assert_null(contract->price->id); /* 3.0 has none: an own key */
    assert_string_equal(contract->tables.items[0].quality.items[0].rule, "nullCheck");
    assert_null(contract->tables.items[0].quality.items[0].metric);
    fh_arena_free(arena);
}

/* The texts of 256 KiB that make the largest trees and models: each is judged within the memory of
 * a contract and in little time, whatever the verdict. */
static void test_worst_texts_are_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *head;
        const char *unit;
        const char *tail;
        int code;
    } rows[] = {
        {"columns of 3.0, read twice",
         "{apiVersion: v3.0.2, kind: DataContract, id: a, version: '1', status: s, x: 1, schema: "
         "[{name: t, properties: [",
         "{},",
         "]}]}",
         FH_ECHECK},
        {"columns of 3.2",
         "{apiVersion: v3.2.0, kind: DataContract, id: a, version: '1', schema: [{name: t, "
         "properties: [",
         "{enum: []},",
         "]}]}",
         FH_ECHECK},
        {"values of an enum",
         "{apiVersion: v3.2.0, kind: DataContract, id: a, version: '1', schema: [{name: t, "
         "properties: [{name: c, logicalType: string, enum: [",
         "{value: 1},",
         "]}]}]}",
         FH_ECHECK},
        {"rules", HEAD "schema: [{name: t, quality: [", "{},", "]}]", FH_ECHECK},
        {"keys that are kept",
         "{apiVersion: v3.0.2, kind: DataContract, id: a, version: '1', status: s, support: [",
         "{channel: c, url: u, z: 1, y: 2, x: 3},",
         "]}",
         FH_OK},
        {"names that all look alike",
         HEAD "schema: [{name: t, properties: [",
         "{name: \xd0\xbe},",
         "]}]",
         FH_ECHECK},
        {"deep lists in an open value",
         HEAD "customProperties: [{property: p, value: [",
         "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]],",
         "]}]",
         FH_OK},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        struct fh_buf text;
        struct fh_findings findings;
        struct fh_contract *contract = NULL;
        struct fh_err err = {0};
        fh_findings_init(&findings, arena);
        fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
        fh_buf_add_cstr(&text, rows[i].head);
        unsigned events =
            40; /* each item of a unit is at most two events a bracket, colon or comma */
        for (unsigned more = 0; text.size + 64 < FH_CONTRACT_BYTES_MAX;) {
            for (const char *at = rows[i].unit; *at != '\0'; at++) {
                more += strchr("{[]}:", *at) != NULL ? 1 : 0;
                more += *at == ':' ? 1 : 0;
            }
            if (events + more > FH_YAML_EVENTS_MAX) {
                break;
            }
            fh_buf_add_cstr(&text, rows[i].unit);
        }
        fh_buf_add_cstr(&text, rows[i].tail);
        clock_t start = clock();
        int rc = fh_contract_read(&contract, fh_buf_view(&text), &findings, &err);
        if (rc == FH_OK) {
            fh_contract_rules(contract, &findings);
            rc = fh_findings_ok(&findings, &err);
        } else if (contract != NULL) {
            fh_contract_rules(contract, &findings);
        }
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (rc != rows[i].code || findings.failed != FH_OK || seconds > 5) {
            fail_msg("%s: %d %s, %.1f s", rows[i].name, rc, err.text, seconds);
        }
        fh_buf_fini(&text);
        fh_arena_free(arena);
    }
}

static void test_open_to_mesh(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool open;
    } rows[] = {
        {HEAD "roles: [{role: mesh, access: read}]\n", true},
        {HEAD "roles: [{role: x}, {role: mesh, access: read}]\n", true},
        {HEAD, false},
        {HEAD "roles: []\n", false},
        {HEAD "roles: [{role: mesh}]\n", false},
        {HEAD "roles: [{role: mesh, access: write}]\n", false},
        {HEAD "roles: [{role: Mesh, access: read}]\n", false},
        {HEAD "roles: [{role: mesh, access: Read}]\n", false},
        {HEAD "roles: [{role: mesh2, access: read}]\n", false},
        {HEAD "roles: [{role: reader, access: read, id: mesh}]\n", false},
        {HEAD "servers: [{server: s, type: custom, roles: [{role: mesh, access: read}]}]\n", false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        assert_int_equal(fh_contract_open_to_mesh(read_text(rows[i].text, arena)), rows[i].open);
        fh_arena_free(arena);
    }
}

/* Writers of forms that a peer could send. */
static void head_and(struct fh_buf *out, unsigned more)
{
    fh_pack_map(out, 5 + more);
    fh_pack_cstr(out, "apiVersion");
    fh_pack_cstr(out, "v3.1.0");
    fh_pack_cstr(out, "id");
    fh_pack_cstr(out, "a");
    fh_pack_cstr(out, "kind");
    fh_pack_cstr(out, "DataContract");
}
static void tail(struct fh_buf *out)
{
    fh_pack_cstr(out, "status");
    fh_pack_cstr(out, "active");
}
static void version(struct fh_buf *out)
{
    fh_pack_cstr(out, "version");
    fh_pack_cstr(out, "1.0.0");
}
static void write_right(struct fh_buf *out)
{
    head_and(out, 0);
    tail(out);
    version(out);
}
static void write_newer(struct fh_buf *out)
{
    head_and(out, 1);
    fh_pack_cstr(out, "semantics");
    fh_pack_map(out, 0);
    tail(out);
    version(out);
}
static void write_list(struct fh_buf *out)
{
    fh_pack_array(out, 0);
}
static void write_empty_map(struct fh_buf *out)
{
    fh_pack_map(out, 0);
}
static void write_number_version(struct fh_buf *out)
{
    head_and(out, 0);
    tail(out);
    fh_pack_cstr(out, "version");
    fh_pack_nil(out);
}
static void write_price(struct fh_buf *out, const char *amount)
{
    head_and(out, 1);
    fh_pack_cstr(out, "price");
    fh_pack_map(out, 1);
    fh_pack_cstr(out, "priceAmount");
    fh_pack_bin(out, fh_bytes_cstr(amount));
    tail(out);
    version(out);
}
static void write_loose_decimal(struct fh_buf *out)
{
    write_price(out, "1.50");
}
static void write_integer_as_decimal(struct fh_buf *out)
{
    write_price(out, "15");
}
static void write_no_decimal(struct fh_buf *out)
{
    write_price(out, "\x01\x02");
}
static void write_long_decimal(struct fh_buf *out)
{
    write_price(out,
                "0.1111111111111111111111111111111111111111111111111111111111111111111111111111");
}
static void write_text_price(struct fh_buf *out)
{
    head_and(out, 1);
    fh_pack_cstr(out, "price");
    fh_pack_map(out, 1);
    fh_pack_cstr(out, "priceAmount");
    fh_pack_cstr(out, "1.5");
    tail(out);
    version(out);
}
static void write_unsorted(struct fh_buf *out)
{
    head_and(out, 0);
    version(out);
    tail(out);
}
static void write_trailing(struct fh_buf *out)
{
    write_right(out);
    fh_pack_nil(out);
}
static void write_deep(struct fh_buf *out)
{
    head_and(out, 1);
    fh_pack_cstr(out, "price");
    for (unsigned i = 0; i < 40; i++) {
        fh_pack_array(out, 1);
    }
    fh_pack_nil(out);
    tail(out);
    version(out);
}
static void write_huge_integer(struct fh_buf *out)
{
    head_and(out, 1);
    fh_pack_cstr(out, "price");
    fh_pack_map(out, 1);
    fh_pack_cstr(out, "priceAmount");
    fh_pack_uint(out, UINT64_MAX);
    tail(out);
    version(out);
}

static void test_foreign_forms(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*write)(struct fh_buf *out);
        int code;
        const char *rule; /* its start; "" for any */
    } rows[] = {
        {"right", write_right, FH_OK, ""},
        {"a key of a newer version", write_newer, FH_OK, ""},
        {"a list", write_list, FH_EINVAL, "odcs.type"},
        {"nothing in it", write_empty_map, FH_EINVAL, "odcs.required"},
        {"no version", write_number_version, FH_EINVAL, "odcs.type"},
        {"a decimal not in normal form", write_loose_decimal, FH_EINVAL, "pack."},
        {"an integer as decimal", write_integer_as_decimal, FH_EINVAL, "pack."},
        {"bytes as decimal", write_no_decimal, FH_EINVAL, "pack."},
        {"a decimal of many digits", write_long_decimal, FH_EINVAL, "pack."},
        {"a price as text", write_text_price, FH_EINVAL, "odcs.type"},
        {"keys out of order", write_unsorted, FH_EINVAL, "pack."},
        {"bytes behind", write_trailing, FH_EINVAL, "pack."},
        {"too deep", write_deep, FH_ETOOBIG, "pack."},
        {"an integer beyond 63 bits", write_huge_integer, FH_EINVAL, "pack."},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        struct fh_contract *contract = NULL;
        struct fh_err err = {0};
        struct fh_buf form;
        fh_buf_init(&form, 4096);
        rows[i].write(&form);
        int rc = fh_contract_decode(&contract, fh_buf_view(&form), arena, &err);
        if (rc != rows[i].code || strncmp(err.rule, rows[i].rule, strlen(rows[i].rule)) != 0) {
            fail_msg("%s: %d %s: %s", rows[i].name, rc, err.rule, err.text);
        }
        assert_int_equal(contract != NULL, rc == FH_OK);
        fh_buf_fini(&form);
        fh_arena_free(arena);
    }
}

/* Every prefix and every single changed byte of a form gives an error or a contract, never a crash.
 */
static void test_damaged_forms(void **state)
{
    (void)state;
    struct fh_buf form = form_of(full);
    for (size_t size = 0; size < form.size; size++) {
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        struct fh_contract *contract = NULL;
        struct fh_err err;
        uint8_t *copy = malloc(size + 1); /* tight, so that a sanitizer sees a read behind it */
        assert_non_null(copy);
        memcpy(copy, form.data, size);
        assert_int_not_equal(fh_contract_decode(&contract, fh_bytes(copy, size), arena, &err),
                             FH_OK);
        free(copy);
        fh_arena_free(arena);
    }
    for (size_t at = 0; at < form.size; at++) {
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        struct fh_contract *contract = NULL;
        struct fh_err err;
        form.data[at] ^= 0x41;
        int rc = fh_contract_decode(&contract, fh_buf_view(&form), arena, &err);
        assert_int_equal(rc == FH_OK, contract != NULL);
        form.data[at] ^= 0x41;
        fh_arena_free(arena);
    }
    fh_buf_fini(&form);
}

static unsigned allocations_left;

static bool allow_some(size_t size)
{
    (void)size;
    if (allocations_left == 0) {
        return false;
    }
    allocations_left--;
    return true;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct fh_buf form = form_of(full);
    bool succeeded = false;
    unsigned failures = 0;
    for (unsigned n = 0; !succeeded; n++) {
        struct fh_findings findings;
        struct fh_contract *contract = NULL;
        struct fh_contract *decoded = NULL;
        struct fh_err err = {0};
        allocations_left = n;
        fh_alloc_set_hook(allow_some);
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        if (arena != NULL) {
            fh_findings_init(&findings, arena);
            int rc = fh_contract_read(&contract, fh_bytes_cstr(full), &findings, &err);
            if (rc == FH_OK) {
                rc = fh_contract_decode(&decoded, fh_buf_view(&form), arena, &err);
            }
            succeeded = rc == FH_OK;
            if (!succeeded) {
                assert_int_equal(rc, FH_ENOMEM);
                assert_null(decoded);
            }
        }
        failures += !succeeded;
        fh_alloc_set_hook(NULL);
        fh_arena_free(arena);
    }
    assert_true(failures >= 2);
    fh_buf_fini(&form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_sorted_and_complete),
        cmocka_unit_test(test_variants_name_fields),
        cmocka_unit_test(test_one_meaning_one_form),
        cmocka_unit_test(test_nothing_is_lost),
        cmocka_unit_test(test_all_versions_are_kept),
        cmocka_unit_test(test_newer_models),
        cmocka_unit_test(test_worst_texts_are_bounded),
        cmocka_unit_test(test_open_to_mesh),
        cmocka_unit_test(test_foreign_forms),
        cmocka_unit_test(test_damaged_forms),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
