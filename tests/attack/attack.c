/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile statements at running nodes, each with its expected outcome, and honest ones beside them.
 *
 *     fh-attack [OPTION]... FILE.case...
 *       --lane NAME ADDRESS FOLDER HOSTILE HONEST   where to ask, and as whom: FOLDER/HOSTILE.key
 * and .access attack, FOLDER/HONEST.* asks beside; lanes run at once
 *       --honest FILE.case     what the honest consumers ask, in turn
 *       --canaries FILE        see canaries.h
 *       --word NAME VALUE      what %{NAME} stands for in the files
 *       --log FILE             of a node; read on after each statement
 *       --folder FOLDER        files that change below it are looked through after each statement
 *       --times N              statements of a lane, from the beginning again after the last
 *       --share N              every Nth attack of each class
 *       --seed N               which of these, and in which lane those that are asked in one
 *       --only TEXT            attacks with this in their name or class
 *
 * While an attack runs, the honest consumer of its lane asks again and again, once at least, and
 * must be answered rightly within HONEST_MS. Every answer, error, name of a column, log line and
 * changed file is looked through for canaries. Ends with 1 after any surprise; prints for each
 * class how many statements of it were answered and refused, and the worst delay of an honest
 * answer.
 */
#include "common/compiler.h"
#include "common/file.h"
#include "tests/attack/asking.h"
#include "tests/attack/watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LANES_MAX = 4,
    CLASSES_MAX = 64,
    SURPRISES_MAX = 400, /* told; the rest are counted */
    HONEST_MS = 15000,
    HONEST_PAUSE_US = 10000,
    ARENA_BYTES_MAX = 256 * 1024 * 1024,
    TELL_BYTES = 900,
    PATH_BYTES = 512,
};

struct lane {
    const char *name;
    struct fh_consumer hostile;
    struct fh_consumer honest;
    char paths[4][PATH_BYTES]; /* of both keys and accesses */
    struct suite *suite;
    pthread_t threads[2];
    pthread_mutex_t lock;
    pthread_cond_t turned;
    bool attacking; /* the honest one asks as long as this holds */
    bool asking;    /* it still does */
    bool over;
    uint64_t statements;
    uint64_t honest_answers;
    int64_t honest_worst_us;
    char honest_worst_beside[160];
};

struct class_tally {
    const char *name;
    uint64_t asked;
    uint64_t refused;
    int64_t took_us;
};

struct suite {
    struct fh_arena *arena;
    struct fh_attacks attacks;
    struct fh_attacks honest;
    struct fh_canaries canaries;
    struct fh_words words;
    struct fh_watch watch;
    struct lane lanes[LANES_MAX];
    size_t lane_count;
    const char *canaries_file;
    const char *honest_file;
    const char *only;
    uint64_t times;
    uint64_t share;
    uint64_t seed;
    pthread_mutex_t lock; /* of what is below */
    struct class_tally classes[CLASSES_MAX];
    size_t class_count;
    uint64_t surprises;
};

/* ---- what happened ---- */

static void surprise(struct lane *lane, const struct fh_attack *attack, const char *what)
{
    struct suite *suite = lane->suite;
    pthread_mutex_lock(&suite->lock);
    if (suite->surprises++ < SURPRISES_MAX) {
        fprintf(stderr, "%s: %s: %s: %s\n", attack->file, attack->name, lane->name, what);
        for (size_t i = 0; i < attack->outcome_count; i++) {
            fprintf(stderr, "    expected: %s\n", attack->outcomes[i]);
        }
    }
    pthread_mutex_unlock(&suite->lock);
}

static void tally(struct lane *lane, const struct fh_attack *attack)
{
    struct suite *suite = lane->suite;
    size_t i = 0;
    pthread_mutex_lock(&suite->lock);
    while (i < suite->class_count && strcmp(suite->classes[i].name, attack->file) != 0) {
        i++;
    }
    if (i == suite->class_count && i < CLASSES_MAX) {
        suite->classes[suite->class_count++] = (struct class_tally){.name = attack->file};
    }
    if (i < CLASSES_MAX) {
        suite->classes[i].asked++;
        suite->classes[i].refused += lane->hostile.code != FREEHOLD_OK;
        suite->classes[i].took_us += lane->hostile.took_us;
    }
    pthread_mutex_unlock(&suite->lock);
}

