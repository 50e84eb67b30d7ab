/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key log: the chain of a domain's keys, from inception through rotations.
 *
 * A domain is its inception: the domain id is the record id of the first event, so it needs no
 * registry. Each event commits to the hash of the *next* key, which is kept offline. A rotation
 * reveals that key and is signed by it; a thief of the current key cannot rotate (pre-rotation,
 * as in KERI). Two valid events with one sequence number prove duplicity: the log freezes and both
 * are kept as the proof.
 *
 *     [inception: key 0, hash(key 1)] <- [rotation 1: key 1, hash(key 2)] <- ...
 *
 * Does not: draw keys, know delegations. Thread: distinct objects. Ownership: a log owns its
 * entries; events are plain values.
 */
#ifndef FH_PROTO_IDENTITY_KEYLOG_H
#define FH_PROTO_IDENTITY_KEYLOG_H

#include "proto/wire/record.h"

/* Latest time in a record: the end of the year 9999, in Unix milliseconds. */
#define FH_RECORD_TIME_MS_MAX INT64_C(253402300799999)

enum fh_key_event_kind { FH_KEY_INCEPTION = 0, FH_KEY_ROTATION = 1 };

struct fh_key_event {
    enum fh_key_event_kind kind;
    uint64_t seq;                /* 0 for the inception, then +1 */
    struct fh_record_id prev;    /* zero for the inception */
    struct fh_sign_public key;   /* the domain key from `created_ms` on */
    struct fh_hash next;         /* fh_next_key_hash of the key after it */
    int64_t created_ms;          /* Unix ms */
    struct fh_hash records_root; /* rotation: fh_records_root of what stays live; else zero */
};

/* BLAKE2b-256("freehold/v1/next-key\0" || key). */
struct fh_hash fh_next_key_hash(const struct fh_sign_public *key);
/* BLAKE2b-256("freehold/v1/live-records\0" || ids in ascending order, each once); the ids are
 * borrowed and must be sorted. */
struct fh_hash fh_records_root(const struct fh_record_id *sorted, size_t count);

/* Appends the record of an event; the signer is the key that the event states (asserted). As all
 * builders of this room, failures stick in `out`: FH_EINVAL when a reader would refuse the values,
 * FH_ENOMEM, FH_ETOOBIG. */
void fh_key_event_make(struct fh_buf *out,
                       const struct fh_key_event *event,
                       const struct fh_sign_secret *signer);
/* Reads the payload of a parsed KEY record. FH_EINVAL ("pack.shape", "identity.keylog.*"),
 * FH_EVERSION. Verifies nothing. */
FH_MUST_CHECK int
fh_key_event_decode(struct fh_key_event *out, const struct fh_record *record, struct fh_err *err);

/* One accepted event. */
struct fh_keylog_entry {
    struct fh_record_id id;
    struct fh_key_event event;
};

struct fh_keylog {
    struct fh_keylog_entry *entries; /* by seq */
    size_t count;
    size_t capacity;
    bool frozen;             /* two valid events of one seq are known */
    int64_t frozen_since_ms; /* the earlier of the two; nothing dated at or after it counts */
};

/* FORKED: a second valid event of a known sequence number. */
enum fh_keylog_result { FH_KEYLOG_ADDED, FH_KEYLOG_KNOWN, FH_KEYLOG_FORKED };

void fh_keylog_init(struct fh_keylog *log);
void fh_keylog_fini(struct fh_keylog *log);

/* Verifies a parsed KEY record against the log without changing it: `out_event` is what it states,
 * `out_result` what adding it would do. Refusals: FH_ENOTFOUND ("identity.keylog.gap": earlier
 * events are missing), FH_ESIG ("record.signature", "identity.keylog.prev",
 * "identity.keylog.commitment"), FH_EFORK ("domain.frozen"), FH_EINVAL, FH_ETOOBIG
 * (FH_KEYLOG_EVENTS_MAX). */
FH_MUST_CHECK int fh_keylog_check(const struct fh_keylog *log,
                                  const struct fh_record *record,
                                  const struct fh_verifier *verifier,
                                  struct fh_key_event *out_event,
                                  enum fh_keylog_result *out_result,
                                  struct fh_err *err);
/* Room for one more event: fh_keylog_apply then cannot fail. FH_ENOMEM. */
FH_MUST_CHECK int fh_keylog_reserve(struct fh_keylog *log);
/* Commits what fh_keylog_check answered for this log. */
void fh_keylog_apply(struct fh_keylog *log,
                     const struct fh_record_id *id,
                     const struct fh_key_event *event,
                     enum fh_keylog_result result);

/* Index of the entry whose key was current at `when_ms`; before the inception (FH_CLOCK_SKEW_MS of
 * grace) -1. */
int fh_keylog_at(const struct fh_keylog *log, int64_t when_ms);

#endif
