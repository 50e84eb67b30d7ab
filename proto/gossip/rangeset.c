/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/rangeset.h"

#include "common/assert.h"
#include "common/mem.h"

#include <string.h>

enum {
    CHUNK_MAX = 128,   /* elements; a full one is split in two */
    CHUNK_MERGE = 32,  /* two neighbours that together have no more become one */
    LANES = 4,         /* of a sum: 64 bits each, the first the highest */
    CHUNKS_FIRST = 16, /* room at first */
};

struct sum {
    uint64_t lanes[LANES];
};

struct chunk {
    uint32_t count;
    struct sum sum;
    struct fh_range_element elements[CHUNK_MAX];
};

struct fh_rangeset {
    size_t limit;
    size_t count;
    struct chunk **chunks; /* none is empty */
    size_t chunk_count;
    size_t chunk_room;
};

/* ---- sums ---- */

static struct sum sum_of(const struct fh_record_id *id)
{
    struct sum sum;
    for (unsigned i = 0; i < LANES; i++) {
        sum.lanes[i] = fh_get_u64be(id->b + (size_t)8 * i);
    }
    return sum;
}

static void sum_add(struct sum *to, const struct sum *other)
{
    uint64_t carry = 0;
    for (unsigned i = LANES; i-- > 0;) {
        uint64_t with_carry = to->lanes[i] + carry;
        carry = with_carry < carry;
        to->lanes[i] = with_carry + other->lanes[i];
        carry += to->lanes[i] < with_carry;
    }
}

static void sum_subtract(struct sum *from, const struct sum *other)
{
    uint64_t borrow = 0;
    for (unsigned i = LANES; i-- > 0;) {
        uint64_t less = from->lanes[i] - other->lanes[i];
        uint64_t next = from->lanes[i] < other->lanes[i];
        next += less < borrow;
        from->lanes[i] = less - borrow;
        borrow = next;
    }
}

static void add_elements(struct sum *sum, const struct chunk *chunk, uint32_t from, uint32_t to)
{
    if (from == 0 && to == chunk->count) {
        sum_add(sum, &chunk->sum);
        return;
    }
    for (uint32_t i = from; i < to; i++) {
        struct sum one = sum_of(&chunk->elements[i].id);
        sum_add(sum, &one);
    }
}

/* ---- life ---- */

int fh_rangeset_new(struct fh_rangeset **out, size_t limit, struct fh_err *err)
{
    struct fh_rangeset *set = fh_calloc(1, sizeof *set);
    if (set == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a set of records");
    }
    set->limit = limit;
    *out = set;
    return FH_OK;
}

void fh_rangeset_clear(struct fh_rangeset *set)
{
    for (size_t i = 0; i < set->chunk_count; i++) {
        fh_free(set->chunks[i]);
    }
    set->chunk_count = 0;
    set->count = 0;
}

void fh_rangeset_free(struct fh_rangeset *set)
{
    if (set != NULL) {
        fh_rangeset_clear(set);
        fh_free(set->chunks);
        fh_free(set);
    }
}

/* ---- places ---- */

static int compare(const struct fh_range_key *a, const struct fh_range_key *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

/* The chunk in which the key stands or would stand; there is at least one. */
static size_t find_chunk(const struct fh_rangeset *set, const struct fh_range_key *key)
{
    size_t low = 0;
    size_t high = set->chunk_count; /* the first one that begins behind the key */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&set->chunks[middle]->elements[0].key, key) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? 0 : low - 1;
}

static uint32_t find_element(const struct chunk *chunk, const struct fh_range_key *key)
{
    uint32_t low = 0;
    uint32_t high = chunk->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&chunk->elements[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct chunk *chunk, uint32_t place, const struct fh_range_key *key)
{
    return place < chunk->count && compare(&chunk->elements[place].key, key) == 0;
}

size_t fh_rangeset_count(const struct fh_rangeset *set)
{
    return set->count;
}

size_t fh_rangeset_place(const struct fh_rangeset *set, const struct fh_range_key *key)
{
    if (set->chunk_count == 0) {
        return 0;
    }
    size_t at = find_chunk(set, key);
    size_t before = 0;
    for (size_t i = 0; i < at; i++) {
        before += set->chunks[i]->count;
    }
    return before + find_element(set->chunks[at], key);
}

const struct fh_range_element *fh_rangeset_at(const struct fh_rangeset *set, size_t place)
{
    FH_ASSERT(place < set->count);
    size_t i = 0;
    while (place >= set->chunks[i]->count) {
        place -= set->chunks[i]->count;
        i++;
    }
    return &set->chunks[i]->elements[place];
}

void fh_rangeset_fingerprint(const struct fh_rangeset *set,
                             size_t from,
                             size_t to,
                             uint8_t out[FH_RANGE_FINGERPRINT_BYTES])
{
    static const char tag[] = "freehold/v1/range";
    FH_ASSERT(from <= to && to <= set->count);
    struct sum sum = {{0}};
    size_t before = 0;
    for (size_t i = 0; i < set->chunk_count && before < to; i++) {
        const struct chunk *chunk = set->chunks[i];
        size_t end = before + chunk->count;
        if (end > from) {
            add_elements(&sum,
                         chunk,
                         from > before ? (uint32_t)(from - before) : 0,
                         to < end ? (uint32_t)(to - before) : chunk->count);
        }
        before = end;
    }
    uint8_t numbers[8 + 8 * LANES];
    fh_put_u64be(numbers, to - from);
    for (unsigned i = 0; i < LANES; i++) {
        fh_put_u64be(numbers + 8 + (size_t)8 * i, sum.lanes[i]);
    }
    struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag), fh_bytes(numbers, sizeof numbers)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    memcpy(out, hash.b, FH_RANGE_FINGERPRINT_BYTES);
}

