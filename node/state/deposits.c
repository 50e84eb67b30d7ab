/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/deposits.h"

#include "common/mem.h"
#include "proto/wire/pack.h"

enum {
    DEPOSIT_BYTES_MAX = FH_TOKEN_BYTES_MAX + 1024,
    REVOKED_PER_LIVE = 4, /* a member may make and revoke so many times what may live at once */
};

struct fh_deposits {
    struct fh_store *store;
    const struct fh_directory *dir;
    struct fh_domain_id own; /* of the node */
};

int fh_deposits_open(struct fh_deposits **out,
                     struct fh_store *store,
                     const struct fh_directory *dir,
                     const struct fh_domain_id *own,
                     struct fh_err *err)
{
    struct fh_deposits *deposits = fh_calloc(1, sizeof *deposits);
    if (deposits == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for deposits");
    }
    *deposits = (struct fh_deposits){.store = store, .dir = dir, .own = *own};
    *out = deposits;
    return FH_OK;
}

void fh_deposits_close(struct fh_deposits *deposits)
{
    fh_free(deposits);
}

int fh_deposits_tidy(struct fh_deposits *deposits, int64_t now_ms, struct fh_err *err)
{
    return fh_store_tokens_tidy(deposits->store, now_ms, err);
}

/* ---- putting ---- */

/* Of the members of other domains there is room for some only, and of one of these for a part of
 * it: so the domain's own people always find a place. */
static bool has_room(const struct fh_deposits *deposits,
                     const struct fh_domain_id *domain,
                     const struct fh_store_token_counts *counts)
{
    bool own = fh_domain_id_equal(domain, &deposits->own);
    return counts->all < FH_TOKENS_MAX && (own || (counts->of_domain < FH_TOKENS_PER_DOMAIN_MAX &&
                                                   counts->of_others < FH_TOKENS_OF_OTHERS_MAX));
}

static int check_limits(struct fh_deposits *deposits,
                        const struct fh_key_id *key,
                        const struct fh_domain_id *domain,
                        struct fh_err *err)
{
    struct fh_store_token_counts counts;
    int code = fh_store_tokens_count(deposits->store, key, domain, &deposits->own, &counts, err);
    if (code != FH_OK) {
        return code;
    }
    if (!has_room(deposits, domain, &counts)) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "token.limit",
                           "this node keeps %lld tokens, %lld of them of your domain, and takes no "
                           "more of it (a domain that visits has room for %d); use another node",
                           (long long)counts.all,
                           (long long)counts.of_domain,
                           FH_TOKENS_PER_DOMAIN_MAX);
    }
    if (counts.live_of_key >= FH_TOKENS_PER_KEY_MAX ||
        counts.of_key >= (int64_t)FH_TOKENS_PER_KEY_MAX * REVOKED_PER_LIVE) {
        return fh_err_rule(err,
                           FH_EBUSY,
                           "token.limit",
                           "your key has %lld tokens here (at most %d); revoke one, or wait until "
                           "one ends",
                           (long long)counts.live_of_key,
                           FH_TOKENS_PER_KEY_MAX);
    }
    return FH_OK;
}

int fh_deposits_put(struct fh_deposits *deposits,
                    const struct fh_key_id *key,
                    const struct fh_deposit *deposit,
                    int64_t now_ms,
                    struct fh_err *err)
{
    struct fh_token token;
    struct fh_store_token row = {.id = deposit->id, .key = *key};
    int code = fh_token_verify(&token, &row.token, deposits->dir, deposit->record, now_ms, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_key_id member = fh_key_id_of(&token.member);
    if (!fh_key_id_equal(&member, key)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "token.member",
                           "a token is left by the key that signed it, and this is another's");
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, DEPOSIT_BYTES_MAX);
    fh_pack_array(&bytes, FH_DEPOSIT_FIELDS);
    fh_deposit_pack(&bytes, deposit);
    code = fh_buf_ok(&bytes);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the deposit is too large");
    }
    row.domain = token.domain;
    row.not_after_ms = token.not_after_ms;
    row.deposit = fh_buf_view(&bytes);
    code = fh_store_begin(deposits->store, FH_STORE_DURABLE, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_deposits_tidy(deposits, now_ms, err);
    if (code == FH_OK) {
        code = check_limits(deposits, key, &token.domain, err);
    }
    if (code == FH_OK) {
        code = fh_store_token_put(deposits->store, &row, err);
    }
    if (code != FH_OK) {
        fh_store_rollback(deposits->store);
        return code;
    }
    return fh_store_commit(deposits->store, err);
}

