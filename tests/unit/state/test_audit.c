/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log on disk: groups, the end after a crash, full disks, files that fill, and what the
 * node refuses to go on with. */
#include "node/state/audit.h"

#include "common/file.h"
#include "common/time.h"
#include "tests/lib/home.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LOG_BYTES = 64 * 1024 * 1024 };

struct fixture {
    struct test_scratch scratch;
    struct fh_home home;
    struct fh_keystore *keys;
    struct fh_audit_file_options options;
    struct fh_err err;
};

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

static int setup(void **state)
{
    static const uint8_t node_seed[FH_SEED_BYTES] = {1};
    static const uint8_t agree_seed[FH_SEED_BYTES] = {2};
    struct fixture *f = calloc(1, sizeof *f);
    f->scratch = test_scratch_make();
    test_home_make(&f->home, &f->scratch);
    test_home_key(&f->home, "node", FH_KEY_NODE, node_seed, NULL);
    test_home_key(&f->home, "node_agree", FH_KEY_NODE_AGREE, agree_seed, NULL);
    must(fh_keystore_open(&f->keys, &f->home, &f->err), &f->err);
    f->options = (struct fh_audit_file_options){
        .home = &f->home, .keys = f->keys, .mesh = {{5}}, .domain = {{6}}};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    fh_keystore_close(f->keys);
    test_scratch_remove(&f->scratch);
    free(f);
    return 0;
}

/* ---- what a log holds ---- */

struct summary {
    struct fh_audit_position last;
    unsigned count[FH_AUDIT_KIND_COUNT];
    unsigned files;
    uint64_t first;
    uint64_t dropped;
    uint64_t counted;
    uint64_t signed_seq; /* of the last checkpoint that verifies */
    bool anywhere;
};

static int summarise(void *user, const char *path, uint64_t first, struct fh_err *err)
{
    struct summary *s = user;
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_audit_cursor cursor;
    bool end = false;
    fh_buf_init(&bytes, LOG_BYTES);
    int code = fh_file_read(path, &bytes, err);
    fh_audit_cursor_init(
        &cursor, fh_buf_view(&bytes), s->files == 0 && first > 1 ? NULL : &s->last);
    s->files++;
    while (code == FH_OK && !end) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
        struct fh_audit_record record;
        struct fh_audit_position before = cursor.last;
        code = fh_audit_next(&cursor, arena, &record, &end, err);
        if (code != FH_OK || end) {
            break;
        }
        s->first = s->first == 0 ? record.seq : s->first;
        s->count[record.kind]++;
        if (record.kind == FH_AUDIT_RECOVERED) {
            s->dropped += record.detail.recovered.dropped_bytes;
        } else if (record.kind == FH_AUDIT_COUNTED) {
            s->counted += record.detail.counted.count;
        } else if (record.kind == FH_AUDIT_CHECKPOINT) {
            static const struct fh_mesh_id mesh = {{5}};
            struct fh_audit_checkpoint checkpoint;
            must(fh_audit_checkpoint_open(
                     &checkpoint, record.detail.checkpoint, &mesh, &fh_verifier_plain, err),
                 err);
            assert_int_equal(checkpoint.seq, before.seq);
            assert_memory_equal(checkpoint.head.b, before.head.b, FH_HASH_BYTES);
            s->signed_seq = checkpoint.seq;
        }
    }
    s->last = cursor.last;
    return code;
}

static struct summary summary_of(struct fixture *f)
{
    struct summary s = {.first = 0};
    must(fh_home_audit_each(&f->home, summarise, &s, &f->err), &f->err);
    return s;
}

/* ---- writing ---- */

static struct fh_audit *open_log(struct fixture *f)
{
    struct fh_audit *audit = NULL;
    must(fh_audit_open(&audit, &f->options, &f->err), &f->err);
    return audit;
}

/* A governing record with a subject of this many letters. */
static struct fh_audit_ticket *
add(struct fh_audit *audit, enum fh_audit_urgency urgency, unsigned letters)
{
    char subject[FH_AUDIT_SUBJECT_BYTES_MAX + 1];
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    memset(subject, 's', letters);
    subject[letters] = '\0';
    const struct fh_audit_governed governed = {.what = "policy",
                                               .subject = subject,
                                               .who = {.domain_name = "", .token_label = ""},
                                               .rule = ""};
    fh_buf_init(&detail, 4096);
    fh_audit_governed_pack(&detail, &governed);
    struct fh_audit_ticket *ticket = fh_audit_add(audit, FH_AUDIT_GOVERNED, urgency, &detail);
    assert_non_null(ticket);
    return ticket;
}

