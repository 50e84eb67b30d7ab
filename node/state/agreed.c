/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/agreed.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/semver.h"
#include "proto/identity/keylog.h"

#include <stdio.h>

enum { ROLES = FH_ROLES_PUBLISHING };

/* How long a waiver that is over keeps its place from others: it may have ended one that was not,
 * and that comes later or again. */
#define KEPT_MS ((int64_t)90 * 24 * 3600 * 1000)

struct kept {
    struct fh_agreed_policy policy;
    struct fh_arena *arena; /* of policy.held */
};

struct fh_agreed {
    struct fh_agreed_options options;
    uint32_t record_count; /* on the disk */
    uint32_t count;
    struct kept items[FH_POLICIES_MAX]; /* by name */
    const struct fh_agreed_policy *listed[FH_POLICIES_MAX];
    uint32_t waiver_count;
    struct fh_waiver_held *waivers[FH_WAIVERS_MAX]; /* one of a scope */
};

static void drop(struct kept *kept)
{
    fh_arena_free(kept->arena);
    *kept = (struct kept){.arena = NULL};
}

/* Its place among the items; their count when there is none. */
static uint32_t find(const struct fh_agreed *agreed, const char *name)
{
    uint32_t at = 0;
    while (at < agreed->count && strcmp(agreed->items[at].policy.held.name, name) != 0) {
        at++;
    }
    return at;
}

static const struct fh_agreed_policy *in_force(const struct fh_agreed *agreed, const char *name)
{
    uint32_t at = find(agreed, name);
    return at < agreed->count ? &agreed->items[at].policy : NULL;
}

/* Whether the record is the policy, or one of its rivals. */
static bool is_one_of(const struct fh_agreed_policy *policy, const struct fh_record_id *id)
{
    bool found = fh_record_id_equal(id, &policy->held.id);
    for (uint32_t i = 0; i < policy->rival_count && !found; i++) {
        found = fh_record_id_equal(id, &policy->rivals[i]);
    }
    return found;
}

static void add_rival(struct fh_agreed_policy *policy, const struct fh_record_id *id)
{
    if (policy->rival_count == FH_POLICY_RIVALS_MAX) {
        return; /* refused where it comes; left by a program with another limit */
    }
    uint32_t at = policy->rival_count++;
    for (; at > 0 && fh_record_id_compare(&policy->rivals[at - 1], id) > 0; at--) {
        policy->rivals[at] = policy->rivals[at - 1];
    }
    policy->rivals[at] = *id;
    policy->held.forked = true;
}

/* ---- reading ---- */

static int read_record(const struct fh_agreed *agreed,
                       struct fh_bytes bytes,
                       struct fh_agreed_checked *out,
                       struct fh_err *err)
{
    *out = (struct fh_agreed_checked){.known = false};
    int rc = fh_record_parse(&out->record, bytes, &agreed->options.mesh_id, err);
    if (rc == FH_OK && out->record.type == FH_RECORD_WAIVER) {
        return fh_waiver_decode(&out->waiver, &out->record, err);
    }
    if (rc == FH_OK && out->record.type != FH_RECORD_MESH_POLICY) {
        rc = fh_err_rule(
            err, FH_EINVAL, "record.type", "the record is no policy of the mesh and no waiver");
    }
    if (rc == FH_OK) {
        rc = fh_policy_record_parse(&out->policy, out->record.payload, err);
    }
    if (rc == FH_OK && memcmp(out->policy.domain.b, agreed->options.mesh_id.b, FH_ID_BYTES) != 0) {
        rc = fh_err_rule(
            err, FH_EINVAL, "policy.mesh", "policy %s is of another mesh", out->policy.name);
    }
    return rc;
}

/* What can be known of one that cannot be read: which products it closes. */
static void read_scope(struct kept *kept, struct fh_bytes text, const struct fh_err *unread)
{
    struct fh_err ignored;
    char quoted[FH_ERR_TEXT_BYTES];
    struct fh_policy_held *held = &kept->policy.held;
    held->scoped = fh_policy_read_scope(&held->products, text, kept->arena, &ignored) == FH_OK;
    fh_log(FH_LOG_ERROR,
           "policy.unreadable",
           "mesh=true name=%s closes=%s rule=%s text=%s",
           held->name,
           held->scoped && held->products.count > 0 ? "named" : "all",
           unread->rule,
           fh_log_quoted(quoted, sizeof quoted, unread->text));
}

