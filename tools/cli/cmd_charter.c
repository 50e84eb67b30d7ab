/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The charter of the mesh: shown, proposed, voted for, remembered.
 *
 *     propose (home with the domain key) -> PROPOSAL and VOTE -> the home's node -> everybody
 *     vote (another home)                -> VOTE -> its node -> everybody: the charter is complete
 *
 * Whatever is shown was verified here; which node goes by which charter is what each says itself.
 */
#include "common/mem.h"
#include "common/time.h"
#include "tools/cli/charter_draft.h"
#include "tools/cli/cli.h"
#include "tools/cli/steward.h"
#include "tools/cli/until.h"
#include "tools/client/charters.h"
#include "tools/client/id_prefix.h"

#include <string.h>

enum { TEXT_BYTES_MAX = 16 * 1024 };

/* ---- what all of them print ---- */

static void put_names(struct fh_output *output,
                      const struct fh_directory *dir,
                      const struct fh_domain_id *ids,
                      size_t count)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, TEXT_BYTES_MAX);
    fh_charter_names(&text, dir, ids, count);
    fh_output_text(output, fh_buf_cstr(&text));
}

static void put_members(struct fh_output *output, const struct fh_charter *charter)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, TEXT_BYTES_MAX);
    for (unsigned i = 0; i < charter->member_count; i++) {
        fh_buf_printf(&text, "%s%s", i == 0 ? "" : ", ", charter->members[i].name);
    }
    fh_output_text(output, fh_buf_cstr(&text));
}

static void put_changes(struct fh_output *output,
                        const struct fh_directory *dir,
                        const struct fh_charter *before,
                        const struct fh_charter *after)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, TEXT_BYTES_MAX);
    fh_charter_changes(&text, dir, before, after);
    fh_output_text(output, fh_buf_cstr(&text));
}

/* "2 of 3" */
static void put_share(struct fh_output *output, unsigned part, unsigned whole)
{
    char text[32];
    snprintf(text, sizeof text, "%u of %u", part, whole);
    fh_output_text(output, text);
}

/* A client whose directory holds all that the peer knows of charters. */
static int open_learned(struct fh_cli *cli,
                        const struct fh_args *args,
                        struct freehold_client **out,
                        struct fh_err *err)
{
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), out, err);
    if (code == FH_OK) {
        code = fh_charters_learn(*out, err);
    }
    if (code == FH_OK && fh_directory_charter((*out)->actor->directory, NULL) == NULL) {
        code = fh_err_rule(err, FH_ENOTFOUND, "charter.unknown", "the peer shows no charter");
    }
    return code;
}

/* ---- show ---- */

static const char *node_state(const struct fh_msg_charter_known *node,
                              const struct fh_record_id *newest,
                              uint64_t newest_seq)
{
    if (node->seq == 0) {
        return "silent";
    }
    if (node->standing == FH_CHARTER_CONTESTED) {
        return "contested";
    }
    if (node->seq < newest_seq) {
        return "behind";
    }
    return node->seq == newest_seq && fh_record_id_equal(&node->charter, newest) ? "current"
                                                                                 : "other";
}

static int show_nodes(struct fh_cli *cli, struct freehold_client *client, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"domain", FH_OUTPUT_TEXT},
        {"node", FH_OUTPUT_TEXT},
        {"charter", FH_OUTPUT_NUMBER},
        {"state", FH_OUTPUT_TEXT},
    };
    struct fh_charter_nodes *nodes FH_CLEANUP(fh_charter_nodes_freep) = NULL;
    struct fh_record_id newest;
    const struct fh_directory *dir = client->actor->directory;
    int code = fh_charter_nodes_ask(&nodes, client, err);
    if (code != FH_OK) {
        return code;
    }
    uint64_t seq = fh_directory_charter(dir, &newest)->seq;
    unsigned behind = 0;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < nodes->count; i++) {
        const struct fh_msg_charter_known *node = &nodes->items[i];
        struct fh_err ignored;
        char id[FH_ID_TEXT_BYTES];
        (void)!fh_client_know(client, &node->domain, &ignored); /* for its name */
        fh_node_id_text(id, &node->node);
        put_names(output, dir, &node->domain, 1);
        fh_output_text(output, id);
        if (node->seq == 0) {
            fh_output_null(output);
        } else {
            fh_output_uint(output, node->seq);
        }
        fh_output_text(output, node_state(node, &newest, seq));
        behind += node->seq != seq;
    }
    code = fh_output_end(output, err);
    if (code == FH_OK && behind > 0) {
        fh_cli_say(cli,
                   "warning: %u of %zu nodes do not say that they go by charter %llu",
                   behind,
                   nodes->count,
                   (unsigned long long)seq);
    }
    return code;
}

