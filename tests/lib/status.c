/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t test_status_kib(int pid, const char *key)
{
    char path[64];
    char line[256];
    uint64_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            found = strtoull(line + strlen(key) + 1, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}
