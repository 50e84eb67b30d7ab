/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the gossip core: events in, actions out, one step at a time.
 *
 * A step's actions are lent until the next step, so whatever an action causes in the core itself
 * waits as a follow-up until they are all done.
 */
#include "node/mesh/parts.h"
#include "node/mesh/rangesets.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/io/udp.h"
#include "node/state/policies.h"
#include "proto/settings/settings.h"

struct follow_up {
    struct fh_list link;
    struct fh_gossip_event event;
    struct fh_buf bytes;
};

struct link_probe {
    struct fh_mesh *mesh;
    uint64_t token;
};

/* ---- what the core asks of us ---- */

static bool env_admitted(void *user,
                         const struct fh_domain_id *domain,
                         const struct fh_sign_public *node_key,
                         int64_t wall_ms)
{
    struct fh_mesh *mesh = user;
    struct fh_key_id key = fh_key_id_of(node_key);
    struct fh_ref ref = fh_key_id_ref(&key);
    struct fh_signer signer;
    struct fh_err err;
    int rc = fh_directory_signer(
        mesh->options.dir, &ref, domain, wall_ms, FH_ROLE_MASK(FH_ROLE_NODE), &signer, &err);
    if (rc != FH_OK && fh_mesh_lacks_identity(&err)) {
        fh_mesh_want_member(mesh, domain, &ref);
    }
    return rc == FH_OK && memcmp(signer.key.b, node_key->b, sizeof signer.key.b) == 0;
}

static struct fh_domain_id env_voucher(void *user, const struct fh_domain_id *domain)
{
    const struct fh_mesh *mesh = user;
    const struct fh_directory_domain *known = fh_directory_domain(mesh->options.dir, domain);
    bool by_another =
        known != NULL && !known->charter_member && !fh_domain_id_is_zero(&known->issuer);
    return by_another ? known->issuer : *domain;
}

static void env_seal(void *user, struct fh_buf *out, unsigned type, struct fh_bytes payload)
{
    struct fh_mesh *mesh = user;
    fh_keystore_seal(mesh->options.keys, out, type, &mesh->id, payload);
}

static bool env_agree(void *user, uint8_t out_shared[32], const struct fh_agree_public *peer)
{
    struct fh_mesh *mesh = user;
    return fh_keystore_agree(mesh->options.keys, out_shared, peer);
}

/* ---- actions ---- */

/* Whether the generation is on the disk: what the step says under it may leave only then. */
static bool persist(struct fh_mesh *mesh, uint64_t generation)
{
    struct fh_err err;
    int rc = fh_store_put_number(
        mesh->options.store, FH_STORE_KEY_GENERATION, (int64_t)generation, &err);
    if (rc == FH_OK) {
        return true;
    }
    /* A generation that may be used twice would make this node its own rival: not even goodbye is
     * said under it. */
    mesh->mute = true;
    fh_err_wrap(&err, "the node's generation cannot be stored");
    mesh->options.refused(&err, mesh->options.user);
    return false;
}

/* Others hold it too, and a mesh that forms brings hundreds in a second: each with a write to the
 * disk of its own would keep the loop from its probes. What takes rights away is worth the wait. */
static int
take_rumour(struct fh_mesh *mesh, const struct fh_gossip_action *action, struct fh_err *err)
{
    struct fh_origin origin = {.node = action->node};
    struct fh_store *store = mesh->options.store;
    bool is_new;
    bool weighty = action->type == FH_RECORD_REVOCATION || action->type == FH_RECORD_TOKEN_END ||
                   action->type == FH_RECORD_KEY || action->type == FH_RECORD_CHARTER ||
                   action->type == FH_RECORD_VOTE;
    int rc = fh_store_begin(store, weighty ? FH_STORE_DURABLE : FH_STORE_LAZY, err);
    if (rc != FH_OK) {
        return rc;
    }
    rc = fh_mesh_intake(mesh, action->bytes, &origin, &is_new, err);
    return fh_store_commit_after(store, rc, err);
}

