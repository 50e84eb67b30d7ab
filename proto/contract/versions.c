/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/versions.h"

#include "common/assert.h"

#include <inttypes.h>
#include <stdio.h>

/* --- places --- */

static int not_greater(const char *product,
                       const struct fh_version *next,
                       const struct fh_version *held,
                       struct fh_err *err)
{
    bool before = held->seq < next->seq;
    return fh_err_rule(err,
                       FH_ECHECK,
                       "contract.version.not_greater",
                       "version %s of %s is not %s than %s, which is number %" PRIu64
                       " of its chain; this is number %" PRIu64,
                       next->text,
                       product,
                       before ? "greater" : "less",
                       held->text,
                       held->seq,
                       next->seq);
}

static int passed(const char *product,
                  const struct fh_version *next,
                  const struct fh_version *greatest,
                  struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_ECHECK,
                       "contract.version.not_greater",
                       "version %s of %s is not greater than %s, and nothing of its major was "
                       "published before: a new major is greater than every one before it",
                       next->text,
                       product,
                       greatest->text);
}

int fh_versions_place(const struct fh_version *held,
                      size_t count,
                      bool is_whole,
                      const char *product,
                      const struct fh_version *next,
                      size_t *out_base,
                      struct fh_err *err)
{
    struct fh_semver version;
    struct fh_semver base = {0};
    size_t base_at = FH_VERSION_NONE;
    const struct fh_version *greatest = NULL; /* of another, greater major before this one */
    bool is_new_major = true;
    int code = fh_semver_parse(&version, next->text, err);
    for (size_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_semver other;
        code = fh_semver_parse(&other, held[i].text, err);
        if (code != FH_OK) {
            break;
        }
        bool is_before = held[i].seq < next->seq;
        if (other.major != version.major) {
            greatest = is_before && other.major > version.major ? &held[i] : greatest;
            continue;
        }
        int order = fh_semver_compare(&version, &other);
        if (is_before ? order <= 0 : order >= 0) {
            return not_greater(product, next, &held[i], err);
        }
        is_new_major = is_new_major && !is_before;
        bool is_release = other.prerelease.size == 0;
        if (is_before && is_release &&
            (base_at == FH_VERSION_NONE || fh_semver_compare(&other, &base) > 0)) {
            base = other;
            base_at = i;
        }
    }
    if (code != FH_OK) {
        return code;
    }
    if (is_new_major && is_whole && greatest != NULL) {
        return passed(product, next, greatest, err);
    }
    *out_base = base_at;
    return FH_OK;
}

/* --- bumps --- */

/* What the bump asks for where major is 0: there a minor version may do anything. */
static enum fh_bump in_major(uint32_t major, enum fh_bump needed)
{
    return major > 0 || needed < FH_BUMP_MINOR ? needed
           : needed == FH_BUMP_MAJOR           ? FH_BUMP_MINOR
                                               : FH_BUMP_PATCH;
}

bool fh_version_is_enough(const struct fh_semver *before,
                          const struct fh_semver *after,
                          enum fh_bump needed)
{
    if (fh_semver_compare(after, before) <= 0) {
        return needed == FH_BUMP_NONE;
    }
    if (before->prerelease.size > 0 || after->major > before->major) {
        return true;
    }
    switch (in_major(before->major, needed)) {
    case FH_BUMP_MAJOR:
        return false;
    case FH_BUMP_MINOR:
        return after->minor > before->minor;
    case FH_BUMP_PATCH:
    case FH_BUMP_NONE:
    case FH_BUMP_COUNT:
        break;
    }
    return true;
}

void fh_version_enough(char out[FH_VERSION_BYTES_MAX + 1],
                       const struct fh_semver *before,
                       enum fh_bump needed)
{
    FH_ASSERT(needed > FH_BUMP_NONE && needed < FH_BUMP_COUNT);
    uint64_t major = before->major;
    uint64_t minor = before->minor;
    uint64_t patch = before->patch;
    switch (in_major(before->major, needed)) {
    case FH_BUMP_MAJOR:
        major++;
        minor = patch = 0;
        break;
    case FH_BUMP_MINOR:
        minor++;
        patch = 0;
        break;
    case FH_BUMP_PATCH:
    case FH_BUMP_NONE:
    case FH_BUMP_COUNT:
        patch++;
        break;
    }
    snprintf(
        out, FH_VERSION_BYTES_MAX + 1, "%" PRIu64 ".%" PRIu64 ".%" PRIu64, major, minor, patch);
}

/* --- judging --- */

static int too_small(const struct fh_contract *before,
                     const struct fh_contract *after,
                     const struct fh_semver *version,
                     const struct fh_compat *compat,
                     struct fh_err *err)
{
    const struct fh_compat_finding *first = NULL;
    size_t more = 0;
    char enough[FH_VERSION_BYTES_MAX + 1];
    fh_version_enough(enough, version, compat->needed);
    for (size_t i = 0; i < compat->count; i++) {
        if (compat->items[i].rule->bump == compat->needed) {
            more += first != NULL;
            first = first == NULL ? &compat->items[i] : first;
        }
    }
    FH_ASSERT(first != NULL);
    char rest[64] = "";
    if (more > 0) {
        snprintf(rest, sizeof rest, " (and %zu more like it)", more);
    }
    return fh_err_rule(err,
                       FH_ECHECK,
                       "contract.version.bump_too_small",
                       "%.63s %s %s %s: %.160s: %s [%s]%s; it must be %s or greater",
                       after->name == NULL ? "" : after->name,
                       after->version,
                       compat->needed == FH_BUMP_MAJOR ? "breaks readers of"
                                                       : "is more than a fix of",
                       before->version,
                       first->change->path,
                       first->rule->sentence,
                       first->rule->id,
                       rest,
                       enough);
}

int fh_versions_allow(const struct fh_contract *before,
                      const struct fh_contract *after,
                      const struct fh_compat *compat,
                      struct fh_err *err)
{
    struct fh_semver old;
    struct fh_semver new;
    int code = fh_semver_parse(&old, before->version, err);
    if (code == FH_OK) {
        code = fh_semver_parse(&new, after->version, err);
    }
    if (code != FH_OK || fh_version_is_enough(&old, &new, compat->needed)) {
        return code;
    }
    return compat->needed == FH_BUMP_NONE ? FH_OK /* it is not greater: fh_versions_place says so */
                                          : too_small(before, after, &old, compat, err);
}

int fh_versions_judge(const struct fh_contract *before,
                      const struct fh_contract *after,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    static const struct fh_compat_options options = {.without_servers = true};
    struct fh_compat compat;
    int code = fh_compat_judge(&compat, before, after, &options, arena, err);
    return code == FH_OK ? fh_versions_allow(before, after, &compat, err) : code;
}
