/* SPDX-License-Identifier: Apache-2.0 */
/* What is done in a case, and what is meant to happen then. */
#include "common/time.h"
#include "proto/governance/policy_cases_inner.h"

#include <string.h>

/* ---- when ---- */

static void read_read(const struct fh_policy_place *place,
                      const struct fh_doc_node *map,
                      struct fh_case_when *when)
{
    static const char *const formats[] = {
#define X(name, text) text,
        FH_POLICY_FORMATS(X)
#undef X
    };
    const char *format = fh_case_word(place, map, "export");
    when->reads = fh_policy_read_words(place, fh_doc_get(map, "read"));
    if (format != NULL) {
        size_t at = fh_policy_find_word(
            place, fh_doc_get(map, "export"), format, formats, FH_COUNT(formats));
        when->formats = at < FH_COUNT(formats) ? 1U << at : 0;
    }
}

/* `publish: next.odcs.yaml`, `deprecate: 2027-01-31`; or `true`. */
static void read_step(const struct fh_policy_place *place,
                      const struct fh_doc_node *map,
                      const char *key,
                      struct fh_case_when *when)
{
    const struct fh_doc_node *node = fh_doc_get(map, key);
    bool yes = false;
    if (fh_doc_bool(node, &yes)) {
        if (!yes) {
            FH_POLICY_REFUSE(place, node, "case.when", "what is not done is left out");
        }
    } else if (when->action == FH_CASE_PUBLISH) {
        when->contract = fh_case_word(place, map, key);
    } else if (when->action == FH_CASE_DEPRECATE) {
        (void)fh_case_time(place, map, key, &when->sunset_ms);
    } else {
        FH_POLICY_REFUSE(place, node, "case.when", "%s is true", key);
    }
}

void fh_case_read_when(const struct fh_policy_place *above,
                       const struct fh_doc_node *of,
                       const char *path,
                       struct fh_case_when *when)
{
    static const char *const keys[] = {"read", "export", "publish", "renew", "deprecate", "retire"};
    static const enum fh_case_action actions[] = {FH_CASE_READ,
                                                  FH_CASE_READ,
                                                  FH_CASE_PUBLISH,
                                                  FH_CASE_RENEW,
                                                  FH_CASE_DEPRECATE,
                                                  FH_CASE_RETIRE};
    const struct fh_policy_place place =
        fh_case_beneath(above, path, "what is done", keys, FH_COUNT(keys));
    const struct fh_doc_node *map = fh_doc_get(of, "when");
    const char *key = NULL;
    bool several = false;
    if (map == NULL) {
        FH_POLICY_REFUSE(above, of, "case.when", "a case says what is done: when: {read: people}");
        return;
    }
    if (!fh_policy_check_map(&place, map)) {
        return;
    }
    for (size_t i = 0; i < FH_COUNT(keys); i++) {
        if (fh_doc_get(map, keys[i]) != NULL) {
            several = several || (key != NULL && when->action != actions[i]);
            when->action = actions[i];
            key = keys[i];
        }
    }
    if (key == NULL || several) {
        FH_POLICY_REFUSE(&place,
                         map,
                         "case.when",
                         "one thing is done: read, export, publish, renew, deprecate or retire");
    } else if (when->action == FH_CASE_READ) {
        read_read(&place, map, when);
    } else {
        read_step(&place, map, key, when);
    }
}

/* ---- then ---- */

struct expecting {
    struct fh_policy_place place;
    struct fh_case_expect *items;
    uint32_t count;
};

static struct fh_case_expect *
expect(struct expecting *to, enum fh_case_about about, const struct fh_doc_node *node)
{
    struct fh_case_expect *one = &to->items[to->count++];
    one->about = about;
    one->line = node->line;
    one->text = "";
    return one;
}

/* "as it is", "hidden", or a mask: its kind alone, or all of it as fh_mask_text says it. */
static void expect_seen(struct expecting *to,
                        enum fh_case_about about,
                        const struct fh_doc_node *node,
                        const char *column)
{
    const char *words[FH_MASK_KIND_COUNT + 2] = {"as it is", "hidden"};
    const char *text = fh_policy_read_text(&to->place, node, FH_POLICY_WORD_BYTES_MAX);
    struct fh_case_expect *one = expect(to, about, node);
    bool known = false;
    for (unsigned kind = 1; kind < FH_MASK_KIND_COUNT; kind++) {
        words[1 + kind] = fh_mask_kind_text(kind);
    }
    for (size_t i = 0; text != NULL && i < FH_MASK_KIND_COUNT + 1; i++) {
        size_t size = strlen(words[i]);
        known = known || (strncmp(text, words[i], size) == 0 &&
                          (text[size] == '\0' || (i > 1 && strchr(", ", text[size]) != NULL)));
    }
    if (text != NULL && !known) {
        (void)fh_policy_find_word(&to->place, node, text, words, FH_MASK_KIND_COUNT + 1);
    }
    one->column = column;
    one->text = text == NULL ? "" : text;
}

static void expect_columns(struct expecting *to, const struct fh_doc_node *map)
{
    if (map->kind != FH_DOC_MAP) {
        FH_POLICY_REFUSE(&to->place,
                         map,
                         "case.columns",
                         "columns is a map of each and what is seen of it: {name: hash, note: "
                         "hidden}");
        return;
    }
    for (const struct fh_doc_node *at = map->first; at != NULL; at = at->next) {
        expect_seen(to, FH_CASE_COLUMN, at, at->key);
    }
}

