/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Good frames: what a worker that behaves says, for others to spoil.
 *
 * All are about the first question (FRAME_QUESTION) of a fresh worker, which is about a source of
 * two columns. Does not: send. Thread: any. Ownership: everything is borrowed.
 */
#ifndef FH_TESTS_NODE_WORKER_FRAMES_GOOD_H
#define FH_TESTS_NODE_WORKER_FRAMES_GOOD_H

#include "proto/query/channel.h"

enum { FRAME_BYTES_MAX = 4 * 1024 * 1024 }; /* more than any frame has */

extern const uint32_t frame_indices[2];

/* Appends the payload of a kind that workers send; of any other, that of a count. */
void frame_put_payload(struct fh_buf *out, unsigned kind);
/* A frame around a payload. */
void frame_put_frame(struct fh_buf *out, unsigned kind, const struct fh_buf *payload);
/* Both. */
void frame_put_good(struct fh_buf *out, unsigned kind);

/* The payload of BATCH, of this question; `other_header` (NULL: its own) in place of its header. */
void frame_put_batch(struct fh_buf *out, uint64_t id, const struct fh_bytes *other_header);
void frame_put_batch_header(struct fh_buf *out);
void frame_put_count(struct fh_buf *out, uint64_t id, uint64_t count);
void frame_put_scan(struct fh_buf *out, uint64_t scan);

#endif
