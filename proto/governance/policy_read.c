/* SPDX-License-Identifier: Apache-2.0 */
#include "common/semver.h"
#include "common/time.h"
#include "proto/contract/yaml.h"
#include "proto/governance/policy_inner.h"
#include "proto/identity/keylog.h"

#include <stdio.h>
#include <string.h>

enum {
    DAY_MS = 24 * 3600 * 1000,
    DATE_CHARACTERS = 10, /* "2027-12-31" */
};

static const char *required(const struct fh_policy_place *top,
                            const struct fh_doc_node *root,
                            const char *key,
                            size_t bytes_max)
{
    const struct fh_doc_node *node = fh_doc_get(root, key);
    if (node == NULL) {
        FH_POLICY_REFUSE(top, root, "policy.key.missing", "a policy has a %s", key);
    }
    return fh_policy_read_text(top, node, bytes_max);
}

static void
read_until(const struct fh_policy_place *top, const struct fh_doc_node *node, int64_t *out)
{
    int64_t until;
    const char *text = fh_policy_read_text(top, node, FH_POLICY_WORD_BYTES_MAX);
    if (text == NULL) {
        return;
    }
    if (!fh_time_parse(text, &until) || until <= 0 || until > FH_RECORD_TIME_MS_MAX - DAY_MS) {
        FH_POLICY_REFUSE(top,
                         node,
                         "policy.valid_until",
                         "valid_until is a date (2027-12-31, which counts whole) or a time "
                         "(2027-12-31T18:00:00Z)");
        return;
    }
    *out = strlen(text) == DATE_CHARACTERS ? until + DAY_MS - 1 : until;
}

static void read_products(const struct fh_policy_place *top,
                          struct fh_policy *policy,
                          const struct fh_doc_node *node)
{
    policy->products = fh_policy_read_words(top, node);
    for (size_t i = 0; i < policy->products.count; i++) {
        const char *text = policy->products.items[i];
        char name[FH_POLICY_WORD_BYTES_MAX + 1];
        struct fh_err err;
        size_t size = strcspn(text, "@");
        snprintf(name, sizeof name, "%.*s", (int)size, text);
        const char *major = text + size;
        bool digits =
            major[0] == '\0' || (major[0] == '@' && major[1] != '\0' &&
                                 strspn(major + 1, "0123456789") == strlen(major + 1) &&
                                 strlen(major) <= 10 && (major[1] != '0' || major[2] == '\0'));
        if (fh_name_check("product", name, &err) != FH_OK) {
            FH_POLICY_REFUSE(top, node, "policy.products", "%s", err.text);
        } else if (!digits) {
            FH_POLICY_REFUSE(top,
                             node,
                             "policy.products",
                             "\"%.64s\": behind @ stands a major version, as in orders@2",
                             text);
        }
    }
}

static void read_applies(const struct fh_policy_place *top,
                         struct fh_policy *policy,
                         const struct fh_doc_node *node)
{
    const char *text = fh_policy_read_text(top, node, FH_POLICY_WORD_BYTES_MAX);
    policy->everyone = text != NULL && strcmp(text, "everyone") == 0;
    if (text != NULL && !policy->everyone && strcmp(text, "others") != 0) {
        FH_POLICY_REFUSE(
            top,
            node,
            "policy.applies_to",
            "applies_to is others (all domains but the own one) or everyone, not \"%.64s\"",
            text);
    }
}

static void read_purposes(const struct fh_policy_place *top,
                          struct fh_policy *policy,
                          const struct fh_doc_node *node)
{
    policy->purposes = fh_policy_read_words(top, node);
    for (size_t i = 0; i < policy->purposes.count; i++) {
        if (strlen(policy->purposes.items[i]) > FH_PURPOSE_BYTES_MAX) {
            FH_POLICY_REFUSE(top,
                             node,
                             "policy.purposes",
                             "no question can state a purpose of more than %d bytes",
                             FH_PURPOSE_BYTES_MAX);
        }
    }
}

