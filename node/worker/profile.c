/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/profile.h"

enum {
    PROFILE_FILES = 1,
    ARENA_BYTES_MAX = 32 * 1024 * 1024, /* observers of 2,048 columns at 2 KiB, and names */
};

static bool is_cancelled(void *user)
{
    return fh_inbox_cancelled(user);
}

/* The descriptor of the question's file, in a slot of the engine's. */
static int take_file(struct fh_desk *desk,
                     const struct fh_profile_question *question,
                     struct fh_frame *frame,
                     int *out_slot,
                     unsigned *out_count,
                     struct fh_err *err)
{
    if (question->source == FH_PROFILE_POSTGRES) {
        return FH_OK;
    }
    struct fh_table table = {.file_count = PROFILE_FILES};
    int code = fh_engine_take_files(desk->engine, &table, frame, out_slot, err);
    *out_count = code == FH_OK ? PROFILE_FILES : 0;
    return code;
}

static int make_profile(struct fh_desk *desk,
                        const struct fh_profile_question *question,
                        int slot,
                        struct fh_profile *out,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    switch (question->source) {
    case FH_PROFILE_PARQUET:
    case FH_PROFILE_CSV:
    case FH_PROFILE_JSON:
        return fh_profile_file(out, question, fh_engine_connection(desk->engine), slot, arena, err);
    case FH_PROFILE_SQLITE:
        return fh_sqlite_profile(out, question, slot, is_cancelled, desk->inbox, arena, err);
    case FH_PROFILE_POSTGRES:
        return fh_postgres_profile(out, question, arena, err);
    case FH_PROFILE_SOURCE_COUNT:
        break;
    }
    return fh_err_set(err, FH_EINVAL, "not a source that can be described");
}

static int make_catalogue(struct fh_desk *desk,
                          const struct fh_profile_question *question,
                          int slot,
                          struct fh_profile_catalogue *out,
                          struct fh_arena *arena,
                          struct fh_err *err)
{
    if (question->source == FH_PROFILE_SQLITE) {
        return fh_sqlite_catalogue(out, slot, is_cancelled, desk->inbox, arena, err);
    }
    if (question->source == FH_PROFILE_POSTGRES) {
        return fh_postgres_catalogue(out, question, arena, err);
    }
    return fh_err_set(err, FH_EINVAL, "a file has no tables to list");
}

void fh_profile_answer(struct fh_desk *desk,
                       const struct fh_profile_question *question,
                       struct fh_frame *frame)
{
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES_MAX);
    struct fh_err err = {0};
    struct fh_profile profile = {.id = question->id, .definition = ""};
    struct fh_profile_catalogue catalogue = {.id = question->id};
    struct fh_buf payload;
    int slot = -1;
    unsigned slots = 0;
    bool lists = frame->kind == FH_CHANNEL_CATALOGUE;
    fh_buf_init(&payload, FH_PROFILE_BYTES_MAX);
    fh_inbox_begin(desk->inbox, question->id, 0, fh_engine_connection(desk->engine));
    int code = arena == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory for a profile")
                             : fh_engine_seal(desk->engine, &err);
    if (code == FH_OK) {
        code = take_file(desk, question, frame, &slot, &slots, &err);
    }
    if (code == FH_OK && lists) {
        code = make_catalogue(desk, question, slot, &catalogue, arena, &err);
        fh_profile_put_catalogue(&payload, &catalogue);
    } else if (code == FH_OK) {
        code = make_profile(desk, question, slot, &profile, arena, &err);
        fh_profile_put(&payload, &profile);
    }
    fh_engine_drop_files(desk->engine, &slot, slots);
    fh_inbox_end(desk->inbox);
    if (code == FH_OK && fh_buf_ok(&payload) != FH_OK) {
        code = fh_err_rule(&err,
                           FH_ETOOBIG,
                           "source.size",
                           "the description of the table is larger than %d MiB",
                           FH_PROFILE_BYTES_MAX / 1024 / 1024);
    }
    if (code == FH_OK) {
        fh_port_send_buf(desk->port, lists ? FH_CHANNEL_CATALOGUED : FH_CHANNEL_PROFILED, &payload);
    } else {
        fh_port_send_error(desk->port, question->id, &err, 0);
    }
    fh_buf_fini(&payload);
    fh_arena_free(arena);
}
