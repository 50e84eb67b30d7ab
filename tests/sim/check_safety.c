/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold after every step, on the node that took it.
 */
#include "tests/sim/check_impl.h"

#include <stdlib.h>
#include <string.h>

enum {
    ACCUSERS_NEEDED = 3, /* the rule; on purpose not the numbers of the core */
    VOICES_NEEDED = 3,
    TICKS_AT_ONCE_MAX = 200,
    MEMORY_BASE_BYTES = 1024 * 1024,
    MEMORY_MEMBER_BYTES = 1024,
};

/* ---- 1: lives never go back ------------------------------------------------------------------ */

void sim_check_persist(struct sim_world *w, const struct sim_node *node, uint64_t generation)
{
    uint64_t *highest = &w->check->highest[node->index];
    if (generation <= *highest) {
        sim_check_break(w,
                        node,
                        1,
                        "generation %llu after %llu",
                        (unsigned long long)generation,
                        (unsigned long long)*highest);
    }
    *highest = generation;
}

static void rule_1_own(struct sim_world *w, const struct sim_node *node)
{
    struct sim_view *own = &w->check->own[node->index];
    struct fh_gossip_member self;
    if (!fh_gossip_member_at(node->core, 0, &self)) {
        return;
    }
    if (fh_life_compare(self.generation, self.incarnation, own->generation, own->incarnation) < 0) {
        sim_check_break(w, node, 1, "its own life went back");
    }
    own->generation = self.generation;
    own->incarnation = self.incarnation;
}

static void rule_1_on_disk(struct sim_world *w, const struct sim_node *node)
{
    if (fh_gossip_generation(node->core) != node->disk_generation) {
        sim_check_break(w, node, 1, "a datagram before its generation is on disk");
    }
}

static void rule_1_life(struct sim_world *w,
                        const struct sim_node *node,
                        const struct sim_node *subject,
                        const struct fh_gossip_member *member,
                        const struct sim_view *view)
{
    if (fh_life_compare(
            member->generation, member->incarnation, view->generation, view->incarnation) < 0) {
        sim_check_break(w, node, 1, "life of %s went back", subject->label);
    }
}

/* ---- 2: every record held was sealed by the node that it is about ---------------------------- */

static void rule_2_sealed(struct sim_world *w,
                          const struct sim_node *node,
                          const struct sim_node *subject,
                          const struct fh_gossip_member *member)
{
    const struct fh_bytes records[] = {member->alive, member->leave};
    for (size_t i = 0; i < FH_COUNT(records); i++) {
        if (records[i].size > 0 && !sim_check_was_sealed(w->check, subject->index, records[i])) {
            sim_check_break(w, node, 2, "a record of %s that it never sealed", subject->label);
        }
    }
}

/* ---- 3: nobody is dead on hearsay ------------------------------------------------------------ */

/* Which of the domains that admit others answer for them, one bit for each. */
static unsigned voice_of(const struct sim_node *node)
{
    return 1u << sim_voucher(&node->domain).b[0];
}

static unsigned count_bits(unsigned bits)
{
    unsigned count = 0;
    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* However many one inviter has brought in, they are not enough where others could be heard. */
static void
rule_3_voices(struct sim_world *w, const struct sim_node *node, const struct sim_node *subject)
{
    struct fh_gossip_evidence evidence[FH_GOSSIP_EVIDENCE_MAX];
    unsigned count = fh_gossip_evidence(node->core, &subject->id, evidence);
    unsigned heard = 0;
    unsigned there = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct sim_node *accuser = sim_node_of_ref(w, &evidence[i].accuser);
        heard |= accuser != NULL && accuser != node ? voice_of(accuser) : 0;
    }
    if (count_bits(heard) >= VOICES_NEEDED) {
        return;
    }
    for (unsigned i = 0; i < fh_gossip_member_slots(node->core); i++) {
        struct fh_gossip_member member;
        if (fh_gossip_member_at(node->core, i, &member) && !member.self &&
            member.state != FH_MEMBER_DEAD && member.state != FH_MEMBER_LEFT) {
            const struct sim_node *other = sim_node_of(w, &member.node);
            there |= other != NULL && other != subject ? voice_of(other) : 0;
        }
    }
    if (count_bits(heard) < count_bits(there)) {
        sim_check_break(w,
                        node,
                        3,
                        "%s dead on the word of %u inviters' nodes of %u",
                        subject->label,
                        count_bits(heard),
                        count_bits(there));
    }
}

static void rule_3_evidence(struct sim_world *w,
                            const struct sim_node *node,
                            const struct sim_node *subject,
                            const struct fh_gossip_member *member)
{
    const struct sim_accused *a =
        sim_check_accused(w->check, subject->index, member->generation, member->incarnation, false);
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
    const struct fh_suspicion *suspicion =
        fh_suspicion_of(node->core, fh_members_find(&node->core->members, &subject->id));
    if (!own && (suspicion == NULL || !suspicion->own_failed)) {
        rule_3_voices(w, node, subject);
    }
}

