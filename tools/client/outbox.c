/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/outbox.h"

#include "common/assert.h"
#include "common/time.h"
#include "proto/session/messages.h"
#include "tools/client/given_up.h"

#include <string.h>

/* ---- one request ---- */

/* Sends the signed request in the slot that the result has. */
static int send_signed(struct freehold_result *result, struct fh_err *err)
{
    struct fh_buf *request = &result->client->outgoing;
    int code = fh_buf_ok(&result->request_record);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the request is too long");
    }
    code = fh_stream_in_time(result, err);
    if (code != FH_OK) {
        return code;
    }
    result->renewals = fh_channel_renewals(result->channel);
    fh_buf_reset(request);
    fh_msg_query_request(request, fh_buf_view(&result->request_record), result->encodings);
    code = fh_buf_ok(request);
    return code == FH_OK
               ? fh_channel_post(
                     result->channel, result->slots[0], fh_buf_view(request), FH_REQUEST_MS, err)
               : fh_err_set(err, code, "the query does not fit a message");
}

/* ---- all of them ---- */

/* Signs the requests of these together. */
static void sign(struct freehold_result *const *results, unsigned count)
{
    const struct fh_actor *actor = results[0]->client->actor;
    struct fh_buf *outs[FH_TOGETHER_MAX];
    struct fh_bytes payloads[FH_TOGETHER_MAX];
    for (unsigned i = 0; i < count; i++) {
        fh_buf_reset(&results[i]->request_record);
        outs[i] = &results[i]->request_record;
        payloads[i] = fh_buf_view(&results[i]->request_payload);
    }
    fh_record_seal_together(outs, FH_RECORD_REQUEST, &actor->mesh, payloads, count, &actor->secret);
}

/* Takes those for the channel of the first out of `all`: their number. */
static unsigned
take_channel(struct freehold_result **out, struct freehold_result **all, unsigned *count)
{
    const struct fh_channel *channel = all[0]->channel;
    unsigned taken = 0;
    unsigned kept = 0;
    for (unsigned i = 0; i < *count; i++) {
        if (all[i]->channel == channel) {
            out[taken++] = all[i];
        } else {
            all[kept++] = all[i];
        }
    }
    *count = kept;
    return taken;
}

void fh_outbox_flush(struct freehold_client *client)
{
    struct freehold_result *all[FH_TOGETHER_MAX];
    unsigned count = client->outbox_count;
    memcpy(all, client->outbox, count * sizeof all[0]);
    client->outbox_count = 0; /* first: sending may come here again */
    while (count > 0) {       /* no node learns which questions others were asked */
        struct freehold_result *results[FH_TOGETHER_MAX];
        unsigned some = take_channel(results, all, &count);
        sign(results, some);
        for (unsigned i = 0; i < some; i++) {
            results[i]->queued = false;
            (void)send_signed(results[i], &results[i]->unsent);
        }
    }
}

void fh_outbox_look(struct freehold_client *client, bool dropped)
{
    if (client->outbox_count > 0 &&
        ((dropped && !fh_link_is_unread(client->link)) ||
         fh_clock_mono_ms() - client->outbox_since_ms >= FH_TOGETHER_MS)) {
        fh_outbox_flush(client);
    }
}

void fh_outbox_leave(struct freehold_result *result)
{
    struct freehold_client *client = result->client;
    unsigned kept = 0;
    for (unsigned i = 0; i < client->outbox_count; i++) {
        if (client->outbox[i] != result) {
            client->outbox[kept++] = client->outbox[i];
        }
    }
    client->outbox_count = kept;
    result->asking = result->asking && !result->queued && result->unsent.code == FH_OK;
    result->queued = false;
}

/* Whether the request may be signed with others: one node alone reads it, which knows how. */
static bool may_together(const struct freehold_result *result)
{
    return !result->joined && fh_channel_version(result->channel) >= FH_PROTOCOL_VERSION_TOGETHER;
}

int fh_outbox_post(struct freehold_result *result, struct fh_err *err)
{
    struct freehold_client *client = result->client;
    fh_given_up_look(client); /* nobody else reads those */
    bool unread = fh_link_is_unread(client->link);
    if (fh_stream_slot(result, 0) < 0) {
        return fh_err_set(err, FH_EBUSY, "too many results of this client are open");
    }
    result->unsent = (struct fh_err){.code = FH_OK};
    if (!may_together(result) || (!unread && client->outbox_count == 0)) {
        sign(&result, 1);
        int code = send_signed(result, err);
        result->asking = code == FH_OK;
        return code;
    }
    FH_ASSERT(client->outbox_count < FH_TOGETHER_MAX);
    client->outbox_since_ms =
        client->outbox_count == 0 ? fh_clock_mono_ms() : client->outbox_since_ms;
    client->outbox[client->outbox_count++] = result;
    result->queued = true;
    result->asking = true;
    if (!unread || client->outbox_count == FH_TOGETHER_MAX) {
        fh_outbox_flush(client);
    }
    return FH_OK;
}

int fh_outbox_sent(struct freehold_result *result, struct fh_err *err)
{
    if (result->queued) {
        fh_outbox_flush(result->client);
    }
    if (result->unsent.code != FH_OK) {
        *err = result->unsent;
        return err->code;
    }
    return FH_OK;
}
