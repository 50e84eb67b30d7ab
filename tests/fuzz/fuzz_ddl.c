/* SPDX-License-Identifier: Apache-2.0 */
/* SQL definitions: whatever they say, the draft passes lint or there is an error with its place. */
#include "tests/fuzz/drafts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drafts_try("SQL definitions", fh_import_sql, fh_bytes(data, size));
    return 0;
}
