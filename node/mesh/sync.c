/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Synchronisation over a session, introductions, and pulling contracts by id.
 *
 * A synchronisation goes with one peer through identities, members, announcements, forks,
 * measurements and what was agreed on. A newcomer asks for all, page by page, and takes in what is
 * new; later the two find out what differs (reconcile.c), but for forks, which are few. Contracts
 * that announcements name are fetched from their owner, or from whoever else answers.
 */
#include "node/mesh/parts.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"

#include <stdio.h>

enum {
    SYNCS_MAX = 4,                /* with different peers at once */
    SYNC_WANTED_MS = 1000,        /* between those that rumours cause */
    SYNC_MOST_MS = 5 * 60 * 1000, /* a peer that sends page after page, slowly, is left */
    PAGES_MAX = 4096,             /* of one set: a peer that never ends is left */
    SPREAD_MAX = 8,               /* so few new records may be news to others too */
    PULL_IDS = 32,       /* contracts asked for at once: 20 ms of the loop when they come */
    PULL_LOOK = 256,     /* of those that are missing: what nobody has must not hide the others */
    PULL_RETRY_MS = 125, /* when an owner did not have it; twice as long each time */
    PULL_RETRY_MAX_MS = 8000,
};

/* ---- synchronisation ---- */

struct sync {
    struct fh_list link;
    struct fh_mesh *mesh;
    int64_t began_ms;
    struct fh_peer_target target;
    char address[FH_ADDRESS_BYTES_MAX + 1];
    enum fh_sync_set set;
    struct fh_buf cursor;
    bool by_pages;
    unsigned pages;
    unsigned added;
};

static void sync_page(struct sync *sync);
static void sync_set(struct sync *sync);

static void sync_end(struct sync *sync, bool done)
{
    struct fh_mesh *mesh = sync->mesh;
    fh_list_remove(&sync->link);
    struct fh_gossip_event event = {.kind = FH_GOSSIP_SYNCED};
    event.u.synced.node = sync->target.node;
    event.u.synced.done = done;
    if (sync->added > 0) {
        fh_log(FH_LOG_INFO, "synchronised", "with=%s new=%u", sync->address, sync->added);
    }
    fh_buf_fini(&sync->cursor);
    fh_free(sync);
    fh_mesh_gossip_later(mesh, &event, FH_BYTES_NONE);
    fh_mesh_pull(mesh);
}

static void sync_taken(void *user, int code, bool is_new, const struct fh_err *err)
{
    struct sync *sync = user;
    if (code == FH_OK) {
        sync->added += is_new;
    } else if (code != FH_ESTALE) {
        fh_log(FH_LOG_DEBUG,
               "sync.record_refused",
               "from=%s rule=%s text=\"%s\"",
               sync->address,
               err->rule,
               err->text);
    }
}

static int sync_take(struct sync *sync, struct fh_msg_bins *bins, struct fh_err *err)
{
    struct fh_origin origin = {.node = sync->target.node,
                               .bulk = bins->left > SPREAD_MAX || sync->pages > 1};
    return fh_mesh_intake_bulk(sync->mesh, bins, &origin, sync_taken, sync, err);
}

/* The set at hand is through. */
static void sync_next(struct sync *sync)
{
    if (sync->set == FH_SYNC_AGREED || sync->mesh->quiet) {
        sync_end(sync, !sync->mesh->quiet);
        return;
    }
    sync->set = sync->set + 1;
    sync_set(sync);
}

static void sync_answer(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct sync *sync = user;
    struct fh_err err;
    if (failure != NULL) {
        fh_log(FH_LOG_DEBUG, "sync.failed", "with=%s text=\"%s\"", sync->address, failure->text);
        sync_end(sync, false);
        return;
    }
    struct fh_bytes cursor = fh_pack_read_bin(fields, FH_SYNC_CURSOR_BYTES_MAX);
    fh_buf_reset(&sync->cursor);
    fh_buf_add_bytes(&sync->cursor, cursor);
    struct fh_msg_bins bins;
    if (fh_pack_read_ok(fields, "sync answer", &err) != FH_OK ||
        fh_msg_bins_read(fields, &bins, &err) != FH_OK) {
        fh_log(FH_LOG_WARN, "sync.failed", "with=%s text=\"%s\"", sync->address, err.text);
        sync_end(sync, false);
        return;
    }
    sync->pages++;
    if (sync->set == FH_SYNC_FORKS) {
        fh_mesh_forks_told(sync->mesh, &sync->target, &bins);
    } else if (!sync->mesh->quiet && sync_take(sync, &bins, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "sync.not_stored", "with=%s text=\"%s\"", sync->address, err.text);
        sync_end(sync, false);
        return;
    }
    if (sync->cursor.size == 0) {
        sync_next(sync);
    } else if (sync->pages >= PAGES_MAX || sync->mesh->quiet ||
               fh_clock_mono_ms() - sync->began_ms > SYNC_MOST_MS) {
        sync_end(sync, false);
    } else {
        sync_page(sync);
    }
}

