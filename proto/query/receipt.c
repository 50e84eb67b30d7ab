/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/receipt.h"

#include "common/semver.h"
#include "proto/identity/keylog.h"
#include "proto/wire/pack.h"

enum { RECEIPT_VERSION = 1, RECEIPT_FIELDS = 17, RECEIPT_BYTES_MAX = 16 * 1024 };

enum {
    NOTICE_FIELDS = 8,
    WAIVED_FIELDS = 11, /* of one that names a waiver */
};

_Static_assert(FH_RECEIPT_NOTICES_MAX *(1 + 2 + FH_ID_BYTES + 2 + FH_NAME_BYTES_MAX + 2 +
                                        FH_VERSION_BYTES_MAX + 1 + 9 + 2 + FH_SUCCESSOR_BYTES_MAX +
                                        1 + 9 + 2 + FH_ID_BYTES + 9 + 1) +
                       2 * FH_QUERY_TABLES_MAX * (2 + FH_ID_BYTES) + 512 <=
                   RECEIPT_BYTES_MAX,
               "the largest receipt fits its record");

static bool same_version(const struct fh_notice *notice, const struct fh_announcement *product)
{
    return fh_domain_id_equal(&notice->domain, &product->domain) &&
           strcmp(notice->product, product->product) == 0 &&
           strcmp(notice->version, product->version) == 0;
}

static struct fh_notice *find_notice(struct fh_receipt *receipt,
                                     const struct fh_announcement *product)
{
    for (size_t i = 0; i < receipt->notice_count; i++) {
        if (same_version(&receipt->notices[i], product)) {
            return &receipt->notices[i];
        }
    }
    return NULL;
}

/* To whomever the gate is open: the others get no answer. */
static bool is_broken(const struct fh_quality *quality)
{
    return fh_quality_decide(quality->gate, quality->state, true) == FH_QUALITY_NOTICE;
}

static struct fh_notice *add_notice(struct fh_receipt *receipt,
                                    const struct fh_announcement *product,
                                    const struct fh_quality *quality)
{
    bool broken = is_broken(quality);
    if (receipt->notice_count == FH_RECEIPT_NOTICES_MAX) {
        return NULL;
    }
    struct fh_notice *notice = &receipt->notices[receipt->notice_count++];
    notice->domain = product->domain;
    notice->status = product->status;
    notice->sunset_ms = product->sunset_ms;
    memcpy(notice->product, product->product, sizeof notice->product);
    memcpy(notice->version, product->version, sizeof notice->version);
    memcpy(notice->successor, product->successor, sizeof notice->successor);
    notice->quality = broken ? quality->state : FH_QUALITY_UNKNOWN;
    notice->measured_ms = broken ? quality->measured_ms : 0;
    return notice;
}

void fh_receipt_notice(struct fh_receipt *receipt,
                       const struct fh_announcement *product,
                       const struct fh_quality *quality)
{
    if (find_notice(receipt, product) == NULL &&
        (product->status != FH_ANNOUNCE_ACTIVE || is_broken(quality))) {
        (void)add_notice(receipt, product, quality);
    }
}

void fh_receipt_waived(struct fh_receipt *receipt,
                       const struct fh_announcement *product,
                       const struct fh_quality *quality,
                       const struct fh_notice_waiver *waiver)
{
    struct fh_notice *notice = find_notice(receipt, product);
    notice = notice != NULL ? notice : add_notice(receipt, product, quality);
    if (notice != NULL &&
        (fh_record_id_is_zero(&notice->waiver) || (waiver->urgent && !notice->urgent))) {
        notice->waiver = waiver->id;
        notice->waived_until_ms = waiver->until_ms;
        notice->urgent = waiver->urgent;
    }
}

static int check_notices(const struct fh_receipt *receipt, struct fh_err *err)
{
    if (receipt->notice_count > FH_RECEIPT_NOTICES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "receipt.lists",
                           "receipt: %zu notices; at most %d",
                           receipt->notice_count,
                           FH_RECEIPT_NOTICES_MAX);
    }
    for (size_t i = 0; i < receipt->notice_count; i++) {
        const struct fh_notice *notice = &receipt->notices[i];
        struct fh_semver version;
        int code = fh_name_check("product", notice->product, err);
        if (code == FH_OK) {
            code = fh_semver_parse(&version, notice->version, err);
        }
        if (code == FH_OK && notice->successor[0] != '\0') {
            code = fh_announce_successor_check(notice->successor, err);
        }
        if (code != FH_OK) {
            return fh_err_wrap(err, "receipt: notice %zu", i);
        }
    }
    return FH_OK;
}

