/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/rekey.h"

#include "common/entropy.h"
#include "common/file.h"
#include "common/mem.h"
#include "tools/cli/delegates.h"
#include "tools/cli/init.h"

#include <stdlib.h>
#include <string.h>

void fh_rekey_fini(struct fh_rekey *rekey)
{
    fh_sign_secret_wipe(&rekey->secret);
    fh_wipe(rekey->next_seed, sizeof rekey->next_seed);
    fh_wipe(rekey->seed, sizeof rekey->seed);
}

/* ---- the key that was committed to ---- */

static int read_recovery(struct fh_rekey *rekey, struct fh_err *err)
{
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&bytes, FH_KEY_FILE_BYTES_MAX);
    int code = fh_file_read_secret(rekey->recovery, &bytes, err);
    if (code == FH_ENOTFOUND) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "recovery.missing",
                           "%s: no such file; the next key lies where `init` or the last rotation "
                           "wrote it: bring it here, or name its place with --recovery",
                           rekey->recovery);
    }
    if (code == FH_OK) {
        code = fh_keyfile_decode(rekey->seed, FH_KEY_NEXT, fh_buf_view(&bytes), FH_BYTES_NONE, err);
        code = code == FH_OK ? FH_OK : fh_err_wrap(err, "%s", rekey->recovery);
    }
    if (bytes.data != NULL) {
        fh_wipe(bytes.data, bytes.capacity);
    }
    if (code == FH_OK) {
        fh_sign_keys(rekey->seed, &rekey->key, &rekey->secret);
    }
    return code;
}

/* The newest key event of the home's domain. */
struct newest {
    uint64_t seq;
    unsigned found;
    struct fh_key_event event;
    struct fh_record_id id;
};

static bool
take_event(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    static const struct fh_mesh_id none;
    struct newest *newest = user;
    struct fh_record record;
    struct fh_key_event event;
    if (type == FH_RECORD_KEY && fh_record_parse(&record, bytes, &none, NULL) == FH_OK &&
        fh_key_event_decode(&event, &record, NULL) == FH_OK && event.seq == newest->seq) {
        newest->found++;
        newest->event = event;
        newest->id = *id;
    }
    return true;
}

int64_t fh_rekey_since(const struct fh_actor *actor)
{
    const struct fh_directory_domain *own = fh_directory_domain(actor->directory, &actor->domain);
    struct newest newest = {.seq = own == NULL ? 0 : own->key_seq};
    fh_directory_each_of(actor->directory, &actor->domain, take_event, &newest);
    return newest.seq == 0 ? INT64_MIN : newest.event.created_ms; /* an inception has grace */
}

static int find_newest(const struct fh_rekey *rekey, struct newest *out, struct fh_err *err)
{
    const struct fh_directory *dir = rekey->actor->directory;
    const struct fh_directory_domain *own = fh_directory_domain(dir, &rekey->actor->domain);
    const struct fh_directory_domain *there =
        fh_directory_domain(rekey->mesh, &rekey->actor->domain);
    *out = (struct newest){.seq = own == NULL ? 0 : own->key_seq};
    fh_directory_each_of(dir, &rekey->actor->domain, take_event, out);
    if ((there != NULL && there->frozen) || (own != NULL && own->frozen)) {
        return fh_err_rule(err,
                           FH_EFORK,
                           "domain.frozen",
                           "two key events of one number are known of this domain: it is frozen, "
                           "and only the members of the charter can help: `freehold proof list`");
    }
    if (own == NULL || out->found != 1 || (there != NULL && there->key_seq != own->key_seq)) {
        return fh_err_rule(
            err,
            FH_ESTATE,
            "rotation.behind",
            "this home does not hold the newest key event of its domain: rotate where "
            "the last rotation was made");
    }
    return FH_OK;
}

static int
check_committed(const struct fh_rekey *rekey, const struct newest *newest, struct fh_err *err)
{
    struct fh_hash hash = fh_next_key_hash(&rekey->key);
    return memcmp(hash.b, newest->event.next.b, sizeof hash.b) == 0
               ? FH_OK
               : fh_err_rule(
                     err,
                     FH_EINVAL,
                     "recovery.other",
                     "%s: holds another key than key event %llu of this domain committed to",
                     rekey->recovery,
                     (unsigned long long)newest->seq);
}

