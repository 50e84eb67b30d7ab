/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fh-barrier FLIGHTS.parquet RUNS [TEXT]: what the barrier costs, against the same SQL over the
 * open file; with a TEXT, only queries whose name begins with it.
 *
 * Each query runs in a worker that has the file, and in one that has a masked table behind the
 * barrier, every worker with one thread of DuckDB. One line each: medians of the time that passed,
 * and their ratio; then of the CPU time of the open worker, and of the scan and the query worker,
 * and what the ratio would be if the two had a core each. Interleaved, so that other work on the
 * machine meets all alike.
 */
#include "common/time.h"
#include "tests/node/worker/masked.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 101 };

static const char *const columns =
    "date TIMESTAMP, delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR";

/* `view` is of the table `name`; `same`: both answers must be equal. */
static struct setting {
    const char *name;
    const char *table;
    const char *view;
    const char *sql; /* %s: the table */
    bool same;
    bool warm; /* over a snapshot, which the scan worker wrote before */
    double open_ms[RUNS_MAX];
    double barrier_ms[RUNS_MAX];
    double open_cpu_ms[RUNS_MAX];
    double scan_cpu_ms[RUNS_MAX];
    double query_cpu_ms[RUNS_MAX];
} settings[] = {
    {.name = "sum of two integers",
     .table = "all",
     .view = "",
     .sql = "SELECT sum(delay + distance) FROM a.%s",
     .same = true},
    {.name = "filtered count",
     .table = "all",
     .view = "",
     .sql = "SELECT count(*) FROM a.%s WHERE delay > 60",
     .same = true},
    {.name = "group by a string",
     .table = "all",
     .view = "",
     .sql = "SELECT origin, sum(delay) s FROM a.%s GROUP BY origin ORDER BY s DESC, origin",
     .same = true},
    {.name = "five columns",
     .table = "all",
     .view = "",
     .sql = "SELECT sum(delay), sum(distance), sum(length(origin)), sum(length(destination)), "
            "count(date) FROM a.%s",
     .same = true},
    {.name = "sum of two integers, warm",
     .table = "all",
     .sql = "SELECT sum(delay + distance) FROM a.%s",
     .same = true,
     .warm = true},
    {.name = "filtered count, warm",
     .table = "all",
     .sql = "SELECT count(*) FROM a.%s WHERE delay > 60",
     .same = true,
     .warm = true},
    {.name = "group by a string, warm",
     .table = "all",
     .sql = "SELECT origin, sum(delay) s FROM a.%s GROUP BY origin ORDER BY s DESC, origin",
     .same = true,
     .warm = true},
    {.name = "five columns, warm",
     .table = "all",
     .sql = "SELECT sum(delay), sum(distance), sum(length(origin)), sum(length(destination)), "
            "count(date) FROM a.%s",
     .same = true,
     .warm = true},
    {.name = "group by a hashed string",
     .table = "hashed",
     .view = "origin=hash",
     .sql = "SELECT origin, sum(delay) s FROM a.%s GROUP BY origin ORDER BY s DESC, origin"},
    {.name = "group by a partial string",
     .table = "partial",
     .view = "origin=partial 1 0",
     .sql = "SELECT origin, sum(delay) s FROM a.%s GROUP BY origin ORDER BY s DESC, origin"},
    {.name = "sum of a generalised integer",
     .table = "steps",
     .view = "delay=step 15",
     .sql = "SELECT sum(delay) FROM a.%s"},
    {.name = "latest month",
     .table = "months",
     .view = "date=month",
     .sql = "SELECT max(date), count(DISTINCT date) FROM a.%s"},
};

