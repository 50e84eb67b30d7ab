/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/relations.h"

#include "tools/door/pgcat/types.h"

#include "common/assert.h"
#include "common/compiler.h"

#include <string.h>

#define RELATION(schema, name, oid, kind, columns) {schema, name, oid, kind, columns},

const struct fh_pgcat_relation fh_pgcat_relations[] = {
#include "tools/door/pgcat/relations_standard.inc"
#include "tools/door/pgcat/relations_tables.inc"
#include "tools/door/pgcat/relations_views.inc"
    /* Functions that are read like tables (FROM pg_get_keywords()). */
    RELATION("pg_catalog",
             "pg_get_keywords",
             0,
             'v',
             "word text?,catcode char?,barelabel bool?,"
             "catdesc text?,baredesc text?")};

const size_t fh_pgcat_relation_count = FH_COUNT(fh_pgcat_relations);

/* What makes the rows of a view, over the tables of pg_catalog. */
struct definition {
    const char *name; /* as the view is called in SQLite */
    const char *from;
    const char *columns; /* "name=expression;..." */
};

static const struct definition definitions[] = {
#include "tools/door/pgcat/relations_rows.inc"
};

const struct fh_pgcat_relation *fh_pgcat_relation_find(const char *schema, const char *name)
{
    for (size_t i = 0; i < FH_COUNT(fh_pgcat_relations); i++) {
        const struct fh_pgcat_relation *relation = &fh_pgcat_relations[i];
        if (strcmp(relation->name, name) == 0 && strcmp(relation->schema, schema) == 0) {
            return relation;
        }
    }
    return NULL;
}

bool fh_pgcat_relation_next(const char **at, struct fh_pgcat_relation_column *out)
{
    if (**at == '\0') {
        return false;
    }
    size_t name = strcspn(*at, " ");
    size_t type = strcspn(*at + name + 1, ",?");
    FH_ASSERT(name < sizeof out->name && type < sizeof out->type);
    memcpy(out->name, *at, name);
    out->name[name] = '\0';
    memcpy(out->type, *at + name + 1, type);
    out->type[type] = '\0';
    *at += name + 1 + type;
    out->nullable = **at == '?';
    *at += out->nullable ? 1 : 0;
    *at += **at == ',' ? 1 : 0;
    return true;
}

/* The place of a column's declaration in the list of columns; NULL when it is not there. */
static const char *column_in(const char *columns, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = strstr(columns, name); at != NULL; at = strstr(at + 1, name)) {
        if ((at == columns || at[-1] == ',') && at[size] == ' ') {
            return at;
        }
    }
    return NULL;
}

uint32_t fh_pgcat_relation_type(const struct fh_pgcat_relation *relation, const char *name)
{
    struct fh_pgcat_relation_column column;
    const char *at = *name == '\0' ? NULL : column_in(relation->columns, name);
    return at != NULL && fh_pgcat_relation_next(&at, &column) ? fh_pgcat_type_named(column.type)
                                                              : 0;
}

uint32_t fh_pgcat_relation_column_type(const char *name)
{
    struct fh_pgcat_relation_column column;
    char found[sizeof column.type] = "";
    if (*name == '\0') {
        return 0;
    }
    for (size_t i = 0; i < FH_COUNT(fh_pgcat_relations); i++) {
        const char *at = column_in(fh_pgcat_relations[i].columns, name);
        if (at == NULL || !fh_pgcat_relation_next(&at, &column)) {
            continue;
        }
        if (found[0] != '\0' && strcmp(found, column.type) != 0) {
            return 0;
        }
        memcpy(found, column.type, sizeof found);
    }
    return fh_pgcat_type_named(found);
}

/* What SQLite makes of values: numbers are numbers, all else is text. */
static const char *affinity(uint32_t oid)
{
    if (fh_pgcat_type_is_whole(oid) || fh_pgcat_type_is_reg(oid) || oid == FH_OID_BOOL) {
        return "INTEGER";
    }
    return oid == FH_OID_FLOAT4 || oid == FH_OID_FLOAT8 ? "REAL" : "TEXT";
}

