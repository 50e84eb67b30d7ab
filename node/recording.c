/* SPDX-License-Identifier: Apache-2.0 */
#include "node/recording.h"

#include "common/list.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/peer/questions.h"
#include "proto/contract/contract_record.h"
#include "proto/gossip/announce.h"
#include "proto/governance/grant.h"
#include "proto/governance/policy_record.h"
#include "proto/governance/waiver.h"
#include "proto/session/messages_policy.h"

#include <pthread.h>
#include <stdio.h>

enum { RECORDS_FIRST = 4, TEXT_BYTES = 2 * FH_NAME_BYTES_MAX + FH_VERSION_BYTES_MAX + 4 };

/* A signed record of a question. */
struct noted {
    struct fh_record_id id;
    unsigned type;
    char subject[TEXT_BYTES];
};

/* A question whose answer waits for the log. */
struct recorded {
    struct fh_list link; /* in `told` */
    struct fh_recording *recording;
    struct fh_admin_question *question;
    struct fh_domain_id domain;
    struct fh_key_id key;
    uint32_t count;
    uint32_t capacity;
    struct noted *records;
    struct fh_buf answer;
    struct fh_err err; /* FH_OK in code: `answer` is */
};

struct fh_recording {
    struct fh_recording_options options;
    struct fh_wake *wake;
    unsigned waiting;
    pthread_mutex_t lock;
    struct fh_list told; /* under the lock */
};

static void free_recorded(struct recorded *recorded)
{
    fh_buf_fini(&recorded->answer);
    fh_free(recorded->records);
    fh_free(recorded);
}

/* ---- what a question carries ---- */

static void describe(struct noted *noted, const struct fh_record *record)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    union {
        struct fh_contract_record contract;
        struct fh_announcement announcement;
        struct fh_policy_record policy;
        struct fh_grant grant;
        struct fh_waiver waiver;
    } read;
    if (record->type == FH_RECORD_CONTRACT &&
        fh_contract_record_parse(&read.contract, record->payload, NULL) == FH_OK) {
        snprintf(noted->subject,
                 sizeof noted->subject,
                 "%s@%s",
                 read.contract.product,
                 read.contract.version);
    } else if (record->type == FH_RECORD_ANNOUNCEMENT &&
               fh_announce_parse(&read.announcement, record->payload, NULL) == FH_OK) {
        snprintf(noted->subject,
                 sizeof noted->subject,
                 "%s@%s %s",
                 read.announcement.product,
                 read.announcement.version,
                 fh_announce_status_text(read.announcement.status));
    } else if ((record->type == FH_RECORD_POLICY || record->type == FH_RECORD_MESH_POLICY) &&
               fh_policy_record_parse(&read.policy, record->payload, NULL) == FH_OK) {
        snprintf(
            noted->subject, sizeof noted->subject, "%s %s", read.policy.name, read.policy.version);
    } else if (record->type == FH_RECORD_GRANT && arena != NULL &&
               fh_grant_decode(&read.grant, record, arena, NULL) == FH_OK) {
        snprintf(noted->subject, sizeof noted->subject, "%s", read.grant.product);
    } else if (record->type == FH_RECORD_WAIVER &&
               fh_waiver_decode(&read.waiver, record, NULL) == FH_OK) {
        snprintf(noted->subject,
                 sizeof noted->subject,
                 "%s %s",
                 read.waiver.product,
                 read.waiver.rule[0] == '\0' ? "all" : read.waiver.rule);
    }
}

/* False without memory. */
static bool note(struct recorded *recorded, struct fh_bytes bytes)
{
    const struct fh_mesh_id *mesh = &recorded->recording->options.mesh;
    struct fh_record record;
    if (bytes.size == 0 || fh_record_parse(&record, bytes, mesh, NULL) != FH_OK) {
        return true;
    }
    if (recorded->count == recorded->capacity) {
        uint32_t capacity = recorded->capacity == 0 ? RECORDS_FIRST : 2 * recorded->capacity;
        struct noted *records = fh_realloc(recorded->records, capacity * sizeof *records);
        if (records == NULL) {
            return false;
        }
        recorded->records = records;
        recorded->capacity = capacity;
    }
    struct noted *noted = &recorded->records[recorded->count++];
    *noted = (struct noted){.id = record.id, .type = record.type, .subject = ""};
    describe(noted, &record);
    return true;
}

