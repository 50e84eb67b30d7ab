/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/masked.h"

#include "proto/identity/keyfile.h"
#include "proto/query/ring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_MS = 30000 };

static FH_NORETURN void stop(const char *what, const struct fh_err *err)
{
    fprintf(stderr, "masked: %s: %s [%s]\n", what, err->text, err->rule);
    abort();
}

/* ---- the thread that waits for the scan worker ---- */

static void told(struct masked *m, const struct fh_worker_feed_end *end)
{
    pthread_mutex_lock(&m->lock);
    uint64_t scan = 0;
    bool wanted = false;
    for (unsigned i = 0; i < m->feed_count; i++) {
        if (m->feeds[i].id == end->feed && !m->feeds[i].over) {
            m->feeds[i].over = true;
            scan = m->feeds[i].scan;
            wanted = !m->feeds[i].closed;
            m->open--;
        }
    }
    m->scanned += end->rows;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    if (wanted && end->failure.code != FH_OK) {
        fh_worker_scan_error(m->query, scan, &end->failure);
    }
}

static void lost(struct masked *m, const struct fh_err *why)
{
    for (unsigned i = 0; i < m->feed_count; i++) {
        pthread_mutex_lock(&m->lock);
        bool open = !m->feeds[i].over;
        m->feeds[i].over = true;
        m->open -= open;
        m->lost = *why;
        pthread_cond_broadcast(&m->changed);
        pthread_mutex_unlock(&m->lock);
        if (open) {
            fh_worker_scan_error(m->query, m->feeds[i].scan, why);
        }
    }
}

static void *wait_for_feeds(void *data)
{
    struct masked *m = data;
    for (;;) {
        pthread_mutex_lock(&m->lock);
        while (m->open == 0 && !m->quit) {
            pthread_cond_wait(&m->changed, &m->lock);
        }
        bool quit = m->quit;
        pthread_mutex_unlock(&m->lock);
        if (quit) {
            return NULL;
        }
        struct fh_worker_feed_end end;
        struct fh_err err = {0};
        if (fh_worker_feed_next(m->scan, rig_soon(DEADLINE_MS), &end, &err) == FH_OK) {
            told(m, &end);
        } else {
            lost(m, &err);
        }
    }
}

/* ---- up and down ---- */

static void make_keys(struct masked *m)
{
    char path[128];
    struct fh_home home;
    struct fh_err err = {0};
    uint8_t seed[FH_SEED_BYTES] = {1};
    uint8_t bytes[FH_KEYFILE_BYTES];
    test_scratch_path(path, sizeof path, &m->rig->scratch, "home");
    int code = fh_home_locate(&home, path, &err);
    if (code == FH_OK && access(path, F_OK) != 0) {
        code = fh_home_create(&home, &err);
        static const struct {
            const char *name;
            enum fh_key_kind kind;
        } files[] = {{"node", FH_KEY_NODE}, {"node_agree", FH_KEY_NODE_AGREE}};
        for (size_t i = 0; code == FH_OK && i < FH_COUNT(files); i++) {
            code = fh_keyfile_encode(bytes, files[i].kind, seed, NULL, &err);
            if (code == FH_OK) {
                code = fh_home_key_write(&home, files[i].name, fh_bytes(bytes, sizeof bytes), &err);
            }
        }
    }
    if (code != FH_OK || fh_keystore_open(&m->keys, &home, &err) != FH_OK) {
        stop("keys", &err);
    }
}

void masked_up(struct masked *m, struct rig *rig, uint32_t threads)
{
    *m = (struct masked){.rig = rig};
    make_keys(m);
    m->query = rig_worker(rig, FH_WORKER_QUERY, threads);
    m->scan = rig_worker(rig, FH_WORKER_SCAN, threads);
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    if (pthread_create(&m->waiter, NULL, wait_for_feeds, m) != 0) {
        abort();
    }
}

void masked_down(struct masked *m)
{
    fh_worker_kill(m->query);
    fh_worker_kill(m->scan);
    pthread_mutex_lock(&m->lock);
    m->quit = true;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->waiter, NULL);
    rig_release(m->rig, m->query);
    rig_release(m->rig, m->scan);
    fh_keystore_close(m->keys);
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->changed);
}

bool masked_quiet(struct masked *m, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000 + 1;
    pthread_mutex_lock(&m->lock);
    int code = 0;
    while (m->open > 0 && code == 0) {
        code = pthread_cond_timedwait(&m->changed, &m->lock, &until);
    }
    bool quiet = m->open == 0;
    pthread_mutex_unlock(&m->lock);
    return quiet;
}

