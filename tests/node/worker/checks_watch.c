/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much the promises of a contract cost, against one full scan of its data.
 *
 *     fh-checks-watch FOLDER RUNS
 *
 * FOLDER holds flights-3m.parquet. Full scan: one aggregate that touches every column that a rule
 * looks at, `bit_xor(hash(column))`, the cheapest that Parquet's statistics cannot answer. Both are
 * asked of one worker as PROBE questions and take its own time of the scan; the fastest of RUNS
 * counts. Prints, divided by tabs: rules, full scan in us, rules in us, and what a duplicateValues
 * rule over all columns costs in us, which no scan can be compared with: it remembers every row.
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
    "    quality:\n"
    "      - {metric: rowCount, mustBe: 3000000}\n"
    "      - {metric: duplicateValues, arguments: {properties: [date, delay, distance, origin, "
    "destination]}, mustBeLessThan: 1, unit: percent}\n";

static FH_NORETURN void stop(const char *what, const struct fh_err *err)
{
    fprintf(stderr, "fh-checks-watch: %s: %s\n", what, err->text);
    exit(1);
}

/* Probes of the contract: those of one scan, and the one over whole rows behind them. */
static uint32_t
write_probes(const struct fh_contract *contract, struct fh_arena *arena, struct fh_probe *out)
{
    struct fh_promises promises;
    struct fh_err err = {0};
    uint32_t count = 0;
    if (fh_promises_make(&promises, contract, arena, &err) != FH_OK) {
        stop("promises", &err);
    }
    for (uint32_t i = 0; i < promises.count && count < PROBES_MAX; i++) {
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
        out[count++] = (struct fh_probe){
            .sql = fh_arena_string(arena, fh_buf_view(&expression.aggregate)),
            .column_count = expression.column_count,
            .columns = expression.columns,
        };
        fh_expression_fini(&expression);
    }
    return count;
}

static uint64_t fastest(struct fh_worker *worker,
                        const struct fh_table *table,
                        const struct fh_probe *probes,
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
            if (probed.results[k].state == FH_PROBE_REFUSED) {
                fprintf(stderr, "%s: %s\n", probes[k].sql, probed.results[k].reason);
                exit(1);
            }
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
    struct fh_probe probes[PROBES_MAX];
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
    uint32_t count = write_probes(contract, rig.arena, probes) - 1;
    struct fh_table table = rig_table(&rig,
                                      "a.flights.flights",
                                      FH_SOURCE_PARQUET,
                                      "date TIMESTAMP, delay BIGINT, distance BIGINT, origin "
                                      "VARCHAR, destination VARCHAR");
    snprintf(path, sizeof path, "%s/flights-3m.parquet", argv[1]);
    int file = rig_open(&rig, path);
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_CHECK, THREADS);
    uint64_t full = fastest(worker, &table, scan, FH_COUNT(scan), file, runs);
    uint64_t rules = fastest(worker, &table, probes, count, file, runs);
    uint64_t repeats = fastest(worker, &table, &probes[count], 1, file, runs < 3 ? runs : 3);
    printf("%u\t%llu\t%llu\t%llu\n",
           count,
           (unsigned long long)full,
           (unsigned long long)rules,
           (unsigned long long)repeats);
    close(file);
    rig_release(&rig, worker);
    rig_down(&rig);
    return 0;
}
