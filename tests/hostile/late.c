/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that is used after its time: signed by a consumer who may ask, kept by the entry peer
 * that it names, and brought to the owner again when the consumer's key has lost its standing.
 *
 *     fh-late ENTRY-HOME KEY ACCESS HOST:PORT SQL PURPOSE FILE
 *
 * Whoever has KEY and ACCESS signs SQL for the node of ENTRY-HOME as entry peer; in that node's
 * name it asks the owner's node at HOST:PORT. Prints a line for each question and what it came to,
 * "signed", and the same again once FILE is there.
 */
#include "common/address.h"
#include "common/assert.h"
#include "common/entropy.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/query/query.h"
#include "proto/session/messages_access.h"
#include "proto/session/messages_policy.h"
#include "tests/hostile/visitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_AGAIN_NS = 20 * 1000000 };

static FH_NORETURN void stop(const char *what, const struct fh_err *err)
{
    fprintf(stderr, "late: %s: %s\nrule: %s\n", what, err->text, err->rule);
    exit(1);
}

/* ---- the entry peer's node ---- */

static bool
add_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct fh_actor *actor = user;
    (void)type;
    (void)id;
    if (actor->credential_count == FH_SESSION_RECORDS_MAX) {
        return false;
    }
    actor->credential[actor->credential_count++] = bytes; /* the directory's, which stays */
    return true;
}

/* The actor of a home speaks with its node's key. */
static void become_node(struct fh_actor *actor)
{
    struct fh_err err = {0};
    if (fh_actor_key(&actor->home, "node", FH_KEY_NODE, &actor->key, &actor->secret, &err) !=
        FH_OK) {
        stop("the node's key", &err);
    }
    actor->key_id = fh_key_id_of(&actor->key);
    actor->credential_count = 0;
    const struct fh_ref ref = fh_key_id_ref(&actor->key_id);
    bool shown = fh_directory_credentials(
        actor->directory, &actor->domain, &ref, fh_clock_wall_ms(), add_record, actor);
    FH_ASSERT(shown);
}

/* ---- the request ---- */

static void plan(struct visitor *consumer, const char *sql, struct fh_msg_plan *out)
{
    struct fh_buf message FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    const struct fh_msg_plan_question question = {.sql = fh_bytes_cstr(sql)};
    fh_buf_init(&message, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_plan_request(&message, &question);
    (void)visitor_ask(consumer, fh_buf_view(&message));
    if (fh_msg_answer(&reader, consumer->answer, FH_FRAME_REPLY_BYTES_MAX, &err) != FH_OK ||
        fh_msg_plan_read(&reader, out, &err) != FH_OK) {
        stop("the plan", &err);
    }
}

static void sign(const struct fh_actor *consumer,
                 const struct fh_key_id *entry,
                 const struct fh_msg_plan *of,
                 const char *sql,
                 const char *purpose,
                 struct fh_buf *out)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_err err = {0};
    struct fh_query_request *request = fh_calloc(1, sizeof *request);
    FH_ASSERT(request != NULL);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    request->consumer = consumer->domain;
    request->key = consumer->key_id;
    memcpy(request->entry.b, entry->b, sizeof request->entry.b); /* a node's id is its key's */
    request->sql = fh_bytes_cstr(sql);
    snprintf(request->purpose, sizeof request->purpose, "%s", purpose);
    request->issued_ms = fh_clock_wall_ms();
    request->expires_ms = request->issued_ms + FH_REQUEST_LIFETIME_MS;
    fh_entropy(request->id.b, sizeof request->id.b);
    request->table_count = of->table_count;
    for (uint32_t i = 0; i < of->table_count; i++) {
        const struct fh_msg_plan_table *from = &of->tables[i];
        struct fh_query_table *to = &request->tables[i];
        to->domain = from->domain;
        to->contract = from->contract;
        snprintf(to->product, sizeof to->product, "%s", from->product);
        snprintf(to->table, sizeof to->table, "%s", from->table);
        snprintf(to->version, sizeof to->version, "%s", from->version);
    }
    if (fh_query_request_build(&payload, request, &err) != FH_OK) {
        stop("the request", &err);
    }
    fh_free(request);
    fh_record_seal(
        out, FH_RECORD_REQUEST, &consumer->mesh, fh_buf_view(&payload), &consumer->secret);
}

/* ---- what the entry peer asks ---- */

static void put_still(struct fh_buf *out, struct fh_bytes request)
{
    fh_msg_still_request(out, request, 0);
}

static void put_view(struct fh_buf *out, struct fh_bytes request)
{
    fh_msg_view_request(out, request, 0);
}

static void put_scan(struct fh_buf *out, struct fh_bytes request)
{
    fh_msg_scan_request_begin(out, request, 0, 0);
    fh_pack_uint(out, FH_ENCODINGS_ALL);
}

static const struct {
    const char *name;
    void (*put)(struct fh_buf *out, struct fh_bytes request);
} questions[] = {{"STILL", put_still}, {"VIEW", put_view}, {"SCAN", put_scan}};

static void ask_all(struct visitor *entry, struct fh_bytes request)
{
    for (size_t i = 0; i < FH_COUNT(questions); i++) {
        struct fh_buf message FH_CLEANUP(fh_buf_fini);
        char text[128];
        fh_buf_init(&message, FH_FRAME_REQUEST_BYTES_MAX);
        questions[i].put(&message, request);
        const struct verdict verdict = visitor_ask(entry, fh_buf_view(&message));
        verdict_text(text, &verdict);
        printf("%s %s\n", questions[i].name, text);
    }
    visitor_hang_up(entry); /* ends what SCAN began */
}

int main(int argc, char **argv)
{
    static struct visitor consumer;
    static struct visitor entry;
    static struct fh_msg_plan of;
    struct fh_actor *people FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_actor *node FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_address owner;
    struct fh_err err = {0};
    fh_buf_init(&request, FH_RECORD_BYTES_MAX);
    if (argc != 8) {
        fputs("usage: fh-late ENTRY-HOME KEY ACCESS HOST:PORT SQL PURPOSE FILE\n", stderr);
        return 2;
    }
    if (fh_address_parse(&owner, argv[4], &err) != FH_OK ||
        fh_actor_open(&node, argv[1], &err) != FH_OK ||
        fh_actor_open_outside(&people, argv[2], NULL, argv[3], &err) != FH_OK) {
        stop("open", &err);
    }
    become_node(node);
    visitor_init(&consumer, people, (uint16_t)owner.port);
    visitor_init(&entry, node, (uint16_t)owner.port);
    plan(&consumer, argv[5], &of);
    sign(people, &node->key_id, &of, argv[5], argv[6], &request);
    visitor_hang_up(&consumer);
    ask_all(&entry, fh_buf_view(&request));
    puts("signed");
    fflush(stdout);
    while (access(argv[7], F_OK) != 0) {
        const struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};
        nanosleep(&pause, NULL);
    }
    ask_all(&entry, fh_buf_view(&request));
    visitor_fini(&consumer);
    visitor_fini(&entry);
    return 0;
}
