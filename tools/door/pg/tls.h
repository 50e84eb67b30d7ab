/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS of the PostgreSQL door: records in and out of memory, so that the server's loop does all
 * reading and writing.
 *
 * Does not: touch sockets. Thread: distinct objects; the context is shared by all. Ownership: a
 * connection keeps its context.
 * Sources: RFC 8446, RFC 5929 (tls-server-end-point), RFC 7301 (ALPN "postgresql").
 */
#ifndef FH_TOOLS_DOOR_PG_TLS_H
#define FH_TOOLS_DOOR_PG_TLS_H

#include "common/bytes.h"
#include "common/err.h"

struct fh_pg_tls_context;

/* Certificate and key are PEM files. Given: fh_pg_tls_context_free. FH_EINVAL ("pg.tls"). */
FH_MUST_CHECK int fh_pg_tls_context_new(struct fh_pg_tls_context **out,
                                        const char *certificate,
                                        const char *key,
                                        struct fh_err *err);
void fh_pg_tls_context_free(struct fh_pg_tls_context *context);
/* What SCRAM binds to: the hash of the certificate; empty when it has none by RFC 5929. Lent. */
struct fh_bytes fh_pg_tls_binding(const struct fh_pg_tls_context *context);

struct fh_pg_tls;

/* NULL: no memory. `direct`: TLS from the first byte on, which needs ALPN. */
FH_MUST_CHECK struct fh_pg_tls *fh_pg_tls_new(struct fh_pg_tls_context *context, bool direct);
void fh_pg_tls_free(struct fh_pg_tls *tls);

/* Takes what came over the wire; plain bytes are appended to `plain`, what must be answered to
 * `wire`. FH_EPROTO ("pg.tls"): it is no TLS, or was broken off. */
FH_MUST_CHECK int fh_pg_tls_read(struct fh_pg_tls *tls,
                                 struct fh_bytes in,
                                 struct fh_buf *plain,
                                 struct fh_buf *wire,
                                 struct fh_err *err);
/* Appends records with `plain` to `wire`; the handshake must be done. FH_EPROTO. */
FH_MUST_CHECK int fh_pg_tls_write(struct fh_pg_tls *tls,
                                  struct fh_bytes plain,
                                  struct fh_buf *wire,
                                  struct fh_err *err);
bool fh_pg_tls_is_up(const struct fh_pg_tls *tls);

#endif
