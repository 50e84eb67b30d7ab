/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stopwatch over a whole mesh for tools/bench gossip: starts COUNT nodes of Freehold or of
 * HashiCorp's serf at 127.0.1.1 and up, and says how long it takes until all of them see what
 * happens.
 *
 *     fh-gossip-watch freehold|serf FOLDER COUNT NEWS KILLS REST PROGRAM_FOLDER
 *
 * FOLDER holds, for Freehold, the homes d1/home (which founded the mesh) to dCOUNT/home (invited),
 * and contracts d1/news.odcs.yaml and on, one for each of NEWS announcements. Prints "name value"
 * lines:
 *
 *     admission  ms from the first node's answer, when all others are started, until all see all
 *     rss        KiB of memory: the median node's own process
 *     pss        the same with its children, shared pages shared out
 *     rest       bytes a second and node over the loopback interface, REST seconds long; both
 *                directions are one
 *     news       ms from an announcement (a product; serf: a user event) at its node to all nodes:
 *                the median, and news_worst
 *     news_missed  nodes that had not seen one in time, of all announcements together
 *     kill       ms from SIGKILL of a node until all others hold it for dead: the median of KILLS,
 *                and kill_worst
 *     back       ms from its start until all see it again: the median, and back_worst
 *     start      as admission, when all are started again after SIGKILL of all
 *     admission_answered, start_answered  the same until each has also had an answer of each
 * itself; Freehold alone, for serf knows no difference
 *
 * They are in a network of their own, in which nothing else speaks. All nodes are asked in turn,
 * over sessions that are open already, with the same pauses for both. In `admission` and `start` a
 * node sees another when it was told that this life of it has begun: serf by whoever told it,
 * Freehold by the other's own signed record, of a later generation than before. Elsewhere, when it
 * does not hold it for dead.
 */
#include "common/compiler.h"
#include "common/time.h"
#include "tests/e2e/proc.h"
#include "tests/e2e/serf.h"
#include "tests/lib/network.h"
#include "tools/client/freehold.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    NODES_MAX = 100,
    TIMES_MAX = 50,
    PATH_BYTES = 512,
    WORDS_MAX = 16,
    PATIENCE_MS = 120000,
    NEWS_PATIENCE_MS = 20000,
    SETTLE_MS = 92000, /* news is told for 30 s at most; then the first synchronisations come */
    PAUSE_MS = 2,      /* between two rounds of questions, while something is to be seen soon */
    SLOW_MS = 50,      /* the same while it takes seconds */
    PORT = 7946,       /* serf's own; nobody else is on 127.0.1.x */
    RPC_PORT = 7373,
};

struct node {
    pid_t pid; /* 0: not running */
    struct freehold_client *client;
    struct fh_serf *serf;
    bool seen;
};

struct view {
    unsigned alive;    /* with those that are only remembered */
    unsigned begun;    /* whose present life it knows of */
    unsigned answered; /* that answered it themselves */
    uint64_t news;     /* rises with each announcement */
};

struct mesh {
    const struct mesh_kind *kind;
    uint64_t before; /* generations of Freehold's nodes that live now are greater */
    const char *folder;
    const char *programs;
    unsigned count;
    struct node nodes[NODES_MAX + 1]; /* from 1 */
};

/* One of the two systems. */
struct mesh_kind {
    const char *name;
    void (*start)(struct mesh *mesh, unsigned i);
    /* False: it does not answer. `begun` and `answered` only on demand: that is the larger
     * question.
     */
    bool (*look)(struct mesh *mesh, unsigned i, bool lives, struct view *out);
    /* Announces something; the moment at which its own node shows it. */
    int64_t (*announce)(struct mesh *mesh, unsigned i, uint64_t before);
};

/* ---- time and processes ---------------------------------------------------------------------- */

static int64_t now_us(void)
{
    return fh_clock_mono_ns() / 1000;
}

