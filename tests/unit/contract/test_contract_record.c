/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a contract record, what a peer checks of it, and the chain of versions. */
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/publish_text.h"
#include "proto/wire/pack.h"
#include "proto/wire/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define CONTRACT(name, version, table)                                                             \
    "apiVersion: v3.1.0\nkind: DataContract\nid: a\nname: " name "\nversion: " version             \
    "\nstatus: active\nschema: [{name: " table                                                     \
    ", properties: [{name: x, logicalType: string}]}]\n"                                           \
    "servers: [{server: s, type: local, path: a.csv, format: csv}]\n"

struct made {
    struct fh_arena *arena;
    struct fh_published published;
    struct fh_contract_record record;
    struct fh_buf payload;
};

static struct made make(const char *yaml)
{
    struct made made = {.arena = fh_arena_new(4 * FH_CONTRACT_ARENA_BYTES_MAX)};
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_domain_id domain = {{5}};
    struct fh_err err = {0};
    assert_non_null(made.arena);
    fh_findings_init(&findings, made.arena);
    if (fh_contract_read(&contract, fh_bytes_cstr(yaml), &findings, &err) != FH_OK ||
        fh_publish_text(&made.published, fh_bytes_cstr(yaml), contract, &domain, &findings, &err) !=
            FH_OK) {
        fail_msg("%s", err.text);
    }
    made.record = (struct fh_contract_record){.domain = domain,
                                              .seq = 2,
                                              .prev = {{8}},
                                              .created_ms = 1772323200000,
                                              .compat_rules = FH_CONTRACT_COMPAT_RULES,
                                              .text = made.published.text};
    fh_buf_init(&made.payload, FH_RECORD_BYTES_MAX);
    fh_contract_record_encode(&made.payload, &made.record, made.published.contract);
    assert_int_equal(fh_buf_ok(&made.payload), FH_OK);
    return made;
}

static void drop(struct made *made)
{
    fh_buf_fini(&made->payload);
    fh_arena_free(made->arena);
}

static int
scan_and_parse(struct fh_contract_record *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_RECORD_BYTES_MAX);
    int rc = fh_pack_scan(payload, &limits, err);
    return rc == FH_OK ? fh_contract_record_parse(out, payload, err) : rc;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct made made = make(CONTRACT("flights", "1.2.0", "t"));
    struct fh_contract_record read;
    struct fh_contract *contract = NULL;
    struct fh_err err = {0};
    assert_int_equal(scan_and_parse(&read, fh_buf_view(&made.payload), &err), FH_OK);
    assert_true(fh_domain_id_equal(&read.domain, &made.record.domain));
    assert_true(fh_record_id_equal(&read.prev, &made.record.prev));
    assert_string_equal(read.product, "flights");
    assert_string_equal(read.version, "1.2.0");
    assert_true(read.seq == 2 && read.created_ms == 1772323200000 && read.compat_rules == 1);
    assert_true(fh_bytes_equal(read.text, made.published.text));
    if (fh_contract_record_open(&contract, &read, made.arena, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(contract->tables.items[0].columns.items[0].name, "x");
    drop(&made);
}

/* One pair of the payload replaced by other bytes, or left out. */
static void rebuild(struct fh_buf *out,
                    struct fh_bytes payload,
                    const char *key,
                    void (*write)(struct fh_buf *out),
                    bool drop_pair)
{
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, payload);
    uint32_t count = fh_pack_read_map(&reader, 64);
    fh_pack_map(out, drop_pair ? count - 1 : count);
    for (uint32_t i = 0; i < count; i++) {
        struct fh_bytes name = fh_pack_read_str(&reader, 64);
        struct fh_bytes raw = fh_pack_read_raw(&reader);
        bool is_it = fh_bytes_equal_cstr(name, key);
        if (is_it && drop_pair) {
            continue;
        }
        fh_pack_str(out, name);
        if (is_it) {
            write(out);
        } else {
            fh_buf_add_bytes(out, raw);
        }
    }
}

