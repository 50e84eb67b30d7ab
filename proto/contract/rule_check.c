/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/rule_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct fh_doc_node *fh_rule_place(const struct fh_doc_node *section, const char *key)
{
    const struct fh_doc_node *child = fh_doc_get(section, key);
    return child == NULL ? section : child;
}

void fh_rule_report(const struct fh_rule_check *check,
                    enum fh_severity severity,
                    const struct fh_doc_node *at,
                    const char *path,
                    const char *rule,
                    const char *format,
                    ...)
{
    char message[FH_ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fh_findings_add(check->findings, severity, at->line, at->column, path, rule, "%s", message);
}

/* --- unique names --- */

struct entry {
    const char *name;
    const struct fh_doc_node *at;
    size_t index;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    int order = strcasecmp(left->name, right->name);
    if (order != 0) {
        return order;
    }
    return left->index < right->index ? -1 : left->index > right->index;
}

void fh_rule_unique(const struct fh_rule_check *check,
                    const void *items,
                    size_t count,
                    size_t size,
                    size_t offset,
                    const char *path,
                    const char *key)
{
    if (count < 2) {
        return;
    }
    struct entry *entries = fh_arena_array(check->findings->arena, count, sizeof *entries);
    if (entries == NULL) {
        check->findings->failed = FH_ENOMEM;
        return;
    }
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *item = (const uint8_t *)items + i * size;
        const struct fh_doc_node *node;
        const char *name;
        memcpy(&node, item, sizeof node);
        memcpy(&name, item + offset, sizeof name);
        if (name != NULL) {
            entries[used++] = (struct entry){name, fh_rule_place(node, key), i};
        }
    }
    qsort(entries, used, sizeof *entries, compare_entries);
    for (size_t i = 1; i < used; i++) {
        if (strcasecmp(entries[i].name, entries[i - 1].name) == 0) {
            char full[FH_RULE_PATH_BYTES];
            snprintf(full, sizeof full, "%.180s[%zu].%s", path, entries[i].index, key);
            fh_rule_report(check,
                           FH_SEVERITY_ERROR,
                           entries[i].at,
                           full,
                           "contract.unique",
                           "\"%.64s\" occurs twice in %s (upper and lower case count as equal)",
                           entries[i].name,
                           path);
        }
    }
}
