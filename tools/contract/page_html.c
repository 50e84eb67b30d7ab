/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One self-contained page: no script, no font, no image, nothing that is fetched. Colours follow
 * the reader's light or dark setting, tables become cards on a narrow screen and stay tables on
 * paper.
 */
#include "tools/contract/page.h"

#include "common/compiler.h"
#include "common/html.h"
#include "common/version.h"

#include <string.h>
#include <strings.h>

/* In pieces: C promises 4,095 bytes of a literal. */
static const char *const style[] = {
    ":root{color-scheme:light dark;--ink:#1b2430;--soft:#5b6675;--line:#e2e6eb;--paper:#fff;"
    "--back:#f5f6f8;--accent:#0f5c9c;--key:#8a5a00;--key-back:#fdf1d8;--ok:#1a6b45;"
    "--ok-back:#e2f4ea;--warn:#94400c;--warn-back:#fdebdf;--chip:#eceff3;--code:#f1f3f6}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--line:#2c3541;"
    "--paper:#171d25;--back:#10151b;--accent:#79b8f0;--key:#f0c674;--key-back:#3a2e12;"
    "--ok:#7fd3a7;--ok-back:#143526;--warn:#f2a97c;--warn-back:#42230f;--chip:#262e39;"
    "--code:#222a34}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--back);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"
    "\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;overflow-wrap:break-word}\n"
    ".skip{position:absolute;left:-99em}.skip:focus{left:1rem;top:1rem}\n"
    "a{color:var(--accent);text-underline-offset:.15em}\n"
    "header,main,footer{max-width:64rem;margin:0 auto;padding:0 1.5rem}\n"
    "header{padding-top:3.5rem;padding-bottom:1.5rem}\n",
    ".eyebrow{margin:0;color:var(--soft);font-size:.8rem;letter-spacing:.08em;"
    "text-transform:uppercase}\n"
    "h1{margin:.25rem 0 .5rem;font-size:clamp(1.9rem,5vw,2.8rem);line-height:1.15;"
    "letter-spacing:-.02em;text-wrap:balance}\n"
    ".lead{margin:0 0 1rem;max-width:46rem;font-size:1.15rem;color:var(--soft)}\n"
    ".badge{display:inline-block;margin:0 .3rem .15rem 0;padding:.1rem .55rem;border-radius:1rem;"
    "background:var(--chip);color:var(--soft);font-size:.75rem;font-weight:600;line-height:1.5;"
    "white-space:nowrap;max-width:100%;overflow:hidden;text-overflow:ellipsis;"
    "vertical-align:middle}\n"
    ".b-key{background:var(--key-back);color:var(--key)}\n"
    ".b-need,.b-unique,.s-active{background:var(--ok-back);color:var(--ok)}\n"
    ".b-class,.s-deprecated,.s-retired{background:var(--warn-back);color:var(--warn)}\n"
    "section.s1{margin:0 0 1.5rem;padding:1.5rem 1.75rem;background:var(--paper);border:1px solid "
    "var(--line);border-radius:.9rem}\n"
    "section.s2{margin-top:2rem;padding-top:1.5rem;border-top:1px solid var(--line)}\n"
    "h2+section.s2{margin-top:.5rem;padding-top:0;border-top:0}\n"
    "h2{margin:0 0 1rem;font-size:1.3rem;letter-spacing:-.01em}\n"
    "h3{margin:0 0 .5rem;font-size:1.15rem}\n"
    "h3 code{margin-left:.5rem;font-size:.8rem;font-weight:400}\n"
    ".label{margin:1.25rem 0 "
    ".25rem;font-size:.8rem;font-weight:600;letter-spacing:.05em;text-transform:uppercase;"
    "color:var(--soft)}\n"
    "p{margin:0 0 .75rem;max-width:46rem}\n"
    "dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:1rem 1.5rem;"
    "margin:0}\n"
    "dl>div{min-width:0}\n"
    "dt{color:var(--soft);font-size:.8rem}dd{margin:0;font-weight:500}\n"
    "dd .muted{font-weight:400}\n"
    "ul{margin:.5rem 0 0;padding-left:1.2rem}li{margin:0 0 .35rem}li::marker{color:var(--soft)}\n"
    "code{padding:.1rem .35rem;border-radius:.3rem;background:var(--code);font:.86em/1.5 "
    "ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere;"
    "white-space:pre-wrap}\n"
    ".muted{color:var(--soft);font-size:.9em}\n",
    "table{width:100%;margin:.75rem 0;border-collapse:collapse;font-size:.94rem}\n"
    "th{padding:.4rem .75rem .4rem 0;border-bottom:2px solid var(--line);color:var(--soft);"
    "font-size:.78rem;font-weight:600;text-align:left}\n"
    "td{padding:.7rem .75rem .7rem 0;border-bottom:1px solid var(--line);vertical-align:top}\n"
    "tr:last-child td{border-bottom:0}\n"
    ".cols td:nth-child(1){width:27%}.cols td:nth-child(2){width:27%}\n"
    "td code{padding:0;background:none;font-weight:600}td ul{font-size:.95em}\n"
    "footer{padding-top:.5rem;padding-bottom:3rem;color:var(--soft);font-size:.82rem}\n"
    "@media(max-width:44rem){header,main,footer{padding-left:1rem;padding-right:1rem}"
    "header{padding-top:2rem}section.s1{padding:1.1rem;border-radius:.7rem}"
    "thead{position:absolute;left:-99em}table,tbody,tr,td{display:block;width:100%!important}"
    "tr{padding:.75rem 0;border-bottom:1px solid var(--line)}tr:last-child{border-bottom:0}"
    "dl{grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr))}td{padding:.15rem "
    "0;border:0}td:empty{display:none}"
    "table:not(.cols) td::before{content:attr(data-label) \": \";color:var(--soft);"
    "font-size:.85em}}\n"
    "@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;"
    "--back:#fff;--accent:#000;--key:#000;--key-back:#eee;--ok:#000;--ok-back:#eee;--warn:#000;"
    "--warn-back:#eee;--chip:#eee;--code:#f4f4f4}body{font-size:10.5pt}header,main,footer"
    "{max-width:none;padding-left:0;padding-right:0}section.s1{padding:0;border:0}tr,li,dl>div"
    "{break-inside:avoid}h2,h3,.label{break-after:avoid}.skip{display:none}}\n"};

