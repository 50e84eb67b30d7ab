/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small mesh for tests of system tables: aviation/airports with a key, aviation/flights,
 * shop/orders with two tables. aviation.sql makes the same in a PostgreSQL.
 */
#ifndef FH_TESTS_UNIT_PGCAT_AVIATION_H
#define FH_TESTS_UNIT_PGCAT_AVIATION_H

#include "tools/door/pgcat/mesh.h"
#include "tools/door/pgcat/pgcat.h"

extern const struct fh_pgcat_mesh aviation_mesh;

/* Who asks in tests: user "ada", database "mesh", search_path "aviation, public". */
extern const struct fh_pgcat_self aviation_self;

/* What set_config was last called with: "name=value". */
extern char aviation_last_set[128];

#endif
