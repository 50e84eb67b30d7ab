/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/why.h"

#include "common/mem.h"
#include "proto/gossip/facts.h"
#include "proto/gossip/gossip.h"

#include <string.h>

/* ---- reading ---- */

static int list_head(struct fh_pack_reader *reader, size_t *out, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_why_list(reader, &count, err);
    if (code == FH_OK && count > FH_WHY_LIST_MAX) {
        code = fh_err_rule(
            err, FH_EPROTO, "why.many", "the peer tells more than %d of a kind", FH_WHY_LIST_MAX);
    }
    if (code == FH_OK) {
        *out = count;
    }
    return code;
}

static void keep(struct fh_why_record *out, struct fh_bytes record)
{
    if (record.size > 0 && record.size <= sizeof out->bytes) {
        memcpy(out->bytes, record.data, record.size);
        out->size = record.size;
    }
}

static int read_lists(struct fh_why *why, struct fh_pack_reader *reader, struct fh_err *err)
{
    int code = list_head(reader, &why->timer_count, err);
    for (size_t i = 0; code == FH_OK && i < why->timer_count; i++) {
        code = fh_msg_timer_next(reader, &why->timers[i], err);
    }
    if (code == FH_OK) {
        code = list_head(reader, &why->accuser_count, err);
    }
    for (size_t i = 0; code == FH_OK && i < why->accuser_count; i++) {
        struct fh_why_accuser *accuser = &why->accusers[i];
        code = fh_msg_accuser_next(reader, &accuser->told, err);
        if (code == FH_OK) {
            keep(&accuser->record, accuser->told.record);
            accuser->told.record = FH_BYTES_NONE;
        }
    }
    if (code == FH_OK) {
        code = list_head(reader, &why->session_count, err);
    }
    for (size_t i = 0; code == FH_OK && i < why->session_count; i++) {
        code = fh_msg_why_session_next(reader, &why->sessions[i], err);
    }
    return code;
}

static int ask(struct fh_why *why,
               struct freehold_client *client,
               const struct fh_node_id *node,
               struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_why_request(&client->request, node);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_why_read(&reader, &why->told, err);
    }
    if (code == FH_OK) {
        keep(&why->alive, why->told.alive);
        keep(&why->leave, why->told.leave);
        why->told.alive = why->told.leave = FH_BYTES_NONE; /* the answer gives way to others */
        code = read_lists(why, &reader, err);
    }
    if (code == FH_OK && !fh_node_id_equal(&why->told.peer.node, node)) {
        code = fh_err_rule(err, FH_EPROTO, "why.node", "the peer tells of another node");
    }
    return code;
}

/* ---- judging ---- */

/* Whether the record says what it is shown for. */
static int check_fact(const struct fh_fact *fact,
                      enum fh_fact_kind kind,
                      const struct fh_msg_peer *of,
                      const struct fh_node_id *accuser,
                      struct fh_err *err)
{
    if (fact->kind != kind || !fh_node_id_equal(&fact->node, &of->node)) {
        return fh_err_rule(err, FH_EPROTO, "why.record", "it is a record of another kind or node");
    }
    if (kind == FH_FACT_SUSPECT && !fh_node_id_equal(&fact->accuser, accuser)) {
        return fh_err_rule(err, FH_ESIG, "why.accuser", "it is another node's suspicion");
    }
    bool is_older = fact->generation < of->generation ||
                    (fact->generation == of->generation && fact->incarnation < of->incarnation);
    bool may_be_older = kind == FH_FACT_ALIVE && of->state == FH_MEMBER_LEFT;
    if ((is_older && !may_be_older) || fact->generation > of->generation) {
        return fh_err_rule(err, FH_ESTALE, "why.life", "it is about another life of the node");
    }
    return FH_OK;
}

/* Whether `node` of the domain signed it. */
static int check_signer(struct freehold_client *client,
                        const struct fh_record *record,
                        const struct fh_domain_id *domain,
                        const struct fh_node_id *node,
                        int64_t issued_ms,
                        struct fh_err *err)
{
    struct fh_signer signer;
    int code = fh_client_verify(
        client, record, domain, FH_ROLE_MASK(FH_ROLE_NODE), issued_ms, &signer, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_node_id by = fh_node_id_of(&signer.key);
    return fh_node_id_equal(&by, node)
               ? FH_OK
               : fh_err_rule(err, FH_ESIG, "why.signer", "another node of the domain signed it");
}

static int judge(struct fh_why_record *record,
                 struct freehold_client *client,
                 const struct fh_domain_id *domain,
                 enum fh_fact_kind kind,
                 const struct fh_msg_peer *of,
                 const struct fh_node_id *accuser,
                 struct fh_err *err)
{
    struct fh_fact_pool *pool = fh_fact_pool_new();
    struct fh_fact *fact = NULL;
    struct fh_record parsed;
    const struct fh_mesh_id *mesh = fh_directory_mesh(client->actor->directory);
    struct fh_bytes bytes = fh_bytes(record->bytes, record->size);
    int code = pool == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a record")
                            : fh_fact_intern(pool, bytes, mesh, &fact, err);
    if (code == FH_OK) {
        record->id = fact->id;
        record->issued_ms = fact->issued_ms;
        code = check_fact(fact, kind, of, accuser, err);
    }
    if (code == FH_OK) {
        code = fh_record_parse(&parsed, bytes, mesh, err);
    }
    if (code == FH_OK) {
        code = check_signer(client, &parsed, domain, accuser, record->issued_ms, err);
    }
    fh_fact_drop(pool, fact);
    fh_fact_pool_free(pool);
    return code;
}

static void judge_all(struct fh_why *why, struct freehold_client *client)
{
    const struct fh_msg_peer *peer = &why->told.peer;
    struct fh_why_record *own[] = {&why->alive, &why->leave};
    static const enum fh_fact_kind kinds[] = {FH_FACT_ALIVE, FH_FACT_LEAVE};
    for (size_t i = 0; i < FH_COUNT(own); i++) {
        struct fh_err err = {0};
        if (own[i]->size > 0 &&
            judge(own[i], client, &peer->domain, kinds[i], peer, &peer->node, &err) != FH_OK) {
            own[i]->judged = err;
        }
    }
    for (size_t i = 0; i < why->accuser_count; i++) {
        struct fh_why_accuser *accuser = &why->accusers[i];
        struct fh_err err = {0};
        if (accuser->record.size > 0 && judge(&accuser->record,
                                              client,
                                              &accuser->told.domain,
                                              FH_FACT_SUSPECT,
                                              peer,
                                              &accuser->told.node,
                                              &err) != FH_OK) {
            accuser->record.judged = err;
        }
    }
}

int fh_why_ask(struct fh_why **out,
               struct freehold_client *client,
               const struct fh_node_id *node,
               struct fh_err *err)
{
    struct fh_why *why = fh_calloc(1, sizeof *why);
    if (why == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an explanation");
    }
    int code = ask(why, client, node, err);
    if (code != FH_OK) {
        fh_why_free(why);
        return code;
    }
    judge_all(why, client);
    *out = why;
    return FH_OK;
}

void fh_why_free(struct fh_why *why)
{
    fh_free(why);
}
