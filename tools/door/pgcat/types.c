/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/types.h"

#include "common/compiler.h"

#include <stdio.h>
#include <string.h>

const struct fh_pgcat_type fh_pgcat_types[] = {
#include "tools/door/pgcat/types.inc"
};

const size_t fh_pgcat_type_count = FH_COUNT(fh_pgcat_types);

const struct fh_pgcat_type *fh_pgcat_type_find(uint32_t oid)
{
    for (size_t i = 0; i < FH_COUNT(fh_pgcat_types); i++) {
        if (fh_pgcat_types[i].oid == oid) {
            return &fh_pgcat_types[i];
        }
    }
    return NULL;
}

uint32_t fh_pgcat_type_named(const char *name)
{
    static const struct {
        const char *name;
        uint32_t oid;
    } others[] = {
        {"int", FH_OID_INT4},
        {"decimal", FH_OID_NUMERIC},
        {"dec", FH_OID_NUMERIC},
        {"float", FH_OID_FLOAT8},
        {"nchar", FH_OID_BPCHAR},
        {"string", FH_OID_TEXT},
    };
    bool array = name[0] == '_';
    const char *plain = array ? name + 1 : name;
    for (size_t i = 0; !array && i < FH_COUNT(others); i++) {
        if (strcmp(others[i].name, name) == 0) {
            return others[i].oid;
        }
    }
    for (size_t i = 0; i < FH_COUNT(fh_pgcat_types); i++) {
        const struct fh_pgcat_type *type = &fh_pgcat_types[i];
        if (strcmp(type->name, plain) == 0 || (!array && strcmp(type->words, name) == 0)) {
            return array ? type->array : type->oid;
        }
    }
    return 0;
}

uint32_t fh_pgcat_type_element(uint32_t oid)
{
    if (oid == FH_OID_INT2VECTOR) {
        return FH_OID_INT2;
    }
    if (oid == FH_OID_OIDVECTOR) {
        return FH_OID_OID;
    }
    for (size_t i = 0; oid != 0 && i < FH_COUNT(fh_pgcat_types); i++) {
        if (fh_pgcat_types[i].array == oid) {
            return fh_pgcat_types[i].oid;
        }
    }
    return 0;
}

uint32_t fh_pgcat_type_array(uint32_t oid)
{
    const struct fh_pgcat_type *type = fh_pgcat_type_find(oid);
    return type == NULL ? 0 : type->array;
}

int16_t fh_pgcat_type_size(uint32_t oid)
{
    const struct fh_pgcat_type *type = fh_pgcat_type_find(oid);
    return type == NULL ? (int16_t)-1 : type->size;
}

bool fh_pgcat_type_is_whole(uint32_t oid)
{
    return oid == FH_OID_INT2 || oid == FH_OID_INT4 || oid == FH_OID_INT8 || oid == FH_OID_OID ||
           oid == FH_OID_XID || oid == FH_OID_CID;
}

bool fh_pgcat_type_is_reg(uint32_t oid)
{
    return oid == FH_OID_REGPROC || (oid >= FH_OID_REGPROCEDURE && oid <= FH_OID_REGTYPE) ||
           oid == FH_OID_REGNAMESPACE || oid == FH_OID_REGROLE;
}

bool fh_pgcat_type_is_text(uint32_t oid)
{
    return oid == FH_OID_TEXT || oid == FH_OID_NAME || oid == FH_OID_VARCHAR ||
           oid == FH_OID_BPCHAR || oid == FH_OID_CHAR || oid == FH_OID_UNKNOWN;
}

static void format_modifier(struct fh_buf *out, uint32_t oid, int64_t typmod)
{
    switch (oid) {
    case FH_OID_VARCHAR:
    case FH_OID_BPCHAR:
        if (typmod >= 4) {
            fh_buf_printf(out, "(%lld)", (long long)typmod - 4);
        }
        break;
    case FH_OID_NUMERIC:
        if (typmod >= 4) {
            fh_buf_printf(out,
                          "(%lld,%lld)",
                          (long long)((typmod - 4) >> 16 & 0xffff),
                          (long long)((typmod - 4) & 0x7ff));
        }
        break;
    case FH_OID_BIT:
    case FH_OID_VARBIT:
    case FH_OID_TIME:
    case FH_OID_TIMESTAMP:
    case FH_OID_TIMESTAMPTZ:
        fh_buf_printf(out, "(%lld)", (long long)typmod);
        break;
    default:
        break;
    }
}

void fh_pgcat_type_format(struct fh_buf *out, uint32_t oid, int64_t typmod)
{
    if (oid == 0) {
        fh_buf_add_cstr(out, "-");
        return;
    }
    const struct fh_pgcat_type *type = fh_pgcat_type_find(oid);
    const struct fh_pgcat_type *element =
        type == NULL ? fh_pgcat_type_find(fh_pgcat_type_element(oid)) : NULL;
    const struct fh_pgcat_type *named = type != NULL ? type : element;
    if (named == NULL) {
        fh_buf_add_cstr(out, "???");
        return;
    }
    /* The precision stands inside the words: timestamp(3) without time zone. */
    const char *space = strstr(named->words, " with");
    if (typmod < 0 || space == NULL) {
        fh_buf_add_cstr(out, named->words);
    } else {
        fh_buf_add(out, named->words, (size_t)(space - named->words));
    }
    if (typmod >= 0) {
        format_modifier(out, named->oid, typmod);
        fh_buf_add_cstr(out, space == NULL ? "" : space);
    }
    fh_buf_add_cstr(out, element == NULL ? "" : "[]");
}

uint32_t fh_pgcat_type_of_sql(const char *sql, int32_t *out_typmod)
{
    static const struct {
        const char *sql;
        uint32_t oid;
    } types[] = {
        {"BOOLEAN", FH_OID_BOOL},
        {"TINYINT", FH_OID_INT2},
        {"SMALLINT", FH_OID_INT2},
        {"INTEGER", FH_OID_INT4},
        {"BIGINT", FH_OID_INT8},
        {"UTINYINT", FH_OID_INT2},
        {"USMALLINT", FH_OID_INT4},
        {"UINTEGER", FH_OID_INT8},
        {"UBIGINT", FH_OID_NUMERIC},
        {"HUGEINT", FH_OID_NUMERIC},
        {"UHUGEINT", FH_OID_NUMERIC},
        {"FLOAT", FH_OID_FLOAT4},
        {"DOUBLE", FH_OID_FLOAT8},
        {"VARCHAR", FH_OID_TEXT},
        {"BLOB", FH_OID_BYTEA},
        {"DATE", FH_OID_DATE},
        {"TIME", FH_OID_TIME},
        {"TIMESTAMP", FH_OID_TIMESTAMP},
        {"TIMESTAMP WITH TIME ZONE", FH_OID_TIMESTAMPTZ},
        {"INTERVAL", FH_OID_INTERVAL},
        {"UUID", FH_OID_UUID},
        {"JSON", FH_OID_JSON},
    };
    unsigned precision = 0;
    unsigned scale = 0;
    *out_typmod = -1;
    if (sscanf(sql, "DECIMAL(%2u,%2u)", &precision, &scale) == 2) {
        *out_typmod = (int32_t)(precision << 16 | scale) + 4;
        return FH_OID_NUMERIC;
    }
    for (size_t i = 0; i < FH_COUNT(types); i++) {
        if (strcmp(types[i].sql, sql) == 0) {
            return types[i].oid;
        }
    }
    return FH_OID_TEXT;
}