static void deliver(struct fh_mesh *mesh, const struct fh_gossip_action *action)
{
    struct fh_err err;
    if (take_rumour(mesh, action, &err) == FH_OK) {
        return;
    }
    if (fh_mesh_lacks_identity(&err)) {
        /* A vote is newer than its proposal, and comes before it in the same datagram. */
        fh_gossip_deliver_again(mesh->gossip, action->bytes);
        /* Of domains that are known the identity records alone are fetched (lacks.c): who signs
         * with keys that nobody knows must not make everybody synchronise. */
        const char *address;
        if (err.code == FH_ENOTFOUND && fh_mesh_address(mesh, &action->node, &address)) {
            fh_mesh_sync_wanted(mesh, &action->node, address);
            return;
        }
    }
    fh_log(FH_LOG_DEBUG,
           "record.refused",
           "type=%s rule=%s text=\"%s\"",
           fh_record_type_text(action->type),
           err.rule,
           err.text);
}

static void member_changed(struct fh_mesh *mesh, const struct fh_gossip_action *action)
{
    struct fh_gossip_member member;
    mesh->member_changes++;
    if (!fh_gossip_member_find(mesh->gossip, &action->node, &member)) {
        return;
    }
    char node[FH_ID_TEXT_BYTES];
    fh_node_id_text(node, &action->node);
    const struct fh_directory_domain *domain =
        fh_directory_domain(mesh->options.dir, &member.domain);
    enum fh_log_level level = FH_LOG_INFO;
    if (action->change == FH_MEMBER_UPDATED) {
        level = FH_LOG_DEBUG;
    } else if (action->change == FH_MEMBER_CONTESTED || action->change == FH_MEMBER_BLOCKED) {
        level = FH_LOG_WARN; /* somebody has to look at it */
    }
    fh_log(level,
           "member",
           "change=%s state=%s domain=%s node=%s address=%s",
           fh_member_change_text(action->change),
           fh_member_state_text(action->state),
           domain == NULL ? "?" : domain->name,
           node,
           member.address_count > 0 ? member.addresses[0] : "");
    if (action->change == FH_MEMBER_JOINED || action->change == FH_MEMBER_SUSPECTED) {
        /* A container that was started again has its name, but seldom its address. */
        for (unsigned i = 0; i < member.address_count; i++) {
            fh_udp_forget(mesh->udp, member.addresses[i]);
        }
    }
    bool heard = action->change == FH_MEMBER_VERIFIED || action->change == FH_MEMBER_CLEARED ||
                 action->change == FH_MEMBER_UPDATED;
    if (heard) {
        fh_catalog_heard(mesh->options.catalog, &member.domain, fh_clock_wall_ms());
    }
    /* A suspect that speaks may do so from elsewhere: it is cleared by another record. */
    bool other_record = action->change == FH_MEMBER_JOINED || action->change == FH_MEMBER_WENT ||
                        action->change == FH_MEMBER_UPDATED || action->change == FH_MEMBER_CLEARED;
    if (!member.self && !mesh->feeding && other_record) {
        fh_mesh_keep_member(mesh, &member);
    }
}

static void link_probed(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    (void)fields;
    struct link_probe *probe = user;
    struct fh_gossip_event event = {.kind = FH_GOSSIP_LINK_PROBED};
    event.u.link.token = probe->token;
    event.u.link.reached = err == NULL;
    struct fh_mesh *mesh = probe->mesh;
    fh_free(probe);
    fh_mesh_gossip_later(mesh, &event, FH_BYTES_NONE);
}

static void probe_link(struct fh_mesh *mesh, const struct fh_gossip_action *action)
{
    struct link_probe *probe = fh_calloc(1, sizeof *probe);
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 64);
    fh_msg_probe_request(&request, action->token);
    if (probe == NULL) {
        return;
    }
    *probe = (struct link_probe){mesh, action->token};
    struct fh_peer_target target = {.address = action->address, .node = action->node};
    fh_peers_ask(mesh->options.peers, &target, &request, action->within_ms, link_probed, probe);
}

static void send_datagram(struct fh_mesh *mesh, const struct fh_gossip_action *action)
{
    struct fh_err err;
    if (fh_udp_send(mesh->udp, action->address, action->bytes, &err) != FH_OK) {
        fh_log(FH_LOG_DEBUG, "datagram.not_sent", "text=\"%s\"", err.text);
    }
}

