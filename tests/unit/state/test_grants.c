/* SPDX-License-Identifier: Apache-2.0 */
/* Grants and access requests at their owner: what is taken, what is refused by which rule, what is
 * found, and that it is still there after a restart. */
#include "node/state/grants.h"

#include "node/state/store_budgets.h"
#include "proto/identity/token_end.h"

#include "tests/unit/state/catalog_world.h"

enum { RECORD_BYTES = 4096 };

struct paper {
    struct fh_buf bytes;
    struct fh_record_id id;
};

static struct paper paper_of(struct world *w, const struct fh_buf *made)
{
    struct paper paper;
    struct fh_record record;
    must(fh_buf_ok(made), &(struct fh_err){.rule = "made"});
    fh_buf_init(&paper.bytes, RECORD_BYTES);
    fh_buf_add_bytes(&paper.bytes, fh_buf_view(made));
    must(fh_record_parse(&record, fh_buf_view(&paper.bytes), &w->mesh, &w->err), &w->err);
    paper.id = record.id;
    return paper;
}

static struct fh_grants grants_of(const struct world *w)
{
    return (struct fh_grants){
        .store = w->store, .dir = w->dir, .mesh_id = w->mesh, .domain = w->domains[0].id};
}

/* Of our flights, to the neighbour, for a day from the beginning on. */
static struct fh_grant grant_to(const struct world *w)
{
    struct fh_grant grant = {.owner = w->domains[0].id,
                             .product = "flights",
                             .rows = "",
                             .not_before_ms = TEST_START_MS,
                             .not_after_ms = TEST_START_MS + TEST_DAY_MS,
                             .note = ""};
    memcpy(grant.grantee, w->domains[1].id.b, FH_ID_BYTES);
    return grant;
}

static struct paper
sign_grant(struct world *w, const struct fh_grant *grant, const struct test_key *key)
{
    struct fh_buf made FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&made, RECORD_BYTES);
    fh_grant_make(&made, grant, &w->mesh, &key->secret);
    return paper_of(w, &made);
}

static struct paper sign_end_at(struct world *w,
                                const struct fh_record_id *grant,
                                int64_t since,
                                int64_t created,
                                const struct test_key *key)
{
    struct fh_buf made FH_CLEANUP(fh_buf_fini);
    const struct fh_grant_end end = {
        .owner = w->domains[0].id, .grant = *grant, .since_ms = since, .created_ms = created};
    fh_buf_init(&made, RECORD_BYTES);
    fh_grant_end_make(&made, &end, &w->mesh, &key->secret);
    return paper_of(w, &made);
}

static struct paper sign_end(struct world *w,
                             const struct fh_record_id *grant,
                             int64_t since,
                             const struct test_key *key)
{
    return sign_end_at(w, grant, since, TEST_START_MS + TEST_HOUR_MS, key);
}

static struct fh_access_request request_of(const struct world *w)
{
    return (struct fh_access_request){.consumer = w->domains[1].id,
                                      .key = w->domains[1].member.id,
                                      .owner = w->domains[0].id,
                                      .product = "flights",
                                      .purpose = "delay report",
                                      .until_ms = TEST_START_MS + TEST_DAY_MS,
                                      .note = "",
                                      .created_ms = TEST_START_MS + TEST_HOUR_MS};
}

static struct paper
sign_request(struct world *w, const struct fh_access_request *request, const struct test_key *key)
{
    struct fh_buf made FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&made, RECORD_BYTES);
    fh_access_request_make(&made, request, &w->mesh, &key->secret);
    return paper_of(w, &made);
}

static struct paper sign_answer(struct world *w,
                                const struct fh_record_id *request,
                                const struct fh_record_id *grant,
                                const struct test_key *key)
{
    struct fh_buf made FH_CLEANUP(fh_buf_fini);
    struct fh_access_answer answer = {.owner = w->domains[0].id,
                                      .request = *request,
                                      .outcome = FH_ACCESS_DENIED,
                                      .reason = "not complete yet",
                                      .created_ms = TEST_START_MS + TEST_HOUR_MS};
    if (grant != NULL) {
        answer.outcome = FH_ACCESS_APPROVED;
        answer.grant = *grant;
    }
    fh_buf_init(&made, RECORD_BYTES);
    fh_access_answer_make(&made, &answer, &w->mesh, &key->secret);
    return paper_of(w, &made);
}

