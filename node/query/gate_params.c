/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/gate_params.h"

#include "common/limits.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_position(const char *identifier)
{
    return identifier[0] >= '0' && identifier[0] <= '9';
}

/* ---- the list of the tree ---- */

static int broken(struct fh_err *err)
{
    return fh_err_rule(
        err, FH_ESQL, "sql.gate.tree", "the list of parameters has a shape that is not known here");
}

static int read_entry(const char **params, const json_t *entry, size_t count, struct fh_err *err)
{
    const char *identifier = json_string_value(json_object_get(entry, "key"));
    const json_t *number = json_object_get(entry, "value");
    double at = json_number_value(number);
    char position[16];
    if (identifier == NULL || identifier[0] == '\0' || json_object_size(entry) != 2 ||
        !json_is_number(number) || !(at >= 1)) {
        return broken(err);
    }
    if (at > (double)count) {
        return fh_err_rule(err,
                           FH_ESQL,
                           "sql.gate.parameter",
                           "parameter $%.20s: the query has %zu; number them from 1 without a gap",
                           identifier,
                           count);
    }
    size_t index = (size_t)at - 1;
    snprintf(position, sizeof position, "%zu", index + 1);
    if (params[index] != NULL || (double)(index + 1) != at ||
        (is_position(identifier) && strcmp(identifier, position) != 0)) {
        return broken(err);
    }
    params[index] = identifier;
    return FH_OK;
}

int fh_gate_params_read(struct fh_gate *out,
                        const json_t *list,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    const char *params[FH_SQL_PARAMS_MAX] = {NULL};
    size_t count = json_array_size(list);
    if (list != NULL && !json_is_array(list)) {
        return broken(err);
    }
    if (count > FH_SQL_PARAMS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "sql.gate.parameter",
                           "the query has %zu parameters; at most %d",
                           count,
                           FH_SQL_PARAMS_MAX);
    }
    const char **kept = fh_arena_array(arena, count + 1, sizeof *kept);
    if (kept == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the parameters of a query");
    }
    for (size_t i = 0; i < count; i++) {
        int code = read_entry(params, json_array_get(list, i), count, err);
        if (code != FH_OK) {
            return code;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (params[i] == NULL || is_position(params[i]) != is_position(params[0])) {
            return broken(err);
        }
        kept[i] = fh_arena_strdup(arena, params[i]);
        if (kept[i] == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for the parameters of a query");
        }
    }
    out->params = kept;
    out->param_count = (uint32_t)count;
    return FH_OK;
}

bool fh_gate_params_have(const struct fh_gate *gate, const char *identifier)
{
    for (uint32_t i = 0; i < gate->param_count; i++) {
        if (strcasecmp(gate->params[i], identifier) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- values ---- */

static int missing(const struct fh_gate *gate, uint32_t index, size_t count, struct fh_err *err)
{
    const char *name = gate->params[index];
    if (is_position(name)) {
        return fh_err_rule(err,
                           FH_ESQL,
                           "sql.gate.parameter",
                           "the query has %u parameter%s and got %zu value%s by position; $%s is "
                           "missing (--param VALUE)",
                           (unsigned)gate->param_count,
                           gate->param_count == 1 ? "" : "s",
                           count,
                           count == 1 ? "" : "s",
                           name);
    }
    return fh_err_rule(err,
                       FH_ESQL,
                       "sql.gate.parameter",
                       "parameter $%.60s has no value (--param %.60s=VALUE)",
                       name,
                       name);
}

/* The value for a parameter, or NULL. */
static const struct fh_param *
find(const struct fh_param *given, size_t count, const char *identifier, uint32_t index)
{
    if (is_position(identifier)) {
        return index < count && given[index].name[0] == '\0' ? &given[index] : NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(given[i].name, identifier) == 0) {
            return &given[i];
        }
    }
    return NULL;
}

int fh_gate_params_bind(const struct fh_gate *gate,
                        const struct fh_param *given,
                        size_t count,
                        struct fh_cell *out,
                        struct fh_err *err)
{
    for (uint32_t i = 0; i < gate->param_count; i++) {
        const struct fh_param *value = find(given, count, gate->params[i], i);
        if (value == NULL) {
            size_t positions = count > 0 && given[0].name[0] == '\0' ? count : 0;
            return missing(gate, i, positions, err);
        }
        if (out != NULL) {
            out[i] = value->value;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (given[i].name[0] != '\0' && !fh_gate_params_have(gate, given[i].name)) {
            return fh_err_rule(err,
                               FH_ESQL,
                               "sql.gate.parameter",
                               "there is a value for $%s, which the query does not have",
                               given[i].name);
        }
    }
    if (count > gate->param_count) {
        return fh_err_rule(err,
                           FH_ESQL,
                           "sql.gate.parameter",
                           "%zu values for a query of %u parameters",
                           count,
                           (unsigned)gate->param_count);
    }
    return FH_OK;
}
