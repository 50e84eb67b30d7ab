/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of PostgreSQL: the table that pg_type is filled from, names in SQL, arrays.
 *
 * Does not: hold types of anybody's own; there are none. Thread: any; constants.
 * Sources: PostgreSQL 15 manual, chapter 8 and section 53.64.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_TYPES_H
#define FH_TOOLS_DOOR_PGCAT_TYPES_H

#include "common/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum fh_pgcat_oid {
    FH_OID_BOOL = 16,
    FH_OID_BYTEA = 17,
    FH_OID_CHAR = 18, /* "char": one byte */
    FH_OID_NAME = 19,
    FH_OID_INT8 = 20,
    FH_OID_INT2 = 21,
    FH_OID_INT2VECTOR = 22,
    FH_OID_INT4 = 23,
    FH_OID_REGPROC = 24,
    FH_OID_TEXT = 25,
    FH_OID_OID = 26,
    FH_OID_XID = 28,
    FH_OID_CID = 29,
    FH_OID_OIDVECTOR = 30,
    FH_OID_JSON = 114,
    FH_OID_FLOAT4 = 700,
    FH_OID_FLOAT8 = 701,
    FH_OID_UNKNOWN = 705,
    FH_OID_BPCHAR = 1042,
    FH_OID_VARCHAR = 1043,
    FH_OID_DATE = 1082,
    FH_OID_TIME = 1083,
    FH_OID_TIMESTAMP = 1114,
    FH_OID_TIMESTAMPTZ = 1184,
    FH_OID_INTERVAL = 1186,
    FH_OID_BIT = 1560,
    FH_OID_VARBIT = 1562,
    FH_OID_NUMERIC = 1700,
    FH_OID_REGPROCEDURE = 2202,
    FH_OID_REGOPER = 2203,
    FH_OID_REGOPERATOR = 2204,
    FH_OID_REGCLASS = 2205,
    FH_OID_REGTYPE = 2206,
    FH_OID_RECORD = 2249,
    FH_OID_UUID = 2950,
    FH_OID_REGNAMESPACE = 4089,
    FH_OID_REGROLE = 4096,
};

struct fh_pgcat_type {
    uint32_t oid;
    const char *name;
    int16_t size; /* bytes, -1: of its own, -2: a C string */
    bool by_value;
    char kind; /* 'b' base, 'p' pseudo, 'r' range, 'm' multirange */
    char category;
    bool preferred;
    uint32_t element; /* of name, point ...; 0 */
    uint32_t array;   /* oid of the array of it, 0: there is none */
    char align;
    char storage;
    uint32_t collation;
    uint32_t base;         /* subtype of a range, range of a multirange */
    uint32_t multirange;   /* of a range */
    uint32_t functions[4]; /* input, output, receive, send */
    const char *words;     /* "character varying" */
    const char *stem;      /* of the functions' names: stem + "in" */
};

extern const struct fh_pgcat_type fh_pgcat_types[];
extern const size_t fh_pgcat_type_count;

/* NULL when there is none; arrays are found by their element (fh_pgcat_type_element). */
const struct fh_pgcat_type *fh_pgcat_type_find(uint32_t oid);
/* The oid of "int4", "integer", "_int4"; 0 when there is none. */
uint32_t fh_pgcat_type_named(const char *name);
/* Type of the elements of an array or vector; 0 when it is none. */
uint32_t fh_pgcat_type_element(uint32_t oid);
/* The array of a type; 0 when it has none. */
uint32_t fh_pgcat_type_array(uint32_t oid);
/* typlen. */
int16_t fh_pgcat_type_size(uint32_t oid);

bool fh_pgcat_type_is_whole(uint32_t oid); /* integers and oids */
bool fh_pgcat_type_is_reg(uint32_t oid);   /* regclass and its like */
bool fh_pgcat_type_is_text(uint32_t oid);  /* text, name, varchar ... */

/* Appends what format_type gives: "character varying(20)", "integer[]"; "???" for no type.
 * `typmod` -1: none. */
void fh_pgcat_type_format(struct fh_buf *out, uint32_t oid, int64_t typmod);

/* The type in which a column of this SQL type (DuckDB's name: "DECIMAL(18,3)") travels, and its
 * typmod, -1 for most. What is not known travels as text. */
uint32_t fh_pgcat_type_of_sql(const char *sql, int32_t *out_typmod);

#endif
