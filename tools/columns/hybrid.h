/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parquet's RLE / bit-packing hybrid: small naturals of one width, as runs of one value and as
 * packed groups of eight. (parquet-format, "Encodings.md", RLE = 3.)
 *
 *     run     varint(length << 1)      | value, in whole bytes, little-endian
 *     packed  varint(groups << 1 | 1)  | groups * width bytes, lowest bit first
 *
 * Does not: read. Thread: any. Ownership: the buffer is the caller's; its failure tells.
 */
#ifndef FH_TOOLS_COLUMNS_HYBRID_H
#define FH_TOOLS_COLUMNS_HYBRID_H

#include "common/bytes.h"

/* Bits that the naturals below `count` need; at least 1. */
unsigned fh_hybrid_width(uint32_t count);
/* Appends `count` values below 2^width (width 1..32). */
void fh_hybrid_values(struct fh_buf *out, const uint32_t *values, size_t count, unsigned width);
/* Appends a validity bitmap of `count` bits as definition levels 0 and 1; NULL: all are 1. */
void fh_hybrid_levels(struct fh_buf *out, const uint8_t *validity, size_t count);

#endif
