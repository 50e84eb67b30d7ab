/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/mesh.h"

#include "common/arena.h"
#include "common/map.h"
#include "common/mem.h"
#include "tools/client/describe.h"
#include "tools/client/freehold.h"
#include "tools/client/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTRACT_BYTES = 4 * 1024 * 1024, /* names and comments of the largest contract */
    MESH_BYTES = 128 * 1024 * 1024,
    CONTRACTS_MAX = 2 * FH_PGCAT_TABLES_MAX, /* of several identities */
};

/* What one contract says of its tables; never changes, as its id is its hash. */
struct contract {
    struct fh_map_link link;
    struct fh_arena *arena; /* the struct lives there, too */
    char id[64];
    size_t table_count;
    struct fh_pgcat_mesh_table *tables; /* schema unset, name as in the contract */
};

struct fh_pgcat_contracts {
    pthread_mutex_t mutex;
    struct fh_map map;
};

struct owned_mesh {
    struct fh_pgcat_mesh mesh; /* first: what callers see */
    struct fh_arena *arena;
    size_t column_count;
    size_t table_capacity;
    size_t schema_capacity;
    struct fh_pgcat_mesh_table *tables;
    const char **schemas;
};

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "out of memory for a catalogue");
}

/* ---- contracts ---- */

int fh_pgcat_contracts_new(struct fh_pgcat_contracts **out, struct fh_err *err)
{
    struct fh_pgcat_contracts *contracts = fh_calloc(1, sizeof *contracts);
    if (contracts == NULL || pthread_mutex_init(&contracts->mutex, NULL) != 0) {
        fh_free(contracts);
        return no_memory(err);
    }
    fh_map_init(&contracts->map);
    *out = contracts;
    return FH_OK;
}

static void clear(struct fh_pgcat_contracts *contracts)
{
    for (size_t i = 0; i < contracts->map.bucket_count; i++) {
        struct fh_map_link *link = contracts->map.buckets[i];
        while (link != NULL) {
            struct fh_map_link *next = link->next;
            fh_arena_free(FH_MAP_ENTRY(link, struct contract, link)->arena);
            link = next;
        }
    }
    fh_map_fini(&contracts->map);
    fh_map_init(&contracts->map);
}

void fh_pgcat_contracts_free(struct fh_pgcat_contracts *contracts)
{
    if (contracts != NULL) {
        clear(contracts);
        fh_map_fini(&contracts->map);
        pthread_mutex_destroy(&contracts->mutex);
        fh_free(contracts);
    }
}

static struct contract *find(const struct fh_pgcat_contracts *contracts, const char *id)
{
    uint64_t hash = fh_map_hash(id, strlen(id));
    for (struct fh_map_link *link = fh_map_first(&contracts->map, hash); link != NULL;
         link = fh_map_next(link)) {
        struct contract *contract = FH_MAP_ENTRY(link, struct contract, link);
        if (strcmp(contract->id, id) == 0) {
            return contract;
        }
    }
    return NULL;
}

static const char *text_or_empty(struct fh_arena *arena, const char *text)
{
    return text == NULL ? "" : fh_arena_strdup(arena, text);
}

/* The place in the key: as stated, else in the order of the columns. */
static uint32_t key_place(const struct fh_contract_column *column, uint32_t *count)
{
    if (column->primary_key != FH_CONTRACT_TRUE) {
        return 0;
    }
    *count += 1;
    bool stated = column->primary_key_position.is_set && column->primary_key_position.value > 0 &&
                  column->primary_key_position.value <= FH_CONTRACT_COLUMNS_MAX;
    return stated ? (uint32_t)column->primary_key_position.value : *count;
}

