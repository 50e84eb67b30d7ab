/* SPDX-License-Identifier: Apache-2.0 */
/* `init`, `invite` and what they leave on the disk, through the program's own entry. */
#include "common/file.h"
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/init.h"
#include "tools/client/actor.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORDS_MAX = 16, PATH_BYTES = 512, SAID_BYTES = 8192 };

struct place {
    char root[64]; /* a fresh folder */
    char out[SAID_BYTES];
    char messages[SAID_BYTES];
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    const char *tmp = getenv("TMPDIR");
    if (place == NULL) {
        return -1;
    }
    snprintf(place->root,
             sizeof place->root,
             "%s/fhXXXXXX",
             tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
    *state = place;
    return mkdtemp(place->root) == NULL ? -1 : 0;
}

static void remove_all(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        unlink(path);
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char inner[PATH_BYTES];
            snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
            remove_all(inner);
        }
    }
    closedir(folder);
    rmdir(path);
}

static int teardown(void **state)
{
    struct place *place = *state;
    remove_all(place->root);
    free(place);
    return 0;
}

/* Runs the program; "@" at the front of a word stands for the place's folder. */
static int run(struct place *place, const char *const words[WORDS_MAX])
{
    char name[] = "freehold";
    char texts[WORDS_MAX][PATH_BYTES];
    char *argv[WORDS_MAX + 1] = {name};
    int argc = 1;
    for (; argc <= WORDS_MAX && words[argc - 1] != NULL; argc++) {
        const char *word = words[argc - 1];
        bool inside = word[0] == '@';
        snprintf(texts[argc - 1],
                 PATH_BYTES,
                 "%s%s%s",
                 inside ? place->root : "",
                 inside ? "/" : "",
                 word + (inside ? 1 : 0));
        argv[argc] = texts[argc - 1];
    }
    memset(place->out, 0, sizeof place->out);
    memset(place->messages, 0, sizeof place->messages);
    struct fh_cli cli = {
        .out = fmemopen(place->out, sizeof place->out, "w"),
        .messages = fmemopen(place->messages, sizeof place->messages, "w"),
        .in = stdin,
        .format = FH_OUTPUT_TABLE,
    };
    int code = fh_cli_run(&cli, argc, argv);
    fclose(cli.out);
    fclose(cli.messages);
    return code;
}

static void path_of(char out[PATH_BYTES], const struct place *place, const char *name)
{
    snprintf(out, PATH_BYTES, "%s/%s", place->root, name);
}

static unsigned entries_of(const struct place *place, const char *name)
{
    char path[PATH_BYTES];
    unsigned count = 0;
    path_of(path, place, name);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 ? 1 : 0;
    }
    closedir(folder);
    return count;
}

static void make_first(struct place *place)
{
    static const char *const words[WORDS_MAX] = {
        "--home", "@av", "init", "--domain", "aviation", "--mesh", "skies"};
    assert_int_equal(run(place, words), 0);
}

/* ---- a new mesh ---- */

static void test_permissions(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *path;
        mode_t mode;
    } rows[] = {
        {"av", S_IFDIR | 0700},
        {"av/keys", S_IFDIR | 0700},
        {"av/identity", S_IFDIR | 0700},
        {"av/run", S_IFDIR | 0700},
        {"av/tmp", S_IFDIR | 0700},
        {"av/keys/domain.key", S_IFREG | 0600},
        {"av/keys/publisher.key", S_IFREG | 0600},
        {"av/keys/node.key", S_IFREG | 0600},
        {"av/keys/node_agree.key", S_IFREG | 0600},
        {"av/keys/member.key", S_IFREG | 0600},
        {"av/freehold.yaml", S_IFREG | 0600},
        {"av.recovery", S_IFREG | 0600},
    };
    mode_t before = umask(0);
    make_first(place);
    umask(before);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char path[PATH_BYTES];
        struct stat st;
        path_of(path, place, rows[i].path);
        if (lstat(path, &st) != 0 || st.st_mode != rows[i].mode) {
            fail_msg("%s: mode %o", rows[i].path, st.st_mode);
        }
    }
    assert_int_equal(entries_of(place, "."), 2); /* nothing left beside */
    assert_int_equal(entries_of(place, "av/keys"), 5);
}

