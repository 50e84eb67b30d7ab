/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/audit.h"

#include "common/assert.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/time.h"

#include <pthread.h>
#include <time.h>

enum {
    FRAME_ROOM = FH_AUDIT_FRAME_BYTES + 128, /* of one record, around its detail */
    CHECKPOINT_ROOM = 1024,
    FIRST_CHECKPOINT_MS = 1000, /* after the start */
    IDLE_MS = 2000,             /* between two looks whether a checkpoint is due */
    NS_PER_US = 1000,
    NS_PER_MS = 1000 * 1000,
    NS_PER_S = 1000 * 1000 * 1000,
};

static const int64_t NOTHING = INT64_MAX;

struct fh_audit_ticket {
    struct fh_list link; /* in the queue, or in the group that is written */
    struct fh_audit *audit;
    unsigned references;
    unsigned kind;
    enum fh_audit_urgency urgency;
    struct fh_buf detail;
    bool told;
    bool in_group; /* it stands in the frames of this group */
    uint64_t seq;
    struct fh_err failure; /* FH_OK in code: on disk */
    fh_audit_told_fn *then;
    void *user;
};

struct fh_audit {
    struct fh_audit_file *file; /* the writer's */
    pthread_t thread;
    pthread_mutex_t lock; /* all below, and what tickets say of themselves */
    pthread_cond_t work;
    pthread_cond_t done;
    struct fh_list queue;
    size_t queued_bytes;
    int64_t due_ns;   /* monotonic: when what is queued has to be written; NOTHING: it is empty */
    int64_t group_ns; /* monotonic: the last group began */
    bool closing;
    int64_t asleep_ns; /* monotonic: the writer waits until then at most; 0: it does not */
    uint64_t groups;
    uint64_t records;
    uint64_t checkpoint_seq;
    struct fh_buf checkpoint; /* the newest signed record */
    struct fh_refusals refusals;
    /* the writer's */
    bool busy;           /* it has just written */
    bool crowded;        /* and will soon again: the group was one of many questions */
    uint64_t signed_seq; /* of the last checkpoint's own record */
    int64_t signed_ms;   /* monotonic */
    uint64_t first;      /* of the open file: its number tells it from the one before */
    struct fh_buf frames;
};

/* ---- tickets ---- */

static void unref_locked(struct fh_audit_ticket *ticket)
{
    FH_ASSERT(ticket->references > 0);
    if (--ticket->references == 0) {
        fh_buf_fini(&ticket->detail);
        fh_free(ticket);
    }
}

void fh_audit_ticket_unref(struct fh_audit_ticket *ticket)
{
    if (ticket != NULL) {
        struct fh_audit *audit = ticket->audit;
        pthread_mutex_lock(&audit->lock);
        unref_locked(ticket);
        pthread_mutex_unlock(&audit->lock);
    }
}

static struct fh_audit_ticket *new_ticket(struct fh_audit *audit,
                                          unsigned kind,
                                          enum fh_audit_urgency urgency,
                                          const struct fh_buf *detail)
{
    struct fh_audit_ticket *ticket = fh_calloc(1, sizeof *ticket);
    if (ticket == NULL) {
        return NULL;
    }
    ticket->audit = audit;
    ticket->references = 1;
    ticket->kind = kind;
    ticket->urgency = urgency;
    fh_list_init(&ticket->link);
    fh_buf_init(&ticket->detail, FH_AUDIT_RECORD_BYTES_MAX - FRAME_ROOM);
    fh_buf_add_bytes(&ticket->detail, fh_buf_view(detail));
    int rc = fh_buf_ok(detail) != FH_OK ? fh_buf_ok(detail) : fh_buf_ok(&ticket->detail);
    if (rc != FH_OK) {
        ticket->told = true;
        fh_err_rule(&ticket->failure, rc, "audit.record", "the audit record does not fit");
    }
    return ticket;
}

static int64_t due_ns(const struct fh_audit *audit, enum fh_audit_urgency urgency)
{
    return urgency == FH_AUDIT_LAZY ? fh_clock_mono_ns() + (int64_t)FH_AUDIT_LAZY_MS * NS_PER_MS
           : urgency == FH_AUDIT_CROWDED ? audit->group_ns + (int64_t)FH_AUDIT_CROWD_US * NS_PER_US
                                         : 0;
}

