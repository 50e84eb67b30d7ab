/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about measurements. */
#include "proto/session/messages.h"

#include "proto/identity/keylog.h"
#include "proto/session/messages_inner.h"

enum { LOOK_FIELDS = 2 };

/* ---- MEASUREMENT ---- */

void fh_msg_measurement_request(struct fh_buf *out, const struct fh_msg_product_name *name)
{
    fh_msg_product_request(out, FH_MSG_MEASUREMENT, name);
}

void fh_msg_measurement_answer(struct fh_buf *out, const struct fh_msg_measurement *measurement)
{
    fh_msg_ok(out, 2);
    fh_pack_bin(out, measurement->record);
    fh_pack_bin(out, measurement->results);
}

int fh_msg_measurement_read(struct fh_pack_reader *reader,
                            struct fh_msg_measurement *out,
                            struct fh_err *err)
{
    struct fh_msg_measurement measurement;
    measurement.record = fh_pack_read_bin(reader, FH_RECORD_GOSSIP_BYTES_MAX);
    measurement.results = fh_pack_read_bin(reader, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    int rc = fh_msg_done(reader, "measurement", err);
    if (rc == FH_OK) {
        *out = measurement;
    }
    return rc;
}

/* ---- QUALITY ---- */

void fh_msg_quality_request(struct fh_buf *out, const struct fh_msg_quality_request *request)
{
    fh_msg_begin(out, FH_MSG_QUALITY, 4);
    fh_pack_cstr(out, request->name.domain);
    fh_pack_cstr(out, request->name.product);
    fh_pack_uint(out, request->name.major);
    fh_pack_uint(out, (uint64_t)request->before_ms);
}

int fh_msg_quality_request_read(struct fh_pack_reader *reader,
                                struct fh_msg_quality_request *out,
                                struct fh_err *err)
{
    struct fh_msg_quality_request request;
    fh_pack_read_cstr(reader, request.name.domain, sizeof request.name.domain);
    fh_pack_read_cstr(reader, request.name.product, sizeof request.name.product);
    request.name.major = fh_pack_read_uint(reader, UINT32_MAX);
    request.before_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    int rc = fh_msg_done(reader, "question of quality", err);
    if (rc == FH_OK) {
        *out = request;
    }
    return rc;
}

void fh_msg_quality_answer_begin(struct fh_buf *out, int64_t next_ms, bool whole, uint32_t count)
{
    fh_msg_ok(out, 3);
    fh_pack_uint(out, (uint64_t)next_ms);
    fh_pack_bool(out, whole);
    fh_pack_array(out, count);
}

void fh_msg_quality_add(struct fh_buf *out, const struct fh_msg_measurement *measurement)
{
    fh_pack_array(out, LOOK_FIELDS);
    fh_pack_bin(out, measurement->record);
    fh_pack_bin(out, measurement->results);
}

bool fh_msg_quality_next(struct fh_msg_quality *quality, struct fh_msg_measurement *out)
{
    struct fh_pack_reader *reader = &quality->reader;
    if (quality->left == 0 || reader->failed != FH_OK) {
        return false;
    }
    struct fh_msg_measurement measurement;
    uint32_t count = fh_msg_entry_begin(reader, LOOK_FIELDS);
    measurement.record = fh_pack_read_bin(reader, FH_RECORD_GOSSIP_BYTES_MAX);
    measurement.results = fh_pack_read_bin(reader, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    fh_msg_entry_end(reader, count, LOOK_FIELDS);
    quality->left--;
    if (reader->failed != FH_OK) {
        return false;
    }
    *out = measurement;
    return true;
}

int fh_msg_quality_read(struct fh_pack_reader *reader,
                        struct fh_msg_quality *out,
                        struct fh_err *err)
{
    struct fh_msg_quality quality;
    quality.next_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    quality.whole = fh_pack_read_bool(reader);
    quality.left = fh_pack_read_array(reader, FH_MEASUREMENT_HISTORY_MAX);
    quality.reader = *reader;
    struct fh_msg_quality walk = quality;
    struct fh_msg_measurement measurement;
    while (fh_msg_quality_next(&walk, &measurement)) {
    }
    *reader = walk.reader;
    int rc = fh_msg_done(reader, "quality", err);
    if (rc == FH_OK) {
        *out = quality;
    }
    return rc;
}

/* ---- ADMIN_CHECK, ADMIN_MEASURED ---- */

void fh_msg_check_request(struct fh_buf *out, const struct fh_msg_check *check)
{
    fh_msg_begin(out, FH_MSG_ADMIN_CHECK, 3);
    fh_pack_cstr(out, check->product);
    fh_pack_uint(out, check->major);
    fh_pack_bool(out, check->dry_run);
}

int fh_msg_check_read(struct fh_pack_reader *reader, struct fh_msg_check *out, struct fh_err *err)
{
    struct fh_msg_check check;
    fh_pack_read_cstr(reader, check.product, sizeof check.product);
    check.major = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    check.dry_run = fh_pack_read_bool(reader);
    int rc = fh_msg_done(reader, "check", err);
    if (rc == FH_OK) {
        *out = check;
    }
    return rc;
}

void fh_msg_checked_answer(struct fh_buf *out, struct fh_bytes measurement, struct fh_bytes report)
{
    fh_msg_ok(out, 2);
    fh_pack_bin(out, measurement);
    fh_pack_bin(out, report);
}

int fh_msg_checked_read(struct fh_pack_reader *reader,
                        struct fh_bytes *out_measurement,
                        struct fh_bytes *out_report,
                        struct fh_err *err)
{
    struct fh_bytes measurement = fh_pack_read_bin(reader, FH_MEASUREMENT_BYTES_MAX);
    struct fh_bytes report = fh_pack_read_bin(reader, FH_ADMIN_FRAME_BYTES_MAX);
    int rc = fh_msg_done(reader, "checked", err);
    if (rc == FH_OK) {
        *out_measurement = measurement;
        *out_report = report;
    }
    return rc;
}

void fh_msg_measured_request(struct fh_buf *out,
                             const char *product,
                             uint32_t major,
                             uint32_t limit)
{
    fh_msg_begin(out, FH_MSG_ADMIN_MEASURED, 3);
    fh_pack_cstr(out, product);
    fh_pack_uint(out, major);
    fh_pack_uint(out, limit);
}

int fh_msg_measured_request_read(struct fh_pack_reader *reader,
                                 char product[FH_NAME_BYTES_MAX + 1],
                                 uint32_t *out_major,
                                 uint32_t *out_limit,
                                 struct fh_err *err)
{
    fh_pack_read_cstr(reader, product, FH_NAME_BYTES_MAX + 1);
    *out_major = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    *out_limit = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    return fh_msg_done(reader, "measured", err);
}
