/* SPDX-License-Identifier: Apache-2.0 */
/* References to tables and columns: relationships, and the elements of service levels. */
#include "proto/contract/rule_check.h"

#include "common/limits.h"

#include <stdio.h>
#include <string.h>

/* Splits "table.column" into its table, or gives NULL for other forms, which are not followed here.
 */
static const char *shorthand(const char *text, char table[FH_NAME_BYTES_MAX + 1])
{
    const char *dot = strchr(text, '.');
    if (dot == NULL || strchr(text, '/') != NULL || dot - text > FH_NAME_BYTES_MAX) {
        return NULL;
    }
    memcpy(table, text, (size_t)(dot - text));
    table[dot - text] = '\0';
    return dot + 1;
}

/* Whether "a.b.c" names a column, through the fields of objects and of the elements of arrays. Each
 * turn takes one part of the path; depth is bounded by that of the document. */
static bool has_path(const struct fh_contract_column *columns, size_t count, const char *path)
{
    size_t size = strcspn(path, ".");
    for (size_t i = 0; i < count; i++) {
        const struct fh_contract_column *column = &columns[i];
        if (column->name == NULL || strlen(column->name) != size ||
            memcmp(column->name, path, size) != 0) {
            continue;
        }
        while (column->columns.count == 0 && column->items != NULL) {
            column = column->items;
        }
        return path[size] == '\0' ||
               has_path(column->columns.items, column->columns.count, path + size + 1);
    }
    return false;
}

/* How bad it is that a table of this contract lacks a column that is referred to: an error, but in
 * the draft of 3.2.0 a warning. What its shorthand names is not settled there: the draft's own
 * example of relationships refers to addresses.address_street, which is neither name nor id. */
static enum fh_severity missing_column(const struct fh_contract *contract)
{
    bool is_draft = contract->api_version != NULL && strcmp(contract->api_version, "v3.2.0") == 0;
    return is_draft ? FH_SEVERITY_WARNING : FH_SEVERITY_ERROR;
}

/* A missing table may belong to another contract, so it is a warning. `must_be_here`: the table has
 * to be one of this contract, and the column one of the table. */
static void check_reference(const struct fh_rule_check *check,
                            const struct fh_doc_node *at,
                            const char *path,
                            const char *text,
                            bool must_be_here)
{
    char name[FH_NAME_BYTES_MAX + 1];
    const char *column = shorthand(text, name);
    if (column == NULL) {
        return;
    }
    const struct fh_contract_table *table = fh_contract_table(check->contract, name);
    if (table == NULL) {
        fh_rule_report(check,
                       must_be_here ? FH_SEVERITY_ERROR : FH_SEVERITY_WARNING,
                       at,
                       path,
                       "contract.reference",
                       "%.64s: there is no table %s in this contract",
                       text,
                       name);
    } else if (!has_path(table->columns.items, table->columns.count, column)) {
        fh_rule_report(check,
                       must_be_here ? FH_SEVERITY_ERROR : missing_column(check->contract),
                       at,
                       path,
                       "contract.reference",
                       "%.64s: table %s has no property %.64s",
                       text,
                       name,
                       column);
    }
}

void fh_rule_relationship(const struct fh_rule_check *check,
                          const struct fh_contract_relationship *relationship,
                          const char *path)
{
    const struct fh_contract_refs *from = &relationship->from;
    const struct fh_contract_refs *to = &relationship->to;
    if (from->items != NULL && to->items != NULL && from->count != to->count) {
        fh_rule_report(check,
                       FH_SEVERITY_ERROR,
                       relationship->node,
                       path,
                       "contract.relationship.length",
                       "from has %zu columns and to has %zu; they are paired one by one",
                       from->count,
                       to->count);
    }
    for (size_t i = 0; i < from->count; i++) {
        check_reference(
            check, fh_rule_place(relationship->node, "from"), path, from->items[i], true);
    }
    for (size_t i = 0; i < to->count; i++) {
        check_reference(check, fh_rule_place(relationship->node, "to"), path, to->items[i], false);
    }
}

void fh_rule_levels(const struct fh_rule_check *check)
{
    for (size_t i = 0; i < check->contract->sla.count; i++) {
        const struct fh_contract_sla *sla = &check->contract->sla.items[i];
        char path[FH_RULE_PATH_BYTES];
        char element[2 * FH_NAME_BYTES_MAX + 2];
        char table[FH_NAME_BYTES_MAX + 1];
        snprintf(path, sizeof path, "slaProperties[%zu].element", i);
        /* A comma list of table or table.column. */
        for (const char *rest = sla->element; rest != NULL && *rest != '\0';) {
            rest += strspn(rest, ", ");
            size_t size = strcspn(rest, ", ");
            if (size > 0 && size < sizeof element) {
                memcpy(element, rest, size);
                element[size] = '\0';
                const char *column = shorthand(element, table);
                const struct fh_contract_table *found =
                    fh_contract_table(check->contract, column == NULL ? element : table);
                if (found == NULL ||
                    (column != NULL && fh_contract_column(found, column) == NULL)) {
                    fh_rule_report(check,
                                   FH_SEVERITY_WARNING,
                                   fh_rule_place(sla->node, "element"),
                                   path,
                                   "contract.reference",
                                   "%s is no table or column of this contract",
                                   element);
                }
            }
            rest += size;
        }
    }
}
