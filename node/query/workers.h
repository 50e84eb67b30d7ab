/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers: the processes that run DuckDB for this node, from spawn to reaped.
 *
 *      spawn (loop)          setup ok            kill, exit, deadline, broken channel
 *   ───────────────► STARTED ────────► READY ─────────────────────────────────────► DEAD
 *                                      │   ▲
 *                                  run │   │ END, ERROR
 *                                      ▼   │
 *                                     RUNNING
 *
 * A worker is a hostile process on the other end of a socket pair: everything it sends is bounded
 * and parsed, and whatever it does not answer in time is killed. The loop thread spawns it and
 * learns of its exit (libuv reaps); row data and every wait happen on threads of the caller's pool.
 *
 * Thread: fh_workers_*, fh_worker_setup_ahead and fh_worker_release on the loop thread. Of one
 * worker, one thread at a time asks (setup, tables, parse, describe, probe, sample, run, next):
 * these block up to their deadline and are for pool threads; the loop may ask what does not wait
 * (run of one that listens, soon, and next of what is at hand). fh_worker_credit, fh_worker_scan_*,
 * fh_worker_cancel and fh_worker_kill may come from any thread at any time between spawn and
 * release; scan_* may block while the socket is full, which a live worker always drains; a worker
 * that does not is killed when its query is over. cancel and feed_stop never block.
 *
 * Does not: choose who may run what, or how many (serve, limits). Ownership: a spawned worker is
 * given; fh_worker_release takes it. The object outlives its process until both are over.
 */
#ifndef FH_NODE_QUERY_WORKERS_H
#define FH_NODE_QUERY_WORKERS_H

#include "proto/query/channel.h"
#include "proto/query/profile.h"

struct uv_loop_s;
struct fh_workers;
struct fh_worker;

struct fh_workers_options {
    const char *program;    /* absolute path of freehold-worker */
    const char *spill_root; /* folder for the workers' own temporary folders; "" = no spilling */
    uint32_t workers_max;   /* at most FH_WORKERS_MAX */
    const char *cgroup;   /* a group that fh_cgroup_divide divided, for workers; "" or NULL: none */
    bool require_sandbox; /* a worker without fh_layers_enough is not set up */
    uint32_t layers_off;  /* FH_LAYER_* that are not put up (benchmarks, tests) */
    bool keep_stderr;     /* workers share our stderr; else they have none (tests, debugging) */
};

/* ---- loop thread --------------------------------------------------------------------------- */

/* A spawner on `loop` (kept). Removes spill folders that an earlier process left. Given. */
FH_MUST_CHECK int fh_workers_new(struct fh_workers **out,
                                 struct uv_loop_s *loop,
                                 const struct fh_workers_options *options,
                                 struct fh_err *err);
/* Kills every worker and refuses new ones; returns at once, idempotent. */
void fh_workers_quiesce(struct fh_workers *workers);
/* Whether no process is left and every worker was released: only then may it be freed. */
bool fh_workers_drained(const struct fh_workers *workers);
/* NULL is fine. */
void fh_workers_free(struct fh_workers *workers);
/* Asked when one is spawned and there is no room: ends a process that nobody needs now, and says
 * whether it did. NULL: nobody is asked. Kept. */
typedef bool fh_workers_spare_fn(void *user);
void fh_workers_on_full(struct fh_workers *workers, fh_workers_spare_fn *fn, void *user);
/* Whether `count` more may be spawned now. */
bool fh_workers_room(const struct fh_workers *workers, uint32_t count);
/* The folder of their own temporary folders, or "". Lent. */
const char *fh_workers_folder(const struct fh_workers *workers);
/* Processes that live. */
uint32_t fh_workers_count(const struct fh_workers *workers);

/* Starts a process and returns at once (about 1 ms); its DuckDB is up some 20 ms later, which
 * fh_worker_setup waits for. FH_EBUSY at workers_max, FH_EIO, FH_ENOTFOUND (no program). Given. */
FH_MUST_CHECK int
fh_workers_spawn(struct fh_workers *workers, struct fh_worker **out, struct fh_err *err);

/* Told once on the loop thread when the process has exited, before or after release is called but
 * never after fh_worker_release returned. `status` as of waitpid. */
typedef void fh_worker_exit_fn(struct fh_worker *worker, int status, void *user);
void fh_worker_on_exit(struct fh_worker *worker, fh_worker_exit_fn *fn, void *user);

