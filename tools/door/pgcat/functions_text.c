/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/functions_inner.h"

#include "common/limits.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void begin(struct fh_buf *out)
{
    fh_buf_init(out, FH_PGCAT_VALUE_BYTES_MAX);
}

/* ---- casts ---- */

static void bad_value(sqlite3_context *context, const char *type)
{
    struct fh_pgcat_run *run = fh_pgcat_run_of(context);
    fh_err_rule(&run->err, FH_ESQL, "pgcat.value", "invalid input syntax for type %s", type);
    fh_pgcat_result_err(context);
}

void fh_pgcat_call_to_bool(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    static const char *const words[] = {"true", "yes", "on", "1", "false", "no", "off", "0"};
    (void)argc;
    const char *text = fh_pgcat_arg(argv[0]);
    if (text == NULL || sqlite3_value_type(argv[0]) == SQLITE_INTEGER) {
        if (text == NULL) {
            sqlite3_result_null(context);
        } else {
            sqlite3_result_int(context, sqlite3_value_int64(argv[0]) != 0);
        }
        return;
    }
    size_t size = strlen(text);
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        bool whole_only = words[i][0] == 'o'; /* "o" would be both */
        if (size > 0 && strncasecmp(words[i], text, size) == 0 && (!whole_only || size > 1)) {
            sqlite3_result_int(context, i < FH_COUNT(words) / 2);
            return;
        }
    }
    bad_value(context, "boolean");
}

void fh_pgcat_call_bool_text(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    fh_pgcat_result_text(context,
                         fh_pgcat_arg_is_null(argv[0])       ? NULL
                         : sqlite3_value_int64(argv[0]) != 0 ? "true"
                                                             : "false");
}

void fh_pgcat_call_to_int(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    int type = sqlite3_value_type(argv[0]);
    const char *text = fh_pgcat_arg(argv[0]);
    if (text == NULL) {
        sqlite3_result_null(context);
    } else if (type == SQLITE_INTEGER) {
        sqlite3_result_int64(context, sqlite3_value_int64(argv[0]));
    } else if (type == SQLITE_FLOAT) {
        double value = sqlite3_value_double(argv[0]);
        if (!(value > -9e18 && value < 9e18)) {
            bad_value(context, "bigint");
            return;
        }
        sqlite3_result_int64(context, (int64_t)(value < 0 ? value - 0.5 : value + 0.5));
    } else {
        char *end = NULL;
        long long value = strtoll(text, &end, 10);
        while (*end == ' ') {
            end++;
        }
        if (end == text || *end != '\0') {
            bad_value(context, "bigint");
            return;
        }
        sqlite3_result_int64(context, value);
    }
}

/* ---- quotes ---- */

void fh_pgcat_call_quote_ident(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    const char *text = fh_pgcat_arg(argv[0]);
    if (text == NULL) {
        sqlite3_result_null(context);
        return;
    }
    begin(&out);
    fh_pgcat_quote_name(&out, text);
    fh_pgcat_result(context, &out);
}

static void add_literal(struct fh_buf *out, const char *text)
{
    if (strchr(text, '\\') == NULL) {
        fh_buf_add_quoted(out, text, '\'');
        return;
    }
    fh_buf_add_cstr(out, " E'");
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '\'') {
            fh_buf_add_u8(out, (uint8_t)*text);
        }
        fh_buf_add_u8(out, (uint8_t)*text);
    }
    fh_buf_add_cstr(out, "'");
}