static void sync_page(struct sync *sync)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 256);
    fh_msg_sync_request(&request, sync->set, fh_buf_view(&sync->cursor));
    fh_peers_ask(
        sync->mesh->options.peers, &sync->target, &request, FH_REQUEST_MS, sync_answer, sync);
}

static void reconciled(int code, unsigned added, void *user)
{
    struct sync *sync = user;
    sync->added += added;
    if (code == FH_OK) {
        sync_next(sync);
    } else if (code == FH_EUNREACH || code == FH_ETIMEOUT || sync->mesh->quiet) {
        sync_end(sync, false);
    } else { /* too much differs, or the peer does not know how */
        sync_page(sync);
    }
}

static void sync_set(struct sync *sync)
{
    sync->pages = 0;
    fh_buf_reset(&sync->cursor);
    if (sync->by_pages || sync->set == FH_SYNC_FORKS) {
        sync_page(sync);
    } else {
        fh_mesh_reconcile(sync->mesh, &sync->target, sync->set, reconciled, sync);
    }
}

static bool is_own_address(const struct fh_mesh *mesh, const char *address)
{
    struct fh_gossip_member self;
    if (mesh->gossip == NULL || !fh_gossip_member_at(mesh->gossip, 0, &self)) {
        return false;
    }
    for (unsigned i = 0; i < self.address_count; i++) {
        if (strcmp(self.addresses[i], address) == 0) {
            return true;
        }
    }
    return false;
}

/* One with each peer, a few at once, none with oneself or while the node goes. */
static bool may_begin(const struct fh_mesh *mesh, const char *address)
{
    unsigned count = 0;
    FH_LIST_FOREACH (link, &mesh->syncs) {
        if (strcmp(FH_LIST_ENTRY(link, struct sync, link)->address, address) == 0) {
            return false;
        }
        count++;
    }
    return count < SYNCS_MAX && !mesh->quiet && !is_own_address(mesh, address);
}

static bool
begin(struct fh_mesh *mesh, const struct fh_node_id *node, const char *address, bool pages)
{
    struct sync *sync = may_begin(mesh, address) ? fh_calloc(1, sizeof *sync) : NULL;
    if (sync == NULL) {
        return false;
    }
    sync->mesh = mesh;
    sync->began_ms = fh_clock_mono_ms();
    snprintf(sync->address, sizeof sync->address, "%s", address);
    sync->target.address = sync->address;
    sync->target.node = *node;
    sync->set = FH_SYNC_IDENTITY;
    sync->by_pages = pages;
    fh_buf_init(&sync->cursor, FH_SYNC_CURSOR_BYTES_MAX);
    fh_list_push_back(&mesh->syncs, &sync->link);
    sync_set(sync);
    return true;
}

void fh_mesh_sync(struct fh_mesh *mesh,
                  const struct fh_node_id *node,
                  const char *address,
                  bool pages)
{
    if (!begin(mesh, node, address, pages)) {
        struct fh_gossip_event event = {.kind = FH_GOSSIP_SYNCED};
        event.u.synced.node = *node;
        fh_mesh_gossip_later(mesh, &event, FH_BYTES_NONE);
    }
}

void fh_mesh_sync_wanted(struct fh_mesh *mesh, const struct fh_node_id *node, const char *address)
{
    int64_t now_ms = fh_clock_mono_ms();
    if (now_ms - mesh->wanted_sync_ms >= SYNC_WANTED_MS && begin(mesh, node, address, false)) {
        mesh->wanted_sync_ms = now_ms;
    }
}

void fh_mesh_look_at(struct fh_mesh *mesh, const struct fh_node_id *node, const char *address)
{
    (void)begin(mesh, node, address, false); /* or one goes on: gossip brings the rest later */
}

/* ---- introductions ---- */

struct record_list {
    struct fh_buf records; /* encoded bins */
    uint32_t count;
};

static bool
list_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    struct record_list *list = user;
    if (list->records.size + bytes.size > FH_SYNC_PAGE_BYTES ||
        list->count >= FH_PUSH_RECORDS_MAX - 1) { /* one more: the ALIVE record */
        return false;
    }
    fh_pack_bin(&list->records, bytes);
    list->count++;
    return true;
}

static void introduced(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    (void)fields;
    (void)user;
    if (err != NULL) {
        fh_log(FH_LOG_DEBUG, "introduction.failed", "rule=%s text=\"%s\"", err->rule, err->text);
    }
}

