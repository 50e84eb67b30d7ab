/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/reconcile.h"

#include "proto/wire/pack.h"

#include <string.h>

enum { PLACE_DOMAIN_BYTES = 4 };

/* ---- keys ---- */

struct fh_range_key
fh_reconcile_place_key(const struct fh_domain_id *domain, const char *product, uint32_t major)
{
    static const char tag[] = "freehold/v1/place";
    uint8_t number[8];
    fh_put_u64be(number, major);
    struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag),
                               fh_bytes(domain->b, sizeof domain->b),
                               fh_bytes(number, sizeof number),
                               fh_bytes_cstr(product)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    struct fh_range_key key;
    memcpy(key.b, domain->b, PLACE_DOMAIN_BYTES);
    memcpy(key.b + PLACE_DOMAIN_BYTES, hash.b, sizeof key.b - PLACE_DOMAIN_BYTES);
    return key;
}

struct fh_range_key fh_reconcile_member_key(const struct fh_node_id *node, bool is_leave)
{
    struct fh_range_key key;
    memcpy(key.b, node->b, sizeof key.b);
    key.b[sizeof key.b - 1] = is_leave;
    return key;
}

struct fh_range_key fh_reconcile_record_key(const struct fh_record_id *id)
{
    struct fh_range_key key;
    memcpy(key.b, id->b, sizeof key.b);
    return key;
}

enum mode { MODE_SKIP, MODE_FINGERPRINT, MODE_LIST };

enum {
    LIST_BYTES_MAX = FH_RECONCILE_LIST_MAX * FH_REF_BYTES,
    RANGE_BYTES_MAX = 48 + LIST_BYTES_MAX, /* of one encoded range */
};

/* ---- reading ---- */

struct range {
    size_t from; /* places in our set */
    size_t to;
    struct fh_range_key upper;
    bool is_last; /* up to the end of all keys; `upper` counts for nothing */
    unsigned mode;
    struct fh_bytes value; /* fingerprint or list */
};

struct reading {
    const struct fh_rangeset *set;
    struct fh_pack_reader reader;
    uint32_t left;
    struct range range; /* the one that was read last */
};

static int wrong(struct fh_err *err, const char *what)
{
    return fh_err_rule(err, FH_EINVAL, "reconcile.form", "reconciliation: %s", what);
}

static int read_begin(struct reading *r,
                      const struct fh_rangeset *set,
                      struct fh_bytes message,
                      struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_RECONCILE_BYTES_MAX);
    int code = fh_pack_scan(message, &limits, err);
    if (code != FH_OK) {
        return code;
    }
    *r = (struct reading){.set = set};
    fh_pack_read_init(&r->reader, message);
    r->left = fh_pack_read_array(&r->reader, FH_RECONCILE_RANGES_MAX);
    code = fh_pack_read_ok(&r->reader, "reconciliation", err);
    return code == FH_OK && r->left == 0 ? wrong(err, "a message without ranges") : code;
}

static struct fh_bytes read_value(struct fh_pack_reader *reader, unsigned mode)
{
    if (mode == MODE_SKIP) {
        if (fh_pack_peek(reader) != FH_PACK_NIL) {
            fh_pack_fail(reader, "expected nil in a range that is skipped");
        } else {
            fh_pack_skip(reader);
        }
        return FH_BYTES_NONE;
    }
    return fh_pack_read_bin(
        reader, mode == MODE_LIST ? (size_t)LIST_BYTES_MAX : FH_RANGE_FINGERPRINT_BYTES);
}

static bool value_fits(unsigned mode, struct fh_bytes value)
{
    return mode == MODE_FINGERPRINT ? value.size == FH_RANGE_FINGERPRINT_BYTES
                                    : value.size % FH_REF_BYTES == 0;
}

/* The next range, into r->range. There is one left. */
static int read_range(struct reading *r, struct fh_err *err)
{
    struct range range = {.from = r->range.to};
    uint32_t fields = fh_pack_read_record(&r->reader, 3);
    struct fh_bytes bound = fh_pack_read_bin(&r->reader, sizeof range.upper.b);
    range.mode = (unsigned)fh_pack_read_uint(&r->reader, MODE_LIST);
    range.value = read_value(&r->reader, range.mode);
    fh_pack_read_record_end(&r->reader, fields, 3);
    if (fh_pack_read_ok(&r->reader, "reconciliation", err) != FH_OK) {
        return err->code;
    }
    r->left--;
    range.is_last = bound.size == 0;
    memcpy(range.upper.b, bound.data, bound.size);
    if (range.is_last != (r->left == 0)) {
        return wrong(err, "the last range, and no other, ends at the end of all keys");
    }
    if (!range.is_last && memcmp(range.upper.b, r->range.upper.b, sizeof range.upper.b) <= 0) {
        return wrong(err, "ranges must ascend");
    }
    if (!value_fits(range.mode, range.value)) {
        return wrong(err, "a fingerprint has 16 bytes, and so has each id of a list");
    }
    range.to = range.is_last ? fh_rangeset_count(r->set) : fh_rangeset_place(r->set, &range.upper);
    r->range = range;
    return FH_OK;
}