static int add_and_wait(struct fh_audit *audit, unsigned letters, struct fh_err *err)
{
    struct fh_audit_ticket *ticket FH_CLEANUP(fh_audit_ticket_unrefp) =
        add(audit, FH_AUDIT_DECISION, letters);
    return fh_audit_wait(ticket, err);
}

static void test_written(void **state)
{
    struct fixture *f = *state;
    struct fh_audit *audit = open_log(f);
    must(add_and_wait(audit, 3, &f->err), &f->err);
    struct summary s = summary_of(f); /* while the log is open: it is on disk */
    assert_int_equal(s.count[FH_AUDIT_OPENED], 1);
    assert_int_equal(s.count[FH_AUDIT_GOVERNED], 1);
    fh_audit_ticket_unref(add(audit, FH_AUDIT_LAZY, 3));
    fh_audit_close(audit); /* also what nobody waited for */
    audit = open_log(f);
    must(add_and_wait(audit, 3, &f->err), &f->err);
    fh_audit_close(audit);
    s = summary_of(f);
    assert_int_equal(s.count[FH_AUDIT_OPENED], 2);
    assert_int_equal(s.count[FH_AUDIT_GOVERNED], 3);
    assert_int_equal(s.last.seq, 5);
    assert_int_equal(s.dropped, 0);
    char path[FH_HOME_PATH_BYTES];
    struct stat status;
    assert_int_equal(stat(fh_home_path(path, &f->home, FH_HOME_AUDIT_LOG), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

enum { THREADS = 8, EACH = 60, CROWD = 100 };

static void *add_many(void *user)
{
    for (unsigned i = 0; i < EACH; i++) {
        struct fh_err err;
        must(add_and_wait(user, i, &err), &err);
    }
    return NULL;
}

/* Many threads: every record once, and fewer waits for the disk than records. */
static void test_groups(void **state)
{
    struct fixture *f = *state;
    struct fh_audit *audit = open_log(f);
    pthread_t threads[THREADS];
    uint64_t groups;
    uint64_t records;
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, audit), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    fh_audit_counts(audit, &groups, &records);
    fh_audit_close(audit);
    assert_int_equal(records, THREADS * EACH);
    assert_true(groups <= records);
    struct summary s = summary_of(f);
    assert_int_equal(s.count[FH_AUDIT_GOVERNED], THREADS * EACH);
}

/* What is one of many at a time waits for the others: however the threads run, groups lie
 * FH_AUDIT_CROWD_US apart, and all of it is on disk. */
static void test_crowd(void **state)
{
    struct fixture *f = *state;
    struct fh_audit *audit = open_log(f);
    uint64_t before;
    uint64_t groups;
    uint64_t records;
    must(add_and_wait(audit, 3, &f->err), &f->err);
    fh_audit_counts(audit, &before, &records);
    int64_t began_ns = fh_clock_mono_ns();
    for (unsigned i = 0; i < CROWD; i++) {
        struct fh_audit_ticket *ticket FH_CLEANUP(fh_audit_ticket_unrefp) =
            add(audit, FH_AUDIT_CROWDED, 3);
        if (i % 5 == 4) {
            must(fh_audit_wait(ticket, &f->err), &f->err);
        }
    }
    int64_t took_us = (fh_clock_mono_ns() - began_ns) / 1000;
    fh_audit_counts(audit, &groups, &records);
    fh_audit_close(audit);
    assert_int_equal(records, 1 + CROWD);
    assert_in_range(groups - before, 1, (uintmax_t)took_us / FH_AUDIT_CROWD_US + 1);
}

static void told(const struct fh_err *err, void *user)
{
    *(int *)user = err == NULL ? 1 : err->code;
}

static void test_then(void **state)
{
    struct fixture *f = *state;
    struct fh_audit *audit = open_log(f);
    int first = 0;
    int second = 0;
    struct fh_audit_ticket *ticket = add(audit, FH_AUDIT_AWAITED, 1);
    fh_audit_then(ticket, told, &first);
    must(fh_audit_wait(ticket, &f->err), &f->err);
    assert_int_equal(fh_audit_ticket_seq(ticket), 2);
    struct fh_audit_ticket *later = add(audit, FH_AUDIT_AWAITED, 1);
    must(fh_audit_wait(later, &f->err), &f->err);
    fh_audit_then(later, told, &second); /* it is decided: at once */
    assert_int_equal(second, 1);
    fh_audit_ticket_unref(ticket);
    fh_audit_ticket_unref(later);
    fh_audit_close(audit);
    assert_int_equal(first, 1);
}

static void test_too_long(void **state)
{
    struct fixture *f = *state;
    struct fh_audit *audit = open_log(f);
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&detail, 2 * FH_AUDIT_RECORD_BYTES_MAX);
    memset(fh_buf_reserve(&detail, FH_AUDIT_RECORD_BYTES_MAX), 1, FH_AUDIT_RECORD_BYTES_MAX);
    struct fh_audit_ticket *ticket =
        fh_audit_add(audit, FH_AUDIT_GOVERNED, FH_AUDIT_DECISION, &detail);
    assert_int_equal(fh_audit_wait(ticket, &f->err), FH_ETOOBIG);
    assert_string_equal(f->err.rule, "audit.record");
    fh_audit_ticket_unref(ticket);
    fh_audit_close(audit);
}

/* ---- crashes ---- */

/* A child adds records until it is killed, and says through the pipe how many were acknowledged. */
static unsigned killed_writer(struct fixture *f, unsigned after)
{
    int ends[2];
    unsigned told_count = 0;
    unsigned char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct fh_audit *audit = NULL;
        if (fh_audit_open(&audit, &f->options, &f->err) != FH_OK) {
            _exit(1);
        }
        for (;;) {
            struct fh_err err;
            fh_audit_ticket_unref(add(audit, FH_AUDIT_LAZY, 200));
            if (add_and_wait(audit, 100, &err) != FH_OK || write(ends[1], "x", 1) != 1) {
                _exit(1);
            }
        }
    }
    close(ends[1]);
    while (told_count < after && read(ends[0], &byte, 1) == 1) {
        told_count++;
    }
    kill(child, SIGKILL);
    while (read(ends[0], &byte, 1) == 1) {
        told_count++;
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    return told_count;
}

static void test_killed(void **state)
{
    struct fixture *f = *state;
    unsigned acknowledged = 0;
    for (unsigned i = 0; i < 4; i++) {
        acknowledged += killed_writer(f, 5 + 7 * i);
        struct fh_audit *audit = open_log(f);
        must(add_and_wait(audit, 1, &f->err), &f->err);
        acknowledged++;
        fh_audit_close(audit);
    }
    struct summary s = summary_of(f);
    assert_true(s.count[FH_AUDIT_GOVERNED] >= acknowledged);
}

/* The bytes of the open file. */
static void read_log(struct fixture *f, struct fh_buf *out)
{
    char path[FH_HOME_PATH_BYTES];
    fh_buf_reset(out);
    must(fh_file_read(fh_home_path(path, &f->home, FH_HOME_AUDIT_LOG), out, &f->err), &f->err);
}

static void write_log(struct fixture *f, struct fh_bytes bytes)
{
    char path[FH_HOME_PATH_BYTES];
    must(fh_file_replace(fh_home_path(path, &f->home, FH_HOME_AUDIT_LOG), bytes, 0600, &f->err),
         &f->err);
}

static size_t end_of(const struct fh_buf *bytes)
{
    size_t end = bytes->size;
    while (end > 0 && bytes->data[end - 1] == 0) {
        end--;
    }
    return end;
}

/* Whatever a power cut leaves of the last group: cut off at any byte, or with a hole. */
static void test_torn(void **state)
{
    struct fixture *f = *state;
    struct fh_buf whole FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&whole, LOG_BYTES);
    struct fh_audit *audit = open_log(f);
    must(add_and_wait(audit, 100, &f->err), &f->err);
    fh_audit_close(audit);
    read_log(f, &whole);
    size_t begin = end_of(&whole);
    audit = open_log(f);
    must(add_and_wait(audit, 100, &f->err), &f->err);
    fh_audit_close(audit);
    read_log(f, &whole);
    size_t end = end_of(&whole);
    struct fh_buf torn FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&torn, LOG_BYTES);
    for (size_t at = begin + 5; at < end; at += 29) {
        for (unsigned hole = 0; hole < 2; hole++) {
            fh_buf_reset(&torn);
            fh_buf_add(&torn, whole.data, hole ? end : at);
            if (hole) {
                torn.data[at] ^= 0x55;
            }
            write_log(f, fh_buf_view(&torn));
            audit = open_log(f);
            must(add_and_wait(audit, 7, &f->err), &f->err);
            fh_audit_close(audit);
            struct summary s = summary_of(f);
            assert_true(s.count[FH_AUDIT_GOVERNED] >= 2);
            assert_int_equal(s.count[FH_AUDIT_RECOVERED], 1);
            assert_true(s.dropped > 0);
        }
    }
}