/* Under the lock. True: the writer is to be woken, best without the lock, which it takes first. */
static bool enqueue(struct fh_audit *audit, struct fh_audit_ticket *ticket)
{
    int64_t due = due_ns(audit, ticket->urgency);
    ticket->references++;
    fh_list_push_back(&audit->queue, &ticket->link);
    audit->queued_bytes += ticket->detail.size;
    audit->due_ns = due < audit->due_ns ? due : audit->due_ns;
    bool wake = audit->asleep_ns > audit->due_ns;
    audit->asleep_ns = wake ? 0 : audit->asleep_ns; /* once */
    return wake;
}

static bool is_decision(const struct fh_audit_ticket *ticket)
{
    return ticket->urgency == FH_AUDIT_DECISION || ticket->urgency == FH_AUDIT_CROWDED;
}

struct fh_audit_ticket *fh_audit_add(struct fh_audit *audit,
                                     unsigned kind,
                                     enum fh_audit_urgency urgency,
                                     const struct fh_buf *detail)
{
    struct fh_audit_ticket *ticket = new_ticket(audit, kind, urgency, detail);
    if (ticket == NULL || ticket->told) {
        return ticket;
    }
    bool wake = false;
    pthread_mutex_lock(&audit->lock);
    bool full = audit->queued_bytes + detail->size > FH_AUDIT_QUEUED_BYTES_MAX;
    if (audit->closing || (full && is_decision(ticket))) {
        ticket->told = true;
        fh_err_rule(&ticket->failure,
                    FH_EBUSY,
                    "audit.busy",
                    "this node's audit log does not keep up with what is asked");
        fh_err_retry(&ticket->failure, 1000);
    } else {
        wake = enqueue(audit, ticket);
    }
    pthread_mutex_unlock(&audit->lock);
    if (wake) {
        pthread_cond_signal(&audit->work);
    }
    return ticket;
}

bool fh_audit_counted(struct fh_audit *audit, const struct fh_refusal *refusal)
{
    pthread_mutex_lock(&audit->lock);
    bool counted = !fh_refusals_have_room(&audit->refusals, &refusal->domain);
    if (counted) {
        fh_refusals_count(&audit->refusals, refusal, fh_clock_wall_ms(), fh_clock_mono_ms());
    }
    pthread_mutex_unlock(&audit->lock);
    return counted;
}

struct fh_audit_ticket *fh_audit_add_refused(struct fh_audit *audit,
                                             unsigned kind,
                                             enum fh_audit_urgency urgency,
                                             const struct fh_domain_id *domain,
                                             const struct fh_buf *detail)
{
    pthread_mutex_lock(&audit->lock);
    fh_refusals_take(&audit->refusals, domain, detail->size + FRAME_ROOM);
    pthread_mutex_unlock(&audit->lock);
    return fh_audit_add(audit, kind, urgency, detail);
}

bool fh_audit_is_told(struct fh_audit_ticket *ticket, int *out_code, struct fh_err *err)
{
    pthread_mutex_lock(&ticket->audit->lock);
    bool told = ticket->told;
    if (told) {
        *out_code = ticket->failure.code;
        if (ticket->failure.code != FH_OK) {
            *err = ticket->failure;
        }
    }
    pthread_mutex_unlock(&ticket->audit->lock);
    return told;
}

int fh_audit_wait(struct fh_audit_ticket *ticket, struct fh_err *err)
{
    struct fh_audit *audit = ticket->audit;
    pthread_mutex_lock(&audit->lock);
    while (!ticket->told) {
        pthread_cond_wait(&audit->done, &audit->lock);
    }
    int code = ticket->failure.code;
    if (code != FH_OK) {
        *err = ticket->failure;
    }
    pthread_mutex_unlock(&audit->lock);
    return code;
}

void fh_audit_then(struct fh_audit_ticket *ticket, fh_audit_told_fn *told, void *user)
{
    struct fh_audit *audit = ticket->audit;
    pthread_mutex_lock(&audit->lock);
    FH_ASSERT(ticket->then == NULL);
    bool now = ticket->told;
    if (!now) {
        ticket->then = told;
        ticket->user = user;
    }
    pthread_mutex_unlock(&audit->lock);
    if (now) { /* nobody writes it any more */
        told(ticket->failure.code == FH_OK ? NULL : &ticket->failure, user);
    }
}

