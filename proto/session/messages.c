/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages.h"

#include "common/assert.h"

static const struct {
    unsigned code;
    const char *text;
} messages[] = {
#define X(name, code) {(code), #name},
    FH_MESSAGES(X)
#undef X
};

const char *fh_msg_text(unsigned code)
{
    for (size_t i = 0; i < FH_COUNT(messages); i++) {
        if (messages[i].code == code) {
            return messages[i].text;
        }
    }
    return "unknown";
}

static int broken(struct fh_err *err)
{
    char why[FH_ERR_TEXT_BYTES] = "";
    if (err != NULL) {
        memcpy(why, err->text, sizeof why);
    }
    return fh_err_rule(err, FH_EPROTO, "message.form", "message: %s", why);
}

static int done(const struct fh_pack_reader *reader, const char *what, struct fh_err *err)
{
    return fh_pack_read_ok(reader, what, err) == FH_OK ? FH_OK : broken(err);
}

int fh_msg_open(struct fh_pack_reader *reader,
                struct fh_bytes payload,
                size_t bytes_max,
                unsigned *out_code,
                struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(bytes_max);
    if (fh_pack_scan(payload, &limits, err) != FH_OK) {
        return broken(err);
    }
    fh_pack_read_init(reader, payload);
    fh_pack_read_record(reader, 1);
    unsigned code = (unsigned)fh_pack_read_uint(reader, 127);
    if (done(reader, "request", err) != FH_OK) {
        return FH_EPROTO;
    }
    *out_code = code;
    return FH_OK;
}

void fh_msg_error(struct fh_buf *out, const struct fh_err *err, uint32_t retry_after_ms)
{
    FH_ASSERT(err->code != FH_OK);
    fh_pack_array(out, 4);
    fh_pack_uint(out, (uint64_t)err->code);
    fh_pack_cstr(out, err->rule);
    /* Texts are built from several sources; one that was cut inside a letter stays at home. */
    bool clean = fh_utf8_valid(fh_bytes_cstr(err->text));
    fh_pack_cstr(out, clean ? err->text : fh_code_text(err->code));
    fh_pack_uint(out, retry_after_ms);
}

int fh_msg_answer(struct fh_pack_reader *reader,
                  struct fh_bytes payload,
                  size_t bytes_max,
                  struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(bytes_max);
    if (fh_pack_scan(payload, &limits, err) != FH_OK) {
        return broken(err);
    }
    fh_pack_read_init(reader, payload);
    uint32_t fields = fh_pack_read_record(reader, 1);
    unsigned code = (unsigned)fh_pack_read_uint(reader, 127);
    if (done(reader, "answer", err) != FH_OK) {
        return FH_EPROTO;
    }
    if (code == FH_OK) {
        return FH_OK;
    }
    char rule[FH_ERR_RULE_BYTES];
    char text[FH_ERR_TEXT_BYTES];
    if (fields < 4) {
        fh_pack_fail(reader, "expected [code, rule, text, retry after]");
    }
    fh_pack_read_cstr(reader, rule, sizeof rule);
    fh_pack_read_cstr(reader, text, sizeof text);
    fh_pack_read_uint(reader, UINT32_MAX);
    if (done(reader, "error answer", err) != FH_OK) {
        return FH_EPROTO;
    }
    return fh_err_rule(err, (int)code, rule, "%s", text);
}

bool fh_msg_bins_next(struct fh_msg_bins *bins, struct fh_bytes *out)
{
    if (bins->left == 0) {
        return false;
    }
    bins->left--;
    *out = fh_pack_read_bin(&bins->reader, FH_FRAME_REPLY_BYTES_MAX);
    return bins->reader.failed == FH_OK;
}

int fh_msg_bins_read(struct fh_pack_reader *reader, struct fh_msg_bins *out, struct fh_err *err)
{
    struct fh_msg_bins bins = {.reader = *reader};
    bins.left = fh_pack_read_array(&bins.reader, FH_PACK_ITEMS_MAX);
    struct fh_msg_bins walk = bins;
    struct fh_bytes bin;
    while (fh_msg_bins_next(&walk, &bin)) {
    }
    *reader = walk.reader;
    if (done(reader, "list of records", err) != FH_OK) {
        return FH_EPROTO;
    }
    *out = bins;
    return FH_OK;
}

