/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Barrier data: the files of barrier_world.h, raw and prepared.
 *
 * Does not: start workers. Thread: one. Ownership: writes into the world's scratch folder.
 */
#ifndef FH_TESTS_NODE_WORKER_BARRIER_DATA_H
#define FH_TESTS_NODE_WORKER_BARRIER_DATA_H

#include "tests/node/worker/barrier_world.h"

/* Columns as rig_table takes them: all, and those that are visible. */
#define BARRIER_PEOPLE_VISIBLE                                                                     \
    "id BIGINT, grp INTEGER, name VARCHAR, email VARCHAR, salary BIGINT, born DATE, "              \
    "seen TIMESTAMP, note VARCHAR, amount DECIMAL(10,2), score DOUBLE, flag BOOLEAN, "             \
    "code VARCHAR, account BIGINT"
#define BARRIER_PEOPLE_ALL BARRIER_PEOPLE_VISIBLE ", ssn VARCHAR, region VARCHAR, risk INTEGER"
#define BARRIER_ORDERS_VISIBLE                                                                     \
    "oid BIGINT, person BIGINT, price DECIMAL(10,2), day DATE, item VARCHAR, qty INTEGER"
#define BARRIER_ORDERS_ALL BARRIER_ORDERS_VISIBLE ", margin INTEGER"
#define BARRIER_WORDS      "k BIGINT, word VARCHAR, digest VARCHAR"

/* Writes people.parquet, orders.parquet, as they are and as prepared-*.parquet, and words.parquet;
 * fills shown, gone and canaries. Keys are those of email and account. */
void barrier_data_write(struct barrier_world *world);

#endif
