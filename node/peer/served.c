/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing; a removal closes the gap by shifting back what was pushed past it.
 */
#include "node/peer/served.h"

struct fh_served *fh_served_find(struct fh_served_table *table, uint64_t number)
{
    for (size_t i = 0; i < FH_SERVED_SLOTS; i++) {
        struct fh_served *slot = &table->slots[(number + i) % FH_SERVED_SLOTS];
        if (slot->session == NULL) {
            return NULL;
        }
        if (slot->number == number) {
            return slot;
        }
    }
    return NULL;
}

struct fh_served *fh_served_insert(struct fh_served_table *table, uint64_t number)
{
    for (size_t i = 0; i < FH_SERVED_SLOTS; i++) {
        struct fh_served *slot = &table->slots[(number + i) % FH_SERVED_SLOTS];
        if (slot->session == NULL) {
            *slot = (struct fh_served){.number = number};
            table->count++;
            return slot;
        }
    }
    return NULL;
}

void fh_served_drop(struct fh_served_table *table, struct fh_served *slot)
{
    uint64_t number = slot->number;
    bool open = slot->open;
    fh_session_close(slot->session);
    fh_session_unref(slot->session);
    size_t hole = (size_t)(slot - table->slots);
    table->slots[hole].session = NULL;
    table->count--;
    for (size_t i = (hole + 1) % FH_SERVED_SLOTS; table->slots[i].session != NULL;
         i = (i + 1) % FH_SERVED_SLOTS) {
        size_t home = table->slots[i].number % FH_SERVED_SLOTS;
        size_t distance_home = (i + FH_SERVED_SLOTS - home) % FH_SERVED_SLOTS;
        size_t distance_hole = (i + FH_SERVED_SLOTS - hole) % FH_SERVED_SLOTS;
        if (distance_home >= distance_hole) {
            table->slots[hole] = table->slots[i];
            table->slots[i].session = NULL;
            hole = i;
        }
    }
    if (open && table->gone != NULL) {
        table->gone(number, table->user);
    }
}

bool fh_served_is_silent(const struct fh_served *slot, int64_t now_ms)
{
    return slot->open && now_ms - slot->used_ms >= FH_SESSION_SILENT_MS &&
           !fh_session_shared(slot->session);
}

/* What a session has shown: anybody can send a first frame, and make keys without end. */
static unsigned rank(const struct fh_served *slot)
{
    return slot->open ? 1U + slot->speaker.admitted : 0U;
}

void fh_served_make_room(struct fh_served_table *table)
{
    struct fh_served *least = NULL;
    struct fh_served *greeting = NULL;
    unsigned greetings = 0;
    for (size_t i = 0; i < FH_SERVED_SLOTS; i++) {
        struct fh_served *slot = &table->slots[i];
        if (slot->session == NULL) {
            continue;
        }
        if (least == NULL || rank(slot) < rank(least) ||
            (rank(slot) == rank(least) && slot->used_ms < least->used_ms)) {
            least = slot;
        }
        if (!slot->open) {
            greetings++;
            if (greeting == NULL || slot->used_ms < greeting->used_ms) {
                greeting = slot;
            }
        }
    }
    if (greetings >= FH_SESSIONS_GREETING_MAX) {
        fh_served_drop(table, greeting);
    } else if (table->count >= FH_SESSIONS_MAX) {
        fh_served_drop(table, least);
    }
}

void fh_served_make_room_of_key(struct fh_served_table *table, const struct fh_key_id *key)
{
    struct fh_served *quietest = NULL;
    unsigned count = 0;
    for (size_t i = 0; i < FH_SERVED_SLOTS; i++) {
        struct fh_served *slot = &table->slots[i];
        if (slot->session != NULL && slot->open && fh_key_id_equal(&slot->speaker.key, key)) {
            count++;
            if (quietest == NULL || slot->used_ms < quietest->used_ms) {
                quietest = slot;
            }
        }
    }
    if (count >= FH_SESSIONS_PER_KEY_MAX) {
        fh_served_drop(table, quietest);
    }
}
