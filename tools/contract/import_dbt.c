/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dbt's manifest.json (schemas.getdbt.com/dbt/manifest, versions 4 to 12): models and sources with
 * their columns; tests and constraints become promises.
 *
 * Foreign JSON: whatever has not the expected type is taken as absent.
 */
#include "tools/contract/import.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { VERSION_MIN = 4, VERSION_MAX = 12, NAME_BYTES_MAX = FH_COLUMN_NAME_BYTES_MAX };

struct manifest {
    struct fh_draft *draft;
    json_t *root;
    json_t **nodes; /* of each table of the draft */
    size_t node_count;
    const char *const *wanted;
    size_t wanted_count;
    struct fh_err *err;
};

static int no_memory(struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_ETOOBIG,
                       "dbt.size",
                       "more than %d tables or %d columns of one table, or no memory; choose some "
                       "with --table",
                       FH_CONTRACT_TABLES_MAX,
                       FH_CONTRACT_COLUMNS_MAX);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static bool is_type(const json_t *node, const char *type)
{
    return strcmp(text_of(node, "resource_type"), type) == 0;
}

/* Names that fit a draft: neither empty nor endless. */
static bool is_name(const char *text)
{
    return text[0] != 0 && strlen(text) <= NAME_BYTES_MAX;
}

/* ---- models ---- */

static int add_tags(struct manifest *m, const json_t *node, struct fh_draft_texts *out)
{
    const json_t *tags = json_object_get(node, "tags");
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        if (tag != NULL && is_name(tag) && !fh_draft_add_text(m->draft, out, tag)) {
            return no_memory(m->err);
        }
    }
    return FH_OK;
}

static const char *description_of(struct manifest *m, const json_t *node)
{
    const char *text = text_of(node, "description");
    return text[0] == 0 ? NULL : fh_arena_strdup(m->draft->arena, text);
}

static int add_column(struct manifest *m,
                      struct fh_draft_table *table,
                      const char *name,
                      const json_t *found,
                      struct fh_err *err)
{
    struct fh_draft_column *column = fh_draft_add_column(m->draft, table, name);
    const char *type = text_of(found, "data_type");
    if (column == NULL) {
        return no_memory(err);
    }
    column->type = fh_arena_string(
        m->draft->arena, fh_bytes(type, strlen(type) <= NAME_BYTES_MAX ? strlen(type) : 0));
    column->description = description_of(m, found);
    if (column->type == NULL) {
        return no_memory(err);
    }
    return add_tags(m, found, &column->tags);
}

/* The name that the warehouse knows: alias of a model, identifier of a source. */
static const char *relation_of(const json_t *node)
{
    const char *alias = text_of(node, "alias");
    const char *identifier = text_of(node, "identifier");
    return alias[0] != 0 ? alias : identifier[0] != 0 ? identifier : text_of(node, "name");
}

static bool is_wanted(const struct manifest *m, const json_t *node)
{
    char full[2 * NAME_BYTES_MAX + 2];
    for (size_t i = 0; i < m->wanted_count; i++) {
        const char *wanted = m->wanted[i];
        snprintf(full,
                 sizeof full,
                 "%.255s.%.255s",
                 is_type(node, "source") ? text_of(node, "source_name") : text_of(node, "schema"),
                 text_of(node, "name"));
        if (strcasecmp(wanted, text_of(node, "name")) == 0 ||
            strcasecmp(wanted, relation_of(node)) == 0 || strcasecmp(wanted, full) == 0) {
            return true;
        }
    }
    return false;
}

static int add_node(struct manifest *m, json_t *node)
{
    const char *relation = relation_of(node);
    const char *schema = text_of(node, "schema");
    json_t *columns = json_object_get(node, "columns");
    if (!is_name(relation) || strlen(schema) > NAME_BYTES_MAX) {
        return FH_OK;
    }
    json_t **nodes = fh_arena_array(m->draft->arena, m->node_count + 1, sizeof *nodes);
    struct fh_draft_table *table = fh_draft_add_table(m->draft, schema, relation);
    if (table == NULL || nodes == NULL) {
        return no_memory(m->err);
    }
    if (m->node_count > 0) {
        memcpy(nodes, m->nodes, m->node_count * sizeof *nodes);
    }
    nodes[m->node_count++] = node;
    m->nodes = nodes;
    table->description = description_of(m, node);
    const char *kind = text_of(json_object_get(node, "config"), "materialized");
    table->is_view = strcmp(kind, "view") == 0;
    int code = add_tags(m, node, &table->tags);
    const char *name;
    json_t *column;
    json_object_foreach(columns, name, column)
    {
        const char *own = text_of(column, "name");
        const char *chosen = is_name(own) ? own : name;
        if (code == FH_OK && json_is_object(column) && is_name(chosen) &&
            fh_draft_column(table, chosen) == NULL) {
            code = add_column(m, table, chosen, column, m->err);
        }
    }
    return code;
}

