/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/text_list.h"

#include "common/limits.h"
#include "proto/contract/contract.h"

#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts, and leaves each once. */
static uint32_t sort(const char **texts, uint32_t count)
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

int fh_cli_texts(struct fh_text_list *out,
                 const char *flag,
                 const char *text,
                 uint32_t most,
                 struct fh_arena *arena,
                 struct fh_err *err)
{
    const char **texts = fh_arena_array(arena, (size_t)most + 1, sizeof *texts);
    uint32_t count = 0;
    *out = (struct fh_text_list){.count = 0};
    if (texts == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for --%s", flag);
    }
    while (text != NULL) {
        size_t length = strcspn(text, ",");
        const char *next = text[length] == ',' ? text + length + 1 : NULL;
        while (length > 0 && text[0] == ' ') {
            text++;
            length--;
        }
        while (length > 0 && text[length - 1] == ' ') {
            length--;
        }
        if (length == 0 || count == most) {
            return fh_err_set(err,
                              FH_EUSAGE,
                              length == 0 ? "--%s: an empty name between two commas"
                                          : "--%s: more than %u names",
                              flag,
                              most);
        }
        texts[count] = fh_arena_string(arena, fh_bytes(text, length));
        if (texts[count] == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for --%s", flag);
        }
        count++;
        text = next;
    }
    *out = (struct fh_text_list){sort(texts, count), texts};
    return FH_OK;
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

int fh_cli_columns(struct fh_text_list *out,
                   const char *flag,
                   const char *text,
                   const struct fh_contract *contract,
                   struct fh_arena *arena,
                   struct fh_err *err)
{
    struct fh_text_list given;
    int code = fh_cli_texts(&given, flag, text, FH_GRANT_COLUMNS_MAX, arena, err);
    const char **texts =
        code == FH_OK ? fh_arena_array(arena, (size_t)given.count + 1, sizeof *texts) : NULL;
    if (code == FH_OK && texts == NULL) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for --%s", flag);
    }
    for (uint32_t i = 0; code == FH_OK && i < given.count; i++) {
        texts[i] = qualify(contract, given.texts[i], arena);
        if (texts[i] == NULL) {
            code = fh_err_set(err,
                              FH_EUSAGE,
                              "--%s: the contract has no column \"%.100s\", or more than one of "
                              "that name; write table.column",
                              flag,
                              given.texts[i]);
        }
    }
    if (code == FH_OK) {
        *out = (struct fh_text_list){sort(texts, given.count), texts};
    }
    return code;
}

void fh_cli_texts_show(struct fh_buf *out, const struct fh_text_list *list, const char *none)
{
    fh_buf_add_cstr(out, list->count == 0 ? none : "");
    for (uint32_t i = 0; i < list->count; i++) {
        fh_buf_add_cstr(out, i > 0 ? ", " : "");
        fh_buf_add_cstr(out, list->texts[i]);
    }
}
