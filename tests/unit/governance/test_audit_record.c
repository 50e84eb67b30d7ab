/* SPDX-License-Identifier: Apache-2.0 */
/* Records of an audit log as bytes: which are read, which are refused, and that what is written is
 * read alike. */
#include "proto/governance/audit_record.h"

#include "tests/unit/identity/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>

#define HEAD  "[6 u1 u7 u1000 b32 "
#define WHO   "[6 b32 swildlife b32 [1 smember b0 s "
#define TABLE "[9 sflights s1.0.0 sflights b32 b0 [1 spii~1.0.0 [2 sorigin sdelay [0 n "
#define WAIVED                                                                                     \
    "[10 sflights s1.0.0 sflights b32 b0 [1 spii~1.0.0 [2 sorigin sdelay [0 n [1 [2 b32 "          \
    "spii~1.0.0~mask[0] "
#define READ HEAD "u1 [12 u9 u0 b16 b32 " WHO "b32 sbilling b32 b0 "

static const struct {
    const char *name;
    const char *record; /* the last nil of a table is its Boolean */
    const char *rule;
} rows[] = {
    {"opened", HEAD "u0 [3 b32 b32 b32", ""},
    {"read", READ "[1 " TABLE "u0 s", ""},
    {"refused before its tables were known", READ "[0 u19 saccess.denied", ""},
    {"of two tables", READ "[2 " TABLE TABLE "u0 s", ""},
    {"with a waiver", READ "[1 " WAIVED "u0 s", ""},
    {"a waiver without its rule",
     READ "[1 [10 sf s1 sf b32 b0 [0 [0 [0 n [1 [1 b32 u0 s",
     "pack.shape"},
    {"17 waivers", READ "[1 [10 sf s1 sf b32 b0 [0 [0 [0 n [17", "pack.truncated"},
    {"ended", HEAD "u2 [8 u6 b32 u0 s u10 u1000 u12 b32", ""},
    {"ended without a receipt", HEAD "u2 [8 u6 b32 u10 sstream.cancelled u0 u0 u1 b0", ""},
    {"governed", HEAD "u3 [6 spolicy spii b32 " WHO "u0 s", ""},
    {"checkpoint", HEAD "u4 [1 b200", ""},
    {"recovered", HEAD "u5 [1 u17", ""},
    {"pruned", HEAD "u6 [2 u1 u4000", ""},
    {"counted", HEAD "u7 [8 b32 swildlife b32 u19 saccess.denied u4711 u1000 u2000", ""},
    {"counted of strangers, for several reasons", HEAD "u7 [8 b0 s b0 u0 s u1 u1000 u1000", ""},
    {"a newer kind", HEAD "u8 {0", ""},
    {"a newer field of the record", "[7 u1 u7 u1000 b32 u5 [1 u17 n", ""},
    {"a newer field of the detail", HEAD "u5 [2 u17 n", ""},
    {"nothing", "", "pack.truncated"},
    {"no array", "u1", "pack.shape"},
    {"version 2", "[6 u2 u7 u1000 b32 u5 [1 u17", "pack.version"},
    {"five fields", "[5 u1 u7 u1000 b32 u5", "pack.shape"},
    {"a number below zero", "[6 u1 -7 u1000 b32 u5 [1 u17", "pack.shape"},
    {"year 10000", "[6 u1 u7 " T_PAST " b32 u5 [1 u17", "pack.shape"},
    {"half a hash", "[6 u1 u7 u1000 b16 u5 [1 u17", "pack.shape"},
    {"kind as a text", "[6 u1 u7 u1000 b32 sread [1 u17", "pack.shape"},
    {"kind beyond 16 bits", "[6 u1 u7 u1000 b32 u65536 [1 u17", "pack.shape"},
    {"bytes behind it", HEAD "u5 [1 u17 n", "pack.trailing"},
    {"opened without key", HEAD "u0 [2 b32 b32", "pack.shape"},
    {"a fourth way", HEAD "u1 [12 u9 u3 b16 b32 " WHO "b32 s b32 b0 [0 u0 s", "pack.shape"},
    {"a short request number",
     HEAD "u1 [12 u9 u0 b15 b32 " WHO "b32 s b32 b0 [0 u0 s",
     "pack.shape"},
    {"nobody", HEAD "u1 [12 u9 u0 b16 b32 n b32 s b32 b0 [0 u0 s", "pack.shape"},
    {"a domain of 31 bytes",
     HEAD "u1 [12 u9 u0 b16 b32 [6 b31 swildlife b32 [0 b0 s b32 s b32 b0 [0 u0 s",
     "pack.shape"},
    {"17 roles", HEAD "u1 [12 u9 u0 b16 b32 [6 b32 swildlife b32 [17", "pack.truncated"},
    {"no entry", HEAD "u1 [12 u9 u0 b16 b32 " WHO "b0 s b32 b0 [0 u0 s", "pack.shape"},
    {"a statement as a text",
     HEAD "u1 [12 u9 u0 b16 b32 " WHO "b32 s sSELECT b0 [0 u0 s",
     "pack.shape"},
    {"a table without contract",
     READ "[1 [9 sflights s1.0.0 sflights b0 b0 [0 [0 [0 n u0 s",
     "pack.shape"},
    {"a table of eight fields",
     READ "[1 [8 sflights s1.0.0 sflights b32 b0 [0 [0 [0 u0 s",
     "pack.shape"},
    {"a column that is a number",
     READ "[1 [9 sflights s1.0.0 sflights b32 b0 [0 [1 u5 [0 n u0 s",
     "pack.shape"},
    {"a code beyond 255", READ "[0 u256 s", "pack.shape"},
    {"a rule of 48 bytes",
     READ "[0 u19 saaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "pack.shape"},
    {"ended with rows below zero", HEAD "u2 [8 u6 b32 u0 s -1 u1000 u12 b32", "pack.shape"},
    {"ended with half a receipt", HEAD "u2 [8 u6 b32 u0 s u1 u1000 u12 b16", "pack.shape"},
    {"governed by a number", HEAD "u3 [6 u1 spii b32 " WHO "u0 s", "pack.shape"},
    {"checkpoint as a text", HEAD "u4 [1 sabc", "pack.shape"},
    {"pruned to nowhere", HEAD "u6 [1 u1", "pack.shape"},
    {"counted of half a domain", HEAD "u7 [8 b16 s b0 u0 s u1 u1000 u1000", "pack.shape"},
    {"counted below zero", HEAD "u7 [8 b32 s b32 u19 s -1 u1000 u1000", "pack.shape"},
    {"counted without an end", HEAD "u7 [7 b32 s b32 u19 s u1 u1000", "pack.shape"},
    {"counted of year 10000", HEAD "u7 [8 b32 s b32 u19 s u1 u1000 " T_PAST, "pack.shape"},
};

/* Patterns have no Booleans: the nil behind the masked columns of a table becomes false. */
static void nil_to_false(struct fh_buf *bytes)
{
    for (size_t i = 1; i < bytes->size; i++) {
        if (bytes->data[i] == 0xc0 && bytes->data[i - 1] == 0x90) {
            bytes->data[i] = 0xc2;
        }
    }
}

/* "pii~1.0.0" stands for a text with a blank. */
static void tilde_to_blank(struct fh_buf *bytes)
{
    uint8_t *tilde;
    while ((tilde = memchr(bytes->data, '~', bytes->size)) != NULL) {
        *tilde = ' ';
    }
}

static void test_parse(void **state)
{
    (void)state;
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&bytes, FH_AUDIT_RECORD_BYTES_MAX);
    fh_buf_add_u8(&bytes, 0);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
        struct fh_audit_record record = {.seq = 99};
        struct fh_err err = {0};
        payload_of(&bytes, rows[i].record);
        nil_to_false(&bytes);
        tilde_to_blank(&bytes);
        int code = fh_audit_record_parse(&record, fh_buf_view(&bytes), arena, &err);
        if (strcmp(err.rule, rows[i].rule) != 0) {
            fail_msg("%s: %s (%s)", rows[i].name, err.rule, err.text);
        }
        assert_int_equal(code == FH_OK, rows[i].rule[0] == '\0');
        assert_int_equal(record.seq, code == FH_OK ? 7 : 99); /* unchanged on failure */
    }
}

