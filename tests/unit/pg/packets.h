/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets: what a client of PostgreSQL sends, for tests to send, cut and spoil.
 *
 * Does not: check. Thread: any. Ownership: everything is appended to the caller's buffer.
 */
#ifndef FH_TESTS_UNIT_PG_PACKETS_H
#define FH_TESTS_UNIT_PG_PACKETS_H

#include "common/bytes.h"

/* A message with its letter, or 0 for a packet without one, and this body. */
void packet(struct fh_buf *out, char letter, struct fh_bytes body);

/* A start-up packet of protocol 3.`minor` with pairs of names and values, ended by NULL. */
void packet_startup(struct fh_buf *out, unsigned minor, const char *const *pairs);
void packet_query(struct fh_buf *out, const char *sql);
/* Parse with `type` declared for its first parameter; 0: none is declared. */
void packet_parse(struct fh_buf *out, const char *name, const char *sql, uint32_t type);
/* Bind of one value as text (NULL: of none), and one format for all columns. */
void packet_bind(struct fh_buf *out,
                 const char *portal,
                 const char *statement,
                 const char *value,
                 unsigned format);
/* Describe 'D' or Close 'C' of a statement 'S' or a portal 'P'. */
void packet_target(struct fh_buf *out, char letter, char kind, const char *name);
void packet_execute(struct fh_buf *out, const char *portal, uint32_t rows_max);

#endif
