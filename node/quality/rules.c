/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/rules.h"

#include "common/limits.h"
#include "common/time.h"
#include "node/quality/subject.h"
#include "node/query/gate.h"
#include "node/query/prescan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    RULE_MS = 30000, /* of one rule; a whole check has its own deadline */
    RULE_ARENA_BYTES = 8 * 1024 * 1024,
    SQL_BYTES_MAX = FH_CHANNEL_RUN_BYTES_MAX - 4096,
};

bool fh_rules_has(enum fh_promise_kind kind)
{
    return kind == FH_PROMISE_SQL || kind == FH_PROMISE_RELATIONSHIP ||
           kind == FH_PROMISE_FREQUENCY;
}

/* ---- views ---- */

static int add_view(struct fh_rules *rules, uint32_t index, const char *name, struct fh_err *err)
{
    const struct fh_check_source *source = &rules->sources->items[index];
    struct fh_table table = source->table;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(RULE_ARENA_BYTES);
    struct fh_column *columns =
        arena == NULL ? NULL : fh_arena_array(arena, table.column_count, sizeof *columns);
    if (columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a view");
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < table.column_count; i++) {
        if (rules->missing[index][i] == 0) {
            columns[count++] = table.columns[i];
        }
    }
    if (count == 0) {
        return FH_OK;
    }
    table.table = name;
    table.columns = columns;
    table.column_count = count;
    int code = fh_worker_tables(rules->worker, &table, 1, &source->fd, 1, rules->deadline_ms, err);
    rules->viewed[index] = rules->viewed[index] || code == FH_OK;
    return fh_worker_dead(rules->worker) || code == FH_ETIMEOUT ? code : FH_OK;
}

/* Whether the physical name is one under which no other table stands already. */
static bool is_second_name(const struct fh_contract *contract, uint32_t index)
{
    const char *name = contract->tables.items[index].physical_name;
    if (name == NULL || name[0] == '\0' || strlen(name) > FH_NAME_BYTES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < contract->tables.count; i++) {
        const struct fh_contract_table *other = &contract->tables.items[i];
        if (strcasecmp(other->name, name) == 0 || (i < index && other->physical_name != NULL &&
                                                   strcasecmp(other->physical_name, name) == 0)) {
            return false;
        }
    }
    return true;
}

int fh_rules_begin(struct fh_rules *rules, struct fh_err *err)
{
    int code = FH_OK;
    for (uint32_t i = 0; code == FH_OK && i < rules->sources->count; i++) {
        if (rules->missing[i] == NULL) {
            continue;
        }
        code = add_view(rules, i, rules->contract->tables.items[i].name, err);
        if (code == FH_OK && is_second_name(rules->contract, i)) {
            code = add_view(rules, i, rules->contract->tables.items[i].physical_name, err);
        }
    }
    return code;
}

/* ---- one value ---- */

/* The one cell of an answer. */
struct answer {
    bool is_null;
    char text[FH_DECIMAL_BYTES]; /* a decimal in normal form, "true" or "false" */
};

static int read_answer(struct answer *out, const struct fh_batch *batch, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, 4096);
    if (batch->column_count != 1 || batch->rows != 1) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "rule.answer",
                           "the query must give one number or Boolean; it gave %" PRIu32
                           " columns and %" PRIu32 " rows or more",
                           batch->column_count,
                           batch->rows);
    }
    struct fh_cell cell = fh_batch_cell(&batch->columns[0], 0);
    if (cell.kind == FH_CELL_NULL) {
        out->is_null = true;
        return FH_OK;
    }
    if (cell.kind == FH_CELL_BOOL) {
        snprintf(out->text, sizeof out->text, "%s", cell.integer != 0 ? "true" : "false");
        return FH_OK;
    }
    bool number = cell.type.code >= FH_TYPE_INT8 && cell.type.code <= FH_TYPE_DECIMAL;
    fh_cell_text(&cell, &text);
    if (!number) {
        return fh_err_rule(
            err, FH_ECHECK, "rule.answer", "the query must give a number or a Boolean");
    }
    out->is_null = !fh_decimal_normalise(out->text, fh_buf_cstr(&text)); /* NaN, infinity */
    return FH_OK;
}

