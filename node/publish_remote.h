/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing from elsewhere: CHAIN, BASE, PUBLISH and OUTCOME of sessions.
 *
 *   PUBLISH -> is it a publisher of ours? -> the record made anew from the authored text, its
 *   signature checked -> fh_publisher_begin -> ticket;   OUTCOME: how it went, when it has ended
 *
 * The authored text says where the data lies; it may name files beneath the configured data roots
 * alone, and what is answered tells nothing of files elsewhere. One order of a key runs at a time,
 * and so many a minute; the outcome of its last one is kept.
 *
 * An order has ended when the audit log has how.
 *
 * Does not: publish by itself (publish.h does). Thread: the loop's. Ownership: keeps what its
 * options name.
 */
#ifndef FH_NODE_PUBLISH_REMOTE_H
#define FH_NODE_PUBLISH_REMOTE_H

#include "node/publish.h"
#include "node/recording.h"

struct fh_remote_publisher;

struct fh_remote_publisher_options {
    struct fh_publisher *publisher;
    struct fh_catalog *catalog;
    struct fh_directory *dir;
    struct fh_mesh *mesh;           /* NULL when offline: then nobody asks */
    struct fh_recording *recording; /* NULL: no audit log is kept */
    const struct fh_settings *settings;
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain;
};

/* FH_ENOMEM. */
FH_MUST_CHECK int fh_remote_publisher_new(struct fh_remote_publisher **out,
                                          const struct fh_remote_publisher_options *options,
                                          struct fh_err *err);
/* No order runs any more (fh_publisher_drained). NULL is fine. */
void fh_remote_publisher_free(struct fh_remote_publisher *remote);

/* CHAIN, BASE, PUBLISH, OUTCOME; the question is taken. */
void fh_remote_publisher_question(struct fh_remote_publisher *remote, struct fh_question *question);

#endif
