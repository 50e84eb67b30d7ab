/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/columns.h"

#include "proto/contract/contract.h"

#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

uint32_t fh_columns_order(const char **texts, uint32_t count)
{
    uint32_t kept = 0;
    if (count > 1) {
        qsort(texts, count, sizeof *texts, by_bytes);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(texts[kept - 1], texts[i]) != 0) {
            texts[kept++] = texts[i];
        }
    }
    return kept;
}

/* "table.column" of a column that is named with or without its table; NULL: there is none, or more
 * than one. */
static const char *
qualify(const struct fh_contract *contract, const char *text, struct fh_arena *arena)
{
    const char *found = NULL;
    for (size_t i = 0; i < contract->tables.count; i++) {
        const struct fh_contract_table *table = &contract->tables.items[i];
        size_t length = strlen(table->name);
        bool with_table = strncmp(text, table->name, length) == 0 && text[length] == '.';
        const char *column = with_table ? text + length + 1 : text;
        if (fh_contract_column(table, column) == NULL) {
            continue;
        }
        if (found != NULL && !with_table) {
            return NULL;
        }
        found = fh_arena_printf(arena, "%s.%s", table->name, column);
        if (with_table) {
            return found;
        }
    }
    return found;
}

int fh_columns_of(struct fh_text_list *out,
                  const struct fh_contract *contract,
                  const char *const *texts,
                  uint32_t count,
                  struct fh_arena *arena,
                  struct fh_err *err)
{
    const char **named = fh_arena_array(arena, (size_t)count + 1, sizeof *named);
    if (named == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for columns");
    }
    for (uint32_t i = 0; i < count; i++) {
        named[i] = qualify(contract, texts[i], arena);
        if (named[i] == NULL) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "access.columns",
                               "the contract has no column \"%.100s\", or more than one of that "
                               "name; write table.column",
                               texts[i]);
        }
    }
    *out = (struct fh_text_list){fh_columns_order(named, count), named};
    return FH_OK;
}
