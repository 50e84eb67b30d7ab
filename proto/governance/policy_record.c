/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy_record.h"

#include "common/assert.h"
#include "common/semver.h"
#include "proto/identity/keylog.h"
#include "proto/wire/pack.h"

#include <string.h>

enum { RECORD_FORM = 1 };

void fh_policy_record_encode(struct fh_buf *out, const struct fh_policy_record *record)
{
    FH_ASSERT(record->seq >= 1);
    FH_ASSERT((record->seq == 1) == fh_record_id_is_zero(&record->prev));
    FH_ASSERT(record->created_ms >= 0);
    FH_ASSERT(record->until_ms >= 0);
    fh_pack_map(out, 9);
    fh_pack_cstr(out, "created");
    fh_pack_uint(out, (uint64_t)record->created_ms);
    fh_pack_cstr(out, "domain");
    fh_pack_bin(out, fh_bytes(record->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, "name");
    fh_pack_cstr(out, record->name);
    fh_pack_cstr(out, "prev");
    fh_pack_bin(out, fh_bytes(record->prev.b, record->seq == 1 ? 0 : FH_ID_BYTES));
    fh_pack_cstr(out, "seq");
    fh_pack_uint(out, record->seq);
    fh_pack_cstr(out, "text");
    fh_pack_str(out, record->text);
    fh_pack_cstr(out, "until");
    if (record->until_ms == INT64_MAX) {
        fh_pack_nil(out);
    } else {
        fh_pack_uint(out, (uint64_t)record->until_ms);
    }
    fh_pack_cstr(out, "v");
    fh_pack_uint(out, RECORD_FORM);
    fh_pack_cstr(out, "version");
    fh_pack_cstr(out, record->version);
}

/* The fields in the order of their keys. */
enum field {
    FIELD_CREATED,
    FIELD_DOMAIN,
    FIELD_NAME,
    FIELD_PREV,
    FIELD_SEQ,
    FIELD_TEXT,
    FIELD_UNTIL,
    FIELD_V,
    FIELD_VERSION,
    FIELD_COUNT
};

static const char *const field_keys[FIELD_COUNT] = {
    "created", "domain", "name", "prev", "seq", "text", "until", "v", "version"};

static void read_prev(struct fh_pack_reader *reader, struct fh_record_id *out)
{
    struct fh_bytes prev = fh_pack_read_bin(reader, FH_ID_BYTES);
    if (prev.size == FH_ID_BYTES) {
        memcpy(out->b, prev.data, FH_ID_BYTES);
    }
    /* An id of zeros would read as none. */
    if (prev.size != 0 && (prev.size != FH_ID_BYTES || fh_record_id_is_zero(out))) {
        fh_pack_fail(reader, "expected a record id or nothing");
    }
}

struct reading {
    struct fh_policy_record record;
    uint64_t form;
};

static void read_field(struct fh_pack_reader *reader, unsigned field, void *user)
{
    struct reading *reading = user;
    struct fh_policy_record *out = &reading->record;
    switch ((enum field)field) {
    case FIELD_CREATED:
        out->created_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
        break;
    case FIELD_DOMAIN:
        fh_pack_read_fixed(reader, out->domain.b, FH_ID_BYTES);
        break;
    case FIELD_NAME:
        fh_pack_read_cstr(reader, out->name, sizeof out->name);
        break;
    case FIELD_PREV:
        read_prev(reader, &out->prev);
        break;
    case FIELD_SEQ:
        out->seq = fh_pack_read_uint(reader, UINT64_MAX);
        break;
    case FIELD_TEXT:
        out->text = fh_pack_read_str(reader, FH_POLICY_BYTES_MAX);
        break;
    case FIELD_UNTIL:
        out->until_ms = INT64_MAX;
        if (fh_pack_peek(reader) == FH_PACK_NIL) {
            fh_pack_skip(reader);
        } else {
            out->until_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
        }
        break;
    case FIELD_V:
        reading->form = fh_pack_read_uint(reader, UINT64_MAX);
        break;
    case FIELD_VERSION:
        fh_pack_read_cstr(reader, out->version, sizeof out->version);
        break;
    case FIELD_COUNT:
        break;
    }
}

static int check_shape(const struct fh_policy_record *read, uint64_t form, struct fh_err *err)
{
    struct fh_semver version;
    if (form != RECORD_FORM) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "policy.record.version",
                           "policy record form %llu is not known here, only form %d",
                           (unsigned long long)form,
                           RECORD_FORM);
    }
    int rc = fh_name_check("policy", read->name, err);
    if (rc == FH_OK) {
        rc = fh_semver_parse(&version, read->version, err);
    }
    if (rc != FH_OK) {
        return fh_err_wrap(err, "policy record");
    }
    if (read->seq == 0 || (read->seq == 1) != fh_record_id_is_zero(&read->prev)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "policy.chain.broken",
                           "policy record of %s: seq counts from 1, and every one but the first "
                           "names the record before it",
                           read->name);
    }
    return FH_OK;
}

