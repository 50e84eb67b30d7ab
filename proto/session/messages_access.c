/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_access.h"

#include "proto/identity/keylog.h"
#include "proto/identity/token.h"
#include "proto/session/messages_inner.h"

enum { ASKED_FIELDS = 10, GRANTED_FIELDS = 3, RECORD_BYTES_MAX = FH_GRANT_BYTES_MAX + 1024 };

static int64_t read_time(struct fh_pack_reader *reader)
{
    return (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
}

/* ---- ASK ---- */

void fh_msg_ask_begin(struct fh_buf *out, struct fh_bytes request)
{
    fh_msg_begin(out, FH_MSG_ASK, 2);
    fh_pack_bin(out, request);
}

int fh_msg_ask_read(struct fh_pack_reader *reader, struct fh_msg_ask *out, struct fh_err *err)
{
    struct fh_msg_ask ask = {.request = fh_pack_read_bin(reader, RECORD_BYTES_MAX)};
    int rc = fh_msg_bins_read(reader, &ask.support, err);
    if (rc == FH_OK) {
        *out = ask;
    }
    return rc;
}

void fh_msg_ask_answer(struct fh_buf *out, bool delivered)
{
    fh_msg_ok(out, 1);
    fh_pack_bool(out, delivered);
}

int fh_msg_ask_answer_read(struct fh_pack_reader *reader, bool *out_delivered, struct fh_err *err)
{
    bool delivered = fh_pack_read_bool(reader);
    int rc = fh_msg_done(reader, "ask", err);
    if (rc == FH_OK) {
        *out_delivered = delivered;
    }
    return rc;
}

/* ---- ASKED, ADMIN_ASKED ---- */

void fh_msg_asked_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_ASKED, 0);
}

void fh_msg_asked_add(struct fh_buf *out, const struct fh_msg_asked *asked)
{
    fh_pack_array(out, ASKED_FIELDS);
    fh_pack_bin(out, asked->request);
    fh_pack_uint(out, (uint64_t)asked->received_ms);
    fh_pack_bool(out, asked->delivered);
    fh_pack_cstr(out, asked->refused);
    fh_pack_bin(out, asked->answer);
    fh_pack_bin(out, asked->grant);
    fh_pack_uint(out, (uint64_t)asked->ended_ms);
    fh_pack_cstr(out, asked->owner_name);
    fh_pack_cstr(out, asked->consumer_name);
    fh_pack_cstr(out, asked->key_label);
}

int fh_msg_asked_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "asked", out_count, err);
}

int fh_msg_asked_next(struct fh_pack_reader *reader, struct fh_msg_asked *out, struct fh_err *err)
{
    struct fh_msg_asked asked;
    uint32_t count = fh_msg_entry_begin(reader, ASKED_FIELDS);
    asked.request = fh_pack_read_bin(reader, RECORD_BYTES_MAX);
    asked.received_ms = read_time(reader);
    asked.delivered = fh_pack_read_bool(reader);
    fh_pack_read_cstr(reader, asked.refused, sizeof asked.refused);
    asked.answer = fh_pack_read_bin(reader, RECORD_BYTES_MAX);
    asked.grant = fh_pack_read_bin(reader, RECORD_BYTES_MAX);
    asked.ended_ms = read_time(reader);
    fh_pack_read_cstr(reader, asked.owner_name, sizeof asked.owner_name);
    fh_pack_read_cstr(reader, asked.consumer_name, sizeof asked.consumer_name);
    fh_pack_read_cstr(reader, asked.key_label, sizeof asked.key_label);
    fh_msg_entry_end(reader, count, ASKED_FIELDS);
    int rc = fh_msg_done(reader, "asked", err);
    if (rc == FH_OK) {
        *out = asked;
    }
    return rc;
}

/* ---- CAN ---- */

void fh_msg_can_request(struct fh_buf *out, const struct fh_msg_can *can)
{
    fh_msg_begin(out, FH_MSG_CAN, 5);
    fh_pack_cstr(out, can->product);
    fh_pack_uint(out, can->major);
    fh_pack_cstr(out, can->column);
    fh_pack_cstr(out, can->purpose);
    fh_pack_bin(out, can->token);
}

int fh_msg_can_read(struct fh_pack_reader *reader, struct fh_msg_can *out, struct fh_err *err)
{
    struct fh_msg_can can;
    fh_pack_read_cstr(reader, can.product, sizeof can.product);
    can.major = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    fh_pack_read_cstr(reader, can.column, sizeof can.column);
    fh_pack_read_cstr(reader, can.purpose, sizeof can.purpose);
    can.token = fh_pack_read_bin(reader, FH_TOKEN_RECORD_BYTES_MAX);
    int rc = fh_msg_done(reader, "can", err);
    if (rc == FH_OK) {
        *out = can;
    }
    return rc;
}

void fh_msg_can_answer(struct fh_buf *out, const struct fh_record_id *grant, bool masked)
{
    fh_msg_ok(out, 3);
    fh_record_id_pack(out, grant);
    fh_pack_bool(out, masked);
}

int fh_msg_can_answer_read(struct fh_pack_reader *reader,
                           struct fh_record_id *out_grant,
                           bool *out_masked,
                           struct fh_err *err)
{
    struct fh_record_id grant;
    fh_record_id_read(&grant, reader);
    bool masked = fh_pack_read_bool(reader);
    int rc = fh_msg_done(reader, "can", err);
    if (rc == FH_OK) {
        *out_grant = grant;
        *out_masked = masked;
    }
    return rc;
}

