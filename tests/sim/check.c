/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/check.h"

#include "common/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    WATCHED_MAX = 2000,  /* observers with a shadow of their whole table; more are sampled */
    COMPLAINTS_MAX = 12, /* printed in full */
    ACCUSERS = 8,        /* remembered of one life */
    ACCUSERS_NEEDED = 3, /* the rule; on purpose not the number of the core */
    TICKS_AT_ONCE_MAX = 200,
    MEMORY_BASE_BYTES = 1024 * 1024,
    MEMORY_MEMBER_BYTES = 1024,
    NOT_LISTED = 255,
};

/* What a node's table showed last about another. */
struct view {
    uint64_t generation;
    uint32_t incarnation;
    uint8_t state;  /* enum fh_member_state or NOT_LISTED */
    bool left_life; /* generation and incarnation are those of a LEAVE */
};

/* Who accused one life of one node. */
struct accused {
    uint32_t subject;
    uint64_t generation;
    uint32_t incarnation;
    unsigned count;
    uint32_t accusers[ACCUSERS];
    struct accused *next;
};

struct crash {
    uint32_t subject;
    uint32_t life;
};

struct sim_check {
    struct view **views;
    uint32_t nodes;
    uint32_t stride;  /* every so many nodes is watched */
    uint64_t *sealed; /* set of (hash of record ^ signer) */
    size_t sealed_count;
    size_t sealed_size;
    struct accused **accused; /* by subject */
    uint64_t *highest;        /* persisted generation of each node */
    unsigned broken;
    unsigned complaints;
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
    c->stride = 1 + c->nodes / WATCHED_MAX;
    c->views = must(fh_calloc(c->nodes, sizeof *c->views));
    for (uint32_t i = 0; i < c->nodes; i += c->stride) {
        c->views[i] = must(fh_calloc(c->nodes, sizeof **c->views));
    }
    c->accused = must(fh_calloc(c->nodes, sizeof *c->accused));
    c->highest = must(fh_calloc(c->nodes, sizeof *c->highest));
    c->sealed_size = 4096;
    c->sealed = must(fh_calloc(c->sealed_size, sizeof *c->sealed));
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
            struct accused *a = c->accused[i];
            c->accused[i] = a->next;
            fh_free(a);
        }
    }
    fh_free(c->views);
    fh_free(c->accused);
    fh_free(c->highest);
    fh_free(c->sealed);
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

