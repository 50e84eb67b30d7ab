/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: one map of the document into one struct of the model, by the rows of its section. */
#include "proto/contract/reader.h"

#include "common/assert.h"

#include <string.h>

/* What every list of the model looks like to the generic walk. */
struct any_list {
    size_t count;
    void *items;
};
_Static_assert(sizeof(struct any_list) == sizeof(((struct fh_contract *)NULL)->roles),
               "lists share one shape");

enum { VARIANTS_MAX = 2 }; /* a quality rule can be of two kinds at once */

struct variants {
    const struct fh_variant *items[VARIANTS_MAX];
    size_t count;
    bool is_unknown; /* the discriminator is wrong and reported there: allow everything */
    bool is_open;    /* one of them lets every key pass */
};

static void read_section(struct fh_reader *reader,
                         const struct fh_section *section,
                         const struct fh_doc_node *node,
                         const struct fh_doc_node *parent,
                         void *out);

/* --- sections --- */

static void *read_one(struct fh_reader *reader,
                      const struct fh_section *section,
                      const struct fh_doc_node *node,
                      const struct fh_doc_node *parent)
{
    void *out = fh_reader_allocate(reader, 1, section->size);
    if (out != NULL) {
        read_section(reader, section, node, parent, out);
    }
    return out;
}

static struct any_list read_many(struct fh_reader *reader,
                                 const struct fh_section *section,
                                 const struct fh_doc_node *node,
                                 const struct fh_doc_node *parent)
{
    struct any_list list = {0};
    if (!fh_reader_has_type(reader, node, FH_ALLOW_LIST, "a list")) {
        return list;
    }
    uint8_t *items = fh_reader_allocate(reader, node->count, section->size);
    if (items == NULL) {
        return list;
    }
    uint32_t index = 0;
    for (const struct fh_doc_node *child = node->first; child != NULL; child = child->next) {
        size_t before = fh_reader_push_index(reader, index);
        read_section(reader, section, child, parent, items + index * section->size);
        fh_reader_pop(reader, before);
        index++;
    }
    list.items = items;
    list.count = node->count;
    return list;
}

static struct fh_contract_team *read_team(struct fh_reader *reader,
                                          const struct fh_doc_node *node,
                                          const struct fh_doc_node *parent)
{
    bool is_old = (1u << reader->version & FH_IN_3_0) != 0;
    if (node->kind != FH_DOC_LIST && !is_old) {
        return read_one(reader, &fh_section_team, node, parent);
    }
    if (!fh_reader_has_type(reader, node, FH_ALLOW_LIST, "a list of members")) {
        return NULL;
    }
    struct fh_contract_team *team = fh_reader_allocate(reader, 1, sizeof *team);
    if (team != NULL) {
        struct any_list members = read_many(reader, &fh_section_member, node, parent);
        team->node = node;
        team->is_list = true;
        memcpy(&team->members, &members, sizeof members);
        if ((1u << reader->says & FH_IN_3_0) == 0) {
            fh_reader_warning(reader,
                              node,
                              "odcs.deprecated",
                              "a bare list of members is the form of 3.0; write team: {members: "
                              "[...]}");
        }
    }
    return team;
}

static struct fh_contract_context *read_context(struct fh_reader *reader,
                                                const struct fh_doc_node *node,
                                                const struct fh_doc_node *parent)
{
    if (node->kind == FH_DOC_MAP) {
        return read_one(reader, &fh_section_context, node, parent);
    }
    struct fh_contract_context *context = NULL;
    if (fh_reader_has_type(reader, node, FH_ALLOW_SCALAR & ~FH_ALLOW_NULL, "a string or a map")) {
        context = fh_reader_allocate(reader, 1, sizeof *context);
        if (context != NULL) {
            context->node = node;
            context->text = node->text;
        }
    }
    return context;
}

static void read_field(struct fh_reader *reader,
                       const struct fh_field *field,
                       const struct fh_doc_node *node,
                       const struct fh_doc_node *parent,
                       void *member)
{
    switch (field->kind) {
    case FH_FIELD_STRING:
        fh_read_string(reader, field, node, member);
        break;
    case FH_FIELD_BOOL:
        fh_read_bool(reader, node, member);
        break;
    case FH_FIELD_INTEGER:
        fh_read_integer(reader, field, node, member);
        break;
    case FH_FIELD_DECIMAL:
        fh_read_decimal(reader, field, node, member);
        break;
    case FH_FIELD_VALUE:
        fh_read_value(reader, field, node, member);
        break;
    case FH_FIELD_STRINGS: {
        struct fh_contract_strings *strings = member;
        fh_read_strings(reader, node, &strings->count, &strings->items);
        break;
    }
    case FH_FIELD_REFS:
        fh_read_refs(reader, node, member);
        break;
    case FH_FIELD_SECTION: {
        void *out = read_one(reader, field->section, node, parent);
        memcpy(member, &out, sizeof out);
        break;
    }
    case FH_FIELD_SECTIONS: {
        struct any_list list = read_many(reader, field->section, node, parent);
        memcpy(member, &list, sizeof list);
        break;
    }
    case FH_FIELD_TEAM: {
        struct fh_contract_team *team = read_team(reader, node, parent);
        memcpy(member, &team, sizeof team);
        break;
    }
    case FH_FIELD_CONTEXT: {
        struct fh_contract_context *context = read_context(reader, node, parent);
        memcpy(member, &context, sizeof context);
        break;
    }
    case FH_FIELD_KIND_COUNT:
        FH_ASSERT(false);
    }
    if ((field->deprecated & 1u << reader->version) != 0) {
        fh_reader_warning(reader,
                          node,
                          "odcs.deprecated",
                          "%s is deprecated since 3.1; use %s",
                          field->key,
                          field->instead);
    }
}