/* ---- STILL ---- */

void fh_msg_still_request(struct fh_buf *out, struct fh_bytes request, uint32_t table)
{
    fh_msg_table_request(out, FH_MSG_STILL, request, table);
}

int fh_msg_still_read(struct fh_pack_reader *reader,
                      struct fh_bytes *out_request,
                      uint32_t *out_table,
                      struct fh_err *err)
{
    return fh_msg_table_read(reader, "still", out_request, out_table, err);
}

void fh_msg_still_answer(struct fh_buf *out, const struct fh_msg_still *still)
{
    fh_msg_ok(out, 2);
    fh_pack_bool(out, still->open);
    fh_pack_bin(out, fh_bytes(still->view.b, FH_HASH_BYTES));
}

int fh_msg_still_answer_read(struct fh_pack_reader *reader,
                             struct fh_msg_still *out,
                             struct fh_err *err)
{
    struct fh_msg_still still;
    still.open = fh_pack_read_bool(reader);
    fh_pack_read_fixed(reader, still.view.b, FH_HASH_BYTES);
    int rc = fh_msg_done(reader, "still", err);
    if (rc == FH_OK) {
        *out = still;
    }
    return rc;
}

/* ---- the owner's people ---- */

static void begin_after(struct fh_buf *out, enum fh_msg_code code, const struct fh_record_id *after)
{
    fh_msg_begin(out, code, 1);
    fh_record_id_pack(out, after);
}

void fh_msg_admin_asked_request(struct fh_buf *out, const struct fh_record_id *after)
{
    begin_after(out, FH_MSG_ADMIN_ASKED, after);
}

void fh_msg_admin_grants_request(struct fh_buf *out, const struct fh_record_id *after)
{
    begin_after(out, FH_MSG_ADMIN_GRANTS, after);
}

int fh_msg_after_read(struct fh_pack_reader *reader, struct fh_record_id *out, struct fh_err *err)
{
    struct fh_record_id after;
    fh_record_id_read(&after, reader);
    int rc = fh_msg_done(reader, "page", err);
    if (rc == FH_OK) {
        *out = after;
    }
    return rc;
}

void fh_msg_page_begin(struct fh_buf *out, const struct fh_record_id *next, uint32_t count)
{
    fh_msg_ok(out, 2);
    fh_record_id_pack(out, next);
    fh_pack_array(out, count);
}

int fh_msg_page_read(struct fh_pack_reader *reader,
                     struct fh_record_id *out_next,
                     uint32_t *out_count,
                     struct fh_err *err)
{
    struct fh_record_id next;
    fh_record_id_read(&next, reader);
    int rc = fh_msg_list_read(reader, "page", out_count, err);
    if (rc == FH_OK) {
        *out_next = next;
    }
    return rc;
}

void fh_msg_granted_add(struct fh_buf *out, const struct fh_msg_granted *granted)
{
    fh_pack_array(out, GRANTED_FIELDS);
    fh_pack_bin(out, granted->grant);
    fh_pack_uint(out, (uint64_t)granted->ended_ms);
    fh_pack_cstr(out, granted->grantee_name);
}

int fh_msg_granted_next(struct fh_pack_reader *reader,
                        struct fh_msg_granted *out,
                        struct fh_err *err)
{
    struct fh_msg_granted granted;
    uint32_t count = fh_msg_entry_begin(reader, GRANTED_FIELDS);
    granted.grant = fh_pack_read_bin(reader, RECORD_BYTES_MAX);
    granted.ended_ms = read_time(reader);
    fh_pack_read_cstr(reader, granted.grantee_name, sizeof granted.grantee_name);
    fh_msg_entry_end(reader, count, GRANTED_FIELDS);
    int rc = fh_msg_done(reader, "granted", err);
    if (rc == FH_OK) {
        *out = granted;
    }
    return rc;
}

void fh_msg_who_request(struct fh_buf *out, const char *name)
{
    fh_msg_begin(out, FH_MSG_ADMIN_WHO, 1);
    fh_pack_cstr(out, name);
}

int fh_msg_who_read(struct fh_pack_reader *reader,
                    char out_name[FH_NAME_BYTES_MAX + 1],
                    struct fh_err *err)
{
    fh_pack_read_cstr(reader, out_name, FH_NAME_BYTES_MAX + 1);
    return fh_msg_done(reader, "who", err);
}

void fh_msg_who_answer(struct fh_buf *out, const struct fh_domain_id *domain)
{
    fh_msg_ok(out, 1);
    fh_pack_bin(out, fh_bytes(domain->b, FH_ID_BYTES));
}

int fh_msg_who_answer_read(struct fh_pack_reader *reader,
                           struct fh_domain_id *out,
                           struct fh_err *err)
{
    struct fh_domain_id domain;
    fh_pack_read_fixed(reader, domain.b, FH_ID_BYTES);
    int rc = fh_msg_done(reader, "who", err);
    if (rc == FH_OK) {
        *out = domain;
    }
    return rc;
}

void fh_msg_govern_begin(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_ADMIN_GOVERN, 2);
}

int fh_msg_govern_read(struct fh_pack_reader *reader, struct fh_msg_govern *out, struct fh_err *err)
{
    struct fh_msg_govern govern;
    int rc = fh_msg_bins_read(reader, &govern.records, err);
    if (rc != FH_OK) {
        return rc;
    }
    govern.dry_run = fh_pack_read_bool(reader);
    rc = fh_msg_done(reader, "govern", err);
    if (rc == FH_OK) {
        *out = govern;
    }
    return rc;
}
