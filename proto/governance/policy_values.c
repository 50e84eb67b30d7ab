/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy_inner.h"

#include <string.h>

void *fh_policy_allocate(struct fh_policy_reading *reading, size_t count, size_t size)
{
    void *memory = fh_arena_array(reading->arena, count, size);
    if (memory == NULL && count > 0) {
        reading->failed = FH_ENOMEM;
    }
    return memory;
}

bool fh_policy_check_map(const struct fh_policy_place *place, const struct fh_doc_node *node)
{
    if (node->kind == FH_DOC_BROKEN) {
        return false;
    }
    if (node->kind != FH_DOC_MAP) {
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.type",
                         "%s is a map of keys and values, not %s",
                         place->what,
                         fh_doc_type_text(fh_doc_type(node)));
        return false;
    }
    for (const struct fh_doc_node *at = node->first; at != NULL; at = at->next) {
        bool known = false;
        for (size_t i = 0; i < place->key_count; i++) {
            known = known || strcmp(place->keys[i], at->key) == 0;
        }
        if (!known) {
            const char *near = fh_nearest(at->key, place->keys, place->key_count);
            fh_findings_add(place->reading->findings,
                            FH_SEVERITY_ERROR,
                            at->key_line,
                            at->key_column,
                            place->path,
                            "policy.key.unknown",
                            "%s has no key \"%.64s\"%s%s%s",
                            place->what,
                            at->key,
                            near == NULL ? "" : "; did you mean \"",
                            near == NULL ? "" : near,
                            near == NULL ? "" : "\"?");
        }
    }
    return true;
}

const char *fh_policy_read_text(const struct fh_policy_place *place,
                                const struct fh_doc_node *node,
                                size_t bytes_max)
{
    if (node == NULL || node->kind == FH_DOC_BROKEN) {
        return NULL;
    }
    /* `method: null` means the word. */
    bool nothing = fh_doc_type(node) == FH_DOC_TYPE_NULL && strcmp(node->text, "null") != 0;
    if (node->kind != FH_DOC_SCALAR || nothing || node->text[0] == '\0') {
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.type",
                         "%s is a text, not %s",
                         node->key == NULL ? "an entry" : node->key,
                         fh_doc_type_text(fh_doc_type(node)));
        return NULL;
    }
    if (strlen(node->text) > bytes_max) {
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.value.long",
                         "%s has at most %zu bytes",
                         node->key == NULL ? "an entry" : node->key,
                         bytes_max);
        return NULL;
    }
    return node->text;
}

uint32_t fh_policy_count_entries(const struct fh_policy_place *place,
                                 const struct fh_doc_node *node)
{
    if (node == NULL || node->kind == FH_DOC_BROKEN) {
        return 0;
    }
    uint32_t count = node->kind == FH_DOC_LIST ? node->count : 1;
    if (count > 0 && count <= FH_POLICY_WORDS_MAX) {
        return count;
    }
    FH_POLICY_REFUSE(place,
                     node,
                     "policy.list",
                     "%s names 1 to %d; an empty list would say nothing: leave the key out",
                     node->key,
                     FH_POLICY_WORDS_MAX);
    return 0;
}

const struct fh_doc_node *fh_policy_first_entry(const struct fh_doc_node *node)
{
    return node->kind == FH_DOC_LIST ? node->first : node;
}

struct fh_contract_strings fh_policy_read_words(const struct fh_policy_place *place,
                                                const struct fh_doc_node *node)
{
    struct fh_contract_strings words = {0};
    uint32_t count = fh_policy_count_entries(place, node);
    if (count == 0) {
        return words;
    }
    words.items = fh_policy_allocate(place->reading, count, sizeof *words.items);
    if (words.items == NULL) {
        return words;
    }
    const struct fh_doc_node *at = fh_policy_first_entry(node);
    for (uint32_t k = 0; k < count; k++, at = at->next) {
        const char *text = fh_policy_read_text(place, at, FH_POLICY_WORD_BYTES_MAX);
        bool again = false;
        for (size_t i = 0; text != NULL && i < words.count; i++) {
            again = again || strcmp(words.items[i], text) == 0;
        }
        if (again) {
            FH_POLICY_ADVISE(place, at, "policy.list.twice", "\"%.64s\" stands here twice", text);
        } else if (text != NULL) {
            words.items[words.count++] = text;
        }
    }
    return words;
}

bool fh_policy_read_number(const struct fh_policy_place *place,
                           const struct fh_doc_node *node,
                           uint64_t least,
                           uint64_t most,
                           uint64_t *out)
{
    int64_t value;
    if (node->kind == FH_DOC_BROKEN) {
        return false;
    }
    if (!fh_doc_integer(node, &value) || value < 0 || (uint64_t)value < least ||
        (uint64_t)value > most) {
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.number",
                         "%s is a whole number from %llu to %llu",
                         node->key,
                         (unsigned long long)least,
                         (unsigned long long)most);
        return false;
    }
    *out = (uint64_t)value;
    return true;
}
