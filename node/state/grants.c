/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/grants.h"

#include "common/assert.h"
#include "node/state/grants_token.h"
#include "node/state/store_budgets.h"

static const int64_t kept_ms = INT64_C(90) * 24 * 3600 * 1000; /* after the end, for the listing */
static const int64_t counts_kept_ms = INT64_C(48) * 3600 * 1000; /* more than a day and an hour */

/* ---- the owner's records ---- */

static int check_own(const struct fh_grants *grants,
                     const struct fh_record *record,
                     const struct fh_domain_id *owner,
                     struct fh_err *err)
{
    return fh_domain_id_equal(owner, &grants->domain)
               ? FH_OK
               : fh_err_rule(err,
                             FH_EDENIED,
                             "grant.owner",
                             "%s record: of another domain than this node's",
                             fh_record_type_text(record->type));
}

/* The owner's word: of this domain, by a key that could sign then and can sign now. The second
 * question is what a stolen key that was revoked meanwhile fails, whatever date it writes. */
static int verify_own(const struct fh_grants *grants,
                      const struct fh_record *record,
                      const struct fh_domain_id *owner,
                      int64_t stated_ms,
                      int64_t now_ms,
                      struct fh_err *err)
{
    int code = check_own(grants, record, owner, err);
    if (code == FH_OK) {
        code = fh_directory_verify(
            grants->dir, record, owner, FH_ROLES_PUBLISHING, stated_ms, NULL, err);
    }
    if (code == FH_OK) {
        code = fh_directory_signer(
            grants->dir, &record->signatures[0].key, owner, now_ms, FH_ROLES_PUBLISHING, NULL, err);
    }
    return code;
}

static int check_not_ahead(const struct fh_record *record,
                           int64_t created_ms,
                           int64_t now_ms,
                           struct fh_err *err)
{
    if (created_ms > now_ms + FH_CLOCK_SKEW_MS) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.time.future",
                           "%s record: dated ahead; check the clocks",
                           fh_record_type_text(record->type));
    }
    return FH_OK;
}

static int note_found(void *user, const struct fh_store_grant *grant, struct fh_err *err)
{
    (void)grant;
    (void)err;
    *(bool *)user = true;
    return FH_OK;
}

static int check_room(struct fh_grants *grants, struct fh_err *err)
{
    uint64_t count = 0;
    int code = fh_store_grants_count(grants->store, &count, err);
    if (code == FH_OK && count >= FH_GRANTS_MAX) {
        code = fh_err_rule(err,
                           FH_ETOOBIG,
                           "grant.limit",
                           "this node holds %llu grants and ends of grants; grant a domain what "
                           "its members need instead of each key",
                           (unsigned long long)count);
    }
    return code;
}

/* Of a token as of a key: could it sign then, and can it now? */
static int verify_grant(const struct fh_grants *grants,
                        const struct fh_record *record,
                        const struct fh_grant *grant,
                        int64_t now_ms,
                        struct fh_err *err)
{
    if (grant->token.size == 0) {
        return verify_own(grants, record, &grant->owner, grant->not_before_ms, now_ms, err);
    }
    const struct fh_directory_domain *own = fh_directory_domain(grants->dir, &grants->domain);
    const int64_t times[] = {grant->not_before_ms, now_ms};
    const char *name = own == NULL ? "" : own->name;
    int code = check_own(grants, record, &grant->owner, err);
    for (size_t i = 0; code == FH_OK && i < FH_COUNT(times); i++) {
        code = fh_grant_verify(grants->dir, record, grant, name, times[i], NULL, err);
    }
    return code;
}

