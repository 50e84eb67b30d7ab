/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_waived.h"

#include "common/semver.h"
#include "proto/identity/keylog.h"
#include "proto/session/messages_inner.h"

#include <string.h>

enum { WAIVED_FIELDS = 9, GOVERNING_FIELDS = 6, CODE_MAX = 255 };

const char *fh_waived_whom_text(unsigned whom)
{
    static const char *const texts[FH_WAIVED_WHOM_COUNT] = {[FH_WAIVED_EVERYBODY] = "everybody",
                                                            [FH_WAIVED_DOMAIN] = "one domain",
                                                            [FH_WAIVED_MEMBER] = "one member"};
    return whom < FH_WAIVED_WHOM_COUNT ? texts[whom] : "unknown";
}

const char *fh_governing_state_text(unsigned state)
{
    static const char *const texts[FH_GOVERNING_STATE_COUNT] = {
        [FH_GOVERNING_IN_FORCE] = "in force",
        [FH_GOVERNING_EXPIRED] = "expired",
        [FH_GOVERNING_FORKED] = "forked",
        [FH_GOVERNING_UNREADABLE] = "unreadable"};
    return state < FH_GOVERNING_STATE_COUNT ? texts[state] : "unknown";
}

/* ---- waived ---- */

static void add_waived(struct fh_buf *out, const struct fh_msg_waived *waived)
{
    fh_pack_array(out, WAIVED_FIELDS);
    fh_pack_uint(out, waived->table);
    fh_pack_bin(out, fh_bytes(waived->id.b, FH_ID_BYTES));
    fh_pack_cstr(out, waived->policy);
    fh_pack_cstr(out, waived->version);
    fh_pack_cstr(out, waived->rule);
    fh_pack_bool(out, waived->mesh);
    fh_pack_bool(out, waived->urgent);
    fh_pack_uint(out, (uint64_t)waived->until_ms);
    fh_pack_uint(out, waived->whom);
}

void fh_msg_waived_put(struct fh_buf *out, const struct fh_msg_waived *waived, uint32_t count)
{
    uint32_t left = count < FH_MSG_WAIVED_MAX ? count : FH_MSG_WAIVED_MAX;
    fh_pack_array(out, left);
    for (int turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < count && left > 0; i++) {
            if (waived[i].urgent == (turn == 0)) {
                add_waived(out, &waived[i]);
                left--;
            }
        }
    }
}

int fh_msg_waived_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    uint32_t count = 0;
    if (!fh_pack_at_end(reader)) {
        count = fh_pack_read_array(reader, FH_MSG_WAIVED_MAX);
    }
    int rc = fh_msg_done(reader, "waivers", err);
    if (rc == FH_OK) {
        *out_count = count;
    }
    return rc;
}

/* What people are shown: names as everywhere, so that nothing in them steers a terminal. */
static bool is_named(const char *policy, const char *version)
{
    struct fh_semver parsed;
    return fh_name_check("policy", policy, NULL) == FH_OK &&
           fh_semver_parse(&parsed, version, NULL) == FH_OK;
}

int fh_msg_waived_next(struct fh_pack_reader *reader, struct fh_msg_waived *out, struct fh_err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_[]0123456789";
    struct fh_msg_waived waived = {0};
    uint32_t count = fh_msg_entry_begin(reader, WAIVED_FIELDS);
    waived.table = (uint32_t)fh_pack_read_uint(reader, FH_QUERY_TABLES_MAX - 1);
    fh_pack_read_fixed(reader, waived.id.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, waived.policy, sizeof waived.policy);
    fh_pack_read_cstr(reader, waived.version, sizeof waived.version);
    fh_pack_read_cstr(reader, waived.rule, sizeof waived.rule);
    waived.mesh = fh_pack_read_bool(reader);
    waived.urgent = fh_pack_read_bool(reader);
    waived.until_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    waived.whom = (unsigned)fh_pack_read_uint(reader, CODE_MAX);
    fh_msg_entry_end(reader, count, WAIVED_FIELDS);
    if (reader->failed == FH_OK && (!is_named(waived.policy, waived.version) ||
                                    strspn(waived.rule, letters) != strlen(waived.rule))) {
        fh_pack_fail(reader, "expected a policy by name and version, and a rule as mask[0]");
    }
    int rc = fh_msg_done(reader, "waiver", err);
    if (rc == FH_OK) {
        *out = waived;
    }
    return rc;
}

/* ---- GOVERNED ---- */

void fh_msg_governed_request(struct fh_buf *out, const struct fh_msg_product_name *name)
{
    fh_msg_product_request(out, FH_MSG_GOVERNED, name);
}

void fh_msg_governed_answer(struct fh_buf *out, bool own, uint32_t count)
{
    fh_msg_ok(out, 3);
    fh_pack_bool(out, own);
    fh_pack_array(out, count);
}

void fh_msg_governing_add(struct fh_buf *out, const struct fh_msg_governing *governing)
{
    fh_pack_array(out, GOVERNING_FIELDS);
    fh_pack_cstr(out, governing->policy);
    fh_pack_cstr(out, governing->version);
    fh_pack_bool(out, governing->mesh);
    fh_pack_bin(out, fh_bytes(governing->id.b, FH_ID_BYTES));
    fh_pack_uint(out, governing->state);
    fh_pack_uint(out, (uint64_t)governing->until_ms);
}

int fh_msg_governed_answer_read(struct fh_pack_reader *reader,
                                bool *out_own,
                                uint32_t *out_count,
                                struct fh_err *err)
{
    bool own = fh_pack_read_bool(reader);
    uint32_t count = fh_pack_read_array(reader, 2 * FH_POLICIES_MAX);
    int rc = fh_msg_done(reader, "governed", err);
    if (rc == FH_OK) {
        *out_own = own;
        *out_count = count;
    }
    return rc;
}

int fh_msg_governing_next(struct fh_pack_reader *reader,
                          struct fh_msg_governing *out,
                          struct fh_err *err)
{
    struct fh_msg_governing governing = {0};
    uint32_t count = fh_msg_entry_begin(reader, GOVERNING_FIELDS);
    fh_pack_read_cstr(reader, governing.policy, sizeof governing.policy);
    fh_pack_read_cstr(reader, governing.version, sizeof governing.version);
    governing.mesh = fh_pack_read_bool(reader);
    fh_pack_read_fixed(reader, governing.id.b, FH_ID_BYTES);
    governing.state = (unsigned)fh_pack_read_uint(reader, CODE_MAX);
    governing.until_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    fh_msg_entry_end(reader, count, GOVERNING_FIELDS);
    if (reader->failed == FH_OK && !is_named(governing.policy, governing.version)) {
        fh_pack_fail(reader, "expected a policy by name and version");
    }
    int rc = fh_msg_done(reader, "policy", err);
    if (rc == FH_OK) {
        *out = governing;
    }
    return rc;
}
