/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/reader.h"

#include <string.h>

/* --- references --- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [A-Za-z_][A-Za-z0-9_]*; NULL when there is none. */
static const char *skip_word(const char *at)
{
    if (!is_letter(*at)) {
        return NULL;
    }
    while (is_letter(*at) || is_digit(*at)) {
        at++;
    }
    return at;
}

/* [A-Za-z0-9_-]+; NULL when there is none. */
static const char *skip_id(const char *at)
{
    const char *start = at;
    while (is_letter(*at) || is_digit(*at) || *at == '-') {
        at++;
    }
    return at == start ? NULL : at;
}

/* ([A-Za-z_]\w*)/id repeated with slashes, to the end of the text. */
static bool is_section_path(const char *at)
{
    do {
        at = skip_word(at);
        if (at == NULL || *at != '/') {
            return false;
        }
        at = skip_id(at + 1);
    } while (at != NULL && *at++ == '/');
    return at != NULL && at[-1] == '\0';
}

/* (https?://)?[A-Za-z0-9._/-]+ before ".yaml#". */
static bool is_file_part(const char *text, size_t size)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < FH_COUNT(schemes); i++) {
        size_t length = strlen(schemes[i]);
        if (size > length && strncmp(text, schemes[i], length) == 0) {
            text += length;
            size -= length;
            break;
        }
    }
    for (size_t i = 0; i < size; i++) {
        if (!is_letter(text[i]) && !is_digit(text[i]) && strchr("./-", text[i]) == NULL) {
            return false;
        }
    }
    return size > 0;
}

bool fh_reference_fits(const char *text)
{
    const char *at = skip_word(text);
    if (at != NULL && *at == '.') {
        at = skip_word(at + 1);
        if (at != NULL && *at == '\0') {
            return true;
        }
    }
    const char *hash = strstr(text, ".yaml#");
    if (hash != NULL) {
        if (!is_file_part(text, (size_t)(hash - text))) {
            return false;
        }
        text = hash + strlen(".yaml#");
    }
    return is_section_path(*text == '/' ? text + 1 : text);
}

/* --- quality --- */

static void check_between(struct fh_reader *reader, const struct fh_doc_node *list)
{
    char numbers[2][FH_DECIMAL_BYTES];
    bool fits = list->count == 2;
    const struct fh_doc_node *child = list->first;
    for (size_t i = 0; fits && i < 2; i++, child = child->next) {
        fits = fh_doc_type(child) == FH_DOC_TYPE_NUMBER &&
               fh_decimal_normalise(numbers[i], child->text);
    }
    if (!fits || strcmp(numbers[0], numbers[1]) == 0) {
        fh_reader_error(reader, list, "odcs.quality.between", "expected two different numbers");
    }
}

static void check_quality(struct fh_reader *reader,
                          const struct fh_doc_node *node,
                          const struct fh_contract_quality *quality)
{
    static const char *const operators[] = {"mustBe",
                                            "mustNotBe",
                                            "mustBeGreaterThan",
                                            "mustBeGreaterOrEqualTo",
                                            "mustBeLessThan",
                                            "mustBeLessOrEqualTo",
                                            "mustBeBetween",
                                            "mustNotBeBetween"};
    const char *type = fh_reader_discriminator(node, "type");
    bool compares = strcmp(type, "library") == 0 || strcmp(type, "sql") == 0 ||
                    fh_doc_get(node, "metric") != NULL;
    unsigned count = 0;
    for (size_t i = 0; i < FH_COUNT(operators); i++) {
        count += fh_doc_get(node, operators[i]) != NULL;
    }
    if (compares && count != 1) {
        fh_reader_error(
            reader,
            node,
            "odcs.quality.operator",
            "expected exactly one of mustBe, mustNotBe, mustBeGreaterThan, "
            "mustBeGreaterOrEqualTo, mustBeLessThan, mustBeLessOrEqualTo, mustBeBetween, "
            "mustNotBeBetween; found %u",
            count);
    }
    if (quality->must_be_between != NULL) {
        check_between(reader, quality->must_be_between);
    }
    if (quality->must_not_be_between != NULL) {
        check_between(reader, quality->must_not_be_between);
    }
}

/* --- logicalTypeOptions --- */

