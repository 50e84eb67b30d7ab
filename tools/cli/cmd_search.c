/* SPDX-License-Identifier: Apache-2.0 */
/* What a node knows of the products of the mesh: found by words and filters, listed, counted. */
#include "common/limits.h"
#include "proto/gossip/lifecycle.h"
#include "tools/cli/cli.h"
#include "tools/client/product_name.h"
#include "tools/client/search_filter.h"

#include <string.h>

/* ---- what is asked ---- */

static int add_filter(struct fh_buf *words, const char *name, const char *value, struct fh_err *err)
{
    return fh_search_add_filter(words, name, value)
               ? FH_OK
               : fh_err_set(err,
                            FH_EUSAGE,
                            "--%s: a value that is empty or has a quote cannot be asked for",
                            name);
}

/* The flag's value, or NULL also where the command has no such flag. */
static const char *value_of(const struct fh_args *args, const char *flag)
{
    for (size_t i = 0; i < FH_ARGS_FLAGS_MAX && args->command->flags[i].name != NULL; i++) {
        if (strcmp(args->command->flags[i].name, flag) == 0) {
            return args->values[i];
        }
    }
    return NULL;
}

static int gather_words(struct fh_buf *words, const struct fh_args *args, struct fh_err *err)
{
    static const char *const flags[] = {
        "domain", "status", "classification", "quality", "access", "column", "person"};
    int code = FH_OK;
    for (unsigned i = 0; i < args->operand_count; i++) {
        fh_buf_add_cstr(words, i == 0 ? "" : " ");
        fh_buf_add_cstr(words, args->operands[i]);
    }
    for (size_t i = 0; i < FH_COUNT(flags) && code == FH_OK; i++) {
        const char *value = value_of(args, flags[i]);
        if (value != NULL) {
            code = add_filter(words, flags[i], value, err);
        }
    }
    for (unsigned i = 0; i < args->repeated_count && code == FH_OK; i++) {
        code = add_filter(words, "tag", args->repeated[i], err);
    }
    if (code == FH_OK && value_of(args, "reachable") != NULL) {
        code = add_filter(words, "reachable", "yes", err);
    }
    return code;
}

static int
read_page(struct freehold_search_options *out, const struct fh_args *args, struct fh_err *err)
{
    uint64_t limit = 0;
    int code = fh_cli_number(&limit, "limit", value_of(args, "limit"), FH_SEARCH_RESULTS_MAX, err);
    const char *offset = value_of(args, "offset");
    if (code == FH_OK && offset != NULL && strcmp(offset, "0") != 0) {
        code = fh_cli_number(&out->offset, "offset", offset, FH_SEARCH_OFFSET_MAX, err);
    }
    out->limit = (uint32_t)limit;
    out->facets_alone = value_of(args, "facets") != NULL;
    if (code == FH_OK && out->facets_alone && (limit != 0 || out->offset != 0)) {
        code = fh_err_set(
            err, FH_EUSAGE, "--facets counts all products found; leave out --limit and --offset");
    }
    return code;
}

/* ---- what is found ---- */

static void put_product(struct fh_output *output, const struct freehold_product *product)
{
    char name[FH_PRODUCT_NAME_BYTES];
    char age[FH_AGE_BYTES];
    char measured[FH_AGE_BYTES];
    char sunset[FH_TIME_TEXT_BYTES];
    fh_sunset_text(sunset, product->sunset_ms);
    fh_product_name_text(name, product->domain_name, product->product, product->version);
    fh_cli_age(age, product->age_ms);
    fh_output_text(output, name);
    fh_output_text(output, product->status);
    fh_output_text(output, sunset);
    fh_output_text(output, product->successor);
    fh_output_bool(output, product->reachable);
    fh_output_text(output, product->open_to_mesh ? "mesh" : "granted");
    fh_output_text(output, product->quality);
    fh_output_text(output, fh_cli_since(measured, product->measured_ms));
    fh_output_text(output, age);
    fh_output_text(output, product->verification);
    fh_output_text(output, product->title);
}

