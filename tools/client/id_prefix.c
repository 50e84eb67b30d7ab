/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/id_prefix.h"

#include <string.h>

enum { LETTERS_MIN = 8 }; /* "fhr1" and four more */

bool fh_id_prefix_means(const char *text, const struct fh_record_id *id)
{
    char full[FH_ID_TEXT_BYTES];
    size_t length = strlen(text);
    fh_record_id_text(full, id);
    return length >= LETTERS_MIN && strncmp(full, text, length) == 0;
}

int fh_id_prefix_one(
    unsigned count, const char *rule, const char *what, const char *text, struct fh_err *err)
{
    if (count == 1) {
        return FH_OK;
    }
    return count == 0
               ? fh_err_rule(err,
                             FH_ENOTFOUND,
                             rule,
                             "no %s has the id \"%.60s\"; the first %d letters of one are enough",
                             what,
                             text,
                             LETTERS_MIN)
               : fh_err_set(err, FH_EUSAGE, "%u ids of a %s begin with %s", count, what, text);
}
