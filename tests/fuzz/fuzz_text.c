/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small readers of foreign text in common/: dates, UTF-8, hex. What they take they must write
 * back the same.
 */
#include "common/assert.h"
#include "common/bytes.h"
#include "common/log.h"
#include "common/time.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_date(const char *text)
{
    int64_t wall_ms;
    if (!fh_time_parse(text, &wall_ms)) {
        return;
    }
    char back[FH_TIME_TEXT_BYTES];
    fh_time_text(back, wall_ms);
    if (strcmp(back, "out-of-range") == 0) {
        return; /* an offset or a leap second leads out of the years 1 to 9999 */
    }
    int64_t again;
    FH_ASSERT(fh_time_parse(back, &again));
    FH_ASSERT(again <= wall_ms && wall_ms - again < 1000);
}

static void check_hex(const char *text, size_t length)
{
    uint8_t raw[32];
    char back[2 * sizeof raw + 1];
    size_t size = length / 2 > sizeof raw ? sizeof raw : length / 2;
    if (fh_unhex(raw, size, text)) {
        fh_hex(back, raw, size);
        for (size_t i = 0; i < 2 * size; i++) {
            FH_ASSERT((back[i] | 0x20) == (text[i] | 0x20));
        }
    }
}

static void check_quoted(const char *text)
{
    char out[64];
    fh_log_quoted(out, sizeof out, text);
    size_t length = strlen(out);
    FH_ASSERT(length >= 2 && out[0] == '"' && out[length - 1] == '"');
    for (size_t i = 1; i + 1 < length; i++) {
        FH_ASSERT(out[i] >= 0x20 && out[i] < 0x7f && out[i] != '"');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)fh_utf8_valid(fh_bytes(data, size));
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    size_t length = strlen(text);
    check_date(text);
    check_hex(text, length);
    check_quoted(text);
    free(text);
    return 0;
}