/* Tells a worker that was just spawned how to set itself up, and does not wait for it:
 * fh_worker_setup_wait must follow before anything else is asked. Does not block: the channel of a
 * fresh worker is empty. */
FH_MUST_CHECK int fh_worker_setup_ahead(struct fh_worker *worker,
                                        enum fh_worker_role role,
                                        uint32_t memory_mib,
                                        uint32_t threads,
                                        struct fh_err *err);

/* Tells `fn` in the loop's turns, again and again, that something of the worker can be read, or
 * that it has ended; no other thread may ask it meanwhile. Replaces what was told before. FH_EIO,
 * FH_ENOMEM. */
typedef void fh_worker_watch_fn(void *user);
FH_MUST_CHECK int
fh_worker_watch(struct fh_worker *worker, fh_worker_watch_fn *fn, void *user, struct fh_err *err);
/* Nobody is told any more; nothing when nobody was. */
void fh_worker_unwatch(struct fh_worker *worker);
/* Whether fh_worker_run will not wait: the worker has read what was sent to it. */
bool fh_worker_listens(const struct fh_worker *worker);

/* Ends the worker: kills the process if it lives. No other thread may use it any more. NULL is
 * fine. */
void fh_worker_release(struct fh_worker *worker);

/* ---- any thread ---------------------------------------------------------------------------- */

/* Processor time that it has used, in ms; 0 when it is gone. */
int64_t fh_worker_cpu_ms(const struct fh_worker *worker);
/* Time that its threads were ready and had no processor, all together, in ms; 0 when it is gone, or
 * the kernel does not count it. */
int64_t fh_worker_delayed_ms(const struct fh_worker *worker);
/* Its threads take the processor only when nobody else wants it, from now on and for good.
 * Loop thread. */
void fh_worker_yield(struct fh_worker *worker);
bool fh_worker_yields(const struct fh_worker *worker);
/* Whether its threads let go first who wakes up (node/query/priority.h): while it starts, and while
 * a question takes long; one that yields always does. Loop thread. */
void fh_worker_patient(struct fh_worker *worker, bool patient);
/* Whether it is so now, or yields. Loop thread. */
bool fh_worker_takes_long(const struct fh_worker *worker);
/* Whether workers that take long, and others, have processors of their own (node/query/lanes.h). */
void fh_workers_split(struct fh_workers *workers, bool split);
/* SIGKILL, now. Blocked calls return FH_ECANCELLED. */
void fh_worker_kill(struct fh_worker *worker);
/* Asks the running query to end: fh_worker_next returns FH_ECANCELLED, within FH_WORKER_GRACE_MS,
 * after which the process is killed. Does not wait, whatever the worker does. */
void fh_worker_cancel(struct fh_worker *worker);
/* Whether the process is dead or must not be asked again. */
bool fh_worker_dead(const struct fh_worker *worker);
/* Process id, for status and tests. */
int fh_worker_pid(const struct fh_worker *worker);
/* FH_LAYER_* that stand around it, and the version of its engine ("v1.4.4"); 0 and "" before it is
 * set up. */
uint32_t fh_worker_layers(const struct fh_worker *worker);
const char *fh_worker_engine(const struct fh_worker *worker);

/* ---- questions: pool threads, one at a time ------------------------------------------------ */

/* All deadlines are absolute, in ms of fh_clock_mono_ms. At the deadline the question is cancelled;
 * FH_WORKER_GRACE_MS later the process is killed. Either way the call returns FH_ETIMEOUT, and
 * fh_worker_dead tells whether the worker can go on. Common failures: FH_ETIMEOUT, FH_ECANCELLED,
 * FH_EPROTO (killed), FH_EIO (the worker died; rule "worker.died"), FH_ESTATE. */

/* Waits until a worker that fh_worker_setup_ahead told how is up. FH_EDENIED, rule
 * "worker.sandbox": its kernel does not give the layers that are required. */
FH_MUST_CHECK int
fh_worker_setup_wait(struct fh_worker *worker, int64_t deadline_ms, struct fh_err *err);
/* Both in one. */
FH_MUST_CHECK int fh_worker_setup(struct fh_worker *worker,
                                  enum fh_worker_role role,
                                  uint32_t memory_mib,
                                  uint32_t threads,
                                  int64_t deadline_ms,
                                  struct fh_err *err);

/* Adds tables, replacing those of the same name; those that the worker has already, with the same
 * files unchanged, cost nothing. `files` are descriptors opened for reading
 * (borrowed: the worker gets its own), indexed by the tables' first_file. Sources are opened here,
 * so an unreadable file or a column that is not there shows now (FH_EINVAL, rule "source.*"), with
 * a text that holds no path. */
