/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest of dbt: whatever it says, the draft passes lint or there is an error that names a
 * rule. */
#include "tests/fuzz/drafts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_manifest(struct fh_draft *draft, struct fh_bytes input, struct fh_err *err)
{
    return fh_import_dbt(draft, input, NULL, 0, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drafts_try("a manifest of dbt", read_manifest, fh_bytes(data, size));
    return 0;
}
