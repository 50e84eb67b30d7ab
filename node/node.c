/* SPDX-License-Identifier: Apache-2.0 */
#include "node/node.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "common/version.h"
#include "node/node_inside.h"
#include "proto/identity/access.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SWEEP_MS = 60 * 1000,
    HOURLY_MS = 3600 * 1000,
    DRAIN_LOOK_MS = 5,
};

/* ---- who is asked what ---- */

static void on_question(struct fh_question *question, void *user)
{
    struct fh_node *node = user;
    fh_routes_question(&node->answers.routes, question);
}

static void on_session_gone(uint64_t session, void *user)
{
    struct fh_node *node = user;
    fh_serve_rejudge(
        node->serve); /* a key that was revoked hears that, and not only that it ends */
    fh_serve_session_gone(node->serve, session);
}

static void on_turned_away(const struct fh_speaker *speaker,
                           unsigned code,
                           const struct fh_err *err,
                           void *user)
{
    const struct fh_node *node = user;
    fh_recording_refused(node->recording, speaker, code, err);
}

/* A record that changes who may do what here came from another node. */
static void on_taken(const struct fh_record *record,
                     const struct fh_domain_id *domain,
                     const struct fh_node_id *from,
                     void *user)
{
    const struct fh_node *node = user;
    fh_recording_taken(node->recording, record, domain, from);
}

static void on_call(struct fh_call *call, void *user)
{
    struct fh_node *node = user;
    fh_questions_call(node->questions, call);
}

static void on_datagram(struct fh_bytes datagram, const char *from, void *user)
{
    struct fh_node *node = user;
    fh_mesh_datagram(node->mesh, datagram, from);
}

static bool node_address(void *user, const struct fh_node_id *id, const char **out_address)
{
    struct fh_node *node = user;
    return node->mesh != NULL && fh_mesh_address(node->mesh, id, out_address);
}

/* ---- going down ---- */

static void quiesce(void *user);

static void go_down(struct fh_node *node)
{
    if (node->going_down) {
        return;
    }
    node->going_down = true;
    if (node->mesh != NULL) {
        fh_mesh_leave(node->mesh, quiesce, node);
    } else {
        quiesce(node);
    }
}

/* SIGHUP: the settings are read again, and where others reach this node counts at once. */
static void read_again(struct fh_node *node)
{
    struct fh_err err;
    FH_CLEANUP(fh_freep) struct fh_config *again = fh_calloc(1, sizeof *again);
    int rc = again != NULL ? fh_config_again(again, node->config, &err)
                           : fh_err_set(&err, FH_ENOMEM, "no memory for the settings");
    if (rc == FH_OK && node->mesh != NULL && !node->going_down) {
        rc = fh_mesh_move(node->mesh, &again->settings, &err);
    }
    if (rc != FH_OK) {
        fh_log(FH_LOG_ERROR, "config.refused", "rule=%s text=\"%s\"", err.rule, err.text);
        return;
    }
    const struct fh_settings_addresses *advertise = &again->settings.advertise;
    const char *first = advertise->count > 0 ? advertise->items[0] : again->settings.listen;
    fh_log(FH_LOG_INFO, "config.read", "advertise=%s", first);
}

static void on_signal(int signum, void *user)
{
    struct fh_node *node = user;
    if (signum == SIGHUP) {
        read_again(node);
        return;
    }
    fh_log(FH_LOG_INFO, "node.stopping", "signal=%d", signum);
    go_down(node);
}

static void on_refused(const struct fh_err *err, void *user)
{
    struct fh_node *node = user;
    node->failure = *err;
    go_down(node);
}

static bool drained(const struct fh_node *node)
{
    return fh_serve_drained(node->serve) && fh_publisher_drained(node->publisher) &&
           fh_policing_drained(node->policing) && fh_recording_drained(node->recording) &&
           fh_schedule_drained(node->schedule) && fh_relay_drained(node->relay) &&
           fh_questions_open(node->questions) == 0 && fh_peers_drained(node->peers) &&
           fh_link_drained(node->link) && fh_doors_drained(node->doors) &&
           fh_workers_drained(node->workers);
}