/* The home verifies from nothing but its records, and its keys may do what they are for. */
static void test_identity(void **state)
{
    struct place *place = *state;
    make_first(place);
    char path[PATH_BYTES];
    path_of(path, place, "av");
    struct fh_actor *actor = NULL;
    struct fh_err err = {0};
    if (fh_actor_open(&actor, path, &err) != FH_OK) {
        fail_msg("%s (%s)", err.text, err.rule);
    }
    assert_string_equal(actor->settings.domain, "aviation");
    assert_string_equal(actor->settings.mesh_name, "skies");
    const struct fh_directory_domain *domain =
        fh_directory_domain_by_name(actor->directory, "aviation");
    assert_non_null(domain);
    assert_true(fh_domain_id_equal(&domain->id, &actor->domain));
    assert_true(domain->admitted && domain->charter_member);
    assert_true(fh_mesh_id_equal(fh_directory_mesh(actor->directory), &actor->mesh));
    static const struct {
        const char *name;
        enum fh_key_kind kind;
        enum fh_role role;
        int64_t days; /* how long it lasts at least */
    } rows[] = {
        {"domain", FH_KEY_DOMAIN, FH_ROLE_DOMAIN, 10000},
        {"node", FH_KEY_NODE, FH_ROLE_NODE, 359},
        {"publisher", FH_KEY_PUBLISHER, FH_ROLE_PUBLISHER, 364},
        {"member", FH_KEY_MEMBER, FH_ROLE_MEMBER, 364},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_sign_public public_key;
        struct fh_sign_secret secret;
        assert_int_equal(
            fh_actor_key(&actor->home, rows[i].name, rows[i].kind, &public_key, &secret, &err),
            FH_OK);
        fh_sign_secret_wipe(&secret);
        struct fh_key_id id = fh_key_id_of(&public_key);
        struct fh_ref ref = fh_key_id_ref(&id);
        for (int64_t day = 0; day <= rows[i].days; day += 7) {
            int64_t when_ms = fh_clock_wall_ms() + day * 86400000;
            struct fh_signer signer;
            if (fh_directory_signer(
                    actor->directory, &ref, &actor->domain, when_ms, FH_ROLES_ALL, &signer, &err) !=
                FH_OK) {
                fail_msg("%s on day %d: %s", rows[i].name, (int)day, err.text);
            }
            assert_int_equal(signer.role, rows[i].role);
        }
    }
    fh_actor_free(actor);
}

/* ---- refusals ---- */

static const struct refusal {
    const char *words[WORDS_MAX];
    int exit;
    const char *text;
} refusals[] = {
    {{"init"}, 2, "--domain NAME is missing"},
    {{"init", "--domain", "a"}, 2, "either --mesh NAME"},
    {{"init", "--domain", "a", "--mesh", "m", "--join", "x"}, 2, "either --mesh NAME"},
    {{"init", "--domain", "Aviation", "--mesh", "m"}, 1, "domain"},
    {{"init", "--domain", "main", "--mesh", "m"}, 1, "main"},
    {{"init", "--domain", "a b", "--mesh", "m"}, 1, "domain"},
    {{"init", "--domain", "a", "--mesh", "M"}, 1, "mesh"},
    {{"init", "--domain", "a", "--mesh", "m", "--listen", "nowhere"}, 1, "--listen"},
    {{"init", "--domain", "a", "--mesh", "m", "--listen", "h:99999"}, 1, "--listen"},
    {{"init", "--domain", "a", "--mesh", "m", "--listen", "0.0.0.0:7400"}, 1, "advertise"},
    {{"init", "--domain", "a", "--mesh", "m", "--listen", "[::]:7400"}, 1, "advertise"},
    {{"init", "--domain", "a", "--mesh", "m", "--advertise", "a:1,b:2,c:3,d:4"}, 1, "--advertise"},
    {{"init", "--domain", "a", "--mesh", "m", "--recovery", "@new/next"}, 1, "recovery.inside"},
    {{"init", "--domain", "a", "--mesh", "m", "--recovery", "@busy"}, 1, "recovery.exists"},
    {{"init", "--domain", "a", "--mesh", "m", "--recovery", "@absent/next"}, 1, "absent"},
    {{"init", "--domain", "a", "--join", "@absent"}, 1, "absent"},
    {{"init", "--domain", "a", "--join", "@busy"}, 1, "identity.invitation.text"},
    {{"init", "--domain", "a", "--join", "fhi1aaaa"}, 1, "--join"},
};

