/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs: which signed records contradict each other, as far as this node has seen.
 *
 * Contracts stand in the table of forks, the two records of a node's life both among the proofs;
 * of announcements, policies and names the one that counts stands in its own place; two key events
 * or charters of one number are both in the directory, and two policies of the mesh both in the
 * table of what was agreed. A list is made anew for each question, for
 * there are few.
 */
#include "node/mesh/parts.h"

#include "common/mem.h"
#include "node/state/store_agreed.h"
#include "node/state/store_history.h"
#include "node/state/store_policies.h"
#include "proto/identity/admission.h"
#include "proto/proofs/claim.h"
#include "proto/session/messages_why.h"

#include <stdio.h>

enum { PROOFS_PAGE = 256, PROOF_BYTES = 512 };

/* A page under construction, and records that wait for their pair. */
struct proofs {
    struct fh_mesh *mesh;
    const char *rule;
    uint64_t skip;
    uint64_t seen;
    struct fh_buf entries;
    uint32_t count;
    bool more;
    size_t waiting_count;
    struct waiting {
        struct fh_claim claim;
        struct fh_record_id id;
    } * waiting;
};

static void tell(struct proofs *proofs,
                 const struct fh_domain_id *domain,
                 const char *subject,
                 const struct fh_record_id *one,
                 const struct fh_record_id *other,
                 int64_t received_ms)
{
    if (fh_record_id_equal(one, other)) {
        return; /* kept as the rival once, and what counts since: its rival tells of both */
    }
    if (proofs->seen++ < proofs->skip) {
        return;
    }
    if (proofs->count == PROOFS_PAGE) {
        proofs->more = true;
        return;
    }
    const struct fh_directory_domain *known =
        fh_directory_domain(proofs->mesh->options.dir, domain);
    struct fh_msg_proof proof = {
        .domain = *domain, .one = *one, .other = *other, .received_ms = (uint64_t)received_ms};
    snprintf(proof.rule, sizeof proof.rule, "%s", proofs->rule);
    snprintf(proof.domain_name, sizeof proof.domain_name, "%s", known == NULL ? "" : known->name);
    snprintf(proof.subject, sizeof proof.subject, "%s", subject);
    fh_msg_proof_add(&proofs->entries, &proof);
    proofs->count++;
}

/* Tells the pair when another record of the claim came before, else lets this one wait. */
static int pair_up(struct proofs *proofs,
                   const struct fh_claim *claim,
                   const struct fh_record_id *id,
                   const struct fh_domain_id *domain,
                   int64_t received_ms,
                   struct fh_err *err)
{
    for (size_t i = 0; i < proofs->waiting_count; i++) {
        if (fh_claim_same(&proofs->waiting[i].claim, claim)) {
            tell(proofs, domain, claim->place, &proofs->waiting[i].id, id, received_ms);
            return FH_OK;
        }
    }
    struct waiting *more = fh_realloc(proofs->waiting, (proofs->waiting_count + 1) * sizeof *more);
    if (more == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of proofs");
    }
    more[proofs->waiting_count++] = (struct waiting){*claim, *id};
    proofs->waiting = more;
    return FH_OK;
}

/* The claim of stored bytes; false for what says none, which is nothing to tell. */
static bool claim_of(const struct proofs *proofs, struct fh_bytes bytes, struct fh_claim *out)
{
    struct fh_record record;
    struct fh_err err;
    return fh_record_parse(&record, bytes, &proofs->mesh->id, &err) == FH_OK &&
           fh_claim_read(out, &record, &proofs->mesh->id, &err) == FH_OK;
}

/* ---- members, contracts ---- */

static int member_record(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    struct proofs *proofs = user;
    struct fh_claim claim;
    return claim_of(proofs, record->bytes, &claim)
               ? pair_up(proofs, &claim, &record->id, &claim.domain, record->received_ms, err)
               : FH_OK;
}

