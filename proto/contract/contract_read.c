/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/contract_read.h"

#include "common/assert.h"
#include "proto/contract/reader.h"
#include "proto/contract/yaml.h"

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
    if (node->kind != FH_DOC_LIST) {
        return read_one(reader, &fh_section_team, node, parent);
    }
    struct fh_contract_team *team = fh_reader_allocate(reader, 1, sizeof *team);
    if (team != NULL) {
        struct any_list members = read_many(reader, &fh_section_member, node, parent);
        team->node = node;
        team->is_list = true;
        memcpy(&team->members, &members, sizeof members);
        if (strcmp(fh_reader_discriminator(parent, "apiVersion"), "v3.1.0") == 0) {
            fh_reader_warning(reader,
                              node,
                              "odcs.deprecated",
                              "a bare list of members is the form of 3.0; write team: {members: "
                              "[...]}");
        }
    }
    return team;
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
    case FH_FIELD_KIND_COUNT:
        FH_ASSERT(false);
    }
    if ((field->flags & FH_FIELD_DEPRECATED) != 0) {
        fh_reader_warning(reader,
                          node,
                          "odcs.deprecated",
                          "%s is deprecated since 3.1; use %s",
                          field->key,
                          field->instead);
    }
}

/* --- variants --- */

static void add_variant(struct variants *variants, enum fh_variant_kind kind, const char *name)
{
    const struct fh_variant *variant = fh_variant_find(kind, name);
    if (variant == NULL) {
        variants->is_unknown = true;
    } else {
        variants->items[variants->count++] = variant;
    }
}

static struct variants resolve(const struct fh_section *section,
                               const struct fh_doc_node *node,
                               const struct fh_doc_node *parent)
{
    struct variants variants = {0};
    switch (section->variant) {
    case FH_VARIANT_SERVER:
        add_variant(&variants, FH_VARIANT_SERVER, fh_reader_discriminator(node, "type"));
        break;
    case FH_VARIANT_QUALITY: {
        const char *type = fh_reader_discriminator(node, "type");
        bool has_metric = fh_doc_get(node, "metric") != NULL;
        if (type[0] != '\0') {
            add_variant(&variants, FH_VARIANT_QUALITY, type);
        }
        if (has_metric && strcmp(type, "library") != 0) {
            add_variant(&variants, FH_VARIANT_QUALITY, "library");
        }
        break;
    }
    case FH_VARIANT_COLUMN:
        add_variant(&variants, FH_VARIANT_COLUMN, fh_reader_discriminator(node, "logicalType"));
        break;
    case FH_VARIANT_OPTIONS:
        add_variant(&variants, FH_VARIANT_OPTIONS, fh_reader_discriminator(parent, "logicalType"));
        break;
    case FH_VARIANT_NONE:
    case FH_VARIANT_KIND_COUNT:
        break;
    }
    return variants;
}

static bool permits(const struct variants *variants, const struct fh_field *field)
{
    if ((field->flags & FH_FIELD_VARIANT) == 0 || variants->is_unknown) {
        return true;
    }
    for (size_t i = 0; i < variants->count; i++) {
        if (fh_is_choice(field->key, variants->items[i]->keys)) {
            return true;
        }
    }
    return false;
}

/* --- unknown and missing keys --- */

enum { KEYS_MAX = 40 }; /* more than any section has */

