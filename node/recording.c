/* SPDX-License-Identifier: Apache-2.0 */
#include "node/recording.h"

#include "common/list.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/notes.h"
#include "node/recorded.h"
#include "proto/session/messages_names.h"
#include "proto/session/messages_policy.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { DETAIL_BYTES = 4096 };

/* Something that was decided, and who waits until the log has it: one of the three. */
struct recorded {
    struct fh_list link; /* in `told` */
    struct fh_recording *recording;
    struct fh_admin_question *admin;
    struct fh_question *session;
    fh_recording_told_fn *told;
    void *user;
    bool spoken; /* by `speaker`; else by the owner's people on the socket */
    struct fh_speaker speaker;
    struct fh_notes notes;
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

static struct recorded *new_recorded(struct fh_recording *recording,
                                     const struct fh_speaker *speaker)
{
    struct recorded *recorded = fh_calloc(1, sizeof *recorded);
    if (recorded != NULL) {
        recorded->recording = recording;
        recorded->spoken = speaker != NULL;
        if (speaker != NULL) {
            recorded->speaker = *speaker;
        }
        fh_list_init(&recorded->link);
        fh_buf_init(&recorded->answer, FH_ADMIN_FRAME_BYTES_MAX);
    }
    return recorded;
}

static void free_recorded(struct recorded *recorded)
{
    fh_buf_fini(&recorded->answer);
    fh_notes_fini(&recorded->notes);
    fh_free(recorded);
}

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory to record what is decided");
}

/* ---- who ---- */

/* NULL: the owner's own people. */
static void describe_who(const struct fh_recording *recording,
                         const struct fh_speaker *speaker,
                         const char *roles[FH_ROLE_NAMES_MAX],
                         struct fh_audit_who *out)
{
    const struct fh_recording_options *o = &recording->options;
    *out = (struct fh_audit_who){
        .domain = speaker == NULL ? o->domain : speaker->domain, .roles = roles, .token_label = ""};
    if (speaker != NULL) {
        struct fh_ref key = fh_key_id_ref(&speaker->key);
        out->key = speaker->key;
        out->token = speaker->token;
        out->token_label = speaker->token_label;
        out->role_count =
            (uint32_t)fh_directory_roles(o->dir, &key, &speaker->domain, fh_clock_wall_ms(), roles);
    }
    const struct fh_directory_domain *domain = fh_directory_domain(o->dir, &out->domain);
    out->domain_name = domain == NULL ? "" : domain->name;
}

/* ---- records ---- */

/* As fh_audit_add, but of refusals those that have their part of the log. NULL, too, when it was
 * counted. */
static struct fh_audit_ticket *add_refused(struct fh_recording *recording,
                                           const struct fh_audit_who *who,
                                           const struct fh_err *why,
                                           unsigned kind,
                                           enum fh_audit_urgency urgency,
                                           const struct fh_buf *detail)
{
    const struct fh_refusal refusal = fh_refusal_of(who, (unsigned)why->code, why->rule);
    struct fh_audit *audit = recording->options.audit;
    return fh_audit_counted(audit, &refusal)
               ? NULL
               : fh_audit_add_refused(audit, kind, urgency, &refusal.domain, detail);
}

static struct fh_audit_ticket *add(struct fh_recording *recording,
                                   const struct fh_speaker *speaker,
                                   const struct fh_note *note,
                                   const struct fh_err *outcome,
                                   enum fh_audit_urgency urgency)
{
    const char *roles[FH_ROLE_NAMES_MAX];
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    struct fh_audit_governed governed = {
        .what = note->what,
        .subject = note->subject,
        .record = note->id,
        .code = (unsigned)outcome->code,
        .rule = outcome->code == FH_OK ? "" : outcome->rule,
    };
    fh_buf_init(&detail, DETAIL_BYTES);
    describe_who(recording, speaker, roles, &governed.who);
    fh_audit_governed_pack(&detail, &governed);
    return speaker != NULL && outcome->code != FH_OK
               ? add_refused(recording, &governed.who, outcome, FH_AUDIT_GOVERNED, urgency, &detail)
               : fh_audit_add(recording->options.audit, FH_AUDIT_GOVERNED, urgency, &detail);
}

