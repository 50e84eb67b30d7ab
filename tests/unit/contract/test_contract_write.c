/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing: what is written reads as the same contract, with the same types, in the order of the
 * standard. Every file of the shared examples that is accepted goes through it.
 */
#include "common/arena.h"
#include "common/file.h"
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_write.h"

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

static struct fh_contract *read_text(struct fh_bytes text, struct fh_arena *arena, const char *name)
{
    struct fh_contract *contract = NULL;
    struct fh_findings findings;
    struct fh_err err = {0};
    fh_findings_init(&findings, arena);
    if (fh_contract_read(&contract, text, &findings, &err) != FH_OK) {
        fail_msg("%s: %s\n%.*s", name, err.text, (int)text.size, (const char *)text.data);
    }
    return contract;
}

/* Writes the contract, reads it again, and compares the canonical forms. */
static void check_round_trip(const struct fh_contract *contract, const char *name)
{
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_buf text;
    struct fh_buf form;
    struct fh_buf again;
    struct fh_buf twice;
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&twice, FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&form, FH_CONTRACT_FORM_BYTES_MAX);
    fh_buf_init(&again, FH_CONTRACT_FORM_BYTES_MAX);
    fh_contract_write(&text, contract, NULL);
    assert_int_equal(fh_buf_ok(&text), FH_OK);
    const struct fh_contract *read = read_text(fh_buf_view(&text), arena, name);
    fh_contract_encode(&form, contract);
    fh_contract_encode(&again, read);
    if (!fh_bytes_equal(fh_buf_view(&form), fh_buf_view(&again))) {
        fail_msg("%s reads as another contract:\n%s", name, fh_buf_cstr(&text));
    }
    fh_contract_write(&twice, read, NULL);
    assert_string_equal(fh_buf_cstr(&text), fh_buf_cstr(&twice));
    fh_buf_fini(&again);
    fh_buf_fini(&form);
    fh_buf_fini(&twice);
    fh_buf_fini(&text);
    fh_arena_free(arena);
}

#define HEAD                                                                                       \
    "apiVersion: v3.1.0\n"                                                                         \
    "kind: DataContract\n"                                                                         \
    "id: a\n"                                                                                      \
    "version: \"1.0.0\"\n"                                                                         \
    "status: active\n"

/* --- golden texts --- */

static void test_golden(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *in;
        const char *out; /* behind HEAD */
    } rows[] = {
        {"order of keys",
         "status: active\nversion: 1.0.0\nid: a\nkind: DataContract\napiVersion: v3.1.0\n"
         "tags: [b, 'no']\ntenant: 1.10\n",
         "tenant: \"1.10\"\ntags: [b, \"no\"]\n"},
        {"empty things",
         HEAD "tags: []\ndescription: {}\nroles: []\nschema: [{name: t, properties: []}]\n",
         "tags: []\ndescription: {}\nschema:\n  - name: t\n    properties: []\nroles: []\n"},
        {"a column",
         HEAD "schema: [{name: t, properties: [{description: d, required: true, name: c, "
              "examples: [1, '1', 1.50, null, true, 'true'], logicalType: integer, "
              "logicalTypeOptions: {maximum: 1e3, minimum: -5.0}}]}]\n",
         "schema:\n"
         "  - name: t\n"
         "    properties:\n"
         "      - name: c\n"
         "        logicalType: integer\n"
         "        logicalTypeOptions:\n"
         "          maximum: 1000\n"
         "          minimum: -5\n"
         "        required: true\n"
         "        description: d\n"
         "        examples: [1, \"1\", 1.5, null, true, \"true\"]\n"},
        {"prose is folded, lines stay lines",
         HEAD "description: {usage: \"one\\n\\n  two\\n\", purpose: \"It is a long way to "
              "Tipperary, it is a long way to go, it is a long way to Tipperary, to the sweetest "
              "girl I know.\"}\n",
         "description:\n"
         "  purpose: >-\n"
         "    It is a long way to Tipperary, it is a long way to go, it is a long way to "
         "Tipperary, "
         "to the\n"
         "    sweetest girl I know.\n"
         "  usage: |\n"
         "    one\n"
         "\n"
         "      two\n"},
        {"values that are open",
         HEAD "customProperties: [{property: p, value: {b: [1, [x]], a: {}}}, {property: q, value: "
              "{on: off}}]\n",
         "customProperties:\n"
         "  - property: p\n"
         "    value:\n"
         "      b:\n"
         "        - 1\n"
         "        - [x]\n"
         "      a: {}\n"
         "  - property: q\n"
         "    value: {\"on\": \"off\"}\n"},
        {"a team as it was, a reference and a list of one",
         HEAD "team: [{username: u}]\nschema: [{name: t, relationships: [{to: t.b, from: t.a}, "
              "{from: [t.a], to: [t.b]}]}]\n",
         "schema:\n"
         "  - name: t\n"
         "    relationships:\n"
         "      - from: t.a\n"
         "        to: t.b\n"
         "      - from: [t.a]\n"
         "        to: [t.b]\n"
         "team:\n"
         "  - username: u\n"},
        {"own keys come last",
         HEAD "description: {zebra: 1, usage: u, ant: [a]}\n",
         "description:\n  usage: u\n  zebra: 1\n  ant: [a]\n"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        struct fh_buf text;
        fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
        const struct fh_contract *contract =
            read_text(fh_bytes_cstr(rows[i].in), arena, rows[i].name);
        fh_contract_write(&text, contract, NULL);
        const char *written = fh_buf_cstr(&text);
        assert_int_equal(strncmp(written, HEAD, strlen(HEAD)), 0);
        assert_string_equal(written + strlen(HEAD), rows[i].out);
        check_round_trip(contract, rows[i].name);
        fh_buf_fini(&text);
        fh_arena_free(arena);
    }
}

