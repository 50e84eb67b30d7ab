/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request: the target of an HTTP request, taken apart by one strict reading.
 *
 *     /v1/products/aviation/flights@1?format=yaml&tag=a&tag=b
 *     segments: v1, products, aviation, flights@1       arguments: format, tag, tag
 *
 * Each segment and argument is decoded once (%41) and then is text: UTF-8 without control
 * characters. What two readers could understand differently is refused instead of mended: empty
 * segments, ".", "..", an encoded "/", a fragment, an absolute URI, "%" without two digits. "+" is
 * a space in arguments alone, as forms write them.
 *
 * Does not: know which paths there are. Thread: distinct objects. Ownership: views into the arena.
 */
#ifndef FH_TOOLS_DOOR_HTTP_REQUEST_H
#define FH_TOOLS_DOOR_HTTP_REQUEST_H

#include "common/arena.h"
#include "common/err.h"
#include "common/limits.h"

enum {
    FH_HTTP_SEGMENTS_MAX = 8, /* the longest path has six */
};

struct fh_http_argument {
    const char *name;
    const char *value;
};

struct fh_http_target {
    size_t segment_count; /* 0: "/" */
    const char *segments[FH_HTTP_SEGMENTS_MAX];
    size_t argument_count;
    struct fh_http_argument arguments[FH_HTTP_ARGUMENTS_MAX];
};

/* Reads a target (borrowed). FH_EINVAL: rules "http.path", "http.query", "http.utf8"; FH_ETOOBIG
 * ("http.target.size", "http.path", "http.query"), FH_ENOMEM. */
FH_MUST_CHECK int fh_http_target_parse(struct fh_http_target *out,
                                       struct fh_bytes text,
                                       struct fh_arena *arena,
                                       struct fh_err *err);

/* The value of the argument, or NULL. One that is given twice is no argument of ours: see
 * fh_http_target_check. */
const char *fh_http_argument(const struct fh_http_target *target, const char *name);

/* Every argument must be one of `names` (a list that ends with NULL); only one whose name there
 * begins with "*" may come more than once. FH_EINVAL "http.argument" with what there is. */
FH_MUST_CHECK int fh_http_target_check(const struct fh_http_target *target,
                                       const char *const *names,
                                       struct fh_err *err);

/* A number of decimal digits, `least` to `most`; `fallback` when the argument is not there.
 * FH_EINVAL "http.argument". */
FH_MUST_CHECK int fh_http_argument_number(uint64_t *out,
                                          const struct fh_http_target *target,
                                          const char *name,
                                          uint64_t least,
                                          uint64_t most,
                                          uint64_t fallback,
                                          struct fh_err *err);

#endif
