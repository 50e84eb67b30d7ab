/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warm tables: answers are those of the file, whatever is done to it. Whether a table is warm, a
 * change to its file tells that the worker is not told of: a cold table shows it.
 */
#include "tests/node/worker/rig.h"

#include "common/time.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SETTLED_MS = 2700 }; /* as node/worker/warm.c has it, and a little */

static struct rig rig;

static const char columns[] =
    "id BIGINT, word VARCHAR, day DATE, at TIMESTAMP, cost DECIMAL(12,2), half DOUBLE, "
    "yes BOOLEAN, kind=Two_Words VARCHAR";
#define ROWS_SQL                                                                                   \
    "SELECT i AS id, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN 'it''s \"so\", ' || i ELSE 'word ' "  \
    "|| i END AS word, DATE '2020-01-01' + (i % 700)::INTEGER AS day, TIMESTAMP '2020-01-01 "      \
    "00:00:00.000123' + to_seconds(i) AS at, (i * 37 % 1000) / 8 AS cost, i / 2 AS half, i % 3 = " \
    "0 AS yes, CASE WHEN i % 7 < 3 THEN 'Ünïcode ' || chr(8364) ELSE 'plain' END AS "            \
    "\"Two Words\" FROM range(5000) t(i)"

static const struct source {
    const char *name; /* also of its file */
    enum fh_source_format format;
    const char *write;
} sources[] = {
    {"csv", FH_SOURCE_CSV, "COPY (" ROWS_SQL ") TO '%s/csv' (FORMAT csv, HEADER)"},
    {"semicolons",
     FH_SOURCE_CSV,
     "COPY (" ROWS_SQL ") TO '%s/semicolons' (FORMAT csv, HEADER, DELIM ';')"},
    {"json", FH_SOURCE_JSON, "COPY (" ROWS_SQL ") TO '%s/json' (FORMAT json)"},
};

/* What is asked of a cold table and of a warm one; some fail. */
static const char *const questions[] = {
    "SELECT * FROM shop.orders.orders",
    "SELECT * FROM shop.orders",
    "SELECT id, kind FROM shop.orders__orders LIMIT 7",
    "SELECT word FROM shop.orders WHERE id = 4711",
    "SELECT * FROM shop.orders LIMIT 3 OFFSET 2040",
    "SELECT count(*), count(word), min(at), max(day), sum(cost), avg(half) FROM shop.orders",
    "SELECT kind, yes, count(*) FROM shop.orders GROUP BY ALL ORDER BY ALL",
    "SELECT typeof(id), typeof(word), typeof(day), typeof(at), typeof(cost), typeof(half), "
    "typeof(yes), typeof(kind) FROM shop.orders LIMIT 1",
    "SELECT a.id, b.word FROM shop.orders a JOIN shop.orders b ON a.id = b.id + 1 WHERE a.id < 20 "
    "ORDER BY ALL",
    "SELECT list(id) FROM (SELECT id FROM shop.orders WHERE word IS NULL)",
    "SELECT first(word), last(word) FROM shop.orders WHERE yes",
    "SELECT id FROM shop.orders WHERE at = TIMESTAMP '2020-01-01 00:00:07.000123'",
    "SELECT id / (id - id) FROM shop.orders LIMIT 2",
    "SELECT CAST(word AS INTEGER) FROM shop.orders",
    "SELECT error('no') FROM shop.orders",
    "SELECT rowid FROM shop.orders",
    "SELECT nothing FROM shop.orders",
    "SELECT * FROM shop.others",
};

static const char *in_folder(char out[128], const char *name)
{
    return test_scratch_path(out, 128, &rig.scratch, name);
}

static void settle(void)
{
    int64_t until_ms = rig_soon(SETTLED_MS);
    while (fh_clock_mono_ms() < until_ms) { /* a worker that ends interrupts a pause */
        const struct timespec pause = {.tv_nsec = 20000000L};
        (void)nanosleep(&pause, NULL);
    }
}

/* Tells the worker of the table as its file is now, as the node does for each question. */
static int show_as(struct fh_worker *worker,
                   const char *name,
                   enum fh_source_format format,
                   const char *of,
                   struct fh_err *err)
{
    struct fh_table table = rig_table(&rig, "shop.orders.orders", format, of);
    return rig_add(worker, &table, rig_open(&rig, name), err);
}

