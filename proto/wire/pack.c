/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/pack.h"

#include "common/assert.h"
#include "common/limits.h"

#include <string.h>

/* The first byte of a value decides everything about it (msgpack specification, "formats"). */
struct head {
    enum fh_pack_kind kind;
    uint64_t value;   /* integer, boolean, byte length or element count */
    int64_t negative; /* FH_PACK_INT only */
    size_t size;      /* bytes of the head itself */
};

enum head_fault { HEAD_OK, HEAD_TRUNCATED, HEAD_LONG_FORM, HEAD_TYPE };

static uint64_t big_endian(const uint8_t *in, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value = value << 8 | in[i];
    }
    return value;
}

/* X(first byte, kind, bytes that follow, smallest value whose shortest form this is) */
#define UNSIGNED_FORMS(X)                                                                          \
    X(0xc4, FH_PACK_BIN, 1, 0)                                                                     \
    X(0xc5, FH_PACK_BIN, 2, 0x100)                                                                 \
    X(0xc6, FH_PACK_BIN, 4, 0x10000)                                                               \
    X(0xcc, FH_PACK_UINT, 1, 0x80)                                                                 \
    X(0xcd, FH_PACK_UINT, 2, 0x100)                                                                \
    X(0xce, FH_PACK_UINT, 4, 0x10000)                                                              \
    X(0xcf, FH_PACK_UINT, 8, 0x100000000)                                                          \
    X(0xd9, FH_PACK_STR, 1, 0x20)                                                                  \
    X(0xda, FH_PACK_STR, 2, 0x100)                                                                 \
    X(0xdb, FH_PACK_STR, 4, 0x10000)                                                               \
    X(0xdc, FH_PACK_ARRAY, 2, 0x10)                                                                \
    X(0xdd, FH_PACK_ARRAY, 4, 0x10000)                                                             \
    X(0xde, FH_PACK_MAP, 2, 0x10)                                                                  \
    X(0xdf, FH_PACK_MAP, 4, 0x10000)

static enum head_fault
read_unsigned(struct fh_bytes bytes, size_t at, struct head *out, unsigned width, uint64_t smallest)
{
    if (bytes.size - at <= width) {
        return HEAD_TRUNCATED;
    }
    out->size = 1 + width;
    out->value = big_endian(bytes.data + at + 1, width);
    return out->value < smallest ? HEAD_LONG_FORM : HEAD_OK;
}

/* `largest` is the largest (least negative) value whose shortest form has `width` bytes. */
static enum head_fault
read_negative(struct fh_bytes bytes, size_t at, struct head *out, unsigned width, int64_t largest)
{
    if (bytes.size - at <= width) {
        return HEAD_TRUNCATED;
    }
    uint64_t raw = big_endian(bytes.data + at + 1, width);
    uint64_t sign = (uint64_t)1 << (8 * width - 1);
    out->kind = FH_PACK_INT;
    out->size = 1 + width;
    if ((raw & sign) == 0) {
        return HEAD_LONG_FORM; /* not negative: an unsigned form is shorter or the only one */
    }
    /* raw - 2^(8 width), computed without leaving the range of int64_t */
    out->negative = -(int64_t)(~raw & (sign - 1)) - 1;
    return out->negative > largest ? HEAD_LONG_FORM : HEAD_OK;
}