static void request(struct fh_buf *out, enum fh_msg_code code, uint32_t fields)
{
    fh_pack_array(out, fields + 1);
    fh_pack_uint(out, code);
}

void fh_msg_ok(struct fh_buf *out, uint32_t fields)
{
    fh_pack_array(out, fields + 1);
    fh_pack_uint(out, FH_OK);
}

/* ---- STATUS ---- */

void fh_msg_status_request(struct fh_buf *out)
{
    request(out, FH_MSG_STATUS, 0);
}

void fh_msg_status_answer(struct fh_buf *out, const struct fh_msg_status *status)
{
    fh_msg_ok(out, 12);
    fh_pack_bin(out, fh_bytes(status->mesh.b, FH_ID_BYTES));
    fh_pack_cstr(out, status->mesh_name);
    fh_pack_bin(out, fh_bytes(status->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, status->domain_name);
    fh_pack_bin(out, fh_bytes(status->node.b, FH_ID_BYTES));
    fh_pack_cstr(out, status->version);
    fh_pack_uint(out, status->generation);
    fh_pack_uint(out, status->uptime_ms);
    fh_pack_uint(out, status->members_alive);
    fh_pack_uint(out, status->members_known);
    fh_pack_uint(out, status->products);
    fh_pack_uint(out, status->wall_ms);
}

int fh_msg_status_read(struct fh_pack_reader *reader, struct fh_msg_status *out, struct fh_err *err)
{
    struct fh_msg_status status;
    fh_pack_read_fixed(reader, status.mesh.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, status.mesh_name, sizeof status.mesh_name);
    fh_pack_read_fixed(reader, status.domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, status.domain_name, sizeof status.domain_name);
    fh_pack_read_fixed(reader, status.node.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, status.version, sizeof status.version);
    status.generation = fh_pack_read_uint(reader, UINT64_MAX);
    status.uptime_ms = fh_pack_read_uint(reader, UINT64_MAX);
    status.members_alive = fh_pack_read_uint(reader, UINT64_MAX);
    status.members_known = fh_pack_read_uint(reader, UINT64_MAX);
    status.products = fh_pack_read_uint(reader, UINT64_MAX);
    status.wall_ms = fh_pack_read_uint(reader, UINT64_MAX);
    int rc = done(reader, "status", err);
    if (rc == FH_OK) {
        *out = status;
    }
    return rc;
}

/* ---- PEERS ---- */

enum { PEER_FIELDS = 9, PRODUCT_FIELDS = 11, FINDING_FIELDS = 6, PLAN_TABLE_FIELDS = 8 };

static int
list_read(struct fh_pack_reader *reader, const char *what, uint32_t *out, struct fh_err *err)
{
    uint32_t count = fh_pack_read_array(reader, FH_PACK_ITEMS_MAX);
    int rc = done(reader, what, err);
    if (rc == FH_OK) {
        *out = count;
    }
    return rc;
}

/* Begins an entry of a list: at least `fields` elements; later ones are skipped by entry_end. */
static uint32_t entry_begin(struct fh_pack_reader *reader, uint32_t fields)
{
    uint32_t count = fh_pack_read_array(reader, 64);
    if (count < fields) {
        fh_pack_fail(reader, "expected more fields in this entry");
        return fields;
    }
    return count;
}

static void entry_end(struct fh_pack_reader *reader, uint32_t count, uint32_t fields)
{
    for (uint32_t i = fields; i < count; i++) {
        fh_pack_skip(reader);
    }
}

void fh_msg_peers_request(struct fh_buf *out)
{
    request(out, FH_MSG_PEERS, 0);
}

void fh_msg_peers_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 1);
    fh_pack_array(out, count);
}

