/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's tables of names: which id a name was pinned to here, and what people here call
 * domains.
 *
 * Does not: say what a name means (node/state/names.h). Thread, ownership: as node/state/store.h.
 */
#ifndef FH_NODE_STATE_STORE_NAMES_H
#define FH_NODE_STATE_STORE_NAMES_H

#include "node/state/store.h"

/* Pins a domain's name to its id at first use. FH_ESIG, rule "name.pinned", when the name is pinned
 * to another id, or the id to another name: a hard stop for a person to solve. */
FH_MUST_CHECK int fh_store_pin(struct fh_store *store,
                               const char *name,
                               const struct fh_domain_id *domain,
                               int64_t now_ms,
                               struct fh_err *err);

struct fh_store_pin {
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_domain_id domain;
    int64_t pinned_ms; /* Unix */
    bool decided;      /* by a person, not by first use */
};

/* Pins whatever was pinned before: no other pin has the name or the id any more. */
FH_MUST_CHECK int
fh_store_pin_set(struct fh_store *store, const struct fh_store_pin *pin, struct fh_err *err);
FH_MUST_CHECK int fh_store_pin_drop(struct fh_store *store, const char *name, struct fh_err *err);
typedef int fh_store_pin_visit_fn(void *user, const struct fh_store_pin *pin, struct fh_err *err);
/* By name. */
FH_MUST_CHECK int fh_store_pins_each(struct fh_store *store,
                                     fh_store_pin_visit_fn *visit,
                                     void *user,
                                     struct fh_err *err);

/* Aliases, in the form of pins. */
FH_MUST_CHECK int
fh_store_alias_put(struct fh_store *store, const struct fh_store_pin *alias, struct fh_err *err);
FH_MUST_CHECK int fh_store_alias_drop(struct fh_store *store, const char *name, struct fh_err *err);
FH_MUST_CHECK int fh_store_aliases_each(struct fh_store *store,
                                        fh_store_pin_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);

/* The products of the domain are found under this name from now on ("": under none). */
FH_MUST_CHECK int fh_store_domain_rename(struct fh_store *store,
                                         const struct fh_domain_id *domain,
                                         const char *name,
                                         struct fh_err *err);

#endif
