/* SPDX-License-Identifier: Apache-2.0 */
/* Saved contracts from foreign bytes, verified against the mesh that they name themselves, so that
 * the records inside are reached. */
#include "common/assert.h"
#include "tools/client/proof.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Version and words of the file stand before the mesh id: three heads, the words, the bin's head.
 */
enum { MESH_AT = 3 + 17 + 2, NOW_S = 1900000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_mesh_id mesh = {{0}};
    struct fh_proof *proof = NULL;
    struct fh_err err = {0};
    FH_ASSERT(fh_crypto_init() == FH_OK);
    if (size >= MESH_AT + sizeof mesh.b) {
        memcpy(mesh.b, data + MESH_AT, sizeof mesh.b);
    }
    struct fh_bytes file = fh_bytes(data, size);
    int code = fh_proof_verify_file(&proof, file, &mesh, (int64_t)NOW_S * 1000, &err);
    FH_ASSERT((code == FH_OK) == (proof != NULL));
    FH_ASSERT(code == FH_OK || err.text[0] != 0);
    if (proof != NULL) {
        FH_ASSERT(fh_proof_is_file(file));
        FH_ASSERT(strcmp(proof->stated.product, proof->announced.product) == 0);
    }
    fh_proof_free(proof);
    return 0;
}
