/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/waiver.h"

#include "common/assert.h"
#include "proto/identity/keylog.h"
#include "proto/wire/pack.h"

#include <string.h>

enum { PAYLOAD_VERSION = 1, FIELDS = 14 };

/* Whether it is for somebody by name. */
static bool is_personal(const struct fh_waiver *waiver)
{
    return !fh_domain_id_is_zero(&waiver->consumer) || !fh_key_id_is_zero(&waiver->key);
}

static int refuse(struct fh_err *err, const char *rule, const char *text)
{
    return fh_err_rule(err, FH_EINVAL, rule, "waiver: %s", text);
}

static int check_time(const struct fh_waiver *waiver, struct fh_err *err)
{
    if (waiver->since_ms < 0 || waiver->until_ms < waiver->since_ms ||
        waiver->until_ms - waiver->since_ms > FH_WAIVER_LIFE_MS) {
        return refuse(err, "waiver.time", "expected its end after its beginning, within 366 days");
    }
    if (waiver->urgent && waiver->until_ms - waiver->since_ms > FH_WAIVER_URGENT_MS) {
        return refuse(err, "waiver.urgent", "what breaks the glass ends within a day");
    }
    if (waiver->urgent && !is_personal(waiver)) {
        return refuse(
            err, "waiver.urgent", "what breaks the glass is for somebody: a domain or key");
    }
    return FH_OK;
}

int fh_waiver_check(const struct fh_waiver *waiver, struct fh_err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_[]0123456789";
    int code = fh_name_check("product", waiver->product, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "waiver");
    }
    if (fh_record_id_is_zero(&waiver->policy)) {
        return refuse(err, "waiver.policy", "it names the record of a policy");
    }
    if (strspn(waiver->rule, letters) != strlen(waiver->rule)) {
        return refuse(err, "waiver.rule", "expected a rule as mask[0], or none for all of them");
    }
    if (waiver->reason[0] == '\0' || !fh_text_printable(waiver->reason)) {
        return refuse(err, "waiver.reason", "it says why, without control characters");
    }
    return check_time(waiver, err);
}

void fh_waiver_encode(struct fh_buf *out, const struct fh_waiver *waiver)
{
    fh_pack_array(out, FIELDS);
    fh_pack_uint(out, PAYLOAD_VERSION);
    fh_pack_bool(out, waiver->mesh);
    fh_pack_bool(out, waiver->urgent);
    fh_pack_bin(out, fh_bytes(waiver->owner.b, FH_ID_BYTES));
    fh_pack_cstr(out, waiver->product);
    fh_pack_uint(out, waiver->major);
    fh_pack_bin(out, fh_bytes(waiver->policy.b, FH_ID_BYTES));
    fh_pack_cstr(out, waiver->rule);
    fh_pack_optional(out, waiver->consumer.b, FH_ID_BYTES);
    fh_pack_optional(out, waiver->key.b, FH_ID_BYTES);
    fh_pack_uint(out, (uint64_t)waiver->since_ms);
    fh_pack_uint(out, (uint64_t)waiver->until_ms);
    fh_pack_uint(out, (uint64_t)waiver->created_ms);
    fh_pack_cstr(out, waiver->reason);
}

int fh_waiver_decode(struct fh_waiver *out, const struct fh_record *record, struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_WAIVER);
    struct fh_waiver waiver = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    waiver.mesh = fh_pack_read_bool(&reader);
    waiver.urgent = fh_pack_read_bool(&reader);
    fh_pack_read_fixed(&reader, waiver.owner.b, FH_ID_BYTES);
    fh_pack_read_cstr(&reader, waiver.product, sizeof waiver.product);
    waiver.major = (uint32_t)fh_pack_read_uint(&reader, UINT32_MAX);
    fh_pack_read_fixed(&reader, waiver.policy.b, FH_ID_BYTES);
    fh_pack_read_cstr(&reader, waiver.rule, sizeof waiver.rule);
    (void)fh_pack_read_optional(&reader, waiver.consumer.b, FH_ID_BYTES);
    (void)fh_pack_read_optional(&reader, waiver.key.b, FH_ID_BYTES);
    waiver.since_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    waiver.until_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    waiver.created_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_cstr(&reader, waiver.reason, sizeof waiver.reason);
    fh_pack_read_record_end(&reader, count, FIELDS);
    int code = fh_pack_read_ok(&reader, "waiver", err);
    if (code == FH_OK) {
        code = fh_waiver_check(&waiver, err);
    }
    if (code == FH_OK) {
        *out = waiver;
    }
    return code;
}

bool fh_waiver_same_scope(const struct fh_waiver *a, const struct fh_waiver *b)
{
    return a->mesh == b->mesh && fh_domain_id_equal(&a->owner, &b->owner) &&
           strcmp(a->product, b->product) == 0 && a->major == b->major &&
           fh_record_id_equal(&a->policy, &b->policy) && strcmp(a->rule, b->rule) == 0 &&
           fh_domain_id_equal(&a->consumer, &b->consumer) && fh_key_id_equal(&a->key, &b->key);
}

bool fh_waiver_holds(const struct fh_waiver *waiver,
                     const struct fh_domain_id *owner,
                     const char *product,
                     uint32_t major,
                     int64_t now_ms)
{
    return fh_domain_id_equal(&waiver->owner, owner) && strcmp(waiver->product, product) == 0 &&
           (waiver->major == 0 || waiver->major == major) && now_ms >= waiver->since_ms &&
           now_ms <= waiver->until_ms;
}

const struct fh_policy_held *fh_waiver_policy(const struct fh_waiver *waiver,
                                              const struct fh_policy_held *const *policies,
                                              uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (policies[i]->mesh == waiver->mesh &&
            fh_record_id_equal(&policies[i]->id, &waiver->policy)) {
            return policies[i];
        }
    }
    return NULL;
}

static bool is_for(const struct fh_waiver *waiver, const struct fh_waiver_ask *ask)
{
    if (ask->consumer == NULL || !is_personal(waiver)) {
        return !is_personal(waiver);
    }
    return (fh_domain_id_is_zero(&waiver->consumer) ||
            fh_domain_id_equal(&waiver->consumer, ask->consumer)) &&
           (fh_key_id_is_zero(&waiver->key) || fh_key_id_equal(&waiver->key, ask->key));
}

const struct fh_waiver_held *fh_waiver_find(const struct fh_waiver_held *const *waivers,
                                            uint32_t count,
                                            const struct fh_waiver_ask *ask)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_waiver *waiver = &waivers[i]->waiver;
        if (waiver->mesh == ask->mesh && fh_record_id_equal(&waiver->policy, ask->policy) &&
            (waiver->rule[0] == '\0' || strcmp(waiver->rule, ask->rule) == 0) &&
            fh_waiver_holds(waiver, ask->owner, ask->product, ask->major, ask->now_ms) &&
            is_for(waiver, ask)) {
            return waivers[i];
        }
    }
    return NULL;
}
