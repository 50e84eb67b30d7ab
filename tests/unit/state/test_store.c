/* SPDX-License-Identifier: Apache-2.0 */
/* The store: what was acknowledged is there after kill -9 and on a full disk, nothing half-written.
 */
#include "node/state/store.h"
#include "node/state/store_names.h"
#include "node/state/store_quality.h"
#include "node/state/store_sql.h"

#include "common/file.h"
#include "tests/lib/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct test_scratch scratch;
    char path[128];
    struct fh_store *store;
};

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

static void reopen(struct fixture *f)
{
    struct fh_err err = {0};
    fh_store_close(f->store);
    f->store = NULL;
    must(fh_store_open(&f->store, f->path, &err), &err);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->scratch = test_scratch_make();
    test_scratch_path(f->path, sizeof f->path, &f->scratch, "node.db");
    reopen(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    fh_store_close(f->store);
    test_scratch_remove(&f->scratch);
    free(f);
    return 0;
}

static struct fh_store_record record_of(unsigned number)
{
    static uint8_t bytes[64];
    memset(bytes, (int)number, sizeof bytes);
    struct fh_store_record record = {
        .type = 1 + number % 5, .bytes = fh_bytes(bytes, sizeof bytes), .received_ms = number};
    fh_put_u32be(record.id.b, number);
    fh_put_u32be(record.domain.b, number / 10);
    return record;
}

static int put(struct fh_store *store, unsigned number)
{
    struct fh_store_record record = record_of(number);
    struct fh_err err = {0};
    return fh_store_record_put(store, &record, &err);
}

static bool has(struct fh_store *store, unsigned number)
{
    struct fh_store_record record = record_of(number);
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, 1024);
    int code = fh_store_record_get(store, &record.id, &bytes, &err);
    if (code == FH_OK) {
        assert_true(fh_bytes_equal(fh_buf_view(&bytes), record.bytes));
        return true;
    }
    assert_int_equal(code, FH_ENOTFOUND);
    return false;
}

struct seen {
    unsigned numbers[64];
    size_t count;
    int fail_at;
};

static int see(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    struct seen *seen = user;
    if (seen->fail_at >= 0 && seen->count == (size_t)seen->fail_at) {
        return fh_err_set(err, FH_ECANCELLED, "enough");
    }
    seen->numbers[seen->count++] = fh_get_u32be(record->id.b);
    return FH_OK;
}

/* ---- plain life ---- */

static void test_file_is_private(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"node.db", "node.db-wal"};
    assert_int_equal(put(f->store, 1), FH_OK);
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        char path[128];
        struct stat st;
        test_scratch_path(path, sizeof path, &f->scratch, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void test_records_come_back_in_their_order(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    static const unsigned order[] = {5, 1, 9, 3, 1, 5};
    for (size_t i = 0; i < FH_COUNT(order); i++) {
        assert_int_equal(put(f->store, order[i]), FH_OK);
    }
    reopen(f);
    struct seen seen = {.fail_at = -1};
    must(fh_store_records_each(f->store, see, &seen, &err), &err);
    static const unsigned expected[] = {5, 1, 9, 3};
    assert_int_equal(seen.count, FH_COUNT(expected));
    assert_memory_equal(seen.numbers, expected, sizeof expected);
    /* A visitor's failure ends the walk, and the walk can be had again. */
    struct seen some = {.fail_at = 2};
    assert_int_equal(fh_store_records_each(f->store, see, &some, &err), FH_ECANCELLED);
    some = (struct seen){.fail_at = -1};
    must(fh_store_records_each(f->store, see, &some, &err), &err);
    assert_int_equal(some.count, 4);
    struct fh_store_record gone = record_of(9);
    must(fh_store_record_drop(f->store, &gone.id, &err), &err);
    assert_false(has(f->store, 9));
}

static void test_the_newest_member_record_replaces(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    const struct fh_node_id node = {.b = {1}};
    for (unsigned i = 0; i < 3; i++) {
        struct fh_store_record record = record_of(i);
        record.type = 7;
        must(fh_store_member_put(f->store, &record, &node, &err), &err);
    }
    struct seen seen = {.fail_at = -1};
    must(fh_store_members_each(f->store, see, &seen, &err), &err);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.numbers[0], 2);
    assert_true(has(f->store, 2));
}