int fh_policy_record_parse(struct fh_policy_record *out,
                           struct fh_bytes payload,
                           struct fh_err *err)
{
    static const struct fh_pack_form form = {.what = "policy record",
                                             .rule = "policy.record.shape",
                                             .keys = field_keys,
                                             .key_count = FIELD_COUNT,
                                             .read = read_field};
    struct reading reading = {.form = 0};
    int rc = fh_pack_read_form(payload, &form, &reading, err);
    if (rc == FH_OK) {
        rc = check_shape(&reading.record, reading.form, err);
    }
    if (rc == FH_OK) {
        *out = reading.record;
    }
    return rc;
}

int fh_policy_record_open(struct fh_policy **out,
                          const struct fh_policy_record *record,
                          struct fh_arena *arena,
                          struct fh_err *err)
{
    struct fh_findings findings;
    struct fh_policy *policy = NULL;
    fh_findings_init(&findings, arena);
    int rc = fh_policy_read(&policy, record->text, &findings, err);
    if (rc != FH_OK) {
        return rc;
    }
    if (strcmp(policy->name, record->name) != 0 || strcmp(policy->version, record->version) != 0 ||
        policy->until_ms != record->until_ms) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "policy.record.mismatch",
                           "the policy record says %s %s, its text %.63s %.32s, or another end",
                           record->name,
                           record->version,
                           policy->name,
                           policy->version);
    }
    *out = policy;
    return FH_OK;
}

static int refuse(int code,
                  const char *rule,
                  const struct fh_policy_record *previous,
                  const struct fh_policy_record *next,
                  const char *why,
                  struct fh_err *err)
{
    return fh_err_rule(err,
                       code,
                       rule,
                       "policy %s %s (number %llu) cannot follow %s (number %llu): %s",
                       next->name,
                       next->version,
                       (unsigned long long)next->seq,
                       previous->version,
                       (unsigned long long)previous->seq,
                       why);
}

int fh_policy_supersedes(const struct fh_policy_record *previous,
                         const struct fh_record_id *previous_id,
                         const struct fh_policy_record *next,
                         const struct fh_record_id *next_id,
                         struct fh_err *err)
{
    struct fh_semver before;
    struct fh_semver after;
    if (previous == NULL) {
        return FH_OK; /* first sight pins the policy */
    }
    if (!fh_domain_id_equal(&previous->domain, &next->domain) ||
        strcmp(previous->name, next->name) != 0) {
        return refuse(
            FH_ECHECK, "policy.chain.broken", previous, next, "it is another policy", err);
    }
    if (fh_record_id_equal(previous_id, next_id)) {
        return fh_err_set(
            err, FH_EEXIST, "policy %s %s is known already", next->name, next->version);
    }
    if (next->seq < previous->seq) {
        return refuse(
            FH_ESTALE, "policy.version.replayed", previous, next, "it is an older one", err);
    }
    if (next->seq == previous->seq) {
        return refuse(FH_EFORK,
                      "policy.forked",
                      previous,
                      next,
                      "two of one number contradict each other, and what they govern is closed "
                      "until a version follows",
                      err);
    }
    if (next->seq > previous->seq + 1) {
        return refuse(
            FH_EINCOMPLETE, "policy.chain.gap", previous, next, "those between are missing", err);
    }
    if (!fh_record_id_equal(&next->prev, previous_id)) {
        return refuse(FH_ECHECK,
                      "policy.chain.broken",
                      previous,
                      next,
                      "it names another record before it",
                      err);
    }
    int rc = fh_semver_parse(&before, previous->version, err);
    if (rc == FH_OK) {
        rc = fh_semver_parse(&after, next->version, err);
    }
    if (rc == FH_OK && fh_semver_compare(&after, &before) <= 0) {
        rc = refuse(
            FH_ECHECK, "policy.version.not_greater", previous, next, "the version must rise", err);
    }
    return rc;
}