static enum head_fault read_head(struct fh_bytes bytes, size_t at, struct head *out)
{
    if (at >= bytes.size) {
        return HEAD_TRUNCATED;
    }
    uint8_t first = bytes.data[at];
    *out = (struct head){.size = 1};
    if (first <= 0x7f) {
        out->kind = FH_PACK_UINT;
        out->value = first;
        return HEAD_OK;
    }
    if (first <= 0x8f) {
        out->kind = FH_PACK_MAP;
        out->value = first & 0x0f;
        return HEAD_OK;
    }
    if (first <= 0x9f) {
        out->kind = FH_PACK_ARRAY;
        out->value = first & 0x0f;
        return HEAD_OK;
    }
    if (first <= 0xbf) {
        out->kind = FH_PACK_STR;
        out->value = first & 0x1f;
        return HEAD_OK;
    }
    if (first >= 0xe0) {
        out->kind = FH_PACK_INT;
        out->negative = (int64_t)first - 0x100;
        return HEAD_OK;
    }
    switch (first) {
    case 0xc0:
        out->kind = FH_PACK_NIL;
        return HEAD_OK;
    case 0xc2:
    case 0xc3:
        out->kind = FH_PACK_BOOL;
        out->value = first & 1;
        return HEAD_OK;
#define X(code, what, width, smallest)                                                             \
    case (code):                                                                                   \
        out->kind = (what);                                                                        \
        return read_unsigned(bytes, at, out, (width), (smallest));
        UNSIGNED_FORMS(X)
#undef X
    case 0xd0:
        return read_negative(bytes, at, out, 1, -33);
    case 0xd1:
        return read_negative(bytes, at, out, 2, (int64_t)INT8_MIN - 1);
    case 0xd2:
        return read_negative(bytes, at, out, 4, (int64_t)INT16_MIN - 1);
    case 0xd3:
        return read_negative(bytes, at, out, 8, (int64_t)INT32_MIN - 1);
    default:
        return HEAD_TYPE; /* 0xc1, floats and extensions */
    }
}

static bool has_content(enum fh_pack_kind kind)
{
    return kind == FH_PACK_STR || kind == FH_PACK_BIN;
}

/* Scanner. */

struct fh_pack_limits fh_pack_limits(size_t bytes_max)
{
    return (struct fh_pack_limits){bytes_max, FH_PACK_DEPTH_MAX, FH_PACK_ITEMS_MAX};
}

struct level {
    uint64_t left; /* values still to come, keys included */
    bool map;
    struct fh_bytes key; /* the map's last key */
};

struct scan {
    struct fh_bytes bytes;
    size_t at;
    uint64_t items_left;
    unsigned depth;
    unsigned depth_max;
    struct level levels[FH_PACK_DEPTH_MAX + 1];
    struct fh_err *err;
};

static int refuse(const struct scan *scan, int code, const char *rule, const char *text)
{
    return fh_err_rule(scan->err, code, rule, "byte %zu: %s", scan->at, text);
}

static int refuse_head(const struct scan *scan, enum head_fault fault)
{
    switch (fault) {
    case HEAD_TRUNCATED:
        return refuse(scan, FH_EINVAL, "pack.truncated", "the value ends too early");
    case HEAD_LONG_FORM:
        return refuse(
            scan, FH_EINVAL, "pack.long_form", "expected the shortest form of this value");
    case HEAD_TYPE:
        return refuse(scan,
                      FH_EINVAL,
                      "pack.type",
                      "expected nil, boolean, integer, string, bin, array or map (no floats, no "
                      "extensions)");
    case HEAD_OK:
        break;
    }
    return FH_EINTERNAL;
}

static int scan_content(struct scan *scan, const struct head *head, struct level *level, bool key)
{
    if (head->value > scan->bytes.size - scan->at - head->size) {
        return refuse_head(scan, HEAD_TRUNCATED);
    }
    struct fh_bytes content =
        fh_bytes(scan->bytes.data + scan->at + head->size, (size_t)head->value);
    if (head->kind == FH_PACK_STR && !fh_utf8_valid(content)) {
        return refuse(scan, FH_EINVAL, "pack.utf8", "expected well-formed UTF-8 without U+0000");
    }
    if (key) {
        if (level->key.data != NULL && fh_bytes_compare(level->key, content) >= 0) {
            return refuse(scan,
                          FH_EINVAL,
                          "pack.map_order",
                          "expected map keys in ascending byte order, each once");
        }
        level->key = content;
    }
    scan->at += head->size + content.size;
    return FH_OK;
}