static void test_keys(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    int64_t number = 0;
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, 8);
    must(fh_store_get_number(f->store, FH_STORE_KEY_GENERATION, 41, &number, &err), &err);
    assert_int_equal(number, 41);
    must(fh_store_put_number(f->store, FH_STORE_KEY_GENERATION, -7, &err), &err);
    must(fh_store_put_number(f->store, FH_STORE_KEY_GENERATION, INT64_MIN, &err), &err);
    reopen(f);
    must(fh_store_get_number(f->store, FH_STORE_KEY_GENERATION, 41, &number, &err), &err);
    assert_true(number == INT64_MIN);
    assert_int_equal(fh_store_get_bytes(f->store, FH_STORE_KEY_MESH, &bytes, &err), FH_ENOTFOUND);
    must(fh_store_put_bytes(f->store, FH_STORE_KEY_MESH, FH_BYTES_NONE, &err), &err);
    must(fh_store_get_bytes(f->store, FH_STORE_KEY_MESH, &bytes, &err), &err);
    assert_int_equal(bytes.size, 0);
    must(fh_store_put_bytes(f->store, FH_STORE_KEY_MESH, fh_bytes("123456789", 9), &err), &err);
    assert_int_equal(fh_store_get_bytes(f->store, FH_STORE_KEY_MESH, &bytes, &err), FH_ETOOBIG);
}

static void test_one_home_is_one_node(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    const struct fh_mesh_id none = {.b = {0}};
    const struct fh_mesh_id mesh = {.b = {1}};
    const struct fh_domain_id domain = {.b = {2}};
    const struct fh_domain_id other = {.b = {9}};
    const struct fh_node_id node = {.b = {3}};
    must(fh_store_identify(f->store, &none, &domain, &node, &err), &err);
    must(fh_store_identify(f->store, &mesh, &domain, &node, &err), &err);
    must(fh_store_identify(f->store, &none, &domain, &node, &err), &err);
    reopen(f);
    assert_int_equal(fh_store_identify(f->store, &mesh, &other, &node, &err), FH_ESTATE);
    assert_string_equal(err.rule, "store.identity");
    const struct fh_mesh_id other_mesh = {.b = {9}};
    assert_int_equal(fh_store_identify(f->store, &other_mesh, &domain, &node, &err), FH_ESTATE);
    must(fh_store_identify(f->store, &mesh, &domain, &node, &err), &err);
}

static void test_pins(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        uint8_t domain;
        int code;
    } rows[] = {
        {"aviation", 1, FH_OK},
        {"aviation", 1, FH_OK},
        {"wildlife", 2, FH_OK},
        {"aviation", 3, FH_ESIG}, /* the name goes elsewhere */
        {"airlines", 1, FH_ESIG}, /* the domain renames itself */
        {"wildlife", 1, FH_ESIG}, /* both are known, not together */
        {"wildlife", 2, FH_OK},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct fh_domain_id domain = {.b = {rows[i].domain}};
        struct fh_err err = {0};
        assert_int_equal(fh_store_pin(f->store, rows[i].name, &domain, 5, &err), rows[i].code);
        assert_string_equal(err.rule, rows[i].code == FH_OK ? "" : "name.pinned");
    }
}

static void test_an_invitation_is_used_once(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    const struct fh_record_id invitation = {.b = {1}};
    const struct fh_domain_id first = {.b = {2}};
    const struct fh_domain_id second = {.b = {3}};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 64);
    struct fh_bytes admission = fh_bytes("admission", 9);
    must(fh_store_invitation_use(f->store, &invitation, &first, "a", admission, 1, &out, &err),
         &err);
    assert_int_equal(out.size, 0);
    reopen(f);
    struct fh_bytes other = fh_bytes("other", 5);
    assert_int_equal(
        fh_store_invitation_use(f->store, &invitation, &second, "a", other, 2, &out, &err),
        FH_EDENIED);
    assert_string_equal(err.rule, "identity.invitation.used");
    assert_int_equal(
        fh_store_invitation_use(f->store, &invitation, &first, "b", other, 2, &out, &err),
        FH_EDENIED);
    assert_int_equal(out.size, 0);
    /* A joiner that did not hear the answer asks again and gets the same. */
    assert_int_equal(
        fh_store_invitation_use(f->store, &invitation, &first, "a", other, 2, &out, &err),
        FH_EEXIST);
    assert_true(fh_bytes_equal(fh_buf_view(&out), admission));
}

static int take_source(void *user, const struct fh_store_source *source, struct fh_err *err)
{
    (void)err;
    struct fh_buf *out = user;
    fh_buf_printf(out,
                  "%s %s %.*s;",
                  source->product,
                  source->version,
                  (int)source->data_root.size,
                  (const char *)source->data_root.data);
    return FH_OK;
}

