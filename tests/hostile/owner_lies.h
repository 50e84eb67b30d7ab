/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owner lies: what an owner's node may tell the entry peer of a join in place of the truth, by
 * number. The node `freehold-node-liar` tells lie n to whoever's SQL has the word "lie_n" in it,
 * and the program `fh-entry` asks such SQL and looks at what becomes of it.
 *
 * Does not: lie. Thread: any. Ownership: values.
 */
#ifndef FH_TESTS_HOSTILE_OWNER_LIES_H
#define FH_TESTS_HOSTILE_OWNER_LIES_H

#include "tests/lib/spoil.h"

enum lie_target {
    LIE_SCAN_ANSWER,  /* the answer to SCAN, spoiled */
    LIE_BATCH_ANSWER, /* an answer to NEXT with a batch */
    LIE_BATCH_HEADER, /* the header inside it */
    LIE_END_ANSWER,   /* the answer to NEXT with the receipt */
    LIE_RECORD,       /* the record of the receipt inside it */
    LIE_RECEIPT,      /* the payload of that record, signed well */
    LIE_FLIP,         /* a bit of the frame with a batch: `place` is its byte */
    LIE_CUT,          /* that frame without its last `place` bytes */
    LIE_REJECT,       /* a REJECT with code `place` in its place */
    LIE_REFUSAL,      /* a refusal with code `place` in place of the first batch */
    LIE_BY_HAND,      /* `place` is an enum hand_lie */
    LIE_TARGET_COUNT
};

/* X(NAME, what it says, what the consumer is told); the last one is no lie:
 * tests/e2e/hostile_owner.sh asks for it once more. */
#define HAND_LIES(X)                                                                               \
    X(OTHER_STREAM, "the number of another stream", "refused FH_ENOTFOUND [stream.unknown]")       \
    X(NOTHING, "an answer of no bytes", "refused FH_EPROTO [message.form]")                        \
    X(LONG_RULE, "a refusal with a rule of 300 letters", "refused FH_EPROTO [message.form]")       \
    X(LONG_TEXT, "a refusal with a text of 5000 letters", "refused FH_EPROTO [message.form]")      \
    X(NO_RECEIPT, "an end without a receipt", "refused FH_EINCOMPLETE [receipt.missing]")          \
    X(EMPTY_RECEIPT,                                                                               \
      "an end with a receipt of no bytes",                                                         \
      "refused FH_EINCOMPLETE [receipt.missing]")                                                  \
    X(OLD_END, "the end of an earlier answer", "refused FH_ESIG [receipt.request]")                \
    X(RENAMED, "a batch whose column has another name, which nobody asked for", "answered")        \
    X(RETYPED, "a batch whose column has another type", "refused FH_EPROTO [scan.types]")          \
    X(MORE_ROWS, "a receipt for one row more", "refused FH_ESIG [receipt.tags]")                   \
    X(MORE_BATCHES, "a receipt for one batch more", "refused FH_ESIG [receipt.tags]")              \
    X(OTHER_TAGS, "a receipt for other batches", "refused FH_ESIG [receipt.tags]")                 \
    X(OTHER_REQUEST, "a receipt for another request", "refused FH_ESIG [receipt.request]")         \
    X(FAILED, "a receipt that says that it failed", "refused FH_ESIG [receipt.tags]")              \
    X(OTHER_OWNER, "a receipt in the name of nobody", "refused FH_ESIG [domain.not_admitted]")     \
    X(OTHER_NODE, "a receipt in another node's name", "refused FH_ESIG [receipt.node]")            \
    X(OTHER_CONTRACT, "a receipt under another contract", "refused FH_ESIG [receipt.contract]")    \
    X(NO_CONTRACT, "a receipt under no contract", "refused FH_ESIG [receipt.contract]")            \
    X(LATER, "a receipt of next year", "refused FH_ESIG [record.signer.expired]")                  \
    X(EARLIER, "a receipt of 1970", "refused FH_ESIG [record.signer.expired]")                     \
    X(LATE_END, "an end that comes late", "answered")

enum hand_lie {
#define X(name, text, expected) HAND_##name,
    HAND_LIES(X)
#undef X
        HAND_LIE_COUNT
};

struct owner_lie {
    enum lie_target target;
    unsigned place;
    enum test_spoil_way way;
    char name[128];
    char expected[128];
};

enum { LATE_END_MS = 300 }; /* longer than a worker takes to close a scan that it has enough of */

/* How many numbers there are; some of them say nothing, where a way puts what stood there. */
unsigned owner_lie_count(void);
void owner_lie(struct owner_lie *out, unsigned number);

enum { LIE_TOLD_FD = 9 }; /* the liar writes the number of each lie that it told there, as a line */

#endif