/* No accusation counts that its accuser did not sign. */
static void
rule_3_signed(struct sim_world *w, const struct sim_node *node, const struct sim_node *subject)
{
    struct fh_gossip_evidence evidence[FH_GOSSIP_EVIDENCE_MAX];
    unsigned count = fh_gossip_evidence(node->core, &subject->id, evidence);
    for (unsigned i = 0; i < count; i++) {
        struct fh_record record;
        if (evidence[i].record.size == 0 ||
            fh_record_parse(&record, evidence[i].record, &w->mesh, NULL) != FH_OK) {
            continue;
        }
        const struct sim_node *accuser = sim_node_of_ref(w, &evidence[i].accuser);
        if (accuser == NULL ||
            !sim_check_was_sealed(w->check, accuser->index, evidence[i].record)) {
            sim_check_break(w, node, 3, "%s accused in the name of another", subject->label);
        }
    }
}

/* ---- 4: nobody has left who did not say so --------------------------------------------------- */

static void
rule_4_left(struct sim_world *w, const struct sim_node *node, const struct sim_node *subject)
{
    if (!subject->ever_left) {
        sim_check_break(w, node, 4, "%s is said to have left", subject->label);
    }
}

/* ---- 5: a node never suspects itself --------------------------------------------------------- */

static void rule_5_self(struct sim_world *w, const struct sim_node *node)
{
    struct fh_gossip_member self;
    bool held = fh_gossip_member_at(node->core, 0, &self) && self.self;
    bool leaving = held && self.state == FH_MEMBER_LEFT && node->called_leave;
    if (!held || (self.state != FH_MEMBER_ALIVE && !leaving)) {
        sim_check_break(w, node, 5, "it holds itself %s", fh_member_state_text(self.state));
    }
}

/* ---- 6: what was withdrawn does not come back ------------------------------------------------ */

