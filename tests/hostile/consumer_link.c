/* SPDX-License-Identifier: Apache-2.0 */
/* Greetings, heads, frames, handshakes, and the counters and tags of a session. */
#include "tests/hostile/consumer.h"

#include "common/entropy.h"
#include "tests/node/io/raw.h"

#include <string.h>
#include <sys/socket.h>

enum { CLOSE_MS = 20000 };

/* ---- the link ---- */

/* Sends bytes on a connection of its own, ends it if `hangs_up`, and looks whether the node ends it
 * too. */
static struct verdict
closes(struct consumer *c, unsigned protocol, const void *bytes, size_t size, bool hangs_up)
{
    struct verdict verdict = {.kind = VERDICT_SILENT};
    int fd = raw_connect(c->visitor.port, protocol);
    if (fd < 0) {
        verdict.kind = VERDICT_BROKEN;
        return verdict;
    }
    (void)raw_send(fd, bytes, size); /* may be closed before all is out */
    if (hangs_up) {
        shutdown(fd, SHUT_WR);
    }
    if (raw_closed(fd, CLOSE_MS)) {
        verdict.kind = VERDICT_CLOSED;
    }
    raw_close(fd);
    return verdict;
}

void consumer_greetings(struct consumer *c)
{
    static const uint8_t good[8] = {0, 'S', 'P', 0, 0, RAW_REQ, 0, 0};
    suite_group(&c->suite, "greetings");
    for (size_t i = 0; i < sizeof good; i++) {
        const uint8_t values[] = {(uint8_t)(good[i] ^ 1), (uint8_t)(good[i] ^ 0x80), 0xff, 0x7f};
        for (size_t k = 0; k < FH_COUNT(values); k++) {
            uint8_t bytes[sizeof good];
            memcpy(bytes, good, sizeof good);
            bytes[i] = values[k];
            consumer_meet(c,
                          closes(c, 0, bytes, sizeof bytes, false),
                          CLOSED,
                          "byte %zu is %02x",
                          i,
                          values[k]);
        }
    }
    for (size_t size = 0; size < sizeof good; size++) {
        consumer_meet(c, closes(c, 0, good, size, true), CLOSED, "ends after %zu bytes", size);
    }
    consumer_meet(c, closes(c, 0, "GET / HTTP/1.1\r\n\r\n", 18, false), CLOSED, "a web browser");
}

void consumer_heads(struct consumer *c)
{
    static const uint64_t lengths[] = {0,
                                       1,
                                       2,
                                       3,
                                       4 + FH_FRAME_REQUEST_BYTES_MAX + 1,
                                       INT32_MAX,
                                       UINT32_MAX,
                                       (uint64_t)UINT32_MAX + 1,
                                       INT64_MAX,
                                       (uint64_t)INT64_MAX + 1,
                                       UINT64_MAX - 3,
                                       UINT64_MAX};
    static const uint32_t numbers[] = {0, 1, 0x7fffffff};
    uint8_t head[12];
    suite_group(&c->suite, "heads of messages");
    for (size_t i = 0; i < FH_COUNT(lengths); i++) {
        fh_put_u64be(head, lengths[i]);
        fh_put_u32be(head + 8, 0x80000001U);
        consumer_meet(c,
                      closes(c, RAW_REQ, head, sizeof head, false),
                      CLOSED,
                      "a length of %llu",
                      (unsigned long long)lengths[i]);
    }
    for (size_t i = 0; i < FH_COUNT(numbers); i++) {
        fh_put_u64be(head, 6);
        fh_put_u32be(head + 8, numbers[i]);
        consumer_meet(c,
                      closes(c, RAW_REQ, head, sizeof head, false),
                      CLOSED,
                      "number %x, whose high bit is not set",
                      numbers[i]);
    }
    uint8_t message[64] = {0};
    fh_put_u64be(message, sizeof message - 8);
    fh_put_u32be(message + 8, 0x80000001U);
    for (size_t size = 0; size < sizeof message; size++) {
        consumer_meet(c,
                      closes(c, RAW_REQ, message, size, true),
                      CLOSED,
                      "a message that ends after %zu of its bytes",
                      size);
    }
}

/* ---- frames outside a session ---- */

