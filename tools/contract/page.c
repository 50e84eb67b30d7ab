/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/page.h"

#include "common/assert.h"
#include "common/limits.h"
#include "tools/contract/words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PATH_BYTES = 512 };

static bool is_true(enum fh_contract_bool flag)
{
    return flag == FH_CONTRACT_TRUE;
}

/* A sentence of words.h, with a capital letter. */
static void say(struct fh_page *page, struct fh_buf *words)
{
    if (fh_buf_ok(words) != FH_OK || words->size == 0) {
        return;
    }
    if (words->data[0] >= 'a' && words->data[0] <= 'z') {
        words->data[0] = (uint8_t)toupper(words->data[0]);
    }
    page->ops->text(page, fh_buf_cstr(words));
}

static void fact(struct fh_page *page, const char *label, const char *text)
{
    if (text != NULL) {
        page->ops->fact(page, label);
        page->ops->text(page, text);
        page->ops->fact(page, NULL);
    }
}

static void prose(struct fh_page *page, const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        page->ops->prose(page, label, text);
    }
}

static void tags(struct fh_page *page, const struct fh_contract_strings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        page->ops->badge(page, FH_PAGE_BADGE_PLAIN, list->items[i]);
    }
}

static void definitions(struct fh_page *page,
                        const char *label,
                        const struct fh_contract_definition *items,
                        size_t count)
{
    if (count == 0) {
        return;
    }
    if (label != NULL) {
        page->ops->prose(page, label, "");
    }
    page->ops->items(page, true);
    for (size_t i = 0; i < count; i++) {
        page->ops->item(page, true);
        page->ops->link(page, items[i].url == NULL ? "" : items[i].url, items[i].url);
        if (items[i].type != NULL) {
            page->ops->muted(page, items[i].type);
        }
        if (items[i].description != NULL) {
            page->ops->line(page);
            page->ops->text(page, items[i].description);
        }
        page->ops->item(page, false);
    }
    page->ops->items(page, false);
}

/* --- what it is --- */

static const struct fh_contract_member *owner_of(const struct fh_contract *contract)
{
    const struct fh_contract_team *team = contract->team;
    for (size_t i = 0; team != NULL && i < team->members.count; i++) {
        const struct fh_contract_member *member = &team->members.items[i];
        if (member->role != NULL && strcasestr(member->role, "owner") != NULL &&
            member->date_out == NULL) {
            return member;
        }
    }
    return NULL;
}

static void price(struct fh_page *page, const struct fh_contract_price *price)
{
    if (price == NULL || price->amount == NULL) {
        return;
    }
    struct fh_buf words FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&words, FH_CONTRACT_BYTES_MAX);
    fh_buf_printf(&words,
                  "%s %s%s%s",
                  price->amount,
                  price->currency == NULL ? "" : price->currency,
                  price->unit == NULL ? "" : " per ",
                  price->unit == NULL ? "" : price->unit);
    fact(page, "Price", fh_buf_cstr(&words));
}

static void contact(struct fh_page *page, const struct fh_contract *contract)
{
    if (contract->support.count == 0) {
        return;
    }
    const struct fh_contract_support *support = &contract->support.items[0];
    page->ops->fact(page, "Contact");
    page->ops->link(page, support->url == NULL ? "" : support->url, support->channel);
    if (support->tool != NULL) {
        page->ops->muted(page, support->tool);
    }
    page->ops->fact(page, NULL);
}