/* ---- the honest one ---- */

static void ask_honestly(struct lane *lane, const struct fh_attack *attack)
{
    char what[TELL_BYTES];
    const struct fh_attacks *honest = &lane->suite->honest;
    const struct fh_attack *question = &honest->items[lane->honest_answers++ % honest->count];
    fh_consumer_ask(&lane->honest, question->sql, HONEST_MS);
    if (!fh_consumer_expected(&lane->honest, question)) {
        char told[TELL_BYTES - 200];
        fh_consumer_tell(&lane->honest, told, sizeof told);
        snprintf(what, sizeof what, "the honest query \"%.80s\" noticed: %s", question->name, told);
        surprise(lane, attack, what);
    }
    if (lane->honest.took_us > lane->honest_worst_us) {
        lane->honest_worst_us = lane->honest.took_us;
        snprintf(lane->honest_worst_beside, sizeof lane->honest_worst_beside, "%s", attack->name);
    }
}

static const struct fh_attack *attack_at(const struct lane *lane)
{
    const struct fh_attacks *attacks = &lane->suite->attacks;
    return &attacks->items[lane->statements % attacks->count];
}

static void *be_honest(void *user)
{
    struct lane *lane = user;
    pthread_mutex_lock(&lane->lock);
    while (!lane->over) {
        if (!lane->attacking) {
            lane->asking = false;
            pthread_cond_broadcast(&lane->turned);
            pthread_cond_wait(&lane->turned, &lane->lock);
            continue;
        }
        pthread_mutex_unlock(&lane->lock);
        struct timespec pause = {0, HONEST_PAUSE_US * 1000L};
        ask_honestly(lane, attack_at(lane));
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&lane->lock);
    }
    pthread_mutex_unlock(&lane->lock);
    return NULL;
}

/* ---- the hostile one ---- */

static void judge(struct lane *lane, const struct fh_attack *attack)
{
    char what[TELL_BYTES];
    char leak_text[FH_WATCH_TEXT_BYTES];
    struct suite *suite = lane->suite;
    if (!fh_consumer_expected(&lane->hostile, attack)) {
        fh_consumer_tell(&lane->hostile, what, sizeof what);
        surprise(lane, attack, what);
    }
    const char *leak = fh_consumer_leak(&lane->hostile, &suite->canaries);
    if (leak != NULL) {
        snprintf(what, sizeof what, "LEAK: %s came back", leak);
        surprise(lane, attack, what);
    }
    if (!fh_watch_look(&suite->watch, leak_text)) {
        snprintf(what, sizeof what, "LEAK: %s", leak_text);
        surprise(lane, attack, what);
    }
    tally(lane, attack);
}

/* Whether the attack that is next is one for this lane. */
static bool is_mine(const struct lane *lane)
{
    const struct suite *suite = lane->suite;
    uint64_t mine = (uint64_t)(lane - suite->lanes);
    uint64_t turn = lane->statements % suite->attacks.count + suite->seed;
    return !attack_at(lane)->in_one_lane || turn % suite->lane_count == mine;
}

static void *be_hostile(void *user)
{
    struct lane *lane = user;
    uint64_t times = lane->suite->times == 0 ? lane->suite->attacks.count : lane->suite->times;
    for (; lane->statements < times; lane->statements++) {
        const struct fh_attack *attack = attack_at(lane);
        if (!is_mine(lane)) {
            continue;
        }
        pthread_mutex_lock(&lane->lock);
        lane->attacking = true;
        lane->asking = true;
        pthread_cond_broadcast(&lane->turned);
        pthread_mutex_unlock(&lane->lock);
        fh_consumer_ask(&lane->hostile, attack->sql, attack->deadline_ms);
        pthread_mutex_lock(&lane->lock);
        lane->attacking = false;
        while (lane->asking) {
            pthread_cond_wait(&lane->turned, &lane->lock);
        }
        pthread_mutex_unlock(&lane->lock);
        judge(lane, attack);
    }
    pthread_mutex_lock(&lane->lock);
    lane->over = true;
    pthread_cond_broadcast(&lane->turned);
    pthread_mutex_unlock(&lane->lock);
    return NULL;
}

