/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/dictionary.h"

#include "common/mem.h"
#include "node/worker/validity.h"

#include <string.h>

enum { SLOT_BITS_FIRST = 10 };

static const uint16_t no_entry = UINT16_MAX;

static void empty_slots(struct fh_dictionary *d, unsigned bits)
{
    d->slot_bits = bits;
    memset(d->slots, 0xff, sizeof d->slots[0] << bits); /* no_entry */
}

struct fh_dictionary *fh_dictionary_new(void)
{
    struct fh_dictionary *d = fh_alloc(sizeof *d); /* not zeroed: most of it is never used */
    if (d != NULL) {
        d->indices = NULL;
        d->index_room = 0;
        d->ends[0] = 0;
        fh_dictionary_begin(d);
    }
    return d;
}

void fh_dictionary_free(struct fh_dictionary *dictionary)
{
    if (dictionary != NULL) {
        fh_free(dictionary->indices);
        fh_free(dictionary);
    }
}

void fh_dictionary_begin(struct fh_dictionary *dictionary)
{
    dictionary->count = 0;
    dictionary->index_count = 0;
    empty_slots(dictionary, SLOT_BITS_FIRST);
}

/* Its highest bits depend on every bit of both. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    return a * 0x9e3779b97f4a7c15 + (b ^ a >> 32) * 0xbf58476d1ce4e5b9;
}

static uint64_t hash_bytes(const char *bytes, size_t size)
{
    uint64_t hash = size;
    uint64_t word = 0;
    for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, size);
    return mix(hash, word);
}

static bool is_inlined(const duckdb_string_t *string)
{
    return string->value.inlined.length <= sizeof string->value.inlined.inlined;
}

static const char *bytes_of(const duckdb_string_t *string)
{
    return is_inlined(string) ? string->value.inlined.inlined : string->value.pointer.ptr;
}

static uint32_t slot_of(const struct fh_dictionary *d, const uint64_t key[2])
{
    return (uint32_t)(mix(key[0], key[1]) >> (64 - d->slot_bits));
}

static uint32_t next_slot(const struct fh_dictionary *d, uint32_t slot)
{
    return (slot + 1) & ((1U << d->slot_bits) - 1);
}

static void make_sparse(struct fh_dictionary *d)
{
    empty_slots(d, d->slot_bits + 2);
    for (uint32_t entry = 0; entry < d->count; entry++) {
        uint32_t slot = slot_of(d, d->keys[entry]);
        while (d->slots[slot] != no_entry) {
            slot = next_slot(d, slot);
        }
        d->slots[slot] = (uint16_t)entry;
    }
}

static uint16_t
insert(struct fh_dictionary *d, const duckdb_string_t *string, const uint64_t key[2])
{
    size_t size = string->value.inlined.length;
    size_t end = d->count == 0 ? 0 : (size_t)d->ends[d->count];
    if (d->count == FH_DICTIONARY_ENTRIES_MAX || size > FH_DICTIONARY_BYTES_MAX - end) {
        return no_entry;
    }
    memcpy(d->data + end, bytes_of(string), size);
    memcpy(d->keys[d->count], key, sizeof d->keys[0]);
    d->ends[0] = 0;
    d->ends[d->count + 1] = (int32_t)(end + size);
    return (uint16_t)d->count++;
}

/* Of a string that is not at the first slot of its key: where it is, or a new entry, or no_entry
 * when there is no room. */
static uint16_t look_further(struct fh_dictionary *d, const duckdb_string_t *string)
{
    uint64_t key[2];
    bool inlined = is_inlined(string);
    size_t size = string->value.inlined.length;
    memcpy(key, string, sizeof key);
    if (!inlined) {
        key[1] = hash_bytes(string->value.pointer.ptr, size);
    }
    uint32_t slot = slot_of(d, key);
    for (; d->slots[slot] != no_entry; slot = next_slot(d, slot)) {
        uint16_t entry = d->slots[slot];
        if (d->keys[entry][0] == key[0] && d->keys[entry][1] == key[1] &&
            (inlined || memcmp(d->data + d->ends[entry], string->value.pointer.ptr, size) == 0)) {
            return entry;
        }
    }
    uint16_t entry = insert(d, string, key);
    d->slots[slot] = entry;
    if (d->count > 1U << (d->slot_bits - 1) && d->slot_bits < FH_DICTIONARY_SLOT_BITS_MAX) {
        make_sparse(d);
    }
    return entry;
}

/* The entry of a string, made when it is not there. */
static inline uint16_t look_up(struct fh_dictionary *d, const duckdb_string_t *string)
{
    uint64_t key[2];
    memcpy(key, string, sizeof key);
    uint16_t entry = d->slots[slot_of(d, key)];
    /* A short string is its own key; the address of a long one is none. */
    if (entry != no_entry && d->keys[entry][0] == key[0] && d->keys[entry][1] == key[1] &&
        is_inlined(string)) {
        return entry;
    }
    return look_further(d, string);
}

static bool make_room(struct fh_dictionary *d, uint32_t rows)
{
    uint32_t wanted = d->index_count + rows;
    if (wanted > d->index_room) {
        uint32_t room = wanted < 2 * d->index_room ? 2 * d->index_room : wanted;
        uint16_t *more = fh_realloc(d->indices, room * sizeof *more);
        if (more == NULL) {
            return false;
        }
        d->indices = more;
        d->index_room = room;
    }
    return true;
}

bool fh_dictionary_add(struct fh_dictionary *dictionary,
                       const duckdb_string_t *strings,
                       const uint64_t *validity,
                       uint32_t rows)
{
    if (!make_room(dictionary, rows)) {
        return false;
    }
    uint16_t *out = dictionary->indices + dictionary->index_count;
    bool full = false;
    for (uint32_t row = 0; validity == NULL && row < rows; row++) {
        out[row] = look_up(dictionary, &strings[row]);
        full |= out[row] == no_entry;
    }
    for (uint32_t row = 0; validity != NULL && row < rows; row++) {
        out[row] = fh_row_valid(validity, row) ? look_up(dictionary, &strings[row]) : 0;
        full |= out[row] == no_entry;
    }
    dictionary->index_count += rows;
    return !full;
}
