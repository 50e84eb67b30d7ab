/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/receipts.h"

#include "common/limits.h"
#include "common/list.h"
#include "common/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct receipt {
    struct fh_list link; /* the newest is first */
    char token[64];
    char id[64];
    int64_t until_ms;
    size_t size;
    uint8_t file[];
};

struct fh_http_receipts {
    pthread_mutex_t lock;
    struct fh_list list;
    size_t count;
    size_t bytes;
};

struct fh_http_receipts *fh_http_receipts_new(void)
{
    struct fh_http_receipts *receipts = fh_calloc(1, sizeof *receipts);
    if (receipts != NULL) {
        pthread_mutex_init(&receipts->lock, NULL);
        fh_list_init(&receipts->list);
    }
    return receipts;
}

static void remove_one(struct fh_http_receipts *receipts, struct receipt *receipt)
{
    fh_list_remove(&receipt->link);
    receipts->count--;
    receipts->bytes -= receipt->size;
    fh_free(receipt);
}

void fh_http_receipts_free(struct fh_http_receipts *receipts)
{
    if (receipts == NULL) {
        return;
    }
    FH_LIST_FOREACH (link, &receipts->list) {
        remove_one(receipts, FH_LIST_ENTRY(link, struct receipt, link));
    }
    pthread_mutex_destroy(&receipts->lock);
    fh_free(receipts);
}

static void make_room(struct fh_http_receipts *receipts, size_t bytes, int64_t now_ms)
{
    while (!fh_list_empty(&receipts->list)) {
        struct receipt *oldest = FH_LIST_ENTRY(receipts->list.prev, struct receipt, link);
        if (oldest->until_ms > now_ms && receipts->count < FH_HTTP_RECEIPTS_MAX &&
            receipts->bytes + bytes <= FH_HTTP_RECEIPTS_BYTES_MAX) {
            return;
        }
        remove_one(receipts, oldest);
    }
}

void fh_http_receipts_put(struct fh_http_receipts *receipts,
                          const char *token,
                          const char *id,
                          struct fh_bytes file,
                          int64_t now_ms)
{
    struct receipt *receipt = fh_alloc(sizeof *receipt + file.size);
    if (receipt == NULL || file.size > FH_HTTP_RECEIPTS_BYTES_MAX) {
        fh_free(receipt);
        return;
    }
    receipt->until_ms = now_ms + FH_HTTP_RECEIPT_MS;
    receipt->size = file.size;
    snprintf(receipt->token, sizeof receipt->token, "%s", token);
    snprintf(receipt->id, sizeof receipt->id, "%s", id);
    memcpy(receipt->file, file.data, file.size);
    pthread_mutex_lock(&receipts->lock);
    make_room(receipts, file.size, now_ms);
    fh_list_push_front(&receipts->list, &receipt->link);
    receipts->count++;
    receipts->bytes += file.size;
    pthread_mutex_unlock(&receipts->lock);
}

int fh_http_receipts_get(struct fh_http_receipts *receipts,
                         const char *token,
                         const char *id,
                         int64_t now_ms,
                         struct fh_buf *out,
                         struct fh_err *err)
{
    bool found = false;
    pthread_mutex_lock(&receipts->lock);
    FH_LIST_FOREACH (link, &receipts->list) {
        const struct receipt *receipt = FH_LIST_ENTRY(link, struct receipt, link);
        if (!found && receipt->until_ms > now_ms && strcmp(receipt->id, id) == 0 &&
            strcmp(receipt->token, token) == 0) {
            fh_buf_add(out, receipt->file, receipt->size);
            found = true;
        }
    }
    pthread_mutex_unlock(&receipts->lock);
    if (!found) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "http.receipt",
                           "no such receipt is kept for this token; they are for %d minutes",
                           FH_HTTP_RECEIPT_MS / 60000);
    }
    int code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "no memory for a receipt");
}
