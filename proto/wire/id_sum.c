/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/id_sum.h"

#include "proto/wire/crypto.h"

#include <string.h>

void fh_id_sum_add(struct fh_id_sum *sum, const struct fh_record_id *id)
{
    for (size_t i = 0; i < FH_COUNT(sum->lanes); i++) {
        sum->lanes[i] += fh_get_u64be(id->b + 8 * i);
    }
    sum->count++;
}

void fh_id_sum_remove(struct fh_id_sum *sum, const struct fh_record_id *id)
{
    for (size_t i = 0; i < FH_COUNT(sum->lanes); i++) {
        sum->lanes[i] -= fh_get_u64be(id->b + 8 * i);
    }
    sum->count--;
}

void fh_id_sum_fingerprint(const struct fh_id_sum *sum,
                           const char *tag,
                           uint8_t out[FH_ID_SUM_BYTES])
{
    uint8_t numbers[sizeof sum->lanes + 4];
    for (size_t i = 0; i < FH_COUNT(sum->lanes); i++) {
        fh_put_u64be(numbers + 8 * i, sum->lanes[i]);
    }
    fh_put_u32be(numbers + sizeof sum->lanes, sum->count);
    const struct fh_bytes parts[] = {fh_bytes(tag, strlen(tag) + 1),
                                     fh_bytes(numbers, sizeof numbers)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    memcpy(out, hash.b, FH_ID_SUM_BYTES);
}
