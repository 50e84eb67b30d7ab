/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/lookup.h"

#include "common/assert.h"
#include "common/map.h"
#include "common/time.h"
#include "common/version.h"
#include "node/state/history.h"
#include "node/state/search.h"
#include "proto/session/messages_search.h"

#include <stdio.h>

enum {
    CHAIN_MAX = 16, /* domains from an owner up to a charter member */
    FACETS_BYTES_MAX = FH_FACET_COUNT * FH_FACET_SHOWN_MAX * (FH_FACET_BYTES_MAX + 48),
};

/* Of everything that answers here are made from, but for ages. */
static uint64_t number_of_news(const struct fh_lookup *lookup, uint64_t member_changes)
{
    const uint64_t parts[] = {
        (uint64_t)lookup->started_ms,
        fh_catalog_edits(lookup->catalog),
        member_changes,
        fh_directory_domain_count(lookup->dir),
        fh_names_edits(lookup->names),
        fh_policies_generation(lookup->policies),
    };
    return fh_map_hash(parts, sizeof parts);
}

static void answer_status(struct fh_lookup *lookup, struct fh_question *question)
{
    uint64_t member_changes = 0;
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
    status.charter_seq = charter == NULL ? 0 : charter->seq;
    status.charter_standing = fh_directory_charter_standing(lookup->dir, (int64_t)status.wall_ms);
    snprintf(
        status.mesh_name, sizeof status.mesh_name, "%s", charter == NULL ? "" : charter->title);
    const struct fh_directory_domain *self = fh_directory_domain(lookup->dir, &lookup->domain);
    snprintf(status.domain_name, sizeof status.domain_name, "%s", self == NULL ? "" : self->name);
    if (lookup->mesh != NULL) {
        struct fh_mesh_counts counts = fh_mesh_counts(lookup->mesh);
        status.generation = counts.generation;
        status.members_alive = counts.alive;
        status.members_known = counts.known;
        member_changes = counts.changes;
    }
    status.news = number_of_news(lookup, member_changes);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 4096);
    fh_msg_status_answer(&out, &status);
    fh_question_answer_buf(question, &out);
}

/* Whether some node of the domain answers, as far as is known here. */
static bool domain_answers(const struct fh_lookup *lookup, const struct fh_domain_id *domain)
{
    struct fh_node_id node;
    const char *address;
    return fh_domain_id_equal(domain, &lookup->domain) ||
           (lookup->mesh != NULL && fh_mesh_node_of(lookup->mesh, domain, &node, &address));
}

