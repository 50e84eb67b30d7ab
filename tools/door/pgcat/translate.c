/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/translate.h"

#include "tools/door/pgcat/translate_inner.h"

#include <stdio.h>
#include <string.h>

/* ---- queries ---- */

static bool begins_query(const struct fh_pgcat_token *token)
{
    return fh_pgcat_is_word(token, "select") || fh_pgcat_is_word(token, "with") ||
           fh_pgcat_is_word(token, "values") || fh_pgcat_is_word(token, "table");
}

bool fh_pgcat_query_follows(const struct fh_pgcat_translator *t)
{
    return begins_query(fh_pgcat_peek(t, 0));
}

bool fh_pgcat_query_in_brackets(const struct fh_pgcat_translator *t)
{
    size_t ahead = 0;
    while (fh_pgcat_is_sign(fh_pgcat_peek(t, ahead), "(")) {
        ahead++;
    }
    return ahead > 0 && begins_query(fh_pgcat_peek(t, ahead));
}

int fh_pgcat_expressions(struct fh_pgcat_translator *t, size_t *out_count)
{
    size_t count = 0;
    do {
        struct fh_pgcat_expr item;
        if (count > 0) {
            fh_pgcat_put(t, ", ");
        }
        int code = fh_pgcat_expression(t, &item);
        if (code != FH_OK) {
            return code;
        }
        count++;
    } while (fh_pgcat_take(t, ","));
    if (out_count != NULL) {
        *out_count = count;
    }
    return FH_OK;
}

int fh_pgcat_order_by(struct fh_pgcat_translator *t)
{
    fh_pgcat_put(t, " ORDER BY ");
    do {
        struct fh_pgcat_expr item;
        int code = fh_pgcat_expression(t, &item);
        if (code != FH_OK) {
            return code;
        }
        bool down = fh_pgcat_take(t, "desc");
        if (!down) {
            (void)fh_pgcat_take(t, "asc");
        }
        bool first = down; /* as PostgreSQL: NULL is larger than all */
        if (fh_pgcat_take(t, "nulls")) {
            first = fh_pgcat_take(t, "first");
            if (!first && !fh_pgcat_take(t, "last")) {
                return fh_pgcat_syntax(t, "FIRST or LAST");
            }
        }
        fh_pgcat_put(t, down ? " DESC" : " ASC");
        fh_pgcat_put(t, first ? " NULLS FIRST" : " NULLS LAST");
        if (fh_pgcat_next_is(t, ",")) {
            fh_pgcat_put(t, ", ");
        }
    } while (fh_pgcat_take(t, ","));
    return FH_OK;
}

static int with_queries(struct fh_pgcat_translator *t)
{
    fh_pgcat_put(t, fh_pgcat_take(t, "recursive") ? "WITH RECURSIVE " : "WITH ");
    do {
        const char *name = NULL;
        struct fh_pgcat_items items = {0};
        const char *columns[FH_PGCAT_SETS_MAX];
        size_t column_count = 0;
        int code = fh_pgcat_expect_name(t, &name);
        if (code != FH_OK) {
            return code;
        }
        if (t->query_count == FH_COUNT(t->queries)) {
            return fh_pgcat_unsupported(t, "so long a WITH");
        }
        t->queries[t->query_count++] = name;
        fh_pgcat_put_name(t, name);
        if (fh_pgcat_take(t, "(")) {
            fh_pgcat_put(t, "(");
            do {
                if (column_count == FH_COUNT(columns)) {
                    return fh_pgcat_unsupported(t, "so long a list of columns");
                }
                code = fh_pgcat_expect_name(t, &columns[column_count]);
                if (code != FH_OK) {
                    return code;
                }
                fh_pgcat_put(t, column_count > 0 ? ", " : "");
                fh_pgcat_put_name(t, columns[column_count++]);
            } while (fh_pgcat_take(t, ","));
            fh_pgcat_put(t, ")");
            code = fh_pgcat_expect(t, ")");
        }
        code = code == FH_OK ? fh_pgcat_expect(t, "as") : code;
        (void)fh_pgcat_take(t, "not");
        (void)fh_pgcat_take(t, "materialized");
        code = code == FH_OK ? fh_pgcat_expect(t, "(") : code;
        fh_pgcat_put(t, " AS (");
        code = code == FH_OK ? fh_pgcat_query(t, &items) : code;
        fh_pgcat_put(t, ")");
        code = code == FH_OK ? fh_pgcat_expect(t, ")") : code;
        if (code != FH_OK) {
            return code;
        }
        for (size_t i = 0; i < column_count && i < items.count; i++) {
            fh_pgcat_note_name(t, columns[i], items.list[i].type);
        }
        fh_pgcat_put(t, fh_pgcat_next_is(t, ",") ? ", " : " ");
    } while (fh_pgcat_take(t, ","));
    return FH_OK;
}

