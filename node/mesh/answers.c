/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this node answers others about identities, members and announcements.
 */
#include "node/mesh/parts.h"

#include "node/state/store_agreed.h"
#include "node/state/store_history.h"

#include "common/assert.h"
#include "common/log.h"

enum { ANSWER_BYTES_MAX = FH_FRAME_REPLY_BYTES_MAX - 1024 };

/* A list of records under construction: bins and their count. */
struct page {
    struct fh_buf bins;
    uint32_t count;
    size_t bytes_max;
    size_t skip; /* what comes before this one was sent */
    size_t seen;
    bool full;
};

static void page_init(struct page *page, size_t bytes_max)
{
    *page = (struct page){.bytes_max = bytes_max};
    fh_buf_init(&page->bins, ANSWER_BYTES_MAX);
}

static bool page_add(struct page *page, struct fh_bytes record)
{
    if (page->count > 0 && page->bins.size + record.size + 8 > page->bytes_max) {
        page->full = true;
        return false;
    }
    fh_pack_bin(&page->bins, record);
    page->count++;
    return true;
}

/* Adds what comes at or after the position that was asked for, while there is room. */
static void page_walk(struct page *page, struct fh_bytes record)
{
    if (!page->full && page->seen++ >= page->skip && !page_add(page, record)) {
        page->seen--;
    }
}

/* Answers [cursor?, [record...]]; the page is taken. */
static void
answer_page(struct fh_question *question, struct page *page, const struct fh_bytes *cursor)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_ok(&out, cursor == NULL ? 1 : 2);
    if (cursor != NULL) {
        fh_pack_bin(&out, *cursor);
    }
    fh_pack_array(&out, page->count);
    fh_buf_add_bytes(&out, fh_buf_view(&page->bins));
    fh_buf_fini(&page->bins);
    fh_question_answer_buf(question, &out);
}

static bool
page_identity(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    struct page *page = user;
    page_walk(page, bytes);
    return !page->full;
}

