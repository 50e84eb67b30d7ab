/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/barrier_world.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "proto/query/ring.h"
#include "tests/node/worker/barrier_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { ASK_MS = 30000, ARENA_BYTES = 1024 * 1024 };

static FH_NORETURN void stop(const char *what, const struct fh_err *err)
{
    fprintf(stderr, "barrier world: %s: %s [%s]\n", what, err->text, err->rule);
    abort();
}

/* ---- tables ---- */

struct masked_column {
    const char *name;
    struct fh_mask mask;
    unsigned key;
};

static const struct masked_column people_masks[] = {
    {"name", {.kind = FH_MASK_PARTIAL, .keep_first = 1, .keep_last = 1}, 0},
    {"email", {.kind = FH_MASK_HASH}, 0},
    {"salary", {.kind = FH_MASK_GENERALISE, .unit = FH_MASK_STEP, .step = 1000}, 0},
    {"born", {.kind = FH_MASK_GENERALISE, .unit = FH_MASK_YEAR}, 0},
    {"seen", {.kind = FH_MASK_GENERALISE, .unit = FH_MASK_HOUR}, 0},
    {"note", {.kind = FH_MASK_NULL}, 0},
    {"score", {.kind = FH_MASK_GENERALISE, .unit = FH_MASK_STEP, .step = 10}, 0},
    {"account", {.kind = FH_MASK_HASH}, 1},
    {NULL, {.kind = FH_MASK_NONE}, 0},
};
static const struct masked_column orders_masks[] = {
    {"price", {.kind = FH_MASK_GENERALISE, .unit = FH_MASK_STEP, .step = 5}, 0},
    {"day", {.kind = FH_MASK_GENERALISE, .unit = FH_MASK_MONTH}, 0},
    {"item", {.kind = FH_MASK_PARTIAL, .keep_first = 2}, 0},
    {"qty", {.kind = FH_MASK_GENERALISE, .unit = FH_MASK_STEP, .step = 2}, 0},
    {NULL, {.kind = FH_MASK_NONE}, 0},
};
static const struct masked_column no_masks[] = {{NULL, {.kind = FH_MASK_NONE}, 0}};
static const char *const people_filters[] = {"region <> 'closed'", "risk < 70 OR flag -- both"};
static const char *const orders_filters[] = {"margin >= 0"};

/* One table of one side. */
struct plan {
    const char *real; /* name in the scanning worker */
    const char *file;
    const char *all;
    const char *name; /* in the consumer's worker */
    const char *visible;
    const struct masked_column *masks;
    const char *const *filters;
    uint32_t filter_count;
};

static const struct plan plans[BARRIER_PLAIN][BARRIER_TABLES] = {
    [BARRIER_MASKED] = {{"raw.people.people",
                         "people.parquet",
                         BARRIER_PEOPLE_ALL,
                         "dom.people.people",
                         BARRIER_PEOPLE_VISIBLE,
                         people_masks,
                         people_filters,
                         2},
                        {"raw.orders.orders",
                         "orders.parquet",
                         BARRIER_ORDERS_ALL,
                         "dom.orders.orders",
                         BARRIER_ORDERS_VISIBLE,
                         orders_masks,
                         orders_filters,
                         1}},
    [BARRIER_PREPARED] = {{"pre.people.people",
                           "prepared-people.parquet",
                           BARRIER_PEOPLE_VISIBLE,
                           "dom.people.people",
                           BARRIER_PEOPLE_VISIBLE,
                           no_masks,
                           NULL,
                           0},
                          {"pre.orders.orders",
                           "prepared-orders.parquet",
                           BARRIER_ORDERS_VISIBLE,
                           "dom.orders.orders",
                           BARRIER_ORDERS_VISIBLE,
                           no_masks,
                           NULL,
                           0}},
};

static const struct masked_column *find_mask(const struct masked_column *masks, const char *name)
{
    while (masks->name != NULL && strcmp(masks->name, name) != 0) {
        masks++;
    }
    return masks;
}

static void make_table(struct barrier_world *world, enum barrier_side side, unsigned index)
{
    const struct plan *plan = &plans[side][index];
    struct barrier_half *half = &world->sides[side];
    struct fh_masked_table *out = &half->tables[index];
    *out = (struct fh_masked_table){
        .real = rig_table(&world->rig, plan->real, FH_SOURCE_PARQUET, plan->all),
        .visible = rig_table(&world->rig, plan->name, FH_SOURCE_BARRIER, plan->visible),
        .view = &half->views[index]};
    out->visible.file_count = 0;
    out->real.keys = world->keys;
    out->real.key_count = FH_COUNT(world->keys);
    half->views[index] =
        (struct fh_view){.filters = plan->filters, .filter_count = plan->filter_count};
    struct fh_masked_column *columns =
        fh_arena_array(world->rig.arena, out->visible.column_count, sizeof *columns);
    FH_ASSERT(columns != NULL);
    for (uint32_t i = 0; i < out->visible.column_count; i++) {
        const char *name = out->visible.columns[i].name;
        const struct masked_column *mask = find_mask(plan->masks, name);
        columns[i] = (struct fh_masked_column){
            .at = i, .mask = mask->mask, .key = world->keys[mask->key].id};
        FH_ASSERT(strcmp(out->real.columns[i].name, name) == 0);
    }
    out->columns = columns;
}

