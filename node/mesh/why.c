/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why this node thinks of a member what it thinks, and what it counts: for whoever runs it.
 */
#include "node/mesh/parts.h"

#include "common/time.h"
#include "node/io/link.h"
#include "proto/gossip/explain.h"
#include "proto/session/messages_why.h"

#include <stdio.h>

enum { WHY_BYTES_MAX = 64 * 1024 };

/* ---- WHY ---- */

struct list {
    struct fh_buf entries;
    uint32_t count;
};

static void add_list(struct fh_buf *out, struct list *list)
{
    fh_pack_array(out, list->count);
    fh_buf_add_bytes(out, fh_buf_view(&list->entries));
    fh_buf_fini(&list->entries);
}

static void add_timers(struct fh_buf *out, const struct fh_gossip_explanation *explanation)
{
    struct list list = {.count = 0};
    fh_buf_init(&list.entries, WHY_BYTES_MAX);
    for (unsigned i = 0; i < FH_GOSSIP_TIMER_COUNT; i++) {
        if (explanation->timers[i] < 0) {
            continue;
        }
        enum fh_gossip_timer timer = (enum fh_gossip_timer)i;
        struct fh_msg_timer told = {.in_ms = (uint64_t)explanation->timers[i]};
        snprintf(told.name, sizeof told.name, "%s", fh_gossip_timer_text(timer));
        snprintf(told.what, sizeof told.what, "%s", fh_gossip_timer_what(timer));
        fh_msg_timer_add(&list.entries, &told);
        list.count++;
    }
    add_list(out, &list);
}

static bool
find_ref(const struct fh_mesh *mesh, const struct fh_ref *ref, struct fh_gossip_member *out)
{
    unsigned slots = fh_gossip_member_slots(mesh->gossip);
    for (unsigned i = 0; i < slots; i++) {
        if (fh_gossip_member_at(mesh->gossip, i, out) &&
            memcmp(out->node.b, ref->b, sizeof ref->b) == 0) {
            return true;
        }
    }
    return false;
}

static void
add_accusers(const struct fh_mesh *mesh, const struct fh_node_id *node, struct fh_buf *out)
{
    struct list list = {.count = 0};
    struct fh_gossip_evidence evidence[FH_GOSSIP_EVIDENCE_MAX];
    fh_buf_init(&list.entries, WHY_BYTES_MAX);
    unsigned count = fh_gossip_evidence(mesh->gossip, node, evidence);
    for (unsigned i = 0; i < count; i++) {
        struct fh_msg_accuser accuser = {.own = evidence[i].own,
                                         .issued_ms = (uint64_t)evidence[i].issued_ms,
                                         .record = evidence[i].record};
        struct fh_gossip_member member;
        if (find_ref(mesh, &evidence[i].accuser, &member)) {
            const struct fh_directory_domain *domain =
                fh_directory_domain(mesh->options.dir, &member.domain);
            accuser.node = member.node;
            accuser.domain = member.domain;
            snprintf(accuser.domain_name,
                     sizeof accuser.domain_name,
                     "%s",
                     domain == NULL ? "" : domain->name);
        }
        fh_msg_accuser_add(&list.entries, &accuser);
        list.count++;
    }
    add_list(out, &list);
}

static void add_session(void *user, const struct fh_peer_view *view)
{
    struct list *list = user;
    struct fh_msg_why_session session = {
        .used_ms_ago = view->used_ms_ago, .waiting = view->waiting, .running = view->running};
    snprintf(session.state, sizeof session.state, "%s", view->state);
    fh_msg_why_session_add(&list->entries, &session);
    list->count++;
}

static void
add_sessions(const struct fh_mesh *mesh, const struct fh_gossip_member *member, struct fh_buf *out)
{
    struct list list = {.count = 0};
    fh_buf_init(&list.entries, WHY_BYTES_MAX);
    for (unsigned i = 0; i < member->address_count; i++) {
        fh_peers_view(mesh->options.peers, member->addresses[i], &member->node, add_session, &list);
    }
    add_list(out, &list);
}

