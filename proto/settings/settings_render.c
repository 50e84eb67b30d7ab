/* SPDX-License-Identifier: Apache-2.0 */
/* freehold.yaml as `init` writes it: what is set as values, the rest as comments. */
#include "proto/settings/settings.h"

#include <stdio.h>

static const void *const_member_of(const struct fh_settings *settings,
                                   const struct fh_setting *setting)
{
    return (const char *)settings + setting->offset;
}

/* A YAML scalar in double quotes, which may hold anything that our values may. */
static void put_quoted(struct fh_buf *out, const char *text)
{
    fh_buf_add_u8(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\') {
            fh_buf_add_u8(out, '\\');
            fh_buf_add_u8(out, c);
        } else if (c < 0x20) {
            fh_buf_printf(out, "\\x%02x", c);
        } else {
            fh_buf_add_u8(out, c);
        }
    }
    fh_buf_add_u8(out, '"');
}

static void put_item(struct fh_buf *out, const char *before, const char *text, const char *after)
{
    fh_buf_add_cstr(out, before);
    put_quoted(out, text);
    fh_buf_add_cstr(out, after);
}

/* Whether it was written as a value; otherwise it stands at its default. */
static bool render_value(struct fh_buf *out,
                         const struct fh_settings *settings,
                         const struct fh_setting *setting,
                         const char *name)
{
    const void *member = const_member_of(settings, setting);
    if (setting->kind == FH_SETTING_COUNT_OF) {
        const uint64_t *value = member;
        if (*value == fh_setting_default(setting)) {
            return false;
        }
        fh_buf_printf(out, "%s: %llu\n", name, (unsigned long long)*value);
        return true;
    }
    if (setting->kind == FH_SETTING_SWITCH) {
        const bool *on = member;
        const char *text = *on ? "true" : "false";
        bool is_set = strcmp(text, setting->fallback) != 0;
        if (is_set) {
            fh_buf_printf(out, "%s: %s\n", name, text);
        }
        return is_set;
    }
    if (setting->kind == FH_SETTING_ADDRESSES || setting->kind == FH_SETTING_PATHS) {
        const struct fh_settings_addresses *addresses = member;
        const struct fh_settings_paths *paths = member;
        bool is_paths = setting->kind == FH_SETTING_PATHS;
        size_t count = is_paths ? paths->count : addresses->count;
        if (count > 0) {
            fh_buf_printf(out, "%s:\n", name);
        }
        for (size_t i = 0; i < count; i++) {
            put_item(out, "  - ", is_paths ? paths->items[i] : addresses->items[i], "\n");
        }
        return count > 0;
    }
    const char *text = member;
    if (strcmp(text, setting->fallback) == 0) {
        return false;
    }
    fh_buf_printf(out, "%s: ", name);
    put_item(out, "", text, "\n");
    return true;
}

void fh_settings_render(struct fh_buf *out, const struct fh_settings *settings)
{
    static const char prefix[] = "limits.";
    bool in_limits = false;
    FH_CLEANUP(fh_buf_fini) struct fh_buf notes;
    fh_buf_init(&notes, FH_SETTINGS_BYTES_MAX);
    fh_buf_add_cstr(out,
                    "# Settings of this Freehold node. Lines that begin with # show defaults.\n"
                    "# Environment variables and flags of freehold-node go before this file.\n");
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        const struct fh_setting *setting = &fh_settings_table[i];
        bool is_limit = strncmp(setting->key, prefix, sizeof prefix - 1) == 0;
        char name[128];
        snprintf(name,
                 sizeof name,
                 "%s%s",
                 is_limit ? "  " : "",
                 is_limit ? setting->key + sizeof prefix - 1 : setting->key);
        FH_CLEANUP(fh_buf_fini) struct fh_buf value;
        fh_buf_init(&value, FH_SETTINGS_BYTES_MAX);
        bool is_set = render_value(&value, settings, setting, name);
        struct fh_buf *to = is_limit && !is_set ? &notes : out;
        if (is_limit && is_set && !in_limits) {
            fh_buf_add_cstr(out, "\n# Limits may be lowered.\nlimits:\n");
            in_limits = true;
        }
        if (is_set) {
            if (is_limit) {
                fh_buf_printf(out, "  # %s (%s)\n", setting->help, setting->unit);
            } else {
                fh_buf_printf(out, "\n# %s\n", setting->help);
            }
            fh_buf_add_bytes(out, fh_buf_view(&value));
        } else if (is_limit) {
            fh_buf_printf(to,
                          "#%s: %llu  # %s (%s)\n",
                          name,
                          (unsigned long long)setting->most,
                          setting->help,
                          setting->unit);
        } else {
            fh_buf_printf(to, "\n# %s\n#%s: %s\n", setting->help, name, setting->fallback);
        }
    }
    if (!in_limits) {
        fh_buf_add_cstr(out, "\n# Limits may be lowered.\n#limits:\n");
    }
    fh_buf_add_bytes(out, fh_buf_view(&notes));
}
