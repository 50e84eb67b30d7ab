/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inference attacks: questions by which people have found out what views and dynamic masks hide,
 * over the tables of barrier_world.h, each by name with what must become of it.
 *
 *     BLIND    whoever guesses right gets the same answer as who guesses wrong, and it is that of
 *              the table that was masked and filtered beforehand
 *     SAME     the answer is that of the table made beforehand, row by row; no hidden value in it
 *     FAILS    there as well, by this rule
 *     REFUSED  by the gate, by this rule
 *
 * Does not: ask anything. Thread: any; constants.
 */
#ifndef FH_TESTS_NODE_WORKER_INFERENCE_ATTACKS_H
#define FH_TESTS_NODE_WORKER_INFERENCE_ATTACKS_H

#include <stddef.h>

enum outcome { BLIND, SAME, FAILS, REFUSED };

struct attack {
    const char *name;
    enum outcome outcome;
    const char *rule; /* FAILS, REFUSED */
    const char *sql;  /* {id} {name} {email} {salary} {ssn} {born} {code} of the one who is shown,
                         {gone.id} and so on of the other */
};

extern const struct attack inference_attacks[];
extern const size_t inference_attack_count;

#endif
