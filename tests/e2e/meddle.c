/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay that meddles: linked with node/main.c into freehold-node-meddling, whose linker sends the
 * relay's answers through here (--wrap). All else is the real node. It does to one frame of each
 * query what the file FH_MEDDLE says (meddle.h): the owner's sealed reply, which a relay carries,
 * is all that a relay has in its hands.
 */
#include "tests/e2e/meddle.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/prng.h"
#include "node/peer/questions.h"
#include "proto/wire/envelope.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

bool __real_fh_question_answer_tagged(struct fh_question *question,
                                      struct fh_bytes head,
                                      struct fh_bytes body,
                                      uint8_t out_tag[FH_AEAD_TAG_BYTES]);
bool __wrap_fh_question_answer_tagged(struct fh_question *question,
                                      struct fh_bytes head,
                                      struct fh_bytes body,
                                      uint8_t out_tag[FH_AEAD_TAG_BYTES]);

enum { KEPT = 24 };

static struct meddle *orders;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned epoch;
static struct fh_buf kept[2][2][KEPT]; /* by SQL text, of this answer and of the one before */
static unsigned turn[2];
static struct fh_question *held; /* with its frame in `held_frame` */
static struct fh_buf held_frame;

static __attribute__((constructor)) void take_orders(void)
{
    const char *path = getenv("FH_MEDDLE");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        void *map = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        orders = map == MAP_FAILED ? NULL : map;
        close(fd);
    }
    fh_buf_init(&held_frame, FH_FRAME_REPLY_BYTES_MAX);
    for (unsigned i = 0; i < 2 * 2 * KEPT; i++) {
        fh_buf_init(&kept[i / (2 * KEPT)][i / KEPT % 2][i % KEPT], FH_FRAME_REPLY_BYTES_MAX);
    }
}

static void answer(struct fh_question *question, struct fh_bytes frame)
{
    struct fh_buf head FH_CLEANUP(fh_buf_fini);
    uint8_t tag[FH_AEAD_TAG_BYTES];
    fh_buf_init(&head, 16);
    fh_msg_ok(&head, 1);
    fh_pack_bin_head(&head, (uint32_t)frame.size);
    if (!__real_fh_question_answer_tagged(question, fh_buf_view(&head), frame, tag)) {
        return; /* the asker is gone */
    }
    atomic_fetch_add(&orders->done, 1);
}

static void let_go(void)
{
    if (held != NULL) {
        answer(FH_TAKE(held), fh_buf_view(&held_frame));
    }
}

static void keep(struct fh_buf *out, struct fh_bytes frame)
{
    fh_buf_reset(out);
    fh_buf_add_bytes(out, frame);
    FH_ASSERT(fh_buf_ok(out) == FH_OK);
}

/* Changes the copy of a frame in place. */
static void change(struct fh_buf *frame, enum meddle_kind kind, struct fh_prng *prng)
{
    size_t heads = FH_FRAME_HEADER_BYTES < frame->size ? FH_FRAME_HEADER_BYTES : frame->size;
    size_t at = 0;
    switch ((int)kind) {
    case MEDDLE_FLIP:
        at = fh_prng_below(prng, frame->size);
        break;
    case MEDDLE_FLIP_HEAD:
        at = fh_prng_below(prng, heads);
        break;
    case MEDDLE_FLIP_TAG:
        at = frame->size - 1 - fh_prng_below(prng, FH_AEAD_TAG_BYTES);
        break;
    case MEDDLE_TRUNCATE:
        frame->size = fh_prng_below(prng, frame->size);
        return;
    case MEDDLE_EXTEND:
        for (uint64_t i = 0, n = 1 + fh_prng_below(prng, 64); i < n; i++) {
            fh_buf_add_u8(frame, (uint8_t)fh_prng_below(prng, 256));
        }
        return;
    case MEDDLE_EMPTY:
        frame->size = 0;
        return;
    case MEDDLE_REJECT:
        fh_buf_reset(frame);
        fh_frame_reject(frame, FH_ENOTFOUND);
        return;
    default:
        return;
    }
    frame->data[at] ^= (uint8_t)(1U << fh_prng_below(prng, 8));
}

