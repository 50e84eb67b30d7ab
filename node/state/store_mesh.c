/* SPDX-License-Identifier: Apache-2.0 */
/* The store's tables of the mesh: records, members, proofs, invitations, peers, sources. */
#include "node/state/store_sql.h"

#include "common/assert.h"

/* ---- records ---- */

int fh_store_record_put(struct fh_store *store,
                        const struct fh_store_record *record,
                        struct fh_err *err)
{
    static const char text[] = "INSERT INTO records (id, type, domain, bytes, received_ms)"
                               " VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, record->id.b);
    fh_sql_number(&sql, record->type);
    fh_sql_id(&sql, record->domain.b);
    fh_sql_bytes(&sql, record->bytes);
    fh_sql_number(&sql, record->received_ms);
    return fh_sql_run(&sql, err);
}

int fh_store_member_put(struct fh_store *store,
                        const struct fh_store_record *record,
                        const struct fh_node_id *node,
                        struct fh_err *err)
{
    static const char text[] =
        "INSERT OR REPLACE INTO members (node, type, id, domain, bytes, received_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, node->b);
    fh_sql_number(&sql, record->type);
    fh_sql_id(&sql, record->id.b);
    fh_sql_id(&sql, record->domain.b);
    fh_sql_bytes(&sql, record->bytes);
    fh_sql_number(&sql, record->received_ms);
    return fh_sql_run(&sql, err);
}

/* The first record whose id lies between two, both included. */
static int get_between(struct fh_store *store,
                       const struct fh_record_id *low,
                       const struct fh_record_id *high,
                       struct fh_buf *out,
                       struct fh_err *err)
{
    static const char text[] =
        "SELECT bytes FROM records WHERE id BETWEEN ?1 AND ?2"
        " UNION ALL SELECT bytes FROM contracts WHERE id BETWEEN ?1 AND ?2"
        " UNION ALL SELECT bytes FROM announcements WHERE id BETWEEN ?1 AND ?2"
        " UNION ALL SELECT bytes FROM measurements WHERE id BETWEEN ?1 AND ?2"
        " UNION ALL SELECT bytes FROM members WHERE id BETWEEN ?1 AND ?2"
        " UNION ALL SELECT bytes FROM proofs WHERE id BETWEEN ?1 AND ?2"
        " UNION ALL SELECT bytes FROM agreed WHERE id BETWEEN ?1 AND ?2 AND shared = 1"
        " LIMIT 1";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, low->b);
    fh_sql_id(&sql, high->b);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code != FH_OK) {
        return code;
    }
    if (row) {
        code = fh_sql_append(&sql, 0, out, err);
    } else {
        char name[FH_ID_SHORT_BYTES];
        fh_record_id_short(name, low);
        code = fh_err_rule(err, FH_ENOTFOUND, "record.unknown", "record %s is not held here", name);
    }
    fh_sql_end(&sql);
    return code;
}

int fh_store_record_get(struct fh_store *store,
                        const struct fh_record_id *id,
                        struct fh_buf *out,
                        struct fh_err *err)
{
    return get_between(store, id, id, out, err);
}

int fh_store_record_find(struct fh_store *store,
                         const struct fh_ref *ref,
                         struct fh_buf *out,
                         struct fh_err *err)
{
    struct fh_record_id low = {{0}};
    struct fh_record_id high;
    memcpy(low.b, ref->b, sizeof ref->b);
    memset(high.b, 0xff, sizeof high.b);
    memcpy(high.b, ref->b, sizeof ref->b);
    return get_between(store, &low, &high, out, err);
}

int fh_store_record_held(struct fh_store *store,
                         const struct fh_record_id *id,
                         bool *out,
                         struct fh_err *err)
{
    static const char text[] = "SELECT count(*) FROM records WHERE id = ?";
    struct fh_sql sql = fh_sql(store, text);
    int64_t count = 0;
    fh_sql_id(&sql, id->b);
    int code = fh_sql_read_numbers(&sql, 1, &count, err);
    if (code == FH_OK) {
        *out = count > 0;
    }
    return code;
}

int fh_store_record_drop(struct fh_store *store, const struct fh_record_id *id, struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, "DELETE FROM records WHERE id = ?");
    fh_sql_id(&sql, id->b);
    return fh_sql_run(&sql, err);
}

