/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freehold-sim: runs scenarios over ranges of seeds and prints figures. See --help.
 */
#include "tests/sim/check.h"
#include "tests/sim/scenario.h"

#include "common/time.h"

#include <stdlib.h>
#include <string.h>

enum {
    SETTLE_MS = 150000, /* after the story: two forced synchronisations for everybody */
    SETTLE_STEP_MS = 1000,
};

struct settings {
    struct sim_options world;
    const struct sim_scenario *scenario;
    int64_t length_ms;
    uint64_t seed_first;
    uint64_t seed_last;
    bool json;
    bool twice;
    unsigned expect; /* rule that must be broken; 0: none may be */
};

struct result {
    uint64_t trace;
    unsigned broken;
    int64_t settled_ms;
    uint64_t rest_bytes; /* datagrams in the last fifth */
    int64_t rest_ms;
    size_t core_bytes;
    size_t members;
    size_t record_bytes;
    double wall_s;
    struct fh_gossip_counters counters;
    struct sim_figures figures;
};

static void usage(FILE *out)
{
    (void)fprintf(out,
                  "usage: freehold-sim [--nodes N] [--loss PERCENT] [--seconds S] [--seeds A..B]\n"
                  "                    [--scenario NAME] [--json] [--twice] [--no-links]\n"
                  "                    [--trace] [--expect RULE]\n\n"
                  "Runs a simulated mesh of production gossip cores and checks its rules.\n"
                  "--twice runs each seed a second time and compares everything that happened.\n"
                  "--expect RULE succeeds when that rule is broken (for mutants).\n\nscenarios:\n");
    for (const struct sim_scenario *s = sim_scenarios; s->name != NULL; s++) {
        (void)fprintf(out, "  %-14s %s\n", s->name, s->text);
    }
    (void)fprintf(out, "\nrules:\n");
#define X(number, text) (void)fprintf(out, "  %2d  %s\n", number, text);
    SIM_RULES(X)
#undef X
}

static bool number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    *out = value;
    return *text >= '0' && *text <= '9' && *end == '\0' && value <= most;
}

static bool seeds(const char *text, struct settings *s)
{
    char first[32];
    const char *dots = strstr(text, "..");
    if (dots == NULL) {
        s->seed_last = 0;
        bool right = number(text, UINT64_MAX, &s->seed_first);
        s->seed_last = s->seed_first;
        return right;
    }
    if ((size_t)(dots - text) >= sizeof first) {
        return false;
    }
    memcpy(first, text, (size_t)(dots - text));
    first[dots - text] = '\0';
    return number(first, UINT64_MAX, &s->seed_first) &&
           number(dots + 2, UINT64_MAX, &s->seed_last) && s->seed_first <= s->seed_last;
}

static bool percent(const char *text, unsigned *out_permille)
{
    char *end;
    double value = strtod(text, &end);
    *out_permille = (unsigned)(value * 10 + 0.5);
    return *end == '\0' && value >= 0 && value < 100;
}

static bool option(struct settings *s, const char *name, const char *value)
{
    uint64_t n = 0;
    if (strcmp(name, "--nodes") == 0) {
        bool right = number(value, FH_MEMBERS_MAX, &n) && n >= 2;
        s->world.nodes = (unsigned)n;
        return right;
    }
    if (strcmp(name, "--loss") == 0) {
        return percent(value, &s->world.loss_permille);
    }
    if (strcmp(name, "--seconds") == 0) {
        bool right = number(value, 1000000, &n) && n >= 10;
        s->length_ms = (int64_t)n * 1000;
        return right;
    }
    if (strcmp(name, "--seeds") == 0) {
        return seeds(value, s);
    }
    if (strcmp(name, "--expect") == 0) {
        bool right = number(value, SIM_RULE_COUNT - 1, &n);
        s->expect = (unsigned)n;
        return right;
    }
    if (strcmp(name, "--scenario") == 0) {
        s->scenario = sim_scenario_of(value);
        return s->scenario != NULL;
    }
    return false;
}

