/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/search.h"

#include "common/mem.h"
#include "node/state/catalog_inner.h"
#include "node/state/search_spell.h"
#include "node/state/store_search.h"

enum {
    EXPRESSION_BYTES_MAX = 8 * 1024,
    READ_AS_BYTES_MAX = 8 * 1024,
    REMEMBERED_DOMAINS = 256, /* a power of two */
};

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

/* Contracts nest at most FH_YAML_DEPTH_MAX deep. */
static void add_column(struct fh_search_text *text, const struct fh_contract_column *column)
{
    add(&text->columns, column->name);
    add(&text->columns, column->business_name);
    add(&text->description, column->description);
    add_all(&text->tags, &column->tags);
    for (size_t i = 0; i < column->columns.count; i++) {
        add_column(text, &column->columns.items[i]);
    }
    if (column->items != NULL) {
        add_column(text, column->items);
    }
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

static void add_team(struct fh_search_text *text, const struct fh_contract_team *team)
{
    add(&text->people, team->name);
    for (size_t i = 0; i < team->members.count; i++) {
        add(&text->people, team->members.items[i].name);
        add(&text->people, team->members.items[i].username);
        add(&text->people, team->members.items[i].role);
    }
}

/* Who made it, whom to ask, who approves. */
static void add_people(struct fh_search_text *text, const struct fh_contract *contract)
{
    if (contract->team != NULL) {
        add_team(text, contract->team);
    }
    for (size_t i = 0; i < contract->support.count; i++) {
        add(&text->people, contract->support.items[i].channel);
        add(&text->people, contract->support.items[i].url);
    }
    for (size_t i = 0; i < contract->roles.count; i++) {
        add(&text->people, contract->roles.items[i].first_level_approvers);
        add(&text->people, contract->roles.items[i].second_level_approvers);
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
    add_people(text, contract);
}

/* ---- what is asked ---- */

/* One walk over all that matches: what passes the filters is counted, and the row numbers of the
 * page are kept. */
struct walking {
    const struct fh_charter *charter; /* whose products are not found; NULL: nobody's */
    const struct fh_search_wish *wish;
    const struct fh_search_words *words;
    uint64_t passed;
    struct fh_facets *facets; /* NULL: not wanted */
    struct {                  /* whether domains are reachable, by the first byte of their ids */
        struct fh_domain_id domain;
        bool is_reachable;
    } remembered[REMEMBERED_DOMAINS];
    size_t page_max;
    size_t page_count;
    int64_t page[FH_SEARCH_RESULTS_MAX];
};

static bool is_reachable(struct walking *walking, const struct fh_domain_id *domain)
{
    const struct fh_search_wish *wish = walking->wish;
    if (wish->reachable == NULL) {
        return true;
    }
    unsigned at = domain->b[0] % REMEMBERED_DOMAINS;
    if (!fh_domain_id_equal(&walking->remembered[at].domain, domain)) {
        walking->remembered[at].is_reachable = wish->reachable(wish->user, domain);
        walking->remembered[at].domain = *domain;
    }
    return walking->remembered[at].is_reachable;
}

/* The value of a facet that a product has one of. */
static const char *
value_of(struct walking *walking, const struct fh_store_card *card, enum fh_facet facet)
{
    switch (facet) {
    case FH_FACET_DOMAIN:
        return card->domain_name;
    case FH_FACET_STATUS:
        return fh_announce_status_text(card->status);
    case FH_FACET_QUALITY:
        return fh_quality_state_text(fh_quality_state_at(
            card->quality.state, card->quality.expires_ms, walking->wish->now_ms));
    case FH_FACET_ACCESS:
        return card->open_to_mesh ? "mesh" : "granted";
    case FH_FACET_REACHABLE:
        return is_reachable(walking, &card->key.domain) ? "yes" : "no";
    case FH_FACET_TAG:
    case FH_FACET_CLASSIFICATION:
    case FH_FACET_COUNT:
        break;
    }
    return NULL;
}

static bool passes(struct walking *walking, const struct fh_store_card *card)
{
    for (unsigned i = 0; i < walking->words->filter_count; i++) {
        const struct fh_search_filter *filter = &walking->words->filters[i];
        const char *value = value_of(walking, card, filter->facet);
        bool holds = value != NULL ? fh_bytes_equal_cstr(filter->value, value)
                                   : fh_facets_has(card->form, filter->facet, filter->value);
        if (!holds) {
            return false;
        }
    }
    return true;
}

static int count_in(struct walking *walking, const struct fh_store_card *card, struct fh_err *err)
{
    int code = FH_OK;
    for (unsigned i = 0; i < FH_FACET_COUNT && code == FH_OK; i++) {
        const char *value = value_of(walking, card, (enum fh_facet)i);
        if (value != NULL) {
            code = fh_facets_add(walking->facets, (enum fh_facet)i, fh_bytes_cstr(value), err);
        }
    }
    enum fh_facet facet;
    struct fh_bytes text;
    for (size_t at = 0; code == FH_OK && fh_facets_next(card->form, &at, &facet, &text);) {
        code = fh_facets_add(walking->facets, facet, text, err);
    }
    return code;
}

static int walk_card(void *user, const struct fh_store_card *card, struct fh_err *err)
{
    struct walking *walking = user;
    bool is_out =
        walking->charter != NULL && fh_charter_expels(walking->charter, &card->key.domain);
    if (is_out || !passes(walking, card)) {
        return FH_OK;
    }
    if (walking->passed >= walking->wish->offset && walking->page_count < walking->page_max) {
        walking->page[walking->page_count++] = card->entry;
    }
    walking->passed++;
    return walking->facets == NULL ? FH_OK : count_in(walking, card, err);
}

static bool needs_quality(const struct walking *walking)
{
    bool needs = walking->facets != NULL;
    for (unsigned i = 0; i < walking->words->filter_count; i++) {
        needs = needs || walking->words->filters[i].facet == FH_FACET_QUALITY;
    }
    return needs;
}

/* How the page is ordered. What matches a large part of the catalogue, as its commonest word does,
 * tells little by where it stands, and would be slow to rank. */
static int choose_order(const struct walking *walking,
                        struct fh_store *store,
                        struct fh_store_search *search,
                        struct fh_err *err)
{
    search->order = walking->page_max == 0 ? FH_STORE_ANY_ORDER : FH_STORE_BY_NAME;
    if (walking->page_max == 0 || walking->words->count == 0) {
        return FH_OK;
    }
    uint64_t count = 0;
    int code =
        fh_store_search_count(store, search->expression, FH_SEARCH_RANKED_MAX + 1, &count, err);
    search->order = count > FH_SEARCH_RANKED_MAX ? FH_STORE_NAMED : FH_STORE_RANKED;
    return code;
}

/* Without filters and counts nothing behind the page needs to be looked at. */
static int walk_cards(struct walking *walking,
                      struct fh_store *store,
                      struct fh_store_search *search,
                      struct fh_err *err)
{
    bool is_page = walking->facets == NULL && walking->words->filter_count == 0 &&
                   walking->wish->offset <= FH_SEARCH_OFFSET_MAX;
    uint64_t total = 0;
    int code = choose_order(walking, store, search, err);
    if (code == FH_OK && is_page) {
        search->limit = walking->wish->offset + walking->page_max;
        code = fh_store_search_count(store, search->expression, 0, &total, err);
    }
    if (code == FH_OK && (!is_page || (search->limit > 0 && walking->wish->offset < total))) {
        code = fh_store_search(store, search, walk_card, walking, err);
    }
    if (code == FH_OK && is_page) {
        walking->passed = total;
    }
    return code;
}

static int walk(struct walking *walking, struct fh_store *store, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf expression;
    FH_CLEANUP(fh_buf_fini) struct fh_buf named;
    FH_CLEANUP(fh_buf_fini) struct fh_buf called;
    fh_buf_init(&expression, EXPRESSION_BYTES_MAX);
    fh_buf_init(&named, EXPRESSION_BYTES_MAX);
    fh_buf_init(&called, EXPRESSION_BYTES_MAX);
    fh_search_words_expression(walking->words, &expression);
    fh_search_words_by_name(walking->words, &named);
    fh_search_words_product(walking->words, &called);
    if (fh_buf_ok(&expression) != FH_OK || fh_buf_ok(&named) != FH_OK ||
        fh_buf_ok(&called) != FH_OK) {
        return fh_err_rule(err, FH_EINVAL, "search.words", "the words are too long");
    }
    struct fh_store_search search = {
        .expression = fh_buf_cstr(&expression),
        .named = fh_buf_cstr(named.size > 0 ? &named : &expression),
        .called = fh_buf_cstr(&called),
        .quality = needs_quality(walking),
    };
    return walk_cards(walking, store, &search, err);
}

struct visiting {
    const struct fh_catalog *catalog;
    const struct fh_search_wish *wish;
};

static int visit_row(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    const struct visiting *visiting = user;
    struct fh_catalog_entry entry;
    int code = fh_catalog_entry_of(visiting->catalog, row, &entry, err);
    return code == FH_OK ? visiting->wish->visit(visiting->wish->user, &entry, err) : code;
}

static int visit_page(struct fh_catalog *catalog, const struct walking *walking, struct fh_err *err)
{
    struct visiting visiting = {catalog, walking->wish};
    int code = FH_OK;
    for (size_t i = 0; i < walking->page_count && code == FH_OK; i++) {
        code = fh_store_entry_at(catalog->store, walking->page[i], visit_row, &visiting, err);
    }
    return code;
}

/* Reads the words as the nearest that are there, and walks again. */
static int mend(struct walking *walking,
                struct fh_search_words *words,
                struct fh_store *store,
                struct fh_search_result *out,
                struct fh_err *err)
{
    struct fh_search_spelling spelling;
    bool mended;
    int code = fh_search_spell(store, words, &spelling, &mended, err);
    if (code == FH_OK && mended) {
        code = walk(walking, store, err);
        if (walking->passed > 0) {
            fh_search_words_text(words, &out->read_as);
        }
    }
    return code;
}

static int search(struct fh_catalog *catalog,
                  const struct fh_search_wish *wish,
                  struct fh_search_words *words,
                  struct fh_search_result *out,
                  struct fh_err *err)
{
    struct walking *walking = fh_calloc(1, sizeof *walking);
    if (walking == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a search");
    }
    const struct fh_charter *charter = fh_directory_charter(catalog->directory, NULL);
    walking->charter = charter != NULL && charter->expelled_count > 0 ? charter : NULL;
    walking->wish = wish;
    walking->words = words;
    walking->facets = out->facets;
    walking->page_max = wish->limit < FH_SEARCH_RESULTS_MAX ? wish->limit : FH_SEARCH_RESULTS_MAX;
    int code = walk(walking, catalog->store, err);
    if (code == FH_OK && walking->passed == 0 && words->count > 0) {
        code = mend(walking, words, catalog->store, out, err);
    }
    if (code == FH_OK) {
        out->total = walking->passed;
        code = visit_page(catalog, walking, err);
    }
    fh_free(walking);
    return code;
}

int fh_search_result_init(struct fh_search_result *result, bool facets, struct fh_err *err)
{
    *result = (struct fh_search_result){.total = 0};
    fh_buf_init(&result->read_as, READ_AS_BYTES_MAX);
    if (facets) {
        result->facets = fh_facets_new();
        if (result->facets == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory to count products");
        }
    }
    return FH_OK;
}

void fh_search_result_fini(struct fh_search_result *result)
{
    fh_buf_fini(&result->read_as);
    fh_facets_free(result->facets);
    result->facets = NULL;
}

int fh_search(struct fh_catalog *catalog,
              const struct fh_search_wish *wish,
              struct fh_search_result *out,
              struct fh_err *err)
{
    struct fh_search_words words;
    int code = fh_search_words_read(&words, wish->words, err);
    return code != FH_OK || words.nothing ? code : search(catalog, wish, &words, out, err);
}
