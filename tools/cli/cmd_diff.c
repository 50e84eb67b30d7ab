/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `contract diff`: two contracts, from files or from the mesh, compared.
 *
 * What comes from the mesh was published, with the mesh's address in the place of its servers, so a
 * comparison with it leaves the servers out.
 */
#include "common/assert.h"
#include "proto/contract/contract_read.h"
#include "tools/cli/changes.h"
#include "tools/cli/lint.h"
#include "tools/client/actor.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"

#include <string.h>
#include <sys/stat.h>

static const char published_word[] = "@published";

/* One side, wherever it came from. */
struct side {
    const char *said;   /* the operand */
    struct fh_buf text; /* of a file */
    struct fh_arena *arena;
    struct freehold_description *description; /* of a product */
    const struct fh_contract *contract;
    bool is_published;
};

struct comparison {
    struct fh_cli *cli;
    const char *peer;
    struct freehold_client *client; /* NULL until it is needed */
    struct side sides[2];
};

/* ---- a file ---- */

/* Only the standard's schema counts: what publishing asks for besides is no matter here. */
static int read_file(struct comparison *c, struct side *side, struct fh_err *err)
{
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    side->arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    if (side->arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    int code = fh_cli_read(c->cli, side->said, &side->text, err);
    if (code != FH_OK) {
        return code;
    }
    fh_findings_init(&findings, side->arena);
    code = fh_contract_read(&contract, fh_buf_view(&side->text), &findings, err);
    if (code != FH_OK) {
        fh_lint_print(c->cli->messages, side->said, &findings);
    }
    /* Old versions are what they are: whatever could be read of a contract is compared. */
    if (code == FH_ECHECK && contract != NULL && contract->kind != NULL &&
        contract->version != NULL) {
        fh_cli_say(c->cli, "note: %s is compared by what could be read of it", side->said);
        code = FH_OK;
    }
    side->contract = contract;
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "%s", side->said);
}

/* ---- a product ---- */

static int describe(struct comparison *c, struct side *side, const char *name, struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = c->client == NULL ? fh_cli_client(c->cli, c->peer, &c->client, err) : FH_OK;
    if (code == FH_OK &&
        freehold_describe(&side->description, c->client, name, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    if (code == FH_OK) {
        side->contract = fh_description_proof(side->description)->model;
        side->is_published = true;
    }
    return code;
}

/* The domain of what a contract describes: that of the product which it is, else the home's. */
static int domain_of(struct comparison *c,
                     const struct side *other,
                     char out[FH_NAME_BYTES_MAX + 1],
                     struct fh_err *err)
{
    if (other->description != NULL) {
        const struct fh_proof *proof = fh_description_proof(other->description);
        memcpy(out, proof->domain_name, sizeof proof->domain_name);
        return FH_OK;
    }
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    int code = fh_actor_open_public(&actor, c->cli->home, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "%s", published_word);
    }
    snprintf(out, FH_NAME_BYTES_MAX + 1, "%s", actor->settings.domain);
    return FH_OK;
}

/* The live version of the other side's product: of the same major when there is one. */
static int find_published(struct comparison *c,
                          struct side *side,
                          const struct side *other,
                          struct fh_err *err)
{
    char domain[FH_NAME_BYTES_MAX + 1];
    char name[FH_PRODUCT_NAME_BYTES + 16];
    struct fh_semver version;
    struct fh_err ignored;
    if (other->contract->name == NULL) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "publish.name",
                           "%s: has no name, so what is published of it cannot be told",
                           other->said);
    }
    int code = domain_of(c, other, domain, err);
    if (code != FH_OK) {
        return code;
    }
    snprintf(name, sizeof name, "%s/%.63s", domain, other->contract->name);
    if (fh_semver_parse(&version, other->contract->version, &ignored) == FH_OK) {
        size_t length = strlen(name);
        snprintf(name + length, sizeof name - length, "@%u", (unsigned)version.major);
        code = describe(c, side, name, err);
        name[length] = '\0';
        if (code != FH_ENOTFOUND) {
            return code;
        }
    }
    return describe(c, side, name, err);
}

