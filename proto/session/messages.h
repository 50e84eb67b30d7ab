/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session messages: what a request and its answer say, once the session has opened the frame.
 *
 * A request is the canonical array [code, fields...]; an answer is [0, fields...] or
 * [error code, rule, text, retry after ms]. The local admin socket speaks the same language without
 * a session. Records travel as opaque bins: whoever receives one verifies it as if it had found it.
 *
 * Encoders append to a buffer; decoders fill a struct whose strings and bins are views into the
 * given bytes (borrowed). A list of bins is walked with fh_msg_bins_next.
 *
 * Does not: verify records, know sockets. Thread: any; values.
 * Source of the table: proto/README.md, "Session messages".
 */
#ifndef FH_PROTO_SESSION_MESSAGES_H
#define FH_PROTO_SESSION_MESSAGES_H

#include "common/limits.h"
#include "proto/session/message_codes.h"
#include "proto/wire/pack.h"
#include "proto/wire/record.h"

/* "QUERY"; "unknown". */
const char *fh_msg_text(unsigned code);

/* Reads the head of a request: scans the whole payload within `bytes_max`, leaves `reader` at the
 * first field. FH_EPROTO with rule "message.form". */
FH_MUST_CHECK int fh_msg_open(struct fh_pack_reader *reader,
                              struct fh_bytes payload,
                              size_t bytes_max,
                              unsigned *out_code,
                              struct fh_err *err);

/* An error answer. `err` is borrowed; its text was made for the asking party. */
void fh_msg_error(struct fh_buf *out, const struct fh_err *err, uint32_t retry_after_ms);

/* Reads the head of an answer: FH_OK and `reader` at the first field, or the remote error in `err`
 * (its code is the result), or FH_EPROTO. */
FH_MUST_CHECK int fh_msg_answer(struct fh_pack_reader *reader,
                                struct fh_bytes payload,
                                size_t bytes_max,
                                struct fh_err *err);

/* A list of bins inside a scanned message. */
struct fh_msg_bins {
    struct fh_pack_reader reader; /* private */
    uint32_t left;
};
/* The next bin, or false at the end. */
bool fh_msg_bins_next(struct fh_msg_bins *bins, struct fh_bytes *out);

/* STATUS -> who answers and how it is. */
struct fh_msg_status {
    struct fh_mesh_id mesh;
    char mesh_name[FH_NAME_BYTES_MAX + 1];
    struct fh_domain_id domain;
    char domain_name[FH_NAME_BYTES_MAX + 1];
    struct fh_node_id node;
    char version[FH_VERSION_BYTES_MAX + 1];
    uint64_t generation;
    uint64_t uptime_ms;
    uint64_t members_alive; /* this node included */
    uint64_t members_known;
    uint64_t products;
    uint64_t wall_ms;
    uint64_t
        news; /* another number when SEARCH, DESCRIBE, HISTORY or PEERS may answer other things */
    uint64_t charter_seq;      /* 0: it knows none */
    unsigned charter_standing; /* enum fh_charter_standing of proto/identity/directory.h */
};
void fh_msg_status_request(struct fh_buf *out);
void fh_msg_status_answer(struct fh_buf *out, const struct fh_msg_status *status);
FH_MUST_CHECK int
fh_msg_status_read(struct fh_pack_reader *reader, struct fh_msg_status *out, struct fh_err *err);

