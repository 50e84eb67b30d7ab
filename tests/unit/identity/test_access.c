/* SPDX-License-Identifier: Apache-2.0 */
/* Access texts and the texts of public keys: both ways, inside a file, and everything else. */
#include "common/mem.h"
#include "proto/identity/access.h"
#include "proto/wire/pack.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
    struct test_domain domain;
    struct fh_mesh_id mesh;
    struct test_record delegation;
};

static void make_world(struct world *world)
{
    world->domain = test_domain_of(0);
    (void)test_charter_1(&world->domain, &world->mesh);
    world->delegation =
        test_delegation(&world->domain, &world->domain.publisher, FH_ROLE_PUBLISHER, &world->mesh);
}

static struct fh_access *new_access(const struct world *world)
{
    struct fh_access *access = calloc(1, sizeof *access);
    assert_non_null(access);
    access->mesh = world->mesh;
    access->domain = world->domain.id;
    snprintf(access->domain_name, sizeof access->domain_name, "%s", world->domain.name);
    access->address_count = 2;
    snprintf(access->addresses[0], sizeof access->addresses[0], "192.0.2.7:7400");
    snprintf(access->addresses[1], sizeof access->addresses[1], "[2001:db8::7]:7400");
    access->record_count = 2;
    access->records[0] = test_bytes(&world->domain.inception);
    access->records[1] = test_bytes(&world->delegation);
    return access;
}

static char *text_of(const struct fh_access *access)
{
    struct fh_buf text;
    fh_buf_init(&text, FH_ACCESS_FILE_BYTES_MAX);
    fh_access_text(&text, access);
    assert_int_equal(fh_buf_ok(&text), FH_OK);
    char *copy = strdup(fh_buf_cstr(&text));
    fh_buf_fini(&text);
    assert_non_null(copy);
    return copy;
}

static void both_ways(void **state)
{
    (void)state;
    struct world world;
    make_world(&world);
    struct fh_access *access = new_access(&world);
    struct fh_access *again = calloc(1, sizeof *again);
    char *text = text_of(access);
    char *file = calloc(1, 2 * strlen(text) + 256);
    assert_non_null(file);
    /* As a file: a comment, an indented comment, and the letters in lines. */
    size_t at = (size_t)sprintf(file, "# Access of ci.\n   # no secret\r\n");
    for (size_t i = 0; i < strlen(text); i += 60) {
        at += (size_t)sprintf(file + at, "  %.60s\r\n", text + i);
    }
    const char *const forms[] = {text, file};
    for (size_t i = 0; i < FH_COUNT(forms); i++) {
        assert_int_equal(fh_access_parse(again, fh_bytes_cstr(forms[i]), NULL), FH_OK);
        assert_memory_equal(&again->mesh, &world.mesh, sizeof again->mesh);
        assert_true(fh_domain_id_equal(&again->domain, &world.domain.id));
        assert_string_equal(again->domain_name, world.domain.name);
        assert_int_equal(again->address_count, 2);
        assert_string_equal(again->addresses[1], "[2001:db8::7]:7400");
        assert_int_equal(again->record_count, 2);
        assert_true(fh_bytes_equal(again->records[1], test_bytes(&world.delegation)));
    }
    free(file);
    free(text);
    free(again);
    free(access);
}

/* What may not be inside, each by one change of a good one. */
static void foreign_records(struct fh_access *access, const struct world *world, unsigned row)
{
    static struct test_record other;
    switch (row) {
    case 0: /* no records at all */
        access->record_count = 0;
        break;
    case 1: /* the inception is not first */
        access->records[1] = access->records[0];
        access->records[0] = test_bytes(&world->delegation);
        break;
    case 2: /* twice */
        access->records[1] = access->records[0];
        break;
    case 3: /* a domain that is not the inception */
        access->domain.b[0] ^= 1;
        break;
    case 4: /* a charter has no place here */
        other = test_charter_1(&world->domain, &access->mesh);
        access->mesh = world->mesh;
        access->records[1] = test_bytes(&other);
        break;
    case 5: /* no record */
        access->records[1] = fh_bytes_cstr("nothing");
        break;
    case 6:
        access->records[1] = FH_BYTES_NONE;
        break;
    case 7:
        snprintf(access->domain_name, sizeof access->domain_name, "Not a name");
        break;
    default: /* another mesh: the id of the inception stays, that of a delegation is its own */
        snprintf(access->domain_name, sizeof access->domain_name, "%s", "main"); /* reserved */
        break;
    }
}