/* False: the rest of the step must not happen. */
static bool act(struct fh_mesh *mesh, const struct fh_gossip_action *action)
{
    switch (action->kind) {
    case FH_GOSSIP_PERSIST:
        return persist(mesh, action->generation);
    case FH_GOSSIP_SEND:
        send_datagram(mesh, action);
        break;
    case FH_GOSSIP_DELIVER:
        deliver(mesh, action);
        break;
    case FH_GOSSIP_MEMBER:
        member_changed(mesh, action);
        break;
    case FH_GOSSIP_SYNC:
        if ((action->reasons & (FH_SYNC_JOIN | FH_SYNC_MEMBERS | FH_SYNC_CONTACT)) != 0) {
            /* Synchronising pulls only: who differs in members may not know us either. */
            fh_mesh_introduce(mesh, &action->node, action->address);
        }
        fh_mesh_sync(mesh, &action->node, action->address, (action->reasons & FH_SYNC_JOIN) != 0);
        break;
    case FH_GOSSIP_INTRODUCE:
        fh_mesh_introduce(mesh, &action->node, action->address);
        break;
    case FH_GOSSIP_PROBE_LINK:
        probe_link(mesh, action);
        break;
    case FH_GOSSIP_FORK:
        fh_mesh_member_forked(mesh, action);
        break;
    case FH_GOSSIP_LEFT:
        fh_timer_set(mesh->leave_timer, 0); /* not from inside a step: the core may be freed then */
        break;
    case FH_GOSSIP_TRACE:
        fh_log(FH_LOG_DEBUG, "gossip", "%s", action->text);
        break;
    case FH_GOSSIP_ACTION_COUNT:
        FH_ASSERT(false);
    }
    return true;
}

/* ---- events ---- */

static void step(struct fh_mesh *mesh, struct fh_gossip_event *event)
{
    if (mesh->mute) {
        return;
    }
    event->now_ms = fh_clock_mono_ms();
    event->wall_ms = fh_clock_wall_ms();
    if (event->kind == FH_GOSSIP_REVIEW) {
        mesh->reviewing = false;
    } else if (event->kind == FH_GOSSIP_ADMITTED) {
        mesh->admitting = false;
    }
    struct fh_err err;
    if (fh_gossip_step(mesh->gossip, event, mesh->actions, &err) != FH_OK) {
        fh_log(FH_LOG_WARN, "gossip.step_failed", "rule=%s text=\"%s\"", err.rule, err.text);
        return;
    }
    bool on = true;
    for (unsigned i = 0; on && i < mesh->actions->count; i++) {
        on = act(mesh, &mesh->actions->items[i]);
    }
}

static void free_follow_up(struct follow_up *next)
{
    fh_list_remove(&next->link);
    fh_buf_fini(&next->bytes);
    fh_free(next);
}

static void run_follow_ups(struct fh_mesh *mesh)
{
    if (mesh->stepping || mesh->gossip == NULL) {
        return;
    }
    mesh->stepping = true;
    while (!fh_list_empty(&mesh->follow_ups)) {
        struct follow_up *next = FH_LIST_ENTRY(mesh->follow_ups.next, struct follow_up, link);
        struct fh_bytes bytes = fh_buf_view(&next->bytes);
        if (next->event.kind == FH_GOSSIP_RECORD) {
            next->event.u.record.bytes = bytes;
        } else if (next->event.kind == FH_GOSSIP_RUMOUR) {
            next->event.u.rumour.bytes = bytes;
        }
        step(mesh, &next->event);
        free_follow_up(next);
    }
    mesh->stepping = false;
    fh_timer_set(mesh->gossip_timer, fh_gossip_deadline(mesh->gossip));
}

void fh_mesh_gossip_event(struct fh_mesh *mesh, struct fh_gossip_event *event)
{
    FH_ASSERT(!mesh->stepping);
    if (mesh->gossip == NULL) {
        return;
    }
    mesh->stepping = true;
    step(mesh, event);
    mesh->stepping = false;
    run_follow_ups(mesh);
    fh_timer_set(mesh->gossip_timer, fh_gossip_deadline(mesh->gossip));
}

/* False without memory: then it is lost. */
static bool
add_follow_up(struct fh_mesh *mesh, const struct fh_gossip_event *event, struct fh_bytes bytes)
{
    struct follow_up *next = fh_calloc(1, sizeof *next);
    if (next == NULL) {
        return false;
    }
    next->event = *event;
    fh_buf_init(&next->bytes, FH_RECORD_BYTES_MAX);
    fh_buf_add_bytes(&next->bytes, bytes);
    fh_list_push_back(&mesh->follow_ups, &next->link);
    if (fh_buf_ok(&next->bytes) != FH_OK) {
        free_follow_up(next);
        return false;
    }
    return true;
}

