/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts of other owners: what an owner signed of his part of a join must fit what came of it,
 * and becomes a part of the receipt that this node signs.
 */
#include "node/query/stream.h"

#include "common/mem.h"

#include <string.h>

static int check_form(const struct fh_stream *stream,
                      struct fh_bytes bytes,
                      struct fh_record *out,
                      struct fh_receipt *receipt,
                      struct fh_err *err)
{
    int rc = bytes.size == 0
                 ? fh_err_rule(err, FH_EINCOMPLETE, "receipt.missing", "the owner sent no receipt")
                 : fh_record_parse(out, bytes, &stream->serve->options.mesh_id, err);
    if (rc == FH_OK && out->type != FH_RECORD_RECEIPT) {
        rc = fh_err_rule(err, FH_EPROTO, "receipt.form", "the owner's end is no receipt");
    }
    return rc == FH_OK ? fh_receipt_parse(receipt, out->payload, err) : rc;
}

static bool fits(const struct fh_receipt *receipt, const struct fh_observed *seen)
{
    return receipt->outcome == FH_OK && receipt->sent.rows == seen->rows &&
           receipt->sent.batches == seen->batches &&
           memcmp(receipt->sent.tags.b, seen->tags.b, FH_HASH_BYTES) == 0;
}

int fh_stream_add_part(struct fh_stream *stream,
                       uint32_t table,
                       struct fh_bytes bytes,
                       unsigned outcome,
                       const struct fh_observed *seen,
                       struct fh_err *err)
{
    const struct fh_announcement *owner = &stream->plan.tables[table].table.entry.announcement;
    struct fh_record record;
    struct fh_receipt *receipt = fh_calloc(1, sizeof *receipt);
    int rc = receipt == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a receipt")
                             : check_form(stream, bytes, &record, receipt, err);
    if (rc == FH_OK) {
        rc = fh_directory_verify(stream->serve->options.dir,
                                 &record,
                                 &owner->domain,
                                 FH_ROLE_MASK(FH_ROLE_NODE),
                                 receipt->finished_ms,
                                 NULL,
                                 err);
    }
    if (rc == FH_OK && !fh_record_id_equal(&receipt->request, &stream->request_id)) {
        rc = fh_err_rule(
            err, FH_ESIG, "receipt.request", "the owner's receipt is for another request");
    }
    if (rc == FH_OK && !fh_receipt_is_under(receipt, &owner->contract)) {
        rc = fh_err_rule(err,
                         FH_ESIG,
                         "receipt.contract",
                         "the owner's receipt is not under the contract that was asked");
    }
    if (rc == FH_OK && outcome == FH_OK && !fits(receipt, seen)) {
        rc = fh_err_rule(err, FH_ESIG, "receipt.tags", "what came is not what the owner signed");
    }
    fh_free(receipt);
    if (rc == FH_OK && stream->part_count < FH_QUERY_TABLES_MAX) {
        stream->parts[stream->part_count] = record.id;
        fh_buf_init(&stream->part_records[stream->part_count], FH_RECORD_BYTES_MAX);
        fh_buf_add_bytes(&stream->part_records[stream->part_count], bytes);
        stream->part_count++;
    }
    return rc;
}