static int
put_products(struct fh_cli *cli, const struct freehold_products *products, struct fh_err *err)
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
        {"verification", FH_OUTPUT_TEXT},
        {"title", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < freehold_products_count(products); i++) {
        struct freehold_product product = {.size = sizeof product};
        freehold_products_get(products, i, &product);
        put_product(output, &product);
    }
    return fh_output_end(output, err);
}

static int
put_facets(struct fh_cli *cli, const struct freehold_products *products, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"facet", FH_OUTPUT_TEXT},
        {"value", FH_OUTPUT_TEXT},
        {"products", FH_OUTPUT_NUMBER},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    char last[sizeof((struct freehold_facet *)0)->facet] = "";
    size_t shown = 0;
    for (size_t i = 0; i < freehold_products_facet_count(products); i++) {
        struct freehold_facet facet = {.size = sizeof facet};
        freehold_products_facet(products, i, &facet);
        fh_output_text(output, facet.facet);
        fh_output_text(output, facet.value);
        fh_output_uint(output, facet.products);
        shown = strcmp(last, facet.facet) == 0 ? shown + 1 : 1;
        memcpy(last, facet.facet, sizeof last);
        if (shown == FH_FACET_SHOWN_MAX && facet.values > shown) {
            fh_cli_say(cli, "%s: the values of fewest products are not shown", facet.facet);
        }
    }
    return fh_output_end(output, err);
}

static void say_page(struct fh_cli *cli,
                     const struct freehold_products *products,
                     const struct freehold_search_options *options)
{
    uint64_t count = freehold_products_count(products);
    unsigned long long total = freehold_products_total(products);
    unsigned long long first = options->offset;
    unsigned long long end = options->offset + count;
    if (total == 0) {
        fh_cli_say(cli,
                   options->words[0] == '\0' ? "no products yet" : "no product matches all words");
    } else if (count == 0) {
        fh_cli_say(cli, "there are %llu; --offset leaves all of them out", total);
    } else if (end < total) {
        fh_cli_say(
            cli, "%llu to %llu of %llu; the next with --offset %llu", first + 1, end, total, end);
    }
}

static int put_found(struct fh_cli *cli,
                     const struct freehold_products *products,
                     const struct freehold_search_options *options,
                     struct fh_err *err)
{
    const char *read_as = freehold_products_read_as(products);
    if (read_as[0] != 0) {
        fh_cli_say(cli, "no product matches all words; showing those for: %s", read_as);
    }
    if (options->facets_alone) {
        return put_facets(cli, products, err);
    }
    int code = put_products(cli, products, err);
    if (code == FH_OK) {
        say_page(cli, products, options);
    }
    return code;
}

/* ---- the commands ---- */

int fh_cmd_search(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf words;
    fh_buf_init(&words, 64 * 1024);
    struct freehold_search_options options = {.size = sizeof options};
    int code = gather_words(&words, args, err);
    if (code == FH_OK) {
        code = read_page(&options, args, err);
    }
    if (code == FH_OK && fh_buf_ok(&words) != FH_OK) {
        code = fh_err_set(err, FH_EUSAGE, "these are too many words");
    }
    if (code == FH_OK && !fh_utf8_valid(fh_buf_view(&words))) {
        code = fh_err_set(err, FH_EUSAGE, "the words are not UTF-8");
    }
    if (code != FH_OK) {
        return code;
    }
    options.words = fh_buf_cstr(&words);
    struct freehold_client *client = NULL;
    struct freehold_products *products = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK && freehold_find(&products, client, &options, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    freehold_close(client);
    if (code == FH_OK) {
        code = put_found(cli, products, &options, err);
    }
    freehold_products_free(products);
    return code;
}

int fh_cmd_product_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    return fh_cmd_search(cli, args, err); /* without words: everything by name */
}
