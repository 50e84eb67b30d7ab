/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published text and the source mapping: the author's bytes but for places, and nothing of
 * the source in what travels. Ends with the contracts of the demo, which must publish without a
 * word.
 */
#include "common/file.h"
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/lint.h"
#include "proto/contract/publish_text.h"
#include "proto/contract/source_mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "apiVersion: v3.1.0\nkind: DataContract\nid: a\nname: flights\nversion: 1.0.0\n"               \
    "status: active\n"
#define SCHEMA "schema: [{name: t, properties: [{name: x, logicalType: string}]}]\n"
#define MESH                                                                                       \
    "servers:\n"                                                                                   \
    "  - server: mesh\n"                                                                           \
    "    type: custom\n"                                                                           \
    "    description: Served by the owning domain to the members of its mesh.\n"                   \
    "    location: "                                                                               \
    "\"freehold://fhd1aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq/flights\"\n"

struct publishing {
    struct fh_arena *arena;
    struct fh_findings findings;
    struct fh_contract *contract;
    struct fh_published published;
    struct fh_err err;
    int rc;
};

static struct fh_domain_id domain_id(void)
{
    struct fh_domain_id domain;
    memset(domain.b, 1, sizeof domain.b);
    return domain;
}

static void publish(struct publishing *p, struct fh_bytes text)
{
    struct fh_domain_id domain = domain_id();
    *p = (struct publishing){.arena = fh_arena_new(4 * FH_CONTRACT_ARENA_BYTES_MAX)};
    assert_non_null(p->arena);
    fh_findings_init(&p->findings, p->arena);
    p->rc = fh_contract_read(&p->contract, text, &p->findings, &p->err);
    if (p->rc == FH_OK) {
        p->rc = fh_publish_text(&p->published, text, p->contract, &domain, &p->findings, &p->err);
    }
}

static void test_only_servers_change(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *before;
        const char *servers;
        const char *after;
        const char *mesh; /* NULL: MESH */
    } rows[] = {
        {"in the middle",
         "# mine\n" HEAD,
         "servers:\n  - server: s\n    type: local\n    path: a.csv\n    format: csv\n",
         "\n# about the schema\n" SCHEMA "# end\n",
         NULL},
        {"at the end",
         HEAD SCHEMA,
         "servers:\n- {server: s, type: local, path: a.csv, format: csv}\n",
         "",
         NULL},
        {"list at the key's own column",
         HEAD,
         "servers:\n- server: s\n  type: local\n  path: a.csv\n  format: csv\n",
         SCHEMA,
         NULL},
        {"on one line",
         HEAD,
         "servers: [{server: s, type: local, path: a.csv, format: csv}]\n",
         SCHEMA,
         NULL},
        {"flow over lines",
         HEAD,
         "servers: [\n{server: s, type: local,\npath: a.csv, format: csv}\n]\n",
         SCHEMA,
         NULL},
        {"comments inside, blank lines between",
         HEAD,
         "servers: # here\n  # below /srv\n  - server: s\n\n    type: local\n    path: a.csv # see "
         "db.internal\n"
         "    format: csv\n    # old: /mnt/x\n\n  # the end\n",
         "\n\n# mine\n" SCHEMA,
         NULL},
        {"a quoted key",
         HEAD,
         "\"servers\":\n  - {server: s, type: local, path: a.csv, format: csv}\n",
         SCHEMA,
         NULL},
        {"a block scalar at its end",
         HEAD,
         "servers:\n  - server: s\n    type: local\n    path: a.csv\n    format: csv\n    "
         "description: |\n"
         "      first\n\n      last\n",
         SCHEMA,
         NULL},
        {"an explicit end",
         "---\n" HEAD,
         "servers: [{server: s, type: local, path: a.csv, format: csv}]\n",
         SCHEMA "...\n",
         NULL},
        {"without a line end",
         HEAD SCHEMA,
         "servers: [{server: s, type: local, path: a.csv, format: csv}]",
         "",
         NULL},
        {"an unused server of another kind too",
         HEAD,
         "servers:\n  - {server: s, type: local, path: a.csv, format: csv}\n"
         "  - {server: t, type: postgres, host: db9.internal, port: 5432, database: d, schema: "
         "s}\n",
         SCHEMA,
         NULL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char text[4096];
        char wanted[4096];
        struct publishing p;
        snprintf(text, sizeof text, "%s%s%s", rows[i].before, rows[i].servers, rows[i].after);
        snprintf(wanted, sizeof wanted, "%s%s%s", rows[i].before, MESH, rows[i].after);
        publish(&p, fh_bytes_cstr(text));
        if (p.rc != FH_OK) {
            fail_msg("%s: %s", rows[i].name, p.err.text);
        }
        if (!fh_bytes_equal_cstr(p.published.text, wanted)) {
            fail_msg("%s gave:\n%.*s",
                     rows[i].name,
                     (int)p.published.text.size,
                     (const char *)p.published.text.data);
        }
        struct fh_hash hash = fh_hash(p.published.text);
        assert_memory_equal(hash.b, p.published.text_hash.b, sizeof hash.b);
        assert_int_equal(p.published.contract->servers.count, 1);
        assert_string_equal(p.published.contract->servers.items[0].type, "custom");
        assert_null(p.published.contract->servers.items[0].path);
        fh_arena_free(p.arena);
    }
}

