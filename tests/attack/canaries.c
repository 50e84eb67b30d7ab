/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/canaries.h"

#include "common/compiler.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    bool forbidden[FH_CANARY_PLACE_COUNT];
} kinds[] = {
    {"secret", {true, true, true, true}},
    {"place", {true, true, false, false}},
    {"row", {false, true, true, true}},
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Base64 of the word as it stands behind `skip` other bytes, without the characters that these and
 * what follows it have a part in. */
static void put_base64(char *out, const char *word, size_t skip)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t bits = 8 * strlen(word);
    size_t n = 0;
    for (size_t at = (6 - 8 * skip % 6) % 6; at + 6 <= bits; at += 6) {
        unsigned value = 0;
        for (size_t bit = at; bit < at + 6; bit++) {
            value = value << 1 | ((unsigned char)word[bit / 8] >> (7 - bit % 8) & 1U);
        }
        out[n++] = lower(digits[value]);
    }
    out[n] = '\0';
}

static void add_shapes(struct fh_canary *canary, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i < size; i++) {
        canary->shapes[0][i] = lower(word[i]);
        canary->shapes[1][size - 1 - i] = lower(word[i]);
    }
    fh_hex(canary->shapes[2], (const uint8_t *)word, size);
    for (size_t skip = 0; skip < 3; skip++) {
        put_base64(canary->shapes[3 + skip], word, skip);
    }
}

int fh_canaries_read(struct fh_canaries *out, struct fh_bytes text, struct fh_err *err)
{
    char line[256];
    *out = (struct fh_canaries){.count = 0};
    for (size_t at = 0, end; at < text.size; at = end + 1) {
        char kind[16];
        char name[64];
        char word[64];
        const uint8_t *newline = memchr(text.data + at, '\n', text.size - at);
        end = newline == NULL ? text.size : (size_t)(newline - text.data);
        snprintf(line, sizeof line, "%.*s", (int)(end - at), (const char *)text.data + at);
        bool good = sscanf(line, "%15s %63s %63s", kind, name, word) == 3 && strlen(word) >= 8 &&
                    out->count < FH_CANARIES_MAX;
        size_t i = 0;
        while (good && i < FH_COUNT(kinds) && strcmp(kinds[i].name, kind) != 0) {
            i++;
        }
        if (!good || i == FH_COUNT(kinds)) {
            return fh_err_set(err, FH_EINVAL, "this is no canary: %s", line);
        }
        struct fh_canary *canary = &out->items[out->count++];
        snprintf(canary->name, sizeof canary->name, "%s", name);
        memcpy(canary->forbidden, kinds[i].forbidden, sizeof canary->forbidden);
        add_shapes(canary, word);
    }
    return FH_OK;
}

const char *fh_canaries_find(const struct fh_canaries *canaries,
                             struct fh_bytes data,
                             enum fh_canary_place place)
{
    const char *found = NULL;
    char *low = data.size == 0 ? NULL : fh_calloc(1, data.size);
    for (size_t i = 0; low != NULL && i < data.size; i++) {
        low[i] = lower((char)data.data[i]);
    }
    for (size_t i = 0; low != NULL && found == NULL && i < canaries->count; i++) {
        const struct fh_canary *canary = &canaries->items[i];
        for (size_t s = 0; canary->forbidden[place] && s < FH_CANARY_SHAPES; s++) {
            if (memmem(low, data.size, canary->shapes[s], strlen(canary->shapes[s])) != NULL) {
                found = canary->name;
            }
        }
    }
    if (data.size > 0 && low == NULL) {
        found = "no memory to look for canaries";
    }
    fh_free(low);
    return found;
}
