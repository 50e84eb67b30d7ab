/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much the promises of a contract cost, against one full scan of its data.
 *
 *     fh-checks-watch FOLDER RUNS
 *
 * FOLDER holds flights-3m.parquet. Full scan: one aggregate that touches every column that a rule
 * looks at, `bit_xor(hash(column))`, the cheapest that Parquet's statistics cannot answer. Both are
 * asked of one worker as PROBE questions and take its own time of the scan; the fastest of RUNS
 * counts. The rules are asked as `probing` asks them of Parquet: screens first, and the data here
 * keep their promises, or it stops. Prints, divided by tabs: rules, full scan in us, rules in us,
 * then each alone in us: a pattern that only RE2 can match, and a duplicateValues rule over all
 * columns, which no scan can be compared with: it remembers every row.
 */
#include "node/quality/expression.h"
#include "proto/contract/contract_read.h"
#include "tests/node/worker/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 2, PROBES_MAX = 64 };

static const char contract_text[] =
    "apiVersion: v3.1.0\nkind: DataContract\nid: f\nname: flights\nversion: 1.0.0\n"
    "status: active\nschema:\n  - name: flights\n    properties:\n"
    "      - name: date\n        logicalType: timestamp\n        required: true\n"
    "        logicalTypeOptions: {minimum: '2001-01-01T00:00:00', maximum: "
    "'2001-07-01T00:00:00'}\n"
    "      - name: delay\n        logicalType: integer\n        required: true\n"
    "        logicalTypeOptions: {minimum: -1440, maximum: 2880}\n"
    "      - name: distance\n        logicalType: integer\n        required: true\n"
    "        logicalTypeOptions: {minimum: 1, maximum: 6000}\n"
    "      - name: origin\n        logicalType: string\n        required: true\n"
    "        logicalTypeOptions: {minLength: 3, maxLength: 3, pattern: '^[A-Z]{3}$'}\n"
    "      - name: destination\n        logicalType: string\n        required: true\n"
    "        logicalTypeOptions: {pattern: '^[A-Z]{3}$'}\n"
    "        quality:\n"
    "          - {metric: invalidValues, arguments: {pattern: '^([A-Z]|[0-9])+[A-Z]$'}, mustBe: "
    "0}\n"
    "    quality:\n"
    "      - {metric: rowCount, mustBe: 3000000}\n"
    "      - {metric: duplicateValues, arguments: {properties: [date, delay, distance, origin, "
    "destination]}, mustBeLessThan: 1, unit: percent}\n";

static FH_NORETURN void stop(const char *what, const struct fh_err *err)
{
    fprintf(stderr, "fh-checks-watch: %s: %s\n", what, err->text);
    exit(1);
}

/* Probes of the contract: those of one scan, and two that are asked alone. */
struct probes {
    struct fh_probe rules[PROBES_MAX];
    bool screened[PROBES_MAX];
    uint32_t count;
    struct fh_probe pattern;
    struct fh_probe repeats;
};

static void add_probe(struct probes *out,
                      enum fh_promise_kind kind,
                      const struct fh_expression *expression,
                      struct fh_arena *arena)
{
    const struct fh_buf *first =
        expression->screen.size > 0 ? &expression->screen : &expression->aggregate;
    struct fh_probe probe = {
        .sql = fh_arena_string(arena, fh_buf_view(first)),
        .column_count = expression->column_count,
        .columns = expression->columns,
    };
    if (kind == FH_PROMISE_INVALID_VALUES) {
        out->pattern = probe;
    } else if (kind == FH_PROMISE_DUPLICATE_VALUES) {
        out->repeats = probe;
    } else {
        out->screened[out->count] = first == &expression->screen;
        out->rules[out->count++] = probe;
    }
}

static void
write_probes(const struct fh_contract *contract, struct fh_arena *arena, struct probes *out)
{
    struct fh_promises promises;
    struct fh_err err = {0};
    *out = (struct probes){.count = 0};
    if (fh_promises_make(&promises, contract, arena, &err) != FH_OK) {
        stop("promises", &err);
    }
    for (uint32_t i = 0; i < promises.count && out->count < PROBES_MAX; i++) {
        struct fh_expression expression;
        if (!fh_expression_is_probe(promises.items[i].kind)) {
            continue;
        }
        fh_expression_init(&expression);
        if (fh_expression_write(
                &expression, &promises.items[i], &contract->tables.items[0], false, arena, &err) !=
            FH_OK) {
            stop(promises.items[i].id, &err);
        }
        add_probe(out, promises.items[i].kind, &expression, arena);
        fh_expression_fini(&expression);
    }
}