static void unknown_key(struct fh_reader *reader,
                        const struct fh_section *section,
                        const struct variants *variants,
                        const struct fh_doc_node *child)
{
    const char *keys[KEYS_MAX];
    size_t count = 0;
    FH_ASSERT(section->field_count <= KEYS_MAX);
    for (size_t i = 0; i < section->field_count; i++) {
        if (permits(variants, &section->fields[i])) {
            keys[count++] = section->fields[i].key;
        }
    }
    /* The finding is about the key: its place, not the value's. */
    struct fh_doc_node at = *child;
    at.line = child->key_line;
    at.column = child->key_column;
    const struct fh_field *elsewhere = fh_section_field(section, child->key);
    const char *nearest = fh_nearest(child->key, keys, count);
    if (elsewhere != NULL) {
        const char *name = variants->count > 0 ? variants->items[0]->name : "";
        fh_reader_error(reader,
                        &at,
                        "odcs.key.unknown",
                        "%s%s%s does not take %s%s",
                        section->name,
                        name[0] == '\0' ? "" : " of type ",
                        name,
                        child->key,
                        name[0] == '\0' ? " without a type that has it" : "");
    } else if (section->is_open) {
        fh_reader_warning(reader,
                          &at,
                          "odcs.key.unknown",
                          "%s has no %.64s in the standard; it is kept",
                          section->name,
                          child->key);
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

static void read_section(struct fh_reader *reader,
                         const struct fh_section *section,
                         const struct fh_doc_node *node,
                         const struct fh_doc_node *parent,
                         void *out)
{
    memcpy(out, &node, sizeof(node)); /* the first member of every section */
    if (!fh_reader_has_type(reader, node, FH_ALLOW_MAP, "a map")) {
        return;
    }
    struct variants variants = resolve(section, node, parent);
    bool keeps_all = section->variant == FH_VARIANT_OPTIONS &&
                     strcmp(fh_reader_discriminator(parent, "logicalType"), "boolean") == 0;
    bool has_extra = keeps_all && node->count > 0;
    for (const struct fh_doc_node *child = node->first; child != NULL && !keeps_all;
         child = child->next) {
        const struct fh_field *field = fh_section_field(section, child->key);
        size_t before = fh_reader_push_key(reader, child->key);
        if (field != NULL && permits(&variants, field)) {
            read_field(reader, field, child, node, (uint8_t *)out + field->offset);
        } else if (!reader->is_foreign) {
            unknown_key(reader, section, &variants, child);
        }
        has_extra = has_extra || (section->is_open && field == NULL);
        fh_reader_pop(reader, before);
    }
    for (size_t i = 0; i < section->field_count; i++) {
        if ((section->fields[i].flags & FH_FIELD_REQUIRED) != 0) {
            missing_key(reader, section, node, section->fields[i].key, "");
        }
    }
    for (size_t i = 0; i < variants.count; i++) {
        const struct fh_variant *variant = variants.items[i];
        for (size_t k = 0; variant->required[k] != NULL; k++) {
            missing_key(reader, section, node, variant->required[k], variant->name);
        }
    }
    if (has_extra) {
        memcpy((uint8_t *)out + section->extra_offset, &node, sizeof node);
    }
    fh_section_check(reader, section, node, parent, out);
}

/* --- the whole --- */

/* What the document is when it is not ODCS 3, or NULL. */
static const char *foreign_dialect(const struct fh_doc_node *root)
{
    if (fh_doc_get(root, "dataContractSpecification") != NULL) {
        return "this is a contract of the Data Contract Specification, which ODCS replaced; "
               "convert it "
               "to ODCS v3.1.0";
    }
    if (strcmp(fh_reader_discriminator(root, "kind"), "DataProduct") == 0 ||
        fh_doc_get(root, "outputPorts") != NULL || fh_doc_get(root, "inputPorts") != NULL) {
        return "this is a data product description (ODPS), not a contract; give the contract that "
               "its "
               "output port names";
    }
    if (strncmp(fh_reader_discriminator(root, "apiVersion"), "v2", 2) == 0 ||
        fh_doc_get(root, "datasetName") != NULL || fh_doc_get(root, "quantumName") != NULL) {
        return "this is ODCS version 2, which is laid out differently; convert it to v3.1.0";
    }
    if (strcmp(fh_reader_discriminator(root, "kind"), "DataContract") != 0 &&
        fh_doc_get(root, "product") != NULL && fh_doc_get(root, "schema") != NULL) {
        return "this is a product of the Open Data Product Specification, not a contract; write an "
               "ODCS "
               "contract for it";
    }
    return NULL;
}

int fh_contract_read_tree(struct fh_contract **out,
                          const struct fh_doc_node *root,
                          bool is_foreign,
                          struct fh_findings *findings,
                          struct fh_err *err)
{
    struct fh_reader reader = {
        .findings = findings, .arena = findings->arena, .is_foreign = is_foreign};
    const char *dialect = foreign_dialect(root);
    if (dialect != NULL) {
        fh_reader_error(&reader, root, "odcs.dialect", "%s", dialect);
    } else if (fh_reader_has_type(
                   &reader, root, FH_ALLOW_MAP, "a map that starts with apiVersion and kind")) {
        *out = read_one(&reader, &fh_section_contract, root, NULL);
    }
    if (reader.failed != FH_OK || findings->failed != FH_OK) {
        return fh_err_set(err, FH_ENOMEM, "contract: out of memory while reading");
    }
    return FH_OK;
}

int fh_contract_read(struct fh_contract **out,
                     struct fh_bytes text,
                     struct fh_findings *findings,
                     struct fh_err *err)
{
    struct fh_doc_node *root = NULL;
    struct fh_contract *contract = NULL;
    int rc = fh_yaml_read(&root, text, findings, err);
    if (rc == FH_OK) {
        rc = fh_contract_read_tree(&contract, root, false, findings, err);
    }
    if (rc != FH_OK && rc != FH_ECHECK) {
        return rc;
    }
    fh_findings_sort(findings);
    *out = contract;
    return rc == FH_OK ? fh_findings_ok(findings, err) : rc;
}
