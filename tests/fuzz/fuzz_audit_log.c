/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log of a home as `freehold audit` reads it, from hostile files. The first byte says how
 * the rest becomes files:
 *
 *     bit 0      as it is, one file; else rows, each chained to the one before as a node would:
 *                    kind, u16be size, detail of that size
 *                an `opened` or a checkpoint without a detail is the true one
 *     bits 1-3   so many rows go into a closed file; of the raw file, that many bytes are cut off
 *     bit 4      the closed file is gone
 *
 * Whatever they hold, the reader gives the same records twice, or says what is wrong, and where.
 */
#include "tools/compliance/audit_log.h"

#include "common/assert.h"
#include "common/file.h"
#include "tests/lib/identities.h"
#include "tests/lib/scratch.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHAIN_BYTES = 2 * FH_AUDIT_GROUP_BYTES_MAX, ROWS_MAX = 64, ROW_HEAD_BYTES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world {
    bool made;
    struct test_scratch scratch;
    struct test_domain domain;
    struct fh_actor actor;
} world;

static void remove_world(void)
{
    test_scratch_remove(&world.scratch);
    fh_directory_free(world.actor.directory);
}

static void add(const struct test_record *record)
{
    struct fh_directory_outcome outcome;
    struct fh_err err;
    FH_ASSERT(fh_directory_add(
                  world.actor.directory, test_bytes(record), TEST_START_MS, &outcome, &err) ==
              FH_OK);
}

/* A home with no more than its folders, and a directory that knows the node. */
static void make_world(void)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_err err;
    world.made = true;
    world.scratch = test_scratch_make();
    atexit(remove_world);
    test_scratch_path(world.actor.home.root, sizeof world.actor.home.root, &world.scratch, "home");
    FH_ASSERT(fh_dir_make(world.actor.home.root, 0700, &err) == FH_OK);
    FH_ASSERT(fh_dir_make(fh_home_path(path, &world.actor.home, FH_HOME_AUDIT), 0700, &err) ==
              FH_OK);
    world.domain = test_domain_of(1);
    world.actor.domain = world.domain.id;
    struct test_record charter = test_charter_1(&world.domain, &world.actor.mesh);
    struct test_record node =
        test_delegation(&world.domain, &world.domain.node, FH_ROLE_NODE, &world.actor.mesh);
    world.actor.directory = fh_directory_new(&world.actor.mesh, &fh_verifier_plain);
    FH_ASSERT(world.actor.directory != NULL);
    add(&world.domain.inception);
    add(&charter);
    add(&node);
}

/* ---- files ---- */

static void true_opened(struct fh_buf *out)
{
    const struct fh_audit_opened opened = {
        .mesh = world.actor.mesh, .domain = world.domain.id, .key = world.domain.node.public_key};
    fh_audit_opened_pack(out, &opened);
}

static void true_checkpoint(struct fh_buf *out, const struct fh_audit_position *at)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    const struct fh_audit_checkpoint checkpoint = {.domain = world.domain.id,
                                                   .key = world.domain.node.public_key,
                                                   .seq = at->seq,
                                                   .head = at->head,
                                                   .time_ms = at->time_ms};
    fh_buf_init(&payload, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    fh_buf_init(&record, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    fh_audit_checkpoint_payload(&payload, &checkpoint);
    fh_record_seal(&record,
                   FH_RECORD_AUDIT_CHECKPOINT,
                   &world.actor.mesh,
                   fh_buf_view(&payload),
                   &world.domain.node.secret);
    fh_audit_checkpoint_pack(out, fh_buf_view(&record));
}

/* Appends the next row's frame. False: there is no row more. */
static bool chain_row(struct fh_bytes *rest, struct fh_buf *out, struct fh_audit_position *at)
{
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&detail, FH_AUDIT_RECORD_BYTES_MAX);
    if (rest->size < ROW_HEAD_BYTES) {
        return false;
    }
    unsigned kind = rest->data[0];
    size_t size = (size_t)rest->data[1] << 8 | rest->data[2];
    rest->data += ROW_HEAD_BYTES;
    rest->size -= ROW_HEAD_BYTES;
    size = size < rest->size ? size : rest->size;
    fh_buf_add(&detail, rest->data, size);
    rest->data += size;
    rest->size -= size;
    if (size == 0 && kind == FH_AUDIT_OPENED) {
        true_opened(&detail);
    } else if (size == 0 && kind == FH_AUDIT_CHECKPOINT) {
        true_checkpoint(&detail, at);
    }
    int64_t now_ms = TEST_START_MS + TEST_HOUR_MS + (int64_t)at->seq;
    fh_audit_append(out, at, now_ms, kind, fh_buf_view(&detail));
    return fh_buf_ok(out) == FH_OK;
}

