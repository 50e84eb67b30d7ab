/* SPDX-License-Identifier: Apache-2.0 */
#include "node/io/child.h"

#include "common/mem.h"
#include "node/io/loop.h"

#include <string.h>
#include <unistd.h>
#include <uv.h>

struct fh_child {
    uv_process_t uv;
    fh_child_fn *ended;
    void *user;
    bool over;
};

static void free_child(uv_handle_t *handle)
{
    fh_free(handle->data);
}

static void on_exit_of_child(uv_process_t *uv, int64_t status, int signal)
{
    struct fh_child *child = uv->data;
    child->over = true;
    if (child->ended != NULL) {
        child->ended((int)status, signal, child->user);
    }
}

static size_t count_of(const char *const *list)
{
    size_t count = 0;
    while (list[count] != NULL) {
        count++;
    }
    return count;
}

/* What libuv wants to be char ** and does not write to. */
static char **copy_lists(const char *const *first, const char *const *second)
{
    size_t a = count_of(first);
    size_t b = count_of(second);
    char **all = fh_calloc(a + b + 1, sizeof *all);
    if (all != NULL) {
        memcpy(all, first, a * sizeof *all);
        memcpy(all + a, second, b * sizeof *all);
    }
    return all;
}

static int spawn(struct fh_child *child,
                 struct fh_loop *loop,
                 const struct fh_child_options *options,
                 struct fh_err *err)
{
    static const char *const none[] = {NULL};
    char **arguments FH_CLEANUP(fh_freep) = copy_lists(options->arguments, none);
    char **environment FH_CLEANUP(fh_freep) =
        copy_lists(options->environment, (const char *const *)environ);
    uv_stdio_container_t stdio[] = {{.flags = UV_IGNORE},
                                    {.flags = UV_IGNORE},
                                    {.flags = UV_INHERIT_FD, .data = {.fd = STDERR_FILENO}}};
    if (arguments == NULL || environment == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to start a program");
    }
    const uv_process_options_t how = {
        .file = options->program,
        .args = arguments,
        .env = environment,
        .stdio = stdio,
        .stdio_count = (int)FH_COUNT(stdio),
        .exit_cb = on_exit_of_child,
    };
    int status = uv_spawn(fh_loop_uv(loop), &child->uv, &how);
    if (status == 0) {
        fh_loop_spread(loop, child->uv.pid);
    }
    return status == 0 ? FH_OK
                       : fh_err_set(err,
                                    status == UV_ENOENT ? FH_ENOTFOUND : FH_EIO,
                                    "cannot start %s: %s",
                                    options->program,
                                    uv_strerror(status));
}

int fh_child_start(struct fh_child **out,
                   struct fh_loop *loop,
                   const struct fh_child_options *options,
                   struct fh_err *err)
{
    struct fh_child *child = fh_calloc(1, sizeof *child);
    if (child == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to start a program");
    }
    child->ended = options->ended;
    child->user = options->user;
    child->uv.data = child;
    int rc = spawn(child, loop, options, err);
    if (rc != FH_OK) {
        child->over = true;
        fh_child_free(child); /* libuv has the handle, also after a failure */
        return rc;
    }
    *out = child;
    return FH_OK;
}

int fh_child_pid(const struct fh_child *child)
{
    return child->uv.pid;
}

void fh_child_signal(struct fh_child *child, int signum)
{
    if (!child->over) {
        (void)uv_process_kill(&child->uv, signum);
    }
}

void fh_child_free(struct fh_child *child)
{
    if (child == NULL) {
        return;
    }
    child->ended = NULL;
    if (child->uv.loop == NULL) { /* it was never libuv's */
        fh_free(child);
        return;
    }
    uv_close((uv_handle_t *)&child->uv, free_child);
}