/* Columns that are served; a table with one that is not is left out. */
static int read_table(struct contract *contract,
                      const struct fh_contract_table *from,
                      struct fh_pgcat_mesh_table *to,
                      struct fh_err *err)
{
    struct fh_arena *arena = contract->arena;
    size_t count = from->columns.count;
    struct fh_pgcat_mesh_column *columns = fh_arena_array(arena, count, sizeof *columns);
    uint32_t keys = 0;
    to->name = text_or_empty(arena, from->name);
    to->comment = text_or_empty(arena, from->description);
    if (columns == NULL || to->name == NULL || to->comment == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        const struct fh_contract_column *column = &from->columns.items[i];
        struct fh_err ignored;
        if (fh_contract_sql_type(column, columns[i].type, &ignored) != FH_OK) {
            return FH_EINVAL;
        }
        columns[i].name = text_or_empty(arena, column->name);
        columns[i].comment = text_or_empty(arena, column->description);
        columns[i].required = column->required == FH_CONTRACT_TRUE;
        columns[i].primary_key = key_place(column, &keys);
        if (columns[i].name == NULL || columns[i].comment == NULL) {
            return no_memory(err);
        }
    }
    to->columns = columns;
    to->column_count = count;
    return FH_OK;
}

static int read_contract(struct contract **out,
                         const struct fh_contract *model,
                         const char *id,
                         struct fh_err *err)
{
    struct fh_arena *arena = fh_arena_new(CONTRACT_BYTES);
    struct contract *contract = arena == NULL ? NULL : fh_arena_alloc(arena, sizeof *contract);
    if (contract == NULL) {
        fh_arena_free(arena);
        return no_memory(err);
    }
    contract->arena = arena;
    snprintf(contract->id, sizeof contract->id, "%s", id);
    contract->tables = fh_arena_array(arena, model->tables.count, sizeof *contract->tables);
    int code = contract->tables == NULL ? no_memory(err) : FH_OK;
    for (size_t i = 0; code == FH_OK && i < model->tables.count; i++) {
        code = read_table(
            contract, &model->tables.items[i], &contract->tables[contract->table_count], err);
        contract->table_count += code == FH_OK ? 1 : 0;
        code = code == FH_EINVAL ? FH_OK : code;
    }
    if (code != FH_OK) {
        fh_arena_free(arena);
        return code;
    }
    *out = contract;
    return FH_OK;
}

/* Asks for a contract and keeps it. */
static int describe(struct fh_pgcat_contracts *contracts,
                    struct freehold_client *client,
                    const struct freehold_product *product,
                    struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_description *description = NULL;
    struct contract *contract = NULL;
    char name[200];
    snprintf(
        name, sizeof name, "%s/%s@%s", product->domain_name, product->product, product->version);
    if (freehold_describe(&description, client, name, &error) != FREEHOLD_OK) {
        return fh_err_rule(err, error.code, error.rule, "%s", error.text);
    }
    int code =
        read_contract(&contract, fh_description_proof(description)->model, product->contract, err);
    freehold_description_free(description);
    if (code != FH_OK) {
        return code;
    }
    pthread_mutex_lock(&contracts->mutex);
    if (contracts->map.count >= CONTRACTS_MAX) {
        clear(contracts); /* those in use are read again */
    }
    code = find(contracts, contract->id) != NULL ? FH_EEXIST : fh_map_reserve(&contracts->map, 1);
    if (code == FH_OK) {
        uint64_t hash = fh_map_hash(contract->id, strlen(contract->id));
        fh_map_insert(&contracts->map, &contract->link, hash);
    } else {
        fh_arena_free(contract->arena);
    }
    pthread_mutex_unlock(&contracts->mutex);
    return code == FH_OK || code == FH_EEXIST ? FH_OK : no_memory(err);
}

/* ---- a mesh ---- */

/* An array of the arena that has room for one more. */
static void *
grown(struct fh_arena *arena, const void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return (void *)(uintptr_t)list;
    }
    size_t more = *capacity == 0 ? 64 : *capacity * 2;
    void *larger = fh_arena_array(arena, more, size);
    if (larger != NULL) {
        memcpy(larger, count == 0 ? larger : list, count * size);
        *capacity = more;
    }
    return larger;
}