void fh_mesh_gossip_later(struct fh_mesh *mesh,
                          const struct fh_gossip_event *event,
                          struct fh_bytes bytes)
{
    if (mesh->gossip != NULL) {
        (void)add_follow_up(mesh, event, bytes); /* synchronisation brings it again */
        run_follow_ups(mesh);
    }
}

void fh_mesh_gossip_pause(struct fh_mesh *mesh)
{
    FH_ASSERT(!mesh->stepping);
    mesh->stepping = true;
}

void fh_mesh_gossip_resume(struct fh_mesh *mesh)
{
    FH_ASSERT(mesh->stepping);
    mesh->stepping = false;
    run_follow_ups(mesh);
}

/* `waits`: one of this kind is among the follow-ups. */
static void once_for_all(struct fh_mesh *mesh, enum fh_gossip_event_kind kind, bool *waits)
{
    if (mesh->gossip != NULL && !*waits) {
        const struct fh_gossip_event event = {.kind = kind};
        *waits = add_follow_up(mesh, &event, FH_BYTES_NONE);
        run_follow_ups(mesh);
    }
}

void fh_mesh_review(struct fh_mesh *mesh)
{
    fh_policies_review(mesh->options.policies);
    once_for_all(mesh, FH_GOSSIP_REVIEW, &mesh->reviewing);
}

void fh_mesh_judge_strangers(struct fh_mesh *mesh)
{
    once_for_all(mesh, FH_GOSSIP_ADMITTED, &mesh->admitting);
}

void fh_mesh_datagram(struct fh_mesh *mesh, struct fh_bytes datagram, const char *from)
{
    struct fh_gossip_event event = {.kind = FH_GOSSIP_DATAGRAM};
    event.u.datagram.bytes = datagram;
    event.u.datagram.from = from;
    fh_mesh_gossip_event(mesh, &event);
}

static void on_deadline(void *user)
{
    struct fh_mesh *mesh = user;
    struct fh_gossip_event event = {.kind = FH_GOSSIP_TICK};
    fh_mesh_held_changed(mesh);
    fh_mesh_gossip_event(mesh, &event);
}

static int feed_member(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    (void)err;
    struct fh_mesh *mesh = user;
    struct fh_gossip_event event = {.kind = FH_GOSSIP_RECORD};
    event.u.record.from = mesh->node;
    fh_mesh_gossip_later(mesh, &event, record->bytes);
    return FH_OK;
}

/* Where others reach a node of these settings; how many. */
static unsigned advertised(const struct fh_settings *settings, const char *out[FH_ADDRESSES_MAX])
{
    const struct fh_settings_addresses *advertise = &settings->advertise;
    unsigned count = 0;
    for (size_t i = 0; i < advertise->count && i < FH_ADDRESSES_MAX; i++) {
        out[count++] = advertise->items[i];
    }
    if (count == 0) {
        out[count++] = settings->listen;
    }
    return count;
}

int fh_mesh_move(struct fh_mesh *mesh, const struct fh_settings *settings, struct fh_err *err)
{
    const char *items[FH_ADDRESSES_MAX];
    struct fh_gossip_event event = {.kind = FH_GOSSIP_MOVE};
    if (mesh->gossip == NULL) {
        return fh_err_rule(err,
                           FH_ESTATE,
                           "mesh.not_joined",
                           "this node has not joined yet; start it again with its new address");
    }
    event.u.move.count = advertised(settings, items);
    event.u.move.items = items;
    fh_mesh_gossip_event(mesh, &event);
    return FH_OK;
}

