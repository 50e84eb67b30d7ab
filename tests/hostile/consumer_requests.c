/* SPDX-License-Identifier: Apache-2.0 */
/* Signed requests: each part spoiled and signed well, lies that are well-formed, and what is asked
 * of streams out of order. */
#include "tests/hostile/consumer.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/time.h"
#include "proto/query/query.h"

#include <stdio.h>
#include <string.h>

/* ---- a good request ---- */

static void fill(struct consumer *c, struct fh_query_request *out)
{
    const struct visitor *v = &c->visitor;
    *out = (struct fh_query_request){
        .consumer = v->actor->domain,
        .key = v->actor->key_id,
        .entry = v->node,
        .sql = fh_bytes_cstr(c->sql),
        .table_count = c->plan.table_count,
        .issued_ms = fh_clock_wall_ms(),
    };
    out->expires_ms = out->issued_ms + 60000;
    fh_entropy(out->id.b, sizeof out->id.b);
    for (uint32_t i = 0; i < c->plan.table_count; i++) {
        const struct fh_msg_plan_table *table = &c->plan.tables[i];
        struct fh_query_table *to = &out->tables[i];
        to->domain = table->domain;
        to->contract = table->contract;
        snprintf(to->product, sizeof to->product, "%s", table->product);
        snprintf(to->table, sizeof to->table, "%s", table->table);
        snprintf(to->version, sizeof to->version, "%s", table->version);
    }
}

static void put_payload(struct consumer *c, struct fh_buf *out)
{
    struct fh_query_request request;
    struct fh_err err;
    fill(c, &request);
    FH_ASSERT(fh_query_request_build(out, &request, &err) == FH_OK);
}

/* Asks QUERY with these bytes as the record. */
static struct verdict query_record(struct consumer *c, struct fh_bytes record)
{
    struct fh_buf message FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&message, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_query_request(&message, record, FH_ENCODINGS_ALL);
    return visitor_ask(&c->visitor, fh_buf_view(&message));
}

static void seal(const struct consumer *c,
                 enum fh_record_type type,
                 struct fh_bytes payload,
                 const struct fh_sign_secret *secret,
                 struct fh_buf *out)
{
    fh_record_seal(out, type, &c->visitor.actor->mesh, payload, secret);
}

/* The same with a payload, sealed by the actor's own key. */
static struct verdict query_payload(struct consumer *c, struct fh_bytes payload)
{
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    seal(c, FH_RECORD_REQUEST, payload, &c->visitor.actor->secret, &record);
    return query_record(c, fh_buf_view(&record));
}

/* ---- spoiled ---- */

/* What a scanner's refusal comes to. */
static void scanned(char out[128], enum test_spoil_way way, const char *shape)
{
    const char *rule = test_spoil_rule(way);
    bool big = strcmp(rule, "pack.items") == 0 || strcmp(rule, "pack.depth") == 0;
    snprintf(
        out, 128, "refused %s [%s]", big ? "FH_ETOOBIG" : "FH_EINVAL", rule[0] == 0 ? shape : rule);
}

/* Asks with `good` spoiled in every way at every place; `shape`: the rule of its reader. */
static void meet_spoiled(struct consumer *c,
                         struct fh_bytes good,
                         struct verdict (*query)(struct consumer *c, struct fh_bytes bad),
                         const char *shape,
                         const char *what)
{
    struct fh_buf bad FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&bad, FH_RECORD_BYTES_MAX);
    unsigned places = test_spoil_places(good);
    for (unsigned i = 0; i < places * TEST_SPOIL_COUNT; i++) {
        unsigned place = i / TEST_SPOIL_COUNT;
        enum test_spoil_way way = i % TEST_SPOIL_COUNT;
        char expected[128];
        fh_buf_reset(&bad);
        if (test_spoil(&bad, good, place, way)) {
            scanned(expected, way, shape);
            consumer_meet(c,
                          query(c, fh_buf_view(&bad)),
                          expected,
                          "%s at place %u of %s",
                          test_spoil_text(way),
                          place,
                          what);
        }
    }
}

void consumer_requests(struct consumer *c)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    suite_group(&c->suite, "signed requests");
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    visitor_ready(&c->visitor);
    put_payload(c, &payload);
    meet_spoiled(c, fh_buf_view(&payload), query_payload, "pack.shape", "a signed request");
    fh_buf_reset(&payload);
    put_payload(c, &payload);
    seal(c, FH_RECORD_REQUEST, fh_buf_view(&payload), &c->visitor.actor->secret, &record);
    meet_spoiled(
        c, fh_buf_view(&record), query_record, "record.envelope", "the record of a request");
}

/* ---- lies ---- */

struct lie {
    const char *name;
    void (*tell)(struct fh_query_request *request);
    const char *expected;
};

static void other_consumer(struct fh_query_request *r)
{
    r->consumer.b[0] ^= 1;
}

static void owner_as_consumer(struct fh_query_request *r)
{
    r->consumer = r->tables[0].domain;
}

