/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Noise engine against published vectors, and what it must refuse.
 *
 * Vectors are read from $FH_SHARED_DATA/noise when that is there; the golden ones below are our own
 * and always run.
 */
#include "common/bytes.h"
#include "proto/session/noise.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TEXT_BYTES_MAX = 4096 };

struct bytes {
    uint8_t data[TEXT_BYTES_MAX / 2];
    size_t size;
};

static void from_hex(struct bytes *out, const char *hex)
{
    out->size = strlen(hex) / 2;
    assert_true(out->size <= sizeof out->data);
    assert_true(fh_unhex(out->data, out->size, hex));
}

static struct fh_bytes view(const struct bytes *b)
{
    return fh_bytes(b->data, b->size);
}

static void secret_from_hex(struct fh_agree_secret *out, const char *hex)
{
    assert_true(fh_unhex(out->b, sizeof out->b, hex));
}

static void expect_hex(struct fh_bytes got, const char *hex)
{
    char text[TEXT_BYTES_MAX + 1];
    assert_true(got.size <= TEXT_BYTES_MAX / 2);
    fh_hex(text, got.data, got.size);
    assert_string_equal(text, hex);
}

/* ---- a vector ---- */

enum { MESSAGES_MAX = 16 };

struct vector {
    const char *prologue;
    const char *static_secret[2]; /* initiator, responder */
    const char *ephemeral[2];
    const char *hash; /* NULL: not given */
    unsigned message_count;
    const char *payload[MESSAGES_MAX];
    const char *ciphertext[MESSAGES_MAX];
};

static void begin(struct fh_noise party[2], const struct vector *v)
{
    struct bytes prologue;
    from_hex(&prologue, v->prologue);
    for (int i = 0; i < 2; i++) {
        struct fh_agree_secret secret;
        secret_from_hex(&secret, v->static_secret[i]);
        fh_noise_init(&party[i], &fh_noise_xx, i == 0, view(&prologue), &secret);
    }
}

/* One handshake message, sent by `from`, compared with the vector and read by the other. */
static void exchange(struct fh_noise party[2], const struct vector *v, unsigned m)
{
    int from = (int)(m % 2);
    struct bytes payload;
    struct fh_agree_secret ephemeral;
    from_hex(&payload, v->payload[m]);
    secret_from_hex(&ephemeral, v->ephemeral[from]);
    FH_CLEANUP(fh_buf_fini) struct fh_buf message;
    FH_CLEANUP(fh_buf_fini) struct fh_buf read;
    fh_buf_init(&message, FH_NOISE_MESSAGE_BYTES_MAX);
    fh_buf_init(&read, FH_NOISE_MESSAGE_BYTES_MAX);

    assert_true(fh_noise_writes_next(&party[from]));
    assert_false(fh_noise_writes_next(&party[1 - from]));
    assert_int_equal(
        fh_noise_write(&party[from], m < 2 ? &ephemeral : NULL, view(&payload), &message, NULL),
        FH_OK);
    expect_hex(fh_buf_view(&message), v->ciphertext[m]);
    assert_int_equal(fh_noise_read(&party[1 - from], fh_buf_view(&message), &read, NULL), FH_OK);
    expect_hex(fh_buf_view(&read), v->payload[m]);
    assert_memory_equal(fh_noise_hash(&party[0]), fh_noise_hash(&party[1]), FH_NOISE_HASH_BYTES);
}

static void check_vector(const struct vector *v)
{
    struct fh_noise party[2];
    begin(party, v);
    for (unsigned m = 0; m < 3; m++) {
        assert_false(fh_noise_done(&party[0]));
        exchange(party, v, m);
    }
    assert_true(fh_noise_done(&party[0]));
    assert_true(fh_noise_done(&party[1]));
    if (v->hash != NULL) {
        expect_hex(fh_bytes(fh_noise_hash(&party[0]), FH_NOISE_HASH_BYTES), v->hash);
    }

    uint8_t key[2][2][FH_AEAD_KEY_BYTES]; /* party, direction */
    for (int i = 0; i < 2; i++) {
        fh_noise_split(&party[i], key[i][0], key[i][1]);
        fh_noise_fini(&party[i]);
    }
    assert_memory_equal(key[0], key[1], sizeof key[0]);
    /* Transport messages go on alternating, each direction with its own counter. */
    for (unsigned m = 3; m < v->message_count; m++) {
        struct bytes payload;
        struct bytes opened;
        struct bytes sealed;
        unsigned from = m % 2;
        uint64_t counter = (m - (from == 0 ? 4 : 3)) / 2;
        from_hex(&payload, v->payload[m]);
        sealed.size = payload.size + FH_AEAD_TAG_BYTES;
        fh_aead_seal(sealed.data, view(&payload), FH_BYTES_NONE, counter, key[0][from]);
        expect_hex(view(&sealed), v->ciphertext[m]);
        assert_true(fh_aead_open(opened.data, view(&sealed), FH_BYTES_NONE, counter, key[1][from]));
        assert_memory_equal(opened.data, payload.data, payload.size);
    }
}

