/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way in for records, whoever brought them.
 */
#include "node/mesh/parts.h"

#include "common/log.h"
#include "common/time.h"
#include "node/mesh/opening.h"
#include "node/state/store_catalog.h"
#include "proto/contract/contract_record.h"

int64_t fh_mesh_due_until(void)
{
    return fh_clock_wall_ms() + FH_DELEGATION_AHEAD_MS;
}

/* Whether others should hold the identity record now; later a synchronisation brings it. */
static bool is_due(const struct fh_record *record)
{
    struct fh_delegation delegation;
    struct fh_err err;
    return record->type != FH_RECORD_DELEGATION ||
           fh_delegation_decode(&delegation, record, &err) != FH_OK ||
           delegation.not_before_ms <= fh_mesh_due_until();
}

/* How much it matters that the others hear of an identity record soon. What begins to hold another
 * day gives way to everything else: a
 * few newcomers' would otherwise hold up all news for seconds. */
static enum fh_rumour_class class_of(const struct fh_record *record, int64_t wall_ms)
{
    struct fh_delegation delegation;
    struct fh_err err;
    if (record->type == FH_RECORD_REVOCATION || record->type == FH_RECORD_KEY ||
        record->type == FH_RECORD_MANIFEST || record->type == FH_RECORD_CHARTER ||
        record->type == FH_RECORD_PROPOSAL || record->type == FH_RECORD_VOTE ||
        record->type == FH_RECORD_TOKEN_END) {
        return FH_RUMOUR_URGENT;
    }
    bool later = record->type == FH_RECORD_DELEGATION &&
                 fh_delegation_decode(&delegation, record, &err) == FH_OK &&
                 delegation.not_before_ms > wall_ms;
    return later ? FH_RUMOUR_REFRESH : FH_RUMOUR_MEMBERS;
}

static void review_names(struct fh_mesh *mesh)
{
    struct fh_err err;
    if (fh_names_review(mesh->options.names, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "names.not_read", "text=\"%s\"", err.text);
    }
}

void fh_mesh_tell_taken(struct fh_mesh *mesh,
                        const struct fh_record *record,
                        const struct fh_domain_id *domain,
                        const struct fh_origin *origin)
{
    bool here = fh_node_id_is_zero(&origin->node);
    if (mesh->options.taken != NULL && !here) {
        mesh->options.taken(record, domain, &origin->node, mesh->options.user);
    }
}

/* Two domains were admitted under one name, at different places: the first that came here keeps it,
 * and the admission of the other is kept as a proof too. */
static void keep_contest(struct fh_mesh *mesh,
                         const struct fh_record *record,
                         const struct fh_domain_id *domain,
                         int64_t wall_ms)
{
    struct fh_err err;
    char id[FH_ID_TEXT_BYTES];
    bool held = false;
    const struct fh_store_record proof = {.id = record->id,
                                          .type = record->type,
                                          .domain = *domain,
                                          .bytes = record->bytes,
                                          .received_ms = wall_ms};
    if (fh_store_proof_held(mesh->options.store, &record->id, &held, &err) != FH_OK || held) {
        return;
    }
    fh_domain_id_text(id, domain);
    if (fh_store_proof_put(mesh->options.store, FH_PROOF_NAME_TAKEN, &proof, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "proof.not_stored", "text=\"%s\"", err.text);
    }
    fh_log(FH_LOG_ERROR, "name.contested", "other=%s", id);
    review_names(mesh);
}

/* A domain is in all the same when its name was another's here: the name is stopped. */
static int pin(struct fh_mesh *mesh,
               const struct fh_directory_domain *domain,
               int64_t wall_ms,
               struct fh_err *err)
{
    int rc = domain->name[0] == '\0'
                 ? FH_OK
                 : fh_store_pin(mesh->options.store, domain->name, &domain->id, wall_ms, err);
    if (rc == FH_ESIG) {
        fh_log(FH_LOG_ERROR, err->rule, "text=\"%s\"", err->text);
        review_names(mesh);
        rc = FH_OK;
    }
    return rc;
}

