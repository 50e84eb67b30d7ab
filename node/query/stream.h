/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What serve.c and the files about its streams share: one question in work. For them alone.
 *
 * Fields under "job" belong to the pool thread while `job_running`, to the loop otherwise.
 */
#ifndef FH_NODE_QUERY_STREAM_H
#define FH_NODE_QUERY_STREAM_H

#include "node/query/barrier.h"
#include "node/query/budget.h"
#include "node/query/filters.h"
#include "node/query/rights.h"
#include "node/query/serve.h"
#include "node/query/snapshots.h"
#include "node/query/source.h"
#include "node/query/turns.h"
#include "node/query/verdicts.h"
#include "proto/query/receipt.h"
#include "proto/query/signer.h"
#include "proto/session/messages_access.h"

#include "common/list.h"

#include <stdatomic.h>

struct fh_timer;

struct fh_serve {
    struct fh_serve_options options;
    struct fh_list streams;
    unsigned count;
    uint64_t last_id;
    uint64_t audit_base; /* a question's number in the audit log is its stream's id above this */
    struct fh_timer *watch;
    int64_t watch_ms;  /* when it looks next: see fh_serve_look */
    int64_t judged_ms; /* monotonic: fh_serve_rejudge, the last time */
    struct fh_verdicts *verdicts;
    struct fh_budget *budget;
    struct fh_turns turns;
    struct fh_snapshots *snapshots;
    struct fh_filters filters;
    struct fh_list unsigned_answers; /* signing.c */
    unsigned unsigned_count;
    bool quiet;
};

/* NEXTs that may be here at once. The asker has at most FH_QUERY_WINDOW on their way: those from
 * the first batch that it does not have. A batch leaves on a pool thread, so the asker may have it,
 * and ask for one more, before the loop has counted it; the following batch is not begun before
 * that. What is asked for therefore lies in next_index .. next_index + FH_QUERY_WINDOW, each index
 * with a place of its own; anything else is a protocol error of the asker. */
enum { FH_STREAM_WAITING = FH_QUERY_WINDOW + 1 };

enum fh_stream_kind { FH_STREAM_PLAN, FH_STREAM_QUERY, FH_STREAM_SCAN };

enum fh_stream_state {
    FH_STREAM_QUEUED,    /* waits for its turn: fh_stream_pump has nothing to do yet */
    FH_STREAM_PREPARING, /* a worker is its own; the statement goes through the gate */
    FH_STREAM_ASKING,    /* asks the owners of remote tables what is there to be seen */
    FH_STREAM_SHORT,     /* waits for a second worker, which scans masked tables */
    FH_STREAM_BEGINNING,
    FH_STREAM_RUNNING,
    FH_STREAM_DRAINED, /* the worker has ended well; remote scans may still be closing */
    FH_STREAM_OVER,    /* ended or failed; freed when nothing is on its way any more */
};

/* How far a QUERY was answered at once. */
enum fh_stream_inlined {
    FH_STREAM_NOT_INLINED, /* not at all yet */
    FH_STREAM_BEGUN,       /* with its first batch */
    FH_STREAM_WHOLE,       /* to its end */
};

/* A budget that a stream spends of. */
struct fh_stream_use {
    struct fh_budget_use use;
    uint32_t table; /* of the plan: the first under its right */
};

struct fh_stream {
    struct fh_list link;
    struct fh_serve *serve;
    uint64_t id;
    uint64_t session;
    unsigned version; /* of the protocol, in its session */
    enum fh_stream_kind kind;
    enum fh_stream_state state;
    struct fh_hearer hearer;     /* who asked last: QUERY, SCAN or NEXT */
    struct fh_question *opening; /* PLAN, QUERY or SCAN, until answered */
    struct fh_question *closing; /* a CANCEL that waits for the receipt */

