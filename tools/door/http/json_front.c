/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first list of the catalogue as HTML: what tools/door/pages/web/search.js makes of the same
 * answer, element for element, so that a browser shows products with its first paint and nothing
 * moves when the script takes over. A browser test compares the two.
 */
#include "common/html.h"
#include "common/time.h"
#include "tools/door/http/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

enum { JUST_NOW_MS = 120 * 1000 };

/* A word of the API as a chip: its colour, text and explanation. */
struct chip {
    const char *word;
    const char *kind; /* "": no colour */
    const char *text;
    const char *title;
};

static const struct chip status_chips[] = {
    {"draft", "", "draft", "Not promised yet: it may change at any time"},
    {"active", "ok", "active", "In use, by its contract"},
    {"deprecated", "warn", "deprecated", "Still served, but it will end"},
    {"retired", "bad", "retired", "Served no longer"},
    {"withdrawn", "bad", "withdrawn", "Taken back by its owner"},
    {NULL, NULL, NULL, NULL},
};
static const struct chip quality_chips[] = {
    {"ok", "ok", "✓ promises kept", "The owner measured it: every promise of the contract holds"},
    {"warn", "warn", "! warnings", "The owner measured it: some promises give a warning"},
    {"fail",
     "bad",
     "✕ promise broken",
     "The owner measured it: a promise of the contract does not hold"},
    {"stale", "warn", "! measured too long ago", "The last measurement counts no longer"},
    {"unknown", "", "not measured", "No measurement of the owner is known here"},
    {NULL, NULL, NULL, NULL},
};
static const struct chip signature_chips[] = {
    {"awaited",
     "",
     "contract on its way",
     "The announcement verifies; its contract has not come yet"},
    {"refused", "bad", "✕ refused", "The contract breaks a rule of the mesh"},
    {"forked",
     "bad",
     "✕ two contracts of one number",
     "Its owner signed two that contradict each other"},
    {"frozen", "bad", "✕ owner frozen", "Its owner signed two key events of one number"},
    {"contested", "bad", "✕ name contested", "The owner's name was given to another domain too"},
    {NULL, NULL, NULL, NULL},
};

/* Appends pieces, each a template's literal; texts of the mesh are escaped apart. */
static void add(struct fh_buf *out, const char *literal)
{
    fh_buf_add_cstr(out, literal);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void add_chip(struct fh_buf *out, const struct chip *chips, const char *word)
{
    while (chips->word != NULL && strcmp(chips->word, word) != 0) {
        chips++;
    }
    bool known = chips->word != NULL;
    bool plain = !known || chips->kind[0] == '\0';
    add(out, plain ? "<span class=\"chip\"" : "<span class=\"chip ");
    add(out, plain ? "" : chips->kind);
    add(out, plain ? "" : "\"");
    if (known) {
        add(out, " title=\"");
        fh_html_add_cstr(out, chips->title);
        add(out, "\"");
    }
    add(out, ">");
    fh_html_add_cstr(out, known ? chips->text : word);
    add(out, "</span>");
}

/* "3 minutes ago", in the words of format.js. */
static void add_heard(struct fh_buf *out, const char *time)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"year", 31557600000},
                 {"month", 2629800000},
                 {"day", 86400000},
                 {"hour", 3600000},
                 {"minute", 60000}};
    int64_t heard_ms = 0;
    char text[48];
    if (!fh_time_parse(time, &heard_ms)) {
        heard_ms = 0;
    }
    int64_t age_ms = fh_clock_wall_ms() - heard_ms;
    if (age_ms < JUST_NOW_MS) {
        add(out, "just now");
        return;
    }
    size_t i = 0;
    while (i + 1 < FH_COUNT(units) && age_ms < units[i].ms) {
        i++;
    }
    int64_t count = age_ms / units[i].ms;
    snprintf(
        text, sizeof text, "%" PRId64 " %s%s ago", count, units[i].name, count == 1 ? "" : "s");
    add(out, text);
}

