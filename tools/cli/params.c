/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON is read by its library; but a number that it made a double of would not be what was written.
 * So numbers are taken from the text: in a text that is JSON, what stands outside strings and
 * begins with a digit or a minus is a number, and they come in the order of the values.
 */
#include "tools/cli/params.h"

#include "common/mem.h"

#include <jansson.h>
#include <string.h>

static int too_many(struct fh_err *err)
{
    return fh_err_rule(
        err, FH_ETOOBIG, "query.param.count", "more than %d parameters", FH_SQL_PARAMS_MAX);
}

static char *copy(const char *text, size_t size)
{
    char *out = fh_alloc(size + 1);
    if (out != NULL) {
        memcpy(out, text, size);
        out[size] = '\0';
    }
    return out;
}

/* ---- --param ---- */

/* Bytes of a name before its =, 0 for none. */
static size_t name_size(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char inner[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t size = strspn(text, inner);
    return strspn(text, first) > 0 && text[size] == '=' ? size : 0;
}

static int add_flag(struct fh_cli_params *out, const char *text, struct fh_err *err)
{
    if (out->count == FH_SQL_PARAMS_MAX) {
        return too_many(err);
    }
    size_t size = name_size(text);
    struct freehold_param *param = &out->list[out->count];
    *param = (struct freehold_param){.size = sizeof *param, .type = FREEHOLD_PARAM_TEXT};
    param->text = size > 0 || text[0] == '=' ? text + size + 1 : text;
    if (size > 0) {
        out->name[out->count] = copy(text, size);
        param->name = out->name[out->count];
        if (param->name == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a parameter");
        }
    }
    out->count++;
    return FH_OK;
}

/* ---- --param-json ---- */

/* The next number at or behind `*at`, which moves behind it. */
static char *next_number(const char **at)
{
    const char *p = *at;
    while (*p != '\0' && *p != '-' && (*p < '0' || *p > '9')) {
        if (*p == '"') {
            for (p++; *p != '"' && *p != '\0'; p++) {
                p += *p == '\\' && p[1] != '\0' ? 1 : 0;
            }
        }
        p += *p != '\0' ? 1 : 0;
    }
    size_t size = strspn(p, "-+.eE0123456789");
    *at = p + size;
    return copy(p, size);
}

static int add_json(struct fh_cli_params *out,
                    const char *name,
                    const json_t *value,
                    const char **at,
                    struct fh_err *err)
{
    if (out->count == FH_SQL_PARAMS_MAX) {
        return too_many(err);
    }
    struct freehold_param *param = &out->list[out->count];
    *param = (struct freehold_param){.size = sizeof *param};
    bool copied = true;
    if (json_is_string(value)) {
        param->type = FREEHOLD_PARAM_TEXT;
        out->text[out->count] = copy(json_string_value(value), json_string_length(value));
    } else if (json_is_number(value)) {
        param->type = FREEHOLD_PARAM_DECIMAL;
        out->text[out->count] = next_number(at);
    } else if (json_is_boolean(value)) {
        param->type = FREEHOLD_PARAM_BOOL;
        param->integer = json_is_true(value) ? 1 : 0;
        copied = false;
    } else if (json_is_null(value)) {
        param->type = FREEHOLD_PARAM_NULL;
        copied = false;
    } else {
        return fh_err_set(
            err,
            FH_EUSAGE,
            "--param-json: value %zu is a list or an object; a parameter is one value",
            out->count + 1);
    }
    param->text = out->text[out->count];
    out->name[out->count] = name == NULL ? NULL : copy(name, strlen(name));
    param->name = out->name[out->count];
    bool there = (!copied || param->text != NULL) && (name == NULL || param->name != NULL);
    out->count++;
    return there ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a parameter");
}

static int add_all(struct fh_cli_params *out, const char *text, struct fh_err *err)
{
    json_error_t fault;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &fault);
    if (root == NULL) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "--param-json is not JSON (column %d); expected [1, \"a\", null] or "
                          "{\"name\": 1}",
                          fault.column);
    }
    const char *at = text;
    int code = FH_OK;
    if (json_is_array(root)) {
        for (size_t i = 0; code == FH_OK && i < json_array_size(root); i++) {
            code = add_json(out, NULL, json_array_get(root, i), &at, err);
        }
    } else {
        const char *name;
        json_t *value;
        json_object_foreach(root, name, value)
        {
            code = code == FH_OK ? add_json(out, name, value, &at, err) : code;
        }
    }
    json_decref(root);
    return code;
}

int fh_cli_params(struct fh_cli_params *out, const struct fh_args *args, struct fh_err *err)
{
    const char *json = fh_args_value(args, "param-json");
    if (json != NULL && args->repeated_count > 0) {
        return fh_err_set(err, FH_EUSAGE, "give --param or --param-json, not both");
    }
    int code = json == NULL ? FH_OK : add_all(out, json, err);
    for (unsigned i = 0; code == FH_OK && i < args->repeated_count; i++) {
        code = add_flag(out, args->repeated[i], err);
    }
    return code;
}

void fh_cli_params_fini(struct fh_cli_params *params)
{
    for (size_t i = 0; i < FH_SQL_PARAMS_MAX; i++) {
        fh_free(params->text[i]);
        fh_free(params->name[i]);
    }
}
