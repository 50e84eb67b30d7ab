/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/facts.h"

#include "tools/door/pgcat/lex.h"
#include "tools/door/pgcat/types.h"

#include "common/map.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OID_FIRST = 16384, /* smaller ones are PostgreSQL's own */
    ARENA_BYTES = 256 * 1024 * 1024,
    SYSTEM_SCHEMAS = 3,
    OIDS_OF_TABLE = 3, /* itself, index and constraint of its key */
};

struct making {
    struct fh_pgcat_facts *facts;
    uint32_t *taken; /* open addressing; 0 is free */
    size_t slots;    /* a power of two, at least twice what comes */
};

/* Notes that an oid is taken; false when it was before. */
static bool claim(struct making *m, uint32_t oid)
{
    size_t mask = m->slots - 1;
    for (size_t i = (oid * (size_t)2654435761u) & mask;; i = (i + 1) & mask) {
        if (m->taken[i] == oid) {
            return false;
        }
        if (m->taken[i] == 0) {
            m->taken[i] = oid;
            return true;
        }
    }
}

/* Below 2^31: some clients read an oid as a signed number. */
static uint32_t oid_of(struct making *m, const char *what, const char *schema, const char *name)
{
    uint64_t hash = fh_map_hash(what, strlen(what) + 1) ^
                    fh_map_hash(schema, strlen(schema) + 1) * 31 ^
                    fh_map_hash(name, strlen(name) + 1) * 961;
    uint32_t range = (uint32_t)INT32_MAX - OID_FIRST;
    uint32_t oid = OID_FIRST + (uint32_t)((hash ^ hash >> 32) % range);
    while (!claim(m, oid)) {
        oid = oid + 1 >= (uint32_t)INT32_MAX ? OID_FIRST : oid + 1;
    }
    return oid;
}

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "out of memory for a catalogue");
}

static int make_schemas(struct making *m, const struct fh_pgcat_mesh *mesh, struct fh_err *err)
{
    struct fh_pgcat_facts *facts = m->facts;
    size_t count = SYSTEM_SCHEMAS + mesh->schema_count;
    struct fh_pgcat_schema *schemas = fh_arena_array(facts->arena, count, sizeof *schemas);
    if (schemas == NULL) {
        return no_memory(err);
    }
    schemas[0] = (struct fh_pgcat_schema){"pg_catalog", FH_PGCAT_SCHEMA_CATALOG, FH_PGCAT_OWNER};
    schemas[1] =
        (struct fh_pgcat_schema){"information_schema", FH_PGCAT_SCHEMA_STANDARD, FH_PGCAT_OWNER};
    schemas[2] = (struct fh_pgcat_schema){"public", FH_PGCAT_SCHEMA_PUBLIC, FH_PGCAT_OWNER};
    for (size_t i = 0; i < mesh->schema_count; i++) {
        const char *name = fh_arena_strdup(facts->arena, mesh->schemas[i]);
        if (name == NULL) {
            return no_memory(err);
        }
        schemas[SYSTEM_SCHEMAS + i] = (struct fh_pgcat_schema){
            name, oid_of(m, "schema", "", name), oid_of(m, "role", "", name)};
    }
    facts->schemas = schemas;
    facts->schema_count = count;
    return FH_OK;
}

static int make_table(struct making *m,
                      const struct fh_pgcat_mesh_table *from,
                      struct fh_pgcat_table *to,
                      struct fh_err *err)
{
    struct fh_arena *arena = m->facts->arena;
    to->schema = fh_pgcat_facts_schema_named(m->facts, from->schema);
    to->name = fh_arena_strdup(arena, from->name);
    to->comment = fh_arena_strdup(arena, from->comment);
    to->column_count = from->column_count;
    to->columns = fh_pgcat_mesh_columns(arena, from);
    if (to->name == NULL || to->comment == NULL || to->columns == NULL) {
        return no_memory(err);
    }
    if (to->schema == NULL) {
        return fh_err_set(err, FH_EINVAL, "table %s is of no schema that is listed", from->name);
    }
    to->oid = oid_of(m, "table", from->schema, from->name);
    for (size_t i = 0; i < from->column_count; i++) {
        if (from->columns[i].primary_key != 0 && to->key_index == 0) {
            to->key_index = oid_of(m, "index", from->schema, from->name);
            to->key_constraint = oid_of(m, "constraint", from->schema, from->name);
        }
    }
    return FH_OK;
}

