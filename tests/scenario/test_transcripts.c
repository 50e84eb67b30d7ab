/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden transcripts: the protocol's story, one line for each thing that a node concludes.
 *
 * Each story runs in the simulated world with constant delays and must give its file word for word.
 * A change of behaviour shows as a readable difference; `test_transcripts --write` writes the files
 * anew, for somebody to read and commit.
 */
#include "tests/sim/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct plan {
    int64_t at_ms;
    enum sim_op op;
    uint32_t a;
    uint32_t b;
};

struct story {
    const char *name;
    unsigned nodes;
    bool no_links;
    int64_t length_ms;
    struct plan plans[12]; /* ended by SIM_OP_COUNT */
};

#define END                                                                                        \
    {                                                                                              \
        0, SIM_OP_COUNT, 0, 0                                                                      \
    }

static const struct story stories[] = {
    {"join",
     4,
     false,
     4000,
     {{0, SIM_OP_START, 0, 0},
      {500, SIM_OP_START, 1, 0},
      {1000, SIM_OP_START, 2, 0},
      {1500, SIM_OP_START, 3, 0},
      END}},
    {"refute", /* a node stands still long enough to be suspected, hears of it and refutes */
     4,
     true,
     16000,
     {{0, SIM_OP_START, 0, 0},
      {100, SIM_OP_START, 1, 0},
      {200, SIM_OP_START, 2, 0},
      {300, SIM_OP_START, 3, 0},
      {5000, SIM_OP_PAUSE, 3, 4000},
      END}},
    {"leave",
     4,
     false,
     9000,
     {{0, SIM_OP_START, 0, 0},
      {100, SIM_OP_START, 1, 0},
      {200, SIM_OP_START, 2, 0},
      {300, SIM_OP_START, 3, 0},
      {4000, SIM_OP_LEAVE, 2, 0},
      END}},
    {"crash_and_restart",
     4,
     false,
     40000,
     {{0, SIM_OP_START, 0, 0},
      {100, SIM_OP_START, 1, 0},
      {200, SIM_OP_START, 2, 0},
      {300, SIM_OP_START, 3, 0},
      {5000, SIM_OP_CRASH, 1, 0},
      {30000, SIM_OP_RESTART, 1, 0},
      END}},
    {"partition_and_heal",
     4,
     false,
     60000,
     {{0, SIM_OP_START, 0, 0},
      {100, SIM_OP_START, 1, 0},
      {200, SIM_OP_START, 2, 0},
      {300, SIM_OP_START, 3, 0},
      {5000, SIM_OP_SPLIT, 1, 2},
      {20000, SIM_OP_ANNOUNCE, 0, 7},
      {40000, SIM_OP_HEAL, 0, 0},
      END}},
};

/* The transcript of a story. Given: free(). */
static char *tell(const struct story *story)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    struct sim_options options = {.nodes = story->nodes,
                                  .seed = 7,
                                  .no_links = story->no_links,
                                  .delay = SIM_DELAY_CONSTANT,
                                  .mtu = 1472,
                                  .transcript = out};
    struct sim_world *w = sim_world_new(&options);
    for (const struct plan *p = story->plans; p->op != SIM_OP_COUNT; p++) {
        sim_at(w, p->at_ms, p->op, p->a, p->b);
    }
    sim_run(w, story->length_ms);
    assert_true(sim_agrees(w));
    assert_int_equal(sim_check_broken(w), 0);
    sim_world_free(w);
    (void)fclose(out);
    return text;
}

static void path_of(char *out, size_t size, const struct story *story)
{
    (void)snprintf(out, size, "%s/scenario/%s.txt", FH_TEST_SOURCE_DIR, story->name);
}

static void test_story(void **state)
{
    const struct story *story = *state;
    char path[512];
    path_of(path, sizeof path, story);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = tell(story);
    char *at = text;
    char wanted[256];
    unsigned line = 0;
    while (fgets(wanted, sizeof wanted, file) != NULL) {
        line++;
        size_t length = strcspn(at, "\n");
        size_t wanted_length = strcspn(wanted, "\n");
        if (length != wanted_length || memcmp(at, wanted, length) != 0) {
            fail_msg("%s:%u: expected \"%.*s\", got \"%.*s\"",
                     path,
                     line,
                     (int)wanted_length,
                     wanted,
                     (int)length,
                     at);
        }
        at += length + (at[length] == '\n' ? 1 : 0);
    }
    if (*at != '\0') {
        fail_msg("%s: more than the %u expected lines: %.60s", path, line, at);
    }
    free(text);
    (void)fclose(file);
}

static int write_all(void)
{
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        char path[512];
        path_of(path, sizeof path, &stories[i]);
        FILE *file = fopen(path, "w");
        if (file == NULL) {
            perror(path);
            return 1;
        }
        char *text = tell(&stories[i]);
        (void)fputs(text, file);
        (void)fclose(file);
        free(text);
        (void)printf("%s\n", path);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        return write_all();
    }
    struct CMUnitTest tests[sizeof stories / sizeof stories[0]];
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        union {
            const void *in;
            void *out;
        } story = {.in = &stories[i]};
        tests[i] = (struct CMUnitTest){
            .name = stories[i].name, .test_func = test_story, .initial_state = story.out};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
