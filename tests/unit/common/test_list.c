/* SPDX-License-Identifier: Apache-2.0 */
#include "common/list.h"

#include "common/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct letter {
    char name;
    struct fh_list link;
};

/* The list's letters in order; `drop` leaves the list when it is visited. */
static void read_letters(struct fh_list *list, char drop, char *out)
{
    FH_LIST_FOREACH (link, list) {
        struct letter *letter = FH_LIST_ENTRY(link, struct letter, link);
        *out++ = letter->name;
        if (letter->name == drop) {
            fh_list_remove(link);
        }
    }
    *out = '\0';
}

static void order_and_removal_while_visiting(void **state)
{
    (void)state;
    struct letter letters[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};
    static const struct {
        char drop;
        const char *left;
    } rows[] = {{'a', "bc"}, {'b', "ac"}, {'c', "ab"}, {'x', "abc"}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_list list;
        char text[8];
        fh_list_init(&list);
        assert_true(fh_list_empty(&list));
        read_letters(&list, 'x', text);
        assert_string_equal(text, "");
        fh_list_push_back(&list, &letters[1].link);
        fh_list_push_back(&list, &letters[2].link);
        fh_list_push_front(&list, &letters[0].link);
        assert_false(fh_list_empty(&list));
        read_letters(&list, rows[i].drop, text);
        assert_string_equal(text, "abc");
        read_letters(&list, 'x', text);
        assert_string_equal(text, rows[i].left);
    }
}

static void a_second_removal_does_nothing(void **state)
{
    (void)state;
    struct letter a = {.name = 'a'};
    struct letter b = {.name = 'b'};
    struct fh_list list;
    char text[8];
    fh_list_init(&list);
    fh_list_push_back(&list, &a.link);
    fh_list_push_back(&list, &b.link);
    fh_list_remove(&a.link);
    fh_list_remove(&a.link);
    read_letters(&list, 'x', text);
    assert_string_equal(text, "b");
    fh_list_remove(&b.link);
    assert_true(fh_list_empty(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_removal_while_visiting),
        cmocka_unit_test(a_second_removal_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
