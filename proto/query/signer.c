/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/signer.h"

int fh_query_request_judge(struct fh_token_signer *out,
                           const struct fh_directory *dir,
                           const struct fh_record *record,
                           const struct fh_query_request *request,
                           struct fh_err *err)
{
    struct fh_token_signer by;
    int code = fh_token_judge_signer(&by,
                                     dir,
                                     record,
                                     &request->consumer,
                                     request->token,
                                     0,
                                     FH_ROLES_ALL,
                                     request->issued_ms,
                                     err);
    if (code == FH_OK && !fh_key_id_equal(&by.key, &request->key)) {
        code = by.by_token
                   ? fh_err_rule(err,
                                 FH_ESIG,
                                 "query.request.token",
                                 "the request carries the token of another key than it names")
                   : fh_err_rule(err,
                                 FH_ESIG,
                                 "query.request.key",
                                 "the request is signed by another key than it names");
    }
    if (code == FH_OK && by.by_token) {
        code = fh_token_check_purpose(&by.token, request->purpose, err);
    }
    if (code == FH_OK) {
        *out = by;
    }
    return code;
}

int fh_query_request_verify(struct fh_token_signer *out,
                            const struct fh_directory *dir,
                            const struct fh_record *record,
                            const struct fh_query_request *request,
                            struct fh_err *err)
{
    struct fh_token_signer by;
    int code = fh_query_request_judge(&by, dir, record, request, err);
    if (code == FH_OK) {
        code = fh_token_prove_signer(&by, dir, record, err);
    }
    if (code == FH_OK) {
        *out = by;
    }
    return code;
}