/* --- escaping --- */

/* Letters, digits, - and _ stay; every other byte becomes its number, so that two names never share
 * an anchor. */
static void add_anchor(struct fh_buf *out, const char *name)
{
    fh_buf_add_cstr(out, "table-");
    for (; *name != '\0'; name++) {
        uint8_t c = (uint8_t)*name;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-') {
            fh_buf_add_u8(out, c);
        } else {
            fh_buf_printf(out, "_%02x", (unsigned)c);
        }
    }
}

/* One line of an author's prose; what stands between two backquotes is code, as in Markdown. */
static void add_prose(struct fh_buf *out, const char *text, size_t size)
{
    while (size > 0) {
        const char *open = memchr(text, '`', size);
        size_t before = open == NULL ? size : (size_t)(open - text);
        const char *close = open == NULL ? NULL : memchr(open + 1, '`', size - before - 1);
        if (close == NULL || close == open + 1) {
            fh_html_add(out, fh_bytes(text, size));
            return;
        }
        fh_html_add(out, fh_bytes(text, before));
        fh_buf_add_cstr(out, "<code>");
        fh_html_add(out, fh_bytes(open + 1, (size_t)(close - open - 1)));
        fh_buf_add_cstr(out, "</code>");
        size -= (size_t)(close + 1 - text);
        text = close + 1;
    }
}

/* Paragraphs at empty lines, and line breaks inside them. */
static void add_paragraphs(struct fh_buf *out, const char *text, const char *class)
{
    bool is_open = false;
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        bool is_blank = strspn(text, " \t\r") >= line;
        if (is_blank && is_open) {
            fh_buf_add_cstr(out, "</p>\n");
            is_open = false;
        } else if (!is_blank) {
            fh_buf_add_cstr(out, is_open ? "<br>\n" : class);
            is_open = true;
            add_prose(out, text, line);
        }
        text += line;
        text += *text == '\n';
    }
    fh_buf_add_cstr(out, is_open ? "</p>\n" : "");
}

/* --- the frame --- */

