/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/contract_record.h"

#include "common/assert.h"
#include "common/semver.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/publish_rules.h"
#include "proto/identity/keylog.h"
#include "proto/wire/pack.h"

#include <stdio.h>

enum { RECORD_FORM = 1 };

void fh_contract_record_encode(struct fh_buf *out,
                               const struct fh_contract_record *record,
                               const struct fh_contract *contract)
{
    FH_ASSERT(record->seq >= 1);
    FH_ASSERT((record->seq == 1) == fh_record_id_is_zero(&record->prev));
    FH_ASSERT(record->created_ms >= 0);
    fh_pack_map(out, 10);
    fh_pack_cstr(out, "compat_rules");
    fh_pack_uint(out, record->compat_rules);
    fh_pack_cstr(out, "contract");
    fh_contract_encode(out, contract);
    fh_pack_cstr(out, "created");
    fh_pack_uint(out, (uint64_t)record->created_ms);
    fh_pack_cstr(out, "domain");
    fh_pack_bin(out, fh_bytes(record->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, "prev");
    fh_pack_bin(out, fh_bytes(record->prev.b, record->seq == 1 ? 0 : FH_ID_BYTES));
    fh_pack_cstr(out, "product");
    fh_pack_cstr(out, contract->name);
    fh_pack_cstr(out, "seq");
    fh_pack_uint(out, record->seq);
    fh_pack_cstr(out, "text");
    fh_pack_str(out, record->text);
    fh_pack_cstr(out, "v");
    fh_pack_uint(out, RECORD_FORM);
    fh_pack_cstr(out, "version");
    fh_pack_cstr(out, contract->version);
}

/* The fields in the order of their keys. */
enum field {
    FIELD_COMPAT_RULES,
    FIELD_CONTRACT,
    FIELD_CREATED,
    FIELD_DOMAIN,
    FIELD_PREV,
    FIELD_PRODUCT,
    FIELD_SEQ,
    FIELD_TEXT,
    FIELD_V,
    FIELD_VERSION,
    FIELD_COUNT
};

static const char *const field_keys[FIELD_COUNT] = {"compat_rules",
                                                    "contract",
                                                    "created",
                                                    "domain",
                                                    "prev",
                                                    "product",
                                                    "seq",
                                                    "text",
                                                    "v",
                                                    "version"};

struct reading {
    struct fh_contract_record record;
    size_t prev_size;
    uint64_t form;
};

static void read_field(struct fh_pack_reader *reader, unsigned field, void *user)
{
    struct reading *reading = user;
    struct fh_contract_record *out = &reading->record;
    switch ((enum field)field) {
    case FIELD_COMPAT_RULES:
        out->compat_rules = fh_pack_read_uint(reader, UINT64_MAX);
        break;
    case FIELD_CONTRACT:
        if (fh_pack_peek(reader) != FH_PACK_MAP) {
            fh_pack_fail(reader, "expected the map of a contract");
        }
        out->form = fh_pack_read_raw(reader);
        break;
    case FIELD_CREATED:
        out->created_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
        break;
    case FIELD_DOMAIN:
        fh_pack_read_fixed(reader, out->domain.b, FH_ID_BYTES);
        break;
    case FIELD_PREV: {
        struct fh_bytes prev = fh_pack_read_bin(reader, FH_ID_BYTES);
        reading->prev_size = prev.size;
        if (prev.size == FH_ID_BYTES) {
            memcpy(out->prev.b, prev.data, FH_ID_BYTES);
        } else if (prev.size != 0) {
            fh_pack_fail(reader, "expected a record id or nothing");
        }
        break;
    }
    case FIELD_PRODUCT:
        fh_pack_read_cstr(reader, out->product, sizeof out->product);
        break;
    case FIELD_SEQ:
        out->seq = fh_pack_read_uint(reader, UINT64_MAX);
        break;
    case FIELD_TEXT:
        out->text = fh_pack_read_str(reader, FH_CONTRACT_BYTES_MAX);
        break;
    case FIELD_V:
        reading->form = fh_pack_read_uint(reader, UINT64_MAX);
        break;
    case FIELD_VERSION:
        fh_pack_read_cstr(reader, out->version, sizeof out->version);
        break;
    case FIELD_COUNT:
        break;
    }
}

static int check_shape(const struct fh_contract_record *read, size_t prev_size, struct fh_err *err)
{
    struct fh_semver version;
    int rc = fh_name_check("product", read->product, err);
    if (rc == FH_OK) {
        rc = fh_semver_parse(&version, read->version, err);
    }
    if (rc != FH_OK) {
        return fh_err_wrap(err, "contract record");
    }
    bool is_zero = fh_record_id_is_zero(&read->prev);
    if (read->compat_rules == 0) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "contract.record.shape",
                           "contract record of %s: rule sets count from 1",
                           read->product);
    }
    if (read->seq == 0 || (read->seq == 1) != (prev_size == 0) || (prev_size != 0 && is_zero)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "contract.chain.broken",
                           "contract record of %s: seq counts from 1, and every one but the first "
                           "names the record before it",
                           read->product);
    }
    return FH_OK;
}

