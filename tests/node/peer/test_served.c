/* SPDX-License-Identifier: Apache-2.0 */
/* Which session makes room for which: real sessions, a table as the node's. */
#include "node/peer/served.h"

#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static unsigned gone;
static uint64_t last_gone;

static void on_gone(uint64_t number, void *user)
{
    (void)user;
    gone++;
    last_gone = number;
}

static struct fh_session *new_session(void)
{
    static const struct fh_mesh_id mesh = {{1}};
    struct fh_agree_secret fixed = {{2}};
    struct fh_sign_public public_key;
    struct fh_sign_secret secret;
    const uint8_t seed[FH_SEED_BYTES] = {3};
    fh_sign_keys(seed, &public_key, &secret);
    struct fh_session_self self = {.mesh = &mesh, .static_secret = &fixed, .sign_secret = &secret};
    struct fh_buf out;
    struct fh_session *session;
    fh_buf_init(&out, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    assert_int_equal(fh_session_start(&session, &self, &fixed, 0, &out, NULL), FH_OK);
    fh_buf_fini(&out);
    return session;
}

enum kind { GREETING, STRANGER, MEMBER };

/* Number and time are one: the smaller, the quieter. */
static void add(struct fh_served_table *table, uint64_t number, enum kind kind, uint8_t key)
{
    fh_served_make_room(table);
    struct fh_served *slot = fh_served_insert(table, number);
    assert_non_null(slot);
    slot->session = new_session();
    slot->used_ms = (int64_t)number;
    slot->open = kind != GREETING;
    slot->speaker.admitted = kind == MEMBER;
    slot->speaker.key.b[0] = key;
}

static void empty(struct fh_served_table *table)
{
    for (size_t i = 0; i < FH_SERVED_SLOTS;) {
        if (table->slots[i].session != NULL) {
            fh_served_drop(table, &table->slots[i]);
        } else {
            i++;
        }
    }
    assert_int_equal(table->count, 0);
    fh_free(table);
}

static struct fh_served_table *new_table(void)
{
    struct fh_served_table *table = fh_calloc(1, sizeof *table);
    assert_non_null(table);
    table->gone = on_gone;
    gone = 0;
    return table;
}

static void test_a_flood_of_first_frames_ends_no_session(void **state)
{
    (void)state;
    struct fh_served_table *table = new_table();
    add(table, 1, MEMBER, 1);
    add(table, 2, STRANGER, 2);
    for (uint64_t i = 0; i < 2 * FH_SESSIONS_MAX; i++) {
        add(table, 1000 + i, GREETING, 0);
    }
    assert_int_equal(gone, 0);
    assert_non_null(fh_served_find(table, 1));
    assert_non_null(fh_served_find(table, 2));
    assert_int_equal(table->count, 2 + FH_SESSIONS_GREETING_MAX);
    assert_null(fh_served_find(table, 1000)); /* the oldest handshakes went */
    assert_non_null(fh_served_find(table, 999 + 2 * FH_SESSIONS_MAX));
    empty(table);
}

static void test_strangers_push_out_strangers(void **state)
{
    (void)state;
    struct fh_served_table *table = new_table();
    add(table, 1, MEMBER, 1);
    for (uint64_t i = 0; i < 2 * FH_SESSIONS_MAX; i++) {
        add(table, 1000 + i, STRANGER, (uint8_t)i);
    }
    assert_int_equal(table->count, FH_SESSIONS_MAX);
    assert_non_null(fh_served_find(table, 1));
    assert_null(fh_served_find(table, 1000));
    empty(table);
}

static void test_a_full_table_of_members_loses_its_quietest(void **state)
{
    (void)state;
    struct fh_served_table *table = new_table();
    for (uint64_t i = 0; i < FH_SESSIONS_MAX; i++) {
        add(table, 10 + i, MEMBER, (uint8_t)i);
    }
    assert_int_equal(gone, 0);
    add(table, 5000, GREETING, 0);
    assert_int_equal(gone, 1);
    assert_int_equal(last_gone, 10);
    add(table, 5001, GREETING, 0); /* this one costs the other handshake, no second member */
    assert_int_equal(gone, 1);
    assert_null(fh_served_find(table, 5000));
    empty(table);
}

static void test_one_key_makes_room_for_itself(void **state)
{
    (void)state;
    struct fh_served_table *table = new_table();
    struct fh_key_id key = {{7}};
    add(table, 1, MEMBER, 8);
    for (uint64_t i = 0; i + 1 < FH_SESSIONS_PER_KEY_MAX; i++) {
        add(table, 100 + i, MEMBER, 7);
    }
    fh_served_make_room_of_key(table, &key);
    assert_int_equal(gone, 0); /* one below the limit */
    add(table, 900, MEMBER, 7);
    fh_served_make_room_of_key(table, &key);
    assert_int_equal(gone, 1);
    assert_int_equal(last_gone, 100);
    assert_non_null(fh_served_find(table, 1)); /* quieter, but another's */
    empty(table);
}

/* On an open session that nobody works with nothing comes any more. */
static void test_who_is_silent_is_known(void **state)
{
    (void)state;
    static const struct {
        enum kind kind;
        bool in_work;
        int64_t silent_ms;
        bool silent;
    } rows[] = {
        {MEMBER, false, 0, false},
        {MEMBER, false, FH_SESSION_REKEY_MS, false},
        {MEMBER, false, FH_SESSION_SILENT_MS - 1, false},
        {MEMBER, false, FH_SESSION_SILENT_MS, true},
        {STRANGER, false, FH_SESSION_SILENT_MS, true},
        {GREETING, false, FH_SESSION_SILENT_MS, false}, /* it has a deadline of its own */
        {MEMBER, true, FH_SESSION_SILENT_MS, false},
        {MEMBER, true, FH_SESSION_LIFE_MS, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_served_table *table = new_table();
        add(table, 7, rows[i].kind, 1);
        struct fh_served *slot = fh_served_find(table, 7);
        struct fh_session *held = rows[i].in_work ? fh_session_ref(slot->session) : NULL;
        int64_t now_ms = slot->used_ms + rows[i].silent_ms;
        assert_int_equal(fh_served_is_silent(slot, now_ms), rows[i].silent);
        fh_session_unref(held);
        empty(table);
    }
}

static void test_numbers_that_collide_are_found_after_a_drop(void **state)
{
    (void)state;
    struct fh_served_table *table = new_table();
    for (uint64_t i = 0; i < 4; i++) {
        add(table, 5 + i * FH_SERVED_SLOTS, MEMBER, 1); /* all want slot 5 */
    }
    add(table, 6, MEMBER, 1); /* pushed behind them */
    for (uint64_t i = 0; i < 4; i++) {
        fh_served_drop(table, fh_served_find(table, 5 + i * FH_SERVED_SLOTS));
        assert_null(fh_served_find(table, 5 + i * FH_SERVED_SLOTS));
        assert_non_null(fh_served_find(table, 6));
        for (uint64_t k = i + 1; k < 4; k++) {
            assert_non_null(fh_served_find(table, 5 + k * FH_SERVED_SLOTS));
        }
    }
    assert_int_equal(gone, 4);
    empty(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flood_of_first_frames_ends_no_session),
        cmocka_unit_test(test_strangers_push_out_strangers),
        cmocka_unit_test(test_a_full_table_of_members_loses_its_quietest),
        cmocka_unit_test(test_one_key_makes_room_for_itself),
        cmocka_unit_test(test_who_is_silent_is_known),
        cmocka_unit_test(test_numbers_that_collide_are_found_after_a_drop),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
