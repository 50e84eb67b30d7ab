/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/promise.h"

#include "common/assert.h"
#include "proto/quality/promise_build.h"

#include <string.h>

static const char *const categories[] = {
#define X(name, code, text) [code] = (text),
    FH_PROMISE_CATEGORIES(X)
#undef X
};

static const char *const outcomes[] = {
#define X(name, code, text) [code] = (text),
    FH_PROMISE_OUTCOMES(X)
#undef X
};

const char *fh_promise_category_text(enum fh_promise_category category)
{
    FH_ASSERT((unsigned)category < FH_COUNT(categories));
    return categories[category];
}

enum fh_promise_category fh_promise_category_parse(const char *text)
{
    unsigned i = 0;
    while (i < FH_COUNT(categories) && strcmp(categories[i], text) != 0) {
        i++;
    }
    return (enum fh_promise_category)i;
}

const char *fh_promise_outcome_text(enum fh_promise_outcome outcome)
{
    FH_ASSERT((unsigned)outcome < FH_COUNT(outcomes));
    return outcomes[outcome];
}

int fh_promises_make(struct fh_promises *out,
                     const struct fh_contract *contract,
                     struct fh_arena *arena,
                     struct fh_err *err)
{
    struct fh_promise_build build = {.contract = contract, .arena = arena};
    for (uint32_t i = 0; i < contract->tables.count; i++) {
        fh_promise_table(&build, i);
    }
    fh_promise_slas(&build);
    fh_promise_make_unique(&build);
    if (build.failed == FH_ETOOBIG) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "promise.count",
                           "the contract promises more than %d things",
                           FH_PROMISES_MAX);
    }
    if (build.failed != FH_OK) {
        return fh_err_set(err, build.failed, "no memory for the promises of a contract");
    }
    *out = (struct fh_promises){.count = build.count, .items = build.items};
    return FH_OK;
}
