/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/rate.h"

bool fh_rate_take(struct fh_rate *rate, uint32_t per_s, uint32_t amount, int64_t now_ms)
{
    int64_t most = (int64_t)per_s * 1000;
    int64_t passed = now_ms - rate->at_ms;
    if (rate->at_ms == 0 || passed > 1000) {
        rate->milli = most;
    } else {
        rate->milli += passed * per_s;
        rate->milli = rate->milli > most ? most : rate->milli;
    }
    rate->at_ms = now_ms;
    if (rate->milli < (int64_t)amount * 1000) {
        return false;
    }
    rate->milli -= (int64_t)amount * 1000;
    return true;
}