    struct fh_arena *arena;
    struct fh_buf record; /* the REQUEST record */
    struct fh_record_id request_id;
    struct fh_query_request request;
    struct fh_token_signer signer;     /* of the request */
    bool unproven;                     /* its signature was not checked yet */
    struct fh_key_id asker;            /* whose session it is: turns are counted by it */
    struct fh_record_id session_token; /* by which it was opened; zero: by the key itself */
    struct fh_turn_key *turn_key;
    bool checked;      /* its question is in order: it may begin */
    bool passed;       /* in this round of turns: there is no worker for it */
    int64_t queued_ms; /* monotonic */
    int64_t begun_ms;  /* monotonic: when its turn came; 0: not yet */
    int64_t cpu_ms;    /* of its worker then */
    int64_t seen_ms;   /* monotonic: the watch saw its worker at work first; 0: not yet */
    int64_t delay_ms;  /* of its workers then: fh_worker_delayed_ms */
    bool held_long;    /* its worker, for FH_QUERY_HOLD_MS */
    struct fh_key_id consumer;
    struct fh_domain_id entry_domain; /* of the node that joins; the consumer's own without one */
    uint32_t encodings;               /* of batches, that the asker reads */
    uint32_t scan_table;              /* SCAN: index in request.tables */
    uint32_t scan_column_count;
    const char **scan_columns;

    struct fh_bytes sql;                      /* what was checked and runs */
    struct fh_buf tree;                       /* DuckDB's, as JSON */
    struct fh_cell params[FH_SQL_PARAMS_MAX]; /* as many as the gate found, in their order */
    struct fh_verdict *verdict;               /* NULL for a SCAN */
    bool judged;                              /* the verdict's gate is known */
    struct fh_plan plan;                      /* the verdict's, or of a SCAN */
    struct fh_source_set sources;
    struct fh_stream_use *uses; /* in the arena: what it spends of */
    uint32_t use_count;
    int64_t started_ms;  /* wall */
    int64_t deadline_ms; /* monotonic: of its turn while it is queued, then of the query */
    int64_t touched_ms;  /* monotonic: last NEXT */

    struct fh_worker *worker;
    bool fresh;
    bool broken;
    bool ran; /* its worker was asked to do more than parse */
    bool logged;
    bool remembered; /* over, and kept for why: gives way when there are too many */
    struct fh_audit_ticket *decision; /* NULL: nothing is kept of it (auditing.c) */
    bool accounted;                   /* the audit log has its end */
    bool told; /* the asker knows the stream's id: NEXTs may be on their way */

    /* job */
    bool job_running;
    struct fh_question *serving; /* the NEXT that the job answers */
    struct fh_worker_event event;
    uint32_t *scan_event_columns; /* copy of event.scan.columns */
    struct fh_tally tally;
    int job_code;
    struct fh_err job_err;
    atomic_bool ended;              /* set with OVER: the job must send no rows any more */
    enum fh_stream_inlined inlined; /* what the opening question was answered with */
    /* The loop watches the worker until then, PREPARING or BEGINNING; 0: it does not. */
    int64_t direct_until_ms;
    bool parse_asked; /* of its worker, by the loop */

    uint64_t next_index;
    struct fh_question *waiting[FH_STREAM_WAITING]; /* by index % FH_STREAM_WAITING */
    struct fh_err
        failure;     /* why the stream is over: the first reason counts; FH_OK in code: well */
    unsigned views;  /* ASKING: owners that have not answered yet */
    unsigned stills; /* questions to other owners whether this may still be read */
    int64_t still_next_ms; /* monotonic */
    struct {
        bool known; /* its owner has said what is seen of it */
        struct fh_msg_still first;
    } seen[FH_QUERY_TABLES_MAX]; /* by table of the plan */
    unsigned held;               /* callers up the stack that still use it: see fh_stream_hold */

    struct fh_barrier *barrier;     /* NULL: no own table is masked for this consumer */
    bool filters_known;             /* of its views: they need no look */
    struct fh_masked_table *masked; /* SCAN: its table, when it is masked; in the arena */

    struct fh_list remotes;
    unsigned remote_count;
    unsigned part_count;
    struct fh_record_id parts[FH_QUERY_TABLES_MAX];
    struct fh_buf part_records[FH_QUERY_TABLES_MAX];
};

