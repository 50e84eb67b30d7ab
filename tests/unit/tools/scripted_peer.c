/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tools/scripted_peer.h"

#include "common/entropy.h"
#include "common/time.h"
#include "proto/query/batch.h"
#include "proto/query/receipt.h"
#include "proto/session/messages.h"
#include "proto/session/messages_policy.h"
#include "proto/session/messages_waived.h"
#include "proto/session/session.h"

#include <nng/protocol/reqrep0/rep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 2, STREAM = 77 };

static const struct fh_quality unmeasured = {.measured = false};

/* A failure of the script itself, not of what it tests. */
static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "scripted peer: %s\n", what);
        abort();
    }
}

static bool
add_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct scripted_node *node = user;
    (void)type;
    (void)id;
    node->records[node->record_count++] = bytes;
    return true;
}

void scripted_node_open(struct scripted_node *node, struct fh_actor *actor)
{
    struct fh_err err = {0};
    *node = (struct scripted_node){.actor = actor};
    must(fh_actor_key(&actor->home, "node", FH_KEY_NODE, &node->key, &node->secret, &err) == FH_OK,
         err.text);
    fh_entropy(node->agree.b, sizeof node->agree.b);
    node->id = fh_node_id_of(&node->key);
    struct fh_ref ref = fh_node_id_ref(&node->id);
    fh_directory_credentials(
        actor->directory, &actor->domain, &ref, fh_clock_wall_ms(), add_record, node);
}

