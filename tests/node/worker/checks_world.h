/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of checks share: files that keep and break promises, and one run of a contract
 * over them, told as text.
 */
#ifndef FH_TESTS_NODE_WORKER_CHECKS_WORLD_H
#define FH_TESTS_NODE_WORKER_CHECKS_WORLD_H

#include "node/quality/checks.h"
#include "tests/node/worker/rig.h"

/* Of cmocka: a group's start and end. */
int checks_up(void **state);
int checks_down(void **state);

struct checks_run {
    bool over;
    struct fh_buf
        text; /* a line a result; sources, presence and types only where they do not hold */
    struct fh_err err;
    unsigned failed;
};

/* `schema` is the text below "schema:"; more top-level keys may follow. `run->text` is given. */
void checks_do(struct checks_run *run,
               const char *path,
               const char *format,
               const char *schema,
               uint32_t samples);

struct checks_row {
    const char *name;
    const char *path;
    const char *format;
    const char *schema;
    const char *expected;
};

/* Each row must give exactly this text. */
void checks_expect(const struct checks_row *rows, size_t count);

/* Pieces of YAML: a table, a column, a key of it, its options. */
#define TABLE      "  - name: t\n    properties:\n"
#define P(name)    "      - name: " name "\n"
#define KEY(x)     "        " x "\n"
#define OPTIONS(x) "        logicalTypeOptions: {" x "}\n"

/* Rules of a table, and of a column. */
#define QUALITY        "    quality:\n"
#define Q(x)           "      - {" x "}\n"
#define COLUMN_QUALITY "        quality:\n"
#define CQ(x)          "          - {" x "}\n"

#endif
