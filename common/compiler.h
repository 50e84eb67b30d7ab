/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiler attributes under our own names.
 *
 * gcc and clang only: scope cleanup (`FH_CLEANUP`) is part of how Freehold owns memory, and the
 * build refuses other compilers.
 *
 * Does not: emulate anything. Thread: n/a. Ownership: FH_TAKE hands a pointer out of a cleaned
 * scope and leaves NULL behind.
 */
#ifndef FH_COMMON_COMPILER_H
#define FH_COMMON_COMPILER_H

#define FH_MUST_CHECK        __attribute__((warn_unused_result))
#define FH_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define FH_UNUSED            __attribute__((unused))
#define FH_NORETURN          __attribute__((noreturn))
#define FH_PURE              __attribute__((pure))

/* Runs `fn(&variable)` when the variable leaves its scope. */
#define FH_CLEANUP(fn) __attribute__((cleanup(fn)))

/* The pointer, while the variable it came from becomes NULL. */
#define FH_TAKE(p)                                                                                 \
    __extension__({                                                                                \
        __typeof__(p) fh_taken_ = (p);                                                             \
        (p) = NULL;                                                                                \
        fh_taken_;                                                                                 \
    })

#define FH_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
