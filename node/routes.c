/* SPDX-License-Identifier: Apache-2.0 */
#include "node/routes.h"

#include "common/version.h"
#include "node/delegates.h"
#include "node/naming.h"
#include "node/peer/relay.h"
#include "node/policing.h"
#include "node/publish.h"
#include "node/publish_remote.h"
#include "node/quality/schedule.h"
#include "node/query/can.h"
#include "node/query/governed.h"
#include "node/query/lookup.h"
#include "node/query/serve.h"
#include "node/recording.h"
#include "node/witnessing.h"

/* What the domain's people ask from elsewhere goes the way of what they ask at home. */
static void ask_own(const struct fh_routes *routes, struct fh_question *question)
{
    struct fh_admin_question *asked = fh_own_question(&routes->own, question);
    if (asked != NULL) {
        fh_question_watch(question, NULL, NULL); /* from here on it is that question's */
        fh_routes_admin(routes, asked);
    }
}

void fh_routes_question(const struct fh_routes *routes, struct fh_question *question)
{
    struct fh_err err;
    if (fh_recording_session(routes->recording, question, &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    switch (fh_question_code(question)) {
    case FH_MSG_STATUS:
    case FH_MSG_SEARCH:
    case FH_MSG_DESCRIBE:
    case FH_MSG_HISTORY:
        fh_lookup_question(routes->lookup, question);
        return;
    case FH_MSG_PEERS:
    case FH_MSG_WHY:
    case FH_MSG_COUNTERS:
    case FH_MSG_PROOFS:
    case FH_MSG_CHARTER:
    case FH_MSG_CHARTERS:
    case FH_MSG_IDENTITY:
    case FH_MSG_REDEEM:
    case FH_MSG_SYNC:
    case FH_MSG_PUSH:
    case FH_MSG_PULL:
    case FH_MSG_PROBE:
    case FH_MSG_RECONCILE:
    case FH_MSG_POLICY_STATE:
    case FH_MSG_MEASUREMENT:
    case FH_MSG_QUALITY:
        fh_mesh_question(routes->mesh, question);
        return;
    case FH_MSG_RELAY:
    case FH_MSG_HUNG_UP:
        fh_relay_question(routes->relay, question);
        return;
    case FH_MSG_PLAN:
    case FH_MSG_QUERY:
    case FH_MSG_SCAN:
    case FH_MSG_NEXT:
    case FH_MSG_CANCEL:
    case FH_MSG_STILL:
    case FH_MSG_VIEW:
        fh_serve_question(routes->serve, question);
        return;
    case FH_MSG_WITNESS:
        fh_witnessing_question(routes->witnessing, question);
        return;
    case FH_MSG_CAN:
        fh_can_question(routes->can, question);
        return;
    case FH_MSG_GOVERNED:
        fh_governed_question(routes->governed, question);
        return;
    case FH_MSG_CHAIN:
    case FH_MSG_PUBLISH:
    case FH_MSG_OUTCOME:
    case FH_MSG_BASE:
        fh_remote_publisher_question(routes->remote_publisher, question);
        return;
    case FH_MSG_OWN:
        ask_own(routes, question);
        return;
    default:
        break;
    }
    if (fh_desk_question(routes->desk, question) ||
        fh_token_desk_question(routes->token_desk, question)) {
        return;
    }
    fh_err_rule(&err,
                FH_EPROTO,
                "message.unknown",
                "this node (version %s) does not know message %u",
                FH_VERSION,
                fh_question_code(question));
    fh_question_refuse(question, &err);
}

void fh_routes_admin(const struct fh_routes *routes, struct fh_admin_question *question)
{
    unsigned code = fh_admin_code(question);
    struct fh_err err;
    if (fh_recording_question(routes->recording, question, &err) != FH_OK) {
        fh_admin_refuse(question, &err);
        return;
    }
    switch (code) {
    case FH_MSG_ADMIN_CHAIN:
    case FH_MSG_ADMIN_PUBLISH:
    case FH_MSG_ADMIN_BASE:
        fh_publisher_question(routes->publisher, question);
        return;
    case FH_MSG_ADMIN_ANNOUNCED:
    case FH_MSG_ADMIN_MOVE:
        fh_moves_question(routes->moves, question);
        return;
    case FH_MSG_ADMIN_CHECK:
    case FH_MSG_ADMIN_MEASURED:
        fh_schedule_question(routes->schedule, question);
        return;
    case FH_MSG_ADMIN_WITNESSED:
        fh_witnessing_admin(routes->witnessing, question);
        return;
    case FH_MSG_ADMIN_IDENTITY:
        fh_delegates_question(routes->home, routes->mesh, question);
        return;
    default:
        break;
    }
    if (fh_desk_admin(routes->desk, question) || fh_policing_admin(routes->policing, question) ||
        fh_token_desk_admin(routes->token_desk, question) ||
        fh_naming_admin(routes->home, question)) {
        return;
    }
    fh_err_rule(&err, FH_EPROTO, "message.unknown", "the admin socket knows no message %u", code);
    fh_admin_refuse(question, &err);
}