/* ---- views and tables ---- */

static struct fh_view_column read_column(const char *text)
{
    static const struct {
        const char *name;
        enum fh_mask_unit unit;
    } units[] = {
        {"minute", FH_MASK_MINUTE},
        {"hour", FH_MASK_HOUR},
        {"day", FH_MASK_DAY},
        {"month", FH_MASK_MONTH},
        {"quarter", FH_MASK_QUARTER},
        {"year", FH_MASK_YEAR},
        {"decade", FH_MASK_DECADE},
    };
    struct fh_view_column column = {.hidden = strncmp(text, "hidden", 6) == 0};
    unsigned long long step = 0;
    if (strncmp(text, "null", 4) == 0) {
        column.mask.kind = FH_MASK_NULL;
    } else if (strncmp(text, "hash", 4) == 0) {
        column.mask.kind = FH_MASK_HASH;
    } else if (sscanf(text, "partial %u %u", &column.mask.keep_first, &column.mask.keep_last) ==
               2) {
        column.mask.kind = FH_MASK_PARTIAL;
    } else if (sscanf(text, "step %llu", &step) == 1) {
        column.mask = (struct fh_mask){.kind = FH_MASK_GENERALISE, .step = step};
    }
    for (size_t i = 0; i < FH_COUNT(units); i++) {
        if (strncmp(text, units[i].name, strlen(units[i].name)) == 0) {
            column.mask = (struct fh_mask){.kind = FH_MASK_GENERALISE, .unit = units[i].unit};
        }
    }
    return column;
}

struct fh_view masked_view(struct rig *rig,
                           const struct fh_table *table,
                           const char *columns,
                           const char *const *filters,
                           uint32_t filter_count)
{
    struct fh_view_column *list = fh_arena_array(rig->arena, table->column_count, sizeof *list);
    for (uint32_t i = 0; i < table->column_count; i++) {
        list[i] = (struct fh_view_column){.hidden = false};
    }
    for (const char *at = columns; at != NULL && *at != 0;) {
        size_t size = strcspn(at, "=");
        for (uint32_t i = 0; i < table->column_count; i++) {
            if (strlen(table->columns[i].name) == size &&
                memcmp(table->columns[i].name, at, size) == 0) {
                list[i] = read_column(at + size + 1);
            }
        }
        at = strchr(at, ',');
        at = at == NULL ? NULL : at + 1 + strspn(at + 1, " ");
    }
    return (struct fh_view){.column_count = table->column_count,
                            .columns = list,
                            .filter_count = filter_count,
                            .filters = filters};
}

int masked_add(struct masked *m,
               const struct fh_table *table,
               const struct fh_view *view,
               int file,
               struct fh_err *err)
{
    static const struct fh_domain_id domain = {.b = {7}};
    const char **names = fh_arena_array(m->rig->arena, table->column_count, sizeof *names);
    for (uint32_t i = 0; i < table->column_count; i++) {
        names[i] = table->columns[i].name;
    }
    struct fh_masked_of of = {.real = table,
                              .names = names,
                              .name_count = table->column_count,
                              .domain = &domain,
                              .product = table->product,
                              .table = table->table};
    struct fh_masked_table *to = &m->tables[m->table_count];
    (void)masked_quiet(m, DEADLINE_MS); /* one question at a time */
    int code = fh_masked_make(to, &of, view, m->keys, m->rig->arena, err);
    if (code == FH_OK) {
        code = rig_add(m->scan, &to->real, file, err);
        fh_masked_wipe(to);
    }
    if (code == FH_OK) {
        code = rig_add(m->query, &to->visible, -1, err);
    }
    m->table_count += code == FH_OK;
    return code;
}

/* ---- queries ---- */

/* Where the gate lists the table that product names. */
static uint32_t gate_index(const struct masked *m, const struct fh_masked_table *table)
{
    uint32_t index = UINT32_MAX;
    for (uint32_t i = 0; m->gate != NULL && table != NULL && i < m->gate->table_count; i++) {
        const struct fh_gate_table *written = &m->gate->tables[i];
        bool found = strcmp(written->schema, table->visible.product) == 0 ||
                     strcmp(written->name, table->visible.product) == 0;
        index = found ? i : index;
    }
    return index;
}

