/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal: numbers as PostgreSQL prints and packs them.
 *
 * Does not: round, or keep NaN of numeric. Sans-IO. Thread: any. Ownership: the caller's room.
 */
#ifndef FH_TOOLS_DOOR_PG_DECIMAL_H
#define FH_TOOLS_DOOR_PG_DECIMAL_H

#include "common/bytes.h"
#include "common/err.h"

/* Digits of an integer; returns how many bytes (at most 20). */
size_t fh_pg_put_unsigned(uint8_t *out, uint64_t value);
size_t fh_pg_put_signed(uint8_t *out, int64_t value);
/* The last `width` digits, with leading zeros. */
void fh_pg_put_digits(uint8_t *out, uint64_t value, unsigned width);

/* A float8 or float4 with as few digits as read back to the same value ("0.1", "1e+20",
 * "Infinity"); at most 26 bytes. */
size_t fh_pg_put_double(uint8_t *out, double value);
size_t fh_pg_put_float(uint8_t *out, float value);

/* A numeric of 128 bits (low and high half) with `scale` digits behind the point: as text (at most
 * 42 bytes) and as numeric_send gives it (at most 8 + 2 * 11 bytes). */
size_t fh_pg_put_numeric(uint8_t *out, uint64_t low, int64_t high, unsigned scale);
size_t fh_pg_pack_numeric(uint8_t *out, uint64_t low, int64_t high, unsigned scale);

/* The text of a packed numeric (a parameter): digits, a point and "NaN" or "Infinity" appended to
 * `out`. FH_EINVAL (rule "pg.param.numeric") when it is malformed or longer than 1,000 digits. */
FH_MUST_CHECK int
fh_pg_unpack_numeric(struct fh_buf *out, struct fh_bytes packed, struct fh_err *err);

#endif
