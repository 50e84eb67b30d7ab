/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An owner's node that lies: linked with node/main.c into freehold-node-liar, whose linker sends
 * the calls of all its files through here (--wrap). Everything about it is true but what it answers
 * to SCAN and NEXT of a request whose SQL has the word "lie_n" in it: there it tells lie n
 * (owner_lies.h). It keeps to its lies, as one would that was built for them: what it signs fits
 * what it sent.
 */
#include "common/assert.h"
#include "common/mem.h"
#include "node/io/link.h"
#include "node/peer/questions.h"
#include "node/query/serve.h"
#include "proto/query/receipt.h"
#include "tests/hostile/owner_lies.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SCANS = 64, QUESTIONS = 256, ANSWER_BYTES_MAX = FH_FRAME_REPLY_BYTES_MAX };

struct scan { /* one that is lied to */
    uint64_t stream;
    unsigned lie;
    struct fh_request_id request;
    bool used;
};

struct asked {
    const struct fh_question *question; /* NULL: answered */
    unsigned code;
    struct scan *scan;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct scan scans[SCANS];
static unsigned next_scan;
static struct asked asked[QUESTIONS];
static unsigned next_asked;
static struct fh_buf old_end;
static _Thread_local const struct owner_lie *of_frame; /* for the frame that is sent next */

void __real_fh_serve_question(struct fh_serve *serve, struct fh_question *question);
void __wrap_fh_serve_question(struct fh_serve *serve, struct fh_question *question);
void __real_fh_question_answer_buf(struct fh_question *question, const struct fh_buf *plaintext);
void __wrap_fh_question_answer_buf(struct fh_question *question, const struct fh_buf *plaintext);
bool __real_fh_question_answer_tagged(struct fh_question *question,
                                      struct fh_bytes head,
                                      struct fh_bytes body,
                                      uint8_t out_tag[FH_AEAD_TAG_BYTES]);
bool __wrap_fh_question_answer_tagged(struct fh_question *question,
                                      struct fh_bytes head,
                                      struct fh_bytes body,
                                      uint8_t out_tag[FH_AEAD_TAG_BYTES]);
int __real_fh_receipt_build(struct fh_buf *out,
                            const struct fh_receipt *receipt,
                            struct fh_err *err);
int __wrap_fh_receipt_build(struct fh_buf *out,
                            const struct fh_receipt *receipt,
                            struct fh_err *err);
void __real_fh_call_reply(struct fh_call *call, struct fh_message *reply);
void __wrap_fh_call_reply(struct fh_call *call, struct fh_message *reply);

/* ---- who is lied to ---- */

static void told(unsigned lie)
{
    char line[32];
    int size = snprintf(line, sizeof line, "%u\n", lie);
    FH_ASSERT(write(LIE_TOLD_FD, line, (size_t)size) == size);
}

/* The lie that a SCAN asks for, in a slot of its own; NULL: it is told the truth. */
static struct scan *scan_of(const struct fh_question *question, struct fh_pack_reader fields)
{
    (void)question;
    struct fh_bytes record = fh_pack_read_bin(&fields, FH_RECORD_BYTES_MAX);
    const char *word = memmem(record.data, record.size, "lie_", 4);
    /* [1, type, payload bin: [1, id bin16, ...]]: the id stands behind the first c4 10. */
    static const uint8_t id_head[] = {0xc4, 16};
    const uint8_t *id = memmem(record.data, record.size, id_head, sizeof id_head);
    if (word == NULL || id == NULL) {
        return NULL;
    }
    struct scan *scan = &scans[next_scan++ % SCANS];
    *scan = (struct scan){.lie = (unsigned)strtoul(word + 4, NULL, 10), .used = true};
    memcpy(scan->request.b, id + sizeof id_head, sizeof scan->request.b);
    return scan->lie < owner_lie_count() ? scan : NULL;
}

static struct scan *stream_of(struct fh_pack_reader fields)
{
    uint64_t stream = fh_pack_read_uint(&fields, UINT64_MAX);
    for (size_t i = 0; i < SCANS; i++) {
        if (scans[i].used && scans[i].stream == stream) {
            return &scans[i];
        }
    }
    return NULL;
}

/* What was known of a question. */
static struct asked forget(const struct fh_question *question)
{
    struct asked found = {.question = NULL};
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (asked[i].question == question) {
            found = asked[i];
            asked[i].question = NULL;
        }
    }
    return found;
}

