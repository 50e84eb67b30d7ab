/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/diff.h"

#include "common/assert.h"
#include "common/limits.h"
#include "proto/contract/pairing.h"

#include <stdio.h>
#include <string.h>

enum {
    PATH_BYTES = 1024, /* cut when longer */
    TEXT_BYTES = 200,  /* of a summary */
};

struct walk {
    struct fh_diff *diff;
    size_t capacity;
    struct fh_arena *arena;
    struct fh_buf text; /* scratch */
    char path[PATH_BYTES];
    size_t path_size;
    bool failed;
};

static void compare_level(struct walk *walk, const struct fh_diff_level *level);

/* --- the path --- */

static size_t push(struct walk *walk, const char *key)
{
    size_t before = walk->path_size;
    int wrote = snprintf(
        walk->path + before, sizeof walk->path - before, "%s%s", before == 0 ? "" : ".", key);
    FH_ASSERT(wrote >= 0);
    size_t size = before + (size_t)wrote;
    walk->path_size = size < sizeof walk->path ? size : sizeof walk->path - 1;
    return before;
}

static void pop(struct walk *walk, size_t size)
{
    walk->path_size = size;
    walk->path[size] = '\0';
}

/* "[2]" for an element without a name. */
static size_t
push_element(struct walk *walk, const struct fh_field *field, const void *in, size_t i)
{
    char position[24];
    const char *label = fh_pairing_label(field, in, walk->arena);
    if (label == NULL) {
        walk->failed = true;
        label = "";
    }
    if (*label == '\0') {
        snprintf(position, sizeof position, "[%zu]", i);
        label = position;
    }
    return push(walk, label);
}

/* --- changes --- */

static bool grow(struct walk *walk)
{
    if (walk->diff->count < walk->capacity) {
        return true;
    }
    size_t capacity = walk->capacity == 0 ? 64 : walk->capacity * 2;
    struct fh_change *items = fh_arena_array(walk->arena, capacity, sizeof *items);
    if (items == NULL) {
        walk->failed = true;
        return false;
    }
    if (walk->diff->count > 0) {
        memcpy(items, walk->diff->items, walk->diff->count * sizeof *items);
    }
    walk->diff->items = items;
    walk->capacity = capacity;
    return true;
}

/* The scratch text in the arena, cut at a whole character when it is longer than `most`. */
static const char *keep_text(struct walk *walk, size_t most)
{
    struct fh_bytes text = fh_buf_view(&walk->text);
    bool cut = most != 0 && text.size > most;
    if (cut) {
        text.size = most;
        while (text.size > 0 && (text.data[text.size] & 0xc0) == 0x80) {
            text.size--;
        }
    }
    char *kept = NULL;
    if (fh_buf_ok(&walk->text) == FH_OK) {
        kept =
            cut ? fh_arena_printf(walk->arena, "%.*s...", (int)text.size, (const char *)text.data)
                : fh_arena_string(walk->arena, text);
    }
    walk->failed = walk->failed || kept == NULL;
    return kept;
}

static const char *text_of(struct walk *walk, const struct fh_field *field, const void *in)
{
    fh_buf_reset(&walk->text);
    fh_field_text(&walk->text, field, in);
    return keep_text(walk, 0);
}

static void report(struct walk *walk, const struct fh_change *change)
{
    if (!grow(walk)) {
        return;
    }
    struct fh_change *kept = &walk->diff->items[walk->diff->count++];
    *kept = *change;
    kept->path = fh_arena_strdup(walk->arena, walk->path);
    walk->failed = walk->failed || kept->path == NULL;
}

static enum fh_change_kind kind_of(bool before, bool after)
{
    FH_ASSERT(before || after);
    return !before ? FH_CHANGE_ADDED : !after ? FH_CHANGE_REMOVED : FH_CHANGE_CHANGED;
}

static void
compare_plain(struct walk *walk, const struct fh_diff_level *level, const struct fh_field *field)
{
    if (fh_field_equal(field, level->before, level->after)) {
        return;
    }
    bool before = fh_field_is_set(field, level->before);
    bool after = fh_field_is_set(field, level->after);
    struct fh_change change = {.kind = kind_of(before, after), .level = level, .field = field};
    change.before = before ? text_of(walk, field, level->before) : NULL;
    change.after = after ? text_of(walk, field, level->after) : NULL;
    size_t popped = push(walk, field->key);
    report(walk, &change);
    pop(walk, popped);
}

/* --- what came or went as a whole --- */

static const char *summary(struct walk *walk, const struct fh_section *section, const void *in)
{
    if (in == NULL) {
        return NULL;
    }
    fh_buf_reset(&walk->text);
    fh_section_text(&walk->text, section, in, false);
    return keep_text(walk, TEXT_BYTES);
}

static void report_whole(struct walk *walk,
                         const struct fh_diff_level *level,
                         const struct fh_field *field,
                         const void *before,
                         const void *after)
{
    const struct fh_change change = {
        .kind = kind_of(before != NULL, after != NULL),
        .before = summary(walk, field->section, before),
        .after = summary(walk, field->section, after),
        .level = level,
        .field = field,
        .element_before = before,
        .element_after = after,
    };
    report(walk, &change);
}

static void descend(struct walk *walk,
                    const struct fh_diff_level *up,
                    const struct fh_section *section,
                    const void *before,
                    const void *after)
{
    struct fh_diff_level *level = fh_arena_alloc(walk->arena, sizeof *level);
    if (level == NULL) {
        walk->failed = true;
        return;
    }
    *level = (struct fh_diff_level){.up = up, .section = section, .before = before, .after = after};
    compare_level(walk, level);
}

/* Options are no part of their own but say more of the type, so each of them comes and goes by
 * itself. */
