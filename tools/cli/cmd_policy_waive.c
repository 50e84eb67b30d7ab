/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waivers: a rule of a policy that does not bind a product for a while, or one domain or member
 * there.
 *
 *     ADMIN_POLICY, ADMIN_AGREED: which policy -> ADMIN_WHO: whose product, for whom
 *          -> record, signed by the publisher -> ADMIN_ENFORCE, or a file that others sign too
 */
#include "common/file.h"
#include "common/time.h"
#include "proto/governance/policy_record.h"
#include "proto/governance/waiver.h"
#include "proto/session/messages_policy.h"
#include "tools/cli/asking.h"
#include "tools/cli/until.h"

#include <string.h>

struct waiving {
    struct fh_cli *cli;
    const struct fh_args *args;
    struct fh_own_node own;
    struct fh_waiver waiver;
    struct fh_buf record;
    struct fh_record_id id;
};

/* ---- what it is about ---- */

/* A rule that the policy does not have would waive nothing, and nobody would see it. */
static int check_rule(const struct waiving *w, const struct fh_record *record, struct fh_err *err)
{
    const char *rule = w->waiver.rule;
    struct fh_policy_record said;
    struct fh_policy *policy = NULL;
    if (rule[0] == '\0' || strcmp(rule, "purposes") == 0) {
        return FH_OK;
    }
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
    int code = arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a policy")
                             : fh_policy_record_parse(&said, record->payload, err);
    if (code == FH_OK) {
        code = fh_policy_record_open(&policy, &said, arena, err);
    }
    if (code != FH_OK) {
        return fh_err_wrap(err, "the policy in force");
    }
    for (size_t i = 0; i < policy->rule_count; i++) {
        if (strcmp(policy->rules[i].path, rule) == 0) {
            return FH_OK;
        }
    }
    return fh_err_rule(err,
                       FH_ECHECK,
                       "waiver.rule",
                       "policy %s %s has no rule %s; freehold policy show %s%s has them in order",
                       said.name,
                       said.version,
                       rule,
                       said.name,
                       w->waiver.mesh ? " --mesh" : "");
}

/* The record of the policy that is in force, and whether it has the rule. */
static int find_policy(struct waiving *w, const char *name, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    struct fh_msg_policy held = {0};
    struct fh_record record;
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_policy_request(&request, name, w->waiver.mesh);
    int code = fh_own_node_call(&w->own, &request, FH_REQUEST_MS, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_policy_read(&reader, &held, err);
    }
    if (code == FH_OK && held.seq == 0) {
        code = fh_err_rule(err,
                           FH_ENOTFOUND,
                           "policy.unknown",
                           "the %s has no policy %s; freehold policy list shows them",
                           w->waiver.mesh ? "mesh" : "domain",
                           name);
    }
    if (code == FH_OK) {
        code = fh_record_parse(&record, held.record, &fh_own_node_actor(&w->own)->mesh, err);
    }
    if (code == FH_OK) {
        w->waiver.policy = record.id;
        code = check_rule(w, &record, err);
    }
    return code;
}

/* "orders", "orders@2" and, of the mesh, "shop/orders". */
static int read_product(struct waiving *w, const char *text, struct fh_err *err)
{
    char domain[FH_NAME_BYTES_MAX + 1];
    const char *slash = strchr(text, '/');
    const char *product = slash == NULL ? text : slash + 1;
    size_t size = strcspn(product, "@");
    if (size >= sizeof w->waiver.product ||
        (slash != NULL && (size_t)(slash - text) >= sizeof domain)) {
        return fh_err_set(err, FH_EUSAGE, "--product is a name, as in shop/orders@2");
    }
    memcpy(w->waiver.product, product, size);
    w->waiver.owner = fh_own_node_actor(&w->own)->domain;
    if (product[size] == '@') {
        uint64_t major = 0;
        int code = fh_cli_number(&major, "product", product + size + 1, UINT32_MAX, err);
        if (code != FH_OK) {
            return code;
        }
        w->waiver.major = (uint32_t)major;
    }
    if (slash == NULL) {
        return FH_OK;
    }
    snprintf(domain, sizeof domain, "%.*s", (int)(slash - text), text);
    return fh_own_node_domain(&w->own, domain, &w->waiver.owner, err);
}

