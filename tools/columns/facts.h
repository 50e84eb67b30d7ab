/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts: what an answer says of itself, as names and texts that a columnar format carries beside
 * the rows.
 *
 *     at the beginning
 *         freehold.request   "fhr1...", the signed request
 *         freehold.products  "aviation/flights@1.2.0 wildlife/birdstrikes@1.0.0", each once
 *         freehold.sources   JSON, for each table read: domain, product, version, table, contract
 *         freehold.limited   JSON, for each table that is not all there: columns masked, rows
 *                            filtered; absent without any
 *     at the verified end
 *         freehold.receipt   "fhr1...", the receipt
 *         freehold.policy    "fhr1...", under which the signer of the receipt answered; absent
 *                            without one
 *         freehold.owner     name of the domain whose node answered
 *         freehold.node      "fhn1...", that node
 *         freehold.rows      how many rows the receipt counts
 *         freehold.notices   JSON, for each product that is a draft, deprecated or breaks its
 *                            promises; absent without any
 *
 * Does not: hold a value of a row. Thread: distinct objects. Ownership: texts are the facts' own.
 */
#ifndef FH_TOOLS_COLUMNS_FACTS_H
#define FH_TOOLS_COLUMNS_FACTS_H

#include "common/bytes.h"
#include "common/err.h"

struct freehold_result;

enum { FH_FACTS_MAX = 13 };

struct fh_facts {
    struct fh_buf text;
    size_t count;
    struct {
        const char *name; /* static */
        size_t at;        /* in `text` */
        size_t size;
    } facts[FH_FACTS_MAX];
};

void fh_facts_init(struct fh_facts *facts);
void fh_facts_fini(struct fh_facts *facts);
/* Adds one; `name` is kept. */
void fh_facts_add(struct fh_facts *facts, const char *name, struct fh_bytes value);
/* What is known before the first row. FH_ENOMEM, FH_ETOOBIG. */
FH_MUST_CHECK int
fh_facts_begin(struct fh_facts *facts, const struct freehold_result *result, struct fh_err *err);
/* What is known behind the last row, when the receipt is verified. FH_ENOMEM, FH_ETOOBIG. */
FH_MUST_CHECK int
fh_facts_end(struct fh_facts *facts, const struct freehold_result *result, struct fh_err *err);
/* A value, lent until the next call that adds. `index` < count. */
struct fh_bytes fh_facts_value(const struct fh_facts *facts, size_t index);

#endif
