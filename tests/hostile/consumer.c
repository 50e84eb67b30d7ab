/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consumer that is admitted, and hostile: every frame that it may send to a node, by name and
 * with what it must come to, while an honest client of another domain asks on.
 *
 *     fh-hostile HOME HONEST-HOME HOST:PORT PID SQL ROWS [lenient]
 *
 * HOME and HONEST-HOME are homes of two domains whose members may ask SQL, which counts ROWS, of
 * the node at HOST:PORT, process PID, of a third. Ends with 0 when every frame was met as it should
 * be, the honest client noticed nothing, and the node's memory is what it was (`lenient`: a
 * sanitizer's build, which keeps what was freed).
 */
#include "tests/hostile/consumer.h"

#include "common/address.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST = 500,
    GROWTH_KIB = 24 * 1024, /* caches of the node's own, filled once */
    NOTICED_MS = 10000,     /* an honest answer may not take that long, on any machine */
};

void consumer_meet(
    struct consumer *c, struct verdict verdict, const char *expected, const char *name_format, ...)
{
    char text[128];
    char name[256];
    va_list arguments;
    va_start(arguments, name_format);
    vsnprintf(name, sizeof name, name_format, arguments);
    va_end(arguments);
    verdict_text(text, &verdict);
    suite_meet(&c->suite, text, expected, "%s", name);
}

static void ask_plan(struct consumer *c)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    fh_buf_init(&request, 4096);
    struct fh_msg_plan_question question = {.sql = fh_bytes_cstr(c->sql)};
    fh_msg_plan_request(&request, &question);
    struct verdict verdict = visitor_ask(&c->visitor, fh_buf_view(&request));
    if (verdict.kind != VERDICT_ANSWERED ||
        fh_msg_answer(&reader, c->visitor.answer, FH_FRAME_REPLY_BYTES_MAX, &err) != FH_OK ||
        fh_msg_plan_read(&reader, &c->plan, &err) != FH_OK || c->plan.table_count == 0) {
        fprintf(stderr, "hostile: the plan of %s: %s\n", c->sql, err.text);
        exit(1);
    }
}

static void all(struct consumer *c)
{
    consumer_greetings(c);
    consumer_heads(c);
    consumer_frames(c);
    consumer_handshakes(c);
    consumer_transport(c);
    consumer_messages(c);
    consumer_relays(c);
    consumer_requests(c);
    consumer_lies(c);
    consumer_streams(c);
}

int main(int argc, char **argv)
{
    static struct consumer c;
    struct fh_address address;
    struct fh_err err = {0};
    struct fh_actor *actor = NULL;
    if (argc < 7) {
        fputs("usage: fh-hostile HOME HONEST-HOME HOST:PORT PID SQL ROWS [lenient]\n", stderr);
        return 2;
    }
    if (fh_crypto_init() != FH_OK || fh_address_parse(&address, argv[3], &err) != FH_OK ||
        fh_actor_open(&actor, argv[1], &err) != FH_OK) {
        fprintf(stderr, "hostile: %s\n", err.text);
        return 1;
    }
    int pid = atoi(argv[4]);
    c.sql = argv[5];
    visitor_init(&c.visitor, actor, (uint16_t)address.port);
    ask_plan(&c);
    honest_begin(argv[2], argv[3], c.sql, atol(argv[6]));
    long before = resident_kib(pid);
    all(&c);
    long after = resident_kib(pid);
    struct honest_result honest = honest_end();
    bool good = suite_end(&c.suite, LEAST);
    printf("beside: %u honest answers, %u failed, the slowest after %ld ms\n",
           honest.answers,
           honest.failed,
           honest.slowest_ms);
    printf("memory of the node: %ld KiB before, %ld KiB after\n", before, after);
    good = good && honest.answers > 0 && honest.failed == 0 && honest.slowest_ms < NOTICED_MS;
    good = good && (argc > 7 || after - before < GROWTH_KIB);
    visitor_fini(&c.visitor);
    fh_actor_free(actor);
    return good ? 0 : 1;
}
