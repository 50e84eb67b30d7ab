/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/review.h"

#include "tools/cli/output.h"

#include <inttypes.h>
#include <string.h>

void fh_review_text(struct fh_buf *out, const char *text)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf visible;
    fh_buf_init(&visible, 64 * 1024);
    fh_output_visible(&visible, fh_bytes_cstr(text));
    for (const char *at = fh_buf_cstr(&visible); *at != '\0'; at++) {
        if (*at == '<') {
            fh_buf_add_cstr(out, "&lt;");
        } else if (*at == '&') {
            fh_buf_add_cstr(out, "&amp;");
        } else if (*at == '@') {
            fh_buf_add_cstr(out, "&#64;"); /* names nobody */
        } else {
            if (strchr("\\`*_{}[]()#+!|~>$", *at) != NULL) {
                fh_buf_add_u8(out, '\\');
            }
            fh_buf_add_u8(out, (uint8_t)*at);
        }
    }
}

static void put_row(
    struct fh_buf *out, const char *outcome, const char *where, const char *text, const char *rule)
{
    fh_buf_printf(out, "| %s | ", outcome);
    fh_review_text(out, where);
    fh_buf_add_cstr(out, " | ");
    fh_review_text(out, text);
    fh_buf_add_cstr(out, " | ");
    fh_review_text(out, rule);
    fh_buf_add_cstr(out, " |\n");
}

static void put_lint(struct fh_buf *out, const struct fh_findings *findings, bool is_policy)
{
    if (findings->errors + findings->warnings == 0) {
        put_row(out,
                "passed",
                is_policy ? "policy" : "contract",
                is_policy ? "every rule, against every product that it governs"
                          : "the standard and every rule for publishing",
                "");
    }
    for (size_t i = 0; i < findings->count; i++) {
        const struct fh_finding *finding = &findings->items[i];
        char where[FH_ERR_TEXT_BYTES];
        snprintf(where,
                 sizeof where,
                 "line %" PRIu32 "%s%.400s",
                 finding->line,
                 finding->path[0] == '\0' ? "" : ": ",
                 finding->path);
        put_row(out,
                finding->severity == FH_SEVERITY_ERROR ? "**failed**" : "warning",
                where,
                finding->message,
                finding->rule);
    }
    size_t all = findings->errors + findings->warnings;
    if (all > findings->count) {
        fh_buf_printf(out, "| | | %zu more are not listed | |\n", all - findings->count);
    }
}

static void put_data(struct fh_buf *out, const struct fh_review *review)
{
    bool failed = false;
    for (size_t i = 0; i < review->data_count; i++) {
        const struct fh_msg_finding *finding = &review->data[i];
        char where[2 * sizeof finding->table + 2];
        snprintf(where,
                 sizeof where,
                 "%s%s%s",
                 finding->table,
                 finding->column[0] == '\0' ? "" : ".",
                 finding->column);
        put_row(out, finding->error ? "**failed**" : "note", where, finding->text, finding->rule);
        failed = failed || finding->error;
    }
    if (review->failure == NULL && !failed) {
        put_row(out, "passed", "data", "every promise that is checked before publishing", "");
    }
}

static void put_changes(struct fh_buf *out, const char *since, const struct fh_compat *compat)
{
    fh_buf_add_cstr(out, "\nChanges since ");
    fh_review_text(out, since);
    if (compat->count == 0) {
        fh_buf_add_cstr(out, ": none.\n");
        return;
    }
    fh_buf_printf(out,
                  ": they need %s%s version.\n\n"
                  "| change | where | readers | stored data | needs | rule |\n"
                  "|---|---|---|---|---|---|\n",
                  compat->needed == FH_BUMP_NONE ? "no other" : "a ",
                  compat->needed == FH_BUMP_NONE ? "" : fh_bump_text(compat->needed));
    for (size_t i = 0; i < compat->count; i++) {
        const struct fh_change *change = compat->items[i].change;
        const struct fh_compat_rule *rule = compat->items[i].rule;
        fh_buf_printf(out, "| %s | ", fh_change_kind_text(change->kind));
        fh_review_text(out, change->path);
        fh_buf_printf(out,
                      " | %s | %s | %s | ",
                      fh_compat_verdict_text(rule->reader),
                      fh_compat_verdict_text(rule->stored),
                      fh_bump_text(rule->bump));
        fh_review_text(out, rule->id);
        fh_buf_add_cstr(out, " |\n");
    }
}

void fh_review_add(struct fh_buf *out, const struct fh_review *review)
{
    fh_buf_add_cstr(out, "### ");
    fh_review_text(out, review->product[0] == '\0' ? review->path : review->product);
    fh_buf_printf(out,
                  ": %s\n\n",
                  review->failure != NULL ? "refused"
                  : review->dry_run       ? "can be published"
                                          : "published");
    fh_buf_add_cstr(out, "File ");
    fh_review_text(out, review->path);
    if (review->previous[0] != '\0') {
        fh_buf_add_cstr(out, ", follows version ");
        fh_review_text(out, review->previous);
    } else if (review->failure == NULL) {
        fh_buf_add_cstr(out, ", the first version");
    }
    fh_buf_add_cstr(out, ".\n\n| outcome | where | what | rule |\n|---|---|---|---|\n");
    if (review->lint != NULL) {
        put_lint(out, review->lint, review->is_policy);
    }
    if (!review->is_policy) {
        put_data(out, review);
    }
    if (review->changes != NULL) {
        put_changes(out, review->since, review->changes);
    }
    if (review->failure != NULL) {
        fh_buf_add_cstr(out, "\n**");
        fh_review_text(out, review->failure->text);
        fh_buf_add_cstr(out, "**");
        if (review->failure->rule[0] != '\0') {
            fh_buf_add_cstr(out, " (");
            fh_review_text(out, review->failure->rule);
            fh_buf_add_cstr(out, ")");
        }
        fh_buf_add_cstr(out, "\n");
    }
    fh_buf_add_u8(out, '\n');
}
