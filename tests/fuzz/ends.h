/* SPDX-License-Identifier: Apache-2.0 */
/* What every reader of texts promises, for the fuzz targets of messages. */
#ifndef FH_TESTS_FUZZ_ENDS_H
#define FH_TESTS_FUZZ_ENDS_H

#include "common/assert.h"

#include <string.h>

/* A text that was taken ends inside its place. */
static inline void ends(const char *text, size_t size)
{
    FH_ASSERT(memchr(text, 0, size) != NULL);
}

#endif
