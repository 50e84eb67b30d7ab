/* SPDX-License-Identifier: Apache-2.0 */
/* A whole session with fixed secrets: handshake, welcome, a request, its reply; then frames that
 * must not open. */
#include "proto/session/session.h"

#include "common/assert.h"
#include "proto/session/messages.h"
#include "tests/lib/identities.h"
#include "tests/vectors/writer.h"

enum { FRAME_BYTES_MAX = 4096 };

static const uint64_t session_number = UINT64_C(0x0102030405060708);

struct end {
    struct test_domain domain;
    struct fh_agree_secret static_secret;
    struct fh_agree_secret ephemeral;
    struct test_record delegation;
    struct fh_bytes records[2];
    struct fh_session_self self;
    struct fh_session *session;
};

static const struct fh_session_offer offer_aes = {
    .version_min = FH_PROTOCOL_VERSION_MIN,
    .version_max = FH_PROTOCOL_VERSION_MAX,
    .cipher_count = 2,
    .ciphers = {FH_CIPHER_AES256GCM, FH_CIPHER_CHACHAPOLY},
};

static void end_init(struct end *end,
                     unsigned number,
                     const struct fh_mesh_id *mesh,
                     const struct fh_session_offer *offer)
{
    end->domain = test_domain_of(number);
    memcpy(end->static_secret.b, test_key_of("agree", number).seed, 32);
    memcpy(end->ephemeral.b, test_key_of("ephemeral", number).seed, 32);
    end->delegation = test_delegation(&end->domain, &end->domain.node, FH_ROLE_NODE, mesh);
    end->records[0] = test_bytes(&end->domain.inception);
    end->records[1] = test_bytes(&end->delegation);
    end->self = (struct fh_session_self){.mesh = mesh,
                                         .static_secret = &end->static_secret,
                                         .domain = end->domain.id,
                                         .sign_secret = &end->domain.node.secret,
                                         .records = end->records,
                                         .record_count = FH_COUNT(end->records),
                                         .offer = offer};
}

struct transcript {
    struct fh_buf hs1;
    struct fh_buf hs2;
    struct fh_buf hs3;
    struct fh_buf welcome;
    struct fh_buf request;
    struct fh_buf reply;
};

static struct fh_frame parsed(const struct fh_buf *bytes)
{
    struct fh_frame frame;
    FH_ASSERT(fh_buf_ok(bytes) == FH_OK);
    FH_ASSERT(fh_frame_parse(&frame, fh_buf_view(bytes), NULL) == FH_OK);
    return frame;
}

static void shake_hands(struct transcript *t, struct end *initiator, struct end *responder)
{
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_buf greeting FH_CLEANUP(fh_buf_fini);
    struct fh_frame frame;
    fh_buf_init(&answer, FRAME_BYTES_MAX);
    fh_buf_init(&greeting, 64);
    fh_msg_ok(&greeting, 0);
    FH_ASSERT(fh_session_start(
                  &initiator->session, &initiator->self, &initiator->ephemeral, 0, &t->hs1, NULL) ==
              FH_OK);
    frame = parsed(&t->hs1);
    FH_ASSERT(fh_session_answer(&responder->session,
                                &responder->self,
                                &frame,
                                &responder->ephemeral,
                                session_number,
                                0,
                                &t->hs2,
                                NULL) == FH_OK);
    frame = parsed(&t->hs2);
    FH_ASSERT(fh_session_identify(initiator->session, &frame, 0, NULL) == FH_OK);
    FH_ASSERT(fh_session_accept(
                  initiator->session, &initiator->self, FH_BYTES_NONE, 0, &t->hs3, NULL) == FH_OK);
    frame = parsed(&t->hs3);
    FH_ASSERT(fh_session_identify(responder->session, &frame, 0, NULL) == FH_OK);
    FH_ASSERT(
        fh_session_accept(
            responder->session, &responder->self, fh_buf_view(&greeting), 0, &t->welcome, NULL) ==
        FH_OK);
    frame = parsed(&t->welcome);
    FH_ASSERT(fh_session_confirm(initiator->session, &frame, 0, &answer, NULL) == FH_OK);
}

static void ask(struct transcript *t, struct end *initiator, struct end *responder)
{
    struct fh_buf plain FH_CLEANUP(fh_buf_fini);
    struct fh_session_binding binding;
    uint8_t opened[FRAME_BYTES_MAX];
    fh_buf_init(&plain, FRAME_BYTES_MAX);
    fh_msg_probe_request(&plain, 77);
    uint8_t *at = fh_buf_reserve(&t->request, fh_session_frame_bytes(plain.size));
    FH_ASSERT(at != NULL);
    FH_ASSERT(fh_session_seal_request(
                  initiator->session, fh_buf_view(&plain), 0, at, &binding, NULL) == FH_OK);
    struct fh_frame frame = parsed(&t->request);
    FH_ASSERT(fh_session_open_request(responder->session, &frame, 0, opened, &binding, NULL) ==
              FH_OK);
    fh_buf_reset(&plain);
    fh_msg_ok(&plain, 1);
    fh_pack_uint(&plain, 77);
    at = fh_buf_reserve(&t->reply, fh_session_frame_bytes(plain.size));
    FH_ASSERT(at != NULL);
    FH_ASSERT(fh_session_seal_reply(
                  responder->session, &binding, fh_buf_view(&plain), 0, at, NULL) == FH_OK);
}

