/* SPDX-License-Identifier: Apache-2.0 */
/* Status and history of a product: its majors as they stand, and all that happened to it. */
#include "common/time.h"
#include "proto/gossip/lifecycle.h"
#include "tools/cli/cli.h"
#include "tools/cli/forks.h"
#include "tools/client/events.h"
#include "tools/client/history.h"
#include "tools/client/product_name.h"

#include <stdlib.h>
#include <string.h>

static int ask(struct fh_cli *cli,
               const struct fh_args *args,
               struct fh_product_name *name,
               struct fh_history **out,
               struct fh_err *err)
{
    struct freehold_client *client = NULL;
    int code = fh_product_name_parse(name, args->operands[0], err);
    if (code == FH_OK) {
        code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    }
    if (code == FH_OK) {
        code = fh_history_ask(out, client, name->name.domain, name->name.product, err);
    }
    freehold_close(client);
    return code;
}

/* ---- status ---- */

static void put_major(struct fh_output *output,
                      const struct fh_msg_product *product,
                      const struct fh_history *history,
                      const struct fh_history_move *now)
{
    char text[FH_PRODUCT_NAME_BYTES], sunset[FH_TIME_TEXT_BYTES], issued[FH_TIME_TEXT_BYTES];
    char successor[FH_SUCCESSOR_TEXT_BYTES], key[FH_ID_TEXT_BYTES], id[FH_ID_TEXT_BYTES];
    char age[FH_AGE_BYTES];
    struct fh_key_id signer = fh_key_id_of(&now->signer.key);
    fh_product_name_text(text, product->domain_name, now->said.product, now->said.version);
    fh_sunset_text(sunset, now->said.sunset_ms);
    fh_announce_successor_text(successor, now->said.successor, product->domain_name);
    fh_time_text(issued, now->said.issued_ms);
    fh_key_id_text(key, &signer);
    fh_record_id_text(id, &now->said.contract);
    fh_cli_age(age, product->age_ms);
    fh_output_text(output, text);
    fh_output_text(output, fh_announce_status_text(now->said.status));
    fh_output_text(output, sunset);
    fh_output_text(output, successor);
    fh_output_uint(output, now->said.contract_seq);
    fh_output_uint(output, history->version_count > 0 ? history->versions[0].seq : 0);
    fh_output_bool(output, product->contract_held);
    fh_output_bool(output, product->reachable);
    fh_output_text(output, age);
    fh_output_text(output, issued);
    fh_output_text(output, fh_role_text(now->signer.role));
    fh_output_text(output, key);
    fh_output_text(output, id);
}

static int
put_status(struct fh_cli *cli, const struct fh_history *history, uint64_t major, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},
        {"status", FH_OUTPUT_TEXT},
        {"sunset", FH_OUTPUT_TEXT},
        {"successor", FH_OUTPUT_TEXT},
        {"sequence", FH_OUTPUT_NUMBER},
        {"chain_head", FH_OUTPUT_NUMBER},
        {"held", FH_OUTPUT_BOOL},
        {"reachable", FH_OUTPUT_BOOL},
        {"heard", FH_OUTPUT_TEXT},
        {"announced", FH_OUTPUT_TEXT},
        {"announced_by", FH_OUTPUT_TEXT},
        {"signing_key", FH_OUTPUT_TEXT},
        {"contract", FH_OUTPUT_TEXT},
        {"forks", FH_OUTPUT_RAW},
    };
    /* A table and CSV have the forks as lines of their own. */
    bool json = cli->format == FH_OUTPUT_JSON;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns) - (json ? 0 : 1));
    struct fh_buf forks FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&forks, 64 * 1024);
    fh_forks_json(&forks, history);
    for (size_t i = 0; i < history->product_count; i++) {
        const struct fh_msg_product *product = &history->products[i];
        uint32_t of = (uint32_t)strtoul(product->version, NULL, 10);
        const struct fh_history_move *now = fh_history_now(history, of);
        if (now == NULL || (major != 0 && of != major)) {
            continue;
        }
        put_major(output, product, history, now);
        if (json) {
            fh_output_cell(output, fh_buf_view(&forks));
        }
    }
    int code = fh_output_end(output, err);
    if (code == FH_OK && !json) {
        fh_forks_say(cli, history);
    }
    return code;
}

int fh_cmd_product_status(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_product_name name;
    struct fh_history *history FH_CLEANUP(fh_history_freep) = NULL;
    int code = ask(cli, args, &name, &history, err);
    return code == FH_OK ? put_status(cli, history, name.name.major, err) : code;
}

/* ---- history ---- */

static void put_event(struct fh_output *output, const struct fh_event *event)
{
    char at[FH_TIME_TEXT_BYTES], id[FH_ID_TEXT_BYTES], key[FH_ID_TEXT_BYTES];
    static const struct fh_key_id none;
    fh_time_text(at, event->at_ms);
    fh_record_id_text(id, &event->id);
    fh_key_id_text(key, &event->key);
    fh_output_text(output, at);
    fh_output_text(output, event->what);
    fh_output_text(output, event->version);
    if (event->seq == 0) {
        fh_output_null(output);
    } else {
        fh_output_uint(output, event->seq);
    }
    fh_output_text(output, event->detail);
    fh_output_text(output, id);
    if (memcmp(&event->key, &none, sizeof none) == 0) {
        fh_output_null(output); /* its key is not known to the node any more */
    } else {
        fh_output_text(output, key);
    }
}

static int put_history(struct fh_cli *cli,
                       const struct fh_history *history,
                       uint64_t major,
                       struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"at", FH_OUTPUT_TEXT},
        {"event", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"sequence", FH_OUTPUT_NUMBER},
        {"detail", FH_OUTPUT_TEXT},
        {"record", FH_OUTPUT_TEXT},
        {"signing_key", FH_OUTPUT_TEXT},
    };
    struct fh_events events FH_CLEANUP(fh_events_fini) = {.count = 0};
    int code = fh_events_make(&events, history, (uint32_t)major, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < events.count; i++) {
        put_event(output, &events.items[i]);
    }
    return fh_output_end(output, err);
}

int fh_cmd_product_history(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_product_name name;
    struct fh_history *history FH_CLEANUP(fh_history_freep) = NULL;
    int code = ask(cli, args, &name, &history, err);
    return code == FH_OK ? put_history(cli, history, name.name.major, err) : code;
}