/* serve.c */
/* The stream of this number, or NULL: whoever waits for an answer may outlive it. */
struct fh_stream *fh_serve_stream(struct fh_serve *serve, uint64_t id);

/* watch.c */
/* Looks at all streams, and at whose turn it is; and sets the timer for the next time. */
void fh_serve_watch(void *user);
/* Has that done by then at the latest (monotonic). */
void fh_serve_look(struct fh_serve *serve, int64_t at_ms);

/* prepare.c */
/* Whether this node's domain owns a table of the plan. */
bool fh_stream_owns(const struct fh_stream *stream, const struct fh_plan_table *table);
/* Takes a worker and prepares, plans, begins; answers the opening question. Queued it stays when
 * there is no worker: false. */
bool fh_stream_prepare(struct fh_stream *stream);
/* Goes on when it is known which columns are there. */
void fh_stream_seen(struct fh_stream *stream);
/* Goes on with a stream that was short of a worker. */
void fh_stream_begin(struct fh_stream *stream);
/* What the consumer may see of this own table now (node/query/rights.h). */
FH_MUST_CHECK int fh_stream_decide(struct fh_stream *stream,
                                   const struct fh_plan_table *table,
                                   struct fh_arena *arena,
                                   struct fh_right *out,
                                   struct fh_err *err);
/* Refuses the opening question with what may be told, and ends the stream. */
void fh_stream_fail(struct fh_stream *stream, const struct fh_err *err);

/* Sends RUN to the stream's worker, which has all tables. Loop thread, or the job's. */
FH_MUST_CHECK int fh_stream_run(struct fh_stream *stream, struct fh_bytes sql, struct fh_err *err);
/* Takes the statement that was parsed through the gate; what it says is in `job_err`. Loop thread,
 * or the job's. */
FH_MUST_CHECK int fh_stream_parsed(struct fh_stream *stream);
/* Has a pool thread wait for the worker and the parser. */
FH_MUST_CHECK int fh_stream_prepare_job(struct fh_stream *stream, struct fh_err *err);
/* Go on when the statement is prepared, and when the query has begun: behind a job, or without one.
 */
void fh_stream_prepared(void *user);
void fh_stream_begun(void *user);

/* direct.c */
/* Parses from the loop where the worker is there; otherwise as fh_stream_direct. */
bool fh_stream_direct_parse(struct fh_stream *stream, int *out_code, struct fh_err *err);
/* Begins from the loop where nothing has to be waited for; `out_code` and `err` then say how that
 * went. False: it is work for the pool. */
bool fh_stream_direct(struct fh_stream *stream, int *out_code, struct fh_err *err);
/* Of one that waits so: goes on without an answer when its time is over. */
void fh_stream_direct_watch(struct fh_stream *stream, int64_t now_ms);

/* planning.c */
/* Finds the verdict on the stream's text, or makes an empty one that `judged` says is to be filled.
 */
FH_MUST_CHECK int fh_stream_judge(struct fh_stream *stream, struct fh_err *err);
/* Gives the stream its copy of the verdict's plan, made anew when it does not hold any more. */
FH_MUST_CHECK int fh_stream_plan(struct fh_stream *stream, struct fh_err *err);
/* The table of the plan in the signed request, under the contract that this node knows. NULL: its
 * SQL reads what it does not name (query.request.tables), or under another contract
 * (query.contract.changed). */
FH_MUST_CHECK const struct fh_query_table *fh_stream_requested(const struct fh_stream *stream,
                                                               const struct fh_plan_table *table,
                                                               struct fh_err *err);
/* The owner of a table refused to show or scan it. Where it has published since this node heard of
 * it, that is looked for: its asker will plan anew. */
void fh_stream_refused(const struct fh_stream *stream,
                       const struct fh_plan_table *table,
                       const struct fh_err *failure);

/* spending.c */
/* Counts the question in the budgets of its own tables' rights: in all, or in none. FH_EBUSY as
 * fh_budget_open. */
