/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/compliance and /v1/compliance/{domain}/{product}: what `freehold compliance report` says,
 * for publishers of this node's domain, as far as their token is for the products.
 */
#include "common/mem.h"
#include "proto/governance/policy.h"
#include "proto/identity/token.h"
#include "tools/client/describe.h"
#include "tools/compliance/page.h"
#include "tools/door/http/api.h"
#include "tools/door/http/reports.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT_DEFAULT = 200, WORDS_BYTES_MAX = 4 * 1024, CELL_BYTES_MAX = 64 * 1024 };

struct asking {
    struct fh_http_call *call;
    const char *domain;                  /* whose products */
    char product[FH_NAME_BYTES_MAX + 1]; /* one of them alone; "": all */
    uint32_t major;
    const char *rule; /* NULL: any; "mask[0]", or "mask" for all of a kind */
    const char *policy;
    bool has_state;
    enum fh_compliance_state state;
    uint64_t offset;
    uint64_t limit;
    struct fh_buf words; /* what is asked, for the cursor */
    /* what is found */
    struct fh_http_report *report;
    const struct fh_compliance_row **rows;
    size_t count;                             /* of all that fit */
    size_t states[FH_COMPLIANCE_STATE_COUNT]; /* of those that fit but for their state */
};

/* ---- what is asked ---- */

static int read_filters(struct asking *asking, struct fh_err *err)
{
    static const char *const names[] = {"domain", "policy", "rule", "state"};
    const struct fh_http_target *target = &asking->call->target;
    const char *domain = fh_http_argument(target, "domain");
    const char *state = fh_http_argument(target, "state");
    const char *path = fh_http_part(asking->call, "domain");
    asking->domain = path[0] != '\0'  ? path
                     : domain != NULL ? domain
                                      : asking->call->state->services->settings->domain;
    asking->rule = fh_http_argument(target, "rule");
    asking->policy = fh_http_argument(target, "policy");
    asking->has_state = state != NULL;
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        const char *value = fh_http_argument(target, names[i]);
        fh_buf_add_cstr(&asking->words, value == NULL ? "" : value);
        fh_buf_add_u8(&asking->words, '\n');
    }
    fh_buf_add_cstr(&asking->words, fh_http_part(asking->call, "product"));
    if (fh_buf_ok(&asking->words) != FH_OK) {
        return fh_err_rule(err, FH_EINVAL, "http.argument", "these are too many words");
    }
    int code = domain == NULL ? FH_OK : fh_name_check("domain", domain, err);
    return code == FH_OK && state != NULL ? fh_compliance_state_parse(&asking->state, state, err)
                                          : code;
}

static int read_page(struct asking *asking, struct fh_err *err)
{
    const struct fh_http_target *target = &asking->call->target;
    int code = fh_http_argument_number(
        &asking->limit, target, "limit", 1, FH_SEARCH_RESULTS_MAX, LIMIT_DEFAULT, err);
    return code == FH_OK ? fh_api_cursor_read(&asking->offset,
                                              fh_http_argument(target, "cursor"),
                                              fh_buf_cstr(&asking->words),
                                              FH_HTTP_REPORT_ROWS_MAX,
                                              err)
                         : code;
}

/* ---- who may see it ---- */

static int
check_role(const struct asking *asking, const struct freehold_client *client, struct fh_err *err)
{
    return fh_api_governs(asking->call, client)
               ? FH_OK
               : fh_err_rule(err,
                             FH_EDENIED,
                             "compliance.role",
                             "what products keep is shown to publishers of %s; make a token with "
                             "the publisher's key: freehold --key publisher.key token create",
                             asking->call->state->services->settings->domain);
}

/* The node is asked something in any case: whether the token stands there. */
static int admit(struct asking *asking, struct fh_err *err)
{
    struct fh_http_call *call = asking->call;
    struct freehold_status status = {.size = sizeof status};
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_description *description = NULL;
    struct freehold_client *client = NULL;
    int code = fh_http_asker(call, &client, err);
    if (code == FH_OK && freehold_status(client, &status, &error) != FREEHOLD_OK) {
        code = fh_http_error(err, &error);
    }
    if (code == FH_OK) {
        code = check_role(asking, client, err);
    }
    if (code == FH_OK && fh_http_part(call, "product")[0] != '\0') {
        code = fh_api_describe(call, client, &description, err);
    }
    if (description != NULL) {
        const struct fh_proof *proof = fh_description_proof(description);
        snprintf(asking->product, sizeof asking->product, "%s", proof->stated.product);
        asking->major = proof->announced.major;
        if (code == FH_OK) {
            code = fh_token_check_product(fh_identity_token(call->who),
                                          proof->domain_name,
                                          asking->product,
                                          asking->major,
                                          err);
        }
        freehold_description_free(description);
    }
    fh_http_asker_end(call, client);
    return code;
}

/* ---- what is found ---- */

/* "mask[0]" by itself, or by its kind. */
static bool is_rule(const struct fh_compliance_row *row, const char *rule)
{
    size_t size = strlen(rule);
    return strncmp(row->rule, rule, size) == 0 &&
           (row->rule[size] == '\0' || row->rule[size] == '[');
}

