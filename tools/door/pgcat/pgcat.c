/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/pgcat.h"

#include "tools/door/pgcat/lex.h"
#include "tools/door/pgcat/run.h"
#include "tools/door/pgcat/translate.h"

#include "common/limits.h"
#include "common/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    TRANSLATION_BYTES = 16 * 1024 * 1024, /* words, names and SQL of one statement */
    LOOK_BYTES = 8 * 1024 * 1024,
};

struct fh_pgcat {
    atomic_uint references;
    pthread_mutex_t mutex; /* over `run` */
    struct fh_pgcat_run run;
};

/* ---- is it for a catalogue ---- */

/* Where in a statement the reader is: brackets, and for each whether tables are listed there. */
struct look {
    const struct fh_pgcat_token *list;
    size_t count;
    unsigned depth;
    bool in_from[FH_SQL_DEPTH_MAX];
    bool item;    /* a table begins with the next word */
    bool foreign; /* a table was named that is none of ours */
};

/* A table's name begins here: of pg_catalog by itself or by its schema, or of information_schema.
 */
static bool is_system_table(const struct fh_pgcat_token *token)
{
    if (token->kind != FH_PGCAT_NAME) {
        return false;
    }
    if (fh_pgcat_is_sign(&token[1], ".")) {
        return strcmp(token->text, "pg_catalog") == 0 ||
               strcmp(token->text, "information_schema") == 0 ||
               (token[2].kind == FH_PGCAT_NAME && fh_pgcat_is_sign(&token[3], ".") &&
                is_system_table(&token[2]));
    }
    return strncmp(token->text, "pg_", 3) == 0;
}

/* Whether WITH gave this name to a query: "name AS (", "name(...) AS (". */
static bool is_query_name(const struct look *look, const char *name)
{
    for (size_t i = 0; i + 2 < look->count; i++) {
        const struct fh_pgcat_token *token = &look->list[i];
        if (token->kind != FH_PGCAT_NAME || strcmp(token->text, name) != 0) {
            continue;
        }
        size_t next = i + 1;
        if (fh_pgcat_is_sign(&look->list[next], "(")) {
            do { /* columns; no bracket is among them, so this looks at few words twice */
                next++;
            } while (next < look->count && !fh_pgcat_is_sign(&look->list[next], ")") &&
                     !fh_pgcat_is_sign(&look->list[next], "("));
            next++;
        }
        const struct fh_pgcat_token *as = &look->list[next < look->count ? next : look->count];
        if (fh_pgcat_is_word(as, "as") &&
            (fh_pgcat_is_sign(&as[1], "(") || fh_pgcat_is_word(&as[1], "not") ||
             fh_pgcat_is_word(&as[1], "materialized"))) {
            return true;
        }
    }
    return false;
}

static bool is_one_of(const struct fh_pgcat_token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fh_pgcat_is_word(token, words[i])) {
            return true;
        }
    }
    return false;
}

/* Moves over one word; true when it begins the name of a system table. */
static bool step(struct look *look, size_t i)
{
    static const char *const begins[] = {"from", "join", "table"};
    static const char *const ends[] = {
        "select", "where", "group", "order", "having", "limit", "union", "except", "intersect"};
    static const char *const skipped[] = {"lateral", "only"};
    const struct fh_pgcat_token *token = &look->list[i];
    bool item = look->item;
    look->item = false;
    if (fh_pgcat_is_sign(token, "(")) {
        look->depth += look->depth + 1 < FH_COUNT(look->in_from) ? 1 : 0;
        look->in_from[look->depth] = item;
        look->item = item;
    } else if (fh_pgcat_is_sign(token, ")")) {
        look->depth -= look->depth > 0 ? 1 : 0;
    } else if (is_one_of(token, begins, FH_COUNT(begins))) {
        look->in_from[look->depth] = true;
        look->item = true;
    } else if (is_one_of(token, ends, FH_COUNT(ends))) {
        look->in_from[look->depth] = false;
    } else if (fh_pgcat_is_sign(token, ",")) {
        look->item = look->in_from[look->depth];
    } else if (item && is_one_of(token, skipped, FH_COUNT(skipped))) {
        look->item = true;
    } else if (item && token->kind == FH_PGCAT_NAME) {
        if (is_system_table(token)) {
            return true;
        }
        bool call = fh_pgcat_is_sign(&token[1], "(");
        look->foreign = look->foreign || (!call && !fh_pgcat_is_word(token, "values") &&
                                          !is_query_name(look, token->text));
    }
    return false;
}

static bool is_for(const struct fh_pgcat_tokens *tokens)
{
    static const char *const queries[] = {"select", "with", "values", "table"};
    struct look look = {.list = tokens->list, .count = tokens->count};
    size_t first = 0;
    while (fh_pgcat_is_sign(&tokens->list[first], "(")) {
        first++;
    }
    if (!is_one_of(&tokens->list[first], queries, FH_COUNT(queries))) {
        return false;
    }
    for (size_t i = 0; i < tokens->count; i++) {
        if (step(&look, i)) {
            return true;
        }
    }
    return !look.foreign;
}

bool fh_pgcat_is_for(struct fh_bytes sql)
{
    struct fh_pgcat_tokens tokens;
    struct fh_err err;
    struct fh_arena *arena = fh_arena_new(LOOK_BYTES);
    bool found =
        arena != NULL && fh_pgcat_lex(&tokens, arena, sql, &err) == FH_OK && is_for(&tokens);
    fh_arena_free(arena);
    return found;
}