static void write_0(struct fh_buf *out)
{
    fh_pack_uint(out, 0);
}
static void write_1(struct fh_buf *out)
{
    fh_pack_uint(out, 1);
}
static void write_9(struct fh_buf *out)
{
    fh_pack_uint(out, 9);
}
static void write_huge(struct fh_buf *out)
{
    fh_pack_uint(out, UINT64_MAX);
}
static void write_empty_bin(struct fh_buf *out)
{
    fh_pack_bin(out, FH_BYTES_NONE);
}
static void write_zero_id(struct fh_buf *out)
{
    static const uint8_t zero[FH_ID_BYTES];
    fh_pack_bin(out, fh_bytes(zero, sizeof zero));
}
static void write_short_bin(struct fh_buf *out)
{
    fh_pack_bin(out, fh_bytes("abc", 3));
}
static void write_other_name(struct fh_buf *out)
{
    fh_pack_cstr(out, "birds");
}
static void write_upper(struct fh_buf *out)
{
    fh_pack_cstr(out, "Flights");
}
static void write_other_version(struct fh_buf *out)
{
    fh_pack_cstr(out, "9.0.0");
}
static void write_loose_version(struct fh_buf *out)
{
    fh_pack_cstr(out, "v1");
}
static void write_list(struct fh_buf *out)
{
    fh_pack_array(out, 0);
}
static void write_empty_map(struct fh_buf *out)
{
    fh_pack_map(out, 0);
}
static void write_other_text(struct fh_buf *out)
{
    fh_pack_cstr(out, CONTRACT("flights", "1.2.0", "other"));
}
static void write_no_yaml(struct fh_buf *out)
{
    fh_pack_cstr(out, "]");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *key;
        void (*write)(struct fh_buf *out); /* NULL: left out */
        bool by_open;                      /* the shape is right, the content is not */
        int code;
        const char *rule;
    } rows[] = {
        {"no rule set", "compat_rules", NULL, false, FH_EINVAL, "contract.record.shape"},
        {"rule set 0", "compat_rules", write_0, false, FH_EINVAL, "contract.record.shape"},
        {"no contract", "contract", NULL, false, FH_EINVAL, "contract.record.shape"},
        {"contract is a list", "contract", write_list, false, FH_EINVAL, "pack.shape"},
        {"contract is empty", "contract", write_empty_map, true, FH_EINVAL, "odcs.required"},
        {"no time", "created", NULL, false, FH_EINVAL, "contract.record.shape"},
        {"time beyond all", "created", write_huge, false, FH_EINVAL, "pack.shape"},
        {"no domain", "domain", NULL, false, FH_EINVAL, "contract.record.shape"},
        {"short domain", "domain", write_short_bin, false, FH_EINVAL, "pack.shape"},
        {"no prev", "prev", NULL, false, FH_EINVAL, "contract.record.shape"},
        {"prev missing at seq 2",
         "prev",
         write_empty_bin,
         false,
         FH_EINVAL,
         "contract.chain.broken"},
        {"prev of zero", "prev", write_zero_id, false, FH_EINVAL, "contract.chain.broken"},
        {"short prev", "prev", write_short_bin, false, FH_EINVAL, "pack.shape"},
        {"seq 0", "seq", write_0, false, FH_EINVAL, "contract.chain.broken"},
        {"seq 1 with prev", "seq", write_1, false, FH_EINVAL, "contract.chain.broken"},
        {"another product",
         "product",
         write_other_name,
         true,
         FH_EINVAL,
         "contract.record.mismatch"},
        {"upper-case product", "product", write_upper, false, FH_EINVAL, "name.form"},
        {"another version",
         "version",
         write_other_version,
         true,
         FH_EINVAL,
         "contract.record.mismatch"},
        {"no semantic version", "version", write_loose_version, false, FH_EINVAL, "semver.form"},
        {"another text", "text", write_other_text, true, FH_EINVAL, "contract.text.differs"},
        {"no YAML", "text", write_no_yaml, true, FH_EINVAL, "contract.text.differs"},
        {"text is a number", "text", write_1, false, FH_EINVAL, "pack.shape"},
        {"form 9", "v", write_9, false, FH_EVERSION, "contract.record.version"},
    };
    struct made made = make(CONTRACT("flights", "1.2.0", "t"));
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf changed;
        struct fh_contract_record read = {.seq = 77};
        struct fh_contract *contract = NULL;
        struct fh_err err = {0};
        fh_buf_init(&changed, FH_RECORD_BYTES_MAX);
        rebuild(&changed,
                fh_buf_view(&made.payload),
                rows[i].key,
                rows[i].write,
                rows[i].write == NULL);
        int rc = scan_and_parse(&read, fh_buf_view(&changed), &err);
        if (rows[i].by_open) {
            assert_int_equal(rc, FH_OK);
            rc = fh_contract_record_open(&contract, &read, made.arena, &err);
            assert_null(contract);
        } else {
            assert_int_equal(read.seq, 77); /* untouched */
        }
        if (rc != rows[i].code || strcmp(err.rule, rows[i].rule) != 0) {
            fail_msg("%s: %d %s: %s", rows[i].name, rc, err.rule, err.text);
        }
        fh_buf_fini(&changed);
    }
    drop(&made);
}

