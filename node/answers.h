/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers: the parts that answer from what is held alone (desk, token desk, moves, lookup, can,
 * governed), and the table of who answers what.
 *
 * Does not: start or end anything. Thread: the loop's. Ownership: keeps what it is given, and its
 * own place: it is not moved.
 */
#ifndef FH_NODE_ANSWERS_H
#define FH_NODE_ANSWERS_H

#include "node/query/can.h"
#include "node/query/governed.h"
#include "node/query/lookup.h"
#include "node/routes.h"

struct fh_answers {
    struct fh_desk desk;
    struct fh_token_desk token_desk;
    struct fh_moves moves;
    struct fh_lookup lookup;
    struct fh_can can;
    struct fh_governed governed;
    struct fh_routes routes;
};

struct fh_answers_options {
    struct fh_residence *home;
    struct fh_mesh *mesh; /* NULL when offline */
    struct fh_courier *courier;
    struct fh_relay *relay;
    struct fh_serve *serve;
    struct fh_schedule *schedule;
    struct fh_publisher *publisher;
    struct fh_remote_publisher *remote_publisher;
    struct fh_recording *recording;
    struct fh_witnessing *witnessing;
    struct fh_policing *policing;
};
void fh_answers_init(struct fh_answers *answers, const struct fh_answers_options *options);

#endif
