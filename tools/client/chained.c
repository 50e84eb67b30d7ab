/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/chained.h"

#include "proto/wire/record.h"

#include <string.h>

/* The record's bytes, copied: verifying it may ask the peer again. */
static int pull(struct fh_bytes *out,
                struct freehold_client *client,
                const struct fh_record_id *id,
                struct fh_arena *arena,
                struct fh_err *err)
{
    struct fh_bytes bytes;
    int code = fh_client_pull(&bytes, client, id, err);
    if (code != FH_OK) {
        return code;
    }
    if (bytes.size == 0) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "contract.absent",
                           "the contract of that version is not held by this node");
    }
    const char *copy = fh_arena_string(arena, bytes);
    *out = fh_bytes(copy, bytes.size);
    return copy != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a contract");
}

static int check(struct fh_chained *out,
                 struct freehold_client *client,
                 const struct fh_record *record,
                 const struct fh_domain_id *domain,
                 const char *product,
                 struct fh_err *err)
{
    struct fh_signer signer;
    int code = record->type == FH_RECORD_CONTRACT
                   ? fh_contract_record_parse(&out->stated, record->payload, err)
                   : fh_err_rule(err, FH_ESIG, "contract.hash", "the record is no contract");
    if (code == FH_OK && (!fh_domain_id_equal(&out->stated.domain, domain) ||
                          strcmp(out->stated.product, product) != 0)) {
        code =
            fh_err_rule(err, FH_ESIG, "contract.domain", "the contract is that of another product");
    }
    return code == FH_OK ? fh_client_verify(client,
                                            record,
                                            domain,
                                            FH_ROLES_PUBLISHING,
                                            out->stated.created_ms,
                                            &signer,
                                            err)
                         : code;
}

int fh_chained_ask(struct fh_chained *out,
                   struct freehold_client *client,
                   const struct fh_domain_id *domain,
                   const char *product,
                   const struct fh_record_id *id,
                   struct fh_arena *arena,
                   struct fh_err *err)
{
    struct fh_bytes bytes;
    struct fh_record record;
    int code = pull(&bytes, client, id, arena, err);
    if (code == FH_OK) {
        code = fh_record_parse(&record, bytes, &client->actor->mesh, err);
    }
    if (code == FH_OK && !fh_record_id_equal(&record.id, id)) {
        code = fh_err_rule(
            err, FH_ESIG, "contract.hash", "what came is another record than was asked for");
    }
    if (code == FH_OK) {
        code = check(out, client, &record, domain, product, err);
    }
    return code == FH_OK ? fh_contract_record_open(&out->contract, &out->stated, arena, err) : code;
}