static void test_sources(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    struct fh_store_source source = {.product = "flights",
                                     .version = "1.0.0",
                                     .contract = {.b = {1}},
                                     .mapping = fh_bytes("m", 1),
                                     .data_root = fh_bytes("/data", 5)};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 256);
    assert_int_equal(fh_store_source_get(f->store, &source.contract, take_source, &out, &err),
                     FH_ENOTFOUND);
    assert_string_equal(err.rule, "source.unknown");
    must(fh_store_source_put(f->store, &source, &err), &err);
    source.data_root = fh_bytes("/moved", 6);
    must(fh_store_source_put(f->store, &source, &err), &err);
    memcpy(source.version, "2.0.0", 6);
    source.contract.b[0] = 2;
    must(fh_store_source_put(f->store, &source, &err), &err);
    reopen(f);
    must(fh_store_sources_each(f->store, take_source, &out, &err), &err);
    source.contract.b[0] = 1;
    must(fh_store_source_get(f->store, &source.contract, take_source, &out, &err), &err);
    assert_string_equal(fh_buf_cstr(&out),
                        "flights 1.0.0 /moved;flights 2.0.0 /moved;flights 1.0.0 /moved;");
}

static int take_peer(void *user, const struct fh_store_peer *peer, struct fh_err *err)
{
    (void)err;
    fh_buf_printf(user, "%s@%lld;", peer->address, (long long)peer->seen_ms);
    return FH_OK;
}

static void test_peers(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    struct fh_store_peer peer = {.node = {.b = {1}}, .address = "a:1", .seen_ms = 5};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 256);
    must(fh_store_peer_put(f->store, &peer, &err), &err);
    peer.seen_ms = 9;
    must(fh_store_peer_put(f->store, &peer, &err), &err);
    peer = (struct fh_store_peer){.node = {.b = {2}}, .address = "b:1", .seen_ms = 10};
    must(fh_store_peer_put(f->store, &peer, &err), &err);
    reopen(f);
    must(fh_store_peers_each(f->store, take_peer, &out, &err), &err);
    assert_string_equal(fh_buf_cstr(&out), "b:1@10;a:1@9;");
    /* One that moves again and again takes one place. */
    peer = (struct fh_store_peer){.node = {.b = {1}}, .address = "a:2", .seen_ms = 11};
    must(fh_store_peer_put(f->store, &peer, &err), &err);
    fh_buf_reset(&out);
    must(fh_store_peers_each(f->store, take_peer, &out, &err), &err);
    assert_string_equal(fh_buf_cstr(&out), "a:2@11;b:1@10;");
}

static void test_proofs_are_kept_first_come(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    for (unsigned i = 0; i < 12; i++) {
        struct fh_store_record record = record_of(i);
        must(fh_store_proof_put(f->store, "announcement.forked", &record, &err), &err);
        must(fh_store_proof_put(f->store, "announcement.forked", &record, &err), &err);
    }
    struct seen seen = {.fail_at = -1};
    must(fh_store_proofs_each(f->store, see, &seen, &err), &err);
    assert_int_equal(seen.count, FH_STORE_PROOFS_MAX < 12 ? FH_STORE_PROOFS_MAX : 12);
    assert_int_equal(seen.numbers[0], 0);
}

/* ---- transactions ---- */

/* Inner levels of a bulk: undone for nothing when they have written nothing; one that has takes the
 * whole with it. */
static void test_bulk(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    must(fh_store_begin(f->store, FH_STORE_BULK, &err), &err);
    must(fh_store_begin(f->store, FH_STORE_LAZY, &err), &err);
    assert_int_equal(put(f->store, 1), FH_OK);
    must(fh_store_commit(f->store, &err), &err);
    must(fh_store_begin(f->store, FH_STORE_LAZY, &err), &err);
    must(fh_store_begin(f->store, FH_STORE_LAZY, &err), &err);
    fh_store_rollback(f->store);
    fh_store_rollback(f->store);
    assert_int_equal(put(f->store, 2), FH_OK);
    must(fh_store_commit(f->store, &err), &err);
    must(fh_store_begin(f->store, FH_STORE_BULK, &err), &err);
    assert_int_equal(put(f->store, 3), FH_OK);
    must(fh_store_begin(f->store, FH_STORE_LAZY, &err), &err);
    assert_int_equal(put(f->store, 4), FH_OK);
    fh_store_rollback(f->store);
    assert_int_not_equal(fh_store_begin(f->store, FH_STORE_LAZY, &err), FH_OK);
    assert_string_equal(err.rule, "store.undone");
    assert_int_not_equal(fh_store_commit(f->store, &err), FH_OK);
    assert_int_equal(fh_store_depth(f->store), 0);
    /* Afterwards inner levels are savepoints again. */
    must(fh_store_begin(f->store, FH_STORE_LAZY, &err), &err);
    must(fh_store_begin(f->store, FH_STORE_LAZY, &err), &err);
    assert_int_equal(put(f->store, 5), FH_OK);
    fh_store_rollback(f->store);
    must(fh_store_commit(f->store, &err), &err);
    reopen(f);
    static const bool expected[] = {false, true, true, false, false, false};
    for (unsigned i = 0; i < FH_COUNT(expected); i++) {
        assert_int_equal(has(f->store, i), expected[i]);
    }
}

