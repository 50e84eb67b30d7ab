/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/finding.h"

#include "common/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fh_findings_init(struct fh_findings *findings, struct fh_arena *arena)
{
    *findings = (struct fh_findings){.arena = arena};
}

/* Room for one more in `items`, which doubles inside the arena; false when there is no memory. */
static bool reserve(struct fh_findings *findings)
{
    if (findings->count < findings->capacity) {
        return true;
    }
    size_t capacity = findings->capacity == 0 ? 8 : 2 * findings->capacity;
    struct fh_finding *items = fh_arena_array(findings->arena, capacity, sizeof *items);
    if (items == NULL) {
        return false;
    }
    if (findings->count > 0) {
        memcpy(items, findings->items, findings->count * sizeof *items);
    }
    findings->items = items;
    findings->capacity = capacity;
    return true;
}

static bool is_advice(const struct fh_findings *findings, const char *rule)
{
    for (size_t i = 0; findings->advice != NULL && findings->advice[i] != NULL; i++) {
        if (strcmp(findings->advice[i], rule) == 0) {
            return true;
        }
    }
    return false;
}

void fh_findings_add(struct fh_findings *findings,
                     enum fh_severity severity,
                     uint32_t line,
                     uint32_t column,
                     const char *path,
                     const char *rule,
                     const char *format,
                     ...)
{
    if (is_advice(findings, rule)) {
        severity = FH_SEVERITY_WARNING;
    }
    *(severity == FH_SEVERITY_ERROR ? &findings->errors : &findings->warnings) += 1;
    if (findings->count >= FH_FINDINGS_MAX) {
        return;
    }
    char message[FH_ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    char *path_copy = fh_arena_strdup(findings->arena, path);
    char *message_copy = fh_arena_strdup(findings->arena, message);
    if (path_copy == NULL || message_copy == NULL || !reserve(findings)) {
        findings->failed = FH_ENOMEM;
        return;
    }
    findings->items[findings->count++] = (struct fh_finding){.severity = severity,
                                                             .line = line,
                                                             .column = column,
                                                             .path = path_copy,
                                                             .rule = rule,
                                                             .message = message_copy};
}

void fh_findings_append(struct fh_findings *findings,
                        const struct fh_findings *from,
                        bool as_warnings)
{
    FH_ASSERT(findings->arena == from->arena);
    findings->errors += as_warnings ? 0 : from->errors;
    findings->warnings += from->warnings + (as_warnings ? from->errors : 0);
    for (size_t i = 0; i < from->count && findings->count < FH_FINDINGS_MAX; i++) {
        if (!reserve(findings)) {
            findings->failed = FH_ENOMEM;
            return;
        }
        struct fh_finding *added = &findings->items[findings->count++];
        *added = from->items[i];
        added->severity = as_warnings ? FH_SEVERITY_WARNING : added->severity;
    }
    findings->failed = findings->failed == FH_OK ? from->failed : findings->failed;
}

void fh_findings_sort(struct fh_findings *findings)
{
    /* Insertion: stable, and the list is short and nearly in order. */
    for (size_t i = 1; i < findings->count; i++) {
        struct fh_finding moved = findings->items[i];
        size_t at = i;
        for (; at > 0; at--) {
            const struct fh_finding *before = &findings->items[at - 1];
            if (before->line < moved.line ||
                (before->line == moved.line && before->column <= moved.column)) {
                break;
            }
            findings->items[at] = *before;
        }
        findings->items[at] = moved;
    }
}

int fh_findings_ok(const struct fh_findings *findings, struct fh_err *err)
{
    if (findings->failed != FH_OK) {
        return fh_err_set(err, findings->failed, "contract: no memory for the list of findings");
    }
    if (findings->errors == 0) {
        return FH_OK;
    }
    const struct fh_finding *first = NULL;
    for (size_t i = 0; i < findings->count && first == NULL; i++) {
        if (findings->items[i].severity == FH_SEVERITY_ERROR) {
            first = &findings->items[i];
        }
    }
    if (first == NULL) { /* warnings alone filled the list */
        return fh_err_set(
            err, FH_ECHECK, "contract: %zu errors after many warnings", findings->errors);
    }
    char place[64] = "";
    if (first->line > 0) {
        snprintf(place, sizeof place, "line %u, column %u: ", first->line, first->column);
    }
    char more[48] = "";
    if (findings->errors > 1) {
        snprintf(more, sizeof more, " (and %zu more)", findings->errors - 1);
    }
    return fh_err_rule(err,
                       FH_ECHECK,
                       first->rule,
                       "%s%s%s%.400s%s",
                       place,
                       first->path,
                       first->path[0] == '\0' ? "" : ": ",
                       first->message,
                       more);
}

const char *fh_severity_text(enum fh_severity severity)
{
    return severity == FH_SEVERITY_ERROR ? "error" : "warning";
}

enum { WORD_MAX = 40 };

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Optimal string alignment: insertions, deletions, replacements and swaps of neighbours. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD_MAX + 1];
    FH_ASSERT(b_size <= WORD_MAX);
    for (size_t j = 0; j <= b_size; j++) {
        rows[0][j] = j;
        rows[2][j] = 0;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *now = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            size_t best = above[j - 1] + (same ? 0 : 1);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]) && two_above[j - 2] + 1 < best) {
                best = two_above[j - 2] + 1;
            }
            now[j] = best;
        }
    }
    return rows[a_size % 3][b_size];
}

const char *fh_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t word_size = strnlen(word, WORD_MAX + 1);
    if (word_size > WORD_MAX) {
        return NULL;
    }
    const char *nearest = NULL;
    size_t nearest_distance = word_size / 3 + 1; /* a third of the letters may be wrong */
    for (size_t i = 0; i < count; i++) {
        size_t size = strnlen(candidates[i], WORD_MAX + 1);
        if (size > WORD_MAX) {
            continue;
        }
        size_t d = distance(word, word_size, candidates[i], size);
        if (d < nearest_distance || (d == nearest_distance && nearest == NULL)) {
            nearest = candidates[i];
            nearest_distance = d;
        }
    }
    return nearest;
}