/* Everything under `key` that is of one of the kinds. */
static int add_all(struct manifest *m, const char *key, const char *const *kinds, size_t kind_count)
{
    json_t *nodes = json_object_get(m->root, key);
    const char *id;
    json_t *node;
    int code = FH_OK;
    json_object_foreach(nodes, id, node)
    {
        bool fits = false;
        for (size_t i = 0; i < kind_count; i++) {
            fits = fits || is_type(node, kinds[i]);
        }
        if (code == FH_OK && fits && (m->wanted_count == 0 || is_wanted(m, node))) {
            code = add_node(m, node);
        }
    }
    return code;
}

/* ---- promises ---- */

/* "ref('orders')", "source('raw', 'orders')" -> orders; the last quoted word. */
static const char *referred(struct manifest *m, const char *text)
{
    const char *end = strpbrk(text, "'\"") == NULL ? NULL : text + strlen(text);
    while (end != NULL && end > text && *end != '\'' && *end != '"') {
        end--;
    }
    const char *start = end;
    while (start != NULL && start > text && start[-1] != '\'' && start[-1] != '"') {
        start--;
    }
    return end == NULL || start == NULL || end <= start
               ? NULL
               : fh_arena_string(m->draft->arena, fh_bytes(start, (size_t)(end - start)));
}

static int add_relationship(struct manifest *m,
                            struct fh_draft_table *table,
                            const char *column,
                            const char *to,
                            const char *field)
{
    struct fh_draft_reference *reference = NULL;
    if (to != NULL && is_name(to) && is_name(field)) {
        reference = fh_draft_add_reference(m->draft, table);
        if (reference == NULL || !fh_draft_add_text(m->draft, &reference->from, column) ||
            !fh_draft_add_text(m->draft, &reference->to, field)) {
            return no_memory(m->err);
        }
        reference->table = to;
    }
    return FH_OK;
}

static int add_values(struct manifest *m, struct fh_draft_column *column, const json_t *values)
{
    for (size_t i = 0; i < json_array_size(values); i++) {
        char number[32];
        const json_t *value = json_array_get(values, i);
        const char *text = json_string_value(value);
        if (json_is_integer(value)) {
            snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
            text = number;
        }
        if (text != NULL && !fh_draft_add_text(m->draft, &column->values, text)) {
            return no_memory(m->err);
        }
    }
    return FH_OK;
}

/* The draft's table that a test is about: by id since version 9, else the only model it needs that
 * has the column. */
static struct fh_draft_table *tested(struct manifest *m, const json_t *test, const char *column)
{
    const char *attached = text_of(test, "attached_node");
    const json_t *needs = json_object_get(json_object_get(test, "depends_on"), "nodes");
    struct fh_draft_table *found = NULL;
    for (size_t i = 0; i < m->node_count; i++) {
        const char *id = text_of(m->nodes[i], "unique_id");
        if (id[0] == 0 || fh_draft_column(&m->draft->tables[i], column) == NULL) {
            continue;
        }
        if (attached[0] != 0 && strcmp(attached, id) == 0) {
            return &m->draft->tables[i];
        }
        for (size_t k = 0; k < json_array_size(needs) && attached[0] == 0; k++) {
            const char *need = json_string_value(json_array_get(needs, k));
            if (need != NULL && strcmp(need, id) == 0) {
                found = &m->draft->tables[i]; /* of several, the last is the one under test */
            }
        }
    }
    return found;
}

static int add_test(struct manifest *m, const json_t *test)
{
    const json_t *metadata = json_object_get(test, "test_metadata");
    const json_t *arguments = json_object_get(metadata, "kwargs");
    const char *kind = text_of(metadata, "name");
    const char *name = text_of(arguments, "column_name");
    name = name[0] != 0 ? name : text_of(test, "column_name");
    struct fh_draft_table *table = name[0] == 0 ? NULL : tested(m, test, name);
    struct fh_draft_column *column = table == NULL ? NULL : fh_draft_column(table, name);
    if (column == NULL ||
        strcasecmp(text_of(json_object_get(test, "config"), "severity"), "warn") == 0) {
        return FH_OK;
    }
    if (strcmp(kind, "not_null") == 0) {
        column->is_required = true;
    } else if (strcmp(kind, "unique") == 0) {
        column->is_unique = true;
    } else if (strcmp(kind, "accepted_values") == 0) {
        return add_values(m, column, json_object_get(arguments, "values"));
    } else if (strcmp(kind, "relationships") == 0) {
        return add_relationship(m,
                                table,
                                column->source,
                                referred(m, text_of(arguments, "to")),
                                text_of(arguments, "field"));
    }
    return FH_OK;
}

static void constrain(const json_t *constraint, struct fh_draft_column *column, unsigned position)
{
    const char *kind = text_of(constraint, "type");
    if (strcmp(kind, "not_null") == 0) {
        column->is_required = true;
    } else if (strcmp(kind, "unique") == 0 && position == 0) {
        column->is_unique = true;
    } else if (strcmp(kind, "primary_key") == 0) {
        column->key = position == 0 ? 1 : position;
    }
}

