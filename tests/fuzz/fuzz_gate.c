/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the tree that a worker sent: the gate ends and gives a reason. */
#include "node/query/gate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_err err = {0};
    struct fh_gate gate;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    if (arena == NULL) {
        return 0;
    }
    int code = fh_gate_check(&gate, fh_bytes(data, size), arena, &err);
    if (code != FH_OK && err.text[0] == 0) {
        abort();
    }
    for (uint32_t i = 0; code == FH_OK && i < gate.table_count; i++) {
        if (gate.tables[i].catalog == NULL || gate.tables[i].schema == NULL ||
            gate.tables[i].name == NULL) {
            abort();
        }
    }
    fh_arena_free(arena);
    return 0;
}