/* --- variants --- */

static void add_variant(const struct fh_reader *reader,
                        struct variants *variants,
                        enum fh_variant_kind kind,
                        const char *name)
{
    const struct fh_variant *variant = fh_variant_find(kind, reader->version, name);
    if (variant == NULL) {
        variants->is_unknown = true;
    } else {
        FH_ASSERT(variants->count < VARIANTS_MAX);
        variants->items[variants->count++] = variant;
        variants->is_open = variants->is_open || (variant->versions & FH_VARIANT_OPEN) != 0;
    }
}

/* In 3.0 a rule without type is a library rule; since 3.1 one with a metric is, whatever its type.
 */
static void add_quality_variants(const struct fh_reader *reader,
                                 struct variants *variants,
                                 const struct fh_doc_node *node)
{
    const char *type = fh_reader_discriminator(node, "type");
    bool is_old = (1u << reader->version & FH_IN_3_0) != 0;
    bool is_library = is_old ? type[0] == '\0' : fh_doc_get(node, "metric") != NULL;
    if (type[0] != '\0') {
        add_variant(reader, variants, FH_VARIANT_QUALITY, type);
    }
    if (is_library && strcmp(type, "library") != 0) {
        add_variant(reader, variants, FH_VARIANT_QUALITY, "library");
    }
}

static struct variants resolve(const struct fh_reader *reader,
                               const struct fh_section *section,
                               const struct fh_doc_node *node,
                               const struct fh_doc_node *parent)
{
    struct variants variants = {0};
    switch (section->variant) {
    case FH_VARIANT_SERVER:
        add_variant(reader, &variants, section->variant, fh_reader_discriminator(node, "type"));
        break;
    case FH_VARIANT_QUALITY:
        add_quality_variants(reader, &variants, node);
        break;
    case FH_VARIANT_COLUMN: {
        const char *type = fh_reader_discriminator(node, "logicalType");
        add_variant(reader, &variants, section->variant, type);
        if (section == &fh_section_item && reader->version == FH_ODCS_3_0_2 &&
            strcmp(type, "object") != 0) {
            add_variant(reader, &variants, section->variant, "object"); /* whatever it is */
        }
        break;
    }
    case FH_VARIANT_OPTIONS:
        add_variant(
            reader, &variants, section->variant, fh_reader_discriminator(parent, "logicalType"));
        break;
    case FH_VARIANT_NONE:
    case FH_VARIANT_KIND_COUNT:
        break;
    }
    return variants;
}

static bool permits(const struct fh_reader *reader,
                    const struct variants *variants,
                    const struct fh_field *field)
{
    if ((fh_field_versions(field) & 1u << reader->version) == 0) {
        return false;
    }
    if ((field->flags & FH_FIELD_VARIANT) == 0 || variants->is_unknown) {
        return true;
    }
    for (size_t i = 0; i < variants->count; i++) {
        if (fh_is_word(field->key, variants->items[i]->keys)) {
            return true;
        }
    }
    return false;
}

/* --- unknown and missing keys --- */

enum { KEYS_MAX = 40 }; /* more than any section has */

/* The finding is about the key: its place, not the value's. */
static struct fh_doc_node key_of(const struct fh_doc_node *child)
{
    struct fh_doc_node at = *child;
    at.line = child->key_line;
    at.column = child->key_column;
    return at;
}

static void
newer_key(struct fh_reader *reader, const struct fh_doc_node *child, const struct fh_field *field)
{
    struct fh_doc_node at = key_of(child);
    if ((fh_field_versions(field) & 1u << reader->says) == 0) {
        fh_reader_warning(reader,
                          &at,
                          "odcs.key.newer",
                          "%s came with %s and this contract says %s; write apiVersion: %s",
                          child->key,
                          fh_odcs_text(fh_odcs_first(fh_field_versions(field))),
                          fh_odcs_text(reader->says),
                          fh_odcs_text(fh_odcs_first(fh_field_versions(field))));
    }
}

