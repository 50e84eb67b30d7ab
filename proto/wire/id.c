/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/id.h"

#include "common/limits.h"

#include <stdio.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

void fh_base32(char *out, const uint8_t *data, size_t size)
{
    uint32_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < size; i++) {
        held = held << 8 | data[i];
        for (bits += 8; bits >= 5; bits -= 5) {
            *out++ = letters[held >> (bits - 5) & 31];
        }
        held &= 31;
    }
    if (bits > 0) {
        *out++ = letters[held << (5 - bits) & 31];
    }
    *out = '\0';
}

bool fh_unbase32(uint8_t *out, size_t size, const char *text, size_t length)
{
    if (length != (size * 8 + 4) / 5) {
        return false;
    }
    uint32_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        uint32_t value;
        if (c >= 'a' && c <= 'z') {
            value = (uint32_t)(c - 'a');
        } else if (c >= '2' && c <= '7') {
            value = (uint32_t)(c - '2') + 26;
        } else {
            return false;
        }
        held = (held & 0xff) << 5 | value;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (uint8_t)(held >> bits);
        }
    }
    return (held & ((1u << bits) - 1)) == 0;
}

static void id_text(char *out, const char *prefix, const uint8_t *id)
{
    memcpy(out, prefix, 4);
    fh_base32(out + 4, id, FH_ID_BYTES);
}

static void id_short(char *out, const char *prefix, const uint8_t *id)
{
    memcpy(out, prefix, 4);
    fh_base32(out + 4, id, 10); /* 80 bits are 16 letters */
}

static int
id_parse(uint8_t *out, const char *what, const char *prefix, const char *text, struct fh_err *err)
{
    uint8_t id[FH_ID_BYTES];
    if (strlen(text) != FH_ID_TEXT_BYTES - 1 || memcmp(text, prefix, 4) != 0 ||
        !fh_unbase32(id, sizeof id, text + 4, strlen(text + 4))) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "id.text",
                           "not a %s id: expected %s and 52 letters of a-z or 2-7",
                           what,
                           prefix);
    }
    memcpy(out, id, sizeof id);
    return FH_OK;
}

#define ID_KIND(kind, prefix)                                                                      \
    void fh_##kind##_id_text(char out[FH_ID_TEXT_BYTES], const struct fh_##kind##_id *id)          \
    {                                                                                              \
        id_text(out, prefix, id->b);                                                               \
    }                                                                                              \
    void fh_##kind##_id_short(char out[FH_ID_SHORT_BYTES], const struct fh_##kind##_id *id)        \
    {                                                                                              \
        id_short(out, prefix, id->b);                                                              \
    }                                                                                              \
    int fh_##kind##_id_parse(struct fh_##kind##_id *out, const char *text, struct fh_err *err)     \
    {                                                                                              \
        return id_parse(out->b, #kind, prefix, text, err);                                         \
    }                                                                                              \
    _Static_assert(sizeof(prefix) == 5, "id prefixes have four letters")

ID_KIND(domain, "fhd1");
ID_KIND(node, "fhn1");
ID_KIND(mesh, "fhm1");
ID_KIND(record, "fhr1");
ID_KIND(key, "fhk1");

/* DuckDB's and PostgreSQL's own catalogs and schemas: a domain of that name could not be queried.
 */
static const char *const reserved_names[] = {"main",
                                             "memory",
                                             "temp",
                                             "system",
                                             "information_schema",
                                             "pg_catalog",
                                             "pg_toast",
                                             "public",
                                             "duckdb"};

int fh_name_check(const char *what, const char *name, struct fh_err *err)
{
    size_t length = strlen(name);
    bool right = length >= 1 && length <= FH_NAME_BYTES_MAX && name[0] >= 'a' && name[0] <= 'z';
    for (size_t i = 0; right && i < length; i++) {
        char c = name[i];
        right = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    if (!right) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "name.form",
                           "%s name: expected a letter a-z, then a-z, 0-9 or _, at most %d in all",
                           what,
                           FH_NAME_BYTES_MAX);
    }
    for (size_t i = 0; i < FH_COUNT(reserved_names); i++) {
        if (strcmp(name, reserved_names[i]) == 0) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "name.reserved",
                               "%s name %s is reserved by SQL engines; choose another",
                               what,
                               name);
        }
    }
    return FH_OK;
}
