/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises: everything that a contract lets a machine check, as one list.
 *
 * A contract says things in many places: a column is required, a total is at least 0, a rule counts
 * nulls, data are fresh within a day. Each becomes one promise with an id that stays the same while
 * the contract does, so that results of different days can be compared:
 *
 *     schema.orders.source                          the data can be read at all
 *     schema.orders.primaryKey
 *     schema.orders.properties.total.required       also .present .type .minimum .pattern ...
 *     schema.orders.properties.address.properties.city.maxLength
 *     schema.orders.properties.customer.relationships.0
 *     schema.orders.quality.no_duplicates           the rule's id, else its position
 *     slaProperties.freshness                       repeated names: slaProperties.freshness.1
 *
 * What cannot be run is in the list too, with the reason. Whoever measures (node/quality) takes the
 * list, fills one result for each promise, in the same order, and lets fh_promise_judge decide.
 *
 * Does not: read data, write SQL, know the time. Thread: immutable after making. Ownership: the
 * list lives in the arena given and points into the contract, which is kept.
 */
#ifndef FH_PROTO_QUALITY_PROMISE_H
#define FH_PROTO_QUALITY_PROMISE_H

#include "proto/contract/contract.h"
#include "proto/quality/duration.h"

/* X(NAME, code, text) */
#define FH_PROMISE_CATEGORIES(X)                                                                   \
    X(SCHEMA, 0, "schema")                                                                         \
    X(QUALITY, 1, "quality")                                                                       \
    X(SLA, 2, "sla")

enum fh_promise_category {
#define X(name, code, text) FH_PROMISE_##name = (code),
    FH_PROMISE_CATEGORIES(X)
#undef X
        FH_PROMISE_CATEGORY_COUNT
};

/* X(NAME, category, rule as contracts write it, default dimension of ODCS) */
#define FH_PROMISE_KINDS(X)                                                                        \
    X(SOURCE, SCHEMA, "source", "completeness")                                                    \
    X(PRESENT, SCHEMA, "present", "completeness")                                                  \
    X(TYPE, SCHEMA, "type", "conformity")                                                          \
    X(REQUIRED, SCHEMA, "required", "completeness")                                                \
    X(UNIQUE, SCHEMA, "unique", "uniqueness")                                                      \
    X(PRIMARY_KEY, SCHEMA, "primaryKey", "uniqueness")                                             \
    X(MIN_LENGTH, SCHEMA, "minLength", "conformity")                                               \
    X(MAX_LENGTH, SCHEMA, "maxLength", "conformity")                                               \
    X(PATTERN, SCHEMA, "pattern", "conformity")                                                    \
    X(FORMAT, SCHEMA, "format", "conformity")                                                      \
    X(ENUM, SCHEMA, "enum", "conformity")                                                          \
    X(MINIMUM, SCHEMA, "minimum", "conformity")                                                    \
    X(MAXIMUM, SCHEMA, "maximum", "conformity")                                                    \
    X(EXCLUSIVE_MINIMUM, SCHEMA, "exclusiveMinimum", "conformity")                                 \
    X(EXCLUSIVE_MAXIMUM, SCHEMA, "exclusiveMaximum", "conformity")                                 \
    X(MULTIPLE_OF, SCHEMA, "multipleOf", "conformity")                                             \
    X(MIN_ITEMS, SCHEMA, "minItems", "conformity")                                                 \
    X(MAX_ITEMS, SCHEMA, "maxItems", "conformity")                                                 \
    X(UNIQUE_ITEMS, SCHEMA, "uniqueItems", "uniqueness")                                           \
    X(MIN_PROPERTIES, SCHEMA, "minProperties", "conformity")                                       \
    X(MAX_PROPERTIES, SCHEMA, "maxProperties", "conformity")                                       \
    X(KEYS, SCHEMA, "requiredKeys", "completeness")                                                \
    X(RELATIONSHIP, SCHEMA, "relationship", "consistency")                                         \
    X(NULL_VALUES, QUALITY, "nullValues", "completeness")                                          \
    X(MISSING_VALUES, QUALITY, "missingValues", "completeness")                                    \
    X(INVALID_VALUES, QUALITY, "invalidValues", "conformity")                                      \
    X(DUPLICATE_VALUES, QUALITY, "duplicateValues", "uniqueness")                                  \
    X(ROW_COUNT, QUALITY, "rowCount", "completeness")                                              \
    X(SQL, QUALITY, "sql", "accuracy")                                                             \
    X(TEXT, QUALITY, "text", "accuracy")                                                           \
    X(CUSTOM, QUALITY, "custom", "accuracy")                                                       \
    X(LIBRARY, QUALITY, "library", "accuracy")   /* a metric that this version does not know */    \
    X(FRESHNESS, SLA, "freshness", "timeliness") /* age of the newest value; also latency */       \
    X(RETENTION, SLA, "retention", "timeliness") /* age of the oldest value */                     \
    X(FREQUENCY, SLA, "frequency", "timeliness") /* longest time between two values */             \
    X(AVAILABILITY, SLA, "availability", "coverage")                                               \
    X(AVAILABLE_FROM, SLA, "generalAvailability", "coverage")                                      \
    X(SUPPORTED_UNTIL, SLA, "endOfSupport", "coverage") /* also endOfLife */                       \
    X(SLA_OTHER, SLA, "sla", "timeliness")