static void quote(sqlite3_context *context, sqlite3_value *value, const char *null)
{
    struct fh_buf out;
    const char *text = fh_pgcat_arg(value);
    if (text == NULL) {
        fh_pgcat_result_text(context, null);
        return;
    }
    begin(&out);
    add_literal(&out, text);
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_quote_literal(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    quote(context, argv[0], NULL);
}

void fh_pgcat_call_quote_nullable(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    quote(context, argv[0], "NULL");
}

/* format('%I.%L %s %%', ...) with positions (%1$s), without widths */
void fh_pgcat_call_format(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_buf out;
    const char *at = fh_pgcat_arg(argv[0]);
    int next = 1;
    if (at == NULL) {
        sqlite3_result_null(context);
        return;
    }
    begin(&out);
    while (*at != '\0') {
        if (*at != '%') {
            fh_buf_add_u8(&out, (uint8_t)*at++);
            continue;
        }
        at++;
        char *end = NULL;
        long position = isdigit((unsigned char)*at) ? strtol(at, &end, 10) : 0;
        if (end != NULL && *end == '$') {
            at = end + 1;
            next = position < 1 || position > 100 ? argc : (int)position;
        }
        if (*at == '%') {
            fh_buf_add_u8(&out, '%');
        } else if ((*at == 's' || *at == 'I' || *at == 'L') && next < argc) {
            const char *text = fh_pgcat_arg(argv[next++]);
            if (*at == 's') {
                fh_buf_add_cstr(&out, text == NULL ? "" : text);
            } else if (*at == 'I') {
                fh_pgcat_quote_name(&out, text == NULL ? "" : text);
            } else if (text == NULL) {
                fh_buf_add_cstr(&out, "NULL");
            } else {
                add_literal(&out, text);
            }
        } else {
            fh_buf_fini(&out);
            bad_value(context, "format's arguments");
            return;
        }
        at++;
    }
    fh_pgcat_result(context, &out);
}

/* ---- parts of texts ---- */

static size_t characters(struct fh_bytes text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size; count++) {
        (void)fh_utf8_next(text, &at);
    }
    return count;
}

static size_t byte_of(struct fh_bytes text, size_t character)
{
    size_t at = 0;
    for (; character > 0 && at < text.size; character--) {
        (void)fh_utf8_next(text, &at);
    }
    return at;
}

static void result_slice(sqlite3_context *context, struct fh_bytes text, size_t from, size_t to)
{
    sqlite3_result_text(context,
                        from >= to ? "" : (const char *)text.data + from,
                        from >= to ? 0 : (int)(to - from),
                        SQLITE_TRANSIENT);
}

/* A count from below counts from the other end. */
static size_t count_of(sqlite3_value *value, size_t all)
{
    int64_t count = sqlite3_value_int64(value);
    if (count < 0) {
        return count < -(int64_t)all ? 0 : all - (size_t)-count;
    }
    return (uint64_t)count > all ? all : (size_t)count;
}

void fh_pgcat_call_left(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    struct fh_bytes text = fh_pgcat_arg_bytes(argv[0]);
    size_t count = count_of(argv[1], characters(text));
    result_slice(context, text, 0, byte_of(text, count));
}

void fh_pgcat_call_right(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    struct fh_bytes text = fh_pgcat_arg_bytes(argv[0]);
    size_t all = characters(text);
    result_slice(context, text, byte_of(text, all - count_of(argv[1], all)), text.size);
}

void fh_pgcat_call_split_part(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    const char *text = fh_pgcat_arg(argv[0]);
    const char *mark = fh_pgcat_arg(argv[1]);
    int64_t part = sqlite3_value_int64(argv[2]);
    if (text == NULL || mark == NULL || fh_pgcat_arg_is_null(argv[2])) {
        sqlite3_result_null(context);
        return;
    }
    size_t size = strlen(mark);
    while (part > 1 && text != NULL) {
        text = size == 0 ? NULL : strstr(text, mark);
        text = text == NULL ? NULL : text + size;
        part--;
    }
    const char *end = text == NULL || size == 0 ? NULL : strstr(text, mark);
    if (text == NULL || part < 1) {
        fh_pgcat_result_text(context, "");
    } else {
        sqlite3_result_text(context, text, end == NULL ? -1 : (int)(end - text), SQLITE_TRANSIENT);
    }
}