static int fork_of_chain(void *user, const struct fh_store_fork *fork, struct fh_err *err)
{
    (void)err;
    struct proofs *proofs = user;
    char subject[FH_CLAIM_TEXT_BYTES];
    snprintf(subject,
             sizeof subject,
             "contract of %s, number %llu",
             fork->product,
             (unsigned long long)fork->number);
    tell(proofs, &fork->domain, subject, &fork->one, &fork->other, 0);
    return FH_OK;
}

/* ---- announcements, policies, names: what counts stands elsewhere ---- */

static int announcement_record(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    struct proofs *proofs = user;
    struct fh_claim claim, held;
    struct fh_record parsed;
    struct fh_announcement said;
    static const struct fh_record_id none;
    if (!claim_of(proofs, record->bytes, &claim) ||
        fh_record_parse(&parsed, record->bytes, &proofs->mesh->id, err) != FH_OK ||
        fh_announce_parse(&said, parsed.payload, err) != FH_OK) {
        return FH_OK;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf other;
    fh_buf_init(&other, FH_RECORD_BYTES_MAX);
    struct fh_announce_key key = fh_announce_key(&said);
    struct fh_err ignored;
    bool counts =
        fh_catalog_announcement_record(proofs->mesh->options.catalog, &key, &other, &ignored) ==
            FH_OK &&
        claim_of(proofs, fh_buf_view(&other), &held) && fh_claim_same(&claim, &held) &&
        fh_record_parse(&parsed, fh_buf_view(&other), &proofs->mesh->id, &ignored) == FH_OK;
    tell(proofs,
         &claim.domain,
         claim.place,
         counts ? &parsed.id : &none,
         &record->id,
         record->received_ms);
    return FH_OK;
}

struct holder {
    struct fh_record_id id; /* zero: none */
};

static bool
find_admission(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)bytes;
    struct holder *holder = user;
    if (type == FH_RECORD_ADMISSION) {
        holder->id = *id;
    }
    return type != FH_RECORD_ADMISSION;
}

static int name_record(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    (void)err;
    struct proofs *proofs = user;
    struct fh_directory *dir = proofs->mesh->options.dir;
    struct fh_claim claim;
    struct holder holder = {0};
    if (!claim_of(proofs, record->bytes, &claim)) {
        return FH_OK;
    }
    const struct fh_directory_domain *held =
        fh_directory_domain_by_name(dir, claim.place + strlen("name "));
    if (held != NULL) {
        fh_directory_each_of(dir, &held->id, find_admission, &holder);
    }
    if (held != NULL && fh_record_id_is_zero(&holder.id)) {
        (void)fh_directory_charter(dir, &holder.id); /* a founder has its name from there */
    }
    tell(proofs,
         held == NULL ? &claim.names : &held->id,
         claim.place,
         &holder.id,
         &record->id,
         record->received_ms);
    return FH_OK;
}

struct versions {
    struct fh_claim claim;
    struct proofs *proofs;
    struct fh_record_id id; /* zero: not found */
};

static int find_version(void *user, const struct fh_store_policy *policy, struct fh_err *err)
{
    (void)err;
    struct versions *versions = user;
    struct fh_claim claim;
    if (claim_of(versions->proofs, policy->bytes, &claim) &&
        fh_claim_same(&claim, &versions->claim)) {
        versions->id = policy->id;
    }
    return FH_OK;
}

static int policy_record(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    struct proofs *proofs = user;
    struct versions versions = {.proofs = proofs};
    char name[FH_NAME_BYTES_MAX + 1];
    if (!claim_of(proofs, record->bytes, &versions.claim) ||
        sscanf(versions.claim.place, "policy %63[a-z0-9_]", name) != 1) {
        return FH_OK;
    }
    int rc = fh_store_policy_versions(
        proofs->mesh->options.store, name, SIZE_MAX / 2, find_version, &versions, err);
    if (rc == FH_OK) {
        tell(proofs,
             &versions.claim.domain,
             versions.claim.place,
             &versions.id,
             &record->id,
             record->received_ms);
    }
    return rc;
}

/* ---- keys and charters: both are in the directory ---- */

