/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/pairing.h"

#include "common/limits.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEYS_MAX = 3 };

/* --- keys --- */

/* By the key of the list: the fields of an element that name it, in the order in which they are
 * tried. Those of no row here are paired by `id` only. */
static const struct {
    const char *list;
    const char *keys[KEYS_MAX]; /* one that begins with '*' is made below */
} naming[] = {
    {"authoritativeDefinitions", {"url", "id"}},
    {"constraints", {"constraint", "id"}},
    {"customProperties", {"property", "id"}},
    {"enum", {"value", "id"}},
    {"members", {"username", "id"}},
    {"properties", {"name", "id"}},
    {"quality", {"id", "name", "*measure"}},
    {"relationships", {"*ends"}},
    {"roles", {"role", "id"}},
    {"schema", {"name", "id"}},
    {"servers", {"server", "id"}},
    {"slaProperties", {"*promise", "id"}},
    {"support", {"channel", "id"}},
    {"synonyms", {"synonym", "id"}},
    {"verifiedStatements", {"question", "id"}},
};

static const char *const *keys_of(const struct fh_field *field)
{
    static const char *const unknown[KEYS_MAX] = {"id"};
    for (size_t i = 0; i < FH_COUNT(naming); i++) {
        if (strcmp(naming[i].list, field->key) == 0) {
            return naming[i].keys;
        }
    }
    return unknown;
}

/* Property and its synonym: ODCS 3.1.0, service level agreement. */
static const char *const sla_names[][2] = {
    {"availability", "av"},
    {"endOfLife", "el"},
    {"endOfSupport", "es"},
    {"errorRate", "er"},
    {"freshness", "freshness"},
    {"frequency", "fy"},
    {"generalAvailability", "ga"},
    {"latency", "ly"},
    {"retention", "re"},
    {"throughput", "th"},
    {"timeToDetect", "td"},
    {"timeToNotify", "tn"},
    {"timeToRepair", "tr"},
};

const char *fh_sla_name(const char *property)
{
    for (size_t i = 0; i < FH_COUNT(sla_names); i++) {
        if (strcasecmp(property, sla_names[i][0]) == 0 ||
            strcasecmp(property, sla_names[i][1]) == 0) {
            return sla_names[i][0];
        }
    }
    return property;
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static const char *ends_text(const void *element, struct fh_arena *arena)
{
    const struct fh_contract_relationship *relationship = element;
    struct fh_buf FH_CLEANUP(fh_buf_fini) text;
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX * 2);
    const struct fh_contract_refs *sides[] = {&relationship->from, &relationship->to};
    for (size_t side = 0; side < FH_COUNT(sides); side++) {
        size_t count = sides[side]->items == NULL ? 0 : sides[side]->count;
        if (side == 1 && text.size > 0) {
            fh_buf_add_cstr(&text, "->");
        }
        for (size_t i = 0; i < count; i++) {
            fh_buf_printf(&text, "%s%s", i == 0 ? "" : ",", sides[side]->items[i]);
        }
    }
    return fh_buf_ok(&text) == FH_OK ? fh_arena_string(arena, fh_buf_view(&text)) : NULL;
}

static const char *promise_text(const void *element, struct fh_arena *arena)
{
    const struct fh_contract_sla *sla = element;
    const char *name = fh_sla_name(or_empty(sla->property));
    return sla->element == NULL ? name : fh_arena_printf(arena, "%s(%s)", name, sla->element);
}

static const char *measure_text(const void *element, struct fh_arena *arena)
{
    const struct fh_contract_quality *rule = element;
    const char *measure = rule->metric != NULL ? rule->metric : rule->rule;
    if (measure != NULL) {
        return measure;
    }
    return rule->engine == NULL
               ? or_empty(rule->type)
               : fh_arena_printf(arena, "%s %s", or_empty(rule->type), rule->engine);
}

/* A value that is no string has the text of its meaning. */
static const char *value_text(const struct fh_field *field, const void *element, struct fh_arena *a)
{
    struct fh_buf FH_CLEANUP(fh_buf_fini) text;
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX * 2);
    fh_field_text(&text, field, element);
    return fh_buf_ok(&text) == FH_OK ? fh_arena_string(a, fh_buf_view(&text)) : NULL;
}

/* The key of an element, or NULL when it has none; `failed` when the arena is full. */
static const char *key_text(const struct fh_field *list,
                            const char *key,
                            const void *element,
                            struct fh_arena *arena,
                            bool *failed)
{
    const char *text;
    if (*key == '*') {
        text = strcmp(key, "*ends") == 0      ? ends_text(element, arena)
               : strcmp(key, "*promise") == 0 ? promise_text(element, arena)
                                              : measure_text(element, arena);
        *failed = *failed || text == NULL;
        return text;
    }
    const struct fh_field *field = fh_section_field(list->section, key);
    if (field == NULL || !fh_field_is_set(field, element)) {
        return NULL;
    }
    if (field->kind == FH_FIELD_STRING) {
        return fh_field_section(field, element);
    }
    text = value_text(field, element, arena);
    *failed = *failed || text == NULL;
    return text;
}

const char *
fh_pairing_label(const struct fh_field *field, const void *element, struct fh_arena *arena)
{
    const char *const *keys = keys_of(field);
    bool failed = false;
    for (size_t i = 0; i < KEYS_MAX && keys[i] != NULL; i++) {
        const char *text = key_text(field, keys[i], element, arena, &failed);
        if (failed) {
            return NULL;
        }
        if (text != NULL && *text != '\0') {
            return text;
        }
    }
    return "";
}

