/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever brings an invitation: what it brings is taken, the invitation is looked at, and its
 * domain is admitted.
 */
#include "node/mesh/parts.h"

#include "common/time.h"

#include <stdio.h>

enum { JOINER_RECORDS_MAX = 64 };

/* The joiner's records into our directory, so that its admission can be judged. */
static int take_joiner(struct fh_mesh *mesh, struct fh_msg_redeem *redeem, struct fh_err *err)
{
    const struct fh_origin origin = {0};
    struct fh_bytes record;
    int rc = FH_OK;
    unsigned left = JOINER_RECORDS_MAX;
    while (rc == FH_OK && left-- > 0 && fh_msg_bins_next(&redeem->records, &record)) {
        bool is_new;
        rc = fh_mesh_intake(mesh, record, &origin, &is_new, err);
    }
    return rc;
}

/* Of a joiner that asks again, after its admission got lost on the way: the invitation may have
 * expired and is used; that it is one is still to be shown, before anything is stored for it. */
static int check_known_invitation(const struct fh_mesh *mesh,
                                  const struct fh_record *record,
                                  struct fh_invitation *out,
                                  struct fh_err *err)
{
    if (record->type != FH_RECORD_INVITATION) {
        return fh_err_rule(err, FH_EINVAL, "identity.type", "expected an invitation record");
    }
    int rc = fh_invitation_decode(out, record, err);
    if (rc != FH_OK) {
        return rc;
    }
    return fh_directory_verify(
        mesh->options.dir, record, &out->issuer, FH_ROLES_PUBLISHING, out->created_ms, NULL, err);
}

/* A mesh that sees all of its members gives a name once. */
static int check_name_free(const struct fh_mesh *mesh,
                           const char *name,
                           const struct fh_domain_id *joiner,
                           struct fh_err *err)
{
    const struct fh_directory_domain *holder = fh_directory_domain_by_name(mesh->options.dir, name);
    return holder == NULL || fh_domain_id_equal(&holder->id, joiner)
               ? FH_OK
               : fh_err_rule(err,
                             FH_EEXIST,
                             FH_PROOF_NAME_TAKEN,
                             "admission: the name %s belongs to another domain; choose another",
                             name);
}

/* Whether it brings an invitation of ours that is good for it, by its name. */
static int check_joiner(const struct fh_mesh *mesh,
                        const struct fh_speaker *speaker,
                        const struct fh_msg_redeem *redeem,
                        const struct fh_record *record,
                        int64_t wall_ms,
                        struct fh_err *err)
{
    struct fh_invitation invitation;
    const struct fh_directory *dir = mesh->options.dir;
    const struct fh_directory_domain *joiner = fh_directory_domain(dir, &speaker->domain);
    bool again = joiner != NULL && joiner->admitted;
    int rc = again ? check_known_invitation(mesh, record, &invitation, err)
                   : fh_directory_check_invitation(dir, record, wall_ms, &invitation, err);
    if (rc == FH_OK && !fh_domain_id_equal(&invitation.issuer, &mesh->domain)) {
        rc = fh_err_rule(err,
                         FH_EDENIED,
                         "identity.invitation.issuer",
                         "this invitation was issued by another domain; ask a node of it");
    }
    if (rc == FH_OK && !fh_redemption_verify(&redeem->redemption,
                                             &invitation.one_time,
                                             &mesh->id,
                                             &speaker->domain,
                                             redeem->name,
                                             &fh_verifier_plain)) {
        rc = fh_err_rule(err,
                         FH_ESIG,
                         "identity.redemption",
                         "the redemption is not signed by the invitation's one-time key");
    }
    if (rc == FH_OK && invitation.name[0] != '\0' && strcmp(invitation.name, redeem->name) != 0) {
        rc = fh_err_rule(err,
                         FH_EDENIED,
                         "identity.invitation.name",
                         "this invitation is for a domain called %s",
                         invitation.name);
    }
    if (rc == FH_OK) {
        rc = fh_name_check("domain", redeem->name, err);
    }
    if (rc == FH_OK && !again) {
        rc = check_name_free(mesh, redeem->name, &speaker->domain, err);
    }
    return rc;
}