static void write_secrets(struct fh_buf *out, const char *who, const struct end *end)
{
    struct fh_buf key FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&key, 64);
    fh_buf_printf(&key, "%s-static", who);
    vector_hex(out, fh_buf_cstr(&key), fh_bytes(end->static_secret.b, 32));
    fh_buf_reset(&key);
    fh_buf_printf(&key, "%s-ephemeral", who);
    vector_hex(out, fh_buf_cstr(&key), fh_bytes(end->ephemeral.b, 32));
}

/* A session as one vector; `broken` names the frame whose last byte is changed, or is NULL. */
static void write_session(struct fh_buf *out,
                          const char *name,
                          const struct transcript *t,
                          const struct end *initiator,
                          const struct end *responder,
                          const char *broken)
{
    const struct {
        const char *key;
        const struct fh_buf *bytes;
    } frames[] = {{"hs1", &t->hs1},
                  {"hs2", &t->hs2},
                  {"hs3", &t->hs3},
                  {"welcome", &t->welcome},
                  {"request", &t->request},
                  {"reply", &t->reply}};
    vector_begin(out, name, "session");
    vector_hex(out, "mesh", fh_bytes(initiator->self.mesh->b, FH_ID_BYTES));
    write_secrets(out, "initiator", initiator);
    write_secrets(out, "responder", responder);
    for (size_t i = 0; i < FH_COUNT(frames); i++) {
        uint8_t bytes[FRAME_BYTES_MAX];
        FH_ASSERT(frames[i].bytes->size <= sizeof bytes);
        memcpy(bytes, frames[i].bytes->data, frames[i].bytes->size);
        if (broken != NULL && strcmp(broken, frames[i].key) == 0) {
            bytes[frames[i].bytes->size - 1] ^= 1;
        }
        vector_hex(out, frames[i].key, fh_bytes(bytes, frames[i].bytes->size));
    }
}

/* The reply of the session, opened as if it answered another request. */
static void check_refusals(struct transcript *t, struct end *initiator)
{
    struct fh_frame frame = parsed(&t->reply);
    struct fh_session_binding other = {.request = {{1}}};
    uint8_t opened[FRAME_BYTES_MAX];
    FH_ASSERT(fh_session_open_reply(initiator->session, &frame, &other, 0, opened, NULL) ==
              FH_ESIG);
    t->reply.data[t->reply.size - 1] ^= 1;
    frame = parsed(&t->reply);
    FH_ASSERT(fh_session_open_reply(initiator->session, &frame, &other, 0, opened, NULL) ==
              FH_ESIG);
    t->reply.data[t->reply.size - 1] ^= 1;
}

/* A whole session with these offers, and each of its frames broken. */
static void write_all(struct fh_buf *out, const char *name, const struct fh_session_offer *offer)
{
    static struct end initiator;
    static struct end responder;
    struct test_domain founder = test_domain_of(0);
    struct fh_mesh_id mesh;
    struct transcript t;
    struct fh_buf *const frames[] = {&t.hs1, &t.hs2, &t.hs3, &t.welcome, &t.request, &t.reply};
    for (size_t i = 0; i < FH_COUNT(frames); i++) {
        fh_buf_init(frames[i], FRAME_BYTES_MAX);
    }
    (void)test_charter_1(&founder, &mesh);
    end_init(&initiator, 1, &mesh, offer);
    end_init(&responder, 0, &mesh, offer);
    shake_hands(&t, &initiator, &responder);
    ask(&t, &initiator, &responder);
    check_refusals(&t, &initiator);

    write_session(out, name, &t, &initiator, &responder, NULL);
    vector_text(out, "request-value", "[14,77]");
    vector_text(out, "reply-value", "[0,77]");
    static const char *const broken[] = {"hs2", "hs3", "welcome", "request", "reply"};
    for (size_t i = 0; i < FH_COUNT(broken); i++) {
        struct fh_buf text FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&text, 64);
        fh_buf_printf(&text, "broken%s.%s", name + strlen("good"), broken[i]);
        write_session(out, fh_buf_cstr(&text), &t, &initiator, &responder, broken[i]);
        vector_text(out, "refused", "session.forged");
    }
    for (size_t i = 0; i < FH_COUNT(frames); i++) {
        fh_buf_fini(frames[i]);
    }
    fh_session_unref(initiator.session);
    fh_session_unref(responder.session);
}

void vectors_session(struct fh_buf *out)
{
    vector_file(out, "Sessions: proto/README.md, sections 9 and 10.");
    write_all(out, "good", &fh_session_offer_default);
    write_all(out, "good.aes", &offer_aes);
}
