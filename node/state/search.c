/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/search.h"

#include "common/assert.h"
#include "node/state/catalog_inner.h"

#include <ctype.h>

enum { EXPRESSION_BYTES_MAX = 8 * 1024 };

/* ---- what is indexed ---- */

static struct fh_buf *field_at(struct fh_search_text *text, size_t index)
{
    struct fh_buf *const fields[] = {
        &text->name, &text->title, &text->description, &text->columns, &text->tags, &text->people};
    return index < FH_COUNT(fields) ? fields[index] : NULL;
}

void fh_search_text_init(struct fh_search_text *text)
{
    struct fh_buf *field;
    for (size_t i = 0; (field = field_at(text, i)) != NULL; i++) {
        fh_buf_init(field, FH_SEARCH_TEXT_BYTES_MAX);
    }
}

void fh_search_text_fini(struct fh_search_text *text)
{
    struct fh_buf *field;
    for (size_t i = 0; (field = field_at(text, i)) != NULL; i++) {
        fh_buf_fini(field);
    }
}

/* Adds one text on a line of its own, or leaves it out when it does not fit. */
static void add(struct fh_buf *out, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return;
    }
    struct fh_bytes bytes = fh_bytes_cstr(text);
    if (fh_buf_ok(out) != FH_OK || bytes.size + 1 > FH_SEARCH_TEXT_BYTES_MAX - out->size) {
        return;
    }
    fh_buf_add_bytes(out, bytes);
    fh_buf_add_u8(out, '\n');
}

static void add_all(struct fh_buf *out, const struct fh_contract_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++) {
        add(out, strings->items[i]);
    }
}

static void add_column(struct fh_search_text *text, const struct fh_contract_column *column)
{
    add(&text->columns, column->name);
    add(&text->columns, column->business_name);
    add(&text->description, column->description);
    add_all(&text->tags, &column->tags);
}

static void add_table(struct fh_search_text *text, const struct fh_contract_table *table)
{
    add(&text->columns, table->name);
    add(&text->columns, table->business_name);
    add(&text->description, table->description);
    add_all(&text->tags, &table->tags);
    for (size_t i = 0; i < table->columns.count; i++) {
        add_column(text, &table->columns.items[i]);
    }
}

static void add_people(struct fh_search_text *text, const struct fh_contract_team *team)
{
    add(&text->people, team->name);
    for (size_t i = 0; i < team->members.count; i++) {
        add(&text->people, team->members.items[i].name);
        add(&text->people, team->members.items[i].username);
        add(&text->people, team->members.items[i].role);
    }
}

void fh_search_text_make(struct fh_search_text *text,
                         const char *domain_name,
                         const struct fh_announcement *announcement,
                         const struct fh_contract *contract)
{
    (void)domain_name; /* a field of its own, see the schema */
    add(&text->name, announcement->product);
    add(&text->title, announcement->title);
    add(&text->description, announcement->summary);
    if (contract == NULL) {
        return;
    }
    add(&text->name, contract->data_product);
    add_all(&text->tags, &contract->tags);
    if (contract->description != NULL) {
        add(&text->description, contract->description->purpose);
        add(&text->description, contract->description->usage);
        add(&text->description, contract->description->limitations);
    }
    for (size_t i = 0; i < contract->tables.count; i++) {
        add_table(text, &contract->tables.items[i]);
    }
    if (contract->team != NULL) {
        add_people(text, contract->team);
    }
}

/* ---- what is asked ---- */

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether FTS5 would find a token in it: any letter or digit, or anything beyond ASCII. A phrase
 * without a token would match nothing. */
static bool has_token(const uint8_t *word, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (word[i] >= 0x80 || isalnum(word[i]) != 0) {
            return true;
        }
    }
    return false;
}

int fh_search_expression(struct fh_buf *out, const char *words, struct fh_err *err)
{
    struct fh_bytes text = fh_bytes_cstr(words);
    if (!fh_utf8_valid(text)) {
        return fh_err_rule(err, FH_EINVAL, "search.words", "the words are not UTF-8");
    }
    unsigned count = 0;
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        while (at < text.size && !is_space(text.data[at])) {
            at++;
        }
        if (has_token(text.data + start, at - start)) {
            if (++count > FH_SEARCH_WORDS_MAX) {
                return fh_err_rule(err,
                                   FH_EINVAL,
                                   "search.words",
                                   "more than %d words; use fewer",
                                   FH_SEARCH_WORDS_MAX);
            }
            fh_buf_add_cstr(out, count == 1 ? "\"" : " AND \"");
            for (size_t i = start; i < at; i++) {
                if (text.data[i] == '"') {
                    fh_buf_add_u8(out, '"'); /* doubled inside a string of FTS5 */
                }
                fh_buf_add_u8(out, text.data[i]);
            }
            fh_buf_add_cstr(out, "\"*");
        }
        while (at < text.size && is_space(text.data[at])) {
            at++;
        }
    }
    int code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK
                         : fh_err_rule(err, FH_EINVAL, "search.words", "the words are too long");
}

struct searching {
    const struct fh_catalog *catalog;
    fh_catalog_visit_fn *visit;
    void *user;
};

static int visit_row(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct searching *searching = user;
    struct fh_catalog_entry entry;
    int code = fh_catalog_entry_of(searching->catalog, row, &entry, err);
    return code == FH_OK ? searching->visit(searching->user, &entry, err) : code;
}

int fh_search(struct fh_catalog *catalog,
              const char *words,
              size_t limit,
              fh_catalog_visit_fn *visit,
              void *user,
              struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf expression;
    fh_buf_init(&expression, EXPRESSION_BYTES_MAX);
    int code = fh_search_expression(&expression, words, err);
    if (code != FH_OK) {
        return code;
    }
    /* Words without a letter or digit ask for something that no text holds. */
    if (expression.size == 0 && strspn(words, " \t\r\n\v\f") != strlen(words)) {
        return FH_OK;
    }
    struct searching searching = {.catalog = catalog, .visit = visit, .user = user};
    size_t capped = limit == 0 || limit > FH_SEARCH_RESULTS_MAX ? FH_SEARCH_RESULTS_MAX : limit;
    return fh_store_search(
        catalog->store, fh_buf_cstr(&expression), capped, visit_row, &searching, err);
}
