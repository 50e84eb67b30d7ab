/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks through a relay that meddles (meddle.c), each time in another way and at another frame, and
 * looks what libfreehold makes of it.
 *
 *     fh-tamper HOME PEER FILE ROUNDS SEED TABLE
 *
 * TABLE has rows with an id from 1 on, in order, and a text `item`. Every answer must either fail,
 * after rows that are a true beginning, or be whole, with a receipt that verified; and whatever was
 * done to a frame of the stream must have been noticed. Prints a line for each way of meddling.
 */
#include "common/prng.h"
#include "tests/e2e/meddle.h"
#include "tools/client/freehold.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    ROWS = 12000,
    KEPT = 24,         /* frames of an answer that the relay can put aside */
    HONEST_MS = 30000, /* on a busy machine under a sanitizer */
    DEADLINE_MS = 3000,
    TRIES_MAX = 400,
    DRAWS_MAX = 4, /* until the frame is one that is needed */
    PAUSE_US = 20000,
    PATIENCE_MS = 400, /* for what is kept back */
};

struct count {
    unsigned tried;
    unsigned noticed;
    unsigned repaired; /* whole and verified all the same: the client asked again */
};

static struct meddle *orders;

static _Noreturn void stop(const char *what, const struct freehold_error *error)
{
    fprintf(stderr, "fh-tamper: %s: %s (%s)\n", what, error->text, error->rule);
    exit(1);
}

static uint32_t patience(enum meddle_kind kind)
{
    if (kind == MEDDLE_NONE) {
        return HONEST_MS;
    }
    return kind == MEDDLE_WITHHOLD ? PATIENCE_MS : DEADLINE_MS;
}

/* Reads an answer to its end; gives its code. Rows that are not the true ones end the program. */
static int ask(char **argv,
               bool even,
               enum meddle_kind kind,
               struct freehold_error *error,
               unsigned *out_batches)
{
    const char *home = argv[1];
    const char *peer = argv[2];
    const char *table = argv[6];
    int64_t rows = 0;
    char sql[256];
    struct freehold_client *client = NULL;
    struct freehold_result *result = NULL;
    struct freehold_query_options options = {.size = sizeof options, .deadline_ms = patience(kind)};
    snprintf(sql, sizeof sql, "SELECT id, item FROM %s LIMIT %d", table, even ? ROWS : ROWS - 1);
    int code = freehold_open(&client, home, peer, error);
    if (code != FREEHOLD_OK) {
        stop("open", error);
    }
    code = freehold_query(&result, client, sql, &options, error);
    while (code == FREEHOLD_OK && freehold_result_next(result, error, &code)) {
        char expected[64];
        int64_t id = freehold_result_int(result, 0);
        snprintf(expected,
                 sizeof expected,
                 "item %lld of the shop in the market hall",
                 (long long)id % 10);
        if (id != rows + 1 || strcmp(freehold_result_text(result, 1, NULL), expected) != 0) {
            fprintf(stderr, "fh-tamper: a row that its owner did not send\n");
            exit(1);
        }
        rows++;
    }
    struct freehold_summary summary = {.size = sizeof summary};
    if (result != NULL) {
        freehold_result_summary(result, &summary);
    }
    if (code == FREEHOLD_OK &&
        (rows != (even ? ROWS : ROWS - 1) || summary.receipt[0] == 0 || !summary.relayed)) {
        fprintf(stderr, "fh-tamper: %lld rows were called whole\n", (long long)rows);
        exit(1);
    }
    *out_batches = (unsigned)summary.batches;
    freehold_result_close(result);
    freehold_close(client);
    return code;
}

static void order(enum meddle_kind kind, unsigned at, unsigned long seed, bool even)
{
    atomic_store(&orders->kind, (unsigned)kind);
    atomic_store(&orders->at, at);
    atomic_store(&orders->seed, seed);
    atomic_store(&orders->even, even ? 1U : 0U);
    atomic_store(&orders->done, 0);
    atomic_fetch_add(&orders->epoch, 1);
}