static void expect_outcome(struct expecting *to, const struct fh_doc_node *map)
{
    const struct fh_doc_node *allowed = fh_doc_get(map, "allowed");
    const struct fh_doc_node *refused = fh_doc_get(map, "refused");
    bool yes = true;
    if (allowed != NULL && refused != NULL) {
        FH_POLICY_REFUSE(&to->place, refused, "case.then", "it is allowed or refused, not both");
    } else if (allowed != NULL && fh_case_bool(&to->place, map, "allowed", &yes)) {
        expect(to, FH_CASE_OUTCOME, allowed)->text = yes ? "allowed" : "refused";
    } else if (refused != NULL) {
        const char *rule = fh_case_word(&to->place, map, "refused");
        struct fh_case_expect *one = expect(to, FH_CASE_OUTCOME, refused);
        one->text = rule == NULL ? "refused" : rule;
        if (fh_doc_bool(refused, &yes)) {
            one->text = yes ? "refused" : "allowed";
        }
    }
}

static void expect_list(struct expecting *to,
                        enum fh_case_about about,
                        const struct fh_doc_node *node,
                        const char *none)
{
    struct fh_case_expect *one = expect(to, about, node);
    if (node->kind != FH_DOC_SCALAR || strcmp(node->text, none) != 0) {
        one->texts = fh_policy_read_words(&to->place, node);
    }
}

static void
expect_number(struct expecting *to, enum fh_case_about about, const struct fh_doc_node *node)
{
    struct fh_case_expect *one = expect(to, about, node);
    if (node->kind != FH_DOC_SCALAR || strcmp(node->text, "none") != 0) {
        (void)fh_policy_read_number(&to->place, node, 1, INT64_MAX, &one->number);
    }
}

static void expect_until(struct expecting *to, const struct fh_doc_node *map)
{
    const struct fh_doc_node *node = fh_doc_get(map, "until");
    struct fh_case_expect *one = expect(to, FH_CASE_UNTIL, node);
    int64_t ignored;
    one->text = "never";
    if (node->kind != FH_DOC_SCALAR || strcmp(node->text, "never") != 0) {
        one->text = fh_case_time(&to->place, map, "until", &ignored) ? node->text : "";
    }
}

static void expect_by(struct expecting *to, const struct fh_doc_node *map)
{
    static const char *const words[] = {"own", "open", "grant"};
    const char *text = fh_case_word(&to->place, map, "by");
    const struct fh_doc_node *node = fh_doc_get(map, "by");
    if (text != NULL &&
        fh_policy_find_word(&to->place, node, text, words, FH_COUNT(words)) < FH_COUNT(words)) {
        expect(to, FH_CASE_BY, node)->text = text;
    }
}

/* What is seen, of somebody who reads. */
static void expect_view(struct expecting *to, const struct fh_doc_node *map)
{
    const struct fh_doc_node *node;
    bool yes = false;
    if ((node = fh_doc_get(map, "columns")) != NULL) {
        expect_columns(to, node);
    }
    if ((node = fh_doc_get(map, "others")) != NULL) {
        expect_seen(to, FH_CASE_OTHERS, node, NULL);
    }
    if ((node = fh_doc_get(map, "rows")) != NULL) {
        expect_list(to, FH_CASE_ROWS, node, "all");
    }
    if ((node = fh_doc_get(map, "purposes")) != NULL) {
        expect_list(to, FH_CASE_PURPOSES, node, "any");
    }
    if ((node = fh_doc_get(map, "policies")) != NULL) {
        expect_list(to, FH_CASE_POLICIES, node, "none");
    }
    if ((node = fh_doc_get(map, "rows_per_day")) != NULL) {
        expect_number(to, FH_CASE_ROWS_PER_DAY, node);
    }
    if ((node = fh_doc_get(map, "queries_per_hour")) != NULL) {
        expect_number(to, FH_CASE_QUERIES_PER_HOUR, node);
    }
    if (fh_doc_get(map, "until") != NULL) {
        expect_until(to, map);
    }
    if (fh_case_bool(&to->place, map, "waived", &yes)) {
        expect(to, FH_CASE_WAIVED, fh_doc_get(map, "waived"))->number = yes ? 1 : 0;
    }
    expect_by(to, map);
}

static uint32_t count_expects(const struct fh_doc_node *map)
{
    const struct fh_doc_node *columns = fh_doc_get(map, "columns");
    return map->count + (columns == NULL ? 0 : columns->count);
}

void fh_case_read_then(const struct fh_policy_place *above,
                       const struct fh_doc_node *of,
                       const char *path,
                       struct fh_case *one)
{
    static const char *const keys[] = {"allowed",
                                       "refused",
                                       "columns",
                                       "others",
                                       "rows",
                                       "purposes",
                                       "policies",
                                       "rows_per_day",
                                       "queries_per_hour",
                                       "until",
                                       "waived",
                                       "by"};
    struct expecting to = {.place =
                               fh_case_beneath(above, path, "what happens", keys, FH_COUNT(keys))};
    const struct fh_doc_node *map = fh_doc_get(of, "then");
    if (map == NULL || (map->kind == FH_DOC_MAP && map->count == 0)) {
        FH_POLICY_REFUSE(
            above, of, "case.then", "a case says what happens: then: {refused: policy.purpose}");
        return;
    }
    if (!fh_policy_check_map(&to.place, map)) {
        return;
    }
    to.items = fh_policy_allocate(above->reading, count_expects(map), sizeof *to.items);
    if (to.items == NULL) {
        return;
    }
    expect_outcome(&to, map);
    bool refused = to.count > 0 && strcmp(to.items[0].text, "allowed") != 0;
    uint32_t before = to.count;
    expect_view(&to, map);
    if (to.count > before && (refused || one->when.action != FH_CASE_READ)) {
        FH_POLICY_REFUSE(&to.place,
                         map,
                         "case.then",
                         "what is seen is said of what is read and not refused: here stands only "
                         "allowed or refused");
    }
    one->expect_count = to.count;
    one->expects = to.items;
}
