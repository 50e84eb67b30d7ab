/* SPDX-License-Identifier: Apache-2.0 */
/* The gate on trees that no DuckDB wrote: it does not trust the worker that parsed. */
#include "common/limits.h"
#include "node/query/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SELECT_OF(list)                                                                            \
    "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"select_list\":[" list  \
    "]},\"named_param_map\":[]}]}"
#define FROM(relation)                                                                             \
    "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"from_"                 \
    "table\":" relation "},\"named_param_map\":[]}]}"

#define PARAMS(used, list)                                                                         \
    "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"select_list\":["       \
    "{\"class\":\"PARAMETER\",\"type\":\"VALUE_PARAMETER\",\"identifier\":\"" used                 \
    "\"}]},\"named_param_map\":[" list "]}]}"

static int check(const char *json, size_t size, struct fh_err *err)
{
    struct fh_gate gate;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    int code = fh_gate_check(&gate, fh_bytes(json, size), arena, err);
    fh_arena_free(arena);
    return code;
}

static void trees_by_table(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *rule; /* "" = passes */
    } rows[] = {
        {SELECT_OF(""), ""},
        {SELECT_OF("{\"class\":\"CONSTANT\",\"type\":\"VALUE_CONSTANT\",\"value\":{}}"), ""},
        {SELECT_OF("{\"class\":\"FUNCTION\",\"type\":\"FUNCTION\",\"function_name\":\"sum\","
                   "\"children\":[]}"),
         ""},
        {FROM("{\"type\":\"BASE_TABLE\",\"table_name\":\"t\",\"schema_name\":\"d\"}"), ""},
        {"", "sql.gate.tree"},
        {"x", "sql.gate.tree"},
        {"[]", "sql.gate.tree"},
        {"{}", "sql.gate.tree"},
        {"null", "sql.gate.tree"},
        {"{\"error\":false}", "sql.gate.tree"},
        {"{\"error\":false,\"statements\":{}}", "sql.gate.tree"},
        {"{\"error\":false,\"statements\":[]}", "sql.gate.statement"},
        {"{\"error\":false,\"statements\":[{},{}]}", "sql.gate.statement"},
        {"{\"error\":false,\"statements\":[1]}", "sql.gate.tree"},
        {"{\"error\":false,\"statements\":[],\"more\":1}", "sql.gate.tree"},
        {"{\"error\":false,\"error\":true,\"statements\":[]}", "sql.gate.tree"},
        {"{\"error\":true,\"error_type\":\"parser\",\"error_message\":\"no\",\"position\":\"7\"}",
         "sql.syntax"},
        {"{\"error\":true,\"error_type\":\"parser\",\"position\":\"99999999999999999999\"}",
         "sql.syntax"},
        {"{\"error\":true,\"error_type\":\"not implemented\"}", "sql.gate.statement"},
        {"{\"error\":true}", "sql.gate.statement"},
        {"{\"error\":false,\"statements\":[{\"node\":{\"type\":\"INSERT_NODE\"},\"named_param_"
         "map\":[]}]}",
         "sql.gate.node"},
        {"{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"extra\":1},"
         "\"named_param_map\":[]}]}",
         "sql.gate.node"},
        {PARAMS("1", "{\"key\":\"1\",\"value\":1}"), ""},
        {PARAMS("b", "{\"key\":\"a\",\"value\":2},{\"key\":\"B\",\"value\":1}"), ""},
        {PARAMS("1", ""), "sql.gate.tree"},
        {PARAMS("2", "{\"key\":\"1\",\"value\":1}"), "sql.gate.tree"},
        {PARAMS("1", "{}"), "sql.gate.tree"},
        {PARAMS("1", "1"), "sql.gate.tree"},
        {PARAMS("1", "{\"key\":\"1\",\"value\":1,\"more\":1}"), "sql.gate.tree"},
        {PARAMS("1", "{\"key\":\"1\",\"value\":\"1\"}"), "sql.gate.tree"},
        {PARAMS("1", "{\"key\":\"1\",\"value\":0}"), "sql.gate.tree"},
        {PARAMS("1", "{\"key\":\"1\",\"value\":-1}"), "sql.gate.tree"},
        {PARAMS("1", "{\"key\":\"1\",\"value\":0.5}"), "sql.gate.tree"},
        {PARAMS("1", "{\"key\":\"\",\"value\":1}"), "sql.gate.tree"},
        {PARAMS("1", "{\"key\":\"1\",\"value\":2}"), "sql.gate.parameter"},
        {PARAMS("1", "{\"key\":\"1\",\"value\":1e300}"), "sql.gate.parameter"},
        {PARAMS("2", "{\"key\":\"2\",\"value\":1}"), "sql.gate.tree"},
        {PARAMS("a", "{\"key\":\"a\",\"value\":1},{\"key\":\"b\",\"value\":1}"), "sql.gate.tree"},
        {PARAMS("a", "{\"key\":\"a\",\"value\":1},{\"key\":\"2\",\"value\":2}"), "sql.gate.tree"},
        {"{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\"},\"extra\":1}]}",
         "sql.gate.node"},
        {SELECT_OF("1"), "sql.gate.expression"},
        {SELECT_OF("{}"), "sql.gate.expression"},
        {SELECT_OF("[]"), "sql.gate.expression"},
        {SELECT_OF("{\"class\":\"FUTURE\",\"type\":\"FUTURE\"}"), "sql.gate.expression"},
        {SELECT_OF("{\"class\":\"OPERATOR\",\"type\":\"OPERATOR_FUTURE\",\"children\":[]}"),
         "sql.gate.expression"},
        {SELECT_OF("{\"class\":\"DEFAULT\",\"type\":\"VALUE_DEFAULT\"}"), "sql.gate.expression"},
        {SELECT_OF("{\"class\":\"CONSTANT\",\"type\":\"VALUE_CONSTANT\",\"hidden\":1}"),
         "sql.gate.node"},
        {SELECT_OF("{\"class\":\"FUNCTION\",\"type\":\"FUNCTION\"}"), "sql.gate.function"},
        {SELECT_OF("{\"class\":\"FUNCTION\",\"type\":\"FUNCTION\",\"function_name\":1}"),
         "sql.gate.function"},
        {SELECT_OF("{\"class\":\"FUNCTION\",\"type\":\"FUNCTION\",\"function_name\":\"sum\","
                   "\"export_state\":true}"),
         "sql.gate.node"},
        {SELECT_OF("{\"class\":\"FUNCTION\",\"type\":\"FUNCTION\",\"function_name\":\"sum\","
                   "\"catalog\":\"other\"}"),
         "sql.gate.function"},
        {SELECT_OF(
             "{\"class\":\"FUNCTION\",\"type\":\"FUNCTION\",\"function_name\":\"SuM\\u0000\"}"),
         "sql.gate.tree"},
        {SELECT_OF("{\"class\":\"FUNCTION\",\"type\":\"FUNCTION\",\"function_name\":\"sum\","
                   "\"children\":{}}"),
         "sql.gate.tree"},
        {SELECT_OF(
             "{\"class\":\"CAST\",\"type\":\"OPERATOR_CAST\",\"cast_type\":{\"id\":\"FUTURE\"}}"),
         "sql.gate.type"},
        {SELECT_OF("{\"class\":\"CAST\",\"type\":\"OPERATOR_CAST\",\"cast_type\":{\"id\":\"LIST\","
                   "\"type_info\":{\"child_type\":{\"id\":\"FUTURE\"}}}}"),
         "sql.gate.type"},
        {SELECT_OF("{\"class\":\"CAST\",\"type\":\"OPERATOR_CAST\",\"cast_type\":{\"id\":\"USER\","
                   "\"type_info\":{\"user_type_name\":\"json\",\"schema\":\"x\"}}}"),
         "sql.gate.node"},
        {FROM("{\"type\":\"FUTURE_REF\"}"), "sql.gate.relation"},
        {FROM("{\"type\":\"BASE_TABLE\",\"at_clause\":{}}"), "sql.gate.node"},
        {FROM("{\"type\":\"TABLE_FUNCTION\",\"function\":{\"class\":\"SUBQUERY\",\"type\":"
              "\"SUBQUERY\"}}"),
         "sql.gate.table_function"},
        {FROM("{\"type\":\"TABLE_FUNCTION\"}"), "sql.gate.table_function"},
        {FROM("{\"type\":\"JOIN\",\"left\":{\"type\":\"SHOW_REF\"}}"), "sql.gate.relation"},
        {FROM("{\"type\":\"SUBQUERY\",\"subquery\":{\"node\":{\"type\":\"FUTURE\"}}}"),
         "sql.gate.node"},
        {"{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"cte_map\":{"
         "\"map\":[{\"key\":\"x\"}]}}}]}",
         "sql.gate.tree"},
        {"{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"cte_map\":{"
         "\"map\":[{\"key\":\"x\",\"value\":{\"future\":1}}]}}}]}",
         "sql.gate.node"},
        {"{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"modifiers\":[{"
         "\"type\":\"FUTURE\"}]}}]}",
         "sql.gate.node"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        int code = check(rows[i].json, strlen(rows[i].json), &err);
        if (strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (rows[i].rule[0] == 0)) {
            fail_msg("%s: [%s] %s", rows[i].json, err.rule, err.text);
        }
    }
}

