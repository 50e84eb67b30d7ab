/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freehold-sim: runs scenarios over ranges of seeds and prints figures. See --help.
 */
#include "tests/sim/check.h"
#include "tests/sim/crypto_double.h"
#include "tests/sim/memberlist.h"
#include "tests/sim/report.h"

#include "common/time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SETTLE_MS = 300000, /* after the story: forced synchronisations, probes of who doubts himself */
    SETTLE_STEP_MS = 1000,
    MTU_BYTES = 1472, /* what Ethernet leaves to UDP over IPv4 */
    HUGE_FROM = 3000, /* nodes */
};

struct settings {
    struct sim_report report; /* of all seeds */
    bool json;
    bool twice;
    bool quiet;
    unsigned nodes_least; /* worlds have so many up to report.world.nodes, drawn from the seed */
    unsigned expect;      /* rule that must be broken; 0: none may be */
};

static void usage(FILE *out)
{
    (void)fprintf(
        out,
        "usage: freehold-sim [--nodes N|A..B] [--loss PERCENT] [--seconds S] [--seeds A..B]\n"
        "                    [--scenario NAME] [--preset freehold|memberlist] [--mtu BYTES]\n"
        "                    [--delay lan|constant|uniform|tail[:MS]] [--no-links] [--no-sync]\n"
        "                    [--real-crypto] [--json] [--twice] [--quiet] [--trace]\n"
        "                    [--expect RULE]\n\n"
        "Runs a simulated mesh of production gossip cores and checks its rules.\n"
        "--preset memberlist runs a model of memberlist's rules instead, for comparison;\n"
        "rules are not checked then.\n"
        "--json prints one object for all seeds, --quiet only what is broken.\n"
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

/* A or A..B */
static bool range(const char *text, uint64_t *out_first, uint64_t *out_last)
{
    char first[32];
    const char *dots = strstr(text, "..");
    if (dots == NULL) {
        bool right = number(text, UINT64_MAX, out_first);
        *out_last = *out_first;
        return right;
    }
    if ((size_t)(dots - text) >= sizeof first) {
        return false;
    }
    memcpy(first, text, (size_t)(dots - text));
    first[dots - text] = '\0';
    return number(first, UINT64_MAX, out_first) && number(dots + 2, UINT64_MAX, out_last) &&
           *out_first <= *out_last;
}

static bool percent(const char *text, unsigned *out_permille)
{
    char *end;
    double value = strtod(text, &end);
    *out_permille = (unsigned)(value * 10 + 0.5);
    return *end == '\0' && value >= 0 && value < 100;
}

/* NAME or NAME:MS */
static bool delay(const char *text, struct sim_options *o)
{
    static const char *const names[] = {"lan", "constant", "uniform", "tail"};
    const char *colon = strchr(text, ':');
    size_t length = colon == NULL ? strlen(text) : (size_t)(colon - text);
    uint64_t ms = 0;
    if (colon != NULL && (!number(colon + 1, 10000, &ms) || ms == 0)) {
        return false;
    }
    o->delay_ms = (unsigned)ms;
    for (unsigned i = 0; i < FH_COUNT(names); i++) {
        if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0) {
            o->delay = (enum sim_delay)i;
            return i != SIM_DELAY_LAN || ms == 0;
        }
    }
    return false;
}

static bool option(struct settings *s, const char *name, const char *value)
{
    uint64_t n = 0;
    if (strcmp(name, "--nodes") == 0) {
        uint64_t first = 0;
        bool right = range(value, &first, &n) && first >= 2 && n <= FH_MEMBERS_MAX;
        s->nodes_least = (unsigned)first;
        s->report.world.nodes = (unsigned)n;
        return right;
    }
    if (strcmp(name, "--loss") == 0) {
        return percent(value, &s->report.world.loss_permille);
    }
    if (strcmp(name, "--seconds") == 0) {
        bool right = number(value, 1000000, &n) && n >= 10;
        s->report.length_ms = (int64_t)n * 1000;
        return right;
    }
    if (strcmp(name, "--seeds") == 0) {
        return range(value, &s->report.seed_first, &s->report.seed_last);
    }
    if (strcmp(name, "--expect") == 0) {
        bool right = number(value, SIM_RULE_COUNT - 1, &n);
        s->expect = (unsigned)n;
        return right;
    }
    if (strcmp(name, "--mtu") == 0) {
        bool right = number(value, 65507, &n) && n >= 64;
        s->report.world.mtu = (unsigned)n;
        return right;
    }
    if (strcmp(name, "--delay") == 0) {
        return delay(value, &s->report.world);
    }
    if (strcmp(name, "--preset") == 0) {
        s->report.world.preset = strcmp(value, "memberlist") == 0 ? SIM_MEMBERLIST : SIM_FREEHOLD;
        return s->report.world.preset == SIM_MEMBERLIST || strcmp(value, "freehold") == 0;
    }
    if (strcmp(name, "--scenario") == 0) {
        s->report.scenario = sim_scenario_of(value);
        return s->report.scenario != NULL;
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
        } else if (strcmp(argv[i], "--real-crypto") == 0) {
            sim_crypto_real = true;
        } else if (strcmp(argv[i], "--no-sync") == 0) {
            s->report.world.no_sync = true;
        } else if (strcmp(argv[i], "--quiet") == 0) {
            s->quiet = true;
        } else if (strcmp(argv[i], "--no-links") == 0) {
            s->report.world.no_links = true;
        } else if (strcmp(argv[i], "--trace") == 0) {
            s->report.world.transcript = stderr;
        } else if (i + 1 >= argc || !option(s, argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "freehold-sim: wrong option or value: %s\n", argv[i]);
            return false;
        } else {
            i++;
        }
    }
    return true;
}

