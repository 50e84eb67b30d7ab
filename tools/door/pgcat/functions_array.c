/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/functions_inner.h"

#include "tools/door/pgcat/array.h"

#include "common/limits.h"

#include <string.h>

/* Number of elements; -1 of NULL and of what is no array. */
static int64_t count_elements(sqlite3_value *value, bool *out_vector)
{
    struct fh_pgcat_array array;
    struct fh_bytes element;
    bool null = false;
    int64_t count = -1;
    if (fh_pgcat_arg_is_null(value)) {
        return -1;
    }
    if (fh_pgcat_array_open(&array, fh_pgcat_arg_bytes(value))) {
        count = 0;
        while (fh_pgcat_array_next(&array, &element, &null)) {
            count++;
        }
    }
    *out_vector = array.vector;
    fh_pgcat_array_close(&array);
    return count;
}

void fh_pgcat_call_array_to_string(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_pgcat_array array;
    struct fh_bytes element;
    struct fh_buf out;
    bool null = false;
    bool more = false;
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    fh_buf_init(&out, FH_PGCAT_VALUE_BYTES_MAX);
    if (fh_pgcat_array_open(&array, fh_pgcat_arg_bytes(argv[0]))) {
        while (fh_pgcat_array_next(&array, &element, &null)) {
            if (null && (argc < 3 || fh_pgcat_arg_is_null(argv[2]))) {
                continue;
            }
            fh_buf_add_bytes(&out, more ? fh_pgcat_arg_bytes(argv[1]) : FH_BYTES_NONE);
            fh_buf_add_bytes(&out, null ? fh_pgcat_arg_bytes(argv[2]) : element);
            more = true;
        }
    }
    fh_pgcat_array_close(&array);
    fh_pgcat_result(context, &out);
}

/* One of an array's bounds; NULL when it is empty, or another dimension is asked for. */
static void bound(sqlite3_context *context, sqlite3_value **argv, int which)
{
    bool vector = false;
    int64_t count = count_elements(argv[0], &vector);
    if (count <= 0 || sqlite3_value_int64(argv[1]) != 1) {
        sqlite3_result_null(context);
        return;
    }
    int64_t first = vector ? 0 : 1;
    sqlite3_result_int64(context, which == 0 ? count : which == 1 ? first : first + count - 1);
}

void fh_pgcat_call_array_length(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    bound(context, argv, 0);
}

void fh_pgcat_call_array_lower(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    bound(context, argv, 1);
}

void fh_pgcat_call_array_upper(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    bound(context, argv, 2);
}

void fh_pgcat_call_cardinality(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    bool vector = false;
    int64_t count = count_elements(argv[0], &vector);
    if (count < 0) {
        sqlite3_result_null(context);
    } else {
        sqlite3_result_int64(context, count);
    }
}

/* The place of a value from 0; -1 when it is not there. */
static int64_t place(sqlite3_value *list, struct fh_bytes wanted, bool *out_vector)
{
    struct fh_pgcat_array array;
    struct fh_bytes element;
    bool null = false;
    int64_t at = 0;
    int64_t found = -1;
    if (fh_pgcat_array_open(&array, fh_pgcat_arg_bytes(list))) {
        for (; found < 0 && fh_pgcat_array_next(&array, &element, &null); at++) {
            found = !null && fh_bytes_equal(element, wanted) ? at : -1;
        }
    }
    *out_vector = array.vector;
    fh_pgcat_array_close(&array);
    return found;
}

void fh_pgcat_call_array_position(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    bool vector = false;
    int64_t found = fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])
                        ? -1
                        : place(argv[0], fh_pgcat_arg_bytes(argv[1]), &vector);
    if (found < 0) {
        sqlite3_result_null(context);
    } else {
        sqlite3_result_int64(context, found + (vector ? 0 : 1));
    }
}

/* a[n]: an element of numbers is a number where it is compared, as columns are */
void fh_pgcat_call_element(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_pgcat_array array;
    struct fh_bytes element = FH_BYTES_NONE;
    bool null = false;
    bool found = false;
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    if (fh_pgcat_array_open(&array, fh_pgcat_arg_bytes(argv[0]))) {
        int64_t at = sqlite3_value_int64(argv[1]) - (array.vector ? 0 : 1);
        while (at >= 0 && fh_pgcat_array_next(&array, &element, &null)) {
            found = at == 0;
            at--;
        }
    }
    int64_t number = 0;
    if (!found || null) {
        sqlite3_result_null(context);
    } else if (fh_pgcat_array_number(element, &number)) {
        sqlite3_result_int64(context, number);
    } else {
        sqlite3_result_text(context,
                            element.size == 0 ? "" : (const char *)element.data,
                            (int)element.size,
                            SQLITE_TRANSIENT);
    }
    fh_pgcat_array_close(&array);
}

void fh_pgcat_call_array_of(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_buf out;
    fh_buf_init(&out, FH_PGCAT_VALUE_BYTES_MAX);
    fh_pgcat_array_begin(&out);
    for (int i = 0; i < argc; i++) {
        fh_pgcat_array_add(&out, fh_pgcat_arg_bytes(argv[i]), fh_pgcat_arg_is_null(argv[i]));
    }
    fh_pgcat_array_end(&out);
    fh_pgcat_result(context, &out);
}

