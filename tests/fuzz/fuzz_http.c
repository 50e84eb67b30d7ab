/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers send to the HTTP door, as it is read here: targets, header fields that are
 * negotiated, bodies. The first byte says which. */
#include "common/assert.h"
#include "tools/door/http/api.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_text(const char *text)
{
    return fh_utf8_valid(fh_bytes_cstr(text)) && fh_text_printable(text);
}

/* Whatever was read is text, and no segment leads anywhere else. */
static void check_target(const struct fh_http_target *target)
{
    for (size_t i = 0; i < target->segment_count; i++) {
        const char *segment = target->segments[i];
        FH_ASSERT(segment[0] != '\0' && is_text(segment) && strpbrk(segment, "/\\") == NULL);
        FH_ASSERT(strcmp(segment, ".") != 0 && strcmp(segment, "..") != 0);
    }
    for (size_t i = 0; i < target->argument_count; i++) {
        FH_ASSERT(is_text(target->arguments[i].name) && is_text(target->arguments[i].value));
    }
}

static void read_target(struct fh_bytes text, struct fh_arena *arena)
{
    struct fh_http_call call = {.arena = arena};
    struct fh_err err;
    uint64_t number = 0;
    if (fh_http_target_parse(&call.target, text, arena, &err) != FH_OK) {
        FH_ASSERT(strncmp(err.rule, "http.", 5) == 0 || err.code == FH_ENOMEM);
        return;
    }
    check_target(&call.target);
    call.route = fh_http_route_find(&call.target, &err);
    if (call.route == NULL || fh_http_call_choose(&call, FH_BYTES_NONE, &err) != FH_OK) {
        return;
    }
    FH_ASSERT(call.form != NULL && call.content_type != NULL);
    if (fh_http_argument_number(&number, &call.target, "limit", 1, 100, 7, &err) == FH_OK) {
        FH_ASSERT(number >= 1 && number <= 100);
    }
    FH_ASSERT(fh_http_part(&call, "domain") != NULL);
}

static void read_fields(struct fh_bytes value)
{
    static const struct fh_http_form forms[] = {
        {"json", "application/json", "application/json"},
        {"csv", "text/csv", "text/csv"},
    };
    int form = fh_http_negotiate(forms, FH_COUNT(forms), value);
    FH_ASSERT(form >= -1 && form < (int)FH_COUNT(forms));
    bool same = fh_http_etag_matches(value, "\"0123\"");
    FH_ASSERT(!same || memchr(value.data, '"', value.size) != NULL ||
              memchr(value.data, '*', value.size) != NULL);
    (void)fh_http_type_is(value, "application/json");
    (void)fh_http_coding_taken(value, "gzip");
}

static void read_bodies(struct fh_bytes body, struct fh_arena *arena)
{
    struct fh_api_query query;
    struct fh_api_asking asking;
    struct fh_err err;
    if (fh_api_query_read(&query, body, arena, &err) == FH_OK) {
        FH_ASSERT(query.sql != NULL && query.purpose != NULL);
        FH_ASSERT(query.param_count <= FH_SQL_PARAMS_MAX);
        for (size_t i = 0; i < query.param_count; i++) {
            FH_ASSERT(query.params[i].text != NULL);
            FH_ASSERT((query.params[i].name == NULL) == (query.params[0].name == NULL));
        }
    }
    if (fh_api_asking_read(&asking, body, arena, &err) == FH_OK) {
        FH_ASSERT(asking.purpose[0] != '\0' && asking.column_count <= FH_GRANT_COLUMNS_MAX);
    }
    struct fh_api_deciding deciding;
    int denied = fh_api_deciding_read(&deciding, body, false, arena, &err);
    FH_ASSERT(denied != FH_OK || deciding.reason[0] != '\0');
    if (fh_api_deciding_read(&deciding, body, true, arena, &err) != FH_OK) {
        FH_ASSERT(strncmp(err.rule, "http.", 5) == 0 || err.code == FH_ENOMEM);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX);
    if (arena == NULL || size == 0) {
        return 0;
    }
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        read_target(rest, arena);
        break;
    case 1:
        read_fields(rest);
        break;
    default:
        read_bodies(rest, arena);
        break;
    }
    return 0;
}
