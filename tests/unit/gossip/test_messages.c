/* SPDX-License-Identifier: Apache-2.0 */
/* Messages inside a datagram: there and back, and hostile content. */
#include "proto/gossip/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_there_and_back(void **state)
{
    (void)state;
    struct fh_buf buf;
    fh_buf_init(&buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    struct fh_letter letter;
    fh_letter_begin(&letter, &buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    struct fh_message sent[] = {
        {.type = FH_MESSAGE_PING,
         .seq = 1,
         .target = {{7}},
         .generation = 1234567890,
         .incarnation = 3,
         .state = FH_MEMBER_SUSPECT,
         .health = 2},
        {.type = FH_MESSAGE_ACK,
         .seq = UINT64_MAX,
         .generation = 5,
         .incarnation = 6,
         .members = {8},
         .catalogue = {9},
         .health = 8},
        {.type = FH_MESSAGE_PING_REQ, .seq = 2, .target = {{3}}, .inner = fh_bytes("abc", 3)},
        {.type = FH_MESSAGE_RELAYED_ACK, .seq = 3, .inner = fh_bytes("defg", 4)},
        {.type = FH_MESSAGE_NACK, .seq = 4},
        {.type = FH_MESSAGE_RELAY_PING, .seq = 5, .inner = fh_bytes("h", 1)},
    };
    for (size_t i = 0; i < FH_COUNT(sent); i++) {
        fh_letter_add(&letter, &sent[i]);
    }
    const struct fh_bytes records[] = {fh_bytes("one", 3), fh_bytes("three", 5)};
    fh_letter_add_records(&letter, records, 2);
    const struct fh_hint hints[] = {{{{1}}, {2}}, {{{3}}, {4}}};
    fh_letter_add_hints(&letter, FH_MESSAGE_HINTS, hints, 2);
    fh_letter_add_hints(&letter, FH_MESSAGE_WANT, hints + 1, 1);
    struct fh_bytes content = fh_letter_end(&letter);
    struct fh_pack_reader reader;
    unsigned count;
    assert_int_equal(fh_messages_begin(&reader, content, &count), FH_OK);
    assert_int_equal(count, FH_COUNT(sent) + 3);
    struct fh_message got;
    for (size_t i = 0; i < FH_COUNT(sent); i++) {
        assert_int_equal(fh_messages_next(&reader, &got), FH_OK);
        assert_int_equal(got.type, sent[i].type);
        assert_int_equal(got.seq, sent[i].seq);
        assert_true(fh_bytes_equal(got.inner, sent[i].inner));
        if (got.type == FH_MESSAGE_PING || got.type == FH_MESSAGE_ACK) {
            assert_int_equal(got.generation, sent[i].generation);
            assert_int_equal(got.incarnation, sent[i].incarnation);
            assert_int_equal(got.health, sent[i].health);
        }
        if (got.type == FH_MESSAGE_PING) {
            assert_int_equal(got.state, FH_MEMBER_SUSPECT);
        }
        if (got.type == FH_MESSAGE_ACK) {
            assert_int_equal(got.members[0], 8);
            assert_int_equal(got.catalogue[0], 9);
        }
    }
    assert_int_equal(fh_messages_next(&reader, &got), FH_OK);
    assert_int_equal(got.type, FH_MESSAGE_RECORDS);
    assert_int_equal(got.record_count, 2);
    assert_true(fh_bytes_equal(got.records[1], records[1]));
    assert_int_equal(fh_messages_next(&reader, &got), FH_OK);
    assert_int_equal(got.type, FH_MESSAGE_HINTS);
    assert_int_equal(got.hint_count, 2);
    assert_memory_equal(got.hints, hints, sizeof hints);
    assert_int_equal(fh_messages_next(&reader, &got), FH_OK);
    assert_int_equal(got.type, FH_MESSAGE_WANT);
    assert_int_equal(got.hint_count, 1);
    assert_memory_equal(got.hints, hints + 1, sizeof hints[0]);
    assert_true(fh_pack_at_end(&reader));
    fh_buf_fini(&buf);
}

/* The outcome of reading all messages of some content. */
static int read_all(struct fh_bytes content, unsigned *unknown)
{
    struct fh_pack_reader reader;
    struct fh_message m;
    unsigned count;
    *unknown = 0;
    int code = fh_messages_begin(&reader, content, &count);
    for (unsigned i = 0; code == FH_OK && i < count; i++) {
        code = fh_messages_next(&reader, &m);
        *unknown += code == FH_OK && m.type == FH_MESSAGE_UNKNOWN ? 1 : 0;
    }
    return code;
}

#define SHORT_HINT "0000000000000000000000000000000000000000000000"
#define HINT       SHORT_HINT "00"

static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *hex;
        int code;
        unsigned unknown;
    } rows[] = {
        {"nothing", "", FH_EINVAL, 0},
        {"not an array", "01", FH_EINVAL, 0},
        {"a map", "80", FH_EINVAL, 0},
        {"no message", "90", FH_OK, 0},
        {"a message that is no array", "9101", FH_EINVAL, 0},
        {"a message without type", "9190", FH_EINVAL, 0},
        {"a type that is text", "9191a141", FH_EINVAL, 0},
        {"nack", "91920501", FH_OK, 0},
        {"nack without its number", "919105", FH_EINVAL, 0},
        {"nack with a later field", "9193050102", FH_OK, 0},
        {"nack with a negative number", "919205ff", FH_EINVAL, 0},
        {"something newer", "91926301", FH_OK, 1},
        {"something newer, then nack", "9292630192050a", FH_OK, 1},
        {"not the shortest form", "919205cc01", FH_EINVAL, 0},
        {"bytes behind", "9192050100", FH_EINVAL, 0},
        {"cut in the middle", "9192", FH_EINVAL, 0},
        {"sixteen messages",
         "dc001092050192050192050192050192050192050192050192050192050192050192050192050192050192050"
         "192"
         "0501920501",
         FH_EINVAL,
         0},
        {"records that are no bins", "9192069101", FH_EINVAL, 0},
        {"no records", "91920690", FH_OK, 0},
        {"deep", "919206919191919191c40100", FH_EINVAL, 0},
        {"ping with a short target",
         "91950101c4010793010000"
         "00",
         FH_EINVAL,
         0},
        {"array of 2^32 - 1", "ddffffffff", FH_EINVAL, 0},
        {"relayed without its datagram", "9192040a", FH_EINVAL, 0},
        {"hint", "91921091c418" HINT, FH_OK, 0},
        {"want", "91921191c418" HINT, FH_OK, 0},
        {"no hints", "91921090", FH_OK, 0},
        {"hint of 23 bytes", "91921091c417" SHORT_HINT, FH_EINVAL, 0},
        {"hints that are no list", "919210c418" HINT, FH_EINVAL, 0},
        {"hints with a later field", "91931091c418" HINT "01", FH_OK, 0},
        {"33 hints", "919210dc0021", FH_EINVAL, 0},
        {"nine wants", "91921199", FH_EINVAL, 0},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        uint8_t bytes[256];
        size_t size = strlen(rows[i].hex) / 2;
        assert_true(fh_unhex(bytes, size, rows[i].hex));
        unsigned unknown;
        int code = read_all(fh_bytes(bytes, size), &unknown);
        bool refused = rows[i].code != FH_OK;
        if ((code != FH_OK) != refused || (!refused && unknown != rows[i].unknown)) {
            fail_msg("%s: code %d, %u unknown", rows[i].name, code, unknown);
        }
    }
}

