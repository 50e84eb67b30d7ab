/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/feed.h"

#include "common/assert.h"
#include "common/list.h"
#include "common/mem.h"
#include "node/worker/ring_end.h"
#include "node/worker/types.h"

#include <pthread.h>
#include <string.h>

enum {
    ARENA_BYTES_MAX = 4 * 1024 * 1024,
    SQL_BYTES_MAX = FH_CHANNEL_FEED_BYTES_MAX + FH_BATCH_COLUMNS_MAX * 8 + 256,
};

struct fh_feeds {
    struct fh_port *port;
    duckdb_database database;
    pthread_mutex_t lock; /* of the list, and of `connection` in each feed */
    struct fh_list running;
    unsigned count;
};

struct feed {
    struct fh_list link;
    struct fh_feeds *feeds;
    struct fh_arena *arena; /* of `asked` and of the layout */
    struct fh_channel_feed asked;
    duckdb_connection connection; /* NULL: not there yet, or no more */
    struct fh_ring_end ring;
    pthread_mutex_t writing; /* DuckDB's threads, one at a time */
    uint64_t rows;
    bool over; /* the reader wants no more */
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

static bool is_valid(const uint64_t *validity, idx_t row)
{
    return validity == NULL || (validity[row / 64] >> (row % 64) & 1) != 0;
}

/* Rows from..from + count of a column's validity; whether one is NULL. */
static bool put_validity(uint8_t *to, const uint64_t *validity, uint32_t from, uint32_t count)
{
    if (validity == NULL) {
        return false;
    }
    uint64_t nulls = 0;
    for (uint32_t word = 0; word < (count + 63) / 64; word++) {
        uint32_t bits = count - word * 64 < 64 ? count - word * 64 : 64;
        uint64_t there = 0;
        if (from % 64 == 0) {
            there = validity[from / 64 + word];
        } else { /* a frame was cut in the middle of a word: rare */
            for (uint32_t i = 0; i < bits; i++) {
                there |= (uint64_t)is_valid(validity, from + word * 64 + i) << i;
            }
        }
        uint64_t all = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        there &= all;
        nulls |= there ^ all;
        memcpy(to + (size_t)word * 8, &there, sizeof there);
    }
    return nulls != 0;
}

/* Values under a NULL become zero: what stands there may be what is masked. */
static void put_values(uint8_t *to,
                       const uint8_t *values,
                       const uint64_t *validity,
                       uint32_t width,
                       uint32_t from,
                       uint32_t count)
{
    memcpy(to, values + (size_t)from * width, (size_t)count * width);
    for (uint32_t i = 0; validity != NULL && i < count; i++) {
        if (!is_valid(validity, from + i)) {
            memset(to + (size_t)i * width, 0, width);
        }
    }
}

/* False when the texts do not fit the frame. */
static bool put_texts(uint8_t *to,
                      const duckdb_string_t *values,
                      const uint64_t *validity,
                      uint32_t from,
                      uint32_t count,
                      uint8_t *text,
                      uint32_t *text_bytes)
{
    for (uint32_t i = 0; i < count; i++, to += FH_RING_TEXT_WIDTH) {
        const duckdb_string_t *value = &values[from + i];
        uint32_t size = value->value.inlined.length;
        if (!is_valid(validity, from + i)) {
            memset(to, 0, FH_RING_TEXT_WIDTH);
        } else if (size <= FH_RING_TEXT_SHORT) {
            memcpy(to, value, FH_RING_TEXT_WIDTH);
        } else if (size > FH_RING_TEXT_BYTES - *text_bytes) {
            return false;
        } else {
            fh_ring_put_long(to, size, *text_bytes);
            memcpy(text + *text_bytes, value->value.pointer.ptr, size);
            *text_bytes += size;
        }
    }
    return true;
}

/* Writes one frame; false when its texts are too large for one. */
static bool
put_frame(struct feed *feed, duckdb_data_chunk chunk, uint32_t from, uint32_t count, uint8_t *slot)
{
    const struct fh_ring_layout *layout = &feed->ring.layout;
    uint8_t nulls[FH_BATCH_COLUMNS_MAX];
    uint32_t text_bytes = 0;
    for (uint32_t i = 0; i < layout->column_count; i++) {
        const struct fh_ring_place *place = &layout->places[i];
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i + 1);
        const uint64_t *validity = duckdb_vector_get_validity(vector);
        const void *values = duckdb_vector_get_data(vector);
        nulls[i] = put_validity(slot + place->validity, validity, from, count);
        validity = nulls[i] != 0 ? validity : NULL;
        if (!fh_type_is_variable(place->type)) {
            put_values(slot + place->values, values, validity, place->width, from, count);
        } else if (!put_texts(slot + place->values,
                              values,
                              validity,
                              from,
                              count,
                              slot + layout->text_at,
                              &text_bytes)) {
            return false;
        }
    }
    fh_ring_put_head(slot, layout, count, text_bytes, nulls);
    return true;
}

