/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/outcome.h"

#include "common/compiler.h"

#include <stddef.h>

static const char *const category_texts[] = {
#define X(name, code, text) [code] = (text),
    FH_PROMISE_CATEGORIES(X)
#undef X
};

static const char *const outcome_texts[] = {
#define X(name, code, text) [code] = (text),
    FH_PROMISE_OUTCOMES(X)
#undef X
};

const char *fh_promise_category_text(enum fh_promise_category category)
{
    return (size_t)category < FH_COUNT(category_texts) ? category_texts[category] : "unknown";
}

const char *fh_promise_outcome_text(enum fh_promise_outcome outcome)
{
    return (size_t)outcome < FH_COUNT(outcome_texts) ? outcome_texts[outcome] : "unknown";
}