/* ---- writing ---- */

struct writing {
    const struct fh_rangeset *set;
    struct fh_buf ranges; /* encoded, without the head of their array */
    uint32_t count;
    bool skipping; /* what lies before the next range that is written is skipped */
    struct fh_range_key skipped_to;
    bool folded; /* the message is full: the rest is one fingerprint */
};

static void write_begin(struct writing *w, const struct fh_rangeset *set)
{
    *w = (struct writing){.set = set};
    fh_buf_init(&w->ranges, FH_RECONCILE_BYTES_MAX);
}

static void put_range(struct writing *w, const struct fh_range_key *upper, unsigned mode)
{
    size_t size = upper == NULL ? 0 : sizeof upper->b;
    while (size > 0 && upper->b[size - 1] == 0) {
        size--; /* a bound is filled up with zeros */
    }
    fh_pack_array(&w->ranges, 3);
    fh_pack_bin(&w->ranges, fh_bytes(upper == NULL ? NULL : upper->b, size));
    fh_pack_uint(&w->ranges, mode);
    w->count++;
}

static void
put_fingerprint(struct writing *w, const struct fh_range_key *upper_or_end, size_t from, size_t to)
{
    uint8_t fingerprint[FH_RANGE_FINGERPRINT_BYTES];
    fh_rangeset_fingerprint(w->set, from, to, fingerprint);
    put_range(w, upper_or_end, MODE_FINGERPRINT);
    fh_pack_bin(&w->ranges, fh_bytes(fingerprint, sizeof fingerprint));
}

/* Room for the range and, behind it, a skip and the fingerprint of the rest. */
static bool has_room(const struct writing *w)
{
    return w->count + 3 < FH_RECONCILE_RANGES_MAX &&
           w->ranges.size + 3 * (size_t)RANGE_BYTES_MAX < FH_RECONCILE_BYTES_MAX;
}

/* Before a range that begins at place `from` is written. False: it went into the fold. */
static bool open_range(struct writing *w, size_t from)
{
    if (w->folded) {
        return false;
    }
    if (w->skipping) {
        w->skipping = false;
        put_range(w, &w->skipped_to, MODE_SKIP);
        fh_pack_nil(&w->ranges);
    }
    if (!has_room(w)) {
        w->folded = true;
        put_fingerprint(w, NULL, from, fh_rangeset_count(w->set));
        return false;
    }
    return true;
}

static void skip(struct writing *w, const struct range *range)
{
    if (!w->folded) {
        w->skipping = true;
        w->skipped_to = range->upper;
    }
}

static void write_fingerprint(struct writing *w, const struct range *range)
{
    if (open_range(w, range->from)) {
        put_fingerprint(w, range->is_last ? NULL : &range->upper, range->from, range->to);
    }
}

static void write_list(struct writing *w, const struct range *range)
{
    if (!open_range(w, range->from)) {
        return;
    }
    put_range(w, range->is_last ? NULL : &range->upper, MODE_LIST);
    fh_pack_bin_head(&w->ranges, (uint32_t)((range->to - range->from) * FH_REF_BYTES));
    for (size_t i = range->from; i < range->to; i++) {
        fh_buf_add(&w->ranges, fh_rangeset_at(w->set, i)->id.b, FH_REF_BYTES);
    }
}

/* The shortest bound that tells the element at `place` from the one before it. */
static struct fh_range_key bound_before(const struct fh_rangeset *set, size_t place)
{
    struct fh_range_key before = fh_rangeset_at(set, place - 1)->key;
    struct fh_range_key bound = fh_rangeset_at(set, place)->key;
    size_t same = 0;
    while (before.b[same] == bound.b[same]) {
        same++;
    }
    memset(bound.b + same + 1, 0, sizeof bound.b - same - 1);
    return bound;
}

static void write_split(struct writing *w, const struct range *range)
{
    size_t count = range->to - range->from;
    size_t from = range->from;
    for (size_t i = 1; i <= FH_RECONCILE_FANOUT; i++) {
        struct range part = *range;
        part.from = from;
        if (i < FH_RECONCILE_FANOUT) {
            part.to = range->from + count * i / FH_RECONCILE_FANOUT;
            part.upper = bound_before(w->set, part.to);
            part.is_last = false;
        }
        write_fingerprint(w, &part);
        from = part.to;
    }
}

