/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy_cases.h"

#include "common/time.h"
#include "proto/contract/yaml.h"
#include "proto/governance/policy_cases_inner.h"
#include "proto/quality/measurement.h"

#include <string.h>

static const char *const about_texts[FH_CASE_ABOUT_COUNT] = {
    [FH_CASE_OUTCOME] = "outcome",
    [FH_CASE_BY] = "by",
    [FH_CASE_COLUMN] = "columns",
    [FH_CASE_OTHERS] = "others",
    [FH_CASE_ROWS] = "rows",
    [FH_CASE_PURPOSES] = "purposes",
    [FH_CASE_ROWS_PER_DAY] = "rows_per_day",
    [FH_CASE_QUERIES_PER_HOUR] = "queries_per_hour",
    [FH_CASE_UNTIL] = "until",
    [FH_CASE_POLICIES] = "policies",
    [FH_CASE_WAIVED] = "waived",
};

const char *fh_case_about_text(unsigned about)
{
    return about < FH_CASE_ABOUT_COUNT ? about_texts[about] : "unknown";
}

/* ---- values ---- */

const char *
fh_case_word(const struct fh_policy_place *place, const struct fh_doc_node *map, const char *key)
{
    return fh_policy_read_text(place, fh_doc_get(map, key), FH_POLICY_FILTER_BYTES_MAX);
}

bool fh_case_time(const struct fh_policy_place *place,
                  const struct fh_doc_node *map,
                  const char *key,
                  int64_t *out)
{
    const struct fh_doc_node *node = fh_doc_get(map, key);
    const char *text = fh_case_word(place, map, key);
    int64_t ms;
    if (text == NULL) {
        return false;
    }
    if (!fh_time_parse(text, &ms) || ms <= 0) {
        FH_POLICY_REFUSE(place,
                         node,
                         "case.time",
                         "%s is a date (2027-01-31) or a time (2027-01-31T12:00:00Z)",
                         key);
        return false;
    }
    *out = ms;
    return true;
}

bool fh_case_bool(const struct fh_policy_place *place,
                  const struct fh_doc_node *map,
                  const char *key,
                  bool *out)
{
    const struct fh_doc_node *node = fh_doc_get(map, key);
    if (node == NULL || node->kind == FH_DOC_BROKEN) {
        return false;
    }
    if (!fh_doc_bool(node, out)) {
        FH_POLICY_REFUSE(place, node, "case.bool", "%s is true or false", key);
        return false;
    }
    return true;
}

static void read_count(const struct fh_policy_place *place,
                       const struct fh_doc_node *map,
                       const char *key,
                       uint64_t *out)
{
    const struct fh_doc_node *node = fh_doc_get(map, key);
    if (node != NULL) {
        (void)fh_policy_read_number(place, node, 1, INT64_MAX, out);
    }
}

struct fh_policy_place fh_case_beneath(const struct fh_policy_place *place,
                                       const char *path,
                                       const char *what,
                                       const char *const *keys,
                                       size_t key_count)
{
    return (struct fh_policy_place){.reading = place->reading,
                                    .path = path == NULL ? "" : path,
                                    .what = what,
                                    .keys = keys,
                                    .key_count = key_count};
}

/* A list of maps, at most FH_POLICY_CASE_GRANTS_MAX; NULL after a finding or without one. */
static const struct fh_doc_node *
list_of_maps(const struct fh_policy_place *place, const struct fh_doc_node *map, const char *key)
{
    const struct fh_doc_node *list = fh_doc_get(map, key);
    if (list == NULL || list->kind == FH_DOC_BROKEN) {
        return NULL;
    }
    if (list->kind != FH_DOC_LIST || list->count == 0 || list->count > FH_POLICY_CASE_GRANTS_MAX) {
        FH_POLICY_REFUSE(place,
                         list,
                         "case.list",
                         "%s is a list of 1 to %d, each with a dash",
                         key,
                         FH_POLICY_CASE_GRANTS_MAX);
        return NULL;
    }
    return list;
}

