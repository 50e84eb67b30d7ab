/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/askers.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/client/client.h"

#include <pthread.h>

enum { RETRY_MS = 500 };

/*        take            opened              give
 * FREE ───────► LENT (client NULL) ──► LENT ───────► IDLE ─── take, or ended ──► */
enum state { ASKER_FREE, ASKER_LENT, ASKER_IDLE };

struct asker {
    enum state state;
    struct fh_identity *who;        /* a reference; NULL: the home's member */
    struct freehold_client *client; /* NULL while it is being opened */
    int64_t idle_ms;                /* monotonic, since when */
};

struct fh_askers {
    pthread_mutex_t lock;
    struct fh_home home;
    char address[FH_CLIENT_ADDRESS_BYTES]; /* of its node */
    struct asker askers[FH_DOOR_ASKERS_MAX];
};

/* What is taken out of the pool under its lock and ended without it: ending blocks. */
struct ended {
    size_t count;
    struct asker askers[FH_DOOR_ASKERS_MAX];
};

static void end_all(struct ended *ended)
{
    for (size_t i = 0; i < ended->count; i++) {
        freehold_close(ended->askers[i].client);
        fh_identity_drop(ended->askers[i].who);
    }
    ended->count = 0;
}

static void take_out(struct asker *asker, struct ended *ended)
{
    ended->askers[ended->count++] = *asker;
    *asker = (struct asker){.state = ASKER_FREE};
}

int fh_askers_new(struct fh_askers **out,
                  const struct fh_home *home,
                  const struct fh_settings *settings,
                  struct fh_err *err)
{
    struct fh_askers *askers = fh_calloc(1, sizeof *askers);
    if (askers == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for sessions");
    }
    pthread_mutex_init(&askers->lock, NULL);
    askers->home = *home;
    int code = fh_client_own_address(askers->address, settings, err);
    if (code != FH_OK) {
        fh_askers_free(askers);
        return code;
    }
    *out = askers;
    return FH_OK;
}

void fh_askers_free(struct fh_askers *askers)
{
    if (askers == NULL) {
        return;
    }
    for (size_t i = 0; i < FH_DOOR_ASKERS_MAX; i++) {
        struct asker *asker = &askers->askers[i];
        FH_ASSERT(asker->state != ASKER_LENT);
        freehold_close(asker->client);
        fh_identity_drop(asker->who);
    }
    pthread_mutex_destroy(&askers->lock);
    fh_free(askers);
}

/* ---- taking ---- */

/* What was idle for too long. */
static void sweep(struct fh_askers *askers, int64_t now_ms, struct ended *ended)
{
    for (size_t i = 0; i < FH_DOOR_ASKERS_MAX; i++) {
        struct asker *asker = &askers->askers[i];
        if (asker->state == ASKER_IDLE && now_ms - asker->idle_ms >= FH_DOOR_ASKER_IDLE_MS) {
            take_out(asker, ended);
        }
    }
}

void fh_askers_tidy(struct fh_askers *askers)
{
    struct ended ended = {.count = 0};
    pthread_mutex_lock(&askers->lock);
    sweep(askers, fh_clock_mono_ms(), &ended);
    pthread_mutex_unlock(&askers->lock);
    end_all(&ended);
}

/* An idle one of `who`, the one that was used last; else a free place, made by ending the idle one
 * that was not used for the longest. NULL: neither. */
static struct asker *
find(struct fh_askers *askers, const struct fh_identity *who, struct ended *out)
{
    struct asker *own = NULL;
    struct asker *place = NULL;
    struct asker *oldest = NULL;
    unsigned lent = 0;
    for (size_t i = 0; i < FH_DOOR_ASKERS_MAX; i++) {
        struct asker *asker = &askers->askers[i];
        if (asker->state == ASKER_FREE) {
            place = asker;
        } else if (asker->state == ASKER_LENT) {
            lent += asker->who == who;
        } else if (asker->who == who && (own == NULL || asker->idle_ms > own->idle_ms)) {
            own = asker;
        } else if (oldest == NULL || asker->idle_ms < oldest->idle_ms) {
            oldest = asker;
        }
    }
    if (lent >= FH_DOOR_ASKERS_PER_TOKEN_MAX) {
        return NULL;
    }
    if (own == NULL && place == NULL && oldest != NULL) {
        take_out(oldest, out);
        place = oldest;
    }
    return own != NULL ? own : place;
}

static int open_client(struct fh_askers *askers,
                       struct fh_identity *who,
                       struct freehold_client **out,
                       struct fh_err *err)
{
    if (who != NULL) {
        return fh_identity_open(who, out, err);
    }
    const struct freehold_options options = {
        .size = sizeof options, .home = askers->home.root, .peer = askers->address};
    return fh_client_open(out, &options, err);
}

int fh_askers_take(struct fh_askers *askers,
                   struct fh_identity *who,
                   struct freehold_client **out,
                   struct fh_err *err)
{
    struct ended ended = {.count = 0};
    int code = who != NULL ? fh_identity_check(who, err) : FH_OK;
    if (code != FH_OK) {
        return code;
    }
    pthread_mutex_lock(&askers->lock);
    sweep(askers, fh_clock_mono_ms(), &ended);
    struct asker *asker = find(askers, who, &ended);
    bool reused = asker != NULL && asker->state == ASKER_IDLE;
    if (asker != NULL && !reused) {
        *asker = (struct asker){.who = fh_identity_keep(who)};
    }
    if (asker != NULL) {
        asker->state = ASKER_LENT;
    }
    pthread_mutex_unlock(&askers->lock);
    end_all(&ended);
    if (asker == NULL) {
        fh_err_rule(err,
                    FH_EBUSY,
                    "door.askers",
                    "this door asks as much at once as it may; try again in a moment");
        fh_err_retry(err, RETRY_MS);
        return FH_EBUSY;
    }
    struct freehold_client *client = asker->client;
    code = reused ? FH_OK : open_client(askers, who, &client, err);
    pthread_mutex_lock(&askers->lock);
    if (code == FH_OK) {
        asker->client = client;
    } else {
        take_out(asker, &ended);
    }
    pthread_mutex_unlock(&askers->lock);
    if (code != FH_OK) {
        end_all(&ended);
        return code;
    }
    *out = client;
    return FH_OK;
}

/* ---- giving back ---- */

static struct asker *of_client(struct fh_askers *askers, const struct freehold_client *client)
{
    for (size_t i = 0; i < FH_DOOR_ASKERS_MAX; i++) {
        struct asker *asker = &askers->askers[i];
        if (asker->state == ASKER_LENT && asker->client == client) {
            return asker;
        }
    }
    FH_ASSERT(!"the client was lent by this pool");
    return NULL;
}

void fh_askers_give(struct fh_askers *askers, struct freehold_client *client)
{
    freehold_interrupt_forget(client); /* it came too late for this work */
    struct ended ended = {.count = 0};
    pthread_mutex_lock(&askers->lock);
    struct asker *asker = of_client(askers, client);
    if (fh_client_is_whole(client)) {
        asker->state = ASKER_IDLE;
        asker->idle_ms = fh_clock_mono_ms();
    } else {
        take_out(asker, &ended);
    }
    pthread_mutex_unlock(&askers->lock);
    end_all(&ended);
}