/* Walks rows of (id, type, domain, bytes, received_ms) and ends the statement. */
static int
visit_records(struct fh_sql *sql, fh_store_record_visit_fn *visit, void *user, struct fh_err *err)
{
    int code = FH_OK;
    while (fh_sql_next(sql, &code, err)) {
        struct fh_store_record record;
        fh_sql_get_id(sql, 0, record.id.b);
        record.type = (unsigned)fh_sql_get_number(sql, 1);
        fh_sql_get_id(sql, 2, record.domain.b);
        record.bytes = fh_sql_get_bytes(sql, 3);
        record.received_ms = fh_sql_get_number(sql, 4);
        code = fh_sql_ok(sql, err);
        if (code == FH_OK) {
            code = visit(user, &record, err);
        }
    }
    return code;
}

static int each_record(struct fh_store *store,
                       const char *text,
                       fh_store_record_visit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, text);
    return visit_records(&sql, visit, user, err);
}

int fh_store_records_each(struct fh_store *store,
                          fh_store_record_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    static const char text[] = "SELECT id, type, domain, bytes, received_ms FROM records"
                               " ORDER BY seq";
    return each_record(store, text, visit, user, err);
}

int fh_store_members_each(struct fh_store *store,
                          fh_store_record_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    static const char text[] = "SELECT id, type, domain, bytes, received_ms FROM members"
                               " ORDER BY node, type";
    return each_record(store, text, visit, user, err);
}

int fh_store_proof_put(struct fh_store *store,
                       const char *rule,
                       const struct fh_store_record *record,
                       struct fh_err *err)
{
    /* First come: whoever forges by the thousand cannot push the first proofs out. */
    static const char text[] = "INSERT INTO proofs (id, rule, type, domain, bytes, received_ms)"
                               " SELECT ?, ?, ?, ?, ?, ?"
                               " WHERE (SELECT count(*) FROM proofs) < ?"
                               " ON CONFLICT (id) DO NOTHING";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, record->id.b);
    fh_sql_text(&sql, rule);
    fh_sql_number(&sql, record->type);
    fh_sql_id(&sql, record->domain.b);
    fh_sql_bytes(&sql, record->bytes);
    fh_sql_number(&sql, record->received_ms);
    fh_sql_number(&sql, FH_STORE_PROOFS_MAX);
    return fh_sql_run(&sql, err);
}

int fh_store_proofs_each(struct fh_store *store,
                         fh_store_record_visit_fn *visit,
                         void *user,
                         struct fh_err *err)
{
    static const char text[] = "SELECT id, type, domain, bytes, received_ms FROM proofs"
                               " ORDER BY seq";
    return each_record(store, text, visit, user, err);
}

int fh_store_proofs_of(struct fh_store *store,
                       const char *rule,
                       fh_store_record_visit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    static const char text[] = "SELECT id, type, domain, bytes, received_ms FROM proofs"
                               " WHERE rule = ? ORDER BY seq";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_text(&sql, rule);
    return visit_records(&sql, visit, user, err);
}

/* ---- invitations ---- */

/* FH_OK: not used yet; FH_EEXIST: by this domain and name; FH_EDENIED: by another. */
static int find_use(struct fh_store *store,
                    const struct fh_record_id *invitation,
                    const struct fh_domain_id *domain,
                    const char *name,
                    struct fh_buf *out_admission,
                    struct fh_err *err)
{
    struct fh_sql sql =
        fh_sql(store, "SELECT domain, name, admission FROM invitations WHERE id = ?");
    fh_sql_id(&sql, invitation->b);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code != FH_OK || !row) {
        fh_sql_end(&sql);
        return code;
    }
    struct fh_domain_id used_by;
    char used_name[FH_NAME_BYTES_MAX + 1];
    fh_sql_get_id(&sql, 0, used_by.b);
    fh_sql_get_text(&sql, 1, used_name, sizeof used_name);
    code = fh_sql_ok(&sql, err);
    if (code == FH_OK && fh_domain_id_equal(&used_by, domain) && strcmp(used_name, name) == 0) {
        code = fh_sql_append(&sql, 2, out_admission, err);
        if (code == FH_OK) {
            code = fh_err_set(err, FH_EEXIST, "this domain has used this invitation already");
        }
    } else if (code == FH_OK) {
        code = fh_err_rule(err,
                           FH_EDENIED,
                           "identity.invitation.used",
                           "the invitation was used already; ask for a new one");
    }
    fh_sql_end(&sql);
    return code;
}