static int scan_container(struct scan *scan, const struct head *head)
{
    uint64_t values = head->kind == FH_PACK_MAP ? 2 * head->value : head->value;
    if (scan->depth == scan->depth_max) {
        return refuse(scan, FH_ETOOBIG, "pack.depth", "nested too deeply");
    }
    if (values > scan->items_left) {
        return refuse(scan, FH_ETOOBIG, "pack.items", "too many values");
    }
    if (values > scan->bytes.size - scan->at - head->size) {
        return refuse_head(scan, HEAD_TRUNCATED); /* each value has at least one byte */
    }
    scan->at += head->size;
    scan->levels[++scan->depth] = (struct level){.left = values, .map = head->kind == FH_PACK_MAP};
    return FH_OK;
}

static int scan_value(struct scan *scan)
{
    struct level *level = &scan->levels[scan->depth];
    bool key = level->map && level->left % 2 == 0;
    struct head head;
    enum head_fault fault = read_head(scan->bytes, scan->at, &head);
    if (fault != HEAD_OK) {
        return refuse_head(scan, fault);
    }
    if (scan->items_left == 0) {
        return refuse(scan, FH_ETOOBIG, "pack.items", "too many values");
    }
    if (key && head.kind != FH_PACK_STR) {
        return refuse(scan, FH_EINVAL, "pack.map_key", "expected a string as map key");
    }
    scan->items_left--;
    level->left--;
    if (head.kind == FH_PACK_ARRAY || head.kind == FH_PACK_MAP) {
        return scan_container(scan, &head);
    }
    if (has_content(head.kind)) {
        return scan_content(scan, &head, level, key);
    }
    scan->at += head.size;
    return FH_OK;
}

int fh_pack_scan(struct fh_bytes bytes, const struct fh_pack_limits *limits, struct fh_err *err)
{
    FH_ASSERT(limits->depth_max <= FH_PACK_DEPTH_MAX);
    struct scan scan = {.bytes = bytes,
                        .items_left = limits->items_max,
                        .depth_max = limits->depth_max,
                        .err = err};
    if (bytes.size > limits->bytes_max) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "pack.size",
                           "%zu bytes: expected at most %zu",
                           bytes.size,
                           limits->bytes_max);
    }
    scan.levels[0].left = 1;
    for (;;) {
        while (scan.levels[scan.depth].left == 0) {
            if (scan.depth == 0) {
                return scan.at == bytes.size ? FH_OK
                                             : refuse(&scan,
                                                      FH_EINVAL,
                                                      "pack.trailing",
                                                      "expected nothing behind the value");
            }
            scan.depth--;
        }
        int code = scan_value(&scan);
        if (code != FH_OK) {
            return code;
        }
    }
}

/* Reader. It checks bounds again: bytes that were not scanned give an error, never a stray read. */

void fh_pack_read_init(struct fh_pack_reader *reader, struct fh_bytes scanned)
{
    *reader = (struct fh_pack_reader){.bytes = scanned};
}

void fh_pack_fail(struct fh_pack_reader *reader, const char *why)
{
    if (reader->failed == FH_OK) {
        reader->failed = FH_EINVAL;
        reader->fail_at = reader->at;
        reader->why = why;
    }
}

enum fh_pack_kind fh_pack_peek(const struct fh_pack_reader *reader)
{
    struct head head;
    if (reader->failed != FH_OK || read_head(reader->bytes, reader->at, &head) != HEAD_OK) {
        return FH_PACK_KIND_COUNT;
    }
    return head.kind;
}

bool fh_pack_at_end(const struct fh_pack_reader *reader)
{
    return reader->at >= reader->bytes.size;
}