/* ---- the suite ---- */

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "fh-attack: %s\n", why);
    exit(2);
}

static void open_lane(struct suite *suite, char **values)
{
    static const char *const endings[] = {"key", "access"};
    if (suite->lane_count == LANES_MAX) {
        give_up("too many lanes");
    }
    struct lane *lane = &suite->lanes[suite->lane_count++];
    lane->name = values[0];
    lane->suite = suite;
    for (size_t i = 0; i < 4; i++) {
        snprintf(
            lane->paths[i], PATH_BYTES, "%s/%s.%s", values[2], values[3 + i / 2], endings[i % 2]);
    }
    for (size_t i = 0; i < 2; i++) {
        struct freehold_options how = {
            .size = sizeof how,
            .peer = values[1],
            .key_file = lane->paths[2 * i],
            .access_file = lane->paths[2 * i + 1],
        };
        fh_consumer_init(i == 0 ? &lane->hostile : &lane->honest, &how);
    }
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->turned, NULL);
}

static void add_word(struct suite *suite, char **values)
{
    if (suite->words.count == FH_WORDS_MAX) {
        give_up("too many words");
    }
    suite->words.names[suite->words.count] = values[0];
    suite->words.values[suite->words.count++] = values[1];
}

/* Takes the option at argv[0]; how many arguments it took, 0 for none that is known. */
static int take_option(struct suite *suite, int argc, char **argv)
{
    struct {
        const char *name;
        const char **text;
        uint64_t *number;
    } plain[] = {
        {"--canaries", &suite->canaries_file, NULL},
        {"--honest", &suite->honest_file, NULL},
        {"--only", &suite->only, NULL},
        {"--times", NULL, &suite->times},
        {"--share", NULL, &suite->share},
        {"--seed", NULL, &suite->seed},
    };
    if (strcmp(argv[0], "--lane") == 0 && argc > 5) {
        open_lane(suite, argv + 1);
        return 6;
    }
    if (strcmp(argv[0], "--word") == 0 && argc > 2) {
        add_word(suite, argv + 1);
        return 3;
    }
    if (argc < 2) {
        return 0;
    }
    if (strcmp(argv[0], "--log") == 0 && suite->watch.log_count < FH_WATCHED_MAX) {
        suite->watch.logs[suite->watch.log_count++] = argv[1];
        return 2;
    }
    if (strcmp(argv[0], "--folder") == 0 && suite->watch.folder_count < FH_WATCHED_MAX) {
        suite->watch.folders[suite->watch.folder_count++] = argv[1];
        return 2;
    }
    for (size_t i = 0; i < FH_COUNT(plain); i++) {
        if (strcmp(argv[0], plain[i].name) == 0) {
            if (plain[i].text != NULL) {
                *plain[i].text = argv[1];
            } else {
                *plain[i].number = strtoull(argv[1], NULL, 10);
            }
            return 2;
        }
    }
    return 0;
}

static void read_all(struct suite *suite, int argc, char **argv)
{
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, 64 * 1024);
    if (suite->lane_count == 0 || suite->honest_file == NULL || suite->canaries_file == NULL ||
        argc == 0) {
        give_up("see the head of tests/attack/attack.c");
    }
    suite->arena = fh_arena_new(ARENA_BYTES_MAX);
    if (suite->arena == NULL) {
        give_up("no memory");
    }
    if (fh_file_read(suite->canaries_file, &text, &err) != FH_OK ||
        fh_canaries_read(&suite->canaries, fh_buf_view(&text), &err) != FH_OK ||
        fh_attacks_init(&suite->honest, suite->arena, &err) != FH_OK ||
        fh_attacks_init(&suite->attacks, suite->arena, &err) != FH_OK ||
        fh_attacks_read(&suite->honest, suite->honest_file, &suite->words, suite->arena, &err) !=
            FH_OK) {
        give_up(err.text);
    }
    for (int i = 0; i < argc; i++) {
        if (fh_attacks_read(&suite->attacks, argv[i], &suite->words, suite->arena, &err) != FH_OK) {
            give_up(err.text);
        }
    }
}

