/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contract: the Open Data Contract Standard (ODCS, github.com/bitol-io) as plain structs, and its
 * canonical form. Versions 3.0.0 to 3.1.0 and the draft of 3.2.0 share one model.
 *
 * The structs follow the standard section by section; `schema` entries are tables, their
 * `properties` columns. Everything that the standard knows is here, nothing is dropped, so that the
 * canonical form carries a contract without loss. What is absent is NULL, UNSET or a list without
 * items; a list that is present but empty has items != NULL and count 0.
 *
 * Canonical form: one canonical msgpack map per section, keys as in the standard, absent fields
 * left out. Strings are str, Booleans bool, integers int. Any other number is a bin with the
 * normalised decimal as ASCII (document.h), so that where the standard allows any value the number
 * 1.5 and the string "1.5" stay apart and no float is ever signed; a number that is an integer of
 * 64 bits is an int wherever it stands (99.0 is 99). Decoding goes through the same tables and
 * checks as reading YAML (contract_read.h).
 *
 * Does not: read YAML, judge (contract_rules.h, publish_rules.h). Thread: immutable after reading.
 * Ownership: everything lives in the arena it was read into, with the document tree it came from.
 */
#ifndef FH_PROTO_CONTRACT_CONTRACT_H
#define FH_PROTO_CONTRACT_CONTRACT_H

#include "common/arena.h"
#include "common/err.h"
#include "proto/contract/document.h"

enum fh_contract_bool {
    FH_CONTRACT_UNSET,
    FH_CONTRACT_FALSE,
    FH_CONTRACT_TRUE,
};

struct fh_contract_int {
    bool is_set;
    int64_t value;
};

struct fh_contract_strings {
    size_t count;
    const char **items;
};

/* `from` and `to` of a relationship: one reference, or a list of them (composite key). */
struct fh_contract_refs {
    size_t count;
    const char **items;
    bool is_single; /* was written as a string, not as a list */
};

#define FH_CONTRACT_LIST(type)                                                                     \
    struct {                                                                                       \
        size_t count;                                                                              \
        struct type *items;                                                                        \
    }

/* What a document is judged by. The JSON Schemas of the standard differ in more than new keys, and
 * that of 3.0.2 comes in two: one that lets unknown keys pass in most sections, and a strict one.
 */
enum fh_odcs_version {
    FH_ODCS_OWN, /* the version that the document says, see contract_read.h */
    FH_ODCS_3_0_2,
    FH_ODCS_3_0_2_STRICT,
    FH_ODCS_3_1_0,
    FH_ODCS_3_2_0, /* a draft: the schema of branch dev-v3.2.0 at 68aca3cfa2c4 */
    FH_ODCS_COUNT
};

/* Every section starts with the node it was read from, for places in findings, and `extra`: the
 * same map when it has keys beyond these which the schema lets pass, else NULL. Both are NULL in a
 * contract that was made by hand. */

struct fh_contract_custom { /* customProperties[] */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *property;
    const struct fh_doc_node *value; /* anything, also null */
    const char *description;
};

struct fh_contract_definition { /* authoritativeDefinitions[] */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *url;
    const char *type;
    const char *description;
};

struct fh_contract_description { /* description */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *usage;
    const char *purpose;
    const char *limitations;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
};

struct fh_contract_role { /* roles[] */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *role;
    const char *description;
    const char *access;
    const char *first_level_approvers;
    const char *second_level_approvers;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
};

struct fh_contract_server { /* servers[]: which keys are allowed depends on `type` */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *server;
    const char *type;
    const char *description;
    const char *environment;
    FH_CONTRACT_LIST(fh_contract_role) roles;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    const char *account;
    const char *catalog;
    const char *database;
    const char *dataset;
    const char *delimiter;
    const char *endpoint_url;
    const char *format;
    const char *host;
    const char *location;
    const char *path;
    struct fh_contract_int port;
    const char *project;
    const char *region;
    const char *region_name;
    const char *schema;
    const char *service_name;
    const char *staging_dir;
    const char *stream;
    const char *warehouse;
    const char *workgroup; /* 3.2 */
};

struct fh_contract_relationship { /* relationships[] of a table or a column */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *type;
    struct fh_contract_refs from; /* tables only */
    struct fh_contract_refs to;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
};

