/* SPDX-License-Identifier: Apache-2.0 */
#include "node/config.h"

#include "common/assert.h"
#include "common/file.h"
#include "common/mem.h"
#include "proto/contract/finding.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 64 };

static const char variable_prefix[] = "FREEHOLD_";

/* ---- flags ---- */

static const char flag_home[] = "home";
static const char flag_offline[] = "offline";
static const char flag_errand[] = "errand";
static const char flag_help[] = "help";
static const char flag_doctor[] = "doctor";

static size_t flag_names(const char *names[NAMES_MAX])
{
    size_t count = 0;
    names[count++] = flag_home;
    names[count++] = flag_offline;
    names[count++] = flag_errand;
    names[count++] = flag_help;
    names[count++] = flag_doctor;
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        FH_ASSERT(count < NAMES_MAX);
        names[count++] = fh_settings_table[i].flag;
    }
    return count;
}

static int unknown_flag(const char *argument, size_t size, struct fh_err *err)
{
    const char *names[NAMES_MAX];
    size_t count = flag_names(names);
    char name[FH_NAME_BYTES_MAX + 1];
    snprintf(
        name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name - 1), argument);
    const char *near = fh_nearest(name, names, count);
    return fh_err_rule(err,
                       FH_EUSAGE,
                       "config.flag",
                       "unknown flag --%s%s%s%s",
                       name,
                       near == NULL ? "; see --help" : "; did you mean --",
                       near == NULL ? "" : near,
                       near == NULL ? "" : "?");
}

static const struct fh_setting *setting_of_flag(const char *name, size_t size)
{
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        const char *flag = fh_settings_table[i].flag;
        if (strlen(flag) == size && memcmp(flag, name, size) == 0) {
            return &fh_settings_table[i];
        }
    }
    return NULL;
}

static bool is_flag(const char *name, size_t size, const char *flag)
{
    return strlen(flag) == size && memcmp(flag, name, size) == 0;
}

/* One parsed argument. */
struct argument {
    const char *name; /* after the dashes */
    size_t size;
    const char *value; /* NULL for those without */
    int used;          /* arguments taken */
};

static int
read_argument(struct argument *out, int argc, const char *const *argv, int at, struct fh_err *err)
{
    const char *text = argv[at];
    if (strncmp(text, "--", 2) != 0 || text[2] == '\0') {
        return fh_err_rule(err,
                           FH_EUSAGE,
                           "config.flag",
                           "unexpected argument \"%.64s\"; freehold-node takes flags only, see "
                           "--help",
                           text);
    }
    *out = (struct argument){.name = text + 2, .size = strcspn(text + 2, "="), .used = 1};
    bool is_bare = is_flag(out->name, out->size, flag_offline) ||
                   is_flag(out->name, out->size, flag_help) ||
                   is_flag(out->name, out->size, flag_doctor);
    bool has_value = out->name[out->size] == '=';
    if (!is_bare && !is_flag(out->name, out->size, flag_home) &&
        !is_flag(out->name, out->size, flag_errand) &&
        setting_of_flag(out->name, out->size) == NULL) {
        return unknown_flag(out->name, out->size, err);
    }
    if (is_bare && has_value) {
        return fh_err_rule(err, FH_EUSAGE, "config.flag", "--%s: takes no value", out->name);
    }
    if (has_value) {
        out->value = out->name + out->size + 1;
    } else if (!is_bare) {
        if (at + 1 >= argc) {
            return fh_err_rule(err, FH_EUSAGE, "config.flag", "--%s: needs a value", out->name);
        }
        out->value = argv[at + 1];
        out->used = 2;
    }
    return FH_OK;
}

/* First pass: what must be known before the file is read. */
static int scan_flags(struct fh_config *config,
                      const char **out_home,
                      int argc,
                      const char *const *argv,
                      struct fh_err *err)
{
    for (int at = 1; at < argc;) {
        struct argument argument;
        int code = read_argument(&argument, argc, argv, at, err);
        if (code != FH_OK) {
            return code;
        }
        bool errand = is_flag(argument.name, argument.size, flag_errand);
        if (errand || is_flag(argument.name, argument.size, flag_home)) {
            *out_home = argument.value;
        }
        config->errand |= errand;
        config->offline |= is_flag(argument.name, argument.size, flag_offline);
        config->help |= is_flag(argument.name, argument.size, flag_help);
        config->doctor |= is_flag(argument.name, argument.size, flag_doctor);
        at += argument.used;
    }
    return FH_OK;
}

/* Second pass: settings over everything else. */
static int
apply_flags(struct fh_settings *settings, int argc, const char *const *argv, struct fh_err *err)
{
    for (int at = 1; at < argc;) {
        struct argument argument;
        int code = read_argument(&argument, argc, argv, at, err);
        const struct fh_setting *setting = NULL;
        if (code == FH_OK) {
            setting = setting_of_flag(argument.name, argument.size);
        }
        if (setting != NULL) {
            char origin[FH_NAME_BYTES_MAX + 3];
            snprintf(origin, sizeof origin, "--%s", setting->flag);
            code = fh_settings_set(settings, setting, argument.value, origin, err);
        }
        if (code != FH_OK) {
            return code;
        }
        at += argument.used;
    }
    return FH_OK;
}

/* ---- environment ---- */

