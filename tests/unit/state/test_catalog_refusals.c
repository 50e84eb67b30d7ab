/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: what it refuses, and by which rule. */
#include "tests/unit/state/catalog_world.h"

/* ---- announcements that are refused ---- */

typedef void spoil_fn(struct world *w, struct item *item);

static void by_a_member(struct world *w, struct item *item)
{
    announce_again(item, w, &w->domains[1].member);
}
static void by_another_domain(struct world *w, struct item *item)
{
    announce_again(item, w, &w->domains[0].node);
}
static void of_a_stranger(struct world *w, struct item *item)
{
    item->said.domain = w->domains[2].id;
    announce_again(item, w, &w->domains[2].publisher);
}
static void of_nobody(struct world *w, struct item *item)
{
    item->said.domain.b[0] ^= 1;
    announce_again(item, w, &w->domains[1].node);
}
static void title_changed(struct world *w, struct item *item)
{
    (void)w;
    uint8_t *at = memmem(item->announcement.data, item->announcement.size, "Something", 9);
    at[0] = 's';
}
static void signature_changed(struct world *w, struct item *item)
{
    (void)w;
    item->announcement.data[item->announcement.size - 1] ^= 1;
}
static void cut(struct world *w, struct item *item)
{
    (void)w;
    item->announcement.size--;
}
static void a_contract_instead(struct world *w, struct item *item)
{
    (void)w;
    fh_buf_reset(&item->announcement);
    fh_buf_add_bytes(&item->announcement, fh_buf_view(&item->contract));
}
static void from_the_future(struct world *w, struct item *item)
{
    item->said.issued_ms = NOW_MS + FH_CLOCK_SKEW_MS + 1000;
    item->said.expires_ms = item->said.issued_ms + 1000;
    announce_again(item, w, &w->domains[1].node);
}
static void long_expired(struct world *w, struct item *item)
{
    item->said.expires_ms = NOW_MS - FH_CLOCK_SKEW_MS - 1000;
    announce_again(item, w, &w->domains[1].node);
}
static void older_revision(struct world *w, struct item *item)
{
    item->said.revision = 5;
    announce_again(item, w, &w->domains[1].node);
    must(announce(w, item), &w->err);
    item->said.revision = 4;
    announce_again(item, w, &w->domains[1].node);
}
static void resurrected(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err);
    struct fh_announcement before = item->said;
    item->said.revision = 2;
    item->said.status = FH_ANNOUNCE_WITHDRAWN;
    announce_again(item, w, &w->domains[1].node);
    must(announce(w, item), &w->err);
    item->said = before;
    announce_again(item, w, &w->domains[1].node);
}
/* Announces `before`, then makes the item its next revision with this status and sunset. */
static void then(struct world *w,
                 struct item *item,
                 enum fh_announce_status before,
                 int64_t sunset_ms,
                 enum fh_announce_status after,
                 int64_t later_sunset_ms)
{
    item->said.status = before;
    item->said.sunset_ms = sunset_ms;
    announce_again(item, w, &w->domains[1].publisher);
    must(announce(w, item), &w->err);
    item->said.revision += 1;
    item->said.status = after;
    item->said.sunset_ms = later_sunset_ms;
    announce_again(item, w, &w->domains[1].publisher);
}
static void active_again_by_a_newer_revision(struct world *w, struct item *item)
{
    then(w, item, FH_ANNOUNCE_DEPRECATED, 0, FH_ANNOUNCE_ACTIVE, 0);
}
static void active_after_retirement(struct world *w, struct item *item)
{
    then(w, item, FH_ANNOUNCE_RETIRED, 0, FH_ANNOUNCE_ACTIVE, 0);
}
static void deprecated_after_retirement(struct world *w, struct item *item)
{
    then(w, item, FH_ANNOUNCE_RETIRED, 0, FH_ANNOUNCE_DEPRECATED, NOW_MS);
}
static void back_from_withdrawal(struct world *w, struct item *item)
{
    then(w, item, FH_ANNOUNCE_WITHDRAWN, 0, FH_ANNOUNCE_ACTIVE, 0);
}
static void a_draft_in_the_place_of_an_active_one(struct world *w, struct item *item)
{
    then(w, item, FH_ANNOUNCE_ACTIVE, 0, FH_ANNOUNCE_DRAFT, 0);
}
static void sunset_brought_forward(struct world *w, struct item *item)
{
    int64_t promised = NOW_MS + 90 * TEST_DAY_MS;
    then(w, item, FH_ANNOUNCE_DEPRECATED, promised, FH_ANNOUNCE_DEPRECATED, promised - 1);
}
static void sunset_taken_back(struct world *w, struct item *item)
{
    then(w, item, FH_ANNOUNCE_DEPRECATED, NOW_MS, FH_ANNOUNCE_DEPRECATED, 0);
}
static void active_again_after_a_restart(struct world *w, struct item *item)
{
    active_again_by_a_newer_revision(w, item);
    restart(w);
}
/* What has expired is not served, and still no way back. */
static void active_again_after_expiry(struct world *w, struct item *item)
{
    item->said.expires_ms = NOW_MS + 1;
    active_again_by_a_newer_revision(w, item);
    uint64_t dropped = 0;
    must(fh_catalog_sweep(w->catalog, NOW_MS + 2 * FH_CLOCK_SKEW_MS, &dropped, &w->err), &w->err);
    assert_int_equal(dropped, 1);
}
static void active_one_replayed_after_deprecation(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err);
    struct fh_announcement before = item->said;
    item->said.revision = 2;
    item->said.status = FH_ANNOUNCE_DEPRECATED;
    announce_again(item, w, &w->domains[1].publisher);
    must(announce(w, item), &w->err);
    item->said = before;
    announce_again(item, w, &w->domains[1].node);
}
static void goes_back_in_the_chain(struct world *w, struct item *item)
{
    item->said.contract_seq = 3;
    announce_again(item, w, &w->domains[1].node);
    must(announce(w, item), &w->err);
    item->said.contract_seq = 2;
    item->said.revision = 2;
    announce_again(item, w, &w->domains[1].node);
}
static void one_too_many(struct world *w, struct item *item)
{
    for (unsigned i = 0; i < 5; i++) {
        snprintf(item->said.product, sizeof item->said.product, "product%u", i);
        announce_again(item, w, &w->domains[1].node);
        must(announce(w, item), &w->err);
    }
    memcpy(item->said.product, "product9", 9);
    announce_again(item, w, &w->domains[1].node);
}
static void names_a_held_contract_wrongly(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err);
    must(give(w, item), &w->err);
    item->said.revision = 2;
    item->said.contract_bytes++;
    announce_again(item, w, &w->domains[1].node);
}

