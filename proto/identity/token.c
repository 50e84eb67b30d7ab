/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/token.h"

#include "common/assert.h"
#include "proto/wire/pack.h"

#include <stdio.h>
#include <string.h>

enum { PAYLOAD_VERSION = 1, TOKEN_FIELDS = 10 };

/* Who may make one: people and their jobs. A node's key answers, a domain's key is kept away. */
#define ROLES_VOUCHING (FH_ROLE_MASK(FH_ROLE_PUBLISHER) | FH_ROLE_MASK(FH_ROLE_MEMBER))

/* ---- powers ---- */

static const struct {
    unsigned bit;
    const char *word;
} powers[] = {
#define X(name, bit, word, what) {(bit), (word)},
    FH_TOKEN_POWERS(X)
#undef X
};

unsigned fh_token_power_of(const char *word)
{
    for (size_t i = 0; i < FH_COUNT(powers); i++) {
        if (strcmp(powers[i].word, word) == 0) {
            return powers[i].bit;
        }
    }
    return 0;
}

void fh_token_powers_text(char out[FH_TOKEN_POWERS_TEXT_BYTES], unsigned bits)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < FH_COUNT(powers); i++) {
        if ((bits & powers[i].bit) != 0) {
            at += (size_t)snprintf(out + at,
                                   FH_TOKEN_POWERS_TEXT_BYTES - at,
                                   "%s%s",
                                   at > 0 ? "," : "",
                                   powers[i].word); /* all of them fit */
        }
    }
}

/* ---- checks ---- */

static int refuse(struct fh_err *err, const char *rule, const char *text)
{
    return fh_err_rule(err, FH_EINVAL, rule, "token: %s", text);
}

/* "domain/product" or "domain/product@MAJOR". */
static bool is_product(const char *text)
{
    char domain[FH_NAME_BYTES_MAX + 1];
    char product[FH_NAME_BYTES_MAX + 1];
    size_t size = strcspn(text, "/");
    if (text[size] != '/' || size >= sizeof domain) {
        return false;
    }
    memcpy(domain, text, size);
    domain[size] = '\0';
    const char *rest = text + size + 1;
    size = strcspn(rest, "@");
    if (size >= sizeof product) {
        return false;
    }
    memcpy(product, rest, size);
    product[size] = '\0';
    if (fh_name_check("domain", domain, NULL) != FH_OK ||
        fh_name_check("product", product, NULL) != FH_OK) {
        return false;
    }
    const char *major = rest + size;
    size_t digits = major[0] == '@' ? strspn(major + 1, "0123456789") : 0;
    return major[0] == '\0' ||
           (digits > 0 && digits <= 9 && major[1] != '0' && major[1 + digits] == '\0');
}

/* `texts` are rows of `width` bytes. */
static int check_list(const char *texts,
                      size_t width,
                      uint32_t count,
                      const char *rule,
                      const char *expected,
                      struct fh_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *text = texts + i * width;
        bool fits = text[0] != '\0' && fh_text_printable(text);
        if (!fits || (i > 0 && strcmp(text - width, text) >= 0)) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               rule,
                               "token: number %u: expected %s, ascending, each once",
                               i + 1,
                               expected);
        }
    }
    return FH_OK;
}

static int check_products(const struct fh_token *token, struct fh_err *err)
{
    static const char expected[] = "domain/product or domain/product@MAJOR";
    for (uint32_t i = 0; i < token->product_count; i++) {
        if (!is_product(token->products[i])) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "token.products",
                               "token: product %u: expected %s",
                               i + 1,
                               expected);
        }
    }
    return check_list(token->products[0],
                      sizeof token->products[0],
                      token->product_count,
                      "token.products",
                      expected,
                      err);
}