static FH_NORETURN void stop(const char *what, const struct fh_err *err)
{
    fprintf(stderr, "fh-barrier: %s: %s [%s]\n", what, err->text, err->rule);
    exit(1);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

static double ms_since(int64_t begin_ns)
{
    return (double)(fh_clock_mono_ns() - begin_ns) / 1e6;
}

/* CPU time of a worker so far. */
static double cpu_ms(const struct fh_worker *worker)
{
    clockid_t clock;
    struct timespec now = {0};
    if (clock_getcpuclockid(fh_worker_pid(worker), &clock) == 0) {
        (void)clock_gettime(clock, &now);
    }
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A table behind a view that keeps all rows: nothing of the source's own statistics is of use. */
static void add_tables(struct masked *m, struct fh_worker *open, const char *flights)
{
    static const char *const filters[] = {"true"};
    for (size_t i = 0; i < FH_COUNT(settings); i++) {
        struct fh_err err = {0};
        char name[64];
        if (i > 0 && strcmp(settings[i].table, settings[i - 1].table) == 0) {
            continue;
        }
        snprintf(name, sizeof name, "a.%s.flights", settings[i].table);
        struct fh_table table = rig_table(m->rig, name, FH_SOURCE_PARQUET, columns);
        struct fh_view *view = fh_arena_alloc(m->rig->arena, sizeof *view);
        if (view == NULL) {
            exit(1);
        }
        *view = masked_view(m->rig, &table, settings[i].view, filters, 1);
        if (masked_add(m, &table, view, rig_open(m->rig, flights), &err) != FH_OK ||
            rig_add(open, &table, rig_open(m->rig, flights), &err) != FH_OK) {
            stop(settings[i].table, &err);
        }
    }
}

/* Has the scan worker write the first table, and gives it to the query worker as it is. */
static void add_snapshot(struct masked *m)
{
    char path[256];
    struct fh_err err = {0};
    struct fh_buf sql;
    struct fh_worker_feed_end end = {.rows = 0};
    fh_buf_init(&sql, FH_CHANNEL_FEED_BYTES_MAX);
    fh_masked_select_all(&sql, &m->tables[0]);
    test_scratch_path(path, sizeof path, &m->rig->scratch, "snapshot");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct fh_channel_feed feed = {
        .id = fh_worker_feed_id(m->scan), .to_file = true, .sql = fh_buf_view(&sql)};
    int64_t begin_ns = fh_clock_mono_ns();
    if (fd < 0 || fh_worker_feed(m->scan, &feed, fd, &err) != FH_OK ||
        fh_worker_feed_next(m->scan, rig_soon(60000), &end, &err) != FH_OK ||
        end.failure.code != FH_OK) {
        stop("snapshot", end.failure.code != FH_OK ? &end.failure : &err);
    }
    struct stat s;
    (void)fstat(fd, &s);
    printf("snapshot: %.0f ms, %.1f MB\n", ms_since(begin_ns), (double)s.st_size / 1e6);
    close(fd);
    struct fh_table table = m->tables[0].visible;
    table.product = "warm";
    table.format = FH_SOURCE_PARQUET;
    table.file_count = 1;
    if (rig_add(m->query, &table, rig_open(m->rig, "snapshot"), &err) != FH_OK) {
        stop("snapshot", &err);
    }
    fh_buf_fini(&sql);
}

static void write_sql(char *out, size_t size, const char *sql, const char *table)
{
    const char *split = strstr(sql, "%s");
    snprintf(out, size, "%.*s%s%s", (int)(split - sql), sql, table, split + 2);
}

static void measure(struct masked *m, struct fh_worker *open, struct setting *setting, unsigned run)
{
    char sql[512];
    struct fh_err err = {0};
    struct fh_buf answers[2];
    fh_buf_init(&answers[0], 16 * 1024 * 1024);
    fh_buf_init(&answers[1], 16 * 1024 * 1024);
    write_sql(sql, sizeof sql, setting->sql, setting->table);
    double cpu = cpu_ms(open);
    double scan_cpu = cpu_ms(m->scan);
    double query_cpu = cpu_ms(m->query);
    int64_t begin_ns = fh_clock_mono_ns();
    if (rig_query(open, sql, &answers[0], &err) != FH_OK) {
        stop(setting->name, &err);
    }
    setting->open_ms[run] = ms_since(begin_ns);
    setting->open_cpu_ms[run] = cpu_ms(open) - cpu;
    write_sql(sql, sizeof sql, setting->sql, setting->warm ? "warm" : setting->table);
    begin_ns = fh_clock_mono_ns();
    if ((setting->warm ? rig_query(m->query, sql, &answers[1], &err)
                       : masked_query(m, sql, &answers[1], &err)) != FH_OK) {
        stop(setting->name, &err);
    }
    setting->barrier_ms[run] = ms_since(begin_ns);
    setting->scan_cpu_ms[run] = cpu_ms(m->scan) - scan_cpu;
    setting->query_cpu_ms[run] = cpu_ms(m->query) - query_cpu;
    if (setting->same && strcmp(fh_buf_cstr(&answers[0]), fh_buf_cstr(&answers[1])) != 0) {
        fprintf(stderr, "fh-barrier: %s: another answer behind the barrier\n", setting->name);
        exit(1);
    }
    fh_buf_fini(&answers[0]);
    fh_buf_fini(&answers[1]);
}

int main(int argc, char **argv)
{
    struct rig rig;
    struct masked m;
    long runs = argc == 3 || argc == 4 ? strtol(argv[2], NULL, 10) : 0;
    const char *only = argc == 4 ? argv[3] : "";
    if (runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: fh-barrier FLIGHTS.parquet RUNS (1 to %d) [TEXT]\n", RUNS_MAX);
        return 2;
    }
    rig_up(&rig);
    masked_up(&m, &rig, 1);
    struct fh_worker *open = rig_worker(&rig, FH_WORKER_QUERY, 1);
    add_tables(&m, open, argv[1]);
    add_snapshot(&m);
    for (unsigned run = 0; run < (unsigned)runs; run++) {
        for (size_t i = 0; i < FH_COUNT(settings); i++) {
            if (strncmp(settings[i].name, only, strlen(only)) == 0) {
                measure(&m, open, &settings[i], run);
            }
        }
    }
    printf("%-30s %9s %12s %6s   %9s %9s %9s %6s\n",
           "query",
           "open, ms",
           "barrier, ms",
           "ratio",
           "open CPU",
           "scan CPU",
           "query CPU",
           "ratio");
    for (size_t i = 0; i < FH_COUNT(settings); i++) {
        if (strncmp(settings[i].name, only, strlen(only)) != 0) {
            continue;
        }
        double open_ms = median(settings[i].open_ms, (unsigned)runs);
        double barrier_ms = median(settings[i].barrier_ms, (unsigned)runs);
        double open_cpu = median(settings[i].open_cpu_ms, (unsigned)runs);
        double scan_cpu = median(settings[i].scan_cpu_ms, (unsigned)runs);
        double query_cpu = median(settings[i].query_cpu_ms, (unsigned)runs);
        printf("%-30s %9.1f %12.1f %6.2f   %9.1f %9.1f %9.1f %6.2f\n",
               settings[i].name,
               open_ms,
               barrier_ms,
               barrier_ms / open_ms,
               open_cpu,
               scan_cpu,
               query_cpu,
               (scan_cpu > query_cpu ? scan_cpu : query_cpu) / open_cpu);
    }
    rig_release(&rig, open);
    masked_down(&m);
    rig_down(&rig);
    return 0;
}