static const struct {
    const char *name;
    spoil_fn *spoil;
    int code;
    const char *rule;
} wrong_announcements[] = {
    {"by a member", by_a_member, FH_ESIG, "record.signer.role"},
    {"by another domain", by_another_domain, FH_ESIG, "record.signer.domain"},
    {"of a stranger", of_a_stranger, FH_EDENIED, "domain.not_admitted"},
    {"of nobody", of_nobody, FH_ENOTFOUND, "record.signer.domain"},
    {"text changed", title_changed, FH_ESIG, "announcement.signature"},
    {"signature changed", signature_changed, FH_ESIG, "announcement.signature"},
    {"cut", cut, FH_EINVAL, "pack.truncated"},
    {"a contract instead", a_contract_instead, FH_EINVAL, "record.type"},
    {"from the future", from_the_future, FH_EINVAL, "announcement.future"},
    {"expired", long_expired, FH_ESTALE, "announcement.expired"},
    {"older revision", older_revision, FH_ESTALE, "announcement.stale"},
    {"resurrected", resurrected, FH_ESTALE, "announcement.stale"},
    {"active again", active_again_by_a_newer_revision, FH_ECHECK, "announcement.status.backward"},
    {"active after retirement", active_after_retirement, FH_ECHECK, "announcement.status.backward"},
    {"deprecated after retirement",
     deprecated_after_retirement,
     FH_ECHECK,
     "announcement.status.backward"},
    {"back from withdrawal", back_from_withdrawal, FH_ECHECK, "announcement.status.backward"},
    {"a draft for an active one",
     a_draft_in_the_place_of_an_active_one,
     FH_ECHECK,
     "announcement.status.backward"},
    {"sunset brought forward", sunset_brought_forward, FH_ECHECK, "announcement.sunset.earlier"},
    {"sunset taken back", sunset_taken_back, FH_ECHECK, "announcement.sunset.earlier"},
    {"active again after a restart",
     active_again_after_a_restart,
     FH_ECHECK,
     "announcement.status.backward"},
    {"active again after expiry",
     active_again_after_expiry,
     FH_ECHECK,
     "announcement.status.backward"},
    {"active one replayed", active_one_replayed_after_deprecation, FH_ESTALE, "announcement.stale"},
    {"goes back in the chain", goes_back_in_the_chain, FH_ESTALE, "contract.version.replayed"},
    {"one too many", one_too_many, FH_ETOOBIG, "announcement.quota"},
    {"held contract wrongly", names_a_held_contract_wrongly, FH_ECHECK, "contract.mismatch"},
};

