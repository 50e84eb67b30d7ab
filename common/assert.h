/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions that stay on in release builds.
 *
 * They state what the program itself guarantees. Bytes from a wire, a disk, YAML or SQL are never
 * asserted on: those are errors (`common/err.h`).
 *
 * Does not: evaluate FH_ASSERT_SLOW outside debug builds. Thread: any.
 */
#ifndef FH_COMMON_ASSERT_H
#define FH_COMMON_ASSERT_H

#include "common/compiler.h"

/* Prints the failed expression with its place to stderr and aborts. */
FH_NORETURN void fh_assert_failed(const char *expression, const char *file, int line);

#define FH_ASSERT(e) ((e) ? (void)0 : fh_assert_failed(#e, __FILE__, __LINE__))

#ifdef NDEBUG
#define FH_ASSERT_SLOW(e) ((void)sizeof(e))
#else
#define FH_ASSERT_SLOW(e) FH_ASSERT(e)
#endif

#endif
