/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/testing.h"

#include "common/assert.h"
#include "common/mem.h"
#include "node/quality/checks.h"
#include "proto/contract/contract_read.h"
#include "proto/quality/report.h"
#include "proto/session/messages_data.h"

#include <unistd.h>

enum {
    ARENA_BYTES = FH_CONTRACT_ARENA_BYTES_MAX + 16 * 1024 * 1024, /* and the report */
    TEST_MS = 590000, /* a little less than the command waits */
};

struct fh_testing {
    struct fh_loop *loop;
    struct fh_workers *workers;
    uint32_t memory_mib;
    unsigned running;
};

struct job {
    struct fh_testing *testing;
    struct fh_admin_question *question;
    struct fh_arena *arena;
    struct fh_test_question asked; /* `yaml` is a view into the question */
    struct fh_contract *contract;
};

static void end_job(struct job *job)
{
    job->testing->running--;
    fh_arena_free(job->arena);
    fh_free(job);
}

static void refuse(struct job *job, const struct fh_err *err)
{
    fh_admin_refuse(job->question, err);
    end_job(job);
}

/* ---- the report ---- */

static int make_report(const struct job *job,
                       const struct fh_checks_result *result,
                       struct fh_report *out,
                       struct fh_err *err)
{
    *out = (struct fh_report){.table_count = result->table_count,
                              .check_count = result->promises.count,
                              .sample_count = result->sample_count};
    out->tables = fh_arena_array(job->arena, out->table_count + 1, sizeof *out->tables);
    out->checks = fh_arena_array(job->arena, out->check_count + 1, sizeof *out->checks);
    out->samples = fh_arena_array(job->arena, out->sample_count + 1, sizeof *out->samples);
    if (out->tables == NULL || out->checks == NULL || out->samples == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a report");
    }
    for (uint32_t i = 0; i < out->table_count; i++) {
        out->tables[i] = (struct fh_report_table){
            job->contract->tables.items[i].name, result->rows[i], result->scan_us[i]};
    }
    for (uint32_t i = 0; i < out->check_count; i++) {
        fh_report_check_fill(&out->checks[i], &result->promises.items[i], &result->results[i]);
    }
    for (uint32_t i = 0; i < out->sample_count; i++) {
        const struct fh_checks_sample *from = &result->samples[i];
        out->samples[i] = (struct fh_report_sample){.check = from->promise,
                                                    .column_count = from->column_count,
                                                    .columns = from->columns,
                                                    .row_count = from->row_count,
                                                    .cells = from->cells};
    }
    return FH_OK;
}

static void checked(const struct fh_checks_result *result, const struct fh_err *failure, void *user)
{
    struct job *job = user;
    struct fh_report report;
    struct fh_err err;
    if (failure != NULL) {
        refuse(job, failure);
        return;
    }
    if (make_report(job, result, &report, &err) != FH_OK) {
        refuse(job, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf form;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&form, FH_REPORT_BYTES_MAX);
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    fh_report_encode(&form, &report);
    if (fh_buf_ok(&form) != FH_OK) {
        fh_err_rule(&err,
                    FH_ETOOBIG,
                    "report.size",
                    "the report is too large; ask for fewer categories or samples");
        refuse(job, &err);
        return;
    }
    fh_msg_test_answer(&out, fh_buf_view(&form));
    fh_admin_answer(job->question, &out);
    end_job(job);
}

/* ---- the question ---- */

static int begin(struct job *job, struct fh_err *err)
{
    struct fh_bytes form;
    struct fh_findings findings;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int code = fh_msg_test_read(fh_admin_fields(job->question), &form, err);
    if (code == FH_OK) {
        code = fh_test_question_decode(&job->asked, form, err);
    }
    if (code == FH_OK) {
        fh_findings_init(&findings, job->arena);
        code = fh_contract_read(&job->contract, job->asked.yaml, &findings, err);
    }
    if (code == FH_OK) {
        code = fh_findings_ok(&findings, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_checks_options options = {
        .loop = job->testing->loop,
        .workers = job->testing->workers,
        .contract = job->contract,
        .server = job->asked.server[0] == '\0' ? NULL : job->asked.server,
        .data_root = job->asked.data_root,
        .categories = job->asked.categories,
        .samples = job->asked.samples,
        .now_ms = job->asked.now_ms,
        .memory_mib = job->testing->memory_mib,
        .threads = cores < 1                       ? 1
                   : cores > FH_WORKER_THREADS_MAX ? FH_WORKER_THREADS_MAX
                                                   : (uint32_t)cores,
        .timeout_ms = TEST_MS,
    };
    return fh_checks_begin(&options, checked, job, err);
}

void fh_testing_question(struct fh_testing *testing, struct fh_admin_question *question)
{
    struct fh_err err;
    struct job *job = fh_calloc(1, sizeof *job);
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    if (job == NULL || arena == NULL) {
        fh_free(job);
        fh_arena_free(arena);
        fh_err_set(&err, FH_ENOMEM, "no memory to test a contract");
        fh_admin_refuse(question, &err);
        return;
    }
    *job = (struct job){.testing = testing, .question = question, .arena = arena};
    testing->running++;
    if (begin(job, &err) != FH_OK) {
        refuse(job, &err);
    }
}

/* ---- lifecycle ---- */

int fh_testing_new(struct fh_testing **out,
                   struct fh_loop *loop,
                   struct fh_workers *workers,
                   uint32_t memory_mib,
                   struct fh_err *err)
{
    struct fh_testing *testing = fh_calloc(1, sizeof *testing);
    if (testing == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to test contracts");
    }
    *testing = (struct fh_testing){.loop = loop, .workers = workers, .memory_mib = memory_mib};
    *out = testing;
    return FH_OK;
}

bool fh_testing_drained(const struct fh_testing *testing)
{
    return testing->running == 0;
}

void fh_testing_free(struct fh_testing *testing)
{
    if (testing != NULL) {
        FH_ASSERT(testing->running == 0);
        fh_free(testing);
    }
}
