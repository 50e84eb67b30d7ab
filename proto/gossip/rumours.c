/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/rumours.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/gossip/messages.h"

#include <string.h>

#define NONE UINT32_MAX

enum {
    CAPACITY_START = 8,
    LOOKED_AT_MAX = 64,           /* rumours looked at for one datagram: bounds a step */
    TURN = 5,                     /* every fifth datagram starts with a lower class */
    DONE = FH_RUMOUR_CLASS_COUNT, /* the list of those that are said: kept to be asked for */
};

/* In the list heads[class][sends]; newest first. */
struct fh_rumour {
    struct fh_fact *fact;
    struct fh_ref key;
    int64_t born_ms;
    uint32_t newer;
    uint32_t older;
    uint32_t next; /* chain of the hash, or free list */
    uint8_t class_;
    uint8_t sends;
};

void fh_rumours_init(struct fh_rumours *rumours, uint32_t limit, struct fh_fact_pool *pool)
{
    FH_ASSERT(limit > 0);
    *rumours = (struct fh_rumours){.limit = limit, .free = NONE, .done_oldest = NONE, .pool = pool};
    memset(rumours->heads, 0xff, sizeof rumours->heads);
}

void fh_rumours_fini(struct fh_rumours *rumours)
{
    for (uint32_t i = 0; i < rumours->used; i++) {
        fh_fact_drop(rumours->pool, rumours->items[i].fact);
    }
    fh_free(rumours->items);
    fh_free(rumours->buckets);
    *rumours = (struct fh_rumours){0};
}

unsigned fh_rumour_sends(uint32_t members)
{
    unsigned bits = 0;
    while (((uint64_t)1 << bits) < (uint64_t)members + 1) {
        bits++;
    }
    unsigned sends = 2 * bits;
    if (sends < FH_RUMOUR_SENDS_MIN) {
        return FH_RUMOUR_SENDS_MIN;
    }
    return sends < FH_RUMOUR_SENDS_MAX ? sends : FH_RUMOUR_SENDS_MAX;
}

/* Keys are hashes, or begin with one. */
static uint32_t *bucket_of(const struct fh_rumours *rumours, const struct fh_ref *key)
{
    uint32_t hash = fh_get_u32be(key->b) ^ fh_get_u32be(key->b + 8);
    return &rumours->buckets[hash & (rumours->bucket_count - 1)];
}

static uint32_t find(const struct fh_rumours *rumours, const struct fh_ref *key)
{
    if (rumours->bucket_count == 0) {
        return NONE;
    }
    uint32_t at = *bucket_of(rumours, key);
    while (at != NONE && !fh_ref_equal(&rumours->items[at].key, key)) {
        at = rumours->items[at].next;
    }
    return at;
}

static void list_add(struct fh_rumours *rumours, uint32_t at)
{
    struct fh_rumour *item = &rumours->items[at];
    uint32_t *head = &rumours->heads[item->class_][item->sends];
    item->newer = NONE;
    item->older = *head;
    if (*head != NONE) {
        rumours->items[*head].newer = at;
    } else if (item->class_ == DONE) {
        rumours->done_oldest = at;
    }
    *head = at;
}

static void list_remove(struct fh_rumours *rumours, uint32_t at)
{
    struct fh_rumour *item = &rumours->items[at];
    if (item->newer == NONE) {
        rumours->heads[item->class_][item->sends] = item->older;
    } else {
        rumours->items[item->newer].older = item->older;
    }
    if (item->older != NONE) {
        rumours->items[item->older].newer = item->newer;
    } else if (item->class_ == DONE) {
        rumours->done_oldest = item->newer;
    }
}

static void remove_item(struct fh_rumours *rumours, uint32_t at)
{
    struct fh_rumour *item = &rumours->items[at];
    list_remove(rumours, at);
    uint32_t *link = bucket_of(rumours, &item->key);
    while (*link != at) {
        link = &rumours->items[*link].next;
    }
    *link = item->next;
    fh_fact_drop(rumours->pool, item->fact);
    item->fact = NULL;
    item->next = rumours->free;
    rumours->free = at;
    if (item->class_ == DONE) {
        rumours->done_count--;
    } else {
        rumours->count--;
        rumours->class_count[item->class_]--;
    }
}

/* Said often enough; whoever had only a hint of it may still ask. */
static void retire(struct fh_rumours *rumours, uint32_t at)
{
    struct fh_rumour *item = &rumours->items[at];
    rumours->count--;
    rumours->class_count[item->class_]--;
    rumours->done_count++;
    item->class_ = DONE;
    item->sends = 0;
    list_add(rumours, at);
}

