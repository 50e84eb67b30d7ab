/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/spill.h"

#include "common/entropy.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 2, BLOCK_BYTES = 512 };

static DIR *open_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL && fd >= 0) {
        close(fd);
    }
    return folder;
}

/* The next entry that is neither the folder itself nor the one above; NULL at the end. */
static const char *next_name(DIR *folder)
{
    const struct dirent *entry;
    do {
        entry = readdir(folder);
    } while (entry != NULL &&
             (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry == NULL ? NULL : entry->d_name;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b < a ? UINT64_MAX : a + b;
}

static uint64_t bytes_in(int parent, const char *name, int depth)
{
    uint64_t bytes = 0;
    DIR *folder = open_folder(parent, name);
    if (folder == NULL) {
        return 0;
    }
    for (const char *entry; (entry = next_name(folder)) != NULL;) {
        struct stat s;
        if (fstatat(dirfd(folder), entry, &s, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        bytes = sum(bytes, (uint64_t)s.st_blocks * BLOCK_BYTES);
        if (S_ISDIR(s.st_mode)) {
            bytes = sum(bytes, depth > 0 ? bytes_in(dirfd(folder), entry, depth - 1) : UINT64_MAX);
        }
    }
    closedir(folder);
    return bytes;
}

uint64_t fh_spill_bytes(const char *folder)
{
    return bytes_in(AT_FDCWD, folder, DEPTH_MAX);
}

/* What lies too deep is moved up to `top`, by names that nobody could take before. */
struct moving {
    int top;
    uint64_t secret;
    unsigned count;
};

/* Removes what is in the folder. Whoever took a worker over makes folders as deep as he likes. */
static void empty_folder(DIR *folder, int depth, struct moving *moving)
{
    for (const char *entry; (entry = next_name(folder)) != NULL;) {
        if (unlinkat(dirfd(folder), entry, 0) == 0) {
            continue;
        }
        DIR *inner = depth > 0 ? open_folder(dirfd(folder), entry) : NULL;
        if (inner != NULL) {
            empty_folder(inner, depth - 1, moving);
            closedir(inner);
        }
        char name[64];
        snprintf(name, sizeof name, "deep.%016" PRIx64 ".%u", moving->secret, moving->count);
        if (unlinkat(dirfd(folder), entry, AT_REMOVEDIR) != 0 && depth == 0 &&
            renameat(dirfd(folder), entry, moving->top, name) == 0) {
            moving->count++;
        }
    }
}

static void remove_folder(int parent, const char *name)
{
    struct moving moving = {.count = 0};
    unsigned before;
    fh_entropy(&moving.secret, sizeof moving.secret);
    do {
        DIR *folder = open_folder(parent, name);
        if (folder == NULL) {
            return;
        }
        before = moving.count;
        moving.top = dirfd(folder);
        empty_folder(folder, DEPTH_MAX, &moving);
        closedir(folder);
    } while (moving.count != before);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

void fh_spill_remove(const char *folder)
{
    if (folder[0] != '\0') {
        remove_folder(AT_FDCWD, folder);
    }
}

void fh_spill_remove_left(const char *root, const char *prefix)
{
    DIR *folder = opendir(root);
    if (folder == NULL) {
        return;
    }
    for (const char *entry; (entry = next_name(folder)) != NULL;) {
        if (strncmp(entry, prefix, strlen(prefix)) == 0) {
            remove_folder(dirfd(folder), entry);
        }
    }
    closedir(folder);
}
