/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/feed.h"

#include "common/list.h"
#include "common/mem.h"
#include "node/worker/files.h"
#include "node/worker/ring_end.h"
#include "node/worker/ring_out.h"
#include "node/worker/short_text.h"
#include "node/worker/taker.h"
#include "node/worker/types.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum {
    ARENA_BYTES_MAX = 4 * 1024 * 1024,
    SQL_BYTES_MAX = FH_CHANNEL_FEED_BYTES_MAX + FH_BATCH_COLUMNS_MAX * 48 + 256,
};

struct fh_feeds {
    struct fh_port *port;
    duckdb_database database;
    struct fh_helpers *helpers;
    pthread_mutex_t lock; /* of the list, and of `connection` in each feed */
    struct fh_list running;
    unsigned count;
    bool writing_file; /* a feed writes to the one slot for that */
};

struct feed {
    struct fh_list link;
    struct fh_feeds *feeds;
    struct fh_arena *arena; /* of `asked` and of the layout */
    struct fh_channel_feed asked;
    duckdb_connection connection; /* NULL: not there yet, or no more */
    idx_t connection_id;
    struct fh_ring_end ring;
    pthread_mutex_t writing; /* DuckDB's threads, one at a time */
    struct fh_ring_out out;
    struct fh_files_seen seen;
    uint64_t rows;
    bool fitted[2]; /* the columns of a chunk were looked at: [1] with short texts */
    bool over;      /* the reader wants no more */
    struct fh_err failure;
};

struct fh_feeds *fh_feeds_new(struct fh_port *port)
{
    struct fh_feeds *feeds = fh_calloc(1, sizeof *feeds);
    if (feeds != NULL) {
        feeds->port = port;
        pthread_mutex_init(&feeds->lock, NULL);
        fh_list_init(&feeds->running);
    }
    return feeds;
}

void fh_feeds_help(struct fh_feeds *feeds, struct fh_helpers *helpers)
{
    feeds->helpers = helpers;
}

/* Under the lock. */
static struct feed *find(struct fh_feeds *feeds, uint64_t id)
{
    FH_LIST_FOREACH (link, &feeds->running) {
        struct feed *feed = FH_LIST_ENTRY(link, struct feed, link);
        if (feed->asked.id == id) {
            return feed;
        }
    }
    return NULL;
}

static void feed_free(struct feed *feed)
{
    fh_ring_end_close(&feed->ring);
    pthread_mutex_destroy(&feed->writing);
    fh_arena_free(feed->arena);
    fh_free(feed);
}

/* ---- vectors to the ring ---- */

/* False: the feed is over, and has its reason. */
static bool went_well(struct feed *feed, enum fh_ring_out_state state)
{
    switch (state) {
    case FH_RING_OUT_GOOD:
        return true;
    case FH_RING_OUT_OVER:
        feed->over = true;
        break;
    case FH_RING_OUT_STOPPED:
        (void)fh_err_rule(
            &feed->failure, FH_ECANCELLED, "query.cancelled", "the scan was cancelled");
        break;
    case FH_RING_OUT_BROKEN:
        (void)fh_err_rule(
            &feed->failure, FH_EPROTO, "ring.count", "the reader of a scan counts what cannot be");
        break;
    case FH_RING_OUT_ROW:
        (void)fh_err_rule(&feed->failure,
                          FH_ETOOBIG,
                          "query.row",
                          "the texts of a row are larger than %d MiB",
                          FH_RING_TEXT_BYTES / (1024 * 1024));
        break;
    }
    return false;
}

/* The chunk's columns must be those of the ring, or values of another width would be copied. */
static bool types_fit(const struct feed *feed, duckdb_data_chunk chunk, bool are_short)
{
    const struct fh_ring_layout *layout = &feed->ring.layout;
    bool fit = duckdb_data_chunk_get_column_count(chunk) == (idx_t)layout->column_count;
    for (uint32_t i = 0; fit && i < layout->column_count; i++) {
        struct fh_type type;
        duckdb_logical_type found =
            duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk, i));
        duckdb_type id = duckdb_get_type_id(found);
        fit = are_short && fh_type_is_variable(layout->places[i].type)
                  ? id == DUCKDB_TYPE_UHUGEINT
                  : id != DUCKDB_TYPE_ENUM && fh_types_carried(found, &type) &&
                        fh_type_equal(type, layout->places[i].type);
        duckdb_destroy_logical_type(&found);
    }
    return fit;
}

/* ---- fh_emit ---- */

static idx_t connection_id(duckdb_connection connection)
{
    duckdb_client_context context = NULL;
    duckdb_connection_get_client_context(connection, &context);
    idx_t id = duckdb_client_context_get_connection_id(context);
    duckdb_destroy_client_context(&context);
    return id;
}

