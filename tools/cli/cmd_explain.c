/* SPDX-License-Identifier: Apache-2.0 */
/* Why a node thinks of a member what it thinks, and what it counts. */
#include "common/time.h"
#include "proto/gossip/gossip.h"
#include "tools/cli/cli.h"
#include "tools/client/why.h"

#include <string.h>

enum { TEXT_BYTES = 256, NODE_TEXT_MIN = 16 };

/* ---- which node ---- */

/* Whether the word names the peer: its id or the beginning of it, its domain, its address. */
static bool is_named(const struct freehold_peer *peer, const char *word)
{
    size_t size = strlen(word);
    bool is_beginning = size >= NODE_TEXT_MIN && strncmp(peer->node, word, size) == 0;
    return is_beginning || strcmp(peer->domain_name, word) == 0 ||
           strcmp(peer->address, word) == 0 || (peer->self && strcmp(word, "self") == 0);
}

static int find_node(struct freehold_client *client,
                     const char *word,
                     struct fh_node_id *out,
                     struct fh_err *err)
{
    struct freehold_peers *peers = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    if (freehold_peers(&peers, client, &error) != FREEHOLD_OK) {
        return fh_cli_error(err, &error);
    }
    unsigned count = 0;
    char text[sizeof((struct freehold_peer *)0)->node] = "";
    for (size_t i = 0; i < freehold_peers_count(peers); i++) {
        struct freehold_peer peer = {.size = sizeof peer};
        freehold_peers_get(peers, i, &peer);
        if (is_named(&peer, word)) {
            count++;
            memcpy(text, peer.node, sizeof text);
        }
    }
    freehold_peers_free(peers);
    if (count == 1) {
        return fh_node_id_parse(out, text, err);
    }
    if (count == 0) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "node.unknown",
                           "the node knows no member \"%.80s\"; name it by its id, at least its "
                           "first %d letters, by its address or its domain",
                           word,
                           NODE_TEXT_MIN);
    }
    return fh_err_rule(err,
                       FH_EUSAGE,
                       "node.ambiguous",
                       "%u members are called \"%.80s\"; name one by its id",
                       count,
                       word);
}

/* ---- rows ---- */

static void put(struct fh_output *output,
                const char *section,
                const char *name,
                const char *value,
                const char *text)
{
    fh_output_text(output, section);
    fh_output_text(output, name);
    fh_output_text(output, value);
    fh_output_text(output, text);
}

static void put_number(struct fh_output *output, const char *name, uint64_t value, const char *text)
{
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)value);
    put(output, "member", name, number, text);
}

static void put_member(struct fh_output *output, const struct fh_why *why)
{
    const struct fh_msg_peer *peer = &why->told.peer;
    char node[FH_ID_TEXT_BYTES], age[FH_AGE_BYTES], text[TEXT_BYTES];
    fh_node_id_text(node, &peer->node);
    put(output, "member", "node", node, peer->self ? "the node that answers" : "");
    put(output, "member", "domain", peer->domain_name, "");
    put(output, "member", "address", peer->address, "");
    fh_cli_age(age, peer->state_ms);
    snprintf(text, sizeof text, "since %s", age);
    put(output,
        "member",
        "state",
        peer->state < FH_MEMBER_STATE_COUNT
            ? fh_member_state_text((enum fh_member_state)peer->state)
            : "unknown",
        text);
    fh_cli_age(age, peer->heard_ms_ago);
    put(output, "member", "heard", age, "since it last answered this node itself");
    put_number(output, "rtt_ms", peer->rtt_ms, "round trip of its answers; 0: not known");
    put_number(output, "generation", peer->generation, "of its start");
    put_number(output, "incarnation", peer->incarnation, "raised to refute a suspicion");
    put_number(output, "products", peer->products, "that its domain announces, as it says");
    put(output,
        "member",
        "forked",
        why->told.forked ? "yes" : "no",
        why->told.forked ? "it signed two records of one life: two instances of its key live" : "");
}

static void put_record(struct fh_output *output,
                       const char *section,
                       const char *name,
                       const struct fh_why_record *record)
{
    char id[FH_ID_TEXT_BYTES], issued[FH_TIME_TEXT_BYTES], text[TEXT_BYTES];
    if (record->size == 0) {
        put(output, section, name, "not held", "the signed record is not here any more");
        return;
    }
    fh_record_id_text(id, &record->id);
    fh_time_text(issued, record->issued_ms);
    if (record->judged.code == FH_OK) {
        snprintf(text, sizeof text, "signed %s, record %s", issued, id);
        put(output, section, name, "verified", text);
    } else {
        put(output, section, name, "does not verify", record->judged.text);
    }
}