static void test_wrong_announcements(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(wrong_announcements); i++) {
        void *own = NULL;
        assert_int_equal(setup(&own), 0);
        struct world *w = own;
        FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
        wrong_announcements[i].spoil(w, &item);
        struct fh_catalog_head before = fh_catalog_head(w->catalog);
        int code = announce(w, &item);
        if (code != wrong_announcements[i].code ||
            strcmp(w->err.rule, wrong_announcements[i].rule) != 0) {
            fail_msg("%s: %s %s (%s)",
                     wrong_announcements[i].name,
                     fh_code_name(code),
                     w->err.rule,
                     w->err.text);
        }
        struct fh_catalog_head after = fh_catalog_head(w->catalog);
        assert_memory_equal(&after, &before, sizeof after);
        assert_int_equal(fh_store_depth(w->store), 0);
        assert_fingerprints_fit(w);
        teardown(&own);
    }
}

/* ---- contracts that are refused ---- */

static void not_announced(struct world *w, struct item *item)
{
    (void)w;
    (void)item;
}
static void not_what_was_asked(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err);
    item->contract_id.b[0] ^= 1;
}
static void byte_changed_when_pulled(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err);
    uint8_t *at = memmem(item->contract.data, item->contract.size, "Minutes", 7);
    at[0] = 'm';
}
static void contract_by_another_domain(struct world *w, struct item *item)
{
    fh_buf_reset(&item->contract);
    item->contract_id = test_contract_record(
        &item->contract, &flights, &w->domains[1].id, &w->domains[0].publisher, &w->mesh);
    item->said.contract = item->contract_id;
    announce_again(item, w, &w->domains[1].node);
    must(announce(w, item), &w->err);
}
static void contract_by_the_node(struct world *w, struct item *item)
{
    fh_buf_reset(&item->contract);
    item->contract_id = test_contract_record(
        &item->contract, &flights, &w->domains[1].id, &w->domains[1].node, &w->mesh);
    item->said.contract = item->contract_id;
    announce_again(item, w, &w->domains[1].node);
    must(announce(w, item), &w->err);
}
static void contract_signature_changed(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err); /* the id does not cover the signature */
    item->contract.data[item->contract.size - 1] ^= 1;
}
static void announced_with_another_version(struct world *w, struct item *item)
{
    memcpy(item->said.version, "1.0.1", 6);
    announce_again(item, w, &w->domains[1].node);
    must(announce(w, item), &w->err);
}
static void announced_with_another_size(struct world *w, struct item *item)
{
    item->said.contract_bytes--;
    announce_again(item, w, &w->domains[1].node);
    must(announce(w, item), &w->err);
}
static void contract_from_the_future(struct world *w, struct item *item)
{
    struct test_product late = flights;
    late.created_ms = NOW_MS + FH_CLOCK_SKEW_MS + 1000;
    fh_buf_reset(&item->contract);
    item->contract_id = test_contract_record(
        &item->contract, &late, &w->domains[1].id, &w->domains[1].publisher, &w->mesh);
    item->said.contract = item->contract_id;
    announce_again(item, w, &w->domains[1].node);
    must(announce(w, item), &w->err);
}
static void older_contract_replayed(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err);
    struct test_product next = flights;
    next.version = "1.1.0";
    next.seq = 2;
    next.prev = item->contract_id;
    FH_CLEANUP(item_fini) struct item later = make_item(w, &next, &w->domains[1]);
    later.said.revision = 2;
    announce_again(&later, w, &w->domains[1].node);
    must(announce(w, &later), &w->err);
    must(give(w, &later), &w->err); /* pins the product at number 2 */
}
static void same_number_again(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err);
    must(give(w, item), &w->err);
    struct test_product other = flights;
    other.purpose = "Another text under the same number.";
    fh_buf_reset(&item->contract);
    item->contract_id = test_contract_record(
        &item->contract, &other, &w->domains[1].id, &w->domains[1].publisher, &w->mesh);
}
static void version_not_greater(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err);
    must(give(w, item), &w->err);
    struct test_product next = flights; /* 1.0.0 once more */
    next.seq = 2;
    next.prev = item->contract_id;
    struct item later = make_item(w, &next, &w->domains[1]);
    later.said.revision = 2;
    announce_again(&later, w, &w->domains[1].node);
    must(announce(w, &later), &w->err);
    item_fini(item);
    *item = later;
}
static void chain_broken(struct world *w, struct item *item)
{
    must(announce(w, item), &w->err);
    must(give(w, item), &w->err);
    struct test_product next = flights;
    next.version = "1.1.0";
    next.seq = 2;
    next.prev.b[0] = 1;
    struct item later = make_item(w, &next, &w->domains[1]);
    later.said.revision = 2;
    announce_again(&later, w, &w->domains[1].node);
    must(announce(w, &later), &w->err);
    item_fini(item);
    *item = later;
}

