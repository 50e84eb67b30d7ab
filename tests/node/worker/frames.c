/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/frames.h"

#include "common/assert.h"
#include "tests/lib/spoil.h"

#include <stdio.h>
#include <string.h>

enum {
    FRAME_BYTES_MAX = 4 * 1024 * 1024,
    KIND_MAX = 255,
    SAMPLED_CELLS = 4, /* places in the good messages below */
    PROBED_VALUE = 10,
};

static const struct {
    unsigned question;
    unsigned answer;
    const char *text;
} states[FRAME_STATE_COUNT] = {
#define X(name, question, answer, text)                                                            \
    [FRAME_##name] = {FH_CHANNEL_##question, FH_CHANNEL_##answer, (text)},
    FRAME_STATES(X)
#undef X
};

unsigned frame_question(enum frame_state state)
{
    return states[state].question;
}

unsigned frame_answer(enum frame_state state)
{
    return states[state].answer;
}

const char *frame_state_text(enum frame_state state)
{
    return states[state].text;
}

/* ---- good messages ---- */

static const struct fh_column columns[] = {
    {.name = "id", .source = "", .type = {.code = FH_TYPE_INT64}},
    {.name = "item", .source = "", .type = {.code = FH_TYPE_VARCHAR}},
};
static const uint32_t indices[] = {0, 1};

/* A batch of one column: its header, or that of another's making, and its buffers. */
static void put_batch(struct fh_buf *out, uint64_t id, const struct fh_bytes *other_header)
{
    static _Alignas(64) uint8_t bytes[4096];
    struct fh_batch_slot slot = {
        .name = fh_bytes_cstr("item"), .type = {.code = FH_TYPE_VARCHAR}, .variable_size = 4};
    struct fh_buf header FH_CLEANUP(fh_buf_fini);
    struct fh_err err;
    size_t size = 0;
    fh_buf_init(&header, 4096);
    FH_ASSERT(fh_batch_begin(bytes, sizeof bytes, 2, &slot, 1, &header, &size, &err) == FH_OK);
    const int32_t offsets[] = {0, 2, 4};
    memcpy(slot.offsets, offsets, sizeof offsets);
    memcpy(slot.data, "abcd", 4);
    uint8_t *head = fh_buf_reserve(out, FH_CHANNEL_BATCH_BYTES);
    FH_ASSERT(head != NULL);
    fh_put_u64be(head, id);
    if (other_header == NULL) {
        fh_buf_add(out, bytes, size);
        return;
    }
    size_t body = (4 + fh_get_u32be(bytes) + FH_BATCH_ALIGN - 1) / FH_BATCH_ALIGN * FH_BATCH_ALIGN;
    size_t padding = (FH_BATCH_ALIGN - (4 + other_header->size) % FH_BATCH_ALIGN) % FH_BATCH_ALIGN;
    uint8_t length[4];
    fh_put_u32be(length, (uint32_t)other_header->size);
    fh_buf_add(out, length, sizeof length);
    fh_buf_add_bytes(out, *other_header);
    for (size_t i = 0; i < padding; i++) {
        fh_buf_add_u8(out, 0);
    }
    fh_buf_add(out, bytes + body, size - body);
}

static void put_batch_header(struct fh_buf *out)
{
    struct fh_buf batch FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&batch, 8192);
    put_batch(&batch, FRAME_QUESTION, NULL);
    const uint8_t *at = batch.data + FH_CHANNEL_BATCH_BYTES;
    fh_buf_add(out, at + 4, fh_get_u32be(at));
}

static void put_count(struct fh_buf *out, uint64_t id, uint64_t count)
{
    fh_channel_put_count(out, &(struct fh_channel_count){.id = id, .count = count});
}

static void put_error(struct fh_buf *out)
{
    struct fh_channel_error error = {.id = FRAME_QUESTION, .code = FH_ESQL, .position = 1};
    snprintf(error.rule, sizeof error.rule, "sql.bind");
    snprintf(error.text, sizeof error.text, "no such column");
    fh_channel_put_error(out, &error);
}

static void put_scan(struct fh_buf *out, uint64_t scan)
{
    fh_channel_put_scan(
        out,
        &(struct fh_channel_scan){
            .scan = scan, .number = 0, .want = 1, .column_count = 2, .columns = indices});
}

