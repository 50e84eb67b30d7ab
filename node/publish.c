/* SPDX-License-Identifier: Apache-2.0 */
#include "node/publish.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/quality/checks.h"
#include "node/quality/schedule.h"
#include "node/query/rights.h"
#include "node/query/trials.h"
#include "node/renewal.h"
#include "node/state/policies_judge.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/publish_rules.h"
#include "proto/contract/publish_text.h"
#include "proto/gossip/lifecycle.h"
#include "proto/settings/settings.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ARENA_BYTES = 32 * 1024 * 1024,
    CHECK_MS = 120000, /* a person waits; a scan of a large source takes its time */
    CHECK_THREADS = 2, /* as a node that serves meanwhile can spare */
};

struct fh_publisher {
    struct fh_publisher_options options;
    unsigned running;
};

struct job {
    struct fh_publisher *publisher;
    struct fh_publish_order order;
    struct fh_arena *arena;
    struct fh_msg_publish asked; /* the order's */
    struct fh_contract_record record;
    struct fh_record_id contract_id;
    struct fh_contract *contract; /* of the authored text, with servers */
    struct fh_source_mapping *mapping;
    int64_t looked_ms; /* when the look at the data began */
    bool kept;         /* the major stays deprecated although the contract says active */
    struct fh_announcement announcement;
    struct fh_trials trials; /* of the filters of policies, over this version */
};

static void end_job(struct job *job)
{
    job->publisher->running--;
    fh_arena_free(job->arena);
    fh_free(job);
}

/* Ends the job with what there is to say, or with `err` when that is NULL. */
static void
conclude(struct job *job, const struct fh_publish_report *report, const struct fh_err *err)
{
    job->order.done(report, err, job->order.user);
    end_job(job);
}

/* What goes wrong with the data may name files: the log gets it, and whoever is elsewhere the rule.
 */
static void hide_place(const struct job *job, const char *table, struct fh_err *err)
{
    char text[FH_ERR_TEXT_BYTES];
    fh_log(FH_LOG_WARN,
           "publish.failed",
           "product=%s rule=%s text=%s",
           job->record.product,
           err->rule,
           fh_log_quoted(text, sizeof text, err->text));
    fh_err_rule(
        err,
        FH_EIO,
        "source.unavailable",
        "%s%s%sits source cannot be read beneath the data root; the log of the node says why",
        table[0] == '\0' ? "" : "table ",
        table,
        table[0] == '\0' ? "" : ": ");
}

/* ---- the announcement ---- */

static void write_texts(const struct fh_contract *contract, struct fh_announcement *out)
{
    const char *title =
        contract->tables.count > 0 && contract->tables.items[0].business_name != NULL
            ? contract->tables.items[0].business_name
            : contract->name;
    const char *summary = contract->description != NULL && contract->description->purpose != NULL
                              ? contract->description->purpose
                              : "";
    fh_announce_text(out->title, sizeof out->title, title);
    fh_announce_text(out->summary, sizeof out->summary, summary);
}

/* Made before the data are looked at, so that a wrong move is refused at once and by a dry run too,
 * and again when it counts. */
static int make_announcement(struct job *job, struct fh_err *err)
{
    struct fh_announcement *out = &job->announcement;
    struct fh_catalog *catalog = job->publisher->options.catalog;
    int64_t now = fh_clock_wall_ms();
    *out = (struct fh_announcement){
        .domain = job->publisher->options.domain,
        .major = (uint32_t)strtoul(job->record.version, NULL, 10), /* a semantic version */
        .revision = 1,
        .contract = job->contract_id,
        .contract_bytes = job->asked.contract.size,
        .contract_seq = job->record.seq,
        .issued_ms = now,
        .expires_ms = now + FH_ANNOUNCEMENT_TTL_MS,
    };
    snprintf(out->product, sizeof out->product, "%s", job->record.product);
    snprintf(out->version, sizeof out->version, "%s", job->record.version);
    write_texts(job->contract, out);
    int rc = fh_announce_status_parse(&out->status, job->contract->status, err);
    struct fh_announcement held;
    struct fh_err none;
    int last = fh_catalog_last_said(catalog, out->product, out->major, &held, &none);
    if (rc == FH_OK && last != FH_OK && last != FH_ENOTFOUND) {
        *err = none;
        return last;
    }
    const struct fh_announcement *before = last == FH_OK ? &held : NULL;
    if (rc == FH_OK) {
        out->revision = before == NULL ? 1 : before->revision + 1;
        rc = fh_lifecycle_publish(out, before, now, &job->kept, err);
    }
    if (rc == FH_OK && !job->kept) {
        rc = fh_renewal_judge(job->publisher->options.policies, before, out, err);
    }
    return rc;
}

