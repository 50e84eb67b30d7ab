/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/figures.h"

#include "tests/sim/memberlist.h"
#include "tests/sim/world.h"

enum { SAME_EPISODE_MS = 60000 };

void sim_histogram_add(struct sim_histogram *h, int64_t ms)
{
    uint64_t value = ms < 0 ? 0 : (uint64_t)ms;
    uint64_t bar = value / SIM_HISTOGRAM_MS;
    h->bars[bar < SIM_HISTOGRAM_BARS ? bar : SIM_HISTOGRAM_BARS - 1]++;
    h->count++;
    h->most_ms = value > h->most_ms ? value : h->most_ms;
}

void sim_histogram_merge(struct sim_histogram *h, const struct sim_histogram *more)
{
    h->count += more->count;
    h->most_ms = more->most_ms > h->most_ms ? more->most_ms : h->most_ms;
    for (unsigned i = 0; i < SIM_HISTOGRAM_BARS; i++) {
        h->bars[i] += more->bars[i];
    }
}

uint64_t sim_histogram_at(const struct sim_histogram *h, unsigned permille)
{
    uint64_t wanted = (h->count * permille + 999) / 1000;
    uint64_t seen = 0;
    for (uint64_t i = 0; i < SIM_HISTOGRAM_BARS && h->count > 0; i++) {
        seen += h->bars[i];
        if (seen >= wanted) {
            uint64_t ms = (i + 1) * SIM_HISTOGRAM_MS;
            return ms < h->most_ms && i + 1 < SIM_HISTOGRAM_BARS ? ms : h->most_ms;
        }
    }
    return 0;
}

void sim_figures_merge(struct sim_figures *f, const struct sim_figures *more)
{
#define X(name) f->name += more->name;
    SIM_FIGURE_SUMS(X)
#undef X
#define X(name) sim_histogram_merge(&f->name, &more->name);
    SIM_FIGURE_TIMES(X)
#undef X
    if (more->join_bytes_max > f->join_bytes_max) {
        f->join_bytes_max = more->join_bytes_max;
    }
    if (more->largest_datagram > f->largest_datagram) {
        f->largest_datagram = more->largest_datagram;
    }
}

/* ---- what nodes conclude --------------------------------------------------------------------- */

static uint32_t live_of(const struct sim_node *node)
{
    return node->model != NULL ? sim_memberlist_live(node->model)
                               : fh_members_live(&node->core->members);
}

void sim_figure_joined(struct sim_world *w, struct sim_node *node, const struct sim_node *subject)
{
    int64_t since = subject->started_ms > node->started_ms ? subject->started_ms : node->started_ms;
    sim_histogram_add(&w->figures.learned, w->now_ms - since);
    if (node->joining && live_of(node) >= w->up) {
        uint64_t bytes = node->bytes;
        node->joining = false;
        sim_histogram_add(&w->figures.joined, w->now_ms - node->started_ms);
        w->figures.joins++;
        w->figures.join_bytes += bytes;
        if (bytes > w->figures.join_bytes_max) {
            w->figures.join_bytes_max = bytes;
        }
    }
}

void sim_figure_suspected(struct sim_world *w, struct sim_node *subject)
{
    if (!sim_runs(subject) && subject->down_since_ms >= 0 &&
        subject->suspected_life != subject->life) {
        subject->suspected_life = subject->life;
        sim_histogram_add(&w->figures.suspected, w->now_ms - subject->down_since_ms);
    }
}

void sim_figure_died(struct sim_world *w, const struct sim_node *node, struct sim_node *subject)
{
    w->figures.deaths++;
    bool connected = node->island == subject->island && !node->deaf && !subject->deaf;
    if (sim_is_up(subject) && !subject->called_leave && connected) {
        w->figures.false_deaths++;
        if (w->now_ms - subject->wronged_ms > SAME_EPISODE_MS) {
            w->figures.falsely_dead++;
        }
        subject->wronged_ms = w->now_ms;
    }
    if (!sim_runs(subject) && subject->down_since_ms >= 0) {
        /* Whoever joined later could not see it before. */
        int64_t since =
            subject->down_since_ms > node->started_ms ? subject->down_since_ms : node->started_ms;
        sim_histogram_add(&w->figures.detected, w->now_ms - since);
        if (subject->buried_life != subject->life) {
            subject->buried_life = subject->life;
            sim_histogram_add(&w->figures.first, w->now_ms - subject->down_since_ms);
        }
    }
}