static void *same_feed(void *feed)
{
    return feed;
}

/* Which feed a call is of, its connection says. */
static void on_bind(duckdb_bind_info info)
{
    struct fh_feeds *feeds = duckdb_scalar_function_bind_get_extra_info(info);
    duckdb_client_context context = NULL;
    duckdb_scalar_function_get_client_context(info, &context);
    idx_t id = duckdb_client_context_get_connection_id(context);
    duckdb_destroy_client_context(&context);
    struct feed *found = NULL;
    pthread_mutex_lock(&feeds->lock);
    FH_LIST_FOREACH (link, &feeds->running) {
        struct feed *feed = FH_LIST_ENTRY(link, struct feed, link);
        found = feed->connection != NULL && feed->connection_id == id ? feed : found;
    }
    pthread_mutex_unlock(&feeds->lock);
    if (found == NULL) {
        duckdb_scalar_function_bind_set_error(info, "not a scan");
        return;
    }
    duckdb_scalar_function_set_bind_data(info, found, NULL); /* it lives while its SQL runs */
    duckdb_scalar_function_set_bind_data_copy(info, same_feed);
}

/* Gives the rows to the ring; false: the scan ends. */
static bool emit(struct feed *feed, duckdb_data_chunk chunk, uint32_t rows, bool are_short)
{
    pthread_mutex_lock(&feed->writing);
    bool good = feed->fitted[are_short] || types_fit(feed, chunk, are_short);
    feed->fitted[are_short] = good;
    if (!good) {
        (void)fh_err_rule(&feed->failure,
                          FH_EINTERNAL,
                          "query.engine",
                          "the columns of a scan have other types than were asked for");
    }
    good = good && went_well(feed,
                             are_short ? fh_ring_out_short(&feed->out, chunk, rows)
                                       : fh_ring_out_rows(&feed->out, chunk, rows));
    feed->rows += good ? rows : 0;
    pthread_mutex_unlock(&feed->writing);
    return good;
}

/* fh_emit(columns...): 0. */
static void on_emit(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output)
{
    uint32_t rows = (uint32_t)duckdb_data_chunk_get_size(chunk);
    memset(duckdb_vector_get_data(output), 0, rows);
    if (rows > 0 && !emit(duckdb_scalar_function_get_bind_data(info), chunk, rows, false)) {
        duckdb_scalar_function_set_error(info, "the scan ended");
    }
}

/* fh_emit_short(columns...), texts by fh_short: false for all rows when they were taken, true for
 * all when fh_emit has to. */
static void on_emit_short(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output)
{
    uint32_t rows = (uint32_t)duckdb_data_chunk_get_size(chunk);
    bool longer = rows > 0 && fh_short_look_at(chunk).longer;
    memset(duckdb_vector_get_data(output), longer ? 1 : 0, rows);
    if (rows > 0 && !longer &&
        !emit(duckdb_scalar_function_get_bind_data(info), chunk, rows, true)) {
        duckdb_scalar_function_set_error(info, "the scan ended");
    }
}

int fh_feeds_register(struct fh_feeds *feeds,
                      duckdb_database database,
                      duckdb_connection connection,
                      struct fh_err *err)
{
    feeds->database = database;
    bool good = fh_taker_register(connection, "fh_emit", false, on_bind, on_emit, feeds) &&
                fh_taker_register(connection, "fh_emit", true, on_bind, on_emit_short, feeds);
    return good ? fh_short_register(connection, err)
                : fh_err_set(err, FH_EIO, "cannot register fh_emit");
}

/* ---- one feed ---- */

static const struct {
    duckdb_error_type type;
    int code;
    const char *rule;
    const char *text;
} faults[] = {
    {DUCKDB_ERROR_OUT_OF_MEMORY,
     FH_ETOOBIG,
     "query.memory",
     "a scan needs more memory than it has"},
    {DUCKDB_ERROR_IO, FH_EIO, "source.read", "a source could not be read"},
    {DUCKDB_ERROR_PERMISSION, FH_EIO, "source.read", "a source could not be read"},
    {DUCKDB_ERROR_INTERRUPT, FH_ECANCELLED, "query.cancelled", "the scan was cancelled"},
    {DUCKDB_ERROR_BINDER, FH_EINVAL, "source.schema", "the source has other columns than before"},
    {DUCKDB_ERROR_CATALOG, FH_EINVAL, "source.schema", "the source has other columns than before"},
    {DUCKDB_ERROR_CONVERSION,
     FH_ESQL,
     "source.value",
     "the source holds what is no value of a column"},
    {DUCKDB_ERROR_INVALID_INPUT, FH_ESQL, "source.value", "the source holds what cannot be read"},
};