static struct accused *accused_of(
    struct sim_check *c, uint32_t subject, uint64_t generation, uint32_t incarnation, bool make)
{
    struct accused *a = c->accused[subject];
    while (a != NULL && (a->generation != generation || a->incarnation != incarnation)) {
        a = a->next;
    }
    if (a == NULL && make) {
        a = must(fh_calloc(1, sizeof *a));
        *a = (struct accused){.subject = subject,
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
    struct accused *a = accused_of(w->check, subject->index, generation, incarnation, true);
    for (unsigned i = 0; i < a->count; i++) {
        if (a->accusers[i] == by->index) {
            return;
        }
    }
    if (a->count < ACCUSERS) {
        a->accusers[a->count++] = by->index;
    }
}

void sim_check_sealed(struct sim_world *w,
                      const struct sim_node *node,
                      unsigned type,
                      struct fh_bytes record)
{
    sealed_add(w->check, sealed_key(node->index, record));
    if (type == FH_RECORD_SUSPECT) {
        note_accusation(w, node, record);
    }
}

/* ---- small rules ----------------------------------------------------------------------------- */

void sim_check_started(struct sim_world *w, const struct sim_node *node)
{
    struct view *views = w->check->views[node->index];
    for (uint32_t i = 0; views != NULL && i < w->check->nodes; i++) {
        views[i] = (struct view){.state = NOT_LISTED};
    }
}

void sim_check_warmed(struct sim_world *w, const struct sim_node *node)
{
    struct view *views = w->check->views[node->index];
    for (unsigned i = 1; views != NULL && i < fh_gossip_member_slots(node->core); i++) {
        struct fh_gossip_member member;
        if (fh_gossip_member_at(node->core, i, &member)) {
            views[sim_node_of(w, &member.node)->index] =
                (struct view){.generation = member.generation,
                              .incarnation = member.incarnation,
                              .state = (uint8_t)member.state};
        }
    }
}

void sim_check_disk_lost(struct sim_world *w, const struct sim_node *node)
{
    w->check->highest[node->index] = 0;
}

void sim_check_persist(struct sim_world *w, const struct sim_node *node, uint64_t generation)
{
    if (generation <= w->check->highest[node->index]) {
        sim_check_break(w,
                        node,
                        1,
                        "generation %llu after %llu",
                        (unsigned long long)generation,
                        (unsigned long long)w->check->highest[node->index]);
    }
    w->check->highest[node->index] = generation;
}

void sim_check_datagram(struct sim_world *w, const struct sim_node *node, size_t size)
{
    if (size > FH_DATAGRAM_BYTES_MAX || size == 0) {
        sim_check_break(w, node, 8, "a datagram of %zu bytes", size);
    }
    if (node->left) {
        sim_check_break(w, node, 10, "a datagram after goodbye");
    }
}

void sim_check_revision(struct sim_world *w,
                        const struct sim_node *node,
                        uint32_t product,
                        uint32_t revision)
{
    if (node->revision[product] != revision || w->latest[product] == 0 ||
        w->announcements[w->latest[product] - 1].revision < revision) {
        sim_check_break(w, node, 6, "product %u at revision %u", product, revision);
    }
}

void sim_check_step(struct sim_world *w, struct sim_node *node, bool tick)
{
    struct fh_gossip_member self;
    if (node->core == NULL) {
        return;
    }
    if (!fh_gossip_member_at(node->core, 0, &self) || !self.self ||
        (self.state != FH_MEMBER_ALIVE && !(self.state == FH_MEMBER_LEFT && node->called_leave))) {
        sim_check_break(w, node, 5, "it holds itself %s", fh_member_state_text(self.state));
    }
    if (fh_gossip_queue(node->core) > FH_RUMOURS_MAX) {
        sim_check_break(w, node, 8, "%u rumours queued", fh_gossip_queue(node->core));
    }
    int64_t deadline = fh_gossip_deadline(node->core);
    if (node->left && deadline != FH_GOSSIP_NEVER) {
        sim_check_break(w, node, 10, "a deadline after goodbye");
    }
    if (tick && deadline <= w->now_ms) {
        if (++node->ticks_at_once > TICKS_AT_ONCE_MAX) {
            sim_check_break(w, node, 10, "time stands still: its deadline stays in the past");
            abort();
        }
    } else if (tick) {
        node->ticks_at_once = 0;
    }
}

/* ---- members --------------------------------------------------------------------------------- */

static bool may_follow(uint8_t before, enum fh_member_change change)
{
    bool listed = before != NOT_LISTED;
    bool live = listed && before != FH_MEMBER_DEAD && before != FH_MEMBER_LEFT;
    switch (change) {
    case FH_MEMBER_JOINED:
        return !live;
    case FH_MEMBER_UPDATED:
        return live;
    case FH_MEMBER_VERIFIED:
        return before == FH_MEMBER_UNVERIFIED;
    case FH_MEMBER_SUSPECTED:
        return before == FH_MEMBER_UNVERIFIED || before == FH_MEMBER_ALIVE;
    case FH_MEMBER_CLEARED:
    case FH_MEMBER_DIED:
        return before == FH_MEMBER_SUSPECT;
    case FH_MEMBER_WENT:
        return listed && before != FH_MEMBER_LEFT;
    case FH_MEMBER_EXPELLED:
        return listed;
    case FH_MEMBER_FORGOTTEN:
        return before == FH_MEMBER_DEAD || before == FH_MEMBER_LEFT;
    case FH_MEMBER_BLOCKED:
    case FH_MEMBER_UNBLOCKED:
    case FH_MEMBER_CONTESTED:
        return listed;
    case FH_MEMBER_CHANGE_COUNT:
        break;
    }
    return false;
}

static void check_record(struct sim_world *w,
                         const struct sim_node *node,
                         const struct sim_node *subject,
                         const struct fh_gossip_member *member)
{
    const struct fh_bytes records[] = {member->alive, member->leave};
    for (size_t i = 0; i < FH_COUNT(records); i++) {
        if (records[i].size > 0) {
            uint64_t key = sealed_key(subject->index, records[i]);
            if (w->check->sealed[sealed_place(w->check, key)] != key) {
                sim_check_break(w, node, 2, "a record of %s that it never sealed", subject->label);
            }
        }
    }
}

static void check_life(struct sim_world *w,
                       const struct sim_node *node,
                       const struct sim_node *subject,
                       const struct fh_gossip_member *member,
                       struct view *view)
{
    if (view->state != NOT_LISTED) {
        int order = fh_life_compare(
            member->generation, member->incarnation, view->generation, view->incarnation);
        if (order < 0) {
            sim_check_break(w, node, 1, "life of %s went back", subject->label);
        }
        if (order <= 0 && view->left_life && member->leave.size == 0) {
            sim_check_break(w, node, 6, "%s is back from a life that it left", subject->label);
        }
    }
    view->generation = member->generation;
    view->incarnation = member->incarnation;
    view->left_life = member->leave.size > 0;
}

static void check_death(struct sim_world *w,
                        const struct sim_node *node,
                        struct sim_node *subject,
                        const struct fh_gossip_member *member)
{
    const struct accused *a =
        accused_of(w->check, subject->index, member->generation, member->incarnation, false);
    bool own = false;
    unsigned others = 0;
    for (unsigned i = 0; a != NULL && i < a->count; i++) {
        own = own || a->accusers[i] == node->index;
        others += a->accusers[i] != node->index ? 1 : 0;
    }
    if (!own && others < ACCUSERS_NEEDED) {
        sim_check_break(
            w, node, 3, "%s dead on the word of %u others alone", subject->label, others);
    }
    sim_figure_died(w, node, subject);
    bool undisturbed = !node->withholds && node->disturbed_until_ms < w->now_ms &&
                       subject->disturbed_until_ms < w->now_ms && node->island == subject->island &&
                       !node->deaf && !subject->deaf;
    if (sim_is_up(subject) && undisturbed) {
        sim_check_break(w, node, 12, "%s dead although it is well", subject->label);
    }
}

void sim_check_member(struct sim_world *w,
                      struct sim_node *node,
                      const struct fh_gossip_action *action)
{
    struct sim_node *subject = sim_node_of(w, &action->node);
    if (subject == NULL) {
        sim_check_break(w, node, 2, "a member that does not exist");
        return;
    }
    struct fh_gossip_member member;
    bool held = fh_gossip_member_find(node->core, &action->node, &member);
    if (action->change == FH_MEMBER_SUSPECTED) {
        sim_figure_suspected(w, subject);
    }
    if (action->change == FH_MEMBER_JOINED) {
        sim_figure_joined(w, node, subject);
    }
    if (held && action->change == FH_MEMBER_DIED && action->state == FH_MEMBER_DEAD) {
        check_death(w, node, subject, &member);
    }
    if (action->change == FH_MEMBER_WENT && !subject->called_leave && subject->life == 0) {
        sim_check_break(w, node, 4, "%s is said to have left", subject->label);
    }
    struct view *views = w->check->views[node->index];
    if (views == NULL) {
        return;
    }
    struct view *view = &views[subject->index];
    if (!may_follow(view->state, action->change)) {
        sim_check_break(w,
                        node,
                        10,
                        "%s %s out of order",
                        subject->label,
                        fh_member_change_text(action->change));
    }
    if (!held) {
        *view = (struct view){.state = NOT_LISTED};
        return;
    }
    check_record(w, node, subject, &member);
    check_life(w, node, subject, &member, view);
    view->state = (uint8_t)action->state; /* a step may change a member twice */
}

void sim_check_node(struct sim_world *w, struct sim_node *node)
{
    uint8_t fast[FH_GOSSIP_FINGERPRINT_BYTES];
    uint8_t slow[FH_GOSSIP_FINGERPRINT_BYTES];
    fh_members_fingerprint(&node->core->members, fast);
    fh_members_fingerprint_slow(&node->core->members, slow);
    if (memcmp(fast, slow, sizeof fast) != 0) {
        sim_check_break(w, node, 9, "the member fingerprint does not equal its recomputation");
    }
    size_t memory = fh_gossip_memory(node->core);
    size_t allowed =
        MEMORY_BASE_BYTES + (size_t)MEMORY_MEMBER_BYTES * fh_gossip_member_slots(node->core);
    if (memory > allowed) {
        sim_check_break(w, node, 8, "%zu bytes of memory, %zu allowed", memory, allowed);
    }
    struct view *views = w->check->views[node->index];
    unsigned listed = 0;
    for (unsigned i = 0; i < fh_gossip_member_slots(node->core); i++) {
        struct fh_gossip_member member;
        if (!fh_gossip_member_at(node->core, i, &member)) {
            continue;
        }
        listed++;
        const struct sim_node *subject = sim_node_of(w, &member.node);
        if (subject == NULL) {
            sim_check_break(w, node, 2, "a member that does not exist");
            continue;
        }
        check_record(w, node, subject, &member);
        if (views != NULL && subject != node &&
            views[subject->index].state != (uint8_t)member.state) {
            sim_check_break(w, node, 10, "%s changed without an event", subject->label);
        }
    }
    if (listed > w->options.nodes) {
        sim_check_break(w, node, 8, "%u members of %u nodes", listed, w->options.nodes);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

/* First probe of a crashed node, its verdict, the longest suspicion, a trial, and slack for loss.
 */
int64_t sim_check_bound_ms(const struct sim_world *w)
{
    struct fh_gossip_timing t = fh_gossip_timing_lan();
    unsigned bits = 0;
    while (((uint64_t)1 << bits) < w->options.nodes + 1) {
        bits++;
    }
    int64_t shortest = 2 * (int64_t)t.probe_ms + (int64_t)t.refute_ms * bits;
    return 6 * (int64_t)t.probe_ms + 6 * shortest + 10000;
}

static void check_products(struct sim_world *w, const struct sim_node *node)
{
    for (uint32_t p = 0; p < SIM_PRODUCTS_MAX; p++) {
        if (node->revision[p] != node->heard[p]) {
            sim_check_break(
                w, node, 7, "product %u at %u of %u", p, node->revision[p], node->heard[p]);
            return;
        }
    }
}

static void check_crashes(struct sim_world *w, const struct sim_node *node)
{
    int64_t bound = sim_check_bound_ms(w);
    for (unsigned i = 0; i < fh_gossip_member_slots(node->core); i++) {
        struct fh_gossip_member member;
        if (!fh_gossip_member_at(node->core, i, &member)) {
            continue;
        }
        const struct sim_node *subject = sim_node_of(w, &member.node);
        bool listed = member.state != FH_MEMBER_DEAD && member.state != FH_MEMBER_LEFT;
        if (subject != NULL && !sim_is_up(subject) && listed &&
            subject->down_since_ms + bound < w->now_ms && node->disturbed_ms + bound < w->now_ms) {
            sim_check_break(w, node, 11, "%s still listed", subject->label);
        }
    }
}

void sim_check_end(struct sim_world *w, bool agreed)
{
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        struct sim_node *node = &w->nodes[i];
        if (!sim_is_up(node) || node->core == NULL) {
            continue;
        }
        sim_check_node(w, node);
        check_crashes(w, node);
        if (agreed) {
            check_products(w, node);
        }
    }
    if (!agreed && w->options.preset == SIM_FREEHOLD) {
        sim_check_break(w, NULL, 13, "views or catalogues still differ");
    }
}
