/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/shelf.h"

#include "tools/door/pgcat/mesh.h"

#include "common/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 128 };

struct place {
    char key[KEY_BYTES]; /* "": free */
    struct fh_pgcat *catalogue;
    int64_t read_ms;
    int64_t asked_ms;
};

struct fh_pgcat_shelf {
    pthread_mutex_t mutex;
    struct fh_pgcat_contracts *contracts;
    struct place places[FH_PGCAT_SHELF_MAX];
};

int fh_pgcat_shelf_new(struct fh_pgcat_shelf **out, struct fh_err *err)
{
    struct fh_pgcat_shelf *shelf = fh_calloc(1, sizeof *shelf);
    if (shelf == NULL || pthread_mutex_init(&shelf->mutex, NULL) != 0) {
        fh_free(shelf);
        return fh_err_set(err, FH_ENOMEM, "out of memory for catalogues");
    }
    int code = fh_pgcat_contracts_new(&shelf->contracts, err);
    if (code != FH_OK) {
        fh_pgcat_shelf_free(shelf);
        return code;
    }
    *out = shelf;
    return FH_OK;
}

void fh_pgcat_shelf_free(struct fh_pgcat_shelf *shelf)
{
    if (shelf == NULL) {
        return;
    }
    for (size_t i = 0; i < FH_COUNT(shelf->places); i++) {
        fh_pgcat_drop(shelf->places[i].catalogue);
    }
    fh_pgcat_contracts_free(shelf->contracts);
    pthread_mutex_destroy(&shelf->mutex);
    fh_free(shelf);
}

static struct place *find(struct fh_pgcat_shelf *shelf, const char *key)
{
    for (size_t i = 0; i < FH_COUNT(shelf->places); i++) {
        if (shelf->places[i].key[0] != '\0' && strcmp(shelf->places[i].key, key) == 0) {
            return &shelf->places[i];
        }
    }
    return NULL;
}

struct fh_pgcat *fh_pgcat_shelf_fresh(struct fh_pgcat_shelf *shelf, const char *key, int64_t now_ms)
{
    struct fh_pgcat *found = NULL;
    pthread_mutex_lock(&shelf->mutex);
    struct place *place = find(shelf, key);
    if (place != NULL && now_ms - place->read_ms < FH_PGCAT_AGE_MS) {
        place->asked_ms = now_ms;
        found = fh_pgcat_keep(place->catalogue);
    }
    pthread_mutex_unlock(&shelf->mutex);
    return found;
}

/* Puts a catalogue where the key has its place, else where nobody asked for longest. */
static void
put(struct fh_pgcat_shelf *shelf, const char *key, struct fh_pgcat *catalogue, int64_t now_ms)
{
    pthread_mutex_lock(&shelf->mutex);
    struct place *place = find(shelf, key);
    for (size_t i = 0; place == NULL && i < FH_COUNT(shelf->places); i++) {
        place = shelf->places[i].key[0] == '\0' ? &shelf->places[i] : NULL;
    }
    if (place == NULL) {
        place = &shelf->places[0];
        for (size_t i = 1; i < FH_COUNT(shelf->places); i++) {
            place = shelf->places[i].asked_ms < place->asked_ms ? &shelf->places[i] : place;
        }
    }
    struct fh_pgcat *old = place->catalogue;
    snprintf(place->key, sizeof place->key, "%s", key);
    place->catalogue = fh_pgcat_keep(catalogue);
    place->read_ms = now_ms;
    place->asked_ms = now_ms;
    pthread_mutex_unlock(&shelf->mutex);
    fh_pgcat_drop(old);
}

int fh_pgcat_shelf_take(struct fh_pgcat_shelf *shelf,
                        const char *key,
                        struct freehold_client *client,
                        int64_t now_ms,
                        struct fh_pgcat **out,
                        struct fh_err *err)
{
    struct fh_pgcat_mesh *mesh = NULL;
    if (key[0] == '\0' || strlen(key) >= KEY_BYTES) {
        return fh_err_set(err, FH_EINVAL, "a key of a catalogue has 1 to %d bytes", KEY_BYTES - 1);
    }
    struct fh_pgcat *catalogue = fh_pgcat_shelf_fresh(shelf, key, now_ms);
    if (catalogue == NULL) {
        int code = fh_pgcat_mesh_read(&mesh, shelf->contracts, client, err);
        code = code == FH_OK ? fh_pgcat_new(&catalogue, mesh, err) : code;
        fh_pgcat_mesh_free(mesh);
        if (code != FH_OK) {
            return code;
        }
        put(shelf, key, catalogue, now_ms);
    }
    *out = catalogue;
    return FH_OK;
}
