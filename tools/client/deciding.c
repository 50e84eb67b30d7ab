/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/deciding.h"

#include "common/time.h"

#include <stdio.h>
#include <string.h>

enum {
    RECORDS_BYTES = 2 * (FH_GRANT_BYTES_MAX + 2048),
    DECIDE_MS = 60000, /* a worker may have to look at the rows */
};

void fh_grant_as_asked(struct fh_grant *out,
                       const struct fh_access_entry *entry,
                       int64_t now_ms,
                       const char **purpose)
{
    const struct fh_access_request *request = &entry->request;
    *purpose = request->purpose;
    *out = (struct fh_grant){
        .owner = request->owner,
        .grantee_kind = FH_GRANTEE_KEY,
        .major = request->major,
        .purposes = {1, purpose},
        .columns = request->columns,
        .rows = "",
        .not_before_ms = now_ms,
        .not_after_ms = request->until_ms,
        .note = "",
        .request = entry->id,
    };
    memcpy(out->product, request->product, sizeof out->product);
    memcpy(out->grantee, request->key.b, FH_ID_BYTES);
}

/* ---- by token ---- */

/* What is handed over: a list of records that grows. */
struct signing {
    const struct fh_actor *actor;
    int64_t now_ms;
    struct fh_buf records;
    uint32_t count;
};

static int add(struct signing *signing,
               const struct fh_buf *record,
               struct fh_record_id *out_id,
               struct fh_err *err)
{
    struct fh_record parsed;
    int code = fh_buf_ok(record) == FH_OK
                   ? fh_record_parse(&parsed, fh_buf_view(record), &signing->actor->mesh, err)
                   : fh_err_set(err, fh_buf_ok(record), "the answer does not fit a record");
    if (code == FH_OK) {
        fh_pack_bin(&signing->records, fh_buf_view(record));
        signing->count++;
        *out_id = parsed.id;
    }
    return code;
}

static int sign_grant(struct signing *signing,
                      const struct fh_access_entry *entry,
                      const struct fh_deciding *deciding,
                      struct fh_record_id *out_id,
                      struct fh_err *err)
{
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    const char *purpose = NULL;
    struct fh_grant grant;
    int64_t most_ms = signing->now_ms + FH_TOKEN_GRANT_LIFE_MS;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_grant_as_asked(&grant, entry, signing->now_ms, &purpose);
    grant.token = signing->actor->token;
    grant.rows = deciding->rows;
    grant.note = deciding->reason;
    if (deciding->until_ms != 0) {
        grant.not_after_ms = deciding->until_ms;
    } else if (grant.not_after_ms > most_ms) {
        grant.not_after_ms = most_ms; /* as long as a token may; a key may say more */
    }
    if (deciding->columns.count > 0) {
        grant.columns = deciding->columns;
    }
    int code = fh_grant_check(&grant, err);
    if (code == FH_OK) {
        code = fh_access_check_grant(&grant, &entry->request, &entry->id, err);
    }
    if (code == FH_OK) {
        fh_grant_make(&record, &grant, &signing->actor->mesh, &signing->actor->secret);
        code = add(signing, &record, out_id, err);
    }
    return code;
}

static int sign_answer(struct signing *signing,
                       const struct fh_access_entry *entry,
                       const struct fh_deciding *deciding,
                       const struct fh_record_id *grant,
                       struct fh_err *err)
{
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    struct fh_record_id id;
    struct fh_access_answer answer = {
        .owner = entry->request.owner,
        .request = entry->id,
        .outcome = deciding->approve ? FH_ACCESS_APPROVED : FH_ACCESS_DENIED,
        .grant = *grant,
        .created_ms = signing->now_ms,
        .token = signing->actor->token,
    };
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    snprintf(answer.reason, sizeof answer.reason, "%s", deciding->reason);
    fh_access_answer_make(&record, &answer, &signing->actor->mesh, &signing->actor->secret);
    return add(signing, &record, &id, err);
}

static int
hand_over(struct freehold_client *client, const struct signing *signing, struct fh_err *err)
{
    struct fh_buf message FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    fh_buf_init(&message, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_govern_begin(&message);
    fh_pack_array(&message, signing->count);
    fh_buf_add_bytes(&message, fh_buf_view(&signing->records));
    fh_pack_bool(&message, false);
    fh_buf_reset(&client->request);
    fh_msg_own_request(&client->request, fh_buf_view(&message));
    int code = fh_buf_ok(&message) == FH_OK ? fh_buf_ok(&client->request) : fh_buf_ok(&message);
    return code == FH_OK ? fh_channel_call_within(client->entry,
                                                  fh_buf_view(&client->request),
                                                  DECIDE_MS,
                                                  &client->answer,
                                                  &reader,
                                                  err)
                         : fh_err_set(err, code, "the answer does not fit a request");
}

int fh_decide_by_token(struct freehold_client *client,
                       const struct fh_access_entry *entry,
                       const struct fh_deciding *deciding,
                       struct fh_err *err)
{
    struct signing signing = {.actor = client->actor, .now_ms = fh_clock_wall_ms()};
    struct fh_record_id grant = {{0}};
    if (entry->has_answer) {
        return fh_err_rule(err,
                           FH_EEXIST,
                           "access.answered",
                           "the request was %s already",
                           fh_access_outcome_text(entry->answer.outcome));
    }
    fh_buf_init(&signing.records, RECORDS_BYTES);
    int code = deciding->approve ? sign_grant(&signing, entry, deciding, &grant, err) : FH_OK;
    if (code == FH_OK) {
        code = sign_answer(&signing, entry, deciding, &grant, err);
    }
    if (code == FH_OK) {
        code = fh_client_ready(client, err);
    }
    if (code == FH_OK) {
        code = hand_over(client, &signing, err);
    }
    fh_buf_fini(&signing.records);
    return code;
}