void fh_msg_peers_answer_add(struct fh_buf *out, const struct fh_msg_peer *peer)
{
    fh_pack_array(out, PEER_FIELDS);
    fh_pack_bin(out, fh_bytes(peer->node.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(peer->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, peer->domain_name);
    fh_pack_cstr(out, peer->address);
    fh_pack_uint(out, peer->state);
    fh_pack_bool(out, peer->self);
    fh_pack_uint(out, peer->generation);
    fh_pack_uint(out, peer->incarnation);
    fh_pack_uint(out, peer->heard_ms_ago);
}

int fh_msg_peers_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return list_read(reader, "peers", out_count, err);
}

int fh_msg_peers_next(struct fh_pack_reader *reader, struct fh_msg_peer *out, struct fh_err *err)
{
    struct fh_msg_peer peer;
    uint32_t count = entry_begin(reader, PEER_FIELDS);
    fh_pack_read_fixed(reader, peer.node.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, peer.domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, peer.domain_name, sizeof peer.domain_name);
    fh_pack_read_cstr(reader, peer.address, sizeof peer.address);
    peer.state = (unsigned)fh_pack_read_uint(reader, 255);
    peer.self = fh_pack_read_bool(reader);
    peer.generation = fh_pack_read_uint(reader, UINT64_MAX);
    peer.incarnation = fh_pack_read_uint(reader, UINT64_MAX);
    peer.heard_ms_ago = fh_pack_read_uint(reader, UINT64_MAX);
    entry_end(reader, count, PEER_FIELDS);
    int rc = done(reader, "peer", err);
    if (rc == FH_OK) {
        *out = peer;
    }
    return rc;
}

/* ---- SEARCH and DESCRIBE ---- */

void fh_msg_search_request(struct fh_buf *out, const char *words, uint32_t limit)
{
    request(out, FH_MSG_SEARCH, 2);
    fh_pack_cstr(out, words);
    fh_pack_uint(out, limit);
}

int fh_msg_search_request_read(struct fh_pack_reader *reader,
                               char words[1024],
                               uint32_t *out_limit,
                               struct fh_err *err)
{
    fh_pack_read_cstr(reader, words, 1024);
    uint32_t limit = (uint32_t)fh_pack_read_uint(reader, FH_SEARCH_RESULTS_MAX);
    int rc = done(reader, "search", err);
    if (rc == FH_OK) {
        *out_limit = limit;
    }
    return rc;
}

static void add_product(struct fh_buf *out, const struct fh_msg_product *product)
{
    fh_pack_array(out, PRODUCT_FIELDS);
    fh_pack_bin(out, fh_bytes(product->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, product->domain_name);
    fh_pack_cstr(out, product->product);
    fh_pack_cstr(out, product->version);
    fh_pack_uint(out, product->status);
    fh_pack_cstr(out, product->title);
    fh_pack_cstr(out, product->summary);
    fh_pack_uint(out, product->age_ms);
    fh_pack_uint(out,
                 (product->reachable ? 1u : 0u) | (product->contract_held ? 2u : 0u) |
                     (product->open_to_mesh ? 4u : 0u));
    fh_pack_bin(out, fh_bytes(product->contract.b, FH_ID_BYTES));
    fh_pack_nil(out);
}

static void read_product(struct fh_pack_reader *reader, struct fh_msg_product *product)
{
    uint32_t count = entry_begin(reader, PRODUCT_FIELDS);
    fh_pack_read_fixed(reader, product->domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, product->domain_name, sizeof product->domain_name);
    fh_pack_read_cstr(reader, product->product, sizeof product->product);
    fh_pack_read_cstr(reader, product->version, sizeof product->version);
    product->status = (unsigned)fh_pack_read_uint(reader, 255);
    fh_pack_read_cstr(reader, product->title, sizeof product->title);
    fh_pack_read_cstr(reader, product->summary, sizeof product->summary);
    product->age_ms = fh_pack_read_uint(reader, UINT64_MAX);
    unsigned flags = (unsigned)fh_pack_read_uint(reader, 255);
    product->reachable = (flags & 1) != 0;
    product->contract_held = (flags & 2) != 0;
    product->open_to_mesh = (flags & 4) != 0;
    fh_pack_read_fixed(reader, product->contract.b, FH_ID_BYTES);
    fh_pack_skip(reader); /* room for facets */
    entry_end(reader, count, PRODUCT_FIELDS);
}

void fh_msg_products_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 1);
    fh_pack_array(out, count);
}

