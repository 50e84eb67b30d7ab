/* SPDX-License-Identifier: Apache-2.0 */
/* A program that behaves as a worker until it lies: see liar.h. */
#include "tests/node/worker/liar.h"

#include "tests/node/worker/liar_channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void send_frame(unsigned kind, const void *payload, size_t size)
{
    uint8_t head[FH_CHANNEL_HEAD_BYTES];
    fh_channel_put_head(head, kind, size);
    liar_put(head, sizeof head);
    liar_put(payload, size);
}

static void send_buf(unsigned kind, struct fh_buf *payload)
{
    send_frame(kind, payload->data, payload->size);
    fh_buf_reset(payload);
}

static void send_batch(uint64_t id, bool broken)
{
    static uint8_t out[FH_CHANNEL_BATCH_BYTES + 4096];
    struct fh_buf header;
    struct fh_err err = {0};
    size_t size = 0;
    fh_buf_init(&header, 4096);
    struct fh_batch_slot slot = {.name = fh_bytes_cstr("x"), .type = {.code = FH_TYPE_INT64}};
    static _Alignas(64) uint8_t batch[4096];
    if (fh_batch_begin(batch, sizeof batch, 2, &slot, 1, &header, &size, &err) != FH_OK) {
        _exit(1);
    }
    memset(slot.data, 0, slot.data_size);
    if (broken) {
        batch[10] ^= 0xff;
    }
    fh_put_u64be(out, id);
    memcpy(out + FH_CHANNEL_BATCH_BYTES, batch, size);
    send_frame(FH_CHANNEL_BATCH, out, FH_CHANNEL_BATCH_BYTES + size);
    fh_buf_fini(&header);
}

static void send_count(struct fh_buf *out, unsigned kind, uint64_t id, uint64_t count)
{
    fh_channel_put_count(out, &(struct fh_channel_count){.id = id, .count = count});
    send_buf(kind, out);
}

static void open_scan(struct fh_buf *out, uint32_t want)
{
    const uint32_t column = 0;
    fh_channel_put_scan(
        out,
        &(struct fh_channel_scan){.scan = 1, .want = want, .columns = &column, .column_count = 1});
    send_buf(FH_CHANNEL_SCAN_OPEN, out);
}

/* The lies of a running query. */
static void lie_in_query(unsigned lie, uint64_t id, struct fh_buf *out)
{
    switch (lie) {
    case LIE_NO_CREDIT:
        for (int i = 0; i < 3; i++) {
            send_batch(id, false);
        }
        break;
    case LIE_TOO_MANY:
        send_batch(id, false);
        send_batch(id, false);
        fh_channel_put_end(out, &(struct fh_channel_end){.id = id, .rows = 4, .batches = 2});
        send_buf(FH_CHANNEL_END, out);
        break;
    case LIE_OTHER_ID:
        send_batch(id + 1, false);
        break;
    case LIE_BROKEN_BATCH:
        send_batch(id, true);
        break;
    case LIE_SHORT_END:
        send_batch(id, false);
        fh_channel_put_end(out, &(struct fh_channel_end){.id = id, .rows = 5, .batches = 1});
        send_buf(FH_CHANNEL_END, out);
        break;
    case LIE_WIDE_SCAN:
        open_scan(out, 1000);
        break;
    case LIE_DEAF:
        open_scan(out, 4);
        for (;;) {
            sleep(2);
            liar_read_some();
        }
    case LIE_LATE:
        open_scan(out, 4);
        usleep(LATE_MS * 1000);
        (void)liar_await(FH_CHANNEL_CANCEL);
        fh_channel_put_error(out, &(struct fh_channel_error){.id = id, .code = FH_ECANCELLED});
        send_buf(FH_CHANNEL_ERROR, out);
        break;
    case LIE_NO_SCAN:
        send_count(out, FH_CHANNEL_SCAN_WANT, 7, 1);
        break;
    case LIE_CUT: {
        uint8_t head[FH_CHANNEL_HEAD_BYTES];
        fh_channel_put_head(head, FH_CHANNEL_BATCH, 1000);
        liar_put(head, sizeof head);
        _exit(0);
    }
    case LIE_OUT_OF_TURN:
        send_count(out, FH_CHANNEL_READY, 0, 0);
        break;
    case LIE_NO_ERROR:
    case LIE_BIG_ERROR:
        fh_channel_put_error(
            out,
            &(struct fh_channel_error){.id = id, .code = lie == LIE_NO_ERROR ? FH_OK : FH_ESIG});
        send_buf(FH_CHANNEL_ERROR, out);
        break;
    default:
        break;
    }
}

int main(void)
{
    struct fh_err err = {0};
    struct fh_channel_hello hello = {.version = FH_CHANNEL_VERSION, .engine = "a liar"};
    struct fh_channel_setup setup;
    struct fh_channel_run run;
    struct fh_buf out;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    fh_buf_init(&out, 65536);
    fh_channel_put_hello(&out, &hello);
    send_buf(FH_CHANNEL_HELLO, &out);
    if (arena == NULL ||
        fh_channel_get_setup(&setup, liar_await(FH_CHANNEL_SETUP), arena, &err) != FH_OK) {
        _exit(1);
    }
    const char *number = strrchr(setup.spill, '-');
    unsigned lie = number == NULL ? LIE_NONE : (unsigned)strtoul(number + 1, NULL, 10);
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, FH_CHANNEL_READY};
    static const uint8_t unknown[] = {0, 0, 0, 1, 200};
    switch (lie) {
    case LIE_GARBAGE:
        liar_put("what is this?", 13);
        break;
    case LIE_HUGE_FRAME:
        liar_put(huge, sizeof huge);
        break;
    case LIE_UNKNOWN_KIND:
        liar_put(unknown, sizeof unknown);
        break;
    case LIE_EXIT:
        _exit(0);
    case LIE_SILENCE:
        break;
    default:
        send_count(&out, FH_CHANNEL_READY, 0, 0);
        if (fh_channel_get_run(&run, liar_await(FH_CHANNEL_RUN), arena, &err) == FH_OK) {
            lie_in_query(lie, run.id, &out);
        }
        break;
    }
    (void)liar_await(FH_CHANNEL_HELLO); // never comes: waits until the node ends it
    return 0;
}
