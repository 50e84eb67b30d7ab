/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rig: a loop, a spawner and real worker processes for tests, with files that DuckDB itself wrote.
 *
 * The test's one thread is loop thread and asking thread in turn. Answers are collected as text,
 * one line for a row, cells divided by '|', NULL as "NULL".
 *
 * Does not: check access or pass SQL through the gate unless asked (rig_gate).
 */
#ifndef FH_TESTS_NODE_WORKER_RIG_H
#define FH_TESTS_NODE_WORKER_RIG_H

#include "node/io/loop.h"
#include "node/query/gate.h"
#include "node/query/gate_params.h"
#include "node/query/workers.h"
#include "tests/lib/scratch.h"

enum {
    RIG_ANSWER_BYTES_MAX = 64 * 1024 * 1024,
    RIG_BUSY_MS = 2000, /* what a busy machine may add to a time that is promised */
};

struct rig {
    struct test_scratch scratch;
    struct fh_loop *loop;
    struct fh_workers *workers;
    struct fh_arena *arena; /* for tables: lives as long as the rig */
};

/* Aborts the test when anything fails, as all helpers here. */
void rig_up(struct rig *rig);
/* Ends every worker, waits until all processes are reaped. */
void rig_down(struct rig *rig);

/* Runs SQL in this process's own DuckDB: writes the files of a test. `%s` in it is the scratch
 * folder. */
void rig_write(struct rig *rig, const char *sql);
/* Opens a file of the scratch folder, or an absolute path. */
int rig_open(struct rig *rig, const char *name);

/* A worker that is set up. */
struct fh_worker *rig_worker(struct rig *rig, enum fh_worker_role role, uint32_t threads);
void rig_release(struct rig *rig, struct fh_worker *worker);

/* A table from "name TYPE, name=source TYPE, ...". */
struct fh_table rig_table(struct rig *rig,
                          const char *name, /* domain.product.table */
                          enum fh_source_format format,
                          const char *columns);
/* Adds one table of one file (or none for remote). */
int rig_add(struct fh_worker *worker, const struct fh_table *table, int file, struct fh_err *err);

/* The question for a profile of a table of an open file: from ten values, by no server. */
struct fh_profile_question rig_profile(enum fh_profile_source source, const char *table);

/* Runs SQL to its end; text of all rows in `out`. */
int rig_query(struct fh_worker *worker, const char *sql, struct fh_buf *out, struct fh_err *err);
int rig_run(struct fh_worker *worker,
            const struct fh_channel_run *run,
            struct fh_buf *out,
            struct fh_err *err);
/* With these encodings of batches allowed (rig_query: all), and how many bytes the batches had. */
int rig_encoded(struct fh_worker *worker,
                const char *sql,
                uint32_t encodings,
                struct fh_buf *out,
                size_t *out_size,
                struct fh_err *err);
/* As rig_query, and the answer must be `expected`. */
void rig_expect(struct fh_worker *worker, const char *sql, const char *expected);
/* The query must fail with this code and rule. */
void rig_refuse(struct fh_worker *worker, const char *sql, int code, const char *rule);
/* The same of a query that was asked otherwise. */
void rig_meet_answer(const char *sql,
                     int code,
                     struct fh_buf *answer,
                     const struct fh_err *err,
                     const char *expected);
void rig_meet_refusal(
    const char *sql, int found, const struct fh_err *err, int code, const char *rule);

/* Pre-scan, parse in the worker, gate; no parameters. */
int rig_gate(struct fh_worker *worker,
             const char *sql,
             struct fh_arena *arena,
             struct fh_gate *out,
             struct fh_err *err);

/* The same with parameters; `cells` (FH_SQL_PARAMS_MAX, or NULL) get their values in the order of
 * the statement. */
int rig_gate_with(struct fh_worker *worker,
                  const char *sql,
                  const struct fh_param *params,
                  size_t param_count,
                  struct fh_cell *cells,
                  struct fh_arena *arena,
                  struct fh_gate *out,
                  struct fh_err *err);

/* Appends the rows of a batch (its bytes). */
void rig_rows(struct fh_bytes bytes, struct fh_buf *out);

int64_t rig_soon(int ms);

#endif
