/* SPDX-License-Identifier: Apache-2.0 */
#include "node/desk.h"

#include "common/log.h"
#include "common/time.h"
#include "proto/session/messages_access.h"

#include <stdio.h>

enum {
    PAGE_RECORDS = 256,
    PAGE_BYTES = FH_FRAME_REPLY_BYTES_MAX - 128 * 1024, /* room for one entry more and the head */
};

/* ---- ASK ---- */

/* A peer takes a request from the consumer's own session; its owner also from a node that carries
 * it. */
static int check_bringer(const struct fh_desk *desk,
                         const struct fh_speaker *speaker,
                         const struct fh_access_request *request,
                         struct fh_err *err)
{
    bool own = fh_domain_id_equal(&request->owner, &desk->grants->domain);
    if (fh_key_id_equal(&speaker->key, &request->key) || (own && speaker->role == FH_ROLE_NODE)) {
        return FH_OK;
    }
    return fh_err_rule(
        err, FH_EDENIED, "access.key", "an access request is handed in by the key that signs it");
}

static void take_ask(struct fh_desk *desk, struct fh_question *question)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    const struct fh_speaker *speaker = fh_question_speaker(question);
    struct fh_grants_asked asked;
    struct fh_msg_ask ask;
    struct fh_err err;
    bool is_new = false;
    int rc = arena == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory for a request")
                           : fh_msg_ask_read(fh_question_fields(question), &ask, &err);
    if (rc == FH_OK) {
        rc = fh_grants_read_asked(desk->grants, ask.request, arena, &asked, &err);
    }
    if (rc == FH_OK) {
        rc = check_bringer(desk, speaker, &asked.request, &err); /* before anything is kept */
    }
    if (rc == FH_OK) {
        bool deliver = speaker->role != FH_ROLE_NODE;
        rc = fh_grants_ask(
            desk->grants, &asked, &ask.support, deliver, fh_clock_wall_ms(), &is_new, &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    bool own = fh_domain_id_equal(&asked.request.owner, &desk->grants->domain);
    if (is_new) {
        char consumer[FH_ID_SHORT_BYTES], id[FH_ID_SHORT_BYTES];
        fh_domain_id_short(consumer, &asked.request.consumer);
        fh_record_id_short(id, &asked.record.id);
        fh_log(FH_LOG_INFO,
               own ? "access.asked" : "access.kept",
               "id=%s consumer=%s product=%s",
               id,
               consumer,
               asked.request.product);
    }
    if (!own) {
        fh_courier_bring(desk->courier, &asked.record.id, question);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 16);
    fh_msg_ask_answer(&out, true);
    fh_question_answer_buf(question, &out);
}

/* ---- lists of requests ---- */

struct page {
    const struct fh_grants *grants;
    struct fh_buf entries;
    uint32_t count;
    bool full;
    struct fh_record_id last;
};

static void page_init(struct page *page, const struct fh_grants *grants)
{
    *page = (struct page){.grants = grants};
    fh_buf_init(&page->entries, FH_FRAME_REPLY_BYTES_MAX);
}

static bool page_takes(struct page *page, const struct fh_record_id *id)
{
    page->full = page->full || page->count == PAGE_RECORDS || page->entries.size > PAGE_BYTES;
    if (!page->full) {
        page->count++;
        page->last = *id;
    }
    return !page->full;
}

struct granting {
    struct fh_buf bytes;
    int64_t ended_ms;
};

static int copy_grant(void *user, const struct fh_store_grant *grant, struct fh_err *err)
{
    struct granting *granting = user;
    (void)err;
    fh_buf_add_bytes(&granting->bytes, grant->bytes);
    granting->ended_ms = grant->ended_ms;
    return FH_OK;
}

/* The grant that an answer names; none is fine. */
static void find_grant(const struct fh_grants *grants, struct fh_bytes answer, struct granting *out)
{
    struct fh_record record;
    struct fh_access_answer read;
    struct fh_err ignored;
    if (answer.size > 0 && fh_record_parse(&record, answer, &grants->mesh_id, &ignored) == FH_OK &&
        record.type == FH_RECORD_ACCESS_ANSWER &&
        fh_access_answer_decode(&read, &record, &ignored) == FH_OK &&
        read.outcome == FH_ACCESS_APPROVED) {
        (void)!fh_store_grant_get(grants->store, &read.grant, copy_grant, out, &ignored);
    }
}

static void
write_name(char *out, size_t size, const struct fh_grants *grants, const struct fh_domain_id *id)
{
    const struct fh_directory_domain *domain = fh_directory_domain(grants->dir, id);
    snprintf(out, size, "%s", domain == NULL ? "" : domain->name);
}

/* Who asks, in words; a key that may not ask any more has none. */
static void write_names(struct fh_msg_asked *out,
                        const struct fh_grants *grants,
                        const struct fh_store_asked *row)
{
    struct fh_ref key = fh_key_id_ref(&row->key);
    struct fh_signer signer;
    struct fh_err ignored;
    write_name(out->owner_name, sizeof out->owner_name, grants, &row->owner);
    write_name(out->consumer_name, sizeof out->consumer_name, grants, &row->consumer);
    if (fh_directory_signer(grants->dir,
                            &key,
                            &row->consumer,
                            fh_clock_wall_ms(),
                            FH_ROLES_ALL,
                            &signer,
                            &ignored) == FH_OK) {
        memcpy(out->key_label, signer.label, sizeof out->key_label);
    }
}

static int add_asked(void *user, const struct fh_store_asked *row, struct fh_err *err)
{
    struct page *page = user;
    struct granting granting = {.ended_ms = INT64_MAX};
    (void)err;
    if (!page_takes(page, &row->id)) {
        return FH_OK;
    }
    fh_buf_init(&granting.bytes, FH_RECORD_BYTES_MAX);
    find_grant(page->grants, row->answer, &granting);
    struct fh_msg_asked asked = {.request = row->bytes,
                                 .received_ms = row->received_ms,
                                 .delivered = row->delivered_ms > 0,
                                 .answer = row->answer,
                                 .grant = fh_buf_view(&granting.bytes),
                                 .ended_ms =
                                     granting.ended_ms == INT64_MAX ? 0 : granting.ended_ms};
    memcpy(asked.refused, row->refused, sizeof asked.refused);
    write_names(&asked, page->grants, row);
    fh_msg_asked_add(&page->entries, &asked);
    fh_buf_fini(&granting.bytes);
    return FH_OK;
}

static void answer_asked(struct fh_desk *desk, struct fh_question *question)
{
    struct page page;
    struct fh_err err;
    page_init(&page, desk->grants);
    int rc = fh_store_asked_of(
        desk->grants->store, &fh_question_speaker(question)->key, add_asked, &page, &err);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_ok(&out, 1);
    fh_pack_array(&out, page.count);
    fh_buf_add_bytes(&out, fh_buf_view(&page.entries));
    fh_buf_fini(&page.entries);
    fh_question_conclude(question, rc, &out, &err);
}

bool fh_desk_question(struct fh_desk *desk, struct fh_question *question)
{
    switch (fh_question_code(question)) {
    case FH_MSG_ASK:
        take_ask(desk, question);
        return true;
    case FH_MSG_ASKED:
        answer_asked(desk, question);
        return true;
    default:
        return false;
    }
}

/* ---- the owner's people ---- */

static int add_granted(void *user, const struct fh_store_grant *row, struct fh_err *err)
{
    struct page *page = user;
    (void)err;
    struct fh_msg_granted granted = {.grant = row->bytes,
                                     .ended_ms = row->ended_ms == INT64_MAX ? 0 : row->ended_ms};
    if (page_takes(page, &row->id)) {
        struct fh_domain_id grantee;
        memcpy(grantee.b, row->grantee, sizeof grantee.b); /* of a key: no domain has its id */
        write_name(granted.grantee_name, sizeof granted.grantee_name, page->grants, &grantee);
        fh_msg_granted_add(&page->entries, &granted);
    }
    return FH_OK;
}

static int write_page(struct fh_desk *desk,
                      struct fh_pack_reader *fields,
                      bool grants,
                      struct fh_buf *out,
                      struct fh_err *err)
{
    static const struct fh_record_id end;
    struct fh_store *store = desk->grants->store;
    struct fh_record_id after;
    struct page page;
    page_init(&page, desk->grants);
    int rc = fh_msg_after_read(fields, &after, err);
    if (rc == FH_OK && grants) {
        rc = fh_store_grants_after(store, &after, PAGE_RECORDS + 1, add_granted, &page, err);
    } else if (rc == FH_OK) {
        rc = fh_store_asked_after(
            store, &desk->grants->domain, &after, PAGE_RECORDS + 1, add_asked, &page, err);
    }
    if (rc == FH_OK) {
        fh_msg_page_begin(out, page.full ? &page.last : &end, page.count);
        fh_buf_add_bytes(out, fh_buf_view(&page.entries));
    }
    fh_buf_fini(&page.entries);
    return rc;
}

static int tell_who(struct fh_desk *desk,
                    struct fh_pack_reader *fields,
                    struct fh_buf *out,
                    struct fh_err *err)
{
    char name[FH_NAME_BYTES_MAX + 1];
    int rc = fh_msg_who_read(fields, name, err);
    struct fh_domain_id domain;
    if (rc == FH_OK) {
        rc = fh_names_resolve(desk->names, name, &domain, NULL, err);
    }
    if (rc == FH_OK) {
        fh_msg_who_answer(out, &domain);
    }
    return rc;
}

bool fh_desk_admin(struct fh_desk *desk, struct fh_admin_question *question)
{
    struct fh_pack_reader *fields = fh_admin_fields(question);
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    int rc;
    switch (fh_admin_code(question)) {
    case FH_MSG_ADMIN_ASKED:
        rc = write_page(desk, fields, false, &out, &err);
        break;
    case FH_MSG_ADMIN_GRANTS:
        rc = write_page(desk, fields, true, &out, &err);
        break;
    case FH_MSG_ADMIN_WHO:
        rc = tell_who(desk, fields, &out, &err);
        break;
    default:
        return false;
    }
    fh_admin_conclude(question, rc, &out, &err);
    return true;
}
