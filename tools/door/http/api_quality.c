/* SPDX-License-Identifier: Apache-2.0 */
/* GET .../quality: what the owner measured over time, and what became of each promise in it. Lists
 * of a check go by the measurements: the first value is of the first measurement. */
#include "tools/client/quality.h"
#include "tools/door/http/api.h"

#include <inttypes.h>
#include <stdio.h>

static void put_number(struct fh_json *json, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    fh_json_literal(json, text);
}

static void put_uptime(struct fh_json *json, uint64_t permyriad)
{
    char text[24] = "null";
    if (permyriad != FH_MEASUREMENT_UP_UNKNOWN) {
        snprintf(text, sizeof text, "%.4f", (double)permyriad / 10000);
    }
    fh_json_key(json, "uptime_30d");
    fh_json_literal(json, text);
}

static void put_look(struct fh_json *json, const struct fh_quality_look *look)
{
    const struct fh_measurement *m = &look->said;
    char record[FH_ID_TEXT_BYTES];
    fh_record_id_text(record, &look->id);
    fh_json_open(json, '{');
    fh_http_json_time(json, "measured", m->measured_ms);
    fh_json_pair(json, "version", m->version);
    fh_json_pair(json, "found", fh_quality_state_text(fh_measurement_state(m)));
    fh_json_pair_uint(json, "rows", m->rows);
    fh_json_pair_uint(json, "passed", m->counts[FH_PROMISE_PASSED]);
    fh_json_pair_uint(json, "failed", m->counts[FH_PROMISE_FAILED]);
    fh_json_pair_uint(json, "warnings", m->counts[FH_PROMISE_WARNED]);
    fh_json_pair_uint(json, "not_run", m->counts[FH_PROMISE_NOT_RUN]);
    put_uptime(json, m->up_permyriad);
    fh_json_pair_bool(json, "told", look->held);
    fh_json_pair_uint(json, "left_out", look->left_out);
    fh_json_pair(json, "record", record);
    fh_json_close(json, '}');
}

/* One list of a check, the oldest first; null where the measurement has no such promise. */
enum list { OUTCOMES, MEASURED, FAILING, TOTAL, LIST_COUNT };

static void put_value(struct fh_json *json, const struct fh_quality_point *point, enum list list)
{
    bool told = point->told && (list != MEASURED || point->measured[0] != '\0');
    if (!told) {
        fh_json_literal(json, "null");
    } else if (list == OUTCOMES) {
        fh_json_text(json, fh_promise_outcome_text(point->outcome));
    } else if (list == MEASURED) {
        fh_json_text(json, point->measured);
    } else {
        put_number(json, list == FAILING ? point->failing : point->total);
    }
}

static void put_check(struct fh_json *json, const struct fh_quality_history *history, size_t at)
{
    static const char *const keys[LIST_COUNT] = {"outcomes", "measured", "failing", "total"};
    const struct fh_quality_check *check = &history->checks[at];
    fh_json_open(json, '{');
    fh_json_pair(json, "promise", check->id);
    fh_json_pair(json, "category", fh_promise_category_text(check->category));
    fh_json_pair(json, "rule", check->rule);
    for (enum list list = OUTCOMES; list < LIST_COUNT; list++) {
        fh_json_key(json, keys[list]);
        fh_json_open(json, '[');
        for (size_t i = history->look_count; i > 0; i--) {
            put_value(json, &history->points[at][i - 1], list);
        }
        fh_json_close(json, ']');
    }
    fh_json_close(json, '}');
}

int fh_api_quality(struct fh_http_call *call, struct fh_err *err)
{
    struct fh_product_name name;
    struct freehold_client *client = NULL;
    struct fh_quality_history *history FH_CLEANUP(fh_quality_history_freep) = NULL;
    int code = fh_api_product_name(&name, call, err);
    if (code == FH_OK) {
        code = fh_http_asker(call, &client, err);
    }
    if (code == FH_OK) {
        code = fh_quality_history_ask(&history, client, &name, err);
    }
    fh_http_asker_end(call, client);
    if (code != FH_OK) {
        return code;
    }
    char product[FH_PRODUCT_NAME_BYTES];
    struct fh_json json = fh_http_json(call);
    snprintf(product, sizeof product, "%s/%s", name.name.domain, name.name.product);
    fh_json_open(&json, '{');
    fh_json_pair(&json, "product", product);
    fh_json_pair_bool(&json, "whole", history->whole);
    fh_json_key(&json, "measurements");
    fh_json_open(&json, '[');
    for (size_t i = history->look_count; i > 0; i--) {
        put_look(&json, &history->looks[i - 1]);
    }
    fh_json_close(&json, ']');
    fh_json_key(&json, "checks");
    fh_json_open(&json, '[');
    for (size_t i = 0; i < history->check_count; i++) {
        put_check(&json, history, i);
    }
    fh_json_close(&json, ']');
    fh_json_close(&json, '}');
    return FH_OK;
}