static const char *schema_of(struct owned_mesh *m, const char *name)
{
    struct fh_pgcat_mesh *mesh = &m->mesh;
    for (size_t i = mesh->schema_count; i > 0; i--) {
        if (strcmp(m->schemas[i - 1], name) == 0) {
            return m->schemas[i - 1];
        }
    }
    m->schemas =
        grown(m->arena, m->schemas, mesh->schema_count, &m->schema_capacity, sizeof *m->schemas);
    const char *copy = fh_arena_strdup(m->arena, name);
    if (m->schemas == NULL || copy == NULL) {
        return NULL;
    }
    m->schemas[mesh->schema_count++] = copy;
    mesh->schemas = m->schemas;
    return copy;
}

/* A table that is alone in its product has the product's name; its comment is the product's. */
static int add_table(struct owned_mesh *m,
                     const struct freehold_product *product,
                     const char *product_name,
                     const struct fh_pgcat_mesh_table *from,
                     bool sole,
                     struct fh_err *err)
{
    struct fh_pgcat_mesh *mesh = &m->mesh;
    if (mesh->table_count >= FH_PGCAT_TABLES_MAX ||
        m->column_count + from->column_count > FH_PGCAT_COLUMNS_MAX) {
        return FH_OK; /* what is beyond can be read, only not listed */
    }
    m->tables =
        grown(m->arena, m->tables, mesh->table_count, &m->table_capacity, sizeof *m->tables);
    if (m->tables == NULL) {
        return no_memory(err);
    }
    mesh->tables = m->tables;
    struct fh_pgcat_mesh_table *to = &m->tables[mesh->table_count];
    const char *comment = sole && product->summary[0] != '\0' ? product->summary : from->comment;
    *to = (struct fh_pgcat_mesh_table){
        .schema = schema_of(m, product->domain_name),
        .name = sole ? fh_arena_strdup(m->arena, product_name)
                     : fh_arena_printf(m->arena, "%s__%s", product_name, from->name),
        .comment = fh_arena_strdup(m->arena, comment[0] != '\0' ? comment : product->summary),
        .contract = fh_arena_strdup(m->arena, product->contract),
    };
    to->column_count = from->column_count;
    to->columns = fh_pgcat_mesh_columns(m->arena, from);
    if (to->schema == NULL || to->name == NULL || to->comment == NULL || to->contract == NULL ||
        to->columns == NULL) {
        return no_memory(err);
    }
    mesh->table_count++;
    m->column_count += from->column_count;
    return FH_OK;
}

/* "2" of "2.0.1" */
static unsigned long major_of(const char *version)
{
    return strtoul(version, NULL, 10);
}

/* Whether another version of the product is read by its name without a number: the largest one that
 * is served. */
static bool is_older(const struct freehold_products *list, const struct freehold_product *product)
{
    for (size_t i = 0; i < freehold_products_count(list); i++) {
        struct freehold_product other = {.size = sizeof other};
        freehold_products_get(list, i, &other);
        if (strcmp(other.domain, product->domain) == 0 &&
            strcmp(other.product, product->product) == 0 && strcmp(other.status, "draft") != 0 &&
            major_of(other.version) > major_of(product->version)) {
            return true;
        }
    }
    return false;
}

static bool is_served(const struct freehold_product *product)
{
    return product->contract_held && strcmp(product->verification, "verified") == 0 &&
           (strcmp(product->status, "active") == 0 || strcmp(product->status, "deprecated") == 0 ||
            strcmp(product->status, "draft") == 0);
}

