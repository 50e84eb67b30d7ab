/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/publish_rules.h"

#include "common/limits.h"
#include "common/semver.h"
#include "proto/contract/contract_rules.h"
#include "proto/contract/location.h"
#include "proto/contract/quality_gate.h"
#include "proto/contract/rule_check.h"
#include "proto/contract/source_mapping.h"
#include "proto/contract/sql_type.h"
#include "proto/wire/id.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 96 };

static void refuse(struct fh_findings *findings,
                   const struct fh_doc_node *at,
                   const char *path,
                   const char *rule,
                   const char *format,
                   ...) FH_PRINTF(5, 6);

static void refuse(struct fh_findings *findings,
                   const struct fh_doc_node *at,
                   const char *path,
                   const char *rule,
                   const char *format,
                   ...)
{
    char message[FH_ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fh_findings_add(findings, FH_SEVERITY_ERROR, at->line, at->column, path, rule, "%s", message);
}

/* --- product --- */

/* Names of products and tables: the mesh's names, and no "__", which joins product and table for
 * clients that know two-part names only. */
static void check_name(struct fh_findings *findings,
                       const struct fh_doc_node *at,
                       const char *path,
                       const char *rule,
                       const char *what,
                       const char *name)
{
    struct fh_err err;
    if (fh_name_check(what, name, &err) != FH_OK) {
        refuse(findings, at, path, rule, "%s", err.text);
    } else if (strstr(name, "__") != NULL) {
        refuse(findings,
               at,
               path,
               rule,
               "%s name %s: __ stands between product and table; use one _",
               what,
               name);
    }
}

static void check_product(const struct fh_contract *contract, struct fh_findings *findings)
{
    struct fh_err err;
    struct fh_semver version;
    const struct fh_doc_node *root = contract->node;
    if (contract->name == NULL) {
        refuse(findings,
               root,
               "name",
               "publish.product.name",
               "name is missing; it becomes the name of the product, as in name: flights");
    } else {
        check_name(findings,
                   fh_rule_place(root, "name"),
                   "name",
                   "publish.product.name",
                   "product",
                   contract->name);
    }
    if (contract->version != NULL && fh_semver_parse(&version, contract->version, &err) != FH_OK) {
        refuse(
            findings, fh_rule_place(root, "version"), "version", "publish.version", "%s", err.text);
    }
    if (contract->status != NULL) {
        static const char *const known[] = {
#define X(name, code, text) (text),
            FH_PRODUCT_STATUSES(X)
#undef X
        };
        bool fits = false;
        for (size_t i = 0; i < FH_COUNT(known); i++) {
            fits = fits || strcmp(known[i], contract->status) == 0;
        }
        if (!fits) {
            refuse(findings,
                   fh_rule_place(root, "status"),
                   "status",
                   "publish.status",
                   "status \"%.32s\" is none of draft, active, deprecated, retired",
                   contract->status);
        }
    }
}

static void
check_domain(const struct fh_contract *contract, const char *domain, struct fh_findings *findings)
{
    if (contract->domain != NULL && domain != NULL && strcmp(contract->domain, domain) != 0) {
        refuse(findings,
               fh_rule_place(contract->node, "domain"),
               "domain",
               "publish.domain",
               "the contract belongs to domain \"%.63s\", this home is %s; remove the key or "
               "publish it "
               "there",
               contract->domain,
               domain);
    }
}

/* --- tables and columns --- */

static bool is_column_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return name[0] != '\0' && (name[0] < '0' || name[0] > '9') &&
           strspn(name, letters) == strlen(name) && strlen(name) <= FH_NAME_BYTES_MAX;
}

static void check_column(const struct fh_contract_column *column,
                         const char *path,
                         struct fh_findings *findings)
{
    char sql_type[FH_SQL_TYPE_BYTES];
    struct fh_err err;
    if (column->name != NULL && !is_column_name(column->name)) {
        refuse(findings,
               fh_rule_place(column->node, "name"),
               path,
               "publish.column.name",
               "column name \"%.63s\" is no SQL name (letters, digits and _, at most 63); give one "
               "and "
               "put the source's under physicalName",
               column->name);
    }
    if (fh_contract_sql_type(column, sql_type, &err) != FH_OK) {
        refuse(findings,
               fh_rule_place(column->node, "logicalType"),
               path,
               "publish.column.type",
               "%s",
               err.text);
    }
}