FH_MUST_CHECK int fh_worker_tables(struct fh_worker *worker,
                                   const struct fh_table *tables,
                                   uint32_t table_count,
                                   const int *files,
                                   uint32_t file_count,
                                   int64_t deadline_ms,
                                   struct fh_err *err);

/* Whether fh_worker_tables would have nothing to ask. Does not wait. */
bool fh_worker_has_tables(const struct fh_worker *worker,
                          const struct fh_table *tables,
                          uint32_t table_count,
                          const int *files,
                          uint32_t file_count);

/* Appends DuckDB's JSON tree of `sql` to `out_json` (limit >= FH_AST_BYTES_MAX) for fh_gate_check;
 * a syntax error is in the JSON too. Needs setup, no tables. The parser gets FH_PARSE_CPU_MS, then
 * the worker is killed (FH_ETIMEOUT, rule "sql.parse_time"). */
FH_MUST_CHECK int fh_worker_parse(struct fh_worker *worker,
                                  struct fh_bytes sql,
                                  struct fh_buf *out_json,
                                  struct fh_err *err);

/* The same in two steps: `ask` does not wait when the worker listens, and `take` does not when an
 * answer is at hand (fh_worker_parsed_soon). */
FH_MUST_CHECK int
fh_worker_parse_ask(struct fh_worker *worker, struct fh_bytes sql, struct fh_err *err);
FH_MUST_CHECK int
fh_worker_parse_take(struct fh_worker *worker, struct fh_buf *out_json, struct fh_err *err);

/* Result columns of `sql` without running it. `out` lives in the arena. */
FH_MUST_CHECK int fh_worker_describe(struct fh_worker *worker,
                                     struct fh_bytes sql,
                                     struct fh_arena *arena,
                                     struct fh_channel_described *out,
                                     int64_t deadline_ms,
                                     struct fh_err *err);

/* Runs probes (SQL that the node wrote) over one source, in one scan; `asked->id` is set here.
 * `out` lives in the arena. FH_EINVAL (rule "source.*") when the source cannot be read at all. */
FH_MUST_CHECK int fh_worker_probe(struct fh_worker *worker,
                                  const struct fh_channel_probe *asked,
                                  const int *files,
                                  uint32_t file_count,
                                  struct fh_arena *arena,
                                  struct fh_channel_probed *out,
                                  int64_t deadline_ms,
                                  struct fh_err *err);
/* Fetches some rows of a source; errors as above. */
FH_MUST_CHECK int fh_worker_sample(struct fh_worker *worker,
                                   const struct fh_channel_sample *asked,
                                   const int *files,
                                   uint32_t file_count,
                                   struct fh_arena *arena,
                                   struct fh_channel_sampled *out,
                                   int64_t deadline_ms,
                                   struct fh_err *err);

/* Describes data without a contract, or lists the tables of a database (`lists`). `file` is
 * borrowed, -1 for PostgreSQL; the question's id and path are not looked at. Appends the worker's
 * answer (proto/query/profile.h), which was read here and found well-formed. FH_EINVAL
 * ("source.*"), FH_EUNREACH, FH_EDENIED, FH_ENOTFOUND. */
FH_MUST_CHECK int fh_worker_profile(struct fh_worker *worker,
                                    const struct fh_profile_question *question,
                                    bool lists,
                                    int file,
                                    struct fh_arena *arena,
                                    struct fh_buf *out,
                                    int64_t deadline_ms,
                                    struct fh_err *err);

/* Starts a query: SQL that passed the gate, or that the node wrote. Events follow from
 * fh_worker_next. `run->id` is set here. */
FH_MUST_CHECK int fh_worker_run(struct fh_worker *worker,
                                const struct fh_channel_run *run,
                                int64_t deadline_ms,
                                struct fh_err *err);

enum fh_worker_event_kind {
    FH_WORKER_BATCH,      /* `batch`: well-formed as far as fh_batch_parse can tell */
    FH_WORKER_END,        /* `end`; the worker is READY again */
    FH_WORKER_SCAN_OPEN,  /* `scan`: begin a remote scan of table scan.number; scan.want batches are
                             wanted at first */
    FH_WORKER_SCAN_WANT,  /* `count`: count.count more batches are wanted by scan count.id */
    FH_WORKER_SCAN_CLOSE, /* `count`: scan count.id is over; batches on their way are dropped */
};