static int show_charter(struct fh_cli *cli, const struct fh_directory *dir, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"mesh", FH_OUTPUT_TEXT},
        {"number", FH_OUTPUT_NUMBER},
        {"charter", FH_OUTPUT_TEXT},
        {"standing", FH_OUTPUT_TEXT},
        {"created", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"members", FH_OUTPUT_TEXT},
        {"threshold", FH_OUTPUT_TEXT},
        {"policy_signers", FH_OUTPUT_TEXT},
        {"policy_threshold", FH_OUTPUT_TEXT},
        {"expelled", FH_OUTPUT_TEXT},
        {"signed_by", FH_OUTPUT_TEXT},
        {"proposals", FH_OUTPUT_NUMBER},
    };
    struct fh_record_id id;
    struct fh_domain_id signers[FH_RECORD_SIGNATURES_MAX];
    const struct fh_charter *charter = fh_directory_charter(dir, &id);
    enum fh_charter_standing standing = fh_directory_charter_standing(dir, fh_clock_wall_ms());
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, charter->title);
    fh_output_uint(output, charter->seq);
    fh_output_record_id(output, &id);
    fh_output_text(output, fh_charter_standing_text(standing));
    fh_output_time(output, charter->created_ms);
    fh_output_time(output, charter->expires_ms);
    put_members(output, charter);
    put_share(output, charter->threshold, charter->member_count);
    put_names(output, dir, charter->policy_signers, charter->policy_signer_count);
    put_share(output, charter->policy_threshold, charter->policy_signer_count);
    put_names(output, dir, charter->expelled, charter->expelled_count);
    put_names(output, dir, signers, fh_directory_charter_signers(dir, &id, signers));
    fh_output_uint(output, fh_directory_proposal_count(dir));
    int code = fh_output_end(output, err);
    if (code == FH_OK && standing == FH_CHARTER_EXPIRED) {
        fh_cli_say(cli,
                   "warning: it has expired: no policy of the mesh and no other charter is taken "
                   "until %u of its members renew it: freehold charter propose",
                   charter->threshold);
    }
    if (code == FH_OK && standing == FH_CHARTER_CONTESTED) {
        fh_cli_say(cli,
                   "warning: two charters of one number are known: freehold proof list shows them, "
                   "and proof show who signed both");
    }
    return code;
}

int fh_cmd_charter_show(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    int code = open_learned(cli, args, &client, err);
    if (code == FH_OK) {
        code = fh_args_has(args, "nodes") ? show_nodes(cli, client, err)
                                          : show_charter(cli, client->actor->directory, err);
    }
    freehold_close(client);
    return code;
}

/* ---- history ---- */

static void put_row(struct fh_output *output,
                    const struct fh_directory *dir,
                    const struct fh_charter *charter,
                    const struct fh_record_id *id,
                    const char *state)
{
    const struct fh_charter *before =
        charter->seq > 1 ? fh_directory_charter_at(dir, charter->seq - 1, NULL) : NULL;
    fh_output_uint(output, charter->seq);
    fh_output_text(output, state);
    fh_output_time(output, charter->created_ms);
    fh_output_time(output, charter->expires_ms);
    put_changes(output, dir, before, charter);
    fh_output_record_id(output, id);
}

static void put_proposals(struct fh_output *output, const struct fh_directory *dir)
{
    for (size_t i = 0; i < fh_directory_proposal_count(dir); i++) {
        struct fh_directory_proposal proposal;
        fh_directory_proposal_at(dir, i, &proposal);
        put_row(output, dir, proposal.charter, &proposal.charter_id, "proposed");
        put_names(output, dir, proposal.votes, proposal.vote_count);
        fh_output_text(output, proposal.note);
    }
}

