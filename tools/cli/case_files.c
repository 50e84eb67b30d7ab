/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/case_files.h"

#include "common/time.h"
#include "proto/governance/policy_contract.h"
#include "tools/cli/lint.h"
#include "tools/client/describe.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 512 * 1024 * 1024 }; /* policies and contracts: taken bit by bit */

/* A contract: of a file, or of a product as a node has it. */
struct fh_case_source {
    struct fh_case_source *next;
    const char *name;
    bool is_product;
    struct fh_lint lint; /* of a file */
    struct freehold_description *description;
    const struct fh_contract *contract;
    const char *owner; /* of a product; NULL */
};

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory for cases");
}

int fh_case_files_init(struct fh_case_files *files,
                       struct fh_cli *cli,
                       const char *cases_path,
                       struct fh_err *err)
{
    const char *slash = strrchr(cases_path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - cases_path) + 1;
    *files = (struct fh_case_files){.cli = cli, .arena = fh_arena_new(ARENA_BYTES)};
    files->folder =
        files->arena == NULL ? NULL : fh_arena_string(files->arena, fh_bytes(cases_path, size));
    return files->folder != NULL ? FH_OK : no_memory(err);
}

void fh_case_files_fini(struct fh_case_files *files)
{
    for (struct fh_case_source *at = files->sources; at != NULL; at = at->next) {
        if (at->is_product) {
            freehold_description_free(at->description);
        } else {
            fh_lint_fini(&at->lint);
        }
    }
    for (struct fh_case_policy *at = files->policies; at != NULL; at = at->next) {
        fh_policy_file_fini(&at->file);
    }
    freehold_close(files->client);
    fh_arena_free(files->arena);
    *files = (struct fh_case_files){.cli = NULL};
}

/* ---- contracts ---- */

static int read_file(struct fh_case_files *files, struct fh_case_source *source, struct fh_err *err)
{
    const struct fh_lint_options options = {0};
    int code = fh_lint_file(&source->lint, files->cli, source->name, &options, err);
    if (code == FH_OK && source->lint.findings.errors > 0) {
        fh_lint_print(files->cli->messages, source->name, &source->lint.findings);
        return fh_err_rule(err,
                           FH_ECHECK,
                           fh_lint_first_rule(&source->lint.findings),
                           "%s: the contract has errors",
                           source->name);
    }
    source->contract = source->lint.contract;
    return code;
}

static int
read_product(struct fh_case_files *files, struct fh_case_source *source, struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = files->client == NULL ? fh_cli_client(files->cli, NULL, &files->client, err) : FH_OK;
    if (code != FH_OK) {
        return code;
    }
    if (freehold_describe(&source->description, files->client, source->name, &error) !=
        FREEHOLD_OK) {
        return fh_cli_error(err, &error);
    }
    source->contract = fh_description_proof(source->description)->model;
    source->owner = fh_description_proof(source->description)->domain_name;
    return FH_OK;
}

static int find_source(struct fh_case_files *files,
                       const char *name,
                       bool is_product,
                       const struct fh_case_source **out,
                       struct fh_err *err)
{
    for (const struct fh_case_source *at = files->sources; at != NULL; at = at->next) {
        if (at->is_product == is_product && strcmp(at->name, name) == 0) {
            *out = at;
            return FH_OK;
        }
    }
    struct fh_case_source *source = fh_arena_alloc(files->arena, sizeof *source);
    const char *kept = fh_arena_strdup(files->arena, name);
    if (source == NULL || kept == NULL) {
        return no_memory(err);
    }
    *source =
        (struct fh_case_source){.next = files->sources, .name = kept, .is_product = is_product};
    files->sources = source; /* whatever becomes of it: it is freed with the others */
    *out = source;
    return is_product ? read_product(files, source, err) : read_file(files, source, err);
}

