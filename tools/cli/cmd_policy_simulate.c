/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy would change, before anybody signs it: products that the node knows, and the last
 * questions of the audit log, judged under the policies in force and under those with the file in
 * its place.
 *
 *     lint -> the last questions of the log
 *          -> ADMIN_SIMULATE: some products and questions at a time
 *
 * Nothing is applied.
 */
#include "common/time.h"
#include "proto/session/messages_rules.h"
#include "tools/cli/lint.h"
#include "tools/cli/own_node.h"
#include "tools/cli/past_questions.h"
#include "tools/cli/policy_file.h"
#include "tools/cli/until.h"

#include <stdlib.h>
#include <string.h>

enum {
    ARENA_BYTES = 256 * 1024 * 1024, /* questions and changes: taken bit by bit */
    QUERIES_DEFAULT = 1000,
    QUERIES_MAX = 1000000,
    BRIEF_COLUMNS = 7,
};

enum fail_on { FAIL_ON_REFUSAL, FAIL_ON_CHANGE, FAIL_ON_NEVER };

struct simulating {
    struct fh_cli *cli;
    const char *path;
    bool mesh;
    const char *against; /* NULL: all */
    enum fail_on fail_on;
    uint64_t queries;
    int64_t since_ms;
    struct fh_own_node own;
    struct fh_policy_file file;
    struct fh_arena *arena;
    struct fh_past_questions past;
    struct fh_output *output;
    uint32_t changes;
    uint32_t breaks;
    uint32_t questions_changed;
    uint32_t last_question; /* counted already */
};

/* ---- flags ---- */

static int read_flags(struct simulating *s, const struct fh_args *args, struct fh_err *err)
{
    static const char *const words[] = {"refusal", "change", "never"};
    const char *against = fh_args_value(args, "against");
    const char *since = fh_args_value(args, "since");
    const char *fail_on = fh_args_value(args, "fail-on");
    s->path = args->operands[0];
    s->mesh = fh_args_has(args, "mesh");
    s->against = against == NULL || strcmp(against, "all") == 0 ? NULL : against;
    s->queries = QUERIES_DEFAULT;
    int code =
        fh_cli_number(&s->queries, "queries", fh_args_value(args, "queries"), QUERIES_MAX, err);
    if (code == FH_OK && since != NULL) {
        code = fh_since_parse(&s->since_ms, "--since", since, fh_clock_wall_ms(), err);
    }
    for (size_t i = 0; code == FH_OK && fail_on != NULL; i++) {
        if (i == FH_COUNT(words)) {
            return fh_err_set(
                err, FH_EUSAGE, "--fail-on: it is refusal, change or never (default refusal)");
        }
        if (strcmp(words[i], fail_on) == 0) {
            s->fail_on = (enum fail_on)i;
            break;
        }
    }
    return code;
}

