/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds of a scan worker, and the rings that join it with a query worker. */
#include "node/query/worker_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a scan may fail with. It reads rows that the consumer must not see, so of the worker's word
 * only the rule counts, and only one of these; code and text are ours. */
static const struct {
    const char *rule;
    int code;
    const char *text;
} failures[] = {
    {"source.read", FH_EIO, "the source could not be read"},
    {"source.changed",
     FH_EINCOMPLETE,
     "a source was written to while it was read; ask again (its owner should write a new file and "
     "rename it over the old one)"},
    {"source.schema", FH_EIO, "the source has other columns than its contract promises"},
    {"source.value", FH_EIO, "the source holds what is no value of its column"},
    {"query.memory", FH_ETOOBIG, "reading the table needs more memory than one worker may use"},
    {"query.row", FH_ETOOBIG, "the texts of a row are larger than can be carried"},
    {"query.columns", FH_ETOOBIG, "too many columns are read at once"},
    {"limit.feeds", FH_ETOOBIG, "the query reads too many masked tables at once"},
    {"query.cancelled", FH_ECANCELLED, "the query was cancelled"},
    {"sql.runtime", FH_EIO, "the table could not be read"},
};

static void told_failure(struct fh_err *out, const char *rule)
{
    for (size_t i = 0; i < FH_COUNT(failures); i++) {
        if (strcmp(failures[i].rule, rule) == 0) {
            (void)fh_err_rule(out, failures[i].code, failures[i].rule, "%s", failures[i].text);
            return;
        }
    }
    (void)fh_err_rule(out, FH_EIO, "scan.failed", "the table could not be read");
}

int fh_worker_ring(size_t bytes, struct fh_err *err)
{
    int fd = memfd_create("ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    /* Neither end can cut the memory under the other's feet. */
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        (void)fh_err_set(err, FH_EIO, "no memory to pass rows through: %s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

uint64_t fh_worker_feed_id(struct fh_worker *worker)
{
    return ++worker->last_feed;
}

int fh_worker_feed(struct fh_worker *worker,
                   const struct fh_channel_feed *feed,
                   int ring,
                   struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_CHANNEL_FEED_BYTES_MAX);
    fh_channel_put_feed(&payload, feed);
    int code = fh_buf_ok(&payload);
    if (code != FH_OK) {
        return fh_err_rule(err, code, "query.columns", "too many columns are read at once");
    }
    return fh_worker_send(
        worker, FH_CHANNEL_FEED, fh_buf_view(&payload), FH_BYTES_NONE, &ring, 1, err);
}

void fh_worker_feed_stop(struct fh_worker *worker, uint64_t feed)
{
    fh_worker_post(worker, FH_CHANNEL_FEED_STOP, feed); // the loop's: it does not wait for a worker
}

int fh_worker_feed_next(struct fh_worker *worker,
                        int64_t deadline_ms,
                        struct fh_worker_feed_end *out,
                        struct fh_err *err)
{
    struct fh_channel_count count;
    struct fh_channel_error error;
    int code = fh_worker_check_ready(worker, err);
    if (code == FH_OK) {
        code = fh_worker_wait(worker, 0, FH_CHANNEL_FEED_END, deadline_ms, err);
    }
    if (code != FH_OK) {
        return code;
    }
    *out = (struct fh_worker_feed_end){.rows = 0};
    switch (worker->rx.kind) {
    case FH_CHANNEL_FEED_END:
        code = fh_channel_get_count(&count, fh_worker_payload(worker), err);
        if (code == FH_OK) {
            out->feed = count.id;
            out->rows = count.count;
            return FH_OK;
        }
        break;
    case FH_CHANNEL_FEED_ERROR:
        code = fh_channel_get_error(&error, fh_worker_payload(worker), err);
        if (code == FH_OK) {
            out->feed = error.id;
            told_failure(&out->failure, error.rule);
            return FH_OK;
        }
        break;
    default:
        break;
    }
    return fh_worker_breach(worker, err);
}

int fh_worker_scan_ring(struct fh_worker *worker, uint64_t scan, int ring, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 64);
    fh_channel_put_count(&payload, &(struct fh_channel_count){.id = scan});
    return fh_worker_send(
        worker, FH_CHANNEL_SCAN_RING, fh_buf_view(&payload), FH_BYTES_NONE, &ring, 1, err);
}
