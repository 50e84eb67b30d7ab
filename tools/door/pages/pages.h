/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue page for people: HTML, CSS and JavaScript, compiled in from the folder web/ beside.
 *
 * One page, the shell, stands under every address that a person can open ("/",
 * "/products/shop/orders@1", "/mesh"); its script reads the address and asks the API (/v1/...) of
 * the server that served it. So the files here hold no data, are the same for everybody, and may be
 * shown to anybody.
 *
 * Does not: speak HTTP, know the API's paths, or send the policy below; the server does.
 * Thread: any; all is constant.
 */
#ifndef FH_TOOLS_DOOR_PAGES_PAGES_H
#define FH_TOOLS_DOOR_PAGES_PAGES_H

#include "common/bytes.h"

#include <stddef.h>
#include <stdint.h>

/* The Content-Security-Policy that the server sends with each file: nothing but these files, no
 * text that becomes markup or code (trusted types: even innerHTML throws), no frame around. Between
 * the halves stands where styles may come from. */
#define FH_PAGES_POLICY        FH_PAGES_POLICY_BEFORE "'self'" FH_PAGES_POLICY_BEHIND
#define FH_PAGES_POLICY_BEFORE "default-src 'none'; script-src 'self'; style-src "
#define FH_PAGES_POLICY_BEHIND                                                                     \
    "; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "  \
    "'none'; require-trusted-types-for 'script'; trusted-types 'none'"

struct fh_page_asset {
    const char *path;         /* "/assets/app.js"; of the shell: "/" */
    const char *content_type; /* "text/javascript; charset=utf-8" */
    const char *etag;         /* with its quotes: "\"5f3c...\"", of the bytes as they are below */
    const uint8_t *bytes;
    size_t size;
    const uint8_t *gzip; /* the same, compressed; for those who accept it */
    size_t gzip_size;
};

/* What stands under `path`, a decoded path without query that begins with "/"; NULL for nothing.
 * Borrowed: `path`. Lent for ever: the asset. */
const struct fh_page_asset *fh_pages_find(struct fh_bytes path);

/* The address of the API whose answer the page of "/" asks for first. */
#define FH_PAGES_FRONT_LIST "/v1/products?limit=20&facets=yes"

/* Appends the shell as it stands at "/", with its style in it, and with that answer in it twice, so
 * that a browser shows products with its first paint, with nothing but this text, and asks for
 * nothing again: `html` is what there is to see of it, `list` its JSON. That is data and never
 * script: neither its type nor one of its bytes can begin or end an element. Both borrowed. */
void fh_pages_front(struct fh_buf *out, struct fh_bytes list, struct fh_bytes html);
/* The style in it, for its policy and for what names the text. Lent for ever. */
const struct fh_page_asset *fh_pages_front_style(void);

/* All files, each once, for tests and for whoever counts; NULL from the end on. */
const struct fh_page_asset *fh_pages_at(size_t index);

#endif
