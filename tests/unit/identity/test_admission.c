/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations, their text, redemptions and admissions as bytes; what they mean is in
 * test_directory.c, more broken texts are in tests/vectors/invitation.txt. */
#include "proto/identity/admission.h"

#include "tests/lib/identities.h"
#include "tests/unit/identity/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *name;
    unsigned type;
    const char *payload;
    const char *rule;
} decodes[] = {
    {"for anybody", FH_RECORD_INVITATION, "[6 u1 b32 b32 u5 u6 s", ""},
    {"for one", FH_RECORD_INVITATION, "[6 u1 b32 b32 u5 u6 sgeology", ""},
    {"newer", FH_RECORD_INVITATION, "[7 u1 b32 b32 u5 u6 sgeology n", ""},
    {"version", FH_RECORD_INVITATION, "[6 u2 b32 b32 u5 u6 s", "pack.version"},
    {"backwards", FH_RECORD_INVITATION, "[6 u1 b32 b32 u6 u5 s", "identity.invitation.time"},
    {"no time", FH_RECORD_INVITATION, "[6 u1 b32 b32 u6 u6 s", "identity.invitation.time"},
    {"for no name", FH_RECORD_INVITATION, "[6 u1 b32 b32 u5 u6 sGeology", "name.form"},
    {"reserved", FH_RECORD_INVITATION, "[6 u1 b32 b32 u5 u6 stemp", "name.reserved"},
    {"short key", FH_RECORD_INVITATION, "[6 u1 b32 b16 u5 u6 s", "pack.shape"},
    {"five fields", FH_RECORD_INVITATION, "[5 u1 b32 b32 u5 u6", "pack.shape"},
    {"admission", FH_RECORD_ADMISSION, "[7 u1 b32 b200 b32 sgeology u5 b64", ""},
    {"newer", FH_RECORD_ADMISSION, "[8 u1 b32 b200 b32 sgeology u5 b64 n", ""},
    {"version", FH_RECORD_ADMISSION, "[7 u3 b32 b200 b32 sgeology u5 b64", "pack.version"},
    {"without a name", FH_RECORD_ADMISSION, "[7 u1 b32 b200 b32 s u5 b64", "name.form"},
    {"short redemption", FH_RECORD_ADMISSION, "[7 u1 b32 b200 b32 sgeology u5 b63", "pack.shape"},
    {"short domain", FH_RECORD_ADMISSION, "[7 u1 b32 b200 b31 sgeology u5 b64", "pack.shape"},
    {"year 10000", FH_RECORD_ADMISSION, "[7 u1 b32 b9 b32 sgeology " T_PAST " b64", "pack.shape"},
    {"six fields", FH_RECORD_ADMISSION, "[6 u1 b32 b200 b32 sgeology u5", "pack.shape"},
};

static void payloads(void **state)
{
    (void)state;
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, 1024);
    for (size_t i = 0; i < FH_COUNT(decodes); i++) {
        struct fh_invitation invitation;
        struct fh_admission admission;
        struct fh_err err = {0};
        payload_of(&payload, decodes[i].payload);
        struct fh_record record = {.type = decodes[i].type, .payload = fh_buf_view(&payload)};
        int code = record.type == FH_RECORD_INVITATION
                       ? fh_invitation_decode(&invitation, &record, &err)
                       : fh_admission_decode(&admission, &record, &err);
        if (strcmp(err.rule, decodes[i].rule) != 0 || (code == FH_OK) != (err.rule[0] == '\0')) {
            fail_msg("%s: %s: %s", decodes[i].name, err.rule, err.text);
        }
    }
}

