/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Given rows: texts of the catalogue as an answer's rows, also where binary is wanted.
 *
 * Does not: ask. Sans-IO. Thread: as answer.h. Ownership: the answer's.
 */
#ifndef FH_TOOLS_DOOR_PG_ANSWER_GIVEN_H
#define FH_TOOLS_DOOR_PG_ANSWER_GIVEN_H

#include "tools/door/pg/answer.h"

/* Columns of answer->given; false with a report. */
FH_MUST_CHECK bool fh_pg_given_begin(struct fh_pg_answer *answer);
/* Writes its next row. */
void fh_pg_given_row(struct fh_pg_answer *answer);

/* Of answer.c: room for so many columns; formats and form are settled once they are known. False
 * with a report. */
FH_MUST_CHECK bool fh_pg_answer_columns(struct fh_pg_answer *answer, size_t count);
FH_MUST_CHECK bool fh_pg_answer_settle(struct fh_pg_answer *answer);

#endif