static bool wait_for_slot(struct feed *feed, uint8_t **out_slot)
{
    switch (fh_ring_free(&feed->ring, out_slot)) {
    case FH_RING_READY:
        return true;
    case FH_RING_OVER:
        feed->over = true;
        break;
    case FH_RING_STOPPED:
        (void)fh_err_rule(
            &feed->failure, FH_ECANCELLED, "query.cancelled", "the scan was cancelled");
        break;
    case FH_RING_BROKEN:
        (void)fh_err_rule(
            &feed->failure, FH_EPROTO, "ring.count", "the reader of a scan counts what cannot be");
        break;
    }
    return false;
}

static bool write_chunk(struct feed *feed, duckdb_data_chunk chunk, uint32_t rows)
{
    uint32_t most = feed->ring.layout.rows_max;
    for (uint32_t from = 0; from < rows;) {
        uint8_t *slot;
        if (!wait_for_slot(feed, &slot)) {
            return false;
        }
        uint32_t count = rows - from < most ? rows - from : most;
        while (!put_frame(feed, chunk, from, count, slot)) {
            if (count == 1) {
                (void)fh_err_rule(&feed->failure,
                                  FH_ETOOBIG,
                                  "query.row",
                                  "the texts of a row are larger than %d MiB",
                                  FH_RING_TEXT_BYTES / (1024 * 1024));
                return false;
            }
            count /= 2;
        }
        fh_ring_publish(&feed->ring);
        from += count;
    }
    feed->rows += rows;
    return true;
}

/* The chunk's columns must be those of the ring, or values of another width would be copied. */
static bool types_fit(const struct feed *feed, duckdb_data_chunk chunk)
{
    const struct fh_ring_layout *layout = &feed->ring.layout;
    bool fit = duckdb_data_chunk_get_column_count(chunk) == (idx_t)layout->column_count + 1;
    for (uint32_t i = 0; fit && i < layout->column_count; i++) {
        struct fh_type type;
        duckdb_logical_type found =
            duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk, i + 1));
        fit = duckdb_get_type_id(found) != DUCKDB_TYPE_ENUM && fh_types_carried(found, &type) &&
              fh_type_equal(type, layout->places[i].type);
        duckdb_destroy_logical_type(&found);
    }
    return fit;
}