static void look_if_drained(void *user)
{
    struct fh_node *node = user;
    int64_t now = fh_clock_mono_ms();
    if (drained(node)) {
        fh_loop_stop(node->loop);
    } else if (now > node->drain_deadline_ms) {
        /* Whatever hangs is not worth waiting for: all that was acknowledged is on disk. */
        fh_log(FH_LOG_ERROR,
               "node.not_drained",
               "streams=%u questions=%u",
               fh_serve_streams(node->serve),
               fh_questions_open(node->questions));
        _Exit(fh_code_exit(node->failure.code));
    } else {
        fh_timer_set(node->drain, now + DRAIN_LOOK_MS);
    }
}

static void quiesce(void *user)
{
    struct fh_node *node = user;
    if (node->leaving != NULL) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf out;
        fh_buf_init(&out, 16);
        fh_msg_ok(&out, 0);
        fh_admin_answer(FH_TAKE(node->leaving), &out);
    }
    fh_log(FH_LOG_INFO, "node.draining", "streams=%u", fh_serve_streams(node->serve));
    fh_timer_clear(node->sweep);
    fh_timer_clear(node->hourly);
    fh_admin_quiesce(node->admin);
    fh_doors_quiesce(node->doors);
    fh_serve_quiesce(node->serve);
    fh_schedule_quiesce(node->schedule);
    fh_courier_quiesce(node->courier);
    fh_witnessing_quiesce(node->witnessing);
    if (node->mesh != NULL) {
        fh_mesh_quiesce(node->mesh);
    }
    fh_peers_quiesce(node->peers);
    fh_link_quiesce(node->link);
    fh_workers_quiesce(node->workers);
    node->drain_deadline_ms = fh_clock_mono_ms() + FH_DRAIN_MS;
    fh_timer_set(node->drain, 0);
}

static void on_admin(struct fh_admin_question *question, void *user)
{
    struct fh_node *node = user;
    if (node->going_down) {
        struct fh_err err;
        fh_err_set(&err, FH_ECANCELLED, "this node is going down");
        fh_admin_refuse(question, &err);
        return;
    }
    if (fh_admin_code(question) == FH_MSG_ADMIN_LEAVE) {
        node->leaving = question;
        go_down(node);
        return;
    }
    fh_routes_admin(&node->answers.routes, question);
}

/* Expired announcements and grants go, and when owners were last heard is stored: what a restart
 * knows. */
static void sweep(void *user)
{
    struct fh_node *node = user;
    uint64_t dropped = 0;
    struct fh_err err;
    if (fh_catalog_sweep(node->home.catalog, fh_clock_wall_ms(), &dropped, &err) != FH_OK ||
        fh_grants_tidy(&node->home.grants, fh_clock_wall_ms(), &err) != FH_OK ||
        fh_deposits_tidy(node->home.deposits, fh_clock_wall_ms(), &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "store.failed", "rule=%s text=\"%s\"", err.rule, err.text);
    }
    if (node->mesh != NULL && dropped > 0) {
        fh_mesh_held_changed(node->mesh);
    }
    (void)malloc_trim(0); /* glibc's: what a busy minute freed lies between what lives on */
    fh_timer_set(node->sweep, fh_clock_mono_ms() + SWEEP_MS);
}

static void hourly(void *user)
{
    struct fh_node *node = user;
    struct fh_err err;
    fh_publisher_renew(node->publisher);
    fh_directory_tidy(node->home.dir, fh_clock_wall_ms());
    if (fh_store_put_number(node->home.store, FH_STORE_KEY_WALL_MS, fh_clock_wall_ms(), &err) !=
        FH_OK) {
        fh_log(FH_LOG_ERROR, "store.failed", "rule=%s text=\"%s\"", err.rule, err.text);
    }
    if (node->mesh != NULL) {
        fh_mesh_held_changed(node->mesh); /* the head's time is a sign of life */
    }
    fh_timer_set(node->hourly, fh_clock_mono_ms() + HOURLY_MS);
}

/* ---- io, peers, workers ---- */

