/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/proof.h"

#include "common/mem.h"
#include "proto/wire/pack.h"
#include "tools/client/support.h"

#include <string.h>

enum { PROOF_FIELDS = 7 };

static const char magic[] = "freehold contract";

/* ---- checking ---- */

static int
check_announcement(struct fh_proof *proof, const struct fh_directory *directory, struct fh_err *err)
{
    struct fh_record record;
    const struct fh_mesh_id *mesh = fh_directory_mesh(directory);
    int code = fh_record_parse(&record, proof->announcement, mesh, err);
    if (code == FH_OK && record.type != FH_RECORD_ANNOUNCEMENT) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "record.type",
                           "expected an announcement, got a record of type %s",
                           fh_record_type_text(record.type));
    }
    if (code == FH_OK) {
        code = fh_announce_parse(&proof->announced, record.payload, err);
    }
    if (code == FH_OK) {
        code = fh_directory_verify(directory,
                                   &record,
                                   &proof->announced.domain,
                                   FH_ROLES_ANNOUNCING,
                                   proof->announced.issued_ms,
                                   NULL,
                                   err);
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "announcement");
}

static int
check_contract(struct fh_proof *proof, const struct fh_directory *directory, struct fh_err *err)
{
    struct fh_record record;
    const struct fh_mesh_id *mesh = fh_directory_mesh(directory);
    int code = fh_record_parse(&record, proof->contract, mesh, err);
    if (code != FH_OK) {
        return code;
    }
    if (record.type != FH_RECORD_CONTRACT) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "record.type",
                           "expected a contract, got a record of type %s",
                           fh_record_type_text(record.type));
    }
    proof->contract_id = record.id;
    if (!fh_record_id_equal(&record.id, &proof->announced.contract)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "contract.hash",
                           "it is not the contract that its owner announced: its hash differs");
    }
    code = fh_contract_record_parse(&proof->stated, record.payload, err);
    if (code != FH_OK) {
        return code;
    }
    if (!fh_domain_id_equal(&proof->stated.domain, &proof->announced.domain) ||
        strcmp(proof->stated.product, proof->announced.product) != 0 ||
        strcmp(proof->stated.version, proof->announced.version) != 0) {
        return fh_err_rule(
            err, FH_ESIG, "contract.domain", "contract and announcement name different products");
    }
    code = fh_directory_verify(directory,
                               &record,
                               &proof->stated.domain,
                               FH_ROLES_PUBLISHING,
                               proof->stated.created_ms,
                               &proof->signer,
                               err);
    return code == FH_OK ? fh_contract_record_open(&proof->model, &proof->stated, proof->arena, err)
                         : code;
}

static bool copy(struct fh_arena *arena, struct fh_bytes *out, struct fh_bytes from)
{
    const char *copied = fh_arena_string(arena, from);
    *out = fh_bytes(copied, copied == NULL ? 0 : from.size);
    return copied != NULL;
}

