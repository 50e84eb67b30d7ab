/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams: header, key and sealing between two nodes; then headers that do not fit. */
#include "common/assert.h"
#include "proto/gossip/messages.h"
#include "tests/lib/identities.h"
#include "tests/vectors/writer.h"

struct ends {
    struct fh_mesh_id mesh;
    struct fh_node_id sender;
    struct fh_node_id receiver;
    struct fh_agree_secret sender_secret;
    struct fh_agree_secret receiver_secret;
    struct fh_agree_public sender_public;
    struct fh_agree_public receiver_public;
};

static struct ends ends_of(void)
{
    struct ends ends;
    struct test_domain founder = test_domain_of(0);
    struct test_domain joiner = test_domain_of(1);
    (void)test_charter_1(&founder, &ends.mesh);
    ends.sender = fh_node_id_of(&founder.node.public_key);
    ends.receiver = fh_node_id_of(&joiner.node.public_key);
    memcpy(ends.sender_secret.b, test_key_of("agree", 0).seed, sizeof ends.sender_secret.b);
    memcpy(ends.receiver_secret.b, test_key_of("agree", 1).seed, sizeof ends.receiver_secret.b);
    fh_agree_public_of(&ends.sender_secret, &ends.sender_public);
    fh_agree_public_of(&ends.receiver_secret, &ends.receiver_public);
    return ends;
}

static void write_ends(struct fh_buf *out, const struct ends *ends)
{
    vector_hex(out, "mesh", fh_bytes(ends->mesh.b, sizeof ends->mesh.b));
    vector_hex(out, "sender", fh_bytes(ends->sender.b, sizeof ends->sender.b));
    vector_hex(out, "receiver", fh_bytes(ends->receiver.b, sizeof ends->receiver.b));
    vector_hex(out, "sender-public", fh_bytes(ends->sender_public.b, sizeof ends->sender_public.b));
    vector_hex(
        out, "receiver-secret", fh_bytes(ends->receiver_secret.b, sizeof ends->receiver_secret.b));
}

static struct fh_bytes content_of(struct fh_buf *buf)
{
    struct fh_message ping = {.type = FH_MESSAGE_PING,
                              .seq = 300,
                              .target = test_key_of("node", 1).ref,
                              .generation = 1,
                              .incarnation = 2,
                              .state = FH_MEMBER_ALIVE,
                              .health = 1};
    struct fh_message ack = {.type = FH_MESSAGE_ACK, .seq = 9, .generation = 3, .incarnation = 7};
    struct fh_message nack = {.type = FH_MESSAGE_NACK, .seq = 70000};
    struct test_domain founder = test_domain_of(0);
    const struct fh_bytes records[] = {test_bytes(&founder.inception)};
    struct fh_letter letter;
    memset(ack.members, 0xaa, sizeof ack.members);
    memset(ack.catalogue, 0xbb, sizeof ack.catalogue);
    fh_letter_begin(&letter, buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_letter_add(&letter, &ping);
    fh_letter_add(&letter, &ack);
    fh_letter_add(&letter, &nack);
    fh_letter_add_records(&letter, records, FH_COUNT(records));
    return fh_letter_end(&letter);
}

static struct fh_bytes hinted_content_of(struct fh_buf *buf)
{
    struct fh_hint hints[] = {{.key = test_key_of("node", 0).ref},
                              {.key = test_key_of("node", 1).ref}};
    struct fh_letter letter;
    memset(hints[0].id, 0xcc, sizeof hints[0].id);
    memset(hints[1].id, 0xdd, sizeof hints[1].id);
    fh_letter_begin(&letter, buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_letter_add_hints(&letter, FH_MESSAGE_HINTS, hints, FH_COUNT(hints));
    fh_letter_add_hints(&letter, FH_MESSAGE_WANT, hints, 1);
    return fh_letter_end(&letter);
}

static size_t seal(const struct ends *ends, struct fh_bytes content, uint8_t *out)
{
    static const uint8_t random[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct fh_datagram_header header = {.boot = fh_datagram_boot(3, random), .counter = 0x010203};
    uint8_t shared[32];
    uint8_t key[FH_AEAD_KEY_BYTES];
    fh_datagram_mesh_tag(header.tag, &ends->mesh);
    memcpy(header.sender, ends->sender.b, sizeof header.sender);
    FH_ASSERT(fh_agree(shared, &ends->sender_secret, &ends->receiver_public));
    fh_datagram_key(key, shared, &ends->mesh, &ends->sender, &ends->receiver, &header.boot);
    return fh_datagram_seal(out, &header, key, content);
}

/* A datagram that the header, or the tag, refuses. */
static void
refused(struct fh_buf *out, const char *name, const struct ends *ends, struct fh_bytes datagram)
{
    uint8_t tag[FH_DATAGRAM_TAG_BYTES];
    struct fh_datagram_header header;
    fh_datagram_mesh_tag(tag, &ends->mesh);
    int code = fh_datagram_peek(&header, datagram, tag);
    vector_begin(out, name, "datagram");
    write_ends(out, ends);
    vector_hex(out, "bytes", datagram);
    if (code == FH_OK) {
        uint8_t shared[32];
        uint8_t key[FH_AEAD_KEY_BYTES];
        uint8_t content[FH_DATAGRAM_CONTENT_BYTES_MAX];
        size_t size = 0;
        FH_ASSERT(fh_agree(shared, &ends->receiver_secret, &ends->sender_public));
        fh_datagram_key(key, shared, &ends->mesh, &ends->sender, &ends->receiver, &header.boot);
        FH_ASSERT(!fh_datagram_open(content, &size, datagram, key));
        vector_text(out, "refused", "datagram.forged");
    } else {
        vector_text(out, "refused", fh_code_name(code));
    }
}

static void
accepted(struct fh_buf *out, const char *name, const struct ends *ends, struct fh_bytes content)
{
    uint8_t datagram[FH_DATAGRAM_BYTES_MAX];
    size_t size = seal(ends, content, datagram);
    vector_begin(out, name, "datagram");
    write_ends(out, ends);
    vector_hex(out, "bytes", fh_bytes(datagram, size));
    vector_uint(out, "generation", 3);
    vector_uint(out, "counter", 0x010203);
    vector_value(out, "value", content);
}

void vectors_datagram(struct fh_buf *out)
{
    struct ends ends = ends_of();
    uint8_t datagram[FH_DATAGRAM_BYTES_MAX];
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    struct fh_bytes content = content_of(&buf);
    size_t size = seal(&ends, content, datagram);
    vector_file(out, "Datagrams: proto/README.md, section 8.");
    accepted(out, "sealed", &ends, content);

    const struct {
        const char *name;
        size_t at;
    } flips[] = {{"version", 0},
                 {"mesh_tag", 1},
                 {"boot", 20},
                 {"counter", 33},
                 {"content", 60},
                 {"tag", size - 1}};
    for (size_t i = 0; i < FH_COUNT(flips); i++) {
        datagram[flips[i].at] ^= 1;
        refused(out, flips[i].name, &ends, fh_bytes(datagram, size));
        datagram[flips[i].at] ^= 1;
    }
    refused(out, "short", &ends, fh_bytes(datagram, FH_DATAGRAM_OVERHEAD_BYTES));
    struct ends other = ends;
    other.receiver = ends.sender;
    refused(out, "other_direction", &other, fh_bytes(datagram, size));
    fh_buf_reset(&buf);
    accepted(out, "hinted", &ends, hinted_content_of(&buf));
}
