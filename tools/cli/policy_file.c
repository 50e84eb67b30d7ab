/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/policy_file.h"

#include "common/limits.h"
#include "proto/session/messages_policy.h"

int fh_policy_file_empty(struct fh_policy_file *file, struct fh_err *err)
{
    *file = (struct fh_policy_file){.policy = NULL};
    fh_buf_init(&file->text, FH_POLICY_BYTES_MAX);
    file->arena = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
    if (file->arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a policy");
    }
    fh_findings_init(&file->findings, file->arena);
    return FH_OK;
}

static int refuse_size(const char *path, struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_ETOOBIG,
                       "policy.size",
                       "%s: a policy has at most %d KiB",
                       path,
                       FH_POLICY_BYTES_MAX / 1024);
}

int fh_policy_file_take(struct fh_policy_file *file,
                        const char *path,
                        struct fh_bytes text,
                        const struct fh_access_product *product,
                        struct fh_err *err)
{
    struct fh_err first = {0};
    int code = fh_policy_file_empty(file, err);
    if (code != FH_OK) {
        return code;
    }
    fh_buf_add_bytes(&file->text, text);
    if (fh_buf_ok(&file->text) != FH_OK) {
        return refuse_size(path, err);
    }
    code = fh_policy_read(&file->policy, fh_buf_view(&file->text), &file->findings, &first);
    if (code != FH_OK && code != FH_ECHECK) {
        *err = first;
        return fh_err_wrap(err, "%s", path);
    }
    if (file->policy != NULL && product != NULL) {
        fh_policy_check_product(file->policy, product, &file->findings);
        fh_findings_sort(&file->findings);
    }
    return FH_OK;
}

int fh_policy_file_read(struct fh_policy_file *file,
                        struct fh_cli *cli,
                        const char *path,
                        const struct fh_access_product *product,
                        struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, FH_POLICY_BYTES_MAX);
    *file = (struct fh_policy_file){.policy = NULL};
    int code = fh_cli_read(cli, path, &text, err);
    if (code == FH_ETOOBIG) {
        return refuse_size(path, err);
    }
    return code == FH_OK ? fh_policy_file_take(file, path, fh_buf_view(&text), product, err) : code;
}

int fh_policy_file_told(struct fh_policy_file *file,
                        struct fh_pack_reader *reader,
                        struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_enforced_read(reader, &count, err);
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_msg_policy_finding finding;
        code = fh_msg_policy_finding_next(reader, &finding, err);
        const char *rule = code == FH_OK ? fh_arena_strdup(file->arena, finding.rule) : NULL;
        if (code == FH_OK && rule == NULL) {
            code = fh_err_set(err, FH_ENOMEM, "no memory for what the node finds");
        }
        if (code == FH_OK) {
            fh_findings_add(&file->findings,
                            finding.error ? FH_SEVERITY_ERROR : FH_SEVERITY_WARNING,
                            finding.line,
                            finding.column,
                            finding.path,
                            rule,
                            "%s",
                            finding.text);
        }
    }
    return code;
}

void fh_policy_file_fini(struct fh_policy_file *file)
{
    fh_buf_fini(&file->text);
    fh_arena_free(file->arena);
    *file = (struct fh_policy_file){.policy = NULL};
}