static int take_grant(struct fh_grants *grants,
                      const struct fh_record *record,
                      int64_t now_ms,
                      bool *out_new,
                      struct fh_err *err)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct fh_grant grant;
    int64_t ended = INT64_MAX;
    bool known = false;
    struct fh_err ignored;
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a grant");
    }
    int code = fh_grant_decode(&grant, record, arena, err);
    if (code == FH_OK) {
        code = verify_grant(grants, record, &grant, now_ms, err);
    }
    if (code == FH_OK) {
        code = fh_store_grant_ended(grants->store, &record->id, &ended, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (ended <= now_ms) {
        return fh_err_rule(err,
                           FH_ESTALE,
                           "grant.ended",
                           "the grant was ended and does not come back; make a new one");
    }
    if (grant.not_after_ms < now_ms) {
        return fh_err_rule(err, FH_ESTALE, "grant.expired", "the grant has expired");
    }
    if (fh_store_grant_get(grants->store, &record->id, note_found, &known, &ignored) == FH_OK) {
        *out_new = false;
        return FH_OK;
    }
    code = fh_grants_check_of_token(grants, &grant, err);
    if (code == FH_OK) {
        code = check_room(grants, err);
    }
    struct fh_store_grant row = {.id = record->id,
                                 .not_after_ms = grant.not_after_ms,
                                 .received_ms = now_ms,
                                 .bytes = record->bytes};
    memcpy(row.grantee, grant.grantee, sizeof row.grantee);
    memcpy(row.product, grant.product, sizeof row.product);
    *out_new = true;
    return code == FH_OK ? fh_store_grant_put(grants->store, &row, err) : code;
}

static int take_end(struct fh_grants *grants,
                    const struct fh_record *record,
                    int64_t now_ms,
                    bool *out_new,
                    struct fh_err *err)
{
    struct fh_grant_end end;
    bool known = false;
    int64_t ended = INT64_MAX;
    int code = fh_grant_end_decode(&end, record, err);
    if (code == FH_OK) {
        code = verify_own(grants, record, &end.owner, end.created_ms, now_ms, err);
    }
    if (code == FH_OK) {
        code = check_not_ahead(record, end.created_ms, now_ms, err);
    }
    if (code == FH_OK) {
        code = fh_store_grant_get(grants->store, &end.grant, note_found, &known, err);
    }
    if (code == FH_OK) {
        code = fh_store_grant_ended(grants->store, &end.grant, &ended, err);
    }
    if (end.since_ms <= end.created_ms && end.since_ms > now_ms) {
        end.since_ms = now_ms; /* "at once", by a clock that is fast */
    }
    *out_new = end.since_ms < ended; /* one that says less than what is known needs no room */
    return code == FH_OK && *out_new
               ? fh_store_grant_end_put(
                     grants->store, &record->id, &end, record->bytes, now_ms, err)
               : code;
}

static int take_answer(struct fh_grants *grants,
                       const struct fh_record *record,
                       int64_t now_ms,
                       bool *out_new,
                       struct fh_err *err)
{
    struct fh_access_answer answer;
    bool known = false;
    int code = fh_access_answer_decode(&answer, record, err);
    if (code == FH_OK && answer.token.size > 0) {
        code = check_own(grants, record, &answer.owner, err);
        code = code == FH_OK ? fh_grants_verify_answer(grants, record, &answer, now_ms, err) : code;
    } else if (code == FH_OK) {
        code = verify_own(grants, record, &answer.owner, answer.created_ms, now_ms, err);
    }
    if (code == FH_OK) {
        code = check_not_ahead(record, answer.created_ms, now_ms, err);
    }
    if (code == FH_OK && answer.outcome == FH_ACCESS_APPROVED) {
        code = fh_store_grant_get(grants->store, &answer.grant, note_found, &known, err);
    }
    if (code == FH_OK) {
        code = fh_store_asked_answer(grants->store, &answer.request, record->bytes, out_new, err);
    }
    if (code == FH_OK && !*out_new) {
        code = fh_err_rule(err,
                           FH_EEXIST,
                           "access.answered",
                           "no such access request is open here: it was answered, has expired, or "
                           "never came");
    }
    return code;
}

int fh_grants_take(struct fh_grants *grants,
                   struct fh_bytes bytes,
                   int64_t now_ms,
                   bool *out_new,
                   struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, bytes, &grants->mesh_id, err);
    if (code != FH_OK) {
        return code;
    }
    switch (record.type) {
    case FH_RECORD_GRANT:
        return take_grant(grants, &record, now_ms, out_new, err);
    case FH_RECORD_GRANT_END:
        return take_end(grants, &record, now_ms, out_new, err);
    case FH_RECORD_ACCESS_ANSWER:
        return take_answer(grants, &record, now_ms, out_new, err);
    default:
        return fh_err_rule(err,
                           FH_EINVAL,
                           "record.type",
                           "expected a grant, an end of one, or an answer, not a record of type %s",
                           fh_record_type_text(record.type));
    }
}

int fh_grants_take_all(struct fh_grants *grants,
                       struct fh_msg_bins *records,
                       bool dry_run,
                       int64_t now_ms,
                       struct fh_err *err)
{
    struct fh_bytes record;
    struct fh_msg_bins all = *records;
    int code = fh_store_begin(grants->store, FH_STORE_DURABLE, err);
    if (code != FH_OK) {
        return code;
    }
    while (code == FH_OK && fh_msg_bins_next(records, &record)) {
        bool is_new = false;
        code = fh_grants_take(grants, record, now_ms, &is_new, err);
    }
    if (code == FH_OK) {
        code = fh_grants_check_answered(grants, all, err);
    }
    if (code == FH_OK && !dry_run) {
        return fh_store_commit(grants->store, err);
    }
    fh_store_rollback(grants->store);
    return code;
}