enum fh_promise_kind {
#define X(name, category, rule, dimension) FH_PROMISE_##name,
    FH_PROMISE_KINDS(X)
#undef X
        FH_PROMISE_KIND_COUNT
};
/* The category's and the default rule's text; both static. FH_PROMISE_CATEGORY_COUNT for a text
 * that is none. */
const char *fh_promise_category_text(enum fh_promise_category category);
enum fh_promise_category fh_promise_category_parse(const char *text);
const char *fh_promise_rule_text(enum fh_promise_kind kind);

enum fh_promise_severity {
    FH_PROMISE_ERROR,   /* broken: failed */
    FH_PROMISE_WARNING, /* broken: warning; info, low, minor, trivial and warning in a contract */
};

enum fh_promise_unit {
    FH_PROMISE_ROWS,
    FH_PROMISE_PERCENT, /* of all rows; no rows are 0 percent */
    FH_PROMISE_VALUE,   /* a number as it is: rowCount, sql */
    FH_PROMISE_TIME,    /* a duration or a date */
};

enum fh_promise_operator {
    FH_PROMISE_EQUAL,
    FH_PROMISE_NOT_EQUAL,
    FH_PROMISE_GREATER,
    FH_PROMISE_GREATER_OR_EQUAL,
    FH_PROMISE_LESS,
    FH_PROMISE_LESS_OR_EQUAL,
    FH_PROMISE_BETWEEN, /* ends included */
    FH_PROMISE_NOT_BETWEEN,
    FH_PROMISE_OPERATOR_COUNT
};

struct fh_promise_bound {
    enum fh_promise_operator operator;
    const char *a; /* decimal in normal form; "true" or "false" for a Boolean of a sql rule */
    const char *b; /* BETWEEN, NOT_BETWEEN: the greater end; else NULL */
};

#define FH_PROMISE_NONE UINT32_MAX /* no table, no column */
enum { FH_PROMISE_NESTING_MAX = 8 };

struct fh_promise {
    const char *id;   /* see above: unique within the contract */
    const char *name; /* what the author calls it, or "" */
    const char *rule; /* "required", "nullValues", "latency": the key that promises it */
    enum fh_promise_category category;
    enum fh_promise_kind kind;
    const char *dimension; /* the author's, else the kind's default */
    enum fh_promise_severity severity;
    enum fh_promise_unit unit;
    struct fh_promise_bound bound; /* `a` is NULL for times, which have `duration` or `date_ms` */
    struct fh_duration duration;   /* FRESHNESS, RETENTION, FREQUENCY */
    int64_t date_ms;               /* AVAILABLE_FROM, SUPPORTED_UNTIL: first moment after it */
    const char *promised;          /* for people: "= 0 rows", "<= 5 percent", "<= P1D" */
    const char *not_run;           /* why it cannot be run at all, else NULL */