/* All elements of an array behind those that are there. */
static void add_all(struct fh_buf *out, sqlite3_value *list)
{
    struct fh_pgcat_array array;
    struct fh_bytes element;
    bool null = false;
    if (fh_pgcat_array_open(&array, fh_pgcat_arg_bytes(list))) {
        while (fh_pgcat_array_next(&array, &element, &null)) {
            fh_pgcat_array_add(out, element, null);
        }
    }
    fh_pgcat_array_close(&array);
}

/* NULL is no array, so the other one is the result. */
void fh_pgcat_call_array_cat(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        fh_pgcat_result_text(context, fh_pgcat_arg(argv[fh_pgcat_arg_is_null(argv[0]) ? 1 : 0]));
        return;
    }
    fh_buf_init(&out, FH_PGCAT_VALUE_BYTES_MAX);
    fh_pgcat_array_begin(&out);
    add_all(&out, argv[0]);
    add_all(&out, argv[1]);
    fh_pgcat_array_end(&out);
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_array_append(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    fh_buf_init(&out, FH_PGCAT_VALUE_BYTES_MAX);
    fh_pgcat_array_begin(&out);
    add_all(&out, argv[0]);
    fh_pgcat_array_add(&out, fh_pgcat_arg_bytes(argv[1]), fh_pgcat_arg_is_null(argv[1]));
    fh_pgcat_array_end(&out);
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_string_to_array(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    const char *text = fh_pgcat_arg(argv[0]);
    const char *mark = fh_pgcat_arg(argv[1]);
    if (text == NULL || mark == NULL) {
        sqlite3_result_null(context);
        return;
    }
    size_t size = strlen(mark);
    fh_buf_init(&out, FH_PGCAT_VALUE_BYTES_MAX);
    fh_pgcat_array_begin(&out);
    while (*text != '\0') {
        const char *end = size == 0 ? NULL : strstr(text, mark);
        size_t part = end == NULL ? strlen(text) : (size_t)(end - text);
        fh_pgcat_array_add(&out, fh_bytes(text, part), false);
        if (end == NULL) {
            break;
        }
        text = end + size;
        if (*text == '\0') {
            fh_pgcat_array_add(&out, FH_BYTES_NONE, false);
        }
    }
    fh_pgcat_array_end(&out);
    fh_pgcat_result(context, &out);
}

/* ---- arrays as sets ---- */

/* Whether all (or any) elements of `inner` are in `outer`. */
static void
compare_sets(sqlite3_context *context, sqlite3_value *outer, sqlite3_value *inner, bool all)
{
    struct fh_pgcat_run *run = fh_pgcat_run_of(context);
    struct fh_pgcat_array array;
    struct fh_bytes element;
    bool null = false;
    bool vector = false;
    bool result = all;
    if (fh_pgcat_arg_is_null(outer) || fh_pgcat_arg_is_null(inner)) {
        sqlite3_result_null(context);
        return;
    }
    uint64_t cost = (uint64_t)fh_pgcat_arg_bytes(outer).size * fh_pgcat_arg_bytes(inner).size;
    if (cost > run->looked) {
        fh_pgcat_result_spent(context);
        return;
    }
    run->looked -= cost;
    if (fh_pgcat_array_open(&array, fh_pgcat_arg_bytes(inner))) {
        while (result == all && fh_pgcat_array_next(&array, &element, &null)) {
            result = !null && place(outer, element, &vector) >= 0;
        }
    }
    fh_pgcat_array_close(&array);
    sqlite3_result_int(context, result);
}

void fh_pgcat_call_contains(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    compare_sets(context, argv[0], argv[1], true);
}

void fh_pgcat_call_contained(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    compare_sets(context, argv[1], argv[0], true);
}

void fh_pgcat_call_overlaps(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    compare_sets(context, argv[0], argv[1], false);
}

/* ---- array_agg, ARRAY(SELECT ...) ---- */

struct collected {
    bool begun;
    struct fh_buf list;
};

void fh_pgcat_call_array_step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct collected *collected = sqlite3_aggregate_context(context, sizeof *collected);
    if (collected == NULL) {
        return;
    }
    if (!collected->begun) {
        fh_buf_init(&collected->list, FH_PGCAT_VALUE_BYTES_MAX);
        fh_pgcat_array_begin(&collected->list);
        collected->begun = true;
    }
    fh_pgcat_array_add(
        &collected->list, fh_pgcat_arg_bytes(argv[0]), fh_pgcat_arg_is_null(argv[0]));
}

static void end_array(sqlite3_context *context, const char *without)
{
    struct collected *collected = sqlite3_aggregate_context(context, 0);
    if (collected == NULL || !collected->begun) {
        fh_pgcat_result_text(context, without);
        return;
    }
    fh_pgcat_array_end(&collected->list);
    fh_pgcat_result(context, &collected->list);
}

void fh_pgcat_end_array_all(sqlite3_context *context)
{
    end_array(context, "{}");
}

void fh_pgcat_end_array_agg(sqlite3_context *context)
{
    end_array(context, NULL);
}