static int add_product(struct owned_mesh *m,
                       struct fh_pgcat_contracts *contracts,
                       struct freehold_client *client,
                       const struct freehold_product *product,
                       bool older,
                       struct fh_err *err)
{
    char name[FH_NAME_BYTES_MAX + 24];
    if (older) {
        snprintf(name, sizeof name, "%.63s@%lu", product->product, major_of(product->version));
    } else {
        snprintf(name, sizeof name, "%.63s", product->product);
    }
    pthread_mutex_lock(&contracts->mutex);
    bool known = find(contracts, product->contract) != NULL;
    pthread_mutex_unlock(&contracts->mutex);
    int code = known ? FH_OK : describe(contracts, client, product, err);
    if (code == FH_ENOTFOUND || code == FH_ESTATE || code == FH_ESIG || code == FH_EDENIED) {
        return FH_OK; /* it went away meanwhile, or is not for us */
    }
    if (code != FH_OK) {
        return code;
    }
    pthread_mutex_lock(&contracts->mutex);
    const struct contract *contract = find(contracts, product->contract);
    for (size_t i = 0; contract != NULL && code == FH_OK && i < contract->table_count; i++) {
        code = add_table(m, product, name, &contract->tables[i], contract->table_count == 1, err);
    }
    pthread_mutex_unlock(&contracts->mutex);
    return code;
}

static int add_page(struct owned_mesh *m,
                    struct fh_pgcat_contracts *contracts,
                    struct freehold_client *client,
                    uint64_t offset,
                    size_t *out_count,
                    struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_products *list = NULL;
    struct freehold_search_options options = {
        .size = sizeof options, .words = "", .offset = offset};
    if (freehold_find(&list, client, &options, &error) != FREEHOLD_OK) {
        return fh_err_rule(err, error.code, error.rule, "%s", error.text);
    }
    int code = FH_OK;
    *out_count = freehold_products_count(list);
    for (size_t i = 0; code == FH_OK && i < *out_count; i++) {
        struct freehold_product product = {.size = sizeof product};
        freehold_products_get(list, i, &product);
        if (is_served(&product)) {
            code = add_product(m, contracts, client, &product, is_older(list, &product), err);
        }
    }
    freehold_products_free(list);
    return code;
}

static int name_mesh(struct owned_mesh *m, struct freehold_client *client, struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_status status = {.size = sizeof status};
    if (freehold_status(client, &status, &error) != FREEHOLD_OK) {
        return fh_err_rule(err, error.code, error.rule, "%s", error.text);
    }
    m->mesh.name = fh_arena_strdup(m->arena, status.mesh_name);
    return m->mesh.name == NULL ? no_memory(err) : FH_OK;
}

int fh_pgcat_mesh_read(struct fh_pgcat_mesh **out,
                       struct fh_pgcat_contracts *contracts,
                       struct freehold_client *client,
                       struct fh_err *err)
{
    struct fh_arena *arena = fh_arena_new(MESH_BYTES);
    struct owned_mesh *m = arena == NULL ? NULL : fh_arena_alloc(arena, sizeof *m);
    if (m == NULL) {
        fh_arena_free(arena);
        return no_memory(err);
    }
    m->arena = arena;
    int code = name_mesh(m, client, err);
    size_t count = 1;
    for (uint64_t offset = 0; code == FH_OK && count > 0 && offset < FH_PGCAT_TABLES_MAX;
         offset += count) {
        code = add_page(m, contracts, client, offset, &count, err);
    }
    if (code != FH_OK) {
        fh_pgcat_mesh_free(&m->mesh);
        return code;
    }
    *out = &m->mesh;
    return FH_OK;
}

void fh_pgcat_mesh_free(struct fh_pgcat_mesh *mesh)
{
    if (mesh != NULL) {
        fh_arena_free(((struct owned_mesh *)(void *)mesh)->arena); /* it lives there itself */
    }
}

const struct fh_pgcat_mesh_column *fh_pgcat_mesh_columns(struct fh_arena *arena,
                                                         const struct fh_pgcat_mesh_table *from)
{
    struct fh_pgcat_mesh_column *columns =
        fh_arena_array(arena, from->column_count, sizeof *columns);
    for (size_t i = 0; columns != NULL && i < from->column_count; i++) {
        columns[i] = from->columns[i];
        columns[i].name = fh_arena_strdup(arena, from->columns[i].name);
        columns[i].comment = fh_arena_strdup(arena, from->columns[i].comment);
        if (columns[i].name == NULL || columns[i].comment == NULL) {
            return NULL;
        }
    }
    return columns;
}