static struct fh_audit_read sample(struct fh_audit_table *table)
{
    static const char *const roles[] = {"analyst", "member"};
    static const char *const policies[] = {"pii 1.2.0"};
    static const char *const columns[] = {"email", "Zip"};
    static const struct fh_audit_waived waived[] = {{.id = {{9}}, .rule = "pii 1.2.0 mask[0]"}};
    *table = (struct fh_audit_table){
        .product = "people",
        .version = "1.0.0",
        .table = "people",
        .policy_count = 1,
        .policies = policies,
        .column_count = 2,
        .columns = columns,
        .masked_count = 1,
        .masked = columns,
        .filtered = true,
        .waived_count = 1,
        .waived = waived,
    };
    memset(table->contract.b, 3, FH_ID_BYTES);
    struct fh_audit_read read = {
        .way = FH_AUDIT_PART,
        .who = {.domain_name = "wildlife",
                .role_count = 2,
                .roles = roles,
                .token_label = "dash\x1b[2Jboard"},
        .purpose = "billing\n",
        .table_count = 1,
        .tables = table,
        .rule = "",
    };
    memset(read.who.domain.b, 1, FH_ID_BYTES);
    memset(read.who.key.b, 2, FH_ID_BYTES);
    return read;
}

/* Reads what was packed, into the arena. */
static void again(const struct fh_audit_read *read,
                  struct fh_arena *arena,
                  struct fh_buf *bytes,
                  struct fh_audit_record *out)
{
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    struct fh_audit_record record = {.seq = 5, .time_ms = 1000, .kind = FH_AUDIT_READ};
    struct fh_err err = {0};
    fh_buf_init(&detail, FH_AUDIT_RECORD_BYTES_MAX);
    fh_audit_read_pack(&detail, read);
    fh_audit_record_pack(bytes, &record, fh_buf_view(&detail));
    assert_int_equal(fh_audit_record_parse(out, fh_buf_view(bytes), arena, &err), FH_OK);
}