static void
check_table(const struct fh_contract_table *table, size_t index, struct fh_findings *findings)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "schema[%zu].name", index);
    if (table->name != NULL) {
        check_name(findings,
                   fh_rule_place(table->node, "name"),
                   path,
                   "publish.table.name",
                   "table",
                   table->name);
    }
    snprintf(path, sizeof path, "schema[%zu].properties", index);
    if (table->columns.count == 0) {
        refuse(findings,
               table->node,
               path,
               "publish.columns",
               "table %.63s has no columns; list them under properties",
               table->name == NULL ? "without name" : table->name);
    }
    if (table->columns.count > FH_CONTRACT_COLUMNS_MAX) {
        refuse(findings,
               table->node,
               path,
               "publish.columns",
               "a table has at most %d columns, this one has %zu",
               FH_CONTRACT_COLUMNS_MAX,
               table->columns.count);
        return;
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        snprintf(path, sizeof path, "schema[%zu].properties[%zu]", index, i);
        check_column(&table->columns.items[i], path, findings);
    }
}

static void check_tables(const struct fh_contract *contract, struct fh_findings *findings)
{
    if (contract->tables.count == 0) {
        refuse(findings,
               contract->node,
               "schema",
               "publish.tables",
               "a product has at least one table; list it under schema");
    }
    if (contract->tables.count > FH_CONTRACT_TABLES_MAX) {
        refuse(findings,
               fh_rule_place(contract->node, "schema"),
               "schema",
               "publish.tables",
               "a product has at most %d tables, this one has %zu",
               FH_CONTRACT_TABLES_MAX,
               contract->tables.count);
        return;
    }
    for (size_t i = 0; i < contract->tables.count; i++) {
        check_table(&contract->tables.items[i], i, findings);
    }
}

/* --- the source --- */

static bool is_supported(const struct fh_contract_server *server)
{
    return server->type != NULL && strcmp(server->type, "local") == 0;
}

const struct fh_contract_server *fh_publish_server(const struct fh_contract *contract)
{
    const struct fh_contract_server *found = NULL;
    for (size_t i = 0; i < contract->servers.count; i++) {
        if (is_supported(&contract->servers.items[i])) {
            if (found != NULL) {
                return NULL;
            }
            found = &contract->servers.items[i];
        }
    }
    return found;
}

static void check_local(const struct fh_contract *contract,
                        const struct fh_contract_server *server,
                        size_t index,
                        struct fh_findings *findings)
{
    char path[PATH_BYTES];
    struct fh_err err;
    snprintf(path, sizeof path, "servers[%zu].format", index);
    if (server->format != NULL && strcmp(server->format, "parquet") != 0 &&
        strcmp(server->format, "csv") != 0 && strcmp(server->format, "json") != 0) {
        refuse(findings,
               fh_rule_place(server->node, "format"),
               path,
               "publish.server.format",
               "format \"%.32s\" cannot be served; it is one of parquet, csv, json",
               server->format);
    }
    if (server->path == NULL) {
        return;
    }
    snprintf(path, sizeof path, "servers[%zu].path", index);
    const struct fh_doc_node *at = fh_rule_place(server->node, "path");
    const char *mark = strstr(server->path, "{model}");
    const char *brace = strpbrk(server->path, "{}");
    if (fh_source_path_check(server->path, &err) != FH_OK) {
        refuse(findings, at, path, "publish.server.path", "%s", err.text);
    } else if (brace != mark || (mark != NULL && strpbrk(mark + 7, "{}") != NULL)) {
        refuse(findings,
               at,
               path,
               "publish.server.path",
               "{model}, once, is all that is replaced in a path");
    } else if (mark == NULL && contract->tables.count > 1) {
        refuse(findings,
               at,
               path,
               "publish.server.path",
               "%zu tables need a file each; put {model} where the physicalName of the table goes, "
               "as in "
               "data/{model}.parquet",
               contract->tables.count);
    }
    for (size_t i = 0; mark != NULL && i < contract->tables.count; i++) {
        const struct fh_contract_table *table = &contract->tables.items[i];
        const char *model = table->physical_name != NULL ? table->physical_name : table->name;
        if (model != NULL &&
            (strchr(model, '/') != NULL || fh_source_path_check(model, &err) != FH_OK)) {
            snprintf(path, sizeof path, "schema[%zu].physicalName", i);
            refuse(findings,
                   fh_rule_place(table->node, "physicalName"),
                   path,
                   "publish.server.path",
                   "\"%.63s\" cannot take the place of {model}: it is no plain part of a file name",
                   model);
        }
    }
}

