/* SPDX-License-Identifier: Apache-2.0 */
/* Rate: tokens that refill with time. Thread: distinct objects. */
#ifndef FH_PROTO_GOSSIP_RATE_H
#define FH_PROTO_GOSSIP_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct fh_rate {
    int64_t milli; /* thousandths of a token */
    int64_t at_ms;
};
/* Takes `amount` when there are so many; the bucket holds one second's worth. */
bool fh_rate_take(struct fh_rate *rate, uint32_t per_s, uint32_t amount, int64_t now_ms);

#endif
