/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/settings/settings.h"

#include "common/address.h"
#include "common/arena.h"
#include "common/assert.h"
#include "proto/contract/finding.h"
#include "proto/contract/yaml.h"
#include "proto/identity/access.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BYTES = 8 * 1024 * 1024, SETTINGS_MAX = 32 };

static void *member_of(struct fh_settings *settings, const struct fh_setting *setting)
{
    return (char *)settings + setting->offset;
}

uint64_t fh_setting_default(const struct fh_setting *setting)
{
    FH_ASSERT(setting->kind == FH_SETTING_COUNT_OF);
    return setting->fallback[0] == '\0' ? setting->most : strtoull(setting->fallback, NULL, 10);
}

void fh_settings_init(struct fh_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        const struct fh_setting *setting = &fh_settings_table[i];
        if (setting->kind == FH_SETTING_COUNT_OF) {
            uint64_t *value = member_of(settings, setting);
            *value = fh_setting_default(setting);
        } else if (setting->fallback[0] != '\0') {
            struct fh_err err;
            int code = fh_settings_set(settings, setting, setting->fallback, setting->key, &err);
            FH_ASSERT(code == FH_OK);
        }
    }
}

/* ---- addresses ---- */

static int bad_address(struct fh_err *err, const char *text)
{
    return fh_err_rule(err,
                       FH_EINVAL,
                       "settings.address",
                       "\"%.140s\" is no address; write HOST:PORT, 192.0.2.1:7400 or "
                       "[2001:db8::1]:7400",
                       text);
}

int fh_address_split(const char *text,
                     char host[FH_ADDRESS_BYTES_MAX + 1],
                     uint16_t *out_port,
                     struct fh_err *err)
{
    bool is_v6 = text[0] == '[';
    const char *start = is_v6 ? text + 1 : text;
    size_t size = strcspn(start, is_v6 ? "]" : ":");
    const char *rest = start + size;
    if (is_v6 && *rest == ']') {
        rest++;
    }
    if (strlen(text) > FH_ADDRESS_BYTES_MAX || size == 0 || *rest != ':') {
        return bad_address(err, text);
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)start[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '-' && c != '.' && !(is_v6 && (c == ':' || c == '%')) && c != '_') {
            return bad_address(err, text);
        }
    }
    const char *digits = rest + 1;
    size_t count = strspn(digits, "0123456789");
    unsigned long port = strtoul(digits, NULL, 10);
    if (count == 0 || count > 5 || digits[count] != '\0' || port == 0 || port > UINT16_MAX) {
        return bad_address(err, text);
    }
    memcpy(host, start, size);
    host[size] = '\0';
    *out_port = (uint16_t)port;
    return FH_OK;
}

/* ---- one value ---- */

static int refuse(struct fh_err *err,
                  const char *origin,
                  const struct fh_setting *setting,
                  const char *text,
                  const char *expected)
{
    return fh_err_rule(err,
                       FH_EINVAL,
                       "settings.value",
                       "%s: %s: \"%.80s\" does not fit; expected %s",
                       origin,
                       setting->key,
                       text,
                       expected);
}

static int set_text(char *out,
                    size_t size,
                    const struct fh_setting *setting,
                    const char *text,
                    const char *origin,
                    struct fh_err *err)
{
    size_t length = strlen(text);
    if (length >= size) {
        char expected[48];
        snprintf(expected, sizeof expected, "at most %zu bytes", size - 1);
        return refuse(err, origin, setting, text, expected);
    }
    memcpy(out, text, length + 1);
    return FH_OK;
}

static int add_address(struct fh_settings_addresses *list,
                       const struct fh_setting *setting,
                       const char *text,
                       const char *origin,
                       struct fh_err *err)
{
    char host[FH_ADDRESS_BYTES_MAX + 1];
    uint16_t port = 0;
    if (fh_address_split(text, host, &port, err) != FH_OK) {
        return fh_err_wrap(err, "%s: %s", origin, setting->key);
    }
    if (list->count == setting->items_max) {
        return refuse(err, origin, setting, text, "fewer addresses");
    }
    return set_text(
        list->items[list->count++], FH_ADDRESS_BYTES_MAX + 1, setting, text, origin, err);
}

static int add_path(struct fh_settings_paths *list,
                    const struct fh_setting *setting,
                    const char *text,
                    const char *origin,
                    struct fh_err *err)
{
    if (text[0] != '/') {
        return refuse(err, origin, setting, text, "an absolute folder (beginning with /)");
    }
    if (list->count == setting->items_max) {
        return refuse(err, origin, setting, text, "fewer folders");
    }
    return set_text(list->items[list->count++], FH_SETTINGS_PATH_BYTES, setting, text, origin, err);
}

