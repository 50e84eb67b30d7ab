/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/field_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const void *fh_field_section(const struct fh_field *field, const void *in)
{
    const void *section;
    memcpy(&section, fh_field_member(field, in), sizeof section);
    return section;
}

struct fh_any_list fh_field_list(const struct fh_field *field, const void *in)
{
    struct fh_any_list list;
    memcpy(&list, fh_field_member(field, in), sizeof list);
    return list.items == NULL ? (struct fh_any_list){0} : list;
}

const struct fh_doc_node *fh_section_extra(const struct fh_section *section, const void *in)
{
    const struct fh_doc_node *extra = NULL;
    if (section->extra_offset != 0) {
        memcpy(&extra, (const uint8_t *)in + section->extra_offset, sizeof extra);
    }
    return extra;
}

/* --- values --- */

static void add_json(struct fh_buf *out, const char *text)
{
    fh_buf_add_cstr(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            fh_buf_printf(out, "\\%c", *c);
        } else if ((unsigned char)*c < 0x20) {
            fh_buf_printf(out, "\\u%04x", (unsigned)*c);
        } else {
            fh_buf_add(out, c, 1);
        }
    }
    fh_buf_add_cstr(out, "\"");
}

static int compare_keys(const void *a, const void *b)
{
    const struct fh_doc_node *const *left = a;
    const struct fh_doc_node *const *right = b;
    return strcmp((*left)->key, (*right)->key);
}

const struct fh_doc_node **fh_value_children(struct fh_buf *memory, const struct fh_doc_node *map)
{
    size_t count = 0;
    size_t size = map == NULL ? 0 : map->count * sizeof(void *);
    bool in_order = true; /* as in every canonical form */
    fh_buf_init(memory, size + sizeof(void *));
    void *lent = fh_buf_reserve(memory, size + sizeof(void *));
    const struct fh_doc_node **children = lent;
    if (children == NULL) {
        return NULL;
    }
    const struct fh_doc_node *child = map == NULL ? NULL : map->first;
    for (; child != NULL; child = child->next) {
        in_order = in_order && (count == 0 || strcmp(children[count - 1]->key, child->key) < 0);
        children[count++] = child;
    }
    if (!in_order) {
        qsort(children, count, sizeof *children, compare_keys);
    }
    children[count] = NULL;
    return children;
}

static void add_map(struct fh_buf *out, const struct fh_doc_node *map)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf memory;
    const struct fh_doc_node **child = fh_value_children(&memory, map);
    if (child == NULL) {
        out->failed = memory.failed;
        return;
    }
    fh_buf_add_cstr(out, "{");
    for (const char *before = ""; *child != NULL; child++, before = ", ") {
        fh_buf_add_cstr(out, before);
        add_json(out, (*child)->key);
        fh_buf_add_cstr(out, ": ");
        fh_value_text(out, *child);
    }
    fh_buf_add_cstr(out, "}");
}

void fh_value_text(struct fh_buf *out, const struct fh_doc_node *node)
{
    bool flag = false;
    char number[FH_DECIMAL_BYTES];
    switch (fh_doc_type(node)) {
    case FH_DOC_TYPE_NULL:
        fh_buf_add_cstr(out, "null");
        break;
    case FH_DOC_TYPE_BOOL:
        fh_buf_add_cstr(out, fh_doc_bool(node, &flag) && flag ? "true" : "false");
        break;
    case FH_DOC_TYPE_NUMBER:
        fh_buf_add_cstr(out, fh_decimal_normalise(number, node->text) ? number : node->text);
        break;
    case FH_DOC_TYPE_STRING:
        add_json(out, node->text);
        break;
    case FH_DOC_TYPE_LIST:
        fh_buf_add_cstr(out, "[");
        for (const struct fh_doc_node *child = node->first; child != NULL; child = child->next) {
            fh_buf_add_cstr(out, child == node->first ? "" : ", ");
            fh_value_text(out, child);
        }
        fh_buf_add_cstr(out, "]");
        break;
    case FH_DOC_TYPE_MAP:
        add_map(out, node);
        break;
    case FH_DOC_TYPE_COUNT:
        break;
    }
}

static bool maps_equal(const struct fh_doc_node *a, const struct fh_doc_node *b)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf left;
    FH_CLEANUP(fh_buf_fini) struct fh_buf right;
    const struct fh_doc_node **x = fh_value_children(&left, a);
    const struct fh_doc_node **y = fh_value_children(&right, b);
    if (x == NULL || y == NULL) {
        return false; /* without memory: a change too many, not one too few */
    }
    while (*x != NULL && *y != NULL && strcmp((*x)->key, (*y)->key) == 0 &&
           fh_value_equal(*x, *y)) {
        x++;
        y++;
    }
    return *x == NULL && *y == NULL;
}

