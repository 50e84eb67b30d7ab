/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reply: what a PostgreSQL server says, appended to a buffer message by message, and what a refusal
 * of Freehold is called there.
 *
 * A report is an error or a notice in PostgreSQL's words: severity, SQLSTATE, sentence, and a hint
 * where something can be done. Rules of Freehold have an SQLSTATE each by the table in reply.c; the
 * rule itself goes along as DETAIL, so that both worlds can look it up.
 *
 * Does not: send. Sans-IO. Thread: distinct buffers. Ownership: texts are borrowed.
 */
#ifndef FH_TOOLS_DOOR_PG_REPLY_H
#define FH_TOOLS_DOOR_PG_REPLY_H

#include "common/bytes.h"
#include "common/err.h"

/* ---- reports ---- */

enum fh_pg_severity {
    FH_PG_NOTICE,
    FH_PG_WARNING,
    FH_PG_ERROR,
    FH_PG_FATAL, /* the connection ends with it */
};

struct fh_pg_report {
    enum fh_pg_severity severity;
    char state[6]; /* SQLSTATE */
    char text[FH_ERR_TEXT_BYTES];
    char detail[128]; /* "" without, as the hint */
    char hint[400];
    uint32_t position; /* character of the SQL, from 1; 0: not known */
};

/* An error with this SQLSTATE. */
void fh_pg_report_set(struct fh_pg_report *out, const char *state, const char *format, ...)
    FH_PRINTF(3, 4);
/* What `code`, `rule` and `text` of Freehold are here: SQLSTATE, and the command that asks for
 * access as hint where the sentence has one. */
void fh_pg_report_of(struct fh_pg_report *out, int code, const char *rule, const char *text);
void fh_pg_report_err(struct fh_pg_report *out, const struct fh_err *err);

/* ErrorResponse or NoticeResponse. */
void fh_pg_reply_report(struct fh_buf *out, const struct fh_pg_report *report);

/* ---- messages ---- */

/* Begins a message and returns where it began, for fh_pg_reply_end, which sets its length. */
size_t fh_pg_reply_begin(struct fh_buf *out, char letter);
void fh_pg_reply_end(struct fh_buf *out, size_t begun);
void fh_pg_reply_u16(struct fh_buf *out, unsigned value);
void fh_pg_reply_u32(struct fh_buf *out, uint32_t value);
/* A text with its NUL. */
void fh_pg_reply_text(struct fh_buf *out, const char *text);

/* A message without content: ParseComplete '1', BindComplete '2', CloseComplete '3', NoData 'n',
 * PortalSuspended 's', EmptyQueryResponse 'I', CopyDone 'c'. */
void fh_pg_reply_plain(struct fh_buf *out, char letter);
/* Authentication: a code (0 ok, 10 SASL mechanisms, 11 go on, 12 final) and its data. */
void fh_pg_reply_auth(struct fh_buf *out, uint32_t code, struct fh_bytes data);
void fh_pg_reply_status(struct fh_buf *out, const char *name, const char *value);
void fh_pg_reply_key(struct fh_buf *out, uint32_t process, struct fh_bytes secret);
/* NegotiateProtocolVersion: the newest minor that is spoken here, and the start-up options that are
 * not known. */
void fh_pg_reply_negotiate(struct fh_buf *out,
                           unsigned minor,
                           const struct fh_bytes *unknown,
                           unsigned unknown_count);
/* ReadyForQuery: 'I' idle, 'T' in a transaction, 'E' in a failed one. */
void fh_pg_reply_ready(struct fh_buf *out, char status);
void fh_pg_reply_complete(struct fh_buf *out, const char *tag);
/* CopyOutResponse: text (also CSV) or binary. */
void fh_pg_reply_copy_out(struct fh_buf *out, bool binary, unsigned columns);
/* ParameterDescription. */
void fh_pg_reply_params(struct fh_buf *out, const uint32_t *oids, unsigned count);
/* RowDescription with one text column, and a row of it: what SHOW gives. */
void fh_pg_reply_text_column(struct fh_buf *out, const char *name);
void fh_pg_reply_text_row(struct fh_buf *out, const char *value);

#endif