/* `piece` opened `depth` times around `core`. */
static int nested(const char *head,
                  const char *open,
                  const char *core,
                  const char *close,
                  const char *tail,
                  size_t depth,
                  struct fh_err *err)
{
    struct fh_buf json;
    fh_buf_init(&json, 16 * 1024 * 1024);
    fh_buf_add_cstr(&json, head);
    for (size_t i = 0; i < depth; i++) {
        fh_buf_add_cstr(&json, open);
    }
    fh_buf_add_cstr(&json, core);
    for (size_t i = 0; i < depth; i++) {
        fh_buf_add_cstr(&json, close);
    }
    fh_buf_add_cstr(&json, tail);
    int code = check((const char *)json.data, json.size, err);
    fh_buf_fini(&json);
    return code;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    static const char *const head =
        "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"select_list\":[";
    static const char *const open =
        "{\"class\":\"OPERATOR\",\"type\":\"OPERATOR_NOT\",\"children\":[";
    static const char *const core = "{\"class\":\"STAR\",\"type\":\"STAR\"}";
    static const char *const tail = "]},\"named_param_map\":[]}]}";
    struct fh_err err = {0};
    assert_int_equal(nested(head, open, core, "]}", tail, 100, &err), FH_OK);
    assert_int_equal(nested(head, open, core, "]}", tail, 600, &err), FH_ETOOBIG);
    assert_string_equal(err.rule, "sql.gate.depth");
    assert_int_not_equal(nested(head, open, core, "]}", tail, 50000, &err), FH_OK);
    assert_int_not_equal(nested("", "[", "", "]", "", 1000000, &err), FH_OK);
    assert_int_not_equal(
        nested(head,
               "{\"class\":\"CAST\",\"type\":\"OPERATOR_CAST\",\"cast_type\":{\"id\":\"LIST\","
               "\"type_info\":{\"child_type\":",
               "null",
               "}}}",
               tail,
               1,
               &err),
        FH_EINTERNAL);
    assert_int_equal(nested(head, "", core, "", tail, 1, &err), FH_OK);
}

static void tables_are_bounded(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_buf json;
    fh_buf_init(&json, 1024 * 1024);
    fh_buf_add_cstr(&json,
                    "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\","
                    "\"from_table\":");
    for (int i = 0; i <= FH_QUERY_TABLES_MAX; i++) {
        fh_buf_printf(
            &json,
            "{\"type\":\"JOIN\",\"left\":{\"type\":\"BASE_TABLE\",\"table_name\":\"t%d\"},"
            "\"right\":",
            i);
    }
    fh_buf_add_cstr(&json, "null");
    for (int i = 0; i <= FH_QUERY_TABLES_MAX; i++) {
        fh_buf_add_u8(&json, '}');
    }
    fh_buf_add_cstr(&json, "},\"named_param_map\":[]}]}");
    assert_int_equal(check((const char *)json.data, json.size, &err), FH_ETOOBIG);
    assert_string_equal(err.rule, "sql.gate.tables");
    fh_buf_fini(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_by_table),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(tables_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