bool fh_value_equal(const struct fh_doc_node *a, const struct fh_doc_node *b)
{
    enum fh_doc_type type = fh_doc_type(a);
    if (type != fh_doc_type(b)) {
        return false;
    }
    char left[FH_DECIMAL_BYTES];
    char right[FH_DECIMAL_BYTES];
    bool x = false;
    bool y = false;
    switch (type) {
    case FH_DOC_TYPE_BOOL:
        return fh_doc_bool(a, &x) && fh_doc_bool(b, &y) && x == y;
    case FH_DOC_TYPE_NUMBER:
        return fh_decimal_normalise(left, a->text) && fh_decimal_normalise(right, b->text) &&
               strcmp(left, right) == 0;
    case FH_DOC_TYPE_STRING:
        return strcmp(a->text, b->text) == 0;
    case FH_DOC_TYPE_LIST: {
        const struct fh_doc_node *other = b->first;
        if (a->count != b->count) {
            return false;
        }
        for (const struct fh_doc_node *child = a->first; child != NULL; child = child->next) {
            if (!fh_value_equal(child, other)) {
                return false;
            }
            other = other->next;
        }
        return true;
    }
    case FH_DOC_TYPE_MAP:
        return maps_equal(a, b);
    case FH_DOC_TYPE_NULL:
    case FH_DOC_TYPE_COUNT:
        break;
    }
    return true;
}

/* --- lists of words --- */

