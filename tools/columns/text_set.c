/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/text_set.h"

#include "common/err.h"
#include "common/limits.h"
#include "common/mem.h"
#include "tools/columns/flat.h"

#include <string.h>

enum {
    SLOTS_FIRST = 1024,
    SLOTS_PER_TEXT = 4, /* a quarter of the slots is taken at most: searches are short */
    PROBES_MAX = 64,    /* longer ones come of texts that were chosen for it */
    SIZE_BYTES = 4,
};

void fh_text_set_init(struct fh_text_set *set)
{
    *set = (struct fh_text_set){.full = false};
    fh_buf_init(&set->plain, FH_PARQUET_DICTIONARY_BYTES_MAX);
}

void fh_text_set_fini(struct fh_text_set *set)
{
    fh_buf_fini(&set->plain);
    fh_free(set->places);
    fh_free(set->slots);
    *set = (struct fh_text_set){.full = true};
}

void fh_text_set_reset(struct fh_text_set *set)
{
    fh_buf_reset(&set->plain);
    set->count = 0;
    set->full = false;
    if (set->slots != NULL) {
        memset(set->slots, 0, set->slot_count * sizeof *set->slots);
    }
}

static uint64_t hash(struct fh_bytes text)
{
    const uint64_t odd = 0x9E3779B97F4A7C15U; /* 2^64 by the golden ratio */
    uint64_t h = text.size * odd;
    for (size_t i = 0; i < text.size; i += sizeof h) {
        uint64_t word = 0;
        size_t left = text.size - i;
        memcpy(&word, text.data + i, left < sizeof word ? left : sizeof word);
        h = (h ^ word) * odd;
        h ^= h >> 29;
    }
    return h;
}

static struct fh_bytes text_at(const struct fh_text_set *set, uint32_t number)
{
    size_t from = set->places[number] + SIZE_BYTES;
    size_t to = number + 1 < set->count ? set->places[number + 1] : set->plain.size;
    return fh_bytes(set->plain.data + from, to - from);
}

/* The slot that has the text, or the free one where it belongs; NULL after too many probes. */
static uint32_t *find(const struct fh_text_set *set, struct fh_bytes text)
{
    size_t at = hash(text) % set->slot_count;
    for (size_t i = 0; i < PROBES_MAX; i++) {
        uint32_t *slot = &set->slots[(at + i) % set->slot_count];
        if (*slot == 0 || fh_bytes_equal(text_at(set, *slot - 1), text)) {
            return slot;
        }
    }
    return NULL;
}

/* Twice the room, or the first. */
static bool grow(struct fh_text_set *set)
{
    size_t slot_count = set->slot_count == 0 ? SLOTS_FIRST : 2 * set->slot_count;
    uint32_t *slots FH_CLEANUP(fh_freep) = fh_calloc(slot_count, sizeof *slots);
    uint32_t *places = fh_realloc(set->places, slot_count / SLOTS_PER_TEXT * sizeof *set->places);
    if (places != NULL) {
        set->places = places;
    }
    if (slots == NULL || places == NULL) {
        return false;
    }
    uint32_t *old = set->slots;
    set->slots = FH_TAKE(slots);
    set->slot_count = slot_count;
    fh_free(old);
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t *slot = find(set, text_at(set, i));
        if (slot == NULL) {
            return false;
        }
        *slot = i + 1;
    }
    return true;
}

size_t fh_text_set_size(const struct fh_text_set *set)
{
    return set->plain.size +
           set->count * (SLOTS_PER_TEXT * sizeof *set->slots + sizeof *set->places);
}

size_t fh_text_set_memory(const struct fh_text_set *set)
{
    return set->plain.capacity + set->slot_count * sizeof *set->slots +
           set->slot_count / SLOTS_PER_TEXT * sizeof *set->places;
}

/* Adds a text that is not there; false when there is no room for it. */
static bool add(struct fh_text_set *set, struct fh_bytes text)
{
    uint8_t size[SIZE_BYTES];
    if (set->count >= FH_PARQUET_DICTIONARY_ENTRIES_MAX ||
        text.size + sizeof size > set->plain.limit - set->plain.size ||
        (set->count == set->slot_count / SLOTS_PER_TEXT && !grow(set))) {
        return false;
    }
    uint32_t *slot = find(set, text);
    size_t place = set->plain.size;
    if (slot == NULL) {
        return false;
    }
    fh_flat_put(size, text.size, sizeof size);
    fh_buf_add(&set->plain, size, sizeof size);
    fh_buf_add_bytes(&set->plain, text);
    if (fh_buf_ok(&set->plain) != FH_OK) {
        set->plain.size = place; /* no half of one */
        return false;
    }
    set->places[set->count++] = (uint32_t)place;
    *slot = (uint32_t)set->count;
    return true;
}

bool fh_text_set_number(struct fh_text_set *set, struct fh_bytes text, uint32_t *out)
{
    const uint32_t *slot = set->full || set->slot_count == 0 ? NULL : find(set, text);
    if (slot != NULL && *slot != 0) {
        *out = *slot - 1;
        return true;
    }
    /* Without a slot so many searches met so many texts that the work would not be bounded. */
    set->full = set->full || (set->slot_count > 0 && slot == NULL) || !add(set, text);
    *out = (uint32_t)(set->full ? 0 : set->count - 1);
    return !set->full;
}
