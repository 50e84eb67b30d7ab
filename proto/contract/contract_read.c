/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/contract_read.h"

#include "common/assert.h"
#include "common/limits.h"
#include "proto/contract/reader.h"
#include "proto/contract/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What every list of the model looks like to the generic walk. */
struct any_list {
    size_t count;
    void *items;
};
typedef FH_CONTRACT_LIST(fh_contract_role) role_list_shape;
_Static_assert(sizeof(struct any_list) == sizeof(role_list_shape), "lists share one shape");

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

size_t fh_reader_push_key(struct fh_reader *reader, const char *key)
{
    size_t before = reader->path_size;
    int wanted = snprintf(reader->path + before,
                          sizeof reader->path - before,
                          "%s%.64s",
                          before == 0 ? "" : ".",
                          key);
    reader->path_size = wanted > 0 ? before + (size_t)wanted : before;
    if (reader->path_size >= sizeof reader->path) {
        reader->path_size = sizeof reader->path - 1;
    }
    return before;
}

size_t fh_reader_push_index(struct fh_reader *reader, uint32_t index)
{
    size_t before = reader->path_size;
    int wanted =
        snprintf(reader->path + before, sizeof reader->path - before, "[%u]", (unsigned)index);
    reader->path_size = wanted > 0 ? before + (size_t)wanted : before;
    if (reader->path_size >= sizeof reader->path) {
        reader->path_size = sizeof reader->path - 1;
    }
    return before;
}

void fh_reader_pop(struct fh_reader *reader, size_t size)
{
    FH_ASSERT(size <= reader->path_size);
    reader->path_size = size;
    reader->path[size] = '\0';
}

FH_PRINTF(5, 0)
static void add(struct fh_reader *reader,
                enum fh_severity severity,
                const struct fh_doc_node *node,
                const char *rule,
                const char *format,
                va_list args)
{
    char message[FH_ERR_TEXT_BYTES];
    vsnprintf(message, sizeof message, format, args);
    fh_findings_add(
        reader->findings, severity, node->line, node->column, reader->path, rule, "%s", message);
}

void fh_reader_error(struct fh_reader *reader,
                     const struct fh_doc_node *node,
                     const char *rule,
                     const char *format,
                     ...)
{
    va_list args;
    va_start(args, format);
    add(reader, FH_SEVERITY_ERROR, node, rule, format, args);
    va_end(args);
}

void fh_reader_warning(struct fh_reader *reader,
                       const struct fh_doc_node *node,
                       const char *rule,
                       const char *format,
                       ...)
{
    if (reader->is_foreign) {
        return;
    }
    va_list args;
    va_start(args, format);
    add(reader, FH_SEVERITY_WARNING, node, rule, format, args);
    va_end(args);
}

const char *fh_reader_discriminator(const struct fh_doc_node *node, const char *key)
{
    const struct fh_doc_node *child = fh_doc_get(node, key);
    return child == NULL || child->kind != FH_DOC_SCALAR ? "" : child->text;
}

static void *allocate(struct fh_reader *reader, size_t count, size_t size)
{
    void *memory = fh_arena_array(reader->arena, count, size);
    if (memory == NULL) {
        reader->failed = FH_ENOMEM;
    }
    return memory;
}

/* --- scalars --- */

/* A finding when the node is not of a wanted type; true when it is. A broken node says nothing. */
static bool has_type(struct fh_reader *reader,
                     const struct fh_doc_node *node,
                     unsigned allow,
                     const char *wanted)
{
    if (node->kind == FH_DOC_BROKEN) {
        return false;
    }
    enum fh_doc_type type = fh_doc_type(node);
    if ((allow & 1u << type) != 0) {
        return true;
    }
    if (type == FH_DOC_TYPE_NULL) {
        fh_reader_error(reader,
                        node,
                        "odcs.type",
                        "expected %s, found nothing; give a value or remove the key",
                        wanted);
    } else {
        bool quoted = type == FH_DOC_TYPE_STRING && !node->plain;
        fh_reader_error(reader,
                        node,
                        "odcs.type",
                        "expected %s, found %s%s",
                        wanted,
                        fh_doc_type_text(type),
                        quoted ? "; remove the quotes if it is one" : "");
    }
    return false;
}