static const char *frame_verdict(unsigned version, unsigned type, size_t size)
{
    static const struct {
        size_t least;
        size_t most;
        const char *expected; /* of one that is well-formed: nobody knows its session */
    } shapes[] = {
        [FH_FRAME_HS1] = {2, FH_FRAME_UNAUTHENTICATED_BYTES_MAX, REJECTED(FH_EPROTO)},
        [FH_FRAME_HS2] = {11, FH_FRAME_UNAUTHENTICATED_BYTES_MAX, REJECTED(FH_ENOTFOUND)},
        [FH_FRAME_HS3] = {11, FH_FRAME_UNAUTHENTICATED_BYTES_MAX, REJECTED(FH_ENOTFOUND)},
        [FH_FRAME_REQUEST] = {34, FH_FRAME_REQUEST_BYTES_MAX, REJECTED(FH_ENOTFOUND)},
        [FH_FRAME_REPLY] = {34, FH_FRAME_REPLY_BYTES_MAX, REJECTED(FH_ENOTFOUND)},
        [FH_FRAME_REJECT] = {4, 4, REJECTED(FH_ENOTFOUND)},
    };
    if (size < FH_FRAME_HANDSHAKE_BYTES) {
        return REJECTED(FH_EPROTO);
    }
    if (version != FH_WIRE_VERSION) {
        return REJECTED(FH_EVERSION);
    }
    if (type == 0 || type >= FH_COUNT(shapes) || size < shapes[type].least) {
        return REJECTED(FH_EPROTO);
    }
    return size > shapes[type].most ? REJECTED(FH_ETOOBIG) : shapes[type].expected;
}

void consumer_frames(struct consumer *c)
{
    static const unsigned types[] = {0, 1, 2, 3, 4, 5, 6, 7, 64, 127, 128, 255};
    static const unsigned versions[] = {0, 2, 128, 255};
    static const size_t sizes[] = {
        0, 1, 2, 3, 4, 5, 9, 10, 17, 18, 33, 34, 35, 50, 98, 1000, 16384, 16385, 300000};
    static uint8_t bytes[FH_FRAME_REQUEST_BYTES_MAX];
    suite_group(&c->suite, "frames outside a session");
    for (size_t t = 0; t < FH_COUNT(types); t++) {
        for (size_t s = 0; s < FH_COUNT(sizes); s++) {
            fh_entropy(bytes, sizes[s] == 0 ? 1 : sizes[s]);
            bytes[0] = FH_WIRE_VERSION;
            bytes[1] = (uint8_t)types[t];
            visitor_connect(&c->visitor);
            consumer_meet(c,
                          visitor_send(&c->visitor, fh_bytes(bytes, sizes[s])),
                          frame_verdict(FH_WIRE_VERSION, types[t], sizes[s]),
                          "type %u of %zu bytes",
                          types[t],
                          sizes[s]);
        }
    }
    for (size_t v = 0; v < FH_COUNT(versions); v++) {
        for (unsigned type = 1; type <= FH_FRAME_REJECT; type++) {
            bytes[0] = (uint8_t)versions[v];
            bytes[1] = (uint8_t)type;
            visitor_connect(&c->visitor);
            consumer_meet(c,
                          visitor_send(&c->visitor, fh_bytes(bytes, 100)),
                          REJECTED(FH_EVERSION),
                          "%s of version %u",
                          fh_frame_type_text(type),
                          versions[v]);
        }
    }
    visitor_hang_up(&c->visitor);
}

/* ---- handshakes ---- */

static void spoiled_hellos(struct consumer *c, bool first, unsigned places)
{
    for (unsigned i = 0; i < places * TEST_SPOIL_COUNT; i++) {
        struct visitor_hello spoiled = {
            .first = first, .place = i / TEST_SPOIL_COUNT, .way = i % TEST_SPOIL_COUNT};
        struct verdict verdict = visitor_shake(&c->visitor, NULL, &spoiled);
        if (verdict.kind == VERDICT_ANSWERED) {
            continue; /* this way puts there what stood there */
        }
        consumer_meet(c,
                      verdict,
                      REJECTED(FH_EPROTO),
                      "%s at place %u of hello %d",
                      test_spoil_text(spoiled.way),
                      spoiled.place,
                      first ? 1 : 3);
    }
}

static void shake_as(struct consumer *c,
                     const struct fh_session_self *self,
                     const char *expected,
                     const char *name)
{
    consumer_meet(c, visitor_shake(&c->visitor, self, NULL), expected, "%s", name);
}