struct events {
    struct proofs *proofs;
    const struct fh_domain_id *domain;
    unsigned type;
    int code;
    struct fh_err *err;
};

static bool
take_event(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct events *events = user;
    struct fh_claim claim;
    if (type == events->type && claim_of(events->proofs, bytes, &claim)) {
        events->code = pair_up(events->proofs, &claim, id, events->domain, 0, events->err);
    }
    return events->code == FH_OK;
}

static int tell_directory(struct proofs *proofs, struct fh_err *err)
{
    static const struct fh_domain_id mesh;
    const struct fh_directory *dir = proofs->mesh->options.dir;
    struct events events = {.proofs = proofs, .type = FH_RECORD_KEY, .err = err};
    proofs->rule = "domain.duplicity";
    for (size_t i = 0; i < fh_directory_domain_count(dir) && events.code == FH_OK; i++) {
        const struct fh_directory_domain *domain = fh_directory_domain_at(dir, i);
        if (domain->frozen) {
            events.domain = &domain->id;
            fh_directory_each_of(dir, &domain->id, take_event, &events);
        }
    }
    if (events.code == FH_OK) { /* settled ones prove as much */
        proofs->rule = "charter.forked";
        events.domain = &mesh;
        events.type = FH_RECORD_CHARTER;
        fh_directory_each(dir, take_event, &events);
    }
    return events.code;
}

/* ---- policies of the mesh: all are in the table of what was agreed ---- */

static int agreed_record(void *user, const struct fh_store_agreed *record, struct fh_err *err)
{
    static const struct fh_domain_id mesh;
    struct proofs *proofs = user;
    struct fh_claim claim;
    return record->type == FH_RECORD_MESH_POLICY && claim_of(proofs, record->bytes, &claim)
               ? pair_up(proofs, &claim, &record->id, &mesh, record->received_ms, err)
               : FH_OK;
}

/* ---- all of them ---- */

static int tell_all(struct proofs *proofs, struct fh_err *err)
{
    static const struct {
        const char *rule;
        fh_store_record_visit_fn *visit;
    } kept[] = {
        {FH_PROOF_MEMBER, member_record},
        {"announcement.forked", announcement_record},
        {"policy.forked", policy_record},
        {FH_PROOF_NAME_TAKEN, name_record},
    };
    struct fh_store *store = proofs->mesh->options.store;
    int rc = tell_directory(proofs, err);
    proofs->rule = "contract.forked";
    if (rc == FH_OK) {
        rc = fh_store_forks_each(store, NULL, NULL, fork_of_chain, proofs, err);
    }
    proofs->rule = "policy.forked";
    if (rc == FH_OK) {
        rc = fh_store_agreed_each(store, agreed_record, proofs, err);
    }
    for (size_t i = 0; i < FH_COUNT(kept) && rc == FH_OK; i++) {
        proofs->rule = kept[i].rule;
        rc = fh_store_proofs_of(store, kept[i].rule, kept[i].visit, proofs, err);
    }
    return rc;
}

void fh_mesh_answer_proofs(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_err err;
    struct proofs proofs = {.mesh = mesh};
    fh_buf_init(&proofs.entries, (size_t)PROOFS_PAGE * PROOF_BYTES);
    int rc = fh_msg_proofs_request_read(fh_question_fields(question), &proofs.skip, &err);
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        fh_buf_fini(&proofs.entries);
        return;
    }
    rc = tell_all(&proofs, &err);
    if (rc != FH_OK) {
        fh_question_refuse_privately(question, "proofs", &err);
    } else {
        FH_CLEANUP(fh_buf_fini) struct fh_buf out;
        fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
        fh_msg_proofs_answer_begin(&out);
        fh_pack_array(&out, proofs.count);
        fh_buf_add_bytes(&out, fh_buf_view(&proofs.entries));
        fh_pack_uint(&out, proofs.more ? proofs.skip + proofs.count : 0);
        fh_question_answer_buf(question, &out);
    }
    fh_free(proofs.waiting);
    fh_buf_fini(&proofs.entries);
}
