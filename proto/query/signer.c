/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/signer.h"

#include <string.h>

static int verify_plain(const struct fh_directory *dir,
                        const struct fh_record *record,
                        const struct fh_query_request *request,
                        struct fh_err *err)
{
    struct fh_signer signer;
    int code = fh_directory_verify(
        dir, record, &request->consumer, FH_ROLES_ALL, request->issued_ms, &signer, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_key_id key = fh_key_id_of(&signer.key);
    if (!fh_key_id_equal(&key, &request->key)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "query.request.key",
                           "the request is signed by another key than it names");
    }
    return FH_OK;
}

static int check_belongs(const struct fh_token *token,
                         const struct fh_query_request *request,
                         struct fh_err *err)
{
    struct fh_key_id member = fh_key_id_of(&token->member);
    if (!fh_domain_id_equal(&token->domain, &request->consumer) ||
        !fh_key_id_equal(&member, &request->key)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "query.request.token",
                           "the request carries the token of another domain or key than it names");
    }
    return FH_OK;
}

int fh_query_request_verify(struct fh_query_signer *out,
                            const struct fh_directory *dir,
                            const struct fh_record *record,
                            const struct fh_query_request *request,
                            struct fh_err *err)
{
    if (request->token.size == 0) {
        int code = verify_plain(dir, record, request, err);
        if (code == FH_OK) {
            out->by_token = false;
            out->token_id = (struct fh_record_id){{0}};
        }
        return code;
    }
    struct fh_token token;
    struct fh_record_id id;
    int code = fh_token_verify(&token, &id, dir, request->token, request->issued_ms, err);
    if (code == FH_OK) {
        code = check_belongs(&token, request, err);
    }
    if (code == FH_OK && !fh_directory_signed_by(dir, record, &token.key)) {
        code = fh_err_rule(err,
                           FH_ESIG,
                           "record.signature",
                           "request record: expected one signature, by the key of its token");
    }
    if (code == FH_OK) {
        code = fh_token_check_purpose(&token, request->purpose, err);
    }
    if (code == FH_OK) {
        *out = (struct fh_query_signer){.by_token = true, .token_id = id, .token = token};
    }
    return code;
}