static void glance(struct fh_page *page, const struct fh_contract *contract)
{
    const struct fh_contract_member *owner = owner_of(contract);
    page->ops->section(page, 1, "At a glance", NULL);
    page->ops->facts(page, true);
    if (owner != NULL) {
        fact(page, "Owner", owner->name != NULL ? owner->name : owner->username);
    }
    fact(page, "Team", contract->team == NULL ? NULL : contract->team->name);
    contact(page, contract);
    fact(page, "Domain", contract->domain);
    fact(page, "Data product", contract->name == NULL ? NULL : contract->data_product);
    fact(page, "Tenant", contract->tenant);
    if (contract->created != NULL) { /* the day; the time of it is for machines */
        char day[16];
        snprintf(day, sizeof day, "%.10s", contract->created);
        fact(page, "Created", day);
    }
    price(page, contract->price);
    if (contract->tables.count > 0) {
        page->ops->fact(page, contract->tables.count == 1 ? "Table" : "Tables");
        for (size_t i = 0; i < contract->tables.count; i++) {
            const char *name = contract->tables.items[i].name;
            page->ops->jump(page, name == NULL ? "" : name, name == NULL ? "" : name);
        }
        page->ops->fact(page, NULL);
    }
    if (contract->tags.count > 0) {
        page->ops->fact(page, "Tags");
        tags(page, &contract->tags);
        page->ops->fact(page, NULL);
    }
    page->ops->facts(page, false);
}

static void about(struct fh_page *page, const struct fh_contract *contract)
{
    const struct fh_contract_description *about = contract->description;
    const struct fh_contract_context *context = contract->context;
    if (about != NULL) {
        prose(page, "Use it for", about->usage);
        prose(page, "Mind its limits", about->limitations);
        definitions(page, "See also", about->definitions.items, about->definitions.count);
    }
    if (context != NULL) {
        prose(page, "Context", context->text != NULL ? context->text : context->instructions);
        for (size_t i = 0; i < context->statements.count; i++) {
            const struct fh_contract_statement *statement = &context->statements.items[i];
            prose(page, statement->question, statement->answer);
        }
        for (size_t i = 0; i < context->constraints.count; i++) {
            prose(page, "Constraint", context->constraints.items[i].constraint);
        }
    }
}

/* --- columns --- */

static void rule(struct fh_page *page, const struct fh_contract_quality *quality)
{
    struct fh_buf words FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&words, FH_CONTRACT_BYTES_MAX);
    fh_words_quality(&words, quality);
    say(page, &words);
    if (quality->query != NULL) {
        page->ops->line(page);
        page->ops->code(page, quality->query);
    }
    bool is_said =
        fh_bytes_equal(fh_buf_view(&words),
                       fh_bytes_cstr(quality->description == NULL ? "" : quality->description));
    if (quality->description != NULL && !is_said &&
        (quality->type == NULL || strcmp(quality->type, "text") != 0)) {
        page->ops->line(page);
        page->ops->muted(page, quality->description);
    }
    if (quality->severity != NULL) {
        fh_buf_reset(&words);
        fh_buf_printf(&words, "if broken: %s", quality->severity);
        page->ops->badge(page, FH_PAGE_BADGE_PLAIN, fh_buf_cstr(&words));
    }
}

static void rules(struct fh_page *page, const struct fh_contract_quality *items, size_t count)
{
    if (count == 0) {
        return;
    }
    page->ops->items(page, true);
    for (size_t i = 0; i < count; i++) {
        page->ops->item(page, true);
        rule(page, &items[i]);
        page->ops->item(page, false);
    }
    page->ops->items(page, false);
}

static void
name_cell(struct fh_page *page, const struct fh_contract_column *column, const char *path)
{
    page->ops->cell(page, "Column");
    page->ops->code(page, path);
    if (is_true(column->primary_key)) {
        page->ops->badge(page, FH_PAGE_BADGE_KEY, "key");
    }
    if (is_true(column->unique)) {
        page->ops->badge(page, FH_PAGE_BADGE_UNIQUE, "unique");
    }
    if (column->semantic_type != NULL && strcmp(column->semantic_type, "column") != 0) {
        page->ops->badge(page, FH_PAGE_BADGE_PLAIN, column->semantic_type);
    }
    if (column->business_name != NULL) {
        page->ops->line(page);
        page->ops->muted(page, column->business_name);
    }
    page->ops->cell(page, NULL);
}

