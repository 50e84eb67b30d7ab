/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_why.h"

#include "proto/session/messages_inner.h"

enum {
    TIMER_FIELDS = 3,
    ACCUSER_FIELDS = 6,
    SESSION_FIELDS = 4,
    COUNTER_FIELDS = 3,
    PROOF_FIELDS = 7
};

/* ---- WHY ---- */

void fh_msg_why_request(struct fh_buf *out, const struct fh_node_id *node)
{
    fh_msg_begin(out, FH_MSG_WHY, 1);
    fh_pack_bin(out, fh_bytes(node->b, FH_ID_BYTES));
}

int fh_msg_why_request_read(struct fh_pack_reader *reader,
                            struct fh_node_id *out,
                            struct fh_err *err)
{
    struct fh_node_id node;
    fh_pack_read_fixed(reader, node.b, FH_ID_BYTES);
    int rc = fh_msg_done(reader, "why", err);
    if (rc == FH_OK) {
        *out = node;
    }
    return rc;
}

void fh_msg_why_answer_begin(struct fh_buf *out, const struct fh_msg_why *why)
{
    fh_msg_ok(out, 10);
    fh_msg_peers_answer_add(out, &why->peer);
    fh_pack_cstr(out, why->next);
    fh_pack_uint(out,
                 (why->forked ? 1u : 0u) | (why->probing ? 2u : 0u) | (why->own_failed ? 4u : 0u) |
                     (why->trial ? 8u : 0u) | (why->keys_held ? 16u : 0u));
    fh_pack_uint(out, why->others);
    fh_pack_uint(out, why->others_needed);
    fh_pack_bin(out, why->alive);
    fh_pack_bin(out, why->leave);
}

void fh_msg_timer_add(struct fh_buf *out, const struct fh_msg_timer *timer)
{
    fh_pack_array(out, TIMER_FIELDS);
    fh_pack_cstr(out, timer->name);
    fh_pack_uint(out, timer->in_ms);
    fh_pack_cstr(out, timer->what);
}

void fh_msg_accuser_add(struct fh_buf *out, const struct fh_msg_accuser *accuser)
{
    fh_pack_array(out, ACCUSER_FIELDS);
    fh_pack_bin(out, fh_bytes(accuser->node.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(accuser->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, accuser->domain_name);
    fh_pack_bool(out, accuser->own);
    fh_pack_uint(out, accuser->issued_ms);
    fh_pack_bin(out, accuser->record);
}

void fh_msg_why_session_add(struct fh_buf *out, const struct fh_msg_why_session *session)
{
    fh_pack_array(out, SESSION_FIELDS);
    fh_pack_cstr(out, session->state);
    fh_pack_uint(out, session->used_ms_ago);
    fh_pack_uint(out, session->waiting);
    fh_pack_uint(out, session->running);
}

int fh_msg_why_read(struct fh_pack_reader *reader, struct fh_msg_why *out, struct fh_err *err)
{
    struct fh_msg_why why;
    int rc = fh_msg_peers_next(reader, &why.peer, err);
    if (rc != FH_OK) {
        return rc;
    }
    fh_pack_read_cstr(reader, why.next, sizeof why.next);
    uint64_t flags = fh_pack_read_uint(reader, UINT64_MAX);
    why.forked = (flags & 1) != 0;
    why.probing = (flags & 2) != 0;
    why.own_failed = (flags & 4) != 0;
    why.trial = (flags & 8) != 0;
    why.keys_held = (flags & 16) != 0;
    why.others = fh_pack_read_uint(reader, UINT64_MAX);
    why.others_needed = fh_pack_read_uint(reader, UINT64_MAX);
    why.alive = fh_pack_read_bin(reader, FH_RECORD_GOSSIP_BYTES_MAX);
    why.leave = fh_pack_read_bin(reader, FH_RECORD_GOSSIP_BYTES_MAX);
    rc = fh_msg_done(reader, "why", err);
    if (rc == FH_OK) {
        *out = why;
    }
    return rc;
}

int fh_msg_why_list(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "why", out_count, err);
}

int fh_msg_timer_next(struct fh_pack_reader *reader, struct fh_msg_timer *out, struct fh_err *err)
{
    struct fh_msg_timer timer;
    uint32_t count = fh_msg_entry_begin(reader, TIMER_FIELDS);
    fh_pack_read_cstr(reader, timer.name, sizeof timer.name);
    timer.in_ms = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_cstr(reader, timer.what, sizeof timer.what);
    fh_msg_entry_end(reader, count, TIMER_FIELDS);
    int rc = fh_msg_done(reader, "timer", err);
    if (rc == FH_OK) {
        *out = timer;
    }
    return rc;
}

int fh_msg_accuser_next(struct fh_pack_reader *reader,
                        struct fh_msg_accuser *out,
                        struct fh_err *err)
{
    struct fh_msg_accuser accuser;
    uint32_t count = fh_msg_entry_begin(reader, ACCUSER_FIELDS);
    fh_pack_read_fixed(reader, accuser.node.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, accuser.domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, accuser.domain_name, sizeof accuser.domain_name);
    accuser.own = fh_pack_read_bool(reader);
    accuser.issued_ms = fh_pack_read_uint(reader, INT64_MAX);
    accuser.record = fh_pack_read_bin(reader, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_msg_entry_end(reader, count, ACCUSER_FIELDS);
    int rc = fh_msg_done(reader, "accuser", err);
    if (rc == FH_OK) {
        *out = accuser;
    }
    return rc;
}

int fh_msg_why_session_next(struct fh_pack_reader *reader,
                            struct fh_msg_why_session *out,
                            struct fh_err *err)
{
    struct fh_msg_why_session session;
    uint32_t count = fh_msg_entry_begin(reader, SESSION_FIELDS);
    fh_pack_read_cstr(reader, session.state, sizeof session.state);
    session.used_ms_ago = fh_pack_read_uint(reader, UINT64_MAX);
    session.waiting = fh_pack_read_uint(reader, UINT64_MAX);
    session.running = fh_pack_read_uint(reader, UINT64_MAX);
    fh_msg_entry_end(reader, count, SESSION_FIELDS);
    int rc = fh_msg_done(reader, "session", err);
    if (rc == FH_OK) {
        *out = session;
    }
    return rc;
}

/* ---- COUNTERS ---- */

void fh_msg_counters_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_COUNTERS, 0);
}

