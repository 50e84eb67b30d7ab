/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/receipt_file.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/query/signer.h"
#include "proto/wire/pack.h"

enum { FILE_VERSION = 1, FILE_FIELDS = 8 };

static const char magic[] = "freehold receipt";

static int refuse(struct fh_err *err, int code, const char *text)
{
    return fh_err_rule(err, code, "receipt.file", "receipt file: %s", text);
}

/* ---- the format ---- */

static void put_bins(struct fh_buf *out, const struct fh_bytes *bins, size_t count)
{
    fh_pack_array(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        fh_pack_bin(out, bins[i]);
    }
}

static int check_lists(const struct fh_receipt_file *file, struct fh_err *err)
{
    if (file->receipt_count == 0 || file->receipt_count > FH_RECEIPT_FILE_RECEIPTS_MAX) {
        return refuse(err, FH_EINVAL, "expected 1 to 65 receipts");
    }
    if (file->support_count > FH_RECEIPT_FILE_SUPPORT_MAX) {
        return refuse(err, FH_ETOOBIG, "too many supporting records");
    }
    if (file->leaves.size % FH_HASH_BYTES != 0) {
        return refuse(err, FH_EINVAL, "leaf hashes have 32 bytes each");
    }
    if (file->leaves.size / FH_HASH_BYTES > FH_RECEIPT_LEAVES_MAX) {
        return refuse(err, FH_ETOOBIG, "too many leaf hashes");
    }
    if (file->saved_ms < 0) {
        return refuse(err, FH_EINVAL, "saved before 1970");
    }
    return FH_OK;
}

int fh_receipt_file_make(struct fh_buf *out, const struct fh_receipt_file *file, struct fh_err *err)
{
    int code = check_lists(file, err);
    if (code != FH_OK) {
        return code;
    }
    fh_pack_array(out, FILE_FIELDS);
    fh_pack_uint(out, FILE_VERSION);
    fh_pack_cstr(out, magic);
    fh_pack_bin(out, fh_bytes(file->mesh.b, FH_ID_BYTES));
    fh_pack_uint(out, (uint64_t)file->saved_ms);
    fh_pack_bin(out, file->request);
    put_bins(out, file->receipts, file->receipt_count);
    put_bins(out, file->support, file->support_count);
    fh_pack_bin(out, file->leaves);
    code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "receipt file: no room for it");
}

static size_t read_bins(struct fh_pack_reader *reader, struct fh_bytes *out, uint32_t max)
{
    uint32_t count = fh_pack_read_array(reader, max);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    }
    return count;
}

int fh_receipt_file_parse(struct fh_receipt_file *out, struct fh_bytes bytes, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_RECEIPT_FILE_BYTES_MAX);
    if (fh_pack_scan(bytes, &limits, err) != FH_OK) {
        return fh_err_wrap(err, "receipt file");
    }
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, bytes);
    uint32_t fields = fh_pack_read_record(&reader, FILE_FIELDS);
    uint64_t version = fh_pack_read_uint(&reader, UINT64_MAX);
    struct fh_bytes name = fh_pack_read_str(&reader, sizeof magic);
    if (reader.failed != FH_OK || !fh_bytes_equal_cstr(name, magic)) {
        return refuse(
            err, FH_EINVAL, "this is no receipt file (made by: freehold query --receipt)");
    }
    if (version != FILE_VERSION) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "receipt.file",
                           "receipt file: version %llu; this program reads version %d",
                           (unsigned long long)version,
                           FILE_VERSION);
    }
    /* Read into a local: views only, so the copy at the end is cheap enough. */
    struct fh_receipt_file file = {.receipt_count = 0};
    fh_pack_read_fixed(&reader, file.mesh.b, FH_ID_BYTES);
    file.saved_ms = (int64_t)fh_pack_read_uint(&reader, INT64_MAX);
    file.request = fh_pack_read_bin(&reader, FH_RECORD_BYTES_MAX);
    file.receipt_count = read_bins(&reader, file.receipts, FH_RECEIPT_FILE_RECEIPTS_MAX);
    file.support_count = read_bins(&reader, file.support, FH_RECEIPT_FILE_SUPPORT_MAX);
    file.leaves = fh_pack_read_bin(&reader, FH_RECEIPT_FILE_BYTES_MAX);
    fh_pack_read_record_end(&reader, fields, FILE_FIELDS);
    int code = fh_pack_read_ok(&reader, "receipt file", err);
    if (code == FH_OK) {
        code = check_lists(&file, err);
    }
    if (code == FH_OK) {
        *out = file;
    }
    return code;
}

