/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/calendar.h"

#include "common/mem.h"

enum {
    RETRY_DOUBLINGS = 9, /* 43 minutes */
    READ_AT_ONCE = 16,
};

static void free_entries(struct fh_calendar_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fh_free(entries[i].crons);
    }
    fh_free(entries);
}

void fh_calendar_init(struct fh_calendar *calendar, const struct fh_calendar_options *options)
{
    *calendar = (struct fh_calendar){.options = *options, .outdated = true};
}

void fh_calendar_fini(struct fh_calendar *calendar)
{
    free_entries(calendar->entries, calendar->count);
    *calendar = (struct fh_calendar){.count = 0};
}

bool fh_calendar_is_measured(unsigned status)
{
    return status == FH_ANNOUNCE_ACTIVE || status == FH_ANNOUNCE_DEPRECATED ||
           status == FH_ANNOUNCE_DRAFT;
}

/* ---- when ---- */

/* The first time after `when`; INT64_MAX: never. */
static int64_t
after(const struct fh_calendar *calendar, const struct fh_calendar_entry *entry, int64_t when)
{
    if (entry->cron_count > 0) {
        int64_t first = INT64_MAX;
        for (unsigned i = 0; i < entry->cron_count; i++) {
            int64_t next = fh_cron_next(&entry->crons[i], when);
            first = next != 0 && next < first ? next : first;
        }
        return first;
    }
    uint64_t interval_s = calendar->options.interval_s;
    return interval_s == 0 ? INT64_MAX : when + (int64_t)interval_s * 1000;
}

static int64_t due(const struct fh_calendar *calendar, const struct fh_calendar_entry *entry)
{
    if (calendar->options.asleep) {
        return INT64_MAX;
    }
    int64_t next = after(calendar, entry, entry->measured_ms);
    return entry->measured_ms == 0 && next != INT64_MAX ? 0 : next;
}