void fh_msg_products_answer_add(struct fh_buf *out, const struct fh_msg_product *product)
{
    add_product(out, product);
}

int fh_msg_products_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return list_read(reader, "products", out_count, err);
}

int fh_msg_products_next(struct fh_pack_reader *reader,
                         struct fh_msg_product *out,
                         struct fh_err *err)
{
    struct fh_msg_product product;
    read_product(reader, &product);
    int rc = done(reader, "product", err);
    if (rc == FH_OK) {
        *out = product;
    }
    return rc;
}

void fh_msg_describe_request(struct fh_buf *out, const struct fh_msg_product_name *name)
{
    request(out, FH_MSG_DESCRIBE, 3);
    fh_pack_cstr(out, name->domain);
    fh_pack_cstr(out, name->product);
    fh_pack_uint(out, name->major);
}

int fh_msg_product_name_read(struct fh_pack_reader *reader,
                             struct fh_msg_product_name *out,
                             struct fh_err *err)
{
    struct fh_msg_product_name name;
    fh_pack_read_cstr(reader, name.domain, sizeof name.domain);
    fh_pack_read_cstr(reader, name.product, sizeof name.product);
    name.major = fh_pack_read_uint(reader, UINT32_MAX);
    int rc = done(reader, "product name", err);
    if (rc == FH_OK) {
        *out = name;
    }
    return rc;
}

void fh_msg_describe_answer_begin(struct fh_buf *out,
                                  const struct fh_msg_product *product,
                                  struct fh_bytes announcement,
                                  struct fh_bytes contract)
{
    fh_msg_ok(out, 4);
    add_product(out, product);
    fh_pack_bin(out, announcement);
    fh_pack_bin(out, contract);
}

int fh_msg_describe_read(struct fh_pack_reader *reader,
                         struct fh_msg_describe *out,
                         struct fh_err *err)
{
    struct fh_msg_describe describe;
    read_product(reader, &describe.product);
    describe.announcement = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    describe.contract = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    int rc = done(reader, "description", err);
    if (rc == FH_OK) {
        rc = fh_msg_bins_read(reader, &describe.identity, err);
    }
    if (rc == FH_OK) {
        *out = describe;
    }
    return rc;
}

/* ---- lists of records ---- */

void fh_msg_identity_request(struct fh_buf *out, const struct fh_domain_id *domain)
{
    request(out, FH_MSG_IDENTITY, 1);
    fh_pack_bin(out, domain == NULL ? FH_BYTES_NONE : fh_bytes(domain->b, FH_ID_BYTES));
}

void fh_msg_redeem_request(struct fh_buf *out,
                           struct fh_bytes invitation,
                           const char *name,
                           const struct fh_signature *redemption)
{
    request(out, FH_MSG_REDEEM, 4);
    fh_pack_bin(out, invitation);
    fh_pack_cstr(out, name);
    fh_pack_bin(out, fh_bytes(redemption->b, FH_SIGNATURE_BYTES));
}

int fh_msg_redeem_read(struct fh_pack_reader *reader, struct fh_msg_redeem *out, struct fh_err *err)
{
    struct fh_msg_redeem redeem;
    redeem.invitation = fh_pack_read_bin(reader, 2048);
    fh_pack_read_cstr(reader, redeem.name, sizeof redeem.name);
    fh_pack_read_fixed(reader, redeem.redemption.b, FH_SIGNATURE_BYTES);
    int rc = done(reader, "redemption", err);
    if (rc == FH_OK) {
        rc = fh_msg_bins_read(reader, &redeem.records, err);
    }
    if (rc == FH_OK) {
        *out = redeem;
    }
    return rc;
}

