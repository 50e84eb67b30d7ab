/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry peer's plan is advice. What is signed and where it goes is decided here: domains are
 * those that the directory knows by the names in the plan, its tables must be those that the SQL
 * text names, all of them, and data of one owner is asked end to end whatever the plan says.
 */
#include "tools/client/query.h"
#include "common/entropy.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/governance/policy.h"
#include "proto/session/messages.h"
#include "tools/client/notices.h"
#include "tools/client/outbox.h"
#include "tools/client/params.h"
#include "tools/client/result.h"
#include "tools/client/sql_tables.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    PATIENCE_MS = 2000,     /* waits of one query, in all */
    PATIENCE_FIRST_MS = 25, /* each is twice as long as the one before */
};

/* ---- plan ---- */

/* The table belongs to the domain of that name. */
static int check_owner(struct freehold_client *client,
                       const struct fh_msg_plan_table *table,
                       struct fh_err *err)
{
    int code = fh_client_know(client, &table->domain, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "owner of %s.%s", table->domain_name, table->product);
    }
    const struct fh_directory_domain *domain =
        fh_directory_domain_by_name(client->actor->directory, table->domain_name);
    if (domain == NULL || !fh_domain_id_equal(&domain->id, &table->domain)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "plan.domain",
                           "the entry peer gives the name %s to another domain",
                           table->domain_name);
    }
    return FH_OK;
}

static bool is_written(const struct fh_msg_plan_table *table, const struct fh_sql_table *written)
{
    return fh_sql_table_is(
        written, table->domain_name, table->product, table->table, table->version);
}

/* The plan is about what the query reads, no less and no more: whoever makes it could leave a table
 * out and answer for its owner, or put one in and have a query of one owner's data pass by itself.
 */
static int check_tables(const char *sql, const struct fh_msg_plan *plan, struct fh_err *err)
{
    bool asked[FH_QUERY_TABLES_MAX] = {false};
    struct fh_sql_tables tables;
    struct fh_sql_table written;
    fh_sql_tables_begin(&tables, sql);
    while (fh_sql_tables_next(&tables, &written)) {
        bool planned = false;
        for (uint32_t i = 0; i < plan->table_count; i++) {
            if (is_written(&plan->tables[i], &written)) {
                planned = true;
                asked[i] = true;
            }
        }
        if (!planned) {
            return fh_err_rule(err,
                               FH_ESIG,
                               "plan.table",
                               "the entry peer leaves out %s.%s, which the query reads",
                               written.domain,
                               written.product);
        }
    }
    for (uint32_t i = 0; i < plan->table_count; i++) {
        if (!asked[i]) {
            return fh_err_rule(err,
                               FH_ESIG,
                               "plan.table",
                               "the entry peer plans %s.%s, which the query does not name",
                               plan->tables[i].domain_name,
                               plan->tables[i].product);
        }
    }
    return FH_OK;
}

static int check_reachable(const struct fh_msg_plan *plan, struct fh_err *err)
{
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct fh_msg_plan_table *table = &plan->tables[i];
        if (!table->reachable || fh_node_id_is_zero(&table->node)) {
            return fh_err_rule(err,
                               FH_EUNREACH,
                               "product.unreachable",
                               "%s/%s@%s is in the catalogue, but no node of %s can be reached",
                               table->domain_name,
                               table->product,
                               table->version,
                               table->domain_name);
        }
    }
    return FH_OK;
}

static int ask_plan(struct freehold_result *result,
                    struct fh_channel *planner,
                    struct fh_msg_plan *plan,
                    struct fh_err *err)
{
    struct freehold_client *client = result->client;
    struct fh_msg_plan_question question = {.sql = fh_buf_view(&result->sql),
                                            .param_count = (uint32_t)result->request.param_count};
    for (uint32_t i = 0; i < question.param_count; i++) {
        question.params[i] = fh_bytes_cstr(result->request.params[i].name);
    }
    struct fh_pack_reader reader;
    fh_buf_reset(&client->request);
    fh_msg_plan_request(&client->request, &question);
    int code = fh_stream_call(result, planner, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_plan_read(&reader, plan, err);
    }
    for (uint32_t i = 0; i < plan->table_count && code == FH_OK; i++) {
        code = check_owner(client, &plan->tables[i], err);
    }
    if (code == FH_OK) {
        code = check_tables(fh_buf_cstr(&result->sql), plan, err);
    }
    return code == FH_OK ? check_reachable(plan, err) : code;
}