/* Its admission is in the directory, and in the store. */
static int take_domain(struct fh_mesh *mesh,
                       const struct fh_record *admission,
                       const struct fh_directory_outcome *outcome,
                       int64_t wall_ms,
                       struct fh_err *err)
{
    const struct fh_directory_domain *domain =
        fh_directory_domain(mesh->options.dir, &outcome->domain);
    int rc = FH_OK;
    if (domain != NULL && domain->admitted) {
        char id[FH_ID_TEXT_BYTES];
        fh_domain_id_text(id, &domain->id);
        fh_log(FH_LOG_INFO, "domain.admitted", "domain=%s id=%s", domain->given_name, id);
        rc = pin(mesh, domain, wall_ms, err);
    }
    if (outcome->name_taken) {
        keep_contest(mesh, admission, &outcome->domain, wall_ms);
    }
    return rc;
}

/* The charter that the vote at hand has completed: nobody sent it. */
static int keep_completed(struct fh_mesh *mesh,
                          const struct fh_record_id *id,
                          int64_t wall_ms,
                          struct fh_err *err)
{
    const struct fh_store_record kept = {.id = *id,
                                         .type = FH_RECORD_CHARTER,
                                         .bytes = fh_directory_record(mesh->options.dir, id),
                                         .received_ms = wall_ms};
    int rc = fh_store_record_put(mesh->options.store, &kept, err);
    fh_mesh_charter_news(mesh, id, true);
    fh_mesh_review(mesh);
    return rc;
}

/* The directory and the store have it: all that follows from it. */
static int follow_identity(struct fh_mesh *mesh,
                           const struct fh_record *record,
                           const struct fh_directory_outcome *outcome,
                           const struct fh_origin *origin,
                           int64_t wall,
                           struct fh_err *err)
{
    int rc = FH_OK;
    if (outcome->type == FH_RECORD_CHARTER || fh_domain_id_equal(&outcome->domain, &mesh->domain)) {
        fh_mesh_tell_taken(mesh, record, &outcome->domain, origin);
    }
    if (outcome->type == FH_RECORD_ADMISSION) {
        rc = take_domain(mesh, record, outcome, wall, err);
    }
    if (outcome->type == FH_RECORD_CHARTER) {
        struct fh_err why;
        if (fh_names_pin(mesh->options.names, wall, &why) != FH_OK) {
            fh_log(FH_LOG_ERROR, "names.not_read", "text=\"%s\"", why.text);
        }
    }
    if (rc == FH_OK && !fh_record_id_is_zero(&outcome->completed)) {
        rc = keep_completed(mesh, &outcome->completed, wall, err);
    } else if (outcome->type == FH_RECORD_CHARTER) {
        fh_mesh_charter_news(mesh, &outcome->id, !origin->bulk);
    }
    if (outcome->type == FH_RECORD_TOKEN_END) {
        char id[FH_ID_SHORT_BYTES];
        fh_record_id_short(id, &outcome->id);
        fh_log(FH_LOG_INFO, "token.ended", "record=%s", id);
    }
    if (outcome->result == FH_DIRECTORY_FORKED && outcome->type == FH_RECORD_KEY) {
        char id[FH_ID_TEXT_BYTES];
        fh_domain_id_text(id, &outcome->domain);
        fh_log(FH_LOG_ERROR, "domain.frozen", "id=%s reason=duplicity", id);
    }
    if (outcome->type == FH_RECORD_REVOCATION || outcome->type == FH_RECORD_CHARTER ||
        outcome->type == FH_RECORD_ADMISSION || outcome->type == FH_RECORD_KEY ||
        outcome->type == FH_RECORD_MANIFEST || outcome->type == FH_RECORD_TOKEN_END ||
        outcome->result == FH_DIRECTORY_FORKED) {
        fh_mesh_review(mesh);
    }
    fh_mesh_judge_strangers(mesh);
    if (!origin->bulk && is_due(record) && record->type != FH_RECORD_CHARTER) {
        fh_mesh_spread(mesh, record->bytes, class_of(record, wall));
    }
    return rc;
}

