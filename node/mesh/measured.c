/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measurements: taken in, passed on, and all their results handed out.
 *
 * A measurement is made right after its product was announced, and a datagram may bring it first.
 * The few that are early wait here for their announcement; what is lost of them, the next
 * synchronisation brings. Results do not spread: whoever is asked for some fetches them from the
 * owner, and keeps them for the next one who asks and for the day when the owner is gone.
 */
#include "node/mesh/parts.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"

#include <stdio.h>

enum { ANSWER_BYTES_MAX = FH_MEASUREMENT_RESULTS_BYTES_MAX + FH_RECORD_GOSSIP_BYTES_MAX + 64 };

/* ---- taking in ---- */

struct early {
    struct fh_announce_key key;
    struct fh_node_id from;
    size_t size; /* 0: free place */
    uint8_t bytes[FH_RECORD_GOSSIP_BYTES_MAX];
};

struct fh_mesh_early {
    unsigned next; /* place that is taken next, whatever is there */
    struct early items[FH_MEASUREMENT_EARLY_MAX];
};

static void keep_early(struct fh_mesh *mesh,
                       const struct fh_announce_key *key,
                       struct fh_bytes record,
                       const struct fh_origin *origin)
{
    if (mesh->early == NULL) {
        mesh->early = fh_calloc(1, sizeof *mesh->early);
    }
    if (mesh->early == NULL || record.size > FH_RECORD_GOSSIP_BYTES_MAX) {
        return;
    }
    struct early *early = &mesh->early->items[mesh->early->next];
    for (unsigned i = 0; i < FH_MEASUREMENT_EARLY_MAX; i++) {
        struct early *other = &mesh->early->items[i];
        if (other->size > 0 && fh_announce_key_compare(&other->key, key) == 0) {
            early = other; /* one of a product: it came again, or a later one did */
        }
    }
    if (early == &mesh->early->items[mesh->early->next]) {
        mesh->early->next = (mesh->early->next + 1) % FH_MEASUREMENT_EARLY_MAX;
    }
    early->key = *key;
    early->from = origin->node;
    early->size = record.size;
    memcpy(early->bytes, record.data, record.size);
}

static void spread(struct fh_mesh *mesh, struct fh_bytes record, bool changed)
{
    fh_mesh_spread(mesh, record, changed ? FH_RUMOUR_PRODUCTS : FH_RUMOUR_REFRESH);
}

int fh_mesh_take_measurement(struct fh_mesh *mesh,
                             struct fh_bytes record,
                             const struct fh_origin *origin,
                             bool *out_new,
                             struct fh_err *err)
{
    struct fh_catalog_outcome outcome;
    bool changed = false;
    int rc = fh_catalog_measure(
        mesh->options.catalog, record, FH_BYTES_NONE, fh_clock_wall_ms(), &outcome, &changed, err);
    if (rc == FH_EINCOMPLETE) {
        keep_early(mesh, &outcome.key, record, origin);
    }
    if (rc != FH_OK || outcome.result == FH_CATALOG_KNOWN) {
        return rc;
    }
    *out_new = true;
    if (!origin->bulk) {
        spread(mesh, record, changed);
    }
    return FH_OK;
}

void fh_mesh_retry_early(struct fh_mesh *mesh, const struct fh_announce_key *key)
{
    for (unsigned i = 0; mesh->early != NULL && i < FH_MEASUREMENT_EARLY_MAX; i++) {
        struct early *early = &mesh->early->items[i];
        if (early->size == 0 || fh_announce_key_compare(&early->key, key) != 0) {
            continue;
        }
        struct fh_origin origin = {.node = early->from};
        struct early taken = *early;
        bool is_new;
        struct fh_err err;
        early->size = 0;
        /* Refused again, it may be early for the announcement after this one, and is kept again. */
        int rc = fh_mesh_take_measurement(
            mesh, fh_bytes(taken.bytes, taken.size), &origin, &is_new, &err);
        if (rc != FH_OK) {
            fh_log(FH_LOG_DEBUG, "measurement.refused", "rule=%s text=\"%s\"", err.rule, err.text);
        }
        return;
    }
}

void fh_mesh_measured(struct fh_mesh *mesh, struct fh_bytes record, bool changed)
{
    /* Somebody may wait for what is another state; the rest is a sign of life. */
    fh_mesh_spread(mesh, record, changed ? FH_RUMOUR_URGENT : FH_RUMOUR_PRODUCTS);
}

void fh_mesh_measured_end(struct fh_mesh *mesh)
{
    fh_free(FH_TAKE(mesh->early));
}

