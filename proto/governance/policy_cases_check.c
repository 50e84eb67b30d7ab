/* SPDX-License-Identifier: Apache-2.0 */
/* What happened in a case, against what is meant to. */
#include "common/time.h"
#include "proto/governance/grant.h"
#include "proto/governance/policy_cases_running.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 1024, DATE_CHARACTERS = 10 };

static void miss(struct fh_case_running *r,
                 const struct fh_case_expect *expect,
                 const char *about,
                 const char *expected,
                 const char *happened,
                 const char *why)
{
    struct fh_case_miss *one = fh_case_allocate(r, 1, sizeof *one);
    if (one != NULL) {
        *one = (struct fh_case_miss){.line = expect->line,
                                     .about = fh_case_keep(r, about),
                                     .expected = fh_case_keep(r, expected),
                                     .happened = fh_case_keep(r, happened),
                                     .why = fh_case_keep(r, why)};
        *r->last = one;
        r->last = &one->next;
        r->miss_count++;
    }
}

static bool refuses_by(const struct fh_case_running *r, const char *rule)
{
    bool by = strcmp(r->rule, rule) == 0;
    for (size_t i = 0; i < r->broken.count && !by; i++) {
        by = strcmp(r->broken.items[i].rule, rule) == 0;
    }
    return by;
}

static void check_outcome(struct fh_case_running *r, const struct fh_case_expect *expect)
{
    bool wants_allowed = strcmp(expect->text, "allowed") == 0;
    bool wants_any = strcmp(expect->text, "refused") == 0;
    bool as_wanted =
        r->allowed ? wants_allowed : !wants_allowed && (wants_any || refuses_by(r, expect->text));
    char expected[TEXT_BYTES];
    char happened[TEXT_BYTES];
    if (!as_wanted) {
        snprintf(expected,
                 sizeof expected,
                 "%s%s",
                 wants_allowed || wants_any ? "" : "refused: ",
                 expect->text);
        snprintf(happened,
                 sizeof happened,
                 "%s%s",
                 r->allowed ? "allowed" : "refused: ",
                 r->allowed ? "" : r->rule);
        miss(r, expect, "outcome", expected, happened, r->allowed ? "" : r->text);
    }
}

/* The whole text, or its kind alone: "partial" is every partial mask. */
static bool is_seen(const struct fh_view_column *column, const char *expected)
{
    char text[FH_MASK_TEXT_BYTES];
    fh_view_column_text(text, column);
    return strcmp(text, expected) == 0 ||
           (!column->hidden && column->mask.kind != FH_MASK_NONE &&
            strcmp(fh_mask_kind_text(column->mask.kind), expected) == 0);
}

static void check_column(struct fh_case_running *r,
                         const struct fh_case_expect *expect,
                         uint32_t table,
                         uint32_t column)
{
    const struct fh_view_column seen = fh_view_column_at(&r->decided.tables[table].view, column);
    const struct fh_access_why *why = &r->decided.tables[table].why[column];
    char about[TEXT_BYTES];
    char happened[FH_MASK_TEXT_BYTES];
    char reason[FH_ACCESS_WHY_BYTES];
    if (is_seen(&seen, expect->text)) {
        return;
    }
    fh_view_column_text(happened, &seen);
    snprintf(about,
             sizeof about,
             "%.255s.%.255s",
             r->product->tables[table].name,
             r->product->tables[table].columns[column].name);
    fh_access_why_text(reason, why);
    if (why->policy == NULL) {
        snprintf(reason, sizeof reason, "%s", seen.hidden ? "outside the grant" : "no rule");
    }
    miss(r, expect, about, expect->text, happened, reason);
}

/* Whether a column of what is read is the one that an expectation names. */
static bool names(const struct fh_case_running *r,
                  const struct fh_case_expect *expect,
                  uint32_t table,
                  uint32_t column)
{
    const struct fh_access_table *of = &r->product->tables[table];
    const char *dot = strchr(expect->column, '.');
    bool whole = dot != NULL && strlen(of->name) == (size_t)(dot - expect->column) &&
                 memcmp(of->name, expect->column, strlen(of->name)) == 0 &&
                 strcmp(of->columns[column].name, dot + 1) == 0;
    return whole || strcmp(of->columns[column].name, expect->column) == 0;
}

static void check_named(struct fh_case_running *r, const struct fh_case_expect *expect)
{
    uint32_t found = 0;
    for (uint32_t t = 0; t < r->product->table_count; t++) {
        for (uint32_t c = 0; r->reads[t] != NULL && c < r->product->tables[t].column_count; c++) {
            if (names(r, expect, t, c)) {
                found++;
                check_column(r, expect, t, c);
            }
        }
    }
    if (found == 0 && r->failed == FH_OK) {
        r->failed = fh_err_rule(r->err,
                                FH_EINVAL,
                                "case.column",
                                "line %u: no table that is read has a column %s",
                                expect->line,
                                expect->column);
    }
}

