/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/param.h"

#include "common/assert.h"
#include "proto/contract/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

__extension__ typedef unsigned __int128 uint128;

enum { PARAM_FIELDS = 2 };

/* A whole number in normal form that fits 64 bits. */
static bool read_integer(struct fh_cell *out, const char *normal)
{
    errno = 0;
    char *end = NULL;
    if (strchr(normal, '.') != NULL) {
        return false;
    }
    if (normal[0] == '-') {
        long long value = strtoll(normal, &end, 10);
        *out = (struct fh_cell){.kind = FH_CELL_INT, .integer = value};
    } else {
        unsigned long long value = strtoull(normal, &end, 10);
        *out = (struct fh_cell){.kind = FH_CELL_UINT, .natural = value};
    }
    return errno == 0 && *end == '\0';
}

int fh_param_number(struct fh_cell *out, const char *text, struct fh_err *err)
{
    char normal[FH_DECIMAL_BYTES];
    struct fh_cell cell;
    if (!fh_decimal_normalise(normal, text)) {
        return fh_err_rule(err, FH_EINVAL, "query.param.number", "a parameter is no number");
    }
    if (read_integer(&cell, normal)) {
        *out = cell;
        return FH_OK;
    }
    uint128 magnitude = 0;
    unsigned digits = 0;
    unsigned scale = 0;
    bool fraction = false;
    for (const char *p = normal; *p != '\0' && digits <= FH_DECIMAL_PRECISION_MAX; p++) {
        if (*p == '.') {
            fraction = true;
        } else if (*p != '-') {
            magnitude = magnitude * 10 + (unsigned)(*p - '0');
            digits++;
            scale += fraction ? 1 : 0;
        }
    }
    if (digits > FH_DECIMAL_PRECISION_MAX) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "query.param.number",
                           "a parameter is a number of more than %d digits; cast a text: "
                           "$1::DOUBLE",
                           FH_DECIMAL_PRECISION_MAX);
    }
    uint128 value = normal[0] == '-' ? -magnitude : magnitude;
    *out = (struct fh_cell){
        .kind = FH_CELL_WIDE,
        .type = {FH_TYPE_DECIMAL, (uint8_t)digits, (uint8_t)scale},
        .wide = {.low = (uint64_t)value, .high = (int64_t)(uint64_t)(value >> 64)},
    };
    return FH_OK;
}

/* ---- checks ---- */

static bool name_valid(const char *name)
{
    bool valid =
        (name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z') || name[0] == '_';
    for (const char *p = name; valid && *p != '\0'; p++) {
        valid = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' ||
                (*p >= '0' && *p <= '9');
    }
    return valid;
}

static int check_name(const struct fh_param *params, size_t at, struct fh_err *err)
{
    const char *name = params[at].name;
    if ((name[0] == '\0') != (params[0].name[0] == '\0')) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "query.param.name",
                           "some parameters have names and some have none; a query has either");
    }
    if (name[0] == '\0') {
        return FH_OK;
    }
    if (!name_valid(name)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "query.param.name",
                           "parameter %zu: its name is not made of letters, digits and _",
                           at + 1);
    }
    for (size_t i = 0; i < at; i++) {
        if (strcasecmp(params[i].name, name) == 0) {
            return fh_err_rule(
                err, FH_EINVAL, "query.param.name", "parameter $%s has two values", name);
        }
    }
    return FH_OK;
}

static bool value_valid(const struct fh_cell *value)
{
    switch (value->kind) {
    case FH_CELL_NULL:
    case FH_CELL_BOOL:
    case FH_CELL_INT:
    case FH_CELL_UINT:
        return true;
    case FH_CELL_WIDE:
        return value->type.code == FH_TYPE_DECIMAL && fh_type_valid(value->type);
    case FH_CELL_BYTES:
        return fh_utf8_valid(value->bytes);
    case FH_CELL_REAL:
    case FH_CELL_INTERVAL:
        break;
    }
    return false;
}

int fh_params_check(const struct fh_param *params, size_t count, struct fh_err *err)
{
    size_t bytes = 0;
    if (count > FH_SQL_PARAMS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "query.param.count",
                           "%zu parameters; a query has at most %d",
                           count,
                           FH_SQL_PARAMS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        int code = check_name(params, i, err);
        if (code != FH_OK) {
            return code;
        }
        if (!value_valid(&params[i].value)) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "query.param.value",
                               "parameter %zu: expected NULL, a Boolean, a number, or UTF-8 "
                               "without U+0000",
                               i + 1);
        }
        bytes += params[i].value.kind == FH_CELL_BYTES ? params[i].value.bytes.size : 0;
    }
    if (bytes > FH_SQL_PARAMS_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "query.param.bytes",
                           "the parameters have %zu bytes of text; at most %d",
                           bytes,
                           FH_SQL_PARAMS_BYTES_MAX);
    }
    return FH_OK;
}