int fh_cmd_charter_history(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"number", FH_OUTPUT_NUMBER},
        {"state", FH_OUTPUT_TEXT},
        {"created", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"changes", FH_OUTPUT_TEXT},
        {"charter", FH_OUTPUT_TEXT},
        {"signed_by", FH_OUTPUT_TEXT},
        {"note", FH_OUTPUT_TEXT},
    };
    struct freehold_client *client = NULL;
    int code = open_learned(cli, args, &client, err);
    if (code != FH_OK) {
        freehold_close(client);
        return code;
    }
    const struct fh_directory *dir = client->actor->directory;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    const struct fh_charter *charter;
    struct fh_record_id id;
    for (uint64_t seq = 1; (charter = fh_directory_charter_at(dir, seq, &id)) != NULL; seq++) {
        struct fh_domain_id signers[FH_RECORD_SIGNATURES_MAX];
        bool newest = charter == fh_directory_charter(dir, NULL);
        put_row(output,
                dir,
                charter,
                &id,
                newest ? fh_charter_standing_text(
                             fh_directory_charter_standing(dir, fh_clock_wall_ms()))
                       : "past");
        put_names(output, dir, signers, fh_directory_charter_signers(dir, &id, signers));
        fh_output_text(output, "");
    }
    put_proposals(output, dir);
    code = fh_output_end(output, err);
    freehold_close(client);
    return code;
}

/* ---- propose and vote ---- */

/* The steward's home with what its node knows of charters. */
struct ballot {
    struct fh_actor *actor; /* with the domain key's home */
    struct fh_sign_secret key;
    struct freehold_client *client;
    struct fh_directory *dir; /* of the client */
    struct fh_buf records[2];
    struct fh_bytes views[2];
    uint32_t count;
    struct fh_charter charter; /* that is proposed or voted for */
    struct fh_record_id charter_id;
    bool complete;
};

static void ballot_freep(struct ballot **out)
{
    struct ballot *ballot = *out;
    if (ballot == NULL) {
        return;
    }
    fh_sign_secret_wipe(&ballot->key);
    freehold_close(ballot->client);
    fh_actor_free(ballot->actor);
    fh_buf_fini(&ballot->records[0]);
    fh_buf_fini(&ballot->records[1]);
    fh_free(ballot);
}

static int ballot_open(struct ballot **out, struct fh_cli *cli, struct fh_err *err)
{
    struct ballot *ballot = fh_calloc(1, sizeof *ballot);
    if (ballot == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a charter");
    }
    *out = ballot;
    fh_buf_init(&ballot->records[0], FH_RECORD_BYTES_MAX);
    fh_buf_init(&ballot->records[1], FH_RECORD_BYTES_MAX);
    int code = fh_steward_open(cli, &ballot->actor, &ballot->key, err);
    if (code == FH_OK) {
        code = fh_cli_client(cli, NULL, &ballot->client, err);
    }
    if (code == FH_OK) {
        ballot->dir = ballot->client->actor->directory;
        code = fh_charters_learn(ballot->client, err);
    }
    return code;
}

/* Takes a record that was just made as the node will. */
static int try_record(struct ballot *ballot, struct fh_err *err)
{
    struct fh_directory_outcome outcome;
    struct fh_buf *record = &ballot->records[ballot->count];
    int code = fh_buf_ok(record);
    if (code != FH_OK) {
        return fh_err_set(err, code, "such a charter cannot be written");
    }
    ballot->views[ballot->count++] = fh_buf_view(record);
    code = fh_directory_add(ballot->dir, fh_buf_view(record), fh_clock_wall_ms(), &outcome, err);
    ballot->complete = code == FH_OK && !fh_record_id_is_zero(&outcome.completed);
    return code;
}

static int make_vote(struct ballot *ballot, struct fh_err *err)
{
    fh_vote_make(&ballot->records[ballot->count],
                 &ballot->actor->domain,
                 &ballot->charter,
                 &ballot->actor->mesh,
                 &ballot->key);
    return try_record(ballot, err);
}

static int hand_over(const struct ballot *ballot, struct fh_err *err)
{
    int code = fh_steward_hand_over(ballot->actor, ballot->views, ballot->count, err);
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "the node did not take it");
}