static void answer_identity(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_pack_reader *fields = fh_question_fields(question);
    struct fh_bytes id = fh_pack_read_bin(fields, FH_ID_BYTES);
    struct fh_err err;
    if (fh_pack_read_ok(fields, "identity", &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    struct page page;
    page_init(&page, ANSWER_BYTES_MAX);
    if (id.size == FH_ID_BYTES) {
        struct fh_domain_id domain;
        memcpy(domain.b, id.data, FH_ID_BYTES);
        fh_directory_each_of_due(
            mesh->options.dir, &domain, fh_mesh_due_until(), page_identity, &page);
    } else {
        fh_directory_each_due(mesh->options.dir, fh_mesh_due_until(), page_identity, &page);
    }
    answer_page(question, &page, NULL);
}

/* ---- SYNC ---- */

/* Cursors are positions but for the catalogue's, good enough for a set that only grows: what comes
 * meanwhile comes again with the next synchronisation. */
static bool read_position(struct fh_bytes cursor, uint64_t *out)
{
    if (cursor.size == 0) {
        *out = 0;
        return true;
    }
    if (cursor.size != 8) {
        return false;
    }
    *out = fh_get_u64be(cursor.data);
    return true;
}

/* The page is taken. */
static void answer_walk(struct fh_question *question, struct page *page)
{
    uint8_t next[8];
    fh_put_u64be(next, page->seen);
    struct fh_bytes cursor = page->full ? fh_bytes(next, sizeof next) : FH_BYTES_NONE;
    answer_page(question, page, &cursor);
}

static void sync_identity(struct fh_mesh *mesh, struct fh_question *question, uint64_t position)
{
    struct page page;
    page_init(&page, FH_SYNC_PAGE_BYTES);
    page.skip = (size_t)position;
    fh_directory_each_due(mesh->options.dir, fh_mesh_due_until(), page_identity, &page);
    answer_walk(question, &page);
}

static void sync_members(struct fh_mesh *mesh, struct fh_question *question, uint64_t position)
{
    struct page page;
    page_init(&page, FH_SYNC_PAGE_BYTES);
    uint64_t at = position;
    struct fh_bytes record;
    bool complete = mesh->gossip == NULL;
    while (!complete && !page.full) {
        uint64_t before = at;
        if (!fh_gossip_records(mesh->gossip, &at, &record)) {
            complete = true;
        } else if (!page_add(&page, record)) {
            at = before;
        }
    }
    uint8_t next[8];
    fh_put_u64be(next, at);
    struct fh_bytes cursor = complete ? FH_BYTES_NONE : fh_bytes(next, sizeof next);
    answer_page(question, &page, &cursor);
}

static int page_record(void *user, struct fh_bytes record, struct fh_err *err)
{
    (void)err;
    struct page *page = user;
    fh_pack_bin(&page->bins, record);
    page->count++;
    return FH_OK;
}

/* Announcements or measurements, by the cursor of the catalogue. */
static void sync_catalogue(struct fh_mesh *mesh,
                           struct fh_question *question,
                           enum fh_sync_set set,
                           struct fh_bytes cursor)
{
    struct page page;
    page_init(&page, FH_SYNC_PAGE_BYTES);
    FH_CLEANUP(fh_buf_fini) struct fh_buf next;
    fh_buf_init(&next, FH_SYNC_CURSOR_BYTES_MAX);
    struct fh_err err;
    struct fh_catalog *catalog = mesh->options.catalog;
    int rc =
        set == FH_SYNC_ANNOUNCEMENTS
            ? fh_catalog_page(catalog, cursor, FH_SYNC_PAGE_BYTES, page_record, &page, &next, &err)
            : fh_catalog_measurement_page(
                  catalog, cursor, FH_SYNC_PAGE_BYTES, page_record, &page, &next, &err);
    if (rc != FH_OK) {
        fh_buf_fini(&page.bins);
        fh_question_refuse_privately(question, "sync", &err);
        return;
    }
    struct fh_bytes end = fh_buf_view(&next);
    answer_page(question, &page, &end);
}

static int page_fork(void *user, const struct fh_store_fork *fork, struct fh_err *err)
{
    (void)err;
    uint8_t pair[2 * FH_ID_BYTES];
    memcpy(pair, fork->one.b, FH_ID_BYTES);
    memcpy(pair + FH_ID_BYTES, fork->other.b, FH_ID_BYTES);
    page_walk(user, fh_bytes(pair, sizeof pair));
    return FH_OK;
}

static int page_agreed(void *user, const struct fh_store_agreed *record, struct fh_err *err)
{
    (void)err;
    if (record->shared) {
        page_walk(user, record->bytes);
    }
    return FH_OK;
}

/* Forks, or what was agreed on. */
static void sync_stored(struct fh_mesh *mesh,
                        struct fh_question *question,
                        enum fh_sync_set set,
                        uint64_t position)
{
    struct page page;
    page_init(&page, FH_SYNC_PAGE_BYTES);
    page.skip = (size_t)position;
    struct fh_err err;
    struct fh_store *store = mesh->options.store;
    int rc = set == FH_SYNC_FORKS ? fh_store_forks_each(store, NULL, NULL, page_fork, &page, &err)
                                  : fh_store_agreed_each(store, page_agreed, &page, &err);
    if (rc != FH_OK) {
        fh_buf_fini(&page.bins);
        fh_question_refuse_privately(question, "sync", &err);
        return;
    }
    answer_walk(question, &page);
}

/* Nodes keep each other's sets; members ask for products and are answered by SEARCH and DESCRIBE.
 */
static int between_nodes(const struct fh_question *question, struct fh_err *err)
{
    if (fh_question_speaker(question)->role == FH_ROLE_NODE) {
        return FH_OK;
    }
    return fh_err_rule(err, FH_EDENIED, "mesh.role", "only a node may ask this of another");
}

static void answer_sync(struct fh_mesh *mesh, struct fh_question *question)
{
    enum fh_sync_set set = FH_SYNC_IDENTITY;
    struct fh_bytes cursor = FH_BYTES_NONE;
    struct fh_err err;
    uint64_t position = 0;
    int rc = between_nodes(question, &err);
    if (rc == FH_OK) {
        rc = fh_msg_sync_request_read(fh_question_fields(question), &set, &cursor, &err);
    }
    if (rc == FH_OK && set != FH_SYNC_ANNOUNCEMENTS && set != FH_SYNC_MEASUREMENTS &&
        !read_position(cursor, &position)) {
        rc = fh_err_rule(&err, FH_EINVAL, "sync.cursor", "sync: not a cursor of this node");
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
    } else if (set == FH_SYNC_IDENTITY) {
        sync_identity(mesh, question, position);
    } else if (set == FH_SYNC_MEMBERSHIP) {
        sync_members(mesh, question, position);
    } else if (set == FH_SYNC_FORKS || set == FH_SYNC_AGREED) {
        sync_stored(mesh, question, set, position);
    } else {
        sync_catalogue(mesh, question, set, cursor);
    }
}

static void answer_reconcile(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_err err;
    if (between_nodes(question, &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    fh_mesh_answer_reconcile(mesh, question);
}

/* ---- PUSH and PULL ---- */

static void answer_push(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_msg_bins bins = {.left = 0};
    struct fh_err err;
    int rc = FH_OK; /* news may come from any member: each record proves itself */
    if (rc == FH_OK) {
        rc = fh_msg_bins_read(fh_question_fields(question), &bins, &err);
    }
    if (rc == FH_OK && bins.left > FH_PUSH_RECORDS_MAX) {
        rc = fh_err_rule(
            &err, FH_ETOOBIG, "push.records", "at most %d records at once", FH_PUSH_RECORDS_MAX);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    const struct fh_speaker *speaker = fh_question_speaker(question);
    struct fh_origin origin = {0};
    memcpy(origin.node.b, speaker->key.b, FH_ID_BYTES);
    uint64_t accepted = 0;
    int first = FH_OK;
    struct fh_bytes record;
    while (fh_msg_bins_next(&bins, &record)) {
        bool is_new;
        struct fh_err why;
        rc = fh_mesh_intake(mesh, record, &origin, &is_new, &why);
        accepted += rc == FH_OK;
        if (rc != FH_OK && first == FH_OK) {
            first = rc;
            err = why;
        }
    }
    if (first != FH_OK) {
        fh_log(FH_LOG_WARN,
               "push.refused",
               "from=%s rule=%s text=\"%s\"",
               speaker->domain_name,
               err.rule,
               err.text);
        fh_question_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 64);
    fh_msg_ok(&out, 1);
    fh_pack_uint(&out, accepted);
    fh_question_answer_buf(question, &out);
}

/* By its id, or by the beginning of it. */
static int find_record(struct fh_store *store,
                       struct fh_bytes id_or_ref,
                       struct fh_buf *out,
                       struct fh_err *err)
{
    struct fh_record_id id;
    struct fh_ref ref;
    if (id_or_ref.size == sizeof id.b) {
        memcpy(id.b, id_or_ref.data, sizeof id.b);
        return fh_store_record_get(store, &id, out, err);
    }
    if (id_or_ref.size == sizeof ref.b) {
        memcpy(ref.b, id_or_ref.data, sizeof ref.b);
        return fh_store_record_find(store, &ref, out, err);
    }
    return fh_err_rule(err, FH_EINVAL, "pull.records", "no id of a record");
}

static void answer_pull(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_msg_bins ids;
    struct fh_err err;
    int rc = fh_msg_bins_read(fh_question_fields(question), &ids, &err);
    if (rc == FH_OK && ids.left > FH_PULL_IDS_MAX) {
        rc = fh_err_rule(
            &err, FH_ETOOBIG, "pull.records", "at most %d records at once", FH_PULL_IDS_MAX);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    struct page page;
    page_init(&page, ANSWER_BYTES_MAX);
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    struct fh_bytes bin;
    while (!page.full && fh_msg_bins_next(&ids, &bin)) {
        fh_buf_reset(&record);
        if (find_record(mesh->options.store, bin, &record, &err) != FH_OK &&
            bin.size == FH_ID_BYTES) {
            /* A session may have brought an identity record into the directory alone. */
            struct fh_record_id id;
            memcpy(id.b, bin.data, FH_ID_BYTES);
            fh_buf_add_bytes(&record, fh_directory_record(mesh->options.dir, &id));
        }
        if (record.size > 0) {
            page_add(&page, fh_buf_view(&record));
        }
    }
    answer_page(question, &page, NULL);
}

/* ---- PROBE ---- */

static void answer_probe(struct fh_question *question)
{
    struct fh_pack_reader *fields = fh_question_fields(question);
    uint64_t nonce = fh_pack_read_uint(fields, UINT64_MAX);
    struct fh_err err;
    if (fh_pack_read_ok(fields, "probe", &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 64);
    fh_msg_ok(&out, 1);
    fh_pack_uint(&out, nonce);
    fh_question_answer_buf(question, &out);
}

/* ---- REDEEM ---- */

static void answer_redeem(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_msg_redeem redeem;
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf admission;
    fh_buf_init(&admission, FH_RECORD_BYTES_MAX);
    int rc = fh_msg_redeem_read(fh_question_fields(question), &redeem, &err);
    if (rc == FH_OK) {
        rc = fh_mesh_redeem(mesh, question, &redeem, &admission, &err);
    }
    if (rc != FH_OK) {
        fh_log(FH_LOG_WARN, "join.refused", "rule=%s text=\"%s\"", err.rule, err.text);
        if (rc == FH_EIO || rc == FH_EINTERNAL || rc == FH_ENOMEM) {
            fh_question_refuse_privately(question, "redeem", &err);
        } else {
            fh_question_refuse(question, &err);
        }
        return;
    }
    struct page page;
    page_init(&page, ANSWER_BYTES_MAX);
    const struct fh_domain_id *joiner = &fh_question_speaker(question)->domain;
    fh_mesh_each_for_joiner(mesh, joiner, fh_buf_view(&admission), page_identity, &page);
    answer_page(question, &page, NULL);
}

void fh_mesh_question(struct fh_mesh *mesh, struct fh_question *question)
{
    switch (fh_question_code(question)) {
    case FH_MSG_PEERS:
        fh_mesh_answer_peers(mesh, question);
        break;
    case FH_MSG_WHY:
        fh_mesh_answer_why(mesh, question);
        break;
    case FH_MSG_COUNTERS:
        fh_mesh_answer_counters(mesh, question);
        break;
    case FH_MSG_PROOFS:
        fh_mesh_answer_proofs(mesh, question);
        break;
    case FH_MSG_CHARTER:
        fh_mesh_answer_charter(mesh, question);
        break;
    case FH_MSG_CHARTERS:
        fh_mesh_answer_charters(mesh, question);
        break;
    case FH_MSG_IDENTITY:
        answer_identity(mesh, question);
        break;
    case FH_MSG_REDEEM:
        answer_redeem(mesh, question);
        break;
    case FH_MSG_SYNC:
        answer_sync(mesh, question);
        break;
    case FH_MSG_PUSH:
        answer_push(mesh, question);
        break;
    case FH_MSG_PULL:
        answer_pull(mesh, question);
        break;
    case FH_MSG_PROBE:
        answer_probe(question);
        break;
    case FH_MSG_RECONCILE:
        answer_reconcile(mesh, question);
        break;
    case FH_MSG_POLICY_STATE:
        fh_mesh_answer_policy_state(mesh, question);
        break;
    case FH_MSG_MEASUREMENT:
        fh_mesh_answer_measurement(mesh, question);
        break;
    case FH_MSG_QUALITY:
        fh_mesh_answer_quality(mesh, question);
        break;
    default:
        FH_ASSERT(false); /* node.c sends only these here */
    }
}

void fh_mesh_announced(struct fh_mesh *mesh, struct fh_bytes record)
{
    fh_mesh_held_changed(mesh);
    /* Somebody waits for it here; who passes it on has others to think of too. */
    fh_mesh_spread(mesh, record, FH_RUMOUR_URGENT);
}
