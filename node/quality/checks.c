/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/checks.h"

#include "common/assert.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/pool.h"
#include "node/query/workers.h"

#include <stdio.h>
#include <unistd.h>

enum { ARENA_BYTES = 32 * 1024 * 1024, FINDINGS_MAX = 1000, SETUP_MS = 5000 };

struct checks {
    struct fh_checks_options options;
    fh_checks_fn *fn;
    void *user;
    struct fh_arena *arena;
    struct fh_worker *worker;
    size_t table_count;
    struct fh_table *tables;
    int *files; /* one a table */
    size_t file_count;
    struct fh_checks_result result;
    int code;
    struct fh_err err;
};

static void free_checks(struct checks *checks)
{
    for (size_t i = 0; i < checks->file_count; i++) {
        close(checks->files[i]);
    }
    fh_worker_release(checks->worker);
    fh_arena_free(checks->arena);
    fh_free(checks);
}

static void add_finding(struct checks *checks,
                        const char *table,
                        const char *column,
                        const char *rule,
                        bool error,
                        uint64_t count,
                        const char *text)
{
    if (checks->result.finding_count == FINDINGS_MAX) {
        return;
    }
    struct fh_msg_finding *finding = &checks->result.findings[checks->result.finding_count++];
    *finding = (struct fh_msg_finding){.error = error, .count = count};
    snprintf(finding->table, sizeof finding->table, "%s", table);
    snprintf(finding->column, sizeof finding->column, "%s", column);
    snprintf(finding->rule, sizeof finding->rule, "check.%s", rule);
    snprintf(finding->text, sizeof finding->text, "%s", text);
    checks->result.failed = checks->result.failed || error;
}

static void
tell_finding(struct checks *checks, const struct fh_table *table, const struct fh_finding *found)
{
    const struct fh_column *column = &table->columns[found->column];
    char type[FH_TYPE_TEXT_BYTES];
    char text[256];
    fh_type_text(type, column->type);
    unsigned long long count = found->count;
    switch (found->rule) {
    case FH_FINDING_MISSING:
        snprintf(text, sizeof text, "the source has no column \"%s\"", column->source);
        break;
    case FH_FINDING_TYPE:
        snprintf(text, sizeof text, "%llu values are no %s, as the contract promises", count, type);
        break;
    case FH_FINDING_REQUIRED:
        snprintf(text, sizeof text, "%llu values are missing, but the column is required", count);
        break;
    case FH_FINDING_UNIQUE:
        snprintf(text, sizeof text, "%llu rows repeat a value, but the column is unique", count);
        break;
    case FH_FINDING_KEY:
        snprintf(text, sizeof text, "%llu rows repeat the primary key", count);
        break;
    case FH_FINDING_RULE_COUNT:
        return;
    }
    add_finding(checks,
                table->table,
                column->name,
                fh_finding_rule_text(found->rule),
                true,
                found->count,
                text);
}

/* Pool thread. */
static int check_table(struct checks *checks, size_t index, int64_t deadline_ms)
{
    const struct fh_table *table = &checks->tables[index];
    struct fh_channel_checked checked;
    int rc = fh_worker_check(checks->worker,
                             table,
                             &checks->files[index],
                             1,
                             checks->arena,
                             &checked,
                             deadline_ms,
                             &checks->err);
    if (rc != FH_OK) {
        fh_err_wrap(&checks->err, "table %s", table->table);
        return rc;
    }
    for (uint32_t i = 0; i < checked.finding_count; i++) {
        if (checked.findings[i].column < table->column_count) {
            tell_finding(checks, table, &checked.findings[i]);
        }
    }
    char text[256];
    snprintf(text,
             sizeof text,
             "%llu rows, %u columns",
             (unsigned long long)checked.rows,
             (unsigned)table->column_count);
    add_finding(checks, table->table, "", "rows", false, checked.rows, text);
    return FH_OK;
}

/* Pool thread. */
static void work(void *user)
{
    struct checks *checks = user;
    int64_t now = fh_clock_mono_ms();
    int64_t deadline = now + checks->options.timeout_ms;
    checks->code = fh_worker_setup(checks->worker,
                                   FH_WORKER_CHECK,
                                   checks->options.memory_mib,
                                   2,
                                   now + SETUP_MS,
                                   &checks->err);
    for (size_t i = 0; checks->code == FH_OK && i < checks->table_count; i++) {
        checks->code = check_table(checks, i, deadline);
    }
}

