/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/gate_calls.h"

#include "node/query/gate.h"
#include "node/query/gate_tree.h"

#include <string.h>
#include <strings.h>

bool fh_gate_call_allowed(const json_t *function, char out_name[FH_GATE_NAME_BYTES])
{
    const char *given = fh_gate_text(function, "function_name");
    const char *schema = fh_gate_text(function, "schema");
    const char *catalog = fh_gate_text(function, "catalog");
    size_t length = strnlen(given, FH_GATE_NAME_BYTES - 1);
    for (size_t i = 0; i < length; i++) {
        out_name[i] = (char)(given[i] >= 'A' && given[i] <= 'Z' ? given[i] + 32 : given[i]);
    }
    out_name[length] = 0;
    bool plain = (schema[0] == 0 || strcmp(schema, "main") == 0) &&
                 (catalog[0] == 0 || strcmp(catalog, "system") == 0);
    return plain && strlen(given) == length && fh_gate_function(out_name) == FH_GATE_ALLOWED;
}

bool fh_gate_table_function(const char *name)
{
    static const char *const allowed[] = {"range", "generate_series", "unnest"};
    for (size_t i = 0; i < FH_COUNT(allowed); i++) {
        if (strcasecmp(name, allowed[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A number that is written in the query: 5, -5, 5::BIGINT. */
static bool constant_number(const json_t *expr, double *out)
{
    const char *class = fh_gate_text(expr, "class");
    if (strcmp(class, "CAST") == 0) {
        return constant_number(json_object_get(expr, "child"), out);
    }
    const json_t *children = json_object_get(expr, "children");
    if (strcmp(class, "FUNCTION") == 0 && strcmp(fh_gate_text(expr, "function_name"), "-") == 0 &&
        json_array_size(children) == 1 && constant_number(json_array_get(children, 0), out)) {
        *out = -*out;
        return true;
    }
    const json_t *number = json_object_get(json_object_get(expr, "value"), "value");
    if (strcmp(class, "CONSTANT") == 0 && json_is_number(number)) {
        *out = json_number_value(number);
        return true;
    }
    return false;
}

/* A value that is written in the query: numbers, dates, intervals. */
static bool is_constant(const json_t *expr)
{
    const char *class = fh_gate_text(expr, "class");
    const json_t *children = json_object_get(expr, "children");
    if (strcmp(class, "CAST") == 0) {
        return is_constant(json_object_get(expr, "child"));
    }
    if (strcmp(class, "FUNCTION") != 0) {
        return strcmp(class, "CONSTANT") == 0;
    }
    const char *name = fh_gate_text(expr, "function_name");
    /* INTERVAL 1 DAY is parsed as to_days(trunc(1)) */
    bool good =
        strcmp(name, "-") == 0 || strcmp(name, "trunc") == 0 || strncmp(name, "to_", 3) == 0;
    for (size_t i = 0; good && i < json_array_size(children); i++) {
        good = is_constant(json_array_get(children, i));
    }
    return good;
}

static bool series_bounded(const json_t *arguments)
{
    double bounds[3] = {0, 0, 1};
    size_t count = json_array_size(arguments);
    bool numbers = true;
    for (size_t i = 0; i < count; i++) {
        const json_t *argument = json_array_get(arguments, i);
        if (!is_constant(argument) || count > 3) {
            return false;
        }
        double *to = count == 1 ? &bounds[1] : &bounds[i];
        numbers = numbers && constant_number(argument, to);
    }
    if (!numbers) {
        return true; // dates by intervals: the deadline and the memory limit bound them
    }
    return bounds[2] != 0 && (bounds[1] - bounds[0]) / bounds[2] <= FH_GATE_SERIES_MAX;
}

/* Functions whose result grows with the value of an argument. */
static const struct {
    const char *name;
    size_t argument;
} growing[] = {
    {"repeat", 1},
    {"lpad", 1},
    {"rpad", 1},
    {"bitstring", 1},
    {"list_resize", 1},
    {"array_resize", 1},
};

bool fh_gate_bounded(const json_t *function)
{
    const char *name = fh_gate_text(function, "function_name");
    const json_t *arguments = json_object_get(function, "children");
    if (strcasecmp(name, "range") == 0 || strcasecmp(name, "generate_series") == 0) {
        return series_bounded(arguments);
    }
    for (size_t i = 0; i < FH_COUNT(growing); i++) {
        double size = 0;
        if (strcasecmp(name, growing[i].name) == 0) {
            return constant_number(json_array_get(arguments, growing[i].argument), &size) &&
                   size <= FH_GATE_SERIES_MAX;
        }
    }
    return true;
}