static void other_key(struct fh_query_request *r)
{
    r->key.b[0] ^= 1;
}

static void key_of_entry(struct fh_query_request *r)
{
    memcpy(r->key.b, r->entry.b, sizeof r->key.b);
}

static void other_entry(struct fh_query_request *r)
{
    r->entry.b[0] ^= 1;
}

static void other_domain(struct fh_query_request *r)
{
    r->tables[0].domain.b[0] ^= 1;
}

static void other_product(struct fh_query_request *r)
{
    snprintf(r->tables[0].product, sizeof r->tables[0].product, "secrets");
}

static void other_table(struct fh_query_request *r)
{
    snprintf(r->tables[0].table, sizeof r->tables[0].table, "secrets");
}

static void other_contract(struct fh_query_request *r)
{
    r->tables[0].contract.b[0] ^= 1;
}

static void no_tables(struct fh_query_request *r)
{
    r->table_count = 0;
}

static void expired(struct fh_query_request *r)
{
    r->issued_ms -= 24 * 3600000LL;
    r->expires_ms -= 24 * 3600000LL;
}

static void of_the_future(struct fh_query_request *r)
{
    r->issued_ms += 24 * 3600000LL;
    r->expires_ms += 24 * 3600000LL;
}

static void of_the_beginning(struct fh_query_request *r)
{
    r->issued_ms = 0;
    r->expires_ms = 1;
}

static void another_statement(struct fh_query_request *r)
{
    r->sql = fh_bytes_cstr("DROP TABLE orders");
}

static void two_statements(struct fh_query_request *r)
{
    r->sql = fh_bytes_cstr("SELECT 1; SELECT 2");
}

static void another_question(struct fh_query_request *r)
{
    r->sql = fh_bytes_cstr("SELECT count(*) FROM market.visits");
}

static void a_file(struct fh_query_request *r)
{
    r->sql = fh_bytes_cstr("SELECT * FROM read_text('/etc/passwd')");
}

static const struct lie lies[] = {
    {"of a domain that there is not",
     other_consumer,
     REFUSED(FH_ENOTFOUND, "record.signer.domain")},
    {"in the owner's name", owner_as_consumer, REFUSED(FH_ESIG, "record.signer.domain")},
    {"for another key", other_key, REFUSED(FH_ESIG, "query.request.key")},
    {"for the entry peer's key", key_of_entry, REFUSED(FH_ESIG, "query.request.key")},
    {"for another entry peer", other_entry, REFUSED(FH_EDENIED, "query.request.entry")},
    {"of another owner's table", other_domain, REFUSED(FH_EDENIED, "query.request.tables")},
    {"of another product", other_product, REFUSED(FH_EDENIED, "query.request.tables")},
    {"of another table", other_table, REFUSED(FH_EDENIED, "query.request.tables")},
    {"under another contract", other_contract, REFUSED(FH_ESTALE, "query.contract.changed")},
    {"of no table", no_tables, REFUSED(FH_EDENIED, "query.request.tables")},
    {"older than its key", expired, REFUSED(FH_ESIG, "record.signer.expired")},
    {"of tomorrow", of_the_future, REFUSED(FH_EINVAL, "query.request.time")},
    {"of 1970", of_the_beginning, REFUSED(FH_ESIG, "record.signer.expired")},
    {"that drops", another_statement, REFUSED(FH_ESQL, "sql.gate.statement")},
    {"of two statements", two_statements, REFUSED(FH_ESQL, "sql.statements")},
    {"of tables that it does not name", another_question, REFUSED(FH_ENOTFOUND, "product.unknown")},
    {"that reads a file", a_file, REFUSED(FH_EDENIED, "sql.gate.table_function")},
};

static void other_signers(struct consumer *c)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    struct fh_sign_public public_key;
    struct fh_sign_secret stranger;
    uint8_t seed[FH_SEED_BYTES];
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_entropy(seed, sizeof seed);
    fh_sign_keys(seed, &public_key, &stranger);
    put_payload(c, &payload);
    seal(c, FH_RECORD_REQUEST, fh_buf_view(&payload), &stranger, &record);
    consumer_meet(c,
                  query_record(c, fh_buf_view(&record)),
                  REFUSED(FH_ESIG, "record.signer.unknown"),
                  "a request signed by a key of nobody");
    const struct fh_sign_secret *own = &c->visitor.actor->secret;
    for (enum fh_record_type type = FH_RECORD_KEY; type <= FH_RECORD_MEASUREMENT; type++) {
        if (type == FH_RECORD_REQUEST) {
            continue;
        }
        fh_buf_reset(&record);
        seal(c, type, fh_buf_view(&payload), own, &record);
        struct verdict verdict = query_record(c, fh_buf_view(&record));
        /* These two have room for less than this: it reads as cut short. */
        bool small = type == FH_RECORD_LEAVE || type == FH_RECORD_SUSPECT;
        consumer_meet(c,
                      verdict,
                      small ? REFUSED(FH_EINVAL, "pack.truncated")
                            : REFUSED(FH_EINVAL, "query.request.form"),
                      "a request sealed as a record of type %d",
                      (int)type);
    }
    /* Every byte of a record is under the signature, or is it. */
    fh_buf_reset(&record);
    seal(c, FH_RECORD_REQUEST, fh_buf_view(&payload), own, &record);
    for (size_t at = record.size - 60; at < record.size; at += 7) {
        record.data[at] ^= 1;
        consumer_meet(c,
                      query_record(c, fh_buf_view(&record)),
                      REFUSED(FH_ESIG, "record.signature"),
                      "byte %zu of a request's signature changed",
                      at);
        record.data[at] ^= 1;
    }
}

