/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of an audit log: every bit that flips, every record that is dropped, doubled, moved or
 * cut off is found, or, where the end is cut, is seen by the count; and checkpoints. */
#include "proto/governance/audit_chain.h"

#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

enum { RECORDS = 12, LOG_BYTES = 64 * 1024 };

struct log {
    struct fh_buf bytes;
    size_t begin[RECORDS + 1];                  /* of each frame, and the end */
    struct fh_audit_position last[RECORDS + 1]; /* before each */
};

static void make(struct log *log)
{
    struct fh_audit_position at = {0};
    fh_buf_init(&log->bytes, LOG_BYTES);
    for (unsigned i = 0; i < RECORDS; i++) {
        struct fh_buf detail FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&detail, 256);
        log->begin[i] = log->bytes.size;
        log->last[i] = at;
        fh_audit_recovered_pack(&detail, &(struct fh_audit_recovered){.dropped_bytes = i});
        fh_audit_append(&log->bytes, &at, 1000 + i, FH_AUDIT_RECOVERED, fh_buf_view(&detail));
    }
    log->begin[RECORDS] = log->bytes.size;
    log->last[RECORDS] = at;
    assert_int_equal(fh_buf_ok(&log->bytes), FH_OK);
}

/* Walks the bytes: how many records there are, and what was wrong. */
static unsigned
walk(struct fh_bytes bytes, const struct fh_audit_position *from, struct fh_err *err)
{
    struct fh_audit_cursor cursor;
    unsigned count = 0;
    bool end = false;
    *err = (struct fh_err){0};
    fh_audit_cursor_init(&cursor, bytes, from);
    while (!end) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(LOG_BYTES);
        struct fh_audit_record record;
        if (fh_audit_next(&cursor, arena, &record, &end, err) != FH_OK) {
            return count;
        }
        count += !end;
    }
    return count;
}

static const struct fh_audit_position nowhere;

static void test_whole(void **state)
{
    struct log *log = *state;
    struct fh_err err;
    assert_int_equal(walk(fh_buf_view(&log->bytes), &nowhere, &err), RECORDS);
    assert_int_equal(err.code, FH_OK);
    /* written ahead with zeros */
    struct fh_buf padded FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&padded, LOG_BYTES);
    fh_buf_add_bytes(&padded, fh_buf_view(&log->bytes));
    memset(fh_buf_reserve(&padded, 5000), 0, 5000);
    assert_int_equal(walk(fh_buf_view(&padded), &nowhere, &err), RECORDS);
    assert_int_equal(err.code, FH_OK);
    padded.data[padded.size - 1] = 1;
    assert_int_equal(walk(fh_buf_view(&padded), &nowhere, &err), RECORDS);
    assert_string_equal(err.rule, "audit.torn");
}

static void test_every_flip(void **state)
{
    struct log *log = *state;
    struct fh_err err;
    for (size_t i = 0; i < log->bytes.size; i++) {
        unsigned before = 0;
        while (before + 1 < RECORDS && log->begin[before + 1] <= i) {
            before++;
        }
        log->bytes.data[i] ^= 0x10;
        unsigned count = walk(fh_buf_view(&log->bytes), &nowhere, &err);
        log->bytes.data[i] ^= 0x10;
        assert_int_not_equal(err.code, FH_OK);
        assert_int_equal(count, before); /* all before it are good */
    }
}

/* A log of these records, in this order. */
static void take(struct fh_buf *out, const struct log *log, const unsigned *order, unsigned count)
{
    fh_buf_reset(out);
    for (unsigned i = 0; i < count; i++) {
        unsigned at = order[i];
        fh_buf_add(out, log->bytes.data + log->begin[at], log->begin[at + 1] - log->begin[at]);
    }
}