struct fh_contract_quality { /* quality[] of a table or a column */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *type; /* text, library, sql, custom; NULL reads as library when metric is there */
    const char *name;
    const char *description;
    const char *dimension;
    const char *method;
    const char *severity;
    const char *business_impact;
    const char *schedule;
    const char *scheduler;
    const char *unit;
    struct fh_contract_strings tags;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
    const char *metric;                       /* library */
    const char *rule;                         /* library, deprecated name of metric */
    const struct fh_doc_node *arguments;      /* library: a map */
    const char *query;                        /* sql */
    const char *engine;                       /* custom */
    const struct fh_doc_node *implementation; /* custom: a string or a map */
    /* exactly one operator in library and sql */
    const struct fh_doc_node *must_be;
    const struct fh_doc_node *must_not_be;
    const char *must_be_greater_than; /* decimals in normal form */
    const char *must_be_greater_or_equal_to;
    const char *must_be_less_than;
    const char *must_be_less_or_equal_to;
    const struct fh_doc_node *must_be_between; /* two different numbers */
    const struct fh_doc_node *must_not_be_between;
};

struct fh_contract_options { /* logicalTypeOptions: which keys are allowed depends on logicalType */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    struct fh_contract_int min_length;
    struct fh_contract_int max_length;
    const char *pattern;
    const char *format;
    const struct fh_doc_node *minimum; /* a number, or a string for dates and times; 3.0 has
                                          Booleans in the exclusive ones */
    const struct fh_doc_node *maximum;
    const struct fh_doc_node *exclusive_minimum;
    const struct fh_doc_node *exclusive_maximum;
    const char *multiple_of; /* decimal in normal form, > 0 */
    enum fh_contract_bool timezone;
    const char *default_timezone;
    struct fh_contract_int min_items;
    struct fh_contract_int max_items;
    enum fh_contract_bool unique_items;
    struct fh_contract_int min_properties;
    struct fh_contract_int max_properties;
    struct fh_contract_strings required;
};

struct fh_contract_synonym { /* synonyms[] of a table or a column, 3.2 */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *synonym;
    const char *description;
    const char *locale;
    const char *source;
    const char *status;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
};

struct fh_contract_enum_value { /* enum[] of a column, 3.2 */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const struct fh_doc_node *value; /* any scalar */
    const char *label;
    const char *description;
    struct fh_contract_strings tags;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
};

struct fh_contract_map { /* map of a column of logicalType map, 3.2 */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    struct fh_contract_column *key; /* like `items`: needs no name */
    struct fh_contract_column *value;
};

struct fh_contract_statement { /* context.verifiedStatements[], 3.2 */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *question;
    const char *answer;
    struct fh_contract_strings tags;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
};

struct fh_contract_constraint { /* context.constraints[], 3.2 */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *constraint;
    struct fh_contract_strings tags;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
};

struct fh_contract_context { /* context of the contract or a table, 3.2 */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *text; /* was written as one string; the rest is absent then */
    const char *instructions;
    FH_CONTRACT_LIST(fh_contract_statement) statements; /* verifiedStatements */
    FH_CONTRACT_LIST(fh_contract_constraint) constraints;
};

struct fh_contract_column { /* properties[] and items */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *name; /* NULL only in `items` */
    const char *physical_name;
    const char *physical_type;
    const char *logical_type;
    struct fh_contract_options *options;
    const char *description;
    const char *business_name;
    const char *classification;
    const char *encrypted_name;
    const char *transform_logic;
    const char *transform_description;
    struct fh_contract_strings transform_source_objects;
    struct fh_contract_strings tags;
    enum fh_contract_bool primary_key;
    enum fh_contract_bool required;
    enum fh_contract_bool unique;
    enum fh_contract_bool partitioned;
    enum fh_contract_bool critical_data_element;
    struct fh_contract_int primary_key_position;
    struct fh_contract_int partition_key_position;
    const struct fh_doc_node *examples; /* a list of anything */
    FH_CONTRACT_LIST(fh_contract_relationship) relationships;
    FH_CONTRACT_LIST(fh_contract_quality) quality;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    FH_CONTRACT_LIST(fh_contract_column) columns; /* `properties` of an object */
    struct fh_contract_column *items;             /* element of an array */
    struct fh_contract_map *map;                  /* 3.2 */
    const char *semantic_type;                    /* 3.2: column, measure or dimension */
    FH_CONTRACT_LIST(fh_contract_enum_value) enum_values;
    FH_CONTRACT_LIST(fh_contract_synonym) synonyms;
};

