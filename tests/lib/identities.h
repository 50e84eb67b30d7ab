/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities for tests: domains with all their keys and records, from one number each.
 *
 * Everything is a function of the number and fixed times, so that vectors and failures repeat.
 *
 * Does not: draw randomness, touch files. Thread: any. Ownership: plain values; failures abort.
 */
#ifndef FH_TESTS_LIB_IDENTITIES_H
#define FH_TESTS_LIB_IDENTITIES_H

#include "proto/identity/directory.h"

/* 2026-03-01T00:00:00Z: everything begins here. */
#define TEST_START_MS INT64_C(1772323200000)
#define TEST_HOUR_MS  INT64_C(3600000)
#define TEST_DAY_MS   (24 * TEST_HOUR_MS)

enum { TEST_RECORD_BYTES_MAX = 8192 };

/* One record's bytes. */
struct test_record {
    size_t size;
    uint8_t bytes[TEST_RECORD_BYTES_MAX];
};
static inline struct fh_bytes test_bytes(const struct test_record *record)
{
    return fh_bytes(record->bytes, record->size);
}

/* An Ed25519 key pair. */
struct test_key {
    uint8_t seed[FH_SEED_BYTES];
    struct fh_sign_public public_key;
    struct fh_sign_secret secret;
    struct fh_key_id id;
    struct fh_ref ref;
};

struct test_domain {
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_domain_id id;
    struct test_key key;   /* domain key */
    struct test_key next;  /* pre-rotated */
    struct test_key later; /* after `next` */
    struct test_key node;
    struct test_key publisher;
    struct test_key member;
    struct test_record inception;
};

/* A key pair whose seed is the BLAKE2b-256 of the label and the number. */
struct test_key test_key_of(const char *label, unsigned number);
/* "domain7" with its keys and its inception at TEST_START_MS. */
struct test_domain test_domain_of(unsigned number);

/* Records, each complete and signed as it should be. */
struct test_record test_charter_1(const struct test_domain *first, struct fh_mesh_id *out_mesh);
struct test_record test_delegation(const struct test_domain *domain,
                                   const struct test_key *subject,
                                   enum fh_role role,
                                   const struct fh_mesh_id *mesh);
struct test_record test_rotation(const struct test_domain *domain, int64_t created_ms);
/* The same, keeping these records alone, and the manifest that says so. */
struct test_record test_rotation_keeping(const struct test_domain *domain,
                                         int64_t created_ms,
                                         const struct test_record *const *kept,
                                         size_t count,
                                         const struct fh_mesh_id *mesh,
                                         struct test_record *out_manifest);
struct test_record test_revocation(const struct test_domain *domain,
                                   enum fh_revocation_kind kind,
                                   const uint8_t target[32],
                                   int64_t since_ms,
                                   const struct fh_mesh_id *mesh);
/* By the publisher key of the issuer, valid for seven days from TEST_START_MS; the one-time key is
 * test_key_of("one-time", number). */
struct test_record test_invitation(const struct test_domain *issuer,
                                   unsigned number,
                                   const char *name,
                                   const struct fh_mesh_id *mesh);
/* By the node key of the issuer, an hour after TEST_START_MS. */
struct test_record test_admission(const struct test_domain *issuer,
                                  const struct test_domain *joiner,
                                  unsigned one_time_number,
                                  const struct test_record *invitation,
                                  const struct fh_mesh_id *mesh);

/* Runs a builder's result into a record; aborts when the builder failed. */
struct test_record test_record_of(const struct fh_buf *buf);

#endif