static void tell_product(const struct fh_lookup *lookup,
                         const struct fh_catalog_entry *entry,
                         struct fh_msg_product *out)
{
    const struct fh_announcement *a = &entry->announcement;
    const struct fh_directory_domain *owner = fh_directory_domain(lookup->dir, &a->domain);
    struct fh_err why;
    int64_t age = 0;
    if (!fh_domain_id_equal(&a->domain, &lookup->domain)) {
        age = lookup->mesh != NULL ? fh_mesh_heard_ago(lookup->mesh, &a->domain, entry->heard_ms)
                                   : fh_clock_wall_ms() - entry->heard_ms;
    }
    *out = (struct fh_msg_product){
        .domain = a->domain,
        .status = a->status,
        .age_ms = age > 0 ? (uint64_t)age : 0,
        .reachable = domain_answers(lookup, &a->domain),
        .contract_held = entry->contract_held,
        .open_to_mesh = entry->open_to_mesh,
        .forked = entry->forked,
        .refused =
            !entry->contract_held && fh_catalog_refusal(lookup->catalog, entry, &why) != FH_OK,
        .frozen = owner != NULL && owner->frozen,
        .contested = owner != NULL && fh_names_contested(lookup->names, owner->given_name),
        .contract = a->contract,
        .sunset_ms = a->sunset_ms,
        .quality = entry->quality.state,
        .gate = entry->quality.gate,
        .measured_ms = (uint64_t)entry->quality.measured_ms,
        .stale_after_ms = (uint64_t)entry->quality.expires_ms,
    };
    snprintf(out->successor, sizeof out->successor, "%s", a->successor);
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

static bool is_reachable(void *user, const struct fh_domain_id *domain)
{
    const struct found *found = user;
    return domain_answers(found->lookup, domain);
}

struct telling {
    struct fh_buf facets;
    uint32_t count;
};

static void add_facet(void *user, const struct fh_facet_value *value)
{
    struct telling *telling = user;
    struct fh_msg_facet facet = {.products = value->products, .values = value->values};
    snprintf(facet.facet, sizeof facet.facet, "%s", fh_facet_text(value->facet));
    snprintf(facet.value,
             sizeof facet.value,
             "%.*s",
             (int)value->text.size,
             (const char *)value->text.data);
    fh_msg_facets_answer_add(&telling->facets, &facet);
    telling->count++;
}

static void answer_found(struct fh_question *question,
                         const struct found *found,
                         struct fh_search_result *result)
{
    struct telling telling = {.count = 0};
    fh_buf_init(&telling.facets, FACETS_BYTES_MAX);
    if (result->facets != NULL) {
        fh_facets_each(result->facets, FH_FACET_SHOWN_MAX, add_facet, &telling);
    }
    bool is_mended =
        fh_buf_ok(&result->read_as) == FH_OK && result->read_as.size < FH_MSG_WORDS_BYTES;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_products_answer_begin(&out, found->count);
    fh_buf_add_bytes(&out, fh_buf_view(&found->entries));
    fh_msg_products_answer_end(
        &out, is_mended ? fh_buf_cstr(&result->read_as) : "", result->total, telling.count);
    fh_buf_add_bytes(&out, fh_buf_view(&telling.facets));
    fh_buf_fini(&telling.facets);
    fh_question_answer_buf(question, &out);
}

static void answer_search(struct fh_lookup *lookup, struct fh_question *question)
{
    struct fh_msg_search asked;
    struct fh_err err;
    FH_CLEANUP(fh_search_result_fini) struct fh_search_result result = {.facets = NULL};
    struct found found = {.lookup = lookup};
    fh_buf_init(&found.entries,
                FH_FRAME_REPLY_BYTES_MAX - 64 - FH_MSG_WORDS_BYTES - FACETS_BYTES_MAX);
    int rc = fh_msg_search_request_read(fh_question_fields(question), &asked, &err);
    if (rc == FH_OK) {
        rc = fh_search_result_init(&result, asked.facets, &err);
    }
    if (rc == FH_OK) {
        const struct fh_search_wish wish = {.words = asked.words,
                                            .offset = asked.offset,
                                            .limit = asked.limit,
                                            .now_ms = fh_clock_wall_ms(),
                                            .reachable = is_reachable,
                                            .visit = add_found,
                                            .user = &found};
        rc = fh_search(lookup->catalog, &wish, &result, &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
    } else {
        answer_found(question, &found, &result);
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
    FH_CLEANUP(fh_buf_fini) struct fh_buf measurement;
    fh_buf_init(&contract, FH_RECORD_BYTES_MAX);
    fh_buf_init(&measurement, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    struct fh_announce_key key = fh_announce_key(&entry.announcement);
    int rc = fh_catalog_announcement_record(lookup->catalog, &key, &announcement, &err);
    if (rc == FH_OK && entry.contract_held) {
        rc = fh_catalog_contract_record(
            lookup->catalog, &entry.announcement.contract, &contract, &err);
    }
    if (rc == FH_OK && entry.quality.measured) {
        rc = fh_catalog_measurement(lookup->catalog, &key, NULL, &measurement, NULL, &err);
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
    fh_pack_bin(&out, fh_buf_view(&measurement));
    fh_question_answer_buf(question, &out);
}

/* ---- HISTORY ---- */

/* One list of the answer. */
struct list {
    const struct fh_lookup *lookup;
    struct fh_buf entries;
    uint32_t count;
};

static int list_product(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    (void)err;
    struct list *list = user;
    struct fh_msg_product product;
    if (list->count == FH_HISTORY_MAJORS_MAX) {
        return FH_OK;
    }
    tell_product(list->lookup, entry, &product);
    fh_msg_product_add(&list->entries, &product);
    list->count++;
    return FH_OK;
}

static int list_move(void *user, struct fh_bytes record, struct fh_err *err)
{
    (void)err;
    struct list *list = user;
    if (list->count < FH_HISTORY_RECORDS_MAX) {
        fh_pack_bin(&list->entries, record);
        list->count++;
    }
    return FH_OK;
}

static int list_version(void *user, const struct fh_history_version *version, struct fh_err *err)
{
    (void)err;
    struct list *list = user;
    struct fh_msg_version to = {
        .seq = version->seq,
        .created_ms = version->created_ms,
        .id = version->id,
        .key = version->key,
    };
    snprintf(to.version, sizeof to.version, "%s", version->version);
    snprintf(to.status, sizeof to.status, "%s", version->status);
    fh_msg_version_add(&list->entries, &to);
    list->count++;
    return FH_OK;
}

static int list_fork(void *user, const struct fh_history_fork *fork, struct fh_err *err)
{
    (void)err;
    struct list *list = user;
    struct fh_msg_fork to = {.number = fork->number};
    memcpy(to.ids, fork->ids, sizeof to.ids);
    memcpy(to.keys, fork->keys, sizeof to.keys);
    fh_msg_fork_add(&list->entries, &to);
    list->count++;
    return FH_OK;
}

enum { LIST_PRODUCTS, LIST_MOVES, LIST_VERSIONS, LIST_FORKS, LIST_COUNT };

static int gather_history(struct fh_lookup *lookup,
                          const struct fh_msg_history_request *asked,
                          struct list lists[LIST_COUNT],
                          struct fh_err *err)
{
    struct fh_catalog *catalog = lookup->catalog;
    struct fh_catalog_entry any; /* says what is wrong with the name, if anything is */
    char name[2 * FH_NAME_BYTES_MAX + 2];
    snprintf(name, sizeof name, "%s/%s", asked->domain, asked->product);
    int rc = fh_catalog_resolve(catalog, name, &any, err);
    const struct fh_domain_id *domain = &any.announcement.domain;
    const char *product = any.announcement.product;
    if (rc == FH_OK && asked->before == 0) {
        rc = fh_catalog_each_of(catalog, domain, product, list_product, &lists[LIST_PRODUCTS], err);
    }
    if (rc == FH_OK && asked->before == 0) {
        rc = fh_history_moves(catalog, domain, product, list_move, &lists[LIST_MOVES], err);
    }
    if (rc == FH_OK) {
        uint64_t before = asked->before == 0 ? UINT64_MAX : asked->before;
        rc = fh_history_versions(catalog,
                                 domain,
                                 product,
                                 before,
                                 FH_HISTORY_PAGE,
                                 list_version,
                                 &lists[LIST_VERSIONS],
                                 err);
    }
    if (rc == FH_OK && asked->before == 0) {
        rc = fh_history_forks(catalog, domain, product, list_fork, &lists[LIST_FORKS], err);
    }
    return rc;
}

static void answer_history(struct fh_lookup *lookup, struct fh_question *question)
{
    struct fh_err err;
    struct fh_msg_history_request asked;
    struct list lists[LIST_COUNT];
    for (size_t i = 0; i < LIST_COUNT; i++) {
        lists[i] = (struct list){.lookup = lookup};
        fh_buf_init(&lists[i].entries, FH_FRAME_REPLY_BYTES_MAX);
    }
    int rc = fh_msg_history_request_read(fh_question_fields(question), &asked, &err);
    if (rc == FH_OK) {
        rc = gather_history(lookup, &asked, lists, &err);
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_ok(&out, LIST_COUNT);
    for (size_t i = 0; i < LIST_COUNT; i++) {
        fh_pack_array(&out, lists[i].count);
        fh_buf_add_bytes(&out, fh_buf_view(&lists[i].entries));
        fh_buf_fini(&lists[i].entries);
    }
    fh_question_conclude(question, rc, &out, &err);
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
    case FH_MSG_HISTORY:
        answer_history(lookup, question);
        break;
    default:
        FH_ASSERT(false); /* node.c sends only these here */
    }
}
