/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and columns of the catalogue's contracts, for the planner. */
#include "node/state/catalog_inner.h"

#include "node/state/store_columns.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/finding.h"
#include "proto/wire/record.h"

#include <stdio.h>

struct reading {
    struct fh_arena *arena;
    const char *wanted; /* table name, NULL: any */
    unsigned tables;    /* seen so far */
    unsigned table_at;  /* position of the one that is read, when `table` is set */
    const char *table;
    size_t column_count;
    struct fh_catalog_column *columns;
    size_t capacity;
    const char **names; /* all tables */
};

/* Grows an array in the arena by doubling; the old one dies with the arena. */
static bool grow(struct fh_arena *arena, void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void **at = array;
    void *grown = fh_arena_array(arena, wanted, size);
    if (grown == NULL) {
        return false;
    }
    if (count > 0) {
        memcpy(grown, *at, count * size);
    }
    *at = grown;
    *capacity = wanted;
    return true;
}

static int full(struct fh_err *err)
{
    return fh_err_set(err, FH_ETOOBIG, "the columns of a product do not fit their memory");
}

static int count_tables(void *user, const struct fh_store_column *column, struct fh_err *err)
{
    struct reading *reading = user;
    if (column->column_at != 0) {
        return FH_OK;
    }
    void *names = reading->names;
    if (!grow(reading->arena, &names, reading->tables, &reading->capacity, sizeof(char *))) {
        return full(err);
    }
    reading->names = names;
    reading->names[reading->tables] = fh_arena_strdup(reading->arena, column->table);
    if (reading->names[reading->tables] == NULL) {
        return full(err);
    }
    reading->tables++;
    return FH_OK;
}

int fh_catalog_tables(struct fh_catalog *catalog,
                      const struct fh_record_id *contract,
                      struct fh_arena *arena,
                      const char ***out_names,
                      size_t *out_count,
                      struct fh_err *err)
{
    struct reading reading = {.arena = arena};
    int code = fh_store_columns_each(catalog->store, contract, count_tables, &reading, err);
    if (code == FH_OK) {
        *out_names = reading.names;
        *out_count = reading.tables;
    }
    return code;
}

static int take_column(void *user, const struct fh_store_column *column, struct fh_err *err)
{
    struct reading *reading = user;
    if (strcmp(column->table, reading->wanted) != 0) {
        return FH_OK;
    }
    void *columns = reading->columns;
    if (!grow(reading->arena,
              &columns,
              reading->column_count,
              &reading->capacity,
              sizeof *reading->columns)) {
        return full(err);
    }
    reading->columns = columns;
    struct fh_catalog_column *out = &reading->columns[reading->column_count];
    out->name = fh_arena_strdup(reading->arena, column->name);
    out->sql_type = fh_arena_strdup(reading->arena, column->sql_type);
    out->classification = fh_arena_strdup(reading->arena, column->classification);
    out->required = column->required;
    if (out->name == NULL || out->sql_type == NULL || out->classification == NULL) {
        return full(err);
    }
    reading->column_count++;
    return FH_OK;
}

/* The table to read: the wanted one, or the only one. */
static int choose_table(const char *domain,
                        const char *product,
                        const char *wanted,
                        const char *const *names,
                        size_t count,
                        const char **out,
                        struct fh_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if ((wanted == NULL && count == 1) || (wanted != NULL && strcmp(names[i], wanted) == 0)) {
            *out = names[i];
            return FH_OK;
        }
    }
    char list[256] = "";
    size_t length = 0;
    for (size_t i = 0; i < count && length < sizeof list - 1; i++) {
        int n = snprintf(list + length, sizeof list - length, "%s%s", i == 0 ? "" : ", ", names[i]);
        length += n < 0 ? 0 : (size_t)n;
    }
    if (wanted == NULL) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "product.tables.many",
                           "%s.%s has %zu tables (%s); write %s.%s.TABLE",
                           domain,
                           product,
                           count,
                           list,
                           domain,
                           product);
    }
    const char *near = fh_nearest(wanted, names, count);
    return fh_err_rule(err,
                       FH_ENOTFOUND,
                       "product.table.unknown",
                       "%s.%s has no table \"%.63s\"%s%s%s (it has: %s)",
                       domain,
                       product,
                       wanted,
                       near == NULL ? "" : "; did you mean \"",
                       near == NULL ? "" : near,
                       near == NULL ? "" : "\"?",
                       list);
}

