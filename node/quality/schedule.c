/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/schedule.h"

#include "common/assert.h"
#include "common/cron.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/quality/look.h"
#include "node/query/workers.h"
#include "proto/settings/settings.h"

#include <stdio.h>

enum {
    WAKE_MS = 60 * 1000, /* at least so often: clocks jump, and uptime is written down */
    START_MS = 2000,     /* a node that starts has more urgent things to do */
    ROOM_MS = 1000,      /* until it looks again whether a worker is to spare */
    RETRY_MS = 5000,     /* after a look that was not possible; twice as long each time */
    RETRY_DOUBLINGS = 9, /* 43 minutes */
    READ_AT_ONCE = 16,   /* contracts read in one turn: about 1 ms each */
    HISTORY_BYTES_MAX = FH_MEASUREMENT_HISTORY_MAX * (FH_MEASUREMENT_BYTES_MAX + 8) + 64,
};

/* One own product and major version. */
struct planned {
    struct fh_announce_key key;
    struct fh_record_id contract;
    int64_t measured_ms; /* 0: never */
    int64_t due_ms;      /* INT64_MAX: never by itself */
    unsigned failures;   /* looks in a row that were not possible */
    bool read;           /* the contract's schedules are known */
    unsigned cron_count;
    struct fh_cron *crons; /* NULL: by the interval */
};

struct fh_schedule {
    struct fh_schedule_options options;
    struct fh_timer *timer;
    struct fh_look_job *job; /* the one that looks */
    bool quiet;
    bool outdated; /* own products may be others than planned */
    size_t count;
    struct planned *items; /* by key */
};

/* ---- the plan ---- */

static void free_items(struct planned *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fh_free(items[i].crons);
    }
    fh_free(items);
}

static int64_t after(const struct planned *item, const struct fh_settings *settings, int64_t when)
{
    if (item->cron_count > 0) {
        int64_t first = INT64_MAX;
        for (unsigned i = 0; i < item->cron_count; i++) {
            int64_t next = fh_cron_next(&item->crons[i], when);
            first = next != 0 && next < first ? next : first;
        }
        return first;
    }
    return settings->quality_interval_s == 0 ? INT64_MAX
                                             : when + (int64_t)settings->quality_interval_s * 1000;
}

/* When it is due after it was measured. */
static int64_t due(const struct fh_schedule *schedule, const struct planned *item)
{
    if (schedule->options.offline) {
        return INT64_MAX;
    }
    if (item->measured_ms == 0) {
        /* Off means off, also for what was never measured; a schedule of its own still counts. */
        bool never = after(item, schedule->options.settings, 0) == INT64_MAX;
        return never ? INT64_MAX : 0;
    }
    return after(item, schedule->options.settings, item->measured_ms);
}

/* Twice the time to the next one: a measurement that was missed makes the last one stale. */
static int64_t expires(const struct fh_schedule *schedule, const struct planned *item, int64_t when)
{
    int64_t next = after(item, schedule->options.settings, when);
    int64_t last = next == INT64_MAX ? INT64_MAX : after(item, schedule->options.settings, next);
    return last - when > FH_MEASUREMENT_TTL_MS ? when + FH_MEASUREMENT_TTL_MS : last;
}

struct reload {
    struct fh_schedule *schedule;
    struct planned *items;
    size_t count, capacity;
    size_t old; /* place in the plan before, which has the same order */
};

static bool is_measured(unsigned status)
{
    return status == FH_ANNOUNCE_ACTIVE || status == FH_ANNOUNCE_DEPRECATED ||
           status == FH_ANNOUNCE_DRAFT;
}

static void take_over(struct reload *reload, struct planned *item)
{
    struct fh_schedule *schedule = reload->schedule;
    while (reload->old < schedule->count &&
           fh_announce_key_compare(&schedule->items[reload->old].key, &item->key) < 0) {
        reload->old++;
    }
    struct planned *before = reload->old < schedule->count ? &schedule->items[reload->old] : NULL;
    if (before != NULL && fh_announce_key_compare(&before->key, &item->key) == 0 &&
        fh_record_id_equal(&before->contract, &item->contract)) {
        item->read = before->read;
        item->failures = before->failures;
        item->cron_count = before->cron_count;
        item->crons = FH_TAKE(before->crons);
    }
}