/* ---- what a file needs besides ---- */

struct gathering {
    struct fh_receipt_file *file;
    const struct fh_directory *dir;
    unsigned only;       /* a record type, or 0 for all */
    bool full;           /* no room for another record */
    size_t domain_count; /* whose records are needed */
    struct fh_domain_id domains[FH_RECEIPT_FILE_RECEIPTS_MAX + FH_CHARTER_MEMBERS_MAX];
};

static bool gather(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)id;
    struct gathering *gathering = user;
    if (gathering->only != 0 && type != gathering->only) {
        return true;
    }
    if (gathering->file->support_count == FH_RECEIPT_FILE_SUPPORT_MAX) {
        gathering->full = true;
        return false;
    }
    gathering->file->support[gathering->file->support_count++] = bytes;
    return true;
}

static bool is_needed(const struct gathering *gathering, const struct fh_domain_id *domain)
{
    for (size_t i = 0; i < gathering->domain_count; i++) {
        if (fh_domain_id_equal(&gathering->domains[i], domain)) {
            return true;
        }
    }
    return false;
}

/* Adds a domain, who admitted it, who admitted that one, and so on. */
static int need(struct gathering *gathering, const struct fh_domain_id *domain, struct fh_err *err)
{
    struct fh_domain_id id = *domain;
    while (!fh_domain_id_is_zero(&id) && !is_needed(gathering, &id)) {
        const struct fh_directory_domain *known = fh_directory_domain(gathering->dir, &id);
        if (known == NULL) {
            char text[FH_ID_SHORT_BYTES];
            fh_domain_id_short(text, &id);
            return fh_err_rule(err,
                               FH_ENOTFOUND,
                               "identity.missing.key_log",
                               "receipt file: nothing is known of domain %s",
                               text);
        }
        if (gathering->domain_count == FH_COUNT(gathering->domains)) {
            return refuse(err, FH_ETOOBIG, "too many domains");
        }
        gathering->domains[gathering->domain_count++] = id;
        id = known->issuer;
    }
    return FH_OK;
}

static int need_signers(struct gathering *gathering, struct fh_err *err)
{
    const struct fh_receipt_file *file = gathering->file;
    const struct fh_mesh_id *mesh = fh_directory_mesh(gathering->dir);
    struct fh_record record;
    struct fh_query_request *request = fh_calloc(1, sizeof *request);
    struct fh_receipt *receipt = fh_calloc(1, sizeof *receipt);
    int code = request == NULL || receipt == NULL ? FH_ENOMEM : FH_OK;
    if (code != FH_OK) {
        fh_err_set(err, code, "no memory for a receipt");
    }
    if (code == FH_OK) {
        code = fh_record_parse(&record, file->request, mesh, err);
    }
    if (code == FH_OK) {
        code = fh_query_request_parse(request, record.payload, err);
    }
    if (code == FH_OK) {
        code = need(gathering, &request->consumer, err);
    }
    for (size_t i = 0; i < file->receipt_count && code == FH_OK; i++) {
        code = fh_record_parse(&record, file->receipts[i], mesh, err);
        if (code == FH_OK) {
            code = fh_receipt_parse(receipt, record.payload, err);
        }
        if (code == FH_OK) {
            code = need(gathering, &receipt->owner, err);
        }
    }
    fh_free(request);
    fh_free(receipt);
    return code;
}