/* ---- commit ---- */

static int commit(struct job *job, struct fh_err *err)
{
    struct fh_publisher *publisher = job->publisher;
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    FH_CLEANUP(fh_buf_fini) struct fh_buf mapping;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_buf_init(&mapping, FH_CONTRACT_BYTES_MAX * 2);
    fh_source_mapping_encode(&mapping, job->mapping);
    int rc = fh_buf_ok(&mapping) == FH_OK
                 ? make_announcement(job, err)
                 : fh_err_set(err, fh_buf_ok(&mapping), "the source mapping is too large");
    if (rc == FH_OK) {
        rc = fh_renewal_sign(&publisher->options, &job->announcement, &record, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    struct fh_store_source source = {
        .contract = job->contract_id,
        .mapping = fh_buf_view(&mapping),
        .data_root = fh_bytes_cstr(job->asked.data_root),
        .published_ms = fh_clock_wall_ms(),
    };
    snprintf(source.product, sizeof source.product, "%s", job->record.product);
    snprintf(source.version, sizeof source.version, "%s", job->record.version);
    struct fh_catalog_outcome outcome;
    rc = fh_catalog_publish(publisher->options.catalog,
                            job->asked.contract,
                            fh_buf_view(&record),
                            &source,
                            fh_clock_wall_ms(),
                            &outcome,
                            err);
    if (rc == FH_OK) {
        fh_log(FH_LOG_INFO,
               "product.published",
               "product=%s version=%s seq=%llu",
               job->record.product,
               job->record.version,
               (unsigned long long)job->record.seq);
        if (publisher->options.mesh != NULL) {
            fh_mesh_announced(publisher->options.mesh, fh_buf_view(&record));
        }
    }
    return rc;
}

/* ---- what the data say ---- */

/* What the check found is the product's first measurement. */
static void measured(struct job *job, const struct fh_checks_result *result)
{
    struct fh_look look = {.product = &job->announcement,
                           .contract = job->contract,
                           .measured_ms = job->looked_ms,
                           .promises = &result->promises,
                           .results = result->results};
    for (uint32_t i = 0; i < result->table_count; i++) {
        look.rows += result->rows[i];
    }
    fh_schedule_published(job->publisher->options.schedule, &look);
}

/* What decides of the version that this one follows; NULL when it is the first. */
static int find_before(struct job *job, const struct fh_access_product **out, struct fh_err *err)
{
    if (job->record.seq == 1) {
        return FH_OK;
    }
    int rc = fh_rights_product(job->publisher->options.rights, &job->record.prev, out, err);
    return rc == FH_ENOTFOUND ? FH_OK : rc;
}

static int report(struct job *job,
                  const struct fh_checks_result *result,
                  struct fh_publish_report *out,
                  struct fh_err *err)
{
    const struct fh_access_product *before = NULL;
    int rc = fh_publish_report_make(
        out, job->contract, result, job->kept ? &job->announcement : NULL, job->arena, err);
    if (rc == FH_OK) {
        rc = find_before(job, &before, err);
    }
    const struct fh_publish_policies policies = {.held = job->publisher->options.policies,
                                                 .contract = job->contract,
                                                 .before = before,
                                                 .trials = &job->trials};
    return rc == FH_OK ? fh_publish_report_policies(out, &policies, job->arena, err) : rc;
}

/* The data could not be looked at; `table` is "" when that is about none of them. */
static void not_checked(struct job *job, const char *table, const struct fh_err *failure)
{
    struct fh_err err = *failure;
    if (table[0] != '\0') {
        fh_err_wrap(&err, "table %s", table);
    }
    if (job->order.remote && err.code != FH_EBUSY && err.code != FH_ETIMEOUT) {
        hide_place(job, table, &err);
    }
    conclude(job, NULL, &err);
}

static void checked(const struct fh_checks_result *result, const struct fh_err *failure, void *user)
{
    struct job *job = user;
    struct fh_publish_report said;
    struct fh_err err;
    const char *table = "";
    for (uint32_t i = 0; failure == NULL && i < result->table_count; i++) {
        if (result->source_failures[i].code != FH_OK) {
            failure = &result->source_failures[i];
            table = job->contract->tables.items[i].name;
        }
    }
    if (failure != NULL) {
        not_checked(job, table, failure);
    } else if (report(job, result, &said, &err) != FH_OK) {
        conclude(job, NULL, &err);
    } else if (result->failed == 0 && !job->asked.dry_run && commit(job, &err) != FH_OK) {
        conclude(job, NULL, &err);
    } else {
        if (result->failed == 0 && !job->asked.dry_run) {
            measured(job, result);
        }
        conclude(job, &said, NULL);
    }
}

/* ---- before the data is looked at ---- */

/* A version that breaks what is agreed is refused whatever its data say. */
static int check_policies(struct job *job, struct fh_err *err)
{
    struct fh_findings findings;
    fh_findings_init(&findings, job->arena);
    fh_policies_judge_contract(
        job->publisher->options.policies, job->contract, fh_clock_wall_ms(), &findings);
    return fh_findings_ok(&findings, err);
}

/* The authored text must give the contract that was signed, or the mapping would be another's. */
static int read_authored(struct job *job, struct fh_err *err)
{
    struct fh_findings findings;
    fh_findings_init(&findings, job->arena);
    int rc = fh_contract_read(&job->contract, job->asked.yaml, &findings, err);
    if (rc != FH_OK) {
        return rc;
    }
    fh_publish_rules(job->contract, job->publisher->options.settings->domain, &findings);
    rc = fh_findings_ok(&findings, err);
    struct fh_published published;
    if (rc == FH_OK) {
        rc = fh_publish_text(&published,
                             job->asked.yaml,
                             job->contract,
                             &job->publisher->options.domain,
                             &findings,
                             err);
    }
    if (rc == FH_OK && !fh_bytes_equal(published.text, job->record.text)) {
        rc = fh_err_rule(err,
                         FH_ECHECK,
                         "publish.text.differs",
                         "the authored text does not give the contract that was signed");
    }
    if (rc == FH_OK) {
        rc = fh_source_mapping_make(&job->mapping, job->contract, job->arena, err);
    }
    return rc;
}

static int begin_checks(struct job *job, struct fh_err *err)
{
    const struct fh_publisher_options *o = &job->publisher->options;
    struct fh_checks_options checks = {
        .loop = o->loop,
        .workers = o->workers,
        .contract = job->contract,
        .mapping = job->mapping,
        .data_root = job->asked.data_root,
        .categories = 1U << FH_PROMISE_SCHEMA | 1U << FH_PROMISE_QUALITY,
        .now_ms = fh_clock_wall_ms(),
        .threads = CHECK_THREADS,
        .memory_mib = (uint32_t)o->settings->worker_memory_mib,
        .timeout_ms = CHECK_MS,
    };
    job->looked_ms = fh_clock_wall_ms();
    return fh_checks_begin(&checks, checked, job, err);
}

static void tried(int code, const struct fh_err *failure, void *user)
{
    struct job *job = user;
    struct fh_err err;
    if (code != FH_OK) {
        conclude(job, NULL, failure);
    } else if (begin_checks(job, &err) != FH_OK) {
        conclude(job, NULL, &err);
    }
}

/* First the filters of policies, which take a moment and only where there are any; then the data.
 */
static int begin_looking(struct job *job, struct fh_err *err)
{
    const struct fh_publisher_options *o = &job->publisher->options;
    int rc = fh_trials_init(&job->trials, job->arena, err);
    if (rc == FH_OK) {
        rc = fh_publish_report_try(&job->trials, o->policies, job->contract, job->arena, err);
    }
    if (rc != FH_OK || job->trials.count == 0) {
        return rc == FH_OK ? begin_checks(job, err) : rc;
    }
    return fh_trials_run(&job->trials,
                         o->loop,
                         o->workers,
                         (uint32_t)o->settings->worker_memory_mib,
                         tried,
                         job,
                         err);
}

static int begin(struct job *job, struct fh_err *err)
{
    const struct fh_publisher_options *o = &job->publisher->options;
    struct fh_record parsed;
    int rc = fh_catalog_check_contract(o->catalog, job->asked.contract, fh_clock_wall_ms(), err);
    if (rc == FH_OK) {
        rc = fh_record_parse(&parsed, job->asked.contract, &o->mesh_id, err);
    }
    if (rc == FH_OK) {
        job->contract_id = parsed.id;
        rc = fh_contract_record_parse(&job->record, parsed.payload, err);
    }
    if (rc == FH_OK) {
        rc = read_authored(job, err);
    }
    if (rc == FH_OK) {
        rc = check_policies(job, err);
    }
    if (rc == FH_OK) {
        rc = make_announcement(job, err);
    }
    return rc == FH_OK ? begin_looking(job, err) : rc;
}

int fh_publisher_begin(struct fh_publisher *publisher,
                       const struct fh_publish_order *order,
                       struct fh_err *err)
{
    struct job *job = fh_calloc(1, sizeof *job);
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    if (job == NULL || arena == NULL) {
        fh_free(job);
        fh_arena_free(arena);
        return fh_err_set(err, FH_ENOMEM, "no memory to publish");
    }
    job->publisher = publisher;
    job->order = *order;
    job->asked = order->asked;
    job->arena = arena;
    publisher->running++;
    int rc = begin(job, err);
    if (rc != FH_OK) {
        end_job(job);
    }
    return rc;
}

/* ---- from the admin socket ---- */

static void
answer_admin(const struct fh_publish_report *report, const struct fh_err *failure, void *user)
{
    struct fh_admin_question *question = user;
    if (failure != NULL) {
        fh_admin_refuse(question, failure);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_findings_answer_begin(&out, report->count);
    for (uint32_t i = 0; i < report->count; i++) {
        fh_msg_findings_answer_add(&out, &report->findings[i]);
    }
    fh_admin_answer(question, &out);
}

static void publish(struct fh_publisher *publisher, struct fh_admin_question *question)
{
    struct fh_err err;
    struct fh_publish_order order = {.done = answer_admin, .user = question};
    int rc = fh_msg_publish_read(fh_admin_fields(question), &order.asked, &err);
    if (rc == FH_OK) {
        rc = fh_publisher_begin(publisher, &order, &err);
    }
    if (rc != FH_OK) {
        fh_admin_refuse(question, &err);
    }
}

static void tell_chain(struct fh_publisher *publisher, struct fh_admin_question *question)
{
    char product[FH_NAME_BYTES_MAX + 1];
    struct fh_pack_reader *fields = fh_admin_fields(question);
    fh_pack_read_cstr(fields, product, sizeof product);
    struct fh_err err;
    uint64_t seq = 0;
    FH_CLEANUP(fh_buf_fini) struct fh_buf last;
    fh_buf_init(&last, FH_RECORD_BYTES_MAX);
    int rc = fh_pack_read_ok(fields, "chain", &err);
    if (rc == FH_OK) {
        rc = fh_catalog_chain(publisher->options.catalog, product, &seq, &last, &err);
    }
    if (rc != FH_OK) {
        fh_admin_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_chain_answer(&out, seq, fh_buf_view(&last));
    fh_admin_answer(question, &out);
}

static void tell_base(struct fh_publisher *publisher, struct fh_admin_question *question)
{
    char product[FH_NAME_BYTES_MAX + 1] = "";
    char version[FH_VERSION_BYTES_MAX + 1] = "";
    struct fh_pack_reader *fields = fh_admin_fields(question);
    fh_pack_read_cstr(fields, product, sizeof product);
    fh_pack_read_cstr(fields, version, sizeof version);
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf base;
    fh_buf_init(&base, FH_RECORD_BYTES_MAX);
    int rc = fh_pack_read_ok(fields, "base", &err);
    if (rc == FH_OK) {
        rc = fh_catalog_base(publisher->options.catalog, product, version, &base, &err);
    }
    if (rc != FH_OK) {
        fh_admin_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_base_answer(&out, fh_buf_view(&base));
    fh_admin_answer(question, &out);
}

void fh_publisher_question(struct fh_publisher *publisher, struct fh_admin_question *question)
{
    if (fh_admin_code(question) == FH_MSG_ADMIN_PUBLISH) {
        publish(publisher, question);
    } else if (fh_admin_code(question) == FH_MSG_ADMIN_BASE) {
        tell_base(publisher, question);
    } else {
        FH_ASSERT(fh_admin_code(question) == FH_MSG_ADMIN_CHAIN);
        tell_chain(publisher, question);
    }
}

/* ---- lifecycle ---- */

void fh_publisher_renew(struct fh_publisher *publisher)
{
    fh_renew(&publisher->options);
}

int fh_publisher_new(struct fh_publisher **out,
                     const struct fh_publisher_options *options,
                     struct fh_err *err)
{
    struct fh_publisher *publisher = fh_calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to publish");
    }
    publisher->options = *options;
    *out = publisher;
    return FH_OK;
}

bool fh_publisher_drained(const struct fh_publisher *publisher)
{
    return publisher->running == 0;
}

void fh_publisher_free(struct fh_publisher *publisher)
{
    if (publisher != NULL) {
        FH_ASSERT(publisher->running == 0);
        fh_free(publisher);
    }
}