/* ---- canaries ---- */

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static int compare_values(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Those of values that are known are 0 and stand in front. */
static void sort_canaries(struct barrier_world *world)
{
    for (size_t i = 0; i < world->canary_count; i++) {
        world->canary_values[i] = strtoull(world->canaries[i], NULL, 16);
    }
    qsort(world->canary_values, world->canary_count, sizeof(uint64_t), compare_values);
}

bool barrier_world_leaks(const struct barrier_world *world, const char *text)
{
    uint64_t value = 0;
    unsigned digits = 0;
    for (; *text != '\0'; text++) {
        int digit = digit_of(*text);
        digits = digit < 0 ? 0 : digits + 1;
        value = (value << 4 | (uint64_t)(digit < 0 ? 0 : digit)) &
                ((UINT64_C(1) << 4 * BARRIER_CANARY_DIGITS) - 1);
        if (digits >= BARRIER_CANARY_DIGITS && value != 0 &&
            bsearch(
                &value, world->canary_values, world->canary_count, sizeof value, compare_values) !=
                NULL) {
            return true;
        }
    }
    return false;
}

/* ---- workers ---- */

static void add(struct fh_worker *worker, const struct fh_table *table, int file)
{
    struct fh_err err = {0};
    if (rig_add(worker, table, file, &err) != FH_OK) {
        stop("table", &err);
    }
}

static void start_scanner(struct barrier_world *world, enum barrier_side side)
{
    struct barrier_half *half = &world->sides[side];
    half->scanner = rig_worker(&world->rig, FH_WORKER_SCAN, 1);
    for (unsigned i = 0; i < BARRIER_TABLES; i++) {
        add(half->scanner, &half->tables[i].real, rig_open(&world->rig, plans[side][i].file));
    }
}

static void start_worker(struct barrier_world *world, enum barrier_side side)
{
    struct rig *rig = &world->rig;
    struct fh_worker *worker = rig_worker(rig, FH_WORKER_QUERY, 1);
    struct fh_table words = rig_table(rig, "dom.words.words", FH_SOURCE_PARQUET, BARRIER_WORDS);
    for (unsigned i = 0; i < BARRIER_TABLES; i++) {
        if (side == BARRIER_PLAIN) {
            const struct plan *plan = &plans[BARRIER_PREPARED][i];
            struct fh_table table = rig_table(rig, plan->name, FH_SOURCE_PARQUET, plan->visible);
            add(worker, &table, rig_open(rig, plan->file));
        } else {
            add(worker, &world->sides[side].tables[i].visible, -1);
        }
    }
    add(worker, &words, rig_open(rig, "words.parquet"));
    world->sides[side].query = worker;
}

void barrier_world_up(struct barrier_world *world, uint64_t seed)
{
    *world = (struct barrier_world){.seed = seed};
    if (seed == 0) {
        fh_entropy(&world->seed, sizeof world->seed);
        world->seed >>= 16; /* easier to copy */
    }
    world->random = world->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    rig_up(&world->rig);
    for (size_t i = 0; i < FH_COUNT(world->keys); i++) {
        world->keys[i].id = 77 + i;
        fh_entropy(world->keys[i].b, sizeof world->keys[i].b);
    }
    barrier_data_write(world);
    sort_canaries(world);
    for (unsigned side = 0; side < BARRIER_PLAIN; side++) {
        for (unsigned i = 0; i < BARRIER_TABLES; i++) {
            make_table(world, side, i);
        }
        start_scanner(world, side);
    }
    for (unsigned side = 0; side < BARRIER_SIDES; side++) {
        start_worker(world, side);
    }
}

void barrier_world_down(struct barrier_world *world)
{
    for (unsigned side = 0; side < BARRIER_SIDES; side++) {
        rig_release(&world->rig, world->sides[side].query);
        if (world->sides[side].scanner != NULL) {
            rig_release(&world->rig, world->sides[side].scanner);
        }
    }
    rig_down(&world->rig);
}

void barrier_world_revive(struct barrier_world *world)
{
    for (unsigned side = 0; side < BARRIER_SIDES; side++) {
        struct barrier_half *half = &world->sides[side];
        if (half->scanner != NULL && fh_worker_dead(half->scanner)) {
            rig_release(&world->rig, half->scanner);
            start_scanner(world, side);
        }
        if (fh_worker_dead(half->query)) {
            rig_release(&world->rig, half->query);
            start_worker(world, side);
        }
    }
}

/* ---- a question ---- */

static const struct fh_masked_table *find_table(const struct barrier_half *half, unsigned number)
{
    for (unsigned i = 0; half->scanner != NULL && i < BARRIER_TABLES; i++) {
        if (half->tables[i].visible.number == number) {
            return &half->tables[i];
        }
    }
    stop("scan of a table that is none", &(struct fh_err){.text = ""});
}

/* What node/query/barrier.c does for a stream. */
static void open_feed(struct barrier_half *half, const struct fh_channel_scan *scan)
{
    const struct fh_masked_table *table = find_table(half, scan->number);
    struct fh_type types[32];
    struct fh_ring_layout layout;
    struct fh_err err = {0};
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    fh_buf_init(&sql, 64 * 1024);
    fh_masked_select(&sql, table, scan->columns, scan->column_count);
    for (uint32_t i = 0; i < scan->column_count; i++) {
        types[i] = table->visible.columns[scan->columns[i]].type;
    }
    struct fh_channel_feed feed = {.id = fh_worker_feed_id(half->scanner),
                                   .sql = fh_buf_view(&sql),
                                   .column_count = scan->column_count,
                                   .types = types};
    int code = fh_ring_lay_out(&layout, types, scan->column_count, arena, &err);
    int ring = code == FH_OK ? fh_worker_ring(layout.ring_bytes, &err) : -1;
    if (ring < 0 || half->feed_count == FH_COUNT(half->feeds) ||
        fh_worker_scan_ring(half->query, scan->scan, ring, &err) != FH_OK ||
        fh_worker_feed(half->scanner, &feed, ring, &err) != FH_OK) {
        stop("feed", &err);
    }
    close(ring);
    half->feeds[half->feed_count++] = (struct barrier_feed){.id = feed.id, .scan = scan->scan};
}

static void stop_feed(struct barrier_half *half, uint64_t scan)
{
    for (unsigned i = 0; i < half->feed_count; i++) {
        if (half->feeds[i].scan == scan) {
            fh_worker_feed_stop(half->scanner, half->feeds[i].id);
        }
    }
}

/* Every feed is over when the question is. */
static void end_feeds(struct barrier_half *half)
{
    for (unsigned i = 0; i < half->feed_count; i++) {
        fh_worker_feed_stop(half->scanner, half->feeds[i].id);
    }
    for (; half->feed_count > 0; half->feed_count--) {
        struct fh_worker_feed_end end;
        struct fh_err err = {0};
        if (fh_worker_feed_next(half->scanner, rig_soon(ASK_MS), &end, &err) != FH_OK) {
            stop("the end of a feed", &err);
        }
        if (end.failure.code != FH_OK && end.failure.code != FH_ECANCELLED) {
            stop("a feed failed", &end.failure);
        }
    }
}

static void put_head(struct fh_bytes bytes, struct fh_buf *out)
{
    struct fh_batch batch;
    struct fh_err err = {0};
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    if (fh_batch_parse(&batch, bytes, arena, &err) != FH_OK) {
        stop("batch", &err);
    }
    for (uint32_t i = 0; i < batch.column_count; i++) {
        char type[FH_TYPE_TEXT_BYTES];
        fh_type_text(type, batch.columns[i].type);
        fh_buf_add_cstr(out, i == 0 ? "" : "|");
        fh_buf_add_bytes(out, batch.columns[i].name);
        fh_buf_printf(out, " %s", type);
    }
    fh_buf_add_u8(out, '\n');
}

static int pump(struct barrier_half *half, struct fh_buf *out, struct fh_err *err)
{
    struct fh_worker_event event = {.position = 0};
    for (;;) {
        int code = fh_worker_next(half->query, &event, err);
        if (code != FH_OK || event.kind == FH_WORKER_END) {
            half->position = code == FH_OK ? 0 : event.position;
            return code;
        }
        switch (event.kind) {
        case FH_WORKER_BATCH:
            if (out->size == 0) {
                put_head(event.batch, out);
            }
            rig_rows(event.batch, out);
            fh_worker_credit(half->query, 1);
            break;
        case FH_WORKER_SCAN_OPEN:
            open_feed(half, &event.scan);
            break;
        case FH_WORKER_SCAN_CLOSE:
            stop_feed(half, event.count.id);
            break;
        case FH_WORKER_SCAN_WANT:
        case FH_WORKER_END:
            break;
        }
    }
}

int barrier_world_ask(struct barrier_world *world,
                      enum barrier_side side,
                      const char *sql,
                      struct fh_buf *out,
                      struct fh_err *err)
{
    struct barrier_half *half = &world->sides[side];
    struct fh_channel_run run = {.sql = fh_bytes_cstr(sql), .window = FH_QUERY_WINDOW};
    fh_buf_reset(out);
    *err = (struct fh_err){0};
    int code = fh_worker_run(half->query, &run, rig_soon(ASK_MS), err);
    if (code == FH_OK) {
        code = pump(half, out, err);
    }
    end_feeds(half);
    return code;
}
