/* SPDX-License-Identifier: Apache-2.0 */
/* SQL names that resemble those of a source. */
#include "proto/wire/id.h"
#include "tools/contract/draft.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Letters of Latin-1 (U+00C0 to U+00FF) without what is above and below them. */
static const char *const latin[64] = {
    "A", "A", "A", "A", "Ae", "A", "Ae", "C", "E", "E", "E", "E", "I",  "I", "I",  "I",
    "D", "N", "O", "O", "O",  "O", "Oe", "_", "O", "U", "U", "U", "Ue", "Y", "Th", "ss",
    "a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i",  "i", "i",  "i",
    "d", "n", "o", "o", "o",  "o", "oe", "_", "o", "u", "u", "u", "ue", "y", "th", "y",
};

/* The next character of UTF-8 text as ASCII letters and digits, or "_". `at` moves on. */
static const char *simplify(const unsigned char **at, char single[2])
{
    const unsigned char *c = *at;
    if (c[0] == 0xc3 && c[1] >= 0x80 && c[1] <= 0xbf) {
        *at = c + 2;
        return latin[c[1] - 0x80];
    }
    *at = c + 1;
    while (c[0] >= 0x80 && (**at & 0xc0) == 0x80) {
        (*at)++; /* one _ for one character */
    }
    single[0] = c[0] < 0x80 && isalnum(c[0]) ? (char)c[0] : '_';
    return single;
}

/* ASCII letters, digits and single _, none at either end. */
static size_t squeeze(char out[FH_DRAFT_NAME_BYTES], const char *text)
{
    char single[2] = {0};
    size_t size = 0;
    const unsigned char *at = (const unsigned char *)text;
    while (*at != 0) {
        for (const char *piece = simplify(&at, single); *piece != 0; piece++) {
            bool drop = *piece == '_' && (size == 0 || out[size - 1] == '_');
            if (!drop && size < FH_DRAFT_NAME_BYTES - 1) {
                out[size++] = *piece;
            }
        }
    }
    while (size > 0 && out[size - 1] == '_') {
        size--;
    }
    out[size] = 0;
    return size;
}

void fh_draft_suffixed(char out[FH_DRAFT_NAME_BYTES], const char *base, const char *suffix)
{
    size_t room = (size_t)FH_NAME_BYTES_MAX - 1 - strlen(suffix);
    size_t size = strlen(base) < room ? strlen(base) : room;
    while (size > 0 && base[size - 1] == '_') {
        size--; /* "__" stands between product and table */
    }
    snprintf(out, FH_DRAFT_NAME_BYTES, "%.*s_%s", (int)size, base, suffix);
}

void fh_draft_plain_name(char out[FH_DRAFT_NAME_BYTES], const char *text, const char *otherwise)
{
    char name[FH_DRAFT_NAME_BYTES];
    struct fh_err err;
    size_t size = squeeze(name, text);
    for (size_t i = 0; i < size; i++) {
        name[i] = (char)tolower((unsigned char)name[i]);
    }
    if (size == 0) {
        snprintf(name, sizeof name, "%s", otherwise);
    }
    bool fits = isalpha((unsigned char)name[0]) != 0;
    snprintf(out, FH_DRAFT_NAME_BYTES, "%s%.*s", fits ? "" : "t_", FH_NAME_BYTES_MAX - 2, name);
    if (fits) {
        snprintf(out, FH_DRAFT_NAME_BYTES, "%s", name);
    }
    if (fh_name_check("table", out, &err) != FH_OK) { /* a reserved one */
        fh_draft_suffixed(out, name, "data");
    }
}

static bool is_column_name(const char *text)
{
    size_t size = strlen(text);
    bool fits = size > 0 && size <= FH_NAME_BYTES_MAX && !isdigit((unsigned char)text[0]);
    for (size_t i = 0; i < size && fits; i++) {
        fits = (unsigned char)text[i] < 0x80 && (isalnum((unsigned char)text[i]) || text[i] == '_');
    }
    return fits;
}

void fh_draft_column_name(char out[FH_DRAFT_NAME_BYTES], const char *text, size_t index)
{
    char name[FH_DRAFT_NAME_BYTES];
    if (is_column_name(text)) {
        snprintf(out, FH_DRAFT_NAME_BYTES, "%s", text);
    } else if (squeeze(name, text) == 0) {
        snprintf(out, FH_DRAFT_NAME_BYTES, "column_%zu", index + 1);
    } else if (isdigit((unsigned char)name[0])) {
        snprintf(out, FH_DRAFT_NAME_BYTES, "c_%.*s", FH_NAME_BYTES_MAX - 2, name);
    } else {
        /* A heading with blanks has no spelling to keep: all small, as SQL is usually written. */
        for (char *at = name; *at != 0; at++) {
            *at = (char)tolower((unsigned char)*at);
        }
        snprintf(out, FH_DRAFT_NAME_BYTES, "%s", name);
    }
}