static int take(struct world *w, const struct paper *paper, bool *out_new)
{
    struct fh_grants grants = grants_of(w);
    w->err = (struct fh_err){0};
    return fh_grants_take(&grants, fh_buf_view(&paper->bytes), NOW_MS, out_new, &w->err);
}

static void must_take(struct world *w, const struct paper *paper)
{
    bool is_new = false;
    must(take(w, paper, &is_new), &w->err);
    assert_true(is_new);
}

/* The grants for the neighbour's member; the first one of them. */
static uint32_t find(struct world *w, const char *product, struct fh_grant_held *out_first)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(8 * 1024 * 1024);
    struct fh_grants grants = grants_of(w);
    const struct fh_grant_held *const *found = NULL;
    uint32_t count = 0;
    assert_non_null(arena);
    must(fh_grants_for(&grants,
                       &w->domains[1].id,
                       &w->domains[1].member.id,
                       product,
                       NOW_MS,
                       arena,
                       &found,
                       &count,
                       &w->err),
         &w->err);
    if (count > 0 && out_first != NULL) {
        *out_first = *found[0];
    }
    return count;
}

static void test_a_grant_lives_and_ends(void **state)
{
    struct world *w = *state;
    struct fh_grant said = grant_to(w);
    struct fh_grant_held held;
    struct paper grant = sign_grant(w, &said, &w->domains[0].publisher);
    bool is_new = true;
    assert_int_equal(find(w, "flights", NULL), 0);
    must_take(w, &grant);
    must(take(w, &grant, &is_new), &w->err);
    assert_false(is_new);
    assert_int_equal(find(w, "airports", NULL), 0);
    assert_int_equal(find(w, "flights", &held), 1);
    assert_true(fh_record_id_equal(&held.id, &grant.id));
    assert_true(held.ended_ms == INT64_MAX);
    restart(w);
    assert_int_equal(find(w, "flights", NULL), 1);

    struct paper later = sign_end(w, &grant.id, NOW_MS + 5, &w->domains[0].publisher);
    struct paper end = sign_end(w, &grant.id, NOW_MS - 5, &w->domains[0].key);
    must_take(w, &later);
    must(take(w, &grant, &is_new), &w->err); /* it has not ended yet */
    must_take(w, &end);
    must(take(w, &later, &is_new), &w->err);
    assert_false(is_new); /* says less than what is known */
    restart(w);
    assert_int_equal(find(w, "flights", &held), 1);
    assert_true(held.ended_ms == NOW_MS - 5);

    /* rolled back: the grant comes again after its end, also when its row is gone */
    refused(w, take(w, &grant, &is_new), FH_ESTALE, "grant.ended");
    must(fh_store_grants_tidy(w->store, said.not_after_ms + 1, &w->err), &w->err);
    assert_int_equal(find(w, "flights", NULL), 0);
    refused(w, take(w, &grant, &is_new), FH_ESTALE, "grant.ended");
    fh_buf_fini(&grant.bytes);
    fh_buf_fini(&later.bytes);
    fh_buf_fini(&end.bytes);
}

/* "Now" of whoever ends a grant is now here, though his clock is fast; a later day is a later day.
 */
static void test_an_end_by_a_fast_clock(void **state)
{
    enum { FAST_MS = 5 * 60 * 1000 };
    struct world *w = *state;
    const struct test_key *publisher = &w->domains[0].publisher;
    struct fh_grant said = grant_to(w);
    struct fh_grant_held held;
    struct paper grant = sign_grant(w, &said, publisher);
    struct paper planned =
        sign_end_at(w, &grant.id, NOW_MS + FAST_MS + 1, NOW_MS + FAST_MS, publisher);
    struct paper end = sign_end_at(w, &grant.id, NOW_MS + FAST_MS, NOW_MS + FAST_MS, publisher);
    must_take(w, &grant);
    must_take(w, &planned);
    assert_int_equal(find(w, "flights", &held), 1);
    assert_true(held.ended_ms == NOW_MS + FAST_MS + 1);
    must_take(w, &end);
    restart(w);
    assert_int_equal(find(w, "flights", &held), 1);
    assert_true(held.ended_ms <= NOW_MS);
    struct paper *papers[] = {&grant, &planned, &end};
    for (size_t i = 0; i < FH_COUNT(papers); i++) {
        fh_buf_fini(&papers[i]->bytes);
    }
}