/* A publisher who leaves the publish rules out is refused by every peer. */
static void test_peers_hold_to_the_rules(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *rule;
    } rows[] = {
        {CONTRACT("flights", "1.2.0", "T"), "publish.table.name"},
        {"apiVersion: v3.1.0\nkind: DataContract\nid: a\nname: flights\nversion: 1.2.0\n"
         "status: live\nservers: []\n",
         "contract.schema"},
        {"apiVersion: v3.1.0\nkind: DataContract\nid: a\nname: flights\nversion: 1.2.0\n"
         "status: live\nschema: []\nservers: []\n",
         "publish.status"},
        {"apiVersion: v3.1.0\nkind: DataContract\nid: a\nname: flights\nversion: 1.2.0\n"
         "status: active\nschema: [{name: t, properties: [{name: x}, {name: X, logicalType: "
         "string}]}]\n"
         "servers: []\n",
         "contract.unique"},
        {"apiVersion: v3.1.0\nkind: DataContract\nid: a\nname: flights\nversion: 1.2.0\n"
         "status: active\nschema: [{name: t, properties: [{name: x}]}]\nservers: []\n",
         "publish.column.type"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct made made = make(rows[i].yaml);
        struct fh_contract_record read;
        struct fh_contract *contract = NULL;
        struct fh_err err = {0};
        assert_int_equal(scan_and_parse(&read, fh_buf_view(&made.payload), &err), FH_OK);
        assert_int_equal(fh_contract_record_open(&contract, &read, made.arena, &err), FH_ECHECK);
        if (strcmp(rows[i].rule, "contract.schema") == 0) {
            assert_string_equal(err.rule, "publish.status"); /* a warning alone does not refuse */
        } else {
            assert_string_equal(err.rule, rows[i].rule);
        }
        drop(&made);
    }
}

static struct fh_contract_record
chain_link(const char *product, const char *version, uint64_t seq, uint8_t prev)
{
    struct fh_contract_record record = {.domain = {{5}}, .seq = seq, .prev = {{prev}}};
    snprintf(record.product, sizeof record.product, "%s", product);
    snprintf(record.version, sizeof record.version, "%s", version);
    return record;
}

