/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/quality.h"

#include "common/mem.h"
#include "tools/client/measured.h"

#include <stdio.h>
#include <string.h>

/* What an answer holds before it is verified: the buffer of the client is used again by then. */
struct page {
    struct fh_buf bytes;
    size_t count;
    struct {
        size_t record, results;
    } sizes[FH_MEASUREMENT_HISTORY_MAX];
    int64_t next_ms;
    bool whole;
};

struct asking {
    struct fh_quality_history *history;
    struct freehold_client *client;
    const struct fh_product_name *name;
    struct page page;
    size_t read; /* bytes of results */
};

/* ---- one answer ---- */

static int ask_page(struct asking *asking, int64_t before_ms, struct fh_err *err)
{
    struct freehold_client *client = asking->client;
    struct page *page = &asking->page;
    const struct fh_msg_quality_request asked = {.name = asking->name->name,
                                                 .before_ms = before_ms};
    struct fh_pack_reader reader;
    struct fh_msg_quality said;
    struct fh_msg_measurement entry;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_quality_request(&client->request, &asked);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_quality_read(&reader, &said, err);
    }
    if (code != FH_OK) {
        return code;
    }
    fh_buf_reset(&page->bytes);
    page->count = 0;
    page->next_ms = said.next_ms;
    page->whole = said.whole;
    while (fh_msg_quality_next(&said, &entry)) {
        fh_buf_add_bytes(&page->bytes, entry.record);
        fh_buf_add_bytes(&page->bytes, entry.results);
        page->sizes[page->count].record = entry.record.size;
        page->sizes[page->count++].results = entry.results.size;
    }
    return fh_buf_ok(&page->bytes) == FH_OK ? FH_OK
                                            : fh_err_set(err, FH_ENOMEM, "no memory for a history");
}

/* ---- what is true ---- */

static int
check_record(struct asking *asking, struct fh_bytes bytes, bool first, struct fh_err *err)
{
    struct fh_quality_history *history = asking->history;
    struct fh_quality_look *look = &history->looks[history->look_count];
    struct fh_measurement *m = &look->said;
    const struct fh_msg_product_name *name = &asking->name->name;
    struct fh_record record;
    struct fh_signer signer;
    int code = fh_measured_read(m, &record, bytes, &asking->client->actor->mesh, err);
    if (code != FH_OK) {
        return code;
    }
    const struct fh_measurement *newest = &history->looks[0].said;
    bool other =
        strcmp(m->product, name->product) != 0 || (name->major != 0 && m->major != name->major) ||
        (!first && (m->major != newest->major || !fh_domain_id_equal(&m->domain, &newest->domain)));
    if (other) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "measurement.other",
                           "asked for %s, but the peer hands out measurements of something else",
                           name->product);
    }
    look->id = record.id;
    code = fh_client_verify(asking->client,
                            &record,
                            &m->domain,
                            FH_ROLE_MASK(FH_ROLE_NODE),
                            m->measured_ms,
                            &signer,
                            err);
    if (code != FH_OK && strcmp(err->rule, "record.signature") == 0) {
        snprintf(err->rule, sizeof err->rule, "measurement.signature");
    }
    if (code == FH_OK && first && !fh_client_calls(asking->client, name->domain, &m->domain)) {
        code = fh_err_rule(err,
                           FH_ESIG,
                           "quality.domain",
                           "the peer gives the name %s to another domain",
                           name->domain);
    }
    return code;
}

/* ---- series ---- */

/* The check of a result, which is looked for from `at` on: measurements list them in nearly the
 * same order. check_count: there is none, and no room for one more. */
static size_t
find_check(struct fh_quality_history *history, const struct fh_result *result, size_t at)
{
    for (size_t i = 0; i < history->check_count; i++) {
        size_t k = (at + i) % history->check_count;
        if (strcmp(history->checks[k].id, result->id) == 0) {
            return k;
        }
    }
    if (history->check_count < FH_MEASUREMENT_CHECKS_MAX) {
        struct fh_quality_check *check = &history->checks[history->check_count];
        check->category = result->category;
        memcpy(check->id, result->id, sizeof check->id);
        memcpy(check->rule, result->rule, sizeof check->rule);
        return history->check_count++;
    }
    return history->check_count;
}

