/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/until.h"

#include "common/time.h"

#include <string.h>

static const struct {
    const char *unit;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"min", 60000}};

static bool read_span(int64_t *out_ms, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (text[i] - '0');
    }
    for (size_t i = 0; i < FH_COUNT(units); i++) {
        if (strcmp(text + digits, units[i].unit) == 0) {
            *out_ms = value * units[i].ms;
            return value > 0;
        }
    }
    return false;
}

static int read_moment(int64_t *out_ms, const char *flag, const char *text, struct fh_err *err)
{
    return fh_time_parse(text, out_ms)
               ? FH_OK
               : fh_err_set(err,
                            FH_EUSAGE,
                            "%s: \"%.40s\" is no time; write 7d, 12h, 2027-01-31 or "
                            "2027-01-31T12:00:00Z",
                            flag,
                            text);
}

int fh_until_parse(
    int64_t *out_ms, const char *flag, const char *text, int64_t now_ms, struct fh_err *err)
{
    int64_t span = 0, moment = 0;
    if (read_span(&span, text)) {
        *out_ms = now_ms + span;
        return FH_OK;
    }
    if (read_moment(&moment, flag, text, err) != FH_OK) {
        return FH_EUSAGE;
    }
    moment += strchr(text, 'T') == NULL ? 86400000 : 0;
    if (moment <= now_ms) {
        return fh_err_set(err, FH_EUSAGE, "%s: %s is in the past", flag, text);
    }
    *out_ms = moment;
    return FH_OK;
}

int fh_since_parse(
    int64_t *out_ms, const char *flag, const char *text, int64_t now_ms, struct fh_err *err)
{
    int64_t span = 0, moment = 0;
    if (text == NULL) {
        *out_ms = now_ms;
        return FH_OK;
    }
    if (read_span(&span, text)) {
        *out_ms = now_ms - span;
        return FH_OK;
    }
    if (read_moment(&moment, flag, text, err) != FH_OK) {
        return FH_EUSAGE;
    }
    if (moment > now_ms) {
        return fh_err_set(
            err, FH_EUSAGE, "%s: %.40s is ahead; write a time that has passed", flag, text);
    }
    *out_ms = moment;
    return FH_OK;
}