static int not_yours(struct fh_err *err)
{
    return fh_err_rule(err, FH_ENOTFOUND, "token.unknown", "your key has no such token here");
}

struct naming {
    const struct fh_key_id *key;
    bool found;
    struct fh_record_id token;
};

static int name_token(void *user, const struct fh_store_token *token, struct fh_err *err)
{
    struct naming *naming = user;
    (void)err;
    if (!token->revoked && fh_key_id_equal(&token->key, naming->key)) {
        naming->token = token->token;
        naming->found = true;
    }
    return FH_OK;
}

int fh_deposits_token(struct fh_deposits *deposits,
                      const struct fh_key_id *key,
                      const struct fh_token_id *id,
                      struct fh_record_id *out,
                      struct fh_err *err)
{
    struct naming naming = {.key = key};
    int code = fh_store_token_get(deposits->store, id, name_token, &naming, err);
    if (code == FH_OK && !naming.found) {
        code = not_yours(err);
    }
    if (code == FH_OK) {
        *out = naming.token;
    }
    return code;
}

int fh_deposits_revoke(struct fh_deposits *deposits,
                       const struct fh_key_id *key,
                       const struct fh_token_id *id,
                       struct fh_err *err)
{
    bool found = false;
    int code = fh_store_token_revoke(deposits->store, id, key, &found, err);
    if (code == FH_OK && !found) {
        code = not_yours(err);
    }
    return code;
}

/* ---- finding ---- */

static int read_deposit(struct fh_bytes bytes, struct fh_deposit *out, struct fh_err *err)
{
    struct fh_pack_reader reader;
    struct fh_pack_limits limits = fh_pack_limits(DEPOSIT_BYTES_MAX);
    int code = fh_pack_scan(bytes, &limits, err);
    if (code == FH_OK) {
        fh_pack_read_init(&reader, bytes);
        fh_pack_read_record(&reader, FH_DEPOSIT_FIELDS);
        fh_deposit_read(out, &reader);
        code = fh_pack_read_ok(&reader, "deposit", err);
    }
    return code == FH_OK ? FH_OK
                         : fh_err_rule(err, FH_EIO, "store.corrupt", "a deposit is not readable");
}

struct finding {
    int64_t now_ms;
    struct fh_buf *room;
    bool found;
};

static int copy_deposit(void *user, const struct fh_store_token *token, struct fh_err *err)
{
    struct finding *finding = user;
    (void)err;
    if (!token->revoked && token->not_after_ms >= finding->now_ms) {
        fh_buf_add_bytes(finding->room, token->deposit);
        finding->found = true;
    }
    return FH_OK;
}

int fh_deposits_find(struct fh_deposits *deposits,
                     const struct fh_token_id *id,
                     int64_t now_ms,
                     struct fh_buf *room,
                     struct fh_deposit *out,
                     struct fh_err *err)
{
    struct finding finding = {.now_ms = now_ms, .room = room};
    int code = fh_store_token_get(deposits->store, id, copy_deposit, &finding, err);
    if (code == FH_OK && !finding.found) {
        code = fh_err_rule(err, FH_ENOTFOUND, "token.unknown", "no such token here");
    }
    if (code == FH_OK && fh_buf_ok(room) != FH_OK) {
        code = fh_err_set(err, fh_buf_ok(room), "no memory for a deposit");
    }
    return code == FH_OK ? read_deposit(fh_buf_view(room), out, err) : code;
}

struct visiting {
    fh_deposits_visit_fn *visit;
    void *user;
};

static int visit_row(void *user, const struct fh_store_token *token, struct fh_err *err)
{
    const struct visiting *visiting = user;
    struct fh_deposit deposit;
    int code = read_deposit(token->deposit, &deposit, err);
    return code == FH_OK ? visiting->visit(visiting->user, &deposit, err) : code;
}

int fh_deposits_of(struct fh_deposits *deposits,
                   const struct fh_key_id *key,
                   fh_deposits_visit_fn *visit,
                   void *user,
                   struct fh_err *err)
{
    struct visiting visiting = {visit, user};
    return fh_store_tokens_of(deposits->store, key, visit_row, &visiting, err);
}
