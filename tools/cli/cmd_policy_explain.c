/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody would see of an own product and why, and what each rule has to do with it: asked of
 * the decision that serves.
 */
#include "common/time.h"
#include "proto/session/messages_rules.h"
#include "tools/cli/asking.h"

#include <string.h>

static int copy_word(char *out, size_t size, const char *flag, const char *text, struct fh_err *err)
{
    if (text != NULL && strlen(text) >= size) {
        return fh_err_set(err, FH_EUSAGE, "%s: at most %zu bytes", flag, size - 1);
    }
    snprintf(out, size, "%s", text == NULL ? "" : text);
    return FH_OK;
}

/* "auditor,analyst". */
static int read_roles(struct fh_msg_explain *out, const char *text, struct fh_err *err)
{
    while (text != NULL && *text != '\0') {
        size_t size = strcspn(text, ",");
        if (out->role_count == FH_COUNT(out->roles) || size == 0 || size >= sizeof out->roles[0]) {
            return fh_err_set(err,
                              FH_EUSAGE,
                              "--role: 1 to %zu names by comma, as in --role auditor,analyst",
                              FH_COUNT(out->roles));
        }
        memcpy(out->roles[out->role_count], text, size);
        out->roles[out->role_count++][size] = '\0';
        text += size + (text[size] == ',' ? 1 : 0);
    }
    return FH_OK;
}

static int read_explain(const struct fh_args *args, struct fh_msg_explain *out, struct fh_err *err)
{
    const char *as = fh_args_value(args, "as");
    out->product = fh_bytes_cstr(args->operands[0]);
    int code = copy_word(out->domain, sizeof out->domain, "--as", as, err);
    if (code == FH_OK) {
        code = copy_word(
            out->entry, sizeof out->entry, "--joined-by", fh_args_value(args, "joined-by"), err);
    }
    if (code == FH_OK) {
        code = copy_word(
            out->purpose, sizeof out->purpose, "--purpose", fh_args_value(args, "purpose"), err);
    }
    return code == FH_OK ? read_roles(out, fh_args_value(args, "role"), err) : code;
}

static void say_decision(struct fh_cli *cli, const struct fh_msg_explained *explained)
{
    static const char *const by[] = {
        "the domain's own", "the contract opens it to the mesh", "a grant"};
    char id[FH_ID_TEXT_BYTES];
    char until[FH_TIME_TEXT_BYTES];
    fh_cli_say(cli, "access: %s", by[explained->by]);
    if (!fh_record_id_is_zero(&explained->grant)) {
        fh_record_id_text(id, &explained->grant);
        fh_cli_say(cli, "grant: %s", id);
    }
    if (explained->rows_per_day > 0) {
        fh_cli_say(cli, "rows a day: %llu", (unsigned long long)explained->rows_per_day);
    }
    if (explained->queries_per_hour > 0) {
        fh_cli_say(cli, "queries an hour: %llu", (unsigned long long)explained->queries_per_hour);
    }
    if (explained->until_ms != INT64_MAX) {
        fh_time_text(until, explained->until_ms);
        fh_cli_say(cli, "until: %s", until);
    }
}

static int explain_view(struct fh_cli *cli, struct fh_asking *asking, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"table", FH_OUTPUT_TEXT},
        {"column", FH_OUTPUT_TEXT},
        {"seen", FH_OUTPUT_TEXT},
        {"why", FH_OUTPUT_TEXT},
    };
    struct fh_msg_explained explained;
    int code = fh_msg_explained_read(&asking->reader, &explained, err);
    if (code == FH_OK && explained.rule[0] != '\0') {
        code = fh_err_rule(err, FH_EDENIED, explained.rule, "%s", explained.text);
    }
    if (code != FH_OK) {
        return code;
    }
    say_decision(cli, &explained);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (uint32_t i = 0; code == FH_OK && i < explained.column_count; i++) {
        struct fh_msg_explained_column column;
        code = fh_msg_explained_next(&asking->reader, &column, err);
        if (code == FH_OK) {
            fh_output_text(output, column.table);
            fh_output_text(output, column.column);
            fh_output_text(output, column.seen);
            fh_output_cell(output, column.why);
        }
    }
    return code == FH_OK ? fh_output_end(output, err) : code;
}

/* ---- each rule ---- */

