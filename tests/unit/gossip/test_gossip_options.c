/* SPDX-License-Identifier: Apache-2.0 */
/* What a gossip core is given at the start: wrong options are named, generations only rise. */
#include "common/compiler.h"
#include "proto/gossip/gossip.h"
#include "proto/wire/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct fh_sign_public public_key;
static struct fh_sign_secret secret;
static struct fh_gossip_actions actions;

static bool nobody_admitted(void *user,
                            const struct fh_domain_id *domain,
                            const struct fh_sign_public *key,
                            int64_t wall_ms)
{
    (void)user;
    (void)domain;
    (void)key;
    (void)wall_ms;
    return false;
}

static void seal_record(void *user, struct fh_buf *out, unsigned type, struct fh_bytes payload)
{
    fh_record_seal(out, type, user, payload, &secret);
}

static bool no_agreement(void *user, uint8_t out_shared[32], const struct fh_agree_public *peer)
{
    (void)user;
    (void)out_shared;
    (void)peer;
    return false;
}

static struct fh_gossip_options valid_options(void)
{
    static struct fh_mesh_id mesh = {{7}};
    struct fh_gossip_options options = {.mesh = mesh, .node_key = public_key, .label = "n"};
    options.domain.b[0] = 1;
    options.agree_key.b[0] = 9;
    options.addresses[0] = "h:7400";
    options.address_count = 1;
    options.protocol_min = 1;
    options.protocol_max = 1;
    options.timing = fh_gossip_timing_wan();
    options.env.user = &mesh;
    options.env.admitted = nobody_admitted;
    options.env.seal = seal_record;
    options.env.agree = no_agreement;
    options.env.verifier = fh_verifier_plain;
    return options;
}

static void test_generation(void **state)
{
    (void)state;
    static const struct {
        uint64_t stored;
        int64_t wall_ms;
        uint64_t wanted;
    } rows[] = {{0, 5000, 5}, {4, 5000, 5}, {5, 5000, 6}, {900, 5000, 901}, {0, -5, 1}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_gossip *g;
        struct fh_gossip_options o = valid_options();
        assert_int_equal(fh_gossip_new(&g, &o, NULL), FH_OK);
        struct fh_gossip_event start = {.kind = FH_GOSSIP_START,
                                        .wall_ms = rows[i].wall_ms,
                                        .u.start = {.generation = rows[i].stored}};
        assert_int_equal(fh_gossip_step(g, &start, &actions, NULL), FH_OK);
        assert_int_equal(actions.items[0].generation, rows[i].wanted);
        fh_gossip_free(g);
    }
}

static void test_options(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct fh_gossip_options o = valid_options();
        struct fh_gossip *g = NULL;
        switch (i) {
        case 0:
            o.address_count = 0;
            break;
        case 1:
            o.addresses[0] = "no port";
            break;
        case 2:
            o.seed_count = FH_GOSSIP_SEEDS_MAX + 1;
            break;
        case 3:
            o.seeds[0] = "h:0";
            o.seed_count = 1;
            break;
        case 4:
            o.label = "a label that is far longer than sixty-three bytes, which no name may be";
            break;
        case 5:
            o.env.seal = NULL;
            break;
        case 6:
            o.timing.probe_ms = 0;
            break;
        default:
            o.protocol_min = 2;
            break;
        }
        struct fh_err err = {0};
        assert_int_equal(fh_gossip_new(&g, &o, &err), FH_EINVAL);
        assert_true(strlen(err.text) > 10);
        assert_null(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generation),
        cmocka_unit_test(test_options),
    };
    uint8_t seed[FH_SEED_BYTES] = {5};
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    fh_sign_keys(seed, &public_key, &secret);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
