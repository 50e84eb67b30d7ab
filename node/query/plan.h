/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan: the tables that a query names, as the catalogue knows them.
 *
 * Resolves what the gate found (domain.product, domain.product.table, domain.product__table, with
 * domain."product@1" for a major version) to products with columns and owners, and says who should
 * run the query: the one owner of all tables, or the entry peer when there are several.
 *
 * Does not: decide on access or open sources. Thread: the loop's. Ownership: tables live in the
 * arena.
 */
#ifndef FH_NODE_QUERY_PLAN_H
#define FH_NODE_QUERY_PLAN_H

#include "node/query/gate.h"
#include "node/state/catalog.h"
#include "proto/governance/view.h"

struct fh_right; /* rights.h */

struct fh_msg_waived; /* proto/session/messages_waived.h */

struct fh_plan_table {
    struct fh_catalog_table table;
    const char *written;          /* product as the SQL writes it, "flights@1" included */
    bool sole;                    /* the only table of its product */
    const struct fh_view *view;   /* what the consumer may see of an own table; NULL: all of it */
    const struct fh_right *right; /* where that comes from; NULL: it was not asked */
    bool filtered;                /* not all rows are there for the consumer; own or another's */
    uint32_t group_size;          /* rows are there by groups of at least so many; 0: one by one */
    uint32_t masked_count;        /* columns that are masked for the consumer, or means of groups */
    const char **masked;
    uint32_t waived_count; /* rules that do not bind the consumer here, by waivers */
    const struct fh_msg_waived *waived;
};

struct fh_plan {
    uint32_t table_count; /* each (product version, table) once */
    struct fh_plan_table *tables;
    bool joined; /* several owners */
};

/* FH_ENOTFOUND ("domain.unknown", "product.unknown", "product.table.unknown"), FH_ESQL
 * ("sql.table.unqualified"), FH_EINCOMPLETE (contract not here yet), FH_ENOMEM. */
FH_MUST_CHECK int fh_plan_make(struct fh_plan *out,
                               const struct fh_gate *gate,
                               struct fh_catalog *catalog,
                               struct fh_arena *arena,
                               struct fh_err *err);

/* Whether the product's status lets this consumer read it: FH_EDENIED "product.retired" (the text
 * names the successor) and "product.draft" (read by its own domain alone). The entry peer asks when
 * it plans, the owner before it serves. */
FH_MUST_CHECK int fh_plan_check_served(const struct fh_plan_table *table,
                                       const struct fh_domain_id *consumer,
                                       struct fh_err *err);

/* Whether the product's quality gate lets the consumer's domain read the table: by the last
 * measurement that is known here. FH_EDENIED, rule "product.quality.blocked", naming the promises
 * that failed and when that was found. */
FH_MUST_CHECK int fh_plan_check_quality(struct fh_catalog *catalog,
                                        const struct fh_plan_table *table,
                                        const struct fh_domain_id *consumer,
                                        struct fh_err *err);

#endif