/* A key that the section has in another version, or with another discriminator. */
static void misplaced_key(struct fh_reader *reader,
                          const struct fh_section *section,
                          const struct variants *variants,
                          const struct fh_field *field,
                          const struct fh_doc_node *at)
{
    if ((fh_field_versions(field) & 1u << reader->version) == 0) {
        const char *first = fh_odcs_text(fh_odcs_first(fh_field_versions(field)));
        fh_reader_error(reader,
                        at,
                        "odcs.key.unknown",
                        "%s has no %s in %s; it came with %s: write apiVersion: %s",
                        section->name,
                        field->key,
                        fh_odcs_text(reader->version),
                        first,
                        first);
        return;
    }
    const char *name = variants->count > 0 ? variants->items[0]->name : "";
    fh_reader_error(reader,
                    at,
                    "odcs.key.unknown",
                    "%s%s%s does not take %s%s",
                    section->name,
                    name[0] == '\0' ? "" : " of type ",
                    name,
                    field->key,
                    name[0] == '\0' ? " without a type that has it" : "");
}

static void unknown_key(struct fh_reader *reader,
                        const struct fh_section *section,
                        const struct variants *variants,
                        const struct fh_doc_node *child)
{
    const char *keys[KEYS_MAX];
    size_t count = 0;
    FH_ASSERT(section->field_count <= KEYS_MAX);
    for (size_t i = 0; i < section->field_count; i++) {
        if (permits(reader, variants, &section->fields[i])) {
            keys[count++] = section->fields[i].key;
        }
    }
    struct fh_doc_node at = key_of(child);
    const struct fh_field *elsewhere = fh_section_field(section, child->key);
    const char *nearest = fh_nearest(child->key, keys, count);
    if (elsewhere != NULL) {
        misplaced_key(reader, section, variants, elsewhere, &at);
    } else if (nearest != NULL) {
        fh_reader_error(reader,
                        &at,
                        "odcs.key.unknown",
                        "%s has no %.64s; did you mean %s?",
                        section->name,
                        child->key,
                        nearest);
    } else {
        fh_reader_error(reader,
                        &at,
                        "odcs.key.unknown",
                        "%s has no %.64s; own keys go under customProperties",
                        section->name,
                        child->key);
    }
}

/* In a section whose schema lets every key pass. */
static void kept_key(struct fh_reader *reader,
                     const struct fh_section *section,
                     const struct fh_doc_node *child)
{
    struct fh_doc_node at = key_of(child);
    fh_reader_warning(reader,
                      &at,
                      "odcs.key.unknown",
                      "%s has no %.64s in the standard; it is kept",
                      section->name,
                      child->key);
}

static void missing_key(struct fh_reader *reader,
                        const struct fh_section *section,
                        const struct fh_doc_node *node,
                        const char *key,
                        const char *variant)
{
    if (fh_doc_get(node, key) == NULL) {
        fh_reader_error(reader,
                        node,
                        "odcs.required",
                        "%s%s%s needs %s",
                        section->name,
                        variant[0] == '\0' ? "" : " of type ",
                        variant,
                        key);
    }
}

static void check_missing(struct fh_reader *reader,
                          const struct fh_section *section,
                          const struct variants *variants,
                          const struct fh_doc_node *node)
{
    for (size_t i = 0; i < section->field_count; i++) {
        if ((section->fields[i].required & 1u << reader->version) != 0) {
            missing_key(reader, section, node, section->fields[i].key, "");
        }
    }
    for (size_t i = 0; i < variants->count; i++) {
        const struct fh_variant *variant = variants->items[i];
        for (size_t k = 0; variant->required[k] != NULL; k++) {
            if (variant->name[0] == '\0' && fh_doc_get(node, variant->required[k]) == NULL) {
                fh_reader_error(reader,
                                node,
                                "odcs.required",
                                "%s without logicalType needs %s in %s; give it a logicalType",
                                section->name,
                                variant->required[k],
                                fh_odcs_text(reader->version));
                continue;
            }
            missing_key(reader, section, node, variant->required[k], variant->name);
        }
    }
}

static void read_section(struct fh_reader *reader,
                         const struct fh_section *section,
                         const struct fh_doc_node *node,
                         const struct fh_doc_node *parent,
                         void *out)
{
    struct fh_section_head head = {.node = node};
    memcpy(out, &head, sizeof head);
    if (!fh_reader_has_type(reader, node, FH_ALLOW_MAP, "a map")) {
        return;
    }
    struct variants variants = resolve(reader, section, node, parent);
    bool is_open = (section->open & 1u << reader->version) != 0 || variants.is_open;
    for (const struct fh_doc_node *child = node->first; child != NULL; child = child->next) {
        const struct fh_field *field = fh_section_field(section, child->key);
        size_t before = fh_reader_push_key(reader, child->key);
        if (field != NULL && permits(reader, &variants, field)) {
            newer_key(reader, child, field);
            read_field(reader, field, child, node, (uint8_t *)out + field->offset);
        } else if (is_open || reader->keeps_unknown) {
            kept_key(reader, section, child);
            head.extra = node;
        } else {
            unknown_key(reader, section, &variants, child);
        }
        fh_reader_pop(reader, before);
    }
    check_missing(reader, section, &variants, node);
    memcpy(out, &head, sizeof head);
    fh_section_check(reader, section, node, parent, out);
}

void *fh_reader_read(struct fh_reader *reader,
                     const struct fh_section *section,
                     const struct fh_doc_node *node)
{
    return read_one(reader, section, node, NULL);
}