static int by_oid(const void *a, const void *b)
{
    uint32_t left = ((const struct fh_pgcat_table *)a)->oid;
    uint32_t right = ((const struct fh_pgcat_table *)b)->oid;
    return left < right ? -1 : left > right;
}

static int make_tables(struct making *m, const struct fh_pgcat_mesh *mesh, struct fh_err *err)
{
    struct fh_pgcat_facts *facts = m->facts;
    size_t most = mesh->table_count + fh_pgcat_relation_count;
    struct fh_pgcat_table *tables = fh_arena_array(facts->arena, most, sizeof *tables);
    if (tables == NULL) {
        return no_memory(err);
    }
    size_t count = 0;
    for (size_t i = 0; i < fh_pgcat_relation_count; i++) {
        const struct fh_pgcat_relation *relation = &fh_pgcat_relations[i];
        if (relation->oid != 0) {
            tables[count++] = (struct fh_pgcat_table){
                .schema = fh_pgcat_facts_schema_named(facts, relation->schema),
                .name = relation->name,
                .comment = "",
                .oid = relation->oid,
                .system = relation,
            };
        }
    }
    for (size_t i = 0; i < mesh->table_count; i++) {
        int code = make_table(m, &mesh->tables[i], &tables[count++], err);
        if (code != FH_OK) {
            return code;
        }
    }
    qsort(tables, count, sizeof *tables, by_oid);
    facts->tables = tables;
    facts->table_count = count;
    return FH_OK;
}

int fh_pgcat_facts_new(struct fh_pgcat_facts **out,
                       const struct fh_pgcat_mesh *mesh,
                       struct fh_err *err)
{
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    struct fh_pgcat_facts *facts = arena == NULL ? NULL : fh_arena_alloc(arena, sizeof *facts);
    if (facts == NULL) {
        fh_arena_free(arena);
        return no_memory(err);
    }
    facts->arena = arena;
    facts->database = fh_arena_strdup(arena, mesh->name);
    struct making m = {.facts = facts, .slots = 64};
    while (m.slots < 2 * OIDS_OF_TABLE * (mesh->table_count + mesh->schema_count)) {
        m.slots *= 2;
    }
    m.taken = fh_calloc(m.slots, sizeof *m.taken);
    int code = facts->database == NULL || m.taken == NULL ? no_memory(err) : FH_OK;
    if (code == FH_OK) {
        code = make_schemas(&m, mesh, err);
    }
    if (code == FH_OK) {
        code = make_tables(&m, mesh, err);
    }
    fh_free(m.taken);
    if (code != FH_OK) {
        fh_pgcat_facts_free(facts);
        return code;
    }
    *out = facts;
    return FH_OK;
}

void fh_pgcat_facts_free(struct fh_pgcat_facts *facts)
{
    if (facts != NULL) {
        fh_arena_free(facts->arena); /* the struct itself lives there */
    }
}

const struct fh_pgcat_schema *fh_pgcat_facts_schema(const struct fh_pgcat_facts *facts,
                                                    uint32_t oid)
{
    for (size_t i = 0; i < facts->schema_count; i++) {
        if (facts->schemas[i].oid == oid) {
            return &facts->schemas[i];
        }
    }
    return NULL;
}

const struct fh_pgcat_schema *fh_pgcat_facts_schema_named(const struct fh_pgcat_facts *facts,
                                                          const char *name)
{
    for (size_t i = 0; i < facts->schema_count; i++) {
        if (strcmp(facts->schemas[i].name, name) == 0) {
            return &facts->schemas[i];
        }
    }
    return NULL;
}

const struct fh_pgcat_table *fh_pgcat_facts_table(const struct fh_pgcat_facts *facts, uint32_t oid)
{
    struct fh_pgcat_table wanted = {.oid = oid};
    return bsearch(&wanted, facts->tables, facts->table_count, sizeof wanted, by_oid);
}

