/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/policies.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"

#include <stdio.h>

/* A policy in force. */
struct kept {
    struct fh_policy_held held;
    struct fh_arena *arena; /* of held.policy */
    uint64_t seq;
};

struct fh_policies {
    struct fh_policies_options options;
    struct fh_agreed *agreed;
    uint64_t generation;
    uint32_t count;
    struct kept items[FH_POLICIES_MAX]; /* by name */
    uint32_t held_count;
    char own_name[FH_NAME_BYTES_MAX + 1]; /* the mesh's were chosen by it; "": none is known */
    const struct fh_policy_held *held[2 * FH_POLICIES_MAX]; /* the mesh's, then the own */
};

static void drop(struct kept *kept)
{
    fh_arena_free(kept->arena);
    *kept = (struct kept){0};
}

/* ---- from the store ---- */

/* The payload of a record that was verified when it was taken. */
static int parse(const struct fh_policies *policies,
                 struct fh_bytes bytes,
                 struct fh_record *record,
                 struct fh_policy_record *out,
                 struct fh_err *err)
{
    int rc = fh_record_parse(record, bytes, &policies->options.mesh_id, err);
    if (rc == FH_OK && record->type != FH_RECORD_POLICY) {
        rc = fh_err_rule(err, FH_EINVAL, "record.type", "the record is no policy");
    }
    return rc == FH_OK ? fh_policy_record_parse(out, record->payload, err) : rc;
}

/* What can be known of one that cannot be read: which products it closes. `said` has no text when
 * the record cannot be read either. */
static void
read_scope(struct kept *kept, const struct fh_policy_record *said, const struct fh_err *unread)
{
    struct fh_err ignored;
    char text[FH_ERR_TEXT_BYTES];
    struct fh_policy_held *held = &kept->held;
    held->scoped =
        said->text.size > 0 &&
        fh_policy_read_scope(&held->products, said->text, kept->arena, &ignored) == FH_OK;
    fh_log(FH_LOG_ERROR,
           "policy.unreadable",
           "name=%s closes=%s rule=%s text=%s",
           held->name,
           held->scoped && held->products.count > 0 ? "named" : "all",
           unread->rule,
           fh_log_quoted(text, sizeof text, unread->text));
}

/* Fills `kept` with a version; one that cannot be read is held all the same. */
static int keep(const struct fh_policies *policies,
                const struct fh_store_policy *row,
                struct kept *kept,
                struct fh_err *err)
{
    struct fh_record record;
    struct fh_policy_record said = {0};
    struct fh_policy *policy = NULL;
    struct fh_err unread;
    *kept = (struct kept){.seq = row->seq, .held = {.id = row->id, .forked = row->forked}};
    snprintf(kept->held.name, sizeof kept->held.name, "%s", row->name);
    kept->arena = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
    uint8_t *copy = kept->arena == NULL ? NULL : fh_arena_alloc(kept->arena, row->bytes.size);
    if (copy == NULL) {
        drop(kept);
        return fh_err_set(err, FH_ENOMEM, "no memory for a policy");
    }
    memcpy(copy, row->bytes.data, row->bytes.size);
    int rc = parse(policies, fh_bytes(copy, row->bytes.size), &record, &said, &unread);
    if (rc == FH_OK) {
        snprintf(kept->held.version, sizeof kept->held.version, "%s", said.version);
        rc = fh_policy_record_open(&policy, &said, kept->arena, &unread);
    }
    if (rc == FH_ENOMEM) {
        drop(kept);
        return fh_err_set(err, rc, "no memory for policy %s", row->name);
    }
    if (rc != FH_OK) {
        read_scope(kept, &said, &unread);
    }
    kept->held.policy = rc == FH_OK ? policy : NULL;
    return FH_OK;
}

static const char *own_name(const struct fh_policies *policies)
{
    const struct fh_directory_domain *own =
        fh_directory_domain(policies->options.dir, &policies->options.domain);
    return own == NULL ? "" : own->name;
}

static void list_held(struct fh_policies *policies)
{
    uint32_t agreed_count = 0;
    snprintf(policies->own_name, sizeof policies->own_name, "%s", own_name(policies));
    const struct fh_agreed_policy *const *agreed =
        fh_agreed_policies(policies->agreed, &agreed_count);
    policies->held_count = 0;
    for (uint32_t i = 0; i < agreed_count; i++) {
        const struct fh_policy_held *held = &agreed[i]->held;
        if (fh_agreed_governs(policies->agreed, held->policy, &policies->options.domain)) {
            policies->held[policies->held_count++] = held;
        }
    }
    for (uint32_t i = 0; i < policies->count; i++) {
        policies->held[policies->held_count++] = &policies->items[i].held;
    }
}

static int load(void *user, const struct fh_store_policy *row, struct fh_err *err)
{
    struct fh_policies *policies = user;
    if (policies->count == FH_POLICIES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "policy.limit",
                           "the store holds more than %d policies",
                           FH_POLICIES_MAX);
    }
    int rc = keep(policies, row, &policies->items[policies->count], err);
    policies->count += rc == FH_OK ? 1 : 0;
    return rc;
}

