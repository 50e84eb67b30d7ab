/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/reports.h"

#include "common/mem.h"
#include "common/time.h"
#include "tools/client/actor.h"
#include "tools/client/admin_socket.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    HELD_MAX = 4, /* domains */
    HOLDS_MS = 5000,
    REST = 9, /* times what it took */
};

struct fh_http_reports {
    const struct fh_door_services *services;
    pthread_mutex_t lock; /* while one is looked for or made */
    struct fh_http_report *held[HELD_MAX];
};

struct fh_http_reports *fh_http_reports_new(const struct fh_door_services *services)
{
    struct fh_http_reports *reports = fh_calloc(1, sizeof *reports);
    if (reports != NULL) {
        reports->services = services;
        pthread_mutex_init(&reports->lock, NULL);
    }
    return reports;
}

void fh_http_report_drop(struct fh_http_report *report)
{
    if (report != NULL && atomic_fetch_sub(&report->references, 1) == 1) {
        fh_compliance_fini(&report->made);
        fh_free(report);
    }
}

void fh_http_reports_free(struct fh_http_reports *reports)
{
    if (reports == NULL) {
        return;
    }
    for (size_t i = 0; i < HELD_MAX; i++) {
        fh_http_report_drop(reports->held[i]);
    }
    pthread_mutex_destroy(&reports->lock);
    fh_free(reports);
}

/* ---- making ---- */

static int ask_node(void *user,
                    const struct fh_buf *request,
                    struct fh_buf *answer,
                    struct fh_pack_reader *reader,
                    struct fh_err *err)
{
    const int *fd = user;
    int code = fh_buf_ok(request);
    return code != FH_OK ? fh_err_set(err, code, "the question does not fit a frame")
                         : fh_admin_socket_call(
                               *fd, fh_buf_view(request), FH_REQUEST_MS, answer, reader, err);
}

/* By the home's own member: what it finds is the same for all who may see it. */
static int make_by(const struct fh_door_services *services,
                   int fd,
                   struct fh_http_report *report,
                   struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct freehold_client *client = NULL;
    int code = fh_actor_open_public(&actor, services->settings->home.root, err);
    if (code == FH_OK) {
        code = fh_askers_take(services->askers, NULL, &client, err);
    }
    if (code == FH_OK) {
        const struct fh_compliance_source source = {.actor = actor,
                                                    .client = client,
                                                    .call = ask_node,
                                                    .user = &fd,
                                                    .domain = report->domain,
                                                    .rows_max = FH_HTTP_REPORT_ROWS_MAX};
        code = fh_compliance_make(&report->made, &source, err);
    }
    if (client != NULL) {
        fh_askers_give(services->askers, client);
    }
    return code;
}

static int make(const struct fh_http_reports *reports,
                const char *domain,
                uint64_t news,
                struct fh_http_report **out,
                struct fh_err *err)
{
    const struct fh_door_services *services = reports->services;
    char path[FH_HOME_PATH_BYTES];
    int64_t begun_ms = fh_clock_mono_ms();
    struct fh_http_report *report = fh_calloc(1, sizeof *report);
    if (report == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a report");
    }
    report->news = news;
    atomic_init(&report->references, 1);
    snprintf(report->domain, sizeof report->domain, "%s", domain);
    int fd = fh_admin_socket_connect(fh_home_path(path, &services->settings->home, FH_HOME_SOCKET));
    int code =
        fd < 0
            ? fh_err_rule(err, FH_EUNREACH, "admin.none", "the node of this home does not answer")
            : make_by(services, fd, report, err);
    if (fd >= 0) {
        close(fd);
    }
    if (code != FH_OK) {
        fh_http_report_drop(report);
        return code;
    }
    report->made_ms = fh_clock_mono_ms();
    report->took_ms = report->made_ms - begun_ms;
    *out = report;
    return FH_OK;
}

/* ---- keeping ---- */

static bool holds(const struct fh_http_report *report, uint64_t news, int64_t now_ms)
{
    int64_t age_ms = now_ms - report->made_ms;
    return age_ms < REST * report->took_ms || (news == report->news && age_ms < HOLDS_MS);
}

/* The place of the domain, else a free one, else the oldest. */
static struct fh_http_report **place_of(struct fh_http_reports *reports, const char *domain)
{
    struct fh_http_report **best = &reports->held[0];
    for (size_t i = 0; i < HELD_MAX; i++) {
        struct fh_http_report **at = &reports->held[i];
        if (*at != NULL && strcmp((*at)->domain, domain) == 0) {
            return at;
        }
        if (*best != NULL && (*at == NULL || (*at)->made_ms < (*best)->made_ms)) {
            best = at;
        }
    }
    return best;
}

int fh_http_reports_take(struct fh_http_reports *reports,
                         const char *domain,
                         uint64_t news,
                         struct fh_http_report **out,
                         struct fh_err *err)
{
    struct fh_http_report *report = NULL;
    int code = FH_OK;
    pthread_mutex_lock(&reports->lock);
    struct fh_http_report **place = place_of(reports, domain);
    if (*place != NULL && strcmp((*place)->domain, domain) == 0 &&
        holds(*place, news, fh_clock_mono_ms())) {
        report = *place;
    } else {
        code = make(reports, domain, news, &report, err);
        if (code == FH_OK) {
            fh_http_report_drop(*place);
            *place = report;
        }
    }
    if (code == FH_OK) {
        atomic_fetch_add(&report->references, 1);
        *out = report;
    }
    pthread_mutex_unlock(&reports->lock);
    return code;
}
