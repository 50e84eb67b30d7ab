/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Liar channel: the channel as a program sees it that takes a worker's place and lies.
 *
 * Does not: survive the end of the channel: every failure ends the process. Thread: one.
 * Ownership: payloads are lent until the next await.
 */
#ifndef FH_TESTS_NODE_WORKER_LIAR_CHANNEL_H
#define FH_TESTS_NODE_WORKER_LIAR_CHANNEL_H

#include "proto/query/channel.h"

void liar_put(const void *data, size_t size);
/* The payload of the next frame of `kind`; others are dropped. */
struct fh_bytes liar_await(unsigned kind);
/* Takes what one packet holds off the channel, whatever it is. */
void liar_read_some(void);

#endif
