/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/confusable.h"

#include "common/bytes.h"
#include "common/compiler.h"

#include <string.h>

enum script {
    SCRIPT_OTHER,
    SCRIPT_LATIN,
    SCRIPT_LOOKALIKE, /* Greek, Cyrillic, Armenian, Cherokee: has letters drawn like Latin ones */
    SCRIPT_STYLED,    /* Latin once more: full width, mathematical, enclosed */
    SCRIPT_INVISIBLE,
};

/* In ascending order; what stands in none is SCRIPT_OTHER. */
static const struct {
    uint32_t first;
    uint32_t last;
    enum script script;
} ranges[] = {
    {0x0000, 0x001f, SCRIPT_INVISIBLE},   {0x0041, 0x005a, SCRIPT_LATIN},
    {0x0061, 0x007a, SCRIPT_LATIN},       {0x007f, 0x00a0, SCRIPT_INVISIBLE},
    {0x00ad, 0x00ad, SCRIPT_INVISIBLE},   {0x00c0, 0x024f, SCRIPT_LATIN},
    {0x0250, 0x02af, SCRIPT_LOOKALIKE},   {0x034f, 0x034f, SCRIPT_INVISIBLE},
    {0x0370, 0x058f, SCRIPT_LOOKALIKE},   {0x061c, 0x061c, SCRIPT_INVISIBLE},
    {0x115f, 0x1160, SCRIPT_INVISIBLE},   {0x13a0, 0x13ff, SCRIPT_LOOKALIKE},
    {0x17b4, 0x17b5, SCRIPT_INVISIBLE},   {0x180b, 0x180f, SCRIPT_INVISIBLE},
    {0x1c80, 0x1c8f, SCRIPT_LOOKALIKE},   {0x1e00, 0x1eff, SCRIPT_LATIN},
    {0x1f00, 0x1fff, SCRIPT_LOOKALIKE},   {0x2000, 0x200f, SCRIPT_INVISIBLE},
    {0x2028, 0x202f, SCRIPT_INVISIBLE},   {0x205f, 0x206f, SCRIPT_INVISIBLE},
    {0x210a, 0x2115, SCRIPT_STYLED},      {0x2119, 0x211d, SCRIPT_STYLED},
    {0x212a, 0x2134, SCRIPT_STYLED},      {0x2460, 0x24ff, SCRIPT_STYLED},
    {0x2c60, 0x2c7f, SCRIPT_LATIN},       {0x2de0, 0x2dff, SCRIPT_LOOKALIKE},
    {0x3000, 0x3000, SCRIPT_INVISIBLE},   {0x3164, 0x3164, SCRIPT_INVISIBLE},
    {0xa640, 0xa69f, SCRIPT_LOOKALIKE},   {0xa720, 0xa7ff, SCRIPT_LATIN},
    {0xfe00, 0xfe0f, SCRIPT_INVISIBLE},   {0xfeff, 0xfeff, SCRIPT_INVISIBLE},
    {0xff01, 0xff5e, SCRIPT_STYLED},      {0xffa0, 0xffa0, SCRIPT_INVISIBLE},
    {0xfff0, 0xfffb, SCRIPT_INVISIBLE},   {0x1d400, 0x1d7ff, SCRIPT_STYLED},
    {0xe0000, 0xe0fff, SCRIPT_INVISIBLE},
};

/* Letters of Greek and Cyrillic that nobody can tell from a Latin one. */
static const uint16_t twins[] = {
    0x0391, 0x0392, 0x0395, 0x0396, 0x0397, 0x0399, 0x039a, 0x039c, 0x039d, 0x039f, 0x03a1, 0x03a4,
    0x03a5, 0x03a7, 0x03bf, 0x03f2, 0x0405, 0x0406, 0x0408, 0x0410, 0x0412, 0x0415, 0x041a, 0x041c,
    0x041d, 0x041e, 0x0420, 0x0421, 0x0422, 0x0423, 0x0425, 0x0430, 0x0435, 0x043e, 0x0440, 0x0441,
    0x0443, 0x0445, 0x0455, 0x0456, 0x0458, 0x04ae, 0x04bb, 0x0501, 0x051b, 0x051d};

static enum script script_of(uint32_t c)
{
    for (size_t i = 0; i < FH_COUNT(ranges) && ranges[i].first <= c; i++) {
        if (c <= ranges[i].last) {
            return ranges[i].script;
        }
    }
    return SCRIPT_OTHER;
}

static bool is_twin(uint32_t c)
{
    for (size_t i = 0; i < FH_COUNT(twins); i++) {
        if (twins[i] == c) {
            return true;
        }
    }
    return false;
}

const char *fh_confusable_in(const char *name)
{
    struct fh_bytes text = fh_bytes_cstr(name);
    bool word_has_latin = false;
    bool word_has_lookalike = false;
    bool has_lookalike = false;
    bool has_own = false; /* a letter that is of its script beyond doubt */
    for (size_t at = 0; at < text.size;) {
        uint32_t c = fh_utf8_next(text, &at);
        enum script script = script_of(c);
        if (script == SCRIPT_INVISIBLE) {
            return "a character that nobody sees";
        }
        if (script == SCRIPT_STYLED) {
            return "a letter that is drawn like a plain one";
        }
        bool ends_word = c < 0x80 && script != SCRIPT_LATIN;
        word_has_latin = !ends_word && (word_has_latin || script == SCRIPT_LATIN);
        word_has_lookalike = !ends_word && (word_has_lookalike || script == SCRIPT_LOOKALIKE);
        has_lookalike = has_lookalike || script == SCRIPT_LOOKALIKE;
        has_own = has_own || (script == SCRIPT_LOOKALIKE && !is_twin(c));
        if (word_has_latin && word_has_lookalike) {
            return "letters of two alphabets that look alike in one word";
        }
    }
    return has_lookalike && !has_own ? "letters of another alphabet that all look like Latin ones"
                                     : NULL;
}
