/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/reader.h"

#include "common/assert.h"

#include <stdio.h>
#include <string.h>

bool fh_reader_has_type(struct fh_reader *reader,
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

/* The words that the version knows; as many as fit. */
enum { CHOICES_MAX = 48 };

static size_t
list_choices(const char *out[CHOICES_MAX], const struct fh_choice *choices, unsigned version)
{
    size_t count = 0;
    for (size_t i = 0; choices[i].text != NULL && count < CHOICES_MAX; i++) {
        if ((choices[i].versions & version) != 0) {
            out[count++] = choices[i].text;
        }
    }
    return count;
}

static void join_choices(char *out, size_t size, const char *const *words, size_t count)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        int wanted = snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", words[i]);
        used += wanted > 0 ? (size_t)wanted : 0;
    }
}

bool fh_is_word(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const struct fh_choice *find_choice(const char *text, const struct fh_choice *choices)
{
    for (; choices->text != NULL; choices++) {
        if (strcmp(text, choices->text) == 0) {
            return choices;
        }
    }
    return NULL;
}

/* A word of another version, or of none. */
static void wrong_choice(struct fh_reader *reader,
                         const struct fh_doc_node *node,
                         const struct fh_field *field,
                         const struct fh_choice *later)
{
    const char *words[CHOICES_MAX];
    char all[400];
    size_t count = list_choices(words, field->choices, 1u << reader->version);
    join_choices(all, sizeof all, words, count);
    const char *nearest = fh_nearest(node->text, words, count);
    if (later != NULL) {
        const char *first = fh_odcs_text(fh_odcs_first(later->versions));
        fh_reader_error(reader,
                        node,
                        "odcs.choice",
                        "\"%.64s\" came with %s; write apiVersion: %s (in %s: %s)",
                        node->text,
                        first,
                        first,
                        fh_odcs_text(reader->version),
                        all);
    } else if (nearest != NULL) {
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

static void
wrong_api_version(struct fh_reader *reader, const struct fh_doc_node *node, bool is_later)
{
    if (is_later) {
        fh_reader_error(reader,
                        node,
                        "odcs.api_version",
                        "the contract says %.32s, which the schema of %s does not know",
                        node->text,
                        fh_odcs_text(reader->version));
    } else {
        fh_reader_error(reader,
                        node,
                        "odcs.api_version",
                        "\"%.32s\" is no version of the standard that is read here; write v3.1.0 "
                        "(v3.0.0 to v3.0.2 and the draft of v3.2.0 are read too)",
                        node->text);
    }
}

static void
check_choice(struct fh_reader *reader, const struct fh_doc_node *node, const struct fh_field *field)
{
    const struct fh_choice *choice = find_choice(node->text, field->choices);
    bool is_known = choice != NULL && (choice->versions & 1u << reader->version) != 0;
    if (!is_known && field->form == FH_FORM_API_VERSION) {
        wrong_api_version(reader, node, choice != NULL);
    } else if (!is_known) {
        wrong_choice(reader, node, field, choice);
    } else if ((choice->versions & 1u << reader->says) == 0) {
        const char *first = fh_odcs_text(fh_odcs_first(choice->versions));
        fh_reader_warning(reader,
                          node,
                          "odcs.key.newer",
                          "\"%.64s\" came with %s and this contract says %s; write apiVersion: %s",
                          node->text,
                          first,
                          fh_odcs_text(reader->says),
                          first);
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
    bool fits = fh_reader_has_type(reader, node, FH_ALLOW_STRING, "a string");
    FH_ASSERT(!fits);
    return NULL;
}

void fh_read_string(struct fh_reader *reader,
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

void fh_read_bool(struct fh_reader *reader,
                  const struct fh_doc_node *node,
                  enum fh_contract_bool *out)
{
    bool value;
    if (fh_doc_bool(node, &value)) {
        *out = value ? FH_CONTRACT_TRUE : FH_CONTRACT_FALSE;
    } else {
        (void)fh_reader_has_type(reader, node, FH_ALLOW_BOOL, "true or false");
    }
}

void fh_read_integer(struct fh_reader *reader,
                     const struct fh_field *field,
                     const struct fh_doc_node *node,
                     struct fh_contract_int *out)
{
    struct fh_contract_int read = {.is_set = true};
    if (!fh_reader_has_type(reader, node, FH_ALLOW_NUMBER, "an integer")) {
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

void fh_read_decimal(struct fh_reader *reader,
                     const struct fh_field *field,
                     const struct fh_doc_node *node,
                     const char **out)
{
    char normal[FH_DECIMAL_BYTES];
    if (!fh_reader_has_type(reader, node, FH_ALLOW_NUMBER, "a number")) {
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

void fh_read_value(struct fh_reader *reader,
                   const struct fh_field *field,
                   const struct fh_doc_node *node,
                   const struct fh_doc_node **out)
{
    const char *wanted = field->allow == FH_ALLOW_LIST           ? "a list"
                         : field->allow == FH_ALLOW_MAP          ? "a map"
                         : field->allow == FH_ALLOW_SCALAR       ? "a single value"
                         : (field->allow & FH_ALLOW_NUMBER) != 0 ? "a number or a string"
                                                                 : "a string or a map";
    if (fh_reader_has_type(reader, node, field->allow, wanted)) {
        *out = node;
    }
}

void fh_read_strings(struct fh_reader *reader,
                     const struct fh_doc_node *node,
                     size_t *out_count,
                     const char ***out_items)
{
    if (!fh_reader_has_type(reader, node, FH_ALLOW_LIST, "a list of strings")) {
        return;
    }
    const char **items = fh_reader_allocate(reader, node->count, sizeof *items);
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

void fh_read_refs(struct fh_reader *reader,
                  const struct fh_doc_node *node,
                  struct fh_contract_refs *out)
{
    if (node->kind == FH_DOC_SCALAR) {
        const char *text = read_string(reader, node);
        out->items = text == NULL ? NULL : fh_reader_allocate(reader, 1, sizeof *out->items);
        if (out->items != NULL) {
            out->is_single = true;
            out->count = 1;
            out->items[0] = text;
        }
    } else {
        fh_read_strings(reader, node, &out->count, &out->items);
        if (node->kind == FH_DOC_LIST && node->count == 0) {
            fh_reader_error(reader, node, "odcs.empty", "expected at least one table.column");
        }
    }
    for (size_t i = 0; i < out->count; i++) {
        if (!fh_reference_fits(out->items[i], reader->version)) {
            fh_reader_error(reader,
                            node,
                            "odcs.reference",
                            "\"%.64s\" is no reference; write table.column, or "
                            "schema/<id>/properties/<id>",
                            out->items[i]);
        }
    }
}
