/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/own_node.h"

#include "proto/session/messages_access.h"
#include "tools/cli/publish_remote.h"

int fh_own_node_open(struct fh_own_node *out,
                     struct fh_cli *cli,
                     const char *node,
                     struct fh_err *err)
{
    *out = (struct fh_own_node){.actor = NULL};
    if (node != NULL || cli->key != NULL) {
        return fh_remote_open(&out->remote, cli, node, err);
    }
    int code = fh_actor_open_public(&out->actor, cli->home, err);
    return code == FH_OK ? fh_admin_open(&out->admin, &out->actor->home, true, err) : code;
}

void fh_own_node_close(struct fh_own_node *own)
{
    fh_remote_close(own->remote);
    fh_admin_close(own->admin);
    fh_actor_free(own->actor);
    *own = (struct fh_own_node){.actor = NULL};
}

const struct fh_actor *fh_own_node_actor(const struct fh_own_node *own)
{
    return own->remote != NULL ? fh_remote_actor(own->remote) : own->actor;
}

int fh_own_node_signer(const struct fh_own_node *own,
                       struct fh_sign_secret *out,
                       struct fh_err *err)
{
    struct fh_sign_public public_key;
    if (own->remote != NULL) {
        *out = fh_remote_actor(own->remote)->secret;
        return FH_OK;
    }
    return fh_actor_key(&own->actor->home, "publisher", FH_KEY_PUBLISHER, &public_key, out, err);
}

int fh_own_node_call(struct fh_own_node *own,
                     const struct fh_buf *request,
                     int64_t timeout_ms,
                     struct fh_buf *answer,
                     struct fh_pack_reader *reader,
                     struct fh_err *err)
{
    int code = fh_buf_ok(request);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the question does not fit a frame");
    }
    return own->remote != NULL
               ? fh_remote_own(own->remote, fh_buf_view(request), timeout_ms, answer, reader, err)
               : fh_admin_call(own->admin, fh_buf_view(request), timeout_ms, answer, reader, err);
}

int fh_own_node_domain(struct fh_own_node *own,
                       const char *name,
                       struct fh_domain_id *out,
                       struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_who_request(&request, name);
    int code = fh_own_node_call(own, &request, FH_REQUEST_MS, &answer, &reader, err);
    return code == FH_OK ? fh_msg_who_answer_read(&reader, out, err) : code;
}
