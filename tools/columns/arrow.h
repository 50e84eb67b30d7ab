/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer of the Arrow IPC stream format (Arrow columnar format 1.5, "Serialization and interprocess
 * communication"): a schema, record batches, an end-of-stream mark.
 *
 *     message  = FF FF FF FF | u32 size of metadata | metadata (FlatBuffers) | zeros | body
 *     stream   = message(Schema) message(RecordBatch) ... message(RecordBatch, no rows) end
 *     end      = FF FF FF FF 00 00 00 00
 *
 * Messages and their buffers begin on multiples of 64 bytes. The last bytes of each message are
 * held back until the next one follows: readers take the end of a file for the end of a stream when
 * it falls between two messages, and what breaks off must not look whole. The facts known at the
 * beginning are the schema's metadata; those known at the end (the receipt) are the metadata of the
 * last message, a record batch without rows. Every field may be null and says its SQL type as
 * "freehold.type".
 *
 *     HUGEINT             Decimal(38, 0)      DECIMAL(p,s)  Decimal(p, s), 128 bits
 *     VARCHAR, JSON       Utf8                JSON is the extension type arrow.json
 *     UUID                FixedSizeBinary(16), the extension type arrow.uuid
 *     INTERVAL            Interval(MONTH_DAY_NANO)
 *     TIME                Time(MICROSECOND)
 *     TIMESTAMP*          Timestamp(its unit); WITH TIME ZONE in UTC
 *
 * Does not: copy column buffers, except INTERVAL, which has other units there; compress; use
 * dictionaries, which a stream must promise in its schema, while an answer decides batch by batch.
 * Thread: distinct objects. Ownership: pieces are lent until the next call; fields are kept.
 */
#ifndef FH_TOOLS_COLUMNS_ARROW_H
#define FH_TOOLS_COLUMNS_ARROW_H

#include "tools/columns/facts.h"
#include "tools/columns/field.h"
#include "tools/columns/pieces.h"

struct fh_arrow;

/* FH_ENOMEM. Given: fh_arrow_free. */
FH_MUST_CHECK int fh_arrow_new(struct fh_arrow **out,
                               const struct fh_field *fields,
                               size_t count,
                               struct fh_err *err);
void fh_arrow_free(struct fh_arrow *arrow);

/* The schema, once, first. FH_ENOMEM, FH_ETOOBIG. */
FH_MUST_CHECK int fh_arrow_begin(struct fh_arrow *arrow,
                                 const struct fh_facts *facts,
                                 struct fh_pieces *out,
                                 struct fh_err *err);
/* A batch: one plain vector (no dictionary) for each field, all of the same rows; borrowed for as
 * long as the pieces are used. FH_ENOMEM; FH_EINVAL (rule "columns.value"). */
FH_MUST_CHECK int fh_arrow_batch(struct fh_arrow *arrow,
                                 const struct freehold_vector *vectors,
                                 size_t rows,
                                 struct fh_pieces *out,
                                 struct fh_err *err);
/* The batch that carries the facts of the end, and the end of the stream. FH_ENOMEM, FH_ETOOBIG. */
FH_MUST_CHECK int fh_arrow_end(struct fh_arrow *arrow,
                               const struct fh_facts *facts,
                               struct fh_pieces *out,
                               struct fh_err *err);

#endif
