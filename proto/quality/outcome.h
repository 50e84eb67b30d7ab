/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes and categories of promises: their codes on the wire and their texts.
 *
 * Thread: any.
 */
#ifndef FH_PROTO_QUALITY_OUTCOME_H
#define FH_PROTO_QUALITY_OUTCOME_H

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
const char *fh_promise_category_text(enum fh_promise_category category);

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

#endif
