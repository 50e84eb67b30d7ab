/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/compliance/held.h"

#include "proto/session/messages_policy.h"
#include "tools/client/actor.h"

struct reading {
    const struct fh_compliance_source *source;
    const struct fh_domain_id *domain;
    const char *name;
    struct fh_arena *arena;
    struct fh_compliance_held *held;
};

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory for a report");
}

static int call(struct reading *reading,
                const struct fh_buf *request,
                struct fh_buf *answer,
                struct fh_pack_reader *reader,
                struct fh_err *err)
{
    fh_buf_init(answer, FH_ADMIN_FRAME_BYTES_MAX);
    return reading->source->call(reading->source->user, request, answer, reader, err);
}

/* ---- policies ---- */

/* As a node has it: what cannot be read may be about anybody. A domain's own are about it alone. */
static bool is_about_domain(const struct reading *reading,
                            const struct fh_compliance_policy *policy)
{
    char id[FH_ID_TEXT_BYTES];
    if (!policy->mesh) {
        return fh_domain_id_equal(reading->domain, &reading->source->actor->domain);
    }
    fh_domain_id_text(id, reading->domain);
    return policy->policy == NULL || fh_policy_governs_domain(policy->policy, reading->name, id);
}

/* What its record says, kept in the arena. */
static int open_policy(struct reading *reading,
                       const struct fh_msg_policy *held,
                       struct fh_compliance_policy *to,
                       struct fh_err *err)
{
    struct fh_record record;
    struct fh_err unreadable;
    char *bytes = fh_arena_string(reading->arena, held->record);
    if (bytes == NULL) {
        return no_memory(err);
    }
    int code = fh_record_parse(
        &record, fh_bytes(bytes, held->record.size), &reading->source->actor->mesh, err);
    if (code == FH_OK) {
        to->id = record.id;
        code = fh_policy_record_parse(&to->record, record.payload, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (fh_policy_record_open(&to->policy, &to->record, reading->arena, &unreadable) != FH_OK) {
        to->policy = NULL;
    }
    to->text = fh_arena_printf(reading->arena, "%s %s", to->record.name, to->record.version);
    return to->text != NULL ? FH_OK : no_memory(err);
}

/* The record in force. */
static int
read_policy(struct reading *reading, const struct fh_msg_policy_listed *listed, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    struct fh_msg_policy held = {0};
    struct fh_compliance_policy *to = &reading->held->policies[reading->held->policy_count];
    fh_buf_init(&request, 256);
    fh_msg_policy_request(&request, listed->name, listed->mesh);
    int code = call(reading, &request, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_policy_read(&reader, &held, err);
    }
    if (code != FH_OK || held.seq == 0) {
        return code;
    }
    *to = (struct fh_compliance_policy){.mesh = listed->mesh, .forked = held.forked};
    code = open_policy(reading, &held, to, err);
    reading->held->policy_count += code == FH_OK && is_about_domain(reading, to);
    return code;
}

static int read_policies(struct reading *reading, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    uint32_t count = 0;
    fh_buf_init(&request, 256);
    fh_msg_policies_request(&request);
    int code = call(reading, &request, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_policies_read(&reader, &count, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_msg_policy_listed listed;
        code = fh_msg_policy_list_next(&reader, &listed, err);
        if (code == FH_OK && reading->held->policy_count < FH_COUNT(reading->held->policies)) {
            code = read_policy(reading, &listed, err);
        }
    }
    return code;
}

/* ---- waivers ---- */

static int keep_waiver(struct reading *reading,
                       const struct fh_record_id *id,
                       struct fh_bytes payload,
                       struct fh_err *err)
{
    const struct fh_record record = {.type = FH_RECORD_WAIVER, .payload = payload};
    struct fh_waiver_held *held = fh_arena_array(reading->arena, 1, sizeof *held);
    if (held == NULL) {
        return no_memory(err);
    }
    held->id = *id;
    int code = fh_waiver_decode(&held->waiver, &record, err);
    if (code == FH_OK && reading->held->waiver_count < FH_WAIVERS_MAX) {
        reading->held->waivers[reading->held->waiver_count++] = held;
    }
    return code;
}

static int read_waivers(struct reading *reading, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    uint32_t count = 0;
    fh_buf_init(&request, 256);
    fh_msg_waivers_request(&request);
    int code = call(reading, &request, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_waivers_read(&reader, &count, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_record_id id;
        struct fh_bytes payload;
        code = fh_msg_waivers_next(&reader, &id, &payload, err);
        if (code == FH_OK) {
            code = keep_waiver(reading, &id, payload, err);
        }
    }
    return code;
}

int fh_compliance_held_read(struct fh_compliance_held *out,
                            const struct fh_compliance_source *source,
                            const struct fh_domain_id *domain,
                            const char *name,
                            struct fh_arena *arena,
                            struct fh_err *err)
{
    struct reading reading = {
        .source = source, .domain = domain, .name = name, .arena = arena, .held = out};
    out->policy_count = 0;
    out->waiver_count = 0;
    int code = read_policies(&reading, err);
    return code == FH_OK ? read_waivers(&reading, err) : code;
}
