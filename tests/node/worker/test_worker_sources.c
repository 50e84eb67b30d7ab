/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources that change while a worker reads them: an answer is of one state of its sources or none.
 * A file that is replaced as it should be, by renaming another over it, is read to its old end.
 */
#include "tests/node/worker/masked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 300000 };

static struct rig rig;

static const struct source {
    const char *name;
    enum fh_source_format format;
    const char *write; /* %s is the folder */
    const char *other; /* writes another schema to the file `other` */
} sources[] = {
    {"parquet",
     FH_SOURCE_PARQUET,
     "COPY (SELECT i AS id, 'row ' || i AS item FROM range(300000) t(i)) TO '%s/source' "
     "(FORMAT parquet, ROW_GROUP_SIZE 20000)",
     "COPY (SELECT i AS other FROM range(1000) t(i)) TO '%s/other' (FORMAT parquet)"},
    {"CSV",
     FH_SOURCE_CSV,
     "COPY (SELECT i AS id, 'row ' || i AS item FROM range(300000) t(i)) TO '%s/source' "
     "(FORMAT csv, HEADER)",
     "COPY (SELECT i AS other FROM range(1000) t(i)) TO '%s/other' (FORMAT csv, HEADER)"},
    {"JSON",
     FH_SOURCE_JSON,
     "COPY (SELECT i AS id, 'row ' || i AS item FROM range(300000) t(i)) TO '%s/source' "
     "(FORMAT json)",
     "COPY (SELECT i AS other FROM range(1000) t(i)) TO '%s/other' (FORMAT json)"},
};

static const char *in_folder(char out[128], const char *name)
{
    return test_scratch_path(out, 128, &rig.scratch, name);
}

/* ---- what happens to a file ---- */

static void cut_in_half(const char *path)
{
    int fd = rig_open(&rig, path);
    off_t size = lseek(fd, 0, SEEK_END);
    close(fd);
    assert_int_equal(truncate(path, size / 2), 0);
}

static void emptied(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void copy_over(const char *from, const char *to)
{
    static char bytes[1024 * 1024];
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    assert_non_null(in);
    assert_non_null(out);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;) {
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    }
    fclose(in);
    fclose(out);
}

static void of_another_schema(const char *path)
{
    char other[128];
    copy_over(in_folder(other, "other"), path);
}

static void longer(const char *path)
{
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs("9,more\n", file);
    fclose(file);
}

static void of_the_same_size(const char *path)
{
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, -100, SEEK_END), 0);
    fputs("0123456789", file);
    fclose(file);
}

static void replaced(const char *path)
{
    char other[128];
    assert_int_equal(rename(in_folder(other, "other"), path), 0);
}

static void removed(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

static const struct {
    const char *name;
    void (*change)(const char *path);
    bool harmless;
} changes[] = {
    {"cut in half", cut_in_half, false},
    {"emptied", emptied, false},
    {"overwritten with another schema", of_another_schema, false},
    {"made longer", longer, false},
    {"changed at its end", of_the_same_size, false},
    {"replaced by another file", replaced, true},
    {"removed", removed, true},
};

/* ---- a query beside it ---- */

/* Reads all rows; after the first batch `change` happens to the file. */
static int read_beside(struct fh_worker *worker,
                       void (*change)(const char *path),
                       uint64_t *out_rows,
                       struct fh_err *err)
{
    char path[128];
    struct fh_worker_event event = {.kind = FH_WORKER_BATCH};
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT id, item FROM shop.orders.orders"),
                                 .window = 1};
    *out_rows = 0;
    int code = fh_worker_run(worker, &run, rig_soon(60000), err);
    bool first = true;
    while (code == FH_OK && event.kind != FH_WORKER_END) {
        code = fh_worker_next(worker, &event, err);
        if (code == FH_OK && event.kind == FH_WORKER_BATCH) {
            *out_rows += event.rows;
            if (first) {
                change(in_folder(path, "source"));
            }
            first = false;
            fh_worker_credit(worker, 1);
        }
    }
    return code;
}