/* "orders.yaml" could be product yaml of a domain orders, but never is. */
static bool looks_like_file(const char *said)
{
    const char *dot = strrchr(said, '.');
    return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int load(struct comparison *c, struct side *side, struct fh_err *err)
{
    struct stat st;
    struct fh_product_name name;
    struct fh_err no_name;
    bool is_file =
        strcmp(side->said, "-") == 0 || stat(side->said, &st) == 0 || looks_like_file(side->said);
    if (is_file || fh_product_name_parse(&name, side->said, &no_name) != FH_OK) {
        return read_file(c, side, err);
    }
    return describe(c, side, side->said, err);
}

static int load_both(struct comparison *c, struct fh_err *err)
{
    bool wanted[2];
    for (size_t i = 0; i < 2; i++) {
        wanted[i] = strcmp(c->sides[i].said, published_word) == 0;
    }
    if (wanted[0] && wanted[1]) {
        return fh_err_set(err, FH_EUSAGE, "%s is what the other one is", published_word);
    }
    int code = FH_OK;
    for (size_t i = 0; i < 2 && code == FH_OK; i++) {
        code = wanted[i] ? FH_OK : load(c, &c->sides[i], err);
    }
    for (size_t i = 0; i < 2 && code == FH_OK; i++) {
        code = wanted[i] ? find_published(c, &c->sides[i], &c->sides[1 - i], err) : FH_OK;
    }
    return code;
}

/* ---- what to fail on ---- */

enum fail_on { FAIL_ON_VERSION, FAIL_ON_READER, FAIL_ON_STORED, FAIL_ON_ANY, FAIL_ON_NONE };

static int parse_fail_on(const char *text, enum fail_on *out, struct fh_err *err)
{
    static const char *const words[] = {"", "reader", "stored", "any", "none"};
    if (text == NULL) {
        *out = FAIL_ON_VERSION;
        return FH_OK;
    }
    for (size_t i = 1; i < FH_COUNT(words); i++) {
        if (strcmp(words[i], text) == 0) {
            *out = (enum fail_on)i;
            return FH_OK;
        }
    }
    return fh_err_set(err, FH_EUSAGE, "--fail-on %s: reader, stored, any or none", text);
}

static int broken(const struct fh_compat *compat, bool reader, struct fh_err *err)
{
    for (size_t i = 0; i < compat->count; i++) {
        const struct fh_compat_finding *finding = &compat->items[i];
        enum fh_compat_verdict verdict = reader ? finding->rule->reader : finding->rule->stored;
        if (verdict == FH_COMPAT_BREAKING) {
            size_t all = reader ? compat->reader_breaking : compat->stored_breaking;
            return fh_err_rule(err,
                               FH_ECHECK,
                               finding->rule->id,
                               "%zu change%s break%s %s, the first at %.160s: %s",
                               all,
                               all == 1 ? "" : "s",
                               all == 1 ? "s" : "",
                               reader ? "readers" : "stored data",
                               finding->change->path,
                               finding->rule->sentence);
        }
    }
    return FH_OK;
}

static int
decide(struct comparison *c, const struct fh_compat *compat, enum fail_on on, struct fh_err *err)
{
    struct fh_err judged = {0};
    int code =
        fh_changes_judge(c->cli, c->sides[0].contract, c->sides[1].contract, compat, &judged);
    if (on == FAIL_ON_VERSION) {
        if (code != FH_OK) {
            *err = judged;
            err->code = FH_ECHECK; /* also for a version that is none: the check failed */
        }
        return code == FH_OK ? FH_OK : FH_ECHECK;
    }
    if (code != FH_OK) {
        fh_cli_say(c->cli, "%s", judged.text);
    }
    code = FH_OK;
    if (on == FAIL_ON_READER || on == FAIL_ON_ANY) {
        code = broken(compat, true, err);
    }
    if (code == FH_OK && (on == FAIL_ON_STORED || on == FAIL_ON_ANY)) {
        code = broken(compat, false, err);
    }
    return code;
}

static int compare(struct comparison *c, enum fail_on on, struct fh_err *err)
{
    const struct fh_compat_options options = {.without_servers = c->sides[0].is_published ||
                                                                 c->sides[1].is_published};
    struct fh_compat compat;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) =
        fh_arena_new(2 * (size_t)FH_CONTRACT_ARENA_BYTES_MAX);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to compare two contracts");
    }
    int code =
        fh_compat_judge(&compat, c->sides[0].contract, c->sides[1].contract, &options, arena, err);
    if (code == FH_OK) {
        code = fh_changes_put(c->cli, &compat, err);
    }
    return code == FH_OK ? decide(c, &compat, on, err) : code;
}

int fh_cmd_contract_diff(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct comparison c = {.cli = cli, .peer = fh_args_value(args, "peer")};
    enum fail_on on;
    int code = parse_fail_on(fh_args_value(args, "fail-on"), &on, err);
    if (code != FH_OK) {
        return code;
    }
    for (size_t i = 0; i < 2; i++) {
        c.sides[i].said = args->operands[i];
        fh_buf_init(&c.sides[i].text, FH_CONTRACT_BYTES_MAX);
    }
    code = load_both(&c, err);
    if (code == FH_OK) {
        code = compare(&c, on, err);
    }
    for (size_t i = 0; i < 2; i++) {
        freehold_description_free(c.sides[i].description);
        fh_buf_fini(&c.sides[i].text);
        fh_arena_free(c.sides[i].arena);
    }
    freehold_close(c.client);
    return code;
}