static void refuses_foreign_records(void **state)
{
    (void)state;
    struct world world;
    make_world(&world);
    struct fh_access *again = calloc(1, sizeof *again);
    for (unsigned row = 0; row < 9; row++) {
        struct fh_access *access = new_access(&world);
        struct fh_err err = {0};
        foreign_records(access, &world, row);
        char *text = text_of(access);
        assert_int_not_equal(fh_access_parse(again, fh_bytes_cstr(text), &err), FH_OK);
        assert_int_not_equal(err.rule[0], 0);
        free(text);
        free(access);
    }
    free(again);
}

static void refuses_broken_texts(void **state)
{
    (void)state;
    struct world world;
    make_world(&world);
    struct fh_access *access = new_access(&world);
    struct fh_access *again = calloc(1, sizeof *again);
    char *text = text_of(access);
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i += 7) { /* cut anywhere */
        assert_int_not_equal(fh_access_parse(again, fh_bytes((const uint8_t *)text, i), NULL),
                             FH_OK);
    }
    static const char *const wrong[] = {
        "", "#", "fha1", "fhi1aaaa", "fha1AAAA", "fha1a", "fha1===="};
    for (size_t i = 0; i < FH_COUNT(wrong); i++) {
        struct fh_err err = {0};
        assert_int_not_equal(fh_access_parse(again, fh_bytes_cstr(wrong[i]), &err), FH_OK);
    }
    /* Too long: refused before anything is decoded. */
    char *longer = malloc(FH_ACCESS_TEXT_BYTES + 8);
    assert_non_null(longer);
    memset(longer, 'a', FH_ACCESS_TEXT_BYTES + 7);
    longer[FH_ACCESS_TEXT_BYTES + 7] = '\0';
    memcpy(longer, "fha1", 4);
    struct fh_err err = {0};
    assert_int_equal(fh_access_parse(again, fh_bytes_cstr(longer), &err), FH_EINVAL);
    assert_string_equal(err.rule, "identity.access.text");
    free(longer);
    free(text);
    free(again);
    free(access);
}

static void more_than_fits_sticks(void **state)
{
    (void)state;
    struct world world;
    make_world(&world);
    struct fh_access *access = new_access(&world);
    access->record_count = FH_SESSION_RECORDS_MAX;
    uint8_t *large = calloc(1, FH_ACCESS_PAYLOAD_BYTES_MAX);
    for (unsigned i = 0; i < access->record_count; i++) {
        access->records[i] = fh_bytes(large, FH_ACCESS_PAYLOAD_BYTES_MAX / 2);
    }
    struct fh_buf text;
    fh_buf_init(&text, FH_ACCESS_FILE_BYTES_MAX);
    fh_access_text(&text, access);
    assert_int_equal(fh_buf_ok(&text), FH_ETOOBIG);
    fh_buf_fini(&text);
    free(large);
    free(access);
}

static void public_keys(void **state)
{
    (void)state;
    struct test_key key = test_key_of("outside", 1);
    struct fh_sign_public again;
    char text[FH_SIGN_PUBLIC_TEXT_BYTES];
    char file[2 * FH_SIGN_PUBLIC_TEXT_BYTES];
    fh_sign_public_text(text, &key.public_key);
    snprintf(file, sizeof file, "# of ci\n%s\n", text);
    assert_int_equal(fh_sign_public_parse(&again, fh_bytes_cstr(text), NULL), FH_OK);
    assert_memory_equal(again.b, key.public_key.b, sizeof again.b);
    assert_int_equal(fh_sign_public_parse(&again, fh_bytes_cstr(file), NULL), FH_OK);
    char id[FH_ID_TEXT_BYTES];
    fh_key_id_text(id, &key.id);
    char cut[FH_SIGN_PUBLIC_TEXT_BYTES];
    snprintf(cut, sizeof cut, "%.*s", (int)strlen(text) - 1, text);
    const char *const wrong[] = {"", "fhp1", cut, id, "fhp1 0000", "ci.key"};
    for (size_t i = 0; i < FH_COUNT(wrong); i++) {
        struct fh_err err = {0};
        assert_int_equal(fh_sign_public_parse(&again, fh_bytes_cstr(wrong[i]), &err), FH_EINVAL);
        assert_string_equal(err.rule, "identity.key.text");
    }
}

int main(void)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(refuses_foreign_records),
        cmocka_unit_test(refuses_broken_texts),
        cmocka_unit_test(more_than_fits_sticks),
        cmocka_unit_test(public_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