void fh_msg_sync_request(struct fh_buf *out, enum fh_sync_set set, struct fh_bytes cursor)
{
    request(out, FH_MSG_SYNC, 2);
    fh_pack_uint(out, set);
    fh_pack_bin(out, cursor);
}

int fh_msg_sync_request_read(struct fh_pack_reader *reader,
                             enum fh_sync_set *out_set,
                             struct fh_bytes *out_cursor,
                             struct fh_err *err)
{
    unsigned set = (unsigned)fh_pack_read_uint(reader, FH_SYNC_ANNOUNCEMENTS);
    if (set < FH_SYNC_IDENTITY) {
        fh_pack_fail(reader, "expected a set from 1 to 3");
    }
    struct fh_bytes cursor = fh_pack_read_bin(reader, FH_SYNC_CURSOR_BYTES_MAX);
    int rc = done(reader, "sync", err);
    if (rc == FH_OK) {
        *out_set = (enum fh_sync_set)set;
        *out_cursor = cursor;
    }
    return rc;
}

void fh_msg_pull_request_begin(struct fh_buf *out, uint32_t count)
{
    request(out, FH_MSG_PULL, 1);
    fh_pack_array(out, count);
}

void fh_msg_push_request_begin(struct fh_buf *out, uint32_t count)
{
    request(out, FH_MSG_PUSH, 1);
    fh_pack_array(out, count);
}

void fh_msg_probe_request(struct fh_buf *out, uint64_t nonce)
{
    request(out, FH_MSG_PROBE, 1);
    fh_pack_uint(out, nonce);
}

/* ---- RELAY ---- */

void fh_msg_relay_request(struct fh_buf *out, const struct fh_node_id *node, struct fh_bytes frame)
{
    request(out, FH_MSG_RELAY, 2);
    fh_pack_bin(out, fh_bytes(node->b, FH_ID_BYTES));
    fh_pack_bin(out, frame);
}

int fh_msg_relay_read(struct fh_pack_reader *reader,
                      struct fh_node_id *out_node,
                      struct fh_bytes *out_frame,
                      struct fh_err *err)
{
    struct fh_node_id node;
    fh_pack_read_fixed(reader, node.b, FH_ID_BYTES);
    struct fh_bytes frame = fh_pack_read_bin(reader, FH_FRAME_REQUEST_BYTES_MAX);
    int rc = done(reader, "relay", err);
    if (rc == FH_OK) {
        *out_node = node;
        *out_frame = frame;
    }
    return rc;
}

/* ---- PLAN, QUERY, SCAN, NEXT, CANCEL ---- */

void fh_msg_plan_request(struct fh_buf *out, const char *sql)
{
    request(out, FH_MSG_PLAN, 1);
    fh_pack_cstr(out, sql);
}

int fh_msg_plan_request_read(struct fh_pack_reader *reader,
                             struct fh_bytes *out_sql,
                             struct fh_err *err)
{
    struct fh_bytes sql = fh_pack_read_str(reader, FH_SQL_BYTES_MAX);
    int rc = done(reader, "plan", err);
    if (rc == FH_OK) {
        *out_sql = sql;
    }
    return rc;
}

void fh_msg_plan_answer(struct fh_buf *out, const struct fh_msg_plan *plan)
{
    FH_ASSERT(plan->table_count <= FH_QUERY_TABLES_MAX);
    fh_msg_ok(out, 3);
    fh_pack_bin(out, fh_bytes(plan->entry.b, FH_ID_BYTES));
    fh_pack_bool(out, plan->joined);
    fh_pack_array(out, plan->table_count);
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct fh_msg_plan_table *table = &plan->tables[i];
        fh_pack_array(out, PLAN_TABLE_FIELDS);
        fh_pack_bin(out, fh_bytes(table->domain.b, FH_ID_BYTES));
        fh_pack_cstr(out, table->domain_name);
        fh_pack_cstr(out, table->product);
        fh_pack_cstr(out, table->table);
        fh_pack_cstr(out, table->version);
        fh_pack_bin(out, fh_bytes(table->contract.b, FH_ID_BYTES));
        fh_pack_bin(out, fh_bytes(table->node.b, FH_ID_BYTES));
        fh_pack_bool(out, table->reachable);
    }
}

