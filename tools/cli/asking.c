/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/asking.h"

void fh_asking_init(struct fh_asking *asking)
{
    *asking = (struct fh_asking){.own = {.actor = NULL}};
    fh_buf_init(&asking->request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&asking->answer, FH_ADMIN_FRAME_BYTES_MAX);
}

void fh_asking_fini(struct fh_asking *asking)
{
    fh_own_node_close(&asking->own);
    fh_buf_fini(&asking->request);
    fh_buf_fini(&asking->answer);
}

int fh_asking_ask(struct fh_asking *asking,
                  struct fh_cli *cli,
                  const char *node,
                  int64_t timeout_ms,
                  struct fh_err *err)
{
    int code = fh_own_node_open(&asking->own, cli, node, err);
    return code == FH_OK ? fh_own_node_call(&asking->own,
                                            &asking->request,
                                            timeout_ms,
                                            &asking->answer,
                                            &asking->reader,
                                            err)
                         : code;
}
