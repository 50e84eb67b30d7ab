/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings: everything that one run has to say about a contract, with places.
 *
 * A reader or a rule appends findings and goes on, so that an author sees all mistakes at once. A
 * finding has the line and column in the author's text (0 when the contract came from a record),
 * the path inside the contract ("schema[0].properties[2].logicalType"), the dotted name of the rule
 * and a sentence that says what would be right. The list is capped; what is over it is counted.
 *
 * Does not: print, or decide what a finding means for the caller. Thread: distinct objects.
 * Ownership: texts live in the arena given at the start, which is kept.
 */
#ifndef FH_PROTO_CONTRACT_FINDING_H
#define FH_PROTO_CONTRACT_FINDING_H

#include "common/arena.h"
#include "common/err.h"
#include "common/limits.h"

enum fh_severity {
    FH_SEVERITY_ERROR,   /* the contract cannot be used */
    FH_SEVERITY_WARNING, /* it can, but something is likely not meant */
    FH_SEVERITY_COUNT
};

struct fh_finding {
    enum fh_severity severity;
    uint32_t line;       /* from 1; 0 when there is no text */
    uint32_t column;     /* from 1, in characters */
    const char *path;    /* "" for the document itself */
    const char *rule;    /* static: "odcs.key.unknown" */
    const char *message; /* one sentence without the place */
};

struct fh_findings {
    struct fh_arena *arena; /* kept */
    struct fh_finding *items;
    size_t count; /* <= FH_FINDINGS_MAX */
    size_t capacity;
    size_t errors;   /* all that were found, also those over the cap */
    size_t warnings; /* likewise */
    int failed;      /* FH_OK, or FH_ENOMEM when a finding could not be kept: sticks */
    /* Rules whose errors are warnings here, NULL at the end; or NULL (kept): fh_lint_options. */
    const char *const *advice;
};

/* An empty list; texts and items come from `arena` (kept). */
void fh_findings_init(struct fh_findings *findings, struct fh_arena *arena);

/* Appends one; `rule` is static, `path` and the text are copied. */
void fh_findings_add(struct fh_findings *findings,
                     enum fh_severity severity,
                     uint32_t line,
                     uint32_t column,
                     const char *path,
                     const char *rule,
                     const char *format,
                     ...) FH_PRINTF(7, 8);

/* Appends all of `from`, of the same arena; `as_warnings` makes its errors warnings. */
void fh_findings_append(struct fh_findings *findings,
                        const struct fh_findings *from,
                        bool as_warnings);

/* Orders by line, then column, keeping the order of equal places. */
void fh_findings_sort(struct fh_findings *findings);

/* FH_OK without an error (warnings are fine); FH_ECHECK with the first error as rule and text
 * ("line 4, column 3: name: ... (and 2 more)"); FH_ENOMEM. */
FH_MUST_CHECK int fh_findings_ok(const struct fh_findings *findings, struct fh_err *err);

/* "error" or "warning". */
const char *fh_severity_text(enum fh_severity severity);

/* The candidate nearest to `word` by edit distance (Damerau, without regard to case) when it is
 * near enough to be what was meant; NULL otherwise. `candidates` is borrowed, the result is one of
 * it. */
const char *fh_nearest(const char *word, const char *const *candidates, size_t count);

#endif
