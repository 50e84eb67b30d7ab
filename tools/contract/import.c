/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/import.h"

#include "proto/contract/finding.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAMED_MAX = 5 };

/* ---- what a worker said ---- */

/* The table as its database defines it; NULL where the definition says nothing that is understood:
 * what was seen has the columns too. */
static struct fh_draft_table *
define(struct fh_draft *draft, const char *schema, const char *name, const char *definition)
{
    struct fh_err ignored = {0};
    size_t before = draft->table_count;
    if (definition[0] != 0 && fh_import_sql(draft, fh_bytes_cstr(definition), &ignored) == FH_OK &&
        draft->table_count == before + 1) {
        struct fh_draft_table *table = &draft->tables[before];
        table->schema = fh_arena_strdup(draft->arena, schema);
        table->source = fh_arena_strdup(draft->arena, name);
        return table->schema == NULL || table->source == NULL ? NULL : table;
    }
    draft->table_count = before;
    return NULL;
}

/* Whether two spellings of a type differ by blanks and case alone. */
static bool same_type(const char *a, const char *b)
{
    for (;;) {
        a += strspn(a, " ");
        b += strspn(b, " ");
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b) || *a == 0) {
            return *a == *b;
        }
        a++;
        b++;
    }
}

static int see_column(struct fh_draft *draft,
                      struct fh_draft_table *table,
                      const struct fh_profile_column *seen,
                      struct fh_err *err)
{
    struct fh_draft_column *column = fh_draft_column(table, seen->name);
    if (column == NULL || column->seen != NULL) { /* A and a may be two columns */
        column = fh_draft_add_column(draft, table, seen->name);
        return column == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a draft")
                              : fh_draft_see(draft, column, seen, err);
    }
    column->seen = seen;
    if (!same_type(column->type, seen->type) && seen->type[0] != 0 && column->values.count == 0) {
        column->note = fh_arena_printf(draft->arena,
                                       "REVIEW: declared %s, but other values are in it",
                                       column->type[0] == 0 ? "without a type" : column->type);
        column->type = seen->type;
    }
    return FH_OK;
}

int fh_import_profile(struct fh_draft *draft,
                      const char *schema,
                      const char *name,
                      bool is_view,
                      const struct fh_profile *profile,
                      struct fh_err *err)
{
    struct fh_draft_table *table = define(draft, schema, name, profile->definition);
    if (table == NULL) {
        table = fh_draft_add_table(draft, schema, name);
    }
    if (table == NULL) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "import.tables",
                           "a product has at most %d tables; choose some with --table",
                           FH_CONTRACT_TABLES_MAX);
    }
    table->is_view = is_view;
    table->has_rows = true;
    table->rows = profile->rows;
    int code = FH_OK;
    for (uint32_t i = 0; i < profile->column_count && code == FH_OK; i++) {
        code = see_column(draft, table, &profile->columns[i], err);
    }
    return code;
}

/* ---- choosing ---- */

int fh_import_no_table(const char *wanted,
                       const char *const *names,
                       size_t count,
                       struct fh_err *err)
{
    const char *near = fh_nearest(wanted, names, count);
    if (near != NULL) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "import.table",
                           "the source has no table \"%.80s\"; did you mean \"%.80s\"?",
                           wanted,
                           near);
    }
    struct fh_buf FH_CLEANUP(fh_buf_fini) list;
    fh_buf_init(&list, 4096);
    for (size_t i = 0; i < count && i < NAMED_MAX; i++) {
        fh_buf_printf(&list, "%s\"%.60s\"", i == 0 ? "" : ", ", names[i]);
    }
    return fh_err_rule(err,
                       FH_ENOTFOUND,
                       "import.table",
                       "the source has no table \"%.80s\"; it has %s%s",
                       wanted,
                       count == 0 ? "none" : fh_buf_cstr(&list),
                       count > NAMED_MAX ? " and more" : "");
}

int fh_import_choose(struct fh_draft *draft,
                     const char *const *wanted,
                     size_t wanted_count,
                     struct fh_err *err)
{
    if (wanted_count == 0) {
        return FH_OK;
    }
    struct fh_draft_table *chosen = fh_arena_array(draft->arena, wanted_count, sizeof *chosen);
    const char **names = fh_arena_array(draft->arena, draft->table_count + 1, sizeof *names);
    if (chosen == NULL || names == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
    }
    for (size_t i = 0; i < draft->table_count; i++) {
        names[i] = draft->tables[i].source;
    }
    for (size_t i = 0; i < wanted_count; i++) {
        const struct fh_draft_table *table = fh_draft_table(draft, wanted[i]);
        if (table == NULL) {
            return fh_import_no_table(wanted[i], names, draft->table_count, err);
        }
        chosen[i] = *table;
    }
    draft->tables = chosen;
    draft->table_count = draft->table_capacity = wanted_count;
    return FH_OK;
}
