/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/gate_filter.h"

#include "common/limits.h"
#include "node/query/gate.h"
#include "node/query/gate_tree.h"
#include "node/query/prescan.h"

#include <jansson.h>

#include <string.h>
#include <strings.h>

enum { ARENA_BYTES = 4 * 1024 * 1024, SQL_BYTES_MAX = 512 * 1024 };

/* ---- the tree ---- */

static int shape(struct fh_err *err, const char *why)
{
    return fh_err_rule(err, FH_ECHECK, "filter.shape", "a filter is one condition: %s", why);
}

/* Of what the gate lets through, what gives another value for each row or question: a filter by
 * such a function shows every row to whoever asks often enough. A test holds this against the
 * linked DuckDB. */
static bool is_volatile(const char *function)
{
    static const char *const names[] = {"gen_random_uuid", "random", "uuid", "uuidv4", "uuidv7"};
    bool found = false;
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        found = found || strcasecmp(function, names[i]) == 0;
    }
    return found;
}

/* What a filter may not hold at any depth. The gate has bounded the depth. */
static int check_inside(const json_t *value, struct fh_err *err)
{
    const char *key;
    json_t *child;
    const char *class = fh_gate_text(value, "class");
    int rc = FH_OK;
    if (strcmp(class, "SUBQUERY") == 0) {
        return shape(err, "it cannot hold a SELECT");
    }
    if (strcmp(class, "WINDOW") == 0 || strcmp(class, "STAR") == 0) {
        return shape(err, "it speaks of the columns of one row");
    }
    if (strcmp(class, "COLUMN_REF") == 0 &&
        json_array_size(json_object_get(value, "column_names")) != 1) {
        return shape(err, "columns stand by their bare names, without a table");
    }
    if (strcmp(class, "FUNCTION") == 0 && is_volatile(fh_gate_text(value, "function_name"))) {
        return shape(err, "it gives the same for the same row, however often it is asked");
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, child)
    {
        rc = rc == FH_OK ? check_inside(child, err) : rc;
    }
    for (size_t i = 0; rc == FH_OK && i < json_array_size(value); i++) {
        rc = check_inside(json_array_get(value, i), err);
    }
    return rc;
}

static int check_select(const json_t *root, struct fh_err *err)
{
    static const char *const nothing[] = {"modifiers",
                                          "where_clause",
                                          "group_expressions",
                                          "group_sets",
                                          "having",
                                          "sample",
                                          "qualify"};
    const json_t *statement = json_array_get(json_object_get(root, "statements"), 0);
    const json_t *node = json_object_get(statement, "node");
    const json_t *list = json_object_get(node, "select_list");
    const json_t *ctes = json_object_get(json_object_get(node, "cte_map"), "map");
    bool alone = strcmp(fh_gate_text(node, "type"), "SELECT_NODE") == 0 &&
                 json_array_size(list) == 1 && json_array_size(ctes) == 0 &&
                 strcmp(fh_gate_text(json_object_get(node, "from_table"), "type"), "EMPTY") == 0;
    for (size_t i = 0; i < FH_COUNT(nothing); i++) {
        alone = alone && fh_gate_is_empty(json_object_get(node, nothing[i]));
    }
    const json_t *expression = json_array_get(list, 0);
    if (!alone || fh_gate_text(expression, "alias")[0] != '\0') {
        return shape(err, "nothing stands before or behind it");
    }
    return check_inside(expression, err);
}