static bool is_named(const struct fh_case_running *r, uint32_t table, uint32_t column)
{
    for (uint32_t i = 0; i < r->one->expect_count; i++) {
        const struct fh_case_expect *expect = &r->one->expects[i];
        if (expect->about == FH_CASE_COLUMN && names(r, expect, table, column)) {
            return true;
        }
    }
    return false;
}

static void check_others(struct fh_case_running *r, const struct fh_case_expect *expect)
{
    for (uint32_t t = 0; t < r->product->table_count; t++) {
        for (uint32_t c = 0; r->reads[t] != NULL && c < r->product->tables[t].column_count; c++) {
            if (r->reads[t][c] && !is_named(r, t, c)) {
                check_column(r, expect, t, c);
            }
        }
    }
}

/* ---- lists ---- */

struct texts {
    uint32_t count;
    const char **items;
};

static bool has_text(const struct texts *texts, const char *text)
{
    for (uint32_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static void add_text(struct texts *texts, const char *text)
{
    if (!has_text(texts, text)) {
        texts->items[texts->count++] = text;
    }
}

static void
list_texts(char out[TEXT_BYTES], const char *const *items, size_t count, const char *none)
{
    size_t at = 0;
    snprintf(out, TEXT_BYTES, "%s", count == 0 ? none : "");
    for (size_t i = 0; i < count && at < TEXT_BYTES; i++) {
        at += (size_t)snprintf(out + at, TEXT_BYTES - at, "%s%s", i == 0 ? "" : "; ", items[i]);
    }
}

/* Both say the same, in any order; `none` is what an empty list means. */
static void check_texts(struct fh_case_running *r,
                        const struct fh_case_expect *expect,
                        const struct texts *happened,
                        const char *none)
{
    bool same = happened->count == expect->texts.count;
    for (size_t i = 0; i < expect->texts.count && same; i++) {
        same = has_text(happened, expect->texts.items[i]);
    }
    if (!same) {
        char wanted[TEXT_BYTES];
        char found[TEXT_BYTES];
        list_texts(wanted, expect->texts.items, expect->texts.count, none);
        list_texts(found, happened->items, happened->count, none);
        miss(r, expect, fh_case_about_text(expect->about), wanted, found, "");
    }
}

static void check_rows(struct fh_case_running *r, const struct fh_case_expect *expect)
{
    struct texts filters = {.count = 0};
    size_t most = 0;
    for (uint32_t t = 0; t < r->decided.table_count; t++) {
        most += r->decided.tables[t].view.filter_count;
    }
    filters.items = fh_case_allocate(r, most, sizeof *filters.items);
    for (uint32_t t = 0; filters.items != NULL && t < r->decided.table_count; t++) {
        const struct fh_view *view = &r->decided.tables[t].view;
        for (uint32_t i = 0; r->reads[t] != NULL && i < view->filter_count; i++) {
            add_text(&filters, view->filters[i]);
        }
    }
    check_texts(r, expect, &filters, "all");
}

static bool is_served_by_all(const struct fh_case_running *r, const char *purpose)
{
    const struct fh_grant_held *grant = r->decided.grant;
    bool served = grant == NULL || grant->grant.purposes.count == 0 ||
                  fh_text_list_has(&grant->grant.purposes, purpose);
    for (uint32_t i = 0; i < r->decided.policy_count && served; i++) {
        const struct fh_contract_strings *purposes = &r->decided.policies[i]->policy->purposes;
        const struct texts list = {.count = (uint32_t)purposes->count, .items = purposes->items};
        served = list.count == 0 || has_text(&list, purpose);
    }
    return served;
}

/* What every policy and the grant serve; none names any: any. */
static void check_purposes(struct fh_case_running *r, const struct fh_case_expect *expect)
{
    const struct fh_grant_held *grant = r->decided.grant;
    struct texts purposes = {.count = 0};
    size_t most = grant == NULL ? 0 : grant->grant.purposes.count;
    for (uint32_t i = 0; i < r->decided.policy_count; i++) {
        most += r->decided.policies[i]->policy->purposes.count;
    }
    purposes.items = fh_case_allocate(r, most, sizeof *purposes.items);
    for (uint32_t i = 0; purposes.items != NULL && grant != NULL && i < grant->grant.purposes.count;
         i++) {
        if (is_served_by_all(r, grant->grant.purposes.texts[i])) {
            add_text(&purposes, grant->grant.purposes.texts[i]);
        }
    }
    for (uint32_t i = 0; purposes.items != NULL && i < r->decided.policy_count; i++) {
        const struct fh_contract_strings *named = &r->decided.policies[i]->policy->purposes;
        for (size_t k = 0; k < named->count; k++) {
            if (is_served_by_all(r, named->items[k])) {
                add_text(&purposes, named->items[k]);
            }
        }
    }
    check_texts(r, expect, &purposes, "any");
}

static void check_policies(struct fh_case_running *r, const struct fh_case_expect *expect)
{
    struct texts names = {.items =
                              fh_case_allocate(r, r->decided.policy_count, sizeof *names.items)};
    for (uint32_t i = 0; names.items != NULL && i < r->decided.policy_count; i++) {
        add_text(&names, r->decided.policies[i]->name);
    }
    check_texts(r, expect, &names, "none");
}

/* ---- single values ---- */

static void
check_number(struct fh_case_running *r, const struct fh_case_expect *expect, uint64_t happened)
{
    char wanted[32] = "none";
    char found[32] = "none";
    if (expect->number == happened) {
        return;
    }
    if (expect->about == FH_CASE_WAIVED) {
        snprintf(wanted, sizeof wanted, "%s", expect->number != 0 ? "true" : "false");
        snprintf(found, sizeof found, "%s", happened != 0 ? "true" : "false");
    } else {
        if (expect->number > 0) {
            snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)expect->number);
        }
        if (happened > 0) {
            snprintf(found, sizeof found, "%llu", (unsigned long long)happened);
        }
    }
    miss(r, expect, fh_case_about_text(expect->about), wanted, found, "");
}