void fh_mesh_introduce(struct fh_mesh *mesh, const struct fh_node_id *node, const char *address)
{
    if (mesh->quiet || is_own_address(mesh, address)) {
        return;
    }
    struct record_list list = {.count = 0};
    fh_buf_init(&list.records, FH_SYNC_PAGE_BYTES + FH_RECORD_BYTES_MAX);
    fh_directory_each_of_due(
        mesh->options.dir, &mesh->domain, fh_mesh_due_until(), list_record, &list);
    fh_pack_bin(&list.records, fh_gossip_alive(mesh->gossip));
    list.count++;
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_push_request_begin(&request, list.count);
    fh_buf_add_bytes(&request, fh_buf_view(&list.records));
    fh_buf_fini(&list.records);
    struct fh_peer_target target = {.address = address, .node = *node};
    fh_peers_ask(mesh->options.peers, &target, &request, FH_REQUEST_MS, introduced, NULL);
}

/* ---- contracts by id ---- */

struct pull {
    struct fh_mesh *mesh;
    char address[FH_ADDRESS_BYTES_MAX + 1];
    struct fh_node_id node;
    uint32_t count;
    struct fh_record_id asked[PULL_IDS];
};

static void pull_beside(struct fh_mesh *mesh, const struct pull *arrived);

static void pull_later(struct fh_mesh *mesh)
{
    int64_t wait_ms = PULL_RETRY_MS;
    for (unsigned i = 0; i < mesh->pull_turn && wait_ms < PULL_RETRY_MAX_MS; i++) {
        wait_ms *= 2;
    }
    mesh->pull_turn++;
    fh_timer_set(mesh->pull_timer, fh_clock_mono_ms() + wait_ms);
}

/* What came of an answer. */
struct taking {
    const struct pull *pull;
    unsigned taken;
};

static void contract_taken(void *user, int code, bool is_new, const struct fh_err *err)
{
    struct taking *taking = user;
    if (code == FH_OK) {
        taking->taken += is_new;
    } else if (code == FH_EINCOMPLETE) {
        taking->taken++; /* its predecessor is wanted now: several were published in a row */
    } else {
        fh_log(FH_LOG_WARN,
               "contract.refused",
               "from=%s rule=%s text=\"%s\"",
               taking->pull->address,
               err->rule,
               err->text);
    }
}

static void pulled(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct pull *pull = user;
    struct fh_mesh *mesh = pull->mesh;
    struct fh_err err;
    struct fh_msg_bins bins;
    struct taking taking = {.pull = pull};
    mesh->pulling = false;
    if (failure != NULL) {
        fh_log(FH_LOG_DEBUG, "pull.failed", "from=%s text=\"%s\"", pull->address, failure->text);
    } else if (fh_msg_bins_read(fields, &bins, &err) == FH_OK && !mesh->quiet) {
        struct fh_origin origin = {.node = pull->node, .bulk = true};
        if (bins.left > 0) {
            pull_beside(mesh, pull); /* comes while these are verified */
        }
        if (fh_mesh_intake_bulk(mesh, &bins, &origin, contract_taken, &taking, &err) != FH_OK) {
            fh_log(FH_LOG_ERROR, "pull.not_stored", "from=%s text=\"%s\"", pull->address, err.text);
            taking.taken = 0;
        }
    }
    fh_free(pull);
    if (mesh->quiet) {
        return;
    }
    if (taking.taken > 0) {
        mesh->pull_turn = 0; /* owners first again */
        fh_mesh_pull(mesh);
    } else if (!mesh->pulling) {
        pull_later(mesh);
    }
}

/* Whom to ask for a contract: its owner first, then, turn by turn, anybody who answers. */
static bool choose_holder(struct fh_mesh *mesh, const struct fh_domain_id *owner, struct pull *out)
{
    const char *address;
    bool owner_first = mesh->pull_turn % 2 == 0;
    if (owner_first && fh_mesh_node_of(mesh, owner, &out->node, &address)) {
        snprintf(out->address, sizeof out->address, "%s", address);
        return true;
    }
    unsigned slots = mesh->gossip == NULL ? 0 : fh_gossip_member_slots(mesh->gossip);
    for (unsigned i = 0; i < slots; i++) {
        struct fh_gossip_member member;
        unsigned slot = (i + mesh->pull_turn) % slots;
        if (fh_gossip_member_at(mesh->gossip, slot, &member) && !member.self &&
            fh_mesh_address(mesh, &member.node, &address)) {
            out->node = member.node;
            snprintf(out->address, sizeof out->address, "%s", address);
            return true;
        }
    }
    return false;
}

/* At an owner's turn, of a domain whose node answers: what a domain that is gone has announced must
 * not hold up the others. Each kind of turn goes on behind the domain that it chose last. */