void fh_mesh_answer_why(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_err err;
    struct fh_node_id node;
    struct fh_gossip_member member;
    struct fh_gossip_explanation explanation;
    int rc = fh_msg_why_request_read(fh_question_fields(question), &node, &err);
    if (rc == FH_OK &&
        (mesh->gossip == NULL || !fh_gossip_member_find(mesh->gossip, &node, &member) ||
         !fh_gossip_explain(
             mesh->gossip, &node, fh_clock_mono_ms(), fh_clock_wall_ms(), &explanation))) {
        rc = fh_err_rule(&err,
                         FH_ENOTFOUND,
                         "node.unknown",
                         "this node knows no member of that id; a dead one is forgotten when its "
                         "lease ends");
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    struct fh_msg_why why = {
        .forked = explanation.forked,
        .probing = explanation.probing,
        .own_failed = explanation.own_failed,
        .trial = explanation.trial,
        .keys_held = explanation.keys_held,
        .others = explanation.others,
        .others_needed = explanation.others_needed,
        .alive = member.alive,
        .leave = member.leave,
    };
    fh_mesh_tell_peer(mesh, &member, &why.peer);
    snprintf(why.next, sizeof why.next, "%s", explanation.next);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, WHY_BYTES_MAX);
    fh_msg_why_answer_begin(&out, &why);
    add_timers(&out, &explanation);
    add_accusers(mesh, &node, &out);
    add_sessions(mesh, &member, &out);
    fh_question_answer_buf(question, &out);
}

/* ---- COUNTERS ---- */

static void count(struct list *list, const char *name, uint64_t value, const char *what)
{
    fh_msg_counter_add(&list->entries, name, value, what);
    list->count++;
}

static void count_members(const struct fh_mesh *mesh, struct list *list)
{
    static const char *const names[FH_MEMBER_STATE_COUNT] = {
        "members_unverified", "members_alive", "members_suspect", "members_dead", "members_left"};
    static const char *const matters[FH_MEMBER_STATE_COUNT] = {
        "members that have not answered this node yet",
        "members that answer, this node too",
        "members that are suspected and may refute",
        "members that this node concluded to be dead",
        "members that said goodbye",
    };
    for (unsigned i = 0; i < FH_MEMBER_STATE_COUNT; i++) {
        uint64_t value = fh_gossip_member_count(mesh->gossip, (enum fh_member_state)i);
        count(list, names[i], value, matters[i]);
    }
}

static void count_news(const struct fh_mesh *mesh, struct list *list)
{
    static const char *const names[FH_RUMOUR_CLASS_COUNT] = {
        "news_urgent", "news_members", "news_products", "news_refresh"};
    struct fh_gossip_news news = fh_gossip_news(mesh->gossip);
    count(list, "news_waiting", news.waiting, "news that is still to be sent");
    for (unsigned i = 0; i < FH_RUMOUR_CLASS_COUNT; i++) {
        count(list, names[i], news.by_class[i], "of these, of this class");
    }
}

/* What the link took, and what it turned away for want of room. */
static void count_link(const struct fh_mesh *mesh, struct list *list)
{
    struct fh_link_counters link = fh_link_counters(fh_peers_link(mesh->options.peers));
    count(list, "link_calls", link.calls, "frames of questions received");
    count(list, "link_replies_lost", link.replies_lost, "answers whose asker was gone or stalled");
    count(list, "link_pipes", link.pipes, "connections open now");
    count(list, "link_pipes_refused", link.pipes_refused, "connections refused: too many");
    count(list, "link_pipes_expired", link.pipes_expired, "connections ended: idle or unfinished");
    count(list, "link_requests", link.requests, "frames of questions sent");
    count(list, "link_requests_failed", link.requests_failed, "of these, without an answer");
}

void fh_mesh_answer_counters(struct fh_mesh *mesh, struct fh_question *question)
{
    struct list list = {.count = 0};
    fh_buf_init(&list.entries, WHY_BYTES_MAX);
    if (mesh->gossip != NULL) {
        struct fh_gossip_counters counters = fh_gossip_counters(mesh->gossip);
        count(&list,
              "health",
              fh_gossip_health(mesh->gossip),
              "how much this node doubts itself: 0 well .. 8");
        count(&list, "memory", fh_gossip_memory(mesh->gossip), "bytes that gossip holds");
        count_members(mesh, &list);
        count_news(mesh, &list);
#define X(name, text) count(&list, #name, counters.name, text);
        FH_GOSSIP_COUNTERS(X)
#undef X
    }
    count_link(mesh, &list);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, WHY_BYTES_MAX + 64);
    fh_msg_counters_answer_begin(&out, list.count);
    fh_buf_add_bytes(&out, fh_buf_view(&list.entries));
    fh_buf_fini(&list.entries);
    fh_question_answer_buf(question, &out);
}
