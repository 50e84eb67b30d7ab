/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/certificate.h"

#include "common/file.h"
#include "common/time.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <string.h>

enum {
    PEM_BYTES_MAX = 256 * 1024,
    NAMES_BYTES = 1024,
    SERIAL_BITS = 159, /* at most 20 bytes, positive (RFC 5280) */
    LIFE_DAYS = 365,   /* browsers take no more than 398 */
    BACK_S = 600,      /* for clocks that are behind */
};
#define RENEW_MS ((int64_t)30 * 24 * 3600 * 1000)

static void free_x509(X509 **certificate)
{
    X509_free(*certificate);
}

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static int failed(struct fh_err *err, const char *what)
{
    ERR_clear_error();
    return fh_err_rule(err, FH_EIO, "door.certificate", "making a certificate: %s failed", what);
}

/* ---- making ---- */

static bool is_address(const char *name)
{
    return strchr(name, ':') != NULL || strspn(name, "0123456789.") == strlen(name);
}

/* "DNS:localhost,IP:127.0.0.1,..." */
static void alternative_names(char out[NAMES_BYTES], const char *const *names, size_t count)
{
    snprintf(out, NAMES_BYTES, "DNS:localhost,IP:127.0.0.1,IP:::1");
    for (size_t i = 0; i < count; i++) {
        size_t at = strlen(out);
        int size = snprintf(
            out + at, NAMES_BYTES - at, ",%s:%s", is_address(names[i]) ? "IP" : "DNS", names[i]);
        if (size < 0 || (size_t)size >= NAMES_BYTES - at) {
            out[at] = '\0';
            return;
        }
    }
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX about;
    X509V3_set_ctx_nodb(&about);
    X509V3_set_ctx(&about, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &about, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool set = number != NULL &&
               BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
               BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return set;
}

static bool set_name(X509 *certificate, const char *domain)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    char text[FH_NAME_BYTES_MAX + 16];
    snprintf(text, sizeof text, "freehold %.40s", domain);
    const unsigned char *bytes = (const unsigned char *)text;
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1;
}

static int
sign(X509 **out, EVP_PKEY *key, const char *domain, const char *names, struct fh_err *err)
{
    FH_CLEANUP(free_x509) X509 *certificate = X509_new();
    if (certificate == NULL || X509_set_version(certificate, X509_VERSION_3) != 1 ||
        !set_serial(certificate) || !set_name(certificate, domain) ||
        X509_gmtime_adj(X509_getm_notBefore(certificate), -BACK_S) == NULL ||
        X509_time_adj_ex(X509_getm_notAfter(certificate), LIFE_DAYS, 0, NULL) == NULL ||
        X509_set_pubkey(certificate, key) != 1) {
        return failed(err, "its fields");
    }
    if (!add_extension(certificate, NID_subject_alt_name, names) ||
        !add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(certificate, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(certificate, NID_ext_key_usage, "serverAuth")) {
        return failed(err, "its names");
    }
    if (X509_sign(certificate, key, EVP_sha256()) == 0) {
        return failed(err, "signing");
    }
    *out = FH_TAKE(certificate);
    return FH_OK;
}

static int keep(const char *path, BIO *pem, struct fh_err *err)
{
    char *data = NULL;
    long size = BIO_get_mem_data(pem, &data);
    return size > 0 ? fh_file_replace(path, fh_bytes(data, (size_t)size), 0600, err)
                    : failed(err, "writing it");
}

/* The key first: a certificate whose key is not there would be of no use. */
static int
make(const struct fh_certificate *at, const char *domain, const char *names, struct fh_err *err)
{
    FH_CLEANUP(free_key) EVP_PKEY *key = EVP_EC_gen("P-256");
    FH_CLEANUP(free_x509) X509 *certificate = NULL;
    FH_CLEANUP(free_bio) BIO *key_pem = BIO_new(BIO_s_secmem());
    FH_CLEANUP(free_bio) BIO *pem = BIO_new(BIO_s_mem());
    if (key == NULL || key_pem == NULL || pem == NULL) {
        return failed(err, "its key");
    }
    int code = sign(&certificate, key, domain, names, err);
    if (code != FH_OK) {
        return code;
    }
    if (PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(pem, certificate) != 1) {
        return failed(err, "writing it");
    }
    code = keep(at->key, key_pem, err);
    return code == FH_OK ? keep(at->certificate, pem, err) : code;
}

/* ---- reading ---- */

static int bad_file(struct fh_err *err, const char *path, const char *expected)
{
    ERR_clear_error();
    return fh_err_rule(err, FH_EINVAL, "door.certificate", "%s: expected %s", path, expected);
}

/* No passphrase is asked for on a terminal that a daemon does not have. */
static int no_passphrase(char *out, int size, int writing, void *user)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)user;
    return 0;
}

