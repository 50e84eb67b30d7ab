/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: what stands behind /proc/self/fd/100 and up for the libraries in this process.
 *
 * The node opens source files and passes descriptors; DuckDB knows only how to open a path. Opening
 * /proc/self/fd/N would make the kernel open the file a second time by its real path, which the
 * sandbox rightly refuses, and for which it would have to know every file before it is confined. So
 * this file defines open, read, lseek, close, access and stat for the whole process: a path that
 * names a slot is served from the descriptor that stands there, with a position of its own, and
 * every other call goes to the kernel as it is. Nothing that is read needs a file system.
 *
 *      open("/proc/self/fd/103")  ──►  dup of 103, position 0        read, lseek: by pread
 *      open("./duckdb_temp_...")  ──►  the kernel                    (the spill folder)
 *
 * One slot more is for a file to write (feed.h); the kernel keeps its position.
 *
 * Does not: write to another slot, or show the path of one. Thread: any; one descriptor of a slot
 * is used by one thread at a time, as the kernel's own position would demand.
 */
#ifndef FH_NODE_WORKER_FILES_H
#define FH_NODE_WORKER_FILES_H

#include "common/err.h"
#include "common/limits.h"
#include "common/list.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

enum {
    FH_SLOT_FIRST = 100, /* descriptors of sources stand at 100 .. 100 + FH_WORKER_FILES_MAX - 1 */
};

/* Behind the slots of sources: the one file that may be written, while one stands there. */
#define FH_SLOT_OUTPUT (FH_SLOT_FIRST + FH_WORKER_FILES_MAX)
/* Above the slots and what may be open beside them: duplicates of slots stand there. */
#define FH_SLOT_COPIES (FH_SLOT_OUTPUT + 1)

/* How the slots were when they were opened first, for one question or one scan. DuckDB opens files
 * on threads of its own, so what runs beside it has its slots noted here too: more is seen than was
 * read, never less. */
struct fh_files_seen {
    /* private */
    struct fh_list link;
    struct {
        bool opened;
        off_t size;
        struct timespec written;
    } slots[FH_WORKER_FILES_MAX];
};

/* From now on notes how each slot is when it is opened first (`seen` is kept until unwatch). Any
 * thread. */
void fh_files_watch(struct fh_files_seen *seen);
/* Notes no more; what was noted stays. */
void fh_files_unwatch(struct fh_files_seen *seen);
/* FH_OK, or FH_EINCOMPLETE (rule "source.changed") when a slot that was opened since is of another
 * size, or was written to: what was read of it is of no one state. A file that was replaced by
 * another one of its name is still the one that stands in the slot. */
FH_MUST_CHECK int fh_files_unchanged(struct fh_files_seen *seen, struct fh_err *err);

/* Whether a slot was opened since the watch began. */
bool fh_files_opened(const struct fh_files_seen *seen, int slot);

/* Names the functions that this file puts in the place of the C library's; called by nobody. The
 * linker finds them by name: open, open64, read, lseek, lseek64, close, access, stat, stat64,
 * lstat, lstat64, __xstat, __xstat64, __lxstat, __lxstat64. */

#endif
