/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity records that are missing here, as a refused record shows: asked for by domain.
 *
 * Rumours of identity records can be lost, and fingerprints tell so only after seconds. So the
 * domain's records are asked of whoever brought the refused one, then of the domain's own node,
 * then of others, with pauses that grow, until the signer is known or TRIES_MAX are spent. What a
 * domain still lacks after that is looked for again only after REST_MS: somebody may sign with keys
 * that nobody has.
 */
#include "node/mesh/parts.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"

#include <stdio.h>

enum {
    LACKS_MAX = 32,      /* domains at once; others wait for the next synchronisation */
    TRIES_MAX = 8,       /* of one domain: half a minute */
    FIRST_WAIT_MS = 100, /* half a tick of gossip: most often it was only overtaken */
    LAST_WAIT_MS = 8000, /* between tries they double up to this */
    REST_MS = 60 * 1000, /* as often as a synchronisation comes by itself */
};

struct lack {
    struct fh_domain_id domain;
    struct fh_node_id from; /* who brought what was refused */
    struct fh_ref key;      /* its signer */
    bool has_key;           /* else only the tries are counted */
    bool has_record;        /* it is itself what has to come again: a manifest */
    struct fh_record_id record;
    bool of_admitted; /* the signer's domain must be admitted too */
    bool of_member;   /* it was a node's own record: no member is known of the domain */
    bool asking;
    unsigned tries;
    int64_t due_ms;
};

struct fh_mesh_lacks {
    struct fh_timer *timer;
    unsigned count;
    struct lack items[LACKS_MAX];
};

/* ---- the table ---- */

static struct lack *find(struct fh_mesh_lacks *lacks, const struct fh_domain_id *domain)
{
    for (unsigned i = 0; i < lacks->count; i++) {
        if (fh_domain_id_equal(&lacks->items[i].domain, domain)) {
            return &lacks->items[i];
        }
    }
    return NULL;
}

static void drop(struct fh_mesh_lacks *lacks, struct lack *lack)
{
    *lack = lacks->items[--lacks->count];
}

/* Room for one more: domains that nobody admitted, and those at rest, give way. */
static struct lack *place(struct fh_mesh *mesh)
{
    struct fh_mesh_lacks *lacks = mesh->lacks;
    for (unsigned i = 0; lacks->count == LACKS_MAX && i < lacks->count; i++) {
        struct lack *lack = &lacks->items[i];
        const struct fh_directory_domain *domain =
            fh_directory_domain(mesh->options.dir, &lack->domain);
        if (!lack->asking && (domain == NULL || !domain->admitted || lack->tries >= TRIES_MAX)) {
            drop(lacks, lack);
        }
    }
    return lacks->count == LACKS_MAX ? NULL : &lacks->items[lacks->count++];
}

static void wake(struct fh_mesh_lacks *lacks)
{
    int64_t due_ms = INT64_MAX;
    for (unsigned i = 0; i < lacks->count; i++) {
        const struct lack *lack = &lacks->items[i];
        due_ms = !lack->asking && lack->due_ms < due_ms ? lack->due_ms : due_ms;
    }
    if (due_ms == INT64_MAX) {
        fh_timer_clear(lacks->timer);
    } else {
        fh_timer_set(lacks->timer, due_ms);
    }
}

static int64_t wait_ms(unsigned tries)
{
    int64_t wait = FIRST_WAIT_MS;
    for (unsigned i = 0; i < tries && wait < LAST_WAIT_MS; i++) {
        wait *= 2;
    }
    return tries >= TRIES_MAX ? REST_MS : wait;
}

/* ---- asking ---- */

struct asking {
    struct fh_mesh *mesh;
    struct fh_domain_id domain;
    struct fh_node_id node;
    char address[FH_ADDRESS_BYTES_MAX + 1];
    unsigned added;
};

static bool is_missing(const struct fh_mesh *mesh, const struct lack *lack)
{
    if (lack->has_record) {
        return fh_directory_record(mesh->options.dir, &lack->record).size == 0;
    }
    if (!lack->has_key) {
        return true;
    }
    struct fh_err err;
    int64_t wall = fh_clock_wall_ms();
    struct fh_directory *dir = mesh->options.dir;
    int rc =
        lack->of_admitted
            ? fh_directory_signer(dir, &lack->key, &lack->domain, wall, FH_ROLES_ALL, NULL, &err)
            : fh_directory_signer_of_stranger(
                  dir, &lack->key, &lack->domain, wall, FH_ROLES_ALL, NULL, &err);
    return rc != FH_OK && fh_mesh_lacks_identity(&err);
}

