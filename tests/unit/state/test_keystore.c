/* SPDX-License-Identifier: Apache-2.0 */
/* The keystore: opened from a home, it signs and agrees like the keys it was made of. */
#include "node/state/keystore.h"

#include "proto/wire/record.h"
#include "tests/lib/home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct test_scratch scratch;
    struct fh_home home;
    struct fh_err err;
    uint8_t node_seed[FH_SEED_BYTES];
    uint8_t agree_seed[FH_SEED_BYTES];
};

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->scratch = test_scratch_make();
    test_home_make(&f->home, &f->scratch);
    memset(f->node_seed, 1, sizeof f->node_seed);
    memset(f->agree_seed, 2, sizeof f->agree_seed);
    test_home_key(&f->home, "node", FH_KEY_NODE, f->node_seed, NULL);
    test_home_key(&f->home, "node_agree", FH_KEY_NODE_AGREE, f->agree_seed, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    test_scratch_remove(&f->scratch);
    free(f);
    return 0;
}

static void test_signs_and_agrees(void **state)
{
    struct fixture *f = *state;
    FH_CLEANUP(fh_keystore_closep) struct fh_keystore *keys = NULL;
    must(fh_keystore_open(&keys, &f->home, &f->err), &f->err);
    struct fh_sign_public expected;
    struct fh_sign_secret secret;
    fh_sign_keys(f->node_seed, &expected, &secret);
    struct fh_sign_public public_key = fh_keystore_sign_public(keys);
    assert_memory_equal(&public_key, &expected, sizeof expected);
    struct fh_node_id node = fh_keystore_node(keys);
    struct fh_node_id expected_node = fh_node_id_of(&expected);
    assert_true(fh_node_id_equal(&node, &expected_node));

    struct fh_signature signature;
    fh_keystore_sign(keys, &signature, fh_bytes("text", 4));
    assert_true(fh_sign_verify(&signature, fh_bytes("text", 4), &expected));
    assert_false(fh_sign_verify(&signature, fh_bytes("texT", 4), &expected));

    static const struct fh_mesh_id mesh = {.b = {9}};
    struct fh_record record;
    FH_CLEANUP(fh_buf_fini) struct fh_buf sealed;
    fh_buf_init(&sealed, 1024);
    fh_keystore_seal(keys, &sealed, FH_RECORD_LEAVE, &mesh, fh_bytes("\x90", 1));
    must(fh_record_parse(&record, fh_buf_view(&sealed), &mesh, &f->err), &f->err);
    assert_true(fh_record_signed_by(&record, 0, &mesh, &expected, &fh_verifier_plain));

    struct fh_agree_secret mine;
    struct fh_agree_public mine_public;
    memset(mine.b, 7, sizeof mine.b);
    fh_agree_public_of(&mine, &mine_public);
    struct fh_agree_public theirs = fh_keystore_agree_public(keys);
    uint8_t a[32];
    uint8_t b[32];
    assert_true(fh_keystore_agree(keys, a, &mine_public));
    assert_true(fh_agree(b, &mine, &theirs));
    assert_memory_equal(a, b, sizeof a);
    static const struct fh_agree_public hostile; /* all zero */
    assert_false(fh_keystore_agree(keys, a, &hostile));
}

/* ---- what is wrong with a key ---- */

static void key_path(const struct fixture *f, char path[FH_HOME_PATH_BYTES], const char *name)
{
    struct fh_err err = {0};
    must(fh_home_key_path(path, &f->home, name, &err), &err);
}

static void lose_node(struct fixture *f)
{
    char path[FH_HOME_PATH_BYTES];
    key_path(f, path, "node");
    unlink(path);
}
static void lose_agree(struct fixture *f)
{
    char path[FH_HOME_PATH_BYTES];
    key_path(f, path, "node_agree");
    unlink(path);
}
static void show_node(struct fixture *f)
{
    char path[FH_HOME_PATH_BYTES];
    key_path(f, path, "node");
    chmod(path, 0644);
}
static void show_folder(struct fixture *f)
{
    char path[FH_HOME_PATH_BYTES];
    chmod(fh_home_path(path, &f->home, FH_HOME_KEYS), 0711);
}
static void wrong_kind(struct fixture *f)
{
    lose_node(f);
    test_home_key(&f->home, "node", FH_KEY_MEMBER, f->node_seed, NULL);
}
static void damaged(struct fixture *f)
{
    lose_node(f);
    uint8_t bytes[FH_KEYFILE_BYTES];
    must(fh_keyfile_encode(bytes, FH_KEY_NODE, f->node_seed, NULL, &f->err), &f->err);
    bytes[40] ^= 1;
    must(fh_home_key_write(&f->home, "node", fh_bytes(bytes, sizeof bytes), &f->err), &f->err);
}
static void cut(struct fixture *f)
{
    char path[FH_HOME_PATH_BYTES];
    key_path(f, path, "node_agree");
    assert_int_equal(truncate(path, 20), 0);
}
static void sealed_with_a_passphrase(struct fixture *f)
{
    const struct fh_keyfile_lock lock = {
        .passphrase = fh_bytes("secret", 6), .salt = {1}, .passes = 1, .memory_kib = 8};
    lose_node(f);
    test_home_key(&f->home, "node", FH_KEY_NODE, f->node_seed, &lock);
}
static void behind_a_link(struct fixture *f)
{
    char path[FH_HOME_PATH_BYTES];
    lose_node(f);
    key_path(f, path, "node");
    assert_int_equal(symlink("node_agree.key", path), 0);
}