/* ---- what is kept ---- */

struct keeping {
    const struct fh_directory *from; /* what is looked at */
    const struct fh_domain_id *domain;
    bool charters; /* only those that the domain signed; else delegations and revocations */
    bool no_room;
    size_t count;
    struct fh_record_id *ids;
};

static bool signed_it(const struct keeping *keeping, const struct fh_record_id *id)
{
    struct fh_domain_id signers[FH_RECORD_SIGNATURES_MAX];
    size_t count = fh_directory_charter_signers(keeping->from, id, signers);
    for (size_t i = 0; i < count; i++) {
        if (fh_domain_id_equal(&signers[i], keeping->domain)) {
            return true;
        }
    }
    return false;
}

static bool
keep_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct keeping *keeping = user;
    (void)bytes;
    bool wanted = keeping->charters ? type == FH_RECORD_CHARTER && signed_it(keeping, id)
                                    : type == FH_RECORD_DELEGATION || type == FH_RECORD_REVOCATION;
    if (wanted && keeping->count == FH_MANIFEST_IDS_MAX) {
        keeping->no_room = true;
        return false;
    }
    if (wanted) {
        keeping->ids[keeping->count++] = *id;
    }
    return true;
}

/* A charter that the domain voted for may be complete elsewhere, or become so where nobody has
 * heard of the rotation yet: its signature stands under it then, with the earlier key. */
static void keep_votes(struct keeping *keeping)
{
    for (size_t i = 0; i < fh_directory_proposal_count(keeping->from); i++) {
        struct fh_directory_proposal proposal;
        bool voted = false;
        fh_directory_proposal_at(keeping->from, i, &proposal);
        for (unsigned v = 0; v < proposal.vote_count; v++) {
            voted = voted || fh_domain_id_equal(&proposal.votes[v], keeping->domain);
        }
        if (voted && keeping->count == FH_MANIFEST_IDS_MAX) {
            keeping->no_room = true;
        } else if (voted) {
            keeping->ids[keeping->count++] = proposal.charter_id;
        }
    }
}

static int compare_ids(const void *a, const void *b)
{
    return fh_record_id_compare(a, b);
}

static size_t sort_ids(struct fh_record_id *ids, size_t count)
{
    size_t kept = 0;
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !fh_record_id_equal(&ids[kept - 1], &ids[i])) {
            ids[kept++] = ids[i];
        }
    }
    return kept;
}

static int choose_kept(struct fh_rekey *rekey, struct fh_record_id *ids, struct fh_err *err)
{
    const struct fh_directory *home = rekey->actor->directory;
    struct keeping keeping = {.from = home, .domain = &rekey->actor->domain, .ids = ids};
    fh_directory_each_of(home, keeping.domain, keep_record, &keeping);
    rekey->kept = sort_ids(ids, keeping.count);
    keeping.count = rekey->kept;
    fh_directory_each_of(rekey->mesh, keeping.domain, keep_record, &keeping);
    size_t known = sort_ids(ids, keeping.count);
    rekey->dropped = rekey->keep_all ? 0 : known - rekey->kept;
    keeping.count = known;
    if (!rekey->keep_all) { /* once more, without the node's */
        keeping.count = 0;
        fh_directory_each_of(home, keeping.domain, keep_record, &keeping);
    }
    keeping.charters = true;
    keeping.from = rekey->mesh;
    fh_directory_each(rekey->mesh, keep_record, &keeping);
    keep_votes(&keeping);
    rekey->kept = sort_ids(ids, keeping.count);
    return keeping.no_room
               ? fh_err_set(
                     err, FH_ETOOBIG, "a rotation keeps at most %d records", FH_MANIFEST_IDS_MAX)
               : FH_OK;
}

/* ---- the records ---- */