static int compare_words(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

/* The words in order; lent by `memory`. NULL when there is no memory. */
static const char **sorted(struct fh_buf *memory, const struct fh_contract_strings *words)
{
    size_t size = words->count * sizeof(char *);
    fh_buf_init(memory, size);
    void *lent = fh_buf_reserve(memory, size);
    if (lent != NULL && size > 0) {
        memcpy(lent, words->items, size);
        qsort(lent, words->count, sizeof(char *), compare_words);
    }
    return lent;
}

static bool words_equal(const struct fh_contract_strings *a, const struct fh_contract_strings *b)
{
    if (a->count != b->count) {
        return false;
    }
    bool equal = true;
    for (size_t i = 0; i < a->count && equal; i++) {
        equal = strcmp(a->items[i], b->items[i]) == 0;
    }
    if (equal) {
        return true;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf left;
    FH_CLEANUP(fh_buf_fini) struct fh_buf right;
    const char **x = sorted(&left, a);
    const char **y = sorted(&right, b);
    equal = x != NULL && y != NULL;
    for (size_t i = 0; i < a->count && equal; i++) {
        equal = strcmp(x[i], y[i]) == 0;
    }
    return equal;
}

static void add_words(struct fh_buf *out, const struct fh_contract_strings *words, bool in_order)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf memory;
    const char **ordered = sorted(&memory, words);
    if (ordered == NULL && words->count > 0) {
        out->failed = memory.failed;
        return;
    }
    fh_buf_add_cstr(out, "[");
    for (size_t i = 0; i < words->count; i++) {
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        add_json(out, in_order ? words->items[i] : ordered[i]);
    }
    fh_buf_add_cstr(out, "]");
}

/* The ends of a relationship are paired one by one, so their order counts. */
static struct fh_contract_strings ends(const void *member)
{
    const struct fh_contract_refs *refs = member;
    return (struct fh_contract_strings){refs->items == NULL ? 0 : refs->count, refs->items};
}

/* --- fields --- */

bool fh_field_is_set(const struct fh_field *field, const void *in)
{
    const void *member = fh_field_member(field, in);
    switch (field->kind) {
    case FH_FIELD_BOOL:
        return *(const enum fh_contract_bool *)member != FH_CONTRACT_UNSET;
    case FH_FIELD_INTEGER:
        return ((const struct fh_contract_int *)member)->is_set;
    case FH_FIELD_STRINGS:
        return ((const struct fh_contract_strings *)member)->count > 0;
    case FH_FIELD_REFS:
        return ends(member).count > 0;
    case FH_FIELD_SECTIONS:
        return fh_field_list(field, in).count > 0;
    case FH_FIELD_STRING:
    case FH_FIELD_DECIMAL:
    case FH_FIELD_VALUE:
    case FH_FIELD_SECTION:
    case FH_FIELD_TEAM:
    case FH_FIELD_KIND_COUNT:
        break;
    }
    return fh_field_section(field, in) != NULL; /* any pointer */
}

static const char *string_of(const struct fh_field *field, const void *in)
{
    return fh_field_section(field, in);
}

bool fh_field_equal(const struct fh_field *field, const void *a, const void *b)
{
    const void *x = fh_field_member(field, a);
    const void *y = fh_field_member(field, b);
    bool is_set = fh_field_is_set(field, a);
    if (is_set != fh_field_is_set(field, b)) {
        return false;
    }
    if (!is_set) {
        return true;
    }
    switch (field->kind) {
    case FH_FIELD_BOOL:
        return *(const enum fh_contract_bool *)x == *(const enum fh_contract_bool *)y;
    case FH_FIELD_INTEGER:
        return ((const struct fh_contract_int *)x)->value ==
               ((const struct fh_contract_int *)y)->value;
    case FH_FIELD_STRING:
    case FH_FIELD_DECIMAL:
        return strcmp(string_of(field, a), string_of(field, b)) == 0;
    case FH_FIELD_VALUE:
        return fh_value_equal(fh_field_section(field, a), fh_field_section(field, b));
    case FH_FIELD_STRINGS:
        return words_equal(x, y);
    case FH_FIELD_REFS: {
        struct fh_contract_strings left = ends(x);
        struct fh_contract_strings right = ends(y);
        bool equal = left.count == right.count;
        for (size_t i = 0; i < left.count && equal; i++) {
            equal = strcmp(left.items[i], right.items[i]) == 0;
        }
        return equal;
    }
    case FH_FIELD_SECTION:
    case FH_FIELD_SECTIONS:
    case FH_FIELD_TEAM:
    case FH_FIELD_KIND_COUNT:
        break;
    }
    return true;
}

void fh_field_text(struct fh_buf *out, const struct fh_field *field, const void *in)
{
    const void *member = fh_field_member(field, in);
    if (!fh_field_is_set(field, in)) {
        return;
    }
    switch (field->kind) {
    case FH_FIELD_BOOL:
        fh_buf_add_cstr(
            out, *(const enum fh_contract_bool *)member == FH_CONTRACT_TRUE ? "true" : "false");
        break;
    case FH_FIELD_INTEGER:
        fh_buf_printf(out, "%" PRId64, ((const struct fh_contract_int *)member)->value);
        break;
    case FH_FIELD_STRING:
    case FH_FIELD_DECIMAL:
        fh_buf_add_cstr(out, string_of(field, in));
        break;
    case FH_FIELD_VALUE: {
        const struct fh_doc_node *node = fh_field_section(field, in);
        if (fh_doc_type(node) == FH_DOC_TYPE_STRING) {
            fh_buf_add_cstr(out, node->text);
        } else {
            fh_value_text(out, node);
        }
        break;
    }
    case FH_FIELD_STRINGS:
        add_words(out, member, false);
        break;
    case FH_FIELD_REFS: {
        struct fh_contract_strings words = ends(member);
        add_words(out, &words, true);
        break;
    }
    case FH_FIELD_SECTION:
    case FH_FIELD_SECTIONS:
    case FH_FIELD_TEAM:
    case FH_FIELD_KIND_COUNT:
        break;
    }
}

/* --- sections --- */

static void add_list(struct fh_buf *out, const struct fh_field *field, const void *in)
{
    struct fh_any_list list = fh_field_list(field, in);
    fh_buf_add_cstr(out, "[");
    for (size_t i = 0; i < list.count; i++) {
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        fh_section_text(
            out, field->section, (const uint8_t *)list.items + i * field->section->size, true);
    }
    fh_buf_add_cstr(out, "]");
}

static void
add_extra(struct fh_buf *out, const struct fh_section *section, const void *in, const char *before)
{
    const struct fh_doc_node *extra = fh_section_extra(section, in);
    const struct fh_doc_node *child = extra == NULL ? NULL : extra->first;
    for (; child != NULL; child = child->next) {
        if (fh_section_is_extra(section, child->key)) {
            fh_buf_printf(out, "%s%s: ", before, child->key);
            fh_value_text(out, child);
            before = ", ";
        }
    }
}

void fh_section_text(struct fh_buf *out,
                     const struct fh_section *section,
                     const void *in,
                     bool deep)
{
    const char *before = "";
    fh_buf_add_cstr(out, "{");
    for (size_t i = 0; i < section->field_count; i++) {
        const struct fh_field *field = &section->fields[i];
        bool is_list = field->kind == FH_FIELD_SECTIONS;
        bool is_inner = is_list || field->section != NULL;
        if (!fh_field_is_set(field, in) || (is_inner && !deep)) {
            continue;
        }
        fh_buf_printf(out, "%s%s: ", before, field->key);
        before = ", ";
        if (is_list) {
            add_list(out, field, in);
        } else if (is_inner) {
            fh_section_text(out, field->section, fh_field_section(field, in), true);
        } else if (deep && field->kind == FH_FIELD_STRING) {
            add_json(out, string_of(field, in));
        } else if (deep && field->kind == FH_FIELD_VALUE) {
            fh_value_text(out, fh_field_section(field, in));
        } else {
            fh_field_text(out, field, in);
        }
    }
    add_extra(out, section, in, before);
    fh_buf_add_cstr(out, "}");
}
