/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Barrier world: tables with masks, hidden columns and row filters, and the same tables as somebody
 * else masked and filtered them beforehand.
 *
 *     MASKED    the raw files, behind the barrier with their masks and filters
 *     PREPARED  files that hold what masks and filters leave, behind a barrier that hides nothing
 *     PLAIN     the same files, read by the query worker itself
 *
 * In MASKED and PREPARED the query worker has the same tables, of the same rows, from the same kind
 * of scan: whatever SQL does there, it must do the same, errors and the order of rows included.
 * PLAIN has another plan, and must have the same rows.
 *
 * What is masked, filtered and hidden is random in every run (its seed is printed). The masks of
 * the prepared files are made here, in C, from what view.h says, not by the code under test.
 *
 *     dom.people  id, grp, name (partial 1, 1), email (hash), salary (step 1000), born (year),
 *                 seen (hour), note (null), amount, score (step 10), flag, code, account (hash);
 *                 hidden: ssn, region, risk; filters: region, and risk or flag
 *     dom.orders  oid, person, price (step 5), day (month), item (partial 2, 0), qty (step 2);
 *                 hidden: margin; filter: margin
 *     dom.words   k, word, digest: open, with real names and addresses for those who guess
 *
 * Does not: pass SQL through the gate. Thread: one, but for barrier_world_ask. Ownership: its own.
 */
#ifndef FH_TESTS_NODE_WORKER_BARRIER_WORLD_H
#define FH_TESTS_NODE_WORKER_BARRIER_WORLD_H

#include "node/query/barrier_sql.h"
#include "tests/node/worker/rig.h"

enum barrier_side { BARRIER_MASKED, BARRIER_PREPARED, BARRIER_PLAIN, BARRIER_SIDES };

enum {
    BARRIER_TABLES = 2,
    BARRIER_PEOPLE = 300,
    BARRIER_ORDERS = 2600, /* more than a vector of DuckDB */
    BARRIER_CANARIES = 4 * BARRIER_PEOPLE + BARRIER_ORDERS,
    BARRIER_CANARY_DIGITS = 14, /* hexadecimal */
    BARRIER_CANARY_BYTES = 24,
};

/* One person that is there, and one that the filters take away, as they really are. */
struct barrier_person {
    long id;
    long salary;
    char name[32];
    char email[40];
    char ssn[24];
    char born[16];
    char code[24];
};

struct barrier_feed {
    uint64_t id;
    uint64_t scan;
};

/* The workers of one side. */
struct barrier_half {
    struct fh_worker *query;
    struct fh_worker *scanner; /* NULL at PLAIN */
    struct fh_masked_table tables[BARRIER_TABLES];
    struct fh_view views[BARRIER_TABLES];
    struct barrier_feed feeds[FH_WORKER_SCANS_MAX];
    unsigned feed_count;
    uint32_t position; /* of the failure of the last question, in its SQL */
};

struct barrier_world {
    struct rig rig;
    uint64_t seed;
    uint64_t random;
    struct barrier_half sides[BARRIER_SIDES];
    struct fh_mask_key keys[2];
    struct barrier_person shown;
    struct barrier_person gone;
    size_t canary_count;
    char canaries[BARRIER_CANARIES][BARRIER_CANARY_BYTES]; /* "": of one that is known */
    uint64_t canary_values[BARRIER_CANARIES];              /* ascending */
};

/* Aborts the test when anything fails. `seed` 0: a new one. */
void barrier_world_up(struct barrier_world *world, uint64_t seed);
void barrier_world_down(struct barrier_world *world);

/* Replaces workers that died. */
void barrier_world_revive(struct barrier_world *world);

/* Runs SQL at one side: a line of names and types, then a line a row. Any thread, one for each side
 * at a time. */
int barrier_world_ask(struct barrier_world *world,
                      enum barrier_side side,
                      const char *sql,
                      struct fh_buf *out,
                      struct fh_err *err);

/* Whether some hidden value stands in a text, in upper or lower case. */
bool barrier_world_leaks(const struct barrier_world *world, const char *text);

#endif