static void check_servers(const struct fh_contract *contract, struct fh_findings *findings)
{
    size_t supported = 0;
    if (contract->servers.count == 0) {
        refuse(findings,
               contract->node,
               "servers",
               "publish.server.missing",
               "servers is missing; say where the data lies, as in type: local, path: "
               "data/flights.parquet, "
               "format: parquet (it stays with this node)");
        return;
    }
    for (size_t i = 0; i < contract->servers.count; i++) {
        const struct fh_contract_server *server = &contract->servers.items[i];
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "servers[%zu].type", i);
        if (is_supported(server)) {
            supported++;
            check_local(contract, server, i, findings);
        } else if (server->type != NULL) {
            fh_findings_add(
                findings,
                FH_SEVERITY_WARNING,
                fh_rule_place(server->node, "type")->line,
                fh_rule_place(server->node, "type")->column,
                path,
                "publish.server.unused",
                "a server of type %.32s is not read by this version and is not published",
                server->type);
        }
    }
    if (supported == 0) {
        refuse(findings,
               fh_rule_place(contract->node, "servers"),
               "servers",
               "publish.server.choice",
               "no server can be read; give one of type local with path and format");
    } else if (supported > 1) {
        refuse(findings,
               fh_rule_place(contract->node, "servers"),
               "servers",
               "publish.server.choice",
               "%zu servers of type local; keep the one that is to be served",
               supported);
    }
}

/* Every string outside `servers`. The tree is walked, so that nothing of the text is missed. */
static void
check_locations(const struct fh_doc_node *node, const char *path, struct fh_findings *findings)
{
    if (node->kind == FH_DOC_SCALAR) {
        const char *found = fh_location_in(node->text);
        if (found != NULL) {
            refuse(
                findings,
                node,
                path,
                "publish.location",
                "this holds %s; contracts travel to every peer, so where data lies is said under "
                "servers alone",
                found);
        }
        return;
    }
    uint32_t index = 0;
    for (const struct fh_doc_node *child = node->first; child != NULL; child = child->next) {
        char deeper[4 * PATH_BYTES];
        if (child->key != NULL) {
            snprintf(deeper, sizeof deeper, "%.200s%s%.63s", path, path[0] ? "." : "", child->key);
        } else {
            snprintf(deeper, sizeof deeper, "%.200s[%u]", path, index++);
        }
        if (strcmp(deeper, "servers") != 0) {
            check_locations(child, deeper, findings);
        }
    }
}

void fh_publish_rules(const struct fh_contract *contract,
                      const char *domain,
                      struct fh_findings *findings)
{
    check_product(contract, findings);
    check_domain(contract, domain, findings);
    check_tables(contract, findings);
    check_servers(contract, findings);
    fh_quality_rules(contract, findings);
    check_locations(contract->node, "", findings);
}

int fh_publish_rules_received(const struct fh_contract *contract,
                              struct fh_arena *arena,
                              struct fh_err *err)
{
    struct fh_findings findings;
    fh_findings_init(&findings, arena);
    fh_contract_rules(contract, &findings);
    check_product(contract, &findings);
    check_tables(contract, &findings);
    return fh_findings_ok(&findings, err);
}