static struct fh_invitation_ticket ticket_of(unsigned addresses)
{
    struct test_domain issuer = test_domain_of(0);
    struct fh_mesh_id mesh = {{9}};
    struct test_record record = test_invitation(&issuer, 4, "geology", &mesh);
    struct fh_invitation_ticket ticket = {.mesh = mesh,
                                          .charter = {{8}},
                                          .issuer = issuer.id,
                                          .address_count = addresses,
                                          .record_size = record.size};
    for (unsigned i = 0; i < addresses; i++) {
        memset(ticket.addresses[i], 'a', sizeof ticket.addresses[i] - 1);
    }
    memcpy(ticket.seed, test_key_of("one-time", 4).seed, sizeof ticket.seed);
    memcpy(ticket.record, record.bytes, record.size);
    return ticket;
}

static void text_both_ways(void **state)
{
    (void)state;
    for (unsigned addresses = 0; addresses <= FH_ADDRESSES_MAX; addresses++) {
        struct fh_invitation_ticket ticket = ticket_of(addresses);
        struct fh_invitation_ticket again;
        struct fh_invitation invitation;
        struct fh_buf text FH_CLEANUP(fh_buf_fini);
        struct fh_err err = {0};
        fh_buf_init(&text, FH_INVITATION_TEXT_BYTES);
        fh_invitation_text(&text, &ticket);
        assert_int_equal(fh_buf_ok(&text), FH_OK);
        int code = fh_invitation_parse(&again, &invitation, fh_buf_view(&text), &err);
        if (code != FH_OK) {
            fail_msg("%s", err.text);
        }
        assert_memory_equal(&again, &ticket, sizeof ticket);
        assert_string_equal(invitation.name, "geology");
        fh_invitation_ticket_wipe(&again);
        static const struct fh_invitation_ticket zero;
        assert_memory_equal(&again, &zero, sizeof zero);
    }
}

/* Around the text, in a file. */
static const struct {
    const char *before;
    const char *between; /* in the middle of the text */
    const char *after;
    bool right;
} files[] = {
    {"", "", "", true},
    {"# for geology\n", "", "\n", true},
    {"  # indented\n\n", "\n", "", true},
    {"\r\n#\r\n", "\r\n  ", "\r\n# end\r\n", true},
    {"\t", "\t \n\t", " ", true},
    {"# fhi1aaaa\n", "", "", true},
    {"for geology\n", "", "", false},
    {"", "-", "", false},
    {"", "\n#comment in the middle\n", "", true},
    {"", " # not at the start of a line\n", "", false},
    {"", "", "=", false},
    {"", "", "\n\n.", false},
    {"fhi1", "", "", false},
    {"\xef\xbb\xbf", "", "", false}, /* a byte order mark */
};

static void text_in_files(void **state)
{
    (void)state;
    struct fh_invitation_ticket ticket = ticket_of(1);
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_INVITATION_TEXT_BYTES);
    fh_invitation_text(&text, &ticket);
    for (size_t i = 0; i < FH_COUNT(files); i++) {
        struct fh_buf file FH_CLEANUP(fh_buf_fini);
        struct fh_invitation_ticket again;
        struct fh_err err = {0};
        fh_buf_init(&file, FH_INVITATION_FILE_BYTES_MAX);
        fh_buf_add_cstr(&file, files[i].before);
        fh_buf_add(&file, text.data, 60);
        fh_buf_add_cstr(&file, files[i].between);
        fh_buf_add(&file, text.data + 60, text.size - 60);
        fh_buf_add_cstr(&file, files[i].after);
        int code = fh_invitation_parse(&again, NULL, fh_buf_view(&file), &err);
        if ((code == FH_OK) != files[i].right) {
            fail_msg("row %zu: %s", i, err.text);
        }
        if (code != FH_OK) {
            assert_string_equal(err.rule, "identity.invitation.text");
            assert_null(strstr(err.text, "fhi1aaa")); /* never the text itself: it is a secret */
        }
    }
}

