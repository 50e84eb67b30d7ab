/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search words: what somebody typed, as the parts of a search.
 *
 * Words stand between white space; "two words" in quotes are one that must be found as they stand.
 * `tag:geo` asks one field only (domain, name, title, text, column, tag, person), and is a
 * beginning like any word. A filter is a facet's whole value: `tag=geo`, `domain=shop`,
 * `status=active`, `classification="very secret"`, `quality=ok`, `access=mesh`, `reachable=yes`;
 * where no field has the name, a colon says the same (`status:active`). What stands before any
 * other colon or sign is part of the word.
 *
 * Does not: search. Private to node/state. Thread: any; values. Ownership: words are views of the
 * text that was read.
 */
#ifndef FH_NODE_STATE_SEARCH_WORDS_H
#define FH_NODE_STATE_SEARCH_WORDS_H

#include "node/state/facets.h"

struct fh_search_word {
    const char *field;    /* as it is written, "tag"; NULL: any */
    struct fh_bytes text; /* has a letter or a digit */
};

struct fh_search_filter {
    enum fh_facet facet;
    struct fh_bytes value; /* one that the facet can have */
};

struct fh_search_words {
    unsigned count;
    struct fh_search_word items[FH_SEARCH_WORDS_MAX];
    unsigned filter_count; /* all must hold */
    struct fh_search_filter filters[FH_SEARCH_WORDS_MAX];
    bool nothing; /* something was asked for that no text holds, as "*" */
};

/* FH_EINVAL: "search.words" (more than FH_SEARCH_WORDS_MAX words or filters, not UTF-8),
 * "search.status" and "search.filter" (no value of this facet, or two where a product has one). */
FH_MUST_CHECK int
fh_search_words_read(struct fh_search_words *out, const char *text, struct fh_err *err);

/* Appends the FTS5 expression: each word quoted, as a prefix, in its field, all required, and what
 * a product must hold to pass the filters; nothing when there is none. */
void fh_search_words_expression(const struct fh_search_words *words, struct fh_buf *out);
/* The same of the words that may stand in a name, sought in names alone; nothing without any. */
void fh_search_words_by_name(const struct fh_search_words *words, struct fh_buf *out);
/* Appends the product's name that they spell: the words without a field in lower case, joined by
 * "_"; nothing when one has another field than the name. */
void fh_search_words_product(const struct fh_search_words *words, struct fh_buf *out);

/* Appends them as they would be typed. */
void fh_search_words_text(const struct fh_search_words *words, struct fh_buf *out);

#endif