static void measure(const struct sim_world *w, struct sim_report *r)
{
    r->figures = w->figures;
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        const struct sim_node *node = &w->nodes[i];
        r->nodes_up += sim_is_up(node) ? 1 : 0;
        if (node->model != NULL) {
            r->core_bytes += sim_memberlist_memory(node->model);
            r->members += sim_memberlist_live(node->model);
        }
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

/* Runs on until the time and says what was sent meanwhile. */
static struct sim_rate run_until(struct sim_world *w, int64_t until_ms)
{
    struct sim_figures *f = &w->figures;
    struct sim_rate before = {f->datagram_bytes, f->session_bytes, 0};
    double seconds = (double)(until_ms - w->now_ms) / 1000;
    sim_run(w, until_ms);
    return (struct sim_rate){f->datagram_bytes - before.datagram_bytes,
                             f->session_bytes - before.session_bytes,
                             seconds * w->options.nodes};
}

static void run(const struct settings *s, uint64_t seed, struct sim_report *r)
{
    struct sim_options options = s->report.world;
    int64_t length_ms = s->report.length_ms;
    options.seed = seed;
    options.nodes = s->nodes_least + (unsigned)(seed * 0x9e3779b97f4a7c15u >> 32) %
                                         (options.nodes - s->nodes_least + 1);
    int64_t begin = fh_clock_mono_ms();
    clock_t cpu = clock();
    struct sim_world *w = sim_world_new(&options);
    s->report.scenario->plan(w, length_ms);
    *r = (struct sim_report){0};
    (void)run_until(w, length_ms / 5);
    r->events = run_until(w, length_ms * 3 / 5);
    (void)run_until(w, length_ms * 4 / 5);
    r->rest = run_until(w, length_ms);
    r->all = (struct sim_rate){w->figures.datagram_bytes,
                               w->figures.session_bytes,
                               (double)length_ms / 1000 * w->options.nodes};
    measure(w, r);
    int64_t limit = (w->last_fault_ms > length_ms ? w->last_fault_ms : length_ms) + SETTLE_MS;
    bool checked = options.preset == SIM_FREEHOLD;
    bool agreed = sim_agrees(w);
    while (checked && !options.no_sync && !agreed && w->now_ms < limit) {
        sim_run(w, w->now_ms + SETTLE_STEP_MS);
        agreed = sim_agrees(w);
    }
    r->settled_ms = w->now_ms - length_ms;
    if (checked) {
        if (s->report.scenario->rests) {
            sim_check_rest(w,
                           (double)(r->rest.datagram_bytes + r->rest.session_bytes) /
                               r->rest.member_seconds);
        }
        if (!options.no_sync) { /* without, nothing is promised to restarted nodes */
            sim_check_end(w, agreed);
        }
        r->broken = sim_check_broken(w);
    }
    r->trace = w->trace;
    sim_world_free(w);
    r->wall_s = (double)(fh_clock_mono_ms() - begin) / 1000;
    r->cpu_s = (double)(clock() - cpu) / CLOCKS_PER_SEC;
}

/* Runs the seed a second time; false when anything else happened. */
static bool same_again(const struct settings *s, uint64_t seed, uint64_t trace)
{
    static struct sim_report again;
    run(s, seed, &again);
    if (again.trace != trace) {
        (void)fprintf(stderr,
                      "freehold-sim: seed %llu gave %016llx, then %016llx\n",
                      (unsigned long long)seed,
                      (unsigned long long)trace,
                      (unsigned long long)again.trace);
    }
    return again.trace == trace;
}

/* A large world reads gigabytes in no order: with pages of 2 MiB, which the C library asks for when
 * it is told so at the start of a program, 3,000 nodes take three quarters of the time. */
static void ask_for_huge_pages(const struct settings *s, char **argv)
{
    static const char name[] = "GLIBC_TUNABLES";
    if (s->report.world.nodes >= HUGE_FROM && getenv(name) == NULL &&
        setenv(name, "glibc.malloc.hugetlb=1", 0) == 0) {
        (void)execv("/proc/self/exe", argv); /* else it goes on as it is */
    }
}

int main(int argc, char **argv)
{
    static struct settings s = {
        .report = {.world = {.nodes = 20, .duplicate_permille = 5, .mtu = MTU_BYTES},
                   .scenario = &sim_scenarios[0],
                   .length_ms = 60000,
                   .seed_first = 1,
                   .seed_last = 1}};
    s.nodes_least = s.report.world.nodes;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (!parse(&s, argc, argv) || fh_crypto_init() != FH_OK) {
        usage(stderr);
        return 2;
    }
    ask_for_huge_pages(&s, argv);
    static struct sim_report r;
    for (uint64_t seed = s.report.seed_first;; seed++) {
        run(&s, seed, &r);
        sim_report_add(&s.report, &r);
        if (s.twice && !same_again(&s, seed, r.trace)) {
            return 1;
        }
        if (!s.json && (!s.quiet || r.broken != 0)) {
            (void)printf("%s seed %llu: %s, all agreed %lld ms after its end, %.2f s\n",
                         s.report.scenario->name,
                         (unsigned long long)seed,
                         r.broken == 0 ? "ok" : "BROKEN",
                         (long long)r.settled_ms,
                         r.wall_s);
        }
        if (seed == s.report.seed_last) {
            break;
        }
    }
    if (s.json) {
        sim_report_print(&s.report);
    }
    if (s.expect != 0) {
        return (s.report.broken >> s.expect & 1) != 0 ? 0 : 1;
    }
    return s.report.broken == 0 ? 0 : 1;
}