/* Answers a SCAN with a lie about its stream, and opens none: who was told another number could not
 * cancel it, and it would keep its worker for half a minute. */
static bool lie_at_scan(struct fh_question *question, const struct scan *scan)
{
    struct owner_lie lie;
    struct fh_buf good FH_CLEANUP(fh_buf_fini);
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&good, 64);
    fh_buf_init(&out, 4096);
    owner_lie(&lie, scan->lie);
    fh_msg_stream_answer(&good, UINT32_MAX);
    if (lie.target == LIE_BY_HAND && lie.place == HAND_OTHER_STREAM) {
        fh_buf_add_bytes(&out, fh_buf_view(&good));
    } else if (lie.target != LIE_SCAN_ANSWER ||
               !test_spoil(&out, fh_buf_view(&good), lie.place, lie.way)) {
        return false;
    }
    told(scan->lie);
    __real_fh_question_answer_buf(question, &out);
    return true;
}

void __wrap_fh_serve_question(struct fh_serve *serve, struct fh_question *question)
{
    unsigned code = fh_question_code(question);
    struct fh_pack_reader fields = *fh_question_fields(question);
    pthread_mutex_lock(&lock);
    struct scan *scan = code == FH_MSG_SCAN   ? scan_of(question, fields)
                        : code == FH_MSG_NEXT ? stream_of(fields)
                                              : NULL;
    forget(question);   /* one that was refused stood at this address before */
    if (scan != NULL) { /* those that were refused stay, until the ring comes round */
        asked[next_asked++ % QUESTIONS] =
            (struct asked){.question = question, .code = code, .scan = scan};
    }
    pthread_mutex_unlock(&lock);
    if (code != FH_MSG_SCAN || scan == NULL || !lie_at_scan(question, scan)) {
        __real_fh_serve_question(serve, question);
    }
}

/* What is known of a question that is being answered, and forgotten with it. */
static struct asked take_asked(const struct fh_question *question)
{
    pthread_mutex_lock(&lock);
    struct asked found = forget(question);
    pthread_mutex_unlock(&lock);
    return found;
}

/* ---- plaintexts ---- */

/* Appends the spoiled value, or the good one when this lie says nothing. */
static void spoil(struct fh_buf *out, struct fh_bytes good, const struct owner_lie *lie, unsigned n)
{
    if (lie->place < test_spoil_places(good) && test_spoil(out, good, lie->place, lie->way)) {
        told(n);
    } else {
        fh_buf_add_bytes(out, good);
    }
}

static void put_refusal(struct fh_buf *out, unsigned code, size_t rule, size_t text)
{
    static char letters[8192];
    memset(letters, 'x', sizeof letters);
    fh_pack_array(out, 4);
    fh_pack_uint(out, code);
    if (rule == 0) {
        fh_pack_cstr(out, "owner.says");
    } else {
        fh_pack_str(out, fh_bytes(letters, rule));
    }
    fh_pack_str(out, fh_bytes(letters, text));
    fh_pack_uint(out, 0);
}

/* The record inside [0, 1, [record]]. */
static struct fh_bytes receipt_of(struct fh_bytes end)
{
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, end);
    fh_pack_read_array(&reader, 3);
    fh_pack_skip(&reader);
    fh_pack_skip(&reader);
    fh_pack_read_array(&reader, UINT32_MAX);
    return fh_pack_read_bin(&reader, FH_RECORD_BYTES_MAX);
}

static void put_end(struct fh_buf *out, uint32_t receipts, struct fh_bytes record)
{
    fh_msg_next_end_begin(out, receipts);
    for (uint32_t i = 0; i < receipts; i++) {
        fh_pack_bin(out, record);
    }
}

