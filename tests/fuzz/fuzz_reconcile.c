/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a message of a reconciliation, at both ends: refused with a reason, or answered with
 * what the other end understands. The first byte chooses how much is held. */
#include "common/assert.h"
#include "proto/gossip/reconcile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HELD_MAX = 1024 };

static void on_lacks(void *user, const struct fh_ref *ref)
{
    (void)ref;
    ++*(size_t *)user;
}

static void on_extra(void *user, const struct fh_range_element *element)
{
    (void)element;
    ++*(size_t *)user;
}

static struct fh_rangeset *held(unsigned count)
{
    struct fh_rangeset *set;
    struct fh_err err;
    FH_ASSERT(fh_rangeset_new(&set, HELD_MAX, &err) == FH_OK);
    for (unsigned i = 0; i < count; i++) {
        uint8_t input[4];
        fh_put_u32be(input, i);
        struct fh_hash hash = fh_hash(fh_bytes(input, sizeof input));
        struct fh_range_element element;
        memcpy(element.key.b, hash.b, sizeof element.key.b);
        memcpy(element.id.b, hash.b, sizeof element.id.b);
        FH_ASSERT(fh_rangeset_put(set, &element.key, &element.id, &err) == FH_OK);
    }
    return set;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct fh_rangeset *set = held(data[0] * 4u);
    struct fh_bytes message = fh_bytes(data + 1, size - 1);
    size_t count = 0;
    struct fh_reconcile_found found = {on_lacks, on_extra, &count};
    struct fh_err err = {0};
    struct fh_buf out;
    struct fh_buf next;
    fh_buf_init(&out, FH_RECONCILE_BYTES_MAX);
    fh_buf_init(&next, FH_RECONCILE_BYTES_MAX);
    if (fh_reconcile_answer(set, message, &out, &err) == FH_OK) {
        FH_ASSERT(fh_buf_ok(&out) == FH_OK);
        FH_ASSERT(fh_reconcile_next(set, fh_buf_view(&out), &found, &next, &err) == FH_OK);
        /* Who holds the same has nothing to ask about an answer, and lacks nothing in it. */
        FH_ASSERT(next.size == 0 && count == 0);
    } else {
        FH_ASSERT(err.text[0] != 0);
    }
    fh_buf_reset(&out);
    if (fh_reconcile_next(set, message, &found, &out, &err) == FH_OK) {
        FH_ASSERT(fh_buf_ok(&out) == FH_OK);
    } else {
        FH_ASSERT(err.text[0] != 0 && out.size == 0);
    }
    fh_buf_fini(&out);
    fh_buf_fini(&next);
    fh_rangeset_free(set);
    return 0;
}
