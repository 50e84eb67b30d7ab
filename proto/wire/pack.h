/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical msgpack: a bounded scanner, a reader and a writer (pack_write.c, the only owner of
 * msgpack.h).
 *
 * Canonical means that a value has exactly one encoding: shortest integer and length forms, no
 * floats, no ext, maps with string keys in strictly ascending byte order, UTF-8 strings without
 * U+0000, nothing behind the value. The scanner walks foreign bytes without allocating and before
 * anything else sees them (msgpack-c reserves gigabytes for five hostile bytes); the reader then
 * walks bytes that were scanned.
 *
 * Reader and writer keep their first failure and go on as no-ops, so that a decoder reads as a list
 * of fields with one check at its end.
 *
 * Does not: convert types or guess. Thread: distinct objects. Ownership: strings and bins read are
 * views into the scanned bytes.
 */
#ifndef FH_PROTO_WIRE_PACK_H
#define FH_PROTO_WIRE_PACK_H

#include "common/bytes.h"
#include "common/err.h"

enum fh_pack_kind {
    FH_PACK_NIL,
    FH_PACK_BOOL,
    FH_PACK_UINT, /* 0 .. 2^64-1 */
    FH_PACK_INT,  /* -2^63 .. -1 */
    FH_PACK_STR,
    FH_PACK_BIN,
    FH_PACK_ARRAY,
    FH_PACK_MAP,
    FH_PACK_KIND_COUNT
};

struct fh_pack_limits {
    size_t bytes_max;
    unsigned depth_max;
    unsigned items_max; /* values of all levels, keys included */
};

/* FH_PACK_DEPTH_MAX, FH_PACK_ITEMS_MAX and the given bytes. */
struct fh_pack_limits fh_pack_limits(size_t bytes_max);

/* Checks that `bytes` is exactly one canonical value within the limits. Allocates nothing; O(n).
 * FH_EINVAL with rule "pack.*" and the byte offset, FH_ETOOBIG. */
FH_MUST_CHECK int
fh_pack_scan(struct fh_bytes bytes, const struct fh_pack_limits *limits, struct fh_err *err);

/* A reader over bytes that fh_pack_scan accepted. */
struct fh_pack_reader {
    struct fh_bytes bytes; /* borrowed while the reader lives */
    size_t at;
    int failed;      /* sticks: FH_OK, FH_EINVAL or FH_EVERSION */
    size_t fail_at;  /* offset of the value that did not fit */
    const char *why; /* static text: "expected a string" */
};

void fh_pack_read_init(struct fh_pack_reader *reader, struct fh_bytes scanned);
/* Kind of the next value; FH_PACK_KIND_COUNT at the end or after a failure. */
enum fh_pack_kind fh_pack_peek(const struct fh_pack_reader *reader);
bool fh_pack_at_end(const struct fh_pack_reader *reader);
/* Each returns the value or zero/empty after a failure. `max` bounds size or value. */
uint64_t fh_pack_read_uint(struct fh_pack_reader *reader, uint64_t max);
int64_t fh_pack_read_int(struct fh_pack_reader *reader); /* any integer that fits */
bool fh_pack_read_bool(struct fh_pack_reader *reader);
struct fh_bytes fh_pack_read_str(struct fh_pack_reader *reader, size_t max);
struct fh_bytes fh_pack_read_bin(struct fh_pack_reader *reader, size_t max);
/* Copies a string with its NUL to `out`; fails when it does not fit `size`. */
void fh_pack_read_cstr(struct fh_pack_reader *reader, char *out, size_t size);
/* A bin of exactly `size` bytes. */
void fh_pack_read_fixed(struct fh_pack_reader *reader, uint8_t *out, size_t size);
/* A bin of exactly `size` bytes, or an empty one: whether it was there. */
bool fh_pack_read_optional(struct fh_pack_reader *reader, uint8_t *out, size_t size);
/* Head of an array or map: number of elements (pairs). */
uint32_t fh_pack_read_array(struct fh_pack_reader *reader, uint32_t max);
uint32_t fh_pack_read_map(struct fh_pack_reader *reader, uint32_t max);
/* Head of an array that must have at least `fields` elements. Returns the count; after the known
 * fields fh_pack_read_record_end skips those that a newer version appended. */
uint32_t fh_pack_read_record(struct fh_pack_reader *reader, uint32_t fields);
void fh_pack_read_record_end(struct fh_pack_reader *reader, uint32_t count, uint32_t fields);
/* Fails with FH_EVERSION unless the next value is this unsigned integer. */
void fh_pack_read_version(struct fh_pack_reader *reader, uint64_t version);
/* Skips one whole value. */
void fh_pack_skip(struct fh_pack_reader *reader);
/* One whole value, as a view of its encoding. */
struct fh_bytes fh_pack_read_raw(struct fh_pack_reader *reader);
void fh_pack_fail(struct fh_pack_reader *reader, const char *why);
/* FH_OK when nothing failed; else FH_EINVAL ("pack.shape") or FH_EVERSION ("pack.version"):
 * "<what>: byte 17: expected a string". */
FH_MUST_CHECK int
fh_pack_read_ok(const struct fh_pack_reader *reader, const char *what, struct fh_err *err);

/* A map of which all these keys must be there, and others, of a newer version, are passed over. */
struct fh_pack_form {
    const char *what;        /* "policy record" */
    const char *rule;        /* of a key that is missing, and of bytes behind the map */
    const char *const *keys; /* in ascending order, as they stand in a canonical map */
    unsigned key_count;
    /* Reads the value of keys[index]. */
    void (*read)(struct fh_pack_reader *reader, unsigned index, void *user);
};
/* Reads `map`, which was scanned, as such a form. FH_EINVAL (`rule`) and as fh_pack_read_ok. */
FH_MUST_CHECK int fh_pack_read_form(struct fh_bytes map,
                                    const struct fh_pack_form *form,
                                    void *user,
                                    struct fh_err *err);

/* The writer appends canonical encodings; failures stick in the buffer. Maps: the caller writes the
 * pairs in ascending key order (the scanner refuses others). */
void fh_pack_nil(struct fh_buf *out);
void fh_pack_bool(struct fh_buf *out, bool value);
void fh_pack_uint(struct fh_buf *out, uint64_t value);
void fh_pack_int(struct fh_buf *out, int64_t value);
void fh_pack_str(struct fh_buf *out, struct fh_bytes utf8);
void fh_pack_cstr(struct fh_buf *out, const char *utf8);
void fh_pack_bin(struct fh_buf *out, struct fh_bytes bytes);
/* A bin of `size` bytes, empty where all of them are zero: what fh_pack_read_optional reads. */
void fh_pack_optional(struct fh_buf *out, const uint8_t *bytes, size_t size);
/* Only the head of a bin: the caller appends its `size` bytes, or sends them from where they are.
 */
void fh_pack_bin_head(struct fh_buf *out, uint32_t size);
void fh_pack_array(struct fh_buf *out, uint32_t count);
void fh_pack_map(struct fh_buf *out, uint32_t count);

#endif
