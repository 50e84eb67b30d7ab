/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/check_impl.h"

#include "common/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    WATCHED_ALL = 2000,  /* observers with a shadow of their whole table */
    WATCHED_SOME = 500,  /* of more nodes */
    COMPLAINTS_MAX = 12, /* printed in full */
};

static void *must(void *p)
{
    if (p == NULL) {
        (void)fprintf(stderr, "freehold-sim: out of memory\n");
        abort();
    }
    return p;
}

struct sim_check *sim_check_new(const struct sim_world *w)
{
    struct sim_check *c = must(fh_calloc(1, sizeof *c));
    c->nodes = w->options.nodes;
    c->stride = c->nodes <= WATCHED_ALL ? 1 : 1 + c->nodes / WATCHED_SOME;
    c->views = must(fh_calloc(c->nodes, sizeof *c->views));
    for (uint32_t i = 0; i < c->nodes; i += c->stride) {
        c->views[i] = must(fh_calloc(c->nodes, sizeof **c->views));
    }
    c->accused = must(fh_calloc(c->nodes, sizeof *c->accused));
    c->own = must(fh_calloc(c->nodes, sizeof *c->own));
    c->highest = must(fh_calloc(c->nodes, sizeof *c->highest));
    c->sealed_size = 4096;
    c->sealed = must(fh_calloc(c->sealed_size, sizeof *c->sealed));
    c->sealer_size = 4096;
    c->sealers = must(fh_calloc(c->sealer_size, sizeof *c->sealers));
    return c;
}

void sim_check_free(struct sim_check *c)
{
    if (c == NULL) {
        return;
    }
    for (uint32_t i = 0; i < c->nodes; i++) {
        fh_free(c->views[i]);
        while (c->accused[i] != NULL) {
            struct sim_accused *a = c->accused[i];
            c->accused[i] = a->next;
            fh_free(a);
        }
    }
    fh_free(c->views);
    fh_free(c->accused);
    fh_free(c->own);
    fh_free(c->highest);
    fh_free(c->sealed);
    fh_free(c->sealers);
    fh_free(c);
}

static const char *rule_text(unsigned rule)
{
    switch (rule) {
#define X(number, text)                                                                            \
    case number:                                                                                   \
        return text;
        SIM_RULES(X)
#undef X
    default:
        return "";
    }
}

void sim_check_break(
    struct sim_world *w, const struct sim_node *node, unsigned rule, const char *format, ...)
{
    struct sim_check *c = w->check;
    c->broken |= 1u << rule;
    if (rule >= 11 && rule <= 15 && w->hostile) {
        c->broken |= 1u << 16;
    }
    if (c->complaints++ >= COMPLAINTS_MAX) {
        return;
    }
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr,
                  "rule %u broken (%s): seed %llu, %lld.%03lld s, node %s: %s\n",
                  rule,
                  rule_text(rule),
                  (unsigned long long)w->options.seed,
                  (long long)(w->now_ms / 1000),
                  (long long)(w->now_ms % 1000),
                  node == NULL ? "-" : node->label,
                  text);
}

unsigned sim_check_broken(const struct sim_world *w)
{
    return w->check->broken;
}

/* ---- who sealed what ------------------------------------------------------------------------- */

static size_t sealed_place(const struct sim_check *c, uint64_t key)
{
    size_t at = (size_t)key & (c->sealed_size - 1);
    while (c->sealed[at] != 0 && c->sealed[at] != key) {
        at = (at + 1) & (c->sealed_size - 1);
    }
    return at;
}

static uint64_t sealed_key(uint32_t signer, struct fh_bytes record)
{
    return (sim_hash(record) ^ (uint64_t)signer << 32) | 1;
}

static void sealed_add(struct sim_check *c, uint64_t key)
{
    if (2 * c->sealed_count >= c->sealed_size) {
        uint64_t *old = c->sealed;
        size_t old_size = c->sealed_size;
        c->sealed_size *= 2;
        c->sealed = must(fh_calloc(c->sealed_size, sizeof *c->sealed));
        for (size_t i = 0; i < old_size; i++) {
            if (old[i] != 0) {
                c->sealed[sealed_place(c, old[i])] = old[i];
            }
        }
        fh_free(old);
    }
    size_t at = sealed_place(c, key);
    c->sealed_count += c->sealed[at] == 0 ? 1 : 0;
    c->sealed[at] = key;
}

static struct sim_sealer *sealer_place(const struct sim_check *c, uint64_t ref)
{
    size_t at = (size_t)ref & (c->sealer_size - 1);
    while (c->sealers[at].node != 0 && c->sealers[at].ref != ref) {
        at = (at + 1) & (c->sealer_size - 1);
    }
    return &c->sealers[at];
}

