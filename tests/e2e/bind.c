/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A C program with parameters, as an application would have it: the public header and the shared
 * library alone.
 *
 *     fh-bind HOME SQL [TYPE:[NAME=]VALUE]...     TYPE: text, null, bool, int, decimal
 *
 * Prints the rows, cells divided by '|', or the rule that refused; ends with the exit code.
 */
#include "tools/client/freehold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS_MAX = 70 }; /* more than there may be */

/* "int:n=5"; cuts the argument into pieces. */
static struct freehold_param param_of(char *text)
{
    static const char *const types[] = {"text", "null", "bool", "int", "decimal"};
    struct freehold_param param = {.size = sizeof param};
    char *value = strchr(text, ':');
    if (value == NULL) {
        fputs("fh-bind: a parameter without a type\n", stderr);
        exit(2);
    }
    *value++ = '\0';
    char *equals = strchr(value, '=');
    if (equals != NULL) {
        *equals = '\0';
        param.name = value;
        value = equals + 1;
    }
    for (int i = 0; i < 5; i++) {
        param.type = strcmp(types[i], text) == 0 ? i : param.type;
    }
    param.text = value;
    param.integer = strtoll(value, NULL, 10);
    return param;
}

static void put_row(struct freehold_result *result)
{
    for (size_t i = 0; i < freehold_result_column_count(result); i++) {
        printf("%s%s",
               i == 0 ? "" : "|",
               freehold_result_is_null(result, i) ? "NULL" : freehold_result_text(result, i, NULL));
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 3 + PARAMS_MAX) {
        fputs("usage: fh-bind HOME SQL [TYPE:[NAME=]VALUE]...\n", stderr);
        return 2;
    }
    struct freehold_param params[PARAMS_MAX];
    struct freehold_query_options options = {.size = sizeof options, .params = params};
    for (; options.param_count < (size_t)argc - 3; options.param_count++) {
        params[options.param_count] = param_of(argv[3 + options.param_count]);
    }
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *client = NULL;
    struct freehold_result *result = NULL;
    int code = freehold_open(&client, argv[1], NULL, &error);
    if (code == FREEHOLD_OK) {
        code = freehold_query(&result, client, argv[2], &options, &error);
    }
    while (code == FREEHOLD_OK && freehold_result_next(result, &error, &code)) {
        put_row(result);
    }
    if (code != FREEHOLD_OK) {
        fprintf(stderr, "%s (%s)\n", error.text, error.rule);
    }
    freehold_result_close(result);
    freehold_close(client);
    return freehold_exit_code(code);
}
