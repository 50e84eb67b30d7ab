/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/search_spell.h"

#include "node/state/store_search.h"

#include <ctype.h>
#include <string.h>

enum {
    LETTERS_MIN = 4,       /* shorter words are near to too much */
    LETTERS_TWO_STEPS = 8, /* from here on two steps still leave most of the word */
    LETTERS_MAX = 32,
    STEPS_MAX = 2,
};

/* The first letters of a text, in lower case as far as ASCII goes: how many, at most `most`. */
static unsigned letters_of(struct fh_bytes text, uint32_t *out, unsigned most)
{
    unsigned count = 0;
    for (size_t at = 0; at < text.size && count < most;) {
        uint32_t letter = fh_utf8_next(text, &at);
        out[count++] = letter < 0x80 ? (uint32_t)tolower((int)letter) : letter;
    }
    return count;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Rows are letters of `a`, columns beginnings of `b`: the last row holds the distances of `a` to
 * each of them. */
static unsigned
distance(const uint32_t *a, unsigned a_count, const uint32_t *b, unsigned b_count, unsigned most)
{
    unsigned rows[3][LETTERS_MAX + STEPS_MAX + 1];
    for (unsigned j = 0; j <= b_count; j++) {
        rows[0][j] = j;
    }
    for (unsigned i = 1; i <= a_count; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        unsigned nearest = now[0] = i;
        for (unsigned j = 1; j <= b_count; j++) {
            unsigned best = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            best = least(best, least(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = least(best, two_above[j - 2] + 1);
            }
            now[j] = best;
            nearest = least(nearest, best);
        }
        if (nearest > most) {
            return nearest; /* rows only grow from here */
        }
    }
    unsigned nearest = a_count;
    for (unsigned j = 0; j <= b_count; j++) {
        nearest = least(nearest, rows[a_count % 3][j]);
    }
    return nearest;
}

unsigned fh_search_distance(struct fh_bytes word, struct fh_bytes term, unsigned most)
{
    uint32_t a[LETTERS_MAX];
    uint32_t b[LETTERS_MAX + STEPS_MAX];
    unsigned a_count = letters_of(word, a, LETTERS_MAX);
    unsigned b_count = letters_of(term, b, least(a_count + STEPS_MAX, FH_COUNT(b)));
    return distance(a, a_count, b, b_count, most);
}

/* One word that may be misspelt, and the nearest term so far. */
struct suspect {
    uint32_t letters[LETTERS_MAX];
    unsigned letter_count; /* 0: not looked at */
    unsigned steps;        /* that are allowed, then those of the nearest term */
    bool held;             /* a term begins with it: nothing is wrong with it */
    bool found;
    uint64_t products; /* that hold the nearest term */
};

struct look {
    struct suspect suspects[FH_SEARCH_WORDS_MAX];
    unsigned count;
    struct fh_search_spelling *spelling;
};

static bool is_one_word(struct fh_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x80 && isalnum(text.data[i]) == 0) {
            return false;
        }
    }
    return true;
}

static void suspect_word(struct suspect *suspect, struct fh_bytes text)
{
    *suspect = (struct suspect){.letter_count = 0};
    if (!is_one_word(text)) {
        return;
    }
    size_t at = 0;
    unsigned count = 0;
    while (at < text.size) {
        (void)fh_utf8_next(text, &at);
        count++;
    }
    if (count >= LETTERS_MIN && count <= LETTERS_MAX) {
        suspect->letter_count = letters_of(text, suspect->letters, LETTERS_MAX);
        suspect->steps = count >= LETTERS_TWO_STEPS ? 2 : 1;
    }
}

static void compare(struct suspect *suspect, struct fh_bytes term, uint64_t products, char *out)
{
    uint32_t letters[LETTERS_MAX + STEPS_MAX];
    unsigned count = letters_of(term, letters, suspect->letter_count + STEPS_MAX);
    unsigned steps =
        distance(suspect->letters, suspect->letter_count, letters, count, suspect->steps);
    suspect->held = suspect->held || steps == 0;
    bool nearer = steps < suspect->steps || (steps == suspect->steps && !suspect->found) ||
                  (steps == suspect->steps && products > suspect->products);
    if (nearer) {
        suspect->found = true;
        suspect->steps = steps;
        suspect->products = products;
        memcpy(out, term.data, term.size);
        out[term.size] = '\0';
    }
}

static int look_at_term(void *user, struct fh_bytes term, uint64_t products, struct fh_err *err)
{
    (void)err;
    struct look *look = user;
    if (term.size >= FH_SEARCH_TERM_BYTES) {
        return FH_OK;
    }
    for (unsigned i = 0; i < look->count; i++) {
        struct suspect *suspect = &look->suspects[i];
        if (suspect->letter_count > 0 && !suspect->held) {
            compare(suspect, term, products, look->spelling->texts[i]);
        }
    }
    return FH_OK;
}

int fh_search_spell(struct fh_store *store,
                    struct fh_search_words *words,
                    struct fh_search_spelling *spelling,
                    bool *out_mended,
                    struct fh_err *err)
{
    struct look look = {.count = words->count, .spelling = spelling};
    *out_mended = false;
    for (unsigned i = 0; i < words->count; i++) {
        suspect_word(&look.suspects[i], words->items[i].text);
    }
    int code = fh_store_search_terms(store, FH_SEARCH_TERMS_MAX, look_at_term, &look, err);
    for (unsigned i = 0; code == FH_OK && i < words->count; i++) {
        if (look.suspects[i].found && !look.suspects[i].held) {
            words->items[i].text = fh_bytes_cstr(spelling->texts[i]);
            *out_mended = true;
        }
    }
    return code;
}
