/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semantic versions (semver.org 2.0.0): strict reading and precedence.
 *
 * Does not: accept "v1.0.0" or "1.0". Thread: any. Ownership: plain value; the pre-release is a
 * view of the text that was read (borrowed).
 */
#ifndef FH_COMMON_SEMVER_H
#define FH_COMMON_SEMVER_H

#include "common/bytes.h"
#include "common/err.h"

struct fh_semver {
    uint32_t major;
    uint32_t minor;
    uint32_t patch;
    struct fh_bytes prerelease; /* without '-'; empty for a release */
};

/* Reads `text` (at most FH_VERSION_BYTES_MAX bytes). FH_EINVAL with rule "semver.form" and what
 * would be right. */
FH_MUST_CHECK int fh_semver_parse(struct fh_semver *out, const char *text, struct fh_err *err);

/* Precedence by section 11: <0, 0, >0. Build metadata does not count. */
int fh_semver_compare(const struct fh_semver *a, const struct fh_semver *b);

#endif
