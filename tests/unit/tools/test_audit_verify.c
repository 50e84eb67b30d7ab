/* SPDX-License-Identifier: Apache-2.0 */
/* `audit verify` and the node that runs in the home, through the program's own entry: no node is
 * fine, one that does not say what witnesses keep is not. */
#include "common/assert.h"
#include "proto/session/messages_audit.h"
#include "tests/lib/scratch.h"
#include "tools/cli/cli.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_BYTES = 512, SAID_BYTES = 8192 };

struct place {
    struct test_scratch scratch;
    char home[80]; /* short: its socket has a name of 107 bytes at most */
    char out[SAID_BYTES];
    char messages[SAID_BYTES];
};

/* Gives the program's exit code. */
static int run(struct place *place, size_t count, const char *const *words)
{
    char texts[8][PATH_BYTES] = {"freehold", "--home"};
    char *argv[9] = {texts[0], texts[1], place->home};
    FH_ASSERT(count <= 5);
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[3 + i], PATH_BYTES, "%s", words[i]);
        argv[3 + i] = texts[3 + i];
    }
    memset(place->out, 0, sizeof place->out);
    memset(place->messages, 0, sizeof place->messages);
    struct fh_cli cli = {
        .out = fmemopen(place->out, sizeof place->out, "w"),
        .messages = fmemopen(place->messages, sizeof place->messages, "w"),
        .in = stdin,
        .format = FH_OUTPUT_TABLE,
    };
    int code = fh_cli_run(&cli, 3 + (int)count, argv);
    fclose(cli.out);
    fclose(cli.messages);
    return code;
}

static int verify(struct place *place)
{
    static const char *const words[] = {"audit", "verify", "-o", "csv"};
    return run(place, FH_COUNT(words), words);
}

static int setup(void **state)
{
    static const char *const words[] = {"init", "--domain", "shop", "--mesh", "market"};
    struct place *place = calloc(1, sizeof *place);
    place->scratch = test_scratch_make();
    test_scratch_path(place->home, sizeof place->home, &place->scratch, "home");
    *state = place;
    return run(place, FH_COUNT(words), words);
}

static int teardown(void **state)
{
    struct place *place = *state;
    test_scratch_remove(&place->scratch);
    free(place);
    return 0;
}

/* ---- a node that answers one question ---- */

struct answering {
    int listener;
    struct fh_buf answer; /* empty: it hangs up */
    pthread_t thread;
};

static void *answer_one(void *user)
{
    const struct answering *answering = user;
    uint8_t head[4];
    uint8_t question[256];
    int fd = accept(answering->listener, NULL, NULL);
    FH_ASSERT(fd >= 0);
    FH_ASSERT(recv(fd, head, sizeof head, MSG_WAITALL) == (ssize_t)sizeof head);
    uint32_t size = fh_get_u32be(head);
    FH_ASSERT(size <= sizeof question);
    FH_ASSERT(recv(fd, question, size, MSG_WAITALL) == (ssize_t)size);
    if (answering->answer.size > 0) {
        fh_put_u32be(head, (uint32_t)answering->answer.size);
        FH_ASSERT(send(fd, head, sizeof head, MSG_NOSIGNAL) == (ssize_t)sizeof head);
        FH_ASSERT(send(fd, answering->answer.data, answering->answer.size, MSG_NOSIGNAL) ==
                  (ssize_t)answering->answer.size);
    }
    close(fd);
    return NULL;
}

/* Takes the answer. */
static int verify_beside(struct place *place, struct fh_buf *answer)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct answering answering = {.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                  .answer = *answer};
    FH_ASSERT(fh_buf_ok(answer) == FH_OK);
    snprintf(name.sun_path, sizeof name.sun_path, "%s/run/admin.sock", place->home);
    assert_int_equal(bind(answering.listener, (const struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(answering.listener, 1), 0);
    assert_int_equal(pthread_create(&answering.thread, NULL, answer_one, &answering), 0);
    int code = verify(place);
    assert_int_equal(pthread_join(answering.thread, NULL), 0);
    close(answering.listener); /* the socket stays, as one of a node that was killed does */
    fh_buf_fini(&answering.answer);
    return code;
}

/* ---- cases ---- */

static void test_no_node(void **state)
{
    struct place *place = *state;
    assert_int_equal(verify(place), 0);
    assert_non_null(strstr(place->out, "\nempty,0,0,"));
    assert_non_null(strstr(place->messages, "without what other domains keep: no node is running"));
}

static void test_hangs_up(void **state)
{
    struct place *place = *state;
    struct fh_buf nothing;
    fh_buf_init(&nothing, 64);
    assert_int_equal(verify_beside(place, &nothing), 3);
    assert_non_null(strstr(place->out, "\nwhole by itself,0,0,"));
    assert_non_null(strstr(place->messages, "audit.unwitnessed"));
    assert_int_equal(verify(place), 0); /* it is gone: its socket alone is no node */
    assert_non_null(strstr(place->out, "\nempty,0,0,"));
}

static void test_refuses(void **state)
{
    struct place *place = *state;
    struct fh_buf answer;
    struct fh_err busy;
    fh_err_rule(&busy, FH_EBUSY, "store.busy", "not now");
    fh_buf_init(&answer, 512);
    fh_msg_error(&answer, &busy, 0);
    assert_int_equal(verify_beside(place, &answer), 3);
    assert_non_null(strstr(place->out, "\nwhole by itself,0,0,"));
    assert_non_null(strstr(place->messages, "without what other domains keep: not now"));
    assert_non_null(strstr(place->messages, "audit.unwitnessed"));
}

static void test_answers(void **state)
{
    struct place *place = *state;
    struct fh_buf answer;
    fh_buf_init(&answer, 512);
    fh_msg_witnessed_answer_begin(&answer, 0);
    fh_pack_array(&answer, 0);
    assert_int_equal(verify_beside(place, &answer), 0);
    assert_non_null(strstr(place->out, "\nempty,0,0,"));
    assert_null(strstr(place->messages, "without"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_node, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hangs_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
