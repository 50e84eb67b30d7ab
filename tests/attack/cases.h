/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases: attacks as people write them, one block each, in files that are named after their class.
 *
 *     # a remark
 *     ! deadline 400                   milliseconds that the consumer gives it; to the end of the
 * file
 *     ! in one lane                    each in one of the lanes, in another run in another
 *     ! or refused query.memory        an outcome of every block, likewise
 *     == the password file as CSV      a name, once in the whole suite
 *     SELECT * FROM read_csv('/etc/passwd')
 *     => refused sql.gate.table_function
 *
 * Further lines of `=>` are further outcomes; one of them must come true. An outcome is
 *     refused RULE         the error's rule
 *     answers 1|a / 2|b    exactly these rows, cells between bars, NULL for no value
 *     rows N               so many rows
 *     columns a,b          rows under exactly these names
 *
 * In the SQL, %{word} stands for a word of the test (a folder, a file), %{300*(} for a text 300
 * times, and %{x:ff00} for bytes.
 *
 * Thread: any, read only. Ownership: everything lives in the arena.
 */
#ifndef FH_TESTS_ATTACK_CASES_H
#define FH_TESTS_ATTACK_CASES_H

#include "common/arena.h"
#include "common/bytes.h"
#include "common/err.h"

enum { FH_ATTACKS_MAX = 2048, FH_OUTCOMES_MAX = 10, FH_WORDS_MAX = 32 };

struct fh_words { /* of the test: what %{name} stands for */
    const char *names[FH_WORDS_MAX];
    const char *values[FH_WORDS_MAX];
    size_t count;
};

struct fh_attack {
    const char *file; /* the class: the file's name without folder and ending */
    const char *name;
    const char *sql; /* with everything put in */
    const char *outcomes[FH_OUTCOMES_MAX];
    size_t outcome_count;
    uint32_t deadline_ms; /* 0: none but the node's */
    bool in_one_lane;     /* it takes long */
};

struct fh_attacks {
    struct fh_attack *items;
    size_t count;
};

/* Room for all attacks. */
FH_MUST_CHECK int
fh_attacks_init(struct fh_attacks *out, struct fh_arena *arena, struct fh_err *err);

/* Appends the attacks of one file. FH_EINVAL: a block without a name, SQL or outcome, a name that
 * is taken, a word that is not known; the text names file and line. */
FH_MUST_CHECK int fh_attacks_read(struct fh_attacks *attacks,
                                  const char *path,
                                  const struct fh_words *words,
                                  struct fh_arena *arena,
                                  struct fh_err *err);

#endif
