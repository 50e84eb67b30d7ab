/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy: rules of a domain about what others see of its products, as the author wrote them.
 *
 * A policy is one YAML text. Its rules only ever take away: columns are masked or hidden, rows
 * filtered, purposes named, contracts refused. So policies stand side by side without an order, and
 * the strictest rule holds.
 *
 *     name: personal_data
 *     version: 1.2.0                   # rises with every change
 *     description: Who may see what of people
 *     valid_until: 2027-12-31          # optional; then the products close
 *     domains: [shop]                  # optional, for the mesh alone: whose products
 *     products: [customers, orders@2]  # optional: without it, all of the domain
 *     applies_to: others               # or everyone: the own domain too
 *     purposes: [billing, support]     # optional: no other is served
 *     mask:
 *       - classification: [restricted]
 *         method: hash                 # null, hash, partial, generalise
 *         except:
 *           - roles: [auditor]         # all keys of one entry must fit, any entry is enough
 *             purposes: [audit]
 *             domains: [finance]
 *       - table: people                # optional, for every selector below
 *         columns: [birthday]
 *         method: generalise
 *         to: year                     # or step: 1000, for numbers
 *       - tags: [phone]
 *         method: partial
 *         first: 2
 *         last: 2
 *     hide:
 *       - columns: [internal_note]
 *     filter:
 *       - table: people
 *         where: country = 'DE'
 *     retention:                       # rows of today and the 729 days before it, by UTC
 *       - table: orders                # optional: every table that has the column
 *         column: placed               # a date or a time
 *         days: 730
 *     minimum_group:                   # rows are there only by groups of so many people
 *       - table: orders                # optional: then every table has the subject
 *         size: 10
 *         subject: customer            # the column that tells whose a row is
 *         dimensions:                  # what groups are told apart by; without any: one group
 *           - region
 *           - {column: placed, to: month} # or step: 1000, for numbers
 *         measures: [amount]           # optional: numbers, of which a group has the mean
 *     quality:
 *       - closed_when: [fail, stale]   # or warn, unknown: the state of the last measurement
 *     export:
 *       - formats: [json, csv]         # or arrow, parquet, copy: what an answer may be written as
 *     residency:
 *       - read: [shop, museum]         # whose members may ask
 *         join: [shop]                 # whose nodes may hold the rows to join them
 *     require:                         # of a contract, from the next version on
 *       - fields: [owner, sla, support, classification]
 *         sla: [freshness]             # named in slaProperties
 *         classifications: [public, restricted] # the only ones
 *         renewals_from: 2027-06-01    # optional: then older versions are not announced any more
 *     naming:
 *       - of: column                   # or table, product
 *         pattern: "[a-z][a-z0-9_]*"   # name_pattern.h
 *     notice:
 *       - days: 90                     # at least, from a deprecation to its sunset
 *
 * A rule names its columns by `columns`, `classification` and `tags`; of several selectors all must
 * fit. Names of columns, classifications and tags are compared without regard to case, so that a
 * rule rather touches one column too many. A tag of a table is a tag of its columns.
 *
 * A key that this program does not know makes the policy unreadable, never a policy with fewer
 * rules; so later kinds of rules close a product at a node that is too old for them.
 *
 * Does not: decide (access.h), or look at SQL: whoever publishes has a worker parse the filters.
 * Thread: immutable after reading. Ownership: lives in the arena it was read into.
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_H
#define FH_PROTO_GOVERNANCE_POLICY_H

#include "common/limits.h"
#include "proto/contract/contract.h"
#include "proto/contract/finding.h"
#include "proto/governance/view.h"
#include "proto/wire/id.h"

struct fh_access_column; /* access.h */
struct fh_access_product;
struct fh_access_table;

/* Who is spared by a rule: whoever fits every list that is not empty; at least one is not. */
struct fh_policy_except {
    struct fh_contract_strings purposes;
    struct fh_contract_strings roles;
    struct fh_contract_strings domains; /* names as the mesh pins them, or ids */
};