uint64_t fh_audit_ticket_seq(struct fh_audit_ticket *ticket)
{
    pthread_mutex_lock(&ticket->audit->lock);
    uint64_t seq = ticket->seq;
    pthread_mutex_unlock(&ticket->audit->lock);
    return seq;
}

/* ---- the writer ---- */

/* What was counted, as records: when it is time, and at the end. Under the lock. */
static void enqueue_counts(struct fh_audit *audit, int64_t now)
{
    const struct fh_refusals_kind *kinds = NULL;
    uint32_t count = fh_refusals_due(&audit->refusals, now, audit->closing, &kinds);
    for (uint32_t i = 0; i < count; i++) {
        struct fh_buf detail FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&detail, 1024);
        fh_audit_counted_pack(&detail, &kinds[i].counted);
        struct fh_audit_ticket *ticket =
            new_ticket(audit, FH_AUDIT_COUNTED, FH_AUDIT_LAZY, &detail);
        if (ticket != NULL) {
            (void)enqueue(audit, ticket); /* this is the writer */
            unref_locked(ticket);
        }
    }
}

/* Waits until there is a group to write; false: the end, and nothing is left. */
static bool wait_for_work(struct fh_audit *audit)
{
    for (;;) {
        enqueue_counts(audit, fh_clock_mono_ms());
        int64_t now = fh_clock_mono_ns();
        bool due = now >= audit->due_ns;
        if (due || audit->closing) {
            return due || !fh_list_empty(&audit->queue);
        }
        /* Behind a decision its end comes soon, in a crowd the next one: who looks again by itself
         * need not be woken. */
        int64_t until = audit->due_ns != NOTHING ? audit->due_ns
                        : audit->crowded         ? due_ns(audit, FH_AUDIT_CROWDED)
                        : audit->busy            ? now + (int64_t)FH_AUDIT_LAZY_MS * NS_PER_MS
                                                 : now + (int64_t)IDLE_MS * NS_PER_MS;
        bool look = !audit->busy && audit->due_ns == NOTHING;
        audit->busy = audit->busy && audit->crowded;
        audit->crowded = false;
        const struct timespec at = {.tv_sec = (time_t)(until / NS_PER_S),
                                    .tv_nsec = (long)(until % NS_PER_S)};
        audit->asleep_ns = until;
        int over = pthread_cond_timedwait(&audit->work, &audit->lock, &at);
        audit->asleep_ns = 0;
        if (over != 0 && look && audit->due_ns == NOTHING) {
            return true; /* time for a look at the checkpoint */
        }
    }
}

/* Takes what one group may hold. */
static size_t take_group(struct fh_audit *audit, struct fh_list *group)
{
    size_t size = 0;
    FH_LIST_FOREACH (link, &audit->queue) {
        struct fh_audit_ticket *ticket = FH_LIST_ENTRY(link, struct fh_audit_ticket, link);
        size_t bytes = ticket->detail.size + FRAME_ROOM;
        if (size > 0 && size + bytes + CHECKPOINT_ROOM > FH_AUDIT_GROUP_BYTES_MAX) {
            break;
        }
        size += bytes;
        audit->queued_bytes -= ticket->detail.size;
        audit->crowded = audit->crowded || ticket->urgency == FH_AUDIT_CROWDED;
        fh_list_remove(link);
        fh_list_push_back(group, link);
    }
    audit->group_ns = fh_clock_mono_ns();
    audit->due_ns = fh_list_empty(&audit->queue) ? NOTHING : audit->group_ns;
    return size;
}

static bool checkpoint_due(const struct fh_audit *audit, uint64_t seq)
{
    return seq > audit->signed_seq &&
           (seq - audit->signed_seq >= FH_AUDIT_CHECKPOINT_RECORDS ||
            fh_clock_mono_ms() - audit->signed_ms >= FH_AUDIT_CHECKPOINT_MS);
}

/* Chains what there is room for; the others are told why not. */
static struct fh_audit_position
chain_group(struct fh_audit *audit, const struct fh_list *group, size_t size, struct fh_err *err)
{
    struct fh_err full = {0};
    int decisions =
        fh_audit_file_room(audit->file, size + CHECKPOINT_ROOM, FH_AUDIT_RESERVE_BYTES, &full);
    int ends = decisions == FH_OK ? FH_OK
                                  : fh_audit_file_room(audit->file, size + CHECKPOINT_ROOM, 0, err);
    struct fh_audit_position at = fh_audit_file_position(audit->file);
    int64_t now = fh_clock_wall_ms();
    fh_buf_reset(&audit->frames);
    FH_LIST_FOREACH (link, group) {
        struct fh_audit_ticket *ticket = FH_LIST_ENTRY(link, struct fh_audit_ticket, link);
        int code = is_decision(ticket) ? decisions : ends;
        ticket->in_group = code == FH_OK;
        if (code == FH_OK) {
            fh_audit_append(&audit->frames, &at, now, ticket->kind, fh_buf_view(&ticket->detail));
            ticket->seq = at.seq;
        } else {
            ticket->failure = full;
        }
    }
    return at;
}