static void finish(void *user)
{
    struct checks *checks = user;
    bool well = checks->code == FH_OK;
    checks->fn(well ? &checks->result : NULL, well ? NULL : &checks->err, checks->user);
    free_checks(checks);
}

/* ---- setting up ---- */

static unsigned flags_of(const struct fh_contract_column *column)
{
    unsigned flags = 0;
    if (column->required == FH_CONTRACT_TRUE) {
        flags |= FH_COLUMN_REQUIRED;
    }
    if (column->unique == FH_CONTRACT_TRUE) {
        flags |= FH_COLUMN_UNIQUE;
    }
    if (column->primary_key == FH_CONTRACT_TRUE) {
        flags |= FH_COLUMN_KEY;
    }
    return flags;
}

static int set_up_table(struct checks *checks, size_t index, struct fh_err *err)
{
    const struct fh_source_table *mapped = &checks->options.mapping->tables[index];
    const struct fh_contract_table *promised =
        fh_contract_table(checks->options.contract, mapped->name);
    struct fh_column *columns =
        fh_arena_array(checks->arena, mapped->column_count, sizeof *columns);
    if (columns == NULL || promised == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for checks");
    }
    for (size_t i = 0; i < mapped->column_count; i++) {
        const struct fh_source_column *from = &mapped->columns[i];
        const struct fh_contract_column *column = fh_contract_column(promised, from->name);
        columns[i].name = from->name;
        columns[i].source = from->source_name;
        columns[i].flags = column == NULL ? 0 : flags_of(column);
        int rc = fh_type_parse(&columns[i].type, fh_bytes_cstr(from->sql_type), err);
        if (rc != FH_OK) {
            return rc;
        }
    }
    checks->tables[index] = (struct fh_table){
        .domain = "checked",
        .product = "checked",
        .table = mapped->name,
        .number = (unsigned)index,
        .format = fh_source_format_parse(mapped->format),
        .file_count = 1,
        .columns = columns,
        .column_count = (uint32_t)mapped->column_count,
    };
    int rc =
        fh_file_open_beneath(checks->options.data_root, mapped->path, &checks->files[index], err);
    if (rc != FH_OK) {
        fh_err_wrap(err, "table %s: %s", mapped->name, checks->options.data_root);
        snprintf(err->rule, sizeof err->rule, "source.unavailable");
        return rc;
    }
    checks->file_count = index + 1;
    return FH_OK;
}

int fh_checks_begin(const struct fh_checks_options *options,
                    fh_checks_fn *fn,
                    void *user,
                    struct fh_err *err)
{
    struct checks *checks = fh_calloc(1, sizeof *checks);
    if (checks == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for checks");
    }
    checks->options = *options;
    checks->fn = fn;
    checks->user = user;
    checks->table_count = options->mapping->table_count;
    checks->arena = fh_arena_new(ARENA_BYTES);
    int rc = FH_OK;
    if (checks->arena != NULL) {
        checks->tables = fh_arena_array(checks->arena, checks->table_count, sizeof *checks->tables);
        checks->files = fh_arena_array(checks->arena, checks->table_count, sizeof(int));
        checks->result.findings =
            fh_arena_array(checks->arena, FINDINGS_MAX, sizeof *checks->result.findings);
    }
    if (checks->arena == NULL || checks->tables == NULL || checks->files == NULL ||
        checks->result.findings == NULL) {
        rc = fh_err_set(err, FH_ENOMEM, "no memory for checks");
    }
    for (size_t i = 0; rc == FH_OK && i < checks->table_count; i++) {
        rc = set_up_table(checks, i, err);
    }
    if (rc == FH_OK) {
        rc = fh_workers_spawn(options->workers, &checks->worker, err);
    }
    if (rc == FH_OK) {
        rc = fh_pool_submit(options->loop, work, finish, checks, err);
    }
    if (rc != FH_OK) {
        free_checks(checks);
    }
    return rc;
}