static void list_choices(char *out, size_t size, const char *const *choices)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; choices[i] != NULL && used < size; i++) {
        int wanted = snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", choices[i]);
        used += wanted > 0 ? (size_t)wanted : 0;
    }
}

static size_t count_choices(const char *const *choices)
{
    size_t count = 0;
    while (choices[count] != NULL) {
        count++;
    }
    return count;
}

static bool is_choice(const char *text, const char *const *choices)
{
    for (size_t i = 0; choices[i] != NULL; i++) {
        if (strcmp(text, choices[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void
check_choice(struct fh_reader *reader, const struct fh_doc_node *node, const struct fh_field *field)
{
    if (is_choice(node->text, field->choices)) {
        return;
    }
    if (field->form == FH_FORM_API_VERSION) {
        bool is_draft = strncmp(node->text, "v3.2", 4) == 0;
        fh_reader_error(reader,
                        node,
                        "odcs.api_version",
                        "\"%.32s\" is %s; write v3.1.0 (v3.0.0 to v3.0.2 are read too)",
                        node->text,
                        is_draft ? "a draft of the standard that is not read yet"
                                 : "no version of the standard that is read here");
        return;
    }
    char all[400];
    list_choices(all, sizeof all, field->choices);
    const char *nearest = fh_nearest(node->text, field->choices, count_choices(field->choices));
    if (nearest != NULL) {
        fh_reader_error(reader,
                        node,
                        "odcs.choice",
                        "\"%.64s\" is not known here; did you mean %s? (%s)",
                        node->text,
                        nearest,
                        all);
    } else {
        fh_reader_error(reader,
                        node,
                        "odcs.choice",
                        "\"%.64s\" is not known here; it is one of %s",
                        node->text,
                        all);
    }
}

static bool all_digits(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return true;
}

static bool is_date(const char *text)
{
    return strlen(text) >= 10 && all_digits(text, 4) && text[4] == '-' && all_digits(text + 5, 2) &&
           text[7] == '-' && all_digits(text + 8, 2);
}

/* RFC 3339 by shape: date, T, time with seconds, zone. */
static bool is_date_time(const char *text)
{
    if (!is_date(text) || (text[10] != 'T' && text[10] != 't') || strlen(text) < 20 ||
        !all_digits(text + 11, 2) || text[13] != ':' || !all_digits(text + 14, 2) ||
        text[16] != ':' || !all_digits(text + 17, 2)) {
        return false;
    }
    const char *zone = text + 19;
    if (*zone == '.') {
        zone += 1 + strspn(zone + 1, "0123456789");
    }
    if (strcmp(zone, "Z") == 0 || strcmp(zone, "z") == 0) {
        return true;
    }
    return strlen(zone) == 6 && (*zone == '+' || *zone == '-') && all_digits(zone + 1, 2) &&
           zone[3] == ':' && all_digits(zone + 4, 2);
}

static void
check_form(struct fh_reader *reader, const struct fh_doc_node *node, enum fh_field_form form)
{
    static const char id_letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *text = node->text;
    switch (form) {
    case FH_FORM_STABLE_ID:
        if (text[0] == '\0' || strspn(text, id_letters) != strlen(text)) {
            fh_reader_error(reader,
                            node,
                            "odcs.id",
                            "\"%.64s\" is no stable id; use letters, digits, _ and -",
                            text);
        }
        break;
    case FH_FORM_DATE:
        if (!is_date(text) || text[10] != '\0') {
            fh_reader_warning(reader, node, "odcs.date", "\"%.64s\" is no date YYYY-MM-DD", text);
        }
        break;
    case FH_FORM_DATE_TIME:
        if (!is_date_time(text)) {
            fh_reader_warning(reader,
                              node,
                              "odcs.date_time",
                              "\"%.64s\" is no time as in 2026-01-31T12:00:00Z",
                              text);
        }
        break;
    case FH_FORM_API_VERSION: /* by its choices */
    case FH_FORM_ANY:
    case FH_FORM_COUNT:
        break;
    }
}

/* Plain words that other YAML readers take for something else than the string which is meant. */
static void warn_if_ambiguous(struct fh_reader *reader, const struct fh_doc_node *node)
{
    static const char *const words[] = {
        "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"};
    if (!node->plain) {
        return;
    }
    bool is_word = false;
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        is_word = is_word || strcmp(node->text, words[i]) == 0;
    }
    if (is_word || fh_doc_type(node) != FH_DOC_TYPE_STRING) {
        fh_reader_warning(reader,
                          node,
                          "yaml.unquoted",
                          "read as the string \"%.32s\"; quote it, other tools read %s",
                          node->text,
                          is_word ? "true or false" : fh_doc_type_text(fh_doc_type(node)));
    }
}

static const char *read_string(struct fh_reader *reader, const struct fh_doc_node *node)
{
    if (node->kind == FH_DOC_SCALAR && fh_doc_type(node) != FH_DOC_TYPE_NULL) {
        warn_if_ambiguous(reader, node);
        return node->text;
    }
    bool fits = has_type(reader, node, FH_ALLOW_STRING, "a string");
    FH_ASSERT(!fits);
    return NULL;
}

static void read_string_field(struct fh_reader *reader,
                              const struct fh_field *field,
                              const struct fh_doc_node *node,
                              const char **out)
{
    *out = read_string(reader, node);
    if (*out != NULL && field->choices != NULL) {
        check_choice(reader, node, field);
    }
    if (*out != NULL && field->form != FH_FORM_ANY) {
        check_form(reader, node, field->form);
    }
}

static void
read_bool(struct fh_reader *reader, const struct fh_doc_node *node, enum fh_contract_bool *out)
{
    bool value;
    if (fh_doc_bool(node, &value)) {
        *out = value ? FH_CONTRACT_TRUE : FH_CONTRACT_FALSE;
    } else {
        (void)has_type(reader, node, FH_ALLOW_BOOL, "true or false");
    }
}

static void read_integer(struct fh_reader *reader,
                         const struct fh_field *field,
                         const struct fh_doc_node *node,
                         struct fh_contract_int *out)
{
    struct fh_contract_int read = {.is_set = true};
    if (!has_type(reader, node, FH_ALLOW_NUMBER, "an integer")) {
        return;
    }
    if (!fh_doc_integer(node, &read.value)) {
        fh_reader_error(
            reader, node, "odcs.type", "expected an integer of 64 bits, found %.64s", node->text);
    } else if ((field->flags & FH_FIELD_NATURAL) != 0 && read.value < 0) {
        fh_reader_error(reader, node, "odcs.range", "expected 0 or more, found %.64s", node->text);
    } else {
        *out = read;
    }
}

static void read_decimal(struct fh_reader *reader,
                         const struct fh_field *field,
                         const struct fh_doc_node *node,
                         const char **out)
{
    char normal[FH_DECIMAL_BYTES];
    if (!has_type(reader, node, FH_ALLOW_NUMBER, "a number")) {
        return;
    }
    bool fits = fh_decimal_normalise(normal, node->text);
    FH_ASSERT(fits);
    if ((field->flags & FH_FIELD_POSITIVE) != 0 && fh_decimal_compare(normal, "0") <= 0) {
        fh_reader_error(reader, node, "odcs.range", "expected more than 0, found %s", normal);
        return;
    }
    *out = fh_arena_strdup(reader->arena, normal);
    if (*out == NULL) {
        reader->failed = FH_ENOMEM;
    }
}

static void read_value(struct fh_reader *reader,
                       const struct fh_field *field,
                       const struct fh_doc_node *node,
                       const struct fh_doc_node **out)
{
    const char *wanted = field->allow == FH_ALLOW_LIST           ? "a list"
                         : field->allow == FH_ALLOW_MAP          ? "a map"
                         : field->allow == FH_ALLOW_SCALAR       ? "a single value"
                         : (field->allow & FH_ALLOW_NUMBER) != 0 ? "a number or a string"
                                                                 : "a string or a map";
    if (has_type(reader, node, field->allow, wanted)) {
        *out = node;
    }
}

/* --- lists --- */

static void read_strings(struct fh_reader *reader,
                         const struct fh_doc_node *node,
                         size_t *out_count,
                         const char ***out_items)
{
    if (!has_type(reader, node, FH_ALLOW_LIST, "a list of strings")) {
        return;
    }
    const char **items = allocate(reader, node->count, sizeof *items);
    if (items == NULL) {
        return;
    }
    size_t count = 0;
    uint32_t index = 0;
    for (const struct fh_doc_node *child = node->first; child != NULL; child = child->next) {
        size_t before = fh_reader_push_index(reader, index++);
        const char *text = read_string(reader, child);
        fh_reader_pop(reader, before);
        if (text != NULL) {
            items[count++] = text;
        }
    }
    *out_count = count;
    *out_items = items;
}

static void
read_refs(struct fh_reader *reader, const struct fh_doc_node *node, struct fh_contract_refs *out)
{
    if (node->kind == FH_DOC_SCALAR) {
        const char *text = read_string(reader, node);
        out->items = text == NULL ? NULL : allocate(reader, 1, sizeof *out->items);
        if (out->items != NULL) {
            out->is_single = true;
            out->count = 1;
            out->items[0] = text;
        }
    } else {
        read_strings(reader, node, &out->count, &out->items);
        if (node->kind == FH_DOC_LIST && node->count == 0) {
            fh_reader_error(reader, node, "odcs.empty", "expected at least one table.column");
        }
    }
    for (size_t i = 0; i < out->count; i++) {
        if (!fh_reference_fits(out->items[i])) {
            fh_reader_error(reader,
                            node,
                            "odcs.reference",
                            "\"%.64s\" is no reference; write table.column, or "
                            "schema/<id>/properties/<id>",
                            out->items[i]);
        }
    }
}

/* --- sections --- */

static void *read_one(struct fh_reader *reader,
                      const struct fh_section *section,
                      const struct fh_doc_node *node,
                      const struct fh_doc_node *parent)
{
    void *out = allocate(reader, 1, section->size);
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
    if (!has_type(reader, node, FH_ALLOW_LIST, "a list")) {
        return list;
    }
    uint8_t *items = allocate(reader, node->count, section->size);
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
    struct fh_contract_team *team = allocate(reader, 1, sizeof *team);
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
        read_string_field(reader, field, node, member);
        break;
    case FH_FIELD_BOOL:
        read_bool(reader, node, member);
        break;
    case FH_FIELD_INTEGER:
        read_integer(reader, field, node, member);
        break;
    case FH_FIELD_DECIMAL:
        read_decimal(reader, field, node, member);
        break;
    case FH_FIELD_VALUE:
        read_value(reader, field, node, member);
        break;
    case FH_FIELD_STRINGS: {
        struct fh_contract_strings *strings = member;
        read_strings(reader, node, &strings->count, &strings->items);
        break;
    }
    case FH_FIELD_REFS:
        read_refs(reader, node, member);
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
        if (is_choice(field->key, variants->items[i]->keys)) {
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
    if (!has_type(reader, node, FH_ALLOW_MAP, "a map")) {
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
    } else if (has_type(
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