/* "personal", or "personal 1.0.0". */
static bool is_policy(const struct fh_compliance_row *row, const char *policy)
{
    size_t size = strlen(policy);
    return strncmp(row->policy, policy, size) == 0 &&
           (row->policy[size] == '\0' || row->policy[size] == ' ');
}

static bool fits(const struct asking *asking, const struct fh_compliance_row *row)
{
    return (asking->product[0] == '\0' ||
            (strcmp(asking->product, row->name) == 0 && asking->major == row->major)) &&
           (asking->rule == NULL || is_rule(row, asking->rule)) &&
           (asking->policy == NULL || is_policy(row, asking->policy)) &&
           fh_token_check_product(
               fh_identity_token(asking->call->who), row->domain, row->name, row->major, NULL) ==
               FH_OK;
}

static int find_rows(struct asking *asking, struct fh_err *err)
{
    const struct fh_compliance *made = &asking->report->made;
    asking->rows = fh_calloc((size_t)made->count + 1, sizeof *asking->rows);
    if (asking->rows == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a report");
    }
    for (uint32_t i = 0; i < made->count; i++) {
        const struct fh_compliance_row *row = &made->rows[i];
        if (fits(asking, row)) {
            asking->states[row->state]++;
            if (!asking->has_state || asking->state == row->state) {
                asking->rows[asking->count++] = row;
            }
        }
    }
    return FH_OK;
}

/* ---- forms ---- */

static void put_row(struct fh_json *json, const struct fh_compliance_row *row, struct fh_buf *cell)
{
    fh_json_open(json, '{');
    for (size_t c = 0; c < fh_compliance_column_count(); c++) {
        const struct fh_compliance_column *column = fh_compliance_column_at(c);
        fh_buf_reset(cell);
        column->put(cell, row);
        if (column->number) {
            fh_json_key(json, column->name);
            fh_json_literal(json, fh_buf_cstr(cell));
        } else {
            fh_json_pair_or_null(json, column->name, fh_buf_cstr(cell));
        }
    }
    fh_json_close(json, '}');
}

static void put_json(struct asking *asking, const struct fh_compliance_page *page, const char *next)
{
    struct fh_json json = fh_http_json(asking->call);
    struct fh_buf cell FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&cell, CELL_BYTES_MAX);
    fh_json_open(&json, '{');
    fh_json_pair(&json, "domain", page->domain);
    fh_json_pair_bool(&json, "log_changed", asking->report->made.log_changed);
    fh_json_key(&json, "rows");
    fh_json_open(&json, '[');
    for (size_t i = 0; i < page->count; i++) {
        put_row(&json, page->rows[i], &cell);
    }
    fh_json_close(&json, ']');
    fh_json_key(&json, "states");
    fh_json_open(&json, '{');
    for (unsigned i = 0; i < FH_COMPLIANCE_STATE_COUNT; i++) {
        fh_json_pair_uint(&json, fh_compliance_state_text(i), asking->states[i]);
    }
    fh_json_close(&json, '}');
    fh_json_key(&json, "kinds");
    fh_json_open(&json, '[');
    for (unsigned i = 0; i < FH_POLICY_RULE_KIND_COUNT; i++) {
        fh_json_text(&json, fh_policy_rule_kind_text(i));
    }
    fh_json_close(&json, ']');
    fh_json_pair_uint(&json, "total", page->total);
    fh_json_pair_or_null(&json, "next", next);
    fh_json_close(&json, '}');
}

static void put_page(struct asking *asking)
{
    struct fh_http_call *call = asking->call;
    size_t begin = asking->offset < asking->count ? (size_t)asking->offset : asking->count;
    size_t left = asking->count - begin;
    const struct fh_compliance_page page = {
        .domain = asking->domain,
        .rows = asking->rows + begin,
        .count = left < asking->limit ? left : (size_t)asking->limit,
        .total = asking->count,
    };
    char next[FH_API_CURSOR_BYTES] = "";
    if (page.count < left) {
        fh_api_cursor_text(next, begin + page.count, fh_buf_cstr(&asking->words));
    }
    if (strcmp(call->form->name, "csv") == 0) {
        fh_compliance_csv(&call->out, &page);
    } else if (strcmp(call->form->name, "html") == 0) {
        fh_compliance_html(&call->out, &page);
    } else {
        put_json(asking, &page, next);
    }
    if (next[0] != '\0') {
        fh_http_header(call, "Freehold-Next", "%s", next);
    }
}

int fh_api_compliance(struct fh_http_call *call, struct fh_err *err)
{
    struct asking asking = {.call = call};
    uint64_t news = 0;
    fh_buf_init(&asking.words, WORDS_BYTES_MAX);
    int code = read_filters(&asking, err);
    if (code == FH_OK) {
        code = read_page(&asking, err);
    }
    if (code == FH_OK) {
        code = admit(&asking, err);
    }
    if (code == FH_OK) {
        code = fh_http_news_look(&call->state->news, call->state->services->askers, &news, err);
    }
    if (code == FH_OK) {
        code = fh_http_reports_take(call->state->reports, asking.domain, news, &asking.report, err);
    }
    if (code == FH_OK) {
        code = find_rows(&asking, err);
    }
    if (code == FH_OK) {
        put_page(&asking);
    }
    fh_free(asking.rows);
    fh_http_report_drop(asking.report);
    fh_buf_fini(&asking.words);
    return code;
}