struct fh_worker_event {
    enum fh_worker_event_kind kind;
    struct fh_bytes batch; /* lent until the next call of fh_worker_next */
    uint32_t rows;         /* of the batch */
    struct fh_channel_end end;
    struct fh_channel_scan scan; /* `columns` lent until the next call */
    struct fh_channel_count count;
    uint32_t position; /* on failure: 1-based byte in the SQL, 0 = none */
};

/* Waits for the next event of the running query. The query's own failure is returned as its code:
 * FH_ESQL (rule "sql.bind" or "sql.runtime", text without values), FH_ETOOBIG, FH_ECANCELLED, and
 * the worker is READY again unless fh_worker_dead. */
FH_MUST_CHECK int
fh_worker_next(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err);

enum fh_worker_soon {
    FH_WORKER_NOT_YET, /* nothing whole is there */
    FH_WORKER_AT_HAND, /* a batch, the end, or an error: fh_worker_next takes it without waiting */
    FH_WORKER_LATER, /* another event, or a batch of more than `bytes_max`: it stays where it is */
};
/* What is there by `until_ms` (monotonic), or has been there before. Does not wait when that has
 * passed: the loop thread may ask so, between the questions of pool threads. */
FH_MUST_CHECK int fh_worker_soon(struct fh_worker *worker,
                                 int64_t until_ms,
                                 size_t bytes_max,
                                 enum fh_worker_soon *out,
                                 struct fh_err *err);

/* Of a parse that was asked: whether its answer is at hand, without waiting; FH_WORKER_LATER when
 * it has more than `bytes_max`. */
FH_MUST_CHECK int fh_worker_parsed_soon(struct fh_worker *worker,
                                        size_t bytes_max,
                                        enum fh_worker_soon *out,
                                        struct fh_err *err);

/* Lets the running query send `batches` more. Any thread. */
void fh_worker_credit(struct fh_worker *worker, uint32_t batches);

/* Answers of a remote scan, any thread. scan_batch checks that no more comes than was wanted
 * (FH_EPROTO; end the scan by scan_error); the worker checks the batch itself and fails the query
 * with a rule "batch.*" or "scan.*". FH_ENOTFOUND when the scan is over already: stop pulling. The
 * batch is borrowed. */
FH_MUST_CHECK int fh_worker_scan_batch(struct fh_worker *worker,
                                       uint64_t scan,
                                       struct fh_bytes batch,
                                       struct fh_err *err);
void fh_worker_scan_end(struct fh_worker *worker, uint64_t scan, uint64_t rows);
/* The query fails with exactly this error, code and rule included. */
void fh_worker_scan_error(struct fh_worker *worker, uint64_t scan, const struct fh_err *error);

/* ---- feeds: a scan worker's rows to a query worker, through memory ------------------------- */

/* Memory of a ring (proto/query/ring.h), of fixed size, for both workers. A descriptor, or -1: the
 * caller closes it. Any thread. */
FH_MUST_CHECK int fh_worker_ring(size_t bytes, struct fh_err *err);

/* A number for a feed, never given twice by this worker. Loop thread. */
uint64_t fh_worker_feed_id(struct fh_worker *worker);

/* Starts a feed in a scan worker that has its tables; several may run. `ring` is borrowed. Any
 * thread; may block while the socket is full. */
FH_MUST_CHECK int fh_worker_feed(struct fh_worker *worker,
                                 const struct fh_channel_feed *feed,
                                 int ring,
                                 struct fh_err *err);
/* Asks a feed to end; fh_worker_feed_next tells when it has. Any thread. */
void fh_worker_feed_stop(struct fh_worker *worker, uint64_t feed);

struct fh_worker_feed_end {
    uint64_t feed;         /* as the worker says: the caller knows which there are */
    uint64_t rows;         /* that went into the ring, as the worker says */
    struct fh_err failure; /* FH_OK: all rows did. Rules "source.*", "query.*", "scan.failed"; texts
                              are ours, never the worker's */
};
/* Waits until a feed is over, as a question: no other may be asked meanwhile. */
FH_MUST_CHECK int fh_worker_feed_next(struct fh_worker *worker,
                                      int64_t deadline_ms,
                                      struct fh_worker_feed_end *out,
                                      struct fh_err *err);

/* Answers the SCAN_OPEN of a table of format BARRIER with the ring that a feed writes (borrowed).
 * If the feed fails, fh_worker_scan_error. Any thread. */
FH_MUST_CHECK int
fh_worker_scan_ring(struct fh_worker *worker, uint64_t scan, int ring, struct fh_err *err);

#endif
