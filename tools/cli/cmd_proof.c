/* SPDX-License-Identifier: Apache-2.0 */
/* Signed records that contradict each other: which a node knows, and what they prove. */
#include "common/time.h"
#include "tools/cli/charter_draft.h"
#include "tools/cli/cli.h"
#include "tools/client/contradiction.h"

#include <string.h>

enum { ID_LETTERS_MIN = 16 };

/* What each rule means, and what ends it. */
static const struct {
    const char *rule;
    const char *meaning;
    const char *remedy;
} meanings[] = {
    {"contract.forked",
     "the owner signed two contracts under one number; each node goes on with the one that came "
     "first",
     "the owner finds out which of its keys did it, revokes that key (member revoke) and publishes "
     "the next version, which all nodes follow"},
    {"announcement.forked",
     "the owner's node announced two things under one revision; the greater record id counts "
     "everywhere",
     "announce the product again from the node that is right: a higher revision ends it"},
    {"policy.forked",
     "two policies of one number are signed, by the domain or by a quorum of the mesh; the "
     "products that they govern are closed",
     "publish the policy again under its next version"},
    {"member.forked",
     "a node signed two records of one life: two instances of its key run, or somebody has it",
     "stop one of them; if none is yours, end the node's delegation (member revoke) and give it a "
     "new key"},
    {"domain.duplicity",
     "the domain signed two key events of one number; nothing that it dates after the first of "
     "them counts",
     "the members of the charter expel it, and admit it again under a new key, when its people "
     "say, by another way, which is theirs"},
    {"charter.forked",
     "the members of the charter signed two charters of one number; until they are settled the "
     "first seen is followed, and nothing is decided on it",
     "those who did not sign both settle it: freehold charter propose --settle, and votes; "
     "`charter show` says how many"},
    {"identity.name.taken",
     "two domains were admitted under one name at different places; both are members, and here the "
     "first has the name",
     "ask the people of both which is right, then pin accept it; pin alias calls the other one "
     "otherwise"},
};

static const char *meaning_of(const char *rule, bool remedy)
{
    for (size_t i = 0; i < FH_COUNT(meanings); i++) {
        if (strcmp(meanings[i].rule, rule) == 0) {
            return remedy ? meanings[i].remedy : meanings[i].meaning;
        }
    }
    return "";
}

/* ---- list ---- */

int fh_cmd_proof_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"record", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"domain", FH_OUTPUT_TEXT},
        {"subject", FH_OUTPUT_TEXT},
        {"counts", FH_OUTPUT_TEXT},
        {"received", FH_OUTPUT_TEXT},
    };
    struct freehold_client *client = NULL;
    struct fh_contradictions *list FH_CLEANUP(fh_contradictions_freep) = NULL;
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK) {
        code = fh_contradictions_ask(&list, client, err);
    }
    freehold_close(client);
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < list->count; i++) {
        const struct fh_msg_proof *proof = &list->items[i];
        char received[FH_TIME_TEXT_BYTES] = "";
        if (proof->received_ms != 0) {
            fh_time_text(received, (int64_t)proof->received_ms);
        }
        fh_output_record_id(output, &proof->other);
        fh_output_text(output, proof->rule);
        fh_output_text(output, proof->domain_name);
        fh_output_text(output, proof->subject);
        fh_output_record_id(output, &proof->one);
        fh_output_text(output, received);
    }
    code = fh_output_end(output, err);
    if (code == FH_OK && list->count == 0) {
        fh_cli_say(cli, "no records are known that contradict each other");
    }
    return code;
}

/* ---- show ---- */

static int find_proof(const struct fh_contradictions *list,
                      const char *word,
                      const struct fh_msg_proof **out,
                      struct fh_err *err)
{
    size_t size = strlen(word);
    for (size_t i = 0; size >= ID_LETTERS_MIN && i < list->count; i++) {
        const struct fh_record_id *ids[] = {&list->items[i].other, &list->items[i].one};
        for (size_t j = 0; j < FH_COUNT(ids); j++) {
            char text[FH_ID_TEXT_BYTES];
            fh_record_id_text(text, ids[j]);
            if (!fh_record_id_is_zero(ids[j]) && strncmp(text, word, size) == 0) {
                *out = &list->items[i];
                return FH_OK;
            }
        }
    }
    return fh_err_rule(err,
                       FH_ENOTFOUND,
                       "proof.unknown",
                       "no contradiction with a record \"%.80s\" is known; `freehold proof list` "
                       "has their ids, of which %d letters are enough",
                       word,
                       ID_LETTERS_MIN);
}

static void put_record(struct fh_output *output, const struct fh_contradicting *record)
{
    char when[FH_TIME_TEXT_BYTES] = "", key[FH_ID_TEXT_BYTES] = "";
    static const struct fh_key_id none;
    if (record->claim.type != 0) {
        fh_time_text(when, record->claim.when_ms);
    }
    if (!fh_key_id_equal(&record->key, &none)) {
        fh_key_id_text(key, &record->key);
    }
    fh_output_record_id(output, &record->id);
    fh_output_text(output, record->claim.type == 0 ? "" : fh_record_type_text(record->claim.type));
    fh_output_text(output, record->claim.type == 0 ? "" : record->claim.place);
    fh_output_text(output, when);
    fh_output_text(output, key);
    fh_output_text(output, record->verified.code == FH_OK ? "verified" : record->verified.text);
}

static int put_pair(struct fh_cli *cli,
                    const struct fh_directory *dir,
                    const struct fh_msg_proof *proof,
                    const struct fh_contradiction *pair,
                    struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"record", FH_OUTPUT_TEXT},
        {"type", FH_OUTPUT_TEXT},
        {"place", FH_OUTPUT_TEXT},
        {"signed", FH_OUTPUT_TEXT},
        {"key", FH_OUTPUT_TEXT},
        {"signature", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < FH_COUNT(pair->records); i++) {
        put_record(output, &pair->records[i]);
    }
    int code = fh_output_end(output, err);
    if (code != FH_OK) {
        return code;
    }
    if (pair->proven.code != FH_OK) {
        *err = pair->proven;
        fh_err_wrap(err, "this does not prove %s", proof->rule);
        return err->code;
    }
    fh_cli_say(cli, "proven: %s", meaning_of(proof->rule, false));
    if (pair->both_count > 0) {
        struct fh_buf names FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&names, 4096);
        fh_charter_names(&names, dir, pair->both, pair->both_count);
        fh_cli_say(cli, "signed both: %s", fh_buf_cstr(&names));
    }
    fh_cli_say(cli, "what helps: %s", meaning_of(proof->rule, true));
    return FH_OK;
}

int fh_cmd_proof_show(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct fh_contradictions *list FH_CLEANUP(fh_contradictions_freep) = NULL;
    const struct fh_msg_proof *proof = NULL;
    struct fh_contradiction pair;
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK) {
        code = fh_contradictions_ask(&list, client, err);
    }
    if (code == FH_OK) {
        code = find_proof(list, args->operands[0], &proof, err);
    }
    if (code != FH_OK) {
        freehold_close(client);
        return code;
    }
    code = fh_contradiction_check(&pair, client, proof, err);
    if (code == FH_OK) {
        code = put_pair(cli, client->actor->directory, proof, &pair, err);
    }
    fh_contradiction_fini(&pair);
    freehold_close(client);
    return code;
}