/* The end of the answer before, of whichever stream; false: there is none. */
static bool put_old_end(struct fh_buf *out)
{
    pthread_mutex_lock(&lock);
    bool there = old_end.size > 0;
    fh_buf_add_bytes(out, fh_buf_view(&old_end));
    pthread_mutex_unlock(&lock);
    return there;
}

static void keep_end(struct fh_bytes end)
{
    pthread_mutex_lock(&lock);
    fh_buf_fini(&old_end);
    fh_buf_init(&old_end, ANSWER_BYTES_MAX);
    fh_buf_add_bytes(&old_end, end);
    pthread_mutex_unlock(&lock);
}

/* The answer to the NEXT that gets the end. */
static void
lie_at_end(struct fh_buf *out, struct fh_bytes end, const struct owner_lie *lie, unsigned n)
{
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    bool hand = lie->target == LIE_BY_HAND;
    if (lie->target == LIE_END_ANSWER) {
        spoil(out, end, lie, n);
    } else if (lie->target == LIE_RECORD) {
        spoil(&record, receipt_of(end), lie, n);
        put_end(out, 1, fh_buf_view(&record));
    } else if (hand && (lie->place == HAND_NO_RECEIPT || lie->place == HAND_EMPTY_RECEIPT)) {
        put_end(out, lie->place == HAND_EMPTY_RECEIPT, FH_BYTES_NONE);
        told(n);
    } else if (!(hand && lie->place == HAND_OLD_END && put_old_end(out))) {
        fh_buf_add_bytes(out, end);
    } else {
        told(n);
    }
    keep_end(end);
}

struct late {
    struct fh_question *question;
    struct fh_buf end;
};

static void *answer_late(void *user)
{
    struct late *late = user;
    const struct timespec pause = {.tv_nsec = LATE_END_MS * 1000000L};
    nanosleep(&pause, NULL);
    __real_fh_question_answer_buf(late->question, &late->end);
    fh_buf_fini(&late->end);
    fh_free(late);
    return NULL;
}

/* As an owner does whose audit log waits for its disk: the node goes on meanwhile. */
static void end_late(struct fh_question *question, struct fh_bytes end)
{
    pthread_t thread;
    struct late *late = fh_alloc(sizeof *late);
    FH_ASSERT(late != NULL);
    late->question = question;
    fh_buf_init(&late->end, ANSWER_BYTES_MAX);
    fh_buf_add_bytes(&late->end, end);
    FH_ASSERT(pthread_create(&thread, NULL, answer_late, late) == 0);
    FH_ASSERT(pthread_detach(thread) == 0);
}

void __wrap_fh_question_answer_buf(struct fh_question *question, const struct fh_buf *plaintext)
{
    struct asked found = take_asked(question);
    /* Questions of other kinds are not seen when they come, and may stand where a refused one did.
     */
    bool same = found.question != NULL && fh_question_code(question) == found.code;
    if (!same || fh_buf_ok(plaintext) != FH_OK) {
        __real_fh_question_answer_buf(question, plaintext);
        return;
    }
    struct owner_lie lie;
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, ANSWER_BYTES_MAX);
    owner_lie(&lie, found.scan->lie);
    if (found.code == FH_MSG_SCAN) {
        struct fh_pack_reader reader;
        fh_pack_read_init(&reader, fh_buf_view(plaintext));
        fh_pack_read_array(&reader, 2);
        fh_pack_skip(&reader);
        pthread_mutex_lock(&lock);
        found.scan->stream = fh_pack_read_uint(&reader, UINT64_MAX);
        pthread_mutex_unlock(&lock);
        fh_buf_add_bytes(&out, fh_buf_view(plaintext));
    } else if (lie.target == LIE_BY_HAND && lie.place == HAND_LATE_END) {
        told(found.scan->lie);
        end_late(question, fh_buf_view(plaintext));
        return;
    } else {
        lie_at_end(&out, fh_buf_view(plaintext), &lie, found.scan->lie);
    }
    FH_ASSERT(fh_buf_ok(&out) == FH_OK);
    __real_fh_question_answer_buf(question, &out);
}