/* "*" and "t.*"; false when the item is an expression. */
static bool star(struct fh_pgcat_translator *t)
{
    if (fh_pgcat_take(t, "*")) {
        fh_pgcat_put(t, "*");
        return true;
    }
    size_t ahead = 0;
    while (fh_pgcat_peek(t, ahead)->kind == FH_PGCAT_NAME &&
           fh_pgcat_is_sign(fh_pgcat_peek(t, ahead + 1), ".")) {
        ahead += 2;
    }
    if (ahead == 0 || !fh_pgcat_is_sign(fh_pgcat_peek(t, ahead), "*")) {
        return false;
    }
    fh_pgcat_put_name(t, fh_pgcat_peek(t, ahead - 2)->text);
    fh_pgcat_put(t, ".*");
    t->at += ahead + 1;
    return true;
}

static int select_item(struct fh_pgcat_translator *t, struct fh_pgcat_items *items)
{
    struct fh_pgcat_expr item;
    if (star(t)) {
        return fh_pgcat_add_item(t, items, "", NULL);
    }
    int code = fh_pgcat_expression(t, &item);
    if (code != FH_OK) {
        return code;
    }
    const char *name = item.name == NULL ? "?column?" : item.name;
    if (fh_pgcat_take(t, "as")) {
        /* Behind AS every word is a name. */
        const struct fh_pgcat_token *token = fh_pgcat_peek(t, 0);
        if (token->kind != FH_PGCAT_NAME) {
            return fh_pgcat_syntax(t, "a name");
        }
        name = token->text;
        t->at++;
    } else if (fh_pgcat_is_name(fh_pgcat_peek(t, 0))) {
        name = fh_pgcat_peek(t, 0)->text;
        t->at++;
    }
    fh_pgcat_put(t, " AS ");
    fh_pgcat_put_name(t, name);
    fh_pgcat_note_name(t, name, item.type);
    return fh_pgcat_add_item(t, items, name, &item);
}

/* Sets that stood in the list run beside the tables, and in step with each other. */
static void put_pending(struct fh_pgcat_translator *t, bool has_from)
{
    const struct fh_pgcat_frame *frame = t->frame;
    for (size_t i = 0; i < frame->pending_count; i++) {
        char after[80];
        size_t set = frame->pending[i].set;
        fh_pgcat_put(t, i > 0 ? " JOIN " : has_from ? ", " : " FROM ");
        fh_pgcat_put(t, frame->pending[i].call);
        if (i == 0) {
            snprintf(after, sizeof after, " AS \"_s%zu\"", set);
        } else {
            snprintf(after,
                     sizeof after,
                     " AS \"_s%zu\" ON \"_s%zu\".rowid = \"_s%zu\".rowid",
                     set,
                     set,
                     frame->pending[0].set);
        }
        fh_pgcat_put(t, after);
    }
}

static int select_rest(struct fh_pgcat_translator *t)
{
    struct fh_pgcat_expr condition;
    int code = FH_OK;
    if (fh_pgcat_take(t, "where")) {
        fh_pgcat_put(t, " WHERE ");
        code = fh_pgcat_expression(t, &condition);
    }
    if (code == FH_OK && fh_pgcat_take(t, "group")) {
        fh_pgcat_put(t, " GROUP BY ");
        code = fh_pgcat_expect(t, "by");
        code = code == FH_OK ? fh_pgcat_expressions(t, NULL) : code;
    }
    if (code == FH_OK && fh_pgcat_take(t, "having")) {
        fh_pgcat_put(t, " HAVING ");
        code = fh_pgcat_expression(t, &condition);
    }
    if (code == FH_OK && fh_pgcat_next_is(t, "window")) {
        code = fh_pgcat_unsupported(t, "WINDOW");
    }
    return code;
}

