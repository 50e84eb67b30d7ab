/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/decree.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"

#include <stdarg.h>
#include <string.h>

struct fh_decree *fh_decree_new(struct fh_actor *actor)
{
    struct fh_decree *decree = fh_calloc(1, sizeof *decree);
    if (decree != NULL) {
        decree->actor = actor;
    }
    return decree;
}

void fh_decree_free(struct fh_decree *decree)
{
    if (decree != NULL) {
        for (uint32_t i = 0; i < FH_DECREE_RECORDS_MAX; i++) {
            fh_buf_fini(&decree->records[i].bytes);
        }
        fh_free(decree);
    }
}

struct fh_buf *fh_decree_next(struct fh_decree *decree, unsigned order, const char *format, ...)
{
    /* One place more than is used is always there: fh_decree_add says when it is the last. */
    FH_ASSERT(decree->count < FH_DECREE_RECORDS_MAX);
    struct fh_decree_record *record = &decree->records[decree->count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(record->name, sizeof record->name, format, arguments);
    va_end(arguments);
    record->order = order;
    fh_buf_fini(&record->bytes);
    fh_buf_init(&record->bytes, FH_RECORD_BYTES_MAX);
    return &record->bytes;
}

int fh_decree_add(struct fh_decree *decree, struct fh_err *err)
{
    struct fh_decree_record *record = &decree->records[decree->count];
    struct fh_directory_outcome outcome;
    int code = fh_buf_ok(&record->bytes);
    if (code != FH_OK) {
        return fh_err_set(err, code, "%s does not fit a record", record->name);
    }
    if (decree->count + 1 == FH_DECREE_RECORDS_MAX) {
        return fh_err_set(err, FH_ETOOBIG, "more than %d records at once", FH_DECREE_RECORDS_MAX);
    }
    code = fh_directory_add(
        decree->actor->directory, fh_buf_view(&record->bytes), fh_clock_wall_ms(), &outcome, err);
    if (code == FH_OK) {
        decree->count++;
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "%s", record->name);
}

int fh_decree_check_room(const struct fh_decree *decree, struct fh_err *err)
{
    struct fh_bytes views[FH_DECREE_RECORDS_MAX];
    for (uint32_t i = 0; i < decree->count; i++) {
        views[i] = fh_buf_view(&decree->records[i].bytes);
    }
    return fh_steward_check_room(decree->actor, views, decree->count, err);
}

int fh_decree_enact(struct fh_decree *decree, struct fh_cli *cli, struct fh_err *err)
{
    struct fh_bytes views[FH_DECREE_RECORDS_MAX];
    int code = fh_decree_check_room(decree, err);
    for (uint32_t i = 0; i < decree->count && code == FH_OK; i++) {
        const struct fh_decree_record *record = &decree->records[i];
        views[i] = fh_buf_view(&record->bytes);
        code = fh_home_identity_write(
            &decree->actor->home, record->order, record->name, views[i], err);
    }
    return code == FH_OK ? fh_steward_spread(cli, decree->actor, views, decree->count, err) : code;
}
