/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/grants_token.h"

static const char *own_name(const struct fh_grants *grants)
{
    const struct fh_directory_domain *domain = fh_directory_domain(grants->dir, &grants->domain);
    return domain == NULL ? "" : domain->name;
}

/* ---- requests that are here ---- */

struct looking {
    const struct fh_grants *grants;
    struct fh_arena *arena;
    struct fh_access_request request; /* texts in the arena */
    struct fh_record_id granted;      /* by the answer; zero: none, or a denial */
    bool answered;
};

static int read_row(void *user, const struct fh_store_asked *row, struct fh_err *err)
{
    struct looking *looking = user;
    struct fh_record record;
    struct fh_access_answer answer;
    int code = fh_record_parse(&record, row->bytes, &looking->grants->mesh_id, err);
    if (code == FH_OK) {
        code = fh_access_request_decode(&looking->request, &record, looking->arena, err);
        looking->request.token = FH_BYTES_NONE; /* it lies in the row */
    }
    looking->answered = row->answer.size > 0;
    if (code == FH_OK && looking->answered) {
        code = fh_record_parse(&record, row->answer, &looking->grants->mesh_id, err);
        code = code == FH_OK ? fh_access_answer_decode(&answer, &record, err) : code;
        looking->granted = code == FH_OK ? answer.grant : looking->granted;
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "an access request in the store");
}

/* `out->arena` is given by the caller. */
static int look(struct fh_grants *grants,
                const struct fh_record_id *request,
                struct looking *out,
                struct fh_err *err)
{
    if (out->arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an access request");
    }
    out->grants = grants;
    return fh_store_asked_get(grants->store, request, read_row, out, err);
}

/* ---- coming in ---- */

int fh_grants_check_of_token(struct fh_grants *grants,
                             const struct fh_grant *grant,
                             struct fh_err *err)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = NULL;
    if (grant->token.size == 0) {
        return FH_OK;
    }
    arena = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct looking looking = {.arena = arena};
    int code = look(grants, &grant->request, &looking, err);
    if (code == FH_OK && looking.answered) {
        code = fh_err_rule(err,
                           FH_EEXIST,
                           "access.answered",
                           "the access request was answered already; a token answers open ones");
    }
    return code == FH_OK ? fh_access_check_grant(grant, &looking.request, &grant->request, err)
                         : code;
}

struct naming {
    struct fh_grants *grants;
    struct fh_record_id request;
};

static int name_request(void *user, const struct fh_store_grant *row, struct fh_err *err)
{
    struct naming *naming = user;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct fh_record record;
    struct fh_grant grant;
    int code = arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a grant")
                             : fh_record_parse(&record, row->bytes, &naming->grants->mesh_id, err);
    code = code == FH_OK ? fh_grant_decode(&grant, &record, arena, err) : code;
    if (code == FH_OK) {
        naming->request = grant.request;
    }
    return code;
}

/* An approval by token names the grant that was made for this very request. */
static int
check_named(struct fh_grants *grants, const struct fh_access_answer *answer, struct fh_err *err)
{
    struct naming naming = {.grants = grants};
    if (answer->outcome != FH_ACCESS_APPROVED) {
        return FH_OK;
    }
    int code = fh_store_grant_get(grants->store, &answer->grant, name_request, &naming, err);
    if (code == FH_OK && !fh_record_id_equal(&naming.request, &answer->request)) {
        code = fh_err_rule(err,
                           FH_EDENIED,
                           "grant.token.answer",
                           "an answer by token names the grant that it makes for this request");
    }
    return code;
}

int fh_grants_verify_answer(struct fh_grants *grants,
                            const struct fh_record *record,
                            const struct fh_access_answer *answer,
                            int64_t now_ms,
                            struct fh_err *err)
{
    const int64_t times[] = {answer->created_ms, now_ms}; /* as grants.c asks twice */
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct looking looking = {.arena = arena};
    int code = look(grants, &answer->request, &looking, err);
    for (size_t i = 0; code == FH_OK && i < FH_COUNT(times); i++) {
        code = fh_access_answer_verify(
            grants->dir, record, answer, &looking.request, own_name(grants), times[i], err);
    }
    return code == FH_OK ? check_named(grants, answer, err) : code;
}

static int check_one(struct fh_grants *grants, struct fh_bytes bytes, struct fh_err *err)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(2 * FH_GRANT_ARENA_BYTES_MAX);
    struct looking looking = {.arena = arena};
    struct fh_record record;
    struct fh_grant grant;
    int code = fh_record_parse(&record, bytes, &grants->mesh_id, err);
    if (code != FH_OK || record.type != FH_RECORD_GRANT) {
        return code;
    }
    code = arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a grant")
                         : fh_grant_decode(&grant, &record, arena, err);
    if (code != FH_OK || grant.token.size == 0) {
        return code;
    }
    code = look(grants, &grant.request, &looking, err);
    if (code == FH_OK && !fh_record_id_equal(&looking.granted, &record.id)) {
        code = fh_err_rule(err,
                           FH_EDENIED,
                           "grant.token.answer",
                           "a grant by token comes with the answer to its request");
    }
    return code;
}

int fh_grants_check_answered(struct fh_grants *grants,
                             struct fh_msg_bins records,
                             struct fh_err *err)
{
    struct fh_bytes record;
    int code = FH_OK;
    while (code == FH_OK && fh_msg_bins_next(&records, &record)) {
        code = check_one(grants, record, err);
    }
    return code;
}

/* ---- held ---- */

bool fh_grants_signer_counts(const struct fh_grants *grants,
                             const struct fh_record *record,
                             const struct fh_grant *grant,
                             int64_t received_ms)
{
    /* When it came, not when it says that it begins: a key that was stolen writes any date. */
    int64_t when_ms = received_ms > grant->not_before_ms ? received_ms : grant->not_before_ms;
    struct fh_ref signer = record->signatures[0].key;
    struct fh_token token;
    struct fh_record vouched;
    if (grant->token.size > 0) { /* both signatures were verified when it came */
        if (fh_record_parse(&vouched, grant->token, &grants->mesh_id, NULL) != FH_OK ||
            vouched.type != FH_RECORD_TOKEN || fh_token_decode(&token, &vouched, NULL) != FH_OK) {
            return false;
        }
        struct fh_key_id member = fh_key_id_of(&token.member);
        signer = fh_key_id_ref(&member);
        if (fh_token_check_end(grants->dir, &token.member, &vouched.id, when_ms, NULL) != FH_OK) {
            return false;
        }
    }
    return fh_directory_signer(
               grants->dir, &signer, &grants->domain, when_ms, FH_ROLES_PUBLISHING, NULL, NULL) ==
           FH_OK;
}
