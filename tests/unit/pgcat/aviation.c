/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/pgcat/aviation.h"

#include "common/compiler.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct fh_pgcat_mesh_column airports[] = {
    {"iata", "VARCHAR", "code of the airport", true, 1},
    {"city", "VARCHAR", "", false, 0},
    {"lat", "DOUBLE", "", false, 0},
    {"gates", "INTEGER", "", true, 0},
    {"fee", "DECIMAL(18,3)", "", false, 0},
};

static const struct fh_pgcat_mesh_column flights[] = {
    {"id", "BIGINT", "", true, 1},
    {"leg", "SMALLINT", "", true, 2},
    {"origin", "VARCHAR", "", false, 0},
    {"left_at", "TIMESTAMP", "", false, 0},
    {"seen_at", "TIMESTAMP WITH TIME ZONE", "", false, 0},
    {"on_day", "DATE", "", false, 0},
    {"cancelled", "BOOLEAN", "", false, 0},
};

static const struct fh_pgcat_mesh_column lines[] = {
    {"order", "BIGINT", "", true, 0},
    {"Total \"net\"", "DOUBLE", "", false, 0},
};

static const struct fh_pgcat_mesh_table tables[] = {
    {"aviation", "airports", "airports of the world", "fhr1a", FH_COUNT(airports), airports},
    {"aviation", "flights", "", "fhr1b", FH_COUNT(flights), flights},
    {"shop", "orders__heads", "", "fhr1c", FH_COUNT(lines), lines},
    {"shop", "orders__lines", "", "fhr1c", FH_COUNT(lines), lines},
    {"shop", "flights", "", "fhr1d", FH_COUNT(lines), lines},
};

static const char *const schemas[] = {"aviation", "shop"};

const struct fh_pgcat_mesh aviation_mesh = {
    "mesh", FH_COUNT(schemas), schemas, FH_COUNT(tables), tables};

char aviation_last_set[128];

static const char *setting(void *connection, const char *name)
{
    (void)connection;
    static const char *const list[][2] = {{"search_path", "aviation, \"public\", gone"},
                                          {"server_version", "15.0"},
                                          {"application_name", "a test"},
                                          {"DateStyle", "ISO, MDY"}};
    for (size_t i = 0; i < FH_COUNT(list); i++) {
        if (strcasecmp(list[i][0], name) == 0) {
            return list[i][1];
        }
    }
    return NULL;
}

static bool set(void *connection, const char *name, const char *value)
{
    (void)connection;
    snprintf(aviation_last_set, sizeof aviation_last_set, "%s=%s", name, value);
    return strcmp(name, "search_path") == 0;
}

const struct fh_pgcat_self aviation_self = {
    .user = "ada",
    .database = "mesh",
    .version = "15.0",
    .pid = 4711,
    .now_ms = INT64_C(1764375303000), /* 2025-11-29T00:15:03Z */
    .setting = setting,
    .set = set,
};
