/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search filter: what narrows a search beside its words, by the names that the command line's flags
 * and the HTTP door's arguments have.
 *
 * Does not: search (freehold_find does). Thread: any. Ownership: borrows.
 */
#ifndef FH_TOOLS_CLIENT_SEARCH_FILTER_H
#define FH_TOOLS_CLIENT_SEARCH_FILTER_H

#include "common/bytes.h"

/* Whether a filter has this name. */
bool fh_search_has_filter(const char *name);
/* Appends one to the words of a search: the whole value (domain="shop"), or a word of one field
 * (column:"iata"). `name` must be that of a filter. false, and nothing appended, for a value that
 * is empty or has a quote. */
FH_MUST_CHECK bool fh_search_add_filter(struct fh_buf *words, const char *name, const char *value);

#endif