static void take_time(unsigned ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* ---- what a node would look up ---- */

static void fill_table(const struct scripted_peer *peer, struct fh_msg_plan_table *table)
{
    const struct scripted_node *owner = peer->owner_is_remote ? &peer->owner : &peer->entry;
    table->domain = peer->lie == LIE_PLAN_STRANGER ? *peer->stranger : owner->actor->domain;
    if (peer->lie == LIE_PLAN_DOMAIN) {
        table->domain =
            peer->owner_is_remote ? peer->entry.actor->domain : peer->owner.actor->domain;
    }
    table->node = owner->id;
    table->reachable = peer->lie != LIE_PLAN_UNREACHABLE;
    table->status = FH_ANNOUNCE_ACTIVE;
    snprintf(table->domain_name, sizeof table->domain_name, "%s", owner->actor->settings.domain);
    snprintf(table->product,
             sizeof table->product,
             "%s",
             peer->lie == LIE_PLAN_TABLE ? "secrets" : "flights");
    snprintf(table->table, sizeof table->table, "flights");
    snprintf(table->version, sizeof table->version, "1.0.0");
    memset(table->contract.b, 0x42, sizeof table->contract.b);
}

static void answer_plan(const struct scripted_peer *peer, struct fh_buf *out)
{
    struct fh_msg_plan *plan = calloc(1, sizeof *plan);
    must(plan != NULL, "memory");
    plan->entry = peer->entry.id;
    plan->table_count = 1;
    /* A liar would like to see the rows: `joined` is ignored for a single owner. */
    plan->joined = peer->owner_is_remote;
    fill_table(peer, &plan->tables[0]);
    if (peer->lie == LIE_PLAN_MORE) {
        const struct fh_actor *own = peer->entry.actor;
        struct fh_msg_plan_table *table = &plan->tables[plan->table_count++];
        *table = plan->tables[0];
        table->domain = own->domain;
        table->node = peer->entry.id;
        snprintf(table->domain_name, sizeof table->domain_name, "%s", own->settings.domain);
    }
    plan->table_count = peer->lie == LIE_PLAN_NOTHING ? 0 : plan->table_count;
    fh_msg_plan_answer(out, plan);
    free(plan);
}

static size_t make_batch(const struct scripted_peer *peer, unsigned index, uint8_t out[4096])
{
    struct fh_err err = {0};
    struct fh_buf header;
    size_t size = 0;
    bool other = peer->lie == LIE_OTHER_COLUMNS && index > 0;
    struct fh_batch_slot slot = {
        .name = fh_bytes_cstr("n"),
        .type = {.code = other ? FH_TYPE_DOUBLE : FH_TYPE_INT64},
    };
    if (index % 2 == 1 && !other) { /* the client says that it reads these */
        slot.encoding = FH_BATCH_NARROW;
        slot.width = 1;
        slot.base = -1;
        slot.unit = 1;
    }
    fh_buf_init(&header, 4096);
    must(fh_batch_begin(out, 4096, ROWS, &slot, 1, &header, &size, &err) == FH_OK, err.text);
    for (unsigned row = 0; row < ROWS; row++) {
        uint64_t value = index * ROWS + row; /* little-endian, like every machine of the tests */
        if (slot.encoding == FH_BATCH_NARROW) {
            slot.data[row] = (uint8_t)(value + 1);
        } else {
            memcpy(slot.data + row * sizeof value, &value, sizeof value);
        }
    }
    fh_buf_fini(&header);
    if (peer->lie == LIE_BROKEN_BATCH) {
        out[3] ^= 0x40;
    }
    return size;
}

static const struct fh_record_id some_waiver = {{7}};

static void tell_waived(const struct scripted_peer *peer, struct fh_buf *out)
{
    struct fh_msg_waived waived = {.id = some_waiver,
                                   .policy = "personal",
                                   .version = "1.0.0",
                                   .rule = "mask[0]",
                                   .urgent = true,
                                   .until_ms = 1806537599999,
                                   .whom = FH_WAIVED_DOMAIN};
    waived.table = peer->waived == WAIVED_ELSEWHERE ? 1 : 0;
    fh_msg_waived_put(
        out, &waived, peer->waived == WAIVED_TOLD || peer->waived == WAIVED_ELSEWHERE);
}

static void fill_receipt(const struct scripted_peer *peer,
                         const struct scripted_node *node,
                         const struct fh_record *request,
                         struct fh_receipt *receipt)
{
    struct fh_query_request *asked = calloc(1, sizeof *asked);
    struct fh_err err = {0};
    must(asked != NULL && fh_query_request_parse(asked, request->payload, &err) == FH_OK, err.text);
    receipt->request = request->id;
    receipt->request_id = asked->id;
    receipt->owner = node->actor->domain;
    receipt->node = node->id;
    receipt->outcome = peer->lie == LIE_EARLY_END ? FH_ECANCELLED : FH_OK;
    receipt->contract_count = asked->table_count;
    for (size_t i = 0; i < asked->table_count; i++) {
        receipt->contracts[i] = asked->tables[i].contract;
    }
    free(asked);
    struct fh_tally tally;
    fh_tally_init(&tally, false);
    for (unsigned i = 0; i < peer->batch_tags; i++) {
        uint8_t batch[4096];
        size_t size = make_batch(peer, i, batch);
        fh_tally_batch(
            &tally, ROWS, fh_bytes(batch, size), peer->tags.data + i * FH_AEAD_TAG_BYTES, NULL);
    }
    receipt->sent = fh_tally_read(&tally);
    receipt->sent.rows += peer->lie == LIE_FEWER_ROWS ? 1 : 0;
    receipt->sent.rows -= peer->lie == LIE_MORE_ROWS ? 1 : 0;
    receipt->sent.tags.b[0] ^= peer->lie == LIE_OTHER_TAGS ? 1 : 0;
    receipt->request.b[0] ^= peer->lie == LIE_OTHER_REQUEST ? 1 : 0;
    if (peer->lie == LIE_PLAN_SILENT) {
        struct fh_announcement product = {.domain = node->actor->domain,
                                          .product = "flights",
                                          .version = "1.0.0",
                                          .status = FH_ANNOUNCE_DEPRECATED,
                                          .sunset_ms = 1806537599999,
                                          .successor = "flights@2"};
        fh_receipt_notice(receipt, &product, &unmeasured);
        snprintf(product.version, sizeof product.version, "1.0.1"); /* not what was read */
        fh_receipt_notice(receipt, &product, &unmeasured);
        snprintf(product.product, sizeof product.product, "crews");
        fh_receipt_notice(receipt, &product, &unmeasured);
    }
    if (peer->waived != WAIVED_NOWHERE) {
        struct fh_announcement product = {.domain = node->actor->domain,
                                          .product = "flights",
                                          .version = "1.0.0",
                                          .status = FH_ANNOUNCE_ACTIVE};
        const struct fh_notice_waiver waiver = {
            .id = some_waiver, .until_ms = 1806537599999, .urgent = true};
        fh_receipt_waived(receipt, &product, &unmeasured, &waiver);
    }
    receipt->started_ms = fh_clock_wall_ms();
    receipt->finished_ms = receipt->started_ms;
}

/* Appends the RECEIPT record. */
static void
make_receipt(struct scripted_peer *peer, const struct scripted_node *node, struct fh_buf *record)
{
    struct fh_err err = {0};
    struct fh_record request;
    struct fh_receipt *receipt = calloc(1, sizeof *receipt);
    must(receipt != NULL, "memory");
    must(fh_record_parse(&request, fh_buf_view(&peer->request_record), peer->mesh, &err) == FH_OK,
         err.text);
    fill_receipt(peer, node, &request, receipt);
    struct fh_buf payload;
    fh_buf_init(&payload, 64 * 1024);
    must(fh_receipt_build(&payload, receipt, &err) == FH_OK, err.text);
    struct fh_sign_secret signer = node->secret;
    struct fh_sign_public ignored;
    if (peer->lie == LIE_MEMBER_SIGNS) {
        must(fh_actor_key(&node->actor->home, "member", FH_KEY_MEMBER, &ignored, &signer, &err) ==
                 FH_OK,
             err.text);
    }
    fh_record_seal(record, FH_RECORD_RECEIPT, peer->mesh, fh_buf_view(&payload), &signer);
    if (peer->lie == LIE_BAD_SIGNATURE) {
        record->data[record->size - 1] ^= 1;
    }
    fh_buf_fini(&payload);
    free(receipt);
}

static void
answer_end(struct scripted_peer *peer, const struct scripted_node *node, struct fh_buf *out)
{
    if (peer->lie == LIE_NO_RECEIPT) {
        fh_msg_next_end_begin(out, 0);
        return;
    }
    struct fh_buf record;
    fh_buf_init(&record, 64 * 1024);
    make_receipt(peer, node, &record);
    fh_msg_next_end_begin(out, 1);
    fh_pack_bin(out, fh_buf_view(&record));
    fh_buf_fini(&record);
}

/* What a node answers that has the first batch at once. */
static void
answer_inline(struct scripted_peer *peer, const struct scripted_node *node, struct fh_buf *out)
{
    uint8_t bytes[4096];
    uint8_t tag[FH_AEAD_TAG_BYTES];
    struct fh_bytes batch = fh_bytes(bytes, make_batch(peer, 0, bytes));
    struct fh_buf record;
    fh_buf_init(&record, 64 * 1024);
    fh_tally_inline_tag(tag, batch);
    fh_buf_reset(&peer->tags);
    fh_buf_add(&peer->tags, tag, sizeof tag);
    peer->batch_tags = 1;
    if (peer->batches == 1) {
        make_receipt(peer, node, &record);
    }
    struct fh_bytes receipt = fh_buf_view(&record);
    fh_msg_query_answer(out, STREAM, &batch, peer->batches == 1 ? &receipt : NULL);
    fh_msg_limited_tables(out, 0);
    tell_waived(peer, out);
    fh_buf_fini(&record);
}

/* True when the answer carries a batch, whose tag then counts. */
static bool answer_next(struct scripted_peer *peer,
                        const struct scripted_node *node,
                        struct fh_pack_reader *reader,
                        struct fh_buf *out)
{
    uint64_t stream = 0, index = 0;
    struct fh_err err = {0};
    must(fh_msg_next_request_read(reader, &stream, &index, &err) == FH_OK, err.text);
    must(stream == STREAM, "another stream");
    if (index + 1 > peer->next_asked) {
        peer->next_asked = (unsigned)index + 1;
    }
    if (index + 1 == peer->stale_next && peer->stale_times > 0) {
        peer->stale_times--;
        fh_err_rule(&err, FH_ESTALE, "query.contract.changed", "it is at version 2 now");
        fh_msg_error(out, &err, 0);
        return false;
    }
    if (index == 1 && peer->lie == LIE_FAILS_MIDWAY) {
        fh_err_rule(&err, FH_ETOOBIG, "query.rows", "more rows than allowed");
        fh_msg_error(out, &err, 0);
        return false;
    }
    if (index == 1 && peer->lie == LIE_DIES_MIDWAY) {
        peer->dies = true;
        return false;
    }
    if (index >= peer->batches) {
        answer_end(peer, node, out);
        return false;
    }
    uint8_t batch[4096];
    size_t size = make_batch(peer, (unsigned)index, batch);
    fh_msg_next_batch_head(out, size);
    fh_buf_add(out, batch, size);
    return true;
}

static bool add_bin(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    fh_pack_bin(user, bytes);
    return true;
}

static bool
count_bin(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    (void)bytes;
    ++*(uint32_t *)user;
    return true;
}

static void answer_identity(const struct scripted_peer *peer, struct fh_buf *out)
{
    uint32_t count = 0;
    fh_directory_each(peer->directory, count_bin, &count);
    fh_msg_ok(out, 1);
    fh_pack_array(out, count);
    fh_directory_each(peer->directory, add_bin, out);
}

static void answer_status(const struct scripted_node *node, struct fh_buf *out)
{
    struct fh_msg_status status = {
        .mesh = node->actor->mesh, .domain = node->actor->domain, .node = node->id, .products = 3};
    snprintf(status.mesh_name, sizeof status.mesh_name, "skies");
    snprintf(status.domain_name, sizeof status.domain_name, "%s", node->actor->settings.domain);
    snprintf(status.version, sizeof status.version, "9.9.9");
    fh_msg_status_answer(out, &status);
}

/* ---- sessions ---- */

static size_t handle_frame(struct scripted_peer *peer,
                           struct scripted_node *node,
                           struct fh_bytes bytes,
                           struct fh_buf *out);

static void
answer_relay(struct scripted_peer *peer, struct fh_pack_reader *reader, struct fh_buf *out)
{
    struct fh_node_id node;
    struct fh_bytes frame;
    struct fh_err err = {0};
    must(fh_msg_relay_read(reader, &node, &frame, &err) == FH_OK, err.text);
    must(fh_node_id_equal(&node, &peer->owner.id), "relay to another node");
    peer->relayed++;
    struct fh_buf inner;
    fh_buf_init(&inner, FH_FRAME_REPLY_BYTES_MAX);
    struct scripted_node *to = peer->lie == LIE_RELAY_OTHER ? &peer->entry : &peer->owner;
    /* The entry's own session stays as it is: the impostor shakes hands on another. */
    struct fh_session *kept = NULL;
    uint64_t kept_number = to->session_number;
    if (peer->lie == LIE_RELAY_OTHER) {
        kept = to->session;
        to->session = NULL;
    }
    handle_frame(peer, to, frame, &inner);
    if (peer->lie == LIE_RELAY_OTHER) {
        fh_session_unref(to->session);
        to->session = kept;
        to->session_number = kept_number;
    }
    if (peer->lie == LIE_RELAY_FLIPS && peer->relayed > 2) {
        inner.data[inner.size / 2] ^= 1;
    }
    if (peer->meddle != NULL) {
        peer->meddle(peer->meddle_user, &inner);
    }
    fh_msg_ok(out, 1);
    fh_pack_bin(out, fh_buf_view(&inner));
    fh_buf_fini(&inner);
}

static bool answer(struct scripted_peer *peer,
                   struct scripted_node *node,
                   struct fh_bytes payload,
                   struct fh_buf *out)
{
    struct fh_pack_reader reader;
    unsigned code = 0;
    struct fh_err err = {0};
    struct fh_bytes record;
    must(fh_msg_open(&reader, payload, FH_FRAME_REQUEST_BYTES_MAX, &code, &err) == FH_OK, err.text);
    switch (code) {
    case FH_MSG_STATUS:
        answer_status(node, out);
        break;
    case FH_MSG_IDENTITY:
        answer_identity(peer, out);
        break;
    case FH_MSG_PLAN:
        take_time(peer->slow_plan_ms);
        peer->planned++;
        peer->planned_by_owner += node == &peer->owner;
        if (peer->half_known > 0) {
            peer->half_known--;
            fh_err_rule(&err, FH_EINCOMPLETE, "product.contract.missing", "it is on its way");
            fh_msg_error(out, &err, 0);
        } else {
            answer_plan(peer, out);
        }
        break;
    case FH_MSG_RELAY:
        answer_relay(peer, &reader, out);
        break;
    case FH_MSG_QUERY:
        take_time(peer->slow_query_ms);
        record = fh_pack_read_bin(&reader, FH_FRAME_REQUEST_BYTES_MAX);
        fh_buf_reset(&peer->request_record);
        fh_buf_add_bytes(&peer->request_record, record);
        fh_buf_reset(&peer->tags);
        peer->batch_tags = 0;
        if (peer->lie == LIE_DENIED) {
            fh_err_rule(&err, FH_EDENIED, "query.access", "not for you");
            fh_msg_error(out, &err, 0);
        } else if (peer->outdated > 0) {
            peer->outdated--;
            fh_err_rule(&err, FH_ESTALE, "query.contract.changed", "it is at version 2 now");
            fh_msg_error(out, &err, 0);
        } else if (peer->inlines) {
            answer_inline(peer, node, out);
        } else {
            fh_msg_query_answer(out, STREAM, NULL, NULL);
            fh_msg_limited_tables(out, 0);
            tell_waived(peer, out);
        }
        break;
    case FH_MSG_NEXT:
        return answer_next(peer, node, &reader, out);
    case FH_MSG_CANCEL:
        peer->cancelled++;
        fh_msg_ok(out, 0);
        break;
    default:
        must(false, fh_msg_text(code));
    }
    return false;
}

static struct fh_session_self self_of(const struct scripted_peer *peer,
                                      const struct scripted_node *node)
{
    return (struct fh_session_self){
        .mesh = peer->mesh,
        .static_secret = &node->agree,
        .domain = node->actor->domain,
        .sign_secret = &node->secret,
        .records = node->records,
        .record_count = node->record_count,
    };
}

static void shake(struct scripted_peer *peer,
                  struct scripted_node *node,
                  const struct fh_frame *frame,
                  struct fh_buf *out)
{
    struct fh_session_self self = self_of(peer, node);
    struct fh_agree_secret ephemeral;
    struct fh_err err = {0};
    int64_t now_ms = fh_clock_mono_ms();
    if (frame->type == FH_FRAME_HS1) {
        peer->greeted++;
        if (peer->meddle != NULL && node == &peer->owner) {
            peer->batch_tags = 0; /* an answer that broke off is forgotten with its session */
            fh_buf_reset(&peer->tags);
        }
        fh_session_unref(node->session);
        node->session = NULL;
        fh_entropy(ephemeral.b, sizeof ephemeral.b);
        fh_entropy(&node->session_number, sizeof node->session_number);
        node->session_number |= 1;
        must(fh_session_answer(&node->session,
                               &self,
                               frame,
                               &ephemeral,
                               node->session_number,
                               now_ms,
                               out,
                               &err) == FH_OK,
             err.text);
        return;
    }
    int code = fh_session_identify(node->session, frame, now_ms, &err);
    if (code != FH_OK && peer->meddle != NULL) {
        fh_frame_reject(out, code); /* as a node does: the client was told another session */
        return;
    }
    must(code == FH_OK, err.text);
    must(fh_session_accept(node->session, &self, FH_BYTES_NONE, now_ms, out, &err) == FH_OK,
         err.text);
}

static size_t handle_frame(struct scripted_peer *peer,
                           struct scripted_node *node,
                           struct fh_bytes bytes,
                           struct fh_buf *out)
{
    struct fh_frame frame;
    struct fh_err err = {0};
    must(fh_frame_parse(&frame, bytes, &err) == FH_OK, err.text);
    if (peer->lie == LIE_SILENT_PEER) {
        fh_frame_reject(out, FH_EBUSY);
        return out->size;
    }
    if (frame.type != FH_FRAME_REQUEST) {
        shake(peer, node, &frame, out);
        return out->size;
    }
    uint8_t *plain = malloc(bytes.size);
    struct fh_session_binding binding;
    int64_t now_ms = fh_clock_mono_ms();
    must(plain != NULL, "memory");
    int code = fh_session_open_request(node->session, &frame, now_ms, plain, &binding, &err);
    if (code != FH_OK && peer->meddle != NULL) {
        free(plain);
        fh_frame_reject(out, code); /* of an answer that broke off, or of a session made up */
        return out->size;
    }
    must(code == FH_OK, err.text);
    struct fh_buf reply;
    fh_buf_init(&reply, FH_FRAME_REPLY_BYTES_MAX);
    bool batch = answer(peer, node, fh_bytes(plain, fh_session_plaintext_bytes(&frame)), &reply);
    free(plain);
    size_t size = fh_session_frame_bytes(reply.size);
    uint8_t *place = fh_buf_reserve(out, size);
    must(place != NULL, "memory");
    must(fh_session_seal_reply(node->session, &binding, fh_buf_view(&reply), now_ms, place, &err) ==
             FH_OK,
         err.text);
    if (batch) {
        fh_buf_add(&peer->tags, place + size - FH_AEAD_TAG_BYTES, FH_AEAD_TAG_BYTES);
        peer->batch_tags++;
    }
    fh_buf_fini(&reply);
    return size;
}

/* ---- the thread ---- */

/* The socket itself stays: nng_close() of NNG 1.5.2 may hang (nanomsg/nng issue 1813). */
static void hang_up(struct scripted_peer *peer, nng_msg *msg)
{
    nng_pipe pipe = nng_msg_get_pipe(msg);
    nng_listener_close(peer->listener);
    nng_pipe_close(pipe);
    nng_msg_free(msg);
}

static void *serve(void *user)
{
    struct scripted_peer *peer = user;
    nng_msg *msg = NULL;
    while (!atomic_load(&peer->stopped)) {
        int result = nng_recvmsg(peer->socket, &msg, 0);
        if (result == NNG_ETIMEDOUT) {
            continue;
        }
        must(result == 0, nng_strerror(result));
        struct fh_buf out;
        fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
        if (peer->lie == LIE_GARBAGE) {
            fh_buf_add_cstr(&out, "what you ask is none of my business");
        } else {
            handle_frame(peer, &peer->entry, fh_bytes(nng_msg_body(msg), nng_msg_len(msg)), &out);
        }
        if (peer->dies) {
            fh_buf_fini(&out);
            hang_up(peer, msg);
            break;
        }
        nng_msg_clear(msg);
        must(nng_msg_append(msg, out.data, out.size) == 0, "memory");
        fh_buf_fini(&out);
        if (nng_sendmsg(peer->socket, msg, 0) != 0) {
            nng_msg_free(msg);
        }
    }
    return NULL;
}

void scripted_peer_start(struct scripted_peer *peer)
{
    int port = 0;
    fh_buf_init(&peer->request_record, FH_FRAME_REQUEST_BYTES_MAX);
    fh_buf_init(&peer->tags, 64 * 1024);
    must(nng_rep0_open(&peer->socket) == 0, "socket");
    must(nng_socket_set_ms(peer->socket, NNG_OPT_RECVTIMEO, 20) == 0, "timeout");
    must(nng_listen(peer->socket, "tcp://127.0.0.1:0", &peer->listener, 0) == 0, "listen");
    must(nng_listener_get_int(peer->listener, NNG_OPT_TCP_BOUND_PORT, &port) == 0, "port");
    snprintf(peer->address, sizeof peer->address, "127.0.0.1:%d", port);
    must(pthread_create(&peer->thread, NULL, serve, peer) == 0, "thread");
}

void scripted_peer_stop(struct scripted_peer *peer)
{
    atomic_store(&peer->stopped, true);
    pthread_join(peer->thread, NULL);
    nng_listener_close(peer->listener);
    fh_session_unref(peer->entry.session);
    fh_session_unref(peer->owner.session);
    fh_buf_fini(&peer->request_record);
    fh_buf_fini(&peer->tags);
}
