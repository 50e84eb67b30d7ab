/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Likeness: what a value or a column's name looks like, where that is personal data or a secret.
 *
 * A guess, made to be reviewed by a person: a drafted contract flags such columns, and no example
 * of them leaves the process that read the data. Values are told apart by form and check digits
 * (Luhn for card numbers; ISO 13616's mod 97 for IBAN; the letter of Spanish ids), names by the
 * words in them, in several languages.
 *
 * Does not: look at a column as a whole; who counts decides what share is enough. Thread: any.
 * Ownership: texts are static.
 */
#ifndef FH_PROTO_CONTRACT_LIKENESS_H
#define FH_PROTO_CONTRACT_LIKENESS_H

#include "common/bytes.h"

/* X(NAME, what it looks like, classification that a draft proposes; NULL: nothing personal).
 * FH_LIKE_UUID is no person's, but says which format a column has. */
#define FH_LIKENESSES(X)                                                                           \
    X(EMAIL, "e-mail addresses", "confidential")                                                   \
    X(PHONE, "telephone numbers", "confidential")                                                  \
    X(PERSON, "names of people", "confidential")                                                   \
    X(ADDRESS, "postal addresses", "confidential")                                                 \
    X(BIRTH, "dates of birth", "confidential")                                                     \
    X(NATIONAL_ID, "national identity numbers", "restricted")                                      \
    X(CARD, "payment card numbers", "restricted")                                                  \
    X(IBAN, "bank account numbers", "restricted")                                                  \
    X(IP, "IP addresses", "confidential")                                                          \
    X(PLACE, "geographic coordinates", "confidential")                                             \
    X(SECRET, "passwords, keys or tokens", "restricted")                                           \
    X(UUID, "UUIDs", NULL)

enum fh_likeness {
#define X(name, what, classification) FH_LIKE_##name,
    FH_LIKENESSES(X)
#undef X
        FH_LIKENESS_COUNT
};

/* "e-mail addresses". */
const char *fh_likeness_text(enum fh_likeness likeness);
/* "confidential", "restricted", or NULL. */
const char *fh_likeness_classification(enum fh_likeness likeness);

/* What one value looks like; FH_LIKENESS_COUNT when nothing. At most one answer: the most specific.
 * PERSON, ADDRESS and BIRTH cannot be told from a value. */
enum fh_likeness fh_likeness_of_value(struct fh_bytes value);

/* What a column of this name would hold; FH_LIKENESS_COUNT when the name says nothing. */
enum fh_likeness fh_likeness_of_name(const char *name);

#endif