/* "orders", "shop/orders", "shop/orders@1" is `product`, which is written in full. */
static bool is_product(const char *product, const char *wanted, size_t size)
{
    const char *slash = strchr(product, '/');
    const char *const forms[] = {product, slash == NULL ? product : slash + 1};
    for (size_t i = 0; i < FH_COUNT(forms); i++) {
        if (strncmp(forms[i], wanted, size) == 0 &&
            (forms[i][size] == '\0' || forms[i][size] == '@')) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const struct simulating *s, const char *product)
{
    const char *at = s->against;
    bool wanted = at == NULL;
    while (at != NULL && *at != '\0' && !wanted) {
        size_t size = strcspn(at, ",");
        wanted = size > 0 && is_product(product, at, size);
        at += size + (at[size] == ',' ? 1 : 0);
    }
    return wanted;
}

/* ---- one answer ---- */

static void put_change(struct simulating *s,
                       const struct fh_msg_change *change,
                       const struct fh_past_question *past)
{
    char product[2 * FH_NAME_BYTES_MAX + FH_VERSION_BYTES_MAX + 16];
    const char *domain = fh_own_node_actor(&s->own)->settings.domain;
    bool brief = s->cli->format == FH_OUTPUT_TABLE && !s->cli->wide;
    if (past == NULL) {
        snprintf(product,
                 sizeof product,
                 "%.*s",
                 (int)change->product.size,
                 (const char *)change->product.data);
    } else {
        snprintf(
            product, sizeof product, "%s/%s@%u", domain, past->asked.product, past->asked.major);
    }
    if (!is_wanted(s, product)) {
        return;
    }
    s->changes++;
    s->breaks += change->breaks ? 1 : 0;
    if (past != NULL && s->last_question != change->question) {
        s->last_question = change->question;
        s->questions_changed++;
    }
    fh_output_text(s->output, product);
    fh_output_text(s->output, past != NULL ? past->whom : change->whom);
    fh_output_cell(s->output, change->about);
    fh_output_cell(s->output, change->before);
    fh_output_cell(s->output, change->after);
    fh_output_cell(s->output, change->why);
    if (past == NULL) {
        fh_output_null(s->output);
    } else {
        fh_output_uint(s->output, past->count);
    }
    if (brief) {
        return;
    }
    fh_output_bool(s->output, change->breaks);
    if (past == NULL) {
        fh_output_null(s->output);
    } else {
        fh_output_time(s->output, past->last_ms);
    }
}

static int read_answer(struct simulating *s,
                       struct fh_pack_reader *reader,
                       uint32_t first,
                       uint32_t *next,
                       struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_policy_file_told(&s->file, reader, err);
    s->last_question = 0;
    if (code == FH_OK) {
        code = fh_msg_changes_read(reader, next, &count, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_msg_change change;
        code = fh_msg_change_next(reader, &change, err);
        uint32_t number = code == FH_OK ? change.question : 0;
        if (code == FH_OK && number > 0 && first + number > s->past.count) {
            code = fh_err_rule(err, FH_EPROTO, "message.form", "of a question that was not asked");
        }
        if (code == FH_OK) {
            put_change(s, &change, number == 0 ? NULL : &s->past.items[first + number - 1]);
        }
    }
    return code;
}

static int
ask(struct simulating *s, uint32_t from, uint32_t first, uint32_t *next, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    uint32_t left = s->past.count - first;
    uint32_t count = left < FH_MSG_SIMULATED_MAX ? left : FH_MSG_SIMULATED_MAX;
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_simulate_request(&request, fh_buf_view(&s->file.text), s->mesh, from, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_past_question_add(&request, &s->past.items[first + i]);
    }
    int code = fh_own_node_call(&s->own, &request, FH_ADMIN_CHECK_MS, &answer, &reader, err);
    return code == FH_OK ? read_answer(s, &reader, first, next, err) : code;
}

/* Until every product and every question had its turn, or the text has an error. */
static int ask_all(struct simulating *s, struct fh_err *err)
{
    uint32_t from = 0;
    uint32_t first = 0;
    bool more = true;
    int code = FH_OK;
    while (code == FH_OK && more && s->file.findings.errors == 0) {
        uint32_t next = 0;
        code = ask(s, from, first, &next, err);
        first = s->past.count - first > FH_MSG_SIMULATED_MAX ? first + FH_MSG_SIMULATED_MAX
                                                             : s->past.count;
        more = next != 0 || first < s->past.count;
        from = next != 0 ? next : UINT32_MAX; /* products are done */
    }
    return code;
}

/* ---- the whole ---- */

static int judge(const struct simulating *s, struct fh_err *err)
{
    if (s->file.findings.errors == 0) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_ECHECK,
                       fh_lint_first_rule(&s->file.findings),
                       "%s: %zu error%s; it could not be published",
                       s->path,
                       s->file.findings.errors,
                       s->file.findings.errors == 1 ? "" : "s");
}

static int conclude(const struct simulating *s, struct fh_err *err)
{
    fh_cli_say(s->cli,
               "%u changes, of %u of %u different questions that %llu records of the log hold%s; "
               "nothing was applied",
               s->changes,
               s->questions_changed,
               s->past.count,
               (unsigned long long)s->past.reads,
               s->past.more ? ", and others that were not looked at" : "");
    bool fails = s->fail_on == FAIL_ON_REFUSAL  ? s->breaks > 0
                 : s->fail_on == FAIL_ON_CHANGE ? s->changes > 0
                                                : false;
    return !fails ? FH_OK
                  : fh_err_rule(err,
                                FH_ECHECK,
                                "simulate.change",
                                "%u of %u changes refuse what is allowed today",
                                s->breaks,
                                s->changes);
}

static int run(struct simulating *s, struct fh_err *err)
{
    int code = fh_policy_file_read(&s->file, s->cli, s->path, NULL, err);
    if (code == FH_OK && s->file.findings.errors > 0) {
        fh_lint_print(s->cli->messages, s->path, &s->file.findings);
    }
    if (code == FH_OK) {
        code = judge(s, err);
    }
    if (code == FH_OK) {
        code = fh_own_node_open(&s->own, s->cli, NULL, err);
    }
    if (code == FH_OK && s->own.actor != NULL) { /* the log is where the home is */
        code = fh_past_questions_read(
            &s->past, s->cli, s->own.actor, s->queries, s->since_ms, s->arena, err);
    }
    if (code == FH_OK) {
        code = ask_all(s, err);
    }
    if (code != FH_OK) {
        return code;
    }
    fh_findings_sort(&s->file.findings);
    fh_lint_print(s->cli->messages, s->path, &s->file.findings);
    code = judge(s, err);
    if (code == FH_OK) {
        code = fh_output_end(s->output, err);
    }
    return code == FH_OK ? conclude(s, err) : code;
}

int fh_cmd_policy_simulate(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},
        {"for", FH_OUTPUT_TEXT},
        {"about", FH_OUTPUT_TEXT},
        {"before", FH_OUTPUT_TEXT},
        {"after", FH_OUTPUT_TEXT},
        {"why", FH_OUTPUT_TEXT},
        {"questions", FH_OUTPUT_NUMBER},
        {"refuses", FH_OUTPUT_BOOL},
        {"last", FH_OUTPUT_TEXT},
    };
    struct simulating s = {.cli = cli};
    int code = read_flags(&s, args, err);
    if (code != FH_OK) {
        return code;
    }
    bool brief = cli->format == FH_OUTPUT_TABLE && !cli->wide;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, brief ? BRIEF_COLUMNS : FH_COUNT(columns));
    s.output = output;
    s.arena = fh_arena_new(ARENA_BYTES);
    code =
        s.arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a simulation") : run(&s, err);
    fh_policy_file_fini(&s.file);
    fh_own_node_close(&s.own);
    fh_arena_free(s.arena);
    return code;
}
