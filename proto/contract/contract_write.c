/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/contract_write.h"

#include "common/assert.h"
#include "common/compiler.h"
#include "proto/contract/contract_table.h"
#include "proto/contract/yaml_write.h"

#include <string.h>

struct any_list {
    size_t count;
    void *items;
};

/* --- the order of keys --- */

/* What a section starts with and, behind "*" (all other keys, in the order of their table), what it
 * ends with. A section that is not listed has the order of its table. */
#define KEYS(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
static const struct {
    const struct fh_section *section;
    const char *const *keys;
} orders[] = {
    {&fh_section_contract,
     KEYS("apiVersion",
          "kind",
          "id",
          "name",
          "version",
          "status",
          "domain",
          "dataProduct",
          "tenant",
          "tags",
          "description",
          "context",
          "*",
          "servers",
          "schema",
          "support",
          "price",
          "team",
          "roles",
          "slaDefaultElement",
          "slaProperties",
          "customProperties",
          "contractCreatedTs")},
    {&fh_section_description, KEYS("purpose", "limitations", "usage", "*")},
    {&fh_section_server,
     KEYS("id",
          "server",
          "type",
          "environment",
          "description",
          "host",
          "port",
          "database",
          "schema",
          "location",
          "path",
          "format",
          "*",
          "roles",
          "customProperties")},
    {&fh_section_table,
     KEYS("id",
          "name",
          "physicalName",
          "logicalType",
          "physicalType",
          "businessName",
          "synonyms",
          "description",
          "dataGranularityDescription",
          "*",
          "customProperties",
          "relationships",
          "quality",
          "properties")},
    {&fh_section_column,
     KEYS("id",
          "name",
          "physicalName",
          "businessName",
          "synonyms",
          "semanticType",
          "logicalType",
          "physicalType",
          "logicalTypeOptions",
          "required",
          "unique",
          "primaryKey",
          "primaryKeyPosition",
          "partitioned",
          "partitionKeyPosition",
          "description",
          "classification",
          "criticalDataElement",
          "encryptedName",
          "enum",
          "examples",
          "*",
          "customProperties",
          "relationships",
          "quality",
          "map",
          "items",
          "properties")},
    {&fh_section_map, KEYS("key", "value", "*")},
    {&fh_section_quality,
     KEYS("id",
          "name",
          "type",
          "metric",
          "rule",
          "arguments",
          "query",
          "engine",
          "implementation",
          "mustBe",
          "mustNotBe",
          "mustBeGreaterThan",
          "mustBeGreaterOrEqualTo",
          "mustBeLessThan",
          "mustBeLessOrEqualTo",
          "mustBeBetween",
          "mustNotBeBetween",
          "unit",
          "dimension",
          "severity",
          "description",
          "*")},
    {&fh_section_relationship, KEYS("type", "from", "to", "*")},
    {&fh_section_column_relationship, KEYS("type", "to", "*")},
    {&fh_section_enum_value, KEYS("id", "value", "label", "description", "*")},
    {&fh_section_synonym, KEYS("id", "synonym", "locale", "description", "*")},
    {&fh_section_context, KEYS("instructions", "verifiedStatements", "constraints", "*")},
    {&fh_section_statement, KEYS("id", "question", "answer", "*")},
    {&fh_section_constraint, KEYS("id", "constraint", "*")},
    {&fh_section_team, KEYS("id", "name", "description", "*", "members")},
    {&fh_section_member, KEYS("id", "username", "name", "role", "description", "*")},
    {&fh_section_role, KEYS("id", "role", "access", "description", "*")},
    {&fh_section_sla,
     KEYS("id", "property", "value", "valueExt", "unit", "element", "driver", "description", "*")},
    {&fh_section_support, KEYS("id", "channel", "tool", "scope", "url", "description", "*")},
    {&fh_section_price, KEYS("id", "priceAmount", "priceCurrency", "priceUnit", "*")},
    {&fh_section_custom, KEYS("id", "property", "value", "description", "*")},
    {&fh_section_definition, KEYS("id", "type", "url", "description", "*")},
};

/* `items`, `map.key` and `map.value` are columns without a name. */
static const char *const *order_of(const struct fh_section *section)
{
    static const char *const any[] = {"*", NULL};
    const struct fh_section *like = section == &fh_section_item ? &fh_section_column : section;
    for (size_t i = 0; i < FH_COUNT(orders); i++) {
        if (orders[i].section == like) {
            return orders[i].keys;
        }
    }
    return any;
}

