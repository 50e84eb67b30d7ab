/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/location.h"

#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '+';
}

/* Whether a word could start here: nothing of a word stands before. */
static bool at_start(const char *text, const char *at)
{
    return at == text || (!is_word(at[-1]) && strchr("/\\~:", at[-1]) == NULL);
}

/* Schemes that people follow; every other one points at a store. */
static bool is_public_scheme(const char *start, size_t size)
{
    static const char *const names[] = {"http", "https", "mailto", "freehold", "urn", "doi"};
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        if (strlen(names[i]) == size && strncasecmp(start, names[i], size) == 0) {
            return true;
        }
    }
    return false;
}

/* scheme://user:password@host, or the scheme of a store. */
static const char *address_in(const char *text)
{
    for (const char *at = strstr(text, "://"); at != NULL; at = strstr(at + 3, "://")) {
        const char *start = at;
        while (start > text && is_word(start[-1])) {
            start--;
        }
        size_t host = strcspn(at + 3, "/ \t\n?#");
        const char *sign = memchr(at + 3, '@', host);
        if (sign != NULL && memchr(at + 3, ':', (size_t)(sign - at - 3)) != NULL) {
            return "an address with a password";
        }
        if (start < at && !is_public_scheme(start, (size_t)(at - start))) {
            return "the address of a data store";
        }
    }
    return NULL;
}

static bool starts_with_one_of(const char *at, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncasecmp(at, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return false;
}

static const char *path_at(const char *text, const char *at)
{
    static const char *const roots[] = {"/home/",
                                        "/var/",
                                        "/mnt/",
                                        "/data/",
                                        "/srv/",
                                        "/opt/",
                                        "/etc/",
                                        "/tmp/",
                                        "/users/",
                                        "/root/",
                                        "/usr/",
                                        "/media/",
                                        "/nfs/",
                                        "/export/",
                                        "/volumes/",
                                        "/dbfs/",
                                        "~/"};
    if (!at_start(text, at)) {
        return NULL;
    }
    bool is_rooted = at[0] == '/' || at[0] == '~';
    if (is_rooted && starts_with_one_of(at, roots, FH_COUNT(roots))) {
        return "an absolute path";
    }
    bool is_drive = ((at[0] >= 'A' && at[0] <= 'Z') || (at[0] >= 'a' && at[0] <= 'z')) &&
                    at[1] == ':' && at[2] == '\\' && is_word(at[3]);
    bool is_share = at[0] == '\\' && at[1] == '\\' && is_word(at[2]) &&
                    at[2 + strspn(at + 2,
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_")] == '\\';
    return is_drive || is_share ? "an absolute path" : NULL;
}

const char *fh_location_in(const char *text)
{
    static const char *const stores[] = {"jdbc:", "odbc:", "file:/", "sqlite:"};
    static const char *const secrets[] = {"password=", "passwd=", "pwd=", "secret=", "sas_token="};
    const char *found = address_in(text);
    for (const char *at = text; found == NULL && *at != '\0'; at++) {
        found = path_at(text, at);
        /* The first letters of what follows, so that most words cost one look. */
        bool may_start = strchr("jofspJOFSP", *at) != NULL;
        if (found == NULL && may_start && at_start(text, at)) {
            if (starts_with_one_of(at, stores, FH_COUNT(stores))) {
                found = "the address of a data store";
            } else if (starts_with_one_of(at, secrets, FH_COUNT(secrets))) {
                found = "a password";
            }
        }
    }
    return found;
}