/* fh_emit(feed, columns...): 0. */
static void on_emit(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output)
{
    struct fh_feeds *feeds = duckdb_scalar_function_get_extra_info(info);
    uint32_t rows = (uint32_t)duckdb_data_chunk_get_size(chunk);
    memset(duckdb_vector_get_data(output), 0, rows);
    if (rows == 0) {
        return;
    }
    uint64_t id;
    memcpy(&id, duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)), sizeof id);
    pthread_mutex_lock(&feeds->lock);
    struct feed *feed = find(feeds, id); /* it lives while its SQL runs */
    pthread_mutex_unlock(&feeds->lock);
    bool good = false;
    if (feed != NULL) {
        pthread_mutex_lock(&feed->writing);
        good = feed->rows > 0 || types_fit(feed, chunk);
        if (!good) {
            (void)fh_err_rule(&feed->failure,
                              FH_EINTERNAL,
                              "query.engine",
                              "the columns of a scan have other types than were asked for");
        }
        good = good && write_chunk(feed, chunk, rows);
        pthread_mutex_unlock(&feed->writing);
    }
    if (!good) {
        duckdb_scalar_function_set_error(info, "the scan ended");
    }
}

int fh_feeds_register(struct fh_feeds *feeds,
                      duckdb_database database,
                      duckdb_connection connection,
                      struct fh_err *err)
{
    feeds->database = database;
    duckdb_scalar_function function = duckdb_create_scalar_function();
    duckdb_logical_type any = duckdb_create_logical_type(DUCKDB_TYPE_ANY);
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
    duckdb_logical_type tiny = duckdb_create_logical_type(DUCKDB_TYPE_TINYINT);
    duckdb_scalar_function_set_name(function, "fh_emit");
    duckdb_scalar_function_add_parameter(function, number);
    duckdb_scalar_function_set_varargs(function, any);
    duckdb_scalar_function_set_return_type(function, tiny);
    duckdb_scalar_function_set_special_handling(function); /* rows with NULLs are rows */
    duckdb_scalar_function_set_volatile(function);
    duckdb_scalar_function_set_extra_info(function, feeds, NULL);
    duckdb_scalar_function_set_function(function, on_emit);
    duckdb_state state = duckdb_register_scalar_function(connection, function);
    duckdb_destroy_logical_type(&any);
    duckdb_destroy_logical_type(&number);
    duckdb_destroy_logical_type(&tiny);
    duckdb_destroy_scalar_function(&function);
    return state == DuckDBSuccess ? FH_OK : fh_err_set(err, FH_EIO, "cannot register fh_emit");
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

/* The SQL that runs: the node's, with its rows given to the ring. */
static int wrap(const struct feed *feed, struct fh_buf *out)
{
    if (feed->asked.column_count == 0) {
        fh_buf_add_bytes(out, feed->asked.sql);
        return fh_buf_ok(out);
    }
    fh_buf_printf(
        out, "SELECT sum(system.main.fh_emit(%llu::UBIGINT", (unsigned long long)feed->asked.id);
    for (uint32_t i = 0; i < feed->asked.column_count; i++) {
        fh_buf_printf(out, ", #%u", i + 1);
    }
    fh_buf_add_cstr(out, ")) FROM (SELECT * FROM (");
    fh_buf_add_bytes(out, feed->asked.sql);
    fh_buf_add_cstr(out, ") LIMIT 9223372036854775807)");
    return fh_buf_ok(out);
}

/* Without columns the answer is the count of rows, one BIGINT: one frame says it. */
static void write_count(struct feed *feed, duckdb_result result)
{
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    uint8_t *slot;
    if (chunk != NULL && duckdb_data_chunk_get_size(chunk) == 1 &&
        duckdb_column_type(&result, 0) == DUCKDB_TYPE_BIGINT) {
        int64_t rows;
        memcpy(&rows, duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)), sizeof rows);
        if (wait_for_slot(feed, &slot)) {
            feed->rows = (uint64_t)rows;
            fh_ring_put_head(slot, &feed->ring.layout, feed->rows, 0, NULL);
            fh_ring_publish(&feed->ring);
        }
    } else {
        (void)fh_err_rule(&feed->failure, FH_EINTERNAL, "query.engine", "a scan did not count");
    }
    if (chunk != NULL) {
        duckdb_destroy_data_chunk(&chunk);
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
    if (duckdb_query(connection, fh_buf_cstr(&sql), &result) == DuckDBError) {
        read_fault(feed, duckdb_result_error_type(&result));
    } else if (feed->asked.column_count == 0) {
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
    bool stopped = atomic_load(&feed->ring.stopped);
    pthread_mutex_unlock(&feed->feeds->lock);
    if (stopped) {
        (void)fh_err_rule(
            &feed->failure, FH_ECANCELLED, "query.cancelled", "the scan was cancelled");
    }
    *out = connection;
    return !stopped;
}

static void *feed_thread(void *data)
{
    struct feed *feed = data;
    struct fh_feeds *feeds = feed->feeds;
    duckdb_connection connection = NULL;
    if (open_connection(feed, &connection)) {
        run(feed, connection);
    }
    pthread_mutex_lock(&feeds->lock);
    feed->connection = NULL;
    fh_list_remove(&feed->link);
    feeds->count--;
    pthread_mutex_unlock(&feeds->lock);
    duckdb_disconnect(&connection);
    if (feed->failure.code != FH_OK) {
        struct fh_channel_error error = {.id = feed->asked.id, .code = feed->failure.code};
        memcpy(error.rule, feed->failure.rule, sizeof error.rule);
        memcpy(error.text, feed->failure.text, sizeof error.text);
        FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
        fh_buf_init(&payload, 2048);
        fh_channel_put_error(&payload, &error);
        fh_port_send_buf(feeds->port, FH_CHANNEL_FEED_ERROR, &payload);
    } else {
        fh_ring_finish(&feed->ring);
        FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
        fh_buf_init(&payload, 64);
        fh_channel_put_count(&payload,
                             &(struct fh_channel_count){.id = feed->asked.id, .count = feed->rows});
        fh_port_send_buf(feeds->port, FH_CHANNEL_FEED_END, &payload);
    }
    feed_free(feed);
    return NULL;
}

/* ---- reading thread ---- */

static void send_refusal(struct fh_feeds *feeds, uint64_t id, const struct fh_err *why)
{
    struct fh_channel_error error = {.id = id, .code = why->code};
    memcpy(error.rule, why->rule, sizeof error.rule);
    memcpy(error.text, why->text, sizeof error.text);
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 2048);
    fh_channel_put_error(&payload, &error);
    fh_port_send_buf(feeds->port, FH_CHANNEL_FEED_ERROR, &payload);
}

