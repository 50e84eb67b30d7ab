/* SPDX-License-Identifier: Apache-2.0 */
#include "node/comparing.h"

#include "proto/governance/policy.h"

#include <stdio.h>
#include <string.h>

enum { LIST_BYTES = FH_POLICY_FILTER_BYTES_MAX };

static void put_change(struct fh_comparing *c,
                       const char *about,
                       const char *before,
                       const char *after,
                       const char *why,
                       bool breaks)
{
    c->change.about = fh_bytes_cstr(about);
    c->change.before = fh_bytes_cstr(before);
    c->change.after = fh_bytes_cstr(after);
    c->change.why = fh_bytes_cstr(why);
    c->change.breaks = breaks;
    fh_msg_change_add(&c->changes, &c->change);
    c->count++;
}

static bool is_used(const struct fh_comparing *c, const char *column)
{
    bool used = c->columns == NULL;
    for (uint32_t i = 0; i < c->column_count && !used; i++) {
        used = strcmp(c->columns[i], column) == 0 || strcmp(c->columns[i], "*") == 0;
    }
    return used;
}

static void compare_column(struct fh_comparing *c,
                           uint32_t table,
                           uint32_t column,
                           const struct fh_access_decision *before,
                           const struct fh_access_decision *after)
{
    const struct fh_access_table *of = &c->product->tables[table];
    const struct fh_view_column old = fh_view_column_at(&before->tables[table].view, column);
    const struct fh_view_column new = fh_view_column_at(&after->tables[table].view, column);
    char about[FH_NAME_BYTES_MAX + FH_COLUMN_NAME_BYTES_MAX + 16];
    char was[FH_MASK_TEXT_BYTES];
    char is[FH_MASK_TEXT_BYTES];
    char why[FH_ACCESS_WHY_BYTES];
    if (old.hidden == new.hidden && (old.hidden || fh_mask_equal(&old.mask, &new.mask))) {
        return;
    }
    snprintf(about, sizeof about, "%s.%s", of->name, of->columns[column].name);
    fh_view_column_text(was, &old);
    fh_view_column_text(is, &new);
    fh_access_why_text(why, &after->tables[table].why[column]);
    put_change(c, about, was, is, why, false);
}

/* Which system of groups, as equal ones are equal: "groups of 10 at least by region, placed". */
static void list_groups(char out[LIST_BYTES],
                        const struct fh_view_group *group,
                        const struct fh_access_table *table)
{
    size_t at = 0;
    bool first = true;
    out[0] = '\0';
    if (group != NULL) {
        at = (size_t)snprintf(out, LIST_BYTES, "groups of %u at least", group->size);
    }
    for (size_t i = 0; group != NULL && i < table->column_count && at < LIST_BYTES; i++) {
        if (group->columns[i].part == FH_GROUP_DIMENSION) {
            char unit[FH_MASK_TEXT_BYTES];
            fh_mask_text(unit, &group->columns[i].unit);
            bool whole = group->columns[i].unit.kind == FH_MASK_NONE;
            at += (size_t)snprintf(out + at,
                                   LIST_BYTES - at,
                                   "%s%s%s%s",
                                   first ? " by " : ", ",
                                   table->columns[i].name,
                                   whole ? "" : " ",
                                   whole ? "" : unit);
            first = false;
        }
    }
}

static void list_filters(char out[LIST_BYTES], const struct fh_view *view)
{
    size_t at = 0;
    snprintf(out, LIST_BYTES, "%s", view->filter_count == 0 ? "all" : "");
    for (uint32_t i = 0; i < view->filter_count && at < LIST_BYTES; i++) {
        at += (size_t)snprintf(
            out + at, LIST_BYTES - at, "%s%s", i == 0 ? "" : " AND ", view->filters[i]);
    }
}