/* What others have published may take a moment until it is known, or whole, where it is wanted:
 * whether that should be looked at once more, after a wait of `least_ms` or twice the last one. */
static bool be_patient(struct freehold_result *result, int64_t least_ms)
{
    int64_t wait_ms = result->wait_ms > least_ms ? result->wait_ms : least_ms;
    if (result->waited_ms + wait_ms > PATIENCE_MS ||
        fh_clock_mono_ms() + wait_ms > result->deadline_ms) {
        return false;
    }
    nanosleep(&(struct timespec){.tv_nsec = wait_ms * 1000000}, NULL);
    result->waited_ms += wait_ms;
    result->wait_ms = 2 * wait_ms;
    return true;
}

/* Whether the node has heard of a version whose contract is on its way. */
static bool is_half_known(const struct fh_err *err)
{
    return strcmp(err->rule, "product.contract.missing") == 0;
}

/* Asks `planner` for a plan and keeps it for the next statement like this one. */
static int plan_anew(struct freehold_result *result,
                     struct fh_channel *planner,
                     struct fh_msg_plan *plan,
                     struct fh_err *err)
{
    int code = ask_plan(result, planner, plan, err);
    while (code != FH_OK && is_half_known(err) && be_patient(result, PATIENCE_FIRST_MS)) {
        code = ask_plan(result, planner, plan, err);
    }
    if (code == FH_OK) {
        fh_plans_keep(result->client->plans, fh_buf_cstr(&result->sql), fh_clock_mono_ms(), plan);
    }
    return code;
}

/* Whether one owner answers alone. */
static bool is_single(const struct fh_msg_plan *plan)
{
    for (uint32_t i = 1; i < plan->table_count; i++) {
        if (!fh_domain_id_equal(&plan->tables[i].domain, &plan->tables[0].domain)) {
            return false;
        }
    }
    return plan->table_count > 0;
}

static int
choose_channel(struct freehold_result *result, const struct fh_msg_plan *plan, struct fh_err *err)
{
    struct freehold_client *client = result->client;
    struct fh_node_id node = *fh_channel_node(client->entry);
    struct fh_domain_id domain = *fh_channel_domain(client->entry);
    if (is_single(plan)) {
        node = plan->tables[0].node;
        domain = plan->tables[0].domain;
    }
    struct fh_channel *before = result->channel;
    int code = fh_client_channel(client, &domain, &node, &result->channel, err);
    if (code == FH_OK) {
        fh_client_release(client, before);
        result->joined = plan->table_count > 0 && !is_single(plan);
    }
    return code;
}

/* ---- request ---- */

/* What the caller wants, whatever the plan. */
static int fill_request(struct freehold_result *result,
                        const struct freehold_query_options *options,
                        struct fh_err *err)
{
    const struct fh_actor *actor = result->client->actor;
    struct fh_query_request *request = &result->request;
    request->consumer = actor->domain;
    request->key = actor->key_id;
    request->token = actor->token;
    request->sql = fh_buf_view(&result->sql);
    request->rows_max = options->rows_max;
    result->encodings = options->plain ? FH_ENCODINGS_NONE : FH_ENCODINGS_ALL;
    request->flags = (options->tree ? FH_QUERY_TREE : 0) | (options->stream ? FH_QUERY_STREAM : 0);
    if (options->format != NULL) {
        unsigned format = 0;
        while (format < FH_POLICY_FORMAT_COUNT &&
               strcmp(options->format, fh_policy_format_text(format)) != 0) {
            format++;
        }
        if (format == FH_POLICY_FORMAT_COUNT) {
            return fh_err_set(err, FH_EINVAL, "no answer is written as %.32s", options->format);
        }
        request->flags |= UINT64_C(1) << (FH_QUERY_FORMATS + format);
    }
    const char *purpose = options->purpose == NULL ? "" : options->purpose;
    if (strlen(purpose) > FH_PURPOSE_BYTES_MAX) {
        return fh_err_set(
            err, FH_EINVAL, "a purpose has at most %d bytes", (int)FH_PURPOSE_BYTES_MAX);
    }
    snprintf(request->purpose, sizeof request->purpose, "%s", purpose);
    return FH_OK;
}

