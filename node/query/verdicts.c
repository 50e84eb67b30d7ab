/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/verdicts.h"

#include "common/assert.h"
#include "common/limits.h"
#include "common/mem.h"

enum {
    ARENA_BYTES = 16 * 1024 * 1024, /* gate and plan of one statement */
    HOLDS_MS = 1000,
};

struct fh_verdicts {
    uint64_t uses;
    struct fh_verdict *kept[FH_VERDICTS_MAX];
};

int fh_verdicts_new(struct fh_verdicts **out, struct fh_err *err)
{
    *out = fh_calloc(1, sizeof **out);
    return *out != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for verdicts");
}

void fh_verdicts_free(struct fh_verdicts *verdicts)
{
    if (verdicts == NULL) {
        return;
    }
    for (size_t i = 0; i < FH_VERDICTS_MAX; i++) {
        fh_verdict_unref(verdicts->kept[i]);
    }
    fh_free(verdicts);
}

struct fh_verdict *fh_verdict_new(uint64_t session, struct fh_bytes sql)
{
    struct fh_verdict *verdict = fh_calloc(1, sizeof *verdict);
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    char *copy = arena == NULL ? NULL : fh_arena_string(arena, sql);
    if (verdict == NULL || copy == NULL) {
        fh_arena_free(arena);
        fh_free(verdict);
        return NULL;
    }
    verdict->references = 1;
    verdict->session = session;
    verdict->arena = arena;
    verdict->sql = fh_bytes(copy, sql.size);
    return verdict;
}

/* NULL without memory. */
static const struct fh_gate_wish *copy_wishes(const struct fh_gate *gate, struct fh_arena *arena)
{
    struct fh_gate_wish *wishes = fh_arena_array(arena, gate->wish_count + 1, sizeof *wishes);
    for (uint32_t i = 0; wishes != NULL && i < gate->wish_count; i++) {
        wishes[i] = gate->wishes[i];
        wishes[i].column = fh_arena_strdup(arena, gate->wishes[i].column);
        wishes[i].suffix = fh_arena_strdup(arena, gate->wishes[i].suffix);
        if (wishes[i].column == NULL || wishes[i].suffix == NULL) {
            return NULL;
        }
    }
    return wishes;
}

static const char *const *
copy_texts(const char *const *from, uint32_t count, struct fh_arena *arena)
{
    const char **texts = fh_arena_array(arena, count + 1, sizeof *texts);
    for (uint32_t i = 0; texts != NULL && i < count; i++) {
        texts[i] = fh_arena_strdup(arena, from[i]);
        texts = texts[i] != NULL ? texts : NULL;
    }
    return texts;
}

struct fh_verdict *fh_verdict_again(const struct fh_verdict *verdict)
{
    struct fh_verdict *again = fh_verdict_new(verdict->session, verdict->sql);
    if (again == NULL) {
        return NULL;
    }
    uint32_t count = verdict->gate.table_count;
    struct fh_gate_table *tables = fh_arena_array(again->arena, count + 1, sizeof *tables);
    for (uint32_t i = 0; tables != NULL && i < count; i++) {
        const struct fh_gate_table *from = &verdict->gate.tables[i];
        tables[i] = (struct fh_gate_table){.catalog = fh_arena_strdup(again->arena, from->catalog),
                                           .schema = fh_arena_strdup(again->arena, from->schema),
                                           .name = fh_arena_strdup(again->arena, from->name),
                                           .position = from->position};
        if (tables[i].catalog == NULL || tables[i].schema == NULL || tables[i].name == NULL) {
            tables = NULL;
        }
    }
    const char *const *params =
        copy_texts(verdict->gate.params, verdict->gate.param_count, again->arena);
    const char *const *words =
        copy_texts(verdict->gate.words, verdict->gate.word_count, again->arena);
    const struct fh_gate_wish *wishes = copy_wishes(&verdict->gate, again->arena);
    if (tables == NULL || params == NULL || words == NULL || wishes == NULL) {
        fh_verdict_unref(again);
        return NULL;
    }
    again->gate = verdict->gate;
    again->gate.tables = tables;
    again->gate.params = params;
    again->gate.words = words;
    again->gate.wishes = wishes;
    return again;
}

void fh_verdict_unref(struct fh_verdict *verdict)
{
    if (verdict == NULL) {
        return;
    }
    FH_ASSERT(verdict->references > 0);
    if (--verdict->references == 0) {
        fh_arena_free(verdict->arena);
        fh_free(verdict);
    }
}

static struct fh_verdict **
place_of(struct fh_verdicts *verdicts, uint64_t session, struct fh_bytes sql)
{
    for (size_t i = 0; i < FH_VERDICTS_MAX; i++) {
        const struct fh_verdict *verdict = verdicts->kept[i];
        if (verdict != NULL && verdict->session == session && fh_bytes_equal(verdict->sql, sql)) {
            return &verdicts->kept[i];
        }
    }
    return NULL;
}

struct fh_verdict *
fh_verdicts_find(struct fh_verdicts *verdicts, uint64_t session, struct fh_bytes sql)
{
    struct fh_verdict **place = place_of(verdicts, session, sql);
    if (place == NULL) {
        return NULL;
    }
    (*place)->used = ++verdicts->uses;
    (*place)->references++;
    return *place;
}

bool fh_verdict_holds(const struct fh_verdict *verdict, uint64_t changes, int64_t now_ms)
{
    return verdict->planned && verdict->changes == changes &&
           now_ms - verdict->planned_ms < HOLDS_MS;
}

/* A free place, or that of the one not asked for longest: of the session when it has its share. */
static struct fh_verdict **find_room(struct fh_verdicts *verdicts, uint64_t session)
{
    struct fh_verdict **room = NULL;
    struct fh_verdict **oldest = &verdicts->kept[0];
    struct fh_verdict **own = NULL;
    unsigned count = 0;
    for (size_t i = 0; i < FH_VERDICTS_MAX; i++) {
        struct fh_verdict **place = &verdicts->kept[i];
        if (*place == NULL) {
            room = place;
            continue;
        }
        oldest = *oldest == NULL || (*place)->used < (*oldest)->used ? place : oldest;
        if ((*place)->session == session) {
            count++;
            own = own == NULL || (*place)->used < (*own)->used ? place : own;
        }
    }
    return count >= FH_VERDICTS_PER_SESSION_MAX ? own : room != NULL ? room : oldest;
}

void fh_verdicts_keep(struct fh_verdicts *verdicts, struct fh_verdict *verdict)
{
    struct fh_verdict **place = place_of(verdicts, verdict->session, verdict->sql);
    if (place != NULL && *place == verdict) {
        return;
    }
    if (fh_arena_bytes(verdict->arena) > FH_VERDICT_BYTES_MAX) {
        return;
    }
    if (place == NULL) {
        place = find_room(verdicts, verdict->session);
    }
    fh_verdict_unref(*place);
    verdict->references++;
    verdict->used = ++verdicts->uses;
    *place = verdict;
}

void fh_verdicts_forget(struct fh_verdicts *verdicts, uint64_t session)
{
    for (size_t i = 0; i < FH_VERDICTS_MAX; i++) {
        if (verdicts->kept[i] != NULL && verdicts->kept[i]->session == session) {
            fh_verdict_unref(FH_TAKE(verdicts->kept[i]));
        }
    }
}
