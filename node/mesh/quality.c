/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUALITY: what was measured of a product over time.
 *
 * The owner keeps it and hands it out, page by page. Another node asks the owner and passes on what
 * it says, unread but for its form: whoever asked verifies every record. When the owner cannot be
 * asked, there is the newest measurement, which every node has.
 */
#include "node/mesh/parts.h"

#include "common/log.h"
#include "common/mem.h"

#include <stdio.h>

enum {
    ANSWER_BYTES_MAX = FH_FRAME_REPLY_BYTES_MAX - 4096,
    LIST_BYTES_MAX = ANSWER_BYTES_MAX - 64, /* without the head */
    ENTRY_BYTES_MAX = 16,                   /* of a measurement, beside its two bins */
};

/* ---- what is held ---- */

struct page {
    struct fh_buf list;
    uint32_t count;
    int64_t last_ms; /* of the list */
    bool full;       /* another one is held, and did not fit */
};

static int add_measured(void *user,
                        const struct fh_measurement *measurement,
                        struct fh_bytes record,
                        struct fh_bytes results,
                        struct fh_err *err)
{
    struct page *page = user;
    size_t size = record.size + results.size + ENTRY_BYTES_MAX;
    if (page->count > 0 && page->list.size + size > LIST_BYTES_MAX) {
        page->full = true;
        return fh_err_set(err, FH_ETOOBIG, "the page is full");
    }
    const struct fh_msg_measurement entry = {.record = record, .results = results};
    fh_msg_quality_add(&page->list, &entry);
    page->count++;
    page->last_ms = measurement->measured_ms;
    int rc = fh_buf_ok(&page->list);
    return rc == FH_OK ? rc : fh_err_set(err, rc, "no memory for measurements");
}

/* All that the owner keeps, as far as it fits. */
static int fill_own(struct fh_mesh *mesh,
                    const struct fh_announce_key *key,
                    int64_t before_ms,
                    struct page *page,
                    struct fh_err *err)
{
    int rc = fh_catalog_measured_each(mesh->options.catalog,
                                      key->product,
                                      key->major,
                                      before_ms,
                                      FH_MEASUREMENT_HISTORY_MAX,
                                      add_measured,
                                      page,
                                      err);
    return page->full ? FH_OK : rc;
}

/* The newest one alone; none is no error. */
static int fill_newest(struct fh_mesh *mesh,
                       const struct fh_announce_key *key,
                       int64_t before_ms,
                       struct page *page,
                       struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    FH_CLEANUP(fh_buf_fini) struct fh_buf results;
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&results, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    struct fh_measurement measurement;
    int rc =
        fh_catalog_measurement(mesh->options.catalog, key, &measurement, &record, &results, err);
    if (rc == FH_ENOTFOUND || (rc == FH_OK && measurement.measured_ms >= before_ms)) {
        return FH_OK;
    }
    return rc == FH_OK
               ? add_measured(page, &measurement, fh_buf_view(&record), fh_buf_view(&results), err)
               : rc;
}

static void answer_held(struct fh_mesh *mesh,
                        struct fh_question *question,
                        const struct fh_announce_key *key,
                        int64_t before_ms)
{
    bool own = fh_domain_id_equal(&key->domain, &mesh->domain);
    struct page page = {.count = 0};
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&page.list, LIST_BYTES_MAX);
    fh_buf_init(&out, ANSWER_BYTES_MAX);
    int64_t before = before_ms == 0 ? INT64_MAX : before_ms;
    int rc = own ? fill_own(mesh, key, before, &page, &err)
                 : fill_newest(mesh, key, before, &page, &err);
    if (rc == FH_OK) {
        fh_msg_quality_answer_begin(&out, page.full ? page.last_ms : 0, own, page.count);
        fh_buf_add_bytes(&out, fh_buf_view(&page.list));
        fh_question_answer_buf(question, &out);
    } else {
        fh_question_refuse(question, &err);
    }
    fh_buf_fini(&page.list);
}

/* ---- what the owner says ---- */

struct asking {
    struct fh_mesh *mesh;
    struct fh_question *question;
    struct fh_announce_key key;
    int64_t before_ms;
};

static int pass_on(struct fh_question *question, struct fh_pack_reader *fields, struct fh_err *err)
{
    struct fh_msg_quality said;
    struct fh_msg_measurement entry;
    int rc = fh_msg_quality_read(fields, &said, err);
    if (rc != FH_OK) {
        return rc;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_quality_answer_begin(&out, said.next_ms, said.whole, said.left);
    while (fh_msg_quality_next(&said, &entry)) {
        fh_msg_quality_add(&out, &entry);
    }
    fh_question_answer_buf(question, &out);
    return FH_OK;
}

static void fetched(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct asking *asking = user;
    struct fh_err err;
    int rc = FH_OK;
    if (failure != NULL) {
        err = *failure;
        rc = failure->code;
    } else {
        rc = pass_on(asking->question, fields, &err);
    }
    if (rc != FH_OK) {
        fh_log(FH_LOG_DEBUG,
               "quality.not_fetched",
               "product=%s rule=%s text=\"%s\"",
               asking->key.product,
               err.rule,
               err.text);
        answer_held(asking->mesh, asking->question, &asking->key, asking->before_ms);
    }
    fh_free(asking);
}

/* Whether the owner is asked: then `fetched` ends it. */
static bool fetch(struct fh_mesh *mesh,
                  struct fh_question *question,
                  const struct fh_announce_key *key,
                  const char *domain_name,
                  int64_t before_ms)
{
    struct fh_peer_target target = {.address = NULL};
    if (mesh->quiet || !fh_mesh_node_of(mesh, &key->domain, &target.node, &target.address)) {
        return false;
    }
    struct asking *asking = fh_calloc(1, sizeof *asking);
    if (asking == NULL) {
        return false;
    }
    *asking = (struct asking){mesh, question, *key, before_ms};
    struct fh_msg_quality_request asked = {.name.major = key->major, .before_ms = before_ms};
    snprintf(asked.name.domain, sizeof asked.name.domain, "%s", domain_name);
    snprintf(asked.name.product, sizeof asked.name.product, "%s", key->product);
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 512);
    fh_msg_quality_request(&request, &asked);
    fh_peers_ask(mesh->options.peers, &target, &request, FH_REQUEST_MS / 2, fetched, asking);
    return true;
}

/* ---- asked ---- */

void fh_mesh_answer_quality(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_err err;
    struct fh_msg_quality_request asked;
    struct fh_catalog_entry entry;
    int rc = fh_msg_quality_request_read(fh_question_fields(question), &asked, &err);
    if (rc == FH_OK) {
        rc = fh_catalog_find_by_name(mesh->options.catalog,
                                     asked.name.domain,
                                     asked.name.product,
                                     (uint32_t)asked.name.major,
                                     &entry,
                                     &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    struct fh_announce_key key = fh_announce_key(&entry.announcement);
    bool own = fh_domain_id_equal(&key.domain, &mesh->domain);
    if (own || !fetch(mesh, question, &key, entry.domain_name, asked.before_ms)) {
        answer_held(mesh, question, &key, asked.before_ms);
    }
}
