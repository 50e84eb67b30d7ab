/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/history.h"

#include "common/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- one answer ---- */

/* What an answer holds before it is verified: the buffer of the client is used again by then. */
struct page {
    struct fh_buf records;
    size_t count;
    size_t sizes[FH_HISTORY_RECORDS_MAX];
};

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory for a history");
}

static int
read_products(struct fh_history *history, struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_products_read(reader, &count, err);
    if (code == FH_OK && count > 0) {
        history->products = fh_calloc(count, sizeof *history->products);
        code = history->products == NULL ? no_memory(err) : FH_OK;
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_products_next(reader, &history->products[i], err);
        history->product_count += code == FH_OK;
    }
    return code;
}

static int read_records(struct page *page, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_bins bins;
    struct fh_bytes record;
    int code = fh_msg_bins_read(reader, &bins, err);
    while (code == FH_OK && page->count < FH_HISTORY_RECORDS_MAX &&
           fh_msg_bins_next(&bins, &record)) {
        fh_buf_add_bytes(&page->records, record);
        page->sizes[page->count++] = record.size;
    }
    if (code == FH_OK && fh_buf_ok(&page->records) != FH_OK) {
        code = no_memory(err);
    }
    return code;
}

static int read_versions(struct fh_history *history,
                         struct fh_pack_reader *reader,
                         uint32_t *out_count,
                         struct fh_err *err)
{
    int code = fh_msg_versions_read(reader, out_count, err);
    if (code == FH_OK && *out_count > 0) {
        size_t size = (history->version_count + *out_count) * sizeof *history->versions;
        struct fh_msg_version *grown = fh_realloc(history->versions, size);
        if (grown == NULL) {
            return no_memory(err);
        }
        history->versions = grown;
    }
    for (uint32_t i = 0; i < *out_count && code == FH_OK; i++) {
        code = fh_msg_versions_next(reader, &history->versions[history->version_count], err);
        history->version_count += code == FH_OK;
    }
    return code;
}

static int read_forks(struct fh_history *history, struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_forks_read(reader, &count, err);
    if (code == FH_OK && count > 0) {
        history->forks = fh_calloc(count, sizeof *history->forks);
        code = history->forks == NULL ? no_memory(err) : FH_OK;
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_forks_next(reader, &history->forks[i], err);
        history->fork_count += code == FH_OK;
    }
    return code;
}

/* ---- what is true ---- */

static int check_move(struct freehold_client *client,
                      const struct fh_domain_id *domain,
                      const char *product,
                      struct fh_bytes bytes,
                      struct fh_history_move *out,
                      struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, bytes, &client->actor->mesh, err);
    if (code == FH_OK) {
        code = fh_announce_parse(&out->said, record.payload, err);
    }
    if (code == FH_OK &&
        (record.type != FH_RECORD_ANNOUNCEMENT || !fh_domain_id_equal(&out->said.domain, domain) ||
         strcmp(out->said.product, product) != 0)) {
        code = fh_err_rule(err,
                           FH_ESIG,
                           "history.other",
                           "asked for %s, but the peer hands out records of something else",
                           product);
    }
    if (code == FH_OK) {
        out->id = record.id;
        code = fh_client_verify(
            client, &record, domain, FH_ROLES_ANNOUNCING, out->said.issued_ms, &out->signer, err);
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "announcement of %s", product);
}

static int by_revision(const void *a, const void *b)
{
    const struct fh_history_move *left = a;
    const struct fh_history_move *right = b;
    if (left->said.major != right->said.major) {
        return left->said.major < right->said.major ? -1 : 1;
    }
    return left->said.revision < right->said.revision ? -1
                                                      : left->said.revision > right->said.revision;
}

/* Verifies the announcements; the one that counts and moved the product comes twice. */
static int check_moves(struct fh_history *history,
                       struct freehold_client *client,
                       const char *product,
                       const struct page *page,
                       struct fh_err *err)
{
    history->moves = fh_calloc(page->count, sizeof *history->moves);
    if (history->moves == NULL && page->count > 0) {
        return no_memory(err);
    }
    const uint8_t *at = page->records.data;
    int code = FH_OK;
    for (size_t i = 0; i < page->count && code == FH_OK; i++) {
        struct fh_history_move *move = &history->moves[history->move_count];
        code =
            check_move(client, &history->domain, product, fh_bytes(at, page->sizes[i]), move, err);
        at += page->sizes[i];
        bool known = false;
        for (size_t j = 0; j < history->move_count; j++) {
            known = known || fh_record_id_equal(&history->moves[j].id, &move->id);
        }
        history->move_count += code == FH_OK && !known;
    }
    if (code == FH_OK && history->move_count > 1) {
        qsort(history->moves, history->move_count, sizeof *history->moves, by_revision);
    }
    return code;
}

