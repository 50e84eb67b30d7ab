/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness of the operating system: seeds of keys, boot ids, request ids.
 *
 * The one place where daemon and CLI draw randomness; `proto/` receives it as values.
 *
 * Does not: seed a generator of its own. Thread: any. Ownership: writes to the caller's memory.
 */
#ifndef FH_COMMON_ENTROPY_H
#define FH_COMMON_ENTROPY_H

#include "common/compiler.h"

#include <stddef.h>

/* Fills `out` with unpredictable bytes (getrandom(2), no flags: waits once after boot until the
 * kernel is ready). A kernel that refuses ends the process: there is no safe way on. */
void fh_entropy(void *out, size_t size);

#endif
