/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/governing.h"

#include "common/mem.h"
#include "tools/client/id_prefix.h"

#include <string.h>

int fh_governing_open(struct fh_governing *out,
                      struct fh_cli *cli,
                      const char *node,
                      struct fh_err *err)
{
    *out = (struct fh_governing){.count = 0};
    fh_buf_init(&out->records, FH_ADMIN_FRAME_BYTES_MAX / 2);
    int code = fh_access_list_init(&out->asked, err);
    if (code == FH_OK) {
        code = fh_own_node_open(&out->own, cli, node, err);
    }
    if (code == FH_OK) {
        out->actor = fh_own_node_actor(&out->own);
    }
    return code;
}

void fh_governing_close(struct fh_governing *governing)
{
    fh_own_node_close(&governing->own);
    fh_access_list_fini(&governing->asked);
    fh_free(governing->grants);
    fh_buf_fini(&governing->records);
    fh_sign_secret_wipe(&governing->publisher);
    *governing = (struct fh_governing){.count = 0};
}

/* ---- what the node holds ---- */

typedef int
take_fn(struct fh_governing *governing, struct fh_pack_reader *reader, struct fh_err *err);

static int
take_asked(struct fh_governing *governing, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_asked asked;
    int code = fh_msg_asked_next(reader, &asked, err);
    return code == FH_OK
               ? fh_access_list_add(&governing->asked, &asked, &governing->actor->mesh, err)
               : code;
}

static int
take_grant(struct fh_governing *governing, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_granted granted;
    struct fh_record record;
    if (governing->count == governing->capacity) {
        size_t capacity = governing->capacity == 0 ? 32 : 2 * governing->capacity;
        struct fh_governed *grown = fh_realloc(governing->grants, capacity * sizeof *grown);
        if (grown == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for grants");
        }
        governing->grants = grown;
        governing->capacity = capacity;
    }
    struct fh_governed *to = &governing->grants[governing->count];
    int code = fh_msg_granted_next(reader, &granted, err);
    if (code == FH_OK) {
        code = fh_record_parse(&record, granted.grant, &governing->actor->mesh, err);
    }
    if (code == FH_OK && record.type != FH_RECORD_GRANT) {
        code = fh_err_rule(err, FH_EPROTO, "record.type", "the node lists a record as a grant");
    }
    if (code == FH_OK) {
        *to = (struct fh_governed){.id = record.id, .ended_ms = granted.ended_ms};
        memcpy(to->grantee_name, granted.grantee_name, sizeof to->grantee_name);
        code = fh_grant_decode(&to->grant, &record, governing->asked.arena, err);
    }
    governing->count += code == FH_OK;
    return code;
}

static int read_pages(struct fh_governing *governing,
                      void (*write)(struct fh_buf *out, const struct fh_record_id *after),
                      take_fn *take,
                      struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_record_id after = {{0}};
    int code = FH_OK;
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    do {
        struct fh_pack_reader reader;
        uint32_t count = 0;
        fh_buf_reset(&request);
        write(&request, &after);
        code = fh_own_node_call(&governing->own, &request, FH_REQUEST_MS, &answer, &reader, err);
        if (code == FH_OK) {
            code = fh_msg_page_read(&reader, &after, &count, err);
        }
        for (uint32_t i = 0; code == FH_OK && i < count; i++) {
            code = take(governing, &reader, err);
        }
    } while (code == FH_OK && !fh_record_id_is_zero(&after));
    return code;
}

int fh_governing_read_asked(struct fh_governing *governing, struct fh_err *err)
{
    return read_pages(governing, fh_msg_admin_asked_request, take_asked, err);
}

int fh_governing_read_grants(struct fh_governing *governing, struct fh_err *err)
{
    return read_pages(governing, fh_msg_admin_grants_request, take_grant, err);
}

/* ---- one of them ---- */

