/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/text_list.h"

#include "common/limits.h"
#include "tools/client/columns.h"

#include <string.h>

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
    *out = (struct fh_text_list){fh_columns_order(texts, count), texts};
    return FH_OK;
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
    if (code != FH_OK) {
        return code;
    }
    code = fh_columns_of(out, contract, given.texts, given.count, arena, err);
    if (code != FH_OK) {
        err->code = code == FH_EINVAL ? FH_EUSAGE : code;
        code = fh_err_wrap(err, "--%s", flag);
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
