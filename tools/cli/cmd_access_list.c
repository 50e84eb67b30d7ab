/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access requests: those of one's own key, and at the home of a domain those that came for its
 * products.
 */
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/governing.h"
#include "tools/cli/text_list.h"
#include "tools/client/product_name.h"

#include <string.h>

enum { CELL_BYTES = 64 * 1024 };

/* Both lists: `received` are for products of the home. */
struct lists {
    struct fh_governing governing;
    struct fh_access_list mine;
};

static void lists_fini(struct lists *lists)
{
    fh_governing_close(&lists->governing);
    fh_access_list_fini(&lists->mine);
}

/* The owner's side is left out where there is no home, and where another node is asked; with --node
 * it is all that is asked for. */
static int
read_lists(struct lists *out, struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    const char *peer = fh_args_value(args, "peer");
    const char *node = fh_args_value(args, "node");
    struct freehold_client *client = NULL;
    bool at_home = cli->key == NULL && peer == NULL;
    int code = fh_access_list_init(&out->mine, err);
    if (code == FH_OK && node != NULL && peer != NULL) {
        code = fh_err_set(err, FH_EUSAGE, "--node is of the owner's side, --peer of the asker's");
    }
    if (code == FH_OK && (at_home || node != NULL)) {
        code = fh_governing_open(&out->governing, cli, node, err);
        code = code == FH_OK ? fh_governing_read_asked(&out->governing, err) : code;
    }
    if (code != FH_OK || node != NULL) {
        return code;
    }
    if (code == FH_OK) {
        code = fh_cli_client(cli, peer, &client, err);
    }
    if (code == FH_OK) {
        code = fh_access_mine(&out->mine, client, err);
    } else if (code == FH_EUNREACH && at_home) {
        fh_cli_say(cli, "note: the node of the home does not run; own requests are not listed");
        code = FH_OK;
    }
    freehold_close(client);
    if (code == FH_OK && out->mine.away > 0) {
        fh_cli_say(cli,
                   "note: %u owner%s could not be asked; their answers are not shown",
                   out->mine.away,
                   out->mine.away == 1 ? "" : "s");
    }
    return code;
}

/* ---- access list ---- */

static void put_list(struct fh_cli *cli,
                     struct fh_output *output,
                     struct fh_access_list *list,
                     bool received,
                     bool open_only)
{
    int64_t now_ms = fh_clock_wall_ms();
    fh_access_list_sort(list);
    for (size_t i = 0; i < list->count; i++) {
        const struct fh_access_entry *entry = &list->items[i];
        enum fh_access_state state = fh_access_state(entry, now_ms);
        char id[FH_ID_TEXT_BYTES], until[FH_TIME_TEXT_BYTES], product[FH_PRODUCT_NAME_BYTES];
        char age[FH_AGE_BYTES];
        if (open_only && !fh_access_is_open(state)) {
            continue;
        }
        fh_cli_record_id(id, cli, &entry->id);
        fh_product_name_major_text(
            product, entry->owner_name, entry->request.product, entry->request.major);
        fh_time_text(until, entry->has_grant ? entry->grant.not_after_ms : entry->request.until_ms);
        fh_output_text(output, id);
        fh_output_text(output, received ? "received" : "sent");
        fh_output_text(output, fh_access_state_text(state));
        fh_output_text(output, product);
        fh_output_text(output, entry->consumer_name);
        fh_output_text(output, entry->key_label);
        fh_output_text(output, entry->request.purpose);
        fh_output_text(output, until);
        fh_output_text(output, fh_cli_since(age, entry->request.created_ms));
        fh_output_text(output, entry->has_answer ? entry->answer.reason : entry->refused);
    }
}

int fh_cmd_access_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"request", FH_OUTPUT_TEXT},
        {"way", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"product", FH_OUTPUT_TEXT},
        {"consumer", FH_OUTPUT_TEXT},
        {"member", FH_OUTPUT_TEXT},
        {"purpose", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"asked", FH_OUTPUT_TEXT},
        {"reason", FH_OUTPUT_TEXT},
    };
    struct lists lists = {.mine = {.count = 0}};
    bool open_only = fh_args_has(args, "open");
    int code = read_lists(&lists, cli, args, err);
    if (code == FH_OK) {
        struct fh_output *output FH_CLEANUP(fh_output_freep) =
            fh_cli_output(cli, false, columns, FH_COUNT(columns));
        put_list(cli, output, &lists.governing.asked, true, open_only);
        put_list(cli, output, &lists.mine, false, open_only);
        code = fh_output_end(output, err);
    }
    lists_fini(&lists);
    return code;
}