static int set_count(uint64_t *out,
                     const struct fh_setting *setting,
                     const char *text,
                     const char *origin,
                     struct fh_err *err)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long long value = strtoull(text, NULL, 10);
    if (digits == 0 || digits > 18 || text[digits] != '\0' || value < setting->least ||
        value > setting->most) {
        char expected[96];
        snprintf(expected,
                 sizeof expected,
                 "a whole number of %s from %llu to %llu",
                 setting->unit,
                 (unsigned long long)setting->least,
                 (unsigned long long)setting->most);
        return refuse(err, origin, setting, text, expected);
    }
    *out = value;
    return FH_OK;
}

/* `words` as in "auto, off or own". */
static int set_word(char *out,
                    const struct fh_setting *setting,
                    const char *text,
                    const char *origin,
                    struct fh_err *err)
{
    size_t length = strlen(text);
    for (const char *at = setting->words; *at != '\0';) {
        size_t size = strcspn(at, ", ");
        if (size == length && memcmp(at, text, size) == 0 && strcmp(text, "or") != 0) {
            return set_text(out, FH_SETTINGS_WORD_BYTES, setting, text, origin, err);
        }
        at += size;
        at += strspn(at, ", ");
    }
    return refuse(err, origin, setting, text, setting->words);
}

static int set_path(char *out,
                    const struct fh_setting *setting,
                    const char *text,
                    const char *origin,
                    struct fh_err *err)
{
    if (text[0] != '/') {
        return refuse(err, origin, setting, text, "an absolute file (beginning with /)");
    }
    return set_text(out, FH_SETTINGS_PATH_BYTES, setting, text, origin, err);
}

static int set_key(char *out,
                   const struct fh_setting *setting,
                   const char *text,
                   const char *origin,
                   struct fh_err *err)
{
    struct fh_sign_public key;
    if (fh_sign_public_parse(&key, fh_bytes_cstr(text), err) != FH_OK) {
        return fh_err_wrap(err, "%s: %s", origin, setting->key);
    }
    return set_text(out, FH_SETTINGS_KEY_BYTES, setting, text, origin, err);
}

static int set_switch(bool *out,
                      const struct fh_setting *setting,
                      const char *text,
                      const char *origin,
                      struct fh_err *err)
{
    bool on = strcmp(text, "true") == 0;
    if (!on && strcmp(text, "false") != 0) {
        return refuse(err, origin, setting, text, "true or false");
    }
    *out = on;
    return FH_OK;
}

/* Sets a scalar, or adds one item to a list. */
static int set_item(struct fh_settings *settings,
                    const struct fh_setting *setting,
                    const char *text,
                    const char *origin,
                    struct fh_err *err)
{
    void *member = member_of(settings, setting);
    switch (setting->kind) {
    case FH_SETTING_NAME:
        if (fh_name_check(setting->key, text, err) != FH_OK) {
            return fh_err_wrap(err, "%s", origin);
        }
        return set_text(member, FH_NAME_BYTES_MAX + 1, setting, text, origin, err);
    case FH_SETTING_ID: {
        struct fh_mesh_id id;
        if (fh_mesh_id_parse(&id, text, err) != FH_OK) {
            return fh_err_wrap(err, "%s: %s", origin, setting->key);
        }
        return set_text(member, FH_ID_TEXT_BYTES, setting, text, origin, err);
    }
    case FH_SETTING_KEY:
        return set_key(member, setting, text, origin, err);
    case FH_SETTING_ADDRESS: {
        char host[FH_ADDRESS_BYTES_MAX + 1];
        uint16_t port = 0;
        if (fh_address_split(text, host, &port, err) != FH_OK) {
            return fh_err_wrap(err, "%s: %s", origin, setting->key);
        }
        return set_text(member, FH_ADDRESS_BYTES_MAX + 1, setting, text, origin, err);
    }
    case FH_SETTING_ADDRESSES:
        return add_address(member, setting, text, origin, err);
    case FH_SETTING_PATHS:
        return add_path(member, setting, text, origin, err);
    case FH_SETTING_PATH:
        return set_path(member, setting, text, origin, err);
    case FH_SETTING_WORD:
        return set_word(member, setting, text, origin, err);
    case FH_SETTING_SWITCH:
        return set_switch(member, setting, text, origin, err);
    case FH_SETTING_COUNT_OF:
        return set_count(member, setting, text, origin, err);
    case FH_SETTING_KIND_COUNT:
        break;
    }
    FH_ASSERT(false);
    return FH_EINTERNAL;
}

