/* SPDX-License-Identifier: Apache-2.0 */
/* GET .../changes: two versions of a chain compared, with what breaks. */
#include "proto/contract/compat.h"
#include "tools/client/chained.h"
#include "tools/client/product_name.h"
#include "tools/door/http/api.h"

#include <stdlib.h>
#include <string.h>

struct comparing {
    struct freehold_client *client;
    struct fh_arena *arena;
    struct fh_history *history;
    const char *domain;
    const char *product;
    size_t after; /* indexes of history->versions, which has the newest first */
    size_t before;
    struct fh_chained contracts[2]; /* before, after */
    struct fh_compat compat;
};

/* The newest version of the chain that is `version`, or of the major. */
static bool
find_version(const struct fh_history *history, const char *version, uint64_t major, size_t *out)
{
    for (size_t i = 0; i < history->version_count; i++) {
        const char *text = history->versions[i].version;
        bool of_major = major == 0 || strtoul(text, NULL, 10) == major;
        if (version[0] != '\0' ? strcmp(text, version) == 0 : of_major) {
            *out = i;
            return true;
        }
    }
    return false;
}

static int no_version(const struct comparing *c, const char *version, struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_ENOTFOUND,
                       "product.version",
                       "%s/%s has no version %.32s in its chain; .../history lists them",
                       c->domain,
                       c->product,
                       version);
}

static int choose(struct comparing *c,
                  const struct fh_product_name *name,
                  const char *since,
                  struct fh_err *err)
{
    if (!find_version(c->history, name->version, name->name.major, &c->after)) {
        return no_version(c, name->version, err);
    }
    if (since != NULL) {
        return find_version(c->history, since, 0, &c->before) ? FH_OK : no_version(c, since, err);
    }
    c->before = c->after + 1;
    return c->before < c->history->version_count
               ? FH_OK
               : fh_err_rule(err,
                             FH_ENOTFOUND,
                             "product.version.first",
                             "%s is the first version in the chain: there is none before it",
                             c->history->versions[c->after].version);
}

static int fetch(struct comparing *c, struct fh_err *err)
{
    static const struct fh_compat_options options = {.without_servers = true};
    const size_t at[] = {c->before, c->after};
    for (size_t i = 0; i < FH_COUNT(at); i++) {
        int code = fh_chained_ask(&c->contracts[i],
                                  c->client,
                                  &c->history->domain,
                                  c->product,
                                  &c->history->versions[at[i]].id,
                                  c->arena,
                                  err);
        if (code != FH_OK) {
            return fh_err_wrap(err, "version %s", c->history->versions[at[i]].version);
        }
    }
    return fh_compat_judge(
        &c->compat, c->contracts[0].contract, c->contracts[1].contract, &options, c->arena, err);
}

static void put_change(struct fh_json *json, const struct fh_compat_finding *finding)
{
    const struct fh_change *change = finding->change;
    const struct fh_compat_rule *rule = finding->rule;
    bool breaking = rule->reader == FH_COMPAT_BREAKING || rule->stored == FH_COMPAT_BREAKING;
    fh_json_open(json, '{');
    fh_json_pair(json, "change", fh_change_kind_text(change->kind));
    fh_json_pair(json, "path", change->path);
    fh_json_pair(json, "reader", fh_compat_verdict_text(rule->reader));
    fh_json_pair(json, "stored", fh_compat_verdict_text(rule->stored));
    fh_json_pair_bool(json, "breaking", breaking);
    fh_json_pair(json, "bump", fh_bump_text(rule->bump));
    fh_json_pair(json, "rule", rule->id);
    fh_json_pair(json, "sentence", rule->sentence);
    fh_json_pair_or_null(json, "before", change->before);
    fh_json_pair_or_null(json, "after", change->after);
    fh_json_close(json, '}');
}

static void put_changes(struct fh_http_call *call, const struct comparing *c)
{
    char name[FH_PRODUCT_NAME_BYTES];
    struct fh_json json = fh_http_json(call);
    fh_json_open(&json, '{');
    fh_product_name_text(name, c->domain, c->product, c->history->versions[c->before].version);
    fh_json_pair(&json, "before", name);
    fh_product_name_text(name, c->domain, c->product, c->history->versions[c->after].version);
    fh_json_pair(&json, "after", name);
    fh_json_pair(&json, "needed", fh_bump_text(c->compat.needed));
    fh_json_pair_uint(&json, "reader_breaking", c->compat.reader_breaking);
    fh_json_pair_uint(&json, "stored_breaking", c->compat.stored_breaking);
    fh_json_key(&json, "changes");
    fh_json_open(&json, '[');
    for (size_t i = 0; i < c->compat.count; i++) {
        put_change(&json, &c->compat.items[i]);
    }
    fh_json_close(&json, ']');
    fh_json_close(&json, '}');
}

int fh_api_changes(struct fh_http_call *call, struct fh_err *err)
{
    struct fh_product_name name;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) =
        fh_arena_new(3 * (size_t)FH_CONTRACT_ARENA_BYTES_MAX);
    struct comparing c = {.arena = arena};
    int code = arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory to compare two contracts")
                             : fh_api_product_name(&name, call, err);
    if (code == FH_OK) {
        c.domain = name.name.domain;
        c.product = name.name.product;
        /* A token does not pull records (token.scope); earlier contracts are the catalogue's, which
         * whoever came here may see: the home's own member asks for them. */
        code = fh_askers_take(call->state->services->askers, NULL, &c.client, err);
    }
    if (code == FH_OK) {
        code = fh_history_ask(&c.history, c.client, c.domain, c.product, err);
    }
    if (code == FH_OK) {
        code = choose(&c, &name, fh_http_argument(&call->target, "since"), err);
    }
    if (code == FH_OK) {
        code = fetch(&c, err);
    }
    fh_http_asker_end(call, c.client);
    if (code == FH_OK) {
        put_changes(call, &c);
    }
    fh_history_free(c.history);
    return code;
}