/* Leaves out what --share and --only leave out. */
static void choose(struct suite *suite)
{
    size_t kept = 0;
    uint64_t in_class = 0;
    struct fh_attack *items = suite->attacks.items;
    for (size_t i = 0; i < suite->attacks.count; i++) {
        struct fh_attack attack = items[i];
        in_class =
            i == 0 || strcmp(attack.file, items[i - 1].file) != 0 ? suite->seed : in_class + 1;
        bool shared = suite->share == 0 || in_class % suite->share == 0;
        bool named = suite->only == NULL || strstr(attack.name, suite->only) != NULL ||
                     strstr(attack.file, suite->only) != NULL;
        if (shared && named) {
            /* below: items[kept], which nobody reads any more once i is beyond it */
            suite->attacks.items[kept++] = attack;
        }
    }
    suite->attacks.count = kept;
    if (kept == 0 || suite->honest.count == 0) {
        give_up("there is nothing to ask");
    }
}

static void run_lanes(struct suite *suite)
{
    for (size_t i = 0; i < suite->lane_count; i++) {
        struct lane *lane = &suite->lanes[i];
        if (pthread_create(&lane->threads[0], NULL, be_honest, lane) != 0 ||
            pthread_create(&lane->threads[1], NULL, be_hostile, lane) != 0) {
            give_up("no thread");
        }
    }
    for (size_t i = 0; i < 2 * suite->lane_count; i++) {
        pthread_join(suite->lanes[i / 2].threads[i % 2], NULL);
    }
}

static void print_tallies(struct suite *suite)
{
    uint64_t asked = 0;
    for (size_t i = 0; i < suite->class_count; i++) {
        const struct class_tally *class = &suite->classes[i];
        printf("%-12s %5llu asked, %5llu refused, %8.1f ms each\n",
               class->name,
               (unsigned long long)class->asked,
               (unsigned long long)class->refused,
               (double)class->took_us / 1000.0 / (double)class->asked);
        asked += class->asked;
    }
    for (size_t i = 0; i < suite->lane_count; i++) {
        struct lane *lane = &suite->lanes[i];
        printf("%-12s %llu honest answers, worst after %.0f ms beside \"%s\"\n",
               lane->name,
               (unsigned long long)lane->honest_answers,
               (double)lane->honest_worst_us / 1000.0,
               lane->honest_worst_beside);
        fh_consumer_fini(&lane->hostile);
        fh_consumer_fini(&lane->honest);
    }
    printf("%zu attacks, %llu statements, %llu surprises\n",
           suite->attacks.count,
           (unsigned long long)asked,
           (unsigned long long)suite->surprises);
}

int main(int argc, char **argv)
{
    static struct suite suite;
    char leak_text[FH_WATCH_TEXT_BYTES];
    int at = 1;
    fh_watch_init(&suite.watch, &suite.canaries);
    pthread_mutex_init(&suite.lock, NULL);
    while (at < argc && argv[at][0] == '-') {
        int taken = take_option(&suite, argc - at, argv + at);
        if (taken == 0) {
            give_up(argv[at]);
        }
        at += taken;
    }
    read_all(&suite, argc - at, argv + at);
    choose(&suite);
    run_lanes(&suite);
    if (!fh_watch_look_at_all(&suite.watch, leak_text)) {
        fprintf(stderr, "LEAK: %s\n", leak_text);
        suite.surprises++;
    }
    print_tallies(&suite);
    fh_arena_free(suite.arena);
    return suite.surprises == 0 ? 0 : 1;
}