static void offers(struct consumer *c)
{
    static const struct {
        struct fh_session_offer offer;
        const char *expected;
        const char *name;
    } rows[] = {
        {{0, 0, 1, {1}}, REJECTED(FH_EVERSION), "versions 0 to 0"},
        {{3, 9, 1, {1}}, REJECTED(FH_EVERSION), "versions 3 to 9"},
        {{2, 1, 1, {1}}, REJECTED(FH_EPROTO), "versions from 2 down to 1"},
        {{1, 1, 1, {0}}, REJECTED(FH_EVERSION), "cipher 0"},
        {{1, 1, 2, {77, 255}}, REJECTED(FH_EVERSION), "ciphers that there are not"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_agree_secret secret;
        struct fh_session_self self = visitor_self(&c->visitor, &secret);
        self.offer = &rows[i].offer;
        shake_as(c, &self, rows[i].expected, rows[i].name);
    }
}

/* One that claims to be somebody else. */
static void claims(struct consumer *c)
{
    struct fh_agree_secret secret;
    const struct fh_session_self honest = visitor_self(&c->visitor, &secret);
    struct fh_session_self self = honest;
    struct fh_mesh_id mesh = *honest.mesh;
    mesh.b[0] ^= 1;
    self.mesh = &mesh;
    /* Its answer is of its own mesh, and nothing to go on from. */
    shake_as(c, &self, UNUSABLE, "of another mesh");

    self = honest;
    self.domain.b[5] ^= 1;
    shake_as(
        c, &self, REFUSED(FH_ENOTFOUND, "record.signer.domain"), "of a domain that there is not");

    struct fh_sign_public stranger_key;
    struct fh_sign_secret stranger;
    uint8_t seed[FH_SEED_BYTES];
    fh_entropy(seed, sizeof seed);
    fh_sign_keys(seed, &stranger_key, &stranger);
    self = honest;
    self.sign_secret = &stranger;
    shake_as(c, &self, REFUSED(FH_ESIG, "record.signer.unknown"), "by a key of nobody");

    self = honest;
    self.record_count = 0;
    shake_as(c, &self, ANSWERED, "without records, which the node has already");

    static const uint8_t garbage[] = {0x94, 1, 1, 1, 1};
    struct fh_bytes records[FH_SESSION_RECORDS_MAX];
    for (size_t i = 0; i < FH_COUNT(records); i++) {
        records[i] = fh_bytes(garbage, sizeof garbage);
    }
    self = honest;
    self.records = records;
    self.record_count = FH_SESSION_RECORDS_MAX;
    shake_as(c, &self, ANSWERED, "with records that are none beside a right that stands");
}

/* Frames of a handshake changed on their way, cut short, and out of order. */
static void broken_handshakes(struct consumer *c)
{
    struct visitor *v = &c->visitor;
    static const size_t cuts[] = {2, 3, 10, 33, 34, 35};
    struct fh_agree_secret secret, ephemeral;
    struct fh_session_self self = visitor_self(v, &secret);
    struct fh_buf frame FH_CLEANUP(fh_buf_fini);
    struct fh_err err;
    fh_buf_init(&frame, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    fh_entropy(ephemeral.b, sizeof ephemeral.b);
    struct fh_session *session = NULL;
    if (fh_session_start(&session, &self, &ephemeral, 0, &frame, &err) != FH_OK) {
        return;
    }
    fh_session_unref(session);
    visitor_connect(v);
    for (size_t i = 0; i < FH_COUNT(cuts); i++) {
        consumer_meet(c,
                      visitor_send(v, fh_bytes(frame.data, cuts[i])),
                      REJECTED(FH_EPROTO),
                      "the first %zu bytes of HS1",
                      cuts[i]);
    }
    /* Points of small order give no secret. */
    for (uint8_t low = 0; low < 2; low++) {
        memset(frame.data + 2, 0, 32);
        frame.data[2] = low;
        consumer_meet(c,
                      visitor_send(v, fh_buf_view(&frame)),
                      REJECTED(FH_ESIG),
                      "the point %u as ephemeral key",
                      low);
    }
}

void consumer_handshakes(struct consumer *c)
{
    suite_group(&c->suite, "handshakes");
    spoiled_hellos(c, true, 6);
    spoiled_hellos(c, false, 10);
    offers(c);
    claims(c);
    broken_handshakes(c);
    visitor_hang_up(&c->visitor);
}

/* ---- counters and tags ---- */

/* A request that was sealed well, in `v->frame`, in a session that works. */
static void seal_status(struct visitor *v)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, 64);
    fh_msg_status_request(&request);
    visitor_ready(v);
    visitor_seal(v, fh_buf_view(&request));
}