static int add_rotation(struct fh_rekey *rekey,
                        struct fh_decree *decree,
                        const struct newest *newest,
                        int64_t now_ms,
                        struct fh_err *err)
{
    struct fh_record_id *ids FH_CLEANUP(fh_freep) = fh_calloc(FH_MANIFEST_IDS_MAX, sizeof *ids);
    struct fh_sign_public next;
    struct fh_sign_secret next_secret FH_CLEANUP(fh_sign_secret_wipe);
    memset(&next_secret, 0, sizeof next_secret);
    if (ids == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of records");
    }
    fh_entropy(rekey->next_seed, sizeof rekey->next_seed);
    fh_sign_keys(rekey->next_seed, &next, &next_secret);
    int code = choose_kept(rekey, ids, err);
    if (code != FH_OK) {
        return code;
    }
    rekey->seq = newest->seq + 1;
    rekey->from_ms = now_ms > newest->event.created_ms ? now_ms : newest->event.created_ms;
    const struct fh_key_event event = {.kind = FH_KEY_ROTATION,
                                       .seq = rekey->seq,
                                       .prev = newest->id,
                                       .key = rekey->key,
                                       .next = fh_next_key_hash(&next),
                                       .created_ms = rekey->from_ms,
                                       .records_root = fh_records_root(ids, rekey->kept)};
    const struct fh_manifest manifest = {
        .domain = rekey->actor->domain, .seq = rekey->seq, .count = rekey->kept, .ids = ids};
    fh_key_event_make(
        fh_decree_next(
            decree, FH_DECREE_ROTATION, "rotation_%02llu", (unsigned long long)rekey->seq),
        &event,
        &rekey->secret);
    code = fh_decree_add(decree, err);
    if (code == FH_OK) {
        fh_manifest_make(
            fh_decree_next(
                decree, FH_DECREE_MANIFEST, "manifest_%02llu", (unsigned long long)rekey->seq),
            &manifest,
            &rekey->actor->mesh,
            &rekey->secret);
        code = fh_decree_add(decree, err);
    }
    return code;
}

int fh_rekey_node_months(struct fh_decree *decree,
                         const struct fh_sign_public *node,
                         const struct fh_sign_secret *domain_key,
                         uint64_t seq,
                         int64_t from_ms,
                         struct fh_err *err)
{
    int code = FH_OK;
    struct fh_key_id id = fh_key_id_of(node);
    char hex[2 * 4 + 1];
    fh_hex(hex, id.b, 4);
    for (int64_t i = 0; i < FH_INIT_NODE_DELEGATIONS && code == FH_OK; i++) {
        const struct fh_delegation month = {.domain = decree->actor->domain,
                                            .subject = *node,
                                            .role = FH_ROLE_NODE,
                                            .not_before_ms = from_ms + i * FH_NODE_DELEGATION_MS,
                                            .not_after_ms =
                                                from_ms + (i + 1) * FH_NODE_DELEGATION_MS,
                                            .label = "node"};
        /* The day tells one year's files from the next one's. */
        fh_delegation_make(fh_decree_next(decree,
                                          FH_DECREE_DELEGATION,
                                          "node_%s_%02llu_%lld",
                                          hex,
                                          (unsigned long long)seq,
                                          (long long)(month.not_before_ms / 86400000)),
                           &month,
                           &decree->actor->mesh,
                           domain_key);
        code = fh_decree_add(decree, err);
    }
    return code;
}

/* Whoever acts for the domain goes on doing so, until the day that was given. */
static int renew_delegates(struct fh_rekey *rekey,
                           struct fh_decree *decree,
                           const struct fh_delegates *members,
                           int64_t from_ms,
                           struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; i < members->count && code == FH_OK; i++) {
        const struct fh_delegate *member = &members->items[i];
        struct fh_delegation delegation = {.domain = rekey->actor->domain,
                                           .subject = member->key,
                                           .role = member->role,
                                           .not_before_ms = from_ms,
                                           .not_after_ms = member->not_after_ms};
        char hex[2 * 4 + 1];
        if (member->state != FH_DELEGATE_ACTIVE) {
            continue;
        }
        fh_hex(hex, member->key_id.b, 4);
        memcpy(delegation.label, member->name, sizeof delegation.label);
        if (strcmp(member->role_name, fh_role_text(member->role)) != 0) {
            memcpy(delegation.role_name, member->role_name, sizeof delegation.role_name);
        }
        fh_delegation_make(fh_decree_next(decree,
                                          FH_DECREE_DELEGATION,
                                          "key_%s_%u_%02llu",
                                          hex,
                                          (unsigned)i,
                                          (unsigned long long)rekey->seq),
                           &delegation,
                           &rekey->actor->mesh,
                           &rekey->secret);
        code = fh_decree_add(decree, err);
        rekey->renewed += code == FH_OK;
    }
    return code;
}