/* Changed further back than a group: nobody goes on behind that. */
static void test_damaged(void **state)
{
    struct fixture *f = *state;
    struct fh_buf whole FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&whole, LOG_BYTES);
    struct fh_audit *audit = open_log(f);
    for (unsigned i = 0; i < 6000; i++) {
        fh_audit_ticket_unref(add(audit, FH_AUDIT_LAZY, 200));
    }
    must(add_and_wait(audit, 1, &f->err), &f->err);
    fh_audit_close(audit);
    read_log(f, &whole);
    assert_true(end_of(&whole) > FH_AUDIT_GROUP_BYTES_MAX + 1000);
    whole.data[900] ^= 1;
    write_log(f, fh_buf_view(&whole));
    struct fh_audit *again = NULL;
    assert_int_equal(fh_audit_open(&again, &f->options, &f->err), FH_ECHECK);
    assert_string_equal(f->err.rule, "audit.damaged");
    assert_null(again);
    struct fh_buf same FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&same, LOG_BYTES);
    read_log(f, &same);
    assert_true(fh_bytes_equal(fh_buf_view(&same), fh_buf_view(&whole))); /* evidence stays */
}

/* ---- room ---- */

static void test_files(void **state)
{
    struct fixture *f = *state;
    f->options.segment_bytes = 32 * 1024;
    f->options.bytes_max = 4 * f->options.segment_bytes;
    struct fh_audit *audit = open_log(f);
    for (unsigned i = 0; i < 1200; i++) {
        fh_audit_ticket_unref(add(audit, FH_AUDIT_LAZY, 150));
        if (i % 16 == 0) {
            must(add_and_wait(audit, 1, &f->err), &f->err);
        }
    }
    fh_audit_close(audit);
    struct summary s = summary_of(f);
    assert_true(s.files >= 3 && s.files <= 5);
    assert_true(s.first > 1);
    assert_true(s.count[FH_AUDIT_PRUNED] > 0);
    assert_true(s.count[FH_AUDIT_CHECKPOINT] >= s.files - 1); /* one ends each closed file */
    audit = open_log(f);
    must(add_and_wait(audit, 1, &f->err), &f->err);
    fh_audit_close(audit);
    struct summary more = summary_of(f);
    assert_int_equal(more.last.seq, s.last.seq + 2); /* goes on behind it */
}