const struct fh_pgcat_table *fh_pgcat_facts_key(const struct fh_pgcat_facts *facts, uint32_t oid)
{
    for (size_t i = 0; oid != 0 && i < facts->table_count; i++) {
        if (facts->tables[i].key_index == oid || facts->tables[i].key_constraint == oid) {
            return &facts->tables[i];
        }
    }
    return NULL;
}

const struct fh_pgcat_table *
fh_pgcat_facts_table_named(const struct fh_pgcat_facts *facts, const char *schema, const char *name)
{
    const struct fh_pgcat_table *found = NULL;
    for (size_t i = 0; i < facts->table_count; i++) {
        const struct fh_pgcat_table *table = &facts->tables[i];
        if (strcmp(table->name, name) != 0) {
            continue;
        }
        if (schema != NULL && strcmp(table->schema->name, schema) == 0) {
            return table;
        }
        if (schema == NULL && table->schema->oid == FH_PGCAT_SCHEMA_CATALOG) {
            return table;
        }
        if (schema == NULL && table->system == NULL) {
            if (found != NULL) {
                return NULL; /* of two domains: which is meant is not said */
            }
            found = table;
        }
    }
    return found;
}

void fh_pgcat_key_name(char out[FH_PGCAT_KEY_NAME_BYTES], const struct fh_pgcat_table *table)
{
    snprintf(out, FH_PGCAT_KEY_NAME_BYTES, "%.60s_pkey", table->name);
}

void fh_pgcat_quote_name(struct fh_buf *out, const char *name)
{
    bool plain = *name != '\0' && (*name < '0' || *name > '9');
    for (const char *c = name; *c != '\0'; c++) {
        plain = plain && ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_');
    }
    if (plain) {
        fh_buf_add_cstr(out, name);
    } else {
        fh_buf_add_quoted(out, name, '"');
    }
}

bool fh_pgcat_read_name(struct fh_arena *arena,
                        struct fh_bytes text,
                        const char **out_schema,
                        const char **out_name)
{
    struct fh_pgcat_tokens tokens;
    struct fh_err err;
    if (fh_pgcat_lex(&tokens, arena, text, &err) != FH_OK) {
        return false;
    }
    const struct fh_pgcat_token *list = tokens.list;
    bool qualified = tokens.count == 3 && fh_pgcat_is_sign(&list[1], ".");
    if ((tokens.count != 1 && !qualified) || list[0].kind != FH_PGCAT_NAME ||
        list[tokens.count - 1].kind != FH_PGCAT_NAME) {
        return false;
    }
    *out_schema = qualified ? list[0].text : NULL;
    *out_name = list[tokens.count - 1].text;
    return true;
}

static const char *const kinds[] = {"in", "out", "recv", "send"};

enum { ARRAY_IN = 750, ARRAY_OUT = 751, ARRAY_RECEIVE = 2400, ARRAY_SEND = 2401 };
static const uint32_t array_functions[] = {ARRAY_IN, ARRAY_OUT, ARRAY_RECEIVE, ARRAY_SEND};

uint32_t fh_pgcat_type_function_named(const char *name)
{
    for (size_t k = 0; k < FH_COUNT(kinds); k++) {
        size_t end = strlen(kinds[k]);
        size_t size = strlen(name);
        if (size <= end || strcmp(name + size - end, kinds[k]) != 0) {
            continue;
        }
        size -= end;
        if (size == 6 && memcmp(name, "array_", 6) == 0) {
            return array_functions[k];
        }
        for (size_t i = 0; i < fh_pgcat_type_count; i++) {
            const char *stem = fh_pgcat_types[i].stem;
            if (strlen(stem) == size && memcmp(stem, name, size) == 0) {
                return fh_pgcat_types[i].functions[k];
            }
        }
    }
    return 0;
}

void fh_pgcat_type_function(struct fh_buf *out, uint32_t oid)
{
    for (size_t k = 0; k < FH_COUNT(kinds); k++) {
        if (oid == array_functions[k]) {
            fh_buf_printf(out, "array_%s", kinds[k]);
            return;
        }
        for (size_t i = 0; i < fh_pgcat_type_count; i++) {
            if (oid != 0 && fh_pgcat_types[i].functions[k] == oid) {
                fh_buf_printf(out, "%s%s", fh_pgcat_types[i].stem, kinds[k]);
                return;
            }
        }
    }
}