int fh_msg_plan_read(struct fh_pack_reader *reader, struct fh_msg_plan *out, struct fh_err *err)
{
    out->table_count = 0;
    fh_pack_read_fixed(reader, out->entry.b, FH_ID_BYTES);
    out->joined = fh_pack_read_bool(reader);
    uint32_t tables = fh_pack_read_array(reader, FH_QUERY_TABLES_MAX);
    for (uint32_t i = 0; i < tables && reader->failed == FH_OK; i++) {
        struct fh_msg_plan_table *table = &out->tables[i];
        uint32_t count = entry_begin(reader, PLAN_TABLE_FIELDS);
        fh_pack_read_fixed(reader, table->domain.b, FH_ID_BYTES);
        fh_pack_read_cstr(reader, table->domain_name, sizeof table->domain_name);
        fh_pack_read_cstr(reader, table->product, sizeof table->product);
        fh_pack_read_cstr(reader, table->table, sizeof table->table);
        fh_pack_read_cstr(reader, table->version, sizeof table->version);
        fh_pack_read_fixed(reader, table->contract.b, FH_ID_BYTES);
        fh_pack_read_fixed(reader, table->node.b, FH_ID_BYTES);
        table->reachable = fh_pack_read_bool(reader);
        entry_end(reader, count, PLAN_TABLE_FIELDS);
    }
    int rc = done(reader, "plan", err);
    if (rc == FH_OK) {
        out->table_count = tables;
    }
    return rc;
}

void fh_msg_query_request(struct fh_buf *out, struct fh_bytes request_record)
{
    request(out, FH_MSG_QUERY, 1);
    fh_pack_bin(out, request_record);
}

void fh_msg_scan_request_begin(struct fh_buf *out,
                               struct fh_bytes request_record,
                               uint32_t table_index,
                               uint32_t column_count)
{
    request(out, FH_MSG_SCAN, 3);
    fh_pack_bin(out, request_record);
    fh_pack_uint(out, table_index);
    fh_pack_array(out, column_count);
}

void fh_msg_stream_answer(struct fh_buf *out, uint64_t stream)
{
    fh_msg_ok(out, 1);
    fh_pack_uint(out, stream);
}

int fh_msg_stream_read(struct fh_pack_reader *reader, uint64_t *out_stream, struct fh_err *err)
{
    uint64_t stream = fh_pack_read_uint(reader, UINT64_MAX);
    int rc = done(reader, "stream", err);
    if (rc == FH_OK) {
        *out_stream = stream;
    }
    return rc;
}

void fh_msg_next_request(struct fh_buf *out, uint64_t stream, uint64_t index)
{
    request(out, FH_MSG_NEXT, 2);
    fh_pack_uint(out, stream);
    fh_pack_uint(out, index);
}

int fh_msg_next_request_read(struct fh_pack_reader *reader,
                             uint64_t *out_stream,
                             uint64_t *out_index,
                             struct fh_err *err)
{
    uint64_t stream = fh_pack_read_uint(reader, UINT64_MAX);
    uint64_t index = fh_pack_read_uint(reader, UINT64_MAX);
    int rc = done(reader, "next", err);
    if (rc == FH_OK) {
        *out_stream = stream;
        *out_index = index;
    }
    return rc;
}

void fh_msg_next_batch_head(struct fh_buf *out, size_t size)
{
    FH_ASSERT(size <= FH_BATCH_BYTES_MAX);
    fh_msg_ok(out, 2);
    fh_pack_uint(out, 0);
    fh_pack_bin_head(out, (uint32_t)size);
}

void fh_msg_next_end_begin(struct fh_buf *out, uint32_t receipts)
{
    fh_msg_ok(out, 2);
    fh_pack_uint(out, 1);
    fh_pack_array(out, receipts);
}

