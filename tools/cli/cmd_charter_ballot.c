/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next charter of the mesh: proposed, and voted for.
 *
 *     propose (home with the domain key) -> PROPOSAL and VOTE -> the home's node -> everybody
 *     vote (another home)                -> VOTE -> its node -> everybody: the charter is complete
 */
#include "common/mem.h"
#include "common/time.h"
#include "tools/cli/charter_columns.h"
#include "tools/cli/charter_draft.h"
#include "tools/cli/cli.h"
#include "tools/cli/steward.h"
#include "tools/cli/until.h"
#include "tools/client/charters.h"
#include "tools/client/id_prefix.h"

#include <stdio.h>
#include <string.h>

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
    fh_charter_put_changes(output, ballot->dir, before, next);
    fh_charter_put_members(output, next);
    fh_charter_put_share(output, next->threshold, next->member_count);
    fh_charter_put_names(output, ballot->dir, next->policy_signers, next->policy_signer_count);
    fh_charter_put_share(output, next->policy_threshold, next->policy_signer_count);
    fh_charter_put_names(output, ballot->dir, next->expelled, next->expelled_count);
    fh_output_time(output, next->expires_ms);
    fh_charter_put_names(output, ballot->dir, voters, count);
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
                                      .policy_signers = fh_args_value(args, "policy-signers"),
                                      .settle = fh_args_has(args, "settle")};
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

/* The charter that the one at hand would follow: a copy, since votes may end that. */
static struct fh_charter *copy_before(const struct ballot *ballot, struct fh_err *err)
{
    const struct fh_charter *before = fh_charter_before(ballot->dir, &ballot->charter);
    struct fh_charter *copy = fh_alloc(sizeof *copy);
    if (copy == NULL || before == NULL) {
        fh_free(copy);
        (void)fh_err_set(err, FH_ENOMEM, "no memory for a charter");
        return NULL;
    }
    *copy = *before;
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
        before = copy_before(ballot, err);
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
        before = copy_before(ballot, err);
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
