/* SPDX-License-Identifier: Apache-2.0 */
/* For operators and for programs that find out by themselves. */
#include "tools/door/http/api.h"
#include "tools/door/http/openapi.h"

int fh_api_openapi(struct fh_http_call *call, struct fh_err *err)
{
    (void)err;
    fh_buf_add_bytes(&call->out, fh_http_openapi());
    return FH_OK;
}

int fh_api_health(struct fh_http_call *call, struct fh_err *err)
{
    (void)err;
    fh_buf_add_cstr(&call->out, "ok\n");
    return FH_OK;
}

/* The node's own word, by the home's member. */
static int ask_status(struct fh_http_call *call, struct freehold_status *out, struct fh_err *err)
{
    struct fh_askers *askers = call->state->services->askers;
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_askers_take(askers, NULL, &client, err);
    if (code != FH_OK) {
        return code;
    }
    if (freehold_status(client, out, &error) != FREEHOLD_OK) {
        code = fh_http_error(err, &error);
    }
    fh_askers_give(askers, client);
    return code;
}

/* Reasons are for operators beside it: codes and rules, no addresses of others. */
int fh_api_ready(struct fh_http_call *call, struct fh_err *err)
{
    struct freehold_status status = {.size = sizeof status};
    struct fh_err why = {0};
    struct fh_json json = fh_http_json(call);
    (void)err;
    bool answers = ask_status(call, &status, &why) == FH_OK;
    bool joined = answers && status.members_known > 0;
    fh_json_open(&json, '{');
    fh_json_pair_bool(&json, "ready", joined);
    fh_json_key(&json, "reasons");
    fh_json_open(&json, '[');
    if (!answers) {
        fh_json_text(&json, why.rule[0] != '\0' ? why.rule : fh_code_text(why.code));
        fh_json_text(&json, "the node does not answer");
    } else if (!joined) {
        fh_json_text(&json, "the node has not joined a mesh yet");
    }
    fh_json_close(&json, ']');
    fh_json_close(&json, '}');
    call->status = joined ? 200 : 503;
    return FH_OK;
}

int fh_api_metrics(struct fh_http_call *call, struct fh_err *err)
{
    struct freehold_status status = {.size = sizeof status};
    struct fh_err ignored;
    (void)err;
    bool answers = ask_status(call, &status, &ignored) == FH_OK;
    fh_http_metrics_write(&call->out, &call->state->metrics, answers ? &status : NULL);
    return FH_OK;
}