static int report(struct fh_cli *cli,
                  const struct ballot *ballot,
                  const struct fh_charter *before,
                  bool dry_run,
                  struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"number", FH_OUTPUT_NUMBER},
        {"charter", FH_OUTPUT_TEXT},
        {"changes", FH_OUTPUT_TEXT},
        {"members", FH_OUTPUT_TEXT},
        {"threshold", FH_OUTPUT_TEXT},
        {"policy_signers", FH_OUTPUT_TEXT},
        {"policy_threshold", FH_OUTPUT_TEXT},
        {"expelled", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"voted", FH_OUTPUT_TEXT},
        {"complete", FH_OUTPUT_BOOL},
        {"signed", FH_OUTPUT_BOOL},
    };
    const struct fh_charter *next = &ballot->charter;
    struct fh_domain_id voters[2 * FH_CHARTER_MEMBERS_MAX];
    size_t count = 0;
    if (ballot->complete) {
        count = fh_directory_charter_signers(ballot->dir, &ballot->charter_id, voters);
    }
    for (size_t i = 0; i < fh_directory_proposal_count(ballot->dir); i++) {
        struct fh_directory_proposal proposal;
        fh_directory_proposal_at(ballot->dir, i, &proposal);
        if (fh_record_id_equal(&proposal.charter_id, &ballot->charter_id)) {
            count = proposal.vote_count;
            memcpy(voters, proposal.votes, count * sizeof *voters);
        }
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_uint(output, next->seq);
    fh_output_record_id(output, &ballot->charter_id);
    put_changes(output, ballot->dir, before, next);
    put_members(output, next);
    put_share(output, next->threshold, next->member_count);
    put_names(output, ballot->dir, next->policy_signers, next->policy_signer_count);
    put_share(output, next->policy_threshold, next->policy_signer_count);
    put_names(output, ballot->dir, next->expelled, next->expelled_count);
    fh_output_time(output, next->expires_ms);
    put_names(output, ballot->dir, voters, count);
    fh_output_bool(output, ballot->complete);
    fh_output_bool(output, !dry_run);
    int code = fh_output_end(output, err);
    if (code == FH_OK) {
        fh_cli_say(cli,
                   "%scharter %llu %s",
                   dry_run ? "not done: " : "",
                   (unsigned long long)next->seq,
                   ballot->complete ? "is complete, and in force wherever the votes arrive"
                                    : "waits for more votes: freehold charter vote ID");
    }
    return code;
}

static int read_wishes(const struct fh_args *args,
                       struct fh_charter_wishes *out,
                       int64_t now_ms,
                       struct fh_err *err)
{
    const char *until = fh_args_value(args, "until");
    const char *note = fh_args_value(args, "note");
    uint64_t threshold = 0, policy_threshold = 0;
    *out = (struct fh_charter_wishes){.add = fh_args_value(args, "add"),
                                      .expel = fh_args_value(args, "expel"),
                                      .readmit = fh_args_value(args, "readmit"),
                                      .policy_signers = fh_args_value(args, "policy-signers")};
    int code = fh_cli_number(
        &threshold, "threshold", fh_args_value(args, "threshold"), FH_RECORD_SIGNATURES_MAX, err);
    if (code == FH_OK) {
        code = fh_cli_number(&policy_threshold,
                             "policy-threshold",
                             fh_args_value(args, "policy-threshold"),
                             FH_RECORD_SIGNATURES_MAX,
                             err);
    }
    if (code == FH_OK && until != NULL) {
        code = fh_until_parse(&out->expires_ms, "--until", until, now_ms, err);
    }
    if (code == FH_OK && note != NULL && strlen(note) > FH_PROPOSAL_NOTE_BYTES_MAX) {
        code = fh_err_set(err, FH_EUSAGE, "--note: at most %d bytes", FH_PROPOSAL_NOTE_BYTES_MAX);
    }
    out->threshold = (unsigned)threshold;
    out->policy_threshold = (unsigned)policy_threshold;
    return code;
}