static void a_long_text_is_refused(void **state)
{
    (void)state;
    struct fh_invitation_ticket ticket;
    struct fh_err err = {0};
    char *text = malloc(FH_INVITATION_TEXT_BYTES + 10);
    memset(text, 'a', FH_INVITATION_TEXT_BYTES + 10);
    text[0] = 'f';
    text[1] = 'h';
    text[2] = 'i';
    text[3] = '1';
    assert_int_equal(
        fh_invitation_parse(&ticket, NULL, fh_bytes(text, FH_INVITATION_TEXT_BYTES + 10), &err),
        FH_EINVAL);
    assert_string_equal(err.text, "invitation text: too long");
    free(text);
}

/* Every single letter matters. */
static void no_letter_may_change(void **state)
{
    (void)state;
    struct test_domain issuer = test_domain_of(0);
    struct fh_invitation_ticket ticket = ticket_of(0);
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_INVITATION_TEXT_BYTES);
    fh_invitation_text(&text, &ticket);
    for (size_t i = 4; i < text.size; i++) {
        struct fh_invitation_ticket again;
        struct fh_record record;
        uint8_t letter = text.data[i];
        text.data[i] = letter == 'q' ? 'r' : 'q';
        int code = fh_invitation_parse(&again, NULL, fh_buf_view(&text), NULL);
        if (code == FH_OK) { /* then the mesh, charter or signature differs: all verified later */
            bool same = fh_mesh_id_equal(&again.mesh, &ticket.mesh) &&
                        fh_record_id_equal(&again.charter, &ticket.charter);
            code = fh_record_parse(
                &record, fh_bytes(again.record, again.record_size), &again.mesh, NULL);
            assert_int_equal(code, FH_OK);
            assert_false(
                same &&
                fh_record_signed_by(
                    &record, 0, &again.mesh, &issuer.publisher.public_key, &fh_verifier_plain));
        }
        text.data[i] = letter;
    }
}

static void redemptions(void **state)
{
    (void)state;
    struct test_key one_time = test_key_of("one-time", 1);
    struct test_key other = test_key_of("one-time", 2);
    const struct fh_mesh_id mesh = {{1}};
    const struct fh_mesh_id other_mesh = {{2}};
    const struct fh_domain_id domain = {{3}};
    const struct fh_domain_id other_domain = {{4}};
    char longest[FH_NAME_BYTES_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[FH_NAME_BYTES_MAX + 1] = '\0';
    struct fh_signature proof;
    fh_redemption_sign(&proof, one_time.seed, &mesh, &domain, "geology");
    const struct fh_verifier *plain = &fh_verifier_plain;
    const struct fh_sign_public *key = &one_time.public_key;
    assert_true(fh_redemption_verify(&proof, key, &mesh, &domain, "geology", plain));
    assert_false(fh_redemption_verify(&proof, key, &other_mesh, &domain, "geology", plain));
    assert_false(fh_redemption_verify(&proof, key, &mesh, &other_domain, "geology", plain));
    assert_false(fh_redemption_verify(&proof, key, &mesh, &domain, "geolog", plain));
    assert_false(fh_redemption_verify(&proof, key, &mesh, &domain, "", plain));
    assert_false(fh_redemption_verify(&proof, key, &mesh, &domain, longest, plain));
    assert_false(fh_redemption_verify(&proof, &other.public_key, &mesh, &domain, "geology", plain));
}

static void builders_refuse_what_readers_would(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    const struct fh_mesh_id mesh = {{1}};
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    struct fh_invitation invitation = {.created_ms = 5, .not_after_ms = 5};
    fh_invitation_make(&buf, &invitation, &mesh, &key.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
    fh_buf_reset(&buf);
    struct fh_admission admission = {.name = "No Name"};
    fh_admission_make(&buf, &admission, &mesh, &key.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads),
        cmocka_unit_test(text_both_ways),
        cmocka_unit_test(text_in_files),
        cmocka_unit_test(a_long_text_is_refused),
        cmocka_unit_test(no_letter_may_change),
        cmocka_unit_test(redemptions),
        cmocka_unit_test(builders_refuse_what_readers_would),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
