/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/contradiction.h"

#include "common/mem.h"
#include "proto/identity/admission.h"
#include "proto/identity/keylog.h"
#include "tools/client/charters.h"

#include <string.h>

/* ---- the list ---- */

static int ask_page(struct fh_contradictions *list,
                    struct freehold_client *client,
                    uint64_t *after,
                    struct fh_err *err)
{
    struct fh_pack_reader reader;
    uint32_t count = 0;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_proofs_request(&client->request, *after);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_proofs_read(&reader, &count, err);
    }
    if (code == FH_OK && list->count + count > FH_STORE_PROOFS_MAX + FH_DOMAINS_MAX) {
        code = fh_err_rule(err, FH_EPROTO, "proof.many", "the peer tells of more than it can keep");
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_msg_proof *more = fh_realloc(list->items, (list->count + count + 1) * sizeof *more);
    if (more == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of proofs");
    }
    list->items = more;
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_proofs_next(&reader, &list->items[list->count], err);
        list->count += code == FH_OK;
    }
    return code == FH_OK ? fh_client_page_end(fh_msg_proofs_end, &reader, after, err) : code;
}

int fh_contradictions_ask(struct fh_contradictions **out,
                          struct freehold_client *client,
                          struct fh_err *err)
{
    struct fh_contradictions *list = fh_calloc(1, sizeof *list);
    if (list == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of proofs");
    }
    uint64_t after = 0;
    int code;
    do {
        code = ask_page(list, client, &after, err);
    } while (code == FH_OK && after != 0);
    if (code != FH_OK) {
        fh_contradictions_free(list);
        return code;
    }
    *out = list;
    return FH_OK;
}

void fh_contradictions_free(struct fh_contradictions *list)
{
    if (list != NULL) {
        fh_free(list->items);
        fh_free(list);
    }
}

/* ---- one pair ---- */

static int pull(struct fh_contradicting *record, struct freehold_client *client, struct fh_err *err)
{
    struct fh_bytes bytes;
    int code = fh_client_pull(&bytes, client, &record->id, err);
    if (code == FH_OK) {
        fh_buf_add_bytes(&record->bytes, bytes);
        code = fh_buf_ok(&record->bytes);
    }
    return code;
}

/* A key event is signed by the key that it states, which follows from the ones before. */
static int verify_key_event(struct fh_contradicting *record,
                            const struct fh_record *parsed,
                            struct fh_err *err)
{
    static const struct fh_mesh_id no_mesh;
    struct fh_key_event event;
    int code = fh_key_event_decode(&event, parsed, err);
    if (code == FH_OK &&
        !fh_record_signed_by(parsed, 0, &no_mesh, &event.key, &fh_verifier_plain)) {
        code = fh_err_rule(err, FH_ESIG, "record.signature", "the key that it states did not sign");
    }
    if (code == FH_OK) {
        record->key = fh_key_id_of(&event.key);
    }
    return code;
}

static int verify_signed(struct fh_contradicting *record,
                         struct freehold_client *client,
                         const struct fh_record *parsed,
                         struct fh_err *err)
{
    struct fh_domain_id domain = record->claim.domain;
    unsigned roles = record->claim.roles;
    if (parsed->type == FH_RECORD_ADMISSION) {
        struct fh_admission admission;
        int code = fh_admission_decode(&admission, parsed, err);
        if (code != FH_OK) {
            return code;
        }
        domain = admission.issuer;
        roles = FH_ROLES_ANNOUNCING;
    }
    struct fh_signer signer;
    int code =
        fh_client_verify(client, parsed, &domain, roles, record->claim.when_ms, &signer, err);
    if (code == FH_OK) {
        record->key = fh_key_id_of(&signer.key);
    }
    return code;
}

/* What proves a charter comes with all of them; the directory keeps those that are proven. */
static int
verify_charter(struct fh_contradicting *record, struct freehold_client *client, struct fh_err *err)
{
    const struct fh_directory *dir = client->actor->directory;
    int code = fh_charters_learn(client, err);
    if (code == FH_OK) {
        record->signer_count = fh_directory_charter_signers(dir, &record->id, record->signers);
        if (record->signer_count == 0) {
            code = fh_err_rule(err,
                               FH_ESIG,
                               "identity.charter.threshold",
                               "the members did not sign this charter");
        }
    }
    return code;
}

/* The members' keys and delegations come with the charters. */
static int verify_mesh_policy(struct fh_contradicting *record,
                              struct freehold_client *client,
                              const struct fh_record *parsed,
                              struct fh_err *err)
{
    struct fh_domain_id signers[FH_RECORD_SIGNATURES_MAX];
    size_t count = 0;
    const struct fh_directory *dir = client->actor->directory;
    const struct fh_claim *claim = &record->claim;
    int code = fh_charters_learn(client, err);
    if (code == FH_OK) {
        code =
            fh_directory_cosigners(dir, parsed, claim->roles, claim->when_ms, signers, &count, err);
    }
    if (code == FH_OK) {
        code = fh_directory_policy_quorum(dir, signers, count, claim->when_ms, err);
    }
    if (code == FH_OK) {
        memcpy(record->signers, signers, count * sizeof *signers);
        record->signer_count = count;
    }
    return code;
}