/* A session or a request for access brings identity records into the directory alone, where they
 * would be gone after a restart, and others would not hear of them: whoever brings such a one again
 * brings it for the first time. `out` is empty for what needs nothing more; else the record as the
 * directory verified it, since an id does not cover signatures. */
static int find_unkept(struct fh_mesh *mesh,
                       const struct fh_record_id *id,
                       struct fh_record *out,
                       struct fh_err *err)
{
    struct fh_bytes bytes = fh_directory_record(mesh->options.dir, id);
    bool held = true;
    int rc = bytes.size == 0 ? FH_OK : fh_store_record_held(mesh->options.store, id, &held, err);
    out->bytes = FH_BYTES_NONE;
    return rc == FH_OK && !held ? fh_record_parse(out, bytes, &mesh->id, err) : rc;
}

static int take_identity(struct fh_mesh *mesh,
                         const struct fh_record *record,
                         const struct fh_origin *origin,
                         bool *out_new,
                         struct fh_err *err)
{
    int64_t wall = fh_clock_wall_ms();
    struct fh_directory_outcome outcome;
    struct fh_record unkept;
    int rc = fh_directory_add(mesh->options.dir, record->bytes, wall, &outcome, err);
    if (rc != FH_OK) {
        bool votes_early = !fh_record_id_is_zero(&outcome.wanted); /* a synchronisation helps */
        if (fh_mesh_lacks_identity(err) && !votes_early) {
            fh_mesh_want_identity(mesh, &outcome.domain, record, err, &origin->node);
        }
        return rc;
    }
    if (outcome.result == FH_DIRECTORY_KNOWN) {
        rc = find_unkept(mesh, &outcome.id, &unkept, err);
        if (rc != FH_OK || unkept.bytes.size == 0) {
            return rc;
        }
        record = &unkept;
    }
    struct fh_store_record kept = {
        .id = outcome.id,
        .type = outcome.type,
        .domain = outcome.domain,
        .bytes = record->bytes,
        .received_ms = wall,
    };
    rc = fh_store_record_put(mesh->options.store, &kept, err);
    if (rc != FH_OK) {
        return rc;
    }
    *out_new = true;
    return follow_identity(mesh, record, &outcome, origin, wall, err);
}

static int take_announcement(struct fh_mesh *mesh,
                             struct fh_bytes record,
                             const struct fh_origin *origin,
                             bool *out_new,
                             struct fh_err *err)
{
    struct fh_catalog_outcome outcome;
    int rc = fh_catalog_announce(mesh->options.catalog, record, fh_clock_wall_ms(), &outcome, err);
    if (rc != FH_OK) {
        return rc;
    }
    if (outcome.result == FH_CATALOG_KNOWN) {
        return FH_OK;
    }
    *out_new = true;
    fh_mesh_held_changed(mesh);
    if (!origin->bulk) {
        fh_mesh_spread(mesh, record, FH_RUMOUR_PRODUCTS);
    }
    if (!fh_record_id_is_zero(&outcome.wanted)) {
        fh_mesh_pull(mesh);
    }
    fh_mesh_retry_early(mesh, &outcome.key);
    return FH_OK;
}

static int
take_contract(struct fh_mesh *mesh, struct fh_bytes record, bool *out_new, struct fh_err *err)
{
    struct fh_catalog_outcome outcome = {0};
    int rc =
        fh_catalog_contract(mesh->options.catalog, record, NULL, fh_clock_wall_ms(), &outcome, err);
    if (!fh_record_id_is_zero(&outcome.wanted)) {
        fh_mesh_pull(mesh);
    }
    if (rc == FH_EFORK && outcome.result == FH_CATALOG_FORKED) {
        *out_new = true;
        fh_mesh_fork_found(mesh, &outcome);
    }
    if (rc == FH_OK && outcome.result != FH_CATALOG_KNOWN) {
        *out_new = true;
        fh_log(FH_LOG_INFO,
               "contract.held",
               "product=%s major=%u",
               outcome.key.product,
               (unsigned)outcome.key.major);
    }
    return rc;
}

