/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar: the own products, and when each is due to be measured.
 *
 * By the cron schedules of its contract, the earliest of them; else so long after the last
 * measurement; at once when it was never measured. A measurement counts until the one after the
 * next is due: whoever misses one is told that the last is stale.
 *
 * Does not: read clocks, measure, know products without an announcement here. Thread: the loop's.
 * Ownership: keeps what its options name; an entry is lent until the next plan or publish.
 */
#ifndef FH_NODE_QUALITY_CALENDAR_H
#define FH_NODE_QUALITY_CALENDAR_H

#include "common/cron.h"
#include "node/state/catalog.h"

struct fh_calendar_options {
    struct fh_catalog *catalog;
    struct fh_domain_id domain; /* ours */
    uint64_t interval_s;        /* without a schedule; 0: never by itself */
    bool asleep;                /* nothing is due by itself */
};

enum {
    FH_CALENDAR_RETRY_MS = 5000
}; /* after a look that was not possible; twice as long each time */

/* One own product and major version. */
struct fh_calendar_entry {
    struct fh_announce_key key;
    struct fh_record_id contract;
    int64_t measured_ms; /* Unix; 0: never */
    int64_t due_ms;      /* INT64_MAX: never by itself */
    /* private */
    unsigned failures; /* looks in a row that were not possible */
    bool read;         /* the contract's schedules are known */
    unsigned cron_count;
    struct fh_cron *crons; /* NULL: by the interval */
};

struct fh_calendar {
    struct fh_calendar_options options;
    bool outdated; /* own products may be others than here: plan again */
    size_t count;
    struct fh_calendar_entry *entries; /* by key */
    size_t capacity;                   /* private */
};

void fh_calendar_init(struct fh_calendar *calendar, const struct fh_calendar_options *options);
void fh_calendar_fini(struct fh_calendar *calendar);

/* Whether products of this status (enum fh_announce_status) are measured. */
bool fh_calendar_is_measured(unsigned status);

/* Reads the own products anew from the catalogue; what is known of contracts that are still there
 * is kept. Their schedules are read later. */
FH_MUST_CHECK int fh_calendar_plan(struct fh_calendar *calendar, struct fh_err *err);
/* Reads schedules of contracts, a few at a time: about 1 ms each. Whether all are read. */
bool fh_calendar_read_some(struct fh_calendar *calendar);

/* An own product was published under this contract (borrowed). `measured_ms` 0: not measured yet.
 */
void fh_calendar_published(struct fh_calendar *calendar,
                           const struct fh_announcement *product,
                           const struct fh_contract *contract,
                           int64_t measured_ms);

/* NULL when there is none. */
struct fh_calendar_entry *fh_calendar_find(struct fh_calendar *calendar,
                                           const struct fh_announce_key *key);
struct fh_calendar_entry *fh_calendar_first(struct fh_calendar *calendar);

/* The product was measured, or could not be. */
void fh_calendar_measured(struct fh_calendar *calendar,
                          const struct fh_announce_key *key,
                          int64_t measured_ms);
void fh_calendar_failed(struct fh_calendar *calendar,
                        const struct fh_announce_key *key,
                        int64_t now_ms);

/* When a measurement under this contract expires. `out_again`: whether another one is due by itself
 * then. */
int64_t fh_calendar_expiry(const struct fh_calendar *calendar,
                           const struct fh_contract *contract,
                           int64_t measured_ms,
                           bool *out_again);

#endif
