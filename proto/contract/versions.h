/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions: which version may come next in a product's chain, and whether it says enough.
 *
 * The chain (contract_record.h) orders the records of a product; its versions run beside one
 * another by their major: 1.0.1 may follow 2.0.0, as a fix of what version 1 still serves.
 *
 *   - Within a major every version is greater than all of that major before it in the chain.
 *   - A new major is greater than every major before it; one that was left out is never filled in.
 *   - The contract is judged (compat.h) against the last release of its major before it. What
 *     breaks READER needs a new major, which is judged against nothing.
 *   - Of major 0 a minor version does what a major does elsewhere, as usual for 0.x.
 *   - A pre-release promises nothing: nothing is judged against it. What it may change itself is
 *     what the release that it leads to may: 1.1.0-rc.1 after 1.0.0 breaks no reader of 1.0.0.
 *
 * A peer that holds a part of the chain judges by that part.
 *
 * Does not: store, know records. Thread: any. Ownership: values; the held list is borrowed.
 */
#ifndef FH_PROTO_CONTRACT_VERSIONS_H
#define FH_PROTO_CONTRACT_VERSIONS_H

#include "common/limits.h"
#include "common/semver.h"
#include "proto/contract/compat.h"

/* A version of the chain that is held. */
struct fh_version {
    char text[FH_VERSION_BYTES_MAX + 1]; /* a semantic version */
    uint64_t seq;                        /* place in the chain, from 1 */
};

#define FH_VERSION_NONE SIZE_MAX

/* Checks that `next` fits where it stands among what is held of the product. `held`, in any order,
 * needs only the last of its major before it, the last release of those, the first of its major
 * after it, and the greatest of another major before it. `is_whole`: every record before it is
 * held, so that a major without one before it is new. Gives the index of the one that `next` is
 * judged against, or FH_VERSION_NONE. FH_ECHECK "contract.version.not_greater"; FH_EINVAL
 * "semver.form". */
FH_MUST_CHECK int fh_versions_place(const struct fh_version *held,
                                    size_t count,
                                    bool is_whole,
                                    const char *product,
                                    const struct fh_version *next,
                                    size_t *out_base,
                                    struct fh_err *err);

/* Whether `after` rises as far as this bump asks, from `before`. Anything does from a pre-release.
 */
bool fh_version_is_enough(const struct fh_semver *before,
                          const struct fh_semver *after,
                          enum fh_bump needed);

/* Writes the lowest release that is enough: "2.0.0". `needed` is not NONE. */
void fh_version_enough(char out[FH_VERSION_BYTES_MAX + 1],
                       const struct fh_semver *before,
                       enum fh_bump needed);

/* Judges the contract `after` by the one that its version follows. FH_ECHECK
 * "contract.version.bump_too_small" names the first change that is too much, its rule, how many
 * more there are, and the version that would do. FH_ENOMEM. */
FH_MUST_CHECK int fh_versions_judge(const struct fh_contract *before,
                                    const struct fh_contract *after,
                                    struct fh_arena *arena,
                                    struct fh_err *err);
/* The same for findings that are there already. */
FH_MUST_CHECK int fh_versions_allow(const struct fh_contract *before,
                                    const struct fh_contract *after,
                                    const struct fh_compat *compat,
                                    struct fh_err *err);

#endif
