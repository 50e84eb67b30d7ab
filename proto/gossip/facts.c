/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/facts.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/wire/pack.h"

#include <string.h>

enum {
    PAYLOAD_VERSION = 1,
    BUCKETS_START = 64,
    ALIVE_FIELDS = 14,
    LEAVE_FIELDS = 5,
    SUSPECT_FIELDS = 7,
    HEAD_FIELDS = 3,
};

struct fh_fact_pool {
    struct fh_fact **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t count;
    size_t bytes;
};

struct fh_fact_pool *fh_fact_pool_new(void)
{
    struct fh_fact_pool *pool = fh_calloc(1, sizeof *pool);
    if (pool == NULL) {
        return NULL;
    }
    pool->buckets = fh_calloc(BUCKETS_START, sizeof *pool->buckets);
    if (pool->buckets == NULL) {
        fh_free(pool);
        return NULL;
    }
    pool->bucket_count = BUCKETS_START;
    return pool;
}

void fh_fact_pool_free(struct fh_fact_pool *pool)
{
    if (pool != NULL) {
        FH_ASSERT(pool->count == 0);
        fh_free(pool->buckets);
        fh_free(pool);
    }
}

size_t fh_fact_pool_count(const struct fh_fact_pool *pool)
{
    return pool->count;
}

size_t fh_fact_pool_memory(const struct fh_fact_pool *pool)
{
    return sizeof *pool + pool->bucket_count * sizeof *pool->buckets + pool->bytes;
}

/* A record ends in its signature, which is as good as random; somebody who grinds signatures only
 * lengthens chains of records that were accepted, each signed by an admitted node. */
static uint32_t bytes_hash(struct fh_bytes bytes)
{
    uint64_t h = bytes.size;
    size_t at = bytes.size > 24 ? bytes.size - 24 : 0;
    for (; at < bytes.size; at++) {
        h = (h ^ bytes.data[at]) * 0x100000001b3u;
    }
    return (uint32_t)(h ^ h >> 32);
}

struct fh_fact *fh_fact_known(const struct fh_fact_pool *pool, struct fh_bytes bytes)
{
    uint32_t hash = bytes_hash(bytes);
    struct fh_fact *fact = pool->buckets[hash & (pool->bucket_count - 1)];
    for (; fact != NULL; fact = fact->next) {
        if (fact->bucket == hash && fh_bytes_equal(fact->bytes, bytes)) {
            return fact;
        }
    }
    return NULL;
}

/* Doubles the buckets; on no memory the chains just get longer. */
static void pool_grow(struct fh_fact_pool *pool)
{
    uint32_t wider = pool->bucket_count * 2;
    struct fh_fact **buckets = fh_calloc(wider, sizeof *buckets);
    if (buckets == NULL) {
        return;
    }
    for (uint32_t i = 0; i < pool->bucket_count; i++) {
        while (pool->buckets[i] != NULL) {
            struct fh_fact *fact = pool->buckets[i];
            pool->buckets[i] = fact->next;
            fact->next = buckets[fact->bucket & (wider - 1)];
            buckets[fact->bucket & (wider - 1)] = fact;
        }
    }
    fh_free(pool->buckets);
    pool->buckets = buckets;
    pool->bucket_count = wider;
}

static bool port_form(struct fh_bytes port)
{
    unsigned value = 0;
    for (size_t i = 0; i < port.size; i++) {
        if (port.data[i] < '0' || port.data[i] > '9' || i > 4) {
            return false;
        }
        value = value * 10 + (unsigned)(port.data[i] - '0');
    }
    return value >= 1 && value <= 65535;
}

bool fh_address_form(struct fh_bytes text)
{
    if (text.size == 0 || text.size >= FH_ADDRESS_BYTES_MAX) {
        return false;
    }
    size_t colon = text.size;
    size_t colons = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return false;
        }
        if (text.data[i] == ':') {
            colon = i;
            colons++;
        }
    }
    if (colon == 0 || colon == text.size) {
        return false;
    }
    bool bracketed = text.data[0] == '[' && text.data[colon - 1] == ']' && colon > 2;
    return (bracketed || colons == 1) &&
           port_form(fh_bytes(text.data + colon + 1, text.size - colon - 1));
}