/* Fills `kept` with a version, in memory of its own; one that cannot be read is held all the same.
 */
static int
keep(const struct fh_agreed *agreed, struct fh_bytes bytes, struct kept *kept, struct fh_err *err)
{
    struct fh_agreed_checked read;
    struct fh_policy *policy = NULL;
    struct fh_err unread;
    *kept = (struct kept){.arena = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX)};
    uint8_t *copy = kept->arena == NULL ? NULL : fh_arena_alloc(kept->arena, bytes.size);
    if (copy == NULL) {
        drop(kept);
        return fh_err_set(err, FH_ENOMEM, "no memory for a policy");
    }
    memcpy(copy, bytes.data, bytes.size);
    int rc = read_record(agreed, fh_bytes(copy, bytes.size), &read, err);
    if (rc != FH_OK) {
        drop(kept);
        return rc;
    }
    struct fh_policy_held *held = &kept->policy.held;
    held->id = read.record.id;
    held->mesh = true;
    memcpy(held->name, read.policy.name, sizeof held->name);
    memcpy(held->version, read.policy.version, sizeof held->version);
    kept->policy.seq = read.policy.seq;
    kept->policy.created_ms = read.policy.created_ms;
    rc = fh_policy_record_open(&policy, &read.policy, kept->arena, &unread);
    if (rc == FH_ENOMEM) {
        drop(kept);
        return fh_err_set(err, rc, "no memory for policy %s", read.policy.name);
    }
    if (rc != FH_OK) {
        read_scope(kept, read.policy.text, &unread);
    }
    held->policy = rc == FH_OK ? policy : NULL;
    return FH_OK;
}

/* ---- in force ---- */

/* Puts a version in the place of the one before, or in its place by name. */
static void enforce(struct fh_agreed *agreed, struct kept *next)
{
    const char *name = next->policy.held.name;
    uint32_t at = find(agreed, name);
    if (at < agreed->count) {
        drop(&agreed->items[at]);
    } else {
        FH_ASSERT(at < FH_POLICIES_MAX);
        for (; at > 0 && strcmp(agreed->items[at - 1].policy.held.name, name) > 0; at--) {
            agreed->items[at] = agreed->items[at - 1];
        }
        agreed->count++;
    }
    agreed->items[at] = *next;
    for (uint32_t i = 0; i < agreed->count; i++) {
        agreed->listed[i] = &agreed->items[i].policy;
    }
}

static int place_policy(struct fh_agreed *agreed,
                        const struct fh_agreed_checked *checked,
                        struct fh_bytes bytes,
                        struct fh_err *err)
{
    struct kept next;
    uint32_t at = find(agreed, checked->policy.name);
    struct fh_agreed_policy *held = at < agreed->count ? &agreed->items[at].policy : NULL;
    if (held != NULL && (checked->policy.seq < held->seq || is_one_of(held, &checked->record.id))) {
        return FH_OK; /* history; or it comes again after a transaction that was undone */
    }
    if (held != NULL && checked->policy.seq == held->seq) {
        add_rival(held, &checked->record.id);
        fh_log(FH_LOG_ERROR, "policy.forked", "mesh=true name=%s", checked->policy.name);
        return FH_OK;
    }
    int rc = keep(agreed, bytes, &next, err);
    if (rc == FH_OK) {
        enforce(agreed, &next);
    }
    return rc;
}

/* A place for one of a new scope, or NULL: that of the one that is over for the longest time when
 * all are taken. */
static struct fh_waiver_held *find_room(struct fh_agreed *agreed, int64_t now_ms)
{
    struct fh_waiver_held *room = NULL;
    if (agreed->waiver_count < FH_WAIVERS_MAX) {
        room = fh_calloc(1, sizeof *room);
        if (room != NULL) {
            agreed->waivers[agreed->waiver_count++] = room;
        }
        return room;
    }
    for (uint32_t i = 0; i < agreed->waiver_count; i++) {
        struct fh_waiver_held *held = agreed->waivers[i];
        if (held->waiver.until_ms < now_ms - KEPT_MS &&
            (room == NULL || held->waiver.until_ms < room->waiver.until_ms)) {
            room = held;
        }
    }
    return room;
}

