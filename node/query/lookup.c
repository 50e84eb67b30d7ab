/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/lookup.h"

#include "common/assert.h"
#include "common/time.h"
#include "common/version.h"
#include "node/state/search.h"

#include <stdio.h>

enum { CHAIN_MAX = 16 }; /* domains from an owner up to a charter member */

static void answer_status(struct fh_lookup *lookup, struct fh_question *question)
{
    struct fh_msg_status status = {
        .mesh = lookup->mesh_id,
        .domain = lookup->domain,
        .node = lookup->node,
        .version = FH_VERSION,
        .uptime_ms = (uint64_t)(fh_clock_mono_ms() - lookup->started_ms),
        .products = fh_catalog_head(lookup->catalog).count,
        .wall_ms = (uint64_t)fh_clock_wall_ms(),
    };
    const struct fh_charter *charter = fh_directory_charter(lookup->dir, NULL);
    snprintf(
        status.mesh_name, sizeof status.mesh_name, "%s", charter == NULL ? "" : charter->title);
    const struct fh_directory_domain *self = fh_directory_domain(lookup->dir, &lookup->domain);
    snprintf(status.domain_name, sizeof status.domain_name, "%s", self == NULL ? "" : self->name);
    if (lookup->mesh != NULL) {
        struct fh_mesh_counts counts = fh_mesh_counts(lookup->mesh);
        status.generation = counts.generation;
        status.members_alive = counts.alive;
        status.members_known = counts.known;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 4096);
    fh_msg_status_answer(&out, &status);
    fh_question_answer_buf(question, &out);
}

static void tell_product(const struct fh_lookup *lookup,
                         const struct fh_catalog_entry *entry,
                         struct fh_msg_product *out)
{
    const struct fh_announcement *a = &entry->announcement;
    bool own = fh_domain_id_equal(&a->domain, &lookup->domain);
    struct fh_node_id node;
    const char *address;
    bool reachable =
        own || (lookup->mesh != NULL && fh_mesh_node_of(lookup->mesh, &a->domain, &node, &address));
    int64_t age = 0;
    if (!own) {
        age = lookup->mesh != NULL ? fh_mesh_heard_ago(lookup->mesh, &a->domain, entry->heard_ms)
                                   : fh_clock_wall_ms() - entry->heard_ms;
    }
    *out = (struct fh_msg_product){
        .domain = a->domain,
        .status = a->status,
        .age_ms = age > 0 ? (uint64_t)age : 0,
        .reachable = reachable,
        .contract_held = entry->contract_held,
        .open_to_mesh = entry->open_to_mesh,
        .contract = a->contract,
    };
    snprintf(out->domain_name, sizeof out->domain_name, "%s", entry->domain_name);
    snprintf(out->product, sizeof out->product, "%s", a->product);
    snprintf(out->version, sizeof out->version, "%s", a->version);
    snprintf(out->title, sizeof out->title, "%s", a->title);
    snprintf(out->summary, sizeof out->summary, "%s", a->summary);
}

/* ---- SEARCH ---- */

struct found {
    const struct fh_lookup *lookup;
    struct fh_buf entries;
    uint32_t count;
};

static int add_found(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    (void)err;
    struct found *found = user;
    if (entry->announcement.status == FH_ANNOUNCE_WITHDRAWN) {
        return FH_OK;
    }
    struct fh_msg_product product;
    tell_product(found->lookup, entry, &product);
    fh_msg_products_answer_add(&found->entries, &product);
    found->count++;
    return FH_OK;
}

static void answer_search(struct fh_lookup *lookup, struct fh_question *question)
{
    char words[1024];
    uint32_t limit;
    struct fh_err err;
    int rc = fh_msg_search_request_read(fh_question_fields(question), words, &limit, &err);
    struct found found = {.lookup = lookup};
    fh_buf_init(&found.entries, FH_FRAME_REPLY_BYTES_MAX - 64);
    if (rc == FH_OK) {
        rc = fh_search(lookup->catalog, words, limit, add_found, &found, &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
    } else {
        FH_CLEANUP(fh_buf_fini) struct fh_buf out;
        fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
        fh_msg_products_answer_begin(&out, found.count);
        fh_buf_add_bytes(&out, fh_buf_view(&found.entries));
        fh_question_answer_buf(question, &out);
    }
    fh_buf_fini(&found.entries);
}

/* ---- DESCRIBE ---- */

struct proof {
    struct fh_buf bins;
    uint32_t count;
    bool charters_only;
};

static bool
add_proof(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)id;
    struct proof *proof = user;
    if (!proof->charters_only || type == FH_RECORD_CHARTER) {
        fh_pack_bin(&proof->bins, bytes);
        proof->count++;
    }
    return true;
}