static void type_cell(struct fh_page *page, const struct fh_contract_column *column)
{
    struct fh_buf words FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&words, FH_CONTRACT_BYTES_MAX);
    page->ops->cell(page, "Type");
    fh_words_type(&words, column);
    say(page, &words);
    bool is_needed = is_true(column->required) || is_true(column->primary_key);
    if (is_needed || column->classification != NULL) {
        page->ops->line(page);
    }
    if (is_needed) {
        page->ops->badge(page, FH_PAGE_BADGE_REQUIRED, "always there");
    }
    if (column->classification != NULL) {
        bool is_public = strcasecmp(column->classification, "public") == 0;
        page->ops->badge(
            page, is_public ? FH_PAGE_BADGE_PLAIN : FH_PAGE_BADGE_CLASS, column->classification);
    }
    page->ops->cell(page, NULL);
}

static void values(struct fh_page *page, const struct fh_contract_column *column)
{
    struct fh_buf words FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&words, FH_CONTRACT_BYTES_MAX);
    for (size_t i = 0; i < column->enum_values.count; i++) {
        const struct fh_contract_enum_value *value = &column->enum_values.items[i];
        fh_buf_reset(&words);
        fh_words_value(&words, value->value);
        page->ops->line(page);
        page->ops->code(page, fh_buf_cstr(&words));
        const char *label = value->label != NULL ? value->label : value->description;
        if (label != NULL) {
            page->ops->muted(page, label);
        }
    }
    if (column->examples != NULL && column->examples->count > 0) {
        fh_buf_reset(&words);
        fh_buf_add_cstr(&words, "for example ");
        fh_words_value(&words, column->examples);
        page->ops->line(page);
        page->ops->muted(page, fh_buf_cstr(&words));
    }
}

static void meaning_cell(struct fh_page *page, const struct fh_contract_column *column)
{
    page->ops->cell(page, "Meaning and promises");
    if (column->description != NULL) {
        page->ops->text(page, column->description);
    }
    values(page, column);
    for (size_t i = 0; i < column->synonyms.count; i++) {
        page->ops->badge(page, FH_PAGE_BADGE_PLAIN, column->synonyms.items[i].synonym);
    }
    for (size_t i = 0; i < column->relationships.count; i++) {
        const struct fh_contract_refs *to = &column->relationships.items[i].to;
        for (size_t k = 0; k < to->count; k++) {
            page->ops->line(page);
            page->ops->muted(page, "refers to");
            page->ops->code(page, to->items[k]);
        }
    }
    tags(page, &column->tags);
    rules(page, column->quality.items, column->quality.count);
    page->ops->cell(page, NULL);
}

static void columns(struct fh_page *page,
                    const struct fh_contract_column *items,
                    size_t count,
                    const char *prefix);

static void column(struct fh_page *page, const struct fh_contract_column *column, const char *path)
{
    page->ops->row(page, true);
    name_cell(page, column, path);
    type_cell(page, column);
    meaning_cell(page, column);
    page->ops->row(page, false);
    /* Fields of objects follow as rows: customer.name, orders[].price. */
    char deeper[PATH_BYTES];
    snprintf(deeper, sizeof deeper, "%.250s.", path);
    columns(page, column->columns.items, column->columns.count, deeper);
    const struct fh_contract_column *element = column->items;
    if (element == NULL && column->map != NULL) {
        element = column->map->value;
    }
    if (element != NULL) {
        snprintf(deeper, sizeof deeper, "%.250s[].", path);
        columns(page, element->columns.items, element->columns.count, deeper);
    }
}

static void columns(struct fh_page *page,
                    const struct fh_contract_column *items,
                    size_t count,
                    const char *prefix)
{
    for (size_t i = 0; i < count; i++) {
        char path[PATH_BYTES];
        snprintf(path,
                 sizeof path,
                 "%.250s%.200s",
                 prefix,
                 items[i].name == NULL ? "(no name)" : items[i].name);
        column(page, &items[i], path);
    }
}

