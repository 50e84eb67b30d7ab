/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/proofs/claim.h"

#include "proto/contract/contract_record.h"
#include "proto/gossip/announce.h"
#include "proto/gossip/facts.h"
#include "proto/governance/policy_record.h"
#include "proto/identity/admission.h"
#include "proto/identity/charter.h"
#include "proto/identity/delegation.h"
#include "proto/identity/keylog.h"

#include <stdio.h>
#include <string.h>

typedef unsigned long long number;

static int of_contract(struct fh_claim *out, const struct fh_record *record, struct fh_err *err)
{
    struct fh_contract_record contract;
    int code = fh_contract_record_parse(&contract, record->payload, err);
    if (code == FH_OK) {
        out->domain = contract.domain;
        out->when_ms = contract.created_ms;
        out->roles = FH_ROLES_PUBLISHING;
        snprintf(out->place,
                 sizeof out->place,
                 "contract of %s, number %llu",
                 contract.product,
                 (number)contract.seq);
    }
    return code;
}

static int of_announcement(struct fh_claim *out, const struct fh_record *record, struct fh_err *err)
{
    struct fh_announcement said;
    int code = fh_announce_parse(&said, record->payload, err);
    if (code == FH_OK) {
        out->domain = said.domain;
        out->when_ms = said.issued_ms;
        out->roles = FH_ROLES_ANNOUNCING;
        snprintf(out->place,
                 sizeof out->place,
                 "announcement of %s@%u, revision %llu",
                 said.product,
                 (unsigned)said.major,
                 (number)said.revision);
    }
    return code;
}

static int of_policy(struct fh_claim *out, const struct fh_record *record, struct fh_err *err)
{
    struct fh_policy_record policy;
    bool mesh = record->type == FH_RECORD_MESH_POLICY;
    int code = fh_policy_record_parse(&policy, record->payload, err);
    if (code == FH_OK) {
        out->domain = mesh ? (struct fh_domain_id){{0}} : policy.domain;
        out->when_ms = policy.created_ms;
        out->roles = FH_ROLES_PUBLISHING;
        snprintf(out->place,
                 sizeof out->place,
                 "%spolicy %s, number %llu",
                 mesh ? "mesh " : "",
                 policy.name,
                 (number)policy.seq);
    }
    return code;
}

/* The domain of a node stands in its ALIVE alone: of a LEAVE it is not told. */
static int of_member(struct fh_claim *out,
                     const struct fh_record *record,
                     const struct fh_mesh_id *mesh,
                     struct fh_err *err)
{
    struct fh_fact_pool *pool = fh_fact_pool_new();
    struct fh_fact *fact = NULL;
    int code = pool == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a record")
                            : fh_fact_intern(pool, record->bytes, mesh, &fact, err);
    if (code == FH_OK) {
        char node[FH_ID_TEXT_BYTES];
        fh_node_id_text(node, &fact->node);
        out->type = FH_RECORD_ALIVE;
        out->domain = fact->alive.domain;
        out->when_ms = fact->issued_ms;
        out->roles = FH_ROLE_MASK(FH_ROLE_NODE);
        snprintf(out->place,
                 sizeof out->place,
                 "node %s, generation %llu, incarnation %lu",
                 node,
                 (number)fact->generation,
                 (unsigned long)fact->incarnation);
    }
    fh_fact_drop(pool, fact);
    fh_fact_pool_free(pool);
    return code;
}

/* A domain is its inception: that of another domain is at another place. */
static int of_key(struct fh_claim *out, const struct fh_record *record, struct fh_err *err)
{
    struct fh_key_event event;
    int code = fh_key_event_decode(&event, record, err);
    if (code == FH_OK) {
        char prev[FH_ID_TEXT_BYTES];
        if (event.kind == FH_KEY_INCEPTION) {
            memcpy(out->domain.b, record->id.b, sizeof out->domain.b);
        }
        fh_record_id_text(prev, &event.prev);
        out->when_ms = event.created_ms;
        snprintf(
            out->place, sizeof out->place, "key event %llu behind %s", (number)event.seq, prev);
    }
    return code;
}

static int of_charter(struct fh_claim *out, const struct fh_record *record, struct fh_err *err)
{
    struct fh_charter charter;
    int code = fh_charter_decode(&charter, record, err);
    if (code == FH_OK) {
        out->when_ms = charter.created_ms;
        /* No charter that follows one of the pair competes with their settlement. */
        snprintf(out->place,
                 sizeof out->place,
                 "charter %llu%s",
                 (number)charter.seq,
                 charter.settles.count > 0 ? ", a settlement" : "");
    }
    return code;
}

static int of_admission(struct fh_claim *out, const struct fh_record *record, struct fh_err *err)
{
    struct fh_admission admission;
    int code = fh_admission_decode(&admission, record, err);
    if (code == FH_OK) {
        out->names = admission.domain;
        out->when_ms = admission.admitted_ms;
        snprintf(out->place, sizeof out->place, "name %s", admission.name);
    }
    return code;
}

int fh_claim_read(struct fh_claim *out,
                  const struct fh_record *record,
                  const struct fh_mesh_id *mesh,
                  struct fh_err *err)
{
    struct fh_claim claim = {.type = record->type};
    int code;
    switch (record->type) {
    case FH_RECORD_CONTRACT:
        code = of_contract(&claim, record, err);
        break;
    case FH_RECORD_ANNOUNCEMENT:
        code = of_announcement(&claim, record, err);
        break;
    case FH_RECORD_POLICY:
    case FH_RECORD_MESH_POLICY:
        code = of_policy(&claim, record, err);
        break;
    case FH_RECORD_ALIVE:
    case FH_RECORD_LEAVE:
        code = of_member(&claim, record, mesh, err);
        break;
    case FH_RECORD_KEY:
        code = of_key(&claim, record, err);
        break;
    case FH_RECORD_CHARTER:
        code = of_charter(&claim, record, err);
        break;
    case FH_RECORD_ADMISSION:
        code = of_admission(&claim, record, err);
        break;
    default:
        return fh_err_rule(err,
                           FH_EINVAL,
                           "proof.type",
                           "records of type %s take no place that another could take too",
                           fh_record_type_text(record->type));
    }
    if (code == FH_OK) {
        *out = claim;
    }
    return code;
}

bool fh_claim_same(const struct fh_claim *a, const struct fh_claim *b)
{
    return a->type == b->type && fh_domain_id_equal(&a->domain, &b->domain) &&
           strcmp(a->place, b->place) == 0;
}