static void check_bounds(struct fh_reader *reader,
                         const char *logical_type,
                         const struct fh_contract_options *options)
{
    const struct fh_doc_node *bounds[] = {
        options->minimum, options->maximum, options->exclusive_minimum, options->exclusive_maximum};
    bool is_numeric = strcmp(logical_type, "integer") == 0 || strcmp(logical_type, "number") == 0;
    for (size_t i = 0; i < FH_COUNT(bounds); i++) {
        if (bounds[i] == NULL) {
            continue;
        }
        enum fh_doc_type type = fh_doc_type(bounds[i]);
        size_t before = fh_reader_push_key(reader, bounds[i]->key);
        if (is_numeric && type != FH_DOC_TYPE_NUMBER) {
            fh_reader_error(reader,
                            bounds[i],
                            "odcs.type",
                            "expected a number for the %s of %s, found %s",
                            bounds[i]->key,
                            logical_type,
                            fh_doc_type_text(type));
        } else if (!is_numeric && type == FH_DOC_TYPE_NUMBER) {
            fh_reader_error(reader,
                            bounds[i],
                            "odcs.type",
                            "expected a string for the %s of %s; put it in quotes",
                            bounds[i]->key,
                            logical_type);
        }
        fh_reader_pop(reader, before);
    }
}

static void check_number_format(struct fh_reader *reader,
                                const char *logical_type,
                                const struct fh_doc_node *node,
                                const char *format)
{
    static const char *const integers[] = {
        "i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64", "u128"};
    static const char *const numbers[] = {"f32", "f64"};
    bool is_integer = strcmp(logical_type, "integer") == 0;
    const char *const *known = is_integer ? integers : numbers;
    size_t count = is_integer ? FH_COUNT(integers) : FH_COUNT(numbers);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(known[i], format) == 0) {
            return;
        }
    }
    size_t before = fh_reader_push_key(reader, "format");
    fh_reader_error(reader,
                    fh_doc_get(node, "format"),
                    "odcs.choice",
                    "format \"%.32s\" is none of %s",
                    format,
                    is_integer ? "i8, i16, i32, i64, i128, u8, u16, u32, u64, u128" : "f32, f64");
    fh_reader_pop(reader, before);
}

static void check_options(struct fh_reader *reader,
                          const struct fh_doc_node *node,
                          const struct fh_doc_node *column,
                          const struct fh_contract_options *options)
{
    const char *type = fh_reader_discriminator(column, "logicalType");
    check_bounds(reader, type, options);
    if (options->format != NULL && (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)) {
        check_number_format(reader, type, node, options->format);
    }
    if (options->required.items == NULL) {
        return;
    }
    const struct fh_doc_node *required = fh_doc_get(node, "required");
    if (options->required.count == 0) {
        fh_reader_error(reader, required, "odcs.empty", "expected at least one property name");
    }
    const char **names = options->required.items;
    for (size_t i = 1; i < options->required.count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(names[i], names[k]) == 0) {
                fh_reader_error(
                    reader, required, "odcs.unique", "\"%.64s\" is listed twice", names[i]);
                return; /* also bounds the work on a long list of repetitions */
            }
        }
    }
}

/* --- the rest --- */

static void check_relationship(struct fh_reader *reader,
                               const struct fh_doc_node *node,
                               const struct fh_contract_relationship *relationship)
{
    if (relationship->from.items != NULL && relationship->to.items != NULL &&
        relationship->from.is_single != relationship->to.is_single) {
        fh_reader_error(reader,
                        node,
                        "odcs.relationship",
                        "from and to are both one reference, or both a list");
    }
}

static void check_server(struct fh_reader *reader, const struct fh_contract_server *server)
{
    if (server->type != NULL && strcmp(server->type, "sftp") == 0 && server->location != NULL &&
        strncmp(server->location, "sftp://", 7) != 0) {
        fh_reader_error(reader,
                        fh_doc_get(server->node, "location"),
                        "odcs.location",
                        "the location of a server of type sftp starts with sftp://");
    }
}

void fh_section_check(struct fh_reader *reader,
                      const struct fh_section *section,
                      const struct fh_doc_node *node,
                      const struct fh_doc_node *parent,
                      const void *out)
{
    if (section == &fh_section_quality) {
        check_quality(reader, node, out);
    } else if (section == &fh_section_options) {
        check_options(reader, node, parent, out);
    } else if (section == &fh_section_relationship) {
        check_relationship(reader, node, out);
    } else if (section == &fh_section_server) {
        check_server(reader, out);
    }
}