static int select_core(struct fh_pgcat_translator *t, struct fh_pgcat_items *items)
{
    struct fh_pgcat_frame *frame = fh_arena_alloc(t->arena, sizeof *frame);
    if (frame == NULL) {
        return fh_pgcat_no_memory(t);
    }
    struct fh_pgcat_frame *outer = t->frame;
    t->frame = frame;
    fh_pgcat_put(t, "SELECT ");
    if (fh_pgcat_take(t, "distinct")) {
        if (fh_pgcat_next_is(t, "on")) {
            return fh_pgcat_unsupported(t, "DISTINCT ON");
        }
        fh_pgcat_put(t, "DISTINCT ");
    } else {
        (void)fh_pgcat_take(t, "all");
    }
    int code = select_item(t, items);
    while (code == FH_OK && fh_pgcat_take(t, ",")) {
        fh_pgcat_put(t, ", ");
        code = select_item(t, items);
    }
    bool has_from = code == FH_OK && fh_pgcat_take(t, "from");
    if (has_from) {
        code = fh_pgcat_from(t);
    }
    put_pending(t, has_from);
    code = code == FH_OK ? select_rest(t) : code;
    t->frame = outer;
    return code;
}

static int values(struct fh_pgcat_translator *t, struct fh_pgcat_items *items)
{
    bool first = true;
    fh_pgcat_put(t, "VALUES ");
    do {
        unsigned column = 0;
        int code = fh_pgcat_expect(t, "(");
        fh_pgcat_put(t, first ? "(" : ", (");
        do {
            struct fh_pgcat_expr value;
            fh_pgcat_put(t, column > 0 ? ", " : "");
            code = code == FH_OK ? fh_pgcat_expression(t, &value) : code;
            column++;
            if (code == FH_OK && first) {
                char *name = fh_arena_printf(t->arena, "column%u", column);
                code = name == NULL ? fh_pgcat_no_memory(t)
                                    : fh_pgcat_add_item(t, items, name, &value);
            }
            if (code != FH_OK) {
                return code;
            }
        } while (fh_pgcat_take(t, ","));
        fh_pgcat_put(t, ")");
        code = fh_pgcat_expect(t, ")");
        if (code != FH_OK) {
            return code;
        }
        first = false;
    } while (fh_pgcat_take(t, ","));
    return FH_OK;
}

/* One member of UNION. SQLite has no brackets there: what stands in some is read FROM them. */
static int member(struct fh_pgcat_translator *t, struct fh_pgcat_items *items)
{
    if (fh_pgcat_take(t, "select")) {
        return select_core(t, items);
    }
    if (fh_pgcat_take(t, "values")) {
        return values(t, items);
    }
    if (fh_pgcat_take(t, "table")) {
        fh_pgcat_put(t, "SELECT *");
        int code = fh_pgcat_add_item(t, items, "", NULL);
        return code == FH_OK ? fh_pgcat_from(t) : code;
    }
    int code = fh_pgcat_expect(t, "(");
    if (code != FH_OK) {
        return fh_pgcat_syntax(t, "SELECT");
    }
    fh_pgcat_put(t, "SELECT * FROM (");
    code = fh_pgcat_query(t, items);
    fh_pgcat_put(t, ")");
    return code == FH_OK ? fh_pgcat_expect(t, ")") : code;
}

static int limit(struct fh_pgcat_translator *t)
{
    struct fh_pgcat_expr count;
    int code = FH_OK;
    bool limited = false;
    if (fh_pgcat_take(t, "limit")) {
        fh_pgcat_put(t, " LIMIT ");
        limited = true;
        if (fh_pgcat_take(t, "all")) {
            fh_pgcat_put(t, "-1");
        } else {
            code = fh_pgcat_expression(t, &count);
        }
    }
    if (code == FH_OK && fh_pgcat_take(t, "offset")) {
        fh_pgcat_put(t, limited ? " OFFSET " : " LIMIT -1 OFFSET ");
        code = fh_pgcat_expression(t, &count);
        if (!fh_pgcat_take(t, "rows")) {
            (void)fh_pgcat_take(t, "row");
        }
    }
    if (code == FH_OK && fh_pgcat_next_is(t, "fetch")) {
        return fh_pgcat_unsupported(t, "FETCH FIRST (write LIMIT)");
    }
    return code;
}

