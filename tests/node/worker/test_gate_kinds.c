/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of node that the linked DuckDB can write into a tree has a verdict: in the gate's
 * tables of what passes, or here, with the reason why it never does. A newer DuckDB that knows one
 * more fails this test until somebody decides.
 *
 * The kinds are C++ enumerations, of which the C header says nothing; but the library can name each
 * of their values: EnumUtil::ToChars, exported, returns the very text that stands in a tree. It
 * throws for numbers that are none, and nothing here could catch that: a child process asks for all
 * 256 numbers, and steps over those that abort it.
 */
#include "node/query/gate_kinds.h"

#include "common/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <duckdb.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VALUES = 256, NAME_BYTES = 64, ROWS_MAX = 48 };

struct refusal {
    const char *name;
    const char *why;
};

/* One enumeration of DuckDB. */
struct kinds {
    const char *name;             /* of the C++ type */
    bool (*passes)(const char *); /* the gate's tables; NULL: of a key that takes any scalar */
    const char *harmless;         /* of such a key: what it says */
    struct refusal refused[ROWS_MAX];
    const char *known[ROWS_MAX]; /* of such a key: those that were looked at */
};

static bool expression(const char *name)
{
    return fh_gate_expression(name) != NULL;
}
static bool relation(const char *name)
{
    return fh_gate_relation(name) != NULL;
}
static bool node(const char *name)
{
    return fh_gate_node(name) != NULL;
}
static bool modifier(const char *name)
{
    return fh_gate_modifier(name) != NULL;
}

#define BOUND  "made by the binder; no parser writes it"
#define NONE   "no kind at all"
#define PLAN   "made by the planner; no parser writes it"
#define UNUSED "left over from older versions; nothing makes it"