/* Names the tables of the plan, and has all that is signed. */
static int
make_request(struct freehold_result *result, const struct fh_msg_plan *plan, struct fh_err *err)
{
    const struct fh_actor *actor = result->client->actor;
    struct fh_query_request *request = &result->request;
    fh_entropy(request->id.b, sizeof request->id.b);
    request->entry = *fh_channel_node(result->channel);
    request->table_count = 0;
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct fh_msg_plan_table *from = &plan->tables[i];
        /* "orders" and "orders@1" may be one product: the plan keeps both names, the request asks
         * once. */
        if (fh_query_request_table(
                request, &from->domain, from->product, from->table, &from->contract) != NULL) {
            continue;
        }
        struct fh_query_table *to = &request->tables[request->table_count++];
        to->domain = from->domain;
        to->contract = from->contract;
        memcpy(to->product, from->product, sizeof to->product);
        memcpy(to->table, from->table, sizeof to->table);
        memcpy(to->version, from->version, sizeof to->version);
    }
    request->issued_ms = fh_clock_wall_ms();
    request->expires_ms = request->issued_ms + FH_REQUEST_LIFETIME_MS;
    struct fh_buf *payload = &result->request_payload;
    fh_buf_reset(payload);
    int code = fh_query_request_build(payload, request, err);
    if (code == FH_OK) {
        result->request_id = fh_record_id_of(FH_RECORD_REQUEST, &actor->mesh, fh_buf_view(payload));
    }
    return code;
}

/* Asks by this plan. */
static int ask(struct freehold_result *result, const struct fh_msg_plan *plan, struct fh_err *err)
{
    int code = choose_channel(result, plan, err);
    if (code == FH_OK) {
        code = make_request(result, plan, err);
    }
    if (code == FH_OK) {
        result->refused = false;
        fh_notices_of_plan(result, plan);
        fh_tally_init(&result->tally, (result->request.flags & FH_QUERY_TREE) != 0);
        code = fh_outbox_post(result, err);
    }
    return code;
}

/* ---- all of it ---- */

static int take_sql(struct freehold_result *result, const char *sql, struct fh_err *err)
{
    size_t size = strlen(sql);
    if (size == 0 || size > FH_SQL_BYTES_MAX) {
        return fh_err_rule(err,
                           size == 0 ? FH_EINVAL : FH_ETOOBIG,
                           "query.length",
                           "a query has 1 to %d bytes; this one has %zu",
                           FH_SQL_BYTES_MAX,
                           size);
    }
    if (!fh_utf8_valid(fh_bytes_cstr(sql))) {
        return fh_err_rule(err, FH_EINVAL, "query.utf8", "the query is not valid UTF-8");
    }
    fh_buf_add_cstr(&result->sql, sql);
    fh_buf_cstr(&result->sql);
    int code = fh_buf_ok(&result->sql);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "no memory for the query");
}

int fh_query_start(struct freehold_result *result,
                   const char *sql,
                   const struct freehold_query_options *options,
                   struct fh_err *err)
{
    struct fh_msg_plan *plan FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *plan);
    if (plan == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a plan");
    }
    struct freehold_client *client = result->client;
    int code = take_sql(result, sql, err);
    if (code == FH_OK) {
        code = fh_params_take(result, options, err);
    }
    if (code == FH_OK) {
        code = fh_client_ready(client, err);
    }
    if (code == FH_OK) {
        bool known = fh_plans_find(client->plans, sql, fh_clock_mono_ms(), plan);
        code = known ? FH_OK : plan_anew(result, client->entry, plan, err);
    }
    if (code == FH_OK) {
        code = fill_request(result, options, err);
    }
    return code == FH_OK ? ask(result, plan, err) : code;
}

