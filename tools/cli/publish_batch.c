/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/publish_batch.h"

#include "common/file.h"
#include "tools/cli/admin.h"
#include "tools/cli/publish_remote.h"
#include "tools/cli/review.h"
#include "tools/client/actor.h"

/* Nobody will answer for the next file either. */
static bool is_over(int code)
{
    return code == FH_EUNREACH || code == FH_ETIMEOUT || code == FH_EDENIED || code == FH_ENOMEM;
}

static int
publish_all(struct fh_publish_batch *batch, const struct fh_args *args, struct fh_err *err)
{
    int code = FH_OK;
    for (unsigned i = 0; i < args->operand_count && !is_over(code); i++) {
        const char *path = args->operands[i];
        struct fh_err why = {0};
        code = fh_publish_one(batch, path, &why);
        batch->failed += code != FH_OK;
        if (batch->count == 1) {
            *err = why;
            return code;
        }
        if (code != FH_OK) {
            fh_cli_complain(batch->cli, &why);
        }
        fh_cli_say(batch->cli,
                   "%u/%u %s: %s",
                   i + 1,
                   batch->count,
                   path,
                   code != FH_OK ? "refused" : (batch->dry_run ? "holds" : "published"));
        batch->at = i + 1;
    }
    if (batch->failed == 0) {
        return FH_OK;
    }
    unsigned left = batch->count - batch->at;
    return fh_err_rule(err,
                       is_over(code) ? code : FH_ECHECK,
                       "publish.some",
                       "%u of %u contracts %s refused%s",
                       batch->failed,
                       batch->count,
                       batch->failed == 1 ? "was" : "were",
                       left == 0 ? "" : ", and the rest was not tried");
}

static int write_review(const struct fh_publish_batch *batch, const char *path, struct fh_err *err)
{
    int code = fh_buf_ok(&batch->review);
    code = code == FH_OK ? fh_file_replace(path, fh_buf_view(&batch->review), 0644, err)
                         : fh_err_set(err, code, "the review does not fit a file");
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "--review %s", path);
}

static int open_batch(struct fh_publish_batch *batch, const char *node, struct fh_err *err)
{
    if (node != NULL || batch->cli->key != NULL) {
        return fh_remote_open(&batch->remote, batch->cli, node, err);
    }
    if (batch->root != NULL) {
        return fh_err_set(
            err,
            FH_EUSAGE,
            "--root names a data root of the node at --node; here the data lie beside "
            "the contract");
    }
    return fh_actor_open_public(&batch->home, batch->cli->home, err);
}

int fh_cmd_product_publish(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_publish_batch batch = {
        .cli = cli,
        .dry_run = fh_args_has(args, "dry-run"),
        .root = fh_args_value(args, "root"),
        .count = args->operand_count,
    };
    const char *review = fh_args_value(args, "review");
    fh_buf_init(&batch.review, FH_REVIEW_BYTES_MAX);
    int code = open_batch(&batch, fh_args_value(args, "node"), err);
    bool opened = code == FH_OK;
    if (opened) {
        code = publish_all(&batch, args, err);
    }
    struct fh_err later = {0};
    if (batch.output != NULL && fh_output_end(batch.output, &later) != FH_OK && code == FH_OK) {
        *err = later;
        code = later.code;
    }
    if (opened && review != NULL && write_review(&batch, review, &later) != FH_OK &&
        code == FH_OK) {
        *err = later;
        code = later.code;
    }
    fh_output_free(batch.output);
    fh_remote_close(batch.remote);
    fh_admin_close(batch.admin);
    fh_actor_free(batch.home);
    fh_buf_fini(&batch.review);
    return code;
}
