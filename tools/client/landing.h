/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landing: memory into which answers are opened, so that the batch inside stands on a multiple of
 * 64 bytes and its columns can be read as arrays.
 *
 * Does not: belong to the public interface. Thread: one. Ownership: of its memory; what it gives is
 * lent until the next room is taken.
 */
#ifndef FH_TOOLS_CLIENT_LANDING_H
#define FH_TOOLS_CLIENT_LANDING_H

#include "common/bytes.h"

struct fh_landing {
    uint8_t *memory; /* private */
    size_t size;
};

/* Room for an answer of `size` bytes; NULL without memory. Lent. */
uint8_t *fh_landing_room(struct fh_landing *landing, size_t size);
/* The batch, which lies in the room, on a multiple of 64 bytes; it is moved when it is small. Lent.
 */
struct fh_bytes fh_landing_align(struct fh_landing *landing, struct fh_bytes batch);
void fh_landing_fini(struct fh_landing *landing);

#endif