static void add_reach(struct fh_buf *out, const json_t *product)
{
    const char *heard = text_of(product, "heard");
    if (json_is_true(json_object_get(product, "reachable"))) {
        add(out,
            "<span class=\"small soft\"><span class=\"dot\" aria-hidden=\"true\"></span>heard ");
        add_heard(out, heard);
    } else {
        add(out,
            "<span class=\"chip warn\" title=\"No node of its owner answers; what you see is what "
            "it said last\"><span class=\"dot dead\" aria-hidden=\"true\"></span>owner away, last "
            "heard ");
        add_heard(out, heard);
    }
    add(out, "</span>");
}

static void add_hit(struct fh_buf *out, const json_t *product)
{
    const char *domain = text_of(product, "domain");
    const char *name = text_of(product, "name");
    const char *version = text_of(product, "version");
    const char *title = text_of(product, "title");
    const char *summary = text_of(product, "summary");
    const char *signature = text_of(product, "verification");
    add(out, "<li class=\"box hit\"><h3><a href=\"/products/");
    fh_html_add_cstr(out, domain);
    add(out, "/");
    fh_html_add_cstr(out, name);
    add(out, "@");
    fh_html_add(out, fh_bytes(version, strcspn(version, ".")));
    add(out, "\" dir=\"auto\">");
    fh_html_add_cstr(out, title[0] == '\0' ? name : title);
    add(out, "</a></h3><p class=\"name\"><a href=\"/domains/");
    fh_html_add_cstr(out, domain);
    add(out, "\">");
    fh_html_add_cstr(out, domain);
    add(out, "</a> / ");
    fh_html_add_cstr(out, name);
    add(out, " · version ");
    fh_html_add_cstr(out, version);
    add(out, "</p>");
    if (summary[0] != '\0') {
        add(out, "<p dir=\"auto\">");
        fh_html_add_cstr(out, summary);
        add(out, "</p>");
    }
    add(out, "<div class=\"chips\">");
    add_chip(out, status_chips, text_of(product, "status"));
    if (strcmp(signature, "verified") != 0) {
        add_chip(out, signature_chips, signature);
    }
    add_chip(out, quality_chips, text_of(product, "quality"));
    add(out, "<span class=\"chip\">");
    add(out,
        strcmp(text_of(product, "access"), "mesh") == 0 ? "open to every domain"
                                                        : "access on request");
    add(out, "</span>");
    add_reach(out, product);
    add(out, "</div></li>");
}

/* "1,234" */
static void add_number(struct fh_buf *out, json_int_t number)
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, number);
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            fh_buf_add_u8(out, ',');
        }
        fh_buf_add_u8(out, (uint8_t)digits[i]);
    }
}

void fh_http_front_list(struct fh_buf *out, struct fh_bytes answer)
{
    json_t *found = json_loadb((const char *)answer.data, answer.size, 0, NULL);
    const json_t *products = json_object_get(found, "products");
    json_int_t total = json_integer_value(json_object_get(found, "total"));
    if (total > 0 && json_array_size(products) > 0) {
        add(out,
            "<div><div class=\"head\"><h1 tabindex=\"-1\">Data products</h1><p>Everything that the "
            "domains of this mesh publish, with who answers for it.</p></div>"
            "<form class=\"seek\" role=\"search\"><div class=\"words\"><label class=\"unseen\" "
            "for=\"words\">Search for</label><input id=\"words\" type=\"search\" "
            "autocomplete=\"off\" spellcheck=\"false\" placeholder=\"orders, refunds, customer "
            "number …\"></div><div class=\"where\"><label class=\"unseen\" for=\"where\">Search "
            "in</label><select id=\"where\"><option>Everywhere</option></select></div>"
            "<button class=\"main\" type=\"submit\">Search</button></form>"
            "<div class=\"split\"><div class=\"facets\"><details><summary>Filters</summary>"
            "</details></div><div id=\"results\"><div class=\"found\"><h2>");
        add_number(out, total);
        add(out, total == 1 ? " product" : " products");
        add(out, "</h2></div><ul class=\"hits\">");
        for (size_t i = 0; i < json_array_size(products); i++) {
            add_hit(out, json_array_get(products, i));
        }
        add(out, "</ul></div></div></div>\n");
    }
    json_decref(found);
}