static void forget_old(struct fh_rumours *rumours, int64_t born_after_ms)
{
    while (rumours->done_oldest != NONE &&
           rumours->items[rumours->done_oldest].born_ms < born_after_ms) {
        remove_item(rumours, rumours->done_oldest);
    }
}

static bool grow(struct fh_rumours *rumours)
{
    uint32_t wider = rumours->capacity == 0 ? CAPACITY_START : rumours->capacity * 2;
    wider = wider < rumours->limit ? wider : rumours->limit;
    if (wider == rumours->capacity) {
        return false;
    }
    uint32_t bucket_count = CAPACITY_START;
    while (bucket_count < wider) {
        bucket_count *= 2;
    }
    struct fh_rumour *items = fh_realloc(rumours->items, wider * sizeof *items);
    if (items == NULL) {
        return false;
    }
    rumours->items = items;
    uint32_t *buckets = fh_realloc(rumours->buckets, bucket_count * sizeof *buckets);
    if (buckets == NULL) {
        return false;
    }
    rumours->buckets = buckets;
    rumours->bucket_count = bucket_count;
    rumours->capacity = wider;
    memset(buckets, 0xff, bucket_count * sizeof *buckets);
    for (uint32_t i = 0; i < rumours->used; i++) {
        if (rumours->items[i].fact != NULL) {
            uint32_t *bucket = bucket_of(rumours, &rumours->items[i].key);
            rumours->items[i].next = *bucket;
            *bucket = i;
        }
    }
    return true;
}

/* Makes room in a full queue: what is said goes first, then the most sent of the lowest class. */
static void drop_one(struct fh_rumours *rumours)
{
    if (rumours->done_oldest != NONE) {
        remove_item(rumours, rumours->done_oldest);
        return;
    }
    for (unsigned c = FH_RUMOUR_CLASS_COUNT; c-- > 0;) {
        for (unsigned sends = FH_RUMOUR_SENDS_MAX; sends-- > 0;) {
            uint32_t at = rumours->heads[c][sends];
            if (at != NONE) {
                while (rumours->items[at].older != NONE) {
                    at = rumours->items[at].older;
                }
                remove_item(rumours, at);
                rumours->dropped++;
                return;
            }
        }
    }
}

static uint32_t place(struct fh_rumours *rumours)
{
    if (rumours->free == NONE && rumours->used == rumours->capacity && !grow(rumours)) {
        if (rumours->count + rumours->done_count == 0) {
            return NONE; /* no memory at all */
        }
        drop_one(rumours);
    }
    uint32_t at = rumours->free;
    if (at != NONE) {
        rumours->free = rumours->items[at].next;
        return at;
    }
    return rumours->used++;
}

void fh_rumours_put(struct fh_rumours *rumours,
                    const struct fh_ref *key,
                    enum fh_rumour_class class_,
                    struct fh_fact *fact,
                    int64_t now_ms)
{
    FH_ASSERT(class_ < FH_RUMOUR_CLASS_COUNT);
    fh_rumours_cancel(rumours, key);
    uint32_t at = place(rumours);
    if (at == NONE) {
        rumours->dropped++;
        fh_fact_drop(rumours->pool, fact);
        return;
    }
    struct fh_rumour *item = &rumours->items[at];
    *item =
        (struct fh_rumour){.fact = fact, .key = *key, .born_ms = now_ms, .class_ = (uint8_t)class_};
    uint32_t *bucket = bucket_of(rumours, key);
    item->next = *bucket;
    *bucket = at;
    list_add(rumours, at);
    rumours->count++;
    rumours->class_count[class_]++;
}

void fh_rumours_cancel(struct fh_rumours *rumours, const struct fh_ref *key)
{
    uint32_t at = find(rumours, key);
    if (at != NONE) {
        remove_item(rumours, at);
    }
}

void fh_rumours_heard(struct fh_rumours *rumours,
                      const struct fh_ref *key,
                      const struct fh_fact *fact)
{
    uint32_t at = rumours->count > FH_RUMOURS_LONG ? find(rumours, key) : NONE;
    if (at != NONE && rumours->items[at].fact == fact && rumours->items[at].class_ != DONE &&
        rumours->items[at].sends + 1 < FH_RUMOUR_SENDS_MAX) {
        list_remove(rumours, at);
        rumours->items[at].sends++;
        list_add(rumours, at);
    }
}

