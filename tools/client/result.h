/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a freehold_result: one stream of batches being pulled, its tally, its receipt.
 *
 *     query.c   plans, signs the request, chooses the channel, opens the stream
 *     stream.c  keeps NEXT requests in flight, parses batches, checks the signed end
 *     given_up.c what its deadline left unanswered
 *     notices.c what the answer says of products that are not active
 *     vector.c  whole columns of a batch
 *     result.c  rows and cells, the receipt's file, the public functions
 *
 * Does not: belong to the public interface. Thread: one. Ownership: a result owns its buffers and
 * marks its channel in use until it is freed.
 */
#ifndef FH_TOOLS_CLIENT_RESULT_H
#define FH_TOOLS_CLIENT_RESULT_H

#include "proto/query/batch.h"
#include "proto/query/receipt_file.h"
#include "proto/session/messages.h"
#include "tools/client/client.h"
#include "tools/client/landing.h"

enum {
    FH_RESULT_WINDOW_FIRST = 2, /* NEXT in flight before the first batch: most answers are short */
};

struct fh_result_column {
    char *name;
    struct fh_type type;
    char type_name[FH_TYPE_TEXT_BYTES];
    char format[16];    /* DECIMAL: of Arrow */
    struct fh_buf text; /* of the current cell */
    void *wide;         /* plain form of the current batch's column, where it had another */
    size_t wide_size;
    uint64_t wide_batch; /* for which batch, counted from 1 */
};

struct freehold_result {
    struct freehold_client *client;
    struct fh_channel *channel;
    bool joined;
    /* what was asked */
    struct fh_query_request request;
    struct fh_buf sql;
    struct fh_buf param_text; /* of all parameters, one behind the other */
    struct fh_buf request_payload;
    struct fh_buf request_record;
    struct fh_record_id request_id;
    bool queued;          /* the request lies in the client's outbox */
    struct fh_err unsent; /* why it could not be sent from there; FH_OK in code: it was */
    uint32_t encodings;   /* of batches, that are taken */
    int64_t deadline_ms;  /* monotonic; INT64_MAX: none */
    bool asking;          /* QUERY is on its way, in slots[0] */
    bool refused;         /* by the answer to it, or to the first NEXT */
    bool owner_planned;   /* the owner that answers alone made the plan */
    int64_t waited_ms;    /* in all, for what a plan lacked */
    int64_t wait_ms;      /* before the next try */
    bool has_first;       /* the batch that came with the answer to QUERY is not read yet */
    /* the stream */
    bool streaming; /* a stream is open at the producer */
    uint64_t stream;
    unsigned renewals; /* of the channel, when it was asked: the stream is of that session */
    int slots[FH_QUERY_WINDOW]; /* -1: not taken */
    uint64_t next_post;
    uint64_t next_take;
    unsigned window;
    struct fh_tally tally;
    struct fh_buf leaves;
    /* the batch being read */
    struct fh_landing landing;
    struct fh_arena *arena;
    struct fh_batch batch;
    uint32_t row;
    size_t column_count;
    struct fh_result_column *columns; /* NULL before the first batch */
    /* the end */
    bool ended;
    struct fh_err err; /* code FH_OK while all is well; sticks */
    size_t receipt_count;
    struct fh_buf receipt_bytes; /* records back to back */
    size_t receipt_sizes[FH_RECEIPT_FILE_RECEIPTS_MAX];
    struct fh_receipt receipt;
    struct fh_record_id receipt_id;
    struct fh_buf file;
    size_t limited_count;
    struct freehold_limited *limited; /* FH_QUERY_TABLES_MAX, or NULL */
    size_t waived_count;
    struct freehold_waived *waived; /* as many, or NULL */
    size_t notice_count;
    struct fh_notice notices[FH_RECEIPT_NOTICES_MAX];
};

/* Takes the next batch with at least one row: FH_OK and true; false at the verified end; else the
 * failure, which sticks in result->err. */
FH_MUST_CHECK int fh_stream_step(struct freehold_result *result, bool *out_rows);

/* The answer to QUERY has come: what was in it is taken, the rest asked for. */
FH_MUST_CHECK int fh_stream_begin(struct freehold_result *result,
                                  const struct fh_msg_query_answer *answer,
                                  struct fh_err *err);
/* A slot of the link for batch `index`; -1: none is free. */
int fh_stream_slot(struct freehold_result *result, uint64_t index);

/* FH_OK, or FH_ETIMEOUT "query.deadline" when the deadline of the query has passed. */
FH_MUST_CHECK int fh_stream_in_time(const struct freehold_result *result, struct fh_err *err);
/* As fh_client_call_at, for this result: no longer than its deadline leaves. */
FH_MUST_CHECK int fh_stream_call(struct freehold_result *result,
                                 struct fh_channel *channel,
                                 struct fh_pack_reader *reader,
                                 struct fh_err *err);
/* Waits for the answer to QUERY, no longer than the deadline leaves, and opens it into the landing.
 * At the deadline its slot is given up. */
FH_MUST_CHECK int
fh_stream_first(struct freehold_result *result, struct fh_bytes *out, struct fh_err *err);

/* Tells the producer to stop when it has not ended, drops what is in flight, frees the slots. */
void fh_stream_stop(struct freehold_result *result);

/* Checks the signed end: signers, request, counts, tags. */
FH_MUST_CHECK int fh_stream_check_end(struct freehold_result *result, struct fh_err *err);

#endif