/* A request is signed with its SQL, and means the same to every peer that serves it. */
static int refuse_alias(const struct fh_catalog *catalog,
                        const char *alias,
                        const struct fh_domain_id *domain,
                        struct fh_err *err)
{
    const struct fh_directory_domain *known = fh_directory_domain(catalog->directory, domain);
    return fh_err_rule(err,
                       FH_ESQL,
                       "sql.alias",
                       "%s is an alias of this node; SQL, which owners read too, calls domains as "
                       "the mesh does: write %s",
                       alias,
                       known == NULL ? "its name" : known->given_name);
}

int fh_catalog_table(struct fh_catalog *catalog,
                     const char *domain,
                     const char *product,
                     uint32_t major,
                     const char *table,
                     struct fh_arena *arena,
                     struct fh_catalog_table *out,
                     struct fh_err *err)
{
    struct fh_catalog_table found = {.name = NULL};
    struct fh_domain_id owner;
    bool alias = false;
    int code = fh_catalog_domain(catalog, domain, &owner, &alias, err);
    if (code == FH_OK && alias) {
        return refuse_alias(catalog, domain, &owner, err);
    }
    if (code == FH_OK) {
        code = fh_catalog_find(catalog, &owner, product, major, &found.entry, err);
    }
    if (code != FH_OK) {
        return code;
    }
    bool proven = false;
    if (!found.entry.contract_held) {
        code =
            fh_store_proof_held(catalog->store, &found.entry.announcement.contract, &proven, err);
    }
    if (code == FH_OK && proven) {
        return fh_err_rule(err,
                           FH_EFORK,
                           "product.forked",
                           "%s.%s: its domain signed two contracts under one number, and announces "
                           "the one that is not held here; see freehold product status %s/%s",
                           domain,
                           product,
                           domain,
                           product);
    }
    if (code == FH_OK && !found.entry.contract_held) {
        const struct fh_announcement *announced = &found.entry.announcement;
        return fh_catalog_why_missing(catalog, &announced->contract, domain, product, err);
    }
    const char **names = NULL;
    size_t count = 0;
    const struct fh_record_id *contract = &found.entry.announcement.contract;
    if (code == FH_OK) {
        code = fh_catalog_tables(catalog, contract, arena, &names, &count, err);
    }
    if (code == FH_OK) {
        code = choose_table(
            domain, product, table, (const char *const *)names, count, &found.name, err);
    }
    struct reading reading = {.arena = arena, .wanted = found.name};
    if (code == FH_OK) {
        code = fh_store_columns_each(catalog->store, contract, take_column, &reading, err);
    }
    if (code == FH_OK) {
        found.column_count = reading.column_count;
        found.columns = reading.columns;
        *out = found;
    }
    return code;
}

int fh_catalog_open_contract(struct fh_catalog *catalog,
                             const struct fh_record_id *contract,
                             struct fh_arena *arena,
                             struct fh_contract **out,
                             struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_RECORD_BYTES_MAX);
    int code = fh_store_contract_get(catalog->store, contract, &bytes, err);
    struct fh_record record;
    struct fh_contract_record parsed;
    if (code == FH_OK) {
        code = fh_record_parse(
            &record, fh_buf_view(&bytes), fh_directory_mesh(catalog->directory), err);
    }
    if (code == FH_OK) {
        code = fh_contract_record_parse(&parsed, record.payload, err);
    }
    if (code != FH_OK) {
        return code;
    }
    /* The decoded contract points into its canonical form: the form moves into the arena. */
    uint8_t *form = fh_arena_alloc(arena, parsed.form.size + 1);
    if (form == NULL) {
        return full(err);
    }
    memcpy(form, parsed.form.data, parsed.form.size);
    return fh_contract_decode(out, fh_bytes(form, parsed.form.size), arena, err);
}
