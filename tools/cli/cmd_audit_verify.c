/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the audit log of the home is whole: by itself, and by what other domains keep of it. */
#include "common/mem.h"
#include "common/time.h"
#include "proto/session/messages_audit.h"
#include "tools/cli/admin.h"
#include "tools/cli/cli.h"
#include "tools/compliance/audit_log.h"

#include <string.h>

enum { ASK_MS = 30000 };

/* What others keep. */
struct witnessed {
    struct fh_admin *admin;
    struct fh_buf answer;
    struct fh_pack_reader reader;
    struct fh_audit_checkpoint *checkpoints;
    uint32_t count;
    uint32_t domains; /* that keep any */
    uint64_t highest;
    bool asked;
    struct fh_err failure; /* FH_OK in code: asked, or no node runs; else that node does not say */
};

static void witnessed_fini(struct witnessed *witnessed)
{
    fh_admin_close(witnessed->admin);
    fh_buf_fini(&witnessed->answer);
    fh_free(witnessed->checkpoints);
}

/* Asks the home's node; FH_EUNREACH when none runs. */
static int ask(struct witnessed *out, const struct fh_home *home, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, 64);
    fh_buf_init(&out->answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_witnessed_request(&request);
    int code = fh_admin_open(&out->admin, home, false, err);
    return code == FH_OK
               ? fh_admin_call(
                     out->admin, fh_buf_view(&request), ASK_MS, &out->answer, &out->reader, err)
               : code;
}

/* One that does not verify says nothing of this log, but of who keeps it. */
static int take(struct fh_cli *cli,
                struct witnessed *out,
                const struct fh_actor *actor,
                struct fh_domain_id *last,
                struct fh_err *err)
{
    struct fh_audit_checkpoint *checkpoint = &out->checkpoints[out->count];
    struct fh_domain_id keeper;
    struct fh_bytes record;
    struct fh_err why;
    int code = fh_msg_witnessed_next(&out->reader, &keeper, &record, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_audit_checkpoint_open(checkpoint, record, &actor->mesh, &fh_verifier_plain, &why);
    if (code != FH_OK || !fh_domain_id_equal(&checkpoint->domain, &actor->domain)) {
        fh_cli_say(cli, "a witness keeps a checkpoint that this domain did not sign");
        return FH_OK;
    }
    out->domains += out->count == 0 || !fh_domain_id_equal(last, &keeper);
    out->highest = checkpoint->seq > out->highest ? checkpoint->seq : out->highest;
    out->count++;
    *last = keeper;
    return FH_OK;
}

static int ask_witnesses(struct fh_cli *cli,
                         struct witnessed *out,
                         const struct fh_actor *actor,
                         struct fh_err *err)
{
    struct fh_domain_id last = {{0}};
    uint32_t count = 0;
    struct fh_err why;
    int code = ask(out, &actor->home, &why);
    if (code != FH_OK) {
        fh_cli_say(cli, "without what other domains keep: %s", why.text);
        if (code != FH_EUNREACH || strcmp(why.rule, "admin.none") != 0) {
            out->failure = why;
        }
        return FH_OK;
    }
    out->asked = true;
    code = fh_msg_witnessed_read(&out->reader, &count, err);
    if (code == FH_OK) {
        out->checkpoints = fh_calloc((size_t)count + 1, sizeof *out->checkpoints);
        code = out->checkpoints == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for checkpoints")
                                        : FH_OK;
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = take(cli, out, actor, &last, err);
    }
    return code;
}

/* Every record that others know must be the one that stands here. */
static int compare(void *user,
                   const struct fh_audit_record *record,
                   const struct fh_hash *hash,
                   struct fh_err *err)
{
    const struct witnessed *witnessed = user;
    for (uint32_t i = 0; i < witnessed->count; i++) {
        const struct fh_audit_checkpoint *checkpoint = &witnessed->checkpoints[i];
        if (checkpoint->seq == record->seq &&
            memcmp(checkpoint->head.b, hash->b, FH_HASH_BYTES) != 0) {
            return fh_err_rule(err,
                               FH_ECHECK,
                               "audit.rewritten",
                               "record %llu is another one than the node signed before; a witness "
                               "keeps that",
                               (unsigned long long)record->seq);
        }
    }
    return FH_OK;
}

static int judge(struct fh_audit_log *log, struct witnessed *witnessed, struct fh_err *err)
{
    struct fh_err why = {.code = FH_OK};
    int code = FH_OK;
    if (log->failure.code != FH_OK) {
        return FH_OK;
    }
    if (witnessed->highest > log->last.seq) {
        fh_err_rule(&log->failure,
                    FH_ECHECK,
                    "audit.truncated",
                    "the log ends with record %llu, and the node signed record %llu; a witness "
                    "keeps that",
                    (unsigned long long)log->last.seq,
                    (unsigned long long)witnessed->highest);
    } else if (witnessed->count > 0) {
        code = fh_audit_log_each(log, compare, witnessed, &why);
    }
    if (code == FH_ECHECK) {
        log->failure = why;
        code = FH_OK;
    } else if (code != FH_OK) {
        *err = why;
    }
    return code;
}

static int put(struct fh_cli *cli,
               const struct fh_audit_log *log,
               const struct witnessed *witnessed,
               struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"verdict", FH_OUTPUT_TEXT},
        {"files", FH_OUTPUT_NUMBER},
        {"records", FH_OUTPUT_NUMBER},
        {"first", FH_OUTPUT_NUMBER},
        {"last", FH_OUTPUT_NUMBER},
        {"last at", FH_OUTPUT_TEXT},
        {"head", FH_OUTPUT_TEXT},
        {"checkpoints", FH_OUTPUT_NUMBER},
        {"signed up to", FH_OUTPUT_NUMBER},
        {"witnesses", FH_OUTPUT_NUMBER},
        {"witnessed up to", FH_OUTPUT_NUMBER},
        {"recovered", FH_OUTPUT_NUMBER},
        {"without outcome", FH_OUTPUT_NUMBER},
        {"counted", FH_OUTPUT_NUMBER},
    };
    char at[FH_TIME_TEXT_BYTES];
    char head[2 * FH_HASH_BYTES + 1];
    fh_time_text(at, log->last.time_ms);
    fh_hex(head, log->last.head.b, FH_HASH_BYTES);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output,
                   log->failure.code != FH_OK         ? "changed"
                   : witnessed->failure.code != FH_OK ? "whole by itself"
                   : log->records == 0                ? "empty"
                   : !witnessed->asked                ? "whole by itself"
                                                      : "whole");
    fh_output_uint(output, log->files);
    fh_output_uint(output, log->records);
    fh_output_uint(output, log->first);
    fh_output_uint(output, log->last.seq);
    fh_output_text(output, log->records == 0 ? "" : at);
    fh_output_text(output, log->records == 0 ? "" : head);
    fh_output_uint(output, log->checkpoints);
    fh_output_uint(output, log->signed_seq);
    if (witnessed->asked) {
        fh_output_uint(output, witnessed->domains);
        fh_output_uint(output, witnessed->highest);
    } else {
        fh_output_null(output);
        fh_output_null(output);
    }
    fh_output_uint(output, log->recovered);
    fh_output_uint(output, log->open_reads);
    fh_output_uint(output, log->counted);
    return fh_output_end(output, err);
}