static int
make_proposal(struct ballot *ballot, const char *note, int64_t now_ms, struct fh_err *err)
{
    struct fh_proposal *proposal FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *proposal);
    if (proposal == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a proposal");
    }
    proposal->proposer = ballot->actor->domain;
    proposal->proposed_ms = now_ms;
    proposal->charter = ballot->charter;
    snprintf(proposal->note, sizeof proposal->note, "%s", note == NULL ? "" : note);
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_charter_payload(&payload, &ballot->charter);
    ballot->charter_id =
        fh_record_id_of(FH_RECORD_CHARTER, &ballot->actor->mesh, fh_buf_view(&payload));
    /* What a reader would say of it: the builders only say that they cannot. */
    const struct fh_record draft = {.type = FH_RECORD_CHARTER, .payload = fh_buf_view(&payload)};
    struct fh_charter again;
    int code = fh_charter_decode(&again, &draft, err);
    if (code == FH_OK) {
        fh_proposal_make(&ballot->records[0], proposal, &ballot->actor->mesh, &ballot->key);
        code = try_record(ballot, err);
    }
    return code;
}

/* The charter that is in force before votes are added: a copy, since they may end that. */
static struct fh_charter *copy_current(const struct ballot *ballot, struct fh_err *err)
{
    const struct fh_charter *current = fh_directory_charter(ballot->dir, NULL);
    struct fh_charter *copy = fh_alloc(sizeof *copy);
    if (copy == NULL || current == NULL) {
        fh_free(copy);
        (void)fh_err_set(err, FH_ENOMEM, "no memory for a charter");
        return NULL;
    }
    *copy = *current;
    return copy;
}

int fh_cmd_charter_propose(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct ballot *ballot FH_CLEANUP(ballot_freep) = NULL;
    struct fh_charter *before FH_CLEANUP(fh_freep) = NULL;
    struct fh_charter_wishes wishes;
    int64_t now_ms = fh_clock_wall_ms();
    bool dry_run = fh_args_has(args, "dry-run");
    int code = read_wishes(args, &wishes, now_ms, err);
    if (code == FH_OK) {
        code = ballot_open(&ballot, cli, err);
    }
    if (code == FH_OK) {
        code = fh_charter_draft(&ballot->charter, ballot->dir, &wishes, now_ms, err);
    }
    if (code == FH_OK) {
        before = copy_current(ballot, err);
        code = before == NULL ? err->code : FH_OK;
    }
    if (code == FH_OK) {
        code = make_proposal(ballot, fh_args_value(args, "note"), now_ms, err);
    }
    if (code == FH_OK) {
        code = make_vote(ballot, err);
    }
    if (code == FH_OK && !dry_run) {
        code = hand_over(ballot, err);
    }
    return code == FH_OK ? report(cli, ballot, before, dry_run, err) : code;
}

static int find_proposal(struct ballot *ballot, const char *word, struct fh_err *err)
{
    unsigned found = 0;
    for (size_t i = 0; i < fh_directory_proposal_count(ballot->dir); i++) {
        struct fh_directory_proposal proposal;
        fh_directory_proposal_at(ballot->dir, i, &proposal);
        if (fh_id_prefix_means(word, &proposal.charter_id) ||
            fh_id_prefix_means(word, &proposal.id)) {
            /* several members may propose the same charter */
            bool same = found > 0 && fh_record_id_equal(&proposal.charter_id, &ballot->charter_id);
            found += !same;
            ballot->charter = *proposal.charter;
            ballot->charter_id = proposal.charter_id;
        }
    }
    return fh_id_prefix_one(found, "charter.proposal", "open proposal", word, err);
}

int fh_cmd_charter_vote(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct ballot *ballot FH_CLEANUP(ballot_freep) = NULL;
    struct fh_charter *before FH_CLEANUP(fh_freep) = NULL;
    bool dry_run = fh_args_has(args, "dry-run");
    int code = ballot_open(&ballot, cli, err);
    if (code == FH_OK) {
        code = find_proposal(ballot, args->operands[0], err);
    }
    if (code == FH_OK) {
        before = copy_current(ballot, err);
        code = before == NULL ? err->code : FH_OK;
    }
    if (code == FH_OK) {
        code = make_vote(ballot, err);
    }
    if (code == FH_OK && !dry_run) {
        code = hand_over(ballot, err);
    }
    return code == FH_OK ? report(cli, ballot, before, dry_run, err) : code;
}
