/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SLA order: which of two values of one SLA property promises more.
 *
 * The standard lists the properties and leaves their values open: a number with a unit, an ISO 8601
 * duration, a percentage, a date. Seconds to weeks are exact multiples of one another, and so are
 * months and years; the two kinds are not compared. Of some properties more is better (retention,
 * availability), of others less (latency, error rate); of a property that the standard does not
 * list nothing is known.
 *
 * Does not: know the time. Thread: any. Ownership: borrows.
 */
#ifndef FH_PROTO_CONTRACT_SLA_ORDER_H
#define FH_PROTO_CONTRACT_SLA_ORDER_H

#include "proto/contract/value_order.h"

/* TIGHTER: the second promises more. SAME also for 24 h after 1 d. */
enum fh_order fh_order_sla(const struct fh_contract_sla *before,
                           const struct fh_contract_sla *after);

#endif
