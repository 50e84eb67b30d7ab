/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of contracts in the language of the engine.
 *
 * `pattern` is an ECMA-262 regular expression that is searched for in the value; DuckDB searches
 * with RE2. What both have is rewritten where it is spelled differently (\\u00e9, named groups,
 * what a dot and \\s cover); what RE2 cannot do at all (look-around, back references) is refused
 * with a reason, never approximated. `format` of dates and times is a pattern of the JDK's
 * DateTimeFormatter; it becomes a regular expression for the shape and a strptime format for the
 * value. Formats of strings (email, uuid, ...) are regular expressions of our own.
 *
 * Does not: compile or match. Thread: any; values.
 * Sources: ECMA-262 section 22.2; RE2 syntax page; java.time.format.DateTimeFormatter; RFC 5321,
 * 9562, 3986, 1123, 4291, 4648.
 */
#ifndef FH_PROTO_QUALITY_PATTERN_H
#define FH_PROTO_QUALITY_PATTERN_H

#include "common/bytes.h"
#include "common/err.h"

/* Appends the RE2 form of an ECMA-262 pattern. FH_EINVAL ("pattern.engine") says what RE2 lacks. */
FH_MUST_CHECK int fh_pattern_re2(struct fh_buf *out, const char *ecma, struct fh_err *err);

/* The RE2 expression that a whole string of this format matches; NULL for a format that is none of
 * email, uuid, uri, hostname, ipv4, ipv6, byte. */
const char *fh_pattern_format(const char *format);

/* Appends the shape (RE2, to be matched whole) and the strptime format of a JDK pattern;
 * `out_strptime` stays empty where strptime has no such field. FH_EINVAL ("pattern.date") names the
 * letter that is not known. */
FH_MUST_CHECK int fh_pattern_date(struct fh_buf *out_shape,
                                  struct fh_buf *out_strptime,
                                  const char *jdk,
                                  struct fh_err *err);

#endif