static int copy(char *out, size_t size, const char *flag, const char *text, struct fh_err *err)
{
    if (text == NULL || strlen(text) >= size) {
        return fh_err_set(err, FH_EUSAGE, "--%s: a text of at most %zu bytes", flag, size - 1);
    }
    memcpy(out, text, strlen(text) + 1);
    return FH_OK;
}

static int read_times(struct waiving *w, struct fh_err *err)
{
    int64_t now = fh_clock_wall_ms();
    const char *until = fh_args_value(w->args, "until");
    w->waiver.since_ms = now;
    w->waiver.created_ms = now;
    if (fh_args_has(w->args, "end")) {
        w->waiver.until_ms = now; /* one of the same scope that is over: it ends the other */
        return FH_OK;
    }
    if (until == NULL && w->waiver.urgent) {
        w->waiver.until_ms = now + FH_WAIVER_URGENT_MS;
        return FH_OK;
    }
    return until == NULL ? fh_err_set(err, FH_EUSAGE, "--until is missing: a waiver has an end")
                         : fh_until_parse(&w->waiver.until_ms, "--until", until, now, err);
}

static int read_whom(struct waiving *w, struct fh_err *err)
{
    const char *domain = fh_args_value(w->args, "for");
    const char *key = fh_args_value(w->args, "member");
    int code =
        domain == NULL ? FH_OK : fh_own_node_domain(&w->own, domain, &w->waiver.consumer, err);
    return code == FH_OK && key != NULL ? fh_key_id_parse(&w->waiver.key, key, err) : code;
}

static int read_waiver(struct waiving *w, struct fh_err *err)
{
    const char *product = fh_args_value(w->args, "product");
    const char *rule = w->args->operand_count > 1 ? w->args->operands[1] : "";
    w->waiver.mesh = fh_args_has(w->args, "mesh");
    w->waiver.urgent = fh_args_has(w->args, "break-glass");
    int code = copy(w->waiver.rule, sizeof w->waiver.rule, "rule", rule, err);
    if (code == FH_OK && product == NULL) {
        code = fh_err_set(err, FH_EUSAGE, "--product is missing: what the rule does not bind");
    }
    if (code == FH_OK) {
        code = copy(w->waiver.reason,
                    sizeof w->waiver.reason,
                    "reason",
                    fh_args_value(w->args, "reason"),
                    err);
    }
    if (code == FH_OK) {
        code = read_times(w, err);
    }
    if (code == FH_OK) {
        code = find_policy(w, w->args->operands[0], err);
    }
    if (code == FH_OK) {
        code = read_product(w, product, err);
    }
    if (code == FH_OK) {
        code = read_whom(w, err);
    }
    return code == FH_OK ? fh_waiver_check(&w->waiver, err) : code;
}

/* ---- signed ---- */

static int seal(struct waiving *w, struct fh_err *err)
{
    struct fh_sign_secret publisher FH_CLEANUP(fh_sign_secret_wipe);
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    const struct fh_mesh_id *mesh = &fh_own_node_actor(&w->own)->mesh;
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    int code = fh_own_node_signer(&w->own, &publisher, err);
    if (code != FH_OK) {
        return code;
    }
    fh_waiver_encode(&payload, &w->waiver);
    fh_record_seal(&w->record, FH_RECORD_WAIVER, mesh, fh_buf_view(&payload), &publisher);
    w->id = fh_record_id_of(FH_RECORD_WAIVER, mesh, fh_buf_view(&payload));
    code = fh_buf_ok(&w->record);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "the waiver does not fit a record");
}

static int hand_over(struct waiving *w, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    uint32_t count = 0;
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_enforce_request(&request, fh_buf_view(&w->record), fh_args_has(w->args, "dry-run"));
    int code = fh_own_node_call(&w->own, &request, FH_ADMIN_CHECK_MS, &answer, &reader, err);
    return code == FH_OK ? fh_msg_enforced_read(&reader, &count, err) : code;
}

