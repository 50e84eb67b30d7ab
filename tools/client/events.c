/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/events.h"

#include "common/mem.h"
#include "common/time.h"
#include "proto/gossip/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fh_event *add(struct fh_events *events, int64_t at_ms, const char *what)
{
    struct fh_event *event = &events->items[events->count];
    *event = (struct fh_event){
        .at_ms = at_ms, .order = (unsigned)events->count, .what = what, .version = ""};
    events->count++;
    return event;
}

static void add_versions(struct fh_events *events, const struct fh_history *history, uint32_t major)
{
    for (size_t i = history->version_count; i > 0; i--) {
        const struct fh_msg_version *version = &history->versions[i - 1];
        if (major != 0 && strtoul(version->version, NULL, 10) != major) {
            continue;
        }
        struct fh_event *event = add(events, version->created_ms, "published");
        event->version = version->version;
        event->seq = version->seq;
        event->id = version->id;
        event->key = version->key;
        snprintf(event->detail, sizeof event->detail, "as %s", version->status);
        for (size_t j = 0; j < history->fork_count; j++) {
            const struct fh_msg_fork *fork = &history->forks[j];
            if (fork->number != version->seq) {
                continue;
            }
            struct fh_event *forked = add(events, version->created_ms, "forked");
            forked->seq = fork->number;
            forked->id = fork->ids[1];
            forked->key = fork->keys[1];
            snprintf(forked->detail,
                     sizeof forked->detail,
                     "another contract with number %llu",
                     (unsigned long long)fork->number);
        }
    }
}

/* An announcement that says what the one before said is a renewal; a first active one is what its
 * contract states. */
static bool is_move(const struct fh_history *history, size_t at)
{
    const struct fh_announcement *said = &history->moves[at].said;
    if (at == 0 || history->moves[at - 1].said.major != said->major) {
        return said->status != FH_ANNOUNCE_ACTIVE;
    }
    const struct fh_announcement *before = &history->moves[at - 1].said;
    return before->status != said->status || before->sunset_ms != said->sunset_ms ||
           strcmp(before->successor, said->successor) != 0;
}

static void add_moves(struct fh_events *events, const struct fh_history *history, uint32_t major)
{
    const char *owner = history->products[0].domain_name;
    for (size_t i = 0; i < history->move_count; i++) {
        const struct fh_history_move *move = &history->moves[i];
        if (!is_move(history, i) || (major != 0 && move->said.major != major)) {
            continue;
        }
        char sunset[FH_TIME_TEXT_BYTES], successor[FH_SUCCESSOR_TEXT_BYTES];
        fh_sunset_text(sunset, move->said.sunset_ms);
        fh_announce_successor_text(successor, move->said.successor, owner);
        struct fh_event *event =
            add(events, move->said.issued_ms, fh_announce_status_text(move->said.status));
        event->version = move->said.version;
        event->id = move->id;
        event->key = fh_key_id_of(&move->signer.key);
        snprintf(event->detail,
                 sizeof event->detail,
                 "%s%s%s%s%s",
                 sunset[0] == '\0' ? "" : "ends ",
                 sunset,
                 sunset[0] != '\0' && successor[0] != '\0' ? "; " : "",
                 successor[0] == '\0' ? "" : "use ",
                 successor);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct fh_event *left = a;
    const struct fh_event *right = b;
    if (left->at_ms != right->at_ms) {
        return left->at_ms < right->at_ms ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

int fh_events_make(struct fh_events *out,
                   const struct fh_history *history,
                   uint32_t major,
                   struct fh_err *err)
{
    /* A version may be a fork too. */
    size_t most = history->version_count * (1 + history->fork_count) + history->move_count + 1;
    out->count = 0;
    out->items = fh_calloc(most, sizeof *out->items);
    if (out->items == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a history");
    }
    add_versions(out, history, major);
    add_moves(out, history, major);
    qsort(out->items, out->count, sizeof *out->items, by_time);
    return FH_OK;
}

void fh_events_fini(struct fh_events *events)
{
    fh_free(events->items);
    *events = (struct fh_events){.count = 0};
}
