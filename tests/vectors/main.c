/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden vectors: makes the files from fixed seeds and times, and compares them with those that are
 * checked in.
 *
 *     vectors --check DIR    1 when any byte differs, naming the file and the line
 *     vectors --write DIR    after a decision to change the format, and never otherwise
 */
#include "common/file.h"
#include "proto/wire/crypto.h"
#include "tests/vectors/writer.h"

#include <stdio.h>
#include <string.h>

static const struct vector_file {
    const char *name;
    void (*make)(struct fh_buf *out);
} files[] = {
    {"encoding.txt", vectors_encoding},
    {"identity.txt", vectors_identity},
    {"records.txt", vectors_records},
    {"invitation.txt", vectors_invitation},
    {"access.txt", vectors_access},
    {"datagram.txt", vectors_datagram},
    {"session.txt", vectors_session},
};

static size_t first_line_that_differs(struct fh_bytes a, struct fh_bytes b)
{
    size_t line = 1;
    for (size_t i = 0; i < a.size && i < b.size && a.data[i] == b.data[i]; i++) {
        line += a.data[i] == '\n';
    }
    return line;
}

static int check(const char *path, struct fh_bytes made)
{
    struct fh_buf there FH_CLEANUP(fh_buf_fini);
    struct fh_err err = {0};
    fh_buf_init(&there, VECTOR_FILE_BYTES_MAX);
    if (fh_file_read(path, &there, &err) != FH_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    if (!fh_bytes_equal(fh_buf_view(&there), made)) {
        fprintf(stderr,
                "%s:%zu: today's code gives other bytes. If the format was to change, say so in "
                "proto/README.md and run this program with --write.\n",
                path,
                first_line_that_differs(fh_buf_view(&there), made));
        return 1;
    }
    return 0;
}

static int handle(const struct vector_file *file, const char *folder, bool writes)
{
    char path[4096];
    struct fh_buf made FH_CLEANUP(fh_buf_fini);
    struct fh_err err = {0};
    fh_buf_init(&made, VECTOR_FILE_BYTES_MAX);
    file->make(&made);
    if (fh_buf_ok(&made) != FH_OK ||
        snprintf(path, sizeof path, "%s/%s", folder, file->name) >= (int)sizeof path) {
        fprintf(stderr, "%s: cannot be made\n", file->name);
        return 1;
    }
    if (!writes) {
        return check(path, fh_buf_view(&made));
    }
    if (fh_file_replace(path, fh_buf_view(&made), 0644, &err) != FH_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool writes = argc == 3 && strcmp(argv[1], "--write") == 0;
    if (!writes && !(argc == 3 && strcmp(argv[1], "--check") == 0)) {
        fprintf(stderr, "usage: vectors --check DIR | --write DIR\n");
        return 2;
    }
    int status = fh_crypto_init() == FH_OK ? 0 : 1;
    for (size_t i = 0; i < FH_COUNT(files) && (status == 0 || !writes); i++) {
        status |= handle(&files[i], argv[2], writes);
    }
    return status;
}