static bool parse(struct settings *s, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            s->json = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            s->twice = true;
        } else if (strcmp(argv[i], "--no-links") == 0) {
            s->world.no_links = true;
        } else if (strcmp(argv[i], "--trace") == 0) {
            s->world.transcript = stderr;
        } else if (i + 1 >= argc || !option(s, argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "freehold-sim: wrong option or value: %s\n", argv[i]);
            return false;
        } else {
            i++;
        }
    }
    return true;
}

static void measure(const struct sim_world *w, struct result *r)
{
    r->figures = w->figures;
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        const struct sim_node *node = &w->nodes[i];
        if (node->core == NULL) {
            continue;
        }
        r->core_bytes += fh_gossip_memory(node->core);
        for (unsigned s = 0; s < FH_MEMBER_STATE_COUNT; s++) {
            r->members += fh_gossip_member_count(node->core, (enum fh_member_state)s);
        }
        struct fh_gossip_counters c = fh_gossip_counters(node->core);
#define X(name, text) r->counters.name += c.name + node->past.name;
        FH_GOSSIP_COUNTERS(X)
#undef X
    }
    r->record_bytes = fh_fact_pool_memory(w->pool);
}

static void run(const struct settings *s, uint64_t seed, struct result *r)
{
    struct sim_options options = s->world;
    options.seed = seed;
    int64_t begin = fh_clock_mono_ms();
    struct sim_world *w = sim_world_new(&options);
    s->scenario->plan(w, s->length_ms);
    *r = (struct result){.rest_ms = s->length_ms / 5};
    sim_run(w, s->length_ms - r->rest_ms);
    uint64_t before = w->figures.datagram_bytes;
    sim_run(w, s->length_ms);
    r->rest_bytes = w->figures.datagram_bytes - before;
    measure(w, r);
    int64_t limit = (w->last_fault_ms > s->length_ms ? w->last_fault_ms : s->length_ms) + SETTLE_MS;
    bool agreed = sim_agrees(w);
    while (!agreed && w->now_ms < limit) {
        sim_run(w, w->now_ms + SETTLE_STEP_MS);
        agreed = sim_agrees(w);
    }
    r->settled_ms = w->now_ms - s->length_ms;
    sim_check_end(w, agreed);
    r->broken = sim_check_broken(w);
    r->trace = w->trace;
    sim_world_free(w);
    r->wall_s = (double)(fh_clock_mono_ms() - begin) / 1000;
}

