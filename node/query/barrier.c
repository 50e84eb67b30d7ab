/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/barrier.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/pool.h"
#include "node/query/barrier_sql.h"
#include "node/query/stream.h"
#include "proto/query/ring.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/* One scan. Under the barrier's lock but for the job's own fields. */
struct feed {
    struct fh_list link;
    struct fh_barrier *barrier;
    uint64_t id;   /* at the scan worker */
    uint64_t scan; /* at the query worker */
    bool closed;   /* the query worker wants no more */
    bool over;     /* the scan worker has ended it, or never began */

    /* the job that opens it */
    const struct fh_masked_table *table;
    uint32_t column_count;
    uint32_t *columns;   /* indices in table->visible; in the stream's arena */
    uint32_t wish_count; /* in the stream's arena */
    const struct fh_masked_wish *wishes;
    bool opening;
    struct fh_err err;
};

struct entry {
    uint32_t number; /* of the table in the plan */
    struct fh_masked_table table;
    bool keepable; /* as a snapshot, by this key */
    bool read;
    struct fh_snapshot_key key;
};

struct fh_barrier {
    struct fh_stream *stream;
    struct fh_worker *worker; /* of role scan; NULL before it is taken */
    bool fresh;
    bool broken;
    bool ended;                   /* the stream is over ... */
    int64_t ended_ms;             /* ... since then */
    struct fh_source_set sources; /* the tables that are there */
    uint32_t count;
    struct entry *entries[FH_QUERY_TABLES_MAX];

    pthread_mutex_t lock;
    struct fh_list feeds;
    unsigned open; /* told to the scan worker and not over */

    bool waiting; /* a pool thread waits for the end of a feed */
    unsigned opening;
    struct fh_worker_feed_end last; /* job */
    int job_code;
    struct fh_err job_err;
};

static int new_barrier(struct fh_stream *stream, struct fh_err *err)
{
    struct fh_barrier *barrier = fh_calloc(1, sizeof *barrier);
    if (barrier == NULL || pthread_mutex_init(&barrier->lock, NULL) != 0) {
        fh_free(barrier);
        return fh_err_set(err, FH_ENOMEM, "no memory for masked tables");
    }
    barrier->stream = stream;
    fh_source_set_init(&barrier->sources);
    fh_list_init(&barrier->feeds);
    stream->barrier = barrier;
    return FH_OK;
}

/* ---- tables ---- */

int fh_barrier_mask(struct fh_stream *stream,
                    const struct fh_plan_table *planned,
                    const struct fh_table *real,
                    struct fh_masked_table *out,
                    struct fh_err *err)
{
    const struct fh_catalog_table *known = &planned->table;
    const char **names = fh_arena_array(stream->arena, known->column_count + 1, sizeof *names);
    if (names == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the tables of a query");
    }
    for (size_t i = 0; i < known->column_count; i++) {
        names[i] = known->columns[i].name;
    }
    struct fh_masked_of of = {
        .real = real,
        .names = names,
        .name_count = known->column_count,
        .domain = &known->entry.announcement.domain,
        .product = known->entry.announcement.product,
        .table = known->name,
    };
    return fh_masked_make(out, &of, planned->view, stream->serve->options.keys, stream->arena, err);
}

/* By what a snapshot of the table is found. */
static bool make_key(struct fh_snapshot_key *out,
                     const struct fh_plan_table *planned,
                     const struct fh_masked_table *table,
                     int file)
{
    struct stat s;
    if (!fh_masked_keepable(table) || fstat(file, &s) != 0) {
        return false;
    }
    const struct fh_record_id *contract = &planned->table.entry.announcement.contract;
    const struct fh_bytes parts[] = {
        fh_bytes(contract->b, sizeof contract->b),
        fh_bytes(table->view->id.b, sizeof table->view->id.b),
        fh_bytes_cstr(planned->table.name),
    };
    const int64_t facts[] = {(int64_t)s.st_dev,
                             (int64_t)s.st_ino,
                             (int64_t)s.st_size,
                             (int64_t)s.st_mtim.tv_sec,
                             (int64_t)s.st_mtim.tv_nsec,
                             (int64_t)s.st_ctim.tv_sec,
                             (int64_t)s.st_ctim.tv_nsec};
    out->table = fh_hash_parts(parts, FH_COUNT(parts));
    out->source = fh_hash(fh_bytes(facts, sizeof facts));
    return true;
}

