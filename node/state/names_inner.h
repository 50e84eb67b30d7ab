/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What names.c, which reads and answers, and names_decide.c share; for them alone.
 *
 * Thread, ownership: as node/state/names.h.
 */
#ifndef FH_NODE_STATE_NAMES_INNER_H
#define FH_NODE_STATE_NAMES_INNER_H

#include "node/state/names.h"

/* A name that does not mean what it was pinned to. */
struct fh_name_stop {
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_domain_id pinned;
    struct fh_domain_id claimed_by;
    char before[FH_NAME_BYTES_MAX + 1]; /* the domain was called so: it is renamed; or "" */
};

struct fh_names {
    struct fh_names_options options;
    size_t pin_count;
    struct fh_store_pin *pins; /* by name */
    size_t alias_count;
    struct fh_store_pin *aliases; /* by name */
    size_t stop_count;            /* few or none: at most FH_NAMES_SETTLED_MAX are kept */
    struct fh_name_stop *stops;
    size_t contested_count; /* the same */
    char (*contested)[FH_NAME_BYTES_MAX + 1];
    uint64_t edits;
};

/* NULL: there is none of this name. Lent until the next review. */
const struct fh_store_pin *fh_names_pin_of(const struct fh_names *names, const char *name);
const struct fh_store_pin *fh_names_alias_named(const struct fh_names *names, const char *name);

#endif