static void on_begin(struct fh_page *page, const struct fh_page_head *head)
{
    struct fh_buf *out = page->out;
    const char *title = head->title == NULL ? "Data contract" : head->title;
    fh_buf_add_cstr(out,
                    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src 'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light "
                    "dark\">\n<title>");
    fh_html_add_cstr(out, title);
    fh_buf_add_cstr(out, "</title>\n<style>\n");
    for (size_t i = 0; i < FH_COUNT(style); i++) {
        fh_buf_add_cstr(out, style[i]);
    }
    fh_buf_add_cstr(out,
                    "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the "
                    "contract</a>\n<header>\n<p class=\"eyebrow\">Data contract");
    if (head->domain != NULL) {
        fh_buf_add_cstr(out, " \xc2\xb7 ");
        fh_html_add_cstr(out, head->domain);
    }
    fh_buf_add_cstr(out, "</p>\n<h1 dir=\"auto\">");
    fh_html_add_cstr(out, title);
    fh_buf_add_cstr(out, "</h1>\n");
    if (head->lead != NULL) {
        add_paragraphs(out, head->lead, "<p class=\"lead\" dir=\"auto\">");
    }
    static const char *const known[] = {"active", "deprecated", "retired"};
    if (head->status != NULL) {
        const char *class = "";
        for (size_t i = 0; i < FH_COUNT(known); i++) {
            class = strcasecmp(known[i], head->status) == 0 ? known[i] : class;
        }
        fh_buf_printf(out, "<span class=\"badge s-%s\">", class);
        fh_html_add_cstr(out, head->status);
        fh_buf_add_cstr(out, "</span>");
    }
    if (head->version != NULL) {
        fh_buf_add_cstr(out, "<span class=\"badge\">version ");
        fh_html_add_cstr(out, head->version);
        fh_buf_add_cstr(out, "</span>");
    }
    fh_buf_add_cstr(out, "\n</header>\n<main id=\"main\">\n");
}

static void close_sections(struct fh_page *page, unsigned level)
{
    for (unsigned each = 2; each >= level; each--) {
        if (page->in_section[each]) {
            fh_buf_add_cstr(page->out, "</section>\n");
            page->in_section[each] = false;
        }
    }
}

static void on_end(struct fh_page *page, const struct fh_contract *contract)
{
    close_sections(page, 1);
    fh_buf_add_cstr(page->out, "</main>\n<footer>Contract <code>");
    fh_html_add_cstr(page->out, contract->id == NULL ? "" : contract->id);
    fh_buf_add_cstr(page->out, "</code>, Open Data Contract Standard ");
    fh_html_add_cstr(page->out, contract->api_version == NULL ? "" : contract->api_version);
    fh_buf_add_cstr(page->out, ". Made by freehold " FH_VERSION ".</footer>\n</body>\n</html>\n");
}

static void on_section(struct fh_page *page, unsigned level, const char *title, const char *anchor)
{
    close_sections(page, level);
    page->in_section[level] = true;
    fh_buf_printf(page->out, "<section class=\"s%u\"", level);
    if (anchor != NULL) {
        fh_buf_add_cstr(page->out, " id=\"");
        add_anchor(page->out, anchor);
        fh_buf_add_cstr(page->out, "\"");
    }
    fh_buf_printf(page->out, ">\n<h%u dir=\"auto\">", level + 1);
    fh_html_add_cstr(page->out, title);
    if (anchor != NULL && strcmp(anchor, title) != 0) {
        fh_buf_add_cstr(page->out, "<code>");
        fh_html_add_cstr(page->out, anchor);
        fh_buf_add_cstr(page->out, "</code>");
    }
    fh_buf_printf(page->out, "</h%u>\n", level + 1);
}

static void on_prose(struct fh_page *page, const char *label, const char *text)
{
    if (label != NULL) {
        fh_buf_add_cstr(page->out, "<p class=\"label\">");
        fh_html_add_cstr(page->out, label);
        fh_buf_add_cstr(page->out, "</p>\n");
    }
    add_paragraphs(page->out, text, "<p dir=\"auto\">");
}

/* --- blocks --- */

static void on_facts(struct fh_page *page, bool begin)
{
    fh_buf_add_cstr(page->out, begin ? "<dl>\n" : "</dl>\n");
}

