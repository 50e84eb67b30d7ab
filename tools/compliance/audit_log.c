/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/compliance/audit_log.h"

#include "common/file.h"
#include "tools/compliance/pending.h"

#include <string.h>
#include <time.h>

enum {
    FILE_BYTES_MAX = FH_AUDIT_SEGMENT_BYTES + 8 * FH_AUDIT_GROUP_BYTES_MAX,
    TRIES = 5, /* a node may write, or begin a new file, while the log is read */
    PAUSE_NS = 50 * 1000 * 1000,
};

struct walk {
    struct fh_audit_log *log;
    struct fh_audit_position last;
    struct fh_sign_public key; /* of the last `opened` */
    fh_audit_log_fn *visit;    /* NULL: the first time */
    void *user;
    uint64_t until;  /* the second time: number of the last record */
    uint64_t pruned; /* the node says that it removed the records up to this one; 0: none */
    struct fh_audit_pending pending;
    bool begun;
};

/* ---- what the first walk looks at ---- */

static int refuse(struct fh_err *err, int code, const char *rule, uint64_t seq, const char *text)
{
    return fh_err_rule(err, code, rule, "record %llu: %s", (unsigned long long)seq, text);
}

static int check_opened(struct walk *walk, const struct fh_audit_record *record, struct fh_err *err)
{
    const struct fh_audit_opened *opened = &record->detail.opened;
    const struct fh_actor *actor = walk->log->actor;
    struct fh_key_id id = fh_key_id_of(&opened->key);
    struct fh_ref ref = fh_key_id_ref(&id);
    struct fh_signer signer;
    struct fh_err why;
    if (memcmp(opened->mesh.b, actor->mesh.b, FH_ID_BYTES) != 0 ||
        !fh_domain_id_equal(&opened->domain, &actor->domain)) {
        return refuse(
            err, FH_ECHECK, "audit.owner", record->seq, "the log of another domain or mesh");
    }
    if (fh_directory_signer_of_stranger(actor->directory,
                                        &ref,
                                        &actor->domain,
                                        record->time_ms,
                                        FH_ROLE_MASK(FH_ROLE_NODE),
                                        &signer,
                                        &why) != FH_OK) {
        refuse(err, FH_ESIG, "audit.key", record->seq, "its node was none of this domain then");
        return fh_err_wrap(err, "%s", why.rule);
    }
    walk->key = opened->key;
    return FH_OK;
}

/* It signs the record before it. */
static int
check_checkpoint(struct walk *walk, const struct fh_audit_record *record, struct fh_err *err)
{
    struct fh_audit_checkpoint checkpoint;
    int code = fh_audit_checkpoint_open(
        &checkpoint, record->detail.checkpoint, &walk->log->actor->mesh, &fh_verifier_plain, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "record %llu", (unsigned long long)record->seq);
    }
    if (checkpoint.seq != walk->last.seq ||
        memcmp(checkpoint.head.b, walk->last.head.b, FH_HASH_BYTES) != 0) {
        return refuse(
            err, FH_ECHECK, "audit.checkpoint", record->seq, "its node signed another log");
    }
    if (memcmp(checkpoint.key.b, walk->key.b, sizeof walk->key.b) != 0 && walk->begun) {
        return refuse(err, FH_ESIG, "audit.key", record->seq, "another node signed than writes");
    }
    walk->log->checkpoints++;
    walk->log->signed_seq = checkpoint.seq;
    return FH_OK;
}