static int take_results(struct fh_quality_history *history,
                        struct fh_quality_look *look,
                        struct fh_bytes bytes,
                        struct fh_err *err)
{
    struct fh_results read;
    struct fh_result result;
    size_t place = (size_t)(look - history->looks);
    size_t at = 0;
    int code = fh_measured_results(&read, &look->said, bytes, err);
    look->left_out = code == FH_OK ? read.left_out : 0;
    while (code == FH_OK && read.left > 0) {
        code = fh_results_next(&read, &result, err);
        if (code != FH_OK) {
            break;
        }
        size_t check = find_check(history, &result, at);
        if (check == FH_MEASUREMENT_CHECKS_MAX) {
            look->left_out++;
            continue;
        }
        struct fh_quality_point *point = &history->points[check][place];
        at = check + 1;
        *point = (struct fh_quality_point){.told = true,
                                           .outcome = result.outcome,
                                           .failing = result.failing,
                                           .total = result.total};
        memcpy(point->measured, result.measured, sizeof point->measured);
    }
    look->held = code == FH_OK;
    return code;
}

/* ---- all of it ---- */

static int take_page(struct asking *asking, struct fh_err *err)
{
    struct fh_quality_history *history = asking->history;
    struct page *page = &asking->page;
    const uint8_t *at = page->bytes.data;
    int code = FH_OK;
    for (size_t i = 0; code == FH_OK && i < page->count; i++) {
        struct fh_bytes record = fh_bytes(at, page->sizes[i].record);
        struct fh_bytes results = fh_bytes(at + record.size, page->sizes[i].results);
        struct fh_quality_look *look = &history->looks[history->look_count];
        at += record.size + results.size;
        if (history->look_count == FH_MEASUREMENT_HISTORY_MAX) {
            history->whole = false; /* an owner that keeps more than is told apart here */
            break;
        }
        code = check_record(asking, record, history->look_count == 0, err);
        if (code == FH_OK && history->look_count > 0 &&
            look->said.measured_ms >= look[-1].said.measured_ms) {
            code = fh_err_rule(
                err, FH_EPROTO, "quality.order", "the peer's list is not the newest first");
        }
        if (code == FH_OK && results.size > 0) {
            code = take_results(history, look, results, err);
        }
        asking->read += results.size;
        history->look_count += code == FH_OK;
    }
    return code == FH_OK ? FH_OK
                         : fh_err_wrap(err, "measurement of %s", asking->name->name.product);
}

static int ask(struct asking *asking, struct fh_err *err)
{
    struct fh_quality_history *history = asking->history;
    int64_t before_ms = 0;
    for (;;) {
        int code = ask_page(asking, before_ms, err);
        if (code != FH_OK) {
            return code;
        }
        history->whole = asking->page.whole;
        code = take_page(asking, err);
        if (code != FH_OK || asking->page.next_ms == 0 || asking->page.count == 0) {
            return code;
        }
        if (asking->read > FH_MEASUREMENT_READ_BYTES_MAX ||
            history->look_count == FH_MEASUREMENT_HISTORY_MAX) {
            history->whole = false;
            return FH_OK;
        }
        before_ms = history->looks[history->look_count - 1].said.measured_ms;
    }
}

int fh_quality_history_ask(struct fh_quality_history **out,
                           struct freehold_client *client,
                           const struct fh_product_name *name,
                           struct fh_err *err)
{
    struct fh_quality_history *history FH_CLEANUP(fh_quality_history_freep) =
        fh_calloc(1, sizeof *history);
    if (history == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a history");
    }
    struct asking asking = {.history = history, .client = client, .name = name};
    fh_buf_init(&asking.page.bytes, FH_FRAME_REPLY_BYTES_MAX);
    int code = ask(&asking, err);
    fh_buf_fini(&asking.page.bytes);
    if (code == FH_OK) {
        history->domain = history->looks[0].said.domain;
        *out = FH_TAKE(history);
    }
    return code;
}

void fh_quality_history_free(struct fh_quality_history *history)
{
    fh_free(history);
}

size_t fh_quality_history_find(const struct fh_quality_history *history, const char *id)
{
    size_t i = 0;
    while (i < history->check_count && strcmp(history->checks[i].id, id) != 0) {
        i++;
    }
    return i;
}