static void pause_ms(long ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static struct mesh the_mesh; /* for give_up */

static void kill_all(void)
{
    for (unsigned i = 1; i <= the_mesh.count; i++) {
        struct node *node = &the_mesh.nodes[i];
        if (node->pid > 0) {
            kill(node->pid, SIGKILL);
            waitpid(node->pid, NULL, 0);
            node->pid = 0;
        }
    }
}

static _Noreturn void give_up(const char *format, ...) FH_PRINTF(1, 2);

static _Noreturn void give_up(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("fh-gossip-watch: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    kill_all();
    exit(1);
}

static pid_t run(const char *log, char *const *words)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    int code = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) {
        give_up("%s: %s", words[0], strerror(code));
    }
    return pid;
}

static char *write_path(char *out, const struct mesh *mesh, const char *format, ...)
    FH_PRINTF(3, 4);

static char *write_path(char *out, const struct mesh *mesh, const char *format, ...)
{
    int used = snprintf(out, PATH_BYTES, "%s/", mesh->folder);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out + used, PATH_BYTES - (size_t)used, format, arguments);
    va_end(arguments);
    return out;
}

/* ---- Freehold -------------------------------------------------------------------------------- */

static void start_freehold(struct mesh *mesh, unsigned i)
{
    char program[PATH_BYTES];
    char home[PATH_BYTES];
    char log[PATH_BYTES];
    char flag[] = "--home";
    snprintf(program, sizeof program, "%s/freehold-node", mesh->programs);
    char *words[] = {program, flag, write_path(home, mesh, "d%u/home", i), NULL};
    mesh->nodes[i].pid = run(write_path(log, mesh, "d%u/node.log", i), words);
}

static void count_lives(struct freehold_client *client, uint64_t before, struct view *out)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_peers *peers = NULL;
    out->begun = out->answered = 0;
    if (freehold_peers(&peers, client, &error) != FREEHOLD_OK) {
        return;
    }
    for (size_t i = 0; i < freehold_peers_count(peers); i++) {
        struct freehold_peer peer = {.size = sizeof peer};
        freehold_peers_get(peers, i, &peer);
        bool answered = strcmp(peer.state, "alive") == 0;
        bool told = strcmp(peer.state, "unverified") == 0 && peer.generation > before;
        out->answered += answered;
        out->begun += answered || told;
    }
    freehold_peers_free(peers);
}

static bool look_freehold(struct mesh *mesh, unsigned i, bool lives, struct view *out)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_status status = {.size = sizeof status};
    struct node *node = &mesh->nodes[i];
    char home[PATH_BYTES];
    if (node->client == NULL &&
        freehold_open(&node->client, write_path(home, mesh, "d%u/home", i), NULL, &error) !=
            FREEHOLD_OK) {
        node->client = NULL;
        return false;
    }
    if (freehold_status(node->client, &status, &error) != FREEHOLD_OK) {
        freehold_close(node->client);
        node->client = NULL;
        return false;
    }
    out->alive = (unsigned)status.members_alive;
    out->begun = out->answered = out->alive;
    out->news = status.products;
    if (lives && out->alive == mesh->count) {
        count_lives(node->client, mesh->before, out);
    }
    return true;
}

/* The command checks the data first and waits for the owner's disk at last: what counts is when the
 * owner's node itself shows the product. */
static int64_t announce_freehold(struct mesh *mesh, unsigned i, uint64_t before)
{
    char program[PATH_BYTES];
    char home[PATH_BYTES];
    char contract[PATH_BYTES];
    char log[PATH_BYTES];
    char flag[] = "--home";
    char noun[] = "product";
    char verb[] = "publish";
    struct view view;
    snprintf(program, sizeof program, "%s/freehold", mesh->programs);
    char *words[] = {program,
                     flag,
                     write_path(home, mesh, "d%u/home", i),
                     noun,
                     verb,
                     write_path(contract, mesh, "d%u/news.odcs.yaml", i),
                     NULL};
    pid_t pid = run(write_path(log, mesh, "d%u/publish.log", i), words);
    int64_t shown = 0;
    int status = 0;
    while (shown == 0) {
        bool ended = waitpid(pid, &status, WNOHANG) == pid;
        if (look_freehold(mesh, i, false, &view) && view.news > before) {
            shown = now_us();
        } else if (ended) {
            give_up("%s has failed or announced nothing: see %s", program, log);
        }
        if (ended) {
            return shown;
        }
    }
    waitpid(pid, &status, 0);
    return shown;
}