/* ---- access show ---- */

static void put_grant(struct fh_cli *cli,
                      struct fh_output *output,
                      const struct fh_access_entry *entry,
                      struct fh_buf *cell)
{
    char id[FH_ID_TEXT_BYTES], until[FH_TIME_TEXT_BYTES];
    if (!entry->has_answer || entry->answer.outcome != FH_ACCESS_APPROVED || !entry->has_grant) {
        for (unsigned i = 0; i < 4; i++) {
            fh_output_null(output);
        }
        return;
    }
    fh_cli_record_id(id, cli, &entry->answer.grant);
    fh_time_text(until, entry->grant.not_after_ms);
    fh_buf_reset(cell);
    fh_cli_texts_show(cell, &entry->grant.columns, "all");
    fh_output_text(output, id);
    fh_output_cell(output, fh_buf_view(cell));
    fh_output_text(output, entry->grant.rows[0] == '\0' ? "all" : entry->grant.rows);
    fh_output_text(output, until);
}

static int put_entry(struct fh_cli *cli, const struct fh_access_entry *entry, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"request", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"product", FH_OUTPUT_TEXT},
        {"consumer", FH_OUTPUT_TEXT},
        {"member", FH_OUTPUT_TEXT},
        {"key_id", FH_OUTPUT_TEXT},
        {"purpose", FH_OUTPUT_TEXT},
        {"columns", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"note", FH_OUTPUT_TEXT},
        {"asked", FH_OUTPUT_TEXT},
        {"reason", FH_OUTPUT_TEXT},
        {"grant", FH_OUTPUT_TEXT},
        {"granted_columns", FH_OUTPUT_TEXT},
        {"granted_rows", FH_OUTPUT_TEXT},
        {"granted_until", FH_OUTPUT_TEXT},
    };
    struct fh_buf cell FH_CLEANUP(fh_buf_fini);
    char id[FH_ID_TEXT_BYTES], key[FH_ID_TEXT_BYTES], product[FH_PRODUCT_NAME_BYTES];
    char until[FH_TIME_TEXT_BYTES], asked[FH_TIME_TEXT_BYTES];
    fh_buf_init(&cell, CELL_BYTES);
    fh_cli_record_id(id, cli, &entry->id);
    fh_key_id_text(key, &entry->request.key);
    fh_product_name_major_text(
        product, entry->owner_name, entry->request.product, entry->request.major);
    fh_time_text(until, entry->request.until_ms);
    fh_time_text(asked, entry->request.created_ms);
    fh_cli_texts_show(&cell, &entry->request.columns, "all");
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, id);
    fh_output_text(output, fh_access_state_text(fh_access_state(entry, fh_clock_wall_ms())));
    fh_output_text(output, product);
    fh_output_text(output, entry->consumer_name);
    fh_output_text(output, entry->key_label);
    fh_output_text(output, key);
    fh_output_text(output, entry->request.purpose);
    fh_output_cell(output, fh_buf_view(&cell));
    fh_output_text(output, until);
    fh_output_text(output, entry->request.note);
    fh_output_text(output, asked);
    fh_output_text(output, entry->has_answer ? entry->answer.reason : entry->refused);
    put_grant(cli, output, entry, &cell);
    return fh_output_end(output, err);
}

int fh_cmd_access_show(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct lists lists = {.mine = {.count = 0}};
    const struct fh_access_entry *entry = NULL;
    struct fh_err ignored;
    int code = read_lists(&lists, cli, args, err);
    if (code == FH_OK &&
        fh_access_entry_find(&lists.governing.asked, args->operands[0], &entry, &ignored) !=
            FH_OK) {
        code = fh_access_entry_find(&lists.mine, args->operands[0], &entry, err);
    }
    if (code == FH_OK) {
        code = put_entry(cli, entry, err);
    }
    lists_fini(&lists);
    return code;
}
