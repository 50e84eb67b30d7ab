/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/given_up.h"

#include "common/assert.h"
#include "common/time.h"
#include "proto/session/messages.h"

static void forget(struct freehold_client *client, unsigned index)
{
    const struct fh_given_up *one = &client->given_up[index];
    fh_link_release_slot(client->link, one->slot);
    fh_client_keep(client, one->channel, false); /* the slot was sealed for it */
    client->given_up_count--;
    for (unsigned i = index; i < client->given_up_count; i++) {
        client->given_up[i] = client->given_up[i + 1];
    }
}

void fh_given_up_add(struct freehold_result *result)
{
    struct freehold_client *client = result->client;
    FH_ASSERT(result->slots[0] >= 0);
    if (client->given_up_count == FH_CLIENT_GIVEN_UP_MAX) {
        forget(client, 0);
    }
    client->given_up[client->given_up_count++] =
        (struct fh_given_up){.channel = result->channel,
                             .slot = result->slots[0],
                             .renewals = result->renewals,
                             .until_ms = fh_clock_mono_ms() + FH_REQUEST_MS};
    fh_client_keep(client, result->channel, true);
    result->slots[0] = -1;
}

bool fh_given_up_open(struct fh_channel *channel, int slot, uint64_t *out_stream)
{
    struct fh_bytes plain;
    struct fh_pack_reader reader;
    struct fh_msg_query_answer answer;
    struct fh_err ignored;
    if (fh_channel_wait(channel, slot, NULL, &plain, NULL, &ignored) != FH_OK ||
        fh_msg_answer(&reader, plain, FH_FRAME_REPLY_BYTES_MAX, &ignored) != FH_OK ||
        fh_msg_query_read(&reader, &answer, &ignored) != FH_OK) {
        return false;
    }
    *out_stream = answer.stream;
    return !answer.end;
}

/* The answer is there. What CANCEL is answered nobody waits for. */
static void cancel(struct freehold_client *client, const struct fh_given_up *one)
{
    uint64_t stream = 0;
    struct fh_err ignored;
    if (one->renewals != fh_channel_renewals(one->channel) ||
        !fh_given_up_open(one->channel, one->slot, &stream)) {
        return;
    }
    fh_buf_reset(&client->outgoing);
    fh_msg_cancel_request(&client->outgoing, stream);
    /* Where it cannot be sent the producer notices by itself. */
    (void)!fh_channel_post(
        one->channel, one->slot, fh_buf_view(&client->outgoing), FH_REQUEST_MS, &ignored);
}

void fh_given_up_look(struct freehold_client *client)
{
    unsigned i = 0;
    while (i < client->given_up_count) {
        const struct fh_given_up *one = &client->given_up[i];
        bool came = fh_link_has_answer(client->link, one->slot);
        if (came) {
            cancel(client, one);
        }
        if (came || fh_clock_mono_ms() >= one->until_ms) {
            forget(client, i);
        } else {
            i++;
        }
    }
}

void fh_given_up_forget(struct freehold_client *client)
{
    while (client->given_up_count > 0) {
        forget(client, client->given_up_count - 1);
    }
}
