/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"

#include <stdlib.h>
#include <string.h>

/* One of the few globals: tests inject failing allocations here. */
static fh_alloc_hook_fn *alloc_hook;

void fh_alloc_set_hook(fh_alloc_hook_fn *hook)
{
    alloc_hook = hook;
}

static bool allowed(size_t size)
{
    return alloc_hook == NULL || alloc_hook(size);
}

void *fh_alloc(size_t size)
{
    return allowed(size) ? malloc(size == 0 ? 1 : size) : NULL;
}

void *fh_calloc(size_t count, size_t size)
{
    return allowed(size) ? calloc(count == 0 ? 1 : count, size == 0 ? 1 : size) : NULL;
}

void *fh_realloc(void *p, size_t size)
{
    return allowed(size) ? realloc(p, size == 0 ? 1 : size) : NULL;
}

char *fh_strdup(const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = fh_alloc(size);
    if (copy != NULL) {
        memcpy(copy, s, size);
    }
    return copy;
}

void fh_free(void *p)
{
    free(p);
}