FH_MUST_CHECK int fh_stream_spend(struct fh_stream *stream, struct fh_err *err);
/* Counts rows that are about to leave. FH_EBUSY, rule "limit.rows_per_day": they may not, and none
 * was counted. Loop thread, or the job's. */
FH_MUST_CHECK int fh_stream_spend_rows(struct fh_stream *stream, uint64_t rows, struct fh_err *err);
/* They did not leave after all. */
void fh_stream_give_back_rows(struct fh_stream *stream, uint64_t rows);
/* It is over: no row of it leaves any more. */
void fh_stream_spend_no_more(struct fh_stream *stream);

/* serve.c */
/* Whether the request was signed by whom it names: before its rows are read, or others see it.
 * FH_ESIG. */
FH_MUST_CHECK int fh_stream_prove(struct fh_stream *stream, struct fh_err *err);

/* auditing.c */
/* Has the audit log keep that the asker may read the own tables of the plan. FH_ENOMEM; when it is
 * not written, what waits for it says so. */
FH_MUST_CHECK int fh_stream_decided(struct fh_stream *stream, struct fh_err *err);
/* Refuses the question (taken), and has that kept first when it was a decision. */
void fh_stream_refuse(struct fh_stream *stream,
                      struct fh_question *question,
                      const struct fh_err *err);
/* Refuses a question (taken) for which there is no stream: what is kept of it is on disk soon. */
void fh_serve_refuse(struct fh_serve *serve,
                     struct fh_question *question,
                     const struct fh_err *err);
/* Waits until what was decided is on disk. Pool thread. */
FH_MUST_CHECK int fh_stream_wait_decided(struct fh_stream *stream, struct fh_err *err);
/* Answers the question (taken) when the record of a decision (NULL: there is none) is on disk,
 * which may be at once; the buffer may be emptied. Loop thread, or the job's. */
void fh_answer_behind(struct fh_audit_ticket *ticket,
                      struct fh_question *question,
                      struct fh_buf *out);
/* Has it keep what came of a question: once. The receipt is NULL when there is none. */
void fh_stream_account(struct fh_stream *stream,
                       const struct fh_err *failure,
                       const struct fh_record_id *receipt);
/* The same with the stream's failure, and answers the question (taken) when that is on disk. */
void fh_stream_answer_accounted(struct fh_stream *stream,
                                struct fh_question *question,
                                const struct fh_record_id *receipt,
                                struct fh_buf *out);

/* inline.c */
/* Behind RUN: answers the opening question with what is there by `until_ms` (monotonic; 0: now).
 * False: nothing is there yet. On failure the code and reason are in the job's fields. */
bool fh_stream_inline(struct fh_stream *stream, int64_t until_ms);

/* signing.c */
/* An answer to QUERY that is whole, but for the receipt in its midst, which is not signed yet. */
struct fh_unsigned_answer {
    struct fh_buf head;    /* of the message, up to the receipt */
    struct fh_buf payload; /* of the receipt */
    struct fh_buf tail;
};
void fh_unsigned_answer_init(struct fh_unsigned_answer *answer);
void fh_unsigned_answer_fini(struct fh_unsigned_answer *answer);
/* Answers the question (taken) when the receipt is signed, and what was decided is on disk. The
 * buffers may be emptied. Loop thread, or the job's. */
void fh_stream_answer_signed(struct fh_stream *stream,
                             struct fh_question *question,
                             struct fh_unsigned_answer *answer);
/* Signs what has waited for long enough by then (monotonic), or all: INT64_MAX. Loop thread. */
void fh_serve_sign(struct fh_serve *serve, int64_t now_ms);

/* stream.c */
/* Appends the payload of a receipt of what was sent. Loop thread, or the job's. */
FH_MUST_CHECK int fh_stream_receipt_payload(const struct fh_stream *stream,
                                            unsigned outcome,
                                            struct fh_buf *out,
                                            struct fh_record_id *out_id,
                                            struct fh_err *err);