/* Those that count come first, of a key and of its domain, and of nobody else. */
static void test_which_are_found(void **state)
{
    struct world *w = *state;
    struct fh_grant said = grant_to(w);
    struct fh_grant_held first;
    struct paper papers[4];
    papers[0] = sign_grant(w, &said, &w->domains[0].publisher);
    said.grantee_kind = FH_GRANTEE_KEY;
    memcpy(said.grantee, w->domains[1].member.id.b, FH_ID_BYTES);
    papers[1] = sign_grant(w, &said, &w->domains[0].publisher);
    memcpy(said.grantee, w->domains[1].publisher.id.b, FH_ID_BYTES);
    papers[2] = sign_grant(w, &said, &w->domains[0].publisher);
    for (size_t i = 0; i < 3; i++) {
        must_take(w, &papers[i]);
    }
    papers[3] = sign_end(w, &papers[1].id, NOW_MS, &w->domains[0].publisher);
    must_take(w, &papers[3]);
    assert_int_equal(find(w, "flights", &first), 2);
    assert_true(fh_record_id_equal(&first.id, &papers[0].id));

    /* a signer that was not one when the grant began takes it away */
    struct test_record end = test_revocation(
        &w->domains[0], FH_REVOKE_KEY, w->domains[0].publisher.id.b, TEST_START_MS, &w->mesh);
    add(w, end);
    assert_int_equal(find(w, "flights", NULL), 0);
    for (size_t i = 0; i < FH_COUNT(papers); i++) {
        fh_buf_fini(&papers[i].bytes);
    }
}

/* Revoked as of a day before the grant came: what it says of its own beginning does not save it. */
static void test_a_stolen_key_dates_back(void **state)
{
    struct world *w = *state;
    struct fh_grant said = grant_to(w);
    struct paper grant = sign_grant(w, &said, &w->domains[0].publisher);
    must_take(w, &grant);
    add(w,
        test_revocation(
            &w->domains[0], FH_REVOKE_KEY, w->domains[0].publisher.id.b, NOW_MS + 1, &w->mesh));
    assert_int_equal(find(w, "flights", NULL), 1); /* it was here before that */
    add(w,
        test_revocation(
            &w->domains[0], FH_REVOKE_KEY, w->domains[0].publisher.id.b, NOW_MS - 1, &w->mesh));
    assert_int_equal(find(w, "flights", NULL), 0);
    fh_buf_fini(&grant.bytes);
}

/* ---- what is refused ---- */