static bool is_list(const struct fh_setting *setting)
{
    return setting->kind == FH_SETTING_ADDRESSES || setting->kind == FH_SETTING_PATHS;
}

static void clear_list(struct fh_settings *settings, const struct fh_setting *setting)
{
    if (setting->kind == FH_SETTING_ADDRESSES) {
        struct fh_settings_addresses *list = member_of(settings, setting);
        memset(list, 0, sizeof *list);
    } else {
        struct fh_settings_paths *list = member_of(settings, setting);
        memset(list, 0, sizeof *list);
    }
}

static int set_list(struct fh_settings *settings,
                    const struct fh_setting *setting,
                    const char *text,
                    const char *origin,
                    struct fh_err *err)
{
    clear_list(settings, setting);
    for (const char *at = text; *at != '\0';) {
        size_t size = strcspn(at, ",");
        char item[FH_SETTINGS_PATH_BYTES];
        if (size >= sizeof item) {
            return refuse(err, origin, setting, at, "shorter items");
        }
        memcpy(item, at, size);
        item[size] = '\0';
        int code = set_item(settings, setting, item, origin, err);
        if (code != FH_OK) {
            return code;
        }
        at += size;
        at += *at == ',';
    }
    return FH_OK;
}

int fh_settings_set(struct fh_settings *settings,
                    const struct fh_setting *setting,
                    const char *text,
                    const char *origin,
                    struct fh_err *err)
{
    struct fh_settings changed = *settings;
    int code = is_list(setting) ? set_list(&changed, setting, text, origin, err)
                                : set_item(&changed, setting, text, origin, err);
    if (code == FH_OK) {
        *settings = changed;
    }
    return code;
}

/* ---- the file ---- */

struct parsing {
    struct fh_settings *settings;
    const char *file;
    struct fh_err *err;
};

static void
place_of(char *out, size_t size, const struct parsing *parsing, uint32_t line, uint32_t column)
{
    snprintf(out, size, "%s:%u:%u", parsing->file, line, column);
}

static int
unknown_key(const struct parsing *parsing, const struct fh_doc_node *node, const char *key)
{
    const char *known[SETTINGS_MAX];
    FH_ASSERT(fh_settings_table_count <= SETTINGS_MAX);
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        known[i] = fh_settings_table[i].key;
    }
    const char *near = fh_nearest(key, known, fh_settings_table_count);
    return fh_err_rule(parsing->err,
                       FH_EINVAL,
                       "settings.key",
                       "%s:%u:%u: unknown key \"%.64s\"%s%s%s",
                       parsing->file,
                       node->key_line,
                       node->key_column,
                       key,
                       near == NULL ? "" : "; did you mean \"",
                       near == NULL ? "" : near,
                       near == NULL ? "" : "\"?");
}

static int read_scalar(const struct parsing *parsing,
                       const struct fh_setting *setting,
                       const struct fh_doc_node *node)
{
    char place[FH_SETTINGS_PATH_BYTES];
    place_of(place, sizeof place, parsing, node->line, node->column);
    if (node->kind != FH_DOC_SCALAR || fh_doc_type(node) == FH_DOC_TYPE_NULL) {
        return fh_err_rule(parsing->err,
                           FH_EINVAL,
                           "settings.value",
                           "%s: %s: expected one value, not %s",
                           place,
                           setting->key,
                           fh_doc_type_text(fh_doc_type(node)));
    }
    return set_item(parsing->settings, setting, node->text, place, parsing->err);
}