/* ---- asking ---- */

struct finding {
    const struct fh_grants *grants;
    struct fh_arena *arena;
    const struct fh_grant_held **found;
    uint32_t count;
};

static int keep_found(void *user, const struct fh_store_grant *row, struct fh_err *err)
{
    struct finding *finding = user;
    const struct fh_grants *grants = finding->grants;
    struct fh_grant_held *held = fh_arena_alloc(finding->arena, sizeof *held);
    struct fh_record record;
    if (held == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for grants");
    }
    int code = fh_record_parse(&record, row->bytes, &grants->mesh_id, err);
    if (code == FH_OK) {
        code = fh_grant_decode(&held->grant, &record, finding->arena, err);
    }
    if (code != FH_OK) {
        return fh_err_wrap(err, "a grant in the store");
    }
    if (!fh_grants_signer_counts(grants, &record, &held->grant, row->received_ms)) {
        return FH_OK; /* its signer was revoked as of an earlier day */
    }
    held->grant.token = FH_BYTES_NONE; /* it lies in the row */
    held->id = row->id;
    held->ended_ms = row->ended_ms;
    FH_ASSERT(finding->count < FH_GRANTS_OF_ONE_MAX);
    finding->found[finding->count++] = held;
    return FH_OK;
}

int fh_grants_for(struct fh_grants *grants,
                  const struct fh_domain_id *consumer,
                  const struct fh_key_id *key,
                  const char *product,
                  int64_t now_ms,
                  struct fh_arena *arena,
                  const struct fh_grant_held *const **out,
                  uint32_t *out_count,
                  struct fh_err *err)
{
    struct finding finding = {.grants = grants, .arena = arena};
    finding.found = fh_arena_array(arena, FH_GRANTS_OF_ONE_MAX, sizeof *finding.found);
    if (finding.found == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for grants");
    }
    int code = fh_store_grants_for(
        grants->store, product, consumer, key, now_ms, keep_found, &finding, err);
    if (code == FH_OK) {
        *out = finding.found;
        *out_count = finding.count;
    }
    return code;
}

/* ---- requests ---- */

int fh_grants_read_asked(const struct fh_grants *grants,
                         struct fh_bytes bytes,
                         struct fh_arena *arena,
                         struct fh_grants_asked *out,
                         struct fh_err *err)
{
    int code = fh_record_parse(&out->record, bytes, &grants->mesh_id, err);
    if (code == FH_OK && out->record.type != FH_RECORD_ACCESS_REQUEST) {
        code = fh_err_rule(err, FH_EINVAL, "record.type", "the record is no access request");
    }
    return code == FH_OK ? fh_access_request_decode(&out->request, &out->record, arena, err) : code;
}

static int check_asked(struct fh_grants *grants,
                       const struct fh_grants_asked *asked,
                       bool deliver,
                       int64_t now_ms,
                       struct fh_err *err)
{
    const struct fh_record *record = &asked->record;
    const struct fh_access_request *request = &asked->request;
    if (!deliver && !fh_domain_id_equal(&request->owner, &grants->domain)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "access.owner",
                           "the access request is for another domain than this node's");
    }
    const struct fh_directory_domain *owner = fh_directory_domain(grants->dir, &request->owner);
    if (owner == NULL || !owner->admitted) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "domain.unknown",
                           "the access request is for a domain that this mesh does not have");
    }
    int code = fh_access_request_verify(grants->dir, record, request, owner->name, err);
    if (code == FH_OK) {
        code = check_not_ahead(record, request->created_ms, now_ms, err);
    }
    if (code == FH_OK && request->until_ms < now_ms) {
        code = fh_err_rule(err, FH_ESTALE, "access.expired", "the access request has expired");
    }
    return code;
}

/* The nearest first: a key that asks much forgets its own answers before those of others. */
static int drop_done(struct fh_grants *grants,
                     const struct fh_access_request *r,
                     enum fh_store_asked_scope widest,
                     bool *out_dropped,
                     struct fh_err *err)
{
    int code = FH_OK;
    *out_dropped = false;
    for (int scope = 0; code == FH_OK && !*out_dropped && scope <= (int)widest; scope++) {
        code = fh_store_asked_drop_done(grants->store,
                                        (enum fh_store_asked_scope)scope,
                                        &r->key,
                                        &r->consumer,
                                        &grants->domain,
                                        out_dropped,
                                        err);
    }
    return code;
}