/* --- tables --- */

static void relationships(struct fh_page *page, const struct fh_contract_table *table)
{
    for (size_t i = 0; i < table->relationships.count; i++) {
        const struct fh_contract_relationship *relation = &table->relationships.items[i];
        page->ops->item(page, true);
        for (size_t k = 0; k < relation->from.count; k++) {
            page->ops->code(page, relation->from.items[k]);
        }
        page->ops->muted(page, "refers to");
        for (size_t k = 0; k < relation->to.count; k++) {
            page->ops->code(page, relation->to.items[k]);
        }
        page->ops->item(page, false);
    }
}

static void table(struct fh_page *page, const struct fh_contract_table *table)
{
    static const char *const labels[] = {"Column", "Type", "Meaning and promises", NULL};
    const char *name = table->name == NULL ? "(no name)" : table->name;
    page->ops->section(page, 2, table->business_name != NULL ? table->business_name : name, name);
    prose(page, NULL, table->description);
    prose(page, "One row is", table->granularity);
    if (table->context != NULL) {
        prose(page,
              "Context",
              table->context->text != NULL ? table->context->text : table->context->instructions);
    }
    if (table->columns.count > 0) {
        page->ops->table(page, labels);
        columns(page, table->columns.items, table->columns.count, "");
        page->ops->table(page, NULL);
    }
    if (table->quality.count > 0 || table->relationships.count > 0) {
        page->ops->prose(page, "Promises", "");
        page->ops->items(page, true);
        for (size_t i = 0; i < table->quality.count; i++) {
            page->ops->item(page, true);
            rule(page, &table->quality.items[i]);
            page->ops->item(page, false);
        }
        relationships(page, table);
        page->ops->items(page, false);
    }
    definitions(page, "See also", table->definitions.items, table->definitions.count);
}

/* --- promises of the whole, people --- */

static void levels(struct fh_page *page, const struct fh_contract *contract)
{
    if (contract->sla.count == 0) {
        return;
    }
    page->ops->section(page, 1, "Service levels", NULL);
    page->ops->items(page, true);
    for (size_t i = 0; i < contract->sla.count; i++) {
        const struct fh_contract_sla *sla = &contract->sla.items[i];
        struct fh_buf words FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&words, FH_CONTRACT_BYTES_MAX);
        fh_words_sla(&words, sla);
        page->ops->item(page, true);
        say(page, &words);
        if (sla->element != NULL) {
            page->ops->muted(page, "measured by");
            page->ops->code(page, sla->element);
        }
        if (sla->driver != NULL) {
            page->ops->badge(page, FH_PAGE_BADGE_PLAIN, sla->driver);
        }
        if (sla->description != NULL) {
            page->ops->line(page);
            page->ops->muted(page, sla->description);
        }
        page->ops->item(page, false);
    }
    page->ops->items(page, false);
}

static void cell(struct fh_page *page, const char *label, const char *text)
{
    page->ops->cell(page, label);
    if (text != NULL) {
        page->ops->text(page, text);
    }
    page->ops->cell(page, NULL);
}

static void access_roles(struct fh_page *page, const struct fh_contract *contract)
{
    static const char *const labels[] = {"Role", "May", "For", "Approved by", NULL};
    if (contract->roles.count == 0) {
        return;
    }
    page->ops->section(page, 1, "Access", NULL);
    page->ops->table(page, labels);
    for (size_t i = 0; i < contract->roles.count; i++) {
        const struct fh_contract_role *role = &contract->roles.items[i];
        page->ops->row(page, true);
        cell(page, labels[0], role->role);
        cell(page, labels[1], role->access);
        cell(page, labels[2], role->description);
        page->ops->cell(page, labels[3]);
        if (role->first_level_approvers != NULL) {
            page->ops->text(page, role->first_level_approvers);
        }
        if (role->second_level_approvers != NULL) {
            page->ops->muted(page, "then");
            page->ops->text(page, role->second_level_approvers);
        }
        page->ops->cell(page, NULL);
        page->ops->row(page, false);
    }
    page->ops->table(page, NULL);
}