static size_t
choose_wanted(struct fh_mesh *mesh, const struct fh_catalog_wanted *wanted, size_t count)
{
    unsigned kind = mesh->pull_turn % 2;
    size_t first = 0;
    for (size_t i = 0; kind == 0 && i < count; i++) {
        struct fh_node_id node;
        const char *address;
        if (fh_mesh_node_of(mesh, &wanted[i].domain, &node, &address)) {
            first = i;
            break;
        }
    }
    mesh->pull_after[kind] = wanted[first].domain;
    return first;
}

static bool
is_among(const struct fh_record_id *contract, const struct fh_record_id *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (fh_record_id_equal(contract, &ids[i])) {
            return true;
        }
    }
    return false;
}

static bool is_here(const struct fh_record_id *contract, const struct pull *arrived)
{
    return arrived != NULL && is_among(contract, arrived->asked, arrived->count);
}

/* Half of what is asked at once is the chosen owner's; the rest is whoever's, since its node mostly
 * holds those too: a long chain of one domain does not make the others wait. */
static int choose_contracts(struct pull *pull,
                            const struct pull *arrived,
                            const struct fh_catalog_wanted *wanted,
                            size_t count,
                            size_t first,
                            struct fh_err *err)
{
    struct fh_record_id own[PULL_IDS / 2];
    size_t own_count = 0;
    int rc = fh_catalog_missing_of(
        pull->mesh->options.catalog, &wanted[first].domain, own, PULL_IDS / 2, &own_count, err);
    for (size_t i = 0; i < own_count; i++) {
        if (!is_here(&own[i], arrived)) {
            pull->asked[pull->count++] = own[i];
        }
    }
    for (size_t i = 0; i < count && pull->count < PULL_IDS; i++) {
        const struct fh_record_id *contract = &wanted[(first + i) % count].contract;
        if (!is_among(contract, pull->asked, pull->count)) {
            pull->asked[pull->count++] = *contract;
        }
    }
    return rc;
}

/* What is missing here, without what `arrived` has just brought. */
static int find_wanted(struct fh_mesh *mesh,
                       const struct pull *arrived,
                       struct fh_catalog_wanted wanted[PULL_LOOK],
                       size_t *out_count,
                       struct fh_err *err)
{
    size_t count = 0;
    const struct fh_domain_id *after = &mesh->pull_after[mesh->pull_turn % 2];
    int rc = fh_catalog_missing(mesh->options.catalog, after, wanted, PULL_LOOK, &count, err);
    if (rc != FH_OK) {
        return rc;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_here(&wanted[i].contract, arrived)) {
            wanted[kept++] = wanted[i];
        }
    }
    *out_count = kept;
    return FH_OK;
}

static void ask_for(struct fh_mesh *mesh, struct pull *pull)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 64 * PULL_IDS);
    fh_msg_pull_request_begin(&request, pull->count);
    for (uint32_t i = 0; i < pull->count; i++) {
        fh_pack_bin(&request, fh_bytes(pull->asked[i].b, FH_ID_BYTES));
    }
    struct fh_peer_target target = {.address = pull->address, .node = pull->node};
    mesh->pulling = true;
    fh_peers_ask(mesh->options.peers, &target, &request, FH_REQUEST_MS, pulled, pull);
}

static void pull_beside(struct fh_mesh *mesh, const struct pull *arrived)
{
    if (mesh->quiet || mesh->pulling) {
        return;
    }
    struct fh_catalog_wanted wanted[PULL_LOOK];
    size_t count = 0;
    struct fh_err err;
    if (find_wanted(mesh, arrived, wanted, &count, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "pull.failed", "text=\"%s\"", err.text);
        pull_later(mesh);
        return;
    }
    if (count == 0) {
        return;
    }
    size_t first = choose_wanted(mesh, wanted, count);
    struct pull *pull = fh_calloc(1, sizeof *pull);
    if (pull == NULL || !choose_holder(mesh, &wanted[first].domain, pull)) {
        fh_free(pull);
        pull_later(mesh);
        return;
    }
    pull->mesh = mesh;
    if (choose_contracts(pull, arrived, wanted, count, first, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "pull.failed", "text=\"%s\"", err.text);
    }
    ask_for(mesh, pull);
}

static void pull_now(void *user)
{
    pull_beside(user, NULL);
}

void fh_mesh_pull(struct fh_mesh *mesh)
{
    if (mesh->quiet) {
        return;
    }
    struct fh_err err;
    if (mesh->pull_timer == NULL &&
        fh_timer_new(&mesh->pull_timer, mesh->options.loop, pull_now, mesh, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "pull.failed", "text=\"%s\"", err.text);
        return;
    }
    if (!mesh->pulling) {
        fh_timer_set(mesh->pull_timer, 0); /* from the loop, not from inside the caller */
    }
}