int fh_contract_record_parse(struct fh_contract_record *out,
                             struct fh_bytes payload,
                             struct fh_err *err)
{
    static const struct fh_pack_form form = {.what = "contract record",
                                             .rule = "contract.record.shape",
                                             .keys = field_keys,
                                             .key_count = FIELD_COUNT,
                                             .read = read_field};
    struct reading reading = {.form = 0};
    int rc = fh_pack_read_form(payload, &form, &reading, err);
    if (rc != FH_OK) {
        return rc;
    }
    if (reading.form != RECORD_FORM) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "contract.record.version",
                           "contract record form %llu is not known here, only form %d",
                           (unsigned long long)reading.form,
                           RECORD_FORM);
    }
    rc = check_shape(&reading.record, reading.prev_size, err);
    if (rc == FH_OK) {
        *out = reading.record;
    }
    return rc;
}

/* Whether the text reads as the contract whose form was signed: then it is that contract, and the
 * form need not be decoded. */
static int check_text(struct fh_contract **out,
                      const struct fh_contract_record *record,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_err why = {0};
    fh_findings_init(&findings, arena);
    int rc = fh_contract_read(&contract, record->text, &findings, &why);
    if (rc == FH_ENOMEM) {
        return fh_err_set(err, rc, "contract record: out of memory while reading its text");
    }
    struct fh_buf FH_CLEANUP(fh_buf_fini) form;
    fh_buf_init(&form, FH_CONTRACT_FORM_BYTES_MAX);
    if (rc == FH_OK) {
        fh_contract_encode(&form, contract);
        if (fh_buf_ok(&form) == FH_ENOMEM) {
            return fh_err_set(err, FH_ENOMEM, "contract record: out of memory");
        }
        if (fh_bytes_equal(fh_buf_view(&form), record->form)) {
            *out = contract;
            return FH_OK;
        }
        snprintf(why.text, sizeof why.text, "it says something else");
    }
    return fh_err_rule(err,
                       FH_EINVAL,
                       "contract.text.differs",
                       "contract record of %s %s: the text is not the contract that was signed: "
                       "%.300s",
                       record->product,
                       record->version,
                       why.text);
}

int fh_contract_record_open(struct fh_contract **out,
                            const struct fh_contract_record *record,
                            struct fh_arena *arena,
                            struct fh_err *err)
{
    struct fh_contract *contract = NULL;
    struct fh_err differs = {0};
    int same = check_text(&contract, record, arena, &differs);
    int rc = same == FH_OK ? FH_OK : fh_contract_decode(&contract, record->form, arena, err);
    if (rc != FH_OK) {
        return rc;
    }
    if (contract->name == NULL || strcmp(contract->name, record->product) != 0 ||
        strcmp(contract->version, record->version) != 0) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "contract.record.mismatch",
                           "contract record says %s %s, the contract inside %.63s %.32s",
                           record->product,
                           record->version,
                           contract->name == NULL ? "without name" : contract->name,
                           contract->version);
    }
    rc = fh_publish_rules_received(contract, arena, err);
    if (rc == FH_OK && same != FH_OK) {
        rc = same;
        if (err != NULL) {
            *err = differs;
        }
    }
    if (rc == FH_OK) {
        *out = contract;
    }
    return rc;
}

int fh_contract_supersedes(const struct fh_contract_record *previous,
                           const struct fh_record_id *previous_id,
                           const struct fh_contract_record *next,
                           const struct fh_record_id *next_id,
                           struct fh_err *err)
{
    if (previous == NULL) {
        return FH_OK; /* first sight pins the product */
    }
    if (!fh_domain_id_equal(&previous->domain, &next->domain) ||
        strcmp(previous->product, next->product) != 0) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "contract.chain.broken",
                           "%s follows %s of another domain or product",
                           next->product,
                           previous->product);
    }
    if (fh_record_id_equal(previous_id, next_id)) {
        return fh_err_set(err, FH_EEXIST, "%s %s is known already", next->product, next->version);
    }
    if (next->seq < previous->seq) {
        return fh_err_rule(
            err,
            FH_ESTALE,
            "contract.version.replayed",
            "version %s of %s (seq %llu) is older than %s (seq %llu), which is known",
            next->version,
            next->product,
            (unsigned long long)next->seq,
            previous->version,
            (unsigned long long)previous->seq);
    }
    if (next->seq == previous->seq) {
        return fh_err_rule(
            err,
            FH_EFORK,
            "contract.forked",
            "two different records of %s claim seq %llu (versions %s and %s); the owner "
            "signed both",
            next->product,
            (unsigned long long)next->seq,
            previous->version,
            next->version);
    }
    if (next->seq - previous->seq > 1) {
        return fh_err_rule(err,
                           FH_EINCOMPLETE,
                           "contract.chain.gap",
                           "seq %llu of %s follows seq %llu: the records between are missing",
                           (unsigned long long)next->seq,
                           next->product,
                           (unsigned long long)previous->seq);
    }
    if (!fh_record_id_equal(&next->prev, previous_id)) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "contract.chain.broken",
                           "%s %s (seq %llu) does not follow the %s (seq %llu) that is known here: "
                           "it names another record before it",
                           next->product,
                           next->version,
                           (unsigned long long)next->seq,
                           previous->version,
                           (unsigned long long)previous->seq);
    }
    return FH_OK;
}
