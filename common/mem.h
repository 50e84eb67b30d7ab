/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation with a hook, and multiplications that cannot wrap.
 *
 * Everything in common, proto and the client library allocates here, so that a test can make the
 * n-th allocation fail. Secrets never live in this memory (see proto/wire/crypto.h).
 *
 * Thread: any; the hook is set before threads start. Ownership: results are given, fh_free ends
 * them.
 */
#ifndef FH_COMMON_MEM_H
#define FH_COMMON_MEM_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* NULL when there is no memory. A size of 0 gives a pointer that may be freed. */
FH_MUST_CHECK void *fh_alloc(size_t size);
/* Zeroed array; NULL when count * size wraps or there is no memory. */
FH_MUST_CHECK void *fh_calloc(size_t count, size_t size);
FH_MUST_CHECK void *fh_realloc(void *p, size_t size);
/* A copy of a C string; NULL when there is no memory. */
FH_MUST_CHECK char *fh_strdup(const char *s);
void fh_free(void *p);

/* FH_CLEANUP helper for any pointer variable that fh_free ends. */
static inline void fh_freep(void *pointer_to_pointer)
{
    fh_free(*(void **)pointer_to_pointer);
}

/* Asked before each allocation; false makes it fail. NULL (the default) lets all pass. Tests only.
 */
typedef bool fh_alloc_hook_fn(size_t size);
void fh_alloc_set_hook(fh_alloc_hook_fn *hook);

#endif
