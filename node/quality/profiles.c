/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/profiles.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/io/pool.h"
#include "node/query/workers.h"
#include "proto/session/messages_data.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ARENA_BYTES = 16 * 1024 * 1024,
    PROFILE_MS = 590000, /* all rows are read; shorter than what the command waits */
    THREADS = 2,
};

struct fh_profiles {
    struct fh_loop *loop;
    struct fh_workers *workers;
    uint32_t memory_mib;
    unsigned running;
};

struct job {
    struct fh_profiles *profiles;
    struct fh_admin_question *question;
    bool lists;
    struct fh_profile_question asked; /* strings in the arena */
    struct fh_arena *arena;
    struct fh_worker *worker;
    int file; /* or -1 */
    struct fh_buf answer;
    int code;
    struct fh_err err;
};

int fh_profiles_new(struct fh_profiles **out,
                    struct fh_loop *loop,
                    struct fh_workers *workers,
                    uint32_t memory_mib,
                    struct fh_err *err)
{
    struct fh_profiles *profiles = fh_calloc(1, sizeof *profiles);
    if (profiles == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for profiles");
    }
    profiles->loop = loop;
    profiles->workers = workers;
    profiles->memory_mib = memory_mib;
    *out = profiles;
    return FH_OK;
}

bool fh_profiles_drained(const struct fh_profiles *profiles)
{
    return profiles->running == 0;
}

void fh_profiles_free(struct fh_profiles *profiles)
{
    fh_free(profiles);
}

static void end_job(struct job *job)
{
    if (job->file >= 0) {
        close(job->file);
    }
    job->profiles->running--;
    fh_worker_release(job->worker);
    fh_buf_fini(&job->answer);
    fh_arena_free(job->arena);
    fh_free(job);
}

/* Pool thread. */
static void work(void *user)
{
    struct job *job = user;
    int64_t now = fh_clock_mono_ms();
    bool connects = job->asked.source == FH_PROFILE_POSTGRES;
    job->code = fh_worker_setup(job->worker,
                                connects ? FH_WORKER_DATABASE : FH_WORKER_CHECK,
                                job->profiles->memory_mib,
                                THREADS,
                                now + FH_WORKER_START_MS,
                                &job->err);
    if (job->code == FH_OK) {
        job->code = fh_worker_profile(job->worker,
                                      &job->asked,
                                      job->lists,
                                      job->file,
                                      job->arena,
                                      &job->answer,
                                      now + PROFILE_MS,
                                      &job->err);
    }
}

static void finish(void *user)
{
    struct job *job = user;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    if (job->code == FH_OK) {
        fh_msg_profile_answer(&out, fh_buf_view(&job->answer));
    }
    fh_admin_conclude(job->question, job->code, &out, &job->err);
    end_job(job);
}

static int open_file(struct job *job, struct fh_err *err)
{
    struct stat status;
    const char *path = job->asked.path;
    if (job->asked.source == FH_PROFILE_POSTGRES) {
        return FH_OK;
    }
    /* Not a symlink: the command resolved the path; nothing that blocks: no FIFO, no device. */
    job->file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (job->file < 0 || fstat(job->file, &status) != 0) {
        int code = errno == ENOENT ? FH_ENOTFOUND : errno == EACCES ? FH_EDENIED : FH_EIO;
        return fh_err_rule(err, code, "source.unavailable", "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return fh_err_rule(err, FH_EINVAL, "source.unavailable", "%s is not a file", path);
    }
    if (status.st_size == 0) {
        return fh_err_rule(err, FH_EINVAL, "source.empty", "%s is empty", path);
    }
    return FH_OK;
}

static int begin(struct job *job, struct fh_err *err)
{
    struct fh_bytes form;
    job->arena = fh_arena_new(ARENA_BYTES);
    if (job->arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    job->lists = fh_admin_code(job->question) == FH_MSG_ADMIN_CATALOGUE;
    int code = fh_msg_profile_read(fh_admin_fields(job->question), &form, err);
    if (code == FH_OK) {
        code = fh_profile_get_question(&job->asked, form, job->arena, err);
    }
    if (code == FH_OK) {
        code = open_file(job, err);
    }
    if (code == FH_OK) {
        code = fh_workers_spawn(job->profiles->workers, &job->worker, err);
    }
    return code == FH_OK ? fh_pool_submit(job->profiles->loop, work, finish, job, err) : code;
}

void fh_profiles_question(struct fh_profiles *profiles, struct fh_admin_question *question)
{
    struct fh_err err = {0};
    struct job *job = fh_calloc(1, sizeof *job);
    if (job == NULL) {
        fh_err_set(&err, FH_ENOMEM, "no memory for a profile");
        fh_admin_refuse(question, &err);
        return;
    }
    *job = (struct job){.profiles = profiles, .question = question, .file = -1};
    fh_buf_init(&job->answer, FH_PROFILE_BYTES_MAX);
    profiles->running++;
    if (begin(job, &err) != FH_OK) {
        fh_admin_refuse(question, &err);
        end_job(job);
    }
}
