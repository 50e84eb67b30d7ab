/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C functions behind the table of functions.c, private to functions*.c.
 *
 * Each has SQLite's shape: it reads its arguments and sets its result, and may be called with any
 * bytes. functions_session.c answers for who asks, functions_schema.c for what there is,
 * functions_text.c for texts, functions_array.c for arrays, functions_match.c for LIKE and regular
 * expressions.
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
/* Fails it as one that has used up run->looked. */
void fh_pgcat_result_spent(sqlite3_context *context);

fh_pgcat_call_fn fh_pgcat_call_null, fh_pgcat_call_zero, fh_pgcat_call_empty, fh_pgcat_call_true,
    fh_pgcat_call_false, fh_pgcat_call_version, fh_pgcat_call_database, fh_pgcat_call_user,
    fh_pgcat_call_backend_pid, fh_pgcat_call_schemas, fh_pgcat_call_schema, fh_pgcat_call_setting,
    fh_pgcat_call_set_config, fh_pgcat_call_now, fh_pgcat_call_today,
    fh_pgcat_call_encoding_to_char, fh_pgcat_call_char_to_encoding, fh_pgcat_call_encoding_name,
    fh_pgcat_call_userbyid, fh_pgcat_call_has_privilege, fh_pgcat_call_format_type,
    fh_pgcat_call_data_type, fh_pgcat_call_char_max_length, fh_pgcat_call_numeric_precision,
    fh_pgcat_call_numeric_scale, fh_pgcat_call_is_visible, fh_pgcat_call_obj_description,
    fh_pgcat_call_col_description, fh_pgcat_call_shobj_description, fh_pgcat_call_expr,
    fh_pgcat_call_indexdef, fh_pgcat_call_constraintdef, fh_pgcat_call_to_reg,
    fh_pgcat_call_to_regclass, fh_pgcat_call_to_regtype, fh_pgcat_call_to_regproc,
    fh_pgcat_call_to_regnamespace, fh_pgcat_call_to_regrole, fh_pgcat_call_reg_text,
    fh_pgcat_call_function_name, fh_pgcat_call_like, fh_pgcat_call_ilike, fh_pgcat_call_regexp,
    fh_pgcat_call_iregexp, fh_pgcat_call_to_bool, fh_pgcat_call_bool_text, fh_pgcat_call_to_int,
    fh_pgcat_call_quote_ident, fh_pgcat_call_quote_literal, fh_pgcat_call_quote_nullable,
    fh_pgcat_call_format, fh_pgcat_call_left, fh_pgcat_call_right, fh_pgcat_call_split_part,
    fh_pgcat_call_concat, fh_pgcat_call_concat_ws, fh_pgcat_call_repeat, fh_pgcat_call_reverse,
    fh_pgcat_call_lpad, fh_pgcat_call_starts_with, fh_pgcat_call_octet_length,
    fh_pgcat_call_size_pretty, fh_pgcat_call_string_agg_step, fh_pgcat_call_array_to_string,
    fh_pgcat_call_array_length, fh_pgcat_call_array_lower, fh_pgcat_call_array_upper,
    fh_pgcat_call_cardinality, fh_pgcat_call_array_position, fh_pgcat_call_element,
    fh_pgcat_call_array_of, fh_pgcat_call_array_cat, fh_pgcat_call_array_append,
    fh_pgcat_call_string_to_array, fh_pgcat_call_contains, fh_pgcat_call_contained,
    fh_pgcat_call_overlaps, fh_pgcat_call_array_step;

fh_pgcat_end_fn fh_pgcat_end_string_agg;
fh_pgcat_end_fn fh_pgcat_end_array_all; /* without rows '{}' */
fh_pgcat_end_fn fh_pgcat_end_array_agg; /* without rows NULL */

#endif
