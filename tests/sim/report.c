/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/report.h"

#include "tests/sim/check.h"

#include <stdio.h>
#include <sys/resource.h>

static void rate_add(struct sim_rate *sum, const struct sim_rate *run)
{
    sum->datagram_bytes += run->datagram_bytes;
    sum->session_bytes += run->session_bytes;
    sum->member_seconds += run->member_seconds;
}

void sim_report_add(struct sim_report *sum, const struct sim_report *run)
{
    sum->trace = (sum->trace * 0x9e3779b97f4a7c15u) ^ run->trace;
    sum->broken |= run->broken;
    sum->settled_ms = run->settled_ms > sum->settled_ms ? run->settled_ms : sum->settled_ms;
    rate_add(&sum->all, &run->all);
    rate_add(&sum->events, &run->events);
    rate_add(&sum->rest, &run->rest);
    sum->core_bytes += run->core_bytes;
    sum->members += run->members;
    sum->nodes_up += run->nodes_up;
    sum->record_bytes =
        run->record_bytes > sum->record_bytes ? run->record_bytes : sum->record_bytes;
    sum->wall_s += run->wall_s;
    sum->cpu_s += run->cpu_s;
#define X(name, text) sum->counters.name += run->counters.name;
    FH_GOSSIP_COUNTERS(X)
#undef X
    sim_figures_merge(&sum->figures, &run->figures);
}

static void print_times(const char *name, const struct sim_histogram *h)
{
    (void)printf("\"%s_ms\":{\"p50\":%llu,\"p99\":%llu,\"max\":%llu,\"count\":%llu},",
                 name,
                 (unsigned long long)sim_histogram_at(h, 500),
                 (unsigned long long)sim_histogram_at(h, 990),
                 (unsigned long long)h->most_ms,
                 (unsigned long long)h->count);
}

static void print_rate(const char *name, const struct sim_rate *rate)
{
    double seconds = rate->member_seconds > 0 ? rate->member_seconds : 1;
    (void)printf("\"bytes_per_member_second%s\":%.1f,\"session_bytes_per_member_second%s\":%.1f,",
                 name,
                 (double)rate->datagram_bytes / seconds,
                 name,
                 (double)rate->session_bytes / seconds);
}

static void print_head(const struct sim_report *r)
{
    (void)printf("{\"preset\":\"%s\",\"scenario\":\"%s\",\"seeds\":{\"first\":%llu,\"last\":%llu},"
                 "\"nodes\":%u,\"loss_percent\":%.1f,\"seconds\":%lld,\"trace\":\"%016llx\","
                 "\"broken_rules\":[",
                 r->world.preset == SIM_FREEHOLD ? "freehold" : "memberlist",
                 r->scenario->name,
                 (unsigned long long)r->seed_first,
                 (unsigned long long)r->seed_last,
                 r->world.nodes,
                 (double)r->world.loss_permille / 10,
                 (long long)(r->length_ms / 1000),
                 (unsigned long long)r->trace);
    const char *comma = "";
    for (unsigned i = 1; i < SIM_RULE_COUNT; i++) {
        if ((r->broken >> i & 1) != 0) {
            (void)printf("%s%u", comma, i);
            comma = ",";
        }
    }
    (void)printf("],");
}

static void print_costs(const struct sim_report *r)
{
    const struct sim_figures *f = &r->figures;
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("\"events\":%llu,\"ns_per_event\":%.0f,\"wall_seconds\":%.2f,\"cpu_seconds\":%.2f,"
                 "\"program_bytes_most\":%llu,"
                 "\"core_bytes_per_node\":%.0f,\"core_bytes_per_member\":%.1f,"
                 "\"record_bytes_shared\":%llu,\"datagrams\":%llu,\"largest_datagram\":%llu,"
                 "\"too_large_datagrams\":%llu,\"sessions\":%llu,",
                 (unsigned long long)f->events,
                 r->cpu_s * 1e9 / (double)(f->events > 0 ? f->events : 1),
                 r->wall_s,
                 r->cpu_s,
                 (unsigned long long)usage.ru_maxrss * 1024,
                 (double)r->core_bytes / (double)(r->nodes_up > 0 ? r->nodes_up : 1),
                 (double)r->core_bytes / (double)(r->members > 0 ? r->members : 1),
                 (unsigned long long)r->record_bytes,
                 (unsigned long long)f->datagrams,
                 (unsigned long long)f->largest_datagram,
                 (unsigned long long)f->too_large,
                 (unsigned long long)f->sessions);
    print_rate("", &r->all);
    print_rate("_in_events", &r->events);
    print_rate("_at_rest", &r->rest);
}

void sim_report_print(const struct sim_report *r)
{
    const struct sim_figures *f = &r->figures;
    print_head(r);
    print_times("spread", &f->spread);
    print_times("spread_to_all", &f->complete);
    print_times("first_suspicion", &f->suspected);
    print_times("first_death", &f->first);
    print_times("crash_seen", &f->detected);
    print_times("learned", &f->learned);
    print_times("joined", &f->joined);
    (void)printf("\"announcements\":%llu,\"join_bytes\":{\"mean\":%llu,\"max\":%llu},"
                 "\"deaths\":%llu,\"false_deaths\":%llu,\"falsely_dead_nodes\":%llu,"
                 "\"settled_ms\":%lld,",
                 (unsigned long long)f->rumours,
                 (unsigned long long)(f->joins > 0 ? f->join_bytes / f->joins : 0),
                 (unsigned long long)f->join_bytes_max,
                 (unsigned long long)f->deaths,
                 (unsigned long long)f->false_deaths,
                 (unsigned long long)f->falsely_dead,
                 (long long)r->settled_ms);
    print_costs(r);
    (void)printf("\"counters\":{");
    const char *comma = "";
#define X(name, text)                                                                              \
    (void)printf("%s\"" #name "\":%llu", comma, (unsigned long long)r->counters.name);             \
    comma = ",";
    FH_GOSSIP_COUNTERS(X)
#undef X
    (void)printf("}}\n");
}