static void test_nested_transactions(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    must(fh_store_begin(f->store, FH_STORE_LAZY, &err), &err);
    assert_int_equal(put(f->store, 1), FH_OK);
    must(fh_store_begin(f->store, FH_STORE_LAZY, &err), &err);
    assert_int_equal(put(f->store, 2), FH_OK);
    fh_store_rollback(f->store);
    must(fh_store_begin(f->store, FH_STORE_LAZY, &err), &err);
    assert_int_equal(put(f->store, 3), FH_OK);
    must(fh_store_commit(f->store, &err), &err);
    assert_int_equal(fh_store_depth(f->store), 1);
    must(fh_store_commit(f->store, &err), &err);
    assert_int_equal(fh_store_depth(f->store), 0);
    fh_store_rollback(f->store); /* nothing to do */
    must(fh_store_begin(f->store, FH_STORE_DURABLE, &err), &err);
    assert_int_equal(put(f->store, 4), FH_OK);
    must(fh_store_begin(f->store, FH_STORE_DURABLE, &err), &err);
    assert_int_equal(put(f->store, 5), FH_OK);
    must(fh_store_commit(f->store, &err), &err);
    fh_store_rollback(f->store); /* the outer one undoes the inner one too */
    must(fh_store_begin(f->store, FH_STORE_DURABLE, &err), &err);
    assert_int_equal(put(f->store, 6), FH_OK);
    struct fh_err refusal;
    int rc = fh_err_rule(&refusal, FH_EDENIED, "some.rule", "not this one");
    assert_int_equal(fh_store_commit_after(f->store, rc, &refusal), FH_EDENIED);
    assert_string_equal(refusal.rule, "some.rule"); /* and what there was is committed */
    assert_int_equal(fh_store_depth(f->store), 0);
    reopen(f);
    static const bool expected[] = {false, true, false, true, false, false, true};
    for (unsigned i = 0; i < FH_COUNT(expected); i++) {
        assert_int_equal(has(f->store, i), expected[i]);
    }
}

/* ---- kill -9 ---- */

/* In the child: works until it is killed; says what is acknowledged as a number on `out`. */
static void write_pairs(const char *path, int out)
{
    struct fh_store *store = NULL;
    struct fh_err err;
    if (fh_store_open(&store, path, &err) != FH_OK) {
        _exit(1);
    }
    for (unsigned i = 0;; i++) {
        enum fh_store_durability durability = i % 2 == 0 ? FH_STORE_DURABLE : FH_STORE_LAZY;
        if (fh_store_begin(store, durability, &err) != FH_OK || put(store, 2 * i) != FH_OK ||
            put(store, 2 * i + 1) != FH_OK || fh_store_commit(store, &err) != FH_OK ||
            write(out, &i, sizeof i) != sizeof i) {
            _exit(2);
        }
    }
}

static void test_kill_9_leaves_whole_transactions(void **state)
{
    struct fixture *f = *state;
    for (unsigned round = 0; round < 6; round++) {
        teardown(state);
        setup(state);
        f = *state;
        fh_store_close(f->store);
        f->store = NULL;
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(pipes[0]);
            write_pairs(f->path, pipes[1]);
        }
        close(pipes[1]);
        usleep(30000 + round * 7000); /* somewhere between begin and commit */
        kill(child, SIGKILL);
        unsigned acknowledged = 0;
        unsigned last = 0;
        while (read(pipes[0], &last, sizeof last) == sizeof last) {
            acknowledged = last + 1;
        }
        close(pipes[0]);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        reopen(f);
        for (unsigned i = 0; i < acknowledged; i++) {
            assert_true(has(f->store, 2 * i));
            assert_true(has(f->store, 2 * i + 1));
        }
        for (unsigned i = acknowledged; i < acknowledged + 3; i++) {
            assert_int_equal(has(f->store, 2 * i), has(f->store, 2 * i + 1));
        }
    }
}