static void open_feed(struct masked *m, const struct fh_channel_scan *scan)
{
    const struct fh_masked_table *table = NULL;
    struct fh_err err = {0};
    struct fh_buf sql;
    struct fh_ring_layout layout;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    fh_buf_init(&sql, FH_CHANNEL_FEED_BYTES_MAX);
    for (unsigned i = 0; i < m->table_count; i++) {
        table = m->tables[i].visible.number == scan->number ? &m->tables[i] : table;
    }
    uint32_t index = gate_index(m, table);
    if (table == NULL || m->feed_count == MASKED_FEEDS_MAX) {
        stop("scan", &(struct fh_err){.text = "of no table, or too many"});
    }
    struct fh_type types[64];
    for (uint32_t i = 0; i < scan->column_count; i++) {
        types[i] = table->visible.columns[scan->columns[i]].type;
    }
    struct fh_masked_scan wanted = {.columns = scan->columns, .column_count = scan->column_count};
    if (m->gate != NULL && scan->column_count > 0) {
        wanted.wishes = fh_masked_wishes(table, m->gate, index, arena, &wanted.wish_count);
    }
    m->wishes += wanted.wish_count;
    fh_masked_select(&sql, table, &wanted);
    if (fh_ring_lay_out(&layout, types, scan->column_count, arena, &err) != FH_OK) {
        stop("ring", &err);
    }
    int ring = fh_worker_ring(layout.ring_bytes, &err);
    struct fh_channel_feed feed = {.id = fh_worker_feed_id(m->scan),
                                   .sql = fh_buf_view(&sql),
                                   .column_count = scan->column_count,
                                   .types = types};
    pthread_mutex_lock(&m->lock);
    m->feeds[m->feed_count++] = (struct masked_feed){.id = feed.id, .scan = scan->scan};
    m->open++;
    m->columns += scan->column_count;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    if (ring < 0 || fh_worker_scan_ring(m->query, scan->scan, ring, &err) != FH_OK ||
        fh_worker_feed(m->scan, &feed, ring, &err) != FH_OK) {
        fprintf(stderr, "masked: %s\n", err.text); /* a worker that died shows elsewhere */
    }
    close(ring);
    if (m->on_open != NULL) {
        m->on_open(m, m->user);
    }
    fh_buf_fini(&sql);
    fh_arena_free(arena);
}

static void close_feed(struct masked *m, uint64_t scan)
{
    pthread_mutex_lock(&m->lock);
    uint64_t id = 0;
    for (unsigned i = 0; i < m->feed_count; i++) {
        if (m->feeds[i].scan == scan && !m->feeds[i].closed) {
            m->feeds[i].closed = true;
            id = m->feeds[i].over ? 0 : m->feeds[i].id;
        }
    }
    pthread_mutex_unlock(&m->lock);
    if (id != 0) {
        fh_worker_feed_stop(m->scan, id);
    }
}

int masked_query(struct masked *m, const char *sql, struct fh_buf *out, struct fh_err *err)
{
    struct fh_channel_run run = {.sql = fh_bytes_cstr(sql),
                                 .window = m->window > 0 ? m->window : FH_QUERY_WINDOW};
    m->feed_count = masked_quiet(m, DEADLINE_MS) ? 0 : m->feed_count;
    m->columns = 0;
    m->wishes = 0;
    m->scanned = 0;
    int code = fh_worker_run(m->query, &run, rig_soon(DEADLINE_MS), err);
    while (code == FH_OK) {
        struct fh_worker_event event;
        code = fh_worker_next(m->query, &event, err);
        if (code != FH_OK || event.kind == FH_WORKER_END) {
            break;
        }
        if (event.kind == FH_WORKER_BATCH) {
            if (m->on_batch != NULL) {
                m->on_batch(m, m->user);
            }
            rig_rows(event.batch, out);
            fh_worker_credit(m->query, 1);
        } else if (event.kind == FH_WORKER_SCAN_OPEN) {
            open_feed(m, &event.scan);
        } else if (event.kind == FH_WORKER_SCAN_CLOSE) {
            close_feed(m, event.count.id);
        }
    }
    return code;
}

void masked_expect(struct masked *m, const char *sql, const char *expected)
{
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, RIG_ANSWER_BYTES_MAX);
    int code = masked_query(m, sql, &out, &err);
    rig_meet_answer(sql, code, &out, &err, expected);
}

void masked_refuse(struct masked *m, const char *sql, int code, const char *rule)
{
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, RIG_ANSWER_BYTES_MAX);
    int found = masked_query(m, sql, &out, &err);
    rig_meet_refusal(sql, found, &err, code, rule);
}