int fh_cmd_policy_waive(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    char id[FH_ID_TEXT_BYTES];
    struct waiving w = {.cli = cli, .args = args};
    const char *path = fh_args_value(args, "out");
    fh_buf_init(&w.record, FH_RECORD_BYTES_MAX);
    int code = fh_own_node_open(&w.own, cli, fh_args_value(args, "node"), err);
    if (code == FH_OK) {
        code = read_waiver(&w, err);
    }
    if (code == FH_OK) {
        code = seal(&w, err);
    }
    if (code == FH_OK) {
        code = path == NULL ? hand_over(&w, err)
                            : fh_file_replace(path, fh_buf_view(&w.record), 0644, err);
    }
    if (code == FH_OK) {
        fh_record_id_text(id, &w.id);
        fprintf(cli->out, "%s\n", id);
        if (fh_args_has(args, "dry-run")) {
            fh_cli_say(cli, "everything holds; nothing was waived");
        }
    }
    fh_own_node_close(&w.own);
    fh_buf_fini(&w.record);
    return code;
}

/* ---- list ---- */

static void put_whom(struct fh_output *output, const struct fh_waiver *waiver)
{
    char text[FH_ID_TEXT_BYTES] = "everybody";
    if (!fh_key_id_is_zero(&waiver->key)) {
        fh_key_id_short(text, &waiver->key);
    } else if (!fh_domain_id_is_zero(&waiver->consumer)) {
        fh_domain_id_short(text, &waiver->consumer);
    }
    fh_output_text(output, text);
}

static void
put_waiver(struct fh_output *output, const struct fh_record_id *id, const struct fh_waiver *waiver)
{
    char text[FH_ID_TEXT_BYTES];
    char until[FH_TIME_TEXT_BYTES];
    int64_t now = fh_clock_wall_ms();
    const char *state = now > waiver->until_ms   ? "over"
                        : now < waiver->since_ms ? "to come"
                                                 : "in force";
    fh_domain_id_short(text, &waiver->owner);
    fh_output_text(output, text);
    fh_output_text(output, waiver->product);
    fh_record_id_short(text, &waiver->policy);
    fh_output_text(output, text);
    fh_output_text(output, waiver->rule[0] == '\0' ? "all" : waiver->rule);
    put_whom(output, waiver);
    fh_output_text(output, waiver->urgent ? "break-glass" : "waiver");
    fh_output_text(output, state);
    fh_time_text(until, waiver->until_ms);
    fh_output_text(output, until);
    fh_output_text(output, waiver->reason);
    fh_record_id_text(text, id);
    fh_output_text(output, text);
}

int fh_cmd_policy_waivers(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"owner", FH_OUTPUT_TEXT},
        {"product", FH_OUTPUT_TEXT},
        {"policy", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"whom", FH_OUTPUT_TEXT},
        {"kind", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"reason", FH_OUTPUT_TEXT},
        {"id", FH_OUTPUT_TEXT},
    };
    struct fh_asking asking FH_CLEANUP(fh_asking_fini);
    uint32_t count = 0;
    fh_asking_init(&asking);
    fh_msg_waivers_request(&asking.request);
    int code = fh_asking_ask(&asking, cli, fh_args_value(args, "node"), FH_REQUEST_MS, err);
    if (code == FH_OK) {
        code = fh_msg_waivers_read(&asking.reader, &count, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_record_id id;
        struct fh_record record = {.type = FH_RECORD_WAIVER};
        struct fh_waiver waiver;
        code = fh_msg_waivers_next(&asking.reader, &id, &record.payload, err);
        if (code == FH_OK) {
            code = fh_waiver_decode(&waiver, &record, err);
        }
        if (code == FH_OK) {
            put_waiver(output, &id, &waiver);
        }
    }
    return code == FH_OK ? fh_output_end(output, err) : code;
}