static void
place_waiver(struct fh_agreed *agreed, const struct fh_agreed_checked *checked, int64_t now_ms)
{
    const struct fh_waiver *waiver = &checked->waiver;
    struct fh_waiver_held *at = NULL;
    for (uint32_t i = 0; i < agreed->waiver_count && at == NULL; i++) {
        at = fh_waiver_same_scope(&agreed->waivers[i]->waiver, waiver) ? agreed->waivers[i] : NULL;
    }
    if (at != NULL && at->waiver.created_ms >= waiver->created_ms) {
        return;
    }
    at = at == NULL ? find_room(agreed, now_ms) : at;
    if (at == NULL) { /* a rule that binds all the same is no harm */
        fh_log(FH_LOG_ERROR, "waiver.not_kept", "product=%s", waiver->product);
        return;
    }
    *at = (struct fh_waiver_held){.id = checked->record.id, .waiver = *waiver};
}

static int place(struct fh_agreed *agreed,
                 const struct fh_agreed_checked *checked,
                 struct fh_bytes bytes,
                 int64_t now_ms,
                 struct fh_err *err)
{
    if (checked->record.type == FH_RECORD_WAIVER) {
        place_waiver(agreed, checked, now_ms);
        return FH_OK;
    }
    return place_policy(agreed, checked, bytes, err);
}

/* ---- from the store ---- */

static int load(void *user, const struct fh_store_agreed *row, struct fh_err *err)
{
    struct fh_agreed *agreed = user;
    struct fh_agreed_checked read;
    int rc = read_record(agreed, row->bytes, &read, err);
    if (rc == FH_OK) {
        agreed->record_count++;
        rc = place(agreed, &read, row->bytes, row->received_ms, err);
    }
    return rc == FH_OK ? FH_OK : fh_err_wrap(err, "the store's policies of the mesh");
}

int fh_agreed_open(struct fh_agreed **out,
                   const struct fh_agreed_options *options,
                   struct fh_err *err)
{
    struct fh_agreed *agreed = fh_calloc(1, sizeof *agreed);
    if (agreed == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for policies");
    }
    agreed->options = *options;
    int rc = fh_store_agreed_each(options->store, load, agreed, err);
    if (rc != FH_OK) {
        fh_agreed_close(agreed);
        return rc;
    }
    *out = agreed;
    return FH_OK;
}

void fh_agreed_close(struct fh_agreed *agreed)
{
    if (agreed == NULL) {
        return;
    }
    for (uint32_t i = 0; i < agreed->count; i++) {
        drop(&agreed->items[i]);
    }
    for (uint32_t i = 0; i < agreed->waiver_count; i++) {
        fh_free(agreed->waivers[i]);
    }
    fh_free(agreed);
}

/* ---- what may be taken ---- */

static int check_quorum(const struct fh_agreed *agreed,
                        const struct fh_record *record,
                        int64_t created_ms,
                        struct fh_err *err)
{
    struct fh_domain_id signers[FH_RECORD_SIGNATURES_MAX];
    size_t count = 0;
    const struct fh_directory *dir = agreed->options.dir;
    int rc = fh_directory_cosigners(dir, record, ROLES, created_ms, signers, &count, err);
    return rc == FH_OK ? fh_directory_policy_quorum(dir, signers, count, created_ms, err) : rc;
}

/* By a publisher of the own domain: when it says that it signed, and now, as for its policies. */
static int check_own(const struct fh_agreed *agreed,
                     const struct fh_agreed_checked *checked,
                     int64_t now_ms,
                     struct fh_err *err)
{
    const struct fh_agreed_options *o = &agreed->options;
    const struct fh_waiver *waiver = &checked->waiver;
    if (!fh_domain_id_equal(&waiver->owner, &o->domain)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "waiver.owner",
                           "the waiver is of another domain's policy than this node's");
    }
    int rc = fh_directory_verify(
        o->dir, &checked->record, &waiver->owner, ROLES, waiver->created_ms, NULL, err);
    return rc == FH_OK ? fh_directory_signer(o->dir,
                                             &checked->record.signatures[0].key,
                                             &waiver->owner,
                                             now_ms,
                                             ROLES,
                                             NULL,
                                             err)
                       : rc;
}

