/* SPDX-License-Identifier: Apache-2.0 */
#include "common/time.h"
#include "node/node_inside.h"
#include "node/query/cgroup.h"

int fh_node_start_workers(struct fh_node *node, struct fh_err *err)
{
    char spill[FH_HOME_PATH_BYTES];
    char cgroup[FH_CGROUP_PATH_BYTES];
    bool divided = fh_cgroup_own(cgroup) && fh_cgroup_delegated(cgroup) && fh_cgroup_divide(cgroup);
    struct fh_workers_options options = {
        .program = node->program,
        .spill_root = fh_home_path(spill, &node->config->home, FH_HOME_TMP),
        .workers_max = (uint32_t)node->config->settings.workers_max,
        .cgroup = divided ? cgroup : "",
        .require_sandbox = node->config->settings.require_sandbox,
    };
    int rc = fh_workers_new(&node->workers, fh_loop_uv(node->loop), &options, err);
    struct fh_crew_options crew = {
        .workers = node->workers,
        .loop = node->loop,
        .memory_mib = (uint32_t)node->config->settings.worker_memory_mib,
        .standby = !node->config->offline,
    };
    return rc == FH_OK ? fh_crew_new(&node->crew, &crew, err) : rc;
}

int fh_node_start_schedule(struct fh_node *node, struct fh_err *err)
{
    const struct fh_schedule_options schedule = {
        .loop = node->loop,
        .workers = node->workers,
        .settings = &node->config->settings,
        .measurements =
            {
                .catalog = node->home.catalog,
                .store = node->home.store,
                .keys = node->home.keys,
                .mesh = node->mesh,
                .mesh_id = node->home.mesh_id,
                .domain = node->home.domain,
                .started_ms = node->config->offline ? 0 : fh_clock_wall_ms(),
            },
        .offline = node->config->offline,
    };
    return fh_schedule_new(&node->schedule, &schedule, err);
}

int fh_node_start_remote_publisher(struct fh_node *node, struct fh_err *err)
{
    struct fh_remote_publisher_options remote = {
        .publisher = node->publisher,
        .catalog = node->home.catalog,
        .dir = node->home.dir,
        .mesh = node->mesh,
        .recording = node->recording,
        .settings = &node->config->settings,
        .mesh_id = node->home.mesh_id,
        .domain = node->home.domain,
    };
    return fh_remote_publisher_new(&node->remote_publisher, &remote, err);
}

int fh_node_start_policing(struct fh_node *node, struct fh_err *err)
{
    const struct fh_policing_options policing = {
        .loop = node->loop,
        .catalog = node->home.catalog,
        .dir = node->home.dir,
        .policies = node->home.policies,
        .store = node->home.store,
        .mesh = node->mesh,
        .grants = &node->home.grants,
        .rights = node->home.rights,
        .serve = node->serve,
        .workers = node->workers,
        .domain = node->home.domain,
        .memory_mib = (uint32_t)node->config->settings.worker_memory_mib,
    };
    return fh_policing_new(&node->policing, &policing, err);
}

int fh_node_start_courier(struct fh_node *node, struct fh_err *err)
{
    const struct fh_courier_options courier = {
        .loop = node->loop,
        .peers = node->peers,
        .mesh = node->mesh,
        .grants = &node->home.grants,
    };
    return fh_courier_new(&node->courier, &courier, err);
}

int fh_node_start_witnessing(struct fh_node *node, struct fh_err *err)
{
    const struct fh_witnessing_options witnessing = {
        .loop = node->loop,
        .audit = node->home.audit,
        .store = node->home.store,
        .dir = node->home.dir,
        .peers = node->peers,
        .mesh = node->mesh,
        .mesh_id = node->home.mesh_id,
        .domain = node->home.domain,
        .node = fh_keystore_node(node->home.keys),
    };
    return fh_witnessing_new(&node->witnessing, &witnessing, err);
}

int fh_node_start_recording(struct fh_node *node, struct fh_err *err)
{
    const struct fh_recording_options recording = {
        .loop = node->loop,
        .audit = node->home.audit,
        .dir = node->home.dir,
        .mesh = node->home.mesh_id,
        .domain = node->home.domain,
    };
    return recording.audit != NULL ? fh_recording_new(&node->recording, &recording, err) : FH_OK;
}