/* Writes a group; nobody else knows its tickets meanwhile, but by what the lock guards. */
static void write_group(struct fh_audit *audit, const struct fh_list *group, size_t size)
{
    struct fh_err err = {0};
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    struct fh_audit_position at = chain_group(audit, group, size, &err);
    uint64_t checkpoint = 0;
    if (checkpoint_due(audit, at.seq) &&
        (audit->frames.size > 0 ||
         fh_audit_file_room(audit->file, CHECKPOINT_ROOM, 0, &err) == FH_OK)) {
        checkpoint = at.seq;
        fh_audit_file_checkpoint(audit->file, &audit->frames, &at, &record);
    }
    int code = fh_buf_ok(&audit->frames);
    if (code != FH_OK) {
        fh_err_rule(&err, code, "audit.record", "no memory for the audit log");
    } else if (audit->frames.size > 0) {
        code = fh_audit_file_commit(audit->file, fh_buf_view(&audit->frames), &at, &err);
    }
    FH_LIST_FOREACH (link, group) {
        struct fh_audit_ticket *ticket = FH_LIST_ENTRY(link, struct fh_audit_ticket, link);
        if (ticket->in_group && code != FH_OK) {
            ticket->failure = err;
        }
    }
    if (fh_audit_file_first(audit->file) != audit->first) {
        audit->first = fh_audit_file_first(audit->file);
        pthread_mutex_lock(&audit->lock);
        fh_refusals_anew(&audit->refusals);
        pthread_mutex_unlock(&audit->lock);
    }
    if (code == FH_OK && checkpoint > 0) {
        audit->signed_seq = at.seq;
        audit->signed_ms = fh_clock_mono_ms();
        pthread_mutex_lock(&audit->lock);
        audit->checkpoint_seq = checkpoint;
        fh_buf_reset(&audit->checkpoint);
        fh_buf_add_bytes(&audit->checkpoint, fh_buf_view(&record));
        pthread_mutex_unlock(&audit->lock);
    }
}

/* Under the lock, which is let go for whoever is called. */
static void tell_group(struct fh_audit *audit, struct fh_list *group)
{
    FH_LIST_FOREACH (link, group) {
        struct fh_audit_ticket *ticket = FH_LIST_ENTRY(link, struct fh_audit_ticket, link);
        ticket->told = true;
        audit->records += ticket->failure.code == FH_OK;
    }
    audit->groups++;
    pthread_cond_broadcast(&audit->done);
    FH_LIST_FOREACH (link, group) {
        struct fh_audit_ticket *ticket = FH_LIST_ENTRY(link, struct fh_audit_ticket, link);
        fh_list_remove(link);
        if (ticket->then != NULL) {
            pthread_mutex_unlock(&audit->lock);
            ticket->then(ticket->failure.code == FH_OK ? NULL : &ticket->failure, ticket->user);
            pthread_mutex_lock(&audit->lock);
        }
        unref_locked(ticket);
    }
}

static void *write_all(void *user)
{
    struct fh_audit *audit = user;
    pthread_mutex_lock(&audit->lock);
    while (wait_for_work(audit)) {
        struct fh_list group;
        fh_list_init(&group);
        size_t size = take_group(audit, &group);
        uint64_t seq = fh_audit_file_position(audit->file).seq;
        if (size > 0 || checkpoint_due(audit, seq)) {
            pthread_mutex_unlock(&audit->lock);
            write_group(audit, &group, size);
            pthread_mutex_lock(&audit->lock);
            tell_group(audit, &group);
            audit->busy = size > 0;
        }
    }
    pthread_mutex_unlock(&audit->lock);
    return NULL;
}

/* ---- life ---- */