/* A frozen domain's records from before it was caught count; those of after prove as much: they
 * were signed. */
static int
judge(struct fh_contradicting *record, struct freehold_client *client, struct fh_err *err)
{
    struct fh_record parsed;
    const struct fh_mesh_id *mesh = fh_directory_mesh(client->actor->directory);
    if (record->bytes.size == 0) {
        return fh_err_rule(err, FH_ENOTFOUND, "record.unknown", "the peer does not hold it");
    }
    int code = fh_record_parse(&parsed, fh_buf_view(&record->bytes), mesh, err);
    if (code == FH_OK && !fh_record_id_equal(&parsed.id, &record->id)) {
        code = fh_err_rule(err, FH_ESIG, "record.id", "the peer gave another record");
    }
    if (code == FH_OK) {
        code = fh_claim_read(&record->claim, &parsed, mesh, err);
    }
    if (code == FH_OK && parsed.type == FH_RECORD_CHARTER) {
        return verify_charter(record, client, err);
    }
    if (code == FH_OK && parsed.type == FH_RECORD_MESH_POLICY) {
        return verify_mesh_policy(record, client, &parsed, err);
    }
    if (code != FH_OK) {
        return code;
    }
    return parsed.type == FH_RECORD_KEY ? verify_key_event(record, &parsed, err)
                                        : verify_signed(record, client, &parsed, err);
}

/* The domain of a LEAVE is that of the ALIVE beside it. */
static void lend_domain(struct fh_contradicting *to, const struct fh_contradicting *from)
{
    if (to->claim.type == FH_RECORD_ALIVE && fh_domain_id_is_zero(&to->claim.domain)) {
        to->claim.domain = from->claim.domain;
    }
}

static int compare(const struct fh_contradiction *pair, struct fh_err *err)
{
    const struct fh_contradicting *one = &pair->records[0];
    const struct fh_contradicting *other = &pair->records[1];
    for (size_t i = 0; i < FH_COUNT(pair->records); i++) {
        if (pair->records[i].verified.code != FH_OK) {
            *err = pair->records[i].verified;
            return err->code;
        }
    }
    if (fh_record_id_equal(&one->id, &other->id)) {
        return fh_err_rule(err, FH_ECHECK, "proof.same", "both are one record");
    }
    bool is_name = other->claim.type == FH_RECORD_ADMISSION;
    bool by_charter = is_name && one->claim.type == FH_RECORD_CHARTER;
    if (!by_charter && !fh_claim_same(&one->claim, &other->claim)) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "proof.place",
                           "they take different places: %s; %s",
                           one->claim.place,
                           other->claim.place);
    }
    if (is_name && !by_charter && fh_domain_id_equal(&one->claim.names, &other->claim.names)) {
        return fh_err_rule(err, FH_ECHECK, "proof.name", "both give the name to one domain");
    }
    return FH_OK;
}

/* Two quorums, each of more than half, have at least one member in common. */
static void name_signers(struct fh_contradiction *pair)
{
    const struct fh_contradicting *one = &pair->records[0];
    const struct fh_contradicting *other = &pair->records[1];
    for (size_t i = 0; i < one->signer_count; i++) {
        for (size_t j = 0; j < other->signer_count; j++) {
            if (fh_domain_id_equal(&one->signers[i], &other->signers[j])) {
                pair->both[pair->both_count++] = one->signers[i];
            }
        }
    }
}

void fh_contradiction_fini(struct fh_contradiction *pair)
{
    for (size_t i = 0; i < FH_COUNT(pair->records); i++) {
        fh_buf_fini(&pair->records[i].bytes);
    }
}

int fh_contradiction_check(struct fh_contradiction *out,
                           struct freehold_client *client,
                           const struct fh_msg_proof *proof,
                           struct fh_err *err)
{
    const struct fh_record_id ids[] = {proof->one, proof->other};
    *out = (struct fh_contradiction){.proven = {.code = FH_OK}};
    for (size_t i = 0; i < FH_COUNT(ids); i++) {
        out->records[i].id = ids[i];
        fh_buf_init(&out->records[i].bytes, FH_RECORD_BYTES_MAX);
    }
    for (size_t i = 0; i < FH_COUNT(ids); i++) {
        int code = fh_record_id_is_zero(&ids[i]) ? FH_OK : pull(&out->records[i], client, err);
        if (code != FH_OK) {
            return code;
        }
    }
    for (size_t i = 0; i < FH_COUNT(ids); i++) {
        struct fh_err why = {0};
        if (judge(&out->records[i], client, &why) != FH_OK) {
            out->records[i].verified = why;
        }
    }
    lend_domain(&out->records[0], &out->records[1]);
    lend_domain(&out->records[1], &out->records[0]);
    struct fh_err why = {0};
    if (compare(out, &why) != FH_OK) {
        out->proven = why;
    }
    name_signers(out);
    return FH_OK;
}
