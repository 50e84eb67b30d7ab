/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as they are written, read whole and cut at every byte, for the tests of messages.
 *
 * Does not: know a message. Thread: one. Ownership: everything is borrowed.
 */
#ifndef FH_TESTS_UNIT_SESSION_CUT_H
#define FH_TESTS_UNIT_SESSION_CUT_H

#include "proto/session/messages.h"

typedef int read_fn(struct fh_pack_reader *reader, struct fh_err *err);

struct message {
    const char *name;
    void (*write)(struct fh_buf *out);
    unsigned code; /* 0: an answer */
    read_fn *read;
};

/* Opens a request of this code, or with code 0 an answer, and reads it. */
int read_message(struct fh_bytes bytes, unsigned code, read_fn *read);

/* Fails the test unless each message is read as it was written, and no beginning of it is. */
void assert_whole_and_cut(const struct message *messages, size_t count);

#endif