static void add_unread(struct fh_recording *recording,
                       const struct fh_speaker *speaker,
                       unsigned code,
                       const struct fh_err *why)
{
    const char *roles[FH_ROLE_NAMES_MAX];
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    struct fh_audit_read read = {
        .way = code == FH_MSG_CAN ? FH_AUDIT_CAN
               : code == FH_MSG_SCAN || code == FH_MSG_VIEW || code == FH_MSG_STILL
                   ? FH_AUDIT_PART
                   : FH_AUDIT_QUERY,
        .entry = speaker->domain,
        .purpose = "",
        .code = (unsigned)why->code,
        .rule = why->rule,
    };
    fh_buf_init(&detail, DETAIL_BYTES);
    describe_who(recording, speaker, roles, &read.who);
    fh_audit_read_pack(&detail, &read);
    fh_audit_ticket_unref(
        add_refused(recording, &read.who, why, FH_AUDIT_READ, FH_AUDIT_LAZY, &detail));
}

/* ---- when it is on disk ---- */

static void go(struct recorded *recorded)
{
    const struct fh_err *err = &recorded->err;
    if (recorded->admin != NULL) {
        fh_admin_conclude(recorded->admin, err->code, &recorded->answer, err);
    } else if (recorded->session != NULL) {
        fh_question_conclude(recorded->session, err->code, &recorded->answer, err);
    } else {
        recorded->told(recorded->user);
    }
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
static void judge_answer(unsigned code, const struct fh_buf *answer, struct fh_err *out)
{
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

/* Goes on when the last of the records is on disk. */
static void keep(struct recorded *recorded, const struct fh_err *outcome)
{
    struct fh_recording *recording = recorded->recording;
    const struct fh_speaker *speaker = recorded->spoken ? &recorded->speaker : NULL;
    struct fh_audit_ticket *last = NULL;
    for (uint32_t i = 0; i < recorded->notes.count; i++) {
        struct fh_audit_ticket *ticket =
            add(recording, speaker, &recorded->notes.items[i], outcome, FH_AUDIT_AWAITED);
        if (ticket != NULL) {
            fh_audit_ticket_unref(last);
            last = ticket;
        }
    }
    if (last == NULL) {
        go(recorded);
        return;
    }
    recording->waiting++;
    fh_audit_then(last, told, recorded);
    fh_audit_ticket_unref(last);
}

/* The answer is here: it waits for the last of the records. */
static void answered(struct recorded *recorded,
                     unsigned code,
                     const struct fh_buf *answer,
                     const struct fh_err *err)
{
    struct fh_err outcome = {.code = FH_OK};
    if (err != NULL) {
        recorded->err = *err;
        outcome = *err;
    } else {
        fh_buf_add_bytes(&recorded->answer, fh_buf_view(answer));
        judge_answer(code, answer, &outcome);
    }
    keep(recorded, &outcome);
}

/* ---- the admin socket, and OWN ---- */

static void admin_answered(struct fh_admin_question *question,
                           const struct fh_buf *answer,
                           const struct fh_err *err,
                           void *user)
{
    struct recorded *recorded = user;
    recorded->admin = question;
    answered(recorded, fh_admin_code(question), answer, err);
}

/* The door asks with what a client shows it: nobody knows whose that is. */
static void token_answered(struct fh_admin_question *question,
                           const struct fh_buf *answer,
                           const struct fh_err *err,
                           void *user)
{
    static const struct fh_speaker nobody = {.admitted = false};
    if (err != NULL) {
        fh_recording_refused(user, &nobody, FH_MSG_ADMIN_TOKEN, err);
        fh_admin_refuse(question, err);
    } else {
        fh_admin_answer(question, answer);
    }
}

/* Names are decided without a record. */
static bool note_name(struct fh_notes *notes, struct fh_pack_reader fields, bool *out_dry_run)
{
    static const char *const verbs[FH_MSG_NAME_WHAT_COUNT] = {[FH_MSG_NAME_ACCEPT] = "accept",
                                                              [FH_MSG_NAME_CALL] = "call",
                                                              [FH_MSG_NAME_REMOVE] = "remove"};
    struct fh_msg_name said;
    char subject[FH_NOTE_SUBJECT_BYTES];
    if (fh_msg_name_read(&fields, &said, NULL) != FH_OK) {
        return true;
    }
    *out_dry_run = said.dry_run;
    snprintf(subject, sizeof subject, "%s %s %.64s", verbs[said.what], said.name, said.domain);
    return fh_notes_say(notes, "name", subject);
}

int fh_recording_question(struct fh_recording *recording,
                          struct fh_admin_question *question,
                          struct fh_err *err)
{
    if (recording == NULL) {
        return FH_OK;
    }
    unsigned code = fh_admin_code(question);
    if (fh_recorded_how(code) == FH_RECORDED_REFUSAL) {
        fh_admin_watch(question, token_answered, recording);
        return FH_OK;
    }
    struct recorded *recorded = new_recorded(recording, fh_admin_speaker(question));
    if (recorded == NULL) {
        return no_memory(err);
    }
    bool dry_run = false;
    const struct fh_pack_reader *fields = fh_admin_fields(question);
    bool noted =
        code == FH_MSG_ADMIN_NAME
            ? note_name(&recorded->notes, *fields, &dry_run)
            : fh_notes_look(&recorded->notes, *fields, 0, &recording->options.mesh, &dry_run);
    if (noted && recorded->notes.count > 0 && !dry_run) {
        fh_admin_watch(question, admin_answered, recorded);
        return FH_OK;
    }
    free_recorded(recorded);
    return noted ? FH_OK : no_memory(err);
}

/* ---- sessions ---- */

static void session_answered(struct fh_question *question,
                             const struct fh_buf *answer,
                             const struct fh_err *err,
                             void *user)
{
    struct recorded *recorded = user;
    recorded->session = question;
    if (err == NULL || recorded->notes.count > 0) {
        answered(recorded, fh_question_code(question), answer, err);
        return;
    }
    free_recorded(recorded); /* it carries nothing that can be read */
    fh_question_refuse(question, err);
}

/* Decides nothing; but what is denied is worth knowing. */
static void session_told(struct fh_question *question,
                         const struct fh_buf *answer,
                         const struct fh_err *err,
                         void *user)
{
    if (err == NULL) {
        fh_question_answer_buf(question, answer);
        return;
    }
    if (err->code == FH_EDENIED) {
        fh_recording_refused(user, fh_question_speaker(question), fh_question_code(question), err);
    }
    fh_question_refuse(question, err);
}

int fh_recording_session(struct fh_recording *recording,
                         struct fh_question *question,
                         struct fh_err *err)
{
    unsigned code = fh_question_code(question);
    enum fh_recorded how = fh_recorded_how(code);
    bool told = how == FH_RECORDED_REFUSAL || code == FH_MSG_OWN;
    if (recording == NULL || (how != FH_RECORDED_DECISION && !told)) {
        return FH_OK;
    }
    if (told) {
        fh_question_watch(question, session_told, recording);
        return FH_OK;
    }
    struct recorded *recorded = new_recorded(recording, fh_question_speaker(question));
    if (recorded == NULL) {
        return no_memory(err);
    }
    bool ignored;
    if (!fh_notes_look(&recorded->notes,
                       *fh_question_fields(question),
                       code == FH_MSG_REDEEM ? FH_RECORD_INVITATION : 0,
                       &recording->options.mesh,
                       &ignored)) {
        free_recorded(recorded);
        return no_memory(err);
    }
    fh_question_watch(question, session_answered, recorded);
    return FH_OK;
}

/* ---- what nobody waits for ---- */

void fh_recording_refused(struct fh_recording *recording,
                          const struct fh_speaker *speaker,
                          unsigned code,
                          const struct fh_err *why)
{
    struct fh_note note = {.what = code == 0 ? "session" : fh_msg_text(code), .subject = ""};
    if (recording == NULL) {
        return;
    }
    if (fh_recorded_reads(code)) {
        add_unread(recording, speaker, code, why);
    } else {
        fh_audit_ticket_unref(add(recording, speaker, &note, why, FH_AUDIT_LAZY));
    }
}

void fh_recording_taken(struct fh_recording *recording,
                        const struct fh_record *record,
                        const struct fh_domain_id *domain,
                        const struct fh_node_id *from)
{
    static const struct fh_err well = {.code = FH_OK};
    struct fh_speaker bringer = {.domain = *domain};
    struct fh_note note;
    if (recording != NULL) {
        memcpy(bringer.key.b, from->b, sizeof bringer.key.b);
        fh_note_record(&note, record);
        fh_audit_ticket_unref(add(recording, &bringer, &note, &well, FH_AUDIT_LAZY));
    }
}

void fh_recording_decided(struct fh_recording *recording,
                          const struct fh_speaker *speaker,
                          struct fh_bytes record,
                          const struct fh_err *outcome,
                          fh_recording_told_fn *told_fn,
                          void *user)
{
    struct recorded *recorded = recording == NULL ? NULL : new_recorded(recording, speaker);
    if (recorded == NULL || !fh_notes_add(&recorded->notes, record, &recording->options.mesh)) {
        if (recorded != NULL) {
            free_recorded(recorded);
        }
        told_fn(user);
        return;
    }
    recorded->told = told_fn;
    recorded->user = user;
    keep(recorded, outcome);
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
