/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program in place of the worker: behaves until it is in the state of its case and then sends the
 * case's bytes. It is the n-th of its spawner and sends the n-th case: it reads n from the name of
 * its spill folder.
 */
#include "tests/node/worker/frames.h"
#include "tests/node/worker/liar_channel.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DRIP_MS = 50 };

static void drip(struct fh_bytes bytes)
{
    const struct timespec pause = {.tv_nsec = DRIP_MS * 1000000L};
    for (size_t i = 0; i < bytes.size; i++) {
        liar_put(bytes.data + i, 1);
        nanosleep(&pause, NULL);
    }
}

static void behave(unsigned kind)
{
    struct fh_buf good FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&good, 4096);
    frame_put_good(&good, kind);
    liar_put(good.data, good.size);
}

static void say(const struct frame_case *c)
{
    if (c->state == FRAME_SCANNING) {
        behave(FH_CHANNEL_SCAN_OPEN);
    }
    if (c->after == FRAME_DRIPS) {
        drip(c->bytes);
        return;
    }
    do {
        liar_put(c->bytes.data, c->bytes.size);
    } while (c->after == FRAME_REPEATS);
    if (c->after == FRAME_EXITS) {
        _exit(0);
    }
    if (c->after == FRAME_ABORTS) {
        abort();
    }
}

struct wanted {
    unsigned left;
    bool found;
};

static bool visit(const struct frame_case *c, void *user)
{
    struct wanted *wanted = user;
    if (--wanted->left > 0) {
        return true;
    }
    wanted->found = true;
    if (c->state != FRAME_GREETING) {
        behave(FH_CHANNEL_HELLO);
    }
    if (c->state > FRAME_SETTING_UP) {
        behave(FH_CHANNEL_READY);
        (void)liar_await(frame_question(c->state));
    }
    say(c);
    return false;
}

int main(void)
{
    struct fh_channel_setup setup;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    if (arena == NULL ||
        fh_channel_get_setup(&setup, liar_await(FH_CHANNEL_SETUP), arena, NULL) != FH_OK) {
        _exit(1);
    }
    const char *number = strrchr(setup.spill, '-');
    struct wanted wanted = {.left = number == NULL ? 0 : (unsigned)strtoul(number + 1, NULL, 10)};
    if (wanted.left > 0) {
        frames_visit(visit, &wanted);
    }
    if (!wanted.found) {
        _exit(1);
    }
    (void)liar_await(FH_CHANNEL_HELLO); // never comes: waits until the node ends it
    return 0;
}