int fh_cmd_audit_verify(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct witnessed witnessed FH_CLEANUP(witnessed_fini) = {.count = 0};
    struct fh_audit_log log;
    (void)args;
    int code = fh_actor_open_public(&actor, cli->home, err);
    if (code == FH_OK) {
        code = ask_witnesses(cli, &witnessed, actor, err); /* before the log, which only grows */
    }
    if (code == FH_OK) {
        code = fh_audit_log_open(&log, actor, err);
    }
    if (code == FH_OK) {
        code = judge(&log, &witnessed, err);
    }
    if (code == FH_OK) {
        code = put(cli, &log, &witnessed, err);
    }
    if (code == FH_OK && log.failure.code != FH_OK) {
        *err = log.failure;
        code = err->code;
    } else if (code == FH_OK && witnessed.failure.code != FH_OK) {
        code = fh_err_rule(err,
                           FH_EUNREACH,
                           "audit.unwitnessed",
                           "the node that runs here does not say what other domains keep of its "
                           "log; ask again, or stop it to look at the log alone");
    }
    return code;
}

/* ---- witnessed ---- */

static int put_kept(struct fh_output *output,
                    const struct fh_actor *actor,
                    struct fh_bytes record,
                    struct fh_err *err)
{
    struct fh_audit_checkpoint checkpoint;
    char node[FH_ID_TEXT_BYTES];
    char at[FH_TIME_TEXT_BYTES];
    char head[2 * FH_HASH_BYTES + 1];
    char id[FH_ID_TEXT_BYTES];
    int code = fh_audit_checkpoint_open(&checkpoint, record, &actor->mesh, &fh_verifier_plain, err);
    if (code != FH_OK) {
        return code;
    }
    const struct fh_directory_domain *domain =
        fh_directory_domain(actor->directory, &checkpoint.domain);
    struct fh_node_id signer = fh_node_id_of(&checkpoint.key);
    fh_node_id_text(node, &signer);
    fh_domain_id_text(id, &checkpoint.domain);
    fh_time_text(at, checkpoint.time_ms);
    fh_hex(head, checkpoint.head.b, FH_HASH_BYTES);
    fh_output_text(output, domain == NULL || domain->name[0] == '\0' ? id : domain->name);
    fh_output_text(output, node);
    fh_output_uint(output, checkpoint.seq);
    fh_output_text(output, head);
    fh_output_text(output, at);
    return FH_OK;
}

int fh_cmd_audit_witnessed(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"domain", FH_OUTPUT_TEXT},
        {"node", FH_OUTPUT_TEXT},
        {"record", FH_OUTPUT_NUMBER},
        {"head", FH_OUTPUT_TEXT},
        {"signed", FH_OUTPUT_TEXT},
    };
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct witnessed witnessed FH_CLEANUP(witnessed_fini) = {.count = 0};
    struct fh_domain_id ignored;
    struct fh_msg_bins kept;
    struct fh_bytes record;
    uint32_t count = 0;
    (void)args;
    int code = fh_actor_open_public(&actor, cli->home, err);
    if (code == FH_OK) {
        code = ask(&witnessed, &actor->home, err);
    }
    if (code == FH_OK) {
        code = fh_msg_witnessed_read(&witnessed.reader, &count, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = fh_msg_witnessed_next(&witnessed.reader, &ignored, &record, err);
    }
    if (code == FH_OK) {
        code = fh_msg_bins_read(&witnessed.reader, &kept, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    while (code == FH_OK && fh_msg_bins_next(&kept, &record)) {
        code = put_kept(output, actor, record, err);
    }
    return code == FH_OK ? fh_output_end(output, err) : code;
}
