/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/schedule.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/quality/calendar.h"
#include "node/quality/look.h"
#include "node/query/workers.h"
#include "proto/quality/report.h"
#include "proto/settings/settings.h"

#include <stdio.h>

enum {
    WAKE_MS = 60 * 1000, /* at least so often: clocks jump, and uptime is written down */
    START_MS = 2000,     /* a node that starts has more urgent things to do */
    ROOM_MS = 1000,      /* until it looks again whether a worker is to spare */
    HISTORY_BYTES_MAX = FH_MEASUREMENT_HISTORY_MAX * (FH_MEASUREMENT_BYTES_MAX + 8) + 64,
};

struct fh_schedule {
    struct fh_schedule_options options;
    struct fh_timer *timer;
    struct fh_look_job *job; /* the one that looks */
    bool quiet;
    int64_t served_ms; /* monotonic: when uptime was last written down */
    struct fh_calendar calendar;
};

/* ---- looking ---- */

static void wake(struct fh_schedule *schedule, int64_t in_ms)
{
    if (!schedule->quiet) {
        fh_timer_set(schedule->timer, fh_clock_mono_ms() + in_ms);
    }
}

/* All of it in words, for the person who asked. */
static void tell_report(struct fh_buf *out, const struct fh_look *look)
{
    struct fh_report_table table = {.name = look->product->product, .rows = look->rows};
    struct fh_report report = {
        .table_count = 1, .tables = &table, .check_count = look->promises->count};
    report.checks = fh_calloc((size_t)report.check_count + 1, sizeof *report.checks);
    for (uint32_t i = 0; report.checks != NULL && i < report.check_count; i++) {
        fh_report_check_fill(&report.checks[i], &look->promises->items[i], &look->results[i]);
    }
    if (report.checks == NULL) {
        out->failed = FH_ENOMEM;
    } else {
        fh_report_encode(out, &report);
    }
    fh_free(report.checks);
}

static int answer(struct fh_admin_question *question,
                  const struct fh_measurement *measurement,
                  const struct fh_look *look,
                  struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    FH_CLEANUP(fh_buf_fini) struct fh_buf report;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&report, FH_REPORT_BYTES_MAX - FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    fh_measurement_encode(&payload, measurement);
    tell_report(&report, look);
    fh_msg_checked_answer(&out, fh_buf_view(&payload), fh_buf_view(&report));
    int rc = fh_buf_ok(&report) != FH_OK ? fh_buf_ok(&report) : fh_buf_ok(&out);
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
    } else if (schedule->quiet) {
        /* Going down ends workers: what they had no time for is not what the data are. */
        rc = fh_err_set(&err, FH_ECANCELLED, "this node is going down");
    } else {
        look = *fh_look_job_found(job);
        look.expires_ms =
            fh_calendar_expiry(&schedule->calendar, look.contract, look.measured_ms, &again);
        rc = fh_measurements_sum(
            &schedule->options.measurements, &look, &measurement, &results, &err);
    }
    if (rc == FH_OK && !asked->dry_run) {
        rc = fh_measurements_keep(
            &schedule->options.measurements, &measurement, fh_buf_view(&results), &err);
    }
    if (rc == FH_OK && !asked->dry_run) {
        fh_calendar_measured(&schedule->calendar, &key, measurement.measured_ms);
    } else if (rc != FH_OK && asked->question == NULL) {
        fh_log(FH_LOG_WARN,
               "product.not_measured",
               "product=%s rule=%s text=\"%s\"",
               key.product,
               err.rule,
               err.text);
        fh_calendar_failed(&schedule->calendar, &key, fh_clock_wall_ms());
    }
    if (rc == FH_OK && asked->question != NULL) {
        rc = answer(asked->question, &measurement, &look, &err);
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
        .uptime = fh_measurements_uptime(m, fh_clock_wall_ms()),
    };
    return fh_look_job_begin(&schedule->job, &options, asked, looked, schedule, err);
}

static int find_product(const struct fh_schedule *schedule,
                        const char *product,
                        uint32_t major,
                        struct fh_look_asked *out,
                        struct fh_err *err)
{
    const struct fh_measurements_options *m = &schedule->options.measurements;
    struct fh_catalog_entry entry;
    int rc = fh_catalog_find(m->catalog, &m->domain, product, major, &entry, err);
    if (rc == FH_OK && !fh_calendar_is_measured(entry.announcement.status)) {
        rc = fh_err_rule(err,
                         FH_ESTATE,
                         "product.retired",
                         "%s %s is %s and not measured any more",
                         product,
                         entry.announcement.version,
                         fh_announce_status_text(entry.announcement.status));
    }
    if (rc == FH_OK) {
        out->product = entry.announcement;
        out->last_ms = entry.quality.measured_ms;
    }
    return rc;
}

/* The next one that is due, or when to look again. */
static int64_t next_look(struct fh_schedule *schedule)
{
    struct fh_calendar_entry *item = fh_calendar_first(&schedule->calendar);
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
    int rc = find_product(schedule, item->key.product, item->key.major, &asked, &err);
    if (rc == FH_OK) {
        rc = look_at(schedule, &asked, &err);
    }
    if (rc == FH_ESTATE || rc == FH_ENOTFOUND) {
        item->due_ms = INT64_MAX; /* retired, or published elsewhere: it has no source here */
    } else if (rc != FH_OK) {
        fh_calendar_failed(&schedule->calendar, &item->key, now);
    }
    return rc == FH_OK ? WAKE_MS : 0;
}

static void turn(void *user)
{
    struct fh_schedule *schedule = user;
    if (schedule->quiet) {
        return;
    }
    int64_t now = fh_clock_mono_ms();
    if (now - schedule->served_ms >= WAKE_MS) {
        schedule->served_ms = now;
        fh_measurements_serving(&schedule->options.measurements, fh_clock_wall_ms());
    }
    struct fh_err err;
    if (schedule->calendar.outdated && fh_calendar_plan(&schedule->calendar, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "schedule.not_planned", "rule=%s text=\"%s\"", err.rule, err.text);
    }
    bool all = fh_calendar_read_some(&schedule->calendar);
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
    look->expires_ms =
        fh_calendar_expiry(&schedule->calendar, look->contract, look->measured_ms, &again);
    /* A look before publishing leaves service levels out: then a whole one is made at once. */
    bool whole = look->contract->sla.count == 0;
    bool kept = false;
    if (whole || !again) {
        kept = keep_first(schedule, look, &err) == FH_OK;
    }
    if ((whole || !again) && !kept) {
        fh_log(FH_LOG_WARN,
               "product.not_measured",
               "product=%s rule=%s text=\"%s\"",
               look->product->product,
               err.rule,
               err.text);
    }
    fh_calendar_published(
        &schedule->calendar, look->product, look->contract, kept ? look->measured_ms : 0);
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
        rc = find_product(schedule, wanted.product, wanted.major, &asked, err);
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
                        struct fh_bytes record,
                        struct fh_bytes results,
                        struct fh_err *err)
{
    (void)record;
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
    struct fh_look_asked said;
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
            said.product.major,
            INT64_MAX,
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
    const struct fh_calendar_options calendar = {
        .catalog = options->measurements.catalog,
        .domain = options->measurements.domain,
        .interval_s = options->settings->quality_interval_s,
        .asleep = options->offline,
    };
    fh_calendar_init(&schedule->calendar, &calendar);
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
        fh_calendar_fini(&schedule->calendar);
        fh_free(schedule);
    }
}