static void show(struct fh_worker *worker, const struct source *source)
{
    struct fh_err err = {0};
    assert_int_equal(show_as(worker, source->name, source->format, columns, &err), FH_OK);
}

static void write_small(const char *name, const char *text)
{
    char path[128];
    FILE *file = fopen(in_folder(path, name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* A byte of the file is another one from now on. */
static void scribble(const char *name, long at, char byte)
{
    char path[128];
    FILE *file = fopen(in_folder(path, name), "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fputc(byte, file), byte);
    assert_int_equal(fclose(file), 0);
}

/* ---- the same answers ---- */

struct answer {
    int code;
    struct fh_buf rows;
    struct fh_err err;
};

static void ask(struct fh_worker *worker, const char *sql, struct answer *out)
{
    out->err = (struct fh_err){0};
    fh_buf_init(&out->rows, RIG_ANSWER_BYTES_MAX);
    out->code = rig_query(worker, sql, &out->rows, &out->err);
}

static void ask_all(struct fh_worker *worker, struct answer out[FH_COUNT(questions)])
{
    for (size_t i = 0; i < FH_COUNT(questions); i++) {
        ask(worker, questions[i], &out[i]);
    }
}

static void meet(const char *file, const char *sql, struct answer *cold, struct answer *warm)
{
    if (cold->code != warm->code || strcmp(cold->err.text, warm->err.text) != 0 ||
        strcmp(cold->err.rule, warm->err.rule) != 0 ||
        !fh_bytes_equal(fh_buf_view(&cold->rows), fh_buf_view(&warm->rows))) {
        fail_msg("%s: %s: %s [%s] %s, then %s [%s] %s",
                 file,
                 sql,
                 fh_code_name(cold->code),
                 cold->err.rule,
                 cold->err.text,
                 fh_code_name(warm->code),
                 warm->err.rule,
                 warm->err.text);
    }
    assert_true(cold->code != FH_OK || cold->rows.size > 0);
    fh_buf_fini(&cold->rows);
    fh_buf_fini(&warm->rows);
}

static void answers_are_those_of_the_file(void **state)
{
    (void)state;
    static struct answer cold[FH_COUNT(sources)][FH_COUNT(questions)];
    static struct answer warm[FH_COUNT(questions)];
    struct fh_worker *workers[FH_COUNT(sources)];
    for (size_t i = 0; i < FH_COUNT(sources); i++) {
        rig_write(&rig, sources[i].write);
        workers[i] = rig_worker(&rig, FH_WORKER_QUERY, 2);
        show(workers[i], &sources[i]);
        ask_all(workers[i], cold[i]); /* its file was written just now */
    }
    settle();
    for (size_t i = 0; i < FH_COUNT(sources); i++) {
        char path[128];
        rig_expect(workers[i], "SELECT count(*) FROM shop.orders", "5000\n");
        rig_expect(workers[i], "SELECT count(*) FROM shop.orders", "5000\n");
        assert_int_equal(truncate(in_folder(path, sources[i].name), 10), 0);
        ask_all(workers[i], warm); /* or it would not find a row */
        for (size_t k = 0; k < FH_COUNT(questions); k++) {
            meet(sources[i].name, questions[k], &cold[i][k], &warm[k]);
        }
        rig_release(&rig, workers[i]);
    }
}

/* ---- what becomes warm ---- */

static const char counting[] = "SELECT count(*) FROM shop.orders WHERE word = 'a'";

static const struct {
    const char *name;
    const char *text; /* of a file of id and word */
    enum fh_source_format format;
    bool fresh;      /* it was written to a moment ago */
    bool warm;       /* it becomes so */
    const char *sql; /* asked before, NULL: only `counting` */
} kinds[] = {
    {"small", "id,word\n1,a\n2,a\n", FH_SOURCE_CSV, false, true, NULL},
    {"without rows", "id,word\n", FH_SOURCE_CSV, false, true, NULL},
    {"of JSON", "{\"id\":1,\"word\":\"a\"}\n", FH_SOURCE_JSON, false, true, NULL},
    {"fresh", "id,word\n1,a\n2,a\n", FH_SOURCE_CSV, true, false, NULL},
    {"with a value of another type", "id,word\n1,a\nx,a\n", FH_SOURCE_CSV, false, false, NULL},
    {"with a number too large",
     "id,word\n1,a\n99999999999999999999,a\n",
     FH_SOURCE_CSV,
     false,
     false,
     NULL},
    {"of JSON with a value of another type",
     "{\"id\":1,\"word\":\"a\"}\n{\"id\":[2],\"word\":\"a\"}\n",
     FH_SOURCE_JSON,
     false,
     false,
     NULL},
    {"asked for too much",
     "id,word\n1,a\n2,a\n",
     FH_SOURCE_CSV,
     false,
     false,
     "SELECT string_agg(repeat('x', 1000000) || i, '') FROM shop.orders, range(100000) t(i)"},
};

static void only_what_converts_becomes_warm(void **state)
{
    (void)state;
    char names[FH_COUNT(kinds)][16];
    for (size_t i = 0; i < FH_COUNT(kinds); i++) {
        snprintf(names[i], sizeof names[i], "kind%zu", i);
        write_small(names[i], kinds[i].text);
    }
    settle();
    for (size_t i = 0; i < FH_COUNT(kinds); i++) {
        struct fh_err err = {0};
        struct answer before;
        struct answer after;
        if (kinds[i].fresh) {
            char path[128];
            const struct timespec times[2] = {{.tv_sec = time(NULL)}, {.tv_sec = time(NULL) + 600}};
            assert_int_equal(utimensat(AT_FDCWD, in_folder(path, names[i]), times, 0), 0);
        }
        struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
        assert_int_equal(
            show_as(worker, names[i], kinds[i].format, "id BIGINT, word VARCHAR", &err), FH_OK);
        for (int k = 0; k < 4; k++) {
            ask(worker, counting, &before);
            assert_int_equal(before.code, FH_OK);
            fh_buf_fini(&before.rows);
        }
        if (kinds[i].sql != NULL) {
            rig_refuse(worker, kinds[i].sql, FH_ETOOBIG, "query.memory");
        }
        ask(worker, counting, &before);
        write_small(names[i], "id,word\n5,a\n6,a\n7,a\n"); /* more than any had */
        ask(worker, counting, &after);
        bool same = after.code == FH_OK &&
                    fh_bytes_equal(fh_buf_view(&before.rows), fh_buf_view(&after.rows));
        if (same != kinds[i].warm) {
            fail_msg("a file %s is %s", kinds[i].name, same ? "warm" : "cold");
        }
        fh_buf_fini(&before.rows);
        fh_buf_fini(&after.rows);
        rig_release(&rig, worker);
    }
}

/* ---- a file that changes ---- */

static const char first_text[] = "id,word\n1,a\n2,a\n";

static char changing[16]; /* the file of this change */

static void in_place(void)
{
    scribble(changing, (long)strlen(first_text) - 2, 'b');
}

/* The same size, and the time of before: who copies with `cp -p` does so. */
static void in_place_with_its_time(void)
{
    char path[128];
    struct stat s;
    assert_int_equal(stat(in_folder(path, changing), &s), 0);
    in_place();
    const struct timespec times[2] = {s.st_atim, s.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void cut(void)
{
    char path[128];
    assert_int_equal(truncate(in_folder(path, changing), (off_t)strlen(first_text) - 4), 0);
}

static void emptied(void)
{
    char path[128];
    assert_int_equal(truncate(in_folder(path, changing), 0), 0);
}

static void longer(void)
{
    write_small(changing, "id,word\n1,a\n2,a\n3,a\n4,b\n");
}

static void replaced(void)
{
    char from[128];
    char to[128];
    write_small("other", "id,word\n1,c\n2,a\n");
    assert_int_equal(rename(in_folder(from, "other"), in_folder(to, changing)), 0);
}

static void of_other_columns(void)
{
    write_small(changing, "number,word\n1,a\n");
}

static void of_other_order(void)
{
    write_small(changing, "word;id\na;9\nb;8\n");
}

static const struct {
    const char *name;
    void (*change)(void);
    const char *expected; /* NULL: the table cannot be shown */
    const char *rule;
} changes[] = {
    {"changed in place", in_place, "1\n", NULL},
    {"changed in place, with its time put back", in_place_with_its_time, "1\n", NULL},
    {"cut", cut, "1\n", NULL},
    {"made longer", longer, "3\n", NULL},
    {"replaced", replaced, "1\n", NULL},
    {"written with another delimiter", of_other_order, "1\n", NULL},
    {"emptied", emptied, NULL, "source."},
    {"of other columns", of_other_columns, NULL, "source.column"},
};

static void a_change_is_seen_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(changes); i++) {
        snprintf(changing, sizeof changing, "changing%zu", i);
        write_small(changing, first_text);
    }
    settle();
    for (size_t i = 0; i < FH_COUNT(changes); i++) {
        struct fh_err err = {0};
        const char *const of = "id BIGINT, word VARCHAR";
        snprintf(changing, sizeof changing, "changing%zu", i);
        struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
        assert_int_equal(show_as(worker, changing, FH_SOURCE_CSV, of, &err), FH_OK);
        for (int k = 0; k < 3; k++) {
            rig_expect(worker, counting, "2\n");
            assert_int_equal(show_as(worker, changing, FH_SOURCE_CSV, of, &err), FH_OK);
        }
        changes[i].change();
        rig_expect(worker, counting, "2\n"); /* it is warm */
        int code = show_as(worker, changing, FH_SOURCE_CSV, of, &err);
        if ((code == FH_OK) != (changes[i].expected != NULL) ||
            (code != FH_OK && strncmp(err.rule, changes[i].rule, strlen(changes[i].rule)) != 0)) {
            fail_msg("%s: %s [%s] %s", changes[i].name, fh_code_name(code), err.rule, err.text);
        }
        if (code == FH_OK) {
            rig_expect(worker, counting, changes[i].expected);
        }
        rig_release(&rig, worker);
    }
}

/* ---- its ends ---- */

static void what_is_large_stays_cold(void **state)
{
    (void)state;
    struct fh_err err = {0};
    char path[128];
    static const struct {
        const char *name;
        const char *write;
        const char *of;
    } large[] = {
        {"bytes",
         "COPY (SELECT i AS id, repeat('a', 200) AS word FROM range(100000) t(i)) TO '%s/bytes' "
         "(FORMAT csv, HEADER)",
         "id BIGINT, word VARCHAR"},
        {"rows", /* 512 MiB in all, so 64 for warm tables: these would take 96 */
         "COPY (SELECT NULL AS a, NULL AS b, NULL AS c, NULL AS d, NULL AS e, NULL AS f FROM "
         "range(1000000)) TO '%s/rows' (FORMAT csv, HEADER)",
         "a HUGEINT, b HUGEINT, c HUGEINT, d HUGEINT, e HUGEINT, f HUGEINT"},
    };
    for (size_t i = 0; i < FH_COUNT(large); i++) {
        rig_write(&rig, large[i].write);
    }
    settle();
    for (size_t i = 0; i < FH_COUNT(large); i++) {
        struct answer before;
        struct answer after;
        struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 2);
        assert_int_equal(show_as(worker, large[i].name, FH_SOURCE_CSV, large[i].of, &err), FH_OK);
        for (int k = 0; k < 3; k++) {
            ask(worker, "SELECT count(*) FROM shop.orders", &before);
            assert_int_equal(before.code, FH_OK);
            fh_buf_fini(&before.rows);
        }
        assert_int_equal(truncate(in_folder(path, large[i].name), 1000), 0);
        ask(worker, "SELECT count(*) FROM shop.orders", &after);
        if (after.code == FH_OK &&
            fh_bytes_equal_cstr(fh_buf_view(&after.rows), i == 0 ? "100000\n" : "1000000\n")) {
            fail_msg("a file of many %s is warm", large[i].name);
        }
        fh_buf_fini(&after.rows);
        rig_release(&rig, worker);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_the_file),
        cmocka_unit_test(only_what_converts_becomes_warm),
        cmocka_unit_test(a_change_is_seen_at_once),
        cmocka_unit_test(what_is_large_stays_cold),
    };
    rig_up(&rig);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rig_down(&rig);
    return failed;
}
