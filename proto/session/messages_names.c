/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_names.h"

#include "proto/identity/keylog.h"
#include "proto/session/messages_inner.h"

enum { NAMED_FIELDS = 7 };

const char *fh_name_source_text(unsigned source)
{
    static const char *const texts[FH_NAME_SOURCE_COUNT] = {
        [FH_NAME_UNVERIFIED] = "unverified",
        [FH_NAME_ADMITTED] = "admission",
        [FH_NAME_CHARTERED] = "charter",
        [FH_NAME_DECIDED] = "accepted",
        [FH_NAME_STOPPED] = "stopped",
    };
    return source < FH_NAME_SOURCE_COUNT ? texts[source] : "unknown";
}

void fh_msg_names_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_ADMIN_NAMES, 0);
}

void fh_msg_named_add(struct fh_buf *out, const struct fh_msg_named *named)
{
    fh_pack_array(out, NAMED_FIELDS);
    fh_pack_cstr(out, named->name);
    fh_pack_bin(out, fh_bytes(named->domain.b, FH_ID_BYTES));
    fh_pack_uint(out, named->kind);
    fh_pack_uint(out, named->since_ms);
    fh_pack_bool(out, named->known);
    fh_pack_bool(out, named->contested);
    fh_pack_bin(out, fh_bytes(named->claimed_by.b, FH_ID_BYTES));
}

int fh_msg_names_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "names", out_count, err);
}

int fh_msg_named_next(struct fh_pack_reader *reader, struct fh_msg_named *out, struct fh_err *err)
{
    struct fh_msg_named named = {.kind = 0};
    uint32_t count = fh_msg_entry_begin(reader, NAMED_FIELDS);
    fh_pack_read_cstr(reader, named.name, sizeof named.name);
    fh_pack_read_fixed(reader, named.domain.b, FH_ID_BYTES);
    named.kind = (unsigned)fh_pack_read_uint(reader, FH_MSG_NAME_ALIAS);
    named.since_ms = fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    named.known = fh_pack_read_bool(reader);
    named.contested = fh_pack_read_bool(reader);
    fh_pack_read_fixed(reader, named.claimed_by.b, FH_ID_BYTES);
    fh_msg_entry_end(reader, count, NAMED_FIELDS);
    int rc = fh_msg_done(reader, "name", err);
    if (rc == FH_OK) {
        *out = named;
    }
    return rc;
}

void fh_msg_name_request(struct fh_buf *out, const struct fh_msg_name *name)
{
    fh_msg_begin(out, FH_MSG_ADMIN_NAME, 4);
    fh_pack_uint(out, name->what);
    fh_pack_cstr(out, name->name);
    fh_pack_cstr(out, name->domain);
    fh_pack_bool(out, name->dry_run);
}

int fh_msg_name_read(struct fh_pack_reader *reader, struct fh_msg_name *out, struct fh_err *err)
{
    struct fh_msg_name name = {.what = 0};
    name.what = (unsigned)fh_pack_read_uint(reader, FH_MSG_NAME_WHAT_COUNT - 1);
    fh_pack_read_cstr(reader, name.name, sizeof name.name);
    fh_pack_read_cstr(reader, name.domain, sizeof name.domain);
    name.dry_run = fh_pack_read_bool(reader);
    int rc = fh_msg_done(reader, "name", err);
    if (rc == FH_OK) {
        *out = name;
    }
    return rc;
}

void fh_msg_name_answer(struct fh_buf *out, const struct fh_domain_id *domain)
{
    fh_msg_ok(out, 1);
    fh_pack_bin(out, fh_bytes(domain->b, FH_ID_BYTES));
}

int fh_msg_name_answer_read(struct fh_pack_reader *reader,
                            struct fh_domain_id *out,
                            struct fh_err *err)
{
    struct fh_domain_id domain = {{0}};
    fh_pack_read_fixed(reader, domain.b, FH_ID_BYTES);
    int rc = fh_msg_done(reader, "name", err);
    if (rc == FH_OK) {
        *out = domain;
    }
    return rc;
}