/* A date is any time of that day. */
static void check_until(struct fh_case_running *r, const struct fh_case_expect *expect)
{
    char happened[FH_TIME_TEXT_BYTES] = "never";
    int64_t wanted = INT64_MAX;
    bool never = r->decided.until_ms == INT64_MAX;
    bool same = never && strcmp(expect->text, "never") == 0;
    if (!never) {
        fh_time_text(happened, r->decided.until_ms);
        bool date = strlen(expect->text) == DATE_CHARACTERS;
        same = date ? strncmp(happened, expect->text, DATE_CHARACTERS) == 0
                    : fh_time_parse(expect->text, &wanted) &&
                          wanted / 1000 == r->decided.until_ms / 1000;
    }
    if (!same) {
        miss(r, expect, "until", expect->text, happened, "");
    }
}

static void check_by(struct fh_case_running *r, const struct fh_case_expect *expect)
{
    static const char *const words[FH_ACCESS_BY_COUNT] = {
        [FH_ACCESS_OWN] = "own", [FH_ACCESS_OPEN] = "open", [FH_ACCESS_GRANT] = "grant"};
    if (strcmp(words[r->decided.by], expect->text) != 0) {
        miss(r, expect, "by", expect->text, words[r->decided.by], "");
    }
}

static void check_expect(struct fh_case_running *r, const struct fh_case_expect *expect)
{
    switch (expect->about) {
    case FH_CASE_COLUMN:
        check_named(r, expect);
        break;
    case FH_CASE_OTHERS:
        check_others(r, expect);
        break;
    case FH_CASE_ROWS:
        check_rows(r, expect);
        break;
    case FH_CASE_PURPOSES:
        check_purposes(r, expect);
        break;
    case FH_CASE_POLICIES:
        check_policies(r, expect);
        break;
    case FH_CASE_ROWS_PER_DAY:
        check_number(r, expect, r->decided.rows_per_day);
        break;
    case FH_CASE_QUERIES_PER_HOUR:
        check_number(r, expect, r->decided.queries_per_hour);
        break;
    case FH_CASE_WAIVED:
        check_number(r, expect, r->decided.waiver_count > 0 ? 1 : 0);
        break;
    case FH_CASE_UNTIL:
        check_until(r, expect);
        break;
    case FH_CASE_BY:
        check_by(r, expect);
        break;
    case FH_CASE_OUTCOME: /* looked at already */
    case FH_CASE_ABOUT_COUNT:
        break;
    }
}

/* The outcome first: where it is another one, nothing else can be as expected. */
void fh_case_check(struct fh_case_running *r)
{
    const struct fh_case_expect *first = &r->one->expects[0];
    struct fh_case_expect implied = {.about = FH_CASE_OUTCOME, .line = first->line};
    implied.text = "allowed";
    check_outcome(r, first->about == FH_CASE_OUTCOME ? first : &implied);
    for (uint32_t i = 0; r->failed == FH_OK && r->allowed && i < r->one->expect_count; i++) {
        check_expect(r, &r->one->expects[i]);
    }
}