static void an_answer_is_of_one_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(sources); i++) {
        for (size_t k = 0; k < FH_COUNT(changes); k++) {
            struct fh_err err = {0};
            uint64_t rows = 0;
            rig_write(&rig, sources[i].write);
            rig_write(&rig, sources[i].other);
            struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
            struct fh_table table =
                rig_table(&rig, "shop.orders.orders", sources[i].format, "id BIGINT, item VARCHAR");
            int file = rig_open(&rig, "source");
            assert_int_equal(rig_add(worker, &table, file, &err), FH_OK);
            close(file);
            int code = read_beside(worker, changes[k].change, &rows, &err);
            bool right = changes[k].harmless
                             ? code == FH_OK && rows == ROWS
                             : code == FH_EINCOMPLETE && strcmp(err.rule, "source.changed") == 0;
            if (!right || fh_worker_dead(worker)) {
                fail_msg("a %s file that is %s: %s [%s] %s, %llu rows",
                         sources[i].name,
                         changes[k].name,
                         fh_code_name(code),
                         err.rule,
                         err.text,
                         (unsigned long long)rows);
            }
            rig_expect(worker, "SELECT 6 * 7", "42\n"); // it cost its query alone
            rig_release(&rig, worker);
        }
    }
}

/* ---- a masked table ---- */

/* Its scan waits, as 300,000 rows are more than a ring and a window hold. */
static void change_once(struct masked *m, void *user)
{
    void (*const *change)(const char *path) = user;
    char path[128];
    (*change)(in_folder(path, "source"));
    m->on_batch = NULL;
}

static int read_masked_beside(const struct source *source,
                              void (*change)(const char *path),
                              struct fh_buf *out,
                              struct fh_err *err)
{
    struct masked m;
    masked_up(&m, &rig, 1);
    struct fh_table table =
        rig_table(&rig, "shop.orders.orders", source->format, "id BIGINT, item VARCHAR");
    const struct fh_view view = masked_view(&rig, &table, "item=partial 5 0", NULL, 0);
    int file = rig_open(&rig, "source");
    assert_int_equal(masked_add(&m, &table, &view, file, err), FH_OK);
    close(file);
    m.window = 1;
    m.on_batch = change_once;
    m.user = &change;
    int code = masked_query(&m, "SELECT id, item FROM shop.orders.orders", out, err);
    bool changed = m.on_batch == NULL;
    assert_true(changed);
    assert_true(masked_quiet(&m, 5000));
    assert_false(fh_worker_dead(m.query) || fh_worker_dead(m.scan));
    masked_down(&m);
    return code;
}

static uint64_t lines_of(const struct fh_buf *text)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < text->size; i++) {
        lines += text->data[i] == '\n';
    }
    return lines;
}

static void a_masked_answer_is_of_one_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(sources); i++) {
        for (size_t k = 0; k < FH_COUNT(changes); k++) {
            struct fh_err err = {0};
            FH_CLEANUP(fh_buf_fini) struct fh_buf out;
            fh_buf_init(&out, RIG_ANSWER_BYTES_MAX);
            rig_write(&rig, sources[i].write);
            rig_write(&rig, sources[i].other);
            int code = read_masked_beside(&sources[i], changes[k].change, &out, &err);
            bool right = changes[k].harmless
                             ? code == FH_OK && lines_of(&out) == ROWS
                             : code == FH_EINCOMPLETE && strcmp(err.rule, "source.changed") == 0;
            if (!right) {
                fail_msg("a masked %s file that is %s: %s [%s] %s, %llu rows",
                         sources[i].name,
                         changes[k].name,
                         fh_code_name(code),
                         err.rule,
                         err.text,
                         (unsigned long long)lines_of(&out));
            }
        }
    }
}

static void read_all(int fd)
{
    static char bytes[64 * 1024];
    while (read(fd, bytes, sizeof bytes) > 0) {
    }
    close(fd);
}

/* Writes a snapshot into a pipe, so that it waits; when it has begun, `change` happens. */
static void
write_beside(struct masked *m, void (*change)(const char *path), struct fh_worker_feed_end *out)
{
    char path[128];
    char first;
    int ends[2];
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    fh_buf_init(&sql, 65536);
    fh_masked_select_all(&sql, &m->tables[0]);
    assert_int_equal(pipe(ends), 0);
    struct fh_channel_feed feed = {
        .id = fh_worker_feed_id(m->scan), .to_file = true, .sql = fh_buf_view(&sql)};
    assert_int_equal(fh_worker_feed(m->scan, &feed, ends[1], &err), FH_OK);
    close(ends[1]);
    assert_int_equal(read(ends[0], &first, 1), 1);
    change(in_folder(path, "source"));
    read_all(ends[0]);
    assert_int_equal(fh_worker_feed_next(m->scan, rig_soon(20000), out, &err), FH_OK);
}