void consumer_lies(struct consumer *c)
{
    suite_group(&c->suite, "requests that lie");
    visitor_ready(&c->visitor);
    for (size_t i = 0; i < FH_COUNT(lies); i++) {
        struct fh_buf payload FH_CLEANUP(fh_buf_fini);
        struct fh_query_request request;
        struct fh_err err;
        fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
        fill(c, &request);
        lies[i].tell(&request);
        FH_ASSERT(fh_query_request_build(&payload, &request, &err) == FH_OK);
        consumer_meet(c,
                      query_payload(c, fh_buf_view(&payload)),
                      lies[i].expected,
                      "a request %s",
                      lies[i].name);
    }
    other_signers(c);
}

/* ---- streams ---- */

static struct verdict next(struct consumer *c, uint64_t stream, uint64_t index)
{
    struct fh_buf message FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&message, 64);
    fh_msg_next_request(&message, stream, index);
    return visitor_ask(&c->visitor, fh_buf_view(&message));
}

static struct verdict cancel(struct consumer *c, uint64_t stream)
{
    struct fh_buf message FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&message, 64);
    fh_msg_cancel_request(&message, stream);
    return visitor_ask(&c->visitor, fh_buf_view(&message));
}

/* A stream whose one batch does not come with the answer to QUERY, opened: 96,000 bytes. */
static uint64_t open_stream(struct consumer *c)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    struct fh_query_request request;
    struct fh_err err;
    uint64_t stream = 0;
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fill(c, &request);
    request.sql =
        fh_bytes_cstr("SELECT a.price, b.price FROM shop.orders a, shop.orders b LIMIT 6000");
    FH_ASSERT(fh_query_request_build(&payload, &request, &err) == FH_OK);
    struct verdict verdict = query_payload(c, fh_buf_view(&payload));
    consumer_meet(c, verdict, ANSWERED, "an honest request");
    if (verdict.kind == VERDICT_ANSWERED &&
        fh_msg_answer(&reader, c->visitor.answer, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK &&
        fh_msg_stream_read(&reader, &stream, &err) == FH_OK) {
        return stream;
    }
    return 0;
}

void consumer_streams(struct consumer *c)
{
    static const char out_of_order[] = REFUSED(FH_EPROTO, "stream.index");
    static const char unknown[] = REFUSED(FH_ENOTFOUND, "stream.unknown");
    static const uint64_t strange[] = {0, 1000000, UINT32_MAX, UINT64_MAX};
    static const uint64_t ahead[] = {100, UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_MAX};
    suite_group(&c->suite, "streams");
    visitor_ready(&c->visitor);
    for (size_t i = 0; i < FH_COUNT(strange); i++) {
        unsigned long long stream = strange[i];
        consumer_meet(c, next(c, stream, 0), unknown, "NEXT of stream %llu", stream);
        consumer_meet(c, cancel(c, stream), unknown, "CANCEL of stream %llu", stream);
    }
    uint64_t stream = open_stream(c);
    for (size_t i = 0; i < FH_COUNT(ahead); i++) {
        consumer_meet(c,
                      next(c, stream, ahead[i]),
                      out_of_order,
                      "batch %llu before the first",
                      (unsigned long long)ahead[i]);
    }
    consumer_meet(c, next(c, stream, 0), ANSWERED, "the first batch");
    consumer_meet(c, next(c, stream, 0), out_of_order, "the first batch again");
    consumer_meet(c, next(c, stream, 1), ANSWERED, "the end");
    consumer_meet(c, next(c, stream, 2), unknown, "a batch behind the end");
    consumer_meet(c, cancel(c, stream), unknown, "a cancellation behind the end");
    stream = open_stream(c);
    consumer_meet(c, cancel(c, stream), ANSWERED, "a cancellation");
    consumer_meet(c, cancel(c, stream), unknown, "a second one");
    /* A session that comes after may not read on. */
    stream = open_stream(c);
    visitor_hang_up(&c->visitor);
    visitor_ready(&c->visitor);
    consumer_meet(c, next(c, stream, 0), unknown, "the stream of another session");
    consumer_meet(c, cancel(c, stream), unknown, "a cancellation of another session's stream");
}
