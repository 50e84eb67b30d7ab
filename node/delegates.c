/* SPDX-License-Identifier: Apache-2.0 */
#include "node/delegates.h"

#include "common/log.h"
#include "proto/session/messages.h"

void fh_delegates_question(struct fh_residence *home,
                           struct fh_mesh *mesh,
                           struct fh_admin_question *question)
{
    struct fh_msg_bins records;
    struct fh_bytes record;
    struct fh_err err;
    uint64_t added = 0;
    int rc = fh_msg_bins_read(fh_admin_fields(question), &records, &err);
    while (rc == FH_OK && fh_msg_bins_next(&records, &record)) {
        bool is_new = false;
        rc = mesh != NULL ? fh_mesh_identity(mesh, record, &is_new, &err)
                          : fh_residence_take(home, record, &is_new, &err);
        added += is_new;
    }
    if (rc != FH_OK) {
        fh_admin_refuse(question, &err);
        return;
    }
    fh_log(FH_LOG_INFO, "identity.taken", "new=%llu", (unsigned long long)added);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 16);
    fh_msg_ok(&out, 1);
    fh_pack_uint(&out, added);
    fh_admin_answer(question, &out);
}