static void record_taken(void *user, int code, bool is_new, const struct fh_err *err)
{
    struct asking *asking = user;
    if (code == FH_OK) {
        asking->added += is_new;
    } else {
        fh_log(FH_LOG_DEBUG,
               "identity.record_refused",
               "from=%s rule=%s text=\"%s\"",
               asking->address,
               err->rule,
               err->text);
    }
}

static void
take_answer(struct asking *asking, struct fh_pack_reader *fields, const struct fh_err *failure)
{
    struct fh_mesh *mesh = asking->mesh;
    struct fh_msg_bins bins;
    struct fh_err err;
    int rc = FH_OK;
    if (failure != NULL) {
        err = *failure;
        rc = failure->code;
    } else {
        rc = fh_msg_bins_read(fields, &bins, &err);
    }
    if (rc == FH_OK) {
        struct fh_origin origin = {.node = asking->node, .bulk = true};
        rc = fh_mesh_intake_bulk(mesh, &bins, &origin, record_taken, asking, &err);
    }
    if (rc != FH_OK) {
        asking->added = 0;
        fh_log(
            FH_LOG_DEBUG, "identity.not_fetched", "from=%s text=\"%s\"", asking->address, err.text);
    }
}

static void fetched(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct asking *asking = user;
    struct fh_mesh *mesh = asking->mesh;
    if (!mesh->quiet) {
        take_answer(asking, fields, failure);
    }
    struct lack *lack = find(mesh->lacks, &asking->domain);
    FH_ASSERT(lack != NULL); /* what is asked for stays in the table */
    lack->asking = false;
    if (asking->added > 0) {
        char id[FH_ID_TEXT_BYTES];
        fh_domain_id_text(id, &asking->domain);
        fh_log(FH_LOG_INFO,
               "identity.fetched",
               "domain=%s from=%s new=%u",
               id,
               asking->address,
               asking->added);
        drop(mesh->lacks, lack);
        /* What was refused for want of these comes again: contracts because they are missing. */
        mesh->pull_turn = 0;
        fh_mesh_pull(mesh);
        fh_mesh_sync(mesh, &asking->node, asking->address, false);
    } else {
        lack->tries++;
        lack->due_ms = fh_clock_mono_ms() + wait_ms(lack->tries);
    }
    if (!mesh->quiet) {
        wake(mesh->lacks);
    }
    fh_free(asking);
}

/* Somebody who answers, beginning anywhere. */
static bool choose_any(struct fh_mesh *mesh, struct fh_node_id *out_node, const char **out_address)
{
    unsigned slots = mesh->gossip == NULL ? 0 : fh_gossip_member_slots(mesh->gossip);
    unsigned start = 0;
    fh_entropy(&start, sizeof start);
    for (unsigned i = 0; i < slots; i++) {
        struct fh_gossip_member member;
        if (fh_gossip_member_at(mesh->gossip, (start % slots + i) % slots, &member) &&
            !member.self && fh_mesh_address(mesh, &member.node, out_address)) {
            *out_node = member.node;
            return true;
        }
    }
    return false;
}

static bool choose(struct fh_mesh *mesh,
                   const struct lack *lack,
                   struct fh_node_id *out_node,
                   const char **out_address)
{
    unsigned turn = lack->tries % 3;
    if (turn == 0 && !fh_node_id_equal(&lack->from, &mesh->node) &&
        fh_mesh_address(mesh, &lack->from, out_address)) {
        *out_node = lack->from;
        return true;
    }
    if (turn < 2 && !fh_domain_id_equal(&lack->domain, &mesh->domain) &&
        fh_mesh_node_of(mesh, &lack->domain, out_node, out_address)) {
        return true;
    }
    return choose_any(mesh, out_node, out_address);
}

static void ask(struct fh_mesh *mesh, struct lack *lack)
{
    const char *address;
    struct asking *asking = fh_calloc(1, sizeof *asking);
    if (asking == NULL || !choose(mesh, lack, &asking->node, &address)) {
        fh_free(asking);
        lack->tries++;
        lack->due_ms = fh_clock_mono_ms() + wait_ms(lack->tries);
        return;
    }
    asking->mesh = mesh;
    asking->domain = lack->domain;
    snprintf(asking->address, sizeof asking->address, "%s", address);
    lack->asking = true;
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 256);
    fh_msg_identity_request(&request, &asking->domain);
    struct fh_peer_target target = {.address = asking->address, .node = asking->node};
    fh_peers_ask(mesh->options.peers, &target, &request, FH_REQUEST_MS, fetched, asking);
}

/* What was refused meanwhile has to come again: contracts because they are missing, members with a
 * synchronisation unless another copy has brought them. */