static int start_io(struct fh_node *node, struct fh_err *err)
{
    const struct fh_config *config = node->config;
    int rc = fh_loop_new(&node->loop, err);
    if (rc == FH_OK) {
        rc = fh_inbox_new(&node->inbox, node->loop, err);
    }
    struct fh_link_options link = {.pipes_max = (unsigned)config->settings.pipes_max};
    if (rc == FH_OK) {
        rc = fh_link_new(&node->link, node->loop, node->inbox, &link, on_call, node, err);
    }
    if (rc == FH_OK) {
        rc = fh_peers_new(&node->peers, node->link, node->home.identity, node->home.dir, err);
    }
    struct fh_questions_options questions = {
        .loop = node->loop,
        .identity = node->home.identity,
        .dir = node->home.dir,
        .ask = on_question,
        .gone = on_session_gone,
        .refused = on_turned_away,
        .user = node,
    };
    if (rc == FH_OK) {
        rc = fh_questions_new(&node->questions, &questions, err);
    }
    struct fh_relay_options relay = {
        .loop = node->loop,
        .questions = node->questions,
        .peers = node->peers,
        .self = fh_keystore_node(node->home.keys),
        .address = node_address,
        .user = node,
    };
    if (rc == FH_OK) {
        fh_questions_set_link(node->questions, node->link);
        rc = fh_relay_new(&node->relay, &relay, err);
    }
    return rc;
}

/* ---- what the node is for ---- */

static int start_mesh(struct fh_node *node, struct fh_err *err)
{
    const struct fh_config *config = node->config;
    struct fh_mesh_options mesh = {
        .loop = node->loop,
        .store = node->home.store,
        .dir = node->home.dir,
        .names = node->home.names,
        .catalog = node->home.catalog,
        .policies = node->home.policies,
        .keys = node->home.keys,
        .identity = node->home.identity,
        .peers = node->peers,
        .home = &config->home,
        .settings = &config->settings,
        .refused = on_refused,
        .taken = on_taken,
        .user = node,
    };
    return fh_mesh_new(&node->mesh, &mesh, err);
}

static int start_services(struct fh_node *node, struct fh_err *err)
{
    const struct fh_config *config = node->config;
    int rc = config->offline ? FH_OK : start_mesh(node, err);
    struct fh_serve_options serve = {
        .loop = node->loop,
        .crew = node->crew,
        .catalog = node->home.catalog,
        .dir = node->home.dir,
        .store = node->home.store,
        .rights = node->home.rights,
        .keys = node->home.keys,
        .audit = node->home.audit,
        .has_audit_key = config->settings.audit_key[0] != '\0',
        .peers = node->peers,
        .mesh = node->mesh,
        .settings = &config->settings,
        .mesh_id = node->home.mesh_id,
        .domain = node->home.domain,
        .node = fh_keystore_node(node->home.keys),
        .turned_away = on_turned_away,
        .user = node,
    };
    if (rc == FH_OK && serve.has_audit_key) {
        rc = fh_sign_public_parse(&serve.audit_key, fh_bytes_cstr(config->settings.audit_key), err);
    }
    if (rc == FH_OK) {
        rc = fh_serve_new(&node->serve, &serve, err);
    }
    if (rc == FH_OK) {
        rc = fh_node_start_schedule(node, err);
    }
    struct fh_publisher_options publisher = {
        .loop = node->loop,
        .catalog = node->home.catalog,
        .policies = node->home.policies,
        .rights = node->home.rights,
        .keys = node->home.keys,
        .workers = node->workers,
        .mesh = node->mesh,
        .schedule = node->schedule,
        .settings = &config->settings,
        .mesh_id = node->home.mesh_id,
        .domain = node->home.domain,
    };
    if (rc == FH_OK) {
        rc = fh_publisher_new(&node->publisher, &publisher, err);
    }
    rc = rc == FH_OK ? fh_node_start_recording(node, err) : rc;
    rc = rc == FH_OK ? fh_node_start_remote_publisher(node, err) : rc;
    rc = rc == FH_OK ? fh_node_start_policing(node, err) : rc;
    if (rc == FH_OK) {
        rc = fh_node_start_courier(node, err);
    }
    rc = rc == FH_OK ? fh_node_start_witnessing(node, err) : rc;
    const struct fh_answers_options answers = {
        .home = &node->home,
        .mesh = node->mesh,
        .courier = node->courier,
        .relay = node->relay,
        .serve = node->serve,
        .schedule = node->schedule,
        .publisher = node->publisher,
        .remote_publisher = node->remote_publisher,
        .policing = node->policing,
        .recording = node->recording,
        .witnessing = node->witnessing,
    };
    fh_answers_init(&node->answers, &answers);
    const struct fh_doors_options doors = {
        .loop = node->loop, .config = config, .programs = node->programs};
    rc = rc == FH_OK ? fh_doors_new(&node->doors, &doors, err) : rc;
    char path[FH_HOME_PATH_BYTES];
    rc = rc == FH_OK ? fh_timer_new(&node->sweep, node->loop, sweep, node, err) : rc;
    rc = rc == FH_OK ? fh_timer_new(&node->hourly, node->loop, hourly, node, err) : rc;
    if (rc == FH_OK) {
        rc = fh_timer_new(&node->drain, node->loop, look_if_drained, node, err);
    }
    if (rc == FH_OK) {
        rc = fh_admin_open(&node->admin,
                           node->loop,
                           fh_home_path(path, &config->home, FH_HOME_SOCKET),
                           on_admin,
                           node,
                           err);
    }
    return rc;
}

