/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port: the worker's end of the channel (proto/query/channel.h), whole frames in and out.
 *
 * Does not: understand payloads. Thread: one thread reads; any thread sends, a frame at a time.
 * Ownership: a frame read owns its payload and descriptors until fh_frame_fini.
 */
#ifndef FH_NODE_WORKER_PORT_H
#define FH_NODE_WORKER_PORT_H

#include "proto/query/channel.h"

struct fh_port;

struct fh_frame {
    unsigned kind; /* enum fh_channel_kind */
    uint8_t *payload;
    size_t size;
    unsigned file_count;
    int files[FH_WORKER_FILES_MAX]; /* descriptors, or -1 once taken */
};

/* A port over `fd` (kept, not closed). NULL when there is no memory. Given. */
FH_MUST_CHECK struct fh_port *fh_port_new(int fd);

/* Blocks for the next frame. FH_EIO at the end of the stream, FH_EPROTO, FH_ENOMEM. */
FH_MUST_CHECK int fh_port_read(struct fh_port *port, struct fh_frame *out, struct fh_err *err);
void fh_frame_fini(struct fh_frame *frame);
/* Whether there is something to read within so many milliseconds; the end of the stream is. */
bool fh_port_waits(const struct fh_port *port, int within_ms);

/* Sends head and body (either may be empty) as one frame. Ends the process when the node is gone:
 * there is nobody left to work for. */
void fh_port_send(struct fh_port *port, unsigned kind, struct fh_bytes head, struct fh_bytes body);

/* Sends a BATCH and the END behind it in one piece: whoever reads the one has the other. */
void fh_port_send_last(struct fh_port *port,
                       struct fh_bytes head,
                       struct fh_bytes body,
                       struct fh_bytes end);
/* Sends an encoded payload; a failure in it is an internal fault of this program. */
void fh_port_send_buf(struct fh_port *port, unsigned kind, const struct fh_buf *payload);

/* Sends ERROR for question `id`; FH_ENOMEM goes out as FH_ETOOBIG, rule "query.memory". */
void fh_port_send_error(struct fh_port *port,
                        uint64_t id,
                        const struct fh_err *error,
                        uint32_t position);
/* Sends FEED_ERROR for feed `id`. */
void fh_port_send_feed_error(struct fh_port *port, uint64_t id, const struct fh_err *error);
/* Sends a frame of this kind whose payload is a count. */
void fh_port_send_count(struct fh_port *port, unsigned kind, uint64_t id, uint64_t count);

#endif