/* The same at a known place: after the last write, before commit. */
static void test_kill_9_before_commit(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put(f->store, 1), FH_OK);
    fh_store_close(f->store);
    f->store = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct fh_store *store = NULL;
        struct fh_err err;
        if (fh_store_open(&store, f->path, &err) == FH_OK &&
            fh_store_begin(store, FH_STORE_DURABLE, &err) == FH_OK && put(store, 2) == FH_OK) {
            kill(getpid(), SIGKILL);
        }
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    reopen(f);
    assert_true(has(f->store, 1));
    assert_false(has(f->store, 2));
}

/* ---- a full disk ---- */

/* In the child: files may not grow; every failure must be clean. Returns the step that was wrong.
 */
static int fill_disk(const char *path)
{
    struct fh_store *store = NULL;
    struct fh_err err = {0};
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    if (fh_store_open(&store, path, &err) != FH_OK || put(store, 1) != FH_OK ||
        getrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 1;
    }
    rlim_t was = limit.rlim_cur;
    limit.rlim_cur = 512 * 1024;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        fh_store_begin(store, FH_STORE_DURABLE, &err) != FH_OK || put(store, 2) != FH_OK) {
        return 2;
    }
    static uint8_t big[300 * 1024];
    int code = FH_OK;
    for (unsigned i = 100; i < 140 && code == FH_OK; i++) {
        struct fh_store_record record = record_of(i);
        record.bytes = fh_bytes(big, sizeof big);
        code = fh_store_record_put(store, &record, &err);
    }
    if (code == FH_OK) {
        code = fh_store_commit(store, &err);
    } else {
        fh_store_rollback(store);
    }
    if (code != FH_EIO || fh_store_depth(store) != 0 || strncmp(err.rule, "store.", 6) != 0) {
        return 3;
    }
    limit.rlim_cur = was;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 4;
    }
    if (!has(store, 1) || has(store, 2) || has(store, 100)) {
        return 5;
    }
    if (put(store, 3) != FH_OK) {
        return 6; /* with room again, work goes on */
    }
    fh_store_close(store);
    return 0;
}

static void test_a_full_disk_changes_nothing(void **state)
{
    struct fixture *f = *state;
    fh_store_close(f->store);
    f->store = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(fill_disk(f->path));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    reopen(f);
    assert_true(has(f->store, 1));
    assert_false(has(f->store, 2));
    assert_true(has(f->store, 3));
}

/* ---- wrong files ---- */

static void test_wrong_files_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "this is no database, but it is long enough to look at: "
                               "................................................................";
    const struct {
        const char *name;
        struct fh_bytes bytes;
        const char *rule;
    } rows[] = {
        {"text.db", fh_bytes(text, sizeof text), "store.corrupt"},
        {"folder.db", FH_BYTES_NONE, "store.io"},
        {"link.db", FH_BYTES_NONE, "store.io"},
        {"missing/node.db", FH_BYTES_NONE, "store.io"},
    };
    char path[128];
    assert_int_equal(mkdir(test_scratch_path(path, sizeof path, &f->scratch, "folder.db"), 0700),
                     0);
    assert_int_equal(
        symlink("node.db", test_scratch_path(path, sizeof path, &f->scratch, "link.db")), 0);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct fh_store *store = NULL;
        test_scratch_path(path, sizeof path, &f->scratch, rows[i].name);
        if (rows[i].bytes.size > 0) {
            must(fh_file_replace(path, rows[i].bytes, 0600, &err), &err);
        }
        int code = fh_store_open(&store, path, &err);
        if (code != FH_EIO || strcmp(err.rule, rows[i].rule) != 0) {
            fail_msg("%s: %s %s", rows[i].name, fh_code_name(code), err.rule);
        }
        assert_null(store);
    }
}

/* Overwrites `size` bytes of a closed database. */
static void patch(const struct fixture *f, off_t at, const void *bytes, size_t size)
{
    int fd = open(f->path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, at), size);
    close(fd);
}

