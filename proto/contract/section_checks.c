/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/reader.h"

#include "common/bytes.h"
#include "common/limits.h"

#include <stdlib.h>
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

/* table.column; since 3.2 also table.column.field, as deep as it goes. */
static bool is_dotted(const char *text, bool is_deep)
{
    const char *at = skip_word(text);
    unsigned dots = 0;
    while (at != NULL && *at == '.' && (dots == 0 || is_deep)) {
        at = skip_word(at + 1);
        dots++;
    }
    return at != NULL && *at == '\0' && dots > 0;
}

bool fh_reference_fits(const char *text, enum fh_odcs_version version)
{
    if (is_dotted(text, (1u << version & FH_IN_3_2) != 0)) {
        return true;
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
    bool compares = (1u << reader->version & FH_FROM_3_1) != 0 &&
                    (strcmp(type, "library") == 0 || strcmp(type, "sql") == 0 ||
                     fh_doc_get(node, "metric") != NULL);
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

/* One bound: a number for numbers, else a string; Booleans when they say in 3.0 that the other
 * bound is exclusive. */
static void check_bound(struct fh_reader *reader,
                        const char *logical_type,
                        const struct fh_doc_node *bound,
                        bool is_exclusive)
{
    bool is_numeric = strcmp(logical_type, "integer") == 0 || strcmp(logical_type, "number") == 0;
    bool is_flag = is_exclusive && (1u << reader->version & FH_IN_3_0) != 0;
    enum fh_doc_type type = fh_doc_type(bound);
    enum fh_doc_type wanted = is_flag      ? FH_DOC_TYPE_BOOL
                              : is_numeric ? FH_DOC_TYPE_NUMBER
                                           : FH_DOC_TYPE_STRING;
    if (type == wanted) {
        return;
    }
    size_t before = fh_reader_push_key(reader, bound->key);
    fh_reader_error(reader,
                    bound,
                    "odcs.type",
                    "expected %s for the %s of %s, found %s%s",
                    fh_doc_type_text(wanted),
                    bound->key,
                    logical_type,
                    fh_doc_type_text(type),
                    wanted == FH_DOC_TYPE_STRING ? "; put it in quotes" : "");
    fh_reader_pop(reader, before);
}

static void check_bounds(struct fh_reader *reader,
                         const char *logical_type,
                         const struct fh_contract_options *options)
{
    const struct fh_doc_node *bounds[] = {
        options->minimum, options->maximum, options->exclusive_minimum, options->exclusive_maximum};
    for (size_t i = 0; i < FH_COUNT(bounds); i++) {
        if (bounds[i] != NULL) {
            check_bound(reader, logical_type, bounds[i], i >= 2);
        }
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

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What 3.0 says of the files behind a server, and no later version. */
static void check_old_files(struct fh_reader *reader, const struct fh_contract_server *server)
{
    static const char *const types[] = {"azure", "s3", "sftp"};
    static const char *const formats[] = {"parquet", "delta", "json", "csv"};
    static const char *const delimiters[] = {"new_line", "array"};
    if (!is_one_of(server->type, types, FH_COUNT(types))) {
        return;
    }
    if (server->format != NULL && !is_one_of(server->format, formats, FH_COUNT(formats))) {
        fh_reader_error(reader,
                        fh_doc_get(server->node, "format"),
                        "odcs.choice",
                        "format \"%.32s\" is none of parquet, delta, json, csv",
                        server->format);
    }
    if (server->delimiter != NULL &&
        !is_one_of(server->delimiter, delimiters, FH_COUNT(delimiters))) {
        fh_reader_error(reader,
                        fh_doc_get(server->node, "delimiter"),
                        "odcs.choice",
                        "delimiter \"%.32s\" is none of new_line, array",
                        server->delimiter);
    }
}

static void check_server(struct fh_reader *reader, const struct fh_contract_server *server)
{
    int64_t number;
    if (server->type == NULL) {
        return;
    }
    if (strcmp(server->type, "sftp") == 0 && server->location != NULL &&
        strncmp(server->location, "sftp://", 7) != 0) {
        fh_reader_error(reader,
                        fh_doc_get(server->node, "location"),
                        "odcs.location",
                        "the location of a server of type sftp starts with sftp://");
    }
    if ((1u << reader->version & FH_IN_3_0) == 0) {
        return;
    }
    check_old_files(reader, server);
    if (strcmp(server->type, "duckdb") == 0 && server->schema != NULL && !reader->is_foreign &&
        !fh_doc_integer(fh_doc_get(server->node, "schema"), &number)) {
        fh_reader_error(
            reader,
            fh_doc_get(server->node, "schema"),
            "odcs.type",
            "3.0 expects an integer for the schema of duckdb; write apiVersion: v3.1.0");
    }
}

/* --- enum --- */

struct enum_entry {
    struct fh_bytes form; /* canonical: equal when the entries are */
    const struct fh_doc_node *node;
};

static int compare_entries(const void *a, const void *b)
{
    const struct enum_entry *left = a;
    const struct enum_entry *right = b;
    size_t shared = left->form.size < right->form.size ? left->form.size : right->form.size;
    int order = shared == 0 ? 0 : memcmp(left->form.data, right->form.data, shared);
    if (order != 0 || left->form.size == right->form.size) {
        return order;
    }
    return left->form.size < right->form.size ? -1 : 1;
}

/* A list with the canonical form of each entry, sorted; NULL when there is no memory. */
static struct enum_entry *
sorted_entries(struct fh_reader *reader, const struct fh_contract_enum_value *values, size_t count)
{
    struct enum_entry *entries = fh_reader_allocate(reader, count, sizeof *entries);
    struct fh_buf form FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&form, FH_CONTRACT_FORM_BYTES_MAX);
    for (size_t i = 0; entries != NULL && i < count; i++) {
        fh_buf_reset(&form);
        fh_section_encode(&form, &fh_section_enum_value, &values[i]);
        struct fh_bytes view = fh_buf_view(&form);
        uint8_t *copy = fh_buf_ok(&form) == FH_OK ? fh_reader_allocate(reader, view.size, 1) : NULL;
        if (copy == NULL) {
            reader->failed = FH_ENOMEM;
            return NULL;
        }
        memcpy(copy, view.data, view.size);
        entries[i] = (struct enum_entry){fh_bytes(copy, view.size), values[i].node};
    }
    if (entries != NULL) {
        qsort(entries, count, sizeof *entries, compare_entries);
    }
    return entries;
}

static void check_enum(struct fh_reader *reader, const struct fh_contract_column *column)
{
    size_t count = column->enum_values.count;
    const struct fh_doc_node *list = fh_doc_get(column->node, "enum");
    if (column->enum_values.items == NULL) {
        return;
    }
    if (count == 0) {
        fh_reader_error(reader, list, "odcs.empty", "expected at least one value");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (column->enum_values.items[i].value == NULL) {
            return; /* reported where it is missing */
        }
    }
    const struct enum_entry *entries = sorted_entries(reader, column->enum_values.items, count);
    for (size_t i = 1; entries != NULL && i < count; i++) {
        if (compare_entries(&entries[i - 1], &entries[i]) == 0) {
            const struct fh_doc_node *first = entries[i - 1].node;
            const struct fh_doc_node *second = entries[i].node;
            fh_reader_error(reader,
                            first->line > second->line ? first : second,
                            "odcs.unique",
                            "this value of enum is listed twice");
        }
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
    } else if (section == &fh_section_column || section == &fh_section_item) {
        check_enum(reader, out);
    }
}
