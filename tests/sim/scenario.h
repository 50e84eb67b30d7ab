/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios: named stories of faults for a world of any size, planned from its seed.
 *
 * Faults end at 60 % of the time, so that what must become equal has time to.
 *
 * Does not: run. Thread: one.
 */
#ifndef FH_TESTS_SIM_SCENARIO_H
#define FH_TESTS_SIM_SCENARIO_H

#include "tests/sim/world.h"

struct sim_scenario {
    const char *name;
    const char *text;
    bool rests; /* nothing happens in the last fifth, nor shortly before */
    void (*plan)(struct sim_world *w, int64_t length_ms);
};

/* All of them, ended by one without a name. */
extern const struct sim_scenario sim_scenarios[];
const struct sim_scenario *sim_scenario_of(const char *name);

#endif
