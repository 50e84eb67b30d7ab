/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hostile/owner_lies.h"

#include "common/assert.h"
#include "common/err.h"
#include "proto/wire/envelope.h"

#include <stdio.h>
#include <string.h>

enum {
    CODES = 25,
    REJECT_CODES = 12,
    LIES_EACH = 4,    /* of so many spoiled values one is told: each costs two workers */
    LOW_COUNTER = 12, /* bytes behind it are of counters that no session reaches */
};

static const struct {
    unsigned count; /* of places */
    const char *text;
    const char *shape; /* what a value of another kind comes to */
} targets[LIE_TARGET_COUNT] = {
    [LIE_SCAN_ANSWER] = {3, "in the answer to SCAN", "refused FH_EPROTO [message.form]"},
    [LIE_BATCH_ANSWER] = {4, "in the answer with a batch", "refused FH_EPROTO [message.form]"},
    [LIE_BATCH_HEADER] = {30, "in the header of a batch", "refused FH_EINVAL [pack.shape]"},
    [LIE_END_ANSWER] = {5, "in the answer with the end", "refused FH_EPROTO [message.form]"},
    [LIE_RECORD] = {8, "in the record of the receipt", "refused FH_EINVAL [record.envelope]"},
    [LIE_RECEIPT] = {24, "in a receipt that is signed well", "refused FH_EINVAL [pack.shape]"},
    [LIE_FLIP] = {40, "", ""},
    [LIE_CUT] = {40, "", ""},
    [LIE_REJECT] = {REJECT_CODES, "", ""},
    [LIE_REFUSAL] = {CODES, "", ""},
    [LIE_BY_HAND] = {HAND_LIE_COUNT, "", ""},
};

static const struct {
    const char *text;
    const char *expected;
} by_hand[HAND_LIE_COUNT] = {
#define X(name, text, expected) [HAND_##name] = {(text), (expected)},
    HAND_LIES(X)
#undef X
};

static bool is_spoiled(enum lie_target target)
{
    return target <= LIE_RECEIPT;
}

static unsigned count_of(enum lie_target target)
{
    unsigned places = targets[target].count;
    return is_spoiled(target) ? places * TEST_SPOIL_COUNT / LIES_EACH : places;
}

unsigned owner_lie_count(void)
{
    unsigned count = 0;
    for (enum lie_target target = 0; target < LIE_TARGET_COUNT; target++) {
        count += count_of(target);
    }
    return count;
}

static void name_spoiled(struct owner_lie *lie)
{
    const char *rule = test_spoil_rule(lie->way);
    bool message = lie->target == LIE_SCAN_ANSWER || lie->target == LIE_BATCH_ANSWER ||
                   lie->target == LIE_END_ANSWER;
    bool big = strcmp(rule, "pack.items") == 0 || strcmp(rule, "pack.depth") == 0;
    snprintf(lie->name,
             sizeof lie->name,
             "%s at place %u %s",
             test_spoil_text(lie->way),
             lie->place,
             targets[lie->target].text);
    if (message || rule[0] == 0) {
        snprintf(lie->expected, sizeof lie->expected, "%s", targets[lie->target].shape);
        return;
    }
    snprintf(lie->expected,
             sizeof lie->expected,
             "refused %s [%s]",
             big ? "FH_ETOOBIG" : "FH_EINVAL",
             rule);
}

static void name_frame(struct owner_lie *lie)
{
    unsigned place = lie->place;
    const char *expected = "refused FH_ESIG [session.forged]";
    if (lie->target == LIE_FLIP) {
        expected = place == 0                       ? "refused FH_EVERSION [frame.version]"
                   : place == 1                     ? "refused FH_EPROTO [frame.type]"
                   : place < FH_FRAME_SESSION_BYTES ? "refused FH_EPROTO [session.number]"
                   : place > LOW_COUNTER && place < FH_FRAME_HEADER_BYTES
                       ? "refused FH_EPROTO [session.counter]"
                       : expected;
        snprintf(lie->name, sizeof lie->name, "a bit of byte %u of a frame flipped", place);
    } else if (lie->target == LIE_CUT) {
        snprintf(lie->name, sizeof lie->name, "a frame without its last %u bytes", place + 1);
    } else {
        snprintf(lie->name, sizeof lie->name, "a REJECT with code %u", place);
        /* Two say that the session is gone: asked again in a new one, the owner has no such
         * stream. */
        expected = place == FH_ENOTFOUND || place == FH_ESTATE
                       ? "refused FH_ENOTFOUND [stream.unknown]"
                       : "refused FH_EPROTO [session.rejected]";
    }
    snprintf(lie->expected, sizeof lie->expected, "%s", expected);
}

void owner_lie(struct owner_lie *out, unsigned number)
{
    enum lie_target target = 0;
    while (number >= count_of(target)) {
        number -= count_of(target++);
        FH_ASSERT(target < LIE_TARGET_COUNT);
    }
    *out = (struct owner_lie){.target = target, .place = number};
    if (is_spoiled(target)) {
        out->place = number * LIES_EACH / TEST_SPOIL_COUNT;
        out->way = number * LIES_EACH % TEST_SPOIL_COUNT;
        name_spoiled(out);
    } else if (target == LIE_BY_HAND) {
        snprintf(out->name, sizeof out->name, "%s", by_hand[number].text);
        snprintf(out->expected, sizeof out->expected, "%s", by_hand[number].expected);
    } else if (target == LIE_REFUSAL) {
        out->place = number + 1; /* code 0 is none */
        snprintf(out->name, sizeof out->name, "a refusal with code %u", out->place);
        snprintf(out->expected,
                 sizeof out->expected,
                 "refused %s [owner.says]",
                 fh_code_name((int)out->place));
    } else {
        name_frame(out);
    }
}
