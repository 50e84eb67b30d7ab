/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/proposal.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/wire/pack.h"

enum {
    PAYLOAD_VERSION = 1,
    PROPOSAL_FIELDS = 5,
    VOTE_FIELDS = 5,
    PROPOSAL_BYTES_MAX = 33 * 1024,
    VOTE_BYTES_MAX = 512,
};

/* ---- proposals ---- */

static void write_proposal(struct fh_buf *payload, const struct fh_proposal *proposal)
{
    struct fh_buf charter FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&charter, PROPOSAL_BYTES_MAX);
    fh_charter_payload(&charter, &proposal->charter);
    fh_pack_array(payload, PROPOSAL_FIELDS);
    fh_pack_uint(payload, PAYLOAD_VERSION);
    fh_pack_bin(payload, fh_bytes(proposal->proposer.b, sizeof proposal->proposer.b));
    fh_pack_bin(payload, fh_buf_view(&charter));
    fh_pack_uint(payload, (uint64_t)proposal->proposed_ms);
    fh_pack_cstr(payload, proposal->note);
    if (fh_buf_ok(&charter) != FH_OK && payload->failed == FH_OK) {
        payload->failed = fh_buf_ok(&charter);
    }
}

void fh_proposal_make(struct fh_buf *out,
                      const struct fh_proposal *proposal,
                      const struct fh_mesh_id *mesh,
                      const struct fh_sign_secret *domain_key)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_proposal *again FH_CLEANUP(fh_freep) = fh_alloc(sizeof *again);
    fh_buf_init(&payload, PROPOSAL_BYTES_MAX);
    write_proposal(&payload, proposal);
    struct fh_record draft = {.type = FH_RECORD_PROPOSAL, .payload = fh_buf_view(&payload)};
    int code = again == NULL ? FH_ENOMEM : fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_proposal_decode(again, &draft, mesh, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, domain_key);
}

/* What stands inside is bytes of its own: scanned like every payload. */
static int
read_charter(struct fh_proposal *proposal, const struct fh_mesh_id *mesh, struct fh_err *err)
{
    const struct fh_pack_limits limits = fh_pack_limits(PROPOSAL_BYTES_MAX);
    int code = fh_pack_scan(proposal->payload, &limits, err);
    const struct fh_record inner = {.type = FH_RECORD_CHARTER, .payload = proposal->payload};
    if (code == FH_OK) {
        code = fh_charter_decode(&proposal->charter, &inner, err);
    }
    if (code == FH_OK && proposal->charter.seq < 2) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "identity.proposal.first",
                           "proposal: charter 1 is the mesh itself: expected a later one");
    }
    if (code == FH_OK) {
        proposal->charter_id = fh_record_id_of(FH_RECORD_CHARTER, mesh, proposal->payload);
    }
    return code;
}

int fh_proposal_decode(struct fh_proposal *out,
                       const struct fh_record *record,
                       const struct fh_mesh_id *mesh,
                       struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_PROPOSAL);
    struct fh_pack_reader reader;
    *out = (struct fh_proposal){.proposed_ms = 0};
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, PROPOSAL_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, out->proposer.b, sizeof out->proposer.b);
    out->payload = fh_pack_read_bin(&reader, PROPOSAL_BYTES_MAX);
    out->proposed_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_cstr(&reader, out->note, sizeof out->note);
    fh_pack_read_record_end(&reader, count, PROPOSAL_FIELDS);
    int code = fh_pack_read_ok(&reader, "proposal", err);
    if (code == FH_OK && !fh_text_printable(out->note)) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "identity.proposal.note",
                           "proposal: expected a note without control characters");
    }
    return code != FH_OK ? code : read_charter(out, mesh, err);
}

/* ---- votes ---- */

/* The signature that will stand under the charter. */
static int sign_charter(struct fh_signature *out,
                        const struct fh_charter *charter,
                        const struct fh_mesh_id *mesh,
                        const struct fh_sign_secret *domain_key,
                        struct fh_record_id *out_id)
{
    struct fh_buf signed_by_one FH_CLEANUP(fh_buf_fini);
    struct fh_record record;
    fh_buf_init(&signed_by_one, FH_RECORD_BYTES_MAX);
    fh_charter_make(&signed_by_one, charter, mesh, domain_key);
    int code = fh_buf_ok(&signed_by_one);
    if (code == FH_OK) {
        code = fh_record_parse(&record, fh_buf_view(&signed_by_one), mesh, NULL);
    }
    if (code == FH_OK) {
        *out = record.signatures[0].signature;
        *out_id = record.id;
    }
    return code;
}

void fh_vote_make(struct fh_buf *out,
                  const struct fh_domain_id *domain,
                  const struct fh_charter *charter,
                  const struct fh_mesh_id *mesh,
                  const struct fh_sign_secret *domain_key)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_vote vote = {.domain = *domain, .seq = charter->seq};
    int code = sign_charter(&vote.signature, charter, mesh, domain_key, &vote.charter_id);
    fh_buf_init(&payload, VOTE_BYTES_MAX);
    fh_pack_array(&payload, VOTE_FIELDS);
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(vote.domain.b, sizeof vote.domain.b));
    fh_pack_bin(&payload, fh_bytes(vote.charter_id.b, sizeof vote.charter_id.b));
    fh_pack_uint(&payload, vote.seq);
    fh_pack_bin(&payload, fh_bytes(vote.signature.b, sizeof vote.signature.b));
    struct fh_record draft = {.type = FH_RECORD_VOTE, .payload = fh_buf_view(&payload)};
    if (code == FH_OK) {
        code = fh_buf_ok(&payload);
    }
    if (code == FH_OK) {
        code = fh_vote_decode(&vote, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, domain_key);
}

int fh_vote_decode(struct fh_vote *out, const struct fh_record *record, struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_VOTE);
    struct fh_vote vote = {.seq = 0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, VOTE_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, vote.domain.b, sizeof vote.domain.b);
    fh_pack_read_fixed(&reader, vote.charter_id.b, sizeof vote.charter_id.b);
    vote.seq = fh_pack_read_uint(&reader, UINT32_MAX);
    fh_pack_read_fixed(&reader, vote.signature.b, sizeof vote.signature.b);
    fh_pack_read_record_end(&reader, count, VOTE_FIELDS);
    int code = fh_pack_read_ok(&reader, "vote", err);
    if (code == FH_OK && vote.seq < 2) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "identity.vote.first",
                           "vote: charter 1 is the mesh itself: expected a later one");
    }
    if (code == FH_OK) {
        *out = vote;
    }
    return code;
}
