/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses a frame kind, the rest is its payload. */
#include "proto/query/channel.h"
#include "proto/query/profile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode(unsigned kind, struct fh_bytes p, struct fh_arena *arena, struct fh_err *err)
{
    struct fh_channel_hello hello;
    struct fh_channel_setup setup;
    struct fh_table *tables;
    uint32_t count;
    struct fh_channel_text text;
    struct fh_channel_probe probe;
    struct fh_channel_sample sample;
    struct fh_channel_run run;
    struct fh_channel_count counted;
    struct fh_channel_error error;
    struct fh_channel_probed probed;
    struct fh_channel_sampled sampled;
    struct fh_channel_described described;
    struct fh_channel_end end;
    struct fh_channel_scan scan;
    struct fh_channel_feed feed;
    struct fh_profile_question question;
    struct fh_profile profile;
    struct fh_profile_catalogue catalogue;
    switch (kind) {
    case FH_CHANNEL_HELLO:
        return fh_channel_get_hello(&hello, p, err);
    case FH_CHANNEL_SETUP:
        return fh_channel_get_setup(&setup, p, arena, err);
    case FH_CHANNEL_TABLES:
        return fh_channel_get_tables(&tables, &count, p, arena, err);
    case FH_CHANNEL_PARSE:
    case FH_CHANNEL_DESCRIBE:
    case FH_CHANNEL_PARSED:
        return fh_channel_get_text(&text, p, err);
    case FH_CHANNEL_PROBE:
        return fh_channel_get_probe(&probe, p, arena, err);
    case FH_CHANNEL_SAMPLE:
        return fh_channel_get_sample(&sample, p, arena, err);
    case FH_CHANNEL_RUN:
        return fh_channel_get_run(&run, p, arena, err);
    case FH_CHANNEL_FEED:
        return fh_channel_get_feed(&feed, p, arena, err);
    case FH_CHANNEL_ERROR:
    case FH_CHANNEL_SCAN_ERROR:
    case FH_CHANNEL_FEED_ERROR:
        return fh_channel_get_error(&error, p, err);
    case FH_CHANNEL_PROBED:
        return fh_channel_get_probed(&probed, p, arena, err);
    case FH_CHANNEL_SAMPLED:
        return fh_channel_get_sampled(&sampled, p, arena, err);
    case FH_CHANNEL_DESCRIBED:
        return fh_channel_get_described(&described, p, arena, err);
    case FH_CHANNEL_END:
        return fh_channel_get_end(&end, p, err);
    case FH_CHANNEL_SCAN_OPEN:
        return fh_channel_get_scan(&scan, p, arena, err);
    case FH_CHANNEL_PROFILE:
    case FH_CHANNEL_CATALOGUE:
        return fh_profile_get_question(&question, p, arena, err);
    case FH_CHANNEL_PROFILED:
        return fh_profile_get(&profile, p, arena, err);
    case FH_CHANNEL_CATALOGUED:
        return fh_profile_get_catalogue(&catalogue, p, arena, err);
    default:
        return fh_channel_get_count(&counted, p, err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_err err = {0};
    struct fh_arena *arena = fh_arena_new(8 * 1024 * 1024);
    if (arena == NULL || size == 0) {
        fh_arena_free(arena);
        return 0;
    }
    int code = decode(data[0], fh_bytes(data + 1, size - 1), arena, &err);
    if (code != FH_OK && (code != FH_EPROTO || err.text[0] == 0)) {
        abort(); // whatever is wrong, the other end broke the protocol, and the text says how
    }
    uint8_t head[FH_CHANNEL_HEAD_BYTES] = {0};
    unsigned kind = 0;
    size_t payload = 0;
    for (size_t i = 0; i < sizeof head && i < size; i++) {
        head[i] = data[i];
    }
    if (fh_channel_head(head, &kind, &payload, &err) == FH_OK && payload > 8u * 1024 * 1024) {
        abort();
    }
    fh_arena_free(arena);
    return 0;
}