static void put_probed(struct fh_buf *out)
{
    static const struct fh_probe_result result = {.state = FH_PROBE_REFUSED, .reason = "no"};
    fh_channel_put_probed(out,
                          &(struct fh_channel_probed){.id = FRAME_QUESTION,
                                                      .rows = 3,
                                                      .elapsed_us = 10,
                                                      .missing_count = 1,
                                                      .missing = indices,
                                                      .result_count = 1,
                                                      .results = &result});
}

static void put_profiled(struct fh_buf *out)
{
    struct fh_profile_column member = {.name = "x", .type = "BIGINT", .minimum = "", .maximum = ""};
    struct fh_profile_column column = {.name = "id",
                                       .type = "STRUCT(x BIGINT)",
                                       .shape = FH_PROFILE_OBJECT,
                                       .observed = true,
                                       .nulls = 1,
                                       .minimum = "1",
                                       .maximum = "9",
                                       .sampled = 3,
                                       .likeness = FH_LIKENESS_COUNT,
                                       .example_count = 1,
                                       .examples = {"4"},
                                       .column_count = 1,
                                       .columns = &member};
    fh_profile_put(out,
                   &(struct fh_profile){.id = FRAME_QUESTION,
                                        .rows = 3,
                                        .definition = "",
                                        .column_count = 1,
                                        .columns = &column});
}

static void put_payload(struct fh_buf *out, unsigned kind)
{
    static const char *cells[] = {"a", "b"};
    struct fh_profile_table table = {.schema = "main", .name = "orders"};
    switch (kind) {
    case FH_CHANNEL_HELLO:
        fh_channel_put_hello(
            out, &(struct fh_channel_hello){.version = FH_CHANNEL_VERSION, .engine = "v1"});
        break;
    case FH_CHANNEL_PARSED:
        fh_channel_put_text(out,
                            &(struct fh_channel_text){.id = FRAME_QUESTION,
                                                      .sql = fh_bytes_cstr("{\"error\":false}")});
        break;
    case FH_CHANNEL_DESCRIBED:
        fh_channel_put_described(out,
                                 &(struct fh_channel_described){.id = FRAME_QUESTION,
                                                                .column_count = FH_COUNT(columns),
                                                                .columns = columns});
        break;
    case FH_CHANNEL_PROBED:
        put_probed(out);
        break;
    case FH_CHANNEL_SAMPLED:
        fh_channel_put_sampled(
            out,
            &(struct fh_channel_sampled){
                .id = FRAME_QUESTION, .row_count = 2, .column_count = 1, .cells = cells});
        break;
    case FH_CHANNEL_PROFILED:
        put_profiled(out);
        break;
    case FH_CHANNEL_CATALOGUED:
        fh_profile_put_catalogue(out,
                                 &(struct fh_profile_catalogue){
                                     .id = FRAME_QUESTION, .table_count = 1, .tables = &table});
        break;
    case FH_CHANNEL_BATCH:
        put_batch(out, FRAME_QUESTION, NULL);
        break;
    case FH_CHANNEL_END:
        fh_channel_put_end(out, &(struct fh_channel_end){.id = FRAME_QUESTION});
        break;
    case FH_CHANNEL_ERROR:
        put_error(out);
        break;
    case FH_CHANNEL_SCAN_OPEN:
        put_scan(out, FRAME_SCAN);
        break;
    case FH_CHANNEL_SCAN_WANT:
    case FH_CHANNEL_SCAN_CLOSE:
        put_count(out, FRAME_SCAN, 1);
        break;
    default:
        put_count(out, 0, 0);
        break;
    }
}

static void put_frame(struct fh_buf *out, unsigned kind, const struct fh_buf *payload)
{
    uint8_t head[FH_CHANNEL_HEAD_BYTES];
    FH_ASSERT(fh_buf_ok(payload) == FH_OK);
    fh_channel_put_head(head, kind, payload->size);
    fh_buf_add(out, head, sizeof head);
    fh_buf_add_bytes(out, fh_buf_view(payload));
}

void frame_put_good(struct fh_buf *out, unsigned kind)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FRAME_BYTES_MAX);
    put_payload(&payload, kind);
    put_frame(out, kind, &payload);
}