/* ---- serf ------------------------------------------------------------------------------------ */

static void start_serf(struct mesh *mesh, unsigned i)
{
    char words[WORDS_MAX][PATH_BYTES];
    char *pointers[WORDS_MAX + 1];
    char log[PATH_BYTES];
    unsigned used = 0;
    snprintf(words[used++], PATH_BYTES, "serf");
    snprintf(words[used++], PATH_BYTES, "agent");
    snprintf(words[used++], PATH_BYTES, "-node=n%u", i);
    snprintf(words[used++], PATH_BYTES, "-bind=127.0.1.%u:%d", i, PORT);
    snprintf(words[used++], PATH_BYTES, "-rpc-addr=127.0.1.%u:%d", i, RPC_PORT);
    snprintf(words[used++], PATH_BYTES, "-snapshot=%s/n%u.snapshot", mesh->folder, i);
    snprintf(words[used++], PATH_BYTES, "-log-level=err");
    if (i > 1) {
        snprintf(words[used++], PATH_BYTES, "-retry-join=127.0.1.1:%d", PORT);
        snprintf(words[used++], PATH_BYTES, "-retry-interval=1s");
    }
    for (unsigned w = 0; w < used; w++) {
        pointers[w] = words[w];
    }
    pointers[used] = NULL;
    mesh->nodes[i].pid = run(write_path(log, mesh, "n%u.log", i), pointers);
}

static bool look_serf(struct mesh *mesh, unsigned i, bool lives, struct view *out)
{
    (void)lives; /* serf remembers nobody that it does not hear of */
    struct node *node = &mesh->nodes[i];
    struct fh_serf_stats stats;
    char address[32];
    if (node->serf == NULL) {
        snprintf(address, sizeof address, "127.0.1.%u", i);
        node->serf = fh_serf_open(address, RPC_PORT);
    }
    if (node->serf == NULL) {
        return false;
    }
    if (!fh_serf_stats(node->serf, &stats)) {
        fh_serf_close(node->serf);
        node->serf = NULL;
        return false;
    }
    out->alive = stats.members - stats.failed - stats.left;
    out->begun = out->answered = out->alive;
    out->news = stats.event_time;
    return true;
}

