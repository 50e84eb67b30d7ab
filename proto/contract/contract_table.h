/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closed world of ODCS as tables: which section has which fields of which kind, per version.
 *
 * Reading YAML, reading and writing the canonical form, and every generic walk over a contract
 * follow these tables, so a field is described once. Fields of a section stand in ascending byte
 * order of their keys, which is the order of the canonical form. Fields marked FH_FIELD_VARIANT are
 * allowed only where the section's variant (server type, kind of quality rule, logicalType) lists
 * them. A set of versions is a mask with one bit for each fh_odcs_version (FH_IN_*).
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
    FH_FIELD_CONTEXT,  /* pointer to struct fh_contract_context, or one string */
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

/* Sets of versions. */
enum {
    FH_IN_3_0_LAX = 1u << FH_ODCS_3_0_2,
    FH_IN_3_0_STRICT = 1u << FH_ODCS_3_0_2_STRICT,
    FH_IN_3_0 = FH_IN_3_0_LAX | FH_IN_3_0_STRICT,
    FH_IN_3_1 = 1u << FH_ODCS_3_1_0,
    FH_IN_3_2 = 1u << FH_ODCS_3_2_0,
    FH_FROM_3_1 = FH_IN_3_1 | FH_IN_3_2,
    FH_FROM_STRICT = FH_IN_3_0_STRICT | FH_FROM_3_1,
    FH_IN_ALL = FH_IN_3_0 | FH_FROM_3_1,
};

enum {
    FH_FIELD_VARIANT = 1u << 0,  /* allowed where the variant lists it */
    FH_FIELD_POSITIVE = 1u << 1, /* number > 0 */
    FH_FIELD_NATURAL = 1u << 2,  /* integer >= 0 */
    FH_FIELD_NEW_3_1 = 1u << 3,  /* unknown to 3.0 */
    FH_FIELD_NEW_3_2 = 1u << 4,  /* unknown to 3.0 and 3.1 */

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

/* A word that a string may be, and the versions that know it. */
struct fh_choice {
    const char *text;
    unsigned versions;
};

struct fh_field {
    const char *key;
    enum fh_field_kind kind;
    enum fh_field_form form;
    unsigned flags;
    unsigned required; /* versions in which it must be there */
    unsigned allow;    /* of a value */
    size_t offset;     /* of the member in the section's struct */
    const struct fh_section *section;
    const struct fh_choice *choices; /* for a string; ends with a NULL text */
    const char *instead;             /* what to write in place of a deprecated key, else NULL */
    unsigned deprecated;             /* versions in which it is: a warning names `instead` */
};

/* How the struct of every section starts. */
struct fh_section_head {
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
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
    size_t size;      /* of the struct, which starts as fh_section_head */
    const struct fh_field *fields;
    size_t field_count;
    enum fh_variant_kind variant;
    unsigned open; /* versions whose schema lets unknown keys pass; they are kept as `extra` */
};

/* The schema says nothing of the keys of a variant: unknown ones are kept as `extra`. */
enum { FH_VARIANT_OPEN = 1u << 8 };

/* Keys that a variant adds: NULL-terminated lists. */
struct fh_variant {
    unsigned versions; /* to which this row applies, and FH_VARIANT_OPEN */
    const char *name;  /* discriminator: "local" */
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
extern const struct fh_section fh_section_synonym;
extern const struct fh_section fh_section_enum_value;
extern const struct fh_section fh_section_map;
extern const struct fh_section fh_section_context;
extern const struct fh_section fh_section_statement;
extern const struct fh_section fh_section_constraint;

/* The field of this key, or NULL. O(log n). */
const struct fh_field *fh_section_field(const struct fh_section *section, const char *key);

/* The versions that know the field. */
unsigned fh_field_versions(const struct fh_field *field);

/* Whether the member of a section's struct holds something. */
bool fh_field_is_present(const struct fh_field *field, const void *member);

/* Appends the canonical form (contract.h) of one section, which was read without an error. */
void fh_section_encode(struct fh_buf *out, const struct fh_section *section, const void *in);

/* The variant of this name (discriminator) among those of a kind in a version, or NULL. "" names
 * the variant without a discriminator. */
const struct fh_variant *
fh_variant_find(enum fh_variant_kind kind, enum fh_odcs_version version, const char *name);

/* "v3.0.2", "v3.1.0", "v3.2.0", for people. */
const char *fh_odcs_text(enum fh_odcs_version version);

#endif
