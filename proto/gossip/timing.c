/* SPDX-License-Identifier: Apache-2.0 */
/* The presets of the intervals; where each comes from stands in gossip.h and proto/README.md. */
#include "proto/gossip/gossip.h"

struct fh_gossip_timing fh_gossip_timing_lan(void)
{
    return (struct fh_gossip_timing){.probe_ms = 1000,
                                     .answer_min_ms = 100,
                                     .answer_max_ms = 500,
                                     .tick_ms = 100,
                                     .fanout = 4,
                                     .relays = 3,
                                     .refute_ms = 500,
                                     .sync_ms = 60000,
                                     .sync_gap_ms = 5000,
                                     .contact_ms = 30000,
                                     .rumour_age_ms = 30000,
                                     .leave_ms = 3000};
}

struct fh_gossip_timing fh_gossip_timing_wan(void)
{
    return (struct fh_gossip_timing){.probe_ms = 3000,
                                     .answer_min_ms = 200,
                                     .answer_max_ms = 2000,
                                     .tick_ms = 300,
                                     .fanout = 4,
                                     .relays = 3,
                                     .refute_ms = 1500,
                                     .sync_ms = 120000,
                                     .sync_gap_ms = 10000,
                                     .contact_ms = 60000,
                                     .rumour_age_ms = 60000,
                                     .leave_ms = 6000};
}