int fh_msg_next_read(struct fh_pack_reader *reader, struct fh_msg_next *out, struct fh_err *err)
{
    struct fh_msg_next next = {.end = fh_pack_read_uint(reader, 1) == 1};
    if (!next.end) {
        next.batch = fh_pack_read_bin(reader, FH_BATCH_BYTES_MAX);
    }
    int rc = done(reader, "batch", err);
    if (rc == FH_OK && next.end) {
        rc = fh_msg_bins_read(reader, &next.receipts, err);
    }
    if (rc == FH_OK) {
        *out = next;
    }
    return rc;
}

void fh_msg_cancel_request(struct fh_buf *out, uint64_t stream)
{
    request(out, FH_MSG_CANCEL, 1);
    fh_pack_uint(out, stream);
}

/* ---- admin ---- */

void fh_msg_chain_request(struct fh_buf *out, const char *product)
{
    request(out, FH_MSG_ADMIN_CHAIN, 1);
    fh_pack_cstr(out, product);
}

void fh_msg_chain_answer(struct fh_buf *out, uint64_t seq, struct fh_bytes last_contract)
{
    fh_msg_ok(out, 2);
    fh_pack_uint(out, seq);
    fh_pack_bin(out, last_contract);
}

int fh_msg_chain_read(struct fh_pack_reader *reader,
                      uint64_t *out_seq,
                      struct fh_bytes *out_last_contract,
                      struct fh_err *err)
{
    uint64_t seq = fh_pack_read_uint(reader, UINT64_MAX);
    struct fh_bytes last = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    int rc = done(reader, "chain", err);
    if (rc == FH_OK) {
        *out_seq = seq;
        *out_last_contract = last;
    }
    return rc;
}

void fh_msg_publish_request(struct fh_buf *out, const struct fh_msg_publish *publish)
{
    request(out, FH_MSG_ADMIN_PUBLISH, 4);
    fh_pack_bin(out, publish->contract);
    fh_pack_str(out, publish->yaml);
    fh_pack_cstr(out, publish->data_root);
    fh_pack_bool(out, publish->dry_run);
}

int fh_msg_publish_read(struct fh_pack_reader *reader,
                        struct fh_msg_publish *out,
                        struct fh_err *err)
{
    struct fh_msg_publish publish;
    publish.contract = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    publish.yaml = fh_pack_read_str(reader, FH_CONTRACT_BYTES_MAX);
    fh_pack_read_cstr(reader, publish.data_root, sizeof publish.data_root);
    publish.dry_run = fh_pack_read_bool(reader);
    int rc = done(reader, "publish", err);
    if (rc == FH_OK) {
        *out = publish;
    }
    return rc;
}

void fh_msg_findings_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 1);
    fh_pack_array(out, count);
}

void fh_msg_findings_answer_add(struct fh_buf *out, const struct fh_msg_finding *finding)
{
    fh_pack_array(out, FINDING_FIELDS);
    fh_pack_cstr(out, finding->table);
    fh_pack_cstr(out, finding->column);
    fh_pack_cstr(out, finding->rule);
    fh_pack_bool(out, finding->error);
    fh_pack_uint(out, finding->count);
    fh_pack_cstr(out, finding->text);
}

int fh_msg_findings_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return list_read(reader, "findings", out_count, err);
}

int fh_msg_findings_next(struct fh_pack_reader *reader,
                         struct fh_msg_finding *out,
                         struct fh_err *err)
{
    struct fh_msg_finding finding;
    uint32_t count = entry_begin(reader, FINDING_FIELDS);
    fh_pack_read_cstr(reader, finding.table, sizeof finding.table);
    fh_pack_read_cstr(reader, finding.column, sizeof finding.column);
    fh_pack_read_cstr(reader, finding.rule, sizeof finding.rule);
    finding.error = fh_pack_read_bool(reader);
    finding.count = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_cstr(reader, finding.text, sizeof finding.text);
    entry_end(reader, count, FINDING_FIELDS);
    int rc = done(reader, "finding", err);
    if (rc == FH_OK) {
        *out = finding;
    }
    return rc;
}

void fh_msg_leave_request(struct fh_buf *out)
{
    request(out, FH_MSG_ADMIN_LEAVE, 0);
}