/* ---- the visit ---- */

struct visit {
    frame_visit_fn *fn;
    void *user;
    bool over;
    bool made;       /* the group at hand is one of which each FRAMES_EACH-th will do */
    unsigned number; /* of the cases made */
    struct fh_buf bytes;
    struct fh_buf payload;
};

static void tell(struct visit *v, struct frame_case *c)
{
    FH_ASSERT(fh_buf_ok(&v->bytes) == FH_OK);
    c->bytes = fh_buf_view(&v->bytes);
    bool left_out = v->made && v->number++ % FRAMES_EACH != 0;
    v->over = v->over || (!left_out && !v->fn(c, v->user));
    fh_buf_reset(&v->bytes);
    fh_buf_reset(&v->payload);
}

/* A frame with v->payload that is against the protocol. */
static void
tell_frame(struct visit *v, enum frame_state state, unsigned kind, const char *rule, const char *is)
{
    struct frame_case c = {.state = state, .code = FH_EPROTO, .rule = rule};
    snprintf(
        c.name, sizeof c.name, "%s: %s: %s", states[state].text, fh_channel_kind_text(kind), is);
    put_frame(&v->bytes, kind, &v->payload);
    tell(v, &c);
}

/* What a worker may say in a state: its answer, an error, and what a running query sends. */
static bool may_say(enum frame_state state, unsigned kind)
{
    bool runs = state == FRAME_RUNNING || state == FRAME_SCANNING;
    return kind == states[state].answer || kind == FH_CHANNEL_ERROR ||
           (runs && (kind == FH_CHANNEL_BATCH || kind == FH_CHANNEL_SCAN_OPEN)) ||
           (state == FRAME_SCANNING &&
            (kind == FH_CHANNEL_SCAN_WANT || kind == FH_CHANNEL_SCAN_CLOSE));
}

static bool carries_nothing(enum frame_state state, unsigned kind)
{
    return kind == FH_CHANNEL_TABLES_READY && state == FRAME_TABLES;
}

/* ---- each part of each message, spoiled in each way ---- */

/* A cell of a sample may be missing, and what a probe found may be negative. */
static bool is_good_too(unsigned kind, unsigned place, enum test_spoil_way way)
{
    return (kind == FH_CHANNEL_SAMPLED && place > SAMPLED_CELLS && way == TEST_SPOIL_NIL) ||
           (kind == FH_CHANNEL_PROBED && place == PROBED_VALUE && way == TEST_SPOIL_NEGATIVE);
}

static void tell_spoiled(struct visit *v, enum frame_state state, unsigned kind)
{
    struct fh_buf good FH_CLEANUP(fh_buf_fini);
    struct fh_buf bad FH_CLEANUP(fh_buf_fini);
    bool batch = kind == FH_CHANNEL_BATCH;
    fh_buf_init(&good, FRAME_BYTES_MAX);
    fh_buf_init(&bad, FRAME_BYTES_MAX);
    if (batch) {
        put_batch_header(&good);
    } else {
        put_payload(&good, kind);
    }
    unsigned places = test_spoil_places(fh_buf_view(&good));
    for (unsigned i = 0; i < places * TEST_SPOIL_COUNT && !v->over; i++) {
        unsigned place = i / TEST_SPOIL_COUNT;
        enum test_spoil_way way = i % TEST_SPOIL_COUNT;
        fh_buf_reset(&bad);
        if (is_good_too(kind, place, way) || !test_spoil(&bad, fh_buf_view(&good), place, way)) {
            continue;
        }
        if (batch) {
            struct fh_bytes header = fh_buf_view(&bad);
            put_batch(&v->payload, FRAME_QUESTION, &header);
        } else {
            fh_buf_add_bytes(&v->payload, fh_buf_view(&bad));
        }
        char is[96];
        snprintf(is, sizeof is, "%s at place %u", test_spoil_text(way), place);
        const char *rule = test_spoil_rule(way);
        bool none = batch && bad.size == 0; /* a batch without a header */
        tell_frame(v, state, kind, none ? "batch.header" : rule[0] == 0 ? "pack.shape" : rule, is);
    }
}

