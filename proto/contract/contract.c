/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/contract.h"

#include "common/assert.h"
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_table.h"
#include "proto/wire/pack.h"

#include <string.h>

struct any_list {
    size_t count;
    void *items;
};

/* --- values: what the standard leaves open --- */

/* A number: int when it is an integer of 64 bits, else a bin with the normal form. */
static void encode_number(struct fh_buf *out, const char *text)
{
    char normal[FH_DECIMAL_BYTES];
    struct fh_doc_node scalar = {.kind = FH_DOC_SCALAR, .plain = true, .text = text};
    int64_t integer;
    if (fh_doc_integer(&scalar, &integer)) {
        fh_pack_int(out, integer);
        return;
    }
    bool fits = fh_decimal_normalise(normal, text);
    FH_ASSERT(fits);
    fh_pack_bin(out, fh_bytes_cstr(normal));
}

/* The child with the smallest key above `above` (NULL: the smallest of all), or NULL. */
static const struct fh_doc_node *next_child(const struct fh_doc_node *map, const char *above)
{
    const struct fh_doc_node *best = NULL;
    for (const struct fh_doc_node *child = map->first; child != NULL; child = child->next) {
        if ((above == NULL || strcmp(child->key, above) > 0) &&
            (best == NULL || strcmp(child->key, best->key) < 0)) {
            best = child;
        }
    }
    return best;
}

static bool is_sorted(const struct fh_doc_node *map)
{
    for (const struct fh_doc_node *child = map->first; child != NULL; child = child->next) {
        if (child->next != NULL && strcmp(child->key, child->next->key) >= 0) {
            return false;
        }
    }
    return true;
}

static void encode_value(struct fh_buf *out, const struct fh_doc_node *node)
{
    bool flag;
    switch (fh_doc_type(node)) {
    case FH_DOC_TYPE_NULL:
        fh_pack_nil(out);
        break;
    case FH_DOC_TYPE_BOOL:
        fh_pack_bool(out, fh_doc_bool(node, &flag) && flag);
        break;
    case FH_DOC_TYPE_NUMBER:
        encode_number(out, node->text);
        break;
    case FH_DOC_TYPE_STRING:
        fh_pack_cstr(out, node->text);
        break;
    case FH_DOC_TYPE_LIST:
        fh_pack_array(out, node->count);
        for (const struct fh_doc_node *child = node->first; child != NULL; child = child->next) {
            encode_value(out, child);
        }
        break;
    case FH_DOC_TYPE_MAP: {
        bool sorted = is_sorted(node);
        const struct fh_doc_node *child = sorted ? node->first : next_child(node, NULL);
        fh_pack_map(out, node->count);
        while (child != NULL) {
            fh_pack_cstr(out, child->key);
            encode_value(out, child);
            child = sorted ? child->next : next_child(node, child->key);
        }
        break;
    }
    case FH_DOC_TYPE_COUNT:
        break;
    }
}

/* --- fields --- */

static void encode_strings(struct fh_buf *out, size_t count, const char *const *items)
{
    fh_pack_array(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        fh_pack_cstr(out, items[i]);
    }
}

static void
encode_list(struct fh_buf *out, const struct fh_section *section, const struct any_list *list)
{
    fh_pack_array(out, (uint32_t)list->count);
    for (size_t i = 0; i < list->count; i++) {
        fh_section_encode(out, section, (const uint8_t *)list->items + i * section->size);
    }
}

static void encode_team(struct fh_buf *out, const struct fh_contract_team *team)
{
    if (team->is_list) {
        struct any_list members = {team->members.count, team->members.items};
        encode_list(out, &fh_section_member, &members);
    } else {
        fh_section_encode(out, &fh_section_team, team);
    }
}

static void encode_context(struct fh_buf *out, const struct fh_contract_context *context)
{
    if (context->text != NULL) {
        fh_pack_cstr(out, context->text);
    } else {
        fh_section_encode(out, &fh_section_context, context);
    }
}