bool fh_addresses_equal(const char *const *a,
                        unsigned a_count,
                        const char *const *b,
                        unsigned b_count)
{
    bool same = a_count == b_count;
    for (unsigned i = 0; same && i < a_count; i++) {
        same = strcmp(a[i], b[i]) == 0;
    }
    return same;
}

/* ---- decoding -------------------------------------------------------------------------------- */

/* What decoding fills besides the fact: addresses as views, copied once the fact has memory. */
struct draft {
    struct fh_fact fact;
    struct fh_bytes address[FH_ADDRESSES_MAX];
};

static void read_version(struct fh_pack_reader *in)
{
    if (fh_pack_read_uint(in, UINT32_MAX) != PAYLOAD_VERSION) {
        fh_pack_fail(in, "expected payload version 1");
    }
}

static void read_life(struct fh_pack_reader *in, struct fh_fact *fact)
{
    fact->generation = fh_pack_read_uint(in, INT64_MAX);
    fact->incarnation = (uint32_t)fh_pack_read_uint(in, FH_FACT_INCARNATION_MAX);
}

static void read_addresses(struct fh_pack_reader *in, struct draft *draft)
{
    struct fh_alive *alive = &draft->fact.alive;
    alive->address_count = fh_pack_read_array(in, FH_ADDRESSES_MAX);
    for (unsigned i = 0; i < alive->address_count && in->failed == FH_OK; i++) {
        draft->address[i] = fh_pack_read_str(in, FH_ADDRESS_BYTES_MAX - 1);
        if (in->failed == FH_OK && !fh_address_form(draft->address[i])) {
            fh_pack_fail(in, "expected an address of the form host:port");
        }
    }
    if (in->failed == FH_OK && alive->address_count == 0) {
        fh_pack_fail(in, "expected at least one address");
    }
}

static void read_alive(struct fh_pack_reader *in, struct draft *draft)
{
    struct fh_fact *fact = &draft->fact;
    struct fh_alive *alive = &fact->alive;
    uint32_t fields = fh_pack_read_record(in, ALIVE_FIELDS);
    read_version(in);
    fh_pack_read_fixed(in, alive->domain.b, sizeof alive->domain.b);
    fh_pack_read_fixed(in, alive->key.b, sizeof alive->key.b);
    fh_pack_read_fixed(in, alive->agree.b, sizeof alive->agree.b);
    read_life(in, fact);
    fact->issued_ms = (int64_t)fh_pack_read_uint(in, INT64_MAX / 2);
    alive->ttl_ms = (int64_t)fh_pack_read_uint(in, FH_FACT_ALIVE_TTL_MAX_S) * 1000;
    read_addresses(in, draft);
    alive->protocol_min = (unsigned)fh_pack_read_uint(in, UINT16_MAX);
    alive->protocol_max = (unsigned)fh_pack_read_uint(in, UINT16_MAX);
    alive->capabilities = (unsigned)fh_pack_read_uint(in, UINT32_MAX);
    uint32_t head = fh_pack_read_record(in, HEAD_FIELDS);
    alive->head_count = fh_pack_read_uint(in, UINT64_MAX);
    fh_pack_read_fixed(in, alive->head_root, sizeof alive->head_root);
    alive->head_time_ms = (int64_t)fh_pack_read_uint(in, INT64_MAX / 2);
    fh_pack_read_record_end(in, head, HEAD_FIELDS);
    alive->label = fh_pack_read_str(in, FH_NAME_BYTES_MAX);
    fh_pack_read_record_end(in, fields, ALIVE_FIELDS);
    if (in->failed == FH_OK && alive->protocol_min > alive->protocol_max) {
        fh_pack_fail(in, "expected protocol min <= max");
    }
    fact->node = fh_node_id_of(&alive->key);
}

static void read_leave(struct fh_pack_reader *in, struct fh_fact *fact)
{
    uint32_t fields = fh_pack_read_record(in, LEAVE_FIELDS);
    read_version(in);
    fh_pack_read_fixed(in, fact->node.b, sizeof fact->node.b);
    read_life(in, fact);
    fact->issued_ms = (int64_t)fh_pack_read_uint(in, INT64_MAX / 2);
    fh_pack_read_record_end(in, fields, LEAVE_FIELDS);
}