static struct paper by_a_member(struct world *w)
{
    struct fh_grant said = grant_to(w);
    add(w, test_delegation(&w->domains[0], &w->domains[0].member, FH_ROLE_MEMBER, &w->mesh));
    return sign_grant(w, &said, &w->domains[0].member);
}
static struct paper by_the_node(struct world *w)
{
    struct fh_grant said = grant_to(w);
    return sign_grant(w, &said, &w->domains[0].node);
}
static struct paper by_the_grantee(struct world *w)
{
    struct fh_grant said = grant_to(w);
    return sign_grant(w, &said, &w->domains[1].publisher);
}
static struct paper by_nobody(struct world *w)
{
    struct fh_grant said = grant_to(w);
    return sign_grant(w, &said, &w->domains[0].later);
}
static struct paper of_another_domain(struct world *w)
{
    struct fh_grant said = grant_to(w);
    said.owner = w->domains[1].id;
    return sign_grant(w, &said, &w->domains[1].publisher);
}
static struct paper forged(struct world *w)
{
    struct fh_grant said = grant_to(w);
    struct paper paper = sign_grant(w, &said, &w->domains[0].publisher);
    uint8_t *at = memmem(paper.bytes.data, paper.bytes.size, "flights", 7);
    at[0] = 'g';
    return paper;
}
static struct paper expired(struct world *w)
{
    struct fh_grant said = grant_to(w);
    said.not_after_ms = NOW_MS - 1;
    return sign_grant(w, &said, &w->domains[0].publisher);
}
/* A stolen key writes a date before its revocation. */
static struct paper back_dated(struct world *w)
{
    struct fh_grant said = grant_to(w);
    add(w,
        test_revocation(&w->domains[0],
                        FH_REVOKE_KEY,
                        w->domains[0].publisher.id.b,
                        TEST_START_MS + TEST_HOUR_MS,
                        &w->mesh));
    return sign_grant(w, &said, &w->domains[0].publisher);
}
static struct paper end_of_nothing(struct world *w)
{
    return sign_end(w, &(struct fh_record_id){{7}}, NOW_MS, &w->domains[0].publisher);
}
static struct paper answer_to_nothing(struct world *w)
{
    return sign_answer(w, &(struct fh_record_id){{7}}, NULL, &w->domains[0].publisher);
}
static struct paper approval_without_grant(struct world *w)
{
    const struct fh_record_id none = {{7}};
    return sign_answer(w, &none, &none, &w->domains[0].publisher);
}
static struct paper a_request(struct world *w)
{
    struct fh_access_request said = request_of(w);
    return sign_request(w, &said, &w->domains[1].member);
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        struct paper (*make)(struct world *w);
        int code;
        const char *rule;
    } rows[] = {
        {"signed by a member", by_a_member, FH_ESIG, "record.signer.role"},
        {"signed by the node", by_the_node, FH_ESIG, "record.signer.role"},
        {"signed by who wants it", by_the_grantee, FH_ESIG, "record.signer.domain"},
        {"signed by nobody", by_nobody, FH_ESIG, "record.signer.unknown"},
        {"of another domain", of_another_domain, FH_EDENIED, "grant.owner"},
        {"forged", forged, FH_ESIG, "record.signature"},
        {"expired", expired, FH_ESTALE, "grant.expired"},
        {"dated before its key was revoked", back_dated, FH_ESIG, "record.signer.revoked"},
        {"the end of nothing", end_of_nothing, FH_ENOTFOUND, "grant.unknown"},
        {"an answer to nothing", answer_to_nothing, FH_EEXIST, "access.answered"},
        {"an approval without grant", approval_without_grant, FH_ENOTFOUND, "grant.unknown"},
        {"a record of another type", a_request, FH_EINVAL, "record.type"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct world *w = *state;
        bool is_new = false;
        struct paper paper = rows[i].make(w);
        int code = take(w, &paper, &is_new);
        if (code != rows[i].code || strcmp(w->err.rule, rows[i].rule) != 0) {
            fail_msg("%s: %s %s", rows[i].name, w->err.rule, w->err.text);
        }
        assert_int_equal(find(w, "flights", NULL), 0);
        fh_buf_fini(&paper.bytes);
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

/* ---- requests ---- */

static int ask(struct world *w, const struct paper *paper, bool deliver, bool *out_new)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct fh_grants grants = grants_of(w);
    assert_non_null(arena);
    w->err = (struct fh_err){0};
    struct fh_grants_asked asked;
    int code = fh_grants_read_asked(&grants, fh_buf_view(&paper->bytes), arena, &asked, &w->err);
    return code == FH_OK ? fh_grants_ask(&grants, &asked, NULL, deliver, NOW_MS, out_new, &w->err)
                         : code;
}

struct seen {
    unsigned count;
    struct fh_store_asked last; /* bytes are not to be read */
    size_t answer_bytes;
};

static int note(void *user, const struct fh_store_asked *asked, struct fh_err *err)
{
    struct seen *seen = user;
    (void)err;
    seen->count++;
    seen->last = *asked;
    seen->answer_bytes = asked->answer.size;
    return FH_OK;
}

static struct seen waiting(struct world *w)
{
    struct seen seen = {0};
    must(fh_store_asked_waiting(w->store, 0, note, &seen, &w->err), &w->err);
    return seen;
}

static void test_a_request_is_answered_once(void **state)
{
    struct world *w = *state;
    struct fh_grants grants = grants_of(w);
    bool is_new = false;
    struct seen seen = {0};
    struct fh_access_request said = request_of(w);
    struct fh_grant granted = grant_to(w);
    struct paper request = sign_request(w, &said, &w->domains[1].member);
    must(ask(w, &request, false, &is_new), &w->err);
    assert_true(is_new);
    must(ask(w, &request, false, &is_new), &w->err);
    assert_false(is_new);
    assert_int_equal(waiting(w).count, 0);

    granted.request = request.id;
    struct paper grant = sign_grant(w, &granted, &w->domains[0].publisher);
    struct paper approval = sign_answer(w, &request.id, &grant.id, &w->domains[0].publisher);
    struct paper denial = sign_answer(w, &request.id, NULL, &w->domains[0].publisher);
    struct fh_buf both FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&both, RECORD_BYTES);
    fh_pack_array(&both, 2);
    fh_pack_bin(&both, fh_buf_view(&grant.bytes));
    fh_pack_bin(&both, fh_buf_view(&approval.bytes));
    for (unsigned dry_run = 2; dry_run-- > 0;) {
        struct fh_pack_reader reader;
        struct fh_msg_bins bins;
        fh_pack_read_init(&reader, fh_buf_view(&both));
        must(fh_msg_bins_read(&reader, &bins, &w->err), &w->err);
        must(fh_grants_take_all(&grants, &bins, dry_run == 1, NOW_MS, &w->err), &w->err);
        assert_int_equal(find(w, "flights", NULL), dry_run == 1 ? 0 : 1);
    }
    refused(w, take(w, &denial, &is_new), FH_EEXIST, "access.answered");
    restart(w);
    must(fh_store_asked_of(w->store, &said.key, note, &seen, &w->err), &w->err);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.answer_bytes, approval.bytes.size);
    struct paper *papers[] = {&request, &grant, &approval, &denial};
    for (size_t i = 0; i < FH_COUNT(papers); i++) {
        fh_buf_fini(&papers[i]->bytes);
    }
}

