/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/landing.h"

#include "common/assert.h"
#include "proto/query/batch.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEAD_BYTES = 8, /* [0, 0, bin head] before a batch of more than 64 KiB */
    LEAST_BYTES = 16 * 1024,
};

uint8_t *fh_landing_room(struct fh_landing *landing, size_t size)
{
    size_t needed = FH_BATCH_ALIGN + size;
    if (needed > landing->size) {
        size_t room = LEAST_BYTES;
        while (room < needed) {
            room *= 2;
        }
        fh_landing_fini(landing);
        landing->memory = aligned_alloc(FH_BATCH_ALIGN, room);
        landing->size = landing->memory == NULL ? 0 : room;
    }
    return landing->memory == NULL ? NULL : landing->memory + FH_BATCH_ALIGN - HEAD_BYTES;
}

struct fh_bytes fh_landing_align(struct fh_landing *landing, struct fh_bytes batch)
{
    uint8_t *place = landing->memory + FH_BATCH_ALIGN;
    FH_ASSERT(batch.size <= landing->size - FH_BATCH_ALIGN);
    if (batch.data != place && batch.size > 0) {
        memmove(place, batch.data, batch.size);
    }
    return fh_bytes(place, batch.size);
}

void fh_landing_fini(struct fh_landing *landing)
{
    free(landing->memory);
    *landing = (struct fh_landing){0};
}
