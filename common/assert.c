/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"

#include <stdio.h>
#include <stdlib.h>

void fh_assert_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "freehold: assertion failed: %s (%s:%d)\n", expression, file, line);
    abort();
}
