/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A publisher elsewhere that does not behave: sends a node what the command `freehold product
 * publish --node` would never send it, straight to the node at ADDRESS, whosever it is.
 *
 *     fh-order KEY ACCESS ADDRESS chain PRODUCT
 *     fh-order KEY ACCESS ADDRESS publish FILE [ROOT]   the bytes as they are, with no signature
 *     fh-order KEY ACCESS ADDRESS outcome TICKET
 *
 * Prints the refusal ("rule: text") and ends with its exit code, or "taken" and 0.
 */
#include "common/file.h"
#include "common/time.h"
#include "proto/session/messages.h"
#include "tools/client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 310 * 1024 };

static int ask(struct freehold_client *client, struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = fh_buf_ok(&client->request);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the request does not fit");
    }
    return fh_client_call(client, &reader, err);
}

static int publish(struct freehold_client *client, int argc, char **argv, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, FILE_BYTES_MAX);
    int code = fh_file_read(argv[5], &text, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_msg_order order = {
        .yaml = fh_buf_view(&text),
        .seq = 1,
        .created_ms = fh_clock_wall_ms(),
        .compat_rules = 1,
        .dry_run = true,
    };
    snprintf(order.root, sizeof order.root, "%s", argc > 6 ? argv[6] : "");
    fh_msg_order_request(&client->request, &order);
    return ask(client, err);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fputs("usage: fh-order KEY ACCESS ADDRESS chain|publish|outcome ARGUMENT [ROOT]\n", stderr);
        return 2;
    }
    struct freehold_client *client;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_options options = {
        .size = sizeof options,
        .key_file = argv[1],
        .access_file = argv[2],
        .peer = argv[3],
    };
    if (freehold_open_with(&client, &options, &error) != FREEHOLD_OK) {
        printf("%s: %s\n", error.rule, error.text);
        return freehold_exit_code(error.code);
    }
    struct fh_err err = {0};
    int code;
    fh_buf_reset(&client->request);
    if (strcmp(argv[4], "publish") == 0) {
        code = publish(client, argc, argv, &err);
    } else if (strcmp(argv[4], "chain") == 0) {
        fh_msg_remote_chain_request(&client->request, argv[5]);
        code = ask(client, &err);
    } else {
        fh_msg_outcome_request(&client->request, strtoull(argv[5], NULL, 10));
        code = ask(client, &err);
    }
    if (code != FH_OK) {
        printf("%s: %s\n", err.rule, err.text);
    } else {
        puts("taken");
    }
    freehold_close(client);
    return fh_code_exit(code);
}