/* The table's physicalName gives way to its name, in place. */
static void test_physical_names(void **state)
{
    (void)state;
    static const char servers[] =
        "servers: [{server: s, type: local, path: 'in/{model}.csv', format: csv}]\n";
    static const struct {
        const char *authored;
        const char *published;
    } rows[] = {
        {"schema:\n  - name: t\n    physicalName: vault-9 # here\n",
         "schema:\n  - name: t\n    physicalName: \"t\" # here\n"},
        {"schema:\n  - physicalName: 'va''ult 9'\n    name: t\n",
         "schema:\n  - physicalName: \"t\"\n    name: t\n"},
        {"schema:\n  - physicalName: \"va\\\"ult\\u00e9 9\"\n    name: t\n",
         "schema:\n  - physicalName: \"t\"\n    name: t\n"},
        {"schema: [{description: \"\xc3\xa4\xe2\x82\xac\", name: t, physicalName: vault-9}, "
         "{physicalName: vault-8, name: u}]\n",
         "schema: [{description: \"\xc3\xa4\xe2\x82\xac\", name: t, physicalName: \"t\"}, "
         "{physicalName: \"u\", name: u}]\n"},
        /* the same name: nothing to hide, nothing to change; a column's stays */
        {"schema: [{name: t, physicalName: t, properties: [{name: x, logicalType: string, "
         "physicalName: X 1}]}]\n",
         "schema: [{name: t, physicalName: t, properties: [{name: x, logicalType: string, "
         "physicalName: X 1}]}]\n"},
    };
    for (size_t i = 0; i < 2 * FH_COUNT(rows); i++) {
        char text[4096];
        char wanted[4096];
        struct publishing p;
        bool before = i % 2 == 0; /* of servers */
        const char *authored = rows[i / 2].authored;
        const char *published = rows[i / 2].published;
        snprintf(text,
                 sizeof text,
                 "%s%s%s%s",
                 HEAD,
                 before ? authored : servers,
                 before ? servers : authored,
                 "tenant: x\n");
        snprintf(wanted,
                 sizeof wanted,
                 "%s%s%s%s",
                 HEAD,
                 before ? published : MESH,
                 before ? MESH : published,
                 "tenant: x\n");
        publish(&p, fh_bytes_cstr(text));
        if (p.rc != FH_OK) {
            fail_msg("row %zu: %s", i / 2, p.err.text);
        }
        if (!fh_bytes_equal_cstr(p.published.text, wanted)) {
            fail_msg("row %zu gave:\n%.*s",
                     i / 2,
                     (int)p.published.text.size,
                     (const char *)p.published.text.data);
        }
        assert_string_equal(p.published.contract->tables.items[0].physical_name,
                            p.published.contract->tables.items[0].name);
        fh_arena_free(p.arena);
    }
}

