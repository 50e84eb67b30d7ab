/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/checks_world.h"

#include "proto/contract/contract_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rig rig;

static const int64_t now_ms = INT64_C(1772366400000); /* 2026-03-01T12:00:00Z */

int checks_up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(
        &rig,
        "CREATE TABLE t AS SELECT * FROM (VALUES "
        "(1, 'ABC', 10.5, 'a@b.example', 5, '2026-03-01', '1', 'NaN'),"
        "(2, 'DEF', 20.0, 'nobody', 7, '2026-02-28', '2', '1'),"
        "(3, 'gh', -1.0, 'c@d.example', 9, '2026-02-01', 'x', '2'),"
        "(3, NULL, 99.5, NULL, 10, '2025-03-01', NULL, NULL)"
        ") v(id, code, amount, mail, five, day, num, real);"
        "COPY t TO '%s/t.csv' (HEADER); COPY t TO '%s/t.json';"
        "COPY (SELECT id, code, amount::DOUBLE AS amount, mail, five, day::DATE AS day, num, "
        "real::DOUBLE AS real FROM t) TO '%s/t.parquet';"
        "COPY (SELECT * FROM t WHERE id = 0) TO '%s/empty.parquet';"
        "COPY (SELECT NULL::VARCHAR AS code, NULL::DOUBLE AS amount FROM t) TO '%s/null.parquet';"
        "COPY (SELECT unnest(['a' || chr(10) || 'b' || chr(10), 'x' || chr(10)]) AS text) TO "
        "'%s/lines.parquet';"
        "COPY (SELECT 1 AS id, 3 AS t_id UNION ALL SELECT 2, 8 UNION ALL SELECT 3, NULL) TO "
        "'%s/u.parquet';"
        "COPY (SELECT 1 AS id, {'city': 'Ulm', 'zip': '89073', 'x': NULL} AS address, [1, 2, 3] AS "
        "list, ['a', 'a'] AS tags UNION ALL SELECT 2, {'city': NULL, 'zip': 'none', 'x': 1}, [], "
        "['b']) TO '%s/n.json';"
        "COPY (SELECT 1 AS id, {'city': 'Ulm', 'zip': '89073'} AS address, [1, 2, 3] AS list, "
        "['a', "
        "'a'] AS tags) TO '%s/n.parquet';"
        "COPY (SELECT '01.02.2026' AS d, '10:00' AS h UNION ALL SELECT '31.02.2026', '9:5') TO "
        "'%s/d.csv' (HEADER);"
        "COPY (SELECT '192.168.0.1' AS ipv4, '::1' AS ipv6, "
        "'6ba7b810-9dad-11d1-80b4-00c04fd430c8' AS uuid, 'https://a.example/x?y=1' AS uri, "
        "'node-1.a.example' AS host, 'aGVsbG8=' AS b, 255 AS u8, '1e38' AS f32 UNION ALL SELECT "
        "'256.1.1.1', '1::2::3', 'no', 'not a uri', '-x-', 'a', 256, '1e39') TO "
        "'%s/f.csv' (HEADER)");
    return 0;
}

int checks_down(void **state)
{
    (void)state;
    rig_down(&rig);
    return 0;
}

/* ---- running ---- */

static void put_result(struct fh_buf *out, const struct fh_checks_result *result, uint32_t i)
{
    const struct fh_promise_result *r = &result->results[i];
    fh_buf_printf(out,
                  "%s %s %llu/%llu",
                  result->promises.items[i].id,
                  fh_promise_outcome_text(r->outcome),
                  (unsigned long long)r->failing,
                  (unsigned long long)r->total);
    if (result->promises.items[i].category != FH_PROMISE_SCHEMA && r->measured[0] != '\0') {
        fh_buf_printf(out, " %s", r->measured);
    }
    if (r->outcome == FH_PROMISE_NOT_RUN) {
        fh_buf_printf(out, ": %s", r->reason);
    }
    fh_buf_add_u8(out, '\n');
}