static int64_t announce_serf(struct mesh *mesh, unsigned i, uint64_t before)
{
    char name[32];
    snprintf(name, sizeof name, "news%llu", (unsigned long long)before);
    int64_t shown = now_us();
    if (!fh_serf_event(mesh->nodes[i].serf,
                       name,
                       "0123456789012345678901234567890123456789012345678901234567890123")) {
        give_up("serf took no event");
    }
    return shown;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static const struct mesh_kind kinds[] = {
    {"freehold", start_freehold, look_freehold, announce_freehold},
    {"serf", start_serf, look_serf, announce_serf},
};

static void hang_up(struct node *node)
{
    freehold_close(node->client);
    fh_serf_close(node->serf);
    node->client = NULL;
    node->serf = NULL;
}

/* What all running nodes shall see; zero asks for nothing. */
struct sight {
    unsigned alive;
    unsigned begun;
    unsigned answered;
    uint64_t news;
};

static bool sees(struct mesh *mesh, unsigned i, const struct sight *sight)
{
    struct view view;
    return mesh->kind->look(mesh, i, sight->begun > 0 || sight->answered > 0, &view) &&
           (sight->alive == 0 || view.alive == sight->alive) &&
           (sight->begun == 0 || view.begun == sight->begun) &&
           (sight->answered == 0 || view.answered == sight->answered) && view.news >= sight->news;
}

/* Asks in turn until every running node has seen it. How many have not in time. */
static unsigned wait_all(
    struct mesh *mesh, const struct sight *sight, long gap_ms, int64_t patience_ms, int64_t *out_us)
{
    int64_t started = now_us();
    unsigned missing = 1;
    for (unsigned i = 1; i <= mesh->count; i++) {
        mesh->nodes[i].seen = mesh->nodes[i].pid == 0;
    }
    while (missing > 0 && now_us() - started < patience_ms * 1000) {
        missing = 0;
        for (unsigned i = 1; i <= mesh->count; i++) {
            struct node *node = &mesh->nodes[i];
            node->seen = node->seen || sees(mesh, i, sight);
            missing += !node->seen;
        }
        *out_us = now_us();
        if (missing > 0) {
            pause_ms(gap_ms);
        }
    }
    return missing;
}

static int64_t wait_for(struct mesh *mesh, const struct sight *sight, long gap_ms, const char *what)
{
    int64_t at = 0;
    unsigned missing = wait_all(mesh, sight, gap_ms, PATIENCE_MS, &at);
    if (missing > 0) {
        give_up("%s: %u of %u %s nodes have not seen it in %d s",
                what,
                missing,
                mesh->count,
                mesh->kind->name,
                PATIENCE_MS / 1000);
    }
    return at;
}

/* ---- measures -------------------------------------------------------------------------------- */

struct times {
    unsigned count;
    int64_t us[TIMES_MAX];
};

static void add(struct times *times, int64_t us)
{
    if (times->count < TIMES_MAX) {
        times->us[times->count++] = us;
    }
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t middle(struct times *times)
{
    qsort(times->us, times->count, sizeof times->us[0], compare);
    return times->count == 0 ? 0 : times->us[(times->count - 1) / 2];
}

static void tell(const char *name, struct times *times)
{
    if (times->count > 0) {
        printf("%s %.0f\n", name, (double)middle(times) / 1e3);
        printf("%s_worst %.0f\n", name, (double)times->us[times->count - 1] / 1e3);
        fflush(stdout);
    }
}

static void start_all(struct mesh *mesh, const char *name)
{
    struct sight all = {.begun = mesh->count};
    struct sight answered = {.answered = mesh->count};
    struct view view;
    int64_t started = now_us();
    mesh->kind->start(mesh, 1);
    while (!mesh->kind->look(mesh, 1, false, &view)) {
        if (now_us() - started > PATIENCE_MS * 1000LL) {
            give_up("the first node does not answer");
        }
        pause_ms(PAUSE_MS);
    }
    started = now_us();
    for (unsigned i = 2; i <= mesh->count; i++) {
        mesh->kind->start(mesh, i);
    }
    printf("%s %.0f\n", name, (double)(wait_for(mesh, &all, PAUSE_MS, name) - started) / 1e3);
    int64_t at = wait_for(mesh, &answered, PAUSE_MS, name);
    if (mesh->kind == &kinds[0]) {
        printf("%s_answered %.0f\n", name, (double)(at - started) / 1e3);
    }
    fflush(stdout);
}

static void measure_news(struct mesh *mesh, unsigned times)
{
    struct times taken = {0};
    unsigned missed = 0;
    struct view view = {0};
    for (unsigned i = 1; i <= times && i <= mesh->count; i++) {
        if (!mesh->kind->look(mesh, i, false, &view)) {
            give_up("node %u does not answer", i);
        }
        struct sight sight = {.news = view.news + 1};
        int64_t started = mesh->kind->announce(mesh, i, view.news);
        int64_t at = started;
        unsigned missing = wait_all(mesh, &sight, PAUSE_MS, NEWS_PATIENCE_MS, &at);
        missed += missing;
        if (missing == 0) {
            add(&taken, at - started);
        }
        pause_ms(200);
    }
    tell("news", &taken);
    printf("news_missed %u\n", missed);
}

static void measure_kill(struct mesh *mesh, unsigned times)
{
    struct times died = {0};
    struct times back = {0};
    for (unsigned i = 0; i < times && i + 1 < mesh->count; i++) {
        unsigned victim = mesh->count - i;
        struct sight without = {.alive = mesh->count - 1};
        struct sight all = {.alive = mesh->count};
        struct node *node = &mesh->nodes[victim];
        int64_t started = now_us();
        kill(node->pid, SIGKILL);
        waitpid(node->pid, NULL, 0);
        node->pid = 0;
        hang_up(node);
        add(&died, wait_for(mesh, &without, SLOW_MS, "kill") - started);
        started = now_us();
        mesh->kind->start(mesh, victim);
        add(&back, wait_for(mesh, &all, PAUSE_MS, "back") - started);
        pause_ms(1000);
    }
    tell("kill", &died);
    tell("back", &back);
}

static uint64_t latest_generation(struct mesh *mesh)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_status status = {.size = sizeof status};
    uint64_t latest = 0;
    for (unsigned i = 1; i <= mesh->count; i++) {
        struct node *node = &mesh->nodes[i];
        if (node->client != NULL && freehold_status(node->client, &status, &error) == FREEHOLD_OK &&
            status.generation > latest) {
            latest = status.generation;
        }
    }
    return latest;
}

/* ---- /proc ----------------------------------------------------------------------------------- */

static void measure_rest(struct mesh *mesh, unsigned seconds)
{
    if (seconds == 0) {
        return;
    }
    struct times rss = {0};
    struct times pss = {0};
    char path[64];
    for (unsigned i = 1; i <= mesh->count; i++) {
        hang_up(&mesh->nodes[i]);
    }
    pause_ms(SETTLE_MS);
    int64_t before = fh_proc_number("/proc/net/dev", "lo:");
    pause_ms((long)seconds * 1000);
    int64_t bytes = fh_proc_number("/proc/net/dev", "lo:") - before;
    for (unsigned i = 1; i <= mesh->count && i <= TIMES_MAX; i++) {
        pid_t pid = mesh->nodes[i].pid;
        snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
        add(&rss, fh_proc_number(path, "VmRSS:"));
        add(&pss, fh_proc_pss_kib(pid) + fh_proc_children_kib(pid));
    }
    printf("rss %lld\npss %lld\n", (long long)middle(&rss), (long long)middle(&pss));
    printf("rest %lld\n", (long long)(bytes / seconds / mesh->count));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct mesh *mesh = &the_mesh;
    for (size_t i = 0; argc == 8 && i < sizeof kinds / sizeof kinds[0]; i++) {
        mesh->kind = strcmp(argv[1], kinds[i].name) == 0 ? &kinds[i] : mesh->kind;
    }
    unsigned long numbers[4] = {0};
    for (int i = 0; i < 4 && mesh->kind != NULL; i++) {
        numbers[i] = strtoul(argv[3 + i], NULL, 10);
    }
    if (numbers[0] < 2 || numbers[0] > NODES_MAX) {
        fprintf(stderr, "fh-gossip-watch: see the head of tests/e2e/gossip_watch.c\n");
        return 2;
    }
    mesh->folder = argv[2];
    mesh->count = (unsigned)numbers[0];
    mesh->programs = argv[7];
    signal(SIGPIPE, SIG_IGN);
    if (!fh_network_enter()) {
        give_up("no network of its own: %s", strerror(errno));
    }
    start_all(mesh, "admission");
    measure_rest(mesh, (unsigned)numbers[3]);
    measure_news(mesh, (unsigned)numbers[1]);
    measure_kill(mesh, (unsigned)numbers[2]);
    uint64_t latest = latest_generation(mesh);
    for (unsigned i = 1; i <= mesh->count; i++) {
        hang_up(&mesh->nodes[i]);
    }
    kill_all();
    mesh->before = latest;
    start_all(mesh, "start");
    for (unsigned i = 1; i <= mesh->count; i++) {
        hang_up(&mesh->nodes[i]);
    }
    kill_all();
    return 0;
}