static void test_a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    fh_store_close(f->store);
    f->store = NULL;
    uint8_t version[4];
    fh_put_u32be(version, 77);
    patch(f, 60, version, sizeof version); /* user_version in the header of the file format */
    assert_int_equal(fh_store_open(&f->store, f->path, &err), FH_EVERSION);
    assert_string_equal(err.rule, "store.version");
    fh_put_u32be(version, 3);
    patch(f, 60, version, sizeof version);
    reopen(f);
    fh_store_close(f->store);
    f->store = NULL;
    patch(f, 68, "GPKG", 4); /* application_id: another program's */
    assert_int_equal(fh_store_open(&f->store, f->path, &err), FH_ESTATE);
    assert_string_equal(err.rule, "store.foreign");
}

static int
count_measured(void *user, struct fh_bytes bytes, struct fh_bytes results, struct fh_err *err)
{
    (void)results;
    (void)err;
    uint8_t *seen = user;
    assert_int_equal(bytes.size, 1);
    seen[bytes.data[0]]++;
    return FH_OK;
}

/* A home of an earlier Freehold: what it holds stays, and what has come since works. */
static void test_an_older_schema_is_brought_up_to_date(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    /* Builds between the two versions had the column already. */
    static const char between[] = "PRAGMA user_version = 1;"
                                  "INSERT INTO measured (product, major, measured_ms, state, bytes,"
                                  " results) VALUES ('orders', 1, 500, 1, x'00', x'');";
    static const char back[] = "ALTER TABLE measured DROP COLUMN state; PRAGMA user_version = 1;"
                               "INSERT INTO measured (product, major, measured_ms, bytes, results)"
                               " VALUES ('orders', 1, 1000, x'01', x'');"
                               "INSERT INTO kv (key, value) VALUES ('kept', 'as it was');";
    must(fh_sql_script(f->store, between, &err), &err);
    reopen(f);
    must(fh_sql_script(f->store, back, &err), &err);
    reopen(f);
    const struct fh_store_measurement newer = {.key = {.product = "orders", .major = 1},
                                               .measured_ms = 2000,
                                               .state = 2,
                                               .bytes = fh_bytes("\x02", 1),
                                               .results = FH_BYTES_NONE};
    must(fh_store_measured_put(f->store, &newer, &err), &err);
    for (int i = 0; i < 2; i++) { /* a second opening changes nothing */
        uint8_t seen[3] = {0};
        int64_t number = 0;
        must(fh_store_measured_each(f->store, "orders", 1, 9000, 9, count_measured, seen, &err),
             &err);
        for (size_t at = 0; at < FH_COUNT(seen); at++) {
            assert_int_equal(seen[at], 1);
        }
        struct fh_sql sql = fh_sql(f->store, "SELECT count(*) FROM kv WHERE key = 'kept'");
        must(fh_sql_read_numbers(&sql, 1, &number, &err), &err);
        assert_int_equal(number, 1);
        reopen(f);
    }
}

static void test_damage_is_named_with_its_remedy(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    for (unsigned i = 0; i < 400; i++) {
        assert_int_equal(put(f->store, i), FH_OK);
    }
    fh_store_close(f->store);
    f->store = NULL;
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    static const uint8_t rubbish[4096] = {0xff, 0xee, 0xdd};
    for (off_t at = 4096; at + 4096 <= st.st_size; at += 4096) {
        patch(f, at, rubbish, sizeof rubbish);
    }
    int code = fh_store_open(&f->store, f->path, &err);
    if (code == FH_OK) {
        struct seen seen = {.fail_at = -1};
        code = fh_store_records_each(f->store, see, &seen, &err);
    }
    assert_int_equal(code, FH_EIO);
    assert_string_equal(err.rule, "store.corrupt");
    assert_non_null(strstr(err.text, "move node.db* aside"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_file_is_private),
        TEST(test_records_come_back_in_their_order),
        TEST(test_the_newest_member_record_replaces),
        TEST(test_keys),
        TEST(test_one_home_is_one_node),
        TEST(test_pins),
        TEST(test_an_invitation_is_used_once),
        TEST(test_sources),
        TEST(test_peers),
        TEST(test_proofs_are_kept_first_come),
        TEST(test_bulk),
        TEST(test_nested_transactions),
        TEST(test_kill_9_leaves_whole_transactions),
        TEST(test_kill_9_before_commit),
        TEST(test_a_full_disk_changes_nothing),
        TEST(test_wrong_files_are_refused),
        TEST(test_a_newer_schema_is_refused),
        TEST(test_an_older_schema_is_brought_up_to_date),
        TEST(test_damage_is_named_with_its_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