static int plan_entry(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    struct reload *reload = user;
    if (!is_measured(entry->announcement.status)) {
        return FH_OK;
    }
    if (reload->count == reload->capacity) {
        size_t capacity = reload->capacity == 0 ? 16 : reload->capacity * 2;
        struct planned *grown = fh_realloc(reload->items, capacity * sizeof *grown);
        if (grown == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for the schedule");
        }
        reload->items = grown;
        reload->capacity = capacity;
    }
    struct planned *item = &reload->items[reload->count++];
    *item = (struct planned){.key = fh_announce_key(&entry->announcement),
                             .contract = entry->announcement.contract,
                             .measured_ms = entry->quality.measured_ms};
    take_over(reload, item);
    item->due_ms = due(reload->schedule, item);
    return FH_OK;
}

static void plan(struct fh_schedule *schedule)
{
    struct reload reload = {.schedule = schedule};
    struct fh_err err;
    schedule->outdated = false;
    if (fh_catalog_each(schedule->options.measurements.catalog,
                        &schedule->options.measurements.domain,
                        plan_entry,
                        &reload,
                        &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "schedule.not_planned", "rule=%s text=\"%s\"", err.rule, err.text);
        schedule->outdated = true;
        free_items(reload.items, reload.count);
        return;
    }
    free_items(schedule->items, schedule->count);
    schedule->items = reload.items;
    schedule->count = reload.count;
}

