/* SPDX-License-Identifier: Apache-2.0 */
/* The page as Markdown (CommonMark with tables), for wikis and pull requests. */
#include "tools/contract/page.h"

#include "common/compiler.h"
#include "common/version.h"

#include <string.h>

/* What would be markup is escaped; inside a cell a line end is a blank. */
static void add_text(struct fh_page *page, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\n' || c == '\r') {
            fh_buf_add_u8(page->out, ' ');
        } else if (c == '<' || c == '>' || c == '&') {
            fh_buf_add_cstr(page->out, c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;");
        } else {
            bool is_markup = strchr("\\`*_[]|~", c) != NULL ||
                             (i == 0 && strchr("#+-=:", c) != NULL) ||
                             (c == '.' && i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9' &&
                              i + 1 < size && text[i + 1] == ' ');
            fh_buf_add_cstr(page->out, is_markup ? "\\" : "");
            fh_buf_add_u8(page->out, (uint8_t)c);
        }
    }
}

static void on_text(struct fh_page *page, const char *text)
{
    add_text(page, text, strlen(text));
    fh_buf_add_u8(page->out, ' ');
}

static void on_muted(struct fh_page *page, const char *text)
{
    on_text(page, text);
}

/* A code span may hold anything but a run of backquotes as long as its own; a cell also ends at a
 * bar, which is escaped even in code. */
static void on_code(struct fh_page *page, const char *text)
{
    size_t longest = 0;
    for (const char *at = strchr(text, '`'); at != NULL; at = strchr(at, '`')) {
        size_t run = strspn(at, "`");
        longest = run > longest ? run : longest;
        at += run;
    }
    for (size_t i = 0; i <= longest; i++) {
        fh_buf_add_u8(page->out, '`');
    }
    fh_buf_add_cstr(page->out, longest > 0 ? " " : "");
    for (const char *at = text; *at != '\0'; at++) {
        bool is_bar = page->in_cell && *at == '|';
        fh_buf_add_cstr(page->out, is_bar ? "\\" : "");
        fh_buf_add_u8(page->out, *at == '\n' ? ' ' : (uint8_t)*at);
    }
    fh_buf_add_cstr(page->out, longest > 0 ? " " : "");
    for (size_t i = 0; i <= longest; i++) {
        fh_buf_add_u8(page->out, '`');
    }
    fh_buf_add_u8(page->out, ' ');
}

static void on_badge(struct fh_page *page, enum fh_page_badge kind, const char *text)
{
    (void)kind;
    fh_buf_add_cstr(page->out, "**");
    add_text(page, text, strlen(text));
    fh_buf_add_cstr(page->out, "** ");
}

static void on_link(struct fh_page *page, const char *url, const char *text)
{
    const char *shown = text == NULL ? url : text;
    bool is_safe = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0 ||
                   strncmp(url, "mailto:", 7) == 0;
    if (!is_safe || strpbrk(url, "<>\n ") != NULL) {
        on_text(page, shown);
        return;
    }
    fh_buf_add_u8(page->out, '[');
    add_text(page, shown, strlen(shown));
    fh_buf_add_cstr(page->out, "](<");
    for (const char *at = url; *at != '\0'; at++) {
        fh_buf_add_cstr(page->out, page->in_cell && *at == '|' ? "\\" : "");
        fh_buf_add_u8(page->out, (uint8_t)*at);
    }
    fh_buf_add_cstr(page->out, ">) ");
}

static void on_jump(struct fh_page *page, const char *anchor, const char *text)
{
    (void)anchor;
    on_code(page, text);
}

static void on_line(struct fh_page *page)
{
    fh_buf_add_cstr(page->out, "<br>");
}

/* --- blocks --- */

/* Ends a line without the blank that stands behind every word. */
static void end_with(struct fh_page *page, const char *end)
{
    struct fh_buf *out = page->out;
    while (out->size > 0 && out->data[out->size - 1] == ' ') {
        out->size--;
    }
    fh_buf_add_cstr(out, end);
}

static void add_paragraphs(struct fh_page *page, const char *text)
{
    bool is_open = false;
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        size_t blank = strspn(text, " \t\r");
        if (blank < line) {
            add_text(page, text + blank, line - blank);
            fh_buf_add_u8(page->out, '\n');
            is_open = true;
        } else if (is_open) {
            fh_buf_add_u8(page->out, '\n');
            is_open = false;
        }
        text += line;
        text += *text == '\n';
    }
    fh_buf_add_cstr(page->out, is_open ? "\n" : "");
}