int fh_receipt_file_support(struct fh_receipt_file *file,
                            const struct fh_directory *dir,
                            struct fh_err *err)
{
    struct gathering gathering = {.file = file, .dir = dir};
    const struct fh_charter *charter = fh_directory_charter(dir, NULL);
    if (charter == NULL) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "identity.missing.charter",
                           "receipt file: the charter of the mesh is not known");
    }
    file->mesh = *fh_directory_mesh(dir);
    file->support_count = 0;
    int code = need_signers(&gathering, err);
    if (code != FH_OK) {
        return code;
    }
    gathering.only = FH_RECORD_CHARTER;
    fh_directory_each(dir, gather, &gathering);
    /* The charter's signers need their keys only, unless they are needed anyway. */
    gathering.only = FH_RECORD_KEY;
    for (unsigned i = 0; i < charter->member_count; i++) {
        if (!is_needed(&gathering, &charter->members[i].domain)) {
            fh_directory_each_of(dir, &charter->members[i].domain, gather, &gathering);
        }
    }
    gathering.only = 0;
    for (size_t i = 0; i < gathering.domain_count; i++) {
        fh_directory_each_of(dir, &gathering.domains[i], gather, &gathering);
    }
    return gathering.full ? refuse(err, FH_ETOOBIG, "too many supporting records") : FH_OK;
}

/* ---- verifying ---- */

struct verifying {
    const struct fh_receipt_file *file;
    struct fh_directory *directory;
    struct fh_receipt_verdict verdict;
    struct fh_record_id request_id;
    struct fh_record_id ids[FH_RECEIPT_FILE_RECEIPTS_MAX];
};

static void verifying_freep(struct verifying **verifying)
{
    if (*verifying != NULL) {
        fh_directory_free((*verifying)->directory);
        fh_free(*verifying);
    }
}

/* Latest time that any record in the file can have been made at: when the file was saved. */
static int build_directory(struct verifying *verifying,
                           const struct fh_mesh_id *mesh,
                           const struct fh_verifier *verifier,
                           struct fh_err *err)
{
    const struct fh_receipt_file *file = verifying->file;
    if (!fh_mesh_id_equal(&file->mesh, mesh)) {
        char theirs[FH_ID_SHORT_BYTES];
        char ours[FH_ID_SHORT_BYTES];
        fh_mesh_id_short(theirs, &file->mesh);
        fh_mesh_id_short(ours, mesh);
        return fh_err_rule(
            err, FH_ESIG, "receipt.mesh", "the receipt is of mesh %s, not of %s", theirs, ours);
    }
    verifying->directory = fh_directory_new(mesh, verifier);
    if (verifying->directory == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a directory");
    }
    int code = fh_directory_add_all(
        verifying->directory, file->support, file->support_count, file->saved_ms, NULL, err);
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "supporting records");
}

/* Directory refusals say "record.signature"; here it matters whose. */
static int name_rule(struct fh_err *err, int code, const char *rule, const char *what)
{
    if (code != FH_OK && err != NULL) {
        if (strcmp(err->rule, "record.signature") == 0) {
            FH_ASSERT(strlen(rule) < sizeof err->rule);
            memcpy(err->rule, rule, strlen(rule) + 1);
        }
        fh_err_wrap(err, "%s", what);
    }
    return code;
}

static int parse_record(struct fh_record *out,
                        struct fh_bytes bytes,
                        unsigned type,
                        const struct fh_mesh_id *mesh,
                        struct fh_err *err)
{
    int code = fh_record_parse(out, bytes, mesh, err);
    if (code == FH_OK && out->type != type) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "receipt.file",
                           "receipt file: a record of type %s where a %s is expected",
                           fh_record_type_text(out->type),
                           fh_record_type_text(type));
    }
    return code;
}

static int verify_request(struct verifying *verifying, struct fh_err *err)
{
    struct fh_record record;
    struct fh_query_request *request = &verifying->verdict.request;
    int code = parse_record(&record,
                            verifying->file->request,
                            FH_RECORD_REQUEST,
                            fh_directory_mesh(verifying->directory),
                            err);
    if (code == FH_OK) {
        code = fh_query_request_parse(request, record.payload, err);
    }
    if (code != FH_OK) {
        return code;
    }
    verifying->request_id = record.id;
    FH_CLEANUP(fh_freep) struct fh_token_signer *signer = fh_calloc(1, sizeof *signer);
    if (signer == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to verify a request");
    }
    code = fh_query_request_verify(signer, verifying->directory, &record, request, err);
    return name_rule(err, code, "query.request.signature", "query request");
}