    /* what is looked at; all borrowed from the contract */
    uint32_t table;          /* index in contract->tables; FH_PROMISE_NONE for the product */
    uint32_t column;         /* index in the table's columns; FH_PROMISE_NONE for the table */
    const char *table_name;  /* "" for the product */
    const char *column_name; /* "total", "address.city", or "" */
    uint32_t depth;          /* nested column: names below the top one */
    const struct fh_contract_column *nested[FH_PROMISE_NESTING_MAX];
    uint32_t item_bits; /* bit i: nested[i] is the items of an array, not a property */
    const struct fh_contract_column *of; /* the column itself, also nested; NULL for a table */
    const struct fh_contract_quality *quality;
    const struct fh_contract_relationship *relationship;
    const struct fh_contract_sla *sla;
};

struct fh_promises {
    uint32_t count;
    struct fh_promise *items;
};

enum { FH_PROMISES_MAX = 10000 }; /* of one contract: 256 KiB of YAML hold some thousands */

/* Makes the list: schema by table and column, then quality, then SLA. Ids are unique. FH_ETOOBIG
 * beyond FH_PROMISES_MAX, FH_ENOMEM. */
FH_MUST_CHECK int fh_promises_make(struct fh_promises *out,
                                   const struct fh_contract *contract,
                                   struct fh_arena *arena,
                                   struct fh_err *err);

/* ---- results ------------------------------------------------------------------------------- */

/* X(NAME, code on the wire, text) */
#define FH_PROMISE_OUTCOMES(X)                                                                     \
    X(PASSED, 0, "passed")                                                                         \
    X(FAILED, 1, "failed")                                                                         \
    X(WARNED, 2, "warning")                                                                        \
    X(NOT_RUN, 3, "not_run")

enum fh_promise_outcome {
#define X(name, code, text) FH_PROMISE_##name = (code),
    FH_PROMISE_OUTCOMES(X)
#undef X
        FH_PROMISE_OUTCOME_COUNT
};
const char *fh_promise_outcome_text(enum fh_promise_outcome outcome);

enum { FH_PROMISE_MEASURED_BYTES = 80, FH_PROMISE_REASON_BYTES = 256 };

struct fh_promise_result {
    enum fh_promise_outcome outcome;
    char measured[FH_PROMISE_MEASURED_BYTES]; /* a decimal, "true", an ISO duration, an RFC 3339
                                                 date; "" when nothing was; never text of a row */
    char reason[FH_PROMISE_REASON_BYTES];     /* a sentence for failed, warning, not_run; or "" */
    uint64_t failing; /* rows that break it; rules over counts: rows that were counted */
    uint64_t total;   /* rows of the table; 0 when it has none or was not read */
};

/* What was measured, in the form that the kind needs. */
enum fh_measured_kind {
    FH_MEASURED_COUNT,   /* `count` of `total` rows */
    FH_MEASURED_NUMBER,  /* `text`: a decimal in normal form, "true", "false"; AVAILABILITY: percent
                          */
    FH_MEASURED_TIME,    /* `ms` since 1970: newest or oldest value */
    FH_MEASURED_SPAN,    /* `ms`: a length of time */
    FH_MEASURED_NOTHING, /* the column has no value, the query gave NULL */
};

struct fh_measured {
    enum fh_measured_kind kind;
    uint64_t count;
    uint64_t total;
    const char *text; /* borrowed */
    int64_t ms;
};

/* Decides one promise that could be measured at `now_ms`. NOTHING breaks bounds (there is no value
 * that could hold them) but is no reason against times of a table without rows: not run. */
void fh_promise_judge(struct fh_promise_result *out,
                      const struct fh_promise *promise,
                      const struct fh_measured *measured,
                      int64_t now_ms);

/* A result that says why it was not run. */
void fh_promise_not_run(struct fh_promise_result *out, const char *format, ...) FH_PRINTF(2, 3);

#endif