static const struct kinds enumerations[] = {
    {.name = "ExpressionClass",
     .passes = expression,
     .refused = {{"INVALID", NONE},
                 {"AGGREGATE", UNUSED},
                 {"DEFAULT", "the default of a column: only an INSERT has it"},
                 {"LAMBDA_REF", BOUND},
                 {"BOUND_AGGREGATE", BOUND},
                 {"BOUND_CASE", BOUND},
                 {"BOUND_CAST", BOUND},
                 {"BOUND_COLUMN_REF", BOUND},
                 {"BOUND_COMPARISON", BOUND},
                 {"BOUND_CONJUNCTION", BOUND},
                 {"BOUND_CONSTANT", BOUND},
                 {"BOUND_DEFAULT", BOUND},
                 {"BOUND_FUNCTION", BOUND},
                 {"BOUND_OPERATOR", BOUND},
                 {"BOUND_PARAMETER", BOUND},
                 {"BOUND_REF", BOUND},
                 {"BOUND_SUBQUERY", BOUND},
                 {"BOUND_WINDOW", BOUND},
                 {"BOUND_BETWEEN", BOUND},
                 {"BOUND_UNNEST", BOUND},
                 {"BOUND_LAMBDA", BOUND},
                 {"BOUND_LAMBDA_REF", BOUND},
                 {"BOUND_EXPRESSION", BOUND},
                 {"BOUND_EXPANDED", BOUND}}},
    {.name = "ExpressionType",
     .passes = fh_gate_expression_type,
     .refused = {{"INVALID", NONE},
                 {"COMPARE_NOT_BETWEEN", UNUSED},
                 {"VALUE_TUPLE", UNUSED},
                 {"VALUE_TUPLE_ADDRESS", UNUSED},
                 {"VALUE_NULL", UNUSED},
                 {"VALUE_VECTOR", UNUSED},
                 {"VALUE_SCALAR", UNUSED},
                 {"VALUE_DEFAULT", "the default of a column: only an INSERT has it"},
                 {"AGGREGATE", UNUSED},
                 {"BOUND_AGGREGATE", BOUND},
                 {"BOUND_FUNCTION", BOUND},
                 {"ARROW", "-> as an operator: the parser makes a lambda or a function of it"},
                 {"TABLE_STAR", UNUSED},
                 {"PLACEHOLDER", UNUSED},
                 {"FUNCTION_REF", UNUSED},
                 {"TABLE_REF", UNUSED},
                 {"LAMBDA_REF", BOUND},
                 {"CAST", UNUSED},
                 {"OPERATOR_TRY", "masked tables gave other rows by it; TRY_CAST is a cast"},
                 {"BOUND_REF", BOUND},
                 {"BOUND_COLUMN_REF", BOUND},
                 {"BOUND_UNNEST", BOUND},
                 {"BOUND_LAMBDA_REF", BOUND},
                 {"BOUND_EXPANDED", BOUND}}},
    {.name = "TableReferenceType",
     .passes = relation,
     .refused = {{"INVALID", NONE},
                 {"CTE", UNUSED},
                 {"SHOW_REF",
                  "DESCRIBE, SUMMARIZE and SHOW: they tell of catalogues, and of "
                  "statistics that hold values"},
                 {"COLUMN_DATA", "rows that lie in the engine's memory"},
                 {"DELIM_GET", PLAN},
                 {"BOUND_TABLE_REF", BOUND}}},
    {.name = "QueryNodeType", .passes = node, .refused = {{"BOUND_SUBQUERY_NODE", BOUND}}},
    {.name = "ResultModifierType", .passes = modifier},
    {.name = "LogicalTypeId",
     .passes = fh_gate_type_name,
     .refused = {{"INVALID", NONE},
                 {"UNKNOWN", "what a parameter is before it has a value"},
                 {"TEMPLATE", BOUND},
                 {"STRING_LITERAL", BOUND},
                 {"INTEGER_LITERAL", BOUND},
                 {"POINTER", "an address of the process"},
                 {"VALIDITY", "how vectors are stored"},
                 {"TABLE", "what a table function returns"},
                 {"AGGREGATE_STATE",
                  "memory of an aggregate, which a cast would make of any bytes"},
                 {"LAMBDA", "what a lambda is to the binder"},
                 {"VARIANT",
                  "stored as bytes that nothing checks; not carried in batches either"}}},
    /* Keys that take any scalar: a value that is new is looked at before it passes. */
    {.name = "SetOperationType",
     .harmless = "how two queries meet",
     .known = {"NONE", "UNION", "EXCEPT", "INTERSECT", "UNION_BY_NAME"}},
    {.name = "JoinType",
     .harmless = "which rows of a join stay",
     .known = {"INVALID",
               "LEFT",
               "RIGHT",
               "INNER",
               "FULL",
               "SEMI",
               "ANTI",
               "MARK",
               "SINGLE",
               "RIGHT_SEMI",
               "RIGHT_ANTI"}},
    {.name = "JoinRefType",
     .harmless = "how a join is written",
     .known = {"REGULAR", "NATURAL", "CROSS", "POSITIONAL", "ASOF", "DEPENDENT"}},
    {.name = "SubqueryType",
     .harmless = "what a subquery is to its expression",
     .known = {"INVALID", "SCALAR", "EXISTS", "NOT_EXISTS", "ANY"}},
    {.name = "WindowBoundary",
     .harmless = "the frame of a window",
     .known = {"INVALID",
               "UNBOUNDED_PRECEDING",
               "UNBOUNDED_FOLLOWING",
               "CURRENT_ROW_RANGE",
               "CURRENT_ROW_ROWS",
               "CURRENT_ROW_GROUPS",
               "EXPR_PRECEDING_ROWS",
               "EXPR_FOLLOWING_ROWS",
               "EXPR_PRECEDING_RANGE",
               "EXPR_FOLLOWING_RANGE",
               "EXPR_PRECEDING_GROUPS",
               "EXPR_FOLLOWING_GROUPS"}},
    {.name = "WindowExcludeMode",
     .harmless = "the frame of a window",
     .known = {"NO_OTHER", "CURRENT_ROW", "GROUP", "TIES"}},
    {.name = "SampleMethod",
     .harmless = "which rows a sample takes",
     .known = {"System", "Bernoulli", "Reservoir", "INVALID"}},
    {.name = "AggregateHandling",
     .harmless = "GROUP BY ALL",
     .known = {"STANDARD_HANDLING", "NO_AGGREGATES_ALLOWED", "FORCE_AGGREGATES"}},
    {.name = "CTEMaterialize",
     .harmless = "whether a WITH query is run once",
     .known = {"CTE_MATERIALIZE_DEFAULT", "CTE_MATERIALIZE_ALWAYS", "CTE_MATERIALIZE_NEVER"}},
    {.name = "OrderType",
     .harmless = "ASC or DESC",
     .known = {"INVALID", "ORDER_DEFAULT", "ASCENDING", "DESCENDING"}},
    {.name = "OrderByNullType",
     .harmless = "where NULLs stand",
     .known = {"INVALID", "ORDER_DEFAULT", "NULLS FIRST", "NULLS LAST"}},
    {.name = "ExtraTypeInfoType",
     .harmless = "which keys a type has; gate.c knows those",
     .known = {"INVALID_TYPE_INFO",
               "GENERIC_TYPE_INFO",
               "DECIMAL_TYPE_INFO",
               "STRING_TYPE_INFO",
               "LIST_TYPE_INFO",
               "STRUCT_TYPE_INFO",
               "ENUM_TYPE_INFO",
               "USER_TYPE_INFO",
               "AGGREGATE_STATE_TYPE_INFO",
               "ARRAY_TYPE_INFO",
               "ANY_TYPE_INFO",
               "INTEGER_LITERAL_TYPE_INFO",
               "TEMPLATE_TYPE_INFO"}},
};

/* ---- the names that the library has ---- */

static sigjmp_buf not_a_value;

static void on_abort(int signal_number)
{
    (void)signal_number;
    siglongjmp(not_a_value, 1);
}

