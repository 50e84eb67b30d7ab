/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/search.h"

#include "node/state/catalog_inner.h"
#include "node/state/search_spell.h"

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

struct searching {
    const struct fh_catalog *catalog;
    fh_catalog_visit_fn *visit;
    void *user;
    size_t found;
};

static int visit_row(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct searching *searching = user;
    struct fh_catalog_entry entry;
    searching->found++;
    int code = fh_catalog_entry_of(searching->catalog, row, &entry, err);
    return code == FH_OK ? searching->visit(searching->user, &entry, err) : code;
}

static int run(struct searching *searching,
               const struct fh_search_words *words,
               size_t limit,
               struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf expression;
    fh_buf_init(&expression, EXPRESSION_BYTES_MAX);
    fh_search_words_expression(words, &expression);
    if (fh_buf_ok(&expression) != FH_OK) {
        return fh_err_rule(err, FH_EINVAL, "search.words", "the words are too long");
    }
    size_t most = limit == 0 || limit > FH_SEARCH_RESULTS_MAX ? FH_SEARCH_RESULTS_MAX : limit;
    return fh_store_search(searching->catalog->store,
                           fh_buf_cstr(&expression),
                           words->status,
                           most,
                           visit_row,
                           searching,
                           err);
}

int fh_search(struct fh_catalog *catalog,
              const char *text,
              size_t limit,
              fh_catalog_visit_fn *visit,
              void *user,
              struct fh_buf *out_read_as,
              struct fh_err *err)
{
    struct fh_search_words words;
    int code = fh_search_words_read(&words, text, err);
    if (code != FH_OK || words.nothing) {
        return code;
    }
    struct searching searching = {.catalog = catalog, .visit = visit, .user = user};
    code = run(&searching, &words, limit, err);
    if (code != FH_OK || searching.found > 0 || words.count == 0) {
        return code;
    }
    struct fh_search_spelling spelling;
    bool mended;
    code = fh_search_spell(catalog->store, &words, &spelling, &mended, err);
    if (code == FH_OK && mended) {
        code = run(&searching, &words, limit, err);
        if (searching.found > 0) {
            fh_search_words_text(&words, out_read_as);
        }
    }
    return code;
}
