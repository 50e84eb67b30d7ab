/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stopwatch for tools/bench governance: runs a command that decides something, and says how long
 * it takes until every node of a mesh knows.
 *
 *     fh-govern-watch FOLDER COUNT policy|DOMAIN_ID COMMAND...
 *
 * FOLDER holds the homes d1/home to dCOUNT/home, whose nodes run. With `policy` a node knows when
 * what it enforces of the mesh is another than before the command; else when it holds more records
 * of that domain than before. All are asked in turn, over sessions that are open already. Prints
 * "name value" lines in ms from the start of the command:
 *
 *     command  its end
 *     first    the first node knew
 *     median   half of them knew
 *     all      all of them knew
 *
 * Ends with 1 when the command fails or a node does not know after a minute.
 */
#include "common/time.h"
#include "proto/session/messages.h"
#include "proto/session/messages_policy.h"
#include "tools/client/client.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NODES_MAX = 200, PATIENCE_MS = 60000, PAUSE_MS = 2, PATH_BYTES = 512, ASK_TRIES = 3 };

/* What a node says; another value after the command than before means that it knows. */
struct word {
    uint8_t b[FH_HASH_BYTES];
};

struct node {
    struct freehold_client *client;
    struct word before;
    int64_t known_us; /* 0: not yet */
};

struct watch {
    unsigned count;
    bool policy;
    struct fh_domain_id domain;
    struct node nodes[NODES_MAX];
};

static int64_t now_us(void)
{
    return fh_clock_mono_ns() / 1000;
}

static _Noreturn void give_up(unsigned i, const struct fh_err *err)
{
    fprintf(stderr, "fh-govern-watch: d%u: %s\nrule: %s\n", i + 1, err->text, err->rule);
    exit(1);
}

static int ask_once(const struct watch *watch, unsigned i, struct word *out, struct fh_err *err)
{
    struct freehold_client *client = watch->nodes[i].client;
    struct fh_pack_reader reader;
    int code = fh_client_ready(client, err);
    if (code != FH_OK) {
        return code;
    }
    fh_buf_reset(&client->request);
    if (watch->policy) {
        fh_msg_policy_state_request(&client->request);
    } else {
        fh_msg_identity_request(&client->request, &watch->domain);
    }
    code = fh_client_call(client, &reader, err);
    if (code == FH_OK && watch->policy) {
        struct fh_msg_policy_state state;
        code = fh_msg_policy_state_read(&reader, &state, err);
        memcpy(out->b, state.hash.b, sizeof out->b);
    } else if (code == FH_OK) {
        struct fh_msg_bins bins;
        struct fh_bytes record;
        uint32_t count = 0;
        code = fh_msg_bins_read(&reader, &bins, err);
        while (code == FH_OK && fh_msg_bins_next(&bins, &record)) {
            count++;
        }
        memset(out->b, 0, sizeof out->b);
        memcpy(out->b, &count, sizeof count);
    }
    return code;
}

/* A session may be worn out: another one is opened. */
static struct word ask(const struct watch *watch, unsigned i)
{
    struct word word = {{0}};
    struct fh_err err = {0};
    for (unsigned turn = 0; turn < ASK_TRIES; turn++) {
        if (ask_once(watch, i, &word, &err) == FH_OK) {
            return word;
        }
    }
    give_up(i, &err);
}

static void open_all(struct watch *watch, const char *folder)
{
    for (unsigned i = 0; i < watch->count; i++) {
        char home[PATH_BYTES];
        struct freehold_error error = FREEHOLD_ERROR_INIT;
        snprintf(home, sizeof home, "%s/d%u/home", folder, i + 1);
        if (freehold_open(&watch->nodes[i].client, home, NULL, &error) != 0) {
            fprintf(stderr, "fh-govern-watch: %s: %s\n", home, error.text);
            exit(1);
        }
        watch->nodes[i].before = ask(watch, i);
    }
}

/* One round of questions; how many know. */
static unsigned look(struct watch *watch)
{
    unsigned known = 0;
    for (unsigned i = 0; i < watch->count; i++) {
        struct node *node = &watch->nodes[i];
        if (node->known_us == 0) {
            struct word word = ask(watch, i);
            node->known_us = memcmp(word.b, node->before.b, sizeof word.b) != 0 ? now_us() : 0;
        }
        known += node->known_us != 0;
    }
    return known;
}

static int compare(const void *a, const void *b)
{
    int64_t one = ((const struct node *)a)->known_us;
    int64_t other = ((const struct node *)b)->known_us;
    return one < other ? -1 : one > other;
}

static void tell(const char *name, int64_t us)
{
    printf("%s %lld.%lld\n", name, (long long)us / 1000, (long long)us % 1000 / 100);
}

int main(int argc, char **argv)
{
    static struct watch watch;
    char *end = NULL;
    unsigned long count = argc < 5 ? 0 : strtoul(argv[2], &end, 10);
    if (count == 0 || count > NODES_MAX || *end != '\0' || fh_crypto_init() != FH_OK) {
        fputs("usage: fh-govern-watch FOLDER COUNT policy|DOMAIN_ID COMMAND...\n", stderr);
        return 2;
    }
    struct fh_err err;
    watch.count = (unsigned)count;
    watch.policy = strcmp(argv[3], "policy") == 0;
    if (!watch.policy && fh_domain_id_parse(&watch.domain, argv[3], &err) != FH_OK) {
        fprintf(stderr, "fh-govern-watch: %s\n", err.text);
        return 2;
    }
    open_all(&watch, argv[1]);
    pid_t pid;
    int status = 0;
    int64_t began = now_us(), ended = 0;
    if (posix_spawnp(&pid, argv[4], NULL, NULL, argv + 4, environ) != 0) {
        fprintf(stderr, "fh-govern-watch: %s cannot be run\n", argv[4]);
        return 1;
    }
    while (look(&watch) < watch.count || ended == 0) {
        if (ended == 0 && waitpid(pid, &status, WNOHANG) == pid) {
            ended = now_us();
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                return 1; /* it has said why */
            }
        }
        if (now_us() - began > (int64_t)PATIENCE_MS * 1000) {
            fprintf(stderr, "fh-govern-watch: only %u nodes know after a minute\n", look(&watch));
            return 1;
        }
        const struct timespec pause = {0, PAUSE_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
    qsort(watch.nodes, watch.count, sizeof *watch.nodes, compare);
    tell("command", ended - began);
    tell("first", watch.nodes[0].known_us - began);
    tell("median", watch.nodes[(watch.count - 1) / 2].known_us - began);
    tell("all", watch.nodes[watch.count - 1].known_us - began);
    for (unsigned i = 0; i < watch.count; i++) {
        freehold_close(watch.nodes[i].client);
    }
    return 0;
}