int fh_mesh_gossip_start(struct fh_mesh *mesh,
                         const char *const *seeds,
                         unsigned seed_count,
                         struct fh_err *err)
{
    const struct fh_settings *settings = mesh->options.settings;
    struct fh_gossip_options options = {
        .mesh = mesh->id,
        .domain = mesh->domain,
        .node_key = fh_keystore_sign_public(mesh->options.keys),
        .agree_key = fh_keystore_agree_public(mesh->options.keys),
        .label = settings->domain,
        .protocol_min = FH_PROTOCOL_VERSION_MIN,
        .protocol_max = FH_PROTOCOL_VERSION_MAX,
        .timing = fh_gossip_timing_lan(),
        .env = {.user = mesh,
                .admitted = env_admitted,
                .voucher = env_voucher,
                .seal = env_seal,
                .agree = env_agree,
                .verifier = fh_verifier_plain},
    };
    fh_entropy(&options.seed, sizeof options.seed);
    fh_entropy(options.boot, sizeof options.boot);
    options.address_count = advertised(settings, options.addresses);
    for (unsigned i = 0; i < seed_count && i < FH_GOSSIP_SEEDS_MAX; i++) {
        options.seeds[options.seed_count++] = seeds[i];
    }
    int64_t generation;
    int rc = fh_store_get_number(mesh->options.store, FH_STORE_KEY_GENERATION, 0, &generation, err);
    if (rc == FH_OK) {
        rc = fh_gossip_new(&mesh->gossip, &options, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    fh_mesh_held_changed(mesh);
    struct fh_gossip_event event = {.kind = FH_GOSSIP_START};
    event.u.start.generation = (uint64_t)generation;
    fh_mesh_gossip_event(mesh, &event);
    fh_mesh_pull(mesh); /* what was still wanted when the node ended */
    mesh->feeding = true;
    rc = fh_store_members_each(mesh->options.store, feed_member, mesh, err);
    mesh->feeding = false;
    return rc;
}

static void left(void *user)
{
    struct fh_mesh *mesh = user;
    fh_mesh_left_fn *fn = mesh->left;
    mesh->left = NULL;
    if (fn != NULL) {
        fn(mesh->left_user);
    }
}

void fh_mesh_leave(struct fh_mesh *mesh, fh_mesh_left_fn *fn, void *user)
{
    mesh->left = fn;
    mesh->left_user = user;
    if (mesh->gossip == NULL || mesh->mute) {
        fh_timer_set(mesh->leave_timer, 0);
        return;
    }
    fh_timer_set(mesh->leave_timer, fh_clock_mono_ms() + FH_DRAIN_MS);
    struct fh_gossip_event event = {.kind = FH_GOSSIP_LEAVE};
    fh_mesh_gossip_later(mesh, &event, FH_BYTES_NONE);
}

void fh_mesh_gossip_end(struct fh_mesh *mesh)
{
    while (!fh_list_empty(&mesh->follow_ups)) {
        free_follow_up(FH_LIST_ENTRY(mesh->follow_ups.next, struct follow_up, link));
    }
    mesh->reviewing = false;
    mesh->admitting = false;
    fh_gossip_free(mesh->gossip);
    mesh->gossip = NULL;
}

/* ---- construction: here because the driver's timers are ---- */

int fh_mesh_new(struct fh_mesh **out, const struct fh_mesh_options *options, struct fh_err *err)
{
    struct fh_mesh *mesh = fh_calloc(1, sizeof *mesh);
    if (mesh == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the mesh");
    }
    mesh->options = *options;
    mesh->id = *fh_directory_mesh(options->dir);
    mesh->domain = *fh_identity_domain(options->identity);
    mesh->node = fh_identity_node(options->identity);
    fh_list_init(&mesh->follow_ups);
    fh_list_init(&mesh->syncs);
    mesh->actions = fh_calloc(1, sizeof *mesh->actions);
    int rc = mesh->actions != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for gossip");
    if (rc == FH_OK) {
        rc = fh_timer_new(&mesh->gossip_timer, options->loop, on_deadline, mesh, err);
    }
    if (rc == FH_OK) {
        rc = fh_timer_new(&mesh->leave_timer, options->loop, left, mesh, err);
    }
    if (rc != FH_OK) {
        fh_mesh_free(mesh);
        return rc;
    }
    *out = mesh;
    return FH_OK;
}

void fh_mesh_quiesce(struct fh_mesh *mesh)
{
    mesh->quiet = true;
    fh_timer_clear(mesh->gossip_timer);
    fh_timer_clear(mesh->leave_timer);
    if (mesh->pull_timer != NULL) {
        fh_timer_clear(mesh->pull_timer);
    }
    fh_mesh_lacks_quiesce(mesh);
    fh_mesh_joining_end(mesh);
    fh_mesh_gossip_end(mesh);
}

void fh_mesh_free(struct fh_mesh *mesh)
{
    if (mesh == NULL) {
        return;
    }
    fh_mesh_joining_end(mesh);
    fh_mesh_gossip_end(mesh);
    fh_timer_free(mesh->gossip_timer);
    fh_timer_free(mesh->leave_timer);
    fh_timer_free(mesh->pull_timer);
    fh_mesh_lacks_end(mesh);
    fh_mesh_measured_end(mesh);
    fh_mesh_rangesets_free(FH_TAKE(mesh->rangesets));
    fh_free(mesh->actions);
    fh_free(mesh);
}