/* ---- given ---- */

#define DAY_MS INT64_C(86400000)

enum { DATE_CHARACTERS = 10 }; /* "2027-12-31" */

/* When something ends: a date counts whole, as in a policy. */
static void read_end(const struct fh_policy_place *place,
                     const struct fh_doc_node *map,
                     const char *key,
                     int64_t *out)
{
    if (fh_case_time(place, map, key, out) &&
        strlen(fh_doc_get(map, key)->text) == DATE_CHARACTERS) {
        *out += DAY_MS - 1;
    }
}

static void read_grants(const struct fh_policy_place *above,
                        const struct fh_doc_node *map,
                        struct fh_case_given *given)
{
    static const char *const keys[] = {
        "to", "columns", "purposes", "rows", "rows_per_day", "queries_per_hour", "until", "relay"};
    const struct fh_policy_place place =
        fh_case_beneath(above, above->path, "a grant", keys, FH_COUNT(keys));
    const struct fh_doc_node *list = list_of_maps(above, map, "grants");
    struct fh_case_grant *grants =
        list == NULL ? NULL : fh_policy_allocate(above->reading, list->count, sizeof *grants);
    if (grants == NULL) {
        return;
    }
    given->grant_count = 0;
    for (const struct fh_doc_node *at = list->first; at != NULL; at = at->next) {
        struct fh_case_grant *grant = &grants[given->grant_count++];
        *grant = (struct fh_case_grant){.rows = "", .until_ms = INT64_MAX};
        if (!fh_policy_check_map(&place, at)) {
            continue;
        }
        const char *rows = fh_case_word(&place, at, "rows");
        grant->to = fh_case_word(&place, at, "to");
        grant->columns = fh_policy_read_words(&place, fh_doc_get(at, "columns"));
        grant->purposes = fh_policy_read_words(&place, fh_doc_get(at, "purposes"));
        grant->rows = rows == NULL ? "" : rows;
        read_count(&place, at, "rows_per_day", &grant->rows_per_day);
        read_count(&place, at, "queries_per_hour", &grant->queries_per_hour);
        read_end(&place, at, "until", &grant->until_ms);
        (void)fh_case_bool(&place, at, "relay", &grant->relay);
        for (size_t i = 0; i < grant->columns.count; i++) {
            if (strchr(grant->columns.items[i], '.') == NULL) {
                FH_POLICY_REFUSE(&place,
                                 fh_doc_get(at, "columns"),
                                 "case.grant.column",
                                 "a grant names columns with their table: people.%.64s",
                                 grant->columns.items[i]);
            }
        }
    }
    given->grants = grants;
}

static void read_waivers(const struct fh_policy_place *above,
                         const struct fh_doc_node *map,
                         struct fh_case_given *given)
{
    static const char *const keys[] = {"policy", "rule", "mesh", "for", "member", "until"};
    const struct fh_policy_place place =
        fh_case_beneath(above, above->path, "a waiver", keys, FH_COUNT(keys));
    const struct fh_doc_node *list = list_of_maps(above, map, "waivers");
    struct fh_case_waiver *waivers =
        list == NULL ? NULL : fh_policy_allocate(above->reading, list->count, sizeof *waivers);
    if (waivers == NULL) {
        return;
    }
    given->waiver_count = 0;
    for (const struct fh_doc_node *at = list->first; at != NULL; at = at->next) {
        struct fh_case_waiver *waiver = &waivers[given->waiver_count++];
        *waiver = (struct fh_case_waiver){.policy = "", .rule = "", .until_ms = INT64_MAX};
        if (!fh_policy_check_map(&place, at)) {
            continue;
        }
        const char *rule = fh_case_word(&place, at, "rule");
        const char *policy = fh_case_word(&place, at, "policy");
        waiver->policy = policy == NULL ? "" : policy;
        waiver->rule = rule == NULL ? "" : rule;
        waiver->domain = fh_case_word(&place, at, "for");
        waiver->member = fh_case_word(&place, at, "member");
        (void)fh_case_bool(&place, at, "mesh", &waiver->mesh);
        read_end(&place, at, "until", &waiver->until_ms);
        if (fh_doc_get(at, "policy") == NULL) {
            FH_POLICY_REFUSE(
                &place, at, "case.waiver", "a waiver names the policy: {policy: private}");
        }
    }
    given->waivers = waivers;
}

