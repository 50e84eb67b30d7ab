/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of requests, read by the schemas of the OpenAPI document: what is not in them is refused.
 */
#include "common/time.h"
#include "tools/door/http/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const int64_t asking_default_ms = INT64_C(90) * 24 * 3600 * 1000;
enum { DEADLINE_MS_MAX = 24 * 3600 * 1000 };

static void decref(json_t **json)
{
    json_decref(*json);
}

static int wrong(struct fh_err *err, const char *member, const char *right)
{
    return fh_err_rule(err, FH_EINVAL, "http.body", "\"%.60s\": %s", member, right);
}

/* An object; an empty body is an empty one. */
static int load(json_t **out, struct fh_bytes body, struct fh_err *err)
{
    json_error_t at;
    const char *text = body.size == 0 ? "{}" : (const char *)body.data;
    size_t size = body.size == 0 ? 2 : body.size;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &at);
    if (*out == NULL) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "http.json",
                           "the body is no JSON that can be read in one way: line %d, column %d",
                           at.line,
                           at.column);
    }
    return json_is_object(*out)
               ? FH_OK
               : fh_err_rule(err, FH_EINVAL, "http.body", "the body is a JSON object");
}

static int check_members(json_t *object, const char *const *names, struct fh_err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], key) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            return wrong(err, key, "no such member here; see /v1/openapi.json");
        }
    }
    return FH_OK;
}

/* A text of at most `most` bytes, copied; `*out` stays when it is not there. */
static int read_text(const char **out,
                     json_t *object,
                     const char *name,
                     size_t most,
                     struct fh_arena *arena,
                     struct fh_err *err)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL) {
        return FH_OK;
    }
    if (!json_is_string(value)) {
        return wrong(err, name, "a text is right here");
    }
    size_t size = json_string_length(value);
    const char *text = json_string_value(value);
    if (size > most) {
        char right[48];
        snprintf(right, sizeof right, "at most %zu bytes", most);
        return wrong(err, name, right);
    }
    if (memchr(text, 0, size) != NULL) {
        return wrong(err, name, "a text without U+0000");
    }
    *out = fh_arena_string(arena, fh_bytes(text, size));
    return *out != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a body");
}

static int
read_number(uint64_t *out, json_t *object, const char *name, int64_t most, struct fh_err *err)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL) {
        return FH_OK;
    }
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 1 || number > most) {
        char right[64];
        snprintf(right, sizeof right, "a whole number from 1 to %" PRId64, most);
        return wrong(err, name, right);
    }
    *out = (uint64_t)number;
    return FH_OK;
}

static int read_flag(bool *out, json_t *object, const char *name, struct fh_err *err)
{
    const json_t *value = json_object_get(object, name);
    if (value != NULL && !json_is_boolean(value)) {
        return wrong(err, name, "true or false");
    }
    *out = json_is_true(value);
    return FH_OK;
}

/* ---- queries ---- */

/* A decimal with more digits than a double keeps was read as another one: it is refused. */
static const char *exact_text(double value, struct fh_arena *arena)
{
    char text[40];
    snprintf(text, sizeof text, "%.15g", value);
    double again = strtod(text, NULL);
    bool same = again >= value && again <= value;
    return same ? fh_arena_strdup(arena, text) : NULL;
}