/* The head of the next value when it is of `kind` and, for strings and bins, complete. */
static bool take(struct fh_pack_reader *reader,
                 enum fh_pack_kind kind,
                 const char *expected,
                 uint64_t max,
                 struct head *out)
{
    if (reader->failed != FH_OK) {
        return false;
    }
    if (read_head(reader->bytes, reader->at, out) != HEAD_OK || out->kind != kind) {
        fh_pack_fail(reader, expected);
        return false;
    }
    if (out->value > max) {
        fh_pack_fail(reader, "value, length or count is larger than allowed here");
        return false;
    }
    if (has_content(kind) && out->value > reader->bytes.size - reader->at - out->size) {
        fh_pack_fail(reader, expected);
        return false;
    }
    reader->at += out->size;
    return true;
}

uint64_t fh_pack_read_uint(struct fh_pack_reader *reader, uint64_t max)
{
    struct head head;
    return take(reader, FH_PACK_UINT, "expected an unsigned integer", max, &head) ? head.value : 0;
}

int64_t fh_pack_read_int(struct fh_pack_reader *reader)
{
    struct head head;
    if (fh_pack_peek(reader) == FH_PACK_INT) {
        return take(reader, FH_PACK_INT, "expected an integer", UINT64_MAX, &head) ? head.negative
                                                                                   : 0;
    }
    return take(reader, FH_PACK_UINT, "expected an integer", INT64_MAX, &head) ? (int64_t)head.value
                                                                               : 0;
}

bool fh_pack_read_bool(struct fh_pack_reader *reader)
{
    struct head head;
    return take(reader, FH_PACK_BOOL, "expected a boolean", 1, &head) && head.value == 1;
}

static struct fh_bytes take_content(struct fh_pack_reader *reader,
                                    enum fh_pack_kind kind,
                                    const char *expected,
                                    size_t max)
{
    struct head head;
    if (!take(reader, kind, expected, max, &head)) {
        return FH_BYTES_NONE;
    }
    struct fh_bytes content = fh_bytes(reader->bytes.data + reader->at, (size_t)head.value);
    reader->at += content.size;
    return content;
}

struct fh_bytes fh_pack_read_str(struct fh_pack_reader *reader, size_t max)
{
    return take_content(reader, FH_PACK_STR, "expected a string", max);
}

struct fh_bytes fh_pack_read_bin(struct fh_pack_reader *reader, size_t max)
{
    return take_content(reader, FH_PACK_BIN, "expected a bin", max);
}

void fh_pack_read_cstr(struct fh_pack_reader *reader, char *out, size_t size)
{
    FH_ASSERT(size > 0);
    struct fh_bytes text = fh_pack_read_str(reader, size - 1);
    if (text.size > 0) {
        memcpy(out, text.data, text.size);
    }
    out[text.size] = '\0';
}

void fh_pack_read_fixed(struct fh_pack_reader *reader, uint8_t *out, size_t size)
{
    size_t before = reader->at;
    struct fh_bytes content = fh_pack_read_bin(reader, size);
    if (reader->failed == FH_OK && content.size != size) {
        reader->at = before;
        fh_pack_fail(reader, "expected a bin of another length");
    }
    if (reader->failed != FH_OK) {
        memset(out, 0, size);
        return;
    }
    if (size > 0) {
        memcpy(out, content.data, size);
    }
}

bool fh_pack_read_optional(struct fh_pack_reader *reader, uint8_t *out, size_t size)
{
    struct fh_bytes content = fh_pack_read_bin(reader, size);
    if (reader->failed != FH_OK || content.size == 0) {
        return false;
    }
    if (content.size != size) {
        fh_pack_fail(reader, "expected a bin of full length or none");
        return false;
    }
    memcpy(out, content.data, size);
    return true;
}

uint32_t fh_pack_read_array(struct fh_pack_reader *reader, uint32_t max)
{
    struct head head;
    return take(reader, FH_PACK_ARRAY, "expected an array", max, &head) ? (uint32_t)head.value : 0;
}

