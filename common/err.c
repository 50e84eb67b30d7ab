/* SPDX-License-Identifier: Apache-2.0 */
#include "common/err.h"

#include "common/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *text;
    int exit_code;
} codes[] = {
#define X(name, wire, exit, text) [wire] = {#name, text, exit},
    FH_CODES(X)
#undef X
};

static void mark_cut(char *text, size_t size, int wanted)
{
    if (wanted >= 0 && (size_t)wanted >= size) {
        memcpy(text + size - 4, "...", 4);
    }
}

FH_PRINTF(4, 0)
static int set(struct fh_err *err, int code, const char *rule, const char *format, va_list args)
{
    FH_ASSERT(code != FH_OK);
    if (err != NULL) {
        /* Through a local, so that an error may be built from its own old text. */
        char text[FH_ERR_TEXT_BYTES];
        mark_cut(text, sizeof text, vsnprintf(text, sizeof text, format, args));
        err->code = code;
        snprintf(err->rule, sizeof err->rule, "%s", rule);
        memcpy(err->text, text, sizeof text);
        err->retry_after_ms = 0;
    }
    return code;
}

int fh_err_set(struct fh_err *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(err, code, "", format, args);
    va_end(args);
    return code;
}

int fh_err_rule(struct fh_err *err, int code, const char *rule, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(err, code, rule, format, args);
    va_end(args);
    return code;
}

void fh_err_retry(struct fh_err *err, int64_t after_ms)
{
    if (err != NULL) {
        err->retry_after_ms = after_ms < 1            ? 1
                              : after_ms > UINT32_MAX ? UINT32_MAX
                                                      : (uint32_t)after_ms;
    }
}

int fh_err_wrap(struct fh_err *err, const char *format, ...)
{
    if (err == NULL) {
        return FH_EINTERNAL;
    }
    char context[FH_ERR_TEXT_BYTES];
    char joined[2 * FH_ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    int wanted = snprintf(joined, sizeof joined, "%s: %s", context, err->text);
    joined[sizeof err->text - 1] = '\0';
    memcpy(err->text, joined, sizeof err->text);
    mark_cut(err->text, sizeof err->text, wanted);
    return err->code;
}

const char *fh_code_text(int code)
{
    return code >= 0 && (size_t)code < FH_COUNT(codes) ? codes[code].text
                                                       : codes[FH_EINTERNAL].text;
}

const char *fh_code_name(int code)
{
    return code >= 0 && (size_t)code < FH_COUNT(codes) ? codes[code].name
                                                       : codes[FH_EINTERNAL].name;
}

int fh_code_exit(int code)
{
    return code >= 0 && (size_t)code < FH_COUNT(codes) ? codes[code].exit_code
                                                       : codes[FH_EINTERNAL].exit_code;
}