static void compare_rows(struct fh_comparing *c,
                         uint32_t table,
                         const struct fh_access_decision *before,
                         const struct fh_access_decision *after)
{
    const struct fh_view *old = &before->tables[table].view;
    const struct fh_view *new = &after->tables[table].view;
    char about[FH_NAME_BYTES_MAX + 16];
    bool same = old->filter_count == new->filter_count;
    for (uint32_t i = 0; i < old->filter_count && same; i++) {
        same = strcmp(old->filters[i], new->filters[i]) == 0; /* both are sorted */
    }
    char *was = same ? NULL : fh_arena_alloc(c->arena, LIST_BYTES);
    char *is = same ? NULL : fh_arena_alloc(c->arena, LIST_BYTES);
    if (was != NULL && is != NULL) {
        snprintf(about, sizeof about, "rows of %s", c->product->tables[table].name);
        list_filters(was, old);
        list_filters(is, new);
        put_change(c, about, was, is, "", false);
    }
}

static void compare_groups(struct fh_comparing *c,
                           uint32_t table,
                           const struct fh_access_decision *before,
                           const struct fh_access_decision *after)
{
    const struct fh_access_table *of = &c->product->tables[table];
    char about[FH_NAME_BYTES_MAX + 16];
    char *was = fh_arena_alloc(c->arena, LIST_BYTES);
    char *is = fh_arena_alloc(c->arena, LIST_BYTES);
    if (was == NULL || is == NULL) {
        return;
    }
    list_groups(was, before->tables[table].view.group, of);
    list_groups(is, after->tables[table].view.group, of);
    if (strcmp(was, is) != 0) {
        snprintf(about, sizeof about, "groups of %s", of->name);
        put_change(c,
                   about,
                   was[0] == '\0' ? "rows one by one" : was,
                   is[0] == '\0' ? "rows one by one" : is,
                   "",
                   false);
    }
}

/* A refusal, and by which rule. */
static void outcome_text(char out[FH_ERR_RULE_BYTES + 16], const struct fh_compared *judged)
{
    snprintf(out,
             FH_ERR_RULE_BYTES + 16,
             "%s%s",
             judged->code == FH_OK ? "allowed" : "refused: ",
             judged->code == FH_OK ? "" : judged->err.rule);
}

void fh_comparing_decisions(struct fh_comparing *c,
                            const struct fh_compared *before,
                            const struct fh_compared *after)
{
    char was[FH_ERR_RULE_BYTES + 16];
    char is[FH_ERR_RULE_BYTES + 16];
    outcome_text(was, before);
    outcome_text(is, after);
    if (strcmp(was, is) != 0) {
        put_change(c,
                   "access",
                   was,
                   is,
                   after->code == FH_OK ? "" : after->err.text,
                   before->code == FH_OK && after->code != FH_OK);
    }
    bool both = before->code == FH_OK && after->code == FH_OK;
    for (uint32_t t = 0; both && t < c->product->table_count; t++) {
        const struct fh_access_table *table = &c->product->tables[t];
        if (c->table != UINT32_MAX && c->table != t) {
            continue;
        }
        for (uint32_t i = 0; i < table->column_count; i++) {
            if (is_used(c, table->columns[i].name)) {
                compare_column(c, t, i, &before->decided, &after->decided);
            }
        }
        compare_rows(c, t, &before->decided, &after->decided);
        compare_groups(c, t, &before->decided, &after->decided);
    }
}

/* Of two versions of a policy the same text is said with another version: rule and place count. */
static bool has_finding(const struct fh_findings *findings, const struct fh_finding *wanted)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->items[i].rule, wanted->rule) == 0 &&
            strcmp(findings->items[i].path, wanted->path) == 0) {
            return true;
        }
    }
    return false;
}

void fh_comparing_findings(struct fh_comparing *c,
                           const struct fh_findings *before,
                           const struct fh_findings *after)
{
    static const char fine[] = "as it must be";
    snprintf(c->change.whom, sizeof c->change.whom, "its next version");
    for (size_t i = 0; i < after->count; i++) {
        if (!has_finding(before, &after->items[i])) {
            put_change(c, "contract", fine, after->items[i].message, after->items[i].path, true);
        }
    }
    for (size_t i = 0; i < before->count; i++) {
        if (!has_finding(after, &before->items[i])) {
            put_change(c, "contract", before->items[i].message, fine, before->items[i].path, false);
        }
    }
}
