/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/watch.h"

#include "common/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    OVERLAP_BYTES = 1024, /* a word may have been half written at the last look */
    PIECE_BYTES = 1024 * 1024,
    DEPTH_MAX = 12,
    PATH_BYTES = 4096,
};

static int64_t wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void fh_watch_init(struct fh_watch *watch, const struct fh_canaries *canaries)
{
    int64_t now_ns = wall_ns();
    *watch = (struct fh_watch){.canaries = canaries, .began_ns = now_ns, .since_ns = now_ns};
    pthread_mutex_init(&watch->lock, NULL);
}

/* From `from` to the end, in pieces that overlap. Where it ended, or -1 with a leak in `out`. */
static long look_at_file(const struct fh_watch *watch,
                         const char *path,
                         long from,
                         enum fh_canary_place place,
                         char out[FH_WATCH_TEXT_BYTES])
{
    FILE *file = fopen(path, "rbe");
    uint8_t *piece = fh_calloc(1, PIECE_BYTES);
    long at = from > OVERLAP_BYTES ? from - OVERLAP_BYTES : 0;
    const char *found = NULL;
    while (file != NULL && piece != NULL && found == NULL && fseek(file, at, SEEK_SET) == 0) {
        size_t size = fread(piece, 1, PIECE_BYTES, file);
        found = fh_canaries_find(watch->canaries, fh_bytes(piece, size), place);
        if (size < PIECE_BYTES) {
            from = at + (long)size;
            break;
        }
        at += PIECE_BYTES - OVERLAP_BYTES;
    }
    if (found != NULL) {
        snprintf(out, FH_WATCH_TEXT_BYTES, "%s is in %s", found, path);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    fh_free(piece);
    return found == NULL ? from : -1;
}

static bool look_in_folder(const struct fh_watch *watch,
                           const char *folder,
                           int64_t since_ns,
                           int depth,
                           char out[FH_WATCH_TEXT_BYTES])
{
    char path[PATH_BYTES];
    struct stat s;
    bool good = true;
    DIR *dir = opendir(folder); /* a worker's folder may be gone by now */
    for (const struct dirent *entry; dir != NULL && good && (entry = readdir(dir)) != NULL;) {
        int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            length >= (int)sizeof path || lstat(path, &s) != 0) {
            continue;
        }
        int64_t changed_ns = (int64_t)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec;
        if (S_ISDIR(s.st_mode) && depth < DEPTH_MAX) {
            good = look_in_folder(watch, path, since_ns, depth + 1, out);
        } else if (S_ISREG(s.st_mode) && changed_ns >= since_ns) {
            good = look_at_file(watch, path, 0, FH_CANARY_FILE, out) >= 0;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return good;
}

static bool look(struct fh_watch *watch, bool all, char out[FH_WATCH_TEXT_BYTES])
{
    bool good = true;
    int64_t now_ns = wall_ns();
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; good && i < watch->log_count; i++) {
        watch->log_at[i] = all ? 0 : watch->log_at[i];
        long at = look_at_file(watch, watch->logs[i], watch->log_at[i], FH_CANARY_LOG, out);
        good = at >= 0;
        watch->log_at[i] = good ? at : watch->log_at[i];
    }
    for (size_t i = 0; good && i < watch->folder_count; i++) {
        good = look_in_folder(
            watch, watch->folders[i], all ? watch->began_ns : watch->since_ns, 0, out);
    }
    watch->since_ns = now_ns;
    pthread_mutex_unlock(&watch->lock);
    return good;
}

bool fh_watch_look(struct fh_watch *watch, char out[FH_WATCH_TEXT_BYTES])
{
    return look(watch, false, out);
}

bool fh_watch_look_at_all(struct fh_watch *watch, char out[FH_WATCH_TEXT_BYTES])
{
    return look(watch, true, out);
}