static void on_begin(struct fh_page *page, const struct fh_page_head *head)
{
    const char *title = head->title == NULL ? "Data contract" : head->title;
    fh_buf_add_cstr(page->out, "# ");
    add_text(page, title, strlen(title));
    fh_buf_add_cstr(page->out, "\n\n");
    if (head->status != NULL) {
        on_badge(page, FH_PAGE_BADGE_PLAIN, head->status);
    }
    if (head->version != NULL) {
        fh_buf_add_cstr(page->out, "version ");
        on_text(page, head->version);
    }
    end_with(page, "\n\n");
    if (head->lead != NULL) {
        add_paragraphs(page, head->lead);
    }
}

static void on_end(struct fh_page *page, const struct fh_contract *contract)
{
    fh_buf_add_cstr(page->out, "---\n\nContract ");
    on_code(page, contract->id == NULL ? "" : contract->id);
    fh_buf_add_cstr(page->out, ", Open Data Contract Standard ");
    on_text(page, contract->api_version == NULL ? "" : contract->api_version);
    end_with(page, "\n");
}

static void on_section(struct fh_page *page, unsigned level, const char *title, const char *anchor)
{
    fh_buf_add_cstr(page->out, level == 1 ? "## " : "### ");
    add_text(page, title, strlen(title));
    if (anchor != NULL && strcmp(anchor, title) != 0) {
        fh_buf_add_u8(page->out, ' ');
        on_code(page, anchor);
    }
    end_with(page, "\n\n");
}

static void on_prose(struct fh_page *page, const char *label, const char *text)
{
    if (label != NULL) {
        on_badge(page, FH_PAGE_BADGE_PLAIN, label);
        end_with(page, "\n\n");
    }
    add_paragraphs(page, text);
}

static void on_facts(struct fh_page *page, bool begin)
{
    fh_buf_add_cstr(page->out, begin ? "" : "\n");
}

static void on_fact(struct fh_page *page, const char *label)
{
    if (label == NULL) {
        end_with(page, "\n");
        return;
    }
    fh_buf_add_cstr(page->out, "- ");
    on_badge(page, FH_PAGE_BADGE_PLAIN, label);
}

/* A list inside a cell cannot be one: its items are lines. */
static void on_items(struct fh_page *page, bool begin)
{
    fh_buf_add_cstr(page->out, begin || page->in_cell ? "" : "\n");
}

static void on_item(struct fh_page *page, bool begin)
{
    if (page->in_cell) {
        fh_buf_add_cstr(page->out, begin ? "<br>\xe2\x80\xa2 " : "");
    } else {
        end_with(page, begin ? "- " : "\n");
    }
}

static void on_table(struct fh_page *page, const char *const *labels)
{
    if (labels == NULL) {
        fh_buf_add_u8(page->out, '\n');
        return;
    }
    fh_buf_add_u8(page->out, '|');
    for (size_t i = 0; labels[i] != NULL; i++) {
        fh_buf_printf(page->out, " %s |", labels[i]);
    }
    fh_buf_add_cstr(page->out, "\n|");
    for (size_t i = 0; labels[i] != NULL; i++) {
        fh_buf_add_cstr(page->out, "---|");
    }
    fh_buf_add_u8(page->out, '\n');
}

static void on_row(struct fh_page *page, bool begin)
{
    fh_buf_add_cstr(page->out, begin ? "|" : "\n");
}

static void on_cell(struct fh_page *page, const char *label)
{
    page->in_cell = label != NULL;
    if (label != NULL) {
        fh_buf_add_u8(page->out, ' ');
    } else {
        end_with(page, " |");
    }
}

const struct fh_page_ops fh_page_markdown = {
    .begin = on_begin,
    .end = on_end,
    .section = on_section,
    .prose = on_prose,
    .facts = on_facts,
    .fact = on_fact,
    .items = on_items,
    .item = on_item,
    .table = on_table,
    .row = on_row,
    .cell = on_cell,
    .text = on_text,
    .muted = on_muted,
    .code = on_code,
    .badge = on_badge,
    .link = on_link,
    .jump = on_jump,
    .line = on_line,
};