static int take_member(struct fh_mesh *mesh,
                       struct fh_bytes record,
                       const struct fh_origin *origin,
                       struct fh_err *err)
{
    if (mesh->gossip == NULL) {
        return fh_err_rule(err, FH_ESTATE, "mesh.not_joined", "this node has not joined yet");
    }
    struct fh_gossip_event event = {.kind = FH_GOSSIP_RECORD};
    event.u.record.from = origin->node;
    fh_mesh_gossip_later(mesh, &event, record);
    return FH_OK; /* the core judges it in its own step and counts what it refuses */
}

/* Which domain a record of the catalogue says it is of. */
static bool states_domain(const struct fh_record *record, struct fh_domain_id *out)
{
    struct fh_announcement announcement;
    struct fh_contract_record contract;
    struct fh_measurement measurement;
    struct fh_err err;
    if (record->type == FH_RECORD_ANNOUNCEMENT &&
        fh_announce_parse(&announcement, record->payload, &err) == FH_OK) {
        *out = announcement.domain;
        return true;
    }
    if (record->type == FH_RECORD_CONTRACT &&
        fh_contract_record_parse(&contract, record->payload, &err) == FH_OK) {
        *out = contract.domain;
        return true;
    }
    if (record->type == FH_RECORD_MEASUREMENT &&
        fh_measurement_parse(&measurement, record->payload, &err) == FH_OK) {
        *out = measurement.domain;
        return true;
    }
    return false;
}

static int take(struct fh_mesh *mesh,
                const struct fh_record *parsed,
                const struct fh_origin *origin,
                bool *out_new,
                struct fh_err *err)
{
    struct fh_bytes record = parsed->bytes;
    switch (parsed->type) {
    case FH_RECORD_KEY:
    case FH_RECORD_DELEGATION:
    case FH_RECORD_REVOCATION:
    case FH_RECORD_CHARTER:
    case FH_RECORD_ADMISSION:
    case FH_RECORD_MANIFEST:
    case FH_RECORD_PROPOSAL:
    case FH_RECORD_VOTE:
    case FH_RECORD_TOKEN_END:
        return take_identity(mesh, parsed, origin, out_new, err);
    case FH_RECORD_ALIVE:
    case FH_RECORD_LEAVE:
    case FH_RECORD_SUSPECT:
        return take_member(mesh, record, origin, err);
    case FH_RECORD_ANNOUNCEMENT:
        return take_announcement(mesh, record, origin, out_new, err);
    case FH_RECORD_CONTRACT:
        return take_contract(mesh, record, out_new, err);
    case FH_RECORD_MEASUREMENT:
        return fh_mesh_take_measurement(mesh, record, origin, out_new, err);
    case FH_RECORD_MESH_POLICY:
    case FH_RECORD_WAIVER:
        return fh_mesh_take_agreed(mesh, parsed, origin, out_new, err);
    default:
        return fh_err_rule(err,
                           FH_EINVAL,
                           "record.type",
                           "records of type %s do not travel by themselves",
                           fh_record_type_text(parsed->type));
    }
}

int fh_mesh_intake(struct fh_mesh *mesh,
                   struct fh_bytes record,
                   const struct fh_origin *origin,
                   bool *out_new,
                   struct fh_err *err)
{
    *out_new = false;
    struct fh_record parsed;
    struct fh_domain_id domain;
    int rc = fh_record_parse(&parsed, record, &mesh->id, err);
    if (rc == FH_OK) {
        rc = take(mesh, &parsed, origin, out_new, err);
    }
    if (rc != FH_OK && fh_mesh_lacks_identity(err) && states_domain(&parsed, &domain)) {
        fh_mesh_want_identity(mesh, &domain, &parsed, err, &origin->node);
    }
    return rc;
}

