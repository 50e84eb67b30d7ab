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
    size_t revoked_count;
    struct fh_record_id revoked[FH_TOKENS_MAX];
};

/* ---- what is revoked ---- */

static int add_revoked(void *user, const struct fh_store_token *token, struct fh_err *err)
{
    struct fh_deposits *deposits = user;
    (void)err;
    if (deposits->revoked_count < FH_TOKENS_MAX) { /* as many as there are rows */
        deposits->revoked[deposits->revoked_count++] = token->token;
    }
    return FH_OK;
}

static int read_revoked(struct fh_deposits *deposits, struct fh_err *err)
{
    deposits->revoked_count = 0;
    return fh_store_tokens_revoked(deposits->store, add_revoked, deposits, err);
}

int fh_deposits_open(struct fh_deposits **out,
                     struct fh_store *store,
                     const struct fh_directory *dir,
                     struct fh_err *err)
{
    struct fh_deposits *deposits = fh_calloc(1, sizeof *deposits);
    if (deposits == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for deposits");
    }
    deposits->store = store;
    deposits->dir = dir;
    int code = read_revoked(deposits, err);
    if (code != FH_OK) {
        fh_free(deposits);
        return code;
    }
    *out = deposits;
    return FH_OK;
}

void fh_deposits_close(struct fh_deposits *deposits)
{
    fh_free(deposits);
}

int fh_deposits_check(const struct fh_deposits *deposits,
                      const struct fh_record_id *token,
                      struct fh_err *err)
{
    for (size_t i = 0; i < deposits->revoked_count && !fh_record_id_is_zero(token); i++) {
        if (fh_record_id_equal(&deposits->revoked[i], token)) {
            return fh_err_rule(
                err,
                FH_EDENIED,
                "token.revoked",
                "the token was revoked; make a new one with `freehold token create`");
        }
    }
    return FH_OK;
}

int fh_deposits_tidy(struct fh_deposits *deposits, int64_t now_ms, struct fh_err *err)
{
    int code = fh_store_tokens_tidy(deposits->store, now_ms, err);
    return code == FH_OK ? read_revoked(deposits, err) : code;
}

/* ---- putting ---- */

static int
check_limits(struct fh_deposits *deposits, const struct fh_key_id *key, struct fh_err *err)
{
    struct fh_store_token_counts counts;
    int code = fh_store_tokens_count(deposits->store, key, &counts, err);
    if (code != FH_OK) {
        return code;
    }
    if (counts.all >= FH_TOKENS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "token.limit",
                           "this node keeps %d tokens already; use another node",
                           FH_TOKENS_MAX);
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
    row.not_after_ms = token.not_after_ms;
    row.deposit = fh_buf_view(&bytes);
    code = fh_store_begin(deposits->store, FH_STORE_DURABLE, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_deposits_tidy(deposits, now_ms, err);
    if (code == FH_OK) {
        code = check_limits(deposits, key, err);
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

int fh_deposits_revoke(struct fh_deposits *deposits,
                       const struct fh_key_id *key,
                       const struct fh_token_id *id,
                       struct fh_err *err)
{
    bool found = false;
    int code = fh_store_token_revoke(deposits->store, id, key, &found, err);
    if (code == FH_OK && !found) {
        code = fh_err_rule(err, FH_ENOTFOUND, "token.unknown", "your key has no such token here");
    }
    return code == FH_OK ? read_revoked(deposits, err) : code;
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