static int check_place(const struct fh_agreed *agreed,
                       const struct fh_agreed_checked *checked,
                       struct fh_err *err)
{
    const struct fh_policy_record *next = &checked->policy;
    const struct fh_agreed_policy *held = in_force(agreed, next->name);
    struct fh_semver before;
    struct fh_semver after;
    if (held == NULL) {
        return agreed->count < FH_POLICIES_MAX
                   ? FH_OK
                   : fh_err_rule(err,
                                 FH_ETOOBIG,
                                 "policy.limit",
                                 "a mesh has at most %d policies; put rules together",
                                 FH_POLICIES_MAX);
    }
    if (next->seq == held->seq && held->rival_count == FH_POLICY_RIVALS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "policy.rivals",
                           "policy %s %s: %d others of its number are known already",
                           next->name,
                           next->version,
                           FH_POLICY_RIVALS_MAX);
    }
    if (next->seq <= held->seq) {
        return FH_OK; /* history, or a fork */
    }
    if (next->created_ms < held->created_ms) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "policy.time.back",
                           "policy %s %s is dated before the version that is in force",
                           next->name,
                           next->version);
    }
    if (next->seq == held->seq + 1 && !is_one_of(held, &next->prev)) {
        return fh_err_rule(err,
                           FH_EINCOMPLETE,
                           "policy.chain.gap",
                           "policy %s %s follows a record that is not known here",
                           next->name,
                           next->version);
    }
    int rc = fh_semver_parse(&before, held->held.version, err);
    if (rc == FH_OK) {
        rc = fh_semver_parse(&after, next->version, err);
    }
    if (rc == FH_OK && fh_semver_compare(&after, &before) <= 0) {
        rc = fh_err_rule(err,
                         FH_ECHECK,
                         "policy.version.not_greater",
                         "policy %s %s cannot follow %s: the version must rise",
                         next->name,
                         next->version,
                         held->held.version);
    }
    return rc;
}

/* A text that is another one than the record says is refused; one that cannot be read is not. */
static int check_text(const struct fh_agreed_checked *checked, struct fh_err *err)
{
    struct fh_policy *policy = NULL;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a policy");
    }
    int rc = fh_policy_record_open(&policy, &checked->policy, arena, err);
    return rc == FH_ECHECK ? FH_OK : rc;
}

static int check_time(const struct fh_agreed_checked *checked, int64_t now_ms, struct fh_err *err)
{
    int64_t created = checked->record.type == FH_RECORD_WAIVER ? checked->waiver.created_ms
                                                               : checked->policy.created_ms;
    return created <= now_ms + FH_CLOCK_SKEW_MS
               ? FH_OK
               : fh_err_rule(err,
                             FH_EINVAL,
                             "policy.time.future",
                             "the record is dated ahead; check the clocks");
}

static int is_held(const struct fh_agreed *agreed, const struct fh_record_id *id, bool *out)
{
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_RECORD_BYTES_MAX);
    int rc = fh_store_record_get(agreed->options.store, id, &bytes, &err);
    *out = rc == FH_OK;
    for (uint32_t i = 0; i < agreed->waiver_count; i++) { /* those that stay here */
        *out = *out || fh_record_id_equal(&agreed->waivers[i]->id, id);
    }
    return rc == FH_ENOTFOUND ? FH_OK : rc;
}

int fh_agreed_check(const struct fh_agreed *agreed,
                    struct fh_bytes bytes,
                    int64_t now_ms,
                    struct fh_agreed_checked *out,
                    struct fh_err *err)
{
    struct fh_agreed_checked checked;
    int rc = read_record(agreed, bytes, &checked, err);
    bool is_waiver = rc == FH_OK && checked.record.type == FH_RECORD_WAIVER;
    if (rc == FH_OK && is_held(agreed, &checked.record.id, &checked.known) != FH_OK) {
        return fh_err_set(err, FH_EIO, "the store cannot be read");
    }
    if (rc == FH_OK && !checked.known) {
        rc = check_time(&checked, now_ms, err);
        if (rc == FH_OK && is_waiver && !checked.waiver.mesh) {
            rc = check_own(agreed, &checked, now_ms, err);
        } else if (rc == FH_OK) {
            rc = check_quorum(agreed,
                              &checked.record,
                              is_waiver ? checked.waiver.created_ms : checked.policy.created_ms,
                              err);
        }
        if (rc == FH_OK && agreed->record_count >= FH_AGREED_MAX) {
            rc = fh_err_rule(err, FH_ETOOBIG, "policy.limit", "too many policies and waivers");
        }
        if (rc == FH_OK && !is_waiver) {
            rc = check_text(&checked, err);
        }
        if (rc == FH_OK && !is_waiver) {
            rc = check_place(agreed, &checked, err);
        }
    }
    if (rc == FH_OK) {
        *out = checked;
    }
    return rc;
}

