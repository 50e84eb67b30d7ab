/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/draft.h"

#include "common/limits.h"
#include "tools/contract/draft_yaml.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PERSONAL_PERCENT = 5, GROWTH_FIRST = 8 };

void fh_draft_init(struct fh_draft *draft, struct fh_arena *arena)
{
    *draft = (struct fh_draft){.arena = arena};
}

/* ---- arrays that grow in an arena ---- */

/* Room for one more of `size` bytes; the array, moved or not, or NULL. */
static void *grow(struct fh_arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    size_t wanted = *capacity == 0 ? GROWTH_FIRST : *capacity * 2;
    void *moved = fh_arena_array(arena, wanted, size);
    if (moved != NULL) {
        if (count > 0) {
            memcpy(moved, items, count * size);
        }
        *capacity = wanted;
    }
    return moved;
}

struct fh_draft_table *
fh_draft_add_table(struct fh_draft *draft, const char *schema, const char *name)
{
    if (draft->table_count == FH_CONTRACT_TABLES_MAX) {
        return NULL;
    }
    struct fh_draft_table *tables = grow(draft->arena,
                                         draft->tables,
                                         draft->table_count,
                                         &draft->table_capacity,
                                         sizeof *draft->tables);
    const char *schema_copy = fh_arena_strdup(draft->arena, schema);
    const char *name_copy = fh_arena_strdup(draft->arena, name);
    if (tables == NULL || schema_copy == NULL || name_copy == NULL) {
        return NULL;
    }
    draft->tables = tables;
    struct fh_draft_table *table = &tables[draft->table_count++];
    *table = (struct fh_draft_table){.schema = schema_copy, .source = name_copy};
    return table;
}

static struct fh_draft_column *add_column(struct fh_draft *draft,
                                          struct fh_draft_column **columns,
                                          size_t *count,
                                          size_t *capacity,
                                          const char *name)
{
    if (*count == FH_CONTRACT_COLUMNS_MAX) {
        return NULL;
    }
    struct fh_draft_column *grown = grow(draft->arena, *columns, *count, capacity, sizeof *grown);
    const char *copy = fh_arena_strdup(draft->arena, name);
    if (grown == NULL || copy == NULL) {
        return NULL;
    }
    *columns = grown;
    struct fh_draft_column *column = &grown[(*count)++];
    *column = (struct fh_draft_column){
        .source = copy, .name = "", .type = "", .likeness = FH_LIKENESS_COUNT};
    return column;
}

struct fh_draft_column *
fh_draft_add_column(struct fh_draft *draft, struct fh_draft_table *table, const char *name)
{
    return add_column(draft, &table->columns, &table->column_count, &table->column_capacity, name);
}

struct fh_draft_column *
fh_draft_add_member(struct fh_draft *draft, struct fh_draft_column *column, const char *name)
{
    return add_column(
        draft, &column->columns, &column->column_count, &column->column_capacity, name);
}

struct fh_draft_reference *fh_draft_add_reference(struct fh_draft *draft,
                                                  struct fh_draft_table *table)
{
    struct fh_draft_reference *grown = grow(draft->arena,
                                            table->references,
                                            table->reference_count,
                                            &table->reference_capacity,
                                            sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    table->references = grown;
    struct fh_draft_reference *reference = &grown[table->reference_count++];
    *reference = (struct fh_draft_reference){.table = ""};
    return reference;
}

bool fh_draft_add_text(struct fh_draft *draft, struct fh_draft_texts *texts, const char *text)
{
    const char **grown =
        grow(draft->arena, texts->items, texts->count, &texts->capacity, sizeof *grown);
    const char *copy = fh_arena_strdup(draft->arena, text);
    if (grown == NULL || copy == NULL) {
        return false;
    }
    texts->items = grown;
    grown[texts->count++] = copy;
    return true;
}

/* ---- finding ---- */

struct fh_draft_table *fh_draft_table(struct fh_draft *draft, const char *name)
{
    typedef int compare_fn(const char *, const char *);
    compare_fn *const compares[] = {strcmp, strcasecmp};
    for (size_t round = 0; round < FH_COUNT(compares); round++) {
        for (size_t i = 0; i < draft->table_count; i++) {
            const struct fh_draft_table *table = &draft->tables[i];
            size_t schema = strlen(table->schema);
            bool qualified = schema > 0 && strncasecmp(name, table->schema, schema) == 0 &&
                             name[schema] == '.' &&
                             compares[round](name + schema + 1, table->source) == 0;
            if (qualified || compares[round](name, table->source) == 0) {
                return &draft->tables[i];
            }
        }
    }
    return NULL;
}

struct fh_draft_column *fh_draft_column(struct fh_draft_table *table, const char *name)
{
    struct fh_draft_column *near = NULL;
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].source, name) == 0) {
            return &table->columns[i];
        }
        if (strcasecmp(table->columns[i].source, name) == 0) {
            near = &table->columns[i];
        }
    }
    return near;
}

/* ---- what was seen ---- */