/* Takes up to two records at once. */
static int
take_both(struct world *w, const struct paper *one, const struct paper *other, bool dry_run)
{
    struct fh_grants grants = grants_of(w);
    struct fh_buf both FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    struct fh_msg_bins bins;
    fh_buf_init(&both, (size_t)2 * RECORD_BYTES + 64);
    fh_pack_array(&both, other != NULL ? 2 : 1);
    fh_pack_bin(&both, fh_buf_view(&one->bytes));
    if (other != NULL) {
        fh_pack_bin(&both, fh_buf_view(&other->bytes));
    }
    fh_pack_read_init(&reader, fh_buf_view(&both));
    w->err = (struct fh_err){0};
    must(fh_msg_bins_read(&reader, &bins, &w->err), &w->err);
    return fh_grants_take_all(&grants, &bins, dry_run, NOW_MS, &w->err);
}

static struct paper
sign_token(struct world *w, const struct test_key *by, const struct test_key *key)
{
    struct fh_buf made FH_CLEANUP(fh_buf_fini);
    const struct fh_token token = {.domain = w->domains[0].id,
                                   .member = by->public_key,
                                   .key = key->public_key,
                                   .not_before_ms = TEST_START_MS + TEST_HOUR_MS,
                                   .not_after_ms = TEST_START_MS + TEST_DAY_MS,
                                   .powers = FH_TOKEN_DECIDE};
    fh_buf_init(&made, RECORD_BYTES);
    fh_token_make(&made, &token, &w->mesh, &by->secret);
    return paper_of(w, &made);
}

