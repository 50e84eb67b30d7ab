/* SPDX-License-Identifier: Apache-2.0 */
/* Reports, questions of a test, and what promises are made of, from foreign bytes. The first byte
 * chooses the reader; a report or question that is read is encoded again and must be the same. */
#include "common/assert.h"
#include "proto/quality/pattern.h"
#include "proto/quality/report.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void report(struct fh_bytes bytes, struct fh_arena *arena)
{
    struct fh_report read;
    struct fh_err err = {0};
    if (fh_report_decode(&read, bytes, arena, &err) == FH_OK) {
        struct fh_buf again;
        fh_buf_init(&again, FH_REPORT_BYTES_MAX);
        fh_report_encode(&again, &read);
        FH_ASSERT(again.size <= bytes.size); /* less when a newer version appended fields */
        fh_buf_fini(&again);
    }
}

static void question(struct fh_bytes bytes)
{
    struct fh_test_question *read = calloc(1, sizeof *read);
    struct fh_err err = {0};
    if (read != NULL && fh_test_question_decode(read, bytes, &err) == FH_OK) {
        struct fh_buf again;
        fh_buf_init(&again, FH_REPORT_BYTES_MAX);
        fh_test_question_encode(&again, read);
        FH_ASSERT(again.size <= bytes.size);
        fh_buf_fini(&again);
    }
    free(read);
}

static void patterns(struct fh_bytes bytes, struct fh_arena *arena)
{
    const char *text = fh_arena_string(arena, bytes);
    struct fh_duration duration = {0};
    struct fh_buf one;
    struct fh_buf two;
    struct fh_err err = {0};
    fh_buf_init(&one, 1024 * 1024);
    fh_buf_init(&two, 1024 * 1024);
    if (text != NULL) {
        (void)!fh_pattern_re2(&one, text, &err);
        fh_buf_reset(&one);
        (void)!fh_pattern_date(&one, &two, text, &err);
        if (fh_duration_parse(&duration, text, NULL, &err) == FH_OK) {
            char form[FH_DURATION_TEXT_BYTES];
            struct fh_duration again = {0};
            fh_duration_text(form, duration);
            FH_ASSERT(fh_duration_parse(&again, form, NULL, &err) == FH_OK);
            FH_ASSERT(again.months == duration.months && again.ms == duration.ms);
            FH_ASSERT(fh_duration_before(0, duration) <= 0);
        }
    }
    fh_buf_fini(&one);
    fh_buf_fini(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_arena *arena = fh_arena_new(8 * 1024 * 1024);
    if (arena != NULL && size > 0) {
        struct fh_bytes rest = fh_bytes(data + 1, size - 1);
        switch (data[0] % 3) {
        case 0:
            report(rest, arena);
            break;
        case 1:
            question(rest);
            break;
        default:
            patterns(rest, arena);
            break;
        }
    }
    fh_arena_free(arena);
    return 0;
}