int fh_token_check(const struct fh_token *token, struct fh_err *err)
{
    FH_ASSERT(token->purpose_count <= FH_TOKEN_PURPOSES_MAX);
    FH_ASSERT(token->product_count <= FH_TOKEN_PRODUCTS_MAX);
    if (token->not_before_ms < 0 || token->not_after_ms <= token->not_before_ms ||
        token->not_after_ms - token->not_before_ms > FH_TOKEN_LIFE_MS) {
        return refuse(err, "token.time", "expected its end after its beginning, within 90 days");
    }
    if (memcmp(token->member.b, token->key.b, sizeof token->key.b) == 0) {
        return refuse(err, "token.key", "expected a key of its own, not the member's");
    }
    if (!fh_text_printable(token->label)) {
        return refuse(err, "token.label", "expected a label without control characters");
    }
    int code = check_list(token->purposes[0],
                          sizeof token->purposes[0],
                          token->purpose_count,
                          "token.purposes",
                          "a purpose without control characters",
                          err);
    return code == FH_OK ? check_products(token, err) : code;
}

/* ---- records ---- */

void fh_token_make(struct fh_buf *out,
                   const struct fh_token *token,
                   const struct fh_mesh_id *mesh,
                   const struct fh_sign_secret *member)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_TOKEN_BYTES_MAX);
    fh_pack_array(&payload, TOKEN_FIELDS);
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(token->domain.b, sizeof token->domain.b));
    fh_pack_bin(&payload, fh_bytes(token->member.b, sizeof token->member.b));
    fh_pack_bin(&payload, fh_bytes(token->key.b, sizeof token->key.b));
    fh_pack_uint(&payload, (uint64_t)token->not_before_ms);
    fh_pack_uint(&payload, (uint64_t)token->not_after_ms);
    fh_pack_cstr(&payload, token->label);
    fh_pack_array(&payload, token->purpose_count);
    for (uint32_t i = 0; i < token->purpose_count; i++) {
        fh_pack_cstr(&payload, token->purposes[i]);
    }
    fh_pack_array(&payload, token->product_count);
    for (uint32_t i = 0; i < token->product_count; i++) {
        fh_pack_cstr(&payload, token->products[i]);
    }
    fh_pack_uint(&payload, token->powers);
    struct fh_record draft = {.type = FH_RECORD_TOKEN, .payload = fh_buf_view(&payload)};
    struct fh_token again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_token_decode(&again, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, member);
}

int fh_token_decode(struct fh_token *out, const struct fh_record *record, struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_TOKEN);
    struct fh_token token = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, TOKEN_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, token.domain.b, sizeof token.domain.b);
    fh_pack_read_fixed(&reader, token.member.b, sizeof token.member.b);
    fh_pack_read_fixed(&reader, token.key.b, sizeof token.key.b);
    token.not_before_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    token.not_after_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_cstr(&reader, token.label, sizeof token.label);
    token.purpose_count = fh_pack_read_array(&reader, FH_TOKEN_PURPOSES_MAX);
    for (uint32_t i = 0; i < token.purpose_count && reader.failed == FH_OK; i++) {
        fh_pack_read_cstr(&reader, token.purposes[i], sizeof token.purposes[i]);
    }
    token.product_count = fh_pack_read_array(&reader, FH_TOKEN_PRODUCTS_MAX);
    for (uint32_t i = 0; i < token.product_count && reader.failed == FH_OK; i++) {
        fh_pack_read_cstr(&reader, token.products[i], sizeof token.products[i]);
    }
    token.powers = (uint32_t)fh_pack_read_uint(&reader, UINT32_MAX);
    fh_pack_read_record_end(&reader, count, TOKEN_FIELDS);
    int code = fh_pack_read_ok(&reader, "token", err);
    if (code == FH_OK) {
        code = fh_token_check(&token, err);
    }
    if (code == FH_OK) {
        *out = token;
    }
    return code;
}

bool fh_token_is_record(struct fh_bytes bytes)
{
    /* The envelope begins with an array of four, 1 and the type. */
    return bytes.size > 2 && bytes.data[1] == 1 && bytes.data[2] == FH_RECORD_TOKEN;
}

/* ---- judging ---- */