static struct planned *find(struct fh_schedule *schedule, const struct fh_announce_key *key)
{
    size_t low = 0;
    size_t high = schedule->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = fh_announce_key_compare(&schedule->items[middle].key, key);
        if (order == 0) {
            return &schedule->items[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* ---- the contract's own schedules ---- */

static bool take_cron(void *user, const char *text)
{
    struct planned *item = user;
    struct fh_err err;
    struct fh_cron cron;
    if (fh_cron_parse(&cron, text, &err) != FH_OK) {
        return true; /* lint has said so */
    }
    struct fh_cron *grown = fh_realloc(item->crons, ((size_t)item->cron_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    item->crons = grown;
    item->crons[item->cron_count++] = cron;
    return item->cron_count < FH_MEASUREMENT_SCHEDULES_MAX;
}

static void take_schedules(struct fh_schedule *schedule,
                           struct planned *item,
                           const struct fh_contract *contract)
{
    fh_free(FH_TAKE(item->crons));
    item->cron_count = 0;
    item->read = true;
    fh_quality_schedules(contract, take_cron, item);
    item->due_ms = due(schedule, item);
}

static void read_schedules(struct fh_schedule *schedule, struct planned *item)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_contract *contract = NULL;
    struct fh_err err;
    item->read = true; /* whatever comes of it: the interval will do */
    if (arena != NULL &&
        fh_catalog_open_contract(
            schedule->options.measurements.catalog, &item->contract, arena, &contract, &err) ==
            FH_OK) {
        take_schedules(schedule, item, contract);
    }
}

/* Whether all are read. */
static bool read_some(struct fh_schedule *schedule)
{
    unsigned left = READ_AT_ONCE;
    for (size_t i = 0; i < schedule->count; i++) {
        if (schedule->items[i].read) {
            continue;
        }
        if (left == 0) {
            return false;
        }
        read_schedules(schedule, &schedule->items[i]);
        left--;
    }
    return true;
}

/* ---- looking ---- */

static void wake(struct fh_schedule *schedule, int64_t in_ms)
{
    if (!schedule->quiet) {
        fh_timer_set(schedule->timer, fh_clock_mono_ms() + in_ms);
    }
}

/* What `when` was a measurement of: the plan goes on from there. */
static void
was_measured(struct fh_schedule *schedule, const struct fh_announce_key *key, int64_t when)
{
    struct planned *item = find(schedule, key);
    if (item == NULL) {
        schedule->outdated = true;
        return;
    }
    item->measured_ms = when;
    item->failures = 0;
    item->due_ms = due(schedule, item);
}

static void was_not_possible(struct fh_schedule *schedule, const struct fh_announce_key *key)
{
    struct planned *item = find(schedule, key);
    if (item == NULL) {
        return;
    }
    unsigned doublings = item->failures < RETRY_DOUBLINGS ? item->failures : RETRY_DOUBLINGS;
    item->failures++;
    item->due_ms = fh_clock_wall_ms() + ((int64_t)RETRY_MS << doublings);
}

/* When a measurement of `look` expires; and whether another one will be made by itself. */
static int64_t expiry(struct fh_schedule *schedule, const struct fh_look *look, bool *out_again)
{
    struct planned item = {.key = fh_announce_key(look->product)};
    take_schedules(schedule, &item, look->contract);
    int64_t at = expires(schedule, &item, look->measured_ms);
    *out_again = item.due_ms != INT64_MAX;
    fh_free(item.crons);
    return at;
}

static int answer(struct fh_admin_question *question,
                  const struct fh_measurement *measurement,
                  struct fh_bytes results,
                  struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    fh_measurement_encode(&payload, measurement);
    fh_msg_checked_answer(&out, fh_buf_view(&payload), results);
    int rc = fh_buf_ok(&out);
    if (rc != FH_OK) {
        return fh_err_set(err, rc, "the results do not fit an answer");
    }
    fh_admin_answer(question, &out);
    return FH_OK;
}

static void looked(struct fh_look_job *job, const struct fh_err *failure, void *user)
{
    struct fh_schedule *schedule = user;
    const struct fh_look_asked *asked = fh_look_job_asked(job);
    struct fh_announce_key key = fh_announce_key(&asked->product);
    FH_CLEANUP(fh_buf_fini) struct fh_buf results;
    fh_buf_init(&results, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    struct fh_measurement measurement;
    struct fh_look look;
    struct fh_err err;
    bool again;
    int rc = failure == NULL ? FH_OK : failure->code;
    if (failure != NULL) {
        err = *failure;
    } else {
        look = *fh_look_job_found(job);
        look.expires_ms = expiry(schedule, &look, &again);
        rc = fh_measurements_sum(
            &schedule->options.measurements, &look, &measurement, &results, &err);
    }
    if (rc == FH_OK && !asked->dry_run) {
        rc = fh_measurements_keep(
            &schedule->options.measurements, &measurement, fh_buf_view(&results), &err);
    }
    if (rc == FH_OK && !asked->dry_run) {
        was_measured(schedule, &key, measurement.measured_ms);
    } else if (rc != FH_OK && asked->question == NULL) {
        fh_log(FH_LOG_WARN,
               "product.not_measured",
               "product=%s rule=%s text=\"%s\"",
               key.product,
               err.rule,
               err.text);
        was_not_possible(schedule, &key);
    }
    if (rc == FH_OK && asked->question != NULL) {
        rc = answer(asked->question, &measurement, fh_buf_view(&results), &err);
    }
    if (rc != FH_OK && asked->question != NULL) {
        fh_admin_refuse(asked->question, &err);
    }
    schedule->job = NULL;
    wake(schedule, 0);
}

/* Whether a worker can be had without one that a query needs. A node of few workers has none to
 * spare for long; there it takes its turn like a query. */
static bool has_room(const struct fh_schedule *schedule)
{
    uint32_t spare = FH_WORKERS_FOR_SCANS + 2;
    bool few = schedule->options.settings->workers_max <= spare + 1;
    return fh_workers_room(schedule->options.workers, few ? 1 : spare);
}

static int
look_at(struct fh_schedule *schedule, const struct fh_look_asked *asked, struct fh_err *err)
{
    const struct fh_measurements_options *m = &schedule->options.measurements;
    const struct fh_look_options options = {
        .loop = schedule->options.loop,
        .workers = schedule->options.workers,
        .catalog = m->catalog,
        .store = m->store,
        .memory_mib = (uint32_t)schedule->options.settings->worker_memory_mib,
    };
    return fh_look_job_begin(&schedule->job, &options, asked, looked, schedule, err);
}

static int find_product(const struct fh_schedule *schedule,
                        const char *product,
                        uint32_t major,
                        struct fh_announcement *out,
                        struct fh_err *err)
{
    const struct fh_measurements_options *m = &schedule->options.measurements;
    struct fh_catalog_entry entry;
    int rc = fh_catalog_find(m->catalog, &m->domain, product, major, &entry, err);
    if (rc == FH_OK && !is_measured(entry.announcement.status)) {
        rc = fh_err_rule(err,
                         FH_ESTATE,
                         "product.retired",
                         "%s %s is %s and not measured any more",
                         product,
                         entry.announcement.version,
                         fh_announce_status_text(entry.announcement.status));
    }
    if (rc == FH_OK) {
        *out = entry.announcement;
    }
    return rc;
}

static struct planned *first_due(struct fh_schedule *schedule)
{
    struct planned *first = NULL;
    for (size_t i = 0; i < schedule->count; i++) {
        if (first == NULL || schedule->items[i].due_ms < first->due_ms) {
            first = &schedule->items[i];
        }
    }
    return first;
}

/* The next one that is due, or when to look again. */
static int64_t next_look(struct fh_schedule *schedule)
{
    struct planned *item = first_due(schedule);
    int64_t now = fh_clock_wall_ms();
    if (item == NULL || item->due_ms > now) {
        int64_t left = item == NULL ? WAKE_MS : item->due_ms - now;
        return left < WAKE_MS ? left : WAKE_MS;
    }
    if (!has_room(schedule)) {
        return ROOM_MS;
    }
    struct fh_look_asked asked = {.question = NULL};
    struct fh_err err;
    int rc = find_product(schedule, item->key.product, item->key.major, &asked.product, &err);
    if (rc == FH_OK) {
        rc = look_at(schedule, &asked, &err);
    }
    if (rc == FH_ESTATE || rc == FH_ENOTFOUND) {
        item->due_ms = INT64_MAX; /* retired, or published elsewhere: it has no source here */
    } else if (rc != FH_OK) {
        was_not_possible(schedule, &item->key);
    }
    return rc == FH_OK ? WAKE_MS : 0;
}

static void turn(void *user)
{
    struct fh_schedule *schedule = user;
    if (schedule->quiet) {
        return;
    }
    fh_measurements_serving(&schedule->options.measurements, fh_clock_wall_ms());
    if (schedule->outdated) {
        plan(schedule);
    }
    bool all = read_some(schedule);
    if (schedule->job != NULL) {
        wake(schedule, WAKE_MS);
    } else {
        wake(schedule, all ? next_look(schedule) : 0);
    }
}

/* ---- from outside ---- */

static int keep_first(struct fh_schedule *schedule, const struct fh_look *look, struct fh_err *err)
{
    struct fh_measurement measurement;
    FH_CLEANUP(fh_buf_fini) struct fh_buf results;
    fh_buf_init(&results, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    int rc =
        fh_measurements_sum(&schedule->options.measurements, look, &measurement, &results, err);
    return rc == FH_OK
               ? fh_measurements_keep(
                     &schedule->options.measurements, &measurement, fh_buf_view(&results), err)
               : rc;
}

void fh_schedule_published(struct fh_schedule *schedule, struct fh_look *look)
{
    struct fh_err err;
    bool again = false;
    schedule->outdated = true;
    look->expires_ms = expiry(schedule, look, &again);
    /* A look before publishing leaves service levels out: then a whole one is made at once. */
    bool whole = look->contract->sla.count == 0;
    if ((whole || !again) && keep_first(schedule, look, &err) != FH_OK) {
        fh_log(FH_LOG_WARN,
               "product.not_measured",
               "product=%s rule=%s text=\"%s\"",
               look->product->product,
               err.rule,
               err.text);
    }
    if (schedule->job == NULL) {
        wake(schedule, 0);
    }
}

static int
check(struct fh_schedule *schedule, struct fh_admin_question *question, struct fh_err *err)
{
    struct fh_msg_check wanted;
    struct fh_look_asked asked = {.question = question};
    int rc = fh_msg_check_read(fh_admin_fields(question), &wanted, err);
    if (rc == FH_OK && schedule->job != NULL) {
        rc = fh_err_rule(err,
                         FH_EBUSY,
                         "product.measuring",
                         "%s is measured at present; try again in a moment",
                         fh_look_job_asked(schedule->job)->product.product);
    }
    if (rc == FH_OK) {
        rc = find_product(schedule, wanted.product, wanted.major, &asked.product, err);
    }
    if (rc == FH_OK) {
        asked.dry_run = wanted.dry_run;
        rc = look_at(schedule, &asked, err);
    }
    return rc;
}

struct history {
    struct fh_buf list;
    uint32_t count;
};

static int add_measured(void *user,
                        const struct fh_measurement *measurement,
                        struct fh_bytes results,
                        struct fh_err *err)
{
    (void)results;
    (void)err;
    struct history *history = user;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_measurement_encode(&payload, measurement);
    fh_pack_bin(&history->list, fh_buf_view(&payload));
    history->count++;
    return fh_buf_ok(&history->list);
}

static int
tell_history(struct fh_schedule *schedule, struct fh_admin_question *question, struct fh_err *err)
{
    char product[FH_NAME_BYTES_MAX + 1];
    uint32_t major = 0;
    uint32_t limit = 0;
    struct fh_announcement said;
    int rc = fh_msg_measured_request_read(fh_admin_fields(question), product, &major, &limit, err);
    if (rc == FH_OK) {
        rc = find_product(schedule, product, major, &said, err);
    }
    struct history history = {.count = 0};
    fh_buf_init(&history.list, HISTORY_BYTES_MAX);
    if (rc == FH_OK) {
        rc = fh_catalog_measured_each(
            schedule->options.measurements.catalog,
            product,
            said.major,
            limit < FH_MEASUREMENT_HISTORY_MAX ? limit : FH_MEASUREMENT_HISTORY_MAX,
            add_measured,
            &history,
            err);
    }
    if (rc == FH_OK) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf out;
        fh_buf_init(&out, HISTORY_BYTES_MAX);
        fh_msg_ok(&out, 1);
        fh_pack_array(&out, history.count);
        fh_buf_add_bytes(&out, fh_buf_view(&history.list));
        fh_admin_answer(question, &out);
    }
    fh_buf_fini(&history.list);
    return rc;
}

void fh_schedule_question(struct fh_schedule *schedule, struct fh_admin_question *question)
{
    struct fh_err err;
    int rc;
    if (fh_admin_code(question) == FH_MSG_ADMIN_CHECK) {
        rc = check(schedule, question, &err);
    } else {
        FH_ASSERT(fh_admin_code(question) == FH_MSG_ADMIN_MEASURED);
        rc = tell_history(schedule, question, &err);
    }
    if (rc != FH_OK) {
        fh_admin_refuse(question, &err);
    }
}

/* ---- life ---- */

int fh_schedule_new(struct fh_schedule **out,
                    const struct fh_schedule_options *options,
                    struct fh_err *err)
{
    struct fh_schedule *schedule = fh_calloc(1, sizeof *schedule);
    if (schedule == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a schedule");
    }
    schedule->options = *options;
    schedule->outdated = true;
    int rc = fh_timer_new(&schedule->timer, options->loop, turn, schedule, err);
    if (rc != FH_OK) {
        fh_free(schedule);
        return rc;
    }
    wake(schedule, START_MS);
    *out = schedule;
    return FH_OK;
}

void fh_schedule_quiesce(struct fh_schedule *schedule)
{
    if (!schedule->quiet) {
        fh_measurements_serving(&schedule->options.measurements, fh_clock_wall_ms());
    }
    schedule->quiet = true;
    fh_timer_clear(schedule->timer);
}

bool fh_schedule_drained(const struct fh_schedule *schedule)
{
    return schedule->job == NULL;
}

void fh_schedule_free(struct fh_schedule *schedule)
{
    if (schedule != NULL) {
        FH_ASSERT(schedule->job == NULL);
        fh_timer_free(schedule->timer);
        free_items(schedule->items, schedule->count);
        fh_free(schedule);
    }
}