/* What is sent in the place of frame number `number`, by an order for this one. */
static void meddle(struct fh_question *question, struct fh_bytes frame, unsigned number)
{
    enum meddle_kind kind = (enum meddle_kind)atomic_load(&orders->kind);
    unsigned even = atomic_load(&orders->even) & 1;
    struct fh_buf *before = kept[even][!turn[even]]; /* the answer before, to the same text */
    struct fh_buf *other = kept[!even][turn[!even]];
    struct fh_err err;
    struct fh_prng prng;
    struct fh_buf copy FH_CLEANUP(fh_buf_fini);
    fh_prng_init(&prng, atomic_load(&orders->seed));
    fh_buf_init(&copy, FH_FRAME_REPLY_BYTES_MAX);
    switch ((int)kind) {
    case MEDDLE_REFUSE:
        fh_err_rule(&err, FH_EUNREACH, "product.unreachable", "the owner's node does not answer");
        atomic_fetch_add(&orders->done, 1);
        fh_question_refuse(question, &err);
        return;
    case MEDDLE_WITHHOLD:
    case MEDDLE_REORDER:
        held = question;
        keep(&held_frame, frame);
        return;
    case MEDDLE_REPEAT:
        answer(question,
               number == 0 ? FH_BYTES_NONE : fh_buf_view(&kept[even][turn[even]][number - 1]));
        return;
    case MEDDLE_STALE:
        answer(question, fh_buf_view(&before[number]));
        return;
    case MEDDLE_OTHER:
        answer(question, fh_buf_view(&other[number]));
        return;
    default:
        fh_buf_add_bytes(&copy, frame);
        change(&copy, kind, &prng);
        answer(question, fh_buf_view(&copy));
        return;
    }
}

/* Frames of one inner session in the order in which its owner sealed them: message 2 of the
 * handshake, then replies by their counter. */
static unsigned number_of(struct fh_bytes bytes)
{
    struct fh_frame frame;
    struct fh_err err;
    if (fh_frame_parse(&frame, bytes, &err) != FH_OK || frame.counter >= KEPT) {
        return KEPT;
    }
    return frame.type == FH_FRAME_REPLY ? 1 + (unsigned)frame.counter : 0;
}

static bool is_relayed(struct fh_bytes head)
{
    return head.size > 2 && head.data[0] == 0x92 && head.data[1] == 0 &&
           (head.data[2] & 0xfc) == 0xc4;
}

bool __wrap_fh_question_answer_tagged(struct fh_question *question,
                                      struct fh_bytes head,
                                      struct fh_bytes body,
                                      uint8_t out_tag[FH_AEAD_TAG_BYTES])
{
    if (orders == NULL || !is_relayed(head)) {
        return __real_fh_question_answer_tagged(question, head, body, out_tag);
    }
    pthread_mutex_lock(&lock);
    if (epoch != atomic_load(&orders->epoch)) {
        epoch = atomic_load(&orders->epoch);
        let_go(); /* of an answer that nobody waits for any more */
        turn[atomic_load(&orders->even) & 1] ^= 1;
    }
    unsigned even = atomic_load(&orders->even) & 1;
    unsigned number = number_of(body);
    bool sent = true;
    if (held != NULL && atomic_load(&orders->kind) == MEDDLE_REORDER) {
        struct fh_question *first = FH_TAKE(held);
        answer(first, body);
        answer(question, fh_buf_view(&held_frame));
    } else if (number == atomic_load(&orders->at) && number < KEPT &&
               atomic_load(&orders->kind) != MEDDLE_NONE) {
        meddle(question, body, number);
    } else {
        sent = __real_fh_question_answer_tagged(question, head, body, out_tag);
    }
    if (number < KEPT) {
        keep(&kept[even][turn[even]][number], body);
    }
    pthread_mutex_unlock(&lock);
    return sent;
}
