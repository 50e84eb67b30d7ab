/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/liar_channel.h"

#include <unistd.h>

enum { CHANNEL = 3, FRAME_MAX = 2 * 1024 * 1024 };

static uint8_t frame[FRAME_MAX];

void liar_put(const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(CHANNEL, (const uint8_t *)data + done, size - done);
        if (n <= 0) {
            _exit(1);
        }
        done += (size_t)n;
    }
}

static void get(void *data, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = read(CHANNEL, (uint8_t *)data + got, size - got);
        if (n <= 0) {
            _exit(0);
        }
        got += (size_t)n;
    }
}

struct fh_bytes liar_await(unsigned kind)
{
    for (;;) {
        uint8_t head[FH_CHANNEL_HEAD_BYTES];
        unsigned found = 0;
        size_t size = 0;
        struct fh_err err = {0};
        get(head, sizeof head);
        if (fh_channel_head(head, &found, &size, &err) != FH_OK || size > sizeof frame) {
            _exit(1);
        }
        get(frame, size);
        if (found == kind) {
            return fh_bytes(frame, size);
        }
    }
}

void liar_read_some(void)
{
    if (read(CHANNEL, frame, 32 * 1024) <= 0) {
        _exit(0);
    }
}
