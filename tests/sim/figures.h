/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures: what a run cost and how long things took, the same for both presets.
 *
 * Does not: judge (check.h) or print (report.h). Thread: one. Ownership: values.
 */
#ifndef FH_TESTS_SIM_FIGURES_H
#define FH_TESTS_SIM_FIGURES_H

#include <stdint.h>

enum {
    SIM_HISTOGRAM_MS = 10, /* width of a bar */
    SIM_HISTOGRAM_BARS = 12000,
};

struct sim_node;
struct sim_world;

struct sim_histogram {
    uint64_t count;
    uint64_t most_ms;
    uint32_t bars[SIM_HISTOGRAM_BARS];
};
void sim_histogram_add(struct sim_histogram *h, int64_t ms);
void sim_histogram_merge(struct sim_histogram *h, const struct sim_histogram *more);
/* Smallest time that `permille` of all do not exceed, to the width of a bar; 0 when empty. */
uint64_t sim_histogram_at(const struct sim_histogram *h, unsigned permille);

/* X(name): sums over seeds */
#define SIM_FIGURE_SUMS(X)                                                                         \
    X(events) /* steps of cores */                                                                 \
    X(datagrams)                                                                                   \
    X(datagram_bytes)                                                                              \
    X(too_large) /* datagrams above the MTU */                                                     \
    X(session_bytes)                                                                               \
    X(sessions)                                                                                    \
    X(deaths)       /* verdicts */                                                                 \
    X(false_deaths) /* verdicts about nodes that are up and connected, paused ones too */          \
    X(falsely_dead) /* nodes that got one, counted again after a minute */                         \
    X(rumours)      /* announcements made */                                                       \
    X(joins)        /* nodes that came into a running mesh and listed all of it */                 \
    X(join_bytes)   /* in and out of them until then */

/* X(name): histograms */
#define SIM_FIGURE_TIMES(X)                                                                        \
    X(spread)    /* announcement to each node */                                                   \
    X(complete)  /* announcement to the last node that was up and connected all the time */        \
    X(suspected) /* crash to first suspicion anywhere */                                           \
    X(first)     /* crash to first verdict anywhere */                                             \
    X(detected)  /* crash to each node's verdict */                                                \
    X(learned)   /* start of a node until each other one lists it */                               \
    X(joined)    /* start of a node in a running mesh until it lists all of it */

struct sim_figures {
#define X(name) uint64_t name;
    SIM_FIGURE_SUMS(X)
#undef X
#define X(name) struct sim_histogram name;
    SIM_FIGURE_TIMES(X)
#undef X
    uint64_t join_bytes_max; /* of one node */
    uint64_t largest_datagram;
};
void sim_figures_merge(struct sim_figures *f, const struct sim_figures *more);

/* `node` lists, suspects or holds dead `subject`. */
void sim_figure_joined(struct sim_world *w, struct sim_node *node, const struct sim_node *subject);
void sim_figure_suspected(struct sim_world *w, struct sim_node *subject);
void sim_figure_died(struct sim_world *w, const struct sim_node *node, struct sim_node *subject);

#endif