static void sealer_add(struct sim_check *c, uint64_t ref, uint32_t node)
{
    if (2 * c->sealer_count >= c->sealer_size) {
        struct sim_sealer *old = c->sealers;
        size_t old_size = c->sealer_size;
        c->sealer_size *= 2;
        c->sealers = must(fh_calloc(c->sealer_size, sizeof *c->sealers));
        for (size_t i = 0; i < old_size; i++) {
            if (old[i].node != 0) {
                *sealer_place(c, old[i].ref) = old[i];
            }
        }
        fh_free(old);
    }
    struct sim_sealer *sealer = sealer_place(c, ref);
    c->sealer_count += sealer->node == 0 ? 1 : 0;
    *sealer = (struct sim_sealer){.ref = ref, .node = node + 1};
}

struct sim_node *sim_check_sealer(const struct sim_world *w, const uint8_t *ref)
{
    uint32_t node = sealer_place(w->check, fh_get_u64be(ref))->node;
    return node == 0 ? NULL : &w->nodes[node - 1];
}

struct sim_accused *sim_check_accused(
    struct sim_check *c, uint32_t subject, uint64_t generation, uint32_t incarnation, bool make)
{
    struct sim_accused *a = c->accused[subject];
    while (a != NULL && (a->generation != generation || a->incarnation != incarnation)) {
        a = a->next;
    }
    if (a == NULL && make) {
        a = must(fh_calloc(1, sizeof *a));
        *a = (struct sim_accused){.subject = subject,
                                  .generation = generation,
                                  .incarnation = incarnation,
                                  .next = c->accused[subject]};
        c->accused[subject] = a;
    }
    return a;
}

static void note_accusation(struct sim_world *w, const struct sim_node *by, struct fh_bytes record)
{
    struct fh_record parsed;
    if (fh_record_parse(&parsed, record, &w->mesh, NULL) != FH_OK) {
        return;
    }
    struct fh_pack_reader in;
    struct fh_node_id target;
    fh_pack_read_init(&in, parsed.payload);
    (void)fh_pack_read_array(&in, 16);
    (void)fh_pack_read_uint(&in, 1);
    fh_pack_read_fixed(&in, target.b, sizeof target.b);
    uint64_t generation = fh_pack_read_uint(&in, UINT64_MAX);
    uint32_t incarnation = (uint32_t)fh_pack_read_uint(&in, UINT32_MAX);
    const struct sim_node *subject = sim_node_of(w, &target);
    if (in.failed != FH_OK || subject == NULL) {
        return;
    }
    struct sim_accused *a =
        sim_check_accused(w->check, subject->index, generation, incarnation, true);
    for (unsigned i = 0; i < a->count; i++) {
        if (a->accusers[i] == by->index) {
            return;
        }
    }
    if (a->count < SIM_ACCUSERS) {
        a->accusers[a->count++] = by->index;
    }
}

void sim_check_sealed(struct sim_world *w,
                      const struct sim_node *node,
                      unsigned type,
                      struct fh_bytes record)
{
    struct fh_record parsed;
    sealed_add(w->check, sealed_key(node->index, record));
    if (type == FH_RECORD_SUSPECT) {
        note_accusation(w, node, record);
    } else if (fh_record_parse(&parsed, record, &w->mesh, NULL) == FH_OK) {
        sealer_add(w->check, fh_get_u64be(parsed.id.b), node->index);
    }
}

bool sim_check_was_sealed(const struct sim_check *c, uint32_t signer, struct fh_bytes record)
{
    uint64_t key = sealed_key(signer, record);
    return c->sealed[sealed_place(c, key)] == key;
}

/* ---- what happens to a node ------------------------------------------------------------------ */

void sim_check_started(struct sim_world *w, const struct sim_node *node)
{
    struct sim_view *views = w->check->views[node->index];
    w->check->own[node->index] = (struct sim_view){0};
    for (uint32_t i = 0; views != NULL && i < w->check->nodes; i++) {
        views[i] = (struct sim_view){.state = SIM_NOT_LISTED};
    }
}

void sim_check_warmed(struct sim_world *w, const struct sim_node *node)
{
    struct sim_view *views = w->check->views[node->index];
    for (unsigned i = 1; views != NULL && i < fh_gossip_member_slots(node->core); i++) {
        struct fh_gossip_member member;
        if (fh_gossip_member_at(node->core, i, &member)) {
            views[sim_node_of(w, &member.node)->index] =
                (struct sim_view){.generation = member.generation,
                                  .incarnation = member.incarnation,
                                  .state = (uint8_t)member.state};
        }
    }
}

void sim_check_disk_lost(struct sim_world *w, const struct sim_node *node)
{
    w->check->highest[node->index] = 0;
}