static void read_quality(const struct fh_policy_place *place,
                         const struct fh_doc_node *map,
                         struct fh_case_given *given)
{
    static const char *const words[] = {
#define X(name, text) text,
        FH_QUALITY_STATES(X)
#undef X
    };
    const char *text = fh_case_word(place, map, "quality");
    if (text != NULL) {
        size_t state =
            fh_policy_find_word(place, fh_doc_get(map, "quality"), text, words, FH_COUNT(words));
        given->quality = state < FH_COUNT(words) ? 1U << state : 0;
    }
}

static void read_whose(const struct fh_policy_place *place,
                       const struct fh_doc_node *map,
                       struct fh_case_given *given)
{
    const char *contract = fh_case_word(place, map, "contract");
    const char *product = fh_case_word(place, map, "product");
    if (contract != NULL && product != NULL) {
        FH_POLICY_REFUSE(place,
                         fh_doc_get(map, "product"),
                         "case.product",
                         "a case is of a contract (a file) or of a product (of a node), not both");
    }
    if (contract != NULL || product != NULL) {
        given->contract = contract;
        given->product = product;
    }
    if (fh_doc_get(map, "policies") != NULL) {
        given->policies = fh_policy_read_words(place, fh_doc_get(map, "policies"));
    }
    if (fh_doc_get(map, "mesh_policies") != NULL) {
        given->mesh_policies = fh_policy_read_words(place, fh_doc_get(map, "mesh_policies"));
    }
}

/* What a map says in place of what was given before. */
static void read_given(const struct fh_policy_place *above,
                       const struct fh_doc_node *map,
                       const char *path,
                       struct fh_case_given *given)
{
    static const char *const keys[] = {"contract",
                                       "product",
                                       "owner",
                                       "policies",
                                       "mesh_policies",
                                       "domain",
                                       "member",
                                       "joined_by",
                                       "roles",
                                       "purpose",
                                       "quality",
                                       "at",
                                       "sunset",
                                       "grants",
                                       "waivers"};
    const struct fh_policy_place place =
        fh_case_beneath(above, path, "what is given", keys, FH_COUNT(keys));
    const struct {
        const char *key;
        const char **out;
    } words[] = {{"owner", &given->owner},
                 {"domain", &given->domain},
                 {"member", &given->member},
                 {"joined_by", &given->joined_by},
                 {"purpose", &given->purpose}};
    if (map == NULL || !fh_policy_check_map(&place, map)) {
        return;
    }
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        const char *text = fh_case_word(&place, map, words[i].key);
        *words[i].out = text == NULL ? *words[i].out : text;
    }
    read_whose(&place, map, given);
    if (fh_doc_get(map, "roles") != NULL) {
        given->roles = fh_policy_read_words(&place, fh_doc_get(map, "roles"));
    }
    read_quality(&place, map, given);
    (void)fh_case_time(&place, map, "at", &given->at_ms);
    (void)fh_case_time(&place, map, "sunset", &given->sunset_ms);
    read_grants(&place, map, given);
    read_waivers(&place, map, given);
}

/* ---- cases ---- */