/* The table as its snapshot, which is open to whoever has this view; false when there is none. */
static bool add_snapshot(struct fh_stream *stream, const struct entry *entry)
{
    struct fh_source_set *sources = &stream->sources;
    int fd = entry->keepable ? fh_snapshots_find(stream->serve->snapshots, &entry->key) : -1;
    if (fd < 0) {
        return false;
    }
    FH_ASSERT(sources->file_count < FH_QUERY_TABLES_MAX);
    struct fh_table *table = &sources->tables[sources->table_count];
    *table = entry->table.visible;
    table->number = sources->table_count++;
    table->format = FH_SOURCE_PARQUET;
    table->file_count = 1;
    table->first_file = sources->file_count;
    sources->files[sources->file_count++] = fd;
    return true;
}

int fh_barrier_add(struct fh_stream *stream,
                   const struct fh_plan_table *planned,
                   struct fh_err *err)
{
    int rc = stream->barrier == NULL ? new_barrier(stream, err) : FH_OK;
    if (rc != FH_OK) {
        return rc;
    }
    struct fh_barrier *barrier = stream->barrier;
    struct fh_source_set *shown = &stream->sources;
    struct fh_source_set *hidden = &barrier->sources;
    struct entry *entry = fh_arena_alloc(stream->arena, sizeof *entry);
    if (entry == NULL || shown->table_count == FH_QUERY_TABLES_MAX) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the tables of a query");
    }
    rc = fh_source_add_own(hidden, planned, stream->serve->options.store, stream->arena, err);
    if (rc == FH_OK) {
        const struct fh_table *real = &hidden->tables[hidden->table_count - 1];
        *entry = (struct entry){.number = shown->table_count};
        rc = fh_barrier_mask(stream, planned, real, &entry->table, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    entry->keepable =
        make_key(&entry->key, planned, &entry->table, hidden->files[hidden->file_count - 1]);
    if (add_snapshot(stream, entry)) {
        fh_masked_wipe(&entry->table);
        return FH_OK; /* its source is closed with the others */
    }
    entry->table.visible.number = entry->number;
    shown->tables[shown->table_count++] = entry->table.visible;
    barrier->entries[barrier->count++] = entry;
    return FH_OK;
}

int fh_barrier_take_worker(struct fh_barrier *barrier, struct fh_err *err)
{
    struct fh_stream *stream = barrier->stream;
    if (barrier->count == 0) {
        return FH_OK; /* there is a snapshot of each table */
    }
    int rc = fh_crew_take(stream->serve->options.crew,
                          stream->session,
                          FH_WORKER_SCAN,
                          false,
                          &barrier->worker,
                          &barrier->fresh,
                          err);
    if (rc == FH_OK) {
        fh_turns_second(stream, barrier->worker);
    }
    return rc;
}

struct fh_worker *fh_barrier_worker(const struct fh_barrier *barrier)
{
    return barrier->worker;
}

int fh_barrier_prepare(struct fh_barrier *barrier, int64_t deadline_ms, struct fh_err *err)
{
    int rc = FH_OK;
    if (barrier->fresh) {
        rc = fh_worker_setup_wait(barrier->worker, fh_clock_mono_ms() + FH_QUERY_START_MS, err);
    }
    for (uint32_t i = 0; rc == FH_OK && i < barrier->count; i++) {
        rc = fh_worker_tables(barrier->worker,
                              &barrier->entries[i]->table.real,
                              1,
                              barrier->sources.files,
                              barrier->sources.file_count,
                              deadline_ms,
                              err);
        fh_masked_wipe(&barrier->entries[i]->table);
    }
    fh_source_set_fini(&barrier->sources); /* the worker has its own descriptors */
    barrier->broken = rc != FH_OK;
    return rc;
}

/* ---- waiting for feeds ---- */

static void wait_for_feeds(struct fh_barrier *barrier);

/* Under the lock. */
static struct feed *find_feed(struct fh_barrier *barrier, uint64_t id)
{
    FH_LIST_FOREACH (link, &barrier->feeds) {
        struct feed *feed = FH_LIST_ENTRY(link, struct feed, link);
        if (feed->id == id && !feed->over) {
            return feed;
        }
    }
    return NULL;
}

/* Ends the books of a feed; whether the query worker must hear of its failure, and of which scan.
 */
static bool settle_feed(struct fh_barrier *barrier, uint64_t id, uint64_t *out_scan)
{
    pthread_mutex_lock(&barrier->lock);
    struct feed *feed = find_feed(barrier, id);
    bool wanted = feed != NULL && !feed->closed;
    if (feed != NULL) {
        feed->over = true;
        *out_scan = feed->scan;
        barrier->open--;
    }
    pthread_mutex_unlock(&barrier->lock);
    return wanted;
}

/* The scan worker ended: with it all its feeds. */
static void fail_all(struct fh_barrier *barrier, const struct fh_err *why)
{
    for (;;) {
        uint64_t scan = 0;
        bool found = false;
        bool wanted = false;
        pthread_mutex_lock(&barrier->lock);
        FH_LIST_FOREACH (link, &barrier->feeds) {
            struct feed *feed = FH_LIST_ENTRY(link, struct feed, link);
            if (!feed->over && !feed->opening && !found) {
                found = feed->over = true;
                wanted = !feed->closed;
                scan = feed->scan;
                barrier->open--;
            }
        }
        pthread_mutex_unlock(&barrier->lock);
        if (!found) {
            return;
        }
        if (wanted) {
            fh_worker_scan_error(barrier->stream->worker, scan, why);
        }
    }
}

/* Pool thread. */
static void wait_work(void *user)
{
    struct fh_barrier *barrier = user;
    uint64_t scan = 0;
    barrier->job_code = fh_worker_feed_next(
        barrier->worker, barrier->stream->deadline_ms, &barrier->last, &barrier->job_err);
    if (barrier->job_code != FH_OK) {
        fail_all(barrier, &barrier->job_err);
        return;
    }
    bool wanted = settle_feed(barrier, barrier->last.feed, &scan);
    if (wanted && barrier->last.failure.code != FH_OK) {
        fh_worker_scan_error(barrier->stream->worker, scan, &barrier->last.failure);
    }
}

static void waited(void *user)
{
    struct fh_barrier *barrier = user;
    struct fh_stream *stream = barrier->stream;
    barrier->waiting = false;
    if (barrier->job_code != FH_OK) {
        barrier->broken = true;
        fh_worker_kill(barrier->worker);
        if (!barrier->ended) {
            fh_log(FH_LOG_WARN,
                   "barrier.failed",
                   "rule=%s text=\"%s\"",
                   barrier->job_err.rule,
                   barrier->job_err.text);
        }
    }
    wait_for_feeds(barrier);
    fh_stream_settle(stream);
}

static void wait_for_feeds(struct fh_barrier *barrier)
{
    pthread_mutex_lock(&barrier->lock);
    bool open = barrier->open > 0;
    pthread_mutex_unlock(&barrier->lock);
    if (!open || barrier->waiting) {
        return;
    }
    struct fh_err err;
    barrier->waiting = true;
    if (fh_pool_submit(barrier->stream->serve->options.loop, wait_work, waited, barrier, &err) !=
        FH_OK) {
        barrier->waiting = false;
        barrier->broken = true;
        fh_worker_kill(barrier->worker);
        fail_all(barrier, &err);
    }
}

/* ---- opening a scan ---- */

/* Memory for both workers, and both told. Pool thread. */
static int open_ring(struct feed *feed, const struct fh_type *types, struct fh_err *err)
{
    struct fh_barrier *barrier = feed->barrier;
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(1024 * 1024);
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    struct fh_ring_layout layout;
    fh_buf_init(&sql, FH_CHANNEL_FEED_BYTES_MAX);
    fh_masked_select(&sql,
                     feed->table,
                     &(struct fh_masked_scan){.columns = feed->columns,
                                              .column_count = feed->column_count,
                                              .wishes = feed->wishes,
                                              .wish_count = feed->wish_count});
    if (arena == NULL || fh_buf_ok(&sql) != FH_OK) {
        return fh_err_rule(err, FH_ETOOBIG, "query.columns", "too many columns are read at once");
    }
    int rc = fh_ring_lay_out(&layout, types, feed->column_count, arena, err);
    int ring = rc == FH_OK ? fh_worker_ring(layout.ring_bytes, err) : -1;
    if (ring < 0) {
        return rc == FH_OK ? FH_EIO : rc;
    }
    struct fh_channel_feed asked = {.id = feed->id,
                                    .sql = fh_buf_view(&sql),
                                    .column_count = feed->column_count,
                                    .types = types};
    rc = fh_worker_scan_ring(barrier->stream->worker, feed->scan, ring, err);
    if (rc == FH_OK) {
        rc = fh_worker_feed(barrier->worker, &asked, ring, err);
    }
    close(ring);
    return rc;
}

static void open_work(void *user)
{
    struct feed *feed = user;
    struct fh_barrier *barrier = feed->barrier;
    struct fh_type *types = fh_calloc((size_t)feed->column_count + 1, sizeof *types);
    int rc = types == NULL ? fh_err_set(&feed->err, FH_ENOMEM, "no memory for a scan") : FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < feed->column_count; i++) {
        types[i] = feed->table->visible.columns[feed->columns[i]].type;
    }
    if (rc == FH_OK) {
        rc = open_ring(feed, types, &feed->err);
    }
    fh_free(types);
    if (rc != FH_OK) {
        feed->err.code = rc;
        fh_worker_scan_error(barrier->stream->worker, feed->scan, &feed->err);
    }
}