/* ---- a catalogue ---- */

int fh_pgcat_new(struct fh_pgcat **out, const struct fh_pgcat_mesh *mesh, struct fh_err *err)
{
    struct fh_pgcat *catalogue = fh_calloc(1, sizeof *catalogue);
    if (catalogue == NULL) {
        return fh_err_set(err, FH_ENOMEM, "out of memory for a catalogue");
    }
    if (pthread_mutex_init(&catalogue->mutex, NULL) != 0) {
        fh_free(catalogue);
        return fh_err_set(err, FH_ENOMEM, "out of memory for a catalogue");
    }
    atomic_init(&catalogue->references, 1);
    int code = fh_pgcat_facts_new(&catalogue->run.facts, mesh, err);
    code = code == FH_OK ? fh_pgcat_run_open(&catalogue->run, err) : code;
    if (code != FH_OK) {
        fh_pgcat_drop(catalogue);
        return code;
    }
    *out = catalogue;
    return FH_OK;
}

struct fh_pgcat *fh_pgcat_keep(struct fh_pgcat *catalogue)
{
    atomic_fetch_add(&catalogue->references, 1);
    return catalogue;
}

void fh_pgcat_drop(struct fh_pgcat *catalogue)
{
    if (catalogue == NULL || atomic_fetch_sub(&catalogue->references, 1) != 1) {
        return;
    }
    fh_pgcat_run_close(&catalogue->run);
    fh_pgcat_facts_free(catalogue->run.facts);
    pthread_mutex_destroy(&catalogue->mutex);
    fh_free(catalogue);
}

/* ---- statements ---- */

static int ask(struct fh_pgcat *catalogue,
               const struct fh_pgcat_self *self,
               struct fh_pgcat_translation *translation,
               const struct fh_pgcat_param *params,
               size_t param_count,
               bool answer,
               struct fh_pgcat_rows **out,
               struct fh_err *err)
{
    pthread_mutex_lock(&catalogue->mutex);
    catalogue->run.self = self;
    int code =
        fh_pgcat_run_statement(&catalogue->run, translation, params, param_count, answer, out, err);
    catalogue->run.self = NULL;
    pthread_mutex_unlock(&catalogue->mutex);
    return code;
}

int fh_pgcat_describe(struct fh_pgcat *catalogue,
                      const struct fh_pgcat_self *self,
                      struct fh_bytes sql,
                      const uint32_t *param_types,
                      size_t param_type_count,
                      struct fh_pgcat_rows **out,
                      struct fh_err *err)
{
    struct fh_pgcat_translation translation;
    struct fh_arena *arena = fh_arena_new(TRANSLATION_BYTES);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "out of memory for a statement");
    }
    int code = fh_pgcat_translate(&translation, arena, sql, param_types, param_type_count, err);
    if (code == FH_OK) {
        code = ask(catalogue, self, &translation, NULL, 0, false, out, err);
    }
    fh_arena_free(arena);
    return code;
}

int fh_pgcat_answer(struct fh_pgcat *catalogue,
                    const struct fh_pgcat_self *self,
                    struct fh_bytes sql,
                    const struct fh_pgcat_param *params,
                    size_t param_count,
                    struct fh_pgcat_rows **out,
                    struct fh_err *err)
{
    struct fh_pgcat_translation translation;
    uint32_t types[FH_SQL_PARAMS_MAX] = {0};
    if (param_count > FH_COUNT(types)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "pgcat.params",
                           "%zu values were given, more than %d",
                           param_count,
                           FH_SQL_PARAMS_MAX);
    }
    for (size_t i = 0; i < param_count; i++) {
        types[i] = params[i].type;
    }
    struct fh_arena *arena = fh_arena_new(TRANSLATION_BYTES);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "out of memory for a statement");
    }
    int code = fh_pgcat_translate(&translation, arena, sql, types, param_count, err);
    if (code == FH_OK) {
        code = ask(catalogue, self, &translation, params, param_count, true, out, err);
    }
    fh_arena_free(arena);
    return code;
}

const char *fh_pgcat_sqlstate(const char *rule)
{
    static const struct {
        const char *rule;
        const char *state;
    } states[] = {
        {"pgcat.syntax", "42601"},
        {"pgcat.table", "42P01"},
        {"pgcat.relation", "42P01"},
        {"pgcat.object", "42704"},
        {"pgcat.column", "42703"},
        {"pgcat.function", "42883"},
        {"pgcat.type", "42704"},
        {"pgcat.setting", "42704"},
        {"pgcat.value", "22P02"},
        {"pgcat.grouping", "42803"},
        {"pgcat.unsupported", "0A000"},
        {"pgcat.read_only", "25006"},
        {"pgcat.params", "08P01"},
        {"pgcat.statement", "54000"},
        {"pgcat.depth", "54001"},
        {"pgcat.steps", "57014"},
        {"pgcat.rows", "54000"},
        {"pgcat.bytes", "54000"},
    };
    for (size_t i = 0; i < FH_COUNT(states); i++) {
        if (strcmp(states[i].rule, rule) == 0) {
            return states[i].state;
        }
    }
    return NULL;
}
