/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FH_WIDE: for a small function that is one loop over many values. It is compiled once more for
 * processors with wide vectors, and the one that fits the machine is taken when the program is
 * loaded.
 *
 * Does not: do anything elsewhere than with GCC on x86-64; the loops are right as they stand.
 */
#ifndef FH_COMMON_WIDE_H
#define FH_COMMON_WIDE_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FH_WIDE                                                                                    \
    __attribute__((optimize("O3"), target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define FH_WIDE
#endif

#endif
