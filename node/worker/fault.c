/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kind {
    const char *name; /* exception_type of DuckDB 1.4 */
    bool tell;        /* the text of a binding error is public */
    int code;
    const char *rule; /* NULL: sql.bind or sql.runtime by phase */
    const char *text; /* told while running, and where the text is not public */
} kinds[] = {
    {"Parser", true, FH_ESQL, "sql.syntax", "the SQL text is not valid"},
    {"Syntax", true, FH_ESQL, "sql.syntax", "the SQL text is not valid"},
    {"Binder", true, FH_ESQL, NULL, "the query does not fit its tables"},
    {"Catalog", true, FH_ESQL, NULL, "the query names what does not exist"},
    {"Expression", true, FH_ESQL, NULL, "an expression is not valid"},
    {"Not implemented", true, FH_ESQL, NULL, "the engine cannot do this"},
    {"Parameter Not Resolved", true, FH_ESQL, NULL, "a parameter has no value"},
    {"Invalid type", true, FH_ESQL, NULL, "a type does not fit"},
    {"Mismatch Type", true, FH_ESQL, NULL, "types do not fit each other"},
    {"Conversion", true, FH_ESQL, NULL, "a value does not convert to the type asked for"},
    {"Out of Range", true, FH_ESQL, NULL, "a number is out of range"},
    {"Decimal", true, FH_ESQL, NULL, "a decimal number is out of range"},
    {"Divide by Zero", true, FH_ESQL, NULL, "a division by zero"},
    {"Invalid Input", false, FH_ESQL, NULL, "a function got an input that it cannot use"},
    {"Object Size", false, FH_ETOOBIG, "query.memory", "a value became too large"},
    {"Constraint", false, FH_ESQL, NULL, "a constraint does not hold"},
    {"Out of Memory",
     false,
     FH_ETOOBIG,
     "query.memory",
     "the query needs more memory than one worker may use; ask for less at once"},
    {"IO", false, FH_EIO, "source.read", "a source could not be read"},
    {"Permission", false, FH_EIO, "source.read", "a source could not be read"},
    {"INTERRUPT", false, FH_ECANCELLED, "query.cancelled", "the query was cancelled"},
    {"FATAL", false, FH_EINTERNAL, "query.engine", "the engine failed"},
    {"INTERNAL", false, FH_EINTERNAL, "query.engine", "the engine failed"},
};

static const struct kind unknown_kind = {
    NULL, false, FH_ESQL, NULL, "the query failed while it ran"};

/* Copies the JSON string after `"key":"`, unescaped; false when there is none. A quote inside a
 * value is escaped, so the pattern cannot be found there. */
static bool find_string(const char *json, const char *key, char *out, size_t size)
{
    char pattern[40];
    snprintf(pattern, sizeof pattern, "\"%s\":\"", key);
    const char *at = strstr(json, pattern);
    if (at == NULL) {
        return false;
    }
    size_t n = 0;
    for (at += strlen(pattern); *at != 0 && *at != '"'; at++) {
        char c = *at;
        if (c == '\\' && at[1] != 0) {
            c = *++at;
            if (c == 'u' && strlen(at) > 4) {
                at += 4;
                c = '?';
            } else if (c == 'n' || c == 't' || c == 'r') {
                c = ' ';
            }
        }
        if (n + 1 < size) {
            out[n++] = c;
        }
    }
    out[n] = 0;
    return true;
}

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < FH_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return &unknown_kind;
}

/* Paths stand in a worker under /proc/self/fd and its spill folder; fh_remote is our own. */
static bool names_inside(const char *text)
{
    return strstr(text, "/proc/") != NULL || strstr(text, "fh_remote") != NULL ||
           strstr(text, "duckdb_temp") != NULL;
}

/* A text of the binder that names functions and types, and no value. */
static bool of_types(const char *text)
{
    static const char *const starts[] = {
        "Could not choose a best candidate function",
        "No function matches",
        "Cannot compare values of type",
    };
    for (size_t i = 0; i < FH_COUNT(starts); i++) {
        if (strncmp(text, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

void fh_fault_read(struct fh_fault *out, const char *text, enum fh_fault_phase phase)
{
    char type[48] = "";
    char message[FH_ERR_TEXT_BYTES] = "";
    char number[16] = "";
    *out = (struct fh_fault){.position = 0};
    const char *json = text == NULL ? NULL : strchr(text, '{');
    if (json != NULL) {
        (void)find_string(json, "exception_type", type, sizeof type);
        (void)find_string(json, "exception_message", message, sizeof message);
        if (find_string(json, "position", number, sizeof number)) {
            out->position = (uint32_t)strtoul(number, NULL, 10) + 1;
        }
    }
    const struct kind *kind = find_kind(type);
    char *guess = strstr(message, "Did you mean"); // offers DuckDB's own system tables
    if (guess != NULL) {
        *guess = 0;
    }
    bool binding = phase == FH_FAULT_BIND || (phase == FH_FAULT_VALUES && of_types(message));
    bool tell = binding && kind->tell && message[0] != 0 && !names_inside(message);
    const char *rule = kind->rule != NULL         ? kind->rule
                       : binding                  ? "sql.bind"
                       : phase == FH_FAULT_SOURCE ? "source.read"
                                                  : "sql.runtime";
    out->fatal = kind->code == FH_EINTERNAL;
    (void)fh_err_rule(&out->err, kind->code, rule, "%s", tell ? message : kind->text);
}
