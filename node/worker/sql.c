/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/sql.h"

#include "common/assert.h"

static void quote(struct fh_buf *out, const char *text, char mark)
{
    fh_buf_add_u8(out, (uint8_t)mark);
    for (; *text != 0; text++) {
        if (*text == mark) {
            fh_buf_add_u8(out, (uint8_t)mark);
        }
        fh_buf_add_u8(out, (uint8_t)*text);
    }
    fh_buf_add_u8(out, (uint8_t)mark);
}

void fh_sql_name(struct fh_buf *out, const char *name)
{
    quote(out, name, '"');
}

void fh_sql_text(struct fh_buf *out, const char *text)
{
    quote(out, text, '\'');
}

void fh_sql_type(struct fh_buf *out, struct fh_type type)
{
    char text[FH_TYPE_TEXT_BYTES];
    FH_ASSERT(fh_type_valid(type));
    fh_type_text(text, type);
    fh_buf_add_cstr(out, text);
}