static void read_case(const struct fh_policy_place *above,
                      const struct fh_doc_node *node,
                      uint32_t index,
                      const struct fh_case_given *given,
                      struct fh_case *out)
{
    static const char *const keys[] = {"case", "given", "when", "then"};
    struct fh_arena *arena = above->reading->arena;
    const char *path = fh_arena_printf(arena, "cases[%u]", index);
    const char *given_path = fh_arena_printf(arena, "cases[%u].given", index);
    const char *when_path = fh_arena_printf(arena, "cases[%u].when", index);
    const char *then_path = fh_arena_printf(arena, "cases[%u].then", index);
    const struct fh_policy_place place =
        fh_case_beneath(above, path, "a case", keys, FH_COUNT(keys));
    *out = (struct fh_case){.line = node->line, .given = *given};
    if (then_path == NULL) {
        above->reading->failed = FH_ENOMEM;
        return;
    }
    if (!fh_policy_check_map(&place, node)) {
        return;
    }
    const char *name = fh_case_word(&place, node, "case");
    out->name = name == NULL ? path : name;
    if (fh_doc_get(node, "case") == NULL) {
        FH_POLICY_REFUSE(&place, node, "case.name", "a case has a name: case: nobody sells it");
    }
    read_given(&place, fh_doc_get(node, "given"), given_path, &out->given);
    fh_case_read_when(&place, node, when_path, &out->when);
    fh_case_read_then(&place, node, then_path, out);
    if (out->given.contract == NULL && out->given.product == NULL) {
        FH_POLICY_REFUSE(&place,
                         node,
                         "case.product",
                         "a case is of a contract or a product: given: {contract: FILE}");
    }
    if (out->when.action == FH_CASE_READ && out->given.domain == NULL &&
        fh_doc_get(node, "when") != NULL) {
        FH_POLICY_REFUSE(
            &place, node, "case.domain", "a case says who asks: given: {domain: museum}");
    }
}

static void read_cases(const struct fh_policy_place *top,
                       const struct fh_doc_node *root,
                       struct fh_cases *cases)
{
    struct fh_case_given given = {.owner = "owner", .purpose = "", .quality = 1U << FH_QUALITY_OK};
    const struct fh_doc_node *list = fh_doc_get(root, "cases");
    read_given(top, fh_doc_get(root, "given"), "given", &given);
    if (list == NULL || list->kind != FH_DOC_LIST || list->count == 0 ||
        list->count > FH_POLICY_CASES_MAX) {
        FH_POLICY_REFUSE(top,
                         list == NULL ? root : list,
                         "case.list",
                         "cases is a list of 1 to %d, each with a dash",
                         FH_POLICY_CASES_MAX);
        return;
    }
    struct fh_case *items = fh_policy_allocate(top->reading, list->count, sizeof *items);
    const struct fh_doc_node *at = items == NULL ? NULL : list->first;
    for (; at != NULL; at = at->next) {
        read_case(top, at, cases->count, &given, &items[cases->count]);
        cases->count++;
    }
    cases->items = items;
}

int fh_cases_read(struct fh_cases **out,
                  struct fh_bytes text,
                  struct fh_findings *findings,
                  struct fh_err *err)
{
    static const char *const keys[] = {"given", "cases"};
    struct fh_doc_node *root = NULL;
    struct fh_policy_reading reading = {.findings = findings, .arena = findings->arena};
    const struct fh_policy_place top = {.reading = &reading,
                                        .path = "",
                                        .what = "a file of cases",
                                        .keys = keys,
                                        .key_count = FH_COUNT(keys)};
    int rc = fh_yaml_read(&root, text, findings, err);
    if (rc != FH_OK) {
        return rc;
    }
    struct fh_cases *cases = fh_policy_allocate(&reading, 1, sizeof *cases);
    if (cases != NULL && fh_policy_check_map(&top, root)) {
        read_cases(&top, root, cases);
    }
    if (reading.failed != FH_OK) {
        return fh_err_set(err, reading.failed, "no memory for cases");
    }
    fh_findings_sort(findings);
    rc = fh_findings_ok(findings, err);
    if (rc == FH_OK) {
        *out = cases;
    }
    return rc;
}