static int
renew_node(struct fh_rekey *rekey, struct fh_decree *decree, int64_t from_ms, struct fh_err *err)
{
    struct fh_sign_public node;
    struct fh_sign_secret secret FH_CLEANUP(fh_sign_secret_wipe);
    memset(&secret, 0, sizeof secret);
    int code = fh_actor_key(&rekey->actor->home, "node", FH_KEY_NODE, &node, &secret, err);
    if (code == FH_ENOTFOUND) {
        return FH_OK; /* its node lives in another home */
    }
    if (code == FH_OK) {
        code = fh_rekey_node_months(decree, &node, &rekey->secret, rekey->seq, from_ms, err);
    }
    rekey->renewed += code == FH_OK;
    return code;
}

int fh_rekey_draft(struct fh_rekey *rekey,
                   struct fh_decree *decree,
                   int64_t now_ms,
                   struct fh_err *err)
{
    struct fh_delegates members FH_CLEANUP(fh_delegates_fini) = {0};
    struct newest newest;
    int code = find_newest(rekey, &newest, err);
    if (code == FH_OK) {
        code = read_recovery(rekey, err);
    }
    if (code == FH_OK) {
        code = check_committed(rekey, &newest, err);
    }
    if (code == FH_OK) {
        code = fh_delegates_read(&members, rekey->actor, now_ms, err);
    }
    if (code == FH_OK) {
        code = add_rotation(rekey, decree, &newest, now_ms, err);
    }
    if (code == FH_OK) {
        code = renew_delegates(rekey, decree, &members, rekey->from_ms, err);
    }
    if (code == FH_OK) {
        code = renew_node(rekey, decree, rekey->from_ms, err);
    }
    if (code == FH_OK) {
        code = fh_decree_check_room(decree, err);
    }
    if (code == FH_OK && rekey->next_recovery[0] == '\0') {
        snprintf(rekey->next_recovery,
                 sizeof rekey->next_recovery,
                 "%.*s.%llu",
                 (int)sizeof rekey->next_recovery - 24,
                 rekey->recovery,
                 (unsigned long long)rekey->seq);
    }
    return code;
}

/* What the earlier key signed for days to come has ended: nobody takes it any more, this home's own
 * readers neither. */
static int remove_if_ended(void *user, const char *name, struct fh_bytes bytes, struct fh_err *err)
{
    const struct fh_rekey *rekey = user;
    struct fh_record record;
    struct fh_delegation delegation;
    bool ended = fh_record_parse(&record, bytes, &rekey->actor->mesh, NULL) == FH_OK &&
                 record.type == FH_RECORD_DELEGATION &&
                 fh_delegation_decode(&delegation, &record, NULL) == FH_OK &&
                 delegation.not_before_ms >= rekey->from_ms;
    return ended ? fh_home_identity_remove(&rekey->actor->home, name, err) : FH_OK;
}

int fh_rekey_enact(struct fh_rekey *rekey,
                   struct fh_decree *decree,
                   struct fh_cli *cli,
                   struct fh_err *err)
{
    uint8_t file[FH_KEYFILE_BYTES];
    int code = fh_keyfile_encode(file, FH_KEY_NEXT, rekey->next_seed, NULL, err);
    if (code == FH_OK) {
        code = fh_file_create(rekey->next_recovery, fh_bytes(file, sizeof file), 0600, err);
    }
    /* The key before the records: a rotation that breaks off here can be made again. */
    if (code == FH_OK) {
        code = fh_keyfile_encode(file, FH_KEY_DOMAIN, rekey->seed, NULL, err);
    }
    if (code == FH_OK) {
        code = fh_home_key_replace(&rekey->actor->home, "domain", fh_bytes(file, sizeof file), err);
    }
    if (code == FH_OK) {
        code = fh_home_identity_each(&rekey->actor->home, remove_if_ended, rekey, err);
    }
    if (code == FH_OK) {
        code = fh_decree_enact(decree, cli, err);
    }
    fh_wipe(file, sizeof file);
    return code;
}