static void print_json(const struct settings *s, uint64_t seed, const struct result *r)
{
    const struct sim_figures *f = &r->figures;
    double member_seconds = (double)s->world.nodes * (double)s->length_ms / 1000;
    double rest = (double)s->world.nodes * (double)r->rest_ms / 1000;
    double events = f->events > 0 ? (double)f->events : 1;
    (void)printf("{\"scenario\":\"%s\",\"seed\":%llu,\"nodes\":%u,\"loss_percent\":%.1f,"
                 "\"seconds\":%lld,\"trace\":\"%016llx\",\"broken_rules\":[",
                 s->scenario->name,
                 (unsigned long long)seed,
                 s->world.nodes,
                 (double)s->world.loss_permille / 10,
                 (long long)(s->length_ms / 1000),
                 (unsigned long long)r->trace);
    const char *comma = "";
    for (unsigned i = 1; i < SIM_RULE_COUNT; i++) {
        if ((r->broken >> i & 1) != 0) {
            (void)printf("%s%u", comma, i);
            comma = ",";
        }
    }
    (void)printf("],\"events\":%llu,\"ns_per_event\":%.0f,\"datagrams\":%llu,"
                 "\"bytes_per_member_second\":%.1f,\"bytes_per_member_second_at_rest\":%.1f,"
                 "\"session_bytes_per_member_second\":%.1f,\"largest_datagram\":%llu,",
                 (unsigned long long)f->events,
                 (double)f->step_ns / events,
                 (unsigned long long)f->datagrams,
                 (double)f->datagram_bytes / member_seconds,
                 (double)r->rest_bytes / rest,
                 (double)f->session_bytes / member_seconds,
                 (unsigned long long)f->largest_datagram);
    (void)printf("\"core_bytes_per_member\":%.1f,\"record_bytes_shared\":%zu,"
                 "\"learned_ms\":{\"p50\":%llu,\"p99\":%llu,\"max\":%llu},"
                 "\"spread_ms\":{\"p50\":%llu,\"p99\":%llu,\"max\":%llu,\"count\":%llu},"
                 "\"first_suspicion_ms\":{\"p50\":%llu,\"max\":%llu},"
                 "\"crash_seen_ms\":{\"p50\":%llu,\"p99\":%llu,\"max\":%llu,\"count\":%llu},",
                 (double)r->core_bytes / (double)(r->members > 0 ? r->members : 1),
                 r->record_bytes,
                 (unsigned long long)sim_histogram_at(&f->learned, 500),
                 (unsigned long long)sim_histogram_at(&f->learned, 990),
                 (unsigned long long)f->learned.most_ms,
                 (unsigned long long)sim_histogram_at(&f->spread, 500),
                 (unsigned long long)sim_histogram_at(&f->spread, 990),
                 (unsigned long long)f->spread.most_ms,
                 (unsigned long long)f->spread.count,
                 (unsigned long long)sim_histogram_at(&f->suspected, 500),
                 (unsigned long long)f->suspected.most_ms,
                 (unsigned long long)sim_histogram_at(&f->detected, 500),
                 (unsigned long long)sim_histogram_at(&f->detected, 990),
                 (unsigned long long)f->detected.most_ms,
                 (unsigned long long)f->detected.count);
    (void)printf("\"false_deaths\":%llu,\"settled_ms\":%lld,\"sessions\":%llu,\"counters\":{",
                 (unsigned long long)f->false_deaths,
                 (long long)r->settled_ms,
                 (unsigned long long)f->sessions);
    comma = "";
#define X(name, text)                                                                              \
    (void)printf("%s\"" #name "\":%llu", comma, (unsigned long long)r->counters.name);             \
    comma = ",";
    FH_GOSSIP_COUNTERS(X)
#undef X
    (void)printf("},\"wall_seconds\":%.2f}\n", r->wall_s);
}

int main(int argc, char **argv)
{
    struct settings s = {.world = {.nodes = 20, .duplicate_permille = 5},
                         .scenario = &sim_scenarios[0],
                         .length_ms = 60000,
                         .seed_first = 1,
                         .seed_last = 1};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (!parse(&s, argc, argv) || fh_crypto_init() != FH_OK) {
        usage(stderr);
        return 2;
    }
    static struct result r;
    static struct result again;
    unsigned broken = 0;
    for (uint64_t seed = s.seed_first;; seed++) {
        run(&s, seed, &r);
        broken |= r.broken;
        if (s.twice) {
            run(&s, seed, &again);
            if (again.trace != r.trace) {
                (void)fprintf(stderr,
                              "freehold-sim: seed %llu gave %016llx, then %016llx\n",
                              (unsigned long long)seed,
                              (unsigned long long)r.trace,
                              (unsigned long long)again.trace);
                return 1;
            }
        }
        if (s.json) {
            print_json(&s, seed, &r);
        } else {
            (void)printf("%s seed %llu: %s, all agreed %lld ms after its end, %.2f s\n",
                         s.scenario->name,
                         (unsigned long long)seed,
                         r.broken == 0 ? "ok" : "BROKEN",
                         (long long)r.settled_ms,
                         r.wall_s);
        }
        if (seed == s.seed_last) {
            break;
        }
    }
    if (s.expect != 0) {
        return (broken >> s.expect & 1) != 0 ? 0 : 1;
    }
    return broken == 0 ? 0 : 1;
}