void fh_pgcat_call_concat(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_buf out;
    begin(&out);
    for (int i = 0; i < argc; i++) {
        fh_buf_add_bytes(&out, fh_pgcat_arg_bytes(argv[i]));
    }
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_concat_ws(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_buf out;
    bool more = false;
    begin(&out);
    for (int i = 1; i < argc; i++) {
        if (!fh_pgcat_arg_is_null(argv[i])) {
            fh_buf_add_bytes(&out, more ? fh_pgcat_arg_bytes(argv[0]) : FH_BYTES_NONE);
            fh_buf_add_bytes(&out, fh_pgcat_arg_bytes(argv[i]));
            more = true;
        }
    }
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_repeat(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    struct fh_bytes text = fh_pgcat_arg_bytes(argv[0]);
    int64_t count = text.size == 0 ? 0 : sqlite3_value_int64(argv[1]);
    begin(&out);
    for (; count > 0 && fh_buf_ok(&out) == FH_OK; count--) {
        fh_buf_add_bytes(&out, text);
    }
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_reverse(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    if (fh_pgcat_arg_is_null(argv[0])) {
        sqlite3_result_null(context);
        return;
    }
    struct fh_bytes text = fh_pgcat_arg_bytes(argv[0]);
    begin(&out);
    for (size_t end = text.size; end > 0;) {
        size_t first = end - 1;
        while (first > 0 && (text.data[first] & 0xc0) == 0x80) {
            first--;
        }
        fh_buf_add(&out, text.data + first, end - first);
        end = first;
    }
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_lpad(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_buf out;
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    struct fh_bytes text = fh_pgcat_arg_bytes(argv[0]);
    struct fh_bytes fill = argc > 2 ? fh_pgcat_arg_bytes(argv[2]) : fh_bytes_cstr(" ");
    int64_t wanted = sqlite3_value_int64(argv[1]);
    size_t have = characters(text);
    begin(&out);
    size_t at = 0;
    for (int64_t i = wanted < 0 ? 0 : wanted - (int64_t)have;
         i > 0 && fill.size > 0 && fh_buf_ok(&out) == FH_OK;
         i--) {
        size_t from = at;
        (void)fh_utf8_next(fill, &at);
        fh_buf_add(&out, fill.data + from, at - from);
        at = at == fill.size ? 0 : at;
    }
    fh_buf_add(&out,
               text.data,
               wanted < 0 ? 0 : byte_of(text, (uint64_t)wanted < have ? (size_t)wanted : have));
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_starts_with(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    struct fh_bytes text = fh_pgcat_arg_bytes(argv[0]);
    struct fh_bytes first = fh_pgcat_arg_bytes(argv[1]);
    sqlite3_result_int(context,
                       text.size >= first.size &&
                           (first.size == 0 || memcmp(text.data, first.data, first.size) == 0));
}

void fh_pgcat_call_octet_length(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (fh_pgcat_arg_is_null(argv[0])) {
        sqlite3_result_null(context);
        return;
    }
    sqlite3_result_int64(context, (int64_t)fh_pgcat_arg_bytes(argv[0]).size);
}

void fh_pgcat_call_size_pretty(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    (void)argc;
    struct fh_buf out;
    int64_t size = sqlite3_value_int64(argv[0]);
    size_t unit = 0;
    if (fh_pgcat_arg_is_null(argv[0])) {
        sqlite3_result_null(context);
        return;
    }
    while (size >= 10240 && unit + 1 < FH_COUNT(units)) {
        size /= 1024;
        unit++;
    }
    begin(&out);
    fh_buf_printf(&out, "%" PRId64 " %s", size, units[unit]);
    fh_pgcat_result(context, &out);
}

/* ---- string_agg ---- */

struct joined {
    bool begun;
    struct fh_buf text;
};

void fh_pgcat_call_string_agg_step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct joined *joined = sqlite3_aggregate_context(context, sizeof *joined);
    if (joined == NULL || fh_pgcat_arg_is_null(argv[0])) {
        return;
    }
    if (joined->begun) {
        fh_buf_add_bytes(&joined->text, argc > 1 ? fh_pgcat_arg_bytes(argv[1]) : FH_BYTES_NONE);
    } else {
        fh_buf_init(&joined->text, FH_PGCAT_VALUE_BYTES_MAX);
        joined->begun = true;
    }
    fh_buf_add_bytes(&joined->text, fh_pgcat_arg_bytes(argv[0]));
}

void fh_pgcat_end_string_agg(sqlite3_context *context)
{
    struct joined *joined = sqlite3_aggregate_context(context, 0);
    if (joined == NULL || !joined->begun) {
        sqlite3_result_null(context);
        return;
    }
    fh_pgcat_result(context, &joined->text);
}
