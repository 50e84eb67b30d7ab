/* SPDX-License-Identifier: Apache-2.0 */
/* Masked tables: each mask on each type, filters, hidden columns, and how a scan ends. */
#include "tests/node/worker/masked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rig rig;
static struct masked m;

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(
        &rig,
        "COPY (SELECT * FROM (VALUES "
        "(1, 'Ægir Þórsson', '-128'::TINYINT, '-32768'::SMALLINT, '-7'::INTEGER, "
        "'-9223372036854775808'::BIGINT, "
        "'-170141183460469231731687303715884105728', '-0.5'::DECIMAL(4,2), "
        "'-999999.99'::DECIMAL(8,2), "
        "'-1.5'::DOUBLE, TIMESTAMP '1969-12-31 23:59:59.5', DATE '1969-02-03', TIME '13:45:59.9', "
        "'x'::BLOB, true), "
        "(2, 'ab', 7::TINYINT, 7::SMALLINT, 7::INTEGER, 17::BIGINT, '17', 12.34::DECIMAL(4,2), "
        "15.99::DECIMAL(8,2), "
        "1.5::DOUBLE, TIMESTAMP '2024-05-17 12:34:56', DATE '2024-05-17', TIME '00:00:00', "
        "''::BLOB, false), "
        "(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), "
        "(4, 'a text that is long enough to stand elsewhere', 127, 99, 99, 9223372036854775807, "
        "'99', 99.99, 99, "
        "'NaN'::DOUBLE, 'infinity'::TIMESTAMP, 'infinity'::DATE, TIME '23:59:59.999999', "
        "'yy'::BLOB, true)"
        ") t(id, name, tiny, small, whole, big, huge, price, sum, ratio, moment, day, hour, raw, "
        "flag)) "
        "TO '%s/people.parquet' (FORMAT parquet);"
        "COPY (SELECT i AS id, 'origin' || (i % 7) AS origin, i % 100 AS delay, 'a note that is "
        "never inline ' || i AS note, "
        "CASE WHEN i % 5 = 0 THEN NULL ELSE i END AS part FROM range(100000) t(i)) TO "
        "'%s/rows.parquet';"
        "COPY (SELECT * FROM (VALUES (1, 'a' || chr(0) || 'b'), (2, 'more than ' || chr(0) || "
        "' twelve, \xc3\xa4'), (3, repeat('x', 1000000)), (4, ''), (5, 'no')) t(id, name)) TO "
        "'%s/texts.parquet';");
    masked_up(&m, &rig, 1);
    return 0;
}

static int down(void **state)
{
    (void)state;
    masked_down(&m);
    rig_down(&rig);
    return 0;
}

static const char *const people_columns =
    "id BIGINT, name VARCHAR, tiny TINYINT, small SMALLINT, whole INTEGER, big BIGINT, huge "
    "HUGEINT, price DECIMAL(4,2), "
    "sum DECIMAL(8,2), ratio DOUBLE, moment TIMESTAMP, day DATE, hour TIME, raw BLOB, flag BOOLEAN";
static const char *const row_columns =
    "id BIGINT, origin VARCHAR, delay BIGINT, note VARCHAR, part BIGINT";