/* Notes the records among the fields, and whether nothing is to be done (the last field is true).
 * False without memory. */
static bool look_through(struct recorded *recorded, struct fh_pack_reader fields, bool *out_dry_run)
{
    bool noted = true;
    *out_dry_run = false;
    while (noted && fields.failed == FH_OK && !fh_pack_at_end(&fields)) {
        enum fh_pack_kind kind = fh_pack_peek(&fields);
        *out_dry_run = false;
        if (kind == FH_PACK_BIN) {
            noted = note(recorded, fh_pack_read_bin(&fields, FH_ADMIN_FRAME_BYTES_MAX));
        } else if (kind == FH_PACK_BOOL) {
            *out_dry_run = fh_pack_read_bool(&fields);
        } else if (kind == FH_PACK_ARRAY) {
            uint32_t count = fh_pack_read_array(&fields, FH_PACK_ITEMS_MAX);
            for (uint32_t i = 0; i < count && noted && fields.failed == FH_OK; i++) {
                if (fh_pack_peek(&fields) == FH_PACK_BIN) {
                    noted = note(recorded, fh_pack_read_bin(&fields, FH_ADMIN_FRAME_BYTES_MAX));
                } else {
                    fh_pack_skip(&fields);
                }
            }
        } else {
            fh_pack_skip(&fields);
        }
    }
    return noted;
}

/* ---- when it is on disk ---- */

static void go(struct recorded *recorded)
{
    fh_admin_conclude(recorded->question, recorded->err.code, &recorded->answer, &recorded->err);
    free_recorded(recorded);
}

static void woken(void *user)
{
    struct fh_recording *recording = user;
    struct fh_list told;
    fh_list_init(&told);
    pthread_mutex_lock(&recording->lock);
    FH_LIST_FOREACH (link, &recording->told) {
        fh_list_remove(link);
        fh_list_push_back(&told, link);
    }
    pthread_mutex_unlock(&recording->lock);
    FH_LIST_FOREACH (link, &told) {
        fh_list_remove(link);
        recording->waiting--;
        go(FH_LIST_ENTRY(link, struct recorded, link));
    }
}

/* Mostly the writer's thread. What was done is done: a log that fails is told by its own line. */
static void told(const struct fh_err *err, void *user)
{
    struct recorded *recorded = user;
    struct fh_recording *recording = recorded->recording;
    (void)err;
    pthread_mutex_lock(&recording->lock);
    fh_list_push_back(&recording->told, &recorded->link);
    fh_wake_send(recording->wake);
    pthread_mutex_unlock(&recording->lock);
}

/* ---- the answer ---- */

/* Findings of what was published. */
static void judge_findings(struct fh_pack_reader *reader, struct fh_err *out)
{
    struct fh_msg_finding finding;
    uint32_t count = 0;
    if (fh_msg_findings_read(reader, &count, NULL) != FH_OK) {
        return;
    }
    for (uint32_t i = 0; i < count && fh_msg_findings_next(reader, &finding, NULL) == FH_OK; i++) {
        if (finding.error && out->code == FH_OK) {
            fh_err_rule(out, FH_ECHECK, finding.rule, "refused");
        }
    }
}

/* Those of a policy have another form. */
static void judge_policy(struct fh_pack_reader *reader, struct fh_err *out)
{
    struct fh_msg_policy_finding finding;
    uint32_t count = 0;
    if (fh_msg_enforced_read(reader, &count, NULL) != FH_OK) {
        return;
    }
    for (uint32_t i = 0; i < count && fh_msg_policy_finding_next(reader, &finding, NULL) == FH_OK;
         i++) {
        if (finding.error && out->code == FH_OK) {
            fh_err_rule(out, FH_ECHECK, finding.rule, "refused");
        }
    }
}

/* An answer with a finding that is an error says that nothing was done. */
static void
judge_answer(const struct recorded *recorded, const struct fh_buf *answer, struct fh_err *out)
{
    unsigned code = fh_admin_code(recorded->question);
    struct fh_pack_reader reader;
    struct fh_err err;
    int rc = fh_msg_answer(&reader, fh_buf_view(answer), FH_ADMIN_FRAME_BYTES_MAX, &err);
    if (rc != FH_OK) {
        *out = err;
    } else if (code == FH_MSG_ADMIN_PUBLISH || code == FH_MSG_ADMIN_MOVE) {
        judge_findings(&reader, out);
    } else if (code == FH_MSG_ADMIN_ENFORCE) {
        judge_policy(&reader, out);
    }
}