static int read_value(const struct parsing *parsing,
                      const struct fh_setting *setting,
                      const struct fh_doc_node *node)
{
    if (!is_list(setting)) {
        return read_scalar(parsing, setting, node);
    }
    if (node->kind != FH_DOC_LIST) {
        return fh_err_rule(parsing->err,
                           FH_EINVAL,
                           "settings.value",
                           "%s:%u:%u: %s: expected a list, not %s",
                           parsing->file,
                           node->line,
                           node->column,
                           setting->key,
                           fh_doc_type_text(fh_doc_type(node)));
    }
    clear_list(parsing->settings, setting);
    for (const struct fh_doc_node *item = node->first; item != NULL; item = item->next) {
        int code = read_scalar(parsing, setting, item);
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}

/* Reads a map; keys of an inner one are "prefix.key". */
static int
read_map(const struct parsing *parsing, const struct fh_doc_node *map, const char *prefix)
{
    for (const struct fh_doc_node *node = map->first; node != NULL; node = node->next) {
        char key[128];
        snprintf(key, sizeof key, "%s%.100s", prefix, node->key);
        const struct fh_setting *setting = fh_settings_find(key);
        int code = FH_OK;
        if (setting != NULL) {
            code = read_value(parsing, setting, node);
        } else if (prefix[0] == '\0' && strcmp(node->key, "limits") == 0 &&
                   node->kind == FH_DOC_MAP) {
            code = read_map(parsing, node, "limits.");
        } else {
            code = unknown_key(parsing, node, key);
        }
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}

static int parse_tree(struct fh_settings *settings,
                      struct fh_bytes yaml,
                      const char *file,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    struct fh_findings findings;
    struct fh_doc_node *root = NULL;
    fh_findings_init(&findings, arena);
    int code = fh_yaml_read(&root, yaml, &findings, err);
    if (code != FH_OK && code != FH_ECHECK) {
        return fh_err_wrap(err, "%s", file);
    }
    if (findings.count == 1 && strcmp(findings.items[0].rule, "yaml.empty") == 0) {
        return FH_OK; /* comments at most: every setting at its default */
    }
    if (findings.errors > 0 || code != FH_OK) {
        if (fh_findings_ok(&findings, err) == FH_OK) {
            fh_err_rule(err, FH_EINVAL, "yaml.form", "is no YAML document");
        }
        fh_err_wrap(err, "%s", file);
        if (err != NULL) {
            err->code = FH_EINVAL;
        }
        return FH_EINVAL;
    }
    if (root->kind == FH_DOC_SCALAR && fh_doc_type(root) == FH_DOC_TYPE_NULL) {
        return FH_OK; /* only comments */
    }
    if (root->kind != FH_DOC_MAP) {
        return fh_err_rule(
            err, FH_EINVAL, "settings.value", "%s: expected keys with values (key: value)", file);
    }
    const struct parsing parsing = {.settings = settings, .file = file, .err = err};
    return read_map(&parsing, root, "");
}

int fh_settings_parse(struct fh_settings *settings,
                      struct fh_bytes yaml,
                      const char *file,
                      struct fh_err *err)
{
    if (yaml.size > FH_SETTINGS_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "settings.size",
                           "%s: %zu bytes; at most %d",
                           file,
                           yaml.size,
                           FH_SETTINGS_BYTES_MAX);
    }
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the settings");
    }
    struct fh_settings changed = *settings;
    int code = parse_tree(&changed, yaml, file, arena, err);
    if (code == FH_OK) {
        *settings = changed;
    }
    return code;
}

/* ---- rules across settings ---- */

static int check_tls(const struct fh_settings *settings, struct fh_err *err)
{
    bool certificate = settings->tls_certificate[0] != '\0';
    if (certificate != (settings->tls_key[0] != '\0')) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "settings.tls",
                           "tls_certificate and tls_key belong together: set both or neither");
    }
    if (!certificate && strcmp(settings->http_tls, "files") == 0) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "settings.tls",
                           "http_tls is files: set tls_certificate and tls_key, or write own");
    }
    return FH_OK;
}

int fh_settings_check(const struct fh_settings *settings, struct fh_err *err)
{
    char host[FH_ADDRESS_BYTES_MAX + 1];
    uint16_t port = 0;
    if (settings->domain[0] == '\0') {
        return fh_err_rule(
            err, FH_EINVAL, "settings.domain", "domain is not set; add: domain: NAME");
    }
    int code = fh_address_split(settings->listen, host, &port, err);
    if (code == FH_OK && fh_host_is_wildcard(host) && settings->advertise.count == 0) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "settings.advertise",
                           "listen %s takes every address, so others cannot know which to use; "
                           "set advertise (--advertise HOST:PORT)",
                           settings->listen);
    }
    for (size_t i = 0; i < settings->advertise.count && code == FH_OK; i++) {
        code = fh_address_split(settings->advertise.items[i], host, &port, err);
        if (code == FH_OK && fh_host_is_wildcard(host)) {
            code = fh_err_rule(err,
                               FH_EINVAL,
                               "settings.advertise",
                               "advertise %s is every address; name one that others can reach",
                               settings->advertise.items[i]);
        }
    }
    return code == FH_OK ? check_tls(settings, err) : code;
}
