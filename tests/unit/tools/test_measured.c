/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer says of a product's measurement: only what its owner's node signed for this very
 * contract is believed, and only the results that it names. */
#include "tools/client/measured.h"

#include "common/time.h"
#include "tests/lib/products.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now_ms = TEST_START_MS + 3 * TEST_HOUR_MS;

struct world {
    struct fh_mesh_id mesh;
    struct test_domain owner;
    struct test_domain other;
    struct fh_directory *dir;
    struct fh_proof *proof;
    struct fh_measurement said;
    struct fh_buf results;
    struct fh_buf record;
    struct fh_err err;
};

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

static void add(struct world *w, struct test_record record)
{
    must(fh_directory_add(w->dir, test_bytes(&record), now_ms, NULL, &w->err), &w->err);
}

static void sign(struct world *w, const struct test_key *key)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_measurement_encode(&payload, &w->said);
    fh_buf_reset(&w->record);
    fh_record_seal(
        &w->record, FH_RECORD_MEASUREMENT, &w->mesh, fh_buf_view(&payload), &key->secret);
    must(fh_buf_ok(&w->record), &w->err);
}

static void prove(struct world *w)
{
    const struct test_product flights = {.name = "flights", .is_open = true};
    struct fh_buf contract FH_CLEANUP(fh_buf_fini);
    struct fh_buf announcement FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&contract, FH_RECORD_BYTES_MAX);
    fh_buf_init(&announcement, FH_RECORD_BYTES_MAX);
    struct fh_record_id id =
        test_contract_record(&contract, &flights, &w->owner.id, &w->owner.publisher, &w->mesh);
    struct fh_announcement said = test_announcement_of(&flights, &w->owner.id, &id, contract.size);
    test_announcement_record(&announcement, &said, &w->owner.node, &w->mesh);
    must(fh_proof_check(
             &w->proof, w->dir, fh_buf_view(&announcement), fh_buf_view(&contract), &w->err),
         &w->err);
    w->said = (struct fh_measurement){.domain = w->owner.id,
                                      .contract = id,
                                      .measured_ms = now_ms,
                                      .expires_ms = now_ms + TEST_HOUR_MS,
                                      .gate = FH_QUALITY_GATE_WARN,
                                      .rows = 3};
    snprintf(w->said.product, sizeof w->said.product, "%s", said.product);
    snprintf(w->said.version, sizeof w->said.version, "%s", said.version);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL || fh_crypto_init() != FH_OK) {
        return -1;
    }
    w->owner = test_domain_of(0);
    w->other = test_domain_of(1);
    struct test_record charter = test_charter_1(&w->owner, &w->mesh);
    w->dir = fh_directory_new(&w->mesh, &fh_verifier_plain);
    assert_non_null(w->dir);
    add(w, w->owner.inception);
    add(w, charter);
    add(w, test_delegation(&w->owner, &w->owner.publisher, FH_ROLE_PUBLISHER, &w->mesh));
    add(w, test_delegation(&w->owner, &w->owner.node, FH_ROLE_NODE, &w->mesh));
    struct test_record invitation = test_invitation(&w->owner, 1, "", &w->mesh);
    add(w, w->other.inception);
    add(w, test_admission(&w->owner, &w->other, 1, &invitation, &w->mesh));
    add(w, test_delegation(&w->other, &w->other.node, FH_ROLE_NODE, &w->mesh));
    fh_buf_init(&w->results, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    fh_buf_init(&w->record, FH_RECORD_GOSSIP_BYTES_MAX);
    prove(w);
    struct fh_result results[2];
    fh_result_make(
        &results[0], "schema.t.present", "present", "", FH_PROMISE_SCHEMA, FH_PROMISE_PASSED);
    fh_result_make(&results[1],
                   "slaProperties.freshness",
                   "freshness",
                   "P3D",
                   FH_PROMISE_SLA,
                   FH_PROMISE_FAILED);
    fh_results_encode(&w->results, results, 2);
    fh_measurement_sum(&w->said, results, 2, fh_buf_view(&w->results));
    sign(w, &w->owner.node);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    fh_proof_free(w->proof);
    fh_directory_free(w->dir);
    fh_buf_fini(&w->results);
    fh_buf_fini(&w->record);
    free(w);
    return 0;
}

static int check(struct world *w, struct fh_measured_product **out)
{
    *out = NULL;
    w->err = (struct fh_err){0};
    return fh_measured_check(out, w->dir, w->proof, fh_buf_view(&w->record), &w->err);
}

