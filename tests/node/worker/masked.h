/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masked: a query worker and a scan worker with a barrier between them, and the test as the node.
 *
 * Tables are added with a view; SQL then runs in the query worker as that of a consumer does, and
 * its answer comes as text (see rig.h). The barrier of a real node (node/query/barrier.c) does the
 * same on its loop and pool; here a thread waits for the scan worker.
 */
#ifndef FH_TESTS_NODE_WORKER_MASKED_H
#define FH_TESTS_NODE_WORKER_MASKED_H

#include "node/query/barrier_sql.h"
#include "tests/node/worker/rig.h"

#include <pthread.h>

enum { MASKED_TABLES_MAX = 16, MASKED_FEEDS_MAX = 256 };

struct masked_feed {
    uint64_t id;
    uint64_t scan;
    bool closed;
    bool over;
};

struct masked {
    struct rig *rig;
    struct fh_keystore *keys;
    struct fh_worker *query;
    struct fh_worker *scan;
    struct fh_masked_table tables[MASKED_TABLES_MAX];
    unsigned table_count;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct masked_feed feeds[MASKED_FEEDS_MAX];
    unsigned feed_count;
    unsigned open;
    bool quit;
    pthread_t waiter;
    const struct fh_gate *gate; /* of the query, whose wishes go to its scans; NULL: none do */
    struct fh_err lost;         /* why the scan worker ended */
    uint64_t wishes;            /* of the last query, that its scans tried */
    uint64_t columns;           /* scanned, of all feeds together */
    uint64_t scanned;           /* rows, of all feeds together */
    void (*on_open)(struct masked *masked, void *user);  /* called when a feed was started */
    void (*on_batch)(struct masked *masked, void *user); /* ... before each batch's credit */
    void *user;
    uint32_t window; /* of a query's batches; 0: as a node's */
};

/* Both workers with `threads` of DuckDB each. Aborts when anything fails, as the rig does. */
void masked_up(struct masked *masked, struct rig *rig, uint32_t threads);
void masked_down(struct masked *masked);

/* "name=view, ..." makes the views of a table's columns: hidden, null, hash, partial 1 2, step 10,
 * month; columns that are not named are as they are. The filters live as long as the rig. */
struct fh_view masked_view(struct rig *rig,
                           const struct fh_table *table,
                           const char *columns,
                           const char *const *filters,
                           uint32_t filter_count);

/* Adds a table of one file behind a view (both kept). FH_OK, or what adding it says. */
int masked_add(struct masked *masked,
               const struct fh_table *table,
               const struct fh_view *view,
               int file,
               struct fh_err *err);

int masked_query(struct masked *masked, const char *sql, struct fh_buf *out, struct fh_err *err);
void masked_expect(struct masked *masked, const char *sql, const char *expected);
void masked_refuse(struct masked *masked, const char *sql, int code, const char *rule);
/* Waits until no feed is open; false when that takes longer than `ms`. */
bool masked_quiet(struct masked *masked, int ms);

#endif