/* Our own vectors: every input is a counted byte string, so that they can be made again from the
 * specification by any other implementation. */
static const struct vector golden[] = {
#include "tests/unit/session/noise_golden.inc"
};

static void test_golden(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(golden); i++) {
        check_vector(&golden[i]);
    }
}

/* ---- published vectors ---- */

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void test_published(void **state)
{
    (void)state;
    const char *shared = getenv("FH_SHARED_DATA");
    char path[4096];
    snprintf(path,
             sizeof path,
             "%s/noise/selected_25519_ChaChaPoly.json",
             shared != NULL ? shared : "../shared/data");
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL) {
        print_message("skipped: no Noise vectors at %s\n", path);
        skip();
    }
    unsigned checked = 0;
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(root, "vectors"), index, entry)
    {
        if (strcmp(text_of(entry, "protocol_name"), fh_noise_xx.protocol) != 0) {
            continue;
        }
        assert_string_equal(text_of(entry, "init_prologue"), text_of(entry, "resp_prologue"));
        json_t *messages = json_object_get(entry, "messages");
        struct vector v = {
            .prologue = text_of(entry, "init_prologue"),
            .static_secret = {text_of(entry, "init_static"), text_of(entry, "resp_static")},
            .ephemeral = {text_of(entry, "init_ephemeral"), text_of(entry, "resp_ephemeral")},
            .hash = text_of(entry, "handshake_hash"),
            .message_count = (unsigned)json_array_size(messages),
        };
        assert_true(v.message_count <= MESSAGES_MAX);
        for (unsigned m = 0; m < v.message_count; m++) {
            v.payload[m] = text_of(json_array_get(messages, m), "payload");
            v.ciphertext[m] = text_of(json_array_get(messages, m), "ciphertext");
        }
        check_vector(&v);
        checked++;
    }
    json_decref(root);
    assert_true(checked >= 2);
    print_message("%u published vectors of %s\n", checked, fh_noise_xx.protocol);
}

/* ---- refusals ---- */

static void run_until(struct fh_noise party[2], unsigned messages)
{
    begin(party, &golden[0]);
    for (unsigned m = 0; m < messages; m++) {
        exchange(party, &golden[0], m);
    }
}

static void write_next(struct fh_noise *from, unsigned m, struct fh_buf *out)
{
    struct bytes payload;
    struct fh_agree_secret ephemeral;
    from_hex(&payload, golden[0].payload[m]);
    secret_from_hex(&ephemeral, golden[0].ephemeral[m % 2]);
    assert_int_equal(fh_noise_write(from, &ephemeral, view(&payload), out, NULL), FH_OK);
}

/* Every single bit of messages 2 and 3 is covered by a tag; the reader is as before after each
 * refusal and still reads the true message. */
