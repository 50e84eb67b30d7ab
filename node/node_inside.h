/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What node.c and node_parts.c share; for them alone.
 */
#ifndef FH_NODE_NODE_INSIDE_H
#define FH_NODE_NODE_INSIDE_H

#include "node/answers.h"
#include "node/doors.h"
#include "node/io/inbox.h"
#include "node/io/link.h"
#include "node/io/loop.h"
#include "node/io/udp.h"
#include "node/peer/relay.h"
#include "node/policing.h"
#include "node/publish.h"
#include "node/publish_remote.h"
#include "node/quality/schedule.h"
#include "node/query/serve.h"
#include "node/recording.h"
#include "node/witnessing.h"

#include <limits.h>

struct fh_node {
    const struct fh_config *config;
    const char *programs;   /* folder of the others */
    char program[PATH_MAX]; /* of the worker */
    struct fh_residence home;

    struct fh_loop *loop;
    struct fh_inbox *inbox;
    struct fh_link *link;
    struct fh_udp *udp;
    struct fh_peers *peers;
    struct fh_questions *questions;
    struct fh_relay *relay;
    struct fh_workers *workers;
    struct fh_crew *crew;
    struct fh_mesh *mesh;
    struct fh_serve *serve;
    struct fh_policing *policing;
    struct fh_recording *recording; /* NULL: no audit log is kept */
    struct fh_witnessing *witnessing;
    struct fh_schedule *schedule;
    struct fh_publisher *publisher;
    struct fh_remote_publisher *remote_publisher;
    struct fh_courier *courier;
    struct fh_answers answers;
    struct fh_doors *doors;
    struct fh_admin *admin;
    struct fh_signal *signals[3];
    struct fh_timer *sweep;
    struct fh_timer *hourly;
    struct fh_timer *drain;

    struct fh_admin_question *leaving; /* ADMIN_LEAVE, answered when goodbye was said */
    bool going_down;
    int64_t drain_deadline_ms;
    struct fh_err failure; /* why the node ends by itself; FH_OK: it was told to */
};

/* The parts that do not call the node back; each in its turn (node.c). */
FH_MUST_CHECK int fh_node_start_workers(struct fh_node *node, struct fh_err *err);
FH_MUST_CHECK int fh_node_start_schedule(struct fh_node *node, struct fh_err *err);
FH_MUST_CHECK int fh_node_start_remote_publisher(struct fh_node *node, struct fh_err *err);
FH_MUST_CHECK int fh_node_start_policing(struct fh_node *node, struct fh_err *err);
FH_MUST_CHECK int fh_node_start_courier(struct fh_node *node, struct fh_err *err);
FH_MUST_CHECK int fh_node_start_witnessing(struct fh_node *node, struct fh_err *err);
FH_MUST_CHECK int fh_node_start_recording(struct fh_node *node, struct fh_err *err);

#endif