int fh_agreed_take(struct fh_agreed *agreed,
                   struct fh_bytes bytes,
                   int64_t now_ms,
                   bool *out_new,
                   struct fh_err *err)
{
    struct fh_agreed_checked checked;
    *out_new = false;
    int rc = fh_agreed_check(agreed, bytes, now_ms, &checked, err);
    if (rc != FH_OK || checked.known) {
        return rc;
    }
    bool is_waiver = checked.record.type == FH_RECORD_WAIVER;
    const struct fh_store_agreed row = {.id = checked.record.id,
                                        .type = checked.record.type,
                                        .shared = !is_waiver || checked.waiver.mesh,
                                        .received_ms = now_ms,
                                        .bytes = bytes};
    rc = fh_store_agreed_put(agreed->options.store, &row, err);
    if (rc == FH_OK) {
        rc = place(agreed, &checked, bytes, now_ms, err);
    }
    if (rc == FH_OK) {
        agreed->record_count++;
        *out_new = true;
        fh_log(FH_LOG_INFO,
               is_waiver ? "waiver.taken" : "policy.agreed",
               "name=%s version=%s",
               is_waiver ? checked.waiver.product : checked.policy.name,
               is_waiver ? "" : checked.policy.version);
    }
    return rc;
}

/* ---- asking ---- */

const struct fh_agreed_policy *const *fh_agreed_policies(const struct fh_agreed *agreed,
                                                         uint32_t *out_count)
{
    *out_count = agreed->count;
    return agreed->listed;
}

bool fh_agreed_governs(const struct fh_agreed *agreed,
                       const struct fh_policy *policy,
                       const struct fh_domain_id *id)
{
    char text[FH_ID_TEXT_BYTES];
    const struct fh_directory_domain *domain = fh_directory_domain(agreed->options.dir, id);
    fh_domain_id_text(text, id);
    /* One that cannot be read may be about anybody, and so may one while the name is not known. */
    return policy == NULL || domain == NULL || domain->name[0] == '\0' ||
           fh_policy_governs_domain(policy, domain->name, text);
}

const struct fh_waiver_held *const *fh_agreed_waivers(const struct fh_agreed *agreed,
                                                      uint32_t *out_count)
{
    *out_count = agreed->waiver_count;
    return (const struct fh_waiver_held *const *)agreed->waivers;
}

struct fh_hash fh_agreed_hash(const struct fh_agreed *agreed)
{
    static const char tag[] = "freehold/v1/agreed";
    struct fh_hasher hasher;
    fh_hasher_init(&hasher);
    fh_hasher_add(&hasher, fh_bytes(tag, sizeof tag));
    for (uint32_t i = 0; i < agreed->count; i++) {
        const struct fh_agreed_policy *policy = &agreed->items[i].policy;
        bool told = false; /* the one in force, in its place by id: whichever came first here */
        for (uint32_t r = 0; r < policy->rival_count; r++) {
            if (!told && fh_record_id_compare(&policy->held.id, &policy->rivals[r]) < 0) {
                fh_hasher_add(&hasher, fh_bytes(policy->held.id.b, FH_ID_BYTES));
                told = true;
            }
            fh_hasher_add(&hasher, fh_bytes(policy->rivals[r].b, FH_ID_BYTES));
        }
        if (!told) {
            fh_hasher_add(&hasher, fh_bytes(policy->held.id.b, FH_ID_BYTES));
        }
    }
    return fh_hasher_read(&hasher);
}

int fh_agreed_chain(const struct fh_agreed *agreed,
                    const char *name,
                    uint64_t *out_seq,
                    struct fh_buf *out_record,
                    struct fh_err *err)
{
    int rc = fh_name_check("policy", name, err);
    const struct fh_agreed_policy *at = rc == FH_OK ? in_force(agreed, name) : NULL;
    if (at != NULL) {
        rc = fh_store_record_get(agreed->options.store, &at->held.id, out_record, err);
        *out_seq = at->seq;
    }
    return rc;
}