/* The disk is full: decisions are refused, ends of what was allowed before still find room, and
 * when there is room again all goes on. */
static void test_full_disk(void **state)
{
    struct fixture *f = *state;
    struct rlimit before;
    struct rlimit small;
    struct fh_audit *audit = open_log(f);
    must(add_and_wait(audit, 1, &f->err), &f->err);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = FH_AUDIT_AHEAD_BYTES + 64 * 1024;
    signal(SIGXFSZ, SIG_IGN); /* writes fail instead */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int code = FH_OK;
    unsigned written = 0;
    while (code == FH_OK && written < 100000) {
        code = add_and_wait(audit, 250, &f->err);
        written += code == FH_OK;
    }
    assert_int_equal(code, FH_EBUSY);
    assert_string_equal(f->err.rule, "audit.full");
    assert_true(f->err.retry_after_ms > 0);
    struct fh_audit_ticket *end = add(audit, FH_AUDIT_AWAITED, 250);
    must(fh_audit_wait(end, &f->err), &f->err);
    fh_audit_ticket_unref(end); /* it ends before the log does */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    must(add_and_wait(audit, 250, &f->err), &f->err);
    fh_audit_close(audit);
    struct summary s = summary_of(f);
    assert_int_equal(s.count[FH_AUDIT_GOVERNED], 1 + written + 2);
    assert_int_equal(s.dropped, 0);
}