static int read_param(struct fh_api_query *query,
                      const char *name,
                      const json_t *value,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    if (query->param_count == FH_SQL_PARAMS_MAX) {
        return wrong(err, "params", "at most 64");
    }
    struct freehold_param *param = &query->params[query->param_count];
    *param = (struct freehold_param){.size = sizeof *param, .name = name};
    if (json_is_string(value)) {
        param->type = FREEHOLD_PARAM_TEXT;
        const char *text = json_string_value(value);
        size_t size = json_string_length(value);
        param->text =
            memchr(text, 0, size) != NULL ? NULL : fh_arena_string(arena, fh_bytes(text, size));
    } else if (json_is_integer(value)) {
        param->type = FREEHOLD_PARAM_INT;
        param->integer = json_integer_value(value);
        param->text = "";
    } else if (json_is_real(value)) {
        param->type = FREEHOLD_PARAM_DECIMAL;
        param->text = exact_text(json_real_value(value), arena);
        if (param->text == NULL) {
            return wrong(err, "params", "more than 15 digits are exact as a text: \"0.1...\"");
        }
    } else if (json_is_boolean(value)) {
        param->type = FREEHOLD_PARAM_BOOL;
        param->integer = json_is_true(value) ? 1 : 0;
        param->text = "";
    } else if (json_is_null(value)) {
        param->type = FREEHOLD_PARAM_NULL;
        param->text = "";
    } else {
        return wrong(err, "params", "a parameter is one value, no list and no object");
    }
    query->param_count++;
    return param->text != NULL ? FH_OK : wrong(err, "params", "a text without U+0000");
}

static int
read_params(struct fh_api_query *query, json_t *object, struct fh_arena *arena, struct fh_err *err)
{
    json_t *params = json_object_get(object, "params");
    const char *key;
    json_t *value;
    size_t index;
    int code = FH_OK;
    if (params == NULL || json_is_null(params)) {
        return FH_OK;
    }
    if (json_is_array(params)) {
        json_array_foreach(params, index, value)
        {
            code = code == FH_OK ? read_param(query, NULL, value, arena, err) : code;
        }
        return code;
    }
    if (!json_is_object(params)) {
        return wrong(err, "params", "a list, or an object of names and values");
    }
    json_object_foreach(params, key, value)
    {
        const char *name = fh_arena_strdup(arena, key);
        if (code == FH_OK && name == NULL) {
            code = fh_err_set(err, FH_ENOMEM, "no memory for a body");
        }
        code = code == FH_OK ? read_param(query, name, value, arena, err) : code;
    }
    return code;
}

int fh_api_query_read(struct fh_api_query *out,
                      struct fh_bytes body,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    static const char *const names[] = {
        "sql", "params", "purpose", "limit", "deadline_ms", "stream", "tree", NULL};
    json_t *object FH_CLEANUP(decref) = NULL;
    *out = (struct fh_api_query){.purpose = ""};
    int code = load(&object, body, err);
    if (code == FH_OK) {
        code = check_members(object, names, err);
    }
    if (code == FH_OK) {
        code = read_text(&out->sql, object, "sql", FH_SQL_BYTES_MAX, arena, err);
    }
    if (code == FH_OK && out->sql == NULL) {
        code = wrong(err, "sql", "one SELECT is needed");
    }
    if (code == FH_OK) {
        code = read_text(&out->purpose, object, "purpose", FH_PURPOSE_BYTES_MAX, arena, err);
    }
    if (code == FH_OK) {
        code = read_number(&out->limit, object, "limit", INT64_MAX, err);
    }
    if (code == FH_OK) {
        code = read_number(&out->deadline_ms, object, "deadline_ms", DEADLINE_MS_MAX, err);
    }
    if (code == FH_OK) {
        code = read_flag(&out->stream, object, "stream", err);
    }
    if (code == FH_OK) {
        code = read_flag(&out->tree, object, "tree", err);
    }
    return code == FH_OK ? read_params(out, object, arena, err) : code;
}

/* ---- access ---- */

