/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining: redeems the invitation that `init` left in the home, then starts to gossip.
 *
 * The addresses of the invitation are tried in turn, with pauses that grow, for ever: the issuer
 * may be down for a while. A refusal that will not change (used, expired, another name) ends the
 * daemon with the reason.
 */
#include "node/mesh/parts.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "proto/settings/settings.h"

#include <stdio.h>
#include <unistd.h>

enum { RETRY_FIRST_MS = 500, RETRY_MOST_MS = 60000 };

struct fh_joining {
    struct fh_mesh *mesh;
    struct fh_invitation_ticket ticket;
    struct fh_timer *timer;
    unsigned turn;
    int64_t pause_ms;
    bool asking;
    bool over; /* ended while an answer was on its way */
};

static void redeem(void *user);

static void free_joining(struct fh_joining *joining)
{
    fh_invitation_ticket_wipe(&joining->ticket);
    fh_timer_free(joining->timer);
    fh_free(joining);
}

void fh_mesh_joining_end(struct fh_mesh *mesh)
{
    struct fh_joining *joining = FH_TAKE(mesh->joining);
    if (joining == NULL) {
        return;
    }
    if (joining->asking) {
        joining->over = true; /* the answer frees it */
        fh_timer_clear(joining->timer);
    } else {
        free_joining(joining);
    }
}

static bool is_admitted(const struct fh_mesh *mesh)
{
    const struct fh_directory_domain *self = fh_directory_domain(mesh->options.dir, &mesh->domain);
    return self != NULL && self->admitted;
}

/* ---- gossip begins ---- */

struct seeds {
    unsigned count;
    char items[FH_GOSSIP_SEEDS_MAX][FH_ADDRESS_BYTES_MAX + 1];
};

static void add_seed(struct seeds *seeds, const char *address)
{
    for (unsigned i = 0; i < seeds->count; i++) {
        if (strcmp(seeds->items[i], address) == 0) {
            return;
        }
    }
    if (seeds->count < FH_GOSSIP_SEEDS_MAX && address[0] != '\0') {
        snprintf(seeds->items[seeds->count++], sizeof seeds->items[0], "%s", address);
    }
}

static int add_known_peer(void *user, const struct fh_store_peer *peer, struct fh_err *err)
{
    (void)err;
    add_seed(user, peer->address);
    return FH_OK;
}

static int
gossip_with(struct fh_mesh *mesh, const struct fh_invitation_ticket *ticket, struct fh_err *err)
{
    struct seeds *seeds = fh_calloc(1, sizeof *seeds);
    if (seeds == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to start gossip");
    }
    for (unsigned i = 0; ticket != NULL && i < ticket->address_count; i++) {
        add_seed(seeds, ticket->addresses[i]);
    }
    const struct fh_settings_addresses *configured = &mesh->options.settings->peers;
    for (size_t i = 0; i < configured->count; i++) {
        add_seed(seeds, configured->items[i]);
    }
    int rc = fh_store_peers_each(mesh->options.store, add_known_peer, seeds, err);
    if (rc == FH_OK) {
        const char *items[FH_GOSSIP_SEEDS_MAX];
        for (unsigned i = 0; i < seeds->count; i++) {
            items[i] = seeds->items[i];
        }
        rc = fh_mesh_gossip_start(mesh, items, seeds->count, err);
    }
    fh_free(seeds);
    return rc;
}

/* ---- redemption ---- */

/* Many that join at once and find the issuer too busy to greet all of them within FH_HANDSHAKE_MS
 * must not come back all at once: each waits half to one and a half times its pause. */
static void try_again(struct fh_joining *joining, const char *address, const struct fh_err *why)
{
    uint32_t random;
    fh_entropy(&random, sizeof random);
    int64_t wait_ms = joining->pause_ms / 2 + random % joining->pause_ms;
    fh_log(FH_LOG_WARN,
           "join.waiting",
           "address=%s retry_ms=%lld text=\"%s\"",
           address,
           (long long)wait_ms,
           why->text);
    fh_timer_set(joining->timer, fh_clock_mono_ms() + wait_ms);
    joining->pause_ms =
        joining->pause_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : joining->pause_ms * 2;
}

static void admission_taken(void *user, int code, bool is_new, const struct fh_err *err)
{
    (void)user;
    (void)is_new;
    if (code != FH_OK) {
        fh_log(FH_LOG_WARN, "join.record_refused", "rule=%s text=\"%s\"", err->rule, err->text);
    }
}

static int take_admission(struct fh_mesh *mesh, struct fh_pack_reader *fields, struct fh_err *err)
{
    struct fh_msg_bins bins;
    int rc = fh_msg_bins_read(fields, &bins, err);
    struct fh_origin origin = {.bulk = true};
    if (rc == FH_OK) {
        rc = fh_mesh_intake_bulk(mesh, &bins, &origin, admission_taken, NULL, err);
    }
    if (rc == FH_OK && !is_admitted(mesh)) {
        rc = fh_err_rule(
            err, FH_EPROTO, "join.not_admitted", "the answer does not admit this domain");
    }
    return rc;
}