static void
end_token(struct world *w, const struct test_key *by, const struct paper *token, int64_t since_ms)
{
    struct fh_buf made FH_CLEANUP(fh_buf_fini);
    const struct fh_token_end end = {.domain = w->domains[0].id,
                                     .member = by->public_key,
                                     .token = token->id,
                                     .since_ms = since_ms,
                                     .created_ms = since_ms};
    fh_buf_init(&made, RECORD_BYTES);
    fh_token_end_make(&made, &end, &w->mesh, &by->secret);
    must(fh_directory_add(w->dir, fh_buf_view(&made), NOW_MS, NULL, &w->err), &w->err);
}

/* A publisher's token grants what is asked for, with its answer, once; and what it granted ends
 * when the token was ended before the grant came, whatever the grant says of its making. */
static void test_a_token_grants_what_was_asked(void **state)
{
    struct world *w = *state;
    const struct test_key *publisher = &w->domains[0].publisher;
    struct test_key key = test_key_of("token", 0);
    struct fh_access_request said = request_of(w);
    struct paper request = sign_request(w, &said, &w->domains[1].member);
    struct paper token = sign_token(w, publisher, &key);
    bool is_new = false;
    must(ask(w, &request, false, &is_new), &w->err);

    struct fh_grant terms = grant_to(w);
    terms.grantee_kind = FH_GRANTEE_KEY;
    memcpy(terms.grantee, said.key.b, FH_ID_BYTES);
    terms.purposes = (struct fh_text_list){1, &said.purpose};
    terms.not_before_ms = TEST_START_MS + TEST_HOUR_MS; /* long ago */
    terms.not_after_ms = said.until_ms;
    terms.request = request.id;
    terms.token = fh_buf_view(&token.bytes);
    struct paper grant = sign_grant(w, &terms, &key);
    struct fh_access_answer answer = {.owner = w->domains[0].id,
                                      .request = request.id,
                                      .grant = grant.id,
                                      .created_ms = NOW_MS,
                                      .token = terms.token};
    struct fh_buf made FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&made, RECORD_BYTES);
    fh_access_answer_make(&made, &answer, &w->mesh, &key.secret);
    struct paper approval = paper_of(w, &made);

    refused(w, take_both(w, &grant, NULL, false), FH_EDENIED, "grant.token.answer");
    refused(w, take_both(w, &approval, NULL, false), FH_ENOTFOUND, "grant.unknown");
    terms.not_after_ms++;
    struct paper longer = sign_grant(w, &terms, &key);
    refused(w, take_both(w, &longer, &approval, false), FH_EDENIED, "grant.token.more");
    terms.not_after_ms--;
    terms.request.b[0] ^= 1;
    struct paper unasked = sign_grant(w, &terms, &key);
    refused(w, take_both(w, &unasked, &approval, false), FH_ENOTFOUND, "access.request.unknown");
    must(take_both(w, &grant, &approval, true), &w->err);
    assert_int_equal(find(w, "flights", NULL), 0);
    must(take_both(w, &grant, &approval, false), &w->err);
    assert_int_equal(find(w, "flights", NULL), 1);
    terms.request.b[0] ^= 1;
    terms.note = "again";
    struct paper twice = sign_grant(w, &terms, &key);
    refused(w, take_both(w, &twice, NULL, false), FH_EEXIST, "access.answered");

    end_token(w, publisher, &token, NOW_MS - 1); /* it came at NOW_MS */
    assert_int_equal(find(w, "flights", NULL), 0);
    struct paper *papers[] = {&request, &token, &grant, &approval, &longer, &unasked, &twice};
    for (size_t i = 0; i < FH_COUNT(papers); i++) {
        fh_buf_fini(&papers[i]->bytes);
    }
}

static void test_a_request_waits_for_its_owner(void **state)
{
    struct world *w = *state;
    bool is_new = false;
    struct fh_access_request said = request_of(w);
    said.owner = w->domains[1].id; /* not ours */
    struct paper request = sign_request(w, &said, &w->domains[1].member);
    refused(w, ask(w, &request, false, &is_new), FH_EDENIED, "access.owner");
    must(ask(w, &request, true, &is_new), &w->err);
    restart(w);
    struct seen seen = waiting(w);
    assert_int_equal(seen.count, 1);
    assert_true(fh_record_id_equal(&seen.last.id, &request.id));
    must(fh_store_asked_delivered(w->store, &request.id, NOW_MS, "", &w->err), &w->err);
    assert_int_equal(waiting(w).count, 0);
    fh_buf_fini(&request.bytes);
}

