/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/search_words.h"

#include "proto/gossip/announce.h"
#include "proto/quality/measurement.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Fields as people write them, and columns of the table `search`. */
static const struct {
    const char *name;
    const char *column;
} fields[] = {
    {"domain", "domain"},
    {"name", "name"},
    {"title", "title"},
    {"text", "description"},
    {"column", "columns"},
    {"tag", "tags"},
    {"person", "people"},
};

static const char *column_of(const char *field)
{
    for (size_t i = 0; i < FH_COUNT(fields); i++) {
        if (strcmp(fields[i].name, field) == 0) {
            return fields[i].column;
        }
    }
    return NULL;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether FTS5 would find a token in it: any letter or digit, or anything beyond ASCII. A phrase
 * without a token would match nothing. */
static bool has_token(struct fh_bytes word)
{
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] >= 0x80 || isalnum(word.data[i]) != 0) {
            return true;
        }
    }
    return false;
}

/* Whether the word begins with the name and `sign`; then `rest` is what follows. */
static bool begins(struct fh_bytes word, const char *name, char sign, struct fh_bytes *rest)
{
    size_t size = strlen(name);
    if (word.size <= size || word.data[size] != (uint8_t)sign ||
        memcmp(word.data, name, size) != 0) {
        return false;
    }
    *rest = fh_bytes(word.data + size + 1, word.size - size - 1);
    return true;
}

/* Without the quotes around it. */
static struct fh_bytes unquoted(struct fh_bytes text)
{
    bool is_quoted = text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"';
    return is_quoted ? fh_bytes(text.data + 1, text.size - 2) : text;
}

/* ---- filters ---- */

/* The values of a facet that has few, by number; NULL behind the last. */
static const char *choice_at(enum fh_facet facet, unsigned i)
{
    static const char *const access[] = {"mesh", "granted"};
    static const char *const reachable[] = {"yes", "no"};
    switch (facet) {
    case FH_FACET_STATUS:
        return i < FH_ANNOUNCE_WITHDRAWN ? fh_announce_status_text(i) : NULL;
    case FH_FACET_QUALITY:
        return i < FH_QUALITY_STATE_COUNT ? fh_quality_state_text(i) : NULL;
    case FH_FACET_ACCESS:
        return i < FH_COUNT(access) ? access[i] : NULL;
    case FH_FACET_REACHABLE:
        return i < FH_COUNT(reachable) ? reachable[i] : NULL;
    case FH_FACET_DOMAIN:
    case FH_FACET_TAG:
    case FH_FACET_CLASSIFICATION:
    case FH_FACET_COUNT:
        break;
    }
    return NULL;
}

static const char *rule_of(enum fh_facet facet)
{
    return facet == FH_FACET_STATUS ? "search.status" : "search.filter";
}

static int check_choice(enum fh_facet facet, struct fh_bytes value, struct fh_err *err)
{
    const char *choice = choice_at(facet, 0);
    char choices[96] = "";
    size_t used = 0;
    for (unsigned i = 0; choice != NULL; choice = choice_at(facet, ++i)) {
        if (fh_bytes_equal_cstr(value, choice)) {
            return FH_OK;
        }
        used += (size_t)snprintf(
            choices + used, sizeof choices - used, "%s%s", i == 0 ? "" : ", ", choice);
    }
    return fh_err_rule(err,
                       FH_EINVAL,
                       rule_of(facet),
                       "%s:%.*s is none of %s",
                       fh_facet_text(facet),
                       (int)(value.size < 32 ? value.size : 32),
                       (const char *)value.data,
                       choices);
}

static int add_filter(struct fh_search_words *out,
                      enum fh_facet facet,
                      struct fh_bytes value,
                      struct fh_err *err)
{
    bool is_choice = choice_at(facet, 0) != NULL;
    if (is_choice && check_choice(facet, value, err) != FH_OK) {
        return FH_EINVAL;
    }
    if (value.size == 0 || value.size > FH_FACET_BYTES_MAX) {
        out->nothing = true; /* no product has it */
        return FH_OK;
    }
    for (unsigned i = 0; i < out->filter_count; i++) {
        const struct fh_search_filter *held = &out->filters[i];
        if (held->facet == facet && fh_bytes_equal(held->value, value)) {
            return FH_OK;
        }
        if (held->facet == facet && (is_choice || facet == FH_FACET_DOMAIN)) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               rule_of(facet),
                               "a product has one %s; ask for one of them",
                               fh_facet_text(facet));
        }
    }
    if (out->filter_count == FH_SEARCH_WORDS_MAX) {
        return fh_err_rule(
            err, FH_EINVAL, "search.words", "more than %d filters; use fewer", FH_SEARCH_WORDS_MAX);
    }
    out->filters[out->filter_count++] = (struct fh_search_filter){facet, value};
    return FH_OK;
}

/* ---- reading ---- */

static int add_word(struct fh_search_words *out, struct fh_bytes word, struct fh_err *err)
{
    struct fh_bytes rest;
    for (unsigned i = 0; i < FH_FACET_COUNT; i++) {
        const char *name = fh_facet_text((enum fh_facet)i);
        if (begins(word, name, '=', &rest) ||
            (column_of(name) == NULL && begins(word, name, ':', &rest))) {
            return add_filter(out, (enum fh_facet)i, unquoted(rest), err);
        }
    }
    struct fh_search_word item = {.text = unquoted(word)};
    for (size_t i = 0; i < FH_COUNT(fields) && item.field == NULL; i++) {
        if (begins(word, fields[i].name, ':', &rest)) {
            item = (struct fh_search_word){.field = fields[i].name, .text = unquoted(rest)};
        }
    }
    if (!has_token(item.text)) {
        out->nothing = true;
        return FH_OK;
    }
    if (out->count == FH_SEARCH_WORDS_MAX) {
        return fh_err_rule(
            err, FH_EINVAL, "search.words", "more than %d words; use fewer", FH_SEARCH_WORDS_MAX);
    }
    out->items[out->count++] = item;
    return FH_OK;
}

