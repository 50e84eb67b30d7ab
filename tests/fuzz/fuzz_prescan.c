/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as SQL text for the pre-scan: it ends, stays inside, and keeps its bounds. */
#include "common/limits.h"
#include "node/query/prescan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_err err = {0};
    struct fh_prescan scan;
    int code = fh_prescan(&scan, fh_bytes(data, size), &err);
    if (code == FH_OK) {
        if (scan.end == 0 || scan.end > size || scan.depth > FH_SQL_DEPTH_MAX ||
            scan.tokens > FH_SQL_TOKENS_MAX || scan.cte_depth > FH_SQL_CTE_DEPTH_MAX) {
            abort();
        }
        /* What runs is the statement alone: it must pass as well, and be whole. */
        struct fh_prescan again;
        if (fh_prescan(&again, fh_bytes(data, scan.end), &err) != FH_OK ||
            again.tokens != scan.tokens) {
            abort();
        }
    } else if (err.rule[0] == 0 || scan.position > size) {
        abort();
    }
    return 0;
}