/* "mask[0]", "private", "private/mask[0]"; NULL: any. */
static bool is_meant(const struct fh_msg_rule *rule, const char *wanted)
{
    size_t size = strlen(rule->policy);
    const char *path = wanted == NULL ? NULL : strchr(wanted, '/');
    if (path != NULL) {
        return (size_t)(path - wanted) == size && memcmp(wanted, rule->policy, size) == 0 &&
               strcmp(path + 1, rule->path) == 0;
    }
    return wanted == NULL || strcmp(wanted, rule->path) == 0 || strcmp(wanted, rule->policy) == 0;
}

/* Where the rule stands, and whose word it is: once for each policy. */
static void say_policy(struct fh_cli *cli, const struct fh_msg_rule *rule)
{
    char id[FH_ID_TEXT_BYTES];
    fh_record_id_text(id, &rule->id);
    fh_cli_say(cli,
               "%spolicy %s %s, signed by %.*s: freehold policy show %s%s",
               rule->mesh ? "mesh " : "",
               rule->policy,
               rule->version,
               (int)rule->signers.size,
               (const char *)rule->signers.data,
               rule->policy,
               rule->mesh ? " --mesh" : "");
}

static void put_rule(struct fh_output *output, const struct fh_msg_rule *rule, bool brief)
{
    fh_output_text(output, rule->policy);
    fh_output_text(output, rule->version);
    fh_output_text(output, rule->path[0] == '\0' ? "policy" : rule->path);
    if (rule->line == 0) {
        fh_output_null(output);
    } else {
        fh_output_uint(output, rule->line);
    }
    fh_output_text(output, rule->table);
    fh_output_text(output, rule->column);
    fh_output_cell(output, rule->does);
    fh_output_text(output, rule->outcome);
    fh_output_cell(output, rule->by);
    if (!brief) {
        fh_output_text(output, rule->mesh ? "mesh" : "domain");
        fh_output_cell(output, rule->signers);
        fh_output_record_id(output, &rule->id);
    }
}

static int explain_rules(struct fh_cli *cli,
                         struct fh_asking *asking,
                         const struct fh_args *args,
                         struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"policy", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"line", FH_OUTPUT_NUMBER},
        {"table", FH_OUTPUT_TEXT},
        {"column", FH_OUTPUT_TEXT},
        {"does", FH_OUTPUT_TEXT},
        {"outcome", FH_OUTPUT_TEXT},
        {"by", FH_OUTPUT_TEXT},
        {"of", FH_OUTPUT_TEXT},
        {"signed by", FH_OUTPUT_TEXT},
        {"id", FH_OUTPUT_TEXT},
    };
    const char *wanted = args->operand_count > 1 ? args->operands[1] : NULL;
    bool brief = cli->format == FH_OUTPUT_TABLE && !cli->wide;
    struct fh_record_id said = {0};
    char rule[FH_ERR_RULE_BYTES];
    char text[FH_ERR_TEXT_BYTES];
    uint32_t count = 0;
    uint32_t shown = 0;
    int code = fh_msg_rules_read(&asking->reader, rule, text, &count, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, brief ? 9 : FH_COUNT(columns));
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_msg_rule one;
        code = fh_msg_rule_next(&asking->reader, &one, err);
        if (code == FH_OK && is_meant(&one, wanted)) {
            if (!fh_record_id_equal(&said, &one.id)) {
                say_policy(cli, &one);
            }
            said = one.id;
            shown++;
            put_rule(output, &one, brief);
        }
    }
    if (code == FH_OK && shown == 0 && wanted != NULL) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "policy.rule.unknown",
                           "no rule %s governs %s; freehold policy explain %s --rules lists them",
                           wanted,
                           args->operands[0],
                           args->operands[0]);
    }
    code = code == FH_OK ? fh_output_end(output, err) : code;
    return code == FH_OK && rule[0] != '\0' ? fh_err_rule(err, FH_EDENIED, rule, "%s", text) : code;
}

int fh_cmd_policy_explain(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_asking asking FH_CLEANUP(fh_asking_fini);
    struct fh_msg_explain explain = {.role_count = 0};
    bool rules = args->operand_count > 1 || fh_args_has(args, "rules");
    fh_asking_init(&asking);
    int code = read_explain(args, &explain, err);
    if (code != FH_OK) {
        return code;
    }
    if (rules) {
        fh_msg_rules_request(&asking.request, &explain);
    } else {
        fh_msg_explain_request(&asking.request, &explain);
    }
    code = fh_asking_ask(&asking, cli, fh_args_value(args, "node"), FH_REQUEST_MS, err);
    if (code != FH_OK) {
        return code;
    }
    return rules ? explain_rules(cli, &asking, args, err) : explain_view(cli, &asking, err);
}