/* A column that is NULL in the first member of a UNION has the type of the others. */
static void settle_types(struct fh_pgcat_translator *t,
                         struct fh_pgcat_items *items,
                         const struct fh_pgcat_items *others)
{
    for (size_t i = 0; i < items->count && i < others->count; i++) {
        struct fh_pgcat_item *item = &items->list[i];
        if (item->type == 0 && !item->column && !item->star) {
            item->type = others->list[i].type;
            fh_pgcat_note_name(t, item->name, item->type);
        }
    }
}

static int query_inside(struct fh_pgcat_translator *t, struct fh_pgcat_items *items)
{
    static const char *const joins[] = {"union", "intersect", "except"};
    static const char *const written[] = {" UNION ", " INTERSECT ", " EXCEPT "};
    int code = fh_pgcat_take(t, "with") ? with_queries(t) : FH_OK;
    struct fh_pgcat_items others = {0};
    struct fh_pgcat_items *wanted = items;
    while (code == FH_OK) {
        code = member(t, wanted);
        if (wanted == &others) {
            settle_types(t, items, &others);
        }
        others.count = 0;
        wanted = items == NULL ? NULL : &others;
        size_t found = FH_COUNT(joins);
        for (size_t i = 0; code == FH_OK && i < FH_COUNT(joins) && found == FH_COUNT(joins); i++) {
            found = fh_pgcat_take(t, joins[i]) ? i : found;
        }
        if (found == FH_COUNT(joins)) {
            break;
        }
        fh_pgcat_put(t, written[found]);
        if (fh_pgcat_take(t, "all")) {
            if (found != 0) {
                return fh_pgcat_unsupported(t, "INTERSECT ALL or EXCEPT ALL");
            }
            fh_pgcat_put(t, "ALL ");
        } else {
            (void)fh_pgcat_take(t, "distinct");
        }
    }
    if (code == FH_OK && fh_pgcat_take(t, "order")) {
        code = fh_pgcat_expect(t, "by");
        code = code == FH_OK ? fh_pgcat_order_by(t) : code;
    }
    return code == FH_OK ? limit(t) : code;
}

int fh_pgcat_query(struct fh_pgcat_translator *t, struct fh_pgcat_items *items)
{
    size_t queries = t->query_count;
    int code = fh_pgcat_deeper(t);
    code = code == FH_OK ? query_inside(t, items) : code;
    t->query_count = queries;
    t->depth--;
    return code;
}

static int whole(struct fh_pgcat_translator *t)
{
    if (!fh_pgcat_query_follows(t) && !fh_pgcat_query_in_brackets(t)) {
        return fh_err_rule(t->err,
                           FH_ESQL,
                           "pgcat.read_only",
                           "only queries can be asked about system tables, not %.40s",
                           fh_pgcat_peek(t, 0)->text);
    }
    int code = fh_pgcat_query(t, &t->result->items);
    while (code == FH_OK && fh_pgcat_take(t, ";")) {
    }
    if (code == FH_OK && fh_pgcat_peek(t, 0)->kind != FH_PGCAT_END) {
        code = fh_pgcat_syntax(t, "the end of the statement");
    }
    if (code == FH_OK && fh_buf_ok(&t->out) != FH_OK) {
        code = fh_err_rule(t->err,
                           t->out.failed,
                           "pgcat.statement",
                           "the statement is too long when it is translated");
    }
    return code;
}

int fh_pgcat_translate(struct fh_pgcat_translation *out,
                       struct fh_arena *arena,
                       struct fh_bytes sql,
                       const uint32_t *param_types,
                       size_t param_type_count,
                       struct fh_err *err)
{
    struct fh_pgcat_tokens tokens;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < param_type_count && i < FH_COUNT(out->param_types); i++) {
        out->param_types[i] = param_types[i];
    }
    int code = fh_pgcat_lex(&tokens, arena, sql, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_pgcat_translator *t = fh_arena_alloc(arena, sizeof *t);
    if (t == NULL) {
        return fh_err_set(err, FH_ENOMEM, "out of memory for a statement");
    }
    t->tokens = tokens.list;
    t->arena = arena;
    t->result = out;
    t->err = err;
    fh_buf_init(&t->out, FH_PGCAT_SQL_BYTES_MAX);
    code = whole(t);
    if (code == FH_OK) {
        out->size = t->out.size;
        out->sql = fh_arena_string(arena, fh_buf_view(&t->out));
        code = out->sql == NULL ? fh_pgcat_no_memory(t) : FH_OK;
    }
    fh_buf_fini(&t->out);
    return code;
}
