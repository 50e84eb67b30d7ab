/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the writers and readers of the single messages share: how a request begins, how a list and
 * its entries are read, how a reading ends.
 *
 * Does not: belong to the room's interface; only messages*.c include it. Thread: any; values.
 * Ownership: everything is borrowed.
 */
#ifndef FH_PROTO_SESSION_MESSAGES_INNER_H
#define FH_PROTO_SESSION_MESSAGES_INNER_H

#include "proto/session/messages.h"

/* Writes the head of a request whose message has `fields` fields behind its code. */
void fh_msg_begin(struct fh_buf *out, enum fh_msg_code code, uint32_t fields);

/* Turns what `err` says into FH_EPROTO with the rule "message.form"; `err` may be NULL. */
int fh_msg_broken(struct fh_err *err);

/* FH_OK when all reads so far were good; else FH_EPROTO, naming `what`. */
int fh_msg_done(const struct fh_pack_reader *reader, const char *what, struct fh_err *err);

/* Reads the head of a list; `out` is untouched on failure (FH_EPROTO). */
int fh_msg_list_read(struct fh_pack_reader *reader,
                     const char *what,
                     uint32_t *out,
                     struct fh_err *err);

/* Reads a number of at most `most` that ends what is read; a failure (FH_EPROTO, naming `what`)
 * leaves it as it is. */
int fh_msg_number_read(struct fh_pack_reader *reader,
                       const char *what,
                       uint64_t most,
                       uint64_t *out,
                       struct fh_err *err);

/* [domain, product, major], which fh_msg_product_name_read reads. */
void fh_msg_product_request(struct fh_buf *out,
                            enum fh_msg_code code,
                            const struct fh_msg_product_name *name);

/* [REQUEST, table]: what a node that joins asks of an owner about a table. `out_request` is lent; a
 * failure (FH_EPROTO, naming `what`) leaves both as they are. */
void fh_msg_table_request(struct fh_buf *out,
                          enum fh_msg_code code,
                          struct fh_bytes request,
                          uint32_t table);
int fh_msg_table_read(struct fh_pack_reader *reader,
                      const char *what,
                      struct fh_bytes *out_request,
                      uint32_t *out_table,
                      struct fh_err *err);

/* Begins an entry of a list: at least `fields` elements; gives how many there are. Those past
 * `fields` come from a newer version and are skipped by fh_msg_entry_end. */
uint32_t fh_msg_entry_begin(struct fh_pack_reader *reader, uint32_t fields);
void fh_msg_entry_end(struct fh_pack_reader *reader, uint32_t count, uint32_t fields);

#endif
