/* SPDX-License-Identifier: Apache-2.0 */
/* Measurements, their results and schedules from foreign bytes. The first byte chooses the reader;
 * what is read is written again and must be read alike. */
#include "common/assert.h"
#include "common/cron.h"
#include "proto/quality/measurement.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void summary(struct fh_bytes bytes)
{
    struct fh_measurement read;
    struct fh_measurement again;
    struct fh_err err;
    struct fh_pack_limits limits = fh_pack_limits(FH_RECORD_GOSSIP_BYTES_MAX);
    if (fh_pack_scan(bytes, &limits, &err) != FH_OK ||
        fh_measurement_parse(&read, bytes, &err) != FH_OK) {
        FH_ASSERT(err.rule[0] != '\0');
        return;
    }
    struct fh_buf out;
    char text[FH_ERR_TEXT_BYTES];
    fh_buf_init(&out, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_measurement_encode(&out, &read);
    FH_ASSERT(fh_buf_ok(&out) == FH_OK && out.size <= bytes.size);
    FH_ASSERT(fh_measurement_parse(&again, fh_buf_view(&out), &err) == FH_OK);
    FH_ASSERT(again.broken_count == read.broken_count && again.major == read.major);
    FH_ASSERT(fh_measurement_state(&again) == fh_measurement_state(&read));
    fh_measurement_broken_text(text, sizeof text, &read);
    FH_ASSERT(strlen(text) < sizeof text);
    fh_buf_fini(&out);
}

static void results(struct fh_bytes bytes)
{
    struct fh_results read;
    struct fh_err err;
    int code = fh_results_open(&read, bytes, &err);
    uint32_t count = code == FH_OK ? read.left : 0;
    struct fh_result *items = calloc((size_t)count + 1, sizeof *items);
    FH_ASSERT(items != NULL);
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = fh_results_next(&read, &items[i], &err);
    }
    if (code == FH_OK) {
        struct fh_buf out;
        struct fh_results again;
        fh_buf_init(&out, FH_MEASUREMENT_RESULTS_BYTES_MAX);
        fh_results_encode(&out, items, count);
        FH_ASSERT(fh_buf_ok(&out) == FH_OK);
        FH_ASSERT(fh_results_open(&again, fh_buf_view(&out), &err) == FH_OK);
        FH_ASSERT(again.left + again.left_out == count);
        fh_buf_fini(&out);
    } else {
        FH_ASSERT(err.rule[0] != '\0');
    }
    free(items);
}

static void schedule(struct fh_bytes bytes)
{
    char text[128];
    struct fh_cron cron;
    struct fh_err err;
    size_t length = bytes.size < sizeof text ? bytes.size : sizeof text - 1;
    memcpy(text, bytes.data, length);
    text[length] = '\0';
    static const int64_t after = INT64_C(1772323200000);
    if (fh_cron_parse(&cron, text, &err) == FH_OK) {
        int64_t next = fh_cron_next(&cron, after);
        FH_ASSERT(next == 0 || (next > after && next % 60000 == 0));
        FH_ASSERT(next == 0 || fh_cron_next(&cron, next - 1) == next);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        summary(rest);
        break;
    case 1:
        results(rest);
        break;
    default:
        schedule(rest);
        break;
    }
    return 0;
}
