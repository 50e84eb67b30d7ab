/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/shelf.h"

#include "common/list.h"
#include "common/map.h"
#include "common/mem.h"
#include "proto/wire/crypto.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* ---- answers ---- */

struct holder {
    struct fh_http_kept kept;
    atomic_uint references;
    char *texts; /* of headers, then the body */
};

static struct holder *holder_of(struct fh_http_kept *kept)
{
    return (struct holder *)(void *)((char *)kept - offsetof(struct holder, kept));
}

static void make_etag(char out[40], struct fh_bytes body, const char *content_type)
{
    char hex[2 * 16 + 1];
    const struct fh_bytes parts[] = {fh_bytes_cstr(content_type), body};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    fh_hex(hex, hash.b, 16);
    snprintf(out, 40, "\"%s\"", hex);
}

struct fh_http_kept *fh_http_kept_new(const struct fh_http_call *call)
{
    size_t size = call->out.size;
    for (size_t i = 0; i < call->header_count; i++) {
        size += strlen(call->headers[i].value) + 1;
    }
    struct holder *holder = fh_calloc(1, sizeof *holder);
    char *texts = fh_alloc(size);
    if (holder == NULL || texts == NULL) {
        fh_free(holder);
        fh_free(texts);
        return NULL;
    }
    atomic_init(&holder->references, 1);
    holder->texts = texts;
    struct fh_http_kept *kept = &holder->kept;
    kept->status = call->status;
    kept->content_type = call->content_type;
    kept->header_count = call->header_count;
    for (size_t i = 0; i < call->header_count; i++) {
        size_t length = strlen(call->headers[i].value) + 1;
        memcpy(texts, call->headers[i].value, length);
        kept->headers[i] = (struct fh_http_header){call->headers[i].name, texts};
        texts += length;
    }
    if (call->out.size > 0) {
        memcpy(texts, call->out.data, call->out.size);
    }
    kept->body = fh_bytes(texts, call->out.size);
    make_etag(kept->etag, kept->body, kept->content_type);
    return kept;
}

struct fh_http_kept *fh_http_kept_keep(struct fh_http_kept *kept)
{
    atomic_fetch_add(&holder_of(kept)->references, 1);
    return kept;
}

void fh_http_kept_drop(struct fh_http_kept *kept)
{
    if (kept == NULL || atomic_fetch_sub(&holder_of(kept)->references, 1) > 1) {
        return;
    }
    if (kept->rendered != NULL) {
        kept->rendered_end(kept->rendered);
    }
    fh_free(holder_of(kept)->texts);
    fh_free(holder_of(kept));
}

/* ---- the shelf ---- */

struct place {
    struct fh_map_link link;
    struct fh_list used; /* the one asked for last is first */
    char *key;
    uint64_t news;
    int64_t made_ms;
    struct fh_http_kept *kept;
};

struct fh_http_shelf {
    pthread_mutex_t lock;
    struct fh_map places;
    struct fh_list used;
    size_t bytes;
};

struct fh_http_shelf *fh_http_shelf_new(void)
{
    struct fh_http_shelf *shelf = fh_calloc(1, sizeof *shelf);
    if (shelf == NULL) {
        return NULL;
    }
    pthread_mutex_init(&shelf->lock, NULL);
    fh_map_init(&shelf->places);
    fh_list_init(&shelf->used);
    return shelf;
}

static size_t weight(const struct place *place)
{
    return place->kept->body.size + strlen(place->key) + sizeof *place + sizeof(struct holder);
}

static void remove_place(struct fh_http_shelf *shelf, struct place *place)
{
    shelf->bytes -= weight(place);
    fh_map_remove(&shelf->places, &place->link);
    fh_list_remove(&place->used);
    fh_http_kept_drop(place->kept);
    fh_free(place->key);
    fh_free(place);
}

void fh_http_shelf_free(struct fh_http_shelf *shelf)
{
    if (shelf == NULL) {
        return;
    }
    FH_LIST_FOREACH (link, &shelf->used) {
        remove_place(shelf, FH_LIST_ENTRY(link, struct place, used));
    }
    fh_map_fini(&shelf->places);
    pthread_mutex_destroy(&shelf->lock);
    fh_free(shelf);
}

static struct place *find(struct fh_http_shelf *shelf, const char *key, uint64_t hash)
{
    struct fh_map_link *link = fh_map_first(&shelf->places, hash);
    for (; link != NULL; link = fh_map_next(link)) {
        struct place *place = FH_MAP_ENTRY(link, struct place, link);
        if (strcmp(place->key, key) == 0) {
            return place;
        }
    }
    return NULL;
}

struct fh_http_kept *
fh_http_shelf_get(struct fh_http_shelf *shelf, const char *key, uint64_t news, int64_t now_ms)
{
    struct fh_http_kept *kept = NULL;
    pthread_mutex_lock(&shelf->lock);
    struct place *place = find(shelf, key, fh_map_hash(key, strlen(key)));
    if (place != NULL && place->news == news && now_ms - place->made_ms < FH_HTTP_KEPT_MS) {
        kept = fh_http_kept_keep(place->kept);
        fh_list_remove(&place->used);
        fh_list_push_front(&shelf->used, &place->used);
    }
    pthread_mutex_unlock(&shelf->lock);
    return kept;
}

/* Makes room for one more. */
static void make_room(struct fh_http_shelf *shelf, size_t bytes)
{
    while (!fh_list_empty(&shelf->used) && (shelf->places.count >= FH_HTTP_KEPT_MAX ||
                                            shelf->bytes + bytes > FH_HTTP_KEPT_BYTES_MAX)) {
        remove_place(shelf, FH_LIST_ENTRY(shelf->used.prev, struct place, used));
    }
}

void fh_http_shelf_put(struct fh_http_shelf *shelf,
                       const char *key,
                       uint64_t news,
                       int64_t now_ms,
                       struct fh_http_kept *kept)
{
    uint64_t hash = fh_map_hash(key, strlen(key));
    struct place *place = fh_calloc(1, sizeof *place);
    char *copy = fh_strdup(key);
    if (place == NULL || copy == NULL || kept->body.size > FH_HTTP_KEPT_BYTES_MAX / 8) {
        fh_free(place);
        fh_free(copy);
        return;
    }
    *place = (struct place){
        .key = copy, .news = news, .made_ms = now_ms, .kept = fh_http_kept_keep(kept)};
    fh_list_init(&place->used);
    pthread_mutex_lock(&shelf->lock);
    struct place *old = find(shelf, key, hash);
    if (old != NULL) {
        remove_place(shelf, old);
    }
    make_room(shelf, weight(place));
    if (fh_map_reserve(&shelf->places, 1) == FH_OK) {
        fh_map_insert(&shelf->places, &place->link, hash);
        fh_list_push_front(&shelf->used, &place->used);
        shelf->bytes += weight(place);
        place = NULL;
    }
    pthread_mutex_unlock(&shelf->lock);
    if (place != NULL) {
        fh_http_kept_drop(place->kept);
        fh_free(place->key);
        fh_free(place);
    }
}