enum fh_policy_rule_kind {
    FH_POLICY_MASK, /* of columns */
    FH_POLICY_HIDE,
    FH_POLICY_FILTER, /* of rows */
    FH_POLICY_RETENTION,
    FH_POLICY_GROUP,
    FH_POLICY_QUALITY, /* of whole products, when they are asked */
    FH_POLICY_EXPORT,
    FH_POLICY_RESIDENCY,
    FH_POLICY_REQUIRE, /* of contracts, when they are published: policy_contract.h */
    FH_POLICY_NAMING,
    FH_POLICY_NOTICE, /* of a product's life */
    FH_POLICY_RULE_KIND_COUNT
};

/* "mask", "hide" ... "notice", as its section is called; "unknown". */
const char *fh_policy_rule_kind_text(unsigned kind);

/* X(NAME, word, what is wanted). What a contract may be required to say. */
#define FH_POLICY_FIELDS(X)                                                                        \
    X(OWNER, "owner", "a team with a name or a member")                                            \
    X(DESCRIPTION, "description", "a description with a purpose")                                  \
    X(USAGE, "usage", "a description with its usage")                                              \
    X(LIMITATIONS, "limitations", "a description with its limitations")                            \
    X(SUPPORT, "support", "a support channel")                                                     \
    X(SLA, "sla", "a service level in slaProperties")                                              \
    X(QUALITY, "quality", "a quality rule in every table")                                         \
    X(TAGS, "tags", "a tag")                                                                       \
    X(PRIMARY_KEY, "primary_key", "a primary key in every table")                                  \
    X(TABLE_DESCRIPTION, "table_description", "a description of every table")                      \
    X(COLUMN_DESCRIPTION, "column_description", "a description of every column")                   \
    X(CLASSIFICATION, "classification", "a classification of every column")

enum fh_policy_field {
#define X(name, word, wanted) FH_POLICY_FIELD_##name,
    FH_POLICY_FIELDS(X)
#undef X
        FH_POLICY_FIELD_COUNT
};

/* What an answer is written as, where it leaves the mesh. Rows that are only shown have none. */
#define FH_POLICY_FORMATS(X)                                                                       \
    X(JSON, "json")                                                                                \
    X(CSV, "csv")                                                                                  \
    X(ARROW, "arrow")                                                                              \
    X(PARQUET, "parquet")                                                                          \
    X(COPY, "copy") /* PostgreSQL's binary form */

enum fh_policy_format {
#define X(name, word) FH_POLICY_FORMAT_##name,
    FH_POLICY_FORMATS(X)
#undef X
        FH_POLICY_FORMAT_COUNT
};

/* "json"; "unknown". */
const char *fh_policy_format_text(unsigned format);

/* What tells groups apart. */
struct fh_policy_dimension {
    const char *column;
    struct fh_mask unit; /* GENERALISE: values of one unit are one; or NONE */
};

/* What a pattern is about. */
enum fh_policy_named { FH_POLICY_PRODUCTS, FH_POLICY_TABLES, FH_POLICY_COLUMNS };

struct fh_policy_rule {
    enum fh_policy_rule_kind kind;
    uint32_t line; /* where it begins in the text */
    uint32_t column;
    const char *path;                           /* "mask[0]" */
    const char *table;                          /* NULL: any table, but not in a filter */
    struct fh_contract_strings columns;         /* of MASK and HIDE: at least one of the three */
    struct fh_contract_strings classifications; /* is not empty; of REQUIRE: those allowed */
    struct fh_contract_strings tags;
    struct fh_mask mask;     /* MASK */
    const char *where;       /* FILTER: a Boolean expression over columns of the table */
    const char *time_column; /* RETENTION */
    uint32_t days;           /* RETENTION, NOTICE: >= 1 */
    uint32_t size;           /* GROUP: subjects of a group at least, >= 2 */
    const char *subject;     /* GROUP */
    size_t dimension_count;  /* GROUP */
    const struct fh_policy_dimension *dimensions;
    struct fh_contract_strings measures; /* GROUP */
    unsigned closed_when;                /* QUALITY: bits by enum fh_quality_state */
    unsigned formats;                    /* EXPORT: bits by enum fh_policy_format */
    int64_t renewals_from_ms; /* REQUIRE, NAMING: since when it also ends the announcements of what
                                 was published before; INT64_MAX: never */
    unsigned fields;          /* REQUIRE: bits by enum fh_policy_field */
    enum fh_policy_named of;  /* NAMING */
    const char *pattern;      /* NAMING: name_pattern.h */
    struct fh_contract_strings
        readers; /* RESIDENCY: names or ids of domains; empty: any, but not */
    struct fh_contract_strings joiners; /* both are */
    struct fh_contract_strings levels;  /* REQUIRE: properties of slaProperties */
    size_t except_count;
    const struct fh_policy_except *excepts;
};

