/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/governance.h"

#include "common/mem.h"
#include "tools/client/access.h"

static int read_waived(struct fh_governance *out, struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_waived_read(reader, &count, err);
    if (code == FH_OK && count > 0) {
        out->waived = fh_calloc(count, sizeof *out->waived);
        code = out->waived == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for waivers") : FH_OK;
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = fh_msg_waived_next(reader, &out->waived[i], err);
        out->waived_count += code == FH_OK;
    }
    return code;
}

static int
read_policies(struct fh_governance *out, struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_governed_answer_read(reader, &out->whole, &count, err);
    if (code == FH_OK && count > 0) {
        out->policies = fh_calloc(count, sizeof *out->policies);
        code = out->policies == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for policies") : FH_OK;
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = fh_msg_governing_next(reader, &out->policies[i], err);
        out->policy_count += code == FH_OK;
    }
    return code;
}

int fh_governance_ask(struct fh_governance *out,
                      struct freehold_client *client,
                      const struct fh_msg_product_name *name,
                      const struct fh_domain_id *owner,
                      struct fh_err *err)
{
    struct fh_channel *channel = NULL;
    struct fh_pack_reader reader;
    *out = (struct fh_governance){.whole = false};
    int code = owner == NULL ? fh_client_ready(client, err)
                             : fh_access_open_owner(client, owner, &channel, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_governed_request(&client->request, name);
        code = owner == NULL
                   ? fh_client_call(client, &reader, err)
                   : fh_channel_call(
                         channel, fh_buf_view(&client->request), &client->answer, &reader, err);
    }
    if (code == FH_OK) {
        code = read_policies(out, &reader, err);
    }
    if (code == FH_OK) {
        code = read_waived(out, &reader, err);
    }
    fh_client_release(client, channel);
    return code;
}

void fh_governance_fini(struct fh_governance *governance)
{
    fh_free(governance->policies);
    fh_free(governance->waived);
    *governance = (struct fh_governance){.whole = false};
}