int fh_policies_open(struct fh_policies **out,
                     const struct fh_policies_options *options,
                     struct fh_err *err)
{
    struct fh_policies *policies = fh_calloc(1, sizeof *policies);
    if (policies == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for policies");
    }
    policies->options = *options;
    policies->generation = 1;
    const struct fh_agreed_options agreed = {.store = options->store,
                                             .dir = options->dir,
                                             .mesh_id = options->mesh_id,
                                             .domain = options->domain};
    int rc = fh_agreed_open(&policies->agreed, &agreed, err);
    if (rc == FH_OK) {
        rc = fh_store_policies_each(options->store, load, policies, err);
    }
    if (rc != FH_OK) {
        fh_policies_close(policies);
        return rc;
    }
    list_held(policies);
    *out = policies;
    return FH_OK;
}

void fh_policies_close(struct fh_policies *policies)
{
    if (policies == NULL) {
        return;
    }
    for (uint32_t i = 0; i < policies->count; i++) {
        drop(&policies->items[i]);
    }
    fh_agreed_close(policies->agreed);
    fh_free(policies);
}

const struct fh_policy_held *const *fh_policies_held(const struct fh_policies *policies,
                                                     uint32_t *out_count)
{
    *out_count = policies->held_count;
    return policies->held;
}

uint64_t fh_policies_generation(const struct fh_policies *policies)
{
    return policies->generation;
}

struct fh_domain_id fh_policies_domain(const struct fh_policies *policies)
{
    return policies->options.domain;
}

const struct fh_agreed *fh_policies_agreed(const struct fh_policies *policies)
{
    return policies->agreed;
}

int fh_policies_agree(struct fh_policies *policies,
                      struct fh_bytes record,
                      int64_t now_ms,
                      bool *out_new,
                      struct fh_err *err)
{
    int rc = fh_agreed_take(policies->agreed, record, now_ms, out_new, err);
    if (rc == FH_OK && *out_new) {
        policies->generation++;
        list_held(policies);
    }
    return rc;
}

void fh_policies_review(struct fh_policies *policies)
{
    if (strcmp(policies->own_name, own_name(policies)) != 0) {
        policies->generation++;
        list_held(policies);
    }
}

/* ---- what follows what ---- */

static struct kept *find(struct fh_policies *policies, const char *name)
{
    for (uint32_t i = 0; i < policies->count; i++) {
        if (strcmp(policies->items[i].held.name, name) == 0) {
            return &policies->items[i];
        }
    }
    return NULL;
}

struct newest {
    struct fh_buf *out;
    uint64_t seq;
};

static int take_newest(void *user, const struct fh_store_policy *row, struct fh_err *err)
{
    struct newest *newest = user;
    newest->seq = row->seq;
    fh_buf_add_bytes(newest->out, row->bytes);
    int rc = fh_buf_ok(newest->out);
    return rc == FH_OK ? FH_OK : fh_err_set(err, rc, "no room for a policy");
}

int fh_policies_chain(struct fh_policies *policies,
                      const char *name,
                      uint64_t *out_seq,
                      struct fh_buf *out_record,
                      struct fh_err *err)
{
    struct newest newest = {.out = out_record};
    int rc = fh_name_check("policy", name, err);
    if (rc == FH_OK) {
        rc = fh_store_policy_versions(policies->options.store, name, 1, take_newest, &newest, err);
    }
    if (rc == FH_OK) {
        *out_seq = newest.seq;
    }
    return rc;
}

/* Two of one number: proof, and the policy is closed. */
static int keep_fork(struct fh_policies *policies,
                     const struct fh_policies_checked *checked,
                     struct fh_bytes bytes,
                     int64_t now_ms,
                     struct fh_err *err)
{
    struct fh_store *store = policies->options.store;
    const struct fh_store_record proof = {.id = checked->id,
                                          .type = FH_RECORD_POLICY,
                                          .domain = checked->record.domain,
                                          .bytes = bytes,
                                          .received_ms = now_ms};
    int rc = fh_store_begin(store, FH_STORE_DURABLE, err);
    if (rc != FH_OK) {
        return rc;
    }
    rc = fh_store_proof_put(store, "policy.forked", &proof, err);
    if (rc == FH_OK) {
        rc = fh_store_policy_fork(
            store, checked->record.name, checked->record.seq, &checked->id, err);
    }
    if (rc != FH_OK) {
        fh_store_rollback(store);
        return rc;
    }
    rc = fh_store_commit(store, err);
    struct kept *kept = find(policies, checked->record.name);
    if (rc == FH_OK && kept != NULL) {
        kept->held.forked = true;
        fh_log(FH_LOG_ERROR, "policy.forked", "name=%s", checked->record.name);
    }
    return rc;
}

