/* SPDX-License-Identifier: Apache-2.0 */
#include "node/mesh/opening.h"

#include "common/arena.h"
#include "common/assert.h"
#include "common/mem.h"
#include "node/io/pool.h"
#include "proto/contract/contract_record.h"

#include <pthread.h>

enum { RECORDS_MIN = 4, RECORDS_MAX = 64 };

enum state { UNCLAIMED, CLAIMED, OPENED };

struct item {
    enum state state; /* under the lock */
    struct fh_bytes record;
    struct fh_arena *arena;
    struct fh_contract *contract;
};

struct fh_opening {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    struct fh_mesh_id mesh;
    unsigned holders; /* loop thread: the taker and the job */
    unsigned count;
    struct item items[RECORDS_MAX];
};

/* The pool's thread alone touches a claimed item. */
static void open_item(const struct fh_opening *opening, struct item *item)
{
    struct fh_err err;
    struct fh_record record;
    struct fh_contract_record stated;
    item->arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    if (item->arena == NULL ||
        fh_record_parse(&record, item->record, &opening->mesh, &err) != FH_OK ||
        record.type != FH_RECORD_CONTRACT ||
        fh_contract_record_parse(&stated, record.payload, &err) != FH_OK ||
        fh_contract_record_open(&item->contract, &stated, item->arena, &err) != FH_OK) {
        item->contract = NULL; /* whoever stores finds out why */
    }
}

static struct item *claim(struct fh_opening *opening)
{
    struct item *found = NULL;
    pthread_mutex_lock(&opening->lock);
    for (unsigned i = opening->count; i > 0 && found == NULL; i--) {
        if (opening->items[i - 1].state == UNCLAIMED) {
            found = &opening->items[i - 1];
            found->state = CLAIMED;
        }
    }
    pthread_mutex_unlock(&opening->lock);
    return found;
}

/* Pool thread. */
static void work(void *user)
{
    struct fh_opening *opening = user;
    struct item *item;
    while ((item = claim(opening)) != NULL) {
        open_item(opening, item);
        pthread_mutex_lock(&opening->lock);
        item->state = OPENED;
        pthread_cond_signal(&opening->opened);
        pthread_mutex_unlock(&opening->lock);
    }
}

static void release(void *user)
{
    struct fh_opening *opening = user;
    FH_ASSERT(opening->holders > 0);
    if (--opening->holders > 0) {
        return;
    }
    for (unsigned i = 0; i < opening->count; i++) {
        fh_arena_free(opening->items[i].arena);
    }
    pthread_cond_destroy(&opening->opened);
    pthread_mutex_destroy(&opening->lock);
    fh_free(opening);
}

struct fh_opening *fh_opening_begin(struct fh_loop *loop,
                                    const struct fh_mesh_id *mesh,
                                    const struct fh_msg_bins *records)
{
    struct fh_msg_bins left = *records;
    if (left.left < RECORDS_MIN) {
        return NULL;
    }
    struct fh_bytes first;
    struct fh_record record;
    struct fh_err err;
    struct fh_opening *opening = NULL;
    if (fh_msg_bins_next(&left, &first) && fh_record_parse(&record, first, mesh, &err) == FH_OK &&
        record.type == FH_RECORD_CONTRACT) {
        opening = fh_calloc(1, sizeof *opening);
    }
    if (opening == NULL) {
        return NULL;
    }
    left = *records;
    opening->mesh = *mesh;
    opening->holders = 2;
    pthread_mutex_init(&opening->lock, NULL);
    pthread_cond_init(&opening->opened, NULL);
    while (opening->count < RECORDS_MAX &&
           fh_msg_bins_next(&left, &opening->items[opening->count].record)) {
        opening->count++;
    }
    if (fh_pool_submit(loop, work, release, opening, &err) != FH_OK) {
        opening->holders = 1;
        release(opening);
        return NULL;
    }
    return opening;
}

const struct fh_contract *fh_opening_take(struct fh_opening *opening, unsigned index)
{
    if (opening == NULL || index >= opening->count) {
        return NULL;
    }
    struct item *item = &opening->items[index];
    pthread_mutex_lock(&opening->lock);
    if (item->state == UNCLAIMED) {
        item->state = OPENED; /* by the caller, as it goes */
    }
    while (item->state == CLAIMED) {
        pthread_cond_wait(&opening->opened, &opening->lock);
    }
    pthread_mutex_unlock(&opening->lock);
    return item->contract;
}

void fh_opening_end(struct fh_opening *opening)
{
    if (opening == NULL) {
        return;
    }
    for (unsigned i = 0; i < opening->count; i++) {
        (void)fh_opening_take(opening, i); /* the job does not touch the bytes from here on */
    }
    release(opening);
}