/* ---- bytes ---- */

void fh_param_put_value(struct fh_buf *out, const struct fh_cell *value)
{
    switch (value->kind) {
    case FH_CELL_NULL:
        fh_pack_nil(out);
        return;
    case FH_CELL_BOOL:
        fh_pack_bool(out, value->integer != 0);
        return;
    case FH_CELL_INT:
        fh_pack_int(out, value->integer);
        return;
    case FH_CELL_UINT:
        fh_pack_uint(out, value->natural);
        return;
    case FH_CELL_BYTES:
        fh_pack_str(out, value->bytes);
        return;
    case FH_CELL_WIDE: {
        FH_CLEANUP(fh_buf_fini) struct fh_buf text;
        fh_buf_init(&text, FH_DECIMAL_BYTES);
        fh_cell_text(value, &text);
        fh_pack_bin(out, fh_buf_view(&text));
        return;
    }
    case FH_CELL_REAL:
    case FH_CELL_INTERVAL:
        break;
    }
    out->failed = FH_EINVAL; /* fh_params_check refuses it */
}

/* Only the normal form of what no integer of 64 bits holds: a value has one encoding. */
static void read_decimal(struct fh_pack_reader *reader, struct fh_cell *out)
{
    char text[FH_DECIMAL_BYTES];
    char normal[FH_DECIMAL_BYTES];
    struct fh_err err;
    struct fh_bytes bin = fh_pack_read_bin(reader, sizeof text - 1);
    if (reader->failed != FH_OK) {
        return;
    }
    memcpy(text, bin.data, bin.size);
    text[bin.size] = '\0';
    if (strlen(text) != bin.size || !fh_decimal_normalise(normal, text) ||
        strcmp(text, normal) != 0 || fh_param_number(out, normal, &err) != FH_OK ||
        out->kind != FH_CELL_WIDE) {
        fh_pack_fail(reader, "expected a decimal in normal form that is no integer");
    }
}

void fh_param_read_value(struct fh_pack_reader *reader, struct fh_cell *out)
{
    *out = (struct fh_cell){.kind = FH_CELL_NULL};
    switch (fh_pack_peek(reader)) {
    case FH_PACK_NIL:
        fh_pack_skip(reader);
        break;
    case FH_PACK_BOOL:
        out->kind = FH_CELL_BOOL;
        out->type.code = FH_TYPE_BOOL;
        out->integer = fh_pack_read_bool(reader) ? 1 : 0;
        break;
    case FH_PACK_INT:
        out->kind = FH_CELL_INT;
        out->type.code = FH_TYPE_INT64;
        out->integer = fh_pack_read_int(reader);
        break;
    case FH_PACK_UINT:
        out->kind = FH_CELL_UINT;
        out->type.code = FH_TYPE_UINT64;
        out->natural = fh_pack_read_uint(reader, UINT64_MAX);
        break;
    case FH_PACK_STR:
        out->kind = FH_CELL_BYTES;
        out->type.code = FH_TYPE_VARCHAR;
        out->bytes = fh_pack_read_str(reader, FH_SQL_PARAMS_BYTES_MAX);
        break;
    case FH_PACK_BIN:
        read_decimal(reader, out);
        break;
    case FH_PACK_ARRAY:
    case FH_PACK_MAP:
    case FH_PACK_KIND_COUNT:
        fh_pack_fail(reader, "expected a parameter: nil, boolean, integer, decimal or text");
        break;
    }
}

void fh_params_put(struct fh_buf *out, const struct fh_param *params, size_t count)
{
    FH_ASSERT(count <= FH_SQL_PARAMS_MAX);
    fh_pack_array(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        fh_pack_array(out, PARAM_FIELDS);
        fh_pack_cstr(out, params[i].name);
        fh_param_put_value(out, &params[i].value);
    }
}

void fh_params_read(struct fh_pack_reader *reader, struct fh_param *out, size_t *out_count)
{
    uint32_t count = fh_pack_read_array(reader, FH_SQL_PARAMS_MAX);
    for (uint32_t i = 0; i < count && reader->failed == FH_OK; i++) {
        uint32_t fields = fh_pack_read_record(reader, PARAM_FIELDS);
        fh_pack_read_cstr(reader, out[i].name, sizeof out[i].name);
        fh_param_read_value(reader, &out[i].value);
        fh_pack_read_record_end(reader, fields, PARAM_FIELDS);
    }
    *out_count = reader->failed == FH_OK ? count : 0;
}