static const struct {
    const char *name;
    void (*spoil)(struct fixture *f);
    int code;
    const char *rule;
} wrong_keys[] = {
    {"no node key", lose_node, FH_ENOTFOUND, "key.missing"},
    {"no static key", lose_agree, FH_ENOTFOUND, "key.missing"},
    {"a key that others may read", show_node, FH_EDENIED, "key.permissions"},
    {"a folder that others may enter", show_folder, FH_EDENIED, "key.permissions"},
    {"another kind", wrong_kind, FH_EINVAL, "key.kind"},
    {"damaged", damaged, FH_EINVAL, "key.check"},
    {"cut", cut, FH_EINVAL, "key.size"},
    {"passphrase", sealed_with_a_passphrase, FH_EDENIED, "key.passphrase"},
    {"behind a link", behind_a_link, FH_EDENIED, "file.symlink"},
};

static void test_wrong_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(wrong_keys); i++) {
        void *own = NULL;
        assert_int_equal(setup(&own), 0);
        struct fixture *f = own;
        struct fh_keystore *keys = NULL;
        wrong_keys[i].spoil(f);
        f->err = (struct fh_err){0};
        int code = fh_keystore_open(&keys, &f->home, &f->err);
        if (code != wrong_keys[i].code || strcmp(f->err.rule, wrong_keys[i].rule) != 0) {
            fail_msg(
                "%s: %s %s (%s)", wrong_keys[i].name, fh_code_name(code), f->err.rule, f->err.text);
        }
        assert_null(keys);
        teardown(&own);
    }
}

static void test_mask_keys(void **state)
{
    struct fixture *f = *state;
    static const struct fh_domain_id one = {.b = {1}};
    static const struct fh_domain_id two = {.b = {2}};
    static const struct fh_mask_column columns[] = {
        {&one, "flights", "flights", "name"},
        {&two, "flights", "flights", "name"},
        {&one, "flight", "sflights", "name"},
        {&one, "flights", "flight", "sname"},
        {&one, "flights", "flights", "names"},
    };
    uint8_t made[FH_COUNT(columns)][FH_MAC_KEY_BYTES];
    for (unsigned turn = 0; turn < 2; turn++) { /* made the first time, read the second */
        FH_CLEANUP(fh_keystore_closep) struct fh_keystore *keys = NULL;
        must(fh_keystore_open(&keys, &f->home, &f->err), &f->err);
        for (size_t i = 0; i < FH_COUNT(columns); i++) {
            uint8_t key[FH_MAC_KEY_BYTES];
            fh_keystore_mask_key(keys, key, &columns[i]);
            assert_true(turn == 0 || memcmp(key, made[i], sizeof key) == 0);
            memcpy(made[i], key, sizeof key);
            for (size_t j = 0; j < i; j++) {
                assert_memory_not_equal(key, made[j], sizeof key);
            }
        }
    }
    char path[FH_HOME_PATH_BYTES];
    struct stat found;
    must(fh_home_key_path(path, &f->home, "mask", &f->err), &f->err);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    /* Another home has another key. */
    assert_int_equal(unlink(path), 0);
    FH_CLEANUP(fh_keystore_closep) struct fh_keystore *keys = NULL;
    uint8_t key[FH_MAC_KEY_BYTES];
    must(fh_keystore_open(&keys, &f->home, &f->err), &f->err);
    fh_keystore_mask_key(keys, key, &columns[0]);
    assert_memory_not_equal(key, made[0], sizeof key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_signs_and_agrees, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mask_keys, setup, teardown),
        cmocka_unit_test(test_wrong_keys),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