static void tell_all_spoiled(struct visit *v)
{
    for (enum frame_state state = 0; state < FRAME_STATE_COUNT; state++) {
        for (unsigned kind = FH_CHANNEL_HELLO; kind <= FH_CHANNEL_CATALOGUED; kind++) {
            /* An error is read the same everywhere, and a query's frames with a scan and without.
             */
            bool again = (kind == FH_CHANNEL_ERROR && state != FRAME_RUNNING) ||
                         (state == FRAME_SCANNING && may_say(FRAME_RUNNING, kind));
            if (may_say(state, kind) && !again && !carries_nothing(state, kind)) {
                tell_spoiled(v, state, kind);
            }
        }
    }
}

/* ---- each kind of frame in each state ---- */

static void tell_out_of_turn(struct visit *v)
{
    for (enum frame_state state = 0; state < FRAME_STATE_COUNT; state++) {
        for (unsigned kind = 0; kind <= KIND_MAX; kind++) {
            bool known = strcmp(fh_channel_kind_text(kind), "unknown") != 0;
            bool corner = kind == 0 || kind == FH_CHANNEL_HELLO - 1 || kind == 127 || kind == 255;
            if (may_say(state, kind) || (!known && !corner)) {
                continue;
            }
            put_payload(&v->payload, kind);
            char is[64];
            snprintf(is, sizeof is, "kind %u out of turn", kind);
            tell_frame(v, state, kind, known ? "worker.protocol" : "channel.kind", is);
        }
    }
}

/* ---- sizes that are none, frames that end early ---- */

/* The largest payload of a kind. */
static size_t largest(unsigned kind)
{
    static const struct {
        unsigned kind;
        size_t max;
    } rows[] = {
#define X(name, code, max) {(code), (max)},
        FH_CHANNEL_KINDS(X)
#undef X
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        if (rows[i].kind == kind) {
            return rows[i].max;
        }
    }
    return 0;
}

static void tell_sizes(struct visit *v)
{
    for (enum frame_state state = 0; state < FRAME_STATE_COUNT; state++) {
        for (unsigned kind = FH_CHANNEL_HELLO; kind <= FH_CHANNEL_CATALOGUED; kind++) {
            if (!may_say(state, kind)) {
                continue;
            }
            const uint32_t lengths[] = {0, (uint32_t)largest(kind) + 2, INT32_MAX, UINT32_MAX};
            for (size_t i = 0; i < FH_COUNT(lengths); i++) {
                struct frame_case c = {.state = state, .code = FH_EPROTO, .rule = "channel.size"};
                snprintf(c.name,
                         sizeof c.name,
                         "%s: %s: a length of %u",
                         states[state].text,
                         fh_channel_kind_text(kind),
                         lengths[i]);
                uint8_t head[FH_CHANNEL_HEAD_BYTES];
                fh_put_u32be(head, lengths[i]);
                head[4] = (uint8_t)kind;
                fh_buf_add(&v->bytes, head, sizeof head);
                tell(v, &c);
            }
        }
    }
}

/* What a worker's sudden end is called: by the parser, it is the parser's. */
static void set_gone(struct frame_case *c)
{
    bool parser = c->state == FRAME_PARSING;
    c->code = parser ? FH_ETIMEOUT : FH_EIO;
    c->rule = parser ? "sql.parse_time" : "worker.died";
}

static void tell_ends(struct visit *v)
{
    static const size_t cuts[] = {0, 1, 3, 4, 5, 6, 20};
    for (enum frame_state state = 0; state < FRAME_STATE_COUNT; state++) {
        for (size_t i = 0; i < 2 * FH_COUNT(cuts); i++) {
            struct frame_case c = {.state = state,
                                   .after = i % 2 == 0 ? FRAME_EXITS : FRAME_ABORTS};
            frame_put_good(&v->bytes, states[state].answer);
            if (cuts[i / 2] >= v->bytes.size) {
                fh_buf_reset(&v->bytes);
                continue;
            }
            v->bytes.size = cuts[i / 2];
            snprintf(c.name,
                     sizeof c.name,
                     "%s: %s after %zu bytes of its answer",
                     states[state].text,
                     i % 2 == 0 ? "exits" : "aborts",
                     cuts[i / 2]);
            set_gone(&c);
            tell(v, &c);
        }
    }
}

