/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking: one consumer with a warm session, who asks a statement and holds everything that came
 * back against outcomes and canaries.
 *
 * Thread: one at a time for a consumer. Ownership: fh_consumer_fini.
 */
#ifndef FH_TESTS_ATTACK_ASKING_H
#define FH_TESTS_ATTACK_ASKING_H

#include "tests/attack/canaries.h"
#include "tests/attack/cases.h"
#include "tools/client/freehold.h"

struct fh_consumer {
    struct freehold_options how; /* its texts are borrowed */
    struct freehold_client *client;
    struct fh_buf rows;   /* cells between bars, rows between " / " */
    struct fh_buf beside; /* names of columns, error, notices */
    struct fh_buf columns;
    uint64_t row_count;
    int code;
    struct freehold_error error;
    int64_t took_us;
};

void fh_consumer_init(struct fh_consumer *consumer, const struct freehold_options *how);
void fh_consumer_fini(struct fh_consumer *consumer);

/* Asks, in a new session when the last one is gone. */
void fh_consumer_ask(struct fh_consumer *consumer, const char *sql, uint32_t deadline_ms);

/* Whether one of the outcomes came true. */
bool fh_consumer_expected(struct fh_consumer *consumer, const struct fh_attack *attack);

/* A canary in what came back, or NULL. */
const char *fh_consumer_leak(const struct fh_consumer *consumer,
                             const struct fh_canaries *canaries);

/* What came back, in a line: "refused RULE: TEXT" or "answers ...". */
void fh_consumer_tell(struct fh_consumer *consumer, char *out, size_t size);

#endif