int fh_store_invitation_use(struct fh_store *store,
                            const struct fh_record_id *invitation,
                            const struct fh_domain_id *domain,
                            const char *name,
                            struct fh_bytes admission,
                            int64_t now_ms,
                            struct fh_buf *out_admission,
                            struct fh_err *err)
{
    int code = find_use(store, invitation, domain, name, out_admission, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_sql sql = fh_sql(store,
                               "INSERT INTO invitations (id, domain, name, admission, used_ms)"
                               " VALUES (?, ?, ?, ?, ?)");
    fh_sql_id(&sql, invitation->b);
    fh_sql_id(&sql, domain->b);
    fh_sql_text(&sql, name);
    fh_sql_bytes(&sql, admission);
    fh_sql_number(&sql, now_ms);
    return fh_sql_run(&sql, err);
}

/* ---- peers ---- */

int fh_store_peer_put(struct fh_store *store, const struct fh_store_peer *peer, struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, "DELETE FROM peers WHERE node = ? AND address <> ?");
    fh_sql_id(&sql, peer->node.b);
    fh_sql_text(&sql, peer->address);
    int code = fh_sql_run(&sql, err);
    if (code != FH_OK) {
        return code;
    }
    sql = fh_sql(store,
                 "INSERT OR REPLACE INTO peers (node, domain, address, seen_ms)"
                 " VALUES (?, ?, ?, ?)");
    fh_sql_id(&sql, peer->node.b);
    fh_sql_id(&sql, peer->domain.b);
    fh_sql_text(&sql, peer->address);
    fh_sql_number(&sql, peer->seen_ms);
    return fh_sql_run(&sql, err);
}

int fh_store_peers_each(struct fh_store *store,
                        fh_store_peer_visit_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store,
                               "SELECT node, domain, address, seen_ms FROM peers"
                               " ORDER BY seen_ms DESC, node, address");
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_store_peer peer;
        fh_sql_get_id(&sql, 0, peer.node.b);
        fh_sql_get_id(&sql, 1, peer.domain.b);
        fh_sql_get_text(&sql, 2, peer.address, sizeof peer.address);
        peer.seen_ms = fh_sql_get_number(&sql, 3);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, &peer, err);
        }
    }
    return code;
}

/* ---- sources ---- */

int fh_store_source_put(struct fh_store *store,
                        const struct fh_store_source *source,
                        struct fh_err *err)
{
    static const char text[] =
        "INSERT OR REPLACE INTO sources"
        " (product, version, contract, mapping, data_root, fingerprint, published_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_text(&sql, source->product);
    fh_sql_text(&sql, source->version);
    fh_sql_id(&sql, source->contract.b);
    fh_sql_bytes(&sql, source->mapping);
    fh_sql_bytes(&sql, source->data_root);
    fh_sql_bytes(&sql, source->fingerprint);
    fh_sql_number(&sql, source->published_ms);
    return fh_sql_run(&sql, err);
}

static int
visit_source(struct fh_sql *sql, fh_store_source_visit_fn *visit, void *user, struct fh_err *err)
{
    struct fh_store_source source;
    fh_sql_get_text(sql, 0, source.product, sizeof source.product);
    fh_sql_get_text(sql, 1, source.version, sizeof source.version);
    fh_sql_get_id(sql, 2, source.contract.b);
    source.mapping = fh_sql_get_bytes(sql, 3);
    source.data_root = fh_sql_get_bytes(sql, 4);
    source.fingerprint = fh_sql_get_bytes(sql, 5);
    source.published_ms = fh_sql_get_number(sql, 6);
    int code = fh_sql_ok(sql, err);
    return code == FH_OK ? visit(user, &source, err) : code;
}

int fh_store_source_get(struct fh_store *store,
                        const struct fh_record_id *contract,
                        fh_store_source_visit_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    struct fh_sql sql =
        fh_sql(store,
               "SELECT product, version, contract, mapping, data_root, fingerprint, published_ms"
               " FROM sources WHERE contract = ? LIMIT 1");
    fh_sql_id(&sql, contract->b);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code != FH_OK) {
        return code;
    }
    if (row) {
        code = visit_source(&sql, visit, user, err);
    } else {
        code = fh_err_rule(err,
                           FH_ENOTFOUND,
                           "source.unknown",
                           "no source of this contract is known here; publish the product again");
    }
    fh_sql_end(&sql);
    return code;
}

int fh_store_sources_each(struct fh_store *store,
                          fh_store_source_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    struct fh_sql sql =
        fh_sql(store,
               "SELECT product, version, contract, mapping, data_root, fingerprint, published_ms"
               " FROM sources ORDER BY product, version");
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        code = visit_source(&sql, visit, user, err);
    }
    return code;
}