static void
compare_section(struct walk *walk, const struct fh_diff_level *level, const struct fh_field *field)
{
    static const struct fh_contract_options no_options;
    const void *before = fh_field_section(field, level->before);
    const void *after = fh_field_section(field, level->after);
    if (before == NULL && after == NULL) {
        return;
    }
    if (field->section == &fh_section_options) {
        before = before == NULL ? &no_options : before;
        after = after == NULL ? &no_options : after;
    }
    size_t popped = push(walk, field->key);
    if (before != NULL && after != NULL) {
        descend(walk, level, field->section, before, after);
    } else {
        report_whole(walk, level, field, before, after);
    }
    pop(walk, popped);
}

static void
compare_list(struct walk *walk, const struct fh_diff_level *level, const struct fh_field *field)
{
    struct fh_any_list before = fh_field_list(field, level->before);
    struct fh_any_list after = fh_field_list(field, level->after);
    struct fh_pairing pairing;
    if (before.count + after.count == 0) {
        return;
    }
    if (fh_pairing_make(&pairing, field, before, after, walk->arena) != FH_OK) {
        walk->failed = true;
        return;
    }
    const size_t size = field->section->size;
    size_t list = push(walk, field->key);
    for (size_t i = 0; i < before.count && !walk->failed; i++) {
        const uint8_t *in = (const uint8_t *)before.items + i * size;
        size_t mate = pairing.mate_of_before[i];
        size_t popped = push_element(walk, field, in, i);
        if (mate != FH_PAIRING_NONE) {
            descend(walk, level, field->section, in, (const uint8_t *)after.items + mate * size);
        } else {
            report_whole(walk, level, field, in, NULL);
        }
        pop(walk, popped);
    }
    for (size_t i = 0; i < after.count && !walk->failed; i++) {
        if (pairing.mate_of_after[i] == FH_PAIRING_NONE) {
            const uint8_t *in = (const uint8_t *)after.items + i * size;
            size_t popped = push_element(walk, field, in, i);
            report_whole(walk, level, field, NULL, in);
            pop(walk, popped);
        }
    }
    pop(walk, list);
}

/* --- keys beyond the standard, where a section is open --- */

static void report_extra(struct walk *walk,
                         const struct fh_diff_level *level,
                         const struct fh_doc_node *before,
                         const struct fh_doc_node *after)
{
    const struct fh_doc_node *nodes[] = {before, after};
    const char *texts[] = {NULL, NULL};
    for (size_t i = 0; i < FH_COUNT(nodes); i++) {
        if (nodes[i] != NULL) {
            fh_buf_reset(&walk->text);
            fh_value_text(&walk->text, nodes[i]);
            texts[i] = keep_text(walk, TEXT_BYTES);
        }
    }
    const struct fh_change change = {.kind = kind_of(before != NULL, after != NULL),
                                     .before = texts[0],
                                     .after = texts[1],
                                     .level = level,
                                     .element_before = before,
                                     .element_after = after};
    size_t popped = push(walk, before != NULL ? before->key : after->key);
    report(walk, &change);
    pop(walk, popped);
}

static void compare_extra(struct walk *walk, const struct fh_diff_level *level)
{
    const struct fh_doc_node *before = fh_section_extra(level->section, level->before);
    const struct fh_doc_node *after = fh_section_extra(level->section, level->after);
    if (before == NULL && after == NULL) {
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf left;
    FH_CLEANUP(fh_buf_fini) struct fh_buf right;
    const struct fh_doc_node **x = fh_value_children(&left, before);
    const struct fh_doc_node **y = fh_value_children(&right, after);
    walk->failed = walk->failed || x == NULL || y == NULL;
    while (!walk->failed && (*x != NULL || *y != NULL)) {
        int order = *x == NULL ? 1 : *y == NULL ? -1 : strcmp((*x)->key, (*y)->key);
        const struct fh_doc_node *old = order <= 0 ? *x++ : NULL;
        const struct fh_doc_node *new = order >= 0 ? *y++ : NULL;
        bool is_extra = fh_section_is_extra(level->section, old != NULL ? old->key : new->key);
        if (is_extra && (old == NULL || new == NULL || !fh_value_equal(old, new))) {
            report_extra(walk, level, old, new);
        }
    }
}

static void compare_level(struct walk *walk, const struct fh_diff_level *level)
{
    for (size_t i = 0; i < level->section->field_count && !walk->failed; i++) {
        const struct fh_field *field = &level->section->fields[i];
        if (field->kind == FH_FIELD_SECTIONS) {
            compare_list(walk, level, field);
        } else if (field->section != NULL) {
            compare_section(walk, level, field);
        } else {
            compare_plain(walk, level, field);
        }
    }
    compare_extra(walk, level);
}

int fh_diff_make(struct fh_diff *out,
                 const struct fh_contract *before,
                 const struct fh_contract *after,
                 struct fh_arena *arena,
                 struct fh_err *err)
{
    struct fh_diff diff = {0};
    struct walk walk = {.diff = &diff, .arena = arena};
    fh_buf_init(&walk.text, (size_t)8 * FH_CONTRACT_BYTES_MAX);
    descend(&walk, NULL, &fh_section_contract, before, after);
    fh_buf_fini(&walk.text);
    if (walk.failed) {
        return fh_err_set(err, FH_ENOMEM, "no memory to compare two contracts");
    }
    *out = diff;
    return FH_OK;
}

const char *fh_change_kind_text(enum fh_change_kind kind)
{
    static const char *const texts[FH_CHANGE_KIND_COUNT] = {"added", "removed", "changed"};
    FH_ASSERT(kind < FH_CHANGE_KIND_COUNT);
    return texts[kind];
}