/* --- strings that some reader takes for something else --- */

static void test_strings(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "a ",
        " a",
        "y",
        "N",
        "yes",
        "On",
        "null",
        "~",
        "NULL",
        "true",
        ".inf",
        ".NaN",
        "1",
        "1.0",
        "1e3",
        "0o17",
        "017",
        "0x1F",
        "1_000",
        "12:30:45",
        "1.10",
        "1.2.3",
        "-",
        "- a",
        "-1",
        "?",
        "? a",
        ":",
        ": a",
        "a: b",
        "a:",
        "a:b",
        "a #b",
        "#a",
        "a#b",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        ">-",
        "[a]",
        "{a: b}",
        "a, b",
        "a]",
        "\"a\"",
        "'a'",
        "it's",
        "a\\b",
        "a\tb",
        "\ta",
        "a\nb",
        "a\nb\n",
        "a\n\nb",
        "\na",
        "a\n\n",
        "\n",
        "a \nb",
        " a\nb",
        "a\n b\n",
        "a\n\tb",
        "a\n  ",
        "<<",
        "=",
        "...",
        "---",
        "--- a",
        "a\n---",
        "a\n#b",
        "a\n: b",
        "2026-01-31",
        "2026-01-31T12:00:00Z",
        "a\r\nb",
        "\xc3\xa4\xc3\xb6",
        "\xc2\xa0x",
        "\xe2\x80\x8b",
        "\xf0\x9f\x98\x80",
        "select a,\n       b -- why: # not\nfrom t\nwhere c = '}'\n",
        ("a very long line that is folded because it has more letters than a line may have, and # "
         "no "
         "comment: in it"),
        ("a very long line that is not folded because it has  two blanks where one is enough for "
         "it, "
         "as in old letters"),
        ("averyverylongwordaveryverylongwordaveryverylongwordaveryverylongwordaveryverylongwordaver"
         "yverylongwordaveryverylongword and more"),
    };
    for (size_t i = 0; i < FH_COUNT(texts); i++) {
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        struct fh_doc_node list = {.kind = FH_DOC_LIST, .text = "", .count = 1};
        struct fh_doc_node map = {.kind = FH_DOC_MAP, .text = "", .count = 1, .first = &list};
        struct fh_doc_node scalar = {.kind = FH_DOC_SCALAR, .text = texts[i]};
        const char *tags[] = {texts[i], "b", texts[i]};
        struct fh_contract_custom custom = {.property = texts[i], .value = &map};
        struct fh_contract_sla sla = {.property = "p", .value = &scalar};
        struct fh_contract contract = {.api_version = "v3.1.0",
                                       .kind = "DataContract",
                                       .id = "a",
                                       .version = "1",
                                       .status = texts[i],
                                       .tags = {3, tags},
                                       .custom = {1, &custom},
                                       .sla = {1, &sla}};
        list.first = &scalar;
        list.key = strchr(texts[i], '\n') == NULL ? texts[i] : "k";
        check_round_trip(&contract, texts[i]);
        fh_arena_free(arena);
    }
}