static void test_refusals(void **state)
{
    struct place *place = *state;
    char busy[PATH_BYTES];
    struct fh_err err = {0};
    path_of(busy, place, "busy");
    assert_int_equal(fh_file_create(busy, fh_bytes_cstr("precious"), 0600, &err), FH_OK);
    for (size_t i = 0; i < FH_COUNT(refusals); i++) {
        const char *words[WORDS_MAX] = {"--home", "@new"};
        memcpy(words + 2, refusals[i].words, sizeof words - 2 * sizeof words[0]);
        int code = run(place, words);
        if (code != refusals[i].exit || strstr(place->messages, refusals[i].text) == NULL) {
            fail_msg("row %zu: exit %d: %s", i, code, place->messages);
        }
        assert_string_equal(place->out, "");
        assert_int_equal(entries_of(place, "."), 1); /* only `busy` */
    }
}

static void test_existing_home(void **state)
{
    struct place *place = *state;
    static const char *const again[WORDS_MAX] = {
        "--home", "@av", "init", "--domain", "other", "--mesh", "skies", "--recovery", "@r"};
    static const char *const over_recovery[WORDS_MAX] = {
        "--home", "@av2", "init", "--domain", "b", "--mesh", "m", "--recovery", "@av.recovery"};
    make_first(place);
    assert_int_equal(run(place, again), 1);
    assert_non_null(strstr(place->messages, "rule: home.exists"));
    assert_int_equal(run(place, over_recovery), 1);
    assert_non_null(strstr(place->messages, "rule: recovery.exists"));
    assert_int_equal(entries_of(place, "."), 2);
    assert_int_equal(entries_of(place, "av/keys"), 5);
}

static void test_dry_run(void **state)
{
    struct place *place = *state;
    static const char *const words[WORDS_MAX] = {
        "--home", "@av", "init", "--domain", "aviation", "--mesh", "skies", "--dry-run"};
    assert_int_equal(run(place, words), 0);
    assert_int_equal(entries_of(place, "."), 0);
}

static void test_loose_keys(void **state)
{
    struct place *place = *state;
    static const char *const list[WORDS_MAX] = {"--home", "@av", "key", "list"};
    char path[PATH_BYTES];
    make_first(place);
    assert_int_equal(run(place, list), 0);
    path_of(path, place, "av/keys/member.key");
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(run(place, list), 4);
    assert_non_null(strstr(place->messages, "rule: key.permissions"));
    assert_int_equal(chmod(path, 0600), 0);
    path_of(path, place, "av/keys");
    assert_int_equal(chmod(path, 0750), 0);
    assert_int_equal(run(place, list), 4);
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(run(place, list), 0);
}

static void test_no_home(void **state)
{
    struct place *place = *state;
    static const char *const lines[][WORDS_MAX] = {
        {"--home", "@absent", "key", "list"},
        {"--home", "@absent", "status"},
        {"--home", "@absent", "invite"},
        {"--home", "@absent", "node"},
        {"--home", "@absent", "product", "publish", "x"},
    };
    for (size_t i = 0; i < FH_COUNT(lines); i++) {
        assert_int_equal(run(place, lines[i]), 1);
        assert_non_null(strstr(place->messages, "rule: home.missing"));
    }
}