/* A screen that is not clean would ask for a second round, which this does not measure. */
static void
expect_clean(const struct fh_probe *probe, const struct fh_probe_result *found, bool screened)
{
    if (found->state == FH_PROBE_REFUSED) {
        fprintf(stderr, "%s: %s\n", probe->sql, found->reason);
        exit(1);
    }
    if (screened && found->value != 0) {
        fprintf(stderr, "the data break a promise: %s\n", probe->sql);
        exit(1);
    }
}

/* `screened`: which of the probes are screens, or NULL: none. */
static uint64_t fastest(struct fh_worker *worker,
                        const struct fh_table *table,
                        const struct fh_probe *probes,
                        const bool *screened,
                        uint32_t count,
                        int file,
                        int runs)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < runs; i++) {
        struct fh_err err = {0};
        struct fh_channel_probed probed;
        struct fh_channel_probe probe = {.table = *table, .probes = probes, .probe_count = count};
        struct fh_arena *arena = fh_arena_new(1024 * 1024);
        if (arena == NULL ||
            fh_worker_probe(worker, &probe, &file, 1, arena, &probed, rig_soon(60000), &err) !=
                FH_OK) {
            stop("probe", &err);
        }
        for (uint32_t k = 0; k < count; k++) {
            expect_clean(&probes[k], &probed.results[k], screened != NULL && screened[k]);
        }
        best = probed.elapsed_us < best ? probed.elapsed_us : best;
        fh_arena_free(arena);
    }
    return best;
}

int main(int argc, char **argv)
{
    static const uint32_t columns[] = {0, 1, 2, 3, 4};
    struct fh_probe scan[FH_COUNT(columns)];
    struct probes probes;
    struct rig rig;
    struct fh_err err = {0};
    struct fh_contract *contract = NULL;
    struct fh_findings findings;
    char path[4096];
    int runs = argc == 3 ? atoi(argv[2]) : 0;
    if (runs < 1) {
        fprintf(stderr, "usage: fh-checks-watch FOLDER RUNS\n");
        return 2;
    }
    rig_up(&rig);
    fh_findings_init(&findings, rig.arena);
    if (fh_contract_read(&contract, fh_bytes_cstr(contract_text), &findings, &err) != FH_OK ||
        fh_findings_ok(&findings, &err) != FH_OK) {
        stop("contract", &err);
    }
    for (size_t i = 0; i < FH_COUNT(columns); i++) {
        scan[i] = (struct fh_probe){
            .sql = fh_arena_printf(rig.arena, "CAST(bit_xor(hash(r%zu)) >> 1 AS BIGINT)", i),
            .column_count = 1,
            .columns = &columns[i],
        };
    }
    write_probes(contract, rig.arena, &probes);
    struct fh_table table = rig_table(&rig,
                                      "a.flights.flights",
                                      FH_SOURCE_PARQUET,
                                      "date TIMESTAMP, delay BIGINT, distance BIGINT, origin "
                                      "VARCHAR, destination VARCHAR");
    snprintf(path, sizeof path, "%s/flights-3m.parquet", argv[1]);
    int file = rig_open(&rig, path);
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_CHECK, THREADS);
    uint64_t full = fastest(worker, &table, scan, NULL, FH_COUNT(scan), file, runs);
    uint64_t rules =
        fastest(worker, &table, probes.rules, probes.screened, probes.count, file, runs);
    uint64_t pattern = fastest(worker, &table, &probes.pattern, NULL, 1, file, runs);
    uint64_t repeats = fastest(worker, &table, &probes.repeats, NULL, 1, file, runs < 3 ? runs : 3);
    printf("%u\t%llu\t%llu\t%llu\t%llu\n",
           probes.count,
           (unsigned long long)full,
           (unsigned long long)rules,
           (unsigned long long)pattern,
           (unsigned long long)repeats);
    close(file);
    rig_release(&rig, worker);
    rig_down(&rig);
    return 0;
}
