/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TASKS_MAX = 128,   /* threads of a worker: DuckDB's, and its own two */
    TEXT_BYTES = 4096, /* of a file of the kernel that is read */
};

static bool read_text(const char *path, char out[TEXT_BYTES])
{
    FILE *file = fopen(path, "re");
    size_t size = file == NULL ? 0 : fread(out, 1, TEXT_BYTES - 1, file);
    out[size] = '\0';
    if (file != NULL) {
        fclose(file);
    }
    return file != NULL;
}

static bool write_in(const char *group, const char *name, const char *text)
{
    char path[FH_CGROUP_PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/%s", group, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

bool fh_cgroup_find(char out[FH_CGROUP_PATH_BYTES], const char *proc_text, const char *root)
{
    static const char version_2[] = "0::";
    for (const char *line = proc_text; line != NULL && *line != '\0';) {
        size_t size = strcspn(line, "\n");
        if (strncmp(line, version_2, sizeof version_2 - 1) == 0) {
            const char *path = line + sizeof version_2 - 1;
            size_t length = size - (sizeof version_2 - 1);
            length -= length == 1 && *path == '/' ? 1 : 0;
            int n = snprintf(out, FH_CGROUP_PATH_BYTES, "%s%.*s", root, (int)length, path);
            return n > 0 && n < FH_CGROUP_PATH_BYTES && strstr(out, "/..") == NULL;
        }
        line = line[size] == '\0' ? NULL : line + size + 1;
    }
    return false;
}

bool fh_cgroup_own(char out[FH_CGROUP_PATH_BYTES])
{
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    char text[TEXT_BYTES];
    char path[FH_CGROUP_PATH_BYTES];
    for (size_t i = 0; i < FH_COUNT(mounts); i++) {
        snprintf(path, sizeof path, "%s/cgroup.controllers", mounts[i]);
        if (access(path, F_OK) == 0 && read_text("/proc/self/cgroup", text)) {
            return fh_cgroup_find(out, text, mounts[i]);
        }
    }
    return false;
}

static bool has_word(const char *text, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += size) {
        bool begins = at == text || at[-1] == ' ';
        if (begins && (at[size] == ' ' || at[size] == '\n' || at[size] == '\0')) {
            return true;
        }
    }
    return false;
}

bool fh_cgroup_delegated(const char *group)
{
    char path[FH_CGROUP_PATH_BYTES + 64];
    char text[TEXT_BYTES];
    snprintf(path, sizeof path, "%s/cgroup.controllers", group);
    if (!read_text(path, text) || !has_word(text, "memory") || !has_word(text, "pids")) {
        return false;
    }
    snprintf(path, sizeof path, "%s/cgroup.subtree_control", group);
    return access(group, W_OK) == 0 && access(path, W_OK) == 0;
}

static bool make_group(const char *path)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

bool fh_cgroup_divide(const char *group)
{
    char path[FH_CGROUP_PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/node", group);
    return make_group(path) && write_in(path, "cgroup.procs", "0") &&
           write_in(group, "cgroup.subtree_control", "+memory +pids");
}

static void worker_group(char *out, size_t size, const char *group, uint64_t number)
{
    snprintf(out, size, "%s/worker-%llu", group, (unsigned long long)number);
}

bool fh_cgroup_confine(const char *group, uint64_t number, int pid, uint32_t memory_mib)
{
    char path[FH_CGROUP_PATH_BYTES + 64];
    char memory[32];
    char process[16];
    char tasks[16];
    worker_group(path, sizeof path, group, number);
    /* Pages of the sources that it reads count too; the kernel takes those back first. */
    snprintf(memory, sizeof memory, "%llu", ((unsigned long long)memory_mib * 5 / 4 + 64) << 20);
    snprintf(process, sizeof process, "%d", pid);
    snprintf(tasks, sizeof tasks, "%d", TASKS_MAX);
    if (!make_group(path)) {
        return false;
    }
    bool good = write_in(path, "memory.max", memory) && write_in(path, "pids.max", tasks) &&
                write_in(path, "cgroup.procs", process);
    (void)write_in(path, "memory.swap.max", "0"); // not where swap is not counted
    if (!good) {
        fh_cgroup_remove(group, number);
    }
    return good;
}

void fh_cgroup_remove(const char *group, uint64_t number)
{
    char path[FH_CGROUP_PATH_BYTES + 64];
    worker_group(path, sizeof path, group, number);
    (void)rmdir(path);
}