static void test_no_node(void **state)
{
    struct place *place = *state;
    static const char *const lines[][WORDS_MAX] = {
        {"--home", "@av", "status", "--peer", "127.0.0.1:1"},
        {"--home", "@av", "peers", "--peer", "[::1]:1"},
        {"--home", "@av", "search", "--peer", "127.0.0.1:1"},
        {"--home", "@av", "query", "SELECT 1", "--peer", "127.0.0.1:1"},
        {"--home", "@av", "contract", "show", "a.b", "--peer", "127.0.0.1:1"},
    };
    make_first(place);
    for (size_t i = 0; i < FH_COUNT(lines); i++) {
        assert_int_equal(run(place, lines[i]), 3);
        assert_string_equal(place->out, "");
        assert_non_null(strstr(place->messages, "hint: "));
    }
}

/* ---- invitations ---- */

static void test_join(void **state)
{
    struct place *place = *state;
    static const char *const invite[WORDS_MAX] = {
        "--home", "@av", "invite", "--domain", "wildlife", "-o", "@w.invitation"};
    static const char *const join[WORDS_MAX] = {"--home",
                                                "@wl",
                                                "init",
                                                "--domain",
                                                "wildlife",
                                                "--join",
                                                "@w.invitation",
                                                "--listen",
                                                "127.0.0.1:7401"};
    static const char *const other_name[WORDS_MAX] = {
        "--home", "@x", "init", "--domain", "geology", "--join", "@w.invitation"};
    static const char *const invite_by_joined[WORDS_MAX] = {"--home", "@wl", "invite"};
    make_first(place);
    assert_int_equal(run(place, invite), 0);
    assert_int_equal(run(place, invite), 1); /* the file is there */
    assert_int_equal(run(place, other_name), 4);
    assert_non_null(strstr(place->messages, "rule: identity.invitation.name"));
    assert_int_equal(run(place, join), 0);

    struct fh_actor *first = NULL, *joined = NULL;
    struct fh_err err = {0};
    char path[PATH_BYTES];
    path_of(path, place, "av");
    assert_int_equal(fh_actor_open(&first, path, &err), FH_OK);
    path_of(path, place, "wl");
    assert_int_equal(fh_actor_open(&joined, path, &err), FH_OK);
    assert_true(fh_mesh_id_equal(&first->mesh, &joined->mesh));
    assert_int_equal(joined->settings.peers.count, 1);
    assert_string_equal(joined->settings.peers.items[0], "127.0.0.1:7400");
    assert_string_equal(joined->settings.listen, "127.0.0.1:7401");
    fh_actor_free(first);
    fh_actor_free(joined);

    assert_int_equal(run(place, invite_by_joined), 4);
    assert_non_null(strstr(place->messages, "rule: identity.invitation.issuer"));
}

/* The text on standard output is the invitation: it reads back, fits its own parts, and verifies
 * in the issuer's directory; cut short it does not. */
static void test_text_round_trip(void **state)
{
    struct place *place = *state;
    static const char *const invite[WORDS_MAX] = {"--home", "@av", "invite", "--until", "2h"};
    make_first(place);
    assert_int_equal(run(place, invite), 0);
    struct fh_init *init = calloc(1, sizeof *init);
    struct fh_err err = {0};
    assert_non_null(init);
    place->out[strcspn(place->out, "\n")] = 0;
    assert_int_equal(fh_init_join(init, place->out, &err), FH_OK);
    assert_string_equal(init->invitation.name, "");
    assert_int_equal(init->invitation.not_after_ms - init->invitation.created_ms, 2 * 3600000);

    struct fh_actor *issuer = NULL;
    char path[PATH_BYTES];
    path_of(path, place, "av");
    assert_int_equal(fh_actor_open(&issuer, path, &err), FH_OK);
    struct fh_record record;
    struct fh_bytes bytes = fh_bytes(init->ticket.record, init->ticket.record_size);
    assert_int_equal(fh_record_parse(&record, bytes, &issuer->mesh, &err), FH_OK);
    assert_int_equal(
        fh_directory_check_invitation(issuer->directory, &record, fh_clock_wall_ms(), NULL, &err),
        FH_OK);
    fh_actor_free(issuer);

    place->out[strlen(place->out) - 8] = 0;
    assert_int_not_equal(fh_init_join(init, place->out, &err), FH_OK);
    fh_init_wipe(init);
    free(init);
}