/* Runs SQL that may run to its one value. */
static int ask(struct fh_rules *rules, struct fh_bytes sql, struct answer *out, struct fh_err *err)
{
    int64_t soon = fh_clock_mono_ms() + RULE_MS;
    struct fh_channel_run run = {.sql = sql, .rows_max = 2, .window = 1};
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(RULE_ARENA_BYTES);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    uint64_t rows = 0;
    struct fh_err bad = {0};
    int code = fh_worker_run(
        rules->worker, &run, soon < rules->deadline_ms ? soon : rules->deadline_ms, err);
    while (code == FH_OK) {
        struct fh_worker_event event;
        struct fh_batch batch;
        code = fh_worker_next(rules->worker, &event, err);
        if (code != FH_OK || event.kind == FH_WORKER_END) {
            break;
        }
        if (event.kind != FH_WORKER_BATCH) {
            fh_worker_kill(rules->worker); /* there is nothing remote to scan */
            return fh_err_set(err, FH_EPROTO, "the worker asked for what is not there");
        }
        if (rows == 0 && event.rows > 0 &&
            fh_batch_parse(&batch, event.batch, arena, &bad) == FH_OK) {
            (void)read_answer(out, &batch, &bad);
        }
        rows += event.rows;
        fh_worker_credit(rules->worker, 1);
    }
    if (code == FH_ETOOBIG && strcmp(err->rule, "query.rows") == 0) {
        code = fh_err_rule(err, FH_ECHECK, "rule.answer", "the query gives more than one row");
    } else if (code == FH_OK && bad.code != FH_OK) {
        *err = bad;
        code = bad.code;
    } else if (code == FH_OK && rows == 0) {
        out->is_null = true;
    }
    return code;
}

/* ---- SQL of the author ---- */

void fh_rules_query(struct fh_buf *out, const struct fh_promise *promise)
{
    static const struct {
        const char *mark;
        bool column;
    } marks[] = {
        {"{object}", false},
        {"{table}", false},
        {"{schema}", false},
        {"{model}", false},
        {"{property}", true},
        {"{column}", true},
        {"{field}", true},
    };
    for (const char *at = promise->quality->query; *at != '\0';) {
        const char *mark = *at == '$' ? at + 1 : at;
        size_t found = 0;
        while (found < FH_COUNT(marks) &&
               strncmp(mark, marks[found].mark, strlen(marks[found].mark)) != 0) {
            found++;
        }
        if (found == FH_COUNT(marks) || (marks[found].column && promise->of == NULL)) {
            fh_buf_add_u8(out, (uint8_t)*at++);
            continue;
        }
        fh_subject_put_name(out,
                            !marks[found].column        ? promise->table_name
                            : promise->of->name != NULL ? promise->of->name
                                                        : promise->column_name);
        at = mark + strlen(marks[found].mark);
    }
}

/* Every table of the query must be one of the contract. */
static int
check_tables(const struct fh_rules *rules, const struct fh_gate *gate, struct fh_err *err)
{
    for (uint32_t i = 0; i < gate->table_count; i++) {
        const struct fh_gate_table *named = &gate->tables[i];
        bool known = false;
        for (uint32_t k = 0; k < rules->contract->tables.count; k++) {
            const struct fh_contract_table *table = &rules->contract->tables.items[k];
            bool second = is_second_name(rules->contract, k) &&
                          strcasecmp(table->physical_name, named->name) == 0;
            if (!second && strcasecmp(table->name, named->name) != 0) {
                continue;
            }
            known = true;
            if (!rules->viewed[k]) {
                return fh_err_rule(err,
                                   FH_EIO,
                                   "source.unavailable",
                                   "the table %.63s cannot be read",
                                   table->name);
            }
        }
        if (!known || named->schema[0] != '\0' || named->catalog[0] != '\0') {
            return fh_err_rule(err,
                               FH_EDENIED,
                               "rule.table",
                               "the query reads %.63s%s%.63s, which is no table of the contract",
                               named->schema,
                               named->schema[0] != '\0' ? "." : "",
                               named->name);
        }
    }
    return FH_OK;
}

static int pass_gate(struct fh_rules *rules, struct fh_buf *sql, struct fh_err *err)
{
    struct fh_prescan scanned;
    struct fh_gate gate;
    FH_CLEANUP(fh_buf_fini) struct fh_buf tree;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(RULE_ARENA_BYTES);
    fh_buf_init(&tree, FH_AST_BYTES_MAX);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a rule");
    }
    int code = fh_prescan(&scanned, fh_buf_view(sql), err);
    if (code == FH_OK) {
        code = fh_worker_parse(rules->worker, fh_buf_view(sql), &tree, err);
    }
    if (code == FH_OK) {
        code = fh_gate_check(&gate, fh_buf_view(&tree), arena, err);
    }
    if (code == FH_OK && gate.param_count > 0) {
        return fh_err_rule(err,
                           FH_ESQL,
                           "sql.gate.parameter",
                           "the SQL of a rule has no parameters; nobody would give them values");
    }
    return code == FH_OK ? check_tables(rules, &gate, err) : code;
}

