/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers: 32-byte hashes, one C type for each meaning, and their text forms.
 *
 * Each kind is a struct of its own, so that a node id cannot be passed where a domain id is meant.
 * As text an id is a four-letter prefix and 52 letters of lower-case base32 (RFC 4648 section 6,
 * no padding): fhd1... domain, fhn1... node, fhm1... mesh, fhr1... record, fhk1... key. Shortened
 * for people it keeps at least 16 letters after the prefix (80 bits). References inside records
 * and datagrams carry the first 16 bytes.
 *
 * Does not: hash (see record.h and crypto.h). Thread: any. Ownership: plain values.
 */
#ifndef FH_PROTO_WIRE_ID_H
#define FH_PROTO_WIRE_ID_H

#include "common/bytes.h"
#include "common/err.h"

#include <string.h>

enum {
    FH_ID_BYTES = 32,
    FH_REF_BYTES = 16,
    FH_ID_TEXT_BYTES = 4 + 52 + 1,  /* with NUL */
    FH_ID_SHORT_BYTES = 4 + 16 + 1, /* with NUL */
};

struct fh_domain_id {
    uint8_t b[FH_ID_BYTES];
};
struct fh_node_id { /* the key id of the node's key */
    uint8_t b[FH_ID_BYTES];
};
struct fh_mesh_id {
    uint8_t b[FH_ID_BYTES];
};
struct fh_record_id {
    uint8_t b[FH_ID_BYTES];
};
struct fh_key_id { /* BLAKE2b-256 of a public signing key, see fh_key_id_of */
    uint8_t b[FH_ID_BYTES];
};

/* The first 16 bytes of an id, inside records and datagrams. */
struct fh_ref {
    uint8_t b[FH_REF_BYTES];
};

/* Each kind gets equality, order, emptiness (all zero), reference and text with one line. */
#define FH_ID_KIND(kind)                                                                           \
    static inline bool fh_##kind##_id_equal(const struct fh_##kind##_id *a,                        \
                                            const struct fh_##kind##_id *b)                        \
    {                                                                                              \
        return memcmp(a->b, b->b, FH_ID_BYTES) == 0;                                               \
    }                                                                                              \
    static inline int fh_##kind##_id_compare(const struct fh_##kind##_id *a,                       \
                                             const struct fh_##kind##_id *b)                       \
    {                                                                                              \
        return memcmp(a->b, b->b, FH_ID_BYTES);                                                    \
    }                                                                                              \
    static inline bool fh_##kind##_id_is_zero(const struct fh_##kind##_id *id)                     \
    {                                                                                              \
        static const struct fh_##kind##_id zero;                                                   \
        return memcmp(id->b, zero.b, FH_ID_BYTES) == 0;                                            \
    }                                                                                              \
    static inline struct fh_ref fh_##kind##_id_ref(const struct fh_##kind##_id *id)                \
    {                                                                                              \
        struct fh_ref ref;                                                                         \
        memcpy(ref.b, id->b, FH_REF_BYTES);                                                        \
        return ref;                                                                                \
    }                                                                                              \
    /* The full text form with NUL. */                                                             \
    void fh_##kind##_id_text(char out[FH_ID_TEXT_BYTES], const struct fh_##kind##_id *id);         \
    /* The shortened text form with NUL, for people. */                                            \
    void fh_##kind##_id_short(char out[FH_ID_SHORT_BYTES], const struct fh_##kind##_id *id);       \
    /* Reads a full text form; FH_EINVAL says what would be right. */                              \
    FH_MUST_CHECK int fh_##kind##_id_parse(                                                        \
        struct fh_##kind##_id *out, const char *text, struct fh_err *err)

FH_ID_KIND(domain);
FH_ID_KIND(node);
FH_ID_KIND(mesh);
FH_ID_KIND(record);
FH_ID_KIND(key);

static inline bool fh_ref_equal(const struct fh_ref *a, const struct fh_ref *b)
{
    return memcmp(a->b, b->b, FH_REF_BYTES) == 0;
}

/* Names of domains, products, tables and meshes: [a-z][a-z0-9_]*, at most 63 bytes, and none of the
 * schema names that DuckDB or PostgreSQL reserve. `what` names the thing in the error ("domain").
 */
FH_MUST_CHECK int fh_name_check(const char *what, const char *name, struct fh_err *err);

/* Lower-case base32 without padding (RFC 4648): `out` holds (size * 8 + 4) / 5 letters and a NUL.
 */
void fh_base32(char *out, const uint8_t *data, size_t size);
/* Reads `length` letters into exactly `size` bytes; false on a wrong letter, length or non-zero
 * rest. */
FH_MUST_CHECK bool fh_unbase32(uint8_t *out, size_t size, const char *text, size_t length);

#endif