/* Enters the feed in the list and starts its thread. */
static int start_thread(struct feed *feed, struct fh_err *err)
{
    struct fh_feeds *feeds = feed->feeds;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_mutex_lock(&feeds->lock);
    bool room = feeds->count < FH_WORKER_FEEDS_MAX && find(feeds, feed->asked.id) == NULL;
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
        fh_list_remove(&feed->link);
        feeds->count--;
        pthread_mutex_unlock(&feeds->lock);
        return fh_err_rule(err, FH_ETOOBIG, "query.memory", "no memory for one more scan");
    }
    return FH_OK;
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
    struct fh_ring_layout layout;
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
    code = fh_ring_lay_out(&layout, feed->asked.types, feed->asked.column_count, feed->arena, &why);
    if (code == FH_OK) {
        code = fh_ring_end_open(&feed->ring, &layout, frame->files[0], &why);
    }
    if (code == FH_OK) {
        code = start_thread(feed, &why);
    }
    if (code != FH_OK) {
        send_refusal(feeds, feed->asked.id, &why);
        feed_free(feed);
    }
    return FH_OK;
}

void fh_feeds_stop(struct fh_feeds *feeds, uint64_t id)
{
    pthread_mutex_lock(&feeds->lock);
    struct feed *feed = find(feeds, id);
    if (feed != NULL) {
        fh_ring_stop(&feed->ring);
        if (feed->connection != NULL) {
            duckdb_interrupt(feed->connection);
        }
    }
    pthread_mutex_unlock(&feeds->lock);
}