/* --- contracts made by hand --- */

static void test_made_by_hand(void **state)
{
    (void)state;
    struct fh_doc_node value = {.kind = FH_DOC_SCALAR, .plain = true, .text = "1"};
    struct fh_contract_enum_value values[] = {{.value = &value, .label = "One"}};
    struct fh_contract_column columns[] = {
        {.name = "number", .logical_type = "integer", .required = FH_CONTRACT_TRUE}};
    struct fh_contract_table tables[] = {{.name = "t", .columns = {1, columns}}};
    struct fh_contract contract = {
        .id = "a", .version = "0.1.0", .status = "draft", .tables = {1, tables}};
    struct fh_contract_write_options options = {.heading = "Drafted.\n\nPlease review."};
    struct fh_buf text;
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
    fh_contract_write(&text, &contract, &options);
    assert_string_equal(fh_buf_cstr(&text),
                        "# Drafted.\n"
                        "#\n"
                        "# Please review.\n"
                        "apiVersion: v3.1.0\n"
                        "kind: DataContract\n"
                        "id: a\n"
                        "version: \"0.1.0\"\n"
                        "status: draft\n"
                        "schema:\n"
                        "  - name: t\n"
                        "    properties:\n"
                        "      - name: number\n"
                        "        logicalType: integer\n"
                        "        required: true\n");
    columns[0].enum_values.count = 1;
    columns[0].enum_values.items = values;
    fh_buf_reset(&text);
    fh_contract_write(&text, &contract, NULL);
    assert_non_null(strstr(fh_buf_cstr(&text), "apiVersion: v3.2.0\n"));
    assert_non_null(strstr(fh_buf_cstr(&text),
                           "        enum:\n"
                           "          - value: 1\n"
                           "            label: One\n"));
    fh_buf_fini(&text);
}

/* --- the shared examples --- */

static unsigned write_folder(const char *folder)
{
    unsigned written = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[1200];
        struct fh_buf text;
        struct fh_findings findings;
        struct fh_err err = {0};
        struct fh_contract *contract = NULL;
        if (entry->d_name[0] == '.') {
            continue;
        }
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        fh_findings_init(&findings, arena);
        fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_int_equal(fh_file_read(path, &text, &err), FH_OK);
        if (fh_contract_read(&contract, fh_buf_view(&text), &findings, &err) == FH_OK) {
            check_round_trip(contract, entry->d_name);
            written++;
        }
        fh_buf_fini(&text);
        fh_arena_free(arena);
    }
    closedir(dir);
    return written;
}

static void test_examples(void **state)
{
    (void)state;
    static const char *const folders[] = {
        "bitol-3.1", "bitol-3.2dev", "bitol-negative", "datacontract-cli"};
    const char *shared = getenv("FH_SHARED_DATA");
    unsigned written = 0;
#ifdef FH_TINY_LIMITS
    shared = NULL; /* the examples are larger than tiny limits allow */
#endif
    for (size_t i = 0; i < FH_COUNT(folders); i++) {
        char folder[900];
        snprintf(folder, sizeof folder, "%s/odcs/%s", shared == NULL ? "" : shared, folders[i]);
        written += write_folder(folder);
    }
    if (written == 0) {
        print_message("skipped: the examples are absent (FH_SHARED_DATA)\n");
        skip();
    }
    print_message("%u contracts written and read again\n", written);
    assert_int_equal(written, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_made_by_hand),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
