/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/password_file.h"

#include "common/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FILE_BYTES_MAX = 256 * 1024 };

/* Takes the next field of the line off `line`, without the backslashes, into `out`. False when it
 * does not fit. */
static bool take_field(struct fh_bytes *line, char *out, size_t size)
{
    size_t length = 0;
    size_t at = 0;
    while (at < line->size && line->data[at] != ':') {
        at += line->data[at] == '\\' && at + 1 < line->size;
        if (length + 1 >= size) {
            return false;
        }
        out[length++] = (char)line->data[at++];
    }
    out[length] = '\0';
    at += at < line->size;
    *line = fh_bytes(line->data + at, line->size - at);
    return true;
}

/* Whether the next field is `wanted`, or a star that was not written with a backslash. */
static bool field_fits(struct fh_bytes *line, const char *wanted)
{
    char field[FH_PASSWORD_BYTES];
    bool any = line->size > 0 && line->data[0] == '*' && (line->size == 1 || line->data[1] == ':');
    return take_field(line, field, sizeof field) && (any || strcmp(field, wanted) == 0);
}

static bool line_fits(struct fh_bytes *line, const struct fh_password_wanted *wanted)
{
    char port[16];
    snprintf(port, sizeof port, "%" PRIu32, wanted->port);
    return field_fits(line, wanted->host) && field_fits(line, port) &&
           field_fits(line, wanted->database) && field_fits(line, wanted->user);
}

void fh_password_find(char out[FH_PASSWORD_BYTES],
                      struct fh_bytes text,
                      const struct fh_password_wanted *wanted)
{
    out[0] = '\0';
    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);
        struct fh_bytes line = fh_bytes(text.data, size);
        size += end != NULL;
        text = fh_bytes(text.data + size, text.size - size);
        line.size -= line.size > 0 && line.data[line.size - 1] == '\r';
        if (line.size == 0 || line.data[0] == '#' || !line_fits(&line, wanted)) {
            continue;
        }
        if (!take_field(&line, out, FH_PASSWORD_BYTES)) {
            out[0] = '\0';
        }
        return;
    }
}

int fh_password_file_find(char out[FH_PASSWORD_BYTES],
                          const char *path,
                          const struct fh_password_wanted *wanted,
                          struct fh_err *err)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FILE_BYTES_MAX);
    out[0] = '\0';
    int code = fh_file_read_secret(path, &text, err);
    if (code == FH_OK) {
        fh_password_find(out, fh_buf_view(&text), wanted);
    }
    if (text.size > 0) {
        explicit_bzero(text.data, text.size);
    }
    return code == FH_ENOTFOUND ? FH_OK : code;
}