static void test_line_ends_and_indentation_are_kept(void **state)
{
    (void)state;
    static const char crlf[] =
        "apiVersion: v3.1.0\r\nkind: DataContract\r\nid: a\r\nname: flights\r\nversion: 1.0.0\r\n"
        "status: active\r\nservers:\r\n  - {server: s, type: local, path: a.csv, format: csv}\r\n"
        "tenant: x\r\n";
    static const char indented[] =
        "  apiVersion: v3.1.0\n  kind: DataContract\n  id: a\n  name: flights\n  version: 1.0.0\n"
        "  status: active\n  servers:\n  - {server: s, type: local, path: a.csv, format: csv}\n"
        "  tenant: x\n";
    struct publishing p;
    publish(&p, fh_bytes_cstr(crlf));
    assert_int_equal(p.rc, FH_OK);
    for (size_t i = 0; i < p.published.text.size; i++) {
        if (p.published.text.data[i] == '\n') {
            assert_int_equal(p.published.text.data[i - 1], '\r');
        }
    }
    fh_arena_free(p.arena);
    publish(&p, fh_bytes_cstr(indented));
    assert_int_equal(p.rc, FH_OK);
    assert_string_equal(p.published.contract->tenant, "x");
    assert_non_null(
        memmem(p.published.text.data, p.published.text.size, "\n  servers:\n    - ", 18));
    fh_arena_free(p.arena);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *rule;
    } rows[] = {
        {"no servers", HEAD SCHEMA, "publish.server.missing"},
        {"no name",
         "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\nservers: "
         "[]\n",
         "publish.server.missing"},
        {"all on one line",
         "{apiVersion: v3.1.0, kind: DataContract, id: a, name: flights, version: 1.0.0, status: "
         "active, "
         "servers: [{server: s, type: local, path: a.csv, format: csv}]}",
         "publish.text.layout"},
        {"another key on its line",
         "{apiVersion: v3.1.0, kind: DataContract, id: a, name: flights, version: 1.0.0, status: "
         "active,\n"
         "servers: [{server: s, type: local, path: a.csv, format: csv}], tenant: x}",
         "publish.text.layout"},
        {"JSON over lines",
         "{\n\"apiVersion\": \"v3.1.0\", \"kind\": \"DataContract\", \"id\": \"a\", \"name\": "
         "\"flights\",\n"
         "\"version\": \"1.0.0\", \"status\": \"active\",\n"
         "\"servers\": [{\"server\": \"s\", \"type\": \"local\", \"path\": \"a.csv\", \"format\": "
         "\"csv\"}]\n}\n",
         "publish.text.layout"},
        {"values deeper than a record",
         HEAD SCHEMA "servers: [{server: s, type: local, path: a.csv, format: csv}]\n"
                     "customProperties: [{property: p, value: [[[[[[[[[[[[[1]]]]]]]]]]]]]}]\n",
         "publish.form"},
        {"the path in a comment",
         HEAD SCHEMA
         "# from data/a.csv\nservers: [{server: s, type: local, path: data/a.csv, format: csv}]\n",
         "publish.location"},
        {"the host in a tag",
         HEAD SCHEMA "tags: [db9.internal]\nservers:\n"
                     "  - {server: s, type: local, path: a.csv, format: csv}\n"
                     "  - {server: t, type: mysql, host: db9.internal, port: 1, database: d}\n",
         "publish.location"},
        {"the physicalName of a table over lines",
         HEAD "schema:\n  - name: t\n    physicalName: >-\n      vault-9\n"
              "servers: [{server: s, type: local, path: '{model}.csv', format: csv}]\n",
         "publish.text.layout"},
        {"the physicalName of a table, plain over lines",
         HEAD "schema:\n  - name: t\n    physicalName: vault\n      9\n"
              "servers: [{server: s, type: local, path: '{model}.csv', format: csv}]\n",
         "publish.text.layout"},
        {"the physicalName of a table in a comment",
         HEAD "# of vault.9\nschema:\n  - {name: t, physicalName: vault.9}\n"
              "servers: [{server: s, type: local, path: '{model}.csv', format: csv}]\n",
         "publish.location"},
        {"the path in a comment at the start of a line behind servers",
         HEAD "servers:\n  - {server: s, type: local, path: data/a.csv, format: csv}\n# "
              "data/a.csv\n" SCHEMA,
         "publish.location"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct publishing p;
        publish(&p, fh_bytes_cstr(rows[i].text));
        if (p.rc != FH_ECHECK || strcmp(p.err.rule, rows[i].rule) != 0) {
            fail_msg("%s: %d %s: %s", rows[i].name, p.rc, p.err.rule, p.err.text);
        }
        assert_null(p.published.text.data);
        fh_arena_free(p.arena);
    }
}