static void add(const char *name,
                const char *file,
                const char *columns,
                const char *view,
                const char *const *filters,
                uint32_t filter_count)
{
    struct fh_err err = {0};
    struct fh_table table = rig_table(&rig, name, FH_SOURCE_PARQUET, columns);
    struct fh_view *kept = fh_arena_alloc(rig.arena, sizeof *kept);
    *kept = masked_view(&rig, &table, view, filters, filter_count);
    if (masked_add(&m, &table, kept, rig_open(&rig, file), &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
}

static void masks_keep_types(void **state)
{
    (void)state;
    add("a.nulls.t",
        "people.parquet",
        people_columns,
        "name=null, tiny=null, big=null, huge=null, price=null, ratio=null, moment=null, day=null, "
        "hour=null, raw=null, flag=null",
        NULL,
        0);
    masked_expect(
        &m,
        "SELECT count(*), count(id), count(name), count(price), count(flag), "
        "typeof(any_value(price)), "
        "typeof(any_value(huge)), typeof(any_value(moment)), typeof(any_value(raw)) FROM a.nulls",
        "4|4|0|0|0|DECIMAL(4,2)|HUGEINT|TIMESTAMP|BLOB\n");

    add("a.steps.t",
        "people.parquet",
        people_columns,
        "tiny=step 10, small=step 1000, whole=step 5, big=step 10, huge=step 10, price=step 10, "
        "sum=step 10, ratio=step 1",
        NULL,
        0);
    masked_expect(
        &m,
        "SELECT tiny, small, whole, big, huge, price, sum, ratio FROM a.steps ORDER BY id",
        "-128|-32768|-10|-9223372036854775808|-170141183460469231731687303715884105728|-10.00|-"
        "999999.00|-2.0\n"
        "0|0|5|10|10|10.00|10.00|1.0\n"
        "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n"
        "120|0|95|9223372036854775800|90|90.00|90.00|nan\n");

    add("a.times.t",
        "people.parquet",
        people_columns,
        "moment=hour, day=month, hour=minute",
        NULL,
        0);
    masked_expect(&m,
                  "SELECT moment, day, hour FROM a.times ORDER BY id",
                  "1969-12-31 23:00:00|1969-02-01|13:45:00\n"
                  "2024-05-17 12:00:00|2024-05-01|00:00:00\n"
                  "NULL|NULL|NULL\n"
                  "infinity|infinity|23:59:00\n");
    add("a.years.t",
        "people.parquet",
        people_columns,
        "moment=decade, day=year, hour=hour",
        NULL,
        0);
    masked_expect(&m,
                  "SELECT moment, day, hour FROM a.years ORDER BY id",
                  "1960-01-01 00:00:00|1969-01-01|13:00:00\n"
                  "2020-01-01 00:00:00|2024-01-01|00:00:00\n"
                  "NULL|NULL|NULL\n"
                  "infinity|infinity|23:00:00\n");

    add("a.parts.t", "people.parquet", people_columns, "name=partial 1 2", NULL, 0);
    masked_expect(&m,
                  "SELECT name FROM a.parts ORDER BY id",
                  "Æ*********on\n**\nNULL\na******************************************re\n");
}

static void hashes_keep_equality_alone(void **state)
{
    (void)state;
    add("a.hashes.t",
        "people.parquet",
        people_columns,
        "name=hash, big=hash, huge=hash, raw=hash",
        NULL,
        0);
    masked_expect(&m,
                  "SELECT length(name), typeof(big), typeof(huge), octet_length(raw), "
                  "name = (SELECT name FROM a.hashes WHERE id = 2) FROM a.hashes ORDER BY id",
                  "12|BIGINT|HUGEINT|16|false\n12|BIGINT|HUGEINT|16|true\n"
                  "NULL|BIGINT|HUGEINT|NULL|NULL\n12|BIGINT|HUGEINT|16|false\n");
    /* Not the value, and not a hash that its holder could make. */
    masked_expect(&m,
                  "SELECT count(*) FROM a.hashes WHERE name IN ('ab', md5('ab'), sha256('ab')) OR "
                  "big = 17 OR big = hash(17)",
                  "0\n");
    /* The same column of another view has the same key; another column another one. */
    add("a.hashed.t", "rows.parquet", row_columns, "id=hash, part=hash, origin=hash", NULL, 0);
    masked_expect(&m,
                  "SELECT count(*), count(DISTINCT id), count(part), count(DISTINCT origin), "
                  "count(*) FILTER (id = part) FROM a.hashed",
                  "100000|100000|80000|7|0\n");
}

static void rows_and_columns_are_not_there(void **state)
{
    (void)state;
    static const char *const filters[] = {
        "delay < 50 -- not more", "origin <> 'origin3' OR false", "id < 5"};
    add("b.flights.t", "rows.parquet", row_columns, "delay=hidden, note=partial 3 3", filters, 2);
    masked_expect(
        &m,
        "SELECT count(*), count(DISTINCT origin), count(part), min(note), max(id) FROM b.flights",
        "42857|6|34285|a n************************ 11|99948\n");
    masked_refuse(&m, "SELECT delay FROM b.flights", FH_ESQL, "sql.bind");
    masked_expect(
        &m, "SELECT column_name FROM (DESCRIBE b.flights) ORDER BY 1", "id\nnote\norigin\npart\n");
    masked_expect(&m, "SELECT id FROM b.flights LIMIT 3", "0\n1\n2\n");
    add("b.texts.t", "texts.parquet", "id BIGINT, name VARCHAR", "", filters + 2, 1);
    masked_expect(&m,
                  "SELECT id, length(name), name LIKE '%' || chr(0) || '%', right(name, 1) FROM "
                  "b.texts ORDER BY id",
                  "1|3|true|b\n2|21|true|\xc3\xa4\n3|1000000|false|x\n4|0|false|\n");
    masked_expect(&m, "SELECT count(*) FROM b.flights a JOIN b.flights b USING (id)", "42857\n");
    masked_expect(
        &m,
        "SELECT count(*) FROM (SELECT id FROM b.flights UNION ALL SELECT id FROM b.flights)",
        "85714\n");
    masked_expect(
        &m, "SELECT a.id, b.id FROM b.flights a POSITIONAL JOIN b.flights b LIMIT 1", "0|0\n");
}

/* ---- texts and steps of all sizes ---- */

/* The same aggregate behind the barrier and, by `plain`, over numbers alone. */
static void alike(const char *masked, const char *plain)
{
    struct fh_err err = {0};
    struct fh_buf answers[2];
    fh_buf_init(&answers[0], 1024 * 1024);
    fh_buf_init(&answers[1], 1024 * 1024);
    if (masked_query(&m, masked, &answers[0], &err) != FH_OK ||
        rig_query(m.query, plain, &answers[1], &err) != FH_OK) {
        fail_msg("%s: %s", masked, err.text);
    }
    assert_string_equal(fh_buf_cstr(&answers[0]), fh_buf_cstr(&answers[1]));
    fh_buf_fini(&answers[0]);
    fh_buf_fini(&answers[1]);
}

/* A text takes another way when it has more than twelve bytes: chunk by chunk, of some columns or
 * of none, with NULLs among them and at the edges of words and frames. */
static void texts_of_all_lengths_come_through(void **state)
{
    (void)state;
#define TEXTS                                                                                      \
    "SELECT i AS id, CASE WHEN i % 64 IN (0, 63) THEN NULL WHEN i // 3000 % 3 = 1 AND i % 500 = "  \
    "7 THEN 'longer than twelve ' || i ELSE repeat('k', i % 13) END AS first, CASE WHEN i < "      \
    "6000 THEN NULL WHEN i % 9 = 0 THEN 'thirteen byte' ELSE 'twelve bytes' END AS second, "       \
    "'raw' || i % 4 AS third FROM range(30000) t(i)"
#define LOOK                                                                                       \
    "count(*), count(first), count(second), count(third), bit_xor(hash(id, first)), "              \
    "bit_xor(hash(id, second)), bit_xor(hash(id, third, id)), max(first), min(second)"
    rig_write(&rig, "COPY (" TEXTS ") TO '%s/lengths.parquet' (ROW_GROUP_SIZE 7000)");
    add("d.lengths.t",
        "lengths.parquet",
        "id BIGINT, first VARCHAR, second VARCHAR, third VARCHAR",
        "",
        NULL,
        0);
    alike("SELECT " LOOK " FROM d.lengths", "SELECT " LOOK " FROM (" TEXTS ")");
    alike("SELECT count(*), bit_xor(hash(id, first)) FROM d.lengths WHERE id % 5 = 0",
          "SELECT count(*), bit_xor(hash(id, first)) FROM (" TEXTS ") WHERE id % 5 = 0");
}

/* Rounding down is exact also where a double is not. */
static void steps_are_exact(void **state)
{
    (void)state;
#define NUMBERS                                                                                    \
    "SELECT (CASE i % 3 WHEN 0 THEN 1 WHEN 1 THEN -1 ELSE 7 END) * ((1::BIGINT << (i % 60)) + "    \
    "i % 5 - 2) AS seven, (i - 500) * 70000000000 + i AS long FROM range(3000) t(i)"
    rig_write(&rig, "COPY (" NUMBERS ") TO '%s/numbers.parquet'");
    add("d.numbers.t",
        "numbers.parquet",
        "seven BIGINT, long BIGINT",
        "seven=step 7, long=step 70000000001",
        NULL,
        0);
    alike("SELECT bit_xor(hash(seven)), bit_xor(hash(long)), min(seven), max(long) FROM d.numbers",
          "SELECT bit_xor(hash(seven)), bit_xor(hash(long)), min(seven), max(long) FROM (SELECT "
          "seven - (seven % 7 + 7) % 7 AS seven, long - (long % 70000000001 + 70000000001) % "
          "70000000001 AS long FROM (" NUMBERS "))");
}

/* ---- conditions that scans try ---- */

static const struct {
    const char *sql;
    unsigned wishes;
} wished[] = {
    {"SELECT count(*), min(id) FROM c.left WHERE delay > 60", 1},
    {"SELECT count(*) FROM c.left WHERE 60 < delay AND id <> 500 AND origin = 'origin3'", 3},
    {"SELECT count(*), sum(part) FROM c.left WHERE delay BETWEEN 10 AND 20 AND id >= -1", 2},
    {"SELECT id FROM c.left WHERE id IN (77, 5, 1) ORDER BY id", 1},
    {"SELECT count(*) FROM c.left WHERE part IS NULL", 1},
    {"SELECT count(*) FROM c.left WHERE part IS NOT NULL AND part < 30", 2},
    {"SELECT count(*) FROM c.left WHERE origin IN ('origin1', 'it''s')", 1},
    {"SELECT count(*) FROM c.left WHERE moment = TIMESTAMP '2001-02-01 00:00:00'", 1},
    {"SELECT count(*) FROM c.left WHERE moment >= DATE '2001-06-01'", 1},
    {"SELECT count(*) FROM c.left WHERE ratio < 1.5 AND ratio <> 1", 2},
    {"SELECT count(*) FROM c.left WHERE note = 'a n************************ 11'", 1},
    {"SELECT count(*) FROM c.left l WHERE l.delay > 60 AND L.DELAY < 70", 2},
    {"SELECT -delay AS delay FROM c.left WHERE delay > 97 ORDER BY id LIMIT 5", 1},
    {"SELECT id FROM c.left WHERE delay > 97 LIMIT 5", 1},
    {"SELECT count(*) FROM c.left l, c.right r WHERE l.id = r.id AND l.delay < 20 AND r.delay > 7",
     2},
    {"SELECT count(*) FROM c.left l JOIN c.right r ON l.id = r.id WHERE r.delay > 7", 1},
    {"SELECT delay, count(*) FROM c.left WHERE delay < 3 GROUP BY 1 HAVING count(*) > 1 ORDER BY 1",
     1},
    /* not certain, so no wish */
    {"SELECT count(*) FROM c.left WHERE delay > 60 OR id = 1", 0},
    {"SELECT count(*) FROM c.left WHERE delay > 60.5", 0},
    {"SELECT count(*) FROM c.left WHERE delay > '60'", 0},
    {"SELECT count(*) FROM c.left WHERE delay + 0 > 60", 0},
    {"SELECT count(*) FROM c.left WHERE delay > 9007199254740993", 0},
    {"SELECT count(*) FROM c.left WHERE id = delay", 0},
    {"SELECT count(*) FROM c.left WHERE (delay > 60) IS NOT TRUE", 0},
    {"SELECT count(*) FROM c.left WHERE moment > '2001-02-01'", 0},
    {"SELECT count(*) FROM c.left WHERE origin LIKE 'origin3'", 0},
    {"SELECT count(*) FROM c.left a JOIN c.left b USING (id) WHERE a.delay > 60", 0},
    {"SELECT count(*) FROM c.left a JOIN c.left b ON a.id = b.id WHERE a.delay > 60", 0},
    {"SELECT count(*) FROM c.left l LEFT JOIN c.right r ON l.id = r.id + 90000 WHERE r.delay IS "
     "NULL",
     0},
    {"SELECT count(*) FROM c.left l JOIN c.right r ON l.id = r.id WHERE l.delay > 60 AND "
     "l.id IN (SELECT id FROM c.left)",
     0},
    {"SELECT count(*) FROM c.left WHERE delay > (SELECT avg(delay) FROM c.left WHERE delay > 60)",
     0},
    {"SELECT count(*) FROM (SELECT * FROM c.left) WHERE delay > 60", 0},
    {"WITH x AS (SELECT * FROM c.left) SELECT count(*) FROM x WHERE delay > 60", 0},
    {"SELECT count(*) FROM c.left l(a, b, delay) WHERE delay > 60", 0},
    {"SELECT count(*) FROM c.left POSITIONAL JOIN c.right r WHERE r.delay > 60", 0},
    {"SELECT count(*) FROM c.left WHERE delay > 60 UNION ALL SELECT count(*) FROM c.right", 0},
};

static void scans_try_what_is_certain(void **state)
{
    (void)state;
    rig_write(&rig,
              "COPY (SELECT i AS id, 'origin' || (i % 7) AS origin, i % 100 AS delay, "
              "'a note that is never inline ' || i AS note, CASE WHEN i % 5 = 0 THEN NULL ELSE i "
              "END AS part, i / 1000 AS ratio, TIMESTAMP '2001-01-01 05:06:07' + to_days((i % "
              "365)::INT) AS moment FROM range(20000) t(i)) TO '%s/wished.parquet'");
    static const char *const wished_columns =
        "id BIGINT, origin VARCHAR, delay BIGINT, note VARCHAR, part BIGINT, ratio DOUBLE, moment "
        "TIMESTAMP";
    static const char *const filters[] = {"id > 9"};
    add("c.left.t",
        "wished.parquet",
        wished_columns,
        "delay=step 2, note=partial 3 3, moment=month",
        filters,
        1);
    add("c.right.t", "wished.parquet", wished_columns, "origin=hidden", NULL, 0);
    for (size_t i = 0; i < FH_COUNT(wished); i++) {
        struct fh_gate gate;
        struct fh_err err = {0};
        struct fh_buf answers[2];
        uint64_t scanned[2];
        struct fh_arena *arena = fh_arena_new(1024 * 1024);
        (void)masked_quiet(&m, 5000);
        if (rig_gate(m.query, wished[i].sql, arena, &gate, &err) != FH_OK) {
            fail_msg("%s: %s", wished[i].sql, err.text);
        }
        for (unsigned turn = 0; turn < 2; turn++) {
            m.gate = turn == 0 ? NULL : &gate;
            fh_buf_init(&answers[turn], 1024 * 1024);
            if (masked_query(&m, wished[i].sql, &answers[turn], &err) != FH_OK) {
                fail_msg("%s: %s", wished[i].sql, err.text);
            }
            (void)masked_quiet(&m, 5000);
            scanned[turn] = m.scanned;
        }
        m.gate = NULL;
        if (m.wishes != wished[i].wishes) {
            fail_msg("%s: %u wishes, not %u", wished[i].sql, (unsigned)m.wishes, wished[i].wishes);
        }
        /* A scan that is closed early does not say how far it came. */
        bool whole = strstr(wished[i].sql, "LIMIT") == NULL;
        assert_true(scanned[1] < scanned[0] || wished[i].wishes == 0 || !whole);
        if (strcmp(fh_buf_cstr(&answers[0]), fh_buf_cstr(&answers[1])) != 0) {
            fail_msg(
                "%s:\n%s\n%s", wished[i].sql, fh_buf_cstr(&answers[0]), fh_buf_cstr(&answers[1]));
        }
        fh_buf_fini(&answers[0]);
        fh_buf_fini(&answers[1]);
        fh_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_keep_types),
        cmocka_unit_test(hashes_keep_equality_alone),
        cmocka_unit_test(rows_and_columns_are_not_there),
        cmocka_unit_test(texts_of_all_lengths_come_through),
        cmocka_unit_test(steps_are_exact),
        cmocka_unit_test(scans_try_what_is_certain),
    };
    return cmocka_run_group_tests(tests, up, down);
}
