/* SPDX-License-Identifier: Apache-2.0 */
/* What a node says of itself, of the members, and of the catalogue. */
#include "common/limits.h"
#include "proto/gossip/lifecycle.h"
#include "tools/cli/cli.h"
#include "tools/client/product_name.h"

#include <string.h>

/* ---- status ---- */

int fh_cmd_status(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"mesh", FH_OUTPUT_TEXT},
        {"mesh_id", FH_OUTPUT_TEXT},
        {"domain", FH_OUTPUT_TEXT},
        {"domain_id", FH_OUTPUT_TEXT},
        {"node_id", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"generation", FH_OUTPUT_NUMBER},
        {"uptime_s", FH_OUTPUT_NUMBER},
        {"members_alive", FH_OUTPUT_NUMBER},
        {"members_known", FH_OUTPUT_NUMBER},
        {"products", FH_OUTPUT_NUMBER},
    };
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_status status = {.size = sizeof status};
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK && freehold_status(client, &status, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    freehold_close(client);
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, status.mesh_name);
    fh_output_text(output, status.mesh);
    fh_output_text(output, status.domain_name);
    fh_output_text(output, status.domain);
    fh_output_text(output, status.node);
    fh_output_text(output, status.version);
    fh_output_uint(output, status.generation);
    fh_output_uint(output, status.uptime_ms / 1000);
    fh_output_uint(output, status.members_alive);
    fh_output_uint(output, status.members_known);
    fh_output_uint(output, status.products);
    return fh_output_end(output, err);
}

/* ---- peers ---- */

static int put_peers(struct fh_cli *cli, const struct freehold_peers *peers, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"domain", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"address", FH_OUTPUT_TEXT},
        {"heard_ms_ago", FH_OUTPUT_NUMBER},
        {"generation", FH_OUTPUT_NUMBER},
        {"self", FH_OUTPUT_BOOL},
        {"node_id", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < freehold_peers_count(peers); i++) {
        struct freehold_peer peer = {.size = sizeof peer};
        freehold_peers_get(peers, i, &peer);
        fh_output_text(output, peer.domain_name);
        fh_output_text(output, peer.state);
        fh_output_text(output, peer.address);
        if (peer.self || peer.heard_ms_ago == UINT64_MAX) {
            fh_output_null(output);
        } else {
            fh_output_uint(output, peer.heard_ms_ago);
        }
        fh_output_uint(output, peer.generation);
        fh_output_bool(output, peer.self);
        fh_output_text(output, peer.node);
    }
    return fh_output_end(output, err);
}

int fh_cmd_peers(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_peers *peers = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK && freehold_peers(&peers, client, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    freehold_close(client);
    if (code == FH_OK) {
        code = put_peers(cli, peers, err);
    }
    freehold_peers_free(peers);
    return code;
}

/* ---- catalogue ---- */

/* `domain` NULL: all. */
static int put_products(struct fh_cli *cli,
                        const struct freehold_products *products,
                        const char *domain,
                        struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},
        {"status", FH_OUTPUT_TEXT},
        {"sunset", FH_OUTPUT_TEXT},
        {"successor", FH_OUTPUT_TEXT},
        {"reachable", FH_OUTPUT_BOOL},
        {"access", FH_OUTPUT_TEXT},
        {"quality", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},
        {"heard", FH_OUTPUT_TEXT},
        {"title", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < freehold_products_count(products); i++) {
        struct freehold_product product = {.size = sizeof product};
        freehold_products_get(products, i, &product);
        if (domain != NULL && strcmp(domain, product.domain_name) != 0) {
            continue;
        }
        char name[FH_PRODUCT_NAME_BYTES];
        char age[FH_AGE_BYTES];
        char measured[FH_AGE_BYTES];
        char sunset[FH_TIME_TEXT_BYTES];
        fh_sunset_text(sunset, product.sunset_ms);
        fh_product_name_text(name, product.domain_name, product.product, product.version);
        fh_cli_age(age, product.age_ms);
        fh_output_text(output, name);
        fh_output_text(output, product.status);
        fh_output_text(output, sunset);
        fh_output_text(output, product.successor);
        fh_output_bool(output, product.reachable);
        fh_output_text(output, product.open_to_mesh ? "mesh" : "granted");
        fh_output_text(output, product.quality);
        fh_output_text(output, fh_cli_since(measured, product.measured_ms));
        fh_output_text(output, age);
        fh_output_text(output, product.title);
    }
    return fh_output_end(output, err);
}

static int list_products(struct fh_cli *cli,
                         const struct fh_args *args,
                         const char *words,
                         uint32_t limit,
                         const char *domain,
                         struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_products *products = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK && freehold_search(&products, client, words, limit, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    freehold_close(client);
    if (code == FH_OK) {
        const char *read_as = freehold_products_read_as(products);
        if (read_as[0] != 0) {
            fh_cli_say(cli, "no product matches all words; showing those for: %s", read_as);
        }
        code = put_products(cli, products, domain, err);
        if (code == FH_OK && freehold_products_count(products) == 0) {
            fh_cli_say(cli, words[0] == 0 ? "no products yet" : "no product matches all words");
        }
    }
    freehold_products_free(products);
    return code;
}

int fh_cmd_search(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_buf words FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&words, 64 * 1024);
    for (unsigned i = 0; i < args->operand_count; i++) {
        fh_buf_add_cstr(&words, i == 0 ? "" : " ");
        fh_buf_add_cstr(&words, args->operands[i]);
    }
    uint64_t limit = 0;
    int code =
        fh_cli_number(&limit, "limit", fh_args_value(args, "limit"), FH_SEARCH_RESULTS_MAX, err);
    return code == FH_OK ? list_products(cli, args, fh_buf_cstr(&words), (uint32_t)limit, NULL, err)
                         : code;
}

int fh_cmd_product_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    return list_products(cli, args, "", 0, fh_args_value(args, "domain"), err);
}
