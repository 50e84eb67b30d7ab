/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/scratch.h"

#include "common/assert.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct test_scratch test_scratch_make(void)
{
    struct test_scratch scratch;
    const char *root = getenv("TMPDIR");
    if (root == NULL || strlen(root) > 40) {
        root = "/tmp";
    }
    snprintf(scratch.path, sizeof scratch.path, "%s/fh-test.XXXXXX", root);
    FH_ASSERT(mkdtemp(scratch.path) != NULL);
    return scratch;
}

/* Depth is that of a home: a folder in a folder. */
static void remove_tree(const char *path)
{
    chmod(path, 0700);
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char child[4096];
        struct stat st;
        snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        if (lstat(child, &st) == 0 && S_ISDIR(st.st_mode)) {
            remove_tree(child);
        } else {
            unlink(child);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    rmdir(path);
}

void test_scratch_remove(const struct test_scratch *scratch)
{
    remove_tree(scratch->path);
}

const char *
test_scratch_path(char *out, size_t size, const struct test_scratch *scratch, const char *name)
{
    int length = snprintf(out, size, "%s/%s", scratch->path, name);
    FH_ASSERT(length > 0 && (size_t)length < size);
    return out;
}