static void test_ping_state(void **state)
{
    (void)state;
    /* A state that does not exist must not reach a switch. */
    struct fh_buf buf;
    fh_buf_init(&buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    for (unsigned s = 0; s < 8; s++) {
        fh_buf_reset(&buf);
        fh_pack_array(&buf, 1);
        fh_pack_array(&buf, 5);
        fh_pack_uint(&buf, FH_MESSAGE_PING);
        fh_pack_uint(&buf, 1);
        fh_pack_bin(&buf, fh_bytes((const uint8_t[16]){0}, 16));
        fh_pack_array(&buf, 3);
        fh_pack_uint(&buf, 1);
        fh_pack_uint(&buf, 1);
        fh_pack_uint(&buf, s);
        fh_pack_uint(&buf, 0);
        unsigned unknown;
        int code = read_all(fh_buf_view(&buf), &unknown);
        assert_int_equal(code == FH_OK, s < FH_MEMBER_STATE_COUNT);
    }
    fh_buf_fini(&buf);
}

static void test_budget(void **state)
{
    (void)state;
    struct fh_buf buf;
    fh_buf_init(&buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    struct fh_letter letter;
    fh_letter_begin(&letter, &buf, 300);
    size_t room = fh_letter_room(&letter);
    assert_in_range(room, 280, 299);
    uint8_t record[300] = {0};
    struct fh_bytes bytes = fh_bytes(record, room - 3);
    assert_true(fh_letter_record_bytes(bytes.size) <= room);
    fh_letter_add_records(&letter, &bytes, 1);
    assert_in_range(fh_letter_end(&letter).size, 1, 300);
    assert_int_equal(fh_letter_room(&letter), 0);
    fh_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_ping_state),
        cmocka_unit_test(test_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