static int check_values(const struct fh_receipt *receipt, struct fh_err *err)
{
    if (receipt->contract_count > FH_QUERY_TABLES_MAX ||
        receipt->part_count > FH_QUERY_TABLES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "receipt.lists",
                           "receipt: %zu contracts and %zu parts; at most %d of each",
                           receipt->contract_count,
                           receipt->part_count,
                           FH_QUERY_TABLES_MAX);
    }
    if (receipt->started_ms < 0 || receipt->finished_ms < receipt->started_ms) {
        return fh_err_rule(
            err, FH_EINVAL, "receipt.time", "receipt: finished before it was started");
    }
    if (receipt->sent.batches == 0 && receipt->sent.rows != 0) {
        return fh_err_rule(err, FH_EINVAL, "receipt.rows", "receipt: rows without a batch");
    }
    return check_notices(receipt, err);
}

static void put_ids(struct fh_buf *out, const struct fh_record_id *ids, size_t count)
{
    fh_pack_array(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        fh_pack_bin(out, fh_bytes(ids[i].b, FH_ID_BYTES));
    }
}

static void put_notices(struct fh_buf *out, const struct fh_receipt *receipt)
{
    fh_pack_array(out, (uint32_t)receipt->notice_count);
    for (size_t i = 0; i < receipt->notice_count; i++) {
        const struct fh_notice *notice = &receipt->notices[i];
        bool waived = !fh_record_id_is_zero(&notice->waiver);
        fh_pack_array(out, waived ? WAIVED_FIELDS : NOTICE_FIELDS);
        fh_pack_bin(out, fh_bytes(notice->domain.b, FH_ID_BYTES));
        fh_pack_cstr(out, notice->product);
        fh_pack_cstr(out, notice->version);
        fh_pack_uint(out, (uint64_t)notice->status);
        fh_pack_uint(out, (uint64_t)notice->sunset_ms);
        fh_pack_cstr(out, notice->successor);
        fh_pack_uint(out, (uint64_t)notice->quality);
        fh_pack_uint(out, (uint64_t)notice->measured_ms);
        if (waived) {
            fh_pack_bin(out, fh_bytes(notice->waiver.b, FH_ID_BYTES));
            fh_pack_uint(out, (uint64_t)notice->waived_until_ms);
            fh_pack_bool(out, notice->urgent);
        }
    }
}