/* ---- SQL of the node ---- */

/* "table.column" or "schema/table/properties/column" (by id, else by name) of this contract. */
static bool find_reference(const struct fh_contract *contract,
                           const char *text,
                           const struct fh_contract_table **out_table,
                           const struct fh_contract_column **out_column)
{
    char table[FH_NAME_BYTES_MAX + 1];
    char column[FH_COLUMN_NAME_BYTES_MAX + 1];
    text += *text == '#' ? 1 : 0;
    text += *text == '/' ? 1 : 0;
    int end = 0; /* what goes on behind the column is a field of it, which no view has */
    if (sscanf(text, "schema/%63[^/]/properties/%255[^/]%n", table, column, &end) == 2) {
        for (size_t i = 0; i < contract->tables.count; i++) {
            const struct fh_contract_table *at = &contract->tables.items[i];
            bool is_it = strcmp(at->id != NULL ? at->id : at->name, table) == 0;
            for (size_t k = 0; is_it && text[end] == '\0' && k < at->columns.count; k++) {
                const struct fh_contract_column *inner = &at->columns.items[k];
                if (strcmp(inner->id != NULL ? inner->id : inner->name, column) == 0) {
                    *out_table = at;
                    *out_column = inner;
                    return true;
                }
            }
        }
        return false;
    }
    if (strchr(text, '/') != NULL || sscanf(text, "%63[^.].%255[^.]%n", table, column, &end) != 2 ||
        text[end] != '\0') {
        return false;
    }
    *out_table = fh_contract_table(contract, table);
    *out_column = *out_table == NULL ? NULL : fh_contract_column(*out_table, column);
    return *out_column != NULL;
}

static bool is_viewed(const struct fh_rules *rules,
                      const struct fh_contract_table *table,
                      const struct fh_contract_column *column)
{
    size_t at = (size_t)(table - rules->contract->tables.items);
    size_t in = (size_t)(column - table->columns.items);
    return rules->viewed[at] && rules->missing[at][in] == 0;
}

/* One pair of a relationship: `from` is NULL where it stands at the column itself. */
static int put_pair(struct fh_rules *rules,
                    const struct fh_promise *promise,
                    const char *from,
                    const char *to,
                    const struct fh_contract_table **out_to,
                    struct fh_buf *nulls,
                    struct fh_buf *equal,
                    struct fh_err *err)
{
    const struct fh_contract_table *own = &rules->contract->tables.items[promise->table];
    const struct fh_contract_table *table = own;
    const struct fh_contract_column *column = promise->of;
    const struct fh_contract_column *other = NULL;
    if (from != NULL && (!find_reference(rules->contract, from, &table, &column) || table != own)) {
        return fh_err_set(err, FH_EINVAL, "\"%.80s\" is no column of this table", from);
    }
    if (!find_reference(rules->contract, to, &table, &other)) {
        return fh_err_set(err,
                          FH_EINVAL,
                          "\"%.80s\" is no column of this contract; other contracts are not read",
                          to);
    }
    if ((*out_to != NULL && *out_to != table) || !is_viewed(rules, own, column) ||
        !is_viewed(rules, table, other)) {
        return fh_err_set(err, FH_EINVAL, "one of its columns cannot be read");
    }
    *out_to = table;
    const char *and = equal->size == 0 ? "" : " AND ";
    fh_buf_printf(nulls, "%s a.", and);
    fh_subject_put_name(nulls, column->name);
    fh_buf_add_cstr(nulls, " IS NOT NULL");
    fh_buf_printf(equal, "%s a.", and);
    fh_subject_put_name(equal, column->name);
    fh_buf_add_cstr(equal, " = b.");
    fh_subject_put_name(equal, other->name);
    return FH_OK;
}

