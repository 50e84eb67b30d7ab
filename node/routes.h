/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes: which part of the node answers which message.
 *
 * Does not: read fields. Thread: the loop's. Ownership: keeps what it names.
 */
#ifndef FH_NODE_ROUTES_H
#define FH_NODE_ROUTES_H

#include "node/desk.h"
#include "node/moves.h"
#include "node/own.h"
#include "node/residence.h"
#include "node/token_desk.h"

struct fh_can;
struct fh_governed;
struct fh_lookup;
struct fh_policing;
struct fh_publisher;
struct fh_relay;
struct fh_recording;
struct fh_remote_publisher;
struct fh_schedule;
struct fh_witnessing;

struct fh_routes {
    struct fh_residence *home;
    struct fh_mesh *mesh; /* NULL when offline */
    struct fh_relay *relay;
    struct fh_serve *serve;
    struct fh_schedule *schedule;
    struct fh_publisher *publisher;
    struct fh_remote_publisher *remote_publisher;
    struct fh_lookup *lookup;
    struct fh_moves *moves;
    struct fh_desk *desk;
    struct fh_token_desk *token_desk;
    struct fh_witnessing *witnessing;
    struct fh_own own;
    struct fh_recording *recording; /* NULL: no audit log is kept */
    struct fh_policing *policing;
    struct fh_can *can;
    struct fh_governed *governed;
};

/* A question of a session; it is taken, and refused when nobody knows it. */
void fh_routes_question(const struct fh_routes *routes, struct fh_question *question);
/* A question on the admin socket; the same. */
void fh_routes_admin(const struct fh_routes *routes, struct fh_admin_question *question);

#endif
