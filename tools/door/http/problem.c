/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/problem.h"

#include "tools/contract/json_write.h"

#include <string.h>

/* By code, where no rule below says more. A door stands between its client and the node: what goes
 * wrong behind it is 502 to 504. */
static const struct {
    int code;
    unsigned status;
} by_code[] = {
    {FH_EINVAL, 400},   {FH_EUSAGE, 400},      {FH_ETOOBIG, 413},    {FH_ENOMEM, 503},
    {FH_EIO, 500},      {FH_ENOTFOUND, 404},   {FH_EEXIST, 409},     {FH_ESTATE, 409},
    {FH_ECHECK, 422},   {FH_ESQL, 422},        {FH_ECANCELLED, 503}, {FH_EINTERNAL, 500},
    {FH_EUNREACH, 503}, {FH_ETIMEOUT, 504},    {FH_EBUSY, 429},      {FH_EPROTO, 502},
    {FH_EVERSION, 502}, {FH_EINCOMPLETE, 502}, {FH_EDENIED, 403},    {FH_ESIG, 502},
    {FH_EFORK, 502},    {FH_ESTALE, 409},
};

/* By rule, or by the beginning of one where it ends with a point. */
static const struct {
    const char *rule;
    unsigned status;
    const char *hint;
} by_rule[] = {
    {"http.sign_in", 401, "make a token with `freehold token create`, and send it as Bearer"},
    {"http.authorization", 401, "Authorization: Bearer fht1..."},
    {"token.unknown", 401, "make another with `freehold token create`"},
    {"token.expired", 401, "make another with `freehold token create`"},
    {"token.revoked", 401, "make another with `freehold token create`"},
    {"token.power", 403, "`freehold token create --may` makes a token that may"},
    {"http.method", 405, NULL},
    {"http.accept", 406, NULL},
    {"http.length", 411, NULL},
    {"http.body.size", 413, NULL},
    {"http.target.size", 414, NULL},
    {"http.type", 415, "send JSON with Content-Type: application/json"},
    {"http.host", 421, "a server on loopback answers to loopback names alone"},
    {"http.header.size", 431, NULL},
    {"door.", 503, NULL},
    {"limit.workers", 503, NULL},
    {"limit.streams", 503, NULL},
    {"query.access", 403, "ask the owner: POST .../access-requests"},
    {"access.denied", 403, "ask the owner: POST .../access-requests"},
    {"product.unreachable", 503, "/v1/peers shows who is there; try again later"},
    {"contract.absent", 503, "its contract has not reached this node; try again in a moment"},
    {"query.rows", 422, "ask for less, or with \"stream\": true"},
    {"query.param.", 422, NULL},
    {"answer.incomplete", 502, "do not use these rows; ask again"},
    {"receipt.", 502, "do not use these rows; ask again"},
};

static const struct {
    unsigned status;
    const char *text;
} texts[] = {
    {200, "OK"},
    {201, "Created"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

/* The row of by_rule, or FH_COUNT(by_rule). */
static size_t rule_row(const struct fh_err *err)
{
    for (size_t i = 0; i < FH_COUNT(by_rule); i++) {
        size_t size = strlen(by_rule[i].rule);
        bool family = by_rule[i].rule[size - 1] == '.';
        if (family ? strncmp(err->rule, by_rule[i].rule, size) == 0
                   : strcmp(err->rule, by_rule[i].rule) == 0) {
            return i;
        }
    }
    return FH_COUNT(by_rule);
}

unsigned fh_http_status(const struct fh_err *err)
{
    size_t row = rule_row(err);
    if (row < FH_COUNT(by_rule)) {
        return by_rule[row].status;
    }
    for (size_t i = 0; i < FH_COUNT(by_code); i++) {
        if (by_code[i].code == err->code) {
            return by_code[i].status;
        }
    }
    return 500;
}

const char *fh_http_status_text(unsigned status)
{
    for (size_t i = 0; i < FH_COUNT(texts); i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return "Error";
}

/* What to do about it, or NULL. */
static const char *hint_of(const struct fh_err *err)
{
    size_t row = rule_row(err);
    return row < FH_COUNT(by_rule) ? by_rule[row].hint : NULL;
}

unsigned fh_http_retry_after_s(const struct fh_err *err)
{
    unsigned status = fh_http_status(err);
    if (err->retry_after_ms > 0) {
        return err->retry_after_ms / 1000 + (err->retry_after_ms % 1000 != 0 ? 1 : 0);
    }
    return status == 429 || status == 503 ? 1 : 0;
}

void fh_http_problem(struct fh_buf *out, const struct fh_err *err)
{
    struct fh_json json = {.out = out, .compact = true};
    unsigned status = fh_http_status(err);
    fh_json_open(&json, '{');
    fh_json_pair(&json, "type", "about:blank");
    fh_json_pair(&json, "title", fh_http_status_text(status));
    fh_json_pair_uint(&json, "status", status);
    fh_json_pair(&json, "detail", err->text[0] == '\0' ? fh_code_text(err->code) : err->text);
    fh_json_pair(&json, "code", fh_code_name(err->code));
    fh_json_pair_uint(&json, "exit_code", (uint64_t)fh_code_exit(err->code));
    fh_json_pair_or_null(&json, "rule", err->rule);
    fh_json_pair_or_null(&json, "hint", hint_of(err));
    if (err->retry_after_ms > 0) {
        fh_json_pair_uint(&json, "retry_after_ms", err->retry_after_ms);
    } else {
        fh_json_pair_or_null(&json, "retry_after_ms", NULL);
    }
    fh_json_close(&json, '}');
}
