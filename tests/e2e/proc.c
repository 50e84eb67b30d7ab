/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/proc.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t fh_proc_number(const char *path, const char *key)
{
    char line[512];
    int64_t value = 0;
    FILE *file = fopen(path, "r");
    while (file != NULL && value == 0 && fgets(line, sizeof line, file) != NULL) {
        const char *at = strstr(line, key);
        value = at != NULL ? strtoll(at + strlen(key), NULL, 10) : 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

int64_t fh_proc_pss_kib(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    return fh_proc_number(path, "Pss:");
}

int64_t fh_proc_children_kib(pid_t parent)
{
    char path[300];
    int64_t sum = 0;
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
        if (pid > 0 && fh_proc_number(path, "PPid:") == parent) {
            sum += fh_proc_pss_kib(pid);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return sum;
}