static void read_suspect(struct fh_pack_reader *in, struct fh_fact *fact)
{
    uint32_t fields = fh_pack_read_record(in, SUSPECT_FIELDS);
    read_version(in);
    fh_pack_read_fixed(in, fact->node.b, sizeof fact->node.b);
    read_life(in, fact);
    fh_pack_read_fixed(in, fact->accuser.b, sizeof fact->accuser.b);
    fact->accuser_incarnation = (uint32_t)fh_pack_read_uint(in, FH_FACT_INCARNATION_MAX);
    fact->issued_ms = (int64_t)fh_pack_read_uint(in, INT64_MAX / 2);
    fh_pack_read_record_end(in, fields, SUSPECT_FIELDS);
}

static int read_fact(struct draft *draft, const struct fh_record *record, struct fh_err *err)
{
    struct fh_fact *fact = &draft->fact;
    fact->type = record->type;
    fact->id = record->id;
    fact->signer = record->signatures[0].key;
    fact->bytes = record->bytes;
    struct fh_pack_reader in;
    fh_pack_read_init(&in, record->payload);
    switch (record->type) {
    case FH_RECORD_ALIVE:
        fact->kind = FH_FACT_ALIVE;
        read_alive(&in, draft);
        break;
    case FH_RECORD_LEAVE:
        fact->kind = FH_FACT_LEAVE;
        read_leave(&in, fact);
        break;
    case FH_RECORD_SUSPECT:
        fact->kind = FH_FACT_SUSPECT;
        read_suspect(&in, fact);
        break;
    default:
        fact->kind = FH_FACT_OTHER;
        return FH_OK;
    }
    if (in.failed == FH_OK && record->signature_count != 1) {
        fh_pack_fail(&in, "expected exactly one signature");
    }
    return fh_pack_read_ok(&in, fh_record_type_text(record->type), err);
}

/* One allocation: the fact, its record bytes, its addresses with their NULs. */
static struct fh_fact *fact_new(const struct draft *draft, size_t *out_size)
{
    const struct fh_fact *from = &draft->fact;
    size_t size = sizeof *from + from->bytes.size;
    for (unsigned i = 0; i < from->alive.address_count; i++) {
        size += draft->address[i].size + 1;
    }
    struct fh_fact *fact = fh_alloc(size);
    if (fact == NULL) {
        return NULL;
    }
    *fact = *from;
    uint8_t *at = (uint8_t *)(fact + 1);
    memcpy(at, from->bytes.data, from->bytes.size);
    fact->bytes.data = at;
    if (from->alive.label.size > 0) {
        fact->alive.label.data = at + (from->alive.label.data - from->bytes.data);
    }
    at += from->bytes.size;
    for (unsigned i = 0; i < from->alive.address_count; i++) {
        memcpy(at, draft->address[i].data, draft->address[i].size);
        at[draft->address[i].size] = '\0';
        fact->alive.address[i] = (const char *)at;
        at += draft->address[i].size + 1;
    }
    *out_size = size;
    return fact;
}

static size_t fact_size(const struct fh_fact *fact)
{
    size_t size = sizeof *fact + fact->bytes.size;
    for (unsigned i = 0; i < fact->alive.address_count; i++) {
        size += strlen(fact->alive.address[i]) + 1;
    }
    return size;
}

int fh_fact_intern(struct fh_fact_pool *pool,
                   struct fh_bytes bytes,
                   const struct fh_mesh_id *mesh,
                   struct fh_fact **out,
                   struct fh_err *err)
{
    struct fh_fact *known = fh_fact_known(pool, bytes);
    if (known != NULL) {
        *out = fh_fact_ref(known);
        return FH_OK;
    }
    if (bytes.size > FH_RECORD_GOSSIP_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "gossip.record.size",
                           "record of %zu bytes: expected at most %d in gossip",
                           bytes.size,
                           FH_RECORD_GOSSIP_BYTES_MAX);
    }
    struct fh_record record;
    int code = fh_record_parse(&record, bytes, mesh, err);
    if (code != FH_OK) {
        return code;
    }
    struct draft draft = {.fact = {.references = 1}};
    code = read_fact(&draft, &record, err);
    if (code != FH_OK) {
        return code;
    }
    if (pool->count >= pool->bucket_count) {
        pool_grow(pool);
    }
    size_t size;
    struct fh_fact *fact = fact_new(&draft, &size);
    if (fact == NULL) {
        return fh_err_set(err, FH_ENOMEM, "gossip: no memory for a record");
    }
    fact->bucket = bytes_hash(bytes);
    struct fh_fact **head = &pool->buckets[fact->bucket & (pool->bucket_count - 1)];
    fact->next = *head;
    *head = fact;
    pool->count++;
    pool->bytes += size;
    *out = fact;
    return FH_OK;
}