static int read_pair(const struct fh_certificate *at,
                     X509 **out_certificate,
                     EVP_PKEY **out_key,
                     struct fh_err *err)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    struct fh_buf secret;
    fh_buf_init(&text, PEM_BYTES_MAX);
    fh_buf_init(&secret, PEM_BYTES_MAX);
    int code = fh_file_read(at->certificate, &text, err);
    if (code == FH_OK) {
        code = fh_file_read_secret(at->key, &secret, err);
    }
    FH_CLEANUP(free_bio)
    BIO *pem = code != FH_OK ? NULL : BIO_new_mem_buf(text.data, (int)text.size);
    FH_CLEANUP(free_bio)
    BIO *key_pem = code != FH_OK ? NULL : BIO_new_mem_buf(secret.data, (int)secret.size);
    if (code == FH_OK && pem != NULL && key_pem != NULL) {
        *out_certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
        *out_key = PEM_read_bio_PrivateKey(key_pem, NULL, no_passphrase, NULL);
        if (*out_certificate == NULL) {
            code = bad_file(err, at->certificate, "a certificate in PEM form");
        } else if (*out_key == NULL) {
            code = bad_file(err, at->key, "a private key in PEM form, without a passphrase");
        } else if (X509_check_private_key(*out_certificate, *out_key) != 1) {
            code = bad_file(err, at->key, "the private key of the certificate");
        }
    } else if (code == FH_OK) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for a certificate");
    }
    if (secret.data != NULL) {
        OPENSSL_cleanse(secret.data, secret.capacity);
    }
    fh_buf_fini(&secret);
    return code;
}

static int read_end(struct fh_certificate *out, const X509 *certificate, struct fh_err *err)
{
    static const char hex[] = "0123456789ABCDEF";
    int days = 0;
    int seconds = 0;
    uint8_t hash[32];
    unsigned size = 0;
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1 ||
        X509_digest(certificate, EVP_sha256(), hash, &size) != 1 || size != sizeof hash) {
        return bad_file(err, out->certificate, "a certificate with an end");
    }
    out->until_ms = fh_clock_wall_ms() + ((int64_t)days * 24 * 3600 + seconds) * 1000;
    for (size_t i = 0; i < sizeof hash; i++) {
        char *at = out->print + i * 3;
        at[0] = hex[hash[i] >> 4];
        at[1] = hex[hash[i] & 15];
        at[2] = i + 1 < sizeof hash ? ':' : '\0';
    }
    return FH_OK;
}

/* Whether it is for these names, so that it is made anew when the address changes. */
static bool is_for(X509 *certificate, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int fits = is_address(names[i]) ? X509_check_ip_asc(certificate, names[i], 0)
                                        : X509_check_host(certificate, names[i], 0, 0, NULL);
        if (fits != 1) {
            return false;
        }
    }
    return true;
}

static int look(struct fh_certificate *out,
                const char *const *names,
                size_t count,
                bool *out_good,
                struct fh_err *err)
{
    FH_CLEANUP(free_x509) X509 *certificate = NULL;
    FH_CLEANUP(free_key) EVP_PKEY *key = NULL;
    int code = read_pair(out, &certificate, &key, err);
    if (code == FH_OK) {
        code = read_end(out, certificate, err);
    }
    if (code == FH_OK) {
        *out_good =
            out->until_ms - fh_clock_wall_ms() > RENEW_MS && is_for(certificate, names, count);
    }
    return code;
}

int fh_certificate_open(struct fh_certificate *out,
                        const struct fh_home *home,
                        const struct fh_settings *settings,
                        const char *const *names,
                        size_t name_count,
                        struct fh_err *err)
{
    char keys[FH_HOME_PATH_BYTES];
    char text[NAMES_BYTES];
    struct fh_certificate found = {.own = settings->tls_certificate[0] == '\0'};
    bool good = false;
    if (!found.own) {
        memcpy(found.certificate, settings->tls_certificate, sizeof found.certificate);
        memcpy(found.key, settings->tls_key, sizeof found.key);
        int code = look(&found, NULL, 0, &good, err);
        *out = code == FH_OK ? found : *out;
        return code;
    }
    fh_home_path(keys, home, FH_HOME_KEYS);
    snprintf(found.certificate, sizeof found.certificate, "%s/door_certificate.pem", keys);
    snprintf(found.key, sizeof found.key, "%s/door_certificate_key.pem", keys);
    int code = look(&found, names, name_count, &good, err);
    if (code == FH_ENOTFOUND || (code == FH_OK && !good)) {
        alternative_names(text, names, name_count);
        code = make(&found, settings->domain, text, err);
        if (code == FH_OK) {
            code = look(&found, names, name_count, &good, err);
        }
    }
    if (code == FH_OK) {
        *out = found;
    }
    return code;
}