struct fh_policy {
    const char *name;                    /* a Freehold name */
    const char *version;                 /* a semantic version */
    const char *description;             /* "" when there is none */
    int64_t until_ms;                    /* Unix ms, inclusive; INT64_MAX: for ever */
    struct fh_contract_strings owners;   /* of the mesh: names or ids of the domains whose products
                                            it governs; empty: all */
    struct fh_contract_strings products; /* "orders" or "orders@2"; empty: every product */
    bool everyone;                       /* the own domain too */
    struct fh_contract_strings purposes; /* empty: any, also none stated */
    size_t rule_count;                   /* in the order of the text */
    const struct fh_policy_rule *rules;
};

/* A policy as its owner's node holds it. */
struct fh_policy_held {
    struct fh_record_id id;           /* of the newest record */
    char name[FH_NAME_BYTES_MAX + 1]; /* as the record says them */
    char version[FH_VERSION_BYTES_MAX + 1];
    bool mesh;                           /* of the mesh, not of the owning domain */
    bool forked;                         /* another record of the same number is known */
    const struct fh_policy *policy;      /* NULL: this program cannot read it; then: */
    bool scoped;                         /* it says which products it governs, readably */
    struct fh_contract_strings products; /* those, as in struct fh_policy */
};

/* ---- reading ---- */

/* Reads the text (borrowed; at most FH_POLICY_BYTES_MAX). FH_OK without an error; FH_ECHECK with
 * errors in `findings`, the first of them in `err`; FH_ENOMEM. `*out` is set in the first case, and
 * lives in the arena of `findings`. */
FH_MUST_CHECK int fh_policy_read(struct fh_policy **out,
                                 struct fh_bytes text,
                                 struct fh_findings *findings,
                                 struct fh_err *err);

/* Reads no more than which products a text governs (`*out` as in struct fh_policy; empty: every
 * one), for a policy that cannot be read in whole: `products` means the same in every version of
 * this format. FH_ECHECK when that cannot be read either, and all may be meant; FH_ENOMEM. */
FH_MUST_CHECK int fh_policy_read_scope(struct fh_contract_strings *out,
                                       struct fh_bytes text,
                                       struct fh_arena *arena,
                                       struct fh_err *err);

/* What the rules are to the tables of a product: a mask that does not fit its column's type is an
 * error ("policy.mask.type"), a rule that touches no column or table a warning
 * ("policy.rule.idle"), and so is a policy that does not govern the product at all
 * ("policy.products.idle"). */
void fh_policy_check_product(const struct fh_policy *policy,
                             const struct fh_access_product *product,
                             struct fh_findings *findings);

/* What a policy and another that governs the same products leave nothing between them, as a warning
 * ("policy.beside"): no purpose that both serve, no format that both let an answer have, no domain
 * that both let read or join, no classification that both allow. */
void fh_policy_check_beside(const struct fh_policy *policy,
                            const struct fh_policy_held *other,
                            struct fh_findings *findings);

/* ---- asking ---- */

/* How many columns (of a filter, a retention or groups: tables) of the product a rule selects; 1
 * for rules about whole products. */