/* Beside the file of cases, unless it says where from the root. */
static const char *path_of(struct fh_case_files *files, const char *name)
{
    return fh_arena_printf(files->arena, "%s%s", name[0] == '/' ? "" : files->folder, name);
}

/* ---- policies ---- */

/* No two policies are one to a waiver. */
static struct fh_record_id id_of(struct fh_bytes text, bool mesh)
{
    struct fh_record_id id;
    const struct fh_bytes parts[] = {fh_bytes_cstr(mesh ? "mesh" : "domain"), text};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    memcpy(id.b, hash.b, sizeof id.b);
    return id;
}

static int judge_policy(struct fh_case_files *files,
                        const char *path,
                        const struct fh_findings *findings,
                        struct fh_err *err)
{
    if (findings->errors == 0) {
        return FH_OK;
    }
    fh_lint_print(files->cli->messages, path, findings);
    return fh_err_rule(err,
                       FH_ECHECK,
                       fh_lint_first_rule(findings),
                       "%s: the policy has errors and decides nothing",
                       path);
}

static int read_policy(struct fh_case_files *files,
                       const char *path,
                       bool mesh,
                       struct fh_case_policy **out,
                       struct fh_err *err)
{
    struct fh_case_policy *made = fh_arena_alloc(files->arena, sizeof *made);
    if (made == NULL) {
        return no_memory(err);
    }
    *made = (struct fh_case_policy){.next = files->policies, .path = path};
    files->policies = made; /* whatever becomes of it: it is freed with the others */
    int code = fh_policy_file_read(&made->file, files->cli, path, NULL, err);
    if (code == FH_OK) {
        code = judge_policy(files, path, &made->file.findings, err);
    }
    if (code != FH_OK) {
        return code;
    }
    const struct fh_policy *policy = made->file.policy;
    if (!mesh && policy->owners.count > 0) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "policy.domains",
                           "%s: a domain's policy is about its own products; domains belongs into "
                           "one of mesh_policies",
                           path);
    }
    made->touched = fh_arena_array(files->arena, policy->rule_count + 1, sizeof *made->touched);
    made->held.id = id_of(fh_buf_view(&made->file.text), mesh);
    made->held.mesh = mesh;
    made->held.policy = policy;
    snprintf(made->held.name, sizeof made->held.name, "%s", policy->name);
    snprintf(made->held.version, sizeof made->held.version, "%s", policy->version);
    *out = made;
    return made->touched != NULL ? FH_OK : no_memory(err);
}

static int find_policy(struct fh_case_files *files,
                       const char *name,
                       bool mesh,
                       struct fh_case_policy **out,
                       struct fh_err *err)
{
    const char *path = path_of(files, name);
    if (path == NULL) {
        return no_memory(err);
    }
    for (struct fh_case_policy *at = files->policies; at != NULL; at = at->next) {
        if (at->held.mesh == mesh && strcmp(at->path, path) == 0) {
            *out = at;
            return FH_OK;
        }
    }
    return read_policy(files, path, mesh, out, err);
}

/* What no node would publish for this product decides nothing here: a mask that does not fit. */
static int check_product(struct fh_case_files *files,
                         struct fh_case_policy *policy,
                         const struct fh_contract *contract,
                         struct fh_err *err)
{
    struct fh_findings findings;
    if (policy->fits == contract) {
        return FH_OK;
    }
    const struct fh_access_product *product = fh_access_product_of(contract, files->arena);
    fh_findings_init(&findings, files->arena);
    if (product == NULL) {
        return no_memory(err);
    }
    fh_policy_check_product(policy->held.policy, product, &findings);
    policy->fits = contract;
    return judge_policy(files, policy->path, &findings, err);
}

