/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/announce.h"

#include "common/assert.h"
#include "common/semver.h"
#include "proto/identity/keylog.h"
#include "proto/wire/pack.h"

#include <stdio.h>

enum { ANNOUNCE_FORM = 1, ANNOUNCE_FIELDS = 15 };

/* The largest value of each field with its head, so that any announcement rides in gossip. */
enum {
    LARGEST = 1 + 1 + (2 + FH_ID_BYTES) + (2 + FH_NAME_BYTES_MAX) + (2 + FH_VERSION_BYTES_MAX) + 9 +
              1 + (2 + FH_ID_BYTES) + 5 + 9 + 9 + 9 + (2 + FH_ANNOUNCE_TITLE_BYTES_MAX) +
              (3 + FH_ANNOUNCEMENT_SUMMARY_BYTES_MAX) + 9 + (2 + FH_SUCCESSOR_BYTES_MAX),
    ENVELOPE = 1 + 1 + 1 + 3 + 1 + 1 + (2 + FH_ID_BYTES / 2) + (2 + FH_SIGNATURE_BYTES),
};
_Static_assert((int)LARGEST <= (int)FH_ANNOUNCE_BYTES_MAX, "an announcement fits its record");
_Static_assert((int)LARGEST + (int)ENVELOPE <= (int)FH_RECORD_GOSSIP_BYTES_MAX,
               "the record fits a rumour");

static const char *const status_texts[] = {
#define X(name, code, text) [code] = (text),
    FH_ANNOUNCE_STATUSES(X)
#undef X
};

void fh_announce_encode(struct fh_buf *out, const struct fh_announcement *announcement)
{
    FH_ASSERT(announcement->issued_ms >= 0);
    FH_ASSERT(announcement->expires_ms > announcement->issued_ms);
    FH_ASSERT(announcement->revision >= 1);
    FH_ASSERT(announcement->sunset_ms >= 0);
    fh_pack_array(out, ANNOUNCE_FIELDS);
    fh_pack_uint(out, ANNOUNCE_FORM);
    fh_pack_bin(out, fh_bytes(announcement->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, announcement->product);
    fh_pack_cstr(out, announcement->version);
    fh_pack_uint(out, announcement->revision);
    fh_pack_uint(out, (uint64_t)announcement->status);
    fh_pack_bin(out, fh_bytes(announcement->contract.b, FH_ID_BYTES));
    fh_pack_uint(out, announcement->contract_bytes);
    fh_pack_uint(out, announcement->contract_seq);
    fh_pack_uint(out, (uint64_t)announcement->issued_ms);
    fh_pack_uint(out, (uint64_t)announcement->expires_ms);
    fh_pack_cstr(out, announcement->title);
    fh_pack_cstr(out, announcement->summary);
    fh_pack_uint(out, (uint64_t)announcement->sunset_ms);
    fh_pack_cstr(out, announcement->successor);
}

/* ---- successors ---- */

/* "@MAJOR" and nothing behind it: digits without a leading zero, at most 32 bits. */
static bool is_major(const char *text)
{
    uint64_t value = 0;
    size_t digits = strspn(text, "0123456789");
    for (size_t i = 0; i < digits && i < 11; i++) {
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    return digits > 0 && digits <= 10 && text[digits] == '\0' && value <= UINT32_MAX &&
           (digits == 1 || text[0] != '0');
}

static bool is_name(const char *what, const char *text, size_t size)
{
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_err ignored;
    if (size > FH_NAME_BYTES_MAX) {
        return false;
    }
    memcpy(name, text, size);
    name[size] = '\0';
    return fh_name_check(what, name, &ignored) == FH_OK;
}

int fh_announce_successor_check(const char *text, struct fh_err *err)
{
    size_t domain = strcspn(text, "/");
    bool has_domain = text[domain] == '/';
    const char *product = has_domain ? text + domain + 1 : text;
    size_t size = strcspn(product, "@");
    if ((has_domain && !is_name("domain", text, domain)) || !is_name("product", product, size) ||
        product[size] != '@' || !is_major(product + size + 1)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "announce.successor",
                           "\"%.140s\" names no successor; write product@2 or domain/product@2",
                           text);
    }
    return FH_OK;
}

void fh_announce_successor_text(char out[FH_SUCCESSOR_TEXT_BYTES],
                                const char *successor,
                                const char *owner_name)
{
    bool whole = successor[0] == '\0' || strchr(successor, '/') != NULL || owner_name[0] == '\0';
    snprintf(out,
             FH_SUCCESSOR_TEXT_BYTES,
             "%.63s%s%s",
             whole ? "" : owner_name,
             whole ? "" : "/",
             successor);
}

/* A product that goes nowhere has no end and no successor, and none succeeds itself. */
static int check_end(const struct fh_announcement *read, struct fh_err *err)
{
    bool has_end = read->sunset_ms != 0 || read->successor[0] != '\0';
    if (has_end && (read->status == FH_ANNOUNCE_DRAFT || read->status == FH_ANNOUNCE_ACTIVE)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "announce.sunset",
                           "announcement of %s: it is %s and states an end or a successor; only "
                           "deprecated and retired products have one",
                           read->product,
                           fh_announce_status_text(read->status));
    }
    if (read->successor[0] == '\0') {
        return FH_OK;
    }
    char itself[FH_NAME_BYTES_MAX + 12];
    snprintf(itself, sizeof itself, "%s@%u", read->product, (unsigned)read->major);
    int rc = fh_announce_successor_check(read->successor, err);
    if (rc == FH_OK && strcmp(itself, read->successor) == 0) {
        rc = fh_err_rule(
            err, FH_EINVAL, "announce.successor", "%s cannot be its own successor", itself);
    }
    return rc == FH_OK ? FH_OK : fh_err_wrap(err, "announcement of %s", read->product);
}

