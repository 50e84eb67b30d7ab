/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: whom a report on compliance asks, and about what.
 *
 * Does not: open or close anything. Thread: one. Ownership: keeps what it names.
 */
#ifndef FH_TOOLS_COMPLIANCE_SOURCE_H
#define FH_TOOLS_COMPLIANCE_SOURCE_H

#include "common/err.h"
#include "proto/wire/pack.h"

#include <stdint.h>

struct fh_actor;        /* tools/client/actor.h */
struct freehold_client; /* tools/client/freehold.h */

/* Asks a message of the admin socket of the own node; as fh_admin_socket_call. */
typedef int fh_compliance_call_fn(void *user,
                                  const struct fh_buf *request,
                                  struct fh_buf *answer,
                                  struct fh_pack_reader *reader,
                                  struct fh_err *err);

struct fh_compliance_source {
    const struct fh_actor *actor; /* whose report: mesh, domain, and the home with the audit log */
    struct freehold_client *client; /* finds and describes products */
    fh_compliance_call_fn *call;
    void *user;
    const char *domain; /* whose products; NULL: the actor's. Of another domain only what the mesh
                           agreed on can be judged here */
    uint32_t rows_max;  /* 0: as many as there are */
};

#endif
