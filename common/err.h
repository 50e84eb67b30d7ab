/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error: a code, the rule that was broken, and one sentence for a person.
 *
 * A function that can fail returns `int`: 0 or one of `enum fh_code`. Where the reason matters it
 * also takes `struct fh_err *err`, last, kept in the caller's frame; no allocation. A layer on the
 * way up may prefix context: "query 42: contract orders: column ssn: not granted".
 *
 * Does not: travel. A remote party gets the code, the rule and, where the sentence was built from
 * its own input or public records, the sentence; never local context (paths, values).
 * Thread: distinct objects. Ownership: plain value.
 */
#ifndef FH_COMMON_ERR_H
#define FH_COMMON_ERR_H

#include "common/compiler.h"

#include <stdint.h>

/* X(name, wire code, exit code of the CLI, fixed public text) */
#define FH_CODES(X)                                                                                \
    X(FH_OK, 0, 0, "ok")                                                                           \
    X(FH_EINVAL, 1, 1, "invalid input")                                                            \
    X(FH_ETOOBIG, 2, 1, "a limit was exceeded")                                                    \
    X(FH_ENOMEM, 3, 1, "out of memory")                                                            \
    X(FH_EIO, 4, 1, "input or output failed")                                                      \
    X(FH_ENOTFOUND, 5, 1, "not found")                                                             \
    X(FH_EEXIST, 6, 1, "exists already")                                                           \
    X(FH_ESTATE, 7, 1, "not possible in this state")                                               \
    X(FH_ECHECK, 8, 1, "a check failed")                                                           \
    X(FH_ESQL, 9, 1, "the query is not valid")                                                     \
    X(FH_ECANCELLED, 10, 1, "cancelled")                                                           \
    X(FH_EINTERNAL, 11, 1, "internal error")                                                       \
    X(FH_EUSAGE, 12, 2, "wrong usage")                                                             \
    X(FH_EUNREACH, 13, 3, "unreachable")                                                           \
    X(FH_ETIMEOUT, 14, 3, "timed out")                                                             \
    X(FH_EBUSY, 15, 3, "busy, try again later")                                                    \
    X(FH_EPROTO, 16, 3, "the peer broke the protocol")                                             \
    X(FH_EVERSION, 17, 3, "no common protocol version")                                            \
    X(FH_EINCOMPLETE, 18, 3, "the answer is incomplete")                                           \
    X(FH_EDENIED, 19, 4, "denied")                                                                 \
    X(FH_ESIG, 20, 5, "a signature or an identity does not verify")                                \
    X(FH_EFORK, 21, 5, "two signed records contradict each other")                                 \
    X(FH_ESTALE, 22, 5, "older than what is known")

enum fh_code {
#define X(name, wire, exit, text) name = (wire),
    FH_CODES(X)
#undef X
};

enum {
    FH_ERR_TEXT_BYTES = 640, /* one sentence with a place; longer ones are cut with an ellipsis */
    FH_ERR_RULE_BYTES = 48,  /* "contract.version.replayed" */
};

struct fh_err {
    int code;                     /* enum fh_code */
    char rule[FH_ERR_RULE_BYTES]; /* dotted name of the rule that refused, or "" */
    char text[FH_ERR_TEXT_BYTES]; /* one sentence: what, where, what would be right */
    uint32_t retry_after_ms;      /* when it is worth asking again; 0: nothing is known of that */
};

/* Fills `err` (may be NULL) and returns `code`, so that callers write `return fh_err_set(...)`. */
int fh_err_set(struct fh_err *err, int code, const char *format, ...) FH_PRINTF(3, 4);

/* The same with the dotted name of the rule that refused. `rule` is borrowed. */
int fh_err_rule(struct fh_err *err, int code, const char *rule, const char *format, ...)
    FH_PRINTF(4, 5);

/* Says of an error that was set when it is worth asking again; at most some 49 days. */
void fh_err_retry(struct fh_err *err, int64_t after_ms);

/* Prefixes "context: " to the text and returns err->code. `err` may be NULL (returns FH_EINTERNAL).
 */
int fh_err_wrap(struct fh_err *err, const char *format, ...) FH_PRINTF(2, 3);

/* Fixed public text, name ("FH_EINVAL") and CLI exit code of a code; unknown codes read as
 * internal. */
const char *fh_code_text(int code);
const char *fh_code_name(int code);
int fh_code_exit(int code);

#endif