static int look_at(struct walk *walk, const struct fh_audit_record *record, struct fh_err *err)
{
    struct fh_audit_log *log = walk->log;
    int code = FH_OK;
    switch (record->kind) {
    case FH_AUDIT_OPENED:
        code = check_opened(walk, record, err);
        walk->begun = true;
        break;
    case FH_AUDIT_READ:
        if (record->detail.read.code == FH_OK) {
            fh_audit_pending_add(&walk->pending, record->detail.read.question, record->seq);
        }
        break;
    case FH_AUDIT_ENDED:
        (void)fh_audit_pending_take(&walk->pending, record->detail.ended.question);
        break;
    case FH_AUDIT_CHECKPOINT:
        code = check_checkpoint(walk, record, err);
        break;
    case FH_AUDIT_RECOVERED:
        log->recovered++;
        break;
    case FH_AUDIT_PRUNED:
        walk->pruned = record->detail.pruned.last;
        break;
    case FH_AUDIT_COUNTED:
        log->counted += record->detail.counted.count;
        break;
    default:
        break;
    }
    if (code == FH_OK) {
        log->first = log->first == 0 ? record->seq : log->first;
        log->records++;
    }
    return code;
}

/* ---- walking ---- */

static int walk_file(void *user, const char *path, uint64_t first, struct fh_err *err)
{
    struct walk *walk = user;
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_audit_cursor cursor;
    bool end = false;
    fh_buf_init(&bytes, FILE_BYTES_MAX);
    int code = fh_file_read(path, &bytes, err);
    bool oldest = walk->last.seq == 0 && first > 1; /* those before it are gone */
    fh_audit_cursor_init(&cursor, fh_buf_view(&bytes), oldest ? NULL : &walk->last);
    walk->log->files += walk->visit == NULL;
    while (code == FH_OK && !end && (walk->visit == NULL || walk->last.seq < walk->until)) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
        struct fh_audit_record record;
        if (arena == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for an audit record");
        }
        code = fh_audit_next(&cursor, arena, &record, &end, err);
        if (code != FH_OK || end) {
            break;
        }
        code = walk->visit == NULL ? look_at(walk, &record, err)
                                   : walk->visit(walk->user, &record, &cursor.last.head, err);
        if (code == FH_OK) {
            walk->last = cursor.last;
        }
    }
    return code;
}

static int walk_once(struct fh_audit_log *out, const struct fh_actor *actor, struct fh_err *err)
{
    struct walk walk = {.log = out};
    *out = (struct fh_audit_log){.actor = actor};
    fh_audit_pending_init(&walk.pending);
    int code = fh_home_audit_each(&actor->home, walk_file, &walk, err);
    if (code == FH_OK && out->first > walk.pruned + 1) {
        code = refuse(err,
                      FH_ECHECK,
                      "audit.removed",
                      out->first,
                      "those before it are gone, and its node did not remove them");
    }
    out->last = walk.last;
    out->open_reads = walk.pending.map.count;
    fh_audit_pending_fini(&walk.pending);
    return code;
}

/* What cannot be read is a failure, and what was changed a finding. */
static int conclude(struct fh_audit_log *out, int code, const struct fh_err *err)
{
    if (code == FH_OK || code == FH_ENOMEM || code == FH_EIO || code == FH_EDENIED) {
        return code;
    }
    out->failure = *err;
    return FH_OK;
}

int fh_audit_log_open(struct fh_audit_log *out, const struct fh_actor *actor, struct fh_err *err)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    int code = walk_once(out, actor, err);
    for (int i = 1; i < TRIES && code != FH_OK && code != FH_ENOMEM; i++) {
        (void)nanosleep(&pause, NULL);
        code = walk_once(out, actor, err);
    }
    return conclude(out, code, err);
}

int fh_audit_log_open_still(struct fh_audit_log *out,
                            const struct fh_actor *actor,
                            struct fh_err *err)
{
    return conclude(out, walk_once(out, actor, err), err);
}

int fh_audit_log_each(const struct fh_audit_log *log,
                      fh_audit_log_fn *visit,
                      void *user,
                      struct fh_err *err)
{
    struct fh_audit_log scratch = *log;
    struct walk walk = {.log = &scratch, .visit = visit, .user = user, .until = log->last.seq};
    return fh_home_audit_each(&log->actor->home, walk_file, &walk, err);
}

int fh_audit_log_conclude(const struct fh_audit_log *log, int code, struct fh_err *err)
{
    if (code == FH_OK && log->failure.code != FH_OK) {
        *err = log->failure;
        code = fh_err_wrap(err, "the log was changed");
    }
    return code;
}