static void redeemed(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct fh_joining *joining = user;
    struct fh_mesh *mesh = joining->mesh;
    joining->asking = false;
    if (joining->over) {
        free_joining(joining);
        return;
    }
    const struct fh_invitation_ticket *ticket = &joining->ticket;
    const char *address = ticket->addresses[joining->turn % ticket->address_count];
    joining->turn++;
    struct fh_err err;
    int rc;
    if (failure != NULL) {
        err = *failure;
        rc = err.code;
    } else {
        rc = take_admission(mesh, fields, &err);
    }
    if (rc == FH_OK) {
        rc = gossip_with(mesh, ticket, &err);
    }
    if (rc == FH_OK) {
        char path[FH_HOME_PATH_BYTES];
        unlink(fh_home_path(path, mesh->options.home, FH_HOME_INVITATION));
        const struct fh_charter *charter = fh_directory_charter(mesh->options.dir, NULL);
        fh_log(FH_LOG_INFO,
               "joined",
               "mesh=%s through=%s",
               charter == NULL ? "" : charter->title,
               address);
        fh_mesh_joining_end(mesh);
    } else if (rc == FH_EDENIED || rc == FH_ESIG || rc == FH_EEXIST) {
        fh_err_wrap(&err, "joining through %s", address);
        mesh->options.refused(&err, mesh->options.user);
    } else {
        try_again(joining, address, &err);
    }
}

static bool
add_own_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    fh_pack_bin(user, bytes);
    return fh_buf_ok(user) == FH_OK;
}

static bool
count_own_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    (void)bytes;
    uint32_t *count = user;
    (*count)++;
    return true;
}

static void redeem(void *user)
{
    struct fh_joining *joining = user;
    struct fh_mesh *mesh = joining->mesh;
    const struct fh_invitation_ticket *ticket = &joining->ticket;
    const char *name = mesh->options.settings->domain;
    struct fh_signature proof;
    fh_redemption_sign(&proof, ticket->seed, &mesh->id, &mesh->domain, name);
    uint32_t count = 0;
    int64_t until_ms = fh_mesh_due_until();
    struct fh_directory *dir = mesh->options.dir;
    fh_directory_each_of_due(dir, &mesh->domain, until_ms, count_own_record, &count);
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_redeem_request(&request, fh_bytes(ticket->record, ticket->record_size), name, &proof);
    fh_pack_array(&request, count);
    fh_directory_each_of_due(dir, &mesh->domain, until_ms, add_own_record, &request);
    struct fh_peer_target target = {
        .address = ticket->addresses[joining->turn % ticket->address_count],
        .guest = ticket->issuer,
    };
    joining->asking = true;
    fh_peers_ask(mesh->options.peers, &target, &request, FH_REQUEST_MS, redeemed, joining);
}

static int read_ticket(struct fh_joining *joining, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, FH_INVITATION_FILE_BYTES_MAX);
    fh_home_path(path, joining->mesh->options.home, FH_HOME_INVITATION);
    int rc = fh_file_read_secret(path, &text, err);
    if (rc == FH_ENOTFOUND) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "join.invitation.missing",
                           "this domain is not admitted to the mesh and %s is not there; run: "
                           "freehold init --join FILE",
                           path);
    }
    if (rc == FH_OK) {
        rc = fh_invitation_parse(&joining->ticket, NULL, fh_buf_view(&text), err);
    }
    if (rc == FH_OK && !fh_mesh_id_equal(&joining->ticket.mesh, &joining->mesh->id)) {
        rc = fh_err_rule(
            err, FH_EINVAL, "join.invitation.mesh", "%s is for another mesh than this home", path);
    }
    if (rc == FH_OK && joining->ticket.address_count == 0) {
        rc = fh_err_rule(err,
                         FH_EINVAL,
                         "join.invitation.address",
                         "%s names no address; ask for one made on a home that listens",
                         path);
    }
    fh_wipe(text.data, text.size);
    return rc;
}

int fh_mesh_join(struct fh_mesh *mesh, struct fh_err *err)
{
    if (is_admitted(mesh)) {
        return gossip_with(mesh, NULL, err);
    }
    struct fh_joining *joining = fh_calloc(1, sizeof *joining);
    if (joining == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to join");
    }
    joining->mesh = mesh;
    joining->pause_ms = RETRY_FIRST_MS;
    int rc = read_ticket(joining, err);
    if (rc == FH_OK) {
        rc = fh_timer_new(&joining->timer, mesh->options.loop, redeem, joining, err);
    }
    if (rc != FH_OK) {
        free_joining(joining);
        return rc;
    }
    mesh->joining = joining;
    fh_timer_set(joining->timer, 0);
    return FH_OK;
}

int fh_mesh_start(struct fh_mesh *mesh, struct fh_udp *udp, struct fh_err *err)
{
    mesh->udp = udp;
    return fh_mesh_join(mesh, err);
}