uint32_t fh_policy_fits(const struct fh_policy_rule *rule, const struct fh_access_product *product);
/* "table" or "column": what a rule is about. */
const char *fh_policy_selected_text(const struct fh_policy_rule *rule);

/* Whether it governs this major version of the product. */
bool fh_policy_governs(const struct fh_policy *policy, const char *product, uint32_t major);
/* The same of one that is held: what cannot be read governs the products that it names, or every
 * one when that cannot be read either. */
bool fh_policy_held_governs(const struct fh_policy_held *held, const char *product, uint32_t major);

/* Whether a policy of the mesh is about the products of this domain at all; `id` is its text form.
 */
bool fh_policy_governs_domain(const struct fh_policy *policy, const char *name, const char *id);

/* Whoever is judged. */
struct fh_policy_party {
    const char *purpose;
    const char *domain_name;
    const char *domain_id; /* its text form */
    uint32_t role_count;
    const char *const *roles;
};

/* The exception of the rule that spares the party, or NULL. */
const struct fh_policy_except *fh_policy_spares(const struct fh_policy_rule *rule,
                                                const struct fh_policy_party *party);

/* Whether a rule of kind MASK or HIDE selects this column, or one of kind FILTER this table
 * (`column` NULL). False for every other kind. */
bool fh_policy_selects(const struct fh_policy_rule *rule,
                       const char *table,
                       const struct fh_access_column *column);

/* What a rule of kind RETENTION is to a table. */
enum fh_retention {
    FH_RETENTION_NONE,  /* it is not about this table */
    FH_RETENTION_ROWS,  /* a condition: fh_policy_retention_filter */
    FH_RETENTION_UNFIT, /* it names the table, which has no such column, or one that is no date and
                           no time: nothing of it may be seen */
};
enum fh_retention fh_policy_retention(const struct fh_policy_rule *rule,
                                      const struct fh_access_table *table,
                                      const struct fh_access_column **out_column);
/* The condition that holds for the rows of the day of `now_ms` and the `days` - 1 before it, by
 * UTC; it stays the same for all of a day. NULL when there is no memory. */
const char *fh_policy_retention_filter(const struct fh_policy_rule *rule,
                                       const struct fh_access_column *column,
                                       int64_t now_ms,
                                       struct fh_arena *arena);

/* What a rule of kind GROUP is to a table. */
enum fh_group_fit {
    FH_GROUP_NONE,  /* it is not about this table */
    FH_GROUP_FITS,  /* its rows are there by groups */
    FH_GROUP_UNFIT, /* it has no such subject: nothing of it may be seen */
};
enum fh_group_fit fh_policy_group(const struct fh_policy_rule *rule,
                                  const struct fh_access_table *table,
                                  uint32_t *out_subject);
/* What a column is to the groups of a rule; OUTSIDE when it is of a type that it cannot be with. */
struct fh_group_column fh_policy_group_column(const struct fh_policy_rule *rule,
                                              const struct fh_access_column *column);
/* Whether groups can have a mean of this type: integers of 64 bits and less, FLOAT, DOUBLE, and
 * DECIMAL(p,s) of at most FH_GROUP_DIGITS_MAX digits, of which p + s are at most 37. */
bool fh_policy_group_measures(const char *sql_type);
/* The part of a table that a filter of the policy may name: all of it, or the dimensions by which
 * the policy groups it. In the arena; NULL without memory. */
FH_MUST_CHECK const struct fh_access_table *fh_policy_group_filterable(
    const struct fh_policy *policy, const struct fh_access_table *table, struct fh_arena *arena);
/* The findings of a rule of kind GROUP in a policy, over a product. */
void fh_policy_check_group(const struct fh_policy *policy,
                           const struct fh_policy_rule *rule,
                           const struct fh_access_product *product,
                           struct fh_findings *findings);

/* Whether a rule of kind RESIDENCY keeps the domain from asking, or from joining. */
bool fh_policy_keeps_out(const struct fh_policy_rule *rule,
                         const struct fh_policy_party *party,
                         bool joins);

#endif
