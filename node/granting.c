/* SPDX-License-Identifier: Apache-2.0 */
#include "node/granting.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/query/serve.h"
#include "node/query/trials.h"
#include "proto/governance/grant.h"
#include "proto/session/messages_access.h"

enum { ARENA_BYTES = 32 * 1024 * 1024 };

struct job {
    struct fh_granting *granting;
    struct fh_admin_question *question; /* its frame holds the records */
    struct fh_msg_govern govern;
    struct fh_arena *arena;
    struct fh_trials trials;
    const struct fh_grant *grant; /* whose tables are looked for */
};

/* ---- rows ---- */

/* Whether the grant opens anything of this table: over one that it keeps closed its rows do not
 * matter. */
static bool opens_table(const struct fh_grant *grant, const struct fh_access_table *table)
{
    bool opens = false;
    for (uint32_t i = 0; i < table->column_count && !opens; i++) {
        opens = fh_grant_has_column(grant, table->name, table->columns[i].name);
    }
    return opens;
}

static int try_version(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    struct job *job = user;
    const struct fh_grant *grant = job->grant;
    const struct fh_announcement *announced = &entry->announcement;
    const struct fh_access_product *product = NULL;
    if (!entry->contract_held || announced->status == FH_ANNOUNCE_RETIRED ||
        (grant->major != 0 && grant->major != announced->major)) {
        return FH_OK;
    }
    int rc = fh_rights_product(job->granting->rights, &announced->contract, &product, err);
    for (uint32_t i = 0; rc == FH_OK && i < product->table_count; i++) {
        if (opens_table(grant, &product->tables[i])) {
            rc = fh_trials_add(&job->trials, grant->rows, product, &product->tables[i], grant, err);
        }
    }
    return rc;
}

/* The rows of a grant over each table of each version that it opens. */
static int try_grant(struct job *job, const struct fh_grant *grant, struct fh_err *err)
{
    uint32_t before = job->trials.count;
    job->grant = grant;
    int rc = fh_catalog_each_of(
        job->granting->catalog, &grant->owner, grant->product, try_version, job, err);
    if (rc == FH_OK && job->trials.count == before) {
        rc =
            fh_err_rule(err,
                        FH_ENOTFOUND,
                        "grant.rows.table",
                        "the rows of the grant cannot be tried: of what it opens of %s no table is "
                        "published here; publish it first",
                        grant->product);
    }
    return rc;
}

static int try_record(struct job *job, struct fh_bytes bytes, struct fh_err *err)
{
    struct fh_record record;
    struct fh_grant *grant = fh_arena_alloc(job->arena, sizeof *grant);
    if (grant == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a grant");
    }
    int rc = fh_record_parse(&record, bytes, &job->granting->grants->mesh_id, err);
    if (rc != FH_OK || record.type != FH_RECORD_GRANT) {
        return rc;
    }
    rc = fh_grant_decode(grant, &record, job->arena, err);
    return rc == FH_OK && grant->rows[0] != '\0' ? try_grant(job, grant, err) : rc;
}

/* The first condition that does not hold, in the words of who wrote it. */
static int judge_trials(const struct job *job, struct fh_err *err)
{
    for (uint32_t i = 0; i < job->trials.count; i++) {
        const struct fh_trial *trial = job->trials.items[i];
        if (trial->code == FH_ECHECK) {
            const char *why = trial->err.rule;
            return fh_err_rule(err,
                               FH_ECHECK,
                               strcmp(why, "filter.boolean") == 0 ? "grant.rows.boolean"
                               : strcmp(why, "filter.shape") == 0 ? "grant.rows.shape"
                                                                  : "grant.rows.sql",
                               "the rows of the grant, over %s: %s",
                               trial->place,
                               trial->err.text);
        }
    }
    return FH_OK;
}

/* ---- the end ---- */

static void end_job(struct job *job)
{
    job->granting->running--;
    fh_arena_free(job->arena);
    fh_free(job);
}

static void refuse(struct job *job, const struct fh_err *err)
{
    fh_admin_refuse(job->question, err);
    end_job(job);
}

/* Checked again: others may have come while a worker looked at the rows. */
static void conclude(struct job *job)
{
    const struct fh_granting *granting = job->granting;
    struct fh_msg_bins records = job->govern.records;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    struct fh_err err;
    fh_buf_init(&out, 16);
    int rc = judge_trials(job, &err);
    if (rc == FH_OK) {
        rc = fh_grants_take_all(
            granting->grants, &records, job->govern.dry_run, fh_clock_wall_ms(), &err);
    }
    if (rc != FH_OK) {
        refuse(job, &err);
        return;
    }
    if (!job->govern.dry_run) {
        fh_log(FH_LOG_INFO, "access.governed", "records=%u", (unsigned)job->govern.records.left);
        fh_serve_rejudge(granting->serve);
    }
    fh_msg_ok(&out, 0);
    fh_admin_answer(job->question, &out);
    end_job(job);
}

static void tried(int code, const struct fh_err *err, void *user)
{
    struct job *job = user;
    if (code == FH_OK) {
        conclude(job);
    } else {
        refuse(job, err);
    }
}

/* ---- the beginning ---- */

/* Everything but the rows, and what of those is to be tried. */
static int check(struct job *job, struct fh_err *err)
{
    int rc = fh_msg_govern_read(fh_admin_fields(job->question), &job->govern, err);
    struct fh_msg_bins records = job->govern.records;
    struct fh_bytes record;
    if (rc == FH_OK) {
        rc = fh_grants_take_all(job->granting->grants, &records, true, fh_clock_wall_ms(), err);
    }
    if (rc == FH_OK) {
        rc = fh_trials_init(&job->trials, job->arena, err);
    }
    records = job->govern.records;
    while (rc == FH_OK && fh_msg_bins_next(&records, &record)) {
        rc = try_record(job, record, err);
    }
    return rc;
}

void fh_granting_question(struct fh_granting *granting, struct fh_admin_question *question)
{
    struct fh_err err;
    struct job *job = fh_calloc(1, sizeof *job);
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    if (job == NULL || arena == NULL) {
        fh_free(job);
        fh_arena_free(arena);
        fh_err_set(&err, FH_ENOMEM, "no memory for grants");
        fh_admin_refuse(question, &err);
        return;
    }
    *job = (struct job){.granting = granting, .question = question, .arena = arena};
    granting->running++;
    int rc = check(job, &err);
    if (rc == FH_OK && job->trials.count == 0) {
        conclude(job);
        return;
    }
    if (rc == FH_OK) {
        rc = fh_trials_run(&job->trials,
                           granting->loop,
                           granting->workers,
                           granting->memory_mib,
                           tried,
                           job,
                           &err);
    }
    if (rc != FH_OK) {
        refuse(job, &err);
    }
}