/* Key events and charters first, then every domain from the owner up to a charter member. */
static void
gather_proof(const struct fh_lookup *lookup, const struct fh_domain_id *owner, struct proof *proof)
{
    struct fh_domain_id chain[CHAIN_MAX];
    unsigned count = 0;
    const struct fh_directory_domain *domain = fh_directory_domain(lookup->dir, owner);
    while (domain != NULL && count < CHAIN_MAX) {
        chain[count++] = domain->id;
        if (domain->charter_member || fh_domain_id_is_zero(&domain->issuer)) {
            break;
        }
        domain = fh_directory_domain(lookup->dir, &domain->issuer);
    }
    for (unsigned i = count; i > 0; i--) {
        /* A member of the charter is needed before its charter, an issuer before its admissions. */
        fh_directory_each_of(lookup->dir, &chain[i - 1], add_proof, proof);
        if (i == count) {
            proof->charters_only = true;
            fh_directory_each(lookup->dir, add_proof, proof);
            proof->charters_only = false;
        }
    }
}

static int find_entry(struct fh_lookup *lookup,
                      struct fh_question *question,
                      struct fh_catalog_entry *out,
                      struct fh_err *err)
{
    struct fh_msg_product_name name;
    int rc = fh_msg_product_name_read(fh_question_fields(question), &name, err);
    if (rc != FH_OK) {
        return rc;
    }
    char text[2 * FH_NAME_BYTES_MAX + 32];
    if (name.major == 0) {
        snprintf(text, sizeof text, "%s/%s", name.domain, name.product);
    } else {
        snprintf(text,
                 sizeof text,
                 "%s/%s@%llu",
                 name.domain,
                 name.product,
                 (unsigned long long)name.major);
    }
    return fh_catalog_resolve(lookup->catalog, text, out, err);
}

static void answer_describe(struct fh_lookup *lookup, struct fh_question *question)
{
    struct fh_err err;
    struct fh_catalog_entry entry;
    if (find_entry(lookup, question, &entry, &err) != FH_OK ||
        fh_catalog_refusal(lookup->catalog, &entry, &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf announcement;
    FH_CLEANUP(fh_buf_fini) struct fh_buf contract;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&announcement, FH_RECORD_BYTES_MAX);
    fh_buf_init(&contract, FH_RECORD_BYTES_MAX);
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    struct fh_announce_key key = fh_announce_key(&entry.announcement);
    int rc = fh_catalog_announcement_record(lookup->catalog, &key, &announcement, &err);
    if (rc == FH_OK && entry.contract_held) {
        rc = fh_catalog_contract_record(
            lookup->catalog, &entry.announcement.contract, &contract, &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse_privately(question, "describe", &err);
        return;
    }
    struct fh_msg_product product;
    tell_product(lookup, &entry, &product);
    struct proof proof = {.count = 0};
    fh_buf_init(&proof.bins, FH_FRAME_REPLY_BYTES_MAX);
    gather_proof(lookup, &entry.announcement.domain, &proof);
    fh_msg_describe_answer_begin(
        &out, &product, fh_buf_view(&announcement), fh_buf_view(&contract));
    fh_pack_array(&out, proof.count);
    fh_buf_add_bytes(&out, fh_buf_view(&proof.bins));
    fh_buf_fini(&proof.bins);
    fh_question_answer_buf(question, &out);
}

void fh_lookup_question(struct fh_lookup *lookup, struct fh_question *question)
{
    switch (fh_question_code(question)) {
    case FH_MSG_STATUS:
        answer_status(lookup, question);
        break;
    case FH_MSG_SEARCH:
        answer_search(lookup, question);
        break;
    case FH_MSG_DESCRIBE:
        answer_describe(lookup, question);
        break;
    default:
        FH_ASSERT(false); /* node.c sends only these here */
    }
}
