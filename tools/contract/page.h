/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page: a contract as a document that people read, whatever it is written in.
 *
 * fh_page_write tells the contract in its order (what it is, for whom, tables, promises, access,
 * help) through the operations of a format; page_html.c and page_markdown.c are the formats. Texts
 * given to an operation are the author's: the format escapes them.
 *
 * What says where the data lies (hosts, paths, databases of `servers`) is left out: a page is made
 * to be passed on.
 *
 * Does not: read or judge contracts. Thread: distinct buffers. Ownership: borrows.
 */
#ifndef FH_TOOLS_CONTRACT_PAGE_H
#define FH_TOOLS_CONTRACT_PAGE_H

#include "common/bytes.h"
#include "proto/contract/contract.h"

enum fh_page_badge {
    FH_PAGE_BADGE_PLAIN,
    FH_PAGE_BADGE_KEY,      /* primary key */
    FH_PAGE_BADGE_REQUIRED, /* always there */
    FH_PAGE_BADGE_UNIQUE,
    FH_PAGE_BADGE_CLASS, /* a classification that is not public */
    FH_PAGE_BADGE_COUNT
};

struct fh_page;

struct fh_page_head {
    const char *title;
    const char *lead;   /* purpose in one paragraph, or NULL */
    const char *domain; /* or NULL */
    const char *version;
    const char *status; /* or NULL */
};

/* Every operation appends to page->out. Inline operations (text, code, badge, link, line) are
 * called between begin and end of a fact, an item or a cell. */
struct fh_page_ops {
    void (*begin)(struct fh_page *page, const struct fh_page_head *head);
    void (*end)(struct fh_page *page, const struct fh_contract *contract);
    /* Level 1 or 2; it ends where the next of the same or a higher level begins. `anchor` is the
     * name of the table that it shows, or NULL. */
    void (*section)(struct fh_page *page, unsigned level, const char *title, const char *anchor);
    /* A label (or NULL) over paragraphs; without text it stands over the block that follows. */
    void (*prose)(struct fh_page *page, const char *label, const char *text);
    void (*facts)(struct fh_page *page, bool begin);
    void (*fact)(struct fh_page *page, const char *label); /* NULL ends it */
    void (*items)(struct fh_page *page, bool begin);
    void (*item)(struct fh_page *page, bool begin);
    void (*table)(struct fh_page *page, const char *const *labels); /* NULL ends it */
    void (*row)(struct fh_page *page, bool begin);
    void (*cell)(struct fh_page *page, const char *label); /* NULL ends it */
    void (*text)(struct fh_page *page, const char *text);
    void (*muted)(struct fh_page *page, const char *text);
    void (*code)(struct fh_page *page, const char *text);
    void (*badge)(struct fh_page *page, enum fh_page_badge kind, const char *text);
    void (*link)(struct fh_page *page, const char *url, const char *text);
    void (*jump)(struct fh_page *page, const char *anchor, const char *text);
    void (*line)(struct fh_page *page);
};

struct fh_page {
    struct fh_buf *out;
    const struct fh_page_ops *ops;
    bool in_section[3]; /* by level */
    bool in_cell;       /* line ends are not allowed in cells of Markdown */
};

extern const struct fh_page_ops fh_page_html;
extern const struct fh_page_ops fh_page_markdown;

/* Appends the whole page. */
void fh_page_write(struct fh_buf *out,
                   const struct fh_page_ops *ops,
                   const struct fh_contract *contract);

#endif
