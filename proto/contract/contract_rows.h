/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the rows of the tables are written; private to contract_table.c and schema_table.c.
 *
 * A row names key, member and flags; the macros take the offset and refuse to compile when the
 * member has not the type that its kind writes to. The flags of a row are FH_FIELD_* and, above
 * them, the versions that need the key (REQUIRED, NEEDED_IN).
 *
 * Does not: stand in any other file. Thread: constant. Ownership: static.
 */
#ifndef FH_PROTO_CONTRACT_CONTRACT_ROWS_H
#define FH_PROTO_CONTRACT_CONTRACT_ROWS_H

#include "proto/contract/contract_table.h"

#include <stddef.h>

enum { FH_ROW_SHIFT = 8 };
#define FH_ROW_FLAGS(f)     ((unsigned)(f) & ((1u << FH_ROW_SHIFT) - 1))
#define FH_ROW_REQUIRED(f)  ((unsigned)(f) >> FH_ROW_SHIFT)
#define NEEDED_IN(versions) ((unsigned)(versions) << FH_ROW_SHIFT)
#define REQUIRED            NEEDED_IN(FH_IN_ALL)
#define VARIANT             FH_FIELD_VARIANT
#define NATURAL             (FH_FIELD_NATURAL | FH_FIELD_VARIANT)
#define NEW_3_1             FH_FIELD_NEW_3_1
#define NEW_3_2             FH_FIELD_NEW_3_2

#define MEMBER(s, m, type)                                                                         \
    (offsetof(struct s, m) + 0 * sizeof(_Generic(&((struct s *)NULL)->m, type * : 1)))
#define LIST_MEMBER(s, m, type)                                                                    \
    (offsetof(struct s, m) + 0 * sizeof(_Generic(((struct s *)NULL)->m.items, struct type * : 1)))

#define ROW_STRING(s, k, m, f)                                                                     \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRING, .flags = FH_ROW_FLAGS(f),                             \
        .required = FH_ROW_REQUIRED(f), .offset = MEMBER(s, m, const char *)                       \
    }
#define ROW_FORM(s, k, m, f, fm)                                                                   \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRING, .form = (fm), .flags = FH_ROW_FLAGS(f),               \
        .required = FH_ROW_REQUIRED(f), .offset = MEMBER(s, m, const char *)                       \
    }
#define ROW_ID(s, f) ROW_FORM(s, "id", id, f, FH_FORM_STABLE_ID)
#define ROW_CHOICE(s, k, m, f, c)                                                                  \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRING, .flags = FH_ROW_FLAGS(f),                             \
        .required = FH_ROW_REQUIRED(f), .offset = MEMBER(s, m, const char *), .choices = (c)       \
    }
#define ROW_OLD(s, k, m, f, i, v)                                                                  \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRING, .flags = FH_ROW_FLAGS(f),                             \
        .offset = MEMBER(s, m, const char *), .instead = (i), .deprecated = (v)                    \
    }
#define ROW_BOOL(s, k, m, f)                                                                       \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_BOOL, .flags = FH_ROW_FLAGS(f),                               \
        .required = FH_ROW_REQUIRED(f), .offset = MEMBER(s, m, enum fh_contract_bool)              \
    }
#define ROW_INTEGER(s, k, m, f)                                                                    \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_INTEGER, .flags = FH_ROW_FLAGS(f),                            \
        .required = FH_ROW_REQUIRED(f), .offset = MEMBER(s, m, struct fh_contract_int)             \
    }
#define ROW_DECIMAL(s, k, m, f)                                                                    \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_DECIMAL, .flags = FH_ROW_FLAGS(f),                            \
        .required = FH_ROW_REQUIRED(f), .offset = MEMBER(s, m, const char *)                       \
    }
#define ROW_VALUE(s, k, m, f, a)                                                                   \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_VALUE, .flags = FH_ROW_FLAGS(f),                              \
        .required = FH_ROW_REQUIRED(f), .allow = (a),                                              \
        .offset = MEMBER(s, m, const struct fh_doc_node *)                                         \
    }
#define ROW_STRINGS(s, k, m, f)                                                                    \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRINGS, .flags = FH_ROW_FLAGS(f),                            \
        .required = FH_ROW_REQUIRED(f), .offset = MEMBER(s, m, struct fh_contract_strings)         \
    }
#define ROW_REFS(s, k, m, f)                                                                       \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_REFS, .flags = FH_ROW_FLAGS(f),                               \
        .required = FH_ROW_REQUIRED(f), .offset = MEMBER(s, m, struct fh_contract_refs)            \
    }
#define ROW_SECTION(s, k, m, f, type, sec)                                                         \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_SECTION, .flags = FH_ROW_FLAGS(f),                            \
        .required = FH_ROW_REQUIRED(f), .offset = MEMBER(s, m, struct type *), .section = &(sec)   \
    }
#define ROW_SECTIONS(s, k, m, f, type, sec)                                                        \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_SECTIONS, .flags = FH_ROW_FLAGS(f),                           \
        .required = FH_ROW_REQUIRED(f), .offset = LIST_MEMBER(s, m, type), .section = &(sec)       \
    }
#define ROW_CUSTOM(s, f)                                                                           \
    ROW_SECTIONS(s, "customProperties", custom, (f), fh_contract_custom, fh_section_custom)
#define ROW_DEFINITIONS(s, f)                                                                      \
    ROW_SECTIONS(s,                                                                                \
                 "authoritativeDefinitions",                                                       \
                 definitions,                                                                      \
                 (f),                                                                              \
                 fh_contract_definition,                                                           \
                 fh_section_definition)
#define ROW_QUALITY(s)                                                                             \
    ROW_SECTIONS(s, "quality", quality, 0, fh_contract_quality, fh_section_quality)

#define SECTION(symbol, text, type, rows, ...)                                                     \
    _Static_assert(offsetof(struct type, node) == offsetof(struct fh_section_head, node) &&        \
                       offsetof(struct type, extra) == offsetof(struct fh_section_head, extra),    \
                   "every section starts alike");                                                  \
    const struct fh_section symbol = {.name = (text),                                              \
                                      .size = sizeof(struct type),                                 \
                                      .fields = (rows),                                            \
                                      .field_count = FH_COUNT(rows),                               \
                                      __VA_ARGS__}

#endif