static void test_requests_refused(void **state)
{
    struct world *w = *state;
    bool is_new = false;
    static const struct {
        const char *rule;
        unsigned key; /* 0 member, 1 publisher of the neighbour, 2 a stranger's publisher */
        int64_t until_ms;
        int64_t created_ms;
    } rows[] = {
        {"access.key", 1, TEST_START_MS + TEST_DAY_MS, TEST_START_MS + TEST_HOUR_MS},
        {"record.signer.domain", 2, TEST_START_MS + TEST_DAY_MS, TEST_START_MS + TEST_HOUR_MS},
        {"access.expired", 0, NOW_MS - 1, TEST_START_MS + TEST_HOUR_MS},
        {"identity.time.future", 0, TEST_START_MS + 2 * TEST_DAY_MS, NOW_MS + TEST_HOUR_MS},
    };
    const struct test_key *keys[] = {
        &w->domains[1].member, &w->domains[1].publisher, &w->domains[2].publisher};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_access_request said = request_of(w);
        said.until_ms = rows[i].until_ms;
        said.created_ms = rows[i].created_ms;
        struct paper request = sign_request(w, &said, keys[rows[i].key]);
        assert_int_not_equal(ask(w, &request, false, &is_new), FH_OK);
        assert_string_equal(w->err.rule, rows[i].rule);
        fh_buf_fini(&request.bytes);
    }
    struct fh_access_request said = request_of(w);
    said.owner = w->domains[2].id; /* a stranger has nothing to give */
    struct paper nowhere = sign_request(w, &said, &w->domains[1].member);
    refused(w, ask(w, &nowhere, true, &is_new), FH_ENOTFOUND, "domain.unknown");
    fh_buf_fini(&nowhere.bytes);
    said = request_of(w);
    said.consumer = w->domains[2].id; /* a stranger asks for itself */
    struct paper request = sign_request(w, &said, &w->domains[2].publisher);
    refused(w, ask(w, &request, false, &is_new), FH_EDENIED, "domain.not_admitted");
    fh_buf_fini(&request.bytes);
}

/* A key has so many open at once; answered ones make room. */
static void test_bounded_by_key(void **state)
{
    struct world *w = *state;
    bool is_new = false;
    struct fh_access_request said = request_of(w);
    struct fh_record_id first = {{0}};
    for (unsigned i = 0; i <= FH_ASKED_PER_KEY_MAX; i++) {
        said.created_ms++;
        struct paper request = sign_request(w, &said, &w->domains[1].member);
        int code = ask(w, &request, false, &is_new);
        if (i == 0) {
            first = request.id;
        }
        if (i < FH_ASKED_PER_KEY_MAX) {
            must(code, &w->err);
        } else {
            refused(w, code, FH_EBUSY, "access.limit");
            struct paper denial = sign_answer(w, &first, NULL, &w->domains[0].publisher);
            must_take(w, &denial);
            must(ask(w, &request, false, &is_new), &w->err);
            fh_buf_fini(&denial.bytes);
        }
        fh_buf_fini(&request.bytes);
    }
    struct seen seen = {0};
    must(fh_store_asked_of(w->store, &said.key, note, &seen, &w->err), &w->err);
    assert_int_equal(seen.count, FH_ASKED_PER_KEY_MAX);
    struct fh_grants grants = grants_of(w);
    must(fh_grants_tidy(&grants, said.until_ms + 1, &w->err), &w->err);
    seen.count = 0;
    must(fh_store_asked_of(w->store, &said.key, note, &seen, &w->err), &w->err);
    assert_int_equal(seen.count, 0);
}

/* Rows as whoever fills the table leaves them: `count` of a key, from number `first` on. */
static void fill(struct world *w, const struct fh_store_asked *as, unsigned first, unsigned count)
{
    must(fh_store_begin(w->store, FH_STORE_DURABLE, &w->err), &w->err);
    for (unsigned i = first; i < first + count; i++) {
        struct fh_store_asked row = *as;
        memcpy(row.id.b, &i, sizeof i);
        row.bytes = fh_bytes_cstr("a request");
        must(fh_store_asked_put(w->store, &row, &w->err), &w->err);
    }
    must(fh_store_commit(w->store, &w->err), &w->err);
}