static void read_fault(struct feed *feed, duckdb_error_type type)
{
    if (feed->failure.code != FH_OK || feed->over) {
        return; /* a reason of our own */
    }
    for (size_t i = 0; i < FH_COUNT(faults); i++) {
        if (faults[i].type == type) {
            (void)fh_err_rule(&feed->failure, faults[i].code, faults[i].rule, "%s", faults[i].text);
            return;
        }
    }
    (void)fh_err_rule(&feed->failure, FH_ESQL, "sql.runtime", "a scan failed while it ran");
}

static bool is_text(const void *user, uint32_t column)
{
    const struct feed *feed = user;
    return fh_type_is_variable(feed->asked.types[column]);
}

/* The SQL that runs: the node's, with its rows given to the ring or the file. */
static int wrap(const struct feed *feed, struct fh_buf *out)
{
    if (feed->asked.to_file) {
        fh_buf_add_cstr(out, "COPY (");
        fh_buf_add_bytes(out, feed->asked.sql);
        fh_buf_printf(
            out, ") TO '/proc/self/fd/%d' (FORMAT parquet, USE_TMP_FILE false)", FH_SLOT_OUTPUT);
        return fh_buf_ok(out);
    }
    if (feed->asked.column_count == 0) {
        fh_buf_add_bytes(out, feed->asked.sql);
        return fh_buf_ok(out);
    }
    (void)fh_taker_put_query(
        out, "fh_emit", feed->asked.sql, feed->asked.column_count, is_text, feed);
    return fh_buf_ok(out);
}

/* Without columns the answer is the count of rows, one BIGINT: one frame says it. */
static void write_count(struct feed *feed, duckdb_result result)
{
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    if (chunk != NULL && duckdb_data_chunk_get_size(chunk) == 1 &&
        duckdb_column_type(&result, 0) == DUCKDB_TYPE_BIGINT) {
        int64_t rows;
        memcpy(&rows, duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)), sizeof rows);
        if (went_well(feed, fh_ring_out_count(&feed->out, (uint64_t)rows))) {
            feed->rows = (uint64_t)rows;
        }
    } else {
        (void)fh_err_rule(&feed->failure, FH_EINTERNAL, "query.engine", "a scan did not count");
    }
    if (chunk != NULL) {
        duckdb_destroy_data_chunk(&chunk);
    }
}

static bool is_good(const struct feed *feed)
{
    return feed->failure.code == FH_OK && !feed->over;
}

/* Rows of two states of a source are of none, and DuckDB knows nothing of it: a file that was cut
 * ends early. Before the reader hears that these were all rows. */
static void look_at_files(struct feed *feed)
{
    if (is_good(feed)) {
        (void)!fh_files_unchanged(&feed->seen, &feed->failure);
    }
}

static void run(struct feed *feed, duckdb_connection connection)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    duckdb_result result;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    if (wrap(feed, &sql) != FH_OK) {
        (void)fh_err_set(&feed->failure, FH_ENOMEM, "no memory for the SQL of a scan");
        return;
    }
    fh_files_watch(&feed->seen);
    bool failed = duckdb_query(connection, fh_buf_cstr(&sql), &result) == DuckDBError;
    fh_files_unwatch(&feed->seen);
    look_at_files(feed);
    if (failed) {
        read_fault(feed, duckdb_result_error_type(&result));
    } else if (is_good(feed) && feed->asked.column_count == 0 && !feed->asked.to_file) {
        write_count(feed, result);
    }
    duckdb_destroy_result(&result);
}

/* Makes the connection known, so that it can be interrupted; false when it was stopped already. */
static bool open_connection(struct feed *feed, duckdb_connection *out)
{
    duckdb_connection connection = NULL;
    if (duckdb_connect(feed->feeds->database, &connection) == DuckDBError) {
        (void)fh_err_set(&feed->failure, FH_ENOMEM, "no connection for a scan");
        return false;
    }
    pthread_mutex_lock(&feed->feeds->lock);
    feed->connection = connection;
    feed->connection_id = connection_id(connection);
    bool stopped = atomic_load(&feed->ring.stopped);
    pthread_mutex_unlock(&feed->feeds->lock);
    if (stopped) {
        (void)fh_err_rule(
            &feed->failure, FH_ECANCELLED, "query.cancelled", "the scan was cancelled");
    }
    *out = connection;
    return !stopped;
}

/* Under the lock: the feed is none of those that run. */
static void leave(struct feed *feed)
{
    fh_list_remove(&feed->link);
    feed->feeds->count--;
    if (feed->asked.to_file) {
        feed->feeds->writing_file = false;
        close(FH_SLOT_OUTPUT);
    }
}