/* --- pairing --- */

struct element {
    const char *key;
    const char *content; /* made only where keys repeat */
    size_t index;
    const void *in;
};

struct side {
    struct fh_any_list list;
    size_t *mates;
    struct element *elements; /* without a partner yet and with a key, in its order */
    size_t count;
};

struct pairing {
    const struct fh_field *field;
    struct fh_arena *arena;
    struct side before;
    struct side after;
    bool failed;
};

static int by_key(const void *a, const void *b)
{
    const struct element *left = a;
    const struct element *right = b;
    int order = strcmp(left->key, right->key);
    return order != 0 ? order : left->index < right->index ? -1 : left->index > right->index;
}

static int by_content(const void *a, const void *b)
{
    const struct element *left = a;
    const struct element *right = b;
    int order = strcmp(left->content, right->content);
    return order != 0 ? order : left->index < right->index ? -1 : left->index > right->index;
}

static void collect(struct pairing *p, struct side *side, const char *key)
{
    side->count = 0;
    for (size_t i = 0; i < side->list.count; i++) {
        const void *in = (const uint8_t *)side->list.items + i * p->field->section->size;
        const char *text = side->mates[i] != FH_PAIRING_NONE
                               ? NULL
                               : key_text(p->field, key, in, p->arena, &p->failed);
        if (text != NULL) {
            side->elements[side->count++] = (struct element){.key = text, .index = i, .in = in};
        }
    }
    qsort(side->elements, side->count, sizeof *side->elements, by_key);
}

static void marry(struct pairing *p, const struct element *before, const struct element *after)
{
    p->before.mates[before->index] = after->index;
    p->after.mates[after->index] = before->index;
}

static void add_content(struct pairing *p, struct element *elements, size_t count)
{
    struct fh_buf FH_CLEANUP(fh_buf_fini) text;
    fh_buf_init(&text, (size_t)8 * FH_CONTRACT_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        fh_buf_reset(&text);
        fh_section_text(&text, p->field->section, elements[i].in, true);
        elements[i].content =
            fh_buf_ok(&text) == FH_OK ? fh_arena_string(p->arena, fh_buf_view(&text)) : NULL;
        if (elements[i].content == NULL) {
            p->failed = true;
            elements[i].content = "";
        }
    }
    qsort(elements, count, sizeof *elements, by_content);
}

/* Elements of one key: those that say the same first, the rest in the order of what they say. */
static void pair_run(struct pairing *p,
                     struct element *before,
                     size_t before_count,
                     struct element *after,
                     size_t after_count)
{
    if (before_count == 1 && after_count == 1) {
        marry(p, before, after);
        return;
    }
    add_content(p, before, before_count);
    add_content(p, after, after_count);
    for (size_t i = 0, j = 0; i < before_count && j < after_count;) {
        int order = strcmp(before[i].content, after[j].content);
        if (order == 0) {
            marry(p, &before[i], &after[j]);
        }
        i += order <= 0;
        j += order >= 0;
    }
    for (size_t i = 0, j = 0; i < before_count && j < after_count;) {
        if (p->before.mates[before[i].index] != FH_PAIRING_NONE) {
            i++;
        } else if (p->after.mates[after[j].index] != FH_PAIRING_NONE) {
            j++;
        } else {
            marry(p, &before[i++], &after[j++]);
        }
    }
}

static size_t run_length(const struct side *side, size_t from)
{
    size_t end = from + 1;
    while (end < side->count && strcmp(side->elements[from].key, side->elements[end].key) == 0) {
        end++;
    }
    return end - from;
}

static void pair_by(struct pairing *p, const char *key)
{
    collect(p, &p->before, key);
    collect(p, &p->after, key);
    for (size_t i = 0, j = 0; i < p->before.count && j < p->after.count;) {
        int order = strcmp(p->before.elements[i].key, p->after.elements[j].key);
        size_t before_count = run_length(&p->before, i);
        size_t after_count = run_length(&p->after, j);
        if (order == 0) {
            pair_run(p, &p->before.elements[i], before_count, &p->after.elements[j], after_count);
        }
        i += order <= 0 ? before_count : 0;
        j += order >= 0 ? after_count : 0;
    }
}

static bool make_side(struct pairing *p, struct side *side, struct fh_any_list list)
{
    side->list = list;
    side->mates = fh_arena_array(p->arena, list.count + 1, sizeof *side->mates);
    side->elements = fh_arena_array(p->arena, list.count + 1, sizeof *side->elements);
    for (size_t i = 0; side->mates != NULL && i < list.count; i++) {
        side->mates[i] = FH_PAIRING_NONE;
    }
    return side->mates != NULL && side->elements != NULL;
}

int fh_pairing_make(struct fh_pairing *out,
                    const struct fh_field *field,
                    struct fh_any_list before,
                    struct fh_any_list after,
                    struct fh_arena *arena)
{
    struct pairing p = {.field = field, .arena = arena};
    if (!make_side(&p, &p.before, before) || !make_side(&p, &p.after, after)) {
        return FH_ENOMEM;
    }
    const char *const *keys = keys_of(field);
    for (size_t i = 0; i < KEYS_MAX && keys[i] != NULL && !p.failed; i++) {
        pair_by(&p, keys[i]);
    }
    out->mate_of_before = p.before.mates;
    out->mate_of_after = p.after.mates;
    return p.failed ? FH_ENOMEM : FH_OK;
}