/* ---- changes ---- */

/* A new chunk at place `at` of the list of chunks; NULL without memory. */
static struct chunk *insert_chunk(struct fh_rangeset *set, size_t at)
{
    if (set->chunk_count == set->chunk_room) {
        size_t room = set->chunk_room == 0 ? CHUNKS_FIRST : 2 * set->chunk_room;
        struct chunk **chunks = fh_realloc(set->chunks, room * sizeof *chunks);
        if (chunks == NULL) {
            return NULL;
        }
        set->chunks = chunks;
        set->chunk_room = room;
    }
    struct chunk *chunk = fh_alloc(sizeof *chunk);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->count = 0;
    chunk->sum = (struct sum){{0}};
    memmove(
        &set->chunks[at + 1], &set->chunks[at], (set->chunk_count - at) * sizeof(set->chunks[0]));
    set->chunks[at] = chunk;
    set->chunk_count++;
    return chunk;
}

static void drop_chunk(struct fh_rangeset *set, size_t at)
{
    fh_free(set->chunks[at]);
    set->chunk_count--;
    memmove(
        &set->chunks[at], &set->chunks[at + 1], (set->chunk_count - at) * sizeof(set->chunks[0]));
}

static bool split(struct fh_rangeset *set, size_t at)
{
    struct chunk *upper = insert_chunk(set, at + 1);
    if (upper == NULL) {
        return false;
    }
    struct chunk *lower = set->chunks[at];
    uint32_t kept = lower->count / 2;
    upper->count = lower->count - kept;
    memcpy(upper->elements, &lower->elements[kept], upper->count * sizeof upper->elements[0]);
    for (uint32_t i = 0; i < upper->count; i++) {
        struct sum one = sum_of(&upper->elements[i].id);
        sum_add(&upper->sum, &one);
    }
    sum_subtract(&lower->sum, &upper->sum);
    lower->count = kept;
    return true;
}

/* Chunks that became small go together, so that few elements never lie in many chunks. */
static void merge(struct fh_rangeset *set, size_t at)
{
    struct chunk *lower = set->chunks[at];
    struct chunk *upper = set->chunks[at + 1];
    if (lower->count + upper->count > CHUNK_MERGE) {
        return;
    }
    memcpy(
        &lower->elements[lower->count], upper->elements, upper->count * sizeof upper->elements[0]);
    lower->count += upper->count;
    sum_add(&lower->sum, &upper->sum);
    drop_chunk(set, at + 1);
}

static void replace(struct chunk *chunk, uint32_t place, const struct fh_record_id *id)
{
    struct sum old = sum_of(&chunk->elements[place].id);
    struct sum new = sum_of(id);
    sum_subtract(&chunk->sum, &old);
    sum_add(&chunk->sum, &new);
    chunk->elements[place].id = *id;
}

int fh_rangeset_put(struct fh_rangeset *set,
                    const struct fh_range_key *key,
                    const struct fh_record_id *id,
                    struct fh_err *err)
{
    bool room = set->chunk_count > 0 || insert_chunk(set, 0) != NULL;
    size_t at = room ? find_chunk(set, key) : 0;
    if (room && is_at(set->chunks[at], find_element(set->chunks[at], key), key)) {
        replace(set->chunks[at], find_element(set->chunks[at], key), id);
        return FH_OK;
    }
    int code = FH_OK;
    if (set->count == set->limit) {
        code = fh_err_set(err, FH_ETOOBIG, "more than %zu records in a set", set->limit);
    } else if (room && set->chunks[at]->count == CHUNK_MAX) {
        room = split(set, at);
        at = room ? find_chunk(set, key) : at;
    }
    if (code == FH_OK && !room) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for a set of records");
    }
    if (code != FH_OK) {
        if (set->chunk_count > 0 && set->chunks[0]->count == 0) {
            drop_chunk(set, 0);
        }
        return code;
    }
    struct chunk *chunk = set->chunks[at];
    uint32_t place = find_element(chunk, key);
    memmove(&chunk->elements[place + 1],
            &chunk->elements[place],
            (chunk->count - place) * sizeof chunk->elements[0]);
    chunk->elements[place] = (struct fh_range_element){.key = *key, .id = *id};
    chunk->count++;
    struct sum one = sum_of(id);
    sum_add(&chunk->sum, &one);
    set->count++;
    return FH_OK;
}

bool fh_rangeset_remove(struct fh_rangeset *set, const struct fh_range_key *key)
{
    if (set->chunk_count == 0) {
        return false;
    }
    size_t at = find_chunk(set, key);
    struct chunk *chunk = set->chunks[at];
    uint32_t place = find_element(chunk, key);
    if (!is_at(chunk, place, key)) {
        return false;
    }
    struct sum one = sum_of(&chunk->elements[place].id);
    sum_subtract(&chunk->sum, &one);
    chunk->count--;
    set->count--;
    memmove(&chunk->elements[place],
            &chunk->elements[place + 1],
            (chunk->count - place) * sizeof chunk->elements[0]);
    if (chunk->count == 0) {
        drop_chunk(set, at);
    } else if (at + 1 < set->chunk_count) {
        merge(set, at);
    }
    return true;
}

size_t fh_rangeset_memory(const struct fh_rangeset *set)
{
    return sizeof *set + set->chunk_room * sizeof(set->chunks[0]) +
           set->chunk_count * sizeof(struct chunk);
}