static int check_chain(struct fh_policies *policies,
                       const struct fh_policies_checked *checked,
                       struct fh_bytes bytes,
                       int64_t now_ms,
                       struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf last;
    fh_buf_init(&last, FH_RECORD_BYTES_MAX);
    struct fh_record record;
    struct fh_policy_record before;
    uint64_t seq = 0;
    int rc = fh_policies_chain(policies, checked->record.name, &seq, &last, err);
    if (rc != FH_OK) {
        return rc;
    }
    if (seq == 0 && policies->count == FH_POLICIES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "policy.limit",
                           "a domain has at most %d policies; put rules together",
                           FH_POLICIES_MAX);
    }
    if (seq != 0) {
        rc = parse(policies, fh_buf_view(&last), &record, &before, err);
    }
    if (rc == FH_OK) {
        rc = fh_policy_supersedes(
            seq == 0 ? NULL : &before, &record.id, &checked->record, &checked->id, err);
    }
    struct fh_err broken;
    if (rc == FH_EFORK && keep_fork(policies, checked, bytes, now_ms, &broken) != FH_OK) {
        *err = broken;
        rc = broken.code;
    }
    return rc;
}

/* By whom, and whether that key may: when it says that it signed, and now, or a key that was
 * revoked meanwhile would write an earlier date. */
static int verify(const struct fh_policies *policies,
                  const struct fh_record *record,
                  const struct fh_policy_record *said,
                  int64_t now_ms,
                  struct fh_err *err)
{
    const struct fh_policies_options *o = &policies->options;
    if (!fh_domain_id_equal(&said->domain, &o->domain)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "policy.owner",
                           "policy %s is of another domain than this node's",
                           said->name);
    }
    int rc = fh_directory_verify(
        o->dir, record, &said->domain, FH_ROLES_PUBLISHING, said->created_ms, NULL, err);
    if (rc == FH_OK) {
        rc = fh_directory_signer(o->dir,
                                 &record->signatures[0].key,
                                 &said->domain,
                                 now_ms,
                                 FH_ROLES_PUBLISHING,
                                 NULL,
                                 err);
    }
    if (rc == FH_OK && said->created_ms > now_ms + FH_CLOCK_SKEW_MS) {
        rc = fh_err_rule(err,
                         FH_EINVAL,
                         "policy.time.future",
                         "policy %s is dated ahead; check the clocks",
                         said->name);
    }
    return rc;
}

int fh_policies_check(struct fh_policies *policies,
                      struct fh_bytes bytes,
                      int64_t now_ms,
                      struct fh_arena *arena,
                      struct fh_policies_checked *out,
                      struct fh_err *err)
{
    struct fh_record record;
    struct fh_policies_checked checked;
    int rc = parse(policies, bytes, &record, &checked.record, err);
    if (rc == FH_OK) {
        checked.id = record.id;
        rc = verify(policies, &record, &checked.record, now_ms, err);
    }
    if (rc == FH_OK) {
        rc = check_chain(policies, &checked, bytes, now_ms, err);
    }
    if (rc == FH_OK) {
        rc = fh_policy_record_open(&checked.policy, &checked.record, arena, err);
    }
    if (rc == FH_OK && checked.policy->owners.count > 0) {
        rc = fh_err_rule(err,
                         FH_ECHECK,
                         "policy.domains",
                         "policy %s: only a policy of the mesh says whose products it governs; "
                         "leave `domains` out",
                         checked.record.name);
    }
    if (rc == FH_OK) {
        *out = checked;
    }
    return rc;
}

/* ---- taking ---- */

/* Puts a version in the place of the one before, or in its place by name. */
static void enforce(struct fh_policies *policies, struct kept *next)
{
    struct kept *at = find(policies, next->held.name);
    if (at != NULL) {
        drop(at);
    } else {
        uint32_t index = policies->count;
        FH_ASSERT(index < FH_POLICIES_MAX);
        for (; index > 0 && strcmp(policies->items[index - 1].held.name, next->held.name) > 0;
             index--) {
            policies->items[index] = policies->items[index - 1];
        }
        at = &policies->items[index];
        policies->count++;
    }
    *at = *next;
    policies->generation++;
    list_held(policies);
}

int fh_policies_take(struct fh_policies *policies,
                     struct fh_bytes bytes,
                     int64_t now_ms,
                     struct fh_err *err)
{
    struct fh_policies_checked checked;
    struct kept next;
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a policy");
    }
    int rc = fh_policies_check(policies, bytes, now_ms, arena, &checked, err);
    if (rc != FH_OK) {
        return rc;
    }
    struct fh_store_policy row = {
        .seq = checked.record.seq, .id = checked.id, .received_ms = now_ms, .bytes = bytes};
    snprintf(row.name, sizeof row.name, "%s", checked.record.name);
    /* In memory first: what is on the disk must be in force. */
    rc = keep(policies, &row, &next, err);
    if (rc == FH_OK) {
        rc = fh_store_policy_put(policies->options.store, &row, err);
        if (rc != FH_OK) {
            drop(&next);
        }
    }
    if (rc == FH_OK) {
        enforce(policies, &next);
        fh_log(FH_LOG_INFO,
               "policy.published",
               "name=%s version=%s seq=%llu",
               checked.record.name,
               checked.record.version,
               (unsigned long long)checked.record.seq);
    }
    return rc;
}