static void came_by_itself(struct fh_mesh *mesh, struct lack *lack)
{
    struct fh_node_id node;
    const char *address;
    bool met = !lack->of_member || fh_mesh_node_of(mesh, &lack->domain, &node, &address);
    drop(mesh->lacks, lack);
    fh_mesh_pull(mesh);
    if (!met && choose_any(mesh, &node, &address)) {
        fh_mesh_sync(mesh, &node, address, false);
    }
}

static void on_due(void *user)
{
    struct fh_mesh *mesh = user;
    int64_t now_ms = fh_clock_mono_ms();
    for (unsigned i = mesh->lacks->count; i-- > 0;) {
        struct lack *lack = &mesh->lacks->items[i];
        if (lack->asking || lack->due_ms > now_ms) {
            continue;
        }
        if (lack->tries >= TRIES_MAX) {
            drop(mesh->lacks, lack);
        } else if (!is_missing(mesh, lack)) {
            came_by_itself(mesh, lack);
        } else {
            ask(mesh, lack);
        }
    }
    wake(mesh->lacks);
}

/* ---- what others call ---- */

/* The place of this domain, which may be new and then empty; NULL: the next synchronisation brings
 * it. */
static struct lack *
lack_of(struct fh_mesh *mesh, const struct fh_domain_id *domain, bool *out_is_new)
{
    struct fh_err err;
    if (mesh->quiet || mesh->gossip == NULL || fh_domain_id_is_zero(domain)) {
        return NULL;
    }
    if (mesh->lacks == NULL) {
        mesh->lacks = fh_calloc(1, sizeof *mesh->lacks);
        if (mesh->lacks == NULL ||
            fh_timer_new(&mesh->lacks->timer, mesh->options.loop, on_due, mesh, &err) != FH_OK) {
            fh_free(FH_TAKE(mesh->lacks));
            return NULL;
        }
    }
    struct lack *lack = find(mesh->lacks, domain);
    *out_is_new = lack == NULL;
    return lack == NULL ? place(mesh) : lack;
}

void fh_mesh_want_identity(struct fh_mesh *mesh,
                           const struct fh_domain_id *domain,
                           const struct fh_record *refused,
                           const struct fh_err *why,
                           const struct fh_node_id *from)
{
    bool is_new = false;
    struct lack *lack = lack_of(mesh, domain, &is_new);
    if (lack == NULL) {
        return;
    }
    if (!is_new) {
        if (refused->type == FH_RECORD_MANIFEST) {
            lack->has_record = true; /* the key that it waits for comes without it */
            lack->record = refused->id;
        }
        return;
    }
    bool of_catalogue = refused->type == FH_RECORD_ANNOUNCEMENT ||
                        refused->type == FH_RECORD_CONTRACT ||
                        refused->type == FH_RECORD_MEASUREMENT;
    *lack = (struct lack){
        .domain = *domain,
        .from = *from,
        .key = refused->signatures[0].key,
        .has_key =
            refused->type != FH_RECORD_ADMISSION && strcmp(why->rule, "identity.grants") != 0,
        .has_record = refused->type == FH_RECORD_MANIFEST,
        .record = refused->id,
        .of_admitted = of_catalogue,
        .due_ms = fh_clock_mono_ms() + FIRST_WAIT_MS,
    };
    wake(mesh->lacks);
}

void fh_mesh_want_member(struct fh_mesh *mesh,
                         const struct fh_domain_id *domain,
                         const struct fh_ref *key)
{
    bool is_new = false;
    struct lack *lack = lack_of(mesh, domain, &is_new);
    if (lack != NULL && is_new) {
        *lack = (struct lack){.domain = *domain,
                              .from = mesh->node, /* not known: whoever knows */
                              .key = *key,
                              .has_key = true,
                              .of_admitted = true,
                              .of_member = true,
                              .due_ms = fh_clock_mono_ms() + FIRST_WAIT_MS};
        wake(mesh->lacks);
    }
}

void fh_mesh_lacks_quiesce(struct fh_mesh *mesh)
{
    if (mesh->lacks != NULL) {
        fh_timer_clear(mesh->lacks->timer);
    }
}

void fh_mesh_lacks_end(struct fh_mesh *mesh)
{
    if (mesh->lacks != NULL) {
        fh_timer_free(mesh->lacks->timer);
        fh_free(FH_TAKE(mesh->lacks));
    }
}

bool fh_mesh_lacks_identity(const struct fh_err *err)
{
    if (err->code == FH_ENOTFOUND) {
        return strncmp(err->rule, "identity.missing.", 17) == 0 ||
               strcmp(err->rule, "record.signer.domain") == 0;
    }
    return strcmp(err->rule, "record.signer.unknown") == 0 ||
           strcmp(err->rule, "domain.not_admitted") == 0 ||
           strcmp(err->rule, "identity.grants") == 0;
}