static void flipped(struct consumer *c)
{
    struct visitor *v = &c->visitor;
    seal_status(v);
    size_t size = v->frame.size;
    for (size_t i = 0; i < size; i++) {
        for (unsigned bit = 0; bit < 8; bit += i < FH_FRAME_HEADER_BYTES ? 1 : 3) {
            seal_status(v);
            v->frame.data[i] ^= (uint8_t)(1U << bit);
            unsigned type = v->frame.data[1];
            const char *expected = REJECTED(FH_ESIG);
            uint64_t counter = 0;
            for (size_t k = FH_FRAME_HEADER_BYTES; k-- > FH_FRAME_SESSION_BYTES;) {
                counter = counter << 8 | v->frame.data[k];
            }
            if (i == 0) {
                expected = REJECTED(FH_EVERSION);
            } else if (i == 1) {
                bool known = type >= 1 && type <= FH_FRAME_REJECT;
                /* As HS2, HS3, REPLY and REJECT it is nobody's: a REJECT has four bytes. */
                expected = !known || type == FH_FRAME_HS1 ? REJECTED(FH_EPROTO)
                           : type == FH_FRAME_REJECT      ? REJECTED(FH_ETOOBIG)
                                                          : REJECTED(FH_ENOTFOUND);
            } else if (i < FH_FRAME_SESSION_BYTES) {
                expected = REJECTED(FH_ENOTFOUND);
            } else if (counter >= FH_SESSION_MESSAGES_MAX) {
                expected = REJECTED(FH_EPROTO);
            }
            consumer_meet(c,
                          visitor_send(v, fh_buf_view(&v->frame)),
                          expected,
                          "bit %u of byte %zu flipped",
                          bit,
                          i);
        }
    }
}

static void cut_and_long(struct consumer *c)
{
    struct visitor *v = &c->visitor;
    seal_status(v);
    size_t whole = v->frame.size;
    for (size_t size = 0; size < whole; size++) {
        seal_status(v);
        consumer_meet(c,
                      visitor_send(v, fh_bytes(v->frame.data, size)),
                      size < FH_FRAME_OVERHEAD_BYTES ? REJECTED(FH_EPROTO) : REJECTED(FH_ESIG),
                      "a request cut after %zu bytes",
                      size);
    }
    for (unsigned more = 1; more <= 64; more *= 2) {
        seal_status(v);
        for (unsigned i = 0; i < more; i++) {
            fh_buf_add_u8(&v->frame, 0);
        }
        consumer_meet(c,
                      visitor_send(v, fh_buf_view(&v->frame)),
                      REJECTED(FH_ESIG),
                      "a request with %u bytes behind it",
                      more);
    }
}

/* Sends it once more, with the binding of that time. */
static void replays(struct consumer *c)
{
    struct visitor *v = &c->visitor;
    struct fh_buf old FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&old, FH_FRAME_REQUEST_BYTES_MAX);
    seal_status(v);
    fh_buf_add_bytes(&old, fh_buf_view(&v->frame));
    consumer_meet(c, visitor_send(v, fh_buf_view(&v->frame)), ANSWERED, "sent once");
    for (int i = 0; i < 16; i++) {
        consumer_meet(c,
                      visitor_send(v, fh_buf_view(&old)),
                      REJECTED(FH_ESIG),
                      "replayed after %d others",
                      i);
        seal_status(v);
        consumer_meet(c, visitor_send(v, fh_buf_view(&v->frame)), ANSWERED, "an honest one");
    }
    /* Two in the other order: each is taken once. */
    struct fh_session_binding first, second;
    struct fh_buf later FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&later, FH_FRAME_REQUEST_BYTES_MAX);
    seal_status(v);
    first = v->binding;
    fh_buf_reset(&old);
    fh_buf_add_bytes(&old, fh_buf_view(&v->frame));
    seal_status(v);
    second = v->binding;
    fh_buf_add_bytes(&later, fh_buf_view(&v->frame));
    consumer_meet(c, visitor_send(v, fh_buf_view(&later)), ANSWERED, "the later one first");
    v->binding = first;
    consumer_meet(c, visitor_send(v, fh_buf_view(&old)), ANSWERED, "the earlier one after it");
    consumer_meet(c, visitor_send(v, fh_buf_view(&old)), REJECTED(FH_ESIG), "the earlier again");
    v->binding = second;
    consumer_meet(c, visitor_send(v, fh_buf_view(&later)), REJECTED(FH_ESIG), "the later again");
}

void consumer_transport(struct consumer *c)
{
    suite_group(&c->suite, "counters and tags");
    flipped(c);
    cut_and_long(c);
    replays(c);
}