static void opened(void *user)
{
    struct feed *feed = user;
    struct fh_barrier *barrier = feed->barrier;
    struct fh_stream *stream = barrier->stream;
    barrier->opening--;
    pthread_mutex_lock(&barrier->lock);
    feed->opening = false;
    feed->over = feed->err.code != FH_OK;
    barrier->open += !feed->over;
    bool stop = feed->closed && !feed->over;
    pthread_mutex_unlock(&barrier->lock);
    if (stop) {
        fh_worker_feed_stop(barrier->worker, feed->id);
    }
    wait_for_feeds(barrier);
    fh_stream_settle(stream);
}

static struct entry *find_entry(const struct fh_barrier *barrier, uint32_t number)
{
    for (uint32_t i = 0; i < barrier->count; i++) {
        if (barrier->entries[i]->number == number) {
            return barrier->entries[i];
        }
    }
    return NULL;
}

/* The scan as a feed; NULL when the worker asks for what is not there, or there is no memory. */
static struct feed *new_feed(struct fh_barrier *barrier,
                             const struct fh_masked_table *table,
                             const struct fh_channel_scan *scan)
{
    struct fh_stream *stream = barrier->stream;
    struct feed *feed = fh_arena_alloc(stream->arena, sizeof *feed);
    uint32_t *columns =
        fh_arena_array(stream->arena, (size_t)scan->column_count + 1, sizeof *columns);
    bool sound = feed != NULL && columns != NULL && stream->remote_count < FH_QUERY_SCANS_MAX;
    for (uint32_t i = 0; sound && i < scan->column_count; i++) {
        sound = scan->columns != NULL && scan->columns[i] < table->visible.column_count;
        columns[i] = sound ? scan->columns[i] : 0;
    }
    if (!sound) {
        return NULL;
    }
    stream->remote_count++;
    *feed = (struct feed){.barrier = barrier,
                          .id = fh_worker_feed_id(barrier->worker),
                          .scan = scan->scan,
                          .table = table,
                          .columns = columns,
                          .column_count = scan->column_count,
                          .opening = true};
    /* The gate's tables are the plan's, one by one, when each is named once. */
    const struct fh_gate *gate = &stream->verdict->gate;
    if (gate->table_count == stream->plan.table_count && scan->column_count > 0) {
        feed->wishes =
            fh_masked_wishes(table, gate, scan->number, stream->arena, &feed->wish_count);
    }
    pthread_mutex_lock(&barrier->lock);
    fh_list_push_back(&barrier->feeds, &feed->link);
    pthread_mutex_unlock(&barrier->lock);
    return feed;
}

