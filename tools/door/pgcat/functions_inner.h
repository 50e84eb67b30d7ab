/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C functions behind the table of functions.c, private to functions*.c.
 *
 * Each has SQLite's shape: it reads its arguments and sets its result, and may be called with any
 * bytes. functions_session.c answers for who asks, functions_schema.c for what there is,
 * functions_text.c for texts, functions_array.c for arrays.
 *
 * Does not: outlive a call. Thread: that of the database.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_FUNCTIONS_INNER_H
#define FH_TOOLS_DOOR_PGCAT_FUNCTIONS_INNER_H

#include "tools/door/pgcat/functions.h"
#include "tools/door/pgcat/run.h"

#include "common/bytes.h"

#include <sqlite3.h>

/* Whose statement runs. */
struct fh_pgcat_run *fh_pgcat_run_of(sqlite3_context *context);
/* The text of an argument, lent until the argument is read again; NULL for NULL. */
const char *fh_pgcat_arg(sqlite3_value *value);
struct fh_bytes fh_pgcat_arg_bytes(sqlite3_value *value);
bool fh_pgcat_arg_is_null(const sqlite3_value *value);
/* The buffer as the result; ends it. An error of the buffer is one of the statement. */
void fh_pgcat_result(sqlite3_context *context, struct fh_buf *buf);
void fh_pgcat_result_text(sqlite3_context *context, const char *text);
/* Fails the statement with run->err, which was set. */
void fh_pgcat_result_err(sqlite3_context *context);

#define FH_PGCAT_CALLS(X)                                                                          \
    X(null)                                                                                        \
    X(zero)                                                                                        \
    X(empty)                                                                                       \
    X(true)                                                                                        \
    X(false)                                                                                       \
    X(version) X(database) X(schema) X(schemas) X(user) X(backend_pid) X(now) X(today) X(setting)  \
        X(set_config) X(encoding_to_char) X(char_to_encoding) X(encoding_name) X(userbyid) X(      \
            format_type) X(is_visible) X(obj_description) X(col_description) X(shobj_description)  \
            X(indexdef) X(constraintdef) X(expr) X(to_regclass) X(to_regtype) X(to_regproc)        \
                X(to_regnamespace) X(to_regrole) X(to_reg) X(reg_text) X(char_max_length)          \
                    X(numeric_precision) X(numeric_scale) X(function_name) X(has_privilege)        \
                        X(data_type) X(to_bool) X(to_int) X(bool_text) X(like) X(ilike) X(regexp)  \
                            X(iregexp) X(quote_ident) X(quote_literal) X(quote_nullable) X(format) \
                                X(left) X(right) X(split_part) X(concat) X(concat_ws) X(repeat)    \
                                    X(reverse) X(starts_with) X(size_pretty) X(octet_length)       \
                                        X(lpad) X(array_to_string) X(array_length) X(array_lower)  \
                                            X(array_upper) X(array_position) X(cardinality)        \
                                                X(string_to_array) X(element) X(array_of)          \
                                                    X(contains) X(contained) X(overlaps)           \
                                                        X(array_append) X(array_cat)               \
                                                            X(string_agg_step) X(array_step)

#define X(name) fh_pgcat_call_fn fh_pgcat_call_##name;
FH_PGCAT_CALLS(X)
#undef X

fh_pgcat_end_fn fh_pgcat_end_string_agg;
fh_pgcat_end_fn fh_pgcat_end_array_all; /* without rows '{}' */
fh_pgcat_end_fn fh_pgcat_end_array_agg; /* without rows NULL */

#endif
