/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices: what a consumer must know of the data of an answer, in PostgreSQL's form.
 *
 * Does not: send. Thread: as answer.h. Ownership: plain values in the answer.
 */
#ifndef FH_TOOLS_DOOR_PG_ANSWER_NOTICES_H
#define FH_TOOLS_DOOR_PG_ANSWER_NOTICES_H

#include "tools/door/pg/answer.h"

/* Fills answer->notices from its result. */
void fh_pg_answer_notices(struct fh_pg_answer *answer);

#endif