int fh_proof_check(struct fh_proof **out,
                   const struct fh_directory *directory,
                   struct fh_bytes announcement,
                   struct fh_bytes contract,
                   struct fh_err *err)
{
    struct fh_proof *proof FH_CLEANUP(fh_proof_freep) = fh_calloc(1, sizeof *proof);
    if (proof == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    proof->arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    if (proof->arena == NULL || !copy(proof->arena, &proof->announcement, announcement) ||
        !copy(proof->arena, &proof->contract, contract)) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    int code = check_announcement(proof, directory, err);
    if (code == FH_OK) {
        code = check_contract(proof, directory, err);
        if (code != FH_OK) {
            code = fh_err_wrap(
                err, "contract of %s@%s", proof->announced.product, proof->announced.version);
        }
    }
    if (code != FH_OK) {
        return code;
    }
    const struct fh_directory_domain *owner = fh_directory_domain(directory, &proof->stated.domain);
    memcpy(proof->domain_name, owner->name, sizeof proof->domain_name);
    proof->text = fh_arena_string(proof->arena, proof->stated.text);
    if (proof->text == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    *out = FH_TAKE(proof);
    return FH_OK;
}

void fh_proof_free(struct fh_proof *proof)
{
    if (proof != NULL) {
        fh_arena_free(proof->arena);
        fh_free(proof);
    }
}

/* ---- the file ---- */

int fh_proof_save(struct fh_buf *out,
                  const struct fh_proof *proof,
                  const struct fh_directory *directory,
                  int64_t now_ms,
                  struct fh_err *err)
{
    size_t count = 0;
    struct fh_bytes *records FH_CLEANUP(fh_freep) =
        fh_calloc(FH_PROOF_IDENTITIES_MAX, sizeof *records);
    if (records == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for identity records");
    }
    int code = fh_support_records(
        directory, &proof->stated.domain, 1, records, FH_PROOF_IDENTITIES_MAX, &count, err);
    if (code != FH_OK) {
        return code;
    }
    fh_pack_array(out, PROOF_FIELDS);
    fh_pack_uint(out, 1);
    fh_pack_cstr(out, magic);
    fh_pack_bin(out, fh_bytes(fh_directory_mesh(directory)->b, FH_ID_BYTES));
    fh_pack_uint(out, (uint64_t)now_ms);
    fh_pack_bin(out, proof->announcement);
    fh_pack_bin(out, proof->contract);
    fh_pack_array(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        fh_pack_bin(out, records[i]);
    }
    code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "the proof does not fit a file");
}

bool fh_proof_is_file(struct fh_bytes file)
{
    /* array of PROOF_FIELDS, 1, str of the magic's length, the magic */
    const size_t length = sizeof magic - 1;
    return file.size > 3 + length && file.data[0] == (0x90 | PROOF_FIELDS) && file.data[1] == 1 &&
           file.data[2] == (0xA0 | length) && memcmp(file.data + 3, magic, length) == 0;
}

/* Views into the file. */
struct parsed {
    struct fh_mesh_id mesh;
    struct fh_bytes announcement;
    struct fh_bytes contract;
    size_t count;
    struct fh_bytes identities[FH_PROOF_IDENTITIES_MAX];
};

static int parse_file(struct parsed *out, struct fh_bytes file, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_PROOF_FILE_BYTES_MAX);
    int code = fh_pack_scan(file, &limits, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "not a saved contract, or a damaged one");
    }
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, file);
    fh_pack_read_record(&reader, PROOF_FIELDS);
    if (fh_pack_read_uint(&reader, UINT64_MAX) != 1) {
        fh_pack_fail(&reader, "expected version 1");
    }
    if (!fh_bytes_equal_cstr(fh_pack_read_str(&reader, 64), magic)) {
        fh_pack_fail(&reader, "expected \"freehold contract\"");
    }
    fh_pack_read_fixed(&reader, out->mesh.b, FH_ID_BYTES);
    fh_pack_read_uint(&reader, UINT64_MAX);
    out->announcement = fh_pack_read_bin(&reader, FH_RECORD_BYTES_MAX);
    out->contract = fh_pack_read_bin(&reader, FH_RECORD_BYTES_MAX);
    out->count = fh_pack_read_array(&reader, FH_PROOF_IDENTITIES_MAX);
    for (size_t i = 0; i < out->count; i++) {
        out->identities[i] = fh_pack_read_bin(&reader, FH_RECORD_BYTES_MAX);
    }
    return fh_pack_read_ok(&reader, "saved contract", err);
}

static int check_file(struct fh_proof **out,
                      const struct parsed *parsed,
                      const struct fh_mesh_id *mesh,
                      int64_t now_ms,
                      struct fh_err *err)
{
    if (!fh_mesh_id_equal(&parsed->mesh, mesh)) {
        return fh_err_rule(err, FH_ESIG, "contract.mesh", "the contract is of another mesh");
    }
    struct fh_directory *directory FH_CLEANUP(fh_directory_freep) =
        fh_directory_new(mesh, &fh_verifier_plain);
    if (directory == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for identities");
    }
    struct fh_err refused = {0};
    int added =
        fh_directory_add_all(directory, parsed->identities, parsed->count, now_ms, NULL, &refused);
    int code = fh_proof_check(out, directory, parsed->announcement, parsed->contract, err);
    /* A chain that does not hold is the better reason than the signer who is then unknown. */
    if (code != FH_OK && added != FH_OK && strncmp(err->rule, "record.signer", 13) == 0) {
        *err = refused;
        code = fh_err_wrap(err, "identity records of the file");
    }
    return code;
}

int fh_proof_verify_file(struct fh_proof **out,
                         struct fh_bytes file,
                         const struct fh_mesh_id *mesh,
                         int64_t now_ms,
                         struct fh_err *err)
{
    struct parsed *parsed FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *parsed);
    if (parsed == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a saved contract");
    }
    int code = parse_file(parsed, file, err);
    return code == FH_OK ? check_file(out, parsed, mesh, now_ms, err) : code;
}