int fh_receipt_build(struct fh_buf *out, const struct fh_receipt *receipt, struct fh_err *err)
{
    int code = check_values(receipt, err);
    if (code != FH_OK) {
        return code;
    }
    const struct fh_observed *sent = &receipt->sent;
    fh_pack_array(out, RECEIPT_FIELDS);
    fh_pack_uint(out, RECEIPT_VERSION);
    fh_pack_bin(out, fh_bytes(receipt->request.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(receipt->request_id.b, sizeof receipt->request_id.b));
    fh_pack_bin(out, fh_bytes(receipt->owner.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(receipt->node.b, FH_ID_BYTES));
    fh_pack_uint(out, receipt->outcome);
    fh_pack_uint(out, sent->rows);
    fh_pack_uint(out, sent->bytes);
    fh_pack_uint(out, sent->batches);
    fh_pack_bin(out, fh_bytes(sent->tags.b, FH_HASH_BYTES));
    fh_pack_bin(out, fh_bytes(sent->tree.b, sent->has_tree ? FH_HASH_BYTES : 0));
    put_ids(out, receipt->contracts, receipt->contract_count);
    fh_pack_bin(out, fh_bytes(receipt->policy.b, receipt->has_policy ? FH_ID_BYTES : 0));
    fh_pack_uint(out, (uint64_t)receipt->started_ms);
    fh_pack_uint(out, (uint64_t)receipt->finished_ms);
    put_ids(out, receipt->parts, receipt->part_count);
    put_notices(out, receipt);
    code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "receipt: no room for it");
}

static size_t read_ids(struct fh_pack_reader *reader, struct fh_record_id *out)
{
    size_t count = fh_pack_read_array(reader, FH_QUERY_TABLES_MAX);
    for (size_t i = 0; i < count; i++) {
        fh_pack_read_fixed(reader, out[i].b, FH_ID_BYTES);
    }
    return count;
}

static size_t read_notices(struct fh_pack_reader *reader, struct fh_notice *out)
{
    size_t count = fh_pack_read_array(reader, FH_RECEIPT_NOTICES_MAX);
    for (size_t i = 0; i < count && reader->failed == FH_OK; i++) {
        struct fh_notice *notice = &out[i];
        uint32_t fields = fh_pack_read_record(reader, NOTICE_FIELDS);
        fh_pack_read_fixed(reader, notice->domain.b, FH_ID_BYTES);
        fh_pack_read_cstr(reader, notice->product, sizeof notice->product);
        fh_pack_read_cstr(reader, notice->version, sizeof notice->version);
        notice->status =
            (enum fh_announce_status)fh_pack_read_uint(reader, FH_ANNOUNCE_STATUS_COUNT - 1);
        notice->sunset_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
        fh_pack_read_cstr(reader, notice->successor, sizeof notice->successor);
        notice->quality = (enum fh_quality_state)fh_pack_read_uint(reader, FH_QUALITY_FAIL);
        notice->measured_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
        if (fields >= WAIVED_FIELDS) {
            fh_pack_read_fixed(reader, notice->waiver.b, FH_ID_BYTES);
            notice->waived_until_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
            notice->urgent = fh_pack_read_bool(reader);
        }
        fh_pack_read_record_end(
            reader, fields, fields >= WAIVED_FIELDS ? WAIVED_FIELDS : NOTICE_FIELDS);
    }
    return count;
}

static void read_fields(struct fh_pack_reader *reader, struct fh_receipt *out)
{
    fh_pack_read_fixed(reader, out->request.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, out->request_id.b, sizeof out->request_id.b);
    fh_pack_read_fixed(reader, out->owner.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, out->node.b, FH_ID_BYTES);
    out->outcome = (unsigned)fh_pack_read_uint(reader, UINT16_MAX);
    out->sent.rows = fh_pack_read_uint(reader, UINT64_MAX);
    out->sent.bytes = fh_pack_read_uint(reader, UINT64_MAX);
    out->sent.batches = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_fixed(reader, out->sent.tags.b, FH_HASH_BYTES);
    out->sent.has_tree = fh_pack_read_optional(reader, out->sent.tree.b, FH_HASH_BYTES);
    out->contract_count = read_ids(reader, out->contracts);
    out->has_policy = fh_pack_read_optional(reader, out->policy.b, FH_ID_BYTES);
    out->started_ms = (int64_t)fh_pack_read_uint(reader, INT64_MAX);
    out->finished_ms = (int64_t)fh_pack_read_uint(reader, INT64_MAX);
    out->part_count = read_ids(reader, out->parts);
    out->notice_count = read_notices(reader, out->notices);
}

int fh_receipt_parse(struct fh_receipt *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(RECEIPT_BYTES_MAX);
    if (fh_pack_scan(payload, &limits, err) != FH_OK) {
        return fh_err_wrap(err, "receipt");
    }
    struct fh_receipt receipt = {.outcome = FH_OK};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, payload);
    uint32_t fields = fh_pack_read_record(&reader, RECEIPT_FIELDS);
    uint64_t version = fh_pack_read_uint(&reader, UINT64_MAX);
    if (reader.failed == FH_OK && version != RECEIPT_VERSION) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "receipt.version",
                           "receipt: version %llu; this node reads version %d",
                           (unsigned long long)version,
                           RECEIPT_VERSION);
    }
    read_fields(&reader, &receipt);
    fh_pack_read_record_end(&reader, fields, RECEIPT_FIELDS);
    int code = fh_pack_read_ok(&reader, "receipt", err);
    if (code == FH_OK) {
        code = check_values(&receipt, err);
    }
    if (code == FH_OK) {
        *out = receipt;
    }
    return code;
}

static int check_request(const struct fh_receipt *receipt,
                         const struct fh_query_request *request,
                         const struct fh_record_id *request_record,
                         struct fh_err *err)
{
    if (!fh_record_id_equal(&receipt->request, request_record) ||
        memcmp(receipt->request_id.b, request->id.b, sizeof request->id.b) != 0) {
        char text[FH_ID_SHORT_BYTES];
        fh_record_id_short(text, &receipt->request);
        return fh_err_rule(err,
                           FH_ESIG,
                           "receipt.request",
                           "the receipt answers another request (%s) than this one",
                           text);
    }
    return FH_OK;
}

/* Who answered signed after the request was made, as far as clocks may differ: the signer is judged
 * at the time that the receipt names, so an earlier one would be that of a key which has ended
 * since. Whoever runs a request has compared its clock with the consumer's by the same grace. */
static int check_time(const struct fh_receipt *receipt,
                      const struct fh_query_request *request,
                      struct fh_err *err)
{
    if (receipt->finished_ms < request->issued_ms - FH_CLOCK_SKEW_MS) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "receipt.time",
                           "the receipt is dated %lld s before the request that it answers",
                           (long long)((request->issued_ms - receipt->finished_ms) / 1000));
    }
    return FH_OK;
}