static void put_accusers(struct fh_output *output, const struct fh_why *why)
{
    char needed[TEXT_BYTES];
    for (size_t i = 0; i < why->accuser_count; i++) {
        const struct fh_msg_accuser *told = &why->accusers[i].told;
        char id[FH_ID_SHORT_BYTES], name[TEXT_BYTES];
        fh_node_id_short(id, &told->node);
        snprintf(name,
                 sizeof name,
                 "%s %s%s",
                 told->domain_name[0] == '\0' ? "(unknown)" : told->domain_name,
                 id,
                 told->own ? " (the node that answers)" : "");
        put_record(output, "accuser", name, &why->accusers[i].record);
    }
    bool is_suspect = why->told.peer.state == FH_MEMBER_SUSPECT;
    if (is_suspect || why->accuser_count > 0) {
        put(output,
            "verdict",
            "own_probe",
            why->told.own_failed ? "failed" : "did not fail",
            why->told.trial ? "a probe that decides is wanted or runs" : "");
        snprintf(needed,
                 sizeof needed,
                 "of %llu that stand for a failed probe of its own",
                 (unsigned long long)why->told.others_needed);
        char others[24];
        snprintf(others, sizeof others, "%llu", (unsigned long long)why->told.others);
        put(output, "verdict", "other_accusers", others, needed);
    }
}

static int put_why(struct fh_cli *cli, const struct fh_why *why, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"section", FH_OUTPUT_TEXT},
        {"name", FH_OUTPUT_TEXT},
        {"value", FH_OUTPUT_TEXT},
        {"text", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    put_member(output, why);
    put_record(output, "record", "alive", &why->alive);
    if (why->leave.size > 0) {
        put_record(output, "record", "leave", &why->leave);
    }
    put_accusers(output, why);
    for (size_t i = 0; i < why->timer_count; i++) {
        char value[32];
        snprintf(value, sizeof value, "%llu ms", (unsigned long long)why->timers[i].in_ms);
        put(output, "timer", why->timers[i].name, value, why->timers[i].what);
    }
    for (size_t i = 0; i < why->session_count; i++) {
        const struct fh_msg_why_session *session = &why->sessions[i];
        char age[FH_AGE_BYTES], text[TEXT_BYTES];
        fh_cli_age(age, session->used_ms_ago);
        snprintf(text,
                 sizeof text,
                 "used %s ago, %llu questions on their way, %llu waiting",
                 age,
                 (unsigned long long)session->running,
                 (unsigned long long)session->waiting);
        put(output, "session", "to_it", session->state, text);
    }
    put(output,
        "session",
        "datagrams",
        why->told.keys_held ? "keys held" : "no keys",
        why->told.keys_held ? "" : "they are agreed on with the next datagram");
    put(output, "next", "will", "", why->told.next);
    return fh_output_end(output, err);
}

int fh_cmd_peers_explain(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct fh_why *why FH_CLEANUP(fh_why_freep) = NULL;
    struct fh_node_id node;
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK) {
        code = find_node(client, args->operands[0], &node, err);
    }
    if (code == FH_OK) {
        code = fh_why_ask(&why, client, &node, err);
    }
    freehold_close(client);
    return code == FH_OK ? put_why(cli, why, err) : code;
}

/* ---- what it counts ---- */

static int
put_counters(struct fh_cli *cli, struct fh_pack_reader *reader, uint32_t count, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"counter", FH_OUTPUT_TEXT},
        {"value", FH_OUTPUT_NUMBER},
        {"what", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    int code = FH_OK;
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_counter counter;
        code = fh_msg_counters_next(reader, &counter, err);
        if (code == FH_OK) {
            fh_output_text(output, counter.name);
            fh_output_uint(output, counter.value);
            fh_output_text(output, counter.what);
        }
    }
    return code == FH_OK ? fh_output_end(output, err) : code;
}

int fh_cli_counters(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct fh_pack_reader reader;
    uint32_t count = 0;
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK) {
        code = fh_client_ready(client, err);
    }
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_counters_request(&client->request);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_counters_read(&reader, &count, err);
    }
    if (code == FH_OK) {
        code = put_counters(cli, &reader, count, err);
    }
    freehold_close(client);
    return code;
}
