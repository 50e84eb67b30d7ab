/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State: what all requests at one HTTP door share.
 *
 * Thread: any; each part says how. Ownership: owns its parts, keeps the services.
 */
#ifndef FH_TOOLS_DOOR_HTTP_STATE_H
#define FH_TOOLS_DOOR_HTTP_STATE_H

#include "tools/door/door.h"
#include "tools/door/http/metrics.h"
#include "tools/door/http/news.h"
#include "tools/door/http/receipts.h"
#include "tools/door/http/reports.h"
#include "tools/door/http/shelf.h"

struct fh_http_state {
    const struct fh_door_services *services;
    bool loopback; /* listens there alone: answers to loopback names only */
    struct fh_http_shelf *shelf;
    struct fh_http_receipts *receipts;
    struct fh_http_reports *reports;
    struct fh_http_news news;
    struct fh_http_metrics metrics;
};

/* NULL when there is no memory. Given: fh_http_state_free. */
FH_MUST_CHECK struct fh_http_state *fh_http_state_new(const struct fh_door_services *services);
void fh_http_state_free(struct fh_http_state *state);

#endif