static void write_end(struct writing *w, struct fh_buf *out)
{
    if (w->skipping) { /* up to the end */
        put_range(w, NULL, MODE_SKIP);
        fh_pack_nil(&w->ranges);
    }
    fh_pack_array(out, w->count);
    fh_buf_add_bytes(out, fh_buf_view(&w->ranges));
    fh_buf_fini(&w->ranges);
}

static bool is_equal(const struct fh_rangeset *set, const struct range *range)
{
    uint8_t own[FH_RANGE_FINGERPRINT_BYTES];
    fh_rangeset_fingerprint(set, range->from, range->to, own);
    return memcmp(own, range->value.data, sizeof own) == 0;
}

static bool is_few(const struct range *range)
{
    return range->to - range->from <= FH_RECONCILE_LIST_MAX;
}

/* ---- the three moves ---- */

void fh_reconcile_begin(const struct fh_rangeset *set, struct fh_buf *out)
{
    struct writing w;
    struct range all = {.to = fh_rangeset_count(set), .is_last = true};
    write_begin(&w, set);
    if (is_few(&all)) {
        write_fingerprint(&w, &all);
    } else {
        write_split(&w, &all);
    }
    write_end(&w, out);
}

int fh_reconcile_answer(const struct fh_rangeset *set,
                        struct fh_bytes message,
                        struct fh_buf *out,
                        struct fh_err *err)
{
    struct reading r;
    struct writing w;
    int code = read_begin(&r, set, message, err);
    if (code != FH_OK) {
        return code;
    }
    write_begin(&w, set);
    while (code == FH_OK && r.left > 0) {
        code = read_range(&r, err);
        if (code != FH_OK) {
            break;
        }
        if (r.range.mode == MODE_LIST) {
            code = wrong(err, "who asks lists nothing");
        } else if (r.range.mode == MODE_SKIP || is_equal(set, &r.range)) {
            skip(&w, &r.range);
        } else if (is_few(&r.range)) {
            write_list(&w, &r.range);
        } else {
            write_split(&w, &r.range);
        }
    }
    if (code != FH_OK) {
        fh_buf_fini(&w.ranges);
        return code;
    }
    write_end(&w, out);
    return FH_OK;
}

static bool lists(struct fh_bytes list, const uint8_t ref[FH_REF_BYTES])
{
    for (size_t i = 0; i < list.size; i += FH_REF_BYTES) {
        if (memcmp(list.data + i, ref, FH_REF_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool
holds(const struct fh_rangeset *set, const struct range *range, const uint8_t ref[FH_REF_BYTES])
{
    for (size_t i = range->from; i < range->to; i++) {
        if (memcmp(fh_rangeset_at(set, i)->id.b, ref, FH_REF_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static void compare(const struct fh_rangeset *set,
                    const struct range *range,
                    const struct fh_reconcile_found *found)
{
    for (size_t i = 0; i < range->value.size; i += FH_REF_BYTES) {
        const uint8_t *bytes = range->value.data + i;
        if (!holds(set, range, bytes)) {
            struct fh_ref ref;
            memcpy(ref.b, bytes, sizeof ref.b);
            found->lacks(found->user, &ref);
        }
    }
    for (size_t i = range->from; i < range->to; i++) {
        const struct fh_range_element *element = fh_rangeset_at(set, i);
        if (!lists(range->value, element->id.b)) {
            found->extra(found->user, element);
        }
    }
}

int fh_reconcile_next(const struct fh_rangeset *set,
                      struct fh_bytes answer,
                      const struct fh_reconcile_found *found,
                      struct fh_buf *out,
                      struct fh_err *err)
{
    struct reading r;
    struct writing w;
    int code = read_begin(&r, set, answer, err);
    if (code != FH_OK) {
        return code;
    }
    write_begin(&w, set);
    while (r.left > 0 && code == FH_OK) {
        code = read_range(&r, err);
        if (code != FH_OK) {
            break;
        }
        if (r.range.mode == MODE_LIST) {
            compare(set, &r.range, found);
            skip(&w, &r.range);
        } else if (r.range.mode == MODE_SKIP || is_equal(set, &r.range)) {
            skip(&w, &r.range);
        } else if (is_few(&r.range)) {
            write_fingerprint(&w, &r.range);
        } else {
            write_split(&w, &r.range);
        }
    }
    if (code != FH_OK || w.count == 0) {
        fh_buf_fini(&w.ranges);
        return code;
    }
    write_end(&w, out);
    return FH_OK;
}