int fh_token_check_time(const struct fh_token *token, int64_t when_ms, struct fh_err *err)
{
    if (when_ms > token->not_after_ms) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "token.expired",
                           "the token has ended; make a new one with `freehold token create`");
    }
    if (when_ms + FH_CLOCK_SKEW_MS < token->not_before_ms) {
        return fh_err_rule(
            err, FH_EDENIED, "token.expired", "the token is not in force yet; check the clocks");
    }
    return FH_OK;
}

int fh_token_check_end(const struct fh_directory *dir,
                       const struct fh_sign_public *member,
                       const struct fh_record_id *id,
                       int64_t when_ms,
                       struct fh_err *err)
{
    if (fh_record_id_is_zero(id) || when_ms < fh_directory_token_ended(dir, member, id)) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_EDENIED,
                       "token.revoked",
                       "the token was revoked; make a new one with `freehold token create`");
}

int fh_token_verify(struct fh_token *out,
                    struct fh_record_id *out_id,
                    const struct fh_directory *dir,
                    struct fh_bytes bytes,
                    int64_t when_ms,
                    struct fh_err *err)
{
    struct fh_record record;
    struct fh_token token;
    struct fh_signer signer;
    int code = fh_record_parse(&record, bytes, fh_directory_mesh(dir), err);
    if (code == FH_OK && record.type != FH_RECORD_TOKEN) {
        code = fh_err_rule(err, FH_EINVAL, "token.record", "the record is no token");
    }
    if (code == FH_OK) {
        code = fh_token_decode(&token, &record, err);
    }
    if (code != FH_OK) {
        return code;
    }
    code = fh_directory_verify(
        dir, &record, &token.domain, ROLES_VOUCHING, token.not_before_ms, &signer, err);
    if (code == FH_OK && memcmp(signer.key.b, token.member.b, sizeof signer.key.b) != 0) {
        code = fh_err_rule(err,
                           FH_ESIG,
                           "token.member",
                           "the token is signed by another key than the one that it names");
    }
    if (code == FH_OK) {
        struct fh_ref member = record.signatures[0].key;
        code = fh_directory_signer(dir, &member, &token.domain, when_ms, ROLES_VOUCHING, NULL, err);
    }
    if (code == FH_OK) {
        code = fh_token_check_time(&token, when_ms, err);
    }
    if (code == FH_OK) {
        code = fh_token_check_end(dir, &token.member, &record.id, when_ms, err);
    }
    if (code == FH_OK) {
        *out = token;
        if (out_id != NULL) {
            *out_id = record.id;
        }
    }
    return code;
}

int fh_token_check_purpose(const struct fh_token *token, const char *purpose, struct fh_err *err)
{
    for (uint32_t i = 0; i < token->purpose_count; i++) {
        if (strcmp(token->purposes[i], purpose) == 0) {
            return FH_OK;
        }
    }
    if (token->purpose_count == 0) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_EDENIED,
                       "token.purpose",
                       "the token is for other purposes; state one of its %u, as \"%.64s\"",
                       token->purpose_count,
                       token->purposes[0]);
}

int fh_token_check_product(const struct fh_token *token,
                           const char *domain_name,
                           const char *product,
                           uint32_t major,
                           struct fh_err *err)
{
    char any[FH_TOKEN_PRODUCT_BYTES_MAX + 1];
    char one[FH_TOKEN_PRODUCT_BYTES_MAX + 1];
    snprintf(any, sizeof any, "%.63s/%.63s", domain_name, product);
    snprintf(one, sizeof one, "%.63s/%.63s@%u", domain_name, product, (unsigned)major);
    for (uint32_t i = 0; i < token->product_count; i++) {
        if (strcmp(token->products[i], any) == 0 || strcmp(token->products[i], one) == 0) {
            return FH_OK;
        }
    }
    if (token->product_count == 0) {
        return FH_OK;
    }
    return fh_err_rule(err, FH_EDENIED, "token.product", "the token is not for %s", one);
}

int fh_token_check_power(const struct fh_token *token,
                         enum fh_token_power power,
                         struct fh_err *err)
{
    if ((token->powers & (unsigned)power) == (unsigned)power) {
        return FH_OK;
    }
    char word[FH_TOKEN_POWERS_TEXT_BYTES];
    fh_token_powers_text(word, power);
    return fh_err_rule(err,
                       FH_EDENIED,
                       "token.power",
                       "the token reads and may not %s; make one with `freehold token create --may "
                       "%s`, or use the member's own key",
                       word,
                       word);
}