static void test_expired_invitation(void **state)
{
    struct place *place = *state;
    make_first(place);
    static const char *const invite[WORDS_MAX] = {
        "--home", "@av", "invite", "--until", "1min", "-o", "@i"};
    assert_int_equal(run(place, invite), 0);
    struct fh_init *init = calloc(1, sizeof *init);
    assert_non_null(init);
    struct fh_err err = {0};
    char path[PATH_BYTES];
    path_of(path, place, "i");
    fh_settings_init(&init->settings);
    snprintf(init->settings.domain, sizeof init->settings.domain, "late");
    assert_int_equal(fh_init_join(init, path, &err), FH_OK);
    path_of(path, place, "late");
    assert_int_equal(fh_home_locate(&init->home, path, &err), FH_OK);
    init->now_ms = fh_clock_wall_ms();
    assert_int_equal(fh_init_check(init, &err), FH_OK);
    init->now_ms += 61000;
    assert_int_equal(fh_init_check(init, &err), FH_EDENIED);
    assert_string_equal(err.rule, "identity.invitation.expired");
    fh_init_wipe(init);
    free(init);
}

/* ---- contracts, without a node ---- */

static void test_lint(void **state)
{
    struct place *place = *state;
    static const char *const absent[WORDS_MAX] = {"contract", "lint", "@absent"};
    static const char *const broken[WORDS_MAX] = {"contract", "lint", "@broken.yaml"};
    static const char *const json[WORDS_MAX] = {"-o", "json", "contract", "lint", "@broken.yaml"};
    static const char *const huge[WORDS_MAX] = {"contract", "lint", "@huge.yaml"};
    char path[PATH_BYTES];
    struct fh_err err = {0};
    path_of(path, place, "broken.yaml");
    assert_int_equal(fh_file_create(path, fh_bytes_cstr("kind: DataContrakt\nid: x\n"), 0644, &err),
                     FH_OK);
    assert_int_equal(run(place, absent), 1);
    assert_int_equal(run(place, broken), 1);
    assert_non_null(strstr(place->out, "broken.yaml:1:7: error: kind: "));
    assert_int_equal(run(place, json), 1);
    assert_int_equal(place->out[0], '[');
    assert_non_null(strstr(place->out, "\"line\": 1, \"column\": 7"));

    size_t size = FH_CONTRACT_BYTES_MAX + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '#', size);
    path_of(path, place, "huge.yaml");
    assert_int_equal(fh_file_create(path, fh_bytes(text, size), 0644, &err), FH_OK);
    free(text);
    assert_int_equal(run(place, huge), 1);
    assert_non_null(strstr(place->messages, "rule: contract.size"));
}

static void test_verify_rubbish(void **state)
{
    struct place *place = *state;
    static const char *const verify[WORDS_MAX] = {"--home", "@av", "verify", "@rubbish"};
    static const char *const contract[WORDS_MAX] = {
        "--home", "@av", "contract", "verify", "@rubbish"};
    static const char *const no_mesh[WORDS_MAX] = {"--home", "@none", "verify", "@rubbish"};
    static const char *const bad_mesh[WORDS_MAX] = {"verify", "@rubbish", "--mesh", "fhm1x"};
    char path[PATH_BYTES];
    struct fh_err err = {0};
    path_of(path, place, "rubbish");
    make_first(place);
    assert_int_equal(fh_file_create(path, fh_bytes_cstr("\x97\x01rubbish"), 0644, &err), FH_OK);
    assert_int_equal(run(place, verify), 1);
    assert_int_equal(run(place, contract), 1);
    assert_int_equal(run(place, no_mesh), 2);
    assert_int_equal(run(place, bad_mesh), 1);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_permissions),
        IN_PLACE(test_identity),
        IN_PLACE(test_refusals),
        IN_PLACE(test_existing_home),
        IN_PLACE(test_dry_run),
        IN_PLACE(test_loose_keys),
        IN_PLACE(test_no_home),
        IN_PLACE(test_no_node),
        IN_PLACE(test_join),
        IN_PLACE(test_text_round_trip),
        IN_PLACE(test_expired_invitation),
        IN_PLACE(test_lint),
        IN_PLACE(test_verify_rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
