/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Announcement: the small record by which the mesh learns of a product.
 *
 * It carries what a catalogue lists and where the rest is: product, version, status and what the
 * owner promised about its end, the record id and size of the contract, title and summary. Gossip
 * spreads it; the contract is pulled by its id over a session. The catalogue keeps one announcement
 * per key (domain, product, major version), so that majors live side by side. Which one may follow
 * which is decided in proto/gossip/lifecycle.
 *
 * Does not: verify signatures, know contracts. Thread: any. Ownership: plain value.
 */
#ifndef FH_PROTO_GOSSIP_ANNOUNCE_H
#define FH_PROTO_GOSSIP_ANNOUNCE_H

#include "common/limits.h"
#include "proto/wire/id.h"

/* X(NAME, code, text) */
#define FH_ANNOUNCE_STATUSES(X)                                                                    \
    X(DRAFT, 0, "draft")                                                                           \
    X(ACTIVE, 1, "active")                                                                         \
    X(DEPRECATED, 2, "deprecated")                                                                 \
    X(RETIRED, 3, "retired")                                                                       \
    X(WITHDRAWN, 4, "withdrawn") /* tombstone: the product is gone */

enum fh_announce_status {
#define X(name, code, text) FH_ANNOUNCE_##name = (code),
    FH_ANNOUNCE_STATUSES(X)
#undef X
        FH_ANNOUNCE_STATUS_COUNT
};

enum {
    FH_ANNOUNCE_TITLE_BYTES_MAX = 120, /* one line of a list */
    FH_ANNOUNCE_BYTES_MAX = 900, /* the payload's limit in FH_RECORD_TYPES: it rides in gossip */
};

struct fh_announcement {
    struct fh_domain_id domain;
    char product[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1]; /* a semantic version */
    uint32_t major;                         /* of `version`; filled by parsing */
    uint64_t revision;                      /* >= 1, strictly increasing per key */
    enum fh_announce_status status;
    struct fh_record_id contract; /* record id of the CONTRACT */
    uint64_t contract_bytes;      /* size of that record */
    uint64_t contract_seq;        /* >= 1 */
    int64_t issued_ms;            /* Unix, UTC */
    int64_t expires_ms;           /* > issued */
    char title[FH_ANNOUNCE_TITLE_BYTES_MAX + 1];
    char summary[FH_ANNOUNCEMENT_SUMMARY_BYTES_MAX + 1];
    int64_t
        sunset_ms; /* Unix, UTC: served until then at least; 0: no date. Only from DEPRECATED on */
    char successor[FH_SUCCESSOR_BYTES_MAX + 1]; /* what to use instead, "" none: "product@MAJOR" of
                                                   the same domain, or "domain/product@MAJOR" */
};

/* What the catalogue keeps one announcement of. */
struct fh_announce_key {
    struct fh_domain_id domain;
    char product[FH_NAME_BYTES_MAX + 1];
    uint32_t major;
};

/* Appends the payload (canonical, positional). Title and summary must fit; see fh_announce_text. */
void fh_announce_encode(struct fh_buf *out, const struct fh_announcement *announcement);

/* Reads and checks a scanned payload. FH_EINVAL ("announce.*", "name.*", "semver.form"),
 * FH_EVERSION. Draft and active products have neither sunset nor successor ("announce.sunset"). */
FH_MUST_CHECK int
fh_announce_parse(struct fh_announcement *out, struct fh_bytes payload, struct fh_err *err);

/* Whether `text` names a successor. FH_EINVAL, rule "announce.successor", says what would be right.
 */
FH_MUST_CHECK int fh_announce_successor_check(const char *text, struct fh_err *err);
/* The successor as people write it: "domain/product@2", the owner's domain put
 * in front when the announcement does not name one; "" when there is none. */
enum { FH_SUCCESSOR_TEXT_BYTES = FH_SUCCESSOR_BYTES_MAX + 1 };
void fh_announce_successor_text(char out[FH_SUCCESSOR_TEXT_BYTES],
                                const char *successor,
                                const char *owner_name);

struct fh_announce_key fh_announce_key(const struct fh_announcement *announcement);
int fh_announce_key_compare(const struct fh_announce_key *a, const struct fh_announce_key *b);

/* Whether `b` takes the place of `a` under one key: the higher revision, then the greater record
 * id. Every node decides alike, in any order of arrival. */
bool fh_announce_supersedes(const struct fh_announcement *a,
                            const struct fh_record_id *a_id,
                            const struct fh_announcement *b,
                            const struct fh_record_id *b_id);

/* "active"; "unknown" for codes out of range. */
const char *fh_announce_status_text(unsigned status);
/* The status of this text; FH_EINVAL names the right ones. */
FH_MUST_CHECK int
fh_announce_status_parse(enum fh_announce_status *out, const char *text, struct fh_err *err);

/* Copies `text` as one line of at most `size - 1` bytes: white space collapsed, cut between UTF-8
 * characters with "..." when it is longer. For title and summary. */
void fh_announce_text(char *out, size_t size, const char *text);

#endif