static void create_table(struct fh_buf *out, const struct fh_pgcat_relation *relation)
{
    struct fh_pgcat_relation_column column;
    const char *at = relation->columns;
    bool standard = strcmp(relation->schema, "information_schema") == 0;
    fh_buf_printf(out,
                  "CREATE TABLE pg_catalog.\"%s%s\"(",
                  standard ? "information_schema." : "",
                  relation->name);
    while (fh_pgcat_relation_next(&at, &column)) {
        const char *kind = affinity(fh_pgcat_type_named(column.type));
        fh_buf_printf(out, "\"%s\" %s %s", column.name, column.type, kind);
        if (!column.nullable) {
            fh_buf_printf(out, " NOT NULL DEFAULT %s", strcmp(kind, "TEXT") == 0 ? "''" : "0");
        }
        fh_buf_add_cstr(out, ",");
    }
    /* Which table a row is of; `*` does not show it (run.c). */
    fh_buf_printf(out, "\"tableoid\" oid INTEGER NOT NULL DEFAULT %u);\n", relation->oid);
}

/* The expression of a column in a definition; false when it has none. */
static bool
expression_of(const struct definition *definition, const char *column, struct fh_bytes *out)
{
    size_t name = strlen(column);
    for (const char *at = definition->columns; *at != '\0';) {
        size_t size = strcspn(at, ";");
        if (size > name && memcmp(at, column, name) == 0 && at[name] == '=') {
            *out = fh_bytes(at + name + 1, size - name - 1);
            return true;
        }
        at += size + (at[size] == ';' ? 1 : 0);
    }
    return false;
}

static void create_view(struct fh_buf *out,
                        const struct fh_pgcat_relation *relation,
                        const struct definition *definition)
{
    struct fh_pgcat_relation_column column;
    struct fh_bytes expression;
    const char *at = relation->columns;
    fh_buf_printf(out, "CREATE VIEW pg_catalog.\"%s\" AS SELECT ", definition->name);
    while (fh_pgcat_relation_next(&at, &column)) {
        if (expression_of(definition, column.name, &expression)) {
            fh_buf_add_bytes(out, expression);
        } else {
            fh_buf_add_cstr(out, "NULL");
        }
        fh_buf_printf(out, " AS \"%s\"%s", column.name, *at == '\0' ? "" : ", ");
    }
    fh_buf_printf(out, " FROM %s;\n", definition->from);
}

static const struct definition *definition_of(const struct fh_pgcat_relation *relation)
{
    bool standard = strcmp(relation->schema, "information_schema") == 0;
    for (size_t i = 0; i < FH_COUNT(definitions); i++) {
        const char *name = definitions[i].name;
        const char *dot = strchr(name, '.');
        if ((dot != NULL) == standard &&
            strcmp(dot == NULL ? name : dot + 1, relation->name) == 0) {
            return &definitions[i];
        }
    }
    return NULL;
}

void fh_pgcat_relations_create(struct fh_buf *out)
{
    fh_buf_add_cstr(out,
                    "CREATE TABLE pg_catalog._settings(name TEXT, setting TEXT, category TEXT,"
                    " short_desc TEXT, context TEXT, vartype TEXT);\n");
    for (size_t i = 0; i < FH_COUNT(fh_pgcat_relations); i++) {
        if (definition_of(&fh_pgcat_relations[i]) == NULL) {
            create_table(out, &fh_pgcat_relations[i]);
        }
    }
    for (size_t i = 0; i < FH_COUNT(fh_pgcat_relations); i++) {
        const struct definition *definition = definition_of(&fh_pgcat_relations[i]);
        if (definition != NULL) {
            create_view(out, &fh_pgcat_relations[i], definition);
        }
    }
}