static void test_every_drop_double_and_swap(void **state)
{
    struct log *log = *state;
    struct fh_buf other FH_CLEANUP(fh_buf_fini);
    struct fh_err err;
    fh_buf_init(&other, LOG_BYTES);
    for (unsigned i = 0; i < RECORDS; i++) {
        unsigned order[RECORDS + 1];
        unsigned count = 0;
        for (unsigned k = 0; k < RECORDS; k++) { /* without i */
            if (k != i) {
                order[count++] = k;
            }
        }
        take(&other, log, order, count);
        unsigned walked = walk(fh_buf_view(&other), &nowhere, &err);
        assert_string_equal(err.rule, i == RECORDS - 1 ? "" : "audit.seq"); /* the end: the count */
        assert_int_equal(walked, i);
        count = 0;
        for (unsigned k = 0; k < RECORDS; k++) { /* i twice */
            order[count++] = k;
            if (k == i) {
                order[count++] = k;
            }
        }
        take(&other, log, order, count);
        assert_int_equal(walk(fh_buf_view(&other), &nowhere, &err), i + 1);
        assert_string_equal(err.rule, "audit.seq");
        for (unsigned k = 0; k < RECORDS; k++) { /* i and the next one the other way round */
            order[k] = k;
        }
        if (i + 1 < RECORDS) {
            order[i] = i + 1;
            order[i + 1] = i;
            take(&other, log, order, RECORDS);
            assert_int_equal(walk(fh_buf_view(&other), &nowhere, &err), i);
            assert_string_equal(err.rule, "audit.seq");
        }
    }
}

static void test_every_cut(void **state)
{
    struct log *log = *state;
    struct fh_err err;
    unsigned whole = 0;
    for (size_t size = 0; size <= log->bytes.size; size++) {
        while (whole < RECORDS && log->begin[whole + 1] <= size) {
            whole++;
        }
        unsigned walked = walk(fh_bytes(log->bytes.data, size), &nowhere, &err);
        assert_int_equal(walked, whole);
        bool zeros = true; /* the first bytes of a size, as where the file was written ahead */
        for (size_t i = log->begin[whole]; i < size; i++) {
            zeros = zeros && log->bytes.data[i] == 0;
        }
        assert_string_equal(err.rule, zeros ? "" : "audit.torn");
    }
}

/* A record of the same number in another chain. */
static void test_another_chain(void **state)
{
    struct log *log = *state;
    struct fh_buf other FH_CLEANUP(fh_buf_fini);
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    struct fh_audit_position at = log->last[3];
    struct fh_err err;
    fh_buf_init(&other, LOG_BYTES);
    fh_buf_init(&detail, 256);
    fh_audit_recovered_pack(&detail, &(struct fh_audit_recovered){.dropped_bytes = 99});
    fh_buf_add(&other, log->bytes.data, log->begin[3]);
    fh_audit_append(&other, &at, 0, FH_AUDIT_RECOVERED, fh_buf_view(&detail)); /* the clock: 0 */
    assert_int_equal(at.time_ms, log->last[3].time_ms);                        /* stands still */
    assert_int_equal(walk(fh_buf_view(&other), &nowhere, &err), 4);
    assert_int_equal(err.code, FH_OK);
    fh_buf_add(
        &other, log->bytes.data + log->begin[4], log->bytes.size - log->begin[4]); /* as it was */
    assert_int_equal(walk(fh_buf_view(&other), &nowhere, &err), 4);
    assert_string_equal(err.rule, "audit.prev");
}

/* A later file begins behind an earlier one, or anywhere when the earlier ones are gone. */
static void test_files(void **state)
{
    struct log *log = *state;
    struct fh_err err;
    struct fh_bytes tail =
        fh_bytes(log->bytes.data + log->begin[5], log->bytes.size - log->begin[5]);
    assert_int_equal(walk(tail, &log->last[5], &err), RECORDS - 5);
    assert_int_equal(err.code, FH_OK);
    assert_int_equal(walk(tail, NULL, &err), RECORDS - 5);
    assert_int_equal(err.code, FH_OK);
    assert_int_equal(walk(tail, &log->last[4], &err), 0);
    assert_string_equal(err.rule, "audit.seq");
}

/* A record that is older than the one before, by a writer who chains it correctly. */
static void test_clock(void **state)
{
    (void)state;
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    struct fh_audit_position at = {0};
    struct fh_err err;
    fh_buf_init(&bytes, LOG_BYTES);
    fh_buf_init(&detail, 256);
    fh_audit_recovered_pack(&detail, &(struct fh_audit_recovered){.dropped_bytes = 1});
    fh_audit_append(&bytes, &at, 5000, FH_AUDIT_RECOVERED, fh_buf_view(&detail));
    at.time_ms = 0;
    fh_audit_append(&bytes, &at, 4999, FH_AUDIT_RECOVERED, fh_buf_view(&detail));
    assert_int_equal(walk(fh_buf_view(&bytes), &nowhere, &err), 1);
    assert_string_equal(err.rule, "audit.time");
}