static struct fh_audit_ticket *
add(const struct recorded *recorded, const struct noted *noted, const struct fh_err *outcome)
{
    const struct fh_recording_options *o = &recorded->recording->options;
    const struct fh_directory_domain *domain = fh_directory_domain(o->dir, &recorded->domain);
    const char *roles[FH_ROLE_NAMES_MAX];
    struct fh_ref key = fh_key_id_ref(&recorded->key);
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    const struct fh_audit_governed governed = {
        .what = fh_record_type_text(noted->type),
        .subject = noted->subject,
        .record = noted->id,
        .who = {.domain = recorded->domain,
                .domain_name = domain == NULL ? "" : domain->name,
                .key = recorded->key,
                .role_count = (uint32_t)fh_directory_roles(
                    o->dir, &key, &recorded->domain, fh_clock_wall_ms(), roles),
                .roles = roles,
                .token_label = ""},
        .code = (unsigned)outcome->code,
        .rule = outcome->code == FH_OK ? "" : outcome->rule,
    };
    fh_buf_init(&detail, 4096);
    fh_audit_governed_pack(&detail, &governed);
    return fh_audit_add(o->audit, FH_AUDIT_GOVERNED, FH_AUDIT_AWAITED, &detail);
}

/* The answer is here: it waits for the last of the records. */
static void answered(struct fh_admin_question *question,
                     const struct fh_buf *answer,
                     const struct fh_err *err,
                     void *user)
{
    struct recorded *recorded = user;
    struct fh_audit_ticket *last = NULL;
    struct fh_err outcome = {.code = FH_OK};
    recorded->question = question;
    if (err != NULL) {
        recorded->err = *err;
        outcome = *err;
    } else {
        fh_buf_add_bytes(&recorded->answer, fh_buf_view(answer));
        judge_answer(recorded, answer, &outcome);
    }
    for (uint32_t i = 0; i < recorded->count; i++) {
        fh_audit_ticket_unref(last);
        last = add(recorded, &recorded->records[i], &outcome);
    }
    if (last == NULL) {
        go(recorded);
        return;
    }
    recorded->recording->waiting++;
    fh_audit_then(last, told, recorded);
    fh_audit_ticket_unref(last);
}

int fh_recording_question(struct fh_recording *recording,
                          struct fh_admin_question *question,
                          struct fh_err *err)
{
    if (recording == NULL) {
        return FH_OK;
    }
    struct recorded *recorded = fh_calloc(1, sizeof *recorded);
    if (recorded == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to record what is decided");
    }
    const struct fh_speaker *speaker = fh_admin_speaker(question);
    recorded->recording = recording;
    recorded->question = question;
    recorded->domain = speaker == NULL ? recording->options.domain : speaker->domain;
    if (speaker != NULL) {
        recorded->key = speaker->key;
    }
    fh_list_init(&recorded->link);
    fh_buf_init(&recorded->answer, FH_ADMIN_FRAME_BYTES_MAX);
    bool dry_run;
    bool noted = look_through(recorded, *fh_admin_fields(question), &dry_run);
    if (noted && recorded->count > 0 && !dry_run) {
        fh_admin_watch(question, answered, recorded);
        return FH_OK;
    }
    free_recorded(recorded);
    return noted ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory to record what is decided");
}

/* ---- life ---- */

int fh_recording_new(struct fh_recording **out,
                     const struct fh_recording_options *options,
                     struct fh_err *err)
{
    struct fh_recording *recording = fh_calloc(1, sizeof *recording);
    if (recording == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to record");
    }
    recording->options = *options;
    fh_list_init(&recording->told);
    int rc = fh_wake_new(&recording->wake, options->loop, woken, recording, err);
    if (rc != FH_OK) {
        fh_free(recording);
        return rc;
    }
    pthread_mutex_init(&recording->lock, NULL);
    *out = recording;
    return FH_OK;
}

bool fh_recording_drained(const struct fh_recording *recording)
{
    return recording == NULL || recording->waiting == 0;
}

void fh_recording_free(struct fh_recording *recording)
{
    if (recording != NULL) {
        fh_wake_free(recording->wake);
        pthread_mutex_destroy(&recording->lock);
        fh_free(recording);
    }
}
