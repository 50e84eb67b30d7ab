/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a check, shared by checks.c (begin, end, the order of things), probing.c (one scan
 * a table) and sampling.c (failing rows). Nobody else includes it.
 */
#ifndef FH_NODE_QUALITY_CHECKS_INSIDE_H
#define FH_NODE_QUALITY_CHECKS_INSIDE_H

#include "node/quality/checks.h"
#include "node/quality/rules.h"
#include "node/quality/sources.h"

struct fh_checks {
    struct fh_checks_options options;
    fh_checks_fn *fn;
    void *user;
    struct fh_arena *arena;
    struct fh_worker *prober; /* of role check */
    struct fh_worker *ruler;  /* of role query; NULL when no promise needs it */
    struct fh_check_sources sources;
    struct fh_promises promises;
    struct fh_promise_result *results;
    const uint8_t **missing; /* by table; NULL: not read */
    uint64_t *rows;
    uint64_t *scan_us;
    struct fh_err *failures;
    struct fh_checks_sample *samples;
    uint32_t sample_count;
    int64_t deadline_ms;
    int code;
    struct fh_err err;
};

/* Pool thread. Measures every promise of a table that its own rows answer. FH_ETIMEOUT, FH_EIO when
 * the worker is gone; a source that cannot be read is a result. */
FH_MUST_CHECK int fh_checks_probe(struct fh_checks *checks, uint32_t table);
/* Pool thread. Fetches failing rows of what failed. */
FH_MUST_CHECK int fh_checks_sample(struct fh_checks *checks);

#endif