const struct fh_fact *fh_rumours_find(const struct fh_rumours *rumours, const struct fh_ref *key)
{
    uint32_t at = find(rumours, key);
    return at == NONE ? NULL : rumours->items[at].fact;
}

struct take {
    const struct fh_rumour_limits *limits;
    struct fh_rumour_taken *out;
    unsigned count;
    unsigned records;
    unsigned hints;
    unsigned looked_at;
    size_t bytes;
    uint32_t taken[FH_RUMOURS_TAKEN_MAX];
};

/* A hint must be of use to whoever may hold the record already: a suspicion is wanted by some and
 * not by others. What is urgent is not left to a question and an answer. */
static bool goes_as_hint(const struct fh_rumour *item, const struct fh_rumour_limits *limits)
{
    if (item->class_ == FH_RUMOUR_URGENT || item->fact->kind == FH_FACT_SUSPECT) {
        return false;
    }
    if (!limits->hinted && item->fact->bytes.size <= FH_RUMOUR_SMALL_BYTES) {
        return false;
    }
    return item->class_ == FH_RUMOUR_REFRESH || item->sends >= FH_RUMOUR_PUSHES;
}

static size_t bytes_of(const struct take *take, const struct fh_rumour *item, bool hint)
{
    if (hint) {
        return FH_HINT_BYTES + (take->hints == 0 ? FH_LETTER_HINTS_BYTES : 0);
    }
    return fh_letter_record_bytes(item->fact->bytes.size);
}

/* Takes what fits of one class, least sent first. Taken ones leave their list until take_done. */
static void take_class(struct fh_rumours *rumours, unsigned class_, struct take *take)
{
    const struct fh_rumour_limits *limits = take->limits;
    for (unsigned sends = 0; sends < FH_RUMOUR_SENDS_MAX; sends++) {
        uint32_t at = rumours->heads[class_][sends];
        while (at != NONE) {
            struct fh_rumour *item = &rumours->items[at];
            uint32_t older = item->older;
            if (++take->looked_at > LOOKED_AT_MAX) {
                return;
            }
            bool hint = goes_as_hint(item, limits);
            bool place = hint ? take->hints < limits->hints : take->records < limits->records;
            size_t size = bytes_of(take, item, hint);
            if (sends >= limits->sends || item->born_ms < limits->born_after_ms) {
                remove_item(rumours, at);
            } else if (place && take->bytes + size <= limits->bytes) {
                list_remove(rumours, at);
                take->bytes += size;
                take->records += hint ? 0 : 1;
                take->hints += hint ? 1 : 0;
                take->taken[take->count] = at;
                take->out[take->count++] = (struct fh_rumour_taken){
                    .fact = fh_fact_ref(item->fact), .key = item->key, .hint = hint};
            }
            at = older;
        }
    }
}

unsigned fh_rumours_take(struct fh_rumours *rumours,
                         const struct fh_rumour_limits *limits,
                         struct fh_rumour_taken *out)
{
    FH_ASSERT(limits->records <= FH_MESSAGE_RECORDS_MAX);
    FH_ASSERT(limits->hints <= FH_MESSAGE_HINTS_MAX);
    forget_old(rumours, limits->born_after_ms);
    if (rumours->count == 0) {
        return 0;
    }
    struct take take = {.limits = limits, .out = out};
    unsigned first = 0;
    if (rumours->turn++ % TURN == TURN - 1) {
        first = 1 + rumours->turn / TURN % (FH_RUMOUR_CLASS_COUNT - 1);
    }
    take_class(rumours, first, &take);
    for (unsigned c = 0; c < FH_RUMOUR_CLASS_COUNT; c++) {
        if (c != first) {
            take_class(rumours, c, &take);
        }
    }
    for (unsigned i = 0; i < take.count; i++) {
        struct fh_rumour *item = &rumours->items[take.taken[i]];
        item->sends++;
        if (item->sends >= limits->sends || item->sends >= FH_RUMOUR_SENDS_MAX) {
            retire(rumours, take.taken[i]);
        } else {
            list_add(rumours, take.taken[i]);
        }
    }
    return take.count;
}

size_t fh_rumours_memory(const struct fh_rumours *rumours)
{
    return rumours->capacity * sizeof(struct fh_rumour) +
           rumours->bucket_count * sizeof *rumours->buckets;
}