/* Room for one more of this key: what is past goes, then what is done. */
static int make_room(struct fh_grants *grants,
                     const struct fh_access_request *r,
                     int64_t now,
                     struct fh_err *err)
{
    static const struct {
        uint64_t most;
        const char *whose;
    } bounds[FH_ASKED_SCOPE_COUNT] = {
        [FH_ASKED_OF_KEY] = {FH_ASKED_PER_KEY_MAX, "your key"},
        [FH_ASKED_OF_DOMAIN] = {FH_ASKED_PER_DOMAIN_MAX, "your domain"},
        [FH_ASKED_OF_ALL] = {FH_ASKED_MAX, "all domains"},
    };
    uint64_t counts[FH_ASKED_SCOPE_COUNT] = {0};
    int code = fh_store_asked_tidy(grants->store, now, err);
    for (unsigned i = 0; code == FH_OK && i < FH_ASKED_SCOPE_COUNT;) {
        bool dropped = false;
        code = fh_store_asked_count(grants->store, &r->key, &r->consumer, counts, err);
        if (code == FH_OK && counts[i] < bounds[i].most) {
            i++;
            continue;
        }
        if (code == FH_OK) {
            code = drop_done(grants, r, (enum fh_store_asked_scope)i, &dropped, err);
        }
        if (code == FH_OK && !dropped) {
            code = fh_err_rule(err,
                               FH_EBUSY,
                               "access.limit",
                               "%llu access requests of %s are open here (at most %llu); wait for "
                               "answers",
                               (unsigned long long)counts[i],
                               bounds[i].whose,
                               (unsigned long long)bounds[i].most);
        }
    }
    return code;
}

static int note_asked(void *user, const struct fh_store_asked *asked, struct fh_err *err)
{
    (void)asked;
    (void)err;
    *(bool *)user = true;
    return FH_OK;
}

static int keep_asked(struct fh_grants *grants,
                      const struct fh_grants_asked *asked,
                      int64_t now_ms,
                      bool *out_new,
                      struct fh_err *err)
{
    const struct fh_record *record = &asked->record;
    const struct fh_access_request *request = &asked->request;
    bool own = fh_domain_id_equal(&request->owner, &grants->domain);
    bool known = false;
    struct fh_err ignored;
    if (fh_store_asked_get(grants->store, &record->id, note_asked, &known, &ignored) == FH_OK) {
        *out_new = false;
        return FH_OK;
    }
    int code = make_room(grants, request, now_ms, err);
    const struct fh_store_asked row = {.id = record->id,
                                       .owner = request->owner,
                                       .consumer = request->consumer,
                                       .key = request->key,
                                       .until_ms = request->until_ms,
                                       .received_ms = now_ms,
                                       .delivered_ms = own ? now_ms : 0,
                                       .bytes = record->bytes};
    *out_new = true;
    return code == FH_OK ? fh_store_asked_put(grants->store, &row, err) : code;
}

static void add_support(struct fh_grants *grants, struct fh_msg_bins *support, int64_t now_ms)
{
    struct fh_bytes records[FH_SESSION_RECORDS_MAX];
    size_t count = 0;
    while (support != NULL && count < FH_COUNT(records) &&
           fh_msg_bins_next(support, &records[count])) {
        count++;
    }
    /* What is refused is not there when the signer is looked up, which tells why. */
    struct fh_err ignored;
    int code = fh_directory_add_all(grants->dir, records, count, now_ms, NULL, &ignored);
    (void)code;
}

int fh_grants_ask(struct fh_grants *grants,
                  const struct fh_grants_asked *asked,
                  struct fh_msg_bins *support,
                  bool deliver,
                  int64_t now_ms,
                  bool *out_new,
                  struct fh_err *err)
{
    const struct fh_directory_domain *consumer =
        fh_directory_domain(grants->dir, &asked->request.consumer);
    if (consumer != NULL && consumer->admitted) { /* strangers leave nothing behind */
        add_support(grants, support, now_ms);
    }
    int code = check_asked(grants, asked, deliver, now_ms, err);
    if (code == FH_OK) {
        code = fh_store_begin(grants->store, FH_STORE_DURABLE, err);
    }
    if (code != FH_OK) {
        return code;
    }
    code = keep_asked(grants, asked, now_ms, out_new, err);
    if (code == FH_OK) {
        return fh_store_commit(grants->store, err);
    }
    fh_store_rollback(grants->store);
    return code;
}

int fh_grants_tidy(struct fh_grants *grants, int64_t now_ms, struct fh_err *err)
{
    int code = fh_store_grants_tidy(grants->store, now_ms - kept_ms, err);
    if (code == FH_OK) {
        code = fh_store_budgets_prune(grants->store, now_ms - counts_kept_ms, err);
    }
    return code == FH_OK ? fh_store_asked_tidy(grants->store, now_ms, err) : code;
}
