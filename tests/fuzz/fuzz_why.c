/* SPDX-License-Identifier: Apache-2.0 */
/* What a node says of members, of itself and of contradictions, as it comes out of a session. The
 * first byte chooses the reader. */
#include "common/assert.h"
#include "proto/session/messages_charter.h"
#include "proto/session/messages_names.h"
#include "proto/session/messages_why.h"
#include "tests/fuzz/ends.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ends_peer(const struct fh_msg_peer *peer)
{
    ends(peer->domain_name, sizeof peer->domain_name);
    ends(peer->address, sizeof peer->address);
    ends(peer->alias, sizeof peer->alias);
}

static void peers(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    uint64_t next;
    int code = fh_msg_peers_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_peer peer;
        code = fh_msg_peers_next(reader, &peer, err);
        if (code == FH_OK) {
            ends_peer(&peer);
        }
    }
    if (code == FH_OK && fh_msg_peers_end(reader, &next, err) == FH_OK) {
        FH_ASSERT(next <= UINT32_MAX);
    }
}

static int why_accusers(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_why_list(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_accuser accuser;
        code = fh_msg_accuser_next(reader, &accuser, err);
        if (code == FH_OK) {
            ends(accuser.domain_name, sizeof accuser.domain_name);
            FH_ASSERT(accuser.record.size <= FH_RECORD_GOSSIP_BYTES_MAX);
        }
    }
    return code;
}

static void why(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_why told;
    uint32_t count = 0;
    int code = fh_msg_why_read(reader, &told, err);
    if (code == FH_OK) {
        ends_peer(&told.peer);
        ends(told.next, sizeof told.next);
        code = fh_msg_why_list(reader, &count, err);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_timer timer;
        code = fh_msg_timer_next(reader, &timer, err);
        if (code == FH_OK) {
            ends(timer.name, sizeof timer.name);
            ends(timer.what, sizeof timer.what);
        }
    }
    if (code == FH_OK) {
        code = why_accusers(reader, err);
    }
    count = 0;
    if (code == FH_OK) {
        code = fh_msg_why_list(reader, &count, err);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_why_session session;
        code = fh_msg_why_session_next(reader, &session, err);
        if (code == FH_OK) {
            ends(session.state, sizeof session.state);
        }
    }
}

static void counters(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_counters_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_counter counter;
        code = fh_msg_counters_next(reader, &counter, err);
        if (code == FH_OK) {
            ends(counter.name, sizeof counter.name);
            ends(counter.what, sizeof counter.what);
        }
    }
}

static void proofs(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    uint64_t after;
    int code = fh_msg_proofs_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_proof proof;
        code = fh_msg_proofs_next(reader, &proof, err);
        if (code == FH_OK) {
            ends(proof.rule, sizeof proof.rule);
            ends(proof.domain_name, sizeof proof.domain_name);
            ends(proof.subject, sizeof proof.subject);
        }
    }
    if (code == FH_OK && fh_msg_proofs_end(reader, &after, err) == FH_OK) {
        FH_ASSERT(after <= INT64_MAX);
    }
}

static void names(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_names_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_named named;
        code = fh_msg_named_next(reader, &named, err);
        if (code == FH_OK) {
            ends(named.name, sizeof named.name);
            FH_ASSERT(named.kind <= FH_MSG_NAME_ALIAS);
        }
    }
}

static void charters(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_charters_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_charter_known known;
        code = fh_msg_charters_next(reader, &known, err);
        FH_ASSERT(code != FH_OK || known.seq <= UINT32_MAX);
    }
}

static void charter(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_bins bins;
    struct fh_bytes record;
    uint64_t after = 0;
    if (fh_msg_charter_read(reader, &after, &bins, err) == FH_OK) {
        FH_ASSERT(after <= INT64_MAX);
        while (fh_msg_bins_next(&bins, &record)) {
            FH_ASSERT(record.size <= reader->bytes.size);
        }
    }
}

static void requests(unsigned code, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_node_id node;
    struct fh_msg_name name;
    uint64_t after = 0;
    if (code == FH_MSG_ADMIN_NAME && fh_msg_name_read(reader, &name, err) == FH_OK) {
        ends(name.name, sizeof name.name);
        ends(name.domain, sizeof name.domain);
    } else if (code == FH_MSG_WHY) {
        (void)!fh_msg_why_request_read(reader, &node, err);
    } else if (code == FH_MSG_PROOFS && fh_msg_proofs_request_read(reader, &after, err) == FH_OK) {
        FH_ASSERT(after <= INT64_MAX);
    } else if (code == FH_MSG_CHARTER &&
               fh_msg_charter_request_read(reader, &after, err) == FH_OK) {
        FH_ASSERT(after <= INT64_MAX);
    } else if (code == FH_MSG_CHARTERS) {
        bool all;
        (void)!fh_msg_charters_request_read(reader, &all, err);
    } else if (code == FH_MSG_PEERS && fh_msg_peers_request_read(reader, &after, err) == FH_OK) {
        FH_ASSERT(after <= UINT32_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const answers[])(struct fh_pack_reader *, struct fh_err *) = {
        peers, why, counters, proofs, charter, charters, names};
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    unsigned code = 0;
    if (size == 0) {
        return 0;
    }
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    unsigned choice = data[0] % (FH_COUNT(answers) + 1);
    if (choice == FH_COUNT(answers)) {
        if (fh_msg_open(&reader, rest, FH_FRAME_REQUEST_BYTES_MAX, &code, &err) == FH_OK) {
            requests(code, &reader, &err);
        }
    } else if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
        answers[choice](&reader, &err);
    }
    return 0;
}
