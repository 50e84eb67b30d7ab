/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/sql.h"

#include "common/assert.h"

void fh_sql_name(struct fh_buf *out, const char *name)
{
    fh_buf_add_quoted(out, name, '"');
}

void fh_sql_text(struct fh_buf *out, const char *text)
{
    fh_buf_add_quoted(out, text, '\'');
}

void fh_sql_type(struct fh_buf *out, struct fh_type type)
{
    char text[FH_TYPE_TEXT_BYTES];
    FH_ASSERT(fh_type_valid(type));
    fh_type_text(text, type);
    fh_buf_add_cstr(out, text);
}