static int verify_receipt(struct verifying *verifying,
                          size_t index,
                          struct fh_receipt *out,
                          struct fh_err *err)
{
    struct fh_record record;
    int code = parse_record(&record,
                            verifying->file->receipts[index],
                            FH_RECORD_RECEIPT,
                            fh_directory_mesh(verifying->directory),
                            err);
    if (code == FH_OK) {
        code = fh_receipt_parse(out, record.payload, err);
    }
    if (code != FH_OK) {
        return code;
    }
    verifying->ids[index] = record.id;
    struct fh_signer signer;
    code = fh_directory_verify(verifying->directory,
                               &record,
                               &out->owner,
                               FH_ROLE_MASK(FH_ROLE_NODE),
                               out->finished_ms,
                               &signer,
                               err);
    if (code != FH_OK) {
        return name_rule(err, code, "receipt.signature", "receipt");
    }
    struct fh_node_id node = fh_node_id_of(&signer.key);
    if (!fh_node_id_equal(&node, &out->node)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "receipt.signature",
                           "the receipt is signed by another node than it names");
    }
    return FH_OK;
}

static int verify_leaves(const struct verifying *verifying, struct fh_err *err)
{
    const struct fh_receipt *receipt = &verifying->verdict.receipt;
    struct fh_bytes leaves = verifying->file->leaves;
    size_t count = leaves.size / FH_HASH_BYTES;
    if (!receipt->sent.has_tree) {
        return count == 0 ? FH_OK
                          : fh_err_rule(err,
                                        FH_ESIG,
                                        "receipt.tree",
                                        "the file has leaf hashes, the receipt signs no tree");
    }
    struct fh_tree tree;
    fh_tree_init(&tree);
    for (size_t i = 0; i < count; i++) {
        struct fh_hash leaf;
        memcpy(leaf.b, leaves.data + i * FH_HASH_BYTES, FH_HASH_BYTES);
        fh_tree_add(&tree, &leaf);
    }
    struct fh_hash root = fh_tree_root(&tree);
    if (count != receipt->sent.batches ||
        !fh_crypto_equal(root.b, receipt->sent.tree.b, FH_HASH_BYTES)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "receipt.tree",
                           "%zu leaf hashes do not give the tree of %llu batches that is signed",
                           count,
                           (unsigned long long)receipt->sent.batches);
    }
    return FH_OK;
}

static int verify_receipts(struct verifying *verifying, struct fh_err *err)
{
    struct fh_receipt_verdict *verdict = &verifying->verdict;
    int code = verify_receipt(verifying, 0, &verdict->receipt, err);
    if (code == FH_OK) {
        code = fh_receipt_check(
            &verdict->receipt, &verdict->request, &verifying->request_id, NULL, err);
    }
    verdict->part_count = verifying->file->receipt_count - 1;
    for (size_t i = 0; i < verdict->part_count && code == FH_OK; i++) {
        code = verify_receipt(verifying, i + 1, &verdict->parts[i], err);
        if (code != FH_OK) {
            fh_err_wrap(err, "part %zu", i);
        }
    }
    if (code == FH_OK) {
        code = fh_receipt_check_parts(&verdict->receipt,
                                      verdict->parts,
                                      verifying->ids + 1,
                                      verdict->part_count,
                                      &verdict->request,
                                      &verifying->request_id,
                                      err);
    }
    return code == FH_OK ? verify_leaves(verifying, err) : code;
}

int fh_receipt_file_verify(struct fh_receipt_verdict *out,
                           const struct fh_receipt_file *file,
                           const struct fh_mesh_id *mesh,
                           const struct fh_verifier *verifier,
                           struct fh_err *err)
{
    int code = check_lists(file, err);
    if (code != FH_OK) {
        return code;
    }
    FH_CLEANUP(verifying_freep) struct verifying *verifying = fh_calloc(1, sizeof *verifying);
    if (verifying == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to verify a receipt");
    }
    verifying->file = file;
    code = build_directory(verifying, mesh, verifier, err);
    if (code == FH_OK) {
        code = verify_request(verifying, err);
    }
    if (code == FH_OK) {
        code = verify_receipts(verifying, err);
    }
    if (code == FH_OK) {
        *out = verifying->verdict;
    }
    return code;
}
