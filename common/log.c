/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include "common/assert.h"
#include "common/time.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[FH_LOG_COUNT] = {"error", "warn", "info", "debug"};

/* One of the few globals: the log sink's threshold. */
static _Atomic int threshold = FH_LOG_INFO;

void fh_log_set_level(enum fh_log_level level)
{
    atomic_store(&threshold, (int)level);
}

int fh_log_level_from_text(const char *text)
{
    for (int i = 0; i < FH_LOG_COUNT; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

void fh_log(enum fh_log_level level, const char *event, const char *format, ...)
{
    FH_ASSERT(level < FH_LOG_COUNT);
    if ((int)level > atomic_load(&threshold)) {
        return;
    }
    char line[2048];
    char now[FH_TIME_TEXT_BYTES];
    fh_time_text(now, fh_clock_wall_ms());
    int head = snprintf(line, sizeof line, "%s %-5s %s ", now, level_names[level], event);
    size_t used = head > 0 ? (size_t)head : 0;
    va_list args;
    va_start(args, format);
    int body = vsnprintf(line + used, sizeof line - used - 1, format, args);
    va_end(args);
    used += body > 0 ? (size_t)body : 0;
    if (used > sizeof line - 2) {
        used = sizeof line - 2;
    }
    line[used++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written; /* a log that cannot be written has nobody to tell */
}

const char *fh_log_quoted(char *out, size_t size, const char *text)
{
    FH_ASSERT(size >= 8);
    size_t n = 0;
    out[n++] = '"';
    for (const char *p = text; *p != '\0'; p++) {
        if (n + 7 > size) { /* room for one escape, the quote and the NUL */
            break;
        }
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
        } else {
            out[n++] = (char)c;
        }
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}