int fh_governing_grant_find(const struct fh_governing *governing,
                            const char *text,
                            const struct fh_governed **out,
                            struct fh_err *err)
{
    unsigned count = 0;
    for (size_t i = 0; i < governing->count; i++) {
        if (fh_id_prefix_means(text, &governing->grants[i].id)) {
            *out = &governing->grants[i];
            count++;
        }
    }
    return fh_id_prefix_one(count, "grant.unknown", "grant", text, err);
}

/* ---- what is signed ---- */

/* Reads the key at the first record that wants it. */
static int need_publisher(struct fh_governing *governing, struct fh_err *err)
{
    if (governing->has_publisher) {
        return FH_OK;
    }
    int code = fh_own_node_signer(&governing->own, &governing->publisher, err);
    governing->has_publisher = code == FH_OK;
    return code;
}

/* `out_id` may be NULL. */
static int take_record(struct fh_governing *governing,
                       const struct fh_buf *record,
                       struct fh_record_id *out_id,
                       struct fh_err *err)
{
    struct fh_record parsed;
    int code = fh_buf_ok(record) == FH_OK
                   ? fh_record_parse(&parsed, fh_buf_view(record), &governing->actor->mesh, err)
                   : fh_err_set(err, fh_buf_ok(record), "what is granted does not fit a record");
    if (code == FH_OK) {
        fh_pack_bin(&governing->records, fh_buf_view(record));
        governing->record_count++;
    }
    if (code == FH_OK && out_id != NULL) {
        *out_id = parsed.id;
    }
    return code;
}

int fh_governing_sign_grant(struct fh_governing *governing,
                            const struct fh_grant *grant,
                            struct fh_record_id *out_id,
                            struct fh_err *err)
{
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    int code = fh_grant_check(grant, err);
    if (code == FH_OK) {
        code = need_publisher(governing, err);
    }
    if (code == FH_OK) {
        fh_grant_make(&record, grant, &governing->actor->mesh, &governing->publisher);
        code = take_record(governing, &record, out_id, err);
    }
    return code;
}

int fh_governing_sign_end(struct fh_governing *governing,
                          const struct fh_grant_end *end,
                          struct fh_err *err)
{
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    int code = need_publisher(governing, err);
    if (code == FH_OK) {
        fh_grant_end_make(&record, end, &governing->actor->mesh, &governing->publisher);
        code = take_record(governing, &record, NULL, err);
    }
    return code;
}

int fh_governing_sign_answer(struct fh_governing *governing,
                             const struct fh_access_answer *answer,
                             struct fh_err *err)
{
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    int code = need_publisher(governing, err);
    if (code == FH_OK) {
        fh_access_answer_make(&record, answer, &governing->actor->mesh, &governing->publisher);
        code = take_record(governing, &record, NULL, err);
    }
    return code;
}

int fh_governing_hand_over(struct fh_governing *governing, bool dry_run, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_govern_begin(&request);
    fh_pack_array(&request, governing->record_count);
    fh_buf_add_bytes(&request, fh_buf_view(&governing->records));
    fh_pack_bool(&request, dry_run);
    return fh_own_node_call(&governing->own, &request, FH_ADMIN_CHECK_MS, &answer, &reader, err);
}

/* ---- in words ---- */

void fh_governed_grantee(char out[FH_GRANTEE_TEXT_BYTES], const struct fh_governed *governed)
{
    struct fh_domain_id domain;
    struct fh_key_id key;
    memcpy(domain.b, governed->grant.grantee, sizeof domain.b);
    memcpy(key.b, governed->grant.grantee, sizeof key.b);
    if (governed->grant.grantee_kind == FH_GRANTEE_KEY) {
        fh_key_id_short(out, &key);
    } else if (governed->grantee_name[0] != '\0') {
        memcpy(out, governed->grantee_name, sizeof governed->grantee_name);
    } else {
        fh_domain_id_short(out, &domain);
    }
}

void fh_cli_record_id(char out[FH_ID_TEXT_BYTES],
                      const struct fh_cli *cli,
                      const struct fh_record_id *id)
{
    if (cli->format == FH_OUTPUT_TABLE) {
        fh_record_id_short(out, id);
    } else {
        fh_record_id_text(out, id);
    }
}