/* Every table is the signer's own, or the signer is the peer that the consumer named to join. */
static int check_owner(const struct fh_receipt *receipt,
                       const struct fh_query_request *request,
                       struct fh_err *err)
{
    if (fh_node_id_equal(&receipt->node, &request->entry)) {
        return FH_OK;
    }
    char owner[FH_ID_SHORT_BYTES];
    fh_domain_id_short(owner, &receipt->owner);
    if (receipt->part_count > 0 || request->table_count == 0) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "receipt.owner",
                           "the receipt is by a node of %s that is not the request's entry peer",
                           owner);
    }
    for (size_t i = 0; i < request->table_count; i++) {
        const struct fh_query_table *table = &request->tables[i];
        if (!fh_domain_id_equal(&table->domain, &receipt->owner)) {
            return fh_err_rule(err,
                               FH_ESIG,
                               "receipt.owner",
                               "the receipt is by %s, which does not own %s",
                               owner,
                               table->product);
        }
    }
    return FH_OK;
}

static bool has_id(const struct fh_record_id *ids, size_t count, const struct fh_record_id *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (fh_record_id_equal(&ids[i], wanted)) {
            return true;
        }
    }
    return false;
}

bool fh_receipt_is_under(const struct fh_receipt *receipt, const struct fh_record_id *contract)
{
    return has_id(receipt->contracts, receipt->contract_count, contract);
}

static int check_contracts(const struct fh_receipt *receipt,
                           const struct fh_query_request *request,
                           struct fh_err *err)
{
    for (size_t i = 0; i < request->table_count; i++) {
        const struct fh_query_table *table = &request->tables[i];
        if (!fh_receipt_is_under(receipt, &table->contract)) {
            return fh_err_rule(err,
                               FH_ESIG,
                               "receipt.contract",
                               "the receipt does not name the contract of %s %s that was asked "
                               "under",
                               table->product,
                               table->version);
        }
    }
    return FH_OK;
}

static int check_outcome(const struct fh_receipt *receipt, struct fh_err *err)
{
    if (receipt->outcome == FH_OK) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_EINCOMPLETE,
                       "receipt.outcome",
                       "the answer ended early after %llu rows: %s",
                       (unsigned long long)receipt->sent.rows,
                       fh_code_text((int)receipt->outcome));
}

static int
check_counts(const struct fh_observed *sent, const struct fh_observed *observed, struct fh_err *err)
{
    const struct {
        const char *what;
        uint64_t sent, observed;
    } rows[] = {
        {"batches", sent->batches, observed->batches},
        {"rows", sent->rows, observed->rows},
        {"bytes", sent->bytes, observed->bytes},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        if (rows[i].sent != rows[i].observed) {
            return fh_err_rule(err,
                               FH_EINCOMPLETE,
                               "receipt.rows",
                               "%llu %s arrived, the receipt says %llu; ask again",
                               (unsigned long long)rows[i].observed,
                               rows[i].what,
                               (unsigned long long)rows[i].sent);
        }
    }
    return FH_OK;
}

static int check_tree(const struct fh_receipt *receipt,
                      const struct fh_query_request *request,
                      const struct fh_observed *observed,
                      struct fh_err *err)
{
    bool wanted = (request->flags & FH_QUERY_TREE) != 0;
    if (wanted && !receipt->sent.has_tree) {
        return fh_err_rule(
            err, FH_ESIG, "receipt.tree", "a hash tree was asked and the receipt has none");
    }
    if (observed == NULL || !receipt->sent.has_tree || !observed->has_tree) {
        return FH_OK;
    }
    if (!fh_crypto_equal(receipt->sent.tree.b, observed->tree.b, FH_HASH_BYTES)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "receipt.tree",
                           "the data does not give the hash tree that the receipt signs");
    }
    return FH_OK;
}

