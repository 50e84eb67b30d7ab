/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watch: reads on in the nodes' logs and in files that change below their folders, and finds
 * canaries there.
 *
 * Does not: look at files that have not changed since the last look. Thread: any; one look at a
 * time. Ownership: paths are borrowed for the life of the watch.
 */
#ifndef FH_TESTS_ATTACK_WATCH_H
#define FH_TESTS_ATTACK_WATCH_H

#include "tests/attack/canaries.h"

#include <pthread.h>

enum { FH_WATCHED_MAX = 16, FH_WATCH_TEXT_BYTES = 512 };

struct fh_watch {
    pthread_mutex_t lock;
    const struct fh_canaries *canaries;
    const char *logs[FH_WATCHED_MAX];
    long log_at[FH_WATCHED_MAX]; /* read as far */
    size_t log_count;
    const char *folders[FH_WATCHED_MAX];
    size_t folder_count;
    int64_t began_ns; /* of the wall clock; what was planted is older */
    int64_t since_ns; /* files older than that were looked at */
};

void fh_watch_init(struct fh_watch *watch, const struct fh_canaries *canaries);

/* Looks at what came since the last look. Whether all is well; else `out` says what is where. */
bool fh_watch_look(struct fh_watch *watch, char out[FH_WATCH_TEXT_BYTES]);

/* The same at every file that changed since fh_watch_init, once more and as a whole. */
bool fh_watch_look_at_all(struct fh_watch *watch, char out[FH_WATCH_TEXT_BYTES]);

#endif