static void map_orders(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *map =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    orders = map;
    close(fd);
}

/* An honest relay again, as soon as the owner has a worker for us. Gives how many frames carry an
 * answer: two of the handshake, that to the query with the first batch, the others, the end. */
static unsigned honest(char **argv)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    unsigned batches = 0;
    for (unsigned i = 0; i < 4; i++) { /* two texts, twice each: the relay's store is full */
        int code = FREEHOLD_EBUSY;
        for (unsigned tries = 0; code == FREEHOLD_EBUSY && tries < TRIES_MAX; tries++) {
            order(MEDDLE_NONE, 0, 0, i % 2 == 0);
            code = ask(argv, i % 2 == 0, MEDDLE_NONE, &error, &batches);
            if (code == FREEHOLD_EBUSY) {
                usleep(PAUSE_US);
            }
        }
        if (code != FREEHOLD_OK) {
            stop("an honest relay", &error);
        }
    }
    return 2 + 1 + (batches - 1) + 1;
}

/* Meddles with one of the first `among` of `frames` frames. False: it did not come to that one, or
 * it was not needed. */
static bool tamper(char **argv,
                   enum meddle_kind kind,
                   unsigned frames,
                   unsigned among,
                   struct fh_prng *prng,
                   struct count *count)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    unsigned ignored = 0;
    bool even = fh_prng_below(prng, 2) == 0;
    unsigned at = (unsigned)fh_prng_below(prng, among < KEPT ? among : KEPT);
    order(kind, at, (unsigned long)fh_prng_u64(prng), even);
    int code = ask(argv, even, kind, &error, &ignored);
    if (atomic_load(&orders->done) == 0 && kind != MEDDLE_WITHHOLD && kind != MEDDLE_REORDER) {
        return false; /* fewer were needed */
    }
    /* The end waits for the disk of the owner's audit log: the refusal of a NEXT behind it may come
     * before it. Whoever meddles with that one changes nothing, and ask() saw the answer whole. */
    if (code == FREEHOLD_OK && at == frames - 1) {
        return false;
    }
    count->tried++;
    count->noticed += code != FREEHOLD_OK;
    count->repaired += code == FREEHOLD_OK;
    return true;
}

int main(int argc, char **argv)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MEDDLE_KINDS(X)
#undef X
    };
    static struct count counts[MEDDLE_COUNT];
    if (argc != 7) {
        fprintf(stderr, "fh-tamper: see the head of tests/e2e/tamper.c\n");
        return 2;
    }
    struct fh_prng prng;
    unsigned long rounds = strtoul(argv[4], NULL, 10);
    fh_prng_init(&prng, strtoul(argv[5], NULL, 10));
    map_orders(argv[3]);
    unsigned frames = honest(argv);
    for (unsigned long i = 0; i < rounds; i++) {
        enum meddle_kind kind = (enum meddle_kind)(1 + i % (MEDDLE_COUNT - 1));
        if (kind == MEDDLE_WITHHOLD && i % 2 != 0) {
            kind = MEDDLE_FLIP; /* each of those takes its time */
        }
        bool tried = false;
        for (unsigned draw = 0; draw < DRAWS_MAX && !tried; draw++) {
            /* A last frame that was not needed is not drawn again. */
            unsigned among = frames - (draw > 0 && frames > 1 ? 1 : 0);
            tried = tamper(argv, kind, frames, among, &prng, &counts[kind]);
        }
        if (i % 4 == 3) {
            frames = honest(argv); /* nothing of it stays, and no worker is held */
        }
    }
    (void)honest(argv);
    printf("%u frames an answer\n%-48s %7s %7s %9s\n", frames, "", "tried", "noticed", "repaired");
    unsigned noticed = 0;
    for (unsigned kind = 1; kind < MEDDLE_COUNT; kind++) {
        const struct count *c = &counts[kind];
        printf("%-48s %7u %7u %9u\n", texts[kind], c->tried, c->noticed, c->repaired);
        noticed += c->noticed;
    }
    printf("%-48s %7s %7u\n", "in all", "", noticed);
    return 0;
}