static void test_good(void **state)
{
    struct world *w = *state;
    struct fh_measured_product *measured;
    must(check(w, &measured), &w->err);
    assert_int_equal(measured->signer.role, FH_ROLE_NODE);
    assert_false(measured->complete);
    assert_int_equal(measured->count, 1); /* what the summary names */
    assert_string_equal(measured->results[0].id, "slaProperties.freshness");
    assert_int_equal(measured->results[0].category, FH_PROMISE_SLA);
    must(fh_measured_complete(measured, fh_buf_view(&w->results), &w->err), &w->err);
    assert_true(measured->complete);
    assert_int_equal(measured->count, 2);
    assert_string_equal(measured->results[0].measured, "P3D");
    assert_int_equal(measured->results[1].outcome, FH_PROMISE_PASSED);
    fh_measured_free(measured);
}

typedef void spoil_fn(struct world *w);

static void by_the_publisher(struct world *w)
{
    sign(w, &w->owner.publisher);
}
static void by_the_domain_key(struct world *w)
{
    sign(w, &w->owner.key);
}
static void by_another_node(struct world *w)
{
    sign(w, &w->other.node);
}
static void of_another_domain(struct world *w)
{
    w->said.domain = w->other.id;
    sign(w, &w->other.node);
}
static void of_another_contract(struct world *w)
{
    w->said.contract.b[0] ^= 1;
    sign(w, &w->owner.node);
}
static void of_another_product(struct world *w)
{
    snprintf(w->said.product, sizeof w->said.product, "delays");
    sign(w, &w->owner.node);
}
static void of_another_version(struct world *w)
{
    snprintf(w->said.version, sizeof w->said.version, "1.0.1");
    sign(w, &w->owner.node);
}
static void after_the_delegation(struct world *w)
{
    w->said.measured_ms = now_ms + 400 * TEST_DAY_MS;
    w->said.expires_ms = w->said.measured_ms + 1;
    sign(w, &w->owner.node);
}
static void another_record(struct world *w)
{
    fh_buf_reset(&w->record);
    fh_buf_add_bytes(&w->record, w->proof->announcement);
}
static void nothing(struct world *w)
{
    fh_buf_reset(&w->record);
}
static void signature_changed(struct world *w)
{
    w->record.data[w->record.size - 1] ^= 1;
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        spoil_fn *spoil;
        int code;
        const char *rule;
    } rows[] = {
        {"by the publisher", by_the_publisher, FH_ESIG, "record.signer.role"},
        {"by the domain key", by_the_domain_key, FH_ESIG, "record.signer.role"},
        {"by another domain's node", by_another_node, FH_ESIG, "record.signer.domain"},
        {"of another domain", of_another_domain, FH_ESIG, "measurement.other"},
        {"of another contract", of_another_contract, FH_ESIG, "measurement.other"},
        {"of another product", of_another_product, FH_ESIG, "measurement.other"},
        {"of another version", of_another_version, FH_ESIG, "measurement.other"},
        {"after the node's delegation", after_the_delegation, FH_ESIG, "record.signer.expired"},
        {"another record", another_record, FH_EINVAL, "record.type"},
        {"nothing", nothing, FH_EINVAL, "pack.truncated"},
        {"signature changed", signature_changed, FH_ESIG, "measurement.signature"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_equal(setup(state), 0);
        struct world *w = *state;
        struct fh_measured_product *measured;
        rows[i].spoil(w);
        int code = check(w, &measured);
        if (code != rows[i].code || strcmp(w->err.rule, rows[i].rule) != 0 || measured != NULL) {
            fail_msg("%s: %s %s (%s)", rows[i].name, fh_code_name(code), w->err.rule, w->err.text);
        }
        teardown(state);
    }
}

/* Every byte of the record counts, and of the results. */
static void test_every_byte(void **state)
{
    struct world *w = *state;
    struct fh_measured_product *measured;
    for (size_t i = 0; i < w->record.size; i++) {
        w->record.data[i] ^= 1;
        if (check(w, &measured) == FH_OK) {
            fail_msg("byte %zu of the record may be changed", i);
        }
        w->record.data[i] ^= 1;
    }
    must(check(w, &measured), &w->err);
    for (size_t i = 0; i < w->results.size; i++) {
        w->results.data[i] ^= 1;
        assert_int_equal(fh_measured_complete(measured, fh_buf_view(&w->results), &w->err),
                         FH_ESIG);
        assert_string_equal(w->err.rule, "measurement.results");
        w->results.data[i] ^= 1;
    }
    assert_false(measured->complete);
    assert_int_equal(measured->count, 1);
    fh_measured_free(measured);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, setup, teardown),
        cmocka_unit_test(test_refused),
        cmocka_unit_test_setup_teardown(test_every_byte, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
