/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/types.h"

#include "common/assert.h"
#include "node/worker/nested.h"

#include <string.h>

static const uint8_t carried[] = {
    [DUCKDB_TYPE_BOOLEAN] = FH_TYPE_BOOL,
    [DUCKDB_TYPE_TINYINT] = FH_TYPE_INT8,
    [DUCKDB_TYPE_SMALLINT] = FH_TYPE_INT16,
    [DUCKDB_TYPE_INTEGER] = FH_TYPE_INT32,
    [DUCKDB_TYPE_BIGINT] = FH_TYPE_INT64,
    [DUCKDB_TYPE_UTINYINT] = FH_TYPE_UINT8,
    [DUCKDB_TYPE_USMALLINT] = FH_TYPE_UINT16,
    [DUCKDB_TYPE_UINTEGER] = FH_TYPE_UINT32,
    [DUCKDB_TYPE_UBIGINT] = FH_TYPE_UINT64,
    [DUCKDB_TYPE_HUGEINT] = FH_TYPE_HUGEINT,
    [DUCKDB_TYPE_FLOAT] = FH_TYPE_FLOAT,
    [DUCKDB_TYPE_DOUBLE] = FH_TYPE_DOUBLE,
    [DUCKDB_TYPE_DECIMAL] = FH_TYPE_DECIMAL,
    [DUCKDB_TYPE_VARCHAR] = FH_TYPE_VARCHAR,
    [DUCKDB_TYPE_BLOB] = FH_TYPE_BLOB,
    [DUCKDB_TYPE_DATE] = FH_TYPE_DATE,
    [DUCKDB_TYPE_TIME] = FH_TYPE_TIME,
    [DUCKDB_TYPE_TIMESTAMP] = FH_TYPE_TIMESTAMP,
    [DUCKDB_TYPE_TIMESTAMP_S] = FH_TYPE_TIMESTAMP_S,
    [DUCKDB_TYPE_TIMESTAMP_MS] = FH_TYPE_TIMESTAMP_MS,
    [DUCKDB_TYPE_TIMESTAMP_NS] = FH_TYPE_TIMESTAMP_NS,
    [DUCKDB_TYPE_TIMESTAMP_TZ] = FH_TYPE_TIMESTAMP_TZ,
    [DUCKDB_TYPE_INTERVAL] = FH_TYPE_INTERVAL,
    [DUCKDB_TYPE_UUID] = FH_TYPE_UUID,
    [DUCKDB_TYPE_ENUM] = FH_TYPE_VARCHAR,
    [DUCKDB_TYPE_LIST] = FH_TYPE_JSON,
    [DUCKDB_TYPE_ARRAY] = FH_TYPE_JSON,
    [DUCKDB_TYPE_STRUCT] = FH_TYPE_JSON,
    [DUCKDB_TYPE_MAP] = FH_TYPE_JSON,
};

static bool is_json_alias(duckdb_logical_type type)
{
    char *alias = duckdb_logical_type_get_alias(type);
    bool json = alias != NULL && strcmp(alias, "JSON") == 0;
    duckdb_free(alias);
    return json;
}

bool fh_types_carried(duckdb_logical_type type, struct fh_type *out)
{
    duckdb_type id = duckdb_get_type_id(type);
    if ((size_t)id >= FH_COUNT(carried) || carried[id] == 0) {
        return false;
    }
    struct fh_type carried_type = {.code = carried[id]};
    if (carried_type.code == FH_TYPE_JSON && !fh_nested_supported(type)) {
        return false;
    }
    if (id == DUCKDB_TYPE_VARCHAR && is_json_alias(type)) {
        carried_type.code = FH_TYPE_JSON;
    }
    if (id == DUCKDB_TYPE_DECIMAL) {
        carried_type.precision = duckdb_decimal_width(type);
        carried_type.scale = duckdb_decimal_scale(type);
    }
    *out = carried_type;
    return true;
}

static const duckdb_type duckdb_types[FH_TYPE_COUNT] = {
    [FH_TYPE_BOOL] = DUCKDB_TYPE_BOOLEAN,
    [FH_TYPE_INT8] = DUCKDB_TYPE_TINYINT,
    [FH_TYPE_INT16] = DUCKDB_TYPE_SMALLINT,
    [FH_TYPE_INT32] = DUCKDB_TYPE_INTEGER,
    [FH_TYPE_INT64] = DUCKDB_TYPE_BIGINT,
    [FH_TYPE_UINT8] = DUCKDB_TYPE_UTINYINT,
    [FH_TYPE_UINT16] = DUCKDB_TYPE_USMALLINT,
    [FH_TYPE_UINT32] = DUCKDB_TYPE_UINTEGER,
    [FH_TYPE_UINT64] = DUCKDB_TYPE_UBIGINT,
    [FH_TYPE_HUGEINT] = DUCKDB_TYPE_HUGEINT,
    [FH_TYPE_FLOAT] = DUCKDB_TYPE_FLOAT,
    [FH_TYPE_DOUBLE] = DUCKDB_TYPE_DOUBLE,
    [FH_TYPE_VARCHAR] = DUCKDB_TYPE_VARCHAR,
    [FH_TYPE_BLOB] = DUCKDB_TYPE_BLOB,
    [FH_TYPE_JSON] = DUCKDB_TYPE_VARCHAR, // the view casts it to JSON
    [FH_TYPE_DATE] = DUCKDB_TYPE_DATE,
    [FH_TYPE_TIME] = DUCKDB_TYPE_TIME,
    [FH_TYPE_TIMESTAMP] = DUCKDB_TYPE_TIMESTAMP,
    [FH_TYPE_TIMESTAMP_S] = DUCKDB_TYPE_TIMESTAMP_S,
    [FH_TYPE_TIMESTAMP_MS] = DUCKDB_TYPE_TIMESTAMP_MS,
    [FH_TYPE_TIMESTAMP_NS] = DUCKDB_TYPE_TIMESTAMP_NS,
    [FH_TYPE_TIMESTAMP_TZ] = DUCKDB_TYPE_TIMESTAMP_TZ,
    [FH_TYPE_INTERVAL] = DUCKDB_TYPE_INTERVAL,
    [FH_TYPE_UUID] = DUCKDB_TYPE_UUID,
};

duckdb_logical_type fh_types_duckdb(struct fh_type type)
{
    FH_ASSERT(fh_type_valid(type));
    if (type.code == FH_TYPE_DECIMAL) {
        return duckdb_create_decimal_type(type.precision, type.scale);
    }
    return duckdb_create_logical_type(duckdb_types[type.code]);
}

size_t fh_types_decimal_width(duckdb_logical_type type)
{
    duckdb_type internal = duckdb_decimal_internal_type(type);
    return internal == DUCKDB_TYPE_SMALLINT  ? 2
           : internal == DUCKDB_TYPE_INTEGER ? 4
           : internal == DUCKDB_TYPE_BIGINT  ? 8
                                             : 16;
}