static void on_fact(struct fh_page *page, const char *label)
{
    if (label == NULL) {
        fh_buf_add_cstr(page->out, "</dd></div>\n");
        return;
    }
    fh_buf_add_cstr(page->out, "<div><dt>");
    fh_html_add_cstr(page->out, label);
    fh_buf_add_cstr(page->out, "</dt><dd dir=\"auto\">");
}

static void on_items(struct fh_page *page, bool begin)
{
    fh_buf_add_cstr(page->out, begin ? "<ul>\n" : "</ul>\n");
}

static void on_item(struct fh_page *page, bool begin)
{
    fh_buf_add_cstr(page->out, begin ? "<li>" : "</li>\n");
}

static void on_table(struct fh_page *page, const char *const *labels)
{
    if (labels == NULL) {
        fh_buf_add_cstr(page->out, "</tbody>\n</table>\n");
        return;
    }
    bool is_columns = strcmp(labels[0], "Column") == 0;
    fh_buf_printf(page->out, "<table%s>\n<thead><tr>", is_columns ? " class=\"cols\"" : "");
    for (size_t i = 0; labels[i] != NULL; i++) {
        fh_buf_add_cstr(page->out, "<th scope=\"col\">");
        fh_html_add_cstr(page->out, labels[i]);
        fh_buf_add_cstr(page->out, "</th>");
    }
    fh_buf_add_cstr(page->out, "</tr></thead>\n<tbody>\n");
}

static void on_row(struct fh_page *page, bool begin)
{
    fh_buf_add_cstr(page->out, begin ? "<tr>" : "</tr>\n");
}

static void on_cell(struct fh_page *page, const char *label)
{
    if (label == NULL) {
        fh_buf_add_cstr(page->out, "</td>");
        return;
    }
    fh_buf_add_cstr(page->out, "<td data-label=\"");
    fh_html_add_cstr(page->out, label);
    fh_buf_add_cstr(page->out, "\" dir=\"auto\">");
}

/* --- words --- */

static void on_text(struct fh_page *page, const char *text)
{
    fh_html_add_cstr(page->out, text);
    fh_buf_add_u8(page->out, ' ');
}

static void on_muted(struct fh_page *page, const char *text)
{
    fh_buf_add_cstr(page->out, "<span class=\"muted\">");
    fh_html_add_cstr(page->out, text);
    fh_buf_add_cstr(page->out, "</span> ");
}

static void on_code(struct fh_page *page, const char *text)
{
    fh_buf_add_cstr(page->out, "<code>");
    fh_html_add_cstr(page->out, text);
    fh_buf_add_cstr(page->out, "</code> ");
}

static void on_badge(struct fh_page *page, enum fh_page_badge kind, const char *text)
{
    static const char *const classes[FH_PAGE_BADGE_COUNT] = {
        "", " b-key", " b-need", " b-unique", " b-class"};
    fh_buf_printf(page->out, "<span class=\"badge%s\">", classes[kind]);
    fh_html_add_cstr(page->out, text);
    fh_buf_add_cstr(page->out, "</span>");
}

/* Only what a reader may follow without harm; every other address stays text. */
static bool is_safe_link(const char *url)
{
    static const char *const schemes[] = {"https://", "http://", "mailto:"};
    for (size_t i = 0; i < FH_COUNT(schemes); i++) {
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void on_link(struct fh_page *page, const char *url, const char *text)
{
    const char *shown = text == NULL ? url : text;
    if (!is_safe_link(url)) {
        on_text(page, shown);
        return;
    }
    fh_buf_add_cstr(page->out, "<a rel=\"noreferrer\" href=\"");
    fh_html_add_cstr(page->out, url);
    fh_buf_add_cstr(page->out, "\">");
    fh_html_add_cstr(page->out, shown);
    fh_buf_add_cstr(page->out, "</a> ");
}

static void on_jump(struct fh_page *page, const char *anchor, const char *text)
{
    fh_buf_add_cstr(page->out, "<a href=\"#");
    add_anchor(page->out, anchor);
    fh_buf_add_cstr(page->out, "\">");
    fh_html_add_cstr(page->out, text);
    fh_buf_add_cstr(page->out, "</a> ");
}

static void on_line(struct fh_page *page)
{
    fh_buf_add_cstr(page->out, "<br>");
}

const struct fh_page_ops fh_page_html = {
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
