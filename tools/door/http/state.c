/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/state.h"

#include "common/mem.h"

struct fh_http_state *fh_http_state_new(const struct fh_door_services *services)
{
    struct fh_http_state *state = fh_calloc(1, sizeof *state);
    if (state == NULL) {
        return NULL;
    }
    state->services = services;
    fh_http_news_init(&state->news);
    state->shelf = fh_http_shelf_new();
    state->receipts = fh_http_receipts_new();
    state->reports = fh_http_reports_new(services);
    if (state->shelf == NULL || state->receipts == NULL || state->reports == NULL) {
        fh_http_state_free(state);
        return NULL;
    }
    return state;
}

void fh_http_state_free(struct fh_http_state *state)
{
    if (state == NULL) {
        return;
    }
    fh_http_shelf_free(state->shelf);
    fh_http_receipts_free(state->receipts);
    fh_http_reports_free(state->reports);
    fh_http_news_fini(&state->news);
    fh_free(state);
}