static int init_locks(struct fh_audit *audit)
{
    pthread_condattr_t monotonic;
    int rc = pthread_condattr_init(&monotonic);
    if (rc == 0) {
        rc = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    }
    if (rc == 0) {
        rc = pthread_mutex_init(&audit->lock, NULL);
    }
    if (rc == 0) {
        rc = pthread_cond_init(&audit->work, &monotonic);
    }
    if (rc == 0) {
        rc = pthread_cond_init(&audit->done, NULL);
    }
    (void)pthread_condattr_destroy(&monotonic);
    return rc;
}

/* Refusals that stand in the open file have had their part of it. */
static void seen(void *user, const struct fh_audit_record *record, uint64_t frame_bytes)
{
    struct fh_audit *audit = user;
    bool read = record->kind == FH_AUDIT_READ;
    const struct fh_audit_who *who = read ? &record->detail.read.who : &record->detail.governed.who;
    unsigned code = read                                ? record->detail.read.code
                    : record->kind == FH_AUDIT_GOVERNED ? record->detail.governed.code
                                                        : FH_OK;
    bool own_people = fh_key_id_is_zero(&who->key) && !fh_domain_id_is_zero(&who->domain);
    if (code != FH_OK && !own_people) {
        const struct fh_refusal refusal = fh_refusal_of(who, code, "");
        fh_refusals_take(&audit->refusals, &refusal.domain, frame_bytes);
    }
}

int fh_audit_open(struct fh_audit **out,
                  const struct fh_audit_file_options *given,
                  struct fh_err *err)
{
    struct fh_audit *audit = fh_calloc(1, sizeof *audit);
    struct fh_audit_file_options options = *given;
    if (audit == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the audit log");
    }
    fh_list_init(&audit->queue);
    audit->due_ns = NOTHING;
    fh_buf_init(&audit->frames, FH_AUDIT_GROUP_BYTES_MAX + FH_AUDIT_RECORD_BYTES_MAX);
    fh_buf_init(&audit->checkpoint, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    options.seen = seen;
    options.seen_user = audit;
    fh_refusals_init(&audit->refusals,
                     options.segment_bytes == 0 ? FH_AUDIT_SEGMENT_BYTES : options.segment_bytes);
    int rc = fh_audit_file_open(&audit->file, &options, err);
    if (rc != FH_OK) {
        fh_free(audit);
        return rc;
    }
    audit->first = fh_audit_file_first(audit->file);
    audit->signed_seq = fh_audit_file_position(audit->file).seq;
    audit->signed_ms = fh_clock_mono_ms() - FH_AUDIT_CHECKPOINT_MS + FIRST_CHECKPOINT_MS;
    if (init_locks(audit) != 0 || pthread_create(&audit->thread, NULL, write_all, audit) != 0) {
        fh_audit_file_close(audit->file);
        fh_free(audit);
        return fh_err_set(err, FH_ENOMEM, "no thread for the audit log");
    }
    *out = audit;
    return FH_OK;
}

void fh_audit_close(struct fh_audit *audit)
{
    if (audit == NULL) {
        return;
    }
    pthread_mutex_lock(&audit->lock);
    audit->closing = true;
    pthread_cond_signal(&audit->work);
    pthread_mutex_unlock(&audit->lock);
    (void)pthread_join(audit->thread, NULL);
    FH_ASSERT(fh_list_empty(&audit->queue));
    fh_audit_file_close(audit->file);
    pthread_cond_destroy(&audit->done);
    pthread_cond_destroy(&audit->work);
    pthread_mutex_destroy(&audit->lock);
    fh_buf_fini(&audit->frames);
    fh_buf_fini(&audit->checkpoint);
    fh_free(audit);
}

bool fh_audit_checkpoint(struct fh_audit *audit,
                         uint64_t after,
                         uint64_t *out_seq,
                         struct fh_buf *out)
{
    pthread_mutex_lock(&audit->lock);
    bool newer = audit->checkpoint_seq > after;
    if (newer) {
        *out_seq = audit->checkpoint_seq;
        fh_buf_add_bytes(out, fh_buf_view(&audit->checkpoint));
    }
    pthread_mutex_unlock(&audit->lock);
    return newer;
}

void fh_audit_counts(struct fh_audit *audit, uint64_t *out_groups, uint64_t *out_records)
{
    pthread_mutex_lock(&audit->lock);
    *out_groups = audit->groups;
    *out_records = audit->records;
    pthread_mutex_unlock(&audit->lock);
}
