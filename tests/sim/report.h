/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Report: what the runs of all seeds gave together, as one JSON object.
 *
 * Does not: run. Thread: one. Ownership: values.
 */
#ifndef FH_TESTS_SIM_REPORT_H
#define FH_TESTS_SIM_REPORT_H

#include "tests/sim/scenario.h"

/* Bytes that nodes sent in a part of the time, and how long that was for all of them together. */
struct sim_rate {
    uint64_t datagram_bytes;
    uint64_t session_bytes;
    double member_seconds;
};

struct sim_report {
    const struct sim_scenario *scenario;
    struct sim_options world;
    int64_t length_ms;
    uint64_t seed_first;
    uint64_t seed_last;
    uint64_t trace; /* of one seed, or mixed over several */
    unsigned broken;
    int64_t settled_ms; /* longest time after the story until all agreed */
    struct sim_rate all;
    struct sim_rate events; /* second and third fifth: announcements, crashes */
    struct sim_rate rest;   /* last fifth */
    uint64_t core_bytes;
    uint64_t members; /* entries in all tables */
    uint64_t nodes_up;
    uint64_t record_bytes; /* most of a seed */
    double wall_s;
    double cpu_s;
    struct fh_gossip_counters counters;
    struct sim_figures figures;
};

/* Adds a run of one seed. */
void sim_report_add(struct sim_report *sum, const struct sim_report *run);
void sim_report_print(const struct sim_report *r);

#endif