static int put_relationship(struct fh_rules *rules,
                            const struct fh_promise *promise,
                            struct fh_buf *sql,
                            struct fh_err *err)
{
    const struct fh_contract_refs *from = &promise->relationship->from;
    const struct fh_contract_refs *to = &promise->relationship->to;
    const struct fh_contract_table *other = NULL;
    FH_CLEANUP(fh_buf_fini) struct fh_buf nulls;
    FH_CLEANUP(fh_buf_fini) struct fh_buf equal;
    fh_buf_init(&nulls, SQL_BYTES_MAX);
    fh_buf_init(&equal, SQL_BYTES_MAX);
    bool by_column = promise->of != NULL;
    if (to->count == 0 || (by_column ? to->count != 1 : from->count != to->count)) {
        return fh_err_set(err, FH_EINVAL, "from and to do not pair");
    }
    int code = FH_OK;
    for (size_t i = 0; code == FH_OK && i < to->count; i++) {
        code = put_pair(rules,
                        promise,
                        by_column ? NULL : from->items[i],
                        to->items[i],
                        &other,
                        &nulls,
                        &equal,
                        err);
    }
    if (code == FH_OK) {
        fh_buf_add_cstr(sql, "SELECT count(*) FROM ");
        fh_subject_put_name(sql, promise->table_name);
        fh_buf_printf(sql, " a WHERE%s AND NOT EXISTS (SELECT 1 FROM ", fh_buf_cstr(&nulls));
        fh_subject_put_name(sql, other->name);
        fh_buf_printf(sql, " b WHERE%s)", fh_buf_cstr(&equal));
    }
    return code;
}

static int put_gap(struct fh_rules *rules,
                   const struct fh_promise *promise,
                   struct fh_buf *sql,
                   struct fh_err *err)
{
    const struct fh_contract_table *table = &rules->contract->tables.items[promise->table];
    if (!is_viewed(rules, table, promise->of)) {
        return fh_err_set(err, FH_EINVAL, "the column cannot be read");
    }
    fh_buf_add_cstr(sql,
                    "SELECT max(gap) FROM (SELECT t - lag(t) OVER (ORDER BY t) AS gap FROM (SELECT "
                    "DISTINCT epoch_ms(CAST(");
    fh_subject_put_name(sql, promise->of->name);
    fh_buf_add_cstr(sql, " AS TIMESTAMP)) AS t FROM ");
    fh_subject_put_name(sql, promise->table_name);
    fh_buf_add_cstr(sql, ") WHERE t IS NOT NULL)");
    return FH_OK;
}

/* ---- all of it ---- */

static int write_sql(struct fh_rules *rules,
                     const struct fh_promise *promise,
                     struct fh_buf *sql,
                     struct fh_err *err)
{
    if (promise->kind == FH_PROMISE_RELATIONSHIP) {
        return put_relationship(rules, promise, sql, err);
    }
    if (promise->kind == FH_PROMISE_FREQUENCY) {
        return put_gap(rules, promise, sql, err);
    }
    fh_rules_query(sql, promise);
    int code = fh_buf_ok(sql);
    return code == FH_OK
               ? pass_gate(rules, sql, err)
               : fh_err_set(err, code, "the query is longer than %d bytes", SQL_BYTES_MAX);
}

static void tell_failure(struct fh_promise_result *out, const struct fh_err *err)
{
    if (err->code == FH_ESQL && strcmp(err->rule, "sql.runtime") == 0) {
        fh_promise_not_run(out, "%.150s while the rows were read (sql.runtime)", err->text);
    } else if (err->rule[0] != '\0') {
        fh_promise_not_run(out, "%.190s (%s)", err->text, err->rule);
    } else {
        fh_promise_not_run(out, "%.240s", err->text);
    }
}

void fh_rules_run(struct fh_rules *rules,
                  const struct fh_promise *promise,
                  struct fh_promise_result *out)
{
    struct fh_err err = {0};
    struct answer answer = {0};
    struct fh_measured measured = {.kind = FH_MEASURED_NUMBER, .text = answer.text};
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    if (fh_worker_dead(rules->worker)) {
        fh_promise_not_run(out, "the engine was stopped by a rule before this one");
        return;
    }
    int code = write_sql(rules, promise, &sql, &err);
    if (code == FH_OK) {
        code = ask(rules, fh_buf_view(&sql), &answer, &err);
    }
    if (code != FH_OK) {
        tell_failure(out, &err);
        return;
    }
    measured.total = promise->table == FH_PROMISE_NONE ? 0 : rules->rows[promise->table];
    if (answer.is_null) {
        measured.kind = FH_MEASURED_NOTHING;
    } else if (promise->kind == FH_PROMISE_RELATIONSHIP) {
        measured.kind = FH_MEASURED_COUNT;
        (void)sscanf(answer.text, "%" SCNu64, &measured.count);
    } else if (promise->kind == FH_PROMISE_FREQUENCY) {
        measured.kind = FH_MEASURED_SPAN;
        (void)sscanf(answer.text, "%" SCNd64, &measured.ms);
    }
    fh_promise_judge(out, promise, &measured, rules->now_ms);
    if (promise->kind == FH_PROMISE_FREQUENCY && answer.is_null) {
        fh_promise_not_run(out, "fewer than two times are there to compare");
    }
}
