/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tools/client_world.h"

#include "common/time.h"
#include "tools/cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* after the four above */
#include <cmocka.h>

enum { WORDS_MAX = 12, PATH_BYTES = CLIENT_WORLD_PATH_BYTES, SAID_BYTES = 4096 };

const char *const client_world_names[HOMES] = {"aviation", "wildlife", "geology", "stranger"};

static int run(const char *const words[WORDS_MAX], char out[SAID_BYTES])
{
    char name[] = "freehold";
    char texts[WORDS_MAX][PATH_BYTES];
    char *argv[WORDS_MAX + 1] = {name};
    char messages[SAID_BYTES] = "";
    int argc = 1;
    for (; argc <= WORDS_MAX && words[argc - 1] != NULL; argc++) {
        snprintf(texts[argc - 1], PATH_BYTES, "%s", words[argc - 1]);
        argv[argc] = texts[argc - 1];
    }
    memset(out, 0, SAID_BYTES);
    struct fh_cli cli = {
        .out = fmemopen(out, SAID_BYTES, "w"),
        .messages = fmemopen(messages, sizeof messages, "w"),
        .in = stdin,
        .format = FH_OUTPUT_TABLE,
    };
    int code = fh_cli_run(&cli, argc, argv);
    fclose(cli.out);
    fclose(cli.messages);
    if (code != 0) {
        fprintf(stderr, "%s", messages);
    }
    return code;
}

/* What the issuer's node does when it redeems: countersigns the admission. */
static void admit(struct world *world, unsigned joiner)
{
    struct fh_err err = {0};
    char text[SAID_BYTES];
    char invitation_path[PATH_BYTES + 32];
    snprintf(
        invitation_path, sizeof invitation_path, "%s/identity/invitation", world->homes[joiner]);
    FILE *file = fopen(invitation_path, "re");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    struct fh_invitation_ticket ticket;
    assert_int_equal(fh_invitation_parse(&ticket, NULL, fh_bytes(text, size), &err), FH_OK);
    struct fh_actor *issuer = world->actors[AVIATION];
    struct fh_admission admission = {
        .issuer = issuer->domain,
        .invitation = fh_bytes(ticket.record, ticket.record_size),
        .domain = world->actors[joiner]->domain,
        .admitted_ms = fh_clock_wall_ms(),
    };
    snprintf(admission.name, sizeof admission.name, "%s", client_world_names[joiner]);
    fh_redemption_sign(
        &admission.redemption, ticket.seed, &issuer->mesh, &admission.domain, admission.name);
    struct fh_sign_public ignored;
    struct fh_sign_secret node;
    assert_int_equal(fh_actor_key(&issuer->home, "node", FH_KEY_NODE, &ignored, &node, &err),
                     FH_OK);
    struct fh_buf record;
    fh_buf_init(&record, 8192);
    fh_admission_make(&record, &admission, &issuer->mesh, &node);
    struct fh_directory_outcome outcome;
    if (fh_directory_add(
            world->directory, fh_buf_view(&record), fh_clock_wall_ms(), &outcome, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    fh_buf_fini(&record);
}

static bool
copy_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct fh_directory_outcome outcome;
    struct fh_err err = {0};
    (void)type;
    (void)id;
    return fh_directory_add(user, bytes, fh_clock_wall_ms(), &outcome, &err) == FH_OK;
}

static void make_home(struct world *world, unsigned index)
{
    char said[SAID_BYTES];
    struct fh_err err = {0};
    char *home = world->homes[index];
    test_scratch_path(home, sizeof world->homes[index], &world->scratch, client_world_names[index]);
    if (index == AVIATION) {
        const char *const words[WORDS_MAX] = {
            "--home", home, "init", "--domain", client_world_names[index], "--mesh", "skies"};
        assert_int_equal(run(words, said), 0);
    } else {
        const char *const invite[WORDS_MAX] = {
            "--home", world->homes[AVIATION], "invite", "--domain", client_world_names[index]};
        assert_int_equal(run(invite, said), 0);
        said[strcspn(said, "\n")] = 0;
        /* The text is longer than a path: through a file. */
        char path[PATH_BYTES + 16];
        snprintf(path, sizeof path, "%s.invitation", home);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        fputs(said, file);
        fclose(file);
        const char *const words[WORDS_MAX] = {
            "--home", home, "init", "--domain", client_world_names[index], "--join", path};
        assert_int_equal(run(words, said), 0);
    }
    assert_int_equal(fh_actor_open(&world->actors[index], home, &err), FH_OK);
    if (world->directory == NULL) {
        world->directory = fh_directory_new(&world->actors[AVIATION]->mesh, &fh_verifier_plain);
        assert_non_null(world->directory);
    }
    if (index != STRANGER) {
        assert_true(
            fh_directory_each(world->actors[index]->directory, copy_record, world->directory));
    }
    if (index == WILDLIFE || index == GEOLOGY) {
        admit(world, index);
    }
}

int client_world_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL) {
        return -1;
    }
    *state = world;
    world->scratch = test_scratch_make();
    for (unsigned i = 0; i < HOMES; i++) {
        make_home(world, i);
    }
    return 0;
}

int client_world_teardown(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < HOMES; i++) {
        fh_actor_free(world->actors[i]);
    }
    fh_directory_free(world->directory);
    test_scratch_remove(&world->scratch);
    free(world);
    return 0;
}
