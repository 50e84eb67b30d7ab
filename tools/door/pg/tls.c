/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/tls.h"

#include "common/assert.h"
#include "common/mem.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <string.h>

enum {
    PART_BYTES = 16 * 1024, /* of one record */
};

struct fh_pg_tls_context {
    SSL_CTX *ssl;
    uint8_t binding[EVP_MAX_MD_SIZE];
    size_t binding_size;
};

struct fh_pg_tls {
    SSL *ssl;
    BIO *in;  /* the SSL's */
    BIO *out; /* likewise */
    bool direct;
};

static const unsigned char protocol[] = "\x0apostgresql";

static int refuse(struct fh_err *err, int code, const char *what)
{
    char reason[128];
    unsigned long error = ERR_get_error();
    ERR_error_string_n(error, reason, sizeof reason);
    ERR_clear_error();
    return fh_err_rule(
        err, code, "pg.tls", "TLS: %s%s%s", what, error == 0 ? "" : ": ", error == 0 ? "" : reason);
}

/* ---- context ---- */

static int choose_protocol(SSL *ssl,
                           const unsigned char **out,
                           unsigned char *out_size,
                           const unsigned char *in,
                           unsigned in_size,
                           void *user)
{
    (void)ssl;
    (void)user;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_size, protocol, sizeof protocol - 1, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* The hash of the signature's own algorithm, SHA-256 in place of older ones. */
static void bind_to(struct fh_pg_tls_context *context)
{
    X509 *certificate = SSL_CTX_get0_certificate(context->ssl);
    int digest = NID_undef;
    unsigned size = 0;
    if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) != 1 ||
        digest == NID_undef) {
        ERR_clear_error();
        return; /* Ed25519 signs without a hash, and so binds nothing */
    }
    const EVP_MD *md =
        digest == NID_md5 || digest == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(digest);
    if (md != NULL && X509_digest(certificate, md, context->binding, &size) == 1) {
        context->binding_size = size;
    }
}

int fh_pg_tls_context_new(struct fh_pg_tls_context **out,
                          const char *certificate,
                          const char *key,
                          struct fh_err *err)
{
    struct fh_pg_tls_context *context = fh_calloc(1, sizeof *context);
    if (context == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for TLS");
    }
    context->ssl = SSL_CTX_new(TLS_server_method());
    if (context->ssl == NULL) {
        fh_pg_tls_context_free(context);
        return refuse(err, FH_EINTERNAL, "it cannot be set up");
    }
    SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION);
    SSL_CTX_set_options(context->ssl,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_alpn_select_cb(context->ssl, choose_protocol, NULL);
    if (SSL_CTX_use_certificate_chain_file(context->ssl, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context->ssl, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context->ssl) != 1) {
        fh_pg_tls_context_free(context);
        return refuse(err, FH_EINVAL, "certificate and key are PEM files that fit each other");
    }
    bind_to(context);
    *out = context;
    return FH_OK;
}

void fh_pg_tls_context_free(struct fh_pg_tls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->ssl);
        fh_free(context);
    }
}

struct fh_bytes fh_pg_tls_binding(const struct fh_pg_tls_context *context)
{
    return fh_bytes(context->binding, context->binding_size);
}

/* ---- connection ---- */

struct fh_pg_tls *fh_pg_tls_new(struct fh_pg_tls_context *context, bool direct)
{
    struct fh_pg_tls *tls = fh_calloc(1, sizeof *tls);
    if (tls == NULL) {
        return NULL;
    }
    tls->direct = direct;
    tls->ssl = SSL_new(context->ssl);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (tls->ssl == NULL || tls->in == NULL || tls->out == NULL) {
        SSL_free(tls->ssl);
        BIO_free(tls->in);
        BIO_free(tls->out);
        fh_free(tls);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    SSL_set_accept_state(tls->ssl);
    return tls;
}

void fh_pg_tls_free(struct fh_pg_tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        fh_free(tls);
    }
}

bool fh_pg_tls_is_up(const struct fh_pg_tls *tls)
{
    return SSL_is_init_finished(tls->ssl) == 1;
}

/* Moves the records that OpenSSL has made. */
static int drain(struct fh_pg_tls *tls, struct fh_buf *wire, struct fh_err *err)
{
    char *data = NULL;
    long size = BIO_get_mem_data(tls->out, &data);
    if (size > 0) {
        fh_buf_add(wire, data, (size_t)size);
        (void)BIO_reset(tls->out);
    }
    return fh_buf_ok(wire) == FH_OK ? FH_OK : fh_err_set(err, fh_buf_ok(wire), "no memory for TLS");
}

static int shake_hands(struct fh_pg_tls *tls, struct fh_err *err)
{
    const unsigned char *chosen = NULL;
    unsigned size = 0;
    int result = SSL_do_handshake(tls->ssl);
    if (result != 1) {
        int error = SSL_get_error(tls->ssl, result);
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE
                   ? FH_OK
                   : refuse(err, FH_EPROTO, "the handshake failed");
    }
    SSL_get0_alpn_selected(tls->ssl, &chosen, &size);
    if (tls->direct && size != sizeof protocol - 2) {
        return refuse(
            err, FH_EPROTO, "from the first byte on it needs the protocol \"postgresql\"");
    }
    return FH_OK;
}

static int read_plain(struct fh_pg_tls *tls, struct fh_buf *plain, struct fh_err *err)
{
    for (;;) {
        size_t before = plain->size;
        size_t got = 0;
        uint8_t *room = fh_buf_reserve(plain, PART_BYTES);
        if (room == NULL) {
            return fh_err_set(err, fh_buf_ok(plain), "too much of the client's waits to be read");
        }
        int result = SSL_read_ex(tls->ssl, room, PART_BYTES, &got);
        plain->size = before + (result == 1 ? got : 0);
        if (result != 1) {
            int error = SSL_get_error(tls->ssl, result);
            if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
                return FH_OK;
            }
            return refuse(err, FH_EPROTO, "the connection was broken off");
        }
    }
}

int fh_pg_tls_read(struct fh_pg_tls *tls,
                   struct fh_bytes in,
                   struct fh_buf *plain,
                   struct fh_buf *wire,
                   struct fh_err *err)
{
    FH_ASSERT(in.size <= INT32_MAX);
    ERR_clear_error();
    if (in.size > 0 && BIO_write(tls->in, in.data, (int)in.size) != (int)in.size) {
        return refuse(err, FH_ENOMEM, "no memory");
    }
    int code = fh_pg_tls_is_up(tls) ? FH_OK : shake_hands(tls, err);
    if (code == FH_OK && fh_pg_tls_is_up(tls)) {
        code = read_plain(tls, plain, err);
    }
    struct fh_err ignored;
    int drained = drain(tls, wire, code == FH_OK ? err : &ignored); /* an alert too */
    return code == FH_OK ? drained : code;
}

int fh_pg_tls_write(struct fh_pg_tls *tls,
                    struct fh_bytes plain,
                    struct fh_buf *wire,
                    struct fh_err *err)
{
    ERR_clear_error();
    for (size_t done = 0; done < plain.size;) {
        size_t written = 0;
        if (SSL_write_ex(tls->ssl, plain.data + done, plain.size - done, &written) != 1) {
            return refuse(err, FH_EPROTO, "nothing can be written");
        }
        done += written;
        int code = drain(tls, wire, err);
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}
