/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants, at the home of a domain or at its node elsewhere: which there are, a new one without a
 * request, and their end.
 */
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/terms.h"
#include "tools/cli/text_list.h"
#include "tools/client/product_name.h"

#include <stdlib.h>
#include <string.h>

static int open_grants(struct fh_governing *out,
                       struct fh_cli *cli,
                       const struct fh_args *args,
                       struct fh_err *err)
{
    int code = fh_governing_open(out, cli, fh_args_value(args, "node"), err);
    return code == FH_OK ? fh_governing_read_grants(out, err) : code;
}

/* ---- grant list, show ---- */

static int by_product(const void *a, const void *b)
{
    const struct fh_governed *left = a;
    const struct fh_governed *right = b;
    int order = strcmp(left->grant.product, right->grant.product);
    return order != 0 ? order
                      : (left->grant.not_before_ms < right->grant.not_before_ms) -
                            (left->grant.not_before_ms > right->grant.not_before_ms);
}

int fh_cmd_grant_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_governing governing;
    bool all = fh_args_has(args, "all");
    int64_t now_ms = fh_clock_wall_ms();
    int code = open_grants(&governing, cli, args, err);
    if (code == FH_OK) {
        size_t kept = 0;
        for (size_t i = 0; i < governing.count; i++) {
            const struct fh_governed *governed = &governing.grants[i];
            const char *state = fh_governed_state(governed, now_ms);
            if (all || strcmp(state, "active") == 0 || strcmp(state, "not begun") == 0) {
                governing.grants[kept++] = *governed;
            }
        }
        if (kept > 1) {
            qsort(governing.grants, kept, sizeof *governing.grants, by_product);
        }
        code = fh_grants_show(cli, governing.grants, kept, false, err);
    }
    fh_governing_close(&governing);
    return code;
}

int fh_cmd_grant_show(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_governing governing;
    const struct fh_governed *governed = NULL;
    int code = open_grants(&governing, cli, args, err);
    if (code == FH_OK) {
        code = fh_governing_grant_find(&governing, args->operands[0], &governed, err);
    }
    if (code == FH_OK) {
        code = fh_grants_show(cli, governed, 1, true, err);
    }
    fh_governing_close(&governing);
    return code;
}

/* ---- grant create ---- */

/* A domain by name, or a key by id. */
static int read_grantee(struct fh_governing *governing,
                        const char *to,
                        struct fh_governed *out,
                        struct fh_err *err)
{
    struct fh_key_id key;
    struct fh_domain_id domain;
    if (to == NULL) {
        return fh_err_set(err, FH_EUSAGE, "--to is missing: the name of a domain, or fhk1...");
    }
    if (strncmp(to, "fhk1", 4) == 0) {
        int code = fh_key_id_parse(&key, to, err);
        out->grant.grantee_kind = FH_GRANTEE_KEY;
        memcpy(out->grant.grantee, key.b, sizeof key.b);
        return code;
    }
    int code = fh_own_node_domain(&governing->own, to, &domain, err);
    if (code == FH_OK) {
        out->grant.grantee_kind = FH_GRANTEE_DOMAIN;
        memcpy(out->grant.grantee, domain.b, sizeof domain.b);
        snprintf(out->grantee_name, sizeof out->grantee_name, "%s", to);
    }
    return code;
}

static int read_grant(struct fh_governing *governing,
                      const struct fh_args *args,
                      struct fh_governed *out,
                      struct fh_err *err)
{
    struct fh_product_name name;
    struct fh_arena *arena = governing->asked.arena;
    struct fh_grant *grant = &out->grant;
    const char *note = fh_args_value(args, "note");
    int code = fh_product_name_parse(&name, args->operands[0], err);
    if (code == FH_OK && strcmp(name.name.domain, governing->actor->settings.domain) != 0) {
        code = fh_err_rule(err,
                           FH_EDENIED,
                           "grant.owner",
                           "%s: you govern for domain %s; a product is granted by its owner",
                           args->operands[0],
                           governing->actor->settings.domain);
    }
    if (code == FH_OK && fh_args_value(args, "until") == NULL) {
        code = fh_err_set(err, FH_EUSAGE, "--until is missing: a grant has an end");
    }
    if (code == FH_OK && note != NULL && strlen(note) > FH_GRANT_NOTE_BYTES_MAX) {
        code = fh_err_set(err, FH_EUSAGE, "--note: at most %d bytes", (int)FH_GRANT_NOTE_BYTES_MAX);
    }
    if (code == FH_OK) {
        code = read_grantee(governing, fh_args_value(args, "to"), out, err);
    }
    if (code != FH_OK) {
        return code;
    }
    grant->owner = governing->actor->domain;
    memcpy(grant->product, name.name.product, sizeof grant->product);
    grant->major = (uint32_t)name.name.major;
    grant->not_before_ms = fh_clock_wall_ms();
    grant->rows = "";
    grant->note = note == NULL ? "" : note;
    code = fh_cli_texts(&grant->purposes,
                        "purposes",
                        fh_args_value(args, "purposes"),
                        FH_GRANT_PURPOSES_MAX,
                        arena,
                        err);
    return code == FH_OK ? fh_grant_terms(grant, args, arena, err) : code;
}

int fh_cmd_grant_create(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_governing governing;
    struct fh_governed governed = {.ended_ms = 0};
    bool dry_run = fh_args_has(args, "dry-run");
    int code = fh_governing_open(&governing, cli, fh_args_value(args, "node"), err);
    if (code == FH_OK) {
        code = read_grant(&governing, args, &governed, err);
    }
    if (code == FH_OK) {
        code = fh_governing_sign_grant(&governing, &governed.grant, &governed.id, err);
    }
    if (code == FH_OK) {
        code = fh_governing_hand_over(&governing, dry_run, err);
    }
    if (code == FH_OK) {
        if (dry_run) {
            fh_cli_say(cli, "not granted: everything holds");
        }
        code = fh_grants_show(cli, &governed, 1, true, err);
    }
    fh_governing_close(&governing);
    return code;
}

/* ---- grant revoke ---- */

int fh_cmd_grant_revoke(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_governing governing;
    const struct fh_governed *governed = NULL;
    bool dry_run = fh_args_has(args, "dry-run");
    int64_t now_ms = fh_clock_wall_ms();
    int code = open_grants(&governing, cli, args, err);
    if (code == FH_OK) {
        code = fh_governing_grant_find(&governing, args->operands[0], &governed, err);
    }
    if (code == FH_OK && governed->ended_ms != 0 && governed->ended_ms <= now_ms) {
        code = fh_err_rule(err, FH_ESTATE, "grant.ended", "the grant is ended already");
    }
    if (code == FH_OK) {
        const struct fh_grant_end end = {.owner = governing.actor->domain,
                                         .grant = governed->id,
                                         .since_ms = now_ms,
                                         .created_ms = now_ms};
        code = fh_governing_sign_end(&governing, &end, err);
    }
    if (code == FH_OK) {
        code = fh_governing_hand_over(&governing, dry_run, err);
    }
    if (code == FH_OK) {
        struct fh_governed shown = *governed;
        shown.ended_ms = dry_run ? shown.ended_ms : now_ms;
        fh_cli_say(cli,
                   dry_run ? "not ended: everything holds"
                           : "ended for good; what was running by it ends now");
        code = fh_grants_show(cli, &shown, 1, true, err);
    }
    fh_governing_close(&governing);
    return code;
}