static void test_bit_flips(void **state)
{
    (void)state;
    for (unsigned m = 1; m < 3; m++) {
        struct fh_noise party[2];
        run_until(party, m);
        FH_CLEANUP(fh_buf_fini) struct fh_buf message;
        FH_CLEANUP(fh_buf_fini) struct fh_buf read;
        fh_buf_init(&message, FH_NOISE_MESSAGE_BYTES_MAX);
        fh_buf_init(&read, FH_NOISE_MESSAGE_BYTES_MAX);
        write_next(&party[m % 2], m, &message);
        struct fh_noise *reader = &party[1 - m % 2];
        struct fh_noise before = *reader;
        for (size_t bit = 0; bit < message.size * 8; bit++) {
            message.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_equal(fh_noise_read(reader, fh_buf_view(&message), &read, NULL), FH_ESIG);
            assert_memory_equal(reader, &before, sizeof before);
            assert_int_equal(read.size, 0);
            message.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        assert_int_equal(fh_noise_read(reader, fh_buf_view(&message), &read, NULL), FH_OK);
    }
}

static void test_truncation(void **state)
{
    (void)state;
    for (unsigned m = 0; m < 3; m++) {
        struct fh_noise party[2];
        run_until(party, m);
        FH_CLEANUP(fh_buf_fini) struct fh_buf message;
        FH_CLEANUP(fh_buf_fini) struct fh_buf read;
        fh_buf_init(&message, FH_NOISE_MESSAGE_BYTES_MAX);
        fh_buf_init(&read, FH_NOISE_MESSAGE_BYTES_MAX);
        write_next(&party[m % 2], m, &message);
        size_t least = m == 0 ? 32 : 0; /* the payload of message 1 is in clear: any length goes */
        size_t whole = m == 0 ? least : message.size;
        for (size_t size = 0; size < whole; size++) {
            int code = fh_noise_read(&party[1 - m % 2], fh_bytes(message.data, size), &read, NULL);
            assert_true(code == FH_EPROTO || code == FH_ESIG);
        }
        assert_int_equal(fh_noise_read(&party[1 - m % 2], fh_buf_view(&message), &read, NULL),
                         FH_OK);
    }
}

static void test_turns(void **state)
{
    (void)state;
    struct fh_noise party[2];
    struct fh_agree_secret ephemeral = {{9}};
    run_until(party, 0);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_NOISE_MESSAGE_BYTES_MAX);
    assert_int_equal(fh_noise_write(&party[1], &ephemeral, FH_BYTES_NONE, &out, NULL), FH_ESTATE);
    assert_int_equal(fh_noise_read(&party[0], FH_BYTES_NONE, &out, NULL), FH_ESTATE);
    run_until(party, 3);
    assert_int_equal(fh_noise_write(&party[0], &ephemeral, FH_BYTES_NONE, &out, NULL), FH_ESTATE);
    assert_int_equal(fh_noise_read(&party[1], FH_BYTES_NONE, &out, NULL), FH_ESTATE);
    assert_int_equal(out.size, 0);
}

/* Keys of small order give an all-zero agreement (RFC 7748, section 6.1). */
static void test_hostile_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    };
    for (size_t i = 0; i < FH_COUNT(keys); i++) {
        struct fh_noise party[2];
        struct bytes key;
        struct fh_agree_secret ephemeral = {{7}};
        run_until(party, 0);
        from_hex(&key, keys[i]);
        FH_CLEANUP(fh_buf_fini) struct fh_buf out;
        fh_buf_init(&out, FH_NOISE_MESSAGE_BYTES_MAX);
        assert_int_equal(fh_noise_read(&party[1], view(&key), &out, NULL), FH_OK);
        assert_int_equal(fh_noise_write(&party[1], &ephemeral, FH_BYTES_NONE, &out, NULL), FH_ESIG);
        assert_int_equal(out.size, 0);
    }
}

static void test_other_prologue(void **state)
{
    (void)state;
    struct fh_noise party[2];
    run_until(party, 0);
    struct fh_agree_secret secret;
    secret_from_hex(&secret, golden[0].static_secret[1]);
    fh_noise_init(&party[1], &fh_noise_xx, false, fh_bytes_cstr("another mesh"), &secret);
    FH_CLEANUP(fh_buf_fini) struct fh_buf first;
    FH_CLEANUP(fh_buf_fini) struct fh_buf second;
    FH_CLEANUP(fh_buf_fini) struct fh_buf read;
    fh_buf_init(&first, FH_NOISE_MESSAGE_BYTES_MAX);
    fh_buf_init(&second, FH_NOISE_MESSAGE_BYTES_MAX);
    fh_buf_init(&read, FH_NOISE_MESSAGE_BYTES_MAX);
    write_next(&party[0], 0, &first);
    assert_int_equal(fh_noise_read(&party[1], fh_buf_view(&first), &read, NULL), FH_OK);
    write_next(&party[1], 1, &second);
    assert_int_equal(fh_noise_read(&party[0], fh_buf_view(&second), &read, NULL), FH_ESIG);
}

int main(void)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_hostile_keys),
        cmocka_unit_test(test_other_prologue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
