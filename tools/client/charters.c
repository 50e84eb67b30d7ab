/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/charters.h"

#include "common/mem.h"
#include "common/time.h"

enum {
    PAGES_MAX = 64, /* of half a megabyte: more than all charters that there may be */
    RECORDS_MAX = 64 * 1024,
    HEAP_BYTES_MAX = 64 * 1024 * 1024,
};

/* ---- what proves them ---- */

/* Copies of all records: a page may need what stands on the next one. */
struct heap {
    struct fh_buf bytes;
    size_t count;
    size_t sizes[RECORDS_MAX];
};

static int
take_page(struct heap *heap, struct freehold_client *client, uint64_t *after, struct fh_err *err)
{
    struct fh_pack_reader reader;
    struct fh_msg_bins bins;
    struct fh_bytes record;
    uint64_t next = 0;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_charter_request(&client->request, *after);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_charter_read(&reader, &next, &bins, err);
    }
    while (code == FH_OK && heap->count < RECORDS_MAX && fh_msg_bins_next(&bins, &record)) {
        fh_buf_add_bytes(&heap->bytes, record);
        heap->sizes[heap->count++] = record.size;
    }
    *after = next > *after ? next : 0;
    return code;
}

static int add_heap(struct freehold_client *client, const struct heap *heap, struct fh_err *err)
{
    struct fh_bytes *records = fh_calloc(heap->count, sizeof *records);
    if (records == NULL || fh_buf_ok(&heap->bytes) != FH_OK) {
        fh_free(records);
        return fh_err_set(err, FH_ENOMEM, "no memory for charters");
    }
    size_t at = 0;
    for (size_t i = 0; i < heap->count; i++) {
        records[i] = fh_bytes(heap->bytes.data + at, heap->sizes[i]);
        at += heap->sizes[i];
    }
    /* One bad record among many is no reason to refuse the others. */
    int code = fh_directory_add_all(
        client->actor->directory, records, heap->count, fh_clock_wall_ms(), NULL, err);
    fh_free(records);
    return code == FH_ENOMEM ? code : FH_OK;
}

int fh_charters_learn(struct freehold_client *client, struct fh_err *err)
{
    struct heap *heap = fh_calloc(1, sizeof *heap);
    if (heap == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for charters");
    }
    fh_buf_init(&heap->bytes, HEAP_BYTES_MAX);
    uint64_t after = 0;
    unsigned pages = 0;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        code = fh_client_learn(client, NULL, err); /* names of domains that are no members */
    }
    do {
        code = code == FH_OK ? take_page(heap, client, &after, err) : code;
    } while (code == FH_OK && after != 0 && ++pages < PAGES_MAX);
    if (code == FH_OK) {
        code = add_heap(client, heap, err);
    }
    fh_buf_fini(&heap->bytes);
    fh_free(heap);
    return code;
}

/* ---- who knows which ---- */

int fh_charter_nodes_ask(struct fh_charter_nodes **out,
                         struct freehold_client *client,
                         struct fh_err *err)
{
    struct fh_pack_reader reader;
    uint32_t count = 0;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_charters_request(&client->request, true);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_charters_read(&reader, &count, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_charter_nodes *nodes FH_CLEANUP(fh_charter_nodes_freep) = fh_calloc(1, sizeof *nodes);
    if (nodes != NULL) {
        nodes->items = fh_calloc(count, sizeof *nodes->items);
    }
    if (nodes == NULL || nodes->items == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of nodes");
    }
    while (nodes->count < count) {
        code = fh_msg_charters_next(&reader, &nodes->items[nodes->count], err);
        if (code != FH_OK) {
            return code;
        }
        nodes->count++;
    }
    *out = FH_TAKE(nodes);
    return FH_OK;
}

void fh_charter_nodes_free(struct fh_charter_nodes *nodes)
{
    if (nodes != NULL) {
        fh_free(nodes->items);
        fh_free(nodes);
    }
}