static void encode_field(struct fh_buf *out, const struct fh_field *field, const void *member)
{
    const void *pointer = NULL;
    struct any_list list;
    switch (field->kind) {
    case FH_FIELD_STRING:
        fh_pack_cstr(out, *(const char *const *)member);
        break;
    case FH_FIELD_BOOL:
        fh_pack_bool(out, *(const enum fh_contract_bool *)member == FH_CONTRACT_TRUE);
        break;
    case FH_FIELD_INTEGER:
        fh_pack_int(out, ((const struct fh_contract_int *)member)->value);
        break;
    case FH_FIELD_DECIMAL:
        encode_number(out, *(const char *const *)member);
        break;
    case FH_FIELD_VALUE:
        encode_value(out, *(const struct fh_doc_node *const *)member);
        break;
    case FH_FIELD_STRINGS: {
        const struct fh_contract_strings *strings = member;
        encode_strings(out, strings->count, strings->items);
        break;
    }
    case FH_FIELD_REFS: {
        const struct fh_contract_refs *refs = member;
        if (refs->is_single) {
            fh_pack_cstr(out, refs->items[0]);
        } else {
            encode_strings(out, refs->count, refs->items);
        }
        break;
    }
    case FH_FIELD_SECTION:
        memcpy(&pointer, member, sizeof pointer);
        fh_section_encode(out, field->section, pointer);
        break;
    case FH_FIELD_SECTIONS:
        memcpy(&list, member, sizeof list);
        encode_list(out, field->section, &list);
        break;
    case FH_FIELD_TEAM:
        memcpy(&pointer, member, sizeof pointer);
        encode_team(out, pointer);
        break;
    case FH_FIELD_CONTEXT:
        memcpy(&pointer, member, sizeof pointer);
        encode_context(out, pointer);
        break;
    case FH_FIELD_KIND_COUNT:
        FH_ASSERT(false);
    }
}

/* --- sections --- */

/* Whether a key of the kept map stands in none of the fields that are written. */
static bool is_extra(const struct fh_section *section, const void *in, const char *key)
{
    const struct fh_field *field = fh_section_field(section, key);
    return field == NULL || !fh_field_is_present(field, (const uint8_t *)in + field->offset);
}

static const struct fh_doc_node *next_extra(const struct fh_section *section,
                                            const void *in,
                                            const struct fh_doc_node *extra,
                                            const char *above)
{
    const struct fh_doc_node *child = next_child(extra, above);
    while (child != NULL && !is_extra(section, in, child->key)) {
        child = next_child(extra, child->key);
    }
    return child;
}

void fh_section_encode(struct fh_buf *out, const struct fh_section *section, const void *in)
{
    const struct fh_doc_node *extra = ((const struct fh_section_head *)in)->extra;
    const struct fh_doc_node *child = extra == NULL ? NULL : next_extra(section, in, extra, NULL);
    uint32_t count = 0;
    for (size_t i = 0; i < section->field_count; i++) {
        count += fh_field_is_present(&section->fields[i],
                                     (const uint8_t *)in + section->fields[i].offset);
    }
    for (const struct fh_doc_node *each = extra == NULL ? NULL : extra->first; each != NULL;
         each = each->next) {
        count += is_extra(section, in, each->key);
    }
    fh_pack_map(out, count);
    for (size_t i = 0; i < section->field_count; i++) {
        const struct fh_field *field = &section->fields[i];
        const uint8_t *member = (const uint8_t *)in + field->offset;
        if (!fh_field_is_present(field, member)) {
            continue;
        }
        while (child != NULL && strcmp(child->key, field->key) < 0) {
            fh_pack_cstr(out, child->key);
            encode_value(out, child);
            child = next_extra(section, in, extra, child->key);
        }
        fh_pack_cstr(out, field->key);
        encode_field(out, field, member);
    }
    while (child != NULL) {
        fh_pack_cstr(out, child->key);
        encode_value(out, child);
        child = next_extra(section, in, extra, child->key);
    }
}

void fh_contract_encode(struct fh_buf *out, const struct fh_contract *contract)
{
    fh_section_encode(out, &fh_section_contract, contract);
}

/* --- decoding: canonical msgpack to a tree, then the one reader --- */

static struct fh_doc_node *tree_of(struct fh_pack_reader *reader, struct fh_arena *arena);

static struct fh_doc_node *scalar_of(struct fh_arena *arena, bool plain, struct fh_bytes text)
{
    struct fh_doc_node *node = fh_doc_new(arena, FH_DOC_SCALAR);
    char *copy = node == NULL ? NULL : fh_arena_string(arena, text);
    if (copy == NULL) {
        return NULL;
    }
    node->plain = plain;
    node->text = copy;
    return node;
}

static struct fh_doc_node *
collection_of(struct fh_pack_reader *reader, struct fh_arena *arena, enum fh_doc_kind kind)
{
    struct fh_doc_node *node = fh_doc_new(arena, kind);
    if (node == NULL) {
        return NULL;
    }
    node->count = kind == FH_DOC_MAP ? fh_pack_read_map(reader, FH_PACK_ITEMS_MAX)
                                     : fh_pack_read_array(reader, FH_PACK_ITEMS_MAX);
    struct fh_doc_node **next = &node->first;
    for (uint32_t i = 0; i < node->count; i++) {
        const char *key = NULL;
        if (kind == FH_DOC_MAP) {
            key = fh_arena_string(arena, fh_pack_read_str(reader, FH_CONTRACT_FORM_BYTES_MAX));
            if (key == NULL) {
                return NULL;
            }
        }
        *next = tree_of(reader, arena);
        if (*next == NULL) {
            return NULL;
        }
        (*next)->key = key;
        next = &(*next)->next;
    }
    return node;
}

