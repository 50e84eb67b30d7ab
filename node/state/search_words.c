/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/search_words.h"

#include "proto/gossip/announce.h"

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

/* Whether the word begins with "name:"; then `rest` is what follows. */
static bool begins(struct fh_bytes word, const char *name, struct fh_bytes *rest)
{
    size_t size = strlen(name);
    if (word.size <= size || word.data[size] != ':' || memcmp(word.data, name, size) != 0) {
        return false;
    }
    *rest = fh_bytes(word.data + size + 1, word.size - size - 1);
    return true;
}

static int read_status(struct fh_search_words *out, struct fh_bytes text, struct fh_err *err)
{
    char name[16];
    enum fh_announce_status status;
    snprintf(name, sizeof name, "%.*s", (int)text.size, (const char *)text.data);
    if (fh_announce_status_parse(&status, name, err) != FH_OK || status == FH_ANNOUNCE_WITHDRAWN) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "search.status",
                           "status:%s is none of draft, active, deprecated, retired",
                           name);
    }
    if (out->status != FH_SEARCH_ANY_STATUS && out->status != (int)status) {
        return fh_err_rule(
            err, FH_EINVAL, "search.status", "a product has one status; ask for one of them");
    }
    out->status = (int)status;
    return FH_OK;
}

static int add_word(struct fh_search_words *out, struct fh_bytes word, struct fh_err *err)
{
    struct fh_bytes rest;
    if (begins(word, "status", &rest)) {
        return read_status(out, rest, err);
    }
    struct fh_search_word item = {.text = word};
    for (size_t i = 0; i < FH_COUNT(fields) && item.field == NULL; i++) {
        if (begins(word, fields[i].name, &rest)) {
            item = (struct fh_search_word){.field = fields[i].name, .text = rest};
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

int fh_search_words_read(struct fh_search_words *out, const char *text, struct fh_err *err)
{
    struct fh_bytes bytes = fh_bytes_cstr(text);
    *out = (struct fh_search_words){.status = FH_SEARCH_ANY_STATUS};
    if (!fh_utf8_valid(bytes)) {
        return fh_err_rule(err, FH_EINVAL, "search.words", "the words are not UTF-8");
    }
    int code = FH_OK;
    for (size_t at = 0; at < bytes.size && code == FH_OK;) {
        size_t start = at;
        while (at < bytes.size && !is_space(bytes.data[at])) {
            at++;
        }
        if (at > start) {
            code = add_word(out, fh_bytes(bytes.data + start, at - start), err);
        }
        while (at < bytes.size && is_space(bytes.data[at])) {
            at++;
        }
    }
    return code;
}

static const char *column_of(const char *field)
{
    size_t i = 0;
    while (strcmp(fields[i].name, field) != 0) {
        i++;
    }
    return fields[i].column;
}

void fh_search_words_expression(const struct fh_search_words *words, struct fh_buf *out)
{
    for (unsigned i = 0; i < words->count; i++) {
        const struct fh_search_word *word = &words->items[i];
        fh_buf_add_cstr(out, i == 0 ? "" : " AND ");
        if (word->field != NULL) {
            fh_buf_printf(out, "%s : ", column_of(word->field));
        }
        fh_buf_add_u8(out, '"');
        for (size_t at = 0; at < word->text.size; at++) {
            if (word->text.data[at] == '"') {
                fh_buf_add_u8(out, '"'); /* doubled inside a string of FTS5 */
            }
            fh_buf_add_u8(out, word->text.data[at]);
        }
        fh_buf_add_cstr(out, "\"*");
    }
}

void fh_search_words_text(const struct fh_search_words *words, struct fh_buf *out)
{
    const char *between = "";
    for (unsigned i = 0; i < words->count; i++) {
        const struct fh_search_word *word = &words->items[i];
        fh_buf_add_cstr(out, between);
        if (word->field != NULL) {
            fh_buf_printf(out, "%s:", word->field);
        }
        fh_buf_add_bytes(out, word->text);
        between = " ";
    }
    if (words->status != FH_SEARCH_ANY_STATUS) {
        fh_buf_printf(
            out, "%sstatus:%s", between, fh_announce_status_text((unsigned)words->status));
    }
}