/* PEERS -> a page of entries, one for each known member. */
struct fh_msg_peer {
    struct fh_node_id node;
    struct fh_domain_id domain;
    char domain_name[FH_NAME_BYTES_MAX + 1];
    char address[FH_ADDRESS_BYTES_MAX + 1]; /* "" when none is advertised */
    unsigned state;                         /* enum fh_member_state of proto/gossip/members.h */
    bool self;
    uint64_t generation;
    uint64_t incarnation;
    uint64_t heard_ms_ago; /* since the last direct answer; UINT64_MAX: never */
    uint64_t state_ms;     /* for so long it has been in this state */
    uint64_t rtt_ms;       /* smoothed round trip; 0: unknown */
    uint64_t accusers;     /* distinct signed suspicions that are held against it */
    uint64_t suspect_ms;   /* a suspect is declared dead in so long; UINT64_MAX: is none */
    uint64_t health;       /* of the asked node itself: 0 (well) .. 8; of others 0 */
    uint64_t protocol_max; /* newest version that it speaks */
    uint64_t capabilities;
    uint64_t products; /* live ones, as it says itself */
    bool forked;       /* it signed two records of one life: it, or who has its key, lives twice */
    unsigned named_by; /* enum fh_name_source of messages_names.h */
    char alias[FH_NAME_BYTES_MAX + 1]; /* what people at the asked node call the domain, or "" */
};
/* `after` 0: from the first; else what the answer before ended with. */
void fh_msg_peers_request(struct fh_buf *out, uint64_t after);
/* 0 may be left out. */
FH_MUST_CHECK int
fh_msg_peers_request_read(struct fh_pack_reader *reader, uint64_t *out_after, struct fh_err *err);
void fh_msg_peers_answer_begin(struct fh_buf *out, uint32_t count);
void fh_msg_peers_answer_add(struct fh_buf *out, const struct fh_msg_peer *peer);
/* `next`: where the next page begins; 0: there is none. */
void fh_msg_peers_answer_end(struct fh_buf *out, uint64_t next);
/* Number of entries; then fh_msg_peers_next for each. */
FH_MUST_CHECK int
fh_msg_peers_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_peers_next(struct fh_pack_reader *reader, struct fh_msg_peer *out, struct fh_err *err);
/* After the last entry. */
FH_MUST_CHECK int
fh_msg_peers_end(struct fh_pack_reader *reader, uint64_t *out_next, struct fh_err *err);