/* ---- batches ---- */

/* A batch with another header, or with a byte of its own header changed. */
static void
lie_in_header(struct fh_buf *out, struct fh_bytes batch, const struct owner_lie *lie, unsigned n)
{
    size_t size = fh_get_u32be(batch.data);
    size_t body = (4 + size + FH_BATCH_ALIGN - 1) / FH_BATCH_ALIGN * FH_BATCH_ALIGN;
    struct fh_buf header FH_CLEANUP(fh_buf_fini);
    uint8_t length[4];
    fh_buf_init(&header, ANSWER_BYTES_MAX);
    if (lie->target == LIE_BATCH_HEADER) {
        spoil(&header, fh_bytes(batch.data + 4, size), lie, n);
    } else {
        fh_buf_add(&header, batch.data + 4, size);
        /* [1, rows, [[name, type, ...: the name of the first column is "id", of type BIGINT. */
        uint8_t *name = memmem(header.data, header.size, "\xa2id", 3);
        FH_ASSERT(name != NULL);
        name[lie->place == HAND_RENAMED ? 1 : 3] ^= lie->place == HAND_RENAMED ? 1 : 12;
        told(n);
    }
    fh_put_u32be(length, (uint32_t)header.size);
    fh_buf_add(out, length, sizeof length);
    fh_buf_add_bytes(out, fh_buf_view(&header));
    while (out->size % FH_BATCH_ALIGN != 0) {
        fh_buf_add_u8(out, 0);
    }
    fh_buf_add(out, batch.data + body, batch.size - body);
}

/* The answer to a NEXT with a batch. */
static void lie_at_batch(struct fh_buf *out,
                         struct fh_bytes head,
                         struct fh_bytes batch,
                         const struct owner_lie *lie,
                         unsigned n)
{
    struct fh_buf whole FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&whole, ANSWER_BYTES_MAX);
    unsigned hand = lie->target == LIE_BY_HAND ? lie->place : HAND_LIE_COUNT;
    if (lie->target == LIE_BATCH_HEADER || hand == HAND_RENAMED || hand == HAND_RETYPED) {
        lie_in_header(&whole, batch, lie, n);
        fh_msg_next_batch_head(out, whole.size);
        fh_buf_add_bytes(out, fh_buf_view(&whole));
        return;
    }
    if (lie->target == LIE_REFUSAL || hand == HAND_LONG_RULE || hand == HAND_LONG_TEXT) {
        put_refusal(out,
                    lie->target == LIE_REFUSAL ? lie->place : FH_EINVAL,
                    hand == HAND_LONG_RULE ? 300 : 0,
                    hand == HAND_LONG_TEXT ? 5000 : 10);
        told(n);
        return;
    }
    if (hand == HAND_NOTHING) {
        told(n);
        return;
    }
    fh_buf_add_bytes(&whole, head);
    fh_buf_add_bytes(&whole, batch);
    if (lie->target == LIE_BATCH_ANSWER) {
        spoil(out, fh_buf_view(&whole), lie, n);
    } else {
        fh_buf_add_bytes(out, fh_buf_view(&whole));
    }
}

static bool is_of_frame(const struct owner_lie *lie)
{
    return lie->target == LIE_FLIP || lie->target == LIE_CUT || lie->target == LIE_REJECT;
}

bool __wrap_fh_question_answer_tagged(struct fh_question *question,
                                      struct fh_bytes head,
                                      struct fh_bytes body,
                                      uint8_t out_tag[FH_AEAD_TAG_BYTES])
{
    struct asked found = take_asked(question);
    if (found.question == NULL) {
        return __real_fh_question_answer_tagged(question, head, body, out_tag);
    }
    struct owner_lie lie;
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, ANSWER_BYTES_MAX);
    owner_lie(&lie, found.scan->lie);
    lie_at_batch(&out, head, body, &lie, found.scan->lie);
    FH_ASSERT(fh_buf_ok(&out) == FH_OK);
    if (is_of_frame(&lie)) {
        of_frame = &lie;
        told(found.scan->lie);
    }
    struct fh_bytes plain = out.size > 0 ? fh_buf_view(&out) : fh_bytes("", 0);
    bool sealed = __real_fh_question_answer_tagged(question, plain, FH_BYTES_NONE, out_tag);
    of_frame = NULL;
    return sealed;
}

