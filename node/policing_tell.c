/* SPDX-License-Identifier: Apache-2.0 */
/* What is in force, and what was: answers that change nothing. */
#include "common/mem.h"
#include "node/mesh/mesh.h"
#include "node/policing_inner.h"
#include "proto/session/messages_policy.h"

enum {
    VERSIONS_MAX = 1000,
    VERSIONS_BYTES_MAX = FH_ADMIN_FRAME_BYTES_MAX - 4096,
};

/* ---- what is in force ---- */

static bool is_forked(const struct fh_policy_held *held, const char *name)
{
    return held->forked && strcmp(held->name, name) == 0;
}

int fh_policing_tell_policy(const struct fh_policing_options *o,
                            bool mesh,
                            struct fh_pack_reader *fields,
                            struct fh_buf *out,
                            struct fh_err *err)
{
    char name[FH_NAME_BYTES_MAX + 1] = "";
    struct fh_msg_policy policy = {0};
    const struct fh_agreed *agreed = fh_policies_agreed(o->policies);
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_pack_read_cstr(fields, name, sizeof name);
    int rc = fh_pack_read_ok(fields, "policy", err);
    if (rc == FH_OK) {
        rc = mesh ? fh_agreed_chain(agreed, name, &policy.seq, &record, err)
                  : fh_policies_chain(o->policies, name, &policy.seq, &record, err);
    }
    uint32_t count;
    uint32_t agreed_count;
    const struct fh_policy_held *const *held = fh_policies_held(o->policies, &count);
    const struct fh_agreed_policy *const *all = fh_agreed_policies(agreed, &agreed_count);
    for (uint32_t i = 0; !mesh && i < count; i++) {
        policy.forked = policy.forked || (!held[i]->mesh && is_forked(held[i], name));
    }
    for (uint32_t i = 0; mesh && i < agreed_count; i++) {
        policy.forked = policy.forked || is_forked(&all[i]->held, name);
    }
    policy.record = fh_buf_view(&record);
    fh_msg_policy_answer(out, &policy);
    return rc;
}

static void put_listed(struct fh_buf *out, const struct fh_policy_held *held)
{
    struct fh_msg_policy_listed listed = {
        .id = held->id,
        .until_ms = held->policy == NULL ? INT64_MAX : held->policy->until_ms,
        .mesh = held->mesh,
        .forked = held->forked,
        .readable = held->policy != NULL,
    };
    memcpy(listed.name, held->name, sizeof listed.name);
    memcpy(listed.version, held->version, sizeof listed.version);
    fh_msg_policy_list_add(out, &listed);
}

/* The mesh's, whomever they are about, then the own domain's. */
void fh_policing_tell_policies(const struct fh_policing_options *o, struct fh_buf *out)
{
    uint32_t count;
    uint32_t agreed_count;
    uint32_t own = 0;
    const struct fh_policy_held *const *held = fh_policies_held(o->policies, &count);
    const struct fh_agreed_policy *const *agreed =
        fh_agreed_policies(fh_policies_agreed(o->policies), &agreed_count);
    for (uint32_t i = 0; i < count; i++) {
        own += held[i]->mesh ? 0 : 1;
    }
    fh_msg_ok(out, 1);
    fh_pack_array(out, agreed_count + own);
    for (uint32_t i = 0; i < agreed_count; i++) {
        put_listed(out, &agreed[i]->held);
    }
    for (uint32_t i = count - own; i < count; i++) {
        put_listed(out, held[i]);
    }
}

void fh_policing_tell_waivers(const struct fh_policing_options *o, struct fh_buf *out)
{
    uint32_t count;
    const struct fh_waiver_held *const *waivers =
        fh_agreed_waivers(fh_policies_agreed(o->policies), &count);
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_msg_ok(out, 1);
    fh_pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_buf_reset(&payload);
        fh_waiver_encode(&payload, &waivers[i]->waiver);
        fh_msg_waivers_add(out, &waivers[i]->id, fh_buf_view(&payload));
    }
}

/* ---- which node enforces what ---- */

struct telling {
    struct fh_admin_question *question;
    unsigned *running; /* the node does not end before this is answered */
};

static void told(const struct fh_msg_policy_node *nodes, uint32_t count, void *user)
{
    struct telling *telling = user;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_ok(&out, 1);
    fh_pack_array(&out, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_msg_policy_status_add(&out, &nodes[i]);
    }
    fh_admin_answer(telling->question, &out);
    (*telling->running)--;
    fh_free(telling);
}

void fh_policing_tell_status(const struct fh_policing_options *o,
                             struct fh_admin_question *question,
                             unsigned *running)
{
    struct fh_err err;
    struct telling *telling = fh_calloc(1, sizeof *telling);
    int rc =
        telling == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory to ask the members")
        : o->mesh == NULL
            ? fh_err_rule(&err, FH_ESTATE, "mesh.not_joined", "the node is not in the mesh now")
            : FH_OK;
    if (rc == FH_OK) {
        *telling = (struct telling){question, running};
        (*running)++;
        rc = fh_mesh_policy_status(o->mesh, told, telling, &err);
        *running -= rc == FH_OK ? 0 : 1;
    }
    if (rc != FH_OK) {
        fh_free(telling);
        fh_admin_refuse(question, &err);
    }
}

/* ---- versions ---- */

struct versions {
    const char *name;
    struct fh_buf bins;
    uint32_t count;
};

static int add_version(void *user, const struct fh_store_policy *row, struct fh_err *err)
{
    struct versions *versions = user;
    (void)err;
    if (versions->bins.size + row->bytes.size < VERSIONS_BYTES_MAX) {
        fh_pack_bin(&versions->bins, row->bytes);
        versions->count++;
    }
    return FH_OK;
}

static int add_agreed(void *user, const struct fh_store_agreed *row, struct fh_err *err)
{
    static const struct fh_mesh_id any;
    struct versions *versions = user;
    struct fh_record record;
    struct fh_policy_record policy;
    if (row->type == FH_RECORD_MESH_POLICY &&
        fh_record_parse(&record, row->bytes, &any, err) == FH_OK &&
        fh_policy_record_parse(&policy, record.payload, err) == FH_OK &&
        strcmp(policy.name, versions->name) == 0 &&
        versions->bins.size + row->bytes.size < VERSIONS_BYTES_MAX) {
        fh_pack_bin(&versions->bins, row->bytes);
        versions->count++;
    }
    return FH_OK;
}

int fh_policing_tell_versions(const struct fh_policing_options *o,
                              struct fh_pack_reader *fields,
                              struct fh_buf *out,
                              struct fh_err *err)
{
    char name[FH_NAME_BYTES_MAX + 1] = "";
    struct versions versions = {.name = name};
    fh_buf_init(&versions.bins, FH_ADMIN_FRAME_BYTES_MAX);
    fh_pack_read_cstr(fields, name, sizeof name);
    bool mesh = fh_pack_read_bool(fields);
    int rc = fh_pack_read_ok(fields, "versions", err);
    if (rc == FH_OK) {
        rc = mesh ? fh_store_agreed_each(o->store, add_agreed, &versions, err)
                  : fh_store_policy_versions(
                        o->store, name, VERSIONS_MAX, add_version, &versions, err);
    }
    fh_msg_ok(out, 1);
    fh_pack_array(out, versions.count);
    fh_buf_add_bytes(out, fh_buf_view(&versions.bins));
    fh_buf_fini(&versions.bins);
    return rc;
}