static void forget_all(struct world *w)
{
    struct fh_grants grants = grants_of(w);
    must(fh_grants_tidy(&grants, TEST_START_MS + 2 * TEST_DAY_MS, &w->err), &w->err);
}

/* What is done holds no place of another's: answered here, or brought to the owner that it is for.
 */
static void test_done_requests_make_room(void **state)
{
    enum { KEYS = FH_ASKED_PER_DOMAIN_MAX / FH_ASKED_PER_KEY_MAX };
    struct world *w = *state;
    bool is_new = false;
    struct fh_access_request said = request_of(w);
    struct paper request = sign_request(w, &said, &w->domains[1].member);
    struct fh_store_asked row = {.owner = w->domains[0].id,
                                 .consumer = w->domains[1].id,
                                 .until_ms = said.until_ms,
                                 .received_ms = NOW_MS,
                                 .delivered_ms = NOW_MS,
                                 .answer = fh_bytes_cstr("an answer")};
    for (unsigned k = 0; k < KEYS; k++) {
        row.key.b[0] = (uint8_t)(k + 1);
        fill(w, &row, k * FH_ASKED_PER_KEY_MAX, FH_ASKED_PER_KEY_MAX);
    }
    must(ask(w, &request, false, &is_new), &w->err);
    assert_true(is_new);
    forget_all(w);

    row.answer = FH_BYTES_NONE;
    for (unsigned k = 0; k < KEYS; k++) {
        row.key.b[0] = (uint8_t)(k + 1);
        fill(w, &row, k * FH_ASKED_PER_KEY_MAX, FH_ASKED_PER_KEY_MAX);
    }
    refused(w, ask(w, &request, false, &is_new), FH_EBUSY, "access.limit");
    assert_non_null(strstr(w->err.text, "of your domain are open"));
    forget_all(w);

    row.key = said.key;
    fill(w, &row, 0, FH_ASKED_PER_KEY_MAX);
    refused(w, ask(w, &request, true, &is_new), FH_EBUSY, "access.limit");
    assert_non_null(strstr(w->err.text, "of your key are open"));
    forget_all(w);

    row.owner = w->domains[1].id; /* not ours: its answer never comes here */
    fill(w, &row, 0, FH_ASKED_PER_KEY_MAX);
    must(ask(w, &request, true, &is_new), &w->err);
    forget_all(w);

    row.delivered_ms = 0; /* nor ever will it be brought, if it goes */
    fill(w, &row, 0, FH_ASKED_PER_KEY_MAX);
    refused(w, ask(w, &request, true, &is_new), FH_EBUSY, "access.limit");
    fh_buf_fini(&request.bytes);
}

/* What was counted today is kept, and what was counted before yesterday is not. */
static void test_old_counts_go(void **state)
{
    struct world *w = *state;
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    struct fh_store_budget today = {.right = {{1}}, .hour_ms = NOW_MS, .day_ms = NOW_MS - day_ms};
    struct fh_store_budget old = {
        .right = {{2}}, .hour_ms = NOW_MS - day_ms, .day_ms = NOW_MS - 2 * day_ms - 1};
    must(fh_store_budget_put(w->store, &today, &w->err), &w->err);
    must(fh_store_budget_put(w->store, &old, &w->err), &w->err);
    struct fh_grants grants = grants_of(w);
    must(fh_grants_tidy(&grants, NOW_MS, &w->err), &w->err);
    must(fh_store_budget_get(w->store, &today, &w->err), &w->err);
    assert_int_equal(fh_store_budget_get(w->store, &old, &w->err), FH_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_grant_lives_and_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_end_by_a_fast_clock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_which_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stolen_key_dates_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_request_is_answered_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_request_waits_for_its_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_token_grants_what_was_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_requests_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded_by_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_done_requests_make_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_counts_go, setup, teardown),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
