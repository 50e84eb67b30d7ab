/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/gate_words.h"

#include "common/limits.h"
#include "common/mem.h"

#include <string.h>
#include <strings.h>

enum { WORDS_MAX = FH_AUDIT_COLUMNS_MAX, RELATIONS_MAX = 4 * FH_QUERY_TABLES_MAX };

/* Texts are the tree's. */
struct words {
    bool all;
    uint32_t count;
    const char *words[WORDS_MAX];
    uint32_t relation_count; /* names by which a whole row can be called */
    const char *relations[RELATIONS_MAX];
    uint32_t last_count; /* last words of names: a column, or a whole row */
    const char *lasts[WORDS_MAX];
};

static bool add(uint32_t *count, const char **list, uint32_t most, const char *word)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (strcasecmp(list[i], word) == 0) {
            return true;
        }
    }
    if (*count == most) {
        return false;
    }
    list[(*count)++] = word;
    return true;
}

static void add_names(struct words *w, const json_t *names)
{
    size_t count = json_array_size(names);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(names, i));
        if (text == NULL || !add(&w->count, w->words, WORDS_MAX, text) ||
            (i + 1 == count && !add(&w->last_count, w->lasts, WORDS_MAX, text))) {
            w->all = true;
        }
    }
}

static void add_relation(struct words *w, const char *name)
{
    if (name[0] != '\0' && !add(&w->relation_count, w->relations, RELATIONS_MAX, name)) {
        w->all = true;
    }
}

static void look_at(struct words *w, const json_t *object)
{
    static const char *const whole[] = {"PIVOT", "SHOW_REF", "COLUMN_DATA"};
    const char *class = fh_gate_text(object, "class");
    const char *type = fh_gate_text(object, "type");
    if (strcmp(class, "STAR") == 0 || strcmp(class, "POSITIONAL_REFERENCE") == 0 ||
        strcmp(fh_gate_text(object, "ref_type"), "NATURAL") == 0 ||
        !fh_gate_is_empty(json_object_get(object, "column_name_alias"))) {
        w->all = true;
    }
    for (size_t i = 0; class[0] == '\0' && i < FH_COUNT(whole); i++) {
        w->all = w->all || strcmp(type, whole[i]) == 0;
    }
    add_names(w, json_object_get(object, "column_names"));
    add_names(w, json_object_get(object, "using_columns"));
    if (class[0] == '\0') {
        add_relation(w, fh_gate_text(object, "alias"));
        add_relation(w, fh_gate_text(object, "table_name"));
    }
}

/* The tree was checked: its depth has a limit. */
static void walk(struct words *w, const json_t *value)
{
    const char *key;
    json_t *child;
    if (w->all) {
        return;
    }
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            walk(w, json_array_get(value, i));
        }
    } else if (json_is_object(value)) {
        look_at(w, value);
        json_object_foreach((json_t *)(uintptr_t)value, key, child)
        {
            walk(w, child);
        }
    }
}

/* Whether a name may mean a row as one value. */
static bool names_row(const struct words *w)
{
    for (uint32_t i = 0; i < w->last_count; i++) {
        for (uint32_t k = 0; k < w->relation_count; k++) {
            if (strcasecmp(w->lasts[i], w->relations[k]) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* False without memory. */
static bool keep(struct fh_gate *out, const struct words *w, struct fh_arena *arena)
{
    const char **words = fh_arena_array(arena, (size_t)w->count + 1, sizeof *words);
    for (uint32_t i = 0; words != NULL && i < w->count; i++) {
        words[i] = fh_arena_strdup(arena, w->words[i]);
        if (words[i] == NULL) {
            return false;
        }
    }
    out->words = words;
    out->word_count = words == NULL ? 0 : w->count;
    return words != NULL;
}

void fh_gate_words(struct fh_gate *out, const json_t *root, struct fh_arena *arena)
{
    struct words *w = root == NULL ? NULL : fh_calloc(1, sizeof *w);
    out->all_columns = true;
    out->word_count = 0;
    if (w != NULL) {
        walk(w, root);
        out->all_columns = w->all || names_row(w) || !keep(out, w, arena);
    }
    fh_free(w);
}

bool fh_gate_uses(const struct fh_gate *gate, const char *column)
{
    for (uint32_t i = 0; !gate->all_columns && i < gate->word_count; i++) {
        if (strcasecmp(gate->words[i], column) == 0) {
            return true;
        }
    }
    return gate->all_columns;
}
