/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/import_place.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POSTGRES_PORT = 5432 };

static const char form[] = "postgres://USER@HOST:PORT/DATABASE?schema=NAME&sslmode=MODE";

bool fh_import_url_is(const char *source)
{
    return strncmp(source, "postgres://", 11) == 0 || strncmp(source, "postgresql://", 13) == 0;
}

static int refuse(const char *what, struct fh_err *err)
{
    return fh_err_rule(err, FH_EUSAGE, "import.url", "%s; expected %s", what, form);
}

/* Copies [from, to) with %41 as A. False for what does not fit, or holds a control character. */
static bool decode(char *out, size_t size, const char *from, const char *to)
{
    size_t at = 0;
    while (from < to) {
        char c = *from++;
        if (c == '%') {
            uint8_t byte = 0;
            char digits[3] = {0};
            if (to - from < 2) {
                return false;
            }
            memcpy(digits, from, 2);
            if (!fh_unhex(&byte, 1, digits)) {
                return false;
            }
            c = (char)byte;
            from += 2;
        }
        if (at + 1 >= size || iscntrl((unsigned char)c)) {
            return false;
        }
        out[at++] = c;
    }
    out[at] = 0;
    return fh_utf8_valid(fh_bytes(out, at));
}

static int
read_address(struct fh_import_place *out, const char *start, const char *end, struct fh_err *err)
{
    const char *sign = memchr(start, '@', (size_t)(end - start));
    if (sign != NULL) {
        if (memchr(start, ':', (size_t)(sign - start)) != NULL) {
            return fh_err_rule(err,
                               FH_EUSAGE,
                               "import.url.password",
                               "an address with a password stays in the history of the shell and "
                               "in the list of processes; take it out, and set PGPASSWORD or use "
                               "~/.pgpass");
        }
        if (sign == start || !decode(out->user, sizeof out->user, start, sign)) {
            return refuse("the user cannot be read", err);
        }
        start = sign + 1;
    }
    const char *host_end = end;
    const char *port = NULL;
    if (start < end && *start == '[') {
        host_end = memchr(start, ']', (size_t)(end - start));
        if (host_end == NULL) {
            return refuse("the address in [] does not end", err);
        }
        port = host_end + 1 < end && host_end[1] == ':' ? host_end + 2 : NULL;
        start++;
    } else {
        const char *colon = memchr(start, ':', (size_t)(end - start));
        host_end = colon == NULL ? end : colon;
        port = colon == NULL ? NULL : colon + 1;
    }
    if (host_end == start || !decode(out->host, sizeof out->host, start, host_end)) {
        return refuse("the host is missing", err);
    }
    if (port != NULL) {
        char *rest = NULL;
        unsigned long number = strtoul(port, &rest, 10);
        if (rest != end || port == end || number == 0 || number > 65535) {
            return refuse("the port is no number from 1 to 65535", err);
        }
        out->port = (uint32_t)number;
    }
    return FH_OK;
}

static int read_options(struct fh_import_place *out, const char *options, struct fh_err *err)
{
    static const struct {
        const char *key;
        size_t offset;
        size_t size;
    } known[] = {
        {"schema=", offsetof(struct fh_import_place, schema), sizeof out->schema},
        {"sslmode=", offsetof(struct fh_import_place, ssl_mode), sizeof out->ssl_mode},
    };
    while (*options != 0) {
        size_t size = strcspn(options, "&");
        bool found = false;
        for (size_t i = 0; i < FH_COUNT(known); i++) {
            size_t key = strlen(known[i].key);
            if (size > key && strncmp(options, known[i].key, key) == 0) {
                found = decode(
                    (char *)out + known[i].offset, known[i].size, options + key, options + size);
            }
        }
        if (!found) {
            return refuse("the part behind ? is not understood", err);
        }
        options += size + (options[size] == '&' ? 1 : 0);
    }
    return FH_OK;
}

int fh_import_url_parse(struct fh_import_place *out, const char *url, struct fh_err *err)
{
    const char *start = strstr(url, "://") + 3;
    const char *end = start + strcspn(start, "/?#");
    out->kind = FH_IMPORT_POSTGRES;
    out->port = POSTGRES_PORT;
    snprintf(out->schema, sizeof out->schema, "public");
    int code = read_address(out, start, end, err);
    if (code != FH_OK) {
        return code;
    }
    const char *database = *end == '/' ? end + 1 : end;
    const char *options = database + strcspn(database, "?#");
    if (options == database || !decode(out->database, sizeof out->database, database, options) ||
        strchr(out->database, '/') != NULL) {
        return refuse("the database is missing", err);
    }
    if (*options == '#') {
        return refuse("# has no meaning here", err);
    }
    code = *options == '?' ? read_options(out, options + 1, err) : FH_OK;
    snprintf(out->name, sizeof out->name, "%s", out->database);
    return code;
}