static bool is_listed(const char *key, const char *const *keys)
{
    for (size_t i = 0; keys[i] != NULL; i++) {
        if (strcmp(keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* --- writing --- */

struct writer {
    struct fh_buf *out;
    const char *api_version; /* in place of a missing one */
    bool at_dash;            /* behind "- ": the first key stands in this line */
};

static void write_section(struct writer *writer,
                          const struct fh_section *section,
                          const void *in,
                          unsigned indent);

/* Where a key starts: on a new line, or behind the dash of a list. */
static void start_key(struct writer *writer, const char *key, unsigned indent)
{
    if (!writer->at_dash) {
        fh_yaml_indent(writer->out, indent);
    }
    writer->at_dash = false;
    fh_yaml_key(writer->out, key);
}

static bool is_empty(const struct fh_section *section, const void *in)
{
    const struct fh_section_head *head = in;
    for (size_t i = 0; i < section->field_count; i++) {
        const struct fh_field *field = &section->fields[i];
        if (fh_field_is_present(field, (const uint8_t *)in + field->offset)) {
            return false;
        }
    }
    return head->extra == NULL || head->extra->count == 0;
}

static void
write_one(struct writer *writer, const struct fh_section *section, const void *in, unsigned indent)
{
    if (is_empty(section, in)) {
        fh_buf_add_cstr(writer->out, " {}\n");
        return;
    }
    fh_buf_add_u8(writer->out, '\n');
    write_section(writer, section, in, indent);
}

static void write_list(struct writer *writer,
                       const struct fh_section *section,
                       const struct any_list *list,
                       unsigned indent)
{
    if (list->count == 0) {
        fh_buf_add_cstr(writer->out, " []\n");
        return;
    }
    fh_buf_add_u8(writer->out, '\n');
    for (size_t i = 0; i < list->count; i++) {
        const void *item = (const uint8_t *)list->items + i * section->size;
        fh_yaml_indent(writer->out, indent);
        if (is_empty(section, item)) {
            fh_buf_add_cstr(writer->out, "- {}\n");
            continue;
        }
        fh_buf_add_cstr(writer->out, "- ");
        writer->at_dash = true;
        write_section(writer, section, item, indent + FH_YAML_STEP);
    }
}

static void write_sections(struct writer *writer,
                           const struct fh_field *field,
                           const void *member,
                           unsigned indent)
{
    const void *pointer;
    struct any_list list;
    memcpy(&pointer, member, sizeof pointer);
    if (field->kind == FH_FIELD_SECTIONS) {
        memcpy(&list, member, sizeof list);
        write_list(writer, field->section, &list, indent);
        return;
    }
    const struct fh_contract_team *team = field->kind == FH_FIELD_TEAM ? pointer : NULL;
    const struct fh_contract_context *context = field->kind == FH_FIELD_CONTEXT ? pointer : NULL;
    if (team != NULL && team->is_list) {
        list = (struct any_list){team->members.count, team->members.items};
        write_list(writer, &fh_section_member, &list, indent);
    } else if (context != NULL && context->text != NULL) {
        fh_yaml_string(writer->out, context->text, indent);
    } else {
        write_one(writer, field->section, pointer, indent);
    }
}

/* What stands behind the colon; `indent` is that of deeper lines. */
static void write_field(struct writer *writer,
                        const struct fh_field *field,
                        const void *member,
                        unsigned indent)
{
    struct fh_buf *out = writer->out;
    switch (field->kind) {
    case FH_FIELD_STRING:
        fh_yaml_string(out, *(const char *const *)member, indent);
        break;
    case FH_FIELD_BOOL:
        fh_buf_add_cstr(out,
                        *(const enum fh_contract_bool *)member == FH_CONTRACT_TRUE ? " true\n"
                                                                                   : " false\n");
        break;
    case FH_FIELD_INTEGER:
        fh_buf_printf(out, " %lld\n", (long long)((const struct fh_contract_int *)member)->value);
        break;
    case FH_FIELD_DECIMAL:
        fh_buf_printf(out, " %s\n", *(const char *const *)member);
        break;
    case FH_FIELD_VALUE:
        fh_yaml_value(out, *(const struct fh_doc_node *const *)member, indent);
        break;
    case FH_FIELD_STRINGS: {
        const struct fh_contract_strings *strings = member;
        fh_yaml_strings(out, strings->count, strings->items, indent);
        break;
    }
    case FH_FIELD_REFS: {
        const struct fh_contract_refs *refs = member;
        if (refs->is_single) {
            fh_yaml_string(out, refs->items[0], indent);
        } else {
            fh_yaml_strings(out, refs->count, refs->items, indent);
        }
        break;
    }
    case FH_FIELD_SECTION:
    case FH_FIELD_SECTIONS:
    case FH_FIELD_TEAM:
    case FH_FIELD_CONTEXT:
        write_sections(writer, field, member, indent);
        break;
    case FH_FIELD_KIND_COUNT:
        FH_ASSERT(false);
    }
}

static void write_key(struct writer *writer,
                      const struct fh_section *section,
                      const char *key,
                      const void *in,
                      unsigned indent)
{
    const struct fh_field *field = fh_section_field(section, key);
    if (field == NULL) {
        return; /* of the like of this section: `from` of a column's relationship */
    }
    const uint8_t *member = (const uint8_t *)in + field->offset;
    const char *given = field->form == FH_FORM_API_VERSION ? writer->api_version
                        : strcmp(field->key, "kind") == 0  ? "DataContract"
                                                           : NULL;
    if (fh_field_is_present(field, member)) {
        start_key(writer, key, indent);
        write_field(writer, field, member, indent + FH_YAML_STEP);
    } else if (section == &fh_section_contract && given != NULL) {
        start_key(writer, key, indent);
        fh_yaml_string(writer->out, given, indent + FH_YAML_STEP);
    }
}

/* Keys that the section does not know, in the author's order. */
static void write_extra(struct writer *writer,
                        const struct fh_section *section,
                        const void *in,
                        unsigned indent)
{
    const struct fh_doc_node *extra = ((const struct fh_section_head *)in)->extra;
    for (const struct fh_doc_node *child = extra == NULL ? NULL : extra->first; child != NULL;
         child = child->next) {
        const struct fh_field *field = fh_section_field(section, child->key);
        if (field == NULL || !fh_field_is_present(field, (const uint8_t *)in + field->offset)) {
            start_key(writer, child->key, indent);
            fh_yaml_value(writer->out, child, indent + FH_YAML_STEP);
        }
    }
}

static void write_section(struct writer *writer,
                          const struct fh_section *section,
                          const void *in,
                          unsigned indent)
{
    const char *const *order = order_of(section);
    for (size_t i = 0; order[i] != NULL; i++) {
        if (strcmp(order[i], "*") != 0) {
            write_key(writer, section, order[i], in, indent);
            continue;
        }
        for (size_t k = 0; k < section->field_count; k++) {
            if (!is_listed(section->fields[k].key, order)) {
                write_key(writer, section, section->fields[k].key, in, indent);
            }
        }
        write_extra(writer, section, in, indent);
    }
}

/* --- the version --- */

static bool uses_3_2(const struct fh_section *section, const void *in);

static bool field_uses_3_2(const struct fh_field *field, const void *member)
{
    const void *pointer;
    struct any_list list;
    if (!fh_field_is_present(field, member)) {
        return false;
    }
    if ((field->flags & FH_FIELD_NEW_3_2) != 0) {
        return true;
    }
    if (field->kind == FH_FIELD_SECTIONS) {
        memcpy(&list, member, sizeof list);
        for (size_t i = 0; i < list.count; i++) {
            if (uses_3_2(field->section, (const uint8_t *)list.items + i * field->section->size)) {
                return true;
            }
        }
    } else if (field->kind == FH_FIELD_SECTION) {
        memcpy(&pointer, member, sizeof pointer);
        return uses_3_2(field->section, pointer);
    }
    return false;
}

static bool uses_3_2(const struct fh_section *section, const void *in)
{
    for (size_t i = 0; i < section->field_count; i++) {
        const struct fh_field *field = &section->fields[i];
        if (field_uses_3_2(field, (const uint8_t *)in + field->offset)) {
            return true;
        }
    }
    return false;
}

/* --- the whole --- */

static void write_heading(struct fh_buf *out, const char *text)
{
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        fh_buf_add_cstr(out, line == 0 ? "#" : "# ");
        fh_buf_add(out, text, line);
        fh_buf_add_u8(out, '\n');
        text += line;
        text += *text == '\n';
    }
}

void fh_contract_write(struct fh_buf *out,
                       const struct fh_contract *contract,
                       const struct fh_contract_write_options *options)
{
    struct writer writer = {
        .out = out, .api_version = uses_3_2(&fh_section_contract, contract) ? "v3.2.0" : "v3.1.0"};
    if (options != NULL && options->heading != NULL) {
        write_heading(out, options->heading);
    }
    write_section(&writer, &fh_section_contract, contract, 0);
}
