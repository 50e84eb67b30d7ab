/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/changes.h"

#include <string.h>

enum { VALUE_BYTES = 40 }; /* of a value in a table; JSON and CSV have all of it */

/* A value as a table shows it: one line, cut. */
static void put_value(struct fh_output *output, enum fh_output_format format, const char *text)
{
    if (text == NULL) {
        fh_output_null(output);
        return;
    }
    size_t size = strlen(text);
    if (format != FH_OUTPUT_TABLE || size <= VALUE_BYTES) {
        fh_output_text(output, text);
        return;
    }
    size = VALUE_BYTES - 3;
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
        size--;
    }
    char cut[VALUE_BYTES + 1];
    snprintf(cut, sizeof cut, "%.*s...", (int)size, text);
    fh_output_text(output, cut);
}

int fh_changes_put(struct fh_cli *cli, const struct fh_compat *compat, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"change", FH_OUTPUT_TEXT},
        {"path", FH_OUTPUT_TEXT},
        {"reader", FH_OUTPUT_TEXT},
        {"stored", FH_OUTPUT_TEXT},
        {"bump", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"before", FH_OUTPUT_TEXT},
        {"after", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < compat->count; i++) {
        const struct fh_change *change = compat->items[i].change;
        const struct fh_compat_rule *rule = compat->items[i].rule;
        fh_output_text(output, fh_change_kind_text(change->kind));
        fh_output_text(output, change->path);
        fh_output_text(output, fh_compat_verdict_text(rule->reader));
        fh_output_text(output, fh_compat_verdict_text(rule->stored));
        fh_output_text(output, fh_bump_text(rule->bump));
        fh_output_text(output, rule->id);
        put_value(output, cli->format, change->before);
        put_value(output, cli->format, change->after);
    }
    return fh_output_end(output, err);
}

void fh_changes_say(struct fh_cli *cli, const struct fh_compat *compat)
{
    struct fh_buf line FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&line, 16 * 1024);
    for (size_t i = 0; i < compat->count; i++) {
        const struct fh_compat_rule *rule = compat->items[i].rule;
        fh_buf_reset(&line);
        fh_buf_printf(&line, "%s: ", fh_bump_text(rule->bump));
        fh_output_visible(&line, fh_bytes_cstr(compat->items[i].change->path));
        fh_buf_printf(&line, ": %s [%s]", rule->sentence, rule->id);
        fh_cli_say(cli, "%s", fh_buf_cstr(&line));
    }
}

int fh_changes_judge(struct fh_cli *cli,
                     const struct fh_contract *before,
                     const struct fh_contract *after,
                     const struct fh_compat *compat,
                     struct fh_err *err)
{
    struct fh_semver old;
    struct fh_semver new;
    int code = fh_semver_parse(&old, before->version, err);
    if (code == FH_OK) {
        code = fh_semver_parse(&new, after->version, err);
    }
    if (code != FH_OK) {
        return fh_err_wrap(err, "whether the version rises far enough cannot be told");
    }
    if (compat->needed == FH_BUMP_NONE) {
        fh_cli_say(cli, "no change that needs another version");
        return FH_OK;
    }
    char least[FH_VERSION_BYTES_MAX + 1];
    fh_version_enough(least, &old, compat->needed);
    if (fh_version_is_enough(&old, &new, compat->needed)) {
        fh_cli_say(cli,
                   "%s change from %s: %s is enough%s",
                   fh_bump_text(compat->needed),
                   before->version,
                   after->version,
                   old.prerelease.size > 0 ? " (a pre-release promises nothing)"
                   : new.major > old.major && compat->reader_breaking == 0
                       ? " (no reader breaks: the same major would do)"
                       : "");
        return FH_OK;
    }
    if (fh_semver_compare(&new, &old) > 0) {
        return fh_versions_allow(before, after, compat, err);
    }
    return fh_err_rule(err,
                       FH_ECHECK,
                       "contract.version.bump_too_small",
                       "%s change from %s: %s is not enough, it must be %s or greater",
                       fh_bump_text(compat->needed),
                       before->version,
                       after->version,
                       least);
}
