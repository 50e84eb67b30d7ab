/* SPDX-License-Identifier: Apache-2.0 */
#include "common/entropy.h"

#include "common/assert.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/types.h>

void fh_entropy(void *out, size_t size)
{
    uint8_t *at = out;
    while (size > 0) {
        ssize_t n = getrandom(at, size, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        FH_ASSERT(n > 0);
        at += n;
        size -= (size_t)n;
    }
}
