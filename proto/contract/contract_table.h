/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closed world of ODCS 3.1.0 as tables: which section has which fields of which kind.
 *
 * Reading YAML, reading and writing the canonical form, and every generic walk over a contract
 * follow these tables, so a field is described once. Fields of a section stand in ascending byte
 * order of their keys, which is the order of the canonical form. Fields marked FH_FIELD_VARIANT are
 * allowed only where the section's variant (server type, kind of quality rule, logicalType) lists
 * them.
 *
 * Does not: hold rules between fields (contract_read.c, contract_rules.c). Thread: constant.
 * Ownership: static.
 */
#ifndef FH_PROTO_CONTRACT_CONTRACT_TABLE_H
#define FH_PROTO_CONTRACT_CONTRACT_TABLE_H

#include "proto/contract/contract.h"

enum fh_field_kind {
    FH_FIELD_STRING,   /* const char * */
    FH_FIELD_BOOL,     /* enum fh_contract_bool */
    FH_FIELD_INTEGER,  /* struct fh_contract_int */
    FH_FIELD_DECIMAL,  /* const char *, normal form */
    FH_FIELD_VALUE,    /* const struct fh_doc_node *; `allow` says of which types */
    FH_FIELD_STRINGS,  /* struct fh_contract_strings */
    FH_FIELD_REFS,     /* struct fh_contract_refs */
    FH_FIELD_SECTION,  /* pointer to the struct of `section` */
    FH_FIELD_SECTIONS, /* FH_CONTRACT_LIST of the struct of `section` */
    FH_FIELD_TEAM,     /* pointer to struct fh_contract_team, or a bare list of members */
    FH_FIELD_KIND_COUNT
};

/* What a string must look like. */
enum fh_field_form {
    FH_FORM_ANY,
    FH_FORM_STABLE_ID,   /* ^[A-Za-z0-9_-]+$ */
    FH_FORM_API_VERSION, /* one of `choices`, with a hint for others */
    FH_FORM_DATE,        /* YYYY-MM-DD, else a warning (a format annotation in the schema) */
    FH_FORM_DATE_TIME,   /* RFC 3339, else a warning */
    FH_FORM_COUNT
};

enum {
    FH_FIELD_REQUIRED = 1u << 0,
    FH_FIELD_VARIANT = 1u << 1,    /* allowed where the variant lists it */
    FH_FIELD_DEPRECATED = 1u << 2, /* in 3.1.0: a warning names `instead` */
    FH_FIELD_POSITIVE = 1u << 3,   /* number > 0 */
    FH_FIELD_NATURAL = 1u << 4,    /* integer >= 0 */

    FH_ALLOW_NULL = 1u << FH_DOC_TYPE_NULL,
    FH_ALLOW_BOOL = 1u << FH_DOC_TYPE_BOOL,
    FH_ALLOW_NUMBER = 1u << FH_DOC_TYPE_NUMBER,
    FH_ALLOW_STRING = 1u << FH_DOC_TYPE_STRING,
    FH_ALLOW_LIST = 1u << FH_DOC_TYPE_LIST,
    FH_ALLOW_MAP = 1u << FH_DOC_TYPE_MAP,
    FH_ALLOW_SCALAR = FH_ALLOW_NULL | FH_ALLOW_BOOL | FH_ALLOW_NUMBER | FH_ALLOW_STRING,
    FH_ALLOW_ANY = FH_ALLOW_SCALAR | FH_ALLOW_LIST | FH_ALLOW_MAP,
};

struct fh_section;

struct fh_field {
    const char *key;
    enum fh_field_kind kind;
    enum fh_field_form form;
    unsigned flags;
    unsigned allow; /* of a value */
    size_t offset;  /* of the member in the section's struct */
    const struct fh_section *section;
    const char *const *choices; /* NULL-terminated, for a string */
    const char *instead;        /* what to write in place of a deprecated key */
};

/* Sections whose fields depend on something are resolved by these. */
enum fh_variant_kind {
    FH_VARIANT_NONE,
    FH_VARIANT_SERVER,  /* by `type` */
    FH_VARIANT_QUALITY, /* by `type` and the presence of `metric` */
    FH_VARIANT_COLUMN,  /* by `logicalType` */
    FH_VARIANT_OPTIONS, /* by `logicalType` of the column */
    FH_VARIANT_KIND_COUNT
};

struct fh_section {
    const char *name; /* for people: "a server" */
    size_t size;      /* of the struct, which starts with `const struct fh_doc_node *node` */
    const struct fh_field *fields;
    size_t field_count;
    enum fh_variant_kind variant;
    bool is_open;        /* unknown keys are allowed by the schema; kept as `extra` */
    size_t extra_offset; /* of `const struct fh_doc_node *extra`, when is_open or OPTIONS */
};

/* Keys that a variant adds: NULL-terminated lists. */
struct fh_variant {
    const char *name; /* discriminator: "local" */
    const char *const *keys;
    const char *const *required;
};

extern const struct fh_section fh_section_contract;
extern const struct fh_section fh_section_description;
extern const struct fh_section fh_section_server;
extern const struct fh_section fh_section_table;
extern const struct fh_section fh_section_column;
extern const struct fh_section fh_section_item;
extern const struct fh_section fh_section_options;
extern const struct fh_section fh_section_quality;
extern const struct fh_section fh_section_relationship;
extern const struct fh_section fh_section_column_relationship;
extern const struct fh_section fh_section_team;
extern const struct fh_section fh_section_member;
extern const struct fh_section fh_section_role;
extern const struct fh_section fh_section_sla;
extern const struct fh_section fh_section_support;
extern const struct fh_section fh_section_price;
extern const struct fh_section fh_section_custom;
extern const struct fh_section fh_section_definition;

/* The field of this key, or NULL. O(log n). */
const struct fh_field *fh_section_field(const struct fh_section *section, const char *key);

/* The variant of this name (discriminator) among those of a kind, or NULL. "" names the variant
 * without a discriminator. */
const struct fh_variant *fh_variant_find(enum fh_variant_kind kind, const char *name);

#endif
