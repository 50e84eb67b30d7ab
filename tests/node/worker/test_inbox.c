/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the worker's two threads reads, and that what begins with a turn of the first is over
 * once. */
#include "node/worker/inbox.h"

#include "common/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum { LOOKS = 5000 }; /* of a millisecond */

struct first {
    struct fh_inbox *inbox;
    pthread_mutex_t lock;
    unsigned turns;
    bool is_first[2];
};

/* Reads, and is handed the next question; reads again while the one before is not over. */
static void *read_twice(void *user)
{
    struct first *first = user;
    for (unsigned i = 0; i < 2; i++) {
        bool is_first = fh_inbox_stand_by(first->inbox);
        struct fh_frame question = {.kind = FH_CHANNEL_PARSE};
        struct fh_err err;
        if (i == 0 && fh_inbox_put(first->inbox, &question, &err) != FH_OK) {
            return NULL;
        }
        pthread_mutex_lock(&first->lock);
        first->is_first[i] = is_first;
        first->turns++;
        pthread_mutex_unlock(&first->lock);
    }
    return NULL;
}

/* Calls the first thread until it has had so many turns. */
static void call_until(struct first *first, unsigned turns)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        pthread_mutex_lock(&first->lock);
        unsigned had = first->turns;
        pthread_mutex_unlock(&first->lock);
        if (had >= turns) { /* it takes the second by itself when this looks late */
            return;
        }
        fh_inbox_call(first->inbox);
        usleep(1000);
    }
    fail_msg("the first thread did not come");
}

/* The node has the answer and asks on while the working thread has something left to do: the first
 * thread has a second turn in one question, which goes on in the next, and is over once. */
static void two_turns_are_over_once(void **state)
{
    (void)state;
    struct first first = {.inbox = fh_inbox_new(), .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    assert_non_null(first.inbox);
    fh_inbox_begin_work(first.inbox);
    assert_int_equal(pthread_create(&thread, NULL, read_twice, &first), 0);
    call_until(&first, 1);
    call_until(&first, 2);
    pthread_join(thread, NULL);
    assert_true(first.is_first[0]);
    assert_false(first.is_first[1]);
    assert_false(fh_inbox_end_work(first.inbox)); /* it reads during the next, too */

    struct fh_frame question;
    assert_true(fh_inbox_take(first.inbox, &question)); /* begun */
    assert_int_equal(question.kind, FH_CHANNEL_PARSE);
    assert_true(fh_inbox_end_work(first.inbox));
    fh_inbox_begin_work(first.inbox);
    assert_false(fh_inbox_end_work(first.inbox));
    fh_free(first.inbox); /* a worker never does */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_turns_are_over_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