static void test_checkpoint(void **state)
{
    struct fixture *f = *state;
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    uint64_t seq = 0;
    fh_buf_init(&record, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    struct fh_audit *audit = open_log(f);
    assert_false(fh_audit_checkpoint(audit, 0, &seq, &record));
    for (unsigned i = 0; i < FH_AUDIT_CHECKPOINT_RECORDS + 5; i++) {
        fh_audit_ticket_unref(add(audit, FH_AUDIT_LAZY, 10));
    }
    must(add_and_wait(audit, 1, &f->err), &f->err);
    must(add_and_wait(audit, 1, &f->err), &f->err);
    assert_true(fh_audit_checkpoint(audit, 0, &seq, &record));
    assert_false(fh_audit_checkpoint(audit, seq, &seq, &record));
    fh_audit_close(audit);
    struct summary s = summary_of(f);
    assert_int_equal(s.signed_seq, seq);
    assert_true(seq >= FH_AUDIT_CHECKPOINT_RECORDS);
}

/* ---- a flood of refusals ---- */

enum { SEGMENT = 64 * 1024, FLOOD = 20000, BATCH = 20 };

static void add_batch(struct fixture *f, struct fh_audit *audit)
{
    for (unsigned i = 1; i < BATCH; i++) {
        fh_audit_ticket_unref(add(audit, FH_AUDIT_LAZY, 200));
    }
    must(add_and_wait(audit, 200, &f->err), &f->err);
}

/* One of a member of the domain of this number (0: a stranger); false when it was counted. */
static bool refuse(struct fh_audit *audit, unsigned domain, const char *rule)
{
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&detail, 4096);
    struct fh_audit_read read = {.who = {.domain = {{9}},
                                         .domain_name = domain == 0 ? "" : "museum",
                                         .key = {{1}},
                                         .token_label = ""},
                                 .purpose = "",
                                 .code = FH_EDENIED,
                                 .rule = rule};
    memcpy(read.who.domain.b, &domain, sizeof domain);
    const struct fh_refusal refusal = fh_refusal_of(&read.who, FH_EDENIED, rule);
    if (fh_audit_counted(audit, &refusal)) {
        return false;
    }
    fh_audit_read_pack(&detail, &read);
    fh_audit_ticket_unref(
        fh_audit_add_refused(audit, FH_AUDIT_READ, FH_AUDIT_LAZY, &refusal.domain, &detail));
    return true;
}

static uint64_t counted_of(struct fixture *f)
{
    return summary_of(f).counted;
}

/* A stranger, a member and the member of another domain ask in vain, as fast as they can and across
 * restarts: no file is closed by that, what was decided before is all there, and each refusal is,
 * or is counted. */
static void test_flood(void **state)
{
    struct fixture *f = *state;
    unsigned written = 0;
    f->options.segment_bytes = SEGMENT;
    f->options.bytes_max = 4 * SEGMENT;
    struct fh_audit *audit = open_log(f);
    for (unsigned i = 0; i < 300; i += BATCH) { /* more than one file of it */
        add_batch(f, audit);
    }
    struct summary before = summary_of(f);
    assert_true(before.files > 1);
    for (unsigned i = 0; i < FLOOD; i++) {
        if (i % (FLOOD / 4) == 0) {
            fh_audit_close(audit);
            audit = open_log(f);
        }
        written += refuse(audit, i % 3, i % 2 == 0 ? "access.denied" : "limit.streams");
    }
    fh_audit_close(audit);
    struct summary after = summary_of(f);
    assert_int_equal(after.first, before.first);
    assert_in_range(after.files, before.files, before.files + 1); /* it was nearly full */
    assert_int_equal(after.count[FH_AUDIT_PRUNED], before.count[FH_AUDIT_PRUNED]);
    assert_int_equal(after.count[FH_AUDIT_GOVERNED], 300);
    assert_int_equal(after.count[FH_AUDIT_READ], written);
    assert_in_range(written, 3, SEGMENT / FH_AUDIT_REFUSED_SHARE / 100);
    assert_int_equal(counted_of(f) + written, FLOOD);
}

/* What is decided beside a flood closes files, and each has its part for refusals again. */
static void test_flood_beside(void **state)
{
    struct fixture *f = *state;
    unsigned written = 0;
    unsigned refused = 0;
    f->options.segment_bytes = SEGMENT;
    f->options.bytes_max = 8 * SEGMENT;
    struct fh_audit *audit = open_log(f);
    for (unsigned i = 0; i < 600; i += BATCH) {
        add_batch(f, audit);
        for (unsigned k = 0; k < 200; k++, refused++) {
            written += refuse(audit, 1, "access.denied");
        }
    }
    fh_audit_close(audit);
    struct summary s = summary_of(f);
    assert_int_equal(s.first, 1); /* nothing was pruned */
    assert_int_equal(s.count[FH_AUDIT_GOVERNED], 600);
    assert_true(s.files > 2);
    assert_true(s.count[FH_AUDIT_READ] > s.files);
    assert_int_equal(counted_of(f) + written, refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crowd, setup, teardown),
        cmocka_unit_test_setup_teardown(test_then, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flood_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint, setup, teardown),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
