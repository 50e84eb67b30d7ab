/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions as the clients of PostgreSQL write them, matched in linear time.
 *
 * A pattern becomes a small program whose threads all run side by side over the text (Thompson),
 * so that no pattern of a stranger is slow: a search costs at most (text x program) steps, which
 * are counted. Has: . [] [^] [:class:] ^ $ * + ? {m,n} | () (?:) \d \w \s \D \W \S, non-greedy
 * marks (which do not matter for a search). Letters fold in ASCII only.
 *
 * Does not: capture, look around, refer back (refused). Thread: immutable after compiling.
 * Sources: PostgreSQL 15 manual, section 9.7.3.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_REGEX_H
#define FH_TOOLS_DOOR_PGCAT_REGEX_H

#include "common/bytes.h"
#include "common/err.h"

struct fh_regex;

/* `fold`: letters of ASCII match in either case. FH_ESQL (pgcat.value), FH_ENOMEM. Given. */
FH_MUST_CHECK int
fh_regex_new(struct fh_regex **out, struct fh_bytes pattern, bool fold, struct fh_err *err);
void fh_regex_free(struct fh_regex *regex);

enum fh_regex_found { FH_REGEX_NO, FH_REGEX_YES, FH_REGEX_SPENT /* no step was left */ };

/* Whether the pattern occurs in the text. Takes what it uses from `*steps`. */
enum fh_regex_found
fh_regex_search(const struct fh_regex *regex, struct fh_bytes text, uint64_t *steps);

#endif
