/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The charter of the mesh: shown, and remembered.
 *
 * Whatever is shown was verified here; which node goes by which charter is what each says itself.
 */
#include "common/time.h"
#include "tools/cli/charter_columns.h"
#include "tools/cli/charter_draft.h"
#include "tools/cli/cli.h"
#include "tools/client/charters.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 16 * 1024 };

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
        fh_charter_put_names(output, dir, &node->domain, 1);
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

/* Who did it, and what the others can do. */
static void warn_contested(struct fh_cli *cli, const struct fh_directory *dir)
{
    struct fh_directory_contest contest;
    struct fh_buf names FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&names, TEXT_BYTES_MAX);
    if (!fh_directory_charter_contest(dir, &contest)) {
        return;
    }
    fh_charter_names(&names, dir, contest.barred.ids, contest.barred.count);
    fh_cli_say(cli,
               "warning: two charters behind charter %llu are known, which contradict each other; "
               "until they are settled no policy of the mesh and no other charter is taken",
               (unsigned long long)contest.before->seq);
    if (contest.barred.count > 0) {
        fh_cli_say(cli, "signed both, and have no voice in it: %s", fh_buf_cstr(&names));
    }
    if (contest.settles.count == 0 || contest.need == 0) {
        fh_cli_say(cli, "nobody is left who could settle it: a new mesh is the way on");
    } else {
        fh_cli_say(cli,
                   "%u of the other members of charter %llu settle it: freehold charter propose "
                   "--settle, and votes",
                   contest.need,
                   (unsigned long long)contest.before->seq);
    }
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
    fh_charter_put_members(output, charter);
    fh_charter_put_share(output, charter->threshold, charter->member_count);
    fh_charter_put_names(output, dir, charter->policy_signers, charter->policy_signer_count);
    fh_charter_put_share(output, charter->policy_threshold, charter->policy_signer_count);
    fh_charter_put_names(output, dir, charter->expelled, charter->expelled_count);
    fh_charter_put_names(output, dir, signers, fh_directory_charter_signers(dir, &id, signers));
    fh_output_uint(output, fh_directory_proposal_count(dir));
    int code = fh_output_end(output, err);
    if (code == FH_OK && standing == FH_CHARTER_EXPIRED) {
        fh_cli_say(cli,
                   "warning: it has expired: no policy of the mesh and no other charter is taken "
                   "until %u of its members renew it: freehold charter propose",
                   charter->threshold);
    }
    if (code == FH_OK && standing == FH_CHARTER_CONTESTED) {
        warn_contested(cli, dir);
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
    const struct fh_charter *before = fh_charter_before(dir, charter);
    fh_output_uint(output, charter->seq);
    fh_output_text(output, state);
    fh_output_time(output, charter->created_ms);
    fh_output_time(output, charter->expires_ms);
    fh_charter_put_changes(output, dir, before, charter);
    fh_output_record_id(output, id);
}

static const char *state_of(const struct fh_directory *dir,
                            const struct fh_directory_charter_kept *kept)
{
    switch (kept->state) {
    case FH_CHARTER_DISPUTED:
        return "contested";
    case FH_CHARTER_OVERRULED:
        return "overruled";
    case FH_CHARTER_FOLLOWED:
    case FH_CHARTER_STATE_COUNT:
        break;
    }
    /* While others behind it are contested it is the last that everybody follows. */
    return kept->charter == fh_directory_charter(dir, NULL)
               ? fh_charter_standing_text(fh_directory_charter_standing(dir, fh_clock_wall_ms()))
               : "past";
}

static void put_proposals(struct fh_output *output, const struct fh_directory *dir)
{
    for (size_t i = 0; i < fh_directory_proposal_count(dir); i++) {
        struct fh_directory_proposal proposal;
        fh_directory_proposal_at(dir, i, &proposal);
        put_row(output, dir, proposal.charter, &proposal.charter_id, "proposed");
        fh_charter_put_names(output, dir, proposal.votes, proposal.vote_count);
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
    for (size_t i = 0; i < fh_directory_charter_count(dir); i++) {
        struct fh_directory_charter_kept kept;
        struct fh_domain_id signers[FH_RECORD_SIGNATURES_MAX];
        char note[48] = "";
        fh_directory_charter_kept_at(dir, i, &kept);
        if (kept.overruled_by != 0) {
            snprintf(note,
                     sizeof note,
                     "settled by charter %llu",
                     (unsigned long long)kept.overruled_by);
        }
        put_row(output, dir, kept.charter, &kept.id, state_of(dir, &kept));
        fh_charter_put_names(
            output, dir, signers, fh_directory_charter_signers(dir, &kept.id, signers));
        fh_output_text(output, note);
    }
    put_proposals(output, dir);
    code = fh_output_end(output, err);
    freehold_close(client);
    return code;
}