int fh_draft_see(struct fh_draft *draft,
                 struct fh_draft_column *column,
                 const struct fh_profile_column *seen,
                 struct fh_err *err)
{
    column->seen = seen->observed ? seen : NULL;
    if (column->type[0] == 0) {
        column->type = seen->type;
    }
    column->shape = seen->shape;
    for (uint32_t i = 0; i < seen->column_count; i++) {
        struct fh_draft_column *member = fh_draft_add_member(draft, column, seen->columns[i].name);
        if (member == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
        }
        int code = fh_draft_see(draft, member, &seen->columns[i], err);
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}

/* ---- finishing ---- */

/* Gives the column a name that no earlier one has, without regard to case. */
static int name_column(struct fh_draft *draft,
                       struct fh_draft_column *columns,
                       size_t index,
                       struct fh_err *err)
{
    char name[FH_DRAFT_NAME_BYTES];
    char base[FH_DRAFT_NAME_BYTES];
    fh_draft_column_name(base, columns[index].source, index);
    snprintf(name, sizeof name, "%s", base);
    char suffix[12];
    unsigned tries = 1;
    for (size_t i = 0; i < index;) {
        if (strcasecmp(columns[i].name, name) == 0) {
            snprintf(suffix, sizeof suffix, "%u", ++tries);
            fh_draft_suffixed(name, base, suffix);
            i = 0;
        } else {
            i++;
        }
    }
    columns[index].name = fh_arena_strdup(draft->arena, name);
    return columns[index].name == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a draft")
                                       : FH_OK;
}

/* Tables of people: their `name` is a person's. */
static bool is_of_people(const char *table)
{
    static const char *const words[] = {"customer",
                                        "user",
                                        "person",
                                        "people",
                                        "employee",
                                        "patient",
                                        "contact",
                                        "member",
                                        "student",
                                        "passenger"};
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        if (strcasestr(table, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void guess_classification(const char *table, struct fh_draft_column *column)
{
    const struct fh_profile_column *seen = column->seen;
    bool is_flag = column->logical != NULL && strcmp(column->logical, "boolean") == 0;
    if (seen != NULL && seen->likeness < FH_LIKENESS_COUNT &&
        fh_likeness_classification(seen->likeness) != NULL &&
        (uint64_t)seen->alike * 100 > (uint64_t)seen->sampled * PERSONAL_PERCENT) {
        column->likeness = seen->likeness;
    } else if (!is_flag && column->shape == FH_PROFILE_SCALAR) {
        column->likeness = fh_likeness_of_name(column->source);
        if (strcasecmp(column->source, "name") == 0 && is_of_people(table)) {
            column->likeness = FH_LIKE_PERSON;
        }
    }
}

static int finish_columns(struct fh_draft *draft,
                          const char *table,
                          struct fh_draft_column *columns,
                          size_t count,
                          struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_draft_column *column = &columns[i];
        code = column->source[0] == 0 ? FH_OK : name_column(draft, columns, i, err);
        if (code == FH_OK) {
            code = fh_draft_type(draft, column, err);
        }
        if (code == FH_OK) {
            guess_classification(table, column);
            code = finish_columns(draft, table, column->columns, column->column_count, err);
        }
        /* Contracts travel, and a column needs the name that its source has. */
        column->left_out = fh_draft_cannot_travel(column->source);
    }
    return code;
}

/* Without a declared key: a column seen unique that is called id, or after its table. */
static void guess_key(struct fh_draft_table *table)
{
    char after[FH_DRAFT_NAME_BYTES + 3];
    snprintf(after, sizeof after, "%s_id", table->name);
    size_t size = strlen(table->name);
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].key > 0) {
            return;
        }
    }
    for (size_t i = 0; i < table->column_count; i++) {
        struct fh_draft_column *column = &table->columns[i];
        bool singular = size > 1 && table->name[size - 1] == 's' &&
                        strncasecmp(column->name, table->name, size - 1) == 0 &&
                        strcasecmp(column->name + size - 1, "_id") == 0;
        if (column->seen != NULL && column->seen->unique &&
            (strcasecmp(column->name, "id") == 0 || strcasecmp(column->name, after) == 0 ||
             singular)) {
            column->is_guessed_key = true;
            return;
        }
    }
}

/* ---- references ---- */

static int drop_reference(struct fh_draft *draft,
                          struct fh_draft_table *table,
                          struct fh_draft_reference *reference,
                          struct fh_err *err)
{
    reference->from.count = 0; /* printed nowhere */
    return fh_draft_add_text(draft,
                             &table->notes,
                             "REVIEW: a foreign key is left out: its column is not in this draft")
               ? FH_OK
               : fh_err_set(err, FH_ENOMEM, "no memory for a draft");
}

/* The column of the primary key at this place, or NULL. */
static struct fh_draft_column *key_column(struct fh_draft_table *table, size_t place)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].key == place + 1) {
            return &table->columns[i];
        }
    }
    return NULL;
}

/* "table.column" in the names of the contract; a table that is not drafted keeps what it is called.
 */