/* ---- reading ---- */

static int check(struct fh_announcement *read, struct fh_err *err)
{
    struct fh_semver version;
    int rc = fh_name_check("product", read->product, err);
    if (rc == FH_OK) {
        rc = fh_semver_parse(&version, read->version, err);
    }
    if (rc != FH_OK) {
        return fh_err_wrap(err, "announcement");
    }
    read->major = version.major;
    if (read->revision == 0 || read->contract_seq == 0) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "announce.sequence",
                           "announcement of %s: revision and contract sequence count from 1",
                           read->product);
    }
    if (read->contract_bytes == 0 || read->contract_bytes > FH_RECORD_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "announce.size",
                           "announcement of %s: a contract has 1 to %d bytes, this one claims %llu",
                           read->product,
                           FH_RECORD_BYTES_MAX,
                           (unsigned long long)read->contract_bytes);
    }
    if (read->expires_ms <= read->issued_ms) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "announce.expiry",
                           "announcement of %s expires before it was issued",
                           read->product);
    }
    return check_end(read, err);
}

int fh_announce_parse(struct fh_announcement *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_announcement read = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, payload);
    uint32_t fields = fh_pack_read_record(&reader, ANNOUNCE_FIELDS);
    uint64_t form = fh_pack_read_uint(&reader, UINT64_MAX);
    if (reader.failed == FH_OK && form != ANNOUNCE_FORM) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "announce.version",
                           "announcement form %llu is not known here, only form %d",
                           (unsigned long long)form,
                           ANNOUNCE_FORM);
    }
    fh_pack_read_fixed(&reader, read.domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(&reader, read.product, sizeof read.product);
    fh_pack_read_cstr(&reader, read.version, sizeof read.version);
    read.revision = fh_pack_read_uint(&reader, UINT64_MAX);
    read.status = (enum fh_announce_status)fh_pack_read_uint(&reader, FH_ANNOUNCE_STATUS_COUNT - 1);
    fh_pack_read_fixed(&reader, read.contract.b, FH_ID_BYTES);
    read.contract_bytes = fh_pack_read_uint(&reader, UINT64_MAX);
    read.contract_seq = fh_pack_read_uint(&reader, UINT64_MAX);
    read.issued_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    read.expires_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_cstr(&reader, read.title, sizeof read.title);
    fh_pack_read_cstr(&reader, read.summary, sizeof read.summary);
    read.sunset_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_cstr(&reader, read.successor, sizeof read.successor);
    for (uint32_t i = ANNOUNCE_FIELDS; i < fields && reader.failed == FH_OK; i++) {
        fh_pack_skip(&reader); /* of a newer minor version */
    }
    int rc = fh_pack_read_ok(&reader, "announcement", err);
    if (rc == FH_OK && !fh_pack_at_end(&reader)) {
        rc = fh_err_rule(err,
                         FH_EINVAL,
                         "announce.trailing",
                         "announcement: bytes follow its end at %zu",
                         reader.at);
    }
    if (rc == FH_OK) {
        rc = check(&read, err);
    }
    if (rc == FH_OK) {
        *out = read;
    }
    return rc;
}

struct fh_announce_key fh_announce_key(const struct fh_announcement *announcement)
{
    struct fh_announce_key key = {.domain = announcement->domain, .major = announcement->major};
    memcpy(key.product, announcement->product, sizeof key.product);
    return key;
}

int fh_announce_key_compare(const struct fh_announce_key *a, const struct fh_announce_key *b)
{
    int order = fh_domain_id_compare(&a->domain, &b->domain);
    if (order == 0) {
        order = strcmp(a->product, b->product);
    }
    if (order == 0) {
        order = a->major < b->major ? -1 : a->major > b->major;
    }
    return order;
}

bool fh_announce_supersedes(const struct fh_announcement *a,
                            const struct fh_record_id *a_id,
                            const struct fh_announcement *b,
                            const struct fh_record_id *b_id)
{
    if (a->revision != b->revision) {
        return b->revision > a->revision;
    }
    return fh_record_id_compare(b_id, a_id) > 0;
}

const char *fh_announce_status_text(unsigned status)
{
    return status < FH_COUNT(status_texts) ? status_texts[status] : "unknown";
}

int fh_announce_status_parse(enum fh_announce_status *out, const char *text, struct fh_err *err)
{
    for (unsigned i = 0; i < FH_COUNT(status_texts); i++) {
        if (strcmp(text, status_texts[i]) == 0) {
            *out = (enum fh_announce_status)i;
            return FH_OK;
        }
    }
    return fh_err_rule(err,
                       FH_EINVAL,
                       "announce.status",
                       "status \"%.32s\" is none of draft, active, deprecated, retired, withdrawn",
                       text);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void fh_announce_text(char *out, size_t size, const char *text)
{
    static const char ellipsis[] = "...";
    FH_ASSERT(size > sizeof ellipsis);
    size_t used = 0;
    bool pending_space = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (is_space(*at)) {
            pending_space = used > 0;
            continue;
        }
        if (used + (pending_space ? 2 : 1) > size - 1) {
            /* Too long: step back to room for the ellipsis and to the start of a character. */
            used = used < size - sizeof ellipsis ? used : size - sizeof ellipsis;
            while (used > 0 && ((uint8_t)out[used] & 0xc0) == 0x80) {
                used--;
            }
            memcpy(out + used, ellipsis, sizeof ellipsis);
            return;
        }
        if (pending_space) {
            out[used++] = ' ';
            pending_space = false;
        }
        out[used++] = *at;
    }
    out[used] = '\0';
}