static int admit_joiner(struct fh_mesh *mesh,
                        struct fh_question *question,
                        struct fh_msg_redeem *redeem,
                        struct fh_buf *admission,
                        struct fh_err *err)
{
    const struct fh_speaker *speaker = fh_question_speaker(question);
    int64_t wall = fh_clock_wall_ms();
    struct fh_record record;
    int rc = fh_record_parse(&record, redeem->invitation, &mesh->id, err);
    if (rc == FH_OK) {
        rc = check_joiner(mesh, speaker, redeem, &record, wall, err);
    }
    if (rc == FH_OK) {
        rc = take_joiner(mesh, redeem, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf earlier;
    fh_buf_init(&earlier, FH_RECORD_BYTES_MAX);
    struct fh_admission made = {
        .issuer = mesh->domain,
        .invitation = redeem->invitation,
        .domain = speaker->domain,
        .admitted_ms = wall,
        .redemption = redeem->redemption,
    };
    snprintf(made.name, sizeof made.name, "%s", redeem->name);
    fh_admission_make(admission, &made, &mesh->id, fh_keystore_sign_secret(mesh->options.keys));
    if (fh_buf_ok(admission) != FH_OK) {
        return fh_err_set(err, fh_buf_ok(admission), "the admission does not fit a record");
    }
    /* The use is durable before the admission leaves: single use survives a crash. */
    rc = fh_store_invitation_use(mesh->options.store,
                                 &record.id,
                                 &speaker->domain,
                                 redeem->name,
                                 fh_buf_view(admission),
                                 wall,
                                 &earlier,
                                 err);
    if (rc == FH_EEXIST) { /* the same joiner asks again: give what it was given */
        fh_buf_reset(admission);
        fh_buf_add_bytes(admission, fh_buf_view(&earlier));
        rc = FH_OK;
    }
    if (rc == FH_OK) {
        bool is_new;
        struct fh_origin origin = {0};
        rc = fh_mesh_intake(mesh, fh_buf_view(admission), &origin, &is_new, err);
    }
    return rc;
}

/* One write to the disk for all that a joiner brings: when many join at once they wait for nothing
 * else. What was taken of one that is refused stays, as it does in the directory. */
int fh_mesh_redeem(struct fh_mesh *mesh,
                   struct fh_question *question,
                   struct fh_msg_redeem *redeem,
                   struct fh_buf *admission,
                   struct fh_err *err)
{
    struct fh_store *store = mesh->options.store;
    int rc = fh_store_begin(store, FH_STORE_DURABLE, err);
    if (rc != FH_OK) {
        return rc;
    }
    fh_mesh_gossip_pause(mesh); /* nothing of it leaves before it is on the disk */
    rc = admit_joiner(mesh, question, redeem, admission, err);
    rc = fh_store_commit_after(store, rc, err);
    fh_mesh_gossip_resume(mesh);
    return rc;
}

/* ---- what a joiner is given ---- */

struct giving {
    fh_directory_visit_fn *visit;
    void *user;
    struct fh_buf given; /* ids of what came before its place */
    bool ahead;          /* proofs are given now */
    bool full;           /* `visit` took no more */
};

static bool was_given(const struct giving *giving, const struct fh_record_id *id)
{
    for (size_t at = 0; at < giving->given.size; at += FH_ID_BYTES) {
        if (memcmp(giving->given.data + at, id->b, FH_ID_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool give(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct giving *giving = user;
    if (was_given(giving, id)) {
        return true;
    }
    if (giving->ahead) {
        fh_buf_add(&giving->given, id->b, FH_ID_BYTES);
    }
    giving->full = !giving->visit(giving->user, type, id, bytes);
    return !giving->full;
}

static bool
give_charters(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    bool wanted = type == FH_RECORD_KEY || type == FH_RECORD_CHARTER;
    return !wanted || give(user, type, id, bytes);
}

static bool
give_admission(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    bool wanted = type == FH_RECORD_KEY || type == FH_RECORD_ADMISSION;
    return !wanted || give(user, type, id, bytes);
}

/* What says that these keys act for us. */
static void
give_signers(const struct fh_mesh *mesh, struct fh_bytes admission, struct giving *giving)
{
    struct fh_record record;
    struct fh_record invited;
    struct fh_admission admitting;
    struct fh_invitation inviting;
    if (fh_record_parse(&record, admission, &mesh->id, NULL) != FH_OK ||
        fh_admission_decode(&admitting, &record, NULL) != FH_OK ||
        fh_record_parse(&invited, admitting.invitation, &mesh->id, NULL) != FH_OK ||
        fh_invitation_decode(&inviting, &invited, NULL) != FH_OK) {
        return; /* it was taken a moment ago: this does not happen */
    }
    const struct fh_directory *dir = mesh->options.dir;
    fh_directory_credentials(
        dir, &mesh->domain, &record.signatures[0].key, admitting.admitted_ms, give, giving);
    if (!giving->full) {
        fh_directory_credentials(
            dir, &mesh->domain, &invited.signatures[0].key, inviting.created_ms, give, giving);
    }
}

/* All of a large mesh does not fit an answer, and members' delegations come before the joiner's
 * admission: it was never told that it is one, and asked again for ever. */
void fh_mesh_each_for_joiner(const struct fh_mesh *mesh,
                             const struct fh_domain_id *joiner,
                             struct fh_bytes admission,
                             fh_directory_visit_fn *visit,
                             void *user)
{
    const struct fh_directory *dir = mesh->options.dir;
    int64_t until_ms = fh_mesh_due_until();
    struct giving giving = {.visit = visit, .user = user, .ahead = true};
    fh_buf_init(&giving.given, FH_FRAME_REPLY_BYTES_MAX);
    fh_directory_each_governing(dir, until_ms, give_charters, &giving);
    if (!giving.full) {
        give_signers(mesh, admission, &giving);
    }
    if (!giving.full) {
        fh_directory_each_of_due(dir, joiner, until_ms, give_admission, &giving);
    }
    giving.ahead = false;
    if (!giving.full) {
        fh_directory_each_due(dir, until_ms, give, &giving);
    }
    fh_buf_fini(&giving.given);
}