bool fh_barrier_scan(struct fh_stream *stream, const struct fh_channel_scan *scan)
{
    struct fh_barrier *barrier = stream->barrier;
    struct entry *entry = barrier == NULL ? NULL : find_entry(barrier, scan->number);
    if (entry == NULL) {
        return false;
    }
    struct fh_err err;
    struct feed *feed = new_feed(barrier, &entry->table, scan);
    entry->read = true;
    int rc = feed == NULL
                 ? fh_err_set(
                       &err, FH_EPROTO, "the worker scans columns that are not there, or too often")
                 : fh_pool_submit(stream->serve->options.loop, open_work, opened, feed, &err);
    if (rc == FH_OK) {
        barrier->opening++;
        return true;
    }
    if (feed != NULL) {
        feed->opening = false;
        feed->over = true;
    }
    fh_stream_end(stream, &err);
    return true;
}

/* ---- the end ---- */

static void stop_feed(struct fh_barrier *barrier, struct feed *feed)
{
    pthread_mutex_lock(&barrier->lock);
    bool tell = !feed->closed && !feed->over && !feed->opening;
    feed->closed = true;
    pthread_mutex_unlock(&barrier->lock);
    if (tell) {
        fh_worker_feed_stop(barrier->worker, feed->id);
    }
}