static void test_mapping(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "schema:\n"
             "  - name: a\n    physicalName: a.2001\n    properties:\n"
             "      - {name: x, logicalType: string, physicalName: X of a, required: true}\n"
             "      - {name: y, logicalType: integer, primaryKey: true}\n"
             "  - {name: b, properties: [{name: z, logicalType: number, physicalType: "
             "'decimal(9,2)'}]}\n"
             "servers: [{server: s, type: local, path: 'in/{model}.parquet', format: parquet}]\n";
    struct publishing p;
    struct fh_source_mapping *made = NULL;
    struct fh_source_mapping *decoded = NULL;
    struct fh_buf form;
    publish(&p, fh_bytes_cstr(text));
    assert_int_equal(p.rc, FH_OK);
    assert_int_equal(fh_source_mapping_make(&made, p.contract, p.arena, &p.err), FH_OK);
    fh_buf_init(&form, 4096);
    fh_source_mapping_encode(&form, made);
    assert_int_equal(fh_buf_ok(&form), FH_OK);
    assert_int_equal(fh_source_mapping_decode(&decoded, fh_buf_view(&form), p.arena, &p.err),
                     FH_OK);
    const struct fh_source_mapping *both[] = {made, decoded};
    for (size_t i = 0; i < 2; i++) {
        const struct fh_source_table *a = &both[i]->tables[0];
        const struct fh_source_table *b = &both[i]->tables[1];
        assert_int_equal(both[i]->table_count, 2);
        assert_string_equal(a->name, "a");
        assert_string_equal(a->path, "in/a.2001.parquet");
        assert_string_equal(a->format, "parquet");
        assert_int_equal(a->column_count, 2);
        assert_string_equal(a->columns[0].name, "x");
        assert_string_equal(a->columns[0].source_name, "X of a");
        assert_string_equal(a->columns[0].sql_type, "VARCHAR");
        assert_true(a->columns[0].is_required);
        assert_string_equal(a->columns[1].source_name, "y");
        assert_string_equal(a->columns[1].sql_type, "BIGINT");
        assert_true(a->columns[1].is_required);
        assert_string_equal(b->path, "in/b.parquet");
        assert_string_equal(b->columns[0].sql_type, "DECIMAL(9,2)");
        assert_false(b->columns[0].is_required);
    }
    for (size_t size = 0; size < form.size; size++) {
        assert_int_not_equal(
            fh_source_mapping_decode(&decoded, fh_bytes(form.data, size), p.arena, &p.err), FH_OK);
    }
    /* What travels has no source to map. */
    assert_int_equal(fh_source_mapping_make(&made, p.published.contract, p.arena, &p.err),
                     FH_ECHECK);
    fh_buf_fini(&form);
    fh_arena_free(p.arena);
}

static void test_source_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool fits;
    } rows[] = {
        {"a.csv", true},     {"data/2001/flights 3m.parquet", true},
        {"./a.csv", true},   {"...", true},
        {"a..b/c", true},    {"\xc3\xa4.csv", true},
        {"", false},         {"/a.csv", false},
        {"~/a.csv", false},  {"~anna/a.csv", false},
        {"..", false},       {"../a.csv", false},
        {"a/..", false},     {"a/../b", false},
        {"a/", false},       {"a//b", false},
        {"a\\b", false},     {"c:a", false},
        {"s3://b/a", false}, {"*.csv", false},
        {"a?.csv", false},   {"a[1].csv", false},
        {"$HOME/a", false},  {"a|b", false},
        {"a;b", false},      {"a'b", false},
        {"a\"b", false},     {"a`b", false},
        {"a\nb", false},     {"a\x7f", false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        if ((fh_source_path_check(rows[i].path, &err) == FH_OK) != rows[i].fits) {
            fail_msg("\"%s\": %s", rows[i].path, err.text);
        }
    }
}

static void check_demo_contract(const char *domain, const char *path)
{
    struct fh_buf text;
    struct publishing p;
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_source_mapping *mapping = NULL;
    struct fh_err err = {0};
    struct fh_lint_options options = {.for_publishing = true, .domain = domain};
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
    assert_int_equal(fh_file_read(path, &text, &err), FH_OK);
    publish(&p, fh_buf_view(&text));
    if (p.rc != FH_OK) {
        fail_msg("%s: %s", path, p.err.text);
    }
    fh_findings_init(&findings, p.arena);
    assert_int_equal(fh_contract_lint(&contract, fh_buf_view(&text), &options, &findings, &err),
                     FH_OK);
    for (size_t i = 0; i < findings.count; i++) {
        fail_msg("%s:%u: %s", path, findings.items[i].line, findings.items[i].message);
    }
    assert_int_equal(fh_source_mapping_make(&mapping, contract, p.arena, &err), FH_OK);
    for (size_t i = 0; i < mapping->table_count; i++) {
        const char *source = mapping->tables[i].path;
        assert_null(memmem(p.published.text.data, p.published.text.size, source, strlen(source)));
    }
    fh_arena_free(p.arena);
    fh_buf_fini(&text);
}

static void test_demo_contracts(void **state)
{
    (void)state;
    static const char *const domains[] = {"aviation", "geology", "wildlife"};
    unsigned count = 0;
    for (size_t i = 0; i < FH_COUNT(domains); i++) {
        char folder[512];
        snprintf(folder, sizeof folder, "%s/../deploy/demo/%s", FH_TEST_SOURCE_DIR, domains[i]);
        DIR *dir = opendir(folder);
        assert_non_null(dir);
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            char path[1024];
            if (strstr(entry->d_name, ".odcs.yaml") != NULL) {
                snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
                check_demo_contract(domains[i], path);
                count++;
            }
        }
        closedir(dir);
    }
    assert_true(count >= 6);
}

int main(void)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_servers_change),
        cmocka_unit_test(test_physical_names),
        cmocka_unit_test(test_line_ends_and_indentation_are_kept),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_mapping),
        cmocka_unit_test(test_source_paths),
        cmocka_unit_test(test_demo_contracts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