uint32_t fh_pack_read_map(struct fh_pack_reader *reader, uint32_t max)
{
    struct head head;
    return take(reader, FH_PACK_MAP, "expected a map", max, &head) ? (uint32_t)head.value : 0;
}

uint32_t fh_pack_read_record(struct fh_pack_reader *reader, uint32_t fields)
{
    size_t before = reader->at;
    uint32_t count = fh_pack_read_array(reader, UINT32_MAX);
    if (reader->failed == FH_OK && count < fields) {
        reader->at = before;
        fh_pack_fail(reader, "expected an array with more fields");
        return 0;
    }
    return count;
}

void fh_pack_read_record_end(struct fh_pack_reader *reader, uint32_t count, uint32_t fields)
{
    for (uint32_t i = fields; i < count && reader->failed == FH_OK; i++) {
        fh_pack_skip(reader);
    }
}

void fh_pack_read_version(struct fh_pack_reader *reader, uint64_t version)
{
    size_t before = reader->at;
    uint64_t found = fh_pack_read_uint(reader, UINT64_MAX);
    if (reader->failed == FH_OK && found != version) {
        reader->at = before;
        fh_pack_fail(reader, "this version is not known here");
        reader->failed = FH_EVERSION;
    }
}

void fh_pack_skip(struct fh_pack_reader *reader)
{
    uint64_t left = 1;
    while (left > 0 && reader->failed == FH_OK) {
        enum fh_pack_kind kind = fh_pack_peek(reader);
        struct head head;
        if (kind == FH_PACK_KIND_COUNT ||
            !take(reader, kind, "expected a value", UINT64_MAX, &head)) {
            fh_pack_fail(reader, "expected a value");
            return;
        }
        left--;
        if (has_content(kind)) {
            reader->at += (size_t)head.value;
        } else if (kind == FH_PACK_ARRAY) {
            left += head.value;
        } else if (kind == FH_PACK_MAP) {
            left += 2 * head.value;
        }
    }
}

struct fh_bytes fh_pack_read_raw(struct fh_pack_reader *reader)
{
    size_t before = reader->at;
    fh_pack_skip(reader);
    return reader->failed == FH_OK ? fh_bytes(reader->bytes.data + before, reader->at - before)
                                   : FH_BYTES_NONE;
}

int fh_pack_read_ok(const struct fh_pack_reader *reader, const char *what, struct fh_err *err)
{
    if (reader->failed == FH_OK) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       reader->failed,
                       reader->failed == FH_EVERSION ? "pack.version" : "pack.shape",
                       "%s: byte %zu: %s",
                       what,
                       reader->fail_at,
                       reader->why);
}

int fh_pack_read_form(struct fh_bytes map,
                      const struct fh_pack_form *form,
                      void *user,
                      struct fh_err *err)
{
    struct fh_pack_reader reader;
    unsigned next = 0; /* keys are sorted, in the form and in the scanned map */
    fh_pack_read_init(&reader, map);
    uint32_t count = fh_pack_read_map(&reader, FH_PACK_ITEMS_MAX);
    for (uint32_t i = 0; i < count && reader.failed == FH_OK; i++) {
        struct fh_bytes key = fh_pack_read_str(&reader, FH_NAME_BYTES_MAX);
        if (next < form->key_count && fh_bytes_equal_cstr(key, form->keys[next])) {
            form->read(&reader, next, user);
            next++;
        } else {
            fh_pack_skip(&reader);
        }
    }
    int rc = fh_pack_read_ok(&reader, form->what, err);
    if (rc == FH_OK && next < form->key_count) {
        rc = fh_err_rule(
            err, FH_EINVAL, form->rule, "%s: %s is missing", form->what, form->keys[next]);
    }
    if (rc == FH_OK && !fh_pack_at_end(&reader)) {
        rc = fh_err_rule(err, FH_EINVAL, form->rule, "%s: bytes follow its end", form->what);
    }
    return rc;
}