/* ---- records that a token signs ---- */

void fh_token_carry(struct fh_buf *out, struct fh_bytes token)
{
    if (token.size > 0) {
        fh_pack_bin(out, token);
    }
}

uint32_t fh_token_read_carried(struct fh_bytes *out,
                               struct fh_pack_reader *reader,
                               uint32_t count,
                               uint32_t fields)
{
    *out = FH_BYTES_NONE;
    if (count <= fields) {
        return fields;
    }
    *out = fh_pack_read_bin(reader, FH_TOKEN_RECORD_BYTES_MAX);
    if (out->size == 0 && count == fields + 1) { /* a newer version may put fields behind it */
        fh_pack_fail(reader, "expected a token, or nothing in its place");
    }
    return fields + 1;
}

static int judge_plain(struct fh_token_signer *out,
                       const struct fh_directory *dir,
                       const struct fh_record *record,
                       const struct fh_domain_id *domain,
                       unsigned roles,
                       int64_t when_ms,
                       struct fh_err *err)
{
    struct fh_signer signer;
    int code = fh_directory_judge_record(dir, record, domain, roles, when_ms, &signer, err);
    if (code == FH_OK) {
        out->key = fh_key_id_of(&signer.key);
        out->public = signer.key;
        out->by_token = false;
        out->token_id = (struct fh_record_id){{0}};
    }
    return code;
}

int fh_token_judge_signer(struct fh_token_signer *out,
                          const struct fh_directory *dir,
                          const struct fh_record *record,
                          const struct fh_domain_id *domain,
                          struct fh_bytes carried,
                          unsigned power,
                          unsigned roles,
                          int64_t when_ms,
                          struct fh_err *err)
{
    struct fh_token_signer by = {.by_token = true};
    if (carried.size == 0) {
        return judge_plain(out, dir, record, domain, roles, when_ms, err);
    }
    int code = fh_token_verify(&by.token, &by.token_id, dir, carried, when_ms, err);
    if (code == FH_OK && !fh_domain_id_equal(&by.token.domain, domain)) {
        code = fh_err_rule(err,
                           FH_ESIG,
                           "token.other",
                           "%s record: it carries the token of another domain",
                           fh_record_type_text(record->type));
    }
    if (code == FH_OK) {
        struct fh_ref member;
        by.key = fh_key_id_of(&by.token.member);
        by.public = by.token.key;
        member = fh_key_id_ref(&by.key);
        code = fh_directory_signer(dir, &member, domain, when_ms, roles, NULL, err);
    }
    if (code == FH_OK && power != 0) {
        code = fh_token_check_power(&by.token, (enum fh_token_power)power, err);
    }
    if (code == FH_OK) {
        *out = by;
    }
    return code;
}

int fh_token_prove_signer(const struct fh_token_signer *signer,
                          const struct fh_directory *dir,
                          const struct fh_record *record,
                          struct fh_err *err)
{
    if (fh_directory_signed_by(dir, record, &signer->public)) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_ESIG,
                       "record.signature",
                       signer->by_token
                           ? "%s record: expected one signature, by the key of its token"
                           : "%s record: the signature does not verify",
                       fh_record_type_text(record->type));
}

int fh_token_verify_signer(struct fh_token_signer *out,
                           const struct fh_directory *dir,
                           const struct fh_record *record,
                           const struct fh_domain_id *domain,
                           struct fh_bytes carried,
                           unsigned power,
                           unsigned roles,
                           int64_t when_ms,
                           struct fh_err *err)
{
    struct fh_token_signer by;
    int code = fh_token_judge_signer(&by, dir, record, domain, carried, power, roles, when_ms, err);
    if (code == FH_OK) {
        code = fh_token_prove_signer(&by, dir, record, err);
    }
    if (code == FH_OK) {
        *out = by;
    }
    return code;
}