int fh_receipt_check(const struct fh_receipt *receipt,
                     const struct fh_query_request *request,
                     const struct fh_record_id *request_record,
                     const struct fh_observed *observed,
                     struct fh_err *err)
{
    if (receipt == NULL) {
        return fh_err_rule(err,
                           FH_EINCOMPLETE,
                           "receipt.missing",
                           "the answer ended without a receipt, so it may be short; ask again");
    }
    int code = check_request(receipt, request, request_record, err);
    if (code == FH_OK) {
        code = check_time(receipt, request, err);
    }
    if (code == FH_OK) {
        code = check_owner(receipt, request, err);
    }
    if (code == FH_OK) {
        code = check_contracts(receipt, request, err);
    }
    if (code == FH_OK) {
        code = check_outcome(receipt, err);
    }
    if (code == FH_OK && observed != NULL) {
        code = check_counts(&receipt->sent, observed, err);
        if (code == FH_OK &&
            !fh_crypto_equal(receipt->sent.tags.b, observed->tags.b, FH_HASH_BYTES)) {
            code = fh_err_rule(err,
                               FH_ESIG,
                               "receipt.tags",
                               "the batches that arrived are not those that the receipt signs");
        }
    }
    if (code == FH_OK) {
        code = check_tree(receipt, request, observed, err);
    }
    return code;
}

static bool owns_a_table(const struct fh_query_request *request, const struct fh_domain_id *domain)
{
    for (size_t i = 0; i < request->table_count; i++) {
        if (fh_domain_id_equal(&request->tables[i].domain, domain)) {
            return true;
        }
    }
    return false;
}

static int check_part(const struct fh_receipt *part,
                      const struct fh_query_request *request,
                      const struct fh_record_id *request_record,
                      struct fh_err *err)
{
    int code = check_request(part, request, request_record, err);
    if (code == FH_OK) {
        code = check_time(part, request, err);
    }
    if (code == FH_OK && !owns_a_table(request, &part->owner)) {
        char owner[FH_ID_SHORT_BYTES];
        fh_domain_id_short(owner, &part->owner);
        code = fh_err_rule(
            err, FH_ESIG, "receipt.owner", "a part is by %s, which owns none of the tables", owner);
    }
    /* The entry peer may stop reading early, as for LIMIT: the part then says so. */
    return code == FH_OK && part->outcome != FH_ECANCELLED ? check_outcome(part, err) : code;
}

static bool is_covered(const struct fh_domain_id *domain,
                       const struct fh_receipt *receipt,
                       const struct fh_receipt *parts,
                       size_t part_count)
{
    bool covered = fh_domain_id_equal(domain, &receipt->owner);
    for (size_t i = 0; i < part_count && !covered; i++) {
        covered = fh_domain_id_equal(domain, &parts[i].owner);
    }
    return covered;
}

/* One of the owner's parts, if there are any, must be under the contract of the table. */
static bool is_under_contract(const struct fh_query_table *table,
                              const struct fh_receipt *parts,
                              size_t part_count)
{
    bool any = false;
    bool under = false;
    for (size_t i = 0; i < part_count; i++) {
        bool own = fh_domain_id_equal(&table->domain, &parts[i].owner);
        any = any || own;
        under = under || (own && fh_receipt_is_under(&parts[i], &table->contract));
    }
    return under || !any;
}

int fh_receipt_check_parts(const struct fh_receipt *receipt,
                           const struct fh_receipt *parts,
                           const struct fh_record_id *part_ids,
                           size_t part_count,
                           const struct fh_query_request *request,
                           const struct fh_record_id *request_record,
                           struct fh_err *err)
{
    for (size_t i = 0; i < receipt->part_count; i++) {
        if (!has_id(part_ids, part_count, &receipt->parts[i])) {
            char id[FH_ID_SHORT_BYTES];
            fh_record_id_short(id, &receipt->parts[i]);
            return fh_err_rule(err,
                               FH_EINCOMPLETE,
                               "receipt.missing",
                               "the owner's receipt %s, which the entry peer's lists, is not there",
                               id);
        }
    }
    for (size_t i = 0; i < part_count; i++) {
        if (!has_id(receipt->parts, receipt->part_count, &part_ids[i])) {
            return fh_err_rule(err,
                               FH_ESIG,
                               "receipt.request",
                               "part %zu is not among those that the entry peer's receipt lists",
                               i);
        }
        int code = check_part(&parts[i], request, request_record, err);
        if (code != FH_OK) {
            return fh_err_wrap(err, "part %zu", i);
        }
    }
    for (size_t i = 0; i < request->table_count; i++) {
        const struct fh_query_table *table = &request->tables[i];
        if (!is_covered(&table->domain, receipt, parts, part_count)) {
            return fh_err_rule(err,
                               FH_EINCOMPLETE,
                               "receipt.missing",
                               "no receipt is by the owner of %s",
                               table->product);
        }
        if (!is_under_contract(table, parts, part_count)) {
            return fh_err_rule(err,
                               FH_ESIG,
                               "receipt.contract",
                               "no receipt of the owner of %s is under the contract that was asked",
                               table->product);
        }
    }
    return FH_OK;
}