/* ---- answers twice ---- */

static void tell_twice(struct visit *v)
{
    for (enum frame_state state = FRAME_TABLES; state < FRAME_SCANNING; state++) {
        struct frame_case c = {
            .state = state, .code = FH_EPROTO, .rule = "worker.protocol", .second = true};
        snprintf(c.name, sizeof c.name, "%s: answers twice", states[state].text);
        frame_put_good(&v->bytes, states[state].answer);
        frame_put_good(&v->bytes, states[state].answer);
        tell(v, &c);
    }
}

/* ---- well-formed lies, by hand ---- */

static void tell_counts(struct visit *v)
{
    static const struct {
        enum frame_state state;
        unsigned kind;
        uint64_t id;
        uint64_t count;
        const char *is;
    } rows[] = {
        {FRAME_SETTING_UP, FH_CHANNEL_READY, 0, FH_LAYERS_ALL + 1, "layers that there are not"},
        {FRAME_SETTING_UP, FH_CHANNEL_READY, 0, UINT64_MAX, "every layer and more"},
        {FRAME_RUNNING, FH_CHANNEL_SCAN_WANT, FRAME_SCAN, 1, "of a scan that is not open"},
        {FRAME_RUNNING, FH_CHANNEL_SCAN_CLOSE, FRAME_SCAN, 0, "of a scan that is not open"},
        {FRAME_SCANNING, FH_CHANNEL_SCAN_WANT, FRAME_SCAN + 1, 1, "of another scan"},
        {FRAME_SCANNING, FH_CHANNEL_SCAN_WANT, FRAME_SCAN, FH_QUERY_WINDOW, "beyond the window"},
        {FRAME_SCANNING, FH_CHANNEL_SCAN_WANT, FRAME_SCAN, UINT64_MAX, "so that a sum wraps"},
        {FRAME_SCANNING, FH_CHANNEL_SCAN_WANT, FRAME_SCAN, 0, "nothing"},
        {FRAME_SCANNING, FH_CHANNEL_SCAN_CLOSE, 0, 0, "of scan 0"},
        {FRAME_SCANNING, FH_CHANNEL_SCAN_CLOSE, UINT64_MAX, 0, "of another scan"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        put_count(&v->payload, rows[i].id, rows[i].count);
        tell_frame(v, rows[i].state, rows[i].kind, "worker.protocol", rows[i].is);
    }
}

static void tell_scan_lies(struct visit *v)
{
    static const struct {
        enum frame_state state;
        uint64_t scan;
        uint32_t want;
        const char *rule;
        const char *is;
    } rows[] = {
        {FRAME_RUNNING, 1, 0, "worker.protocol", "wants nothing"},
        {FRAME_RUNNING, 1, FH_QUERY_WINDOW + 1, "worker.protocol", "wants more than the window"},
        {FRAME_RUNNING, 1, UINT32_MAX, "pack.shape", "wants four billion"},
        {FRAME_SCANNING, FRAME_SCAN, 1, "worker.protocol", "the same scan again"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_channel_scan scan = {
            .scan = rows[i].scan, .want = rows[i].want, .column_count = 1, .columns = indices};
        fh_channel_put_scan(&v->payload, &scan);
        tell_frame(v, rows[i].state, FH_CHANNEL_SCAN_OPEN, rows[i].rule, rows[i].is);
    }
    struct frame_case many = {.state = FRAME_RUNNING, .code = FH_EPROTO, .rule = "worker.protocol"};
    snprintf(many.name, sizeof many.name, "running: opens more scans than there may be");
    for (uint64_t scan = 1; scan <= FH_WORKER_SCANS_MAX + 1; scan++) {
        fh_buf_reset(&v->payload);
        put_scan(&v->payload, scan);
        put_frame(&v->bytes, FH_CHANNEL_SCAN_OPEN, &v->payload);
    }
    tell(v, &many);
}

static void tell_end_lies(struct visit *v)
{
    static const struct {
        struct fh_channel_end end;
        const char *is;
    } rows[] = {
        {{.id = 0}, "of no question"},
        {{.id = FRAME_QUESTION + 1}, "of the next question"},
        {{.id = UINT64_MAX}, "of the last question of all"},
        {{.id = FRAME_QUESTION, .rows = 1}, "rows that did not come"},
        {{.id = FRAME_QUESTION, .rows = UINT64_MAX}, "more rows than there are"},
        {{.id = FRAME_QUESTION, .batches = 1}, "batches that did not come"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        fh_channel_put_end(&v->payload, &rows[i].end);
        tell_frame(v, FRAME_RUNNING, FH_CHANNEL_END, "worker.protocol", rows[i].is);
    }
    struct frame_case less = {.state = FRAME_RUNNING, .code = FH_EPROTO, .rule = "worker.protocol"};
    snprintf(less.name, sizeof less.name, "running: END: says less than came");
    frame_put_good(&v->bytes, FH_CHANNEL_BATCH);
    frame_put_good(&v->bytes, FH_CHANNEL_END);
    tell(v, &less);
}

/* Codes that a worker may not give, and answers to other questions. */
static void tell_error_lies(struct visit *v)
{
    for (enum frame_state state = 0; state < FRAME_STATE_COUNT; state++) {
        struct fh_channel_error error = {.id = FRAME_QUESTION + 9, .code = FH_ESQL};
        fh_channel_put_error(&v->payload, &error);
        tell_frame(v, state, FH_CHANNEL_ERROR, "worker.protocol", "of another question");
    }
    struct fh_channel_error none = {.id = FRAME_QUESTION, .code = FH_OK};
    fh_channel_put_error(&v->payload, &none);
    tell_frame(v, FRAME_RUNNING, FH_CHANNEL_ERROR, "channel.error", "that is none");
    static const int not_its_own[] = {
        FH_ENOMEM, FH_ENOTFOUND, FH_EEXIST, FH_ESTATE, FH_EINTERNAL, FH_ESIG, FH_EVERSION};
    for (size_t i = 0; i <= FH_COUNT(not_its_own); i++) {
        struct fh_channel_error error = {.id = FRAME_QUESTION,
                                         .code = i == FH_COUNT(not_its_own) ? 255 : not_its_own[i]};
        struct frame_case c = {
            .state = FRAME_RUNNING, .code = FH_EINTERNAL, .rule = "", .lives = true};
        snprintf(c.name,
                 sizeof c.name,
                 "running: ERROR: code %d, which is not a worker's to give",
                 error.code);
        fh_channel_put_error(&v->payload, &error);
        put_frame(&v->bytes, FH_CHANNEL_ERROR, &v->payload);
        tell(v, &c);
    }
}

static void tell_batch_lies(struct visit *v)
{
    static const uint64_t ids[] = {0, FRAME_QUESTION + 1, UINT64_MAX};
    for (size_t i = 0; i < FH_COUNT(ids); i++) {
        put_batch(&v->payload, ids[i], NULL);
        tell_frame(v, FRAME_RUNNING, FH_CHANNEL_BATCH, "worker.protocol", "of another question");
    }
    for (size_t size = 0; size < FH_CHANNEL_BATCH_BYTES; size++) {
        char is[64];
        snprintf(is, sizeof is, "%zu bytes of a question's id", size);
        put_batch(&v->payload, FRAME_QUESTION, NULL);
        v->payload.size = size;
        tell_frame(v, FRAME_RUNNING, FH_CHANNEL_BATCH, "worker.protocol", is);
    }
    struct frame_case c = {.state = FRAME_RUNNING, .code = FH_EPROTO, .rule = "worker.protocol"};
    snprintf(c.name, sizeof c.name, "running: BATCH: one more than the window");
    for (int i = 0; i <= FRAME_WINDOW; i++) {
        frame_put_good(&v->bytes, FH_CHANNEL_BATCH);
    }
    tell(v, &c);
}

/* Answers to other questions than the one that was asked. */
static void tell_other_ids(struct visit *v)
{
    for (enum frame_state state = FRAME_PARSING; state < FRAME_RUNNING; state++) {
        for (uint8_t id = 0; id <= FRAME_QUESTION + 1; id++) {
            if (id == FRAME_QUESTION) {
                continue;
            }
            put_payload(&v->payload, states[state].answer);
            FH_ASSERT(v->payload.data[2] == FRAME_QUESTION); /* [1, id, ...] */
            v->payload.data[2] = id;
            char is[64];
            snprintf(is, sizeof is, "of question %u", id);
            tell_frame(v, state, states[state].answer, "worker.protocol", is);
        }
    }
}

static void tell_versions(struct visit *v)
{
    for (enum frame_state state = 0; state < FRAME_STATE_COUNT; state++) {
        for (uint8_t version = 0; version <= 2; version++) {
            /* PROFILED and CATALOGUED have a form of their own, refused by the reader. */
            bool profile = state == FRAME_PROFILING || state == FRAME_LISTING;
            if (version == FH_CHANNEL_VERSION || carries_nothing(state, states[state].answer)) {
                continue;
            }
            put_payload(&v->payload, states[state].answer);
            FH_ASSERT(v->payload.data[1] == FH_CHANNEL_VERSION);
            v->payload.data[1] = version;
            char is[64];
            snprintf(is, sizeof is, "version %u", version);
            tell_frame(
                v, state, states[state].answer, profile ? "pack.version" : "channel.version", is);
        }
    }
}

/* ---- time ---- */

static void tell_slow(struct visit *v)
{
    static const struct {
        enum frame_state state;
        enum frame_after after;
        unsigned kind; /* 0: nothing */
        const char *is;
    } rows[] = {
        {FRAME_GREETING, FRAME_STAYS, 0, "says nothing"},
        {FRAME_SETTING_UP, FRAME_STAYS, 0, "says nothing"},
        {FRAME_TABLES, FRAME_STAYS, 0, "says nothing"},
        {FRAME_PARSING, FRAME_STAYS, 0, "says nothing"},
        {FRAME_DESCRIBING, FRAME_STAYS, 0, "says nothing"},
        {FRAME_PROBING, FRAME_STAYS, 0, "says nothing"},
        {FRAME_SAMPLING, FRAME_STAYS, 0, "says nothing"},
        {FRAME_PROFILING, FRAME_STAYS, 0, "says nothing"},
        {FRAME_LISTING, FRAME_STAYS, 0, "says nothing"},
        {FRAME_RUNNING, FRAME_STAYS, 0, "says nothing"},
        {FRAME_RUNNING, FRAME_DRIPS, FH_CHANNEL_BATCH, "a batch, byte by byte"},
        {FRAME_PROFILING, FRAME_DRIPS, FH_CHANNEL_PROFILED, "its answer, byte by byte"},
        {FRAME_RUNNING, FRAME_REPEATS, FH_CHANNEL_SCAN_OPEN, "opens and closes scans for ever"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct frame_case c = {.state = rows[i].state,
                               .after = rows[i].after,
                               .code = FH_ETIMEOUT,
                               .rule = rows[i].state == FRAME_PARSING ? "sql.parse_time"
                                                                      : "query.deadline"};
        snprintf(c.name, sizeof c.name, "%s: %s", states[c.state].text, rows[i].is);
        if (rows[i].kind != 0) {
            frame_put_good(&v->bytes, rows[i].kind);
        }
        if (rows[i].kind == FH_CHANNEL_SCAN_OPEN) {
            frame_put_good(&v->bytes, FH_CHANNEL_SCAN_CLOSE);
        }
        tell(v, &c);
    }
}

void frames_visit(frame_visit_fn *visit, void *user)
{
    struct visit v = {.fn = visit, .user = user};
    static const struct {
        void (*tell)(struct visit *);
        bool made;
    } groups[] = {
        {tell_all_spoiled, true},
        {tell_out_of_turn, true},
        {tell_sizes, true},
        {tell_ends, true},
        {tell_twice, false},
        {tell_counts, false},
        {tell_scan_lies, false},
        {tell_end_lies, false},
        {tell_error_lies, false},
        {tell_batch_lies, false},
        {tell_other_ids, false},
        {tell_versions, false},
        {tell_slow, false},
    };
    fh_buf_init(&v.bytes, FRAME_BYTES_MAX);
    fh_buf_init(&v.payload, FRAME_BYTES_MAX);
    for (size_t i = 0; i < FH_COUNT(groups) && !v.over; i++) {
        v.made = groups[i].made;
        groups[i].tell(&v);
    }
    fh_buf_fini(&v.bytes);
    fh_buf_fini(&v.payload);
}
