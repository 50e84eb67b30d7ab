/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publish: from the CLI's signed contract to an announced product.
 *
 *   ADMIN_PUBLISH, or publish_remote.h -> chain and signature as any peer checks them -> the
 * authored text gives this very contract -> what policies want of it -> promises against the data
 * -> one durable transaction -> gossip
 *
 * Nothing is stored before everything holds; a dry run stops before it is. Announcements are
 * renewed long before they expire.
 *
 * Does not: sign contracts (the publisher's key is with the CLI). Thread: the loop's. Ownership:
 * keeps what its options name.
 */
#ifndef FH_NODE_PUBLISH_H
#define FH_NODE_PUBLISH_H

#include "node/admin.h"
#include "node/mesh/mesh.h"
#include "node/publish_report.h"

struct fh_policies;
struct fh_publisher;
struct fh_rights;
struct fh_schedule;
struct fh_workers;

struct fh_publisher_options {
    struct fh_loop *loop;
    struct fh_catalog *catalog;
    const struct fh_policies *policies; /* what they make of a version is told */
    struct fh_rights *rights;
    struct fh_keystore *keys;
    struct fh_workers *workers;
    struct fh_mesh *mesh;         /* NULL when offline: peers learn of it at the next start */
    struct fh_schedule *schedule; /* hears what was found before publishing */
    const struct fh_settings *settings;
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain;
};

FH_MUST_CHECK int fh_publisher_new(struct fh_publisher **out,
                                   const struct fh_publisher_options *options,
                                   struct fh_err *err);
bool fh_publisher_drained(const struct fh_publisher *publisher);
void fh_publisher_free(struct fh_publisher *publisher);

/* The end, once, on the loop: what the data say (lent for the call), or NULL and why nothing was
 * published. */
typedef void
fh_publish_fn(const struct fh_publish_report *report, const struct fh_err *err, void *user);

struct fh_publish_order {
    struct fh_msg_publish asked; /* its views are kept until the end */
    bool remote; /* whoever asked is elsewhere: errors name tables, and paths go to the log */
    fh_publish_fn *done;
    void *user;
};
/* Begins; a refusal before the data is looked at is the result, and `done` is not called. Codes of
 * fh_catalog_check_contract, fh_checks_begin, FH_ECHECK, FH_ENOMEM. */
FH_MUST_CHECK int fh_publisher_begin(struct fh_publisher *publisher,
                                     const struct fh_publish_order *order,
                                     struct fh_err *err);

/* ADMIN_CHAIN, ADMIN_BASE, ADMIN_PUBLISH; the question is taken. */
void fh_publisher_question(struct fh_publisher *publisher, struct fh_admin_question *question);
/* Announces own products anew whose announcement has lived a third of its time. */
void fh_publisher_renew(struct fh_publisher *publisher);

#endif