static void a_snapshot_is_of_one_state(void **state)
{
    (void)state;
    for (size_t k = 0; k < FH_COUNT(changes); k++) {
        struct fh_err err = {0};
        struct fh_worker_feed_end end;
        struct masked m;
        rig_write(&rig, sources[1].write);
        rig_write(&rig, sources[1].other);
        masked_up(&m, &rig, 1);
        struct fh_table table =
            rig_table(&rig, "shop.orders.orders", sources[1].format, "id BIGINT, item VARCHAR");
        const struct fh_view view = masked_view(&rig, &table, "item=partial 5 0", NULL, 0);
        int file = rig_open(&rig, "source");
        assert_int_equal(masked_add(&m, &table, &view, file, &err), FH_OK);
        close(file);
        write_beside(&m, changes[k].change, &end);
        const char *expected = changes[k].harmless ? "" : "source.changed";
        if (strcmp(end.failure.rule, expected) != 0) {
            fail_msg("a snapshot of what is %s: [%s]", changes[k].name, end.failure.rule);
        }
        masked_down(&m);
    }
}

/* What is changed, and not read, does no harm. */
static void a_change_beside_is_no_change(void **state)
{
    (void)state;
    struct fh_err err = {0};
    rig_write(&rig, sources[1].write);
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    struct fh_table table =
        rig_table(&rig, "shop.orders.orders", FH_SOURCE_CSV, "id BIGINT, item VARCHAR");
    int file = rig_open(&rig, "source");
    assert_int_equal(rig_add(worker, &table, file, &err), FH_OK);
    close(file);
    rig_expect(worker, "SELECT count(*) FROM shop.orders.orders", "300000\n");
    char path[128];
    longer(in_folder(path, "source"));
    rig_expect(worker, "SELECT 6 * 7", "42\n");
    rig_expect(worker, "SELECT count(*) FROM shop.orders.orders", "300001\n");
    rig_release(&rig, worker);
}

/* ---- a database ---- */

static int profile_sqlite(const char *name, struct fh_err *err)
{
    const struct fh_profile_question question = rig_profile(FH_PROFILE_SQLITE, "orders");
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_CHECK, 1);
    struct fh_arena *arena = fh_arena_new(4 * 1024 * 1024);
    struct fh_buf answer;
    fh_buf_init(&answer, FH_PROFILE_BYTES_MAX);
    int file = rig_open(&rig, name);
    int code =
        fh_worker_profile(worker, &question, false, file, arena, &answer, rig_soon(30000), err);
    close(file);
    fh_buf_fini(&answer);
    fh_arena_free(arena);
    assert_false(fh_worker_dead(worker));
    rig_release(&rig, worker);
    return code;
}

/* A SQLite file that is cut, at every of its pages and within them. */
static void a_cut_database_is_an_error(void **state)
{
    (void)state;
    char path[128];
    char command[512];
    struct fh_err err = {0};
    in_folder(path, "database");
    snprintf(command,
             sizeof command,
             "python3 -c \"import sqlite3; c = sqlite3.connect('%s'); "
             "c.execute('CREATE TABLE orders (id INTEGER, item TEXT)'); "
             "c.executemany('INSERT INTO orders VALUES (?, ?)', "
             "[(i, 'row %%d' %% i) for i in range(5000)]); c.commit()\"",
             path);
    if (system(command) != 0) { // NOLINT(cert-env33-c): a fixed command of this test
        skip();
    }
    assert_int_equal(profile_sqlite("database", &err), FH_OK);
    int fd = rig_open(&rig, "database");
    off_t size = lseek(fd, 0, SEEK_END);
    close(fd);
    static const int parts[] = {90, 50, 10, 1, 0};
    for (size_t i = 0; i < FH_COUNT(parts); i++) {
        err = (struct fh_err){0};
        assert_int_equal(truncate(path, size * parts[i] / 100 + 7), 0);
        int code = profile_sqlite("database", &err);
        if (code != FH_EINVAL || strncmp(err.rule, "source.", 7) != 0) {
            fail_msg("cut to %d%%: %s [%s] %s", parts[i], fh_code_name(code), err.rule, err.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_of_one_state),
        cmocka_unit_test(a_masked_answer_is_of_one_state),
        cmocka_unit_test(a_snapshot_is_of_one_state),
        cmocka_unit_test(a_change_beside_is_no_change),
        cmocka_unit_test(a_cut_database_is_an_error),
    };
    rig_up(&rig);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rig_down(&rig);
    return failed;
}
