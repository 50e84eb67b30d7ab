/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spill: the temporary folders of workers, as their node sees them.
 *
 * Does not: make them, or trust what is in them: names are never followed. Thread: any.
 */
#ifndef FH_NODE_QUERY_SPILL_H
#define FH_NODE_QUERY_SPILL_H

#include <stdint.h>

/* Bytes that the files beneath a folder take on disk. 0 when it is not there; UINT64_MAX when
 * folders stand in it more than two deep, which no honest worker makes. */
uint64_t fh_spill_bytes(const char *folder);
/* Removes a folder with what is in it. "": none. */
void fh_spill_remove(const char *folder);
/* Removes the folders in `root` whose names begin with `prefix`: an earlier process left them. */
void fh_spill_remove_left(const char *root, const char *prefix);

#endif