static int name_reference(struct fh_draft *draft,
                          struct fh_draft_table *table,
                          struct fh_draft_reference *reference,
                          struct fh_err *err)
{
    char name[FH_DRAFT_NAME_BYTES];
    struct fh_draft_texts from = {0};
    struct fh_draft_texts to = {0};
    struct fh_draft_table *target = fh_draft_table(draft, reference->table);
    const char *dot = strrchr(reference->table, '.');
    if (target == NULL && dot != NULL) {
        target = fh_draft_table(draft, dot + 1);
    }
    fh_draft_plain_name(name, dot == NULL ? reference->table : dot + 1, "data");
    size_t count = reference->from.count;
    bool is_taken = false; /* by a table of the draft that is another one in the source */
    for (size_t i = 0; i < draft->table_count && target == NULL; i++) {
        is_taken = is_taken || strcmp(draft->tables[i].name, name) == 0;
    }
    if (is_taken || (reference->to.count > 0 && reference->to.count != count)) {
        return drop_reference(draft, table, reference, err);
    }
    for (size_t i = 0; i < count; i++) {
        char other[FH_DRAFT_NAME_BYTES] = "id";
        struct fh_draft_column *column = fh_draft_column(table, reference->from.items[i]);
        struct fh_draft_column *there = target == NULL ? NULL
                                        : reference->to.count == 0
                                            ? key_column(target, i)
                                            : fh_draft_column(target, reference->to.items[i]);
        if (column == NULL || column->left_out != NULL ||
            (target != NULL && (there == NULL || there->left_out != NULL))) {
            return drop_reference(draft, table, reference, err);
        }
        if (there == NULL && reference->to.count > 0) {
            fh_draft_column_name(other, reference->to.items[i], i);
        }
        const char *ours = fh_arena_printf(draft->arena, "%s.%s", table->name, column->name);
        const char *theirs = fh_arena_printf(draft->arena,
                                             "%s.%s",
                                             target == NULL ? name : target->name,
                                             there == NULL ? other : there->name);
        if (ours == NULL || theirs == NULL ||
            !fh_draft_add_text(draft, &from, count == 1 ? column->source : ours) ||
            !fh_draft_add_text(draft, &to, theirs)) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
        }
    }
    reference->from = from;
    reference->to = to;
    return FH_OK;
}

static int name_references(struct fh_draft *draft, struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; i < draft->table_count; i++) {
        struct fh_draft_table *table = &draft->tables[i];
        for (size_t k = 0; k < table->reference_count && code == FH_OK; k++) {
            code = name_reference(draft, table, &table->references[k], err);
        }
    }
    return code;
}

static int name_table(struct fh_draft *draft, size_t index, struct fh_err *err)
{
    char base[FH_DRAFT_NAME_BYTES];
    char name[FH_DRAFT_NAME_BYTES];
    struct fh_draft_table *table = &draft->tables[index];
    fh_draft_plain_name(base, table->source, "data");
    snprintf(name, sizeof name, "%s", base);
    char suffix[12];
    unsigned tries = 1;
    for (size_t i = 0; i < index;) {
        if (strcmp(draft->tables[i].name, name) == 0) {
            snprintf(suffix, sizeof suffix, "%u", ++tries);
            fh_draft_suffixed(name, base, suffix);
            i = 0;
        } else {
            i++;
        }
    }
    table->name = fh_arena_strdup(draft->arena, name);
    return table->name == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a draft") : FH_OK;
}

/* A contract promises columns: a table without any (dbt lists such models) is none of it; nor is
 * one whose name cannot travel. */
static int drop_empty(struct fh_draft *draft, struct fh_err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < draft->table_count; i++) {
        size_t printed = 0;
        for (size_t k = 0; k < draft->tables[i].column_count; k++) {
            printed += draft->tables[i].columns[k].left_out == NULL ? 1 : 0;
        }
        /* physicalName travels, with and without the schema. */
        const struct fh_draft_table *table = &draft->tables[i];
        const char *full = fh_arena_printf(draft->arena, "%s.%s", table->schema, table->source);
        if (full == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
        }
        if (printed > 0 && fh_draft_may_travel(full) && fh_draft_may_travel(table->source)) {
            draft->tables[kept++] = draft->tables[i];
        } else if (!fh_draft_add_text(draft, &draft->dropped, draft->tables[i].source)) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
        }
    }
    draft->table_count = kept;
    return kept > 0 ? FH_OK
                    : fh_err_rule(err,
                                  FH_EINVAL,
                                  "import.columns",
                                  "no table of the source has a column that a contract can name");
}

int fh_draft_finish(struct fh_draft *draft, struct fh_err *err)
{
    char product[FH_DRAFT_NAME_BYTES];
    fh_draft_plain_name(product, draft->product, "data");
    draft->product = fh_arena_strdup(draft->arena, product);
    int code = draft->product == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a draft") : FH_OK;
    for (size_t i = 0; i < draft->table_count && code == FH_OK; i++) {
        struct fh_draft_table *table = &draft->tables[i];
        code = name_table(draft, i, err);
        if (code == FH_OK) {
            code = finish_columns(draft, table->source, table->columns, table->column_count, err);
        }
        if (code == FH_OK) {
            guess_key(table);
        }
    }
    if (code == FH_OK) {
        code = drop_empty(draft, err);
    }
    return code == FH_OK ? name_references(draft, err) : code;
}
