/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/call.h"

#include "common/assert.h"
#include "common/time.h"
#include "tools/door/http/state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HEADER_BYTES = 1024 };

void fh_http_allow(char out[FH_HTTP_ALLOW_BYTES], const struct fh_http_route *route)
{
    snprintf(
        out, FH_HTTP_ALLOW_BYTES, "%s", (route->methods & FH_HTTP_GET) != 0 ? "GET, HEAD" : "POST");
}

/* ---- what is asked for ---- */

static int choose_by_name(struct fh_http_call *call, const char *name, struct fh_err *err)
{
    const struct fh_http_route *route = call->route;
    for (size_t i = 0; i < route->form_count; i++) {
        if (strcmp(route->forms[i].name, name) == 0) {
            call->form = &route->forms[i];
            return FH_OK;
        }
    }
    return fh_err_rule(err,
                       FH_EUSAGE,
                       "http.accept",
                       "format=%.30s: see /v1/openapi.json for what there is",
                       name);
}

static int choose_by_accept(struct fh_http_call *call, struct fh_bytes accept, struct fh_err *err)
{
    const struct fh_http_route *route = call->route;
    int index = fh_http_negotiate(route->forms, route->form_count, accept);
    if (index >= 0) {
        call->form = &route->forms[index];
        return FH_OK;
    }
    struct fh_buf list FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&list, 512);
    for (size_t i = 0; i < route->form_count; i++) {
        fh_buf_printf(&list, "%s%s", i == 0 ? "" : ", ", route->forms[i].type);
    }
    return fh_err_rule(err,
                       FH_EUSAGE,
                       "http.accept",
                       "Accept names nothing that is served here: %s",
                       fh_buf_cstr(&list));
}

int fh_http_call_choose(struct fh_http_call *call, struct fh_bytes accept, struct fh_err *err)
{
    int code = fh_http_target_check(&call->target, call->route->arguments, err);
    if (code != FH_OK) {
        return code;
    }
    const char *format = fh_http_argument(&call->target, "format");
    code = format != NULL ? choose_by_name(call, format, err) : choose_by_accept(call, accept, err);
    if (code == FH_OK) {
        call->content_type = call->form->content_type;
    }
    return code;
}

/* ---- headers ---- */

void fh_http_header(struct fh_http_call *call, const char *name, const char *format, ...)
{
    char text[HEADER_BYTES];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (size < 0 || (size_t)size >= sizeof text || !fh_text_printable(text) ||
        call->header_count == FH_HTTP_HEADERS_MAX) {
        return;
    }
    const char *value = fh_arena_strdup(call->arena, text);
    if (value != NULL) {
        call->headers[call->header_count++] = (struct fh_http_header){name, value};
    }
}

/* A date as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT". The names are HTTP's, not the
 * locale's.
 */
enum { DATE_BYTES = 64 };
static void http_date(char out[DATE_BYTES], int64_t wall_ms)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL) {
        out[0] = '\0';
        return;
    }
    snprintf(out,
             DATE_BYTES,
             "%s, %02u %s %04d %02u:%02u:%02u GMT",
             days[(unsigned)utc.tm_wday % 7],
             (unsigned)utc.tm_mday % 100,
             months[(unsigned)utc.tm_mon % 12],
             utc.tm_year + 1900,
             (unsigned)utc.tm_hour % 100,
             (unsigned)utc.tm_min % 100,
             (unsigned)utc.tm_sec % 100);
}

void fh_http_life_headers(struct fh_http_call *call,
                          int64_t since_ms,
                          int64_t sunset_ms,
                          const char *successor)
{
    char date[DATE_BYTES];
    int64_t since = since_ms > 0 ? since_ms : fh_clock_wall_ms();
    fh_http_header(call, "Deprecation", "@%" PRId64, since / 1000);
    if (sunset_ms > 0) {
        http_date(date, sunset_ms);
        fh_http_header(call, "Sunset", "%s", date);
    }
    if (successor[0] != '\0') {
        fh_http_header(call, "Link", "</v1/products/%s>; rel=\"successor-version\"", successor);
    }
}

/* ---- JSON ---- */

struct fh_json fh_http_json(struct fh_http_call *call)
{
    return (struct fh_json){.out = &call->out, .compact = true};
}

void fh_http_json_time(struct fh_json *json, const char *key, int64_t wall_ms)
{
    char text[FH_TIME_TEXT_BYTES] = "";
    if (wall_ms != 0) {
        fh_time_text(text, wall_ms);
    }
    fh_json_pair_or_null(json, key, text);
}

void fh_http_call_flow(struct fh_http_call *call)
{
    FH_ASSERT(call->flow != NULL && !call->flowing);
    call->flowing = true;
    call->announce(call);
}

/* ---- asking ---- */

int fh_http_error(struct fh_err *err, const struct freehold_error *error)
{
    err->code = error->code;
    err->retry_after_ms = error->retry_after_ms;
    snprintf(err->rule, sizeof err->rule, "%s", error->rule);
    snprintf(err->text, sizeof err->text, "%s", error->text);
    return err->code;
}

int fh_http_asker(struct fh_http_call *call, struct freehold_client **out, struct fh_err *err)
{
    FH_ASSERT(call->who != NULL || call->route->door != FH_HTTP_MEMBER);
    return fh_askers_take(call->state->services->askers, call->who, out, err);
}

void fh_http_asker_end(struct fh_http_call *call, struct freehold_client *client)
{
    if (client != NULL) {
        fh_askers_give(call->state->services->askers, client);
    }
}