static void test_read_again(void **state)
{
    (void)state;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_audit_table table;
    struct fh_audit_read read = sample(&table);
    struct fh_audit_record record;
    fh_buf_init(&bytes, FH_AUDIT_RECORD_BYTES_MAX);
    again(&read, arena, &bytes, &record);
    const struct fh_audit_read *got = &record.detail.read;
    assert_int_equal(got->way, FH_AUDIT_PART);
    assert_string_equal(got->purpose, "billing\n");
    assert_string_equal(got->who.token_label, "dash\x1b[2Jboard");
    assert_int_equal(got->who.role_count, 2);
    assert_string_equal(got->who.roles[1], "member");
    assert_int_equal(got->table_count, 1);
    assert_string_equal(got->tables[0].policies[0], "pii 1.2.0");
    assert_string_equal(got->tables[0].columns[1], "Zip");
    assert_true(got->tables[0].filtered);
    assert_int_equal(got->tables[0].waived_count, 1);
    assert_string_equal(got->tables[0].waived[0].rule, "pii 1.2.0 mask[0]");
    assert_int_equal(got->tables[0].waived[0].id.b[0], 9);
    assert_true(fh_audit_table_has(&got->tables[0], "zip")); /* as SQL finds columns */
    assert_false(fh_audit_table_has(&got->tables[0], "zi"));
}

/* More columns than a record names are all columns. */
static void test_too_many_columns(void **state)
{
    (void)state;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    static const char *columns[FH_AUDIT_COLUMNS_MAX];
    struct fh_audit_table table;
    struct fh_audit_read read = sample(&table);
    struct fh_audit_record record;
    for (size_t i = 0; i < FH_COUNT(columns); i++) {
        columns[i] = "c";
    }
    table.columns = columns;
    table.column_count = FH_AUDIT_COLUMNS_MAX; /* and one masked */
    fh_buf_init(&bytes, FH_AUDIT_RECORD_BYTES_MAX);
    again(&read, arena, &bytes, &record);
    assert_int_equal(record.detail.read.tables[0].column_count, 1);
    assert_string_equal(record.detail.read.tables[0].columns[0], "*");
    assert_string_equal(record.detail.read.tables[0].masked[0], "*");
    assert_true(fh_audit_table_has(&record.detail.read.tables[0], "anything"));
}

static void test_texts(void **state)
{
    (void)state;
    assert_string_equal(fh_audit_kind_text(FH_AUDIT_READ), "read");
    assert_string_equal(fh_audit_kind_text(FH_AUDIT_KIND_COUNT), "unknown");
    assert_string_equal(fh_audit_way_text(FH_AUDIT_QUERY), "query");
    assert_string_equal(fh_audit_way_text(FH_AUDIT_WAY_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_read_again),
        cmocka_unit_test(test_too_many_columns),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