/* ---- frames ---- */

void __wrap_fh_call_reply(struct fh_call *call, struct fh_message *reply)
{
    const struct owner_lie *lie = of_frame;
    if (lie == NULL) {
        __real_fh_call_reply(call, reply);
        return;
    }
    size_t size = fh_message_size(reply);
    uint8_t *data = fh_message_data(reply);
    if (lie->target == LIE_FLIP) {
        /* The first bytes are the header's, the last the tag's. */
        size_t at = lie->place < 22 ? lie->place : size - 1 - (lie->place - 22);
        data[at] ^= (uint8_t)(1U << lie->place % 8);
    } else if (lie->target == LIE_CUT) {
        fh_message_truncate(reply, size > lie->place + 1 ? size - lie->place - 1 : 0);
    } else {
        data[0] = FH_WIRE_VERSION;
        data[1] = FH_FRAME_REJECT;
        data[2] = 0;
        data[3] = (uint8_t)lie->place;
        fh_message_truncate(reply, FH_FRAME_REJECT_BYTES);
    }
    __real_fh_call_reply(call, reply);
}

/* ---- receipts ---- */

static void lie_in_receipt(struct fh_receipt *receipt, unsigned hand)
{
    switch (hand) {
    case HAND_MORE_ROWS:
        receipt->sent.rows++;
        break;
    case HAND_MORE_BATCHES:
        receipt->sent.batches++;
        break;
    case HAND_OTHER_TAGS:
        receipt->sent.tags.b[3] ^= 1;
        break;
    case HAND_OTHER_REQUEST:
        receipt->request.b[3] ^= 1;
        break;
    case HAND_FAILED:
        receipt->outcome = FH_ETIMEOUT;
        break;
    case HAND_OTHER_OWNER:
        receipt->owner.b[3] ^= 1;
        break;
    case HAND_OTHER_NODE:
        receipt->node.b[3] ^= 1;
        break;
    case HAND_OTHER_CONTRACT:
        receipt->contracts[0].b[3] ^= 1;
        break;
    case HAND_NO_CONTRACT:
        receipt->contract_count = 0;
        break;
    case HAND_LATER:
        receipt->finished_ms += 365 * 24 * 3600000LL;
        break;
    case HAND_EARLIER:
        receipt->started_ms = 1;
        receipt->finished_ms = 2;
        break;
    default:
        break;
    }
}

int __wrap_fh_receipt_build(struct fh_buf *out,
                            const struct fh_receipt *receipt,
                            struct fh_err *err)
{
    struct owner_lie lie = {.target = LIE_TARGET_COUNT};
    unsigned number = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < SCANS; i++) {
        bool same = memcmp(&scans[i].request, &receipt->request_id, sizeof scans[i].request) == 0;
        if (scans[i].used && same) {
            number = scans[i].lie;
            owner_lie(&lie, number);
        }
    }
    pthread_mutex_unlock(&lock);
    if (lie.target == LIE_BY_HAND && lie.place >= HAND_MORE_ROWS && lie.place <= HAND_EARLIER) {
        struct fh_receipt *changed = fh_alloc(sizeof *changed);
        FH_ASSERT(changed != NULL);
        *changed = *receipt;
        lie_in_receipt(changed, lie.place);
        int code = __real_fh_receipt_build(out, changed, err);
        fh_free(changed);
        told(number);
        return code;
    }
    if (lie.target != LIE_RECEIPT) {
        return __real_fh_receipt_build(out, receipt, err);
    }
    struct fh_buf good FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&good, FH_RECORD_BYTES_MAX);
    int code = __real_fh_receipt_build(&good, receipt, err);
    if (code == FH_OK) {
        spoil(out, fh_buf_view(&good), &lie, number);
    }
    return code;
}