static void read_head(const struct fh_policy_place *top,
                      const struct fh_doc_node *root,
                      struct fh_policy *policy)
{
    struct fh_err err;
    struct fh_semver version;
    const struct fh_doc_node *description = fh_doc_get(root, "description");
    policy->name = required(top, root, "name", FH_POLICY_WORD_BYTES_MAX);
    policy->version = required(top, root, "version", FH_POLICY_WORD_BYTES_MAX);
    policy->description = fh_policy_read_text(top, description, FH_POLICY_BYTES_MAX);
    policy->description = policy->description == NULL ? "" : policy->description;
    policy->until_ms = INT64_MAX;
    if (policy->name != NULL && fh_name_check("policy", policy->name, &err) != FH_OK) {
        FH_POLICY_REFUSE(top, fh_doc_get(root, "name"), "policy.name", "%s", err.text);
    }
    if (policy->version != NULL && fh_semver_parse(&version, policy->version, &err) != FH_OK) {
        FH_POLICY_REFUSE(top, fh_doc_get(root, "version"), "policy.version", "%s", err.text);
    }
    read_until(top, fh_doc_get(root, "valid_until"), &policy->until_ms);
    policy->owners = fh_policy_read_words(top, fh_doc_get(root, "domains"));
    read_products(top, policy, fh_doc_get(root, "products"));
    read_applies(top, policy, fh_doc_get(root, "applies_to"));
    read_purposes(top, policy, fh_doc_get(root, "purposes"));
}

int fh_policy_read(struct fh_policy **out,
                   struct fh_bytes text,
                   struct fh_findings *findings,
                   struct fh_err *err)
{
    static const char *const keys[] = {"name",
                                       "version",
                                       "description",
                                       "valid_until",
                                       "domains",
                                       "products",
                                       "applies_to",
                                       "purposes",
                                       "mask",
                                       "hide",
                                       "filter",
                                       "retention",
                                       "minimum_group",
                                       "quality",
                                       "export",
                                       "residency",
                                       "require",
                                       "naming",
                                       "notice"};
    struct fh_doc_node *root = NULL;
    struct fh_policy_reading reading = {.findings = findings, .arena = findings->arena};
    struct fh_policy_place top = {.reading = &reading,
                                  .path = "",
                                  .what = "a policy",
                                  .keys = keys,
                                  .key_count = FH_COUNT(keys)};
    if (text.size > FH_POLICY_BYTES_MAX) {
        fh_findings_add(findings,
                        FH_SEVERITY_ERROR,
                        0,
                        0,
                        "",
                        "policy.size",
                        "a policy has at most %d bytes; make several",
                        FH_POLICY_BYTES_MAX);
        return fh_findings_ok(findings, err);
    }
    int rc = fh_yaml_read(&root, text, findings, err);
    if (rc != FH_OK) {
        return rc;
    }
    struct fh_policy *policy = fh_policy_allocate(&reading, 1, sizeof *policy);
    if (policy != NULL && fh_policy_check_map(&top, root)) {
        read_head(&top, root, policy);
        fh_policy_read_rules(&top, root, policy);
    }
    if (reading.failed != FH_OK) {
        return fh_err_set(err, reading.failed, "no memory for a policy");
    }
    fh_findings_sort(findings);
    rc = fh_findings_ok(findings, err);
    if (rc == FH_OK) {
        *out = policy;
    }
    return rc;
}

int fh_policy_read_scope(struct fh_contract_strings *out,
                         struct fh_bytes text,
                         struct fh_arena *arena,
                         struct fh_err *err)
{
    struct fh_doc_node *root = NULL;
    struct fh_findings findings;
    struct fh_policy_reading reading = {.findings = &findings, .arena = arena};
    struct fh_policy_place top = {.reading = &reading, .path = "", .what = "a policy"};
    struct fh_policy policy = {.products = {0}};
    fh_findings_init(&findings, arena);
    if (text.size > FH_POLICY_BYTES_MAX) {
        return fh_err_rule(
            err, FH_ECHECK, "policy.size", "a policy has at most %d bytes", FH_POLICY_BYTES_MAX);
    }
    int rc = fh_yaml_read(&root, text, &findings, err);
    if (rc != FH_OK) {
        return rc;
    }
    if (root->kind != FH_DOC_MAP) {
        return fh_err_rule(err, FH_ECHECK, "policy.type", "a policy is a map");
    }
    read_products(&top, &policy, fh_doc_get(root, "products"));
    if (reading.failed != FH_OK) {
        return fh_err_set(err, reading.failed, "no memory for a policy");
    }
    rc = fh_findings_ok(&findings, err);
    if (rc == FH_OK) {
        *out = policy.products;
    }
    return rc;
}