static void write_file(const char *path, struct fh_bytes bytes)
{
    FILE *file = fopen(path, "wb"); /* no wait for the disk */
    FH_ASSERT(file != NULL && fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    FH_ASSERT(fclose(file) == 0);
}

static void write_rows(struct fh_bytes rest, unsigned closed_rows, bool gone)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_buf frames FH_CLEANUP(fh_buf_fini);
    struct fh_audit_position at = {.seq = 0};
    fh_buf_init(&frames, CHAIN_BYTES);
    unsigned rows = 0;
    while (rows < closed_rows && chain_row(&rest, &frames, &at)) {
        rows++;
    }
    if (frames.size > 0 && !gone) {
        write_file(fh_home_audit_path(path, &world.actor.home, 1), fh_buf_view(&frames));
    }
    fh_buf_reset(&frames);
    while (rows < ROWS_MAX && chain_row(&rest, &frames, &at)) {
        rows++;
    }
    write_file(fh_home_path(path, &world.actor.home, FH_HOME_AUDIT_LOG), fh_buf_view(&frames));
}

/* ---- reading ---- */

struct walk {
    uint64_t count;
    uint64_t last;
};

static int visit(void *user,
                 const struct fh_audit_record *record,
                 const struct fh_hash *hash,
                 struct fh_err *err)
{
    struct walk *walk = user;
    (void)hash;
    (void)err;
    FH_ASSERT(walk->count == 0 || record->seq == walk->last + 1);
    walk->last = record->seq;
    walk->count++;
    return FH_OK;
}

static void read_log(void)
{
    struct fh_audit_log log;
    struct fh_err err = {.rule = ""};
    struct walk walk = {.count = 0};
    int code = fh_audit_log_open_still(&log, &world.actor, &err);
    FH_ASSERT(code == FH_OK); /* files can be read; what they hold is no failure of reading */
    FH_ASSERT(log.failure.code == FH_OK || log.failure.rule[0] != '\0');
    FH_ASSERT(log.records == 0 || log.last.seq == log.first + log.records - 1);
    FH_ASSERT(log.signed_seq <= log.last.seq && log.checkpoints <= log.records);
    FH_ASSERT(fh_audit_log_each(&log, visit, &walk, &err) == FH_OK);
    FH_ASSERT(walk.count == log.records && (walk.count == 0 || walk.last == log.last.seq));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FH_HOME_PATH_BYTES];
    if (size == 0 || fh_crypto_init() != FH_OK) {
        return 0;
    }
    if (!world.made) {
        make_world();
    }
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    unsigned count = data[0] >> 1 & 7;
    (void)unlink(fh_home_audit_path(path, &world.actor.home, 1));
    if ((data[0] & 1) == 0) {
        write_rows(rest, count, (data[0] & 16) != 0);
    } else {
        rest.size -= rest.size > count ? count : 0;
        write_file(fh_home_path(path, &world.actor.home, FH_HOME_AUDIT_LOG), rest);
    }
    read_log();
    return 0;
}