static int add_policies(struct fh_case_files *files,
                        const struct fh_contract_strings *names,
                        bool mesh,
                        const struct fh_policy_held **held,
                        struct fh_case_world *world,
                        struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; code == FH_OK && i < names->count; i++) {
        struct fh_case_policy *policy = NULL;
        code = find_policy(files, names->items[i], mesh, &policy, err);
        if (code == FH_OK) {
            code = check_product(files, policy, world->contract, err);
        }
        for (uint32_t k = 0; code == FH_OK && k < world->policy_count; k++) {
            if (held[k]->mesh == mesh && strcmp(held[k]->name, policy->held.name) == 0) {
                code = fh_err_rule(err,
                                   FH_ECHECK,
                                   "case.policy.twice",
                                   "%s: another policy of the case is named %s",
                                   policy->path,
                                   policy->held.name);
            }
        }
        if (code == FH_OK) {
            held[world->policy_count++] = &policy->held;
        }
    }
    return code;
}

/* ---- a case ---- */

static int read_contracts(struct fh_case_files *files,
                          struct fh_case *one,
                          struct fh_case_world *out,
                          struct fh_err *err)
{
    const struct fh_case_source *source = NULL;
    bool is_product = one->given.product != NULL;
    const char *name = is_product ? one->given.product : path_of(files, one->given.contract);
    int code = name == NULL ? no_memory(err) : find_source(files, name, is_product, &source, err);
    if (code != FH_OK) {
        return code;
    }
    out->contract = source->contract;
    if (source->owner != NULL) {
        one->given.owner = source->owner;
    }
    if (one->when.contract != NULL) {
        name = path_of(files, one->when.contract);
        code = name == NULL ? no_memory(err) : find_source(files, name, false, &source, err);
        out->next = code == FH_OK ? source->contract : NULL;
    }
    return code;
}

int fh_case_files_world(struct fh_case_files *files,
                        struct fh_case *one,
                        struct fh_case_world *out,
                        struct fh_err *err)
{
    size_t most = one->given.policies.count + one->given.mesh_policies.count;
    const struct fh_policy_held **held = fh_arena_array(files->arena, most + 1, sizeof *held);
    *out = (struct fh_case_world){.policies = held, .now_ms = fh_clock_wall_ms()};
    if (held == NULL) {
        return no_memory(err);
    }
    int code = read_contracts(files, one, out, err);
    if (code == FH_OK) {
        code = add_policies(files, &one->given.mesh_policies, true, held, out, err);
    }
    if (code == FH_OK) {
        code = add_policies(files, &one->given.policies, false, held, out, err);
    }
    return code;
}

/* ---- which rules were tried ---- */

static bool is_about(enum fh_case_action action, enum fh_policy_rule_kind kind)
{
    bool ends = action == FH_CASE_DEPRECATE || action == FH_CASE_RETIRE;
    return ends ? kind == FH_POLICY_NOTICE : kind == FH_POLICY_REQUIRE || kind == FH_POLICY_NAMING;
}

void fh_case_files_touch(struct fh_case_files *files,
                         const struct fh_case *one,
                         const struct fh_case_world *world,
                         const struct fh_access_trace *trace)
{
    const struct fh_contract *contract = world->contract;
    uint32_t major = (uint32_t)strtoul(contract->version, NULL, 10);
    for (struct fh_case_policy *at = files->policies; at != NULL; at = at->next) {
        const struct fh_policy *policy = at->held.policy;
        bool given = false;
        for (uint32_t i = 0; i < world->policy_count; i++) {
            given = given || world->policies[i] == &at->held;
        }
        for (size_t i = 0; given && one->when.action != FH_CASE_READ && i < policy->rule_count;
             i++) {
            at->touched[i] = at->touched[i] || (is_about(one->when.action, policy->rules[i].kind) &&
                                                fh_policy_governs(policy, contract->name, major));
        }
        for (const struct fh_access_effect *effect = trace->first; effect != NULL;
             effect = effect->next) {
            if (effect->held == &at->held && effect->rule != NULL) {
                at->touched[effect->rule - policy->rules] = true;
            }
        }
    }
}