static void support(struct fh_page *page, const struct fh_contract *contract)
{
    if (contract->support.count == 0) {
        return;
    }
    page->ops->section(page, 1, "Help", NULL);
    page->ops->items(page, true);
    for (size_t i = 0; i < contract->support.count; i++) {
        const struct fh_contract_support *each = &contract->support.items[i];
        page->ops->item(page, true);
        page->ops->link(page, each->url == NULL ? "" : each->url, each->channel);
        if (each->tool != NULL) {
            page->ops->muted(page, each->tool);
        }
        if (each->scope != NULL) {
            page->ops->badge(page, FH_PAGE_BADGE_PLAIN, each->scope);
        }
        if (each->description != NULL) {
            page->ops->line(page);
            page->ops->text(page, each->description);
        }
        if (each->invitation_url != NULL) {
            page->ops->line(page);
            page->ops->link(page, each->invitation_url, "Join");
        }
        page->ops->item(page, false);
    }
    page->ops->items(page, false);
}

static void team(struct fh_page *page, const struct fh_contract *contract)
{
    static const char *const labels[] = {"Name", "Role", "Since", "Until", NULL};
    if (contract->team == NULL || contract->team->members.count == 0) {
        return;
    }
    page->ops->section(page, 1, "Team", NULL);
    prose(page, NULL, contract->team->description);
    page->ops->table(page, labels);
    for (size_t i = 0; i < contract->team->members.count; i++) {
        const struct fh_contract_member *member = &contract->team->members.items[i];
        page->ops->row(page, true);
        cell(page, labels[0], member->name != NULL ? member->name : member->username);
        cell(page, labels[1], member->role);
        cell(page, labels[2], member->date_in);
        cell(page, labels[3], member->date_out);
        page->ops->row(page, false);
    }
    page->ops->table(page, NULL);
}

static void more(struct fh_page *page, const struct fh_contract *contract)
{
    if (contract->definitions.count > 0) {
        page->ops->section(page, 1, "Read on", NULL);
        definitions(page, NULL, contract->definitions.items, contract->definitions.count);
    }
    if (contract->custom.count == 0) {
        return;
    }
    page->ops->section(page, 1, "Also noted", NULL);
    page->ops->facts(page, true);
    for (size_t i = 0; i < contract->custom.count; i++) {
        const struct fh_contract_custom *custom = &contract->custom.items[i];
        struct fh_buf words FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&words, FH_CONTRACT_BYTES_MAX);
        if (custom->value != NULL) {
            fh_words_value(&words, custom->value);
        }
        fact(page, custom->property == NULL ? "" : custom->property, fh_buf_cstr(&words));
    }
    page->ops->facts(page, false);
}

void fh_page_write(struct fh_buf *out,
                   const struct fh_page_ops *ops,
                   const struct fh_contract *contract)
{
    struct fh_page page = {.out = out, .ops = ops};
    struct fh_page_head head = {
        .title = contract->name != NULL           ? contract->name
                 : contract->data_product != NULL ? contract->data_product
                                                  : contract->id,
        .lead = contract->description == NULL ? NULL : contract->description->purpose,
        .domain = contract->domain,
        .version = contract->version,
        .status = contract->status,
    };
    ops->begin(&page, &head);
    glance(&page, contract);
    about(&page, contract);
    if (contract->tables.count > 0) {
        ops->section(&page, 1, contract->tables.count == 1 ? "The table" : "The tables", NULL);
    }
    for (size_t i = 0; i < contract->tables.count; i++) {
        table(&page, &contract->tables.items[i]);
    }
    levels(&page, contract);
    access_roles(&page, contract);
    support(&page, contract);
    team(&page, contract);
    more(&page, contract);
    ops->end(&page, contract);
}