/* What does not fit the buffer leaves the position where it was. */
static void test_no_room(void **state)
{
    (void)state;
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_audit_position at = {0};
    fh_buf_init(&bytes, 40);
    fh_audit_append(&bytes, &at, 5000, FH_AUDIT_RECOVERED, fh_bytes("\x91\x01", 2));
    assert_int_equal(fh_buf_ok(&bytes), FH_ETOOBIG);
    assert_int_equal(at.seq, 0);
}

/* ---- checkpoints ---- */

static void seal(struct fh_buf *out,
                 const struct fh_audit_checkpoint *checkpoint,
                 unsigned type,
                 const struct test_key *signer)
{
    static const struct fh_mesh_id mesh = {.b = {7}};
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, 256);
    fh_buf_reset(out);
    fh_audit_checkpoint_payload(&payload, checkpoint);
    fh_record_seal(out, type, &mesh, fh_buf_view(&payload), &signer->secret);
    assert_int_equal(fh_buf_ok(out), FH_OK);
}

static void test_checkpoint(void **state)
{
    struct log *log = *state;
    static const struct fh_mesh_id mesh = {.b = {7}};
    static const struct fh_mesh_id other_mesh = {.b = {8}};
    const struct test_domain domain = test_domain_of(1);
    struct fh_audit_checkpoint checkpoint = {
        .domain = domain.id,
        .key = domain.node.public_key,
        .seq = log->last[RECORDS].seq,
        .head = log->last[RECORDS].head,
        .time_ms = 9000,
    };
    struct fh_audit_checkpoint read = {.seq = 77};
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    struct fh_err err;
    fh_buf_init(&record, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    const struct {
        unsigned type;
        uint64_t seq;
        const struct test_key *signer;
        const struct fh_mesh_id *mesh;
        const char *rule;
    } bad[] = {
        {FH_RECORD_AUDIT_CHECKPOINT, 12, &domain.publisher, &mesh, "record.signature"},
        {FH_RECORD_AUDIT_CHECKPOINT, 12, &domain.node, &other_mesh, "record.signature"},
        {FH_RECORD_AUDIT_CHECKPOINT, 0, &domain.node, &mesh, "audit.form"},
        {FH_RECORD_GRANT_END, 12, &domain.node, &mesh, "audit.form"},
    };
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        struct fh_audit_checkpoint made = checkpoint;
        made.seq = bad[i].seq;
        seal(&record, &made, bad[i].type, bad[i].signer);
        int code = fh_audit_checkpoint_open(
            &read, fh_buf_view(&record), bad[i].mesh, &fh_verifier_plain, &err);
        assert_int_not_equal(code, FH_OK);
        assert_string_equal(err.rule, bad[i].rule);
        assert_int_equal(read.seq, 77);
    }
    seal(&record, &checkpoint, FH_RECORD_AUDIT_CHECKPOINT, &domain.node);
    assert_int_equal(
        fh_audit_checkpoint_open(&read, fh_buf_view(&record), &mesh, &fh_verifier_plain, &err),
        FH_OK);
    assert_int_equal(read.seq, RECORDS);
    assert_memory_equal(read.head.b, log->last[RECORDS].head.b, FH_HASH_BYTES);
    for (size_t i = 0; i < record.size; i++) { /* no byte may differ */
        record.data[i] ^= 1;
        assert_int_not_equal(
            fh_audit_checkpoint_open(&read, fh_buf_view(&record), &mesh, &fh_verifier_plain, &err),
            FH_OK);
        record.data[i] ^= 1;
    }
}

static int setup(void **state)
{
    static struct log log;
    if (fh_crypto_init() != FH_OK) {
        return -1;
    }
    make(&log);
    *state = &log;
    return 0;
}

static int teardown(void **state)
{
    struct log *log = *state;
    fh_buf_fini(&log->bytes);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_every_flip),
        cmocka_unit_test(test_every_drop_double_and_swap),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_another_chain),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_checkpoint),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