static const struct {
    const char *name;
    spoil_fn *spoil;
    int code;
    const char *rule;
} wrong_contracts[] = {
    {"not announced", not_announced, FH_ENOTFOUND, "contract.unannounced"},
    {"not what was asked", not_what_was_asked, FH_ESIG, "contract.hash"},
    {"byte changed", byte_changed_when_pulled, FH_ESIG, "contract.hash"},
    {"by another domain", contract_by_another_domain, FH_ESIG, "record.signer.domain"},
    {"by the node", contract_by_the_node, FH_ESIG, "record.signer.role"},
    {"signature changed", contract_signature_changed, FH_ESIG, "contract.signature"},
    {"another version", announced_with_another_version, FH_ECHECK, "contract.mismatch"},
    {"another size", announced_with_another_size, FH_ECHECK, "contract.mismatch"},
    {"from the future", contract_from_the_future, FH_EINVAL, "contract.future"},
    {"replayed", older_contract_replayed, FH_ESTALE, "contract.version.replayed"},
    {"same number again", same_number_again, FH_EFORK, "contract.forked"},
    {"version not greater", version_not_greater, FH_ECHECK, "contract.version.not_greater"},
    {"chain broken", chain_broken, FH_ECHECK, "contract.chain.broken"},
};

static void test_wrong_contracts(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(wrong_contracts); i++) {
        void *own = NULL;
        assert_int_equal(setup(&own), 0);
        struct world *w = own;
        FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
        wrong_contracts[i].spoil(w, &item);
        int code = give(w, &item);
        if (code != wrong_contracts[i].code || strcmp(w->err.rule, wrong_contracts[i].rule) != 0) {
            fail_msg("%s: %s %s (%s)",
                     wrong_contracts[i].name,
                     fh_code_name(code),
                     w->err.rule,
                     w->err.text);
        }
        FH_CLEANUP(fh_buf_fini) struct fh_buf held;
        fh_buf_init(&held, FH_RECORD_BYTES_MAX);
        assert_int_equal(fh_catalog_contract_record(w->catalog, &item.contract_id, &held, &w->err),
                         FH_ENOTFOUND);
        assert_int_equal(fh_store_depth(w->store), 0);
        teardown(&own);
    }
}

/* A flipped byte without knowing what was asked for: the signature does not fit. */
static void test_a_forged_contract(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
    must(announce(w, &item), &w->err);
    uint8_t *at = memmem(item.contract.data, item.contract.size, "Minutes", 7);
    at[0] = 'm';
    int code = fh_catalog_contract(
        w->catalog, fh_buf_view(&item.contract), NULL, NOW_MS, &w->out, &w->err);
    refused(w, code, FH_ESIG, "contract.signature");
    assert_int_equal(missing(w, NULL), 1); /* the true one is still wanted */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_announcements),
        cmocka_unit_test(test_wrong_contracts),
        TEST(test_a_forged_contract),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