void fh_msg_counters_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 1);
    fh_pack_array(out, count);
}

void fh_msg_counter_add(struct fh_buf *out, const char *name, uint64_t value, const char *what)
{
    fh_pack_array(out, COUNTER_FIELDS);
    fh_pack_cstr(out, name);
    fh_pack_uint(out, value);
    fh_pack_cstr(out, what);
}

int fh_msg_counters_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "counters", out_count, err);
}

int fh_msg_counters_next(struct fh_pack_reader *reader,
                         struct fh_msg_counter *out,
                         struct fh_err *err)
{
    struct fh_msg_counter counter;
    uint32_t count = fh_msg_entry_begin(reader, COUNTER_FIELDS);
    fh_pack_read_cstr(reader, counter.name, sizeof counter.name);
    counter.value = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_cstr(reader, counter.what, sizeof counter.what);
    fh_msg_entry_end(reader, count, COUNTER_FIELDS);
    int rc = fh_msg_done(reader, "counter", err);
    if (rc == FH_OK) {
        *out = counter;
    }
    return rc;
}

/* ---- PROOFS ---- */

void fh_msg_proofs_request(struct fh_buf *out, uint64_t after)
{
    fh_msg_begin(out, FH_MSG_PROOFS, 1);
    fh_pack_uint(out, after);
}

int fh_msg_proofs_request_read(struct fh_pack_reader *reader,
                               uint64_t *out_after,
                               struct fh_err *err)
{
    return fh_msg_number_read(reader, "proofs", INT64_MAX, out_after, err);
}

void fh_msg_proofs_answer_begin(struct fh_buf *out)
{
    fh_msg_ok(out, 2);
}

void fh_msg_proof_add(struct fh_buf *out, const struct fh_msg_proof *proof)
{
    fh_pack_array(out, PROOF_FIELDS);
    fh_pack_cstr(out, proof->rule);
    fh_pack_bin(out, fh_bytes(proof->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, proof->domain_name);
    fh_pack_cstr(out, proof->subject);
    fh_pack_bin(out, fh_bytes(proof->one.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(proof->other.b, FH_ID_BYTES));
    fh_pack_uint(out, proof->received_ms);
}

int fh_msg_proofs_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "proofs", out_count, err);
}

int fh_msg_proofs_next(struct fh_pack_reader *reader, struct fh_msg_proof *out, struct fh_err *err)
{
    struct fh_msg_proof proof;
    uint32_t count = fh_msg_entry_begin(reader, PROOF_FIELDS);
    fh_pack_read_cstr(reader, proof.rule, sizeof proof.rule);
    fh_pack_read_fixed(reader, proof.domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, proof.domain_name, sizeof proof.domain_name);
    fh_pack_read_cstr(reader, proof.subject, sizeof proof.subject);
    fh_pack_read_fixed(reader, proof.one.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, proof.other.b, FH_ID_BYTES);
    proof.received_ms = fh_pack_read_uint(reader, INT64_MAX);
    fh_msg_entry_end(reader, count, PROOF_FIELDS);
    int rc = fh_msg_done(reader, "proof", err);
    if (rc == FH_OK) {
        *out = proof;
    }
    return rc;
}

int fh_msg_proofs_end(struct fh_pack_reader *reader, uint64_t *out_after, struct fh_err *err)
{
    return fh_msg_number_read(reader, "proofs", INT64_MAX, out_after, err);
}