/* The tree of one scanned value; NULL when there is no memory. What a contract cannot hold reads as
 * a broken node, and fails in `reader`. Depth is bounded by the scan. */
static struct fh_doc_node *tree_of(struct fh_pack_reader *reader, struct fh_arena *arena)
{
    char text[FH_DECIMAL_BYTES];
    char normal[FH_DECIMAL_BYTES];
    struct fh_buf digits;
    enum fh_pack_kind kind = fh_pack_peek(reader);
    switch (kind) {
    case FH_PACK_NIL:
        fh_pack_skip(reader);
        return scalar_of(arena, true, fh_bytes_cstr("null"));
    case FH_PACK_BOOL:
        return scalar_of(arena, true, fh_bytes_cstr(fh_pack_read_bool(reader) ? "true" : "false"));
    case FH_PACK_UINT:
    case FH_PACK_INT: {
        fh_buf_init(&digits, sizeof text);
        fh_buf_printf(&digits, "%lld", (long long)fh_pack_read_int(reader));
        struct fh_doc_node *node =
            fh_buf_ok(&digits) == FH_OK ? scalar_of(arena, true, fh_buf_view(&digits)) : NULL;
        fh_buf_fini(&digits);
        return node;
    }
    case FH_PACK_STR:
        return scalar_of(arena, false, fh_pack_read_str(reader, FH_CONTRACT_FORM_BYTES_MAX));
    case FH_PACK_BIN: {
        struct fh_bytes bin = fh_pack_read_bin(reader, FH_DECIMAL_BYTES - 1);
        if (bin.size > 0) {
            memcpy(text, bin.data, bin.size);
        }
        text[bin.size] = '\0';
        struct fh_doc_node probe = {.kind = FH_DOC_SCALAR, .plain = true, .text = text};
        int64_t integer;
        if (!fh_decimal_normalise(normal, text) || strcmp(normal, text) != 0 ||
            strlen(text) != bin.size || fh_doc_integer(&probe, &integer)) {
            fh_pack_fail(reader, "expected a number in normal form");
        }
        return scalar_of(arena, true, fh_bytes_cstr(text));
    }
    case FH_PACK_ARRAY:
        return collection_of(reader, arena, FH_DOC_LIST);
    case FH_PACK_MAP:
        return collection_of(reader, arena, FH_DOC_MAP);
    case FH_PACK_KIND_COUNT:
        break;
    }
    return fh_doc_new(arena, FH_DOC_BROKEN);
}

int fh_contract_decode(struct fh_contract **out,
                       struct fh_bytes form,
                       struct fh_arena *arena,
                       struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_CONTRACT_FORM_BYTES_MAX);
    int rc = fh_pack_scan(form, &limits, err);
    if (rc != FH_OK) {
        return fh_err_wrap(err, "contract");
    }
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, form);
    struct fh_doc_node *root = tree_of(&reader, arena);
    if (root == NULL) {
        return fh_err_set(err, FH_ENOMEM, "contract: out of memory while decoding");
    }
    rc = fh_pack_read_ok(&reader, "contract", err);
    if (rc != FH_OK) {
        return rc;
    }
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    fh_findings_init(&findings, arena);
    rc = fh_contract_read_tree(&contract, root, FH_ODCS_OWN, true, &findings, err);
    if (rc == FH_OK) {
        rc = fh_findings_ok(&findings, err);
    }
    if (rc == FH_OK) {
        *out = contract;
    }
    /* To whoever sent it this is a malformed record, not a failed check of ours. */
    return rc == FH_ECHECK ? (err == NULL ? FH_EINVAL : (err->code = FH_EINVAL)) : rc;
}

/* --- questions --- */

bool fh_contract_open_to_mesh(const struct fh_contract *contract)
{
    for (size_t i = 0; i < contract->roles.count; i++) {
        const struct fh_contract_role *role = &contract->roles.items[i];
        if (role->role != NULL && role->access != NULL && strcmp(role->role, "mesh") == 0 &&
            strcmp(role->access, "read") == 0) {
            return true;
        }
    }
    return false;
}

const struct fh_contract_table *fh_contract_table(const struct fh_contract *contract,
                                                  const char *name)
{
    for (size_t i = 0; i < contract->tables.count; i++) {
        const char *each = contract->tables.items[i].name;
        if (each != NULL && strcmp(each, name) == 0) {
            return &contract->tables.items[i];
        }
    }
    return NULL;
}

const struct fh_contract_column *fh_contract_column(const struct fh_contract_table *table,
                                                    const char *name)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        const char *each = table->columns.items[i].name;
        if (each != NULL && strcmp(each, name) == 0) {
            return &table->columns.items[i];
        }
    }
    return NULL;
}