static int start_network(struct fh_node *node, struct fh_err *err)
{
    const char *listen = node->config->settings.listen;
    int rc = fh_link_listen(node->link, listen, err);
    if (rc == FH_OK) {
        rc = fh_udp_open(&node->udp, node->loop, listen, on_datagram, node, err);
    }
    return rc == FH_OK ? fh_mesh_start(node->mesh, node->udp, err) : rc;
}

static int start(struct fh_node *node, struct fh_err *err)
{
    int rc = fh_residence_open(&node->home, node->config, err);
    if (rc == FH_OK) {
        rc = start_io(node, err);
    }
    if (rc == FH_OK) {
        rc = fh_node_start_workers(node, err);
    }
    if (rc == FH_OK) {
        rc = start_services(node, err);
    }
    static const int handled[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; rc == FH_OK && i < FH_COUNT(handled); i++) {
        rc = fh_signal_new(&node->signals[i], node->loop, handled[i], on_signal, node, err);
    }
    if (rc == FH_OK && !node->config->offline) {
        rc = start_network(node, err);
    }
    return rc;
}

/* The end in reverse order; works on a node that started only in part. */
static void end(struct fh_node *node)
{
    for (size_t i = 0; i < FH_COUNT(node->signals); i++) {
        fh_signal_free(node->signals[i]);
    }
    fh_admin_close(node->admin);
    fh_doors_free(node->doors);
    fh_timer_free(node->drain);
    fh_timer_free(node->hourly);
    fh_timer_free(node->sweep);
    fh_courier_free(node->courier);
    fh_witnessing_free(node->witnessing);
    fh_remote_publisher_free(node->remote_publisher);
    fh_publisher_free(node->publisher);
    fh_schedule_free(node->schedule);
    fh_recording_free(node->recording);
    fh_policing_free(node->policing);
    fh_serve_free(node->serve);
    fh_mesh_free(node->mesh);
    fh_crew_free(node->crew);
    fh_workers_free(node->workers);
    fh_relay_free(node->relay);
    fh_questions_free(node->questions);
    fh_peers_free(node->peers);
    fh_udp_close(node->udp);
    fh_link_free(node->link);
    fh_inbox_free(node->inbox);
    fh_loop_free(node->loop);
    fh_residence_close(&node->home);
}

/* A start that failed half-way still has work on its way (a link that listens, a greeting). */
static void wind_down(struct fh_node *node)
{
    if (node->admin != NULL && node->serve != NULL && node->schedule != NULL &&
        node->publisher != NULL && node->courier != NULL && node->witnessing != NULL) {
        quiesce(node);
        fh_loop_run(node->loop);
    }
}

int fh_node_run(const struct fh_config *config, const char *programs, struct fh_err *err)
{
    struct fh_node *node = fh_calloc(1, sizeof *node);
    if (node == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a node");
    }
    node->config = config;
    node->programs = programs;
    snprintf(node->program, sizeof node->program, "%s/freehold-worker", programs);
    int rc = start(node, err);
    if (rc == FH_OK) {
        char id[FH_ID_TEXT_BYTES];
        fh_domain_id_text(id, &node->home.domain);
        fh_log(FH_LOG_INFO,
               "node.ready",
               "version=%s domain=%s id=%s listen=%s",
               FH_VERSION,
               config->settings.domain,
               id,
               config->offline ? "offline" : config->settings.listen);
        fh_timer_set(node->hourly, 0); /* before the sweep: what is renewed need not be dropped */
        fh_timer_set(node->sweep, 0);
        fh_doors_open(node->doors);
        fh_loop_run(node->loop);
        if (node->failure.code != FH_OK) {
            *err = node->failure;
            rc = err->code;
        }
    } else {
        wind_down(node);
    }
    end(node);
    fh_log(FH_LOG_INFO, "node.stopped", "code=%s", fh_code_name(rc));
    fh_free(node);
    return rc;
}