void fh_fact_drop(struct fh_fact_pool *pool, struct fh_fact *fact)
{
    if (fact == NULL) {
        return;
    }
    FH_ASSERT(fact->references > 0);
    if (--fact->references > 0) {
        return;
    }
    struct fh_fact **link = &pool->buckets[fact->bucket & (pool->bucket_count - 1)];
    while (*link != fact) {
        FH_ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    *link = fact->next;
    pool->count--;
    pool->bytes -= fact_size(fact);
    fh_free(fact);
}

bool fh_fact_verify(struct fh_fact *fact,
                    const struct fh_mesh_id *mesh,
                    const struct fh_sign_public *key,
                    const struct fh_verifier *verifier)
{
    if (fact->verified) {
        return true;
    }
    const struct fh_node_id *speaker = fact->kind == FH_FACT_SUSPECT ? &fact->accuser : &fact->node;
    struct fh_node_id id = fh_node_id_of(key);
    struct fh_record record;
    if (!fh_node_id_equal(&id, speaker) ||
        fh_record_parse(&record, fact->bytes, mesh, NULL) != FH_OK ||
        !fh_record_signed_by(&record, 0, mesh, key, verifier)) {
        return false;
    }
    fact->verified = true;
    return true;
}

/* ---- encoding -------------------------------------------------------------------------------- */

static void pack_id(struct fh_buf *out, const uint8_t *id)
{
    fh_pack_bin(out, fh_bytes(id, FH_ID_BYTES));
}

void fh_alive_pack(struct fh_buf *out, const struct fh_fact *fact)
{
    const struct fh_alive *alive = &fact->alive;
    fh_pack_array(out, ALIVE_FIELDS);
    fh_pack_uint(out, PAYLOAD_VERSION);
    pack_id(out, alive->domain.b);
    pack_id(out, alive->key.b);
    pack_id(out, alive->agree.b);
    fh_pack_uint(out, fact->generation);
    fh_pack_uint(out, fact->incarnation);
    fh_pack_uint(out, (uint64_t)fact->issued_ms);
    fh_pack_uint(out, (uint64_t)(alive->ttl_ms / 1000));
    fh_pack_array(out, alive->address_count);
    for (unsigned i = 0; i < alive->address_count; i++) {
        fh_pack_cstr(out, alive->address[i]);
    }
    fh_pack_uint(out, alive->protocol_min);
    fh_pack_uint(out, alive->protocol_max);
    fh_pack_uint(out, alive->capabilities);
    fh_pack_array(out, HEAD_FIELDS);
    fh_pack_uint(out, alive->head_count);
    pack_id(out, alive->head_root);
    fh_pack_uint(out, (uint64_t)alive->head_time_ms);
    fh_pack_str(out, alive->label);
}

void fh_leave_pack(struct fh_buf *out, const struct fh_fact *fact)
{
    fh_pack_array(out, LEAVE_FIELDS);
    fh_pack_uint(out, PAYLOAD_VERSION);
    pack_id(out, fact->node.b);
    fh_pack_uint(out, fact->generation);
    fh_pack_uint(out, fact->incarnation);
    fh_pack_uint(out, (uint64_t)fact->issued_ms);
}

void fh_suspect_pack(struct fh_buf *out, const struct fh_fact *fact)
{
    fh_pack_array(out, SUSPECT_FIELDS);
    fh_pack_uint(out, PAYLOAD_VERSION);
    pack_id(out, fact->node.b);
    fh_pack_uint(out, fact->generation);
    fh_pack_uint(out, fact->incarnation);
    pack_id(out, fact->accuser.b);
    fh_pack_uint(out, fact->accuser_incarnation);
    fh_pack_uint(out, (uint64_t)fact->issued_ms);
}
