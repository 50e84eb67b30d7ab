/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Negotiation: which form of an answer a client takes (RFC 9110, section 12.5.1), and whether it
 * has it already (13.1.2).
 *
 * Does not: know the forms; each route has a list of its own, the best first. Thread: any.
 * Ownership: borrows.
 */
#ifndef FH_TOOLS_DOOR_HTTP_NEGOTIATE_H
#define FH_TOOLS_DOOR_HTTP_NEGOTIATE_H

#include "common/bytes.h"

struct fh_http_form {
    const char *name;         /* "yaml": of the argument `format` */
    const char *type;         /* "application/yaml": what Accept is held against */
    const char *content_type; /* the same with its parameters */
};

/* Which of the forms the value of Accept prefers: by its q, then by its place in the list. An empty
 * value takes the first. What is malformed in it counts for nothing. -1: none of them. */
int fh_http_negotiate(const struct fh_http_form *forms, size_t count, struct fh_bytes accept);

/* Whether the value of Accept-Encoding takes the coding. */
bool fh_http_coding_taken(struct fh_bytes accept_encoding, const char *coding);

/* Whether the value of If-None-Match has this entity tag ("\"...\"", compared weakly), or is *. */
bool fh_http_etag_matches(struct fh_bytes if_none_match, const char *etag);

/* Whether a Content-Type is this type, whatever its parameters; a charset must be UTF-8. */
bool fh_http_type_is(struct fh_bytes content_type, const char *type);

#endif