/* What a node tells of a product in lists: SEARCH (messages_search.h), DESCRIBE, HISTORY. */
struct fh_msg_product {
    struct fh_domain_id domain;
    char domain_name[FH_NAME_BYTES_MAX + 1];
    char product[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    unsigned status; /* enum fh_announce_status of proto/gossip/announce.h */
    char title[128];
    char summary[FH_ANNOUNCEMENT_SUMMARY_BYTES_MAX + 1];
    uint64_t age_ms;    /* since its owner was last heard */
    bool reachable;     /* some node of the owner is alive in this node's view */
    bool contract_held; /* the contract itself has arrived and verified */
    bool open_to_mesh;  /* readable by every domain */
    bool forked;        /* two contracts of one number are known: HISTORY names them */
    bool refused;       /* the contract came and is refused here */
    bool frozen;        /* the owner was caught at duplicity */
    bool contested;     /* another domain was admitted elsewhere under the owner's name */
    struct fh_record_id contract;
    int64_t sunset_ms; /* Unix; 0: none */
    char successor[FH_SUCCESSOR_BYTES_MAX + 1];
    unsigned quality;        /* enum fh_quality_state of proto/quality/measurement.h; 0: unknown */
    unsigned gate;           /* enum fh_quality_gate; 0 without a measurement */
    uint64_t measured_ms;    /* Unix; 0: never */
    uint64_t stale_after_ms; /* Unix; 0 without a measurement */
};
void fh_msg_products_answer_begin(struct fh_buf *out, uint32_t count);
void fh_msg_products_answer_add(struct fh_buf *out, const struct fh_msg_product *product);
FH_MUST_CHECK int
fh_msg_products_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_products_next(struct fh_pack_reader *reader, struct fh_msg_product *out, struct fh_err *err);
/* A product as people and requests name it. */
struct fh_msg_product_name {
    char domain[FH_NAME_BYTES_MAX + 1];
    char product[FH_NAME_BYTES_MAX + 1];
    uint64_t major; /* 0: the highest active one */
};

/* DESCRIBE [domain, product, major] -> the entry, its announcement and contract records, and every
 * record that is needed to verify them from the mesh id alone. */
struct fh_msg_describe {
    struct fh_msg_product product;
    struct fh_bytes announcement;
    struct fh_bytes contract; /* empty when it has not arrived yet */
    struct fh_msg_bins identity;
    struct fh_bytes measurement; /* the record; empty when none is known */
};
void fh_msg_describe_request(struct fh_buf *out, const struct fh_msg_product_name *name);
FH_MUST_CHECK int fh_msg_product_name_read(struct fh_pack_reader *reader,
                                           struct fh_msg_product_name *out,
                                           struct fh_err *err);
/* The caller appends the identity list: fh_pack_array(count), then each record with fh_pack_bin;
 * then the MEASUREMENT record or an empty bin. */
void fh_msg_describe_answer_begin(struct fh_buf *out,
                                  const struct fh_msg_product *product,
                                  struct fh_bytes announcement,
                                  struct fh_bytes contract);
FH_MUST_CHECK int fh_msg_describe_read(struct fh_pack_reader *reader,
                                       struct fh_msg_describe *out,
                                       struct fh_err *err);

/* MEASUREMENT [domain, product, major] -> the newest measurement of the product that this node
 * knows, and all its results; whoever asks verifies the record and hashes the results. */
struct fh_msg_measurement {
    struct fh_bytes record;
    struct fh_bytes results; /* empty: not held, and the owner could not be asked */
};
void fh_msg_measurement_request(struct fh_buf *out, const struct fh_msg_product_name *name);
void fh_msg_measurement_answer(struct fh_buf *out, const struct fh_msg_measurement *measurement);
FH_MUST_CHECK int fh_msg_measurement_read(struct fh_pack_reader *reader,
                                          struct fh_msg_measurement *out,
                                          struct fh_err *err);

/* QUALITY [domain, product, major, before] -> [next, whole, [[MEASUREMENT, results], ...]]: what
 * was measured before `before`, the newest first, as far as one answer goes; whoever asks verifies
 * each record and hashes its results. */
struct fh_msg_quality_request {
    struct fh_msg_product_name name;
    int64_t before_ms; /* 0: from the newest on */
};
struct fh_msg_quality {
    int64_t next_ms; /* the `before` of what follows; 0: nothing does */
    bool whole;      /* all that the owner keeps; else what this node has of it */
    uint32_t left;
    struct fh_pack_reader reader; /* private */
};
void fh_msg_quality_request(struct fh_buf *out, const struct fh_msg_quality_request *request);
FH_MUST_CHECK int fh_msg_quality_request_read(struct fh_pack_reader *reader,
                                              struct fh_msg_quality_request *out,
                                              struct fh_err *err);
/* The caller adds `count` measurements. */
void fh_msg_quality_answer_begin(struct fh_buf *out, int64_t next_ms, bool whole, uint32_t count);
void fh_msg_quality_add(struct fh_buf *out, const struct fh_msg_measurement *measurement);
FH_MUST_CHECK int
fh_msg_quality_read(struct fh_pack_reader *reader, struct fh_msg_quality *out, struct fh_err *err);
/* The next one, or false at the end. */
bool fh_msg_quality_next(struct fh_msg_quality *quality, struct fh_msg_measurement *out);

/* HISTORY [domain, product, before] -> [[product...], [ANNOUNCEMENT...], [version...], [fork...]]:
 * what the node knows of a product's life. Versions come with a number below `before` (0: all), the
 * newest first, FH_HISTORY_PAGE at most; the other lists only with `before` 0. */
enum { FH_HISTORY_PAGE = 128, FH_HISTORY_RECORDS_MAX = 512, FH_HISTORY_MAJORS_MAX = 256 };
struct fh_msg_history_request {
    char domain[FH_NAME_BYTES_MAX + 1];
    char product[FH_NAME_BYTES_MAX + 1];
    uint64_t before;
};
struct fh_msg_version {
    uint64_t seq;
    char version[FH_VERSION_BYTES_MAX + 1];
    char status[16]; /* as its contract states it */
    int64_t created_ms;
    struct fh_record_id id;
    struct fh_key_id key; /* that signed; zero when the node does not know it */
};
struct fh_msg_fork {
    uint64_t number; /* in the chain */
    struct fh_record_id ids[2];
    struct fh_key_id keys[2];
};
void fh_msg_history_request(struct fh_buf *out, const struct fh_msg_history_request *request);
FH_MUST_CHECK int fh_msg_history_request_read(struct fh_pack_reader *reader,
                                              struct fh_msg_history_request *out,
                                              struct fh_err *err);
/* The answer, list by list: fh_msg_ok(out, 4), then for each list fh_pack_array(count) and its
 * entries: fh_msg_product_add, fh_pack_bin, and these. */
void fh_msg_product_add(struct fh_buf *out, const struct fh_msg_product *product);
void fh_msg_version_add(struct fh_buf *out, const struct fh_msg_version *version);
void fh_msg_fork_add(struct fh_buf *out, const struct fh_msg_fork *fork);
/* Reads them in that order: fh_msg_products_read and _next, fh_msg_bins_read, then these. */
FH_MUST_CHECK int
fh_msg_versions_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_versions_next(struct fh_pack_reader *reader, struct fh_msg_version *out, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_forks_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_forks_next(struct fh_pack_reader *reader, struct fh_msg_fork *out, struct fh_err *err);

/* Requests and answers that are a list of records or ids:
 *   IDENTITY [domain id or bin0 for all]          -> [[record...]]
 *   REDEEM   [invitation record, name, redemption signature 64, [record...]] -> [[record...]]
 *   PUSH     [[record...]]                         -> [accepted count]
 *   PULL     [[record id, or its first 16...]]     -> [[record...]]
 *   SYNC     [set, cursor bin]                     -> [next cursor bin, [record...]] */
enum fh_sync_set {
    FH_SYNC_IDENTITY = 1,      /* whatever proto/identity/directory.h takes */
    FH_SYNC_MEMBERSHIP = 2,    /* ALIVE and LEAVE records */
    FH_SYNC_ANNOUNCEMENTS = 3, /* product announcements */
    FH_SYNC_FORKS = 4,        /* ids of two CONTRACTs of one number, 64 bytes instead of a record */
    FH_SYNC_MEASUREMENTS = 5, /* of products that are announced */
    FH_SYNC_AGREED = 6,       /* policies of the mesh and their waivers: the last set */
};
enum {
    FH_SYNC_PAGE_BYTES = 256 * 1024, /* records of one SYNC answer */
    FH_SYNC_CURSOR_BYTES_MAX = 64,
    FH_PULL_IDS_MAX = 256,
};
void fh_msg_identity_request(struct fh_buf *out, const struct fh_domain_id *domain);
void fh_msg_redeem_request(struct fh_buf *out,
                           struct fh_bytes invitation,
                           const char *name,
                           const struct fh_signature *redemption);
struct fh_msg_redeem {
    struct fh_bytes invitation;
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_signature redemption;
    struct fh_msg_bins records; /* the joiner's key events and delegations */
};
FH_MUST_CHECK int
fh_msg_redeem_read(struct fh_pack_reader *reader, struct fh_msg_redeem *out, struct fh_err *err);
void fh_msg_sync_request(struct fh_buf *out, enum fh_sync_set set, struct fh_bytes cursor);
FH_MUST_CHECK int fh_msg_sync_request_read(struct fh_pack_reader *reader,
                                           enum fh_sync_set *out_set,
                                           struct fh_bytes *out_cursor,
                                           struct fh_err *err);
/* RECONCILE [set, message] -> [message], of proto/gossip/reconcile.h: which records of a set only
 * one of two nodes holds. */
void fh_msg_reconcile_request(struct fh_buf *out, enum fh_sync_set set, struct fh_bytes message);
FH_MUST_CHECK int fh_msg_reconcile_request_read(struct fh_pack_reader *reader,
                                                enum fh_sync_set *out_set,
                                                struct fh_bytes *out_message,
                                                struct fh_err *err);
void fh_msg_pull_request_begin(struct fh_buf *out, uint32_t count); /* then fh_pack_bin each id */
void fh_msg_push_request_begin(struct fh_buf *out, uint32_t count); /* then fh_pack_bin each */
/* Reads a list of bins as the next field. */
FH_MUST_CHECK int
fh_msg_bins_read(struct fh_pack_reader *reader, struct fh_msg_bins *out, struct fh_err *err);

/* An answer of the given number of fields without more; the caller appends them. */
void fh_msg_ok(struct fh_buf *out, uint32_t fields);

/* PROBE [nonce] -> [nonce]: is this node there, when UDP says it is not. */
void fh_msg_probe_request(struct fh_buf *out, uint64_t nonce);

/* RELAY [node id, frame] -> [frame]: carries one opaque frame of an inner session to a node of the
 * mesh and its answer back. */
void fh_msg_relay_request(struct fh_buf *out, const struct fh_node_id *node, struct fh_bytes frame);
FH_MUST_CHECK int fh_msg_relay_read(struct fh_pack_reader *reader,
                                    struct fh_node_id *out_node,
                                    struct fh_bytes *out_frame,
                                    struct fh_err *err);

/* HUNG_UP [session] -> []: by the relay of an inner session: whoever spoke in it has hung up. What
 * it asked and still waits for has nobody to answer; should it speak again, it is heard again. */
void fh_msg_hung_up_request(struct fh_buf *out, uint64_t session);
FH_MUST_CHECK int
fh_msg_hung_up_read(struct fh_pack_reader *reader, uint64_t *out_session, struct fh_err *err);

/* OWN [message] -> the answer to that message: what the domain's people ask on the admin socket, by
 * a publisher's key of the domain from elsewhere. `message` is whole, head included. */
void fh_msg_own_request(struct fh_buf *out, struct fh_bytes message);
FH_MUST_CHECK int
fh_msg_own_read(struct fh_pack_reader *reader, struct fh_bytes *out_message, struct fh_err *err);

/* PLAN [sql] -> the tables that the text reads, where each lives, and who should be asked. */
struct fh_msg_plan_table {
    struct fh_domain_id domain;
    char domain_name[FH_NAME_BYTES_MAX + 1];
    char product[FH_NAME_BYTES_MAX + 1];
    char table[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    struct fh_record_id contract;
    struct fh_node_id node; /* the owner's node to ask; zero when none is known */
    bool reachable;
    unsigned
        status; /* enum fh_announce_status of proto/gossip/announce.h, and what belongs to it */
    int64_t sunset_ms;
    char successor[FH_SUCCESSOR_BYTES_MAX + 1];
};
struct fh_msg_plan {
    struct fh_node_id entry; /* the node that answers */
    bool joined;             /* several owners: send QUERY to the entry peer */
    uint32_t table_count;
    struct fh_msg_plan_table tables[FH_QUERY_TABLES_MAX];
};
/* What a PLAN asks. Which parameters will have values, not the values: a plan does not depend on
 * them, and the entry peer has no business with what goes to an owner. Borrowed, or views of what
 * was read. */
struct fh_msg_plan_question {
    struct fh_bytes sql;
    uint32_t param_count;                      /* <= FH_SQL_PARAMS_MAX */
    struct fh_bytes params[FH_SQL_PARAMS_MAX]; /* names without $, "" by position */
};
void fh_msg_plan_request(struct fh_buf *out, const struct fh_msg_plan_question *question);
FH_MUST_CHECK int fh_msg_plan_request_read(struct fh_pack_reader *reader,
                                           struct fh_msg_plan_question *out,
                                           struct fh_err *err);
void fh_msg_plan_answer(struct fh_buf *out, const struct fh_msg_plan *plan);
FH_MUST_CHECK int
fh_msg_plan_read(struct fh_pack_reader *reader, struct fh_msg_plan *out, struct fh_err *err);

/* QUERY [request record, encodings] -> [stream id]. SCAN [request record, table index, [column...],
 * encodings] -> [stream id]: an entry peer's read of one table for a consumer's signed request.
 * Encodings are those of batches that the asker reads, as proto/query/batch.h has them. */
void fh_msg_query_request(struct fh_buf *out, struct fh_bytes request_record, uint32_t encodings);
void fh_msg_scan_request_begin(struct fh_buf *out,
                               struct fh_bytes request_record,
                               uint32_t table_index,
                               uint32_t column_count); /* then fh_pack_cstr each column,
                                                          fh_pack_uint the encodings */
/* The last field of both, which may be left out: 0 then. */
uint32_t fh_msg_encodings_read(struct fh_pack_reader *reader);
/* The answer to QUERY: the stream, and what of it was there at once: batch 0, and the end when
 * nothing follows. `batch` and `receipt` may be NULL. What did not come is asked for by NEXT. The
 * last field, which tables are limited, is written and read by messages_policy.h. */
struct fh_msg_query_answer {
    uint64_t stream;
    bool has_batch;
    struct fh_bytes batch;
    bool end;
    struct fh_bytes receipt; /* a RECEIPT record */
};
/* Up to the receipt, a bin that follows when there is one. */
void fh_msg_query_answer_begin(struct fh_buf *out,
                               uint64_t stream,
                               const struct fh_bytes *batch,
                               bool has_receipt);
void fh_msg_query_answer(struct fh_buf *out,
                         uint64_t stream,
                         const struct fh_bytes *batch,
                         const struct fh_bytes *receipt);
FH_MUST_CHECK int fh_msg_query_read(struct fh_pack_reader *reader,
                                    struct fh_msg_query_answer *out,
                                    struct fh_err *err);
/* The answer to SCAN. */
void fh_msg_stream_answer(struct fh_buf *out, uint64_t stream);
FH_MUST_CHECK int
fh_msg_stream_read(struct fh_pack_reader *reader, uint64_t *out_stream, struct fh_err *err);

/* NEXT [stream, index] -> [0, batch] or [1, [receipt record...]]: the batch of that index, or the
 * signed end. Indexes count from 0; at most FH_QUERY_WINDOW may be asked ahead. A stream that
 * failed answers with its error. */
void fh_msg_next_request(struct fh_buf *out, uint64_t stream, uint64_t index);
FH_MUST_CHECK int fh_msg_next_request_read(struct fh_pack_reader *reader,
                                           uint64_t *out_stream,
                                           uint64_t *out_index,
                                           struct fh_err *err);
/* Bytes before a batch of `size` bytes in the answer [0, 0, batch]; then the batch itself follows.
 */
void fh_msg_next_batch_head(struct fh_buf *out, size_t size);
void fh_msg_next_end_begin(struct fh_buf *out, uint32_t receipts); /* then fh_pack_bin each */
struct fh_msg_next {
    bool end;
    struct fh_bytes batch;
    struct fh_msg_bins receipts;
};
FH_MUST_CHECK int
fh_msg_next_read(struct fh_pack_reader *reader, struct fh_msg_next *out, struct fh_err *err);

void fh_msg_cancel_request(struct fh_buf *out, uint64_t stream);

/* CHAIN, ADMIN_CHAIN [product] -> [seq, last contract record or bin0]: what the next version
 * follows. CHAIN is for publisher keys of the node's own domain, as PUBLISH is. */
void fh_msg_chain_request(struct fh_buf *out, const char *product);
void fh_msg_remote_chain_request(struct fh_buf *out, const char *product);
void fh_msg_chain_answer(struct fh_buf *out, uint64_t seq, struct fh_bytes last_contract);
FH_MUST_CHECK int fh_msg_chain_read(struct fh_pack_reader *reader,
                                    uint64_t *out_seq,
                                    struct fh_bytes *out_last_contract,
                                    struct fh_err *err);

/* BASE, ADMIN_BASE [product, version] -> [contract record or bin0]: what a new version is judged
 * against.
 */
void fh_msg_base_request(struct fh_buf *out, const char *product, const char *version);
void fh_msg_remote_base_request(struct fh_buf *out, const char *product, const char *version);
void fh_msg_base_answer(struct fh_buf *out, struct fh_bytes contract);
FH_MUST_CHECK int
fh_msg_base_read(struct fh_pack_reader *reader, struct fh_bytes *out_contract, struct fh_err *err);

/* ADMIN_PUBLISH [contract record, authored YAML, data root, dry run] -> [findings]. The node checks
 * the promises against the data before it announces; findings of severity error refuse (FH_ECHECK).
 */
struct fh_msg_publish {
    struct fh_bytes contract;
    struct fh_bytes yaml;
    char data_root[4096];
    bool dry_run;
};
struct fh_msg_finding {
    char table[FH_NAME_BYTES_MAX + 1];
    char column[FH_NAME_BYTES_MAX + 1]; /* "" for the table */
    char rule[48];                      /* "check.type", "check.required", "check.unique", ... */
    bool error;                         /* false: a note, such as the number of rows */
    uint64_t count;                     /* rows that break the rule */
    char text[256];
};
void fh_msg_publish_request(struct fh_buf *out, const struct fh_msg_publish *publish);
FH_MUST_CHECK int
fh_msg_publish_read(struct fh_pack_reader *reader, struct fh_msg_publish *out, struct fh_err *err);
void fh_msg_findings_answer_begin(struct fh_buf *out, uint32_t count);
void fh_msg_findings_answer_add(struct fh_buf *out, const struct fh_msg_finding *finding);
FH_MUST_CHECK int
fh_msg_findings_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_findings_next(struct fh_pack_reader *reader, struct fh_msg_finding *out, struct fh_err *err);

/* ADMIN_ANNOUNCED [product, major] -> [last ANNOUNCEMENT record]: what a move follows. */
void fh_msg_announced_request(struct fh_buf *out, const char *product, uint32_t major);
FH_MUST_CHECK int fh_msg_announced_request_read(struct fh_pack_reader *reader,
                                                char product[FH_NAME_BYTES_MAX + 1],
                                                uint32_t *out_major,
                                                struct fh_err *err);
void fh_msg_announced_answer(struct fh_buf *out, struct fh_bytes announcement);
FH_MUST_CHECK int fh_msg_announced_read(struct fh_pack_reader *reader,
                                        struct fh_bytes *out_announcement,
                                        struct fh_err *err);

/* ADMIN_MOVE [ANNOUNCEMENT record, force, dry run] -> [findings]: a move of the life cycle, signed
 * by the publisher; the node judges it as its peers will. */
struct fh_msg_move {
    struct fh_bytes announcement;
    bool force;
    bool dry_run;
};
void fh_msg_move_request(struct fh_buf *out, const struct fh_msg_move *move);
FH_MUST_CHECK int
fh_msg_move_read(struct fh_pack_reader *reader, struct fh_msg_move *out, struct fh_err *err);

/* ADMIN_CHECK [product, major, dry run] -> [measurement, report]: looks at an own product's data
 * now. The measurement is the payload of the record that was made of it, or would be; the report
 * (proto/quality/report.h) has all results in words. */
struct fh_msg_check {
    char product[FH_NAME_BYTES_MAX + 1];
    uint32_t major; /* 0: the highest active one */
    bool dry_run;   /* nothing is signed, stored or spread */
};
void fh_msg_check_request(struct fh_buf *out, const struct fh_msg_check *check);
FH_MUST_CHECK int
fh_msg_check_read(struct fh_pack_reader *reader, struct fh_msg_check *out, struct fh_err *err);
void fh_msg_checked_answer(struct fh_buf *out, struct fh_bytes measurement, struct fh_bytes report);
/* Views into the answer; both are to be scanned before they are read. */
FH_MUST_CHECK int fh_msg_checked_read(struct fh_pack_reader *reader,
                                      struct fh_bytes *out_measurement,
                                      struct fh_bytes *out_report,
                                      struct fh_err *err);

/* ADMIN_MEASURED [product, major, limit] -> [[measurement, ...]]: the last measurements of an own
 * product, newest first, as payloads. */
void fh_msg_measured_request(struct fh_buf *out,
                             const char *product,
                             uint32_t major,
                             uint32_t limit);
FH_MUST_CHECK int fh_msg_measured_request_read(struct fh_pack_reader *reader,
                                               char product[FH_NAME_BYTES_MAX + 1],
                                               uint32_t *out_major,
                                               uint32_t *out_limit,
                                               struct fh_err *err);
/* PUBLISH [authored YAML, root, dry run, seq, prev bin32 or bin0, created, compat rules, signature
 * bin64] -> [ticket]: a contract from a machine that has no home. The record itself does not
 * travel, which would not fit a request: the node makes it anew from the authored text and these
 * fields, and the signature, of the key of the session, proves that it is the same. OUTCOME
 * [ticket] -> [done, [finding...]]: until `done` the checks still run. */
struct fh_msg_order {
    struct fh_bytes yaml; /* as the author wrote it, with `servers` */
    char root[256];       /* name or number of one of the node's data roots; "" is the first */
    bool dry_run;
    uint64_t seq;
    struct fh_record_id prev; /* zero exactly when seq is 1 */
    int64_t created_ms;
    uint64_t compat_rules;
    struct fh_signature signature; /* of the contract record */
};
void fh_msg_order_request(struct fh_buf *out, const struct fh_msg_order *order);
FH_MUST_CHECK int
fh_msg_order_read(struct fh_pack_reader *reader, struct fh_msg_order *out, struct fh_err *err);
void fh_msg_ticket_answer(struct fh_buf *out, uint64_t ticket);
void fh_msg_outcome_request(struct fh_buf *out, uint64_t ticket);
/* A ticket as the next field of PUBLISH's answer and of OUTCOME. */
FH_MUST_CHECK int
fh_msg_ticket_read(struct fh_pack_reader *reader, uint64_t *out_ticket, struct fh_err *err);
/* Then fh_msg_findings_answer_add for each; `count` 0 while it is not done. */
void fh_msg_outcome_answer_begin(struct fh_buf *out, bool done, uint32_t count);
/* Then fh_msg_findings_read. */
FH_MUST_CHECK int
fh_msg_outcome_read(struct fh_pack_reader *reader, bool *out_done, struct fh_err *err);

/* ADMIN_IDENTITY [[record...]] -> [new count]: identity records that the home's domain made. */
void fh_msg_admin_identity_begin(struct fh_buf *out, uint32_t count); /* then fh_pack_bin each */

void fh_msg_leave_request(struct fh_buf *out);

#endif
