/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts: the records that gossip carries, decoded once and shared.
 *
 * ALIVE and LEAVE are what a node says about itself, SUSPECT is what one node says about another;
 * everything else (announcements, key events, ...) is carried as bytes. A pool holds each record
 * once, found again by its very bytes, so that a copy that arrives for the twentieth time costs a
 * comparison. Facts are counted references: member table and rumour queue share them, and so do all
 * cores of a simulation.
 *
 * Payloads (canonical msgpack, positional, later fields of newer versions are skipped):
 *     ALIVE   [1, domain, node key, agree key, generation, incarnation, issued, ttl s, [address..],
 *              protocol min, max, capabilities, [head count, root, time], label]
 *     LEAVE   [1, node id, generation, incarnation, issued]
 *     SUSPECT [1, target, generation, incarnation, accuser, accuser's incarnation, issued]
 *
 * Does not: verify (see `verified`) or decide what is news. Thread: one thread per pool.
 * Ownership: fh_fact_intern gives a reference; fh_fact_ref gives another; fh_fact_drop ends one.
 */
#ifndef FH_PROTO_GOSSIP_FACTS_H
#define FH_PROTO_GOSSIP_FACTS_H

#include "common/limits.h"
#include "proto/wire/record.h"

enum fh_fact_kind {
    FH_FACT_ALIVE,
    FH_FACT_LEAVE,
    FH_FACT_SUSPECT,
    FH_FACT_OTHER, /* any other record type: bytes */
};

enum {
    FH_FACT_INCARNATION_MAX = 0x7fffffff, /* far from a wrap; a node renews its generation before */
    FH_FACT_ALIVE_TTL_MAX_S = 7 * 24 * 3600,
};

struct fh_alive {
    struct fh_domain_id domain;
    struct fh_sign_public key;
    struct fh_agree_public agree;
    int64_t ttl_ms;
    unsigned protocol_min;
    unsigned protocol_max;
    unsigned capabilities;
    unsigned address_count;                /* 1 .. FH_ADDRESSES_MAX */
    const char *address[FH_ADDRESSES_MAX]; /* NUL-terminated; in a fact they live with it */
    uint64_t head_count;
    uint8_t head_root[32];
    int64_t head_time_ms;
    struct fh_bytes label; /* UTF-8, at most FH_NAME_BYTES_MAX */
};

struct fh_fact {
    uint32_t references;  /* private */
    uint32_t bucket;      /* private */
    struct fh_fact *next; /* private */
    enum fh_fact_kind kind;
    unsigned type;        /* enum fh_record_type */
    bool verified;        /* the signature by `node`'s (SUSPECT: `accuser`'s) key was checked */
    struct fh_ref signer; /* key ref of the first signature */
    struct fh_record_id id;
    struct fh_node_id node; /* ALIVE, LEAVE: who speaks; SUSPECT: of whom */
    struct fh_node_id accuser;
    uint64_t generation;
    uint32_t incarnation;
    uint32_t accuser_incarnation;
    int64_t issued_ms;
    struct fh_alive alive; /* of FH_FACT_ALIVE */
    struct fh_bytes bytes; /* the whole record as received; lives with the fact */
};

struct fh_fact_pool;

/* NULL when there is no memory. Given. */
FH_MUST_CHECK struct fh_fact_pool *fh_fact_pool_new(void);
/* All facts must have been dropped. NULL is fine. */
void fh_fact_pool_free(struct fh_fact_pool *pool);
/* Facts and bytes held now. */
size_t fh_fact_pool_count(const struct fh_fact_pool *pool);
size_t fh_fact_pool_memory(const struct fh_fact_pool *pool);

/* The fact that has these very bytes; NULL when the pool does not hold it. Lent. */
struct fh_fact *fh_fact_known(const struct fh_fact_pool *pool, struct fh_bytes bytes);

/* Finds or makes the fact of a record (at most FH_RECORD_GOSSIP_BYTES_MAX). Given.
 * FH_EINVAL, FH_ETOOBIG, FH_EVERSION (rules "record.*", "pack.*", "gossip.alive", ...), FH_ENOMEM.
 */
FH_MUST_CHECK int fh_fact_intern(struct fh_fact_pool *pool,
                                 struct fh_bytes bytes,
                                 const struct fh_mesh_id *mesh,
                                 struct fh_fact **out,
                                 struct fh_err *err);
static inline struct fh_fact *fh_fact_ref(struct fh_fact *fact)
{
    fact->references++;
    return fact;
}
/* NULL is fine. */
void fh_fact_drop(struct fh_fact_pool *pool, struct fh_fact *fact);

/* Checks the signature once: true at once for a fact found right before. `key` is the signer's: its
 * node id must be `node` (SUSPECT: `accuser`). */
FH_MUST_CHECK bool fh_fact_verify(struct fh_fact *fact,
                                  const struct fh_mesh_id *mesh,
                                  const struct fh_sign_public *key,
                                  const struct fh_verifier *verifier);

/* (generation, incarnation) of a against b: <0, 0, >0. */
static inline int fh_life_compare(uint64_t generation_a,
                                  uint32_t incarnation_a,
                                  uint64_t generation_b,
                                  uint32_t incarnation_b)
{
    if (generation_a != generation_b) {
        return generation_a < generation_b ? -1 : 1;
    }
    return incarnation_a < incarnation_b ? -1 : incarnation_a > incarnation_b;
}

/* Payload writers; the caller seals. Failures stick in `out`. The node's id, generation,
 * incarnation and issued_ms are taken from the fact's own fields. */
void fh_alive_pack(struct fh_buf *out, const struct fh_fact *fact);
void fh_leave_pack(struct fh_buf *out, const struct fh_fact *fact);
void fh_suspect_pack(struct fh_buf *out, const struct fh_fact *fact);

/* "host:port", "1.2.3.4:port" or "[v6]:port" by form alone: printable ASCII without spaces, a port
 * of 1..65535, at most FH_ADDRESS_BYTES_MAX - 1. */
bool fh_address_form(struct fh_bytes text);
/* Whether both are the same addresses in the same order. */
bool fh_addresses_equal(const char *const *a,
                        unsigned a_count,
                        const char *const *b,
                        unsigned b_count);

#endif