/* Appends the RECEIPT record of it. */
FH_MUST_CHECK int fh_stream_receipt(const struct fh_stream *stream,
                                    unsigned outcome,
                                    struct fh_buf *out,
                                    struct fh_record_id *out_id,
                                    struct fh_err *err);
void fh_stream_pump(struct fh_stream *stream);
/* FH_OK, or FH_ECANCELLED when the loop has ended the stream meanwhile, as it does where a right is
 * taken away. Before each batch and the end of an answer. The job's thread. */
FH_MUST_CHECK int fh_stream_check_open(struct fh_stream *stream, struct fh_err *err);
/* Ends the stream with a reason; NULL: it has ended well. */
void fh_stream_end(struct fh_stream *stream, const struct fh_err *why);
/* Frees it when nothing is on its way. */
void fh_stream_settle(struct fh_stream *stream);
/* Makes place for another by ending the memory of the failure that is the oldest; false: none is.
 * Not while the streams are walked through. */
FH_MUST_CHECK bool fh_stream_forget(struct fh_serve *serve);
/* Between hold and release nothing settles or frees the stream, whatever ends meanwhile: calls of
 * others may fail before they return. Release settles it and comes last. */
void fh_stream_hold(struct fh_stream *stream);
void fh_stream_release(struct fh_stream *stream);
/* Takes a NEXT for this stream. */
void fh_stream_next(struct fh_stream *stream, struct fh_question *question, uint64_t index);
/* Gives the worker back to the crew; a queued question may have its turn then. */
void fh_stream_give_worker(struct fh_stream *stream);
/* Runs a job on the pool; from then on the fields of the job are the thread's. Why there is none is
 * in `err`, never in the job's. */
FH_MUST_CHECK int fh_stream_submit(struct fh_stream *stream,
                                   void (*work)(void *),
                                   void (*done)(void *),
                                   struct fh_err *err);

/* view_ask.c */
/* Asks the owners of remote tables for what is there to be seen, and then goes on or fails. */
void fh_views_ask(struct fh_stream *stream);
/* Notes what is masked and filtered of an own table whose view is known. FH_ENOMEM. */
FH_MUST_CHECK int
fh_view_note(struct fh_plan_table *table, struct fh_arena *arena, struct fh_err *err);
/* Appends to the answer to a QUERY (fh_msg_query_answer) what is not as its owner has it. */
void fh_view_tell(struct fh_buf *out, const struct fh_stream *stream);
/* Appends the answer of an owner for its table. */
void fh_view_answer(struct fh_buf *out,
                    const struct fh_plan_table *table,
                    const struct fh_right *right);

/* rejudge.c */
/* Whether the key that signed the request, and its token if there is one, still count. */
FH_MUST_CHECK int
fh_stream_judge_key(const struct fh_stream *stream, int64_t now_ms, struct fh_err *err);

/* remote_receipt.c */
/* Makes `receipt`, the record that the owner of plan table `table` signed, a part of this stream's
 * own. With `outcome` FH_OK it must be for what was `seen`; else for what the owner sent until the
 * scan was cancelled, of which not all may have come. */
FH_MUST_CHECK int fh_stream_add_part(struct fh_stream *stream,
                                     uint32_t table,
                                     struct fh_bytes receipt,
                                     unsigned outcome,
                                     const struct fh_observed *seen,
                                     struct fh_err *err);

/* remote_scan.c */
void fh_remote_open(struct fh_stream *stream, const struct fh_channel_scan *scan);
void fh_remote_want(struct fh_stream *stream, const struct fh_channel_count *count);
void fh_remote_close(struct fh_stream *stream, uint64_t scan);
/* Asks the owners of tables that the query did not need to read for a receipt that says so. */
void fh_remote_touch_unread(struct fh_stream *stream);
void fh_remote_cancel_all(struct fh_stream *stream);
bool fh_remote_all_over(const struct fh_stream *stream);
/* Whether a pool thread still talks to the worker for a remote scan. */
bool fh_remote_at_work(const struct fh_stream *stream);
void fh_remote_free_all(struct fh_stream *stream);

#endif