static int by_bytes(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

static int read_columns(const char ***out,
                        uint32_t *out_count,
                        json_t *object,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    json_t *list = json_object_get(object, "columns");
    size_t index;
    json_t *value;
    if (list == NULL) {
        return FH_OK;
    }
    if (!json_is_array(list) || json_array_size(list) > FH_GRANT_COLUMNS_MAX) {
        return wrong(err, "columns", "a list of texts, not too long");
    }
    const char **columns = fh_arena_array(arena, json_array_size(list) + 1, sizeof *columns);
    if (columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a body");
    }
    json_array_foreach(list, index, value)
    {
        const char *text = json_string_value(value);
        size_t size = json_string_length(value);
        if (text == NULL || size == 0 || size > FH_GRANT_COLUMN_BYTES_MAX ||
            memchr(text, 0, size) != NULL) {
            return wrong(err, "columns", "each is a text: table.column");
        }
        columns[index] = fh_arena_string(arena, fh_bytes(text, size));
        if (columns[index] == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a body");
        }
    }
    qsort(columns, json_array_size(list), sizeof *columns, by_bytes);
    *out = columns;
    *out_count = (uint32_t)json_array_size(list);
    return FH_OK;
}

/* `out` stays as it is when nothing is said. */
static int read_until(int64_t *out, json_t *object, struct fh_arena *arena, struct fh_err *err)
{
    int64_t now_ms = fh_clock_wall_ms();
    const char *text = NULL;
    int code = read_text(&text, object, "until", FH_TIME_TEXT_BYTES + 8, arena, err);
    if (code != FH_OK || text == NULL) {
        return code;
    }
    if (!fh_time_parse(text, out)) {
        return wrong(err, "until", "a date as 2027-01-31, or a time of RFC 3339");
    }
    *out += strchr(text, 'T') == NULL ? 86400000 : 0;
    return *out > now_ms && *out <= now_ms + FH_GRANT_LIFE_MS
               ? FH_OK
               : wrong(err, "until", "a time to come, at most 366 days from now");
}

int fh_api_asking_read(struct fh_api_asking *out,
                       struct fh_bytes body,
                       struct fh_arena *arena,
                       struct fh_err *err)
{
    static const char *const names[] = {"purpose", "until", "columns", "note", NULL};
    json_t *object FH_CLEANUP(decref) = NULL;
    *out = (struct fh_api_asking){.note = "", .until_ms = fh_clock_wall_ms() + asking_default_ms};
    int code = load(&object, body, err);
    if (code == FH_OK) {
        code = check_members(object, names, err);
    }
    if (code == FH_OK) {
        code = read_text(&out->purpose, object, "purpose", FH_PURPOSE_BYTES_MAX, arena, err);
    }
    if (code == FH_OK && (out->purpose == NULL || out->purpose[0] == '\0')) {
        code = wrong(err, "purpose", "say what the data are for");
    }
    if (code == FH_OK) {
        code = read_text(&out->note, object, "note", FH_GRANT_NOTE_BYTES_MAX, arena, err);
    }
    if (code == FH_OK) {
        code = read_until(&out->until_ms, object, arena, err);
    }
    return code == FH_OK ? read_columns(&out->columns, &out->column_count, object, arena, err)
                         : code;
}

int fh_api_deciding_read(struct fh_api_deciding *out,
                         struct fh_bytes body,
                         bool approve,
                         struct fh_arena *arena,
                         struct fh_err *err)
{
    static const char *const approving[] = {"reason", "until", "columns", "rows", NULL};
    static const char *const denying[] = {"reason", NULL};
    json_t *object FH_CLEANUP(decref) = NULL;
    *out = (struct fh_api_deciding){.reason = "", .rows = ""};
    int code = load(&object, body, err);
    if (code == FH_OK) {
        code = check_members(object, approve ? approving : denying, err);
    }
    if (code == FH_OK) {
        code = read_text(&out->reason, object, "reason", FH_GRANT_NOTE_BYTES_MAX, arena, err);
    }
    if (code == FH_OK && !approve && out->reason[0] == '\0') {
        code = wrong(err, "reason", "who asked is told why");
    }
    if (code == FH_OK) {
        code = read_text(&out->rows, object, "rows", FH_GRANT_ROWS_BYTES_MAX, arena, err);
    }
    if (code == FH_OK) {
        code = read_until(&out->until_ms, object, arena, err);
    }
    return code == FH_OK ? read_columns(&out->columns, &out->column_count, object, arena, err)
                         : code;
}