void fh_barrier_close_scan(struct fh_stream *stream, uint64_t scan)
{
    struct fh_barrier *barrier = stream->barrier;
    if (barrier == NULL) {
        return;
    }
    FH_LIST_FOREACH (link, &barrier->feeds) {
        struct feed *feed = FH_LIST_ENTRY(link, struct feed, link);
        if (feed->scan == scan) {
            stop_feed(barrier, feed);
        }
    }
}

void fh_barrier_end(struct fh_stream *stream, bool failed)
{
    struct fh_barrier *barrier = stream->barrier;
    if (barrier == NULL || barrier->worker == NULL) {
        return;
    }
    if (!barrier->ended) {
        barrier->ended = true;
        barrier->ended_ms = fh_clock_mono_ms();
    }
    FH_LIST_FOREACH (link, &barrier->feeds) {
        stop_feed(barrier, FH_LIST_ENTRY(link, struct feed, link));
    }
    if (failed && !barrier->broken) {
        barrier->broken = true;
        fh_worker_kill(barrier->worker); /* whoever waits for it returns at once */
    }
}

bool fh_barrier_at_work(struct fh_stream *stream)
{
    struct fh_barrier *barrier = stream->barrier;
    if (barrier == NULL || barrier->worker == NULL) {
        return false;
    }
    bool busy = barrier->waiting || barrier->opening > 0;
    if (busy && barrier->ended && !barrier->broken &&
        fh_clock_mono_ms() - barrier->ended_ms > FH_WORKER_GRACE_MS) {
        barrier->broken = true;
        fh_worker_kill(barrier->worker);
    }
    return busy;
}

/* The scan worker of a query that went well may write a table that it read, for the next one. */
static void offer_snapshot(struct fh_barrier *barrier)
{
    struct fh_snapshots *snapshots = barrier->stream->serve->snapshots;
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    fh_buf_init(&sql, FH_CHANNEL_FEED_BYTES_MAX);
    for (uint32_t i = 0; i < barrier->count && barrier->worker != NULL; i++) {
        const struct entry *entry = barrier->entries[i];
        if (!entry->keepable || !entry->read || !fh_snapshots_wants(snapshots, &entry->key)) {
            continue;
        }
        fh_buf_reset(&sql);
        fh_masked_select_all(&sql, &entry->table);
        if (fh_buf_ok(&sql) == FH_OK) {
            fh_snapshots_write(snapshots, &entry->key, FH_TAKE(barrier->worker), fh_buf_view(&sql));
        }
    }
}

void fh_barrier_free(struct fh_barrier *barrier)
{
    if (barrier == NULL) {
        return;
    }
    FH_ASSERT(!barrier->waiting && barrier->opening == 0);
    if (barrier->worker != NULL && !barrier->broken && !fh_worker_dead(barrier->worker)) {
        offer_snapshot(barrier);
    }
    for (uint32_t i = 0; i < barrier->count; i++) {
        fh_masked_wipe(&barrier->entries[i]->table);
    }
    if (barrier->worker != NULL) {
        bool broken = barrier->broken || fh_worker_dead(barrier->worker) ||
                      fh_turns_spoilt(barrier->stream, barrier->worker);
        fh_crew_give(barrier->stream->serve->options.crew, FH_TAKE(barrier->worker), broken);
    }
    fh_source_set_fini(&barrier->sources);
    pthread_mutex_destroy(&barrier->lock);
    fh_free(barrier);
}