static void test_chain(void **state)
{
    (void)state;
    /* The known record is version 1.2.0, seq 3, with the id {3}. */
    static const struct {
        const char *name;
        const char *product;
        const char *version;
        uint64_t seq;
        uint8_t prev;
        uint8_t id;
        uint8_t domain;
        int code;
        const char *rule;
    } rows[] = {
        {"the next", "flights", "1.3.0", 4, 3, 4, 5, FH_OK, ""},
        {"the next major", "flights", "2.0.0", 4, 3, 4, 5, FH_OK, ""},
        {"the same record", "flights", "1.2.0", 3, 2, 3, 5, FH_EEXIST, ""},
        {"an older one", "flights", "1.1.0", 2, 1, 2, 5, FH_ESTALE, "contract.version.replayed"},
        {"an older one with a high version",
         "flights",
         "9.0.0",
         1,
         0,
         1,
         5,
         FH_ESTALE,
         "contract.version.replayed"},
        {"another of the same seq", "flights", "1.2.1", 3, 2, 9, 5, FH_EFORK, "contract.forked"},
        {"another of the same version",
         "flights",
         "1.2.0",
         3,
         2,
         9,
         5,
         FH_EFORK,
         "contract.forked"},
        {"a gap", "flights", "1.4.0", 5, 4, 5, 5, FH_EINCOMPLETE, "contract.chain.gap"},
        {"a gap to the end",
         "flights",
         "1.4.0",
         UINT64_MAX,
         4,
         5,
         5,
         FH_EINCOMPLETE,
         "contract.chain.gap"},
        {"after another record",
         "flights",
         "1.3.0",
         4,
         9,
         4,
         5,
         FH_ECHECK,
         "contract.chain.broken"},
        {"of another product", "birds", "1.3.0", 4, 3, 4, 5, FH_ECHECK, "contract.chain.broken"},
        {"of another domain", "flights", "1.3.0", 4, 3, 4, 6, FH_ECHECK, "contract.chain.broken"},
        {"a lower version: versions.h judges it", "flights", "1.1.9", 4, 3, 4, 5, FH_OK, ""},
    };
    struct fh_contract_record known = chain_link("flights", "1.2.0", 3, 2);
    struct fh_record_id known_id = {{3}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_contract_record next =
            chain_link(rows[i].product, rows[i].version, rows[i].seq, rows[i].prev);
        struct fh_record_id next_id = {{rows[i].id}};
        struct fh_err err = {0};
        next.domain.b[0] = rows[i].domain;
        int rc = fh_contract_supersedes(&known, &known_id, &next, &next_id, &err);
        if (rc != rows[i].code || strcmp(err.rule, rows[i].rule) != 0) {
            fail_msg("%s: %d %s: %s", rows[i].name, rc, err.rule, err.text);
        }
    }
    struct fh_contract_record first = chain_link("flights", "1.2.0", 7, 6);
    struct fh_record_id first_id = {{7}};
    assert_int_equal(fh_contract_supersedes(NULL, NULL, &first, &first_id, NULL), FH_OK);
}

static void test_fits_its_type(void **state)
{
    (void)state;
    struct made made = make(CONTRACT("flights", "1.2.0", "t"));
    struct fh_mesh_id mesh = {{1}};
    struct fh_sign_public public_key;
    struct fh_sign_secret secret;
    static const uint8_t seed[FH_SEED_BYTES] = {4};
    struct fh_record record;
    struct fh_buf bytes;
    struct fh_err err = {0};
    fh_sign_keys(seed, &public_key, &secret);
    fh_buf_init(&bytes, FH_RECORD_BYTES_MAX);
    fh_record_seal(&bytes, FH_RECORD_CONTRACT, &mesh, fh_buf_view(&made.payload), &secret);
    assert_int_equal(fh_buf_ok(&bytes), FH_OK);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&bytes), &mesh, &err), FH_OK);
    assert_true(fh_record_signed_by(&record, 0, &mesh, &public_key, &fh_verifier_plain));
    struct fh_contract_record read;
    assert_int_equal(fh_contract_record_parse(&read, record.payload, &err), FH_OK);
    fh_buf_fini(&bytes);
    drop(&made);
}

int main(void)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_peers_hold_to_the_rules),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_fits_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
