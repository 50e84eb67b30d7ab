/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/params.h"

#include <stdio.h>
#include <string.h>

/* The members that the caller knows; entries are as far apart as the caller's are long. */
static struct freehold_param read_param(const struct freehold_query_options *options, size_t index)
{
    struct freehold_param param = {.size = sizeof param};
    size_t stride = options->params[0].size;
    const char *entry = (const char *)options->params + index * stride;
    memcpy(&param, entry, stride < sizeof param ? stride : sizeof param);
    return param;
}

static int take_value(struct fh_cell *out,
                      const struct freehold_param *param,
                      struct fh_buf *text,
                      struct fh_err *err)
{
    const char *given = param->text == NULL ? "" : param->text;
    switch (param->type) {
    case FREEHOLD_PARAM_TEXT:
        *out = (struct fh_cell){.kind = FH_CELL_BYTES, .bytes = fh_bytes_cstr(given)};
        fh_buf_add_cstr(text, given);
        return FH_OK;
    case FREEHOLD_PARAM_NULL:
        *out = (struct fh_cell){.kind = FH_CELL_NULL};
        return FH_OK;
    case FREEHOLD_PARAM_BOOL:
        *out = (struct fh_cell){.kind = FH_CELL_BOOL, .integer = param->integer != 0 ? 1 : 0};
        return FH_OK;
    case FREEHOLD_PARAM_INT:
        *out = param->integer < 0
                   ? (struct fh_cell){.kind = FH_CELL_INT, .integer = param->integer}
                   : (struct fh_cell){.kind = FH_CELL_UINT, .natural = (uint64_t)param->integer};
        return FH_OK;
    case FREEHOLD_PARAM_DECIMAL:
        return fh_param_number(out, given, err);
    default:
        return fh_err_rule(
            err, FH_EINVAL, "query.param.value", "a parameter of the unknown type %d", param->type);
    }
}

static int take_name(struct fh_param *out, const char *name, struct fh_err *err)
{
    size_t size = name == NULL ? 0 : strlen(name);
    if (size >= sizeof out->name) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "query.param.name",
                           "the name of a parameter has %zu bytes; at most %d",
                           size,
                           FH_SQL_PARAM_NAME_BYTES_MAX);
    }
    snprintf(out->name, sizeof out->name, "%s", size == 0 ? "" : name);
    return FH_OK;
}

int fh_params_take(struct freehold_result *result,
                   const struct freehold_query_options *options,
                   struct fh_err *err)
{
    struct fh_query_request *request = &result->request;
    request->param_count = options->params == NULL ? 0 : options->param_count;
    int code = FH_OK;
    for (size_t i = 0; i < request->param_count && i < FH_SQL_PARAMS_MAX && code == FH_OK; i++) {
        struct freehold_param param = read_param(options, i);
        code = take_name(&request->params[i], param.name, err);
        if (code == FH_OK) {
            code = take_value(&request->params[i].value, &param, &result->param_text, err);
        }
        if (code != FH_OK) {
            return fh_err_wrap(err, "parameter %zu", i + 1);
        }
    }
    code = fh_params_check(request->params, request->param_count, err);
    size_t at = 0;
    for (size_t i = 0; code == FH_OK && i < request->param_count; i++) {
        struct fh_bytes *bytes = &request->params[i].value.bytes;
        if (request->params[i].value.kind == FH_CELL_BYTES) {
            *bytes = fh_bytes(result->param_text.data + at, bytes->size);
            at += bytes->size;
        }
    }
    if (code == FH_OK && fh_buf_ok(&result->param_text) != FH_OK) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for the parameters");
    }
    return code;
}
