/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/rehearsal.h"

#include "common/limits.h"
#include "node/worker/files.h"

#include <duckdb.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOT = FH_SLOT_OUTPUT - 1, SQL_BYTES_MAX = 4096 };

static const char file_text[] = "number,word,day\n1,one,2001-02-03\n2,two,2001-02-04\n";

static const char parsing[] = "SELECT a.b, count(*) FROM c.d WHERE e = 'f' GROUP BY 1 LIMIT 1";

void fh_rehearsal_prepare(void)
{
    int fd = memfd_create("rehearsal", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, file_text, sizeof file_text - 1) == (ssize_t)sizeof file_text - 1) {
        (void)dup3(fd, SLOT, O_CLOEXEC); /* without room there: none */
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Asks of the file as source_files.c does, and of a statement as the gate. */
static int read_all(struct fh_engine *engine, struct fh_err *err)
{
    struct fh_buf sniffing;
    struct fh_buf reading;
    struct fh_buf tree;
    fh_buf_init(&sniffing, SQL_BYTES_MAX);
    fh_buf_init(&reading, SQL_BYTES_MAX);
    fh_buf_init(&tree, FH_AST_BYTES_MAX);
    fh_buf_printf(&sniffing,
                  "SELECT Delimiter || unnest(Columns).name FROM sniff_csv('/proc/self/fd/%d', "
                  "all_varchar=true, auto_type_candidates=['VARCHAR'], header=true, quote='\"', "
                  "escape='\"')",
                  (int)SLOT);
    fh_buf_printf(
        &reading,
        "SELECT CAST(number AS INTEGER) AS number, CAST(day AS DATE) AS day FROM "
        "read_csv(['/proc/self/fd/%d'], auto_detect=false, header=true, quote='\"', "
        "escape='\"', columns={'number': 'VARCHAR', 'word': 'VARCHAR', 'day': 'VARCHAR'}, "
        "delim=',') WHERE word <> 'two' LIMIT 1",
        (int)SLOT);
    int code = fh_engine_parse(engine, fh_bytes_cstr(parsing), &tree, err);
    if (code == FH_OK) {
        code = fh_engine_do(engine, fh_buf_cstr(&sniffing), err);
    }
    if (code == FH_OK) {
        code = fh_engine_do(engine, fh_buf_cstr(&reading), err);
    }
    fh_buf_fini(&sniffing);
    fh_buf_fini(&reading);
    fh_buf_fini(&tree);
    return code;
}

void fh_rehearsal_end(struct fh_engine *engine, bool perform)
{
    struct fh_err err;
    if (fcntl(SLOT, F_GETFD) < 0) {
        return;
    }
    if (perform && read_all(engine, &err) != FH_OK) {
        fprintf(stderr, "freehold-worker: rehearsal: %s\n", err.text);
    }
    close(SLOT);
}