static bool may_be_stated(unsigned type)
{
    static const unsigned types[] = {FH_RECORD_KEY,
                                     FH_RECORD_MANIFEST,
                                     FH_RECORD_DELEGATION,
                                     FH_RECORD_REVOCATION,
                                     FH_RECORD_PROPOSAL,
                                     FH_RECORD_VOTE,
                                     FH_RECORD_TOKEN_END};
    for (size_t i = 0; i < FH_COUNT(types); i++) {
        if (types[i] == type) {
            return true;
        }
    }
    return false;
}

int fh_mesh_identity(struct fh_mesh *mesh,
                     struct fh_bytes record,
                     bool *out_new,
                     struct fh_err *err)
{
    struct fh_origin origin = {.bulk = false};
    struct fh_record parsed;
    int rc = fh_record_parse(&parsed, record, &mesh->id, err);
    if (rc == FH_OK && !may_be_stated(parsed.type)) {
        rc = fh_err_rule(err,
                         FH_EINVAL,
                         "record.type",
                         "expected what the holder of a domain key signs (a key event, manifest, "
                         "delegation, revocation, proposal or vote) or the end of a token, not a "
                         "record of type %s",
                         fh_record_type_text(parsed.type));
    }
    if (rc == FH_OK) {
        rc = take_identity(mesh, &parsed, &origin, out_new, err);
    }
    return rc;
}

static int take_all(struct fh_mesh *mesh,
                    struct fh_msg_bins records,
                    const struct fh_origin *origin,
                    enum fh_store_durability durability,
                    struct fh_opening *opening,
                    fh_mesh_taken_fn *each,
                    void *user,
                    struct fh_err *err)
{
    struct fh_store *store = mesh->options.store;
    int rc = fh_store_begin(store, durability, err);
    if (rc != FH_OK) {
        return rc;
    }
    struct fh_bytes record;
    for (unsigned i = 0; fh_msg_bins_next(&records, &record); i++) {
        bool is_new;
        struct fh_err why;
        fh_catalog_offer(mesh->options.catalog, record, fh_opening_take(opening, i));
        rc = fh_mesh_intake(mesh, record, origin, &is_new, &why);
        if (each != NULL) {
            each(user, rc, is_new, &why);
        }
    }
    fh_catalog_offer(mesh->options.catalog, FH_BYTES_NONE, NULL);
    rc = fh_store_commit(store, err);
    if (rc != FH_OK) {
        struct fh_err second;
        if (fh_catalog_reload(mesh->options.catalog, &second) != FH_OK) {
            fh_log(FH_LOG_ERROR, "catalogue.not_read", "text=\"%s\"", second.text);
        }
        fh_mesh_held_changed(mesh);
    }
    return rc;
}

int fh_mesh_intake_bulk(struct fh_mesh *mesh,
                        const struct fh_msg_bins *records,
                        const struct fh_origin *origin,
                        fh_mesh_taken_fn *each,
                        void *user,
                        struct fh_err *err)
{
    /* A step may store the node's generation, which must be durable before the step's datagrams
     * leave, and cannot be inside a lazy transaction. */
    fh_mesh_gossip_pause(mesh);
    struct fh_opening *opening = fh_opening_begin(mesh->options.loop, &mesh->id, records);
    int rc = take_all(mesh, *records, origin, FH_STORE_BULK, opening, each, user, err);
    if (rc != FH_OK && strcmp(err->rule, "store.undone") == 0) {
        /* One of them failed after it had written: each may then fail for itself. */
        rc = take_all(mesh, *records, origin, FH_STORE_LAZY, opening, each, user, err);
    }
    fh_opening_end(opening);
    fh_mesh_gossip_resume(mesh);
    return rc;
}