static void rule_6_left_life(struct sim_world *w,
                             const struct sim_node *node,
                             const struct sim_node *subject,
                             const struct fh_gossip_member *member,
                             struct sim_view *view)
{
    if (view->floored && member->leave.size == 0 &&
        fh_life_compare(member->generation,
                        member->incarnation,
                        view->floor_generation,
                        view->floor_incarnation) <= 0) {
        sim_check_break(w, node, 6, "%s is back from a life that it left", subject->label);
    }
    if (member->leave.size > 0) {
        view->floored = true;
        view->floor_generation = member->generation;
        view->floor_incarnation = member->incarnation;
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

/* ---- 8: limits ------------------------------------------------------------------------------- */

void sim_check_datagram(struct sim_world *w, const struct sim_node *node, size_t size)
{
    if (size > FH_DATAGRAM_BYTES_MAX || size == 0) {
        sim_check_break(w, node, 8, "a datagram of %zu bytes", size);
    }
    if (node->left) {
        sim_check_break(w, node, 10, "a datagram after goodbye");
    }
    rule_1_on_disk(w, node);
}

/* What he replays may be a member's probe that got lost: then that one is answered, no more. */
void sim_check_to_outsider(struct sim_world *w, const struct sim_node *node)
{
    if (++w->outsider_out > w->outsider_in) {
        sim_check_break(w,
                        node,
                        8,
                        "%llu datagrams to an outsider for %llu of his",
                        (unsigned long long)w->outsider_out,
                        (unsigned long long)w->outsider_in);
    }
}

static void rule_8_queue(struct sim_world *w, const struct sim_node *node)
{
    if (fh_gossip_queue(node->core) > FH_RUMOURS_MAX) {
        sim_check_break(w, node, 8, "%u rumours queued", fh_gossip_queue(node->core));
    }
}

static void rule_8_memory(struct sim_world *w, const struct sim_node *node)
{
    size_t memory = fh_gossip_memory(node->core);
    size_t allowed =
        MEMORY_BASE_BYTES + (size_t)MEMORY_MEMBER_BYTES * fh_gossip_member_slots(node->core);
    if (memory > allowed) {
        sim_check_break(w, node, 8, "%zu bytes of memory, %zu allowed", memory, allowed);
    }
}

/* ---- 9: fingerprints equal their recomputation ----------------------------------------------- */

static void rule_9_fingerprint(struct sim_world *w, const struct sim_node *node)
{
    uint8_t fast[FH_GOSSIP_FINGERPRINT_BYTES];
    uint8_t slow[FH_GOSSIP_FINGERPRINT_BYTES];
    fh_members_fingerprint(&node->core->members, fast);
    fh_members_fingerprint_slow(&node->core->members, slow);
    if (memcmp(fast, slow, sizeof fast) != 0) {
        sim_check_break(w, node, 9, "the member fingerprint does not equal its recomputation");
    }
}

/* ---- 10: order of events, goodbyes, time ----------------------------------------------------- */

static void rule_10_time(struct sim_world *w, struct sim_node *node, bool tick)
{
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

static bool may_follow(uint8_t before, enum fh_member_change change)
{
    bool listed = before != SIM_NOT_LISTED;
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

static void rule_10_order(struct sim_world *w,
                          const struct sim_node *node,
                          const struct sim_node *subject,
                          const struct sim_view *view,
                          enum fh_member_change change)
{
    if (!may_follow(view->state, change)) {
        sim_check_break(
            w, node, 10, "%s %s out of order", subject->label, fh_member_change_text(change));
    }
}

/* ---- 12: nobody dies who is up, connected and undisturbed ------------------------------------ */

/* Whether a verdict of node about subject would be wrong: up, connected, undisturbed, honest. */
static bool
well(const struct sim_world *w, const struct sim_node *node, const struct sim_node *subject)
{
    const struct sim_node *both[] = {node, subject};
    for (size_t i = 0; i < FH_COUNT(both); i++) {
        int64_t wrong_ms =
            both[i]->wall_offset_ms < 0 ? -both[i]->wall_offset_ms : both[i]->wall_offset_ms;
        if (!sim_is_up(both[i]) || both[i]->hostile || both[i]->deaf ||
            wrong_ms > FH_CLOCK_SKEW_MS / 2 || both[i]->disturbed_until_ms >= w->now_ms) {
            return false;
        }
    }
    return node->island == subject->island;
}

static void rule_12_well(struct sim_world *w,
                         const struct sim_node *node,
                         struct sim_node *subject,
                         const struct fh_gossip_member *member)
{
    /* A verdict about an earlier life is right. */
    bool present = !sim_is_up(subject) || fh_gossip_generation(subject->core) == member->generation;
    if (present) {
        sim_figure_died(w, node, subject);
    }
    if (present && well(w, node, subject)) {
        sim_check_break(w, node, 12, "%s dead although it is well", subject->label);
    }
}

/* ---- when they are asked --------------------------------------------------------------------- */

void sim_check_step(struct sim_world *w, struct sim_node *node, bool tick)
{
    if (node->core == NULL) {
        return;
    }
    rule_1_own(w, node);
    rule_5_self(w, node);
    rule_8_queue(w, node);
    rule_10_time(w, node, tick);
}

static void check_change(struct sim_world *w,
                         const struct sim_node *node,
                         const struct sim_node *subject,
                         const struct fh_gossip_action *action,
                         const struct fh_gossip_member *member)
{
    struct sim_view *views = w->check->views[node->index];
    if (views == NULL || subject == node) { /* about itself: rule 5 */
        return;
    }
    struct sim_view *view = &views[subject->index];
    rule_10_order(w, node, subject, view, action->change);
    if (member == NULL) {
        view->state = SIM_NOT_LISTED;
        return;
    }
    rule_2_sealed(w, node, subject, member);
    if (view->state != SIM_NOT_LISTED) {
        rule_1_life(w, node, subject, member, view);
    }
    rule_6_left_life(w, node, subject, member, view);
    view->generation = member->generation;
    view->incarnation = member->incarnation;
    view->state = (uint8_t)action->state; /* a step may change it twice */
}

void sim_check_member(struct sim_world *w,
                      struct sim_node *node,
                      const struct fh_gossip_action *action)
{
    struct sim_node *subject = sim_node_of(w, &action->node);
    struct fh_gossip_member member;
    if (subject == NULL) {
        sim_check_break(w, node, 2, "a member that does not exist");
        return;
    }
    bool held = fh_gossip_member_find(node->core, &action->node, &member);
    if (action->change == FH_MEMBER_SUSPECTED) {
        sim_figure_suspected(w, subject);
        rule_3_signed(w, node, subject);
    } else if (action->change == FH_MEMBER_JOINED) {
        sim_figure_joined(w, node, subject);
    } else if (action->change == FH_MEMBER_WENT) {
        rule_4_left(w, node, subject);
    } else if (held && action->change == FH_MEMBER_DIED && action->state == FH_MEMBER_DEAD) {
        rule_3_evidence(w, node, subject, &member);
        rule_3_signed(w, node, subject);
        rule_12_well(w, node, subject, &member);
    }
    check_change(w, node, subject, action, held ? &member : NULL);
}

void sim_check_node(struct sim_world *w, struct sim_node *node)
{
    struct sim_view *views = w->check->views[node->index];
    unsigned listed = 0;
    rule_8_memory(w, node);
    rule_9_fingerprint(w, node);
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
        rule_2_sealed(w, node, subject, &member);
        rule_3_signed(w, node, subject);
        if (views != NULL && subject != node &&
            views[subject->index].state != (uint8_t)member.state) {
            sim_check_break(w, node, 10, "%s changed without an event", subject->label);
        }
    }
    if (listed > w->options.nodes) {
        sim_check_break(w, node, 8, "%u members of %u nodes", listed, w->options.nodes);
    }
}