/* ---- handing out ---- */

struct asking {
    struct fh_mesh *mesh;
    struct fh_question *question;
    struct fh_announce_key key;
};

/* Answers with what is held now. */
static void
answer_held(struct fh_mesh *mesh, struct fh_question *question, const struct fh_announce_key *key)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    FH_CLEANUP(fh_buf_fini) struct fh_buf results;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&results, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    fh_buf_init(&out, ANSWER_BYTES_MAX);
    struct fh_err err;
    int rc = fh_catalog_measurement(mesh->options.catalog, key, NULL, &record, &results, &err);
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    const struct fh_msg_measurement answer = {.record = fh_buf_view(&record),
                                              .results = fh_buf_view(&results)};
    fh_msg_measurement_answer(&out, &answer);
    fh_question_answer_buf(question, &out);
}

/* What the owner said: its newest measurement, and the results that it has the hash of. */
static void
take_answer(struct asking *asking, struct fh_pack_reader *fields, const struct fh_err *failure)
{
    struct fh_mesh *mesh = asking->mesh;
    struct fh_msg_measurement said;
    struct fh_err err;
    struct fh_origin origin = {0};
    bool is_new = false;
    int rc = FH_OK;
    if (failure != NULL) {
        err = *failure;
        rc = failure->code;
    } else {
        rc = fh_msg_measurement_read(fields, &said, &err);
    }
    if (rc == FH_OK) {
        rc = fh_mesh_take_measurement(mesh, said.record, &origin, &is_new, &err);
    }
    if (rc == FH_OK && said.results.size > 0) {
        rc = fh_catalog_keep_results(mesh->options.catalog, &asking->key, said.results, &err);
    }
    if (rc != FH_OK) {
        fh_log(FH_LOG_DEBUG,
               "measurement.results_not_fetched",
               "product=%s rule=%s text=\"%s\"",
               asking->key.product,
               err.rule,
               err.text);
    }
}

static void fetched(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct asking *asking = user;
    if (!asking->mesh->quiet) {
        take_answer(asking, fields, failure);
    }
    answer_held(asking->mesh, asking->question, &asking->key);
    fh_free(asking);
}

/* Whether the owner is asked: then `fetched` ends it. */
static bool fetch(struct fh_mesh *mesh,
                  struct fh_question *question,
                  const struct fh_announce_key *key,
                  const char *domain_name)
{
    struct fh_peer_target target = {.address = NULL};
    if (mesh->quiet || !fh_mesh_node_of(mesh, &key->domain, &target.node, &target.address)) {
        return false;
    }
    struct asking *asking = fh_calloc(1, sizeof *asking);
    if (asking == NULL) {
        return false;
    }
    *asking = (struct asking){mesh, question, *key};
    struct fh_msg_product_name name = {.major = key->major};
    snprintf(name.domain, sizeof name.domain, "%s", domain_name);
    snprintf(name.product, sizeof name.product, "%s", key->product);
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 512);
    fh_msg_measurement_request(&request, &name);
    fh_peers_ask(mesh->options.peers, &target, &request, FH_REQUEST_MS / 2, fetched, asking);
    return true;
}

static int read_question(struct fh_mesh *mesh,
                         struct fh_question *question,
                         struct fh_catalog_entry *out,
                         struct fh_err *err)
{
    struct fh_msg_product_name name;
    int rc = fh_msg_product_name_read(fh_question_fields(question), &name, err);
    if (rc == FH_OK) {
        rc = fh_catalog_find_by_name(
            mesh->options.catalog, name.domain, name.product, (uint32_t)name.major, out, err);
    }
    if (rc == FH_OK && !out->quality.measured) {
        rc = fh_err_rule(err,
                         FH_ENOTFOUND,
                         "measurement.none",
                         "%s/%s was not measured yet",
                         name.domain,
                         name.product);
    }
    return rc;
}

void fh_mesh_answer_measurement(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_err err;
    struct fh_catalog_entry entry;
    if (read_question(mesh, question, &entry, &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    struct fh_announce_key key = fh_announce_key(&entry.announcement);
    FH_CLEANUP(fh_buf_fini) struct fh_buf results;
    fh_buf_init(&results, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    int rc = fh_catalog_measurement(mesh->options.catalog, &key, NULL, NULL, &results, &err);
    bool own = fh_domain_id_equal(&key.domain, &mesh->domain);
    if (rc == FH_OK && results.size == 0 && !own &&
        fetch(mesh, question, &key, entry.domain_name)) {
        return;
    }
    answer_held(mesh, question, &key);
}