static bool take_cron(void *user, const char *text)
{
    struct fh_calendar_entry *entry = user;
    struct fh_err err;
    struct fh_cron cron;
    if (fh_cron_parse(&cron, text, &err) != FH_OK) {
        return true; /* lint has said so */
    }
    struct fh_cron *grown =
        fh_realloc(entry->crons, ((size_t)entry->cron_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    entry->crons = grown;
    entry->crons[entry->cron_count++] = cron;
    return entry->cron_count < FH_MEASUREMENT_SCHEDULES_MAX;
}

int64_t fh_calendar_expiry(const struct fh_calendar *calendar,
                           const struct fh_contract *contract,
                           int64_t measured_ms,
                           bool *out_again)
{
    struct fh_calendar_entry entry = {.measured_ms = measured_ms};
    fh_quality_schedules(contract, take_cron, &entry);
    int64_t next = after(calendar, &entry, measured_ms);
    int64_t last = next == INT64_MAX ? INT64_MAX : after(calendar, &entry, next);
    *out_again = due(calendar, &entry) != INT64_MAX;
    fh_free(entry.crons);
    return last - measured_ms > FH_MEASUREMENT_TTL_MS ? measured_ms + FH_MEASUREMENT_TTL_MS : last;
}

/* ---- which ---- */

struct reload {
    struct fh_calendar *calendar;
    struct fh_calendar_entry *entries;
    size_t count, capacity;
    size_t old; /* place in the calendar before, which has the same order */
};

/* What is known of a product whose contract is the same. */
static void take_over(struct reload *reload, struct fh_calendar_entry *entry)
{
    struct fh_calendar *calendar = reload->calendar;
    while (reload->old < calendar->count &&
           fh_announce_key_compare(&calendar->entries[reload->old].key, &entry->key) < 0) {
        reload->old++;
    }
    struct fh_calendar_entry *before =
        reload->old < calendar->count ? &calendar->entries[reload->old] : NULL;
    if (before != NULL && fh_announce_key_compare(&before->key, &entry->key) == 0 &&
        fh_record_id_equal(&before->contract, &entry->contract)) {
        entry->read = before->read;
        entry->failures = before->failures;
        entry->cron_count = before->cron_count;
        entry->crons = FH_TAKE(before->crons);
        /* Stays when the plan fails: it must then read its contract again. */
        before->cron_count = 0;
        before->read = false;
    }
}

static int plan_entry(void *user, const struct fh_catalog_entry *known, struct fh_err *err)
{
    struct reload *reload = user;
    if (!fh_calendar_is_measured(known->announcement.status)) {
        return FH_OK;
    }
    if (reload->count == reload->capacity) {
        size_t capacity = reload->capacity == 0 ? 16 : reload->capacity * 2;
        struct fh_calendar_entry *grown = fh_realloc(reload->entries, capacity * sizeof *grown);
        if (grown == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for the calendar");
        }
        reload->entries = grown;
        reload->capacity = capacity;
    }
    struct fh_calendar_entry *entry = &reload->entries[reload->count++];
    *entry = (struct fh_calendar_entry){.key = fh_announce_key(&known->announcement),
                                        .contract = known->announcement.contract,
                                        .measured_ms = known->quality.measured_ms};
    take_over(reload, entry);
    entry->due_ms = due(reload->calendar, entry);
    return FH_OK;
}

int fh_calendar_plan(struct fh_calendar *calendar, struct fh_err *err)
{
    struct reload reload = {.calendar = calendar};
    int code = fh_catalog_each(
        calendar->options.catalog, &calendar->options.domain, plan_entry, &reload, err);
    if (code != FH_OK) {
        calendar->outdated = true;
        free_entries(reload.entries, reload.count);
        return code;
    }
    calendar->outdated = false;
    free_entries(calendar->entries, calendar->count);
    calendar->entries = reload.entries;
    calendar->count = reload.count;
    calendar->capacity = reload.capacity;
    return FH_OK;
}

static void read_schedules(struct fh_calendar *calendar, struct fh_calendar_entry *entry)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_contract *contract = NULL;
    struct fh_err err;
    entry->read = true; /* whatever comes of it: the interval will do */
    if (arena != NULL &&
        fh_catalog_open_contract(
            calendar->options.catalog, &entry->contract, arena, &contract, &err) == FH_OK) {
        fh_free(FH_TAKE(entry->crons));
        entry->cron_count = 0;
        fh_quality_schedules(contract, take_cron, entry);
        entry->due_ms = due(calendar, entry);
    }
}

bool fh_calendar_read_some(struct fh_calendar *calendar)
{
    unsigned left = READ_AT_ONCE;
    for (size_t i = 0; i < calendar->count; i++) {
        if (calendar->entries[i].read) {
            continue;
        }
        if (left == 0) {
            return false;
        }
        read_schedules(calendar, &calendar->entries[i]);
        left--;
    }
    return true;
}

/* Where the key is, or would be. */
static size_t place_of(const struct fh_calendar *calendar, const struct fh_announce_key *key)
{
    size_t low = 0;
    size_t high = calendar->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fh_announce_key_compare(&calendar->entries[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct fh_calendar_entry *fh_calendar_find(struct fh_calendar *calendar,
                                           const struct fh_announce_key *key)
{
    size_t at = place_of(calendar, key);
    bool found =
        at < calendar->count && fh_announce_key_compare(&calendar->entries[at].key, key) == 0;
    return found ? &calendar->entries[at] : NULL;
}

/* Room for one more; false without memory. */
static bool grow(struct fh_calendar *calendar)
{
    if (calendar->count < calendar->capacity) {
        return true;
    }
    size_t capacity = calendar->capacity == 0 ? 16 : calendar->capacity * 2;
    struct fh_calendar_entry *grown = fh_realloc(calendar->entries, capacity * sizeof *grown);
    if (grown != NULL) {
        calendar->entries = grown;
        calendar->capacity = capacity;
    }
    return grown != NULL;
}

void fh_calendar_published(struct fh_calendar *calendar,
                           const struct fh_announcement *product,
                           const struct fh_contract *contract,
                           int64_t measured_ms)
{
    struct fh_calendar_entry entry = {.key = fh_announce_key(product),
                                      .contract = product->contract,
                                      .measured_ms = measured_ms,
                                      .read = true};
    fh_quality_schedules(contract, take_cron, &entry);
    entry.due_ms = due(calendar, &entry);
    size_t at = place_of(calendar, &entry.key);
    struct fh_calendar_entry *before = fh_calendar_find(calendar, &entry.key);
    if (before != NULL) {
        fh_free(before->crons);
    } else if (grow(calendar)) {
        memmove(&calendar->entries[at + 1],
                &calendar->entries[at],
                (calendar->count - at) * sizeof *calendar->entries);
        calendar->count++;
    } else {
        fh_free(entry.crons);
        calendar->outdated = true; /* the next plan finds it */
        return;
    }
    calendar->entries[at] = entry;
}

struct fh_calendar_entry *fh_calendar_first(struct fh_calendar *calendar)
{
    struct fh_calendar_entry *first = NULL;
    for (size_t i = 0; i < calendar->count; i++) {
        if (first == NULL || calendar->entries[i].due_ms < first->due_ms) {
            first = &calendar->entries[i];
        }
    }
    return first;
}

/* ---- what happened ---- */

void fh_calendar_measured(struct fh_calendar *calendar,
                          const struct fh_announce_key *key,
                          int64_t measured_ms)
{
    struct fh_calendar_entry *entry = fh_calendar_find(calendar, key);
    if (entry == NULL) {
        calendar->outdated = true;
        return;
    }
    entry->measured_ms = measured_ms;
    entry->failures = 0;
    entry->due_ms = due(calendar, entry);
}

void fh_calendar_failed(struct fh_calendar *calendar,
                        const struct fh_announce_key *key,
                        int64_t now_ms)
{
    struct fh_calendar_entry *entry = fh_calendar_find(calendar, key);
    if (entry != NULL) {
        unsigned doublings = entry->failures < RETRY_DOUBLINGS ? entry->failures : RETRY_DOUBLINGS;
        entry->failures++;
        entry->due_ms = now_ms + ((int64_t)FH_CALENDAR_RETRY_MS << doublings);
    }
}