/* Everything but sources, presence and types that hold. */
static void over(const struct fh_checks_result *result, const struct fh_err *err, void *user)
{
    struct checks_run *run = user;
    run->over = true;
    if (result == NULL) {
        run->err = *err;
        return;
    }
    run->failed = result->failed;
    for (uint32_t i = 0; i < result->promises.count; i++) {
        enum fh_promise_kind kind = result->promises.items[i].kind;
        bool dull =
            (kind == FH_PROMISE_SOURCE || kind == FH_PROMISE_PRESENT || kind == FH_PROMISE_TYPE) &&
            result->results[i].outcome == FH_PROMISE_PASSED;
        if (!dull) {
            put_result(&run->text, result, i);
        }
    }
    for (uint32_t i = 0; i < result->sample_count; i++) {
        const struct fh_checks_sample *sample = &result->samples[i];
        fh_buf_printf(&run->text, "sample %s\n", result->promises.items[sample->promise].id);
        for (uint32_t k = 0; k < sample->row_count * sample->column_count; k++) {
            fh_buf_printf(&run->text,
                          "%s=%s%s",
                          sample->columns[k % sample->column_count],
                          sample->cells[k] == NULL ? "NULL" : sample->cells[k],
                          (k + 1) % sample->column_count == 0 ? "\n" : " ");
        }
    }
}

/* `schema` is the text below "schema:"; more top-level keys may follow. */
static struct fh_contract *
contract(struct fh_arena *arena, const char *path, const char *format, const char *schema)
{
    struct fh_contract *read = NULL;
    struct fh_findings findings;
    struct fh_err err = {0};
    char *yaml = fh_arena_printf(
        arena,
        "apiVersion: %s\nkind: DataContract\nid: t\nname: t\nversion: 1.0.0\nstatus: active\n"
        "servers:\n  - server: files\n    type: local\n    path: %s\n    format: %s\nschema:\n%s",
        strstr(schema, "enum:") != NULL ? "v3.2.0" : "v3.1.0",
        path,
        format,
        schema);
    fh_findings_init(&findings, arena);
    assert_non_null(yaml);
    int code = fh_contract_read(&read, fh_bytes_cstr(yaml), &findings, &err);
    if (code != FH_OK || fh_findings_ok(&findings, &err) != FH_OK) {
        fail_msg("%s\n%s", err.text, yaml);
    }
    return read;
}

void checks_do(struct checks_run *run,
               const char *path,
               const char *format,
               const char *schema,
               uint32_t samples)
{
    struct fh_arena *arena = fh_arena_new(32 * 1024 * 1024);
    struct fh_err err = {0};
    *run = (struct checks_run){.over = false};
    fh_buf_init(&run->text, 256 * 1024);
    assert_non_null(arena);
    struct fh_checks_options options = {
        .loop = rig.loop,
        .workers = rig.workers,
        .contract = contract(arena, path, format, schema),
        .data_root = rig.scratch.path,
        .samples = samples,
        .now_ms = now_ms,
        .memory_mib = 512,
        .threads = 2,
        .timeout_ms = 60000,
    };
    int code = fh_checks_begin(&options, over, run, &err);
    if (code != FH_OK) {
        fail_msg("%s", err.text);
    }
    while (!run->over) {
        fh_loop_run_once(rig.loop, 100);
    }
    fh_arena_free(arena);
}

void checks_expect(const struct checks_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct checks_run run;
        checks_do(&run, rows[i].path, rows[i].format, rows[i].schema, 0);
        if (run.err.code != FH_OK) {
            fail_msg("%s: %s", rows[i].name, run.err.text);
        }
        if (strcmp(fh_buf_cstr(&run.text), rows[i].expected) != 0) {
            fail_msg(
                "%s:\n%s\nexpected:\n%s", rows[i].name, fh_buf_cstr(&run.text), rows[i].expected);
        }
        fh_buf_fini(&run.text);
    }
}