/* The domain of that name, as the directory pins it or the home calls it; not as the peer says. */
static int check_domain(struct fh_history *history,
                        struct freehold_client *client,
                        const char *domain,
                        struct fh_err *err)
{
    if (history->product_count == 0) {
        return fh_err_rule(err, FH_EPROTO, "history.empty", "the peer tells nothing of it");
    }
    history->domain = history->products[0].domain;
    int code = fh_client_know(client, &history->domain, err);
    if (code == FH_OK && !fh_client_calls(client, domain, &history->domain)) {
        code = fh_err_rule(
            err, FH_ESIG, "history.domain", "the peer gives the name %s to another domain", domain);
    }
    return code;
}

/* ---- all of it ---- */

static int ask_page(struct freehold_client *client,
                    const struct fh_msg_history_request *request,
                    struct fh_history *history,
                    struct page *page,
                    uint32_t *out_versions,
                    struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_history_request(&client->request, request);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = read_products(history, &reader, err);
    }
    if (code == FH_OK) {
        code = read_records(page, &reader, err);
    }
    if (code == FH_OK) {
        code = read_versions(history, &reader, out_versions, err);
    }
    return code == FH_OK ? read_forks(history, &reader, err) : code;
}

static int ask(struct fh_history *history,
               struct freehold_client *client,
               struct fh_msg_history_request *request,
               struct page *page,
               struct fh_err *err)
{
    uint32_t versions = 0;
    int code = ask_page(client, request, history, page, &versions, err);
    if (code == FH_OK) {
        code = check_domain(history, client, request->domain, err);
    }
    if (code == FH_OK) {
        code = check_moves(history, client, request->product, page, err);
    }
    while (code == FH_OK && versions > 0 && history->version_count < FH_HISTORY_VERSIONS_MAX) {
        uint64_t lowest = history->versions[history->version_count - 1].seq;
        if (lowest <= 1 || (request->before != 0 && lowest >= request->before)) {
            break; /* the first, or a peer that does not go on */
        }
        struct fh_history more = {.product_count = 0};
        more.versions = history->versions;
        more.version_count = history->version_count;
        request->before = lowest;
        page->count = 0;
        fh_buf_reset(&page->records);
        code = ask_page(client, request, &more, page, &versions, err);
        history->versions = more.versions;
        history->version_count = more.version_count;
        fh_free(more.products);
        fh_free(more.forks);
    }
    return code;
}

int fh_history_ask(struct fh_history **out,
                   struct freehold_client *client,
                   const char *domain,
                   const char *product,
                   struct fh_err *err)
{
    struct fh_history *history FH_CLEANUP(fh_history_freep) = fh_calloc(1, sizeof *history);
    struct page *page FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *page);
    struct fh_msg_history_request request = {.before = 0};
    if (history == NULL || page == NULL) {
        return no_memory(err);
    }
    if (strlen(domain) >= sizeof request.domain || strlen(product) >= sizeof request.product) {
        return fh_err_rule(err, FH_EINVAL, "product.name", "a name that is too long");
    }
    memcpy(request.domain, domain, strlen(domain) + 1);
    memcpy(request.product, product, strlen(product) + 1);
    fh_buf_init(&page->records, FH_FRAME_REPLY_BYTES_MAX);
    int code = ask(history, client, &request, page, err);
    fh_buf_fini(&page->records);
    if (code == FH_OK) {
        *out = FH_TAKE(history);
    }
    return code;
}

const struct fh_history_move *fh_history_now(const struct fh_history *history, uint32_t major)
{
    const struct fh_history_move *last = NULL;
    for (size_t i = 0; i < history->move_count; i++) {
        if (history->moves[i].said.major == major) {
            last = &history->moves[i];
        }
    }
    return last;
}

void fh_history_free(struct fh_history *history)
{
    if (history != NULL) {
        fh_free(history->products);
        fh_free(history->moves);
        fh_free(history->versions);
        fh_free(history->forks);
        fh_free(history);
    }
}
