/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/text_list.h"

#include "common/limits.h"
#include "proto/wire/id.h"

#include <string.h>

void fh_text_list_pack(struct fh_buf *out, const struct fh_text_list *list)
{
    fh_pack_array(out, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        fh_pack_cstr(out, list->texts[i]);
    }
}

const char *fh_text_read(struct fh_pack_reader *reader, size_t bytes_max, struct fh_arena *arena)
{
    struct fh_bytes read = fh_pack_read_str(reader, bytes_max);
    const char *text = reader->failed == FH_OK ? fh_arena_string(arena, read) : "";
    if (text == NULL) {
        fh_pack_fail(reader, "no room for its texts");
        return "";
    }
    return text;
}

void fh_text_list_read(struct fh_text_list *out,
                       struct fh_pack_reader *reader,
                       uint32_t most,
                       size_t bytes_max,
                       struct fh_arena *arena)
{
    uint32_t count = fh_pack_read_array(reader, most);
    const char **texts = fh_arena_array(arena, (size_t)count + 1, sizeof *texts);
    if (texts == NULL) {
        fh_pack_fail(reader, "no room for so many texts");
        return;
    }
    for (uint32_t i = 0; i < count && reader->failed == FH_OK; i++) {
        texts[i] = fh_text_read(reader, bytes_max, arena);
    }
    if (reader->failed == FH_OK) {
        *out = (struct fh_text_list){count, texts};
    }
}

int fh_text_list_check(const struct fh_text_list *list,
                       const char *rule,
                       const char *what,
                       struct fh_err *err)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->texts[i][0] == '\0' || !fh_text_printable(list->texts[i])) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               rule,
                               "%s: number %u is empty or has control characters",
                               what,
                               i + 1);
        }
        if (i > 0 && strcmp(list->texts[i - 1], list->texts[i]) >= 0) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               rule,
                               "%s: number %u is out of order; expected them ascending, each once",
                               what,
                               i + 1);
        }
    }
    return FH_OK;
}

static bool is_column(const char *text)
{
    char table[FH_NAME_BYTES_MAX + 1];
    const char *dot = strchr(text, '.');
    if (dot == NULL || dot - text > FH_NAME_BYTES_MAX) {
        return false;
    }
    size_t length = (size_t)(dot - text);
    memcpy(table, text, length);
    table[length] = '\0';
    size_t rest = strlen(dot + 1);
    return fh_name_check("table", table, NULL) == FH_OK && rest > 0 &&
           rest <= FH_COLUMN_NAME_BYTES_MAX;
}

int fh_text_list_check_columns(const struct fh_text_list *list,
                               const char *rule,
                               const char *what,
                               struct fh_err *err)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (!is_column(list->texts[i])) {
            return fh_err_rule(
                err, FH_EINVAL, rule, "%s: number %u is not of the form table.column", what, i + 1);
        }
    }
    return fh_text_list_check(list, rule, what, err);
}

bool fh_text_list_has(const struct fh_text_list *list, const char *text)
{
    uint32_t low = 0;
    uint32_t high = list->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(list->texts[middle], text);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}