struct fh_contract_table { /* schema[] */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *name;
    const char *physical_name;
    const char *physical_type;
    const char *logical_type;
    const char *description;
    const char *business_name;
    const char *granularity; /* dataGranularityDescription */
    struct fh_contract_strings tags;
    FH_CONTRACT_LIST(fh_contract_column) columns; /* `properties` */
    FH_CONTRACT_LIST(fh_contract_relationship) relationships;
    FH_CONTRACT_LIST(fh_contract_quality) quality;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    FH_CONTRACT_LIST(fh_contract_synonym) synonyms; /* 3.2 */
    struct fh_contract_context *context;            /* 3.2 */
};

struct fh_contract_member { /* team.members[] */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *username;
    const char *name;
    const char *description;
    const char *role;
    const char *date_in;
    const char *date_out;
    const char *replaced_by_username;
    struct fh_contract_strings tags;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
};

struct fh_contract_team {
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *name;
    const char *description;
    FH_CONTRACT_LIST(fh_contract_member) members;
    struct fh_contract_strings tags;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
    bool is_list; /* was written as a bare list of members (3.0) */
};

struct fh_contract_sla { /* slaProperties[] */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *property;
    const struct fh_doc_node *value;     /* any scalar */
    const struct fh_doc_node *value_ext; /* any scalar */
    const char *unit;
    const char *element;
    const char *driver;
    const char *description;
    const char *schedule;
    const char *scheduler;
};

struct fh_contract_support { /* support[] */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *channel;
    const char *url;
    const char *description;
    const char *tool;
    const char *scope;
    const char *invitation_url;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
};

struct fh_contract_price { /* price */
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *id;
    const char *amount; /* decimal in normal form */
    const char *currency;
    const char *unit;
};

struct fh_contract {
    const struct fh_doc_node *node;
    const struct fh_doc_node *extra;
    const char *api_version;
    const char *kind;
    const char *id;
    const char *name; /* the product */
    const char *version;
    const char *status;
    const char *domain;
    const char *tenant;
    const char *data_product;
    struct fh_contract_description *description;
    struct fh_contract_strings tags;
    FH_CONTRACT_LIST(fh_contract_server) servers;
    FH_CONTRACT_LIST(fh_contract_table) tables; /* `schema` */
    FH_CONTRACT_LIST(fh_contract_support) support;
    struct fh_contract_price *price;
    struct fh_contract_team *team;
    FH_CONTRACT_LIST(fh_contract_role) roles;
    const char *sla_default_element;
    FH_CONTRACT_LIST(fh_contract_sla) sla;
    FH_CONTRACT_LIST(fh_contract_definition) definitions;
    FH_CONTRACT_LIST(fh_contract_custom) custom;
    const char *created;                 /* contractCreatedTs */
    struct fh_contract_context *context; /* 3.2 */
};

/* Appends the canonical form. The contract must have been read without an error. Failures (no
 * memory, limit) stick in `out`. */
void fh_contract_encode(struct fh_buf *out, const struct fh_contract *contract);

/* Reads a canonical form (scanned here, borrowed) into `arena`; every check of fh_contract_read
 * holds except that keys which this version does not know are ignored. FH_EINVAL with the rule and
 * path of the first finding ("pack.*", "odcs.*"), FH_ETOOBIG, FH_ENOMEM. */
FH_MUST_CHECK int fh_contract_decode(struct fh_contract **out,
                                     struct fh_bytes form,
                                     struct fh_arena *arena,
                                     struct fh_err *err);

/* Whether every domain of the mesh may read the product: a role `mesh` with access `read`. */
bool fh_contract_open_to_mesh(const struct fh_contract *contract);

/* The table or column of this name (exact), or NULL. */
const struct fh_contract_table *fh_contract_table(const struct fh_contract *contract,
                                                  const char *name);
const struct fh_contract_column *fh_contract_column(const struct fh_contract_table *table,
                                                    const char *name);

#endif