int fh_filter_check_tree(struct fh_bytes json, struct fh_arena *arena, struct fh_err *err)
{
    struct fh_gate gate;
    int rc = fh_gate_check(&gate, json, arena, err);
    if (rc == FH_OK && gate.table_count > 0) {
        rc = shape(err, "it reads no other table");
    }
    if (rc == FH_OK && gate.param_count > 0) {
        rc = shape(err, "nobody would give its parameters values");
    }
    if (rc != FH_OK) {
        return rc;
    }
    json_t *root = json_loadb(
        (const char *)json.data, json.size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    rc = root == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a filter")
                      : check_select(root, err);
    json_decref(root);
    return rc;
}

/* ---- with a worker ---- */

static int check_alone(struct fh_worker *worker,
                       const char *filter,
                       struct fh_arena *arena,
                       struct fh_err *err)
{
    struct fh_prescan scanned;
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    FH_CLEANUP(fh_buf_fini) struct fh_buf tree;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    fh_buf_init(&tree, FH_AST_BYTES_MAX);
    fh_buf_printf(&sql, "SELECT %s", filter);
    int rc = fh_buf_ok(&sql);
    if (rc != FH_OK) {
        return fh_err_set(err, rc, "no memory for a filter");
    }
    rc = fh_prescan(&scanned, fh_buf_view(&sql), err);
    if (rc == FH_OK && scanned.end != sql.size) {
        rc = shape(err, "it ends without a semicolon or a comment");
    }
    if (rc == FH_OK) {
        rc = fh_worker_parse(worker, fh_buf_view(&sql), &tree, err);
    }
    return rc == FH_OK ? fh_filter_check_tree(fh_buf_view(&tree), arena, err) : rc;
}

/* The filter where it will stand, over a table of these columns without a row: in brackets without
 * a line end, so that a comment at its end takes nothing with it unseen. */
static void put_select(struct fh_buf *out,
                       const char *filter,
                       const struct fh_filter_column *columns,
                       uint32_t column_count)
{
    fh_buf_printf(out, "SELECT (%s) FROM (SELECT true", filter);
    for (uint32_t i = 0; i < column_count; i++) {
        if (columns[i].sql_type[0] != '\0') {
            fh_buf_printf(out, ", CAST(NULL AS %s) AS ", columns[i].sql_type);
            fh_buf_add_quoted(out, columns[i].name, '"');
        }
    }
    fh_buf_printf(out, ") WHERE (%s)", filter);
}

static int check_types(struct fh_worker *worker,
                       struct fh_bytes sql,
                       int64_t deadline_ms,
                       struct fh_arena *arena,
                       struct fh_err *err)
{
    struct fh_channel_described described;
    int rc = fh_worker_describe(worker, sql, arena, &described, deadline_ms, err);
    if (rc == FH_OK &&
        (described.column_count != 1 || described.columns[0].type.code != FH_TYPE_BOOL)) {
        char type[FH_TYPE_TEXT_BYTES] = "nothing";
        if (described.column_count == 1) {
            fh_type_text(type, described.columns[0].type);
        }
        rc = fh_err_rule(err,
                         FH_ECHECK,
                         "filter.boolean",
                         "a filter is true or false for each row; this one gives %s",
                         type);
    }
    return rc;
}

/* What the author can mend is a check that failed; what the worker did stays as it is. */
static int of_author(int rc, const struct fh_worker *worker, struct fh_err *err)
{
    if (rc != FH_ESQL && (rc != FH_EDENIED || fh_worker_dead(worker)) && rc != FH_ETOOBIG) {
        return rc;
    }
    char text[FH_ERR_TEXT_BYTES];
    memcpy(text, err->text, sizeof text);
    return fh_err_rule(err, FH_ECHECK, "filter.sql", "%s", text);
}

int fh_filter_check(struct fh_worker *worker,
                    const char *filter,
                    const struct fh_filter_column *columns,
                    uint32_t column_count,
                    int64_t deadline_ms,
                    struct fh_err *err)
{
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    put_select(&sql, filter, columns, column_count);
    if (arena == NULL || fh_buf_ok(&sql) != FH_OK) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a filter");
    }
    int rc = check_alone(worker, filter, arena, err);
    if (rc == FH_OK) {
        rc = check_types(worker, fh_buf_view(&sql), deadline_ms, arena, err);
    }
    return of_author(rc, worker, err);
}