/* Where the word that begins at `start` ends. A quote at its beginning, or behind a sign, goes on
 * to its pair; one without a pair is a letter like others. */
static size_t end_of(struct fh_bytes bytes, size_t start)
{
    size_t at = start;
    while (at < bytes.size && !is_space(bytes.data[at])) {
        bool opens = bytes.data[at] == '"' &&
                     (at == start || bytes.data[at - 1] == ':' || bytes.data[at - 1] == '=');
        const uint8_t *pair = opens ? memchr(bytes.data + at + 1, '"', bytes.size - at - 1) : NULL;
        if (pair != NULL) {
            return (size_t)(pair - bytes.data) + 1;
        }
        at++;
    }
    return at;
}

int fh_search_words_read(struct fh_search_words *out, const char *text, struct fh_err *err)
{
    struct fh_bytes bytes = fh_bytes_cstr(text);
    *out = (struct fh_search_words){.count = 0};
    if (!fh_utf8_valid(bytes)) {
        return fh_err_rule(err, FH_EINVAL, "search.words", "the words are not UTF-8");
    }
    int code = FH_OK;
    for (size_t at = 0; at < bytes.size && code == FH_OK;) {
        size_t end = end_of(bytes, at);
        if (end > at) {
            code = add_word(out, fh_bytes(bytes.data + at, end - at), err);
        }
        at = end;
        while (at < bytes.size && is_space(bytes.data[at])) {
            at++;
        }
    }
    return code;
}

/* ---- expressions ---- */

/* `columns : "text"`, with what stands before it. */
static void
add_phrase(struct fh_buf *out, const char *columns, struct fh_bytes text, const char *end)
{
    fh_buf_add_cstr(out, out->size == 0 ? "" : " AND ");
    if (columns != NULL) {
        fh_buf_printf(out, "%s : ", columns);
    }
    fh_buf_add_u8(out, '"');
    for (size_t at = 0; at < text.size; at++) {
        if (text.data[at] == '"') {
            fh_buf_add_u8(out, '"'); /* doubled inside a string of FTS5 */
        }
        fh_buf_add_u8(out, text.data[at]);
    }
    fh_buf_add_cstr(out, end);
}

void fh_search_words_expression(const struct fh_search_words *words, struct fh_buf *out)
{
    for (unsigned i = 0; i < words->count; i++) {
        const struct fh_search_word *word = &words->items[i];
        add_phrase(out, word->field == NULL ? NULL : column_of(word->field), word->text, "\"*");
    }
    for (unsigned i = 0; i < words->filter_count; i++) {
        const struct fh_search_filter *filter = &words->filters[i];
        const char *column = column_of(fh_facet_text(filter->facet));
        if (column != NULL && has_token(filter->value)) {
            add_phrase(out, column, filter->value, "\"");
        }
    }
}

static bool is_in_names(const struct fh_search_word *word)
{
    return word->field == NULL || strcmp(word->field, "name") == 0 ||
           strcmp(word->field, "title") == 0 || strcmp(word->field, "domain") == 0;
}

void fh_search_words_by_name(const struct fh_search_words *words, struct fh_buf *out)
{
    for (unsigned i = 0; i < words->count; i++) {
        const struct fh_search_word *word = &words->items[i];
        if (is_in_names(word)) {
            const char *column =
                word->field == NULL ? "{domain name title}" : column_of(word->field);
            add_phrase(out, column, word->text, "\"*");
        }
    }
}

void fh_search_words_product(const struct fh_search_words *words, struct fh_buf *out)
{
    for (unsigned i = 0; i < words->count; i++) {
        const struct fh_search_word *word = &words->items[i];
        if (word->field != NULL && strcmp(word->field, "name") != 0) {
            fh_buf_reset(out);
            return;
        }
        fh_buf_add_cstr(out, i == 0 ? "" : "_");
        for (size_t at = 0; at < word->text.size; at++) {
            bool is_space_inside = is_space(word->text.data[at]);
            fh_buf_add_u8(out, is_space_inside ? '_' : (uint8_t)tolower(word->text.data[at]));
        }
    }
}

/* ---- as text ---- */

static void add_typed(struct fh_buf *out, const char *field, char sign, struct fh_bytes text)
{
    bool quote = false;
    for (size_t at = 0; at < text.size; at++) {
        quote = quote || is_space(text.data[at]);
    }
    fh_buf_add_cstr(out, out->size == 0 ? "" : " ");
    if (field != NULL) {
        fh_buf_printf(out, "%s%c", field, sign);
    }
    fh_buf_add_cstr(out, quote ? "\"" : "");
    fh_buf_add_bytes(out, text);
    fh_buf_add_cstr(out, quote ? "\"" : "");
}

void fh_search_words_text(const struct fh_search_words *words, struct fh_buf *out)
{
    for (unsigned i = 0; i < words->count; i++) {
        add_typed(out, words->items[i].field, ':', words->items[i].text);
    }
    for (unsigned i = 0; i < words->filter_count; i++) {
        const struct fh_search_filter *filter = &words->filters[i];
        const char *name = fh_facet_text(filter->facet);
        add_typed(out, name, column_of(name) == NULL ? ':' : '=', filter->value);
    }
}