static void *feed_thread(void *data)
{
    struct feed *feed = data;
    struct fh_feeds *feeds = feed->feeds;
    duckdb_connection connection = NULL;
    fh_helpers_come(feeds->helpers);
    if (open_connection(feed, &connection)) {
        run(feed, connection);
    }
    fh_helpers_go(feeds->helpers);
    if (feed->failure.code == FH_OK && !feed->asked.to_file) {
        fh_ring_out_end(&feed->out);
    }
    pthread_mutex_lock(&feeds->lock);
    feed->connection = NULL;
    leave(feed);
    pthread_mutex_unlock(&feeds->lock);
    duckdb_disconnect(&connection);
    if (feed->failure.code != FH_OK) {
        fh_port_send_feed_error(feeds->port, feed->asked.id, &feed->failure);
    } else {
        if (!feed->asked.to_file) {
            fh_ring_finish(&feed->ring);
        }
        fh_port_send_count(feeds->port, FH_CHANNEL_FEED_END, feed->asked.id, feed->rows);
    }
    feed_free(feed);
    return NULL;
}

/* ---- reading thread ---- */

/* Enters the feed in the list and starts its thread. */
static int start_thread(struct feed *feed, int file, struct fh_err *err)
{
    struct fh_feeds *feeds = feed->feeds;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_mutex_lock(&feeds->lock);
    bool room = feeds->count < FH_WORKER_FEEDS_MAX && find(feeds, feed->asked.id) == NULL;
    if (room && feed->asked.to_file) {
        room = !feeds->writing_file && dup3(file, FH_SLOT_OUTPUT, O_CLOEXEC) >= 0;
        feeds->writing_file |= room;
    }
    if (room) {
        fh_list_push_back(&feeds->running, &feed->link);
        feeds->count++;
    }
    pthread_mutex_unlock(&feeds->lock);
    if (!room) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "limit.feeds",
                           "the query reads more than %d masked tables at once",
                           FH_WORKER_FEEDS_MAX);
    }
    bool good = pthread_getattr_default_np(&attributes) == 0 &&
                pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                pthread_create(&thread, &attributes, feed_thread, feed) == 0;
    if (!good) {
        pthread_mutex_lock(&feeds->lock);
        leave(feed);
        pthread_mutex_unlock(&feeds->lock);
        return fh_err_rule(err, FH_ETOOBIG, "query.memory", "no memory for one more scan");
    }
    return FH_OK;
}

static int open_ring(struct feed *feed, int fd, struct fh_err *err)
{
    struct fh_ring_layout layout;
    int code =
        fh_ring_lay_out(&layout, feed->asked.types, feed->asked.column_count, feed->arena, err);
    if (code == FH_OK) {
        code = fh_ring_end_open(&feed->ring, &layout, fd, err);
    }
    return code == FH_OK ? fh_ring_out_init(&feed->out, &feed->ring, feed->arena, err) : code;
}

int fh_feeds_start(struct fh_feeds *feeds, const struct fh_frame *frame, struct fh_err *err)
{
    struct feed *feed = fh_calloc(1, sizeof *feed);
    if (feed == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a scan");
    }
    feed->feeds = feeds;
    feed->arena = fh_arena_new(ARENA_BYTES_MAX);
    fh_list_init(&feed->link);
    pthread_mutex_init(&feed->writing, NULL);
    uint8_t *copy = feed->arena == NULL ? NULL : fh_arena_alloc(feed->arena, frame->size);
    int code = copy == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a scan") : FH_OK;
    if (code == FH_OK) {
        memcpy(copy, frame->payload, frame->size); /* the SQL points there */
        code = fh_channel_get_feed(&feed->asked, fh_bytes(copy, frame->size), feed->arena, err);
    }
    if (code == FH_OK && frame->file_count != 1) {
        code = fh_err_rule(err, FH_EPROTO, "channel.files", "a FEED without its ring");
    }
    if (code != FH_OK) {
        feed_free(feed);
        return code;
    }
    struct fh_err why = {0};
    code = feed->asked.to_file ? FH_OK : open_ring(feed, frame->files[0], &why);
    if (code == FH_OK) {
        code = start_thread(feed, frame->files[0], &why);
    }
    if (code != FH_OK) {
        fh_port_send_feed_error(feeds->port, feed->asked.id, &why);
        feed_free(feed);
    }
    return FH_OK;
}

void fh_feeds_stop(struct fh_feeds *feeds, uint64_t id)
{
    pthread_mutex_lock(&feeds->lock);
    struct feed *feed = find(feeds, id);
    if (feed != NULL) {
        if (feed->asked.to_file) {
            atomic_store(&feed->ring.stopped, true);
        } else {
            fh_ring_stop(&feed->ring);
        }
        if (feed->connection != NULL) {
            duckdb_interrupt(feed->connection);
        }
    }
    pthread_mutex_unlock(&feeds->lock);
}
