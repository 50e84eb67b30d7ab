/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages.h"

#include "common/assert.h"
#include "proto/session/messages_inner.h"

static const struct {
    unsigned code;
    const char *text;
} messages[] = {
#define X(name, code) {(code), #name},
    FH_MESSAGES(X)
#undef X
};

const char *fh_msg_text(unsigned code)
{
    for (size_t i = 0; i < FH_COUNT(messages); i++) {
        if (messages[i].code == code) {
            return messages[i].text;
        }
    }
    return "unknown";
}

int fh_msg_broken(struct fh_err *err)
{
    char why[FH_ERR_TEXT_BYTES] = "";
    if (err != NULL) {
        memcpy(why, err->text, sizeof why);
    }
    return fh_err_rule(err, FH_EPROTO, "message.form", "message: %s", why);
}

int fh_msg_done(const struct fh_pack_reader *reader, const char *what, struct fh_err *err)
{
    return fh_pack_read_ok(reader, what, err) == FH_OK ? FH_OK : fh_msg_broken(err);
}

int fh_msg_open(struct fh_pack_reader *reader,
                struct fh_bytes payload,
                size_t bytes_max,
                unsigned *out_code,
                struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(bytes_max);
    if (fh_pack_scan(payload, &limits, err) != FH_OK) {
        return fh_msg_broken(err);
    }
    fh_pack_read_init(reader, payload);
    fh_pack_read_record(reader, 1);
    unsigned code = (unsigned)fh_pack_read_uint(reader, 255);
    if (fh_msg_done(reader, "request", err) != FH_OK) {
        return FH_EPROTO;
    }
    *out_code = code;
    return FH_OK;
}

void fh_msg_error(struct fh_buf *out, const struct fh_err *err, uint32_t retry_after_ms)
{
    FH_ASSERT(err->code != FH_OK);
    fh_pack_array(out, 4);
    fh_pack_uint(out, (uint64_t)err->code);
    fh_pack_cstr(out, err->rule);
    /* Texts are built from several sources; one that was cut inside a letter stays at home. */
    bool clean = fh_utf8_valid(fh_bytes_cstr(err->text));
    fh_pack_cstr(out, clean ? err->text : fh_code_text(err->code));
    fh_pack_uint(out, retry_after_ms);
}

int fh_msg_answer(struct fh_pack_reader *reader,
                  struct fh_bytes payload,
                  size_t bytes_max,
                  struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(bytes_max);
    if (fh_pack_scan(payload, &limits, err) != FH_OK) {
        return fh_msg_broken(err);
    }
    fh_pack_read_init(reader, payload);
    uint32_t fields = fh_pack_read_record(reader, 1);
    unsigned code = (unsigned)fh_pack_read_uint(reader, 127);
    if (fh_msg_done(reader, "answer", err) != FH_OK) {
        return FH_EPROTO;
    }
    if (code == FH_OK) {
        return FH_OK;
    }
    char rule[FH_ERR_RULE_BYTES];
    char text[FH_ERR_TEXT_BYTES];
    if (fields < 4) {
        fh_pack_fail(reader, "expected [code, rule, text, retry after]");
    }
    fh_pack_read_cstr(reader, rule, sizeof rule);
    fh_pack_read_cstr(reader, text, sizeof text);
    uint64_t retry_after_ms = fh_pack_read_uint(reader, UINT32_MAX);
    if (fh_msg_done(reader, "error answer", err) != FH_OK) {
        return FH_EPROTO;
    }
    fh_err_rule(err, (int)code, rule, "%s", text);
    if (retry_after_ms > 0) {
        fh_err_retry(err, (int64_t)retry_after_ms);
    }
    return (int)code;
}

bool fh_msg_bins_next(struct fh_msg_bins *bins, struct fh_bytes *out)
{
    if (bins->left == 0) {
        return false;
    }
    bins->left--;
    *out = fh_pack_read_bin(&bins->reader, FH_FRAME_REPLY_BYTES_MAX);
    return bins->reader.failed == FH_OK;
}

int fh_msg_bins_read(struct fh_pack_reader *reader, struct fh_msg_bins *out, struct fh_err *err)
{
    struct fh_msg_bins bins = {.reader = *reader};
    bins.left = fh_pack_read_array(&bins.reader, FH_PACK_ITEMS_MAX);
    struct fh_msg_bins walk = bins;
    struct fh_bytes bin;
    while (fh_msg_bins_next(&walk, &bin)) {
    }
    *reader = walk.reader;
    if (fh_msg_done(reader, "list of records", err) != FH_OK) {
        return FH_EPROTO;
    }
    *out = bins;
    return FH_OK;
}

void fh_msg_begin(struct fh_buf *out, enum fh_msg_code code, uint32_t fields)
{
    fh_pack_array(out, fields + 1);
    fh_pack_uint(out, code);
}

void fh_msg_ok(struct fh_buf *out, uint32_t fields)
{
    fh_pack_array(out, fields + 1);
    fh_pack_uint(out, FH_OK);
}

int fh_msg_list_read(struct fh_pack_reader *reader,
                     const char *what,
                     uint32_t *out,
                     struct fh_err *err)
{
    uint32_t count = fh_pack_read_array(reader, FH_PACK_ITEMS_MAX);
    int rc = fh_msg_done(reader, what, err);
    if (rc == FH_OK) {
        *out = count;
    }
    return rc;
}

int fh_msg_number_read(struct fh_pack_reader *reader,
                       const char *what,
                       uint64_t most,
                       uint64_t *out,
                       struct fh_err *err)
{
    uint64_t number = fh_pack_read_uint(reader, most);
    int rc = fh_msg_done(reader, what, err);
    if (rc == FH_OK) {
        *out = number;
    }
    return rc;
}

void fh_msg_table_request(struct fh_buf *out,
                          enum fh_msg_code code,
                          struct fh_bytes request,
                          uint32_t table)
{
    fh_msg_begin(out, code, 2);
    fh_pack_bin(out, request);
    fh_pack_uint(out, table);
}

int fh_msg_table_read(struct fh_pack_reader *reader,
                      const char *what,
                      struct fh_bytes *out_request,
                      uint32_t *out_table,
                      struct fh_err *err)
{
    struct fh_bytes request = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    uint32_t table = (uint32_t)fh_pack_read_uint(reader, FH_QUERY_TABLES_MAX - 1);
    int rc = fh_msg_done(reader, what, err);
    if (rc == FH_OK) {
        *out_request = request;
        *out_table = table;
    }
    return rc;
}

uint32_t fh_msg_entry_begin(struct fh_pack_reader *reader, uint32_t fields)
{
    uint32_t count = fh_pack_read_array(reader, 64);
    if (count < fields) {
        fh_pack_fail(reader, "expected more fields in this entry");
        return fields;
    }
    return count;
}

void fh_msg_entry_end(struct fh_pack_reader *reader, uint32_t count, uint32_t fields)
{
    for (uint32_t i = fields; i < count; i++) {
        fh_pack_skip(reader);
    }
}