/* ---- the answer ---- */

static int take_once(struct freehold_result *result, struct fh_err *err)
{
    struct fh_bytes plain = FH_BYTES_NONE;
    struct fh_pack_reader reader;
    struct fh_msg_query_answer answer;
    result->asking = false;
    int code = fh_outbox_sent(result, err);
    if (code == FH_OK) {
        code = fh_stream_first(result, &plain, err);
    }
    if (code == FH_OK) {
        code = fh_msg_answer(&reader, plain, FH_FRAME_REPLY_BYTES_MAX, err);
        result->refused = code != FH_OK;
    }
    if (code == FH_OK) {
        code = fh_msg_query_read(&reader, &answer, err);
    }
    if (code == FH_OK) { /* before the batch is aligned, which moves bytes */
        code = fh_notices_of_answer(result, &reader, err);
    }
    return code == FH_OK ? fh_stream_begin(result, &answer, err) : code;
}

/* The same request once more when the session is forgotten: nothing of it was done. Should that be
 * a lie, by whoever stands between, it reads twice, and both stand in the owner's audit log. */
static int take_answer(struct freehold_result *result, struct fh_err *err)
{
    int code = take_once(result, err);
    for (int i = 0; code != FH_OK && i < FH_CHANNEL_RENEWALS && !result->streaming &&
                    fh_channel_may_ask_again(err);
         i++) {
        code = fh_channel_renew(result->channel, err);
        code = code == FH_OK ? fh_outbox_post(result, err) : code;
        code = code == FH_OK ? take_once(result, err) : code;
    }
    return code;
}

/* ---- a plan that does not hold ---- */

/* Others hear of what an owner has published after a moment. An owner that answers alone knows it,
 * so it is asked for the plan itself. Of a join the entry peer is asked again: that looks at what
 * an owner has whenever the owner refuses (fh_stream_refused of node/query). */
static bool is_outdated(const struct fh_err *err)
{
    return strcmp(err->rule, "query.contract.changed") == 0 ||
           strcmp(err->rule, "query.request.tables") == 0 || is_half_known(err);
}

/* Whether an owner alone planned for its own tables alone, or an entry peer for a join. */
static bool may_help(const struct freehold_result *result, const struct fh_msg_plan *plan)
{
    return result->joined ||
           (is_single(plan) &&
            fh_domain_id_equal(&plan->tables[0].domain, fh_channel_domain(result->channel)));
}

/* Plans and asks once more; *out_code and `err` stay as they are where the plan is of no use. */
static void ask_again(struct freehold_result *result, int *out_code, struct fh_err *err)
{
    struct fh_msg_plan *plan FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *plan);
    struct fh_channel *planner = result->joined ? result->client->entry : result->channel;
    struct fh_err now = {.code = FH_OK};
    int code = plan == NULL ? fh_err_set(&now, FH_ENOMEM, "no memory for a plan")
                            : plan_anew(result, planner, plan, &now);
    if (code == FH_OK && !may_help(result, plan)) {
        return;
    }
    if (code == FH_OK) {
        code = ask(result, plan, &now);
    }
    if (code == FH_OK) {
        code = take_answer(result, &now);
    }
    *out_code = code;
    *err = code == FH_OK ? (struct fh_err){.code = FH_OK} : now;
}

int fh_query_again(struct freehold_result *result, int code, struct fh_err *err)
{
    while (code != FH_OK && result->refused && is_outdated(err) && !result->owner_planned &&
           be_patient(result, result->joined ? PATIENCE_FIRST_MS : 0)) {
        result->streaming = false; /* it was refused: there is nothing to cancel */
        fh_stream_stop(result);    /* its slots */
        result->owner_planned = !result->joined;
        ask_again(result, &code, err);
    }
    if (code != FH_OK) {
        fh_plans_drop(result->client->plans, fh_buf_cstr(&result->sql));
    }
    return code;
}

int fh_query_opened(struct freehold_result *result, struct fh_err *err)
{
    int code = take_answer(result, err);
    return code == FH_OK ? FH_OK : fh_query_again(result, code, err);
}