typedef const char *to_chars_fn(uint8_t value);

static to_chars_fn *find(const char *name)
{
    union {
        void *symbol;
        to_chars_fn *function;
    } found;
    char mangled[128];
    snprintf(mangled,
             sizeof mangled,
             "_ZN6duckdb8EnumUtil7ToCharsINS_%zu%sEEEPKcT_",
             strlen(name),
             name);
    found.symbol = dlsym(RTLD_DEFAULT, mangled);
    return found.function;
}

/* The child: a line for each value. Never returns. */
static void tell(to_chars_fn *to_chars, int out)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDERR_FILENO); /* of what was thrown */
    signal(SIGABRT, on_abort);
    for (volatile int value = 0; value < VALUES; value++) {
        if (sigsetjmp(not_a_value, 1) == 0) {
            dprintf(out, "%s\n", to_chars((uint8_t)value));
        }
    }
    _exit(0);
}

/* All names of an enumeration, a line each. */
static size_t names_of(const char *enumeration, char *out, size_t size)
{
    int ends[2];
    int status = 0;
    size_t length = 0;
    to_chars_fn *to_chars = find(enumeration);
    if (to_chars == NULL) {
        fail_msg("DuckDB %s does not export EnumUtil::ToChars<%s>: find another way to name its "
                 "values, or a new one goes unseen",
                 duckdb_library_version(),
                 enumeration);
    }
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        tell(to_chars, ends[1]);
    }
    close(ends[1]);
    for (ssize_t got = 1; got > 0 && length + 1 < size; length += got > 0 ? (size_t)got : 0) {
        got = read(ends[0], out + length, size - 1 - length);
    }
    out[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return length;
}

/* ---- the verdicts ---- */

static const char *why_refused(const struct kinds *kinds, const char *name)
{
    for (size_t i = 0; i < ROWS_MAX && kinds->refused[i].name != NULL; i++) {
        if (strcmp(kinds->refused[i].name, name) == 0) {
            return kinds->refused[i].why;
        }
    }
    return NULL;
}

static bool is_known(const struct kinds *kinds, const char *name)
{
    for (size_t i = 0; i < ROWS_MAX && kinds->known[i] != NULL; i++) {
        if (strcmp(kinds->known[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether the list of lines has this line. */
static bool has_line(const char *lines, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = strstr(lines, name); at != NULL; at = strstr(at + 1, name)) {
        if ((at == lines || at[-1] == '\n') && at[size] == '\n') {
            return true;
        }
    }
    return false;
}

/* Names here that the library does not have: misspelt, or gone. */
static unsigned check_lists(const struct kinds *kinds, const char *lines)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < ROWS_MAX; i++) {
        const char *names[] = {kinds->refused[i].name, kinds->known[i]};
        for (size_t k = 0; k < FH_COUNT(names); k++) {
            if (names[k] != NULL && !has_line(lines, names[k])) {
                print_error("%s has no %s\n", kinds->name, names[k]);
                wrong++;
            }
        }
    }
    return wrong;
}

static void every_kind_has_a_verdict(void **state)
{
    (void)state;
    unsigned wrong = 0;
    unsigned names = 0;
    for (size_t i = 0; i < FH_COUNT(enumerations); i++) {
        const struct kinds *kinds = &enumerations[i];
        char lines[VALUES * NAME_BYTES];
        char *next = NULL;
        assert_true(names_of(kinds->name, lines, sizeof lines) > 0);
        wrong += check_lists(kinds, lines);
        for (char *name = strtok_r(lines, "\n", &next); name != NULL;
             name = strtok_r(NULL, "\n", &next)) {
            bool passes = kinds->passes != NULL ? kinds->passes(name) : is_known(kinds, name);
            bool refused = why_refused(kinds, name) != NULL;
            names++;
            if (passes == refused) {
                print_error("%s %s %s\n",
                            kinds->name,
                            name,
                            passes ? "passes and is listed as refused" : "has no verdict");
                wrong++;
            }
        }
    }
    assert_true(names > 250);
    assert_int_equal(wrong, 0);
}

/* The list of names is what it should be: with one taken away, or one more, the test would fail. */
static void a_new_kind_would_be_seen(void **state)
{
    (void)state;
    char lines[VALUES * NAME_BYTES];
    assert_true(names_of("TableReferenceType", lines, sizeof lines) > 0);
    assert_true(has_line(lines, "BASE_TABLE"));
    assert_true(has_line(lines, "SHOW_REF"));
    assert_false(has_line(lines, "TABLE"));
    assert_false(relation("FUTURE_REF"));
    assert_null(why_refused(&enumerations[2], "FUTURE_REF"));
    assert_false(is_known(&enumerations[6], "FUTURE_UNION"));
    assert_non_null(why_refused(&enumerations[2], "SHOW_REF"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_verdict),
        cmocka_unit_test(a_new_kind_would_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