/* `constraints` of the columns, and those of the model that name its columns. */
static void add_constraints(struct manifest *m, size_t index)
{
    struct fh_draft_table *table = &m->draft->tables[index];
    const json_t *own = json_object_get(m->nodes[index], "constraints");
    json_t *columns = json_object_get(m->nodes[index], "columns");
    const char *key;
    json_t *found;
    json_object_foreach(columns, key, found)
    {
        const char *name = text_of(found, "name");
        struct fh_draft_column *column = fh_draft_column(table, name[0] != 0 ? name : key);
        const json_t *list = json_object_get(found, "constraints");
        for (size_t i = 0; i < json_array_size(list) && column != NULL; i++) {
            constrain(json_array_get(list, i), column, 0);
        }
    }
    for (size_t i = 0; i < json_array_size(own); i++) {
        const json_t *constraint = json_array_get(own, i);
        const json_t *names = json_object_get(constraint, "columns");
        bool alone = json_array_size(names) == 1;
        for (size_t k = 0; k < json_array_size(names); k++) {
            const char *name = json_string_value(json_array_get(names, k));
            struct fh_draft_column *column = name == NULL ? NULL : fh_draft_column(table, name);
            if (column != NULL) {
                constrain(constraint, column, alone ? 0 : (unsigned)k + 1);
            }
        }
    }
}

/* ---- all of it ---- */

/* ".../dbt/manifest/v12.json" */
static int check_version(const json_t *root, struct fh_err *err)
{
    const char *schema = text_of(json_object_get(root, "metadata"), "dbt_schema_version");
    const char *mark = strstr(schema, "/manifest/v");
    unsigned long version = mark == NULL ? 0 : strtoul(mark + 11, NULL, 10);
    if (mark == NULL) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "dbt.version",
                           "this JSON is no manifest of dbt: metadata.dbt_schema_version does not "
                           "say so");
    }
    if (version < VERSION_MIN || version > VERSION_MAX) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "dbt.version",
                           "a manifest of version %lu; versions %d to %d are read",
                           version,
                           VERSION_MIN,
                           VERSION_MAX);
    }
    return FH_OK;
}

static int add_promises(struct manifest *m)
{
    json_t *nodes = json_object_get(m->root, "nodes");
    const char *id;
    json_t *node;
    int code = FH_OK;
    for (size_t i = 0; i < m->node_count; i++) {
        add_constraints(m, i);
    }
    json_object_foreach(nodes, id, node)
    {
        if (code == FH_OK && is_type(node, "test")) {
            code = add_test(m, node);
        }
    }
    return code;
}

static int read_manifest(struct manifest *m)
{
    static const char *const models[] = {"model", "seed", "snapshot"};
    static const char *const sources[] = {"source"};
    int code = check_version(m->root, m->err);
    if (code == FH_OK && !json_is_object(json_object_get(m->root, "nodes"))) {
        return fh_err_rule(
            m->err, FH_EINVAL, "dbt.nodes", "the manifest has no nodes; expected an object");
    }
    if (code == FH_OK) {
        code = add_all(m, "nodes", models, FH_COUNT(models));
    }
    if (code == FH_OK && (m->draft->table_count == 0 || m->wanted_count > 0)) {
        code = add_all(m, "sources", sources, FH_COUNT(sources));
    }
    if (code == FH_OK && m->draft->table_count == 0 && m->wanted_count == 0) {
        return fh_err_rule(
            m->err, FH_EINVAL, "dbt.nodes", "the manifest has neither models nor sources");
    }
    return code == FH_OK ? add_promises(m) : code;
}

/* Names of what there is, for who asked for something else. */
static int refuse_wanted(struct manifest *m)
{
    size_t count = 0;
    json_t *nodes = json_object_get(m->root, "nodes");
    const char **names =
        fh_arena_array(m->draft->arena, json_object_size(nodes) + 1, sizeof *names);
    const char *id;
    json_t *node;
    if (names == NULL) {
        return no_memory(m->err);
    }
    json_object_foreach(nodes, id, node)
    {
        if (is_type(node, "model") || is_type(node, "seed") || is_type(node, "snapshot")) {
            names[count++] = relation_of(node);
        }
    }
    return fh_import_no_table(m->wanted[0], names, count, m->err);
}

int fh_import_dbt(struct fh_draft *draft,
                  struct fh_bytes text,
                  const char *const *wanted,
                  size_t wanted_count,
                  struct fh_err *err)
{
    json_error_t why;
    struct manifest m = {
        .draft = draft, .wanted = wanted, .wanted_count = wanted_count, .err = err};
    m.root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &why);
    if (m.root == NULL) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "dbt.syntax",
                           "line %d, column %d: this is no JSON",
                           why.line,
                           why.column);
    }
    int code = read_manifest(&m);
    if (code == FH_OK && draft->table_count == 0) {
        code = refuse_wanted(&m);
    }
    json_decref(m.root);
    return code == FH_OK ? fh_import_choose(draft, wanted, wanted_count, err) : code;
}