/* Not an error: containers find variables of that prefix that nobody wrote (a Kubernetes service
 * called freehold gives FREEHOLD_PORT and more). What looks like a mistyped one is told. */
static void unknown_variable(const char *text, size_t size, char *out, size_t out_size)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        names[count++] = fh_settings_table[i].environment;
    }
    char name[FH_NAME_BYTES_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name - 1), text);
    const char *near = fh_nearest(name, names, count);
    if (near != NULL && out[0] == '\0') {
        snprintf(out, out_size, "unknown variable %s is ignored; did you mean %s?", name, near);
    }
}

/* Variables under our prefix that other programs of the project read. */
static bool is_others(const char *name, size_t size)
{
    static const char *const others[] = {"FREEHOLD_HOME", "FREEHOLD_PEER", "FREEHOLD_WORKER"};
    for (size_t i = 0; i < FH_COUNT(others); i++) {
        if (is_flag(name, size, others[i])) {
            return true;
        }
    }
    return false;
}

static int
apply_environment(struct fh_config *config, const char *const *environment, struct fh_err *err)
{
    for (; *environment != NULL; environment++) {
        const char *text = *environment;
        size_t size = strcspn(text, "=");
        if (strncmp(text, variable_prefix, sizeof variable_prefix - 1) != 0 ||
            is_others(text, size) || text[size] == '\0') {
            continue;
        }
        const struct fh_setting *setting = NULL;
        for (size_t i = 0; i < fh_settings_table_count && setting == NULL; i++) {
            if (is_flag(text, size, fh_settings_table[i].environment)) {
                setting = &fh_settings_table[i];
            }
        }
        if (setting == NULL) {
            unknown_variable(text, size, config->warning, sizeof config->warning);
            continue;
        }
        int code =
            fh_settings_set(&config->settings, setting, text + size + 1, setting->environment, err);
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}

static bool has_variable(const char *const *environment, const char *name)
{
    size_t size = strlen(name);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=') {
            return (*environment)[size + 1] != '\0';
        }
    }
    return false;
}

/* ---- all of it ---- */

static int apply_file(struct fh_settings *settings, const struct fh_home *home, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, FH_SETTINGS_BYTES_MAX);
    int code = fh_file_read(fh_home_path(path, home, FH_HOME_SETTINGS), &text, err);
    return code == FH_OK ? fh_settings_parse(settings, fh_buf_view(&text), path, err) : code;
}

int fh_config_load(struct fh_config *out,
                   int argc,
                   const char *const *argv,
                   const char *const *environment,
                   struct fh_err *err)
{
    FH_CLEANUP(fh_freep) struct fh_config *config = fh_calloc(1, sizeof *config);
    if (config == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the settings");
    }
    const char *home = NULL;
    config->argc = argc;
    config->argv = argv;
    config->environment = environment;
    fh_settings_init(&config->settings);
    int code = scan_flags(config, &home, argc, argv, err);
    config->named = home != NULL || has_variable(environment, "FREEHOLD_HOME");
    if (code == FH_OK && !config->help) {
        code = fh_home_locate(&config->home, home, err);
        if (code == FH_OK && config->errand) {
            *out = *config; /* the defaults are all that it needs */
            return FH_OK;
        }
        if (code == FH_OK) {
            code = fh_home_check(&config->home, err);
        }
        if (code == FH_OK) {
            code = apply_file(&config->settings, &config->home, err);
        }
        if (code == FH_OK) {
            code = apply_environment(config, environment, err);
        }
        if (code == FH_OK) {
            code = apply_flags(&config->settings, argc, argv, err);
        }
        if (code == FH_OK) {
            code = fh_settings_check(&config->settings, err);
        }
    }
    if (code == FH_OK) {
        *out = *config;
    } else {
        out->doctor = config->doctor;
        out->named = config->named;
    }
    return code;
}

int fh_config_again(struct fh_config *out, const struct fh_config *config, struct fh_err *err)
{
    return fh_config_load(out, config->argc, config->argv, config->environment, err);
}

void fh_config_help(struct fh_buf *out)
{
    fh_buf_add_cstr(out,
                    "usage: freehold-node [--home DIR] [--offline] [--FLAG VALUE]...\n\n"
                    "  --home DIR      folder of the node (FREEHOLD_HOME; default ~/.freehold)\n"
                    "  --offline       admin socket only, no network\n"
                    "  --errand DIR    no home: what `freehold contract` starts for one question\n"
                    "  --doctor        say what this machine and home lack for a node, and end\n\n"
                    "Each flag goes before its variable, and that before freehold.yaml:\n\n");
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        const struct fh_setting *setting = &fh_settings_table[i];
        fh_buf_printf(out, "  --%s", setting->flag);
        if (setting->unit[0] != '\0') {
            fh_buf_printf(out, " (%s)", setting->unit);
        }
        fh_buf_printf(out,
                      "\n      %s\n      %s, \"%s\" in the file",
                      setting->help,
                      setting->environment,
                      setting->key);
        if (setting->kind == FH_SETTING_COUNT_OF) {
            fh_buf_printf(out,
                          "; %llu to %llu, default %llu",
                          (unsigned long long)setting->least,
                          (unsigned long long)setting->most,
                          (unsigned long long)fh_setting_default(setting));
        } else if (setting->fallback[0] != '\0') {
            fh_buf_printf(out, "; default %s", setting->fallback);
        }
        fh_buf_add_cstr(out, "\n");
    }
}
